# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""host_port in the simulator: random commands on a memory, and each error alone.

What could be wrong here, and which case would show it:
  a word written elsewhere, or read too early          `commands`: a memory of two cycles, compared at the end
  a word read that changes while it waits              the sink checks that an offered beat stays
  a read that overtakes a write or a run               the words expected are those after all commands before
  a run that starts twice, or ends too early           `play` is counted; reads wait for `running` to fall
  a command run while the old program still leaves     `playing` is high at random before a run
  an error that is missed, or has an effect            `errors`: each alone, in any place of a packet
  a run that waits for a program that is gone           `replaced`: while the old program still leaves
"""

import cocotb

from tb.lib.axis import STALLS, Sink, Source, pauses
from tb.lib.kit import Bench, Part

ERRORS = ("error_illegal", "error_length", "error_range")
WRITE, READ, RUN = range(3)


class TB(Bench):
    """Commands in, words out, a memory, and a program of some cycles."""

    def __init__(self, dut, stalls="none"):
        super().__init__(dut, halted=0, host_data=None, stored=1, playing=0, running=0)
        self.words, self.bits = self.parameter("WORDS"), self.parameter("WORD_W")
        self.memory = [self.word() for _ in range(self.words)]
        feed, drain = STALLS[stalls]
        self.source = Source(self, "in_valid", "in_ready", ("in_data", "in_last"), pauses(feed, self.rng))
        self.sink = Sink(self, "out_valid", "out_ready", ("out_data", "out_last"), pauses(drain, self.rng))
        self.reading, self.errors = [None, None], []
        self.plays, self.program = 0, []  # (playing, running) of the cycles to come
        self.running, self.noise = 0, 0.1
        self.parts.append(Part(self.drive_engine, self.sample_all))

    def word(self):
        return int(self.rng.integers(0, 1 << 62)) * 5 & (1 << self.bits) - 1

    def after(self, word):
        """What a program makes of word 0."""
        return word * 3 + 1 & (1 << self.bits) - 1

    def drive_engine(self):
        self.drive(host_data=self.reading[1])
        if not self.program and self.rng.random() < self.noise:
            # the rest of a program that a reset has cut off
            self.program = [(1, 0)] * int(self.rng.integers(1, 6))
        playing, running = self.program.pop(0) if self.program else (0, 0)
        if self.running and not running:
            self.memory[0] = self.after(self.memory[0])  # the last result of a program
        self.drive(playing=playing, running=running)
        self.running = running

    def sample_all(self):
        value = self.handle("host_address").value  # unknown before the first command
        address = int(value) if value.is_resolvable else self.words
        self.reading = [self.memory[address] if address < self.words else None, self.reading[0]]
        if self.read("host_write"):
            if self.running:
                self.fail("a write while a program runs")
            if address >= self.words:
                self.fail(f"a write to word {address}, there are {self.words}")
            self.memory[address] = self.read("host_data_in")
        if self.read("play"):
            self.plays += 1
            steps = [int(n) for n in self.rng.integers(1, 20, 2)]
            # beats leave, then the engine runs, then the last results come
            self.program = [(1, 0)] * 3 + [(1, 1)] * steps[0] + [(0, 1)] * steps[1]
        self.errors += [name for name in ERRORS if self.read(name)]

    def head(self, code, count=0, address=0):
        """Words of a command."""
        text = bytes([code]) + count.to_bytes(3, "little") + address.to_bytes(4, "little")
        size = self.bits // 8
        return [int.from_bytes(text[at : at + size], "little") for at in range(0, 8, size)]

    def send(self, rows, last=True):
        """Queue a packet."""
        for n, row in enumerate(rows):
            self.source.send({"in_data": row, "in_last": int(last and n == len(rows) - 1)})


@cocotb.test(timeout_time=4, timeout_unit="ms")
@cocotb.parametrize(stalls=list(STALLS))
async def commands(dut, stalls):
    """Random commands, one after the other."""
    tb = TB(dut, stalls)
    await tb.start()
    model, expected, plays = list(tb.memory), [], 0
    for _ in range(40):
        code = int(tb.rng.integers(0, 3))
        count = int(tb.rng.integers(1, 6))
        address = int(tb.rng.choice([0, tb.words - count, tb.rng.integers(0, tb.words - count + 1)]))
        if code == WRITE:
            rows = [tb.word() for _ in range(count)]
            model[address : address + count] = rows
            tb.send([*tb.head(WRITE, 0, address), *rows])
        elif code == READ:
            expected += [(model[address + n], int(n == count - 1)) for n in range(count)]
            tb.send(tb.head(READ, count, address))
        else:
            plays += 1
            model[0] = tb.after(model[0])
            tb.send(tb.head(RUN))
    await tb.until(lambda: tb.source.empty and len(tb.sink.values) >= len(expected), 40_000, "all words")
    await tb.step(60)
    tb.equal(tb.sink.values, expected, "words read")
    tb.equal((tb.memory, tb.plays, tb.errors), (model, plays, []), "memory, runs and errors")


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def errors(dut):
    """Each error alone: one strobe, no effect, and whatever follows is drained."""
    tb = TB(dut, "random")
    await tb.start()
    most = tb.words
    rows = [tb.word() for _ in range(3)]
    size = 64 // tb.bits
    cases = [(f"command {code}", "error_illegal", tb.head(code, 1)) for code in (3, 4, 128, 255)]
    cases += [
        ("run without a program", "error_illegal", tb.head(RUN)),
        ("a write without data", "error_length", tb.head(WRITE)),
        ("data after a read", "error_length", [*tb.head(READ, 1), rows[0]]),
        ("data after a run", "error_length", [*tb.head(RUN), rows[0]]),
        ("a read of nothing", "error_length", tb.head(READ, 0)),
        *((f"{n} words of a command", "error_length", tb.head(READ, 1)[:n]) for n in range(1, size)),
        ("a write beyond", "error_range", [*tb.head(WRITE, 0, most - 2), *rows]),
        ("a read far beyond", "error_range", tb.head(READ, 1, (1 << 32) - 1)),
    ]
    for bit in range((most - 1).bit_length(), 32):  # a lost bit of the address would end in word 0
        cases.append((f"a write to word 2^{bit}", "error_range", [*tb.head(WRITE, 0, 1 << bit), *rows]))
        cases.append((f"a read of word 2^{bit}", "error_range", tb.head(READ, 1, 1 << bit)))
    # a lost bit of the count would end the read at the end of the memory
    cases += [
        (f"a read of 2^{bit} + 2 words", "error_range", tb.head(READ, (1 << bit) + 2, most - 2))
        for bit in range(24)
    ]
    for name, error, packet in cases:
        tb.drive(stored=int(name != "run without a program"))
        model = list(tb.memory)
        if name == "a write beyond":
            model[most - 2 :] = rows[:2]
        read = [(model[most - 2 + n], 0) for n in range(2)] if name.endswith("words") else []
        if name.startswith("a write to"):  # whose data come late, after the address was held for some cycles
            tb.send(packet[:size], last=False)
            await tb.step(20)
            packet = packet[size:]
        tb.send(packet)
        await tb.until(lambda: tb.errors, 4000, name)
        tb.drive(halted=1)
        tb.send([*tb.head(WRITE, 0, 0), *rows])
        await tb.until(lambda: tb.source.empty, 4000, "the next packet")
        await tb.step(8)
        tb.equal(tb.errors, [error], name)
        tb.equal((tb.memory, tb.plays), (model, 0), f"memory and runs after {name}")
        tb.equal(tb.sink.values, read, f"words after {name}")
        tb.drive(rst=1)
        await tb.step()
        tb.drive(rst=0, halted=0)
        tb.sink.forget()
        tb.sink.beats.clear()
        tb.errors.clear()


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def replaced(dut):
    """A new program begins to arrive in any cycle after the command: a run before it, or an error."""
    tb = TB(dut)
    tb.noise = 0
    await tb.start()
    found = []
    for delay in range(12):
        tb.program = [(1, 0)] * 8  # the rest of a program that a reset has cut off
        tb.send(tb.head(RUN))
        await tb.step(delay)
        tb.drive(stored=0)
        await tb.until(lambda: tb.errors or tb.plays, 100, f"a run {delay} cycles before a new program")
        tb.drive(halted=int(bool(tb.errors)))
        await tb.until(lambda: not (tb.program or tb.running))
        await tb.step(8)
        found.append((tb.errors.copy(), tb.plays))
        tb.drive(rst=1)
        await tb.step()
        tb.drive(rst=0, halted=0, stored=1)
        tb.errors.clear()
        tb.plays = 0
    late = found.count(([], 1))
    tb.equal(found, [(["error_illegal"], 0)] * (12 - late) + [([], 1)] * late, "errors and runs")
    tb.equal(0 < late < 12, True, "both occur")


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def latency(dut):
    """A read takes 3 cycles per word; `play` comes 2 cycles after its command."""
    tb = TB(dut)
    tb.noise = 0
    await tb.start()
    await tb.until(lambda: not tb.program)
    tb.send(tb.head(READ, 4, 0))
    await tb.until(lambda: len(tb.sink.values) == 4)
    cycles = [cycle for cycle, _ in tb.sink.beats]
    tb.equal([b - a for a, b in zip(cycles, cycles[1:])], [3, 3, 3], "cycles between words")
    tb.send(tb.head(RUN))
    await tb.until(lambda: tb.plays == 1)
    tb.equal(tb.cycle - 1 - tb.source.taken[-1][0], 2, "cycles from the command to play")
