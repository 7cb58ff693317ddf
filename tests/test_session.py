# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""A session on the RTL: what it shows and records of a comparison, independent of the problem sheet."""

import contextlib

import numpy as np
import pytest

from macrame.contract import CoreConfig
from macrame.golden.gemm import gemm
from macrame.verify.compare import counted, differing
from macrame.verify.session import Session


class Recorder:
    """A display that records its input."""

    def __init__(self):
        self.lines = []

    @contextlib.contextmanager
    def progress(self, what, total=None):
        self.lines.append(what)
        yield lambda done: None

    def write(self, block):
        self.lines += [str(block.text), *map(str, block.differences)]


@pytest.fixture
def session():
    """A session with a small core, not started."""
    session = Session(CoreConfig(2, 3, 2), Recorder(), "session")
    yield session
    session.close()


def test_many_mismatches_are_cut_short(session):
    check = session.compare("all of it", np.zeros((5, 6), np.int8), np.ones((5, 6), np.int8))
    lines = session.display.lines
    assert len(check.mismatches) == differing(session.checks) == 30
    assert lines[0] == "MISMATCH in all of it: 30 of 30 numbers differ from the golden model"
    assert sum("expected 1, got 0" in line for line in lines) == 10
    assert lines[-1] == "  and 20 more"


def test_a_result_of_another_type_is_no_match(session):
    with pytest.raises(AssertionError, match="int32"):
        session.compare("x", np.zeros(3, np.int8), np.zeros(3, np.int32))
    assert session.checks == []


def test_a_product_is_compared_and_counted_once(session):
    a, w = np.arange(12, dtype=np.int8).reshape(3, 4), np.arange(20, dtype=np.int8).reshape(4, 5)
    values, report = session.matmul("a product", a, w, gemm(a, w))
    np.testing.assert_array_equal(values, gemm(a, w))
    session.compare("the same again", values, gemm(a, w), again=True)
    assert counted(session.checks) == values.size == 15
    assert session.checks[0].report["cycles"] == report.cycles
    assert session.used == ["2x3x2 core"]
    assert session.display.lines[:2] == [
        "starting the simulated 2x3x2 core",
        "RTL: a product, (3 x 4) . (4 x 5) on the 2x3x2 core",
    ]


def test_nothing_is_simulated_until_it_is_used(session):
    assert session.used == session.checks == session.display.lines == []
