# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Solve the problem sheet on the RTL.

docs/problems.md describes the problems and how to use your own numbers. Reports and plots are written to the
output directory. Exit code: 0 if all RTL results match the golden model, 1 if one does not or the simulation
failed, 2 for invalid input.
"""

from macrame.cli.command import COLS, DEPTH, PAGE, ROWS, SEED, SIM, WAVES, Option

EXTRA = "homework"
INSTALLS = "sim sim"  # fewer for problems without simulation
PROGRAM = "macrame.homework.sheet"
OPTIONS = (
    Option("problem", "problems to solve, such as 4 or 1,3", "all"),
    Option("homework", "directory with your own data files"),
    Option("out", "directory for reports and plots", "homework in the build directory"),
    ROWS,
    COLS,
    DEPTH,
    SIM,
    SEED,
    WAVES,
    PAGE,
)


def run(values: dict[str, str], words: list[str]) -> int:
    """Solve the problems; returns the exit code."""
    from macrame.homework import sheet

    return sheet.main(values)
