# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Functions of one int8 tensor as tables of 256 values, by the rules of TFLite Micro.

Each function returns the outputs for the inputs -128..127, in that order; `apply` looks them up. QUANTIZE
also has uint8: as int8, such a tensor has 128 less in every value and in the zero point. Sources:
tensorflow/lite/kernels/internal/reference/integer_ops/logistic.h and tanh.h, reference/hard_swish.h,
leaky_relu.h and quantize.h; micro/kernels/*_common.cc.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from macrame.golden.arith.requantize import divide_by_pot, quantize_multiplier
from macrame.golden.quantized import fixed_point
from macrame.golden.quantized.fixed_point import multiply_by_quantized_multiplier
from macrame.golden.quantized.grid import Grid
from macrame.golden.quantized.ranges import activation_range, input_radius, round_away

Table = NDArray[np.int8]
INPUTS = np.arange(-128, 128)


def apply(table: NDArray[Any], x: NDArray[Any]) -> NDArray[Any]:
    """The entries of a table, that of the lowest value first, for a tensor of int8 or uint8."""
    return table[x.astype(np.int64) - np.iinfo(x.dtype).min]


def _clipped(values: NDArray[np.integer], low: int = -128, high: int = 127) -> Table:
    return np.clip(values, low, high).astype(np.int8)


def requantize(x: Grid, out: Grid) -> Table:
    """QUANTIZE from int8 to int8: the factor is sx / so in float64."""
    factor = quantize_multiplier(np.float64(x.scale) / np.float64(out.scale))
    return _clipped(multiply_by_quantized_multiplier(INPUTS - x.zero_point, *factor) + out.zero_point)


def relu(x: Grid, out: Grid) -> Table:
    """RELU: a requantisation, then a clamp at the output's zero point."""
    return _clipped(requantize(x, out), *activation_range("relu", out.scale, out.zero_point))


def relu6(x: Grid, out: Grid) -> Table:
    """RELU6: a clamp on the input's grid; the output's is not considered."""
    return _clipped(INPUTS, *activation_range("relu6", x.scale, x.zero_point))


def leaky_relu(x: Grid, out: Grid, alpha: float) -> Table:
    """LEAKY_RELU: two factors in float64, one for each sign; alpha is a float32, 0 or more."""
    values = INPUTS - x.zero_point
    identity = np.float64(x.scale) / np.float64(out.scale)
    slope = np.float64(x.scale) * np.float64(np.float32(alpha)) / np.float64(out.scale)
    positive = multiply_by_quantized_multiplier(values, *quantize_multiplier(identity))
    negative = multiply_by_quantized_multiplier(values, *quantize_multiplier(slope)) if slope else 0 * values
    return _clipped(np.where(values >= 0, positive, negative) + out.zero_point)


def _to_q4(x: Grid) -> tuple[NDArray[np.int64], int]:
    """Inputs with 4 integer bits, and the magnitude from which on they do not fit.

    Raises
    ------
    ValueError
        The input's scale is below 2^-28, where the runtime's radius is undefined, or 16 or more.
    """
    if not 2.0**-28 <= x.scale < 16:
        raise ValueError(f"input scale is {x.scale}, expected at least 2^-28 and less than 16")
    multiplier, shift = quantize_multiplier(np.float64(x.scale) * 2.0**27)
    values = INPUTS - x.zero_point
    return multiply_by_quantized_multiplier(values, multiplier, shift), input_radius(4, int(shift))


def logistic(x: Grid) -> Table:
    """LOGISTIC; the output's scale is 1/256, its zero point -128. Inputs beyond the radius saturate first."""
    scaled, radius = _to_q4(x)
    values = INPUTS - x.zero_point
    found = divide_by_pot(fixed_point.logistic(scaled), 23) - 128
    return _clipped(np.where(values <= -radius, -128, np.where(values >= radius, 127, found)))


def tanh(x: Grid) -> Table:
    """TANH; the output's scale is 1/128, its zero point 0. Inputs beyond the radius saturate first."""
    scaled, radius = _to_q4(x)
    values = INPUTS - x.zero_point
    found = divide_by_pot(fixed_point.tanh(scaled), 24)
    return _clipped(np.where(values <= -radius, -128, np.where(values >= radius, 127, found)))


def _int16_multiplier(factor: np.float32) -> tuple[int, int]:
    """A factor as a multiplier of int16, rounded from the one of int32, and its shift."""
    multiplier, shift = (int(part) for part in quantize_multiplier(np.float64(factor)))
    return (multiplier + 2**15 >> 16 if multiplier < 2**31 - 1 - 2**15 else 2**15 - 1), shift


def _high16(a: int, b: int, rounds: bool) -> int:
    """Doubling high product of two int16, saturating; rounded as gemmlowp does, or toward zero."""
    if a == b == -(2**15):
        return 2**15 - 1
    product = a * b
    nudged = product + ((2**14 if product >= 0 else 1 - 2**14) if rounds else 0)
    return nudged // 2**15 if nudged >= 0 else -(-nudged // 2**15)


def _right16(value: int, bits: int) -> int:
    """RoundingDivideByPOT of an int16, whose mask of 16 bits or more is -1: the result is then -1 or 1."""
    if bits > 15:
        return -1 if value < 0 else 1
    return int(divide_by_pot(value, bits))


def _left16(value: int, bits: int) -> int:
    return max(-(2**15), min(2**15 - 1, value << bits))


def hard_swish(x: Grid, out: Grid) -> Table:
    """HARD_SWISH in int16: x * relu6(x + 3) / 6 with the input times 128 as high-resolution scale.

    Raises
    ------
    ValueError
        The input's scale is 128 times the output's or more: the runtime does not accept it.
    """
    fine = np.float32(1 / 128) * np.float32(x.scale)
    out_multiplier, out_shift = _int16_multiplier(fine / np.float32(out.scale))
    if out_shift > 0:
        raise ValueError(f"output scale is {out.scale}, expected more than the input's {x.scale} / 128")
    relu_multiplier, relu_shift = _int16_multiplier(fine / (np.float32(3) / np.float32(32768)))
    found = []
    for value in (INPUTS - x.zero_point).tolist():
        high = _left16(value, 7)
        preshift = _high16(high, out_multiplier, True)
        relu_ish = _left16(high, relu_shift - 1) if relu_shift > 0 else high
        relu_ish = _high16(relu_ish, relu_multiplier, True)
        if relu_shift > 0:
            relu_ish = _left16(relu_ish, 1)
        elif relu_shift < 0:
            relu_ish = _right16(relu_ish, -relu_shift)
        product = _high16(relu_ish + 2**15 >> 1, preshift, False)
        found.append(_right16(product, -out_shift) + out.zero_point)
    return _clipped(np.array(found))


def quantize_float(x: NDArray[np.float32], out: Grid) -> NDArray[np.int8]:
    """QUANTIZE from float32: a division in float32, ties away from zero, then a clamp.

    Multiplying by the reciprocal of the scale would differ at ties.
    """
    with np.errstate(over="ignore"):
        rounded = round_away(np.asarray(x, np.float32) / np.float32(out.scale))
    return np.clip(rounded.astype(np.float64) + out.zero_point, -128, 127).astype(np.int8)


def dequantize(x: NDArray[np.int8], grid: Grid) -> NDArray[np.float32]:
    """DEQUANTIZE: scale * (x - zero point) in float32."""
    return (np.float32(grid.scale) * (x.astype(np.float32) - np.float32(grid.zero_point))).astype(np.float32)
