# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""panel_record in the simulator.

What could be wrong here, and which case would show it:
  a byte in the wrong field, or in the wrong column    random records; every field of every column is compared
  the last beat's padding taken for data               random padding, DEPTH 5, 7 and 8
  a slot written over another                          four slots, written and read at random
  a write or a read that was not asked for             data, slot and beat are X then; outputs do not change
  latency                                              outputs change one cycle after `load`, and have what
                                                       was written 2 cycles before the memory is read
  a part read in another's place, a read disturbing    `records`, READS 2 to 4: reads at the least distance,
  the next, or the record on the outputs               at LEAD READS and more
  a reset leaves a read behind                         `reset` in each cycle of one
"""

import cocotb
import numpy as np

from tb.lib.kit import Bench, Part, word

FIELDS = {
    "bias": (0, 4),
    "multiplier": (4, 4),
    "shift": (8, 1),
    "zero_point": (9, 1),
    "clamp_low": (10, 1),
    "clamp_high": (11, 1),
}  # first byte, bytes


class TB(Bench):
    """Writes beats, reads slots; the model is an array of bytes (slot, column, byte)."""

    def __init__(self, dut):
        self.idle = {
            **{"record_write": 0, "record_slot": None, "record_beat": None, "record_data": None},
            **{"read": 0, "read_slot": None, "load": 0, "load_slot": None},
        }
        super().__init__(dut, **self.idle)
        self.cols, self.depth = self.parameter("COLS"), self.parameter("LANE_BYTES")
        self.reads, self.lead = self.parameter("READS"), self.parameter("LEAD")
        if self.lead == 0:  # `load` reads, and `read` says nothing
            self.idle["read"] = None
            self.drive(read=None)
        self.beats = -(-12 // self.depth)
        self.slots = np.zeros((4, self.cols, self.beats * self.depth), np.uint8)
        self.known = np.zeros(4, bool)
        self.due = []  # cycles until its load, and slot, of each read on its way
        self.rest = 0  # cycles until the next read may come
        self.shown = None  # the record on the outputs
        self.compared = 0
        self.parts.append(Part(sample=self.check))

    def check(self):
        if self.shown is None:
            return
        for name, (first, size) in FIELDS.items():
            expected = word(self.shown[:, first : first + size])
            if self.read(name) != expected:
                self.fail(
                    f"{name} of {self.cols} columns: expected {expected:#x}, got {self.read(name):#x}, "
                    f"record {self.shown.tolist()}"
                )
        self.compared += 1

    async def cycle_of(self, write=None, read=None, **more):
        """One cycle: write is (slot, beat, data), read a slot, if the distance to the last read allows it."""
        now = dict(self.idle)
        if write:
            slot, beat, data = write
            now |= {"record_write": 1, "record_slot": slot, "record_beat": beat, "record_data": word(data)}
            self.slots[slot, :, beat * self.depth : (beat + 1) * self.depth] = data
        if read is not None and self.rest == 0:
            if self.lead:
                now |= {"read": 1, "read_slot": read}
            self.due.append((self.lead, read))
            self.rest = self.reads
        if self.due and self.due[0][0] == 0:
            now |= {"load": 1, "load_slot": self.due[0][1]}
        self.drive(**now, **more)
        await self.step()
        if now["load"]:
            self.shown = self.slots[self.due.pop(0)[1]].copy()
        self.due = [(wait - 1, slot) for wait, slot in self.due]
        self.rest = max(0, self.rest - 1)

    async def write(self, slot, meanwhile=lambda: None, pause=0.3):
        """A random record, beat by beat; no read of this slot is on its way, or comes meanwhile."""
        while any(used == slot for _, used in self.due):
            await self.cycle_of()
        self.known[slot] = False
        for beat in range(self.beats):
            data = self.rng.integers(0, 256, (self.cols, self.depth), np.uint8)
            await self.cycle_of((slot, beat, data), meanwhile())
            if self.rng.random() < pause:
                await self.cycle_of(None, meanwhile())
        self.known[slot] = True

    def some(self):
        """One of the existing records in 7 of 10 cases, else None."""
        known = np.flatnonzero(self.known)
        return int(self.rng.choice(known)) if known.size and self.rng.random() < 0.7 else None

    async def all_loaded(self):
        while self.due:
            await self.cycle_of()


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def records(dut):
    """Records written beat by beat into random slots, while others are read."""
    tb = TB(dut)
    await tb.start()
    for i in range(100):
        slot = i if i < 4 else int(tb.rng.integers(4))
        await tb.write(slot, tb.some)
        # The memory is read from READS cycles before `load` on: 2 cycles after the last beat, or later.
        if tb.reads == 1 or tb.lead == tb.reads:
            await tb.cycle_of()
        while tb.rest:
            await tb.cycle_of()
        await tb.cycle_of(None, slot)
    await tb.all_loaded()
    for _ in range(100):
        await tb.cycle_of(None, tb.some())
    await tb.all_loaded()
    await tb.cycle_of()
    assert tb.compared > 300


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def reset(dut):
    """A reset in each cycle of a read: the next read finds its own record."""
    tb = TB(dut)
    await tb.start()
    for slot in range(4):
        await tb.write(slot)
    for cycle in range(tb.lead + 1):
        for slot in range(4):
            await tb.cycle_of(None, slot)
            for _ in range(cycle):
                await tb.cycle_of()
            tb.due, tb.shown = [], None
            await tb.cycle_of(rst=1)
            tb.rest = 0
            for _ in range(tb.lead):  # no tile of an earlier life is left in the array
                await tb.cycle_of(rst=0)
            await tb.cycle_of(None, 3 - slot)
            await tb.all_loaded()
            await tb.cycle_of()
    assert tb.compared >= 4 * (tb.lead + 1)
