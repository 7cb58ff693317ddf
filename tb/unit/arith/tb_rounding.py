# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""rounding in the simulator: its whole table, 64 inputs."""

import cocotb
import numpy as np

from macrame.golden.arith.rounding import rounding
from tb.lib.vectors import TB


@cocotb.test(timeout_time=1, timeout_unit="sec")
async def rounding_table(dut):
    """All 64 inputs."""
    bits = np.arange(64).astype(np.uint8)
    rule, negative, lsb, guard, sticky = bits >> 4, bits >> 3 & 1, bits >> 2 & 1, bits >> 1 & 1, bits & 1
    up = rounding(rule, negative, lsb, guard, sticky).astype(np.uint8)
    await TB(dut).check(up, rule=rule, negative=negative, lsb=lsb, guard=guard, sticky=sticky)
