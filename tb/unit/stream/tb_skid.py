# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""skid in the simulator.

What could be wrong here, and which case would show it:
  a beat lost or doubled when the downstream stops   `stream`, every pair of pauses: order and number
  an offer changed or withdrawn                      the sink checks every beat it stalls
  throughput of one in two                           `stream` without stalls: latency 1, a beat per cycle
  ready depends on this cycle's inputs               `ready_is_a_register`: inputs change in mid-cycle
  the second entry survives a reset                  `reset_empties`, with one and with two entries held
"""

import cocotb
from cocotb.triggers import FallingEdge, RisingEdge, Timer

from tb.lib.axis import STALLS, Sink, Source, pauses
from tb.lib.kit import Bench


class TB(Bench):
    """Source, sink; the model is the list of what was sent."""

    def __init__(self, dut, stalls="none"):
        super().__init__(dut)
        self.width = self.parameter("WIDTH")
        before, after = STALLS[stalls]
        self.source = Source(self, "in_valid", "in_ready", ["in_data"], pauses(before, self.rng))
        self.sink = Sink(self, "out_valid", "out_ready", ["out_data"], pauses(after, self.rng))
        self.expected = []

    def send(self, count):
        beats = [
            int.from_bytes(self.rng.bytes(self.width // 8 + 1), "little") % 2**self.width
            for _ in range(count)
        ]
        self.source.send(*beats)
        self.expected += beats

    async def finish(self):
        """Check that all beats sent were received in order, and nothing else."""
        await self.until(lambda: len(self.sink.beats) >= len(self.expected))
        await self.step(50)
        for i, (got, want) in enumerate(zip(self.sink.values, self.expected)):
            self.equal(got, want, f"beat {i}")
        self.equal(len(self.sink.beats), len(self.expected), "beats")
        assert self.source.empty
        self.equal((self.read("out_valid"), self.read("in_ready")), (0, 1), "valid and ready at the end")


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(stalls=list(STALLS))
async def stream(dut, stalls):
    """A thousand beats, nothing lost, doubled or changed."""
    tb = TB(dut, stalls)
    tb.send(1000 if stalls == "none" else 400)
    await tb.start()
    await tb.finish()
    if stalls == "none":
        for i, ((taken, _), (came, _)) in enumerate(zip(tb.source.taken, tb.sink.beats)):
            tb.equal((taken, came), (i, i + 1), f"cycles of beat {i}, in and out")


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def ready_is_a_register(dut):
    """in_ready, out_valid and out_data stay as they are while the inputs change within a cycle."""
    tb = TB(dut)
    tb.parts.clear()
    await tb.start()
    held = []  # of the two entries
    for _ in range(300):
        ready, valid = tb.read("in_ready"), len(held) > 0
        for _ in range(3):
            offer, take, data = (int(tb.rng.integers(high)) for high in (2, 2, 2 ** min(tb.width, 30)))
            tb.drive(in_valid=offer, in_data=data, out_ready=take)
            await Timer(1, "ns")
            tb.equal(tb.read("in_ready"), int(len(held) < 2), f"in_ready, {len(held)} held")
            tb.equal(tb.read("out_valid"), int(valid), f"out_valid, {len(held)} held")
            if valid:
                tb.equal(tb.read("out_data"), held[0], "out_data")
        ready = len(held) < 2
        if valid and take:
            held.pop(0)
        if offer and ready:
            held.append(data)
        await RisingEdge(dut.clk)
        await FallingEdge(dut.clk)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def reset_empties(dut):
    """A reset while one and while two entries are held: neither is sent."""
    tb = TB(dut)
    await tb.start()
    for entries in (1, 2):
        tb.sink.blocked = True
        tb.source.send(*range(entries))
        await tb.step(entries + 2)
        assert tb.source.empty
        tb.equal((tb.read("out_valid"), tb.read("in_ready")), (1, int(entries < 2)), f"flags, {entries} held")
        tb.drive(rst=1)
        await tb.step()
        tb.drive(rst=0)
        tb.sink.forget()
        tb.sink.blocked = False
        tb.expected.clear()
        tb.sink.beats.clear()
        tb.send(5)
        await tb.finish()
