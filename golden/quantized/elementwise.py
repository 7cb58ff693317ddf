# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Operators on pairs of int8 tensors, which broadcast, by the rules of TFLite Micro.

Source: tensorflow/lite/kernels/internal/reference/integer_ops/add.h and mul.h, reference/sub.h,
micro/kernels/add_common.cc, sub_common.cc and mul_common.cc.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from macrame.golden.arith.requantize import quantize_multiplier
from macrame.golden.quantized.fixed_point import Raw, multiply_by_quantized_multiplier
from macrame.golden.quantized.grid import Grid

Int8 = NDArray[np.int8]

ADD_SHIFT = 20
"""Bits by which the inputs of an addition are shifted left before they are scaled."""


@dataclass(frozen=True)
class Addition:
    """An addition or subtraction, as two tables of int32 and a requantisation of their sum.

    Attributes
    ----------
    a, b : ndarray of int32, shape (256,)
        The scaled value of each int8, from -128 on; of a subtraction's second input, its negative.
    multiplier, shift : int
    zero_point : int
        Of the output.
    """

    a: NDArray[np.int32]
    b: NDArray[np.int32]
    multiplier: int
    shift: int
    zero_point: int


def addition(a: Grid, b: Grid, out: Grid, subtract: bool = False) -> Addition:
    """The tables of an addition.

    Parameters
    ----------
    a, b, out : Grid
    subtract : bool

    Returns
    -------
    Addition

    Raises
    ------
    ValueError
        The output's scale is too small: the runtime aborts on a factor of 1 or more.
    """
    twice = 2 * np.float64(max(a.scale, b.scale))
    factor = twice / (2.0**ADD_SHIFT * np.float64(out.scale))
    if factor >= 1:
        raise ValueError(f"output scale is {out.scale}, expected more than {twice / 2**ADD_SHIFT}")
    tables = []
    for grid in (a, b):
        multiplier, shift = quantize_multiplier(np.float64(grid.scale) / twice)
        shifted = (np.arange(-128, 128) - grid.zero_point) << ADD_SHIFT
        tables.append(multiply_by_quantized_multiplier(shifted, multiplier, shift).astype(np.int32))
    multiplier, shift = quantize_multiplier(factor)
    return Addition(
        tables[0], -tables[1] if subtract else tables[1], int(multiplier), int(shift), out.zero_point
    )


def add(x: Int8, y: Int8, rule: Addition, low: int, high: int) -> Int8:
    """Sum or difference of two tensors.

    Parameters
    ----------
    x, y : ndarray of int8
    rule : Addition
    low, high : int
        The clamp.

    Returns
    -------
    ndarray of int8
    """
    total = rule.a[x.astype(np.int64) + 128].astype(np.int64) + rule.b[y.astype(np.int64) + 128]
    scaled = multiply_by_quantized_multiplier(total, rule.multiplier, rule.shift)
    return np.clip(scaled + rule.zero_point, low, high).astype(np.int8)


def mul_factor(a: Grid, b: Grid, out: Grid) -> np.float64:
    """The factor of a product: sa sb / so in float64."""
    return np.float64(a.scale) * np.float64(b.scale) / np.float64(out.scale)


def mul(x: Int8, y: Int8, a: Grid, b: Grid, out: Grid, low: int, high: int) -> Int8:
    """Product of two tensors.

    Parameters
    ----------
    x, y : ndarray of int8
    a, b, out : Grid
    low, high : int
        The clamp.

    Returns
    -------
    ndarray of int8
    """
    factor = mul_factor(a, b, out)
    product: Raw = (x.astype(np.int64) - a.zero_point) * (y.astype(np.int64) - b.zero_point)
    scaled = multiply_by_quantized_multiplier(product, *quantize_multiplier(factor))
    return np.clip(scaled + out.zero_point, low, high).astype(np.int8)
