# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""window_reader in the simulator: every word against the loops of docs/engine.md, iteration by iteration.

What could be wrong here, and which case would show it:
  a step added by another loop, or one too many      `jobs`: random steps of all loops, negative ones too
  y or x not started again                           images with padding on all sides, rows and panels
  fill where the image is, or in the wrong half      padding and edges; the memory is X outside of its words
  the panel's step added to the latest address       panels of several rows
  a word lost or repeated at a stall                 all pairs of pauses; the memory moves with port_a_enable
  a job that changes the words of the one before it  jobs follow each other at once, at stalls too
  a loop that never ends, or ends too early           `long_loops`: one loop of many iterations
  a panel that ends early, a release or keep missing out_last and out_user of every word; chunks of any length
  an address that is not in the memory               `errors`: in one slice among others; none if it is fill
  a window longer or shorter than its weights        `errors`, in every position
  something left of a job after a reset              `reset` at random, and another job
"""

import cocotb

from tb.lib.axis import STALLS, Sink, Source, pauses
from tb.lib.kit import Bench, Part
from tb.lib.vectors import share
from tb.models import engine_model

PORTS = (
    *("panels", "rows", "columns", "kernel_rows", "kernel_columns", "kernel_words"),
    *("chunks", "chunk_slices", "last_slices", "height", "width", "top", "left", "y_step", "x_step"),
    *("source", "source_step", "fill", "edge_left", "edge_right", "for_unit"),
)
OUT = ("out_data", "out_last", "out_job_last", "out_for_unit", "out_user")


def joined(values, bits):
    """Numbers as one vector, the first lowest."""
    return sum((value & (1 << bits) - 1) << bits * n for n, value in enumerate(values))


class TB(Bench):
    """Jobs in, words out, and a memory of two cycles."""

    def __init__(self, dut, stalls="none"):
        super().__init__(dut, halted=0, port_a_data=None)
        self.words, self.width = self.parameter("WORDS"), self.parameter("WORD_W")
        self.bits = engine_model.address_bits(self.words)
        self.memory = [int(v) for v in self.rng.integers(0, 1 << 62, self.words)]
        self.memory = [v * 3 & (1 << self.width) - 1 for v in self.memory]
        feed, drain = STALLS[stalls]
        self.jobs = Source(self, "job_valid", "job_ready", PORTS, pauses(feed, self.rng))
        self.sink = Sink(self, "out_valid", "out_ready", OUT, pauses(drain, self.rng))
        self.reading, self.beyond = [None, None], None
        self.errors = []
        self.parts.append(Part(self.drive_memory, self.sample_memory))

    def drive_memory(self):
        self.drive(port_a_data=self.reading[1])

    def sample_memory(self):
        if self.read("port_a_enable"):
            address = self.handle("port_a_address").value
            known = address.is_resolvable and address.to_unsigned() < self.words
            self.reading = [self.memory[address.to_unsigned()] if known else self.beyond, self.reading[0]]
        for name in ("error_range", "error_length"):
            if self.handle(name).value.is_resolvable and int(self.handle(name).value):
                self.errors.append((self.cycle, name))

    def send(self, job, tag=0):
        """Queue a job."""
        ports = {name: job[name] for name in PORTS[:11]}
        ports |= {name: job[name] & 0xFFFF for name in ("top", "left")}
        ports |= {name: joined(job[name], 16) for name in ("y_step", "x_step")}
        ports |= {"source": joined([job["source"]], self.bits), "fill": job["fill"], "for_unit": tag}
        ports["source_step"] = joined(job["source_step"], self.bits)
        ports["edge_left"] = int(bool(job["flags"] & engine_model.EDGE_LEFT))
        ports["edge_right"] = int(bool(job["flags"] & engine_model.EDGE_RIGHT))
        self.jobs.send(ports)

    def expected(self, job, tag=0):
        """The words of a job and what goes with them."""
        half = self.width // 2
        low = (1 << half) - 1
        fill = int.from_bytes(bytes([job["fill"]]) * (half // 8), "little")
        lengths = [job["chunk_slices"]] * (job["chunks"] - 1) + [job["last_slices"]]
        ends = {sum(lengths[: n + 1]): n for n in range(len(lengths))}
        found, count = [], 0
        for address, _, halves, (window, panel, last) in engine_model.slices(job, self.words):
            count += 1
            word = self.memory[address] if address < self.words else 0
            parts = [fill if halves[0] else word & low, fill if halves[1] else word >> half]
            keep = count in ends and ends[count] < len(lengths) - 1
            # a window of one tile is the panel's last from its first chunk on
            release = panel or (job["rows"] == job["columns"] == 1)
            found.append((parts[1] << half | parts[0], int(count in ends), int(last), tag, keep, release))
            count = 0 if window else count
        return found

    def check(self, expected, count=None):
        """Compare the words that came."""
        for n, (got, wanted) in enumerate(zip(self.sink.values, expected)):
            data, last, job_last, tag, user = got
            self.equal((data, last, job_last, tag), wanted[:4], f"word {n}")
            if last:
                self.equal(user, wanted[4] << 1 | wanted[5], f"out_user of word {n}")
        if count is None:
            self.equal(len(self.sink.values), len(expected), "words")


@cocotb.test(timeout_time=4, timeout_unit="ms")
@cocotb.parametrize(stalls=list(STALLS))
async def jobs(dut, stalls):
    """Random jobs, one after the other."""
    tb = TB(dut, stalls)
    await tb.start()
    expected = []
    for n in range(share(25)):
        job = engine_model.draw_source(tb.rng, tb.words)
        tb.send(job, n % 2)
        expected += tb.expected(job, n % 2)
    await tb.until(lambda: len(tb.sink.values) >= len(expected), 40_000)
    await tb.step(6)
    tb.check(expected)
    tb.equal(tb.errors, [], "errors")


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def long_loops(dut):
    """One loop has thousands of iterations, and all others one."""
    tb = TB(dut)
    await tb.start()
    loops = ("kernel_words", "kernel_columns", "kernel_rows", "columns", "rows", "panels")
    image = {"height": 1, "width": 1, "top": 0, "left": 0, "y_step": [0] * 3, "x_step": [0] * 3}
    fixed = {"source": 1, "source_step": [0] * 6, "fill": 0, "flags": 0}
    count = share(8196) + 3  # 2,052 in a quick run
    for loop in loops:
        job = dict.fromkeys(loops, 1) | {loop: count} | image | fixed
        length = count if loop.startswith("kernel") else 1
        job |= {"chunks": -(-length // 100), "chunk_slices": 100, "last_slices": (length - 1) % 100 + 1}
        tb.send(job)
        await tb.until(lambda: len(tb.sink.values) >= count, count + 20, f"the end of {count} {loop}")
        await tb.step(6)
        tb.check(tb.expected(job))
        tb.sink.beats.clear()
    tb.equal(tb.errors, [], "errors")


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def latency(dut):
    """The first word 3 cycles after its job, one per cycle, and one cycle between two jobs."""
    tb = TB(dut)
    await tb.start()
    count = 0
    for _ in range(4):
        job = engine_model.draw_source(tb.rng, tb.words)
        tb.send(job)
        count += len(tb.expected(job))
    await tb.until(lambda: len(tb.sink.values) >= count)
    wanted, jobs_taken = [], [cycle for cycle, _ in tb.jobs.taken]
    cycle = jobs_taken[0] + 3
    for _, (_, _, job_last, _, _) in tb.sink.beats:
        wanted.append(cycle)
        cycle += 2 if job_last else 1
    tb.equal([cycle for cycle, _ in tb.sink.beats], wanted, "cycles of the words")


@cocotb.test(timeout_time=4, timeout_unit="ms")
@cocotb.parametrize(stalls=["none", "random"], kind=["error_range", "error_length"])
async def errors(dut, stalls, kind):
    """The error comes with the wrong slice, and no slice is issued after it; all before it are right."""
    tb = TB(dut, stalls)
    tb.beyond = 0
    await tb.start()
    for _ in range(12):
        while True:
            job = engine_model.draw_source(tb.rng, tb.words)
            if kind == "error_range":
                # somewhere on its way the address leaves the memory
                job["source_step"][int(tb.rng.integers(0, 6))] += tb.words
                wrong = [
                    not outside and address >= tb.words
                    for address, outside, _, _ in engine_model.slices(job, tb.words)
                ]
            else:
                count = job["kernel_rows"] * job["kernel_columns"] * job["kernel_words"]
                job |= {"chunks": 1, "last_slices": count + int(tb.rng.choice([-1, 1]))}
                ends = [e[0] for _, _, _, e in engine_model.slices(job, tb.words)]
                wrong = [
                    (n % count == job["last_slices"] - 1) != end if n < count else False
                    for n, end in enumerate(ends)
                ]
            if any(wrong) and job["last_slices"]:
                break
        first = wrong.index(True)
        before, tb.errors = len(tb.sink.values), []
        tb.send(job)
        await tb.until(lambda: tb.errors, 4000, kind)
        tb.equal({name for _, name in tb.errors}, {kind}, "error")
        tb.drive(halted=1)
        await tb.step(30)
        came = tb.sink.values[before:]
        if not first - 1 <= len(came) <= first + 1 + (kind == "error_range"):
            tb.fail(f"{len(came)} words, the wrong slice is number {first}")
        for n, (got, wanted) in enumerate(zip(came, tb.expected(job)[:first])):
            tb.equal(got[0], wanted[0], f"word {n}")
        tb.drive(rst=1)
        await tb.step()
        tb.drive(rst=0, halted=0)
        tb.sink.forget()
        await tb.step()


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def reset(dut):
    """In any cycle of a job; the next one is right from its first word on."""
    tb = TB(dut, "slow_out")
    await tb.start()
    for cycles in range(1, 24, 24 // share(24)):
        tb.send(engine_model.draw_source(tb.rng, tb.words))
        await tb.step(cycles)
        tb.drive(rst=1)
        tb.jobs.clear()
        await tb.step()
        tb.drive(rst=0)
        tb.sink.forget()
        tb.sink.beats.clear()
        job = engine_model.draw_source(tb.rng, tb.words)
        tb.send(job)
        await tb.until(lambda: tb.sink.values and tb.sink.values[-1][2])
        await tb.step(4)
        tb.check(tb.expected(job))
