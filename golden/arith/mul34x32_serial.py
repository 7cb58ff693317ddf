# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Golden model of ``rtl/arith/mul34x32_serial.v``: the numbers are those of `golden.arith.mul34x32`."""
from golden.arith.mul34x32 import mul34x32 as mul34x32_serial
from golden.arith.mul34x32 import mul34x32_plain as mul34x32_serial_plain

__all__ = ["mul34x32_serial", "mul34x32_serial_plain"]
