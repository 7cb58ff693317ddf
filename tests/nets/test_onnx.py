# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Networks of ONNX: every integer tensor equals ONNX Runtime's, in golden and lowered; and what is rejected.

The networks of tests/nets/onnx_cases.py need no package `onnx`; tests of the file format are skipped without.
"""

import contextlib
import importlib.util
import json
import re
import sys
from dataclasses import replace

import numpy as np
import pytest

from macrame import paths
from macrame.contract import CoreConfig
from macrame.errors import InputError, SetupError
from macrame.golden.quantized import onnxruntime
from macrame.golden.quantized.grid import Grid
from macrame.nets import lower, onnx_model, onnx_reader, run
from macrame.nets.onnx_model import Model, Node, Value
from tests.nets import onnx_cases
from tests.nets.test_lower import computed

ANSWERS = np.load(paths.ROOT / "tests" / "oracles" / "onnx_networks.npz")
DIGESTS = json.loads(str(ANSWERS["operators"]))
CASES = {case[0]: case[1:] for case in onnx_cases.every()}
F = np.float32
HAS_ONNX = importlib.util.find_spec("onnx") is not None
needs_onnx = pytest.mark.skipif(not HAS_ONNX, reason="the package onnx is not installed; it is optional")


def evaluated(graph, inputs):
    """Every tensor that golden computes, by index."""
    given = [graph.tensors[i].from_file(values) for i, values in zip(graph.inputs, inputs)]
    return run.Network(graph, CoreConfig(1, 1, 1, post_lanes=1)).run(given, None)[1]


def test_the_answers_are_of_one_runtime():
    about = json.loads(str(ANSWERS["about"]))
    assert about["onnxruntime"] == "1.32.0"
    assert about["level"] == "extended"
    assert {"avx2", "fma"} <= set(about["features"])


@pytest.mark.parametrize("name", CASES)
def test_every_integer_tensor_equals_the_runtime(name):
    model, given, integers = CASES[name]
    graph = onnx_reader.parse("x.onnx", model)
    values = evaluated(graph, [given])
    compared = set()
    for i, tensor in enumerate(graph.tensors):
        if f"{name}/{tensor.name}" in ANSWERS.files:
            answer = ANSWERS[f"{name}/{tensor.name}"]
            assert answer.dtype == tensor.dtype
            np.testing.assert_array_equal(tensor.to_file(values[i]), answer, err_msg=tensor.name)
            compared.add(tensor.name)
    assert compared == {*integers, *model.outputs}


@pytest.mark.parametrize("kind", sorted({name.split("-")[0] for name in DIGESTS}))
def test_single_operators_equal_the_runtime(kind):
    """All pairs of two bytes, ties, and padding."""
    wrong, count = [], 0
    for name, model, given in onnx_cases.operators():
        if name.split("-")[0] != kind:
            continue
        graph = onnx_reader.parse(name, model)
        found = graph.tensors[graph.outputs[0]].to_file(evaluated(graph, given)[graph.outputs[0]])
        if onnx_cases.digest(found) != DIGESTS[name]:
            wrong.append(name)
        count += 1
    assert not wrong, f"{len(wrong)} of {count} differ: {wrong[:5]}"
    assert count == 36


@pytest.mark.parametrize("config", [CoreConfig(2, 4, 2), CoreConfig(4, 8, 1, post_lanes=8)], ids=str)
@pytest.mark.parametrize("name", [name for name in CASES if name.endswith("qoperator")])
def test_lowered_layers(name, config):
    """Products of int8 only, in every form; uint8 and weights of nine bits too."""
    model, given, _ = CASES[name]
    graph = onnx_reader.parse("x.onnx", model)
    values = evaluated(graph, [given])
    seen = set()
    for op in graph.ops:
        for form, sizes, make in lower.candidates(graph, op, config):
            jobs = make()
            assert tuple(job.sizes for job in jobs) == sizes, (op.name, form)
            expected = values[op.outputs[0]]
            found = computed(jobs, values[op.inputs[0]], np.full_like(expected, 77))
            np.testing.assert_array_equal(found, expected, err_msg=f"{op.name} {form}")
            seen.add(op.kind)
    assert seen
    assert seen >= {op.kind for op in graph.ops} & {"conv", "depthwise", "fully_connected", "mean"} or any(
        graph.input(op).shape[0] > 1 for op in graph.ops if op.kind == "mean"
    )


def test_fused_rounds_once():
    """Against integers: the sum of an exact product and a number, rounded to 24 bits."""
    rng = np.random.default_rng(1)
    a, b = rng.integers(-255, 256, 3000), F(rng.uniform(0.01, 3))
    c = (rng.uniform(-1, 1, 3000) * 2.0 ** rng.integers(-30, 9, 3000)).astype(F)
    found = onnxruntime.fused(a.astype(F), b, c)
    for x, z, got in zip(a.tolist(), c.tolist(), found):
        # all terms are multiples of 2^-200
        exact = x * int(float(b) * 2**200) + int(z * 2**200)
        assert got == _rounded(exact)


def _rounded(exact):
    """An integer times 2^-200 as float32, ties to even."""
    sign, size = (-1 if exact < 0 else 1), abs(exact)
    drop = max(0, size.bit_length() - 24)
    kept, rest = size >> drop, size & ((1 << drop) - 1)
    kept += (2 * rest, kept & 1) > (1 << drop, 0) if drop else 0
    return F(sign * float(kept) * 2.0 ** (drop - 200))


def test_quantize_of_what_is_no_number():
    found = onnxruntime.quantize(np.array([np.nan, 0.0], F), Grid(F(0.5), 3), np.int8)
    assert found[1] == 3


# --- what is rejected ---------------------------------------------------------------------------------------

ONE, ZERO, X = F(1), np.int8(0), (Value("x", "int8", (1, 2, 4, 4)),)
WEIGHTS = np.ones((4, 2, 3, 3), np.int8)
CONV = ("x", "one", "zero", "w", "one", "zero", "one", "zero")
CONSTANTS = {
    "one": ONE, "zero": ZERO, "w": WEIGHTS, "matrix": np.ones((2, 2), np.int8), "two": F(2), "minus": F(-1),
    "b": np.zeros(4, np.int32), "uzero": np.uint8(0), "uw": WEIGHTS.astype(np.uint8), "real": np.ones(4, F),
    "three": np.ones(3, F), "shape": np.array([1, -1], np.int64), "top": F(6), "five": np.int8(5),
}  # fmt: skip


def model(*nodes, inputs=X, outputs=("y",), constants=CONSTANTS):
    """A model of these operators."""
    return Model("bad", nodes, constants, inputs, outputs)


def qdq(op, *more, clamp=None, zero="five", **attributes):
    """DequantizeLinear, an operator, and QuantizeLinear."""
    nodes = [
        Node("DequantizeLinear", ("x", "one", "zero"), ("r",)),
        Node("DequantizeLinear", ("w", "one", "zero"), ("rw",)),
        Node(op, ("r", *more), ("f",), attributes),
    ]
    if clamp:
        nodes.append(Node(clamp, ("f", "one", "top") if clamp == "Clip" else ("f",), ("c",)))
    nodes.append(Node("QuantizeLinear", ("c" if clamp else "f", "one", zero), ("y",)))
    return model(*nodes)


REFUSED = {
    "operator": (
        model(Node("LSTM", ("x",), ("y",))),
        "op 0 'y' (LSTM): is not supported, expected one of QuantizeLinear, DequantizeLinear, QLinearConv, ",
    ),
    "type": (
        model(Node("Flatten", ("x",), ("y",)), inputs=(Value("x", "float64", (1, 2)),)),
        "the network's input 'x' has type float64, expected int8, uint8 or float32",
    ),
    "dynamic": (
        model(Node("Flatten", ("x",), ("y",)), inputs=(Value("x", "int8", ("N", "C")),)),
        "the network's input 'x' has the dynamic shape ('N', 'C'); only the batch may be dynamic",
    ),
    "no scale": (model(Node("Flatten", ("x",), ("y",))), "no operator gives the scale of 'x'"),
    "scale": (
        model(Node("QLinearConv", ("x", "minus", *CONV[2:]), ("y",))),
        "op 0 'y' (QLinearConv): scale 'minus' is -1.0, expected a finite number above 0",
    ),
    "scales": (
        model(Node("QLinearConv", (*CONV[:4], "three", *CONV[5:]), ("y",))),
        "op 0 'y' (QLinearConv): weights have 3 scales or zero points, expected 1 or 4",
    ),
    "zero point": (
        model(Node("QLinearConv", ("x", "one", "uzero", *CONV[3:]), ("y",))),
        "op 0 'y' (QLinearConv): zero point 'uzero' has type uint8, expected int8",
    ),
    "weights": (
        model(Node("QLinearConv", (*CONV[:3], "uw", "one", "uzero", *CONV[6:]), ("y",))),
        "op 0 'y' (QLinearConv): activations are int8 and weights uint8, which ONNX Runtime does not",
    ),
    "computed weights": (
        model(Node("QLinearConv", (*CONV[:3], "x", *CONV[4:]), ("y",))),
        "op 0 'y' (QLinearConv): weights tensor 'x' is not a constant",
    ),
    "groups": (
        model(Node("QLinearConv", CONV, ("y",), {"group": 2})),
        "op 0 'y' (QLinearConv): 2 channels, 2 groups and weights (4, 2, 3, 3) do not match",
    ),
    "window": (
        model(Node("QLinearConv", CONV, ("y",), {"dilations": (2, 2)})),
        "op 0 'y' (QLinearConv): a window of 5 cells is larger than the padded image of 4",
    ),
    "axes": (
        model(Node("QLinearMatMul", (*CONV[:3], "matrix", *CONV[4:]), ("y",))),
        "op 0 'y' (QLinearMatMul): input 'x' has the shape (1, 2, 4, 4), expected 2 or 3 axes and 2 columns",
    ),
    "other scale": (
        model(
            Node("QLinearConv", CONV, ("z",)),
            Node(
                "QLinearAdd",
                ("z", "two", "zero", "z", "one", "zero", "one", "zero"),
                ("y",),
                {},
                "com.microsoft",
            ),
        ),
        "op 1 'y' (QLinearAdd): input 'z' is read with scale 2.0 and zero point 0, but has 1.0 and 0",
    ),
    "shapes": (
        model(
            Node("QLinearConv", CONV, ("z",)),
            Node("QLinearAdd", (*CONV[:3], "z", "one", "zero", "one", "zero"), ("y",), {}, "com.microsoft"),
        ),
        "op 1 'y' (QLinearAdd): inputs have shapes (1, 2, 4, 4) and (1, 4, 2, 2), expected the same",
    ),
    "relu": (
        qdq("Conv", "rw", clamp="Relu"),
        "op 3 'c' (Relu): clamps to 0.0 to inf, which must include the quantised range of -133 to 122",
    ),
    "clip": (
        qdq("Conv", "rw", clamp="Clip"),
        "op 3 'c' (Clip): clamps to 1.0 to 6.0, which must include the quantised range of -133 to 122",
    ),
    "bias": (
        qdq("Conv", "rw", "real"),
        "op 2 'f' (Conv): bias values 'real' are not a constant followed by DequantizeLinear",
    ),
    "other type": (
        qdq("Conv", "rw", zero="uzero"),
        "op 2 'f' (Conv): input has type int8, but its output uint8, expected the same",
    ),
    "alpha": (qdq("Gemm", "rw", alpha=0.5), "op 2 'f' (Gemm): alpha is 0.5, expected 1.0"),
    "not quantised": (
        model(
            Node("DequantizeLinear", ("x", "one", "zero"), ("r",)),
            Node("GlobalAveragePool", ("r",), ("y",)),
        ),
        "op 1 'y' (GlobalAveragePool): its float32 result is an output of the network",
    ),
    "two in a row": (
        model(
            Node("DequantizeLinear", ("x", "one", "zero"), ("r",)),
            Node("GlobalAveragePool", ("r",), ("s",)),
            Node("GlobalAveragePool", ("s",), ("t",)),
            Node("QuantizeLinear", ("t", "one", "zero"), ("y",)),
        ),
        "op 2 't' (GlobalAveragePool): input 's' is a float32 result of GlobalAveragePool, expected Quantize",
    ),
    "missing output": (
        model(Node("QLinearConv", CONV, ("z",))),
        "no operator writes the network's output 'y'",
    ),
    "inputs": (
        model(Node("QLinearConv", CONV[:7], ("y",))),
        "op 0 'y' (QLinearConv): has 7 inputs, expected 8 to 9",
    ),
    "large window": (
        model(Node("MaxPool", ("x",), ("y",), {"kernel_shape": (4096, 17), "auto_pad": "SAME_UPPER"})),
        "op 0 'y' (MaxPool): has a window of 69,632 cells, expected at most 65,536",
    ),
    "reshape": (
        model(Node("Reshape", ("x", "w"), ("y",))),
        "op 0 'y' (Reshape): 'w' is not a constant list of integers",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name):
    """One line each."""
    bad, message = REFUSED[name]
    with pytest.raises(InputError, match=re.escape(f"x.onnx: {message}")) as caught:
        onnx_reader.parse("x.onnx", bad)
    assert "\n" not in str(caught.value)


def test_auto_padding_and_what_it_equals():
    """SAME_UPPER and SAME_LOWER put the odd cell after or before."""
    found = {}
    for auto in ("SAME_UPPER", "SAME_LOWER", "VALID"):
        node = Node("QLinearConv", CONV, ("y",), {"auto_pad": auto, "strides": (3, 3)})
        (op,) = onnx_reader.parse("x.onnx", model(node)).ops
        found[auto] = op.attributes["padding"]
    assert found == {
        "SAME_UPPER": ((1, 1), (1, 1)), "SAME_LOWER": ((1, 1), (1, 1)), "VALID": ((0, 0), (0, 0)),
    }  # fmt: skip
    node = Node("QLinearConv", CONV, ("y",), {"auto_pad": "SAME_LOWER", "strides": (2, 2)})
    (op,) = onnx_reader.parse("x.onnx", model(node)).ops
    assert op.attributes["padding"] == ((1, 0), (1, 0))


# --- files --------------------------------------------------------------------------------------------------


def same(a, b):
    """Whether two models are equal."""
    assert set(a.constants) == set(b.constants)
    for name, values in a.constants.items():
        np.testing.assert_array_equal(values, b.constants[name])
        assert values.dtype == b.constants[name].dtype
    for first, second in zip(a.nodes, b.nodes):
        assert replace(first, attributes={}) == replace(second, attributes={})
        assert dict(first.attributes) == dict(second.attributes)
    assert (a.name, a.inputs, a.outputs, len(a.nodes)) == (b.name, b.inputs, b.outputs, len(b.nodes))


@needs_onnx
@pytest.mark.parametrize("name", [key[5:] for key in ANSWERS.files if key.startswith("file/")])
def test_files(name, tmp_path):
    data = ANSWERS[f"file/{name}"].tobytes()
    same(onnx_model.load("x.onnx", data), CASES[name][0])
    path = tmp_path / "net.onnx"
    path.write_bytes(data)
    graph = onnx_reader.read(path)
    assert graph.runtime == "onnxruntime"
    assert [op.kind for op in graph.ops] == [op.kind for op in onnx_reader.parse("x", CASES[name][0]).ops]


@needs_onnx
def test_damaged_files():
    """Cut anywhere or with wrong bytes: a model, or one line."""
    data = ANSWERS["file/mlp-int8-int8-channel-qdq"].tobytes()
    rng = np.random.default_rng(2)
    cut = [data[: int(n)] for n in rng.integers(0, len(data), 40)]
    for _ in range(60):
        poked = bytearray(data)
        poked[int(rng.integers(len(data)))] = int(rng.integers(256))
        cut.append(bytes(poked))
    told = []
    for part in cut:
        with contextlib.suppress(InputError):
            told.append(onnx_reader.parse("x.onnx", onnx_model.load("x.onnx", part)))
    assert len(told) < len(cut)


@pytest.mark.parametrize(
    ("checkout", "cure"),
    [
        (True, ".venv/bin/python -m pip install -r requirements-onnx.txt"),
        (False, "pip install 'macrame[onnx]'"),
    ],
)
def test_without_the_package(monkeypatch, checkout, cure):
    """In a checkout the package must be installed in .venv, which is not what pip alone refers to."""
    monkeypatch.setitem(sys.modules, "onnx", None)
    monkeypatch.setattr(paths, "CHECKOUT", checkout)
    for work, needs in (
        (lambda: onnx_model.load("x.onnx", b""), "x.onnx: reading .onnx files needs"),
        (lambda: onnx_model.encode(Model("", (), {}, (), ())), "writing .onnx files needs"),
    ):
        with pytest.raises(SetupError) as caught:
            work()
        assert str(caught.value) == f"{needs} the package onnx: {cure}"
    assert (paths.ROOT / "requirements-onnx.txt").is_file()


def test_paths(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="none.onnx: no such file$"):
        onnx_reader.read("none.onnx")
    with pytest.raises(InputError, match="is a directory, expected a .onnx file$"):
        onnx_reader.read(".")
