# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Lowering: the products of an operator, in every form, give what the operator gives; on the RTL too."""

import numpy as np
import pytest

from macrame.contract import CoreConfig
from macrame.host import packets, tiling
from macrame.host.core import Core
from macrame.nets import lower, operators, run
from macrame.nets.graph import Graph, Op, Tensor
from macrame.sim.link import SimLink
from tests.nets import cases, small

CONFIGS = [CoreConfig(1, 1, 1, post_lanes=1), CoreConfig(2, 4, 2, k_max=8), CoreConfig(4, 8, 1, post_lanes=8)]
CASES = [*cases.weighted(60), *cases.pools(40)]
PRODUCTS = ("conv", "depthwise", "fully_connected", "average_pool", "mean")


def values_of(graph, inputs):
    """The values of the operator's inputs."""
    return [*inputs, *(tensor.data for tensor in graph.tensors[len(inputs) : -1])]


def computed(jobs, x, out):
    """The results of jobs, by NumPy."""
    for job in jobs:
        a, w = job.matrices(x)
        assert (a.shape[0], a.shape[1], w.shape[1]) == job.sizes
        assert a.dtype == w.dtype == np.int8
        acc = (a.astype(np.int64) - job.layer.input_zero_point) @ w.astype(np.int64)
        job.place(out, job.layer.requantise(acc))
    return out


@pytest.mark.parametrize("config", CONFIGS, ids=str)
def test_every_form_computes_the_operator(config):
    seen = set()
    for name, graph, inputs in CASES:
        (op,) = graph.ops
        (expected,) = operators.evaluate(graph, op, values_of(graph, inputs))
        for form, sizes, make in lower.candidates(graph, op, config):
            jobs = make()
            assert tuple(job.sizes for job in jobs) == sizes, (name, form)
            out = np.full_like(expected, 77)
            np.testing.assert_array_equal(computed(jobs, inputs[0], out), expected, err_msg=f"{name} {form}")
            seen.add((op.kind, form.split()[0].rstrip(",")))
    assert {kind for kind, _ in seen} == set(PRODUCTS)
    assert {("conv", "windows"), ("depthwise", "blocks"), ("mean", "image")} <= seen
    assert {("depthwise", "patches"), ("average_pool", "image")} <= seen or config.cols == 1


@pytest.mark.parametrize("name", small.SMALL)
def test_every_operator_of_the_reader_is_computed(name):
    """Whatever a file may have, the golden model computes, with the shapes and types of the file."""
    graph = small.SMALL[name]
    rng = np.random.default_rng(1)
    inputs = []
    for i in graph.inputs:
        tensor = graph.tensors[i]
        values = rng.integers(0, 256, tensor.shape)
        inputs.append((values / 8 if tensor.dtype == np.float32 else values).astype(tensor.dtype))
    _, values = run.Network(graph, CONFIGS[1]).run(inputs, None)
    for op in graph.ops:
        for i in op.outputs:
            assert (values[i].shape, values[i].dtype) == (graph.tensors[i].shape, graph.tensors[i].dtype)


def test_grouped_convolution():
    """Group by group; cases.weighted has none, since TFLite Micro has no groups."""
    draw = cases.Draw(5)
    w = draw.values(6, 3, 3, 2)
    weights = cases.int8("w", w.shape, 0.02, 0, w)
    x = draw.values(1, 5, 6, 6)
    tensors = [cases.int8("x", x.shape, 0.1, 3), weights, cases.int8("y", (1, 5, 6, 6), 0.3, -4)]
    padding = ((1, 1), (1, 1))
    graph = cases.one(
        "conv", tensors, 1, 1, groups=3, stride=(1, 1), dilation=(1, 1), padding=padding, activation="relu"
    )
    (op,) = graph.ops
    (expected,) = operators.evaluate(graph, op, [x, w])
    acc = np.zeros((1, 5, 6, 6), np.int64)
    padded = np.pad(x.astype(np.int64) - 3, ((0, 0), *padding, (0, 0)))
    for r, c, o, i, j, k in np.ndindex(5, 6, 6, 3, 3, 2):
        acc[0, r, c, o] += padded[0, r + i, c + j, o // 2 * 2 + k] * int(w[o, i, j, k])
    np.testing.assert_array_equal(expected, operators.layer_of(graph, op).requantise(acc))
    lowered = lower.lower(graph, op, CONFIGS[1])
    np.testing.assert_array_equal(computed(lowered.jobs, x, np.empty_like(expected)), expected)


@pytest.mark.parametrize("config", CONFIGS, ids=str)
def test_panels_are_those_that_the_host_sends(config):
    """`predict` sees the packets that `tiling` makes, chained or not."""
    for m, k, n in ((1, 1, 1), (5, 7, 9), (4, 40, 8), (9, 33, 3)):
        a, w = np.zeros((m, k), np.int8), np.zeros((k, n), np.int8)
        batch, _ = tiling.joined([(a, w, packets.records(n))] * 2, 1, config)
        sent = lower.cycles.panels(
            batch.weights.last,
            batch.weights.user,
            batch.activations.last,
            batch.activations.user,
            config.lane_bytes,
        )
        assert sent == lower.panels([(m, k, n)] * 2, config)
        operands = batch.weights.data.size + batch.activations.data.size
        results = len(batch.tiles) * config.rows * config.cols
        assert lower.stream_bytes([(m, k, n)] * 2, config) == operands + results


def test_the_best_form_is_picked():
    """Of all candidates none takes fewer cycles."""
    config = CONFIGS[2]
    for name, graph, _ in CASES[:60]:
        (op,) = graph.ops
        lowered = lower.lower(graph, op, config)
        if lowered is None:
            assert op.kind == "max_pool"
            continue
        least = min(lower.predict(sizes, config) for _, sizes, _ in lower.candidates(graph, op, config))
        assert lowered.cycles <= 1.02 * least, name


@pytest.mark.parametrize(
    "config", [CoreConfig(2, 4, 2, k_max=64, post_lanes=4), CoreConfig(3, 5, 1, k_max=32)]
)
def test_on_the_rtl(config):
    """Every value matches the golden model, and every count of cycles the prediction."""
    checked = set()
    with SimLink(config, name=f"nets-{config}") as link:
        backend = run.CoreBackend(Core(link))
        for _, graph, inputs in [*cases.weighted(8), *cases.pools(6)]:
            (layer,), _ = run.Network(graph, config).run(inputs, backend)
            assert layer.golden is None
            if layer.where == run.CORE:
                assert layer.cycles == layer.predicted
                checked.add(layer.kind)
    assert checked == set(PRODUCTS)


def test_a_wrong_value_is_found():
    """One bit of a result, and a value that the reference does not have."""
    _, graph, inputs = next(case for case in cases.weighted(3) if case[0].startswith("conv"))
    config = CONFIGS[1]

    class Wrong:
        def products(self, lowered, x, out):
            computed(lowered.jobs, x, out)
            out.reshape(-1)[-1] ^= 1
            return run.Report(10, 10, 1, 0, 0, 0, 0, 1, config.macs)

        def elementwise(self, graph, op, passes, values):
            return None

    network = run.Network(graph, config)
    (right,), values = network.run(inputs, None)
    assert right.golden is None
    output = values[graph.outputs[0]]
    reference = output.copy()
    reference.reshape(-1)[0] ^= 3
    (layer,), _ = network.run(inputs, Wrong(), reference={graph.outputs[0]: reference})
    assert (layer.golden.count, layer.golden.of) == (1, output.size)
    assert layer.golden.index == tuple(n - 1 for n in output.shape)
    assert layer.golden.got == layer.golden.expected ^ 1
    assert layer.reference.count == 2 - (output.size == 1)


def weights_of_nine_bits(kind, seed):
    """An operator of ONNX Runtime with uint8 activations, and uint8 weights of any zero point."""
    rng = np.random.default_rng(seed)

    def uint8(name, shape, scale, zero, data=None):
        scales = np.array([scale], np.float32)
        return Tensor(name, shape, np.dtype(np.uint8), scales, np.array([zero]), data=data)

    x = rng.integers(0, 256, (2, 6, 5, 4), dtype=np.uint8)
    shape, out, attributes = {
        "conv": ((6, 3, 2, 2), (2, 5, 4, 6), {"groups": 2}),
        "depthwise": ((1, 3, 2, 8), (2, 5, 4, 8), {"multiplier": 2}),
        "fully_connected": ((7, 120), (2, 7), {}),
    }[kind]
    if kind != "fully_connected":
        attributes |= {"stride": (1, 1), "dilation": (1, 1), "padding": ((0, 1), (0, 0))}
    w = rng.integers(0, 256, shape, dtype=np.uint8)
    w.reshape(-1)[:2] = 0, 255
    zero = [0, 255, 127, 128, int(rng.integers(256))][seed % 5]
    cells = w.size // out[-1]
    tensors = (
        uint8("x", x.shape, 0.05, int(rng.integers(120, 137))),
        uint8("w", shape, 0.05, zero, w),
        uint8("y", out, 0.05**2 * 250 * cells**0.5, 100),
    )
    op = Op(kind, "y", (0, 1, None), (2,), {**attributes, "activation": "none"})
    return Graph("nine bits", "onnxruntime", tensors, (op,), (0,), (2,)), x


@pytest.mark.parametrize("config", CONFIGS, ids=str)
@pytest.mark.parametrize("kind", operators.WEIGHTED)
def test_uint8_and_weights_beyond_int8(kind, config):
    """The products are of int8, and exact."""
    more = set()
    for seed in range(10):
        graph, x = weights_of_nine_bits(kind, seed)
        (op,) = graph.ops
        (expected,) = operators.evaluate(graph, op, [x, graph.tensors[1].data, None])
        assert expected.dtype == np.uint8
        assert len(np.unique(expected)) > 10
        for form, sizes, make in lower.candidates(graph, op, config):
            jobs = make()
            assert tuple(job.sizes for job in jobs) == sizes, form
            found = computed(jobs, x, np.full_like(expected, 77))
            np.testing.assert_array_equal(found, expected, err_msg=f"{kind} {form} {seed}")
            more |= {len(job.again) > 0 for job in jobs}
    assert True in more


@pytest.mark.parametrize("config", [CoreConfig(2, 4, 2, k_max=64, post_lanes=4)])
def test_uint8_on_the_rtl(config):
    """Every value matches the golden model, and every count of cycles the prediction."""
    with SimLink(config, name=f"nets-uint8-{config}") as link:
        backend = run.CoreBackend(Core(link))
        for kind in operators.WEIGHTED:
            graph, x = weights_of_nine_bits(kind, 0)
            (layer,), _ = run.Network(graph, config).run([x], backend)
            assert (layer.where, layer.golden) == (run.CORE, None)
            assert layer.cycles == layer.predicted
