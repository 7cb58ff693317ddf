# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""textbook_array: whether the array that `make synth` compares with multiplies matrices correctly.

What could be wrong with it: a lane that reaches the wrong cell, a sum that is not cleared, a product or
a truncated sum, rows in another order.
"""

import cocotb
import numpy as np

from tb.lib.kit import Bench, full_int8, lanes, word


class Sums:
    """Accepts a row of sums per cycle."""

    def __init__(self, bench, cols):
        self.bench, self.cols, self.rows = bench, cols, []

    def drive(self):
        """Nothing."""

    def sample(self):
        self.rows.append(lanes(self.bench.read("sums"), np.int32, self.cols))


async def multiply(bench, a, w):
    """Feed a [ROWS, K] and w [K, COLS], both int8, lanes skewed; return the sums [ROWS, COLS], int32."""
    (rows, k), cols = a.shape, w.shape[1]
    for cycle in range(k + rows + cols):  # the last sum has its last product
        a_in, w_in, first = np.zeros(rows, np.int8), np.zeros(cols, np.int8), 0
        for row in range(rows):
            if 0 <= cycle - row < k:
                a_in[row] = a[row, cycle - row]
            first |= (cycle == row) << row
        for col in range(cols):
            if 0 <= cycle - col < k:
                w_in[col] = w[cycle - col, col]
        bench.drive(a=word(a_in), w=word(w_in), first=first, shift=0)
        await bench.step()
    bench.drive(a=0, w=0, first=0, shift=1)
    bench.parts.append(Sums(bench, cols))
    await bench.step(rows)
    return np.array(bench.parts.pop().rows)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def products(dut):
    """One after the other, on full-range operands, and -128 throughout."""
    bench = Bench(dut, reset=None, shift=0, first=None, a=None, w=None)
    await bench.start()
    rows, cols = bench.parameter("ROWS"), bench.parameter("COLS")
    for k in (1, 2, 7, 40, 300):
        for a, w in (
            (full_int8(bench.rng, (rows, k)), full_int8(bench.rng, (k, cols))),
            (np.full((rows, k), -128, np.int8), np.full((k, cols), -128, np.int8)),
        ):
            got = await multiply(bench, a, w)
            np.testing.assert_array_equal(got, a.astype(np.int64) @ w.astype(np.int64))
