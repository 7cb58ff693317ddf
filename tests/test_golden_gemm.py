# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""macrame.golden.gemm: BLAS in chunks against the triple loop and NumPy's integers; wrapping; a whole
layer."""

import numpy as np
import pytest

from macrame.golden.arith.requantize import quantize_multiplier, requantize_plain, scale_bits, wrap32
from macrame.golden.gemm import CHUNK, add_bias, gemm, gemm_plain, layer


def draw(rng, *shape):
    return rng.integers(-128, 128, shape).astype(np.int8)


@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 7, 2), (5, 40, 4), (1, 0, 3), (0, 4, 2), (2, 600, 3)])
def test_equals_the_plain_loop(shape, seed):
    m, k, n = shape
    rng = np.random.default_rng(seed)
    a, w = draw(rng, m, k), draw(rng, k, n)
    result = gemm(a, w)
    assert result.dtype == np.int32
    np.testing.assert_array_equal(result, gemm_plain(a, w))


@pytest.mark.parametrize("k", [1, CHUNK - 1, CHUNK, CHUNK + 1, 5 * CHUNK + 3])
def test_equals_int64(k, seed):
    rng = np.random.default_rng(seed)
    a, w = draw(rng, 17, k), draw(rng, k, 23)
    np.testing.assert_array_equal(gemm(a, w), a.astype(np.int64) @ w.astype(np.int64))


def test_largest_chunk_is_exact():
    """1024 times (-128)^2 is 2^24, beyond which float32 leaves gaps. 127^2 makes odd sums near it."""
    for value in (-128, 127):
        a, w = np.full((2, 2 * CHUNK), value, np.int8), np.full((2 * CHUNK, 2), value, np.int8)
        a[1, 0] = 1
        np.testing.assert_array_equal(gemm(a, w), a.astype(np.int64) @ w.astype(np.int64))


def test_largest_k_without_overflow_and_the_first_with():
    for k, expected in ((131_071, 131_071 * 2**14), (131_072, -(2**31))):
        assert gemm(np.full((1, k), -128, np.int8), np.full((k, 1), -128, np.int8))[0, 0] == expected


@pytest.mark.parametrize("mode", ["raw", "gemmlowp", "ruy", "fp32"])
def test_no_k_leaves_the_bias(mode):
    a, w, bias = np.zeros((3, 0), np.int8), np.zeros((0, 2), np.int8), [2**30 - 1, -9]
    for function in (gemm, gemm_plain):
        result = function(a, w)
        assert result.dtype == np.int32
        assert result.tolist() == [[0, 0]] * 3
    multiplier = scale_bits(1.0) if mode == "fp32" else 2**30
    expected = bias if mode == "raw" else [127, -9]
    assert layer(a, w, bias, multiplier, mode=mode).tolist() == [expected] * 3


def test_a_bias_of_floats_is_not_truncated():
    with pytest.raises(ValueError, match=r"^bias has dtype float64, expected integers$"):
        add_bias([[1, 2]], [0.5, 1])
    with pytest.raises(ValueError, match=r"^acc has dtype float64, expected integers$"):
        add_bias([[1.0, 2]], [1, 1])


def test_bias_wraps():
    np.testing.assert_array_equal(add_bias([[2**31 - 1, -5]], [1, -(2**31)]), [[-(2**31), 2**31 - 5]])


@pytest.mark.parametrize("mode", ["raw", "gemmlowp", "ruy", "fp32"])
def test_layer_is_loop_bias_and_requantisation_by_column(mode, seed):
    rng = np.random.default_rng(seed)
    a, w = draw(rng, 6, 50), draw(rng, 50, 5)
    bias = rng.integers(-(2**20), 2**20, 5)
    scale = rng.uniform(1e-4, 1e-3, 5)
    m, s = (scale_bits(scale), np.zeros(5, np.int8)) if mode == "fp32" else quantize_multiplier(scale)
    zero, low, high = np.array([-128, -3, 0, 5, 127]), np.array([-128, -3, 0, -20, -128]), np.full(5, 100)
    expected = [
        [
            requantize_plain(wrap32(int(acc) + int(bias[j])), m[j], s[j], zero[j], low[j], high[j], mode)
            for j, acc in enumerate(row)
        ]
        for row in gemm_plain(a, w)
    ]
    result = layer(a, w, bias, m, s, zero, low, high, mode)
    assert result.dtype == (np.int32 if mode == "raw" else np.int8)
    np.testing.assert_array_equal(result, expected)


@pytest.mark.parametrize(
    ("a", "w", "says"),
    [
        (np.zeros((2, 2)), np.zeros((2, 2), np.int8), "a has dtype float64, expected int8"),
        (np.zeros((2, 2), np.int8), np.zeros((2, 2), np.int16), "w has dtype int16"),
        (np.zeros(2, np.int8), np.zeros((2, 2), np.int8), r"a has shape \(2,\), expected two dimensions"),
        (np.zeros((2, 3), np.int8), np.zeros((2, 2), np.int8), "expected as many rows of w as columns of a"),
    ],
)
def test_bad_operands_are_named(a, w, says):
    for multiply in (gemm, gemm_plain):
        with pytest.raises(ValueError, match=says):
            multiply(a, w)
