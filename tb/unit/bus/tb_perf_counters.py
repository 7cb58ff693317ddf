# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""perf_counters in the simulator.

What could be wrong here, and which case would show it:
  an event counted by another counter, twice, never     `events`: random and single events, each counter read
                                                        in turn and compared
  an event lost while its counter goes to memory        `events`: every event in every cycle, for many scans
  a counter that is not read overflows its four bits    `unread`: 300 events before the first read
  first input beat or latest output beat not counted    `first_and_last`
  cycles run on after the last output beat              the same: idle cycles follow
  they count before the first input beat                `events`: events without a beat come first
  a counter wraps, ratios do not hold                   `freeze`: WIDTH 4 and 8, run into the largest value
  clear misses one, or leaves the timer running         `clear`, at any time, and from the frozen state
  an event of the cycle of clear, or before it, counts  `clear`: every event in both
  a read too late, twice, unasked, of another time      every read: to the cycle that the header names
"""

import cocotb

from tb.lib.kit import Bench, Part

EVENTS = {
    "issue": "busy_cycles",
    "tile": "tiles",
    "stall_a": "stall_a_cycles",
    "stall_w": "stall_w_cycles",
    "stall_out": "stall_out_cycles",
    "pad": "pad_cycles",
}
COUNTERS = ["cycles", *EVENTS.values()]  # by read_index
SCAN = 8  # cycles


class TB(Bench):
    """The model counts in Python's integers; a reader reads one counter after the other, all the time."""

    def __init__(self, dut):
        self.idle = {**dict.fromkeys(EVENTS, 0), "beat_in": 0, "beat_out": 0, "clear": 0}
        super().__init__(dut, reset=None, read=0, read_index=None, **self.idle)
        self.limit = 2 ** self.parameter("WIDTH") - 1
        self.counts = dict.fromkeys(COUNTERS, 0)
        self.timer, self.running, self.known = 0, False, False
        self.waiting = {}  # events of the cycle before, in the unit's registers
        self.history = {}  # cycle: counts of all events up to two cycles before it
        self.read_since = None  # first cycle of the read in progress
        self.index, self.pause, self.cleared = 0, 0.0, 0
        self.values = {}  # of the latest reads
        self.done = 0
        self.parts.append(Part(drive=self.ask, sample=self.check))

    async def begin(self):
        await self.start()
        await self.cycle_of(clear=1)

    async def cycle_of(self, **events):
        """One cycle with these events."""
        self.drive(**{**self.idle, **events})
        self.history[self.cycle] = dict(self.counts)
        await self.step()
        self.known = True
        before, self.waiting = self.waiting, events
        if events.get("clear"):
            self.counts = dict.fromkeys(self.counts, 0)
            self.timer, self.running, self.waiting = 0, False, {}
            self.cleared = self.cycle - 1
        elif (self.running or before.get("beat_in")) and self.timer < self.limit:
            self.running = True
            self.timer += 1
            for event, counter in EVENTS.items():
                self.counts[counter] += before.get(event, 0)
            if before.get("beat_out"):
                self.counts["cycles"] = self.timer

    def ask(self):
        if self.read_since is None and self.known and self.rng.random() >= self.pause:
            self.index = int(self.rng.integers(len(COUNTERS)))
            self.read_since = self.cycle
            self.drive(read=1, read_index=self.index)

    def check(self):
        if not self.known:
            return
        self.equal(self.read("full"), int(self.timer == self.limit), f"full, timer {self.timer}")
        done = self.read("read_done")
        if self.read_since is None:
            self.equal(done, 0, "read_done without a read")
            return
        waited = self.cycle - self.read_since
        if done:
            name = COUNTERS[self.index]
            assert waited >= 2, f"read_done {waited} cycles after read"
            expected = self.history[self.cycle - 3][name]
            self.equal(self.read("read_value"), expected, f"{name}, timer {self.timer}")
            self.values[name] = expected
            self.read_since = None
            self.done += 1
            # `read` ends after the edge at which its reader sees read_done
            self.parts.append(Part(drive=self.release))
        else:
            since = max(self.read_since, self.cleared + SCAN + 1)
            assert self.cycle - since < SCAN + 1, f"no read_done {waited} cycles after read"

    def release(self):
        self.parts.pop()
        if self.read_since is None:
            self.drive(read=0, read_index=None)

    async def read_all(self):
        """Idle cycles until each counter was read; their values, and none of a read begun before."""
        for _ in range(3):
            await self.cycle_of()
        while self.read_since is not None:
            await self.cycle_of()
        self.values = {}
        while len(self.values) < len(COUNTERS):
            await self.cycle_of()
        return self.values


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def events(dut):
    """Events before the first beat count nothing; afterwards each has its own counter."""
    tb = TB(dut)
    await tb.begin()
    for event in EVENTS:
        await tb.cycle_of(**{event: 1})
    await tb.cycle_of(beat_out=1)
    await tb.cycle_of(beat_in=1, **dict.fromkeys(EVENTS, 1))
    for event in EVENTS:
        await tb.cycle_of(**{event: 1})
    for chance in (0.4, 1, 0.05, 0.9):
        for _ in range(300):
            await tb.cycle_of(**{name: int(tb.rng.random() < chance) for name in tb.idle if name != "clear"})
    await tb.read_all()
    assert tb.done > 100


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def unread(dut):
    """No read for a long time: all events in between are counted."""
    tb = TB(dut)
    await tb.begin()
    tb.pause = 1.0
    for chance in (1, 0.6, 0.1):
        for _ in range(100):
            await tb.cycle_of(beat_in=1, **{name: int(tb.rng.random() < chance) for name in EVENTS})
    tb.pause = 0.3
    values = await tb.read_all()
    assert all(values[name] > min(150, tb.limit / 2) for name in EVENTS.values())


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def first_and_last(dut):
    """CYCLES counts the first input beat and the latest output beat, both included."""
    tb = TB(dut)
    await tb.begin()
    for wait in (0, 1, 5):
        await tb.cycle_of(clear=1)
        await tb.cycle_of(beat_in=1, beat_out=int(wait == 0))
        for i in range(wait):
            await tb.cycle_of(beat_out=int(i == wait - 1))
        tb.equal((await tb.read_all())["cycles"], wait + 1, "cycles")


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def freeze(dut):
    """Run into the largest value: all of them stop at once and hold, and clear restarts them."""
    tb = TB(dut)
    await tb.begin()
    if tb.limit > 1000:
        return await short_of_it(tb)
    for _ in range(2):
        await tb.cycle_of(beat_in=1)
        for _ in range(tb.limit + 20):
            await tb.cycle_of(**{name: int(tb.rng.random() < 0.7) for name in tb.idle if name != "clear"})
        assert tb.timer == tb.limit
        await tb.read_all()
        await tb.cycle_of(clear=1)
        await tb.cycle_of()


async def short_of_it(tb):
    """WIDTH 32: far from full."""
    for _ in range(50):
        await tb.cycle_of(**{name: 1 for name in tb.idle if name != "clear"})
    tb.equal(tb.read("full"), 0, "full")


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def clear(dut):
    """Cleared at any time, events in the same cycle included; counting waits for the next input beat."""
    tb = TB(dut)
    await tb.begin()
    for _ in range(20):
        for _ in range(int(tb.rng.integers(1, 15))):
            await tb.cycle_of(**{name: int(tb.rng.random() < 0.6) for name in tb.idle if name != "clear"})
        await tb.cycle_of(**{name: 1 for name in tb.idle if name != "clear"})
        await tb.cycle_of(clear=1, **{name: 1 for name in tb.idle if name != "clear"})
        await tb.cycle_of(issue=1, beat_out=1)
        for _ in range(int(tb.rng.integers(0, 30))):
            await tb.cycle_of(beat_in=1, **{name: int(tb.rng.random() < 0.6) for name in EVENTS})
