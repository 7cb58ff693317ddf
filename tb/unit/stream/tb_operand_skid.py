# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""operand_skid in the simulator.

What could be wrong here, and which case would show it:
  a beat lost or doubled when the downstream stops   `stream`, every pair of pauses: order and number
  an offer changed or withdrawn                      the sink watches every beat it holds off
  data of another beat on op_data, or a cycle late   compared in the cycle behind each beat taken
  a waiting beat overwritten by the one behind it    `stream` with stops of one cycle and more
  throughput of one in two                           `stream` without pauses: 1 cycle latency, a beat a cycle
  ready depends on this cycle's inputs               `ready_is_a_register`: inputs change in mid-cycle
  an entry survives a reset                          `reset_empties`, with one and with two entries held
"""

import cocotb
from cocotb.triggers import FallingEdge, RisingEdge, Timer

from tb.lib.axis import STALLS
from tb.lib.kit import Part
from tb.lib.register_slice import SliceBench


class TB(SliceBench):
    """A beat has data and side bits; the data come one cycle after the beat was taken."""

    def __init__(self, dut, stalls="none"):
        self.widths = [int(dut.DATA_W.value), int(dut.SIDE_W.value)]
        super().__init__(dut, stalls, dict(zip(("in_data", "in_side"), self.widths)), "out_side")
        self.parts.append(Part(sample=self.check_data))
        self.compared = 0

    def check_data(self):
        """op_data is the beat taken in the cycle before."""
        taken = len(self.sink.beats)
        if self.compared < taken and self.sink.beats[self.compared][0] < self.cycle:
            data = self.expected[self.compared][0]
            self.equal(self.read("op_data"), data, f"op_data of beat {self.compared}")
            self.compared += 1

    def forget(self):
        super().forget()
        self.compared = 0

    async def finish(self):
        await super().finish()
        self.equal(self.compared, len(self.expected), "beats on op_data")


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(stalls=list(STALLS))
async def stream(dut, stalls):
    """A thousand beats, nothing lost, doubled or changed."""
    await TB(dut, stalls).stream(stalls)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def ready_is_a_register(dut):
    """in_ready, out_valid, out_side and op_data stay while the inputs change within a cycle."""
    tb = TB(dut)
    tb.parts.clear()
    await tb.start()
    held, gone = [], None  # beats held; the data of the beat taken in the cycle before
    for _ in range(300):
        ready, valid = len(held) < 2, len(held) > 0
        for _ in range(3):
            beat = [int(tb.rng.integers(2 ** min(width, 30))) for width in tb.widths]
            offer, take = (int(bit) for bit in tb.rng.integers(2, size=2))
            tb.drive(in_valid=offer, in_data=beat[0], in_side=beat[1], out_ready=take)
            await Timer(1, "ns")
            tb.equal(tb.read("in_ready"), int(ready), f"in_ready, {len(held)} held")
            tb.equal(tb.read("out_valid"), int(valid), f"out_valid, {len(held)} held")
            if valid:
                tb.equal(tb.read("out_side"), held[0][1], "out_side")
            if gone is not None:
                tb.equal(tb.read("op_data"), gone, "op_data")
        gone = held.pop(0)[0] if valid and take else None
        if offer and ready:
            held.append(beat)
        await RisingEdge(dut.clk)
        await FallingEdge(dut.clk)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def reset_empties(dut):
    """A reset while one and while two entries are held: nothing of them comes out."""
    tb = TB(dut)
    await tb.start()
    for entries in (1, 2):
        for waited in range(3):
            await tb.hold(entries, waited)
            tb.send(5)
            await tb.finish()
            tb.forget()
