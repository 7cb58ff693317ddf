# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Progress displays.

`Progress` counts steps: a bar on a terminal, a line every few seconds in a log, nothing for short work.
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

#: Seconds before the first output, and between two lines of a log.
QUIET, EVERY = 2.0, 10.0


class Progress:
    """Show the progress of some work.

    Call it with the steps done so far and the total; any thread may call it.

    Parameters
    ----------
    what : str
        Names the work; each line in a log begins with it.
    unit : str
        What is counted, in the plural, such as "result beats simulated".
    total : int, optional
        Number of steps, if known from the start.
    console : rich.console.Console, optional
        Where to show it; standard error by default.
    say : callable, optional
        Called with each line of a log, in place of the console.
    quiet, every : float
        Seconds before the first output, and between two lines of a log.

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
        """Announce a step, unless :meth:`done` or the end follows within `quiet` seconds.

        Parameters
        ----------
        text : str
        """
        self.done()
        self._late = threading.Timer(self.quiet, self._say, [f"{self.what}: {text}"])
        self._late.daemon = True
        self._late.start()

    def done(self) -> None:
        """End the step that :meth:`expect` announced."""
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
        """Remove the bar."""
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
    """Show the current step, one line per step; on a terminal each line replaces the previous one.

    Call it with the name of each step as it begins; any thread may. ``last=True`` keeps the line on a
    terminal.
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
