# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Golden model of ``rtl/arith/fp32_mul.v``: float32 x float32."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from macrame.golden.arith.fp32_add import INFINITY, NAN, bits_of, canonical, pack_plain, unpack_plain


def fp32_mul_plain(a: int, b: int) -> int:
    """One product, as bit patterns: exact, then rounded to nearest even.

    Parameters
    ----------
    a, b : int
        32 bits each.

    Returns
    -------
    int
        32 bits. Every NaN is 0x7FC00000; infinity * 0 is one.
    """
    size_a, size_b = a & 0x7FFFFFFF, b & 0x7FFFFFFF
    largest, smallest = max(size_a, size_b), min(size_a, size_b)
    if largest > INFINITY or (largest == INFINITY and smallest == 0):
        return NAN
    sign = (a ^ b) >> 31
    if largest == INFINITY:
        return sign << 31 | INFINITY
    _, significand_a, exponent_a = unpack_plain(a)
    _, significand_b, exponent_b = unpack_plain(b)
    return pack_plain(sign, significand_a * significand_b, exponent_a + exponent_b - 150)


def fp32_mul(a: ArrayLike, b: ArrayLike) -> NDArray[np.uint32]:
    """Products of float32 arrays, as NumPy multiplies them.

    Parameters
    ----------
    a, b : array_like of float32, or ndarray of uint32
        Numbers or bit patterns; they broadcast.

    Returns
    -------
    ndarray of uint32
        Bit patterns of the products, rounded to nearest even; every NaN is 0x7FC00000.
    """
    with np.errstate(all="ignore"):
        return canonical(bits_of(a).view(np.float32) * bits_of(b).view(np.float32))
