# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Compile Verilog for the selected simulator, once for each content.

cocotb-test's build cache compares file times, so the same folder with other parameters runs the old
program. Here the folder's name is a digest of tool, version, toplevel, parameters, defines and the bytes of
every source. A program is compiled once, under a lock, and the second run of a bench compiles nothing. An
include directive is not followed: sources are listed, see rtl/rtl.f. A source that ends in .vlt configures
Verilator, and no other simulator sees it.
"""

import functools
import hashlib
import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from filelock import FileLock

from macrame import environment, paths
from macrame.errors import SetupError
from macrame.sim.failed import Failed
from macrame.sim.processes import started
from macrame.sim.simulators import SIMULATORS, check_tools, driver_of, simulator
from macrame.sim.verilator import Runtime, Verilator


def core_sources(rtl_root: str | Path | None = None) -> list[str]:
    """Absolute paths of the core's sources, in the order of rtl/rtl.f.

    Parameters
    ----------
    rtl_root : path, optional
        Take them from this copy of rtl/ instead.
    """
    return paths.sources(rtl=Path(rtl_root or paths.RTL))


def absolute(sources: Iterable[str | Path], rtl_root: str | Path | None) -> list[Path]:
    """Paths made absolute: relative ones start at the project; those under rtl/ move to `rtl_root`.

    Verilator's configurations are left out for others.
    """
    if simulator() != "verilator":
        sources = [source for source in sources if Path(source).suffix != ".vlt"]
    out = []
    for source in sources:
        path = paths.locate(source)
        if rtl_root is not None and path.is_relative_to(paths.RTL):
            path = Path(rtl_root).resolve() / path.relative_to(paths.RTL)
        out.append(path)
    return out


# --- building ---------------------------------------------------------------------------------------------


def build(
    *,
    toplevel: str,
    sources: Iterable[str | Path],
    parameters: Mapping[str, object] | None = None,
    defines: Sequence[str] = (),
    waves: bool = False,
    rtl_root: str | Path | None = None,
    standalone: bool = False,
    compiling: Callable[[], None] | None = None,
) -> Path:
    """Compile, unless the same program has been compiled before; returns its folder.

    Parameters
    ----------
    toplevel, sources, parameters, defines, rtl_root
        As for `macrame.sim.simulate.run`.
    waves : bool
        Whether the program writes waves.
    standalone : bool
        Whether it is Verilog only, without Python.
    compiling : callable, optional
        Called before the compiler, unless the program exists already.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    Failed
        With kind ``"build"`` if compilation fails.
    SetupError
        A tool or a source is missing.
    """
    name = simulator()
    files = absolute(sources, rtl_root)
    parameters = dict(parameters or {})
    for path in files:
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
    for path in files:
        key.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    folder = (
        environment.writable(environment.build_dir()) / "sim" / name / f"{toplevel}-{key.hexdigest()[:16]}"
    )
    stamp = folder / ".built"
    if not stamp.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{folder}.lock"):
            if not stamp.exists():
                shutil.rmtree(folder, ignore_errors=True)  # files of a killed compiler may be incomplete
                folder.mkdir()
                if compiling is not None:
                    compiling()
                _compile(name, folder, toplevel, files, parameters, defines, waves, standalone)
                stamp.touch()
    return folder


def standalone(
    *, toplevel: str, sources: Iterable[str | Path], parameters: Mapping[str, object] | None = None
) -> list[str]:
    """Compile a bench in Verilog only; returns the command that runs it.

    Parameters
    ----------
    toplevel, sources, parameters
        As for `macrame.sim.simulate.run`.

    Returns
    -------
    list of str
        Append plusargs to it.

    Raises
    ------
    Failed, SetupError
        As `build` does.
    """
    folder = build(toplevel=toplevel, sources=sources, parameters=parameters, standalone=True)
    if simulator() == "icarus":
        return [shutil.which("vvp") or "vvp", "-n", str(folder / f"{toplevel}.vvp")]
    return [str(folder / toplevel)]


def _compile(
    name: str,
    folder: Path,
    toplevel: str,
    sources: Sequence[Path],
    parameters: Mapping[str, object],
    defines: Sequence[str],
    waves: bool,
    standalone: bool,
) -> None:
    driver = driver_of(
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

    def call(command: list[str]) -> None:
        start = functools.partial(
            subprocess.Popen,
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
        with started(start) as process:  # after an interrupt, the compilers started by make end too
            said = driver.original(process.communicate()[0])
        with log.open("a") as file:
            file.write(f"{driver.original(shlex.join(command))}\n{said}")
        if process.returncode:
            given = " ".join(f"{k}={v}" for k, v in parameters.items())
            rules = dict.fromkeys(re.findall(r"\bERROR_([a-z0-9_]+)_([A-Z]\w+?)_must_be_(\w+)", said))
            if rules:  # the RTL rejects a parameter with an instance of a module of that name
                found = ", ".join(
                    f"{name} must be {limits.replace('_', ' ')} ({module})" for module, name, limits in rules
                )
                raise Failed("build", f"{toplevel} {given}: {found}", folder)
            raise Failed(
                "build",
                f"{toplevel} {given}: {command[0]} exited with status {process.returncode}\n{said.strip()}",
                folder,
            )

    commands, _ = driver.commands()
    with driver.linked():
        for command in commands:
            if isinstance(driver, Verilator) and command[0] == "make":
                Runtime(driver, folder, check_tools(name)).lend(call)
            call(command)
    for path in set(folder.iterdir()) - {driver.program(), log}:
        path.unlink()
