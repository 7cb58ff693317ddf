# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The digits network: TFLite Micro's answers, its accuracy, its training, `macrame net` without MODEL."""

import json
import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from macrame.contract import CoreConfig
from macrame.errors import InputError
from macrame.golden.nn import elementary
from macrame.homework import digits as homework
from macrame.nets import digits, onnx_model, onnx_reader, run, tflite, tflite_writer
from macrame.nets.engine.compile import compile_graph, inputs_of
from tests import verbs
from tests.nets import onnx_cases, small
from tests.nets.test_onnx import HAS_ONNX, needs_onnx

STORED = Path(__file__).parents[1] / "oracles" / "digits.npz"


@pytest.fixture(scope="module")
def graph():
    return tflite.read(digits.MODEL)


@pytest.fixture(scope="module")
def answers():
    with np.load(STORED) as stored:
        return dict(stored)


@pytest.fixture(scope="module")
def outputs(graph):
    """Of golden, for every held-out image, as one batch."""
    images = digits.held_out()[0][:, 0]
    return digits.golden(digits.batch(graph, len(images)), images)[graph.outputs[0]]


def test_the_file(graph):
    """Small, with the layers that the docstring lists, weights per channel and none of -128."""
    assert digits.MODEL.stat().st_size < 100_000
    listed = re.findall(r"^(\w+) +(1(?:x\d+)+) ", digits.__doc__, re.M)
    found = [(op.name, "x".join(map(str, graph.output(op).shape))) for op in graph.ops]
    assert found == listed
    for op in graph.ops:
        if op.kind in ("conv", "depthwise"):
            weights = graph.input(op, 1)
            assert weights.scale.size == graph.output(op).shape[-1]
            assert weights.data.min() >= -127


def test_every_tensor_equals_tflite_micro(graph, answers):
    names = {f"t{graph.output(op).number}" for op in graph.ops}
    assert names == answers.keys() - {"outputs", "tflite_micro"}
    for number, image in enumerate(digits.held_out()[0][:20]):
        values = digits.golden(graph, image)
        for op in graph.ops:
            stored = answers[f"t{graph.output(op).number}"]
            assert len(stored) == 20
            np.testing.assert_array_equal(
                values[op.outputs[0]], stored[number], f"{op.name} of image {number}", strict=True
            )


def test_every_output_equals_tflite_micro(outputs, answers):
    np.testing.assert_array_equal(outputs, answers["outputs"], strict=True)


def test_the_stored_predictions(outputs):
    """Those of golden, and an accuracy near that before quantisation."""
    labels, stored = digits.held_out()[1], digits.predicted()
    np.testing.assert_array_equal(outputs.argmax(axis=1), stored["int8"])
    right = {name: (classes == labels).sum() for name, classes in stored.items()}
    assert right == {"float": 531, "int8": 531, "onnx": 530}


# --- digits.onnx --------------------------------------------------------------------------------------------

STORED_ONNX = STORED.with_name("digits_onnx.npz")


@pytest.fixture(scope="module")
def onnx_graph(graph):
    return onnx_reader.parse("digits.onnx", digits.model(graph))


def test_every_tensor_of_every_image_equals_onnxruntime(onnx_graph):
    """All held-out images as one batch; the first images are stored, of the others hashes."""
    images = digits.held_out()[0][:, 0]
    batch = digits.batch(onnx_graph, len(images))
    values = digits.golden(batch, images)
    with np.load(STORED_ONNX) as stored:
        about = json.loads(str(stored["about"]))
        assert about["onnxruntime"] == "1.32.0"
        found = {}
        for op in batch.ops:
            tensor = batch.output(op)
            if tensor.name in about["digests"]:
                found[tensor.name] = tensor.to_file(values[op.outputs[0]])
        assert set(found) == set(about["digests"])
        for name, tensor in found.items():
            some = stored[name]
            np.testing.assert_array_equal(tensor[: len(some)], some, name, strict=True)
            assert onnx_cases.digest(tensor) == about["digests"][name], name
        (last,) = batch.outputs
        np.testing.assert_array_equal(values[last], stored["outputs"], strict=True)
    np.testing.assert_array_equal(values[last].argmax(axis=1), digits.predicted()["onnx"])


def test_the_onnx_file(graph):
    """The same integers as in digits.tflite."""
    assert digits.ONNX.stat().st_size < 100_000
    model = digits.model(graph)
    weights = {t.name: t.data for t in graph.tensors if t.data is not None and t.data.dtype == np.int8}
    for name, data in weights.items():
        assert np.array_equal(np.sort(data, axis=None), np.sort(model.constants[name], axis=None)), name
    if HAS_ONNX:
        assert digits.ONNX.read_bytes() == onnx_model.encode(model)


@needs_onnx
def test_net_with_the_onnx_file(build, capfd):
    """Three held-out images on the RTL, against golden and ONNX Runtime."""
    with np.load(STORED_ONNX) as stored:
        about = json.loads(str(stored["about"]))
        answers = {f"{name}_{i}": stored[name][i : i + 1] for name in about["digests"] for i in range(3)}
        outputs = stored["outputs"]
    np.savez("answers.npz", **answers)
    given = {"MODEL": str(digits.ONNX), "IMAGES": "3", "REFERENCE": "answers.npz", "OUT": "y.npy"}
    assert verbs.call("net", {**given, **CORE}) == 0
    said = capfd.readouterr().out
    assert "0 values differ from the golden model" in said
    assert "0 values of 24 tensors differ from the reference" in said
    assert "accuracy: 3 of 3 correct, 100.0%; before quantisation 3 of 3 correct, 100.0%" in said
    assert "digits.onnx 530 of 540 correct, 98.1%, digits.tflite 531 of 540 correct, 98.3%" in said
    np.testing.assert_array_equal(np.load("y.npy"), outputs[:3])


@pytest.mark.parametrize("kind", ["operator", "clamp"])
def test_what_onnx_files_cannot_state(graph, kind):
    (index,) = (i for i, op in enumerate(graph.ops) if op.kind == "add")
    changed = {"operator": {"kind": "sub"}, "clamp": {"attributes": {"activation": "relu6"}}}[kind]
    ops = list(graph.ops)
    ops[index] = replace(ops[index], **changed)
    message = "operator sub is not supported" if kind == "operator" else r"clamps to \(-128, \d+\)"
    with pytest.raises(InputError, match=f"residual: {message}"):
        digits.model(replace(graph, ops=tuple(ops)))


def test_the_images():
    """The split of the problems, without any rounding, none of it trained on."""
    (trained, _), (pixels, labels) = homework.load(0.3, 0)
    images, own = digits.held_out()
    np.testing.assert_array_equal((images.reshape(-1, 64) + 120.0) / 240 * 16, pixels * 16)
    np.testing.assert_array_equal(own, labels)
    assert not {row.tobytes() for row in trained} & {row.tobytes() for row in pixels}


@pytest.mark.parametrize(
    ("pixels", "message"),
    [
        (np.full((1, 64), math.nan), "pixels has nan, expected multiples of 1/16 from 0 to 1"),
        (np.full((1, 64), 255), "pixels has 255, expected multiples of 1/16 from 0 to 1"),
        (np.full((1, 64), 0.3), "pixels has 0.3, expected multiples of 1/16 from 0 to 1"),
        (np.zeros((1, 63)), "pixels is float64 of shape (1, 63), expected real numbers of shape (n, 64)"),
    ],
)
def test_pixels_that_are_refused(pixels, message):
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        digits.images(pixels)


IMAGE = np.zeros((1, 8, 8, 1), np.int8)


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ([IMAGE.astype(float)], "input image is float64 of shape (1, 8, 8, 1), expected int8 of shape"),
        ([IMAGE.view(np.uint8)], "input image is uint8 of shape (1, 8, 8, 1), expected int8 of shape"),
        ([IMAGE[0]], "input image is int8 of shape (8, 8, 1), expected int8 of shape (1, 8, 8, 1)"),
        ([np.ma.array(IMAGE, mask=True)], "input image has type MaskedArray, expected int8 of shape"),
        ([IMAGE.tolist()], "input image has type list, expected int8 of shape (1, 8, 8, 1)"),
        ([], "inputs has 0 arrays, expected 1"),
        ([IMAGE, IMAGE], "inputs has 2 arrays, expected 1"),
        (IMAGE, "inputs is array("),
    ],
)
def test_inputs_that_are_refused(graph, inputs, message):
    config = CoreConfig(1, 4, 4)
    for call in (
        lambda: run.Network(graph, config).run(inputs, None),
        lambda: inputs_of(compile_graph(graph, config), inputs),
    ):
        with pytest.raises(InputError, match=f"^{re.escape(message)}"):
            call()
    if len(inputs) == 1 and isinstance(inputs, list):
        with pytest.raises(InputError, match=f"^{re.escape(message)}"):
            digits.golden(graph, inputs[0])


def test_numbers_that_are_refused(graph):
    with pytest.raises(InputError, match="^stop is 'nothing', expected the name of an operator"):
        run.Network(graph, CoreConfig(4, 4)).run([IMAGE], None, stop="nothing")
    with pytest.raises(InputError, match="^count is 1.5, expected an integer of 1 or more"):
        digits.batch(graph, 1.5)
    with pytest.raises(InputError, match="^words is nan, expected an integer of 1 or more"):
        compile_graph(graph, CoreConfig(1, 4, 4), math.nan)


@pytest.mark.nightly
def test_training_again_gives_the_same_files():
    data, text = digits.made()
    assert data == digits.MODEL.read_bytes()
    assert text == digits.PREDICTED.read_text()


def test_the_gradients(monkeypatch):
    """Against central differences, without the grids: steps small enough to meet no corner of a ReLU."""
    monkeypatch.setattr(digits, "_exact", lambda values, bits: values)
    monkeypatch.setattr(digits, "_checked", lambda *_: None)
    random = np.random.RandomState(3)
    weights = digits.start(random)
    for name in weights:
        if name.endswith("bias"):
            weights[name] = random.random_sample(weights[name].shape) * 0.1
    pixels = digits.images(random.randint(0, 17, (4, 64)) / 16).reshape(4, 64) / 240 + 0.5
    labels = np.array([3, 1, 4, 1])

    def loss(weights):
        scores = digits._Float(weights).forward(pixels)["scores"]
        return (elementary.softmax(scores)[1] - scores[np.arange(4), labels]).sum()

    network = digits._Float(weights)
    y = network.forward(pixels)
    dz = elementary.softmax(y["scores"])[0]
    dz[np.arange(4), labels] -= 1
    gradients = network.backward(y, dz)
    assert gradients.keys() == weights.keys()
    for name, gradient in gradients.items():
        assert gradient.shape == weights[name].shape
        for _ in range(5):
            at = tuple(random.randint(0, weights[name].shape))
            sides = []
            for sign in (1, -1):
                moved = {**weights, name: weights[name].copy()}
                moved[name][at] += sign * 2.0**-20
                sides.append(loss(moved))
            slope = (sides[0] - sides[1]) * 2.0**19
            assert abs(slope - gradient[at]) < 1e-6, (name, at)


def test_a_few_epochs_learn():
    """Less than the stored network, the same graph, and a file that the reader accepts."""
    weights = digits.train(2)
    graph = digits.quantised(weights)
    stored = tflite.read(digits.MODEL)
    assert graph.ops == stored.ops
    read = tflite.parse("digits", tflite_writer.encode(tflite_writer.lower(graph)), "digits")
    assert small.equal(read, graph)
    images, labels = digits.held_out()
    found = [digits.golden(graph, image)[graph.outputs[0]].argmax() for image in images[:60]]
    assert (found == labels[:60]).mean() > 0.5


# --- the command --------------------------------------------------------------------------------------------


@pytest.fixture
def build(tmp_path, monkeypatch):
    monkeypatch.setenv("BUILD_DIR", str(tmp_path / "build"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "build"


CORE = {"ROWS": "2", "COLS": "4", "DEPTH": "2", "SIM": "icarus"}


def test_net_without_a_model(build, answers, capfd):
    """Three images on the RTL, against golden and TFLite Micro: one table, and the accuracy."""
    names = [name for name in answers if name.startswith("t") and name[1:].isdigit()]
    np.savez("answers.npz", **{f"{name}_{i}": answers[name][i] for name in names for i in range(3)})
    assert verbs.call("net", {"IMAGES": "3", "REFERENCE": "answers.npz", "OUT": "y.npy", **CORE}) == 0
    said = capfd.readouterr().out
    assert said.count("average_pool") == 1
    assert "0 values differ from the golden model" in said
    assert "0 values of 27 tensors differ from the reference" in said
    assert "accuracy: 3 of 3 correct, 100.0%; before quantisation 3 of 3 correct, 100.0%" in said
    assert "531 of 540 correct, 98.3%; before quantisation 531 of 540 correct, 98.3%" in said
    np.testing.assert_array_equal(np.load("y.npy"), answers["outputs"][:3])
    report = json.loads(Path("y.npy.json").read_text())
    assert (report["labels"], report["correct"]) == (3, 3)

    wrong = {f"{name}_{i}": answers[name][i] for name in names for i in range(3)}
    (last,) = {f"t{tflite.read(digits.MODEL).tensors[i].number}" for i in tflite.read(digits.MODEL).outputs}
    wrong[f"{last}_2"] = wrong[f"{last}_2"] ^ np.int8(1)
    np.savez("answers.npz", **wrong)
    assert verbs.call("net", {"IMAGES": "3", "REFERENCE": "answers.npz", **CORE}) == 1
    said = capfd.readouterr().out
    assert re.search(r"\ninput 2\n +operator [^\n]*\n    8 softmax [^\n]*\n  8 odds: 10 of 10 values", said)
    assert "10 of 10 values of odds differ from the reference" in said


def test_labels(build, capfd):
    """The accuracy on a user's own inputs."""
    images, labels = digits.held_out()
    np.save("x.npy", images[:2])
    np.save("labels.npy", np.array([labels[0], (labels[1] + 1) % 10]))
    assert verbs.call("net", {"INPUT": "x.npy", "LABELS": "labels.npy", **CORE}) == 0
    said = capfd.readouterr().out
    assert "accuracy: 1 of 2 correct, 50.0%\n" in said
    assert "held-out" not in said


def test_plan_without_a_model(build, capfd):
    assert verbs.call("net", {"PLAN": "1"}) == 0
    assert capfd.readouterr().out.startswith("digits: products of one inference\n")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"IMAGES": "0"}, "IMAGES=0: expected an integer from 1 to 540"),
        ({"IMAGES": "541"}, "IMAGES=541: expected an integer from 1 to 540"),
        ({"IMAGES": "2", "INPUT": "x.npy"}, "IMAGES=2: does not apply to your own MODEL or inputs"),
        ({"IMAGES": "2", "MODEL": "other.tflite"}, "IMAGES=2: does not apply to your own MODEL"),
        ({"PLAN": "1", "IMAGES": "2"}, "IMAGES=2: does not apply with PLAN=1"),
        ({"LABELS": "none.npy"}, "LABELS=none.npy: no such file"),
        (
            {"LABELS": "x.npy"},
            r"LABELS=x.npy: has type int8 and shape .*, expected integers of shape \(10,\)",
        ),
        ({"LABELS": "real.npy"}, "LABELS=real.npy: has type float64 and shape"),
        ({"LABELS": "ten.npy"}, "LABELS=ten.npy: contains class 10, expected 0 to 9"),
        ({"LABELS": "ten.npy", "STOP": "pool"}, "LABELS=ten.npy: does not apply with STOP"),
    ],
    ids=lambda value: " ".join(f"{n}={v}" for n, v in value.items()) if isinstance(value, dict) else "",
)
def test_what_it_refuses(build, capfd, given, message):
    Path("other.tflite").write_bytes(digits.MODEL.read_bytes())
    np.save("x.npy", digits.held_out()[0][:2])
    np.save("real.npy", np.zeros(10))
    np.save("ten.npy", np.arange(1, 11))
    assert verbs.call("net", given) == 2
    (line,) = capfd.readouterr().err.splitlines()
    assert re.search(message, line), line
