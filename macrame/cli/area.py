# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Count the FPGA cells of processing elements, of multipliers and of the parts of a core and an engine.

docs/area.md contains the tables. Requires a checkout of the project.
"""

from macrame.cli.command import Option

INSTALLS = "synth"
CHECKOUT = True
PROGRAM = "macrame.synth.area"
OPTIONS = (
    Option("check", "compare with docs/area.md and significand_mul.toml instead of printing", flag=True),
)


def run(values: dict[str, str], words: list[str]) -> int:
    """Count; returns the exit code."""
    from macrame.synth import area

    return area.main(check="CHECK" in values)
