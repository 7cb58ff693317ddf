# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""operand_skid in the simulator.

What could be wrong here, and which case would show it:
  a beat lost or doubled when the downstream stops   `stream`, every pair of pauses: order and number
  an offer changed or withdrawn                      the sink watches every beat it holds off
  data of another beat on op_data, or a cycle late   compared in the cycle behind each beat taken
  a waiting beat overwritten by the one behind it    `stream` with stops of one cycle and more
  throughput of one in two                           `stream` without pauses: 1 cycle latency, a beat a cycle
  ready depends on this cycle's inputs               `ready_is_a_register`: inputs change in mid-cycle
  an entry survives a reset                          `reset_empties`, with one and with two entries held
"""

import cocotb
from cocotb.triggers import FallingEdge, RisingEdge, Timer

from tb.lib.axis import STALLS, Sink, Source, pauses
from tb.lib.kit import Bench, Part


class TB(Bench):
    """Source, sink, the data behind it; the model is the list of what was sent."""

    def __init__(self, dut, stalls="none"):
        super().__init__(dut)
        self.widths = self.parameter("DATA_W"), self.parameter("SIDE_W")
        before, after = STALLS[stalls]
        self.source = Source(self, "in_valid", "in_ready", ["in_data", "in_side"], pauses(before, self.rng))
        self.sink = Sink(self, "out_valid", "out_ready", ["out_side"], pauses(after, self.rng))
        self.parts.append(Part(sample=self.check_data))
        self.expected, self.compared = [], 0

    def send(self, count):
        beats = [
            [int.from_bytes(self.rng.bytes(9), "little") % 2**w for w in self.widths] for _ in range(count)
        ]
        self.source.send(*(dict(zip(("in_data", "in_side"), beat)) for beat in beats))
        self.expected += beats

    def check_data(self):
        """op_data is the beat taken in the cycle before."""
        taken = len(self.sink.beats)
        if self.compared < taken and self.sink.beats[self.compared][0] < self.cycle:
            self.equal(
                self.read("op_data"), self.expected[self.compared][0], f"op_data of beat {self.compared}"
            )
            self.compared += 1

    async def finish(self):
        """All that was sent has come, in order, and nothing after it."""
        await self.until(lambda: self.compared >= len(self.expected))
        await self.step(50)
        for i, (got, (_, want)) in enumerate(zip(self.sink.values, self.expected)):
            self.equal(got, want, f"side bits of beat {i}")
        self.equal(len(self.sink.beats), len(self.expected), "beats")
        assert self.source.empty
        self.equal((self.read("out_valid"), self.read("in_ready")), (0, 1), "valid and ready at the end")


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(stalls=list(STALLS))
async def stream(dut, stalls):
    """A thousand beats, nothing lost, doubled or changed."""
    tb = TB(dut, stalls)
    tb.send(1000 if stalls == "none" else 400)
    await tb.start()
    await tb.finish()
    if stalls == "none":
        for i, ((accepted, _), (taken, _)) in enumerate(zip(tb.source.taken, tb.sink.beats)):
            tb.equal((accepted, taken), (i, i + 1), f"cycles of beat {i}, in and out")


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def ready_is_a_register(dut):
    """in_ready, out_valid, out_side and op_data stay while the inputs change within a cycle."""
    tb = TB(dut)
    tb.parts.clear()
    await tb.start()
    held, gone = [], None  # beats held; the data of the beat taken in the cycle before
    for _ in range(300):
        ready, valid = len(held) < 2, len(held) > 0
        for _ in range(3):
            beat = [int(tb.rng.integers(2 ** min(width, 30))) for width in tb.widths]
            offer, take = (int(bit) for bit in tb.rng.integers(2, size=2))
            tb.drive(in_valid=offer, in_data=beat[0], in_side=beat[1], out_ready=take)
            await Timer(1, "ns")
            tb.equal(tb.read("in_ready"), int(ready), f"in_ready, {len(held)} held")
            tb.equal(tb.read("out_valid"), int(valid), f"out_valid, {len(held)} held")
            if valid:
                tb.equal(tb.read("out_side"), held[0][1], "out_side")
            if gone is not None:
                tb.equal(tb.read("op_data"), gone, "op_data")
        gone = held.pop(0)[0] if valid and take else None
        if offer and ready:
            held.append(beat)
        await RisingEdge(dut.clk)
        await FallingEdge(dut.clk)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def reset_empties(dut):
    """A reset while one and while two entries are held: nothing of them comes out."""
    tb = TB(dut)
    await tb.start()
    for entries in (1, 2):
        for waited in range(3):
            tb.sink.blocked = True
            tb.send(entries)
            await tb.step(entries + 1 + waited)
            assert tb.source.empty
            flags = (tb.read("out_valid"), tb.read("in_ready"))
            tb.equal(flags, (1, int(entries < 2)), f"flags, {entries} held")
            tb.drive(rst=1)
            await tb.step()
            tb.drive(rst=0)
            tb.sink.forget()
            tb.sink.blocked = False
            tb.expected.clear()
            tb.sink.beats.clear()
            tb.compared = 0
            tb.send(5)
            await tb.finish()
            tb.expected.clear()
            tb.sink.beats.clear()
            tb.compared = 0
