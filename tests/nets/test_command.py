# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""`macrame net`: what it prints, writes and rejects."""

import json
import re

import numpy as np
import pytest

from macrame import cores
from macrame.errors import InputError
from macrame.files import write
from macrame.nets import command, operators, plan, tflite, tflite_writer
from macrame.nets.graph import Graph, Op
from macrame.nets.run import Difference, LayerRun
from macrame.report.report import Report
from macrame.report.terminal import Plain
from tests import verbs
from tests.nets import cases


@pytest.fixture
def network(tmp_path, monkeypatch):
    """A convolution, an average and a fully connected layer, in a file."""
    monkeypatch.setenv("BUILD_DIR", str(tmp_path / "build"))
    draw = cases.Draw(4)
    weights = np.maximum(draw.values(4, 3, 3, 2), -127)
    dense = np.maximum(draw.values(3, 4), -127)
    tensors = (
        cases.int8("image", (1, 6, 6, 2), 0.05, 4),
        cases.int8("filter", weights.shape, 0.01, 0, weights),
        cases.int8("features", (1, 6, 6, 4), 0.2, -3),
        cases.int8("mean", (1, 1, 1, 4), 0.2, -3),
        cases.int8("matrix", dense.shape, 0.02, 0, dense),
        cases.int8("scores", (1, 3), 0.3, 1),
    )
    window = {"padding": ((1, 1), (1, 1)), "stride": (1, 1), "dilation": (1, 1), "groups": 1}
    pool = {"kernel": (6, 6), "stride": (6, 6), "padding": ((0, 0), (0, 0)), "activation": "none"}
    ops = (
        Op("conv", "features", (0, 1, None), (2,), {**window, "activation": "relu"}),
        Op("average_pool", "mean", (2,), (3,), pool),
        Op("fully_connected", "scores", (3, 4, None), (5,), {"activation": "none", "keep_dims": False}),
    )
    graph = Graph("small", "tflm", tensors, ops, (0,), (5,))
    path = tmp_path / "small.tflite"
    tflite_writer.write(path, graph)
    return path


def answers(path, images):
    """Every tensor that golden computes, as a reference file has them."""
    graph, stored = tflite.read(path), {}
    for number, image in enumerate(images):
        values = {i: t.data for i, t in enumerate(graph.tensors) if t.data is not None} | {0: image}
        for op in graph.ops:
            given = [None if i is None else values[i] for i in op.inputs]
            values.update(zip(op.outputs, operators.evaluate(graph, op, given)))
            stored[f"{graph.tensors[op.outputs[0]].name}_{number}"] = values[op.outputs[0]]
        stored[f"x{number}"], stored[f"y{number}"] = image, values[graph.outputs[0]]
    return stored


CORE = {"ROWS": "2", "COLS": "4", "DEPTH": "2", "SIM": "icarus"}


def test_a_run(network, tmp_path, capfd):
    """Two inputs with a reference: the table, the totals, the files."""
    images = np.random.default_rng(1).integers(-128, 128, (2, 1, 6, 6, 2)).astype(np.int8)
    stored = answers(network, images)
    np.savez(tmp_path / "answers.npz", **stored)
    out = tmp_path / "y.npy"
    given = {"MODEL": str(network), "REFERENCE": str(tmp_path / "answers.npz"), "OUT": str(out), **CORE}
    assert verbs.call("net", given) == 0
    said = capfd.readouterr().out
    assert "0 values differ from the golden model" in said
    assert "0 values of 6 tensors differ from the reference" in said
    assert said.count(" core ") >= 6
    report = json.loads(write.report_path(out).read_text())
    assert [layer["where"] for layer in report["inferences"][1]] == ["core"] * 3
    assert all(layer["cycles"] == layer["predicted"] for run in report["inferences"] for layer in run)
    assert report["cycles"] == report["predicted_cycles"]
    np.testing.assert_array_equal(np.load(out), np.concatenate([stored["y0"], stored["y1"]]))

    stored["mean_1"] = stored["mean_1"] ^ np.int8(1)
    np.savez(tmp_path / "answers.npz", **stored)
    assert verbs.call("net", given) == 1
    said = capfd.readouterr()
    assert "4 of 4 values of mean differ from the reference, first at [0, 0, 0, 0]" in said.out
    *_, wrong, replay = said.err.splitlines()
    assert wrong == "net: the results differ from the expected ones"
    assert replay.startswith("  replay  SEED=1 SIM=icarus ")
    assert not out.exists()

    np.save(tmp_path / "image.npy", images[0])
    given = {"MODEL": str(network), "INPUT": str(tmp_path / "image.npy"), "STOP": "mean", **CORE}
    assert verbs.call("net", given) == 0
    said = capfd.readouterr().out
    assert "average_pool" in said
    assert "fully_connected" not in said


def test_plan(network, capfd):
    """The shapes of the table, in order of cycles; nothing is simulated."""
    assert verbs.call("net", {"MODEL": str(network), "PLAN": "1"}) == 0
    lines = capfd.readouterr().out.splitlines()
    best = 2 + plan.BEST * len(plan.MULTIPLIERS)
    assert lines[best].startswith("  cores that were placed")
    assert all(line.endswith("%  no figure") for line in lines[2:best])
    placed = [core for core in cores.placed() if core.mhz]
    assert len(lines) == best + 1 + len(placed)
    for core, line in zip(placed, lines[best + 1 :]):
        cycles = int(line.split()[2].replace(",", ""))
        assert f"{core.device}: {core.mhz.median} MHz, {cycles / core.mhz.median / 1000:.3g} ms" in line
        assert cycles == plan.total(tflite.read(network), core.config)[1]
    assert "; ULX3S at 25 MHz, " in lines[best + 1]
    counts = [int(line.split()[2].replace(",", "")) for line in lines[2 : 2 + plan.BEST]]
    assert counts == sorted(counts)
    assert {config.macs for config in plan.shapes(128)} == {128}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"MODEL": "net.bin"}, r"MODEL=net.bin: expected a .tflite or .onnx file"),
        ({"MODEL": "none.tflite"}, r"MODEL=none.tflite: no such file"),
        ({"MODEL": "none.onnx"}, r"MODEL=none.onnx: no such file"),
        ({"ROWS": "0"}, r"ROWS=0: expected an integer from 1 to 32"),
        ({"COLS": "4", "POST_LANES": "5"}, r"POST_LANES=5: expected an integer from 1 to 4"),
        ({"SIM": "vcs"}, r"SIM=vcs"),
        ({"STOP": "last"}, r"STOP=last: no layer of that name; the first is features, the last scores"),
        ({"PLAN": "2"}, r"PLAN=2: expected 0 or 1"),
        ({"PLAN": "1", "ROWS": "4"}, r"ROWS=4: does not apply with PLAN=1, which runs nothing"),
        ({"INPUT": "none.npy"}, r"INPUT=none.npy: no such file"),
        (
            {"INPUT": "shape.npy"},
            r"INPUT=shape.npy: an input has type int8 and shape \(1, 6, 5, 2\), expected int8",
        ),
        (
            {"INPUT": "float.npy"},
            r"INPUT=float.npy: an input has type float32 and shape .*, expected int8 and",
        ),
        (
            {"INPUT": "image.npy"},
            r"INPUT=image.npy: an input has type int8 and shape \(6, 6\), expected int8 and",
        ),
        ({"INPUT": "bad.npz"}, r"INPUT=bad.npz: "),
        ({"REFERENCE": "bad.npz"}, r"REFERENCE=bad.npz: not a .npz file"),
        (
            {"REFERENCE": "shape.npz"},
            r"REFERENCE=shape.npz: tensor mean has type int8 and shape \(4,\), expected int8 and",
        ),
        (
            {"REFERENCE": "other.npz"},
            r"REFERENCE=other.npz: contains a, b, expected names of the network's tensors, such as t0 or y",
        ),
        ({"REFERENCE": "none.npz"}, r"REFERENCE=none.npz: contains nothing, expected names"),
        (
            {"REFERENCE": "gap.npz"},
            r"REFERENCE=gap.npz: its inputs are x0, x2, expected x0, x1, ... without a gap",
        ),
        (
            {"REFERENCE": "one.npz"},
            r"REFERENCE=one.npz: its inputs are x1, x2, expected x0, x1, ... without a gap",
        ),
        ({"MODEL": "empty.tflite"}, r"MODEL=empty.tflite: the file is empty"),
        ({"OUT": "y.csv"}, r"OUT=y.csv: expected a .npy file"),
        ({"OUT": "none/y.npy"}, r"OUT=none/y.npy: "),
        ({"OUT": "y.txt"}, r"OUT=y.txt: expected a .npy file"),
    ],
    ids=lambda value: " ".join(f"{n}={v}" for n, v in value.items()) if isinstance(value, dict) else "",
)
def test_what_it_refuses(network, tmp_path, monkeypatch, capfd, given, message):
    """One line each, exit code 2, nothing written."""
    monkeypatch.chdir(tmp_path)
    np.save("shape.npy", np.zeros((2, 1, 6, 5, 2), np.int8))
    np.save("float.npy", np.zeros((1, 6, 6, 2), np.float32))
    np.save("image.npy", np.zeros((6, 6), np.int8))  # not 6 inputs of 6 values
    (tmp_path / "bad.npz").write_bytes(b"nothing")
    np.savez("shape.npz", mean=np.zeros(4, np.int8))
    np.savez("other.npz", a=np.zeros(4, np.int8), b=np.zeros(4, np.int8))
    np.savez("none.npz")
    image = np.zeros((1, 6, 6, 2), np.int8)
    np.savez("gap.npz", x0=image, x2=image)
    np.savez("one.npz", x1=image, x2=image)
    (tmp_path / "empty.tflite").touch()
    before = sorted(path.name for path in tmp_path.iterdir() if path.name != "build")
    values = {"MODEL": "small.tflite", **given}
    assert verbs.call("net", values) == 2
    (line,) = capfd.readouterr().err.splitlines()
    assert re.search(message, line), line
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "build") == before


def test_a_directory_of_inputs(network, tmp_path):
    """In the order of the names, each file one input or several; other files do not matter."""
    images = np.random.default_rng(1).integers(-128, 128, (4, 6, 6, 2)).astype(np.int8)
    folder = tmp_path / "images"
    folder.mkdir()
    given = {"MODEL": str(network), "INPUT": str(folder)}
    (folder / "list.txt").write_text("no input")
    with pytest.raises(InputError, match=r"^INPUT=.*images: contains no .npy file$"):
        command.prepare(given)
    np.save(folder / "b.npy", images[1:3])
    np.save(folder / "a.npy", images[:1])
    np.save(folder / "c.npy", images[3:])
    job = command.prepare(given)
    assert len(job.inputs) == 4
    np.testing.assert_array_equal(np.concatenate([x for (x,) in job.inputs]), images)
    with pytest.raises(InputError, match=r"^OUT=.*b.npy: "):
        command.prepare({**given, "OUT": str(folder / "b.npy")})
    np.save(folder / "d.npy", images[0, 0])
    with pytest.raises(InputError, match=r"^INPUT=.*d.npy: an input has type int8 and shape \(6, 2\)"):
        command.prepare(given)


def test_the_names_are_the_options():
    from macrame.cli import net

    assert set(command.NAMES) == {option.variable for option in net.OPTIONS}


def test_an_onnx_file(tmp_path, monkeypatch, capfd):
    """Images in the file's order: the input, the reference and the output; without the package onnx."""
    from macrame.nets import onnx_model
    from tests.nets import test_onnx

    monkeypatch.setenv("BUILD_DIR", str(tmp_path / "build"))
    name = "residual-uint8-uint8-channel-qoperator"
    model, image, integers = test_onnx.CASES[name]
    monkeypatch.setattr(onnx_model, "load", lambda label, data, name: model)
    (tmp_path / "net.onnx").write_bytes(b"read by the test")
    np.save(tmp_path / "image.npy", image)
    answers = {tensor: test_onnx.ANSWERS[f"{name}/{tensor}"] for tensor in integers}
    np.savez(tmp_path / "answers.npz", **answers)
    out = tmp_path / "y.npy"
    given = {name: str(tmp_path / f) for name, f in (("MODEL", "net.onnx"), ("INPUT", "image.npy"))}
    given |= {"REFERENCE": str(tmp_path / "answers.npz"), "OUT": str(out), **CORE}
    assert verbs.call("net", given) == 0
    said = capfd.readouterr().out
    assert f"0 values of {len(integers)} tensors differ from the reference" in said
    np.testing.assert_array_equal(np.load(out), answers[model.outputs[0]])


def test_an_output_of_one_value(tmp_path, monkeypatch, capfd):
    """A mean over all axes, and a function of it: several inputs, and their outputs as one array."""
    monkeypatch.setenv("BUILD_DIR", str(tmp_path / "build"))
    monkeypatch.chdir(tmp_path)
    tensors = tuple(
        cases.int8(name, shape, scale, 3)
        for name, shape, scale in (("x", (1, 2, 3), 0.5), ("mean", (), 0.5), ("y", (), 0.25))
    )
    ops = (
        Op("mean", "mean", (0,), (1,), {"axes": (0, 1, 2), "keep_dims": False}),
        Op("relu", "y", (1,), (2,)),
    )
    tflite_writer.write("one.tflite", Graph("one", "tflm", tensors, ops, (0,), (2,)))
    images = np.array([[[[9, 9, 9], [9, 9, 10]]], [[[1, 2, 3], [4, 5, 6]]]], np.int8)
    np.save("x.npy", images)
    given = {"MODEL": "one.tflite", "INPUT": "x.npy", "OUT": "y.npy", **CORE}
    assert verbs.call("net", given) == 0
    assert "0 values differ from the golden model" in capfd.readouterr().out
    np.testing.assert_array_equal(np.load("y.npy"), [15, 5])
    np.save("classes.npy", np.zeros(2, np.int64))
    assert verbs.call("net", {**given, "LABELS": "classes.npy"}) == 2
    (line,) = capfd.readouterr().err.splitlines()
    assert line.endswith("LABELS=classes.npy: does not apply: the output of the network is a single value")

    alone = Graph("one", "tflm", tensors[1:], (Op("relu", "y", (0,), (1,)),), (0,), (1,))
    tflite_writer.write("one.tflite", alone)
    for stack in (np.array(9, np.int8), np.array([9, 1], np.int8)):
        np.save("x.npy", stack)
        job = command.prepare({"MODEL": "one.tflite", "INPUT": "x.npy"})
        assert [x.item() for (x,) in job.inputs] == stack.reshape(-1).tolist()
        assert all(x.shape == () for (x,) in job.inputs)


def test_a_table_of_layers_is_in_one_piece(tmp_path, capfd):
    """What is to be said about a layer stands below it; of later digits only layers that differ are shown."""
    wrong = Difference("a tensor", 3, 8, (0, 1), 5, 6)
    layers = [
        LayerRun("first", "conv", (1, 8), "core", macs=64, cycles=9, predicted=9, golden=wrong),
        LayerRun("second", "add", (1, 8), "host", note="it is too large"),
        LayerRun("third", "conv", (1, 8), "core", macs=64, cycles=9, predicted=9, reference=wrong),
    ]
    report = Report(Plain(), "layers", tmp_path / "page.json")
    for number in range(2):
        listed = command._Layers(report, number, 2, brief=True)
        for layer in layers:
            listed.add(layer)
        listed.end()
    report.save()
    blocks = json.loads((tmp_path / "page.json").read_text())["blocks"]
    assert [block["block"] for block in blocks] == [
        *("heading", "table", "check", "text", "check"),
        *("heading", "table", "check", "check"),
    ]
    assert [len(block["rows"]) for block in blocks if block["block"] == "table"] == [3, 2]
    first, other = [block["words"]["text"] for block in blocks if block["block"] == "heading"]
    assert first == "input 0 of 2; of the others, only layers that differ are listed"
    assert other == "input 1"
    said = "first: 3 of 8 values of a tensor differ from the golden model, first at [0, 1]: expected 5, got 6"
    assert blocks[2]["words"]["text"] == f"0 {said}"
    printed = capfd.readouterr().out
    assert printed.count("operator") == 2
    assert "1 second on the host: it is too large" in printed
