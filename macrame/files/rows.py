# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Rows of cells from delimited text: encoding, comments, delimiter, quotes.

The delimiter is determined by a fixed rule, not guessed: csv.Sniffer counts characters, may choose a blank or
a digit, and one more row can change the result. Here it is taken from the second line (or the only one),
outside of quoted cells: a tab, else a semicolon, else a comma, else blanks. Excel's ``sep=;`` in the first
line has precedence.

Blank lines are ignored. Text after a ``#`` at the beginning of a line or after a number is a comment,
unless the ``#`` is in a quoted cell, before a delimiter (the corner of a header) or in a spreadsheet's #N/A.
"""

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from macrame.errors import InputError, short

Row = tuple[int, list[str]]
"""The line a row begins in, from 1, and its cells."""

DELIMITERS = ("\t", ";", ",")

_ERRORS = re.compile(r"#(N/A|DIV/0!|VALUE!|REF!|NAME\?|NUM!|NULL!|SPILL!|CALC!)")  # a spreadsheet's
_OUTSIDE_QUOTES = re.compile(r'(?:[^"#]|"[^"]*")*+')
_NUMBERS = re.compile(r'(?:[\s,;"]|[+-]?[0-9.][0-9.eE+-]*+)*+')


@dataclass
class Rows:
    """The rows of a text.

    Attributes
    ----------
    rows : iterator of Row
        Cells as in the text. It raises `InputError` for a line without cells.
    delimiter : str
        A blank stands for one or more of them.
    text : str
        The complete text.
    comments : int
        Number of comments.
    """

    rows: Iterator[Row]
    delimiter: str
    text: str
    comments: int


def split(label: str, data: bytes, header: int | None = None) -> Rows:
    """The rows of a text.

    Parameters
    ----------
    label : str
        Name of the text for the user; each message starts with it.
    data : bytes
        UTF-8, or UTF-16 with a byte order mark; lines end with LF, CR LF or CR.
    header : int, optional
        Lines to ignore when looking for the delimiter.

    Returns
    -------
    Rows

    Raises
    ------
    macrame.errors.InputError
    """
    text = _decode(label, data)
    lines, comments = _without_comments(text)
    delimiter, lines = _delimiter(lines, 1 if header is None else header)
    return Rows(_rows(label, lines, delimiter), delimiter, text, comments)


def _decode(label: str, data: bytes) -> str:
    wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")  # PowerShell's > and Excel's "Unicode text"
    expected = "UTF-16" if wide else "UTF-8"
    try:
        return data.decode(expected).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        why = f"byte {error.start} is 0x{data[error.start]:02x}"
        if error.reason in ("truncated data", "unexpected end of data"):
            why = "it ends within a character"
        raise InputError(f"{label}: not a text file, {why}, expected {expected}") from None


def _without_comments(text: str) -> tuple[list[tuple[int, str]], int]:
    """Lines that are not blank, with their numbers and without comments; and the number of comments."""
    numbered = enumerate(re.split("\r\n|\n|\r", text), 1)
    lines = [(number, line) for number, line in numbered if line and not line.isspace()]
    if "#" not in text:
        return lines, 0
    kept, comments = [], 0
    for number, line in lines:
        found = _OUTSIDE_QUOTES.match(line)
        before = found.group() if found else ""
        if _is_comment(before, line[len(before) :]):
            comments += 1
            line = before
        if line.strip():
            kept.append((number, line))
    return kept, comments


def _is_comment(before: str, rest: str) -> bool:
    """Whether the rest of a line, from a # on, is a comment."""
    if not rest.startswith("#") or _ERRORS.match(rest) or not _NUMBERS.fullmatch(before):
        return False
    return before.rstrip(" ")[-1] not in DELIMITERS if before.strip() else rest[1:2] not in DELIMITERS


def _delimiter(lines: list[tuple[int, str]], at: int) -> tuple[str, list[tuple[int, str]]]:
    """The delimiter, and the lines without Excel's directive."""
    if lines and (found := re.fullmatch(r'\s*"?sep=([,;\t|])"?\s*', lines[0][1])):
        return found[1], lines[1:]
    if not lines:
        return ",", lines
    line = re.sub(r'"[^"]*"', '""', lines[min(at, len(lines) - 1)][1]).strip()
    for delimiter in DELIMITERS:
        if delimiter in line:
            return delimiter, lines
    return " " if re.search(r"\s", line) else ",", lines


def _rows(label: str, lines: Iterable[tuple[int, str]], delimiter: str) -> Iterator[Row]:
    """Cells of each row, as in the text."""
    begun = 0

    def feed() -> Iterator[str]:
        nonlocal begun
        for number, line in lines:
            begun = begun or number
            yield line.strip() if delimiter == " " else line

    rows = csv.reader(feed(), delimiter=delimiter, skipinitialspace=True, strict=True)
    while True:
        begun = 0
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            why = "a quotation mark is not closed" if "unexpected end" in str(error) else short(error, 60)
            raise InputError(f"{label}: line {begun} cannot be split into cells: {why}") from None
        yield begun, row
