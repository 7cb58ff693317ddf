# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Checks of arguments: a wrong one is an `InputError` that names it, its value and what was expected.

Nothing is changed on the way: no float is rounded, no integer wrapped, no text parsed, no mask dropped.
"""

import numpy as np

from macrame.errors import InputError, shown

INT32 = np.iinfo(np.int32)
INT8 = np.iinfo(np.int8)


def array(name, value, expected):
    """`value` as a plain array.

    Parameters
    ----------
    name : str
    value : array_like
    expected : str
        What it should be, for the message.

    Returns
    -------
    ndarray

    Raises
    ------
    macrame.errors.InputError
        It cannot be one, or it is masked.
    """
    if isinstance(value, np.ma.MaskedArray):
        raise InputError(f"{name} is a masked array, expected {expected} without a mask: fill it first")
    try:
        return np.asarray(value)
    except (
        Exception
    ):  # rows of different lengths, too many dimensions, or whatever __array__ of a class raises
        raise InputError(f"{name} is {shown(value)}, expected {expected}") from None


def matrix(name, value, dtype, words):
    """A matrix of one type, of at least 1 x 1.

    Parameters
    ----------
    name : str
    value : array_like
    dtype : numpy dtype
    words : str
        The type, for messages.

    Returns
    -------
    ndarray
    """
    found = array(name, value, f"a matrix of {words}")
    if found.ndim != 2 or not found.size:
        raise InputError(f"{name} has shape {found.shape}, expected a matrix of at least 1 x 1")
    if found.dtype != dtype:
        raise InputError(f"{name} holds {found.dtype} values, expected {words}")
    return found


def _numbers(name, value, length, kinds, words):
    """`value` as an array of some kinds of dtype, a scalar or of the given length."""
    expected = words[0] if length is None else f"{words[0]} or {length} of them"
    found = array(name, value, expected)
    if found.dtype.kind not in kinds:
        if found.ndim == 0:
            raise InputError(f"{name} is {shown(value)}, expected {expected}")
        raise InputError(f"{name} holds {found.dtype} values, expected {words[1]}")
    if found.ndim and (length is None or found.shape != (length,)):
        raise InputError(f"{name} has shape {found.shape}, expected {expected}")
    return found


def integers(name, value, bounds, length=None):
    """Integers within the limits of a type, as int64: a scalar, or as many as `length`.

    Parameters
    ----------
    name : str
    value : array_like
    bounds : numpy.iinfo
    length : int, optional
        Without it only a scalar will do.

    Returns
    -------
    ndarray of int64, shape () or (length,)
    """
    if isinstance(value, int) and not isinstance(value, bool) and not bounds.min <= value <= bounds.max:
        found = value  # NumPy has no integers of so many bits
    else:
        found = _numbers(name, value, length, "iu", ("one integer", "integers"))
        bad = found[(found < bounds.min) | (found > bounds.max)]
        if not bad.size:
            return found.astype(np.int64)
        found = bad[0]
    raise InputError(f"{name} has {shown(int(found))}, expected {bounds.min} to {bounds.max}")


def reals(name, value, length):
    """Real numbers as float64: a scalar, or as many as `length`; parameters and result as for `integers`."""
    found = _numbers(name, value, length, "iuf", ("one number", "numbers"))
    with np.errstate(over="ignore"):  # a long double beyond float64 is infinite
        return found.astype(np.float64)


def choice(name, value, known):
    """One of the names that are known, as a str.

    Parameters
    ----------
    name : str
    value : str
    known : collection of str
    """
    if not isinstance(value, str) or value not in known:
        raise InputError(f"{name} is {shown(value)}, expected one of {', '.join(known)}")
    return str(value)


def flag(name, value):
    """A bool."""
    if not isinstance(value, (bool, np.bool_)):
        raise InputError(f"{name} is {shown(value)}, expected True or False")
    return bool(value)


def count(name, value, most=None):
    """An int of 1 or more, and no more than `most`."""
    fits = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if not fits or value < 1 or (most is not None and value > most):
        expected = "of 1 or more" if most is None else f"from 1 to {most}"
        raise InputError(f"{name} is {shown(value)}, expected an integer {expected}")
    return int(value)


def function(name, value):
    """A callable."""
    if not callable(value):
        raise InputError(f"{name} is {shown(value)}, expected something to call")
    return value


def instance(name, value, kind):
    """An object of a class."""
    if not isinstance(value, kind):
        raise InputError(f"{name} is {shown(value)}, expected a {kind.__name__}")
    return value
