# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Golden model of ``rtl/arith/round_product.v``: a product without its low half."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def round_product_plain(fp: bool, p: int) -> tuple[int, int]:
    """``p / 2^31``, rounded, as two addends.

    Parameters
    ----------
    fp : bool
        False: to an integer, ties up. True: to 24 significant bits, ties to even.
    p : int
        int64, below 2^63 - 2^30. With `fp`: 0, or 2^54..2^56 - 1, a multiple of 2^8.

    Returns
    -------
    y : int
        33 bits signed.
    up : int
        0 or 1; ``y + up`` is the result.
    """
    if not fp:
        return p >> 31, p >> 30 & 1
    unit = 2 ** max(p.bit_length() - 24, 0)  # of the 24th significant bit
    kept, rest = divmod(p, unit)
    up = 2 * rest > unit or (2 * rest == unit and kept % 2 == 1)
    places = unit // 2**31  # 2 where 48 bits were rounded: then the increment is twice `up`, one of them in y
    return (kept * unit >> 31) + (up if places == 2 else 0), int(up)


def round_product(fp: ArrayLike, p: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """`round_product_plain` on arrays.

    Parameters
    ----------
    fp : array_like of bool
    p : array_like of int64

    Returns
    -------
    y : ndarray of int64
    up : ndarray of int64
    """
    p, fp = np.asarray(p, np.int64), np.asarray(fp, bool)
    double = fp & (p >= 2**55)
    unit = np.where(double, 2**32, 2**31)
    kept, rest = p // unit, p % unit
    up = np.where(fp, 2 * rest + (kept & 1) > unit, p >> 30 & 1).astype(np.int64)
    return kept * (unit >> 31) + np.where(double, up, 0), up
