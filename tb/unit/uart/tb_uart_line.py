# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""uart_line in the simulator.

What could be wrong here, and which case would show it:
  the directions are connected to each other           `bytes_both_ways`: random bytes in each at once
  a byte lost or repeated in the FIFO                  the same, with a host that pauses and one that does not
  a credit of one byte too many or too few             `overruns`: exactly as many bytes as fit, and more
  a byte without a stop bit in the FIFO                `framing_error`
  bytes in the FIFO after a reset                      `reset`
"""

import cocotb

from tb.lib.kit import Bench, Part


class TB(Bench):
    """A line with bits of CLOCKS cycles, and the bytes at the other side."""

    def __init__(self, dut):
        super().__init__(dut, rx=1, in_ready=0, out_data=0, out_valid=0)
        self.clocks, self.room = self.parameter("CLOCKS"), 1 << self.parameter("CREDIT_LOG2")
        self.levels, self.ready = [], 0.0  # the line, cycle by cycle; how likely in_ready is
        self.got, self.overruns, self.framings = [], 0, 0
        self.to_send, self.line, self.sent = [], [], []  # bytes to tx, the line from tx, bytes found on it
        self.parts += [Part(self.inputs, self.sample)]

    def inputs(self):
        self.drive(
            rx=self.levels.pop(0) if self.levels else 1,
            in_ready=int(self.rng.random() < self.ready),
            out_valid=int(bool(self.to_send)),
            out_data=self.to_send[0] if self.to_send else 0,
        )

    def sample(self):
        if self.read("in_valid") and self.read("in_ready"):
            self.got.append(self.read("in_data"))
        self.overruns += self.read("overrun")
        self.framings += self.read("framing")
        if self.to_send and self.read("out_ready"):
            self.to_send.pop(0)
        self.line.append(self.read("tx"))

    def byte(self, value, stop=1):
        """Queue a byte on the line."""
        for bit in (0, *(value >> i & 1 for i in range(8)), stop):
            self.levels += [bit] * self.clocks

    async def rest(self):
        """Until the line to the board is idle, and what was sent has arrived."""
        await self.step(len(self.levels) + 4 * self.clocks + 8)

    def heard(self):
        """The bytes on the line from the board."""
        found, at = [], 0
        while at < len(self.line):
            if self.line[at]:
                at += 1
                continue
            middle = at + self.clocks // 2
            bits = [self.line[middle + i * self.clocks] for i in range(10)]
            self.equal((bits[0], bits[9]), (0, 1), "start and stop bit")
            found.append(sum(bit << i for i, bit in enumerate(bits[1:9])))
            at = middle + 9 * self.clocks
        return found


@cocotb.test(timeout_time=10, timeout_unit="ms")
@cocotb.parametrize(ready=[0.02, 1.0])
async def bytes_both_ways(dut, ready):
    """Random bytes in both directions."""
    tb = TB(dut)
    await tb.start()
    tb.ready = ready
    down, up = (tb.rng.integers(0, 256, 60).tolist() for _ in range(2))
    tb.to_send = list(up)
    for value in down:
        tb.byte(value)
    await tb.rest()
    while tb.to_send:
        await tb.step()
    await tb.step(12 * tb.clocks)
    tb.ready = 1.0
    await tb.step(80)
    tb.equal(tb.got, down, "bytes from the host")
    tb.equal(tb.heard(), up, "bytes to the host")
    tb.equal((tb.overruns, tb.framings), (0, 0), "errors")


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def overruns(dut):
    """The FIFO holds as many bytes as the credit; each further one is reported and lost."""
    tb = TB(dut)
    await tb.start()
    for _ in range(2):
        values = tb.rng.integers(0, 256, tb.room + 3).tolist()
        for value in values[: tb.room]:
            tb.byte(value)
        await tb.rest()
        tb.equal(tb.overruns, 0, "overruns of a full FIFO")
        for value in values[tb.room :]:
            tb.byte(value)
        await tb.rest()
        tb.equal(tb.overruns, 3, "overruns")
        tb.ready = 1.0
        await tb.step(2 * tb.room + 20)
        tb.equal(tb.got, values[: tb.room], "bytes from the host")
        tb.ready, tb.overruns, tb.got = 0.0, 0, []


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def framing_error(dut):
    """A byte without a stop bit is reported, and no byte."""
    tb = TB(dut)
    await tb.start()
    tb.ready = 1.0
    for value, stop in ((5, 1), (6, 0), (7, 1)):
        tb.byte(value, stop)
        tb.levels += [1] * 2 * tb.clocks
    await tb.rest()
    tb.equal((tb.got, tb.framings), ([5, 7], 1), "bytes and framing errors")


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def reset(dut):
    """After a reset the FIFO is empty, and holds all of its bytes again."""
    tb = TB(dut)
    await tb.start()
    for value in range(5):
        tb.byte(value)
    await tb.rest()
    tb.drive(rst=1)
    await tb.step(2)
    tb.drive(rst=0)
    await tb.step(4)
    tb.equal(tb.read("in_valid"), 0, "in_valid after a reset")
    for value in range(tb.room):
        tb.byte(value)
    await tb.rest()
    tb.ready = 1.0
    await tb.step(2 * tb.room + 20)
    tb.equal((tb.got, tb.overruns), (list(range(tb.room)), 0), "bytes after a reset")
