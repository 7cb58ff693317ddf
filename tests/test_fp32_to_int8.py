# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""fp32_to_int8 in golden: against NumPy's float64 and its plain form."""

import numpy as np
import pytest

from macrame.golden.arith.fp32_to_int8 import fp32_to_int8, fp32_to_int8_plain
from tb.lib import stimuli


def test_golden_equals_float64(seed):
    """The product of two float32 is exact in float64; rounded there to float32 it is the float32 product."""
    columns = stimuli.quantiser(np.random.default_rng(seed))
    x, inv, zero = columns.values()
    with np.errstate(all="ignore"):
        y = np.rint((x.astype(np.float64) * inv.astype(np.float64)).astype(np.float32).astype(np.float64))
    expected = np.clip(np.nan_to_num(y, nan=0, posinf=1e6, neginf=-1e6) + zero, -128, 127)
    np.testing.assert_array_equal(fp32_to_int8(**columns), expected)


def test_vectorised_equals_plain(seed):
    columns = {k: c[:20_000] for k, c in stimuli.quantiser(np.random.default_rng(seed)).items()}
    plain = [fp32_to_int8_plain(x, inv, int(zero)) for x, inv, zero in zip(*columns.values())]
    np.testing.assert_array_equal(fp32_to_int8(**columns), plain)


@pytest.mark.parametrize(
    ("x", "inv_scale", "zero_point", "expected"),
    [
        (0.5, 1, 0, 0),
        (1.5, 1, 0, 2),
        (-2.5, 1, 0, -2),
        (127.5, 1, 0, 127),
        (-128.5, 1, 0, -128),
        (200, 1, -100, 100),  # saturated after the zero point, not before
        (np.inf, 1, -128, 127),
        (-np.inf, 1, 127, -128),
        (np.nan, 1, -7, -7),
        (np.inf, 0, 9, 9),
        (0, np.inf, 9, 9),
        (1e-45, 3e38, 3, 3),
        (1e-40, 2.0**127, 0, 0),
        (1e-38, 2.0**127, 0, 2),
        (np.inf, 1e-45, 0, 127),
    ],
)
def test_by_hand(x, inv_scale, zero_point, expected):
    assert fp32_to_int8(x, inv_scale, zero_point) == expected
