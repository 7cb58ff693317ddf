# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Compare the speed of the simulators.

`macrame speed` measures an int8 and a bf16 product on an 8x8 core with both simulators; `macrame speed 4 4
verilator` measures another core, or only one simulator; `macrame speed digits` measures problem 8's test set
in int8, as the speed of Verilator relative to Icarus; `macrame speed trace` measures what a trace costs
under Verilator. Requires a checkout of the project.
"""

from macrame.cli.command import Option

INSTALLS = "train"
CHECKOUT = True
PROGRAM = "macrame.dev.speed"
OPTIONS: tuple[Option, ...] = ()
WORDS = ("WORD", "digits, trace, or ROWS COLS followed by simulators")


def run(values: dict[str, str], words: list[str]) -> int:
    """Measure; returns the exit code."""
    from macrame.dev import speed

    return speed.main(words)
