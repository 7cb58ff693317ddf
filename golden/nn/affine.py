# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Integer grids for real numbers: a scale and a zero point, symmetric or over a range.

A real number x is represented by an integer q with x = scale * (q - zero_point). With b bits, 2 to 8,
integers are those of b bits, stored as int8: [-2^(b-1), 2^(b-1) - 1], symmetric ones without the lowest.

The type of a scale is the type of the arithmetic. Activations are quantised while a network runs, and
runtimes do that in float32: `asymmetric` has float32 scales by default, and `Affine.quantize` then divides
float32 by float32, as ONNX's DynamicQuantizeLinear and QuantizeLinear do. Weights are quantised once,
beforehand: `symmetric` has float64 scales.

Scales are normal numbers. Numbers so small that their scale would be below 2^-126, or 2^-1022 in float64,
count as zeros.
"""

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

KINDS: dict[np.dtype, type[np.floating]] = {np.dtype(k): k for k in (np.float32, np.float64)}
SMALLEST = {kind: np.finfo(kind).smallest_normal for kind in KINDS.values()}
SMALLEST_SCALE = SMALLEST[np.float64]

Scale: TypeAlias = float | np.floating | npt.NDArray[np.floating]
"""One for a tensor, or an array that broadcasts against it."""


class NotFinite(ValueError):
    """A NaN or an infinity in numbers to be quantised; the message names it."""


def check_finite(name: str, x: npt.ArrayLike) -> None:
    """Reject numbers that cannot be quantised.

    Parameters
    ----------
    name : str
        For the message.
    x : array_like of float

    Raises
    ------
    NotFinite
        For the first NaN or infinity, with its indices.
    """
    x = np.asarray(x)
    finite = np.isfinite(x)
    if not finite.all():
        where = tuple(int(i) for i in np.argwhere(~finite)[0])
        raise NotFinite(f"{name}{''.join(f'[{i}]' for i in where)} is {x[where]}, expected a finite number")


def integer_range(bits: int) -> tuple[int, int]:
    """Smallest and largest signed integer with this number of bits.

    Parameters
    ----------
    bits : int
        2 to 8.

    Returns
    -------
    low, high : int

    Raises
    ------
    ValueError
        If `bits` is out of range.
    """
    if not 2 <= bits <= 8:
        raise ValueError(f"bits is {bits}, expected 2 to 8")
    return -(1 << bits - 1), (1 << bits - 1) - 1


@dataclass(frozen=True)
class Affine:
    """The meaning of integers as real numbers: x = scale * (q - zero_point).

    Attributes
    ----------
    scale : float or numpy.ndarray
        Above 0; an array where channels differ, shaped to broadcast against the tensor. Its type is that of
        the division: a `numpy.float32` divides in float32, a Python float in float64.
    zero_point : int
        The int8 that represents 0.
    bits : int
        Of the integers, 2 to 8.

    Raises
    ------
    ValueError
        If a scale is not a finite number above 0.
    """

    scale: Scale
    zero_point: int = 0
    bits: int = 8

    def __post_init__(self) -> None:
        scale = np.asarray(self.scale)
        if not (scale.min() > 0 and scale.max() < np.inf):  # a NaN is the minimum of all
            wrong = scale[~((scale > 0) & (scale < np.inf))].flat[0]
            raise ValueError(f"scale is {wrong}, expected a finite number above 0")

    @property
    def low(self) -> int:
        """The smallest integer."""
        return integer_range(self.bits)[0]

    @property
    def high(self) -> int:
        """The largest integer."""
        return integer_range(self.bits)[1]

    def quantize(self, x: npt.ArrayLike) -> npt.NDArray[np.int8]:
        """Nearest integer to each x, ties to even, saturated: clip(rint(x / scale) + zero_point).

        If the scale is a float32, x is rounded to float32 first and the quotient is the float32 nearest to
        x / scale. A quotient halfway between two integers in one type need not be so in the other; a product
        with 1 / scale, as `macrame.golden.arith.fp32_to_int8` and the RTL compute, differs from both.

        Parameters
        ----------
        x : array_like
            Finite real numbers.

        Returns
        -------
        numpy.ndarray of int8

        Raises
        ------
        NotFinite
            If one is a NaN or infinite.

        Examples
        --------
        ONNX's example of DynamicQuantizeLinear, whose integers are uint8. -2.5 is halfway in float64:

        >>> x = [0, 2, -3, -2.5, 1.34, 0.5]
        >>> (asymmetric(-3, 2).quantize(x).astype(int) + 128).tolist()
        [153, 255, 0, 26, 221, 179]
        >>> (asymmetric(-3, 2, dtype=np.float64).quantize(x).astype(int) + 128).tolist()
        [153, 255, 0, 25, 221, 179]
        """
        check_finite("x", x)
        kind: type[np.floating] = np.float32 if np.asarray(self.scale).dtype == np.float32 else np.float64
        with np.errstate(over="ignore"):  # what overflows saturates
            q = np.rint(np.asarray(x, np.float64).astype(kind) / self.scale)
        return np.clip(q + self.zero_point, self.low, self.high).astype(np.int8)

    def dequantize(self, q: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """The real values of integers, float64.

        Parameters
        ----------
        q : array_like of int

        Returns
        -------
        numpy.ndarray of float64
        """
        return np.asarray(self.scale, np.float64) * (np.asarray(q, np.float64) - self.zero_point)


def symmetric(x: npt.ArrayLike, axis: int | tuple[int, ...] | None = None, bits: int = 8) -> Affine:
    """Zero point 0, largest magnitude at the largest integer, 127 for 8 bits.

    Parameters
    ----------
    x : array_like
        Finite real numbers; may be empty.
    axis : int or tuple of int, optional
        Axes to take the maximum over; the others keep one scale each (axis=1 of (outputs, inputs): one per
        output). Without it the tensor has one scale.
    bits : int
        2 to 8.

    Returns
    -------
    Affine
        Its scale is float64, with the dimensions of `x` and `axis` reduced to 1, or a float. A channel of
        zeros, or of nothing, gets scale 1.

    Raises
    ------
    NotFinite
        If a number is a NaN or infinite.
    """
    check_finite("x", x)
    top = np.abs(np.asarray(x, np.float64)).max(axis=axis, keepdims=axis is not None, initial=0)
    scale = top / integer_range(bits)[1]
    scale = np.where(scale >= SMALLEST_SCALE, scale, 1.0)
    return Affine(float(scale) if axis is None else scale, 0, bits)


def asymmetric(
    low: float, high: float, bits: int = 8, dtype: npt.DTypeLike = np.float32, empty: float = 1.0
) -> Affine:
    """The grid that maps [low, high], widened to include 0, to all integers: [-128, 127] for 8 bits.

    Zero must be exact: ReLU and padding need it.

    Parameters
    ----------
    low, high : float
        Range of the values, rounded to `dtype`.
    bits : int
        2 to 8.
    dtype : numpy dtype
        float32 or float64: the type of the scale, of the arithmetic that finds it and the zero point, and of
        `Affine.quantize`.
    empty : float
        Scale for an empty range (all zeros, or nearly), which does not determine one.

    Returns
    -------
    Affine
        scale = (high - low) / (2^bits - 1), of type `dtype`; the zero point is rounded to the nearest
        integer, ties to even, so that the ends may be off by half a step. An empty range has zero point 0.

    Raises
    ------
    NotFinite
        If an end is not a finite number, or overflows `dtype`.
    ValueError
        If low > high.
    """
    number = KINDS[np.dtype(dtype)]
    least, most = integer_range(bits)
    steps = number(most - least)
    with np.errstate(over="ignore"):
        ends = number(low), number(high)
        if not (math.isfinite(ends[0]) and math.isfinite(ends[1])):
            raise NotFinite(
                f"range [{low}, {high}]: expected two numbers that are finite as {np.dtype(dtype)}"
            )
        if low > high:
            raise ValueError(f"range [{low}, {high}]: expected two finite numbers, the smaller one first")
        bottom, top = min(ends[0], number(0)), max(ends[1], number(0))
        scale = (top - bottom) / steps
        if scale == np.inf:  # of ends whose difference is beyond the type
            scale = top / steps - bottom / steps
    if scale < SMALLEST[number]:
        return Affine(number(empty), 0, bits)
    return Affine(scale, least + int(min(max(np.rint(-bottom / scale), 0), steps)), bits)
