# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""perf_counters in the simulator.

What could be wrong here, and which case would show it:
  an event counted by another counter, twice, never         `events`: random and single events, each counter
                                                            compared in every cycle
  the first input beat or latest output beat not counted    `first_and_last`
  cycles run on after the last output beat                  the same: idle cycles follow
  they count before the first input beat                    `events`: events without a beat come first
  a counter wraps, ratios are wrong                         `freeze`: WIDTH 4 and 8, up to the maximum
  clear misses one, or leaves the timer running             `clear`, at any time, and from the frozen state
  an event of the cycle of clear, or before it, counts      `clear`: every event in both
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


class TB(Bench):
    """The model counts in Python's integers."""

    def __init__(self, dut):
        self.idle = {**dict.fromkeys(EVENTS, 0), "beat_in": 0, "beat_out": 0, "clear": 0}
        super().__init__(dut, reset=None, **self.idle)
        self.limit = 2 ** self.parameter("WIDTH") - 1
        self.counts = dict.fromkeys(["cycles", *EVENTS.values()], 0)
        self.timer, self.running, self.known = 0, False, False
        self.waiting = {}  # events of the cycle before, in the unit's register
        self.parts.append(Part(sample=self.check))

    async def begin(self):
        await self.start()
        await self.cycle_of(clear=1)

    async def cycle_of(self, **events):
        """One cycle with these events."""
        self.drive(**{**self.idle, **events})
        await self.step()
        self.known = True
        before, self.waiting = self.waiting, events
        if events.get("clear"):
            self.counts = dict.fromkeys(self.counts, 0)
            self.timer, self.running, self.waiting = 0, False, {}
        elif (self.running or before.get("beat_in")) and self.timer < self.limit:
            self.running = True
            self.timer += 1
            for event, counter in EVENTS.items():
                self.counts[counter] += before.get(event, 0)
            if before.get("beat_out"):
                self.counts["cycles"] = self.timer

    def check(self):
        if self.known:
            for name, expected in self.counts.items():
                self.equal(self.read(name), expected, f"{name} of {self.counts}, timer {self.timer}")
            self.equal(self.read("full"), int(self.timer == self.limit), f"full, timer {self.timer}")


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
    for _ in range(300):
        await tb.cycle_of(**{name: int(tb.rng.random() < 0.4) for name in tb.idle if name != "clear"})
    await tb.cycle_of()


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
        for _ in range(6):
            await tb.cycle_of()
        tb.equal(tb.read("cycles"), wait + 1, "cycles")


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def freeze(dut):
    """Count to the maximum: all counters stop at once, the state stays, and clear restarts them."""
    tb = TB(dut)
    await tb.begin()
    if tb.limit > 1000:
        return await short_of_it(tb)
    for _ in range(2):
        await tb.cycle_of(beat_in=1)
        for _ in range(tb.limit + 20):
            await tb.cycle_of(**{name: int(tb.rng.random() < 0.7) for name in tb.idle if name != "clear"})
        assert tb.timer == tb.limit
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
