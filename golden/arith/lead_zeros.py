# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Golden model of ``rtl/arith/lead_zeros.v``: leading zeros of a 32-bit word."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def lead_zeros_plain(x: int) -> int:
    """Number of zeros above the highest one of a 32-bit word, 0..31; 31 for 0, as for 1."""
    return 32 - max(x, 1).bit_length()


def lead_zeros(x: ArrayLike) -> NDArray[np.uint8]:
    """`lead_zeros_plain` on arrays.

    Parameters
    ----------
    x : array_like of uint32

    Returns
    -------
    ndarray of uint8
    """
    x = np.maximum(np.asarray(x, np.uint32), 1)
    return (32 - np.frexp(x.astype(np.float64))[1]).astype(np.uint8)
