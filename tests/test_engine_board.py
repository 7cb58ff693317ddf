# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The board with the network engine, simulated pin to pin behind a pseudo-terminal, and its host program.

`make net ENGINE=1 LINK=serial:...` is the program that drives a real board. An engine with words of two bytes
is simulated, since each byte on the line takes 40 cycles of the whole board.
"""

import json
import os
from dataclasses import replace

import numpy as np
import pytest

from macrame.board import BOARDS
from macrame.contract import CoreConfig
from macrame.environment import limit
from macrame.errors import CoreError, InputError, LinkError
from macrame.golden import engine as golden
from macrame.host import frames, serial_link
from macrame.host.core import Core
from macrame.host.engine import NetworkEngine
from macrame.host.serial_link import SerialLink
from macrame.nets import digits, operators, tflite, tflite_writer
from macrame.nets.engine.board import board_row, boards
from macrame.nets.engine.command import CREDIT, Plan, infer
from macrame.nets.engine.compile import compile_graph
from macrame.nets.graph import Graph, Op
from macrame.sim.board import SimulatedBoard
from tests import verbs
from tests.nets import cases
from tests.terminal import open_terminal
from tests.test_serial_link import bridge, peer

CONFIG = CoreConfig(1, 2, 2, k_max=16, post_lanes=1)
WORDS, BEATS = 64, 300

#: Seconds without a byte: a frame takes the simulator seconds.
SILENCE = 30


def small(features=2):
    """A convolution, a fully connected layer and a softmax."""
    draw = cases.Draw(5)
    kernel = np.maximum(draw.values(features, 2, 2, 2), -127)
    dense = np.maximum(draw.values(3, 4 * features), -127)
    tensors = (
        cases.int8("image", (1, 4, 4, 2), 0.05, 4),
        cases.int8("filter", kernel.shape, 0.01, 0, kernel),
        cases.int8("features", (1, 2, 2, features), 0.2, -3),
        cases.int8("matrix", dense.shape, 0.02, 0, dense),
        cases.int8("scores", (1, 3), 0.3, 1),
        cases.int8("odds", (1, 3), 1 / 256, -128),
    )
    window = {"padding": ((0, 0), (0, 0)), "stride": (2, 2), "dilation": (1, 1), "groups": 1}
    ops = (
        Op("conv", "features", (0, 1, None), (2,), {**window, "activation": "relu"}),
        Op("fully_connected", "scores", (2, 3, None), (4,), {"activation": "none", "keep_dims": False}),
        Op("softmax", "odds", (4,), (5,), {"beta": 1.0}),
    )
    return Graph("small", "tflm", tensors, ops, (0,), (5,))


@pytest.fixture(scope="module")
def plan():
    return Plan.of(small(), CONFIG, lanes=1, words=WORDS)


@pytest.fixture(scope="module")
def board():
    for end in open_terminal():  # or there is nothing to put a board behind
        os.close(end)
    parameters = {"DEPTH": 2, "K_MAX": 16, "POST_LANES": 1, "LANES": 1, "WORDS": WORDS, "BEATS": BEATS}
    with SimulatedBoard("ulx3s-engine", name="engine-board-test", **parameters) as board:
        yield board


class Counted(SerialLink):
    """A link that counts escapes, and the questions whether the engine has halted."""

    def __init__(self, *arguments, **keywords):
        self.escapes, self.asked = [0, 0], 0
        super().__init__(*arguments, **keywords)

    def _io(self, waiting, seconds):
        sent = self.sent
        feed = self._decoder.feed

        def counted(data):
            self.escapes[1] += data.count(frames.ESCAPE)
            return feed(data)

        self._decoder.feed = counted
        try:
            found = super()._io(waiting, seconds)
        finally:
            del self._decoder.feed
        self.escapes[0] += waiting[: self.sent - sent].count(frames.ESCAPE)
        return found

    def _call(self, kind, body=b""):
        self.asked += kind == frames.HELLO
        return super()._call(kind, body)


def images(count):
    return np.random.default_rng(3).integers(-128, 128, (count, 1, 4, 4, 2)).astype(np.int8)


def test_the_host_program(tmp_path, monkeypatch, capfd, board, plan):
    """One load, two inferences; the bits are those of the golden model, the bytes those of the plan."""
    monkeypatch.setenv("BUILD_DIR", str(tmp_path / "build"))
    monkeypatch.setattr(serial_link, "TIMEOUT", SILENCE)
    tflite_writer.write(tmp_path / "small.tflite", small())
    graph = tflite.read(tmp_path / "small.tflite")
    expected = {"x0": images(2)[0], "x1": images(2)[1]}
    for number in range(2):
        values = {0: images(2)[number]}
        operators.evaluate_all(graph, graph.ops, values)
        expected[f"y{number}"] = values[graph.outputs[0]]
    np.savez(tmp_path / "expected.npz", **expected)
    given = {"MODEL": str(tmp_path / "small.tflite"), "REFERENCE": str(tmp_path / "expected.npz")}
    status = verbs.call("net", {**given, "ENGINE": "1", "LINK": f"serial:{board.tty}"})
    out = capfd.readouterr()
    assert status == 0, out.err
    assert "  0 values differ from the golden model" in out.out
    assert "  0 values differ from the reference" in out.out
    report = json.loads((tmp_path / "build" / "net" / "engine.json").read_text())
    assert (report["core"], report["link"], report["memory_bytes"]) == ("1x2x2", f"serial:{board.tty}", 128)
    assert [one["cycles"] for one in report["inferences"]] == [report["predicted_cycles"]] * 2
    sent, received = plan.line
    assert 2 * sent <= report["line_sent"] < 2.2 * sent + 100
    assert 2 * received <= report["line_received"] < 2.2 * received + 100
    assert len(plan.program.image) < report["line_program_bytes"] < 1.1 * plan.loading + 100


@pytest.mark.thorough
def test_the_bytes_on_the_line(board, plan):
    """Exactly those that the plan predicts, and the escapes; the whole memory is that of the golden model."""
    with Counted(board.tty, timeout=limit(SILENCE)) as link:
        engine = NetworkEngine(link)
        assert (engine.depth, engine.words, engine.beats, engine.lanes) == (2, WORDS, BEATS, 1)
        assert link.credit == CREDIT
        assert link.read(0x1C) == 0, "the engine's watchdog after a reset"

        def taken(run):
            before = (link.sent, link.received, *link.escapes, link.asked)
            run()
            sent, received, *escapes, asked = (
                now - then for now, then in zip((link.sent, link.received, *link.escapes, link.asked), before)
            )
            # hello is four bytes, its answer nine; none of them needs an escape
            hello = len(frames.encode(frames.HELLO)), len(frames.encode(frames.HELLO, b"\0MU\1\12"))
            return tuple(
                count - extra - asked * size for count, extra, size in zip((sent, received), escapes, hello)
            )

        accesses = serial_link.access_bytes(2, 0)[0]  # STATUS before and after
        assert taken(lambda: engine.load(plan.program.image))[0] == plan.loading + accesses
        model = golden.Engine(WORDS, 2, 8)
        engine.write(0, model.memory)
        for image in images(2):
            assert taken(lambda image=image: infer(plan, engine, None, [image], {})) == plan.line
        found = infer(plan, engine, model, [images(1)[0]], {})
        assert (found.wrong, found.words, found.report.cycles) == (0, 0, plan.counters.cycles)


@pytest.mark.thorough
def test_interrupted_transfers(board, plan, monkeypatch):
    """A host crashes in the middle of a program or of a command, or an exception ends its call."""
    image = plan.program.image
    for kind, text in ((frames.WEIGHTS, image[:64]), (frames.ACTIVATIONS, bytes(6))):
        with SerialLink(board.tty, timeout=limit(SILENCE)) as link:
            os.write(link._port.fileno(), frames.encode(kind, bytes([0, 16]) + text)[:-3])
    with SerialLink(board.tty, timeout=limit(SILENCE)) as link:
        engine = NetworkEngine(link)
        write, count = os.write, [0]

        def interrupted(port, data):
            count[0] += len(data)
            if count[0] > 300:
                monkeypatch.setattr(os, "write", write)
                raise KeyboardInterrupt
            return write(port, data[:100])

        monkeypatch.setattr(os, "write", interrupted)
        with pytest.raises(KeyboardInterrupt):
            engine.load(image)
        with pytest.raises(LinkError, match="^no program has been loaded since the last reset of the link$"):
            engine.run([], [(0, 1)])
        engine = NetworkEngine(link)
        damaged = bytearray(image)
        damaged[-200] ^= 1
        engine.load(bytes(damaged))
        with pytest.raises(CoreError, match="program_corrupt"):
            infer(plan, engine, None, [images(1)[0]], {})
        engine.soft_reset()
        engine.load(image)
        assert infer(plan, engine, None, [images(1)[0]], {}).wrong == 0


def refused(capfd, given, status):
    """The only line of a call that fails."""
    assert verbs.call("net", {"ENGINE": "1", **given}) == status
    (line,) = [line for line in capfd.readouterr().err.splitlines() if line]
    return line


def test_what_does_not_fit(board, tmp_path, monkeypatch, capfd):
    """One line with the bytes needed and those of the board; nothing is sent."""
    monkeypatch.setattr(serial_link, "TIMEOUT", SILENCE)
    link = {"LINK": f"serial:{board.tty}"}
    assert refused(capfd, link, 2).endswith("bytes of memory, but the engine has 128")
    large = compile_graph(small(24), CONFIG)
    assert large.words <= WORDS
    tflite_writer.write(tmp_path / "large.tflite", small(24))
    expected = f"net: program has {len(large.image)} bytes, but the engine's program store has {BEATS * 4}"
    assert refused(capfd, {**link, "MODEL": str(tmp_path / "large.tflite")}, 2) == expected


def test_another_unit(board, plan):
    """A core is not an engine, and an engine not a core; a program is for one shape of engine."""
    with peer(bridge()) as name, SerialLink(name, timeout=limit(2)) as link:
        with pytest.raises(LinkError, match="^ID register reads .*: not a macrame network engine$"):
            NetworkEngine(link)
    with SerialLink(board.tty, timeout=limit(SILENCE)) as link:
        with pytest.raises(LinkError, match="^ID register reads 0x454e4749, .*: not a macrame core$"):
            Core(link)
        engine = NetworkEngine(link)
        program = bytearray(plan.program.image)
        for at, value, message in (
            (1, 2, "program has version 2, expected 1"),
            (2, 8, "program is for words of 8 bytes, but the engine's words have 2"),
            (4, 65, "program needs 130 bytes of memory, but the engine has 128"),
            (8, 9, "program has a panel of 9 slices, but the engine's panels have at most 8"),
        ):
            other = bytearray(program)
            other[at] = value
            with pytest.raises(InputError, match=f"^{message}$"):
                engine.load(bytes(other))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"LINK": "serial:x", "ENGINE": "0"}, "LINK=serial:x: applies only with ENGINE=1"),
        ({"LINK": "udp:4"}, "LINK=udp:4: expected serial:DEVICE"),
        (
            {"LINK": "serial:x", "DEPTH": "8"},
            "DEPTH=8: does not apply with LINK, whose engine is not simulated",
        ),
        ({"LINK": "serial:x", "PLAN": "1"}, "LINK=serial:x: does not apply if nothing is simulated"),
    ],
    ids=str,
)
def test_what_the_command_refuses(given, message, capfd):
    assert refused(capfd, given, 2).startswith(f"net: {message}")


def test_a_port_that_is_none(capfd):
    message = "net: /dev/ttyNONE cannot be opened: No such file or directory"
    assert refused(capfd, {"LINK": "serial:/dev/ttyNONE"}, 1) == message


def test_the_boards_of_a_plan():
    """The digits fit; with a beat less of program, or a word less of memory, they do not."""
    graph, board = tflite.read(digits.MODEL), BOARDS["ulx3s-engine"]
    (block,) = boards(graph)
    (row,) = block.rows
    assert row[0] == "ulx3s-engine"
    planned = Plan.of(graph, board.core, lanes=board.engine.lanes)
    words, beats = planned.program.words, len(planned.program.image) // 64
    assert row[1:3] == (f"{words * 8:,} of 57,344", f"{beats * 64:,} of 327,680")
    seconds = planned.counters.cycles / 25e6 + sum(planned.line) / 100_000
    assert row[-1] == f"{1 / seconds:.3g}"
    for less in ((0, 0), (1, 0), (0, 1)):
        engine = replace(board.engine, words=words - less[0], beats=beats - less[1])
        assert (board_row(graph, replace(board, engine=engine))[-1] == "does not fit") == any(less)
