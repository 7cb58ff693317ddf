# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Simulate a board behind a pseudo-terminal, to run a host program without hardware.

The board's top level runs in the simulator with its pins, reset and serial line. Only the bits on the line
are shorter than on the real board, to save simulation time. Runs until Ctrl-C.
"""

from macrame.cli.command import Option

PROGRAM = "macrame.sim.board"
OPTIONS = (Option("board", "board: icebreaker, ulx3s or ulx3s-engine", "icebreaker", positional=True),)


def run(values: dict[str, str], words: list[str]) -> int:
    """Simulate until interrupted; returns the exit code."""
    from macrame.sim import board

    return board.main(values.get("BOARD", "icebreaker"))
