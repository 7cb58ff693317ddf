# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""macrame_engine in the simulator: random programs, and the whole memory against the golden model.

What could be wrong here, and which case would show it:
  a field connected to another byte                  jobs whose fields are all random
  results of one job taken for those of another      products, passes and both, with and without WAIT
  a job that reads before, or writes after its time  chains of jobs over few words
  tables loaded while they are used                  tables between jobs
  a program that hangs, or ends with a wrong result  `corrupted`: any wrong bit ends with an error
  an error that is missed, or has another's bit      `errors`: each of them in each job of a program
  something left of a program after a reset          `errors`, `resets`: the right program follows each other
  a program stream that stops                        `stall`: in any part of it
  the host's port open while a program runs          it writes in every cycle of some programs
  the core's own watchdog, or another of its errors  `long_job`: three panels wait for an elementwise job
  a cycle lost, or saved by reading too soon         all counters against the cycle model, for programs that
                                                     come at once or at an even rate; others take longer
"""

import math

import cocotb
import numpy as np
from cocotb.triggers import ClockCycles

from macrame.golden.engine import ERRORS, Engine, ProgramError
from macrame.golden.engine_cycles import Timing, predict
from tb.lib.axis import STALLS, Source, pauses
from tb.lib.kit import Bench
from tb.lib.vectors import share
from tb.models import engine_model

CONTROL, STATUS, WATCHDOG = 0x14, 0x18, 0x1C
#: Counters, in the order of their registers from 0x20 on.
COUNTERS = "cycles", "busy", "jobs", "stall_job", "stall_w", "stall_out", "starved"
#: Cycles per beat of a program in even time.
PERIOD = 5
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
        super().__init__(dut, host_write=0, host_address=0, host_data_in=0, host_error=0, **IDLE)
        self.depth, self.words = self.parameter("DEPTH"), self.parameter("WORDS")
        self.slices = self.parameter("K_MAX") // self.depth
        self.beat = self.depth * self.depth
        names = "s_axis_program_tvalid", "s_axis_program_tready"
        payload = "s_axis_program_tdata", "s_axis_program_tlast"
        self.paced_from = 0  # beats accepted before this program
        pause = self.paced() if stalls == "paced" else pauses(STALLS[stalls][0], self.rng)
        self.program = Source(self, *names, payload, pause)

    def paced(self):
        """Pauses of a source with a beat every PERIOD cycles, or at once after one that waited."""
        while True:
            done = self.program.taken[self.paced_from :]
            yield bool(done) and self.cycle < done[0][0] + len(done) * PERIOD

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
                if not self.shown.is_resolvable:
                    self.fail(f"word {address - 2} of the memory is {self.shown}: unknown bits")
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

    async def control(self, value, address=CONTROL):
        """Write CONTROL, or another register."""
        self.drive(s_axil_awaddr=address, s_axil_awvalid=1, s_axil_wdata=value, s_axil_wvalid=1)
        self.drive(s_axil_wstrb=15)
        self.drive(s_axil_bready=1)
        await self.step()
        self.drive(s_axil_awvalid=0, s_axil_wvalid=0)
        await self.step(12)

    def send(self, text, last=True):
        """Queue a program, or what comes of it before it stops."""
        self.paced_from = len(self.program.taken)
        for at in range(0, len(text), self.beat):
            data = int.from_bytes(text[at : at + self.beat], "little")
            end = int(last and at + self.beat >= len(text))
            self.program.send({"s_axis_program_tdata": data, "s_axis_program_tlast": end})

    async def done(self, write=0, cycles=40_000):
        """Until the program has ended; the error bits of STATUS. With `write` the host tries to write."""
        for _ in range(cycles):
            await self.step()
            running = int(self.handle("running").value)
            self.drive(host_write=3 * (write and running and not self.program.empty))
            if self.program.empty and not self.cycle % 16:
                status = await self.register(STATUS)
                if not status & BUSY or status & HALTED:
                    return status & 63
        self.fail("the program does not end")
        return 0

    async def counters(self):
        """All counters, by name."""
        return {name: await self.register(0x20 + 4 * n) for n, name in enumerate(COUNTERS)}

    def predicted(self, text, period=1):
        """What the cycle model expects of them."""
        timing = Timing(self.depth, self.parameter("POST_LANES"), self.parameter("LANES"))
        found = predict(text, timing, period)
        return {name: getattr(found, name) for name in COUNTERS}

    def golden(self, memory, text):
        """A golden engine that has run a program."""
        engine = Engine(self.words, self.depth, self.slices)
        engine.memory[:] = memory
        list(engine.run(text))
        return engine

    def draw(self, memory, jobs, heads=False):
        """A program of random jobs that the golden model accepts; with `heads` also where each job starts."""
        text = engine_model.begin(self.depth, self.words, self.slices)
        text += bytes([engine_model.KINDS["tables"]]).ljust(128, b"\0")
        text += self.rng.integers(0, 256, 2048).astype("u1").tobytes()
        starts = []
        for _ in range(jobs):
            starts.append(len(text))
            while True:
                job, panels = engine_model.draw_job(self.rng, self.words, self.depth)
                # most jobs follow the one before at once, unless they read what it writes
                found = None
                for wait in (0, engine_model.WAIT) if self.rng.random() < 0.8 else (engine_model.WAIT,):
                    job["flags"] = job["flags"] & ~engine_model.WAIT | wait
                    longer = text + engine_model.descriptor(job) + panels
                    try:
                        self.golden(memory, longer + engine_model.end(longer))
                    except ProgramError:
                        continue
                    found = longer
                    break
                if found is not None:
                    text = found
                    break
        text += engine_model.end(text)
        return (text, starts) if heads else text

    async def check(self, memory, text):
        """Load a memory, run a program, and compare."""
        await self.load(memory)
        self.send(text)
        self.equal(await self.done(), 0, "errors of the right program")
        self.equal((await self.dump()).tobytes(), self.golden(memory, text).memory.tobytes(), "memory")

    def memory(self):
        """Random words."""
        return self.rng.integers(-128, 128, (self.words, self.depth)).astype(np.int8)


@cocotb.test(timeout_time=20, timeout_unit="ms")
@cocotb.parametrize(stalls=["none", "paced", "random", "bursts"])
async def programs(dut, stalls):
    """Random programs, one after the other, on random memories."""
    tb = TB(dut, stalls)
    await tb.start()
    for number in range(share(6, of=3)):
        memory = tb.memory()
        text = tb.draw(memory, 1 + 2 * (number % 4))
        await tb.load(memory)
        await tb.control(CLEAR_COUNTERS)
        tb.send(text)
        error = await tb.done(write=number % 2)
        tb.equal(error, 0, f"errors of program {number}")
        golden = tb.golden(memory, text)
        counted = await tb.counters()
        tb.equal((counted["jobs"], counted["busy"]), (golden.job, golden.read), "jobs and slices counted")
        if stalls in ("none", "paced"):
            expected = tb.predicted(text, 1 if stalls == "none" else PERIOD)
            tb.equal(counted, expected, f"counters of program {number}")
        elif counted["cycles"] < tb.predicted(text)["cycles"]:
            tb.fail(f"program {number} took {counted['cycles']} cycles, fewer than with no pause")
        found, expected = await tb.dump(), golden.memory
        if not np.array_equal(found, expected):
            word = int(np.flatnonzero((found != expected).any(axis=1))[0])
            tb.fail(f"program {number}: word {word} is {found[word]}, expected {expected[word]}")
        tb.equal(tb.read("u_macrame.halted"), 0, "an error of the core that the engine does not see")


def patched(text, head, **fields):
    """A program with other fields in a descriptor, and the check that belongs to it."""
    found = bytearray(text[:-128])
    for name, at, size, count in engine_model.FIELDS:
        if name in fields:
            value = fields[name] % (1 << 8 * size)
            assert count == 1
            found[head + at : head + at + size] = value.to_bytes(size, "little")
    return bytes(found) + engine_model.end(bytes(found))


@cocotb.test(timeout_time=100, timeout_unit="ms")
@cocotb.parametrize(stalls=["none", "random"])
async def errors(dut, stalls):
    """Each error in each job of a program: its own bit of STATUS, and no other; then the right program."""
    tb = TB(dut, stalls)
    await tb.start()
    memory = tb.memory()
    text, heads = tb.draw(memory, 3, heads=True)
    wrong = []
    for head in heads:
        product = text[head] != engine_model.KINDS["elementwise"]
        second = text[head] != engine_model.KINDS["product"] and text[head + 108] < 4
        beyond = tb.words + int(tb.rng.integers(0, 2 * tb.words))
        wrong += [
            ("program_illegal", patched(text, head, rows=0)),
            ("program_illegal", patched(text, head, mode=4) if product else patched(text, head, panels=0)),
            ("program_short", text[: head + tb.beat * int(tb.rng.integers(0, 128 // tb.beat))]),
            ("program_short", text[: head + 128 if product else head]),
            ("address_range", patched(text, head, target=beyond)),
            ("address_range", patched(text, head, source=beyond, top=0, left=0, height=65535, width=65535)),
            ("length_mismatch", patched(text, head, kernel_words=2 if not product else 3000, kernel_rows=9)),
        ]
        if second:
            wrong.append(("address_range", patched(text, head, second=beyond)))
    wrong += [("program_corrupt", text[:-124] + bytes([text[-124] ^ 1]) + text[-123:])]
    wrong += [("program_illegal", text + bytes(tb.beat))]
    for n in tb.rng.permutation(len(wrong))[: share(len(wrong), of=4)]:
        name, given = wrong[n]
        try:
            tb.golden(memory, given)
        except ProgramError as error:
            # a window that is too long may leave the memory before it ends
            expected = {name, error.name} if name == "length_mismatch" else {error.name}
            tb.equal(name in expected, True, f"the golden model: {error}")
        else:
            tb.fail(f"the golden model accepts {name}")
        await tb.load(memory)
        tb.send(given)
        status = await tb.done()
        found = {ERRORS[bit] for bit in range(len(ERRORS)) if status >> bit & 1}
        tb.equal(
            bool(found) and found <= expected, True, f"status {sorted(found)}, expected {sorted(expected)}"
        )
        at = tb.program.taken[-1][0]
        before = (await tb.dump()).tobytes()
        await tb.step(200)
        tb.equal((await tb.dump()).tobytes(), before, f"memory after an error before cycle {at}")
        await tb.control(SOFT_RESET)
        tb.equal(await tb.register(STATUS), 0, "status after a soft reset")
        await tb.check(memory, text)


@cocotb.test(timeout_time=100, timeout_unit="ms")
async def resets(dut):
    """A soft reset in any cycle of a program whose rest still comes; the right program follows at once."""
    tb = TB(dut, "random")
    await tb.start()
    memory = tb.memory()
    text = tb.draw(memory, 3)
    for _ in range(share(24, of=24)):
        before = len(tb.program.taken)
        tb.send(text)
        await tb.until(lambda before=before: len(tb.program.taken) > before, what="the first beat")
        await tb.step(int(tb.rng.integers(4 * len(text) // tb.beat)))
        await tb.control(SOFT_RESET)
        tb.equal(await tb.register(STATUS) & 0x3FF, 0, "status after a soft reset")
        await tb.until(lambda: tb.program.empty, 40_000, "the end of the packet")
        await tb.check(memory, text)


@cocotb.test(timeout_time=100, timeout_unit="ms")
async def stall_limits(dut):
    """WATCHDOG counts its cycles exactly; two limits have every bit up to the highest between them."""
    tb = TB(dut)
    await tb.start()
    memory = tb.memory()
    text = tb.draw(memory, 1)
    late = set()
    for limit in (0x155, 0x2AA) if share(4) < 4 else (0x5555, 0x2AAA):
        await tb.control(limit, WATCHDOG)
        tb.send(text[: tb.beat], last=False)
        await tb.until(lambda: tb.read("halted"), limit + 100, f"the end of {limit} cycles")
        late.add(tb.cycle - tb.program.taken[-1][0] - limit)
        tb.equal(await tb.register(STATUS) & 63, 1 << ERRORS.index("program_stall"), "status")
        await tb.control(SOFT_RESET)
        tb.send(text[tb.beat :])
        await tb.until(lambda: tb.program.empty, 40_000, "the end of the packet")
        await tb.check(memory, text)
    tb.equal(len(late), 1, "the same cycles from the limit to the error")


@cocotb.test(timeout_time=100, timeout_unit="ms")
async def stall(dut):
    """A program stream that stops is an error once WATCHDOG is set, and none before."""
    tb = TB(dut)
    await tb.start()
    memory = tb.memory()
    products = []
    while not products:
        text, starts = tb.draw(memory, 2, heads=True)
        products = [at for at in starts if text[at] != engine_model.KINDS["elementwise"]]
    beats = len(text) // tb.beat
    weights = (products[0] + 128) // tb.beat + 1  # after the first beat of them
    limit = 300
    for count in sorted({1, weights, *tb.rng.integers(1, beats - 1, share(8, of=8)).tolist(), beats - 1}):
        await tb.control(0, WATCHDOG)
        tb.send(text[: count * tb.beat], last=False)
        await tb.until(lambda: tb.program.empty, 40_000, f"{count} beats")
        await tb.step(2 * limit)
        tb.equal(await tb.register(STATUS), BUSY, "status without a watchdog")
        await tb.control(limit, WATCHDOG)
        await tb.step(limit // 2)
        tb.equal(await tb.register(STATUS) & 0xFF, 0, "status before the limit")
        await tb.step(limit)
        tb.equal(await tb.register(STATUS) & 63, 1 << ERRORS.index("program_stall"), f"status, {count} beats")
        await tb.control(SOFT_RESET)
        tb.send(text[count * tb.beat :])
        await tb.until(lambda: tb.program.empty, 40_000, "the end of the packet")
        await tb.check(memory, text)


@cocotb.test(timeout_time=100, timeout_unit="ms")
async def long_job(dut):
    """Weights wait at the core for as long as an elementwise job takes, and no watchdog stops it.

    By default a core's watchdog allows 2^20 cycles; the engine's core has 0, for off. With +real_time the job
    takes longer than 2^20 cycles.
    """
    tb = TB(dut)
    await tb.start()
    real_time = "real_time" in cocotb.plusargs
    word_cycles = tb.depth // tb.parameter("LANES")
    side = math.isqrt(9 * 2**17 // word_cycles) if real_time else 40
    loops = {"panels": 1, "rows": side, "columns": side}
    once = dict.fromkeys(("kernel_rows", "kernel_columns", "kernel_words", "chunks"), 1)
    whole = {"height": 65535, "width": 65535, "top": 0, "left": 0, "y_step": [0] * 3, "x_step": [0] * 3}
    common = once | whole | {"chunk_slices": 1, "last_slices": 1, "source_step": [0] * 6, "mode": 1}
    kinds = engine_model.KINDS
    long = common | loops | {"kind": kinds["elementwise"], "source": 0, "target": 1, "target_step": [0] * 3}
    long["record"] = [4, *tb.rng.integers(0, 256, 8).tolist()]
    product = common | {
        "kind": kinds["product"],
        "panels": 3,
        "rows": 1,
        "columns": 1,
        "source": 0,
        "target": 2,
    }
    product["target_step"] = [0, 0, 1]
    text = engine_model.begin(tb.depth, tb.words, tb.slices)
    text += bytes([kinds["tables"]]).ljust(128, b"\0") + tb.rng.integers(0, 256, 2048).astype("u1").tobytes()
    text += engine_model.descriptor(long) + engine_model.descriptor(product)
    text += tb.rng.integers(0, 256, 3 * (-(-12 // tb.depth) + 1) * tb.beat).astype("u1").tobytes()
    text += engine_model.end(text)
    memory = tb.memory()
    await tb.load(memory)
    tb.send(text)
    await tb.until(lambda: len(tb.program.taken) > (128 + 128 + 2048) // tb.beat, 40_000, "the long job")
    if real_time:
        # The source stands still while only the clock runs, and would repeat its beat if that were taken.
        # After 100 cycles the decoder takes no beat until the job ends.
        await tb.step(100)
        await ClockCycles(dut.clk, side * side * word_cycles - 1000)
    tb.equal(tb.read("u_macrame.u_core_control.u_axil_regs.watchdog_q"), 0, "the core's watchdog")
    left = 0 if real_time else side * side * word_cycles
    tb.equal(await tb.done(cycles=8_000 + left), 0, "errors of a program whose weights wait")
    tb.equal(tb.read("u_macrame.halted"), 0, "the core's error")
    # only the order of the job's writes would show more of it, so golden runs a short one
    short = text.replace(
        engine_model.descriptor(long), engine_model.descriptor(long | {"rows": 1, "columns": 1})
    )
    short = short[:-128] + engine_model.end(short[:-128])
    tb.equal((await tb.dump()).tobytes(), tb.golden(memory, short).memory.tobytes(), "memory")


@cocotb.test(timeout_time=100, timeout_unit="ms")
async def longest_panel(dut):
    """A panel of K_MAX values, whose number of slices needs every bit of the fields."""
    tb = TB(dut)
    await tb.start()
    once = dict.fromkeys(("kernel_rows", "kernel_columns", "panels", "rows", "columns", "chunks"), 1)
    whole = {"height": 65535, "width": 65535, "top": 0, "left": 0, "y_step": [0] * 3, "x_step": [0] * 3}
    product = once | whole | dict.fromkeys(("kernel_words", "chunk_slices", "last_slices"), tb.slices)
    product |= {"kind": engine_model.KINDS["product"], "mode": 1, "source": 0, "source_step": [0] * 6}
    product |= {"target": tb.words - 1, "target_step": [0] * 3}
    text = engine_model.begin(tb.depth, tb.words, tb.slices) + engine_model.descriptor(product)
    beats = -(-12 // tb.depth) + tb.slices  # the records, and the panel
    text += tb.rng.integers(0, 256, beats * tb.beat).astype("u1").tobytes()
    await tb.check(tb.memory(), text + engine_model.end(text))


@cocotb.test(timeout_time=100, timeout_unit="ms")
async def corrupted(dut):
    """A wrong bit ends with an error; after a soft reset the right program runs.

    A bit of any byte that is read: the end has only its kind and its check.
    """
    tb = TB(dut)
    await tb.start()
    memory = tb.memory()
    text = tb.draw(memory, 3)
    end = len(text) - 128
    places = [*range(end), end, *range(end + 4, end + 8)]
    for number in range(share(20, of=20)):
        wrong = bytearray(text)
        at = int(tb.rng.choice(places)) if number % 2 else int(tb.rng.integers(2304, 2304 + 128))
        wrong[at] ^= 1 << int(tb.rng.integers(0, 8))
        tb.send(bytes(wrong))
        if not await tb.done():
            tb.fail(f"byte {at} is wrong, and the program ends without an error")
        await tb.control(SOFT_RESET)
    await tb.check(memory, text)
