# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Quantised networks from .tflite files, checked completely before anything runs.

`macrame.nets.flatbuffer` reads the tables. `macrame.nets.tflite_layers` and `macrame.nets.tflite_operators`
check each layer: its types, quantisation, constants and shapes. A file that TensorFlow Lite Micro would
reject or compute differently is rejected with one line.

The graph differs from the file in a few ways:

- Constants that describe an operator, such as the shape of RESHAPE, are attributes.
- SQUEEZE and EXPAND_DIMS become reshape, PADV2 becomes pad with a value.
- SHAPE, and the arithmetic on shapes after it, is computed here; the graph does not have it.
- Tensors that no operator uses are left out.
"""

import math
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from macrame.errors import amount, short, shown
from macrame.files.contents import contents
from macrame.nets import operators
from macrame.nets.flatbuffer import Source, Table
from macrame.nets.graph import LARGEST, Graph, Op, Tensor
from macrame.nets.tflite_layers import (
    BYTES,
    FLOAT32,
    MOST_AXES,
    MOST_INPUTS,
    Fail,
    Layer,
    Shape,
    as_tuple,
    named,
)
from macrame.nets.tflite_operators import LAYERS
from macrame.nets.tflite_schema import (
    DTYPES,
    IDENTIFIER,
    OPERATORS,
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

MOST_OPERATORS = 1 << 12
MOST_TENSORS = 1 << 14

_SIDES = 1 << 6  # of a shape that is read; that of a tensor in use has fewer


def read(path: str | os.PathLike[str], label: str | None = None) -> Graph:
    """The network in a .tflite file.

    Parameters
    ----------
    path : path
    label : str, optional
        Name of the file for the user, which begins each message; by default its path.

    Returns
    -------
    Graph
        Constants are read-only views of the file's bytes.

    Raises
    ------
    macrame.errors.InputError
        The file cannot be read, is damaged, or has something that is not supported.
    """
    label = label or short(path, 200)
    data = contents(label, path, "a .tflite file", LARGEST)
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
    if data[4:8] != IDENTIFIER:
        raise source.fail(f"not a .tflite file: it starts with {data[:8]!r}")
    return Network(source, name).graph()


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


class Network:
    """A file, and what was read of it so far."""

    def __init__(self, source: Source, name: str) -> None:
        self.source = source
        model = source.root("the model")
        version = model.number(ModelSlots.VERSION, "I")
        if version != VERSION:
            raise source.fail(f"has schema version {version}, expected {VERSION}")
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
            raise self.source.fail(f"the data of {table.what} is outside the tables, which is not supported")
        return table.vector(BufferSlots.DATA, "u1", f"the data of {table.what}")

    def _code(self, table: Table) -> str:
        deprecated = table.number(CodeSlots.DEPRECATED_BUILTIN_CODE, "b")
        number = max(deprecated, table.number(CodeSlots.BUILTIN_CODE, "i"))
        custom = table.text(CodeSlots.CUSTOM_CODE, f"the name of {table.what}")
        name = named(OPERATORS, number, "operator number")
        return f"custom operator {shown(custom)}" if name == "CUSTOM" else name

    def _tensor(self, table: Table) -> _Stored:
        what = table.what
        signature = table.vector(TensorSlots.SHAPE_SIGNATURE, "<i4", f"the shape signature of {what}", _SIDES)
        buffer = table.number(TensorSlots.BUFFER, "I")
        if buffer >= len(self.buffers):
            raise self.source.fail(
                f"damaged: {what} has buffer index {buffer}, expected less than {len(self.buffers)}"
            )
        return _Stored(
            name=table.text(TensorSlots.NAME, f"the name of {what}"),
            shape=as_tuple(table.vector(TensorSlots.SHAPE, "<i4", f"the shape of {what}", _SIDES)),
            signature=None if signature is None or not signature.size else as_tuple(signature),
            type=named(TYPES, table.number(TensorSlots.TYPE, "b"), "number"),
            buffer=buffer,
            table=table,
        )

    def indices(self, table: Table, slot: int, what: str, fail: Fail) -> list[int]:
        """A vector of tensors; -1 stands for a missing one."""
        indices = as_tuple(table.vector(slot, "<i4", what, MOST_INPUTS))
        for index in indices:
            if not -1 <= index < len(self.stored):
                raise fail(f"{what} include tensor {index}, expected 0 to {len(self.stored) - 1}")
        return list(indices)

    def tensor(
        self, index: int, what: str, fail: Fail, expected: str = "INT8, UINT8, INT32 or FLOAT32"
    ) -> Tensor:
        """A tensor, after all checks of its own.

        Parameters
        ----------
        index : int
        what : str
            Its role, for messages.
        fail : callable
            An error from its text.
        expected : str
            Types, for messages.

        Returns
        -------
        Tensor
        """
        if index not in self.tensors:
            stored = self.stored[index]
            what = f"{what} {shown(stored.name)}"
            dtype = DTYPES.get(stored.type)
            if dtype is None:
                raise fail(f"{what} has type {stored.type}, expected {expected}")
            if stored.table.number(TensorSlots.IS_VARIABLE, "?"):
                raise fail(f"{what} is a variable, expected a constant or an activation")
            if stored.table.follow(TensorSlots.SPARSITY, f"the sparsity of {what}") is not None:
                raise fail(f"{what} is sparse, expected a dense tensor")
            _check_shape(stored, what, fail)
            if index in self.inputs:
                _check_signature(stored, what, fail)
            scale, zero_point, axis = self._quantization(stored, dtype, what, fail)
            data = self._data(stored, dtype, what, fail)
            self.tensors[index] = Tensor(
                stored.name, stored.shape, dtype, scale, zero_point, axis, data, number=index
            )
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
            raise fail(
                f"{what} has {amount(scales, 'scale')} and {amount(zero_points, 'zero point')}, expected the "
                "same number"
            )
        if scale is None or zero_point is None or not scales:
            return None, None, 0
        axis = table.number(QuantizationSlots.QUANTIZED_DIMENSION, "i")
        if scales == 1:
            axis = 0
        elif not 0 <= axis < len(stored.shape):
            raise fail(f"{what} has scales along axis {axis}, but only {amount(len(stored.shape), 'axis')}")
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
            raise fail(f"{what} has {amount(data.size, 'byte')} of data, expected {expected}")
        return data.view(dtype.newbyteorder("<")).reshape(stored.shape)

    def graph(self) -> Graph:
        """The graph, after all checks."""
        for indices, what in ((self.inputs, "inputs"), (self.outputs, "outputs")):
            if not indices or -1 in indices or len(set(indices)) < len(indices):
                raise self.source.fail(
                    f"the network's {what} are {shown(indices)}, expected one or more distinct tensors"
                )
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
        graph = self._compact(ops)
        for op in graph.ops:
            try:
                operators.check_scales(graph, op)
            except ValueError as error:
                where = f"{op.kind} {shown(op.name)}"
                raise self.source.fail(f"{where} has a scale out of range: {error}") from None
        return graph

    def _check_outside(self, tensor: Tensor, what: str) -> None:
        """Check the type and the quantisation of a tensor that the network's caller sees."""
        what = f"{what} {shown(tensor.name)}"
        if tensor.dtype not in (*BYTES, FLOAT32):
            kind = tensor.dtype.name.upper()
            raise self.source.fail(f"{what} has type {kind}, expected INT8, UINT8 or FLOAT32")
        if tensor.dtype in BYTES and (tensor.scale is None or tensor.scale.size != 1):
            raise self.source.fail(f"{what} does not have one scale and one zero point")

    def _op(self, index: int, table: Table) -> Op | None:
        opcode = table.number(OperatorSlots.OPCODE_INDEX, "I")
        if opcode >= len(self.codes):
            raise self.source.fail(
                f"damaged: operator {index} has code index {opcode}, expected less than {len(self.codes)}"
            )
        layer = Layer(self, index, table, self.codes[opcode])
        kind, handle = LAYERS[layer.operator]
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
            f"{what} has the dynamic shape {shown(stored.signature)}, expected a static one; "
            "only the batch may be -1"
        )
