# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Golden model of ``rtl/arith/bf16_mul.v``: bfloat16 x bfloat16 to float32."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from macrame.golden.arith.bf16_product import bf16_product_plain
from macrame.golden.arith.bf16_to_fp32 import bf16_to_fp32
from macrame.golden.arith.fp32_add import canonical, unpack_plain
from macrame.golden.arith.mul9x9 import mul9x9_plain


def bf16_mul_plain(a: int, b: int) -> int:
    """One product, as bit patterns: multiply the significands, then place the result by the exponents.

    Parameters
    ----------
    a, b : int
        16 bits each.

    Returns
    -------
    int
        A float32's 32 bits: exact, except for subnormal results, which are rounded to nearest even. A NaN is
        0x7FC00000.
    """
    significands = (unpack_plain(x << 16)[1] >> 16 for x in (a, b))
    return bf16_product_plain(a, b, mul9x9_plain(*significands))


def bf16_mul(a: ArrayLike, b: ArrayLike) -> NDArray[np.uint32]:
    """Products of bfloat16 arrays, as NumPy multiplies them in float32.

    Parameters
    ----------
    a, b : array_like of uint16
        Bit patterns; they broadcast.

    Returns
    -------
    ndarray of uint32
        Bit patterns of the float32 products; every NaN is 0x7FC00000.
    """
    with np.errstate(all="ignore"):
        return canonical(bf16_to_fp32(a) * bf16_to_fp32(b))
