# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""frame_rx in the simulator.

What could be wrong here, and which case would show it:
  an escaped byte is decoded wrong, or its 7D is   frames of mostly these, under every pair of pauses
  a 7D at a frame's end hides the next flag        `cut_off`: frames truncated anywhere, also after a 7D
  the checksum of the previous frame continues     the same: `checksum_ok` is compared after every token
  a token accepted twice or never                  the tokens are compared one by one
"""

import cocotb

from macrame.host import frames
from tb.lib.axis import STALLS, Sink, Source, pauses
from tb.lib.kit import Bench, Part


class TB(Bench):
    """Bytes in; tokens out, and `checksum_ok` in the cycle after each."""

    def __init__(self, dut, stalls="none"):
        super().__init__(dut)
        before, after = STALLS[stalls]
        self.source = Source(self, "in_valid", "in_ready", ["in_data"], pauses(before, self.rng))
        self.sink = Sink(self, "out_valid", "out_ready", ["out_data", "out_start"], pauses(after, self.rng))
        self.total, self.seen = None, 0
        self.parts.append(Part(sample=self.sums))

    def sums(self):
        if self.total is not None:
            self.equal(
                self.read("checksum_ok"), int(self.total == 0), f"checksum_ok, the sum is {self.total:04x}"
            )
        for _, beat in self.sink.beats[self.seen :]:
            data, start = beat
            if start:
                self.total = 0xFFFF
            elif self.total is not None:
                self.total = frames.crc16([data], self.total)
        self.seen = len(self.sink.beats)

    async def check(self, line):
        """These bytes, and the tokens from a simple decoder."""
        expected, escaped = [], False
        for byte in line:
            if byte == frames.ESCAPE and not escaped:
                escaped = True
                continue
            start = byte == frames.FLAG
            expected.append(None if start else byte ^ (frames.FLIP if escaped else 0))
            escaped = False
        self.source.send(*line)
        await self.until(lambda: self.source.empty, 30_000)
        await self.step(50)
        got = [None if start else data for data, start in self.sink.values]
        self.equal(got, expected, "tokens")
        assert self.seen == len(expected)


@cocotb.test(timeout_time=2, timeout_unit="ms")
@cocotb.parametrize(stalls=list(STALLS))
async def whole_frames(dut, stalls):
    """Of 1 to 30 bytes, half of them to be hidden; one in four has a wrong bit."""
    tb = TB(dut, stalls)
    await tb.start()
    line = b""
    for length in tb.rng.integers(1, 31, 12):
        body = bytes(tb.rng.choice([0x7D, 0x7E, 0x5D, 0x5E, 0x00, 0xFF], int(length)).astype("uint8"))
        frame = bytearray(frames.encode(int(tb.rng.integers(256)), body))
        if tb.rng.random() < 0.25:
            frame[-1] ^= 1 << int(tb.rng.integers(8))
        line += frame
    await tb.check(line)


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def cut_off(dut):
    """A frame truncated after each of its bytes, and a complete one after it."""
    tb = TB(dut)
    await tb.start()
    frame = frames.encode(0x10, bytes([0x7E, 1, 0x7D, 2]))
    await tb.check(b"".join(frame[:i] + frame for i in range(1, len(frame))))
