# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Golden model of ``rtl/array/mul8x8_lut.v``: the numbers are those of `macrame.golden.arith.mul8x8`."""

from macrame.golden.arith.mul8x8 import mul8x8 as mul8x8_lut
from macrame.golden.arith.mul8x8 import mul8x8_plain as mul8x8_lut_plain

__all__ = ["mul8x8_lut", "mul8x8_lut_plain"]
