# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Clamps of fused activations, and the range of a fixed-point input, as TFLite computes them.

Source: tensorflow/lite/kernels/kernel_util.cc (CalculateActivationRangeQuantized) and
internal/quantization_util.cc (CalculateInputRadius).
"""

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

_LIMITS = {
    "none": (None, None),
    "relu": (0.0, None),
    "relu6": (0.0, 6.0),
    "relu_n1_to_1": (-1.0, 1.0),
}


def round_away(x: ArrayLike) -> NDArray[np.floating]:
    """To the nearest integer, ties away from zero, as C's round; the dtype of `x`."""
    x = np.asarray(x)
    whole = np.trunc(x)
    return whole + np.where(np.abs(x - whole) >= 0.5, np.sign(x), 0).astype(x.dtype)


def quantize_real(value: float, scale: float, zero_point: int) -> int:
    """A real constant on a tensor's grid, not clamped: float32 division, ties away from zero.

    Parameters
    ----------
    value : float
    scale : float32
    zero_point : int

    Returns
    -------
    int

    Raises
    ------
    ValueError
        It is beyond int32: the runtime does not accept the scale.
    """
    with np.errstate(over="ignore"):
        steps = np.float32(value) / np.float32(scale)
    if abs(steps) >= 2**31:
        raise ValueError(f"scale is {scale}, expected more than {abs(value)} / 2^31")
    return int(round_away(np.float32(value) / np.float32(scale))) + int(zero_point)


def activation_range(
    activation: str, scale: float, zero_point: int, dtype: DTypeLike = np.int8
) -> tuple[int, int]:
    """The clamp of a fused activation, on the grid of the output.

    Parameters
    ----------
    activation : {"none", "relu", "relu6", "relu_n1_to_1"}
    scale : float32
        Of the output.
    zero_point : int
    dtype : dtype
        int8 or uint8.

    Returns
    -------
    low, high : int
    """
    limits = np.iinfo(np.dtype(dtype).type)
    low, high = _LIMITS[activation]
    return (
        limits.min if low is None else max(limits.min, quantize_real(low, scale, zero_point)),
        limits.max if high is None else min(limits.max, quantize_real(high, scale, zero_point)),
    )


def input_radius(integer_bits: int, left_shift: int) -> int:
    """The smallest magnitude of an input that its fixed-point form cannot hold.

    Parameters
    ----------
    integer_bits : int
        Of the fixed-point form.
    left_shift : int
        Of the multiplier that rescales the input to it.

    Returns
    -------
    int
        ``floor((2^integer_bits - 1) * 2^(31 - integer_bits) / 2^left_shift)``.
    """
    return int(np.floor((2**integer_bits - 1) * 2.0 ** (31 - integer_bits - left_shift)))
