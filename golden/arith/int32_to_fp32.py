# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Golden model of ``rtl/arith/int32_to_fp32.v``: int32 to float32."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from macrame.golden.arith.fp32_add import pack_plain


def int32_to_fp32_plain(x: int) -> int:
    """One number: its float32's bit pattern, rounded to nearest even.

    Parameters
    ----------
    x : int
        -2^31..2^31 - 1.

    Returns
    -------
    int
        32 bits.
    """
    return pack_plain(int(x < 0), abs(x), 150)


def int32_to_fp32(x: ArrayLike) -> NDArray[np.uint32]:
    """Arrays of int32 to float32, as NumPy converts them.

    Parameters
    ----------
    x : array_like of int32

    Returns
    -------
    ndarray of uint32
        Bit patterns.
    """
    return np.asarray(x, np.int32).astype(np.float32).view(np.uint32)
