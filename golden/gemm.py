# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Golden model of the core: int8 matrix products with int32 sums, and a layer's bias and requantisation."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from macrame.golden.arith.requantize import integers, requantize, wrap32

CHUNK = 1024
"""Slices of K summed in float32 at a time: 1024 * 2^14 = 2^24, up to which float32 holds every integer."""


def _int8_matrices(a: ArrayLike, w: ArrayLike) -> tuple[NDArray[np.int8], NDArray[np.int8]]:
    a, w = np.asarray(a), np.asarray(w)
    for name, matrix in (("a", a), ("w", w)):
        if matrix.dtype != np.int8:
            raise ValueError(f"{name} has dtype {matrix.dtype}, expected int8")
        if matrix.ndim != 2:
            raise ValueError(f"{name} has shape {matrix.shape}, expected two dimensions")
    if a.shape[1] != w.shape[0]:
        raise ValueError(f"a has shape {a.shape} and w {w.shape}, expected as many rows of w as columns of a")
    return a, w


def gemm_plain(a: ArrayLike, w: ArrayLike) -> NDArray[np.int32]:
    """``a @ w`` as in the hardware: three loops, each sum wrapping to int32.

    Parameters
    ----------
    a : ndarray of int8, shape (M, K)
        Activations. Any of M, K and N may be 0; with K = 0 every sum is empty, and 0. The core has no such
        product, since a panel has at least one slice of K: the host rejects it.
    w : ndarray of int8, shape (K, N)
        Weights.

    Returns
    -------
    ndarray of int32, shape (M, N)

    Raises
    ------
    ValueError
        If a dtype is not int8 or the shapes do not fit.
    """
    a, w = _int8_matrices(a, w)
    out = np.zeros((a.shape[0], w.shape[1]), np.int32)
    for i in range(a.shape[0]):
        for j in range(w.shape[1]):
            total = 0
            for k in range(a.shape[1]):
                total = wrap32(total + int(a[i, k]) * int(w[k, j]))
            out[i, j] = total
    return out


def gemm(a: ArrayLike, w: ArrayLike) -> NDArray[np.int32]:
    """``a @ w`` in int32, wrapping as NumPy's int32 does; `gemm_plain` at BLAS speed.

    Parameters, errors and result are those of `gemm_plain`.

    Notes
    -----
    float32 products of `CHUNK` slices of K are exact, whatever the order in which BLAS adds: every partial
    sum is an integer of at most 2^24. The chunks are added as int32.
    """
    a, w = _int8_matrices(a, w)
    out = np.zeros((a.shape[0], w.shape[1]), np.int32)
    for k in range(0, a.shape[1], CHUNK):
        part = a[:, k : k + CHUNK].astype(np.float32) @ w[k : k + CHUNK].astype(np.float32)
        out += part.astype(np.int32)
    return out


def add_bias(acc: ArrayLike, bias: ArrayLike) -> NDArray[np.int32]:
    """``int32(acc + bias)``, wrapping: x of every mode.

    Parameters
    ----------
    acc : array_like of int32, shape (M, N)
    bias : array_like of int32, shape (N,) or ()

    Returns
    -------
    ndarray of int32, shape (M, N)

    Raises
    ------
    ValueError
        One of them is not of integers.
    """
    total = integers("acc", acc).astype(np.int64) + integers("bias", bias).astype(np.int64)
    return total.astype(np.int32)


def layer(
    a: ArrayLike,
    w: ArrayLike,
    bias: ArrayLike = 0,
    multiplier: ArrayLike = 2**30,
    shift: ArrayLike = 1,
    zero_point: ArrayLike = 0,
    clamp_low: ArrayLike = -128,
    clamp_high: ArrayLike = 127,
    mode: str | int = "raw",
) -> NDArray[np.int8] | NDArray[np.int32]:
    """One layer as the core computes it: product, bias, requantisation, clamp.

    Parameters
    ----------
    a : ndarray of int8, shape (M, K)
        With K = 0 the bias alone is requantised.
    w : ndarray of int8, shape (K, N)
    bias, multiplier : array_like of int32, shape (N,) or ()
        One value per column, or one for all. In mode fp32 `multiplier` holds float32 bits.
    shift, zero_point, clamp_low, clamp_high : array_like of int8, shape (N,) or ()
    mode : str or int
        See `macrame.golden.arith.requantize.MODES`.

    Returns
    -------
    ndarray, shape (M, N)
        int8; in mode raw int32, the wrapped sum of product and bias.
    """
    x = add_bias(gemm(a, w), bias)
    return requantize(x, multiplier, shift, zero_point, clamp_low, clamp_high, mode)
