# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Packets of the elementwise unit, a model of its streams, and a bench with its streams and registers.

A packet is built from a command and has the beats of x and y, with X in every unused bit. `Streams` reads
beats, right or wrong, and says which results and which errors they lead to, in whatever cycles they come: it
knows packets and bytes, and no pipeline. `Unit` is the bench: sources, sink and registers step together.
"""

from dataclasses import dataclass

import numpy as np
from cocotb.types import LogicArray

from macrame.golden.elementwise import LOADS, OPERATIONS, TAKES_Y, Scaling, elementwise
from tb.lib.kit import word
from tb.models import vector_model

COMMAND_ILLEGAL, RECORD_SHORT, LENGTH_MISMATCH, Y_MISSING, TABLE_LENGTH, HALTED, BUSY = (
    1,
    2,
    4,
    8,
    16,
    256,
    512,
)
CODES = {**OPERATIONS, **LOADS}
NAMES = {code: name for name, code in CODES.items()}
SHORT = 8


@dataclass
class Beat:
    """A beat of x or y: its bytes, lane 0 first; tlast; tkeep of x, where it counts."""

    data: bytes
    last: int
    keep: int | None = None
    known: int | None = None  # of its bytes, the low ones that are used; the others are X; all if None

    def drive(self, stream):
        """The values of its signals."""
        known = len(self.data) if self.known is None else self.known
        bits = "".join(f"{byte:08b}" for byte in self.data[:known][::-1])
        ports = {"tdata": LogicArray("X" * 8 * (len(self.data) - known) + bits), "tlast": self.last}
        ports |= {"tkeep": self.keep} if stream == "x" else {}
        return {f"s_axis_{stream}_{name}": value for name, value in ports.items()}


def record_beats(lanes, command, scaling):
    """The beats of a record."""
    fields = (
        command,
        scaling.right,
        scaling.zero_point & 255,
        scaling.clamp_low & 255,
        scaling.clamp_high & 255,
    )
    text = bytes(fields) + (scaling.multiplier & 0xFFFFFFFF).to_bytes(4, "little")
    beats = []
    for start in range(0, 9, lanes):
        part = text[start : start + lanes]
        beats.append(Beat(part.ljust(lanes, b"\0"), 0, known=len(part)))
    return beats


def entry_beats(lanes, table, short):
    """The beats that load a table, int32 in the order of the bit patterns."""
    width = min(lanes, 4)
    beats = []
    for entry in table:
        whole = (int(entry) & 0xFFFFFFFF).to_bytes(4, "little")
        if short or width == 4:
            parts = [whole[-width:]]
        else:
            count = -(-4 // width)
            padded = bytes(count * width - 4) + whole
            parts = [padded[n * width : (n + 1) * width] for n in range(count)]
        beats += [Beat(part.ljust(lanes, b"\0"), 0, known=width) for part in parts]
    beats[-1].last = 1
    return beats


def random_table(rng, short_bytes=None):
    """256 int32 of every magnitude; of short entries the lower bytes are 0."""
    table = rng.integers(-(2**31), 2**31, 256) >> rng.integers(0, 28, 256)
    if short_bytes is not None and short_bytes < 4:
        table = table >> 8 * (4 - short_bytes) << 8 * (4 - short_bytes)
    return table.astype(np.int32)


class Packet:
    """A command with its data.

    Parameters
    ----------
    rng : numpy.random.Generator
    lanes, beats : int
        `beats` is not read by a load.
    command : str
        A key of `CODES`.
    tables : (ndarray, ndarray)
        Of an operation: what it will find loaded, in the order of the bit patterns, to choose a scaling that
        does not only clamp.
    short : bool
        Of a load: short entries, where the lanes are few enough for a difference.
    """

    def __init__(self, rng, lanes, beats=4, command="add", tables=None, short=False):
        self.lanes, self.command, self.short = lanes, command, short
        self.load = command in LOADS
        self.takes_y = command in TAKES_Y
        multiplier = int(rng.integers(2**30, 2**31)) * int(rng.choice([1, 1, 1, -1]))
        low, high = sorted(rng.integers(-128, 128, 2).tolist()) if rng.random() < 0.3 else (-128, 127)
        right = int(rng.integers(32))
        if self.load:
            self.tables = [random_table(rng, lanes if short else None) for _ in range(2)]
            self.x_data = entry_beats(lanes, self.tables[0], short)
            self.y_data = entry_beats(lanes, self.tables[1], short) if self.takes_y else []
        else:
            values = rng.integers(0, 256, (2, beats, lanes)).astype(np.uint8)
            same = rng.random((beats, lanes)) < 0.2
            values[1] = np.where(same, values[0], values[1])
            if tables is not None:
                a, b = (t[v].astype(object) for t, v in zip(tables, values))
                x = (a >> 16) * (b >> 16) if command == "mul" else a + b if command == "add" else a
                size = int(np.median(np.abs(x).astype(float)))
                right = min(31, max(0, size.bit_length() - 8 + int(rng.integers(-2, 3))))
            self.x_data = [Beat(bytes(row.tolist()), 0) for row in values[0]]
            self.y_data = [Beat(bytes(row.tolist()), 0) for row in values[1]] if self.takes_y else []
            for stream in (self.x_data, self.y_data):
                for beat in stream[-1:]:
                    beat.last = 1
            self.x_data[-1].keep = (1 << int(rng.integers(1, lanes + 1))) - 1
        self.scaling = Scaling(multiplier, right, int(rng.integers(-128, 128)), low, high)

    def record(self, command=None):
        """The record's beats; with another command byte if given."""
        own = CODES[self.command] | SHORT * self.short
        return record_beats(self.lanes, own if command is None else command, self.scaling)

    def beats(self):
        """All beats of x and of y."""
        return [*self.record(), *self.x_data], list(self.y_data)


class Streams:
    """What beats lead to, by the rules of docs/streams.md.

    Attributes
    ----------
    tables : list of two int32 arrays
        A and B, in the order of the bit patterns; 0 until loaded.
    """

    def __init__(self, lanes):
        self.lanes = lanes
        self.tables = [np.zeros(256, np.int64), np.zeros(256, np.int64)]

    def read(self, x, y):
        """Results and error bits of all beats of both streams, from the start of a packet on.

        Parameters
        ----------
        x, y : list of Beat

        Returns
        -------
        results : list of (tdata, tkeep, tlast)
        error : int
            STATUS bits, 0 if there is none.
        """
        x, y, results = list(x), list(y), []
        while x:
            text = b""
            while len(text) < 9 and x:
                beat = x.pop(0)
                text += beat.data
                if beat.last:
                    return results, RECORD_SHORT
            if len(text) < 9:
                break
            command = text[0]
            if command >> 4 or command & 7 == 7:
                return results, COMMAND_ILLEGAL
            right, zero, low, high = text[1] & 31, *np.frombuffer(text[2:5], np.int8).tolist()
            scaling = Scaling(int.from_bytes(text[5:9], "little", signed=True), right, zero, low, high)
            error, ended = self._data(NAMES[command & 7], bool(command & SHORT), scaling, x, y, results)
            if not ended:  # an error, or x waits for y
                return results, error
        return results, 0

    def _data(self, name, short, scaling, x, y, results):
        """The data of one packet; removes them from x and y. Returns the error, and whether it ended."""
        takes_y, width, count, ended = name in TAKES_Y, min(self.lanes, 4), 0, False
        held = [b"", b""]
        while x and (y or not takes_y) and not ended:
            beat, other = x[0], y[0] if takes_y else None
            error = LENGTH_MISMATCH if takes_y and beat.last != other.last else 0
            if name in LOADS:
                per_entry = 1 if short else -(-4 // width)
                if bool(beat.last) != (count + 1 == 256 * per_entry):
                    error |= TABLE_LENGTH
            if error:
                return error, False
            x.pop(0)
            if takes_y:
                y.pop(0)
            ended = bool(beat.last)
            count += 1
            if name in LOADS:
                for n, source in enumerate([beat, other] if takes_y else [beat]):
                    held[n] += source.data[:width]
                    if count % per_entry == 0:
                        # an entry is the last four of its bytes; those that are missing are zeros below
                        whole = held[n][-4:].rjust(4, b"\0")
                        self.tables[n][count // per_entry - 1] = int.from_bytes(whole, "little", signed=True)
                        held[n] = b""
            else:
                results.append(self._result(name, scaling, beat, other))
        return 0, ended

    def _result(self, name, scaling, beat, other):
        a = np.frombuffer(beat.data, np.int8)
        b = np.frombuffer(other.data, np.int8) if other else None
        tables = [np.roll(table, 128).astype(np.int32) for table in self.tables]  # in the int8's order
        found = elementwise(name, a, b, *tables, scaling)
        keep = beat.keep if beat.last else (1 << self.lanes) - 1
        return word(found), keep, int(beat.last)


class Unit(vector_model.Unit):
    """The unit with its streams, its registers, and the expected results."""

    X = ("tdata", "tkeep", "tlast")

    def __init__(self, dut, x="none", y="none", m="none"):
        super().__init__(dut, x, y, m)
        self.streams = Streams(self.lanes)

    def packet(self, command=None, beats=None, **more):
        """A packet of 1 to 6 beats; a random operation by default."""
        command = command or str(self.rng.choice(list(OPERATIONS)))
        tables = [table.astype(np.int64) for table in self.streams.tables]
        beats = beats or int(self.rng.integers(1, 7))
        return Packet(self.rng, self.lanes, beats, command, tables, **more)

    def loading(self, command="load", short=False):
        """A packet that loads random tables."""
        return Packet(self.rng, self.lanes, command=command, short=short)

    def send(self, *packets):
        """Queue packets and expect their results."""
        for packet in packets:
            error = self.send_beats(*packet.beats())
            assert not error, f"the model finds error {error:#x} in a packet that should be right"

    def send_beats(self, x, y):
        """Queue the beats of whole packets, right or wrong, expect their results; returns the error."""
        self.x.send(*(beat.drive("x") for beat in x))
        self.y.send(*(beat.drive("y") for beat in y))
        results, error = self.streams.read(x, y)
        self.expected += results
        return error

    async def soft_reset(self):
        """Restart the unit."""
        await self.write(vector_model.CONTROL, vector_model.SOFT_RESET)
