# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The environment variables that apply to every command, and those that must not reach a simulator.

============  ============================================================================  =========
BUILD_DIR     folder of everything that is built, logged or reported                        ``build``
TIME_FACTOR   every time limit is multiplied by it: more than 1 on a slow or a busy machine  1
============  ============================================================================  =========

Only the standard library is imported here, so that a bad value is rejected before slow imports.
"""

import contextlib
import functools
import math
import os
import resource
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from macrame import paths
from macrame.errors import SetupError as SetupError  # known here as environment.SetupError too

ROOT = paths.ROOT

#: Wall-clock limits are this many times the CPU time limit, since a process also waits for a processor.
WALL = 10
#: Marks a build folder created by this project; `make clean` removes no other.
MARKER = ".macrame-build"

#: Variables that change the behaviour of a simulator, the Python inside it, make or a compiler.
LEAKS = {
    *("LIBPYTHON_LOC", "VPI_TRACE", "YOWASP_MOUNT"),
    *("MAKEFLAGS", "MFLAGS", "GNUMAKEFLAGS", "MAKEFILES", "MAKELEVEL"),
    *("OPT", "USER_CPPFLAGS", "USER_LDFLAGS", "USER_LDLIBS", "SYSTEMC_INCLUDE", "SYSTEMC_LIBDIR"),
    *("CPPFLAGS", "CFLAGS", "CXXFLAGS", "LDFLAGS", "LDLIBS", "DEPENDENCIES_OUTPUT", "SUNPRO_DEPENDENCIES"),
}
#: Prefixes of such variables.
LEAKING = ("COCOTB_", "GPI_", "PYGPI_", "PYTEST_", "PYTHON", "IVERILOG_", "VERILATOR_", "VM_")
#: Exceptions, which are passed on.
KEPT = {
    *("COCOTB_LOG_LEVEL", "COCOTB_SCHEDULER_DEBUG", "COCOTB_PDB_ON_EXCEPTION"),
    *("PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX", "PYTHONFAULTHANDLER", "PYTHONMALLOC"),
}


def apt(*packages: str) -> str:
    """Command that installs Debian packages, for a message."""
    return f"sudo apt-get update && sudo apt-get install {' '.join(packages)}"


def cleaned(environ: Mapping[str, str]) -> dict[str, str]:
    """A copy of an environment, for a simulator or a compiler.

    Parameters
    ----------
    environ : dict of str to str

    Returns
    -------
    dict of str to str
        Without variables that change results or break tools, and with a writable TMPDIR: iverilog fails
        without one.
    """
    kept = {
        name: value
        for name, value in environ.items()
        if name in KEPT or not (name in LEAKS or name.startswith(LEAKING))
    }
    return {**kept, "TMPDIR": os.path.abspath(tempfile.gettempdir())}


# --- where files go -----------------------------------------------------------------------------------------


def build_dir() -> Path:
    """Absolute path of the build folder: BUILD_DIR, ``build`` in a checkout, else one in the user's cache."""
    given = os.environ.get("BUILD_DIR")
    if given:
        return Path(given).absolute()
    if paths.CHECKOUT:
        return ROOT / "build"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache").absolute() / "macrame"


def scratch_dir() -> Path:
    """Create a folder for the files of one simulation and a socket.

    Returns
    -------
    pathlib.Path
        Absolute, and not in the build folder: the path of a socket may have at most 107 bytes, and Icarus 11
        opens no file whose path is not ASCII.
    """
    folder = Path(tempfile.mkdtemp(prefix="macrame-")).absolute()
    if len(os.fsencode(folder / "socket")) > 107 or not str(folder).isascii():
        folder.rmdir()
        folder = Path(tempfile.mkdtemp(prefix="macrame-", dir="/tmp"))
    return folder


def probe(folder: Path) -> None:
    """Create a folder if it is missing, and write in it; OSError if either fails."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder):  # permissions alone are not enough: root, read-only mounts
        pass


@functools.cache
def writable(folder: Path) -> Path:
    """Create the build folder if it is missing.

    Parameters
    ----------
    folder : pathlib.Path

    Returns
    -------
    pathlib.Path
        `folder`.

    Raises
    ------
    SetupError
        Nothing can be written in it.
    """
    try:
        probe(folder)
        if not any(folder.iterdir()):
            (folder / MARKER).touch()
    except OSError as error:
        raise SetupError(
            f"BUILD_DIR={folder}: not writable ({error.strerror}), expected a writable directory, "
            "such as BUILD_DIR=/var/tmp/macrame"
        ) from None
    return folder


@contextlib.contextmanager
def exported(name: str, value: str | None) -> Iterator[None]:
    """Set a variable of the environment for the duration of a block, and restore it afterwards.

    Parameters
    ----------
    name : str
    value : str or None
        None leaves the variable as it is.
    """
    if value is None:
        yield
        return
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        del os.environ[name]
        if before is not None:
            os.environ[name] = before


def install(words: str, extra: str) -> str:
    """The command that installs Python packages: the project's own in a checkout, else pip's.

    Parameters
    ----------
    words : str
        The set that tools/bootstrap installs.
    extra : str
        The extra of the package.
    """
    return f"tools/bootstrap {words}" if paths.CHECKOUT else f"pip install 'macrame[{extra}]'"


def shown(path: Path | str, folder: Path | None = None) -> str:
    """A path for a message, relative to a folder, by default the current one, if it is inside."""
    path, folder = Path(path), folder or Path.cwd()
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)


def typed(name: str, value: object) -> str:
    """An option for a message as the user of this run types it: ``--sim icarus`` or ``SIM=icarus``.

    Parameters
    ----------
    name : str
        Of the variable: ``POST_LANES``.
    value : object
        True for an option without a value on the command line, ``--waves`` or ``WAVES=1``.

    Returns
    -------
    str
    """
    if not os.environ.get("MACRAME_REPLAY", "").startswith("macrame "):
        return f"{name}={int(value) if value is True else value}"
    option = "--" + name.lower().replace("_", "-")
    return option if value is True else f"{option} {value}"


_spelt: Callable[[str], str] = str


@contextlib.contextmanager
def spelling(function: Callable[[str], str]) -> Iterator[None]:
    """For the duration of a block, how `spelt` turns variables into what the user of this run types."""
    global _spelt
    before, _spelt = _spelt, function
    try:
        yield
    finally:
        _spelt = before


def spelt(text: str) -> str:
    """A message that names variables, as the user of this run types them: ``A=x`` or ``--scale 1``."""
    return _spelt(text)


# --- time limits --------------------------------------------------------------------------------------------


#: The largest TIME_FACTOR: the operating system cannot wait for any number of seconds.
MOST = 1_000_000


def time_factor() -> float:
    """The environment's TIME_FACTOR, 1 by default.

    Raises
    ------
    SetupError
        It is not a positive number, or more than `MOST`.
    """
    text = os.environ.get("TIME_FACTOR", "").strip() or "1"
    try:
        factor = float(text)
    except ValueError:
        factor = math.nan
    if not 0 < factor <= MOST:
        raise SetupError(f"TIME_FACTOR={text}: expected a positive number up to {MOST:,}, such as 4")
    return factor


def limit(seconds: float) -> float:
    """A time limit, scaled by TIME_FACTOR; SetupError as for `time_factor`."""
    return seconds * time_factor()


def exceeded(time: str) -> str:
    """What a message says of a process that was killed after a time, such as ``"30 s of CPU time"``."""
    return f"not finished after {time}; {doubled()}"


def doubled() -> str:
    """The remedy for a time limit that was too short, for a message."""
    return f"TIME_FACTOR={2 * time_factor():g} doubles the limit"


def limit_cpu(seconds: float, process: int = 0) -> None:
    """Let the kernel end a process, by SIGXCPU, after a number of seconds of CPU time.

    Parameters
    ----------
    seconds : float
        Before scaling by TIME_FACTOR.
    process : int
        Its number; this one by default. Processes it starts later each have the same limit.
    """
    with contextlib.suppress(ProcessLookupError):  # it has ended
        _limit_cpu(math.ceil(limit(seconds)), process)


def _limit_cpu(seconds: int, process: int) -> None:
    for kind, most in ((resource.RLIMIT_CPU, seconds), (resource.RLIMIT_CORE, 0)):
        hard = resource.prlimit(process, kind)[1]  # kept, so that a grandchild can get more
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.prlimit(process, kind, (most, hard))


def limited(seconds: float) -> dict[str, Any]:
    """Keywords for `subprocess.run`: a limit on CPU time, and a much longer one on the wall clock.

    Parameters
    ----------
    seconds : float
        Of CPU time, before scaling by TIME_FACTOR.

    Returns
    -------
    dict
        ``preexec_fn`` and ``timeout``.
    """
    return {"preexec_fn": functools.partial(limit_cpu, seconds), "timeout": limit(WALL * seconds)}
