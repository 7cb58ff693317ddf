# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Exceptions in the middle of a call: the next product is right, or refused with the remedy named.

What could be wrong: an answer, a result, a beat or half a frame of the abandoned call is still in flight, and
the next call takes it for its own. Two products of one shape show it, since old results then have the right
size. So for each link a product is abandoned at every possible place, the next one is compared completely,
and so on with the same link: at every access outside the process, before and after it (Ctrl-C may occur when
bytes are written but not yet recorded), and at any line of the host's code.
"""

import contextlib
import functools
import itertools
import os
import re
import signal
import sys
import time
import types

import numpy as np
import pytest

from macrame.contract import CoreConfig
from macrame.errors import CoreError, InputError, LinkError
from macrame.golden.gemm import gemm
from macrame.golden.vector_unit import vector_unit
from macrame.host import packets, registers, serial_link
from macrame.host.core import Core
from macrame.host.elementwise import ElementwiseUnit
from macrame.host.link import Beats, Results
from macrame.host.serial_link import SerialLink
from macrame.host.vector_unit import VectorUnit
from macrame.sim import beats
from macrame.sim import link as sim_link
from macrame.sim.board import SimulatedBoard
from macrame.sim.link import ElementwiseSimLink, SimLink, VectorSimLink
from tests.plain_board import PlainBoard, PlainLine
from tests.plain_core import PlainCore
from tests.terminal import open_terminal

REMEDY = r"call reset\(\) of the link, or soft_reset\(\)|open a new one$"
OWN_CODE = (os.path.dirname(serial_link.__file__), sim_link.__file__, beats.__file__)


class Broken(Exception):
    """An unexpected exception."""


# --- fault injection ----------------------------------------------------------------------------------------


class Fuse:
    """Makes one call of the guarded functions raise an exception.

    Attributes
    ----------
    blown : bool
        Whether it has.
    """

    def __init__(self):
        self.disarm()

    def arm(self, at, error, when):
        """Raise at the at-th use from now on: "before" it, "after" it, or after "half" of its bytes."""
        self.at, self.error, self.when, self.uses, self.blown = at, error, when, 0, False

    def disarm(self):
        """Disable the fuse."""
        self.arm(-1, None, "before")

    def guard(self, function, divisible=True):
        """The guarded function; only a divisible one can be interrupted after half of its bytes."""

        @functools.wraps(function)
        def guarded(*arguments, **keywords):
            blow = self.uses == self.at
            self.uses += 1
            self.blown |= blow
            if blow and (self.when == "before" or self.when == "half" and not divisible):
                raise self.error
            if blow and self.when == "half":
                arguments = [_half(argument) for argument in arguments]
            result = function(*arguments, **keywords)
            if blow:
                raise self.error
            return result

        return guarded


def _half(argument):
    return argument[: len(argument) // 2] if isinstance(argument, (bytes, memoryview)) else argument


class Guarded:
    """An object whose named methods are guarded; the others are unchanged."""

    def __init__(self, real, fuse, *names, divisible=True):
        self._real = real
        for name in names:
            setattr(self, name, fuse.guard(getattr(real, name), divisible))

    def __getattr__(self, name):
        return getattr(self._real, name)


class Interrupt:
    """Ctrl-C at the at-th line, or bytecode instruction, that the host's own code executes.

    Attributes
    ----------
    steps : int
        Lines or instructions so far.
    """

    def __init__(self, at, event="line"):
        self.at, self.event, self.steps = at, event, 0

    def _trace(self, frame, event, _):
        if not frame.f_code.co_filename.startswith(OWN_CODE):
            return None
        frame.f_trace_opcodes = self.event == "opcode"
        if event == self.event:
            self.steps += 1
            if self.steps == self.at + 1:
                raise KeyboardInterrupt
        return self._trace

    def __enter__(self):
        self._before = sys.gettrace()
        sys.settrace(self._trace)
        return self

    def __exit__(self, *_):
        sys.settrace(self._before)


# --- what is interrupted -----------------------------------------------------------------------------------


class Products:
    """Different products on a core, all of one shape.

    Parameters
    ----------
    open_link : callable
        Gives a link.
    limit : int
        1 makes a transfer of every tile, between which weights stay in the core.
    """

    driver = Core

    def __init__(self, open_link, limit=1 << 18):
        self._open, self._limit = open_link, limit
        self._rng = np.random.default_rng(1)
        self.link = None
        self.reopen()

    def reopen(self):
        """Close the link and open another."""
        if self.link is not None:
            self.link.close()
        self.link = self._open()
        self.unit = self.driver(self.link)

    def run(self, progress=None, size=3):
        """One of them, compared; its cycles."""
        a = self._rng.integers(-128, 128, (size, 5), dtype=np.int8)
        w = self._rng.integers(-128, 128, (5, 2), dtype=np.int8)
        got, report = self.unit.matmul(a, w, limit=self._limit, progress=progress)
        np.testing.assert_array_equal(got, gemm(a, w))
        return report.cycles


class Operations(Products):
    """Operations of a vector unit."""

    driver = VectorUnit

    def run(self, progress=None, size=11):
        """One of them, compared; its cycles."""
        x, y = self._rng.integers(0, 1 << 16, (2, size)).astype(np.uint16)
        got, report = self.unit.run("add", x, y, progress=progress)
        np.testing.assert_array_equal(got, vector_unit("add", x, y))
        return report.cycles


class Elements(Products):
    """Operations of an elementwise unit, with and without a table to load first."""

    driver = ElementwiseUnit

    def run(self, progress=None, size=11):
        """One of them, compared; its cycles."""
        x, y = self._rng.integers(-128, 128, (2, size)).astype(np.int8)
        if self._rng.integers(2):
            got, report = self.unit.maximum(x, y, progress=progress)
            np.testing.assert_array_equal(got, np.maximum(x, y))
        else:
            results = self._rng.permutation(np.arange(-128, 128)).astype(np.int8)
            got, report = self.unit.table(x, results, progress=progress)
            np.testing.assert_array_equal(got, results[x.astype(int) + 128])
        return report.cycles


def behind(fuse, link):
    """A link to a simulator, with all access outside the process guarded."""
    link._connection = Guarded(link._connection, fuse, "send", "recv", divisible=False)
    files = link._files
    files._files = {name: Guarded(file, fuse, "write", "truncate") for name, file in files._files.items()}
    files._results = Guarded(files._results, fuse, "read", "seek")
    return link


FUSE = Fuse()
OPEN = {
    "core": (Products, lambda: SimLink(CoreConfig(2, 1, 2, k_max=16, post_lanes=1), name="abandoned-core")),
    "vector": (Operations, lambda: VectorSimLink(3, name="abandoned-vector")),
    "elementwise": (Elements, lambda: ElementwiseSimLink(3, name="abandoned-elementwise")),
}


@pytest.fixture(scope="module", params=OPEN)
def in_simulator(request):
    """A simulated unit, with all access outside the process guarded by FUSE."""
    kind, open_link = OPEN[request.param]
    subject = kind(lambda: behind(FUSE, open_link()))
    yield subject
    subject.link.close()


@pytest.fixture(params=[1 << 18, 1], ids=["at once", "in batches"])
def on_line(request, monkeypatch):
    """A plain Python core on a plain Python line, with all access outside the process guarded by FUSE."""
    line = PlainLine(PlainBoard(2, 1, 4, 16))
    guarded = {name: FUSE.guard(getattr(line, name)) for name in ("write", "read", "select")}
    system = types.SimpleNamespace(strerror=os.strerror, monotonic=line.monotonic, **guarded)
    for module in ("os", "select", "time"):
        monkeypatch.setattr(serial_link, module, system)
    monkeypatch.setattr("serial.Serial", line.open)
    return Products(lambda: SerialLink("/dev/board"), request.param)


def nothing(*_):
    """A progress callback."""


def inject(subject, at, error, when):
    """Abandon one product; whether it was long enough to reach that place."""
    FUSE.arm(at, error, when)
    with contextlib.suppress(Broken, KeyboardInterrupt, LinkError, OSError):
        subject.run(FUSE.guard(nothing))
        assert not FUSE.blown, "an exception was lost"
    blown = FUSE.blown
    FUSE.disarm()
    return blown


# --- every use of what is outside ---------------------------------------------------------------------------

WAYS = list(itertools.product([Broken, KeyboardInterrupt], ["before", "half", "after"]))


def sweep(subject, ways):
    """Interrupt at every place, in each given way, and check the next product; the number of places."""
    for at in itertools.count():
        for error, when in ways(at):
            if not inject(subject, at, error, when):
                return at
            subject.run()


def in_turn(seed):
    """One way for each place."""
    return lambda at: [WAYS[(at + seed) % len(WAYS)]]


@pytest.mark.sampled(2)
def test_a_serial_link_recovers(on_line, seed):
    assert sweep(on_line, in_turn(seed)) > 100


@pytest.mark.nightly
def test_a_serial_link_recovers_from_everything(on_line):
    assert sweep(on_line, lambda at: WAYS) > 100


@pytest.mark.sampled(3)
def test_a_simulated_unit_recovers(in_simulator, seed):
    assert sweep(in_simulator, in_turn(seed)) > 20


@pytest.mark.nightly
def test_a_simulated_unit_recovers_from_everything(in_simulator):
    assert sweep(in_simulator, lambda at: WAYS) > 20


@pytest.mark.parametrize("latency", [0, 500])
def test_recovery_may_be_abandoned_too(on_line, seed, latency):
    """Up to eight injections in a row: answers to several abandoned resets may be on their way at once."""
    rng = np.random.default_rng(seed)
    on_line.link._port.latency = latency
    for _ in range(40):
        for _ in range(int(rng.integers(1, 9))):
            error, when = WAYS[rng.integers(len(WAYS))]
            inject(on_line, int(rng.integers(30)), error, when)
        on_line.run()


@pytest.mark.sampled(3)
def test_beats_that_were_written_in_vain_are_not_read(in_simulator):
    """Nor the part beyond the beats of the next products: a simulator reads files in blocks."""
    for when in ("half", "after"):
        for at in itertools.count():
            FUSE.arm(at, Broken, when)
            with contextlib.suppress(Broken):
                in_simulator.run(size=40)
            blown = FUSE.blown
            FUSE.disarm()
            in_simulator.run()
            in_simulator.run()
            if not blown:
                break


# --- every line ---------------------------------------------------------------------------------------------


def interrupt(subject, at, event="line"):
    """Press Ctrl-C once in a product, and check the next one; whether there were that many steps."""
    with contextlib.suppress(KeyboardInterrupt), Interrupt(at, event) as pressed:
        subject.run(nothing)
    try:
        subject.run()
    except LinkError as error:
        said = str(error)
        subject.reopen()
        subject.run()
        if not re.search(REMEDY, said):
            raise
    return pressed.steps > at


def steps_of(subject, event):
    """Lines or instructions of a product."""
    with Interrupt(-1, event) as counted:
        subject.run(nothing)
    return counted.steps


@pytest.mark.sampled(2)
@pytest.mark.parametrize("event", ["line", "opcode"])
def test_ctrl_c_anywhere_on_a_line(on_line, seed, event):
    total = steps_of(on_line, event)
    for at in np.random.default_rng(seed).integers(0, total, 25):
        interrupt(on_line, int(at), event)


@pytest.mark.nightly
@pytest.mark.parametrize("event", ["line", "opcode"])
def test_ctrl_c_everywhere_on_a_line(on_line, event):
    for at in itertools.count(0, 1 if event == "line" else 7):
        if not interrupt(on_line, at, event):
            break
    assert at > 1000


@pytest.mark.sampled(3)
@pytest.mark.parametrize("event", ["line", "opcode"])
def test_ctrl_c_anywhere_in_a_simulation(in_simulator, seed, event):
    total = steps_of(in_simulator, event)
    for at in np.random.default_rng(seed).integers(0, total, 25):
        interrupt(in_simulator, int(at), event)


@pytest.mark.nightly
def test_ctrl_c_everywhere_in_a_simulation(in_simulator):
    for at in itertools.count():
        if not interrupt(in_simulator, at):
            break
    assert at > 100


@contextlib.contextmanager
def alarm(seconds):
    """A real signal, like Ctrl-C, after a delay."""

    def ring(*_):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_a_signal_at_any_time(in_simulator, seed):
    rng = np.random.default_rng(seed)
    begun = time.monotonic()
    in_simulator.run()
    took = time.monotonic() - begun
    for _ in range(15):
        with contextlib.suppress(KeyboardInterrupt), alarm(took * rng.uniform(0.01, 1)):
            in_simulator.run()
        in_simulator.run()


@pytest.mark.sampled(3)
def test_a_simulated_transfer_ends_with_its_call(in_simulator):
    """The simulator does not run for minutes for an abandoned call."""

    def interrupt_at_once(*_):
        raise KeyboardInterrupt

    link = in_simulator.link
    before = link.clock
    cycles = in_simulator.run(size=1000)
    at_once = link.clock - before
    for _ in range(3):
        with pytest.raises(KeyboardInterrupt):
            in_simulator.run(interrupt_at_once, size=200_000)
        in_simulator.run()
    assert cycles < at_once
    # the three calls would take 600 times as many; a busy machine interrupts them late
    assert link.clock - before < 150 * cycles


@pytest.mark.thorough
def test_a_board_in_simulation_recovers(monkeypatch, seed):
    """The real bridge in a few places, since each is slow."""
    board_recovers(monkeypatch, seed, 4)


@pytest.mark.nightly
def test_a_board_in_simulation_recovers_often(monkeypatch, seed):
    board_recovers(monkeypatch, seed, 60)


def board_recovers(monkeypatch, seed, rounds):
    """Interrupt a board at random places, up to three times in a row."""
    for end in open_terminal():  # or there is nothing to put a board behind
        os.close(end)
    for module, names in (("os", ("read", "write")), ("select", ("select",))):
        real = getattr(serial_link, module)
        monkeypatch.setattr(serial_link, module, Guarded(real, FUSE, *names))
    rng = np.random.default_rng(seed)
    with SimulatedBoard("icebreaker", name="abandoned-board", ROWS=2, COLS=1, DEPTH=4, K_MAX=16) as board:
        subject = Products(lambda: SerialLink(board.tty, timeout=60))  # the simulator's line is slow
        for _ in range(rounds):
            for _ in range(int(rng.integers(1, 4))):
                error, when = WAYS[rng.integers(len(WAYS))]
                inject(subject, int(100 ** rng.random()) - 1, error, when)
            subject.run()
        subject.link.close()


# --- what is rejected, and the remedy -----------------------------------------------------------------------


def no_beats(width):
    return Beats(np.empty((0, width), np.uint8), np.empty(0, bool), np.empty(0, np.uint8))


class Halting(PlainCore):
    """Halts instead of giving results."""

    def _transfer(self, weights, activations, results, progress):
        got = super()._transfer(weights, activations, results, progress)
        self.registers[registers.STATUS] = registers.STATUS_HALTED | 1
        return Results(got.data[:0], got.last[:0], got.keep[:0])


@pytest.fixture
def abandoned():
    """A core with a panel of an abandoned product, between two transfers."""
    subject = Products(lambda: PlainCore(2, 1, 4, 16), limit=1)
    told = iter([None])  # the first time within a transfer, the second time between two

    def progress(*_):
        if next(told, Broken):
            raise Broken

    with pytest.raises(Broken):
        subject.run(progress)
    assert subject.link.panels, "this would show nothing"
    return subject


def test_all_but_a_reset_is_refused(abandoned):
    link, core = abandoned.link, abandoned.unit
    for call in (
        lambda: link.read(0),
        lambda: link.write(registers.CONTROL, 0),
        lambda: link.transfer(no_beats(4), no_beats(8), 0),
        lambda: link.sequence("product", nothing),
        core.status,
        core.check,
        core.counters,
        core.clear_counters,
    ):
        with pytest.raises(LinkError, match="an earlier product was abandoned .*" + REMEDY):
            call()
    assert link.abandoned == "product"
    link.reset()
    assert link.abandoned is None
    assert not link.panels
    assert core.status() == 0
    abandoned.run()


@pytest.mark.parametrize(
    "remedy",
    [lambda link, core: core.soft_reset(), lambda link, core: Core(link), lambda link, core: link.recover()],
    ids=["soft_reset", "another driver", "recover"],
)
def test_what_helps(abandoned, remedy):
    remedy(abandoned.link, abandoned.unit)
    assert abandoned.unit.status() == 0
    abandoned.run()


def test_another_driver_of_the_link_does_not_meet_the_old_panel(abandoned):
    abandoned.unit = Core(abandoned.link)
    abandoned.run()


def test_a_refusal_leaves_nothing_behind():
    """From the bus or the driver: no exchange was interrupted."""
    subject = Products(lambda: PlainCore(2, 1, 4, 16))
    for address, value in (
        (256, 0),
        (-1, 0),
        (0, 1 << 32),
        (0, -1),
        ("0", 0),
        (0, 1.0),
        (True, 0),
        (0, True),
    ):
        with pytest.raises(InputError, match="^(address|value) is .*, expected "):
            subject.link.write(address, value)
    subject.link._write = lambda address, value: 2
    with pytest.raises(LinkError, match="writing register 0x14: bus response 2"):
        subject.link.write(registers.CONTROL, 0)
    assert subject.link.abandoned is None
    assert subject.link.resets == 0


def test_a_halt_is_an_orderly_end():
    """STATUS can be read, since the transfer was over; it stays halted until the soft reset."""
    subject = Products(lambda: Halting(2, 1, 4, 16))
    for _ in range(2):
        with pytest.raises(CoreError, match="k_mismatch"):
            subject.run()
        assert subject.unit.status() == registers.STATUS_HALTED | 1
    assert subject.link.resets == 0


@pytest.mark.parametrize("left", range(4))
def test_what_a_halted_core_has_computed_is_waited_for(on_line, left):
    """Even if the board pauses for long between two: a late one would be the next product's first."""
    link = on_line.link
    line, board = link._port, link._port.board
    w = packets.flatten(*packets.weight_panels(np.ones((4, 1), np.int8), packets.records(1), 1, 4, 0))
    a = packets.flatten(*packets.activation_panels(np.ones((4, 4), np.int8), 2, 4, [0, packets.RELEASE]))
    board.irq = True
    next_message = board._next_message

    def rest_once():
        if len(board.results) == left + 1:
            line.asleep, board._next_message = 50_000, next_message
        next_message()

    board._next_message = rest_once
    assert len(link.transfer(w, a, 6)) == 4
    assert line.asleep == 0


def test_missing_results_are_no_orderly_end():
    """They may come later."""
    subject = Products(lambda: PlainCore(2, 1, 4, 16))
    subject.link.drop = 1
    with pytest.raises(LinkError, match="received [0-9]+ result beats, expected"):
        subject.run()
    subject.link.drop = 0
    with pytest.raises(LinkError, match="an earlier product was abandoned"):
        subject.unit.status()
    subject.run()
    assert subject.link.resets == 1


def test_a_link_in_use_is_refused():
    subject = Products(lambda: PlainCore(2, 1, 4, 16))
    said = []

    def meddle(*_):
        for call in (subject.unit.status, subject.run, subject.link.reset, lambda: Core(subject.link)):
            try:
                call()
            except LinkError as error:
                said.append(str(error))

    subject.run(meddle)
    # four during the transfer; after it registers can be read, but no product or reset can begin
    assert len(said) == 6
    assert all(
        re.match("the link is busy with a (transfer|product): a progress callback", message)
        for message in said
    )
    subject.run()


def test_random_bits_that_were_lost_are_not_made_up(in_simulator):
    if in_simulator.driver is not VectorUnit:
        pytest.skip("of int8")
    x = np.ones(7, np.float32)
    unit = in_simulator.unit
    unit.run("relu", x, out="stochastic", seed=3)
    unit.run("relu", x, out="stochastic")
    inject(in_simulator, 3, Broken, "after")
    for _ in range(2):
        with pytest.raises(LinkError, match="a reset of the link restarted the random bits: .* a seed"):
            unit.run("relu", x, out="stochastic")
    in_simulator.run()
    unit.run("relu", x, out="stochastic", seed=3)
    unit.run("relu", x, out="stochastic")


def test_random_bits_of_a_core():
    link = PlainCore(2, 1, 1, 16)
    link.registers[registers.FORMAT] = 3
    core = Core(link)
    one = np.ones((1, 1), np.uint16)
    link.reset()
    with pytest.raises(LinkError, match="a reset of the link restarted the random bits: .* a seed"):
        core.matmul_bf16(one, one, out="stochastic")
