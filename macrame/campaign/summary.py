# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""What a campaign has found, as a table and as JUnit XML."""

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.etree import ElementTree

from macrame.campaign.engine import Results
from macrame.campaign.task import Task
from macrame.files import atomic


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
    counts: dict[str, Counter[str]] = {}
    cpu: Counter[str] = Counter()
    for task in sorted(tasks, key=lambda task: task.group):
        record = results.records.get(task.name)
        verdict = record["verdict"] if record else "error" if task.name in results.errors else "not run"
        for row in (task.group, "all"):
            counts.setdefault(row, Counter())[verdict] += 1
            cpu[row] += record.get("cpu", 0) if record else 0
    used = {verdict for row in counts.values() for verdict in row}
    columns = [
        verdict for verdict in (*verdicts, "error", "not run") if verdict in used or verdict in verdicts
    ]
    columns += sorted(used - set(columns))
    lines = [f"| {first} | tasks | {' | '.join(columns)} | CPU s |", "|---" * (len(columns) + 3) + "|"]
    for row in (*(row for row in counts if row != "all"), *(["all"] if counts else [])):
        cells = [str(counts[row].total()), *(str(counts[row][verdict]) for verdict in columns)]
        lines.append(f"| {row} | {' | '.join(cells)} | {cpu[row]:,.0f} |")
    return lines


def errors(results: Sequence[Results]) -> int:
    """Print why tasks have no verdict; 1 if there are any."""
    found = {name: text for part in results for name, text in part.errors.items()}
    for name, text in list(found.items())[:8]:
        print(f"campaign: {name}: no verdict: {text.splitlines()[0]}", file=sys.stderr)
    if len(found) > 8:
        print(f"campaign: {len(found) - 8} more tasks have no verdict", file=sys.stderr)
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
