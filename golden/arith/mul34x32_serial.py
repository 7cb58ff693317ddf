# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Golden model of ``rtl/arith/mul34x32_serial.v``: `macrame.golden.arith.mul34x32` with `a` in one piece."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from macrame.golden.arith.mul34x32 import mul34x32, mul34x32_plain


def mul34x32_serial_plain(a: int, b: int) -> int:
    """``a * b`` wrapped to 64 bits; `a` is 34 bits signed, `b` 32."""
    return mul34x32_plain(a >> 16, a & 0xFFFF, b)


def mul34x32_serial(a: ArrayLike, b: ArrayLike) -> NDArray[np.int64]:
    """`mul34x32_serial_plain` on arrays; see `macrame.golden.arith.mul34x32.mul34x32`."""
    a = np.asarray(a, np.int64)
    return mul34x32(a >> 16, a & 0xFFFF, b)
