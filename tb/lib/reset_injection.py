# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Inside the simulator: send packets through ``core_reset_injector.v`` and compare with ``core_model``.

A *life* of the core lasts from one reset to the next. Everything sent during a life is recorded. After each
transfer the model predicts the life from its beginning, and everything observable must match: STATUS,
interrupt, beats accepted, result beats, tkeep, tlast, counters. A reset in the middle of a transfer ends a
life; packets of which the core has not yet accepted a beat belong to the next one.
"""

import os
from collections import Counter

import cocotb
import numpy as np
from cocotb.triggers import FallingEdge

from macrame.errors import LinkError
from macrame.host import registers
from macrame.host.link import Beats, Results
from macrame.sim.beats import Stall, pack_beats, parse_results, stall_values
from macrame.sim.inside.player import Player
from tb.lib import bins
from tb.lib.kit import text
from tb.models.core_model import Shape, predict, remaining, result_beats

SOFT, HARD = 1, 2


def beats_of(packets, width, user_first):
    """Packets as beats for the player; tuser is significant on a packet's first beat, or on its last."""
    data = np.concatenate([packet.data for packet in packets]) if packets else np.zeros((0, width), np.uint8)
    last = np.zeros(len(data), bool)
    user = np.zeros(len(data), np.uint8)
    start = 0
    for packet in packets:
        end = start + len(packet) - 1
        last[end] = True
        # tuser on other beats must have no effect
        user[start : end + 1] = 0x5A if user_first else packet.user ^ 3
        user[start if user_first else end] = packet.user
        start = end + 1
    return Beats(data, last, user)


_cores = {}


async def core(dut):
    """The single `InjectedCore` of a simulation, after a reset; every test starts with it."""
    if dut not in _cores:
        _cores[dut] = InjectedCore(dut)
        bins.save_at_exit()
        await _cores[dut].start()
    await _cores[dut].reset()
    return _cores[dut]


class InjectedCore:
    """The core with its player, and the packets sent since its latest reset.

    Parameters
    ----------
    dut : cocotb handle of ``core_reset_injector``

    Attributes
    ----------
    shape : core_model.Shape
    watchdog : int
        Value of WATCHDOG.
    interrupts : bool
        Whether they are enabled.
    error : int
        STATUS' error bits after the latest transfer.
    tiles : int
        Tiles received since the latest reset.
    cuts : collections.Counter
        What soft resets interrupted: a packet of "w", "a" or "m", an "offered" beat.
    transfers, lives, errors : int
        Since the start.
    seen : int
        Every error bit that STATUS had since the start.
    """

    def __init__(self, dut):
        self.dut, self.player = dut, Player(dut.u)
        self.u = self.player.dut
        self.shape = Shape(
            *(int(getattr(dut, name).value) for name in ("ROWS", "COLS", "DEPTH", "K_MAX")),
            formats=text(dut.FORMATS),
            post_lanes=int(dut.POST_LANES.value),
            pack_results=int(dut.PACK_RESULTS.value),
        )
        # cycles without a result beat while rows, of which a packed beat may need several, are requantised
        groups, pace = -(-self.shape.cols // self.shape.post_lanes), int(dut.POST_CYCLES.value)
        self._serial = (groups * (1 + self.shape.rows) + 9) * pace if pace > 1 else 0
        folder = cocotb.plusargs.get("dir", ".")
        self._files = {stream: open(os.path.join(folder, f"{stream}.bin"), "wb") for stream in "wa"}
        open(os.path.join(folder, "m.txt"), "w").close()
        self._text = open(os.path.join(folder, "m.txt"), "rb")
        self._sent = {"w": 0, "a": 0}
        self._life = {"w": [], "a": []}
        self._beats = Results(
            np.zeros((0, 4 * self.shape.cols), np.uint8),
            np.zeros(0, bool),
            np.zeros((0, 4 * self.shape.cols), bool),
        )
        self._out_base = 0  # result beats of earlier lives
        self._halted = None  # the outcome of a life that ended in an error
        self._knobs = {}
        self.watchdog, self.interrupts, self.tiles = registers.WATCHDOG_RESET, True, 0
        self.transfers = self.lives = self.errors = self.error = 0
        self.cuts, self.seen = Counter(), 0
        self._uncleared = ()  # errors that no reset has cleared

    async def start(self):
        """Wait until the core is out of reset."""
        await self.player.ready()

    async def write(self, address, value):
        """Write a register."""
        response = await self.player.write(address, value)
        assert response == 0, f"register 0x{address:02x}: response {response}"

    async def read(self, address):
        """Read a register."""
        try:
            value, response = await self.player.read(address)
        except (TimeoutError, ValueError) as error:
            raise AssertionError(f"register 0x{address:02x}: {error}") from None
        assert response == 0, f"register 0x{address:02x}: response {response}"
        return value

    async def set_watchdog(self, cycles):
        """Write WATCHDOG."""
        await self.write(registers.WATCHDOG, cycles)
        self.watchdog = cycles

    async def reset(self):
        """Assert rst, which resets everything, including registers."""
        await self.player.reset()
        self._cleared("hard reset")
        self.interrupts = True
        self._begin({"w": [], "a": []}, int(self.u.out_count.value))
        self.watchdog = registers.WATCHDOG_RESET
        await self.write(registers.CONTROL, registers.CONTROL_IRQ_ENABLE)

    @property
    def halted(self):
        """Whether the core has raised an error since its latest reset."""
        return self._halted is not None

    @property
    def waiting(self):
        """Whether beats wait at the core's inputs."""
        return self._sent != {"w": int(self.u.u_w.sent.value), "a": int(self.u.u_a.sent.value)}

    def _begin(self, life, out_base):
        self._life, self._out_base, self._halted = life, out_base, None
        self.lives += 1

    async def send(
        self, w=(), a=(), *, stalls=None, seed=1, quiet=64, patient=True, inject=None, at=0, times=1
    ):
        """Play packets, wait for the end, and compare everything with the model.

        Parameters
        ----------
        w, a : sequence of core_model.Packet
        stalls, seed
            As for `beats.stall_values`; no stall may last `quiet` cycles.
        quiet : int
            Idle cycles after which no further beat is expected, besides those of serial requantisers.
        patient : bool
            Wait that long even if every expected beat has arrived, to detect surplus beats.
        inject : {None, SOFT, HARD}
        at : int
            Cycles from the start of the transfer to the reset.
        times : int
            Number of consecutive soft resets; cycles of a hard one.

        Returns
        -------
        bool
            Whether the reset fell within the transfer.
        """
        shape, u = self.shape, self.u
        quiet += self._serial
        new = {"w": list(w), "a": list(a)}
        for stream, lanes in (("w", shape.cols), ("a", shape.rows)):
            if new[stream]:
                beats = beats_of(new[stream], lanes * shape.lane_bytes, stream == "w")
                self._files[stream].write(pack_beats(beats))
                self._files[stream].flush()
                self._sent[stream] += len(beats)
                self._life[stream] += new[stream]
        expected = self._halted or predict(shape, self._life["w"], self._life["a"], 0 < self.watchdog < quiet)
        target = 0xFFFFFFFF
        if not patient and not inject and list(expected.allowed) == [0]:
            target = self._out_base + self._count(expected.tiles)
        self._set(u, idle_limit=quiet, **stall_values(stalls, seed))
        self._set(
            self.dut,
            reset_kind=inject or 0,
            reset_at=at,
            reset_count=times,
            control=registers.CONTROL_SOFT_RESET | registers.CONTROL_IRQ_ENABLE,
        )
        try:
            state = await self.player.transfer(self._sent["w"], self._sent["a"], target)
            self._beats = _join(self._beats, parse_results(self._text.read(), shape.cols))
        except LinkError as error:
            raise AssertionError(str(error)) from None
        while self.dut.writing.value or u.rst.value:  # the reset may have been in the transfer's last cycle
            await FallingEdge(u.clk)
        await FallingEdge(u.clk)
        self.transfers += 1
        assert not state["unknown"], "a handshake signal of the core was unknown (x)"
        assert not state["rule_broken"], "m_axis dropped or changed a beat before it was accepted"

        injected = bool(self.dut.injected.value)
        if injected:
            within = bool(new["w"] or new["a"])
            self._cleared(
                "hard reset" if inject == HARD else "reset in a transfer" if within else "soft reset"
            )
            self._end_life(inject, expected)
            if inject == HARD:
                self.watchdog = registers.WATCHDOG_RESET
                await self.write(registers.CONTROL, registers.CONTROL_IRQ_ENABLE)
            expected = predict(shape, self._life["w"], self._life["a"], 0 < self.watchdog < quiet)
        await self._check(expected, state)
        if not self.error:
            kinds = [_kind(stalls, stream) for stream in "wam"]
            for number in bins.formats(new["w"]) if new["a"] and not injected else ():
                bins.count("stall", number, *kinds)
        return injected

    def _cleared(self, by):
        """Count the errors that a reset cleared."""
        for error in self._uncleared:
            bins.count("error", error, self.shape.formats, by)
        self._uncleared = ()

    async def soft_reset(self, times=1):
        """Soft resets while the streams are idle."""
        assert await self.send(inject=SOFT, quiet=24, times=times)

    def _set(self, top, **values):
        for name, value in values.items():
            if self._knobs.get(name) != value:
                self._knobs[name] = value
                getattr(top, name).value = value

    def _end_life(self, inject, expected):
        """Check that results up to a reset are a prefix of the expected ones; an open packet is closed."""
        dut, begin, cut = self.dut, self._out_base, {"m": False}
        if inject == HARD:
            self._compare(expected.tiles, begin, len(self._beats), "before the hard reset")
            self._begin({"w": [], "a": []}, len(self._beats))
            return
        end = int(dut.m_mark.value) + int(dut.offered_mark.value)
        self._compare(expected.tiles, begin, end, "before the soft reset")
        assert len(self._beats) >= end, "the beat offered when the soft reset came was never accepted"
        if end > begin and not self._beats.last[end - 1]:
            assert len(self._beats) > end, "the packet truncated by the soft reset was not closed"
            closing = int(self._beats.last[end]), np.flatnonzero(self._beats.keep[end]).tolist()
            assert closing == (1, []), (
                f"after a packet truncated by the soft reset: tlast, tkeep are {closing}"
            )
            end += 1
            self.cuts["m"] += 1
            cut["m"] = True
        self.interrupts = True
        self.cuts["offered"] += int(dut.offered_mark.value)
        numbers = bins.formats(self._life["w"])
        life = {}
        for stream, mark in (("w", dut.w_mark), ("a", dut.a_mark)):
            taken = int(mark.value) - self._base(stream)
            life[stream] = remaining(self._life[stream], taken)
            cut[stream] = sum(map(len, self._life[stream])) - sum(map(len, life[stream])) > taken
            self.cuts[stream] += cut[stream]
        for number in numbers:
            phase = (("between packets", "in a packet")[cut[stream]] for stream in "wam")
            bins.count("reset", number, *phase)
        self._begin(life, end)

    def _base(self, stream):
        """Number of the life's first beat."""
        return self._sent[stream] - sum(map(len, self._life[stream]))

    def _count(self, tiles):
        """Result beats of tiles."""
        return len(result_beats(self.shape, tiles)[2])

    def _compare(self, tiles, begin, end, when):
        """Check that result beats begin..end-1 are the first ones of these tiles."""
        data, keep, last = result_beats(self.shape, tiles)
        count = end - begin
        assert count <= len(data), f"{when}: {count} result beats, expected {len(data)} at most"
        for name, got, wanted in (
            ("tkeep", self._beats.keep, keep),
            ("tlast", self._beats.last, last),
            ("tdata", self._beats.data, data),
        ):
            bad = got[begin:end] != wanted[:count]
            if bad.any():
                beat = int(np.flatnonzero(bad.reshape(count, -1).any(axis=1))[0])
                tile = int(last[:beat].sum())
                raise AssertionError(
                    f"{when}: tile {tile}, beat {beat - self._count(tiles[:tile])}, mode "
                    f"{tiles[tile].mode}: {name} expected {_hex(wanted[beat])}, "
                    f"got {_hex(got[begin + beat])}"
                )

    async def _check(self, expected, state):
        """Check the state once everything is idle."""
        beats = len(self._beats) - self._out_base
        status = await self.read(registers.STATUS)
        error = status & 0x3F
        assert error in expected.allowed, (
            f"STATUS says {_names(error)}, expected {' or '.join(map(_names, expected.allowed))}"
        )
        assert bool(status & registers.STATUS_HALTED) == bool(error), f"STATUS reads 0x{status:x}"
        irq = int(self.u.irq.value)
        assert irq == bool(error and self.interrupts), f"irq is {irq}, STATUS reads 0x{status:x}"
        fewest, most = expected.allowed[error]
        ends = [self._count(expected.tiles[:count]) for count in range(most + 1)]
        assert ends[fewest] <= beats <= ends[most], (
            f"{beats} result beats, expected {fewest} to {most} tiles ({_names(error)})"
        )
        assert beats in ends, f"{beats} result beats are not complete tiles, which have {ends}"
        whole = ends.index(beats)
        self._compare(expected.tiles, self._out_base, len(self._beats), _names(error))
        if expected.open is not None:
            tile = "a" if expected.open else "no"
            assert bool(status & registers.STATUS_BUSY) == expected.open, (
                f"STATUS reads 0x{status:x}, but {tile} tile is open and all results have left"
            )
        taken = {
            stream: self._sent[stream] - state[left] - self._base(stream)
            for stream, left in (("w", "weights_left"), ("a", "activations_left"))
        }
        every = {stream: sum(map(len, packets)) for stream, packets in self._life.items()}
        wanted = every if error else {"w": expected.w_taken, "a": expected.a_taken}
        assert taken == wanted, f"beats accepted: {taken}, expected {wanted} of {every} ({_names(error)})"
        self.error, self.tiles = error, whole
        bins.tiles(self.shape, self._life["w"], self._life["a"], whole)
        if error:
            self._uncleared = [name for bit, name in enumerate(bins.ERRORS) if error >> bit & 1]
            self.seen |= error
            self.errors += self._halted is None
            self._halted = expected
            expected.allowed = {error: (whole,) * 2}
        tiles = await self.read(registers.TILES)
        assert tiles == whole, f"TILES reads {tiles}, {whole} tiles were received"
        if expected.busy is not None:
            busy = await self.read(registers.BUSY)
            assert busy == expected.busy, f"BUSY reads {busy}, expected {expected.busy} slices"


def _kind(stalls, stream):
    """The kind of a stream's stalls."""
    found = stalls.get(stream, "none") if isinstance(stalls, dict) else stalls or "none"
    return getattr(found, "kind", found)


def _names(error):
    return " and ".join(registers.error_names(error)) or "no error"


def _hex(value):
    """tdata, tkeep or tlast as Verilog would print it."""
    value = np.atleast_1d(value)
    if value.dtype == bool:
        value = np.packbits(value, bitorder="little")
    return value[::-1].tobytes().hex()


def _join(one, other):
    return Results(
        *(np.concatenate([getattr(one, name), getattr(other, name)]) for name in ("data", "last", "keep"))
    )


def random_stalls(rng):
    """Stalls for the three streams; none lasts 60 cycles, and those of s_axis_a stay below 40."""
    stalls = {}
    for stream in "wam":
        kind = rng.choice(["none", "none", "random", "bursts", "block"])
        if kind == "block" and stream == "a":
            kind = "bursts"
        stalls[stream] = Stall(
            kind,
            chance=float(rng.choice([0.1, 0.3, 0.5])),
            length=int(rng.integers(1, 40 if kind == "block" else 17)),
        )
    return stalls
