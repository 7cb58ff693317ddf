# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""fifo in the simulator.

What could be wrong here, and which case would show it:
  order, loss, doubling              `stream`, every pair of pauses, several times around the memory
  the last place is never usable     `brim`: filled to DEPTH + 1 with a blocked output, again and again at
                                     each position of the pointers
  full mistaken for empty            the same: DEPTH entries in memory make both addresses equal
  latency, throughput                `stream` without stalls: 2 cycles, then a beat per cycle
  an offer changed or withdrawn      the sink checks every beat it stalls
  output blocked for long            `blocked`: 3000 cycles
  contents survive a reset           `reset_empties`, from each fill level
"""

import cocotb

from tb.lib.axis import STALLS, Sink, pauses
from tb.lib.kit import Bench, Part


class Writer(Part):
    """Writes random entries, and never more than the contract allows: DEPTH + 1 held."""

    def __init__(self, tb, pause):
        super().__init__(self.write)
        self.tb, self.pause, self.to_write, self.written = tb, pause, 0, []

    def write(self):
        tb = self.tb
        if self.to_write and len(self.written) - len(tb.sink.beats) <= tb.depth and not next(self.pause):
            entry = int.from_bytes(tb.rng.bytes(tb.width // 8 + 1), "little") % 2**tb.width
            self.written.append((tb.cycle, entry))
            self.to_write -= 1
            tb.drive(in_valid=1, in_data=entry)
        else:
            tb.drive(in_valid=0, in_data=None)


class TB(Bench):
    """Writer and sink; the model is the list of writes."""

    def __init__(self, dut, stalls="none"):
        super().__init__(dut, in_valid=0, in_data=None)
        self.width, self.depth = self.parameter("WIDTH"), self.parameter("DEPTH")
        before, after = STALLS[stalls]
        self.writer = Writer(self, pauses(before, self.rng))
        self.sink = Sink(self, "out_valid", "out_ready", ["out_data"], pauses(after, self.rng))
        self.parts.insert(0, self.writer)

    async def finish(self):
        """Check that all entries written were received in order, and nothing else."""
        writer, beats = self.writer, self.sink.beats
        await self.until(lambda: not writer.to_write and len(beats) >= len(writer.written))
        await self.step(5)
        for i, (got, (_, want)) in enumerate(zip(self.sink.values, self.writer.written)):
            self.equal(got, want, f"entry {i}")
        self.equal(len(self.sink.beats), len(self.writer.written), "entries")
        self.equal(self.read("out_valid"), 0, "out_valid at the end")


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(stalls=list(STALLS))
async def stream(dut, stalls):
    """Many times round the memory."""
    tb = TB(dut, stalls)
    tb.writer.to_write = max(8 * tb.depth, 200)
    await tb.start()
    await tb.finish()
    if stalls == "none":
        for i, ((wrote, _), (came, _)) in enumerate(zip(tb.writer.written, tb.sink.beats)):
            tb.equal((wrote, came), (i, i + 2), f"cycles of entry {i}, in and out")


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def brim(dut):
    """Filled completely and emptied, at every position of the pointers."""
    tb = TB(dut)
    await tb.start()
    for _ in range(min(tb.depth, 16) + 1):
        tb.sink.blocked = True
        tb.writer.to_write = tb.depth + 1
        await tb.until(lambda: not tb.writer.to_write)
        await tb.step(3)
        tb.equal(len(tb.writer.written) - len(tb.sink.beats), tb.depth + 1, "entries held")
        tb.sink.blocked = False
        await tb.finish()
        tb.writer.to_write = 1  # moves the pointers on by one
        await tb.finish()


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def blocked(dut):
    """Full and blocked for 3000 cycles: the offer stays unchanged, nothing is lost."""
    tb = TB(dut)
    tb.sink.pause = pauses("late", None, late=3000)
    tb.writer.to_write = 3 * tb.depth
    await tb.start()
    await tb.finish()


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def reset_empties(dut):
    """Reset at every fill level; then the FIFO works as after power-up."""
    tb = TB(dut)
    await tb.start()
    for level in range(0, tb.depth + 2, max(1, tb.depth // 8)):
        tb.sink.blocked = True
        tb.writer.to_write = level
        await tb.step(level + 4)
        tb.equal(tb.read("out_valid"), int(level > 0), f"out_valid, {level} held")
        tb.drive(rst=1)
        await tb.step()
        tb.drive(rst=0)
        tb.sink.forget()
        tb.writer.written.clear()
        tb.sink.beats.clear()
        tb.sink.blocked = False
        tb.writer.to_write = 5
        await tb.finish()
