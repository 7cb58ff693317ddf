# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Matrices from .npy and .csv files. Whatever is wrong with a file is one line that names it.

Reading never changes a value: a float is not rounded, an integer out of range is not wrapped, both are
refused. Messages count as the file's own tools do: lines of the file and columns of a .csv from 1, indices of
an .npy from 0.
"""

import io
import math
import re
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from macrame.errors import InputError, short
from macrame.files import parse
from macrame.files.parse import INTEGER, NUMBER

SUFFIXES = (".npy", ".csv")
_DIMENSIONS = 64  # the most NumPy gives an array

_INTEGERS = re.compile(r"\s*[+-]?[0-9]{1,18}\s*(,\s*[+-]?[0-9]{1,18}\s*)*", re.ASCII)


@dataclass
class _Numbers:
    """What a file holds, and where in it each value stands."""

    name: str
    path: str
    array: np.ndarray
    lines: list = None  # of a .csv: the file's line each row came from

    def refuse(self, bad, what):
        """Raise for the first value of a mask, if there is one."""
        if not bad.any():
            return
        index = tuple(int(i) for i in np.argwhere(bad)[0])
        if self.lines:
            where = f"line {self.lines[index[0]]}, column {index[1] + 1}"
        else:
            where = f"element [{', '.join(map(str, index))}]" if index else "the value"
        raise InputError(f"{self.name}={self.path}: {where} is {self.array[index]}, expected {what}")


def is_path(text):
    """Whether a text is the path of a file to read numbers from, and not a number."""
    return Path(text).suffix.lower() in SUFFIXES


def _open(name, path):
    """The bytes of a file with one of the SUFFIXES."""
    path = Path(path)
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(f"{name}={path}: unknown extension {path.suffix or '(none)'}, expected .npy or .csv")
    try:
        if path.is_dir():
            raise InputError(f"{name}={path}: is a directory, expected a .npy or .csv file")
        if path.exists() and not path.is_file():  # a pipe would be waited for without end
            raise InputError(f"{name}={path}: is not a regular file")
        data = path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"{name}={path}: no such file") from None
    except OSError as error:
        raise InputError(f"{name}={path}: cannot be read: {error.strerror}") from None
    if not data:
        raise InputError(f"{name}={path}: the file is empty")
    return path.suffix.lower(), data


def _npy(name, path, data):
    """An .npy file's array, after every check that needs no look at its values."""
    if data[:6] != b"\x93NUMPY":
        raise InputError(f"{name}={path}: not a .npy file, it starts with {data[:6]!r}")
    stream = io.BytesIO(data)
    try:
        version = np.lib.format.read_magic(stream)
        read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
        with warnings.catch_warnings(action="ignore"):  # about headers as Python 2 wrote them
            shape, fortran, dtype = read[version](stream)
    except KeyError:
        raise InputError(f"{name}={path}: .npy format version {version}, expected 1.0 or 2.0") from None
    except Exception:  # a damaged header raises whatever NumPy's parser meets
        raise InputError(f"{name}={path}: the .npy header is damaged or cut short") from None
    if dtype.hasobject:
        raise InputError(f"{name}={path}: holds pickled Python objects, expected numbers")
    if dtype.subdtype or not dtype.itemsize:
        raise InputError(f"{name}={path}: holds {short(dtype)} values, expected numbers")
    # each of these is an array that NumPy cannot make, whatever data there are
    if (
        len(shape) > _DIMENSIONS
        or any(type(side) is not int or side < 0 for side in shape)
        or math.prod(side or 1 for side in shape) * dtype.itemsize > np.iinfo(np.intp).max
    ):
        raise InputError(f"{name}={path}: the .npy header is damaged, its shape is {_shown(shape)}")
    needed, there = math.prod(shape) * dtype.itemsize, len(data) - stream.tell()
    if needed > there:
        raise InputError(
            f"{name}={path}: cut short, the header promises {needed} bytes of data and {there} are there"
        )
    array = np.frombuffer(data, dtype, math.prod(shape), stream.tell())
    return array.reshape(shape, order="F" if fortran else "C")


def _shown(shape):
    """A shape for a message; an integer of thousands of digits is not even printed."""
    sides = ("huge" if type(side) is int and abs(side) >= 2**64 else str(side) for side in shape)
    return short(f"({', '.join(sides)})")


def _csv(name, path, data, dtype, cell, fast=None):
    """A .csv file's numbers, each cell read by ``cell``, whole lines by ``fast`` where it can."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{name}={path}: not a text file, byte {error.start} is 0x{data[error.start]:02x}"
        ) from None
    rows, lines = [], []
    for number, line in enumerate(re.split("\r\n|\n|\r", text), 1):
        if not line.strip():
            continue
        row = fast(line) if fast else None
        if row is None:
            row = [
                cell(f"{name}={path}: line {number}, column {i}", value)
                for i, value in enumerate(line.split(","), 1)
            ]
        if rows and len(row) != len(rows[0]):
            raise InputError(
                f"{name}={path}: line {number} has {len(row)} columns, expected {len(rows[0])} "
                f"as in the lines before"
            )
        rows.append(row)
        lines.append(number)
    if not rows:
        raise InputError(f"{name}={path}: holds no numbers")
    return _Numbers(name, path, np.array(rows, dtype), lines)


def _integer_cell(what):
    def cell(where, value):
        value = value.strip()
        if INTEGER.fullmatch(value):
            if len(value) < 19:
                return int(value)
            raise InputError(f"{where} is {short(value)}, expected {what}")
        if NUMBER.fullmatch(value):
            raise InputError(f"{where} is {short(value)}, a float, expected {what}")
        raise InputError(f"{where} is {short(value)!r}, expected {what}")

    return cell


def _integers_fast(line):
    return [int(value) for value in line.split(",")] if _INTEGERS.fullmatch(line) else None


def _in_range(numbers, dtype):
    """The array as dtype, every value of it unchanged."""
    limits = np.iinfo(dtype)
    numbers.refuse(
        (numbers.array < limits.min) | (numbers.array > limits.max),
        f"an integer from {limits.min} to {limits.max}",
    )
    return numbers.array.astype(dtype)


def _integers(name, path, dtype):
    """Integers from a file; whether they fit dtype is not checked yet."""
    what = f"an integer from {np.iinfo(dtype).min} to {np.iinfo(dtype).max}"
    suffix, data = _open(name, path)
    if suffix == ".csv":
        return _csv(name, path, data, np.int64, _integer_cell(what), _integers_fast)
    numbers = _Numbers(name, path, array := _npy(name, path, data))
    if array.dtype.kind == "f":
        numbers.refuse(~np.isfinite(array), what)
    if array.dtype.kind not in "iu":
        raise InputError(f"{name}={path}: holds {short(array.dtype)} values, expected {what}")
    return numbers


def _times(shape):
    return " x ".join(map(str, shape)) or "a single value"


def read_int8_matrix(name, path):
    """A matrix of int8.

    Parameters
    ----------
    name : str
        What the user calls it; opens every message.
    path : str or path
        An .npy file of any integer type, or a .csv file of integers, a row to a line.

    Returns
    -------
    ndarray of int8, shape (rows, columns), at least 1 x 1

    Raises
    ------
    macrame.errors.InputError
        The file cannot be read, is damaged, is not a matrix, or has a value that is no int8.
    """
    numbers = _integers(name, path, np.int8)
    array = numbers.array
    if array.ndim != 2:
        raise InputError(f"{name}={path}: has shape {short(array.shape)}, expected two dimensions")
    if not array.size:
        raise InputError(f"{name}={path}: is {_times(array.shape)}, expected at least 1 x 1")
    return _in_range(numbers, np.int8)


def _check_vector(numbers, n):
    """Refuse all but one value, or n in a line, whichever way the line lies."""
    shape, size = numbers.array.shape, numbers.array.size
    if size != 1 and (size != n or max(shape) != n):
        raise InputError(
            f"{numbers.name}={numbers.path}: is {short(_times(shape))}, expected one value "
            f"or {n}, one for each column of the product"
        )


def _as_vector(array):
    return array.reshape(() if array.size == 1 else -1)


def read_int32s(name, text, n):
    """Integers for the columns of a product.

    Parameters
    ----------
    name, text : str
        The user's name for it, and a number or the path of an .npy or .csv file.
    n : int
        Columns.

    Returns
    -------
    ndarray of int32, shape () or (n,)

    Raises
    ------
    macrame.errors.InputError
    """
    if is_path(text):
        numbers = _integers(name, text, np.int32)
        _check_vector(numbers, n)
        return _as_vector(_in_range(numbers, np.int32))
    limits = np.iinfo(np.int32)
    return np.array(
        parse.integer(name, text, limits.min, limits.max, "an int32, or a .npy or .csv file"), np.int32
    )


def read_scales(name, text, n):
    """Positive scales for the columns of a product; parameters and errors as for :func:`read_int32s`.

    Returns
    -------
    ndarray of float64, shape () or (n,)
    """
    what = "a finite number above 0"

    def cell(where, value):
        if not NUMBER.fullmatch(value):
            raise InputError(f"{where} is {short(value.strip())!r}, expected {what}")
        return float(value)

    where = f"{name}={text}"
    if not is_path(text):
        if not NUMBER.fullmatch(text) or not 0 < float(text) < math.inf:
            raise InputError(f"{name}={short(text)}: expected {what}, or a .npy or .csv file")
        return np.array(float(text))
    suffix, data = _open(name, text)
    if suffix == ".csv":
        numbers = _csv(name, text, data, np.float64, cell)
    else:
        array = _npy(name, text, data)
        if array.dtype.kind not in "iuf":
            raise InputError(f"{where}: holds {short(array.dtype)} values, expected numbers")
        with np.errstate(over="ignore"):  # infinity is refused below
            numbers = _Numbers(name, text, array.astype(np.float64))
    _check_vector(numbers, n)
    numbers.refuse(~(np.isfinite(numbers.array) & (numbers.array > 0)), what)
    return _as_vector(numbers.array)
