# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""vector_lane in the simulator.

What could be wrong here: an operand of the table in its header, or its sign; a number delayed by a cycle too
many or too few alongside the multiplier (the operation changes with every vector, so neighbours have nothing
in common); -0 where +0 belongs, and back; a NaN that ReLU drops, or a y that is one and counts as positive; x
+ s * y rounded once instead of twice; a rounding, or its random bits, of the neighbour. The operands are
corner cases of adders and multipliers.
"""

import cocotb
import numpy as np

from macrame.golden.vector_unit import OPERATIONS, vector_unit
from tb.lib import float_stimuli
from tb.lib.vectors import TB, check_enable


def operands(rng, n):
    """`n` vectors of each operation, as columns, and the golden model's results."""
    parts = []
    for op, code in OPERATIONS.items():
        x, y = (float_stimuli.products if op == "mul" else float_stimuli.sums)(rng, n)
        order = rng.permutation(x.size)[:n]
        x, y, s = x[order], y[order], np.zeros(n, np.uint32)
        if (
            op == "axpy"
        ):  # few scalars, since golden takes one at a time; y is derived from 4 for corner cases of s * y
            pool = float_stimuli.float32_bits(rng, rng.integers(0, 256, 60))
            with np.errstate(all="ignore"):
                quarter = (y.view(np.float32) / np.float32(4)).view(np.uint32)
            four = rng.random(n) < 0.5
            s = np.where(four, 0x40800000, rng.choice(pool, n)).astype(np.uint32)
            y = np.where(four, quarter, y)
        parts.append([np.full(n, code), x, y, s])
    op, x, y, s = (np.concatenate(column).astype(np.uint32) for column in zip(*parts))
    out = rng.integers(0, 4, op.size)
    random = rng.integers(0, 65536, op.size).astype(np.uint16)
    order = rng.permutation(op.size)
    columns = {
        "op": op,
        "x": x,
        "y": y,
        "s": s,
        "narrow": out != 0,
        "rounding": (out - 1) % 4,
        "random": random,
    }
    columns = {name: column[order] for name, column in columns.items()}
    return columns, expected(out[order], **columns)


def expected(out, op, x, y, s, random, **_):
    """The golden model's results, each in 32 bits."""
    found = np.zeros(op.size, np.uint32)
    for name, code in OPERATIONS.items():
        for format_ in range(4):
            rows = np.flatnonzero((op == code) & (out == format_))
            scalars = np.unique(s[rows]) if name == "axpy" else [None]
            for scalar in scalars:
                some = rows if scalar is None else rows[s[rows] == scalar]
                found[some] = vector_unit(
                    name,
                    x[some],
                    None if name == "relu" else y[some],
                    None if scalar is None else scalar.view(np.float32),
                    format_,
                    random[some] if format_ == 3 else None,
                )
    return found


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def equals_golden(dut):
    tb = TB(dut)
    columns, results = operands(tb.rng, 10_000)
    counts = np.bincount(columns["op"])
    assert (counts == 10_000).all(), counts
    await tb.check(results, enable=1, **columns)


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def rests_while_enable_is_low(dut):
    tb = TB(dut)
    columns, results = operands(tb.rng, 500)
    await check_enable(tb, results, latency=16, **columns)
