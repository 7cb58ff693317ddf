# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The converters in golden: against ml_dtypes and their plain form."""

import ml_dtypes
import numpy as np
import pytest

from macrame.golden.arith.bf16_to_fp32 import bf16_to_fp32, bf16_to_fp32_plain
from macrame.golden.arith.fp32_to_bf16 import fp32_to_bf16, fp32_to_bf16_plain

LOWER = np.array([0, 1, 0x7FFF, 0x8000, 0x8001, 0xFFFF], np.uint32)


@pytest.fixture(scope="module")
def x():
    """Every upper half with the lower halves that matter, as float32."""
    return ((np.arange(65536, dtype=np.uint32)[:, None] << np.uint32(16)) | LOWER).ravel().view(np.float32)


def test_widening_equals_ml_dtypes():
    x = np.arange(65536).astype(np.uint16)
    with np.errstate(invalid="ignore"):
        theirs = x.view(ml_dtypes.bfloat16).astype(np.float32)
    ours = bf16_to_fp32(x)
    np.testing.assert_array_equal(ours.view(np.uint32), theirs.view(np.uint32))
    np.testing.assert_array_equal(ours.view(np.uint32), [bf16_to_fp32_plain(int(b)) for b in x])


def test_nearest_even_equals_ml_dtypes(x):
    with np.errstate(invalid="ignore", over="ignore"):
        theirs = x.astype(ml_dtypes.bfloat16).view(np.uint16)
    np.testing.assert_array_equal(fp32_to_bf16(x), theirs)


def test_toward_zero_is_the_largest_not_beyond(x):
    """Without bit patterns: y is a bfloat16, |y| <= |x|, and the next bfloat16 away from zero is beyond x."""
    y = fp32_to_bf16(x, "toward_zero")
    nan = np.isnan(x)
    np.testing.assert_array_equal(y[nan], np.where(np.signbit(x[nan]), 0xFFC0, 0x7FC0))
    size, kept = np.abs(x[~nan]), np.abs(bf16_to_fp32(y[~nan]))
    above = bf16_to_fp32((y[~nan] & 0x7FFF) + (kept < np.inf))
    assert (kept <= size).all()
    assert ((size < above) | np.isinf(size)).all()
    np.testing.assert_array_equal(y >> 15, np.signbit(x))


@pytest.mark.parametrize("rounding", ["even", "toward_zero", "stochastic", 3])
def test_vectorised_equals_plain(x, rounding, seed):
    rng = np.random.default_rng(seed)
    some = x[rng.integers(0, x.size, 20_000)]
    random = rng.integers(0, 65536, some.size).astype(np.uint16)
    random[::3] = some[::3].view(np.uint32) & 0xFFFF
    plain = [fp32_to_bf16_plain(int(b), rounding, int(r)) for b, r in zip(some.view(np.uint32), random)]
    np.testing.assert_array_equal(fp32_to_bf16(some, rounding, random), plain)


def test_stochastic_is_unbiased_by_counting():
    random = np.arange(65536).astype(np.uint16)
    for low in (0, 1, 0x1234, 0x8000, 0xFFFF):
        ups = fp32_to_bf16(np.full(65536, 0x3F800000 | low, np.uint32), "stochastic", random) == 0x3F81
        assert ups.sum() == low


@pytest.mark.parametrize(
    ("bits", "even", "toward_zero"),
    [
        (0x3F808000, 0x3F80, 0x3F80),
        (0x3F818000, 0x3F82, 0x3F81),  # ties, both parities
        (0x007FFFFF, 0x0080, 0x007F),  # largest subnormal, up into the normals
        (0x7F7FFFFF, 0x7F80, 0x7F7F),
        (0xFF7FFFFF, 0xFF80, 0xFF7F),  # overflow
        (0x7F800001, 0x7FC0, 0x7FC0),
        (0xFFFFFFFF, 0xFFC0, 0xFFC0),  # NaNs: payload in the low half, all ones
        (0x80000000, 0x8000, 0x8000),
    ],
)
def test_by_hand(bits, even, toward_zero):
    assert fp32_to_bf16(np.uint32(bits)) == even
    assert fp32_to_bf16(np.uint32(bits), "toward_zero") == toward_zero


def test_unknown_rounding_is_refused():
    for bad in ("up", 4, -1):
        with pytest.raises(ValueError, match="rounding is"):
            fp32_to_bf16(np.float32(1), bad)
