# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Golden model of ``rtl/arith/shift_right_sticky.v``: a right shift with a sticky bit."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def shift_right_sticky_plain(x: int, right: int) -> tuple[int, bool]:
    """``x / 2^right`` truncated, and whether any dropped bit was set.

    Parameters
    ----------
    x : int
        26 bits, unsigned.
    right : int
        0..31.

    Returns
    -------
    y : int
    sticky : bool
    """
    y, rest = divmod(x, 2**right)
    return y, rest != 0


def shift_right_sticky(x: ArrayLike, right: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """`shift_right_sticky_plain` on arrays.

    Parameters
    ----------
    x, right : array_like of int

    Returns
    -------
    y : ndarray of int64
    sticky : ndarray of bool
    """
    x, right = np.asarray(x, np.int64), np.asarray(right, np.int64)
    y = x >> right
    return y, y << right != x
