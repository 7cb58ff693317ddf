# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The workflows of CI: each command is a target of make with its variables, and no part is missing.

What could be wrong and would be noticed only after a push: a target or a variable that was renamed, a part
of the suite that no job runs, a bench that TESTS= does not find, two jobs whose results have one name.
"""

import itertools
import re
import shlex

import pytest
import yaml

from macrame.cli import make
from macrame.dev import suite
from macrame.paths import ROOT
from macrame.sim.simulators import SIMULATORS
from tests import selection

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def jobs():
    """Every job of every workflow: its name in the file, and the job."""
    for path in WORKFLOWS:
        for name, job in yaml.safe_load(path.read_text())["jobs"].items():
            yield pytest.param(job, id=f"{path.stem}:{name}")


each_job = pytest.mark.parametrize("job", list(jobs()))


def cells(job):
    """The values of the job's matrix, one dict per run of the job; `include` adds to the matching ones."""
    matrix = dict(job.get("strategy", {}).get("matrix", {}))
    more = matrix.pop("include", [])
    for values in itertools.product(*matrix.values()):
        cell = dict(zip(matrix, values))
        for extra in more:
            if all(cell.get(key, value) == value for key, value in extra.items() if key in matrix):
                cell |= extra
        yield cell


def filled(text, cell):
    """A text with its `${{ matrix.name }}` filled in."""
    return re.sub(r"\$\{\{ matrix\.(\w+) \}\}", lambda match: str(cell[match[1]]), text)


def make_calls(job):
    """The calls of make in a job, in each cell of its matrix: lists of words after `make`."""
    for cell, step in itertools.product(cells(job), job["steps"]):
        for line in filled(step.get("run", ""), cell).splitlines():
            line = re.sub(r"\$\(\(.*?\)\)", "7", line)  # the shell's arithmetic
            assert "${{" not in line, line
            program, *words = shlex.split(line)
            assert program in ("make", "apt-get"), f"{line}: expected a target of make"
            if program == "make":
                yield words


def refused(words):
    """What is wrong with a call of make, or nothing."""
    goals = [word for word in words if "=" not in word]
    given = dict(word.split("=", 1) for word in words if "=" in word)
    unknown = [goal for goal in goals if goal not in make.TARGETS]
    if unknown or not goals:
        return f"make {' '.join(words)}: no such target"
    environ = {"MACRAME_GIVEN": " ".join(given), "MACRAME_GOALS": " ".join(goals)}
    return next(filter(None, (make.refused(goal, environ) for goal in goals)), "")


def test_there_are_workflows():
    assert WORKFLOWS


@each_job
def test_every_command_is_a_target_that_takes_its_variables(job):
    for words in make_calls(job):
        assert not refused(words), words
        given = dict(word.split("=", 1) for word in words if "=" in word)
        assert given.get("SIM", "icarus") in SIMULATORS
        suite.shard(given.get("SHARD", ""))
        chosen = selection.read(given.get("TESTS", ""))
        assert not chosen.keyword, words  # an expression selects nothing where it is misspelt


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        ("tset", "no such target"),
        ("SHARD=1/3", "no such target"),
        ("test SHRAD=1/3", "SHRAD is not a variable of make test"),
        ("lint SHARD=1/3", "SHARD is not a variable of make lint"),
        ("test SHARD=1/3 TESTS='fifo skid'", ""),
    ],
)
def test_a_wrong_command_is_found(words, wrong):
    said = refused(shlex.split(words))
    assert wrong in said
    assert bool(wrong) == bool(said)


@each_job
def test_all_parts_of_the_suite_run(job):
    """For equal values of the rest of the matrix, every i of n."""
    parts = {}
    for words in make_calls(job):
        part = [word for word in words if word.startswith("SHARD=")]
        if part:
            i, n = suite.shard(part[0].partition("=")[2])
            parts.setdefault((n, *(word for word in words if word not in part)), []).append(i)
    for (n, *_), found in parts.items():
        assert sorted(found) == sorted([*range(1, n + 1)] * (len(found) // n)), parts


def test_the_suite_and_lint_run_on_every_system():
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())["jobs"]
    for name in ("test", "lint", "sim"):
        systems = {cell["system"]: cell.get("container") for cell in cells(workflow[name])}
        assert systems == {"debian-12": "debian:12", "debian-13": "debian:13", "ubuntu-24.04": None}


def test_results_have_names_of_their_own():
    names = [
        filled(step["with"]["name"], cell)
        for job in (parameters.values[0] for parameters in jobs())
        for cell, step in itertools.product(cells(job), job["steps"])
        if "upload-artifact" in step.get("uses", "")
    ]
    assert len(names) == len(set(names)) > 10
