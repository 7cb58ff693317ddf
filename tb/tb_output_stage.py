# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""output_stage in the simulator.

What could be wrong here, and which case would show it:
  a column meets another's bias, multiplier, clamp   records differ in every column and row
  the sum with the bias does not wrap                x comes from the requantiser's corner and tie vectors,
                                                     the bias is any int32, the row is their difference
  groups in the wrong order, a ragged last group     COLS 5 and 7 over 2 and 3 lanes; one group; one lane
  a row overlaps its neighbour                       rows at the minimum distance: 1, or GROUPS
  raw rows meet requantised ones at the output       `switches` at exactly the documented distance, every
                                                     pair of modes; the other way in the next cycle
  the rule of the next tile used too early           the same: the mode is X unless its row is there
  record or row read outside their time              both are X whenever the header lets them change
  latency, last, raw flag                            outputs are compared in every cycle
  rows survive a reset                               `reset`, at each stage of the pipeline
"""
import cocotb
import numpy as np

from golden.arith.requantize import MODES, requantize
from tb import stimuli
from tb.kit import Bench, Part, lanes, word

RECORD = ("multiplier", "shift", "zero_point", "clamp_low", "clamp_high")
LATENCY = 11


class TB(Bench):
    """Rows in, rows out; the model is golden's requantiser."""

    def __init__(self, dut):
        self.idle_row = {"row_valid": 0, "row_last": None, "row_mode": None}
        self.idle_data = dict.fromkeys(("row", "bias", *RECORD))
        super().__init__(dut, **self.idle_row, **self.idle_data)
        self.cols = self.parameter("COLS")
        self.groups = -(-self.cols // self.parameter("POST_LANES"))
        self.due, self.rows = {}, 0
        self.vectors = {mode: stimuli.requantize(self.rng, mode, 1200) for mode in MODES if mode != "raw"}
        self.parts.append(Part(sample=self.check))

    def vector(self, mode):
        """x and a record for each column: requantiser vectors, or any int32 for raw."""
        if mode == "raw":
            x = self.rng.choice(stimuli.CORNERS32, self.cols)
            return {"x": np.where(self.rng.random(self.cols) < 0.3, x,
                                  self.rng.integers(-2**31, 2**31, self.cols)).astype(np.int32)}
        columns = self.vectors[mode]
        pick = self.rng.integers(0, len(columns["x"]), self.cols)
        return {name: values[pick] for name, values in columns.items()}

    async def row(self, mode, last, extra=0):
        """One row, and the cycles until the next may come, if it has the same mode."""
        v = self.vector(mode)
        bias = self.rng.integers(-2**31, 2**31, self.cols).astype(np.int32)
        x = v.pop("x").astype(np.int32)
        row = (x.astype(np.int64) - bias).astype(np.int32)
        expected = requantize(x, mode=mode, **v) if mode != "raw" else x
        busy, latency = (1, 1) if mode == "raw" else (self.groups, self.groups + LATENCY)
        at = self.cycle + latency
        assert at not in self.due, "the bench broke the distance rule"
        self.due[at] = (self.rows, mode, last, expected, {"row": row, "bias": bias, **v})
        self.rows += 1
        self.drive(row_valid=1, row_last=int(last), row_mode=MODES[mode], row=word(row), bias=word(bias),
                   **{name: word(v[name]) for name in v})
        await self.step()
        self.drive(**self.idle_row, bias=None)
        await self.step(busy - 1)
        if extra:
            self.drive(**self.idle_data)
            await self.step(extra)

    async def tile(self, mode, rows, extra=0):
        for r in range(rows):
            await self.row(mode, r == rows - 1, extra)

    def check(self):
        due = self.due.pop(self.cycle, None)
        self.equal(self.read("out_valid"), int(due is not None), "out_valid")
        if due is None:
            return
        number, mode, last, expected, operands = due
        self.equal(self.read("out_last"), int(last), f"out_last of row {number}, {mode}")
        self.equal(self.read("out_raw"), int(mode == "raw"), f"out_raw of row {number}, {mode}")
        got = self.read("out_data")
        if got != word(expected):
            values = lanes(got % 2**(8 * expected.nbytes), expected.dtype, self.cols)
            c = int(np.flatnonzero(values != expected)[0]) if (values != expected).any() else self.cols
            if c == self.cols:
                self.fail(f"row {number}, {mode}: bits above the last lane: {got:#x}")
            self.fail(f"row {number}, column {c} of {self.cols}, {mode}: expected {expected[c]}, "
                      f"got {values[c]}, operands {({k: int(a[c]) for k, a in operands.items()})}")

    async def finish(self):
        self.drive(**self.idle_row, **self.idle_data)
        await self.step(self.groups + LATENCY + 5)
        assert not self.due


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(mode=list(MODES))
async def one_mode(dut, mode):
    """Rows at the minimum distance, then with gaps."""
    tb = TB(dut)
    await tb.start()
    await tb.tile(mode, 60)
    for extra in (1, 3, 0):
        await tb.tile(mode, 8, extra)
    await tb.finish()


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def switches(dut):
    """Every mode behind every mode, tiles of 1 to 3 rows, as close as is legal."""
    tb = TB(dut)
    await tb.start()
    for rows in (1, 2, 3):
        for mode in MODES:
            for following in MODES:
                await tb.tile(mode, rows)
                if following == "raw" and mode != "raw":
                    tb.drive(**tb.idle_data)
                    await tb.step(LATENCY)  # GROUPS + 11 behind the latest row, of which GROUPS have passed
                await tb.tile(following, rows)
                if following != "raw":  # the next pair may begin raw
                    await tb.step(LATENCY)
    await tb.finish()


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def reset(dut):
    """A reset so many cycles after a row: it never comes out, the next one does."""
    tb = TB(dut)
    await tb.start()
    for mode in ("raw", "ruy"):
        for wait in range(0, 1 if mode == "raw" else LATENCY + 1):
            await tb.row(mode, True)
            await tb.step(wait)
            tb.drive(rst=1, **tb.idle_row, **tb.idle_data)
            await tb.step()
            tb.drive(rst=0)
            tb.due.clear()
            await tb.row("gemmlowp", True)
            await tb.finish()
