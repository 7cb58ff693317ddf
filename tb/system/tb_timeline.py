# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The events in each cycle inside the core: the chart of docs/architecture.md, generated from the RTL.

Three tiles of K = 16 on a 4x4x4 core, raw: two with the first weight panel, one with the second; no stream
stalls. The chart is written to timeline.txt in the run's folder; tests/test_docs.py compares it with the
document.
"""

from pathlib import Path

import cocotb
import numpy as np

from macrame.host import packets
from tb.lib.kit import Bench, Part, word

SIZE, SLICES, RECORD, CYCLES = 4, 4, 3, 30
#: Signals of the core that mark a cycle, and how many cycles of each a tile takes.
MARKS = {
    "issue": SLICES,
    "op_valid": SLICES,
    "load": 1,
    "u_result_path.row_valid": SIZE,
    "u_result_path.post_valid": SIZE,
    "u_result_path.fifo_valid": SIZE,
    "m_axis_tvalid": SIZE,
}


class Stream:
    """Offers each beat as soon as the previous one is accepted, and marks the cycle of its acceptance."""

    def __init__(self, bench, name, beats, letters):
        self.bench, self.name, self.beats, self.letters = bench, name, beats, letters
        self.next, self.line = 0, ""

    def drive(self):
        offer = self.next < len(self.beats)
        self.bench.drive(**{f"{self.name}_tvalid": int(offer)})
        if offer:
            self.bench.drive(
                **{
                    f"{self.name}_tdata": word(self.beats.data[self.next]),
                    f"{self.name}_tuser": int(self.beats.user[self.next]),
                    f"{self.name}_tlast": int(self.beats.last[self.next]),
                }
            )

    def sample(self):
        taken = self.next < len(self.beats) and self.bench.read(f"{self.name}_tready")
        self.line += self.letters[self.next] if taken else "."
        self.next += taken


@cocotb.test(timeout_time=100, timeout_unit="us")
async def timeline(dut):
    """Play, record, write the chart."""
    bench = Bench(
        dut,
        s_axis_w_tvalid=0,
        s_axis_a_tvalid=0,
        m_axis_tready=1,
        s_axil_awvalid=0,
        s_axil_wvalid=0,
        s_axil_bready=0,
        s_axil_arvalid=0,
        s_axil_rready=0,
    )
    w = bench.rng.integers(-128, 128, (SLICES * SIZE, 2 * SIZE), dtype=np.int8)
    a = bench.rng.integers(-128, 128, (3 * SIZE, SLICES * SIZE), dtype=np.int8)
    weights = packets.weight_panels(w, packets.records(2 * SIZE), SIZE, SIZE, packets.MODES["raw"])
    activations = packets.activation_panels(a, SIZE, SIZE)
    activations[2][:, -1] = [0, packets.RELEASE, packets.RELEASE]
    panels = ["r" * RECORD + n * SLICES for n in "12"]
    streams = [
        Stream(bench, "s_axis_w", packets.flatten(*weights), "".join(panels)),
        Stream(bench, "s_axis_a", packets.flatten(*activations), "".join(t * SLICES for t in "ABC")),
    ]
    lines = dict.fromkeys(MARKS, "")

    def mark():
        for name, each in MARKS.items():
            seen = sum(letter != "." for letter in lines[name])
            lines[name] += "ABC"[seen // each] if bench.read(name) else "."

    await bench.start()
    bench.parts += [*streams, Part(sample=mark)]
    await bench.step(CYCLES)
    chart = {**{s.name: s.line for s in streams}, **lines}
    Path("timeline.txt").write_text(
        "".join(f"{name.split('.')[-1]:<14}{line}\n" for name, line in chart.items())
    )
