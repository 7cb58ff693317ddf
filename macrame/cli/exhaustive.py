# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Convert all 2^32 float32 values to bfloat16 with the RTL and compare the results with ml_dtypes.

Both rounding modes are tested by default. Requires a checkout of the project, g++, make and perl.
"""

from macrame.cli.command import Option

INSTALLS = "exhaustive"
CHECKOUT = True
PROGRAM = "macrame.dev.exhaustive"
OPTIONS = (
    Option("rounding", "rounding mode: even or toward_zero", "both", make=False),
    Option("first", "first input", "0", make=False),
    Option("count", "number of inputs", "all from the first on", make=False),
    Option("jobs", "number of processes", "one per processor", make=False),
    Option("rtl", "directory to compile instead of rtl/, such as an edited copy", make=False),
)


def run(values: dict[str, str], words: list[str]) -> int:
    """Convert and compare; returns the exit code."""
    from macrame.dev import exhaustive

    return exhaustive.main(values)
