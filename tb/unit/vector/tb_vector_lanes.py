# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""vector_lanes in the simulator.

What could be wrong here, and which case would show it:
  a result one cycle early or late, or a wrong tlast    `beats`: each predicted for its cycle, others are idle
  a lane that computes its neighbour's numbers        `beats`: every lane has different numbers
  a format, a widening, random words of another beat  `beats`: another operation and format with every beat
  a pipeline that is idle too early, or not empty     `beats`: gaps of every length; `resets`
  random words used by others, or kept                `beats`; `resets`: a seed at any time
  a wrong bit of a random word                        `random_bits`: every bit decides
"""

import copy

import cocotb
import numpy as np

from macrame.golden.arith.lfsr32 import Lfsr32
from tb.lib.kit import Bench, Part, Watch, lanes
from tb.models.vector_model import STOCHASTIC, Packet

LATENCY = 16
OPERANDS = "issue_last", "op", "x_bf16", "y_bf16", "out_format", "s", "x", "y"


class TB(Bench):
    """The lanes, their expected results, and the golden model's random words."""

    def __init__(self, dut):
        super().__init__(dut, issue=0, seed_load=0, seed=1, **dict.fromkeys(OPERANDS))
        self.count, self.random, self.results = self.parameter("LANES"), Lfsr32(1), {}
        self.watch = Watch(self, out_valid=0)
        self.parts.append(Part(sample=self.check))

    def rest(self):
        """No beat in this cycle."""
        self.drive(issue=0, **dict.fromkeys(OPERANDS))

    def check(self):
        """An expected result has these bits; others are not compared, as their data are X."""
        due = self.results.pop(self.cycle, None)
        if due:
            data, keep, last = due
            narrow = keep < (1 << 4 * self.count) - 1
            got = tuple(self.read(name) for name in ("out_data", "out_last", "out_narrow"))
            numbers, expected = (lanes(v, np.uint32, self.count).tolist() for v in (got[0], data))
            self.equal(numbers, expected, "numbers")
            self.equal(got[1:], (last, int(narrow)), "out_last and out_narrow")

    def issue(self, packet=None):
        """One beat, of any kind by default; expect its result."""
        packet, last = packet or Packet(self.rng, self.count, 1), int(self.rng.integers(2))
        x, y = packet.x_data()[0]["s_axis_x_tdata"], None
        if packet.takes_y:
            y = packet.y_data()[0]["s_axis_y_tdata"]
        self.drive(
            issue=1,
            issue_last=last,
            op=packet.command & 7,
            x_bf16=int(packet.x_bf16),
            y_bf16=int(packet.y_bf16),
            out_format=packet.out,
            s=int(packet.s),
            x=x,
            y=y,
        )
        ((data, keep, _),) = packet.results(self.random)
        self.watch.expect(self.cycle + LATENCY, out_valid=1)
        self.results[self.cycle + LATENCY] = data, keep, last


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(chance=[1.0, 0.7, 0.05])
async def beats(dut, chance):
    """Beats without a gap, with some, and alone."""
    tb = TB(dut)
    await tb.start()
    for _ in range(300):
        if tb.rng.random() < chance:
            tb.issue()
        else:
            tb.rest()
        await tb.step()
    tb.rest()
    await tb.step(LATENCY + 5)
    tb.watch.finish()
    assert not tb.results


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def resets(dut):
    """A reset in flight: no result in the pipeline leaves. Seeds, with a reset and without."""
    tb = TB(dut)
    await tb.start()
    for beats_before in (1, 5, 16, 30):
        for _ in range(beats_before):
            tb.issue()
            await tb.step()
        tb.rest()
        tb.watch.forget()
        due = tb.results.pop(tb.cycle, None)  # what stands there in the cycle of the reset is still out
        tb.results.clear()
        if due:
            tb.watch.expect(tb.cycle, out_valid=1)
        for reset in (1, 0):
            seed = int(tb.rng.integers(2**32))
            tb.drive(seed=seed, **{"rst" if reset else "seed_load": 1})
            await tb.step()
            tb.drive(seed=None, rst=0, seed_load=0)
            tb.random = Lfsr32(seed)
            for _ in range(20):
                tb.issue()
                await tb.step()
            tb.rest()
            await tb.step(LATENCY + 2)
    tb.watch.finish()


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def random_bits(dut):
    """Fractions that are just above or just not above their random words, so that every bit decides."""
    tb = TB(dut)
    await tb.start()
    for n in range(200):
        packet = Packet(tb.rng, tb.count, 1, "relu", False, False, STOCHASTIC)
        words = copy.copy(tb.random).take(tb.count).astype(np.uint32)
        fraction = np.minimum(words + np.uint32(n % 2), np.uint32(0xFFFF))
        packet.x[0] = tb.rng.integers(0x0080, 0x7F7F, tb.count).astype(np.uint32) << np.uint32(16) | fraction
        tb.issue(packet)
        await tb.step()
    tb.rest()
    await tb.step(LATENCY + 5)
    tb.watch.finish()
