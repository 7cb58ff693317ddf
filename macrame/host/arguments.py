# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Argument checks. An invalid argument raises an `InputError` with its name, its value and what was expected.

Values are never converted silently: no float is rounded, no integer wrapped, no text parsed, no mask dropped.
"""

from collections.abc import Collection
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from macrame.errors import InputError, shown

INT32 = np.iinfo(np.int32)
INT8 = np.iinfo(np.int8)

T = TypeVar("T")


def array(name: str, value: ArrayLike, expected: str) -> NDArray[Any]:
    """Return `value` as a plain array.

    Parameters
    ----------
    name : str
    value : array_like
    expected : str
        What the value should be, for the message.

    Returns
    -------
    ndarray

    Raises
    ------
    macrame.errors.InputError
        The value cannot be converted to an array, or it is a masked array.
    """
    if isinstance(value, np.ma.MaskedArray):
        raise InputError(f"{name} is a masked array, expected {expected} without a mask: fill it first")
    try:
        return np.asarray(value)
    except (
        Exception
    ):  # rows of different lengths, too many dimensions, or whatever __array__ of a class raises
        raise InputError(f"{name} is {shown(value)}, expected {expected}") from None


def matrix(name: str, value: ArrayLike, dtype: DTypeLike, words: str) -> NDArray[Any]:
    """Return `value` as a matrix of the given type, at least 1 x 1.

    Parameters
    ----------
    name : str
    value : array_like
    dtype : numpy dtype
    words : str
        Name of the type, for messages.

    Returns
    -------
    ndarray
    """
    found = array(name, value, f"a matrix of {words}")
    if found.ndim != 2 or not found.size:
        raise InputError(f"{name} has shape {found.shape}, expected a matrix of at least 1 x 1")
    if found.dtype != dtype:
        raise InputError(f"{name} has dtype {found.dtype}, expected {words}")
    return found


def _of_kinds(name: str, value: ArrayLike, kinds: str, expected: str, plural: str) -> NDArray[Any]:
    """Return `value` as an array of the given dtype kinds, of any shape."""
    found = array(name, value, expected)
    if found.dtype.kind not in kinds:
        if found.ndim == 0:
            raise InputError(f"{name} is {shown(value)}, expected {expected}")
        raise InputError(f"{name} has dtype {found.dtype}, expected {plural}")
    return found


def _numbers(
    name: str, value: ArrayLike, length: int | None, kinds: str, words: tuple[str, str]
) -> NDArray[Any]:
    """Return `value` as an array of the given dtype kinds: a scalar, or of the given length."""
    expected = words[0] if length is None else f"{words[0]} or {length} of them"
    found = _of_kinds(name, value, kinds, expected, words[1])
    if found.ndim and (length is None or found.shape != (length,)):
        raise InputError(f"{name} has shape {found.shape}, expected {expected}")
    return found


def integers(
    name: str, value: ArrayLike, bounds: np.iinfo[Any], length: int | None = None
) -> NDArray[np.int64]:
    """Return integers within the limits of a type, as int64: a scalar, or `length` of them.

    Parameters
    ----------
    name : str
    value : array_like
    bounds : numpy.iinfo
    length : int, optional
        If omitted, only a scalar is accepted.

    Returns
    -------
    ndarray of int64, shape () or (length,)
    """
    if isinstance(value, int) and not isinstance(value, bool) and not bounds.min <= value <= bounds.max:
        wrong = value  # NumPy has no integers that wide
    else:
        found = _numbers(name, value, length, "iu", ("one integer", "integers"))
        bad = found[(found < bounds.min) | (found > bounds.max)]
        if not bad.size:
            return found.astype(np.int64)
        wrong = int(bad[0])
    raise InputError(f"{name} has {shown(wrong)}, expected {bounds.min} to {bounds.max}")


def reals(name: str, value: ArrayLike, length: int) -> NDArray[np.float64]:
    """Return real numbers as float64: a scalar, or `length` of them; parameters and result as for
    `integers`."""
    return _float64(_numbers(name, value, length, "iuf", ("one number", "numbers")))


def real_array(name: str, value: ArrayLike) -> NDArray[np.float64]:
    """Return real numbers of any shape as float64."""
    return _float64(_of_kinds(name, value, "iuf", "numbers", "numbers"))


def _float64(found: NDArray[Any]) -> NDArray[np.float64]:
    with np.errstate(over="ignore"):  # a long double out of float64's range becomes infinite
        return found.astype(np.float64)


def choice(name: str, value: object, known: Collection[str]) -> str:
    """Return one of the known names, as a str.

    Parameters
    ----------
    name : str
    value : str
    known : collection of str
    """
    if not isinstance(value, str) or value not in known:
        raise InputError(f"{name} is {shown(value)}, expected one of {', '.join(known)}")
    return str(value)


def flag(name: str, value: object) -> bool:
    """Check a bool."""
    if not isinstance(value, (bool, np.bool_)):
        raise InputError(f"{name} is {shown(value)}, expected True or False")
    return bool(value)


def integer(name: str, value: object, expected: str = "an integer") -> int:
    """Check an int of Python or NumPy."""
    if not isinstance(value, (int, np.integer)) or isinstance(value, (bool, np.timedelta64)):
        raise InputError(f"{name} is {shown(value)}, expected {expected}")
    return int(value)


def count(name: str, value: object, most: int | None = None) -> int:
    """Check an int from 1 to `most`."""
    expected = "an integer of 1 or more" if most is None else f"an integer from 1 to {most}"
    number = integer(name, value, expected)
    if number < 1 or (most is not None and number > most):
        raise InputError(f"{name} is {shown(value)}, expected {expected}")
    return number


def function(name: str, value: T) -> T:
    """Check a callable."""
    if not callable(value):
        raise InputError(f"{name} is {shown(value)}, expected a callable")
    return value


def instance(name: str, value: object, kind: type[T]) -> T:
    """Check that an object is an instance of a class, or implements a protocol."""
    if not isinstance(value, kind):
        raise InputError(f"{name} is {shown(value)}, expected a {kind.__name__}")
    return value
