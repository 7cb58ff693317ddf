# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The model of ECP5's block RAM against a list of bits.

What could be wrong, and what would show it: a width's address taken from the wrong bits (both ports work
over all 18,432 bits, each in its own width, so that one writes what the other reads); bytes in another
order, or enabled by each other's bit (random enables, the rest must stay); the ninth bits (they are data
where the width has them, and keep their value where it has not); a word lost while nothing is read or
written (random enables); the initial contents (the whole memory is read before the first write); an old
or a new value where the block promises neither (a read and a write of the same bits in one cycle must
give X, and those of others must not)."""

import random

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, Timer

BITS = 18432
WORDS = {0: 0x25A5A, 1023: 0x1C3F0}  # block_ram.v
CYCLES = 2500


def place(width, address):
    """Numbers of the bits that an address selects, bit 0 of the data first, without regard to enables."""
    if width >= 9:
        first = {9: address >> 3, 18: address >> 4 << 1, 36: address >> 5 << 2}[width]
        return list(range(9 * first, 9 * first + width))
    first = 9 * (address >> 3) + (address & 7) // width * width
    return list(range(first, first + width))


def enabled(width, address):
    """Which data bits a write with this address writes."""
    if width < 18:
        return [True] * width
    return [bool(address >> bit // 9 & 1) for bit in range(width)]


class Bench:
    """Pins and the list of bits; an unknown bit is None."""

    def __init__(self, dut):
        self.dut = dut
        self.a, self.b = int(dut.A_W.value), int(dut.B_W.value)
        self.bits = [0] * BITS
        for word, value in WORDS.items():
            self.bits[18 * word : 18 * word + 18] = [value >> bit & 1 for bit in range(18)]
        self.seen = [None] * self.b  # what the output must show
        self.unknown = 0  # bits that had to be X
        self.four_states = not cocotb.SIM_NAME.lower().startswith("verilator")

    async def cycle(self, write=None, read=None):
        """One cycle: write (address, data) or not, read an address or not; then compare the output."""
        dut = self.dut
        dut.write.value, dut.read.value = write is not None, read is not None
        if write:
            dut.ada.value, dut.data_in.value = write
        if read is not None:
            dut.adb.value = read
        await FallingEdge(dut.clk)
        met = set()
        before = list(self.bits) if write else self.bits
        if write:
            address, data = write
            for bit, (number, here) in enumerate(zip(place(self.a, address), enabled(self.a, address))):
                if here:
                    met.add(number)
                    self.bits[number] = data >> bit & 1
        if read is not None:
            self.seen = [None if number in met else before[number] for number in place(self.b, read)]
            self.unknown += sum(bit is None for bit in self.seen)
        self.compare(read)

    def compare(self, read):
        """The output, bit by bit."""
        out = str(self.dut.data_out.value)[::-1]
        low = 0 if self.b == 36 else 18
        for bit, expected in enumerate(self.seen):
            got = out[low + bit]
            if expected is None:
                assert not self.four_states or got in "xX", (
                    f"address {read}, bit {bit}: expected X, got {got}"
                )
            else:
                assert got == str(expected), f"address {read}, bit {bit}: expected {expected}, got {got}"


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def equals_a_list(dut):
    """The initial contents, then random writes and reads, most of them of a few addresses."""
    bench, rng = Bench(dut), np.random.default_rng(random.getrandbits(64))
    dut.write.value = dut.read.value = dut.ada.value = dut.adb.value = dut.data_in.value = 0
    await Timer(1, "ns")  # a rising edge with an unknown enable is a write of X
    cocotb.start_soon(Clock(dut.clk, 10, "ns").start())
    await FallingEdge(dut.clk)
    bench.seen = []
    for address in range(0, 1 << 14, max(bench.b // 9 * 8, bench.b)):
        if bench.b > 2 or address < 64 or address >= (1 << 14) - 64:
            await bench.cycle(read=address)
    for _ in range(CYCLES):
        near = int(rng.integers(1 << 14)) if rng.random() < 0.2 else int(rng.choice([0, (1 << 14) - 64]))
        at = [(near + int(rng.integers(64))) % (1 << 14) for _ in range(2)]
        write = (at[0], int(rng.integers(1 << 36))) if rng.random() < 0.6 else None
        await bench.cycle(write, at[1] if rng.random() < 0.6 else None)
    assert bench.unknown > 5, "too few reads of a word being written"
    assert sum(bit or 0 for bit in bench.bits) > 40, "too few writes"
