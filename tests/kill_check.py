# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""A campaign of small tasks on a cluster of which a worker and then the client are killed.

    python -m tests.kill_check [COUNT]

runs COUNT tasks, 200 by default, serially, and the same tasks on a scheduler and two workers, each a process
of its own: after a fifth of the verdicts a worker is killed with SIGKILL, after half of them the client; a
new client finishes. Every task must have one verdict, that of the serial run, and no process may be left.
What was found is printed. tests/slurm.py does the same with workers that Slurm starts.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from macrame import environment, paths
from tests import campaign_tasks

WAIT = 600
#: Seconds of a task, long enough for a kill to meet the child that it has.
SECONDS = 0.25
#: In the environment of every process that a check starts, and so of those that these start.
MARK = "MACRAME_KILL_CHECK"
#: In the environment of the worker that is to be killed, and of its tasks.
DOOMED = "MACRAME_KILL_CHECK_WORKER=doomed"


def until(condition, what):
    """Wait for a condition; returns its value."""
    deadline = time.monotonic() + environment.limit(WAIT)
    while not (found := condition()):
        assert time.monotonic() < deadline, f"{what}: not within {environment.limit(WAIT):g} s"
        time.sleep(0.05)
    return found


def verdicts(path):
    """Verdicts by task, and how many lines the store has."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return {line["task"]: line["verdict"] for line in lines}, len(lines)


def ran(runs):
    """How often each task ran, by its number."""
    return Counter(int(path.name.split("-")[0]) for path in runs.iterdir())


def processes(*variables):
    """Command lines of the processes whose environment has all of some variables, by number."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                has = (entry / "environ").read_bytes().split(b"\0")
                if all(variable.encode() in has for variable in variables):
                    found[int(entry.name)] = (entry / "cmdline").read_bytes().split(b"\0")
    return found


class Plain:
    """A scheduler and workers, each a process of its own.

    Parameters
    ----------
    folder : Path
    """

    what = "scheduler and two workers as separate processes"
    #: Tasks that run at a time.
    at_once = 2

    def __init__(self, folder):
        self.folder, self.processes = folder, []
        self.mark = f"{MARK}={folder}"
        self.env = {
            **os.environ,
            MARK: str(folder),
            "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "120s",
            "DASK_TEMPORARY_DIRECTORY": str(folder / "dask"),
        }
        file = folder / "scheduler.json"
        words = ["--scheduler-file", file, "--host", "127.0.0.1", "--port", "0", "--no-dashboard"]
        self.scheduler = self.start("scheduler", *words)

        def address():
            with contextlib.suppress(OSError, ValueError):
                return json.loads(file.read_text())["address"]

        self.address = until(address, "the scheduler")

    def start(self, *words, **env):
        """Run a Dask command, with further variables."""
        with open(self.folder / f"{words[0]}{len(self.processes)}.log", "wb") as out:
            started = subprocess.Popen(
                [sys.executable, "-m", "dask", *words],
                cwd=paths.ROOT,
                stdout=out,
                stderr=subprocess.STDOUT,
                env={**self.env, **env},
            )
        self.processes.append(started)
        return started

    def worker(self, **env):
        """Start a worker."""
        options = ["--death-timeout", "300", "--nthreads", "1", "--no-nanny", "--no-dashboard"]
        return self.start("worker", self.address, *options, **env)

    def workers(self):
        """Start the workers of a check; returns a function that kills one of them."""
        name, _, value = DOOMED.partition("=")
        doomed, _ = self.worker(**{name: value}), self.worker()

        def kill():
            self.wait_for_child(DOOMED)
            doomed.kill()

        return kill

    def wait_for_child(self, *variables):
        """Wait until a task has its child, on a worker whose environment has some variables."""
        child = campaign_tasks.MARK.encode()

        def found():
            return any(child in words for words in processes(self.mark, *variables).values())

        until(found, "a task of the worker")

    def left(self):
        """Numbers of the processes that run tasks."""
        names = (b"macrame.campaign.process", campaign_tasks.MARK.encode())
        return [n for n, words in processes(self.mark).items() if any(name in words for name in names)]

    def end(self):
        """End all."""
        for started in self.processes:
            started.kill()
            started.wait()


def check(cluster, folder, count, say=print):
    """Kill a worker and the client of a campaign.

    Parameters
    ----------
    cluster : Plain or tests.slurm.Jobs
    folder : Path
    count : int
        Number of tasks.
    say : callable, optional
        Called with each line about what was found.
    """
    say(f"{count} tasks, {cluster.what}")
    began = time.monotonic()
    for name in ("alone", "runs"):
        (folder / name).mkdir()
    campaign_tasks.main(count, folder / "serial", folder / "alone", "", SECONDS)
    serial, _ = verdicts(folder / "serial")
    assert len(serial) == count
    assert len(set(serial.values())) == 2
    say(f"serial run: {len(serial)} verdicts in {time.monotonic() - began:.0f} s")
    began = time.monotonic()
    path, runs = folder / "store", folder / "runs"
    kill_worker = cluster.workers()
    words = [
        sys.executable,
        "-m",
        "tests.campaign_tasks",
        str(count),
        path,
        runs,
        cluster.address,
        str(SECONDS),
    ]
    log = open(folder / "client.log", "wb")
    with log, subprocess.Popen(words, cwd=paths.ROOT, stderr=log, env=cluster.env) as client:

        def has(number):
            assert client.poll() is None, (folder / "client.log").read_text()
            return path.exists() and path.read_bytes().count(b"\n") >= number

        until(lambda: has(count // 5), "the first verdicts")
        kill_worker()
        at_worker = verdicts(path)[1]
        until(lambda: has(count // 2), "more verdicts")
        client.kill()
    kept = verdicts(path)[1]
    assert count // 2 <= kept < count
    until(lambda: not cluster.left(), "the end of the tasks' processes")
    say(
        f"a worker was killed after {at_worker} verdicts, the client after {kept}; "
        "no process of their tasks is left"
    )
    found = campaign_tasks.main(count, path, runs, cluster.address, SECONDS)
    assert (found.ran, found.errors) == (count - kept, {})
    both, lines = verdicts(path)
    assert lines == count, f"{lines} lines"
    assert both == serial, "other verdicts than the serial run's"
    assert campaign_tasks.main(count, path, runs, "", SECONDS).ran == 0
    times = ran(runs)
    assert set(times) == set(range(count))
    again = sum(times.values()) - count
    assert again <= cluster.at_once * 2, f"{again} tasks ran again"
    say(
        f"{lines} verdicts, none twice, none lost, equal to the serial run, in "
        f"{time.monotonic() - began:.0f} s; tasks that ran again: {again}"
    )
    cluster.end()
    until(lambda: not processes(cluster.mark), "the end of all processes")
    say("no process is left")


def main(words, cluster=lambda folder, stack: Plain(folder)):
    """The command.

    Parameters
    ----------
    words : list of str
        The number of tasks, or nothing.
    cluster : callable, optional
        Starts a cluster; called with a folder and a `contextlib.ExitStack`, which ends what it needs.
    """
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory(prefix="macrame-kill-") as name, contextlib.ExitStack() as stack:
        stack.callback(signal.signal, signal.SIGTERM, before)
        made = cluster(Path(name), stack)
        stack.callback(made.end)
        check(made, Path(name), int(words[0]) if words else 200)


if __name__ == "__main__":
    main(sys.argv[1:])
