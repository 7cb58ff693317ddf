# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""fp32_to_int8 in the simulator.

What could be wrong here: the product not rounded to float32 before it is rounded to an integer (products
halfway between two float32, next to or on x.5, show it); ties; a subnormal factor treated as zero, or as
normal; infinity * 0, infinity * tiny; a NaN that saturates; the zero point added before saturation.
"""

import cocotb
import numpy as np

from macrame.golden.arith.fp32_to_int8 import fp32_to_int8
from tb.lib import stimuli
from tb.lib.vectors import TB, share


@cocotb.test(timeout_time=1, timeout_unit="sec")
async def equals_golden(dut):
    tb = TB(dut)
    count = share(200_000, of=8)
    columns = stimuli.quantiser(tb.rng, count)
    ties = stimuli.quantiser_ties(columns)
    dut._log.info("%d vectors, ties %s", columns["x"].size, ties)
    assert columns["x"].size >= count
    assert ties["product"] >= count // 20, ties
    assert ties["integer"] >= count // 5, ties
    await tb.check(fp32_to_int8(**columns), **columns)


@cocotb.test(timeout_time=1, timeout_unit="sec")
async def worked_example(dut):
    """The homework's matrix: scale 2.9 / 127, zero point 0."""
    x = np.float32([[2.9, 0.59, -1.35], [1.5, 1.47, -0.75], [0.7, 0.35, 2.5]])
    expected = np.int8([[127, 26, -59], [66, 64, -33], [31, 15, 109]])
    await TB(dut).check(expected, x=x, inv_scale=np.float32(127 / 2.9), zero_point=0)
