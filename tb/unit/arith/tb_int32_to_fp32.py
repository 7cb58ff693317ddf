# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""int32_to_fp32 in the simulator.

What could be wrong here: -2^31, whose size does not fit an int32; 0, which has no leading one; ties at every
length, and numbers next to them; a carry out of rounding to the next power of two.
"""

import cocotb
import numpy as np

from macrame.golden.arith.int32_to_fp32 import int32_to_fp32
from tb.lib import stimuli
from tb.lib.vectors import TB, check_enable


def numbers(rng, n):
    """Powers of two and what is around them; then ties of 25 to 31 bits, on and off by one; then any size."""
    corners = (1 << np.arange(32))[:, None] + np.arange(-3, 4)
    dropped = rng.integers(1, 8, n)
    kept = rng.integers(2**23, 2**24, n)
    kept = np.where(rng.random(n) < 0.2, 2**24 - 1, kept)
    ties = (kept << dropped) + (1 << dropped - 1) + rng.integers(-1, 2, n)
    x = np.concatenate([[0], corners.ravel(), ties, stimuli.signed(rng, 32, n)])
    x = np.concatenate([x, -x])
    return x[(x >= -(2**31)) & (x < 2**31)].astype(np.int32)


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def equals_golden(dut):
    tb = TB(dut)
    x = tb.rng.permutation(numbers(tb.rng, 30_000))
    await tb.check(int32_to_fp32(x), enable=1, x=x)


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def rests_while_enable_is_low(dut):
    tb = TB(dut)
    x = tb.rng.permutation(numbers(tb.rng, 1_000))
    await check_enable(tb, int32_to_fp32(x), latency=4, x=x)
