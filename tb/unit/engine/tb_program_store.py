# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""program_store in the simulator: every beat played against the packet that was stored.

What could be wrong here, and which case would show it:
  a beat lost, doubled or moved                     `programs`: packets of 1 beat to all, both streams stalled
  a program played once only, or from the middle    each is played several times
  part of an old program after a shorter one        lengths are random
  a packet longer than the memory                   its first BEATS beats are played, with tlast
  a new packet in the middle of a play              `in_ready` is low while `play` or `playing` is high
  a packet truncated by a reset                     `resets`: not stored; a complete program stays
  a play that a reset does not stop, or cuts off    `resets_of_a_play`: in each of its first cycles
"""

import cocotb

from tb.lib.axis import STALLS, Sink, Source, pauses
from tb.lib.kit import Bench, Part


class TB(Bench):
    """Packets in, plays out."""

    def __init__(self, dut, stalls="none"):
        super().__init__(dut, core_rst=1, play=0)
        self.beats, self.bits = self.parameter("BEATS"), self.parameter("BEAT_W")
        feed, drain = STALLS[stalls]
        self.source = Source(self, "in_valid", "in_ready", ("in_data", "in_last"), pauses(feed, self.rng))
        self.sink = Sink(self, "out_valid", "out_ready", ("out_data", "out_last"), pauses(drain, self.rng))
        self.parts.append(Part(sample=self.sample_ready))

    def sample_ready(self):
        if self.read("in_ready") and (self.read("playing") or self.read("play")):
            self.fail("a packet is accepted while a program is played")

    async def begin(self):
        """Out of reset."""
        await self.start()
        self.drive(core_rst=0)

    def send(self, count, last=True):
        """Queue a packet of random beats; the beats, with tlast."""
        rows = [int(v) & (1 << self.bits) - 1 for v in self.rng.integers(0, 1 << 62, count)]
        for n, row in enumerate(rows):
            self.source.send({"in_data": row, "in_last": int(last and n == count - 1)})
        kept = rows[: self.beats]
        return [(row, int(n == len(kept) - 1)) for n, row in enumerate(kept)]

    async def play(self, expected):
        """Play the program, and compare."""
        self.drive(play=1)
        await self.step()
        self.drive(play=0)
        await self.until(
            lambda: len(self.sink.values) >= len(expected), 40 * len(expected) + 200, "the program"
        )
        await self.step(4)
        self.equal(self.sink.values, expected, "beats of the program")
        self.equal(self.read("playing"), 0, "playing at the end")
        self.sink.beats.clear()


@cocotb.test(timeout_time=4, timeout_unit="ms")
@cocotb.parametrize(stalls=list(STALLS))
async def programs(dut, stalls):
    """Packets of all kinds of lengths, each played twice; the next one waits for the second play to end."""
    tb = TB(dut, stalls)
    await tb.begin()
    counts = [1, tb.beats, tb.beats + 1, 2, *(int(n) for n in tb.rng.integers(1, 2 * tb.beats + 3, 4))]
    for count in counts:
        expected = tb.send(count)
        await tb.until(lambda: tb.source.empty, 4000, "the packet")
        await tb.step()
        tb.equal(tb.read("stored"), 1, "stored")
        await tb.play(expected)
        await tb.play(expected)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def resets(dut):
    """A packet truncated by core_rst is discarded, a complete one stays; an empty store plays nothing."""
    tb = TB(dut)
    await tb.begin()
    tb.equal(tb.read("stored"), 0, "stored after the reset")
    tb.drive(play=1)
    await tb.step()
    tb.drive(play=0)
    await tb.step(6)
    tb.equal(tb.sink.values, [], "beats without a program")
    expected = tb.send(3)
    await tb.until(lambda: tb.source.empty)
    await tb.step()
    tb.drive(core_rst=1)
    await tb.step()
    tb.drive(core_rst=0)
    await tb.play(expected)
    tb.send(2, last=False)
    await tb.until(lambda: tb.source.empty)
    await tb.step()
    tb.drive(core_rst=1)
    await tb.step()
    tb.drive(core_rst=0)
    await tb.step(2)
    tb.equal(tb.read("stored"), 0, "stored after a packet that was cut off")
    expected = tb.send(tb.beats)
    await tb.until(lambda: tb.source.empty)
    await tb.play(expected)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def resets_of_a_play(dut):
    """A play of which no beat was accepted is stopped by core_rst, from its first cycle on; others end."""
    tb = TB(dut)
    await tb.begin()
    expected = tb.send(tb.beats)
    await tb.until(lambda: tb.source.empty)
    await tb.step(2)
    for delay in (0, 1, 2, 4, 5, 8):  # the first beat is accepted in cycle 3
        tb.drive(play=1)
        for cycle in range(delay + 1):
            tb.drive(core_rst=int(cycle == delay))
            await tb.step()
            tb.drive(play=0)
        tb.drive(core_rst=0)
        await tb.step(tb.beats + 8)
        tb.equal(tb.sink.values, expected if delay > 3 else [], f"beats after a reset in cycle {delay}")
        tb.equal(tb.read("playing"), 0, f"playing after a reset in cycle {delay}")
        tb.sink.beats.clear()
        await tb.play(expected)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def latency(dut):
    """The example of the header: the first beat 3 cycles after `play`, one per cycle."""
    tb = TB(dut)
    await tb.begin()
    expected = tb.send(tb.beats)
    await tb.until(lambda: tb.source.empty)
    await tb.step(2)
    tb.drive(play=1)
    first = tb.cycle
    await tb.step()
    tb.drive(play=0)
    await tb.until(lambda: len(tb.sink.values) == len(expected))
    cycles = [cycle for cycle, _ in tb.sink.beats]
    tb.equal(cycles, [first + 3 + n for n in range(len(expected))], "cycles of the beats")
