# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""operand_skid in the simulator.

What could be wrong here, and which case would show it:
  a beat lost or doubled when the downstream stops   `stream`, every pair of pauses: order and number
  an offer changed or withdrawn                      the sink watches every beat it holds off
  data of another beat on op_data, or a cycle late   compared in the cycle after each beat accepted
  a waiting beat overwritten by the one after it     `stream` with stalls of one cycle and more
  half the throughput                                `stream` without pauses: latency 1, a beat per cycle
  ready depends on this cycle's inputs               `ready_is_a_register`: inputs change in mid-cycle
  an entry survives a reset                          `reset_empties`, with one and with two entries held
"""

import cocotb

from tb.lib.axis import STALLS
from tb.lib.kit import Part
from tb.lib.register_slice import SliceBench


class TB(SliceBench):
    """A beat has data and side bits; the data comes one cycle after the beat was accepted."""

    def __init__(self, dut, stalls="none"):
        given = {"in_data": int(dut.DATA_W.value), "in_side": int(dut.SIDE_W.value)}
        super().__init__(dut, stalls, given, "out_side", "op_data")
        self.parts.append(Part(sample=self.check_data))
        self.compared = 0

    def check_data(self):
        """op_data is the beat accepted in the cycle before."""
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
    await TB(dut).ready_is_a_register()


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def reset_empties(dut):
    """A reset while one and while two entries are held: neither is sent."""
    await TB(dut).reset_empties()
