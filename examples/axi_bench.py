# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""A bench for the core in cocotb, with the AXI drivers of cocotbext-axi; README.md says how to run it.

Two matrix products on an int8 core of any shape: a raw one, whose weights are used twice, and a requantised
one. NumPy says what to expect. docs/streams.md has the packets that are made here.
"""

import os
import sys
from pathlib import Path

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles
from cocotbext.axi import (
    AxiLiteBus,
    AxiLiteMaster,
    AxiStreamBus,
    AxiStreamFrame,
    AxiStreamSink,
    AxiStreamSource,
)

RAW, RUY = 0, 2  # modes, tuser of a weight packet
NONE, RELEASE = 0, 1  # flags, tuser of an activation packet
ID, STATUS, TILES = 0x00, 0x18, 0x28  # registers


def slices(matrix, depth):
    """A (K, lanes) matrix of int8 as beats, (K / depth, lanes * depth) bytes: each lane has `depth` of K."""
    k, lanes = matrix.shape
    return matrix.reshape(k // depth, depth, lanes).transpose(0, 2, 1).reshape(k // depth, -1).view(np.uint8)


def weight_packet(w, bias, depth, mode, multiplier=0, shift=0, zero_point=0, low=-128, high=127):
    """The packet of a weight panel.

    Parameters
    ----------
    w : ndarray of int8, shape (K, COLS)
        K a multiple of `depth`.
    bias : ndarray of int32, shape (COLS,)
    depth : int
        DEPTH of the core.
    mode : int
    multiplier, shift, zero_point, low, high : int
        The rest of the record, the same in all columns; not used in mode raw.

    Returns
    -------
    AxiStreamFrame
    """
    cols = w.shape[1]
    beats = -(-12 // depth)  # of a record of 12 bytes
    record = np.zeros((cols, beats * depth), np.int8)
    record[:, 0:4] = bias.astype("<i4").view(np.int8).reshape(cols, 4)
    record[:, 4:8] = np.array([multiplier], "<i4").view(np.int8)
    record[:, 8:12] = shift, zero_point, low, high
    # a column's record goes down its lane like K values of a matrix
    data = np.concatenate([slices(np.ascontiguousarray(record.T), depth), slices(w, depth)])
    # cocotbext-axi takes tuser by the byte, not by the beat. An integer stands for all bytes of the packet;
    # the core reads it on the first beat only.
    return AxiStreamFrame(data.tobytes(), tuser=mode)


def activation_packet(a, depth, flags):
    """The packet of an activation panel, `a` of shape (ROWS, K); the flags count on the last beat only."""
    return AxiStreamFrame(slices(np.ascontiguousarray(a.T), depth).tobytes(), tuser=flags)


class Bench:
    """Clock, reset, and a driver on each port of the core."""

    def __init__(self, dut):
        self.dut = dut
        self.rows, self.cols, self.depth = (int(getattr(dut, n).value) for n in ("ROWS", "COLS", "DEPTH"))
        dut.rst.value = 1  # before the clock's first edge
        ports = (dut.clk, dut.rst)
        self.w = AxiStreamSource(AxiStreamBus.from_prefix(dut, "s_axis_w"), *ports)
        self.a = AxiStreamSource(AxiStreamBus.from_prefix(dut, "s_axis_a"), *ports)
        self.m = AxiStreamSink(AxiStreamBus.from_prefix(dut, "m_axis"), *ports)
        self.registers = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axil"), *ports)

    async def start(self):
        """Hold the reset for two cycles."""
        Clock(self.dut.clk, 10, "ns").start()
        await ClockCycles(self.dut.clk, 2)
        self.dut.rst.value = 0
        await ClockCycles(self.dut.clk, 1)
        assert await self.registers.read_dword(ID) == 0x4D414352  # "MACR"

    async def tile(self, dtype):
        """The next result packet, (ROWS, COLS) of int32 or int8: `recv` drops what tkeep does not mark."""
        packet = await self.m.recv()
        return np.frombuffer(bytes(packet.tdata), dtype).reshape(self.rows, self.cols)

    async def end(self, tiles):
        """No error, nothing under way, and so many tiles made."""
        assert await self.registers.read_dword(STATUS) == 0
        assert await self.registers.read_dword(TILES) == tiles


def full_range(rng, *shape):
    """int8 over the full range, -128 included."""
    return rng.integers(-128, 128, shape, dtype=np.int8)


def ruy(x, zero_point):
    """int32 to int8 in mode ruy: times 1/2, times 1/512, each rounded with ties up; zero point; clamp."""
    half = (x.astype(np.int64) + 1) >> 1
    return np.clip(((half + 256) >> 9) + zero_point, -128, 127).astype(np.int8)


# a timeout: a beat too few, or a flag forgotten, and the core waits indefinitely
@cocotb.test(timeout_time=100, timeout_unit="us")
async def raw(dut):
    """Two tiles with the same weights: the second activation packet releases them."""
    bench, rng = Bench(dut), np.random.default_rng(1)
    await bench.start()
    k = 5 * bench.depth
    w, bias = full_range(rng, k, bench.cols), rng.integers(-1000, 1000, bench.cols, dtype=np.int32)
    operands = [full_range(rng, bench.rows, k) for _ in range(2)]
    await bench.w.send(weight_packet(w, bias, bench.depth, RAW))
    for a, flags in zip(operands, (NONE, RELEASE)):
        await bench.a.send(activation_packet(a, bench.depth, flags))
    for a in operands:
        expected = a.astype(np.int32) @ w.astype(np.int32) + bias
        np.testing.assert_array_equal(await bench.tile("<i4"), expected)
    await bench.end(tiles=2)


@cocotb.test(timeout_time=100, timeout_unit="us")
async def requantised(dut):
    """int8 out, at scale 1/1024: multiplier 2^30 stands for 1/2, and shift -9 for 1/512."""
    bench, rng = Bench(dut), np.random.default_rng(2)
    await bench.start()
    k = 3 * bench.depth
    w, bias = full_range(rng, k, bench.cols), rng.integers(-1000, 1000, bench.cols, dtype=np.int32)
    a = full_range(rng, bench.rows, k)
    await bench.w.send(weight_packet(w, bias, bench.depth, RUY, multiplier=2**30, shift=-9, zero_point=-3))
    await bench.a.send(activation_packet(a, bench.depth, RELEASE))
    expected = ruy(a.astype(np.int32) @ w.astype(np.int32) + bias, zero_point=-3)
    np.testing.assert_array_equal(await bench.tile(np.int8), expected)
    await bench.end(tiles=1)


def main():
    """Build and run under cocotb's own runner; the exit status."""
    from cocotb_tools.check_results import get_results
    from cocotb_tools.runner import get_runner

    here = Path(__file__).resolve().parent
    rtl, build = here.parent / "rtl", Path.cwd() / "build" / "axi_bench"
    lines = (rtl / "rtl.f").read_text().splitlines()
    runner = get_runner(os.environ.get("SIM", "icarus"))
    runner.build(
        sources=[rtl / line for line in lines if line and not line.startswith("//")],
        hdl_toplevel="macrame",
        parameters={"ROWS": 3, "COLS": 2, "DEPTH": 4, "K_MAX": 64, "POST_LANES": 1},
        build_dir=build,
        timescale=("1ns", "1ps"),
        always=True,
    )
    results = runner.test(hdl_toplevel="macrame", test_module="axi_bench", test_dir=build, build_dir=build)
    tests, failed = get_results(results)
    return int(failed > 0 or tests == 0)


if __name__ == "__main__":
    sys.exit(main())
