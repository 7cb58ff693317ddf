# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""mul16x16 in the simulator: random pairs, every power of two with either sign, and the ends of the range;
-2^15 * -2^15 alone needs bit 30."""

import cocotb
import numpy as np

from macrame.golden.arith.mul16x16 import mul16x16
from tb.lib.vectors import TB, check_enable


def pairs(rng, n):
    """All pairs of corners, and `n` random ones, in random order."""
    powers = [sign * 2**bit + off for bit in range(15) for sign in (1, -1) for off in (-1, 0, 1)]
    corners = np.array([-(2**15), 2**15 - 1, *powers])
    a, b = (axis.ravel() for axis in np.meshgrid(corners, corners))
    more = rng.integers(-(2**15), 2**15, (2, n))
    both = np.concatenate([np.stack([a, b]), more], axis=1)
    return rng.permutation(both, axis=1).astype(np.int16)


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def equals_golden(dut):
    tb = TB(dut)
    a, b = pairs(tb.rng, 50_000)
    await tb.check(mul16x16(a, b), enable=1, a=a, b=b)


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def rests_while_enable_is_low(dut):
    tb = TB(dut)
    a, b = tb.rng.integers(-(2**15), 2**15, (2, 5_000)).astype(np.int16)
    await check_enable(tb, mul16x16(a, b), latency=2, a=a, b=b)
