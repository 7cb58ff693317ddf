# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Grids of integers that stand for real numbers: a scale and a zero point, symmetric or over a range.

A real number x is held as an integer q with x = scale * (q - zero_point). With b bits, 2 to 8, integers are
those of b bits, held in int8: [-2^(b-1), 2^(b-1) - 1], symmetric ones without the lowest.

Scales are normal float64 numbers. Numbers so small that theirs would be below 2^-1022 are taken for zeros.
"""

from dataclasses import dataclass

import numpy as np

SMALLEST_SCALE = np.finfo(np.float64).smallest_normal


def integer_range(bits):
    """Smallest and largest signed integer of so many bits.

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
        If there are fewer bits or more.
    """
    if not 2 <= bits <= 8:
        raise ValueError(f"bits is {bits}, expected 2 to 8")
    return -(1 << bits - 1), (1 << bits - 1) - 1


@dataclass(frozen=True)
class Affine:
    """How integers stand for real numbers: x = scale * (q - zero_point).

    Attributes
    ----------
    scale : float or numpy.ndarray
        Above 0; an array where channels differ, shaped to broadcast against the tensor.
    zero_point : int or numpy.ndarray
        The int8 that stands for 0.
    bits : int
        Of the integers, 2 to 8.
    """

    scale: float
    zero_point: int = 0
    bits: int = 8

    @property
    def low(self):
        """The smallest integer."""
        return integer_range(self.bits)[0]

    @property
    def high(self):
        """The largest integer."""
        return integer_range(self.bits)[1]

    def quantize(self, x):
        """Nearest integer to each x, ties to even, saturated.

        Parameters
        ----------
        x : array_like
            Finite real numbers.

        Returns
        -------
        numpy.ndarray of int8
        """
        q = np.rint(np.asarray(x, np.float64) / self.scale) + self.zero_point
        return np.clip(q, self.low, self.high).astype(np.int8)

    def dequantize(self, q):
        """The real numbers that integers stand for, float64.

        Parameters
        ----------
        q : array_like of int

        Returns
        -------
        numpy.ndarray of float64
        """
        return self.scale * (np.asarray(q, np.float64) - self.zero_point)


def symmetric(x, axis=None, bits=8):
    """Zero point 0, largest magnitude at the largest integer, 127 for 8 bits.

    Parameters
    ----------
    x : array_like
        Finite real numbers.
    axis : int or tuple of int, optional
        Axes to take the maximum over; the others keep a scale each (axis=1 of (outputs, inputs): one an
        output). Without it the whole tensor shares one scale.
    bits : int
        2 to 8.

    Returns
    -------
    Affine
        Its scale has the dimensions of `x` with `axis` reduced to 1, or is a float. A channel of zeros gets
        scale 1.
    """
    top = np.abs(np.asarray(x, np.float64)).max(axis=axis, keepdims=axis is not None)
    scale = top / integer_range(bits)[1]
    scale = np.where(scale >= SMALLEST_SCALE, scale, 1.0)
    return Affine(float(scale) if axis is None else scale, 0, bits)


def asymmetric(low, high, bits=8):
    """All integers, [-128, 127] for 8 bits, for [low, high], widened to hold 0.

    Zero must be exact: ReLU and padding need it.

    Parameters
    ----------
    low, high : float
        Range of the values.
    bits : int
        2 to 8.

    Returns
    -------
    Affine
        scale = (high - low) / (2^bits - 1); the zero point is rounded to the nearest integer, so that the
        ends may be off by half a step. An empty range (all zeros) gets scale 1 and zero point 0.

    Raises
    ------
    ValueError
        Where low > high, or one is not finite.
    """
    if not (np.isfinite(low) and np.isfinite(high) and low <= high):
        raise ValueError(f"range [{low}, {high}]: expected two finite numbers, the smaller one first")
    low, high = min(float(low), 0.0), max(float(high), 0.0)
    least, most = integer_range(bits)
    scale = (high - low) / (most - least)
    if np.isinf(scale):  # of ends whose difference no float64 can hold
        scale = high / (most - least) - low / (most - least)
    if scale < SMALLEST_SCALE:
        return Affine(1.0, 0, bits)
    zero_point = int(np.clip(np.rint(least - low / scale), least, most))
    return Affine(scale, zero_point, bits)
