# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The data files of the problems: read TOML, return checked NumPy arrays; each error is one line.

Students may put their own files into a directory (HOMEWORK=dir); missing ones are taken from
the shipped files. Every value is read by key, type, shape and range; an unknown key is rejected, since it is
usually misspelt.
"""

import datetime
import os
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from macrame.errors import InputError, amount

SHIPPED = Path(__file__).resolve().parent

#: Largest and smallest magnitude of a number (or zero): far within float32, so that no ratio overflows.
LARGEST, SMALLEST = 1e15, 1e-15
SIDE = 64

#: The lowest and the highest number.
Limits: TypeAlias = tuple[float, float]


class HomeworkError(InputError):
    """Invalid user input for the problem sheet; the message is the line to print."""

    exit_status = 2


class File:
    """One problem's TOML file.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    keys : sequence of str
        Every key it may have.

    Raises
    ------
    HomeworkError
        It cannot be read, is not TOML, or has a key that is not in `keys`.
    """

    def __init__(self, path: Path, keys: Sequence[str]) -> None:
        self.path = path
        self.table = _parse(path)
        for key in self.table:
            if key not in keys:
                key, value = key if key.isidentifier() else _shown(key), _shown(self.table[key])
                known = ", ".join(sorted(keys))
                raise HomeworkError(f"{path}: {key} = {value}: unknown key; expected {known}")

    def __contains__(self, key: str) -> bool:
        return key in self.table

    def error(self, key: str, expected: str, value: object = None) -> HomeworkError:
        """The error for a key: file, key, value, what was expected.

        Parameters
        ----------
        key : str
            The key, with the indices of the wrong element: ``matrix[0][2]``.
        expected : str
            The expected value.
        value : object, optional
            The wrong value; by default the file's value for `key`.

        Returns
        -------
        HomeworkError
        """
        value = self.table.get(key) if value is None else value
        return HomeworkError(f"{self.path}: {key} = {_shown(value)}: expected {expected}")

    def refused(self, error: Exception | str) -> HomeworkError:
        """The error for values that are valid individually but not together.

        Parameters
        ----------
        error : Exception or str
            Its text names the value and what was expected.

        Returns
        -------
        HomeworkError
        """
        return HomeworkError(f"{self.path}: {' '.join(str(error).split())}")

    def value(self, key: str, expected: str) -> object:
        """The file's value for a key, whose error if it is missing says what was expected."""
        if key not in self.table:
            raise HomeworkError(f"{self.path}: {key}: missing; expected {expected}")
        return self.table[key]

    def text(self, key: str) -> str:
        """A non-empty line of text."""
        return self._text(key, self.value(key, "text"))

    def texts(self, key: str, least: int = 1, most: int = SIDE) -> list[str]:
        """A list of different, non-empty lines of text."""
        expected = f"a list of {least} to {most} different names"
        value = self.value(key, expected)
        if not isinstance(value, list) or not least <= len(value) <= most:
            raise self.error(key, expected)
        names = [self._text(f"{key}[{i}]", v) for i, v in enumerate(value)]
        if len(set(names)) < len(names):
            raise self.error(key, expected)
        return names

    def choice(self, key: str, options: Sequence[str]) -> str:
        """One of several words."""
        expected = "one of " + ", ".join(f'"{o}"' for o in options)
        value = self.value(key, expected)
        if not isinstance(value, str) or value not in options:
            raise self.error(key, expected)
        return value

    def boolean(self, key: str) -> bool:
        """true or false."""
        value = self.value(key, "true or false")
        if not isinstance(value, bool):
            raise self.error(key, "true or false")
        return value

    def integer(self, key: str, low: int, high: int) -> int:
        """A whole number from low to high, both included."""
        expected = f"an integer from {low} to {high}"
        return self._integer(key, self.value(key, expected), low, high, expected)

    def integers(self, key: str, low: int, high: int, least: int = 1, most: int = SIDE) -> list[int]:
        """A list of whole numbers from low to high; a list of ints."""
        expected = f"a list of {least} to {most} integers from {low} to {high}"
        value = self.value(key, expected)
        if not isinstance(value, list) or not least <= len(value) <= most:
            raise self.error(key, expected)
        each = f"an integer from {low} to {high}"
        return [self._integer(f"{key}[{i}]", v, low, high, each) for i, v in enumerate(value)]

    def number(self, key: str, low: float, high: float, above: bool = False) -> float:
        """A real number from low (or above it) to high; a float."""
        expected = f"a number {f'above {low:g} and at most' if above else f'from {low:g} to'} {high:g}"
        value = self.value(key, expected)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self.error(key, expected)
        if not low <= value <= high or (above and value <= low):  # NaN fails this as well
            raise self.error(key, expected)
        return float(value)

    def numbers(self, key: str, least: int = 1, most: int = SIDE) -> list[float]:
        """A list of any numbers, including infinities and NaN; a list of floats."""
        expected = f"a list of {least} to {most} numbers"
        value = self.value(key, expected)
        if not isinstance(value, list) or not least <= len(value) <= most:
            raise self.error(key, expected)
        for i, v in enumerate(value):
            number = isinstance(v, float) or (isinstance(v, int) and abs(v) <= 2**1023)
            if isinstance(v, bool) or not number:
                raise self.error(f"{key}[{i}]", "a number (nan, inf and -inf included)", v)
        return [float(v) for v in value]

    def vector(
        self, key: str, length: int | None = None, most: int = SIDE, limits: Limits | None = None
    ) -> NDArray[np.float64]:
        """A list of finite numbers within limits, `length` or 1 to `most` of them; float64 array."""
        expected = f"a list of {_of(length, most, 'number')}"
        return self._vector(key, self.value(key, expected), length, most, expected, limits)

    def vectors(self, key: str, lengths: Sequence[int]) -> list[NDArray[np.float64]]:
        """Lists of finite numbers of these lengths; the outer list may be omitted for a single one."""
        each = f"a list of {amount(lengths[0], 'number')}"
        expected = each if len(lengths) == 1 else f"{len(lengths)} lists of numbers, of {_listed(lengths)}"
        value = self.value(key, expected)
        if len(lengths) == 1 and not (isinstance(value, list) and value and isinstance(value[0], list)):
            return [self._vector(key, value, lengths[0], SIDE, each)]
        if not isinstance(value, list) or len(value) != len(lengths):
            raise self.error(key, expected)
        return [
            self._vector(f"{key}[{i}]", v, length, SIDE, f"a list of {amount(length, 'number')}")
            for i, (v, length) in enumerate(zip(value, lengths))
        ]

    def matrix(
        self, key: str, rows: int | None = None, cols: int | None = None, most: int = SIDE
    ) -> NDArray[np.float64]:
        """A list of rows of finite numbers; float64 array (rows, cols), free sides at most `most`."""
        value = self.value(key, _matrix_of(rows, cols, most))
        return self._matrix(key, value, rows, cols, most)

    def matrices(
        self, key: str, cols: int, most: int = SIDE, deepest: int = SIDE
    ) -> list[NDArray[np.float64]]:
        """A matrix, or up to `deepest` of them in a list, each as wide as the one before it is high."""
        value = self.value(
            key,
            f"a matrix of rows of {amount(cols, 'number')}, such as [[...], [...]], or a list of matrices",
        )
        if not isinstance(value, list) or not _is_deep(value):
            return [self._matrix(key, value, None, cols, most)]
        if len(value) > deepest:
            raise self.error(key, f"at most {deepest} matrices")
        found: list[NDArray[np.float64]] = []
        for i, one in enumerate(value):
            found.append(self._matrix(f"{key}[{i}]", one, None, len(found[-1]) if found else cols, most))
        return found

    def _vector(
        self,
        key: str,
        value: object,
        length: int | None,
        most: int,
        expected: str,
        limits: Limits | None = None,
    ) -> NDArray[np.float64]:
        if not isinstance(value, list) or not (len(value) == length if length else 1 <= len(value) <= most):
            raise self.error(key, expected, value)
        return np.array([self._finite(f"{key}[{i}]", v, limits) for i, v in enumerate(value)])

    def _matrix(
        self, key: str, value: object, rows: int | None, cols: int | None, most: int
    ) -> NDArray[np.float64]:
        if not isinstance(value, list) or not (len(value) == rows if rows else 1 <= len(value) <= most):
            raise self.error(key, _matrix_of(rows, cols, most), value)
        for i, row in enumerate(value):
            if not isinstance(row, list):
                raise self.error(f"{key}[{i}]", "a row of numbers, such as [...]", row)
            width = cols or len(value[0])
            if len(row) != width or not (cols or 1 <= width <= most):
                length = width if i else cols
                raise self.error(f"{key}[{i}]", f"a row of {_of(length, most, 'number')}", row)
        return np.array(
            [[self._finite(f"{key}[{i}][{j}]", v) for j, v in enumerate(row)] for i, row in enumerate(value)]
        )

    def _text(self, key: str, value: object) -> str:
        if not isinstance(value, str) or not value.strip() or not value.isprintable() or len(value) > 200:
            raise self.error(key, "one line of text", value)
        return value.strip()

    def _integer(self, key: str, value: object, low: int, high: int, expected: str) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise self.error(key, expected, value)
        return value

    def _finite(self, key: str, value: object, limits: Limits | None = None) -> float:
        expected = f"a number, 0 or between {SMALLEST:g} and {LARGEST:g} in magnitude"
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self.error(key, expected, value)
        if limits and not limits[0] <= value <= limits[1]:
            raise self.error(key, f"a number from {limits[0]:g} to {limits[1]:g}", value)
        if value != 0 and not SMALLEST <= abs(value) <= LARGEST:  # NaN fails this as well
            raise self.error(key, expected, value)
        return float(value)


def _of(count: int | None, most: int, noun: str) -> str:
    """A number of things, or a range of them, for a message."""
    return amount(count, noun) if count else f"1 to {most} {noun}s"


def _matrix_of(rows: int | None, cols: int | None, most: int) -> str:
    return f"a matrix of {_of(rows, most, 'row')} of {_of(cols, most, 'number')}, such as [[...], [...]]"


def find(name: str, directory: Path | None = None) -> Path:
    """The path of a problem's data file.

    Parameters
    ----------
    name : str
        File name.
    directory : pathlib.Path, optional
        The student's directory, which is searched first.

    Returns
    -------
    pathlib.Path
    """
    own = directory / name if directory is not None else None
    # a symbolic link whose target is missing is the student's file as well: reading it is an error
    return own if own is not None and os.path.lexists(own) else SHIPPED / name


def check_directory(directory: Path, names: Sequence[str], required: str = "") -> None:
    """Reject a directory that cannot be the intended one.

    Parameters
    ----------
    directory : pathlib.Path
        The student's directory.
    names : sequence of str
        The file names the problem sheet knows.
    required : str, optional
        A file that training reads, which must be there.

    Raises
    ------
    HomeworkError
        It is not a directory, or contains no TOML file, or not the required one, or one with an unknown name.
    """
    try:
        if not directory.exists():
            raise HomeworkError(f"HOMEWORK={directory}: no such directory")
        if not directory.is_dir():
            raise HomeworkError(
                f"HOMEWORK={directory}: not a directory; expected one that contains any of {', '.join(names)}"
            )
        found = sorted(p.name for p in directory.iterdir() if p.suffix.lower() == ".toml")
    except OSError as error:
        raise HomeworkError(f"HOMEWORK={directory}: {error.strerror}") from None
    if required and required not in found:
        raise HomeworkError(f"HOMEWORK={directory}: contains no {required}, which training reads")
    if not found:
        raise HomeworkError(
            f"HOMEWORK={directory}: contains no .toml file; expected any of {', '.join(names)}"
        )
    for name in found:
        if name not in names:
            raise HomeworkError(
                f"{directory / name}: not a file of the problem sheet; expected any of {', '.join(names)}"
            )


def _parse(path: Path) -> dict[str, Any]:
    data = _bytes(path)
    try:
        return tomllib.loads(data.decode("utf-8").removeprefix("\ufeff"))
    except UnicodeDecodeError as error:
        raise HomeworkError(f"{path}: byte {error.start} is not UTF-8; expected a TOML text file") from None
    except RecursionError:
        raise HomeworkError(f"{path}: nested too deeply; expected a TOML file of keys and matrices") from None
    except tomllib.TOMLDecodeError as error:
        said = " ".join(str(error).split())
        raise HomeworkError(f"{path}: not TOML: {said}") from None
    except ValueError:  # of int()
        expected = f"numbers of at most {LARGEST:g} in magnitude"
        raise HomeworkError(f"{path}: has an integer of thousands of digits; expected {expected}") from None


def _bytes(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise HomeworkError(f"{path}: {'not a regular file' if path.exists() else 'no such file'}")
        data = path.read_bytes()
    except OSError as error:
        raise HomeworkError(f"{path}: {error.strerror}") from None
    if len(data) > 1 << 20:
        raise HomeworkError(f"{path}: {len(data)} bytes; expected at most {1 << 20}")
    return data


def _is_deep(value: list[Any]) -> bool:
    """Whether a list begins with a list that begins with a list."""
    return bool(value and isinstance(value[0], list) and value[0] and isinstance(value[0][0], list))


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers[:-1])) + f" and {numbers[-1]}"


def _shown(value: object, most: int = 60) -> str:
    """A value in TOML's notation, on one line, truncated if it is long."""
    try:
        text = _toml(value)
    except ValueError:
        text = "an integer of thousands of digits"
    return text if len(text) <= most else text[: most - 3] + "..."


def _toml(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case list():
            return f"[{', '.join(map(_toml, value))}]"
        case dict():
            return f"{{{', '.join(f'{key} = {_toml(item)}' for key, item in value.items())}}}"
        case datetime.date() | datetime.time():  # a datetime is a date
            return value.isoformat()
    return ascii(value)
