# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Average and maximum pooling, and the mean over axes, by the rules of TFLite Micro.

Source: tensorflow/lite/kernels/internal/reference/integer_ops/pooling.h and reference/reduce.h
(QuantizedMeanOrSum).
"""

import numpy as np
from numpy.typing import NDArray

from macrame.golden.arith.requantize import quantize_multiplier
from macrame.golden.quantized.fixed_point import multiply_by_quantized_multiplier
from macrame.golden.quantized.windows import Windows

Int8 = NDArray[np.int8]


def average_pool(x: Int8, windows: Windows, low: int, high: int) -> Int8:
    """Mean of each window's cells inside the image, to nearest, ties away from zero; then a clamp.

    Parameters
    ----------
    x : ndarray of int8, shape (N, H, W, C)
        Input and output have the same scale and zero point.
    windows : Windows
    low, high : int

    Returns
    -------
    ndarray of int8, shape (N, OH, OW, C)
    """
    total = windows.gather(x.astype(np.int64), 0).sum(axis=(3, 4))
    count = windows.gather(np.ones_like(x[:1, ..., :1], np.int64), 0).sum(axis=(3, 4))
    mean = np.sign(total) * ((np.abs(total) + count // 2) // count)
    return np.clip(mean, low, high).astype(np.int8)


def max_pool(x: Int8, windows: Windows, low: int, high: int) -> Int8:
    """Maximum of each window's cells inside the image; then a clamp.

    Parameters
    ----------
    x : ndarray of int8, shape (N, H, W, C)
        Input and output have the same scale and zero point.
    windows : Windows
    low, high : int

    Returns
    -------
    ndarray of int8, shape (N, OH, OW, C)
    """
    largest = windows.gather(x, np.iinfo(x.dtype).min).max(axis=(3, 4))
    return np.clip(largest, low, high).astype(x.dtype)


def mean_multiplier(input_scale: float, output_scale: float, count: int) -> tuple[int, int]:
    """Q31 multiplier and shift of a mean of `count` values.

    Parameters
    ----------
    input_scale, output_scale : float32
    count : int

    Returns
    -------
    multiplier, shift : int
        That of the scales, times 2^k / count, truncated, with k as large as int32 and a shift of -31 permit.
    """
    multipliers, shifts = quantize_multiplier(np.float64(input_scale) / np.float64(output_scale))
    multiplier, shift = int(multipliers), int(shifts)
    bits = min(count.bit_length() - 1, 32, 31 + shift)
    return (multiplier << bits) // count, shift - bits


def mean(
    x: Int8,
    axes: tuple[int, ...],
    input_scale: float,
    input_zero_point: int,
    output_scale: float,
    output_zero_point: int,
) -> Int8:
    """Mean over axes, which are kept with length 1.

    Parameters
    ----------
    x : ndarray of int8
    axes : tuple of int
    input_scale, output_scale : float32
    input_zero_point, output_zero_point : int

    Returns
    -------
    ndarray of int8
    """
    count = int(np.prod([x.shape[axis] for axis in axes]))
    total = x.sum(axis=axes, keepdims=True, dtype=np.int64) - count * input_zero_point
    scaled = multiply_by_quantized_multiplier(total, *mean_multiplier(input_scale, output_scale, count))
    return np.clip(scaled + output_zero_point, -128, 127).astype(np.int8)
