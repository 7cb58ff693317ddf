# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Quantised networks from .tflite files, checked completely before anything runs.

`macrame.nets.flatbuffer` reads the tables. This module checks each layer: its types, quantisation, constants and
shapes. A file that TensorFlow Lite Micro would reject or compute differently is rejected with one line.

The graph differs from the file in a few ways:

- Constants that describe an operator, such as the shape of RESHAPE, are attributes.
- SQUEEZE and EXPAND_DIMS become reshape, PADV2 becomes pad with a value.
- SHAPE, and the arithmetic on shapes after it, is computed here; the graph does not have it.
- Tensors that no operator uses are left out.
"""

import math
import os
import stat
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from macrame.errors import InputError, short, shown
from macrame.nets.flatbuffer import Source, Table
from macrame.nets.graph import ACTIVATIONS, Graph, Op, Tensor
from macrame.nets.tflite_schema import (
    DTYPES,
    IDENTIFIER,
    OPERATORS,
    OPTIONS,
    PADDINGS,
    TYPES,
    VERSION,
    BufferSlots,
    CodeSlots,
    ModelSlots,
    OperatorSlots,
    QuantizationSlots,
    SubgraphSlots,
    TensorSlots,
)
from macrame.nets.tflite_schema import ACTIVATIONS as FUSED

LARGEST = 1 << 28
"""Bytes of a file, and values of a tensor."""

MOST_OPERATORS = 1 << 12
MOST_TENSORS = 1 << 14
MOST_AXES = 6
MOST_INPUTS = 1 << 8
"""Inputs, and outputs, of an operator or of the network."""

LONGEST_STEP = 1 << 12
"""The largest stride, dilation and side of a pooling window."""

_FOLDED = 64  # values of the arithmetic on shapes
_INT8 = np.dtype(np.int8)
_UINT8 = np.dtype(np.uint8)
_INT32 = np.dtype(np.int32)
_INT64 = np.dtype(np.int64)
_FLOAT32 = np.dtype(np.float32)
_BYTES = (_INT8, _UINT8)
_INTEGERS = (_INT32, _INT64)

Shape = tuple[int, ...]
Fail = Callable[[str], InputError]


def read(path: str | os.PathLike[str]) -> Graph:
    """The network in a .tflite file.

    Parameters
    ----------
    path : path

    Returns
    -------
    Graph
        Constants are read-only views of the file's bytes.

    Raises
    ------
    macrame.errors.InputError
        The file cannot be read, is damaged, or has something that is not supported.
    """
    label = short(path, 200)
    try:
        found = os.stat(path)
        if stat.S_ISDIR(found.st_mode):
            raise InputError(f"{label}: is a directory, expected a .tflite file")
        if not stat.S_ISREG(found.st_mode):  # reading a pipe could wait indefinitely
            raise InputError(f"{label}: is not a regular file")
        if found.st_size > LARGEST:
            raise InputError(f"{label}: is {found.st_size:,} bytes long, expected at most {LARGEST:,}")
        data = Path(path).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(f"{label}: no such file") from None
    except OSError as error:
        raise InputError(f"{label}: cannot be read: {error.strerror}") from None
    except ValueError:  # a path with a NUL
        raise InputError(f"{label}: no such file") from None
    return parse(label, data, Path(path).stem)


def parse(label: str, data: bytes, name: str = "main") -> Graph:
    """The network in the bytes of a .tflite file.

    Parameters
    ----------
    label : str
        Name of the file for the user; each message starts with it.
    data : bytes
    name : str
        Name of the network, if the file's is empty or "main".

    Returns
    -------
    Graph

    Raises
    ------
    macrame.errors.InputError
    """
    source = Source(label, data)
    if len(data) < 8 or data[4:8] != IDENTIFIER:
        raise source.fail(f"not a .tflite file, it starts with {data[:8]!r}")
    return _Network(source, name).graph()


@dataclass(frozen=True)
class _Stored:
    """A tensor as the file describes it; checked when it is used.

    Attributes
    ----------
    name : str
    shape : tuple of int
    signature : tuple of int, optional
    type : str
        A name, also for an unknown number.
    buffer : int
    table : Table
    """

    name: str
    shape: Shape
    signature: Shape | None
    type: str
    buffer: int
    table: Table


def _named(names: Sequence[str], number: int, what: str) -> str:
    return names[number] if 0 <= number < len(names) else f"{what} {number}"


def _integers(vector: NDArray[Any] | None) -> Shape:
    return () if vector is None else tuple(vector.tolist())


class _Network:
    """A file, and what was read of it so far."""

    def __init__(self, source: Source, name: str) -> None:
        self.source = source
        model = source.root("the model")
        version = model.number(ModelSlots.VERSION, "I")
        if version != VERSION:
            raise source.fail(f"has version {version} of the schema, expected {VERSION}")
        subgraphs = model.tables(ModelSlots.SUBGRAPHS, "subgraph", MOST_TENSORS)
        if len(subgraphs) != 1:
            raise source.fail(f"has {len(subgraphs)} subgraphs, expected 1")
        subgraph = subgraphs[0]
        buffers = model.tables(ModelSlots.BUFFERS, "buffer", MOST_TENSORS)
        self.buffers = [self._buffer(table) for table in buffers]
        codes = model.tables(ModelSlots.OPERATOR_CODES, "operator code", MOST_OPERATORS)
        self.codes = [self._code(table) for table in codes]
        tensors = subgraph.tables(SubgraphSlots.TENSORS, "tensor", MOST_TENSORS)
        self.stored = [self._tensor(table) for table in tensors]
        self.inputs = self.indices(subgraph, SubgraphSlots.INPUTS, "the network's inputs", source.fail)
        self.outputs = self.indices(subgraph, SubgraphSlots.OUTPUTS, "the network's outputs", source.fail)
        self.operators = subgraph.tables(SubgraphSlots.OPERATORS, "operator", MOST_OPERATORS)
        own = subgraph.text(SubgraphSlots.NAME, "the subgraph's name")
        self.name = name if own in ("", "main") else own
        self.tensors: dict[int, Tensor] = {}  # those that were used
        self.written: set[int] = set()  # by the caller of the network, or by an operator
        self.folded: dict[int, NDArray[Any]] = {}  # values computed here

    def _buffer(self, table: Table) -> NDArray[np.uint8] | None:
        if table.number(BufferSlots.OFFSET, "Q") or table.number(BufferSlots.SIZE, "Q"):
            raise self.source.fail(f"{table.what} is outside the tables, which is not supported")
        return table.vector(BufferSlots.DATA, "u1", f"the data of {table.what}")

    def _code(self, table: Table) -> str:
        deprecated = table.number(CodeSlots.DEPRECATED_BUILTIN_CODE, "b")
        number = max(deprecated, table.number(CodeSlots.BUILTIN_CODE, "i"))
        custom = table.text(CodeSlots.CUSTOM_CODE, f"the name of {table.what}")
        name = _named(OPERATORS, number, "operator number")
        return f"custom operator {shown(custom)}" if name == "CUSTOM" else name

    def _tensor(self, table: Table) -> _Stored:
        what = table.what
        signature = table.vector(TensorSlots.SHAPE_SIGNATURE, "<i4", f"the shape signature of {what}")
        buffer = table.number(TensorSlots.BUFFER, "I")
        if buffer >= len(self.buffers):
            raise self.source.fail(f"damaged, {what} has buffer {buffer} of {len(self.buffers)}")
        return _Stored(
            name=table.text(TensorSlots.NAME, f"the name of {what}"),
            shape=_integers(table.vector(TensorSlots.SHAPE, "<i4", f"the shape of {what}")),
            signature=None if signature is None or not signature.size else _integers(signature),
            type=_named(TYPES, table.number(TensorSlots.TYPE, "b"), "type"),
            buffer=buffer,
            table=table,
        )

    def indices(self, table: Table, slot: int, what: str, fail: Fail) -> list[int]:
        """A vector of tensors; -1 stands for a missing one."""
        vector = table.vector(slot, "<i4", what)
        if vector is None:
            return []
        if len(vector) > MOST_INPUTS:
            raise fail(f"{what} are {len(vector)} tensors, expected at most {MOST_INPUTS}")
        indices: list[int] = vector.tolist()
        for index in indices:
            if not -1 <= index < len(self.stored):
                raise fail(f"{what} include tensor {index} of {len(self.stored)}")
        return indices

    def tensor(self, index: int, what: str, fail: Fail) -> Tensor:
        """A tensor, after all checks of its own.

        Parameters
        ----------
        index : int
        what : str
            Its role, for messages.
        fail : callable
            An error from its text.

        Returns
        -------
        Tensor
        """
        if index not in self.tensors:
            stored = self.stored[index]
            what = f"{what} {shown(stored.name)}"
            dtype = DTYPES.get(stored.type)
            if dtype is None:
                raise fail(f"{what} has type {stored.type}, expected INT8, UINT8, INT32 or FLOAT32")
            if stored.table.number(TensorSlots.IS_VARIABLE, "?"):
                raise fail(f"{what} is a variable, expected a constant or an activation")
            if stored.table.follow(TensorSlots.SPARSITY, f"the sparsity of {what}") is not None:
                raise fail(f"{what} is sparse, expected a dense tensor")
            _check_shape(stored, what, fail)
            if index in self.inputs:
                _check_signature(stored, what, fail)
            scale, zero_point, axis = self._quantization(stored, dtype, what, fail)
            data = self._data(stored, dtype, what, fail)
            self.tensors[index] = Tensor(stored.name, stored.shape, dtype, scale, zero_point, axis, data)
        return self.tensors[index]

    def _quantization(
        self, stored: _Stored, dtype: np.dtype[Any], what: str, fail: Fail
    ) -> tuple[NDArray[np.float32] | None, NDArray[np.int64] | None, int]:
        table = stored.table.table(TensorSlots.QUANTIZATION, f"the quantisation of {what}")
        if table is None:
            return None, None, 0
        if table.number(QuantizationSlots.DETAILS_TYPE, "B"):
            raise fail(f"{what} has a custom quantisation, expected scales and zero points")
        scale = table.vector(QuantizationSlots.SCALE, "<f4", f"the scales of {what}")
        zero_point = table.vector(QuantizationSlots.ZERO_POINT, "<i8", f"the zero points of {what}")
        scales = 0 if scale is None else len(scale)
        zero_points = 0 if zero_point is None else len(zero_point)
        if scales != zero_points:
            raise fail(f"{what} has {scales} scales and {zero_points} zero points, expected as many")
        if scale is None or zero_point is None or not scales:
            return None, None, 0
        axis = table.number(QuantizationSlots.QUANTIZED_DIMENSION, "i")
        if scales == 1:
            axis = 0
        elif not 0 <= axis < len(stored.shape):
            raise fail(f"{what} has scales along axis {axis} of {len(stored.shape)}")
        elif scales != stored.shape[axis]:
            raise fail(f"{what} has {scales} scales, expected 1 or {stored.shape[axis]}")
        wrong = ~(np.isfinite(scale) & (scale > 0))
        if wrong.any():
            raise fail(f"{what} has the scale {scale[wrong][0]}, expected a finite number above 0")
        if dtype.kind in "iu":
            limits = np.iinfo(dtype)
            out = (zero_point < limits.min) | (zero_point > limits.max)
            if out.any():
                least, most = limits.min, limits.max
                raise fail(f"{what} has the zero point {zero_point[out][0]}, expected {least} to {most}")
        return scale, zero_point, axis

    def _data(self, stored: _Stored, dtype: np.dtype[Any], what: str, fail: Fail) -> NDArray[Any] | None:
        data = self.buffers[stored.buffer]
        if data is None or not data.size:
            return None
        expected = math.prod(stored.shape) * dtype.itemsize
        if data.size != expected:
            raise fail(f"{what} has {data.size} bytes of data, expected {expected}")
        return data.view(dtype.newbyteorder("<")).reshape(stored.shape)

    def graph(self) -> Graph:
        """The graph, after all checks."""
        for indices, what in ((self.inputs, "inputs"), (self.outputs, "outputs")):
            if not indices or -1 in indices or len(set(indices)) < len(indices):
                raise self.source.fail(f"the network's {what} are {shown(indices)}, expected different tensors")
        for index in self.inputs:
            tensor = self.tensor(index, "the network's input", self.source.fail)
            self._check_outside(tensor, "the network's input")
            if tensor.data is not None:
                raise self.source.fail(f"the network's input {shown(tensor.name)} is a constant")
            self.written.add(index)
        ops = [op for i, table in enumerate(self.operators) if (op := self._op(i, table)) is not None]
        if not ops:
            raise self.source.fail("has no operators")
        made = {index for op in ops for index in op.outputs}
        for index in self.outputs:
            tensor = self.tensor(index, "the network's output", self.source.fail)
            self._check_outside(tensor, "the network's output")
            if index not in made:
                raise self.source.fail(f"no operator writes the network's output {shown(tensor.name)}")
        return self._compact(ops)

    def _check_outside(self, tensor: Tensor, what: str) -> None:
        """Check the type and the quantisation of a tensor that the network's caller sees."""
        what = f"{what} {shown(tensor.name)}"
        if tensor.dtype not in (*_BYTES, _FLOAT32):
            kind = tensor.dtype.name.upper()
            raise self.source.fail(f"{what} has type {kind}, expected INT8, UINT8 or FLOAT32")
        if tensor.dtype in _BYTES and (tensor.scale is None or tensor.scale.size != 1):
            raise self.source.fail(f"{what} does not have one scale and one zero point")

    def _op(self, index: int, table: Table) -> Op | None:
        opcode = table.number(OperatorSlots.OPCODE_INDEX, "I")
        if opcode >= len(self.codes):
            raise self.source.fail(f"damaged, operator {index} has code {opcode} of {len(self.codes)}")
        layer = _Layer(self, index, table, self.codes[opcode])
        kind, handle = _OPERATORS[layer.operator]
        found = handle(layer)
        if found is None:
            return None
        inputs, attributes = found
        return Op(kind, layer.name, tuple(inputs), tuple(layer.outputs), attributes)

    def _compact(self, ops: Iterable[Op]) -> Graph:
        """The graph without the tensors that no operator uses."""
        ops = tuple(ops)
        used = {index for op in ops for index in (*op.inputs, *op.outputs) if index is not None}
        order = sorted(used | set(self.inputs) | set(self.outputs))
        place = {index: i for i, index in enumerate(order)}
        return Graph(
            name=self.name,
            runtime="tflm",
            tensors=tuple(self.tensors[index] for index in order),
            ops=tuple(
                Op(
                    op.kind,
                    op.name,
                    tuple(None if i is None else place[i] for i in op.inputs),
                    tuple(place[i] for i in op.outputs),
                    op.attributes,
                )
                for op in ops
            ),
            inputs=tuple(place[i] for i in self.inputs),
            outputs=tuple(place[i] for i in self.outputs),
        )


def _check_shape(stored: _Stored, what: str, fail: Fail) -> None:
    """Reject shapes that are dynamic, empty or too large."""
    shape = stored.shape
    if len(shape) > MOST_AXES:
        raise fail(f"{what} has {len(shape)} axes, expected at most {MOST_AXES}")
    if any(side < 0 for side in shape):
        raise fail(f"{what} has the dynamic shape {shown(shape)}, expected a static one")
    if 0 in shape:
        raise fail(f"{what} is empty, its shape is {shown(shape)}")
    if math.prod(shape) > LARGEST:
        raise fail(f"{what} has the shape {shown(shape)}, expected at most {LARGEST:,} values")


def _check_signature(stored: _Stored, what: str, fail: Fail) -> None:
    """Reject an input with a dynamic shape; converters write a batch of any size as -1 and shape 1.

    The shapes of all other tensors follow from those of the inputs.
    """
    if stored.signature is None:
        return
    batch = (-1, *stored.signature[1:]) == stored.signature and stored.shape[:1] == (1,)
    if stored.signature != (stored.signature[:1] if batch else stored.shape[:1]) + stored.shape[1:]:
        raise fail(
            f"{what} has the dynamic shape {shown(stored.signature)}, expected a static one; only the batch may be -1"
        )


class _Layer:
    """An operator of the file, while it is checked.

    Parameters
    ----------
    net : _Network
    index : int
    table : Table
    operator : str
    """

    def __init__(self, net: _Network, index: int, table: Table, operator: str) -> None:
        self.net, self.operator, self.table = net, operator, table
        self.name = ""
        self.where = f"op {index}"
        self.outputs = net.indices(table, OperatorSlots.OUTPUTS, "the outputs", self.fail)
        self.inputs = net.indices(table, OperatorSlots.INPUTS, "the inputs", self.fail)
        if self.outputs and self.outputs[0] >= 0:
            self.name = net.stored[self.outputs[0]].name
        self.where = f"op {index} {shown(self.name)}"
        if operator not in _OPERATORS:
            raise self.fail(f"is not supported, expected one of {', '.join(SUPPORTED)}")
        options = OPTIONS[operator]
        found = table.number(OperatorSlots.BUILTIN_OPTIONS_TYPE, "B")
        # some writers give an operator without options an empty table
        if found not in (0, options.number) and options.number:
            raise self.fail(f"has options of type {found}, expected {options.number}")
        self._options = table.table(OperatorSlots.BUILTIN_OPTIONS, "the options") if found else None

    def fail(self, text: str) -> InputError:
        """An error about this layer."""
        return self.net.source.fail(f"{self.where} ({self.operator}): {text}")

    # --- options ---

    def option(self, name: str) -> Any:
        """The value of an option, not a vector."""
        fields = OPTIONS[self.operator].fields
        layout, default = fields[name]
        if self._options is None:
            return default
        return self._options.number(list(fields).index(name), layout, default)

    def vector_option(self, name: str) -> Shape | None:
        """The value of an option that is a vector of int32."""
        if self._options is None:
            return None
        slot = list(OPTIONS[self.operator].fields).index(name)
        vector = self._options.vector(slot, "<i4", f"the option {name}")
        return None if vector is None else _integers(vector)

    def activation(self) -> str:
        """The fused activation."""
        name = _named(FUSED, self.option("activation"), "activation")
        if name.lower() not in ACTIVATIONS:
            raise self.fail(f"has the fused activation {name}, expected {', '.join(FUSED[:4])}")
        return name.lower()

    def pair(self, rows: str, columns: str, what: str) -> tuple[int, int]:
        """Two options that are sizes of steps."""
        found = self.option(rows), self.option(columns)
        if not all(1 <= step <= LONGEST_STEP for step in found):
            raise self.fail(f"has the {what} {shown(found)}, expected 1 to {LONGEST_STEP}")
        return found

    # --- tensors ---

    def count(self, inputs: int, optional: int = 0, outputs: int = 1) -> None:
        """Check the number of inputs and outputs."""
        if not inputs <= len(self.inputs) <= inputs + optional:
            expected = f"{inputs} or {inputs + optional}" if optional else f"{inputs}"
            raise self.fail(f"has {len(self.inputs)} inputs, expected {expected}")
        if len(self.outputs) != outputs:
            raise self.fail(f"has {len(self.outputs)} outputs, expected {outputs}")

    def tensor(self, at: int, what: str = "input") -> Tensor:
        """An input of any kind, which exists when the operator runs."""
        index = self.inputs[at]
        if index < 0:
            raise self.fail(f"{what} is missing")
        tensor = self.net.tensor(index, what, self.fail)
        if tensor.data is None and index not in self.net.written and index not in self.net.folded:
            raise self.fail(f"reads {shown(tensor.name)}, which no earlier operator writes")
        return tensor

    def typed(self, tensor: Tensor, what: str, dtypes: Sequence[np.dtype[Any]]) -> None:
        """Check a type."""
        if tensor.dtype not in dtypes:
            expected = " or ".join(dtype.name.upper() for dtype in dtypes)
            raise self.fail(
                f"{what} {shown(tensor.name)} has type {tensor.dtype.name.upper()}, expected {expected}"
            )

    def scaled(self, tensor: Tensor, what: str) -> None:
        """Check that a tensor has one scale."""
        if tensor.scale is None or tensor.scale.size != 1:
            scales = 0 if tensor.scale is None else tensor.scale.size
            raise self.fail(f"{what} {shown(tensor.name)} has {scales} scales, expected 1")

    def operand(self, at: int, constant: bool = False) -> Tensor:
        """An input that is an activation, or a constant of the same kind if these are allowed."""
        tensor = self.tensor(at)
        self.typed(tensor, "input", _BYTES if self.operator in _UNSIGNED else _BYTES[:1])
        self.scaled(tensor, "input")
        if tensor.data is not None and not constant:
            raise self.fail(f"input {shown(tensor.name)} is a constant, expected an activation")
        return tensor

    def operands(self) -> list[Tensor]:
        """All inputs: activations or constants of one type, not only constants."""
        tensors = [self.operand(at, constant=True) for at in range(len(self.inputs))]
        if all(tensor.data is not None for tensor in tensors):
            raise self.fail("has only constant inputs, expected an activation")
        for tensor in tensors[1:]:
            self.typed(tensor, "input", (tensors[0].dtype,))
        return tensors

    def constant(self, at: int, what: str) -> Tensor:
        """An input that is a constant in the file."""
        tensor = self.tensor(at, what)
        if tensor.data is None:
            raise self.fail(f"{what} {shown(tensor.name)} is not a constant")
        return tensor

    def values(self, at: int, what: str) -> NDArray[Any] | None:
        """An input of integers whose values are known; None if it is something else."""
        tensor = self.tensor(at, what)
        if tensor.dtype not in _INTEGERS:
            return None
        return self.net.folded.get(self.inputs[at], tensor.data)

    def integers(self, at: int, what: str, shape: Shape | None = None) -> list[int]:
        """An input of known integers: a vector, or of a given shape."""
        tensor = self.tensor(at, what)
        self.typed(tensor, what, _INTEGERS)
        values = self.values(at, what)
        if values is None:
            raise self.fail(f"{what} {shown(tensor.name)} is not a constant")
        if values.shape != shape and not (shape is None and values.ndim <= 1 and values.size <= MOST_AXES):
            expected = f"at most {MOST_AXES} values" if shape is None else shown(shape)
            raise self.fail(f"{what} {shown(tensor.name)} has shape {shown(tensor.shape)}, expected {expected}")
        return [int(value) for value in values.flat]

    def result(self, shape: Shape, dtypes: Sequence[np.dtype[Any]], at: int = 0) -> Tensor:
        """An output: checked, and from now on written."""
        index = self.outputs[at]
        if index < 0:
            raise self.fail("output is missing")
        tensor = self.net.tensor(index, "output", self.fail)
        if tensor.data is not None:
            raise self.fail(f"output {shown(tensor.name)} is a constant")
        if index in self.net.written or index in self.net.folded:
            raise self.fail(f"output {shown(tensor.name)} is already written")
        self.typed(tensor, "output", dtypes)
        if dtypes[0] in _BYTES:
            self.scaled(tensor, "output")
        if tensor.shape != shape:
            raise self.fail(
                f"output {shown(tensor.name)} has shape {shown(tensor.shape)}, expected {shown(shape)} from its inputs"
            )
        self.net.written.add(index)
        return tensor

    def moved(self, x: Tensor, shape: Shape, at: int = 0) -> Tensor:
        """An output whose values are those of an input, quantised in the same way."""
        y = self.result(shape, (x.dtype,), at)
        self.same(x, y, "output")
        return y

    def same(self, x: Tensor, y: Tensor, what: str) -> None:
        """Check that two tensors are quantised in the same way."""
        if _scale(x) != _scale(y):
            raise self.fail(
                f"{what} {shown(y.name)} has scale and zero point {_scale(y)}, expected {_scale(x)} as the input"
            )

    def axis(self, value: int, axes: int) -> int:
        """An axis, which may be counted from the end."""
        if not -axes <= value < axes:
            raise self.fail(f"has axis {value}, expected {-axes} to {axes - 1}")
        return value % axes

    def ranked(self, tensor: Tensor, what: str, axes: int) -> None:
        """Check the number of axes."""
        if len(tensor.shape) != axes:
            raise self.fail(
                f"{what} {shown(tensor.name)} has shape {shown(tensor.shape)}, expected {axes} axes"
            )

    def fold(self, values: NDArray[Any]) -> None:
        """Compute the output here: arithmetic on shapes."""
        if values.size > _FOLDED:
            raise self.fail(f"computes {values.size} integers, expected at most {_FOLDED}")
        tensor = self.result(values.shape, (values.dtype,))
        self.net.written.remove(self.outputs[0])
        self.net.folded[self.outputs[0]] = values
        assert tensor.shape == values.shape

    # --- weights ---

    def weights(self, axes: int, axis: int) -> Tensor:
        """Input 1: int8, with scales for the tensor or along an axis, and no zero point."""
        w = self.constant(1, "weights")
        self.typed(w, "weights", (_INT8,))
        self.ranked(w, "weights", axes)
        if w.scale is None or w.zero_point is None:
            raise self.fail(f"weights {shown(w.name)} have no scales")
        if w.scale.size > 1 and w.axis != axis:
            raise self.fail(f"weights {shown(w.name)} have scales along axis {w.axis}, expected {axis}")
        if w.zero_point.any():
            wrong = w.zero_point[w.zero_point != 0][0]
            raise self.fail(f"weights {shown(w.name)} have the zero point {wrong}, expected 0")
        return w

    def bias(self, channels: int) -> int | None:
        """Input 2, which may be missing: int32, without zero point."""
        if len(self.inputs) < 3 or self.inputs[2] < 0:
            return None
        bias = self.constant(2, "bias")
        self.typed(bias, "bias", (_INT32,))
        if bias.shape != (channels,):
            raise self.fail(
                f"bias {shown(bias.name)} has shape {shown(bias.shape)}, expected {shown((channels,))}"
            )
        if bias.zero_point is not None and bias.zero_point.any():
            wrong = bias.zero_point[bias.zero_point != 0][0]
            raise self.fail(f"bias {shown(bias.name)} has the zero point {wrong}, expected 0")
        return self.inputs[2]

    def window(
        self, x: Tensor, kernel: Shape, stride: Shape, dilation: Shape
    ) -> tuple[tuple[tuple[int, int], ...], Shape]:
        """The padding in rows and columns, and the size of the output, as TensorFlow defines them."""
        name = _named(PADDINGS, self.option("padding"), "padding")
        if name not in PADDINGS:
            raise self.fail(f"has {name}, expected SAME or VALID")
        padding, sides = [], []
        for size, k, step, spread in zip(x.shape[1:3], kernel, stride, dilation):
            reach = (k - 1) * spread + 1
            if name == "SAME":
                side = -(-size // step)
                total = max((side - 1) * step + reach - size, 0)
            else:
                side, total = (size - reach) // step + 1, 0
                if size < reach:
                    raise self.fail(f"has a window of {reach} on an image side of {size}")
            padding.append((total // 2, total - total // 2))
            sides.append(side)
        return tuple(padding), tuple(sides)


def _scale(tensor: Tensor) -> tuple[float, int] | None:
    if tensor.scale is None or tensor.zero_point is None:
        return None
    return float(tensor.scale[0]), int(tensor.zero_point[0])


# --- operators: each returns the inputs and the attributes of the graph's, None if it is computed here -----------

_Found = tuple[Sequence[int | None], dict[str, Any]] | None


def _conv(layer: _Layer) -> _Found:
    layer.count(2, 1)
    x = layer.operand(0)
    layer.ranked(x, "input", 4)
    w = layer.weights(4, 0)
    channels, *kernel, depth = w.shape
    groups = x.shape[3] // depth
    if x.shape[3] % depth or channels % groups:
        raise layer.fail(
            f"weights {shown(w.name)} have shape {shown(w.shape)} for an input of {x.shape[3]} channels"
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


def _depthwise(layer: _Layer) -> _Found:
    layer.count(2, 1)
    x = layer.operand(0)
    layer.ranked(x, "input", 4)
    w = layer.weights(4, 3)
    multiplier = layer.option("depth_multiplier")
    if w.shape[0] != 1 or w.shape[3] != x.shape[3] * multiplier:
        raise layer.fail(
            f"weights {shown(w.name)} have shape {shown(w.shape)} for an input of {x.shape[3]} channels "
            f"and a multiplier of {multiplier}"
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


def _fully_connected(layer: _Layer) -> _Found:
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
            f"weights {shown(w.name)} have shape {shown(w.shape)} for an input of shape {shown(x.shape)}"
        )
    outer = x.shape[:-1] if keep_dims else (size // w.shape[1],)
    layer.result((*outer, w.shape[0]), (x.dtype,))
    return (layer.inputs[0], layer.inputs[1], bias), dict(activation=layer.activation(), keep_dims=keep_dims)


def _pool(layer: _Layer) -> _Found:
    layer.count(1)
    x = layer.operand(0)
    layer.ranked(x, "input", 4)
    kernel = layer.pair("filter_h", "filter_w", "window")
    stride = layer.pair("stride_h", "stride_w", "stride")
    padding, sides = layer.window(x, kernel, stride, (1, 1))
    attributes = dict(kernel=kernel, stride=stride, padding=padding, activation=layer.activation())
    layer.moved(x, (x.shape[0], *sides, x.shape[3]))
    return layer.inputs, attributes


def _mean(layer: _Layer) -> _Found:
    layer.count(2)
    x = layer.operand(0)
    axes = sorted(layer.axis(value, len(x.shape)) for value in layer.integers(1, "axes"))
    if not axes or len(set(axes)) < len(axes):
        raise layer.fail(f"has axes {shown(axes)}, expected different ones")
    keep_dims = bool(layer.option("keep_dims"))
    sides = [1 if i in axes else side for i, side in enumerate(x.shape) if keep_dims or i not in axes]
    layer.result(tuple(sides), (x.dtype,))
    return layer.inputs[:1], dict(axes=tuple(axes), keep_dims=keep_dims)


def _broadcast(layer: _Layer) -> tuple[Shape, Sequence[Tensor]]:
    layer.count(2)
    tensors = layer.operands()
    try:
        return np.broadcast_shapes(*(tensor.shape for tensor in tensors)), tensors
    except ValueError:
        shapes = " and ".join(shown(tensor.shape) for tensor in tensors)
        raise layer.fail(f"inputs have shapes {shapes}, which do not broadcast") from None


def _arithmetic(layer: _Layer) -> _Found:
    shape, tensors = _broadcast(layer)
    activation = layer.activation()
    layer.result(shape, (tensors[0].dtype,))
    return layer.inputs, dict(activation=activation)


def _extremum(layer: _Layer) -> _Found:
    shape, (a, b) = _broadcast(layer)
    layer.same(a, b, "input")
    layer.moved(a, shape)
    return layer.inputs, {}


def _quantize(layer: _Layer) -> _Found:
    layer.count(1)
    x = layer.tensor(0)
    layer.typed(x, "input", (_FLOAT32, *_BYTES))
    if x.dtype != _FLOAT32:
        layer.operand(0)
    elif layer.inputs[0] not in layer.net.inputs:
        raise layer.fail(f"input {shown(x.name)} is FLOAT32, which only the network's input may be")
    layer.result(x.shape, _BYTES)
    return layer.inputs, {}


def _dequantize(layer: _Layer) -> _Found:
    layer.count(1)
    x = layer.operand(0)
    y = layer.result(x.shape, (_FLOAT32,))
    if layer.outputs[0] not in layer.net.outputs:
        raise layer.fail(f"output {shown(y.name)} is FLOAT32, which only the network's output may be")
    return layer.inputs, {}


def _unary(layer: _Layer) -> _Found:
    layer.count(1)
    x = layer.operand(0)
    layer.result(x.shape, (x.dtype,))
    return layer.inputs, {}


def _leaky_relu(layer: _Layer) -> _Found:
    found = _unary(layer)
    alpha = layer.option("alpha")
    if not math.isfinite(alpha):
        raise layer.fail(f"has alpha {alpha}, expected a finite number")
    assert found is not None
    return found[0], dict(alpha=alpha)


def _fixed(layer: _Layer, scale: float, zero_point: int) -> Tensor:
    """A result whose quantisation the operator prescribes, for int8."""
    layer.count(1)
    x = layer.operand(0)
    y = layer.result(x.shape, (x.dtype,))
    expected = scale, zero_point + (128 if x.dtype == _UINT8 else 0)
    if _scale(y) != expected:
        raise layer.fail(
            f"output {shown(y.name)} has scale and zero point {_scale(y)}, expected {expected}"
        )
    return x


def _logistic(layer: _Layer) -> _Found:
    _fixed(layer, 1 / 256, -128)
    return layer.inputs, {}


def _tanh(layer: _Layer) -> _Found:
    _fixed(layer, 1 / 128, 0)
    return layer.inputs, {}


def _softmax(layer: _Layer) -> _Found:
    x = _fixed(layer, 1 / 256, -128)
    beta = layer.option("beta")
    if not (math.isfinite(beta) and beta > 0):
        raise layer.fail(f"has beta {beta}, expected a finite number above 0")
    if not x.shape:
        raise layer.fail(f"input {shown(x.name)} has shape (), expected at least 1 axis")
    return layer.inputs, dict(beta=beta)


def _pad(layer: _Layer) -> _Found:
    layer.count(3 if layer.operator == "PADV2" else 2)
    x = layer.operand(0)
    amounts = layer.integers(1, "padding", (len(x.shape), 2))
    if any(not 0 <= amount <= LARGEST for amount in amounts):
        raise layer.fail(f"has padding {shown(amounts)}, expected 0 to {LARGEST:,}")
    padding = tuple(zip(amounts[::2], amounts[1::2]))
    attributes: dict[str, Any] = dict(padding=padding)
    if layer.operator == "PADV2":
        value = layer.constant(2, "value")
        layer.typed(value, "value", (x.dtype,))
        layer.scaled(value, "value")
        layer.same(x, value, "value")
        if value.data is None or value.data.size != 1:
            raise layer.fail(f"value {shown(value.name)} has shape {shown(value.shape)}, expected one value")
        attributes["value"] = int(value.data.flat[0])
    sides = (side + before + after for side, (before, after) in zip(x.shape, padding))
    layer.moved(x, tuple(sides))
    return layer.inputs[:1], attributes


def _reshaped(layer: _Layer, x: Tensor, shape: Shape) -> _Found:
    layer.moved(x, shape)
    return layer.inputs[:1], dict(shape=shape)


def _reshape(layer: _Layer) -> _Found:
    layer.count(1, 1)
    x = layer.operand(0)
    if len(layer.inputs) == 2:
        shape = tuple(layer.integers(1, "shape"))
    else:
        given = layer.vector_option("new_shape")
        if given is None or len(given) > MOST_AXES:
            raise layer.fail(f"has the shape {shown(given)}, expected at most {MOST_AXES} axes")
        shape = given
    size, known = math.prod(x.shape), math.prod(side for side in shape if side != -1)
    if shape.count(-1) == 1 and known > 0 and size % known == 0:
        shape = tuple(size // known if side == -1 else side for side in shape)
    if min(shape, default=1) < 1 or math.prod(shape) != size:
        raise layer.fail(f"has the shape {shown(shape)} for an input of shape {shown(x.shape)}")
    return _reshaped(layer, x, shape)


def _squeeze(layer: _Layer) -> _Found:
    layer.count(1)
    x = layer.operand(0)
    given = layer.vector_option("squeeze_dims") or ()
    axes = {layer.axis(axis, len(x.shape)) for axis in given[: MOST_AXES + 1]}
    axes = axes or {i for i, side in enumerate(x.shape) if side == 1}
    if any(x.shape[axis] != 1 for axis in axes):
        raise layer.fail(f"removes the axes {shown(sorted(axes))} of an input of shape {shown(x.shape)}")
    return _reshaped(layer, x, tuple(side for i, side in enumerate(x.shape) if i not in axes))


def _expand_dims(layer: _Layer) -> _Found:
    layer.count(2)
    x = layer.operand(0)
    values = layer.integers(1, "axis")
    if len(values) != 1:
        raise layer.fail(f"has axes {shown(values)}, expected one")
    axis = layer.axis(values[0], len(x.shape) + 1)
    return _reshaped(layer, x, (*x.shape[:axis], 1, *x.shape[axis:]))


def _transpose(layer: _Layer) -> _Found:
    layer.count(2)
    x = layer.operand(0)
    axes = tuple(layer.axis(axis, len(x.shape)) for axis in layer.integers(1, "permutation"))
    if sorted(axes) != list(range(len(x.shape))):
        raise layer.fail(f"has the permutation {shown(axes)} for an input of shape {shown(x.shape)}")
    layer.moved(x, tuple(x.shape[axis] for axis in axes))
    return layer.inputs[:1], dict(axes=axes)


def _known(layer: _Layer) -> list[NDArray[Any]] | None:
    """All inputs, if they are known integers of one type."""
    values = [layer.values(at, "input") for at in range(len(layer.inputs))]
    known = [value for value in values if value is not None]
    if not known or len(known) < len(values) or len({value.dtype for value in known}) > 1:
        return None
    if sum(value.size for value in known) > _FOLDED:
        raise layer.fail(f"computes more than {_FOLDED} integers")
    return known


def _concatenation(layer: _Layer) -> _Found:
    layer.count(1, MOST_INPUTS)
    activation, axis = layer.activation(), layer.option("axis")
    if activation != "none":
        raise layer.fail(f"has the fused activation {activation.upper()}, expected NONE")
    known = _known(layer)
    tensors: Sequence[Any] = known or layer.operands()
    first = tensors[0].shape
    axis = layer.axis(axis, len(first))
    others = {(len(t.shape), *t.shape[:axis], *t.shape[axis + 1 :]) for t in tensors}
    if len(others) > 1:
        raise layer.fail(f"inputs have shapes that differ not only along axis {axis}")
    if known:
        layer.fold(np.concatenate(known, axis))
        return None
    for tensor in tensors[1:]:
        layer.same(tensors[0], tensor, "input")
    layer.moved(tensors[0], (*first[:axis], sum(t.shape[axis] for t in tensors), *first[axis + 1 :]))
    return layer.inputs, dict(axis=axis, activation=activation)


def _pack(layer: _Layer) -> _Found:
    layer.count(1, MOST_INPUTS)
    if layer.option("values_count") != len(layer.inputs):
        raise layer.fail(f"has {len(layer.inputs)} inputs, expected {layer.option('values_count')}")
    known = _known(layer)
    tensors: Sequence[Any] = known or layer.operands()
    first = tensors[0].shape
    axis = layer.axis(layer.option("axis"), len(first) + 1)
    if len({tensor.shape for tensor in tensors}) > 1:
        raise layer.fail("inputs have different shapes")
    if known:
        layer.fold(np.stack(known, axis))
        return None
    for tensor in tensors[1:]:
        layer.same(tensors[0], tensor, "input")
    layer.moved(tensors[0], (*first[:axis], len(tensors), *first[axis:]))
    return layer.inputs, dict(axis=axis)


def _split(layer: _Layer) -> _Found:
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
        raise layer.fail(f"divides axis {axis} of shape {shown(x.shape)} into {parts} parts")
    for at in range(parts):
        layer.moved(x, (*x.shape[:axis], x.shape[axis] // parts, *x.shape[axis + 1 :]), at)
    return layer.inputs[1:], dict(axis=axis, parts=parts)


def _shape(layer: _Layer) -> _Found:
    layer.count(1)
    x = layer.tensor(0)
    name = _named(TYPES, layer.option("out_type"), "type")
    if name not in ("INT32", "INT64"):
        raise layer.fail(f"computes type {name}, expected INT32 or INT64")
    layer.fold(np.array(x.shape, DTYPES[name]))
    return None


def _strided_slice(layer: _Layer) -> _Found:
    layer.count(4)
    known = layer.values(0, "input")
    x = layer.tensor(0) if known is not None else layer.operand(0)
    for name in ("ellipsis_mask", "new_axis_mask", "offset"):
        if layer.option(name):
            raise layer.fail(f"has the {name} {int(layer.option(name))}, expected 0")
    vectors = [layer.integers(at, what) for at, what in ((1, "begin"), (2, "end"), (3, "strides"))]
    given = len(vectors[0])
    if given > len(x.shape) or any(len(vector) != given for vector in vectors):
        raise layer.fail(
            f"has {', '.join(str(len(vector)) for vector in vectors)} values of begin, end and strides "
            f"for an input of shape {shown(x.shape)}"
        )
    masks = [layer.option(f"{name}_mask") for name in ("begin", "end", "shrink_axis")]
    begin, end, strides, shrink = [], [], [], []
    for axis, side in enumerate(x.shape):
        first, last, step = (vector[axis] for vector in vectors) if axis < given else (0, side, 1)
        open_begin, open_end, drop = (axis < given and bool(mask >> axis & 1) for mask in masks)
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
_OPERATORS: dict[str, tuple[str, Callable[[_Layer], _Found]]] = {
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
    "RELU_N1_TO_1": ("relu_n1_to_1", _unary),
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

SUPPORTED = tuple(_OPERATORS)
"""Names of the operators."""

#: Operators that may also work on uint8.
_UNSIGNED = frozenset(SUPPORTED) - {"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"}
