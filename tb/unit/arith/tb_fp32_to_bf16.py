# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""fp32_to_bf16 in the simulator.

What could be wrong here: the tie, its parity, one ulp on either side of it; the carry into exponent and
infinity; subnormals flushed; a NaN whose payload sits in the low half alone and would become infinity; a NaN
carried into the sign (7FFF_FFFF); `<` against `<=` in stochastic rounding. Every upper half is combined
with every lower half that matters, so all carries and all NaNs are here.
"""

import cocotb
import numpy as np

from macrame.golden.arith.fp32_to_bf16 import fp32_to_bf16
from tb.lib.vectors import TB, share

LOWER = np.array([0, 1, 0x7FFF, 0x8000, 0x8001, 0xFFFF], np.uint32)
# each sign and kind of number; the low half is the number of random operands that must round up
SPREAD = [
    0x00000000,
    0x00000001,
    0x0000FFFF,
    0x80008000,
    0x007F8001,
    0x007FFFFF,
    0x3F800001,
    0x3F807FFF,
    0xBF808000,
    0x4049C3A5,
    0xC2F61234,
    0x7F7FFFFF,
    0xFF7F0002,
    0x7F800000,
    0xFF800000,
]


@cocotb.test(timeout_time=1, timeout_unit="sec")
@cocotb.parametrize(rounding=[0, 1, 2, 3])
async def every_upper_half(dut, rounding):
    tb = TB(dut)
    x = ((np.arange(65536, dtype=np.uint32)[:, None] << np.uint32(16)) | LOWER).ravel()
    # 3 is the spare code, nearest even like 0: a sixth of the numbers is enough
    x = x[tb.rng.permutation(x.size)[: 65536 if rounding == 3 else share(x.size, of=6)]]
    random = tb.rng.integers(0, 65536, x.size).astype(np.uint16)
    random[::4] = (x[::4] & 0xFFFF).astype(np.uint16)  # random = x[15:0]: just not up
    await tb.check(fp32_to_bf16(x, rounding, random), x=x, rounding=rounding, random=random)


@cocotb.test(timeout_time=1, timeout_unit="sec")
async def round_ups_are_counted_by_the_low_half(dut):
    """Over all 65,536 random operands the number of round-ups is x[15:0] exactly: no bias, by counting."""
    tb = TB(dut)
    spread = np.array(SPREAD + tb.rng.integers(0, 0x7F800000, 3).tolist(), np.uint32)
    spread = tb.rng.permutation(spread)[: share(spread.size, of=6)]
    random = np.arange(65536).astype(np.uint16)
    y = await tb.results(x=np.repeat(spread, random.size), rounding=2, random=np.tile(random, spread.size))
    step = y.reshape(spread.size, random.size).astype(np.int64) - (spread >> np.uint32(16))[:, None]
    for x, steps in zip(spread, step):
        assert set(np.unique(steps)) <= {0, 1}, f"x={x:08x} moves by {np.unique(steps)}"
        assert steps.sum() == x & 0xFFFF, f"x={x:08x} rounds up {steps.sum()} times, {x & 0xFFFF} expected"
