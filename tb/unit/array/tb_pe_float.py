# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""pe_bf16 and pe_dual in the simulator, one cell by itself.

What could be wrong here, and which case would show it:
  a sum takes another's product                       `tiles`: four sums with different operands; beats are
                                                      omitted now and then, for full rounds of four
  a rounding omitted, or in another order             close exponents; the model rounds k by k
  an idle cycle changes a sum, even -0 or NaN         idle cycles have X operands; specials; sums of -0
  a sum keeps state of the previous tile              `tiles` back to back and apart, one slice and more
  pushed too early, too late, in another order        chain_out and every register after it, after the pushes
  a shift takes another register's place              random shifts; the input at the far end is random
  pe_dual: int8 sums mixed with float ones            alternating formats at the header's minimum distances
  pe_dual: the chain's length at a change             four registers after a bfloat16 tile, one after int8
"""

import cocotb
import numpy as np

from macrame.golden.gemm_bf16 import gemm_bf16
from tb.lib import stimuli
from tb.lib.kit import Bench, Part, full_int8

ADD, PUSH = 4, 7  # cycles from the operands to the adder, and to the sum that leaves it


class TB(Bench):
    """Operands now, controls later; the model keeps sums as lists of products."""

    def __init__(self, dut):
        self.dual = dut._name == "pe_dual"
        idle = dict.fromkeys(("a", "w", "a_factor", "w_factor", "chain_in"))
        more = {"sum_bf16": 1, "chain_bf16": 1, "operand_bf16": 0} if self.dual else {}
        super().__init__(dut, reset=None, valid=0, last=0, clear=1, chain_shift=0, **idle, **more)
        self.later = {}  # cycle: controls that are not idle
        self.pushes = {}  # cycle: (sum, tall)
        self.chain = None  # of result registers, head first; None: unknown
        self.format = 1  # bf16, as it stands
        self.tall = 1
        self.free = 0  # cycle from which on `operand_bf16` may be low
        self.parts.append(Part(sample=self.check))

    async def begin(self):
        """A reset clears every sum."""
        await self.start()
        for cycle in range(4):
            self.later[cycle] = {"clear": 1, "sum_bf16": 1}
        for _ in range(8):
            await self.beat()

    async def beat(self, pair=None, chain_shift=0):
        """One cycle: a pair of operands, or X."""
        now = self.cycle
        if pair is None:
            self.drive(a=None, w=None, a_factor=None, w_factor=None)
        else:
            a, w = (int(v) for v in pair)
            bf16 = isinstance(pair[0], np.uint16)
            self.drive(a=a & 0xFFFF, w=w & 0xFFFF, a_factor=factor(a, bf16), w_factor=factor(w, bf16))
            if bf16:
                self.free = now + ADD
        controls = {"valid": 0, "last": 0, "clear": 0, **self.later.pop(now, {})}
        if self.dual:
            self.format = controls.pop("sum_bf16", self.format)
            self.tall = controls.pop("chain_bf16", self.tall)
            self.drive(
                sum_bf16=self.format,
                chain_bf16=self.tall,
                operand_bf16=1 if now < self.free else int(self.rng.integers(2)),
            )
        else:
            controls.pop("sum_bf16", None), controls.pop("chain_bf16", None)
        chain_in = int(self.rng.integers(2**32))
        self.drive(**controls, chain_shift=chain_shift, chain_in=chain_in)
        await self.step()
        if now in self.pushes:
            self.move(self.pushes.pop(now))
        elif chain_shift:
            self.move(chain_in)

    def move(self, value):
        chain = self.chain if self.chain is not None else [None] * 4
        self.chain = [*chain[1:], value] if self.tall else [value, *chain[1:]]

    def check(self):
        if self.chain is not None and self.chain[0] is not None:
            self.equal(self.read("chain_out"), self.chain[0], "chain_out")

    def at(self, cycle, **controls):
        self.later.setdefault(cycle, {}).update(controls)

    async def float_tile(self, slices, gaps):
        """Four sums with a number of products each; beats of sum i are multiples of four cycles apart."""
        a = stimuli.bf16(self.rng, 4 * slices).reshape(4, slices)
        w = stimuli.bf16(self.rng, slices).reshape(slices, 1)
        if self.rng.random() < 0.2:
            a &= 0x8000  # zeros of both signs: the sum starts at +0
        sums = gemm_bf16(a, w)[:, 0]
        origin = self.cycle
        for k in range(slices):
            for i in range(4):
                while (self.cycle - origin) % 4 != i or self.rng.random() < gaps:
                    await self.beat()
                self.at(self.cycle + ADD, valid=1, sum_bf16=1)
                end = self.cycle
                await self.beat((a[i, k], w[k, 0]))
        for i in range(4):
            self.at(end + ADD + i, last=1, clear=1, chain_bf16=1)
            self.pushes[end + ADD + i] = int(sums[i])

    async def int8_tile(self, slices, gaps):
        """A sum of int8 products."""
        a, w = full_int8(self.rng, (2, slices))
        total = int(a.astype(np.int64) @ w.astype(np.int64))
        for k in range(slices):
            while self.rng.random() < gaps:
                await self.beat()
            last = int(k == slices - 1)
            self.at(
                self.cycle + ADD,
                valid=1,
                sum_bf16=0,
                last=last,
                clear=last,
                **({"chain_bf16": 0} if last else {}),
            )
            if last:
                self.pushes[self.cycle + ADD] = total % 2**32
            await self.beat((a[k], w[k]))

    async def rest(self, shifts):
        """Shift the tile out: idle cycles, then a number of shifts of the chain."""
        while self.later or self.pushes:
            await self.beat()
        for _ in range(shifts):
            await self.beat(chain_shift=1)
            if self.rng.random() < 0.3:
                await self.beat()


def factor(value, bf16):
    """The multiplier's operand: a significand with its hidden bit, or int8 with an extra sign bit."""
    if bf16:
        return value & 0x7F | (0x80 if value & 0x7F80 else 0)
    return value & 0x1FF


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def tiles(dut):
    """Random tiles, back to back where the header allows it, alternating formats in pe_dual."""
    tb = TB(dut)
    await tb.begin()
    for _ in range(160):
        bf16 = not tb.dual or tb.rng.random() < 0.5
        slices = int(tb.rng.integers(1, 12 if tb.rng.random() < 0.3 else 4))
        gaps = float(tb.rng.choice([0, 0, 0.4]))
        if bf16:
            await tb.float_tile(slices, gaps)
        else:
            while any(cycle >= tb.cycle + ADD for cycle in tb.pushes):  # float sums must have left the adder
                await tb.beat()
            await tb.int8_tile(slices, gaps)
        if tb.rng.random() < 0.6:
            await tb.rest(int(tb.rng.integers(0, 6)))
    await tb.rest(4)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def reset(dut):
    """Four cycles of `clear`, in the middle of a tile: every sum restarts."""
    tb = TB(dut)
    await tb.begin()
    for wait in range(12):
        await tb.float_tile(2, 0)
        for _ in range(wait):
            await tb.beat()
        tb.later.clear()
        tb.pushes.clear()
        tb.chain = None
        for cycle in range(4):
            tb.later[tb.cycle + cycle] = {"clear": 1, "sum_bf16": 1}
        for _ in range(4):
            await tb.beat()
        await tb.float_tile(2, 0)
        await tb.rest(4)
