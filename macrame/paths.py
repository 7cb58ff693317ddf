# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The paths of the project's files, in a checkout and in an installed package."""

import os
import re
from collections.abc import Iterable
from pathlib import Path

from macrame.errors import InputError

#: The package itself; rtl/, boards/, golden/ and examples/ are in it, in a checkout as symbolic links.
PACKAGE = Path(__file__).resolve().parent
RTL = (PACKAGE / "rtl").resolve()
BOARDS = (PACKAGE / "boards").resolve()
GOLDEN = (PACKAGE / "golden").resolve()  # Path.rglob does not follow links
#: Base of relative names of Verilog files: a checkout, or the folder that contains the installed package.
ROOT = PACKAGE.parent
#: Whether this is a checkout, with the benches and the suite.
CHECKOUT = (ROOT / "tb").is_dir() and (ROOT / "Makefile").is_file()


def locate(name: str | os.PathLike[str]) -> Path:
    """The absolute path of a file of the project.

    Parameters
    ----------
    name : path
        As seen from a checkout: ``rtl/macrame.v``, ``boards/ulx3s/ulx3s.v``, ``macrame/sim/hdl/player.v``. An
        absolute one stays as it is.

    Returns
    -------
    pathlib.Path
    """
    path = Path(name)
    folders = {"rtl": RTL, "boards": BOARDS}
    if not path.is_absolute() and path.parts[0] in folders:
        return folders[path.parts[0]].joinpath(*path.parts[1:])
    return ROOT / path


def listed(path: Path) -> list[str]:
    """The files named by a list such as rtl/rtl.f.

    Parameters
    ----------
    path : pathlib.Path
        One file per line; ``//`` begins a comment.

    Returns
    -------
    list of str
        As written there.
    """
    lines = (line.split("//")[0].strip() for line in path.read_text().splitlines())
    return [line for line in lines if line]


def sources(family: str | None = None, board: str | None = None, rtl: Path | None = None) -> list[str]:
    """The Verilog of the core, in an order that every tool accepts.

    Parameters
    ----------
    family : {"ecp5", "ice40"}, optional
        With the family's modules in place of the portable ones.
    board : {"icebreaker", "ulx3s", "ulx3s-engine"}, optional
        With the board's top level and its family's modules.
    rtl : pathlib.Path, optional
        Take them from this copy of rtl/.

    Returns
    -------
    list of str
        Absolute paths.

    Raises
    ------
    macrame.errors.InputError
        There is no such family or board.
    """
    root = (rtl or RTL).resolve()
    tops: list[str] = []
    if board is not None:
        from macrame.board import BOARDS as boards  # not at the top: it imports NumPy

        if board not in boards:
            raise InputError(f"BOARD={board}: expected one of {', '.join(boards)}")
        if family not in (None, boards[board].family):
            raise InputError(f"FAMILY={family}: expected {boards[board].family} with BOARD={board}")
        family = boards[board].family
        top = boards[board].top
        tops = [str(BOARDS / "common" / "power_on_reset.v"), str(BOARDS / top / f"{top}.v")]
    files = [root / name for name in listed(root / "rtl.f")]
    if family is not None:
        folder = root / "vendor" / family
        families = sorted(path.name for path in (root / "vendor").iterdir() if path.is_dir())
        if family not in families:
            raise InputError(f"FAMILY={family}: expected one of {', '.join(families)}")
        own = {name: folder / name for name in listed(folder / f"{family}.f")}
        files = [own.pop(path.name, path) for path in files] + list(own.values())
    return [*map(str, files), *tops]


def models(files: Iterable[str]) -> list[str]:
    """Models of the vendors' cells that some Verilog files instantiate.

    Parameters
    ----------
    files : iterable of str
        Paths, as from `sources`.

    Returns
    -------
    list of str
        Absolute paths; empty where no file instantiates one.

    Raises
    ------
    macrame.errors.InputError
        The project has no model of a cell.
    """
    words = set(re.findall(r"\w+", " ".join(Path(file).read_text() for file in files)))
    if "SB_MAC16" in words:
        raise InputError(
            "MODELS: macrame has no model of SB_MAC16, expected another family; Yosys has one, "
            "ice40/cells_sim.v in the directory that yosys-config --datdir prints"
        )
    return [str(path) for path in sorted((PACKAGE / "synth" / "models").glob("*.v")) if path.stem in words]
