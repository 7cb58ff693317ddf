# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""float32 arithmetic in golden: against NumPy, its plain form and exact fractions."""

from fractions import Fraction

import numpy as np
import pytest

from macrame.golden.arith.bf16_mul import bf16_mul, bf16_mul_plain
from macrame.golden.arith.bf16_product import bf16_product, bf16_product_plain, significand
from macrame.golden.arith.float_post import float_post, float_post_plain
from macrame.golden.arith.fp32_add import fp32_add, fp32_add_plain
from macrame.golden.arith.fp32_mul import fp32_mul, fp32_mul_plain
from macrame.golden.arith.int32_to_fp32 import int32_to_fp32, int32_to_fp32_plain
from macrame.golden.arith.mul9x9 import mul9x9, mul9x9_plain
from macrame.golden.arith.shift_right_sticky import shift_right_sticky, shift_right_sticky_plain
from tb.lib import float_stimuli

NAN, INFINITY = 0x7FC00000, 0x7F800000


@pytest.fixture
def rng(seed):
    return np.random.default_rng(seed)


# --- the second oracle: rational numbers --------------------------------------------------------------------


def value(bits):
    """A finite float32 as a fraction."""
    exponent, fraction = bits >> 23 & 255, Fraction(bits & 0x7FFFFF, 2**23)
    size = (1 + fraction) * Fraction(2) ** (exponent - 127) if exponent else fraction * Fraction(2) ** -126
    return -size if bits >> 31 else size


def kind(bits):
    """What a float32 is: "nan", "inf" or "finite"."""
    size = bits & 0x7FFFFFFF
    return "nan" if size > INFINITY else "inf" if size == INFINITY else "finite"


def nearest(x, zero_sign):
    """The float32 nearest to a fraction, found by its two neighbours and a comparison.

    Positive float32 are in the order of their patterns, and the even one of two neighbours has the even
    pattern. Infinity stands for 2^128, the number that would come next.
    """
    if not x:
        return zero_sign << 31
    sign, size = x < 0, abs(x)
    low, high = 0, INFINITY
    if size >= 2**128:
        low = high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if value(middle) <= size else (low, middle)
    below, above = value(low), value(high) if high < INFINITY else Fraction(2) ** 128
    if size - below > above - size or (size - below == above - size and low % 2):
        low = high
    return sign << 31 | low


def rational_sum(a, b):
    """a + b by the standard's text."""
    if "nan" in (kind(a), kind(b)) or (kind(a) == kind(b) == "inf" and a != b):
        return NAN
    if "inf" in (kind(a), kind(b)):
        return a if kind(a) == "inf" else b
    both_negative = a >> 31 and b >> 31
    return nearest(value(a) + value(b), zero_sign=int(both_negative))


def rational_product(a, b):
    """a * b by the standard's text."""
    sign = (a ^ b) >> 31
    kinds = {kind(a), kind(b)}
    if "nan" in kinds or ("inf" in kinds and 0 in (a & 0x7FFFFFFF, b & 0x7FFFFFFF)):
        return NAN
    if "inf" in kinds:
        return sign << 31 | INFINITY
    return nearest(value(a) * value(b), zero_sign=sign)


def plainly(function, *columns):
    """A function of ints over arrays."""
    return np.array([function(*map(int, row)) for row in zip(*columns)], np.uint32)


def test_rational_oracle_knows_the_neighbours():
    """The oracle itself: every kind of number is its own nearest; halfway goes to the even pattern."""
    for bits in (1, 2, 0x7FFFFF, 0x800000, 0x3F800000, 0x7F7FFFFF):
        assert nearest(value(bits), 0) == bits
        assert nearest(-value(bits), 0) == 0x80000000 | bits
        assert nearest((value(bits - 1) + value(bits)) / 2, 0) == bits - bits % 2
    assert nearest(Fraction(2) ** 128 - Fraction(2) ** 103, 0) == INFINITY
    assert nearest(Fraction(2) ** 128 - Fraction(2) ** 103 - 1, 0) == 0x7F7FFFFF
    assert nearest(Fraction(2) ** 200, 0) == INFINITY
    assert nearest(Fraction(0), 1) == 0x80000000


# --- sums ---------------------------------------------------------------------------------------------------


def test_sums_equal_plain_and_numpy(rng):
    a, b = float_stimuli.sums(rng, 40_000)
    with np.errstate(all="ignore"):
        theirs = a.view(np.float32) + b.view(np.float32)
    ours, nan = fp32_add(a, b), np.isnan(theirs)
    np.testing.assert_array_equal(ours[~nan], theirs.view(np.uint32)[~nan])
    assert (ours[nan] == NAN).all()
    np.testing.assert_array_equal(ours, plainly(fp32_add_plain, a, b))
    np.testing.assert_array_equal(ours, fp32_add(a.view(np.float32), b.view(np.float32)))


def test_sums_equal_fractions(rng):
    a, b = (v[:4_000] for v in float_stimuli.sums(rng, 40_000))
    np.testing.assert_array_equal(fp32_add(a, b), plainly(rational_sum, a, b))


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (0x4B800000, 0x3F800000, 0x4B800000),
        (0x4B800000, 0x40400000, 0x4B800002),  # 2^24 + 1, 2^24 + 3
        (0x3F800000, 0x33800000, 0x3F800000),
        (0x3F800000, 0x33800001, 0x3F800001),  # a tie above 1, and beyond
        (0x3F800000, 0xB3000000, 0x3F800000),
        (0x3F800000, 0xB3000001, 0x3F7FFFFF),  # a tie below 1, and beyond
        (0x3F800000, 0xBF800000, 0x00000000),
        (0x80000000, 0x80000000, 0x80000000),
        (0, 0x80000000, 0),
        (0x7F7FFFFF, 0x73000000, INFINITY),
        (0x7F7FFFFF, 0x72FFFFFF, 0x7F7FFFFF),  # half a unit, and less
        (INFINITY, 0xFF800000, NAN),
        (INFINITY, 0xFF7FFFFF, INFINITY),
        (0xFFC00001, 0, NAN),
        (0x00800000, 0x80000001, 0x007FFFFF),
        (0x007FFFFF, 0x00000001, 0x00800000),  # across the smallest normal
    ],
)
def test_sums_by_hand(a, b, expected):
    assert fp32_add(np.uint32(a), np.uint32(b)) == fp32_add_plain(a, b) == rational_sum(a, b) == expected


def test_shift_right_sticky_golden(rng):
    x, right = rng.integers(0, 2**26, 5_000) & -(1 << rng.integers(0, 26, 5_000)), rng.integers(0, 32, 5_000)
    plain = np.array([shift_right_sticky_plain(int(a), int(b)) for a, b in zip(x, right)])
    np.testing.assert_array_equal(np.transpose(shift_right_sticky(x, right)), plain)


# --- int32 --------------------------------------------------------------------------------------------------


def test_int32_equal_plain_and_fractions(rng):
    corners = ((1 << np.arange(32))[:, None] + np.arange(-3, 4)).ravel()
    x = np.concatenate([corners, (2 * rng.integers(2**23, 2**24, 2_000) + 1) << rng.integers(0, 7, 2_000)])
    x = np.concatenate([x, -x])
    x = x[(x >= -(2**31)) & (x < 2**31)].astype(np.int32)
    np.testing.assert_array_equal(int32_to_fp32(x), plainly(int32_to_fp32_plain, x))
    np.testing.assert_array_equal(int32_to_fp32(x), [nearest(Fraction(int(v)), 0) for v in x])


# --- products -----------------------------------------------------------------------------------------------


def test_mul9x9_golden():
    a, b = (g.ravel() for g in np.meshgrid(*[np.arange(-256, 256)] * 2))
    np.testing.assert_array_equal(mul9x9(a, b), a.astype(np.int64) * b)
    np.testing.assert_array_equal(mul9x9(a, b), [mul9x9_plain(int(p), int(q)) for p, q in zip(a, b)])


def test_bf16_products_equal_plain_and_numpy(rng):
    a, b = float_stimuli.bf16_products(rng, 80_000)
    with np.errstate(all="ignore"):
        theirs = (a.astype(np.uint32) << 16).view(np.float32) * (b.astype(np.uint32) << 16).view(np.float32)
    ours, nan = bf16_mul(a, b), np.isnan(theirs)
    np.testing.assert_array_equal(ours[~nan], theirs.view(np.uint32)[~nan])
    assert (ours[nan] == NAN).all()
    np.testing.assert_array_equal(ours, plainly(bf16_mul_plain, a, b))
    np.testing.assert_array_equal(ours, bf16_product(a, b, significand(a) * significand(b)))


def test_bf16_products_of_any_significand(rng):
    """What bf16_product makes of products that are not those of its operands' fractions."""
    a, b = (v[:20_000] for v in float_stimuli.bf16_products(rng, 80_000))
    product = rng.integers(0, 2**16, a.size) & -(1 << rng.integers(0, 16, a.size))
    np.testing.assert_array_equal(bf16_product(a, b, product), plainly(bf16_product_plain, a, b, product))


def test_bf16_products_equal_fractions(rng):
    a, b = (v[:4_000] for v in float_stimuli.bf16_products(rng, 80_000))
    wide = a.astype(np.uint32) << 16, b.astype(np.uint32) << 16
    np.testing.assert_array_equal(bf16_mul(a, b), plainly(rational_product, *wide))


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (0x4040, 0xBF00, 0xBFC00000),
        (0x3FC0, 0x3FC0, 0x40100000),  # 3 * -0.5, 1.5 * 1.5
        (0x0080, 0x3F00, 0x00400000),
        (0x0001, 0x3F80, 0x00010000),
        (1, 1, 0),  # into and among subnormals
        (0x1A00, 0x1A80, 0x00000001),
        (0x1A00, 0x1A00, 0),
        (0x1A40, 0x1A00, 0x00000001),  # 1, 1/2, 3/4 of 2^-149
        (0x7F00, 0x4000, INFINITY),
        (0x7F7F, 0x3F80, 0x7F7F0000),
        (0xFF7F, 0x3F81, 0xFF800000),
        (0x7F80, 0x8000, NAN),
        (0x7F80, 0x8001, 0xFF800000),
        (0xFFC1, 0, NAN),
        (0x8000, 0x7F7F, 0x80000000),
    ],
)
def test_bf16_products_by_hand(a, b, expected):
    assert bf16_mul(np.uint16(a), np.uint16(b)) == bf16_mul_plain(a, b) == expected
    assert rational_product(a << 16, b << 16) == expected


def test_products_equal_plain_and_numpy(rng):
    a, b = float_stimuli.products(rng, 100_000)
    with np.errstate(all="ignore"):
        theirs = a.view(np.float32) * b.view(np.float32)
    ours, nan = fp32_mul(a, b), np.isnan(theirs)
    np.testing.assert_array_equal(ours[~nan], theirs.view(np.uint32)[~nan])
    assert (ours[nan] == NAN).all()
    np.testing.assert_array_equal(ours, plainly(fp32_mul_plain, a, b))
    np.testing.assert_array_equal(ours, fp32_mul(a.view(np.float32), b.view(np.float32)))


def test_products_equal_fractions(rng):
    a, b = (v[:4_000] for v in float_stimuli.products(rng, 100_000))
    np.testing.assert_array_equal(fp32_mul(a, b), plainly(rational_product, a, b))


def test_post_equals_its_plain_form(rng):
    x, bias = (v[:20_000] for v in float_stimuli.sums(rng, 20_000))
    kind, relu = rng.integers(0, 4, x.size), rng.integers(0, 2, x.size)
    random = rng.integers(0, 65536, x.size).astype(np.uint16)
    plain = [
        float_post_plain(int(a), int(b), bool(r), int(k), int(w))
        for a, b, r, k, w in zip(x, bias, relu, kind, random)
    ]
    np.testing.assert_array_equal(float_post(x, bias, relu, kind, random), plain)


@pytest.mark.parametrize(
    ("x", "bias", "relu", "kind", "y"),
    [
        (0x3F800000, 0xBFC00000, 1, 0, 0),
        (0x3F800000, 0xBFC00000, 0, 1, 0xBF00),  # 1 - 1.5
        (0x80000000, 0x80000000, 0, 0, 0x80000000),
        (0x80000000, 0x80000000, 1, 0, 0),
        (0xFFC00001, 0, 1, 0, 0x7FC00000),
        (0xFFC00001, 0, 1, 1, 0x7FC0),  # NaN passes ReLU
        (0xFF800000, 0, 1, 2, 0),
        (0x7F7FFFFF, 0, 0, 1, 0x7F80),
        (0x7F7FFFFF, 0, 0, 2, 0x7F7F),
    ],
)
def test_post_by_hand(x, bias, relu, kind, y):
    assert float_post_plain(x, bias, bool(relu), kind) == y
