# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Matrices of real numbers in the core's formats: rounded once, quantised as documented, or rejected.

What could be wrong: a float64 rounded to float32 and then to bfloat16; an int8 matrix changed by
quantisation; a scale whose range does not include the ends; a pruned column whose bias is lost; a bias in
other steps than the sums, or so large that they wrap.
"""

import io
from fractions import Fraction

import ml_dtypes
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from macrame.errors import InputError
from macrame.files import read
from macrame.verify import operands


@pytest.fixture
def source(tmp_path):
    """Make a source from an array: an .npy file, or another file with its bytes."""

    def make(array, name="A", suffix="npy", **options):
        path = tmp_path / f"{name}.{suffix}"
        if isinstance(array, bytes):
            path.write_bytes(array)
        else:
            np.save(path, array)
        return read.Source(name, path, **options)

    return make


# --- bfloat16 -----------------------------------------------------------------------------------------------


def value(bits):
    """The value of bfloat16 bits; infinities as 2^128."""
    if bits & 0x7FFF == 0x7F80:
        return Fraction(2) ** 128 * (-1 if bits >> 15 else 1)
    return Fraction(float(np.uint32(bits << 16).view(np.float32)))


def nearest_even(x):
    """Bits of the bfloat16 nearest to a float, by exact comparison with both neighbours."""
    sign = 0x8000 if np.signbit(x) else 0
    low, high = 0, 0x7F80  # bits of magnitudes, the number between them
    magnitude = abs(Fraction(x))
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if value(middle) <= magnitude else (low, middle)
    below, above = magnitude - value(low), value(high) - magnitude
    up = above < below or (above == below and low % 2 == 1)
    return sign | (high if up else low)


@settings(max_examples=500, deadline=None)
@given(st.one_of(st.floats(allow_nan=False, allow_infinity=False), st.floats(width=32, allow_nan=False)))
@example(1 + 2.0**-8 + 2.0**-40)  # above a tie, but not in float32
@example(1 + 2.0**-8 - 2.0**-40)
@example(1 + 3 * 2.0**-8 - 2.0**-40)  # below a tie whose even neighbour is above
@example(2.0**-134 + 2.0**-180)  # half the least bfloat16, and a little more
@example(-(2.0**-134))
@example(1e-320)
@example(float(np.finfo(np.float32).max) * (1 + 2.0**-30))
@example(-1e300)
def test_a_float64_is_rounded_once(x):
    if np.isinf(x):
        expected = 0xFF80 if x < 0 else 0x7F80
        assert operands.to_bf16(np.array([x])) == operands.to_bf16(np.array([x]), "toward_zero") == expected
        return
    assert int(operands.to_bf16(np.array([x]))[0]) == nearest_even(x)
    cut = int(operands.to_bf16(np.array([x]), "toward_zero")[0])
    assert abs(value(cut)) <= abs(Fraction(x)) < abs(value(cut + 1)) or cut & 0x7FFF == 0x7F7F
    assert cut >> 15 == np.signbit(x)


def test_float32_is_rounded_as_ml_dtypes_does():
    bits = np.random.default_rng(0).integers(0, 2**32, 200_000, dtype=np.uint32)
    x = bits.view(np.float32)
    with np.errstate(invalid="ignore"):  # signalling NaNs are invalid
        expected, wide = x.astype(ml_dtypes.bfloat16).view(np.uint16), x.astype(np.float64)
    np.testing.assert_array_equal(operands.to_bf16(wide), expected)


EXACT = np.array([[1.5, -0.0], [np.inf, -(2.0**-133)]])


@pytest.mark.parametrize("dtype", ["f4", ">f4", "f8", np.longdouble, ml_dtypes.bfloat16])
def test_numbers_that_bfloat16_holds(source, dtype):
    expected = EXACT.astype(ml_dtypes.bfloat16).view(np.uint16)
    for rule in (None, *operands.BF16_RULES):
        np.testing.assert_array_equal(operands.bf16(source(EXACT.astype(dtype)), rule), expected)


def test_bits_of_bfloat16(source):
    bits = np.array([[0x3FC0, 0xFF81]], np.uint16)  # a NaN keeps its bits
    np.testing.assert_array_equal(operands.bf16(source(bits)), bits)
    np.testing.assert_array_equal(operands.bf16(source(bits.astype(">u2"))), bits)
    np.savez(stream := io.BytesIO(), bits)
    np.testing.assert_array_equal(operands.bf16(source(stream.getvalue(), suffix="npz")), bits)
    np.testing.assert_array_equal(operands.bf16(source(bits.view(ml_dtypes.bfloat16))), bits)


def test_integers_are_numbers_and_not_bits(source):
    expected = [[0x437F, 0x3F80]]  # 255 and 1
    for dtype in ("u1", "i2", "i8", "u8"):
        assert operands.bf16(source(np.array([[255, 1]], dtype))).tolist() == expected
    assert operands.bf16(source(b"255,1\n", suffix="csv")).tolist() == expected


def test_what_bfloat16_does_not_hold(source):
    with pytest.raises(
        InputError, match=r"element \[0, 1\] is 257.0, expected a number that bfloat16 can represent"
    ):
        operands.bf16(source(np.array([[1, 257]], np.int32)))
    assert operands.bf16(source(np.array([[1, 257]], np.int32)), "even").tolist() == [[0x3F80, 0x4380]]


# --- int8 ---------------------------------------------------------------------------------------------------


def quantised(source, a, w, rule, bias=None):
    """Operands from arrays."""
    bias = None if bias is None else source(np.asarray(bias), "BIAS")
    return operands.int8(source(a, "A"), source(w, "W"), bias, rule)


@pytest.mark.parametrize("rule", operands.INT8_RULES)
@pytest.mark.parametrize("scale", [1e-6, 1, 1e6])
def test_quantised_by_the_formula(source, rule, scale):
    rng = np.random.default_rng(1)
    a, w = rng.normal(3, 1, (7, 9)) * scale, rng.normal(0, [1, 10, 100], (9, 3))
    bias = [-3.3 * scale, 0, 70 * scale]
    found = quantised(source, a, w.astype(np.float32), rule, bias)
    w = w.astype(np.float32).astype(np.float64)
    np.testing.assert_array_equal(found.w_scale, np.abs(w).max(0) / 127)
    if rule == "symmetric":
        assert (found.a_scale, found.a_zero_point) == (np.abs(a).max() / 127, 0)
    else:
        assert found.a_scale == pytest.approx(a.max() / 255, rel=1e-6)  # the range is widened to hold 0
        assert found.a_zero_point == -128
    for q, x, step, zero in ((found.a, a, found.a_scale, found.a_zero_point), (found.w, w, found.w_scale, 0)):
        assert q.dtype == np.int8
        np.testing.assert_array_equal(q, np.clip(np.rint(x / step) + zero, -128, 127))
        assert (np.abs(step * (q.astype(float) - zero) - x) <= 0.5000001 * step).all()
    np.testing.assert_array_equal(found.step, found.a_scale * found.w_scale)
    np.testing.assert_array_equal(found.bias, np.rint(bias / found.step))


@pytest.mark.parametrize("rule", operands.INT8_RULES)
def test_what_int8_holds_is_left_alone(source, rule):
    rng = np.random.default_rng(2)
    a = rng.integers(-128, 128, (4, 5))
    found = quantised(source, a.astype(np.float32), rng.normal(size=(5, 2)), rule)
    np.testing.assert_array_equal(found.a, a)
    assert (found.a_scale, found.a_zero_point) == (1, 0)
    found = quantised(source, rng.normal(size=(4, 5)), a.T.astype(np.int8), rule, [1, -2, 3, 0.5])
    np.testing.assert_array_equal(found.w, a.T)
    assert found.w_scale.tolist() == [1] * 4


def test_without_a_rule_nothing_is_rounded(source):
    a = np.array([[0.5, 1]])
    with pytest.raises(
        InputError, match=r"element \[0, 0\] is 0.5, expected an integer from -128 to 127; QUANT"
    ):
        quantised(source, a, np.ones((2, 1)), None)
    with pytest.raises(
        InputError, match=r"^BIAS=.*element \[0\] is 0.5, expected an integer from -2147483648"
    ):
        quantised(source, 2 * a, np.ones((2, 1)), None, [0.5])
    found = quantised(source, 2 * a, np.ones((2, 1)), None, [7.0])
    assert (found.a.tolist(), found.a_scale, found.w_scale.tolist()) == ([[1, 2]], 1, [1])
    assert (found.bias.dtype, found.bias.item()) == (np.int32, 7)


def test_a_bias_is_rounded_to_steps_of_the_sums(source):
    a, w = np.array([[1, 127]]), np.array([[1.0, 31.75, 63.5, 127], [0, 0, 0, 0]])
    found = quantised(source, a, w, "symmetric", [-0.4, 0.375, 1.25, 2.5])
    assert found.step.tolist() == [1 / 127, 0.25, 0.5, 1]
    assert found.bias.tolist() == [-51, 2, 2, 2]  # ties to even


@pytest.mark.parametrize("rule", operands.INT8_RULES)
@pytest.mark.parametrize("scale", [1e-20, 1e-3, 1, 1e20])
def test_a_bias_is_kept_whatever_the_weights_are(source, rule, scale):
    """Of a pruned column, of weights that are tiny next to it, of both at once; and of whole weights."""
    a = np.array([[0.3, -2.0], [1.9, 0.1]]) * scale
    w = np.array([[0.0, 1e-15, 0.5, 0], [0.0, -3e-15, -0.25, 0]])
    for weights in (w, w[:, [0, 3, 0, 3]], np.array([[1, 0, -5, 2], [0, 0, 3, 4]])):
        bias = np.array([0.4, -1e6, 0.3, 0]) * (1 if (weights == w).all() else 1e12)
        found = quantised(source, a, weights, rule, bias)
        sums = (found.a.astype(np.int64) - found.a_zero_point) @ found.w + found.bias
        assert np.abs(sums).max() < 2**31
        steps = found.a_scale * np.abs(weights).max(0) * 2 + found.w_scale * np.abs(a).max() + found.step
        assert (np.abs(found.bias * found.step - bias) <= found.step / 2).all()
        assert (np.abs(sums * found.step - (a @ weights + bias)) <= steps).all()
        zero = ~weights.any(axis=0)
        if not (found.w_scale == 1).all():
            np.testing.assert_allclose((found.bias * found.step)[zero], bias[zero], rtol=1e-9)


def test_sums_that_would_wrap_are_refused(source):
    k = 140_000
    a, w = np.full((1, k), 127.5), np.full((k, 2), [[0.5, -0.5]])
    with pytest.raises(InputError, match=r"^the quantised sum at \[0, 0\] is 2258060000, expected an int32"):
        quantised(source, a, w, "symmetric")
    assert quantised(source, a[:, : k - 10_000], w[: k - 10_000], "symmetric").a.size == 130_000


def test_a_bias_of_float32():
    bias = operands.float32_bias(read.Source("BIAS", "0.1"), 3)
    assert (bias.dtype, bias.shape, bias.item()) == (np.float32, (), np.float32(0.1))
    with pytest.raises(InputError, match="^BIAS=-3.5e38: -3.5e[+]38 overflows float32"):
        operands.float32_bias(read.Source("BIAS", "-3.5e38"), 3)
