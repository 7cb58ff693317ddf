# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Problem 7: bfloat16 versus fp32 and fp16; the converters on the RTL in all three rounding modes."""

import itertools
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from macrame.golden.arith.bf16_to_fp32 import bf16_to_fp32
from macrame.golden.arith.fp32_to_bf16 import ROUNDINGS, fp32_to_bf16
from macrame.homework.data import File
from macrame.homework.plots.formats import grids_figure
from macrame.homework.problem import Answer, Blocks, Run
from macrame.report.blocks import Heading, Text, phrase, table, text

TITLE = "bfloat16 versus fp32 and fp16"
KEYS = ("values", "bits", "random", "averaged", "seed")
FORMATS = {"fp32": (8, 23), "bf16": (8, 7), "fp16": (5, 10)}  # exponent bits, fraction bits
PARAMETERS = 1_000_000
DRAWS = (16, 256, 4096, 65536)
#: Measured cost of the significands' multipliers: the simulators come without a synthesis tool.
GATES = Path(__file__).resolve().parents[1] / "synth" / "hdl" / "significand_mul.toml"


@dataclass(frozen=True)
class Problem:
    """Bit patterns to convert, operands to round them with, numbers to average over all operands."""

    bits: NDArray[np.uint32]
    beyond: list[tuple[float, float]]  # (number given, float32) of those outside the range of fp32
    random: list[int]
    averaged: NDArray[np.float32]
    seed: int


def read(file: File) -> Problem:
    """Numbers and bit patterns, joined to one list of patterns."""
    values = file.numbers("values", least=0)
    patterns = file.integers("bits", 0, 2**32 - 1, least=0)
    averaged = file.vector("averaged", most=4)
    given = np.concatenate([np.asarray(values, np.float64), averaged])
    with np.errstate(over="ignore", under="ignore"):
        single = given.astype(np.float32)
    beyond = [
        pair
        for pair in zip(given.tolist(), single.tolist())
        if np.isinf(pair[1]) and np.isfinite(pair[0]) or pair[0] and not pair[1]
    ]
    bits = np.concatenate([single[: len(values)].view(np.uint32), np.array(patterns, np.uint32)])
    return Problem(
        bits,
        beyond,
        file.integers("random", 0, 2**16 - 1, most=4),
        single[len(values) :],
        file.integer("seed", 0, 2**32 - 1),
    )


def solve(problem: Problem, run: Run) -> Blocks[Answer]:
    """The formats in numbers, the converters, the average of stochastic rounding."""
    formats = yield from _formats()
    gates = yield from _gates()
    yield Heading("fp32 to bf16 on the RTL, in three rounding modes; bits in hexadecimal")
    converted, averaged = _narrow(problem, run)
    conversions = yield from _conversions(problem, run, converted)
    stochastic = yield from _stochastic(problem, run, averaged)
    counting = yield from _counting()
    return {
        "formats": formats,
        "gates": gates,
        "conversions": conversions,
        "stochastic": stochastic,
        "counting": counting,
    }


def _formats() -> Blocks[dict[str, dict[str, float]]]:
    yield Heading("Range, precision, bytes")
    rows = {}
    for name, (exponent, fraction) in FORMATS.items():
        bias = 2 ** (exponent - 1) - 1
        rows[name] = {
            "bytes": (1 + exponent + fraction) // 8,
            "exponent_bits": exponent,
            "fraction_bits": fraction,
            "largest": (2 - 2.0**-fraction) * 2.0**bias,
            "smallest_normal": 2.0 ** (1 - bias),
            "smallest_subnormal": 2.0 ** (1 - bias - fraction),
            "epsilon": 2.0**-fraction,
            "decimal_digits": (fraction + 1) * np.log10(2),
            "significand_product_bits": (fraction + 1) ** 2,
        }
    yield table(
        ("", *rows),
        [
            (
                "sign + exponent + fraction bits",
                *(phrase("1+{}+{}", r["exponent_bits"], r["fraction_bits"]) for r in rows.values()),
            ),
            *(
                (title, *(phrase(f"{{:{spec}}}", r[key]) for r in rows.values()))
                for title, key, spec in (
                    ("largest finite", "largest", ".4e"),
                    ("smallest normal", "smallest_normal", ".4e"),
                    ("smallest subnormal", "smallest_subnormal", ".4e"),
                    ("step at 1 (epsilon)", "epsilon", ".4e"),
                    ("decimal digits", "decimal_digits", ".1f"),
                    ("bytes per number", "bytes", "d"),
                    ("partial-product bits, significands", "significand_product_bits", "d"),
                )
            ),
            (
                f"bytes for {PARAMETERS:,} weights",
                *(phrase("{:,}", r["bytes"] * PARAMETERS) for r in rows.values()),
            ),
        ],
    )
    yield text(
        "bf16 is the upper half of an fp32: it has the range of fp32 at half the bytes, and widening "
        "requires no arithmetic. fp16 has three more bits of fraction, but its largest number is "
        "65,504."
    )
    return rows


def _gates() -> Blocks[dict[str, Any]]:
    gates = tomllib.loads(GATES.read_text())
    yield Heading(f"The multiplier of the significands in gates (measured, {gates['version']})")
    bf16, fp32 = gates["bf16"], gates["fp32"]
    yield table(
        (
            "",
            *((f"{f}, {gates[f]['width']} x {gates[f]['width']} bits", ",") for f in ("bf16", "fp32")),
            ("fp32 / bf16", ".1f"),
        ),
        [
            (title, bf16[key], fp32[key], fp32[key] / bf16[key])
            for key, title in (
                ("ecp5_luts", "ECP5, LUTs alone"),
                ("ice40_luts", "iCE40, LUTs alone"),
                ("ecp5_dsps", "ECP5, DSP blocks where they may be used"),
            )
        ],
    )
    yield text(
        "The cost grows with the square of the width, 9 times as many partial products, or slightly "
        "more. In addition to its {} DSP blocks, the wide multiplier needs {} LUTs to add their "
        "products. Counted by {} (docs/area.md); the rest of a multiplier, exponents and rounding, is "
        "not included.",
        fp32["ecp5_dsps"],
        fp32["ecp5_luts_beside"],
        gates["measured_by"],
    )
    return gates


def _narrow(problem: Problem, run: Run) -> tuple[NDArray[np.uint16], NDArray[np.uint16]]:
    """All conversions by fp32_to_bf16, in one simulation.

    Returns
    -------
    every : numpy.ndarray of uint16, shape (values, 2 + random operands)
        Every value by nearest even, toward zero, and stochastically with each operand.
    averaged : numpy.ndarray of uint16, shape (averaged, 65536)
        The averaged numbers, stochastically with every possible operand.
    """
    columns = _columns(problem)
    jobs = [
        (
            problem.bits[:, None],
            np.array([ROUNDINGS[name] for name, _ in columns]),
            np.array([r for _, r in columns]),
        ),
        (problem.averaged.view(np.uint32)[:, None], np.array(ROUNDINGS["stochastic"]), np.arange(2**16)),
    ]
    every, averaged = (np.broadcast_arrays(*job) for job in jobs)
    x, rounding, random = (np.concatenate([part.ravel() for part in parts]) for parts in zip(every, averaged))
    got = run.rtl.play("fp32_to_bf16", x=x, rounding=rounding, random=random)
    split = every[0].size
    return got[:split].reshape(every[0].shape), got[split:].reshape(averaged[0].shape)


def _columns(problem: Problem) -> list[tuple[str, int]]:
    return [("even", 0), ("toward_zero", 0)] + [("stochastic", r) for r in problem.random]


def _conversions(problem: Problem, run: Run, got: NDArray[np.uint16]) -> Blocks[Answer]:
    bits = problem.bits
    expected = np.stack([fp32_to_bf16(bits, rounding, r) for rounding, r in _columns(problem)], axis=1)
    headers = ["nearest even", "toward zero"] + [f"stoch. {r:04X}" for r in problem.random]
    yield table(
        (("value", ".8g"), ("fp32", "08X"), *((name, "04X") for name in headers), ("back (even)", ".8g")),
        [(v, b, *row, w) for v, b, row, w in zip(bits.view(np.float32), bits, got, bf16_to_fp32(got[:, 0]))],
    )
    if problem.beyond:
        pairs = phrase(", ".join(["{:g} to {:g}"] * len(problem.beyond)), *itertools.chain(*problem.beyond))
        yield Text(
            phrase("Beyond the range of fp32 before any conversion, and rounded to it: ") + pairs + "."
        )
    run.rtl.compare("fp32 to bf16, every value in every rounding mode", got, expected)
    yield text(
        "Nearest even: a tie goes to the even neighbour, and the largest fp32 becomes infinity. Toward "
        "zero: the lower half is cut off, and finite stays finite. Stochastic: away from zero where the "
        "random operand is less than the lower half. A NaN becomes sign | 7FC0 in all of them."
    )
    with run.progress("drawing the grids"):
        yield run.plot(
            "p7_grids",
            "the numbers between their bfloat16 neighbours, and where they are rounded to",
            grids_figure(bits, got[:, 0], got[:, 1]),
        )
    every = np.arange(2**16, dtype=np.uint16)
    wide = run.rtl.play("bf16_to_fp32", x=every).view(np.uint32)
    run.rtl.compare("bf16 to fp32, all 65,536 patterns", wide, bf16_to_fp32(every).view(np.uint32))
    return {
        "fp32_bits": bits,
        "value": bits.view(np.float32),
        "beyond_fp32": [{"given": number, "fp32": single} for number, single in problem.beyond],
        "bf16_bits": {name: got[:, i] for i, name in enumerate(headers)},
    }


def _stochastic(problem: Problem, run: Run, got: NDArray[np.uint16]) -> Blocks[list[Answer]]:
    x = problem.averaged
    yield Heading("Stochastic rounding on average, on the RTL")
    bits, every = x.view(np.uint32), np.arange(2**16, dtype=np.uint16)
    expected = np.stack([fp32_to_bf16(np.full(2**16, b, np.uint32), "stochastic", every) for b in bits])
    run.rtl.compare("stochastic rounding over all 65,536 operands", got, expected)
    draws = np.random.default_rng(problem.seed).integers(0, 2**16, DRAWS[-1])
    rows, out = [], []
    for value, b, line in zip(x.astype(np.float64), bits, got):
        reals = bf16_to_fp32(line).astype(np.float64)
        ups = int((line != b >> 16).sum())
        even = float(bf16_to_fp32(fp32_to_bf16(b.reshape(1)))[0])
        means = {n: float(reals[draws[:n]].mean()) for n in DRAWS}
        mean = float(reals.mean())
        errors = [even - value, mean - value, *(means[n] - value for n in DRAWS)]
        rows.append((value, int(b) & 0xFFFF, ups, *errors))
        out.append(
            {
                "value": value,
                "lower_half": int(b) & 0xFFFF,
                "rounded_away": ups,
                "nearest_even": even,
                "mean_over_all": mean,
                "mean_over_draws": {str(n): m for n, m in means.items()},
            }
        )
    yield table(
        (
            ("value", ".9g"),
            ("lower half", ","),
            ("rounded away", ","),
            ("error, even", "+.3e"),
            ("error, all", "+.3e"),
            *((f"{n:,} draws", "+.3e") for n in DRAWS),
        ),
        rows,
    )
    yield text(
        "Of all 65,536 operands, the number that round away is exactly the lower half, so the mean over "
        "all of them is the fp32 number itself; over random draws the mean's error falls with the "
        "square root of their number, where nearest even makes the same error every time."
    )
    return out


def _counting() -> Blocks[dict[str, dict[str, float]]]:
    """Count to 1,000 by ones in bf16: once 1 is below half a step, only stochastic rounding continues."""
    rng = np.random.default_rng(1)
    ends = {}
    for rounding in ROUNDINGS:
        total = np.zeros(64, np.float32)  # 64 runs, which only differ where r is drawn
        for _ in range(1000):
            total = bf16_to_fp32(fp32_to_bf16(total + np.float32(1), rounding, rng.integers(0, 2**16, 64)))
        ends[rounding] = {
            "mean": float(total.mean()),
            "lowest": float(total.min()),
            "highest": float(total.max()),
        }
    yield Heading("Why it matters: 1 added 1,000 times in bf16 (golden)")
    yield table(
        ("rounding", ("result (mean of 64 runs)", ".1f"), ("lowest", ".0f"), ("highest", ".0f")),
        [(name.replace("_", " "), e["mean"], e["lowest"], e["highest"]) for name, e in ends.items()],
    )
    yield text(
        "At 256 the step of bf16 is 2: 256 + 1 is a tie, which rounds back to 256 each time. A small "
        "gradient added to a large weight is lost in the same way."
    )
    return ends
