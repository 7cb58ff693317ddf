# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""How many cycles the core takes: exact, for any sequence of panels whose streams never stall.

Both operand streams offer their first beat in the same cycle, then a beat in every cycle the core will take
one, and the result stream is always taken. Cycles are numbered from 1, the cycle of the first beat, as the
counters do.

The model is a handful of recurrences over panels, not a simulation cycle by cycle. With

    T(n)    cycle in which the first slice of weight panel n is written
    I0, I1  cycles in which the first and the last slice of an activation panel are issued
    S       its slices

it says

    T(n)  = max(record's last beat + 1, release(n - 2) + 1)   two halves
    I0    = max(previous I1 + 1, T(n) + 1, room)              one slice a cycle, written before it is read
    I1    = max(I0 + S - 1, chain)                            a panel's other slices are never waited for:
                                                              weights arrive at the rate they are used

where `room` is the cycle after enough result rows have left for the tile's credits, and `chain` the distance
that the result chain wants between the ends of two tiles.
"""
from dataclasses import dataclass

RECORD_BYTES = 12
RAW = 0

#: Cycles by which a raw row's way through the output stage is shorter than a requantised one's, groups aside.
REQUANTIZE_LATENCY = 11


@dataclass(frozen=True)
class Geometry:
    """What of a core's shape its timing depends on.

    Attributes
    ----------
    rows, cols, depth : int
        ROWS, COLS and DEPTH.
    post_lanes : int
        POST_LANES.
    fifo_depth : int, optional
        FIFO_DEPTH, rows the result FIFO has credits for; by default the core's own default.
    """

    rows: int
    cols: int
    depth: int
    post_lanes: int
    fifo_depth: int = 0

    def __post_init__(self):
        if not self.fifo_depth:
            object.__setattr__(self, "fifo_depth", 1 << (3 * self.rows + 32 - 1).bit_length())

    @property
    def groups(self):
        """Cycles a requantised row takes in the output stage."""
        return -(-self.cols // self.post_lanes)

    @property
    def record_beats(self):
        """Beats of a weight panel's record."""
        return -(-RECORD_BYTES // self.depth)

    @property
    def sum_latency(self):
        """Cycles from a cell's operands to the output of its adder tree."""
        return 2 + max(1, (self.depth - 1).bit_length())

    @property
    def settle(self):
        """Cycles after a release in which no new record may begin."""
        return self.sum_latency + 3


@dataclass(frozen=True)
class WeightPanel:
    """A packet of ``s_axis_w``: its slices, and whether its rows leave as raw int32."""

    slices: int
    raw: bool = True


@dataclass(frozen=True)
class ActivationPanel:
    """A packet of ``s_axis_a``: whether it releases the weight panel, and whether it keeps the tile open."""

    release: bool = False
    keep: bool = False


@dataclass(frozen=True)
class Counters:
    """The core's counters after the last result beat, named as its registers; all but ``tiles`` in cycles."""

    cycles: int
    busy: int
    tiles: int
    stall_a: int
    stall_w: int
    stall_out: int
    pad: int


def panels(w_last, w_user, a_last, a_user, depth):
    """Panels of two beat sequences.

    Parameters
    ----------
    w_last, a_last : sequence of bool
        tlast of each beat.
    w_user, a_user : sequence of int
        tuser of each beat.
    depth : int
        DEPTH of the core.

    Returns
    -------
    list of WeightPanel, list of ActivationPanel
    """
    record = -(-RECORD_BYTES // depth)
    weights, first = [], 0
    for end in (i for i, last in enumerate(w_last) if last):
        weights.append(WeightPanel(end + 1 - first - record, int(w_user[first]) == RAW))
        first = end + 1
    activations = [ActivationPanel(bool(int(a_user[end]) & 1), bool(int(a_user[end]) & 2))
                   for end, last in enumerate(a_last) if last]
    return weights, activations


def predict(geometry, weights, activations):
    """Counters after a run without stalls.

    Parameters
    ----------
    geometry : Geometry
    weights : sequence of WeightPanel
        In the order sent.
    activations : sequence of ActivationPanel
        In the order sent. Each has as many slices as the weight panel it meets.

    Returns
    -------
    Counters

    Raises
    ------
    ValueError
        A panel is never released, or activations are left without weights: the core would wait for ever.
    """
    g = geometry
    if sum(panel.release for panel in activations) != len(weights) or not activations[-1].release:
        releases = sum(panel.release for panel in activations)
        raise ValueError(f"{releases} activation panels release {len(weights)} weight panels, expected one "
                         f"release a panel and the last at the end")

    written = 0        # cycle of the latest beat on s_axis_w
    released = []      # cycle of each weight panel's release
    issued = 1         # cycle before the first activation beat can be issued: it is accepted in cycle 1
    row_left = []      # cycle in which each result row left the FIFO
    tile_ends = None   # (cycle, raw) of the latest tile's last slice
    is_open = False
    cycles = busy = tiles = stall_w = stall_out = pad = 0
    panel = iter(activations)

    for n, weight in enumerate(weights):
        beat = written + 1
        for release in released:
            if release < beat <= release + g.settle:
                beat = release + g.settle + 1
        record_end = beat + g.record_beats - 1
        first_slice = max(record_end + 1, released[n - 2] + 1 if n >= 2 else 0)
        written = first_slice + weight.slices - 1

        done = False
        while not done:
            activation = next(panel)
            done = activation.release
            head = issued + 1
            both = max(head, first_slice + 1)
            stall_w += both - head

            room = both
            if not is_open:
                owed = (tiles + 1) * g.rows - g.fifo_depth   # rows that must have left by now
                if owed > 0:
                    room = max(both, row_left[owed - 1] + 1)
                stall_out += room - both
            is_open = activation.keep

            unhindered = issued = room + weight.slices - 1
            busy += weight.slices
            if activation.keep:
                continue
            if tile_ends is not None:
                end, was_raw = tile_ends
                distance = g.rows * (1 if was_raw else g.groups)
                if weight.raw and not was_raw:
                    distance += REQUANTIZE_LATENCY
                issued = max(unhindered, end + distance)
            pad += issued - unhindered
            tile_ends = issued, weight.raw
            tiles += 1

            row_0 = issued + 3 + g.sum_latency   # operand registers, adder tree, result register
            for row in range(g.rows):
                stored = row_0 + (row + 1 if weight.raw else (row + 1) * g.groups + REQUANTIZE_LATENCY)
                row_left.append(stored + 2)
            cycles = row_left[-1] + 1
        released.append(issued)

    return Counters(cycles, busy, tiles, 0, stall_w, stall_out, pad)
