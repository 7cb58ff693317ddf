# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The small modules of the requantiser and mul8x8 in golden: the plain form against the vectorised one."""

from fractions import Fraction
from math import floor

import numpy as np
import pytest

from macrame.golden.arith.lead_zeros import lead_zeros, lead_zeros_plain
from macrame.golden.arith.mul8x8 import mul8x8, mul8x8_plain
from macrame.golden.arith.mul34x32 import mul34x32, mul34x32_plain
from macrame.golden.arith.round_product import round_product, round_product_plain
from macrame.golden.arith.rounding import rounding, rounding_plain
from macrame.golden.arith.scale_to_int8 import scale_to_int8, scale_to_int8_plain
from macrame.golden.arith.shift_right_narrow import shift_right_narrow, shift_right_narrow_plain
from tb.lib import stimuli


@pytest.fixture
def rng(seed):
    return np.random.default_rng(seed)


def test_mul8x8_golden():
    a, b = (g.ravel() for g in np.meshgrid(*[np.arange(-128, 128)] * 2))
    np.testing.assert_array_equal(mul8x8(a, b), a.astype(np.int64) * b)
    np.testing.assert_array_equal(mul8x8(a, b), [mul8x8_plain(int(p), int(q)) for p, q in zip(a, b)])
    assert mul8x8(-128, -128).dtype == np.int16


def test_lead_zeros_golden(rng):
    x = rng.integers(0, 2**32, 5_000) >> rng.integers(0, 32, 5_000)
    x[:5] = [0, 1, 2, 2**31, 2**32 - 1]
    np.testing.assert_array_equal(lead_zeros(x), [lead_zeros_plain(int(v)) for v in x])


def test_mul34x32_golden(rng):
    a_high, a_low = stimuli.signed(rng, 17, 5_000), rng.integers(0, 2**16 + 1, 5_000)
    b = stimuli.signed(rng, 32, 5_000)
    plain = [mul34x32_plain(int(h), int(low), int(q)) for h, low, q in zip(a_high, a_low, b)]
    np.testing.assert_array_equal(mul34x32(a_high, a_low, b), plain)


def test_rounding_golden():
    for bits in range(64):
        inputs = (bits >> 4, bits >> 3 & 1, bits >> 2 & 1, bits >> 1 & 1, bits & 1)
        assert rounding(*inputs) == rounding_plain(*inputs)


def test_round_product_golden(rng):
    p = np.minimum(stimuli.signed(rng, 64, 5_000), 2**63 - 2**30 - 1)
    floats = rng.integers(2**46, 2**48, 5_000) >> rng.integers(0, 2, 5_000)
    floats = np.maximum(floats & -(1 << rng.integers(0, 25, 5_000)), 2**46) << 8
    for fp, values in ((False, p), (True, floats)):
        plain = np.array([round_product_plain(fp, int(v)) for v in values])
        np.testing.assert_array_equal(np.transpose(round_product(fp, values)), plain)
        unit = [max(int(v).bit_length() - 24, 0) if fp else 31 for v in values]
        exact = [
            round(Fraction(int(v), 2**u)) if fp else floor(Fraction(int(v), 2**u) + Fraction(1, 2))
            for v, u in zip(values, unit)
        ]
        assert [int(y) + int(up) for y, up in plain] == [e << u >> 31 for e, u in zip(exact, unit)]


def test_shift_right_narrow_golden(rng):
    y, up, right = stimuli.signed(rng, 33, 5_000), rng.integers(0, 2, 5_000), rng.integers(0, 32, 5_000)
    plain = np.array([shift_right_narrow_plain(int(a), int(u), int(b)) for a, u, b in zip(y, up, right)])
    np.testing.assert_array_equal(np.transpose(shift_right_narrow(y, up, right)), plain)
    for (v, guard, extra, sticky), a, u, b in zip(plain.tolist(), y.tolist(), up.tolist(), right.tolist()):
        if a >> b != v:
            assert (v in range(256, 384) and a >> b > 255) or (v in range(-384, -256) and a >> b < -256)
            continue
        halves = 2 * (Fraction(a + u, 2**b) - v)
        assert guard < halves < guard + 1 if sticky else halves == guard + extra


def test_scale_to_int8_golden(rng):
    n = 3_000
    rule = rng.integers(1, 4, n)
    a = np.where(rule == 3, rng.integers(2**23, 2**24 + 1, n) << 8, stimuli.signed(rng, 32, n))
    b = np.where(rule == 3, rng.integers(2**23, 2**24, n), stimuli.signed(rng, 32, n))
    negate, right = (rule == 3) & (a & 256 != 0), rng.integers(0, 32, n)
    columns = [rule, a >> 16, a & 0xFFFF, b, negate, right, *stimuli.clamps(rng, n).values()]
    plain = [scale_to_int8_plain(*map(int, row)) for row in zip(*columns)]
    np.testing.assert_array_equal(scale_to_int8(*columns), plain)
