# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""elementwise_path in the simulator: jobs, tables and words against the golden model of the elementwise unit.

What could be wrong here, and which case would show it:
  parts in a wrong order, of the wrong operand or word   `jobs`: every byte counts; the other source of x is X
  a word of x taken without its word of y                `jobs`: y comes late, in every pair of pauses
  a word of x that belongs to the next job               `jobs`: the words of all jobs are offered at once
  a record that arrives with the words before it         `jobs`: each job has its own operation and scaling
  a result lost where the FIFO is full                   `credits`: as many words are taken as have room
  a credit lost or counted twice                         `credits`, again and again, also after resets
  a cycle more or less                                   `latency`: the cycle of each record, word and result
  a table loaded into an operation                       `tables`: tables wait while in_use is high
  an entry's bytes in a wrong place                      `tables`: every entry is read back
"""

import cocotb
import numpy as np

from macrame.golden.elementwise import OPERATIONS, elementwise
from tb.lib.axis import STALLS, Sink, Source, pauses
from tb.lib.kit import Bench, Part
from tb.lib.vectors import share
from tb.models.elementwise_model import Beat, Packet, random_table

#: Cycles from a word's last part to its result: lanes, then FIFO.
PART_LATENCY = 14 + 2


class TB(Bench):
    """Jobs, tables and words in, results out. The words of y come with their job, those of x at any time."""

    def __init__(self, dut, stalls="none", x_is_result=0):
        super().__init__(dut, in_use=0, x_is_result=x_is_result, words_remaining=0)
        self.depth = self.parameter("DEPTH")
        self.parts_per_word = self.depth // self.parameter("LANES")
        self.fifo_depth = self.parameter("FIFO_DEPTH")
        feed, drain = STALLS[stalls]
        port = "result_data" if x_is_result else "slice_data"
        self.drive(**{"slice_data" if x_is_result else "result_data": None})
        self.jobs = Source(self, "job_valid", "job_ready", ("record",))
        self.loads = Source(self, "table_valid", "table_ready", ("table_data", "table_last"))
        self.x = Source(self, "x_valid", "x_ready", (port,), pauses(feed, self.rng))
        self.y = Source(self, "y_valid", "y_ready", ("y_data",), pauses(feed, self.rng))
        self.out = Sink(self, "out_valid", "out_ready", ("out_data",), pauses(drain, self.rng))
        self.tables = [np.zeros(256, np.int64)] * 2
        self.due, self.packets, self.left = [], [], 0
        self.parts.append(Part(self.drive_remaining, self.sample_job))

    def drive_remaining(self):
        """words_remaining, as from second_reader: a register; unknown where y counts the words."""
        self.drive(words_remaining=self.left if self.left is None else int(self.left > 0))

    def sample_job(self):
        """A job that is taken brings its words of y, and a number of words of x."""
        if self.left and self.x.taken and self.x.taken[-1][0] == self.cycle:
            self.left -= 1
        if self.jobs.taken and self.jobs.taken[-1][0] == self.cycle:
            packet = self.packets.pop(0)
            self.y.send(*(int.from_bytes(beat.data, "little") for beat in packet.y_data))
            self.left = None if packet.takes_y else len(packet.x_data)

    def draw(self, words=None, command=None):
        """A job whose scaling suits the tables."""
        words = words or int(self.rng.integers(1, 7))
        command = command or str(self.rng.choice(list(OPERATIONS)))
        return Packet(self.rng, self.depth, words, command, self.tables)

    def send_x(self, packet):
        """Queue a job's words of x, and expect their results."""
        tables = [np.roll(table, 128).astype(np.int32) for table in self.tables]
        for n, beat in enumerate(packet.x_data):
            self.x.send(int.from_bytes(beat.data, "little"))
            a = np.frombuffer(beat.data, np.int8)
            b = np.frombuffer(packet.y_data[n].data, np.int8) if packet.takes_y else None
            found = elementwise(packet.command, a, b, *tables, packet.scaling)
            self.due.append(int.from_bytes(found.tobytes(), "little"))

    def send_job(self, packet):
        """Queue a job."""
        record = b"".join(beat.data for beat in packet.record())[:9]
        self.packets.append(packet)
        self.jobs.send(int.from_bytes(record, "little"))

    async def load(self):
        """Load two random tables; the cycles that it takes."""
        self.tables = [random_table(self.rng).astype(np.int64) for _ in range(2)]
        texts = [table.astype("<i4").tobytes() for table in self.tables]
        words = 1024 // self.depth
        for n in range(words):
            both = b"".join(text[n * self.depth : (n + 1) * self.depth] for text in texts)
            self.loads.send({"table_data": int.from_bytes(both, "little"), "table_last": int(n == words - 1)})
        began = self.cycle
        await self.until(lambda: self.loads.empty, 4_000, "the tables")
        return self.cycle - began

    async def results(self, what="results"):
        """Wait for all that is due, and compare it."""
        await self.until(lambda: len(self.out.beats) >= len(self.due), 20_000, what)
        self.equal(self.out.values, self.due, what)
        self.out.beats.clear()
        self.due.clear()

    async def run(self, *packets):
        """Jobs, each as soon as the results of the one before it have left; their words of x at once."""
        for packet in packets:
            self.send_x(packet)
        due, self.due = self.due, []
        for packet in packets:
            self.due, due = due[: len(packet.x_data)], due[len(packet.x_data) :]
            self.send_job(packet)
            await self.results()

    async def reset(self):
        """Reset in the midst of whatever happens: no result is left, the tables stay."""
        for source in (self.jobs, self.loads, self.x, self.y):
            source.clear()
        self.packets.clear()
        self.due.clear()
        self.left = 0
        self.drive(rst=1)
        await self.step()
        self.drive(rst=0)
        self.out.held = None
        self.out.beats.clear()


@cocotb.test(timeout_time=4, timeout_unit="ms")
@cocotb.parametrize(stalls=list(STALLS), x_is_result=[0, 1])
async def jobs(dut, stalls, x_is_result):
    """Random jobs; the words of x of all of them wait before the first one."""
    tb = TB(dut, stalls, x_is_result)
    await tb.start()
    await tb.load()
    await tb.run(*(tb.draw() for _ in range(share(24))))
    await tb.step(40)
    tb.equal((tb.out.beats, tb.x.empty, tb.y.empty), ([], True, True), "what is left over")


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def latency(dut):
    """The record, then a part per cycle, a word with its last part, and its result."""
    tb = TB(dut)
    await tb.start()
    tb.equal(await tb.load(), 1024 * tb.parts_per_word // tb.depth, "cycles of the tables")
    per_word, record_cycles = tb.parts_per_word, -(-9 * tb.parts_per_word // tb.depth)
    for command in OPERATIONS:
        # as many words as have room, so that no part waits for a credit
        packet = tb.draw(tb.fifo_depth // per_word, command)
        tb.x.taken.clear()
        tb.send_x(packet)
        tb.send_job(packet)
        words = len(packet.x_data)
        await tb.until(lambda words=words: len(tb.out.beats) == words, 400)
        # the job's cycle, its record, and the cycle in which words may follow
        first = tb.jobs.taken[-1][0] + record_cycles + 1
        taken = [first + per_word * (n + 1) - 1 for n in range(words)]
        tb.equal([cycle for cycle, _ in tb.x.taken], taken, f"cycles of words, {command}")
        results = [cycle + PART_LATENCY for cycle in taken]
        tb.equal([cycle for cycle, _ in tb.out.beats], results, f"cycles of results, {command}")
        await tb.results()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def credits(dut):
    """While no result is accepted, as many words are taken as have room; then all results come."""
    tb = TB(dut)
    await tb.start()
    await tb.load()
    # all but the last part of the oldest word have left the FIFO
    room = (tb.fifo_depth + tb.parts_per_word - 1) // tb.parts_per_word
    for number in range(6):
        packet = tb.draw(2 * room + 3)
        tb.x.taken.clear()
        tb.send_x(packet)
        tb.send_job(packet)
        for _ in range(3):
            tb.out.blocked = True
            before = len(tb.out.beats)
            await tb.step(tb.fifo_depth + 40)
            tb.equal(len(tb.x.taken) - before, room, "words taken without a result accepted")
            tb.out.blocked = False
            await tb.step(int(tb.rng.integers(1, 6)))
            if len(packet.x_data) - len(tb.out.beats) < room:
                break
        if number % 3 == 2:
            tb.out.blocked = True
            await tb.step(int(tb.rng.integers(1, 40)))
            await tb.reset()
            tb.out.blocked = False
            continue
        await tb.results()


@cocotb.test(timeout_time=8, timeout_unit="ms")
async def tables(dut):
    """Every entry of both tables is read back; tables that come during a job wait until its end."""
    tb = TB(dut)
    await tb.start()
    for _ in range(2):
        await tb.load()
        for command in OPERATIONS:
            packet = tb.draw(256 // tb.depth, command)
            for data in (packet.x_data, packet.y_data):
                order = bytes(tb.rng.permutation(256).astype(np.uint8).tolist())
                data[:] = [Beat(order[n * tb.depth : (n + 1) * tb.depth], 0) for n in range(len(data))]
            await tb.run(packet)
        tb.drive(in_use=1)
        tb.loads.send({"table_data": None, "table_last": None})
        taken = len(tb.loads.taken)
        packet = tb.draw(20)
        await tb.run(packet)
        tb.equal(len(tb.loads.taken), taken, "words of tables taken while in_use")
        tb.loads.clear()
        tb.drive(in_use=0)
        await tb.run(tb.draw(20))


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def resets(dut):
    """A reset in any cycle of a record, of words or of their results; the next job is right."""
    tb = TB(dut)
    await tb.start()
    await tb.load()
    for wait in range(60):
        packet = tb.draw(8)
        tb.send_x(packet)
        tb.send_job(packet)
        await tb.step(1 + wait)
        await tb.reset()
        await tb.run(tb.draw(3))
    for wait in (1, 2, 3, 5, 130):  # in a table, which starts again
        tb.loads.send(*({"table_data": int(n), "table_last": 0} for n in range(128)))
        await tb.step(wait)
        await tb.reset()
        await tb.load()
        await tb.run(tb.draw(9))
