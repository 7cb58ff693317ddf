# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The random words of stochastic rounding: golden against its own definition."""

import numpy as np
import pytest

from macrame.golden.arith.lfsr32 import Lfsr32, shift


def test_words_are_sixteen_shifts_apart():
    state, words = 0x12345678, []
    for _ in range(1000):
        words.append(state & 0xFFFF)
        for _ in range(16):
            state = shift(state)
    bits = Lfsr32(0x12345678)
    assert [*bits.take(400), *bits.take(600)] == words
    assert bits.state == state


def test_every_state_but_zero_comes_once():
    """As a matrix over GF(2) the shift has the order 2^32 - 1 = 3 * 5 * 17 * 257 * 65537, none less."""
    one = [shift(1 << bit) for bit in range(32)]  # images of the unit vectors
    identity = [1 << bit for bit in range(32)]

    def times(a, b):
        return [_apply(a, column) for column in b]

    def power(exponent):
        result, base = identity, one
        while exponent:
            result, base, exponent = (
                (times(base, result) if exponent & 1 else result),
                times(base, base),
                exponent >> 1,
            )
        return result

    assert power(2**32 - 1) == identity
    assert all(power((2**32 - 1) // prime) != identity for prime in (3, 5, 17, 257, 65537))


def _apply(matrix, vector):
    out = 0
    for bit, column in enumerate(matrix):
        out ^= column if vector >> bit & 1 else 0
    return out


def test_words_are_spread():
    """256 intervals, 2^18 words: chi-squared of 255 degrees stays within 5 sigma of its mean."""
    counts = np.bincount(Lfsr32(1).take(2**18) >> 8, minlength=256)
    chi = ((counts - 1024) ** 2 / 1024).sum()
    assert abs(chi - 255) < 5 * np.sqrt(2 * 255)


def test_rows_lose_the_words_of_missing_columns():
    words, rows = Lfsr32(7).take(18).reshape(3, 6), Lfsr32(7).rows(3, 5, 3)
    assert rows.tolist() == words[:, :5].tolist()


def test_a_seed_beyond_32_bits_is_refused():
    for seed in (-1, 2**32):
        with pytest.raises(ValueError, match="seed is"):
            Lfsr32(seed)
