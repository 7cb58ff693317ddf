# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The board with the network engine in the simulator, from pin to pin: reset, line, bridge and engine.

What could be wrong here, and which case would show it:
  the wiring of bridge and engine, words in frames      `programs`: the whole memory through the line,
                                                        before and after a program; a fast and a slow host
  a byte of a register does not arrive                  `register`
  a part of a program is taken for a program            `host_crashes`: in the middle of it; `damaged`
  a reset of the bridge or the board keeps a program    `host_crashes`, `button`: then a run is an error
"""

import cocotb
import numpy as np
from cocotb.triggers import Timer

from macrame.golden.engine import Engine, ProgramError
from macrame.host import frames
from macrame.registers import (
    ENGINE_BEATS,
    ENGINE_ID,
    ENGINE_ID_RESET,
    ENGINE_STATUS,
    ENGINE_STATUS_HALTED,
    ENGINE_WATCHDOG,
)
from tb.models import engine_model
from tb.system.tb_boards import Host
from tb.unit.engine.tb_host_port import READ, RUN, WRITE

ILLEGAL = ENGINE_STATUS_HALTED | 1
FRAME = 60  # bytes of a frame's data, at most, or one beat


class TB(Host):
    """A host of the engine."""

    def __init__(self, dut, speed=1.0):
        super().__init__(dut, speed)
        names = ("DEPTH", "WORDS", "K_MAX", "BEATS")
        self.depth, self.words, self.k_max, self.beats = (int(getattr(dut, n).value) for n in names)

    def memory(self):
        """Random words."""
        return self.rng.integers(-128, 128, (self.words, self.depth)).astype(np.int8)

    def golden(self, memory, text):
        """The memory after a program."""
        engine = Engine(self.words, self.depth, self.k_max // self.depth)
        engine.memory[:] = memory
        list(engine.run(text))
        return engine.memory

    def program(self, memory):
        """A program of one random product that the golden model accepts."""
        begin = engine_model.begin(self.depth, self.words, self.k_max // self.depth)
        while True:
            job, panels = engine_model.draw_job(self.rng, self.words, self.depth)
            text = begin + engine_model.descriptor(job) + panels
            text += engine_model.end(text)
            if job["kind"] != engine_model.KINDS["product"] or len(text) > self.beats * self.depth**2:
                continue
            try:
                self.golden(memory, text)
            except ProgramError:
                continue
            return text

    def framed(self, kind, text, size):
        """The frames of a packet whose beats have `size` bytes."""
        most = max(FRAME // size, 1) * size
        for at in range(0, len(text), most):
            part = text[at : at + most]
            yield kind | (at + most >= len(text)), bytes([0, len(part) // size]) + part

    async def packet(self, kind, text, size):
        """Send a packet, and wait for the answers."""
        for got, body in self.framed(kind, text, size):
            assert await self.call(got, body) == b"\0"

    async def load(self, text):
        """Send a program."""
        await self.packet(frames.WEIGHTS, text, self.depth**2)

    async def command(self, code, count=0, address=0, data=b""):
        """Send a command."""
        head = bytes([code]) + count.to_bytes(3, "little") + address.to_bytes(4, "little")
        await self.packet(frames.ACTIVATIONS, head + data, self.depth)

    async def dump(self):
        """The whole memory."""
        await self.line(
            frames.encode(
                frames.ACTIVATIONS | 1,
                bytes([0, 8 // self.depth, READ]) + self.words.to_bytes(3, "little") + bytes(4),
            )
        )
        got = [await self.wait(frames.RESULT | (word == self.words - 1)) for word in range(self.words)]
        assert {body[0] for body in got} == {self.depth}
        return np.frombuffer(b"".join(body[1:] for body in got), np.int8).reshape(self.words, self.depth)

    async def inference(self, memory, text):
        """Write the memory, run the program, which is loaded, and compare the memory."""
        await self.command(WRITE, 0, 0, memory.tobytes())
        await self.command(RUN)
        np.testing.assert_array_equal(await self.dump(), self.golden(memory, text))
        assert await self.read(ENGINE_STATUS) == 0

    async def has_no_program(self):
        """A run is an error."""
        await self.command(RUN)
        await Timer(20 * self.bit, "ns")
        assert await self.read(ENGINE_STATUS) == ILLEGAL, "a run without a program"
        await self.reset()


async def begin(dut):
    """A host after a reset, a memory, and a program for it."""
    tb = TB(dut)
    await tb.reset()
    memory = tb.memory()
    return tb, memory, tb.program(memory)


@cocotb.test(timeout_time=20, timeout_unit="ms")
@cocotb.parametrize(speed=[0.98, 1.02])
async def programs(dut, speed):
    """From power-up; a program on two memories."""
    tb = TB(dut, speed)
    await Timer(200 * tb.bit, "ns")
    await tb.reset()
    assert await tb.read(ENGINE_ID) == ENGINE_ID_RESET
    assert await tb.read(ENGINE_BEATS) == tb.beats
    assert (await tb.call(frames.HELLO))[4] == 10, "log2 of the credit"
    memory = tb.memory()
    text = tb.program(memory)
    await tb.load(text)
    for one in (memory, np.roll(memory, 1)):
        await tb.inference(one, text)
    assert int(dut.got_bad.value) == tb.decoder.damaged == int(dut.failed.value) == 0


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def register(dut):
    """Every byte of a register, written and read."""
    await TB(dut).every_byte(ENGINE_WATCHDOG)


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def host_crashes(dut):
    """In the middle of a program: the next host finds none; its own program is right."""
    tb, memory, text = await begin(dut)
    sent = [frames.encode(*one) for one in tb.framed(frames.WEIGHTS, text, tb.depth**2)]
    for count, cut in ((len(sent) // 2, 0), (1, 5), (len(sent) - 1, len(sent[-1]) - 1)):
        await tb.line(b"".join(sent[:count]) + sent[count][:cut])
        await tb.reset()
        await tb.has_no_program()
    await tb.load(text)
    await tb.inference(memory, text)


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def damaged(dut):
    """A changed byte in the last frame of a program: the bridge fails, and the engine has no program."""
    tb, memory, text = await begin(dut)
    sent = list(tb.framed(frames.WEIGHTS, text, tb.depth**2))
    for kind, body in sent[:-1]:
        assert await tb.call(kind, body) == b"\0"
    last = bytearray(frames.encode(*sent[-1]))
    last[5] ^= 1
    await tb.line(last)
    assert (await tb.wait(frames.NOTE))[0] & 4, "the checksum is not reported"
    assert int(dut.failed.value) == 1
    await tb.reset()
    await tb.has_no_program()
    await tb.load(text)
    await tb.inference(memory, text)


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def button(dut):
    """The board's reset while a program runs: the state is as after power-up."""
    tb, memory, text = await begin(dut)
    await tb.load(text)
    await tb.command(RUN)
    dut.button.value = 1
    await Timer(20 * tb.bit, "ns")
    assert int(dut.from_board.value) == 1, "the line is low in reset"
    dut.button.value = 0
    await Timer(100 * tb.bit, "ns")
    tb.frames.clear()
    assert (await tb.call(frames.HELLO))[0] == 0
    await tb.has_no_program()
    await tb.load(text)
    await tb.inference(memory, text)
