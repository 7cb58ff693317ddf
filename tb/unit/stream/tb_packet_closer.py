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
  a part lost, in the wrong place, offered too early, or  all, with PARTS above 1: each beat comes in random
  kept over a restart                                     parts, and the model composes them
  throughput, latency                                     `stream` without stalls: 1 cycle, a beat per cycle
"""

import cocotb
import numpy as np

from tb.lib.axis import STALLS, Sink, Source, pauses
from tb.lib.kit import Bench

CLOSING = "closing beat"


class TB(Bench):
    """Source (the FIFO), sink (m_axis); the model is the list of beats accepted, with closing beats in it."""

    def __init__(self, dut, stalls="none"):
        super().__init__(dut, soft_reset=0)
        self.data_w, self.keep_w = self.parameter("DATA_W"), self.parameter("KEEP_W")
        before, after = STALLS[stalls]
        self.part_count = self.parameter("PARTS")
        names = ("data", "enable", "partial", "keep", "last")
        self.source = Source(
            self, "in_valid", "in_ready", [f"in_{name}" for name in names], pauses(before, self.rng)
        )
        self.sink = Sink(
            self, "out_valid", "out_ready", ["out_data", "out_keep", "out_last"], pauses(after, self.rng)
        )
        self.closings = []  # how many beats had been taken when each came due

    def bits(self, width):
        return int.from_bytes(self.rng.bytes(width // 8 + 1), "little") % 2**width

    def send(self, *lengths):
        for length in lengths:
            for i in range(length):
                self.source.send(*self.beat(int(i == length - 1)))

    def beat(self, last):
        """A beat in one to PARTS transfers, each of which loads some parts, in the end every one."""
        order = self.rng.permutation(self.part_count).tolist()
        count = int(self.rng.integers(1, self.part_count + 1))
        again = self.rng.random((count, self.part_count)) < 0.3  # parts loaded once more
        for i in range(count):
            chosen = order[i::count] + np.flatnonzero(again[i]).tolist()
            final = i == count - 1
            yield {
                "in_data": self.bits(self.data_w),
                "in_enable": sum(1 << part for part in set(chosen)),
                "in_partial": int(not final),
                "in_keep": self.bits(self.keep_w),
                "in_last": last if final else self.bits(1),
            }

    def beats_taken(self):
        """(data, keep, last) of the complete beats that were accepted."""
        out, data, width = [], 0, self.data_w // self.part_count
        for _, part in self.source.taken:
            mask = sum(
                ((1 << width) - 1) << p * width for p in range(self.part_count) if part["in_enable"] >> p & 1
            )
            data = data & ~mask | part["in_data"] & mask
            if not part["in_partial"]:
                out.append((data, part["in_keep"], part["in_last"]))
        return out

    def expected(self):
        out = self.beats_taken()
        for i, at in enumerate(self.closings):
            out.insert(at + i, CLOSING)
        return out

    async def restart(self):
        """One cycle of restart: the FIFO's content is gone in the next one."""
        self.drive(soft_reset=1)
        await self.step()
        self.drive(soft_reset=0)
        self.source.clear()
        beats = self.beats_taken()
        if beats and not beats[-1][2] and len(beats) not in self.closings:
            self.closings.append(len(beats))

    async def finish(self):
        """Check that exactly the accepted beats were sent, with closing beats after truncated packets."""
        await self.until(lambda: self.source.empty and len(self.sink.beats) >= len(self.expected()))
        await self.step(5)
        for i, (got, want) in enumerate(zip(self.sink.values, self.expected())):
            if want == CLOSING:
                self.equal(got[1:], (0, 1), f"beat {i}, a closing beat: keep, last")
                if self.part_count == 1:
                    self.equal(got[0], self.sink.values[i - 1][0], f"beat {i}, a closing beat: data")
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
        ends = [i for i, (_, part) in enumerate(tb.source.taken) if not part["in_partial"]]
        tb.equal([cycle for cycle, _ in tb.source.taken], list(range(len(tb.source.taken))), "cycles in")
        tb.equal([cycle for cycle, _ in tb.sink.beats], [i + 1 for i in ends], "cycles out")


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
