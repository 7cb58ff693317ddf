# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""What the core does with two sequences of packets, whatever they hold: tiles, STATUS, beats left waiting.

A model at packet level, without time, against which the core's benches hold the RTL. It takes packets apart
by the layout of docs/streams.md (host/ puts them together: one checks the other); its arithmetic is golden's.

Time matters in one case only. A weight packet with an error in it is read ahead while earlier panels are in
use, and the core stops at once: how many of their tiles are done by then depends on the streams' pauses. The
model then gives all outcomes there are, see `Outcome`. Every other sequence has exactly one.
"""
from dataclasses import dataclass, field

import numpy as np

from golden import gemm
from golden.arith.requantize import RAW, requantize

K_MISMATCH, W_TOO_LONG, A_TOO_LONG, RECORD_SHORT, MODE_ILLEGAL, PANEL_STUCK = (1 << bit for bit in range(6))

RELEASE, KEEP = 1, 2
LAST_MODE = 3
RECORD_BYTES = 12
HALVES = 2      # weight panels held
A_HELD = 2      # activation beats taken ahead of use


@dataclass(frozen=True)
class Shape:
    """Parameters of a core."""

    rows: int
    cols: int
    depth: int
    k_max: int

    @property
    def slices_max(self):
        """Slices of the longest legal panel."""
        return -(-self.k_max // self.depth)

    @property
    def record_beats(self):
        """Beats of a weight panel's record."""
        return -(-RECORD_BYTES // self.depth)


@dataclass(frozen=True)
class Packet:
    """A packet of ``s_axis_w`` or ``s_axis_a``.

    Attributes
    ----------
    data : ndarray of uint8, shape (beats, lanes * DEPTH)
        tlast is on the final beat.
    user : int
        tuser where it counts: the mode, on a weight packet's first beat; the flags, on an activation packet's
        last.
    """

    data: np.ndarray
    user: int

    def __len__(self):
        return len(self.data)


@dataclass(frozen=True)
class Tile:
    """ROWS result beats: values of shape (ROWS, COLS), int32 in mode raw, else int8."""

    mode: int
    values: np.ndarray


@dataclass
class Outcome:
    """What may be seen once nothing moves any more.

    Attributes
    ----------
    tiles : list of Tile
        Those that could be made, in order.
    allowed : dict of int to (int, int)
        STATUS' error bits, each with the fewest and the most tiles that leave the core with it.
    w_taken, a_taken : int
        Beats taken of the two sequences if no error is raised (with one, all are).
    busy : int or None
        Slices issued; None where time decides.
    open : bool or None
        Whether a tile has begun and not ended; None where time decides.
    """

    tiles: list = field(default_factory=list)
    allowed: dict = field(default_factory=dict)
    w_taken: int = 0
    a_taken: int = 0
    busy: int = None
    open: bool = None


def record_fields(shape, packet):
    """The fields of a weight packet's record, by name of golden's parameters, a value a column."""
    lanes = packet.data[:shape.record_beats].reshape(-1, shape.cols, shape.depth).transpose(1, 0, 2)
    raw = np.ascontiguousarray(lanes.reshape(shape.cols, -1)[:, :RECORD_BYTES])
    small = raw[:, 8:].view(np.int8)
    bias, multiplier = (raw[:, at:at + 4].copy().view("<i4")[:, 0] for at in (0, 4))
    return {"bias": bias, "multiplier": multiplier, "shift": small[:, 0], "zero_point": small[:, 1],
            "clamp_low": small[:, 2], "clamp_high": small[:, 3]}


def weights(shape, packet):
    """The (K, COLS) int8 matrix of a weight packet."""
    body = packet.data[shape.record_beats:].reshape(-1, shape.cols, shape.depth)
    return np.ascontiguousarray(body.transpose(0, 2, 1)).view(np.int8).reshape(-1, shape.cols)


def activations(shape, packet):
    """The (ROWS, K) int8 matrix of an activation packet."""
    body = packet.data.reshape(-1, shape.rows, shape.depth)
    return np.ascontiguousarray(body.transpose(1, 0, 2)).view(np.int8).reshape(shape.rows, -1)


def weight_error(shape, packet):
    """The error that a weight packet raises by itself, 0 if none."""
    error = MODE_ILLEGAL if packet.user > LAST_MODE else 0
    # both at once if the first beat is the last one, else the core stops at the mode
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
        Whether it is on, and the streams pause less than its limit.

    Returns
    -------
    Outcome
    """
    out = Outcome()
    errors = [weight_error(shape, packet) for packet in w_packets]
    faulty = next((index for index, error in enumerate(errors) if error), None)
    usable = len(w_packets) if faulty is None else faulty

    # the activations' way: weight panel `panel` is in use
    panel, total, a_error, done, issued = 0, None, 0, 0, 0
    tiles_at_release = []
    for packet in a_packets:
        if panel == usable:
            if faulty is not None and errors[faulty] == W_TOO_LONG and len(packet) < shape.slices_max:
                a_error = K_MISMATCH   # seen before the panel is too long, or not
            break
        held = len(w_packets[panel]) - shape.record_beats
        if len(packet) != held:
            a_error = A_TOO_LONG if len(packet) > held == shape.slices_max else K_MISMATCH
            ahead = min(len(packet), held) - 1
            issued += ahead
            total = total if ahead == 0 else 0
            break
        done += 1
        issued += held
        product = gemm.gemm(activations(shape, packet), weights(shape, w_packets[panel]))
        total = product if total is None else total + product
        if not packet.user & KEEP:
            fields = record_fields(shape, w_packets[panel])
            x = gemm.add_bias(total, fields.pop("bias"))
            mode = w_packets[panel].user
            out.tiles.append(Tile(mode, x if mode == RAW else requantize(x, mode=mode, **fields)))
            total = None
        if packet.user & RELEASE:
            panel += 1
            tiles_at_release.append(len(out.tiles))
    every = len(out.tiles)

    # the weights' way: a record is taken behind the panel before it, slices once the last but one is free
    if faulty is not None:
        releases = faulty - HALVES + (errors[faulty] == W_TOO_LONG)
        if panel >= releases:
            certain = tiles_at_release[releases - 1] if releases > 0 else 0
            out.allowed[errors[faulty]] = (certain, every)
            if a_error:
                out.allowed[a_error] = (every, every)
                out.allowed[a_error | errors[faulty]] = (every, every)
            return out
    out.busy, out.open = issued, total is not None
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
    """The packets that a soft reset leaves to the next life: those of which no beat was taken."""
    start = 0
    for index, packet in enumerate(packets):
        if start >= taken:
            return list(packets[index:])
        start += len(packet)
    return []


def result_beats(shape, tiles):
    """Tiles as the result stream carries them.

    Returns
    -------
    data : ndarray of uint8, shape (beats, 4 * COLS)
        0 where `keep` is not set.
    keep : ndarray of bool, same shape
    last : ndarray of bool, shape (beats,)
    """
    width = 4 * shape.cols
    data = np.zeros((len(tiles), shape.rows, width), np.uint8)
    keep = np.zeros(data.shape, bool)
    for index, tile in enumerate(tiles):
        used = np.ascontiguousarray(tile.values).view(np.uint8).reshape(shape.rows, -1)
        data[index, :, :used.shape[1]] = used
        keep[index, :, :used.shape[1]] = True
    last = np.tile(np.arange(shape.rows) == shape.rows - 1, len(tiles))
    return data.reshape(-1, width), keep.reshape(-1, width), last
