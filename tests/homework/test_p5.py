# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Problem 5: overfitting and its remedies."""

import numpy as np
import pytest


def test_problem_5(whole):
    answer = whole.report(5)["answer"]
    plain, runs = answer["runs"]["plain"], answer["runs"]
    assert answer["samples"]["train"] == 200
    assert answer["parameters"] == 65 * 256 + 257 * 10
    assert plain["training"][-1] < 0.05  # memorised, including wrong labels
    assert plain["training_accuracy"] == 1
    assert plain["end_validation"] > 1.1 * min(plain["validation"])
    assert runs["dropout"]["end_validation"] < plain["end_validation"]
    assert runs["L2"]["end_training"] > 5 * plain["end_training"]
    assert runs["L2"]["largest_weight"] < plain["largest_weight"]
    stopped = runs["early stopping"]
    assert len(stopped["validation"]) < 80
    assert stopped["end_validation"] == pytest.approx(min(stopped["validation"]))
    folds = answer["cross_validation"]
    assert [len(s["loss"]) for s in folds["settings"]] == [5] * 4
    assert folds["best"] == min(folds["settings"], key=lambda s: np.mean(s["loss"]))["l2"]
