# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Start a built simulation, and judge its result.

* **A separate folder** for each run, so that pytest-xdist workers never share a file.
* **No hang and no orphan**: a limit on the simulator's CPU time, which does not depend on machine load, a
  longer one on the wall clock, and the process group is always killed at the end.
* **No accidental success.** No results file, one without a passed test, a non-zero exit: each is a failure
  and raises an exception; `SystemExit`, which cocotb-test raises, would end a pytest worker.
* **Failures that can be analysed.** The message contains the failing tests, the seed and the command that
  replays the run.
"""

import contextlib
import functools
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from filelock import FileLock, Timeout

from macrame import environment
from macrame.errors import InputError, SetupError
from macrame.sim import build
from macrame.sim.failed import Failed, TestFailure
from macrame.sim.processes import started
from macrame.sim.simulators import SIMULATORS, driver_of, simulator
from macrame.sim.verilator import Verilator

#: Default limit of a run in seconds of CPU time.
TIMEOUT = 600


@dataclass(frozen=True)
class Result:
    """A run that passed: folder, seed, names of the tests that passed, wall seconds, waves or None."""

    name: str
    work_dir: Path
    seed: int
    passed: tuple[str, ...]
    seconds: float
    waves: Path | None = None

    @property
    def log(self) -> Path:
        """The simulator's output."""
        return self.work_dir / "sim.log"


@dataclass
class Launch:
    """A built simulation, ready to be started: `command` in `cwd` under `env`."""

    name: str
    command: list[str]
    env: dict[str, str]
    cwd: Path
    results: Path
    seed: int
    waves: Path | None = None
    _lock: FileLock | None = field(default=None, repr=False)

    def start(self, *, cpu_seconds: float | None = None, **popen: Any) -> subprocess.Popen[bytes]:
        """Start it in its own process group (see `macrame.sim.processes`); keywords go to `subprocess.Popen`.

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

    def run(self, timeout: float = TIMEOUT, *, replay: str | None = None) -> Result:
        """Start it and wait for its end; returns the `Result`.

        Parameters
        ----------
        timeout : float
            Limit in seconds of CPU time, and `environment.WALL` times as many of the wall clock;
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
        expired = False
        with started(functools.partial(self.start, cpu_seconds=timeout)) as process:
            try:
                process.wait(waits)
            except subprocess.TimeoutExpired:
                expired = True
        if expired or process.returncode == -signal.SIGXCPU:
            limit = f"{waits:g} s" if expired else f"{environment.limit(timeout):g} s of CPU time"
            text = _message(self, replay, environment.exceeded(limit), tail=True)
            raise Failed("timeout", text, self.cwd, (), self.seed)
        return self.check(process.returncode, replay=replay, seconds=time.monotonic() - began)

    def check(self, returncode: int, *, replay: str | None = None, seconds: float = 0.0) -> Result:
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
                    f"the simulator exited with status {returncode}"
                    f"{'' if self.results.exists() else ' and wrote no results'}",
                    tail=True,
                ),
                self.cwd,
                (),
                self.seed,
            )
        if not passed:
            raise Failed("none-run", say("no test ran", tail=True), self.cwd, (), self.seed)
        # under Verilator a waiting test then runs for one more step, and may pass
        log = self.cwd / "sim.log"
        if log.exists() and re.search(rb"^- \S+:\d+: Verilog \$finish", log.read_bytes(), re.MULTILINE):
            raise Failed("crash", say("$finish ended the simulation", tail=True), self.cwd, (), self.seed)
        return Result(self.name, self.cwd, self.seed, tuple(passed), seconds, self.waves)

    def release(self) -> None:
        """Release the folder for another run of the same name."""
        if self._lock is not None:
            self._lock.release()


def prepare(
    name: str,
    *,
    toplevel: str,
    module: str,
    sources: Iterable[str | Path],
    parameters: Mapping[str, object] | None = None,
    seed: int | None = None,
    plusargs: Iterable[str] = (),
    waves: bool | None = None,
    testcase: str | Sequence[str] | None = None,
    rtl_root: str | Path | None = None,
    defines: Sequence[str] = (),
    env: Mapping[str, object] | None = None,
    compiling: Callable[[], None] | None = None,
) -> Launch:
    """Build, and return a `Launch` that starts the simulation.

    The folder belongs to the caller until `Launch.release` or the end of this process.

    Parameters
    ----------
    compiling : callable, optional
        Called before the compiler, unless the program exists already.
    name, toplevel, module, sources, parameters, seed, plusargs, waves, testcase, rtl_root, defines, env
        As for `macrame.sim.simulate.run`.

    Returns
    -------
    Launch

    Raises
    ------
    macrame.sim.failed.Failed, macrame.errors.SetupError
        As `macrame.sim.build.build` raises them.
    """
    sim = SIMULATORS[simulator()]
    wanted = default_waves()
    waves = wanted if waves is None else bool(waves)
    parameters, sources = dict(parameters or {}), list(sources)
    seed = default_seed() if seed is None else int(seed)
    folder = build.build(
        toplevel=toplevel,
        sources=sources,
        parameters=parameters,
        defines=defines,
        waves=waves,
        rtl_root=rtl_root,
        compiling=compiling,
    )
    work, lock = _run_folder(name)
    driver = driver_of(
        sim,
        build_dir=folder,
        work_dir=work,
        toplevel=toplevel,
        module=module,
        sources=build.absolute(sources, rtl_root),
        parameters=parameters,
        defines=defines,
        plusargs=[_plus(p) for p in plusargs],
        waves=waves,
    )
    command = driver.commands()[1]
    dump = work / f"{toplevel}.{sim.waves}" if waves else None
    if isinstance(driver, Verilator):
        # 2: random bits instead of missing initial values; seed 0 would be a different one each time
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
            # a simulator uses one processor: NumPy's threads would slow down the others
            "OPENBLAS_NUM_THREADS": "1",
        }
    )
    if testcase:
        environ["COCOTB_TEST_FILTER"] = _filter([testcase] if isinstance(testcase, str) else testcase)
    environ.update({k: str(v) for k, v in (env or {}).items()})
    return Launch(name, command, environ, work, work / "results.xml", seed, dump, lock)


def _plus(argument: str) -> str:
    return argument if argument.startswith("+") else f"+{argument}"


def _filter(names: Iterable[str]) -> str:
    """cocotb's test filter, a regular expression over full names: a complete test or one parametrisation."""
    return "|".join(rf"(^|\.){re.escape(n)}(/.*)?$" for n in names)


def default_seed() -> int:
    """The environment's SEED, else 1, so that runs are reproducible by default."""
    text = os.environ.get("SEED", "").strip() or "1"
    try:
        return int(text, 0)
    except ValueError:
        raise SetupError(f"SEED={text}: expected an integer") from None


def default_waves() -> bool:
    """Whether the environment's WAVES requests waves.

    Raises
    ------
    SetupError
        It is neither 0 nor 1.
    """
    text = os.environ.get("WAVES", "").strip()
    if text not in ("", "0", "1"):
        raise SetupError(f"WAVES={text}: expected 0 or 1")
    if not text:
        os.environ.pop("WAVES", None)  # cocotb-test reads an empty one as a number
    return text == "1"


def _run_folder(name: str) -> tuple[Path, FileLock]:
    """A new folder for a run called `name`, and the lock that reserves it: name, name~2, name~3 ..."""
    parts = name.split("/") if isinstance(name, str) else []
    if not parts or not all(re.fullmatch(r"[\w.,=+~-]*[\w,=+~-][\w.,=+~-]*", part) for part in parts):
        raise InputError(
            f"the run's name is {name!r}, expected letters, digits and .,=+-_~ in parts joined by /"
        )
    runs = environment.writable(environment.build_dir()) / "runs" / simulator()
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
    raise SetupError(f"{runs}: no free run directory for {name}")


def _read_results(path: Path) -> tuple[list[str], list[TestFailure]]:
    """(names of passed tests, failing tests) of a results.xml; both empty where there is none."""
    passed: list[str] = []
    failures: list[TestFailure] = []
    if not path.exists():
        return passed, failures
    try:
        cases = list(ElementTree.parse(path).iter("testcase"))
    except ElementTree.ParseError:
        return passed, [TestFailure("results.xml", "ParseError", "the results file is truncated")]
    for case in cases:
        name = f"{case.get('classname')}.{case.get('name')}"
        bad = case.find("failure")
        if bad is None:
            bad = case.find("error")
        if bad is not None and bad.get("type") == "RegressionTerminated":
            continue  # never ran: COCOTB_MAX_FAILURES was reached before
        if bad is not None:
            text = bad.get("message") or bad.text or ""
            failures.append(TestFailure(name, bad.get("type") or "", text.strip()))
        elif case.find("skipped") is None:
            passed.append(name)
    return passed, failures


def _message(
    launch: Launch,
    replay: str | None,
    what: str,
    failures: Sequence[TestFailure] = (),
    tail: bool = False,
) -> str:
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


def replay_command(seed: int) -> str:
    """The command that repeats the work of this process, with this seed.

    In pytest it is the single test; under the command line and make, the value of MACRAME_REPLAY, with
    {seed} in place of the seed; else this process's command line.
    """
    test, given = os.environ.get("PYTEST_CURRENT_TEST"), os.environ.get("MACRAME_REPLAY")
    if test:
        command = [
            environment.shown(sys.executable, environment.ROOT),
            "-m",
            "pytest",
            test.rsplit(" ", 1)[0],
        ]
        return " ".join([f"SEED={seed}", *_given("SIM", "BUILD_DIR"), shlex.join(command)])
    if given:
        return given.replace("{seed}", str(seed))
    return f"SEED={seed} {shlex.join(getattr(sys, 'orig_argv', [sys.executable, *sys.argv]))}"


def _given(*names: str) -> list[str]:
    return [f"{name}={shlex.quote(os.environ[name])}" for name in names if os.environ.get(name)]
