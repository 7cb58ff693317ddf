# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""mac_array in the simulator.

What could be wrong here, and which case would show it:
  a product                                        `all_pairs`: all 65,536 int8 pairs, by rank-DEPTH updates
  a lane wired to another row, column or depth     `tiles`: different full-range operands in every lane
  a tile keeps state of the previous one           `tiles`: random K from 1, the next tile in the next cycle
  the chain's order, a row lost to the next load   `tiles` at the minimum distance, ROWS cycles apart
  an idle slice changes something                  operands, `last` and tag are X in every cycle without valid
  valid, load or tag one cycle off                 `load` is predicted for each cycle, its tag with it
  an aborted tile affects the next one             `abort`: a one-cycle reset in each phase of the
                                                   pipeline, and a tile in the next cycle
  an extreme sum                                   `extremes`: -128 everywhere, -128 against 127
  bfloat16: a sum that gets another's product      `tiles`: beats come late, by multiples of four cycles
  roundings in another order, or none              the model rounds k by k; close exponents, both signs
  a float sum that keeps int8 state, or vice       `tiles` with both formats, at the minimum distances
  versa; the chain's two lengths
"""

import cocotb
import numpy as np

from macrame.golden.gemm_bf16 import gemm_bf16
from tb.lib import stimuli
from tb.lib.kit import Bench, Part, full_int8, lanes, word


class TB(Bench):
    """Slices in, rows out; the model is NumPy's matmul in int64, or the golden model's sums of bfloat16."""

    def __init__(self, dut):
        self.idle = {
            "op_valid": 0,
            "op_last": None,
            "op_bf16": None,
            "op_tag": None,
            "op_a": None,
            "op_w": None,
        }
        super().__init__(dut, chain_shift=0, **self.idle)
        self.rows, self.cols, self.depth, self.tag_w = (
            self.parameter(p) for p in ("ROWS", "COLS", "DEPTH", "TAG_W")
        )
        self.int8, self.bf16 = self.parameter("INT8"), self.parameter("BF16")
        # of load, after a last slice of int8; bfloat16 takes 3 more
        self.latency = 1 + (4 if self.bf16 else 2 + max(1, (self.depth - 1).bit_length()))
        self.due_load, self.due_row = {}, {}  # by cycle
        self.tile = 0
        self.compared = 0
        self.parts.append(Part(self.pace, self.check))
        self.forget()

    def forget(self):
        """After a reset: nothing is under way."""
        self.due_load.clear()
        self.due_row.clear()
        self.earliest = {True: self.cycle, False: self.cycle}  # when a tile may end, bfloat16 or int8
        self.begin_int8 = self.cycle  # when an int8 tile may begin

    def random_tile(self, slices, bf16=None):
        """Operands over the full range: A (rows, K), W (K, COLS), int8 or bits of bfloat16."""
        if bf16 is None:
            bf16 = bool(self.bf16 and (not self.int8 or self.rng.random() < 0.5))
        if bf16:
            a, w = (stimuli.bf16(self.rng, count) for count in (4 * self.rows * slices, slices * self.cols))
            return a.reshape(4 * self.rows, slices), w.reshape(slices, self.cols)
        k = slices * self.depth
        return full_int8(self.rng, (self.rows, k)), full_int8(self.rng, (k, self.cols))

    async def slice(self, a, w, last=False, tag=None):
        """One beat: a is (ROWS, DEPTH), w is (DEPTH, COLS)."""
        bf16 = a.dtype == np.uint16
        if self.bf16 and not bf16:  # the bits above an int8 are unused
            a, w = (
                x.view(np.uint8) | self.rng.integers(0, 256, x.shape).astype(np.uint16) << 8 for x in (a, w)
            )
        self.drive(op_valid=1, op_last=int(last), op_bf16=int(bf16), op_tag=tag, op_a=word(a), op_w=word(w.T))
        await self.step()

    async def idle_slice(self, cycles=1):
        """Cycles without a slice."""
        for _ in range(cycles):
            self.drive(**self.idle)
            await self.step()

    async def run(self, a, w, gaps=0.0, cut=None):
        """A tile, its last slice no sooner than the chain allows; `cut`: leave it after so many slices."""
        bf16 = a.dtype == np.uint16
        turns = 4 if bf16 else 1
        slices = a.shape[1] // self.depth
        tag = int(self.rng.integers(2**self.tag_w))
        origin = None
        for s in range(slices if cut is None else cut):
            k = slice(s * self.depth, (s + 1) * self.depth)
            for turn in range(turns):
                last = s == slices - 1 and turn == turns - 1
                while (
                    self.rng.random() < gaps
                    or (last and self.cycle < self.earliest[bf16])
                    or (origin is not None and (self.cycle - origin) % turns != turn)
                    or (not bf16 and self.cycle < self.begin_int8)
                ):
                    await self.idle_slice()
                origin = self.cycle if origin is None else origin
                if bf16:
                    self.begin_int8 = self.cycle + 4
                if last:
                    self.ends(a, w, bf16, tag)
                await self.slice(a[turn::turns, k], w[k], last, tag if last else None)

    def ends(self, a, w, bf16, tag):
        """The last slice of a tile is in this cycle: set the expected results and the next tile's end."""
        rows = len(a)
        self.earliest = {True: self.cycle + rows, False: self.cycle + rows + 3 * bf16}
        at = self.cycle + self.latency + 3 * bf16
        self.due_load[at] = tag
        self.tile += 1
        c = gemm_bf16(a, w).view(np.int32) if bf16 else a.astype(np.int64) @ w.astype(np.int64)
        for r in range(rows):
            self.due_row[at + 1 + r] = (self.tile, r, c[r], a[r], w)

    def pace(self):
        """Shift in the cycle before every row but the first, registered once: rows come back to back."""
        self.drive(chain_shift=int(self.cycle + 2 in self.due_row and self.due_row[self.cycle + 2][1] > 0))

    def check(self):
        now = self.cycle
        tag = self.due_load.pop(now, None)
        self.equal(self.read("load"), int(tag is not None), "load")
        if tag is not None:
            self.equal(self.read("load_tag"), tag, "load_tag")
        if now in self.due_row:
            tile, r, expected, a, w = self.due_row.pop(now)
            got = lanes(self.read("row"), np.int32, self.cols)
            wrong = np.flatnonzero(got != expected.astype(np.int32))
            if wrong.size:
                c = int(wrong[0])
                self.fail(
                    f"{self.rows}x{self.cols}x{self.depth}, tile {tile} of {a.dtype}, row {r}, column {c}: "
                    f"expected {expected[c]:#x}, got {got[c]:#x}\noperands by k: a {a.tolist()}\n"
                    f"               w {w[:, c].tolist()}"
                )
            self.compared += got.size

    async def finish(self):
        """Check that all tiles were received and compared, and nothing else."""
        await self.idle_slice(self.latency + 4 * self.rows + 6)
        assert not self.due_load
        assert not self.due_row


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def tiles(dut):
    """Random tiles of 1 slice and more, gaps of X, back to back at the minimum distance."""
    tb = TB(dut)
    await tb.start()
    for i in range(40):
        long = i % 4 == 3
        slices = int(tb.rng.integers(1, 3 * tb.rows + 8 if long else 4))
        await tb.run(*tb.random_tile(slices), gaps=tb.rng.choice([0, 0, 0.4]))
    await tb.finish()
    assert tb.compared >= 40 * tb.rows * tb.cols * (1 if tb.int8 else 4)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def extremes(dut):
    """-128 everywhere; -128 against 127; one lane against all others."""
    tb = TB(dut)
    await tb.start()
    k = 5 * tb.depth
    for x, y in ((-128, -128), (-128, 127), (127, -128), (127, 127)) if tb.int8 else ():
        a, w = np.full((tb.rows, k), x, np.int8), np.full((k, tb.cols), y, np.int8)
        await tb.run(a, w)
        a[int(tb.rng.integers(tb.rows)), int(tb.rng.integers(k))] = 127 if x < 0 else -128
        w[int(tb.rng.integers(k)), int(tb.rng.integers(tb.cols))] = 127 if y < 0 else -128
        await tb.run(a, w)
    for x, y in (
        (0x7F7F, 0x7F7F),
        (0x7F7F, 0xFF7F),
        (0x0001, 0x0001),
        (0x8000, 0x3F80),
        (0x7F80, 0),
    ) * tb.bf16:
        a, w = np.full((4 * tb.rows, k), x, np.uint16), np.full((k, tb.cols), y, np.uint16)
        await tb.run(a, w)
        a[int(tb.rng.integers(len(a))), int(tb.rng.integers(k))] = 0xFF80
        await tb.run(a, w)
    await tb.finish()


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def abort(dut):
    """A reset of one cycle at each distance from a slice; then at once a tile, unaffected by the other."""
    tb = TB(dut)
    await tb.start()
    for complete in (False, True):
        for wait in range(tb.latency + 3 + 4 * tb.bf16):
            a, w = tb.random_tile(4)
            await tb.run(a, w, cut=None if complete else 3)
            await tb.idle_slice(wait)
            tb.drive(rst=1)
            await tb.idle_slice()
            tb.drive(rst=0)
            tb.forget()
            for slices in (1, 2):
                await tb.run(*tb.random_tile(slices))
            await tb.finish()


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def all_pairs(dut):
    """Every int8 times every int8: ROWS activations against COLS weights, DEPTH weight groups per tile."""
    tb = TB(dut)
    await tb.start()
    values = np.arange(-128, 128, dtype=np.int16)
    tb.rng.shuffle(values)
    columns = np.resize(values, (-(-256 // (tb.cols * tb.depth)), tb.depth, tb.cols)).astype(np.int8)
    seen = np.zeros((256, 256), bool)
    for first in range(0, 256, tb.rows):
        x = np.resize(values[first : first + tb.rows], tb.rows).astype(np.int8)
        a = x[:, None].repeat(tb.depth, axis=1)
        for w in columns:
            await tb.run(a, w)
            seen[(x.astype(int) + 128)[:, None], (w.ravel().astype(int) + 128)[None, :]] = True
    await tb.finish()
    assert seen.all(), f"{int((~seen).sum())} pairs were left out"
