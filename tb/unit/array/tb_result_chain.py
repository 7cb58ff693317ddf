# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""result_chain in the simulator.

What could be wrong here, and which case would show it:
  a row marked too early, too late, once too often    every output is predicted for every cycle
  shift not one cycle ahead of the row it brings      the same
  the pace of one tile used for another               `paces`: every pace after every pace
  the next load at the minimum distance               `paces`: that far apart, and one cycle more
  a tile of one row                                   ROWS 1
  the rows of one tile counted for another            `paces`: tiles of every height
  tag or pace sampled outside load                    both are X in every other cycle
  rows after a reset                                  `reset`, in each cycle of a tile
"""

import cocotb

from tb.lib.kit import Bench, Part, Watch


class TB(Bench):
    """Loads in; every output in every cycle is predicted from the header's formula."""

    def __init__(self, dut):
        super().__init__(dut, load=0, load_tag=None, load_pace=None, load_rows=None)
        self.rows, self.pace_w, self.tag_w = (self.parameter(p) for p in ("ROWS", "PACE_W", "TAG_W"))
        self.watch = Watch(self, row_valid=0, row_last=0, chain_shift=0)
        self.tag = None  # of the latest load
        self.parts.append(Part(sample=self.check_tag))

    def check_tag(self):
        """The tag holds from the cycle after its load until the next load."""
        if self.tag is not None:
            self.equal(self.read("row_tag"), self.tag, "row_tag")

    async def load(self, pace, distance=None, rows=None):
        """A tile; the next one may come `distance` cycles later, by default as soon as is legal."""
        rows = rows or self.rows
        tag = int(self.rng.integers(2**self.tag_w))
        self.watch.expect(self.cycle + 1, row_valid=1, row_last=int(rows == 1))
        for r in range(1, rows):
            at = self.cycle + 1 + r * (pace + 1)
            self.watch.expect(at, row_valid=1, row_last=int(r == rows - 1))
            self.watch.expect(at - 2, chain_shift=1)
        self.drive(load=1, load_tag=tag, load_pace=pace, load_rows=rows - 1)
        await self.step()
        self.tag = tag
        self.drive(load=0, load_tag=None, load_pace=None, load_rows=None)
        await self.step((distance or rows * (pace + 1)) - 1)

    async def finish(self, pace=0):
        await self.step(self.rows * (pace + 1) + 5)
        assert not self.watch.due, f"never came: {self.watch.due}"


@cocotb.test(timeout_time=3, timeout_unit="ms")
async def paces(dut):
    """Every pace after every other, as close as legal, and one cycle later."""
    tb = TB(dut)
    await tb.start()
    all_paces = range(2**tb.pace_w)
    for pace in all_paces:
        for following in all_paces:
            await tb.load(pace)
            await tb.load(following, tb.rows * (following + 1) + 1)
            await tb.load(following, rows=int(tb.rng.integers(1, tb.rows + 1)))
    await tb.finish()


@cocotb.test(timeout_time=3, timeout_unit="ms")
async def reset(dut):
    """A reset in each cycle of a tile: no further row of it appears, the next tile is complete."""
    tb = TB(dut)
    await tb.start()
    pace = 2**tb.pace_w - 1
    for after in range(1, min(tb.rows * (pace + 1), 40) + 2):
        for at_once in (False, True):
            await tb.load(pace, after)
            tb.drive(rst=1)
            await tb.step()
            tb.drive(rst=0)
            tb.watch.forget()
            await tb.step(0 if at_once else tb.rows * (pace + 1) + 1)
            await tb.load(0)
    await tb.finish()
