# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Measure simulation speed: with the harness, without Python, and with Python calls in every cycle.

The figures are written to bench.json in the build directory. Requires a checkout of the project.
"""

from macrame.cli.command import PAGE, SIM, Option

CHECKOUT = True
PROGRAM = "macrame.dev.bench"
OPTIONS = (
    SIM,
    Option(
        "instructions",
        "count the simulator's instructions per cycle under valgrind instead; Icarus only",
        flag=True,
        make=False,
    ),
    PAGE,
)
WORDS = ("ROWSxCOLSxDEPTH", "cores to measure, such as 8x8x1")


def run(values: dict[str, str], words: list[str]) -> int:
    """Measure; returns the exit code."""
    from macrame.dev import bench

    return bench.main(words, "INSTRUCTIONS" in values, values)
