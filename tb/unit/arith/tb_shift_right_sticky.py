# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""shift_right_sticky in the simulator.

What could be wrong here: a bit that is lost between two steps, or counted by one that does not shift. So:
every single bit and every pair of neighbours at every shift, then random words with few bits set.
"""

import cocotb
import numpy as np

from macrame.golden.arith.shift_right_sticky import shift_right_sticky
from tb.lib.vectors import TB


@cocotb.test(timeout_time=1, timeout_unit="sec")
async def equals_golden(dut):
    tb = TB(dut)
    n = 40_000
    single = np.concatenate([[0], 1 << np.arange(26), 3 << np.arange(25), [2**26 - 1]])
    x, right = (g.ravel() for g in np.meshgrid(single, np.arange(32)))
    few = tb.rng.integers(0, 2**26, (3, n))
    x = np.concatenate([x, few[0] & few[1] & few[2], few[0]])
    right = np.concatenate([right, tb.rng.integers(0, 32, 2 * n)]).astype(np.uint8)
    y, sticky = shift_right_sticky(x, right)
    await tb.check((y << 1 | sticky).astype(np.uint32), x=x, right=right)
