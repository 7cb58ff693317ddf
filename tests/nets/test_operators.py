# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""golden/quantized against stored answers of TFLite Micro: tests/nets/cases.py has the networks."""

import functools
import hashlib
import json

import numpy as np
import pytest

from macrame import paths
from macrame.nets import operators
from tests.nets import cases

STORED = json.loads((paths.ROOT / "tests" / "oracles" / "tflm_operators.json").read_text())
ANSWERS = STORED["answers"]
KINDS = sorted({name.rsplit("-", 1)[0] for name in ANSWERS})


@functools.cache
def by_kind():
    """The cases of each kind. They take seconds to draw: not while tests are collected."""
    found = {kind: [] for kind in KINDS}
    for case in cases.every():
        found.setdefault(case[0].rsplit("-", 1)[0], []).append(case)
    return found


def digest(values):
    """The hash that is stored."""
    return hashlib.sha256(np.ascontiguousarray(values).tobytes()).hexdigest()[:16]


def test_every_answer_has_its_case():
    assert {name for group in by_kind().values() for name, _, _ in group} == set(ANSWERS)
    assert len(ANSWERS) > 3000


def float64_softmax(x, scale):
    """Softmax of int8 rows in float64, rounded to the output's grid."""
    reals = np.exp((x.astype(np.float64) - x.max(axis=-1, keepdims=True)) * np.float64(scale))
    return np.clip(np.rint(reals / reals.sum(axis=-1, keepdims=True) * 256) - 128, -128, 127).astype(np.int8)


def rows_unlike_float64(given):
    """How many rows of these networks float64 gets wrong, of how many."""
    wrong = total = 0
    for _, graph, (x,) in given:
        (found,) = operators.evaluate(graph, graph.ops[0], [x])
        wrong += (found != float64_softmax(x, graph.tensors[0].scale[0])).any(axis=-1).sum()
        total += len(x)
    return int(wrong), total


def test_float64_is_no_substitute_for_softmax():
    """The stored answers include rows that it gets wrong, one in ten thousand or so."""
    wrong, total = rows_unlike_float64([*by_kind()["softmax"], *cases.many_rows(1)])
    assert 5 <= wrong < total / 1000


def test_many_rows_of_softmax_first():
    """One of the networks of the nightly test."""
    check_rows(cases.many_rows(1))


@pytest.mark.nightly
def test_a_million_rows_of_softmax():
    """By the hashes of TFLite Micro's answers."""
    assert sum(len(x) for _, _, (x,) in cases.many_rows()) == 1_000_000
    assert check_rows(cases.many_rows()) == list(STORED["rows"])
    wrong, _ = rows_unlike_float64(cases.many_rows())
    assert wrong > 20


def check_rows(given):
    """Compare these networks of many rows with the runtime; returns their names."""
    checked = []
    for name, graph, inputs in given:
        (found,) = operators.evaluate(graph, graph.ops[0], inputs)
        assert digest(found) == STORED["rows"][name], name
        checked.append(name)
    return checked


@pytest.mark.parametrize("kind", KINDS)
def test_golden_equals_the_runtime(kind):
    wrong = []
    for name, graph, inputs in by_kind()[kind]:
        tensors = [tensor.data for tensor in graph.tensors]
        given = [*inputs, *tensors[len(inputs) : -1]]
        (found,) = operators.evaluate(graph, graph.ops[0], given)
        assert found.dtype == graph.tensors[-1].dtype
        if digest(found) != ANSWERS[name]:
            wrong.append(name)
    assert not wrong, f"{len(wrong)} of {len(by_kind()[kind])} differ: {wrong[:5]}"
