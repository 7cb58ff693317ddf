# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""A small network for each operator."""

from dataclasses import fields

import numpy as np

from macrame.nets.graph import Graph, Op, Tensor

INT8, UINT8, INT32, FLOAT32 = (np.dtype(name) for name in ("int8", "uint8", "int32", "float32"))


class Net:
    """A graph under construction."""

    def __init__(self, seed=1):
        self.rng = np.random.default_rng(seed)
        self.tensors, self.ops = [], []

    def tensor(self, name, shape, dtype=INT8, scale=0.5, zero_point=3, data=None, axis=0):
        """Add a tensor; returns its index."""
        if scale is not None:
            scale = np.atleast_1d(np.array(scale, np.float32))
            zero_point = np.broadcast_to(np.array(zero_point, np.int64), scale.shape)
        else:
            zero_point = None
        self.tensors.append(Tensor(name, tuple(shape), dtype, scale, zero_point, axis, data))
        return len(self.tensors) - 1

    def constant(self, name, shape, **more):
        """Add a tensor of random int8."""
        return self.tensor(name, shape, data=self.rng.integers(-128, 128, shape).astype(np.int8), **more)

    def weights(self, shape, axis=0, channels=True):
        """Add int8 weights."""
        scale = self.rng.uniform(0.001, 0.01, shape[axis] if channels else 1)
        return self.constant("w", shape, scale=scale, zero_point=0, axis=axis if channels else 0)

    def bias(self, n, x, w):
        """Add an int32 bias with the scales that TFLite expects."""
        scale = self.tensors[x].scale * self.tensors[w].scale
        data = self.rng.integers(-1000, 1000, n).astype(np.int32)
        return self.tensor("b", (n,), INT32, scale, 0, data)

    def op(self, kind, inputs, outputs, **attributes):
        """Add an operator with the name of its output."""
        self.ops.append(Op(kind, self.tensors[outputs[0]].name, tuple(inputs), tuple(outputs), attributes))

    def graph(self, inputs=(0,), outputs=None):
        """The graph; its last tensor is the output unless given."""
        outputs = (len(self.tensors) - 1,) if outputs is None else outputs
        return Graph("small", "tflm", tuple(self.tensors), tuple(self.ops), tuple(inputs), tuple(outputs))


NONE = ((0, 0), (0, 0))


def conv(
    shape=(1, 5, 6, 4),
    weights=(6, 3, 3, 4),
    padding=((1, 1), (1, 1)),
    sides=(5, 6),
    bias=True,
    channels=True,
    stride=(1, 1),
    dilation=(1, 1),
    activation="none",
    kind="conv",
):
    """One convolution, or depthwise convolution."""
    net = Net()
    x = net.tensor("x", shape)
    axis = 0 if kind == "conv" else 3
    w = net.weights(weights, axis, channels)
    b = net.bias(weights[axis], x, w) if bias else None
    y = net.tensor("y", (shape[0], *sides, weights[axis]), scale=0.25, zero_point=-4)
    more = {"groups": shape[3] // weights[3]} if kind == "conv" else {"multiplier": weights[3] // shape[3]}
    net.op(
        kind,
        (x, w, b),
        (y,),
        stride=stride,
        dilation=dilation,
        padding=padding,
        activation=activation,
        **more,
    )
    return net.graph()


def fully_connected(shape=(2, 8), out=(2, 5), bias=True, channels=False, activation="none", keep_dims=False):
    """One fully connected layer."""
    net = Net()
    x = net.tensor("x", shape)
    w = net.weights((out[-1], 8), 0, channels)
    b = net.bias(out[-1], x, w) if bias else None
    y = net.tensor("y", out, scale=0.125, zero_point=-4)
    net.op("fully_connected", (x, w, b), (y,), activation=activation, keep_dims=keep_dims)
    return net.graph()


def pool(kind, padding=NONE, kernel=(2, 2), stride=(2, 2), sides=(2, 3), activation="none"):
    """One pooling layer."""
    net = Net()
    net.tensor("x", (1, 5, 6, 4))
    y = net.tensor("y", (1, *sides, 4))
    net.op(kind, (0,), (y,), kernel=kernel, stride=stride, padding=padding, activation=activation)
    return net.graph()


def unary(kind, sides=(1, 3, 4), out=None, same=False, dtype=INT8, y=None, x=None, **attributes):
    """One operator with one input."""
    net = Net()
    net.tensor("x", sides, **{"dtype": dtype, **(x or {})})
    more = {} if same else dict(scale=0.25, zero_point=7)
    net.tensor("y", sides if out is None else out, **{"dtype": dtype, **more, **(y or {})})
    net.op(kind, (0,), (1,), **attributes)
    return net.graph()


def binary(kind, a=(1, 3, 4), b=(1, 3, 4), out=(1, 3, 4), constant=False, same=False, **attributes):
    """One operator with two inputs."""
    net = Net()
    more = {} if same else dict(scale=0.3, zero_point=-9)
    net.tensor("a", a)
    if constant:
        net.constant("b", b, **more)
    else:
        net.tensor("b", b, **more)
    net.tensor("y", out, **({} if same else dict(scale=0.75, zero_point=1)))
    net.op(kind, (0, 1), (2,), **attributes)
    return net.graph((0,) if constant else (0, 1))


def several(kind, shapes, out, **attributes):
    """One operator with several inputs."""
    net = Net()
    for i, shape in enumerate(shapes):
        net.tensor(f"x{i}", shape)
    y = net.tensor("y", out)
    net.op(kind, range(len(shapes)), (y,), **attributes)
    return net.graph(range(len(shapes)))


def split():
    """One SPLIT."""
    net = Net()
    net.tensor("x", (1, 4, 6))
    for i in range(3):
        net.tensor(f"y{i}", (1, 4, 2))
    net.op("split", (0,), (1, 2, 3), axis=2, parts=3)
    return net.graph(outputs=(1, 2, 3))


def whole():
    """Several layers, from float32 to float32."""
    net = Net()
    image = net.tensor("image", (1, 6, 6, 2), FLOAT32, None)
    x = net.tensor("x", (1, 6, 6, 2))
    net.op("quantize", (image,), (x,))
    w = net.weights((4, 3, 3, 2))
    b = net.bias(4, x, w)
    y = net.tensor("conv", (1, 3, 3, 4), scale=0.25, zero_point=-4)
    net.op(
        "conv",
        (x, w, b),
        (y,),
        stride=(2, 2),
        dilation=(1, 1),
        padding=((0, 1), (0, 1)),
        groups=1,
        activation="relu",
    )
    mean = net.tensor("mean", (1, 4), scale=0.125)
    net.op("mean", (y,), (mean,), axes=(1, 2), keep_dims=False)
    w = net.weights((3, 4), channels=False)
    logits = net.tensor("logits", (1, 3), scale=0.0625)
    net.op("fully_connected", (mean, w, None), (logits,), activation="none", keep_dims=False)
    odds = net.tensor("odds", (1, 3), scale=1 / 256, zero_point=-128)
    net.op("softmax", (logits,), (odds,), beta=1.0)
    out = net.tensor("out", (1, 3), FLOAT32, None)
    net.op("dequantize", (odds,), (out,))
    return net.graph()


ODDS = dict(scale=1 / 256, zero_point=-128)
FLOAT = dict(dtype=FLOAT32, scale=None)

#: By a description.
SMALL = {
    "conv": conv(),
    "conv valid": conv(padding=NONE, sides=(3, 4), activation="relu"),
    "conv strided": conv(stride=(2, 2), padding=((1, 1), (0, 1)), sides=(3, 3), activation="relu6"),
    "conv dilated": conv(dilation=(2, 1), padding=((2, 2), (1, 1)), activation="relu_n1_to_1"),
    "conv grouped": conv(weights=(6, 3, 3, 2)),
    "conv without bias": conv(bias=False),
    "conv with one scale": conv(channels=False),
    "conv 2x2": conv(weights=(6, 2, 2, 4), padding=((0, 1), (0, 1))),
    "conv batch": conv(shape=(3, 5, 6, 4)),
    "depthwise": conv(kind="depthwise", weights=(1, 3, 3, 4)),
    "depthwise multiplied": conv(kind="depthwise", weights=(1, 3, 3, 8)),
    "depthwise strided": conv(
        kind="depthwise", weights=(1, 3, 3, 4), stride=(2, 2), padding=((1, 1), (0, 1)), sides=(3, 3)
    ),
    "fully_connected": fully_connected(),
    "fully_connected without bias": fully_connected(bias=False, activation="relu"),
    "fully_connected per channel": fully_connected(channels=True),
    "fully_connected keeps axes": fully_connected((1, 3, 8), (1, 3, 5), keep_dims=True),
    "fully_connected flattens": fully_connected((1, 3, 8), (3, 5)),
    "average_pool": pool("average_pool"),
    "average_pool same": pool(
        "average_pool", ((0, 1), (0, 1)), stride=(1, 1), sides=(5, 6), activation="relu"
    ),
    "max_pool": pool("max_pool"),
    "max_pool same": pool("max_pool", ((0, 1), (0, 0)), sides=(3, 3), activation="relu6"),
    "mean": unary("mean", (1, 3, 4, 5), (1, 5), axes=(1, 2), keep_dims=False),
    "mean keeps axes": unary("mean", (1, 3, 4, 5), (1, 1, 1, 5), axes=(1, 2), keep_dims=True),
    "mean of everything": unary("mean", (2, 3, 4), (), axes=(0, 1, 2), keep_dims=False),
    "relu of one value": unary("relu", ()),
    "mean of one axis": unary("mean", (2, 6), (2,), axes=(1,), keep_dims=False),
    "add": binary("add", activation="none"),
    "add relu": binary("add", activation="relu"),
    "add broadcasts": binary("add", b=(4,), constant=True, activation="none"),
    "sub": binary("sub", activation="none"),
    "sub broadcasts": binary("sub", b=(1, 3, 1), activation="relu6"),
    "mul": binary("mul", activation="none"),
    "mul broadcasts": binary("mul", a=(1, 1, 4), activation="relu_n1_to_1"),
    "maximum": binary("maximum", same=True),
    "minimum": binary("minimum", b=(4,), same=True, constant=True),
    "quantize": unary("quantize", x=FLOAT),
    "requantize": unary("quantize"),
    "requantize from uint8": unary("quantize", x=dict(dtype=UINT8, zero_point=130)),
    "requantize to uint8": unary("quantize", y=dict(dtype=UINT8, zero_point=130)),
    "dequantize": unary("dequantize", y=FLOAT),
    "dequantize uint8": unary("dequantize", x=dict(dtype=UINT8), y=FLOAT),
    "relu": unary("relu"),
    "relu6": unary("relu6"),
    "leaky_relu": unary("leaky_relu", alpha=0.25),
    "logistic": unary("logistic", y=ODDS),
    "tanh": unary("tanh", y=dict(scale=1 / 128, zero_point=0)),
    "hard_swish": unary("hard_swish"),
    "softmax": unary("softmax", y=ODDS, beta=1.0),
    "pad": unary("pad", (1, 3, 4, 2), (1, 5, 5, 2), same=True, padding=((0, 0), (1, 1), (0, 1), (0, 0))),
    "pad with a value": unary(
        "pad", (1, 3, 4, 2), (1, 5, 5, 2), same=True, padding=((0, 0), (1, 1), (0, 1), (0, 0)), value=-7
    ),
    "reshape": unary("reshape", (2, 3, 4), (6, 4), same=True, shape=(6, 4)),
    "transpose": unary("transpose", (2, 3, 4), (4, 2, 3), same=True, axes=(2, 0, 1)),
    "concatenation": several("concatenation", [(1, 2), (1, 3), (1, 1)], (1, 6), axis=1, activation="none"),
    "split": split(),
    "strided_slice": unary(
        "strided_slice", (4, 6), (2, 3), same=True, begin=(1, 0), end=(3, 6), strides=(1, 2), shrink=()
    ),
    "strided_slice shrinks": unary(
        "strided_slice", (4, 6), (6,), same=True, begin=(1, 0), end=(2, 6), strides=(1, 1), shrink=(0,)
    ),
    "pack": several("pack", [(2, 3)] * 4, (2, 4, 3), axis=1),
    "whole": whole(),
}


def equal(a, b):
    """Whether two graphs are equal, constants and quantisation included."""
    return (
        (a.name, a.runtime, a.ops, a.inputs, a.outputs) == (b.name, b.runtime, b.ops, b.inputs, b.outputs)
        and len(a.tensors) == len(b.tensors)
        and all(map(equal_tensors, a.tensors, b.tensors))
    )


def equal_tensors(a, b):
    """Whether two tensors are equal, except for their numbers in a file."""
    for name in (field.name for field in fields(Tensor) if field.name != "number"):
        one, other = getattr(a, name), getattr(b, name)
        if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
            if one is None or other is None or one.dtype != other.dtype or not np.array_equal(one, other):
                return False
        elif one is not other and one != other:
            return False
    return True
