# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""release_watchdog in the simulator.

What could be wrong here, and which case would show it:
  one cycle early or late       `limits`: 1, 2, 3, 7, 200: the strobe in exactly that cycle of the wait
  0 does not switch it off      `limits`: a long wait with 0
  a wait that was broken still counts   `breaks`: one cycle of activations, or of no weights, just before
  it fires under back-pressure                 `breaks`: blocked with activations offered
  a limit lowered below the time already waited is missed, for 2^32 cycles     `lowered`
"""

import cocotb

from tb.lib.kit import Bench, Part


class TB(Bench):
    """The model counts cycles of waiting since the latest break or strobe."""

    def __init__(self, dut):
        super().__init__(dut, limit=0, blocked=0, offered=0)
        self.waited = self.strobes = 0
        self.limit = 0  # that of the cycle before counts
        self.parts.append(Part(sample=self.check))
        self.now = {"limit": 0, "blocked": 0, "offered": 0}

    async def cycles(self, count, **inputs):
        self.now.update(inputs)
        self.drive(**self.now)
        await self.step(count)

    def check(self):
        waiting = self.now["blocked"] and not self.now["offered"] and self.limit
        self.waited = self.waited + 1 if waiting else 0
        stuck = bool(waiting and self.waited >= self.limit)
        self.limit = self.now["limit"]
        self.equal(self.read("stuck"), int(stuck), f"stuck after {self.waited} cycles, inputs {self.now}")
        if stuck:
            self.waited = 0
            self.strobes += 1


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def limits(dut):
    """The strobe comes in the limit-th cycle of the wait."""
    tb = TB(dut)
    await tb.start()
    for limit in (1, 2, 3, 7, 200):
        before = tb.strobes
        await tb.cycles(2, limit=limit, blocked=0)
        await tb.cycles(limit - 1, blocked=1)
        tb.equal(tb.strobes, before, "strobes before the limit")
        await tb.cycles(1)
        tb.equal(tb.strobes, before + 1, "strobes at the limit")
    await tb.cycles(1, blocked=0, limit=0)
    await tb.cycles(500, blocked=1)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def breaks(dut):
    """A break one cycle before the end restarts the wait; random waits."""
    tb = TB(dut)
    await tb.start()
    for limit in (2, 5, 9):
        for broken in ({"blocked": 0, "offered": 0}, {"blocked": 1, "offered": 1}):
            await tb.cycles(limit - 1, limit=limit, blocked=1, offered=0)
            await tb.cycles(1, **broken)
            tb.equal(tb.strobes, 0, "strobes")
    await tb.cycles(300, blocked=1, offered=1)
    tb.equal(tb.strobes, 0, "strobes")
    for _ in range(500):
        blocked, offered = (int(v) for v in tb.rng.random(2) < (0.8, 0.2))
        await tb.cycles(int(tb.rng.integers(1, 4)), limit=5, blocked=blocked, offered=offered)
    assert tb.strobes > 10


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def lowered(dut):
    """A limit lowered in mid-wait to less than has been waited: in the cycle it counts from."""
    tb = TB(dut)
    await tb.start()
    await tb.cycles(50, limit=1000, blocked=1)
    await tb.cycles(2, limit=20)
    tb.equal(tb.strobes, 1, "strobes")
    await tb.cycles(1, rst=1)
    tb.waited = 0
    await tb.cycles(19, rst=0)
    tb.equal(tb.strobes, 1, "strobes 19 cycles after the reset")
