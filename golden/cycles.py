# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
r"""Exact cycle counts of the core, for any sequence of panels without stalls.

Both operand streams offer their first beat in the same cycle, then a beat in every cycle in which the core
accepts one, and results are always accepted. The core is idle before, and its latest result was accepted 2
POST_CYCLES ago. Cycles are numbered from 1, the cycle of the first beat, as in the counters. PACK_RESULTS
changes the number of result beats and no cycle.

The model is a few recurrences over panels, not a cycle-by-cycle simulation. With

    T(n)    cycle in which the first slice of weight panel n is written
    I0, I1  cycles in which the first and the last slice of an activation panel are issued
    S       its slices

the recurrences are

    T(n)  = max(record's last beat + 1, release(n - 2) + 1)   two halves
    I0    = max(previous I1 + 1, T(n) + 1, room)              one slice per cycle, written before it is read
    I1    = max(I0 + S - 1, chain)                            the other slices of a panel never wait:
                                                              weights arrive as fast as they are used

where `room` is two cycles after enough result rows have left for the tile's credits, and `chain` the distance
that the result chain requires between the ends of two tiles.

A bfloat16 slice has four beats, each a multiple of four cycles after those of the same sum: I0 and I1 move to
the next cycle of their phase, counted from the tile's first beat. An int8 tile after a bfloat16 one waits
until the last sums have left the cells' adders, 4 cycles after their last beat.

With POST_CYCLES above 1 the requantisers advance only at a tick, whose phase depends only on the reset:

    reset   ‾‾\____________________________________________________
    tick    ________________/‾\____________/‾\____________/‾\______   the last of each POST_CYCLES cycles
    beats   ____________________/1  2  3 ...                           since_reset cycles after the reset

So a row's latency in the output stage depends on its arrival, and the cycles of the same panels depend on the
distance from the reset. Given that distance, every counter is exact.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RECORD_BYTES = 12
RAW = 0
BF16 = 4  # in the mode of a weight panel
PHASES = 4  # interleaved sums in a bfloat16 cell: beats per slice, rows per cell

#: Cycles by which a raw row's latency in the output stage is shorter than a requantised one's, without
#: groups.
REQUANTIZE_LATENCY = 11
#: The same in ticks, where POST_CYCLES is above 1.
SLOW_LATENCY = 8


@dataclass(frozen=True)
class Geometry:
    """The parameters of a core that determine its timing.

    Attributes
    ----------
    rows, cols, depth : int
        ROWS, COLS and DEPTH.
    post_lanes : int
        POST_LANES.
    fifo_depth : int, optional
        FIFO_DEPTH, rows the result FIFO has credits for; by default the core's own default.
    formats : {"INT8", "BF16", "DUAL"}
        FORMATS.
    post_cycles : int
        POST_CYCLES.
    """

    rows: int
    cols: int
    depth: int
    post_lanes: int
    fifo_depth: int = 0
    formats: str = "INT8"
    post_cycles: int = 1

    def __post_init__(self) -> None:
        if not self.fifo_depth:
            tallest = self.height(self.formats != "INT8")
            object.__setattr__(self, "fifo_depth", 1 << (3 * tallest + 32 - 1).bit_length())

    def height(self, bf16: bool) -> int:
        """Rows of a tile."""
        return self.rows * (PHASES if bf16 else 1)

    @property
    def groups(self) -> int:
        """Results of a row per requantiser."""
        return -(-self.cols // self.post_lanes)

    @property
    def pace(self) -> int:
        """Cycles a requantised row takes in the output stage."""
        return self.groups * self.post_cycles

    @property
    def overtake(self) -> int:
        """Distance in cycles of a raw tile from a requantised one before it."""
        return REQUANTIZE_LATENCY if self.post_cycles == 1 else (SLOW_LATENCY + 1) * self.post_cycles

    def stored(self, row_0: int, row: int, raw: bool, since_reset: int) -> int:
        """Cycle in which a row leaves the output stage, if the tile's first row arrives in cycle `row_0`."""
        if raw:
            return row_0 + row + 1
        comes = row_0 + row * self.pace
        if self.post_cycles == 1:
            return comes + self.groups + REQUANTIZE_LATENCY
        # a tick is in each cycle c with since_reset + c a multiple of post_cycles; the first one that counts
        # is after the row's own cycle, and takes its first group
        first = comes + self.post_cycles - (since_reset + comes) % self.post_cycles
        return first + (self.groups - 1 + SLOW_LATENCY) * self.post_cycles

    @property
    def record_beats(self) -> int:
        """Beats of a weight panel's record."""
        return -(-RECORD_BYTES // (self.depth if self.formats == "INT8" else 2))

    def sum_latency(self, bf16: bool) -> int:
        """Cycles from a cell's operands to the last sum of the tile."""
        if bf16:
            return 7
        return 2 + max(1, (self.depth - 1).bit_length()) if self.formats == "INT8" else 4

    @property
    def settle(self) -> int:
        """Cycles after a release in which no new record may begin."""
        return self.sum_latency(self.formats != "INT8") + 3

    def distance(self, before: "WeightPanel", after: "WeightPanel") -> int:
        """Minimum cycles from the end of one tile to the end of the next; both `WeightPanel`."""
        rows = self.height(before.bf16) * (1 if before.raw else self.pace)
        if (
            before.bf16 and after.bf16
        ):  # the first of four sums must not come before the last row has been read
            return rows + (4 - self.groups if self.groups in (2, 3) else 0)
        if before.bf16:
            rows += 3  # its sums come 3 cycles later than those of int8
        return rows + (self.overtake if after.raw and not before.raw else 0)


@dataclass(frozen=True)
class WeightPanel:
    """A packet of ``s_axis_w``: its slices, whether its rows leave as raw int32, whether it is bfloat16."""

    slices: int
    raw: bool = True
    bf16: bool = False


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


def panels(
    w_last: Sequence[bool] | NDArray[np.bool_],
    w_user: Sequence[int] | NDArray[np.integer],
    a_last: Sequence[bool] | NDArray[np.bool_],
    a_user: Sequence[int] | NDArray[np.integer],
    lane_bytes: int,
) -> tuple[list[WeightPanel], list[ActivationPanel]]:
    """Panels of two beat sequences.

    Parameters
    ----------
    w_last, a_last : sequence of bool
        tlast of each beat.
    w_user, a_user : sequence of int
        tuser of each beat.
    lane_bytes : int
        Bytes of an operand lane: DEPTH, or 2 where the core has bfloat16.

    Returns
    -------
    list of WeightPanel, list of ActivationPanel
    """
    record = -(-RECORD_BYTES // lane_bytes)
    weights, first = [], 0
    for end in (i for i, last in enumerate(w_last) if last):
        mode = int(w_user[first])
        weights.append(WeightPanel(end + 1 - first - record, mode == RAW, bool(mode & BF16)))
        first = end + 1
    activations = [
        ActivationPanel(bool(int(a_user[end]) & 1), bool(int(a_user[end]) & 2))
        for end, last in enumerate(a_last)
        if last
    ]
    return weights, activations


def predict(
    geometry: Geometry,
    weights: Sequence[WeightPanel],
    activations: Sequence[ActivationPanel],
    since_reset: int = 0,
) -> Counters:
    """Counters after a run without stalls.

    Parameters
    ----------
    geometry : Geometry
    weights : sequence of WeightPanel
        In the order sent.
    activations : sequence of ActivationPanel
        In the order sent. Each has as many slices as its weight panel.
    since_reset : int
        Cycles between the end of the latest reset, of the whole core or a soft one, and the first beat. It
        matters only with POST_CYCLES above 1.

    Returns
    -------
    Counters

    Raises
    ------
    ValueError
        A panel is never released, or activations are left without weights: the core would wait
        indefinitely. A tile stays open from one format to the other: the core would stop.
    """
    g = geometry
    if sum(panel.release for panel in activations) != len(weights) or not activations[-1].release:
        releases = sum(panel.release for panel in activations)
        raise ValueError(
            f"{releases} activation panels release {len(weights)} weight panels, expected one "
            f"release per panel and the last at the end"
        )

    written = 0  # cycle of the latest beat on s_axis_w
    released: list[int] = []  # cycle of each weight panel's release
    settled = 0  # of these, counted from the first, no longer affect a record
    issued = 1  # cycle before the first activation beat can be issued: it is accepted in cycle 1
    row_left: list[int] = []  # cycle in which each result row left the FIFO
    tile_ends = None  # (cycle, weight panel) of the latest tile's last slice
    is_open, origin, started = False, 0, 0  # `started`: rows of all tiles begun
    adders_free = 0  # cycle from which int8 may begin
    cycles = busy = tiles = stall_w = stall_out = pad = 0
    panel = iter(activations)

    for n, weight in enumerate(weights):
        beat = written + 1
        while settled < len(released) and released[settled] + g.settle < beat:
            settled += 1  # and for every later beat
        for release in released[settled:]:
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
            rows, turns = g.height(weight.bf16), PHASES if weight.bf16 else 1
            if not is_open:
                started += rows
                owed = started - g.fifo_depth  # rows that must have left by now
                if owed > 0:
                    room = max(both, row_left[owed - 1] + 2)
                stall_out += room - both
                origin, tall = room, weight.bf16
            elif tall != weight.bf16:
                raise ValueError(f"weight panel {n}: a tile of the other format is open")
            is_open = activation.keep

            begin = room + -(room - origin) % turns
            if not weight.bf16:
                begin = max(begin, adders_free)
            issued = begin + weight.slices * turns - 1
            busy += weight.slices * turns
            if not activation.keep and tile_ends is not None:
                end, before = tile_ends
                late = max(0, end + g.distance(before, weight) - issued)
                issued += late + -late % turns
            pad += begin - room + issued - (begin + weight.slices * turns - 1)
            if weight.bf16:
                adders_free = issued + 4
            if activation.keep:
                continue
            tile_ends = issued, weight
            tiles += 1

            row_0 = issued + 3 + g.sum_latency(weight.bf16)  # operand registers, adders, result register
            for row in range(rows):
                row_left.append(g.stored(row_0, row, weight.raw, since_reset) + 2)
            cycles = row_left[-1] + 1
        released.append(issued)

    return Counters(cycles, busy, tiles, 0, stall_w, stall_out, pad)
