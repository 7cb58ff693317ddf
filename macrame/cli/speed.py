# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Compare the speed of the simulators.

`macrame speed` measures an int8 and a bf16 product on an 8x8 core under both simulators; `macrame speed 4 4
verilator` another core, or one simulator; `macrame speed digits` problem 8's test set in int8, as
Verilator's speed relative to Icarus's. It needs a checkout.
"""

from macrame.cli.command import Option

INSTALLS = "train"
CHECKOUT = True
PROGRAM = "macrame.dev.speed"
OPTIONS: tuple[Option, ...] = ()
WORDS = ("WORD", "digits, or ROWS COLS and simulators")


def run(values: dict[str, str], words: list[str]) -> int:
    """Measure; returns the exit code."""
    from macrame.dev import speed

    return speed.main(words)
