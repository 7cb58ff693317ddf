# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Golden model of ``rtl/arith/bf16_product.v``: two bfloat16 and the product of their significands to
float32."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from macrame.golden.arith.bf16_to_fp32 import bf16_to_fp32
from macrame.golden.arith.fp32_add import INFINITY, NAN, canonical, pack_plain, unpack_plain


def significand(x: ArrayLike) -> NDArray[np.int32]:
    """Significands of bfloat16 numbers, 8 bits.

    Parameters
    ----------
    x : array_like of uint16
        Bit patterns.

    Returns
    -------
    ndarray of int32
        The fraction, plus 128 if the exponent field is not 0.
    """
    x = np.asarray(x, np.uint16).astype(np.int32)
    return (x & 0x7F) | ((x & 0x7F80) != 0) << 7


def bf16_product_plain(a: int, b: int, product: int) -> int:
    """One product, as bit patterns.

    Parameters
    ----------
    a, b : int
        16 bits each. Their fractions only distinguish infinity and zero from other numbers.
    product : int
        Of their significands.

    Returns
    -------
    int
        A float32's 32 bits. A NaN is 0x7FC00000; infinity * 0 is one.
    """
    size_a, size_b = a & 0x7FFF, b & 0x7FFF
    largest, smallest = max(size_a, size_b), min(size_a, size_b)
    sign = (a ^ b) >> 15
    if largest > INFINITY >> 16 or (largest == INFINITY >> 16 and smallest == 0):
        return NAN
    if largest == INFINITY >> 16:
        return sign << 31 | INFINITY
    exponent = unpack_plain(a << 16)[2] + unpack_plain(b << 16)[2]
    return pack_plain(sign, product, exponent - 268 + 150)  # 2 * (127 + 7) = 268


def bf16_product(a: ArrayLike, b: ArrayLike, product: ArrayLike) -> NDArray[np.uint32]:
    """`bf16_product_plain` on arrays.

    Parameters
    ----------
    a, b : array_like of uint16
        Bit patterns.
    product : array_like of int
        Of their significands, 16 bits.

    Returns
    -------
    ndarray of uint32
        Bit patterns.
    """
    a, b = np.asarray(a, np.uint16), np.asarray(b, np.uint16)
    exponent = sum(np.maximum(x >> 7 & 255, 1).astype(np.int64) for x in (a, b))
    special = (a & 0x7F80 == 0x7F80) | (b & 0x7F80 == 0x7F80)
    with np.errstate(all="ignore"):
        size = np.ldexp(np.asarray(product).astype(np.float64), exponent - 268)  # exact
        size = np.where((a ^ b) & 0x8000 != 0, -size, size)
        return canonical(np.where(special, bf16_to_fp32(a) * bf16_to_fp32(b), size.astype(np.float32)))
