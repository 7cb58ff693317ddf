# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Numbers as users type them into variables."""

import re

from macrame.errors import InputError, short

INTEGER = re.compile(r"\s*[+-]?[0-9]+\s*", re.ASCII)
NUMBER = re.compile(r"\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*", re.ASCII)


def integer(name: str, text: str, low: int, high: int, what: str | None = None) -> int:
    """An integer from a variable: decimal digits, perhaps a sign, perhaps blanks around them.

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
    raise InputError(f"{name}={short(text)}: expected {what or f'an integer from {low} to {high}'}")
