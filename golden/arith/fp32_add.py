# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Golden model of ``rtl/arith/fp32_add.v``: float32 + float32, and helpers of the float32 modules."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

NAN = 0x7FC00000
INFINITY = 0x7F800000


def bits_of(x: ArrayLike) -> NDArray[np.uint32]:
    """Bit patterns of float32 numbers.

    Parameters
    ----------
    x : array_like of float32, or ndarray of uint32
        Numbers, or the patterns themselves.

    Returns
    -------
    ndarray of uint32
    """
    x = np.asarray(x)
    return x if x.dtype == np.uint32 else np.asarray(x, np.float32).view(np.uint32)


def canonical(x: ArrayLike) -> NDArray[np.uint32]:
    """Bit patterns of float32 numbers, every NaN as 0x7FC00000.

    Parameters
    ----------
    x : array_like of float32, or ndarray of uint32
        As for `bits_of`.

    Returns
    -------
    ndarray of uint32
    """
    bits = bits_of(x)
    return np.where(bits & np.uint32(0x7FFFFFFF) > INFINITY, np.uint32(NAN), bits)


def unpack_plain(bits: int) -> tuple[int, int, int]:
    """A finite float32 as integers.

    Parameters
    ----------
    bits : int
        Its 32 bits.

    Returns
    -------
    sign, significand, exponent : int
        The number is ``(-1)**sign * significand * 2**(exponent - 150)``; a subnormal's exponent is 1.
    """
    exponent, fraction = bits >> 23 & 0xFF, bits & 0x7FFFFF
    return bits >> 31, fraction + (exponent > 0) * 2**23, max(exponent, 1)


def pack_plain(sign: int, magnitude: int, exponent: int) -> int:
    """Round an exact number to float32, ties to even.

    Parameters
    ----------
    sign : int
        0 or 1.
    magnitude : int
        Not negative, of any length.
    exponent : int
        The number is ``magnitude * 2**(exponent - 150)``.

    Returns
    -------
    int
        32 bits. Infinity from 2^128 - 2^103 on; zero keeps its sign.
    """
    # the unit of the last place kept: 24 bits remain, but nothing below the unit of subnormals
    unit = max(exponent + magnitude.bit_length() - 24, 1) if magnitude else 1
    dropped = unit - exponent
    if dropped <= 0:
        kept = magnitude << -dropped
    else:
        kept, rest, half = magnitude >> dropped, magnitude & (1 << dropped) - 1, 1 << dropped - 1
        kept += rest > half or (rest == half and kept % 2 == 1)
    # the leading one, if there is one, makes the exponent's field `unit`; a carry out of rounding makes it
    # unit + 1
    return sign << 31 | min((unit - 1 << 23) + kept, INFINITY)


def fp32_add_plain(a: int, b: int) -> int:
    """One sum, as bit patterns: exact, then rounded to nearest even.

    Parameters
    ----------
    a, b : int
        32 bits each.

    Returns
    -------
    int
        32 bits. Every NaN is 0x7FC00000; infinity - infinity is one. x - x is +0.
    """
    size_a, size_b = a & 0x7FFFFFFF, b & 0x7FFFFFFF
    if max(size_a, size_b) > INFINITY or (size_a == size_b == INFINITY and a != b):
        return NAN
    if INFINITY in (size_a, size_b):
        return a if size_a == INFINITY else b
    sign_a, magnitude_a, exponent_a = unpack_plain(a)
    sign_b, magnitude_b, exponent_b = unpack_plain(b)
    exponent = min(exponent_a, exponent_b)
    total = ((-1) ** sign_a * magnitude_a << exponent_a - exponent) + (
        (-1) ** sign_b * magnitude_b << exponent_b - exponent
    )
    sign = int(total < 0) if total else sign_a & sign_b
    return pack_plain(sign, abs(total), exponent)


def fp32_add(a: ArrayLike, b: ArrayLike) -> NDArray[np.uint32]:
    """Sums of float32 arrays, as NumPy adds them.

    Parameters
    ----------
    a, b : array_like of float32, or ndarray of uint32
        Numbers or bit patterns; they broadcast.

    Returns
    -------
    ndarray of uint32
        Bit patterns of the sums, rounded to nearest even; every NaN is 0x7FC00000.
    """
    with np.errstate(all="ignore"):
        return canonical(bits_of(a).view(np.float32) + bits_of(b).view(np.float32))
