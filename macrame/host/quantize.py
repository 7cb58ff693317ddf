# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Conversion of real scales for the output stage: to a Q31 multiplier and a shift, or to float32 bits."""

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from macrame.errors import InputError, shown
from macrame.host import arguments

#: Modes whose scale has a shift; a positive one shifts left, before the multiplication, and wraps to int32.
SHIFTING = ("gemmlowp", "ruy")
_INT32 = np.iinfo(np.int32)


def _scales(scale: ArrayLike) -> NDArray[np.float64]:
    """Return scales as float64; text, a mask and other types are refused, as everywhere in this package."""
    if type(scale) is int:  # NumPy has no integers of more than 64 bits
        try:
            scale = float(scale)
        except OverflowError:
            raise InputError(
                f"scale is {shown(scale)}, expected a number that float64 can represent"
            ) from None
    return arguments.real_array("scale", scale)


def quantize_multiplier(scale: ArrayLike) -> tuple[NDArray[np.int32], NDArray[np.int8]]:
    """Return the Q31 multiplier and shift nearest to a positive scale.

    Same rule as TFLite's ``QuantizeMultiplier``: scale = q * 2^shift with q in [0.5, 1), multiplier = round(q
    * 2^31), ties away from zero; 2^31 becomes 2^30 with the shift incremented; a shift below -31 becomes
    multiplier 0, shift 0.

    Parameters
    ----------
    scale : float or array of float
        Finite, above 0, below 2^31 - 0.5.

    Returns
    -------
    multiplier : ndarray of int32, the shape of scale
        2^30..2^31 - 1, or 0.
    shift : ndarray of int8, the shape of scale
        -31..31, left if positive.

    Raises
    ------
    macrame.errors.InputError
        A scale is not a number, NaN, infinite, 0, negative, or at least 2^31 - 0.5: the shift would be 32.

    Notes
    -----
    Use this function with a core. The golden model has its own, in ``macrame.golden.arith.requantize``, for
    the model and the tests only: neither imports the other.
    """
    scales = _scales(scale)
    flat = [_quantize_one(float(value)) for value in scales.reshape(-1)]
    multiplier = np.array([pair[0] for pair in flat], np.int32).reshape(scales.shape)
    shift = np.array([pair[1] for pair in flat], np.int8).reshape(scales.shape)
    return multiplier, shift


def _quantize_one(scale: float) -> tuple[int, int]:
    if not (math.isfinite(scale) and scale > 0):
        raise InputError(f"scale is {scale}, expected a finite number above 0")
    fraction, shift = math.frexp(scale)
    multiplier = math.floor(fraction * 2**31 + 0.5)
    if multiplier == 2**31:
        multiplier, shift = 2**30, shift + 1
    if shift > 31:
        raise InputError(f"scale is {scale}, expected less than 2^31 - 0.5")
    if shift < -31:
        multiplier, shift = 0, 0
    return multiplier, shift


def float32_bits(scale: ArrayLike) -> NDArray[np.int32]:
    """Return the bits of each scale as float32, in an int32.

    Parameters
    ----------
    scale : float or array of float
        Finite, > 0, a normal number after rounding to float32.

    Returns
    -------
    ndarray of int32

    Raises
    ------
    macrame.errors.InputError
    """
    scales = _scales(scale)
    with np.errstate(over="ignore", under="ignore"):
        single = scales.astype(np.float32)
    for value, rounded in zip(scales.reshape(-1), single.reshape(-1)):
        if not (np.isfinite(value) and value > 0):
            raise InputError(f"scale is {value}, expected a finite number above 0")
        if not np.isfinite(rounded) or rounded < np.finfo(np.float32).tiny:
            raise InputError(f"scale is {value}, expected a normal float32 (1.18e-38 to 3.4e+38)")
    return single.view(np.int32)


def refuse_overflow(sums: NDArray[np.int32], shift: ArrayLike) -> None:
    """Refuse scales of modes gemmlowp and ruy whose left shift overflows int32 for some sum.

    The core shifts and wraps, as the C sources of these rules do, so its result would be meaningless.

    Parameters
    ----------
    sums : ndarray of int32, shape (M, N)
        With the bias, before scaling.
    shift : int or ndarray of int, scalar or shape (N,)
        Left if positive; values above 31 count as 31.

    Raises
    ------
    macrame.errors.InputError
        The message names the first such element, its sum and the shift.
    """
    left = np.broadcast_to(np.clip(np.asarray(shift, np.int64), 0, 31), sums.shape[1])
    wide = sums.astype(np.int64)
    lost = np.argwhere((wide > _INT32.max >> left) | (wide < _INT32.min >> left))
    if len(lost):
        i, j = (int(index) for index in lost[0])
        raise InputError(
            f"the sum at [{i}, {j}], {sums[i, j]}, overflows int32 when shifted left by {left[j]}, "
            f"expected a smaller scale or mode fp32"
        )


def refuse_overflow_of(
    a: NDArray[np.int8], w: NDArray[np.int8], bias: NDArray[np.int32], shift: NDArray[np.integer[Any]]
) -> None:
    """As :func:`refuse_overflow`, for the sums of a product.

    Parameters
    ----------
    a : ndarray of int8, shape (M, K)
    w : ndarray of int8, shape (K, N)
    bias : ndarray of int32, shape (N,)
    shift : ndarray of int, shape (N,)

    Raises
    ------
    macrame.errors.InputError
    """
    left = np.clip(shift.astype(np.int64), 0, 31)
    largest = 128 * np.abs(w.astype(np.int64)).sum(axis=0) + np.abs(bias.astype(np.int64))
    if ((left > 0) & (largest > _INT32.max >> left)).any():  # otherwise no a can overflow
        # in float64, where NumPy is fast and such sums are exact
        sums = (a.astype(np.float64) @ w.astype(np.float64)).astype(np.int64) + bias
        refuse_overflow(sums.astype(np.int32), shift)
