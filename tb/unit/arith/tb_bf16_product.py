# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""bf16_product in the simulator.

What could be wrong here that bf16_mul's bench does not see, since the multiplier hides it: a significand's
product sampled a cycle early or late, or taken from the operands instead of from the port. So the products
given here are not those of the fractions, but any that two factors of the same kinds could have.
"""

import cocotb
import numpy as np

from macrame.golden.arith.bf16_product import bf16_product
from tb.lib import float_stimuli
from tb.lib.vectors import TB, check_enable


def operands(rng, n):
    """Pairs, and a product for each that two significands of the same lengths may have."""
    a, b = float_stimuli.bf16_products(rng, n)
    lead = [np.where(x & 0x7F80, rng.integers(128, 256, x.size), x & 0x7F) for x in (a, b)]
    return {"a": a, "b": b, "product": (lead[0] * lead[1]).astype(np.uint16)}


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def equals_golden(dut):
    tb = TB(dut)
    columns = operands(tb.rng, 80_000)
    await tb.check(bf16_product(**columns), enable=1, **columns)


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def rests_while_enable_is_low(dut):
    tb = TB(dut)
    columns = {name: column[:5_000] for name, column in operands(tb.rng, 20_000).items()}
    await check_enable(tb, bf16_product(**columns), latency=4, **columns)
