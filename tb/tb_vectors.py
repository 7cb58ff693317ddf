# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Plays the words already in vectors.bin, and no more: sim/vectors.py reads results.hex afterwards."""

import cocotb

from tb.vectors import play


@cocotb.test(timeout_time=10, timeout_unit="sec")
async def vectors(dut):
    await play(dut)
