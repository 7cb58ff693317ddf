# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""packet_gate in the simulator.

What could be wrong here, and which case would show it:
  the rest of a packet cut by a restart is let in           `restarts`, `corners`: the model follows packets
  the next packet is discarded too, or its first beat       the same: a packet of one beat follows
  discarding waits for the core                             out_ready is low at random, and does not matter
  a restart between two packets discards one                `corners`
  a restart while still discarding ends the discarding      `corners`: two restarts in one packet
  the tlast offered during the restart is lost              `corners`: it ends the discarding afterwards
  a system reset must clear the open packet                 `system_reset`
"""

import cocotb

from tb.lib.axis import STALLS, Source, pauses
from tb.lib.kit import Bench, Part


class TB(Bench):
    """A source of numbered beats, a core that is ready or not; the model follows the packets."""

    def __init__(self, dut, stalls="none"):
        super().__init__(dut, soft_reset=0, out_ready=0)
        before, after = STALLS[stalls]
        self.source = Source(self, "in_valid", "in_ready", ["in_last"], pauses(before, self.rng))
        self.ready_pause = pauses(after, self.rng)
        self.open = self.discard = False  # the model's state
        self.restart = 0
        self.passed = self.discarded = 0  # packets begun to pass, beats discarded
        self.parts += [Part(self.core), Part(sample=self.check)]

    def core(self):
        self.ready = int(not next(self.ready_pause))
        self.drive(out_ready=self.ready, soft_reset=self.restart)

    def check(self):
        """Every output from the model; Source has sampled before, so an accepted beat is in `taken`."""
        taken = bool(self.source.taken) and self.source.taken[-1][0] == self.cycle
        beat = self.source.taken[-1][1] if taken else self.source.offered
        offered = beat is not None
        ready = 0 if self.restart else int(self.discard or self.ready)
        state = f"discarding {self.discard}, restart {self.restart}"
        self.equal(self.read("in_ready"), ready, f"in_ready, {state}")
        self.equal(self.read("accepted"), int(offered and ready), "accepted")
        self.equal(
            self.read("out_valid"),
            int(offered and not self.discard and not self.restart),
            f"out_valid, {state}",
        )
        if self.restart:
            self.discard = self.discard or self.open
        elif taken:
            self.discarded += self.discard
            self.passed += not self.discard and not self.open
            self.open = not beat["in_last"]
            self.discard = self.discard and self.open

    def send(self, *lengths):
        for length in lengths:
            self.source.send(*[int(i == length - 1) for i in range(length)])

    async def restarted(self):
        self.restart = 1
        await self.step()
        self.restart = 0


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(stalls=list(STALLS))
async def restarts(dut, stalls):
    """Packets of 1 to 6 beats, random restarts; afterwards another packet passes completely."""
    tb = TB(dut, stalls)
    await tb.start()
    tb.send(*tb.rng.integers(1, 7, 60).tolist())
    while not tb.source.empty:
        if tb.rng.random() < 0.08:
            await tb.restarted()
        else:
            await tb.step()
    before = tb.passed
    tb.send(3, 1)
    await tb.until(lambda: tb.source.empty)
    tb.equal(tb.passed, before + 2, "packets passed at the end")
    assert tb.discarded > 0


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def corners(dut):
    """Restarts before, between, twice within a packet, and while a tlast is offered."""
    tb = TB(dut)
    await tb.start()
    for sent, wait, count, discarded in (
        ((2, 1), 0, 1, 0),  # before its first beat
        ((2, 1), 2, 1, 0),  # between two packets
        ((4, 1), 1, 1, 3),  # after its first beat
        ((4, 1), 1, 3, 3),  # three in a row
        ((4, 1), 3, 1, 1),  # while its tlast is offered
        ((1, 1, 3), 1, 2, 0),
    ):
        tb.send(*sent)
        before, passed = tb.discarded, tb.passed
        await tb.step(wait)
        for _ in range(count):
            await tb.restarted()
            if count == 3:
                await tb.step(1 if tb.source.queue else 0)
        await tb.until(lambda: tb.source.empty)
        tb.equal(tb.discarded - before, discarded, f"beats discarded, packets {sent}, restart after {wait}")
        tb.equal(tb.passed - passed, len(sent), "packets let in, the cut one included")


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def system_reset(dut):
    """After a system reset no packet is open, and nothing is discarded."""
    tb = TB(dut)
    await tb.start()
    for discarding in (False, True):
        tb.send(5)
        await tb.step(2)
        if discarding:
            await tb.restarted()
            await tb.step()
        tb.drive(rst=1)
        tb.source.clear()
        await tb.step()
        tb.drive(rst=0)
        tb.open = tb.discard = False
        before, passed = tb.discarded, tb.passed
        await tb.restarted()
        tb.send(2, 1)
        await tb.until(lambda: tb.source.empty)
        tb.equal((tb.discarded - before, tb.passed - passed), (0, 2), "discarded beats, passed packets")
