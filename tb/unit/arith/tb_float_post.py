# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""float_post in the simulator.

What could be wrong here: ReLU of a NaN, of -0, of minus infinity; bits above a bfloat16; a rounding, a ReLU
or a random operand of the previous or next number (they all change with every number); a bfloat16 that is not
rounded from the sum after ReLU; a stage that runs on while `enable` is low.
"""

import cocotb
import numpy as np

from macrame.golden.arith.float_post import float_post
from tb.lib import float_stimuli
from tb.lib.vectors import TB, check_enable, share


def columns(tb, count):
    """Sums of every kind; random operands near the bits that they are compared with."""
    x, bias = float_stimuli.sums(tb.rng, count)
    lower = float_post(x, bias, 0, 0) & 0xFFFF
    near = tb.rng.integers(-1, 2, x.size)
    random = np.where(tb.rng.random(x.size) < 0.5, lower + near, tb.rng.integers(0, 65536, x.size)) & 0xFFFF
    return {
        "kind": tb.rng.integers(0, 4, x.size).astype(np.uint8),
        "relu": tb.rng.integers(0, 2, x.size).astype(np.uint8),
        "x": x,
        "bias": bias,
        "random": random.astype(np.uint16),
    }


@cocotb.test(timeout_time=100, timeout_unit="ms")
async def equals_golden(dut):
    tb = TB(dut)
    count = share(60_000, of=2)
    inputs = columns(tb, count)
    assert inputs["x"].size >= count
    y = float_post(inputs["x"], inputs["bias"], 0, 0)
    assert ((y == 0x7FC00000) & (inputs["relu"] == 1)).sum() > 100, "hardly a NaN reaches ReLU"
    assert ((y == 0x80000000) & (inputs["relu"] == 1)).sum() > 0, "no -0 reaches ReLU"
    await tb.check(
        float_post(inputs["x"], inputs["bias"], inputs["relu"], inputs["kind"], inputs["random"]),
        enable=1,
        **inputs,
    )


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def rests_while_enable_is_low(dut):
    tb = TB(dut)
    inputs = {name: column[:5_000] for name, column in columns(tb, 20_000).items()}
    expected = float_post(inputs["x"], inputs["bias"], inputs["relu"], inputs["kind"], inputs["random"])
    await check_enable(tb, expected, latency=11, **inputs)
