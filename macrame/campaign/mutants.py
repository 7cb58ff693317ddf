# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""``macrame campaign mutants``: can the benches fail? Generated mutants of the RTL, and which are detected.

The sample has the same number of mutants for each module, three fifths of them of the source, two fifths of
the netlist, if a module has that many; a smaller sample is a part of a larger one with the same seed.
Mutants of the source are spread over the operators.

A kill counts only if the case that killed passes without the mutant, with the same seed. The score is the
share of killed mutants among those that compile and are not proven equivalent; bounded proofs, crashes and
time limits stay in the denominator, as does a survivor with an explanation.
"""

import json
import random
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from macrame import environment, paths
from macrame.campaign import benches, content, engine, judge, netlist, operators, summary
from macrame.campaign.store import Record, Store
from macrame.campaign.task import Task
from macrame.errors import InputError, short
from macrame.files import atomic
from tb.lib.catalogue import CASES, Case

#: Size of the full sample, and its share of mutants of the source.
SAMPLE, SOURCE = 1000, 0.6
#: Explanations of survivors.
EXPLAINED = paths.ROOT / "tests" / "survivors.toml"
#: Wall-clock limit of a task; the cases and solvers in it have their own.
SECONDS = 4 * 3600
TOOLS = (*benches.TOOLS, "pyosys")


def modules() -> dict[str, Path]:
    """The portable modules of rtl/ that a case tests, and their files."""
    found = {path.stem: path for path in map(Path, paths.sources())}
    return {name: path for name, path in sorted(found.items()) if benches.ladder(path)[0]}


# --- the sample ---------------------------------------------------------------------------------------------


def source_mutants(path: Path, seed: int) -> list[dict[str, Any]]:
    """All mutants of a file in a random order that takes the operators in turn.

    Parameters
    ----------
    path : Path
    seed : int

    Returns
    -------
    list of dict
        Arguments of `judge.mutant`.
    """
    draw = random.Random(f"{seed} {path.stem}")
    kinds: dict[str, list[operators.Edit]] = {}
    for edit in operators.edits(path):
        kinds.setdefault(edit.operator, []).append(edit)
    order = sorted(kinds)
    draw.shuffle(order)
    for name in order:
        draw.shuffle(kinds[name])
    found = []
    while any(kinds.values()):
        found += [kinds[name].pop() for name in order if kinds[name]]
    return [{"edit": asdict(edit)} for edit in found]


def netlist_mutants(module: str, case: Case, count: int, seed: int) -> list[dict[str, Any]]:
    """Mutants of a module's netlist in the shape of a case; Yosys draws them, and a file keeps them.

    Parameters
    ----------
    module : str
    case : Case
    count : int
    seed : int

    Returns
    -------
    list of dict
        Arguments of `judge.mutant`.
    """
    names = sorted(content.relative(path) for path in benches.files(case))
    parts = [content.ingredients(tuple(names), ("pyosys",)), benches.definition(case), module, count, seed]
    key = Task("", "", "", {"parts": parts}).key[:16]
    path = environment.build_dir() / "campaign" / f"netlist-{module}-{key}.json"
    if path.exists():
        listed = json.loads(path.read_text())
    else:
        top = benches.top(case)
        listed = netlist.mutations(benches.files(case), top, case.parameters, module, count, seed)
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic.write_files({path: json.dumps(listed).encode()})
    return [{"mutation": command} for command in listed]


def shape(path: Path) -> Case | None:
    """The case whose shape the netlist of a module has, without a board around it.

    It is of middle size, and of the bench named like the module if there is one: a bench of its registers
    alone, say, would not detect much.
    """
    fitting = [case for case in benches.ladder(path)[0] if case.toplevel != "board_line"]
    fitting = [case for case in fitting if case.bench == path.stem] or fitting
    return fitting[len(fitting) // 2] if fitting else None


def quotas(sizes: Sequence[int], total: int) -> list[int]:
    """Split a number evenly, limited by the size of each part; with a larger total, no part gets less.

    Parameters
    ----------
    sizes : sequence of int
    total : int

    Returns
    -------
    list of int
    """
    found = [0] * len(sizes)
    while total > 0 and any(size > have for size, have in zip(sizes, found)):
        for index, size in enumerate(sizes):
            if total > 0 and found[index] < size:
                found[index] += 1
                total -= 1
    return found


def sample(total: int, seed: int, names: Iterable[str] | None = None) -> list[Task]:
    """The mutants of a campaign.

    Parameters
    ----------
    total : int
    seed : int
        Of the sample and of the benches.
    names : iterable of str, optional
        Only these modules.

    Returns
    -------
    list of Task
    """
    known = modules()
    chosen = {name: known[name] for name in names} if names is not None else known
    sources = {name: source_mutants(path, seed) for name, path in chosen.items()}
    wanted = round(SOURCE * total)
    parts = dict(zip(sources, quotas([len(found) for found in sources.values()], wanted)))
    left = total - sum(parts.values())
    netlists: dict[str, list[dict[str, Any]]] = {}
    most = -(-left // max(1, len(chosen))) + 2
    for name, path in chosen.items():
        case = shape(path)
        # more than any sample of this seed takes, so that a larger sample contains a smaller one
        netlists[name] = netlist_mutants(name, case, max(16, most), seed) if case else []
    shares = dict(zip(netlists, quotas([len(found) for found in netlists.values()], left)))
    tasks = []
    for name, path in chosen.items():
        own, wider = benches.ladder(path)
        for number, found in enumerate(sources[name][: parts[name]]):
            label = f"{name} source {number}: {found['edit']['operator']}, {found['edit']['line']}"
            tasks.append(_task(label, name, path, found, own, wider, seed))
        case = shape(path)
        for number, found in enumerate(netlists[name][: shares[name]]):
            assert case
            words = found["mutation"].split()
            label = f"{name} netlist {number}: {words[words.index('-mode') + 1]}"
            tasks.append(_task(label, name, path, found, [case], [], seed))
    return tasks


def _task(
    name: str,
    module: str,
    path: Path,
    found: dict[str, Any],
    own: Sequence[Case],
    wider: Sequence[Case],
    seed: int,
) -> Task:
    cases = [*own, *wider]
    arguments = {
        "file": str(path.relative_to(paths.RTL)),
        "seed": seed,
        "own": [case.name for case in own],
        "wider": [case.name for case in wider],
        "cases": [benches.definition(case) for case in cases],
        **found,
    }
    files = {name for case in cases for name in benches.dependencies(case)} | _judge()
    facts = {"change": change(arguments)}
    return Task(
        name, module, "macrame.campaign.judge:mutant", arguments, tuple(sorted(files)), TOOLS, SECONDS, facts
    )


def _judge() -> set[str]:
    """The files that decide how a mutant is judged."""
    names = ("judge", "equivalence", "netlist", "operators")
    return {content.relative(paths.PACKAGE / "campaign" / f"{name}.py") for name in names}


def baseline(case: Case, seed: int, on_netlist: bool, quick: bool) -> Task:
    """The task that runs a case without a mutant."""
    arguments = {
        "case": case.name,
        "definition": benches.definition(case),
        "seed": seed,
        "netlist": on_netlist,
        "quick": quick,
    }
    name = f"{case.name} on the {'netlist' if on_netlist else 'RTL'}{'' if quick else ', all vectors'}"
    files = tuple(sorted({*benches.dependencies(case), *_judge()}))
    return Task(name, "unmutated", "macrame.campaign.judge:baseline", arguments, files, TOOLS, SECONDS)


def _first(tasks: Iterable[Task], seed: int) -> list[Task]:
    """The first case of each mutant's ladder, without the mutant."""
    wanted = {(task.arguments["own"][0], "mutation" in task.arguments) for task in tasks}
    return [baseline(CASES[name], seed, on_netlist, True) for name, on_netlist in sorted(wanted)]


def _killers(tasks: Iterable[Task], records: dict[str, Record], seed: int) -> dict[str, Task]:
    """For each killed mutant, by name, the case that killed it, without the mutant."""
    found = {}
    for task in tasks:
        record = records.get(task.name)
        if record and record["verdict"] == "killed":
            by, on_netlist = record["by"], "mutation" in task.arguments
            found[task.name] = baseline(CASES[by["case"]], seed, on_netlist, by["step"] != "full")
    return found


# --- the campaign -------------------------------------------------------------------------------------------


def explanations() -> dict[tuple[str, str], str]:
    """Why a survivor survives, by module and change, from tests/survivors.toml."""
    if not EXPLAINED.exists():
        return {}
    listed = tomllib.loads(EXPLAINED.read_text()).get("survivor", [])
    return {(entry["module"], entry["change"]): entry["why"] for entry in listed}


def change(arguments: Mapping[str, Any]) -> str:
    """What a mutant changes, as one line, from its task's arguments."""
    if "mutation" in arguments:
        return str(arguments["mutation"])
    edit = arguments["edit"]
    before, after = (" ".join(edit[name].split()) for name in ("before", "text"))
    return f"{before} -> {after} in: {edit['line']}"


def run(
    tasks: Sequence[Task], seed: int, store: Store, executor: engine.Executor, common: Record
) -> tuple[engine.Results, engine.Results]:
    """Run a sample, and the cases without mutants that its kills rely on.

    Parameters
    ----------
    tasks : sequence of Task
    seed : int
    store : Store
        Open.
    executor : engine.Executor
    common : dict
        Stored with each verdict.

    Returns
    -------
    mutants : engine.Results
        A kill by a case that fails without the mutant too has the verdict ``unconfirmed``.
    unmutated : engine.Results
    """
    engine.run("unmutated", _first(tasks, seed), store, executor, common=common)
    found = engine.run("mutants", tasks, store, executor, common=common)
    killers = _killers(tasks, found.records, seed)
    unique = {task.key: task for task in killers.values()}
    unmutated = engine.run("unmutated", list(unique.values()), store, executor, common=common)
    confirm(found, killers, unmutated.records)
    return found, unmutated


def confirm(found: engine.Results, killers: dict[str, Task], unmutated: dict[str, Record]) -> None:
    """Take back each kill whose case does not pass without the mutant.

    Parameters
    ----------
    found : engine.Results
        Changed in place.
    killers : dict of str to Task
        The case, by the mutant's name.
    unmutated : dict of str to dict
        Verdicts by the case's name.
    """
    for name, task in killers.items():
        record = unmutated.get(task.name)
        if not record or record["verdict"] != "passed":
            found.records[name] = {**found.records[name], "verdict": "unconfirmed"}


def score(records: Iterable[Record]) -> tuple[int, int]:
    """How many mutants were killed, and of how many."""
    verdicts = [record["verdict"] for record in records]
    return verdicts.count("killed"), sum(v not in ("stillborn", "equivalent") for v in verdicts)


def report(tasks: Sequence[Task], found: engine.Results, folder: Path) -> list[str]:
    """Write the table, the survivors and JUnit XML; the lines to print.

    Parameters
    ----------
    tasks : sequence of Task
    found : engine.Results
    folder : Path

    Returns
    -------
    list of str
    """
    why = explanations()
    survivors, texts = [], {}
    for task in tasks:
        record = found.records.get(task.name)
        if record and record["verdict"] not in ("killed", "equivalent", "stillborn"):
            changed = change(task.arguments)
            explained = why.get((task.group, changed), "")
            text = f"{task.name}: {record['verdict']}: {changed}"
            text += f"\n  proof: {record['proof']}" if "proof" in record else ""
            text += f"\n  by: {record['by']}" if "by" in record else ""
            text += f"\n  {'explained: ' + explained if explained else 'not explained'}"
            texts[task.name] = text
            survivors.append(text)
    lines = summary.table(tasks, found, judge.VERDICTS, "module")
    killed, of = score(found.records.values())
    share = f", {100 * killed / of:.1f} %" if of else ""
    last = f"mutants: {killed:,} of {of:,} killed{share}"
    unexplained = sum("not explained" in text for text in survivors)
    last += f", {unexplained} not explained" if unexplained else ""
    left = len(tasks) - len(found.records)
    last += f", {left:,} of {len(tasks):,} without a verdict" if left else ""
    folder.mkdir(parents=True, exist_ok=True)
    atomic.write_files(
        {
            folder / "mutants.md": "\n".join([*lines, "", last, ""]).encode(),
            folder / "survivors.txt": "\n".join([*survivors, ""]).encode(),
        }
    )
    good = ("killed", "equivalent")
    view = summary.View("mutants", judge.VERDICTS, "module", good, ("stillborn",))
    summary.write(folder, view, tasks, found, texts)
    return [*lines, f"survivors: {environment.shown(folder / 'survivors.txt')}", last]


def selected(text: str) -> list[str] | None:
    """The modules that MODULES names, or None for all.

    Raises
    ------
    InputError
        There is no such module, or no bench tests it.
    """
    if not text.split():
        return None
    known = modules()
    for name in text.split():
        if name not in known:
            raise InputError(f"MODULES={short(name)}: expected one of {', '.join(known)}")
    return sorted(set(text.split()))
