# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""scale_to_int8 in the simulator: the datapath by its own contract, whatever requantize makes of it."""

import cocotb
import numpy as np

from macrame.golden.arith.scale_to_int8 import scale_to_int8
from tb.lib import stimuli
from tb.lib.vectors import TB


@cocotb.test(timeout_time=1, timeout_unit="sec")
async def scale_to_int8_rules(dut):
    """The integer rules with any operands, fp32 with significands; parameters change every cycle."""
    tb = TB(dut)
    n = 20_000
    a = np.concatenate([stimuli.signed(tb.rng, 32, 2 * n), tb.rng.integers(2**23, 2**24 + 1, n) << 8])
    a[-8:] = 2**32
    b = np.concatenate([stimuli.signed(tb.rng, 32, 2 * n), tb.rng.integers(2**23, 2**24, n)])
    rule = np.repeat([1, 2, 3], n)
    negate = (rule == 3) & (tb.rng.random(3 * n) < 0.5)
    size = np.frexp(np.abs(a.astype(float) * b / 2**31) + 1e-9)[1]
    right = np.clip(size - tb.rng.integers(0, 11, 3 * n), 0, 31)
    clamps = stimuli.clamps(tb.rng, 3 * n)
    order = tb.rng.permutation(3 * n)
    a_high = np.where(rule == 3, a - 1, a) >> 16  # 2^24 << 8 comes with a low digit of 2^16
    columns = {
        "rule": rule,
        "a_high": a_high,
        "a_low": a - (a_high << 16),
        "b": b,
        "negate": negate,
        "right": right,
        **clamps,
    }
    columns = {k: c[order] for k, c in columns.items()}
    await tb.check(scale_to_int8(**columns), **columns)
