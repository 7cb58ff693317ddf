# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""program_decoder in the simulator: random programs, built from the bytes that docs/engine.md lists.

What could be wrong here, and which case would show it:
  a field of the descriptor at another byte          every job's 128 bytes are compared
  panels cut or counted wrongly, a wrong tlast       `programs`: chunks and panels of every length
  sparse slices unpacked to other depths, or a part  the same, sparse or not; slices that do not fill a beat
  of a beat taken for the next panel
  a job offered before its results may be read,      results_written is random; their order is checked
  or to the unit before the writer
  a job replaced before all have taken it            the writer's and the unit's descriptor; ready is rare
  a check that ignores a beat, or counts the end     `corrupt`: any bit of a program
  a descriptor that is illegal and passes            `illegal`: each rule of the document, alone
  a wait for the program that is not counted         `starved` is compared in every cycle
  a program that is too short and hangs, or passes   `short`: truncated after any beat
  beats taken into account while halted              after each error the rest is drained; `halted`
  an error, an end or a job after another's error    `halted`
"""

import cocotb

from tb.lib.axis import STALLS, Sink, Source, pauses
from tb.lib.kit import Bench, Part
from tb.lib.vectors import share
from tb.models import engine_model
from tb.models.engine_model import KINDS

ERRORS = ("error_illegal", "error_short", "error_corrupt")
TAKERS = ("reader", "writer", "unit")


class TB(Bench):
    """A program in; panels, tables and jobs out."""

    def __init__(self, dut, stalls="none"):
        super().__init__(dut, halted=0, results_written=1, in_last=0)
        self.depth = self.parameter("DEPTH")
        self.beat = self.depth * self.depth
        feed, drain = STALLS[stalls]
        self.program = Source(self, "in_valid", "in_ready", ("in_data", "in_last"), pauses(feed, self.rng))
        self.weights = Sink(
            self,
            "weights_valid",
            "weights_ready",
            ("weights_data", "weights_user", "weights_last"),
            pauses(drain, self.rng),
        )
        self.chance = 1.0 if stalls == "none" else 0.2
        self.tables, self.jobs, self.errors, self.finished = [], [], [], []
        self.taken = dict.fromkeys(TAKERS, 0)
        self.idle, self.ready, self.waited = 1, {}, 0
        self.parts.append(Part(self.drive_ready, self.sample_all))

    def drive_ready(self):
        self.ready = {name: int(self.rng.random() < self.chance) for name in (*TAKERS, "table")}
        self.idle = int(self.rng.random() < self.chance)
        self.drive(results_written=self.idle, table_ready=self.ready["table"])
        self.drive(**{f"{name}_job_ready": self.ready[name] for name in TAKERS})

    def sample_all(self):
        if self.read("table_valid") and self.ready["table"]:
            self.tables.append((self.read("table_data"), self.read("table_last")))
        for name in TAKERS:
            if not self.read(f"{name}_job_valid"):
                continue
            text = self.read("descriptor").to_bytes(128, "little")
            if name == "reader" and text[1] & engine_model.WAIT and not self.idle:
                self.fail("a job that waits is offered before the results are there")
            if name != "reader" and self.taken["reader"] <= self.taken[name]:
                self.fail(f"{name} is offered a job before the reader has it")
            if name == "unit" and self.taken["writer"] != self.taken["reader"]:
                self.fail("the unit is offered a job before the writer has it")
            if name != "reader":
                self.equal(text, self.jobs[self.taken[name]][0], f"descriptor of the job offered to {name}")
            if not self.ready[name]:
                continue
            if name == "reader":
                self.jobs.append((text, self.read("product"), self.read("elementwise")))
                self.taken["unit"] += not self.read("elementwise")  # it gets no such job
            self.taken[name] += 1
        for name in ERRORS:
            if self.read(name):
                self.errors.append(name)
        if self.read("finished"):
            self.finished.append(self.cycle)
        waits = not self.read("in_valid") and not self.read("halted") and not any(map(self.read, ERRORS))
        starved = self.read("starved")
        if starved and not waits:
            self.fail("starved with a beat of the program, or after an error")
        # the cycle that checks a descriptor can take a beat, but does not need one
        self.waited = self.waited + 1 if waits and self.read("in_ready") else 0
        if self.waited > 1 and not starved:
            self.fail("waits for a beat of the program without being starved")

    def send(self, text, last=True):
        """Queue a program."""
        for at in range(0, len(text), self.beat):
            data = int.from_bytes(text[at : at + self.beat], "little")
            self.program.send({"in_data": data, "in_last": int(last and at + self.beat >= len(text))})

    def noise(self, count):
        """Random bytes."""
        return self.rng.integers(0, 256, count).astype("u1").tobytes()

    def job(self, kind=None):
        """A legal job with random fields, and what follows it: bytes, and the beats of its panels."""
        kind = kind or str(self.rng.choice(["product", "elementwise", "fused"]))
        job = {name: int(self.rng.integers(1, 4)) for name in ("panels", "rows", "columns")}
        for name, _, size, count in engine_model.FIELDS[7:]:
            values = [int(v) for v in self.rng.integers(1, 1 << 8 * size - 1, count)]
            job[name] = values[0] if count == 1 else values
        for name in ("kernel_rows", "kernel_columns", "kernel_words"):
            job[name] = int(self.rng.integers(1, 1 << 16))
        job |= {
            "kind": KINDS[kind],
            "mode": int(self.rng.integers(1, 4)),
            "fill": int(self.rng.integers(0, 256)),
        }
        flags = int(self.rng.integers(0, 256))
        if flags & engine_model.TURN_COLUMN:
            flags &= ~engine_model.TURN_PANEL
        if flags & (engine_model.TURN_COLUMN | engine_model.TURN_PANEL):
            flags |= engine_model.SPLIT
        job["flags"] = flags
        job["record"][0] = int(self.rng.integers(0, 5))
        job["chunks"] = int(self.rng.choice([1, 1, 2, 3]))
        if job["chunks"] > 1:
            job |= {"rows": 1, "columns": 1}
        for name in ("chunk_slices", "last_slices"):
            job[name] = int(self.rng.integers(1, 10))
        if kind == "elementwise":
            job |= {"chunks": 0}
            return job, b"", []
        text, beats = b"", []
        for _ in range(job["panels"]):
            for chunk in range(job["chunks"]):
                count = job["last_slices" if chunk == job["chunks"] - 1 else "chunk_slices"]
                text, beats = self.panel(text, beats, count, bool(flags & engine_model.SPARSE), job["mode"])
        return job, text, beats

    def portion(self, body, number):
        """Two bytes of each column: a sparse slice, or of a word of A and of B."""
        depth, half = self.depth, self.depth // 2
        found, at = bytearray(), number // half * self.beat
        for column in range(depth):
            byte = at + column * depth + (column + number % half) % half
            found += bytes([body[byte], body[byte + half]])
        return bytes(found)

    def panel(self, text, beats, count, sparse, mode):
        """Add a panel to the bytes, and its beats to those expected."""
        depth, half = self.depth, self.depth // 2
        record = -(-12 // depth)
        head = self.noise(record * self.beat)
        rows = [head[n * self.beat : (n + 1) * self.beat] for n in range(record)]
        if not sparse:
            body = self.noise(count * self.beat)
            rows += [body[n * self.beat : (n + 1) * self.beat] for n in range(count)]
        else:
            body = self.noise(-(-count // half) * self.beat)
            for n in range(count):
                part = self.portion(body, n)
                row = bytearray(self.beat)
                for column in range(depth):
                    row[column * depth + column % half] = part[2 * column]
                    row[column * depth + half + column % half] = part[2 * column + 1]
                rows.append(bytes(row))
        beats += [
            (int.from_bytes(row, "little"), mode, int(n == len(rows) - 1)) for n, row in enumerate(rows)
        ]
        return text + head + body, beats

    async def restart(self):
        """A reset, with the program's rest drained before."""
        self.drive(halted=1)
        await self.until(lambda: self.program.empty, 4000, "the end of the program")
        self.drive(rst=1)
        await self.step()
        self.drive(rst=0, halted=0)
        self.weights.forget()
        for found in (self.tables, self.jobs, self.errors, self.finished, self.weights.beats):
            found.clear()
        self.taken = dict.fromkeys(TAKERS, 0)


@cocotb.test(timeout_time=4, timeout_unit="ms")
@cocotb.parametrize(stalls=list(STALLS))
async def programs(dut, stalls):
    """Programs of random items, one after the other."""
    tb = TB(dut, stalls)
    await tb.start()
    weights, tables, jobs = [], [], []
    for number in range(share(3, of=2)):
        text = engine_model.begin(tb.depth, tb.parameter("WORDS"), tb.parameter("SLICES_MAX"))
        for _ in range(int(tb.rng.integers(1, 6))):
            if tb.rng.random() < 0.2 and not number:
                body = tb.noise(2048)
                text += bytes([KINDS["tables"]]).ljust(128, b"\0") + body
                pairs = [tb.portion(body, n) for n in range(1024 // tb.depth)]
                parts = [pair[::2] + pair[1::2] for pair in pairs]
                tables += [
                    (int.from_bytes(p, "little"), int(n == len(parts) - 1)) for n, p in enumerate(parts)
                ]
            job, panels, beats = tb.job()
            head = engine_model.descriptor(job)
            text += head + panels
            weights += beats
            jobs.append((head, int(job["kind"] in (2, 4)), int(job["kind"] in (3, 4))))
        text += engine_model.end(text)
        tb.send(text)
        await tb.until(lambda number=number: len(tb.finished) > number, 60_000, "finished")
    tb.equal(tb.errors, [], "errors")
    tb.equal(tb.weights.values, weights, "beats of weights")
    tb.equal(tb.tables, tables, "pairs of words of tables")
    tb.equal(tb.jobs, jobs, "jobs")
    tb.equal(set(tb.taken.values()), {len(jobs)}, "jobs of reader, writer and unit")


def variants(tb):
    """Programs that violate one rule each: begin and what follows it, without an end."""
    begin = engine_model.begin(tb.depth)

    def patched(head, **fields):
        at = {name: (start, size) for name, start, size, _ in engine_model.FIELDS}
        head = bytearray(head)
        for name, value in fields.items():
            start, size = at[name]
            head[start : start + size] = value.to_bytes(size, "little")
        return bytes(head)

    job, panels, _ = tb.job("fused")
    job |= {"chunks": 1, "flags": 0}
    head = engine_model.descriptor(job)
    yield "no begin", head + panels
    yield "begin twice", begin + begin
    for at, value in ((1, 2), (1, 0), (2, tb.depth ^ 6), (3, tb.depth + 1)):
        yield f"begin[{at}] {value}", begin[:at] + bytes([value]) + begin[at + 1 :]
    yield "words", engine_model.begin(tb.depth, tb.parameter("WORDS") + 1)
    yield "words high", engine_model.begin(tb.depth, 1 << 31)
    yield "slices", engine_model.begin(tb.depth, 1, tb.parameter("SLICES_MAX") + 1)
    yield "end before begin", engine_model.end(b"")
    for kind in (6, 8, 128, 255):
        yield f"kind {kind}", begin + patched(head, kind=kind)
    counts = ("panels", "rows", "columns", "kernel_rows", "kernel_columns", "kernel_words")
    for name in (*counts, "chunks", "chunk_slices", "last_slices", "mode"):
        yield f"{name} 0", begin + patched(head, **{name: 0})
    for name in ("chunk_slices", "last_slices"):
        yield f"{name} long", begin + patched(head, **{name: tb.parameter("SLICES_MAX") + 1})
    for mode in (4, 5, 129):
        yield f"mode {mode}", begin + patched(head, mode=mode)
    for fields in ({"rows": 2, "columns": 1}, {"rows": 1, "columns": 2}):
        yield f"chunks of several {fields}", begin + patched(head, chunks=2, **fields)
    for flags in (4, 8, 12, 14):
        yield f"flags {flags}", begin + patched(head, flags=flags)
    for command in (5, 6, 7, 8, 16, 128):
        yield f"command {command}", begin + head[:108] + bytes([command]) + head[109:]
        other = patched(head, kind=KINDS["elementwise"])
        yield f"command {command} alone", begin + other[:108] + bytes([command]) + other[109:]


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def illegal(dut):
    """Each rule of a descriptor, violated alone."""
    tb = TB(dut)
    await tb.start()
    for name, text in variants(tb):
        tb.send(text, last=False)
        await tb.until(lambda: tb.errors or tb.program.empty, 4000, name)
        await tb.step(3)
        tb.equal(tb.errors[:1], ["error_illegal"], name)
        await tb.restart()


@cocotb.test(timeout_time=4, timeout_unit="ms")
@cocotb.parametrize(stalls=["none", "random"])
async def short(dut, stalls):
    """Truncated after any beat; or with something after its end."""
    tb = TB(dut, stalls)
    await tb.start()
    text = engine_model.begin(tb.depth)
    for kind in ("fused", "elementwise"):
        job, panels, _ = tb.job(kind)
        text += engine_model.descriptor(job) + panels
    text += engine_model.end(text)
    beats, head = len(text) // tb.beat, len(engine_model.begin(tb.depth)) // tb.beat
    some = {*range(1, min(beats, 40), 40 // share(40)), *range(40, beats, 9)}
    # behind the begin, and behind the job that has nothing after its descriptor
    for count in sorted({*some, head, beats - head, beats - 1, beats + 1}):
        tb.send((text + bytes(tb.beat))[: count * tb.beat])
        await tb.until(lambda: tb.errors, 8000, f"an error after {count} of {beats} beats")
        tb.drive(halted=1)
        await tb.step(2)
        tb.equal(
            tb.errors, ["error_short" if count < beats else "error_illegal"], f"{count} of {beats} beats"
        )
        await tb.restart()


@cocotb.test(timeout_time=8, timeout_unit="ms")
async def halted(dut):
    """An error of another module, in any cycle of a program: the decoder reports none, and offers nothing."""
    tb = TB(dut)
    tb.chance = 0.5  # so that jobs and the end often wait
    await tb.start()
    begin = engine_model.begin(tb.depth)
    job, *_ = tb.job("elementwise")
    head = engine_model.descriptor(job)
    legal = begin + head
    legal += engine_model.end(legal)
    for text in (legal, begin + b"\xff" + head[1:], legal[:-124] + tb.noise(4) + legal[-120:]):
        for cycle in range(len(text) // tb.beat + 8):
            tb.send(text)
            await tb.step(cycle)
            tb.drive(halted=1)
            await tb.step()
            before = len(tb.errors), len(tb.finished), dict(tb.taken)
            await tb.step(6)
            after = len(tb.errors), len(tb.finished), tb.taken
            tb.equal(after, before, f"errors, ends and jobs after `halted` in cycle {cycle}")
            await tb.restart()
    tb.send(legal)
    await tb.until(lambda: tb.finished, 8000, "finished")
    tb.equal(tb.errors, [], "errors")


@cocotb.test(timeout_time=8, timeout_unit="ms")
async def corrupt(dut):
    """Any wrong bit of the weights, or of the check; the right program after each of them."""
    tb = TB(dut)
    await tb.start()
    text = engine_model.begin(tb.depth)
    job, panels, _ = tb.job("product")
    text += engine_model.descriptor(job) + panels
    weights = range(256, len(text))
    text += engine_model.end(text)
    for n in range(share(40)):
        at = int(tb.rng.choice(weights)) if n % 4 else len(text) - 124 + n // 4 % 4
        wrong = bytearray(text)
        wrong[at] ^= 1 << int(tb.rng.integers(0, 8))
        tb.send(bytes(wrong))
        await tb.until(lambda: tb.errors, 8000, f"an error with byte {at} wrong")
        tb.drive(halted=1)
        await tb.step(2)
        tb.equal((tb.errors, tb.finished), (["error_corrupt"], []), f"byte {at} wrong")
        await tb.restart()
    tb.send(text)
    await tb.until(lambda: tb.finished, 8000, "finished")
    tb.equal(tb.errors, [], "errors")


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def latency(dut):
    """The example of the header: an end of the shortest program, 2 cycles before `finished`."""
    tb = TB(dut)
    await tb.start()
    text = engine_model.begin(tb.depth)
    tb.send(text + engine_model.end(text))
    await tb.until(lambda: tb.finished)
    tb.equal(tb.errors, [], "errors")
    tb.equal(tb.finished[0], tb.program.taken[-1][0] + 2, "cycle of finished")
    beats = 2 * 128 // tb.beat
    tb.equal(tb.program.taken[-1][0] - tb.program.taken[0][0], beats, "cycles of the beats, with a check")
