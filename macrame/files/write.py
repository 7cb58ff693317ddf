# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""A result as an .npy or .csv file, and the path of its report."""

import io
import os
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from macrame.errors import InputError, short
from macrame.files.atomic import real_path, unwritable

SUFFIXES = (".npy", ".csv")


def report_path(path: str | os.PathLike[str]) -> Path:
    """Path of the report on a result: next to it, ``path.json``."""
    return Path(f"{path}.json")


def unwritten_report(report: Path, why: str) -> str:
    """What a message says of a report that cannot be written, after the name of its result.

    Parameters
    ----------
    report : pathlib.Path
    why : str
        As `macrame.files.atomic.unwritable` says it.
    """
    joint = ", which" if why.startswith(("is ", "cannot ")) else ":"
    return f"its report would be {short(report, 200)}{joint} {why}"


def check_output(
    name: str, path: str | os.PathLike[str], inputs: Iterable[str | os.PathLike[str]] = ()
) -> None:
    """Check that a result and its report can be written, before computing them for hours.

    Parameters
    ----------
    name : str
        Its name for the user; each message starts with it.
    path : path
        Path of the result.
    inputs : iterable of path
        Files that must not be replaced; they exist.

    Raises
    ------
    macrame.errors.InputError
    """
    path = Path(path)
    report = report_path(path)
    where = f"{name}={short(path, 200)}"
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(
            f"{where}: unknown extension {short(path.suffix) or '(none)'}, expected .npy or .csv"
        )
    inputs = list(inputs)
    wrong = unwritable(path, inputs)
    if wrong:
        raise InputError(f"{where}: {wrong}")
    wrong = unwritable(report, inputs)
    if not wrong and real_path(report) == real_path(path):
        wrong = f"is the same file as {path}"
    if wrong:
        raise InputError(f"{where}: {unwritten_report(report, wrong)}")


def encode(path: str | os.PathLike[str], matrix: np.ndarray) -> bytes:
    """A matrix of integers as a .npy or .csv file.

    Parameters
    ----------
    path : path
        Its extension selects the format.
    matrix : ndarray, two dimensions

    Returns
    -------
    bytes
    """
    if Path(path).suffix.lower() == ".csv":
        return "".join(",".join(map(str, row)) + "\n" for row in matrix.tolist()).encode()
    stream = io.BytesIO()
    np.save(stream, matrix, allow_pickle=False)
    return stream.getvalue()
