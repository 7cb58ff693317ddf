# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""bfloat16 products on the core end to end: the host packs and unpacks, and every bit is compared.

What could be wrong, and what would show it: rows of a cell mixed up (M is not a multiple of four, all rows
differ); sums in another order, or rounded less often (close exponents; a sum of thousands of terms has no
more precision than the golden one); padding that turns a zero negative or a NaN into a number (specials
everywhere, odd sides); a bias or a ReLU of another panel; int8 bits in a float sum (both formats alternating
on one core); a random operand used twice, lost, or in another column (stochastic rounding over many products
from one seed); a beat lost or out of phase under back-pressure.
"""

import numpy as np

from macrame.golden.arith.lfsr32 import Lfsr32
from macrame.golden.gemm_bf16 import gemm_bf16
from macrame.host.packets import OUTPUTS
from macrame.sim.beats import Stall
from tb.lib import stimuli
from tb.lib.vectors import share, stride
from tb.system.tb_gemm import bench_test, budget, sides


class Floats:
    """Random bfloat16 products on the core of a `Bench`."""

    def __init__(self, bench):
        self.bench, self.core, self.rng = bench, bench.core, bench.rng
        self.lfsr, self.seed = Lfsr32(1), 1  # as after a reset
        self.outputs = [(out, relu) for out in OUTPUTS for relu in (False, True)]

    def matrix(self, rows, cols, plain=False):
        """Numbers whose sums round; specials, unless plain."""
        bits = stimuli.bf16(self.rng, rows * cols)
        return (bits & 0xBFFF if plain else bits).reshape(rows, cols)

    def multiply(self, m, k, n, out=None, relu=None, limit=1 << 18):
        """One product, compared."""
        if out is None:
            out, relu = self.outputs[int(self.rng.integers(len(self.outputs)))]
        plain = bool(self.rng.random() < 0.5)
        a, w = self.matrix(m, k, plain), self.matrix(k, n, plain)
        bias = stimuli.floats(self.rng, n)
        if plain:
            bias = bias & 0xBFFFFFFF
        seed = int(self.rng.integers(2**32)) if self.rng.random() < 0.3 else None
        if seed is not None:
            self.lfsr = Lfsr32(seed)
        got, report = self.core.matmul_bf16(a, w, bias=bias, relu=relu, out=out, seed=seed, limit=limit)
        random = self.core.random_operands(self.lfsr.rows, m, n) if out == "stochastic" else None
        expected = gemm_bf16(a, w, bias, relu, out, random)
        assert got.dtype == expected.dtype
        wrong = np.argwhere(got != expected)
        if len(wrong):
            i, j = wrong[0]
            raise AssertionError(
                f"{len(wrong)} of {got.size} values wrong in {a.shape} x {w.shape}, {out}, relu {relu}; "
                f"row {i}, column {j}: expected {expected[i, j]:#x}, got {got[i, j]:#x}; bias {bias[j]:#x}; "
                f"row of A {[hex(v) for v in a[i, :16]]}..., column of W {[hex(v) for v in w[:16, j]]}..."
            )
        assert report.macs == m * k * n
        return report


@bench_test
def random_products(bench):
    """Any sides from 1 to 40, K to 600, every output with and without ReLU."""
    floats, shape = Floats(bench), bench.core.config
    extremes = [
        (1, 1, 1),
        (4 * shape.rows, 1, shape.cols),
        (40, 3, 40),
        (4 * shape.rows + 1, 600, shape.cols),
    ]
    for index, size in enumerate([*extremes, *sides(bench, budget(bench, 0.5))]):
        floats.multiply(*size, *floats.outputs[index % len(floats.outputs)])


@bench_test
def by_turns(bench):
    """int8 and bfloat16 products follow each other on one core."""
    floats = Floats(bench)
    modes = ("raw", "gemmlowp", "ruy", "fp32")
    for index in range(share(24, of=6) if bench.core.config.int8 else 0):
        m, k, n = (int(v) for v in bench.rng.integers(1, 14, 3))
        floats.multiply(m, k, n)
        bench.multiply(m, k, n, modes[index % 4])


@bench_test
def stalls(bench):
    """Every pattern on every stream, alone and together: a beat out of phase would reach another sum."""
    floats, shape = Floats(bench), bench.core.config
    kinds = [
        {stream: Stall(kind, chance, length)}
        for stream in "wam"
        for kind, chance, length in (("random", 0.3, 1), ("random", 0.9, 1), ("bursts", 0, 60))
    ]
    kinds += [
        "random",
        "bursts",
        {"w": "bursts", "a": "random", "m": "random"},
        {"m": Stall("block", length=2000)},
    ]
    for kind in kinds:
        bench.stall(kind)
        for most in (3, 1)[:: stride(2)]:
            floats.multiply(
                *(int(bench.rng.integers(1, most * side + 1)) for side in (4 * shape.rows, 6, shape.cols))
            )


@bench_test
def chained(bench):
    """K beyond K_MAX: the sums continue, in one transfer or many."""
    floats, shape = Floats(bench), bench.core.config
    for k in (shape.k_max + 1, 2 * shape.k_max, 3 * shape.k_max - 1):
        floats.multiply(4 * shape.rows + 1, k, shape.cols)
    for limit in (1, 7, 40):
        floats.multiply(9 * shape.rows, 5, 2 * shape.cols, limit=limit)


@bench_test
def order_of_the_sum(bench):
    """2^24 and then ones: each one is lost, in this order and in no other."""
    one, big = 0x3F80, 0x4B80
    rows, cols = 4 * bench.core.config.rows, bench.core.config.cols
    a = np.full((rows, 9), one, np.uint16)
    a[:, 0] = big
    got, _ = bench.core.matmul_bf16(a, np.full((9, cols), one, np.uint16))
    assert (got == 0x4B800000).all()
    got, _ = bench.core.matmul_bf16(a[:, ::-1].copy(), np.full((9, cols), one, np.uint16))
    assert (got == 0x4B800004).all()  # 8 + 2^24
