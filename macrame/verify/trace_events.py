# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The events of a trace: which beat, tile and row each cycle of the status words belongs to.

The words only mark that something happened. What it belongs to follows from the order: operands, products and
sums of the beats, and rows of the tiles, come in the order in which the beats were issued; a reset discards
those that are still on their way. So the cycles between two resets are a session, within which the n-th
product belongs to the n-th beat.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from macrame.contract import BF16, PHASES, CoreConfig

ISSUE = 1  # in the field `CAUSE`

#: Fields of the status word: lowest bit and width. macrame/sim/hdl/trace.v defines them.
FIELDS = {
    "w": (0, 2),
    "a": (2, 2),
    "m": (4, 2),
    "w_last": (6, 1),
    "a_last": (7, 1),
    "m_last": (8, 1),
    "cause": (9, 3),
    "mode": (12, 4),
    "slice_end": (16, 1),
    "tile_end": (17, 1),
    "release": (18, 1),
    "panel_end": (19, 1),
    "operands": (20, 1),
    "products": (21, 1),
    "sums": (22, 1),
    "load": (23, 1),
    "row": (24, 1),
    "group": (25, 1),
    "group_left": (26, 1),
    "tile_open": (27, 1),
    "rows_due": (28, 1),
    "halted": (29, 1),
    "reset": (30, 1),
    "record": (31, 1),
}

#: A beat issued to the array.
BEAT = np.dtype(
    [
        ("cycle", "i8"),  # of its issue
        ("tile", "i4"),
        ("slice", "i4"),  # within the tile
        ("phase", "i1"),  # bfloat16: 0 to 3, of rows phase, 4 + phase, ..; else 0
        ("mode", "i1"),
        ("panel", "i4"),  # weight panel
        ("panel_slice", "i4"),  # slice within it
        ("operand_cycle", "i8"),  # its operands are in the array's registers; -1: a reset came first
        ("product_cycle", "i8"),  # its products are in the cells' registers, or -1
        ("sum_cycle", "i8"),  # the sums with them are, or -1
    ]
)
#: A tile.
TILE = np.dtype(
    [
        ("first", "i8"),  # cycle of the first beat's issue
        ("last", "i8"),  # of the last one's
        ("beats", "i4"),
        ("slices", "i4"),
        ("mode", "i1"),  # of the last beat's panel, which decides
        ("complete", "?"),  # its last beat was issued
        ("panel", "i4"),  # weight panel of the last slice
        ("load", "i8"),  # cycle before all sums are in the result registers, or -1
        ("row_first", "i8"),  # first row leaves the array, or -1
        ("row_last", "i8"),  # last row does, or -1
        ("sent", "i8"),  # last result beat accepted, or -1
    ]
)
#: A row that left the array.
ROW = np.dtype([("cycle", "i8"), ("tile", "i4"), ("row", "i4"), ("left", "i8")])


def field(words: NDArray[np.uint32], name: str) -> NDArray[np.uint32]:
    """A field of status words, see `FIELDS`."""
    low, width = FIELDS[name]
    return words >> np.uint32(low) & np.uint32((1 << width) - 1)


class Runs:
    """The status words of a trace.

    Parameters
    ----------
    runs : ndarray of uint32, shape (n, 2)
        Words, and the cycles each of them lasted.

    Attributes
    ----------
    words : ndarray of uint32, shape (n,)
    starts, lengths : ndarray of int64, shape (n,)
        First cycle and number of cycles.
    cycles : int
        In all.
    """

    def __init__(self, runs: NDArray[np.uint32]) -> None:
        self.words = np.ascontiguousarray(runs[:, 0])
        self.lengths = runs[:, 1].astype(np.int64)
        ends = np.cumsum(self.lengths)
        self.starts = ends - self.lengths
        self.cycles = int(ends[-1]) if len(ends) else 0
        resets = field(self.words, "reset") == 1
        self._session = np.cumsum(resets & np.r_[True, ~resets[:-1]])

    def where(self, mask: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Cycles of the runs that a mask selects, and the run of each cycle."""
        chosen = np.flatnonzero(mask)
        lengths = self.lengths[chosen]
        offsets = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        run = np.repeat(chosen, lengths)
        return self.starts[run] + offsets, run

    def events(self, name: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Cycles in which a one-bit field is set, and the session of each."""
        cycles, run = self.where(field(self.words, name) == 1)
        return cycles, self.session(run)

    def session(self, run: NDArray[np.int64]) -> NDArray[np.int64]:
        """Session of each of some runs."""
        return self._session[run]

    def run_of(self, cycle: int) -> int:
        """The run that a cycle belongs to."""
        return int(np.searchsorted(self.starts, cycle, "right")) - 1


def paired(sessions: NDArray[np.int64], causes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Which cause each event belongs to, if both come in the same order within a session.

    Parameters
    ----------
    sessions, causes : ndarray of int, ascending
        Session of each event, and of each cause.

    Returns
    -------
    ndarray of int
        For each event the index of its cause; -1 if the session has fewer causes.
    """
    rank = np.arange(len(sessions)) - np.searchsorted(sessions, sessions)
    first = np.searchsorted(causes, sessions)
    found = first + rank
    return np.where(found < np.searchsorted(causes, sessions, "right"), found, -1)


@dataclass(frozen=True)
class Events:
    """What happened, in the order of its cause.

    Attributes
    ----------
    beats : ndarray of `BEAT`
        Beats issued.
    tiles : ndarray of `TILE`
    rows : ndarray of `ROW`
        Rows that left the array; `left` is the cycle in which the last group of columns left the output
        stage's pipeline, -1 for a raw row.
    groups : ndarray of int64, shape (m, 2)
        Groups of columns that left that pipeline: index into `rows`, group.
    issue_sessions, tile_sessions : ndarray of int64
        Resets before each beat and tile.
    """

    beats: NDArray[np.void]
    tiles: NDArray[np.void]
    rows: NDArray[np.void]
    groups: NDArray[np.int64]
    issue_sessions: NDArray[np.int64]
    tile_sessions: NDArray[np.int64]


def events(runs: Runs, config: CoreConfig) -> Events:
    """The events of a trace.

    Parameters
    ----------
    runs : Runs
    config : macrame.contract.CoreConfig

    Returns
    -------
    Events
    """
    beats, sessions = _beats(runs)
    tiles, tile_sessions = _tiles(runs, beats, sessions)
    rows, row_sessions = _rows(runs, config, tiles, tile_sessions)
    groups = _groups(runs, config, tiles, rows, row_sessions)
    return Events(beats, tiles, rows, groups, sessions, tile_sessions)


def _count_since(marks: NDArray[np.bool_], restarts: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Marks before each element since the latest restart, which is before its element."""
    before: NDArray[np.int64] = np.cumsum(marks) - marks
    start = np.maximum.accumulate(np.where(restarts, np.arange(len(marks)), 0))
    return before - before[start] if len(marks) else before


def _beats(runs: Runs) -> tuple[NDArray[np.void], NDArray[np.int64]]:
    cycles, run = runs.where(field(runs.words, "cause") == ISSUE)
    words, sessions = runs.words[run], runs.session(run)
    beats = np.zeros(len(cycles), BEAT)
    if not len(cycles):
        return beats, sessions

    def bit(name: str) -> NDArray[np.bool_]:
        return field(words, name) == 1

    last = np.r_[sessions[1:] != sessions[:-1], True]  # of the session
    slice_end, tile_end = bit("slice_end"), bit("tile_end") | last
    begins = np.r_[True, tile_end[:-1]]
    slice_begins = np.r_[True, slice_end[:-1] | tile_end[:-1]]
    released = bit("panel_end") & bit("release") | last
    beats["cycle"] = cycles
    beats["tile"] = np.cumsum(begins) - 1
    beats["slice"] = _count_since(slice_end, begins)
    beats["phase"] = _count_since(np.ones(len(cycles), bool), slice_begins)
    beats["mode"] = field(words, "mode")
    beats["panel"] = np.cumsum(released) - released
    beats["panel_slice"] = _count_since(slice_end, np.r_[True, bit("panel_end")[:-1] | last[:-1]])
    for name, kind in (("operand_cycle", "operands"), ("product_cycle", "products"), ("sum_cycle", "sums")):
        cycles, where = runs.events(kind)
        beat = paired(where, sessions)
        beats[name] = -1
        beats[name][beat[beat >= 0]] = cycles[beat >= 0]
    return beats, sessions


def _tiles(
    runs: Runs, beats: NDArray[np.void], sessions: NDArray[np.int64]
) -> tuple[NDArray[np.void], NDArray[np.int64]]:
    if not len(beats):
        return np.zeros(0, TILE), np.zeros(0, np.int64)
    firsts = np.flatnonzero(np.r_[True, beats["tile"][1:] != beats["tile"][:-1]])
    tiles = np.zeros(len(firsts), TILE)
    lasts = np.r_[firsts[1:], len(beats)] - 1
    tiles["first"], tiles["last"] = beats["cycle"][firsts], beats["cycle"][lasts]
    tiles["beats"] = lasts - firsts + 1
    tiles["slices"] = beats["slice"][lasts] + 1
    tiles["mode"], tiles["panel"] = beats["mode"][lasts], beats["panel"][lasts]
    tiles["complete"] = _flags(runs, tiles["last"], "tile_end")
    for name in ("load", "row_first", "row_last", "sent"):
        tiles[name] = -1
    complete = np.flatnonzero(tiles["complete"])
    of_complete = sessions[lasts][complete]
    for name, event in (("load", "load"), ("sent", "m_last")):
        cycles, where = runs.events(event)
        tile = paired(where, of_complete)
        tiles[name][complete[tile[tile >= 0]]] = cycles[tile >= 0]
    return tiles, sessions[lasts]


def _flags(runs: Runs, cycles: NDArray[np.int64], name: str) -> NDArray[np.bool_]:
    run = np.searchsorted(runs.starts, cycles, "right") - 1
    return field(runs.words[run], name) == 1


def _rows(
    runs: Runs, config: CoreConfig, tiles: NDArray[np.void], sessions: NDArray[np.int64]
) -> tuple[NDArray[np.void], NDArray[np.int64]]:
    complete = np.flatnonzero(tiles["complete"])
    heights = np.where(tiles["mode"][complete] & BF16, PHASES * config.rows, config.rows)
    of = np.repeat(complete, heights)
    number = np.arange(len(of)) - np.repeat(np.cumsum(heights) - heights, heights)
    cycles, where = runs.events("row")
    row = paired(where, sessions[of])
    cycles, where, row = cycles[row >= 0], where[row >= 0], row[row >= 0]
    rows = np.zeros(len(row), ROW)
    rows["cycle"], rows["tile"], rows["row"], rows["left"] = cycles, of[row], number[row], -1
    tiles["row_first"][rows["tile"][rows["row"] == 0]] = cycles[rows["row"] == 0]
    final = number[row] == np.repeat(heights, heights)[row] - 1
    tiles["row_last"][rows["tile"][final]] = cycles[final]
    return rows, where


def _groups(
    runs: Runs,
    config: CoreConfig,
    tiles: NDArray[np.void],
    rows: NDArray[np.void],
    sessions: NDArray[np.int64],
) -> NDArray[np.int64]:
    count = -(-config.cols // config.post_lanes)
    shared = np.flatnonzero(tiles["mode"][rows["tile"]] & (BF16 | 3) != 0)
    cycles, where = runs.events("group_left")
    group = paired(where, np.repeat(sessions[shared], count))
    cycles, group = cycles[group >= 0], group[group >= 0]
    row, number = shared[group // count], group % count
    rows["left"][row[number == count - 1]] = cycles[number == count - 1]
    return np.stack([row, number], axis=1)
