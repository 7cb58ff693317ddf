# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Golden model of ``rtl/arith/mul9x9.v``: the signed 9 x 9 bit product."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def mul9x9_plain(a: int, b: int) -> int:
    """Product of two 9-bit numbers by shift and add, the highest bit of `b` with weight -256.

    Parameters
    ----------
    a, b : int
        -256..255.

    Returns
    -------
    int
        ``a * b``, -65280..65536: it fits 18 bits signed.
    """
    product = 0
    for bit in range(8):
        product += (a << bit) * ((b >> bit) & 1)
    return product - (a << 8) * ((b >> 8) & 1)


def mul9x9(a: ArrayLike, b: ArrayLike) -> NDArray[np.int32]:
    """Products of 9-bit arrays.

    Parameters
    ----------
    a, b : array_like of int
        -256..255; they broadcast.

    Returns
    -------
    ndarray of int32
        The exact products.
    """
    return np.multiply(a, b, dtype=np.int32)
