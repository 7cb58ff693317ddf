# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""row_packer in the simulator.

What could be wrong here, and which case would show it:
  a row in the wrong quarters, or over another row        `tiles`: the bench composes beats by out_enable
  a beat that ends too early, or not                      the same: tiles of 1 to 9 rows of every size
  tkeep that marks too much or too little                 the same
  a gap or the last beat of a tile carried over           the same: tiles follow each other
  a row that counts although it did not move              `tiles`: rows wait, rows are missing
  a position that survives a reset                        `reset`, after each number of rows
  PACK 0 that changes anything                            `tiles`: one row per beat
"""

import cocotb

from tb.lib.kit import Bench

SIZES = {1: 0, 2: 1, 4: 3}  # in_wide, by the quarters of a row


class TB(Bench):
    """The register of packet_closer, and the beats it held whenever one was complete."""

    def __init__(self, dut):
        super().__init__(dut, in_valid=0, out_ready=0)
        self.cols, self.pack = self.parameter("COLS"), self.parameter("PACK")
        self.register, self.beats = [b""] * 4, []
        self.parts.append(self)

    def sample(self):
        """Load the register, as packet_closer does."""
        if not (self.read("in_valid") and self.read("out_ready")) or self.read("rst"):
            return
        data, load = self.read("out_data").to_bytes(4 * self.cols, "little"), self.read("out_enable")
        for q in range(4):
            if load >> q & 1:
                self.register[q] = data[q * self.cols : (q + 1) * self.cols]
        if not self.read("out_partial"):
            keep = self.read("out_keep")
            count = keep.bit_count()
            self.equal(keep, (1 << count) - 1, "out_keep: the low bytes")
            self.beats.append((b"".join(self.register)[:count], self.read("in_last")))

    def tile(self):
        """The rows of a random tile: bytes, one row after the other."""
        quarters = int(self.rng.choice(list(SIZES)))
        return [self.rng.bytes(quarters * self.cols) for _ in range(int(self.rng.integers(1, 10)))]

    async def move(self, row, last):
        """Offer a row until it is accepted; before it, cycles without a row or without readiness."""
        for _ in range(int(self.rng.integers(3))):
            valid = int(self.rng.integers(2))
            self.offer(row, last, valid, out_ready=0 if valid else int(self.rng.integers(2)))
            await self.step()
        self.offer(row, last, 1, out_ready=1)
        await self.step()
        self.drive(in_valid=0)

    def offer(self, row, last, valid, out_ready):
        above = self.rng.bytes(4 * self.cols - len(row))  # may be anything
        self.drive(
            in_data=int.from_bytes(row + above, "little"),
            in_wide=SIZES[len(row) // self.cols],
            in_last=last,
            in_valid=valid,
            out_ready=out_ready,
        )

    def check(self, tiles):
        """Compare the beats since the last check with these tiles, and forget them."""
        expected = []
        for rows in tiles:
            beats = rows
            if self.pack:
                text = b"".join(rows)
                beats = [text[start : start + 4 * self.cols] for start in range(0, len(text), 4 * self.cols)]
            expected += [(beat, int(i == len(beats) - 1)) for i, beat in enumerate(beats)]
        self.equal(self.beats, expected, "beats")
        self.beats = []


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def tiles(dut):
    """Tiles of all sizes of row, one after the other; rows wait and are missing at random."""
    tb = TB(dut)
    await tb.start()
    sent = [tb.tile() for _ in range(80)]
    for rows in sent:
        for i, row in enumerate(rows):
            await tb.move(row, int(i == len(rows) - 1))
    tb.check(sent)
    assert {len(rows[0]) // tb.cols for rows in sent} == set(SIZES)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def reset(dut):
    """A reset after any number of rows: the next tile starts at the first quarter."""
    tb = TB(dut)
    await tb.start()
    for count in range(5):
        for quarters in SIZES:
            for _ in range(count):
                await tb.move(tb.rng.bytes(quarters * tb.cols), 0)
            tb.drive(rst=1, in_valid=1, out_ready=1)
            await tb.step()
            tb.drive(rst=0, in_valid=0)
            tb.beats = []
            rows = tb.tile()
            for i, row in enumerate(rows):
                await tb.move(row, int(i == len(rows) - 1))
            tb.check([rows])
