# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""fp32_mul in the simulator.

What could be wrong here: a subnormal factor with a leading one, or shifted by one too many; a product of 47
bits rounded where one of 48 is; a tie, or a value just off it, in each of the 22 bits that only count as
sticky; a subnormal result rounded at the wrong place; a carry out of rounding, also into infinity and into
the smallest normal; infinity * 0; zero with a large exponent on the other side; a stage that runs on while
`enable` is low. products() seeks each of them, with every pair of exponents, and the bench says how often it
found it.
"""

import cocotb

from macrame.golden.arith.fp32_mul import fp32_mul
from tb.lib import float_stimuli
from tb.lib.vectors import TB, check_enable, share

#: How often each kind must occur among 200,000 pairs, and among 100,000.
LEAST = {
    "tie": (15_000, 5_000),
    "subnormal_tie": (6_500, 1_600),
    "beside": (16_000, 4_000),
    "places": (20, 20),
    "subnormal": (50_000, 20_000),
    "overflow": (18_000, 11_000),
    "nan": (1_000, 1_000),
    "exponents": (65_536, 65_536),
}


@cocotb.test(timeout_time=100, timeout_unit="ms")
async def equals_golden(dut):
    tb = TB(dut)
    count = share(200_000, of=2)
    a, b = float_stimuli.products(tb.rng, count)
    kinds = float_stimuli.product_kinds(a, b)
    dut._log.info("%d vectors, %s", a.size, kinds)
    assert a.size >= count
    assert all(kinds[kind] >= least[count < 200_000] for kind, least in LEAST.items()), kinds
    await tb.check(fp32_mul(a, b), enable=1, a=a, b=b)


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def rests_while_enable_is_low(dut):
    tb = TB(dut)
    a, b = (v[:5_000] for v in float_stimuli.products(tb.rng, 80_000))
    await check_enable(tb, fp32_mul(a, b), latency=10, a=a, b=b)
