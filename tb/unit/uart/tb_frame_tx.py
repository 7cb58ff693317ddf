# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""frame_tx in the simulator.

What could be wrong here, and which case would show it:
  7E or 7D goes out as it is                    messages of little else; `checksums`, that hold them
  a byte lost or doubled around an escape       frames compared byte by byte, under all pauses
  the checksum counts the flag, an escape,      the same
  or the message before
  an offer changed                              the sink watches every byte it holds off
"""

import cocotb

from macrame.host import frames
from tb.lib.axis import STALLS, Sink, Source, pauses
from tb.lib.kit import Bench


class TB(Bench):
    """Messages in, frames out."""

    def __init__(self, dut, stalls="none"):
        super().__init__(dut)
        before, after = STALLS[stalls]
        self.source = Source(self, "in_valid", "in_ready", ["in_data", "in_last"], pauses(before, self.rng))
        self.sink = Sink(self, "out_valid", "out_ready", ["out_data"], pauses(after, self.rng))

    def message(self, length):
        """Bytes, half of them requiring an escape."""
        any_, odd = self.rng.integers(0, 256, length), self.rng.choice([0x7D, 0x7E, 0x5D, 0x5E], length)
        return [int(a if c else o) for a, o, c in zip(any_, odd, self.rng.random(length) < 0.5)]

    async def check(self, messages):
        expected = b""
        for message in messages:
            self.source.send(
                *({"in_data": byte, "in_last": int(i == len(message) - 1)} for i, byte in enumerate(message))
            )
            expected += frames.encode(message[0], bytes(message[1:]))
        await self.until(lambda: len(self.sink.beats) >= len(expected), 20_000)
        await self.step(5)
        self.equal(bytes(self.sink.values).hex(" "), expected.hex(" "), "frames")
        self.sink.beats.clear()


@cocotb.test(timeout_time=2, timeout_unit="ms")
@cocotb.parametrize(stalls=list(STALLS))
async def messages(dut, stalls):
    """Of 1 to 40 bytes, back to back."""
    tb = TB(dut, stalls)
    await tb.start()
    await tb.check([tb.message(int(n)) for n in tb.rng.integers(1, 41, 12)] + [[0x7E], [0x7D], [0]])


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def checksums(dut):
    """Messages whose checksum has a byte to escape: low, high and both."""
    tb = TB(dut)
    await tb.start()
    found = {}
    for value in range(1 << 16):
        message = [value & 255, value >> 8]
        total = frames.crc16(message)
        found.setdefault(((total & 255) in (0x7D, 0x7E), total >> 8 in (0x7D, 0x7E)), message)
    assert len(found) == 4
    await tb.check(list(found.values()) * 2)
