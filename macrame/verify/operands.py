# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The operands of ``make gemm``: matrices from files, in a format of the core, quantised only on request."""

from dataclasses import dataclass

import numpy as np

from macrame.errors import InputError
from macrame.files import read
from macrame.golden.arith.bf16_to_fp32 import bf16_to_fp32
from macrame.golden.arith.fp32_to_bf16 import fp32_to_bf16
from macrame.golden.nn import affine

#: Values of QUANTIZE, by format.
INT8_RULES = ("symmetric", "asymmetric")
BF16_RULES = ("even", "toward_zero")

FINITE = "a finite number"
NO_INT8 = "; QUANTIZE=symmetric would quantise it, MODE=bf16 takes bfloat16"
NO_BF16 = "a number that bfloat16 can represent; QUANTIZE=even would round it"


BIAS_ROOM = 2**30
"""The largest bias in steps of the sums: half of int32, the other half is for the products."""


@dataclass(frozen=True)
class Int8:
    """Operands of an int8 product and the real numbers they represent.

    A = a_scale (a - a_zero_point), W[:, j] = w_scale[j] w[:, j] and, with `step`, BIAS = step bias, but for
    rounding.

    Attributes
    ----------
    a : ndarray of int8, shape (M, K)
    w : ndarray of int8, shape (K, N)
    bias : ndarray of int32, shape () or (N,)
    a_scale : float
    a_zero_point : int
    w_scale : ndarray of float64, shape (N,)
    """

    a: np.ndarray
    w: np.ndarray
    bias: np.ndarray
    a_scale: float
    a_zero_point: int
    w_scale: np.ndarray

    @property
    def step(self) -> np.ndarray:
        """The real value of a sum of 1 in each column, float64, shape (N,)."""
        return self.a_scale * self.w_scale


def int8(a: read.Source, w: read.Source, bias: read.Source | None = None, rule: str | None = None) -> Int8:
    """Operands of an int8 product from files.

    A matrix of integers from -128 to 127 is unchanged, with scale 1. Any other is quantised if the user
    asks for it: A with one scale, under the rule "asymmetric" with a zero point; W with one scale per column,
    which is raised if the bias would exceed `BIAS_ROOM`. Columns of zeros, such as pruned ones, have the
    finest scale that their bias allows.

    Parameters
    ----------
    a, w : macrame.files.read.Source
    bias : macrame.files.read.Source, optional
        Integers, or with a rule real numbers.
    rule : str, optional
        One of `INT8_RULES`; None for integers only.

    Returns
    -------
    Int8

    Raises
    ------
    macrame.errors.InputError
    """
    if rule is None:
        x, y = (read.int8_matrix(source, NO_INT8) for source in (a, w))
        check_sides(a, w, x, y)
        n = y.shape[1]
        return Int8(x, y, read.int32s(bias, n) if bias else np.zeros((), np.int32), 1.0, 0, np.ones(n))
    x, y = (_finite(source) for source in (a, w))
    check_sides(a, w, x, y)
    n = y.shape[1]
    b = np.broadcast_to(read.reals(bias, n), n) if bias else np.zeros(n)
    of_a = affine.Affine(1.0)
    if not _is_int8(x):
        try:
            of_a = affine.symmetric(x) if rule == "symmetric" else affine.asymmetric(x.min(), x.max())
        except ValueError as error:
            raise InputError(f"{a.label}: {error}") from None
    # in float64, whatever the type of the scale
    of_a = affine.Affine(float(of_a.scale), int(of_a.zero_point))
    with np.errstate(over="ignore", under="ignore"):
        least = np.abs(b) / BIAS_ROOM / of_a.scale
        w_scale = np.maximum(np.abs(y).max(axis=0) / 127, least)
    w_scale = np.where(w_scale > 0, w_scale, 1.0)
    if _is_int8(y) and (least <= 1).all():
        w_scale = np.ones(n)
    with np.errstate(over="ignore", under="ignore"):
        step = of_a.scale * w_scale
    tiny = affine.SMALLEST_SCALE
    for j in np.flatnonzero(~(np.isfinite(step) & (step >= tiny) & (w_scale >= tiny))):
        raise InputError(
            f"{a.label} has scale {of_a.scale:g} and column {j} of {w.label} {w_scale[j]:g}, expected a "
            "product that is a normal float64"
        )
    found = Int8(
        of_a.quantize(x),
        affine.Affine(w_scale).quantize(y),
        np.rint(b / step).astype(np.int32),
        float(of_a.scale),
        of_a.zero_point,
        w_scale,
    )
    _check_sums(found)
    return found


def check_sides(a: read.Source, w: read.Source, x: np.ndarray, y: np.ndarray) -> None:
    """Reject matrices, read from A and W, that cannot be multiplied; InputError."""
    if x.shape[1] != y.shape[0]:
        raise InputError(
            f"{a.label} is {x.shape[0]} x {x.shape[1]} and {w.label} is {y.shape[0]} x {y.shape[1]}, "
            "expected W to have as many rows as A has columns"
        )


def _check_sums(found: Int8) -> None:
    """Reject sums that would wrap, since they represent real numbers."""
    if found.a.shape[1] <= 2**15:  # 2^15 products of 255 and 128, and a bias of 2^30, fit
        return
    sums = (found.a.astype(np.float64) - found.a_zero_point) @ found.w.astype(np.float64) + found.bias
    for i, j in np.argwhere(np.abs(sums) > 2**31 - 1):
        raise InputError(
            f"the quantised sum at [{i}, {j}] is {sums[i, j]:.0f}, expected an int32; use fewer columns of A"
        )


def bf16(source: read.Source, rule: str | None = None) -> np.ndarray:
    """A matrix as bits of bfloat16.

    Parameters
    ----------
    source : macrame.files.read.Source
        Bits: an .npy or .npz file of uint16, or of bfloat16 as ml_dtypes has it. Numbers: any other.
    rule : str, optional
        One of `BF16_RULES`, for numbers not representable in bfloat16; None to reject them.

    Returns
    -------
    ndarray of uint16, shape (rows, columns)

    Raises
    ------
    macrame.errors.InputError
    """
    found = read.matrix(source)
    if found.bf16 or (found.array.dtype == np.uint16 and source.suffix not in read.TEXTS):
        return found.array
    found = found.float64()
    bits = to_bf16(found.array, rule or "even")
    if rule is None:
        found.refuse((bf16_to_fp32(bits) != found.array) & ~np.isnan(found.array), NO_BF16)
    return bits


def to_bf16(x: np.ndarray, rounding: str = "even") -> np.ndarray:
    """float64 to bfloat16, rounded once.

    Parameters
    ----------
    x : ndarray of float64
    rounding : {"even", "toward_zero"}

    Returns
    -------
    ndarray of uint16
        Bits. A NaN becomes the quiet one of its sign.
    """
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        near = x.astype(np.float32)
    wide = near.astype(np.float64)
    # to odd: bits that float32 drops set the last of the 16 bits still to be dropped, so that no number
    # in between becomes a tie
    toward_zero = near.view(np.uint32) - (np.abs(wide) > np.abs(x))
    lost = (wide != x) & ~np.isnan(x)
    return fp32_to_bf16((toward_zero | lost).astype(np.uint32), rounding)


def float32_bias(source: read.Source, n: int) -> np.ndarray:
    """A bias for the columns of a product, as the float32 nearest to each number.

    Parameters
    ----------
    source : macrame.files.read.Source
    n : int
        Columns.

    Returns
    -------
    ndarray of float32, shape () or (n,)

    Raises
    ------
    macrame.errors.InputError
    """
    real = read.reals(source, n)
    with np.errstate(over="ignore"):
        bias = real.astype(np.float32)
    for value in real[np.isinf(bias)].reshape(-1):
        raise InputError(f"{source.label}: {value:g} overflows float32, expected at most 3.4e38 in magnitude")
    return bias


def _finite(source: read.Source) -> np.ndarray:
    found = read.matrix(source, FINITE).float64()
    found.refuse(~np.isfinite(found.array), FINITE)
    return found.array


def _is_int8(x: np.ndarray) -> bool:
    return bool(((x == np.rint(x)) & (x >= -128) & (x <= 127)).all())
