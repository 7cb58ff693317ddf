# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The behaviour of the core for any two sequences of packets: tiles, STATUS, waiting beats.

An untimed packet-level model for the core's benches. It decodes packets by the layout in docs/streams.md
(host/ encodes them, so one checks the other); its arithmetic is the golden model's.

Timing matters in one case only. A faulty weight packet is read ahead while earlier panels are in use, and the
core stops at once: the number of their tiles completed by then depends on the stalls. The model then returns
all possible outcomes, see `Outcome`. Every other sequence has exactly one.
"""

from dataclasses import dataclass, field

import numpy as np

from macrame.golden import gemm, gemm_bf16
from macrame.golden.arith.lfsr32 import Lfsr32
from macrame.golden.arith.requantize import RAW, requantize

K_MISMATCH, W_TOO_LONG, A_TOO_LONG, RECORD_SHORT, MODE_ILLEGAL, PANEL_STUCK = (1 << bit for bit in range(6))

RELEASE, KEEP = 1, 2
INT8_MODES = (0, 1, 2, 3)
BF16, RELU = 4, 8
BF16_MODES = tuple(BF16 + relu + out for relu in (0, RELU) for out in range(4))
STOCHASTIC = 3
PHASES = 4  # beats of a bfloat16 slice of activations
RECORD_BYTES = 12
HALVES = 2  # weight panels held
A_HELD = 2  # activation beats taken ahead of use


@dataclass(frozen=True)
class Shape:
    """Parameters of a core."""

    rows: int
    cols: int
    depth: int
    k_max: int
    formats: str = "INT8"
    post_lanes: int = 1
    pack_results: int = 0

    @property
    def modes(self):
        """Legal modes of a weight panel."""
        return INT8_MODES * (self.formats != "BF16") + BF16_MODES * (self.formats != "INT8")

    @property
    def lane_bytes(self):
        """Bytes of an operand lane."""
        return self.depth if self.formats == "INT8" else 2

    def height(self, mode):
        """Rows of a tile."""
        return self.rows * phases(mode)

    @property
    def slices_max(self):
        """Slices of the longest legal panel."""
        return -(-self.k_max // self.depth)

    @property
    def record_beats(self):
        """Beats of a weight panel's record."""
        return -(-RECORD_BYTES // self.lane_bytes)


def phases(mode):
    """Beats of a slice of activations."""
    return PHASES if mode & BF16 else 1


@dataclass(frozen=True)
class Packet:
    """A packet of ``s_axis_w`` or ``s_axis_a``.

    Attributes
    ----------
    data : ndarray of uint8, shape (beats, lanes * bytes of a lane)
        tlast is on the final beat.
    user : int
        The significant tuser: the mode, on a weight packet's first beat; the flags, on an activation packet's
        last.
    """

    data: np.ndarray
    user: int

    def __len__(self):
        return len(self.data)


@dataclass(frozen=True)
class Tile:
    """As many result beats: values of shape (ROWS, COLS), int32 in mode raw, else int8; in bfloat16 modes
    four times as many rows, uint32 or uint16, the bits."""

    mode: int
    values: np.ndarray


@dataclass
class Outcome:
    """What can be observed once everything is idle.

    Attributes
    ----------
    tiles : list of Tile
        Those that can be computed, in order.
    allowed : dict of int to (int, int)
        STATUS' error bits, each with the fewest and the most tiles that leave the core with it.
    w_taken, a_taken : int
        Beats taken of the two sequences if no error is raised (with one, all are).
    busy : int or None
        Slices issued; None if it depends on timing.
    open : bool or None
        Whether a tile is open; None if it depends on timing.
    """

    tiles: list = field(default_factory=list)
    allowed: dict = field(default_factory=dict)
    w_taken: int = 0
    a_taken: int = 0
    busy: int = None
    open: bool = None


def record_fields(shape, packet):
    """The fields of a weight packet's record, by name of the golden parameters, one value per column."""
    lanes = packet.data[: shape.record_beats].reshape(-1, shape.cols, shape.lane_bytes).transpose(1, 0, 2)
    raw = np.ascontiguousarray(lanes.reshape(shape.cols, -1)[:, :RECORD_BYTES])
    small = raw[:, 8:].view(np.int8)
    bias, multiplier = (raw[:, at : at + 4].copy().view("<i4")[:, 0] for at in (0, 4))
    return {
        "bias": bias,
        "multiplier": multiplier,
        "shift": small[:, 0],
        "zero_point": small[:, 1],
        "clamp_low": small[:, 2],
        "clamp_high": small[:, 3],
    }


def _slices(data, lanes, shape, mode):
    """Beats as (K, lanes): int8, or the bits of bfloat16."""
    if mode & BF16:
        return np.ascontiguousarray(data).view("<u2")
    body = data.reshape(-1, lanes, shape.lane_bytes)[..., : shape.depth]
    return np.ascontiguousarray(body.transpose(0, 2, 1)).view(np.int8).reshape(-1, lanes)


def weights(shape, packet):
    """The (K, COLS) matrix of a weight packet."""
    return _slices(packet.data[shape.record_beats :], shape.cols, shape, packet.user)


def activations(shape, packet, mode):
    """The (rows of a tile, K) matrix of an activation packet."""
    values = _slices(packet.data, shape.rows, shape, mode)
    return values.reshape(-1, phases(mode), shape.rows).transpose(2, 1, 0).reshape(shape.height(mode), -1)


def result(shape, panels, record, lfsr):
    """A tile from its panels.

    Parameters
    ----------
    shape : Shape
    panels : list of (activation packet, weight packet)
        Chained in K; the record and the mode of the last one apply.
    record : dict
        From `record_fields`.
    lfsr : macrame.golden.arith.lfsr32.Lfsr32

    Returns
    -------
    Tile
    """
    mode = panels[-1][1].user
    a = np.concatenate([activations(shape, packet, mode) for packet, _ in panels], axis=1)
    w = np.concatenate([weights(shape, packet) for _, packet in panels])
    bias = record.pop("bias")
    if mode & BF16:
        out = mode % 4
        random = lfsr.rows(len(a), shape.cols, shape.post_lanes) if out == STOCHASTIC else None
        return Tile(mode, gemm_bf16.gemm_bf16(a, w, bias.view(np.uint32), bool(mode & RELU), out, random))
    x = gemm.add_bias(gemm.gemm(a, w), bias)
    return Tile(mode, x if mode == RAW else requantize(x, mode=mode, **record))


def weight_error(shape, packet):
    """The error that a weight packet raises by itself, 0 if none."""
    error = MODE_ILLEGAL if packet.user not in shape.modes else 0
    # both at once if the first beat is the last one, otherwise the core stops at the mode
    if len(packet) <= shape.record_beats and (not error or len(packet) == 1):
        error |= RECORD_SHORT
    if not error and len(packet) - shape.record_beats > shape.slices_max:
        error = W_TOO_LONG
    return error


def predict(shape, w_packets, a_packets, watchdog):
    """Play two sequences of packets to the end.

    Parameters
    ----------
    shape : Shape
    w_packets, a_packets : sequence of Packet
        Everything sent since the latest reset.
    watchdog : bool
        Whether it is on, and no stall reaches its limit.

    Returns
    -------
    Outcome
    """
    out = Outcome()
    errors = [weight_error(shape, packet) for packet in w_packets]
    faulty = next((index for index, error in enumerate(errors) if error), None)
    usable = len(w_packets) if faulty is None else faulty

    # the activations: weight panel `panel` is in use
    panel, chain, a_error, done, issued = 0, [], 0, 0, 0
    lfsr = Lfsr32()  # a reset restarts it
    tiles_at_release, is_open = [], False
    for packet in a_packets:
        mode = w_packets[panel].user if panel < len(w_packets) else 0
        mismatch = bool(chain) and bool((chain[0][1].user ^ mode) & BF16)
        if panel == usable:
            if (
                faulty is not None and errors[faulty] == W_TOO_LONG
            ):  # seen before the panel is too long, or not
                if mismatch:
                    a_error = MODE_ILLEGAL
                elif len(packet) < shape.slices_max * phases(mode):
                    a_error = K_MISMATCH
            break
        if mismatch:
            a_error = MODE_ILLEGAL
            break
        slices = len(w_packets[panel]) - shape.record_beats
        held = slices * phases(mode)
        if len(packet) != held:
            a_error = A_TOO_LONG if len(packet) > held and slices == shape.slices_max else K_MISMATCH
            ahead = min(len(packet), held) - 1
            issued += ahead
            is_open = bool(chain) or ahead > 0
            break
        done += 1
        issued += held
        chain.append((packet, w_packets[panel]))
        if not packet.user & KEEP:
            out.tiles.append(result(shape, chain, record_fields(shape, w_packets[panel]), lfsr))
            chain = []
        if packet.user & RELEASE:
            panel += 1
            tiles_at_release.append(len(out.tiles))
    every = len(out.tiles)

    # the weights: a record is read after the previous panel, slices once the last panel but one is released
    if faulty is not None:
        releases = faulty - HALVES + (errors[faulty] == W_TOO_LONG)
        if panel >= releases:
            certain = tiles_at_release[releases - 1] if releases > 0 else 0
            out.allowed[errors[faulty]] = (certain, every)
            if a_error:
                out.allowed[a_error] = (every, every)
                out.allowed[a_error | errors[faulty]] = (every, every)
            return out
    out.busy, out.open = issued, bool(chain) or is_open
    if a_error:
        out.allowed[a_error] = (every, every)
        return out

    whole = min(panel + HALVES, len(w_packets))
    blocked = whole < len(w_packets)
    consumed = sum(map(len, a_packets[:done]))
    left = sum(map(len, a_packets[done:]))
    if blocked and not left and watchdog:
        out.allowed[PANEL_STUCK] = (every, every)
        return out
    out.allowed[0] = (every, every)
    out.w_taken = sum(map(len, w_packets[:whole])) + (shape.record_beats if blocked else 0)
    out.a_taken = consumed + min(A_HELD, left)
    return out


def remaining(packets, taken):
    """The packets that remain for the next life after a soft reset: those of which no beat was accepted."""
    start = 0
    for index, packet in enumerate(packets):
        if start >= taken:
            return list(packets[index:])
        start += len(packet)
    return []


def result_beats(shape, tiles):
    """Tiles in the format of the result stream.

    Returns
    -------
    data : ndarray of uint8, shape (beats, 4 * COLS)
        0 where `keep` is not set.
    keep : ndarray of bool, same shape
    last : ndarray of bool, shape (beats,)
    """
    data, keep, last = [], [], []
    for tile in tiles:
        rows = np.ascontiguousarray(tile.values).view(np.uint8).reshape(len(tile.values), -1)
        beats = [rows.tobytes()] if shape.pack_results else [row.tobytes() for row in rows]
        width = 4 * shape.cols
        beats = [beat[start : start + width] for beat in beats for start in range(0, len(beat), width)]
        data += [beat.ljust(width, b"\0") for beat in beats]
        keep += [[True] * len(beat) + [False] * (width - len(beat)) for beat in beats]
        last += [False] * (len(beats) - 1) + [True]
    shaped = (len(last), 4 * shape.cols)
    return (
        np.frombuffer(b"".join(data), np.uint8).reshape(shaped),
        np.array(keep, bool).reshape(shaped),
        np.array(last, bool),
    )
