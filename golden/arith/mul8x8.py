# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Golden model of ``rtl/array/mul8x8.v``: the signed 8 x 8 bit product."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def mul8x8_plain(a: int, b: int) -> int:
    """Product of two int8 values by shift and add, the highest bit of `b` with weight -128.

    Parameters
    ----------
    a, b : int
        -128..127.

    Returns
    -------
    int
        ``a * b``, -16256..16384: it fits 16 bits signed, -128 * -128 included.
    """
    product = 0
    for bit in range(7):
        product += (a << bit) * ((b >> bit) & 1)
    return product - (a << 7) * ((b >> 7) & 1)


def mul8x8(a: ArrayLike, b: ArrayLike) -> NDArray[np.int16]:
    """Products of int8 arrays.

    Parameters
    ----------
    a, b : array_like of int8
        Any shapes that broadcast.

    Returns
    -------
    ndarray of int16
        The exact products.
    """
    return np.multiply(np.asarray(a, np.int8), np.asarray(b, np.int8), dtype=np.int16)
