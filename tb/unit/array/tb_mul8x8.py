# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""mul8x8 in the simulator: all 65,536 pairs; -128 * -128 alone needs the 16th bit."""

import cocotb
import numpy as np

from macrame.golden.arith.mul8x8 import mul8x8
from tb.lib.vectors import TB


@cocotb.test(timeout_time=1, timeout_unit="sec")
async def all_pairs(dut):
    a, b = (g.ravel() for g in np.meshgrid(*[np.arange(-128, 128).astype(np.int8)] * 2))
    await TB(dut).check(mul8x8(a, b), a=a, b=b)


@cocotb.test(timeout_time=1, timeout_unit="sec")
async def shuffled_pairs(dut):
    """The same in random order: neighbours have nothing in common, so a stale register shows."""
    tb = TB(dut)
    pairs = tb.rng.permutation(65536)
    a, b = (pairs >> 8).astype(np.uint8).view(np.int8), (pairs & 255).astype(np.uint8).view(np.int8)
    await tb.check(mul8x8(a, b), a=a, b=b)
