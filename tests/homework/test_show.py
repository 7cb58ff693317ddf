# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The layout of answers: matrices, equations, progress."""

import numpy as np
import pytest

from macrame.homework.show import Matrix, Show, formatter


@pytest.mark.parametrize(
    ("values", "written"),
    [
        ([1.0, -2.5], ["1.0", "-2.5"]),
        ([0.125, 100.0], ["0.1", "100.0"]),
        ([-1e-9, 1.5], ["0.0", "1.5"]),
        ([1e-7, 0.0], ["1.000e-07", "0.000e+00"]),
        ([0.0], ["0.0"]),
        ([np.nan, 1.0], ["nan", "1.0"]),
    ],
)
def test_numbers_of_a_matrix_share_their_decimals(values, written):
    values = np.array(values)
    text = formatter(values)
    assert [text(v) for v in values] == written


@pytest.mark.parametrize(
    ("top", "written"), [(1.0, "1.000000"), (1e-20, "1.000e-20"), (1e25, "1.000e+25"), (0.0, "0.000000")]
)
def test_fixed_decimals_give_way_to_an_exponent(top, written):
    assert formatter(np.array([top, 0.0]), 6)(top) == written


def test_long_equations_are_broken_before_an_operator(capsys):
    wide = np.full((3, 12), -1.2345)
    Show().equation(Matrix("A", wide), "+", Matrix("B", wide), "=", Matrix("C", 2 * wide))
    out = capsys.readouterr().out
    assert all(len(line) <= 110 for line in out.splitlines())
    assert sum(line.lstrip().startswith(("+", "=")) for line in out.splitlines()) == 2


def test_a_log_hears_of_long_work_now_and_then(capsys, monkeypatch):
    clock = iter([0.0, 0.0, 1.0, 6.0, 7.0, 12.0, 13.0])
    monkeypatch.setattr("macrame.homework.show.time.monotonic", lambda: next(clock))
    with Show().progress("training", 30) as tick:
        for done in (3, 10, 12, 20):
            tick(done)
    assert capsys.readouterr().out.splitlines() == [
        "  training: 10 of 30, about 12 s left",
        "  training: 20 of 30, about 6 s left",
        "  training: 13.0 s",
    ]


def test_large_matrices_are_shown_by_their_edges(capsys):
    Show().equation(Matrix("A", np.arange(64 * 64).reshape(64, 64)))
    out = capsys.readouterr().out
    assert "4095" in out
    assert "..." in out
    assert len(out.splitlines()) < 20
