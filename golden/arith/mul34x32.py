# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Golden model of ``rtl/arith/mul34x32.v``: the wide signed product."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def mul34x32_plain(a_high: int, a_low: int, b: int) -> int:
    """``(a_high * 2^16 + a_low) * b`` wrapped to 64 bits; `a_high` 17 bits signed, `a_low` 0..2^16."""
    return ((a_high * 2**16 + a_low) * b + 2**63) % 2**64 - 2**63


def mul34x32(a_high: ArrayLike, a_low: ArrayLike, b: ArrayLike) -> NDArray[np.int64]:
    """`mul34x32_plain` on arrays.

    Parameters
    ----------
    a_high : array_like of int64
        -2^16..2^16 - 1.
    a_low : array_like of int64
        0..2^16.
    b : array_like of int32

    Returns
    -------
    ndarray of int64
        NumPy wraps as the module does.
    """
    a = np.asarray(a_high, np.int64) * 2**16 + np.asarray(a_low, np.int64)
    return np.multiply(a, np.asarray(b, np.int64))
