# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""requantize in golden: against exact fractions, and its two forms against each other.

Golden against released runtimes is in test_oracles.py.
"""

from fractions import Fraction
from math import ceil, floor

import numpy as np
import pytest

from macrame.golden.arith.requantize import (
    MODES,
    mode_code,
    quantize_multiplier,
    quantize_multiplier_plain,
    requantize,
    requantize_plain,
    scale_bits,
    srdhm,
    srdhm_plain,
)
from macrame.host import quantize
from tb.lib import stimuli

HALF = Fraction(1, 2)


# --- golden -------------------------------------------------------------------------------------------------


def half_up(value):
    return floor(value + HALF)


def half_away(value):
    return floor(value + HALF) if value >= 0 else ceil(value - HALF)


def half_even(value):
    low = floor(value)
    return low + (value - low > HALF or (value - low == HALF and low % 2 == 1))


def to_float32(value):
    """An exact fraction rounded to 24 significant bits, ties to even (no underflow in sight below 2^-100)."""
    if value == 0:
        return value
    exponent = abs(value).numerator.bit_length() - abs(value).denominator.bit_length() - 24
    while abs(value) >= Fraction(2) ** (exponent + 24):
        exponent += 1
    while abs(value) < Fraction(2) ** (exponent + 23):
        exponent -= 1
    return half_even(value / Fraction(2) ** exponent) * Fraction(2) ** exponent


def by_fractions(mode, x, multiplier, shift, zero_point, clamp_low, clamp_high):
    """The same rule in exact rational arithmetic: no shifts, no floats."""
    if mode == "fp32":
        scale = Fraction(float(np.int32(multiplier).view(np.float32)))
        y = half_even(to_float32(to_float32(Fraction(x)) * scale))
    else:
        shift = max(-31, min(31, shift))
        a = (x * 2 ** max(shift, 0) + 2**31) % 2**32 - 2**31
        high = min(half_up(Fraction(a * multiplier, 2**31)), 2**31 - 1)
        y = {"gemmlowp": half_away, "ruy": half_up}[mode](Fraction(high, 2 ** max(-shift, 0)))
    return min(clamp_high, max(y + zero_point, clamp_low))


@pytest.mark.parametrize("mode", ["gemmlowp", "ruy", "fp32"])
def test_golden_equals_exact_fractions(mode, seed):
    columns = stimuli.requantize(np.random.default_rng(seed), mode, n=8_000)
    if mode == "fp32":  # a fraction has no infinity, and float32's subnormals only ever round to 0
        scale = columns["multiplier"].view(np.float32)
        usable = np.isfinite(scale) & (np.abs(scale) > 2.0**-60)
        columns = {k: c[usable] for k, c in columns.items()}
    columns = {k: c[:8_000] for k, c in columns.items()}
    ties = stimuli.requantize_ties(mode, columns)
    assert all(min(count) >= 100 for count in ties.values()), ties
    expected = [by_fractions(mode, *map(int, row)) for row in zip(*columns.values())]
    np.testing.assert_array_equal(requantize(**columns, mode=mode), expected)


@pytest.mark.parametrize("mode", ["raw", "gemmlowp", "ruy", "fp32"])
def test_vectorised_equals_plain(mode, seed):
    columns = stimuli.requantize(np.random.default_rng(seed), "ruy" if mode == "raw" else mode, n=10_000)
    columns = {k: c[:10_000] for k, c in columns.items()}
    plain = [requantize_plain(*map(int, row), mode) for row in zip(*columns.values())]
    result = requantize(**columns, mode=mode)
    assert result.dtype == (np.int32 if mode == "raw" else np.int8)
    np.testing.assert_array_equal(result, plain)


def test_srdhm_is_an_arithmetic_shift():
    """gemmlowp's truncating division of a nudged product equals (a*b + 2^30) >> 31, ties and signs too."""
    a, b = (g.ravel() for g in np.meshgrid(stimuli.CORNERS32, stimuli.CORNERS32))
    ties = stimuli.integer_product_ties(np.random.default_rng(1), 5_000)
    a, b = np.concatenate([a, ties["x"]]), np.concatenate([b, ties["multiplier"]])
    np.testing.assert_array_equal(srdhm(a, b), [srdhm_plain(int(p), int(q)) for p, q in zip(a, b)])
    assert srdhm_plain(-(2**31), -(2**31)) == 2**31 - 1


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("gemmlowp", [-3, -2, -1, 1, 2, 3]),  # -2.5 -1.5 -0.5 0.5 1.5 2.5
        ("ruy", [-2, -1, 0, 1, 2, 3]),
        ("fp32", [-2, -2, 0, 0, 2, 2]),
    ],
)
def test_tie_rules_by_hand(mode, expected):
    x = np.array([-5, -3, -1, 1, 3, 5]) * 2
    multiplier, shift = (scale_bits(0.25), 0) if mode == "fp32" else (2**30, -1)
    np.testing.assert_array_equal(requantize(x, multiplier, shift, 0, -128, 127, mode), expected)


@pytest.mark.parametrize(
    ("scale", "x", "expected"),
    [
        (np.inf, 1, 127),
        (np.inf, -1, -128),
        (-np.inf, 1, -128),
        (np.inf, 0, 5),
        (np.nan, 7, 5),
        (0.0, 2**31 - 1, 5),
        (1e-45, 2**31 - 1, 5),
        (3e38, 2**31 - 1, 127),
        (-1.0, -(2**31), 127),
    ],
)
def test_fp32_specials(scale, x, expected):
    assert requantize(x, scale_bits(scale), 0, 5, -128, 127, "fp32") == expected


def test_clamp_high_wins():
    assert requantize(0, 2**30, 0, 0, 10, -10, "ruy") == -10


def test_mode_names_and_codes():
    assert [mode_code(m) for m in MODES] == [0, 1, 2, 3] == [mode_code(np.int64(c)) for c in range(4)]
    for bad in ("rui", 4, -1, None, "2"):
        with pytest.raises(ValueError, match="mode is"):
            mode_code(bad)


@pytest.mark.parametrize("position", range(6))
def test_no_argument_is_truncated_to_an_integer(position):
    names = ("x", "multiplier", "shift", "zero_point", "clamp_low", "clamp_high")
    values = [[5], 2**30, 1, 0, -128, 127]
    assert requantize(*values, "ruy").tolist() == [5]
    for value in (1.5, np.array([2.0]), True, "1"):
        bad = [value if n == position else v for n, v in enumerate(values)]
        with pytest.raises(ValueError, match=rf"^{names[position]} has dtype \S+, expected integers$"):
            requantize(*bad, "ruy")


@pytest.mark.parametrize("value", [2**31, -(2**31) - 1, np.array([0, 2**40])])
def test_what_exceeds_int32_is_not_wrapped(value):
    for position, name in enumerate(("x", "multiplier")):
        bad = [value if n == position else v for n, v in enumerate(([5], 2**30, 1, 0, -128, 127))]
        with pytest.raises(ValueError, match=rf"^{name} has -?\d+, expected int32$"):
            requantize(*bad, "ruy")


def test_quantize_multiplier_is_the_nearest_q31():
    rng = np.random.default_rng(1)
    scale = np.exp2(rng.uniform(-31, 1, 5_000))
    m, s = quantize_multiplier(scale)
    assert m.dtype == np.int32
    assert s.dtype == np.int8
    assert (m >= 2**30).all()
    for one, mi, si in zip(scale, m.tolist(), s.tolist()):
        exact = Fraction(one) * Fraction(2) ** (31 - si)
        assert abs(exact - mi) <= HALF


@pytest.mark.parametrize(
    ("scale", "multiplier", "shift"),
    [
        (0.5, 2**30, 0),
        (1.0, 2**30, 1),
        (2.0, 2**30, 2),
        (0.75, 3 * 2**29, 0),
        (1 - 2.0**-53, 2**30, 1),  # rounds up to 2^31: the carry
        (2.0**-32, 2**30, -31),
        (2.0**-32 * (1 - 2.0**-53), 2**30, -31),
        (2.0**-33, 0, 0),
        (1e-30, 0, 0),
        (5e-324, 0, 0),
        (2.0**30, 2**30, 31),
        (2.0**31 - 1, 2**31 - 1, 31),
        (np.nextafter(2.0**31 - 0.5, 0), 2**31 - 1, 31),  # the largest
    ],
)
def test_quantize_multiplier_corners(scale, multiplier, shift):
    for function in (quantize_multiplier, quantize_multiplier_plain, quantize.quantize_multiplier):
        assert tuple(map(int, function(scale))) == (multiplier, shift)


OUTSIDE = (0.0, -0.0, -5e-324, -1.0, -np.inf, np.nan, np.inf, 2.0**31 - 0.5, 2.0**31, 1e300)


@pytest.mark.parametrize("scale", OUTSIDE)
def test_quantize_multiplier_refuses(scale):
    """Golden and host reject the same scales with the same message."""
    said = set()
    for function in (quantize_multiplier, quantize.quantize_multiplier):
        for value in (scale, [0.5, scale, -2.0]):
            with pytest.raises(ValueError, match=r"scale is .*, expected") as error:
                function(value)
            said.add(str(error.value))
    with pytest.raises(ValueError, match="scale is") as error:
        quantize_multiplier_plain(scale)
    assert said == {str(error.value)}
    assert ("2^31 - 0.5" in str(error.value)) == (np.isfinite(scale) and scale > 0)


def edges():
    """Every power of two of float64, and what is next to it and to each tie of the rounding near it."""
    powers = np.ldexp(1.0, np.arange(-1074, 32))
    ties = np.concatenate([powers * (1 + k * 2.0**-31) for k in (1, 3, 2**30 - 1, 2**31 - 1)])  # odd: halves
    near = np.concatenate([powers, ties])
    return np.concatenate([near, np.nextafter(near, 0), np.nextafter(near, np.inf)])


def test_quantize_multiplier_is_the_same_function_everywhere(seed):
    """The golden loop, its vector form and the host's: every exponent, both sides of edges, random values.

    The three are independent: integers, NumPy's frexp, Python's.
    """
    rng = np.random.default_rng(seed)
    anything = rng.integers(1, 0x7FF0000000000000, 20_000).view(np.float64)
    scale = np.concatenate([edges(), anything, np.exp2(rng.uniform(-34, 31, 20_000))])
    scale = scale[(scale > 0) & (scale < 2.0**31 - 0.5)]
    assert (scale > 2.0**31 - 1).any()
    multiplier, shift = quantize_multiplier(scale)
    assert ((multiplier >= 2**30) | ((multiplier == 0) & (shift == 0))).all()
    assert (np.abs(shift.astype(int)) <= 31).all()
    assert {-31, 31} <= set(shift.tolist())
    for other in (quantize.quantize_multiplier(scale), zip(*map(quantize_multiplier_plain, scale.tolist()))):
        for mine, theirs in zip((multiplier, shift), other):
            np.testing.assert_array_equal(mine, theirs)
    for mine, theirs in zip(quantize_multiplier(0.3), quantize.quantize_multiplier(0.3)):
        assert mine.shape == theirs.shape == ()
        assert mine.dtype == theirs.dtype
