# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""crc16 in the simulator: each single bit of sum and byte exposes a wrong tap, random ones the rest."""

import random

import cocotb
from cocotb.triggers import Timer

from macrame.host.frames import crc16


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def steps(dut):
    """One bit of 24 at a time, then 3,000 of anything, then the catalogue's check."""
    rng = random.Random(random.getrandbits(32))
    ones = [(1 << i & 0xFFFF, 1 << i >> 16) for i in range(24)]
    for total, byte in [(0, 0), *ones, *((rng.getrandbits(16), rng.getrandbits(8)) for _ in range(3000))]:
        dut.sum.value, dut.data.value = total, byte
        await Timer(1, "ns")
        assert int(dut.next.value) == crc16([byte], total), f"sum {total:04x}, data {byte:02x}"
    total = 0xFFFF
    for byte in b"123456789":
        dut.sum.value, dut.data.value = total, byte
        await Timer(1, "ns")
        total = int(dut.next.value)
    assert total == 0x6F91
