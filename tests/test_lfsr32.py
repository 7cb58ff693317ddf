# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""lfsr32: RTL against golden; golden's two forms against each other; the period by algebra, the bits by
counting."""
import numpy as np
import pytest
from benches import cases, run

from golden.arith import lfsr32 as module
from golden.arith.lfsr32 import lfsr32, lfsr32_plain


@pytest.mark.parametrize("case", cases("lfsr32"))
def test_lfsr32(case, seed):
    run(case, seed=seed)


@pytest.mark.parametrize("first", [0, 1, 2**31, 0xDEADBEEF])
def test_vectorised_equals_plain(first):
    for words in (0, 1, 2, 31, 1000):
        found, then = lfsr32(first, words)
        plain, plain_then = lfsr32_plain(first, words)
        assert found.dtype == np.uint16
        assert (found.tolist(), then) == (plain, plain_then)


def test_goes_on_where_it_stopped():
    whole, _ = lfsr32(7, 100)
    head, state = lfsr32(7, 33)
    np.testing.assert_array_equal(np.concatenate([head, lfsr32(state, 67)[0]]), whole)


def power(matrix, exponent):
    """A matrix over GF(2), 32 rows of bits, to a power."""
    done = np.eye(32, dtype=np.uint8)
    while exponent:
        if exponent & 1:
            done = done @ matrix % 2
        matrix, exponent = matrix @ matrix % 2, exponent >> 1
    return done


def test_period_is_all_states():
    """The step is of order 2^32 - 1: that power is 1, and none by a prime factor less."""
    step = np.zeros((32, 32), np.uint8)
    for bit in range(32):
        state = 1 << bit
        after = state >> 1 ^ (module.TAPS if state & 1 else 0)
        step[:, bit] = [after >> row & 1 for row in range(32)]
    order, factors = 2**32 - 1, (3, 5, 17, 257, 65537)
    assert np.prod(factors, dtype=object) == order
    assert (power(step, order) == np.eye(32)).all()
    for factor in factors:
        assert (power(step, order // factor) != np.eye(32)).any(), factor


def test_words_are_even():
    """A million words: the mean, each bit, and neighbours' correlation are within four standard
    deviations."""
    words = lfsr32(1, 2**20)[0].astype(np.float64)
    off = words - 32767.5
    assert abs(off.mean()) < 4 * 65536 / 12**0.5 / 2**10
    bits = (words.astype(np.uint16)[:, None] >> np.arange(16) & 1).mean(axis=0)
    assert (np.abs(bits - 0.5) < 4 * 0.5 / 2**10).all()
    assert abs((off[1:] * off[:-1]).mean() / off.var()) < 4 / 2**10
