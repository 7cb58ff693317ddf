# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Run a list of tasks, on this machine or on a cluster, and store each verdict as it comes.

What has a verdict in the store does not run again, so a campaign that was killed resumes where it stopped.
Tasks run in the order of their keys, which are random: what a stopped campaign has is a fair sample of the
whole, and the time that is left can be estimated from the time so far.
"""

import contextlib
import datetime
import logging
import queue
import re
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from typing import Any, Protocol

from macrame.campaign import process
from macrame.campaign.store import Record, Store
from macrame.campaign.task import Task
from macrame.errors import InputError, SetupError
from macrame.progress import Progress

#: Seconds to wait for a scheduler, and between two looks at a cluster that answers nothing.
CONNECT, LOOK = 20, 5


class Executor(Protocol):
    """Runs tasks; yields each with its answer, in the order in which they end."""

    def __call__(self, tasks: Sequence[Task]) -> Iterator[tuple[Task, dict[str, Any]]]:
        """Run the tasks."""
        ...


@dataclass(frozen=True)
class Local:
    """Runs tasks on this machine.

    Attributes
    ----------
    jobs : int
        Number of tasks at a time.
    """

    jobs: int

    def __call__(self, tasks: Sequence[Task]) -> Iterator[tuple[Task, dict[str, Any]]]:
        """Run the tasks; whatever ends the iteration ends them too."""
        pool = ThreadPoolExecutor(self.jobs)
        try:
            futures = {pool.submit(_answer, task): task for task in tasks}
            for future in as_completed(futures):
                yield futures[future], future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            process.abandon()
            raise
        finally:
            pool.shutdown()


def _answer(task: Task) -> dict[str, Any]:
    return process.answer(task.payload())


@dataclass(frozen=True)
class Cluster:
    """Hands tasks to a Dask scheduler, whose workers run them.

    Attributes
    ----------
    address : str
        Of the scheduler: ``tcp://host:8786``.
    say : callable
        Called with a line of text when no task can run, so that the user knows.
    """

    address: str
    say: Callable[[str], object] = print

    def __post_init__(self) -> None:
        """InputError for an address that Dask cannot read: its client would try for a minute to close."""
        found = re.fullmatch(r"((tcp|tls|ucx|wss?)://)?[^\s/]+:([0-9]{1,5})", self.address)
        if not found or not 0 < int(found[3]) < 1 << 16:
            raise InputError(f"CLUSTER={self.address}: expected an address such as tcp://host:8786")

    def __call__(self, tasks: Sequence[Task]) -> Iterator[tuple[Task, dict[str, Any]]]:
        """Run the tasks.

        Raises
        ------
        SetupError
            Dask is not installed, no scheduler answers, or the connection is lost.
        """
        try:
            import distributed
        except ModuleNotFoundError as error:
            raise SetupError(
                f"the Python package {error.name} is not installed: "
                ".venv/bin/python -m pip install -r requirements-cluster.txt"
            ) from None
        for name in ("distributed", "tornado"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        lost = SetupError(
            f"CLUSTER={self.address}: connection lost; restart the scheduler, then the campaign"
        )
        try:
            client = distributed.Client(self.address, timeout=f"{CONNECT}s", set_as_default=False)
        except (OSError, ValueError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise SetupError(
                f"CLUSTER={self.address}: no scheduler answers ({reason}), expected an address such as "
                "tcp://host:8786"
            ) from None
        try:
            ended: queue.SimpleQueue[Any] = queue.SimpleQueue()
            futures = {}
            for task in tasks:
                future = client.submit(process.answer, task.payload(), key=f"macrame-{task.key}", pure=False)
                futures[future.key] = (future, task)
                future.add_done_callback(ended.put)
            quiet = False
            while futures:
                try:
                    future = ended.get(timeout=LOOK)
                except queue.Empty:
                    if client.status != "running":
                        raise lost from None
                    if not quiet and not client.scheduler_info()["workers"]:
                        quiet = True
                        self.say(f"no worker is connected to {self.address}: waiting for one")
                    continue
                quiet = False
                _, task = futures.pop(future.key)
                if future.status == "cancelled":
                    raise lost
                if future.status == "finished":
                    yield task, future.result()
                else:
                    yield task, {"error": f"{type(future.exception()).__name__}: {future.exception()}"}
        except (OSError, distributed.CancelledError):
            raise lost from None
        finally:
            with contextlib.suppress(Exception):
                client.close(timeout=5)


@dataclass
class Results:
    """What a campaign has found so far.

    Attributes
    ----------
    records : dict of str to dict
        The verdicts, by task's name.
    errors : dict of str to str
        Why a task has no verdict.
    ran : int
        How many verdicts are new.
    seconds : float
        What the new ones took on the wall clock.
    """

    records: dict[str, Record] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    ran: int = 0
    seconds: float = 0.0


def run(
    what: str,
    tasks: Sequence[Task],
    store: Store,
    executor: Executor,
    *,
    say: Callable[[str], object] | None = None,
    common: Record | None = None,
) -> Results:
    """Run all tasks that have no verdict.

    Parameters
    ----------
    what : str
        Names the campaign in its progress display.
    tasks : sequence of Task
    store : Store
        Open.
    executor : Local or Cluster
    say : callable, optional
        Called with each line of progress; they go to standard error by default.
    common : dict, optional
        Stored with each verdict.

    Returns
    -------
    Results

    Raises
    ------
    InputError
        Two tasks have the same name or key.
    """
    names: dict[str, Task] = {}
    keys: dict[str, Task] = {}
    for task in tasks:
        for known, value in ((names, task.name), (keys, task.key)):
            if value in known:
                raise InputError(f"{task.name}: the same as {known[value].name}, expected different tasks")
            known[value] = task
    found = Results()
    for task in tasks:
        if task.key in store.records:
            found.records[task.name] = store.records[task.key]
    new = sorted((task for task in tasks if task.key not in store.records), key=lambda task: task.key)
    began = time.monotonic()
    if not new:
        return found
    with Progress(what, f"new verdicts, {len(found.records):,} stored before", len(new), say=say) as progress:
        for done, (task, answer) in enumerate(executor(new), 1):
            if "error" in answer:
                found.errors[task.name] = "\n".join(filter(None, (answer["error"], answer.get("log", ""))))
            else:
                now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
                record = {**(common or {}), "task": task.name, "group": task.group, "date": now}
                record |= {**task.facts, **answer}
                store.append(record)
                found.records[task.name] = record
                found.ran += 1
            progress(done, len(new))
    found.seconds = time.monotonic() - began
    return found
