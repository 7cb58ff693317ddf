# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""skid in the simulator.

What could be wrong here, and which case would show it:
  a beat lost or doubled when the downstream stops   `stream`, every pair of pauses: order and number
  an offer changed or withdrawn                      the sink checks every beat it stalls
  half the throughput                                `stream` without stalls: latency 1, a beat per cycle
  ready depends on this cycle's inputs               `ready_is_a_register`: inputs change in mid-cycle
  the second entry survives a reset                  `reset_empties`, with one and with two entries held
"""

import cocotb

from tb.lib.axis import STALLS
from tb.lib.register_slice import SliceBench


class TB(SliceBench):
    """A beat is one word."""

    def __init__(self, dut, stalls="none"):
        super().__init__(dut, stalls, {"in_data": int(dut.WIDTH.value)}, "out_data")


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(stalls=list(STALLS))
async def stream(dut, stalls):
    """A thousand beats, nothing lost, doubled or changed."""
    await TB(dut, stalls).stream(stalls)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def ready_is_a_register(dut):
    """in_ready, out_valid and out_data stay as they are while the inputs change within a cycle."""
    await TB(dut).ready_is_a_register()


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def reset_empties(dut):
    """A reset while one and while two entries are held: neither is sent."""
    await TB(dut).reset_empties()
