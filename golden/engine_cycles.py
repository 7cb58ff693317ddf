# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
r"""Exact cycle counts of the network engine, for a program that comes a beat every `period` cycles.

A job's slices are read a word per cycle, and wait for weights, for the output stage or for the elementwise
unit; results wait for the port of the memory. These waits depend on each other, so there is no formula: the
model keeps the registers that decide when a word moves, without its data, and steps them cycle by cycle.

    program -> decoder -> panels ---------v
               reader --> skid -----> issue -> pipeline -> fifo -> register -+-> writer
                    \----------------------------------------> lanes -> fifo-+

A source with other pauses takes longer: with a program that never comes faster than a beat every `period`
cycles, the cycles are a lower bound.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from macrame.golden.engine import (
    BEGIN,
    DESCRIPTOR,
    DESCRIPTOR_BYTES,
    ELEMENTWISE,
    END,
    FUSED,
    PRODUCT,
    RECORD_BYTES,
    SPARSE,
    SPLIT,
    TABLE_BYTES,
    TABLES,
    WAIT,
)

#: Rows that the core's result FIFO holds with one row: FIFO_DEPTH.
CREDITS = 64
#: Parts of words that the elementwise path holds: its FIFO_DEPTH.
PARTS = 32
#: Cycles from a part to its result: LATENCY of elementwise_lanes.
LANES_LATENCY = 14
#: Cycles from a row to its int8 results, but for its groups of columns: output_stage.
POST_LATENCY = 11
#: Bytes of a record of the elementwise unit.
UNIT_RECORD_BYTES = 9
#: Words of the second operand on their way: WORDS_HELD_MAX of second_reader.
SECOND_WORDS = 4

_COLLECT, _CHECK, _WEIGHTS, _OFFER, _TABLE, _DRAIN = range(6)

#: Of a slice: it goes to the elementwise unit; ends its tile; ends a panel of weights, and releases it.
Slice = tuple[bool, bool, bool, bool]


@dataclass(frozen=True)
class Timing:
    """The parameters of an engine that determine its timing.

    Attributes
    ----------
    depth : int
        DEPTH: 2, 4 or 8.
    post_lanes : int
        POST_LANES of the core.
    lanes : int
        LANES of the elementwise unit.
    """

    depth: int
    post_lanes: int
    lanes: int = 2


@dataclass(frozen=True)
class Counters:
    """The engine's counters after a program, named as its registers, and when its jobs end.

    Attributes
    ----------
    cycles : int
        From the first beat of the program to the last write of a result, both included.
    busy : int
        Slices.
    jobs : int
    stall_job, stall_w, stall_out : int
        Cycles in which the reader had no job; a slice waited while the core had room for weights and the
        program offered none; a slice waited during a job of the elementwise unit.
    starved : int
        Cycles in which the decoder waited for a beat of the program.
    ends : tuple of int
        Cycle of the last write of each job; cycle 1 has the first beat.
    finished : int
        Cycle in which the program has ended.
    """

    cycles: int
    busy: int
    jobs: int
    stall_job: int
    stall_w: int
    stall_out: int
    starved: int
    ends: tuple[int, ...]
    finished: int


@dataclass(frozen=True)
class _Item:
    """What the timing of an item depends on."""

    kind: int
    wait: bool = False
    split: bool = False
    sparse: bool = False
    second: bool = False
    panels: int = 0
    tiles: int = 0  # of a panel
    cut: tuple[int, ...] = ()  # slices of the weight panels of a window

    @property
    def product(self) -> bool:
        """Whether it is a product."""
        return self.kind in (PRODUCT, FUSED)

    @property
    def elementwise(self) -> bool:
        """Whether it is an elementwise job."""
        return self.kind in (ELEMENTWISE, FUSED)


def _items(program: bytes, depth: int) -> Iterator[_Item]:
    """The items of a program that has no errors."""
    image = np.frombuffer(program, np.uint8)
    beat, at, kind = depth * depth, 0, BEGIN
    record = -(-RECORD_BYTES // depth)
    while kind != END:
        raw = image[at : at + DESCRIPTOR_BYTES]
        at += DESCRIPTOR_BYTES
        kind = int(raw[0])
        if kind in (BEGIN, END):
            yield _Item(kind)
        elif kind == TABLES:
            at += 2 * TABLE_BYTES
            yield _Item(kind)
        else:
            item = raw.view(DESCRIPTOR)[0]
            n = {name: int(item[name]) for name in ("panels", "rows", "columns", "chunks", "flags")}
            cut: tuple[int, ...] = (1,)
            sparse = bool(n["flags"] & SPARSE)
            if kind != ELEMENTWISE:
                cut = (int(item["chunk_slices"]),) * (n["chunks"] - 1) + (int(item["last_slices"]),)
                beats = [record + (-(-count // (depth // 2)) if sparse else count) for count in cut]
                at += n["panels"] * sum(beats) * beat
            yield _Item(
                kind,
                bool(n["flags"] & WAIT),
                bool(n["flags"] & SPLIT),
                sparse,
                kind != PRODUCT and int(item["record"][0]) < 4,
                n["panels"],
                n["rows"] * n["columns"],
                cut,
            )


class _Fifo:
    """rtl/stream/fifo.v: entries in memory, and whether one is offered."""

    def __init__(self) -> None:
        self.count, self.out = 0, False

    def step(self, put: bool, take: bool) -> None:
        """One cycle: an entry is written, the one offered is read."""
        fetch = self.count > 0 and (not self.out or take)
        self.out = fetch or (self.out and not take)
        self.count += put - fetch


def _slices(item: _Item) -> Iterator[Slice]:
    """The slices of a job."""
    alone, last = not item.product, len(item.cut) - 1
    for _ in range(item.panels):
        for tile in range(item.tiles):
            releases = tile == item.tiles - 1
            for chunk, count in enumerate(item.cut):
                for n in range(count):
                    end = n == count - 1
                    yield alone, end and chunk == last, end, end and releases


class _Reader:
    """rtl/engine/window_reader.v: the slice to read, and those in the memory's two cycles."""

    def __init__(self) -> None:
        self.slices: Iterator[Slice] = iter(())
        self.now: Slice | None = None
        self.slice1: Slice | None = None
        self.slice2: Slice | None = None

    def step(self, advance: bool, job: _Item | None) -> None:
        """One cycle: the pipeline advances, a job is accepted."""
        if advance:
            self.slice1, self.slice2 = self.now, self.slice1
            if self.now is not None:
                self.now = next(self.slices, None)
        if job is not None:
            self.slices = _slices(job)
            self.now = next(self.slices)


class _Panels:
    """rtl/stream/panel_buffer.v: numbers of panels and slices written and read."""

    def __init__(self, record_beats: int, settle: int) -> None:
        self.record_beats, self.settle = record_beats, settle
        self.ready, self.in_record, self.beat = True, True, 0
        self.write_panel = self.write_slice = self.read_panel = self.read_slice = 0
        self.released = -settle

    @property
    def available(self) -> bool:
        """The slice to read has been written."""
        return self.write_panel > self.read_panel or self.write_slice > self.read_slice

    def step(self, cycle: int, accepted: bool, last: bool, ends: bool, issue: bool, releases: bool) -> None:
        """One cycle: a beat is accepted, a slice is issued, which may end or release its panel."""
        free = self.write_panel - self.read_panel < 2 or releases
        settled = cycle >= self.released + self.settle and not releases
        if not accepted:
            self.ready = (self.beat > 0 or settled) if self.in_record else free
        elif self.in_record:
            self.beat += 1
            self.ready = True
            if self.beat == self.record_beats:
                self.beat, self.in_record, self.ready = 0, False, free
        elif last:
            self.write_panel, self.write_slice, self.in_record = self.write_panel + 1, 0, True
            self.ready = settled
        else:
            self.write_slice += 1
        if issue:
            self.read_slice = 0 if ends else self.read_slice + 1
        if releases:
            self.read_panel += 1
            self.released = cycle


class _Core:
    """From the activations' skid buffer to the output register, with one row of requantised results."""

    def __init__(self, timing: Timing) -> None:
        groups = -(-timing.depth // timing.post_lanes)
        sums = 2 + (timing.depth - 1).bit_length()  # from a cell's operands to the last sum of a tile
        self.panels = _Panels(-(-RECORD_BYTES // timing.depth), sums + 3)
        self.spacing = groups - 1
        self.latency = 3 + sums + groups + POST_LATENCY  # from the last slice of a tile to the FIFO
        self.skid: deque[Slice] = deque()
        self.tile_open, self.credits, self.gap = False, CREDITS, 0
        self.due: deque[int] = deque()  # cycles in which rows reach the FIFO
        self.fifo, self.row_sent, self.row = _Fifo(), False, False

    def step(self, cycle: int, put: Slice | None, take: bool, weight: bool, last: bool) -> None:
        """`put` joins the skid buffer; `take`: the row offered leaves; `weight`: a beat comes."""
        issue = releases = ends = tile_end = False
        if self.skid and self.panels.available and (self.tile_open or self.credits > 0):
            _, tile_end, ends, releases = self.skid[0]
            issue = not tile_end or self.gap == 0
        self.panels.step(cycle, weight, last, ends, issue, releases and issue)
        if self.gap:
            self.gap -= 1
        self.credits += self.row_sent
        if issue:
            self.skid.popleft()
            self.credits -= not self.tile_open
            self.tile_open = not tile_end
            if tile_end:
                self.gap = self.spacing
                self.due.append(cycle + self.latency)
        if put is not None:
            self.skid.append(put)
        free = not self.row or take
        self.row_sent = self.fifo.out and free
        arrives = bool(self.due) and self.due[0] == cycle
        if arrives:
            self.due.popleft()
        if free:
            self.row = self.fifo.out
        self.fifo.step(arrives, self.row_sent)


class _Writer:
    """rtl/engine/result_writer.v."""

    def __init__(self) -> None:
        self.left, self.split, self.upper, self.write = 0, False, False, False

    @property
    def ready(self) -> bool:
        """Whether it takes a result."""
        return self.left > 0 and (not self.split or self.upper)

    def step(self, offered: bool, job: _Item | None) -> None:
        """One cycle: a result is offered, a job is accepted."""
        taking = self.left > 0 and offered
        self.left -= offered and self.ready
        self.write = taking
        if taking:
            self.upper = self.split and not self.upper
        if job is not None:
            self.left, self.split = job.panels * job.tiles, job.split


class _Second:
    """rtl/engine/second_reader.v."""

    def __init__(self) -> None:
        self.left = self.held = 0
        self.read1 = self.read2 = self.word = False
        self.fifo = _Fifo()

    def step(self, port_free: bool, take: bool, job: _Item | None) -> None:
        """One cycle: the port may be used, the word offered is read, a job is accepted."""
        read = self.left > 0 and port_free and self.held < SECOND_WORDS
        fetch = self.fifo.out and (not self.word or take)
        self.fifo.step(self.read2, fetch)
        self.word = fetch or (self.word and not take)
        self.read1, self.read2 = read, self.read1
        self.held += read - fetch
        self.left -= read
        if job is not None:
            self.left = job.panels * job.tiles


class _Path:
    """rtl/engine/elementwise_path.v."""

    def __init__(self, timing: Timing) -> None:
        self.parts = timing.depth // timing.lanes
        self.record_beats = -(-UNIT_RECORD_BYTES // timing.lanes)
        self.record = self.left = self.part = self.out_part = 0
        self.needs_y, self.credits = False, PARTS
        self.due: deque[int] = deque()
        self.fifo = _Fifo()

    def issues(self, x: bool, y: bool) -> bool:
        """Whether a part enters the lanes, given words on `x` and `y`."""
        return x and self.record == 0 and self.left > 0 and (y or not self.needs_y) and self.credits > 0

    @property
    def part_end(self) -> bool:
        """Whether the part that enters is the last of its word."""
        return self.part == self.parts - 1

    @property
    def out(self) -> bool:
        """A word of results is offered."""
        return self.fifo.out and self.out_part == self.parts - 1

    def step(self, cycle: int, issue: bool, load: bool, take: bool, job: _Item | None) -> None:
        """One cycle: a part enters, a table is loaded, the word offered leaves, a job is accepted."""
        sent = self.fifo.out and (self.out_part < self.parts - 1 or take)
        arrives = bool(self.due) and self.due[0] == cycle
        if arrives:
            self.due.popleft()
        if issue:
            self.due.append(cycle + LANES_LATENCY)
        self.left -= issue and self.part_end
        if issue or load:
            self.part = (self.part + 1) % self.parts
        if sent:
            self.out_part = (self.out_part + 1) % self.parts
        self.credits += sent - issue
        self.fifo.step(arrives, sent)
        if self.record:
            self.record -= 1
        if job is not None:
            self.record, self.needs_y, self.left = self.record_beats, job.second, job.panels * job.tiles


class _Decoder:
    """rtl/engine/program_decoder.v."""

    def __init__(self, program: bytes, timing: Timing) -> None:
        depth = timing.depth
        self.half = depth // 2
        self.head_beats = DESCRIPTOR_BYTES // (depth * depth)
        self.table_beats = 2 * TABLE_BYTES // (depth * depth)
        self.record_beats = -(-RECORD_BYTES // depth)
        self.items = _items(program, depth)
        self.item = next(self.items)
        self.state, self.beat, self.portion = _COLLECT, 0, 0
        self.reader = self.writer = self.unit = False  # the job is still to be taken
        self.in_record, self.chunk, self.slices, self.panels = True, 0, 0, 0  # of weights: what is left
        self.offers = self.offers_last = False  # the register of weights: what it offers to the core

    @property
    def portion_last(self) -> bool:
        """The sparse slice, or the pair of words of tables, is the last of its beat."""
        if self.state != _TABLE and (self.in_record or not self.item.sparse or self.slices == 1):
            return True
        return self.portion == self.half - 1

    @property
    def panel_end(self) -> bool:
        """Whether the beat is the last of a panel."""
        return not self.in_record and self.slices == 1

    def _next(self) -> None:
        self.state, self.beat, self.item = _COLLECT, 0, next(self.items)

    @property
    def fetching(self) -> bool:
        """Whether a beat of weights may enter the register."""
        return self.state == _WEIGHTS or (self.state == _CHECK and self.item.product)

    def step(self, moved: bool, free: bool, accepted: bool, reader: bool, writer: bool, unit: bool) -> None:
        """`moved`: a slice or a pair of words went on; `free`: the register is; then who takes the job."""
        if free:
            self.offers = moved and self.fetching
            self.offers_last = self.panel_end
        offered = self.reader or self.writer or self.unit
        self.reader, self.writer, self.unit = (
            self.reader and not reader,
            self.writer and not writer,
            self.unit and not unit,
        )
        if self.state == _COLLECT:
            self.beat += accepted
            if self.beat == self.head_beats:
                self.state, self.beat = _CHECK, 0
        elif self.state == _CHECK:
            self._check()
            if moved:
                self._weights()
        elif self.state == _WEIGHTS and moved:
            self._weights()
        elif self.state == _OFFER and not offered:
            self._next()
        elif self.state == _TABLE and moved:
            self.portion = (self.portion + 1) % self.half
            self.beat += accepted
            if self.beat == self.table_beats:
                self._next()

    def _check(self) -> None:
        item = self.item
        if item.kind == END:
            self.state = _DRAIN
        elif item.kind == BEGIN:
            self._next()
        elif item.kind == TABLES:
            self.state, self.portion = _TABLE, 0
        else:
            self.reader = self.writer = True
            self.unit = item.elementwise
            self.in_record, self.portion, self.chunk = True, 0, 0
            self.slices, self.panels = item.cut[0], item.panels
            self.state = _WEIGHTS if item.product else _OFFER

    def _weights(self) -> None:
        if self.in_record:
            self.beat += 1
            if self.beat == self.record_beats:
                self.beat, self.in_record = 0, False
            return
        self.portion = 0 if self.portion_last else self.portion + 1
        self.slices -= 1
        if self.slices:
            return
        self.in_record = True
        self.chunk = (self.chunk + 1) % len(self.item.cut)
        self.slices = self.item.cut[self.chunk]
        if not self.chunk:
            self.panels -= 1
            if not self.panels:
                self.state = _OFFER


def predict(program: bytes, timing: Timing, period: int = 1) -> Counters:
    """Counters after a program on an idle engine.

    Parameters
    ----------
    program : bytes
        Without errors.
    timing : Timing
    period : int
        Cycles per beat of the program, at best; 1 is a program that is never starved.

    Returns
    -------
    Counters
    """
    decoder, reader, core, writer = _Decoder(program, timing), _Reader(), _Core(timing), _Writer()
    second, path = _Second(), _Path(timing)
    unit = fused = running = False  # the writer's job: results of the unit; of a product too
    busy = jobs = stall_job = stall_w = stall_out = starved = 0
    cycle = last_write = beats = 0
    next_beat = 1
    owed: deque[int] = deque()  # writes of the jobs that the writer has taken
    ends: list[int] = []

    while True:
        cycle += 1
        offered = cycle >= next_beat
        idle = writer.left == 0 and not writer.write
        item, state = decoder.item, decoder.state

        # slices and results
        piece = reader.slice2
        from_reader, from_core = unit and not fused, unit and fused
        x = core.row if from_core else from_reader and piece is not None and piece[0]
        issue = path.issues(x, second.word)
        x_ready = issue and path.part_end
        ready = piece is not None and (from_reader and x_ready if piece[0] else len(core.skid) < 2)
        advance = piece is None or ready
        reader_free = reader.now is None and (reader.slice1 is None or advance)
        result = path.out if unit else core.row
        row_taken = core.row and (from_core and x_ready if unit else writer.ready)

        # who takes the job
        to_reader = decoder.reader and reader_free and (idle or not item.wait)
        to_writer = decoder.writer and not decoder.reader and writer.left == 0
        to_unit = decoder.unit and not decoder.writer and path.record == 0 and second.left == 0

        # the program
        weight = decoder.offers and core.panels.ready
        weight_last = decoder.offers_last
        free = weight or not decoder.offers
        moved = decoder.fetching and offered and free
        load = state == _TABLE and offered and path.record == 0 and (idle or not unit)
        if state == _TABLE:
            moved = load and path.part_end
        accepted = offered if state == _COLLECT else moved and decoder.portion_last

        busy += ready
        jobs += to_writer
        stall_job += reader_free and running
        stall_w += core.panels.ready and not decoder.offers and piece is not None and not ready
        stall_out += unit and piece is not None and not ready
        waits = state in (_COLLECT, _TABLE) or (state == _WEIGHTS and free)
        starved += running and waits and not offered
        if writer.write:
            last_write = cycle
            owed[0] -= 1
            if not owed[0]:
                owed.popleft()
                ends.append(cycle)
        if state == _DRAIN and idle:
            return Counters(
                last_write, busy, jobs, stall_job, stall_w, stall_out, starved, tuple(ends), cycle
            )

        second.step(
            not writer.write,
            issue and path.part_end and path.needs_y,
            item if to_unit and item.second else None,
        )
        path.step(cycle, issue, load, unit and writer.ready, item if to_unit else None)
        core.step(
            cycle,
            piece if ready and piece is not None and not piece[0] else None,
            row_taken,
            weight,
            weight_last,
        )
        reader.step(advance, item if to_reader else None)
        writer.step(result, item if to_writer else None)
        if to_writer:
            unit, fused = item.elementwise, item.product
            owed.append(item.panels * item.tiles * (2 if item.split else 1))
        decoder.step(moved, free, accepted, to_reader, to_writer, to_unit)
        if accepted:
            running = True
            beats += 1
            next_beat = max(cycle + 1, 1 + beats * period)
