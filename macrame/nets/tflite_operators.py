# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The operators of .tflite files: how each becomes an operator of the graph, after all checks."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from macrame.errors import amount, shown
from macrame.nets.graph import LARGEST, Tensor
from macrame.nets.tflite_layers import (
    BYTES,
    FLOAT32,
    FOLDED,
    INT8,
    MOST_AXES,
    MOST_INPUTS,
    Layer,
    Shape,
    named,
    scale_of,
)
from macrame.nets.tflite_schema import DTYPES, TYPES

#: Inputs and attributes of the graph's operator; None if the layer is computed while reading.
Found = tuple[Sequence[int | None], dict[str, Any]] | None


def _conv(layer: Layer) -> Found:
    layer.count(2, 1)
    x = layer.operand(0)
    layer.ranked(x, "input", 4)
    w = layer.weights(4, 0)
    channels, *kernel, depth = w.shape
    groups = x.shape[3] // depth
    if x.shape[3] % depth or channels % groups:
        raise layer.fail(
            f"weights tensor {shown(w.name)} has shape {shown(w.shape)}, which does not match an input of "
            f"{x.shape[3]} channels"
        )
    bias = layer.bias(channels)
    stride = layer.pair("stride_h", "stride_w", "stride")
    dilation = layer.pair("dilation_h", "dilation_w", "dilation")
    padding, sides = layer.window(x, tuple(kernel), stride, dilation)
    attributes = dict(
        stride=stride, dilation=dilation, padding=padding, groups=groups, activation=layer.activation()
    )
    layer.result((x.shape[0], *sides, channels), (x.dtype,))
    return (layer.inputs[0], layer.inputs[1], bias), attributes


def _depthwise(layer: Layer) -> Found:
    layer.count(2, 1)
    x = layer.operand(0)
    layer.ranked(x, "input", 4)
    w = layer.weights(4, 3)
    multiplier = layer.option("depth_multiplier")
    if w.shape[0] != 1 or w.shape[3] != x.shape[3] * multiplier:
        raise layer.fail(
            f"weights tensor {shown(w.name)} has shape {shown(w.shape)}, which does not match an input of "
            f"{x.shape[3]} channels and a multiplier of {multiplier}"
        )
    bias = layer.bias(w.shape[3])
    stride = layer.pair("stride_h", "stride_w", "stride")
    dilation = layer.pair("dilation_h", "dilation_w", "dilation")
    padding, sides = layer.window(x, w.shape[1:3], stride, dilation)
    attributes = dict(
        stride=stride,
        dilation=dilation,
        padding=padding,
        multiplier=multiplier,
        activation=layer.activation(),
    )
    layer.result((x.shape[0], *sides, w.shape[3]), (x.dtype,))
    return (layer.inputs[0], layer.inputs[1], bias), attributes


def _fully_connected(layer: Layer) -> Found:
    layer.count(2, 1)
    x = layer.operand(0)
    w = layer.weights(2, 0)
    bias = layer.bias(w.shape[0])
    if layer.option("weights_format"):
        raise layer.fail(f"has weights of format {layer.option('weights_format')}, expected 0, the default")
    keep_dims = bool(layer.option("keep_num_dims"))
    size = math.prod(x.shape)
    last = x.shape[-1] if keep_dims and x.shape else size
    if last % w.shape[1] or (keep_dims and last != w.shape[1]):
        raise layer.fail(
            f"weights tensor {shown(w.name)} has shape {shown(w.shape)}, which does not match an input of "
            f"shape {shown(x.shape)}"
        )
    outer = x.shape[:-1] if keep_dims else (size // w.shape[1],)
    layer.result((*outer, w.shape[0]), (x.dtype,))
    return (layer.inputs[0], layer.inputs[1], bias), dict(activation=layer.activation(), keep_dims=keep_dims)


def _pool(layer: Layer) -> Found:
    layer.count(1)
    x = layer.operand(0)
    layer.ranked(x, "input", 4)
    kernel = layer.pair("filter_h", "filter_w", "window")
    stride = layer.pair("stride_h", "stride_w", "stride")
    padding, sides = layer.window(x, kernel, stride, (1, 1))
    attributes = dict(kernel=kernel, stride=stride, padding=padding, activation=layer.activation())
    layer.moved(x, (x.shape[0], *sides, x.shape[3]))
    return layer.inputs, attributes


def _mean(layer: Layer) -> Found:
    layer.count(2)
    x = layer.operand(0)
    axes = sorted(layer.axis(value, len(x.shape)) for value in layer.integers(1, "axes"))
    if len(set(axes)) < len(axes):
        raise layer.fail(f"has axes {shown(axes)}, expected no axis twice")
    keep_dims = bool(layer.option("keep_dims"))
    sides = [1 if i in axes else side for i, side in enumerate(x.shape) if keep_dims or i not in axes]
    layer.result(tuple(sides), (x.dtype,))
    return layer.inputs[:1], dict(axes=tuple(axes), keep_dims=keep_dims)


def _broadcast(layer: Layer) -> tuple[Shape, Sequence[Tensor]]:
    layer.count(2)
    tensors = layer.operands()
    try:
        return np.broadcast_shapes(*(tensor.shape for tensor in tensors)), tensors
    except ValueError:
        shapes = " and ".join(shown(tensor.shape) for tensor in tensors)
        raise layer.fail(f"inputs have shapes {shapes}, which do not broadcast") from None


def _arithmetic(layer: Layer) -> Found:
    shape, tensors = _broadcast(layer)
    activation = layer.activation()
    layer.result(shape, (tensors[0].dtype,))
    return layer.inputs, dict(activation=activation)


def _extremum(layer: Layer) -> Found:
    shape, (a, b) = _broadcast(layer)
    layer.same(a, b, "input")
    layer.moved(a, shape)
    return layer.inputs, {}


def _quantize(layer: Layer) -> Found:
    layer.count(1)
    x = layer.tensor(0, "input", (FLOAT32, *BYTES))
    if x.dtype != FLOAT32:
        layer.operand(0)
    elif layer.inputs[0] not in layer.net.inputs:
        raise layer.fail(f"input {shown(x.name)} is FLOAT32, which only the network's input may be")
    layer.result(x.shape, BYTES if x.dtype == INT8 else (INT8,))
    return layer.inputs, {}


def _dequantize(layer: Layer) -> Found:
    layer.count(1)
    x = layer.operand(0)
    y = layer.result(x.shape, (FLOAT32,))
    if layer.outputs[0] not in layer.net.outputs:
        raise layer.fail(f"output {shown(y.name)} is FLOAT32, which only the network's output may be")
    return layer.inputs, {}


def _unary(layer: Layer) -> Found:
    layer.count(1)
    x = layer.operand(0)
    layer.result(x.shape, (x.dtype,))
    return layer.inputs, {}


def _leaky_relu(layer: Layer) -> Found:
    found = _unary(layer)
    alpha = layer.option("alpha")
    if not (math.isfinite(alpha) and alpha >= 0):
        raise layer.fail(f"has alpha {alpha}, expected a finite number, 0 or more")
    assert found is not None
    return found[0], dict(alpha=alpha)


def _fixed(layer: Layer, scale: float, zero_point: int) -> Tensor:
    """The input, where the operator prescribes the quantisation of the output."""
    layer.count(1)
    x = layer.operand(0)
    y = layer.result(x.shape, (x.dtype,))
    expected = scale, zero_point
    if scale_of(y) != expected:
        raise layer.fail(
            f"output {shown(y.name)} has scale and zero point {scale_of(y)}, expected {expected}"
        )
    return x


def _logistic(layer: Layer) -> Found:
    _fixed(layer, 1 / 256, -128)
    return layer.inputs, {}


def _tanh(layer: Layer) -> Found:
    _fixed(layer, 1 / 128, 0)
    return layer.inputs, {}


def _softmax(layer: Layer) -> Found:
    x = _fixed(layer, 1 / 256, -128)
    beta = layer.option("beta")
    if not (math.isfinite(beta) and beta > 0):
        raise layer.fail(f"has beta {beta}, expected a finite number above 0")
    if not x.shape:
        raise layer.fail(f"input {shown(x.name)} has shape (), expected at least 1 axis")
    return layer.inputs, dict(beta=beta)


def _pad(layer: Layer) -> Found:
    layer.count(3 if layer.operator == "PADV2" else 2)
    x = layer.operand(0)
    layer.limited(x, "input", 5)
    amounts = layer.integers(1, "padding", (len(x.shape), 2))
    if any(not 0 <= amount <= LARGEST for amount in amounts):
        raise layer.fail(f"has padding {shown(amounts)}, expected 0 to {LARGEST:,}")
    padding = tuple(zip(amounts[::2], amounts[1::2]))
    attributes: dict[str, Any] = dict(padding=padding)
    if layer.operator == "PADV2":
        value = layer.constant(2, "value", (x.dtype,))
        layer.same(x, value, "value")
        if value.data is None or value.data.size != 1:
            raise layer.fail(f"value {shown(value.name)} has shape {shown(value.shape)}, expected one value")
        attributes["value"] = int(value.data.flat[0])
    sides = (side + before + after for side, (before, after) in zip(x.shape, padding))
    layer.moved(x, tuple(sides))
    return layer.inputs[:1], attributes


def _reshaped(layer: Layer, x: Tensor, shape: Shape) -> Found:
    layer.moved(x, shape)
    return layer.inputs[:1], dict(shape=shape)


def _reshape(layer: Layer) -> Found:
    layer.count(1, 1)
    x = layer.operand(0)
    if len(layer.inputs) == 2:
        shape = tuple(layer.integers(1, "shape"))
    else:
        given = layer.vector_option("new_shape")
        if given is None:
            raise layer.fail("has no shape, expected a constant or an option")
        if len(given) > MOST_AXES:
            raise layer.fail(f"has the shape {shown(given)}, expected at most {MOST_AXES} axes")
        shape = given
    size, known = math.prod(x.shape), math.prod(side for side in shape if side != -1)
    if shape.count(-1) == 1 and known > 0 and size % known == 0:
        shape = tuple(size // known if side == -1 else side for side in shape)
    if min(shape, default=1) < 1 or math.prod(shape) != size:
        raise layer.fail(f"reshapes {shown(x.shape)} to {shown(shape)}, expected as many values")
    return _reshaped(layer, x, shape)


def _squeeze(layer: Layer) -> Found:
    layer.count(1)
    x = layer.operand(0)
    given = layer.vector_option("squeeze_dims") or ()
    axes = {layer.axis(axis, len(x.shape)) for axis in given[: MOST_AXES + 1]}
    axes = axes or {i for i, side in enumerate(x.shape) if side == 1}
    if any(x.shape[axis] != 1 for axis in axes):
        raise layer.fail(
            f"removes the axes {shown(sorted(axes))} of shape {shown(x.shape)}, expected sides of 1"
        )
    return _reshaped(layer, x, tuple(side for i, side in enumerate(x.shape) if i not in axes))


def _expand_dims(layer: Layer) -> Found:
    layer.count(2)
    x = layer.operand(0)
    values = layer.integers(1, "axis")
    if len(values) != 1:
        raise layer.fail(f"has axes {shown(values)}, expected one")
    axis = layer.axis(values[0], len(x.shape) + 1)
    return _reshaped(layer, x, (*x.shape[:axis], 1, *x.shape[axis:]))


def _transpose(layer: Layer) -> Found:
    layer.count(2)
    x = layer.operand(0)
    layer.limited(x, "input", 5)
    axes = tuple(layer.integers(1, "permutation"))
    if sorted(axes) != list(range(len(x.shape))):
        raise layer.fail(f"has the permutation {shown(axes)}, expected each of {len(x.shape)} axes once")
    layer.moved(x, tuple(x.shape[axis] for axis in axes))
    return layer.inputs[:1], dict(axes=axes)


def _known(layer: Layer) -> list[NDArray[Any]] | None:
    """All inputs, if they are known integers of one type."""
    values = [layer.values(at, "input") for at in range(len(layer.inputs))]
    known = [value for value in values if value is not None]
    if not known or len(known) < len(values) or len({value.dtype for value in known}) > 1:
        return None
    if sum(value.size for value in known) > FOLDED:
        raise layer.fail(f"computes more than {FOLDED} integers")
    return known


def _concatenation(layer: Layer) -> Found:
    layer.count(1, MOST_INPUTS - 1)
    activation, axis = layer.activation(), layer.option("axis")
    if activation != "none":
        raise layer.fail(f"has the fused activation {activation.upper()}, expected NONE")
    known = _known(layer)
    tensors: Sequence[Any] = known or layer.operands()
    first = tensors[0].shape
    axis = layer.axis(axis, len(first))
    others = {(len(t.shape), *t.shape[:axis], *t.shape[axis + 1 :]) for t in tensors}
    if len(others) > 1:
        raise layer.fail(f"inputs have shapes that differ along axes other than {axis}")
    if known:
        layer.fold(np.concatenate(known, axis))
        return None
    for tensor in tensors[1:]:
        layer.same(tensors[0], tensor, "input")
    layer.moved(tensors[0], (*first[:axis], sum(t.shape[axis] for t in tensors), *first[axis + 1 :]))
    return layer.inputs, dict(axis=axis, activation=activation)


def _pack(layer: Layer) -> Found:
    layer.count(1, MOST_INPUTS - 1)
    if layer.option("values_count") != len(layer.inputs):
        raise layer.fail(f"has {amount(len(layer.inputs), 'input')}, expected {layer.option('values_count')}")
    known = _known(layer)
    tensors: Sequence[Any] = known or layer.operands()
    first = tensors[0].shape
    axis = layer.axis(layer.option("axis"), len(first) + 1)
    for tensor in tensors:
        if tensor.shape != first:
            raise layer.fail(
                f"inputs have shapes {shown(first)} and {shown(tensor.shape)}, expected the same"
            )
    if known:
        layer.fold(np.stack(known, axis))
        return None
    for tensor in tensors[1:]:
        layer.same(tensors[0], tensor, "input")
    layer.moved(tensors[0], (*first[:axis], len(tensors), *first[axis:]))
    return layer.inputs, dict(axis=axis)


def _split(layer: Layer) -> Found:
    parts = layer.option("num_splits")
    if not 1 <= parts <= MOST_INPUTS:
        raise layer.fail(f"has {parts} parts, expected 1 to {MOST_INPUTS}")
    layer.count(2, outputs=parts)
    x = layer.operand(1)
    values = layer.integers(0, "axis")
    if len(values) != 1:
        raise layer.fail(f"has axes {shown(values)}, expected one")
    axis = layer.axis(values[0], len(x.shape))
    if x.shape[axis] % parts:
        raise layer.fail(
            f"divides axis {axis} of shape {shown(x.shape)} into {parts} parts, expected equal ones"
        )
    for at in range(parts):
        layer.moved(x, (*x.shape[:axis], x.shape[axis] // parts, *x.shape[axis + 1 :]), at)
    return layer.inputs[1:], dict(axis=axis, parts=parts)


def _shape(layer: Layer) -> Found:
    layer.count(1)
    x = layer.tensor(0)
    name = named(TYPES, layer.option("out_type"), "number")
    if name not in ("INT32", "INT64"):
        raise layer.fail(f"computes type {name}, expected INT32 or INT64")
    layer.fold(np.array(x.shape, DTYPES[name]))
    return None


def _strided_slice(layer: Layer) -> Found:
    layer.count(4)
    known = layer.values(0, "input")
    x = layer.tensor(0) if known is not None else layer.operand(0)
    layer.limited(x, "input", 4)
    for name in ("ellipsis_mask", "new_axis_mask", "offset"):
        if layer.option(name):
            raise layer.fail(f"has the {name} {int(layer.option(name))}, expected 0")
    vectors = [layer.integers(at, what) for at, what in ((1, "begin"), (2, "end"), (3, "strides"))]
    if any(len(vector) != len(x.shape) for vector in vectors):
        raise layer.fail(
            f"has {', '.join(str(len(vector)) for vector in vectors)} values of begin, end and strides "
            f"for an input of shape {shown(x.shape)}"
        )
    masks = [layer.option(f"{name}_mask") for name in ("begin", "end", "shrink_axis")]
    begin, end, strides, shrink = [], [], [], []
    for axis, side in enumerate(x.shape):
        first, last, step = (vector[axis] for vector in vectors)
        open_begin, open_end, drop = (bool(mask >> axis & 1) for mask in masks)
        if step < 1:
            raise layer.fail(f"has the strides {shown(vectors[2])}, expected at least 1")
        first = 0 if open_begin else first + side if first < 0 else first
        last = side if open_end else last + side if last < 0 else last
        if drop:
            last, step = first + 1, 1
            shrink.append(axis)
        first, last = min(max(first, 0), side), min(max(last, 0), side)
        if first >= last:
            raise layer.fail(f"selects nothing along axis {axis} of shape {shown(x.shape)}")
        begin.append(first)
        end.append(last)
        strides.append(step)
    sides = [len(range(*bounds)) for bounds in zip(begin, end, strides)]
    shape = tuple(side for axis, side in enumerate(sides) if axis not in shrink)
    if known is not None:
        layer.fold(known[tuple(slice(*bounds) for bounds in zip(begin, end, strides))].reshape(shape))
        return None
    layer.moved(x, shape)
    attributes = dict(begin=tuple(begin), end=tuple(end), strides=tuple(strides), shrink=tuple(shrink))
    return layer.inputs[:1], attributes


#: By the name of the operator: the kind of the graph's, and the function that checks it.
LAYERS: dict[str, tuple[str, Callable[[Layer], Found]]] = {
    "CONV_2D": ("conv", _conv),
    "DEPTHWISE_CONV_2D": ("depthwise", _depthwise),
    "FULLY_CONNECTED": ("fully_connected", _fully_connected),
    "AVERAGE_POOL_2D": ("average_pool", _pool),
    "MAX_POOL_2D": ("max_pool", _pool),
    "MEAN": ("mean", _mean),
    "ADD": ("add", _arithmetic),
    "SUB": ("sub", _arithmetic),
    "MUL": ("mul", _arithmetic),
    "MAXIMUM": ("maximum", _extremum),
    "MINIMUM": ("minimum", _extremum),
    "QUANTIZE": ("quantize", _quantize),
    "DEQUANTIZE": ("dequantize", _dequantize),
    "RELU": ("relu", _unary),
    "RELU6": ("relu6", _unary),
    "LEAKY_RELU": ("leaky_relu", _leaky_relu),
    "LOGISTIC": ("logistic", _logistic),
    "TANH": ("tanh", _tanh),
    "HARD_SWISH": ("hard_swish", _unary),
    "SOFTMAX": ("softmax", _softmax),
    "PAD": ("pad", _pad),
    "PADV2": ("pad", _pad),
    "RESHAPE": ("reshape", _reshape),
    "SQUEEZE": ("reshape", _squeeze),
    "EXPAND_DIMS": ("reshape", _expand_dims),
    "TRANSPOSE": ("transpose", _transpose),
    "CONCATENATION": ("concatenation", _concatenation),
    "SPLIT": ("split", _split),
    "STRIDED_SLICE": ("strided_slice", _strided_slice),
    "PACK": ("pack", _pack),
    "SHAPE": ("", _shape),
}
