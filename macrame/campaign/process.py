# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Run one task in processes of its own, none of which outlives it, or the process that requested the verdict.

`answer` starts a supervisor, ``python -m macrame.campaign.process``, and holds a pipe to it open. The
supervisor runs the task in a child, with a build folder of its own, and waits for the first of three events:
the child has ended, its time is over, or the pipe is closed, which the kernel does even for a caller that was
killed. Then it kills all its descendants. Simulators start sessions of their own, so a process group would
not hold them; the supervisor adopts orphans instead, as a subreaper, and finds them all.

Only the standard library is imported until the task's function is.
"""

import contextlib
import ctypes
import importlib
import json
import os
import resource
import select
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any, NoReturn

from macrame import environment, paths

#: Supervisors that run now, for `abandon`.
RUNNING: set["subprocess.Popen[str]"] = set()
STOPPED = threading.Event()
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36


def answer(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Run a task, and wait for its verdict.

    Parameters
    ----------
    payload : mapping
        Of `Task.payload`.

    Returns
    -------
    dict
        What the task's function returned, with ``"key"``, ``"seconds"`` on the wall clock, ``"cpu"`` seconds
        and ``"host"``; or, if there is no verdict, a text as ``"error"``.
    """
    command = [sys.executable, "-m", "macrame.campaign.process"]
    env = {name: value for name, value in os.environ.items() if name != "PYTHONSAFEPATH"}
    supervisor = subprocess.Popen(
        command, cwd=paths.ROOT, env=env, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    RUNNING.add(supervisor)
    try:
        if STOPPED.is_set():
            return {"error": "not started"}
        assert supervisor.stdin
        assert supervisor.stdout
        with contextlib.suppress(BrokenPipeError):
            supervisor.stdin.write(json.dumps(payload) + "\n")
            supervisor.stdin.flush()
        said = supervisor.stdout.read()
    finally:
        RUNNING.discard(supervisor)
        _close(supervisor.stdin)
        supervisor.wait()
        _close(supervisor.stdout)
    lines = said.splitlines()
    if not lines:
        return {"error": f"the supervisor of the task ended with status {supervisor.returncode}"}
    return dict(json.loads(lines[-1]))


def _close(pipe: IO[str] | None) -> None:
    if pipe:
        with contextlib.suppress(OSError):
            pipe.close()


def abandon() -> None:
    """End all tasks that this process has started, and wait until their processes are gone."""
    STOPPED.set()
    for supervisor in list(RUNNING):
        _close(supervisor.stdin)
    for supervisor in list(RUNNING):
        supervisor.wait()
    STOPPED.clear()


# --- the supervisor -----------------------------------------------------------------------------------------


def descendants() -> Iterator[int]:
    """Numbers of all processes below this one."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                fields = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()
                parents.setdefault(int(fields[1]), []).append(int(entry.name))
    new = parents.get(os.getpid(), [])
    while new:
        yield from new
        new = [child for parent in new for child in parents.get(parent, [])]


def kill_descendants() -> None:
    """Kill every process below this one, orphans included, and wait for their ends."""
    while True:
        for process in descendants():
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        time.sleep(0.005)


def _child(payload: Mapping[str, Any], scratch: Path, out: int) -> NoReturn:
    """Run the function; its answer goes to the pipe `out`."""
    try:
        nothing, end = os.pipe()
        os.close(end)
        os.dup2(nothing, 0)
        log = os.open(scratch / "log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.environ["MACRAME_SHARED_BUILD"] = str(environment.build_dir())
        os.environ["BUILD_DIR"] = str(scratch)
        os.environ.pop("WAVES", None)
        from macrame.campaign import content

        here = content.ingredients(tuple(payload["files"]), tuple(payload["tools"]))
        wrong = [name for name, value in payload["ingredients"].items() if here.get(name) != value]
        if wrong:
            text = f"{socket.gethostname()}: {wrong[0]} differs, expected the client's files and tools"
            said: dict[str, Any] = {"error": text}
        else:
            module, _, name = payload["function"].partition(":")
            said = dict(getattr(importlib.import_module(module), name)(payload["arguments"]))
            if not isinstance(said.get("verdict"), str):
                said = {"error": f"{payload['function']} returned no verdict"}
    except BaseException as error:
        traceback.print_exc()
        said = {"error": f"{type(error).__name__}: {error}"}
    with contextlib.suppress(BaseException):
        with os.fdopen(out, "w") as pipe:
            json.dump(said, pipe)
        os._exit(0)
    os._exit(1)


def _supervise(payload: Mapping[str, Any], scratch: Path) -> dict[str, Any]:
    """The answer of a task that runs in a child."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    began = time.monotonic()
    deadline = began + environment.limit(payload["seconds"])
    result, out = os.pipe()
    parent = os.getpid()
    if os.fork() == 0:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)
        os.close(result)
        _child(payload, scratch, out)
    os.close(out)
    waiting = select.poll()
    waiting.register(0, select.POLLIN | select.POLLHUP)
    waiting.register(result, select.POLLIN | select.POLLHUP)
    said, over = b"", False
    while not over and time.monotonic() < deadline:
        for descriptor, _ in waiting.poll(max(0, 1000 * (deadline - time.monotonic()))):
            text = os.read(descriptor, 1 << 16)
            if descriptor == result:
                said += text
            over = over or not text  # the answer is complete, or nobody waits for it
    kill_descendants()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    if not over:
        found: dict[str, Any] = {"verdict": "timeout", "by": f"not finished after {payload['seconds']:g} s"}
    else:
        try:
            found = json.loads(said)
        except ValueError:
            found = {"error": "the process of the task was killed"}
    if "error" in found:
        with contextlib.suppress(OSError):
            found["log"] = (scratch / "log").read_text(errors="replace")[-4000:]
    return {
        **found,
        "key": payload["key"],
        "seconds": round(time.monotonic() - began, 2),
        "cpu": round(used.ru_utime + used.ru_stime, 2),
        "host": socket.gethostname(),
    }


def main() -> int:
    """The supervisor: a task on stdin, its answer on stdout; returns the exit code."""
    for number in (
        signal.SIGINT,
        signal.SIGTERM,
    ):  # for the process that waits for the answer and then closes the pipe
        signal.signal(number, signal.SIG_IGN)
    line = b""
    while not line.endswith(b"\n"):  # unbuffered: nothing may stay behind when the child is forked
        text = os.read(0, 1 << 16)
        if not text:
            return 1
        line += text
    payload = json.loads(line)
    scratch = environment.build_dir() / "campaign" / f"task-{os.getpid()}-{payload['key'][:16]}"
    scratch.mkdir(parents=True, exist_ok=True)
    (scratch / environment.MARKER).touch()
    try:
        found = _supervise(payload, scratch)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    with contextlib.suppress(BrokenPipeError):
        print(json.dumps(found), flush=True)
    return 0


if __name__ == "__main__":
    os._exit(main())
