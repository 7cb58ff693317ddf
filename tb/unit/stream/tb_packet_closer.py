# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""packet_closer in the simulator.

What could be wrong here, and which case would show it:
  a packet left without tlast after a restart             `restarts`, at every beat of a packet
  a closing beat where no packet is open                  the same: the model counts them
  an offered beat withdrawn or changed by the restart     the sink checks every beat it stalls
  the closing beat counts as data, or shows a later row   compared: tlast, tkeep 0, the data before
  it comes before the beat still offered, or replaces it  restarts with the output blocked
  a beat of the next tile overtakes the closing beat      the next packet is offered at once
  a second restart before the closing beat has left       `twice`
  throughput, latency                                     `stream` without stalls: 1 cycle, a beat per cycle
"""

import cocotb

from tb.lib.axis import STALLS, Sink, Source, pauses
from tb.lib.kit import Bench

CLOSING = "closing beat"


class TB(Bench):
    """Source (the FIFO), sink (m_axis); the model is the list of beats taken, with closing beats in it."""

    def __init__(self, dut, stalls="none"):
        super().__init__(dut, soft_reset=0)
        self.data_w, self.keep_w = self.parameter("DATA_W"), self.parameter("KEEP_W")
        before, after = STALLS[stalls]
        self.source = Source(
            self, "in_valid", "in_ready", ["in_data", "in_keep", "in_last"], pauses(before, self.rng)
        )
        self.sink = Sink(
            self, "out_valid", "out_ready", ["out_data", "out_keep", "out_last"], pauses(after, self.rng)
        )
        self.closings = []  # how many beats had been taken when each came due

    def bits(self, width):
        return int.from_bytes(self.rng.bytes(width // 8 + 1), "little") % 2**width

    def send(self, *lengths):
        for length in lengths:
            self.source.send(
                *(
                    {
                        "in_data": self.bits(self.data_w),
                        "in_keep": self.bits(self.keep_w),
                        "in_last": int(i == length - 1),
                    }
                    for i in range(length)
                )
            )

    def expected(self):
        out = [tuple(beat.values()) for _, beat in self.source.taken]
        for i, at in enumerate(self.closings):
            out.insert(at + i, CLOSING)
        return out

    async def restart(self):
        """One cycle of restart: the FIFO's content is gone in the next one."""
        self.drive(soft_reset=1)
        await self.step()
        self.drive(soft_reset=0)
        self.source.clear()
        taken = len(self.source.taken)
        if taken and not self.source.taken[-1][1]["in_last"] and taken not in self.closings:
            self.closings.append(taken)

    async def finish(self):
        """Check that exactly the accepted beats were sent, with closing beats after truncated packets."""
        await self.until(lambda: self.source.empty and len(self.sink.beats) >= len(self.expected()))
        await self.step(5)
        for i, (got, want) in enumerate(zip(self.sink.values, self.expected())):
            if want == CLOSING:
                self.equal(got, (self.sink.values[i - 1][0], 0, 1), f"beat {i}, a closing beat")
            else:
                self.equal(got, want, f"beat {i}: data, keep, last")
        self.equal(len(self.sink.beats), len(self.expected()), "beats")
        self.equal(self.read("out_valid"), 0, "out_valid at the end")
        self.equal(self.sink.values[-1][2], 1, "tlast of the latest beat")


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(stalls=list(STALLS))
async def stream(dut, stalls):
    """Nothing is lost or changed without a restart."""
    tb = TB(dut, stalls)
    await tb.start()
    tb.send(*tb.rng.integers(1, 7, 40).tolist())
    await tb.finish()
    if stalls == "none":
        for i, ((taken, _), (came, _)) in enumerate(zip(tb.source.taken, tb.sink.beats)):
            tb.equal((taken, came), (i, i + 1), f"cycles of beat {i}, in and out")


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(stalls=list(STALLS))
async def restarts(dut, stalls):
    """Random restarts; the next packet is offered in the next cycle."""
    tb = TB(dut, stalls)
    await tb.start()
    for _ in range(40):
        tb.send(4, 2, 1)
        await tb.step(int(tb.rng.integers(0, 12)))
        await tb.restart()
    tb.send(3)
    await tb.finish()
    assert stalls in ("late_in",) or len(tb.closings) > 5


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def each_beat(dut):
    """A restart after each beat of a packet, with the output open and blocked."""
    tb = TB(dut)
    await tb.start()
    for blocked in (False, True):
        for after in range(0, 6):
            tb.send(4)
            await tb.step(after if not blocked else min(after, 1))
            tb.sink.blocked = blocked
            await tb.step()
            await tb.restart()
            tb.send(2)
            await tb.step(4)
            tb.sink.blocked = False
            await tb.finish()


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def twice(dut):
    """Restarts again and again while the output is blocked: one closing beat."""
    tb = TB(dut)
    await tb.start()
    tb.sink.blocked = True
    tb.send(4)
    await tb.step(3)
    for wait in (0, 1, 3):
        await tb.restart()
        await tb.step(wait)
    tb.sink.blocked = False
    await tb.restart()  # in the cycle in which the closing beat moves up
    tb.send(1)
    await tb.finish()
    tb.equal(len(tb.closings), 1, "closing beats")


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def system_reset(dut):
    """The system reset drops everything, including a pending closing beat."""
    tb = TB(dut)
    await tb.start()
    for closing in (False, True):
        tb.sink.blocked = True
        tb.send(4)
        await tb.step(3)
        if closing:
            await tb.restart()
        tb.drive(rst=1)
        tb.source.clear()
        await tb.step()
        tb.drive(rst=0)
        tb.sink.forget()
        tb.sink.blocked = False
        for log in (tb.source.taken, tb.sink.beats, tb.closings):
            log.clear()
        await tb.step(3)
        tb.equal(len(tb.sink.beats), 0, "beats after the reset")
        await tb.restart()  # no packet is open
        tb.send(2)
        await tb.finish()
