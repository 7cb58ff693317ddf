# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Networks in .tflite files: what is written is read, and all else is rejected before anything runs.

What could be wrong: an offset that is followed out of the file, or a length that is believed; a layer that
TensorFlow Lite Micro would reject, or compute differently, and that gets into a graph; a message that does
not name the layer.
"""

import copy
import os
import re
import struct
import time
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from macrame.errors import InputError
from macrame.nets import flatbuffer, operators, tflite, tflite_writer
from macrame.nets.graph import Op
from macrame.nets.tflite_schema import (
    ACTIVATIONS,
    OPERATORS,
    OPTIONS,
    TYPES,
    ModelSlots,
    OperatorSlots,
    SubgraphSlots,
    TensorSlots,
)
from macrame.nets.tflite_writer import FileOp, FileTensor
from tests.damaged import damage
from tests.nets import small
from tests.nets.small import NONE, SMALL

NAME = "net.tflite"


def file_of(graph):
    """The bytes of a graph's file."""
    return tflite_writer.encode(tflite_writer.lower(graph))


def model_of(name):
    """The file of a small network, to be changed."""
    return copy.deepcopy(tflite_writer.lower(SMALL[name]))


def parse(model):
    """The graph of a file."""
    return tflite.parse(NAME, tflite_writer.encode(model))


def refused(data):
    """The message for a bad file, which is one line and starts with the file's name."""
    with pytest.raises(InputError) as caught:
        tflite.parse(NAME, data)
    text = str(caught.value)
    assert text.startswith(f"{NAME}: ")
    assert text.isprintable()
    return text.removeprefix(f"{NAME}: ")


# --- good files ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SMALL)
def test_what_is_written_is_read(name, tmp_path):
    path = tmp_path / "a.tflite"
    tflite_writer.write(path, SMALL[name])
    read = tflite.read(path)
    assert small.equal(read, SMALL[name])
    assert file_of(read) == path.read_bytes()
    assert not any(t.data.flags.writeable for t in read.tensors if t.data is not None)


def test_constants_are_views_of_the_file():
    data = file_of(SMALL["conv"])
    graph = tflite.parse(NAME, data)
    whole = np.frombuffer(data, np.uint8)
    for values in (graph.tensors[1].data, graph.tensors[2].data, graph.tensors[1].scale):
        assert np.shares_memory(whole, values)
        assert values.flags.aligned


def test_small_networks_cover_all_operators():
    ops = [op for graph in SMALL.values() for op in tflite_writer.lower(graph).ops]
    assert {op.operator for op in ops} == set(OPTIONS) - {"SHAPE", "SQUEEZE", "EXPAND_DIMS"}
    assert {op.kind for graph in SMALL.values() for op in graph.ops} == set(tflite_writer._KINDS)


def test_equal_sees_differences():
    one = SMALL["conv"]
    for name, value in (("name", "z"), ("scale", one.tensors[0].scale * 2), ("data", None), ("axis", 1)):
        tensors = (*one.tensors[:1], replace(one.tensors[1], **{name: value}), *one.tensors[2:])
        assert not small.equal(one, replace(one, tensors=tensors))
    assert not small.equal(one, replace(one, inputs=(3,)))


def test_name_of_the_network(tmp_path):
    for own, name in (("", "a"), ("main", "a"), ("net", "net")):
        (tmp_path / "a.tflite").write_bytes(file_of(replace(SMALL["add"], name=own)))
        assert tflite.read(tmp_path / "a.tflite").name == name


def test_tensors_out_of_use_are_left_out():
    model = model_of("add")
    model.tensors.insert(0, FileTensor("unused", (2, 2), "FLOAT16"))
    model.inputs = [i + 1 for i in model.inputs]
    model.outputs = [i + 1 for i in model.outputs]
    for op in model.ops:
        op.inputs, op.outputs = [i + 1 for i in op.inputs], [i + 1 for i in op.outputs]
    assert small.equal(parse(model), SMALL["add"])


def test_batch_may_be_of_any_size():
    model = model_of("conv")
    for tensor in (model.tensors[0], model.tensors[-1]):
        tensor.signature = (-1, *tensor.shape[1:])
    assert small.equal(parse(model), SMALL["conv"])


def test_bias_of_minus_one():
    for name in ("conv without bias", "fully_connected without bias"):
        model = model_of(name)
        assert list(model.ops[0].inputs) == [0, 1]
        model.ops[0].inputs = [0, 1, -1]
        assert small.equal(parse(model), SMALL[name])


def test_defaults_of_options():
    for name, options in (("conv", ("dilation_h", "dilation_w")), ("add", ("activation",))):
        model = model_of(name)
        model.ops[0].options = {k: v for k, v in model.ops[0].options.items() if k not in options}
        assert small.equal(parse(model), SMALL[name])
    model = model_of("add")
    model.ops[0].options_number = 0
    assert small.equal(parse(model), SMALL["add"])


def windows():
    """Sizes of windows."""
    for size in (1, 2, 5, 8):
        for k in (1, 2, 3, 5):
            for stride in (1, 2, 3):
                for dilation in (1, 2) if k > 1 else (1,):
                    yield size, k, stride, dilation


@pytest.mark.parametrize(("size", "k", "stride", "dilation"), list(windows()))
def test_same_padding(size, k, stride, dilation):
    """As TensorFlow defines it: as many results as steps fit, and an odd zero at the end."""
    side = len(range(0, size, stride))
    last = (side - 1) * stride + (
        k - 1
    ) * dilation  # the last row that a window reads, from the first's first
    total = max(last + 1 - size, 0)
    model = model_of("conv")
    x, w, _, y = model.tensors
    x.shape, y.shape = (1, size, 1, 4), (1, side, 1, 6)
    w.shape, w.data = (6, k, 1, 4), np.ones((6, k, 1, 4), np.int8)
    model.ops[0].options |= dict(padding=0, stride_h=stride, stride_w=1, dilation_h=dilation)
    (op,) = parse(model).ops
    assert op.attributes["padding"] == ((total // 2, (total + 1) // 2), (0, 0))
    model.ops[0].options |= dict(padding=1)
    side = len(range(0, size - (k - 1) * dilation, stride))
    y.shape = (1, side, 1, 6)
    if side:
        (op,) = parse(model).ops
        assert op.attributes["padding"] == NONE
    else:
        assert refused(tflite_writer.encode(model)) == (
            f"op 0 'y' (CONV_2D): has a window of {(k - 1) * dilation + 1}, "
            f"larger than the image side of {size}"
        )


def integers(*values):
    """A constant of int32."""
    data = np.array(values if len(values) != 1 else values[0], np.int32)
    return FileTensor("c", data.shape, "INT32", data=data)


def replaced(name, operator, constants=(), options=None, **shapes):
    """The file of a small network with another operator, other constants and other shapes."""
    model = model_of(name)
    count = len(SMALL[name].tensors)
    model.tensors[count:] = constants
    inputs = [*SMALL[name].ops[0].inputs, *range(count, count + len(constants))]
    model.ops[0] = FileOp(operator, inputs, model.ops[0].outputs, options or {})
    for tensor in model.tensors:
        tensor.shape = shapes.get(tensor.name, tensor.shape)
    return model


#: Description, file, and the attributes of the graph's operator.
OTHER_FORMS = [
    ("squeeze", replaced("reshape", "SQUEEZE", x=(1, 6, 1, 4), y=(6, 4)), dict(shape=(6, 4))),
    (
        "squeeze one",
        replaced("reshape", "SQUEEZE", options={"squeeze_dims": [-2]}, x=(1, 6, 1, 4), y=(1, 6, 4)),
        dict(shape=(1, 6, 4)),
    ),
    ("expand", replaced("reshape", "EXPAND_DIMS", [integers(1)], y=(2, 1, 3, 4)), dict(shape=(2, 1, 3, 4))),
    (
        "expand end",
        replaced("reshape", "EXPAND_DIMS", [integers(-1)], y=(2, 3, 4, 1)),
        dict(shape=(2, 3, 4, 1)),
    ),
    ("reshape of -1", replaced("reshape", "RESHAPE", [integers(-1, 4)]), dict(shape=(6, 4))),
    (
        "reshape by options",
        replaced("reshape", "RESHAPE", options={"new_shape": [6, -1]}),
        dict(shape=(6, 4)),
    ),
    (
        "mean from the end",
        replaced("mean", "MEAN", [integers(-2, 1)], {"keep_dims": False}),
        dict(axes=(1, 2), keep_dims=False),
    ),
    (
        "mean of a scalar axis",
        replaced("mean of one axis", "MEAN", [integers(1)], {"keep_dims": False}),
        dict(axes=(1,), keep_dims=False),
    ),
    (
        "slice with masks",
        replaced(
            "strided_slice",
            "STRIDED_SLICE",
            [integers(9, -2), integers(3, 9), integers(1, 1)],
            {"begin_mask": 1, "end_mask": 2},
            y=(3, 2),
        ),
        dict(begin=(0, 4), end=(3, 6), strides=(1, 1), shrink=()),
    ),
    (
        "slice that shrinks",
        replaced(
            "strided_slice",
            "STRIDED_SLICE",
            [integers(-1, 1), integers(0, 5), integers(1, 3)],
            {"shrink_axis_mask": 1},
            y=(2,),
        ),
        dict(begin=(3, 1), end=(4, 5), strides=(1, 3), shrink=(0,)),
    ),
    (
        "concatenation from the end",
        replaced("concatenation", "CONCATENATION", options={"axis": -1}),
        dict(axis=1, activation="none"),
    ),
    ("pack from the end", replaced("pack", "PACK", options={"axis": -2, "values_count": 4}), dict(axis=1)),
]


@pytest.mark.parametrize(
    ("model", "attributes"), [f[1:] for f in OTHER_FORMS], ids=[f[0] for f in OTHER_FORMS]
)
def test_other_forms_of_operators(model, attributes):
    graph = parse(model)
    assert [dict(op.attributes) for op in graph.ops] == [attributes]
    assert small.equal(tflite.parse(NAME, file_of(graph)), graph)


def keras_reshape():
    """What Keras writes for Reshape: the batch from the input's shape, the rest constant."""
    model = model_of("reshape")
    x, y = model.tensors[:2]
    x.shape, y.shape = (1, 6, 4), (1, 24)
    vector = (1,)
    model.tensors[2:] = [
        FileTensor("shape", (3,), "INT32"),
        *(FileTensor("c", vector, "INT32", data=np.array([v], np.int32)) for v in (0, 1, 1)),
        FileTensor("batch", (), "INT32"),
        FileTensor("side", (), "INT32", data=np.array(24, np.int32)),
        FileTensor("packed", (2,), "INT32"),
    ]
    model.ops = [
        FileOp("SHAPE", [0], [2], {"out_type": TYPES.index("INT32")}),
        FileOp("STRIDED_SLICE", [2, 3, 4, 5], [6], {"shrink_axis_mask": 1}),
        FileOp("PACK", [6, 7], [8], {"values_count": 2, "axis": 0}),
        FileOp("RESHAPE", [0, 8], [1]),
    ]
    return model


def test_arithmetic_on_shapes_is_folded():
    graph = parse(keras_reshape())
    assert [t.name for t in graph.tensors] == ["x", "y"]
    assert graph.ops == (Op("reshape", "y", (0,), (1,), {"shape": (1, 24)}),)
    # and by concatenation, from a part of the shape
    model = keras_reshape()
    model.tensors[6].shape = model.tensors[7].shape = (1,)
    model.tensors[7].data = np.array([24], np.int32)
    model.ops[1].options = {}
    model.ops[2] = FileOp("CONCATENATION", [6, 7], [8], {"axis": 0})
    assert small.equal(parse(model), graph)


# --- bad files: their tensors and operators -----------------------------------------------------------------


def tensor(name, **changes):
    """A change of a tensor."""

    def change(model):
        (found,) = (t for t in model.tensors if t.name == name)
        for key, value in changes.items():
            assert hasattr(found, key)
            setattr(found, key, value)

    return change


def op(**changes):
    """A change of the last operator."""

    def change(model):
        for key, value in changes.items():
            assert hasattr(model.ops[-1], key)
            setattr(model.ops[-1], key, value)

    return change


def options(**changes):
    """A change of the last operator's options."""

    def change(model):
        model.ops[-1].options = {**model.ops[-1].options, **changes}

    return change


def network(**changes):
    """A change of the file."""

    def change(model):
        for key, value in changes.items():
            assert hasattr(model, key)
            setattr(model, key, value)

    return change


def both(*changes):
    """Several changes."""

    def change(model):
        for each in changes:
            each(model)

    return change


def cycle(model):
    """Two operators that read each other's results."""
    model.tensors[3:] = [copy.deepcopy(model.tensors[2]), copy.deepcopy(model.tensors[2])]
    model.tensors[3].name, model.tensors[4].name = "p", "q"
    model.ops = [FileOp("ADD", [0, 4], [3]), FileOp("ADD", [0, 3], [4]), FileOp("ADD", [3, 4], [2])]
    model.inputs = [0]


def float_island(model):
    """Float32 between two int8 tensors."""
    x, y = model.tensors
    model.tensors = [x, FileTensor("f", x.shape, "FLOAT32"), FileTensor("g", x.shape, "FLOAT32"), y]
    model.ops = [FileOp("DEQUANTIZE", [0], [1]), FileOp("RELU", [1], [2]), FileOp("QUANTIZE", [2], [3])]
    model.inputs, model.outputs = [0], [3]


def folds_much(model):
    """Twice as many integers with each operator."""
    model.ops = model.ops[:1]
    model.tensors = model.tensors[:3]
    for i in range(6):
        model.tensors.append(FileTensor(f"n{i}", (6 << i,), "INT32"))
        model.ops.append(FileOp("CONCATENATION", [i + 2, i + 2], [i + 3], {"axis": 0}))


def slices_much(model):
    """A long vector of integers."""
    model.tensors[2] = integers(*range(100))
    model.tensors[4].data[0], model.tensors[6].shape = 100, (100,)
    model.ops[1].options = {}
    del model.ops[0]


def bad_scale(value):
    """A scale that is not a positive number."""
    return tensor("w", scale=np.array([0.1, value, 0.1, 0.1, 0.1, 0.1], np.float32))


SUPPORTED = ", ".join(OPTIONS)

#: Description of the network, change, message.
BAD = [
    ("add", network(version=2), "has schema version 2, expected 3"),
    ("add", network(subgraphs=2), "has 2 subgraphs, expected 1"),
    ("add", network(subgraphs=0), "has 0 subgraphs, expected 1"),
    ("conv", network(outside=(64, 0)), "the data of buffer 1 is outside the tables, which is not supported"),
    ("conv", network(outside=(0, 64)), "the data of buffer 1 is outside the tables, which is not supported"),
    ("add", tensor("y", scale=None, zero_point=None), "op 0 'y' (ADD): output 'y' has 0 scales, expected 1"),
    (
        "add broadcasts",
        op(operator="RELU", inputs=[1]),
        ("op 0 'y' (RELU): input 'b' is a constant, expected an activation"),
    ),
    (
        "depthwise",
        tensor("w", shape=(2, 3, 3, 4), data=np.zeros((2, 3, 3, 4), np.int8)),
        (
            "op 0 'y' (DEPTHWISE_CONV_2D): weights tensor 'w' has shape (2, 3, 3, 4), "
            "which does not match an input of 4 channels and a multiplier of 1"
        ),
    ),
    (
        "reshape",
        tensor("y/shape", data=np.array([-2, -12], np.int32)),
        ("op 0 'y' (RESHAPE): reshapes (2, 3, 4) to (-2, -12), expected as many values"),
    ),
    (
        "reshape",
        op(inputs=[0], options={}),
        ("op 0 'y' (RESHAPE): has no shape, expected a constant or an option"),
    ),
    (
        "strided_slice",
        both(*(tensor(f"y/{n}", shape=(3,), data=np.ones(3, np.int32)) for n in ("begin", "end", "strides"))),
        (
            "op 0 'y' (STRIDED_SLICE): has 3, 3, 3 values of begin, end "
            "and strides for an input of shape (4, 6)"
        ),
    ),
    ("add", network(ops=[]), "has no operators"),
    ("add", network(inputs=[]), "the network's inputs are [], expected one or more distinct tensors"),
    ("add", network(outputs=[-1]), "the network's outputs are [-1], expected one or more distinct tensors"),
    ("add", network(inputs=[0, 0]), "the network's inputs are [0, 0], expected one or more distinct tensors"),
    ("add", network(inputs=[0, 7]), "the network's inputs include tensor 7, expected 0 to 2"),
    ("add", network(inputs=[0] * 300), "the network's inputs: 300 values, expected at most 256"),
    ("add", network(outputs=[1]), "no operator writes the network's output 'b'"),
    ("add", network(inputs=[0]), "op 0 'y' (ADD): reads 'b', which no earlier operator writes"),
    ("add broadcasts", network(inputs=[0, 1]), "the network's input 'b' is a constant"),
    (
        "reshape",
        network(inputs=[0, 2]),
        "the network's input 'y/shape' has type INT32, expected INT8, UINT8 or FLOAT32",
    ),
    (
        "mean",
        network(outputs=[2]),
        "the network's output 'y/axes' has type INT32, expected INT8, UINT8 or FLOAT32",
    ),
    (
        "add",
        tensor("a", scale=None, zero_point=None),
        "the network's input 'a' does not have one scale and one zero point",
    ),
    ("add", op(inputs=[0] * 300), "the inputs of op 0: 300 values, expected at most 256"),
    ("conv", op(inputs=[0, 0, 2]), "op 0 'y' (CONV_2D): weights tensor 'x' is not a constant"),
    (
        "quantize",
        both(
            tensor("x", data=np.zeros((1, 3, 4), np.float32)),
            network(inputs=[2]),
            lambda m: m.tensors.append(copy.deepcopy(m.tensors[1])),
        ),
        "op 0 'y' (QUANTIZE): input 'x' is FLOAT32, which only the network's input may be",
    ),
    (
        "add",
        tensor("a", type="INT16"),
        "the network's input 'a' has type INT16, expected INT8, UINT8, INT32 or FLOAT32",
    ),
    (
        "add",
        both(tensor("a", type="FLOAT32"), tensor("b", type="FLOAT32"), tensor("y", type="FLOAT32")),
        "op 0 'y' (ADD): input 'a' has type FLOAT32, expected INT8",
    ),
    # operators
    (
        "reshape",
        op(operator="SQUEEZE", options={}),
        "op 0 'y' (SQUEEZE): has 2 inputs, expected 1",
    ),
    (
        "reshape",
        op(operator="EXPAND_DIMS", inputs=[0], options={}),
        "op 0 'y' (EXPAND_DIMS): has 1 input, expected 2",
    ),
    (
        "pad",
        tensor("x", shape=(1, 1, 1, 3, 4, 2)),
        ("op 0 'y' (PAD): input 'x' has 6 axes, expected at most 5"),
    ),
    (
        "transpose",
        tensor("x", shape=(1, 1, 1, 2, 3, 4)),
        ("op 0 'y' (TRANSPOSE): input 'x' has 6 axes, expected at most 5"),
    ),
    (
        "strided_slice",
        tensor("x", shape=(1, 1, 1, 4, 6)),
        ("op 0 'y' (STRIDED_SLICE): input 'x' has 5 axes, expected at most 4"),
    ),
    (
        "transpose",
        tensor("y/permutation", data=np.array([-1, 0, 1], np.int32)),
        ("op 0 'y' (TRANSPOSE): has the permutation (-1, 0, 1), expected each of 3 axes once"),
    ),
    (
        "transpose",
        tensor("y/permutation", shape=(2,), data=np.array([1, 0], np.int32)),
        ("op 0 'y' (TRANSPOSE): has the permutation (1, 0), expected each of 3 axes once"),
    ),
    (
        "strided_slice",
        both(*(tensor(f"y/{n}", shape=(1,), data=np.ones(1, np.int32)) for n in ("begin", "end", "strides"))),
        "op 0 'y' (STRIDED_SLICE): has 1, 1, 1 values of begin, end and strides for an input of shape (4, 6)",
    ),
    (
        "add broadcasts",
        op(operator="QUANTIZE", inputs=[1]),
        ("op 0 'y' (QUANTIZE): input 'b' is a constant, expected an activation"),
    ),
    (
        "add broadcasts",
        tensor("b", scale=None, zero_point=None),
        ("op 0 'y' (ADD): input 'b' has 0 scales, expected 1"),
    ),
    (
        "pad with a value",
        tensor("y/value", scale=None, zero_point=None),
        ("op 0 'y' (PADV2): value 'y/value' has scale and zero point None, expected (0.5, 3), as for 'x'"),
    ),
    (
        "depthwise",
        tensor("x", shape=(1, 5, 6, 4, 1)),
        ("op 0 'y' (DEPTHWISE_CONV_2D): input 'x' has shape (1, 5, 6, 4, 1), expected 4 axes"),
    ),
    (
        "add",
        op(operator="RESIZE_BILINEAR"),
        f"op 0 'y' (RESIZE_BILINEAR): is not supported, expected one of {SUPPORTED}",
    ),
    (
        "add",
        op(operator="STABLEHLO_ADD"),
        f"op 0 'y' (STABLEHLO_ADD): is not supported, expected one of {SUPPORTED}",
    ),
    (
        "add",
        op(operator="CUSTOM", custom_code="Sum\nof"),
        f"op 0 'y' (custom operator 'Sum\\nof'): is not supported, expected one of {SUPPORTED}",
    ),
    (
        "add",
        op(operator=250),
        f"op 0 'y' (operator number 250): is not supported, expected one of {SUPPORTED}",
    ),
    ("add", op(options_number=21), "op 0 'y' (ADD): has options of type 21, expected 11"),
    ("add", op(inputs=[0]), "op 0 'y' (ADD): has 1 input, expected 2"),
    ("conv", op(inputs=[0]), "op 0 'y' (CONV_2D): has 1 input, expected 2 or 3"),
    ("add", op(inputs=[0, -1]), "op 0 'y' (ADD): input is missing"),
    ("add", op(inputs=[0, 9]), "op 0 (ADD): the inputs of op 0 include tensor 9, expected 0 to 2"),
    ("add", op(outputs=[2, 1]), "op 0 'y' (ADD): has 2 outputs, expected 1"),
    ("add", op(outputs=[-1]), "op 0 '' (ADD): output is missing"),
    ("add", op(outputs=[1]), "op 0 'b' (ADD): output 'b' is already written"),
    ("add broadcasts", op(inputs=[0, 0], outputs=[1]), "op 0 'b' (ADD): output 'b' is a constant"),
    ("add broadcasts", op(inputs=[1, 1]), "op 0 'y' (ADD): has only constant inputs, expected an activation"),
    ("add", op(inputs=[0, 2]), "op 0 'y' (ADD): reads 'y', which no earlier operator writes"),
    ("add", cycle, "op 0 'p' (ADD): reads 'q', which no earlier operator writes"),
    (
        "relu",
        float_island,
        "op 0 'f' (DEQUANTIZE): output 'f' is FLOAT32, which only the network's output may be",
    ),
    # tensors
    (
        "conv",
        tensor("x", signature=(1, -1, -1, 4)),
        (
            "the network's input 'x' has the dynamic shape (1, -1, -1, 4), "
            "expected a static one; only the batch may be -1"
        ),
    ),
    (
        "conv",
        tensor("x", signature=(-1, 5, 6)),
        (
            "the network's input 'x' has the dynamic shape (-1, 5, 6), "
            "expected a static one; only the batch may be -1"
        ),
    ),
    (
        "conv",
        tensor("x", shape=(-1, 5, 6, 4)),
        "the network's input 'x' has the dynamic shape (-1, 5, 6, 4), expected a static one",
    ),
    ("conv", tensor("x", shape=(0, 5, 6, 4)), "the network's input 'x' is empty, its shape is (0, 5, 6, 4)"),
    ("add", tensor("a", shape=(1,) * 7), "the network's input 'a' has 7 axes, expected at most 6"),
    (
        "add",
        tensor("a", shape=(1 << 20, 1 << 20)),
        "the network's input 'a' has the shape (1048576, 1048576), expected at most 268,435,456 values",
    ),
    ("conv", tensor("w", type="INT4"), "op 0 'y' (CONV_2D): weights tensor 'w' has type INT4, expected INT8"),
    (
        "conv",
        tensor("w", type="FLOAT16"),
        "op 0 'y' (CONV_2D): weights tensor 'w' has type FLOAT16, expected INT8",
    ),
    (
        "conv",
        tensor("w", type="UINT8", zero_point=[0] * 6),
        "op 0 'y' (CONV_2D): weights tensor 'w' has type UINT8, expected INT8",
    ),
    ("conv", tensor("w", data=None), "op 0 'y' (CONV_2D): weights tensor 'w' is not a constant"),
    (
        "conv",
        tensor("w", sparse=True),
        "op 0 'y' (CONV_2D): weights tensor 'w' is sparse, expected a dense tensor",
    ),
    (
        "conv",
        tensor("w", custom=True),
        "op 0 'y' (CONV_2D): weights tensor 'w' has a custom quantisation, expected scales and zero points",
    ),
    (
        "conv",
        tensor("w", variable=True),
        "op 0 'y' (CONV_2D): weights tensor 'w' is a variable, expected a constant or an activation",
    ),
    (
        "conv",
        tensor("w", data=np.zeros((6, 3, 3), np.int8)),
        "op 0 'y' (CONV_2D): weights tensor 'w' has 54 bytes of data, expected 216",
    ),
    (
        "conv",
        tensor("w", shape=(6, 3, 12), axis=0),
        "op 0 'y' (CONV_2D): weights tensor 'w' has shape (6, 3, 12), expected 4 axes",
    ),
    (
        "conv",
        tensor("w", scale=None, zero_point=None),
        "op 0 'y' (CONV_2D): weights tensor 'w' has no scales",
    ),
    (
        "conv",
        tensor("w", zero_point=[0, 0, 5, 0, 0, 0]),
        "op 0 'y' (CONV_2D): weights tensor 'w' has the zero point 5, expected 0",
    ),
    (
        "conv",
        tensor("w", zero_point=[0, 0]),
        "op 0 'y' (CONV_2D): weights tensor 'w' has 6 scales and 2 zero points, expected the same number",
    ),
    (
        "conv",
        tensor("w", scale=np.ones(3, np.float32), zero_point=[0] * 3),
        "op 0 'y' (CONV_2D): weights tensor 'w' has 3 scales, expected 1 or 6",
    ),
    (
        "conv",
        tensor("w", scale=np.ones(3, np.float32), zero_point=[0] * 3, axis=1),
        "op 0 'y' (CONV_2D): weights tensor 'w' has scales along axis 1, expected 0",
    ),
    (
        "conv",
        tensor("w", axis=4),
        "op 0 'y' (CONV_2D): weights tensor 'w' has scales along axis 4, but only 4 axes",
    ),
    (
        "conv",
        bad_scale(0),
        "op 0 'y' (CONV_2D): weights tensor 'w' has the scale 0.0, expected a finite number above 0",
    ),
    (
        "conv",
        bad_scale(np.nan),
        "op 0 'y' (CONV_2D): weights tensor 'w' has the scale nan, expected a finite number above 0",
    ),
    (
        "conv",
        bad_scale(np.inf),
        "op 0 'y' (CONV_2D): weights tensor 'w' has the scale inf, expected a finite number above 0",
    ),
    (
        "conv",
        bad_scale(-1),
        "op 0 'y' (CONV_2D): weights tensor 'w' has the scale -1.0, expected a finite number above 0",
    ),
    (
        "conv",
        tensor("x", zero_point=[200]),
        "the network's input 'x' has the zero point 200, expected -128 to 127",
    ),
    (
        "conv",
        tensor("b", type="INT64", data=np.zeros(6, np.int64)),
        "op 0 'y' (CONV_2D): bias 'b' has type INT64, expected INT32",
    ),
    (
        "conv",
        tensor("b", type="INT8", data=np.zeros(6, np.int8), zero_point=[0] * 6),
        "op 0 'y' (CONV_2D): bias 'b' has type INT8, expected INT32",
    ),
    (
        "conv",
        tensor("b", shape=(3, 2), axis=0, scale=[1], zero_point=[0]),
        "op 0 'y' (CONV_2D): bias 'b' has shape (3, 2), expected (6,)",
    ),
    (
        "conv",
        tensor("b", zero_point=[0, 1, 0, 0, 0, 0]),
        "op 0 'y' (CONV_2D): bias 'b' has the zero point 1, expected 0",
    ),
    ("conv", tensor("b", data=None), "op 0 'y' (CONV_2D): bias 'b' is not a constant"),
    (
        "conv",
        tensor("y", scale=[1] * 6, zero_point=[0] * 6, axis=3),
        "op 0 'y' (CONV_2D): output 'y' has 6 scales, expected 1",
    ),
    (
        "conv",
        tensor("y", type="UINT8", zero_point=[4]),
        "op 0 'y' (CONV_2D): output 'y' has type UINT8, expected INT8",
    ),
    (
        "conv",
        tensor("y", shape=(1, 5, 6, 7)),
        "op 0 'y' (CONV_2D): output 'y' has shape (1, 5, 6, 7), expected (1, 5, 6, 6) from its inputs",
    ),
    # convolutions and pooling
    (
        "conv",
        tensor("x", shape=(5, 6, 4)),
        "op 0 'y' (CONV_2D): input 'x' has shape (5, 6, 4), expected 4 axes",
    ),
    (
        "conv",
        tensor("x", shape=(1, 5, 6, 5)),
        (
            "op 0 'y' (CONV_2D): weights tensor 'w' has shape (6, 3, 3, 4), "
            "which does not match an input of 5 channels"
        ),
    ),
    (
        "conv",
        tensor("x", shape=(1, 5, 6, 16)),
        (
            "op 0 'y' (CONV_2D): weights tensor 'w' has shape (6, 3, 3, 4), "
            "which does not match an input of 16 channels"
        ),
    ),
    (
        "conv",
        tensor("x", shape=(1, 5, 6, 2)),
        (
            "op 0 'y' (CONV_2D): weights tensor 'w' has shape (6, 3, 3, 4), "
            "which does not match an input of 2 channels"
        ),
    ),
    ("conv", options(stride_h=0), "op 0 'y' (CONV_2D): has the stride (0, 1), expected 1 to 4096"),
    ("conv", options(dilation_w=-1), "op 0 'y' (CONV_2D): has the dilation (1, -1), expected 1 to 4096"),
    (
        "conv",
        options(stride_w=1 << 30),
        "op 0 'y' (CONV_2D): has the stride (1, 1073741824), expected 1 to 4096",
    ),
    ("conv", options(padding=2), "op 0 'y' (CONV_2D): has padding 2, expected SAME or VALID"),
    (
        "conv",
        options(activation=4),
        "op 0 'y' (CONV_2D): has the fused activation TANH, expected NONE, RELU, RELU_N1_TO_1, RELU6",
    ),
    (
        "conv",
        options(activation=9),
        "op 0 'y' (CONV_2D): has the fused activation number 9, expected NONE, RELU, RELU_N1_TO_1, RELU6",
    ),
    (
        "depthwise",
        options(depth_multiplier=2),
        (
            "op 0 'y' (DEPTHWISE_CONV_2D): weights tensor 'w' has shape (1, 3, 3, 4), "
            "which does not match an input of 4 channels and a multiplier of 2"
        ),
    ),
    (
        "depthwise",
        tensor("w", axis=1, scale=[1] * 3, zero_point=[0] * 3),
        "op 0 'y' (DEPTHWISE_CONV_2D): weights tensor 'w' has scales along axis 1, expected 3",
    ),
    ("max_pool", options(filter_h=0), "op 0 'y' (MAX_POOL_2D): has the window (0, 2), expected 1 to 4096"),
    (
        "max_pool",
        options(filter_w=7),
        "op 0 'y' (MAX_POOL_2D): has a window of 7, larger than the image side of 6",
    ),
    (
        "max_pool",
        tensor("y", scale=[2.0]),
        (
            "op 0 'y' (MAX_POOL_2D): output 'y' has scale and zero point "
            "(2.0, 3), expected (0.5, 3), as for 'x'"
        ),
    ),
    (
        "average_pool",
        tensor("x", shape=(1, 5, 6)),
        "op 0 'y' (AVERAGE_POOL_2D): input 'x' has shape (1, 5, 6), expected 4 axes",
    ),
    # the others
    (
        "fully_connected",
        options(weights_format=1),
        "op 0 'y' (FULLY_CONNECTED): has weights of format 1, expected 0, the default",
    ),
    (
        "fully_connected",
        tensor("x", shape=(2, 9)),
        (
            "op 0 'y' (FULLY_CONNECTED): weights tensor 'w' has shape (5, 8), "
            "which does not match an input of shape (2, 9)"
        ),
    ),
    (
        "fully_connected keeps axes",
        tensor("x", shape=(1, 2, 16)),
        (
            "op 0 'y' (FULLY_CONNECTED): weights tensor 'w' has shape (5, 8), "
            "which does not match an input of shape (1, 2, 16)"
        ),
    ),
    (
        "mean",
        tensor("y/axes", data=np.array([1, 4], np.int32)),
        "op 0 'y' (MEAN): has axis 4, expected -4 to 3",
    ),
    (
        "mean",
        tensor("y/axes", data=np.array([1, -3], np.int32)),
        "op 0 'y' (MEAN): has axes [1, 1], expected no axis twice",
    ),
    ("mean", tensor("y/axes", data=None), "op 0 'y' (MEAN): axes 'y/axes' is not a constant"),
    (
        "mean",
        tensor("y/axes", type="FLOAT32", data=np.ones(2, np.float32)),
        "op 0 'y' (MEAN): axes 'y/axes' has type FLOAT32, expected INT32 or INT64",
    ),
    (
        "mean",
        tensor("y/axes", shape=(1, 2)),
        "op 0 'y' (MEAN): axes 'y/axes' has shape (1, 2), expected at most 6 values",
    ),
    (
        "add",
        tensor("b", shape=(1, 3, 5)),
        "op 0 'y' (ADD): inputs have shapes (1, 3, 4) and (1, 3, 5), which do not broadcast",
    ),
    (
        "maximum",
        tensor("b", scale=[0.25]),
        "op 0 'y' (MAXIMUM): input 'b' has scale and zero point (0.25, 3), expected (0.5, 3), as for 'a'",
    ),
    (
        "maximum",
        tensor("y", zero_point=[0]),
        "op 0 'y' (MAXIMUM): output 'y' has scale and zero point (0.5, 0), expected (0.5, 3), as for 'a'",
    ),
    (
        "add",
        tensor("b", type="UINT8", zero_point=[4]),
        "op 0 'y' (ADD): input 'b' has type UINT8, expected INT8",
    ),
    (
        "relu",
        both(tensor("x", type="UINT8"), tensor("y", type="UINT8")),
        "op 0 'y' (RELU): input 'x' has type UINT8, expected INT8",
    ),
    ("quantize", tensor("y", type="UINT8"), "op 0 'y' (QUANTIZE): output 'y' has type UINT8, expected INT8"),
    (
        "quantize",
        tensor("y", shape=(3, 4)),
        "op 0 'y' (QUANTIZE): output 'y' has shape (3, 4), expected (1, 3, 4) from its inputs",
    ),
    (
        "dequantize",
        tensor("y", type="INT8", scale=[1], zero_point=[0]),
        "op 0 'y' (DEQUANTIZE): output 'y' has type INT8, expected FLOAT32",
    ),
    *(
        (
            "leaky_relu",
            options(alpha=alpha),
            f"op 0 'y' (LEAKY_RELU): has alpha {alpha}, expected a finite number, 0 or more",
        )
        for alpha in (np.nan, -0.5)
    ),
    (
        "logistic",
        tensor("y", zero_point=[0]),
        (
            "op 0 'y' (LOGISTIC): output 'y' has scale and zero point "
            "(0.00390625, 0), expected (0.00390625, -128)"
        ),
    ),
    (
        "tanh",
        tensor("y", scale=[1 / 256]),
        "op 0 'y' (TANH): output 'y' has scale and zero point (0.00390625, 0), expected (0.0078125, 0)",
    ),
    (
        "softmax",
        tensor("y", scale=[1 / 128]),
        (
            "op 0 'y' (SOFTMAX): output 'y' has scale and zero point "
            "(0.0078125, -128), expected (0.00390625, -128)"
        ),
    ),
    ("softmax", options(beta=0), "op 0 'y' (SOFTMAX): has beta 0.0, expected a finite number above 0"),
    (
        "softmax",
        both(tensor("x", shape=()), tensor("y", shape=())),
        "op 0 'y' (SOFTMAX): input 'x' has shape (), expected at least 1 axis",
    ),
    (
        "pad",
        tensor("y/padding", data=np.full((4, 2), -1, np.int32)),
        "op 0 'y' (PAD): has padding [-1, -1, -1, -1, -1, -1, -1, -1], expected 0 to 268,435,456",
    ),
    (
        "pad",
        tensor("y/padding", shape=(2, 4)),
        "op 0 'y' (PAD): padding 'y/padding' has shape (2, 4), expected (4, 2)",
    ),
    (
        "pad",
        tensor("y", scale=[0.25]),
        "op 0 'y' (PAD): output 'y' has scale and zero point (0.25, 3), expected (0.5, 3), as for 'x'",
    ),
    (
        "pad with a value",
        tensor("y/value", zero_point=[4]),
        "op 0 'y' (PADV2): value 'y/value' has scale and zero point (0.5, 4), expected (0.5, 3), as for 'x'",
    ),
    (
        "pad with a value",
        tensor("y/value", shape=(2,), data=np.zeros(2, np.int8)),
        "op 0 'y' (PADV2): value 'y/value' has shape (2,), expected one value",
    ),
    (
        "reshape",
        tensor("y/shape", data=np.array([6, 5], np.int32)),
        "op 0 'y' (RESHAPE): reshapes (2, 3, 4) to (6, 5), expected as many values",
    ),
    (
        "reshape",
        tensor("y/shape", data=np.array([-1, -1], np.int32)),
        "op 0 'y' (RESHAPE): reshapes (2, 3, 4) to (-1, -1), expected as many values",
    ),
    ("reshape", tensor("y/shape", data=None), "op 0 'y' (RESHAPE): shape 'y/shape' is not a constant"),
    (
        "reshape",
        both(op(inputs=[0]), options(new_shape=[1] * 7)),
        "op 0 'y' (RESHAPE): has the shape (1, 1, 1, 1, 1, 1, 1), expected at most 6 axes",
    ),
    (
        "reshape",
        op(operator="SQUEEZE", inputs=[0], options={"squeeze_dims": [1]}),
        "op 0 'y' (SQUEEZE): removes the axes [1] of shape (2, 3, 4), expected sides of 1",
    ),
    (
        "reshape",
        op(operator="SQUEEZE", inputs=[0], options={"squeeze_dims": [3]}),
        "op 0 'y' (SQUEEZE): has axis 3, expected -3 to 2",
    ),
    (
        "reshape",
        op(operator="EXPAND_DIMS", options={}),
        "op 0 'y' (EXPAND_DIMS): has axes [6, 4], expected one",
    ),
    (
        "transpose",
        tensor("y/permutation", data=np.array([0, 1, 1], np.int32)),
        "op 0 'y' (TRANSPOSE): has the permutation (0, 1, 1), expected each of 3 axes once",
    ),
    ("concatenation", options(axis=2), "op 0 'y' (CONCATENATION): has axis 2, expected -2 to 1"),
    (
        "concatenation",
        options(activation=1),
        "op 0 'y' (CONCATENATION): has the fused activation RELU, expected NONE",
    ),
    (
        "concatenation",
        tensor("x1", shape=(2, 3)),
        "op 0 'y' (CONCATENATION): inputs have shapes that differ along axes other than 1",
    ),
    (
        "concatenation",
        tensor("x1", scale=[0.25]),
        (
            "op 0 'y' (CONCATENATION): input 'x1' has scale and zero "
            "point (0.25, 3), expected (0.5, 3), as for 'x0'"
        ),
    ),
    ("pack", options(values_count=3), "op 0 'y' (PACK): has 4 inputs, expected 3"),
    ("pack", options(axis=3), "op 0 'y' (PACK): has axis 3, expected -3 to 2"),
    (
        "pack",
        tensor("x1", shape=(3, 2)),
        "op 0 'y' (PACK): inputs have shapes (2, 3) and (3, 2), expected the same",
    ),
    (
        "pack",
        tensor("x1", zero_point=[4]),
        "op 0 'y' (PACK): input 'x1' has scale and zero point (0.5, 4), expected (0.5, 3), as for 'x0'",
    ),
    ("split", options(num_splits=0), "op 0 'y0' (SPLIT): has 0 parts, expected 1 to 256"),
    ("split", options(num_splits=2), "op 0 'y0' (SPLIT): has 3 outputs, expected 2"),
    (
        "split",
        tensor("x", shape=(1, 4, 7)),
        "op 0 'y0' (SPLIT): divides axis 2 of shape (1, 4, 7) into 3 parts, expected equal ones",
    ),
    (
        "split",
        tensor("y0/axis", shape=(2,), data=np.ones(2, np.int32)),
        "op 0 'y0' (SPLIT): has axes [1, 1], expected one",
    ),
    ("split", op(outputs=[1, 1, 2]), "op 0 'y0' (SPLIT): output 'y0' is already written"),
    (
        "strided_slice",
        options(ellipsis_mask=1),
        "op 0 'y' (STRIDED_SLICE): has the ellipsis_mask 1, expected 0",
    ),
    (
        "strided_slice",
        options(new_axis_mask=2),
        "op 0 'y' (STRIDED_SLICE): has the new_axis_mask 2, expected 0",
    ),
    ("strided_slice", options(offset=True), "op 0 'y' (STRIDED_SLICE): has the offset 1, expected 0"),
    (
        "strided_slice",
        tensor("y/strides", data=np.array([1, -1], np.int32)),
        "op 0 'y' (STRIDED_SLICE): has the strides [1, -1], expected at least 1",
    ),
    (
        "strided_slice",
        tensor("y/begin", data=np.array([3, 0], np.int32)),
        "op 0 'y' (STRIDED_SLICE): selects nothing along axis 0 of shape (4, 6)",
    ),
    (
        "strided_slice",
        tensor("y/end", shape=(1,), data=np.array([3], np.int32)),
        "op 0 'y' (STRIDED_SLICE): has 2, 1, 2 values of begin, end and strides for an input of shape (4, 6)",
    ),
]

BAD_CHAINS = [
    (
        op(inputs=[0, 2]),
        "op 3 'y' (RESHAPE): output 'y' has shape (1, 24), expected (1, 6, 4) from its inputs",
    ),
    (
        lambda model: setattr(model.ops[0], "options", {"out_type": 0}),
        "op 0 'shape' (SHAPE): computes type FLOAT32, expected INT32 or INT64",
    ),
    (tensor("shape", type="INT64"), "op 0 'shape' (SHAPE): output 'shape' has type INT64, expected INT32"),
    (
        tensor("shape", shape=(4,)),
        "op 0 'shape' (SHAPE): output 'shape' has shape (4,), expected (3,) from its inputs",
    ),
    (
        tensor("packed", shape=(3,)),
        "op 2 'packed' (PACK): output 'packed' has shape (3,), expected (2,) from its inputs",
    ),
    (network(outputs=[8]), "the network's output 'packed' has type INT32, expected INT8, UINT8 or FLOAT32"),
    (
        lambda model: model.ops.insert(1, model.ops[0]),
        ("op 1 'shape' (SHAPE): output 'shape' is already written"),
    ),
    (slices_much, "op 0 'batch' (STRIDED_SLICE): computes 100 integers, expected at most 64"),
    (folds_much, "op 5 'n4' (CONCATENATION): computes more than 64 integers"),
]


@pytest.mark.parametrize(("name", "change", "text"), BAD, ids=[f"{i} {b[0]}" for i, b in enumerate(BAD)])
def test_bad_networks(name, change, text):
    model = model_of(name)
    change(model)
    assert refused(tflite_writer.encode(model)) == text


@pytest.mark.parametrize(("change", "text"), BAD_CHAINS, ids=range(len(BAD_CHAINS)))
def test_bad_arithmetic_on_shapes(change, text):
    model = keras_reshape()
    change(model)
    assert refused(tflite_writer.encode(model)) == text


ONE = [name for name in SMALL if name != "whole"]


@pytest.mark.parametrize(
    ("name", "scales", "text"),
    [
        ("conv", {"x": 1e20}, "scale is .*, expected less than 2^31 - 0.5"),
        ("conv strided", {"x": 1e-28, "y": 1e-30}, "scale is .*, expected more than 6.0 / 2^31"),
        ("fully_connected", {"x": 1e20}, "scale is .*, expected less than 2^31 - 0.5"),
        ("add", {"a": 100, "b": 100, "y": 1e-6}, "output scale is .*, expected more than 0.000190734"),
        ("sub", {"y": 1e-7}, "output scale is .*, expected more than "),
        ("mul", {"a": 1e20}, "scale is .*, expected less than 2^31 - 0.5"),
        ("max_pool same", {"x": 1e-38, "y": 1e-38}, "scale is .*, expected more than 6.0 / 2^31"),
        ("mean", {"x": 1e20}, "scale is .*, expected less than 2^31 - 0.5"),
        ("relu", {"x": 1e20}, "scale is .*, expected less than 2^31 - 0.5"),
        ("relu6", {"x": 1e-30}, "scale is .*, expected more than 6.0 / 2^31"),
        ("leaky_relu", {"x": 1e20}, "scale is .*, expected less than 2^31 - 0.5"),
        ("requantize", {"x": 1e20}, "scale is .*, expected less than 2^31 - 0.5"),
        ("logistic", {"x": 16}, "input scale is 16.0, expected at least 2^-28 and less than 16"),
        ("tanh", {"x": 1e-9}, "input scale is .*, expected at least 2^-28 and less than 16"),
        ("hard_swish", {"y": 2**-8}, "output scale is 0.00390625, expected more than the input's 0.5 / 128"),
        ("softmax", {"x": 2**-26}, "input scale times beta is .*, expected more than 2^-26"),
    ],
)
def test_scales_out_of_range(name, scales, text):
    """Rejected before anything runs, if the runtime has no multiplier for them."""
    graph = SMALL[name]
    tensors = tuple(
        replace(t, scale=np.array([scales[t.name]], np.float32)) if t.name in scales else t
        for t in graph.tensors
    )
    found = refused(file_of(replace(graph, tensors=tensors)))
    (op,) = graph.ops
    pattern = re.escape(text).replace(re.escape(".*"), ".*")
    assert re.fullmatch(f"{op.kind} 'y' has a scale out of range: {pattern}.*", found), found


def test_windows_are_limited():
    """What is computed stays small, although padding and pooling windows take no bytes in a file."""
    for name, shape, kernel, dilation, text in (
        (
            "average_pool",
            (1, 4, 4, 1),
            (4096, 17),
            1,
            "has a window of 69,632 cells, expected at most 65,536",
        ),
        ("max_pool", (1, 4, 4, 1), (257, 256), 1, "has a window of 65,792 cells, expected at most 65,536"),
        ("depthwise", (1, 4, 4, 1), (6, 6), 4096, "has a padded image of 419,594,256 values"),
        ("average_pool", (1, 512, 512, 1), (64, 64), 1, "has windows of 1,073,741,824 values"),
    ):
        net = small.Net()
        net.tensor("x", shape)
        reach = [(side - 1) * dilation for side in kernel]
        padding = tuple((n // 2, n - n // 2) for n in reach)
        window = {"padding": padding, "stride": (1, 1), "activation": "none"}
        if name == "depthwise":
            w = net.weights((1, *kernel, 1), channels=False)
            y = net.tensor("y", shape)
            net.op(name, (0, w, None), (y,), dilation=(dilation, dilation), multiplier=1, **window)
        else:
            y = net.tensor("y", shape)
            net.op(name, (0,), (y,), kernel=kernel, **window)
        found = refused(file_of(net.graph()))
        assert text in found, found


def test_alpha_of_zero():
    """LEAKY_RELU of numbers below 0 is then 0."""
    graph = SMALL["leaky_relu"]
    (op,) = graph.ops
    graph = tflite.parse(NAME, file_of(replace(graph, ops=(replace(op, attributes={"alpha": 0.0}),))))
    table = operators.table_of(graph, graph.ops[0])
    zeros = [int(tensor.zero_point[0]) for tensor in graph.tensors]
    assert set(table[: 128 + zeros[0]].tolist()) == {zeros[1]}


@pytest.mark.parametrize("name", ONE)
def test_wrong_shape_of_an_output(name):
    for at in range(len(SMALL[name].ops[0].outputs)):
        model = model_of(name)
        output = model.tensors[model.ops[0].outputs[at]]
        right, output.shape = tuple(output.shape), (1, 1, *output.shape)
        assert refused(tflite_writer.encode(model)) == (
            f"op 0 {model.tensors[model.ops[0].outputs[0]].name!r} ({model.ops[0].operator}): output "
            f"{output.name!r} has shape {output.shape}, expected {right} from its inputs"
        )


@pytest.mark.parametrize("name", ONE)
def test_wrong_number_of_tensors(name):
    model = model_of(name)
    (found,) = model.ops
    where = f"op 0 {model.tensors[found.outputs[0]].name!r} ({found.operator})"
    right = found.inputs, found.outputs
    for inputs, outputs in (
        ([], right[1]),
        ([*right[0], right[0][-1], right[0][-1]], right[1]),
        (right[0], [*right[1], right[1][-1]]),
    ):
        found.inputs, found.outputs = inputs, outputs
        text = refused(tflite_writer.encode(model))
        if len(inputs) > 4 and found.operator in ("PACK", "CONCATENATION"):
            continue
        assert re.fullmatch(
            rf"{re.escape(where)}: has \d+ (in|out)puts, expected \d( or \d| to 256)?", text
        ), text


def test_shape_of_two_tensors():
    for name in ("inputs", "outputs"):
        model = keras_reshape()
        setattr(model.ops[0], name, [*getattr(model.ops[0], name), 0])
        assert refused(tflite_writer.encode(model)) == f"op 0 'shape' (SHAPE): has 2 {name}, expected 1"
        model = keras_reshape()
        setattr(model.ops[1], name, getattr(model.ops[1], name)[:0])
        assert "(STRIDED_SLICE): has 0 " in refused(tflite_writer.encode(model))


# --- bad files: their bytes ---------------------------------------------------------------------------------


def poke(data, at, layout, *values):
    """A file with other numbers at a byte."""
    data = bytearray(data)
    struct.pack_into("<" + layout, data, at, *values)
    return bytes(data)


class Places:
    """A good file, and where its parts are."""

    def __init__(self, name="add broadcasts"):
        self.data = file_of(SMALL[name])
        self.source = flatbuffer.Source(NAME, self.data)
        self.model = self.source.root("the model")
        (self.subgraph,) = self.model.tables(ModelSlots.SUBGRAPHS, "subgraph", 1)
        self.tensors = self.subgraph.tables(SubgraphSlots.TENSORS, "tensor", 9)
        (self.op,) = self.subgraph.tables(SubgraphSlots.OPERATORS, "operator", 9)
        (self.code,) = self.model.tables(ModelSlots.OPERATOR_CODES, "operator code", 9)
        self.buffers = self.model.tables(ModelSlots.BUFFERS, "buffer", 9)

    def poked(self, at, layout, *values):
        """The file with other numbers."""
        return poke(self.data, at, layout, *values)


P = Places()
END = len(P.data)
OUTSIDE = f"damaged or truncated: {{}} would be at bytes {{}} to {{}} of {END}"
NAME_AT = P.tensors[1].follow(TensorSlots.NAME, "name")
SHAPE_AT = P.tensors[1].follow(TensorSlots.SHAPE, "shape")
DATA_AT = P.buffers[1].follow(0, "data")
TENSORS_AT = P.subgraph.follow(SubgraphSlots.TENSORS, "tensors")
OPTIONS_AT = P.op.at(OperatorSlots.BUILTIN_OPTIONS, 4)
OP_VTABLE = P.op.start - P.op.vtable

#: File, message.
DAMAGED = [
    (b"", "not a .tflite file: it starts with b''"),
    (P.data[:7], f"not a .tflite file: it starts with {P.data[:7]!r}"),
    (b"\x93NUMPY\x01\x00" + P.data[8:], r"not a .tflite file: it starts with b'\x93NUMPY\x01\x00'"),
    (
        P.data[:8],
        (f"damaged or truncated: the model would be at bytes {P.model.start} to {P.model.start + 4} of 8"),
    ),
    (P.poked(4, "4s", b"TFL2"), f"not a .tflite file: it starts with {P.data[:4] + b'TFL2'!r}"),
    (P.poked(0, "I", 0xFFFFFFFF), OUTSIDE.format("the model", 2**32 - 1, 2**32 + 3)),
    (P.poked(P.model.start, "i", P.model.start + 1), OUTSIDE.format("the vtable of the model", -1, 1)),
    (
        P.poked(P.model.start, "i", -END),
        OUTSIDE.format("the vtable of the model", P.model.start + END, P.model.start + END + 2),
    ),
    (
        P.poked(P.model.vtable, "H", 2),
        (f"damaged: the vtable of the model has 2 bytes for a table of {P.model.size}"),
    ),
    (
        P.poked(P.model.vtable, "H", 7),
        (f"damaged: the vtable of the model has 7 bytes for a table of {P.model.size}"),
    ),
    (
        P.poked(P.model.vtable, "H", 0xFFFE),
        OUTSIDE.format("the vtable of the model", P.model.vtable, P.model.vtable + 0xFFFE),
    ),
    (
        P.poked(P.model.vtable + 2, "H", 0xFFFF),
        OUTSIDE.format("the model", P.model.start, P.model.start + 0xFFFF),
    ),
    (P.poked(P.model.vtable + 2, "H", 3), "damaged: the vtable of the model has 14 bytes for a table of 3"),
    (
        P.poked(P.op.vtable + 4, "H", 2),
        f"damaged: field 0 of operator 0 would be at bytes 2 to 6 of {P.op.size}",
    ),
    (
        P.poked(P.op.vtable + 4, "H", P.op.size - 3),
        (
            f"damaged: field 0 of operator 0 would be at bytes "
            f"{P.op.size - 3} to {P.op.size + 1} of {P.op.size}"
        ),
    ),
    (P.poked(P.op.at(0, 4), "I", 1), "damaged: operator 0 has code index 1, expected less than 1"),
    (P.poked(OPTIONS_AT, "I", END), OUTSIDE.format("the options", OPTIONS_AT + END, OPTIONS_AT + END + 4)),
    (
        P.poked(TENSORS_AT, "I", 0x7FFFFFFF),
        OUTSIDE.format("the vector of tensors", TENSORS_AT + 4, TENSORS_AT + 4 + 4 * 0x7FFFFFFF),
    ),
    (
        P.poked(TENSORS_AT + 4, "I", END),
        OUTSIDE.format("tensor 0", TENSORS_AT + 4 + END, TENSORS_AT + 8 + END),
    ),
    (P.poked(NAME_AT, "I", END), OUTSIDE.format("the name of tensor 1", NAME_AT + 4, NAME_AT + 4 + END)),
    (P.poked(NAME_AT + 4, "B", 0xFF), "damaged: the name of tensor 1 is not UTF-8"),
    (
        P.poked(SHAPE_AT, "I", 0x40000001),
        OUTSIDE.format("the shape of tensor 1", SHAPE_AT + 4, SHAPE_AT + 8 + 2**32),
    ),
    (P.poked(SHAPE_AT, "I", 65) + bytes(300), "the shape of tensor 1: 65 values, expected at most 64"),
    (
        P.poked(DATA_AT, "I", 0xFFFFFFFF),
        OUTSIDE.format("the data of buffer 1", DATA_AT + 4, DATA_AT + 3 + 2**32),
    ),
    (
        P.poked(P.tensors[1].at(TensorSlots.BUFFER, 4), "I", 2),
        "damaged: tensor 1 has buffer index 2, expected less than 2",
    ),
    (
        P.poked(P.tensors[0].at(TensorSlots.TYPE, 1), "b", 77),
        "the network's input 'a' has type number 77, expected INT8, UINT8, INT32 or FLOAT32",
    ),
    (
        P.poked(P.code.at(0, 1), "b", 127),
        (f"op 0 'y' (PLACEHOLDER_FOR_GREATER_OP_CODES): is not supported, expected one of {SUPPORTED}"),
    ),
    (
        P.poked(P.code.at(3, 4), "i", 23),
        (f"op 0 'y' (RESIZE_BILINEAR): is not supported, expected one of {SUPPORTED}"),
    ),
    (P.poked(P.code.at(0, 1), "b", 42), f"op 0 'y' (DIV): is not supported, expected one of {SUPPORTED}"),
]


@pytest.mark.parametrize(("data", "text"), DAMAGED, ids=range(len(DAMAGED)))
def test_damaged_files(data, text):
    assert refused(data) == text


def test_larger_of_the_two_operator_codes():
    code = SMALL["mul"]
    places = Places("mul")
    number = OPERATORS.index("MUL")
    for deprecated, builtin in ((number, 0), (0, number), (number, 3)):
        data = poke(places.data, places.code.at(0, 1), "b", deprecated)
        assert small.equal(tflite.parse(NAME, poke(data, places.code.at(3, 4), "i", builtin)), code)


def test_truncated_anywhere():
    data = file_of(SMALL["whole"])
    for size in range(0, len(data), 3):
        assert refused(data[:size])


def test_parts_that_overlap():
    """Many names that are one long text in the file would take much more memory than the file."""
    model = model_of("add")
    model.tensors += [FileTensor("n" * 16000 if i == 0 else "n", (1,), "INT8") for i in range(300)]
    data = tflite_writer.encode(model)
    source = flatbuffer.Source(NAME, data)
    (subgraph,) = source.root("model").tables(ModelSlots.SUBGRAPHS, "subgraph", 1)
    tensors = subgraph.tables(SubgraphSlots.TENSORS, "tensor", 999)
    long = tensors[3].follow(TensorSlots.NAME, "name")
    for table in tensors:
        at = table.at(TensorSlots.NAME, 4)
        data = poke(data, at, "I", long - at)
    assert "overlaps other parts of the file" in refused(data)


def test_too_many_parts(monkeypatch):
    monkeypatch.setattr(tflite, "MOST_TENSORS", 2)
    assert refused(P.data) == "the vector of tensors: 3 values, expected at most 2"
    monkeypatch.undo()
    monkeypatch.setattr(tflite, "MOST_OPERATORS", 4)
    assert refused(file_of(SMALL["whole"])) == "the vector of operator codes: 6 values, expected at most 4"
    monkeypatch.undo()
    monkeypatch.setattr(flatbuffer, "LONGEST", 0)
    assert refused(P.data) == "the name of tensor 0: 1 values, expected at most 0"


@pytest.mark.parametrize("path", ["missing.tflite", "a/b.tflite", "\0.tflite"])
def test_missing_file(path, tmp_path):
    (tmp_path / "a").write_text("")
    with pytest.raises(InputError, match=r"\.tflite: no such file$"):
        tflite.read(tmp_path / path)


def test_not_a_file(tmp_path, monkeypatch):
    with pytest.raises(InputError, match="is a directory, expected a .tflite file$"):
        tflite.read(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="is not a regular file$"):
        tflite.read(tmp_path / "pipe")
    (tmp_path / "a").write_bytes(P.data)
    monkeypatch.setattr(tflite, "LARGEST", 8)
    with pytest.raises(InputError, match=f"is {END:,} bytes long, expected at most 8$"):
        tflite.read(tmp_path / "a")


# --- damaged at random --------------------------------------------------------------------------------------

FILES = 2000
WORDS = (0, 1, 2, 4, 127, 128, 255, 256, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFC, 0xFFFFFFFF)


def words(rng, data):
    """A file with a few numbers replaced: by limits, or by others of the file."""
    data = bytearray(data)
    for _ in range(rng.integers(1, 4)):
        layout, size = (("H", 2), ("I", 4))[int(rng.integers(0, 2))]
        at = size * int(rng.integers(0, len(data) // size))
        if rng.integers(0, 2):
            value = WORDS[int(rng.integers(0, len(WORDS)))] % (1 << 8 * size)
        else:
            other = size * int(rng.integers(0, len(data) // size))
            (value,) = struct.unpack_from("<" + layout, data, other)
        struct.pack_into("<" + layout, data, at, value)
    return bytes(data)


def test_damaged_at_random():
    """Each file is read, and can be written, or is rejected with one line; with little time and memory."""
    rng = np.random.default_rng(1)
    files = [file_of(graph) for graph in SMALL.values()]
    files.append(tflite_writer.encode(keras_reshape()))
    messages, read, slowest = set(), 0, 0.0
    tracemalloc.start()
    try:
        for i in range(FILES):
            whole = files[i % len(files)]
            data = words(rng, whole) if i % 3 else damage(rng, whole, files)
            tracemalloc.reset_peak()
            before, _ = tracemalloc.get_traced_memory()
            start = time.thread_time()
            try:
                graph = tflite.parse(NAME, data)
            except InputError as error:
                messages.add(str(error))
                graph = None
            slowest = max(slowest, time.thread_time() - start)
            assert tracemalloc.get_traced_memory()[1] - before < 500_000 + 16 * len(data)
            if graph is not None:
                read += 1
                assert small.equal(tflite.parse(NAME, file_of(graph)), graph)
    finally:
        tracemalloc.stop()
    assert slowest < 1
    assert all(text.isprintable() for text in messages)
    assert len(messages) > 100
    assert 50 < read < FILES / 2


# --- what the writer rejects --------------------------------------------------------------------------------


def changed_op(name, **changes):
    """A graph with a change of its operator."""
    return replace(SMALL[name], ops=(replace(SMALL[name].ops[0], **changes),))


def test_writer_rejects_what_tflite_has_not():
    with pytest.raises(InputError, match=r"^op 0 'y': TFLite has no operator 'sum'$"):
        tflite_writer.lower(changed_op("add", kind="sum"))
    attributes = {**SMALL["conv"].ops[0].attributes, "padding": ((1, 1), (2, 0))}
    with pytest.raises(
        InputError,
        match=r"^'y': TFLite has no padding \(\(1, 1\), \(2, 0\)\), expected none or \(\(1, 1\), \(1, 1\)\)$",
    ):
        tflite_writer.lower(changed_op("conv", attributes=attributes))


def test_fused_activations_of_the_writer():
    for name in ("none", "relu", "relu6", "relu_n1_to_1"):
        model = tflite_writer.lower(changed_op("add", attributes={"activation": name}))
        assert ACTIVATIONS[model.ops[0].options["activation"]].lower() == name
