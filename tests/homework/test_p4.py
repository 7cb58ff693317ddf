# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Problem 4: int8 by hand, on any shape of the array, and of a student's own matrices."""

import re

import numpy as np
import pytest

from tests.homework.common import own


def test_problem_4(whole):
    answer = whole.report(4)["answer"]
    assert answer["scale"] == float(np.float32(2.9) / np.float32(127))
    assert answer["integers"] == [[127, 26, -59], [66, 64, -33], [31, 15, 109]]
    assert answer["product"]["int32"] == [[20286, 11993, -2104], [11993, 9541, -591], [-2104, -591, 13067]]
    assert answer["max_error"] == pytest.approx(2.5 - 109 * 2.9 / 127, abs=1e-6)
    assert answer["choices"]["per_row"]["integers"] == [[127, 26, -59], [127, 124, -64], [36, 18, 127]]
    assert answer["choices"]["asymmetric"]["zero_point"] == -47
    assert "⎡ 127 26 -59 ⎤" in whole.out


@pytest.mark.sampled(3)
@pytest.mark.parametrize("shape", ["1x1x1", "3x5x2", "4x4x4"])
def test_problem_4_on_other_shapes(solve, shape):
    rows, cols, depth = shape.split("x")
    code, reports, out, _ = solve(PROBLEM=4, ROWS=rows, COLS=cols, DEPTH=depth)
    assert code == 0
    assert reports["p4.json"]["answer"]["product"]["int32"][2] == [-2104, -591, 13067]
    assert f"{shape} core" in out


def test_own_matrices_replace_the_shipped_ones(solve, tmp_path):
    folder = own(tmp_path, "p4_int8.toml", "matrix = [[1, -2], [0.5, 4]]\ntimes = [[1], [2]]\n")
    code, reports, _, _ = solve(PROBLEM="3,4", HOMEWORK=folder)
    assert code == 0
    assert reports["p4.json"]["answer"]["integers"] == [[32, -64], [16, 127]]
    assert reports["p4.json"]["answer"]["product"]["int32"] == [[32 * 64 - 64 * 127], [16 * 64 + 127 * 127]]
    assert reports["p3.json"]["answer"]["answer"] == 256_000  # not there, so the shipped one


@pytest.mark.sampled(2)
@pytest.mark.parametrize("size", ["1e-12", "1e12"])
def test_errors_of_tiny_and_huge_numbers_are_shown(solve, tmp_path, size):
    folder = own(tmp_path, "p4_int8.toml", f'matrix = [[{size}, 0.3e{size[2:]}]]\ntimes = "transposed"\n')
    code, _, out, _ = solve(PROBLEM=4, HOMEWORK=folder)
    assert code == 0
    assert "0.000000 " not in out
    assert not re.search(r"\d{14}", out)
