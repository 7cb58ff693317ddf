# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Plays the words of vectors.bin; macrame/sim/vectors.py reads results.hex afterwards."""

from typing import Any

import cocotb
from cocotb.triggers import RisingEdge, Timer

VECTORS, RESULTS = "vectors.bin", "results.hex"


async def play(dut: Any) -> int:
    """Run vectors.bin through the toplevel's player; returns the number of words."""
    player = dut.u_player
    player.start.value = 0
    await Timer(1, "ns")
    player.start.value = 1
    await RisingEdge(player.done)
    assert not int(player.failed.value), f"{VECTORS} is missing or truncated, or {RESULTS} is read-only"
    return int(player.count.value)


@cocotb.test(timeout_time=10, timeout_unit="sec")
async def vectors(dut: Any) -> None:
    """Every word of vectors.bin."""
    await play(dut)
