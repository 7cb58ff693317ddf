# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The problem sheet: read every data file, solve the problems, write the reports, count mismatches."""

import os
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from threadpoolctl import threadpool_limits

from macrame import __version__, environment
from macrame.errors import differ, plural
from macrame.files import atomic, failures
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
    settings,
)
from macrame.homework.parallel import Parallel, shown
from macrame.homework.problem import Answer, Part, Problem
from macrame.report import run_page
from macrame.report.blocks import (
    Block,
    Cell,
    Check,
    Command,
    Heading,
    Metadata,
    Plot,
    phrase,
    table,
    text,
)
from macrame.report.numbers import to_json
from macrame.report.report import Display, LiveReport
from macrame.report.terminal import Terminal
from macrame.sim import simulate
from macrame.sim.recording import Recording
from macrame.verify.compare import Check as Comparison
from macrame.verify.compare import counted, differing
from macrame.verify.session import SMALL, Session
from macrame.verify.trace import Trace
from macrame.verify.trace_page import component

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
#: Of these, those that use the int8 core and the hardware for bf16.
ON_INT8, ON_BF16 = (1, 4, 6, 8), (1, 2)


#: Parts that use the same simulators, the int8 core and the hardware for bf16. The others run alongside them:
#: problem 6 has a core of its own, which counts toggles.
TOGETHER: tuple[Part, ...] = (p1_forward, p2_backprop, p4_int8, p8_inference)
#: Of the others, the longest first.
OTHERS: tuple[Part, ...] = (
    p8_training,
    p6_pruning,
    p5_overfitting,
    p7_bfloat16,
    p9_optimizers,
    p3_batches,
)

#: Bytes of the page that the numbers of one core's cells may take.
LARGEST_RUN = 100_000

Key: TypeAlias = tuple[int, int]
"""Of a part: the number of its problem, and its own in it, from 0 on."""


@dataclass
class Run:
    """The environment of a part: display, RTL session, output files."""

    display: Display
    rtl: Session
    out: Path
    files: dict[Path, bytes] = field(default_factory=dict)

    def write(self, block: Block) -> None:
        """Show a block of the report."""
        self.display.write(block)

    def progress(self, what: str, total: int | None = None) -> AbstractContextManager[Callable[[int], None]]:
        """Show the progress of some work."""
        return self.display.progress(what, total)

    def plot(self, name: str, description: str, figure: Mapping[str, bytes]) -> Plot:
        """Keep a figure's files, contents by extension, to be written when all problems are done."""
        paths = {ending: self.out / f"{name}.{ending}" for ending in figure}
        self.files.update({path: figure[ending] for ending, path in paths.items()})
        return Plot(name, description, figure["svg"].decode(), tuple(map(environment.shown, paths.values())))


@dataclass
class Solved:
    """The result of a part: its answer, comparisons, hardware, time and files."""

    answer: Answer
    checks: list[Comparison]
    used: list[str]
    seconds: float
    files: dict[Path, bytes]


class Sheet:
    """Solves parts, one after another, on one session.

    Parameters
    ----------
    chosen : macrame.homework.settings.Settings
    problems : mapping of int to sequence
        What `_read` returns.
    """

    def __init__(self, chosen: settings.Settings, problems: Mapping[int, Sequence[Any]]) -> None:
        self.chosen, self.problems = chosen, problems
        self.session: Session | None = None
        self._traces: tempfile.TemporaryDirectory[str] | None = None

    def solve(self, key: Key, display: Display) -> Solved:
        """Solve a part, and show its blocks."""
        began, (number, index), chosen = time.monotonic(), key, self.chosen
        if self.session is None:
            self.session = Session(
                chosen.core,
                display,
                "homework",
                seed=chosen.seed,
                waves=chosen.waves,
                trace=self._recording("trace"),
                bf16_trace=self._recording("bf16_trace"),
            )
        rtl = self.session
        rtl.display, first = display, len(rtl.checks)
        rtl.prefix = f"problem {number}: "
        rtl.used.clear()
        run = Run(display, rtl, chosen.out)
        answer = shown(parts(number)[index].solve(self.problems[number][index], run), display.write)
        return Solved(answer, rtl.checks[first:], list(rtl.used), time.monotonic() - began, run.files)

    def close(self, display: Display) -> None:
        """Close the simulators."""
        if self.session is not None:
            self.session.display = display
            self.session.close()
            self._show_runs(self.session, display)

    def _recording(self, name: str) -> Recording | None:
        """The trace of a core, if the page can show it."""
        if not run_page.shows_run(self.chosen.page):
            return None
        self._traces = self._traces or tempfile.TemporaryDirectory(prefix="macrame-")
        return Recording(Path(self._traces.name) / name)

    def _show_runs(self, session: Session, display: Display) -> None:
        """Show what the cores did, cycle by cycle."""
        if self._traces is None:
            return
        if session.examined is not None:
            display.write(session.examined)
        for recording, name, works in (
            (session.trace, session.name, session.works),
            (session.bf16_trace, session.bf16_name, session.bf16_works),
        ):
            if recording is not None and recording.path.exists():
                trace = Trace.read(recording.path, "the trace")
                names = (span.name.partition(":")[0] for span in trace.spans)  # "problem 4: Q Q^T"
                numbers = list(dict.fromkeys(found.removeprefix("problem ") for found in names))
                title = f"{plural(len(numbers), 'problem')} {', '.join(numbers)}, {name}"
                display.write(component(trace, works, LARGEST_RUN, title))
        self._traces.cleanup()


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


def _groups(numbers: Iterable[int]) -> list[list[Key]]:
    """The parts of problems, in groups that share no simulator, in the order in which they should start."""
    keys = [(number, index) for number in numbers for index in range(len(parts(number)))]
    where = {key: parts(key[0])[key[1]] for key in keys}
    together = [key for key in keys if where[key] in TOGETHER]
    others = sorted((key for key in keys if where[key] not in TOGETHER), key=lambda k: OTHERS.index(where[k]))
    return [group for group in [together, *([key] for key in others)] if group]


@contextmanager
def _solver(
    chosen: settings.Settings, problems: Mapping[int, Sequence[Any]], report: LiveReport
) -> Iterator[Callable[[Key], Solved]]:
    """What solves a part and shows it: several processes, if there is work for them."""
    groups, processes = _groups(problems), len(os.sched_getaffinity(0))
    if min(processes, len(groups)) < 2:
        sheet = Sheet(chosen, problems)
        try:
            yield lambda key: sheet.solve(key, report)
        finally:
            sheet.close(report)
        return
    with Parallel(lambda: Sheet(chosen, problems), groups, processes) as parallel:
        yield lambda key: parallel.show(key, report)
        parallel.rest(report)


def _solve(chosen: settings.Settings, problems: Mapping[int, Sequence[Any]]) -> int:
    components = {run_page.NAME: run_page.assets()}
    report = LiveReport(Terminal(), "Problem sheet", chosen.page, components)
    failures.forget("homework")
    report.write(
        Metadata(
            {
                "macrame": __version__,
                "simulator": simulate.simulator(),
                "versions": simulate.versions(),
                **({"int8 core": str(chosen.core)} if set(problems) & set(ON_INT8) else {}),
                **({"bf16 hardware": str(SMALL)} if set(problems) & set(ON_BF16) else {}),
                "seed": chosen.seed,
                "command": simulate.replay_command(chosen.seed),
            }
        )
    )
    began = time.monotonic()
    solved: dict[int, list[Solved]] = {}
    with _solver(chosen, problems, report) as solve:
        for number in problems:
            report.write(Heading(f"Problem {number}: {PROBLEMS[number].TITLE}", level=1))
            solved[number] = [solve((number, index)) for index in range(len(parts(number)))]
    files: dict[Path, bytes] = {}
    for number, pieces in solved.items():
        for piece in pieces:
            files.update(piece.files)
        files[settings.report_path(chosen.out, number)] = to_json(_as_dict(number, pieces)).encode()
    for path, content in files.items():
        atomic.write(path, content)
    report.write_all(_summary(chosen, solved, time.monotonic() - began))
    report.save()
    return int(report.failed)


def _checks(pieces: Iterable[Solved]) -> list[Comparison]:
    return [check for piece in pieces for check in piece.checks]


def _used(pieces: Iterable[Solved]) -> list[str]:
    return list(dict.fromkeys(name for piece in pieces for name in piece.used))


def _as_dict(number: int, pieces: Sequence[Solved]) -> dict[str, object]:
    """The JSON report of a problem."""
    checks = _checks(pieces)
    answer: Answer = {}
    for piece in pieces:
        answer.update(piece.answer)
    return {
        "problem": number,
        "title": PROBLEMS[number].TITLE,
        "hardware": _used(pieces),
        "simulator": simulate.simulator(),
        "seconds": sum(piece.seconds for piece in pieces),
        "rtl_numbers": counted(checks),
        "mismatches": differing(checks),
        "checks": checks,
        "answer": answer,
    }


def _summary(
    chosen: settings.Settings, solved: Mapping[int, Sequence[Solved]], seconds: float
) -> Iterator[Block]:
    """The results of each problem, what was simulated, and the outcome."""
    rows: list[tuple[Cell, ...]] = []
    hardware: dict[str, list[str]] = {}
    for number, pieces in solved.items():
        checks = _checks(pieces)
        rows.append(
            (
                number,
                PROBLEMS[number].TITLE,
                counted(checks) if checks else None,
                differing(checks) if checks else None,
                phrase("{:.1f} s", sum(piece.seconds for piece in pieces)),
                environment.shown(settings.report_path(chosen.out, number)),
            )
        )
        for what in _used(pieces):
            hardware.setdefault(what, []).append(str(number))
    yield Heading(phrase("Summary ({}, {:.1f} s)", simulate.simulator(), seconds))
    yield table(("problem", "", ("RTL numbers", ","), "mismatches", "time", "report"), rows)
    if hardware:
        yield table(
            ("simulated", "for problems"), [(what, ", ".join(numbers)) for what, numbers in hardware.items()]
        )
        yield text("ROWS, COLS and DEPTH shape the int8 core only.")
    if chosen.problems == list(PROBLEMS):
        yield text("Problem 8's training on the RTL takes minutes and has its own command, make train.")
    every = [check for pieces in solved.values() for check in _checks(pieces)]
    wrong, count = differing(every), counted(every)
    if wrong:
        where = ", ".join(str(number) for number, pieces in solved.items() if differing(_checks(pieces)))
        said = phrase(
            f"{{:,}} RTL {plural(wrong, 'result')} {differ(wrong)} from the golden model, in problem {{}}.",
            wrong,
            where,
        )
        yield Check("the problem sheet", count, wrong, said)
        yield Command("replay", simulate.replay_command(chosen.seed))
        if not chosen.waves:
            yield Command("waves", f"the same command with {environment.typed('WAVES', True)}")
    elif every:
        said = phrase("All {:,} RTL results match the golden model bit for bit.", count)
        yield Check("the problem sheet", count, 0, said)
