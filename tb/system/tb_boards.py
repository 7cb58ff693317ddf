# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The top levels of the boards in the simulator, from pin to pin: reset, line, bridge and core; and
macrame_uart alone, with formats and results that no board has.

What could be wrong here, and which case would show it:
  the wiring of bridge and core, the credit             `products`: K = 1, K beyond K_MAX, every mode, the
                                                        line of a host that is 2 % fast or slow
  results of a broken packet survive                    `host_crashes`: in mid-packet, at any byte; the
                                                        next host's product is right
  lanes too narrow for bfloat16                         `products`, where the core has both formats
  a byte of a register does not arrive                  `register`
  an error goes unnoticed                               `fail_stop`: a stop bit lost among a panel's; more
                                                        bytes than the FIFO holds, the core takes none
  the board's own reset, in mid-packet                  `button`
"""

import cocotb
import numpy as np
from cocotb.triggers import Edge, Timer

from macrame.golden.arith.requantize import requantize
from macrame.golden.gemm import add_bias, gemm
from macrame.golden.gemm_bf16 import gemm_bf16
from macrame.host import frames, packets, registers
from macrame.host.quantize import quantize_multiplier
from tb.lib import stimuli
from tb.lib.kit import text

PERIOD = 10
MODES = ("raw", "gemmlowp", "ruy")


class Host:
    """A host at the other end of the line."""

    def __init__(self, dut, speed=1.0):
        self.dut, self.rng = dut, np.random.default_rng(cocotb.RANDOM_SEED)
        self.bit = int(dut.CLOCKS.value) * PERIOD
        dut.bit_time.value = self.bit / speed
        self.decoder, self.frames = frames.Decoder(), []
        cocotb.start_soon(self.listen())

    async def listen(self):
        while True:
            await Edge(self.dut.got_go)
            self.frames += self.decoder.feed(bytes([int(self.dut.got_byte.value)]))

    async def line(self, data):
        for byte in data:
            self.dut.send_byte.value = byte
            self.dut.send_go.value = not int(self.dut.send_go.value)
            await Edge(self.dut.send_done)

    async def wait(self, kind, bits=20_000):
        """The next frame of this kind; earlier frames of other kinds are dropped."""
        for _ in range(bits // 50):
            for i, (got, body) in enumerate(self.frames):
                if got == kind:
                    del self.frames[: i + 1]
                    return body
            await Timer(50 * self.bit, "ns")
        raise AssertionError(f"no frame of kind {kind:#x} came, but {self.frames}")

    async def call(self, kind, body=b""):
        await self.line(frames.encode(kind, body))
        return await self.wait(kind)

    async def reset(self):
        assert await self.call(frames.RESET) == b"\0"
        self.frames.clear()

    async def read(self, address):
        answer = await self.call(frames.READ, bytes([address]))
        assert answer[:2] == b"\0\0"
        return int.from_bytes(answer[2:], "little")

    async def write(self, address, value):
        assert await self.call(frames.WRITE, bytes([address]) + value.to_bytes(4, "little")) == b"\0\0"

    async def every_byte(self, address):
        """Write a register and read it; from power-up."""
        await Timer(200 * self.bit, "ns")
        await self.reset()
        for value in (0x89ABCDEF, 0x76543210):
            await self.write(address, value)
            assert await self.read(address) == value


class TB(Host):
    """A host of the core."""

    def __init__(self, dut, speed=1.0):
        super().__init__(dut, speed)
        self.shape = tuple(int(getattr(dut, name).value) for name in ("ROWS", "COLS", "DEPTH", "K_MAX"))
        self.packed = int(dut.PACK_RESULTS.value)
        self.dual = text(dut.FORMATS) == "DUAL"

    def operands(self, k):
        rows, cols, *_ = self.shape
        return (
            self.rng.integers(-128, 128, (rows, k), dtype=np.int8),
            self.rng.integers(-128, 128, (k, cols), dtype=np.int8),
        )

    def panels(self, a, w, mode=packets.MODES["raw"], flags=packets.RELEASE, **record):
        """The frames of one tile: weights, then activations."""
        rows, cols, depth, _ = self.shape
        if self.dual and a.dtype == np.int8:
            a, w = (matrix.astype(np.uint16) for matrix in (a, w))
        weights = packets.flatten(
            *packets.weight_panels(w, packets.records(cols, **record), cols, depth, mode)
        )
        bf16 = bool(mode & packets.BF16)
        activations = packets.flatten(*packets.activation_panels(a, rows, depth, flags, bf16))
        for kind, beats, user in (
            (frames.WEIGHTS, weights, weights.user[0]),
            (frames.ACTIVATIONS, activations, activations.user[-1]),
        ):
            yield kind | 1, bytes([user, len(beats)]) + beats.data.tobytes()

    async def tile(self, a, w, mode, **record):
        """Send a tile, K beyond K_MAX in two panels; its results, with the type and shape of a tile."""
        rows, cols, depth, k_max = self.shape
        k = len(w)
        sent = []
        cut = k if k <= k_max else k_max // depth * depth
        for start, stop in ((0, cut), (cut, k)):
            if start < stop:
                flags = packets.RELEASE | (packets.KEEP if stop < k else 0)
                sent += self.panels(a[:, start:stop], w[start:stop], mode, flags, **record)
        for kind, body in sent:
            await self.line(
                frames.encode(kind, body)
            )  # the answers are not awaited: they are within the credit
        if mode & packets.BF16:
            rows *= packets.PHASES
        beats = packets.tile_beats(rows, mode, self.packed)
        got = b""
        for beat in range(beats):
            body = await self.wait(frames.RESULT | (beat == beats - 1))
            assert body[0] == len(body) - 1
            got += body[1:]
        self.frames.clear()
        return np.frombuffer(got, packets.result_type(mode)).reshape(rows, cols)

    async def product(self, k, mode="raw"):
        """A tile of random operands."""
        a, w = self.operands(k)
        bias = self.rng.integers(-1000, 1000, self.shape[1]).astype(np.int32)
        record = dict(bias=bias)
        if mode != "raw":
            record["multiplier"], record["shift"] = quantize_multiplier(0.004)
        expected = add_bias(gemm(a, w), bias)
        if mode != "raw":
            expected = requantize(
                expected,
                mode=mode,
                zero_point=0,
                clamp_low=-128,
                clamp_high=127,
                multiplier=record["multiplier"],
                shift=record["shift"],
            )
        got = await self.tile(a, w, packets.MODES[mode], **record)
        np.testing.assert_array_equal(got, expected, f"K {k}, {mode}")

    async def product_bf16(self, k, out):
        """A tile of random bfloat16 operands."""
        rows, cols, *_ = self.shape
        a, w = (
            stimuli.bf16(self.rng, m * n).reshape(m, n) for m, n in ((packets.PHASES * rows, k), (k, cols))
        )
        bias = stimuli.floats(self.rng, cols)
        got = await self.tile(a, w, packets.bf16_mode(out), bias=bias.view(np.int32))
        np.testing.assert_array_equal(got, gemm_bf16(a, w, bias, False, out), f"K {k}, {out}")


@cocotb.test(timeout_time=10, timeout_unit="ms")
@cocotb.parametrize(speed=[1.0, 0.98, 1.02])
async def products(dut, speed):
    """From power-up; every mode, K from 1 to beyond K_MAX."""
    tb = TB(dut, speed)
    await Timer(200 * tb.bit, "ns")
    await tb.reset()
    assert await tb.read(registers.ID) == registers.ID_VALUE
    assert (await tb.call(frames.HELLO))[1:3] == frames.MAGIC
    for k, mode in zip((1, tb.shape[2] + 1, tb.shape[3] + 1), MODES):
        await tb.product(k, mode)
        if tb.dual:
            await tb.product_bf16(k, "fp32" if mode == "raw" else "even")
    assert int(dut.got_bad.value) == tb.decoder.damaged == int(dut.failed.value) == 0


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def register(dut):
    """Every byte of a register, written and read."""
    await TB(dut).every_byte(registers.WATCHDOG)


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def host_crashes(dut):
    """A crash amid weights, activations, or before results are sent; the next host begins with a reset."""
    tb = TB(dut)
    await tb.reset()
    a, w = tb.operands(2 * tb.shape[2])
    whole = b"".join(frames.encode(kind, body) for kind, body in tb.panels(a, w))
    for cut in sorted({1, 2, 3, 9, *tb.rng.integers(10, len(whole), 6).tolist(), len(whole) - 1, len(whole)}):
        await tb.line(whole[:cut])
        await tb.reset()
        await tb.product(3)


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def fail_stop(dut):
    """A lost stop bit; a FIFO overrun while activations wait for weights that are never sent."""
    tb = TB(dut)
    await tb.reset()
    a, w = tb.operands(tb.shape[2])
    whole = b"".join(frames.encode(kind, body) for kind, body in tb.panels(a, w))
    await tb.line(whole[:7])
    dut.stop_bit.value = 0
    await tb.line(whole[7:8])
    dut.stop_bit.value = 1
    await tb.line(whole[8:])
    assert (await tb.wait(frames.NOTE))[0] & 1, "framing error is not reported"
    assert int(dut.failed.value) == 1
    await Timer(400 * tb.bit, "ns")
    assert not any(kind & 0x80 for kind, _ in tb.frames), "a result of a damaged panel"
    await tb.reset()
    await tb.product(2)

    (_, (kind, body)) = tb.panels(*tb.operands(5 * tb.shape[2]))
    await tb.line(frames.encode(kind, body))
    await tb.line(bytes([frames.FLAG]) * 520)
    assert (await tb.wait(frames.NOTE))[0] & 2, "overrun is not reported"
    await tb.reset()
    await tb.product(1, "ruy")


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def button(dut):
    """The board's reset in the middle of a packet and of an answer: the state is as after power-up."""
    tb = TB(dut)
    await tb.reset()
    (kind, body), _ = tb.panels(*tb.operands(3))
    await tb.line(frames.encode(kind, body)[:10])
    await tb.line(frames.encode(frames.READ, b"\0"))
    await Timer(15 * tb.bit, "ns")
    dut.button.value = 1
    await Timer(20 * tb.bit, "ns")
    assert int(dut.from_board.value) == 1, "the line is low in reset"
    dut.button.value = 0
    await Timer(100 * tb.bit, "ns")
    tb.frames.clear()
    assert (await tb.call(frames.HELLO))[0] == 0
    await tb.product(2)
