# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The commands in other people's environments: any path, any shell, a build folder elsewhere, an interrupt.

A user's folder, shell or notebook must not change results or cause a traceback. The bootstrap is tested in
test_project.py, a single simulation in test_simulate.py.
"""

import functools
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest

from macrame import environment
from macrame.cli import make
from macrame.dev import suite
from macrame.golden.gemm import gemm
from macrame.synth import flow, tools
from macrame.synth.settings import Job

ROOT = environment.ROOT
#: No colon and no semicolon: the first separates paths, the second cocotb's libraries.
STRANGE = "a b'c\"d $x ü(1)%&#!"
#: Variables of all commands, which may be set for this suite.
OURS = {name for target in make.TARGETS.values() for name in target.variables()}
OURS |= {"VENV", "MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MACRAME_REPLAY", "MACRAME_GIVEN", "MACRAME_GOALS"}


def clean(**more):
    """This process's environment without the variables of the commands."""
    return {**{name: value for name, value in os.environ.items() if name not in OURS}, **more}


def matrices(folder):
    """Two small matrices in files, and the product."""
    rng = np.random.default_rng(1)
    a, w = (rng.integers(-128, 128, shape, dtype=np.int8) for shape in ((3, 5), (5, 2)))
    np.save(folder / "a.npy", a)
    np.save(folder / "w.npy", w)
    return gemm(a, w)


@pytest.fixture
def copy(tmp_path):
    """The project in a folder with a strange name, its virtual environment reached by that name."""
    folder = tmp_path / STRANGE
    ignored = shutil.ignore_patterns(".git", ".venv", "build", "__pycache__", ".*_cache", ".hypothesis")
    shutil.copytree(ROOT, folder, ignore=ignored, symlinks=True)
    (folder / ".venv").symlink_to(sys.prefix)
    return folder


# --- any path, any shell ------------------------------------------------------------------------------------


@pytest.mark.parametrize("simulator", ["icarus", pytest.param("verilator", marks=pytest.mark.nightly)])
def test_make_gemm_at_any_path_and_in_any_shell(copy, tmp_path, simulator):
    """Through make, in a checkout and with a build folder under strange names, after a hostile .profile."""
    if simulator == "verilator" and not shutil.which("g++"):
        pytest.skip(f"g++ is not on PATH: {environment.apt('g++')}")
    expected = matrices(copy)
    build = tmp_path / f"build {STRANGE}"
    for kept in (environment.build_dir() / "sim" / "verilator").glob("runtime-*"):  # half a minute's work
        if kept.is_dir():
            shutil.copytree(kept, build / "sim" / "verilator" / kept.name)
    (tmp_path / "modules").mkdir()
    for name in ("numpy", "json", "sitecustomize", "sim"):
        (tmp_path / "modules" / f"{name}.py").write_text("raise ImportError('not this one')\n")
    (copy / "matplotlibrc").write_text("backend: no such backend\n")
    hostile = {
        "PYTHONPATH": str(tmp_path / "modules"),
        "PYTHONHOME": "/no/such/folder",
        "PYTHONSAFEPATH": "1",
        "PYTHONOPTIMIZE": "2",
        "PYTHONINSPECT": "1",
        "PYTHONWARNINGS": "error",
        "MPLBACKEND": "module://no_such_module",
        "TMPDIR": "/no/such/folder",
        "HOME": "/no/such/folder",
        "LC_ALL": "C",
        "CDPATH": "/:/tmp",
        "VERILATOR_ROOT": "/no/such/folder",
        "CXXFLAGS": "--no-such-option",
        "CPPFLAGS": "--no-such-option",
        "COCOTB_TEST_FILTER": "none",
    }
    done = subprocess.run(
        ["make", "--no-print-directory", "gemm", "A=a.npy", "W=w.npy", "OUT=c.npy"]
        + ["ROWS=2", "COLS=1", f"SIM={simulator}", f"BUILD_DIR={build}"],
        cwd=copy,
        env=clean(**hostile),
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        **environment.limited(300),
    )
    assert done.returncode == 0, done.stderr
    np.testing.assert_array_equal(np.load(copy / "c.npy"), expected)
    assert (build / "runs" / simulator / "make-gemm" / "sim.log").exists()
    assert not (copy / "build").exists()


@pytest.mark.thorough
def test_make_synth_in_any_locale():
    """Whose encoding is not that of the sources."""
    done = subprocess.run(
        ["make", "--no-print-directory", "synth"] + ["TARGET=xilinx", "UNIT=requantize"],
        cwd=ROOT,
        env=clean(
            LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0", BUILD_DIR=str(environment.build_dir())
        ),
        capture_output=True,
        text=True,
        **environment.limited(300),
    )
    assert done.returncode == 0, done.stderr
    assert "| requantize |" in done.stdout


def test_a_checkout_behind_a_link(tmp_path):
    expected = matrices(tmp_path)
    (tmp_path / "link").symlink_to(ROOT)
    done = subprocess.run(
        ["make", "--no-print-directory", "gemm"]
        + [f"{name}={tmp_path}/{name.lower()}.npy" for name in "AW"]
        + [f"OUT={tmp_path}/c.npy", "ROWS=2", "COLS=1"],
        cwd=tmp_path / "link",
        env=clean(PWD=str(tmp_path / "link")),
        capture_output=True,
        text=True,
        **environment.limited(120),
    )
    assert done.returncode == 0, done.stderr
    np.testing.assert_array_equal(np.load(tmp_path / "c.npy"), expected)


@pytest.mark.sampled(2)
@pytest.mark.parametrize("name", ["short", "t" * 120, STRANGE, "."])
def test_any_folder_for_temporary_files(tmp_path, name):
    """A socket's path has at most 107 bytes, and Verilog reads the folder's name from a plusarg.

    The folder is in one with a short name: pytest's own may already be too long for a socket.
    """
    with tempfile.TemporaryDirectory(prefix="m") as short:
        (Path(short) / name).mkdir(exist_ok=True)
        multiply_in(tmp_path, name if name == "." else str(Path(short) / name))


def multiply_in(tmp_path, temporary):
    """A product with a folder for temporary files."""
    expected = matrices(tmp_path)
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "macrame",
            "gemm",
            "a.npy",
            "w.npy",
            "--out",
            "c.npy",
            "--rows",
            "2",
            "--cols",
            "1",
        ],
        cwd=tmp_path,
        env=clean(PYTHONPATH=str(ROOT), TMPDIR=temporary),
        capture_output=True,
        text=True,
        **environment.limited(120),
    )
    assert done.returncode == 0, done.stderr
    np.testing.assert_array_equal(np.load(tmp_path / "c.npy"), expected)


FIGURE = """
import sys
import numpy as np
from macrame.golden.nn import batches
from macrame.homework.plots.batches import batches_figure
from macrame.homework.plots.curves import Mark, Panel, activations_figure, curves_figure
from macrame.homework.plots.formats import grids_figure
from macrame.homework.plots.graph import Node, Step, graph_figure
from macrame.homework.plots.labels import confusion_figure, misclassified_figure
from macrame.homework.plots.quantizer import quantizer_figure
panel = Panel("t", "x", "y", [("a", [1, 2], [3, 4])], log="y", marks=[Mark("m", 1), Mark("n", 2, 4)])
x, bits = np.ones(2, np.float32), np.array([0x40490FDB], np.uint32)
labels = np.arange(2), np.array([1, 1])
for figure in (
    activations_figure(),
    curves_figure("t", [panel]),
    graph_figure("t", [Step(Node("x", "", x, x, (1,))), Step(Node("y", "f(x)", x), (Node("w", "", x),))], ""),
    batches_figure(batches.solve(epochs=4, samples=10, batch_size=3)),
    quantizer_figure(x, np.full(2, 127, np.int8), 1 / 127),
    grids_figure(bits, np.array([0x4049], np.uint16), np.array([0x4049], np.uint16)),
    misclassified_figure("t", np.linspace(0, 1, 128).reshape(2, 64), *labels),
    confusion_figure("t", *labels, 2),
):
    for content in figure.values():
        sys.stdout.buffer.write(content)
"""


@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    "env",
    [
        {"MPLBACKEND": "module://matplotlib_inline.backend_inline"},
        {"MPLBACKEND": "TkAgg"},
        {"MATPLOTLIBRC": "/no/such/file"},
        {"MPLCONFIGDIR": "/proc/none"},
        {"HOME": "/proc/none"},
        {"HOME": None},
        {},
    ],
    ids=lambda env: "=".join(map(str, *env.items())) if env else "matplotlibrc",
)
def test_figures_are_the_same_bytes_in_any_environment(tmp_path, env):
    """A notebook exports its backend, and Matplotlib reads a matplotlibrc in the current folder."""

    if not env:
        (tmp_path / "matplotlibrc").write_text("font.size: 22\naxes.facecolor: red\nbackend: TkAgg\n")
    assert _drawn(tmp_path, **env) == _plain()


def _drawn(folder, **more):
    kept = {k: v for k, v in {**os.environ, "PYTHONPATH": str(ROOT), **more}.items() if v is not None}
    done = subprocess.run([sys.executable, "-c", FIGURE], cwd=folder, env=kept, capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout


@functools.cache
def _plain():
    plain = _drawn(ROOT)
    assert len(plain) > 10000
    return plain


def test_nextpnr_in_a_folder_below_tmp():
    """It is WebAssembly with its own /tmp, where it once failed to open its input."""
    folder = Path(subprocess.check_output(["mktemp", "-d", "/tmp/macrame test.XXXXXX"], text=True).strip())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flow, "BUILD", folder)
        patch.setenv("YOWASP_MOUNT", "/nothing=/proc")
        try:
            found = flow.synthesise("ice40", Job("ice40", "array", 1, 1, 2).of_flow())
            assert 20 < flow.place(found, 1, "heap") < 200
        finally:
            shutil.rmtree(folder)


def test_nextpnr_without_a_home(tmp_path, monkeypatch):
    monkeypatch.setattr(tools, "CACHE", tmp_path / "yowasp")
    monkeypatch.delenv("YOWASP_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert tools.tool_environment()["YOWASP_CACHE_DIR"] == str(tmp_path / "cache" / "YoWASP")
    assert list((tmp_path / "cache" / "YoWASP").iterdir()) == []
    monkeypatch.setenv("XDG_CACHE_HOME", "/proc/none")
    assert tools.tool_environment()["YOWASP_CACHE_DIR"] == str(tmp_path / "yowasp")


# --- the build folder ---------------------------------------------------------------------------------------

#: Targets that take a second or more to start.
TARGETS = ("sim", "train", "gemm", "bench", "waves", "synth", "gates")
#: How make runs one.
RUN = (sys.executable, "-m", "macrame.cli.make", "run")


@pytest.mark.parametrize("target", [*TARGETS, "bitstream", "exhaustive", "lint", "docs", "test"])
@pytest.mark.parametrize(
    ("variable", "said"),
    [
        (
            "BUILD_DIR=/proc/none",
            "not writable (No such file or directory), expected a writable directory",
        ),
        ("BUILD_DIR={}/file", "not writable (File exists), expected a writable directory"),
        ("TIME_FACTOR=0", "expected a positive number"),
        ("TIME_FACTOR=fast", "expected a positive number"),
    ],
)
def test_a_bad_variable_is_refused_in_one_line_before_any_work(tmp_path, target, variable, said):
    (tmp_path / "file").touch()
    name, value = variable.format(tmp_path).split("=")
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *RUN[1:], target],
        cwd=ROOT,
        env=clean(**{name: value}),
        capture_output=True,
        text=True,
    )
    lines = [line for line in done.stderr.splitlines() if not line.startswith("import time:")]
    assert (done.returncode, done.stdout, len(lines)) == (2, "", 1)
    assert lines[0].startswith(f"{target}: {name}={value}: {said}")
    assert not re.search(
        r"\b(numpy|cocotb|matplotlib|pyosys)$", done.stderr, re.MULTILINE
    )  # nothing slow was imported


@pytest.mark.parametrize("verb", ["homework", "train", "gemm", "waves"])
def test_a_bad_build_folder_is_one_line_without_make_too(tmp_path, verb):
    done = subprocess.run(
        [sys.executable, "-m", "macrame", verb, "--build-dir", "/proc/none"],
        cwd=tmp_path,
        env=clean(PYTHONPATH=str(ROOT)),
        capture_output=True,
        text=True,
    )
    assert done.stderr.startswith(f"macrame {verb}: --build-dir /proc/none: not writable")
    assert done.stderr.count("\n") == 1
    assert (done.returncode, done.stdout) == (2, "")


def test_a_relative_build_folder_starts_at_the_caller(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BUILD_DIR", "mine")
    assert environment.build_dir() == tmp_path / "mine"
    monkeypatch.setenv("BUILD_DIR", "")
    assert environment.build_dir() == ROOT / "build"


def test_a_path_of_a_message_is_right_from_where_it_is_read(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    assert environment.shown(ROOT / "build" / "x.bin") == "build/x.bin"
    monkeypatch.chdir(tmp_path)
    assert environment.shown(ROOT / "build" / "x.bin") == str(ROOT / "build" / "x.bin")
    assert environment.shown(tmp_path / "y") == "y"
    assert environment.shown(ROOT / "build" / "x.bin", ROOT) == "build/x.bin"


def test_an_option_of_a_hint_is_one_that_can_be_typed(monkeypatch):
    for replay, sim, waves in (
        ("macrame gemm a.npy --seed {seed}", "--post-lanes 4", "--waves"),
        ("make gemm A=a.npy SEED={seed}", "POST_LANES=4", "WAVES=1"),
        ("", "POST_LANES=4", "WAVES=1"),
    ):
        monkeypatch.setenv("MACRAME_REPLAY", replay)
        assert environment.typed("POST_LANES", 4) == sim
        assert environment.typed("WAVES", True) == waves


def test_only_a_new_build_folder_is_marked_as_ours(tmp_path):
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "file").touch()
    for name in ("old", "new"):
        environment.writable(tmp_path / name)
    assert [path.name for path in (tmp_path / "old").iterdir()] == ["file"]
    assert [path.name for path in (tmp_path / "new").iterdir()] == [environment.MARKER]
    assert environment.MARKER in (ROOT / "Makefile").read_text()
    assert environment.MARKER in (ROOT / "tools" / "bootstrap").read_text()


def test_make_hides_from_python_what_would_change_it():
    """The same names in tools/run and in the bootstrap."""
    hidden = [
        set(re.findall(r"PYTHON\w+", " ".join(re.findall(r"^unset (.*)$", text, re.MULTILINE))))
        for text in ((ROOT / "tools" / name).read_text() for name in ("run", "bootstrap"))
    ]
    assert hidden[0] == hidden[1]
    assert len(hidden[0]) > 10


def test_bytecode_is_kept_where_the_user_wants_none_next_to_the_sources(copy):
    kept = Path(sys.prefix).resolve() / "bytecode" / str(copy).lstrip("/")
    other = copy.parent / "other"
    for given, folder in (({}, kept), ({"PYTHONPYCACHEPREFIX": str(other)}, None)):
        environ = clean(PYTHONDONTWRITEBYTECODE="1", **given)
        if not given:
            environ.pop("PYTHONPYCACHEPREFIX", None)  # of the suite's own run
        ended = subprocess.run(["tools/run", "gemm"], cwd=copy, env=environ, capture_output=True, text=True)
        assert (ended.returncode, "A is not given" in ended.stderr) == (2, True), ended.stderr
        assert not list(copy.rglob("*.pyc"))
        assert not other.exists()
        if folder:
            assert list(folder.glob("macrame/cli/gemm.*.pyc"))
            shutil.rmtree(folder)
    assert not kept.exists()


# --- interrupts ---------------------------------------------------------------------------------------------


def interrupted(folder, target, delay, **variables):
    """Start a command as make does, and interrupt it: its status, and what it said."""
    process = subprocess.Popen(
        ["env", "--block-signal=INT", *RUN, target],
        cwd=ROOT,
        env=clean(BUILD_DIR=str(folder / "build"), TMPDIR=str(folder), **variables),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # a suite in a shell's background ignores interrupts, and so would what it starts
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    try:
        while not Path(f"/proc/{process.pid}/cmdline").read_bytes().startswith(os.fsencode(sys.executable)):
            time.sleep(0.001)  # until env has become Python
        time.sleep(delay)
        if process.poll() == 0:  # a quick machine: it is over
            return None, ""
        assert process.poll() is None, process.stderr.read()
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=environment.limit(30))  # a second, where nothing else runs
    finally:
        process.kill()
    return process.returncode, said


def left(folder):
    """Processes that work in a folder or below it."""
    found = []
    for link in Path("/proc").glob("[0-9]*/cwd"):
        try:
            if link.readlink().is_relative_to(folder):
                found.append((link.parent / "cmdline").read_bytes())
        except OSError:
            pass
    return found


@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    "delay", [0, 0.4, 1.5, *(pytest.param(d, marks=pytest.mark.nightly) for d in (0.05, 0.1, 0.2, 0.8))]
)
@pytest.mark.parametrize("target", [*TARGETS, "exhaustive"])
def test_an_interrupt_is_one_line_from_the_start(tmp_path, target, delay):
    """Before Python starts, during imports, while a core is compiled or simulated."""
    for name in ("a", "w"):
        np.save(tmp_path / f"{name}.npy", np.ones((1000, 1000), np.int8))
    given = {"A": f"{tmp_path}/a.npy", "W": f"{tmp_path}/w.npy", "OUT": f"{tmp_path}/c.npy"}
    status, said = None, ""
    while not status:  # it was over, or about to be
        status, said = interrupted(tmp_path, target, delay, **(given if target == "gemm" else {}))
        assert status or delay > 0.01, "the interrupt had no effect"
        delay /= 2
    assert status == 130
    lines = [
        line
        for line in said.splitlines()
        if not re.match(r"\[ *\d+ s\]|gemm: compiling|gemm: about|gemm: [\d,]+ of", line)
    ]
    (line,) = filter(None, lines)
    assert re.fullmatch(r"\w+: interrupted", line)
    assert not left(tmp_path)
    assert not list(tmp_path.glob("macrame-*"))


def test_an_interrupt_within_exec_ends_with_its_status(tmp_path):
    """Python would kill itself by a signal then, which is another status."""
    program = (
        "from macrame.cli import command, signals\n"
        "import types\n"
        "def run(values, words):\n"
        "    exec('raise KeyboardInterrupt')\n"
        "command.load = lambda verb: types.SimpleNamespace(run=run, OPTIONS=())\n"
        "signals.starting()\n"
        "signals.leave(command.call('gemm', {}, [], str, 'gemm'))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=clean(), capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (130, "gemm: interrupted\n")


# --- make test ----------------------------------------------------------------------------------------------


@pytest.mark.sampled(4)
@pytest.mark.parametrize(("lint", "passes"), [(0, True), (1, True), (0, False), (1, False), (130, True)])
def test_the_suite_runs_whatever_lint_finds(tmp_path, monkeypatch, capfd, lint, passes):
    """Both closing lines at the end, and a status that says whether either failed; an interrupt ends it."""
    (tmp_path / "test_one.py").write_text(f"def test_one():\n    assert {passes}\n")
    tests = ["-p", "no:cacheprovider", "-c", "/dev/null", "--rootdir", str(tmp_path), str(tmp_path)]
    said = f"lint: 9 checks, {lint} failed, 1.0 s"
    program = f"print('--- a finding'); print({said!r}); raise SystemExit({lint})"
    monkeypatch.setattr(suite, "LINT", [sys.executable, "-c", program])
    monkeypatch.setattr(
        suite, "pytest_command", lambda values, nightly: [sys.executable, "-m", "pytest", *tests]
    )
    status = suite.main({})
    lines = capfd.readouterr().out.splitlines()
    if lint == 130:
        assert (status, lines[-1]) == (130, said)
        return
    assert status == (0 if passes and not lint else 1)
    assert f"1 {'passed' if passes else 'failed'} in " in lines[-2]
    assert lines[-1] == said
    assert lines.index("--- a finding") < lines.index(lines[-2])


def test_missing_packages_of_the_suite_are_one_line(tmp_path):
    """After `make sim` alone, which installs nothing for the tests."""
    names = ("__init__", "environment", "errors", "paths")
    for name in ("tests/conftest.py", "pyproject.toml", *(f"macrame/{name}.py" for name in names)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "requirements-test.txt").write_text("# comment\n-r requirements.txt\nno.such_package==1.0\n")
    (tmp_path / "requirements.txt").write_text("pytest==9\nno-such-package-either==1.0\n")
    (tmp_path / "tests" / "test_one.py").write_text("import no_such_package\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "tests/test_one.py"], cwd=tmp_path, capture_output=True, text=True
    )
    said = "no-such-package-either and 1 more of the suite's packages are not installed: tools/bootstrap test"
    assert (done.returncode, done.stderr.strip()) == (4, f"ERROR: {said}")
