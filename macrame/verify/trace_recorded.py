# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The contents of a trace, each number with the cycle and the result that it belongs to."""

import functools
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from macrame.contract import BF16, CoreConfig
from macrame.errors import InputError
from macrame.files.trace_file import Span, TraceFile
from macrame.verify.trace_events import Events, Runs, events, field


class Stream(IntEnum):
    """What a stream did in a cycle."""

    IDLE = 0  # nothing was due
    TRANSFER = 1
    SOURCE = 2  # stalled by its source: a beat was due and not offered
    SINK = 3  # stalled by its sink: a beat was offered and not accepted


class Cause(IntEnum):
    """What a cycle of the array was spent on: a slice issued, or why not."""

    IDLE = 0  # nothing to do
    ISSUE = 1  # a slice (of bfloat16, a quarter of one) was issued
    WEIGHTS = 2  # activations waited for weights
    ACTIVATIONS = 3  # weights waited for activations
    RESULTS = 4  # a tile waited for space for its results
    CHAIN = 5  # a short tile's last slice waited for the result chain
    TURN = 6  # waited for the turn of its sum, next to or within bfloat16
    ERROR = 7  # the slice is in error, and halts the core
    DRAIN = 8  # nothing to issue, results on their way
    HALTED = 9
    RESET = 10


#: Causes that the core's counter `pad` counts together.
PAD = (Cause.CHAIN, Cause.TURN)


class Recorded:
    """The contents of a trace.

    Cycles count from the start of the simulation, tiles from 0 in the order in which they were issued, rows
    and columns within a tile, k within a tile's sum. Of a core with bfloat16 a tile has four times as many
    rows as the array: row 4 r + phase is a sum of the cells in row r.

    Parameters
    ----------
    file : macrame.files.trace_file.TraceFile
    label : str
        Name of the file in messages.

    Attributes
    ----------
    file : macrame.files.trace_file.TraceFile
    config : macrame.contract.CoreConfig
        The core.
    window : range
        Cycles of the window. Of these, all numbers are recorded.
    spans : tuple of macrame.files.trace_file.Span
        Names that the host gave to parts of the run.
    runs : macrame.verify.trace_events.Runs
        Status words: the trace of every cycle, run-length encoded.
    events : macrame.verify.trace_events.Events
    issues : ndarray of `macrame.verify.trace_events.BEAT`
        Every beat issued to the array, of the whole run.
    tiles : ndarray of `macrame.verify.trace_events.TILE`
        Every tile of the whole run.
    issue_sessions, tile_sessions : ndarray of int
        Resets before each of them.
    inside : ndarray of bool, shape (len(issues),)
        Which issues are in `beats`.
    beats : ndarray of `macrame.verify.trace_events.BEAT`, shape (n,)
        Those beats whose operands were in the array's registers in the window.
    a : ndarray of int8 or uint16, shape (n, ROWS, DEPTH)
        Operands of these beats along the array's rows; int8 in 16 bits if the core also has bfloat16.
    w : ndarray of int8 or uint16, shape (n, COLS, DEPTH)
        And along its columns.
    products : ndarray of int16 or uint32, shape (n, ROWS, COLS, DEPTH)
        Products of these beats; 0 if `product_cycle` is -1. int32 in uint32, or bits of float32, if the core
        has bfloat16.
    sums : ndarray of int32 or uint32, shape (n, ROWS, COLS)
        Sums with these products; 0 if `sum_cycle` is -1.
    rows : ndarray of `macrame.verify.trace_events.ROW`, shape (m,)
        Rows that left the array in the window.
    row_values, row_bias : ndarray of int32 or uint32, shape (m, COLS)
        Their values, and the bias of the columns.
    int8_rows, float_rows : ndarray of int
        Indices into `rows` of those whose steps in the output stage are complete.
    int8_steps : ndarray of `macrame.files.trace_file.INT8_STEPS`, shape (len(int8_rows), COLS)
    float_steps : ndarray of `macrame.files.trace_file.FLOAT_STEPS`, shape (len(float_rows), COLS)

    Raises
    ------
    macrame.errors.InputError
        The columns of the file contradict each other.
    """

    def __init__(self, file: TraceFile, label: str = "trace") -> None:
        self.file, self._label = file, label
        self.config: CoreConfig = file.config
        self.window = range(*file.window)
        self.spans: tuple[Span, ...] = file.spans
        columns = file.columns
        self.runs = Runs(columns["runs"])
        self.events: Events = events(self.runs, self.config)
        self.issues, self.tiles = self.events.beats, self.events.tiles
        self.issue_sessions, self.tile_sessions = self.events.issue_sessions, self.events.tile_sessions
        self.inside = self._within(self.issues["operand_cycle"])
        self.beats: NDArray[np.void] = self.issues[self.inside]
        self.a, self.w = columns["a"], columns["w"]
        self._same("a", len(self.beats))
        self._same("w", len(self.beats))
        self.products = self._aligned("products", self.beats["product_cycle"] >= 0)
        self.sums = self._aligned("sums", self.beats["sum_cycle"] >= 0)
        in_window = self._within(self.events.rows["cycle"])
        self.rows: NDArray[np.void] = self.events.rows[in_window]
        self.row_values, self.row_bias = columns["rows"], columns["bias"]
        self._same("rows", len(self.rows))
        self._same("bias", len(self.rows))
        numbers = np.cumsum(in_window) - 1
        groups = self.events.groups[in_window[self.events.groups[:, 0]]]
        rows = numbers[groups[:, 0]]
        bf16 = self.tiles["mode"][self.rows["tile"][rows]] & BF16 != 0
        self.int8_rows, self.int8_steps = self._steps("int8", rows[~bf16])
        self.float_rows, self.float_steps = self._steps("float", rows[bf16])
        for stream in "wam":
            taken = self._within(self.stream_cycles(stream))
            for name in {"w": ("w_data", "w_user"), "a": ("a_data", "a_user"), "m": ("m_data", "m_keep")}[
                stream
            ]:
                self._same(name, int(taken.sum()))

    def _within(self, cycles: NDArray[np.int64]) -> NDArray[np.bool_]:
        return (cycles >= self.window.start) & (cycles < self.window.stop)

    def _same(self, name: str, expected: int) -> None:
        count = len(self.file.columns[name])
        if count != expected:
            raise InputError(f"{self._label}: column {name} has {count:,} items, its runs mark {expected:,}")

    def _aligned(self, name: str, known: NDArray[np.bool_]) -> NDArray[Any]:
        """A column with an item for each of `beats`."""
        self._same(name, int(known.sum()))
        column = self.file.columns[name]
        if known.all():
            return column
        out = np.zeros((len(known), *column.shape[1:]), column.dtype)
        out[known] = column
        return out

    def _steps(self, name: str, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.void]]:
        """Rows with all of their groups, and their steps."""
        column, cols = self.file.columns[name], self.config.cols
        self._same(name, len(rows))
        groups = -(-cols // self.config.post_lanes)
        whole = np.bincount(rows, minlength=1)[rows] == groups  # a reset, or the end, may have come between
        steps = column[whole].reshape(-1, groups * self.config.post_lanes)[:, :cols]
        return rows[whole][::groups], steps

    @property
    def cycles(self) -> int:
        """Cycles recorded, from 0 on."""
        return self.runs.cycles

    @functools.cached_property
    def run_causes(self) -> NDArray[np.uint8]:
        """`Cause` of each run of `runs`: uint8, shape (len(runs.words),)."""
        words = self.runs.words
        cause = field(words, "cause").astype(np.uint8)
        idle = cause == Cause.IDLE
        waiting = (field(words, "rows_due") == 1) & (field(words, "tile_open") == 0)
        cause[idle & waiting] = Cause.DRAIN
        cause[field(words, "halted") == 1] = Cause.HALTED
        cause[field(words, "reset") == 1] = Cause.RESET
        return cause

    @functools.cached_property
    def causes(self) -> NDArray[np.uint8]:
        """`Cause` of each cycle: uint8, shape (cycles,)."""
        return np.repeat(self.run_causes, self.runs.lengths)

    def run_stream(self, name: str) -> NDArray[np.uint8]:
        """`Stream` of each run of `runs`: uint8; `name` is "w", "a" or "m"."""
        if name not in ("w", "a", "m"):
            raise InputError(f"stream is {name!r}, expected w, a or m")
        return field(self.runs.words, name).astype(np.uint8)

    def stream(self, name: str) -> NDArray[np.uint8]:
        """`Stream` of each cycle: uint8, shape (cycles,); `name` is "w", "a" or "m"."""
        return np.repeat(self.run_stream(name), self.runs.lengths)

    def stream_events(self, name: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Cycles in which a beat of a stream was accepted, and the resets before each."""
        cycles, run = self.runs.where(self.run_stream(name) == Stream.TRANSFER)
        return cycles, self.runs.session(run)

    def last_flags(self, name: str, cycles: NDArray[np.int64]) -> NDArray[np.bool_]:
        """tlast of a stream's beats, given the cycles in which they were accepted."""
        run = np.searchsorted(self.runs.starts, cycles, "right") - 1
        return field(self.runs.words[run], f"{name}_last") == 1

    def stream_cycles(self, name: str) -> NDArray[np.int64]:
        """Cycles in which a beat of a stream was accepted."""
        return self.stream_events(name)[0]

    def active_in(self, span: Span) -> range:
        """The same, within a span: from its first input beat to its last result beat."""
        inputs = np.sort(np.r_[self.stream_cycles("w"), self.stream_cycles("a")])
        outputs = self.stream_cycles("m")
        begin = np.searchsorted(inputs, span.first + 1)
        end = np.searchsorted(outputs, span.last, "right")
        if begin == len(inputs) or not end or outputs[end - 1] < inputs[begin]:
            return range(0)
        return range(int(inputs[begin]), int(outputs[end - 1]) + 1)


def signed(values: NDArray[Any], narrow: bool) -> NDArray[Any]:
    """int8 and int32 in the unsigned columns of a core with both formats, as signed if `narrow`."""
    return values.view(f"i{values.dtype.itemsize}") if narrow else values
