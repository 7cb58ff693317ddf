# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Simulate a board on a pseudo-terminal, for a host program without a board.

The board's top level runs in the simulator with its pins, its reset and its serial line. Only the bits on the
line are shorter than on the board, to save simulation time. Runs until Ctrl-C.
"""

from macrame.cli.command import Option

PROGRAM = "macrame.sim.board"
OPTIONS = (Option("board", "icebreaker or ulx3s", "icebreaker", positional=True),)


def run(values: dict[str, str], words: list[str]) -> int:
    """Simulate until interrupted; returns the exit code."""
    from macrame.sim import board

    return board.main(values.get("BOARD", "icebreaker"))
