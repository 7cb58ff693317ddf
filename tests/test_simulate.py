# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The wrapper of every bench: no failure may look like a success.

All known ways for a run to pass without checking anything are here: a failing test, a bench that cannot be
imported, one without tests, one that hangs, a crashing simulator, results left over from an earlier run, and
an old program run again after its parameters or its source changed.
"""

import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest

from macrame import environment, paths
from macrame.sim import simulate, simulators

DUT = """
module dut #(parameter integer WIDTH = 4) (input wire [WIDTH-1:0] a, output wire [WIDTH-1:0] y);
    assign y = ~a;
endmodule
"""

BENCH = """
import os
import cocotb
from cocotb.triggers import Timer

@cocotb.test()
async def inverts(dut):
    dut.a.value = 5
    await Timer(1, "ns")
    mask = (1 << len(dut.y)) - 1
    assert int(dut.y.value) == ~5 & mask, f"y is {dut.y.value}"
    dut._log.info(f"width {len(dut.y)} seed {cocotb.RANDOM_SEED} shell {os.environ['COCOTB_RANDOM_SEED']}")

@cocotb.test()
@cocotb.parametrize(step=[0.5, 1.5])
async def moves(dut, step):
    await Timer(step, "ns")
"""


class Project:
    """A DUT and a bench in a separate folder, under names that no other test uses."""

    def __init__(self, folder, name, monkeypatch):
        self.folder, self.name = folder, name
        self.dut = folder / "dut.v"
        self.dut.write_text(DUT)
        self.bench(BENCH)
        monkeypatch.syspath_prepend(folder)

    def bench(self, text):
        (self.folder / f"{self.name}.py").write_text(text)

    def run(self, **options):
        return simulate.run(
            f"meta/{self.name}",
            toplevel="dut",
            module=self.name,
            sources=[self.dut],
            **{"timeout": 60, "seed": 3, **options},
        )

    def fails(self, **options):
        with pytest.raises(simulate.Failed) as caught:
            self.run(**options)
        return caught.value


@pytest.fixture
def project(tmp_path, request, monkeypatch):
    return Project(tmp_path, f"bench_{request.node.name.split('[')[0]}", monkeypatch)


def test_pass(project):
    result = project.run()
    tests = ("inverts", "moves/step=0.5", "moves/step=1.5")
    assert result.passed == tuple(f"{project.name}.{t}" for t in tests)
    assert result.seed == 3
    assert result.waves is None
    assert "shell 3" in result.log.read_text()


def test_failing_test(project, request):
    project.dut.write_text(DUT.replace("~a", "a"))
    failed = project.fails(seed=77)
    assert failed.kind == "test"
    assert [f.test for f in failed.failures] == [f"{project.name}.inverts"]
    assert failed.failures[0].type == "AssertionError"
    said = str(failed)
    assert "y is 0101" in said
    assert "1 of 3 tests failed" in said
    sim = f"SIM={os.environ['SIM']} " if os.environ.get("SIM") else ""
    node = re.escape(request.node.nodeid)
    assert re.search(rf"replay  SEED=77 {sim}\S*python\S* -m pytest '?{node}'?\n", said)
    waves = failed.work_dir / "waves" / f"dut.{simulate.SIMULATORS[simulate.simulator()].waves}"
    assert waves.stat().st_size > 100
    assert environment.shown(waves) in said


def test_a_failure_is_shown_without_our_own_source(project):
    project.dut.write_text(DUT.replace("~a", "a"))
    with pytest.raises(simulate.Failed) as caught:
        project.run()
    ours = [entry for entry in caught.traceback if entry.path.parent == Path(simulate.__file__).parent]
    assert ours
    assert all(
        entry.ishidden(caught) for entry in ours
    )  # otherwise pytest prints each, including the docstring


def test_failing_test_without_waves(project):
    project.dut.write_text(DUT.replace("~a", "a"))
    assert not (project.fails(waves=False).work_dir / "waves").exists()


def test_waves_on_request(project):
    assert project.run(waves=True).waves.stat().st_size > 100


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("text", "kind", "says"),
    [
        ("import no_such_module", "crash", "No module named 'no_such_module'"),
        ("", "crash", "No tests were discovered"),
        ("import cocotb\n@cocotb.test(skip=True)\nasync def t(dut): pass", "none-run", "no test ran"),
        (
            "import cocotb, os\n@cocotb.test()\nasync def t(dut): os.kill(os.getpid(), 9)",
            "crash",
            "status -9",
        ),
        ("import cocotb, os\n@cocotb.test()\nasync def t(dut): os._exit(0)", "crash", "no results"),
        ("import cocotb\n@cocotb.test()\nasync def t(dut): raise KeyError('k')", "test", "KeyError"),
    ],
    ids=["import", "empty", "skipped", "killed", "exit-0", "exception"],
)
def test_bench_that_checks_nothing(project, text, kind, says):
    project.bench(text)
    failed = project.fails(waves=False)
    assert failed.kind == kind
    assert says in str(failed)


def running_in(folder):
    """Processes whose working directory is `folder` or was in it."""
    found = []
    for link in Path("/proc").glob("[0-9]*/cwd"):
        with contextlib.suppress(OSError):
            if link.readlink().is_relative_to(folder):
                found.append(link.parent.name)
    return found


@pytest.mark.parametrize(
    "text",
    [
        "import cocotb\n@cocotb.test()\nasync def t(dut):\n    while True: pass",
        (
            "from cocotb import test, triggers\n@test()\nasync def t(dut):\n"
            "    while True: await triggers.Timer(1)"
        ),
    ],
    ids=["no-time-passes", "time-passes"],
)
def test_hang(project, text):
    project.bench(text)
    failed = project.fails(timeout=3)
    assert failed.kind == "timeout"
    assert "not finished after 3 s of CPU time; TIME_FACTOR=2 doubles the limit" in str(failed)
    assert not running_in(failed.work_dir)


SLEEP = "import cocotb, time\n@cocotb.test()\nasync def t(dut):\n    time.sleep({})"


@pytest.mark.thorough
def test_waiting_is_not_working(project):
    """A process that waits uses no CPU time."""
    project.bench(SLEEP.format(4))
    assert project.run(timeout=3).seconds > 4


@pytest.mark.thorough
def test_waiting_ends_too(project, monkeypatch):
    monkeypatch.setattr(environment, "WALL", 1)
    project.bench(SLEEP.format(600))
    failed = project.fails(timeout=4)
    assert failed.kind == "timeout"
    assert "not finished after 4 s; TIME_FACTOR=2 doubles the limit\n" in str(failed)
    assert not running_in(failed.work_dir)


@pytest.mark.thorough
def test_time_factor_scales_both_limits(project, monkeypatch):
    monkeypatch.setenv("TIME_FACTOR", "0.1")
    project.bench("import cocotb\n@cocotb.test()\nasync def t(dut):\n    while True: pass")
    assert "not finished after 3 s of CPU time; TIME_FACTOR=0.2 doubles the limit" in str(
        project.fails(timeout=30)
    )
    monkeypatch.setattr(environment, "WALL", 1)
    project.bench(SLEEP.format(600))
    assert "not finished after 4 s; TIME_FACTOR=0.2 doubles the limit\n" in str(project.fails(timeout=40))


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "1e30", "1000001", "four", "1,5"])
def test_a_time_factor_that_is_none(project, monkeypatch, text):
    monkeypatch.setenv("TIME_FACTOR", text)
    with pytest.raises(
        simulate.SetupError,
        match=f"^TIME_FACTOR={text}: expected a positive number up to 1,000,000, such as 4$",
    ):
        project.run()


def test_early_finish(project):
    project.dut.write_text(DUT.replace("assign", "initial #0.2 $finish; assign"))
    project.bench(
        "import cocotb\nfrom cocotb.triggers import Timer\n"
        "@cocotb.test()\nasync def t(dut): await Timer(1, 'us')"
    )
    assert project.fails(waves=False).kind in ("test", "crash")


def test_old_results_are_not_read_again(project):
    project.run()
    project.bench("import no_such_module")
    assert project.fails().kind == "crash"


def test_build_error(project):
    project.dut.write_text(DUT.replace("assign", "asign"))
    failed = project.fails()
    assert failed.kind == "build"
    assert "dut.v:3" in str(failed)


def test_other_parameters_are_another_program(project):
    for width in (4, 9, 4):
        assert f"width {width} " in project.run(parameters={"WIDTH": width}).log.read_text()


def test_other_text_of_the_same_age_is_another_program(project):
    before = project.dut.stat()
    project.run()
    project.dut.write_text(DUT.replace("~a", " a"))
    os.utime(project.dut, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert project.fails(waves=False).kind == "test"


def test_same_program_is_built_once(project):
    options = dict(toplevel="dut", sources=[project.dut], parameters={"WIDTH": 6})
    built = simulate.build(**options)
    program = next(built.glob("dut*")).stat()
    os.utime(project.dut)
    assert simulate.build(**options) == built
    assert next(built.glob("dut*")).stat().st_mtime_ns == program.st_mtime_ns


def test_testcase(project):
    assert project.run(testcase="moves").passed == tuple(f"{project.name}.moves/step={s}" for s in (0.5, 1.5))
    one = f"{project.name}.moves/step=0.5"
    assert project.run(testcase=one).passed == (one,)
    assert project.fails(testcase="move").kind in ("none-run", "crash")


def test_the_shell_does_not_win(project, monkeypatch):
    monkeypatch.setenv("COCOTB_RANDOM_SEED", "5")
    monkeypatch.setenv("COCOTB_TEST_FILTER", "moves")
    monkeypatch.setenv("COCOTB_RESULTS_FILE", "elsewhere.xml")
    result = project.run(seed=8)
    assert len(result.passed) == 3
    assert "shell 8" in result.log.read_text()


#: What a user's shell, a notebook, a module system or another build may export.
EXPORTED = {
    "PYTHONOPTIMIZE": "2",
    "PYTHONWARNINGS": "error",
    "PYTHONSAFEPATH": "1",
    "PYTEST_ADDOPTS": "--no-such-option",
    "PYTEST_PLUGINS": "no_such_plugin",
    "GPI_USERS": "no_such_library",
    "GPI_EXTRA": "no_such_library:no_such_function",
    "PYGPI_USERS": "no_such_module",
    "LIBPYTHON_LOC": "/no/such/libpython.so",
    "IVERILOG_DUMPER": "none",
    "VERILATOR_ROOT": "/no/such/folder",
    "MAKEFLAGS": "--no-such-option",
    "GNUMAKEFLAGS": "-n",
    "CPPFLAGS": "--no-such-option",
    "LDFLAGS": "--no-such-option",
    "TMPDIR": "/no/such/folder",
    "WAVES": "",
    "LC_ALL": "C",
    "HOME": "/no/such/folder",
}


#: The variables that `make test` tries: one each of Python, pytest, make and the system.
TRIED = ("PYTHONOPTIMIZE", "PYTEST_ADDOPTS", "MAKEFLAGS", "HOME")


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[] if n in TRIED else [pytest.mark.thorough]) for n in EXPORTED]
)
def test_what_a_shell_exports_changes_nothing(tmp_path, monkeypatch, name):
    """A wrong module is detected and its waves are written, whatever the variable's value."""
    project = Project(tmp_path, f"bench_exported_{name.lower()}", monkeypatch)
    monkeypatch.setattr(tempfile, "tempdir", None)  # is determined again
    monkeypatch.setenv(name, EXPORTED[name])
    project.dut.write_text(DUT.replace("~a", f"a /* {name} */"))  # compiled here
    failed = project.fails()
    assert failed.kind == "test"
    assert [f.test for f in failed.failures] == [f"{project.name}.inverts"]
    waves = failed.work_dir / "waves" / f"dut.{simulate.SIMULATORS[simulate.simulator()].waves}"
    assert waves.stat().st_size > 100


def test_waves_are_0_or_1(project, monkeypatch):
    monkeypatch.setenv("WAVES", "yes")
    with pytest.raises(simulate.SetupError, match="^WAVES=yes: expected 0 or 1$"):
        project.run()


@pytest.mark.sampled(3)
@pytest.mark.parametrize("name", ["a b", "it's", 'say "so"', "pay $HOME", "größe", "50%(1)&#~"])
def test_sources_at_any_path(tmp_path, monkeypatch, name):
    """The folder of the sources and the build folder; test_environment.py has the project's own."""
    monkeypatch.setenv("BUILD_DIR", str(tmp_path / name / "build"))
    (tmp_path / name).mkdir()
    project = Project(tmp_path / name, "bench_at_any_path", monkeypatch)
    assert len(project.run(waves=True).passed) == 3
    project.dut.write_text(DUT.replace("assign", "asign"))
    # Verilator names the column too
    assert re.search(rf"{re.escape(str(project.dut))}:3:(\d+:)? ", str(project.fails()))


@pytest.mark.parametrize("when", ["running", "starting"])
def test_an_interrupted_compiler_leaves_no_process(tmp_path, when):
    """Processes started by make end with it, immediately."""
    command = (
        "import os, signal, subprocess\n"
        "class Starting(subprocess.Popen):\n"
        "    def __init__(self, *args, **keywords):\n"
        "        super().__init__(*args, **keywords)\n"
        "        if keywords.get('start_new_session'):\n"
        "            os.kill(os.getpid(), signal.SIGINT)\n"
        "from macrame.sim import drivers, simulate\n"
        f"subprocess.Popen = {'Starting' if when == 'starting' else 'subprocess.Popen'}\n"
        "drivers.Icarus.build_command = lambda driver: [['sh', '-c', 'sleep 600; true'], []]\n"
        f"simulate.build(toplevel='dut', sources=['{tmp_path}/dut.v'])"
    )
    (tmp_path / "dut.v").write_text(DUT)
    child = subprocess.Popen(
        [sys.executable, "-c", command],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(paths.ROOT), "SIM": "icarus", "BUILD_DIR": str(tmp_path)},
        stderr=subprocess.PIPE,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    try:
        if when == "running":
            while not (links := list(tmp_path.glob("sim/icarus/dut-*/link-project"))):
                assert child.poll() is None
                time.sleep(0.05)
            while not running_in(links[0].parent):
                time.sleep(0.05)
            child.send_signal(signal.SIGINT)
        assert b"KeyboardInterrupt" in child.communicate(timeout=environment.limit(20))[1]
    finally:
        child.kill()
    assert not running_in(tmp_path / "sim")
    assert not list(tmp_path.glob("sim/icarus/dut-*/link-project"))


def test_seed_of_the_environment(project, monkeypatch):
    monkeypatch.setenv("SEED", "0x10")
    assert project.run(seed=None).seed == 16
    monkeypatch.setenv("SEED", "ten")
    with pytest.raises(simulate.SetupError, match="SEED=ten: expected an integer"):
        project.run(seed=None)


def test_two_runs_of_one_name(project):
    project.bench(BENCH + "\n@cocotb.test()\nasync def waits(dut):\n    import time; time.sleep(1)\n")
    folders = []
    threads = [threading.Thread(target=lambda: folders.append(project.run().work_dir)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(folders)) == 2


def test_launch(project):
    launch = simulate.prepare(
        f"meta/{project.name}", toplevel="dut", module=project.name, sources=[project.dut]
    )
    process = launch.start()
    assert process.wait(environment.limit(60)) == 0
    assert len(launch.check(process.returncode).passed) == 3
    process = launch.start()
    assert running_in(launch.cwd)
    simulate.stop(process)
    assert not running_in(launch.cwd)
    launch.release()


def test_unknown_simulator(project, monkeypatch):
    monkeypatch.setenv("SIM", "modelsim")
    with pytest.raises(simulate.SetupError, match="^SIM=modelsim: expected one of "):
        project.run()


def test_missing_tools(monkeypatch):
    simulate.check_tools.cache_clear()
    monkeypatch.setenv("PATH", "/nonexistent")
    tool = {"icarus": "iverilog", "verilator": "g\\+\\+"}[simulate.simulator()]
    cure = f"sudo apt-get update && sudo apt-get install {tool}"
    with pytest.raises(simulate.SetupError, match=f"^{tool} is not on PATH: {cure}$"):
        simulate.check_tools()
    monkeypatch.undo()
    monkeypatch.setattr(simulators, "_libpython", lambda: None)
    with pytest.raises(
        simulate.SetupError, match=r"^libpython3\.\d+ is not installed, .*&& sudo apt-get install libpython"
    ):
        simulate.check_tools()


def test_missing_source(project):
    project.dut.unlink()
    with pytest.raises(simulate.SetupError, match=r"dut\.v: no such Verilog source$"):
        project.run()
