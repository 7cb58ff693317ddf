# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Golden model of ``rtl/arith/shift_right_narrow.v``: shift right, saturate, keep guard and sticky."""
import numpy as np


def shift_right_narrow_plain(y: int, right: int):
    """``y / 2^right`` truncated toward minus infinity.

    Parameters
    ----------
    y : int
        33 bits signed.
    right : int
        0..31.

    Returns
    -------
    v : int
        -256..255, saturated.
    guard, sticky : bool
        First bit shifted out, OR of all others. They mean nothing where v is saturated.
    """
    v, rest = divmod(y, 2**right)
    return min(max(v, -256), 255), 2 * rest >= 2**right and right > 0, (2 * rest) % 2**right != 0


def shift_right_narrow(y, right):
    """`shift_right_narrow_plain` on arrays.

    Parameters
    ----------
    y : array_like of int64
    right : array_like of int

    Returns
    -------
    v : ndarray of int64
    guard, sticky : ndarray of bool
    """
    y, right = np.asarray(y, np.int64), np.asarray(right, np.int64)
    rest = (y & ((np.int64(1) << right) - 1)) << 1
    return np.clip(y >> right, -256, 255), (rest >> right) == 1, (rest & ((np.int64(1) << right) - 1)) != 0
