# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Count the cells of a processing element, of a significand multiplier and of the parts of a core.

docs/area.md has the tables. It needs a checkout.
"""

from macrame.cli.command import Option

INSTALLS = "synth"
CHECKOUT = True
PROGRAM = "macrame.synth.area"
OPTIONS = (
    Option("check", "compare docs/area.md and significand_mul.toml instead of printing the table", flag=True),
)


def run(values: dict[str, str], words: list[str]) -> int:
    """Count; returns the exit code."""
    from macrame.synth import area

    return area.main(check="CHECK" in values)
