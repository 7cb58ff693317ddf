# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Run the RTL's benches on the synthesised netlist, and compare every result bit for bit.

Yosys synthesises the unit as `macrame synth` does; the netlist is simulated with the models of the family's
cells. If a bench fails, the same tests run on the RTL, to show whether the netlist differs from it. The
report is gates/<target>-<unit>.json in the build directory. Requires a checkout of the project.
"""

from macrame.cli.command import Option

INSTALLS = "test"
CHECKOUT = True
PROGRAM = "macrame.synth.gates"
OPTIONS = (
    Option("target", "FPGA family: ecp5 or ice40", "ecp5"),
    Option(
        "unit",
        "core: the whole core with its AXI ports; array: mac_array; requantize: one lane; modules: "
        "single modules of the core, one after the other; all: core, array and requantize",
        "all",
    ),
    Option("rows", "rows of the array, 1 to 8", "2"),
    Option("cols", "columns of the array, 1 to 8", "2"),
    Option("depth", "int8 products per cell per cycle, 1 to 8", "1"),
    Option("formats", "INT8, BF16 or DUAL", "INT8"),
    Option("post-cycles", "cycles per result of a requantiser: 1 (pipelined), or 33 to 64 (serial)", "1"),
    Option("multiplier", "vendor: the modules in rtl/vendor/<family>; plain: `*`, left to Yosys", "vendor"),
    Option("sim", "simulator: verilator or icarus", "verilator; one bench also on icarus, which models X"),
    Option("seed", "seed of the benches", "1"),
)


def run(values: dict[str, str], words: list[str]) -> int:
    """Synthesise and simulate; returns the exit code."""
    from macrame.synth import gates

    return gates.main(values)
