# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Golden model of ``rtl/arith/mul16x16.v``: the signed 16 x 16 bit product."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def mul16x16_plain(a: int, b: int) -> int:
    """Product of two 16-bit numbers by shift and add, the highest bit of `b` with weight -2^15.

    Parameters
    ----------
    a, b : int
        -32768..32767.

    Returns
    -------
    int
        ``a * b``, at most 2^30: it fits 32 bits signed.
    """
    product = 0
    for bit in range(15):
        product += (a << bit) * ((b >> bit) & 1)
    return product - (a << 15) * ((b >> 15) & 1)


def mul16x16(a: ArrayLike, b: ArrayLike) -> NDArray[np.int32]:
    """Products of int16 arrays.

    Parameters
    ----------
    a, b : array_like of int16
        They broadcast.

    Returns
    -------
    ndarray of int32
        The exact products.
    """
    return np.asarray(a, np.int16).astype(np.int32) * np.asarray(b, np.int16)
