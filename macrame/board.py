# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The boards in boards/: the device of each, and the core in its top level."""

from __future__ import annotations

from dataclasses import dataclass

from macrame.contract import CoreConfig


@dataclass(frozen=True)
class Board:
    """A board, whose top is boards/<name>/<name>.v.

    Attributes
    ----------
    name : str
        Name of the folder, of the top-level file and of its module.
    title : str
        Name for messages.
    device : str
        Name of its FPGA for messages.
    family : {"ecp5", "ice40"}
        Family of the FPGA, as Yosys and nextpnr name it.
    options : tuple of str
        Options for nextpnr that select the device and package.
    clock : int
        Clock rate of the core in Hz.
    core : CoreConfig
        Defaults of the top's parameters.
    program : str
        Command that loads a bitstream into the board; ``{}`` stands for the file.
    """

    name: str
    title: str
    device: str
    family: str
    options: tuple[str, ...]
    clock: int
    core: CoreConfig
    program: str

    def parameters(self) -> dict[str, int | str]:
        """The top's parameters that make up its core, also those at the defaults of ``macrame.v``.

        Returns
        -------
        dict of str to int or str
        """
        return {
            "POST_CYCLES": self.core.post_cycles,
            "FIFO_DEPTH": self.core.fifo_depth,
            **self.core.parameters(),
        }


BOARDS = {
    board.name: board
    for board in (
        Board(
            "icebreaker",
            "iCEBreaker",
            "iCE40 UP5K",
            "ice40",
            ("--up5k", "--package", "sg48"),
            24_000_000,
            CoreConfig(2, 2, 4, k_max=512, post_lanes=1, fifo_depth=16, post_cycles=33),
            "iceprog {}",
        ),
        Board(
            "ulx3s",
            "ULX3S",
            "ECP5-85F",
            "ecp5",
            ("--85k", "--package", "CABGA381", "--speed", "6"),
            25_000_000,
            CoreConfig(8, 8, 1, k_max=1024, post_lanes=2, fifo_depth=64),
            "openFPGALoader -b ulx3s {}",
        ),
    )
}
