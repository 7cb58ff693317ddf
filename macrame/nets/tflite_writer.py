# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Networks as .tflite files, the same bytes for the same network.

:func:`write` writes a graph. It does so in two steps, which tests use separately: :func:`lower` converts the
graph to the tensors and operators of a file, which :func:`encode` writes as they are, right or wrong.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from macrame.errors import InputError, shown
from macrame.files import atomic
from macrame.nets import flatbuffer
from macrame.nets.flatbuffer import Field, Number, Vector
from macrame.nets.graph import Graph, Op
from macrame.nets.tflite_schema import (
    ACTIVATIONS,
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

#: Names of the types by dtype.
_TYPES = {dtype: name for name, dtype in DTYPES.items()}

#: The first version of each operator that has int8, where it is not 1.
_VERSIONS = {
    "CONV_2D": 3,
    "DEPTHWISE_CONV_2D": 3,
    "FULLY_CONNECTED": 4,
    **dict.fromkeys(
        "AVERAGE_POOL_2D MAX_POOL_2D MEAN ADD SUB MUL MAXIMUM MINIMUM PAD PADV2 SOFTMAX LOGISTIC TANH "
        "RELU RELU6 LEAKY_RELU DEQUANTIZE STRIDED_SLICE PACK CONCATENATION TRANSPOSE SPLIT".split(),
        2,
    ),
}

_ALIGN = 16  # bytes, of the data of constants


@dataclass
class FileTensor:
    """A tensor of a file.

    Attributes
    ----------
    name : str
    shape : sequence of int
    type : str
        One of `macrame.nets.tflite_schema.TYPES`.
    scale, zero_point : ndarray, optional
    axis : int
    data : ndarray, optional
        The values of a constant.
    signature : sequence of int, optional
    variable, sparse, custom : bool
        What the reader rejects: variables, sparse tensors, custom quantisation.
    """

    name: str
    shape: Sequence[int]
    type: str
    scale: NDArray[np.float32] | None = None
    zero_point: NDArray[np.int64] | None = None
    axis: int = 0
    data: NDArray[Any] | None = None
    signature: Sequence[int] | None = None
    variable: bool = False
    sparse: bool = False
    custom: bool = False


@dataclass
class FileOp:
    """An operator of a file.

    Attributes
    ----------
    operator : str or int
        One of `macrame.nets.tflite_schema.OPERATORS`, or a number.
    inputs, outputs : sequence of int
        Indices of tensors; -1 for a missing one.
    options : mapping of str to value
        By their names in `macrame.nets.tflite_schema.OPTIONS`.
    options_number : int, optional
        Number of the options' table, if it is not the operator's.
    custom_code : str
        Name of a custom operator.
    """

    operator: str | int
    inputs: Sequence[int]
    outputs: Sequence[int]
    options: Mapping[str, Any] = field(default_factory=dict)
    options_number: int | None = None
    custom_code: str = ""


@dataclass
class FileModel:
    """A file.

    Attributes
    ----------
    name : str
        Of the subgraph.
    tensors : list of FileTensor
    ops : list of FileOp
    inputs, outputs : sequence of int
    version : int
        Of the schema.
    subgraphs : int
        How often the subgraph is written; the reader requires 1.
    outside : (int, int)
        Offset and size of each constant's data outside the tables; the reader requires 0.
    """

    name: str
    tensors: list[FileTensor]
    ops: list[FileOp]
    inputs: Sequence[int]
    outputs: Sequence[int]
    version: int = VERSION
    subgraphs: int = 1
    outside: tuple[int, int] = (0, 0)


def write(path: str | os.PathLike[str], graph: Graph) -> None:
    """Write a graph as a .tflite file.

    Parameters
    ----------
    path : path
    graph : Graph
        Reading the file gives an equal one, if each tensor is used and ``graph.name`` is not "main".

    Raises
    ------
    macrame.errors.InputError
        TFLite has no such operator.
    OSError
        The file cannot be written.
    """
    atomic.write(path, encode(lower(graph)))


# --- from a graph to a file's tensors and operators ---------------------------------------------------------


class _Lowering:
    """The tensors of a file, while operators are added."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.tensors = [
            FileTensor(t.name, t.shape, _TYPES[np.dtype(t.dtype)], t.scale, t.zero_point, t.axis, t.data)
            for t in graph.tensors
        ]

    def constant(self, name: str, values: Any, like: int | None = None) -> int:
        """Add a constant: int32, or of the type and quantisation of another tensor."""
        if like is None:
            data = np.asarray(values, np.int32)
            self.tensors.append(FileTensor(name, data.shape, "INT32", data=data))
        else:
            t = self.graph.tensors[like]
            data = np.asarray(values, t.dtype)
            self.tensors.append(
                FileTensor(name, data.shape, _TYPES[np.dtype(t.dtype)], t.scale, t.zero_point, data=data)
            )
        return len(self.tensors) - 1

    def shape(self, index: int | None) -> tuple[int, ...]:
        assert index is not None
        return self.graph.tensors[index].shape


def lower(graph: Graph) -> FileModel:
    """The tensors and operators of the file of a graph.

    Parameters
    ----------
    graph : Graph

    Returns
    -------
    FileModel

    Raises
    ------
    macrame.errors.InputError
    """
    lowering = _Lowering(graph)
    ops = []
    for i, op in enumerate(graph.ops):
        if op.kind not in _KINDS:
            raise InputError(f"op {i} {shown(op.name)}: TFLite has no operator {shown(op.kind)}")
        operator, handle = _KINDS[op.kind]
        inputs = [j for j in op.inputs if j is not None]  # only the last may be missing, the bias
        found = FileOp(operator, inputs, op.outputs)
        if handle is not None:
            handle(lowering, op, found)
        if "activation" in OPTIONS[str(found.operator)].fields:
            number = ACTIVATIONS.index(op.attributes["activation"].upper())
            found.options = {**found.options, "activation": number}
        ops.append(found)
    return FileModel(graph.name, lowering.tensors, ops, graph.inputs, graph.outputs)


def _window(lowering: _Lowering, op: Op, kernel: Sequence[int], dilation: Sequence[int]) -> dict[str, Any]:
    """The options of a window: its padding has to be TFLite's SAME or VALID."""
    stride, padding = op.attributes["stride"], op.attributes["padding"]
    same = []
    for size, k, step, spread in zip(lowering.shape(op.inputs[0])[1:3], kernel, stride, dilation):
        total = max((-(-size // step) - 1) * step + (k - 1) * spread + 1 - size, 0)
        same.append((total // 2, total - total // 2))
    if padding == ((0, 0), (0, 0)):
        name = "VALID"
    elif padding == tuple(same):
        name = "SAME"
    else:
        raise InputError(
            f"{shown(op.name)}: TFLite has no padding {shown(padding)}, expected none or {shown(tuple(same))}"
        )
    return {"padding": PADDINGS.index(name), "stride_h": stride[0], "stride_w": stride[1]}


def _conv(lowering: _Lowering, op: Op, found: FileOp) -> None:
    dilation = op.attributes["dilation"]
    options = _window(lowering, op, lowering.shape(op.inputs[1])[1:3], dilation)
    options |= {"dilation_h": dilation[0], "dilation_w": dilation[1]}
    if op.kind == "depthwise":
        options["depth_multiplier"] = op.attributes["multiplier"]
    found.options = options


def _pool(lowering: _Lowering, op: Op, found: FileOp) -> None:
    kernel = op.attributes["kernel"]
    found.options = {
        **_window(lowering, op, kernel, (1, 1)),
        "filter_h": kernel[0],
        "filter_w": kernel[1],
    }


def _fully_connected(lowering: _Lowering, op: Op, found: FileOp) -> None:
    found.options = {"keep_num_dims": op.attributes["keep_dims"]}


def _mean(lowering: _Lowering, op: Op, found: FileOp) -> None:
    found.inputs = [*found.inputs, lowering.constant(f"{op.name}/axes", op.attributes["axes"])]
    found.options = {"keep_dims": op.attributes["keep_dims"]}


def _pad(lowering: _Lowering, op: Op, found: FileOp) -> None:
    found.inputs = [*found.inputs, lowering.constant(f"{op.name}/padding", op.attributes["padding"])]
    value = op.attributes.get("value")
    if value is not None:
        found.operator = "PADV2"
        found.inputs = [*found.inputs, lowering.constant(f"{op.name}/value", value, op.inputs[0])]


def _reshape(lowering: _Lowering, op: Op, found: FileOp) -> None:
    shape = np.asarray(op.attributes["shape"], np.int32)
    if shape.size:
        found.inputs = [*found.inputs, lowering.constant(f"{op.name}/shape", shape)]
    found.options = {"new_shape": shape}


def _transpose(lowering: _Lowering, op: Op, found: FileOp) -> None:
    found.inputs = [*found.inputs, lowering.constant(f"{op.name}/permutation", op.attributes["axes"])]


def _split(lowering: _Lowering, op: Op, found: FileOp) -> None:
    found.inputs = [lowering.constant(f"{op.name}/axis", op.attributes["axis"]), *found.inputs]
    found.options = {"num_splits": op.attributes["parts"]}


def _strided_slice(lowering: _Lowering, op: Op, found: FileOp) -> None:
    names = ("begin", "end", "strides")
    constants = [lowering.constant(f"{op.name}/{name}", op.attributes[name]) for name in names]
    found.inputs = [*found.inputs, *constants]
    found.options = {"shrink_axis_mask": sum(1 << axis for axis in op.attributes["shrink"])}


def _named(*names: str) -> Callable[[_Lowering, Op, FileOp], None]:
    """Options with the names of attributes."""

    def handle(lowering: _Lowering, op: Op, found: FileOp) -> None:
        found.options = {name: op.attributes[name] for name in names}

    return handle


def _pack(lowering: _Lowering, op: Op, found: FileOp) -> None:
    found.options = {"axis": op.attributes["axis"], "values_count": len(op.inputs)}


#: By the kind of an operator of the graph: the name of the file's, and the function that gives it options.
_KINDS: dict[str, tuple[str, Callable[[_Lowering, Op, FileOp], None] | None]] = {
    "conv": ("CONV_2D", _conv),
    "depthwise": ("DEPTHWISE_CONV_2D", _conv),
    "fully_connected": ("FULLY_CONNECTED", _fully_connected),
    "average_pool": ("AVERAGE_POOL_2D", _pool),
    "max_pool": ("MAX_POOL_2D", _pool),
    "mean": ("MEAN", _mean),
    "leaky_relu": ("LEAKY_RELU", _named("alpha")),
    "softmax": ("SOFTMAX", _named("beta")),
    "pad": ("PAD", _pad),
    "reshape": ("RESHAPE", _reshape),
    "transpose": ("TRANSPOSE", _transpose),
    "concatenation": ("CONCATENATION", _named("axis")),
    "split": ("SPLIT", _split),
    "strided_slice": ("STRIDED_SLICE", _strided_slice),
    "pack": ("PACK", _pack),
    **{
        kind: (kind.upper(), None)
        for kind in "add sub mul maximum minimum quantize dequantize relu relu6 logistic tanh "
        "hard_swish".split()
    },
}


# --- from a file's tensors and operators to bytes -----------------------------------------------------------


def encode(model: FileModel) -> bytes:
    """The bytes of a file.

    Parameters
    ----------
    model : FileModel
        Not checked.

    Returns
    -------
    bytes
        Always the same for equal models.
    """
    codes: dict[tuple[int, str], int] = {}
    ops = [_operator(op, codes) for op in model.ops]
    buffers: list[dict[int, Field]] = [{}]  # the first is empty, for all activations
    tensors = [_tensor(tensor, buffers, model.outside) for tensor in model.tensors]
    subgraph: dict[int, Field] = {
        SubgraphSlots.TENSORS: tensors,
        SubgraphSlots.INPUTS: _int32(model.inputs),
        SubgraphSlots.OUTPUTS: _int32(model.outputs),
        SubgraphSlots.OPERATORS: ops,
        SubgraphSlots.NAME: model.name,
    }
    root: dict[int, Field] = {
        ModelSlots.VERSION: Number("I", model.version),
        ModelSlots.OPERATOR_CODES: [_code(number, custom) for number, custom in codes],
        ModelSlots.SUBGRAPHS: [subgraph] * model.subgraphs,
        ModelSlots.DESCRIPTION: "macrame",
        ModelSlots.BUFFERS: buffers,
    }
    return flatbuffer.encode(root, IDENTIFIER)


def _int32(values: Sequence[int]) -> Vector:
    return Vector(np.asarray(values, np.int32))


def _code(number: int, custom: str) -> dict[int, Field]:
    name = OPERATORS[number] if number < len(OPERATORS) else ""
    fields: dict[int, Field] = {
        # of one byte: 127 stands for all larger numbers
        CodeSlots.DEPRECATED_BUILTIN_CODE: Number("b", min(number, 127)),
        CodeSlots.VERSION: Number("i", _VERSIONS.get(name, 1)),
        CodeSlots.BUILTIN_CODE: Number("i", number),
    }
    if custom:
        fields[CodeSlots.CUSTOM_CODE] = custom
    return fields


def _operator(op: FileOp, codes: dict[tuple[int, str], int]) -> dict[int, Field]:
    number = OPERATORS.index(op.operator) if isinstance(op.operator, str) else op.operator
    fields: dict[int, Field] = {
        OperatorSlots.OPCODE_INDEX: Number("I", codes.setdefault((number, op.custom_code), len(codes))),
        OperatorSlots.INPUTS: _int32(op.inputs),
        OperatorSlots.OUTPUTS: _int32(op.outputs),
    }
    options = OPTIONS.get(op.operator) if isinstance(op.operator, str) else None
    if options and options.number:
        given: dict[int, Field] = {}
        for slot, (name, (layout, _)) in enumerate(options.fields.items()):
            if name in op.options:
                value = op.options[name]
                given[slot] = _int32(value) if layout == "*" else Number(layout, value)
        number = options.number if op.options_number is None else op.options_number
        fields[OperatorSlots.BUILTIN_OPTIONS_TYPE] = Number("B", number)
        fields[OperatorSlots.BUILTIN_OPTIONS] = given
    return fields


def _tensor(
    tensor: FileTensor, buffers: list[dict[int, Field]], outside: tuple[int, int]
) -> dict[int, Field]:
    buffer = 0
    if tensor.data is not None:
        buffer = len(buffers)
        values = np.ascontiguousarray(tensor.data)
        values = values.astype(values.dtype.newbyteorder("<")).reshape(-1).view(np.uint8)
        buffers.append({BufferSlots.DATA: Vector(values, _ALIGN)})
        if any(outside):
            buffers[-1][BufferSlots.OFFSET] = Number("Q", outside[0])
            buffers[-1][BufferSlots.SIZE] = Number("Q", outside[1])
    fields: dict[int, Field] = {
        TensorSlots.SHAPE: _int32(tensor.shape),
        TensorSlots.TYPE: Number("b", TYPES.index(tensor.type)),
        TensorSlots.BUFFER: Number("I", buffer),
        TensorSlots.NAME: tensor.name,
    }
    if tensor.scale is not None and tensor.zero_point is not None:
        quantization: dict[int, Field] = {
            QuantizationSlots.SCALE: Vector(np.asarray(tensor.scale, np.float32)),
            QuantizationSlots.ZERO_POINT: Vector(np.asarray(tensor.zero_point, np.int64)),
            QuantizationSlots.QUANTIZED_DIMENSION: Number("i", tensor.axis),
        }
        if tensor.custom:
            quantization |= {
                QuantizationSlots.DETAILS_TYPE: Number("B", 1),
                QuantizationSlots.DETAILS: {},
            }
        fields[TensorSlots.QUANTIZATION] = quantization
    if tensor.variable:
        fields[TensorSlots.IS_VARIABLE] = Number("?", True)
    if tensor.sparse:
        fields[TensorSlots.SPARSITY] = {}
    if tensor.signature is not None:
        fields[TensorSlots.SHAPE_SIGNATURE] = _int32(tensor.signature)
    return fields
