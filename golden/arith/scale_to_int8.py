# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Golden model of ``rtl/arith/scale_to_int8.v``: multiply, round, shift right, round, zero point, clamp."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from macrame.golden.arith.mul34x32 import mul34x32, mul34x32_plain
from macrame.golden.arith.round_product import round_product, round_product_plain
from macrame.golden.arith.rounding import EVEN, rounding, rounding_plain
from macrame.golden.arith.shift_right_narrow import shift_right_narrow, shift_right_narrow_plain


def scale_to_int8_plain(
    rule: int,
    a_high: int,
    a_low: int,
    b: int,
    negate: bool,
    right: int,
    zero_point: int,
    clamp_low: int,
    clamp_high: int,
) -> int:
    """One result, in the steps of the module.

    Parameters
    ----------
    rule : int
        1 ties away, 2 ties up, 3 float32 (see the Verilog for what ``a_high * 2^16 + a_low`` and `b` may be).
    a_high : int
        17 bits signed.
    a_low : int
        0..2^16.
    b : int
        int32.
    negate : bool
        Rule 3 only.
    right : int
        0..31.
    zero_point, clamp_low, clamp_high : int
        int8.

    Returns
    -------
    int
        int8.
    """
    y, up = round_product_plain(rule == EVEN, mul34x32_plain(a_high, a_low, b))
    v, guard, extra, sticky = shift_right_narrow_plain(y, up, right)
    tie = not sticky and guard != extra
    v += rounding_plain(rule, v < 0, v % 2 == 1, True, False) if tie else guard
    return min(clamp_high, max((-v if negate else v) + zero_point, clamp_low))


def scale_to_int8(
    rule: ArrayLike,
    a_high: ArrayLike,
    a_low: ArrayLike,
    b: ArrayLike,
    negate: ArrayLike,
    right: ArrayLike,
    zero_point: ArrayLike,
    clamp_low: ArrayLike,
    clamp_high: ArrayLike,
) -> NDArray[np.int8]:
    """`scale_to_int8_plain` on arrays.

    Returns
    -------
    ndarray of int8
    """
    y, up = round_product(np.equal(rule, EVEN), mul34x32(a_high, a_low, b))
    v, guard, extra, sticky = shift_right_narrow(y, up, right)
    tie = rounding(rule, v < 0, v & 1, True, False)
    v = v + np.where(~sticky & (guard != extra), tie, guard)
    v = np.where(negate, -v, v) + np.asarray(zero_point, np.int64)
    return np.minimum(clamp_high, np.maximum(v, clamp_low)).astype(np.int8)
