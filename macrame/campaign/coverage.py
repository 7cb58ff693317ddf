# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""``macrame campaign coverage``: which lines, branches, expressions and bits of the RTL the benches exercise.

Verilator counts how often each point is reached, in every case of the catalogue that is not nightly. The
points of all cases are merged: one that is reached in any shape is covered. Points that cannot be reached, or
need not be, are waived in tests/coverage.toml, each with its reason; that file has the gate's limits too.
"""

import hashlib
import html
import re
import sys
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path

from macrame import environment, paths
from macrame.campaign import benches, content, coverage_case, engine, summary
from macrame.campaign.coverage_case import Point, unpacked
from macrame.campaign.store import Record, Store
from macrame.campaign.task import Task
from macrame.errors import InputError, amount
from macrame.files import atomic
from tb.lib import bins, catalogue

KINDS = ("line", "branch", "expression", "toggle")
WAIVERS = paths.ROOT / "tests" / "coverage.toml"
TOOLS = ("python", "verilator", "cocotb", "cocotbext-axi", "numpy")
SECONDS = 4 * 3600


def lines_of(case: catalogue.Case) -> str:
    """A digest of a case's Verilog, comments included, because its points have line numbers."""
    texts = [path.read_bytes() for path in sorted(benches.files(case))]
    return hashlib.sha256(b"".join(texts)).hexdigest()


def tasks(seed: int, modules: Iterable[str] | None = None) -> list[Task]:
    """A task for each case that is not nightly, and runs on its own.

    Parameters
    ----------
    seed : int
    modules : iterable of str, optional
        Only cases whose top is one of these modules.
    """
    listed = [c for c in catalogue.CASES.values() if not c.nightly and c.bench not in benches.PREPARED]
    chosen = [c for c in listed if benches.files(c)]
    if modules is not None:
        wanted = set(modules)
        chosen = [c for c in chosen if benches.top(c) in wanted]
    own = content.relative(Path(coverage_case.__file__))
    return [
        Task(
            f"coverage of {c.name}",
            c.bench,
            "macrame.campaign.coverage_case:case",
            {"case": c.name, "seed": seed, "definition": benches.definition(c), "lines": lines_of(c)},
            tuple(sorted({*benches.dependencies(c), own})),
            TOOLS,
            SECONDS,
        )
        for c in chosen
    ]


@dataclass(frozen=True)
class Waiver:
    """Points that need not be covered.

    Attributes
    ----------
    file : str
        Below rtl/, or a pattern: ``*`` stands for all files.
    kind : str
        One of `KINDS`.
    match : str
        A regular expression for the whole source line, without blanks at its ends, or for Verilator's text.
    reason : str
    """

    file: str
    kind: str
    match: str
    reason: str

    def holds(self, point: Point, source: str) -> bool:
        """Whether it is about a point."""
        if self.kind != point.kind or not fnmatchcase(point.file, self.file):
            return False
        return bool(re.fullmatch(self.match, source) or re.fullmatch(self.match, point.text))


def waivers(path: Path | None = None) -> tuple[list[Waiver], dict[str, float]]:
    """The waivers, and the limits of the gate in percent, by kind.

    Raises
    ------
    InputError
        A waiver is incomplete, or a limit is missing.
    """
    read = tomllib.loads((path or WAIVERS).read_text())
    listed = []
    for number, entry in enumerate(read.get("waiver", []), 1):
        if set(entry) != {"file", "kind", "match", "reason"} or not all(entry.values()):
            where = environment.shown(path or WAIVERS)
            raise InputError(f"{where}: waiver {number}: expected file, kind, match and reason")
        listed.append(Waiver(**entry))
    limits = {kind: float(read["limits"][kind]) for kind in KINDS}
    return listed, limits


@dataclass(frozen=True)
class Merged:
    """All points, whether each was reached, and the waivers of those that were not.

    Attributes
    ----------
    reached : dict of Point to bool
    waived : dict of Point to Waiver
    idle : tuple of Waiver
        Waivers of no point.
    """

    reached: dict[Point, bool]
    waived: dict[Point, Waiver]
    idle: tuple[Waiver, ...]

    def share(self, kind: str, module: str | None = None, waived: bool = True) -> tuple[int, int]:
        """Covered points, and all, of a kind.

        Parameters
        ----------
        kind : str
        module : str, optional
            Only of this module.
        waived : bool
            Leave waived points out.
        """
        here = [p for p in self.reached if p.kind == kind and module in (None, p.module)]
        if waived:
            here = [p for p in here if p not in self.waived]
        return sum(self.reached[p] for p in here), len(here)


def _of_any_shape(point: Point) -> Point:
    """An expression without the widths of its constants, END[3:0] or {32'h4{1'h0}}: shapes differ in them."""
    if point.kind != "expression":
        return point
    return replace(point, text=re.sub(r"\[\d+:0\]|32's?h[0-9a-f]+(?=\{)", "", point.text))


def merge(records: Iterable[Record], listed: Iterable[Waiver]) -> Merged:
    """Merge the points of all cases, and apply the waivers."""
    reached: dict[Point, bool] = {}
    for record in records:
        for point, hit in unpacked(record["points"]).items():
            same = _of_any_shape(point)
            reached[same] = reached.get(same, False) or hit
    lines = {name: (paths.RTL / name).read_text().splitlines() for name in {p.file for p in reached}}
    waived: dict[Point, Waiver] = {}
    used = set()
    for point, hit in reached.items():
        for waiver in listed:
            if not hit and waiver.holds(point, lines[point.file][point.line - 1].strip()):
                waived[point] = waiver
                used.add(waiver)
    return Merged(reached, waived, tuple(waiver for waiver in listed if waiver not in used))


def percent(share: tuple[int, int]) -> str:
    """A share, rounded down to a tenth."""
    covered, of = share
    return "-" if not of else f"{1000 * covered // of / 10:.1f}"


def table(found: Merged) -> list[str]:
    """A row per module, in percent after waivers, and two for all: before and after."""
    lines = [f"| module | {' | '.join(KINDS)} | points | waived |", "|---" * (len(KINDS) + 3) + "|"]
    for module in sorted({p.module for p in found.reached}):
        cells = [percent(found.share(kind, module)) for kind in KINDS]
        count = sum(p.module == module for p in found.reached)
        waived = sum(p.module == module for p in found.waived)
        lines.append(f"| {module} | {' | '.join(cells)} | {count:,} | {waived:,} |")
    for name, after in (("all, before waivers", False), ("all", True)):
        cells = [percent(found.share(kind, None, after)) for kind in KINDS]
        lines.append(f"| {name} | {' | '.join(cells)} | {len(found.reached):,} | {len(found.waived):,} |")
    return lines


def reached_bins(records: Iterable[Record]) -> dict[str, set[tuple[str, ...]]]:
    """The bins of functional coverage that any case reached, by cross."""
    found: dict[str, set[tuple[str, ...]]] = {name: set() for name in bins.CROSSES}
    for record in records:
        for name, listed in record.get("bins", {}).items():
            found[name].update(map(tuple, listed))
    return found


def bins_table(found: Mapping[str, set[tuple[str, ...]]]) -> list[str]:
    """A row per cross of functional coverage, and one for all."""
    lines = ["| cross | axes | bins | reached | % |", "|---|---|---|---|---|"]
    total = reached = 0
    for name, cross in bins.CROSSES.items():
        every = set(cross.bins())
        hit = len(every & found[name])
        total, reached = total + len(every), reached + hit
        axes = " x ".join(cross.axes)
        lines.append(f"| {name} | {axes} | {len(every):,} | {hit:,} | {percent((hit, len(every)))} |")
    return [*lines, f"| all | | {total:,} | {reached:,} | {percent((reached, total))} |"]


def bins_gate(found: Mapping[str, set[tuple[str, ...]]]) -> list[str]:
    """A line for each cross with bins that no case reached."""
    wrong = []
    for name, cross in bins.CROSSES.items():
        left = [values for values in cross.bins() if values not in found[name]]
        if left:
            first = "; ".join(", ".join(values) for values in left[:3])
            wrong.append(f"{name}: {len(left):,} of {len(cross.bins()):,} bins not reached, such as {first}")
    return wrong


def page(found: Merged) -> str:
    """An HTML page: the table, and each module's source with what was not reached."""
    rows = [line.strip("| ").split(" | ") for line in table(found) if not line.startswith("|---")]
    body = ["<h1>Coverage of the RTL</h1>", "<table>"]
    body += [f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in row)}</tr>" for row in rows]
    body += ["</table>"]
    for name in sorted({p.file for p in found.reached}):
        missing: dict[int, list[str]] = {}
        for point in sorted(p for p, hit in found.reached.items() if not hit and p.file == name):
            why = f" (waived: {found.waived[point].reason})" if point in found.waived else ""
            missing.setdefault(point.line, []).append(f"{point.kind} {point.text}{why}")
        body += [f"<details><summary>{name}: {amount(len(missing), 'line')} with open points</summary><pre>"]
        for number, line in enumerate((paths.RTL / name).read_text().splitlines(), 1):
            body.append(f"{number:5} {html.escape(line)}")
            body += [f"      <b>{html.escape(text)}</b>" for text in missing.get(number, [])]
        body += ["</pre></details>"]
    style = "<style>b{color:#b00}td{padding:0 1em 0 0}</style>"
    head = f"<!doctype html><meta charset=utf-8><title>Coverage of the RTL</title>{style}"
    return "\n".join([head, *body, ""])


def gate(found: Merged, limits: Mapping[str, float]) -> list[str]:
    """What is wrong: kinds below their limit, and waivers of nothing."""
    wrong = [f"waiver matches no uncovered point: {w.file} {w.kind} {w.match}" for w in found.idle]
    for kind, limit in limits.items():
        covered, of = found.share(kind)
        if of and 100 * covered < limit * of:
            wrong.append(f"{kind} coverage {percent((covered, of))} %, expected at least {limit:g} %")
    return wrong


def main(
    modules: Iterable[str] | None,
    seed: int,
    store: Store,
    executor: engine.Executor,
    common: Record,
    folder: Path,
) -> int:
    """Run the campaign, write the reports, and apply the gate; returns the exit code."""
    listed = tasks(seed, modules)
    with store:
        found = engine.run("coverage", listed, store, executor, common=common)
    known, limits = waivers()
    passed = [record for record in found.records.values() if record["verdict"] == "passed"]
    merged, functional = merge(passed, known), reached_bins(passed)
    lines = [*table(merged), "", *bins_table(functional)]
    folder.mkdir(parents=True, exist_ok=True)
    atomic.write_files(
        {
            folder / "coverage.md": "\n".join([*lines, ""]).encode(),
            folder / "coverage.html": page(merged).encode(),
        }
    )
    summary.junit(folder / "coverage.xml", "coverage", listed, found, ("passed",))
    print("\n".join(lines))
    failed = [name for name, record in found.records.items() if record["verdict"] != "passed"]
    for name in (*failed, *found.errors):
        text = found.errors.get(name) or found.records[name].get("text", "")
        print(f"campaign: {name}: {text.splitlines()[0] if text else 'failed'}", file=sys.stderr)
    wrong = [*gate(merged, limits), *bins_gate(functional)] if modules is None else []
    for text in wrong:
        print(f"campaign: {text}", file=sys.stderr)
    report = environment.shown(folder / "coverage.html")
    print(f"coverage: {len(passed)} of {len(listed)} cases, report {report}")
    return 1 if failed or found.errors or wrong else 0
