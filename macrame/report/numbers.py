# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Numbers as text: those of a matrix in one format, and any value for a machine to read."""

import dataclasses
import json
import math
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST = 12  # rows or columns of a matrix shown in full


def formatter(values: NDArray[Any], decimals: int | None = None) -> Callable[[Any], str]:
    """A function that writes any of the values with the same number of decimals.

    Parameters
    ----------
    values : numpy.ndarray
        Numbers (or text, which is left alone).
    decimals : int, optional
        Digits after the point; by default four significant ones for the largest value, without zeros that all
        of them end in. Values too small or too large for that are written with an exponent.

    Returns
    -------
    callable
    """
    if not np.issubdtype(values.dtype, np.floating):
        return str
    finite = values[np.isfinite(values)]
    top = np.abs(finite).max(initial=0.0)
    if top and not (1e-3 if decimals is None else 10.0 ** (1 - decimals)) <= top < 1e6:
        return lambda v: f"{v:.3e}"
    if decimals is None:
        decimals = int(np.clip(3 - np.floor(np.log10(top)), 0, 6)) if top else 1
        while decimals > 1 and all(f"{v:.{decimals}f}".endswith("0") for v in finite):
            decimals -= 1
    zero = f"{0:.{decimals}f}"

    def text(value: float) -> str:
        written = f"{value:.{decimals}f}"
        return zero if written == f"-{zero}" else written

    return text


def shown(values: NDArray[Any]) -> tuple[list[int | None], list[int | None]]:
    """The rows and columns of a matrix to show: of a large one the first and the last, None between them.

    Parameters
    ----------
    values : numpy.ndarray, two dimensions

    Returns
    -------
    rows, columns : list of int or None
    """

    def ends(n: int) -> list[int | None]:
        return [*range(n)] if n <= MOST else [*range(MOST // 2), None, *range(n - MOST // 2 + 1, n)]

    return ends(values.shape[0]), ends(values.shape[1])


def as_matrix(values: Any) -> NDArray[Any]:
    """Two dimensions; one becomes a column."""
    array = np.asarray(values)
    return array.reshape(-1, 1) if array.ndim == 1 else array


def plain(value: object) -> object:
    """A value of dicts, lists, text, numbers and None, as JSON has them.

    Infinities and NaN, which JSON does not have, become the strings "inf", "-inf" and "nan". Arrays become
    lists, dataclasses dicts, decimals floats.

    Parameters
    ----------
    value : object

    Returns
    -------
    object
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return plain(dataclasses.asdict(value))
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, (np.ndarray, np.generic)):
        return plain(value.tolist())
    if isinstance(value, Decimal):
        value = float(value)
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def exact(value: object) -> str:
    """A number in full, for a machine to read: as in JSON, but without quotes around "inf" and "nan".

    Parameters
    ----------
    value : object

    Returns
    -------
    str
    """
    found = plain(value)
    return found if isinstance(found, str) else json.dumps(found)


def to_json(value: object) -> str:
    """JSON text of what `plain` makes of a value.

    Parameters
    ----------
    value : object

    Returns
    -------
    str
    """
    return json.dumps(plain(value), indent=1, allow_nan=False) + "\n"
