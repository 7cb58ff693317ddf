# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Operators as passes of the elementwise unit: by its golden model for all cases, on the RTL for some."""

from dataclasses import replace

import numpy as np
import pytest

from macrame.contract import CoreConfig
from macrame.golden.elementwise import Scaling
from macrame.golden.elementwise import elementwise as computed
from macrame.host.elementwise import ElementwiseUnit
from macrame.nets import command, elementwise, onnx_reader, operators, run, two_tables
from macrame.sim.link import ElementwiseSimLink
from tests.nets import cases, onnx_cases
from tests.nets.test_onnx import DIGESTS

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


# --- ONNX Runtime's rules -----------------------------------------------------------------------------------

ONNX_KINDS = {*operators.PAIRS, "max_pool", *operators.UNARY} - {"relu", "relu6"}


def onnx_graphs():
    """Single operators of ONNX on bytes, with their inputs in the graph's order."""
    for name, model, given in onnx_cases.operators():
        graph = onnx_reader.parse(name, model)
        inputs = [graph.tensors[i].from_file(values) for i, values in zip(graph.inputs, given)]
        kind, seed = graph.ops[0].kind, int(name.split("-")[1])
        if (
            kind in ONNX_KINDS
            and inputs[0].dtype != np.float32
            and (kind not in operators.PAIRS or seed < 18)
        ):
            yield name, graph, inputs


def test_onnx_operators_equal_the_runtime():
    """The stored answers again, by the unit; only ties of simple ratios are left to the host."""
    counted = {}
    for name, graph, inputs in onnx_graphs():
        (op, *others) = graph.ops
        passes = elementwise.lower(graph, op)
        here = counted.setdefault(op.kind, [0, 0])
        if isinstance(passes, elementwise.Unsuitable):
            here[1] += 1
            continue
        found, _, _ = elementwise.run(Model(), 32, graph, op, passes, inputs)
        if not others:
            assert onnx_cases.digest(graph.output(op).to_file(found)) == DIGESTS[name], name
        (expected,) = operators.evaluate(graph, op, inputs)
        np.testing.assert_array_equal(found, expected, err_msg=name, strict=True)
        here[0] += 1
    assert set(counted) == ONNX_KINDS
    refused = {kind: here for kind, here in counted.items() if here[1]}
    assert refused == {"add": [13, 5], "sub": [9, 9], "mul": [17, 19]}


def onnx_pair(kind, dtype, scales, zeros):
    """A graph of one sum, difference or product on all pairs of bytes, and its inputs."""
    limits = np.iinfo(dtype)
    every = np.arange(limits.min, limits.max + 1).astype(dtype)
    inputs = [np.repeat(every, 256), np.tile(every, 256)]
    tensors = tuple(
        run.operators.Tensor(name, (65536,), np.dtype(dtype), np.array([scale], np.float32), np.array([zero]))
        for name, scale, zero in zip("aby", scales, zeros)
    )
    op = run.Op(kind, kind, (0, 1), (2,), {"activation": "none"})
    return run.Graph(kind, "onnxruntime", tensors, (op,), (0, 1), (2,)), inputs


@pytest.mark.parametrize("dtype", ["int8", "uint8"])
@pytest.mark.parametrize("kind", operators.PAIRS)
def test_scales_of_trained_networks(kind, dtype):
    """All pairs for scales without simple ratios: results near ties, where float32 decides."""
    rng = np.random.default_rng(7)
    limits = np.iinfo(dtype)
    suitable = nearest = 0
    for _ in range(12):
        sa, sb = rng.uniform(0.01, 0.2, 2)
        so = sa * sb * rng.uniform(20, 200) if kind == "mul" else max(sa, sb) * rng.uniform(0.5, 3)
        zeros = rng.integers(limits.min, limits.max + 1, 3)
        graph, inputs = onnx_pair(kind, dtype, (sa, sb, so), zeros)
        (op,) = graph.ops
        passes = elementwise.lower(graph, op)
        if isinstance(passes, elementwise.Unsuitable):
            continue
        (expected,) = operators.evaluate(graph, op, inputs)
        found, _, _ = elementwise.run(Model(), 32, graph, op, passes, inputs)
        np.testing.assert_array_equal(found, expected, strict=True)
        suitable += 1
        nearest += len(np.unique(expected)) > 100
    assert suitable >= 11
    assert nearest >= 8


def test_ties_contradict_each_other():
    """Halves to even: four sums go down and four go up, with the same eight entries on both sides."""
    graph, _ = onnx_pair("add", "int8", (0.5, 0.5, 1.0), (0, 0, 0))
    wanted = operators.pairs_of(graph, graph.ops[0]).astype(np.int64)
    down, up = ((0, 1), (1, 0), (2, 3), (3, 2)), ((0, 3), (1, 2), (2, 1), (3, 0))
    assert all(2 * wanted[128 + i, 128 + j] < i + j for i, j in down)
    assert all(2 * wanted[128 + i, 128 + j] > i + j for i, j in up)
    for part in range(2):
        assert sorted(pair[part] for pair in down) == sorted(pair[part] for pair in up)
    assert elementwise.lower(graph, graph.ops[0]) == elementwise.Unsuitable(
        "no two tables round all sums of two bytes as ONNX Runtime does"
    )
    graph, _ = onnx_pair("mul", "int8", (0.5, 0.5, 1.0), (0, 0, 0))
    assert elementwise.lower(graph, graph.ops[0]) == elementwise.Unsuitable(
        "no factor of the unit rounds all products of two bytes as ONNX Runtime does"
    )


def test_tables_are_found_if_there_are_any():
    """Results that random tables made, from starting points that give others."""
    rng = np.random.default_rng(5)
    for _ in range(5):
        x, y = rng.uniform(-100, 100, (2, 256))
        wanted = np.clip(np.rint(np.add.outer(x, y)), -128, 127).astype(np.int8)
        rule = two_tables.addition(wanted, x + rng.uniform(-3, 3, 256), y + rng.uniform(-3, 3, 256))
        assert rule is not None
        assert two_tables.agrees(rule, wanted)


@pytest.mark.parametrize("factor", [2.0**-40, 2.0**-20, 0.00412, 0.7071, 3.317, 255.0, 2.0**13])
def test_factors_of_every_size(factor):
    product = np.multiply.outer(np.arange(256) - 100, np.arange(256) - 37)
    wanted = np.clip(np.rint(product * factor) + 5, -128, 127).astype(np.int8)
    rule = two_tables.multiplication(wanted, 100, 37, factor, 5)
    assert rule is not None
    assert two_tables.agrees(rule, wanted)
    for x in (3, 100):  # 100 stands for 0
        wrong = wanted.copy()
        wrong[x, 4] ^= 64
        assert two_tables.multiplication(wrong, 100, 37, factor, 5) is None


def test_the_report_says_why():
    """An operator that the unit does not compute runs on the host, with the reason."""
    graph, inputs = onnx_pair("add", "uint8", (0.5, 0.5, 1.0), (3, 4, 5))
    network = run.Network(graph, CoreConfig())
    (layer,), _ = network.run(inputs, run.CoreBackend(None, lambda: None))
    assert layer.where == run.HOST
    (reason,) = command.remarks(0, layer)
    assert str(reason.text).startswith(f"0 {layer.name} on the host: no two tables round all sums")


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


@pytest.mark.sampled(3)
@pytest.mark.parametrize(("runtime", "lanes"), [("tflm", 1), ("tflm", 3), ("onnxruntime", 4)])
def test_on_the_rtl(runtime, lanes):
    """Every value matches the golden model, and every count of cycles the prediction."""
    chosen, rng = {}, np.random.default_rng(lanes)
    for _, graph, inputs in given_cases() if runtime == "tflm" else suitable_onnx_graphs():
        some = chosen.setdefault(graph.ops[0].kind, [])
        if len(some) < 2 and isinstance(elementwise.lower(graph, graph.ops[0]), elementwise.Passes):
            some.append((graph, inputs))
    chosen = {kind: some for kind, some in chosen.items() if some}
    with ElementwiseSimLink(lanes, name=f"nets-passes-{lanes}-{runtime}") as link:
        unit = ElementwiseUnit(link)
        backend = run.CoreBackend(None, lambda: unit)
        for kind, some in chosen.items():
            for graph, inputs in some[:2]:
                if kind in ("add", "sub", "mul", "maximum", "minimum"):  # some of all pairs
                    picked = rng.choice(65536, 500, replace=False)
                    graph = replace(graph, tensors=tuple(replace(t, shape=(1, 500)) for t in graph.tensors))
                    inputs = [values.reshape(1, -1)[:, picked] for values in inputs]
                (layer,), _ = run.Network(graph, run.CoreConfig()).run(inputs, backend)
                assert layer.where == run.ELEMENTWISE
                assert layer.golden is None
                assert layer.cycles == layer.predicted, kind
    assert set(chosen) == (ON_THE_UNIT if runtime == "tflm" else ONNX_KINDS)


def suitable_onnx_graphs():
    """Operators of ONNX that the unit computes, int8 and uint8 of each kind."""
    for _, graph, inputs in onnx_graphs():
        if graph.ops[0].kind != "mul":
            yield "", replace(graph, ops=graph.ops[:1], outputs=graph.ops[0].outputs), inputs
    for dtype in ("int8", "uint8"):
        yield "", *onnx_pair("mul", dtype, (0.0731, 0.0517, 0.2713), (3, 100, 60))
