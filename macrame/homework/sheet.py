# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The problem sheet: read every data file, solve the problems, write the reports, count mismatches."""

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

from macrame.files import atomic
from macrame.homework import (
    data,
    p1_forward,
    p2_backprop,
    p3_batches,
    p4_int8,
    p5_overfitting,
    p6_pruning,
    p7_bfloat16,
    p8_inference,
    p8_training,
    p9_optimizers,
    report,
    settings,
)
from macrame.homework.problem import Answer, Part, Problem
from macrame.homework.show import Show
from macrame.sim import simulate
from macrame.verify.compare import counted, differing
from macrame.verify.session import Session

PROBLEMS: dict[int, Problem] = {
    1: p1_forward,
    2: p2_backprop,
    3: p3_batches,
    4: p4_int8,
    5: p5_overfitting,
    6: p6_pruning,
    7: p7_bfloat16,
    8: p8_inference,
    9: p9_optimizers,
}
#: A further part of a problem, with its own data file; its answer joins that of the first.
FURTHER: dict[int, Part] = {8: p8_training}
ON_RTL = (1, 2, 4, 6, 7, 8)


@dataclass
class Run:
    """The environment of a problem: display, RTL session, output files."""

    show: Show
    rtl: Session
    out: Path
    files: dict[Path, bytes] = field(default_factory=dict)

    def output(self, name: str, content: bytes) -> str:
        """Keep a file to be written when all problems are done; returns its path, to be shown."""
        path = self.out / name
        self.files[path] = content
        return _short(path)

    def plots(self, name: str, figure: Mapping[str, bytes]) -> None:
        """Keep a figure's files, contents by extension, and show their paths."""
        for ending, content in figure.items():
            self.show.text(f"plot: {self.output(f'{name}.{ending}', content)}")


def main(environ: Mapping[str, str]) -> int:
    """Solve the chosen problems.

    Parameters
    ----------
    environ : mapping of str to str
        The variables of `macrame.homework.settings`, and SIM.

    Returns
    -------
    int
        0 if every RTL result matches the golden model, else 1.

    Raises
    ------
    HomeworkError
        Some input is invalid.
    macrame.sim.simulate.SetupError
        This machine cannot simulate.
    macrame.errors.CoreError, macrame.errors.LinkError, macrame.sim.simulate.Failed
        The simulation failed.
    """
    chosen = settings.from_environment(environ, list(PROBLEMS))
    problems, simulator = _read(chosen), simulate.simulator()  # an unknown SIM is always rejected
    if set(problems) & set(ON_RTL):
        simulate.check_tools(simulator)
    with threadpool_limits(1):  # threads make products of such small matrices slower
        return _solve(chosen, problems)


def _read(chosen: settings.Settings) -> dict[int, list[Any]]:
    """All data files, checked before anything else: {number: problems, one for each of its parts}."""
    if chosen.homework is not None:
        data.check_directory(
            chosen.homework, [name_of(module) for number in PROBLEMS for module in parts(number)]
        )
    return {
        number: [
            module.read(data.File(data.find(name_of(module), chosen.homework), module.KEYS))
            for module in parts(number)
        ]
        for number in chosen.problems
    }


def parts(number: int) -> list[Part]:
    """The modules that solve a problem, the first with its title."""
    return [PROBLEMS[number], *([FURTHER[number]] if number in FURTHER else [])]


def name_of(module: Part) -> str:
    """Name of a module's data file."""
    return f"{module.__name__.rsplit('.', 1)[-1]}.toml"


def _solve(chosen: settings.Settings, problems: Mapping[int, Sequence[Any]]) -> int:
    began, show = time.monotonic(), Show()
    rtl = Session(chosen.core, show, "homework", seed=chosen.seed, waves=chosen.waves)
    run = Run(show, rtl, chosen.out)
    rows: list[tuple[object, ...]] = []
    hardware: dict[str, list[str]] = {}
    try:
        for number, pieces in problems.items():
            module, first, started = PROBLEMS[number], len(rtl.checks), time.monotonic()
            rtl.used.clear()
            show.problem(number, module.TITLE)
            answer: Answer = {}
            for part, problem in zip(parts(number), pieces):
                answer.update(part.solve(problem, run))
            checks = rtl.checks[first:]
            bad = differing(checks)
            seconds = time.monotonic() - started
            name = run.output(
                f"p{number}.json",
                report.to_json(
                    {
                        "problem": number,
                        "title": module.TITLE,
                        "hardware": rtl.used,
                        "simulator": simulate.simulator(),
                        "seconds": seconds,
                        "rtl_numbers": counted(checks),
                        "mismatches": bad,
                        "checks": checks,
                        "answer": answer,
                    }
                ).encode(),
            )
            rows.append(
                (
                    number,
                    module.TITLE,
                    f"{counted(checks):,}" if checks else "-",
                    bad if checks else "-",
                    f"{seconds:.1f} s",
                    name,
                )
            )
            for what in rtl.used:
                hardware.setdefault(what, []).append(str(number))
    finally:
        rtl.close()
    for path, content in run.files.items():
        atomic.write(path, content)
    _summary(show, chosen, rows, hardware, time.monotonic() - began)
    wrong = differing(rtl.checks)
    if wrong:
        where = ", ".join(str(row[0]) for row in rows if row[3] not in ("-", 0))
        show.bad(f"{wrong:,} RTL results differ from the golden model, in problem {where}.")
        show.command("replay", simulate.replay_command(chosen.seed))
        if not chosen.waves:
            show.command("waves", "the same with WAVES=1")
        return 1
    if rtl.checks:
        show.good(f"All {counted(rtl.checks):,} RTL results match the golden model bit for bit.")
    return 0


def _summary(
    show: Show,
    chosen: settings.Settings,
    rows: Sequence[Sequence[object]],
    hardware: Mapping[str, Sequence[str]],
    seconds: float,
) -> None:
    """The results of each problem; `hardware` maps what was simulated to the problems that used it."""
    show.part(f"Summary ({simulate.simulator()}, {seconds:.1f} s)")
    show.table(("problem", "", "RTL numbers", "mismatches", "time", "report"), rows)
    if hardware:
        show.table(
            ("simulated", "for problems"), [(what, ", ".join(numbers)) for what, numbers in hardware.items()]
        )
        show.text("ROWS, COLS and DEPTH shape the int8 core only.")
    if chosen.problems == list(PROBLEMS):
        show.text("Problem 8's training on the RTL takes minutes and has its own command, make train.")


def _short(path: Path) -> str:
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)
