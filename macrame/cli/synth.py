# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Measure a unit's area and Fmax on an FPGA, next to those of a textbook array.

The table has a row for the unit and one for a textbook array of 8x8 cells (3x3 on iCE40) on the same device,
from the same run. docs/fpga.md defines what counts as a LUT; Fmax is the median over the seeds, followed by
the minimum and the maximum. Results are written to synth/<target>-<unit>.json in the build directory;
netlists and logs are kept there and reused until sources, parameters or tools change.

`macrame synth table` prints a table of several arrays and cores for each target, or only for --target, and
writes it to synth/table-<target>.json. It places with 3 seeds by default; 16x16 units and Gowin, which has
no timing model, are placed once, Xilinx not at all.
"""

from macrame.cli.command import PAGE, Option

INSTALLS = "synth"
EXTRA = "synth"
PROGRAM = "macrame.synth.measure"
OPTIONS = (
    Option(
        "target",
        "FPGA: ecp5 (ECP5-85F), ice40 (UP5K), gowin (GW2AR-18) or xilinx (7 series, not placed)",
        "ecp5",
    ),
    Option(
        "unit",
        "core: the whole core with its AXI ports; array: mac_array; requantize: one lane; "
        "elementwise: the elementwise unit with two lanes; engine: the network engine, "
        "1 x DEPTH x DEPTH with 64 KB of memory; textbook: the textbook array",
        "core",
    ),
    Option("rows", "rows of the array, 1 to 32", "8; ice40 2, gowin 4"),
    Option("cols", "columns of the array, 1 to 32", "8; ice40 2, gowin 4"),
    Option("depth", "int8 products per cell per cycle, 1 to 8; engine 2, 4 or 8", "1; ice40 4, engine 8"),
    Option("post-lanes", "requantisers of a core or an engine, 1 to COLS", "2; ice40 1"),
    Option("formats", "INT8, BF16 or DUAL", "INT8"),
    Option("multiplier", "vendor: the modules in rtl/vendor/<family>; plain: `*`, left to Yosys", "vendor"),
    Option(
        "placer",
        "heap; sa (simulated annealing), which takes longer and gives faster arrays; static, which gives a "
        "faster engine",
        "heap",
    ),
    Option("seeds", "number of placement seeds; Fmax varies by several percent between them", "1"),
    PAGE,
)
WORD = ("table", "print the tables of several units instead of one unit")


def run(values: dict[str, str], words: list[str]) -> int:
    """Synthesise and place; returns the exit code."""
    from macrame.cli.command import UsageError
    from macrame.errors import short

    if words not in ([], ["table"]):
        raise UsageError(f"{short(' '.join(words))}: expected table, or nothing")
    from macrame.synth import measure

    return measure.main(values, table=bool(words))
