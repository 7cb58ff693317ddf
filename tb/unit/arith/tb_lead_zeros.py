# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""lead_zeros in the simulator: every count, with ones and zeros below; the two words that share a count."""

import cocotb
import numpy as np

from macrame.golden.arith.lead_zeros import lead_zeros
from tb.lib.vectors import TB


@cocotb.test(timeout_time=1, timeout_unit="sec")
async def lead_zeros_counts(dut):
    """Every length, with ones and zeros below; words of one bit, and 0."""
    tb = TB(dut)
    ones = np.uint64(1) << np.arange(33, dtype=np.uint64)
    x = np.concatenate(
        [
            ones[:32],
            ones - np.uint64(1),
            tb.rng.integers(0, 2**32, 20_000).astype(np.uint64)
            >> tb.rng.integers(0, 32, 20_000).astype(np.uint64),
        ]
    ).astype(np.uint32)
    await tb.check(lead_zeros(x), x=x)
