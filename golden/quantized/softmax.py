# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Softmax of int8 rows in fixed point, by the rule of TFLite Micro.

Source: tensorflow/lite/kernels/internal/reference/softmax.h and internal/quantization_util.cc
(PreprocessSoftmaxScaling). Differences from the row's maximum have 5 integer bits, sums of exponentials 12.
"""

import numpy as np
from numpy.typing import NDArray

from macrame.golden.arith.requantize import divide_by_pot, quantize_multiplier, srdhm
from macrame.golden.quantized.fixed_point import exp_on_negative_values, reciprocal
from macrame.golden.quantized.ranges import input_radius

DIFFERENCE_BITS, SUM_BITS = 5, 12


def scaling(scale: float, beta: float) -> tuple[int, int]:
    """Q31 multiplier and left shift of the differences from a row's maximum.

    Parameters
    ----------
    scale : float32
        Of the input.
    beta : float

    Returns
    -------
    multiplier, left : int

    Raises
    ------
    ValueError
        The factor is 1 or less: the runtime aborts.
    """
    factor = np.float64(beta) * np.float64(scale) * 2.0 ** (31 - DIFFERENCE_BITS)
    if factor <= 1:
        raise ValueError(f"input scale times beta is {np.float64(beta) * scale}, expected more than 2^-26")
    multiplier, left = quantize_multiplier(min(factor, 2.0**31 - 1))
    return int(multiplier), int(left)


def softmax(x: NDArray[np.int8], scale: float, beta: float = 1.0) -> NDArray[np.int8]:
    """Softmax over the last axis; the output's scale is 1/256, its zero point -128.

    Parameters
    ----------
    x : ndarray of int8, shape (..., N)
    scale : float32
        Of the input.
    beta : float

    Returns
    -------
    ndarray of int8, the same shape

    Raises
    ------
    ValueError
        The exponentials of a row sum up to 512 or more: the runtime's kernel aborts there. Or see `scaling`.
    """
    multiplier, left = scaling(scale, beta)
    lowest = -input_radius(DIFFERENCE_BITS, left)
    difference = x.astype(np.int64) - x.max(axis=-1, keepdims=True)
    counts = difference >= lowest
    rescaled = srdhm(np.where(counts, difference, 0) << left, multiplier)
    powers = exp_on_negative_values(rescaled, DIFFERENCE_BITS)
    total = np.where(counts, divide_by_pot(powers, SUM_BITS), 0).sum(axis=-1, keepdims=True)
    if (total >= 2**28).any():
        raise ValueError("the exponentials of a row sum up to 512 or more")
    inverse, over = reciprocal(total, SUM_BITS)
    scaled = divide_by_pot(srdhm(inverse, powers), over + 31 - 8)
    return np.where(counts, np.clip(scaled - 128, -128, 127), -128).astype(np.int8)
