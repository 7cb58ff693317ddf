# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The content of a .onnx file as plain Python and NumPy objects: all that needs the package `onnx`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from macrame import paths
from macrame.errors import InputError, SetupError, short, shown


@dataclass(frozen=True)
class Value:
    """An input of a network.

    Attributes
    ----------
    name : str
    type : str
        Name of a NumPy type, or of one of ONNX that NumPy does not have.
    shape : tuple of int or str, optional
        A name stands for a dimension of any size; None if the file has no shape.
    """

    name: str
    type: str
    shape: tuple[int | str, ...] | None


@dataclass(frozen=True)
class Node:
    """An operator.

    Attributes
    ----------
    op, domain : str
        Type of the operator; the domain of ONNX itself is "".
    inputs, outputs : tuple of str
        "" stands for a missing one.
    attributes : mapping of str to object
        Integers, floats, strings, arrays, and tuples of them.
    """

    op: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any] = field(default_factory=dict)
    domain: str = ""


@dataclass(frozen=True)
class Model:
    """A network.

    Attributes
    ----------
    name : str
    nodes : tuple of Node
        In an order in which each input exists before it is used.
    constants : mapping of str to ndarray
    inputs : tuple of Value
        Without the constants.
    outputs : tuple of str
    """

    name: str
    nodes: tuple[Node, ...]
    constants: Mapping[str, NDArray[Any]]
    inputs: tuple[Value, ...]
    outputs: tuple[str, ...]


#: Versions of the operators and of the format that files are written with.
OPSETS = {"": 19, "com.microsoft": 1}
IR_VERSION = 9


def _install() -> str:
    """The command that installs `onnx`, as docs/networks.md has it."""
    if paths.CHECKOUT:
        return ".venv/bin/python -m pip install -r requirements-onnx.txt"
    return "pip install 'macrame[onnx]'"


def encode(model: Model) -> bytes:
    """The bytes of a .onnx file, the same for the same model.

    Parameters
    ----------
    model : Model

    Returns
    -------
    bytes

    Raises
    ------
    macrame.errors.SetupError
        The package `onnx` is not installed.
    """
    try:
        import onnx
        from onnx import helper, numpy_helper
    except ImportError:
        raise SetupError(f"writing .onnx files needs the package onnx: {_install()}") from None
    nodes = [
        helper.make_node(n.op, list(n.inputs), list(n.outputs), domain=n.domain, **n.attributes)
        for n in model.nodes
    ]
    inputs = [
        helper.make_tensor_value_info(v.name, helper.np_dtype_to_tensor_dtype(np.dtype(v.type)), v.shape)
        for v in model.inputs
    ]
    outputs = [onnx.ValueInfoProto(name=name) for name in model.outputs]
    constants = [numpy_helper.from_array(np.asarray(v), name) for name, v in model.constants.items()]
    graph = helper.make_graph(nodes, model.name, inputs, outputs, constants)
    domains = [helper.make_opsetid(domain, version) for domain, version in OPSETS.items()]
    proto: Any = helper.make_model(
        graph, opset_imports=domains, ir_version=IR_VERSION, producer_name="macrame"
    )
    data: bytes = proto.SerializeToString(deterministic=True)
    return data


def load(label: str, data: bytes, name: str = "main") -> Model:
    """The model in the bytes of a .onnx file.

    Parameters
    ----------
    label : str
        Name of the file for the user.
    data : bytes
    name : str
        Name of the network, if the file's is empty.

    Returns
    -------
    Model

    Raises
    ------
    macrame.errors.InputError
        The file is damaged, or has parts that are not supported.
    macrame.errors.SetupError
        The package `onnx` is not installed.
    """
    try:
        import onnx
    except ImportError:
        raise SetupError(f"{label}: reading .onnx files needs the package onnx: {_install()}") from None
    try:
        proto: Any = onnx.load_model_from_string(data)
    except Exception as error:  # DecodeError of protobuf, which comes with onnx
        if type(error).__name__ != "DecodeError":
            raise
        raise InputError(f"{label}: not a .onnx file, or damaged") from None
    if not proto.graph.node:
        raise InputError(f"{label}: has no operators, or is not a .onnx file")
    if proto.functions:
        raise InputError(f"{label}: contains model-local functions, which are not supported")
    constants = {}
    for tensor in proto.graph.initializer:
        constants[tensor.name] = _array(label, tensor)
    nodes = []
    for node in proto.graph.node:
        attributes = {a.name: _attribute(label, node, a) for a in node.attribute}
        if node.op_type == "Constant" and "value" in attributes:
            constants[node.output[0]] = attributes["value"]
            continue
        domain = "" if node.domain == "ai.onnx" else node.domain
        nodes.append(Node(node.op_type, tuple(node.input), tuple(node.output), attributes, domain))
    inputs = tuple(_value(value) for value in proto.graph.input if value.name not in constants)
    outputs = tuple(value.name for value in proto.graph.output)
    return Model(proto.graph.name or name, tuple(nodes), constants, inputs, outputs)


def _array(label: str, tensor: Any) -> NDArray[Any]:
    import onnx

    if tensor.data_location == onnx.TensorProto.EXTERNAL:
        raise InputError(
            f"{label}: constant {shown(tensor.name)} is stored in an external file, which is not supported"
        )
    try:
        array: NDArray[Any] = np.asarray(onnx.numpy_helper.to_array(tensor))
    except (ValueError, TypeError, KeyError) as error:
        raise InputError(f"{label}: constant {shown(tensor.name)} is damaged: {shown(str(error))}") from None
    return array


def _attribute(label: str, node: Any, attribute: Any) -> Any:
    import onnx

    try:
        value = onnx.helper.get_attribute_value(attribute)
    except ValueError:
        raise InputError(
            f"{label}: attribute {shown(attribute.name)} of {short(node.op_type)} is damaged"
        ) from None
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, onnx.TensorProto):
        return _array(label, value)
    if isinstance(value, (int, float)):
        return value
    if attribute.type in (onnx.AttributeProto.INTS, onnx.AttributeProto.FLOATS):
        return tuple(value)
    raise InputError(
        f"{label}: attribute {shown(attribute.name)} of {short(node.op_type)} is not supported, "
        "expected numbers, a string or a tensor"
    )


def _value(value: Any) -> Value:
    import onnx

    kind = value.type.tensor_type
    try:
        name = np.dtype(onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type)).name
    except (KeyError, TypeError):
        name = f"number {kind.elem_type}"
    if not kind.HasField("shape"):
        return Value(value.name, name, None)
    shape = tuple(d.dim_value if d.HasField("dim_value") else d.dim_param or "?" for d in kind.shape.dim)
    return Value(value.name, name, shape)
