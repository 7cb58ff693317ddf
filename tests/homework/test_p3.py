# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Problem 3: samples, mini-batches, epochs and updates."""

import pytest

from macrame.golden.nn.batches import minibatches
from tests.homework.common import own


def test_problem_3(whole):
    assert whole.report(3)["answer"]["answer"] == 256_000
    assert "Answer: 256,000 training samples." in whole.out
    assert sum(1 for _ in minibatches(256_000, 512)) * 20 == 10_000


@pytest.mark.parametrize(
    ("given", "answer"),
    [
        ("updates = 12\nepochs = 3\nsamples = 16", 4),
        ("updates = 12\nbatch_size = 4\nsamples = 15", 3),
        ("epochs = 3\nbatch_size = 4\nsamples = 15", 12),
    ],
)
def test_any_one_of_four_is_solved(solve, tmp_path, given, answer):
    folder = own(tmp_path, "p3_batches.toml", f'{given}\nleftover = "smaller"\n')
    code, reports, _, _ = solve(PROBLEM=3, HOMEWORK=folder)
    assert code == 0
    assert reports["p3.json"]["answer"]["answer"] == answer
