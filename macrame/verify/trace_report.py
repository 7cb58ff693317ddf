# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""`macrame trace`: where the cycles of a trace went, whether its numbers are right, and other formats."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from macrame import __version__
from macrame.errors import InputError, short
from macrame.files import atomic
from macrame.report import run_page
from macrame.report.blocks import Block, Check, Heading, Metadata, Phrase, phrase, table, text
from macrame.report.report import Report, page_of
from macrame.report.terminal import Plain
from macrame.verify.trace import Mismatch, Trace
from macrame.verify.trace_chrome import CAUSE_WORDS
from macrame.verify.trace_page import component

#: Numbers that differ and are listed.
MOST_SHOWN = 10


def place(wrong: Mismatch) -> Phrase:
    """Where a number of a trace is wrong, in words.

    Parameters
    ----------
    wrong : macrame.verify.trace.Mismatch

    Returns
    -------
    macrame.report.blocks.Phrase
    """
    found = phrase("cycle {:,}: {}", wrong.cycle, wrong.what)
    for name, value in (("tile", wrong.tile), ("row", wrong.row), ("column", wrong.col), ("k", wrong.k)):
        if value >= 0:
            found += phrase(f", {name} {{}}", value)
    if min(wrong.pe[:2]) >= 0:
        found += phrase(", in the cell of row {}, column {}", *wrong.pe[:2])
    return found + phrase(": expected {}, got {}", wrong.expected, wrong.got)


def blocks(trace: Trace, wrong: Sequence[Mismatch], count: int) -> Iterator[Block]:
    """The report of a trace.

    Parameters
    ----------
    trace : macrame.verify.trace.Trace
    wrong : sequence of macrame.verify.trace.Mismatch
        The first numbers that differ from the golden model.
    count : int
        Cycles of the window.

    Yields
    ------
    macrame.report.blocks.Block
    """
    yield Metadata({"macrame": __version__, "core": str(trace.config), "cycles": trace.cycles})
    active = trace.active
    yield Heading(
        phrase("{} core: cycles {:,} to {:,}", str(trace.config), active.start, max(0, active.stop - 1))
    )
    spent = {cause: cycles for cause, cycles in trace.utilisation().items() if cycles}
    yield table(
        ("spent on", ("cycles", ","), ("share", ".1%")),
        [
            (CAUSE_WORDS.get(cause, "nothing to do"), cycles, cycles / len(active))
            for cause, cycles in spent.items()
        ],
    )
    said = (
        phrase("a number differs from the golden model, recomputed from the numbers before it")
        if wrong
        else phrase("the numbers of all {:,} cycles of the window match the golden model", count)
    )
    yield Check("trace", count, len(wrong), said, tuple(map(place, wrong[:MOST_SHOWN])))


def main(given: Mapping[str, str]) -> int:
    """The command; returns the exit code.

    Parameters
    ----------
    given : mapping of str to str
        FILE, PERFETTO, PAGE.

    Returns
    -------
    int
        0, or 1 if a number of the trace is wrong.

    Raises
    ------
    macrame.errors.InputError
    """
    if "FILE" not in given:
        raise InputError("FILE is not given, expected a trace, see docs/trace.md")
    trace = Trace.read(given["FILE"], f"FILE={short(given['FILE'], 200)}")
    out = Path(given["PERFETTO"]) if given.get("PERFETTO") else None
    if out is not None:
        label = f"PERFETTO={short(out, 200)}"
        if out.suffix.lower() != ".json":
            raise InputError(f"{label}: unknown extension {short(out.suffix) or '(none)'}, expected .json")
        if wrong := atomic.unwritable(out, [given["FILE"]]):
            raise InputError(f"{label}: {wrong}")
    page = page_of(given, [given["FILE"]], [out] if out else [])
    report = Report(Plain(), "Trace of a core", page, {run_page.NAME: run_page.assets()})
    window = range(trace.window.start, min(trace.window.stop, trace.cycles))
    report.write_all(blocks(trace, trace.check(MOST_SHOWN), len(window)))
    if out is not None:
        atomic.write(out, json.dumps(trace.chrome()) + "\n")
        report.write(text("wrote {}", str(out)))
    if run_page.shows_run(page):
        report.write(component(trace))
    report.save()
    return int(report.failed)
