# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Proofs that a module of rtl/vendor/<family> is equivalent to the portable one, for all inputs and states.

Proving that two multipliers are equal takes Yosys' solver minutes for 8 x 8 bits, and does not finish for
18 x 18. It is unnecessary if both have their registers in the same places: a block has one register before
and one after the multiplier, the portable module two after it. So one register is added before the portable
module, and one after the block. Both are then one cycle later, and equal if and only if they were equal
before. Now registers with the same input are merged, as are multipliers with the same operands, and the rest
is small enough for the solver: by induction over time, from any state.

A module without a multiplier has registers of the same names as the portable module. Both are cut there: the
input of every register, and every output, must be the same function of inputs and registers.

`enable` is held high in the proof. This is no restriction if `enable` is the enable of every register in both
modules, which is checked: no register changes in a cycle with enable low.
"""

import json
import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pyosys

from macrame import paths
from macrame.synth import tools, verilog

#: Family: the DSP block, and the file with its model, ours or Yosys' own.
MODELS = {
    "ecp5": ("MULT18X18D", paths.PACKAGE / "synth" / "models" / "MULT18X18D.v"),
    "ice40": ("SB_MAC16", Path(pyosys.__file__).parent / "share" / "ice40" / "cells_sim.v"),
}
LOW_BITS = paths.PACKAGE / "synth" / "hdl" / "low_bits.v"
MERGE = ("opt_dff", "simplemap t:$dff t:$dffe", "opt_merge", "opt_clean", "wreduce", "opt_merge", "opt_clean")
FF = ("$dff", "$dffe", "$sdff", "$sdffe", "$adff", "$adffe", "$aldff", "$sdffce", "$dffsr", "$dlatch")


def late(name: str, module: str, ports: Mapping[str, tuple[str, int]], before: bool) -> str:
    """Verilog of `module` with a register before its inputs, or after its outputs."""
    data = {n: (way, width) for n, (way, width) in ports.items() if n not in ("clk", "enable")}
    registers = {n: port for n, port in data.items() if port[0] == ("input" if before else "output")}
    enable = "if (enable) " if "enable" in ports else ""
    pins = [f".{n}({n})" for n in ("clk", "enable") if n in ports]
    pins += [f".{n}({n}_{'q' if before else 'd'})" if n in registers else f".{n}({n})" for n in data]
    heads = (f"{way} [{width - 1}:0] {n}" for n, (way, width) in ports.items())
    lines = [f"module {name} ({', '.join(heads)});"]
    for n, (_, width) in registers.items():
        lines.append(
            f"reg [{width - 1}:0] {n}_q; always @(posedge clk) {enable}{n}_q <= {n if before else n + '_d'};"
        )
        lines += [] if before else [f"wire [{width - 1}:0] {n}_d; assign {n} = {n}_q;"]
    return "\n".join([*lines, f"{module} u_unit ({', '.join(pins)});", "endmodule"])


def design(files: Iterable[str], module: str) -> list[str]:
    """Passes that read and flatten one of the two, down to multiplexers, registers and arithmetic."""
    return [
        f"read_verilog {' '.join(files)}",
        f"hierarchy -check -top {module}",
        "proc",
        "flatten",
        "async2sync",
        "opt -full",
        "opt_dff -simple-dffe",
        "opt_clean",
    ]


def vendor_sources(family: str, work: Path, folder: Path | None = None) -> list[str | Path]:
    """The family's modules, and in `work` the model of its block."""
    block, path = MODELS[family]
    model = re.search(rf"^module {block}\b.*?^endmodule", path.read_text(), re.MULTILINE | re.DOTALL)
    assert model, f"{path} contains no {block}"
    (work / f"{block}.v").write_text(f"{model[0]}\n")
    own = {path.stem: path for path in verilog.vendor_files(family)}
    if folder:
        own = {stem: folder / path.name for stem, path in own.items()}
    return [*own.values(), f"{block}.v"]


def copied(files: Iterable[str | Path], work: Path, side: str) -> list[str]:
    """Copy files to a folder of `work`; returns their names there, which Yosys can read."""
    (work / side).mkdir()
    return [f"{side}/{Path(shutil.copy(work / path, work / side)).name}" for path in files]


def unlike_enable(netlist: Path, module: str) -> list[str]:
    """Registers of a flattened module whose enable is not `enable`; all if it has none."""
    found = json.loads(netlist.read_text())["modules"][module]
    enable = found["ports"].get("enable", {"bits": None})["bits"]
    return [
        name
        for name, cell in found["cells"].items()
        if cell["type"] in FF and enable is not None and cell["connections"].get("EN") != enable
    ]


def prove(
    family: str,
    module: str,
    plain: Sequence[str | Path],
    folder: Path | None = None,
    moved: bool = True,
) -> str:
    """Prove one module.

    Parameters
    ----------
    family : str
        "ecp5" or "ice40".
    module : str
    plain : sequence of path
        The portable module and its submodules.
    folder : Path, optional
        Another folder of the family's files, for a module with a fault.
    moved : bool
        Whether the portable module's first register is after its multiplier.

    Returns
    -------
    str
        The end of Yosys' output.

    Raises
    ------
    macrame.synth.tools.FlowError
        There is no proof.
    """
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        portable = copied(plain, work, "plain")
        vendor = copied(vendor_sources(family, work, folder), work, "vendor")
        (low_bits,) = copied([LOW_BITS], work, "maps")
        tools.yosys(
            [
                *design(portable, module),
                "write_json plain.json",
                "design -reset",
                *design(vendor, module),
                "write_json vendor.json",
            ],
            work,
        )
        for side in ("plain", "vendor"):
            free = unlike_enable(work / f"{side}.json", module)
            if free:
                raise tools.FlowError(f"{module}, {side}: not under enable: {', '.join(free)}")
        found = json.loads((work / "plain.json").read_text())["modules"][module]["ports"]
        ports = {n: (port["direction"], len(port["bits"])) for n, port in found.items()}
        passes = []
        for side, files, before in (("plain", portable, True), ("vendor", vendor, False)):
            top = f"{side}_late" if moved else module
            if moved:
                (work / f"{side}.v").write_text(late(top, module, ports, before))
                files = [*files, f"{side}.v"]
            passes += [*design(files, top), f"rename {top} {side}_top", f"design -stash {side}"]
        passes += [f"design -copy-from {side} -as {side}_top {side}_top" for side in ("plain", "vendor")]
        passes += [
            "miter -equiv -flatten -make_outputs plain_top vendor_top miter",
            "hierarchy -top miter",
            f"techmap -map {low_bits}",
            "opt_expr",
            *MERGE,
            *MERGE,
            "opt -full",
            "sat -verify -tempinduct -seq 6 -prove trigger 0 "
            + ("-set in_enable 1 " if "enable" in ports else "")
            + "-timeout 300 miter",
        ]
        tools.yosys(passes, work)
        return (work / "yosys.log").read_text()


def prove_registers(
    family: str,
    module: str,
    plain: str | Path,
    parameters: Mapping[str, int],
    folder: Path | None = None,
) -> str:
    """Prove one module without a multiplier: equal registers lead to equal registers in both.

    Parameters
    ----------
    family, module, plain, folder
        As for `prove`; `plain` is one path.
    parameters : dict of str to int

    Returns
    -------
    str
        The end of Yosys' output.

    Raises
    ------
    macrame.synth.tools.FlowError
        There is no proof.
    """
    vendor = (folder or paths.RTL / "vendor" / family) / f"{module}.v"
    set_ = " ".join(f"-set {name} {value}" for name, value in parameters.items())
    passes = []
    for side in ("plain", "vendor"):
        passes += [
            f"read_verilog {side}/{module}.v",
            f"chparam {set_} {module}",
            f"hierarchy -check -top {module}",
            "proc",
            "opt_clean",
            f"rename -top {side}_top",
            f"design -stash {side}",
        ]
    passes += [f"design -copy-from {side} -as {side}_top {side}_top" for side in ("plain", "vendor")]
    passes += [
        "expose -shared -evert-dff plain_top vendor_top",
        "opt_clean",
        "select -assert-none t:$*dff*",
        "miter -equiv -flatten -make_outputs plain_top vendor_top miter",
        "hierarchy -top miter",
        "opt -full",
        "sat -verify -prove trigger 0 -timeout 300 miter",
    ]
    with tempfile.TemporaryDirectory() as name:
        for side, path in (("plain", plain), ("vendor", vendor)):
            copied([path], Path(name), side)
        tools.yosys(passes, Path(name))
        return (Path(name) / "yosys.log").read_text()
