# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""output_stage in the simulator.

What could be wrong here, and which case would show it:
  a column gets another's bias, multiplier, clamp    records differ in every column and row
  the sum with the bias does not wrap                x comes from the requantiser's corner and tie vectors,
                                                     the bias is any int32, the row is their difference
  groups in the wrong order, a ragged last group     COLS 5 and 7 over 2 and 3 lanes; one group; one lane
  a row overlaps its neighbour                       rows at the minimum distance: 1, or GROUPS
  raw rows collide with requantised ones             `switches` at exactly the documented distance, every
                                                     pair of modes; the other way in the next cycle
  the rule of the next tile used too early           the same: the mode is X unless its row is there
  record or row read outside their time              both are X whenever the header lets them change
  latency, last, size                                outputs are compared in every cycle
  bfloat16 tiles: another column's bias, ReLU of     `one_mode`, `switches` with INT8 0, and with both formats
  another tile, the wrong lanes of out_data
  stochastic rounding: random bits of another group  `random` changes in every cycle in which it may
  rows survive a reset                               `reset`, at each stage of the pipeline
  POST_CYCLES: a tick early, late or lost            all of it at 33 and 40 cycles per result; a row comes
                                                     in a window of one tick
"""

import cocotb
import numpy as np

from macrame.golden.arith import requantize as int8
from macrame.golden.arith.requantize import requantize
from macrame.golden.gemm_bf16 import OUTPUTS, output_stage
from tb.lib import stimuli
from tb.lib.kit import Bench, Part, lanes, word

RECORD = ("multiplier", "shift", "zero_point", "clamp_low", "clamp_high")
LATENCY, SLOW_LATENCY = 11, 8  # in ticks, of POST_CYCLES
FLOATS = {
    f"float-{name}{'+relu' * relu}": 4 + 8 * relu + code for name, code in OUTPUTS.items() for relu in (0, 1)
}
MODES = {**int8.MODES, **FLOATS}


class TB(Bench):
    """Rows in, rows out; the model is the golden model's requantiser."""

    def __init__(self, dut):
        self.idle_row = {"row_valid": 0, "row_last": None, "row_mode": None}
        self.idle_data = dict.fromkeys(("row", "bias", *RECORD))
        super().__init__(dut, **self.idle_row, **self.idle_data)
        self.cols, self.lanes = self.parameter("COLS"), self.parameter("POST_LANES")
        self.groups = -(-self.cols // self.lanes)
        self.pace = self.parameter("POST_CYCLES")
        self.latency = LATENCY if self.pace == 1 else SLOW_LATENCY * self.pace
        self.overtake = LATENCY if self.pace == 1 else (SLOW_LATENCY + 1) * self.pace
        self.modes = [*int8.MODES] * self.parameter("INT8") + [*FLOATS] * self.parameter("BF16")
        self.due, self.rows = {}, 0
        self.stochastic = []  # rows whose random operands are still pending, by group
        self.vectors = {
            mode: stimuli.requantize(self.rng, mode, 1200) for mode in int8.MODES if mode != "raw"
        }
        self.floats = stimuli.floats(self.rng, 4000)
        self.random = None
        self.parts += [Part(self.draw_random), Part(sample=self.note_random), Part(sample=self.check)]

    def draw_random(self):
        """New random operands in every cycle."""
        self.random = self.rng.integers(0, 2**16, self.lanes).astype(np.uint16)
        if self.rng.random() < 0.3:  # near the numbers in use, so that a neighbour's would show
            self.random[:] = self.rng.choice((0, 0x7FFF, 0x8000, 0xFFFF))
        self.drive(random=word(self.random))

    def note_random(self):
        """The value of `random` when the DUT reported its use."""
        if not self.read("random_step"):
            return
        if not self.stochastic:
            self.fail("random_step, and no row rounds stochastically")
        self.stochastic[0].append(self.random)
        if len(self.stochastic[0]) == self.groups:
            self.stochastic.pop(0)

    def vector(self, mode):
        """x and a record for each column: requantiser vectors, or any int32 for raw."""
        if mode == "raw":
            x = self.rng.choice(stimuli.CORNERS32, self.cols)
            return {
                "x": np.where(
                    self.rng.random(self.cols) < 0.3, x, self.rng.integers(-(2**31), 2**31, self.cols)
                ).astype(np.int32)
            }
        if mode in FLOATS:
            return {"x": self.rng.choice(self.floats, self.cols)}
        columns = self.vectors[mode]
        pick = self.rng.integers(0, len(columns["x"]), self.cols)
        return {name: values[pick] for name, values in columns.items()}

    async def row(self, mode, last, extra=0):
        """One row, and the cycles until the next one is allowed, if it has the same mode."""
        v = self.vector(mode)
        x = v.pop("x")
        if mode in FLOATS:
            bias, row, expected = self.float_row(mode, x)
        else:
            bias = self.rng.integers(-(2**31), 2**31, self.cols).astype(np.int32)
            row = (x.astype(np.int64) - bias).astype(np.int32)
            expected = requantize(x, mode=mode, **v) if mode != "raw" else x.astype(np.int32)
        busy, latency = (
            (1, 1) if mode == "raw" else (self.groups * self.pace, self.groups * self.pace + self.latency)
        )
        at = self.cycle + latency
        assert at not in self.due, "the bench broke the distance rule"
        self.due[at] = (self.rows, mode, last, expected, {"row": row, "bias": bias, **v})
        self.rows += 1
        self.drive(
            row_valid=1,
            row_last=int(last),
            row_mode=MODES[mode],
            row=word(row),
            bias=word(bias),
            **{name: word(v[name]) for name in v},
        )
        await self.step()
        self.drive(**self.idle_row, row=None, **({} if mode in FLOATS else {"bias": None}))
        await self.step(busy - 1)
        if extra:
            self.drive(**self.idle_data)
            await self.step(extra)

    def float_row(self, mode, x):
        """Bias, row and their result: bits, or a function if random operands are not known yet."""
        bias = self.rng.choice(self.floats, self.cols)
        near = self.rng.random(self.cols) < 0.5  # of the same size, so that the sum is neither
        bias[near] = (x[near] & 0xFF800000) ^ (bias[near] & 0x80FFFFFF)
        out, relu = mode.removeprefix("float-").removesuffix("+relu"), mode.endswith("+relu")
        if out != "stochastic":
            return bias, x, output_stage(x.view(np.float32), bias, relu, out)
        drawn = []
        self.stochastic.append(drawn)
        return (
            bias,
            x,
            lambda: output_stage(x.view(np.float32), bias, relu, out, np.concatenate(drawn)[: self.cols]),
        )

    async def tile(self, mode, rows, extra=0):
        for r in range(rows):
            await self.row(mode, r == rows - 1, extra)

    def check(self):
        came = self.pace > 1 and self.read("out_valid")
        window = range(self.cycle, self.cycle + self.pace) if came else [self.cycle]
        at = next((cycle for cycle in window if cycle in self.due), None)
        due = self.due.pop(at, None)
        self.equal(self.read("out_valid"), int(due is not None), "out_valid")
        if due is None:
            return
        number, mode, last, expected, operands = due
        self.equal(self.read("out_last"), int(last), f"out_last of row {number}, {mode}")
        expected = expected() if callable(expected) else expected
        self.equal(
            self.read("out_size"), {1: 0, 2: 1, 4: 2}[expected.itemsize], f"out_size of row {number}, {mode}"
        )
        got = self.read("out_data", 8 * expected.nbytes)  # the bits above are undefined
        if got != word(expected):
            values = lanes(got, expected.dtype, self.cols)
            c = int(np.flatnonzero(values.view(np.uint8) != expected.view(np.uint8))[0]) // expected.itemsize
            self.fail(
                f"row {number}, column {c} of {self.cols}, {mode}: expected {expected[c]}, "
                f"got {values[c]}, operands { ({k: int(a[c]) for k, a in operands.items()}) }"
            )

    async def finish(self):
        self.drive(**self.idle_row, **self.idle_data)
        await self.step(self.groups * self.pace + self.overtake + 5)
        assert not self.due
        assert not self.stochastic


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def one_mode(dut):
    """Rows at the minimum distance, then with gaps."""
    tb = TB(dut)
    await tb.start()
    for mode in tb.modes:
        await tb.tile(mode, 60)
        for extra in (1, 3, 0):
            await tb.tile(mode, 8, extra)
        await tb.finish()


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def switches(dut):
    """Every mode after every mode, tiles of 1 to 3 rows, as close as legal."""
    tb = TB(dut)
    await tb.start()
    for rows in (1, 2, 3):
        for mode in tb.modes:
            for following in tb.modes:
                await tb.tile(mode, rows)
                if following == "raw" and mode != "raw":
                    tb.drive(**tb.idle_data)
                    # GROUPS + 11 after the latest row, of which GROUPS have passed
                    await tb.step(tb.overtake)
                await tb.tile(following, rows)
                if following != "raw":  # the next pair may begin raw
                    await tb.step(tb.overtake)
    await tb.finish()


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def reset(dut):
    """A reset some cycles after a row: the row never leaves, the next one does."""
    tb = TB(dut)
    await tb.start()
    for mode in (tb.modes[0], tb.modes[-2]):
        for wait in range(0, 1 if mode == "raw" else tb.latency + 1, 1 if tb.pace == 1 else 29):
            await tb.row(mode, True)
            await tb.step(wait)
            tb.drive(rst=1, **tb.idle_row, **tb.idle_data)
            await tb.step()
            tb.drive(rst=0)
            tb.due.clear()
            tb.stochastic.clear()
            await tb.row(tb.modes[1], True)
            await tb.finish()
