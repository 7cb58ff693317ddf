# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Generate the register documents, C headers and macrame/registers.py from the register descriptions (.rdl).

Requires a checkout of the project.
"""

from macrame.cli.command import Option

INSTALLS = "test"
CHECKOUT = True
PROGRAM = "macrame.dev.registers"
OPTIONS = (Option("check", "compare the generated files instead of writing them", flag=True),)


def run(values: dict[str, str], words: list[str]) -> int:
    """Generate, or compare; returns the exit code."""
    from macrame.dev import registers

    return registers.main(check="CHECK" in values)
