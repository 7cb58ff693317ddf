# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Running Yosys, nextpnr and the packers: one per processor at a time, ended with the run.

Yosys is pyosys, the wheel that ``make lint`` uses too: native code, which starts immediately.
nextpnr comes as WebAssembly, one wheel per family, which runs wherever Python does.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from platformdirs import user_cache_dir

from macrame import environment

#: Limits in seconds of CPU time: of any tool, and of Yosys, which otherwise runs for hours if a memory of
#: many words ends up as registers.
TIMEOUT, YOSYS_TIMEOUT = 3 * 3600, 900
#: Cache for nextpnr's compiled code, if the user's cache is not writable.
CACHE = environment.build_dir() / "synth" / "yowasp"


class FlowError(RuntimeError):
    """A tool failed; the text names it, with the end of its output."""

    exit_status = 1


class TooLarge(FlowError):
    """A device has fewer cells than a netlist needs."""


class Stopped(FlowError):
    """A tool was not started, or was ended, because its run has failed elsewhere."""


#: One tool per processor; the others wait here.
SLOTS = threading.BoundedSemaphore(len(os.sched_getaffinity(0)))
#: Running tools, and whether new ones are blocked.
RUNNING: set[subprocess.Popen[str]] = set()
STOPPED = threading.Event()


def tool(
    name: str,
    command: Sequence[str | Path],
    folder: Path | str,
    text: str | None = None,
    seconds: float = TIMEOUT,
) -> tuple[int, str]:
    """Run a tool as soon as a processor is free.

    Parameters
    ----------
    name : str
        For messages.
    command : sequence of str or Path
    folder : path
        It runs there.
    text : str, optional
        Its input.
    seconds : float
        Limit of its CPU time, before scaling by TIME_FACTOR.

    Returns
    -------
    int
        Its status.
    str
        What it printed.

    Raises
    ------
    Stopped, FlowError
        FlowError after `seconds` of CPU time, or `environment.WALL` times as many of the wall clock.
    """
    limit = environment.limit(seconds)
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
            environment.limit_cpu(seconds, child.pid)
            if STOPPED.is_set():  # since the check above
                child.kill()
            output, _ = child.communicate(text, environment.WALL * limit)
        except subprocess.TimeoutExpired:
            late = environment.exceeded(f"{environment.WALL * limit:,.0f} s")
            raise FlowError(f"{name}: {late}") from None
        finally:
            child.kill()
            child.wait()
            RUNNING.discard(child)
    if STOPPED.is_set():
        raise Stopped(f"{name}: stopped")
    if child.returncode == -signal.SIGXCPU:
        raise FlowError(f"{name}: {environment.exceeded(f'{limit:,.0f} s of CPU time')}")
    return child.returncode, output


def tool_environment() -> dict[str, str]:
    """Environment of a tool.

    Returns
    -------
    dict of str to str
        The caller's, without variables that change results. A wheel of nextpnr compiles itself at its first
        run, into a cache: the user's, or one in the build folder where that cannot be written to.
    """
    cache = os.environ.get("YOWASP_CACHE_DIR")
    if not cache:
        cache = user_cache_dir("YoWASP", appauthor=False)
        try:
            environment.probe(Path(cache))
        except OSError:
            cache = str(CACHE)
    return {**environment.cleaned(os.environ), "PYTHONWARNINGS": "ignore", "YOWASP_CACHE_DIR": cache}


@contextlib.contextmanager
def threads(count: int) -> Iterator[ThreadPoolExecutor]:
    """A pool of threads; an exception in the block ends the running tools, and starts no more."""
    pool = ThreadPoolExecutor(count)
    try:
        yield pool
    except BaseException:
        STOPPED.set()
        for child in list(RUNNING):
            child.kill()
        pool.shutdown(cancel_futures=True)
        STOPPED.clear()  # only after all have ended: a second interrupt leaves it set
        raise
    pool.shutdown()


#: Runs passes, those of Yosys and one of ours.
YOSYS = Path(__file__).parent / "yosys.py"


def yosys(passes: Iterable[str], folder: Path, seconds: float | None = None) -> None:
    """Run passes, in `folder`; their output becomes yosys.log there.

    Parameters
    ----------
    passes : iterable of str
    folder : Path
    seconds : float, optional
        Limit of CPU time; `YOSYS_TIMEOUT` by default.

    Raises
    ------
    FlowError
        With Yosys' message, or after the limit.
    """
    limit = YOSYS_TIMEOUT if seconds is None else seconds
    status, printed = tool("Yosys", [sys.executable, YOSYS], folder, "\n".join(passes), limit)
    (folder / "yosys.log").write_text(printed)
    if status:
        lines = printed.splitlines()
        words = [line for line in lines if "ERROR" in line] or lines[-3:]
        raise FlowError(f"Yosys: {' '.join(words)}")
