# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""macrame.golden.gemm_bf16 and macrame.golden.vector_unit: plain against vectorised, and both against exact
fractions.

The second oracle uses no floating point: it computes with fractions, and rounds one to the nearest
of the numbers that float32 has by its definition. What could be wrong: an order of sums that is not that of
k, a product fused with its sum (one rounding instead of two), subnormals flushed, a NaN with another payload,
-0 for +0.
"""

import hashlib
from fractions import Fraction

import numpy as np
import pytest

from macrame.golden.arith.bf16_to_fp32 import bf16_to_fp32
from macrame.golden.arith.fp32_to_bf16 import fp32_to_bf16
from macrame.golden.gemm_bf16 import OUTPUTS, gemm_bf16, gemm_bf16_plain, output_stage
from macrame.golden.vector_unit import OPERATIONS, vector_unit, vector_unit_plain

TOP = Fraction(2**24 - 1) * 2**104
CORNERS = np.array(
    [
        0x0000,
        0x8000,
        0x0001,
        0x8001,
        0x007F,
        0x0080,
        0x3F80,
        0xBF80,
        0x3F81,
        0x7F7F,
        0xFF7F,
        0x7F80,
        0xFF80,
        0x7FC0,
        0xFFC0,
        0x7F81,
        0x2000,
        0x1F80,
        0x5F80,
    ],
    np.uint16,
)


def fraction(bits):
    """Exact value of finite fp32 bits."""
    exponent, significand = bits >> 23 & 0xFF, bits & 0x7FFFFF
    value = Fraction(significand + (2**23 if exponent else 0)) * Fraction(2) ** (max(exponent, 1) - 150)
    return -value if bits >> 31 else value


def nearest(value, zero_sign=0):
    """fp32 bits of a fraction, by the definition of round to nearest even; `zero_sign` for an exact 0."""
    if value == 0:
        return zero_sign << 31
    sign, magnitude = int(value < 0), abs(value)
    exponent = magnitude.numerator.bit_length() - magnitude.denominator.bit_length() - 24  # or one too small
    exponent = max(exponent + (magnitude >= Fraction(2) ** (exponent + 24)), -149)
    units = magnitude / Fraction(2) ** exponent
    whole, rest = divmod(units, 1)
    whole += rest > Fraction(1, 2) or (rest == Fraction(1, 2) and whole % 2)
    rounded = whole * Fraction(2) ** exponent
    if rounded > TOP:
        return sign << 31 | 0x7F800000
    return sign << 31 | int(np.float32(float(rounded)).view(np.uint32))  # exact: float64 holds every float32


def is_nan(bits):
    return bits & 0x7FFFFFFF > 0x7F800000


def is_infinite(bits):
    return bits & 0x7FFFFFFF == 0x7F800000


def exact_product(a, b):
    """fp32 bits of the product of two fp32, special values by their rules."""
    sign = (a ^ b) >> 31
    if is_nan(a) or is_nan(b):
        return 0x7FC00000
    if is_infinite(a) or is_infinite(b):
        return 0x7FC00000 if fraction_is_zero(a) or fraction_is_zero(b) else sign << 31 | 0x7F800000
    product = nearest(fraction(a) * fraction(b), sign)
    return product if product & 0x7FFFFFFF else sign << 31


def fraction_is_zero(bits):
    return bits & 0x7FFFFFFF == 0


def exact_sum(a, b):
    """fp32 bits of the sum of two fp32."""
    if is_nan(a) or is_nan(b) or (is_infinite(a) and is_infinite(b) and a != b):
        return 0x7FC00000
    if is_infinite(a) or is_infinite(b):
        return a if is_infinite(a) else b
    both_minus_zero = a == b == 0x80000000
    return nearest(fraction(a) + fraction(b), int(both_minus_zero))


def exact_gemm(a, w, bias):
    """Products and sums in fractions, one rounding each."""
    out = np.empty((a.shape[0], w.shape[1]), np.uint32)
    for i in range(a.shape[0]):
        for j in range(w.shape[1]):
            acc = 0
            for k in range(a.shape[1]):
                acc = exact_sum(acc, exact_product(int(a[i, k]) << 16, int(w[k, j]) << 16))
            out[i, j] = exact_sum(acc, int(bias[j]))
    return out


def draw(rng, shape, kind):
    """bf16 bits: any pattern, corners, or normal numbers near 1 whose sums really round."""
    if kind == "any":
        return rng.integers(0, 2**16, shape).astype(np.uint16)
    if kind == "corners":
        return rng.choice(CORNERS, shape)
    return fp32_to_bf16(np.ldexp(rng.standard_normal(shape).astype(np.float32), rng.integers(-6, 7, shape)))


@pytest.mark.parametrize("kind", ["any", "corners", "near"])
@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 17, 4), (5, 9, 6)], ids=str)
def test_gemm_is_exact_arithmetic_rounded(kind, shape, seed):
    rng = np.random.default_rng([seed, *shape])
    m, k, n = shape
    a, w = draw(rng, (m, k), kind), draw(rng, (k, n), kind)
    bias = np.where(
        rng.random(n) < 0.5, draw(rng, n, kind).astype(np.uint32) << 16, rng.integers(0, 2**32, n)
    ).astype(np.uint32)
    expected = exact_gemm(a, w, bias)
    np.testing.assert_array_equal(gemm_bf16_plain(a, w, bias), expected)
    np.testing.assert_array_equal(gemm_bf16(a, w, bias), expected)


def test_gemm_keeps_the_order_of_k_and_both_roundings():
    one, big = 0x3F80, 0x4B80  # 1 and 2^24
    a = np.array([[big, one, one], [one, one, big]], np.uint16)
    ones = np.full((3, 1), one, np.uint16)
    assert gemm_bf16(a, ones).ravel().tolist() == [0x4B800000, 0x4B800001]
    # in units of 2^-149: 1 + 1.5, a product that rounds to 2 and so makes 3; fused, 2.5 would round to 2
    x = fp32_to_bf16(np.full((1, 2), 2.0**-74, np.float32))
    y = fp32_to_bf16(np.array([[2.0**-75], [1.5 * 2.0**-75]], np.float32))
    assert gemm_bf16(x, y).ravel().tolist() == [3]


def test_gemm_nan_zero_and_infinity():
    inf, nan, minus_zero, one = 0x7F80, 0xFFC1, 0x8000, 0x3F80

    def product(*pairs):
        a, w = np.array([[p[0] for p in pairs]], np.uint16), np.array([[p[1]] for p in pairs], np.uint16)
        return int(gemm_bf16(a, w)[0, 0])

    assert product((nan, one)) == 0x7FC00000
    assert product((inf, minus_zero)) == 0x7FC00000
    assert product((inf, one), (0xFF80, one)) == 0x7FC00000
    assert product((minus_zero, one)) == 0  # +0 + -0
    assert product((inf, 0xBF80), (one, one)) == 0xFF800000


@pytest.mark.parametrize("function", [gemm_bf16, gemm_bf16_plain])
def test_no_k_leaves_the_bias(function):
    a, w = np.zeros((2, 0), np.uint16), np.zeros((0, 3), np.uint16)
    assert function(a, w).tolist() == [[0] * 3] * 2
    bias = np.array([1.5, -0.0, -2.0], np.float32)  # +0 + -0 is +0
    assert function(a, w, bias).tolist() == [[0x3FC00000, 0, 0xC0000000]] * 2
    assert function(a, w, bias, relu=True, out="even").tolist() == [[0x3FC0, 0, 0]] * 2


@pytest.mark.parametrize("out", OUTPUTS)
@pytest.mark.parametrize("relu", [False, True])
def test_output_stage(out, relu, seed):
    rng = np.random.default_rng(seed)
    bits = np.concatenate([rng.integers(0, 2**32, 500), CORNERS.astype(np.int64) << 16]).astype(np.uint32)
    random = rng.integers(0, 2**16, bits.size)
    got = output_stage(bits.view(np.float32), relu=relu, out=out, random=random)
    for b, r, g in zip(bits.tolist(), random.tolist(), got.tolist()):
        y = 0x7FC00000 if is_nan(b) else 0 if relu and (b >> 31 or b == 0) else b
        low = y & 0xFFFF
        up = {
            "fp32": 0,
            "even": low > 0x8000 or (low == 0x8000 and y >> 16 & 1),
            "toward_zero": 0,
            "stochastic": r < low,
        }[out]
        assert g == (y if out == "fp32" else (y >> 16) + up), hex(b)
    assert got.dtype == (np.uint32 if out == "fp32" else np.uint16)
    np.testing.assert_array_equal(got, output_stage(bits.view(np.float32), None, relu, OUTPUTS[out], random))


def test_gemm_refuses_what_is_no_bfloat16():
    a = np.zeros((2, 3), np.uint16)
    for bad, said in (
        ((a.astype(np.float32), a.T), "a has dtype float32"),
        ((a, a.T[0]), "w has shape"),
        ((a, a), "as many rows of w as columns of a"),
    ):
        with pytest.raises(ValueError, match=said):
            gemm_bf16(*bad)
    for out in ("bf16", 4, True):
        with pytest.raises(ValueError, match="expected one of fp32"):
            gemm_bf16(a, a.T, out=out)
    with pytest.raises(ValueError, match="random is None"):
        gemm_bf16(a, a.T, out="stochastic")
    for bias in (np.zeros(2, np.int32), [1, 2], np.array(True), np.zeros(2, np.uint16)):
        with pytest.raises(
            ValueError, match=r"bias has dtype \w+, expected uint32, the bits of float32, or floats"
        ):
            gemm_bf16(a, a.T, bias)


def test_gemm_hashes_the_same_everywhere():
    """The figure was computed once; a machine where it differs does not compute IEEE 754 as stated."""
    rng = np.random.default_rng(7)  # integers only: no libm in the operands
    a, w = (
        (rng.integers(0x3C00, 0x4200, shape) + 0x8000 * rng.integers(0, 2, shape)).astype(np.uint16)
        for shape in ((40, 300), (300, 50))
    )
    digest = hashlib.sha256(gemm_bf16(a, w).astype("<u4").tobytes()).hexdigest()
    assert digest == "063bdab5823e99c2de32d1608cbc2a03eb9a9c38697cb3de44267fa2be10b4f0"


# --- the vector unit ----------------------------------------------------------------------------------------


def exact_operation(op, a, b, s):
    """fp32 bits of one operation of the vector unit."""
    if op == "mul":
        return exact_product(a, b)
    if op in ("add", "sub", "axpy"):
        return exact_sum(a, {"add": b, "sub": b ^ 2**31, "axpy": exact_product(s, b)}[op])
    if op == "relu_gradient" and (b >> 31 or b == 0 or is_nan(b)):
        return 0
    if is_nan(a):
        return 0x7FC00000
    return 0 if op == "relu" and a >> 31 else a


@pytest.mark.parametrize("op", OPERATIONS)
def test_vector_unit_is_exact_arithmetic_rounded(op, seed):
    rng = np.random.default_rng(seed)
    x, y = (
        np.concatenate(
            [
                rng.integers(0, 2**32, 300),
                rng.choice(CORNERS, 300).astype(np.uint32) << 16,
                rng.integers(0x3E000000, 0x41000000, 300),
            ]
        ).astype(np.uint32)
        for _ in range(2)
    )
    for s in rng.integers(0, 2**32, 3).astype(np.uint32).tolist() + [0xBC23D70A, 0xBF99999A]:
        scalar = np.uint32(s).view(np.float32)
        got = vector_unit(op, x, None if op == "relu" else y, scalar if op == "axpy" else None)
        plain = [vector_unit_plain(op, a, b, scalar) for a, b in zip(x.view(np.float32), y.view(np.float32))]
        np.testing.assert_array_equal(output_stage(np.array(plain)), got)
        for a, b, g in zip(x.tolist(), y.tolist(), got.tolist()):
            assert g == exact_operation(op, a, b, s), (op, hex(a), hex(b), hex(s))


def test_vector_unit_takes_and_gives_bfloat16(seed):
    rng = np.random.default_rng(seed)
    x, y = draw(rng, 200, "any"), rng.integers(0, 2**32, 200).astype(np.uint32)
    for out in OUTPUTS:
        random = rng.integers(0, 2**16, 200)
        wide = vector_unit("add", bf16_to_fp32(x), y.view(np.float32))
        got = vector_unit("add", x, y, out=out, random=random)
        np.testing.assert_array_equal(got, output_stage(wide.view(np.float32), out=out, random=random))


def test_vector_unit_refuses():
    x = np.zeros(3, np.float32)
    for arguments, said in (
        (("div", x, x), "op is 'div'"),
        (("add", x), "y is missing"),
        (("relu", x, x), "y is given"),
        (("axpy", x, x), "s is None"),
        (("add", x, x, 1.0), "s is 1.0"),
        (("add", x, x[:2]), "y has shape"),
        (("add", x.astype(float), x), "x has dtype float64"),
    ):
        with pytest.raises(ValueError, match=said):
            vector_unit(*arguments)
