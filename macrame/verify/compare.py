# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Bit-exact comparison of RTL results with the golden model, and the list of mismatches."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray

from macrame.errors import differ
from macrame.report import blocks
from macrame.report.blocks import Phrase, phrase

MOST_SHOWN = 10


class Difference(TypedDict):
    """A number that differs: its position, counted from 0, and both values as integers or text."""

    row: int
    column: int
    expected: int | str
    got: int | str


@dataclass
class Check:
    """One comparison of the RTL with the golden model.

    Attributes
    ----------
    name : str
        Name of the computation.
    values : int
        Number of values compared.
    seconds : float
        Time the simulation took.
    mismatches : list of Difference
        Row, column, expected and got of each number that differs, as integers.
    report : mapping of str to object, optional
        The core's own counters, for a product.
    again : bool
        The numbers are derived from others that have been compared already, and are not counted again.
    """

    name: str
    values: int
    seconds: float
    mismatches: list[Difference] = field(default_factory=list)
    report: Mapping[str, object] | None = None
    again: bool = False


def bits(values: NDArray[np.generic]) -> NDArray[np.unsignedinteger]:
    """The bits of numbers.

    Parameters
    ----------
    values : numpy.ndarray
        Of bfloat16, as uint16, or of float32.

    Returns
    -------
    numpy.ndarray of uint16 or uint32, the same shape
    """
    found: NDArray[np.unsignedinteger] = np.ascontiguousarray(values).view(f"u{values.dtype.itemsize}")
    return found


def mismatches(
    expected: NDArray[np.integer], got: NDArray[np.integer], plain: Callable[[Any], int | str] = int
) -> list[Difference]:
    """List the values that differ.

    Parameters
    ----------
    expected, got : numpy.ndarray of integers
        Two dimensions, of one shape.
    plain : callable
        Converts a value for the list.

    Returns
    -------
    list of Difference
    """
    return [
        {"row": int(i), "column": int(j), "expected": plain(expected[i, j]), "got": plain(got[i, j])}
        for i, j in np.argwhere(expected != got)
    ]


def listed(wrong: Sequence[Difference]) -> tuple[Phrase, ...]:
    """Mismatches in words; at most `MOST_SHOWN` of them, and how many more there are.

    Parameters
    ----------
    wrong : sequence of Difference

    Returns
    -------
    tuple of macrame.report.blocks.Phrase
    """
    lines = [
        phrase("  row {}, column {}: expected {}, got {}", m["row"], m["column"], m["expected"], m["got"])
        for m in wrong[:MOST_SHOWN]
    ]
    more = len(wrong) - MOST_SHOWN
    return (*lines, phrase("  and {:,} more", more)) if more > 0 else tuple(lines)


def compared(
    what: str,
    got: NDArray[np.integer],
    expected: NDArray[np.integer],
    seconds: float = 0.0,
    report: Mapping[str, object] | None = None,
) -> Check:
    """A bit-exact comparison.

    Parameters
    ----------
    what : str
        Names the numbers where they are shown.
    got, expected : numpy.ndarray of integers
        Of one shape; one dimension counts as one row.
    seconds : float
        Time the simulation took.
    report : mapping of str to object, optional
        The core's own counters.

    Returns
    -------
    Check

    Raises
    ------
    AssertionError
        Shapes or types differ.
    """
    got, expected = np.atleast_2d(got), np.atleast_2d(expected)
    if got.shape != expected.shape or got.dtype != expected.dtype:
        raise AssertionError(
            f"{what}: the RTL returned {got.dtype} {got.shape}, the golden model "
            f"{expected.dtype} {expected.shape}"
        )
    return Check(what, got.size, seconds, mismatches(expected, got), report)


def counted(checks: Sequence[Check]) -> int:
    """Number of RTL results compared, each counted once.

    Parameters
    ----------
    checks : sequence of Check

    Returns
    -------
    int
    """
    return sum(check.values for check in checks if not check.again)


def differing(checks: Sequence[Check]) -> int:
    """Number of mismatches.

    Parameters
    ----------
    checks : sequence of Check

    Returns
    -------
    int
    """
    return sum(len(check.mismatches) for check in checks)


def block(check: Check) -> blocks.Check:
    """A comparison as a block of a report.

    Parameters
    ----------
    check : Check

    Returns
    -------
    macrame.report.blocks.Check
    """
    wrong = len(check.mismatches)
    if wrong:
        said = phrase(
            f"MISMATCH in {{}}: {{:,}} of {{:,}} numbers {differ(wrong)} from the golden model",
            check.name,
            wrong,
            check.values,
        )
    else:
        said = phrase("RTL matches the golden model: {}: all {:,} numbers", check.name, check.values)
    return blocks.Check(check.name, check.values, wrong, said, listed(check.mismatches))


def sizes(a: NDArray[Any], w: NDArray[Any]) -> str:
    """The shapes of a product's operands, in words."""
    return f"({a.shape[0]} x {a.shape[1]}) . ({w.shape[0]} x {w.shape[1]})"
