# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The registers of the network engine, as described in rtl/macrame_engine.rdl.

What could be wrong here, beyond tb_axil_regs.py, and which case would show it:
  a parameter in the wrong register           engines with different values
  a leftover register of the core             every register is compared with the engine's map
  a counter or a status bit of an idle engine it reads 0 throughout
"""

import cocotb

from macrame.dev import registers
from tb.lib.kit import Bench
from tb.lib.register_walk import Walk


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def walk(dut):
    """Every register and every address without one."""
    bench = Bench(dut, m_axis_tready=1, s_axis_w_tvalid=0, s_axis_a_tvalid=0)
    depth = bench.parameter("DEPTH")
    walk = Walk(
        bench,
        registers.ENGINE_RDL,
        SIDE=depth,
        LANES=bench.parameter("POST_LANES"),
        MEMORY=bench.parameter("WORDS"),
        PANEL=bench.parameter("K_MAX") // depth,
        UNIT=bench.parameter("LANES"),
        STORE=bench.parameter("BEATS"),
    )
    await bench.start()
    await walk.mapped()
    await walk.unmapped()
    bench.equal(bench.read("irq"), 0, "irq")
