# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""accumulator in the simulator, the portable one and iCE40's.

What could be wrong here, and which case would show it:
  a carry lost between the parts of a split sum    `random`: operands around 0 as well as extremes,
                                                   so that the sum crosses 2^W upwards and downwards often
  the sum of left and right loses sign or top bit  extremes of both
  an idle cycle changes something                  left and right are X before it
  shift wins over a load, or moves unasked         both at random, the chain X without a shift
  the sum keeps something of the last tile       tiles of one slice and more, back to back; `clear` alone
"""

import cocotb

from tb.lib.kit import Bench, Part


class TB(Bench):
    """The model: three registers, in Python's integers."""

    def __init__(self, dut):
        super().__init__(
            dut,
            reset=None,
            addend_0=None,
            addend_1=None,
            valid=0,
            last=0,
            clear=0,
            chain_shift=0,
            chain_in=None,
        )
        self.w, self.terms = self.parameter("W"), self.parameter("TERMS")
        self.tree = self.acc = self.result = None
        self.parts.append(Part(sample=self.sample))

    def operand(self):
        """A signed number of W bits: small, extreme or any."""
        top = 2 ** (self.w - 1)
        return int(
            self.rng.choice(
                [self.rng.integers(-3, 4), self.rng.choice([-top, top - 1]), self.rng.integers(-top, top)]
            )
        )

    async def cycle_of(self, pair, valid=0, last=0, clear=0, chain_shift=0):
        """One cycle: `pair` goes to the tree, the controls belong to what is there."""
        chain = int(self.rng.integers(2**32)) if chain_shift else None
        unsigned = [None if pair is None else x % 2**self.w for x in pair or (0, 0)]
        self.drive(
            addend_0=unsigned[0],
            addend_1=unsigned[1] if self.terms == 2 else None,
            valid=valid,
            last=last,
            clear=clear,
            chain_shift=chain_shift,
            chain_in=chain,
        )
        await self.step()
        total = (self.acc + self.tree) % 2**32 if valid else None
        if last or chain_shift:
            self.result = total if last else chain
        self.acc = 0 if clear else total if valid else self.acc
        self.tree = None if pair is None else sum(pair[: self.terms])

    def sample(self):
        """In every cycle chain_out is the result."""
        if self.result is not None:
            got = self.read("chain_out")
            if got != self.result:
                self.fail(f"W {self.w}, TERMS {self.terms}: expected {self.result:#010x}, got {got:#010x}")


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def random(dut):
    """Slices, gaps, loads and shifts at random."""
    tb = TB(dut)
    await tb.start()
    await tb.cycle_of(None, clear=1)
    loads = 0
    for _ in range(6000):
        pair = (tb.operand(), tb.operand()) if tb.rng.random() < 0.8 else None
        valid = int(tb.tree is not None)
        last = int(valid and tb.rng.random() < 0.3)
        await tb.cycle_of(pair, valid, last, last or int(tb.rng.random() < 0.02), int(tb.rng.random() < 0.2))
        loads += last
    await tb.cycle_of(None)
    assert loads > 1000
