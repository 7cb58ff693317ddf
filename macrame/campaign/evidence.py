# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""``macrame campaign evidence``: docs/evidence.md, generated from the verdicts and the list of defects.

It also writes macrame/synth/cores.toml and those tables of docs/fpga.md whose placements are all recorded.

The store of verdicts is tests/evidence.jsonl, a copy of the one that the campaigns wrote, so that the suite
can generate the document and compare it; ``--store`` reads another.
"""

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from macrame import paths
from macrame.campaign import judge, mutants, python_mutants, synthesis
from macrame.campaign.store import Record, Store
from macrame.errors import InputError, shown
from macrame.synth import tables
from macrame.synth.measure import TABLE_SEEDS
from macrame.synth.targets import TARGETS

STORE = paths.ROOT / "tests" / "evidence.jsonl"
DEFECTS = paths.ROOT / "tests" / "defects.toml"
DOCUMENT = paths.ROOT / "docs" / "evidence.md"
HEAD = """\
# Evidence

What the campaigns have found so far, and the defects found and repaired since the project began.
`.venv/bin/python -m macrame campaign evidence` writes this page; do not edit it. Its figures come from
[tests/evidence.jsonl](../tests/evidence.jsonl), the verdicts as the campaigns stored them, each with its
date, seed, commit and CPU time. What is proven for all inputs is in [Proofs](proofs.md#properties).
"""
PLACEMENTS = """\
`macrame campaign synth` synthesises and places the units of `make synth-table`, see
[Area and clock rate](fpga.md#figures). A table on that page whose rows are all recorded is written from
these records; the other tables were measured before the records began.
"""
COLUMNS = (*judge.VERDICTS, "unconfirmed")


def is_mutant(record: Record) -> bool:
    """Whether a record is about a mutant of the RTL."""
    of_python = record["group"].endswith(".py")
    return record["group"] != "unmutated" and not of_python and record["verdict"] in judge.VERDICTS


def newest(records: Iterable[Record]) -> list[Record]:
    """The last record of each task and seed: RTL, benches or tools may have changed since an earlier one."""
    return list({(record["task"], record["seed"]): record for record in records}.values())


def confirmed(records: Sequence[Record]) -> list[Record]:
    """The records of the mutants; a kill by a case that has not passed without a mutant is unconfirmed.

    Parameters
    ----------
    records : sequence of dict
        All records of a store.

    Returns
    -------
    list of dict
    """
    cases = (r for r in records if r["group"] == "unmutated" and r["verdict"] == "passed")
    passed = {(record["task"], record["seed"]) for record in cases}
    found = []
    for record in filter(is_mutant, records):
        if record["verdict"] == "killed":
            by, design = record["by"], "netlist" if " netlist " in record["task"] else "RTL"
            name = f"{by['case']} on the {design}{', all vectors' if by['step'] == 'full' else ''}"
            if (name, record["seed"]) not in passed:
                record = {**record, "verdict": "unconfirmed"}
        found.append(record)
    return found


def _heading(first: str) -> list[str]:
    return [
        f"| {first} | judged | {' | '.join(COLUMNS)} | score | CPU s |",
        "|---" * (len(COLUMNS) + 4) + "|",
    ]


def _row(name: str, records: Sequence[Record]) -> str:
    counts = Counter(record["verdict"] for record in records)
    killed, of = mutants.score(records)
    score = f"{100 * killed / of:.1f} %" if of else "-"
    cells = [str(len(records)), *(str(counts[verdict]) for verdict in COLUMNS), score]
    return f"| {name} | {' | '.join(cells)} | {sum(record['cpu'] for record in records):,.0f} |"


def mutant_lines(records: Sequence[Record]) -> list[str]:
    """The section on mutants, as lines of Markdown."""
    found = confirmed(records)
    if not found:
        return ["No mutant has been judged yet."]
    first, *_, last = sorted(record["date"][:10] for record in [*found, *found])
    commits = ", ".join(f"`{commit}`" for commit in sorted({record["commit"] for record in found}))
    killed, of = mutants.score(found)
    days = first if first == last else f"{first} to {last}"
    lines = [
        f"`make mutants SEED={found[0]['seed']}`, {days}, on {commits}: {len(found):,} of {mutants.SAMPLE:,}",
        f"mutants have been judged so far; {killed:,} of the {of:,} that count were killed.",
        "[Mutants](mutants.md) explains the columns.",
        "",
    ]
    netlists = [record for record in found if " netlist " in record["task"]]
    sources = [record for record in found if record not in netlists]
    lines += [*_heading("mutants"), _row("of the source", sources), _row("of netlists", netlists)]
    lines += [_row("all", found), "", "By module:", "", *_heading("module")]
    for group in sorted({record["group"] for record in found}):
        lines.append(_row(f"`{group}`", [record for record in found if record["group"] == group]))
    lines += ["", "Mutants of the source, by operator:", "", *_heading("operator")]
    kinds: dict[str, list[Record]] = {}
    for record in sources:
        kind = re.search(r"source \d+: (\w+)", record["task"])
        kinds.setdefault(kind[1] if kind else "?", []).append(record)
    lines += [_row(f"`{kind}`", kinds[kind]) for kind in sorted(kinds)]
    alive = [record for record in found if record["verdict"] not in ("killed", "equivalent", "stillborn")]
    lines += ["", f"Alive: {len(alive) or 'none'}."]
    lines += [""] if alive else []
    explained = mutants.explanations()
    for record in alive:
        change = record.get("change", "")
        why = explained.get((record["group"], change), "not explained")
        lines += [
            f"- {record['task']}: {record['verdict']}; proof: {record.get('proof', 'not tried')}",
            f"    - `{change}`: {why}",
        ]
    return lines


def python_lines(records: Sequence[Record]) -> list[str]:
    """The section on mutants of the Python code, as lines of Markdown."""
    of_python = [record for record in records if record["group"].endswith(".py")]
    found = python_mutants.confirmed(of_python, (r for r in records if r["group"] == "unmutated"))
    if not found:
        return ["No mutant has been judged yet."]
    rows: dict[str, list[Record]] = {"all": found}
    for record in found:
        rows.setdefault(record["group"], []).append(record)
    columns = (*python_mutants.VERDICTS, "unconfirmed")
    alive = [record for record in found if record["verdict"] != "killed"]
    killed = len(found) - len(alive)
    commits = ", ".join(f"`{commit}`" for commit in sorted({record["commit"] for record in found}))
    lines = [
        f"`macrame campaign python --seed {found[0]['seed']}`, on {commits}: {killed:,} of {len(found):,}",
        f"mutants were killed, {100 * killed / len(found):.1f} %.",
        "[Mutants](mutants.md#mutants-of-the-python-code) explains the columns.",
        "",
        f"| file | judged | {' | '.join(columns)} | CPU s |",
        "|---" * (len(columns) + 3) + "|",
    ]
    for name in sorted(rows, key=lambda name: (name == "all", name)):
        counts = Counter(record["verdict"] for record in rows[name])
        cells = [name, str(len(rows[name])), *(str(counts[verdict]) for verdict in columns)]
        lines.append(f"| {' | '.join(cells)} | {sum(record['cpu'] for record in rows[name]):,.0f} |")
    lines += ["", f"Alive: {len(alive) or 'none'}.", *([""] if alive else [])]
    return lines + [f"- `{record['task']}`: {record['verdict']}" for record in alive]


def placement_lines(records: Sequence[Record]) -> list[str]:
    """The section on placements, as lines of Markdown."""
    lines = ["| target | rows | recorded | commits | dates | CPU s |", "|---" * 6 + "|"]
    for target in TARGETS:
        listed = tables.jobs(target, TABLE_SEEDS)
        found = [job for job in listed if synthesis.result(job, records)]
        wanted = [synthesis.as_arguments(job) for job in found]
        mine = [record for record in records if record.get("job") in wanted]
        commits = ", ".join(f"`{commit}`" for commit in sorted({record["commit"] for record in mine}))
        days = sorted({record["date"][:10] for record in mine})
        period = " to ".join(days[:1] + days[1:][-1:])
        cells = (target, len(listed), len(found), commits or "-", period or "-")
        seconds = sum(record["cpu"] for record in mine)
        lines.append(f"| {' | '.join(map(str, cells))} | {seconds:,.0f} |")
    return lines


def defect_lines() -> list[str]:
    """The section on defects, as lines of Markdown."""
    listed = tomllib.loads(DEFECTS.read_text())["defect"]
    keys = ("date", "commit", "where", "what", "found_by")
    lines = ["| date | commit | where | what was wrong | found by |", "|---|---|---|---|---|"]
    lines += [f"| {' | '.join(defect[key] for key in keys)} |" for defect in listed]
    counts = Counter(defect["found_by"] for defect in listed)
    return [
        *lines,
        "",
        "How the defects were found:",
        "",
        *(f"- {name}: {n}" for name, n in counts.most_common()),
    ]


#: What every verdict of a campaign has.
FIELDS = ("task", "group", "verdict", "seed", "date", "commit", "cpu")


def read(path: Path | None = None) -> list[Record]:
    """The records of a store, in its order; InputError where there is none."""
    store = Store(path or STORE, existing=True)
    store.read()
    records = list(store)
    if not records:
        raise InputError(f"STORE={store.path}: contains no verdicts, expected a file of verdicts")
    for record in records:
        missing = [name for name in FIELDS if name not in record]
        if missing:
            raise InputError(
                f"STORE={store.path}: {shown(record)} has no {missing[0]}, expected verdicts of campaigns"
            )
    return records


def document(placed: Sequence[Record]) -> str:
    """The text of docs/evidence.md.

    Parameters
    ----------
    placed : sequence of dict
        The records of a store, in its order.

    Returns
    -------
    str
    """
    records = sorted(newest(placed), key=lambda record: str(record["task"]))
    sections = [HEAD, "## Mutants", "", *mutant_lines(records), ""]
    sections += ["## Mutants of the Python code", "", *python_lines(records), ""]
    sections += ["## Placements", "", PLACEMENTS, *placement_lines(placed), "", "## Defects found", ""]
    sections += ["[tests/defects.toml](../tests/defects.toml) is the source of this table.", ""]
    return "\n".join([*sections, *defect_lines(), ""])


def files(path: Path | None = None) -> dict[Path, str]:
    """All that `macrame campaign evidence` writes.

    Parameters
    ----------
    path : Path, optional
        The store.

    Returns
    -------
    dict of Path to str
    """
    records = read(path)
    return {
        DOCUMENT: document(records),
        synthesis.DOCUMENT: synthesis.document(synthesis.DOCUMENT.read_text(), records),
        synthesis.CORES: synthesis.cores(synthesis.CORES.read_text(), records),
    }
