# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""What each operator of a graph computes: its arguments for the formulas of `macrame.golden.quantized`.

`evaluate` computes one operator with the golden model. `layer_of` and `windows_of` give the parts of a
convolution or a fully connected layer that the core needs too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from macrame.errors import InputError
from macrame.golden.arith.requantize import quantize_multiplier
from macrame.golden.quantized import elementwise, layers, onnxruntime, pooling, softmax, unary
from macrame.golden.quantized.grid import Grid
from macrame.golden.quantized.layers import QuantisedLayer
from macrame.golden.quantized.ranges import activation_range
from macrame.golden.quantized.windows import Windows
from macrame.nets.graph import Graph, Op, Tensor

Values = NDArray[Any]

#: Operators with weights.
WEIGHTED = ("conv", "depthwise", "fully_connected")
#: Operators on two tensors that ONNX Runtime computes in float32.
PAIRS = ("add", "sub", "mul")
#: Functions of one value.
UNARY = (
    *("quantize", "relu", "relu6", "leaky_relu", "logistic", "tanh", "hard_swish"),
    *("clip", "hard_sigmoid"),  # of ONNX
)

BYTES = (np.dtype(np.int8), np.dtype(np.uint8))


def grid(tensor: Tensor) -> Grid:
    """Scale and zero point of a tensor that has one of each."""
    assert tensor.scale is not None
    assert tensor.zero_point is not None
    return Grid(float(tensor.scale[0]), int(tensor.zero_point[0]))


def _int8_grid(tensor: Tensor) -> Grid:
    """The grid of a tensor whose uint8 are moved to int8, by 128."""
    found = grid(tensor)
    return found if tensor.dtype == np.int8 else Grid(found.scale, found.zero_point - 128)


def windows_of(graph: Graph, op: Op) -> Windows:
    """The windows of a convolution or of a pooling operator."""
    if op.kind in ("average_pool", "max_pool"):
        kernel, dilation = op.attributes["kernel"], (1, 1)
    else:
        weights = graph.input(op, 1)
        kernel, dilation = weights.shape[1:3], op.attributes["dilation"]
    return Windows(tuple(kernel), op.attributes["stride"], dilation, op.attributes["padding"])


def weights_of(graph: Graph, op: Op) -> NDArray[np.int64]:
    """The weights of an operator, less their zero point."""
    tensor = graph.input(op, 1)
    assert tensor.data is not None
    assert tensor.zero_point is not None
    shape = [1] * len(tensor.shape)
    shape[tensor.axis] = -1
    zero = tensor.zero_point.reshape(shape if len(tensor.zero_point) > 1 else [1] * len(shape))
    return tensor.data.astype(np.int64) - zero


def layer_of(graph: Graph, op: Op) -> QuantisedLayer:
    """Bias, multipliers, zero points and clamp of an operator with weights.

    Parameters
    ----------
    graph : Graph
    op : Op
        One of `WEIGHTED`.

    Returns
    -------
    macrame.golden.quantized.layers.QuantisedLayer
    """
    x, weights, out = graph.input(op), graph.input(op, 1), graph.output(op)
    outputs = out.shape[-1]
    assert weights.scale is not None
    source, target = grid(x), grid(out)
    rule = {"tflm": layers.factors_tflm, "onnxruntime": layers.factors_onnxruntime}[graph.runtime]
    multiplier, shift = (
        np.broadcast_to(part, outputs) for part in rule(source.scale, weights.scale, target.scale)
    )
    bias = None if len(op.inputs) < 3 or op.inputs[2] is None else graph.input(op, 2).data
    low, high = activation_range(op.attributes["activation"], target.scale, target.zero_point, out.dtype)
    return QuantisedLayer(
        np.zeros(outputs, np.int32) if bias is None else bias.astype(np.int32),
        multiplier,
        shift,
        source.zero_point,
        target.zero_point,
        low,
        high,
        {"tflm": "gemmlowp", "onnxruntime": "fp32"}[graph.runtime],
        out.dtype,
    )


@dataclass(frozen=True)
class Constants:
    """What an operator has in every inference: its layer, and its weights less their zero point."""

    layer: QuantisedLayer
    weights: NDArray[np.int64]


def constants_of(graph: Graph, op: Op) -> Constants | None:
    """The constants of an operator with weights; None for any other."""
    if op.kind not in WEIGHTED:
        return None
    return Constants(layer_of(graph, op), weights_of(graph, op))


def clamp_of(graph: Graph, op: Op) -> tuple[int, int]:
    """The clamp of an operator's fused activation."""
    out = graph.output(op)
    target = grid(out)
    return activation_range(
        op.attributes.get("activation", "none"), target.scale, target.zero_point, out.dtype
    )


def check_scales(graph: Graph, op: Op) -> None:
    """Check that the runtime has multipliers for the scales of an operator, whatever the values are.

    Parameters
    ----------
    graph : Graph
        Of TFLite Micro; ONNX Runtime multiplies with any float32.
    op : Op

    Raises
    ------
    ValueError
        It does not; the message has the scale or factor.
    """
    out = graph.output(op)
    if op.kind in WEIGHTED:
        layer_of(graph, op)
    elif op.kind in PAIRS:
        a, b, target = grid(graph.input(op)), grid(graph.input(op, 1)), grid(out)
        clamp_of(graph, op)
        if op.kind == "mul":
            quantize_multiplier(elementwise.mul_factor(a, b, target))
        else:
            elementwise.addition(a, b, target)
    elif op.kind in ("average_pool", "max_pool"):
        clamp_of(graph, op)
    elif op.kind == "mean":
        a, b = grid(graph.input(op)), grid(out)
        pooling.mean_multiplier(a.scale, b.scale, 1)
    elif op.kind == "softmax":
        softmax.scaling(grid(graph.input(op)).scale, op.attributes["beta"])
    else:
        table_of(graph, op)


def every(dtype: np.dtype[Any]) -> Values:
    """All values of int8 or uint8, the lowest first."""
    limits = np.iinfo(dtype)
    return np.arange(limits.min, limits.max + 1).astype(dtype)


def pairs_of(graph: Graph, op: Op) -> Values:
    """The outputs of a sum, a difference or a product of ONNX Runtime for every pair of values.

    Parameters
    ----------
    graph : Graph
    op : Op
        One of `PAIRS`, on int8 or uint8.

    Returns
    -------
    ndarray of int8 or uint8, shape (256, 256)
        Of each first and second value, the lowest first.
    """
    x = every(graph.input(op).dtype)[:, np.newaxis]
    y = every(graph.input(op, 1).dtype)[np.newaxis, :]
    found = _onnxruntime(graph, op, [x, y])
    assert found is not None
    return found


def table_of(graph: Graph, op: Op) -> Values | None:
    """The outputs of a function of one int8 or uint8 for all its values; None if the operator is not one.

    Parameters
    ----------
    graph : Graph
    op : Op

    Returns
    -------
    ndarray of int8 or uint8, shape (256,), or None
        For each value, the lowest first.
    """
    if len([i for i in op.inputs if i is not None]) != 1 or op.kind not in UNARY:
        return None
    if graph.input(op).dtype not in BYTES or graph.output(op).dtype not in BYTES:
        return None
    if graph.runtime == "onnxruntime":
        return _onnxruntime(graph, op, [every(graph.input(op).dtype)])
    out = graph.output(op)
    x, y = graph.input(op), out
    if op.kind == "quantize":
        found = unary.requantize(_int8_grid(x), _int8_grid(y))
        return found if y.dtype == np.int8 else found.view(np.uint8) ^ np.uint8(128)
    if op.kind == "relu":
        return unary.relu(grid(x), grid(y))
    if op.kind == "relu6":
        return unary.relu6(grid(x), grid(y))
    if op.kind == "leaky_relu":
        return unary.leaky_relu(grid(x), grid(y), op.attributes["alpha"])
    if op.kind == "logistic":
        return unary.logistic(grid(x))
    if op.kind == "tanh":
        return unary.tanh(grid(x))
    if op.kind == "hard_swish":
        return unary.hard_swish(grid(x), grid(y))
    return None


def evaluate(
    graph: Graph, op: Op, values: Sequence[Values | None], constants: Constants | None = None
) -> list[Values]:
    """Compute an operator with the golden model.

    Parameters
    ----------
    graph : Graph
    op : Op
    values : sequence of ndarray or None
        Of the operator's inputs.
    constants : Constants, optional
        As `constants_of` gives them, to compute them once for several inferences.

    Returns
    -------
    list of ndarray
        Of its outputs.

    Raises
    ------
    macrame.errors.InputError
        The runtime itself cannot compute the operator with these values.
    """
    try:
        results = _evaluate(graph, op, list(values), constants or constants_of(graph, op))
    except ValueError as error:
        raise InputError(f"{op.name}: {error}") from None
    found = []
    for index, result in zip(op.outputs, results):
        tensor = graph.tensors[index]
        assert result.dtype == tensor.dtype, (op.name, result.dtype, tensor.dtype)
        found.append(np.asarray(result.reshape(tensor.shape), order="C"))
    return found


def evaluate_all(graph: Graph, ops: Iterable[Op], values: dict[int, Values]) -> None:
    """Compute operators with the golden model, one after the other.

    Parameters
    ----------
    graph : Graph
    ops : iterable of Op
        Each after those whose outputs it reads.
    values : dict of int to ndarray
        By index of the tensor: those that are known, which need not include the constants; the outputs are
        added.

    Raises
    ------
    macrame.errors.InputError
        As `evaluate`.
    """
    for op in ops:
        given = [None if i is None else values.get(i, graph.tensors[i].data) for i in op.inputs]
        values.update(zip(op.outputs, evaluate(graph, op, given)))


def _function(op: Op, x: NDArray[np.float32]) -> NDArray[np.float32]:
    """A function of one value, on float32."""
    if op.kind == "clip":
        return onnxruntime.clip(x, op.attributes["low"], op.attributes["high"])
    if op.kind == "leaky_relu":
        return onnxruntime.leaky_relu(x, op.attributes["alpha"])
    if op.kind == "hard_sigmoid":
        return onnxruntime.hard_sigmoid(x, op.attributes["alpha"], op.attributes["beta"])
    return {
        "logistic": onnxruntime.logistic, "tanh": onnxruntime.tanh, "hard_swish": onnxruntime.hard_swish
    }[op.kind](x)  # fmt: skip


def _onnxruntime(graph: Graph, op: Op, values: list[Values | None]) -> Values | None:
    """The operators for which ONNX Runtime has rules of its own; None for all others."""
    x, out = values[0], graph.output(op)
    assert x is not None
    if op.kind == "quantize":
        if x.dtype == np.float32:
            return onnxruntime.quantize(x, grid(out), out.dtype)
        return onnxruntime.requantize(x, grid(graph.input(op)), grid(out), out.dtype)
    if op.kind == "dequantize":
        return onnxruntime.dequantize(x, grid(graph.input(op)))
    if op.kind in PAIRS:
        y = values[1]
        assert y is not None
        rule = {"add": onnxruntime.add, "sub": onnxruntime.sub, "mul": onnxruntime.mul}[op.kind]
        return rule(x, y, grid(graph.input(op)), grid(graph.input(op, 1)), grid(out), out.dtype)
    if op.kind in UNARY:
        return onnxruntime.quantize(
            _function(op, onnxruntime.dequantize(x, grid(graph.input(op)))), grid(out), out.dtype
        )
    if op.kind == "mean":
        return onnxruntime.global_average_pool(x, grid(graph.input(op)), grid(out), out.dtype)
    if op.kind == "average_pool":
        windows, counted = windows_of(graph, op), bool(op.attributes.get("count_padding"))
        return onnxruntime.average_pool(x, windows, grid(graph.input(op)), grid(out), out.dtype, counted)
    return None


def _evaluate(graph: Graph, op: Op, values: list[Values | None], constants: Constants | None) -> list[Values]:
    x = values[0]
    assert x is not None
    if graph.runtime == "onnxruntime":
        found = _onnxruntime(graph, op, values)
        if found is not None:
            return [found]
    kind, attributes = op.kind, op.attributes
    tensors = [None if i is None else graph.tensors[i] for i in op.inputs]
    out = graph.output(op)
    if constants is not None:
        layer, w = constants.layer, constants.weights
        if kind == "conv":
            return [layers.conv(x, w, layer, windows_of(graph, op), attributes.get("groups", 1))]
        if kind == "depthwise":
            return [layers.depthwise(x, w, layer, windows_of(graph, op), attributes["multiplier"])]
        return [layers.fully_connected(x.reshape(-1, w.shape[1]), w, layer)]
    if kind == "average_pool":
        return [pooling.average_pool(x, windows_of(graph, op), *clamp_of(graph, op))]
    if kind == "max_pool":
        return [pooling.max_pool(x, windows_of(graph, op), *clamp_of(graph, op))]
    if kind == "mean":
        a, b = grid(graph.input(op)), grid(out)
        return [pooling.mean(x, tuple(attributes["axes"]), a.scale, a.zero_point, b.scale, b.zero_point)]
    if kind in ("add", "sub", "mul"):
        y, first, second = values[1], tensors[0], tensors[1]
        assert y is not None
        assert first is not None
        assert second is not None
        a, b, target = grid(first), grid(second), grid(out)
        if kind == "mul":
            return [elementwise.mul(x, y, a, b, target, *clamp_of(graph, op))]
        rule = elementwise.addition(a, b, target, subtract=kind == "sub")
        return [elementwise.add(x, y, rule, *clamp_of(graph, op))]
    if kind in ("maximum", "minimum"):
        y = values[1]
        assert y is not None
        return [(np.maximum if kind == "maximum" else np.minimum)(x, y)]
    if kind == "softmax":
        return [softmax.softmax(x, grid(graph.input(op)).scale, attributes["beta"])]
    if kind == "quantize" and x.dtype == np.float32:
        return [unary.quantize_float(x, grid(out))]
    if kind == "dequantize":
        return [unary.dequantize(x, grid(graph.input(op)))]
    table = table_of(graph, op)
    if table is not None:
        return [unary.apply(table, x)]
    if kind == "pad":
        fill = attributes.get("value", 0 if out.zero_point is None else int(out.zero_point[0]))
        return [np.pad(x, attributes["padding"], constant_values=fill)]
    if kind == "reshape":
        return [x]
    if kind == "transpose":
        return [x.transpose(attributes["axes"])]
    if kind == "concatenation":
        return [np.concatenate([v for v in values if v is not None], axis=attributes["axis"])]
    if kind == "pack":
        return [np.stack([v for v in values if v is not None], axis=attributes["axis"])]
    if kind == "split":
        return np.split(x, attributes["parts"], axis=attributes["axis"])
    if kind == "strided_slice":
        window = tuple(
            slice(b, e if e >= 0 or s > 0 else None, s)
            for b, e, s in zip(attributes["begin"], attributes["end"], attributes["strides"])
        )
        return [x[window]]
    raise InputError(f"{op.name}: operator {kind} is not supported")
