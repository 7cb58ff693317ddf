# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The project's own promises: who imports whom, what is pinned, what has a bench, and what a command says.

What concerns the form of the sources is in ``make lint``.
"""

import ast
import hashlib
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from macrame.sim import simulate
from tb.lib.catalogue import CASES

ROOT = simulate.ROOT
OURS = {"macrame", "tb", "tests", "examples"}


def python_files(folder):
    return sorted((ROOT / folder).rglob("*.py"))


def imported(path):
    """Names of the packages a file imports."""
    return (name.split(".")[0] for name in imported_modules(path))


def imported_modules(path):
    """Dotted names of the modules a file imports."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module


def test_golden_neither_prints_nor_touches_files():
    for path in python_files("golden"):
        called = {
            node.func.id
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        assert not called & {"print", "open", "input"}, path
        assert not set(imported(path)) & {"os", "pathlib", "sys", "subprocess", "io"}, path


def undocumented(folder):
    """Public modules, functions, classes and methods without a docstring; a method may inherit its base's."""
    for path in python_files(folder):
        tree = ast.parse(path.read_text())
        nodes = [tree, *(n for n in tree.body if isinstance(n, (ast.FunctionDef, ast.ClassDef)))]
        nodes += [
            m
            for n in nodes[1:]
            if isinstance(n, ast.ClassDef) and not n.bases
            for m in n.body
            if isinstance(m, ast.FunctionDef)
        ]
        for node in nodes:
            name = getattr(node, "name", "(module)")
            if not name.startswith("_") and not ast.get_docstring(node):
                yield f"{path.relative_to(ROOT)}: {name}"


@pytest.mark.parametrize("folder", ["golden", "macrame/host", "macrame/sim", "macrame/synth"])
def test_public_names_are_documented(folder):
    assert not list(undocumented(folder))


def test_every_arithmetic_module_has_its_golden():
    rtl = {path.stem for path in (ROOT / "rtl" / "arith").glob("*.v")}
    golden = {path.stem for path in (ROOT / "golden" / "arith").glob("*.py")} - {"__init__"}
    assert rtl == golden & rtl, f"no golden for {rtl - golden}"


def test_every_module_has_a_bench_of_its_own():
    vendor = ROOT / "rtl" / "vendor"  # proven equal to their namesakes, in test_synth.py
    modules = {path.stem for path in (ROOT / "rtl").rglob("*.v") if vendor not in path.parents}
    benched = {name for case in CASES.values() for name in (case.toplevel.removeprefix("vec_"), case.bench)}
    assert not {m for m in modules - benched if not any(name.startswith(f"{m}_") for name in benched)}


# --- what is pinned -----------------------------------------------------------------------------------------


def pins(name):
    """Pinned distributions of a requirements file and those it includes."""
    found = {}
    for line in (ROOT / name).read_text().splitlines():
        line = line.split("#")[0].strip()
        if line.startswith("-r "):
            found |= pins(line[3:])
        elif line:
            distribution, equals, version = line.partition("==")
            assert equals, f"{name}: {line} is not pinned"
            found[re.sub(r"[-_.]+", "-", distribution).lower()] = version
    return found


@pytest.mark.parametrize(
    ("requirements", "folders"),
    [
        ("requirements.txt", ["golden", "macrame/host", "macrame/sim", "macrame/homework"]),
        ("requirements-synth.txt", ["macrame/synth"]),
        ("requirements-test.txt", ["golden", "macrame", "tb", "tests", "examples"]),
    ],
)
def test_what_is_imported_is_pinned(requirements, folders):
    pinned, providers = pins(requirements), importlib.metadata.packages_distributions()
    for folder in folders:
        for path in python_files(folder):
            if path.parent.name == "oracles":  # needs requirements-oracles.txt, which says so
                continue
            for package in set(imported(path)) - OURS - set(sys.stdlib_module_names):
                names = {re.sub(r"[-_.]+", "-", name).lower() for name in providers.get(package, ["?"])}
                assert names & set(pinned), f"{path.relative_to(ROOT)}: {package} is not in {requirements}"


@pytest.mark.parametrize("requirements", ["requirements-test.txt", "requirements-synth.txt"])
def test_pins_are_complete(requirements):
    """Whatever a pinned distribution needs is pinned too, so that pip has nothing to choose."""
    pinned = pins(requirements)
    here = {re.sub(r"[-_.]+", "-", found.name).lower() for found in importlib.metadata.distributions()}
    for name in pinned:
        if name not in here and requirements == "requirements-synth.txt":
            continue  # the suite does not need that set, so it need not be installed
        for requirement in importlib.metadata.requires(name) or []:
            if "extra ==" in requirement:
                continue
            needed, _, marker = requirement.partition(";")
            if "python_version <" in marker or "platform" in marker or "implementation" in marker:
                continue
            needed = re.sub(r"[-_.]+", "-", re.match(r"[\w.-]+", needed)[0]).lower()
            assert needed in pinned, f"{name} needs {needed}"


# --- the bootstrap -----------------------------------------------------------------------------------------


@pytest.fixture
def bare(tmp_path):
    """A copy of the bootstrap on a machine with little more than a shell: (run, folder of its programs)."""
    programs, project = tmp_path / "bin", tmp_path / "project"
    programs.mkdir()
    (project / "tools").mkdir(parents=True)
    for tool in "bash cat dirname env flock grep mkdir readlink rm sha256sum tail".split():
        (programs / tool).symlink_to(shutil.which(tool))
    for name in (
        "tools/bootstrap",
        "requirements.txt",
        "requirements-train.txt",
        "requirements-synth.txt",
        "requirements-test.txt",
    ):
        shutil.copy(ROOT / name, project / name)

    def program(name, text):
        (programs / name).write_text(f"#!/bin/sh\n{text}\n")
        (programs / name).chmod(0o755)

    def run(*words, **env):
        return subprocess.run(
            [project / "tools" / "bootstrap", *words],
            env={"PATH": str(programs), **env},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )

    program("id", "echo 1000")
    program("python3", f'case "$*" in "-") exec {sys.executable} "$@";; esac; exit 1')
    run.program = program
    return run


def one_line(done):
    """The only line of a failure's standard error."""
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    return line


def test_bootstrap_without_apt(bare):
    assert "Debian calls iverilog" in one_line(bare("sim"))


def test_bootstrap_without_root(bare):
    bare.program("apt-get", "exit 1")
    assert one_line(bare("sim")).endswith("neither root nor has sudo: as root, apt-get install iverilog")
    bare.program("sudo", "echo a password is required >&2; exit 1")
    assert one_line(bare("sim")).endswith("sudo wants a password: sudo apt-get install iverilog")


def test_bootstrap_offline(bare):
    bare.program("id", "echo 0")
    bare.program("apt-get", "echo 'E: Could not resolve deb.debian.org'; exit 100")
    said = one_line(bare("sim"))
    assert "apt-get could not install iverilog (E: Could not resolve deb.debian.org)" in said
    assert "by hand: sudo apt-get install iverilog" in said


def test_bootstrap_old_python(bare):
    bare.program("python3", 'echo "macrame: Python 3.9 is too old, 3.11 or newer is needed" >&2; exit 1')
    assert "3.11 or newer" in one_line(bare("sim"))


def test_bootstrap_takes_the_larger_set_for_the_smaller(bare, tmp_path):
    project = tmp_path / "project"
    for name in ("iverilog", "vvp", "g++", "make", "perl"):
        bare.program(name, "exit 0")
    python = project / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\nexit 1\n")  # a stub: no real interpreter's pip may come within reach
    python.chmod(0o755)
    sets = [
        (project / name).read_bytes()
        for name in (
            "requirements.txt",
            "requirements-train.txt",
            "requirements-synth.txt",
            "requirements-test.txt",
        )
    ]
    stamp = project / ".venv" / ".ready-test"
    digest = hashlib.sha256(b"".join(sets) + os.fsencode(python.resolve()) + b"\n")
    stamp.write_text(f"{digest.hexdigest()}  -\n")
    for smaller in ("sim", "train", "synth"):
        done = bare(smaller)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    stamp.write_text("of other requirements")
    assert bare("sim").returncode == 1


@pytest.mark.parametrize(
    ("words", "env"),
    [(["train"], {}), (["sim"], {"SIM": "verilator"}), (["test"], {})],
    ids=["train", "SIM", "test"],
)
def test_bootstrap_for_verilator(bare, words, env):
    bare.program("perl", "exit 2")  # as Debian's perl-base: here, but without the modules
    assert "Debian calls iverilog g++ make perl;" in one_line(bare(*words, **env))


def test_bootstrap_unknown_set():
    done = subprocess.run([ROOT / "tools" / "bootstrap", "everything"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "tools/bootstrap: everything: expected sim, train, synth or test\n"
    assert Path(ROOT / "tools" / "bootstrap").stat().st_mode & 0o111


def test_no_compiler_writes_to_the_null_device():
    """iverilog makes its output executable: run by root, /dev/null, which nobody else can write to then."""
    name = "os." + "devnull"
    for folder in ("golden", "macrame", "tb", "tests"):
        assert not [path for path in python_files(folder) if name in path.read_text()]
