# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Golden model of ``rtl/arith/rounding.v``: whether a truncated number is incremented."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

FLOOR, AWAY, UP, EVEN = range(4)


def rounding_plain(rule: int, negative: bool, lsb: bool, guard: bool, sticky: bool) -> bool:
    """Rounding decision from the dropped part, in quarters: 0, 1 (below half), 2 (half), 3 (above).

    Parameters
    ----------
    rule : int
        FLOOR, AWAY (ties away from zero), UP (ties up), EVEN (ties to even).
    negative, lsb : bool
        Sign of the number, and the last bit kept.
    guard, sticky : bool
        First bit dropped, and whether any bit below it was set.

    Returns
    -------
    bool
        True to add one unit in the last place to the number truncated toward minus infinity.
    """
    quarters = 2 * guard + sticky
    if rule == FLOOR or quarters < 2:
        return False
    if quarters > 2:
        return True
    return {AWAY: not negative, UP: True, EVEN: bool(lsb)}[rule]


def rounding(
    rule: ArrayLike, negative: ArrayLike, lsb: ArrayLike, guard: ArrayLike, sticky: ArrayLike
) -> NDArray[np.bool_]:
    """`rounding_plain` on arrays of 0 and 1, as bit logic.

    Returns
    -------
    ndarray of bool
    """
    negative, lsb, guard, sticky = (np.asarray(a, bool) for a in (negative, lsb, guard, sticky))
    rules = [np.equal(rule, AWAY), np.equal(rule, UP), np.equal(rule, EVEN)]
    tie = np.select(rules, [~negative, True, lsb], False)
    return guard & np.where(sticky, np.not_equal(rule, FLOOR), tie)
