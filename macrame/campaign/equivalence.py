# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether a mutant can be distinguished from the original at all, decided by a SAT solver.

Four attempts, in this order, each with Yosys and ABC:

1. The mutated module is compared alone, once for each set of parameters that it has in the design. Registers
   of the same name are cut out of both, and so are instances of the same name and type. If equal inputs and
   equal contents of registers and instances lead to equal outputs and equal next contents, the two are
   equivalent for all inputs, from any state; and so are the designs that contain them.
2. The same for the whole design without its hierarchy.
3. Signal correspondence and property-directed reachability (IC3) compare both, reset in the first cycle;
   registers that have no reset start at zero in both. If no cycle after it has different outputs, the two are
   equivalent after a reset.
4. The same, in the first `DEPTH` cycles only: a bounded proof.

Inputs are not restricted to what the module may be given, so a difference that is found may be one that no
user can cause; such a mutant is not equivalent, and has to be explained.
"""

import json
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyosys

from macrame import environment
from macrame.campaign import netlist
from macrame.synth import tools

ABC = Path(pyosys.__file__).parent / "yosys-abc"
#: Limit of an attempt in seconds of CPU time, and the cycles of a bounded proof.
SECONDS, DEPTH = 60, 24
#: Limit of each run of Yosys: what takes longer to write, the solver does not decide either.
YOSYS_SECONDS = 120
ANY_STATE, AFTER_RESET = "from any state", "after a reset"
#: Passes that make two designs, read as plain_top and mutant_top, one with an output for any difference.
MITER = ("miter -equiv -flatten plain_top mutant_top miter", "hierarchy -top miter")
CUT = ("expose -shared -evert-dff plain_top mutant_top", "opt_clean", "select -assert-none t:$*dff*")
LOW = ("opt -full", "techmap", "opt -full", "dffunmap", "aigmap", "opt_clean")
SIDES = ("plain", "mutant")


@dataclass(frozen=True)
class Finding:
    """What the solver says.

    Attributes
    ----------
    verdict : str
        ``equivalent``, ``bounded``, ``different`` or ``undecided``.
    text : str
        How it was found.
    """

    verdict: str
    text: str


def strength(finding: Finding) -> tuple[int, bool]:
    """Sorts findings, the weakest first."""
    order = ("different", "undecided", "bounded", "equivalent")
    return order.index(finding.verdict), finding.text.startswith(ANY_STATE)


def decide(
    sides: Sequence[Sequence[Path]],
    top: str,
    parameters: Mapping[str, object],
    folder: Path,
    mutations: Sequence[str] = ("", ""),
    module: str = "",
) -> Finding:
    """Compare two designs in one shape.

    Parameters
    ----------
    sides : two sequences of Path
        The files of the original and of the mutant.
    top : str
    parameters : mapping
        The shape.
    folder : Path
        For the solver's files; emptied first.
    mutations : two str
        Of `netlist.mutations`, applied to the sides.
    module : str
        The only module that differs; `top` by default.

    Returns
    -------
    Finding

    Raises
    ------
    macrame.synth.tools.FlowError
        Yosys rejects one of them, or they are too large.
    """
    shutil.rmtree(folder, ignore_errors=True)
    for side, files, mutation in zip(SIDES, sides, mutations):
        (folder / side).mkdir(parents=True)
        # a process for each: Yosys numbers cells as it goes, and a mutation names them
        made = netlist.elaborate(files, top, parameters, folder / side)
        made += [*([mutation] if mutation else []), "write_json design.json", "write_rtlil design.il"]
        tools.yosys(made, folder / side, YOSYS_SECONDS)
    if _alone(folder, module or top):
        return Finding("equivalent", f"{ANY_STATE}, the module alone")
    for side in SIDES:
        passes = ["read_rtlil design.il", f"hierarchy -top {top}", "flatten", *_closed(top, side)]
        tools.yosys(passes, folder / side, YOSYS_SECONDS)
    if _cut(folder):
        return Finding("equivalent", ANY_STATE)
    both = [f"read_rtlil {side}.il" for side in SIDES]
    tools.yosys([*both, *MITER, "write_json miter.json"], folder, YOSYS_SECONDS)
    ports = json.loads((folder / "miter.json").read_text())["modules"]["miter"]["ports"]
    (folder / "reset.v").write_text(_reset(ports))
    both += [*MITER, "read_verilog reset.v", "hierarchy -top reset", "proc", "flatten", *LOW]
    tools.yosys([*both, "zinit -all", "write_aiger after.aig"], folder, YOSYS_SECONDS)
    found, cycle = _solve(folder, "after.aig", "scorr; print_stats; pdr")
    if found == "proven":
        return Finding("equivalent", AFTER_RESET)
    if found == "undecided":
        found, cycle = _solve(folder, "after.aig", f"bmc3 -F {DEPTH}")
        if found == "undecided" and cycle >= DEPTH - 1:
            return Finding("bounded", f"in {DEPTH} cycles after a reset")
    if found == "different":
        return Finding("different", f"in cycle {cycle} after a reset")
    return Finding("undecided", f"after {SECONDS} s")


def _closed(module: str, side: str) -> list[str]:
    """Passes that leave one module without a hierarchy, memories and undefined bits, as a file of a side."""
    passes = [f"rename {module} {side}_top", f"select {side}_top"]
    passes += ["async2sync", "memory_collect", "memory_map"]
    passes += ["setattr -unset keep", "opt_clean"]  # a register to keep could not be cut out
    passes += ["setundef -undriven -zero", "setundef -zero"]
    return [*passes, f"write_rtlil -selected ../{side}.il"]


def _cut(folder: Path) -> bool:
    """Whether both sides are equivalent from any state; false also where a register has no partner."""
    both = [f"read_rtlil {side}.il" for side in SIDES]
    try:
        tools.yosys([*both, *CUT, *MITER, *LOW, "write_aiger cut.aig"], folder, YOSYS_SECONDS)
    except tools.FlowError:
        return False
    return _solve(folder, "cut.aig", "fraig; sat")[0] == "proven"


def _alone(folder: Path, module: str) -> bool:
    """Whether a module is equivalent from any state with each set of parameters, apart from its context."""
    plain, mutant = (json.loads((folder / side / "design.json").read_text())["modules"] for side in SIDES)
    names = sorted(name for name in plain if netlist.derived(name, module))
    if not names or names != sorted(name for name in mutant if netlist.derived(name, module)):
        return False
    for name in names:
        ours, theirs = (
            {
                cell: found["type"]
                for cell, found in modules[name]["cells"].items()
                if found["type"] in modules
            }
            for modules in (plain, mutant)
        )
        other = {kind for _, kind in (ours.items() ^ theirs.items())}
        shared = {*ours.values(), *theirs.values()} - other
        try:
            for side in SIDES:
                # instances of types that differ are flattened, the others become inputs and outputs
                passes = ["read_rtlil design.il", f"hierarchy -top {name}"]
                passes += [f"setattr -mod -set keep_hierarchy 1 {kind}" for kind in sorted(shared)]
                passes += ["flatten", *([f"expose -evert {name}"] if shared else [])]
                tools.yosys([*passes, *_closed(name, side)], folder / side, YOSYS_SECONDS)
        except tools.FlowError:
            return False
        if not _cut(folder):
            return False
    return True


def _reset(ports: Mapping[str, Any]) -> str:
    """Verilog that resets the miter in the first cycle, in which a difference does not count."""
    widths = {name: len(port["bits"]) for name, port in ports.items() if port["direction"] == "input"}
    heads = [f"input [{width - 1}:0] {name}" for name, width in widths.items()]
    pins = [f".{name}({name} | first)" if name == "in_rst" else f".{name}({name})" for name in widths]
    return "\n".join(
        [
            f"module reset ({', '.join(heads)}, output trigger);",
            f"wire clk = {'in_clk' if 'in_clk' in widths else '0'};",
            "reg first = 1;",
            "always @(posedge clk) first <= 0;",
            "wire found;",
            f"miter u_miter ({', '.join(pins)}, .trigger(found));",
            f"assign trigger = found{' && !first' if 'in_rst' in widths else ''};",
            "endmodule",
        ]
    )


def _solve(folder: Path, name: str, passes: str) -> tuple[str, int]:
    """Run ABC; what it found, and the cycle up to which it looked or in which the outputs differ."""
    script = f"read_aiger {name}; strash; {passes}; print_status"
    try:
        done = subprocess.run(
            [str(ABC), "-c", script],
            cwd=folder,
            env=tools.tool_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
            **environment.limited(SECONDS),
        )
    except subprocess.TimeoutExpired:
        return "undecided", 0
    (folder / f"{name}.log").write_text(done.stdout)
    failed = re.search(r"was asserted in frame (\d+)", done.stdout)
    if failed:
        return "different", int(failed[1])
    status = re.findall(r"^Status = +(-?\d)  Frames = (-?\d+)", done.stdout, re.MULTILINE)
    # where scorr alone proves that the output is 0, pdr has nothing left to say
    nothing = re.search(r"lat = +0  and = +0 ", done.stdout) and "All outputs solved" in done.stdout
    if nothing or (status and status[-1][0] == "1"):
        return "proven", 0
    return "undecided", int(status[-1][1]) if status else 0
