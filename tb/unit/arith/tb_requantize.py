# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""requantize in the simulator.

What could be wrong here, and which vectors would show it:
  a tie rule               accumulators built to land on x.5, both signs, each rule (they are counted)
  one rounding too few     fp32 rounds three times: float32(x), the product, the integer; ties of each kind
  lost bits of x           accumulators beyond 2^24, 2^31 - 1, -2^31
  the left shift wraps     every shift byte, -128..127, with corner accumulators
  saturation               results far beyond int8, -2^31 * -2^31, infinite scales
  clamp order              clamp_low above clamp_high
  a parameter one cycle off  everything changes with every vector, the mode too (`mixed`)
  a rare combination       every bin of functional coverage (`combinations`), see tb/lib/bins.py
"""

import cocotb
import numpy as np

from macrame.golden.arith.requantize import MODES, requantize
from tb.lib import bins, stimuli
from tb.lib.vectors import TB, share

#: Of each sign, among 100,000 vectors.
FEWEST_TIES = {
    "gemmlowp": {"product": 5_000, "shift": 15_000},
    "ruy": {"product": 5_000, "shift": 15_000},
    "fp32": {"convert": 2_500, "product": 4_000, "integer": 12_000},
}


@cocotb.test(timeout_time=1, timeout_unit="sec")
@cocotb.parametrize(mode=["gemmlowp", "ruy", "fp32"])
async def equals_golden(dut, mode):
    """100,000 vectors and more, in a quick run 25,000; ties of each kind and sign among them."""
    tb = TB(dut)
    count = share(100_000, of=8)
    columns = stimuli.requantize(tb.rng, mode, count)
    ties = stimuli.requantize_ties(mode, columns)
    dut._log.info("%s: %d vectors, ties (negative, positive): %s", mode, len(columns["x"]), ties)
    assert len(columns["x"]) >= count
    for kind, fewest in FEWEST_TIES[mode].items():
        fewest = fewest * count // 100_000
        assert min(ties[kind]) >= fewest, f"{mode}: {ties[kind]} {kind} ties, {fewest} of each sign wanted"
    await tb.check(requantize(**columns, mode=mode), mode=MODES[mode], **columns)
    bins.requantized(mode, columns)


@cocotb.test(timeout_time=1, timeout_unit="sec")
async def mixed(dut):
    """The mode changes with every vector, as it does between panels."""
    tb = TB(dut)
    n = 5_000
    parts = {mode: stimuli.requantize(tb.rng, mode) for mode in ("gemmlowp", "ruy", "fp32")}
    parts = {mode: {k: v[:n] for k, v in columns.items()} for mode, columns in parts.items()}
    order = tb.rng.permutation(3 * n)
    columns = {k: np.concatenate([p[k] for p in parts.values()])[order] for k in parts["ruy"]}
    modes = np.repeat([MODES[mode] for mode in parts], n)[order]
    expected = np.concatenate([requantize(**p, mode=mode) for mode, p in parts.items()])[order]
    await tb.check(expected, mode=modes, **columns)


def products(rng, count):
    """Operands whose product with 2^-31 is small and often exact, with random clamps on either side of it."""
    power = rng.integers(0, 25, count)
    x = rng.integers(-600, 600, count) << np.minimum(power, 20)
    m = rng.choice([1, -1], count) * (rng.integers(1, 64, count) << (25 - power))
    low, high = rng.integers(-128, 128, (2, count))
    return {
        "x": x.astype(np.int32),
        "multiplier": m.astype(np.int32),
        "shift": rng.choice([0, 0, 1, -1, -3, -7, -8, -12], count).astype(np.int8),
        "zero_point": rng.integers(-128, 128, count).astype(np.int8),
        "clamp_low": np.where(rng.random(count) < 0.5, -128, low).astype(np.int8),
        "clamp_high": np.where(rng.random(count) < 0.5, 127, high).astype(np.int8),
    }


@cocotb.test(timeout_time=1, timeout_unit="sec")
async def combinations(dut):
    """Each kind of rounding, with each sign, kind of shift and clamp: no bin may be missing at the end."""
    bins.save_at_exit()
    tb = TB(dut)
    for _ in range(10):
        made = {mode: products(tb.rng, 5_000) for mode in ("gemmlowp", "ruy") if bins.missing("rounding")}
        if bins.missing("float rounding"):
            made["fp32"] = stimuli.requantize(tb.rng, "fp32", 5_000)
        for mode, columns in made.items():
            await tb.check(requantize(**columns, mode=mode), mode=MODES[mode], **columns)
            bins.requantized(mode, columns)
    for cross in ("rounding", "float rounding"):
        left = bins.missing(cross)
        assert not left, f"{cross}: {len(left)} bins missing: {'; '.join(', '.join(b) for b in left[:5])}"
