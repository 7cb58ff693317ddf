# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The modules that vectors are played through: a table, and the Verilog toplevel for each of its rows.

macrame/sim/hdl/vector_player.v streams the words of a file through a module without handshakes, one per
cycle. The connecting toplevel, ``vec_<module>.v``, is generated in the build folder on demand.
"""

import textwrap
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from macrame import environment, paths
from macrame.files import atomic

_PLAYER = ("macrame/sim/hdl/vector_player.v", "macrame/sim/hdl/vector_player.vlt")


@dataclass(frozen=True)
class Module:
    """A module without handshakes, and how `verilog` connects it.

    Attributes
    ----------
    rtl : tuple of str
        Its sources, relative to rtl/.
    inputs : dict of str to int
        Ports that take operands, and their bits, in the order of the word. `enable` is also high while no
        word is played, so that the last results leave the pipeline.
    outputs : dict of str to int
        Ports and their bits, the highest of the result first.
    result : numpy.dtype
        Type of the result; a signed one extends the sign of the highest output.
    latency : int
        Cycles from operands to result; 0 for a module without a clock.
    delays : dict of str to int
        Inputs that arrive this many enabled cycles after the rest of their word.
    ties : dict of str to int
        One-bit inputs with a constant value.
    """

    rtl: tuple[str, ...]
    inputs: dict[str, int]
    outputs: dict[str, int]
    result: np.dtype
    latency: int = 0
    delays: dict[str, int] = field(default_factory=dict)
    ties: dict[str, int] = field(default_factory=dict)

    @property
    def columns(self) -> dict[str, int]:
        """Name and bytes of each operand, in the order of the word: 1, 2, 4 or 8 bytes, the low bits used."""
        return {name: 1 << max(0, (bits - 1).bit_length() - 3) for name, bits in self.inputs.items()}


#: Files of scale_to_int8.
SCALE = tuple(
    f"arith/{m}.v"
    for m in ("lead_zeros", "mul34x32", "round_product", "rounding", "scale_to_int8", "shift_right_narrow")
)
_FLOAT = ("arith/lead_zeros.v", "arith/rounding.v", "arith/shift_right_sticky.v")
_BF16_PRODUCT = ("arith/bf16_product.v", *_FLOAT)
_CLAMPS = {"zero_point": 8, "clamp_low": 8, "clamp_high": 8}

INT8, INT16, INT32, INT64 = (np.dtype(f"i{size}") for size in (1, 2, 4, 8))
UINT8, UINT16, UINT32 = (np.dtype(f"u{size}") for size in (1, 2, 4))

MODULES = {
    "mul8x8": Module(("array/mul8x8.v",), {"a": 8, "b": 8}, {"p": 16}, INT16, 2),
    "mul8x8_lut": Module(("array/mul8x8_lut.v",), {"a": 8, "b": 8}, {"p": 16}, INT16, 2),
    "mul8x8_pair": Module(
        ("array/mul8x8.v", "array/mul8x8_pair.v"),
        {"a0": 8, "b0": 8, "a1": 8, "b1": 8},
        {"p1": 16, "p0": 16},
        UINT32,
        2,
    ),
    "requantize": Module(
        ("arith/requantize.v", *SCALE),
        {"mode": 2, "x": 32, "multiplier": 32, "shift": 8, **_CLAMPS},
        {"q": 8},
        INT8,
        11,
        ties={"rst": 0, "enable": 1},
    ),
    "fp32_to_int8": Module(
        ("arith/fp32_to_int8.v", *SCALE), {"x": 32, "inv_scale": 32, "zero_point": 8}, {"q": 8}, INT8, 11
    ),
    "fp32_to_bf16": Module(
        ("arith/fp32_to_bf16.v", "arith/rounding.v"),
        {"x": 32, "rounding": 2, "random": 16},
        {"y": 16},
        UINT16,
    ),
    "mul16x16": Module(("arith/mul16x16.v",), {"enable": 1, "a": 16, "b": 16}, {"p": 32}, INT32, 2),
    "bf16_to_fp32": Module(("arith/bf16_to_fp32.v",), {"x": 16}, {"y": 32}, np.dtype(np.float32)),
    "mul9x9": Module(("arith/mul9x9.v",), {"enable": 1, "a": 9, "b": 9}, {"p": 18}, INT32, 2),
    # `product` is that of the operands two words before, as in a cell with its multiplier
    "bf16_product": Module(
        _BF16_PRODUCT,
        {"enable": 1, "a": 16, "b": 16, "product": 16},
        {"p": 32},
        UINT32,
        4,
        delays={"product": 2},
    ),
    "bf16_mul": Module(
        ("arith/bf16_mul.v", "arith/mul9x9.v", *_BF16_PRODUCT),
        {"enable": 1, "a": 16, "b": 16},
        {"p": 32},
        UINT32,
        4,
    ),
    "fp32_add": Module(("arith/fp32_add.v", *_FLOAT), {"enable": 1, "a": 32, "b": 32}, {"s": 32}, UINT32, 4),
    "float_post": Module(
        ("arith/float_post.v", "arith/fp32_add.v", "arith/fp32_to_bf16.v", *_FLOAT),
        {"enable": 1, "kind": 2, "relu": 1, "x": 32, "bias": 32, "random": 16},
        {"y": 32},
        UINT32,
        11,
    ),
    "fp32_mul": Module(
        ("arith/fp32_mul.v", "arith/mul34x32.v", *_FLOAT),
        {"enable": 1, "a": 32, "b": 32},
        {"p": 32},
        UINT32,
        10,
    ),
    "int32_to_fp32": Module(
        ("arith/int32_to_fp32.v", "arith/lead_zeros.v", "arith/rounding.v"),
        {"enable": 1, "x": 32},
        {"y": 32},
        UINT32,
        4,
    ),
    "lead_zeros": Module(("arith/lead_zeros.v",), {"x": 32}, {"count": 5}, UINT8),
    "mul34x32": Module(
        ("arith/mul34x32.v",), {"a_high": 17, "a_low": 17, "b": 32}, {"p": 64}, INT64, 4, ties={"enable": 1}
    ),
    "round_product": Module(
        ("arith/round_product.v", "arith/rounding.v"), {"fp": 1, "p": 64}, {"y": 33, "up": 1}, INT64
    ),
    "rounding": Module(
        ("arith/rounding.v",), {"rule": 2, "negative": 1, "lsb": 1, "guard": 1, "sticky": 1}, {"up": 1}, UINT8
    ),
    "scale_to_int8": Module(
        SCALE,
        {"rule": 2, "a_high": 17, "a_low": 17, "b": 32, "negate": 1, "right": 5, **_CLAMPS},
        {"q": 8},
        INT8,
        8,
        ties={"rst": 0, "enable": 1},
    ),
    # the last three arrive with the sum
    "vector_lane": Module(
        (
            "vector/vector_lane.v",
            "arith/fp32_add.v",
            "arith/fp32_mul.v",
            "arith/fp32_to_bf16.v",
            "arith/mul34x32.v",
            *_FLOAT,
        ),
        {"enable": 1, "op": 3, "x": 32, "y": 32, "s": 32, "narrow": 1, "rounding": 2, "random": 16},
        {"result": 32},
        UINT32,
        16,
        delays={"narrow": 15, "rounding": 15, "random": 15},
    ),
    "shift_right_narrow": Module(
        ("arith/shift_right_narrow.v",),
        {"y": 33, "up": 1, "right": 5},
        {"v": 10, "guard": 1, "extra": 1, "sticky": 1},
        UINT16,
        1,
        ties={"enable": 1},
    ),
    "shift_right_sticky": Module(
        ("arith/shift_right_sticky.v",), {"x": 26, "right": 5}, {"y": 26, "sticky": 1}, UINT32
    ),
}


def verilog(m: str, module: Module | None = None) -> str:
    """The toplevel ``vec_<m>`` that plays vectors through a module, as Verilog-2005.

    Parameters
    ----------
    m : str
        The module's name.
    module : Module, optional
        Its row, by default that of `MODULES`.
    """
    module = module or MODULES[m]
    columns = module.columns
    word, result = 8 * sum(columns.values()), 8 * module.result.itemsize
    fields = _fields(module)
    enable = fields.get("enable")
    values = {"clk": "clk"} if module.latency else {}
    values |= {name: f"1'b{value}" for name, value in module.ties.items()}
    values |= fields
    values |= {name: f"{name}_q{_range(delay * b - 1, b)}" for name, delay, b in _delays(module)}
    if enable:
        values["enable"] = "enable"
    used = sum(module.outputs.values())
    low = used
    for name, bits in module.outputs.items():
        low -= bits
        values[name] = f"result{_range(low + bits - 1, bits)}"
    lines = [
        "wire clk;",
        f"wire [{word - 1}:0] word;",
        f"wire [{result - 1}:0] result;",
        *(["wire idle;", f"wire enable = {enable} || idle;"] if enable else []),
        "",
        f"vector_player #(.IN_W({word}), .OUT_W({result}), .LATENCY({module.latency})) u_player (",
        f"    .clk(clk), .word(word), .idle({'idle' if enable else ''}), .result(result)",
        ");",
        "",
    ]
    for name, delay, bits in _delays(module):
        new = fields[name] if delay == 1 else f"{{{name}_q{_range((delay - 1) * bits - 1)}, {fields[name]}}}"
        lines += [
            f"reg [{delay * bits - 1}:0] {name}_q;  // the last {delay} of them, the newest lowest",
            f"always @(posedge clk) {'if (enable) ' if enable else ''}{name}_q <= {new};",
            "",
        ]
    lines += [f"{m} u_dut (", ",\n".join(f"    .{name}({value})" for name, value in values.items()), ");"]
    if used < result:
        fill = f"result[{used - 1}]" if module.result.kind == "i" else "1'b0"
        lines += ["", f"assign result{_range(result - 1, result - used)} = {{{result - used}{{{fill}}}}};"]
    return _FRAME.format(
        m=m,
        word=", ".join(f"{name} ({size})" for name, size in columns.items()),
        body=textwrap.indent("\n".join(lines), "    "),
    )


_FRAME = """\
// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// vec_{m}: plays vectors through {m}, see vector_player.v. Generated by macrame/sim/modules.py.
// Word, most significant byte first: {word}.
`default_nettype none
`timescale 1ns / 1ps

module vec_{m};

{body}

endmodule

`default_nettype wire
"""


def _range(high: int, bits: int | None = None) -> str:
    """A part select of this many bits, down to bit 0 by default."""
    low = 0 if bits is None else high - bits + 1
    return f"[{high}]" if high == low else f"[{high}:{low}]"


def _fields(module: Module) -> dict[str, str]:
    """The position of each input in the word."""
    fields, low = {}, 8 * sum(module.columns.values())
    for name, size in module.columns.items():
        low -= 8 * size
        fields[name] = f"word{_range(low + module.inputs[name] - 1, module.inputs[name])}"
    return fields


def _delays(module: Module) -> list[tuple[str, int, int]]:
    """Name, delay and bits of the delayed inputs."""
    return [(name, delay, module.inputs[name]) for name, delay in module.delays.items()]


def toplevel(m: str) -> Path:
    """The file of ``vec_<m>`` in the build folder, written unless it is there and up to date."""
    path, text = environment.build_dir() / "vectors" / f"vec_{m}.v", verilog(m)
    if not path.is_file() or path.read_text() != text:
        atomic.write(path, text.encode())  # several processes may need it at once
    return path


def harness(m: str) -> list[Path]:
    """Verilog that plays vectors through a module, without the module: the player and the toplevel."""
    return [*(paths.ROOT / path for path in _PLAYER), toplevel(m)]
