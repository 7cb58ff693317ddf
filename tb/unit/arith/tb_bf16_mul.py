# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""bf16_mul in the simulator.

What could be wrong here: a subnormal factor with a leading one, or with the exponent 0; a product of 15 bits
put where one of 16 belongs; a subnormal result not rounded, rounded twice or at the wrong place, its tie, or
a value one bit off the tie; a subnormal result that rounds to the smallest normal; the largest product
that is finite, and the smallest that is not; infinity * 0, signs of zeros; a stage that runs on while
`enable` is low. bf16_products() seeks each of them, with every pair of exponents, and the bench says how
often it found it.
"""

import cocotb

from macrame.golden.arith.bf16_mul import bf16_mul
from tb.lib import float_stimuli
from tb.lib.vectors import TB, check_enable, share

#: How often each kind must occur among 200,000 pairs, and among 100,000.
LEAST = {
    "subnormal_tie": (20_000, 5_000),
    "beside": (600, 120),
    "places": (15, 15),
    "subnormal": (100_000, 30_000),
    "overflow": (13_000, 9_000),
    "nan": (1_000, 1_000),
    "exponents": (65_536, 65_536),
}


@cocotb.test(timeout_time=100, timeout_unit="ms")
async def equals_golden(dut):
    tb = TB(dut)
    count = share(200_000, of=2)
    a, b = float_stimuli.bf16_products(tb.rng, count)
    kinds = float_stimuli.product_kinds(a, b)
    dut._log.info("%d vectors, %s", a.size, kinds)
    assert a.size >= count
    assert all(kinds[kind] >= least[count < 200_000] for kind, least in LEAST.items()), kinds
    await tb.check(bf16_mul(a, b), enable=1, a=a, b=b)


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def rests_while_enable_is_low(dut):
    tb = TB(dut)
    a, b = (v[:5_000] for v in float_stimuli.bf16_products(tb.rng, 20_000))
    await check_enable(tb, bf16_mul(a, b), latency=4, a=a, b=b)
