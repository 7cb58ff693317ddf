# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The link over a serial port: frames, errors when there is no answer, and the board in simulation.

The last is the most important: `make gemm LINK=serial:...`, a separate process without a simulator, and at
the other end of the pseudo-terminal the board's top level, pin to pin. It must give the results of golden and
of `make gemm`.
"""

import binascii
import json
import os
import threading
import tty
from contextlib import contextmanager

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from macrame.environment import limit
from macrame.errors import CoreError, InputError, LinkError
from macrame.golden.gemm import gemm
from macrame.host import frames, packets, registers, serial_link
from macrame.host.core import Core
from macrame.host.link import Beats
from macrame.host.serial_link import TIMEOUT, SerialLink
from macrame.sim.board import BOARDS, SimulatedBoard
from tests.terminal import open_terminal
from tests.test_gemm_cli import call

# --- frames -------------------------------------------------------------------------------------------------


def reflected(data, bits=8):
    return [int(f"{value:0{bits}b}"[::-1], 2) for value in data]


@given(st.binary(max_size=60))
def test_the_checksum_is_the_catalogues(data):
    """Against the standard library's CRC of the same polynomial, which takes the highest bit first."""
    other = binascii.crc_hqx(bytes(reflected(data)), 0xFFFF)
    assert frames.crc16(data) == reflected([other], 16)[0]


@given(st.lists(st.tuples(st.sampled_from([0x80, 0x81]), st.binary(max_size=40)), max_size=6), st.data())
def test_frames_are_found_however_they_are_cut(sent, data):
    line = b"".join(frames.encode(kind, bytes([len(body)]) + body) for kind, body in sent)
    decoder, got = frames.Decoder(), []
    while line:
        size = data.draw(st.integers(1, len(line)))
        got += decoder.feed(line[:size])
        line = line[size:]
    assert [(kind, body[1:]) for kind, body in got] == sent
    assert decoder.damaged == 0


@pytest.mark.parametrize(
    "line",
    [
        frames.encode(frames.WRITE, b"\0\0")[:-1] + b"\x11",
        frames.encode(0x55, b"\0"),
        frames.encode(frames.READ, b"\0\0")[:-2],
    ],
)
def test_damaged_frames_are_counted_and_the_next_one_is_found(line):
    decoder = frames.Decoder()
    assert decoder.feed(b"noise" + line + frames.encode(frames.RESET, b"\0")) == [(frames.RESET, b"\0")]
    assert decoder.damaged == 1


def test_an_answer_that_failed_is_short():
    decoder = frames.Decoder()
    assert decoder.feed(frames.encode(frames.READ, b"\4")) == [(frames.READ, b"\4")]
    assert decoder.feed(frames.encode(frames.READ, b"\x80\0\1\2\3\4")) == [(frames.READ, b"\x80\0\1\2\3\4")]


# --- what a user gives --------------------------------------------------------------------------------------


def test_links_are_parsed():
    assert serial_link.parse("serial:/dev/ttyUSB0") == ("/dev/ttyUSB0", 1_000_000)
    assert serial_link.parse("serial:/dev/pts/3@115200") == ("/dev/pts/3", 115200)


@pytest.mark.parametrize(
    ("link", "said"),
    [
        ("tcp:host", "expected serial:DEVICE"),
        ("serial", "expected serial:DEVICE"),
        ("serial:", "no device"),
        ("serial:/dev/ttyS0@fast", "baud rate fast,"),
        ("serial:/dev/ttyS0@", "baud rate .none.,"),
        ("serial:/dev/ttyS0@0", "baud rate 0,"),
    ],
)
def test_links_that_are_none_are_refused(link, said):
    with pytest.raises(InputError, match=said):
        serial_link.parse(link)


@pytest.fixture
def matrices(tmp_path):
    """Two matrices in files: their variables, and what they are."""
    rng = np.random.default_rng(5)
    a, w = (rng.integers(-128, 128, shape, dtype=np.int8) for shape in ((5, 21), (21, 3)))
    np.save(tmp_path / "a.npy", a)
    np.save(tmp_path / "w.npy", w)
    return {"A": "a.npy", "W": "w.npy", "OUT": "c.npy"}, a, w


@pytest.mark.parametrize(
    ("more", "status", "said"),
    [
        ({"LINK": "udp:4"}, 2, "gemm: LINK=udp:4: expected serial:DEVICE"),
        (
            {"LINK": "serial:/dev/null", "ROWS": "4"},
            2,
            "gemm: ROWS=4: does not apply with LINK, whose core is not simulated",
        ),
        ({"LINK": "serial:/dev/null", "SIM": "icarus"}, 2, "gemm: SIM=icarus: does not apply with LINK"),
        (
            {"LINK": "serial:/dev/ttyNONE"},
            1,
            "gemm: /dev/ttyNONE cannot be opened: No such file or directory",
        ),
        ({"LINK": "serial:/dev/null"}, 1, "gemm: /dev/null cannot be opened: it is not a serial port"),
    ],
)
def test_a_wrong_link_is_one_line(tmp_path, matrices, more, status, said):
    (tmp_path / "c.npy").write_text("of an earlier run")
    done = call(tmp_path, **matrices[0], **more)
    assert (done.returncode, done.stdout) == (status, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith(said)
    assert (tmp_path / "c.npy").read_text() == "of an earlier run"


# --- another device at the other end
# -------------------------------------------------------------------------


@contextmanager
def peer(answer):
    """A pseudo-terminal driven by a function: bytes in, bytes out."""
    master, slave = open_terminal()
    tty.setraw(slave)
    name, over = os.ttyname(slave), threading.Event()
    os.set_blocking(master, False)

    def serve():
        while not over.wait(0.001):
            try:
                os.write(master, answer(os.read(master, 65536)))
            except BlockingIOError:
                pass

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield name
    finally:
        over.set()
        thread.join()
        os.close(slave)
        os.close(master)


ONE_CELL = frames.encode(frames.READ, b"\0\0\1\1\1\1")


def bridge(magic=b"MU", version=1, shape=ONE_CELL, deaf=False):
    """A bridge that answers reset and hello, has one register, and returns a given shape."""
    kept = b""

    def respond(data):
        nonlocal kept
        out = b""
        for part in data.split(b"\x7e")[1:]:
            part = part.replace(b"\x7d\x5e", b"\x7e").replace(b"\x7d\x5d", b"\x7d")
            if part[:1] == b"\x02":
                out += frames.encode(frames.RESET, b"\0")
            elif part[:1] == b"\x01":
                out += frames.encode(frames.HELLO, b"\0" + magic + bytes([version, 9]))
            elif part[:1] == b"\x04":
                kept = part[2:6]
                out += frames.encode(frames.WRITE, b"\0\0")
            elif part[:2] == b"\x03\x1c":
                out += frames.encode(frames.READ, b"\x10" if deaf else b"\0\0" + kept)
            elif part[:1] == b"\x03":
                out += shape
        return out

    return respond


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (
            lambda data: b"",
            "no answer from .* at 1,000,000 baud within 0.4 s: check that the board is configured",
        ),
        (lambda data: b"login: ", "no answer from .*, only [0-9]+ bytes without a frame"),
        (
            lambda data: b"\x7e\x02\x00\x33\x33",
            "no answer from .*, only [0-9]+ damaged frames: check the baud rate",
        ),
        (lambda data: data, "no answer from .*, only 1 damaged frame: check the baud rate"),
        (bridge(magic=b"XY"), "answered 58 59, expected 4d 55: not a macrame bridge"),
        (bridge(version=2), "uses version 2 of the serial protocol, expected 1"),
        (
            bridge(shape=frames.encode(frames.READ, b"\x05")),
            r"the serial line failed: framing, checksum \(status 0x05\)",
        ),
        (
            bridge(shape=frames.encode(frames.WRITE, b"\0\0")),
            "an unexpected frame of kind 0x04",
        ),
        (
            bridge(shape=frames.encode(frames.NOTE, b"\x20")),
            "the serial line failed: stray_byte",
        ),
        (
            bridge(shape=frames.encode(frames.READ, b"\0\2\0\0\0\0")),
            "register 0x08: bus response 2",
        ),
        (bridge(shape=b""), "no answer"),
        (bridge(deaf=True), r"the serial line failed: unknown_command \(status 0x10\)"),
    ],
)
def test_a_device_that_is_no_bridge_is_reported_in_a_line(other, said):
    with peer(other) as name, pytest.raises(LinkError, match=said) as caught:
        SerialLink(name, timeout=limit(0.4))
    assert len(str(caught.value).splitlines()) == 1


def test_a_port_in_use_is_refused():
    with peer(bridge()) as name, SerialLink(name, timeout=limit(2)) as link:
        with pytest.raises(LinkError, match="cannot be opened: another program is using it"):
            SerialLink(name, timeout=limit(0.4))
        link.close()
        with pytest.raises(LinkError, match="the link is closed"):
            link.read(0)


# --- boards in simulation -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def board():
    for end in open_terminal():  # or there is nothing to put a board behind
        os.close(end)
    with SimulatedBoard("icebreaker", name="board-test", ROWS=2, COLS=2, DEPTH=4, K_MAX=16) as board:
        yield board


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    "more",
    [
        {},
        {"SCALE": "0.003", "MODE": "gemmlowp", "BIAS": "100", "ZERO_POINT": "-3"},
        {"SCALE": "0.002", "MODE": "fp32", "A_ZERO_POINT": "7"},
    ],
    ids=["raw", "gemmlowp", "fp32"],
)
def test_the_same_program_gives_the_same_bits(tmp_path, board, matrices, more):
    """K is 21 and K_MAX 16: chained, too."""
    given, a, w = matrices
    done = call(tmp_path, **given, **more, LINK=f"serial:{board.tty}")
    assert done.returncode == 0, done.stderr
    assert "0 of 15 values differ from the golden model" in done.stdout
    on_board = (tmp_path / "c.npy").read_bytes()
    report = json.loads((tmp_path / "c.npy.json").read_text())
    assert (report["array"], report["mismatches"], report["link"]) == ("2x2x4", 0, f"serial:{board.tty}")
    assert report["bytes_sent"] > 200
    if not more:
        np.testing.assert_array_equal(np.load(tmp_path / "c.npy"), gemm(a, w))
    simulated = call(tmp_path, **given | {"OUT": "s.npy"}, **more, ROWS="2", COLS="2", DEPTH="4")
    assert simulated.returncode == 0, simulated.stderr
    assert (tmp_path / "s.npy").read_bytes() == on_board


@pytest.mark.thorough
def test_a_crashed_host_leaves_no_trace(board):
    """Killed in mid-packet, in the middle of an answer; the next one's product is right."""
    rng = np.random.default_rng(3)
    a, w = rng.integers(-128, 128, (3, 9), dtype=np.int8), rng.integers(-128, 128, (9, 2), dtype=np.int8)
    for cut in (1, 5, 30):
        with SerialLink(board.tty, timeout=limit(TIMEOUT)) as link:
            os.write(
                link._port.fileno(),
                frames.encode(frames.READ, b"\0")
                + frames.encode(frames.WEIGHTS, bytes([0, 9]) + bytes(72))[:cut],
            )
        with SerialLink(board.tty, timeout=limit(TIMEOUT)) as link:
            np.testing.assert_array_equal(Core(link).matmul(a, w)[0], gemm(a, w))


def test_a_bridge_that_waits_for_the_core_is_unblocked(board):
    """Activations without weights, more than the core can hold, and a host that has stopped."""
    with SerialLink(board.tty, timeout=limit(TIMEOUT)) as link:
        os.write(link._port.fileno(), frames.encode(frames.ACTIVATIONS, bytes([0, 9]) + bytes(72)))
    with SerialLink(board.tty, timeout=60) as link:  # the simulator's line is slow, and the wake-up call long
        assert link.read(registers.ID) == registers.ID_VALUE


def test_a_halt_is_raised_by_name_and_reset(board):
    a, w = np.ones((2, 8), np.int8), np.ones((8, 2), np.int8)
    with SerialLink(board.tty, timeout=limit(TIMEOUT)) as link:
        core = Core(link)
        weights = packets.flatten(*packets.weight_panels(w, packets.records(2), 2, 4, 0))
        short = packets.flatten(*packets.activation_panels(a[:, :4], 2, 4, packets.RELEASE))
        assert len(link.transfer(weights, short, 2)) == 0
        with pytest.raises(CoreError, match="k_mismatch"):
            core.check()
        core.soft_reset()
        np.testing.assert_array_equal(core.matmul(a, w)[0], gemm(a, w))


def test_missing_results_are_noticed(board):
    a, w = np.ones((2, 8), np.int8), np.ones((8, 2), np.int8)
    with SerialLink(board.tty, timeout=limit(1)) as link:
        weights = packets.flatten(*packets.weight_panels(w, packets.records(2), 2, 4, 0))
        kept = packets.flatten(*packets.activation_panels(a, 2, 4, packets.RELEASE | packets.KEEP))
        assert len(link.transfer(weights, kept, 2)) == 0
        nothing = Beats(np.empty((0, 8), np.uint8), np.empty(0, bool), np.empty(0, np.uint8))
        assert len(link.transfer(nothing, nothing, 0)) == 0


def test_every_board_answers_as_itself(board):
    """The other board with a core too; it reports its own shape."""
    for name in {name for name, one in BOARDS.items() if one.engine is None} - {"icebreaker"}:
        with (
            SimulatedBoard(name, ROWS=1, COLS=2, DEPTH=1, K_MAX=4, POST_LANES=1) as other,
            SerialLink(other.tty, timeout=limit(TIMEOUT)) as link,
        ):
            core = Core(link)
            assert (core.config.rows, core.config.cols, core.config.depth, core.config.k_max) == (1, 2, 1, 4)
            a, w = np.arange(6, dtype=np.int8).reshape(2, 3), np.arange(6, dtype=np.int8).reshape(3, 2)
            np.testing.assert_array_equal(core.matmul(a, w)[0], gemm(a, w))
