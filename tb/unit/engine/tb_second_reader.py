# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""second_reader in the simulator: every word against the loops of docs/engine.md.

What could be wrong here, and which case would show it:
  a word lost, doubled, or of another cycle          `jobs`: order and number; the port is free at random
  more words read than the buffer holds              words are rarely taken, and the port is always free
  a read while the writer has the port               port_b_read is compared with port_b_free in every cycle
  words of one job mixed with those of the next      jobs follow each other at once
  an address that is not in the memory is read       `errors`
  a loop that never ends, or ends too early          `long_loops`: one loop of many iterations
  a word too many or too few of a job without        `counted`: such jobs between others, some with addresses
  a second operand, or a read of it                  that are not in the memory
"""

import cocotb

from tb.lib.axis import STALLS, Sink, Source, pauses
from tb.lib.kit import Bench, Part
from tb.lib.vectors import share
from tb.models import engine_model

PORTS = ("panels", "rows", "columns", "second", "second_step", "takes_second")


class TB(Bench):
    """Jobs in, words out, and a memory of two cycles whose port is not always free."""

    def __init__(self, dut, stalls="none"):
        super().__init__(dut, halted=0, word_taken=0, port_b_free=1, port_b_data=None)
        self.words, self.width = self.parameter("WORDS"), self.parameter("WORD_W")
        self.bits = engine_model.address_bits(self.words)
        self.memory = [int(v) & (1 << self.width) - 1 for v in self.rng.integers(0, 1 << 62, self.words)]
        feed, drain = STALLS[stalls]
        self.busy = pauses(feed, self.rng)
        self.jobs = Source(self, "job_valid", "job_ready", PORTS)
        self.sink = Sink(self, "out_valid", "out_ready", ("out_data",), pauses(drain, self.rng))
        self.reading, self.free, self.errors = [None, None], 1, 0
        self.parts.append(Part(self.drive_memory, self.sample_memory))

    def drive_memory(self):
        self.free = int(not next(self.busy))
        self.drive(port_b_data=self.reading[1], port_b_free=self.free, halted=int(self.errors > 0))

    def sample_memory(self):
        read = self.read("port_b_read")
        if read and not self.free:
            self.fail("a read while the port is not free")
        self.reading = [self.memory[self.read("port_b_address")] if read else None, self.reading[0]]
        self.errors += self.read("error_range")

    def draw(self):
        """A job, and its words."""
        job = {name: int(self.rng.integers(1, 5)) for name in ("panels", "rows", "columns")}
        return job | engine_model.draw_second(self.rng, self.words, job | {"flags": 0})

    def send(self, job, takes_second=1):
        """Queue a job; its words."""
        mask = (1 << self.bits) - 1
        steps = sum((s & mask) << self.bits * n for n, s in enumerate(job["second_step"]))
        self.jobs.send(
            {
                **{n: job[n] for n in PORTS[:3]},
                **{"second": job["second"] & mask, "second_step": steps, "takes_second": takes_second},
            }
        )
        return [address for address, _ in engine_model.places(job | {"flags": 0}, self.words, "second")]


@cocotb.test(timeout_time=4, timeout_unit="ms")
@cocotb.parametrize(stalls=list(STALLS))
async def jobs(dut, stalls):
    """Random jobs, one after the other."""
    tb = TB(dut, stalls)
    await tb.start()
    expected = []
    for _ in range(share(20)):
        expected += [tb.memory[address] for address in tb.send(tb.draw())]
    await tb.until(lambda: len(tb.sink.values) >= len(expected), 40_000)
    await tb.step(8)
    tb.equal((tb.sink.values, tb.errors), (expected, 0), "words and errors")


@cocotb.test(timeout_time=4, timeout_unit="ms")
@cocotb.parametrize(stalls=["none", "random"])
async def counted(dut, stalls):
    """Jobs without a second operand, between others: as many words as results, and no read."""
    tb = TB(dut, stalls)
    await tb.start()
    expected = []
    for n in range(share(24)):
        job = tb.draw()
        if n % 3:
            expected += [tb.memory[address] for address in tb.send(job)]
            count = len(expected)
            await tb.until(lambda count=count: len(tb.sink.values) >= count, 4000)
            continue
        if n % 2:
            job["second"] += tb.words
        count, taken = len(tb.send(job, takes_second=0)), 0
        await tb.until(lambda n=n: len(tb.jobs.taken) > n, 100)
        await tb.step()
        while taken < count:
            tb.equal(tb.read("words_remaining"), 1, f"words remaining after {taken} of {count}")
            take = int(stalls == "none" or tb.rng.random() < 0.4)
            tb.drive(word_taken=take)
            await tb.step()
            taken += take
        tb.drive(word_taken=0)
        await tb.step()
        tb.equal(tb.read("words_remaining"), 0, f"words remaining after all {count}")
    await tb.step(8)
    tb.equal((tb.sink.values, tb.errors), (expected, 0), "words and errors")


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def long_loops(dut):
    """One loop has thousands of iterations, and the others one; then another job."""
    tb = TB(dut)
    await tb.start()
    count = share(8196) + 3  # 2,052 in a quick run
    for loop in ("columns", "rows", "panels"):
        long = {"panels": 1, "rows": 1, "columns": 1} | {loop: count} | {"second": 1, "second_step": [0] * 3}
        expected = [tb.memory[address] for job in (long, tb.draw()) for address in tb.send(job)]
        most = len(expected)
        await tb.until(lambda most=most: len(tb.sink.values) >= most, 2 * count + 400, f"{count} {loop}")
        await tb.step(8)
        tb.equal(tb.sink.values == expected, True, f"words of {count} {loop}")
        tb.sink.beats.clear()
    tb.equal(tb.errors, 0, "errors")


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def latency(dut):
    """The first word 6 cycles after its job; four words in 5 cycles."""
    tb = TB(dut)
    await tb.start()
    tb.send({"panels": 1, "rows": 1, "columns": 12, "second": 0, "second_step": [1, 0, 0]})
    await tb.until(lambda: len(tb.sink.values) == 12)
    first = tb.jobs.taken[0][0] + 6
    cycles = [cycle for cycle, _ in tb.sink.beats]
    tb.equal(cycles[0], first, "cycle of the first word")
    tb.equal(cycles[8] - cycles[0], 10, "cycles of eight words")


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def errors(dut):
    """An address that is not in the memory: an error, and no read; the words before it come."""
    tb = TB(dut, "random")
    await tb.start()
    for n in range(12):
        job = tb.draw()
        if n % 4:
            job["second_step"][n % 3] += tb.words
        else:
            job["second"] = tb.words  # the first address that is not there
        addresses = tb.send(job)
        count = next((i for i, address in enumerate(addresses) if address >= tb.words), None)
        if count is None:
            expected = len(addresses)
            await tb.until(lambda expected=expected: len(tb.sink.values) == expected, 4000)
        else:
            await tb.until(lambda: tb.errors, 4000, "error_range")
            await tb.step(60)
            tb.equal(tb.sink.values, [tb.memory[a] for a in addresses[:count]], "words before the error")
        tb.drive(rst=1)
        await tb.step()
        tb.drive(rst=0)
        tb.sink.forget()
        tb.sink.beats.clear()
        tb.errors = 0
