# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Convert all 2^32 float32 values to bfloat16 with the RTL, in both roundings, and compare with ml_dtypes.

It needs a checkout, g++ and perl.
"""

from macrame.cli.command import Option

INSTALLS = "exhaustive"
CHECKOUT = True
PROGRAM = "macrame.dev.exhaustive"
OPTIONS = (
    Option("rounding", "even or toward_zero", "both", make=False),
    Option("first", "first input", "0", make=False),
    Option("count", "how many inputs", "all that follow", make=False),
    Option("jobs", "processes", "one per processor", make=False),
    Option("rtl", "a copy of rtl/ to compile instead", make=False),
)


def run(values: dict[str, str], words: list[str]) -> int:
    """Convert and compare; returns the exit code."""
    from macrame.dev import exhaustive

    names = {option.variable: f"--{option.name}" for option in OPTIONS}
    return exhaustive.main(
        [word for name, value in values.items() if name in names for word in (names[name], value)]
    )
