# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Types: every function has them, except in the modules listed in pyproject.toml. ``make lint`` runs mypy."""

import ast
import re
import tomllib
from fnmatch import fnmatch

import pytest

from tests.test_layers import MODULES, ROOT

#: Modules that mypy ignores; a pattern ends in ``.*``.
NOT_YET = [
    pattern
    for override in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]["overrides"]
    if override.get("ignore_errors")
    for pattern in override["module"]
]
OURS = {name: path for name, path in MODULES.items() if name.split(".")[0] == "macrame"}


def matches(name, pattern):
    """Whether mypy applies a pattern to a module: ``macrame.host.*`` is for macrame.host too."""
    return fnmatch(name, pattern) or name == pattern.removesuffix(".*")


def missing(tree):
    """Functions and methods whose parameters or result have no type, nested ones included."""
    methods = {
        function: any(isinstance(d, ast.Name) and d.id == "staticmethod" for d in function.decorator_list)
        for owner in ast.walk(tree)
        if isinstance(owner, ast.ClassDef)
        for function in owner.body
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            a = node.args
            parameters = [*a.posonlyargs, *a.args, *a.kwonlyargs, *filter(None, (a.vararg, a.kwarg))]
            if methods.get(node) is False:
                parameters = parameters[1:]  # self or cls
            bare = [p.arg for p in parameters if p.annotation is None]
            if bare or node.returns is None:
                yield f"line {node.lineno}: {node.name}: no type for {', '.join(bare) or 'the result'}"


@pytest.mark.parametrize(
    "name", [name for name in sorted(OURS) if not any(matches(name, pattern) for pattern in NOT_YET)]
)
def test_every_function_has_types(name):
    untyped = list(missing(ast.parse(OURS[name].read_text())))
    assert not untyped, f"{OURS[name].relative_to(ROOT)}: {'; '.join(untyped)}"


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("def f(x: int, *y: int, z: int = 0, **w: int) -> None: ...", 0),
        ("def f(): ...", 1),
        ("def f(x) -> None: ...", 1),
        ("def f(*, x) -> None: ...", 1),
        ("def f(*x, **y) -> None: ...", 1),
        ("class C:\n    def f(self) -> None: ...\n    @classmethod\n    def g(cls, x: int) -> None: ...", 0),
        ("class C:\n    def f(self, x) -> None: ...", 1),
        ("class C:\n    @staticmethod\n    def f(x) -> None: ...", 1),
        ("def f() -> None:\n    async def g(): ...", 1),
    ],
)
def test_what_has_no_types_is_found(source, found):
    assert len(list(missing(ast.parse(source)))) == found


def test_the_exceptions_exist():
    assert not [pattern for pattern in NOT_YET if not any(matches(name, pattern) for name in MODULES)]


def test_an_ignored_error_has_its_code_and_a_reason():
    wrong = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in OURS.values()
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if "# type: ignore" in line and not re.search(r"# type: ignore\[[a-z-]+\]  # \w", line)
    ]
    assert not wrong
