# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Golden model of the core's bfloat16 panels: products and sums rounded one by one, bias, ReLU, output.

For each k in order, ``acc = float32(acc + float32(a_k * w_k))``, both rounded to nearest even, subnormals
kept. Every step is one IEEE 754 operation and no BLAS is used, so the bits are the same on every
machine. A product of two bfloat16 has 16 significant bits and is exact unless it is subnormal or overflows;
only the sum is rounded. Every NaN becomes 0x7FC00000.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from macrame.golden.arith.bf16_to_fp32 import bf16_to_fp32
from macrame.golden.arith.float_post import KINDS, float_post

Bits: TypeAlias = NDArray[np.uint16] | NDArray[np.uint32]
"""Bit patterns of bfloat16 or of float32."""

OUTPUTS = {name: code for code, name in enumerate(KINDS)}
"""The output formats: fp32, or bfloat16 by one of the roundings of
`macrame.golden.arith.fp32_to_bf16`."""

NAN = np.uint32(0x7FC00000)
"""The one NaN."""

NOTHING = np.uint32(0x80000000)
"""-0, which leaves every number unchanged when added."""


def canonical(x: ArrayLike) -> NDArray[np.uint32]:
    """Bits of float32 numbers, every NaN replaced by the canonical one.

    Parameters
    ----------
    x : array_like of float32

    Returns
    -------
    ndarray of uint32
    """
    x = np.asarray(x, np.float32)
    return np.where(np.isnan(x), NAN, x.view(np.uint32))


def output_name(out: str | int) -> str:
    """Name of an output format given by name or by code.

    Parameters
    ----------
    out : str or int
        A key of `OUTPUTS` or one of its values.

    Raises
    ------
    ValueError
        If it is neither.
    """
    names: dict[str | int, str] = {
        **{name: name for name in OUTPUTS},
        **{code: name for name, code in OUTPUTS.items()},
    }
    if isinstance(out, bool) or out not in names:
        raise ValueError(f"out is {out!r}, expected one of {', '.join(OUTPUTS)} or 0..3")
    return names[out]


def output_stage(
    acc: ArrayLike,
    bias: ArrayLike | None = None,
    relu: bool = False,
    out: str | int = "fp32",
    random: ArrayLike | None = None,
) -> Bits:
    """The output stage: bias, ReLU, output format.

    Parameters
    ----------
    acc : array_like of float32, shape (M, N)
        The sums.
    bias : array_like of uint32 or float32, shape (N,) or (), optional
        fp32, as bits or as numbers: ``float32(acc + bias)``.
    relu : bool
        Values not above 0 become +0; a NaN stays NaN.
    out : str or int
        See `OUTPUTS`.
    random : array_like of uint16, broadcast to (M, N)
        Random operands, for "stochastic" only.

    Returns
    -------
    ndarray, shape (M, N)
        uint32 bits of fp32, or uint16 bits of bfloat16.

    Raises
    ------
    ValueError
        Where `out` is unknown, random operands are missing, or `bias` is neither uint32 nor of floats.
    """
    out = output_name(out)
    if out == "stochastic" and random is None:
        raise ValueError("random is None, expected an operand for each result: out is 'stochastic'")
    bits = canonical(acc)
    bias = NOTHING if bias is None else np.asarray(bias)
    if bias.dtype != np.uint32:
        if bias.dtype.kind != "f":  # such as bits as int32, or numbers without a point
            raise ValueError(f"bias has dtype {bias.dtype}, expected uint32, the bits of float32, or floats")
        bias = bias.astype(np.float32).view(np.uint32)
    result = float_post(
        bits, np.broadcast_to(bias, bits.shape), relu, OUTPUTS[out], 0 if random is None else random
    )
    return result if out == "fp32" else result.astype(np.uint16)


def _operands(a: ArrayLike, w: ArrayLike) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    a, w = np.asarray(a), np.asarray(w)
    for name, matrix in (("a", a), ("w", w)):
        if matrix.dtype != np.uint16:
            raise ValueError(f"{name} has dtype {matrix.dtype}, expected uint16, the bits of bfloat16")
        if matrix.ndim != 2:
            raise ValueError(f"{name} has shape {matrix.shape}, expected two dimensions")
    if a.shape[1] != w.shape[0]:
        raise ValueError(f"a has shape {a.shape} and w {w.shape}, expected as many rows of w as columns of a")
    return bf16_to_fp32(a), bf16_to_fp32(w)


def gemm_bf16_plain(
    a: ArrayLike,
    w: ArrayLike,
    bias: ArrayLike | None = None,
    relu: bool = False,
    out: str | int = "fp32",
    random: ArrayLike | None = None,
) -> Bits:
    """``a @ w`` as in the hardware: three loops, one rounding per product and one per sum.

    Parameters
    ----------
    a : ndarray of uint16, shape (M, K)
        Activations, bits of bfloat16. Any of M, K and N may be 0; with K = 0 every sum is +0 and the result
        depends only on the bias. The host rejects K = 0, since no panel is empty.
    w : ndarray of uint16, shape (K, N)
        Weights, bits of bfloat16.
    bias, relu, out, random
        As `output_stage`. A sum is never -0, since it begins at +0: no bias and a bias of 0 are the same.

    Returns
    -------
    ndarray, shape (M, N)
        uint32 bits of fp32, or uint16 bits of bfloat16.

    Raises
    ------
    ValueError
        If a dtype is not uint16, the shapes do not fit, or as `output_stage`.

    Examples
    --------
    2^24 + 1 + 1 in this order: each 1 is half a step of the sum and lost, a tie to even.

    >>> one, big = 0x3F80, 0x4B80
    >>> a, w = np.array([[big, one, one]], np.uint16), np.full((3, 1), one, np.uint16)
    >>> hex(gemm_bf16_plain(a, w)[0, 0])
    '0x4b800000'
    """
    a, w = _operands(a, w)
    sums = np.zeros((a.shape[0], w.shape[1]), np.float32)
    with np.errstate(all="ignore"):
        for i in range(a.shape[0]):
            for j in range(w.shape[1]):
                acc = np.float32(0)
                for k in range(a.shape[1]):
                    product = np.float32(a[i, k] * w[k, j])
                    acc = np.float32(acc + product)
                sums[i, j] = acc
    return output_stage(sums, bias, relu, out, random)


def gemm_bf16(
    a: ArrayLike,
    w: ArrayLike,
    bias: ArrayLike | None = None,
    relu: bool = False,
    out: str | int = "fp32",
    random: ArrayLike | None = None,
) -> Bits:
    """`gemm_bf16_plain` one slice of K at a time: the same operations in the same order on matrices.

    Parameters, errors and result are those of `gemm_bf16_plain`.
    """
    a, w = _operands(a, w)
    sums = np.zeros((a.shape[0], w.shape[1]), np.float32)
    product = np.empty_like(sums)
    with np.errstate(all="ignore"):
        for column, row in zip(np.ascontiguousarray(a.T), w):
            np.multiply(column[:, None], row, out=product)
            np.add(sums, product, out=sums)
    return output_stage(sums, bias, relu, out, random)
