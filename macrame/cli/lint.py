# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Check the Verilog with every tool in every configuration, and the Python; warnings are errors.

Requires a checkout of the project. With arguments, only the checks whose name contains one of them run.
"""

from macrame.cli.command import Option

INSTALLS = "lint"
CHECKOUT = True
PROGRAM = "macrame.dev.lint"
OPTIONS: tuple[Option, ...] = ()
WORDS = ("TEXT", "run only the checks whose name contains TEXT")


def run(values: dict[str, str], words: list[str]) -> int:
    """Run the checks; returns the exit code."""
    from macrame.dev import lint

    return lint.main(words)
