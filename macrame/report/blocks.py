# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The blocks of a report.

A block holds values, and how to write each of them; the writers lay it out. A report is a sequence of blocks,
in the order in which they were found.

>>> loss = text("loss {:.3f} after {:,} steps", 0.12345, 1000)
>>> str(loss.text)
'loss 0.123 after 1,000 steps'
>>> loss.text.values
(0.12345, 1000)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from string import Formatter
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from macrame.errors import plural

Value: TypeAlias = int | float | str | Decimal | np.generic | NDArray[Any] | None
"""What a phrase or a table holds; an array has no dimensions."""

Kind: TypeAlias = Literal["plain", "answer", "warning", "placeholder", "error"]
"""Of a paragraph: "placeholder" says that the numbers are examples, "error" that the run failed."""

NONE = "-"  # a cell without a value


@dataclass(frozen=True)
class Written:
    """A value of a phrase or a cell, and how it is written."""

    value: Value
    text: str


@dataclass(frozen=True)
class Phrase:
    """Text with values in it.

    Attributes
    ----------
    template : str
        A format string of `str.format` whose fields are all ``{}``, ``{:spec}`` or ``{!r}``.
    values : tuple
        One for each field.

    Raises
    ------
    ValueError
        The fields are of another kind, or not as many as the values.
    """

    template: str
    values: tuple[Value, ...] = ()

    def __post_init__(self) -> None:
        names = [name for _, name, _, _ in Formatter().parse(self.template) if name is not None]
        if any(names) or len(names) != len(self.values):
            raise ValueError(f"{self.template!r}: {len(self.values)} values, expected one for each {{}}")

    def __add__(self, other: Phrase | str) -> Phrase:
        other = phrase_of(other)
        return Phrase(self.template + other.template, self.values + other.values)

    def pieces(self) -> Iterator[str | Written]:
        """The literal parts and the written values, in order."""
        values = iter(self.values)
        for literal, name, spec, conversion in Formatter().parse(self.template):
            if literal:
                yield literal
            if name is not None:
                value = next(values)
                yield Written(value, repr(value) if conversion == "r" else format(value, spec or ""))

    def __str__(self) -> str:
        return "".join(piece if isinstance(piece, str) else piece.text for piece in self.pieces())


Words: TypeAlias = str | Phrase
"""Literal text, or text with values in it."""
Cell: TypeAlias = Value | Phrase
"""Of a table: a value, written as its column says; or a phrase, written as it says itself."""


def phrase(template: str, *values: Value) -> Phrase:
    """Text with values in it, see `Phrase`."""
    return Phrase(template, values)


def counted(count: int, noun: str) -> Phrase:
    """A number of things: "1 step", "2,000 steps"."""
    return Phrase(f"{{:,}} {plural(count, noun)}", (count,))


def phrase_of(words: Words) -> Phrase:
    """Words as a phrase."""
    return words if isinstance(words, Phrase) else Phrase(words.replace("{", "{{").replace("}", "}}"))


@dataclass(frozen=True)
class Heading:
    """A heading: of a whole problem (level 1), or of a part or step (level 2)."""

    text: Words
    level: int = 2


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    text: Phrase
    kind: Kind = "plain"


@dataclass(frozen=True, eq=False)
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
    product : str
        Name of the product in the run's trace that it is the result of, which a page links to; of one
        dimension, it is the first row.
    """

    name: str
    values: ArrayLike
    decimals: int | None = None
    product: str = ""


@dataclass(frozen=True)
class Equation:
    """Matrices and operators side by side."""

    parts: tuple[Matrix | Words, ...]


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes
    ----------
    header : str
    spec : str
        Format specification of its values.
    width : int, optional
        Characters on a terminal, if its rows are written one by one as they come.
    left : bool
        With a width: at its left end.
    gap : int
        With a width: spaces before it, unless it is the first.
    """

    header: str
    spec: str = ""
    width: int | None = None
    left: bool = False
    gap: int = 1

    def written(self, cell: Cell) -> str:
        """A cell as text."""
        if isinstance(cell, Phrase):
            return str(cell)
        if cell is None:
            return NONE
        return cell if isinstance(cell, str) else format(cell, self.spec)


@dataclass(frozen=True)
class Table:
    """A table, or further rows of one.

    Attributes
    ----------
    columns : tuple of Column
    rows : tuple of tuple
        A `Cell` for each column; None is a cell without a value.
    continued : bool
        The rows belong to the last table, which has the same columns.
    """

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    continued: bool = False

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f"a row of {len(row)} cells, expected {len(self.columns)}: {row}")


@dataclass(frozen=True)
class Plot:
    """A figure.

    Attributes
    ----------
    name : str
        Of its files, without extension.
    description : str
        What it shows, for readers who do not see it.
    svg : str
        The figure itself.
    files : tuple of str
        Paths of its files, to be shown.
    """

    name: str
    description: str
    svg: str
    files: tuple[str, ...] = ()


@dataclass(frozen=True)
class Check:
    """Results compared with what was expected.

    Attributes
    ----------
    name : str
        Of the computation.
    count : int
        How many values were compared.
    wrong : int
        How many of them differ; 0: the check passed.
    text : Phrase
        The outcome in words.
    differences : tuple of Phrase
        The first of those that differ.
    """

    name: str
    count: int
    wrong: int
    text: Phrase
    differences: tuple[Phrase, ...] = ()


@dataclass(frozen=True)
class Command:
    """A line to be copied, and what it is for."""

    name: str
    line: str


@dataclass(frozen=True)
class Metadata:
    """Facts about the run by name, such as versions and the seed; a terminal does not show them."""

    entries: Mapping[str, object]


@dataclass(frozen=True)
class Component:
    """An interactive part of a page.

    Attributes
    ----------
    name : str
        Of the component, see `macrame.report.html_writer.Assets`.
    data : object
        What its script gets: dicts, lists, text, numbers and arrays.
    fallback : Phrase
        Shown where the script does not run.
    """

    name: str
    data: object
    fallback: Phrase = field(default_factory=lambda: Phrase(""))


Block: TypeAlias = Heading | Text | Equation | Table | Plot | Check | Command | Metadata | Component


def text(template: str, *values: Value, kind: Kind = "plain") -> Text:
    """A paragraph with values in it, see `Phrase`."""
    return Text(Phrase(template, values), kind)


def answer(template: str, *values: Value) -> Text:
    """A paragraph that answers the problem."""
    return text(template, *values, kind="answer")


def equation(*parts: Matrix | Words) -> Equation:
    """Matrices and operators: ``equation(Matrix("W", w), ".", Matrix("x", x), ...)``."""
    return Equation(parts)


def table(columns: Sequence[str | tuple[str, str]], rows: Iterable[Iterable[Any]]) -> Table:
    """A table.

    Parameters
    ----------
    columns : sequence of str or (str, str)
        Headers, or headers and format specifications.
    rows : iterable of iterable of Cell

    Returns
    -------
    Table
    """
    made = tuple(Column(column) if isinstance(column, str) else Column(*column) for column in columns)
    return Table(made, tuple(tuple(row) for row in rows))


def failed(block: Block) -> bool:
    """Whether a block says that the run failed: an error, or a check with wrong values."""
    return isinstance(block, Check) and block.wrong > 0 or isinstance(block, Text) and block.kind == "error"


def joined(blocks: Iterable[Block]) -> Iterator[Block]:
    """The blocks, with the rows of a continued table in the table itself, where nothing is in between."""
    last: Table | None = None
    for block in blocks:
        if isinstance(block, Table):
            if block.continued and last is not None:
                last = Table(last.columns, last.rows + block.rows)
                continue
            if last is not None:
                yield last
            last = Table(block.columns, block.rows)
            continue
        if last is not None:
            yield last
            last = None
        yield block
    if last is not None:
        yield last
