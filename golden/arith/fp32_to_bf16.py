# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Golden model of ``rtl/arith/fp32_to_bf16.v``: float32 to bfloat16 in three roundings.

bfloat16 is the upper half of a float32. Every rounding adds 0 or 1 to that half as an unsigned number;
carries propagate from fraction to exponent, and from the largest finite number to infinity.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

EVEN, TOWARD_ZERO, STOCHASTIC = range(3)
ROUNDINGS = {"even": EVEN, "toward_zero": TOWARD_ZERO, "stochastic": STOCHASTIC}


def _code(rounding: str | int) -> int:
    code = ROUNDINGS.get(rounding, rounding) if isinstance(rounding, str) else rounding
    if isinstance(code, str) or code not in range(4):
        raise ValueError(f"rounding is {rounding!r}, expected one of {', '.join(ROUNDINGS)} or 0..3")
    return int(code)


def fp32_to_bf16_plain(bits: int, rounding: str | int = "even", random: int = 0) -> int:
    """One number, as bit patterns.

    Parameters
    ----------
    bits : int
        The float32's 32 bits.
    rounding : str or int
        "even" (0, also 3), "toward_zero" (1) or "stochastic" (2).
    random : int
        16 bits; stochastic only: away from zero iff ``random < bits & 0xFFFF``.

    Returns
    -------
    int
        The bfloat16's 16 bits. NaN becomes ``sign | 0x7FC0``.
    """
    rounding = _code(rounding)
    upper, lower = bits >> 16, bits & 0xFFFF
    if bits & 0x7FFFFFFF > 0x7F800000:
        return (upper & 0x8000) | 0x7FC0
    if rounding == TOWARD_ZERO:
        return upper
    if rounding == STOCHASTIC:
        return upper + (random < lower)
    return upper + (lower > 0x8000 or (lower == 0x8000 and upper % 2 == 1))


def fp32_to_bf16(x: ArrayLike, rounding: str | int = "even", random: ArrayLike = 0) -> NDArray[np.uint16]:
    """Arrays of float32 to bfloat16 bit patterns.

    Parameters
    ----------
    x : array_like of float32, or ndarray of uint32
        Numbers, or their bit patterns.
    rounding : str or int
        As in `fp32_to_bf16_plain`; one for all.
    random : array_like of uint16
        Random operands of stochastic rounding; broadcast against `x`.

    Returns
    -------
    ndarray of uint16
        Bit patterns (NumPy has no bfloat16).
    """
    rounding = _code(rounding)
    x = np.asarray(x)
    bits = x if x.dtype == np.uint32 else np.asarray(x, np.float32).view(np.uint32)
    upper, lower = bits >> np.uint32(16), bits & np.uint32(0xFFFF)
    if rounding == TOWARD_ZERO:
        up = np.zeros(bits.shape, bool)
    elif rounding == STOCHASTIC:
        up = np.asarray(random, np.uint16) < lower
    else:
        up = lower + (upper & np.uint32(1)) > 0x8000
    nan = (bits & np.uint32(0x7FFFFFFF)) > 0x7F800000
    quiet = (upper & np.uint32(0x8000)) | np.uint32(0x7FC0)
    return np.where(nan, quiet, upper + up).astype(np.uint16)
