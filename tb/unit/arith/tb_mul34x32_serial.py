# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""mul34x32_serial in the simulator.

What could be wrong here, and which case would show it:
  the step of b's sign adds            b negative, its extremes with those of a
  a sum's carry or sign is lost        a at both ends of its 34 bits
  a step too few or too many           the product is read 33 cycles after the operands, and 50
  the product moves on when done       the same: it must hold
  an aborted operation affects the next   a new one, or a reset, in the middle of an operation
"""

import cocotb
import numpy as np

from macrame.golden.arith.mul34x32_serial import mul34x32_serial
from tb.lib import stimuli
from tb.lib.kit import Bench, Part

STEPS = 33


class TB(Bench):
    """Operands in, and the product in the expected cycle."""

    def __init__(self, dut):
        super().__init__(dut, enable=0, a=None, b=None)
        a, b = stimuli.signed(self.rng, 34, 250), stimuli.signed(self.rng, 32, 250)
        ends_a, ends_b = np.meshgrid(stimuli.signed(self.rng, 34, 8), stimuli.signed(self.rng, 32, 8))
        self.a, self.b = np.concatenate([a, ends_a.ravel()]), np.concatenate([b, ends_b.ravel()])
        self.expected, self.due = mul34x32_serial(self.a, self.b), {}
        self.parts.append(Part(sample=self.sample))

    def sample(self):
        if self.cycle in self.due:
            i, late = self.due.pop(self.cycle)
            self.equal(
                self.read("p"),
                int(self.expected[i]) % 2**64,
                f"{int(self.a[i])} * {int(self.b[i])} after {late} cycles",
            )

    async def begin(self, i, cycles, *looks):
        """Operands i in this cycle, the product looked at so many cycles later; returns after `cycles`."""
        self.due |= {self.cycle + late: (i, late) for late in looks}
        self.drive(enable=1, a=int(self.a[i]) % 2**34, b=int(self.b[i]) % 2**32)
        await self.step()
        self.drive(enable=0, a=None, b=None)
        await self.step(cycles - 1)


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def products(dut):
    """Extremes and every magnitude, the next operands in the product's own cycle, or later."""
    tb = TB(dut)
    await tb.start()
    for i in range(len(tb.a)):
        await tb.begin(i, *((STEPS, STEPS) if i % 16 else (51, STEPS, 50)))
    await tb.step()
    assert not tb.due


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def cut_off(dut):
    """New operands, or a reset, in the middle of an operation."""
    tb = TB(dut)
    await tb.start()
    for i, cycles in enumerate((1, 2, 16, 31, 32, 33)):
        await tb.begin(i, cycles)
        await tb.begin(i + 10, STEPS + 1, STEPS)
        await tb.begin(i, cycles)
        tb.drive(rst=1)
        await tb.step()
        tb.drive(rst=0)
        await tb.begin(i + 20, STEPS + 1, STEPS)
    assert not tb.due
