# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""golden/quantized against stored answers of TFLite Micro: tests/nets/cases.py has the networks."""

import functools
import hashlib
import json

import numpy as np
import pytest

from macrame import paths
from macrame.golden.arith.requantize import quantize_multiplier_plain, requantize_plain
from macrame.nets import operators
from macrame.nets.graph import Graph, Op, Tensor
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


@pytest.mark.parametrize("types", [(np.uint8, np.int8), (np.int8, np.uint8)])
def test_quantize_of_uint8(types):
    """From and to uint8, one value at a time: the same factor, and the limits of the output's type."""
    for seed in range(40):
        draw = cases.Draw(seed)
        kinds = [np.iinfo(dtype) for dtype in types]
        scales = [draw.scale(-9, 2), draw.scale(-9, 2)]
        zeros = [int(draw.rng.integers(kind.min, kind.max + 1)) for kind in kinds]
        tensors = tuple(
            Tensor(name, (256,), np.dtype(dtype), np.array([scale], np.float32), np.array([zero]))
            for name, dtype, scale, zero in zip("xy", types, scales, zeros)
        )
        op = Op("quantize", "y", (0,), (1,), {})
        x = operators.every(tensors[0].dtype)
        (found,) = operators.evaluate(Graph("one", "tflm", tensors, (op,), (0,), (1,)), op, [x])
        factor = quantize_multiplier_plain(float(np.float64(scales[0]) / np.float64(scales[1])))
        limits = int(kinds[1].min), int(kinds[1].max)
        expected = [
            requantize_plain(int(value) - zeros[0], *factor, zeros[1], *limits, "gemmlowp") for value in x
        ]
        np.testing.assert_array_equal(found, np.array(expected, types[1]))


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
