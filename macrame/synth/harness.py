# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""A register wrapper around a unit, so that neither the pads nor their number limit its clock rate.

A bare 8x8 array has more than 400 pins, and a path from a pad would be longer than any internal path. So the
unit is placed between registers, and three pads are enough:

    si ──► shift register, a stage per input bit ──► register ──► unit ──► register ──► xor, four by four, a
                                                                     register after each  ──► so

Every input bit has its own register, and every output bit reaches the pad, so that nothing is optimised
away.
"""

from collections.abc import Mapping

#: Ports of the wrapper.
PADS = ("clk", "si", "so")
FAN_IN = 4


def harness(top: str, unit: str, ports: Mapping[str, tuple[str, int]], clock: str = "clk") -> str:
    """Verilog of the wrapper.

    Parameters
    ----------
    top : str
        Name of the wrapper's module.
    unit : str
        Module inside.
    ports : dict of str to (str, int)
        The unit's ports: "input" or "output", and width.
    clock : str
        Name of the clock among them.

    Returns
    -------
    str
    """
    inputs = [(name, width) for name, (way, width) in ports.items() if way == "input" and name != clock]
    outputs = [(name, width) for name, (way, width) in ports.items() if way == "output"]
    taken, given = sum(w for _, w in inputs), sum(w for _, w in outputs)
    pins, at = [f".{clock}(clk)"], 0
    for name, width in inputs:
        pins.append(f".{name}(in_q[{at} +: {width}])")
        at += width
    at = 0
    for name, width in outputs:
        pins.append(f".{name}(out[{at} +: {width}])")
        at += width
    lines = [
        "`default_nettype none",
        f"module {top} (input wire clk, input wire si, output wire so);",
        f"    reg  [{taken}:0] shift_q;",
        f"    reg  [{taken - 1}:0] in_q;",
        f"    wire [{given - 1}:0] out;",
        f"    always @(posedge clk) shift_q <= {{shift_q[{taken - 1}:0], si}};",
        f"    always @(posedge clk) in_q <= shift_q[{taken}:1];",
        f"    {unit} u_unit ({', '.join(pins)});",
        f"    reg [{given - 1}:0] fold0_q;",
        "    always @(posedge clk) fold0_q <= out;",
    ]
    width, level = given, 0
    while width > 1:
        next_width = -(-width // FAN_IN)
        lines.append(f"    reg [{next_width - 1}:0] fold{level + 1}_q;")
        for n in range(next_width):
            few = min(FAN_IN, width - FAN_IN * n)
            lines.append(
                f"    always @(posedge clk) fold{level + 1}_q[{n}] <= ^fold{level}_q[{FAN_IN * n} +: {few}];"
            )
        width, level = next_width, level + 1
    lines += [f"    assign so = fold{level}_q[0];", "endmodule", "`default_nettype wire", ""]
    return "\n".join(lines)
