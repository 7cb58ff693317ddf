# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Synthesis by Yosys, placement and routing by nextpnr, both cached in build/synth.

The unit is synthesised alone; its netlist is counted, and `netlist` returns it. For placement the same
netlist is put into a register wrapper (macrame/synth/harness.py), so the clock rate belongs to the counted
netlist.

A result is stored under a digest of all its inputs: the text of the sources, the parameters, the commands,
the tool versions. A folder gets its final name when it is complete, so an interrupted run leaves nothing that
could be mistaken for a result.
"""

import contextlib
import functools
import hashlib
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from macrame import environment
from macrame.synth import tools, verilog
from macrame.synth.harness import PADS, harness
from macrame.synth.targets import TARGETS, Target

BUILD = environment.build_dir() / "synth"
WRAPPER = "wrapper"


@dataclass(frozen=True)
class Unit:
    """A module with its parameters, ready for Yosys: values are numbers or quoted strings."""

    name: str
    module: str
    parameters: tuple[tuple[str, int | str], ...] = ()
    portable: bool = False


# --- the cache ----------------------------------------------------------------------------------------------


def digest(*ingredients: object) -> str:
    """Hexadecimal name of a result that depends only on these."""
    return hashlib.sha256(json.dumps(ingredients, sort_keys=True).encode()).hexdigest()[:20]


@contextlib.contextmanager
def fresh(folder: Path) -> Iterator[Path]:
    """A temporary folder that is renamed to `folder` on success."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=".", dir=folder.parent))
    try:
        yield work
        try:
            work.rename(folder)
        except OSError:
            if not folder.exists():
                raise
            shutil.rmtree(work)  # another run was faster
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise


# --- Yosys --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Netlist:
    """A synthesised unit: its folder and its digest."""

    target: Target
    unit: Unit
    folder: Path

    @property
    def verilog(self) -> Path:
        """Netlist of the family's cells, module named as the RTL's."""
        return self.folder / "netlist.v"

    @functools.cached_property
    def cells(self) -> dict[str, int]:
        """Cell type and count."""
        return counted((self.folder / "stat.json").read_text())

    @functools.cached_property
    def ports(self) -> dict[str, tuple[str, int]]:
        """Port to ("input" or "output", width)."""
        found = json.loads((self.folder / "ports.json").read_text())
        return {name: (way, width) for name, (way, width) in found.items()}

    def area(self) -> dict[str, int]:
        """As `Target.area`."""
        return self.target.area(self.cells, self.unit.name)


def counted(stat: str) -> dict[str, int]:
    """Cell type and count, from the output of `stat -json`, without cells that are not hardware."""
    found = json.loads(stat[stat.index("{") :])["design"]["num_cells_by_type"]
    return {kind.lstrip("\\"): count for kind, count in found.items() if not kind.startswith("$")}


@dataclass(frozen=True)
class Recipe:
    """How Yosys makes a netlist: the sources, the passes, and the digest of both and of Yosys' version."""

    files: tuple[Path, ...]
    passes: tuple[str, ...]
    key: str


def recipe(target: str, unit: Unit) -> Recipe:
    """How a unit is synthesised; nothing runs.

    Parameters
    ----------
    target : str
        One of TARGETS.
    unit : Unit

    Returns
    -------
    Recipe
    """
    t = TARGETS[target]
    files = verilog.sources(target, unit.module, unit.portable)
    set_ = " ".join(f"-set {name} {value}" for name, value in unit.parameters)
    passes = [
        *([f"chparam {set_} {unit.module}"] if set_ else []),
        *t.passes(unit.module),
        "tee -q -o stat.json stat -json",
        "write_json netlist.json",
        "delete t:$scopeinfo",
        "write_verilog -noattr netlist.v",
    ]
    key = digest(
        metadata.version("pyosys"),
        [verilog.code(verilog.text(path)) for path in files],
        [verilog.code(verilog.text(path)) for path in t.maps],
        verilog.text(tools.YOSYS),
        passes,
    )
    return Recipe(tuple(files), tuple(passes), key)


def synthesise(target: str, unit: Unit) -> Netlist:
    """Synthesise a unit, or return its netlist from the cache.

    Parameters
    ----------
    target : str
        One of TARGETS.
    unit : Unit

    Returns
    -------
    Netlist

    Raises
    ------
    macrame.synth.tools.FlowError
        Yosys fails.
    """
    t, made = TARGETS[target], recipe(target, unit)
    folder = BUILD / f"{target}-{unit.name}-{made.key}"
    if not folder.exists():
        with fresh(folder) as work:
            verilog.written(t.maps, work)
            read = " ".join(verilog.written(made.files, work))
            tools.yosys([f"read_verilog -defer {read}", *made.passes], work)
            module = json.loads((work / "netlist.json").read_text())["modules"][unit.module]
            (work / "ports.json").write_text(
                json.dumps(
                    {name: (port["direction"], len(port["bits"])) for name, port in module["ports"].items()}
                )
            )
            (work / "netlist.json").unlink()
    return Netlist(t, unit, folder)


def netlist(
    target: str, unit: str, parameters: Mapping[str, int | str] | None = None, portable: bool = False
) -> Path:
    """Path of a netlist in Verilog.

    Parameters
    ----------
    target : str
        One of TARGETS.
    unit : str
        Module of the core, the netlist's top under its own name.
    parameters : dict, optional
        Parameters of the module; numbers or strings.
    portable : bool
        Without the family's vendor modules.

    Returns
    -------
    Path
        In the cache: do not write to it.
    """
    quoted = {n: f'"{v}"' if isinstance(v, str) else v for n, v in (parameters or {}).items()}
    return synthesise(target, Unit(unit, unit, tuple(sorted(quoted.items())), portable)).verilog


# --- nextpnr ------------------------------------------------------------------------------------------------

PLACE = """
import importlib, sys
name = sys.argv[1]
sys.exit(getattr(importlib.import_module(name), name.replace("yowasp", "run"))(sys.argv[2:]))
"""


def wrapped(found: Netlist) -> Path:
    """The netlist in its wrapper, as JSON for nextpnr."""
    t, unit = found.target, found.unit
    wrapper = harness(WRAPPER, unit.module, found.ports)
    # the wrapper is mapped around an empty box, then the box is filled: no pass changes the unit's cells
    passes = [
        "read_verilog wrapper.v",
        "read_verilog -lib netlist.v",
        f"{t.synthesis} -top {WRAPPER}",
        "read_verilog -overwrite netlist.v",
        f"hierarchy -top {WRAPPER}",
        "flatten",
        "clean",
        "write_json wrapper.json",
    ]
    key = digest(metadata.version("pyosys"), found.folder.name, wrapper, passes)
    folder = BUILD / f"{t.name}-{unit.name}-wrapper-{key}"
    if not folder.exists():
        with fresh(folder) as work:
            (work / "wrapper.v").write_text(wrapper)
            shutil.copy(found.verilog, work / "netlist.v")
            tools.yosys(passes, work)
    return folder / "wrapper.json"


def place(found: Netlist, seed: int, placer: str) -> float | None:
    """Place and route a netlist once.

    Parameters
    ----------
    found : Netlist
    seed : int
        Of nextpnr.
    placer : str
        One of the target's `placers`; "" where it has none.

    Returns
    -------
    float or None
        Clock rate in MHz; None if nextpnr has no timing of the device.

    Raises
    ------
    macrame.synth.tools.TooLarge
        It does not fit.
    macrame.synth.tools.FlowError
        nextpnr fails otherwise.
    """
    t = found.target
    design = wrapped(found)
    chosen = placer in t.placers[1:]  # the first is nextpnr's default
    options = [*t.options, *(["--placer", placer] if chosen else [])]
    # the netlist itself, independent of its path: the same cells need no new placement
    placed = re.sub(r'"src": "[^"]*"', "", design.read_text())
    pins = [f'IO_LOC "{port}" {pin};\n' for port, pin in zip(PADS, t.pins, strict=False)]
    key = digest(metadata.version(t.nextpnr), placed, options, seed, *pins)
    folder = BUILD / f"{t.name}-{found.unit.name}-seed{seed}-{key}"
    if not folder.exists():
        with fresh(folder) as work:
            (work / "pins.cst").write_text("".join(pins))
            # it runs as WebAssembly, with its own /tmp: an absolute path may lead elsewhere
            words = ["--json", os.path.relpath(design, work), "--report", "report.json", "--seed", str(seed)]
            command = [sys.executable, "-c", PLACE, t.nextpnr.replace("-", "_"), *options, *words]
            status, printed = tools.tool("nextpnr", command, work)
            (work / "nextpnr.log").write_text(printed)
            if status or not (work / "report.json").exists():
                words = [line for line in printed.splitlines() if line.startswith("ERROR")]
                said = f"nextpnr: {' '.join(words or printed.splitlines()[-2:])}"
                if "to place" not in said and "to find legal placement" not in said:
                    raise tools.FlowError(said)
                raise tools.TooLarge(said + ("; PLACER=heap may fit" if chosen else ""))
    report = json.loads((folder / "report.json").read_text())
    return min((clock["achieved"] for clock in report["fmax"].values()), default=None)
