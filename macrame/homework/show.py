# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The layout of answers: matrices side by side, tables, progress on a terminal, plain lines in a log."""

import sys
import textwrap
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from rich.console import Console
from rich.text import Text

from macrame.progress import Progress

WIDTH = 110  # of a log, and at most of a terminal
MOST = 12  # rows or columns of a matrix shown in full
INDENT = 2
WORTH_A_LINE = 0.5  # steps that take longer are reported with their time
BETWEEN_LINES = 5  # seconds between two progress lines in a log


@dataclass(frozen=True)
class Matrix:
    """A named matrix in an equation.

    Attributes
    ----------
    name : str
        Written above it.
    values : array_like
        Two dimensions, or one, which is shown as a column; numbers or text.
    decimals : int, optional
        Digits after the point; by default about four significant ones for the largest value.
    """

    name: str
    values: ArrayLike
    decimals: int | None = None


class Show:
    """Printer of answers.

    Parameters
    ----------
    console : rich.console.Console, optional
        Where to print; by default standard output.
    """

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(
            width=None if sys.stdout.isatty() else WIDTH, highlight=False, soft_wrap=False
        )
        self.width = min(self.console.width, WIDTH)
        self.ascii = self.console.options.ascii_only

    def problem(self, number: int, title: str) -> None:
        """Heading of a problem."""
        self.console.print()
        self.console.rule(
            Text(f"Problem {number}: {title}", style="bold"),
            align="left",
            characters="=" if self.ascii else "\u2550",
        )

    def part(self, title: str) -> None:
        """Heading of a part or step."""
        self.console.print()
        self.console.print(Text(title, style="bold"))

    def text(self, line: str, style: str = "") -> None:
        """A paragraph, wrapped."""
        for row in textwrap.wrap(line, self.width - INDENT):
            self._line(row, style)

    def placeholder(self, what: str) -> None:
        """Say that the figures are placeholders, not those of the sheet."""
        self.text(f"Placeholder: {what}", style="italic yellow")

    def good(self, line: str) -> None:
        """A check that passed."""
        self.text(line, style="green")

    def bad(self, line: str) -> None:
        """A check that failed."""
        self.text(line, style="bold red")

    def command(self, name: str, line: str) -> None:
        """A line for copying, never wrapped."""
        self._line(f"{name:<6}  {line}")

    def table(self, headers: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """A table; text columns to the left, all others to the right."""
        cells = [[str(cell) for cell in row] for row in rows]
        self.console.print()
        aligned = []
        for i, header in enumerate(headers):
            column = [row[i] for row in cells]
            width = max(len(cell) for cell in [header, *column])
            align = str.rjust if all(_is_number(cell) for cell in column if cell != "-") else str.ljust
            aligned.append([align(cell, width) for cell in [header, *column]])
        for i, row in enumerate(zip(*aligned)):
            self._line("  ".join(row), "" if i else "bold")

    def equation(self, *parts: Matrix | str) -> None:
        """Matrices and operators side by side: ``equation(Matrix("W", w), ".", Matrix("x", x), ...)``."""
        for band in _bands([self._block(part) for part in parts], self.width - INDENT):
            self.console.print()
            for line in band:
                self._line(line)

    @contextmanager
    def progress(self, what: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
        """A live bar on a terminal; elsewhere a plain line at intervals, and one at the end.

        Parameters
        ----------
        what : str
            Name of the work.
        total : int, optional
            Number of steps; without it only the time is shown.

        Yields
        ------
        callable
            Called with the number of steps done so far.
        """
        began = time.monotonic()

        def say(line: str) -> None:
            self.text(line, style="dim")

        with Progress(
            what, total=total, console=self.console, say=say, quiet=0, every=BETWEEN_LINES
        ) as progress:
            yield lambda done: progress(done, total)
        seconds = time.monotonic() - began
        if seconds >= WORTH_A_LINE:
            self.text(f"{what}: {seconds:.1f} s", style="dim")

    def _line(self, line: str, style: str = "") -> None:
        text = Text(f"{' ' * INDENT}{line}".rstrip(), style=style)
        self.console.print(text, no_wrap=True, crop=False, overflow="ignore")

    def _block(self, part: Matrix | str) -> list[str]:
        """Lines of equal length for one part; the first is the name."""
        if isinstance(part, str):
            return [part]
        cells = _cells(part)
        columns = list(zip(*cells)) or [()]
        widths = [max(len(c) for c in column) for column in columns]
        rows = [" ".join(c.rjust(w) for c, w in zip(row, widths)) for row in cells]
        rows = [f"{left} {row} {right}" for row, (left, right) in zip(rows, self._brackets(len(rows)))]
        width = max(len(part.name), len(rows[0]))
        return [part.name.center(width)] + [row.center(width) for row in rows]

    def _brackets(self, height: int) -> list[tuple[str, str]]:
        if self.ascii or height == 1:
            return [("[", "]")] * height
        return [("\u23a1", "\u23a4")] + [("\u23a2", "\u23a5")] * (height - 2) + [("\u23a3", "\u23a6")]


def _cells(matrix: Matrix) -> list[list[str]]:
    """The values as text, without the middle of a large matrix."""
    values = np.asarray(matrix.values)
    values = values.reshape(-1, 1) if values.ndim == 1 else values
    keep = [
        list(range(n)) if n <= MOST else [*range(MOST // 2), None, *range(n - MOST // 2 + 1, n)]
        for n in values.shape
    ]
    text = formatter(values, matrix.decimals)
    return [["..." if i is None or j is None else text(values[i, j]) for j in keep[1]] for i in keep[0]]


def formatter(values: NDArray[Any], decimals: int | None = None) -> Callable[[Any], str]:
    """A function that writes any of the values with the same number of decimals.

    Parameters
    ----------
    values : numpy.ndarray
        Numbers (or text, which is left alone).
    decimals : int, optional
        Digits after the point; by default four significant ones for the largest value, without zeros that all
        of them end in. Values too small or too large for that are written with an exponent.

    Returns
    -------
    callable
    """
    if not np.issubdtype(values.dtype, np.floating):
        return str
    finite = values[np.isfinite(values)]
    top = np.abs(finite).max(initial=0.0)
    if top and not (1e-3 if decimals is None else 10.0 ** (1 - decimals)) <= top < 1e6:
        return lambda v: f"{v:.3e}"
    if decimals is None:
        decimals = int(np.clip(3 - np.floor(np.log10(top)), 0, 6)) if top else 1
        while decimals > 1 and all(f"{v:.{decimals}f}".endswith("0") for v in finite):
            decimals -= 1
    zero = f"{0:.{decimals}f}"

    def text(value: float) -> str:
        written = f"{value:.{decimals}f}"
        return zero if written == f"-{zero}" else written

    return text


def _bands(blocks: Iterable[list[str]], width: int) -> list[list[str]]:
    """Join blocks line by line; break before an operator if the line would be too long."""
    bands: list[list[list[str]]] = []
    current: list[list[str]] = []
    for block in blocks:
        long = sum(len(b[0]) + 2 for b in current) + len(block[0]) > width
        if current and long:
            head = [current.pop()] if len(current[-1]) == 1 and len(current) > 1 else []
            bands.append(current)
            current = head
        current.append(block)
    bands.append(current)
    return [_join(band) for band in bands]


def _join(blocks: Sequence[list[str]]) -> list[str]:
    height = max(len(b) for b in blocks)
    lines = [""] * height
    for block in blocks:
        if len(block) == 1:  # an operator, next to the middle row
            middle = 1 + (height - 2) // 2 if height > 1 else 0
            column = ["".ljust(len(block[0]))] * height
            column[middle] = block[0]
        else:
            above = (height - len(block)) // 2
            column = [" " * len(block[0])] * height
            column[above : above + len(block)] = block
        lines = [f"{line}{cell}  " for line, cell in zip(lines, column)]
    return lines


def _is_number(cell: str) -> bool:
    return cell[:1] in "0123456789-+." and any(c.isdigit() for c in cell) and " " not in cell
