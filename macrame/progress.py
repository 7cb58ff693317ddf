# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""How far some work is.

`Progress` counts steps: a bar on a terminal, a line now and then in a log, nothing while the work is quick.
`Steps` names them, for work whose steps take seconds to minutes each.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
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
    total : int, optional
        Steps there are, if that is known from the start.
    console : rich.console.Console, optional
        Where to tell it, by default standard error.
    say : callable, optional
        Takes a line of a log instead of the console.
    quiet, every : float
        Seconds before anything is said, and between two lines of a log.

    Examples
    --------
    >>> with Progress("gemm", "result beats simulated") as progress:
    ...     for done in range(1000):
    ...         progress(done, 1000)
    """

    def __init__(
        self,
        what: str,
        unit: str = "",
        total: int | None = None,
        *,
        console: Console | None = None,
        say: Callable[[str], object] | None = None,
        quiet: float = QUIET,
        every: float = EVERY,
    ) -> None:
        self.what, self.unit, self.quiet, self.every = what, unit, quiet, every
        self._console, self._say = console, say or self._print
        self.total = total
        self.began = time.monotonic()
        self._next = self.began + (quiet or every)
        self._bar: Bar | None = None
        self._lock = threading.Lock()
        self._late: threading.Timer | None = None

    def __call__(self, done: int, total: int | None = None) -> None:
        with self._lock:
            now = time.monotonic()
            if now < self.began + self.quiet:
                return
            if self._terminal:
                self._draw(done, total)
            elif now >= self._next:
                self._next = now + self.every
                left = (now - self.began) * (total - done) / done if done and total else 0
                self._say(
                    f"{self.what}: {done:,}"
                    + (f" of {total:,}" if total else "")
                    + (f" {self.unit}" if self.unit else "")
                    + (f", about {left:.0f} s left" if left else "")
                )

    def expect(self, text: str) -> None:
        """Say what has begun, unless :meth:`done` or the end comes soon.

        Parameters
        ----------
        text : str
        """
        self.done()
        self._late = threading.Timer(self.quiet, self._say, [f"{self.what}: {text}"])
        self._late.daemon = True
        self._late.start()

    def done(self) -> None:
        """What :meth:`expect` announced is over."""
        if self._late is not None:
            self._late.cancel()
            self._late = None

    @property
    def _terminal(self) -> bool:
        return sys.stderr.isatty() if self._console is None else self._console.is_terminal

    def _print(self, line: str) -> None:
        if self._console is None:
            print(line, file=sys.stderr, flush=True)
        else:
            self._console.print(line, style="dim", highlight=False, markup=False)

    def _draw(self, done: int, total: int | None) -> None:
        if self._bar is None:
            from rich import progress  # slow to import, and most work is quick
            from rich.console import Console

            columns: list[progress.ProgressColumn] = [progress.SpinnerColumn()]
            columns += [progress.TextColumn("{task.description}")]
            if total:
                columns += [progress.BarColumn(), progress.MofNCompleteColumn()]
                columns += [progress.TextColumn(self.unit), progress.TimeRemainingColumn()]
            columns += [progress.TimeElapsedColumn()]
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
        if not self.quiet and self._terminal:
            self._draw(0, self.total)
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


class Steps:
    """Tell a user what is under way, one line a step; on a terminal each replaces the one before.

    Call it with the name of a step that begins, from any thread. ``last=True`` keeps the line on a terminal.
    """

    def __init__(self) -> None:
        self.began, self.terminal = time.monotonic(), sys.stderr.isatty()
        self.lock = threading.Lock()

    def __call__(self, text: str, last: bool = False) -> None:
        line = f"[{time.monotonic() - self.began:5.0f} s] {text}"
        with self.lock:
            if self.terminal:
                print(f"\r\x1b[K{line[:110]}", end="\n" if last else "", file=sys.stderr, flush=True)
            else:
                print(line, file=sys.stderr, flush=True)

    def end(self) -> None:
        """End the line that the last call left open, on a terminal."""
        if self.terminal:
            print(file=sys.stderr)
