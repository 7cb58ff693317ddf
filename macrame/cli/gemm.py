# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Multiply your own matrices on a core, and compare every value with golden.

A report goes beside the result, OUT.json. OUT is written only if every value equals golden's. Once the input
is found good, an OUT and an OUT.json of an earlier run are removed, before anything is computed; input that
cannot be used leaves all files as they are. Exit code: 0 if every value equals golden's, 1 if not or if the
simulation failed, 2 for input that cannot be used.
"""

from macrame.cli.command import COLS, DEPTH, ROWS, SEED, SIM, WAVES, Option

OPTIONS = (
    Option("a", "M x K matrix of int8: .npy, .npz, .csv or .tsv, as docs/matrices.md says", positional=True),
    Option("w", "K x N matrix of int8, likewise", positional=True),
    Option("out", "where the product goes, .npy or .csv"),
    Option("header", "rows above the numbers of a .csv or .tsv: 1 for all files, or A:1,BIAS:0", "found out"),
    Option(
        "index", "columns before the numbers of a .csv or .tsv: 1 for all files, or A:1,BIAS:0", "found out"
    ),
    Option("key", "which array of an .npz: its name for all files, or A:name,W:other", "the only one"),
    Option("mode", "raw (int32 out); gemmlowp, ruy or fp32 (int8 out)", "raw; gemmlowp with a scale"),
    Option("scale", "output scale: a number, or a file with one number per column"),
    Option("bias", "int32 added to the sums: a number, or a file with one number per column"),
    Option("a-zero-point", "zero point of A", "0"),
    Option("zero-point", "zero point of the int8 output", "0"),
    Option("low", "lower clamp of the int8 output", "-128"),
    Option("high", "upper clamp of the int8 output", "127"),
    ROWS,
    COLS,
    DEPTH,
    SIM,
    SEED,
    WAVES,
    Option(
        "link",
        "serial:DEVICE or serial:DEVICE@BAUD: the core of a board, instead of a simulated one; rows to waves "
        "are then not taken",
    ),
)


def INSTALLS(values: dict[str, str]) -> str:
    """The set of tools/bootstrap."""
    return "train" if values.get("SIM") == "verilator" else "sim"


def run(values: dict[str, str], words: list[str]) -> int:
    """Multiply and compare; returns the exit code."""
    from macrame.verify import product

    return product.main(values)
