# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""panel_record in the simulator.

What could be wrong here, and which case would show it:
  a byte in the wrong field, or in the wrong column    random records; every field of every column is compared
  the last beat's padding taken for data               random padding, DEPTH 5, 7 and 8
  a slot written over another                          four slots, written and read at random
  a write without `record_write`, a read without `read`    data, slot and beat are X then; outputs stand still
  latency                                              outputs change one cycle after `read`, and have what
                                                       was written 2 cycles before it
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
        self.idle_write = {"record_write": 0, "record_slot": None, "record_beat": None, "record_data": None}
        super().__init__(dut, reset=None, read=0, read_slot=None, **self.idle_write)
        self.cols, self.depth = self.parameter("COLS"), self.parameter("LANE_BYTES")
        self.beats = -(-12 // self.depth)
        self.slots = np.zeros((4, self.cols, self.beats * self.depth), np.uint8)
        self.known = np.zeros(4, bool)
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

    async def cycle_of(self, write=None, read=None):
        """One cycle: write is (slot, beat, data), read a slot."""
        if write:
            slot, beat, data = write
            self.drive(record_write=1, record_slot=slot, record_beat=beat, record_data=word(data))
            self.slots[slot, :, beat * self.depth : (beat + 1) * self.depth] = data
        else:
            self.drive(**self.idle_write)
        self.drive(read=int(read is not None), read_slot=read)
        await self.step()
        if read is not None:
            self.shown = self.slots[read].copy()


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def records(dut):
    """Records written beat by beat into random slots, while others are read."""
    tb = TB(dut)
    await tb.start()
    for i in range(100):
        slot = i if i < 4 else int(tb.rng.integers(4))
        for beat in range(tb.beats):
            data = tb.rng.integers(0, 256, (tb.cols, tb.depth), np.uint8)
            others = np.flatnonzero(tb.known & (np.arange(4) != slot))
            read = int(tb.rng.choice(others)) if others.size and tb.rng.random() < 0.5 else None
            await tb.cycle_of((slot, beat, data), read)
            if tb.rng.random() < 0.3:
                await tb.cycle_of(None)
        tb.known[slot] = True
        await tb.cycle_of()
        await tb.cycle_of(None, slot)  # 2 cycles after the last beat
    await tb.cycle_of()
    assert tb.compared > 300
