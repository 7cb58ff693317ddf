# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The registers of the complete core, as described in rtl/macrame.rdl.

What could be wrong here, beyond tb_axil_regs.py, and which case would show it:
  SHAPE or K_MAX not those of the core        cores that are not square, different POST_LANES and K_MAX
  FORMAT of another core                      a core of each
  a counter or a status bit of an idle core   it reads 0 throughout
  the watchdog's register truncated           written and read back
"""

import cocotb

from tb.lib.kit import Bench, text
from tb.lib.register_walk import Walk


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def walk(dut):
    """Every register and every address without one."""
    idle = dict.fromkeys(("s_axis_w_tvalid", "s_axis_a_tvalid"), 0)
    bench = Bench(dut, m_axis_tready=1, **idle)
    parameters = {name: bench.parameter(name) for name in ("ROWS", "COLS", "DEPTH", "POST_LANES")}
    formats = text(dut.FORMATS)
    walk = Walk(
        bench,
        LONGEST=bench.parameter("K_MAX"),
        INT8=int(formats != "BF16"),
        BF16=int(formats != "INT8"),
        PACK=bench.parameter("PACK_RESULTS"),
        **parameters,
    )
    await bench.start()
    await walk.mapped()
    await walk.unmapped()
    bench.equal(bench.read("irq"), 0, "irq")
