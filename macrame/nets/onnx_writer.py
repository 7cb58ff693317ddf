# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Networks as .onnx files, with operators on integers (QOperator); the same bytes for the same network.

:func:`lower` converts a graph of TFLite's operators, images NHWC, to a model, images NCHW. The weights stay
as they are, but some results differ by one from TFLite's: ONNX Runtime rounds by its own rules. Networks may
have the operators below; SOFTMAX at the end is left out, since it does not change which class is largest.

===============  ========================
graph            model
===============  ========================
conv, depthwise  QLinearConv
fully_connected  QGemm
add              QLinearAdd
average_pool     QLinearAveragePool
reshape          Flatten
===============  ========================
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from macrame.errors import InputError
from macrame.nets import operators
from macrame.nets.graph import Graph, Op, Tensor
from macrame.nets.onnx_model import Model, Node, Value
from macrame.nets.onnx_reader import CONTRIB, TO_FILE


def lower(graph: Graph) -> Model:
    """The model of a graph.

    Parameters
    ----------
    graph : Graph
        Of one input, with the operators of the table above.

    Returns
    -------
    macrame.nets.onnx_model.Model

    Raises
    ------
    macrame.errors.InputError
        An operator is not in the table, or its clamp is not that of the output's type.
    """
    return _Writer(graph).model()


class _Writer:
    """A model under construction."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.nodes: list[Node] = []
        self.constants: dict[str, NDArray[Any]] = {}

    def model(self) -> Model:
        """The model, after all operators."""
        graph = self.graph
        (image,) = (graph.tensors[i] for i in graph.inputs)
        last = image
        for op in graph.ops:
            if op.kind == "softmax" and op.outputs == graph.outputs:
                continue
            if op.kind not in _ATTRIBUTES:
                raise InputError(f"{op.name}: operator {op.kind} is not supported in .onnx files")
            limits, clamp = np.iinfo(graph.output(op).dtype), operators.clamp_of(graph, op)
            if clamp != (limits.min, limits.max):
                raise InputError(f"{op.name}: clamps to {clamp}, which .onnx files cannot express")
            self.add(op)
            last = graph.output(op)
        value = Value(image.name, image.dtype.name, _nchw(image.shape))
        return Model(graph.name, tuple(self.nodes), self.constants, (value,), (last.name,))

    def add(self, op: Op) -> None:
        """An operator."""
        graph, given = self.graph, [i for i in op.inputs if i is not None]
        x, out = graph.input(op), graph.output(op)
        domain, attributes = (
            "" if op.kind in ("conv", "depthwise") else CONTRIB,
            _ATTRIBUTES[op.kind](graph, op),
        )
        names = [x.name, *self.grid(x)]
        if op.kind == "reshape":
            self.nodes.append(Node("Flatten", (x.name,), (out.name,), attributes))
            return
        if op.kind in operators.WEIGHTED:
            weights, bias = graph.input(op, 1), graph.input(op, 2) if len(given) > 2 else None
            names += [self.constant(weights.name, self.weights(op, weights)), *self.grid(weights)]
            biased = (
                [self.constant(bias.name, bias.data)] if bias is not None and bias.data is not None else []
            )
            names += (
                [*biased, *self.grid(out)] if op.kind == "fully_connected" else [*self.grid(out), *biased]
            )
        else:
            names += [n for i in given[1:] for n in (graph.tensors[i].name, *self.grid(graph.tensors[i]))]
            names += self.grid(out)
        self.nodes.append(Node(_NAMES[op.kind], tuple(names), (out.name,), attributes, domain))

    def weights(self, op: Op, tensor: Tensor) -> NDArray[Any]:
        """Weights in the file's order of axes."""
        data = tensor.data
        assert data is not None
        if op.kind == "conv":
            return np.ascontiguousarray(data.transpose(TO_FILE))
        if op.kind == "depthwise":
            return np.ascontiguousarray(data.transpose(3, 0, 1, 2))
        # the file flattens (C, H, W), the graph (H, W, C)
        source = next((o for o in self.graph.ops if o.outputs[0] == op.inputs[0]), None)
        if source is None or source.kind != "reshape" or len(self.graph.input(source).shape) != 4:
            return data
        image = data.reshape(len(data), *self.graph.input(source).shape[1:])
        return np.ascontiguousarray(image.transpose(TO_FILE)).reshape(data.shape)

    def constant(self, name: str, values: NDArray[Any]) -> str:
        """A constant; returns its name."""
        self.constants[name] = values
        return name

    def grid(self, tensor: Tensor) -> list[str]:
        """Names of scale and zero point."""
        assert tensor.scale is not None
        assert tensor.zero_point is not None
        zero = tensor.zero_point.astype(tensor.dtype)
        one = len(tensor.scale) == 1
        scale = tensor.scale.reshape(()) if one else tensor.scale
        return [
            self.constant(f"{tensor.name} scale", scale.astype(np.float32)),
            self.constant(f"{tensor.name} zero point", zero.reshape(()) if one else zero),
        ]


def _nchw(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(shape[axis] for axis in TO_FILE) if len(shape) == 4 else shape


def _windows(graph: Graph, op: Op) -> dict[str, Any]:
    windows = operators.windows_of(graph, op)
    (top, bottom), (left, right) = windows.padding
    found: dict[str, Any] = {"kernel_shape": windows.kernel, "pads": (top, left, bottom, right)}
    found["strides"] = tuple(windows.stride)
    if op.kind == "average_pool":
        return found
    channels = graph.input(op).shape[3]
    groups = channels if op.kind == "depthwise" else op.attributes["groups"]
    return found | {"dilations": tuple(windows.dilation), "group": groups}


_NAMES = {
    "conv": "QLinearConv",
    "depthwise": "QLinearConv",
    "fully_connected": "QGemm",
    "add": "QLinearAdd",
    "average_pool": "QLinearAveragePool",
}

#: The attributes of each kind of operator.
_ATTRIBUTES = {
    "conv": _windows,
    "depthwise": _windows,
    "average_pool": _windows,
    "fully_connected": lambda graph, op: {"transB": 1},
    "add": lambda graph, op: {},
    "reshape": lambda graph, op: {"axis": 1},
}
