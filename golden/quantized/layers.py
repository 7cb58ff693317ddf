# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Convolutions and fully connected layers: integer products, a bias, and a requantisation per channel.

    acc = sum (x - zx) (w - zw) + bias             int32, exact
    y   = clamp(requantize(acc, sx sw / sy) + zy)

=============  ============================================================  =================
runtime        factor                                                        mode of the core
=============  ============================================================  =================
TFLite Micro   sx sw / sy in float64, then a Q31 multiplier                  gemmlowp
ONNX Runtime   (sx sw) / sy in float32                                       fp32
=============  ============================================================  =================

Sources: TFLite Micro kernels/conv_common.cc, fully_connected_common.cc and reference/integer_ops/;
ONNX Runtime mlas/lib/quantize.cpp and core/providers/cpu/quantization/. With double rounding a
multiplier below 2^-32 counts as 0: `macrame.golden.arith.requantize.quantize_multiplier`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from macrame.golden.arith.requantize import quantize_multiplier, requantize, scale_bits
from macrame.golden.quantized.windows import Windows

Bytes = NDArray[Any]
"""int8 or uint8."""


@dataclass(frozen=True)
class QuantisedLayer:
    """What a layer does with its sums: everything the core's record holds, and the input's zero point.

    Attributes
    ----------
    bias : ndarray of int32, shape (N,)
        Without the input's zero point.
    multiplier : ndarray of int32, shape (N,)
        Q31, or float32 bits in mode fp32.
    shift : ndarray of int8, shape (N,)
    input_zero_point : int
        Subtracted from every input, and the value of padding.
    zero_point, low, high : int
        Of the output, and its clamp.
    mode : {"gemmlowp", "ruy", "fp32"}
    dtype : dtype
        int8 or uint8, of the output.
    """

    bias: NDArray[np.int32]
    multiplier: NDArray[np.int32]
    shift: NDArray[np.int8]
    input_zero_point: int
    zero_point: int
    low: int
    high: int
    mode: str
    dtype: np.dtype[Any] = np.dtype(np.int8)

    def __getitem__(self, outputs: slice | NDArray[np.intp]) -> QuantisedLayer:
        """The layer with some of its outputs, by a slice or by their numbers."""
        return QuantisedLayer(
            self.bias[outputs],
            self.multiplier[outputs],
            self.shift[outputs],
            self.input_zero_point,
            self.zero_point,
            self.low,
            self.high,
            self.mode,
            self.dtype,
        )

    def as_int8(self, unsigned_input: bool) -> QuantisedLayer:
        """The layer on int8: the top bit of uint8 inverted, which subtracts 128, also from the zero points.

        Parameters
        ----------
        unsigned_input : bool
            The input is uint8.

        Returns
        -------
        QuantisedLayer
        """
        moved = 128 if self.dtype == np.uint8 else 0
        return QuantisedLayer(
            self.bias,
            self.multiplier,
            self.shift,
            self.input_zero_point - (128 if unsigned_input else 0),
            self.zero_point - moved,
            self.low - moved,
            self.high - moved,
            self.mode,
        )

    def requantise(self, acc: NDArray[np.integer]) -> NDArray[Any]:
        """Outputs from sums of (x - input zero point) * w.

        Parameters
        ----------
        acc : ndarray of int, shape (..., N)
            Any integers; they are reduced modulo 2^32, as the core does.

        Returns
        -------
        ndarray of int8 or uint8, the same shape
        """
        x = (np.asarray(acc, np.int64) + self.bias).astype(np.int32)
        out = requantize(x, self.multiplier, self.shift, self.zero_point, self.low, self.high, self.mode)
        return out.astype(self.dtype)  # from 128 on, int8 and uint8 have the same bits


def factors_tflm(
    input_scale: float, weight_scale: NDArray[np.float32], output_scale: float
) -> tuple[NDArray[np.int32], NDArray[np.int8]]:
    """Q31 multipliers and shifts of TFLite Micro: the factor of each channel in float64.

    Parameters
    ----------
    input_scale, output_scale : float32
    weight_scale : ndarray of float32, shape (N,) or (1,)

    Returns
    -------
    multiplier : ndarray of int32
    shift : ndarray of int8
    """
    product = np.float64(input_scale) * np.asarray(weight_scale, np.float64)
    return quantize_multiplier(product / np.float64(output_scale))


def factors_onnxruntime(
    input_scale: float, weight_scale: NDArray[np.float32], output_scale: float
) -> tuple[NDArray[np.int32], NDArray[np.int8]]:
    """The factors of ONNX Runtime as the bits of float32, and shifts of 0.

    Parameters
    ----------
    input_scale, output_scale : float32
    weight_scale : ndarray of float32, shape (N,) or (1,)

    Returns
    -------
    multiplier : ndarray of int32
    shift : ndarray of int8
    """
    factor = np.float32(input_scale) * np.asarray(weight_scale, np.float32) / np.float32(output_scale)
    return scale_bits(factor), np.zeros(factor.shape, np.int8)


def sums(x: NDArray[np.integer], zero_point: int, w: NDArray[np.integer]) -> NDArray[np.int64]:
    """``(x - zero_point) @ w``, exact.

    Parameters
    ----------
    x : ndarray of int8 or uint8, shape (M, K)
    zero_point : int
    w : ndarray of int, shape (K, N)
        Weights less their zero point, in -255..255.

    Returns
    -------
    ndarray of int64, shape (M, N)

    Notes
    -----
    float64 products of BLAS: exact, since every partial sum is an integer below 2^53.
    """
    product = (x.astype(np.float64) - zero_point) @ w.astype(np.float64)
    return product.astype(np.int64)


def conv(x: Bytes, w: NDArray[np.integer], layer: QuantisedLayer, windows: Windows, groups: int = 1) -> Bytes:
    """A convolution; padding has the value of the input's zero point.

    Parameters
    ----------
    x : ndarray of int8 or uint8, shape (N, H, W, C)
    w : ndarray of int, shape (O, KH, KW, C / groups)
        Weights less their zero point.
    layer : QuantisedLayer
    windows : Windows
    groups : int

    Returns
    -------
    ndarray of int8 or uint8, shape (N, OH, OW, O)
    """
    cells = windows.gather(x, layer.input_zero_point)
    n, rows, cols = cells.shape[:3]
    outputs, inputs = w.shape[0] // groups, w.shape[3]
    acc = np.empty((n * rows * cols, w.shape[0]), np.int64)
    for g in range(groups):
        part = cells[..., g * inputs : (g + 1) * inputs].reshape(len(acc), -1)
        own = slice(g * outputs, (g + 1) * outputs)
        acc[:, own] = sums(part, layer.input_zero_point, w[own].reshape(outputs, -1).T)
    return layer.requantise(acc).reshape(n, rows, cols, -1)


def depthwise(
    x: Bytes, w: NDArray[np.integer], layer: QuantisedLayer, windows: Windows, multiplier: int = 1
) -> Bytes:
    """A depthwise convolution: output channel c * multiplier + m is computed from input channel c.

    Parameters
    ----------
    x : ndarray of int8 or uint8, shape (N, H, W, C)
    w : ndarray of int, shape (1, KH, KW, C * multiplier)
    layer : QuantisedLayer
    windows : Windows
    multiplier : int

    Returns
    -------
    ndarray of int8 or uint8, shape (N, OH, OW, C * multiplier)
    """
    cells = windows.gather(x, layer.input_zero_point).astype(np.int64) - layer.input_zero_point
    acc = np.einsum("nrckjx,kjx->nrcx", np.repeat(cells, multiplier, axis=-1), w[0].astype(np.int64))
    return layer.requantise(acc)


def fully_connected(x: Bytes, w: NDArray[np.integer], layer: QuantisedLayer) -> Bytes:
    """A fully connected layer.

    Parameters
    ----------
    x : ndarray of int8 or uint8, shape (M, K)
    w : ndarray of int, shape (N, K)
        Weights less their zero point.
    layer : QuantisedLayer

    Returns
    -------
    ndarray of int8 or uint8, shape (M, N)
    """
    return layer.requantise(sums(x, layer.input_zero_point, w.T))
