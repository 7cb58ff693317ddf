# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""uart_rx in the simulator.

What could be wrong here, and which case would show it:
  bits in the wrong order, one too few or too many     `all_bytes`: every byte, with pauses and without
  sampled too near a bit's edge                        the same, 2 % fast or slow and at any phase: the line
                                                       is a function of time, seen at the clock's edges
  sampled a cycle early or late                        `tolerance`: bits just within the lengths that the
                                                       header promises; `latency`, in cycles
  a glitch taken for a start bit                       `glitches`, from 1 cycle to just under half a bit
  a byte with a bad stop bit delivered, or two errors  `framing_errors`, among good bytes; a break of 50 bits
  the byte after an error lost                         the same
  parts of a byte survive a reset                      `reset`, at each bit
"""

import cocotb
import numpy as np

from tb.lib.kit import Bench, Part


class TB(Bench):
    """A line with bits of a given length, and the receiver's output."""

    def __init__(self, dut, speed=1.0):
        super().__init__(dut, rx=1)
        self.clocks = self.parameter("CLOCKS")
        self.bit = self.clocks / speed  # cycles of ours that a bit of the sender's lasts
        self.levels, self.ends = [], []  # the line: its levels, and when each ends
        self.got, self.errors, self.cycles = [], 0, []
        self.parts += [Part(self.line), Part(sample=self.sample)]

    def line(self):
        while self.ends and self.ends[0] <= self.cycle:
            self.ends.pop(0)
            self.levels.pop(0)
        self.drive(rx=self.levels[0] if self.levels else 1)

    def sample(self):
        valid, framing = self.read("valid"), self.read("framing")
        assert not (valid and framing)
        self.errors += framing
        if valid:
            self.got.append(self.read("data"))
        if valid or framing:
            self.cycles.append(self.cycle)

    def level(self, value, cycles):
        """The line at this level for a time, which may be a fraction of a cycle."""
        start = self.ends[-1] if self.ends else self.cycle + float(self.rng.random())
        if not self.ends:
            self.levels.append(1)
            self.ends.append(start)
        self.levels.append(value)
        self.ends.append(start + cycles)

    def byte(self, value, stop=1):
        for bit in [0, *(value >> i & 1 for i in range(8)), stop]:
            self.level(bit, self.bit)

    async def rest(self, bits=2):
        """The line's end, and some more."""
        await self.step(int(self.ends[-1] - self.cycle if self.ends else 0) + int(bits * self.clocks) + 8)


@cocotb.test(timeout_time=3, timeout_unit="ms")
@cocotb.parametrize(speed=[1.0, 0.98, 1.02])
async def all_bytes(dut, speed):
    """Every byte; a quarter of them after a pause, the others at once."""
    tb = TB(dut, speed)
    await tb.start()
    sent = tb.rng.permutation(256)[: 256 if tb.clocks == 4 else 32].tolist()
    for start in range(0, len(sent), 8):
        for value in sent[start : start + 8]:
            if tb.rng.random() < 0.25:
                tb.level(1, float(tb.rng.random()) * 3 * tb.bit)
            tb.byte(value)
        await tb.rest()
    tb.equal((tb.got, tb.errors), (sent, 0), "bytes")


@cocotb.test(timeout_time=3, timeout_unit="ms")
@cocotb.parametrize(length=["short", "long"])
async def tolerance(dut, length):
    """Bytes without pauses, whose bits are just within the limits of the header, at any phase."""
    tb = TB(dut)
    late = 1 if tb.clocks % 2 == 0 else 1.5
    tb.bit = 0.95 * tb.clocks + late / 10 + 0.01 if length == "short" else 1.055 * tb.clocks
    await tb.start()
    sent = []
    for _ in range(16 if tb.clocks <= 16 else 2):
        values = [0x00, 0xFF, 0x55, 0xAA, 0x7F, 0x80, *tb.rng.integers(0, 256, 4).tolist()]
        for value in values:
            tb.byte(value)
        await tb.rest()
        sent += values
    tb.equal((tb.got, tb.errors), (sent, 0), "bytes")


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def latency(dut):
    """A byte, and a framing error, in the cycle that the header gives."""
    tb = TB(dut)
    await tb.start()
    for stop in (1, 0):
        start = tb.cycle + 1
        tb.levels, tb.ends = [1], [start]
        tb.byte(0x01, stop)
        await tb.rest()
        tb.equal(tb.cycles, [start + 4 + (tb.clocks - 1) // 2 + 9 * tb.clocks], f"cycle, stop bit {stop}")
        tb.cycles.clear()


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def glitches(dut):
    """Low for less than half a bit is not a start bit; the next byte is received correctly."""
    tb = TB(dut)
    await tb.start()
    lengths = np.unique(np.linspace(1, max(1, (tb.clocks - 1) // 2 - 1), 5).astype(int)).tolist()
    for length in lengths:
        tb.level(0, length)
        tb.level(1, tb.clocks)
        tb.byte(0xA5)
        await tb.rest()
    tb.equal((tb.got, tb.errors), ([0xA5] * len(lengths), 0), "bytes")


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def framing_errors(dut):
    """A low stop bit, a break: one error each, no byte, and the next byte comes."""
    tb = TB(dut)
    await tb.start()
    for value in (0x00, 0xFF, 0x3C):
        tb.byte(0x11)
        tb.byte(value, stop=0)
        tb.level(1, tb.bit)
        tb.byte(0x22)
    tb.level(0, 50 * tb.bit)
    tb.level(1, 2 * tb.bit)
    tb.byte(0x33)
    await tb.rest()
    tb.equal((tb.got, tb.errors), ([0x11, 0x22] * 3 + [0x33], 4), "bytes and errors")


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def reset(dut):
    """A reset in each bit of a byte, the rest of which is all ones: no byte is received."""
    tb = TB(dut)
    await tb.start()
    for bit in range(10):
        tb.byte(0xFF << max(0, bit - 1) & 0xFF)
        await tb.step(int((bit + 0.5) * tb.clocks) + 2)
        tb.drive(rst=1)
        tb.levels.clear()
        tb.ends.clear()
        await tb.step(2)
        tb.drive(rst=0)
        await tb.rest(12)
        tb.equal((tb.got, tb.errors), ([], 0), f"bytes after a reset in bit {bit}")
        tb.byte(0x5A)
        await tb.rest()
        tb.equal(tb.got, [0x5A], f"bytes after a reset in bit {bit}")
        tb.got.clear()
