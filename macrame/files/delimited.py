# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Matrices from delimited text, as NumPy, pandas, R, spreadsheets and people write it.

A header and an index column are skipped if there is no other interpretation; if there is one, an error names
the option that decides.

Header
    A first row of names only, texts that do not begin like a number; or one that counts 0, 1, 2 ... or
    1, 2, 3 ... after a corner that is empty or says "index", "Unnamed: 0" or "#".
Index column
    Below such a corner, a column that counts like this; or a first column of names in every row.
Empty columns
    At the end, empty in every row and without a name: rows that end with a delimiter.
Decimals
    After a point; or after a comma, if commas do not delimit and no number has a point. Between tabs or
    semicolons 1,000 and 1.000 may be a thousand, and are read only if another number shows that they are not.

``True`` and ``False`` are 1 and 0. Rows, delimiters and comments are those of `macrame.files.rows`.
"""

import itertools
import math
import re
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from macrame.environment import typed
from macrame.errors import InputError, amount, shown
from macrame.files.parse import INTEGER, NUMBER
from macrame.files.rows import Row, Rows, split

CORNERS = ("", "index", "unnamed: 0", "#")
WORDS = {"true": 1, "false": 0}
#: Markers of a missing or invalid number.
MISSING = ("", "na", "n/a", "nan", "nat", "null", "none", "inf", "-inf", "infinity", "-infinity")

_NOT_FINITE = re.compile(r"nan|[+-]?inf(inity)?", re.IGNORECASE)
_LIKE_A_NUMBER = re.compile(r"[+-]?[.,]?\d")
_GROUPED = re.compile(r"[+-]?[1-9][0-9]{0,2}([.,][0-9]{3})+")
_NOTED = 3  # numbers that count from 0 before a note says that they may be a header or an index


@dataclass
class Table:
    """The contents of a text.

    Attributes
    ----------
    values : ndarray of int64 or float64, shape (rows, columns)
    lines : list of int
        The line of the text, from 1, that contains each row.
    column : int
        The text's column, from 1, of the first column of `values`.
    notes : list of str
        What was skipped, and what may have been misread.
    """

    values: np.ndarray
    lines: list[int]
    column: int
    notes: list[str]


@dataclass(frozen=True)
class Wanted:
    """The expected contents of a text.

    Attributes
    ----------
    label : str
        Name of the text for the user; each message starts with it.
    name : str
        Its name in HEADER= and INDEX=.
    what : str
        What each number is expected to be, for messages.
    real : bool
        Any number, not only integers. A decimal becomes the nearest float64; infinities and NaN are accepted.
    otherwise : str
        Added after `what` if a number is not an integer.
    header, index : int, optional
        Rows above and columns before the numbers; detected unless given.
    """

    label: str
    name: str
    what: str
    real: bool = False
    otherwise: str = ""
    header: int | None = None
    index: int | None = None


def read(data: bytes, wanted: Wanted) -> Table:
    """The numbers of a text.

    Parameters
    ----------
    data : bytes
        See `macrame.files.rows.split`.
    wanted : Wanted

    Returns
    -------
    Table

    Raises
    ------
    macrame.errors.InputError
        It contains no matrix, or there is more than one way to read it.
    """
    found = split(wanted.label, data, wanted.header)
    reader = _Reader(wanted, found)
    top = list(itertools.islice(found.rows, 1 + (wanted.header or 0)))
    if not top:
        raise InputError(f"{wanted.label}: contains no numbers")
    reader.heads = int(reader.is_header(top[0])) if wanted.header is None else wanted.header
    top += itertools.islice(found.rows, reader.heads + 1 - len(top))
    if len(top) <= reader.heads:
        raise InputError(f"{wanted.label}: contains no numbers below {amount(reader.heads, 'header row')}")
    reader.find_columns(top[reader.heads - 1] if reader.heads else None, top[reader.heads])
    lines: list[int] = []
    values: list[list[int] | list[float]] = []
    for line, cells in itertools.chain(top[reader.heads :], found.rows):
        values.append(reader.convert(line, cells, len(values)))
        lines.append(line)
    reader.finish(len(lines))
    array = np.array(values, np.float64 if wanted.real else np.int64)
    return Table(array, lines, reader.skip + 1, reader.notes(array, lines[0]))


def is_name(cell: str) -> bool:
    """Whether a cell can only be the name of a row or a column."""
    return (
        any(c.isalpha() for c in cell)
        and not _LIKE_A_NUMBER.match(cell)
        and not cell.startswith("#")  # as a spreadsheet's #N/A
        and cell.lower() not in (*MISSING, *WORDS)
    )


def _empty_at_the_end(cells: list[str]) -> int:
    return len(list(itertools.takewhile(lambda cell: not cell.strip(), reversed(cells))))


def _counts(cells: list[str]) -> bool:
    return bool(cells) and any(cells == [str(first + i) for i in range(len(cells))] for first in (0, 1))


class _Reader:
    """Conversion of the rows of one text to numbers: their columns, and what the rows have shown so far."""

    def __init__(self, wanted: Wanted, found: Rows) -> None:
        self.wanted, self.delimiter, self.comments = wanted, found.delimiter, found.comments
        self.heads = 0  # rows of header
        self.first: Row = (0, [])  # of numbers
        self.width = self.stop = self.skip = 0  # cells in a row; numbers are those from skip to stop
        self.named = False  # an index column of names was found
        self.counted: int | None = None  # or one that counts, from this number
        self.sure = True  # that it is one, were there no other row
        self.mark: tuple[str, str] | None = None  # before decimals, and the place of the first one
        self.grouped: str | None = None  # the place of a number that may be a thousand
        self.proven = False  # that there is no such number
        self.fast: type[float] | type[int] | None = float if wanted.real else int
        # int() and float() read 1_0 and digits of every script
        self.plain = found.text.isascii() and "_" not in found.text
        if found.delimiter != "," and "," in found.text and "." in found.text:
            self.fast = None  # both marks must be looked at

    # --- where the numbers are ------------------------------------------------------------------------------

    def is_header(self, row: Row) -> bool:
        """Whether the first row is a header; an error if that is ambiguous."""
        line, cells = row
        cells = [cell.strip() for cell in cells[: len(cells) - _empty_at_the_end(cells)]]
        if all(map(self._is_number, cells)):
            return False
        index = self.wanted.index
        skip = max(index or 0, int(len(cells) > 1))
        corner, body = cells[:skip], cells[skip:]
        special = bool(corner) and corner[-1].lower() in CORNERS
        if body and all(map(is_name, body)):
            return bool(index) or special or all(map(is_name, corner))
        if not _counts(body):
            return False
        if special or not all(map(is_name, corner)):
            return special
        raise InputError(
            f"{self.wanted.label}: line {line} may be a header or numbers after a name, expected "
            f"HEADER={self.wanted.name}:1 to skip it or HEADER={self.wanted.name}:0 to read it"
        )

    def find_columns(self, names: Row | None, first: Row) -> None:
        """Find the numbers in the rows, from the last header row and the first row below it."""
        self.first = first
        cells = [cell.strip() for cell in first[1]]
        self.width, empty = len(cells), _empty_at_the_end(cells) % len(cells)
        short = False  # the header has one name fewer than there are columns, as R writes it
        if names:
            unnamed = _empty_at_the_end(names[1])
            less = self.width - empty - (len(names[1]) - unnamed)
            if len(names[1]) == self.width:
                empty = min(empty, unnamed)
            elif less and self.wanted.header is not None:
                names = None  # skipped unconditionally
            elif less == 1 and not unnamed:
                short = True
            elif less:
                raise InputError(
                    f"{self.wanted.label}: line {first[0]} has {amount(self.width, 'column')}, expected "
                    f"{len(names[1])} as in the header in line {names[0]}"
                    + self._hint(first[0], self.heads + 1)
                )
        self.stop = self.width - empty
        corner = names is not None and not short and names[1][0].strip().lower() in CORNERS
        if self.wanted.index is not None:
            self.skip = self.wanted.index
            if self.skip >= self.stop:
                raise InputError(
                    f"{self.wanted.label}: line {first[0]} has {amount(self.stop, 'column')}, expected more "
                    f"than the {self.skip} that INDEX skips"
                )
        elif self.stop > 1 and is_name(cells[0]):
            self.named, self.sure = True, corner or short
        elif self.stop > 1 and corner and cells[0] in ("0", "1"):
            self.counted = int(cells[0])
        elif self.stop > 1 and (corner or short):
            raise self._no_index(first[0], cells[0])
        if self.named or self.counted is not None:
            self.skip = 1

    def _no_index(self, line: int, cell: str) -> InputError:
        return InputError(
            f"{self.wanted.label}: line {line}, column 1 is {shown(cell, 40)}, which may be part of an "
            f"index, expected INDEX={self.wanted.name}:1 to skip it or INDEX={self.wanted.name}:0 to read it"
        )

    def _check_label(self, line: int, cell: str, before: int) -> None:
        """Check a row's cell in the detected index column."""
        if self.named and not is_name(cell):
            raise self._refused(
                line, 0, shown(cell, 40), "a name as in the lines before" + self._hint(line, column=True)
            )
        if self.counted is not None and cell != str(self.counted + before):
            raise self._no_index(line, cell)

    # --- what they are --------------------------------------------------------------------------------------

    def convert(self, line: int, cells: list[str], before: int) -> list[int] | list[float]:
        """The numbers of a row, given the number of rows before it."""
        if len(cells) != self.width:
            hint = self._hint(self.first[0], self.heads + 1) if before == 1 else ""
            raise InputError(
                f"{self.wanted.label}: line {line} has {amount(len(cells), 'column')}, expected "
                f"{self.width} as in the lines before{hint}"
            )
        for i in range(self.stop, self.width):
            if cells[i].strip():
                raise self._refused(line, i, cells[i].strip(), "an empty cell as in the lines before")
        self._check_label(line, cells[0].strip(), before)
        numbers = cells[self.skip : self.stop]
        found = self._convert_fast(line, numbers)
        if found is None:
            found = [self._number(line, i, cell.strip()) for i, cell in enumerate(numbers, self.skip)]
        return found

    def _convert_fast(self, line: int, cells: list[str]) -> list[int] | list[float] | None:
        """The row converted by int() or float(); None if that may differ from the text."""
        if not self.fast or not (self.plain or (text := "".join(cells)).isascii() and "_" not in text):
            return None
        try:
            found = [self.fast(cell) for cell in cells]
        except ValueError:
            return None
        if not self.wanted.real:
            return found if -(2**63) < min(found) and max(found) < 2**63 else None
        if not self.proven and self.delimiter in ";\t":
            for i, cell in enumerate(cells, self.skip):
                self._look_at_decimals(line, i, cell.strip())
        return found if all(map(math.isfinite, found)) else None

    def _with_point(self, cell: str) -> str:
        return cell if self.delimiter == "," or "." in cell else cell.replace(",", ".")

    def _is_number(self, cell: str) -> bool:
        if NUMBER.fullmatch(self._with_point(cell)) or cell.lower() in WORDS:
            return True
        return self.wanted.real and bool(_NOT_FINITE.fullmatch(cell))

    def _number(self, line: int, column: int, cell: str) -> int | float:
        """One cell's number; `column` counts from 0."""
        wanted = self.wanted
        if cell.lower() in WORDS:
            return WORDS[cell.lower()]
        text = self._with_point(cell)
        if not NUMBER.fullmatch(text):
            if wanted.real and _NOT_FINITE.fullmatch(cell):
                return float(cell)
            hint = ""
            if any(c.isalpha() for c in cell) and cell.lower() not in MISSING:
                heads = self.heads + 1 if line == self.first[0] else 0
                hint = self._hint(line, heads, column == 0)
            raise self._refused(line, column, shown(cell, 40), wanted.what + hint)
        self._look_at_decimals(line, column, cell)
        value = float(text)
        if wanted.real:
            if math.isinf(value):
                raise self._refused(line, column, cell, wanted.what)
            return value
        if INTEGER.fullmatch(text):
            if len(text) < 19:
                return int(text)
        elif abs(value) < 2**53:
            # not value.is_integer(): 1.00000000000000000001 is none
            if value.is_integer() and Decimal(text) == int(value):
                return int(value)
            raise self._refused(line, column, cell, wanted.what + wanted.otherwise)
        raise self._refused(line, column, cell, wanted.what)

    def _look_at_decimals(self, line: int, column: int, cell: str) -> None:
        """Record what a number shows about points and commas."""
        mark = "," if "," in cell else "." if "." in cell else None
        if mark is None or self.delimiter == ",":
            return
        place = f"line {line}, column {column + 1} is {shown(cell, 42)[1:-1]}"
        if self.mark is None:
            self.mark = mark, place
        elif self.mark[0] != mark:
            raise InputError(
                f"{self.wanted.label}: {self.mark[1]} and {place}, expected the same decimal "
                "separator, a point or a comma, in all numbers"
            )
        if self.delimiter in ";\t":
            if not _GROUPED.fullmatch(cell):
                self.proven = True
            elif self.grouped is None:
                self.grouped = place

    # --- what to say about it -------------------------------------------------------------------------------

    def _refused(self, line: int, column: int, cell: str, expected: str) -> InputError:
        if len(cell) > 40:
            cell = f"{cell[:37]}..."
        return InputError(
            f"{self.wanted.label}: line {line}, column {column + 1} is {cell}, expected {expected}"
        )

    def _hint(self, line: int, heads: int = 0, column: bool = False) -> str:
        """The options that would skip a cell, unless the user has given them."""
        wanted, hint = self.wanted, ""
        if heads and wanted.header is None:
            hint += f"; if line {line} is a header: {typed('HEADER', f'{wanted.name}:{heads}')}"
        if column and wanted.index is None:
            hint += f"; if column 1 is an index: {typed('INDEX', f'{wanted.name}:1')}"
        return hint

    def finish(self, rows: int) -> None:
        """Check what can only be known at the end of the text."""
        line, cells = self.first
        if self.named and rows == 1 and not self.sure:
            hint = self._hint(line, self.heads + 1, True)
            raise self._refused(line, 0, shown(cells[0].strip(), 40), self.wanted.what + hint)
        if self.grouped and not self.proven:
            raise InputError(
                f"{self.wanted.label}: {self.grouped}, with decimals or a thousands separator; expected "
                "commas between columns and a point before decimals"
            )

    def notes(self, values: np.ndarray, line: int) -> list[str]:
        """What was skipped, and what may have been misread."""
        notes, wanted = [], self.wanted
        skipped = [
            amount(count, what)
            for count, what in (
                (self.heads, "header row"),
                (self.skip, "index column"),
                (self.width - self.stop, "empty last column"),
                (self.comments, "comment"),
            )
            if count
        ]
        if skipped:
            notes.append(f"skipped {', '.join(skipped[:-1])}{' and ' * (len(skipped) > 1)}{skipped[-1]}")
        if self.mark and self.mark[0] == ",":
            notes.append("read decimal commas")
        rows, cols = values.shape
        if wanted.header is None and not self.heads and rows > 1 and cols >= _NOTED:
            if np.array_equal(values[0], np.arange(cols)):
                notes.append(f"read line {line}, which counts 0 to {cols - 1}{self._hint(line, 1)}")
        if wanted.index is None and not self.skip and cols > 1 and rows >= _NOTED:
            if np.array_equal(values[:, 0], np.arange(rows)):
                notes.append(f"read column 1, which counts 0 to {rows - 1}{self._hint(line, column=True)}")
        return notes
