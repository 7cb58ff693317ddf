# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Run Yosys' passes, one per line of stdin; a separate program, since a failing pass ends the process.

One pass is added to Yosys' own:

    zero_apart CELL PORT LUT OUTPUT

Cells of type CELL in the top module whose PORT is 0 get this 0 from a separate LUT.
"""

import sys

from pyosys import libyosys as ys


def zero_apart(design: ys.Design, cell: str, port: str, lut: str, output: str) -> None:
    """Drive a constant 0 at one port of all cells of one type from one LUT, over a dedicated net.

    Parameters
    ----------
    design : pyosys.libyosys.Design
        Synthesised and flat.
    cell, port : str
        Type of the cells, and the port.
    lut, output : str
        Type of the LUT, and its output; the other ports are A to D, INIT is its function.
    """
    top, zero = design.top_module(), ys.SigSpec(ys.Const(0, 1))
    name, at = f"\\zero_of_{cell}_{port}", ys.IdString(f"\\{port}")
    cells = [
        c
        for c in top.selected_cells()
        if c.type == ys.IdString(f"\\{cell}") and c.hasPort(at) and c.getPort(at) == zero
    ]
    if not cells:
        return
    net = ys.SigSpec(top.addWire(ys.IdString(name), 1))
    driver = top.addCell(ys.IdString(f"{name}_lut"), ys.IdString(f"\\{lut}"))
    driver.setParam(ys.IdString("\\INIT"), ys.Const(0, 16))
    for pin in "ABCD":
        driver.setPort(ys.IdString(f"\\{pin}"), zero)
    driver.setPort(ys.IdString(f"\\{output}"), net)
    for c in cells:
        c.setPort(at, net)


def main() -> None:
    """Run the passes on one design."""
    design = ys.Design()
    for line in sys.stdin.read().splitlines():
        name, *words = line.split()
        if name == "zero_apart":
            zero_apart(design, *words)
        else:
            design.run_pass(line)


if __name__ == "__main__":
    main()
