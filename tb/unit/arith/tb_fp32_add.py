# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""fp32_add in the simulator.

What could be wrong here: the smaller number aligned by one too many where it is subnormal; its last bit lost
in between, so that a value next to a tie is taken for one; rounding in the wrong one of three places; a
carry out of rounding; leading zeros miscounted, or counted past the smallest exponent; x - x = -0; (-0) +
(-0) = +0; a sum just below or just above the largest number; the sign of infinity, the bits of a NaN; a stage
that runs on while `enable` is low. sums() seeks each of them, and the bench says how often it found it.
"""

import cocotb
import numpy as np

from macrame.golden.arith.fp32_add import fp32_add
from tb.lib import float_stimuli
from tb.lib.vectors import TB, check_enable, share

#: How often each kind must occur among 200,000 pairs, and among 50,000.
LEAST = {
    "tie": (20_000, 5_000),
    "zero": (3_000, 750),
    "subnormal": (8_000, 2_000),
    "overflow": (10_000, 2_500),
    "one_unit": (3_000, 750),
    "round_carry": (1_500, 400),
    "nan": (900, 500),
    "distances": (512, 512),
}


@cocotb.test(timeout_time=100, timeout_unit="ms")
async def equals_golden(dut):
    tb = TB(dut)
    count = share(200_000)
    a, b = float_stimuli.sums(tb.rng, count)
    kinds = float_stimuli.sum_kinds(a, b)
    dut._log.info("%d vectors, %s", a.size, kinds)
    assert a.size >= count
    assert all(kinds[kind] >= least[count < 200_000] for kind, least in LEAST.items()), kinds
    await tb.check(fp32_add(a, b), enable=1, a=a, b=b)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def negative_zero_is_nothing(dut):
    """x + (-0) = x, -0 included: what a cell feeds when it has nothing to add. Also with operands swapped."""
    x = np.concatenate([float_stimuli.FLOAT_CORNERS, np.arange(512, dtype=np.uint32) << 23])
    x = x[x & 0x7FFFFFFF <= 0x7F800000]
    await TB(dut).check(x, enable=1, a=x, b=0x80000000)
    await TB(dut).check(x, enable=1, a=0x80000000, b=x)


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def rests_while_enable_is_low(dut):
    tb = TB(dut)
    a, b = (v[:5_000] for v in float_stimuli.sums(tb.rng, 20_000))
    await check_enable(tb, fp32_add(a, b), latency=4, a=a, b=b)
