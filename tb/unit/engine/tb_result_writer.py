# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""result_writer with result_addresses in the simulator: every write against the loops of docs/engine.md.

What could be wrong here, and which case would show it:
  a step added by another loop, or one too many      `jobs`: random steps of all loops, negative ones too
  the panel's step added to the latest address       panels of several rows
  a loop that never ends, or ends too early          `long_loops`: one loop of many iterations
  a half in the wrong place, or of the wrong result  every way of splitting, with either half first
  the half not started again in a row                rows of odd and even lengths
  a result lost or written twice                     every pair of pauses; order and number of writes
  a word written while halted, or out of the memory  `errors`
  a job accepted before the one before it is done    jobs follow each other at once
  idle while a result is on its way                  results_written is compared in every cycle
"""

import cocotb

from tb.lib.axis import STALLS, Source, pauses
from tb.lib.kit import Bench, Part
from tb.lib.vectors import share
from tb.models import engine_model

PORTS = (
    *("panels", "rows", "columns", "target", "target_step", "target_split"),
    *("split", "turn_column", "turn_panel", "first_half"),
)


class TB(Bench):
    """Jobs and results in, writes out."""

    def __init__(self, dut, stalls="none"):
        super().__init__(dut, halted=0)
        self.words, self.width = self.parameter("WORDS"), self.parameter("WORD_W")
        self.bits = engine_model.address_bits(self.words)
        feed, results = STALLS[stalls]
        self.jobs = Source(self, "job_valid", "job_ready", PORTS, pauses(feed, self.rng))
        self.results = Source(self, "in_valid", "in_ready", ("in_data",), pauses(results, self.rng))
        self.writes, self.errors, self.idle = [], [], []
        self.parts.append(Part(sample=self.sample_writes))

    def sample_writes(self):
        write = self.read("port_b_write")
        half = self.width // 2
        if write:
            data, address = self.read("port_b_data_in"), self.read("port_b_address")
            parts = [data >> half * p & (1 << half) - 1 if write >> p & 1 else None for p in (0, 1)]
            self.writes.append((self.cycle, address, *parts))
        if self.read("error_range"):
            self.errors.append(self.cycle)
        self.idle.append(self.read("results_written"))

    def send(self, job):
        """Queue a job and its results; the writes that they lead to."""
        flags, half = job["flags"], self.width // 2
        mask = (1 << self.bits) - 1
        ports = {name: job[name] for name in PORTS[:3]}
        ports |= {name: job[name] & mask for name in ("target", "target_split")}
        ports["target_step"] = sum((s & mask) << self.bits * n for n, s in enumerate(job["target_step"]))
        for name in PORTS[6:]:
            ports[name] = int(bool(flags & getattr(engine_model, name.upper())))
        self.jobs.send(ports)
        found = []
        for address, lane in engine_model.places(job, self.words):
            data = int(self.rng.integers(0, 1 << 62)) * 3 & (1 << self.width) - 1
            self.results.send(data)
            low, high = data & (1 << half) - 1, data >> half
            if not flags & engine_model.SPLIT:
                found.append((address, low, high))
            else:
                for part, to in ((low, address), (high, address + job["target_split"] & mask)):
                    found.append((to, None, part) if lane else (to, part, None))
        return found


@cocotb.test(timeout_time=4, timeout_unit="ms")
@cocotb.parametrize(stalls=list(STALLS))
async def jobs(dut, stalls):
    """Random jobs, one after the other."""
    tb = TB(dut, stalls)
    await tb.start()
    expected = []
    for _ in range(share(30)):
        expected += tb.send(engine_model.draw_target(tb.rng, tb.words))
    await tb.until(lambda: len(tb.writes) >= len(expected), 40_000)
    tb.equal(tb.idle[-1], 0, "results_written with a write")
    await tb.step(4)
    tb.equal([write[1:] for write in tb.writes], expected, "writes")
    tb.equal((tb.errors, tb.idle[-4:]), ([], [1] * 4), "errors and results_written")


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def long_loops(dut):
    """One loop has thousands of iterations, and the others one; then another job."""
    tb = TB(dut)
    await tb.start()
    count = share(32768, of=16) + 3  # 2,051 in a quick run
    for loop in ("columns", "rows", "panels"):
        fixed = {"flags": 0, "target": 1, "target_step": [0] * 3, "target_split": 0}
        expected = tb.send({"panels": 1, "rows": 1, "columns": 1} | {loop: count} | fixed)
        expected += tb.send(engine_model.draw_target(tb.rng, tb.words))
        most = len(expected)
        await tb.until(lambda most=most: len(tb.writes) >= most, count + 400, f"the end of {count} {loop}")
        await tb.step(4)
        tb.equal([write[1:] for write in tb.writes] == expected, True, f"writes of {count} {loop}")
        tb.writes.clear()
    tb.equal(tb.errors, [], "errors")


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def latency(dut):
    """A result is written 1 cycle after it is accepted, its halves 0 and 1 cycle after; one per cycle."""
    tb = TB(dut)
    await tb.start()
    for flags, count in ((0, 1), (engine_model.SPLIT, 2)):
        job = {"panels": 1, "rows": 2, "columns": 3, "flags": flags, "target": 0, "target_split": 9}
        tb.send(job | {"target_step": [1, 1, 0]})
        tb.writes.clear()
        await tb.until(lambda count=count: len(tb.writes) == 6 * count)
        first = tb.jobs.taken[-1][0] + 2
        tb.equal([write[0] for write in tb.writes], list(range(first, first + 6 * count)), "cycles of writes")
        taken = [cycle for cycle, _ in tb.results.taken[-6:]]
        tb.equal(taken, [first - 2 + (n + 1) * count for n in range(6)], "cycles of results")
        await tb.step(3)


@cocotb.test(timeout_time=4, timeout_unit="ms")
@cocotb.parametrize(stalls=["none", "random"])
async def errors(dut, stalls):
    """An address that is not in the memory: an error instead of the write, and nothing after it."""
    tb = TB(dut, stalls)
    await tb.start()
    for n in range(20):
        while True:
            job = engine_model.draw_target(tb.rng, tb.words)
            if n % 4 == 0:
                job |= {"target_split": tb.words, "flags": job["flags"] | engine_model.SPLIT}
            elif n % 4 == 1:
                job["target"] = tb.words  # the first address that is not there
            else:
                job["target_step"][int(tb.rng.integers(0, 3))] += tb.words
            addresses = [a for a, _ in engine_model.places(job, tb.words)]
            if job["flags"] & engine_model.SPLIT:
                mask = (1 << tb.bits) - 1
                addresses = [b for a in addresses for b in (a, a + job["target_split"] & mask)]
            if max(addresses) >= tb.words:
                break
        tb.writes.clear()
        tb.errors.clear()
        expected = tb.send(job)
        await tb.until(lambda: tb.errors, 4000, "error_range")
        tb.drive(halted=1)
        await tb.step(10)
        first = next(i for i, address in enumerate(addresses) if address >= tb.words)
        tb.equal([write[1:] for write in tb.writes], expected[:first], "writes before the error")
        tb.equal(len(tb.errors), 1, "errors")
        tb.drive(rst=1)
        tb.results.clear()
        tb.jobs.clear()
        await tb.step()
        tb.drive(rst=0, halted=0)
        await tb.step()
        tb.equal(tb.idle[-1], 1, "results_written after the reset")


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def halted(dut):
    """Nothing is written nor accepted while halted, in whatever cycle it begins; afterwards all goes on."""
    tb = TB(dut)
    await tb.start()
    for wait in range(1, 12):
        tb.writes.clear()
        job = engine_model.draw_target(tb.rng, tb.words)
        expected = tb.send(job)
        await tb.step(wait)
        done, taken = len(tb.writes), len(tb.results.taken)
        tb.drive(halted=1)
        await tb.step(6)
        tb.equal((len(tb.writes), len(tb.results.taken)), (done, taken), "writes and results while halted")
        tb.drive(rst=1)
        tb.results.clear()
        tb.jobs.clear()
        await tb.step()
        tb.drive(rst=0, halted=0)
        tb.equal([write[1:] for write in tb.writes], expected[:done], "writes")
