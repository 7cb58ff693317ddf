# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""uart_tx in the simulator.

What could be wrong here, and which case would show it:
  bits in the wrong order, of the wrong length     the line is compared with the golden model in every cycle
  no stop bit, a gap, a byte twice                 the same, bytes back to back and with pauses
  a byte accepted while another is being sent      `ready` is compared in every cycle too
  a reset leaves the line low                      `reset`, at each bit
"""

import cocotb

from tb.lib.axis import Source, pauses
from tb.lib.kit import Bench, Part


class TB(Bench):
    """Bytes in; the expected line from the cycle after each was accepted."""

    def __init__(self, dut, pause="none"):
        super().__init__(dut)
        self.clocks = self.parameter("CLOCKS")
        self.source = Source(self, "valid", "ready", ["data"], pauses(pause, self.rng, late=100))
        self.due = []  # levels of the cycles to come
        self.parts.append(Part(sample=self.sample))

    def sample(self):
        expected = self.due.pop(0) if self.due else 1
        self.equal(self.read("tx"), expected, "tx")
        if self.source.taken:
            ((_, beat),) = self.source.taken
            self.source.taken.clear()
            assert not self.due, "accepted while a byte was being sent"
            for bit in [0, *(beat["data"] >> i & 1 for i in range(8)), 1]:
                self.due += [bit] * self.clocks


@cocotb.test(timeout_time=4, timeout_unit="ms")
@cocotb.parametrize(pause=["none", "random", "bursts"])
async def all_bytes(dut, pause):
    """Every byte; the next start bit is one cycle late at most."""
    tb = TB(dut, pause)
    await tb.start()
    sent = tb.rng.permutation(256)[: 256 if pause == "none" else 32].tolist()
    tb.source.send(*sent)
    began = tb.cycle
    await tb.until(lambda: tb.source.empty and not tb.due, len(sent) * (10 * tb.clocks + 30))
    if pause == "none":
        assert tb.cycle - began <= len(sent) * (10 * tb.clocks + 1) + 2


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def reset(dut):
    """A reset in each bit: the line is high in the next cycle, and the next byte is sent correctly."""
    tb = TB(dut)
    await tb.start()
    for bit in range(10):
        tb.source.send(0x00)
        await tb.step(bit * tb.clocks + 2)
        tb.drive(rst=1)
        await tb.step()
        tb.due.clear()
        tb.source.clear()
        tb.drive(rst=0)
        await tb.step(3)
        tb.source.send(0x96)
        await tb.until(lambda: tb.source.empty and not tb.due)
