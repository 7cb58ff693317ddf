# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""bf16_phase in the simulator.

What could be wrong here, and which case would show it:
  a beat aligned with another beat's sum         `beats`: the model counts cycles from the tile's first beat
  a slice that ends before its fourth beat       `beats`: slice_end in every cycle
  a pause that moves the beat or the sum         `beats`: two thirds of the cycles issue nothing
  int8 before the sums have left the adders      `beats`: int8 follows at random, from 1 cycle on
  a reset that leaves a beat or a drain behind   `beats`: resets at random
"""

import cocotb

from tb.lib.kit import Bench, Part


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def beats(dut):
    """Random beats of both formats; issued at random whenever they are aligned, both answers compared."""
    tb = Bench(dut, issue=0, tile_open=0, bf16=0)
    await tb.start()
    beat, first, drained, is_open, bf16 = 0, 0, 0, False, False
    seen, got = set(), {}
    tb.parts.append(Part(sample=lambda: got.update({n: tb.read(n) for n in ("slice_end", "sum_aligned")})))
    for _ in range(4000):
        reset = tb.rng.random() < 0.01
        if not is_open and beat == 0:
            bf16 = bool(tb.rng.integers(2))
        slice_end = not bf16 or beat == 3
        aligned = (not is_open or (tb.cycle - first) % 4 == beat) if bf16 else tb.cycle >= drained
        issue = bool(aligned and tb.rng.random() < 0.6)
        tb.drive(rst=int(reset), issue=int(issue), tile_open=int(is_open), bf16=int(bf16))
        now = tb.cycle
        await tb.step()
        tb.equal(got["slice_end"], int(slice_end), f"slice_end at beat {beat}")
        if not bf16 or is_open or beat == 0:
            tb.equal(got["sum_aligned"], int(aligned), f"sum_aligned at beat {beat}")
        seen.add((bf16, bool(aligned), issue))
        if reset:
            beat, drained, is_open = 0, 0, False
        elif issue:
            if not is_open:
                first = now
            if bf16:
                beat, drained = (beat + 1) % 4, now + 4
            is_open = bool(beat) or tb.rng.random() < 0.6
    assert len(seen) == 6, seen
