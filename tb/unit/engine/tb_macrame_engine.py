# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""macrame_engine in the simulator: random programs, and the whole memory against the golden model.

What could be wrong here, and which case would show it:
  a field connected to another byte                  jobs whose fields are all random
  results of one job taken for those of another      products, passes and both, with and without WAIT
  a job that reads before, or writes after its time  chains of jobs over few words
  tables loaded while they are used                  tables between jobs
  a program that hangs, or ends with a wrong result  `corrupted`: any wrong bit ends with an error
  something left of a program after a reset          `corrupted`: the right program follows each wrong one
  the host's port open while a program runs          it writes in every cycle of some programs
  a counter that misses jobs or slices               compared after each program
"""

import cocotb
import numpy as np

from macrame.golden.engine import Engine, ProgramError
from tb.lib.axis import STALLS, Source, pauses
from tb.lib.kit import Bench
from tb.models import engine_model

CONTROL, STATUS, BUSY_CYCLES, TILES = 0x14, 0x18, 0x24, 0x28
SOFT_RESET, CLEAR_COUNTERS = 1, 4
BUSY, HALTED = 1 << 9, 1 << 8
IDLE = {
    f"s_axil_{name}": 0
    for name in (
        *("awaddr", "awprot", "awvalid", "wdata", "wstrb", "wvalid", "araddr", "arprot", "arvalid"),
        *("bready", "rready"),
    )
}


class TB(Bench):
    """Programs in; the memory through the host's port; registers."""

    def __init__(self, dut, stalls="none"):
        super().__init__(dut, host_write=0, host_address=0, host_data_in=0, **IDLE)
        self.depth, self.words = self.parameter("DEPTH"), self.parameter("WORDS")
        self.slices = self.parameter("K_MAX") // self.depth
        self.beat = self.depth * self.depth
        names = "s_axis_program_tvalid", "s_axis_program_tready"
        payload = "s_axis_program_tdata", "s_axis_program_tlast"
        self.program = Source(self, *names, payload, pauses(STALLS[stalls][0], self.rng))

    async def load(self, memory):
        """Write the memory, shape (words, depth)."""
        for address, word in enumerate(memory):
            data = int.from_bytes(word.tobytes(), "little")
            self.drive(host_write=3, host_address=address, host_data_in=data)
            await self.step()
        self.drive(host_write=0)

    async def dump(self):
        """Read the memory."""
        found = []
        for address in range(self.words + 2):
            self.drive(host_address=min(address, self.words - 1))
            await self.step()
            if address >= 2:
                found.append(int(self.shown).to_bytes(self.depth, "little"))
        return np.frombuffer(b"".join(found), np.int8).reshape(self.words, self.depth)

    async def step(self, cycles=1):
        for _ in range(cycles):
            await super().step()
            # the value in the cycle that has just ended
            self.shown = self.handle("host_data").value if self.cycle else 0

    async def register(self, address):
        """The value of a register."""
        self.drive(s_axil_araddr=address, s_axil_arvalid=1, s_axil_rready=1)
        await self.step()
        self.drive(s_axil_arvalid=0)
        for _ in range(24):
            await self.step()
            if int(self.handle("s_axil_rvalid").value):
                return int(self.handle("s_axil_rdata").value)
        self.fail(f"no answer to a read of {address:#x}")
        return 0

    async def control(self, value):
        """Write CONTROL."""
        self.drive(s_axil_awaddr=CONTROL, s_axil_awvalid=1, s_axil_wdata=value, s_axil_wvalid=1)
        self.drive(s_axil_wstrb=15)
        self.drive(s_axil_bready=1)
        await self.step()
        self.drive(s_axil_awvalid=0, s_axil_wvalid=0)
        await self.step(12)

    def send(self, text):
        """Queue a program."""
        for at in range(0, len(text), self.beat):
            data = int.from_bytes(text[at : at + self.beat], "little")
            last = int(at + self.beat >= len(text))
            self.program.send({"s_axis_program_tdata": data, "s_axis_program_tlast": last})

    async def done(self, write=0):
        """Until the program has ended; the error bits of STATUS. With `write` the host tries to write."""
        for _ in range(40_000):
            await self.step()
            running = int(self.handle("running").value)
            self.drive(host_write=3 * (write and running and not self.program.empty))
            if self.program.empty and not self.cycle % 16:
                status = await self.register(STATUS)
                if not status & BUSY or status & HALTED:
                    return status & 63
        self.fail("the program does not end")
        return 0

    def golden(self, memory, text):
        """A golden engine that has run a program."""
        engine = Engine(self.words, self.depth, self.slices)
        engine.memory[:] = memory
        list(engine.run(text))
        return engine

    def draw(self, memory, jobs):
        """A program of random jobs that the golden model accepts."""
        text = engine_model.begin(self.depth, self.words, self.slices)
        text += bytes([engine_model.KINDS["tables"]]).ljust(128, b"\0")
        text += self.rng.integers(0, 256, 2048).astype("u1").tobytes()
        for _ in range(jobs):
            while True:
                job, panels = engine_model.draw_job(self.rng, self.words, self.depth)
                longer = text + engine_model.descriptor(job) + panels
                try:
                    self.golden(memory, longer + engine_model.end(longer))
                except ProgramError:
                    continue
                text = longer
                break
        return text + engine_model.end(text)

    def memory(self):
        """Random words."""
        return self.rng.integers(-128, 128, (self.words, self.depth)).astype(np.int8)


@cocotb.test(timeout_time=20, timeout_unit="ms")
@cocotb.parametrize(stalls=["none", "random", "bursts"])
async def programs(dut, stalls):
    """Random programs, one behind the other, on random memories."""
    tb = TB(dut, stalls)
    await tb.start()
    for number in range(6):
        memory = tb.memory()
        text = tb.draw(memory, 1 + number)
        await tb.load(memory)
        await tb.control(CLEAR_COUNTERS)
        tb.send(text)
        error = await tb.done(write=number % 2)
        tb.equal(error, 0, f"errors of program {number}")
        golden = tb.golden(memory, text)
        counted = await tb.register(TILES), await tb.register(BUSY_CYCLES)
        tb.equal(counted, (golden.job, golden.read), "jobs and slices counted")
        found, expected = await tb.dump(), golden.memory
        if not np.array_equal(found, expected):
            word = int(np.flatnonzero((found != expected).any(axis=1))[0])
            tb.fail(f"program {number}: word {word} is {found[word]}, expected {expected[word]}")


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def corrupted(dut):
    """A wrong bit anywhere ends with an error; after a soft reset the right program runs."""
    tb = TB(dut)
    await tb.start()
    memory = tb.memory()
    text = tb.draw(memory, 3)
    for number in range(20):
        wrong = bytearray(text)
        at = int(tb.rng.integers(0, len(text))) if number % 2 else int(tb.rng.integers(2304, 2304 + 128))
        wrong[at] ^= 1 << int(tb.rng.integers(0, 8))
        tb.send(bytes(wrong))
        if not await tb.done():
            tb.fail(f"byte {at} is wrong, and the program ends without an error")
        await tb.control(SOFT_RESET)
    await tb.load(memory)
    tb.send(text)
    tb.equal(await tb.done(), 0, "errors")
    tb.equal((await tb.dump()).tobytes(), tb.golden(memory, text).memory.tobytes(), "memory")
