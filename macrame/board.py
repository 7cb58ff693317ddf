# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The designs in boards/: the device of each, and the core or the network engine in its top level."""

from __future__ import annotations

from dataclasses import dataclass

from macrame.contract import CoreConfig


@dataclass(frozen=True)
class Engine:
    """The sizes of a network engine around a core.

    Attributes
    ----------
    words : int
        Words of the memory.
    beats : int
        Beats of the longest program.
    lanes : int
        LANES of the elementwise unit.
    """

    words: int
    beats: int
    lanes: int


@dataclass(frozen=True)
class Board:
    """A design for a board, whose top is boards/<top>/<top>.v.

    Attributes
    ----------
    name : str
        Name for users.
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
    pins : str
        Pin constraints, a file in boards/.
    engine : Engine or None
        Of the network engine around the core; None: the core alone.
    """

    name: str
    title: str
    device: str
    family: str
    options: tuple[str, ...]
    clock: int
    core: CoreConfig
    program: str
    pins: str
    engine: Engine | None = None

    @property
    def top(self) -> str:
        """Name of the folder, of the top-level file and of its module."""
        return self.name.replace("-", "_")

    def parameters(self) -> dict[str, int | str]:
        """The top's parameters that make up its core, also those at the defaults of ``macrame.v``.

        Returns
        -------
        dict of str to int or str
        """
        if self.engine is not None:
            return {
                "DEPTH": self.core.depth,
                "K_MAX": self.core.k_max,
                "POST_LANES": self.core.post_lanes,
                "WORDS": self.engine.words,
                "BEATS": self.engine.beats,
                "LANES": self.engine.lanes,
            }
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
            "icebreaker/icebreaker.pcf",
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
            "ulx3s/ulx3s.lpf",
        ),
        Board(
            "ulx3s-engine",
            "ULX3S with the network engine",
            "ECP5-85F",
            "ecp5",
            ("--85k", "--package", "CABGA381", "--speed", "6"),
            25_000_000,
            CoreConfig(1, 8, 8, k_max=1024, post_lanes=2),
            "openFPGALoader -b ulx3s {}",
            "ulx3s/ulx3s.lpf",
            Engine(words=7168, beats=5120, lanes=2),
        ),
    )
}
