# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""mul8x8_pair in the simulator: all 65,536 pairs in both halves, each next to a different one."""

import cocotb
import numpy as np

from macrame.golden.arith.mul8x8 import mul8x8
from tb.lib.vectors import TB


@cocotb.test(timeout_time=1, timeout_unit="sec")
async def all_pairs_twice(dut):
    tb = TB(dut)
    orders = (tb.rng.permutation(65536).astype(np.uint16) for _ in range(2))
    (a0, b0), (a1, b1) = ((order >> 8, order & 255) for order in orders)
    a0, b0, a1, b1 = (byte.astype(np.uint8).view(np.int8) for byte in (a0, b0, a1, b1))
    high, low = (mul8x8(a, b).view(np.uint16).astype(np.uint32) for a, b in ((a1, b1), (a0, b0)))
    await tb.check(high << 16 | low, a0=a0, b0=b0, a1=a1, b1=b1)
