# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""What a campaign has found, as a table, as JUnit XML and as a page."""

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from macrame.campaign.engine import Results
from macrame.campaign.task import Task
from macrame.errors import amount
from macrame.files import atomic
from macrame.report import blocks
from macrame.report.html_writer import Html

#: Verdict of a task that was not tried.
NOT_RUN = "not run"
#: Lines that the page shows of what a task says.
LINES = 40


@dataclass(frozen=True)
class View:
    """How a kind of campaign is summarised.

    Attributes
    ----------
    what : str
        The kind; the files are called after it.
    verdicts : tuple of str
        The columns of the table.
    first : str
        Heading of the groups.
    good, skipped : tuple of str
        Verdicts that pass and that do not count; all others are failures.
    """

    what: str
    verdicts: tuple[str, ...]
    first: str
    good: tuple[str, ...]
    skipped: tuple[str, ...] = ()


def verdict(task: Task, results: Results) -> str:
    """The verdict of a task, or why it has none: ``error`` or ``not run``."""
    if task.name in results.records:
        return str(results.records[task.name]["verdict"])
    return "error" if task.name in results.errors else NOT_RUN


def write(
    folder: Path,
    view: View,
    tasks: Sequence[Task],
    results: Results,
    texts: Mapping[str, str] | None = None,
    more: Sequence[blocks.Block] = (),
) -> None:
    """Write JUnit XML and the page.

    Parameters
    ----------
    folder : Path
    view : View
    tasks : sequence of Task
    results : Results
    texts : dict of str to str, optional
        What a failure says, by task's name.
    more : sequence of Block, optional
        Further blocks of the page.
    """
    junit(folder / f"{view.what}.xml", view.what, tasks, results, view.good, view.skipped, texts)
    page = Html(f"Campaign: {view.what}")
    for block in page_blocks(view, tasks, results, texts or {}, more):
        page.write(block)
    atomic.write_files({folder / f"{view.what}.html": page.text().encode()})


def page_blocks(
    view: View,
    tasks: Sequence[Task],
    results: Results,
    texts: Mapping[str, str],
    more: Sequence[blocks.Block] = (),
) -> list[blocks.Block]:
    """The blocks of the page: totals, the table, and every task that did not pass, with what it says."""
    records = [results.records[task.name] for task in tasks if task.name in results.records]
    days = sorted(str(record.get("date", ""))[:10] for record in records)
    found: list[blocks.Block] = [
        blocks.text(
            "{:,} of {:,} tasks with a verdict, {:,} of them new; {:,.0f} s of CPU time",
            len(records),
            len(tasks),
            results.ran,
            sum(record.get("cpu", 0) for record in records),
        ),
        blocks.Metadata(
            {
                "dates": " to ".join(days[:1] + days[1:][-1:]),
                "commits": ", ".join(sorted({str(record.get("commit", "")) for record in records})),
                "seeds": ", ".join(sorted({str(record.get("seed", "")) for record in records})),
                "hosts": ", ".join(sorted({str(record.get("host", "")) for record in records})),
            }
        ),
        as_block(tasks, results, view.verdicts, view.first),
        *more,
    ]
    fine = {*view.good, *view.skipped}
    wrong = [task for task in tasks if verdict(task, results) not in fine]
    if wrong:
        found.append(blocks.Heading("Tasks that did not pass"))
        for task in wrong:
            said = texts.get(task.name) or results.errors.get(task.name, "")
            found.append(blocks.Heading(blocks.phrase("{}: {}", task.name, verdict(task, results)), 3))
            found += [blocks.text("{}", line) for line in said.splitlines()[:LINES]]
        found.append(blocks.text("{:,} of {:,} tasks did not pass", len(wrong), len(tasks), kind="error"))
    return found


def table(tasks: Sequence[Task], results: Results, verdicts: Sequence[str], first: str) -> list[str]:
    """A row per group, and one for all.

    Parameters
    ----------
    tasks : sequence of Task
    results : Results
    verdicts : sequence of str
        The columns.
    first : str
        Heading of the groups.

    Returns
    -------
    list of str
        Lines of Markdown; the last column has the CPU time of all that a row counts.
    """
    headers, rows = _counts(tasks, results, verdicts)
    lines = [f"| {first} | {' | '.join(headers)} |", "|---" * (len(headers) + 1) + "|"]
    for row, *cells, cpu in rows:
        lines.append(f"| {row} | {' | '.join(map(str, cells))} | {cpu:,.0f} |")
    return lines


def as_block(tasks: Sequence[Task], results: Results, verdicts: Sequence[str], first: str) -> blocks.Table:
    """The table as a block, see `table`."""
    headers, rows = _counts(tasks, results, verdicts)
    columns: list[str | tuple[str, str]] = [
        first,
        *((header, ",") for header in headers[:-1]),
        (headers[-1], ",.0f"),
    ]
    return blocks.table(columns, rows)


def _counts(
    tasks: Sequence[Task], results: Results, verdicts: Sequence[str]
) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Headers of the columns after the first, and the rows: name, counts, CPU time."""
    counts: dict[str, Counter[str]] = {}
    cpu: Counter[str] = Counter()
    for task in sorted(tasks, key=lambda task: task.group):
        record = results.records.get(task.name)
        for row in (task.group, "all"):
            counts.setdefault(row, Counter())[verdict(task, results)] += 1
            cpu[row] += record.get("cpu", 0) if record else 0
    used = {name for row in counts.values() for name in row}
    columns = [name for name in (*verdicts, "error", NOT_RUN) if name in used or name in verdicts]
    columns += sorted(used - set(columns))
    names = (*(row for row in counts if row != "all"), *(["all"] if counts else []))
    rows = [(row, counts[row].total(), *(counts[row][name] for name in columns), cpu[row]) for row in names]
    return ["tasks", *columns, "CPU s"], rows


def failed(results: Results, texts: Mapping[str, str]) -> list[str]:
    """Print the first line of each task that has not passed, and why tasks have no verdict.

    Parameters
    ----------
    results : Results
    texts : dict of str to str
        What the tasks with a verdict say, by name.

    Returns
    -------
    list of str
        Names of the tasks with a verdict that have not passed.
    """
    names = [name for name in texts if results.records[name]["verdict"] != "passed"]
    for name, text in (*((name, texts[name]) for name in names), *results.errors.items()):
        print(f"campaign: {name}: {(text or 'no verdict').splitlines()[0]}", file=sys.stderr)
    return names


def errors(results: Sequence[Results]) -> int:
    """Print why tasks have no verdict; 1 if there are any."""
    found = {name: text for part in results for name, text in part.errors.items()}
    for name, text in list(found.items())[:8]:
        print(f"campaign: {name}: no verdict: {text.splitlines()[0]}", file=sys.stderr)
    if len(found) > 8:
        print(f"campaign: no verdict for {amount(len(found) - 8, 'more task')}", file=sys.stderr)
    return 1 if found else 0


def junit(
    path: Path,
    what: str,
    tasks: Sequence[Task],
    results: Results,
    good: Sequence[str],
    skipped: Sequence[str] = (),
    texts: Mapping[str, str] | None = None,
) -> None:
    """Write JUnit XML.

    Parameters
    ----------
    path : Path
    what : str
        Name of the suite.
    tasks : sequence of Task
    results : Results
    good, skipped : sequence of str
        Verdicts that pass and that do not count; all others are failures.
    texts : dict of str to str, optional
        What a failure says, by task's name.
    """
    suite = ElementTree.Element("testsuite", name=what)
    count: Counter[str] = Counter()
    for task in tasks:
        record = results.records.get(task.name)
        seconds = record.get("seconds", 0) if record else 0
        case = ElementTree.SubElement(
            suite, "testcase", classname=task.group, name=task.name, time=f"{seconds:.2f}"
        )
        if record is None:
            kind, text = "error", results.errors.get(task.name, "not run")
        elif record["verdict"] in good:
            continue
        else:
            kind = "skipped" if record["verdict"] in skipped else "failure"
            text = (texts or {}).get(task.name) or record["verdict"]
        ElementTree.SubElement(case, kind, message=text.splitlines()[0]).text = text
        count[kind] += 1
    suite.attrib |= {
        "tests": str(len(tasks)),
        "failures": str(count["failure"]),
        "errors": str(count["error"]),
        "skipped": str(count["skipped"]),
        "time": f"{sum(record.get('seconds', 0) for record in results.records.values()):.2f}",
    }
    root = ElementTree.Element("testsuites")
    root.append(suite)
    path.parent.mkdir(parents=True, exist_ok=True)
    ElementTree.indent(root)
    atomic.write_files({path: ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)})
