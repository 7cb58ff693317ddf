# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Operators by the rules of ONNX Runtime's x86-64 kernels, where they differ from TFLite Micro's.

The tensors are int8 or uint8; every function returns the type of its output. The arithmetic is float32, each
operation rounded to nearest, ties to even. `add`, `logistic` and `tanh` are what processors with AVX2 and FMA
compute; without them the products are rounded before they are added. The other functions do not depend on the
processor. Functions of one operand take and return float32: QLinearSigmoid and QLinearLeakyRelu dequantise
before and quantise after, as QDQ does.

Sources: ONNX Runtime 1.32, onnxruntime/core/mlas/lib/qladd.cpp, qlmul.cpp, quantize.cpp, qlgavgpool.cpp,
logistic.cpp, tanh.cpp, and onnxruntime/contrib_ops/cpu/quantization/qlinear_pool.cc, qlinear_lookup_table.cc.
"""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from macrame.golden.quantized.grid import Grid
from macrame.golden.quantized.windows import Windows

Bytes = NDArray[Any]
"""int8 or uint8."""
Floats = NDArray[np.float32]


def _saturated(values: NDArray[np.floating], dtype: DTypeLike) -> NDArray[Any]:
    """Whole numbers as integers of a type, clamped to its range."""
    limits = np.iinfo(np.dtype(dtype).type)
    return np.clip(values.astype(np.float64), limits.min, limits.max).astype(dtype)


def fused(a: Floats | np.float32, b: Floats | np.float32, c: Floats | np.float32) -> Floats:
    """``a * b + c`` of float32 numbers, rounded once.

    Parameters
    ----------
    a, b, c : ndarray of float32, or float32
        Broadcast against each other.

    Returns
    -------
    ndarray of float32

    Notes
    -----
    The product is exact in float64. The sum is rounded to odd there: it is inexact if the error term of
    Knuth's two-sum is not 0, and then an even result moves one step towards the exact one. Rounding that to
    float32 rounds the exact sum.
    """
    product = np.asarray(a, np.float64) * np.asarray(b, np.float64)
    addend = np.asarray(c, np.float64)
    total = np.atleast_1d(product + addend)
    part = total - product
    error = (product - (total - part)) + (addend - part)
    even = (total.view(np.int64) & 1) == 0
    odd = np.where((error != 0) & even, np.nextafter(total, np.copysign(np.inf, error)), total)
    return odd.astype(np.float32).reshape(np.broadcast_shapes(product.shape, addend.shape))


def quantize(x: Floats, out: Grid, dtype: DTypeLike) -> NDArray[Any]:
    """QuantizeLinear: a division, ties to even, then the zero point (quantize.cpp, MlasQuantizeLinear)."""
    with np.errstate(over="ignore"):
        rounded = np.rint(np.asarray(x, np.float32) / np.float32(out.scale))
    rounded = np.where(np.isnan(rounded), np.float32(0), rounded)
    return _saturated(rounded.astype(np.float64) + out.zero_point, dtype)


def dequantize(x: Bytes, grid: Grid) -> Floats:
    """DequantizeLinear: the zero point is subtracted from the integers, the difference scaled."""
    difference = (x.astype(np.int32) - grid.zero_point).astype(np.float32)
    return (difference * np.float32(grid.scale)).astype(np.float32)


def requantize(x: Bytes, grid: Grid, out: Grid, dtype: DTypeLike) -> NDArray[Any]:
    """DequantizeLinear, then QuantizeLinear; QLinearConcat does the same to each of its inputs."""
    return quantize(dequantize(x, grid), out, dtype)


def add(x: Bytes, y: Bytes, a: Grid, b: Grid, out: Grid, dtype: DTypeLike) -> NDArray[Any]:
    """QLinearAdd of tensors of one shape on AVX2 (qladd.cpp, MlasQLinearAddKernelHelper).

    ``fused(x, ra, fused(y, rb, c))`` with ra = sa / so, rb = sb / so and the constant part
    c = zo - fused(ra, za, rb * zb); ties to even. The output's zero point is part of c, so it is added before
    the sum is rounded.

    Parameters
    ----------
    x, y : ndarray of int8 or uint8
    a, b, out : Grid
    dtype : dtype
        int8 or uint8, of the output.

    Returns
    -------
    ndarray
    """
    ra, rb = np.float32(a.scale) / np.float32(out.scale), np.float32(b.scale) / np.float32(out.scale)
    zeros = fused(np.float32(a.zero_point), ra, rb * np.float32(b.zero_point))
    constant = (np.float32(out.zero_point) - zeros).astype(np.float32)
    total = fused(x.astype(np.float32), ra, fused(y.astype(np.float32), rb, constant))
    return _saturated(np.rint(total), dtype)


def sub(x: Bytes, y: Bytes, a: Grid, b: Grid, out: Grid, dtype: DTypeLike) -> NDArray[Any]:
    """Sub between DequantizeLinear and QuantizeLinear: a difference of float32 values. Broadcasts.

    Parameters
    ----------
    x, y : ndarray of int8 or uint8
    a, b, out : Grid
    dtype : dtype
        int8 or uint8, of the output.

    Returns
    -------
    ndarray
    """
    return quantize(dequantize(x, a) - dequantize(y, b), out, dtype)


def mul(x: Bytes, y: Bytes, a: Grid, b: Grid, out: Grid, dtype: DTypeLike) -> NDArray[Any]:
    """QLinearMul (qlmul.cpp): ``rint((x - za)(y - zb) * (sa * sb / so) + zo)``, each step in float32.

    The zero point is added before the product is rounded, ties to even. Operands are broadcast.

    Parameters
    ----------
    x, y : ndarray of int8 or uint8
    a, b, out : Grid
    dtype : dtype
        int8 or uint8, of the output.

    Returns
    -------
    ndarray
    """
    factor = np.float32(a.scale) * np.float32(b.scale) / np.float32(out.scale)
    product = (x.astype(np.int32) - a.zero_point) * (y.astype(np.int32) - b.zero_point)
    return _saturated(np.rint(product.astype(np.float32) * factor + np.float32(out.zero_point)), dtype)


# --- functions of one operand -------------------------------------------------------------------------------

#: Numerators and denominators of `logistic` and `tanh`, in powers of x squared, the highest first.
_LOGISTIC = (
    (
        4.37031012579801e-11,
        1.15627324459942e-07,
        6.08574864600143e-05,
        8.51377133304701e-03,
        2.48287947061529e-01,
    ),
    (
        *(6.10247389755681e-13, 5.76102136993427e-09, 6.29106785017040e-06),
        *(1.70198817374094e-03, 1.16817656904453e-01, 9.93151921023180e-01),
    ),
)
_TANH = (
    (
        *(-2.76076847742355e-16, 2.00018790482477e-13, -8.60467152213735e-11, 5.12229709037114e-08),
        *(1.48572235717979e-05, 6.37261928875436e-04, 4.89352455891786e-03),
    ),
    (1.19825839466702e-06, 1.18534705686654e-04, 2.26843463243900e-03, 4.89352518554385e-03),
)


def _odd_fraction(x: Floats, limit: float, parts: tuple[tuple[float, ...], ...]) -> Floats:
    """An odd function as a fraction of polynomials, by Horner's scheme with fused steps."""
    value = np.clip(x, np.float32(-limit), np.float32(limit))
    square = value * value
    sums = []
    for coefficients in parts:
        total: Floats = np.full_like(square, np.float32(coefficients[0]))
        for coefficient in coefficients[1:]:
            total = fused(total, square, np.float32(coefficient))
        sums.append(total)
    return (sums[0] * value) / sums[1]


def logistic(x: Floats) -> Floats:
    """Sigmoid on processors with FMA (logistic.cpp, LogisticKernelFma3.S): a fraction of polynomials."""
    return np.clip(_odd_fraction(x, 18, _LOGISTIC) + np.float32(0.5), np.float32(0), np.float32(1))


def tanh(x: Floats) -> Floats:
    """Tanh on processors with FMA (tanh.cpp, TanhKernelFma3.S): a fraction of polynomials."""
    return _odd_fraction(x, 9, _TANH)


def clip(x: Floats, low: float, high: float) -> Floats:
    """Clip; Relu with the limits 0 and infinity."""
    return np.minimum(np.maximum(x, np.float32(low)), np.float32(high))


def leaky_relu(x: Floats, alpha: float) -> Floats:
    """LeakyRelu: negative numbers times alpha."""
    return np.where(x >= 0, x, np.float32(alpha) * x)


def hard_sigmoid(x: Floats, alpha: float, beta: float) -> Floats:
    """HardSigmoid: alpha x + beta within 0 to 1; the product is rounded before the addition."""
    return np.clip(np.float32(alpha) * x + np.float32(beta), np.float32(0), np.float32(1))


def hard_swish(x: Floats) -> Floats:
    """HardSwish: x times its HardSigmoid with alpha 1/6 and beta 0.5."""
    return x * hard_sigmoid(x, 1 / 6, 0.5)


# --- averages -----------------------------------------------------------------------------------------------


def mean_factor(input_scale: float, output_scale: float, count: int) -> np.float32:
    """The factor of a mean of `count` values: ``sx / (sy * n)`` in float32 (qlgavgpool.cpp)."""
    return np.float32(np.float32(input_scale) / (np.float32(output_scale) * np.float32(count)))


def global_average_pool(x: Bytes, a: Grid, out: Grid, dtype: DTypeLike) -> NDArray[Any]:
    """QLinearGlobalAveragePool (qlgavgpool.cpp): the exact sum, requantised with `mean_factor`.

    Parameters
    ----------
    x : ndarray of int8 or uint8, shape (N, H, W, C)
    a, out : Grid
    dtype : dtype
        int8 or uint8, of the output.

    Returns
    -------
    ndarray, shape (N, 1, 1, C)
    """
    count = x.shape[1] * x.shape[2]
    total = (x.astype(np.int64) - a.zero_point).sum(axis=(1, 2), keepdims=True)
    scaled = np.rint(total.astype(np.float32) * mean_factor(a.scale, out.scale, count))
    return _saturated(scaled.astype(np.float64) + out.zero_point, dtype)


def average_pool(
    x: Bytes, windows: Windows, a: Grid, out: Grid, dtype: DTypeLike, count_padding: bool = False
) -> NDArray[Any]:
    """QLinearAveragePool (qlinear_pool.cc): a float32 sum of dequantised values, in the order of the rows.

    The sum is divided by the number of cells, then by the output's scale; the zero point is added before the
    result is rounded, ties to even. A window that is the whole image, without padding, is
    `global_average_pool` instead.

    Parameters
    ----------
    x : ndarray of int8 or uint8, shape (N, H, W, C)
    windows : Windows
    a, out : Grid
    dtype : dtype
        int8 or uint8, of the output.
    count_padding : bool
        Divide by the size of the window, not by its cells inside the image.

    Returns
    -------
    ndarray, shape (N, OH, OW, C)
    """
    inside = windows.gather(np.ones_like(x[:1, ..., :1], np.int64), 0)
    cells: Floats = dequantize(windows.gather(x, a.zero_point), a)  # 0 outside the image
    total = np.zeros((*cells.shape[:3], cells.shape[5]), np.float32)
    for i, j in np.ndindex(*windows.kernel):
        total = total + cells[:, :, :, i, j]
    counts = np.full_like(inside, 1) if count_padding else inside
    mean = total / counts.sum(axis=(3, 4)).astype(np.float32)
    return _saturated(np.rint(mean / np.float32(out.scale) + np.float32(out.zero_point)), dtype)
