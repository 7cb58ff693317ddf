# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""mul34x32 in the simulator: a partial product of wrong sign or place shows at the extremes of each half."""
import cocotb
import numpy as np

from golden.arith.mul34x32 import mul34x32
from tb import stimuli
from tb.vectors import TB


@cocotb.test(timeout_time=1, timeout_unit="sec")
async def mul34x32_products(dut):
    """Extremes of all four partial products, then every magnitude; a needs its 34 bits."""
    tb = TB(dut)
    a, b = stimuli.signed(tb.rng, 34, 40_000), stimuli.signed(tb.rng, 32, 40_000)
    ends_a, ends_b = np.meshgrid(stimuli.signed(tb.rng, 34, 8), stimuli.signed(tb.rng, 32, 8))
    a, b = np.concatenate([a, ends_a.ravel()]), np.concatenate([b, ends_b.ravel()])
    await tb.check(mul34x32(a, b), a=a, b=b.astype(np.int32))
