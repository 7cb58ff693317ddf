# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""round_product in the simulator.

What could be wrong here: the place of the rounding for either leading bit; a sticky bit left out (each is set
alone); the carry through a significand of ones.
"""

import cocotb
import numpy as np

from macrame.golden.arith.round_product import round_product
from tb.lib import stimuli
from tb.lib.vectors import TB


@cocotb.test(timeout_time=1, timeout_unit="sec")
async def round_product_places(dut):
    """Both places of the leading one, each with every pattern of lsb, guard and one sticky bit at a time."""
    tb = TB(dut)
    fixed = np.minimum(stimuli.signed(tb.rng, 64, 30_000), 2**63 - 2**30 - 1)
    top = tb.rng.integers(2**22, 2**24, 30_000) | 2**23 >> tb.rng.integers(0, 2, 30_000)
    top = np.where(tb.rng.random(30_000) < 0.2, 2**24 - 1, top)  # all ones: the carry runs through
    low = tb.rng.integers(0, 4, 30_000) << 30 | np.where(
        tb.rng.random(30_000) < 0.6, 1 << tb.rng.integers(8, 30, 30_000), 0
    )
    low = np.where(tb.rng.random(30_000) < 0.3, low & (3 << 30), low)
    floats = np.concatenate([top << 32 | low, [0]])
    p = np.concatenate([fixed, floats])
    fp = np.arange(p.size) >= fixed.size
    y, up = round_product(fp, p)
    await tb.check(y << 1 | up, fp=fp.astype(np.uint8), p=p)
