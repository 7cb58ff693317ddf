# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Multiply your own matrices on a core, and compare every value with the golden model.

A report, OUT.json, is written next to the result. OUT is written only if all values match the golden model.
OUT and OUT.json of an earlier run are removed before anything is computed; invalid input, a missing
simulator or a port that cannot be opened leaves all files unchanged. Exit code: 0 if every value matches the
golden model, 1 if not or if the simulation failed, 2 for invalid input.
"""

from macrame.cli.command import COLS, DEPTH, PAGE, ROWS, SEED, SIM, TRACE, TRACE_WINDOW, WAVES, Option

INSTALLS = "sim gemm"  # less for a board
PROGRAM = "macrame.verify.product"
OPTIONS = (
    Option("a", "M x K matrix: .npy, .npz, .csv or .tsv, see docs/matrices.md", positional=True),
    Option("w", "K x N matrix, in any of the same formats", positional=True),
    Option("out", "output file, .npy or .csv"),
    Option("header", "header rows of a .csv or .tsv: 1 for all files, or A:1,BIAS:0", "detected"),
    Option("index", "index columns of a .csv or .tsv: 1 for all files, or A:1,BIAS:0", "detected"),
    Option("key", "array to read from an .npz: one name for all files, or A:name,W:other", "the only one"),
    Option(
        "mode",
        "raw (int32 output); gemmlowp, ruy or fp32 (int8 output); bf16 (bfloat16 matrices)",
        "raw; gemmlowp if a scale is given",
    ),
    Option("scale", "output scale: a number, or a file with one number per column"),
    Option(
        "bias",
        "added to the sums: a number, or a file with one number per column; int32, or any real number in "
        "mode bf16 and with --quantize",
    ),
    Option(
        "quantize",
        "convert matrices that the core's format cannot represent, which are otherwise rejected: symmetric "
        "or asymmetric (to int8); even or toward_zero (to bfloat16, in mode bf16)",
    ),
    Option("a-zero-point", "zero point of A", "0"),
    Option("zero-point", "zero point of the int8 output", "0"),
    Option("low", "lower clamp of the int8 output", "-128"),
    Option("high", "upper clamp of the int8 output", "127"),
    Option(
        "result", "output in mode bf16: fp32, or bfloat16 rounded even, toward_zero or stochastic", "fp32"
    ),
    Option("relu", "in mode bf16, apply ReLU: negative results and -0 become +0", flag=True),
    ROWS,
    COLS,
    DEPTH,
    SIM,
    Option(SEED.name, "seed of the simulation and of stochastic rounding", "1"),
    WAVES,
    TRACE,
    TRACE_WINDOW,
    PAGE,
    Option(
        "link",
        "use the core of a board instead of a simulated one: serial:DEVICE or serial:DEVICE@BAUD; --rows to "
        "--trace-window then do not apply, except --seed for stochastic rounding",
    ),
)


def run(values: dict[str, str], words: list[str]) -> int:
    """Multiply and compare; returns the exit code."""
    from macrame.verify import product

    return product.main(values)
