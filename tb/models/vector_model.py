# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Packets of the vector unit, their results, and a bench with its streams and registers.

A packet is built from an operation and formats; it returns the beats of x and y, with X in every unused bit,
and the golden result beats. `Unit` is the bench: sources, sink and registers step together with the clock.
"""

import numpy as np
from cocotb.types import LogicArray

from macrame.golden.arith.lfsr32 import Lfsr32
from macrame.golden.vector_unit import OPERATIONS, vector_unit
from tb.lib import float_stimuli
from tb.lib.axis import Sink, Source, pauses
from tb.lib.kit import Bench, Part, word

CONTROL, STATUS, WATCHDOG, COUNTERS, SEED = 0x14, 0x18, 0x1C, range(0x20, 0x3C, 4), 0x3C
COUNTER_NAMES = ("cycles", "busy", "packets", "stall_x", "stall_y", "stall_out", "starved")
SOFT_RESET, IRQ_ENABLE = 1, 2
COMMAND_ILLEGAL, PACKET_EMPTY, LENGTH_MISMATCH, Y_MISSING, HALTED, BUSY = 1, 2, 4, 8, 256, 512
STOCHASTIC = 3


class Packet:
    """An operation on some beats of numbers.

    Parameters
    ----------
    rng : numpy.random.Generator
    lanes, beats : int
    op : str, optional
        A key of `OPERATIONS`; random by default, like the formats.
    x_bf16, y_bf16 : bool, optional
    out : int, optional
        0 float32, 1..3 bfloat16 by rounding.
    """

    def __init__(self, rng, lanes, beats, op=None, x_bf16=None, y_bf16=None, out=None):
        self.lanes, self.beats = lanes, beats
        self.op = op or str(rng.choice(list(OPERATIONS)))
        self.x_bf16, self.y_bf16 = (bool(rng.integers(2) if f is None else f) for f in (x_bf16, y_bf16))
        self.out = int(rng.integers(4)) if out is None else out
        x, y = (float_stimuli.products if self.op == "mul" else float_stimuli.sums)(rng, 400)
        some = rng.integers(0, x.size, (beats, lanes))
        self.x, self.y = x[some], y[some]
        self.s = float_stimuli.float32_bits(rng, rng.integers(110, 140, 1))[0]
        self.x, self.y = (
            v >> np.uint32(16) if narrow else v
            for v, narrow in ((self.x, self.x_bf16), (self.y, self.y_bf16))
        )
        self.takes_y = self.op != "relu"

    @property
    def command(self):
        """tuser of the record."""
        return OPERATIONS[self.op] | self.x_bf16 << 3 | self.y_bf16 << 4 | self.out << 5

    def _beat(self, values, narrow):
        """tdata of a beat; the upper half of a bfloat16 beat is X."""
        if narrow:
            return LogicArray("X" * 16 * self.lanes + f"{word(values.astype(np.uint16)):0{16 * self.lanes}b}")
        return word(values.astype(np.uint32))

    def record(self, command=None, last=0):
        """The record beat: the scalar in lane 0, X in the others."""
        return {
            "s_axis_x_tdata": LogicArray("X" * 32 * (self.lanes - 1) + f"{self.s:032b}"),
            "s_axis_x_tuser": self.command if command is None else command,
            "s_axis_x_tlast": last,
        }

    def x_data(self):
        """The beats of x after the record; tuser is X."""
        return [
            {
                "s_axis_x_tdata": self._beat(values, self.x_bf16),
                "s_axis_x_tuser": None,
                "s_axis_x_tlast": int(n == self.beats - 1),
            }
            for n, values in enumerate(self.x)
        ]

    def y_data(self):
        """The beats of y; none if the operation takes none."""
        beats = self.y if self.takes_y else ()
        return [
            {"s_axis_y_tdata": self._beat(values, self.y_bf16), "s_axis_y_tlast": int(n == self.beats - 1)}
            for n, values in enumerate(beats)
        ]

    def results(self, random):
        """(tdata, tkeep, tlast) of the result beats.

        Parameters
        ----------
        random : Lfsr32
            Advances by one word per lane and beat if the rounding is stochastic.
        """
        x, y = (
            v.astype(np.uint16 if narrow else np.uint32)
            for v, narrow in ((self.x, self.x_bf16), (self.y, self.y_bf16))
        )
        words = random.take(x.size).reshape(x.shape) if self.out == STOCHASTIC else None
        found = vector_unit(
            self.op,
            x,
            y if self.takes_y else None,
            self.s.view(np.float32) if self.op == "axpy" else None,
            self.out,
            words,
        )
        keep = (1 << found.dtype.itemsize * self.lanes) - 1
        return [(word(values), keep, int(n == self.beats - 1)) for n, values in enumerate(found)]


class Unit(Bench):
    """The unit with its streams, its registers, and the expected results.

    Parameters
    ----------
    dut : cocotb handle
    x, y, m : str
        Kinds of stalls, see tb/lib/axis.py.
    """

    #: The signals of a beat of x.
    X = ("tdata", "tuser", "tlast")

    def __init__(self, dut, x="none", y="none", m="none"):
        ports = "awvalid wvalid bready arvalid rready awaddr awprot wdata wstrb araddr arprot".split()
        super().__init__(dut, **{f"s_axil_{name}": 0 for name in ports})
        self.lanes = self.parameter("LANES")
        self.x = Source(
            self,
            "s_axis_x_tvalid",
            "s_axis_x_tready",
            [f"s_axis_x_{name}" for name in self.X],
            pauses(x, self.rng),
        )
        self.y = Source(
            self,
            "s_axis_y_tvalid",
            "s_axis_y_tready",
            ["s_axis_y_tdata", "s_axis_y_tlast"],
            pauses(y, self.rng),
        )
        self.m = Sink(
            self,
            "m_axis_tvalid",
            "m_axis_tready",
            ["m_axis_tdata", "m_axis_tkeep", "m_axis_tlast"],
            pauses(m, self.rng),
        )
        self.sampled = {}
        self.parts.append(Part(sample=self._sample))
        self.random, self.expected = Lfsr32(1), []

    def packet(self, beats=None, **kind):
        """A packet of 1 to 6 beats."""
        return Packet(self.rng, self.lanes, beats or int(self.rng.integers(1, 7)), **kind)

    def send(self, *packets):
        """Queue packets and expect their results."""
        for packet in packets:
            self.x.send(packet.record(), *packet.x_data())
            self.y.send(*packet.y_data())
            self.expected += packet.results(self.random)

    def compare(self):
        """Check that the results so far are the first of the expected ones."""
        for n, (got, want) in enumerate(zip(self.m.values, self.expected)):
            for name, g, w in zip(("tdata", "tkeep", "tlast"), got, want):
                self.equal(g, w, f"result {n}: {name}")
        self.equal(max(0, len(self.m.values) - len(self.expected)), 0, "results too many")

    async def finish(self, cycles=20_000, quiet=60):
        """Check that all expected results and no others arrive, and that all beats are accepted."""
        await self.until(
            lambda: len(self.m.beats) >= len(self.expected) and self.x.empty and self.y.empty, cycles
        )
        await self.step(quiet)
        self.compare()
        self.equal(len(self.m.beats), len(self.expected), "results")

    def forget(self):
        """Start again: no results received, none expected."""
        self.m.beats.clear()
        self.expected.clear()

    # registers

    def _sample(self):
        names = "awready", "wready", "bvalid", "arready", "rvalid"
        self.sampled = {name: self.read(f"s_axil_{name}") for name in names}
        if self.sampled["rvalid"]:
            self.sampled["rdata"] = self.read("s_axil_rdata")

    async def write(self, address, data):
        """Write a register; the streams continue meanwhile."""
        self.drive(
            s_axil_awaddr=address,
            s_axil_awvalid=1,
            s_axil_wdata=data,
            s_axil_wstrb=15,
            s_axil_wvalid=1,
            s_axil_bready=1,
        )
        await self.step()
        assert self.sampled["awready"], "address not taken"
        assert self.sampled["wready"], "data not taken"
        self.drive(s_axil_awvalid=0, s_axil_wvalid=0)
        await self.until(lambda: self.sampled["bvalid"], 10, "the answer to a write")

    async def get(self, address):
        """Read a register; the streams continue meanwhile."""
        self.drive(s_axil_araddr=address, s_axil_arvalid=1, s_axil_rready=1)
        await self.step()
        self.drive(s_axil_arvalid=0)
        await self.until(lambda: self.sampled["rvalid"], 20, "the answer to a read")
        return self.sampled["rdata"]

    async def counters(self):
        """All registers by name."""
        return {name: await self.get(address) for name, address in zip(COUNTER_NAMES, COUNTERS)}

    async def expect_status(self, status):
        """Check that STATUS has these bits and no others."""
        self.equal(await self.get(STATUS), status, "STATUS")

    async def soft_reset(self, seed=1):
        """Restart the random sequence in the model."""
        await self.write(CONTROL, SOFT_RESET)
        self.random = Lfsr32(seed)
