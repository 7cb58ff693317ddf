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

ANSWERS = json.loads((paths.ROOT / "tests" / "oracles" / "tflm_operators.json").read_text())["answers"]
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
