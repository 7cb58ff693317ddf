# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""How far some work is: a bar on a terminal, a line now and then in a log, and nothing while it is quick."""

from __future__ import annotations

import sys
import threading
import time
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as Bar

#: Seconds before anything is said, and between two lines of a log.
QUIET, EVERY = 2.0, 10.0


class Progress:
    """Tell a user how far some work is.

    Call it with the steps done so far and the steps in all; it may be called from any thread.

    Parameters
    ----------
    what : str
        Names the work; each line in a log begins with it.
    unit : str
        What a step is, in the plural; it may say what becomes of it.
    console : rich.console.Console, optional
        Where to tell it, by default standard error.

    Examples
    --------
    >>> with Progress("gemm", "result beats simulated") as progress:
    ...     for done in range(1000):
    ...         progress(done, 1000)
    """

    def __init__(self, what: str, unit: str = "", console: Console | None = None) -> None:
        self.what, self.unit = what, unit
        self.began = time.monotonic()
        self._next = self.began + QUIET
        self._console = console
        self._bar: Bar | None = None
        self._lock = threading.Lock()
        self._late: threading.Timer | None = None

    def __call__(self, done: int, total: int | None = None) -> None:
        with self._lock:
            now = time.monotonic()
            if now < self.began + QUIET:
                return
            if self._terminal:
                self._draw(done, total)
            elif now >= self._next:
                self._next = now + EVERY
                left = (now - self.began) * (total - done) / done if done and total else 0
                self._say(
                    f"{self.what}: {done:,}"
                    + (f" of {total:,}" if total else "")
                    + (f" {self.unit}" if self.unit else "")
                    + (f", about {left:.0f} s left" if left else "")
                )

    def expect(self, text: str) -> None:
        """Say what is under way if it is not over soon: at the next call of `done`, or at the end.

        Parameters
        ----------
        text : str
        """
        self.done()
        self._late = threading.Timer(QUIET, self._say, [f"{self.what}: {text}"])
        self._late.daemon = True
        self._late.start()

    def done(self) -> None:
        """What was expected is over."""
        if self._late is not None:
            self._late.cancel()
            self._late = None

    @property
    def _terminal(self) -> bool:
        return sys.stderr.isatty() if self._console is None else self._console.is_terminal

    def _say(self, line: str) -> None:
        if self._console is None:
            print(line, file=sys.stderr, flush=True)
        else:
            self._console.print(line, style="dim", highlight=False, markup=False)

    def _draw(self, done: int, total: int | None) -> None:
        if self._bar is None:
            from rich import progress  # slow to import, and most work is quick
            from rich.console import Console

            columns: list[progress.ProgressColumn] = [progress.TextColumn("{task.description}")]
            columns += [progress.BarColumn(), progress.MofNCompleteColumn()]
            columns += [progress.TextColumn(self.unit), progress.TimeRemainingColumn()]
            self._bar = progress.Progress(
                *columns, console=self._console or Console(stderr=True), transient=True
            )
            self._task = self._bar.add_task(self.what, total=total)
            self._bar.start()
        self._bar.update(self._task, completed=done, total=total)

    def close(self) -> None:
        """Take the bar away."""
        self.done()
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def __enter__(self) -> Self:
        self.began = time.monotonic()
        self._next = self.began + QUIET
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
