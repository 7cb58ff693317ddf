# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""mul34x32 in the simulator: a partial product of wrong sign or place shows at the extremes of each half."""

import cocotb
import numpy as np

from macrame.golden.arith.mul34x32 import mul34x32
from tb.lib import stimuli
from tb.lib.vectors import TB


@cocotb.test(timeout_time=1, timeout_unit="sec")
async def mul34x32_products(dut):
    """Extremes of all four partial products, then every magnitude; the low digit of a may be 2^16."""
    tb = TB(dut)
    ends = np.array([0, 1, 2**15 - 1, 2**15, 2**16 - 1, 2**16])
    highs, lows, ends_b = np.meshgrid([-(2**16), -1, 0, 1, 2**16 - 1], ends, stimuli.signed(tb.rng, 32, 8))
    a, b = stimuli.signed(tb.rng, 33, 40_000), stimuli.signed(tb.rng, 32, 40_000)
    a_high, a_low = a >> 16, a & 0xFFFF
    full = (a_low == 0) & (a_high > -(2**16))  # the same number, its low digit 2^16
    a_high, a_low = np.where(full, a_high - 1, a_high), np.where(full, 2**16, a_low)
    assert full.sum() > 100
    a_high, a_low = np.concatenate([a_high, highs.ravel()]), np.concatenate([a_low, lows.ravel()])
    b = np.concatenate([b, ends_b.ravel()])
    await tb.check(mul34x32(a_high, a_low, b), a_high=a_high, a_low=a_low, b=b.astype(np.int32))
