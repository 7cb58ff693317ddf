# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""elementwise_lanes in the simulator.

What could be wrong here, and which case would show it:
  a result one cycle early or late, a wrong tlast or tkeep  `beats`: each predicted for its cycle, else idle
  a lane that computes its neighbour's numbers            `beats`: every lane has different numbers
  a parameter of the record before, or of the next one    `beats`: another record every few beats, at once
  a tie in the wrong direction                            `ties`
  an operation of another beat                            `beats`: operations change with records
  an entry's bytes in a wrong place, an old beat's bytes  `loads`: every entry is read back, whole and short
  a pipeline that is idle too early, or not empty         `beats`: gaps of every length; `resets`
"""

import cocotb
import numpy as np

from macrame.golden.elementwise import OPERATIONS, Scaling
from tb.lib.kit import Bench, Part, Watch
from tb.models.elementwise_model import Beat, Packet, Streams, entry_beats, random_table

LATENCY = 14
STROBES = "record", "load", "issue"
REST = (
    "load_b",
    "load_entry",
    "load_index",
    "issue_last",
    "issue_keep",
    "pick",
    "use_table_b",
    "product",
)


class TB(Bench):
    """The lanes, and their expected results."""

    def __init__(self, dut):
        super().__init__(dut, **dict.fromkeys(STROBES, 0), short_entry=0, **dict.fromkeys((*REST, "x", "y")))
        self.lanes, self.results = self.parameter("LANES"), {}
        self.streams = Streams(self.lanes)
        self.late = None, None
        self.watch = Watch(self, out_valid=0)
        self.parts.append(Part(sample=self.check))

    def check(self):
        """An expected result has these bits; others are not compared, as their data are X."""
        due = self.results.pop(self.cycle, None)
        if due:
            got = tuple(self.read(name) for name in ("out_data", "out_keep", "out_last"))
            self.equal(got, due, "data, tkeep and tlast")

    async def cycle_of(self, x=None, y=None, **decision):
        """One cycle with a decision; its beats come in the next one."""
        self.drive(**{**dict.fromkeys(STROBES, 0), **dict.fromkeys(REST), **decision})
        self.drive(x=self.late[0], y=self.late[1])
        self.late = x, y
        await self.step()

    async def gap(self, cycles=1):
        """Nothing."""
        for _ in range(cycles):
            await self.cycle_of()

    async def record(self, packet):
        """The record of a packet."""
        for beat in packet.record():
            await self.cycle_of(beat.drive("x")["s_axis_x_tdata"], record=1)

    async def load(self, tables, short):
        """Load both tables, or A alone."""
        streams = [entry_beats(self.lanes, table, short) for table in tables]
        per_entry = len(streams[0]) // 256
        self.drive(short_entry=int(short))
        await self.gap(2)  # as the record takes
        for n, beats in enumerate(zip(*streams)):
            data = [beat.drive("x")["s_axis_x_tdata"] for beat in beats]
            await self.cycle_of(
                *data,
                load=1,
                load_b=int(len(tables) == 2),
                load_entry=int(n % per_entry == per_entry - 1),
                load_index=n // per_entry,
            )
        for n, table in enumerate(tables):
            self.streams.tables[n] = table.astype(np.int64)

    async def operate(self, packet, chance=1.0):
        """Issue the beats of a packet, with gaps; expect their results."""
        due, error = self.streams.read(*packet.beats())
        assert not error
        op = OPERATIONS[packet.command]
        for n, beat in enumerate(packet.x_data):
            while self.rng.random() >= chance:
                await self.gap()
            y = packet.y_data[n].data if packet.takes_y else None
            data, keep, last = due[n]
            self.watch.expect(self.cycle + LATENCY, out_valid=1)
            self.results[self.cycle + LATENCY] = data, keep, last
            await self.cycle_of(
                int.from_bytes(beat.data, "little"),
                None if y is None else int.from_bytes(y, "little"),
                issue=1,
                issue_last=last,
                issue_keep=keep,
                pick={2: 2, 3: 3}.get(op, 0),
                use_table_b=int(op < 2),
                product=int(op == 1),
            )

    def packet(self, command, beats):
        """An operation on the tables as they are."""
        return Packet(self.rng, self.lanes, beats, command, [t.astype(np.int64) for t in self.streams.tables])


@cocotb.test(timeout_time=2, timeout_unit="ms")
@cocotb.parametrize(chance=[1.0, 0.7, 0.05])
async def beats(dut, chance):
    """Beats without a gap, with some, and alone, of packets that follow each other at once."""
    tb = TB(dut)
    await tb.start()
    await tb.load([random_table(tb.rng), random_table(tb.rng)], False)
    for _ in range(60):
        packet = tb.packet(str(tb.rng.choice(list(OPERATIONS))), int(tb.rng.choice([1, 1, 2, 7])))
        await tb.record(packet)
        await tb.operate(packet, chance)
    await tb.gap(LATENCY + 5)
    tb.watch.finish()
    assert not tb.results


def all_entries(tb, command):
    """A packet that reads every entry of A, and of B in another order."""
    count = -(-256 // tb.lanes)
    packet = tb.packet(command, count)
    orders = [np.resize(tb.rng.permutation(256), count * tb.lanes).astype(np.uint8) for _ in range(2)]
    for data, order in zip((packet.x_data, packet.y_data), orders):
        for n in range(len(data)):
            part = order[n * tb.lanes : (n + 1) * tb.lanes]
            data[n] = Beat(bytes(part.tolist()), data[n].last, data[n].keep)
    return packet


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def loads(dut):
    """Tables of whole and of short entries, in both orders; every entry counts in some result."""
    tb = TB(dut)
    await tb.start()
    for short in (False, True, True, False):
        for names in (2, 1):
            width = tb.lanes if short else None
            await tb.load([random_table(tb.rng, width) for _ in range(names)], short)
            for command in OPERATIONS:
                packet = all_entries(tb, command)
                await tb.record(packet)
                await tb.operate(packet)
    await tb.gap(LATENCY + 5)
    tb.watch.finish()


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def ties(dut):
    """Half of all results are ties, of either sign: small numbers, halved by the shift."""
    tb = TB(dut)
    await tb.start()
    await tb.load([np.arange(256, dtype=np.int64).astype(np.int8).astype(np.int32)] * 2, False)
    for right in (1, 2, 3):
        for command in ("table", "add"):
            packet = all_entries(tb, command)
            packet.scaling = Scaling(2**31 - 1, right)  # almost 1: small numbers stay as they are
            await tb.record(packet)
            await tb.operate(packet)
    await tb.gap(LATENCY + 5)
    tb.watch.finish()


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def resets(dut):
    """A reset in flight: no result in the pipeline leaves; the tables stay."""
    tb = TB(dut)
    await tb.start()
    await tb.load([random_table(tb.rng), random_table(tb.rng)], False)
    for count in (1, 5, 14, 30):
        packet = tb.packet("add", count)
        await tb.record(packet)
        await tb.operate(packet)
        tb.watch.forget()
        due = tb.results.pop(tb.cycle, None)  # what stands there in the cycle of the reset is still out
        tb.results.clear()
        if due:
            tb.watch.expect(tb.cycle, out_valid=1)
        tb.drive(rst=1)
        await tb.gap()
        tb.drive(rst=0)
        packet = tb.packet("mul", 3)
        await tb.record(packet)
        await tb.operate(packet)
        await tb.gap(LATENCY + 2)
    tb.watch.finish()
