# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Parts of the problem sheet in several processes, their reports written in order.

A part is a generator of blocks. Each process solves groups of parts one after another, and sends what it
finds: the blocks, the progress of the work in between, the result. Those of the first unfinished part are
shown at once, the others when it is their turn, so that the output does not depend on which part is solved
first.
"""

import contextlib
import multiprocessing
import multiprocessing.connection
import pickle
import queue
import signal
import time
import traceback
import warnings
from collections import deque
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import ForkProcess
from typing import Any, Generic, Protocol, TypeVar

from macrame.homework.problem import Blocks
from macrame.report.blocks import Block
from macrame.report.report import Display, LiveReport

Key = TypeVar("Key", bound=Hashable)
Result = TypeVar("Result")
Result_co = TypeVar("Result_co", covariant=True)
Key_contra = TypeVar("Key_contra", contravariant=True)

TICK = 0.1  # seconds between two messages about progress
LEAVE = 5.0  # seconds that a process has to close its simulators, before it is killed

#: Blocked in a process except while it solves. A forked process inherits handlers; one that raises an
#: exception outside `_work` would make it continue as a second copy of its parent.
INTERRUPTS = (signal.SIGINT, signal.SIGTERM)


class Solver(Protocol[Key_contra, Result_co]):
    """What solves a group of parts, in a process of its own."""

    def solve(self, key: Key_contra, display: Display) -> Result_co:
        """Solve a part, and show its blocks."""

    def close(self, display: Display) -> None:
        """Release what the parts used."""


class Stopped(Exception):
    """An error of another process.

    Parameters
    ----------
    text : str
    exit_status : int
    """

    def __init__(self, text: str, exit_status: int) -> None:
        super().__init__(text, exit_status)  # what pickle calls it with again
        self.text, self.exit_status = text, exit_status

    def __str__(self) -> str:
        return self.text


def shown(blocks: Blocks[Result], write: Callable[[Block], object]) -> Result:
    """Write blocks as they come.

    Parameters
    ----------
    blocks : generator of Block
    write : callable

    Returns
    -------
    object
        What the generator returns.
    """
    while True:
        try:
            block = next(blocks)
        except StopIteration as done:
            return done.value
        write(block)


# --- in a process of its own --------------------------------------------------------------------------------


@dataclass
class _Remote:
    """The display of a part: it sends everything to the first process."""

    connection: Connection
    key: Hashable

    def send(self, kind: str, *values: object) -> None:
        self.connection.send((self.key, kind, *values))

    def write(self, block: Block) -> None:
        self.send("block", block)

    @contextlib.contextmanager
    def progress(self, what: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
        began = last = time.monotonic()
        self.send("begin", what, total)

        def tick(done: int) -> None:
            nonlocal last
            now = time.monotonic()
            if now >= last + TICK:
                last = now
                self.send("tick", done)

        yield tick
        self.send("end", time.monotonic() - began)


def _work(
    connection: Connection, others: Sequence[Connection], solver: Callable[[], Solver[Any, Any]]
) -> None:
    """Solve the groups that come, until there are no more."""
    for other in others:  # inherited: while they are open here, no process notices that the first one ended
        other.close()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # of `Parallel.close`: simulators are closed
    with contextlib.suppress(KeyboardInterrupt, EOFError, BrokenPipeError):  # the first process left
        while (group := connection.recv()) is not None:
            working, key = solver(), None
            try:
                signal.pthread_sigmask(signal.SIG_UNBLOCK, INTERRUPTS)
                for key in group:
                    connection.send((key, "solved", working.solve(key, _Remote(connection, key))))
            except Exception as error:
                if isinstance(error, BrokenPipeError):
                    raise
                connection.send((key, "failed", _portable(error)))
            finally:
                signal.pthread_sigmask(signal.SIG_BLOCK, INTERRUPTS)
                working.close(_Remote(connection, None))
            connection.send((None, "free"))


def _portable(error: Exception) -> Exception:
    """The error, or one that says the same, if it cannot be sent to another process."""
    status = getattr(error, "exit_status", None)
    with contextlib.suppress(Exception):
        same = pickle.loads(pickle.dumps(error))
        if str(same) == str(error) and getattr(same, "exit_status", None) == status:
            if status is not None or isinstance(error, (OSError, ModuleNotFoundError)):
                return error
    if status is None:
        return RuntimeError("".join(traceback.format_exception(error)))
    return Stopped(str(error), status)


# --- in the first process -----------------------------------------------------------------------------------


def _start(process: ForkProcess) -> None:
    """Start a process with INTERRUPTS blocked."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, INTERRUPTS)
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class Parallel(Generic[Key, Result]):
    """Solve parts in several processes.

    Parameters
    ----------
    solver : callable
        Called in each process; returns what solves a group.
    groups : sequence of sequence of key
        Each for one process, in the order in which they start.
    processes : int
        At most so many at a time.

    Examples
    --------
    With a solver and a report::

        with Parallel(solver, [[1, 2], [3]], 2) as parallel:
            results = [parallel.show(key, report) for key in (1, 2, 3)]
    """

    def __init__(
        self, solver: Callable[[], Solver[Key, Result]], groups: Sequence[Sequence[Key]], processes: int
    ) -> None:
        self._groups = deque(groups)
        self._waiting: dict[Key | None, queue.SimpleQueue[tuple[Any, ...]]] = {
            key: queue.SimpleQueue() for key in [None, *(key for group in groups for key in group)]
        }
        self._workers: dict[Connection, ForkProcess] = {}
        # forked: the processes start with all modules loaded and the input read
        context = multiprocessing.get_context("fork")
        try:
            for _ in range(min(processes, len(groups))):
                mine, its = context.Pipe()
                ends = [*self._workers, mine]
                process = context.Process(target=_work, args=(its, ends, solver), daemon=True)
                with warnings.catch_warnings():  # NumPy's idle threads are no danger
                    warnings.simplefilter("ignore", DeprecationWarning)
                    _start(process)
                its.close()
                self._workers[mine] = process
                mine.send(self._groups.popleft())
        except BaseException:
            self.close()
            raise

    def show(self, key: Key, report: LiveReport) -> Result:
        """Show a part's blocks and progress as they come, and return its result.

        Parameters
        ----------
        key : hashable
        report : macrame.report.report.LiveReport

        Returns
        -------
        object

        Raises
        ------
        Exception
            That of the process.
        """
        with contextlib.ExitStack() as bars:
            what = ""
            tick: Callable[[int], None] = _ignore
            while True:
                kind, *values = self._next(key)
                if kind == "block":
                    report.write(values[0])
                elif kind == "begin":
                    what, total = values
                    tick = bars.enter_context(report.screen.bar(what, total))
                elif kind == "tick":
                    tick(values[0])
                elif kind == "end":
                    bars.close()
                    tick = _ignore
                    report.screen.took(what, values[0])
                elif kind == "failed":
                    raise values[0]
                else:
                    return values[0]

    def rest(self, report: LiveReport) -> None:
        """Wait until all processes have closed what they used; show what they say about it."""
        while self._workers:
            self._take()
        waiting = self._waiting[None]
        while not waiting.empty():
            kind, *values = waiting.get()
            if kind == "block":
                report.write(values[0])

    def _next(self, key: Key) -> tuple[Any, ...]:
        """The next message about a part."""
        while self._waiting[key].empty():
            self._take()
        return self._waiting[key].get()

    def _take(self) -> None:
        """Wait for messages, and sort them by part."""
        for connection in multiprocessing.connection.wait(list(self._workers)):
            assert isinstance(connection, Connection)
            try:
                key, *message = connection.recv()
            except EOFError:
                process = self._workers.pop(connection)
                process.join()
                raise Stopped(f"a process ended with status {process.exitcode}", 1) from None
            if message != ["free"]:
                self._waiting[key].put(tuple(message))
            elif self._groups:
                connection.send(self._groups.popleft())
            else:
                connection.send(None)
                self._workers.pop(connection).join()
                connection.close()

    def close(self) -> None:
        """End the processes, and with them their simulators."""
        workers, self._workers = self._workers, {}
        for connection, process in workers.items():
            process.terminate()  # as Ctrl-C
            connection.close()
        for process in workers.values():
            process.join(LEAVE)
            if process.is_alive():
                process.kill()
                process.join()

    def __enter__(self) -> "Parallel[Key, Result]":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def _ignore(done: int) -> None:
    """Progress of work that is over."""
