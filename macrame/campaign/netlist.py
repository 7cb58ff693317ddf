# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Mutants of netlists: Yosys elaborates a module in one shape, and its pass ``mutate`` changes a cell's bit.

The netlist is made of Yosys' word-level cells, before any optimisation, with the hierarchy of the RTL. The
parameters of the toplevel are declared again, without effect, because benches and harnesses read and set
them. Those that a case does not set have their defaults.
"""

import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from macrame.synth import tools, verilog

#: Name of the netlist's file.
NAME = "netlist.v"


def elaborate(files: Sequence[Path], top: str, parameters: Mapping[str, object], folder: Path) -> list[str]:
    """Passes that read files and elaborate a module; the sources go to `folder`.

    Parameters
    ----------
    files : sequence of Path
    top : str
    parameters : mapping
        Those that `top` does not have are left out.
    folder : Path

    Returns
    -------
    list of str
    """
    (home,) = (path for path in files if path.stem == top)
    known = declared(home)
    set_ = " ".join(f"-set {name} {value}" for name, value in parameters.items() if name in known)
    passes = [f"read_verilog {' '.join(verilog.written(files, folder))}"]
    passes += [f"chparam {set_} {top}"] if set_ else []
    return [*passes, f"hierarchy -check -top {top}", "proc", "opt_clean"]


def declared(path: Path) -> dict[str, str]:
    """The parameters of the module in a file, and their defaults."""
    return verilog.header(verilog.text(path), path.stem)[1]


def derived(name: str, module: str) -> bool:
    """Whether Yosys' name of a module is that of a module of the RTL, with any parameters."""
    return bool(re.search(rf"(^|\\){re.escape(module)}(\\|$)", name))


def mutations(
    files: Sequence[Path], top: str, parameters: Mapping[str, object], module: str, count: int, seed: int
) -> list[str]:
    """A sample of the mutations of a module.

    Parameters
    ----------
    files, top, parameters
        As for `elaborate`.
    module : str
        The module to mutate, `top` or one below it.
    count : int
    seed : int

    Returns
    -------
    list of str
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        passes = elaborate(files, top, parameters, folder)
        tools.yosys([*passes, "tee -o modules.txt select -list-mod *"], folder)
        listed = (folder / "modules.txt").read_text().split()
        same = [found for found in listed if derived(found, module)]
        if not same:
            return []
        listing = f"mutate -list {count} -seed {seed} -o list.txt {same[0]}"
        tools.yosys([*passes, listing], folder)
        return (folder / "list.txt").read_text().splitlines()


def write(
    files: Sequence[Path],
    top: str,
    parameters: Mapping[str, object],
    folder: Path,
    mutation: str = "",
) -> Path:
    """Write a netlist, mutated or not.

    Parameters
    ----------
    files, top, parameters, folder
        As for `elaborate`.
    mutation : str
        Of `mutations`; none by default.

    Returns
    -------
    Path
        Its Verilog.

    Raises
    ------
    macrame.synth.tools.FlowError
        Yosys rejects the Verilog or the mutation.
    """
    passes = elaborate(files, top, parameters, folder)
    tools.yosys([*passes, *([mutation] if mutation else []), f"write_verilog -noattr {NAME}"], folder)
    path = folder / NAME
    (home,) = (path for path in files if path.stem == top)
    defaults = declared(home)
    if defaults:
        given = ", ".join(f"parameter {name} = {parameters.get(name, defaults[name])}" for name in defaults)
        text = path.read_text()
        heading = re.compile(rf"^module (\\?{re.escape(top)}\s*)\(", re.MULTILINE)
        path.write_text(heading.sub(lambda found: f"module {found[1]} #({given}) (", text, count=1))
    return path
