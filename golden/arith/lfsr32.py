# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Golden model of ``rtl/arith/lfsr32.v``: the random operands of stochastic rounding.

A Galois shift register over x^32 + x^22 + x^2 + x + 1, a primitive polynomial: every state except 0 occurs
once in 2^32 - 1 shifts. Each word is the lower half of the state, 16 shifts after the one before.
"""

import functools

import numpy as np
from numpy.typing import NDArray

TAPS = 0x80200003
"""What is added for a 1 shifted out: x^32, x^22, x^2 and x of the polynomial, bit 31 being x^32."""


def shift(state: int) -> int:
    """One shift.

    Parameters
    ----------
    state : int
        32 bits.

    Returns
    -------
    int
        32 bits.
    """
    return (state >> 1) ^ (TAPS if state & 1 else 0)


@functools.cache
def _sixteen() -> list[int]:
    """The effect of 16 shifts on a lower half: they are linear, and the upper half only moves down."""
    states = np.arange(65536, dtype=np.uint32)
    for _ in range(16):
        states = (states >> np.uint32(1)) ^ (states & np.uint32(1)) * np.uint32(TAPS)
    return states.tolist()


class Lfsr32:
    """The sequence from a seed on.

    Parameters
    ----------
    seed : int
        32 bits; 0 means 0xFFFFFFFF.

    Attributes
    ----------
    state : int
        Its lower half is the next word.

    Raises
    ------
    ValueError
        If the seed is not of 32 bits.

    Examples
    --------
    >>> [hex(word) for word in Lfsr32(1).take(4).tolist()]
    ['0x1', '0xb6c3', '0x3db5', '0xf3cf']
    """

    def __init__(self, seed: int = 1) -> None:
        if not 0 <= seed < 2**32:
            raise ValueError(f"seed is {seed}, expected 0 to 2^32 - 1")
        self.state = int(seed) or 0xFFFFFFFF

    def take(self, count: int) -> NDArray[np.uint16]:
        """The next words.

        Parameters
        ----------
        count : int

        Returns
        -------
        ndarray of uint16, shape (count,)
        """
        table, state, words = _sixteen(), self.state, []
        for _ in range(count):
            word = state & 0xFFFF
            words.append(word)
            state = (state >> 16) ^ table[word]
        self.state = state
        return np.array(words, np.uint16)

    def rows(self, count: int, cols: int, lanes: int) -> NDArray[np.uint16]:
        """Operands of result rows in the order in which the core uses them.

        Every row uses complete groups of `lanes` words: those for missing columns are discarded.

        Parameters
        ----------
        count, cols : int
            Rows, and columns of the core.
        lanes : int
            POST_LANES of the core.

        Returns
        -------
        ndarray of uint16, shape (count, cols)
        """
        width = -(-cols // lanes) * lanes
        return self.take(count * width).reshape(count, width)[:, :cols]
