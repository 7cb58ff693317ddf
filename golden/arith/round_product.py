# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Golden model of ``rtl/arith/round_product.v``: a product without its low half."""
import numpy as np


def round_product_plain(fp: bool, p: int) -> int:
    """``p / 2^31``, rounded.

    Parameters
    ----------
    fp : bool
        False: to an integer, ties up. True: to 24 significant bits, ties to even.
    p : int
        int64, below 2^63 - 2^30. With `fp`: 0, or 2^54..2^56 - 1, a multiple of 2^8.

    Returns
    -------
    int
        33 bits signed.
    """
    if not fp:
        return (p + 2**30) >> 31
    unit = 2 ** max(p.bit_length() - 24, 0)  # of the 24th significant bit
    kept, rest = divmod(p, unit)
    up = 2 * rest > unit or (2 * rest == unit and kept % 2 == 1)
    return (kept + up) * unit >> 31


def round_product(fp, p):
    """`round_product_plain` on arrays.

    Parameters
    ----------
    fp : array_like of bool
    p : array_like of int64

    Returns
    -------
    ndarray of int64
    """
    p = np.asarray(p, np.int64)
    unit = np.where(p >= 2**55, 2**32, 2**31)
    even = (p // unit) & 1
    return np.where(fp, (p + unit // 2 - 1 + even) // unit * (unit >> 31), ((p >> 30) + 1) >> 1)
