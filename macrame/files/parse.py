# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Numbers as users type them into variables."""

import re
from collections.abc import Sequence

from macrame.errors import InputError, short

INTEGER = re.compile(r"\s*[+-]?[0-9]+\s*", re.ASCII)
NUMBER = re.compile(r"\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*", re.ASCII)


def limits(low: int, high: int) -> str:
    """What is expected of an integer, for a message: "an integer from 1 to 32", "0 or 1", or "1"."""
    if high - low > 1:
        return f"an integer from {low} to {high}"
    return f"{low} or {high}" if low < high else str(low)


def integer(name: str, text: str, low: int, high: int, what: str | None = None) -> int:
    """An integer from a variable: decimal digits, optionally with a sign and blanks around them.

    Parameters
    ----------
    name, text : str
        The variable and its value.
    low, high : int
        Limits, both allowed; of at most 18 digits.
    what : str, optional
        What is expected, for the message; "an integer from low to high" by default.

    Returns
    -------
    int

    Raises
    ------
    macrame.errors.InputError
    """
    if INTEGER.fullmatch(text) and len(text) < 20 and low <= int(text) <= high:
        return int(text)
    raise InputError(f"{name}={short(text)}: expected {what or limits(low, high)}")


def by_file(name: str, text: str, files: Sequence[str]) -> dict[str, str]:
    """The values of an option for several files: one value for all, or FILE:value for some.

    Parameters
    ----------
    name, text : str
        The variable and its value, as "1" or "A:1,W:0". A value may hold any character, and so colons and
        commas too: a comma begins another file only where one of `files` and a colon follow.
    files : sequence of str
        Names of files, capitals.

    Returns
    -------
    dict of str to str
        By file; a value for all has the key "".

    Raises
    ------
    macrame.errors.InputError
        A file is named twice.
    """
    named = "|".join(map(re.escape, files))
    if not re.match(rf"({named}):", text):
        return {"": text}
    found: dict[str, str] = {}
    for part in re.split(rf",(?=(?:{named}):)", text):
        file, _, value = part.partition(":")
        if file in found:
            raise InputError(f"{name}={short(text)}: {file} is named twice, expected once")
        found[file] = value
    return found
