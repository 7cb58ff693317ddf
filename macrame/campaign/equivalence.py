# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether a mutant can be distinguished from the original at all, decided by a SAT solver.

Three attempts, in this order, each with Yosys and ABC:

1. Registers of the same name are cut out of both. If equal registers and inputs lead to equal registers and
   outputs, the two are equivalent: for all inputs, from any state.
2. Signal correspondence and property-directed reachability (IC3) compare both, reset in the first cycle;
   registers that have no reset start at zero in both. If no cycle after it has different outputs, the two are
   equivalent after a reset.
3. The same, in the first `DEPTH` cycles only: a bounded proof.

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

    Returns
    -------
    Finding

    Raises
    ------
    macrame.synth.tools.FlowError
        Yosys rejects one of them, or they are too large.
    """
    shutil.rmtree(folder, ignore_errors=True)
    passes = []
    for side, files, mutation in zip(("plain", "mutant"), sides, mutations):
        (folder / side).mkdir(parents=True)
        # a process for each: Yosys numbers cells as it goes, and a mutation names them
        made = netlist.elaborate(files, top, parameters, folder / side)
        made += [*([mutation] if mutation else []), "flatten", "async2sync", "memory_collect", "memory_map"]
        made += ["setattr -unset keep", "opt_clean"]  # a register to keep could not be cut out
        made += ["setundef -undriven -zero", "setundef -zero", f"rename -top {side}_top"]
        made += [f"select {side}_top", f"write_rtlil -selected ../{side}.il"]
        tools.yosys(made, folder / side, YOSYS_SECONDS)
        passes.append(f"read_rtlil {side}.il")
    miter = ["miter -equiv -flatten plain_top mutant_top miter", "hierarchy -top miter"]
    cut = ["expose -shared -evert-dff plain_top mutant_top", "opt_clean", "select -assert-none t:$*dff*"]
    low = ["opt -full", "techmap", "opt -full", "dffunmap", "aigmap", "opt_clean"]
    try:
        tools.yosys([*passes, *cut, *miter, *low, "write_aiger cut.aig"], folder, YOSYS_SECONDS)
        if _solve(folder, "cut.aig", "fraig; sat")[0] == "proven":
            return Finding("equivalent", ANY_STATE)
    except tools.FlowError:
        pass  # a register of one side has no partner: only the next attempt can tell
    tools.yosys([*passes, *miter, "write_json miter.json"], folder, YOSYS_SECONDS)
    ports = json.loads((folder / "miter.json").read_text())["modules"]["miter"]["ports"]
    (folder / "reset.v").write_text(_reset(ports))
    passes += [*miter, "read_verilog reset.v", "hierarchy -top reset", "proc", "flatten", *low]
    tools.yosys([*passes, "zinit -all", "write_aiger after.aig"], folder, YOSYS_SECONDS)
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
