# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Quantised networks from .onnx files, with operators on integers (QOperator) or between QuantizeLinear and
DequantizeLinear (QDQ), checked completely before anything runs.

The graph has what ONNX Runtime computes at its extended optimisation level:

- DequantizeLinear, an operator on float32, and QuantizeLinear become one operator on integers. Relu and Clip
  after another operator are left out if the range of the integers implies them; otherwise ONNX Runtime would
  compute the operator in float32, and the network is rejected.
- Operators that only move values, and MaxPool, work on the integers.
- Tensors of four axes are NHWC, with `Tensor.axes` for the file's NCHW. Where a reshape needs the file's
  order, there is a transpose.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from macrame.errors import InputError, amount, short, shown
from macrame.files.contents import contents
from macrame.nets import onnx_model
from macrame.nets.graph import LARGEST, Graph, Op, Tensor, window_limit
from macrame.nets.onnx_model import Model, Node

Shape = tuple[int, ...]
Parameters = tuple[NDArray[np.float32], NDArray[np.int64]]

INT8, UINT8, INT32, FLOAT32 = (np.dtype(name) for name in ("int8", "uint8", "int32", "float32"))
BYTES = (INT8, UINT8)
#: Where an image's axes are in the file's order, and the reverse.
TO_FILE, FROM_FILE = (0, 3, 1, 2), (0, 2, 3, 1)
CONTRIB = "com.microsoft"
LARGEST_FILE = 1 << 31
LONGEST_STEP = 1 << 12
"""The largest stride, dilation, padding and side of a window."""

#: Functions of one value, and their attributes with the defaults.
FUNCTIONS: dict[str, tuple[str, dict[str, float]]] = {
    "Relu": ("clip", {}),
    "Clip": ("clip", {}),
    "LeakyRelu": ("leaky_relu", {"alpha": 0.01}),
    "Sigmoid": ("logistic", {}),
    "Tanh": ("tanh", {}),
    "HardSigmoid": ("hard_sigmoid", {"alpha": 0.2, "beta": 0.5}),
    "HardSwish": ("hard_swish", {}),
}

NAMES = {int: "an integer", float: "a number", str: "a text", tuple: "integers"}


@dataclass
class _Grid:
    """Scale and zero point; shared by tensors between which values only move."""

    scale: NDArray[np.float32] | None = None
    zero_point: NDArray[np.int64] | None = None


@dataclass
class _Tensor:
    """A tensor while the file is read; `shape` is the file's."""

    name: str
    shape: Shape
    dtype: np.dtype[Any]
    grid: _Grid = field(default_factory=_Grid)
    axis: int = 0
    data: NDArray[Any] | None = None
    image: bool = False  # NHWC in the graph


@dataclass(frozen=True)
class _Real:
    """A float32 value that is an integer tensor dequantised."""

    tensor: int


@dataclass(frozen=True)
class _Weights:
    """A constant that is dequantised, with its scales."""

    data: NDArray[Any]
    scale: NDArray[np.float32]
    zero_point: NDArray[np.int64]
    axis: int


@dataclass(frozen=True)
class _Pending:
    """A float32 operator whose result is yet to be quantised."""

    node: int


def read(path: str | os.PathLike[str], label: str | None = None) -> Graph:
    """The network of a .onnx file.

    Parameters
    ----------
    path : path
    label : str, optional
        Name of the file for the user, which begins each message; by default its path.

    Returns
    -------
    Graph

    Raises
    ------
    macrame.errors.InputError
        The file cannot be read, or the network cannot run; the message names the operator.
    macrame.errors.SetupError
        The package `onnx` is not installed.
    """
    label = label or short(path, 200)
    data = contents(label, path, "a .onnx file", LARGEST_FILE)
    return parse(label, onnx_model.load(label, data, Path(path).stem))


def parse(label: str, model: Model) -> Graph:
    """The graph of a model.

    Parameters
    ----------
    label : str
        Name of the file for the user; each message starts with it.
    model : macrame.nets.onnx_model.Model

    Returns
    -------
    Graph

    Raises
    ------
    macrame.errors.InputError
    """
    return _Network(label, model).graph()


class _Network:
    """A model, and what was read of it so far."""

    def __init__(self, label: str, model: Model) -> None:
        self.label, self.model = label, model
        self.tensors: list[_Tensor] = []
        self.ops: list[Op] = []
        self.named: dict[str, int | _Real | _Weights | _Pending] = {}
        self.uses: dict[str, int] = {}
        self.current = 0
        for node in model.nodes:
            for name in node.inputs:
                self.uses[name] = self.uses.get(name, 0) + 1
        for name in model.outputs:
            self.uses[name] = self.uses.get(name, 0) + 1

    # --- messages ---

    @property
    def node(self) -> Node:
        """The operator that is read."""
        return self.model.nodes[self.current]

    def fail(self, text: str, index: int | None = None) -> InputError:
        """An error about an operator; the current one by default."""
        index = self.current if index is None else index
        node = self.model.nodes[index]
        name = node.outputs[0] if node.outputs else ""
        return InputError(f"{self.label}: op {index} {shown(name)} ({short(node.op)}): {text}")

    # --- tensors ---

    def add(self, tensor: _Tensor) -> int:
        """A new tensor; those of four axes are images."""
        if math.prod(tensor.shape) > LARGEST or 0 in tensor.shape:
            raise self.fail(
                f"{shown(tensor.name)} has the shape {tensor.shape}, expected 1 to {LARGEST:,} values"
            )
        tensor.image = tensor.image or (len(tensor.shape) == 4 and tensor.data is None)
        self.tensors.append(tensor)
        return len(self.tensors) - 1

    def parameters(self, scale: str, zero_point: str, dtype: np.dtype[Any] | None = None) -> Parameters:
        """Scales and zero points of a tensor; its type is checked if it is given."""
        scales = self.model.constants.get(scale)
        if scales is None:
            raise self.fail(f"scale {shown(scale)} is not a constant")
        if scales.dtype != FLOAT32 or scales.ndim > 1 or not scales.size:
            raise self.fail(
                f"scale {shown(scale)} has type {scales.dtype} and shape {scales.shape}, "
                "expected float32, one or one per channel"
            )
        found = scales.reshape(-1)
        wrong = ~(np.isfinite(found) & (found > 0))
        if wrong.any():
            raise self.fail(f"scale {shown(scale)} is {found[wrong][0]}, expected a finite number above 0")
        if not zero_point:
            return found, np.zeros(1, np.int64)
        zeros = self.model.constants.get(zero_point)
        if zeros is None:
            raise self.fail(f"zero point {shown(zero_point)} is not a constant")
        if dtype is not None and zeros.dtype != dtype:
            raise self.fail(f"zero point {shown(zero_point)} has type {zeros.dtype}, expected {dtype}")
        if zeros.size not in (1, found.size):
            raise self.fail(
                f"has {amount(found.size, 'scale')} and {amount(zeros.size, 'zero point')}, expected the "
                "same number"
            )
        return found, zeros.reshape(-1).astype(np.int64)

    def one(self, scale: str, zero_point: str, dtype: np.dtype[Any] | None = None) -> Parameters:
        """A scale and a zero point for a whole tensor."""
        found = self.parameters(scale, zero_point, dtype)
        if found[0].size != 1 or found[1].size != 1:
            raise self.fail(f"activations have {found[0].size} scales, expected 1")
        return found

    def use(self, index: int, given: Parameters) -> int:
        """A tensor as an operator sees it: with the scale it has, or its first one."""
        grid = self.tensors[index].grid
        if grid.scale is None or grid.zero_point is None:
            grid.scale, grid.zero_point = given
        elif grid.scale[0] != given[0][0] or grid.zero_point[0] != given[1][0]:
            raise self.fail(
                f"input {shown(self.tensors[index].name)} is read with scale {given[0][0]} and zero point "
                f"{given[1][0]}, but has {grid.scale[0]} and {grid.zero_point[0]}"
            )
        return index

    def integers(self, name: str) -> int:
        """An int8 or uint8 tensor, by its name in the file."""
        found = self.named.get(name)
        if found is None and name in self.model.constants:
            found = self.constant(name, self.model.constants[name])
            self.named[name] = found
        if isinstance(found, int):
            if self.tensors[found].dtype not in BYTES:
                raise self.fail(
                    f"input {shown(name)} has type {self.tensors[found].dtype}, expected int8 or uint8"
                )
            return found
        if found is None:
            raise self.fail(f"no earlier operator computes input {shown(name)}")
        raise self.fail(f"input {shown(name)} is float32, expected int8 or uint8")

    def constant(self, name: str, data: NDArray[Any], grid: _Grid | None = None) -> int:
        """A constant that is an operand of an elementwise operator."""
        if data.ndim == 4:
            values = np.ascontiguousarray(data.transpose(FROM_FILE))
            return self.add(_Tensor(name, data.shape, data.dtype, grid or _Grid(), data=values, image=True))
        return self.add(_Tensor(name, data.shape, data.dtype, grid or _Grid(), data=data))

    def real(self, name: str) -> int:
        """The integers of a dequantised value, by the value's name."""
        found = self.named.get(name)
        if isinstance(found, _Real):
            return found.tensor
        if isinstance(found, _Weights):
            if found.scale.size != 1 or found.data.dtype not in BYTES:
                raise self.fail(
                    f"operand {shown(name)} is a constant with {found.scale.size} scales, expected 1"
                )
            index = self.constant(name, found.data, _Grid(found.scale, found.zero_point))
            self.named[name] = _Real(index)
            return index
        if isinstance(found, _Pending):
            raise self.fail(
                f"input {shown(name)} is a float32 result of {self.model.nodes[found.node].op}, expected "
                "QuantizeLinear and DequantizeLinear between them"
            )
        raise self.fail(f"input {shown(name)} is not quantised, expected the output of DequantizeLinear")

    def emit(
        self,
        kind: str,
        name: str,
        inputs: Sequence[int | None],
        shape: Shape,
        dtype: np.dtype[Any],
        grid: _Grid,
        /,
        **attributes: Any,
    ) -> int:
        """An operator and its output."""
        out = self.add(_Tensor(name, shape, dtype, grid))
        self.ops.append(Op(kind, name, tuple(inputs), (out,), attributes))
        return out

    # --- the whole ---

    def graph(self) -> Graph:
        """The graph, after all checks."""
        inputs = []
        for value in self.model.inputs:
            what = f"{self.label}: the network's input {shown(value.name)}"
            if value.type not in ("int8", "uint8", "float32"):
                raise InputError(f"{what} has type {value.type}, expected int8, uint8 or float32")
            if value.shape is None:
                raise InputError(f"{what} has no shape")
            shape = tuple(1 if i == 0 and isinstance(d, str) else d for i, d in enumerate(value.shape))
            fixed = tuple(d for d in shape if isinstance(d, int) and d > 0)
            if len(fixed) != len(shape):
                raise InputError(f"{what} has the dynamic shape {value.shape}; only the batch may be dynamic")
            inputs.append(self.add(_Tensor(value.name, fixed, np.dtype(value.type))))
            self.named[value.name] = inputs[-1]
        for index, node in enumerate(self.model.nodes):
            self.current = index
            handle = HANDLERS.get((node.domain, node.op))
            if handle is None:
                names = ", ".join(dict.fromkeys(op for _, op in HANDLERS))
                raise self.fail(f"is not supported, expected one of {names}")
            if not node.inputs or not node.outputs or not node.outputs[0]:
                raise self.fail("has no inputs or no output")
            taken = [o for o in node.outputs if o in self.named or o in self.model.constants]
            if taken:
                raise self.fail(f"output {shown(taken[0])} already has a value")
            handle(self)
        outputs = []
        for name in self.model.outputs:
            found = self.named.get(name)
            if isinstance(found, _Pending):
                text = "its float32 result is an output of the network, expected QuantizeLinear after it"
                raise self.fail(text, found.node)
            if isinstance(found, _Real):
                tensor = self.tensors[found.tensor]
                found = self.emit("dequantize", name, (found.tensor,), tensor.shape, FLOAT32, _Grid())
            if not isinstance(found, int) or found in inputs:
                raise InputError(f"{self.label}: no operator writes the network's output {shown(name)}")
            outputs.append(found)
        for index, node in enumerate(self.model.nodes):
            found = self.named.get(node.outputs[0])
            if isinstance(found, _Pending) and not self.uses.get(node.outputs[0]):
                raise self.fail("its result is not used", index)
        return self.finished(inputs, outputs)

    def finished(self, inputs: list[int], outputs: list[int]) -> Graph:
        """The tensors that are used, with their scales."""
        used = {i for op in self.ops for i in (*op.inputs, *op.outputs) if i is not None}
        order = sorted(used | set(inputs) | set(outputs))
        place = {index: i for i, index in enumerate(order)}
        tensors = []
        for index in order:
            tensor = self.tensors[index]
            grid = tensor.grid
            if tensor.dtype in BYTES and grid.scale is None:
                raise InputError(f"{self.label}: no operator gives the scale of {shown(tensor.name)}")
            whole = grid.zero_point
            if whole is not None and grid.scale is not None and whole.size != grid.scale.size:
                whole = np.broadcast_to(whole, grid.scale.shape)
            shape = tensor.shape
            if tensor.image:
                shape = tuple(shape[axis] for axis in FROM_FILE)
            tensors.append(
                Tensor(
                    tensor.name,
                    shape,
                    tensor.dtype,
                    grid.scale,
                    whole,
                    tensor.axis,
                    tensor.data,
                    TO_FILE if tensor.image else None,
                )
            )
        ops = tuple(
            Op(
                op.kind,
                op.name,
                tuple(None if i is None else place[i] for i in op.inputs),
                tuple(place[i] for i in op.outputs),
                op.attributes,
            )
            for op in self.ops
        )
        return Graph(
            self.model.name,
            "onnxruntime",
            tuple(tensors),
            ops,
            tuple(place[i] for i in inputs),
            tuple(place[i] for i in outputs),
        )

    # --- attributes ---

    def attribute(self, name: str, default: Any) -> Any:
        """An attribute of the current operator, of the type of its default; a tuple has integers."""
        value = self.node.attributes.get(name, default)
        if isinstance(default, tuple):
            good = isinstance(value, tuple) and all(isinstance(v, int) for v in value)
        else:
            good = isinstance(value, (int, float) if isinstance(default, float) else type(default))
        if not good:
            raise self.fail(f"{name} is {shown(value)}, expected {NAMES[type(default)]}")
        return value

    def expect(self, name: str, default: Any, *allowed: Any) -> None:
        """Reject an attribute with another value."""
        value = self.attribute(name, default)
        if value not in allowed:
            raise self.fail(f"{name} is {shown(value)}, expected {' or '.join(map(str, allowed))}")

    def optional(self, number: int) -> str:
        """The name of an input, "" if it is missing."""
        inputs = self.node.inputs
        return inputs[number] if number < len(inputs) else ""

    def counted(self, least: int, most: int) -> None:
        """Check the number of inputs, and that there is one output."""
        given = self.node.inputs
        if not least <= len(given) <= most or not all(given[:least]):
            raise self.fail(f"has {amount(len(given), 'input')}, expected {least} to {most}")
        if len([name for name in self.node.outputs if name]) != 1:
            raise self.fail(f"has {amount(len(self.node.outputs), 'output')}, expected 1")

    def list_of(self, name: str) -> Shape:
        """A constant that holds a list of integers."""
        values = self.model.constants.get(name)
        if values is None or values.dtype.kind != "i" or values.size > 16:
            raise self.fail(f"{shown(name)} is not a constant list of integers")
        return tuple(int(v) for v in values.reshape(-1))

    def windows(self, kernel: Shape, shape: Shape) -> tuple[dict[str, Any], tuple[int, int]]:
        """Stride, dilation and padding of the current operator, and the sides of its output."""
        stride = tuple(self.attribute("strides", (1, 1)))
        dilation = tuple(self.attribute("dilations", (1, 1)))
        pads = tuple(self.attribute("pads", (0, 0, 0, 0)))
        if len(kernel) != 2 or len(stride) != 2 or len(dilation) != 2 or len(pads) != 4:
            raise self.fail(f"its windows have {amount(len(kernel), 'axis')}, expected 2")
        if min(*kernel, *stride, *dilation) < 1 or min(pads) < 0:
            raise self.fail("a side, stride or dilation is below 1, or a padding below 0")
        if max(*kernel, *stride, *dilation, *pads) > LONGEST_STEP:
            raise self.fail(f"a side, stride, dilation or padding is above {LONGEST_STEP}")
        auto = self.attribute("auto_pad", "NOTSET")
        reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilation)]
        before, after = list(pads[:2]), list(pads[2:])
        if auto in ("SAME_UPPER", "SAME_LOWER"):
            for i, size in enumerate(shape[2:]):
                total = max(0, (-(-size // stride[i]) - 1) * stride[i] + reach[i] - size)
                before[i], after[i] = total // 2, total - total // 2
                if auto == "SAME_LOWER":
                    before[i], after[i] = after[i], before[i]
        elif auto == "VALID":
            before, after = [0, 0], [0, 0]
        elif auto != "NOTSET":
            raise self.fail(f"auto_pad is {shown(auto)}, expected NOTSET, SAME_UPPER, SAME_LOWER or VALID")
        sides = []
        for i, size in enumerate(shape[2:]):
            rest = size + before[i] + after[i] - reach[i]
            if rest < 0:
                raise self.fail(
                    f"a window of {reach[i]} cells is larger than the padded image of {rest + reach[i]}"
                )
            if self.attribute("ceil_mode", 0) and rest % stride[i]:
                raise self.fail("ceil_mode is 1 and the windows do not fit, expected 0")
            sides.append(rest // stride[i] + 1)
        padding = ((before[0], after[0]), (before[1], after[1]))
        too_large = window_limit((shape[0], *shape[2:], shape[1]), kernel, padding, sides)
        if too_large:
            raise self.fail(too_large)
        return {"stride": stride, "dilation": dilation, "padding": padding}, (sides[0], sides[1])

    def image(self, index: int) -> _Tensor:
        """A tensor that must have four axes."""
        tensor = self.tensors[index]
        if len(tensor.shape) != 4:
            raise self.fail(
                f"input {shown(tensor.name)} has {amount(len(tensor.shape), 'axis')}, expected 4 (N, C, H, W)"
            )
        return tensor

    # --- operators with weights ---

    def check_types(self, x: _Tensor, w: NDArray[Any]) -> None:
        """The pairs of types that ONNX Runtime multiplies."""
        if w.dtype not in BYTES:
            raise self.fail(f"weights have type {w.dtype}, expected int8 or uint8")
        if x.dtype == INT8 and w.dtype == UINT8:
            raise self.fail("activations are int8 and weights uint8, which ONNX Runtime does not multiply")

    def bias(self, data: NDArray[Any] | None, outputs: int, name: str) -> int | None:
        """A bias as a tensor."""
        if data is None:
            return None
        if data.dtype != INT32:
            raise self.fail(f"bias has type {data.dtype}, expected int32")
        if data.size not in (1, outputs):
            raise self.fail(f"bias has {amount(data.size, 'value')}, expected {outputs}")
        values = np.ascontiguousarray(np.broadcast_to(data.reshape(-1), (outputs,)))
        return self.add(_Tensor(name, (outputs,), INT32, data=values))

    def scales(self, weights: _Weights, axis: int, outputs: int) -> _Grid:
        """The scales of weights, one or one per output."""
        for values in (weights.scale, weights.zero_point):
            if values.size not in (1, outputs):
                raise self.fail(f"weights have {values.size} scales or zero points, expected 1 or {outputs}")
        if weights.scale.size > 1 and weights.axis != axis:
            raise self.fail(f"weights have scales along axis {weights.axis}, expected {axis}")
        zero = (
            np.broadcast_to(weights.zero_point, weights.scale.shape)
            if weights.scale.size > 1
            else (weights.zero_point)
        )
        return _Grid(weights.scale, zero)

    def conv(
        self, x: int, w: _Weights, bias: NDArray[Any] | None, out: Parameters, name: str, dtype: Any
    ) -> int:
        """A convolution; a depthwise one if each group has one channel."""
        source = self.image(x)
        self.check_types(source, w.data)
        groups = int(self.attribute("group", 1))
        if w.data.ndim != 4:
            raise self.fail(f"weights have {amount(w.data.ndim, 'axis')}, expected 4")
        outputs, inputs = w.data.shape[:2]
        if groups < 1 or outputs % groups or inputs * groups != source.shape[1]:
            raise self.fail(
                f"{source.shape[1]} channels, {groups} groups and weights {w.data.shape} do not match"
            )
        kernel = tuple(self.attribute("kernel_shape", w.data.shape[2:]))
        if kernel != w.data.shape[2:]:
            raise self.fail(f"kernel_shape is {kernel}, but the weights are {w.data.shape}")
        found, sides = self.windows(kernel, source.shape)
        grid = self.scales(w, 0, outputs)
        depthwise = inputs == 1 and groups > 1
        data = w.data.transpose((1, 2, 3, 0) if depthwise else FROM_FILE)
        axis = 3 if depthwise else 0
        values = np.ascontiguousarray(data)
        weights = self.add(_Tensor(f"{name} weights", data.shape, data.dtype, grid, axis, values))
        shape = (source.shape[0], outputs, *sides)
        kind = "depthwise" if depthwise else "conv"
        found.update({"multiplier": outputs // groups} if depthwise else {"groups": groups})
        operands = (x, weights, self.bias(bias, outputs, f"{name} bias"))
        return self.emit(kind, name, operands, shape, dtype, _Grid(*out), activation="none", **found)

    def dense(
        self,
        x: int,
        w: _Weights,
        bias: NDArray[Any] | None,
        out: Parameters,
        name: str,
        dtype: Any,
        transposed: bool = False,
    ) -> int:
        """A product with constant weights, (K, N), or (N, K) if they are transposed."""
        source = self.tensors[x]
        self.check_types(source, w.data)
        if w.data.ndim != 2:
            raise self.fail(f"weights have {amount(w.data.ndim, 'axis')}, expected 2")
        data = w.data if transposed else w.data.T
        outputs, inputs = data.shape
        if len(source.shape) not in (2, 3) or source.shape[-1] != inputs:
            raise self.fail(
                f"input {shown(source.name)} has the shape {source.shape}, expected 2 or 3 "
                f"axes and {inputs} columns"
            )
        grid = self.scales(w, 0 if transposed else 1, outputs)
        values = np.ascontiguousarray(data)
        weights = self.add(_Tensor(f"{name} weights", data.shape, data.dtype, grid, 0, values))
        operands = (x, weights, self.bias(bias, outputs, f"{name} bias"))
        shape = (*source.shape[:-1], outputs)
        keep = len(shape) > 2
        return self.emit(
            "fully_connected", name, operands, shape, dtype, _Grid(*out), activation="none", keep_dims=keep
        )

    def stored(self, name: str) -> NDArray[Any]:
        """Constant weights."""
        data = self.model.constants.get(name)
        if data is None:
            raise self.fail(f"weights tensor {shown(name)} is not a constant")
        return data

    def qlinear(self, first: int = 0) -> tuple[int, _Weights, Parameters, np.dtype[Any]]:
        """Activations, weights, and scale and type of the output of QLinearConv, QLinearMatMul or QGemm."""
        given = self.node.inputs
        x = self.integers(given[0])
        dtype = self.tensors[x].dtype
        self.use(x, self.one(given[1], given[2], dtype))
        data = self.stored(given[3])
        self.check_types(self.tensors[x], data)
        scale, zero = self.parameters(given[4], given[5], data.dtype)
        axis = 0 if self.node.op == "QLinearConv" or self.attribute("transB", 0) else 1
        return (
            x,
            _Weights(data, scale, zero, axis),
            self.one(given[6 + first], given[7 + first], dtype),
            dtype,
        )

    def constant_bias(self, name: str) -> NDArray[Any] | None:
        """A constant, if it is given."""
        return self.stored(name) if name else None

    def read_qlinear_conv(self) -> None:
        """QLinearConv."""
        self.counted(8, 9)
        x, w, out, dtype = self.qlinear()
        name = self.node.outputs[0]
        self.named[name] = self.conv(x, w, self.constant_bias(self.optional(8)), out, name, dtype)

    def read_qlinear_matmul(self) -> None:
        """QLinearMatMul."""
        self.counted(8, 8)
        x, w, out, dtype = self.qlinear()
        name = self.node.outputs[0]
        self.named[name] = self.dense(x, w, None, out, name, dtype)

    def gemm_options(self) -> None:
        """Check the options that Gemm and QGemm share."""
        self.expect("alpha", 1.0, 1.0)
        self.expect("beta", 1.0, 1.0)
        self.expect("transA", 0, 0)
        self.expect("transB", 0, 0, 1)

    def read_qgemm(self) -> None:
        """QGemm of com.microsoft."""
        if len(self.node.inputs) != 9:
            raise self.fail(
                f"has {amount(len(self.node.inputs), 'input')}, expected 9: its output must be quantised"
            )
        self.gemm_options()
        x, w, out, dtype = self.qlinear(1)
        name, bias = self.node.outputs[0], self.constant_bias(self.node.inputs[6])
        self.named[name] = self.dense(x, w, bias, out, name, dtype, bool(self.attribute("transB", 0)))

    # --- other operators on integers ---

    def pair(self, kind: str, a: int, b: int, out: Parameters, name: str) -> int:
        """A sum, a difference or a product."""
        first, second = self.tensors[a], self.tensors[b]
        if first.dtype != second.dtype:
            raise self.fail(f"inputs have types {first.dtype} and {second.dtype}, expected the same")
        if kind == "add" and first.shape != second.shape:
            raise self.fail(f"inputs have shapes {first.shape} and {second.shape}, expected the same")
        try:
            shape = np.broadcast_shapes(first.shape, second.shape)
        except ValueError:
            raise self.fail(
                f"inputs have shapes {first.shape} and {second.shape}, which do not match"
            ) from None
        a, b = self.widened(a, len(shape)), self.widened(b, len(shape))
        return self.emit(kind, name, (a, b), shape, first.dtype, _Grid(*out), activation="none")

    def widened(self, index: int, axes: int) -> int:
        """A constant with as many axes as the other operand, if that is an image."""
        tensor = self.tensors[index]
        if axes != 4 or len(tensor.shape) == 4:
            return index
        if tensor.data is None:
            raise self.fail(f"input {shown(tensor.name)} has {amount(len(tensor.shape), 'axis')}, expected 4")
        data = tensor.data.reshape((1,) * (4 - tensor.data.ndim) + tensor.data.shape)
        return self.constant(tensor.name, data, tensor.grid)

    def read_qlinear_pair(self) -> None:
        """QLinearAdd and QLinearMul of com.microsoft."""
        self.counted(7, 8)
        given = self.node.inputs
        a, b = self.integers(given[0]), self.integers(given[3])
        dtype = self.tensors[a].dtype
        self.use(a, self.one(given[1], given[2], dtype))
        self.use(b, self.one(given[4], given[5], dtype))
        kind, name = {"QLinearAdd": "add", "QLinearMul": "mul"}[self.node.op], self.node.outputs[0]
        self.named[name] = self.pair(kind, a, b, self.one(given[6], self.optional(7), dtype), name)

    def global_average(self, x: int, out: Parameters, name: str) -> int:
        """The mean of all pixels."""
        source = self.image(x)
        shape = (*source.shape[:2], 1, 1)
        return self.emit("mean", name, (x,), shape, source.dtype, _Grid(*out), axes=(1, 2), keep_dims=True)

    def average(self, x: int, out: Parameters, name: str) -> int:
        """The mean of windows."""
        source = self.image(x)
        kernel = tuple(self.attribute("kernel_shape", ()))
        found, sides = self.windows(kernel, source.shape)
        if found.pop("dilation") != (1, 1):
            raise self.fail("dilations are not 1, which is not supported")
        if kernel == source.shape[2:] and found["padding"] == ((0, 0), (0, 0)):
            return self.global_average(x, out, name)  # as ONNX Runtime does
        counted = bool(self.attribute("count_include_pad", 0))
        shape = (*source.shape[:2], *sides)
        return self.emit(
            "average_pool",
            name,
            (x,),
            shape,
            source.dtype,
            _Grid(*out),
            kernel=kernel,
            activation="none",
            count_padding=counted,
            **found,
        )

    def read_qlinear_average(self) -> None:
        """QLinearAveragePool and QLinearGlobalAveragePool of com.microsoft."""
        self.counted(4, 5)
        self.expect("channels_last", 0, 0)
        given, name = self.node.inputs, self.node.outputs[0]
        x = self.integers(given[0])
        dtype = self.tensors[x].dtype
        self.use(x, self.one(given[1], given[2], dtype))
        out = self.one(given[3], self.optional(4), dtype)
        made = self.average if self.node.op == "QLinearAveragePool" else self.global_average
        self.named[name] = made(x, out, name)

    def concatenation(self, inputs: Sequence[int], out: _Grid | None, name: str) -> int:
        """Tensors after one another, each on the grid of the output."""
        first = self.tensors[inputs[0]]
        axes = len(first.shape)
        axis = int(self.attribute("axis", 0))
        if not -axes <= axis < axes:
            raise self.fail(f"axis is {axis}, expected one of {axes}")
        axis %= axes
        grid = out or first.grid
        parts = []
        for number, index in enumerate(inputs):
            tensor = self.tensors[index]
            rest = [s for i, s in enumerate(tensor.shape) if i != axis]
            if rest != [s for i, s in enumerate(first.shape) if i != axis] or tensor.dtype != first.dtype:
                raise self.fail(
                    f"input {shown(tensor.name)} has the shape {tensor.shape}, "
                    f"but the first input {first.shape}"
                )
            same = tensor.grid is grid or self.same(tensor.grid, grid)
            if not same and out is None:
                raise self.fail("inputs have different scales or zero points, expected the same")
            parts.append(index if same else self.requantised(index, grid, f"{name} input {number}"))
        shape = tuple(
            sum(self.tensors[i].shape[axis] for i in parts) if n == axis else s
            for n, s in enumerate(first.shape)
        )
        place = FROM_FILE.index(axis) if axes == 4 else axis
        return self.emit(
            "concatenation", name, parts, shape, first.dtype, grid, axis=place, activation="none"
        )

    def same(self, a: _Grid, b: _Grid) -> bool:
        """Whether two grids are equal."""
        if a.scale is None or b.scale is None or a.zero_point is None or b.zero_point is None:
            return False
        return bool(a.scale[0] == b.scale[0] and a.zero_point[0] == b.zero_point[0])

    def requantised(self, index: int, grid: _Grid, name: str, dtype: np.dtype[Any] | None = None) -> int:
        """A tensor on another grid."""
        tensor = self.tensors[index]
        return self.emit("quantize", name, (index,), tensor.shape, dtype or tensor.dtype, grid)

    def read_qlinear_concat(self) -> None:
        """QLinearConcat of com.microsoft."""
        given, name = self.node.inputs, self.node.outputs[0]
        if len(given) < 5 or len(given) % 3 != 2:
            raise self.fail(f"has {amount(len(given), 'input')}, expected 2, and 3 more for each tensor")
        inputs = []
        for i in range(2, len(given), 3):
            x = self.integers(given[i])
            inputs.append(self.use(x, self.one(given[i + 1], given[i + 2], self.tensors[x].dtype)))
        out = self.one(given[0], given[1], self.tensors[inputs[0]].dtype)
        self.named[name] = self.concatenation(inputs, _Grid(*out), name)

    # --- operators that move values: on integers, or on dequantised ones ---

    def moved(self, make: Callable[[int, str], int]) -> None:
        """An operator whose results are some of its inputs."""
        given, name = self.node.inputs[0], self.node.outputs[0]
        found = self.named.get(given)
        if isinstance(found, (_Pending, _Real, _Weights)):
            self.named[name] = _Real(make(self.real(given), name))
        else:
            self.named[name] = make(self.integers(given), name)

    def reshaped(self, index: int, shape: Shape, name: str) -> int:
        """A tensor with another shape, by the file's order of axes."""
        tensor = self.tensors[index]
        if math.prod(shape) != math.prod(tensor.shape) or min(shape, default=1) < 1:
            raise self.fail(f"the shape {shape} does not fit the values of {tensor.shape}")
        if tensor.image and not _trivial(tensor.shape):
            part = self.add(_Tensor(f"{name} in NCHW", tensor.shape, tensor.dtype, tensor.grid))
            self.tensors[part].image = False
            self.ops.append(Op("transpose", self.tensors[part].name, (index,), (part,), {"axes": TO_FILE}))
            index = part
        if len(shape) != 4 or _trivial(shape):
            wanted = tuple(shape[axis] for axis in FROM_FILE) if len(shape) == 4 else shape
            return self.emit("reshape", name, (index,), shape, tensor.dtype, tensor.grid, shape=wanted)
        part = self.emit(
            "reshape", f"{name} in NCHW", (index,), shape, tensor.dtype, tensor.grid, shape=shape
        )
        self.tensors[part].image = False
        return self.emit("transpose", name, (part,), shape, tensor.dtype, tensor.grid, axes=FROM_FILE)

    def read_reshape(self) -> None:
        """Reshape."""
        self.counted(2, 2)
        given = self.list_of(self.node.inputs[1])

        def make(index: int, name: str) -> int:
            old = self.tensors[index].shape
            zero = bool(self.attribute("allowzero", 0))
            if any(s == 0 and i >= len(old) for i, s in enumerate(given)):
                raise self.fail(f"the shape {given} copies an axis that {old} does not have")
            shape = [old[i] if s == 0 and not zero else s for i, s in enumerate(given)]
            if shape.count(-1) > 1:
                raise self.fail(f"the shape {given} has -1 more than once")
            if -1 in shape:
                rest = math.prod(s for s in shape if s != -1)
                shape[shape.index(-1)] = math.prod(old) // rest if rest > 0 else 0
            return self.reshaped(index, tuple(shape), name)

        self.moved(make)

    def read_flatten(self) -> None:
        """Flatten."""
        self.counted(1, 1)

        def make(index: int, name: str) -> int:
            old, axis = self.tensors[index].shape, int(self.attribute("axis", 1))
            if not -len(old) <= axis <= len(old):
                raise self.fail(f"axis is {axis}, expected one of {len(old)}")
            axis = axis + len(old) if axis < 0 else axis
            return self.reshaped(index, (math.prod(old[:axis]), math.prod(old[axis:])), name)

        self.moved(make)

    def read_squeeze(self) -> None:
        """Squeeze and Unsqueeze."""
        self.counted(1, 2)
        more = self.node.op == "Unsqueeze"
        listed = self.list_of(self.node.inputs[1]) if self.optional(1) else tuple(self.attribute("axes", ()))

        def make(index: int, name: str) -> int:
            old = self.tensors[index].shape
            count = len(old) + (len(listed) if more else 0)
            axes = {a % count for a in listed if -count <= a < count}
            if len(axes) != len(listed):
                raise self.fail(f"axes are {listed}, expected different axes from {-count} to {count - 1}")
            if more:
                rest = iter(old)
                return self.reshaped(index, tuple(1 if i in axes else next(rest) for i in range(count)), name)
            axes = axes if listed else {i for i, s in enumerate(old) if s == 1}
            if any(old[i] != 1 for i in axes):
                raise self.fail(f"axes {listed} of the shape {old} are not all 1")
            return self.reshaped(index, tuple(s for i, s in enumerate(old) if i not in axes), name)

        self.moved(make)

    def read_transpose(self) -> None:
        """Transpose."""
        self.counted(1, 1)

        def make(index: int, name: str) -> int:
            tensor = self.tensors[index]
            axes = len(tensor.shape)
            order = tuple(self.attribute("perm", tuple(reversed(range(axes)))))
            if sorted(order) != list(range(axes)):
                raise self.fail(f"perm is {order}, expected a permutation of 0 to {axes - 1}")
            shape = tuple(tensor.shape[axis] for axis in order)
            if axes == 4:
                order = tuple(TO_FILE[order[axis]] for axis in FROM_FILE)
            return self.emit("transpose", name, (index,), shape, tensor.dtype, tensor.grid, axes=order)

        self.moved(make)

    def read_max_pool(self) -> None:
        """MaxPool."""
        self.counted(1, 1)
        self.expect("storage_order", 0, 0)

        def make(index: int, name: str) -> int:
            source = self.image(index)
            kernel = tuple(self.attribute("kernel_shape", ()))
            found, sides = self.windows(kernel, source.shape)
            if found.pop("dilation") != (1, 1):
                raise self.fail("dilations are not 1, which is not supported")
            shape = (*source.shape[:2], *sides)
            return self.emit(
                "max_pool",
                name,
                (index,),
                shape,
                source.dtype,
                source.grid,
                kernel=kernel,
                activation="none",
                **found,
            )

        self.moved(make)

    def read_identity(self) -> None:
        """Identity."""
        self.counted(1, 1)
        if self.node.inputs[0] not in self.named:
            raise self.fail(f"no earlier operator computes input {shown(self.node.inputs[0])}")
        self.named[self.node.outputs[0]] = self.named[self.node.inputs[0]]

    # --- QDQ ---

    def read_dequantize(self) -> None:
        """DequantizeLinear."""
        self.counted(2, 3)
        self.expect("block_size", 0, 0)
        given, name = self.node.inputs, self.node.outputs[0]
        data = self.model.constants.get(given[0])
        if data is not None and given[0] not in self.named:
            scale, zero = self.parameters(given[1], self.optional(2), data.dtype)
            axis = int(self.attribute("axis", 1))
            if scale.size > 1 and not -data.ndim <= axis < data.ndim:
                raise self.fail(f"axis is {axis}, but {shown(given[0])} has {amount(data.ndim, 'axis')}")
            self.named[name] = _Weights(data, scale, zero, axis % data.ndim if data.ndim else 0)
            return
        x = self.integers(given[0])
        self.named[name] = _Real(self.use(x, self.one(given[1], self.optional(2), self.tensors[x].dtype)))

    def read_float(self) -> None:
        """An operator on float32, which QuantizeLinear completes."""
        self.counted(1, 256)
        name = self.node.outputs[0]
        if self.uses.get(name, 0) > 1:
            raise self.fail("its float32 result is used more than once, expected QuantizeLinear after it")
        self.named[name] = _Pending(self.current)

    def read_quantize(self) -> None:
        """QuantizeLinear, with the operators on float32 before it."""
        self.counted(2, 3)
        self.expect("block_size", 0, 0)
        given, name = self.node.inputs, self.node.outputs[0]
        zero = self.model.constants.get(self.optional(2))
        dtype = UINT8 if zero is None else zero.dtype
        if dtype not in BYTES:
            raise self.fail(f"output has type {dtype}, expected int8 or uint8")
        if "output_dtype" in self.node.attributes and zero is None and self.attribute("output_dtype", 0):
            raise self.fail("output_dtype is given, expected a zero point with the type of the output")
        out = self.one(given[1], self.optional(2))
        found = self.named.get(given[0])
        own = self.current
        while isinstance(found, _Pending) and self.model.nodes[found.node].op in ("Relu", "Clip"):
            self.current = found.node
            excess = self.excess(out, dtype)
            if excess and isinstance(self.named.get(self.node.inputs[0]), _Real):
                break  # the operator itself
            if excess:
                raise self.fail(excess)
            found = self.named.get(self.node.inputs[0])
        if isinstance(found, _Pending):
            self.current = found.node
            index = self.completed(out, name, dtype)
        elif isinstance(found, _Real):
            tensor = self.tensors[found.tensor]
            if tensor.dtype == dtype and self.same(tensor.grid, _Grid(*out)):
                index = found.tensor
                if tensor.name == given[0] and self.ops and self.ops[-1].outputs == (index,):
                    tensor.name = name  # nothing else in the file has these integers
            else:
                index = self.requantised(found.tensor, _Grid(*out), name, dtype)
        elif isinstance(found, int) and self.tensors[found].dtype == FLOAT32:
            index = self.requantised(found, _Grid(*out), name, dtype)
        else:
            raise self.fail(f"no earlier operator computes input {shown(given[0])} in float32")
        self.current = own
        self.named[name] = index

    def clamp(self) -> tuple[float, float]:
        """The limits of Relu or Clip."""
        if self.node.op == "Relu":
            return 0.0, math.inf
        return self.limit(1, "min"), self.limit(2, "max")

    def excess(self, out: Parameters, dtype: np.dtype[Any]) -> str:
        """What Relu or Clip clamps more than the integers do; "" if nothing: ONNX Runtime leaves it out."""
        low, high = self.clamp()
        limits = np.iinfo(dtype)
        least = float(out[0][0]) * (limits.min - int(out[1][0]))
        most = float(out[0][0]) * (limits.max - int(out[1][0]))
        tiny = float(np.finfo(np.float32).eps)
        if low - least > tiny or most - high > tiny:
            return (
                f"clamps to {low} to {high}, which must include the quantised range of {least:.6g} to "
                f"{most:.6g}: otherwise ONNX Runtime computes in float32"
            )
        return ""

    def limit(self, number: int, name: str) -> float:
        """A limit of Clip."""
        if not self.optional(number):
            return float(self.attribute(name, -math.inf if name == "min" else math.inf))
        value = self.model.constants.get(self.optional(number))
        if value is None or value.size != 1:
            raise self.fail(f"{name} is not a constant number")
        return float(value.reshape(-1)[0])

    def weights(self, name: str, what: str) -> _Weights:
        """A constant that is dequantised."""
        found = self.named.get(name)
        if not isinstance(found, _Weights):
            raise self.fail(f"{what} {shown(name)} are not a constant followed by DequantizeLinear")
        return found

    def completed(self, out: Parameters, name: str, dtype: np.dtype[Any]) -> int:
        """A float32 operator, its inputs dequantised and its output quantised, as one on integers."""
        op, given = self.node.op, self.node.inputs
        inputs = [self.real(given[0])]
        if op in ("Add", "Sub", "Mul", "Concat"):
            inputs += [self.real(other) for other in given[1:]]
        if any(self.tensors[i].dtype != dtype for i in inputs):
            raise self.fail(
                f"input has type {self.tensors[inputs[0]].dtype}, but its output {dtype}, expected the same"
            )
        if op in ("Conv", "Gemm"):
            self.counted(2, 3)
            bias = self.optional(2)
            data = self.weights(bias, "bias values").data if bias else None
            if op == "Conv":
                return self.conv(inputs[0], self.weights(given[1], "weights"), data, out, name, dtype)
            self.gemm_options()
            transposed = bool(self.attribute("transB", 0))
            w = self.weights(given[1], "weights")
            return self.dense(inputs[0], w, data, out, name, dtype, transposed)
        if op == "MatMul":
            self.counted(2, 2)
            return self.dense(inputs[0], self.weights(given[1], "weights"), None, out, name, dtype)
        if op in ("Add", "Sub", "Mul"):
            self.counted(2, 2)
            return self.pair(op.lower(), inputs[0], inputs[1], out, name)
        if op == "Concat":
            return self.concatenation(inputs, _Grid(*out), name)
        if op in FUNCTIONS:
            return self.function(op, inputs[0], out, name)
        self.counted(1, 1)
        return (
            self.global_average(inputs[0], out, name)
            if op == "GlobalAveragePool"
            else (self.average(inputs[0], out, name))
        )

    def function(self, op: str, x: int, out: Parameters, name: str) -> int:
        """A function of one value."""
        self.counted(1, 3 if op == "Clip" else 1)
        kind, given = FUNCTIONS[op]
        attributes = {key: float(self.attribute(key, value)) for key, value in given.items()}
        if kind == "clip":
            attributes["low"], attributes["high"] = self.clamp()
        source = self.tensors[x]
        return self.emit(kind, name, (x,), source.shape, source.dtype, _Grid(*out), **attributes)

    def read_qlinear_function(self) -> None:
        """QLinearSigmoid and QLinearLeakyRelu of com.microsoft."""
        self.counted(4, 5)
        given, name = self.node.inputs, self.node.outputs[0]
        x = self.integers(given[0])
        dtype = self.tensors[x].dtype
        self.use(x, self.one(given[1], given[2], dtype))
        out = self.one(given[3], self.optional(4), dtype)
        kind, default = FUNCTIONS[self.node.op.removeprefix("QLinear")]
        attributes = {key: float(self.attribute(key, value)) for key, value in default.items()}
        self.named[name] = self.emit(
            kind, name, (x,), self.tensors[x].shape, dtype, _Grid(*out), **attributes
        )

    def read_concat(self) -> None:
        """Concat of integers, or of dequantised values."""
        if isinstance(self.named.get(self.node.inputs[0]), int):
            inputs = [self.integers(name) for name in self.node.inputs]
            self.named[self.node.outputs[0]] = self.concatenation(inputs, None, self.node.outputs[0])
        else:
            self.read_float()


def _trivial(shape: Shape) -> bool:
    """Whether NCHW and NHWC have the values of this shape (N, C, H, W) in the same order."""
    return shape[1] == 1 or shape[2] * shape[3] == 1


def _handlers() -> Iterator[tuple[tuple[str, str], Callable[[_Network], None]]]:
    yield ("", "QuantizeLinear"), _Network.read_quantize
    yield ("", "DequantizeLinear"), _Network.read_dequantize
    yield ("", "QLinearConv"), _Network.read_qlinear_conv
    yield ("", "QLinearMatMul"), _Network.read_qlinear_matmul
    yield (CONTRIB, "QGemm"), _Network.read_qgemm
    yield (CONTRIB, "QLinearAdd"), _Network.read_qlinear_pair
    yield (CONTRIB, "QLinearMul"), _Network.read_qlinear_pair
    yield (CONTRIB, "QLinearAveragePool"), _Network.read_qlinear_average
    yield (CONTRIB, "QLinearGlobalAveragePool"), _Network.read_qlinear_average
    yield (CONTRIB, "QLinearConcat"), _Network.read_qlinear_concat
    yield (CONTRIB, "QLinearSigmoid"), _Network.read_qlinear_function
    yield (CONTRIB, "QLinearLeakyRelu"), _Network.read_qlinear_function
    weighted, pairs = ("Conv", "MatMul", "Gemm"), ("Add", "Sub", "Mul")
    for op in (*weighted, *pairs, "AveragePool", "GlobalAveragePool", *FUNCTIONS):
        yield ("", op), _Network.read_float
    yield ("", "Concat"), _Network.read_concat
    yield ("", "MaxPool"), _Network.read_max_pool
    yield ("", "Reshape"), _Network.read_reshape
    yield ("", "Flatten"), _Network.read_flatten
    yield ("", "Squeeze"), _Network.read_squeeze
    yield ("", "Unsqueeze"), _Network.read_squeeze
    yield ("", "Transpose"), _Network.read_transpose
    yield ("", "Identity"), _Network.read_identity


HANDLERS = dict(_handlers())
"""What reads an operator, by its domain and its type."""
