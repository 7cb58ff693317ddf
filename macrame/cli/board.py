# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Simulate a board behind a pseudo-terminal, for a host program that has no board.

The board's top runs in the simulator with its pins, its reset and its serial line; only the line's bits are
shorter than on the board, since the simulator pays for each of their cycles. Runs until Ctrl-C.
"""

from macrame.cli.command import Option

PROGRAM = "macrame.sim.board"
OPTIONS = (Option("board", "icebreaker or ulx3s", "icebreaker", positional=True),)


def run(values: dict[str, str], words: list[str]) -> int:
    """Simulate until interrupted; returns the exit code."""
    from macrame.sim import board

    return board.main(values.get("BOARD", "icebreaker"))
