# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Judge one mutant, or check that a case passes without one. Each function is that of a task.

A mutant is judged in four steps, and the first that decides ends it:

1. the cases of the module's own bench, with the share of the vectors that ``make test`` plays;
2. equivalence with the original, see `equivalence`, in the shapes of these cases;
3. the same cases with all their vectors;
4. wider benches.

=============  =============================================================================================
``killed``     a case failed: a comparison, an exception, or the end of its simulated time
``equivalent`` proven to have the same outputs for all inputs
``bounded``    proven for a number of cycles only
``survived``   all cases passed
``timeout``    no case failed, but one did not pass either: the simulator crashed or ran out of CPU time
``stillborn``  it does not compile in any shape of the module's own bench, or is equivalent in all shapes in
               which it does; it does not count
=============  =============================================================================================
"""

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from macrame import environment, paths
from macrame.campaign import benches, equivalence, netlist, operators
from macrame.campaign.operators import Edit
from macrame.errors import amount
from macrame.sim import simulate
from macrame.synth import tools
from tb.lib import catalogue

VERDICTS = ("killed", "equivalent", "bounded", "survived", "timeout", "stillborn")
#: CPU seconds of one case; the slowest without a mutant, macrame_engine/depth8 on its netlist, needs 174.
SECONDS = 240

Arguments = Mapping[str, Any]


def baseline(arguments: Arguments) -> dict[str, Any]:
    """Run a case on the RTL, or on the netlist that mutants are made of.

    Parameters
    ----------
    arguments : mapping
        ``case``, ``seed``, ``netlist``: whether on the netlist, and ``quick``.

    Returns
    -------
    dict
        The verdict ``passed`` or ``failed``.
    """
    case = catalogue.CASES[arguments["case"]]
    if arguments["netlist"]:
        case = on_netlist(case, "")
    outcome = attempt(case, arguments["seed"], None, arguments["quick"])
    return {"verdict": "passed" if outcome == {} else "failed", "by": outcome}


def on_netlist(case: catalogue.Case, mutation: str) -> catalogue.Case:
    """A case with a netlist in place of the files of rtl/."""
    folder = environment.build_dir() / "netlist"
    folder.mkdir(parents=True, exist_ok=True)
    made = netlist.write(benches.files(case), benches.top(case), case.parameters, folder, mutation)
    return replace(case, rtl=(), tb=(str(made), *case.tb))


def attempt(case: catalogue.Case, seed: int, rtl: Path | None, quick: bool) -> dict[str, Any]:
    """Run a case once.

    Parameters
    ----------
    case : Case
    seed : int
    rtl : Path or None
        A copy of rtl/ to compile instead.
    quick : bool
        With the share of the random vectors that ``make test`` plays.

    Returns
    -------
    dict
        Empty if it passes; else ``kind``, that of `simulate.Failed`, and ``test``, the first failing test.
    """
    try:
        simulate.run(
            "case",
            toplevel=case.toplevel,
            module=case.module,
            sources=case.sources(rtl),
            parameters=case.parameters,
            seed=seed,
            plusargs=(*case.plusargs, *(["+quick"] if quick else [])),
            testcase=case.testcase,
            defines=case.defines,
            waves=False,
            timeout=SECONDS,
            env={"COCOTB_MAX_FAILURES": "1"},
        )
    except simulate.Failed as failed:
        found: dict[str, Any] = {"kind": failed.kind, "case": case.name}
        if failed.failures:
            found |= {"test": failed.failures[0].test, "how": failed.failures[0].type}
        return found
    return {}


def mutant(arguments: Arguments) -> dict[str, Any]:
    """Judge a mutant.

    Parameters
    ----------
    arguments : mapping
        ``file`` below rtl/, ``seed``, ``own`` and ``wider``: names of cases; and either ``edit``, the
        attributes of an `operators.Edit`, or ``mutation``, of `netlist.mutations`.

    Returns
    -------
    dict
        The verdict, one of `VERDICTS`; ``by``: what decided; ``runs``: how many cases ran.
    """
    os.environ["SIM"] = "icarus"
    build = environment.build_dir()
    path = paths.RTL / arguments["file"]
    root: Path | None = None
    if "edit" in arguments:
        root = build / "rtl"
        shutil.copytree(paths.RTL, root)
        mutated = root / arguments["file"]
        mutated.write_bytes(Edit(**arguments["edit"]).apply(operators.code(path)))
    runs = 0
    lost: dict[str, Any] = {}
    broken: list[catalogue.Case] = []  # in whose shape it does not compile
    own, wider = ([catalogue.CASES[name] for name in arguments[part]] for part in ("own", "wider"))
    proof = equivalence.Finding("undecided", "not tried")
    for step, cases, quick in (
        ("own", own, True),
        ("proof", (), False),
        ("full", own, False),
        ("wide", wider, True),
    ):
        if step == "proof":
            proof = _compare(arguments, [case for case in own if case not in broken], root)
            if proof.verdict in ("equivalent", "bounded"):
                break
        for case in cases:
            runs += 1
            try:
                tried = case if root else on_netlist(case, arguments["mutation"])
            except tools.FlowError as error:
                return {"verdict": "stillborn", "by": str(error)[:200], "runs": runs}
            outcome = attempt(tried, arguments["seed"], root, quick)
            if outcome.get("kind") == "build":
                broken += [case] if case not in broken else []
                continue  # perhaps in this shape only, as a slice of a single bit
            if outcome.get("kind") == "test":
                by = {"case": case.name, "test": outcome["test"], "how": outcome["how"], "step": step}
                return {"verdict": "killed", "by": by, "runs": runs}
            lost = outcome or lost
        if step == "own" and len(broken) == len(own):
            return {"verdict": "stillborn", "by": "does not compile", "runs": runs}
    said = {"proof": f"{proof.verdict}, {proof.text}", "runs": runs}
    if proof.verdict == "equivalent" and broken:
        names = ", ".join(case.name for case in broken)
        return {
            "verdict": "stillborn",
            "by": f"does not compile in {names}, and is equivalent elsewhere",
            **said,
        }
    if proof.verdict in ("equivalent", "bounded"):
        return {"verdict": proof.verdict, **said}
    return {"verdict": "timeout" if lost else "survived", **said, **({"by": lost} if lost else {})}


def _compare(arguments: Arguments, cases: Sequence[catalogue.Case], root: Path | None) -> equivalence.Finding:
    """Compare a mutant with the original in every shape of some cases; the weakest finding counts."""
    path = paths.RTL / arguments["file"]
    worst = equivalence.Finding("equivalent", equivalence.ANY_STATE)
    seen = []
    for case in cases:
        # the module alone, in the shape of its own bench; or the bench's top with everything below it
        shape = (benches.top(case), sorted((name, str(value)) for name, value in case.parameters.items()))
        if shape in seen:
            continue
        seen.append(shape)
        plain = list(benches.files(case))
        other = [root / p.relative_to(paths.RTL) if root and p == path else p for p in plain]
        folder = environment.build_dir() / "equivalence"
        mutations = ("", arguments.get("mutation", ""))
        try:
            found = equivalence.decide(
                (plain, other), shape[0], case.parameters, folder, mutations, module=path.stem
            )
        except tools.FlowError as error:
            found = equivalence.Finding("undecided", str(error)[:200])
        worst = min(found, worst, key=equivalence.strength)
        if worst.verdict in ("different", "undecided"):
            break
    shapes = amount(len(seen), "shape")
    if worst.verdict in ("equivalent", "bounded"):
        return equivalence.Finding(worst.verdict, f"{worst.text}, in {shapes}")
    return worst
