# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Allowed imports: golden, the host and the benches' models stay independent, and there are no cycles."""

import ast
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from macrame import paths

ROOT = paths.ROOT

#: The layers that each may import besides itself; a module belongs to the longest prefix of its name.
MAY_IMPORT = {
    "macrame": set(),
    "macrame.__main__": {"macrame.cli"},
    "macrame.golden": set(),
    "macrame.host": {"macrame"},
    "macrame.files": {"macrame"},
    "macrame.report": {"macrame", "macrame.files"},
    "macrame.sim": {"macrame", "macrame.files", "macrame.host"},
    "macrame.synth": {"macrame", "macrame.files", "macrame.report", "macrame.sim"},
    "macrame.synth.gates": {"macrame", "macrame.files", "macrame.synth", "macrame.sim", "tb"},
    "macrame.verify": {
        "macrame",
        "macrame.files",
        "macrame.golden",
        "macrame.host",
        "macrame.report",
        "macrame.sim",
    },
    "macrame.nets": {
        "macrame",
        "macrame.files",
        "macrame.golden",
        "macrame.host",
        "macrame.report",
        "macrame.sim",
    },
    "macrame.homework": {
        "macrame",
        "macrame.files",
        "macrame.golden",
        "macrame.report",
        "macrame.sim",
        "macrame.verify",
    },
    "macrame.dev": {
        "macrame",
        "macrame.files",
        "macrame.golden",
        "macrame.host",
        "macrame.sim",
        "macrame.report",
        "macrame.verify",
        "macrame.homework",
        "macrame.synth",
        "tb",
    },
    "macrame.campaign": {
        "macrame",
        "macrame.files",
        "macrame.nets",
        "macrame.report",
        "macrame.sim",
        "macrame.synth",
        "tb",
    },
    "macrame.cli": {
        "macrame",
        "macrame.files",
        "macrame.golden",
        "macrame.host",
        "macrame.sim",
        "macrame.homework",
        "macrame.synth",
        "macrame.synth.gates",
        "macrame.verify",
        "macrame.nets",
        "macrame.dev",
        "macrame.campaign",
    },
    "tb": {"macrame", "macrame.golden", "macrame.host", "macrame.sim", "macrame.dev", "tb.models"},
    "tb.models": {"macrame.golden", "tb"},
    "tests": {
        "macrame",
        "macrame.files",
        "macrame.golden",
        "macrame.host",
        "macrame.sim",
        "macrame.report",
        "macrame.homework",
        "macrame.synth",
        "macrame.synth.gates",
        "macrame.verify",
        "macrame.nets",
        "macrame.dev",
        "macrame.campaign",
        "macrame.cli",
        "tb",
        "tb.models",
    },
}
#: External packages that each layer may import; the other layers are not restricted.
LIBRARIES = {"macrame.golden": {"numpy"}, "macrame.host": {"numpy", "serial"}}


def files():
    """Every Python file of the project and the name of its module."""
    for folder in ("macrame", "tb", "tests"):
        for path in (ROOT / folder).rglob("*.py"):
            yield path, module(path)
    for path in (ROOT / "golden").rglob("*.py"):  # macrame/golden is a symbolic link, which rglob ignores
        yield path, f"macrame.{module(path)}"


def module(path):
    """The dotted name of a file's module."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name: path for path, name in files()}


def imports(path, top_level=False):
    """Modules that a file imports, dotted; at its top level only, or anywhere in it."""
    tree = ast.parse(path.read_text())
    for node in tree.body if top_level else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: relative imports are not used here"
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield whole if whole in MODULES else node.module


def layer(name):
    """The layer a module belongs to, or None for an external one."""
    parts = name.split(".")
    for count in range(len(parts), 0, -1):
        if ".".join(parts[:count]) in MAY_IMPORT:
            return ".".join(parts[:count])
    return None


@pytest.mark.parametrize("name", MAY_IMPORT)
def test_a_layer_imports_only_what_it_may(name):
    wrong = [
        f"{importer} imports {imported}"
        for importer, path in MODULES.items()
        if layer(importer) == name
        for imported in imports(path)
        if layer(imported) not in {None, name, *MAY_IMPORT[name]}
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", LIBRARIES)
def test_a_layer_needs_only_these_libraries(name):
    others = {
        imported.split(".")[0]
        for importer, path in MODULES.items()
        if layer(importer) == name
        for imported in imports(path)
        if layer(imported) is None
    }
    assert others - set(sys.stdlib_module_names) <= LIBRARIES[name]


def test_no_import_cycles():
    """Neither between modules nor, but for the packages' own __init__, between layers."""
    graph = {name: {i for i in imports(path) if i in MODULES} - {name} for name, path in MODULES.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        raise AssertionError(" -> ".join(error.args[1])) from None


def test_no_file_changes_the_path():
    for path in MODULES.values():
        if path != Path(__file__):
            assert "sys.path" not in path.read_text(), path


def test_nothing_imports_tests_or_cli():
    for importer, path in MODULES.items():
        for imported in imports(path):
            if layer(importer) not in ("tests", "macrame.cli", "macrame.__main__"):
                assert layer(imported) not in ("tests", "macrame.cli"), f"{importer} imports {imported}"
