# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Measure simulation speed: the harness, the same core without Python, and Python calls in each cycle.

The figures go to bench.json in the build directory. It needs a checkout, where the benches are.
"""

from macrame.cli.command import SIM, Option

CHECKOUT = True
PROGRAM = "macrame.dev.bench"
OPTIONS = (
    SIM,
    Option(
        "instructions",
        "count the simulator's instructions per cycle instead, under valgrind",
        flag=True,
        make=False,
    ),
)
WORDS = ("ROWSxCOLSxDEPTH", "cores to measure, as in 8x8x1")


def run(values: dict[str, str], words: list[str]) -> int:
    """Measure; returns the exit code."""
    from macrame.dev import bench

    return bench.main(words, "INSTRUCTIONS" in values)
