# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Golden model of ``rtl/arith/float_post.v``: the output stage for the sums of a bfloat16 tile.

``y = float32(x + bias)``; ReLU replaces all values not above 0, except NaN, with +0; then float32, or
bfloat16 by one of three roundings.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from macrame.golden.arith.fp32_add import fp32_add, fp32_add_plain
from macrame.golden.arith.fp32_to_bf16 import fp32_to_bf16, fp32_to_bf16_plain

KINDS = ("fp32", "even", "toward_zero", "stochastic")
"""Outputs by their codes: float32, or bfloat16 by one of the roundings of
`macrame.golden.arith.fp32_to_bf16`."""


def float_post_plain(x: int, bias: int, relu: bool, kind: int, random: int = 0) -> int:
    """One number, as bit patterns.

    Parameters
    ----------
    x, bias : int
        The float32's 32 bits.
    relu : bool
    kind : int
        Index into `KINDS`.
    random : int
        16 bits, for stochastic rounding.

    Returns
    -------
    int
        32 bits, or the 16 of a bfloat16.
    """
    y = fp32_add_plain(x, bias)
    if relu and y >> 31 and y & 0x7FFFFFFF <= 0x7F800000:
        y = 0
    return fp32_to_bf16_plain(y, kind - 1, random) if kind else y


def float_post(
    x: NDArray[np.uint32],
    bias: NDArray[np.uint32],
    relu: ArrayLike,
    kind: int | NDArray[np.integer],
    random: ArrayLike = 0,
) -> NDArray[np.uint32]:
    """`float_post_plain` on arrays.

    Parameters
    ----------
    x, bias : ndarray of uint32
        float32 bits.
    relu, kind, random : array_like
        Broadcast against `x`.

    Returns
    -------
    ndarray of uint32
        A bfloat16 in the lower half.
    """
    y = fp32_add(np.asarray(x, np.uint32), np.asarray(bias, np.uint32))
    drop = np.asarray(relu, bool) & (y >> np.uint32(31) == 1) & (y & np.uint32(0x7FFFFFFF) <= 0x7F800000)
    y = np.where(drop, np.uint32(0), y)
    if np.ndim(kind) == 0:
        return fp32_to_bf16(y, int(kind) - 1, random).astype(np.uint32) if kind else y
    choices = [y, *(fp32_to_bf16(y, rounding, random).astype(np.uint32) for rounding in range(3))]
    return np.choose(np.broadcast_to(kind, y.shape), choices)
