# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""``macrame campaign python``: can the tests fail? Mutants of the golden model, the host and the lowering.

The operators are those of cosmic-ray, without the replacements that are unlikely as mistakes, such as a
sum that becomes a power. A mutant changes one place in a copy of the checkout, in which pytest then runs:
first the test files that import the module, then those that reach it through others, then the benches whose
expected values it computes. Annotations and decorators are left alone.

==============  ============================================================================================
``killed``      a test failed
``survived``    all passed
``timeout``     no test failed, but at least one file did not end within its CPU time
==============  ============================================================================================
"""

import ast
import functools
import itertools
import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from macrame import environment, paths
from macrame.campaign import benches, content, engine, summary
from macrame.campaign.mutants import quotas
from macrame.campaign.store import Record, Store
from macrame.campaign.task import Task
from macrame.errors import InputError, SetupError, short
from macrame.files import parse
from tb.lib.catalogue import CASES

#: Size of the full sample.
SAMPLE = 400
VERDICTS = ("killed", "survived", "timeout")
#: What is mutated: folders below the package, with the files of each, and files.
TARGETS = ("golden", "host", "nets/lower.py", "nets/engine")
#: Wall-clock limit of a task; CPU seconds of one run of pytest.
SECONDS, RUN_SECONDS = 2 * 3600, 300
#: How many test files run because they import the module, because they reach it, and how many benches.
DIRECT, INDIRECT, BENCHES = 4, 2, 2
#: Test files that check something else, or take long to find what others find sooner.
LEFT_OUT = {
    "test_docs",
    "test_environment",
    "test_page",
    "test_parallel",
    "test_plots",
    "test_project",
    "test_sheet",
    "test_versions",
}
TOOLS = ("python", "numpy", "pytest", "cosmic-ray", "icarus")
OPERATORS = {
    "arithmetic": (
        "ReplaceBinaryOperator_Add_Sub",
        "ReplaceBinaryOperator_Sub_Add",
        "ReplaceBinaryOperator_Mul_Div",
        "ReplaceBinaryOperator_Mul_Add",
        "ReplaceBinaryOperator_Div_Mul",
        "ReplaceBinaryOperator_Div_FloorDiv",
        "ReplaceBinaryOperator_FloorDiv_Div",
        "ReplaceBinaryOperator_FloorDiv_Mod",
        "ReplaceBinaryOperator_Mod_FloorDiv",
        "ReplaceBinaryOperator_LShift_RShift",
        "ReplaceBinaryOperator_RShift_LShift",
        "ReplaceBinaryOperator_BitAnd_BitOr",
        "ReplaceBinaryOperator_BitOr_BitAnd",
        "ReplaceBinaryOperator_BitXor_BitOr",
        "ReplaceUnaryOperator_Delete_USub",
        "ReplaceUnaryOperator_Delete_Invert",
    ),
    "comparison": (
        "ReplaceComparisonOperator_Lt_LtE",
        "ReplaceComparisonOperator_LtE_Lt",
        "ReplaceComparisonOperator_Gt_GtE",
        "ReplaceComparisonOperator_GtE_Gt",
        "ReplaceComparisonOperator_Lt_GtE",
        "ReplaceComparisonOperator_Gt_LtE",
        "ReplaceComparisonOperator_Eq_NotEq",
        "ReplaceComparisonOperator_NotEq_Eq",
        "ReplaceComparisonOperator_Is_IsNot",
        "ReplaceComparisonOperator_IsNot_Is",
    ),
    "logical": (
        "AddNot",
        "ReplaceUnaryOperator_Delete_Not",
        "ReplaceAndWithOr",
        "ReplaceOrWithAnd",
        "ReplaceTrueWithFalse",
        "ReplaceFalseWithTrue",
    ),
    "number": ("NumberReplacer",),
    "flow": ("ReplaceBreakWithContinue", "ReplaceContinueWithBreak", "ZeroIterationForLoop"),
}


@dataclass(frozen=True)
class Site:
    """One change: a place and an operator of cosmic-ray.

    Attributes
    ----------
    kind : str
        A key of `OPERATORS`.
    operator : str
        Name of cosmic-ray's operator.
    occurrence : int
        Which of the places it fits.
    line : int
        Only for reports: the task that judges the mutant does not depend on it.
    """

    kind: str
    operator: str
    occurrence: int
    line: int = 0


def files() -> dict[str, Path]:
    """The files to mutate, by their path as seen from the project."""
    found: dict[str, Path] = {}
    for target in TARGETS:
        path = paths.GOLDEN if target == "golden" else paths.PACKAGE / target
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            if file.name != "__init__.py":
                found[content.relative(file)] = file
    return found


# --- mutants of a file --------------------------------------------------------------------------------------


Range = tuple[tuple[int, int], tuple[int, int]]


def exempt(source: str) -> list[Range]:
    """The places of annotations, decorators and type variables, and of what is for type checkers only."""
    nodes: list[ast.expr | ast.stmt | None] = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.AnnAssign() | ast.arg():
                nodes.append(node.annotation)
            case ast.FunctionDef():
                nodes += [*node.decorator_list, node.returns]
            case ast.ClassDef():
                nodes += node.decorator_list
            case ast.If() if ast.unparse(node.test) == "TYPE_CHECKING":
                nodes.append(node)
            case ast.Assign() if ast.unparse(node.value).startswith("TypeVar"):
                nodes.append(node)
    return [
        ((node.lineno, node.col_offset), (node.end_lineno or node.lineno, node.end_col_offset or 0))
        for node in nodes
        if node
    ]


def sites(source: str) -> list[Site]:
    """All mutants of a file.

    Parameters
    ----------
    source : str

    Returns
    -------
    list of Site
    """
    from cosmic_ray import plugins
    from cosmic_ray.ast import ast_nodes, get_ast

    nodes, skipped = list(ast_nodes(get_ast(source))), exempt(source)
    found = []
    for kind, names in OPERATORS.items():
        for name in names:
            operator = plugins.get_operator(f"core/{name}")()
            places = ((node, place[0]) for node in nodes for place in operator.mutation_positions(node))
            found += [
                Site(kind, name, number, start[0])
                for number, (node, start) in enumerate(places)
                if not any(first <= start < last for first, last in skipped)
                if node.parent.type != "parameters"  # the asterisk before keywords, no product
            ]
    return found


def mutated(source: str, site: Site) -> str:
    """The text of a file with one change.

    Parameters
    ----------
    source : str
    site : Site

    Returns
    -------
    str
    """
    from cosmic_ray import mutating, plugins

    operator = plugins.get_operator(f"core/{site.operator}")()
    changed = mutating.mutate_code(source, operator, site.occurrence)
    assert changed is not None, f"{site}: no such place"
    return str(changed)


def change(source: str, site: Site) -> str:
    """A mutant's first changed line, before and after."""
    pairs = zip(source.splitlines(), mutated(source, site).splitlines(), strict=False)
    before, after = next((pair for pair in pairs if pair[0] != pair[1]), ("", ""))
    return f"line {site.line}: {' '.join(before.split())} -> {' '.join(after.split())}"


# --- tests of a file ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reach:
    """The files of the project that a test file imports itself, and all that it reaches."""

    direct: frozenset[Path]
    closure: frozenset[Path]


@functools.cache
def reach(test: Path) -> Reach:
    """What a test file imports."""
    name = ".".join(test.relative_to(paths.ROOT).with_suffix("").parts)
    direct = (content.source(imported) for imported in content.imports(test))
    return Reach(
        frozenset(path.resolve() for path in direct if path),
        frozenset(path.resolve() for path in content.closure(name)),
    )


@functools.cache
def candidates() -> tuple[Path, ...]:
    """The test files that may judge a mutant."""
    found = (paths.ROOT / "tests").rglob("test_*.py")
    return tuple(sorted(path for path in found if path.stem not in LEFT_OUT))


def ladder(path: Path) -> list[list[str]]:
    """The runs of pytest that judge a mutant of a file, as their arguments.

    Parameters
    ----------
    path : Path

    Returns
    -------
    list of list of str
    """
    path = path.resolve()

    def cost(test: Path) -> tuple[int, str]:
        return len(reach(test).closure), test.name

    direct = sorted((test for test in candidates() if path in reach(test).direct), key=cost)
    indirect = sorted(
        (test for test in candidates() if path in reach(test).closure and test not in direct), key=cost
    )
    chosen = [*direct[:DIRECT], *indirect[:INDIRECT]]
    cases: dict[str, int] = {}
    for case in CASES.values():
        if not case.nightly and path in {found.resolve() for found in content.closure(case.module)}:
            cases.setdefault(case.bench, len(content.closure(case.module)))
    played = sorted(cases, key=lambda bench: (cases[bench], bench))[:BENCHES]
    return [
        *([str(test.relative_to(paths.ROOT))] for test in chosen),
        *([f"--tests={bench}"] for bench in played),
    ]


# --- one mutant ---------------------------------------------------------------------------------------------


def copied(folder: Path) -> None:
    """Copy the checkout without what is built; its links stay links."""
    left_out = shutil.ignore_patterns(
        ".git", ".venv", "build", "__pycache__", ".*_cache", ".hypothesis", "*.lock"
    )
    shutil.copytree(paths.ROOT, folder, symlinks=True, ignore=left_out)
    (folder / ".venv").symlink_to(Path(sys.prefix))


def attempt(folder: Path, words: Sequence[str]) -> str:
    """Run pytest in a copy of the checkout.

    Parameters
    ----------
    folder : Path
    words : sequence of str
        A test file, or what else selects tests.

    Returns
    -------
    str
        Empty if all tests passed; the first one that failed; or ``timeout``.
    """
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-x",
        "--quick",
        "-p",
        "no:cacheprovider",
        "--tb=no",
        *words,
    ]
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    env["BUILD_DIR"] = str(environment.build_dir())
    with subprocess.Popen(
        command, cwd=folder, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as child:
        environment.limit_cpu(RUN_SECONDS, child.pid)
        try:
            said, _ = child.communicate(timeout=environment.WALL * environment.limit(RUN_SECONDS))
        except subprocess.TimeoutExpired:
            child.kill()
            return "timeout"
    if child.returncode in (0, 5):  # 5: nothing was selected
        return ""
    if child.returncode < 0:
        return "timeout"
    failed = re.search(r"^(?:FAILED|ERROR) (\S+)", said, re.MULTILINE)
    return failed[1] if failed else f"pytest exits with {child.returncode}"


def mutant(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Judge a mutant, or run the tests without one: the function of each task.

    Parameters
    ----------
    arguments : mapping
        ``file``; ``site``, the attributes of a `Site`, or None; ``ladder``.

    Returns
    -------
    dict
        The verdict, one of `VERDICTS`, or ``passed`` and ``failed`` without a mutant; ``by``: the run and the
        test that failed; ``runs``: how many runs of pytest there were.
    """
    folder = environment.build_dir() / "checkout"
    copied(folder)
    site = Site(**arguments["site"]) if arguments["site"] else None
    if site:
        path = folder / arguments["file"]
        path.write_text(mutated(path.read_text(), site))
    late = False
    for number, words in enumerate(arguments["ladder"], 1):
        failed = attempt(folder, words)
        late = late or failed == "timeout"
        if failed and failed != "timeout":
            by = {"run": words, "test": failed}
            return {"verdict": "killed" if site else "failed", "by": by, "runs": number}
    verdict = ("timeout" if late else "survived") if site else ("failed" if late else "passed")
    return {"verdict": verdict, "runs": len(arguments["ladder"])}


# --- the campaign -------------------------------------------------------------------------------------------


def sample(total: int, seed: int, names: Sequence[str] = ()) -> list[Task]:
    """The mutants of a campaign, the same number of each file, if it has that many.

    Parameters
    ----------
    total : int
    seed : int
        Of the sample.
    names : sequence of str
        Only these files, as `files` names them; all by default.

    Returns
    -------
    list of Task
    """
    chosen = {name: path for name, path in files().items() if not names or name in names}
    drawn = {
        name: list(itertools.islice(_drawn(path, f"{seed} {name}"), total)) for name, path in chosen.items()
    }
    counts = quotas([len(found) for found in drawn.values()], total)
    tasks = []
    for (name, path), count in zip(chosen.items(), counts, strict=True):
        runs, source = ladder(path), path.read_text()
        for number, site in enumerate(drawn[name][:count]):
            label = f"{name} {number}: {site.kind}, {change(source, site)}"
            kept = {field: value for field, value in asdict(site).items() if field != "line"}
            tasks.append(_task(label, name, kept, runs))
    return tasks


def _drawn(path: Path, seed: str) -> Iterator[Site]:
    """The mutants of a file in a random order that takes the kinds in turn."""
    draw = random.Random(seed)
    kinds: dict[str, list[Site]] = {}
    for site in sites(path.read_text()):
        kinds.setdefault(site.kind, []).append(site)
    order = sorted(kinds)
    draw.shuffle(order)
    for name in order:
        draw.shuffle(kinds[name])
    while any(kinds.values()):
        for name in order:
            if kinds[name]:
                yield kinds[name].pop()


def _task(label: str, name: str, site: dict[str, Any] | None, runs: list[list[str]]) -> Task:
    tests = [paths.ROOT / word for (word,) in runs if not word.startswith("-")]
    played = {word.removeprefix("--tests=") for (word,) in runs if word.startswith("-")}
    found = {content.relative(path) for test in tests for path in (test, *reach(test).closure)}
    for case in CASES.values():
        if case.bench in played:
            found.update(benches.dependencies(case))
    found |= {"macrame/campaign/python_mutants.py", "tests/conftest.py"}
    arguments = {"file": name, "site": site, "ladder": runs}
    group = name if site else "unmutated"
    return Task(
        label,
        group,
        "macrame.campaign.python_mutants:mutant",
        arguments,
        tuple(sorted(found)),
        TOOLS,
        SECONDS,
    )


def baselines(tasks: Sequence[Task]) -> list[Task]:
    """The runs of all ladders, without a mutant."""
    runs = {tuple(words) for task in tasks for words in task.arguments["ladder"]}
    return [_task(unmutated(words), "", None, [list(words)]) for words in sorted(runs)]


def unmutated(words: Sequence[str]) -> str:
    """The name of the task that makes a run of pytest without a mutant."""
    return f"{' '.join(words)} unmutated"


def confirmed(mutants: Iterable[Record], plain: Iterable[Record]) -> list[Record]:
    """The records of mutants; a kill by a run that has not passed without a mutant is unconfirmed.

    Parameters
    ----------
    mutants, plain : iterable of dict
        Records of mutants, and of runs without one.

    Returns
    -------
    list of dict
    """
    passed = {record["task"] for record in plain if record["verdict"] == "passed"}
    return [
        {**record, "verdict": "unconfirmed"}
        if record["verdict"] == "killed" and unmutated(record["by"]["run"]) not in passed
        else record
        for record in mutants
    ]


def main(
    values: Mapping[str, str],
    seed: int,
    store: Store,
    executor: engine.Executor,
    common: Record,
    folder: Path,
) -> int:
    """Run the campaign, and print its table; returns the exit code."""
    try:
        content.version("cosmic-ray")
    except SetupError:
        raise SetupError(
            "the Python package cosmic-ray is not installed: "
            ".venv/bin/python -m pip install -r requirements-mutants.txt"
        ) from None
    known = files()
    names = values.get("MODULES", "").split()
    for name in names:
        if name not in known:
            raise InputError(f"MODULES={short(name)}: expected files such as {next(iter(known))}")
    total = parse.integer("SAMPLE", values.get("SAMPLE", str(SAMPLE)), 1, 100_000)
    tasks = sample(total, seed, names)
    with store:
        plain = engine.run("unmutated", baselines(tasks), store, executor, common=common)
        wrong = {name for name, record in plain.records.items() if record["verdict"] != "passed"}
        found = engine.run("python", tasks, store, executor, common=common)
    judged = confirmed(found.records.values(), plain.records.values())
    found.records = {record["task"]: record for record in judged}
    print("\n".join(summary.table(tasks, found, VERDICTS, "file")))
    alive = [record for record in judged if record["verdict"] != "killed"]
    texts = {record["task"]: f"{record['verdict']}: {record['task']}" for record in alive}
    view = summary.View("python", VERDICTS, "file", ("killed",))
    summary.write(folder, view, tasks, found, texts)
    for text in texts.values():
        print(text)
    for name in sorted(wrong):
        print(f"campaign: {name}: fails, so its kills do not count", file=sys.stderr)
    killed = len(judged) - len(alive)
    share = f", {100 * killed / len(judged):.1f} %" if judged else ""
    print(f"python: {killed:,} of {len(judged):,} killed{share}")
    return summary.errors([plain, found]) or (1 if wrong or alive else 0)
