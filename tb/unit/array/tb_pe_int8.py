# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""pe_int8 in the simulator.

What could be wrong here, and which case would show it:
  a product or a level of the tree loses sign or top bit   `corners`: each depth at -128 * -128, -128 * 127,
                                                           mixed signs; `tiles` over the full range
  an odd depth drops its last product                      DEPTH 3, 5, 7
  the tree's latency is not the documented one             controls come exactly that much later, and operands
                                                           are X in every idle cycle
  the accumulator keeps something of the tile before       `tiles`: random lengths, back to back and apart
  an idle cycle changes something                          X operands, X chain, valid low
  the sum does not wrap at 2^31 as int32 does              `wrap`: past 2^31, and below -2^31
  shift wins over a load, or moves without being asked     `tiles` shifts at random, with and without a load
"""

import cocotb
import numpy as np
from cocotb.triggers import Timer

from tb.lib.kit import PERIOD_NS, Bench, Part, full_int8, word

CORNERS = [(-128, -128), (-128, 127), (127, -128), (127, 127), (-1, -1), (-1, 1), (0, -128)]


class TB(Bench):
    """Operands now, controls `latency` cycles later; the model is a sum in Python's integers."""

    def __init__(self, dut):
        super().__init__(
            dut, reset=None, a=None, w=None, valid=0, last=0, clear=0, chain_shift=0, chain_in=None
        )
        self.depth = self.parameter("DEPTH")
        self.latency = 2 + max(1, (self.depth - 1).bit_length())
        self.later = {}  # cycle: controls
        self.sum = 0  # of the tile in progress, as operands are driven
        self.tile = []  # its operands, for a message
        self.loads = {}  # cycle: (what the result register holds from the next cycle on, operands)
        self.result = None  # what chain_out must be; None: nothing loaded yet
        self.operands = None
        self.parts.append(Part(sample=self.sample))

    async def begin(self):
        """Start, and clear the accumulator as the array's reset does."""
        await self.start()
        self.later[0] = {"clear": 1}
        await self.cycle_of()

    async def cycle_of(self, pairs=None, last=False, chain_shift=0, chain_in=None):
        """One cycle: pairs is an int8 array (2, DEPTH) or None for an idle cycle with X on the operands."""
        now = self.cycle
        if pairs is None:
            self.drive(a=None, w=None)
        else:
            a, w = pairs
            self.drive(a=word(a), w=word(w))
            self.sum += int(a.astype(np.int64) @ w.astype(np.int64))
            self.tile.append((a.tolist(), w.tolist()))
            self.later[now + self.latency] = {"valid": 1, "last": int(last), "clear": int(last)}
            if last:
                self.loads[now + self.latency] = (self.sum % 2**32, self.tile)
                self.sum, self.tile = 0, []
        controls = {"valid": 0, "last": 0, "clear": 0, **self.later.pop(now, {})}
        self.drive(**controls, chain_shift=chain_shift, chain_in=chain_in)
        await self.step()
        if now in self.loads:
            self.result, self.operands = self.loads.pop(now)
        elif chain_shift:
            self.result, self.operands = chain_in, "the chain"

    async def repeat(self, cycles):
        """Repeat the latest slice until the pipeline is full of it, without Python calls."""
        ahead = self.later.copy()
        await Timer(cycles * PERIOD_NS, "ns")
        a, w = self.tile[-1]
        self.sum += cycles * int(np.array(a) @ np.array(w))
        self.tile.append(f"the latter {cycles} times more")
        self.cycle += cycles
        self.later = {cycle + cycles: controls for cycle, controls in ahead.items()}

    def sample(self):
        """In every cycle chain_out holds the latest result."""
        if self.result is not None:
            got = self.read("chain_out")
            if got != self.result:
                self.fail(
                    f"DEPTH {self.depth}, operands by k {self.operands}: "
                    f"expected {self.result:#010x}, got {got:#010x}"
                )

    async def finish(self):
        """Wait for the last tile; it must have been compared."""
        for _ in range(self.latency + 2):
            await self.cycle_of()
        assert not self.loads
        assert not self.later


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def tiles(dut):
    """Tiles of random length, gaps, shifts: every result, and between two the register holds."""
    tb = TB(dut)
    await tb.begin()
    for _ in range(100):
        gap = tb.rng.choice([0.0, 0.0, 0.4])
        length = int(tb.rng.integers(1, 10))
        for k in range(length):
            while tb.rng.random() < gap:
                await tb.cycle_of(chain_shift=0)
            shift = int(tb.rng.random() < 0.3)
            chain = int(tb.rng.integers(2**32)) if shift else None
            await tb.cycle_of(full_int8(tb.rng, (2, tb.depth)), k == length - 1, shift, chain)
    await tb.finish()


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def corners(dut):
    """Extremes in every depth at once, and one depth against the others; 1 and 2 slices, back to back."""
    tb = TB(dut)
    await tb.begin()
    for length in (1, 2):
        for x, y in CORNERS:
            for odd in (None, *range(tb.depth)):
                pairs = np.empty((2, tb.depth), np.int8)
                pairs[0], pairs[1] = x, y
                if odd is not None:  # makes a lost one visible
                    pairs[:, odd] = (127, -128) if x == y else (-128, -128)
                for k in range(length):
                    await tb.cycle_of(pairs, k == length - 1)
    await tb.finish()


@cocotb.test(timeout_time=3, timeout_unit="ms")
@cocotb.parametrize(x=[-128, 127])
async def wrap(dut, x):
    """Past 2^31 and, with 127, below -2^31: the accumulator wraps as int32, and the next tile is clean."""
    tb = TB(dut)
    await tb.begin()
    pairs = np.array([[x], [-128]], np.int8).repeat(tb.depth, axis=1)
    slices = 2**31 // (128 * abs(x) * tb.depth) + 3
    for _ in range(tb.latency + 1):
        await tb.cycle_of(pairs)
    await tb.repeat(slices - tb.latency - 2)
    await tb.cycle_of(pairs, True)
    assert abs(slices * x * -128 * tb.depth) >= 2**31
    for last in (False, True):
        await tb.cycle_of(full_int8(tb.rng, (2, tb.depth)), last)
    await tb.finish()
