# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""gemmlowp's fixed-point arithmetic in int32, as TFLite Micro's kernels use it.

A number with i integer bits is an int32 n that stands for n / 2^(31 - i). Functions take and return these
integers, as int64 arrays of values in int32's range.

Source: gemmlowp, fixedpoint/fixedpoint.h. Every product is `srdhm`; every right shift rounds to nearest, ties
away from zero (RoundingDivideByPOT).
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from macrame.golden.arith.requantize import divide_by_pot, srdhm

Raw: TypeAlias = NDArray[np.int64]

INT32_MIN, INT32_MAX = -(2**31), 2**31 - 1

_EXP_MINUS_EIGHTH = 1895147668  # exp(-1/8), no integer bits
_THIRD = 715827883  # 1/3, no integer bits
_48_17THS = 1515870810  # 48/17, 2 integer bits
_32_17THS = 1010580540  # 32/17, 2 integer bits
#: exp(-2^e) without integer bits, for the barrel shifter of `exp_on_negative_values`.
_EXP_OF_POWERS = {
    -2: 1672461947,
    -1: 1302514674,
    0: 790015084,
    1: 290630308,
    2: 39332535,
    3: 720401,
    4: 242,
}


def multiply_by_pot(x: ArrayLike, exponent: int) -> Raw:
    """``x * 2^exponent``: saturated for a positive exponent, `divide_by_pot` for a negative one.

    Parameters
    ----------
    x : array_like of int32
    exponent : int

    Returns
    -------
    ndarray of int64
    """
    if exponent < 0:
        return divide_by_pot(x, -exponent)
    return np.clip(np.asarray(x, np.int64) << exponent, INT32_MIN, INT32_MAX)


def multiply_by_quantized_multiplier(x: ArrayLike, multiplier: ArrayLike, shift: ArrayLike) -> Raw:
    """``x * multiplier / 2^31 * 2^shift``, rounded twice; a left shift precedes the product, and wraps.

    Parameters
    ----------
    x : array_like of int32
    multiplier : array_like of int32
    shift : array_like of int
        -31..31, left if positive.

    Returns
    -------
    ndarray of int64

    Notes
    -----
    TFLite's MultiplyByQuantizedMultiplier with double rounding, which TFLite Micro uses.
    """
    shift = np.asarray(shift, np.int64)
    shifted = (np.asarray(x, np.int64) << np.maximum(shift, 0)).astype(np.int32)
    return divide_by_pot(srdhm(shifted, multiplier), np.maximum(-shift, 0))


def half_sum(a: Raw, b: int) -> Raw:
    """``(a + b) / 2`` to nearest, ties away from zero (RoundingHalfSum)."""
    total = a + b
    nudged = total + np.where(total >= 0, 1, -1)
    return np.where(nudged >= 0, nudged // 2, -(-nudged // 2))


def _exp_near_zero(a: Raw) -> Raw:
    """exp on [-1/4, 0), no integer bits in and out: a polynomial of degree 4 around -1/8."""
    x = a + (1 << 28)  # 1/8
    x2 = srdhm(x, x)
    x3, x4 = srdhm(x2, x), srdhm(x2, x2)
    quartic = divide_by_pot(x4, 2)
    rest = divide_by_pot(srdhm(quartic + x3, _THIRD) + x2, 1)
    return _EXP_MINUS_EIGHTH + srdhm(_EXP_MINUS_EIGHTH, x + rest)


def exp_on_negative_values(a: ArrayLike, integer_bits: int = 5) -> Raw:
    """exp of numbers up to 0; the result has no integer bits, and exp(0) is 2^31 - 1.

    Parameters
    ----------
    a : array_like of int32
        With `integer_bits` integer bits, at most 0.
    integer_bits : int
        0..5.

    Returns
    -------
    ndarray of int64
    """
    a = np.asarray(a, np.int64)
    fraction = 31 - integer_bits
    quarter = 1 << (fraction - 2)
    below = (a & (quarter - 1)) - quarter  # in [-1/4, 0): a modulo 1/4
    result = _exp_near_zero(below << integer_bits)
    remainder = below - a
    for exponent, factor in _EXP_OF_POWERS.items():
        if integer_bits > exponent:
            bit = remainder >> (fraction + exponent) & 1
            result = np.where(bit == 1, srdhm(result, factor), result)
    return np.where(a == 0, INT32_MAX, result)


def _newton(a: Raw) -> Raw:
    """1 / ((1 + a) / 2) for a in [0, 1), no integer bits; the result has 2: three Newton steps."""
    half = half_sum(a, INT32_MAX)
    x = _48_17THS + srdhm(half, -_32_17THS)
    for _ in range(3):
        x = x + multiply_by_pot(srdhm(x, (1 << 29) - srdhm(half, x)), 2)
    return x


def one_over_one_plus(a: ArrayLike) -> Raw:
    """``1 / (1 + a)`` for a in [0, 1]; neither has integer bits."""
    return multiply_by_pot(_newton(np.asarray(a, np.int64)), 1)


def one_minus_over_one_plus(a: ArrayLike) -> Raw:
    """``(1 - a) / (1 + a)`` for a in [0, 1]; neither has integer bits."""
    return multiply_by_pot(_newton(np.asarray(a, np.int64)) - (1 << 29), 2)


def logistic(a: ArrayLike, integer_bits: int = 4) -> Raw:
    """The logistic function; the result has no integer bits.

    Parameters
    ----------
    a : array_like of int32
        With `integer_bits` integer bits.
    integer_bits : int

    Returns
    -------
    ndarray of int64
    """
    a = np.asarray(a, np.int64)
    positive = one_over_one_plus(exp_on_negative_values(-np.abs(a), integer_bits))
    found = np.where(a > 0, positive, INT32_MAX - positive)
    return np.where(a == 0, 1 << 30, found)


def tanh(a: ArrayLike, integer_bits: int = 4) -> Raw:
    """The hyperbolic tangent; the result has no integer bits.

    Parameters
    ----------
    a : array_like of int32
        With `integer_bits` integer bits.
    integer_bits : int

    Returns
    -------
    ndarray of int64

    Notes
    -----
    tanh(a) = (1 - e) / (1 + e) with e = exp(-2 a): the same integer with one integer bit more is 2 a.
    """
    a = np.asarray(a, np.int64)
    magnitude = one_minus_over_one_plus(exp_on_negative_values(-np.abs(a), integer_bits + 1))
    return np.sign(a) * magnitude


def reciprocal(x: ArrayLike, integer_bits: int) -> tuple[Raw, Raw]:
    """1 / x of numbers above 0: a fraction in (1/2, 1], and how many bits x has above its unit.

    Parameters
    ----------
    x : array_like of int32
        With `integer_bits` integer bits, above 0.
    integer_bits : int

    Returns
    -------
    fraction : ndarray of int64
        No integer bits: ``1 / x = fraction / 2^bits``.
    bits : ndarray of int64
    """
    x = np.asarray(x, np.int64)
    headroom = 32 - np.frexp(x.astype(np.float64))[1]  # leading zeros of a uint32: exact below 2^53
    return one_over_one_plus((x << headroom) - (1 << 31)), integer_bits - headroom
