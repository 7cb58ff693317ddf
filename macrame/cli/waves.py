# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Simulate a small product with waveforms, and print the commands to view them.

Two tiles run back to back on a 4x4x1 core. The FST file and views for GTKWave and Surfer are written to
waves/ in the build directory.
"""

from macrame.cli.command import PAGE, SIM, Option

PROGRAM = "macrame.dev.waves"
OPTIONS = (Option(SIM.name, "simulator: only icarus, which writes the FST file", "icarus"), PAGE)


def run(values: dict[str, str], words: list[str]) -> int:
    """Simulate; returns the exit code."""
    from macrame.dev import waves

    return waves.main(values)
