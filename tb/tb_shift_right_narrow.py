# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""shift_right_narrow in the simulator.

What could be wrong here: a step that drops a bit which a later one would have kept, or keeps one it should
have compared with the sign; a sticky bit lost between two steps.
"""
import cocotb
import numpy as np

from golden.arith.shift_right_narrow import shift_right_narrow
from tb import stimuli
from tb.vectors import TB


@cocotb.test(timeout_time=1, timeout_unit="sec")
async def shift_right_narrow_saturates(dut):
    """Every shift, results on both sides of the limits; guard and sticky count where v is not saturated."""
    tb = TB(dut)
    n = 60_000
    right = tb.rng.integers(0, 32, n)
    near = tb.rng.integers(-300, 300, n) << right
    y = np.where(tb.rng.random(n) < 0.5, stimuli.signed(tb.rng, 33, n), near)
    y = np.clip(y + tb.rng.integers(-2, 3, n), -(2**32), 2**32 - 1)
    v, guard, sticky = shift_right_narrow(y, right)
    inside = (y >> right == v)
    got = await tb.results(y=y, right=right.astype(np.uint8))
    expected = ((v & 511) << 2 | guard << 1 | sticky).astype(np.uint16)
    wrong = np.flatnonzero(np.where(inside, got != expected, got >> 2 != expected >> 2))
    if wrong.size:
        raise AssertionError(f"{wrong.size} of {n} differ\n" + "\n".join(
            f"[{i}] y={y[i]:x} right={right[i]}: expected {expected[i]:04x}, got {got[i]:04x}"
            for i in wrong[:5]))
