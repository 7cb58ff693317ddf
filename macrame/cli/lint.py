# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Check the Verilog with every tool over every shape, and the Python; a warning is an error.

It needs a checkout. Words restrict it to the checks whose name contains one of them.
"""

from macrame.cli.command import Option

INSTALLS = "lint"
CHECKOUT = True
PROGRAM = "macrame.dev.lint"
OPTIONS: tuple[Option, ...] = ()
WORDS = ("TEXT", "run only the checks whose name contains this")


def run(values: dict[str, str], words: list[str]) -> int:
    """Run the checks; returns the exit code."""
    from macrame.dev import lint

    return lint.main(words)
