# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Make every mistake of mistakes.py, and check its row in the table of docs/streams.md.

What could be wrong is the table: a tile that leaves or not, or has other values; a mistake that is detected
or not. So tiles are compared bit for bit with the products that the table names, and "nothing" is allowed
only if STATUS, TILES, tkeep and the accepted beats are the same as with the correct packets.
"""

import re

import cocotb
import numpy as np
from cocotbext.axi import AxiLiteBus, AxiLiteMaster

from macrame.golden import gemm
from macrame.golden.gemm_bf16 import gemm_bf16
from macrame.host import registers
from tb.lib.axis import Sink, Source
from tb.lib.kit import Bench, full_int8, text
from tb.lib.mistakes import BF16, MISTAKES, RAW, a, w

RECORD_BYTES = 12
QUIET = 64  # idle cycles after which no further beat is expected


class TB:
    """The core's ports, the matrices sent, and the tiles received."""

    def __init__(self, dut):
        self.dut = dut
        self.axil = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axil"), dut.clk, dut.rst)
        self.bench = bench = Bench(dut)
        self.rows, self.cols, self.depth, k_max = map(bench.parameter, ("ROWS", "COLS", "DEPTH", "K_MAX"))
        self.formats = text(dut.FORMATS)
        self.lane = self.depth if self.formats == "INT8" else 2  # bytes
        self.longest = -(-k_max // self.depth)
        self.sources = {
            stream: Source(
                bench,
                f"s_axis_{stream}_tvalid",
                f"s_axis_{stream}_tready",
                [f"s_axis_{stream}_{name}" for name in ("tdata", "tuser", "tlast")],
            )
            for stream in "wa"
        }
        self.sink = Sink(
            bench, "m_axis_tvalid", "m_axis_tready", [f"m_axis_{n}" for n in ("tdata", "tkeep", "tlast")]
        )
        # by the names of the panels
        self.data, self.matrices, self.bias, self.mode = {}, {}, {}, {}

    def record(self, name):
        """The bytes of the record, (COLS, 12): a different bias in each panel, a scale of 1/16 in all."""
        self.bias[name] = self.bench.rng.integers(-1000, 1000, self.cols).astype(np.int32)
        record = np.zeros((self.cols, RECORD_BYTES), np.uint8)
        record[:, :4] = self.bias[name].astype("<i4").view(np.uint8).reshape(-1, 4)
        record[:, 7] = 0x40  # multiplier 2^30
        record[:, 8] = -3 & 255
        record[:, 10:] = 0x80, 0x7F
        return record

    def beats(self, packet):
        """A packet's beats as (tdata, tuser, tlast)."""
        stream = packet.name[0].lower()
        slices = packet.slices + self.longest * packet.longest
        lanes = self.cols if stream == "w" else self.rows
        mode = packet.user if stream == "w" else RAW
        bf16 = bool(mode & BF16) and self.formats != "INT8"
        # the bytes of a lane beyond its int8 values are random
        data = self.bench.rng.integers(0, 256, (slices, lanes, self.lane), dtype=np.uint8)
        if bf16:
            bits = self.bench.rng.integers(0x3E00, 0x4100, (slices, lanes), dtype=np.uint16)  # 0.125 to 8
            data[:] = bits[:, :, None].view(np.uint8)
            self.matrices[packet.name] = bits
        else:
            values = full_int8(self.bench.rng, (slices, lanes, self.depth))
            data[:, :, : self.depth] = values.view(np.uint8)
            self.matrices[packet.name] = values.transpose(0, 2, 1).reshape(-1, lanes)  # (K, lanes)
        self.data[packet.name] = data
        if stream == "w" and packet.record is not None:
            beats = -(-RECORD_BYTES // self.lane)
            record = np.zeros((lanes, (beats + 1) * self.lane), np.uint8)
            record[:, :RECORD_BYTES] = self.record(packet.name)
            record = record.reshape(lanes, beats + 1, self.lane).transpose(1, 0, 2)[: beats + packet.record]
            data = np.concatenate([record, data])
        counts = 0 if stream == "w" else len(data) - 1
        self.mode[packet.name] = 0 if packet.elsewhere else mode
        last = None if packet.last is None else len(data) + packet.last
        return [
            (
                int.from_bytes(beat.tobytes(), "little"),
                packet.user if (index == counts) != packet.elsewhere else 0,
                int(index == last),
            )
            for index, beat in enumerate(data)
        ]

    def send(self, packet):
        """Queue a packet."""
        prefix = f"s_axis_{packet.name[0].lower()}"
        for beat in self.beats(packet):
            self.sources[packet.name[0].lower()].send(
                dict(zip((f"{prefix}_tdata", f"{prefix}_tuser", f"{prefix}_tlast"), beat))
            )

    async def settle(self, cycles):
        """Step until no beat has been transferred for a number of cycles."""
        still, seen = 0, None
        while still < cycles:
            await self.bench.step()
            now = tuple(len(part) for part in (*(s.taken for s in self.sources.values()), self.sink.beats))
            still, seen = (still + 1 if now == seen else 0), now

    async def read(self, address):
        """Read a register while the streams are idle."""
        return await self.axil.read_dword(address)

    def tiles(self):
        """The received tiles: (values as bytes, tkeep) of each row."""
        found, rows = [], []
        for data, keep, last in self.sink.values:
            rows.append((data & sum(0xFF << 8 * n for n in range(4 * self.cols) if keep >> n & 1), keep))
            if last:
                found.append(rows)
                rows = []
        assert not rows, "the last tile has no tlast"
        return found

    def expected(self, tile):
        """A tile given as products, in the format of `tiles`."""
        pairs = [re.fullmatch(r"(A\d) (W\d)", term).groups() for term in tile.split(" + ")]
        last = pairs[-1][1]
        mode, bias = self.mode[last], self.bias[last]
        if mode & BF16:
            ((a, w),) = pairs
            bits = (
                self.data[a]
                .view("<u2")
                .reshape(-1, 4, self.rows)
                .transpose(2, 1, 0)
                .reshape(4 * self.rows, -1)
            )
            values = gemm_bf16(bits, self.matrices[w], bias.view(np.uint32), False, mode % 4, None)
        else:
            total = sum(
                self.matrices[a].T.astype(np.int64) @ self.matrices[w].astype(np.int64) for a, w in pairs
            )
            values = (total + bias).astype(np.int32)
            if mode != RAW:
                values = gemm.requantize(values, 1 << 30, -3, 0, -128, 127, mode)
        keep = (1 << self.cols * values.itemsize) - 1
        return [(int.from_bytes(np.ascontiguousarray(row).tobytes(), "little"), keep) for row in values]


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(row=[cocotb.Param(mistake, name=mistake.key) for mistake in MISTAKES])
async def mistake(dut, row):
    """One row of the table."""
    tb = TB(dut)
    await tb.bench.start()
    if row.formats not in ("", tb.formats):
        return
    await tb.axil.write_dword(registers.WATCHDOG, row.watchdog)
    for stage in row.sent:
        for packet in stage:
            tb.send(packet)
        await tb.settle(QUIET + row.watchdog)

    expected = [tb.expected(tile) for tile in row.leaves.split(", ") if tile]
    got = tb.tiles()
    assert len(got) == len(expected), f"{row.text}: {len(got)} tiles leave, expected {row.leaves or 'none'}"
    for number, (tile, wanted) in enumerate(zip(got, expected)):
        assert tile == wanted, f"{row.text}: tile {number} is not {row.leaves.split(', ')[number]}"

    status = await tb.read(registers.STATUS)
    error = status & ((1 << len(registers.STATUS_ERRORS)) - 1)
    detected = [f"`{name}`" for name in registers.error_names(error)]
    if not error:
        size = {RAW: 4, BF16: 4}.get(row.mode, 1) * tb.cols
        signs = {
            "`TILES`": await tb.read(registers.TILES) != row.intended_tiles,
            "tkeep": any(keep != (1 << size) - 1 for tile in got for _, keep in tile),
            "`busy`": bool(status & registers.STATUS_BUSY),
            "weights wait": not tb.sources["w"].empty,
            "activations wait": not tb.sources["a"].empty,
        }
        detected = [sign for sign, there in signs.items() if there]
    else:
        assert tb.sources["w"].empty, "a halted core accepts all beats"
        assert tb.sources["a"].empty, "a halted core accepts all beats"
    assert (", ".join(detected) or "nothing") == row.detected_by, row.text


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def shortest_reset(dut):
    """One edge with rst high is enough, and packets may begin in the next cycle."""
    tb = TB(dut)
    await tb.bench.start(cycles=0)
    for packet in (w(1), a(1, 0), a(2)):
        tb.send(packet)
    await tb.settle(QUIET)
    assert tb.sources["w"].taken[0][0] == tb.sources["a"].taken[0][0] == 0, "not taken in the first cycle"
    assert tb.tiles() == [tb.expected("A1 W1"), tb.expected("A2 W1")]
    assert await tb.read(registers.STATUS) == 0
    assert await tb.read(registers.TILES) == 2
