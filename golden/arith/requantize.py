# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Golden model of ``rtl/arith/requantize.v``: int32 accumulators to int8, by three exact rules.

========  ====  =================================================================  ==========================
mode      code  y                                                                  same bits as
========  ====  =================================================================  ==========================
raw       0     x itself, int32: no zero point, no clamp                           MatMulInteger
gemmlowp  1     SRDHM(x << max(s, 0), m) / 2^max(-s, 0), ties away from zero       TFLite Micro, CMSIS-NN
ruy       2     the same, ties up                                                  TFLite's optimised kernels
fp32      3     rint(float32(float32(x) * scale)), ties to even                    XNNPACK, ONNX Runtime
========  ====  =================================================================  ==========================

and in all but raw, ``q = minimum(clamp_high, maximum(y + zero_point, clamp_low))``.

SRDHM, the "saturating rounding doubling high multiplication", is ``trunc_div(a*b + (a*b >= 0 ? 2^30 :
1 - 2^30), 2^31)``, saturated for a = b = -2^31. That is ``(a*b + 2^30) >> 31`` with an arithmetic shift: for
a*b >= 0 both divide a non-negative number, and for a*b < 0, with p = a*b,
``trunc((p + 1 - 2^30) / 2^31) = ceil((p + 1 - 2^30) / 2^31) = floor((p + 2^30) / 2^31)``, since
``ceil(n / d) = floor((n + d - 1) / d)``. Its ties therefore go up for either sign.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

RAW, GEMMLOWP, RUY, FP32 = range(4)
MODES = {"raw": RAW, "gemmlowp": GEMMLOWP, "ruy": RUY, "fp32": FP32}

_INT32_MIN, _INT32_MAX = -(2**31), 2**31 - 1
_BEYOND = 2**20  # beyond any int8 and zero point: effectively +-infinity


def mode_code(mode: str | int) -> int:
    """Code of a mode given by name or by code.

    Parameters
    ----------
    mode : str or int
        A key of `MODES` or one of its values.

    Returns
    -------
    int

    Raises
    ------
    ValueError
        If it is neither.
    """
    code = MODES.get(mode, mode) if isinstance(mode, str) else mode
    if isinstance(code, str) or code not in MODES.values():
        raise ValueError(f"mode is {mode!r}, expected one of {', '.join(MODES)} or 0..3")
    return int(code)


# --- the plain statement, one number at a time --------------------------------------------------------------


def wrap32(value: int) -> int:
    """Python int to int32, wrapping."""
    return (value + 2**31) % 2**32 - 2**31


def srdhm_plain(a: int, b: int) -> int:
    """Saturating rounding doubling high multiplication, as gemmlowp writes it: truncating division."""
    if a == b == _INT32_MIN:
        return _INT32_MAX
    product = a * b
    nudged = product + (2**30 if product >= 0 else 1 - 2**30)
    return nudged // 2**31 if nudged >= 0 else -(-nudged // 2**31)


def divide_away(y: int, e: int) -> int:
    """``y / 2^e`` rounded to nearest, ties away from zero (gemmlowp's RoundingDivideByPOT)."""
    magnitude = (2 * abs(y) + 2**e) // 2 ** (e + 1)
    return magnitude if y >= 0 else -magnitude


def divide_up(y: int, e: int) -> int:
    """``y / 2^e`` rounded to nearest, ties toward plus infinity (ruy)."""
    return (2 * y + 2**e) // 2 ** (e + 1)


def requantize_plain(
    x: int,
    multiplier: int,
    shift: int,
    zero_point: int,
    clamp_low: int,
    clamp_high: int,
    mode: str | int,
) -> int:
    """One accumulator requantised: the equations of the table above, literally.

    Parameters
    ----------
    x : int
        Accumulator with its bias, int32.
    multiplier : int
        int32. gemmlowp, ruy: Q31 multiplier, any sign. fp32: the bits of a float32 scale, any pattern.
    shift : int
        int8, left if positive, clipped to -31..31. fp32: ignored.
    zero_point, clamp_low, clamp_high : int
        int8. ``clamp_low > clamp_high`` is legal: the result is `clamp_high`.
    mode : str or int
        See `MODES`.

    Returns
    -------
    int
        int8; in mode raw `x`, int32.
    """
    mode = mode_code(mode)
    if mode == RAW:
        return int(x)
    if mode == FP32:
        scale = np.array(multiplier, np.int32).view(np.float32)[()]
        with np.errstate(all="ignore"):
            rounded = np.rint(np.float32(np.float32(x) * scale))
        y = 0 if np.isnan(rounded) else int(min(max(rounded, -_BEYOND), _BEYOND))
    else:
        shift = min(max(int(shift), -31), 31)
        y = srdhm_plain(wrap32(int(x) << max(shift, 0)), int(multiplier))
        y = (divide_away if mode == GEMMLOWP else divide_up)(y, max(-shift, 0))
    return min(int(clamp_high), max(y + int(zero_point), int(clamp_low)))


# --- the same on arrays -------------------------------------------------------------------------------------


def integers(name: str, value: ArrayLike) -> NDArray[np.integer]:
    """Return `value` as an array of integers, of its own type: no float is truncated.

    Parameters
    ----------
    name : str
    value : array_like of int

    Returns
    -------
    ndarray of int

    Raises
    ------
    ValueError
        It has another type.
    """
    found = np.asarray(value)
    if found.dtype.kind not in "iu":
        raise ValueError(f"{name} has dtype {found.dtype}, expected integers")
    return found


def _int32(name: str, value: ArrayLike) -> NDArray[np.int32]:
    """Return `value` as int32; ValueError for what is not of integers, or beyond int32."""
    found = integers(name, value)
    if found.dtype != np.int32 and found.size:
        for extreme in (found.min(), found.max()):
            if not _INT32_MIN <= extreme <= _INT32_MAX:
                raise ValueError(f"{name} has {extreme}, expected int32")
    return found.astype(np.int32)


def srdhm(a: ArrayLike, b: ArrayLike) -> NDArray[np.int64]:
    """`srdhm_plain` on int32 arrays, by the arithmetic shift.

    Returns
    -------
    ndarray of int64
        Values in int32's range.
    """
    product = np.asarray(a, np.int64) * np.asarray(b, np.int64)
    return np.minimum((product + 2**30) >> 31, _INT32_MAX)


def divide_by_pot(x: ArrayLike, exponent: ArrayLike) -> NDArray[np.int64]:
    """`divide_away` on arrays: ``x / 2^exponent`` to nearest, ties away from zero.

    Parameters
    ----------
    x : array_like of int
    exponent : array_like of int
        0..31.

    Returns
    -------
    ndarray of int64
    """
    x, exponent = np.asarray(x, np.int64), np.asarray(exponent, np.int64)
    mask = (np.int64(1) << exponent) - 1
    return (x >> exponent) + ((x & mask) > (mask >> 1) + (x < 0))


def requantize(
    x: ArrayLike,
    multiplier: ArrayLike,
    shift: ArrayLike,
    zero_point: ArrayLike,
    clamp_low: ArrayLike,
    clamp_high: ArrayLike,
    mode: str | int,
) -> NDArray[np.int8] | NDArray[np.int32]:
    """Accumulators requantised; all arguments but `mode` broadcast against each other.

    Parameters
    ----------
    x : array_like of int32
        Accumulators, bias included.
    multiplier : array_like of int32
        Q31 multiplier; in mode fp32 the bits of a float32 scale (`scale_bits` makes them).
    shift, zero_point, clamp_low, clamp_high : array_like of int8
        As in `requantize_plain`.
    mode : str or int
        See `MODES`.

    Returns
    -------
    ndarray
        int8; in mode raw int32, `x` itself.

    Raises
    ------
    ValueError
        `mode` is unknown, or an argument that it uses is not of integers; `x` or `multiplier` exceeds int32.
    """
    mode = mode_code(mode)
    x = _int32("x", x)
    if mode == RAW:
        return x
    multiplier = _int32("multiplier", multiplier)
    if mode == FP32:
        with np.errstate(all="ignore"):
            y = np.rint(x.astype(np.float32) * multiplier.view(np.float32))
        y = np.clip(np.where(np.isnan(y), np.float32(0), y), -_BEYOND, _BEYOND).astype(np.int64)
    else:
        shift = np.clip(integers("shift", shift).astype(np.int64), -31, 31)
        left, right = np.maximum(shift, 0), np.maximum(-shift, 0)
        y = srdhm((x.astype(np.int64) << left).astype(np.int32), multiplier)
        if mode == GEMMLOWP:
            y = divide_by_pot(y, right)
        else:
            y = (y + ((np.int64(1) << right) >> 1)) >> right
    v = y + integers("zero_point", zero_point).astype(np.int64)
    low = integers("clamp_low", clamp_low).astype(np.int64)
    high = integers("clamp_high", clamp_high).astype(np.int64)
    return np.minimum(high, np.maximum(v, low)).astype(np.int8)


# --- scales -------------------------------------------------------------------------------------------------


SCALE_LIMIT = 2.0**31 - 0.5
"""The smallest scale that has no Q31 multiplier: it rounds to 2^31, and so to shift 32."""


def scale_bits(scale: ArrayLike) -> NDArray[np.int32]:
    """The multiplier field of mode fp32: the bits of ``float32(scale)`` as int32.

    Parameters
    ----------
    scale : array_like of float

    Returns
    -------
    ndarray of int32, the shape of scale
    """
    return np.asarray(scale, np.float32).view(np.int32)


def quantize_multiplier_plain(scale: float) -> tuple[int, int]:
    """One real scale as Q31 multiplier and shift, in integers: ``scale ~ multiplier / 2^31 * 2^shift``.

    Parameters
    ----------
    scale : float
        Finite, above 0, below 2^31 - 0.5.

    Returns
    -------
    multiplier : int
        2^30..2^31 - 1; 0 for a scale below 2^-32 - 2^-64, whose shift would be less than -31.
    shift : int
        -31..31; 0 where the multiplier is 0.

    Raises
    ------
    ValueError
        If the scale is NaN, infinite, 0, negative, or 2^31 - 0.5 and more, whose shift would be 32.

    Examples
    --------
    >>> quantize_multiplier_plain(0.25)
    (1073741824, -1)
    """
    scale = float(scale)
    _refuse_scale(scale)
    numerator, denominator = scale.as_integer_ratio()
    shift = numerator.bit_length() - denominator.bit_length()
    if numerator * 2 ** max(-shift, 0) >= denominator * 2 ** max(shift, 0):
        shift += 1  # now 2^(shift - 1) <= scale < 2^shift
    top, bottom = numerator * 2 ** max(31 - shift, 0), denominator * 2 ** max(shift - 31, 0)
    multiplier = (2 * top + bottom) // (2 * bottom)  # to nearest, halves up
    if multiplier == 2**31:
        multiplier, shift = 2**30, shift + 1
    return (multiplier, shift) if shift >= -31 else (0, 0)


def quantize_multiplier(scale: ArrayLike) -> tuple[NDArray[np.int32], NDArray[np.int8]]:
    """`quantize_multiplier_plain` on arrays.

    Parameters
    ----------
    scale : array_like of float64
        Finite, above 0, below 2^31 - 0.5.

    Returns
    -------
    multiplier : ndarray of int32, the shape of scale
        2^30..2^31 - 1, or 0.
    shift : ndarray of int8, the shape of scale
        -31..31.

    Raises
    ------
    ValueError
        As `quantize_multiplier_plain`; the message has the first invalid scale.

    Notes
    -----
    As TFLite's QuantizeMultiplier: frexp of the double, fraction * 2^31 rounded half away from zero; a
    fraction that becomes 2^31 is 2^30 with shift + 1; a shift below -31 becomes multiplier 0, shift 0.
    `macrame.host.quantize.quantize_multiplier`, which drives the core, is written independently of this one;
    the tests compare the two.
    """
    scale = np.asarray(scale, np.float64)
    bad = ~((scale > 0) & (scale < SCALE_LIMIT))
    if bad.any():
        _refuse_scale(scale[bad].flat[0])
    fraction, shift = np.frexp(scale)
    multiplier = np.floor(fraction * 2.0**31 + 0.5).astype(np.int64)
    carry = multiplier == 2**31
    multiplier = np.where(carry, 2**30, multiplier)
    shift = np.where(carry, shift + 1, shift)
    lost = shift < -31
    return (np.where(lost, 0, multiplier).astype(np.int32), np.where(lost, 0, shift).astype(np.int8))


def _refuse_scale(scale: float) -> None:
    if not (np.isfinite(scale) and scale > 0):
        raise ValueError(f"scale is {scale}, expected a finite number above 0")
    if scale >= SCALE_LIMIT:
        raise ValueError(f"scale is {scale}, expected less than 2^31 - 0.5")
