# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Problem 9: fixed rates, momentum and Adam."""

import math

import pytest

from tests.homework.common import own


def test_problem_9(whole):
    answer = whole.report(9)["answer"]
    last = {name: run["loss"][-1] for name, run in answer["runs"].items()}
    assert last["SGD, rate 0.001"] > 0.8 * answer["runs"]["SGD, rate 0.001"]["loss"][0]  # crawls
    assert last["SGD, rate 3"] > math.log(10)  # too large
    assert last["Adam, rate 0.01"] < last["momentum 0.9, rate 0.03"] < last["SGD, rate 0.1"]
    first = answer["first_steps"][0]
    assert first["m"] == pytest.approx(0.1)
    assert first["v"] == pytest.approx(0.001)
    assert first["m_corrected"] == pytest.approx(1)
    assert first["step"] == pytest.approx(-0.1, rel=1e-6)
    assert first["step_uncorrected"] == pytest.approx(-0.1 * 0.1 / math.sqrt(0.001), rel=1e-5)
    assert len(answer["first_steps"]) == 5
    m = v = 0.0
    w = 1.0
    for t, row in enumerate(answer["first_steps"], 1):  # as on paper
        m, v = 0.9 * m + 0.1 * w, 0.999 * v + 0.001 * w * w
        assert (row["w"], row["m"], row["v"]) == pytest.approx((w, m, v))
        w -= 0.1 * (m / (1 - 0.9**t)) / (math.sqrt(v / (1 - 0.999**t)) + 1e-8)
    assert answer["parabola"][3]["w"][:4] == [1, -1.5, 2.25, -3.375]


def test_rates_that_diverge_are_part_of_the_answer(solve, tmp_path):
    folder = own(
        tmp_path, "p9_optimizers.toml", hidden="8", epochs="3", rates="[0.1, 1e6]", adam_rates="[0.01]"
    )
    code, reports, out, _ = solve(PROBLEM=9, HOMEWORK=folder)
    assert code == 0
    run = reports["p9.json"]["answer"]["runs"]["SGD, rate 1e+06"]
    assert run["diverged"] or run["loss"][-1] > math.log(10)
    assert "lowest loss here: Adam" in out
