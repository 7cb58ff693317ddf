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

from tb.lib.axis import STALLS
from tb.lib.register_slice import SliceBench


class TB(SliceBench):
    """A beat is one word."""

    def __init__(self, dut, stalls="none"):
        self.width = int(dut.WIDTH.value)
        super().__init__(dut, stalls, {"in_data": self.width}, "out_data")


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(stalls=list(STALLS))
async def stream(dut, stalls):
    """A thousand beats, nothing lost, doubled or changed."""
    await TB(dut, stalls).stream(stalls)


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
        await tb.hold(entries)
        tb.send(5)
        await tb.finish()
        tb.forget()
