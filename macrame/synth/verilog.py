# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The Verilog for Yosys: the files of a module, and their text without comments."""

import functools
import re
from collections.abc import Iterable
from pathlib import Path

from macrame import paths
from macrame.synth.tools import FlowError

TEXTBOOK = paths.PACKAGE / "synth" / "hdl" / "textbook_array.v"


def vendor_files(family: str) -> list[Path]:
    """The family's own modules, rtl/vendor/<family>/<family>.f; empty where there are none."""
    folder = paths.RTL / "vendor" / family
    listing = folder / f"{family}.f"
    return [folder / name for name in paths.listed(listing)] if listing.exists() else []


def sources(family: str, module: str, portable: bool = False) -> list[Path]:
    """The files of a module: those of rtl/vendor/<family> instead of portable ones, only those needed.

    A file contains one module of the same name, so a file is needed if a needed file contains its name.

    Parameters
    ----------
    family, module : str
    portable : bool
        Without the family's vendor modules.

    Returns
    -------
    list of Path
    """
    own = [] if portable else vendor_files(family)
    files = {path.stem: path for path in [TEXTBOOK, *map(Path, paths.sources()), *own]}
    needed, new = {module}, {module}
    while new:
        words = {word for name in new for word in re.findall(r"\w+", code(text(files[name])))}
        new = (words & set(files)) - needed
        needed |= new
    return [path for name, path in files.items() if name in needed]


def header(source: str, module: str) -> tuple[str, dict[str, str]]:
    """A module's header without comments, "module" to ";", and its parameters' defaults, in Verilog.

    Parameters
    ----------
    source : str
        The module's file.
    module : str

    Returns
    -------
    text : str
    defaults : dict of str to str

    Raises
    ------
    macrame.synth.tools.FlowError
        There is no such module, or a parameter has an unsupported form.
    """
    start = re.search(rf"^module {module}\b[^;]*;", code(source), re.M)
    if not start:
        raise FlowError(f"no header of {module}")
    text = start[0]
    found = re.search(r"#\s*\((.*?)\n?\)\s*\(", text, re.DOTALL)
    parts = re.split(r",\s*(?=parameter\b)", found[1]) if found else []
    one = r"\s*parameter\s+(?:integer\s+|\[[^]]*\]\s*)?(\w+)\s*=\s*(.*?)\s*"
    defaults = {}
    for part in parts:
        pair = re.fullmatch(one, part, re.DOTALL)
        if not pair:
            raise FlowError(f"{module}: cannot read {part.strip()}")
        defaults[pair[1]] = pair[2]
    return text, defaults


def code(verilog: str) -> str:
    """Verilog without comments and the blanks and empty lines they leave."""
    lines = (line.rstrip() for line in re.sub(r"//[^\n]*", "", verilog).splitlines())
    return "".join(f"{line}\n" for line in lines if line)


def written(files: Iterable[Path], folder: Path) -> list[str]:
    """Write the code of Verilog files to `folder`, and return their names there.

    Yosys names cells after file and line, and orders its work by names: read as they are, two checkouts, or
    one with another comment, would get netlists that differ by a LUT.
    """
    files = list(files)
    for path in files:
        (folder / path.name).write_text(code(text(path)))
    return [path.name for path in files]


@functools.cache
def text(path: Path) -> str:
    """A source's text."""
    return path.read_text()
