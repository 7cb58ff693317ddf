# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""A wrapper that lets the RTL's benches run on a netlist.

    bench ─► wrapper: the RTL module's unchanged header ─► netlist: the family's cells ─► models of the cells

A bench sets parameters and reads them from its DUT, but a netlist has none. The wrapper has: its name,
parameters and ports are copied from the RTL's file. Its body contains one instance of the netlist, under
another name, and rejects every parameter value except those synthesised. Harnesses and benches need no
change.

The models are Yosys' own (share/<family>/cells_sim.v), without their delays, and those of synth/models where
Yosys has ports only. They come into one file, preprocessed, and only those that the netlist needs.

Two checks ensure that only the netlist runs. `design` rejects a netlist that
holds anything but instances of the family's cells, as many as Yosys counted, and wires; it puts no file
of rtl/ among the sources. `check_program` reads the program that Icarus has made, and counts the
instances in it."""

import re
import subprocess
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyosys

from macrame import environment, paths
from macrame.files import atomic
from macrame.sim import simulate
from macrame.synth import flow, tools, verilog

BUILD = environment.build_dir() / "gates"
OWN = paths.PACKAGE / "synth" / "models"
#: Yosys' models of a family's cells. Their defaults for unconnected inputs are not Verilog.
SHARE = Path(pyosys.__file__).parent / "share"
CELLS = {"ecp5": SHARE / "ecp5" / "cells_sim.v", "ice40": SHARE / "ice40" / "cells_sim.v"}
DEFINES = ("NO_INCLUDES", "NO_ICE40_DEFAULT_ASSIGNMENTS")
#: Inputs that Yosys leaves open: a flip-flop's load value and, where it is always enabled, its enable.
OPEN = {"TRELLIS_FF": {"CE", "M"}}
#: An instance as Yosys writes it: its type, its pins.
INSTANCE = r"^  (\w+) (?:#\([^;]*?\n  \) )?(?:\\\S+ |\w+) \(\n([^;]*?)\n  \);$"


@dataclass(frozen=True)
class Design:
    """The sources that replace the RTL when a bench is compiled.

    Attributes
    ----------
    module : str
        Name of the RTL module.
    sources : tuple of Path
        Wrapper, netlist, models.
    cells : dict of str to int
        Cells of the netlist by type.
    instances : Counter
        Cells by type, those inside other cells' models too.
    """

    module: str
    sources: tuple[Path, ...]
    cells: dict[str, int]
    instances: Counter[str]


# --- the models ---------------------------------------------------------------------------------------------


def models(target: str) -> dict[str, str]:
    """Verilog of every cell of a family that has a model, by name."""
    done = subprocess.run(
        [
            "iverilog",
            "-E",
            *(f"-D{name}" for name in DEFINES),
            "-I",
            str(CELLS[target].parent),
            "-o",
            "/dev/stdout",
            str(CELLS[target]),
        ],
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise tools.FlowError(f"iverilog -E {CELLS[target]}: {done.stderr.strip()}")
    text = re.sub(r"\bspecify\b.*?\bendspecify\b", "", verilog.code(done.stdout), flags=re.DOTALL)
    found = {
        match[1]: match[0]
        for match in re.finditer(r"^module (\w+).*?^endmodule", text, re.MULTILINE | re.DOTALL)
    }
    own = {path.stem: path.read_text() for path in OWN.glob("*.v")} if target == "ecp5" else {}
    return {**found, **own}


def inside(name: str, known: Mapping[str, str]) -> Counter[str]:
    """Cells that a cell's model instantiates, and how often."""
    return Counter(
        word
        for word in re.findall(r"^\s*(\w+) (?:#\(|\w+ ?\()", known[name], re.M)
        if word in known and word != name
    )


def spread(cells: Mapping[str, int], known: Mapping[str, str]) -> Counter[str]:
    """Cells by type, those inside other cells' models counted too."""
    total = Counter[str]()
    for name, count in cells.items():
        total[name] += count
        for inner, often in spread(inside(name, known), known).items():
            total[inner] += count * often
    return total


# --- the netlist --------------------------------------------------------------------------------------------


def check_netlist(netlist: str, cells: Mapping[str, int], known: Mapping[str, str]) -> None:
    """FlowError if a netlist contains more than the counted cells and the wires between them.

    Parameters
    ----------
    netlist : str
        Verilog.
    cells : dict of str to int
        What Yosys counted.
    known : dict of str to str
        Models by name, from `models`.
    """
    strangers = sorted(set(cells) - set(known))
    if strangers:
        raise tools.FlowError(f"no model of {', '.join(strangers)}")
    found = re.findall(INSTANCE, netlist, re.M)
    counted = Counter(kind for kind, _ in found)
    if counted != Counter(cells):
        raise tools.FlowError(f"the netlist contains {dict(counted)}, Yosys counted {dict(cells)}")
    rest = re.sub(INSTANCE, "", netlist, flags=re.M)
    rest = re.sub(r"\\\S+ ", "name ", re.sub(r"/\*.*?\*/", "", rest, flags=re.DOTALL))
    for line in rest.split(";"):
        if not re.fullmatch(r"\s*((input|output|wire|assign|module)\b[^~&|^?!<>+*/%-]*|endmodule\s*)", line):
            raise tools.FlowError(f"the netlist contains more than cells and wires: {line.strip()[:100]}")
    inputs = {kind: _inputs(known[kind]) - OPEN.get(kind, set()) for kind in counted}
    for kind, pins in found:
        lacks = inputs[kind] - set(re.findall(r"^    \.(\w+)\((?! *\))", pins, re.M))
        if lacks:
            raise tools.FlowError(f"a {kind} without {', '.join(sorted(lacks))}")


def _inputs(model: str) -> set[str]:
    """Names of a model's inputs, from a header in ANSI style."""
    header = re.sub(r"\(\*.*?\*\)", "", model[: model.index(";")])
    inputs = re.findall(
        r"\binput\s+(?:wire\s+)?(?:\[[^]]*\]\s*)?"
        r"((?:\w+\s*(?:,(?!\s*(?:input|output|inout)\b)\s*)?)+)",
        header,
    )
    return {name for some in inputs for name in re.findall(r"\w+", some)}


# --- the shell ----------------------------------------------------------------------------------------------


def shell(source: str, module: str, parameters: Mapping[str, int | str], ports: Iterable[str]) -> str:
    """The wrapper's Verilog.

    Parameters
    ----------
    source : str
        The RTL's file.
    module : str
    parameters : dict
        Values synthesised, as Verilog; the others have their defaults.
    ports : iterable of str

    Returns
    -------
    str
    """
    text, defaults = verilog.header(source, module)
    lines = ["`default_nettype none", text, "generate"]
    for name, default in defaults.items():
        value = str(parameters.get(name, default))
        word = re.sub(r"\W+", "", value) if name in parameters else "its_default"
        lines.append(
            f"if ({name} != ({value})) begin : g_{name}\n"
            f"    ERROR_{module}_netlist_{name}_must_be_{word} u_error ();\nend"
        )
    pins = ", ".join(f".{port}({port})" for port in ports)
    return "\n".join(
        [
            *lines,
            "endgenerate",
            f"{module}_netlist u_netlist ({pins});",
            "endmodule",
            "`default_nettype wire",
            "",
        ]
    )


def design(found: flow.Netlist, netlist: str | None = None, folder: Path | None = None) -> Design:
    """Write the sources of a netlist's simulation.

    Parameters
    ----------
    found : flow.Netlist
        Of ECP5 or iCE40.
    netlist : str, optional
        Another text of the netlist, for example with a fault.
    folder : Path, optional
        Target folder; by default one in build/gates named after the netlist.

    Returns
    -------
    Design

    Raises
    ------
    macrame.synth.tools.FlowError
        The netlist contains a cell without a model, or more than cells.
    """
    target, unit = found.target.name, found.unit
    folder = folder or BUILD / found.folder.name
    netlist, known = netlist or found.verilog.read_text(), models(target)
    check_netlist(netlist, found.cells, known)
    head = f"module {unit.module}("
    if netlist.count(head) != 1 or len(re.findall(r"^module\b", netlist, re.M)) != 1:
        raise tools.FlowError(f"{found.verilog}: expected one module, {unit.module}")
    files = verilog.sources(target, unit.module, unit.portable)
    (rtl,) = (path for path in files if path.stem == unit.module)
    needed = spread(found.cells, known)
    texts = {
        "shell.v": shell(rtl.read_text(), unit.module, dict(unit.parameters), found.ports),
        "netlist.v": netlist.replace(head, f"module {unit.module}_netlist("),
        "cells.v": "\n\n".join(known[name] for name in sorted(needed)) + "\n",
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        path = folder / name
        if not path.exists() or path.read_text() != text:
            atomic.write(path, text)  # another run may be reading it
    return Design(unit.module, tuple(folder / name for name in texts), dict(found.cells), needed)


def public(sources: Sequence[Path], folder: Path) -> Path:
    """A file for Verilator: signals in these sources are visible to Python, those of the netlist are not."""
    modules = [name for path in sources for name in re.findall(r"^\s*module (\w+)", path.read_text(), re.M)]
    path = folder / f"public-{flow.digest(modules)[:8]}.vlt"
    lines = ["`verilator_config", *(f'public_flat_rw -module "{name}" -var "*"' for name in modules)]
    atomic.write(path, "\n".join(lines) + "\n")
    return path


def check_program(program: Path, made: Design) -> Counter[str]:
    """FlowError if the program compiled by Icarus from a `Design` has other instances than the netlist's.

    Parameters
    ----------
    program : Path
        The .vvp.
    made : Design
    """
    scopes = re.findall(r'^S_\w+ \.scope module, "[^"]*" "([^"]*)"', program.read_text(), re.M)
    counted = Counter(scopes)
    wrong = {name: counted[name] for name, count in made.instances.items() if counted[name] != count}
    rtl = {Path(path).stem for path in simulate.core_sources()} - {made.module}
    if wrong or rtl & set(counted) or counted[made.module] != 1 or counted[f"{made.module}_netlist"] != 1:
        raise tools.FlowError(f"{program}: not the netlist alone: {wrong or sorted(rtl & set(counted))}")
    return counted
