# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Matrices and vectors from .npy, .npz and delimited text. Each error is a one-line message.

Reading never changes a value: a fraction is not rounded and an integer out of range is not wrapped; both are
rejected. (A decimal in a text becomes the nearest float64.) Messages count lines and columns of a text from
1, indices of an array from 0.
"""

import math
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from macrame.errors import InputError, short
from macrame.files import delimited, npy, parse
from macrame.files.contents import contents
from macrame.files.parse import NUMBER

LARGEST = 1 << 30
"""Bytes of a file."""

LARGEST_TEXT = 1 << 28
"""Bytes of a text, whose numbers take several times as much memory."""

TEXTS = (".csv", ".tsv")
SUFFIXES = (".npy", ".npz", *TEXTS)
EXPECTED = "a .npy, .npz, .csv or .tsv file"
EXACT = 2**53  # up to here float64 holds every integer


@dataclass
class Source:
    """A source of numbers, and the user's options for it.

    Attributes
    ----------
    name : str
        Its name for the user; each message starts with it.
    text : str
        A path with one of `SUFFIXES`, or a number where one is allowed.
    header, index : int, optional
        Rows above and columns before the numbers of a delimited text; detected unless given.
    key : str, optional
        Which array of an .npz file; needed if it holds several.
    notes : list of str
        What was skipped in reading it, and what may have been misread; shown to the user at the end.
    """

    name: str
    text: str
    header: int | None = None
    index: int | None = None
    key: str | None = None
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.text = str(self.text)

    @property
    def label(self) -> str:
        """Its name in messages."""
        return f"{self.name}={short(self.text, 200)}"

    @property
    def suffix(self) -> str:
        """The suffix that selects the file format, in lower case."""
        return Path(self.text).suffix.lower()

    @property
    def is_path(self) -> bool:
        """Whether the text is the path of a supported file, not a number."""
        return self.suffix in SUFFIXES


@dataclass
class Numbers:
    """The contents of a source, and the place of each value.

    Attributes
    ----------
    source : Source
    array : ndarray of bool, integers or floats
    bf16 : bool
        `array` is uint16 and contains bits of bfloat16, as saved by ml_dtypes.
    lines : list of int, optional
        Of a text: the line of each row.
    column : int
        Of a text: the column, from 1, of the first column.
    """

    source: Source
    array: np.ndarray
    bf16: bool = False
    lines: list[int] | None = None
    column: int = 1

    def refuse(self, bad: np.ndarray, what: str) -> None:
        """Raise for the first value of a mask, if there is one.

        Parameters
        ----------
        bad : ndarray of bool, the shape of `array`
        what : str
            What was expected.

        Raises
        ------
        macrame.errors.InputError
        """
        if not bad.any():
            return
        index = tuple(int(i) for i in np.argwhere(bad)[0])
        if self.lines:
            where = f"line {self.lines[index[0]]}, column {index[1] + self.column}"
        else:
            where = f"element [{', '.join(map(str, index))}]" if index else "the value"
        raise InputError(f"{self.source.label}: {where} is {self.array[index]}, expected {what}")

    def float64(self) -> "Numbers":
        """The same as float64.

        Raises
        ------
        macrame.errors.InputError
            A value is not representable in float64.
        """
        if self.bf16:
            wide = (self.array.astype(np.uint32) << 16).view(np.float32)
        else:
            wide = self.array
        if wide.dtype.kind in "iu" and wide.dtype.itemsize == 8:
            self.refuse((wide > EXACT) | (wide < -EXACT), "at most 2^53 in magnitude")
        with np.errstate(over="ignore", invalid="ignore"):  # a signalling NaN is invalid
            array = wide.astype(np.float64)
        if wide.dtype.itemsize > 8:
            self.refuse((array != wide) & (wide == wide), "a number that float64 can represent")
        return Numbers(self.source, array, False, self.lines, self.column)


def matrix(source: Source, what: str = "a number", real: bool = True, otherwise: str = "") -> Numbers:
    """A matrix of numbers, of the type the file has.

    Parameters
    ----------
    source : Source
        Its notes are added to.
    what : str
        What each number is expected to be, for messages.
    real : bool
        Any number, not only integers. The type is float64 for a text, else the file's own.
    otherwise : str
        Added after `what` if a number is not an integer.

    Returns
    -------
    Numbers
        Of shape (rows, columns), at least 1 x 1.

    Raises
    ------
    macrame.errors.InputError
        The file cannot be read, is damaged, or contains no matrix of such numbers.
    """
    numbers = _read(source, what, real, otherwise)
    shape = numbers.array.shape
    if len(shape) != 2:
        raise InputError(f"{source.label}: has shape {short(shape)}, expected two dimensions")
    if not numbers.array.size:
        raise InputError(f"{source.label}: is {_times(shape)}, expected at least 1 x 1")
    return numbers


def int8_matrix(source: Source, otherwise: str = "") -> np.ndarray:
    """A matrix of int8.

    Parameters
    ----------
    source : Source
        A file of numbers of any type; its notes are added to.
    otherwise : str
        Added to the expected value if a number is not an int8, as in "; QUANTIZE= does this and that".

    Returns
    -------
    ndarray of int8, shape (rows, columns), at least 1 x 1

    Raises
    ------
    macrame.errors.InputError
        As for :func:`matrix`, or a value is not an int8.
    """
    return _as_integers(matrix(source, _integer(np.int8), False, otherwise), np.int8, otherwise)


def int32s(source: Source, n: int) -> np.ndarray:
    """Integers for the columns of a product.

    Parameters
    ----------
    source : Source
        A number, or a file of one number or n of them; its notes are added to.
    n : int
        Columns.

    Returns
    -------
    ndarray of int32, shape () or (n,)

    Raises
    ------
    macrame.errors.InputError
    """
    if source.is_path:
        numbers = _read(source, _integer(np.int32), False)
        _check_vector(numbers, n)
        return _as_vector(_as_integers(numbers, np.int32))
    limits = np.iinfo(np.int32)
    what = f"an int32, or {EXPECTED}"
    return np.array(parse.integer(source.name, source.text, limits.min, limits.max, what), np.int32)


def reals(source: Source, n: int, what: str = "a finite number", positive: bool = False) -> np.ndarray:
    """Finite numbers for the columns of a product; parameters and errors as for :func:`int32s`.

    Parameters
    ----------
    what : str
        What each number is expected to be, for messages.
    positive : bool
        Above 0.

    Returns
    -------
    ndarray of float64, shape () or (n,)
    """
    if not source.is_path:
        value = float(source.text) if NUMBER.fullmatch(source.text) else math.nan
        if not math.isfinite(value) or (positive and value <= 0):
            raise InputError(f"{source.name}={short(source.text)}: expected {what}, or {EXPECTED}")
        return np.array(value)
    numbers = _read(source, what, True).float64()
    _check_vector(numbers, n)
    numbers.refuse(~np.isfinite(numbers.array) | (positive & (numbers.array <= 0)), what)
    return _as_vector(numbers.array)


def scales(source: Source, n: int) -> np.ndarray:
    """Positive scales for the columns of a product; parameters and errors as for :func:`int32s`.

    Returns
    -------
    ndarray of float64, shape () or (n,)
    """
    return reals(source, n, "a finite number above 0", positive=True)


def _read(source: Source, what: str, real: bool, otherwise: str = "") -> Numbers:
    data = _bytes(source)
    if source.suffix in TEXTS:
        wanted = delimited.Wanted(
            source.label, source.name, what, real, otherwise, source.header, source.index
        )
        table = delimited.read(data, wanted)
        source.notes += table.notes
        return Numbers(source, table.values, False, table.lines, table.column)
    if source.suffix == ".npz":
        array, bf16 = npy.npz(source.label, source.name, data, source.key)
    else:
        array, bf16 = npy.npy(source.label, data)
    if array.dtype.kind not in "biuf":
        expected = "numbers" if real else what
        raise InputError(f"{source.label}: contains {short(array.dtype)} values, expected {expected}")
    return Numbers(source, array.astype(array.dtype.newbyteorder("="), copy=False), bf16)


def _bytes(source: Source) -> bytes:
    """The bytes of a file with one of the `SUFFIXES`."""
    path, label = Path(source.text), source.label
    if not source.is_path:
        suffix = short(path.suffix) or "(none)"
        raise InputError(f"{label}: unknown extension {suffix}, expected {', '.join(SUFFIXES[:-1])} or .tsv")
    most = LARGEST_TEXT if source.suffix in TEXTS else LARGEST
    return contents(label, path, EXPECTED, most)


def _integer(dtype: type) -> str:
    return f"an integer from {np.iinfo(dtype).min} to {np.iinfo(dtype).max}"


def _as_integers(numbers: Numbers, dtype: type, otherwise: str = "") -> np.ndarray:
    """The array as integers of a type, with all values unchanged."""
    limits, what = np.iinfo(dtype), _integer(dtype)
    if numbers.array.dtype.kind == "f" or numbers.bf16:
        numbers = numbers.float64()
        numbers.refuse(~np.isfinite(numbers.array), what)
        numbers.refuse(numbers.array != np.rint(numbers.array), what + otherwise)
    array = numbers.array
    if array.dtype.kind != "b":
        wrong = (array < limits.min) | (array > limits.max)
        if array.dtype.kind in "iu":  # no float64, so nothing can quantise it
            numbers.refuse(wrong & ((array < -EXACT) | (array > EXACT)), what)
        numbers.refuse(wrong, what + otherwise)
    return array.astype(dtype)


def _check_vector(numbers: Numbers, n: int) -> None:
    """Reject all but one value, or n values in one row or column."""
    shape, size = numbers.array.shape, numbers.array.size
    if size != 1 and (size != n or max(shape) != n):
        found = f"has {size} values" if len(shape) == 1 else f"is {short(_times(shape))}"
        raise InputError(
            f"{numbers.source.label}: {found}, expected one value or {n}, one for each column of the product"
        )


def _as_vector(array: np.ndarray) -> np.ndarray:
    return array.reshape(() if array.size == 1 else -1)


def _times(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape)) or "a single value"
