# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""stored_engine in the simulator: programs and commands on the streams of a core, against the golden model.

What could be wrong here, and which case would show it:
  a stream connected to another, or its lanes moved   the whole memory is written and read through the streams
  a read that comes before the program has ended      all commands are queued at once
  a program that runs once only                       `programs`: each runs twice, on other memories
  an error of host_port without its bit of STATUS     `errors`: each bit that it can set
  something left of a packet after a soft reset       `resets`, in any cycle of load, write, run and read
  a start that a reset does not stop                  `resets_at_the_start`: each of the first cycles
  a program that is replaced while it starts          `programs_at_the_start`: in each of the first cycles
  a register port that accepts what it must not       `registers_wait`: half a write, a response not taken
"""

import cocotb
import numpy as np

from tb.lib.axis import STALLS, Sink, Source, pauses
from tb.lib.vectors import share
from tb.unit.engine import tb_macrame_engine
from tb.unit.engine.tb_host_port import READ, RUN, WRITE
from tb.unit.engine.tb_macrame_engine import CONTROL, IDLE, SOFT_RESET, STATUS


class TB(tb_macrame_engine.TB):
    """Programs and commands in, words out."""

    def __init__(self, dut, stalls="none"):
        super(tb_macrame_engine.TB, self).__init__(dut, s_axis_w_tuser=0, s_axis_a_tuser=0, **IDLE)
        self.depth, self.words = self.parameter("DEPTH"), self.parameter("WORDS")
        self.slices = self.parameter("K_MAX") // self.depth
        self.beat = self.depth * self.depth
        feed, drain = STALLS[stalls]
        self.sources = {
            name: Source(
                self,
                f"s_axis_{name}_tvalid",
                f"s_axis_{name}_tready",
                (f"s_axis_{name}_tdata", f"s_axis_{name}_tlast"),
                pauses(feed, self.rng),
            )
            for name in "wa"
        }
        payload = ("m_axis_tdata", "m_axis_tkeep", "m_axis_tlast")
        self.sink = Sink(self, "m_axis_tvalid", "m_axis_tready", payload, pauses(drain, self.rng))

    async def step(self, cycles=1):
        await super(tb_macrame_engine.TB, self).step(cycles)

    def queue(self, name, text, size):
        """Queue a packet of bytes."""
        for at in range(0, len(text), size):
            data = int.from_bytes(text[at : at + size], "little")
            last = int(at + size >= len(text))
            self.sources[name].send({f"s_axis_{name}_tdata": data, f"s_axis_{name}_tlast": last})

    def command(self, code, count=0, address=0, data=b""):
        """Queue a command."""
        head = bytes([code]) + count.to_bytes(3, "little") + address.to_bytes(4, "little")
        self.queue("a", head + data, self.depth)

    @property
    def empty(self):
        """All packets were accepted."""
        return all(source.empty for source in self.sources.values())

    def inference(self, memory):
        """Queue a write of the whole memory, a run and a read of the whole memory."""
        self.command(WRITE, 0, 0, memory.tobytes())
        self.command(RUN)
        self.command(READ, self.words, 0)

    async def result(self):
        """The memory that was read."""
        await self.until(lambda: len(self.sink.values) >= self.words, 60_000, "the words of the memory")
        beats = self.sink.values
        self.sink.beats.clear()
        keep = (1 << self.depth) - 1
        self.equal([beat[1:] for beat in beats[:-1]], [(keep, 0)] * (self.words - 1), "tkeep and tlast")
        self.equal(beats[-1][1:], (keep, 1), "tkeep and tlast of the last word")
        text = b"".join(
            (data & (1 << 8 * self.depth) - 1).to_bytes(self.depth, "little") for data, *_ in beats
        )
        return np.frombuffer(text, np.int8).reshape(self.words, self.depth)

    async def check_result(self, memory, text):
        """Compare the memory that was read with the golden model's."""
        found, expected = await self.result(), self.golden(memory, text).memory
        if not np.array_equal(found, expected):
            word = int(np.flatnonzero((found != expected).any(axis=1))[0])
            self.fail(f"word {word} is {found[word]}, expected {expected[word]}")


@cocotb.test(timeout_time=20, timeout_unit="ms")
@cocotb.parametrize(stalls=list(STALLS))
async def programs(dut, stalls):
    """Random programs, each loaded once, on two memories."""
    tb = TB(dut, stalls)
    await tb.start()
    for _ in range(share(3, of=3)):
        memories = tb.memory(), tb.memory()
        while True:
            text = tb.draw(memories[0], 2)
            try:
                tb.golden(memories[1], text)
            except ValueError:
                continue
            break
        tb.queue("w", text, tb.beat)
        await tb.until(lambda: tb.sources["w"].empty, 60_000, "the program")
        for memory in memories:
            tb.inference(memory)
        for memory in memories:
            await tb.check_result(memory, text)
        tb.equal(await tb.register(STATUS), 0, "status")


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def errors(dut):
    """Errors of commands and of a stored program: their bit of STATUS; a whole program survives the reset."""
    tb = TB(dut, "random")
    await tb.start()
    memory = tb.memory()
    text = tb.draw(memory, 2)
    tb.command(RUN)
    await tb.step(400)
    tb.equal(await tb.register(STATUS), 0x101, "status after a run without a program")
    await tb.control(SOFT_RESET)
    for code, count, address, bit in ((9, 0, 0, 0), (READ, 0, 0, 4), (READ, 1, tb.words, 5)):
        tb.queue("w", text, tb.beat)
        await tb.until(lambda: tb.sources["w"].empty, 60_000, "the program")
        tb.command(code, count, address)
        tb.inference(memory)
        await tb.until(lambda: tb.empty, 60_000, "the commands after the error")
        await tb.step(40)
        tb.equal(await tb.register(STATUS), 0x100 | 1 << bit, "status")
        tb.equal(tb.sink.values, [], "words")
        await tb.control(SOFT_RESET)
        tb.inference(memory)
        await tb.check_result(memory, text)
    tb.queue("w", text[: len(text) // 2 // tb.beat * tb.beat], tb.beat)
    await tb.until(lambda: tb.sources["w"].empty, 60_000, "half of the program")
    tb.inference(memory)
    await tb.until(lambda: tb.empty, 60_000, "the commands")
    await tb.step(4000)
    tb.equal(await tb.register(STATUS) & 63, 2, "status after half of a program")
    tb.equal(tb.sink.values, [], "words after half of a program")


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def resets(dut):
    """A soft reset in any cycle of an inference; its packets end, and the next inference is right."""
    tb = TB(dut, "random")
    await tb.start()
    memory = tb.memory()
    text = tb.draw(memory, 2)
    for _ in range(share(16, of=8)):
        tb.queue("w", text, tb.beat)
        await tb.step(int(tb.rng.integers(1, 4 * len(text) // tb.beat)))
        tb.inference(memory)
        await tb.step(int(tb.rng.integers(1, 8 * tb.words + 2000)))
        await tb.control(SOFT_RESET)
        await tb.until(lambda: tb.empty, 60_000, "the end of the packets")
        await tb.control(SOFT_RESET)  # of the packets that had not begun
        await tb.step(40)
        open_packet = bool(tb.sink.values) and not tb.sink.values[-1][2]
        tb.equal(open_packet, False, "a packet of words that has no end")
        tb.sink.beats.clear()
        tb.queue("w", text, tb.beat)
        await tb.until(lambda: tb.sources["w"].empty, 60_000, "the program")
        tb.inference(memory)
        await tb.check_result(memory, text)


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def resets_at_the_start(dut):
    """A soft reset in each cycle around the start of a program stops the engine, and keeps the program."""
    tb = TB(dut)
    await tb.start()
    memory = tb.memory()
    text = tb.draw(memory, 2)
    tb.queue("w", text, tb.beat)
    await tb.until(lambda: tb.sources["w"].empty, 60_000, "the program")
    for delay in range(12):
        tb.command(RUN)
        await tb.step(delay)
        await tb.control(SOFT_RESET)
        tb.equal(await tb.register(STATUS), 0, f"status after a reset {delay} cycles after the command")
        await tb.until(lambda: tb.empty, 60_000, "the end of the command")
        await tb.control(SOFT_RESET)  # of a command that had not begun
        tb.inference(memory)
        await tb.check_result(memory, text)


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def programs_at_the_start(dut):
    """A program that arrives in any cycle around the start of another waits for its end, or stops the run."""
    tb = TB(dut)
    await tb.start()
    memory = tb.memory()
    text = tb.draw(memory, 1)
    errors = 0
    for delay in range(12):
        tb.command(WRITE, 0, 0, memory.tobytes())
        tb.queue("w", text, tb.beat)
        await tb.until(lambda: tb.empty, 60_000, "the memory and the program")
        tb.command(RUN)
        tb.command(READ, tb.words, 0)
        await tb.step(delay)
        tb.queue("w", text, tb.beat)
        await tb.until(lambda: tb.empty, 60_000, f"a program {delay} cycles after the command")
        status = await tb.register(STATUS)
        if status == 0x101:
            errors += 1
            tb.equal(tb.sink.values, [], "words after an error")
        else:
            await tb.check_result(memory, text)
            tb.equal(await tb.register(STATUS), 0, "status")
        await tb.control(SOFT_RESET)
        await tb.step(40)
    tb.equal(0 < errors < 6, True, "a run before, and one after the program")


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def registers_wait(dut):
    """An address waits for its data, data for their address, and a read until the last answer is taken."""
    tb = TB(dut)
    await tb.start()

    async def refused(ready, cycles=5):
        for _ in range(cycles):
            await tb.step()
            tb.equal(tb.read(ready), 0, ready)

    tb.drive(s_axil_bready=0, s_axil_rready=0)
    for first, second in (("aw", "w"), ("w", "aw")):
        tb.drive(s_axil_awaddr=CONTROL, s_axil_wdata=0, s_axil_wstrb=15)
        tb.drive(**{f"s_axil_{first}valid": 1})
        await tb.step()
        await refused(f"s_axil_{first}ready")
        tb.equal(tb.read("s_axil_bvalid"), 0, f"a response without {second}")
        tb.drive(**{f"s_axil_{first}valid": 0, f"s_axil_{second}valid": 1})
        await tb.step()
        tb.drive(**{f"s_axil_{second}valid": 0})
        await tb.until(lambda: tb.read("s_axil_bvalid"), 20, "the response")
        tb.drive(s_axil_bready=1)
        await tb.step()
        tb.drive(s_axil_bready=0)
        tb.equal(tb.read("s_axil_bvalid"), 1, "the response when it is accepted")
        await tb.step()
        tb.equal(tb.read("s_axil_bvalid"), 0, "the response after it was accepted")
    tb.drive(s_axil_araddr=STATUS, s_axil_arvalid=1)
    await tb.step()
    await refused("s_axil_arready")
    tb.drive(s_axil_arvalid=0, s_axil_rready=1)
    await tb.step(2)
    tb.equal(await tb.register(STATUS), 0, "status")
