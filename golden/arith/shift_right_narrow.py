# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Golden model of ``rtl/arith/shift_right_narrow.v``: shift right, narrow, keep the bits for rounding."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def shift_right_narrow_plain(y: int, up: int, right: int) -> tuple[int, bool, bool, bool]:
    """``(y + up) / 2^right`` truncated toward minus infinity, and the remainder.

    Parameters
    ----------
    y : int
        33 bits signed.
    up : int
        0 or 1.
    right : int
        0..31.

    Returns
    -------
    v : int
        ``y // 2^right`` if that is -256..255; else its low 7 bits above 256, or above -384 if it is negative.
    guard, extra, sticky : bool
        The quotient less v is ``(guard + extra) / 2`` without sticky, else between ``guard / 2`` and half
        more. They are undefined if v is not the quotient.
    """
    v, below = divmod(y, 2**right)
    if not -256 <= v <= 255:
        v = v % 128 + (256 if y >= 0 else -384)
    rest = 2 * (below + up)  # in halves of 2^right
    if rest % 2**right == 0:
        halves = rest // 2**right
        return v, halves - up == 1, up == 1, False
    return v, rest > 2**right, up == 1, True


def shift_right_narrow(
    y: ArrayLike, up: ArrayLike, right: ArrayLike
) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
    """`shift_right_narrow_plain` on arrays.

    Parameters
    ----------
    y : array_like of int64
    up : array_like of int
    right : array_like of int

    Returns
    -------
    v : ndarray of int64
    guard, extra, sticky : ndarray of bool
    """
    y, up, right = np.asarray(y, np.int64), np.asarray(up, np.int64), np.asarray(right, np.int64)
    v = y >> right
    v = np.where((v < -256) | (v > 255), (v & 127) + np.where(y < 0, -384, 256), v)
    word, bits = y << 1 | up, np.int64(1) << right
    low = word & (bits - 1)  # below the guard bit
    return v, word >> right & 1 == 1, up == 1, low != np.where(up == 1, bits - 1, 0)
