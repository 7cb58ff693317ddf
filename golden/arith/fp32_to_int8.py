# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Golden model of ``rtl/arith/fp32_to_int8.v``: the quantiser.

It multiplies by the reciprocal of the scale. ONNX's QuantizeLinear divides by the scale, as
`macrame.golden.nn.affine.Affine.quantize` does. Reciprocal and product are rounded, so that the product may
differ from the quotient in its last bits; the integers differ by one if only one of the two is halfway
between two integers. docs/numerics.md has the complete example.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

_BEYOND = 2**20  # saturates for every zero point


def fp32_to_int8_plain(x: float | np.floating, inv_scale: float | np.floating, zero_point: int) -> int:
    """One number: ``saturate(rint(float32(x * inv_scale)) + zero_point)``, ties to even.

    Parameters
    ----------
    x, inv_scale : float or numpy.float32
        Taken as float32. Infinity saturates; NaN, and infinity * 0, give `zero_point`.
    zero_point : int
        -128..127.

    Returns
    -------
    int
        -128..127.
    """
    with np.errstate(all="ignore"):
        y = np.rint(np.float32(x) * np.float32(inv_scale))
    y = 0 if np.isnan(y) else int(min(max(y, -_BEYOND), _BEYOND))
    return min(127, max(-128, y + int(zero_point)))


def fp32_to_int8(x: ArrayLike, inv_scale: ArrayLike, zero_point: ArrayLike = 0) -> NDArray[np.int8]:
    """Arrays quantised; the arguments broadcast against each other.

    Parameters
    ----------
    x, inv_scale : array_like of float32
        Numbers and reciprocal of the scale, any bit pattern.
    zero_point : array_like of int8
        The result for 0.0.

    Returns
    -------
    ndarray of int8

    Examples
    --------
    -2.5 / scale is just above -127.5; the product with the reciprocal is -127.5, a tie, which goes to even:

    >>> x, scale = np.float32(-2.5), np.float32(5) / np.float32(255)
    >>> float(x / scale), float(x * (1 / scale))
    (-127.49999237060547, -127.5)
    >>> int(np.rint(x / scale)), int(fp32_to_int8(x, 1 / scale))
    (-127, -128)
    """
    with np.errstate(all="ignore"):
        y = np.rint(np.asarray(x, np.float32) * np.asarray(inv_scale, np.float32))
    y = np.clip(np.where(np.isnan(y), np.float32(0), y), -_BEYOND, _BEYOND).astype(np.int64)
    return np.clip(y + np.asarray(zero_point, np.int64), -128, 127).astype(np.int8)
