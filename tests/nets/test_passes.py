# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Operators as passes of the elementwise unit: by its golden model for all cases, on the RTL for some."""

import numpy as np
import pytest

from macrame.golden.elementwise import Scaling
from macrame.golden.elementwise import elementwise as computed
from macrame.host.elementwise import ElementwiseUnit
from macrame.nets import elementwise, operators, run
from macrame.sim.link import ElementwiseSimLink
from tests.nets import cases

ON_THE_UNIT = {
    *("add", "sub", "mul", "maximum", "minimum", "max_pool"),
    *("quantize", "relu", "relu6", "leaky_relu", "logistic", "tanh", "hard_swish"),
}


class Model:
    """The unit, by its golden model."""

    lanes, sent = 4, [("table", 1)]

    def run(self, rule, x, y=None):
        scaling = Scaling(rule.multiplier, rule.right, rule.zero_point, rule.clamp_low, rule.clamp_high)
        return computed(rule.op, x, y, rule.table_a, rule.table_b, scaling), self

    cycles = 18


def given_cases():
    """Operators of every kind that the unit computes."""
    yield from cases.pairs(8)
    yield from cases.unary(20)
    yield from (case for case in cases.pools(30) if case[0].startswith("max_pool"))


def test_every_operator_is_computed():
    seen = set()
    for name, graph, inputs in given_cases():
        (op,) = graph.ops
        passes = elementwise.lower(graph, op)
        if passes is None:
            assert name.split("-")[0] in ("quantize_float", "dequantize")
            continue
        (expected,) = operators.evaluate(graph, op, inputs)
        found, _, _ = elementwise.run(Model(), 32, graph, op, passes, inputs)
        np.testing.assert_array_equal(found, expected, err_msg=name)
        seen.add(op.kind)
    assert seen == ON_THE_UNIT


def test_operands_are_broadcast():
    tensors = [
        cases.int8("a", (1, 3, 2, 4), 0.5, 3),
        cases.int8("b", (4,), 0.25, -7),
        cases.int8("y", (1, 3, 2, 4), 0.6, 1),
    ]
    graph = cases.one("add", tensors, 2, activation="none")
    draw = cases.Draw(3)
    inputs = [draw.values(1, 3, 2, 4), draw.values(4)]
    (expected,) = operators.evaluate(graph, graph.ops[0], inputs)
    passes = elementwise.lower(graph, graph.ops[0])
    found, _, _ = elementwise.run(Model(), 32, graph, graph.ops[0], passes, inputs)
    np.testing.assert_array_equal(found, expected)


def test_what_the_unit_cannot_compute_is_left_to_the_host():
    """A product with a factor that its tables do not hold; and no unit at all."""
    tensors = [
        cases.int8("a", (1, 4), 4096.0, 0),
        cases.int8("b", (1, 4), 4.0, 0),
        cases.int8("y", (1, 4), 1.0, 0),
    ]
    graph = cases.one("mul", tensors, 2, activation="none")
    assert elementwise.lower(graph, graph.ops[0]) == elementwise.Unsuitable("its factor is 16,384 or more")
    _, graph, inputs = next(cases.pairs(1))
    (layer,), _ = run.Network(graph, run.CoreConfig()).run(inputs, run.CoreBackend(None))
    assert layer.where == run.HOST


@pytest.mark.parametrize("lanes", [1, 3])
def test_on_the_rtl(lanes):
    """Every value matches the golden model, and every count of cycles the prediction."""
    chosen, rng = {}, np.random.default_rng(lanes)
    for _, graph, inputs in given_cases():
        if elementwise.lower(graph, graph.ops[0]):
            chosen.setdefault(graph.ops[0].kind, []).append((graph, inputs))
    with ElementwiseSimLink(lanes, name=f"nets-passes-{lanes}") as link:
        unit = ElementwiseUnit(link)
        backend = run.CoreBackend(None, lambda: unit)
        for kind, some in chosen.items():
            for graph, inputs in some[:2]:
                if kind in ("add", "sub", "mul", "maximum", "minimum"):  # some of all pairs
                    picked = rng.choice(65536, 500, replace=False)
                    tensors = tuple(
                        cases.int8(t.name, (1, 500), t.scale[0], int(t.zero_point[0])) for t in graph.tensors
                    )
                    graph = run.Graph(
                        graph.name, graph.runtime, tensors, graph.ops, graph.inputs, graph.outputs
                    )
                    inputs = [values[:, picked] for values in inputs]
                (layer,), _ = run.Network(graph, run.CoreConfig()).run(inputs, backend)
                assert layer.where == run.ELEMENTWISE
                assert layer.golden is None
                assert layer.cycles == layer.predicted, kind
    assert set(chosen) == ON_THE_UNIT
