# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The digits that the problems train on: scikit-learn's file and its split, bit for bit.

The sums were taken of scikit-learn 1.9.1, of `load_digits` and `train_test_split`.
"""

import hashlib

import numpy as np
import pytest

from macrame.homework import digits


def test_the_file_is_that_of_scikit_learn():
    assert hashlib.sha256(digits.DATA.read_bytes()).hexdigest() == (
        "09f66e6debdee2cd2b5ae59e0d6abbb73fc2b0e0185d2e1957e9ebb51e23aa22"
    )


@pytest.mark.parametrize(
    ("fraction", "split_seed", "digest"),
    [
        (0.3, 0, "65faf670c7aa0b01108e3725f22bfbb6fca7d601a3e3d0760b8da27775afa237"),
        (0.5, 7, "7785b139042ffe8d1274c3cbb64974f597407a8f37ed21fc9901648e62e6709e"),
    ],
)
def test_the_split_is_that_of_scikit_learn(fraction, split_seed, digest):
    sides = digits.load(fraction, split_seed)
    found = hashlib.sha256()
    for x, labels in sides:
        found.update(x.tobytes())
        found.update(labels.tobytes())
    assert found.hexdigest() == digest
    assert sum(len(labels) for _, labels in sides) == digits.PICTURES


def test_pixels_are_exact_in_bfloat16():
    (x, labels), _ = digits.load(0.3, 0)
    assert (x.dtype, labels.dtype) == (np.float64, np.int64)
    assert set(np.unique(x * 16)) == set(range(17))
    assert set(np.unique(labels)) == set(range(digits.CLASSES))
