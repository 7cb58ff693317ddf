# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Blocks on a terminal or in a log, each written as it comes.

`Terminal` lays out worked answers: headings, paragraphs of at most 110 columns, matrices side by side.
`Plain` writes the short report of one run, a line for each block. `Markdown` writes tables for a document.
"""

import sys
import textwrap
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from macrame.progress import Progress
from macrame.report.blocks import (
    NONE,
    Block,
    Check,
    Command,
    Equation,
    Heading,
    Kind,
    Matrix,
    Plot,
    Table,
    Text,
    Words,
)
from macrame.report.numbers import as_matrix, formatter, shown

if TYPE_CHECKING:
    from rich.console import Console

WIDTH = 110  # of a log, and at most of a terminal
INDENT = 2
WORTH_A_LINE = 0.5  # steps that take longer are reported with their time
BETWEEN_LINES = 5  # seconds between two progress lines in a log
STYLES: dict[Kind, str] = {
    "plain": "",
    "answer": "green",
    "warning": "yellow",
    "placeholder": "italic yellow",
    "error": "bold red",
}


class Terminal:
    """Writer of worked answers.

    Parameters
    ----------
    console : rich.console.Console, optional
        Where to write; by default standard output.
    """

    def __init__(self, console: "Console | None" = None) -> None:
        from rich.console import Console

        self.console = console or Console(
            width=None if sys.stdout.isatty() else WIDTH, highlight=False, soft_wrap=False
        )
        self.width = min(self.console.width, WIDTH)
        self.ascii = self.console.options.ascii_only

    def write(self, block: Block) -> None:
        """Write a block; metadata and interactive components are not shown."""
        match block:
            case Heading():
                self._heading(block)
            case Text():
                self._paragraph(str(block.text), STYLES[block.kind])
            case Equation():
                self._equation(block)
            case Table():
                self._table(block)
            case Plot():
                for path in block.files:
                    self._paragraph(f"plot: {path}")
            case Check():
                self._paragraph(str(block.text), "bold red" if block.wrong else "green")
                for difference in block.differences:
                    self._paragraph(str(difference), "bold red")
            case Command():
                self._line(f"{block.name:<6}  {block.line}")

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
        with self.bar(what, total) as tick:
            yield tick
        self.took(what, time.monotonic() - began)

    @contextmanager
    def bar(self, what: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
        """As `progress`, without the line at the end."""

        def say(line: str) -> None:
            self._paragraph(line, "dim")

        with Progress(
            what, total=total, console=self.console, say=say, quiet=0, every=BETWEEN_LINES
        ) as progress:
            yield lambda done: progress(done, total)

    def took(self, what: str, seconds: float) -> None:
        """Say how long a step took, if it is worth a line."""
        if seconds >= WORTH_A_LINE:
            self._paragraph(f"{what}: {seconds:.1f} s", "dim")

    def _heading(self, block: Heading) -> None:
        from rich.text import Text as Line

        title = Line(str(block.text), style="bold")
        self.console.print()
        if block.level == 1:
            self.console.rule(title, align="left", characters="=" if self.ascii else "\u2550")
        else:
            self.console.print(title)

    def _paragraph(self, line: str, style: str = "") -> None:
        for row in textwrap.wrap(line, self.width - INDENT):
            self._line(row, style)

    def _line(self, line: str, style: str = "") -> None:
        from rich.text import Text as Line

        text = Line(f"{' ' * INDENT}{line}".rstrip(), style=style)
        self.console.print(text, no_wrap=True, crop=False, overflow="ignore")

    def _table(self, block: Table) -> None:
        """Columns of numbers to the right, all others to the left."""
        self.console.print()
        for i, line in enumerate(aligned(block)):
            self._line(line, "" if i else "bold")

    def _equation(self, block: Equation) -> None:
        for band in _bands([self._block(part) for part in block.parts], self.width - INDENT):
            self.console.print()
            for line in band:
                self._line(line)

    def _block(self, part: Matrix | Words) -> list[str]:
        """Lines of equal length for one part; the first is the name."""
        if not isinstance(part, Matrix):
            return [str(part)]
        columns = list(zip(*_cells(part))) or [()]
        widths = [max(len(c) for c in column) for column in columns]
        rows = [" ".join(c.rjust(w) for c, w in zip(row, widths)) for row in _cells(part)]
        rows = [f"{left} {row} {right}" for row, (left, right) in zip(rows, self._brackets(len(rows)))]
        width = max(len(part.name), len(rows[0]))
        return [part.name.center(width)] + [row.center(width) for row in rows]

    def _brackets(self, height: int) -> list[tuple[str, str]]:
        if self.ascii or height == 1:
            return [("[", "]")] * height
        return [("\u23a1", "\u23a4")] + [("\u23a2", "\u23a5")] * (height - 2) + [("\u23a3", "\u23a6")]


class Silent:
    """Writer of a report that the terminal does not show."""

    def write(self, block: Block) -> None:
        """Ignore a block."""


class Plain:
    """Writer of a run's short report, without wrapping.

    Headings start at the left edge, everything else is indented by two spaces. What explains a failure goes
    to the error output: errors, differences, commands.

    Parameters
    ----------
    out, err : file, optional
        By default standard output and standard error.
    """

    def __init__(self, out: TextIO | None = None, err: TextIO | None = None) -> None:
        self._out, self._err = out, err

    def write(self, block: Block) -> None:
        """Write a block; metadata and interactive components are not shown."""
        match block:
            case Heading():
                self._print(str(block.text))
            case Text(kind="error"):
                self._print(str(block.text), error=True)
            case Text():
                self._print(f"  {block.text}")
            case Equation():
                raise TypeError("an equation needs the writer Terminal")
            case Table():
                for line in aligned(block):
                    self._print(f"  {line}")
            case Plot():
                for path in block.files:
                    self._print(f"  plot: {path}")
            case Check():
                self._print(f"  {block.text}")
                for difference in block.differences:
                    self._print(str(difference), error=True)
            case Command():
                self._print(f"  {block.name:<6}  {block.line}", error=True)

    def _print(self, line: str, error: bool = False) -> None:
        # the streams are looked up for each line, since they may be replaced
        file = (self._err or sys.stderr) if error else (self._out or sys.stdout)
        print(line, file=file, flush=True)


class Markdown(Plain):
    """Writer of tables for a document, with an empty line between two blocks.

    Parameters
    ----------
    out, err : file, optional
        By default standard output and standard error.
    """

    def __init__(self, out: TextIO | None = None, err: TextIO | None = None) -> None:
        super().__init__(out, err)
        self._gap = ""

    def write(self, block: Block) -> None:
        """Write a block; metadata and interactive components are not shown."""
        match block:
            case Heading() | Text(kind="plain"):
                lines = [str(block.text)]
            case Table():
                lines = [_row(column.header for column in block.columns), "|" + "---|" * len(block.columns)]
                for row in block.rows:
                    lines.append(_row(column.written(cell) for column, cell in zip(block.columns, row)))
            case _:
                super().write(block)
                return
        self._print(self._gap + "\n".join(lines))
        self._gap = "\n"


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def aligned(table: Table) -> list[str]:
    """The lines of a table, the first its headers: columns of numbers to the right, all others to the left.

    Parameters
    ----------
    table : macrame.report.blocks.Table
        If its columns have widths, a continued table has no line of headers.

    Returns
    -------
    list of str
    """
    cells = [[column.written(cell) for column, cell in zip(table.columns, row)] for row in table.rows]
    if any(column.width is not None for column in table.columns):
        headers = [] if table.continued else [[column.header for column in table.columns]]
        return [
            "".join(
                " " * (column.gap if i else 0)
                + (text.ljust(column.width or 0) if column.left else text.rjust(column.width or 0))
                for i, (column, text) in enumerate(zip(table.columns, row))
            ).rstrip()
            for row in headers + cells
        ]
    columns = []
    for i, column in enumerate(table.columns):
        texts = [row[i] for row in cells]
        width = max(len(text) for text in [column.header, *texts])
        align = str.rjust if all(_is_number(text) for text in texts if text != NONE) else str.ljust
        columns.append([align(text, width) for text in [column.header, *texts]])
    return ["  ".join(row) for row in zip(*columns)]


def _cells(matrix: Matrix) -> list[list[str]]:
    """The values as text, without the middle of a large matrix."""
    values = as_matrix(matrix.values)
    text = formatter(values, matrix.decimals)
    rows, columns = shown(values)
    return [["..." if i is None or j is None else text(values[i, j]) for j in columns] for i in rows]


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
