# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""lfsr32 in the simulator.

What could be wrong here, and which case would show it:
  a row of the matrix off by a step, a jump too short   `sequence`: hundreds of words against golden, bit by
  bit lanes in another order than the sequence              the same, with as many lanes as there are a step
  while nobody asks for one                      `sequence`: steps come at random a load that waits for a
  step, or loses against one    `loads`: with and without a seed of 0
  `loads`
"""
import cocotb

from golden.arith.lfsr32 import lfsr32_plain
from tb.kit import Bench, Part


class TB(Bench):
    """The register, and how many steps it has done since its seed; compared in every cycle."""

    def __init__(self, dut):
        super().__init__(dut, reset=None, load=0, step=0, seed=None)
        self.lanes, self.words, self.at = self.parameter("LANES"), None, 0
        self.parts.append(Part(sample=self.compare))

    def compare(self):
        """The bits that stand there now."""
        if self.words:
            words = self.words[self.at * self.lanes:(self.at + 1) * self.lanes]
            expected = sum(word << 16 * lane for lane, word in enumerate(words))
            self.equal(self.read("bits"), expected, f"bits of step {self.at}")

    async def load(self, seed, step=0):
        self.drive(load=1, seed=seed, step=step)
        await self.step()
        self.drive(load=0, seed=None, step=0)
        self.words, self.at = lfsr32_plain(seed, 41 * self.lanes)[0], 0

    async def go(self, step):
        """One cycle, with a step or without."""
        self.drive(step=int(step))
        await self.step()
        self.at += int(step)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def sequence(dut):
    """Steps at random; the bits stay meanwhile."""
    tb = TB(dut)
    await tb.start()
    for seed in (1, 0x80000000, *map(int, tb.rng.integers(1, 2**32, 3))):
        await tb.load(seed)
        while tb.at < 40:
            await tb.go(tb.rng.random() < 0.7)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def loads(dut):
    """A load wins over a step, at any time; 0 counts as 1."""
    tb = TB(dut)
    await tb.start()
    for seed, step in ((0, 0), (1, 1), (0xDEADBEEF, 1), (0xFFFFFFFF, 0), (0, 1)):
        await tb.load(seed, step)
        for go in (0, 1, 1, 0, 1):
            await tb.go(go)
