# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Golden model of ``rtl/arith/lfsr32.v``: the random operands of stochastic rounding."""
import numpy as np

TAPS = 0x80200003


def lfsr32_plain(seed: int, words: int):
    """The sequence, bit by bit.

    Parameters
    ----------
    seed : int
        The first state, 32 bits; 0 counts as 1.
    words : int
        How many words of 16 bits.

    Returns
    -------
    words : list of int
        The first bit of the sequence is bit 0 of the first word.
    seed : int
        The state after them: what to go on from.
    """
    state, found = seed or 1, []
    for _ in range(words):
        word = 0
        for i in range(16):
            bit = state & 1
            word |= bit << i
            state = state >> 1 ^ (TAPS if bit else 0)
        found.append(word)
    return found, state


def _after(words):
    """What each bit of a state becomes after so many words: 32 states, one for each bit that may be set."""
    columns = np.array([lfsr32_plain(1 << bit, 1)[1] for bit in range(32)], np.uint32)
    done = np.array([1 << bit for bit in range(32)], np.uint32)
    while words:
        if words & 1:
            done = _apply(columns, done)
        columns, words = _apply(columns, columns), words >> 1
    return done


def _apply(columns, states):
    """States after the linear map that makes these columns of the 32 unit states."""
    found = np.zeros_like(states)
    for bit, column in enumerate(columns):
        found ^= (states >> np.uint32(bit) & np.uint32(1)) * column
    return found


def lfsr32(seed, words):
    """The sequence by doubling: so many states, then as many again by one jump over all of them.

    Parameters
    ----------
    seed : int
        The first state, 32 bits; 0 counts as 1.
    words : int
        How many words of 16 bits. In a module with L lanes, word n*L + l goes to lane l in step n.

    Returns
    -------
    words : ndarray of uint16
        The first bit of the sequence is bit 0 of the first word.
    seed : int
        The state after them: what to go on from.
    """
    states = np.array([int(seed) or 1], np.uint32)
    while states.size < words + 1:
        states = np.concatenate([states, _apply(_after(states.size), states)])
    found, state = np.zeros(words, np.uint32), states[:words]
    for i in range(16):
        bit = state & np.uint32(1)
        found |= bit << np.uint32(i)
        state = state >> np.uint32(1) ^ bit * np.uint32(TAPS)
    return found.astype(np.uint16), int(states[words])
