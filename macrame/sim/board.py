# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""A simulated board on a pseudo-terminal, for a host program without a board.

    $ macrame board icebreaker
    simulated iCEBreaker on /dev/pts/3; in another terminal:
      macrame gemm a.npy w.npy --out c.npy --link serial:/dev/pts/3

The board's top level from boards/ runs in the simulator with its pins, its reset and its serial line. Only
the bits on the line are shorter than on the board, to save simulation time.
"""

import contextlib
import shutil
import subprocess
import time
import weakref
from pathlib import Path
from typing import Self, TypedDict

from macrame import environment
from macrame.board import BOARDS
from macrame.errors import InputError, LinkError
from macrame.sim import simulate
from macrame.sim.processes import uninterrupted

START_LIMIT = 60  # seconds until the terminal must be there, scaled by TIME_FACTOR
END_LIMIT = 10  # seconds until the simulator must have ended, scaled likewise


def sources(board: str, rtl_root: str | Path | None = None) -> list[str]:
    """Verilog of a board's simulation: the core's, the board's, the harness."""
    return [
        *simulate.core_sources(rtl_root),
        "boards/common/power_on_reset.v",
        f"boards/{BOARDS[board].top}/{BOARDS[board].top}.v",
        "macrame/sim/hdl/sb_pll40_pad.v",
        "macrame/sim/hdl/board_line.v",
    ]


class Parts(TypedDict, total=False):
    """The resources of a simulated board that must be released."""

    folder: Path
    launch: simulate.Launch
    process: subprocess.Popen[bytes]


class SimulatedBoard:
    """Simulate a board and hold its pseudo-terminal open.

    Parameters
    ----------
    board : str
        A key of `macrame.board.BOARDS`.
    clocks : int
        Cycles a bit of the serial line.
    waves : bool
    name : str, optional
        Of the folder under build/runs/ for log and waves.
    rtl_root : path, optional
        Another copy of rtl/.
    **parameters
        Of the board's top.

    Attributes
    ----------
    tty : str
        The terminal's path.
    log, waves : pathlib.Path
        As of `macrame.sim.link.HarnessLink`.

    Raises
    ------
    macrame.errors.LinkError
        The simulator does not start.
    """

    def __init__(
        self,
        board: str,
        clocks: int = 4,
        *,
        waves: bool = False,
        name: str | None = None,
        rtl_root: str | Path | None = None,
        **parameters: int,
    ) -> None:
        folder = environment.scratch_dir()
        parts: Parts = {"folder": folder}
        self._finalizer = weakref.finalize(self, _abandon, parts)
        self.folder = folder
        parts["launch"] = launch = simulate.prepare(
            name or f"board-{board}",
            toplevel="board_line",
            module="macrame.sim.inside.board",
            sources=sources(board, rtl_root),
            rtl_root=rtl_root,
            waves=waves,
            plusargs=[f"dir={folder}"],
            parameters={"BOARD": f'"{board}"', "CLOCKS": clocks, **BOARDS[board].parameters(), **parameters},
        )
        self.log, self.waves = launch.cwd / "sim.log", launch.waves
        with uninterrupted():
            self._process = parts["process"] = launch.start()
        seconds = environment.limit(START_LIMIT)
        limit = time.monotonic() + seconds
        while not (folder / "tty").exists():
            status = self._process.poll()
            if status is not None or time.monotonic() > limit:
                self._finalizer()
                what = (
                    f"has not opened its port within {seconds:g} s; {environment.doubled()}"
                    if status is None
                    else f"did not start (exit status {status})"
                )
                raise LinkError(f"the simulated board {what}; its log is {self.log}")
            time.sleep(0.01)
        self.tty = (folder / "tty").read_text()

    def close(self) -> None:
        """End the simulation; waves and log are then complete."""
        if self._finalizer.alive:
            (self.folder / "stop").touch()
            try:
                self._process.wait(environment.limit(END_LIMIT))
            except subprocess.TimeoutExpired:
                pass
            self._finalizer()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def _abandon(parts: Parts) -> None:
    if "process" in parts:
        simulate.stop(parts["process"])
    if "launch" in parts:
        parts["launch"].release()
    shutil.rmtree(parts["folder"], ignore_errors=True)


def main(board: str) -> int:
    """Run a board until it is interrupted; returns 0.

    Parameters
    ----------
    board : str
        A key of `macrame.board.BOARDS`.

    Raises
    ------
    macrame.errors.InputError
        There is no such board.
    macrame.errors.LinkError, macrame.sim.simulate.SetupError, macrame.sim.simulate.Failed
        It cannot be simulated.
    """
    if board not in BOARDS:
        raise InputError(f"BOARD={board}: expected one of {', '.join(BOARDS)}")
    command = "gemm a.npy w.npy --out c.npy" if BOARDS[board].engine is None else "net --engine"
    with SimulatedBoard(board) as running:
        print(
            f"simulated {BOARDS[board].title} on {running.tty}; in another terminal:\n"
            f"  macrame {command} --link serial:{running.tty}",
            flush=True,
        )
        with contextlib.suppress(KeyboardInterrupt):
            running._process.wait()
    return 0
