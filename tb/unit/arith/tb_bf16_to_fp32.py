# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""bf16_to_fp32 in the simulator: all 65,536 numbers."""

import cocotb
import numpy as np

from macrame.golden.arith.bf16_to_fp32 import bf16_to_fp32
from tb.lib.vectors import TB


@cocotb.test(timeout_time=1, timeout_unit="sec")
async def all_numbers(dut):
    x = np.arange(65536).astype(np.uint16)
    await TB(dut).check(bf16_to_fp32(x), x=x)
