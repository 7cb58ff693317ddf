# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Golden model of ``rtl/arith/bf16_to_fp32.v``: bfloat16 to float32, exactly."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def bf16_to_fp32_plain(bits: int) -> int:
    """One number as bit patterns: 16 zeros appended."""
    return bits << 16


def bf16_to_fp32(x: ArrayLike) -> NDArray[np.float32]:
    """Arrays of bfloat16 bit patterns to float32.

    Parameters
    ----------
    x : array_like of uint16
        bfloat16 bit patterns.

    Returns
    -------
    ndarray of float32
        The same numbers; NaN payloads and signs are kept.
    """
    return (np.asarray(x, np.uint16).astype(np.uint32) << np.uint32(16)).view(np.float32)
