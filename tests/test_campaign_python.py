# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""`macrame campaign python`: mutants of Python files, and the tests that judge them."""

import ast

import pytest

from macrame import paths
from macrame.campaign import command, python_mutants
from macrame.campaign.python_mutants import Site, ladder, mutated, sites
from macrame.campaign.store import Store

SOURCE = '''\
from functools import cache
from typing import TypeVar

T = TypeVar("T", int, float)


@cache
def clipped(value: "int | None" = 3, *, low: int | float = -128) -> int | float:
    """At least -128, 7 otherwise."""
    limit: int | float = 127 if value is None else min(value, 127) << 1
    for _ in range(2):
        if limit < low and not value:
            break
    return limit
'''


def test_mutants_of_a_file():
    """Each is one change that compiles; annotations, decorators and texts stay."""
    found = sites(SOURCE)
    tree = ast.parse(SOURCE)
    texts = set()
    for site in found:
        text = mutated(SOURCE, site)
        before, after = SOURCE.splitlines(), text.splitlines()
        assert [n for n, pair in enumerate(zip(before, after, strict=True), 1) if pair[0] != pair[1]] == [
            site.line
        ]
        assert ast.dump(ast.parse(text)) != ast.dump(tree)
        texts.add(text)
        function = ast.parse(text).body[-1]
        assert ast.unparse(function.returns) == "int | float"
        assert function.decorator_list[0].id == "cache"
        assert ast.get_docstring(function) == "At least -128, 7 otherwise."
    assert len(texts) == len(found)
    assert {site.kind for site in found} == set(python_mutants.OPERATORS)
    for expected in (
        "limit <= low",
        "limit < low or not value",
        "limit < low and value",
        "value is not None",
        "min(value, 127) >> 1",
        "min(value, 128)",
        "low: int | float =128",
        "range( 1)",
        "continue",
        '"int | None" = 4',
    ):
        assert any(expected.replace(" ", "") in text.replace(" ", "") for text in texts), expected


def test_a_file_is_judged_by_the_tests_that_reach_it():
    runs = ladder(paths.GOLDEN / "arith" / "fp32_mul.py")
    assert runs == [["tests/test_floats.py"], ["--tests=fp32_mul"]]
    assert ["tests/nets/test_lower.py"] == ladder(paths.PACKAGE / "nets" / "lower.py")[0]
    for name, path in list(python_mutants.files().items())[::6]:
        assert ladder(path) or not sites(path.read_text()), name


def test_a_sample():
    """The same number of each file, all different, and a smaller one is a part of it."""
    names = ["golden/gemm.py", "golden/quantized/grid.py", "macrame/host/unit.py"]
    tasks = python_mutants.sample(14, 1, names)
    counts = {name: sum(task.group == name for task in tasks) for name in names}
    assert counts == {names[0]: 6, names[1]: 2, names[2]: 6}
    assert len({task.key for task in tasks}) == 14
    assert {task.name for task in python_mutants.sample(7, 1, names)} < {task.name for task in tasks}
    assert {task.name for task in python_mutants.sample(14, 2, names)} != {task.name for task in tasks}


def of(operator, number, runs, file="golden/arith/lead_zeros.py"):
    return python_mutants.mutant({"file": file, "site": vars(Site("", operator, number, 1)), "ladder": runs})


@pytest.mark.thorough
def test_verdicts(tmp_path, monkeypatch):
    """A mutant is killed by a test that fails, not by one that does not use it. The checkout stays."""
    monkeypatch.setenv("BUILD_DIR", str(tmp_path))
    file = paths.GOLDEN / "arith" / "lead_zeros.py"
    before = file.read_bytes()
    (site,) = [s for s in sites(file.read_text()) if s.kind == "arithmetic"][1:]
    runs = [["tests/test_lfsr32.py"], ["--tests=lead_zeros"]]
    for folder, tried in (("one", runs), ("two", runs[:1])):
        monkeypatch.setenv("BUILD_DIR", str(tmp_path / folder))
        found = of(site.operator, site.occurrence, tried)
        if folder == "one":
            assert (found["verdict"], found["runs"]) == ("killed", 2)
            assert found["by"]["run"] == runs[1]
            assert "lead_zeros" in found["by"]["test"]
        else:
            assert found == {"verdict": "survived", "runs": 1}
    assert file.read_bytes() == before


@pytest.mark.thorough
def test_a_campaign(tmp_path, capsys):
    given = {
        "STORE": str(tmp_path / "store"),
        "SAMPLE": "2",
        "MODULES": "golden/arith/lead_zeros.py",
        "JOBS": "2",
    }
    assert command.main(given, ["python"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "python: 2 of 2 killed, 100.0 %"
    store = Store(tmp_path / "store")
    store.read()
    assert sorted(record["verdict"] for record in store) == ["killed", "killed", "passed", "passed"]
    assert command.main(given, ["python"]) == 0
    assert len((tmp_path / "store").read_text().splitlines()) == 4
