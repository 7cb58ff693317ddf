# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""shift_right_narrow in the simulator.

What could be wrong here: a step that drops a bit which a later one would have kept, or keeps one it should
have compared with the sign; a bit below the guard bit not compared with `up`, or with 0 instead.
"""

import cocotb
import numpy as np

from macrame.golden.arith.shift_right_narrow import shift_right_narrow
from tb.lib import stimuli
from tb.lib.vectors import TB


@cocotb.test(timeout_time=1, timeout_unit="sec")
async def shift_right_narrow_saturates(dut):
    """Every shift, results on both sides of the limits, words of ones and zeros below the guard bit."""
    tb = TB(dut)
    n = 60_000
    right, up = tb.rng.integers(0, 32, n), tb.rng.integers(0, 2, n)
    near = tb.rng.integers(-300, 300, n) << right
    y = np.where(tb.rng.random(n) < 0.5, stimuli.signed(tb.rng, 33, n), near)
    y = np.clip(y + tb.rng.integers(-2, 3, n), -(2**32), 2**32 - 1)
    ones = tb.rng.integers(-256, 256, n) << right | (1 << np.maximum(right - tb.rng.integers(0, 2, n), 0)) - 1
    flip = np.where(tb.rng.random(n) < 0.5, 0, 1 << tb.rng.integers(0, 32, n) % np.maximum(right, 1))
    y = np.where(tb.rng.random(n) < 0.3, ones ^ flip, y)
    y = (y + 2**32) % 2**33 - 2**32
    v, guard, extra, sticky = shift_right_narrow(y, up, right)
    inside = y >> right == v
    got = await tb.results(y=y, up=up.astype(np.uint8), right=right.astype(np.uint8))
    expected = ((v & 1023) << 3 | guard << 2 | extra << 1 | sticky).astype(np.uint16)
    wrong = np.flatnonzero(np.where(inside, got != expected, got >> 3 != expected >> 3))
    if wrong.size:
        raise AssertionError(
            f"{wrong.size} of {n} differ\n"
            + "\n".join(
                f"[{i}] y={y[i]:x} up={up[i]} right={right[i]}: expected {expected[i]:04x}, got {got[i]:04x}"
                for i in wrong[:5]
            )
        )
