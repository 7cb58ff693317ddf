# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Golden model of ``rtl/arith/mul34x32.v``: the wide signed product."""
import numpy as np


def mul34x32_plain(a: int, b: int) -> int:
    """``a * b`` wrapped to 64 bits; `a` is 34 bits signed, `b` 32."""
    return (a * b + 2**63) % 2**64 - 2**63


def mul34x32(a, b):
    """`mul34x32_plain` on arrays.

    Parameters
    ----------
    a : array_like of int64
        -2^33..2^33 - 1.
    b : array_like of int32

    Returns
    -------
    ndarray of int64
        NumPy wraps as the module does.
    """
    return np.multiply(np.asarray(a, np.int64), np.asarray(b, np.int64))
