# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Simulate a small product with waveforms, and print the commands to view them.

Two tiles follow each other through a 4 x 4 core. The FST and views for GTKWave and Surfer go to waves/ in
the build directory.
"""

from macrame.cli.command import SIM

PROGRAM = "macrame.dev.waves"
OPTIONS = (SIM,)


def run(values: dict[str, str], words: list[str]) -> int:
    """Simulate; returns the exit code."""
    from macrame.dev import waves

    return waves.main()
