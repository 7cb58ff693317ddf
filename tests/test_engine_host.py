# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The driver of the network engine on a simulated one, and `macrame net` with it."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from macrame.contract import CoreConfig
from macrame.errors import CoreError, InputError, LinkError
from macrame.golden import engine as golden
from macrame.host import registers
from macrame.host.engine import READ, NetworkEngine
from macrame.host.link import Results
from macrame.nets import digits, tflite
from macrame.nets.engine.command import Plan, infer
from macrame.registers import (
    ENGINE_BEATS,
    ENGINE_FORMAT,
    ENGINE_FORMAT_INT8,
    ENGINE_ID_RESET,
    ENGINE_SHAPE,
    ENGINE_STATUS_ERRORS,
    ENGINE_VERSION_RESET,
    ENGINE_WORDS,
)
from macrame.sim.link import EngineSimLink
from tests import verbs
from tests.plain_core import PlainCore

CONFIG = CoreConfig(1, 8, 8, post_lanes=8)
ORACLE = Path(__file__).with_name("oracles") / "digits.npz"


def test_status_of_golden_and_registers():
    assert golden.ERRORS == ENGINE_STATUS_ERRORS


@pytest.fixture(scope="module")
def plan():
    """The digits network."""
    return Plan.of(tflite.read(digits.MODEL), CONFIG, lanes=2)


def test_inferences(plan):
    """Outputs, the whole memory and the cycles; errors leave a driver that works after a soft reset."""
    images, _ = digits.held_out()
    program = plan.program
    sent, received = plan.traffic
    with EngineSimLink(CONFIG, words=256, beats=128) as link:
        engine = NetworkEngine(link)
        assert (engine.depth, engine.post_lanes, engine.words, engine.slices) == (8, 8, 256, 128)
        with pytest.raises(LinkError, match="no program has been loaded"):
            engine.run([], [(0, 1)])
        engine = NetworkEngine(link)
        engine.load(program.image)
        model = golden.Engine(256, 8, 128)
        engine.write(0, model.memory)
        for number in range(2):
            found = infer(plan, engine, model, [images[number]], {})
            assert (found.wrong, found.words, found.report.cycles) == (0, 0, plan.counters.cycles)
            assert found.report.busy == plan.counters.busy
            assert (found.report.sent, found.report.received) == (sent, received)
        # a difference in a word that no output shows is noticed
        model.memory[255] ^= 1
        assert infer(plan, engine, model, [images[0]], {}).words == 1

        image = bytearray(program.image)
        image[-1000] ^= 1
        engine.load(bytes(image))
        with pytest.raises(CoreError, match="program_corrupt"):
            engine.run([], [(0, 1)])
        engine.soft_reset()
        engine.load(program.image)
        assert infer(plan, engine, model, [images[0]], {}).wrong == 0


def unit_of(words=256):
    """A driver of an engine that is only its registers."""
    link = PlainCore(1, 8, 8, 16)
    link.registers |= {
        registers.ID: ENGINE_ID_RESET,
        registers.VERSION: ENGINE_VERSION_RESET,
        ENGINE_SHAPE: 1 | 8 << 8 | 8 << 16 | 2 << 24,
        ENGINE_FORMAT: 16 << 16 | 4 << 8 | ENGINE_FORMAT_INT8,
        ENGINE_WORDS: words,
        ENGINE_BEATS: 128,
    }
    return NetworkEngine(link)


ONE = np.zeros((1, 8), np.int8)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda e: e.load("x" * 64), "program is 'xxx"),
        (lambda e: e.load(None), "program is None, expected bytes"),
        (lambda e: e.read(1.0, 1), "address is 1.0, expected an integer"),
        (lambda e: e.read("1", 1), "address is '1', expected an integer"),
        (lambda e: e.read(True, 1), "address is True, expected an integer"),
        (lambda e: e.read(np.int64(256), 1), "words 256 to 256, expected words from 0 to 255"),
        (lambda e: e.write(None, ONE), "address is None, expected an integer"),
        (lambda e: e.write(0, np.ma.array(ONE, mask=True)), "words is a masked array"),
        (lambda e: e.run(None, [(0, 1)]), "inputs is None, expected a list of pairs"),
        (lambda e: e.run([(0, ONE)], [0]), "outputs[0] is 0, expected a list of pairs"),
        (lambda e: e.run([(0.5, ONE)], [(0, 1)]), "address is 0.5, expected an integer"),
    ],
)
def test_arguments_that_are_refused(call, message):
    with pytest.raises(InputError, match=f"^{re.escape(message)}"):
        call(unit_of())


def test_addresses_may_be_integers_of_numpy():
    engine = unit_of()
    commands = []

    def transfer(program, sent, results):
        commands.extend(sent)
        return Results(ONE.view(np.uint8), None, None)

    engine._transfer = transfer
    engine.read(np.int32(5), np.uint8(3))
    np.testing.assert_array_equal(commands[0], engine._command(READ, 3, 5))


@pytest.mark.thorough
def test_what_the_driver_refuses():
    with EngineSimLink(CONFIG, words=256, beats=128) as link:
        engine = NetworkEngine(link)
        with pytest.raises(InputError, match=r"^program has 65 bytes, expected a multiple of 64 above 0$"):
            engine.load(bytes(65))
        with pytest.raises(InputError, match=r"^words 250 to 259, expected words from 0 to 255$"):
            engine.read(250, 10)
        with pytest.raises(InputError, match=r"^words have type int64 and shape \(1, 8\), expected int8"):
            engine.write(0, np.zeros((1, 8), np.int64))
        with pytest.raises(InputError, match=r"^words have shape \(0, 8\), expected at least one word$"):
            engine.write(0, np.zeros((0, 8), np.int8))
        with pytest.raises(InputError, match="^outputs have 0 words"):
            engine.run([], [])
    with pytest.raises(InputError, match="^config is 2x8x8"):
        EngineSimLink(CoreConfig(2, 8, 8), words=256, beats=128)


def test_engine_command(tmp_path, monkeypatch, capfd):
    """Ten digits by one program; the plan; the program in a file."""
    monkeypatch.setenv("BUILD_DIR", str(tmp_path / "build"))
    assert verbs.call("net", {"ENGINE": "1", "IMAGES": "3", "SIM": "icarus"}) == 0
    said = capfd.readouterr().out
    assert "  0 values differ from the golden model\n  0 words of the memory differ" in said
    assert "accuracy: 3 of 3 correct" in said
    report = json.loads((tmp_path / "build" / "net" / "engine.json").read_text())
    assert report["inferences"][2]["cycles"] == report["predicted_cycles"] == 1550
    given = {"COMPILE": str(tmp_path / "d.bin"), "PROGRAM_RATE": "64"}
    assert verbs.call("net", given) == 0
    assert (tmp_path / "d.bin").read_bytes() == Plan.of(
        tflite.read(digits.MODEL), CONFIG, lanes=2
    ).program.image
    assert "6,939 cycles with a beat of the program every 64 cycles" in capfd.readouterr().out


@pytest.mark.thorough
@pytest.mark.parametrize("depth", [2, 4])
def test_narrow_engines(depth, tmp_path, monkeypatch, capfd):
    """Words of two bytes take half of a result beat, those of four a whole one."""
    monkeypatch.setenv("BUILD_DIR", str(tmp_path / "build"))
    assert verbs.call("net", {"ENGINE": "1", "IMAGES": "1", "DEPTH": str(depth), "SIM": "icarus"}) == 0
    said = capfd.readouterr().out
    assert "  0 values differ from the golden model\n  0 words of the memory differ" in said
    assert "accuracy: 1 of 1 correct" in said


def test_tensors_of_a_reference(tmp_path, monkeypatch, capfd):
    """Every tensor that the engine has in its memory is compared; a wrong one is named."""
    monkeypatch.setenv("BUILD_DIR", str(tmp_path / "build"))
    with np.load(ORACLE) as stored:
        names = [name for name in stored.files if name.startswith("t") and stored[name].ndim]
        expected = {f"{name}_{k}": stored[name][k] for name in names for k in (0, 1)}
    np.savez(tmp_path / "expected.npz", **expected)
    given = {"ENGINE": "1", "IMAGES": "2", "SIM": "icarus", "REFERENCE": str(tmp_path / "expected.npz")}
    assert verbs.call("net", given) == 0
    said = capfd.readouterr().out
    # all except the fused sum's first operand, and softmax, which is the host's
    assert "  0 values of 14 tensors differ from the reference, step by step" in said
    expected["t10_1"].flat[5] ^= 1
    np.savez(tmp_path / "expected.npz", **expected)
    assert verbs.call("net", given) == 1
    said = "".join(capfd.readouterr())
    assert "  0 values differ from the reference" in said
    assert "  1 value of 14 tensors differs from the reference, step by step" in said
    name = {tensor.number: tensor.name for tensor in tflite.read(digits.MODEL).tensors}[10]
    assert f"the first that differs is {name}" in said


@pytest.mark.nightly
def test_every_digit(tmp_path, monkeypatch, capfd):
    """All held-out images by one program: TFLite Micro's outputs, the golden model's memory and cycles."""
    monkeypatch.setenv("BUILD_DIR", str(tmp_path / "build"))
    with np.load(ORACLE) as stored:
        expected = {f"y{number}": output[None] for number, output in enumerate(stored["outputs"])}
    assert len(expected) == 540
    np.savez(tmp_path / "expected.npz", **expected)
    given = {"ENGINE": "1", "IMAGES": "540", "REFERENCE": str(tmp_path / "expected.npz"), "SIM": "verilator"}
    assert verbs.call("net", given) == 0
    said = capfd.readouterr().out
    for checked in (
        "values differ from the golden model",
        "words of the memory differ",
        "values differ from the reference",
    ):
        assert f"  0 {checked}" in said
    assert "accuracy: 531 of 540 correct" in said
    report = json.loads((tmp_path / "build" / "net" / "engine.json").read_text())
    assert [one["cycles"] for one in report["inferences"]] == [report["predicted_cycles"]] * 540


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"ENGINE": "2"}, "ENGINE=2: expected 0 or 1"),
        ({"ENGINE": "1", "ROWS": "1"}, "ROWS=1: does not apply to the engine"),
        ({"ENGINE": "1", "DEPTH": "3"}, "DEPTH=3: expected 2, 4 or 8 for the engine"),
        ({"ENGINE": "1", "DEPTH": "9"}, "DEPTH=9: expected 2, 4 or 8 for the engine"),
        ({"ENGINE": "1", "DEPTH": "2", "LANES": "4"}, "LANES=4: expected 1 or 2 for the engine with DEPTH=2"),
        ({"ENGINE": "1", "LANES": "5"}, "LANES=5: expected 1, 2 or 4 for the engine"),
        ({"ENGINE": "1", "LANES": "3"}, "LANES=3: expected 1, 2 or 4 for the engine"),
        (
            {"ENGINE": "1", "PROGRAM_RATE": "2"},
            "PROGRAM_RATE=2: applies only to a plan of the engine, expected COMPILE, or ENGINE=1 and PLAN=1",
        ),
        (
            {"PLAN": "1", "PROGRAM_RATE": "2"},
            "PROGRAM_RATE=2: applies only to a plan of the engine, expected",
        ),
        ({"MEM": "2"}, "MEM=2: applies only with ENGINE=1 or COMPILE"),
        ({"COMPILE": "none/x.bin"}, "COMPILE=none/x.bin: the directory none does not exist"),
        ({"COMPILE": "1"}, "COMPILE=1: unknown extension (none), expected .bin"),
        ({"COMPILE": "x.tflite"}, "COMPILE=x.tflite: unknown extension .tflite, expected .bin"),
        ({"COMPILE": "."}, "COMPILE=.: is a directory, expected a file to write"),
        ({"COMPILE": "x.bin", "SEED": "2"}, "SEED=2: does not apply if nothing is simulated"),
        (
            {"ENGINE": "1", "PLAN": "1", "MEM": "1"},
            "MEM=1: features: needs 1152 bytes of memory, but the engine has 1024",
        ),
    ],
    ids=str,
)
def test_what_the_command_refuses(given, message, capfd):
    assert verbs.call("net", given) == 2
    assert message in capfd.readouterr().err
