# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The registers of the elementwise unit, as described in rtl/elementwise_unit.rdl.

What could be wrong here, beyond tb_axil_regs.py, and which case would show it:
  LANES or FIFO_DEPTH not those of the unit   units with different values
  a leftover register of the core             every register is compared with the unit's map
  a counter or a status bit of an idle unit   it reads 0 throughout
"""

import cocotb

from macrame.dev import registers
from tb.lib.kit import Bench
from tb.lib.register_walk import Walk


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def walk(dut):
    """Every register and every address without one."""
    bench = Bench(dut, m_axis_tready=1, s_axis_x_tvalid=0, s_axis_y_tvalid=0)
    lanes, held = bench.parameter("LANES"), bench.parameter("FIFO_DEPTH")
    walk = Walk(bench, registers.ELEMENTWISE_RDL, WIDTH=lanes, HELD=held)
    await bench.start()
    await walk.mapped()
    await walk.unmapped()
    bench.equal(bench.read("irq"), 0, "irq")
