# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The core driven from Python, beat by beat and lane by lane: ``make bench`` compares the player with it.

This is how a cocotb bench is usually written: a driver for each input stream and a monitor for the output,
each of which awaits every clock edge; a driver sets every int8 of a beat, the monitor reads every lane of a
result.

The beats come from ``beats.npz`` in the directory named by the plusarg ``dir``, the results go to
``results.npz``. The caller compares them with the golden model.
"""

import os

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import RisingEdge


class Driver:
    """One operand stream: s_axis_w or s_axis_a."""

    def __init__(self, dut, name):
        self.clk, self.lanes = dut.clk, getattr(dut, f"g_{name}")
        self.valid, self.ready = getattr(dut, f"{name}_valid"), getattr(dut, f"{name}_ready")
        self.last, self.user = getattr(dut, f"{name}_last"), getattr(dut, f"{name}_user")

    async def send(self, data, last, user):
        """Offer beats one by one, each until it is accepted."""
        for beat, beat_last, beat_user in zip(data, last, user):
            for i, value in enumerate(beat):
                self.lanes[i].lane.value = int(value)
            self.last.value = int(beat_last)
            self.user.value = int(beat_user)
            self.valid.value = 1
            await RisingEdge(self.clk)
            while not self.ready.value:
                await RisingEdge(self.clk)
        self.valid.value = 0


class Monitor:
    """The result stream, always ready."""

    def __init__(self, dut, lanes):
        self.clk, self.valid, self.last = dut.clk, dut.m_valid, dut.m_last
        self.lanes, self.count = dut.g_m, lanes
        self.cycles = 0

    async def receive(self, beats):
        """The next beats: their lanes, and tlast."""
        data, last = [], []
        while len(data) < beats:
            await RisingEdge(self.clk)
            self.cycles += 1
            if self.valid.value:
                data.append([int(self.lanes[i].lane.value) for i in range(self.count)])
                last.append(bool(self.last.value))
        return data, last


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def poke(dut):
    """Play all beats, collect all results."""
    folder = cocotb.plusargs["dir"]
    with np.load(os.path.join(folder, "beats.npz")) as file:
        beats = {name: file[name] for name in file.files}
    cols, results = int(beats["cols"]), int(beats["results"])

    Clock(dut.clk, 10, unit="ns").start()
    for _ in range(4):
        await RisingEdge(dut.clk)
    dut.rst.value = 0
    await RisingEdge(dut.clk)

    for name in ("w", "a"):
        stream = (beats[f"{name}_{part}"] for part in ("data", "last", "user"))
        cocotb.start_soon(Driver(dut, name).send(*stream))
    monitor = Monitor(dut, cols)
    data, last = await monitor.receive(results)
    np.savez(
        os.path.join(folder, "results.npz"), data=np.array(data, "<u4"), last=last, cycles=monitor.cycles
    )
