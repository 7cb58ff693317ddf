# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""mul9x9 in the simulator: all 262,144 pairs; -256 * -256 alone needs bit 16, 255 * 255 all 16 of a
significand's."""

import cocotb
import numpy as np

from macrame.golden.arith.mul9x9 import mul9x9
from tb.lib.vectors import TB, check_enable


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def all_pairs(dut):
    """In random order: neighbours have nothing in common, so a stale register shows."""
    tb = TB(dut)
    pairs = tb.rng.permutation(2**18)
    a, b = ((p - 256).astype(np.int16) for p in (pairs >> 9, pairs & 511))
    await tb.check(mul9x9(a, b), enable=1, a=a, b=b)


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def rests_while_enable_is_low(dut):
    tb = TB(dut)
    a, b = tb.rng.integers(-256, 256, (2, 5_000)).astype(np.int16)
    await check_enable(tb, mul9x9(a, b), latency=2, a=a, b=b)
