# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""`make test`: the tests that TESTS= selects, and the output for a failing one."""

import json
import os
import re
import subprocess
import sys

import pytest

from macrame.cli import main
from macrame.dev import suite
from macrame.errors import InputError
from macrame.paths import ROOT
from macrame.sim import simulate
from tb.lib import catalogue
from tests import selection
from tests.cases import BENCHES, ELSEWHERE


class Recorder:
    """A plugin that records the ids of the tests to run."""

    def pytest_collection_finish(self, session):
        self.ids = [item.nodeid for item in session.items]


def collected(*words):
    """Ids of the tests that pytest would run; collected in this process, whose modules are loaded."""
    recorder = Recorder()
    status = pytest.main(["--collect-only", "-q", "-p", "no:cacheprovider", *words], plugins=[recorder])
    assert status == pytest.ExitCode.OK
    return recorder.ids


def benches(*words):
    """Names of the cases that test_benches.py would run."""
    found = collected("--tests", " ".join(words))
    return [line.split("seed1-")[1].rstrip("]") for line in found if line.startswith("tests/test_benches.py")]


def test_a_bench_is_named_exactly():
    found = benches("mac_array")
    assert len(found) > 5
    assert all(name.startswith("mac_array/") for name in found)


def test_patterns_and_several_words():
    found = benches("mac_array*", "fifo/4x8")
    assert "fifo/4x8" in found
    assert {name.split("/")[0] for name in found} == {
        "mac_array",
        "mac_array_all_pairs",
        "mac_array_ice40",
        "fifo",
    }
    assert len([name for name in found if name.startswith("fifo")]) == 1


def test_a_name_may_also_be_that_of_a_directory(tmp_path, monkeypatch):
    """As a separate word, pytest would take docs for the directory and collect its tests."""
    monkeypatch.setenv("BUILD_DIR", str(tmp_path))
    command = [*suite.pytest_command({"TESTS": "docs", "JOBS": "0"}), "--collect-only", "-q"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    files = {line.split("::")[0] for line in done.stdout.splitlines() if "::" in line}
    assert files == {"tests/test_docs.py"}


def test_a_bench_and_a_file_of_one_name_both_run():
    files = [line.split("::")[0] for line in collected("--tests", "requantize")]
    assert set(files) == {"tests/test_benches.py", "tests/test_requantize.py"}
    assert files.count("tests/test_benches.py") == 1


def test_a_folder_is_all_of_its_files_and_each_has_a_name():
    folder = selection.FOLDER / "homework"
    assert {line.split("::")[0] for line in collected("--tests", "homework")} == {
        f"tests/homework/{path.name}" for path in folder.glob("test_*.py")
    }
    found = collected("--tests", "homework/p3 'homework/p[89]'")
    assert {line.split("::")[0] for line in found} == {f"tests/homework/test_p{n}.py" for n in (3, 8, 9)}


@pytest.mark.parametrize("bench", ELSEWHERE)
def test_a_bench_is_found_where_it_runs(bench):
    found = collected("--tests", bench)
    assert found
    assert all(line.startswith(f"tests/{ELSEWHERE[bench]}::") and f"{bench}/" in line for line in found)


def test_a_nightly_test_runs_when_named_in_full():
    assert benches("mac_array/32x32x1") == ["mac_array/32x32x1"]
    assert benches("mac_array_largest") == ["mac_array_largest/32x32x8"]
    assert "mac_array/32x32x1" not in benches("mac_array/*")


def test_an_expression_goes_to_pytest():
    assert selection.read("stalls and not bf16") == selection.Selection(keyword="stalls and not bf16")
    assert selection.read("rounding-away-takes-ties-up").keyword == "rounding-away-takes-ties-up"
    with pytest.raises(pytest.UsageError, match="^TESTS=fifo and: not an expression for -k, "):
        selection.read("fifo and")


def test_paths_and_ids():
    words = "tests/test_link.py tests/../tests/test_benches.py::test_bench[seed1-fifo/4x8] fifo"
    found = selection.read(words)
    assert found.names == ("fifo",)
    assert found.paths == ("tests/test_link.py", "tests/test_benches.py::test_bench[seed1-fifo/4x8]")
    ids = collected("--tests", "skid/67 tests/test_link.py::test_stall_values")
    assert ids == [
        "tests/test_link.py::test_stall_values",
        "tests/test_benches.py::test_bench[seed1-skid/67]",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("fifo skdi", "skdi: expected benches"),
        ("fifo*x", "expected benches"),
        ("fifo,skid", "expected benches"),
        ("tests/test_nothing.py", "expected benches"),
        ("rtl/stream", None),  # looks like part of a name, but is not: pytest finds nothing
        ("../outside.py", "expected benches"),
        ("fifo 'skid", "No closing quotation"),
    ],
)
def test_what_is_the_name_of_nothing_is_refused(text, said):
    if said is None:
        assert selection.read(text).keyword == text
        return
    with pytest.raises(pytest.UsageError) as refused:
        selection.read(text)
    assert str(refused.value).startswith(f"TESTS={text}: {said}")


def test_only_the_whole_suite_is_quick():
    """`make test` leaves the thorough tests out; where TESTS= selects them, and at night, they run."""

    def quick(nightly=False, **values):
        return "--quick" in suite.pytest_command(values, nightly)

    assert quick()
    assert quick(SHARD="1/3", SIM="verilator")
    assert not quick(TESTS="faults")
    assert not quick(nightly=True)
    words = ["--tests", "faults gemm"]
    whole, short = collected(*words), collected(*words, "--quick")
    assert set(short) < set(whole)
    injected = [[line for line in lines if "::test_fault[" in line] for lines in (whole, short)]
    assert len(injected[0]) / 24 < len(injected[1]) < len(injected[0]) / 6
    assert "tests/test_benches.py::test_bench[seed1-gemm/16x16x1]" in set(whole) - set(short)


def test_a_quick_run_has_the_first_of_each_sampled_test():
    """Of eight cases marked sampled(4), the first and the fifth; selected by ID, each runs."""
    words = ["tests/test_gemm_cli.py", "-k", "test_bf16["]
    whole, short = collected(*words), collected(*words, "--quick")
    assert len(whole) == 8
    assert short == [whole[0], whole[4]]
    assert collected(whole[1], "--quick") == [whole[1]]


def test_a_quick_run_is_replayed_as_one(monkeypatch):
    """With the same share of the random vectors, or it would play others."""
    found = {}
    monkeypatch.setattr(simulate, "run", lambda name, **options: found.update(options))
    catalogue.run("requantize", seed=3, quick=True)
    assert "+quick" in found["plusargs"]
    assert found["replay"].startswith("SEED=3 ")
    assert found["replay"].endswith(" --quick")


def test_every_bench_runs_somewhere():
    """By the whole suite, nightly included: each case once, and by the name of its bench."""
    ids = collected("--nightly", "--tests", " ".join(BENCHES))
    assert len(ids) == len(set(ids))
    for bench in BENCHES:
        here = f"tests/{ELSEWHERE.get(bench, 'test_benches.py')}::"
        assert [line for line in ids if line.startswith(here) and f"-{bench}" in line], bench


def make(*words):
    """``make test`` with these variables, and none of an outer make."""
    command = ["make", "--no-print-directory", "test", *words]
    env = {
        name: value
        for name, value in os.environ.items()
        if name not in ("MAKEFLAGS", "TESTS", "SHARD", "MACRAME_GIVEN")
    }
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)


def test_make_passes_the_words():
    """Quotes, stars and brackets reach pytest as they are."""
    done = make("JOBS=0", "TESTS='skid/[0-9]' tests/test_link.py::test_stall_values")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout


def test_make_says_in_one_line_what_it_does_not_know():
    done = make("TESTS=fifo skdi")
    assert done.returncode == 2
    assert done.stderr.splitlines()[0].startswith(
        "test: TESTS=fifo skdi: skdi: expected benches, cases, files or tests"
    )


# --- SHARD --------------------------------------------------------------------------------------------------


@pytest.mark.sampled(2)
@pytest.mark.parametrize("nightly", [False, True])
def test_the_parts_are_the_suite(nightly):
    """Each test in exactly one of three parts, by the options that make test gives."""
    words = ["--tests", "mac_array fifo cycles faults project environment wheel", "--seeds", "2"]
    words += ["--nightly"] * nightly
    whole = collected(*words)
    parts = [collected(*words, *suite.shard_options(f"{part}/3")) for part in (1, 2, 3)]
    assert len(whole) == len(set(whole)) > 300
    assert sorted(sum(parts, [])) == sorted(whole)
    assert max(map(len, parts)) - min(map(len, parts)) < len(whole) / 10


def test_one_part_of_one_is_the_suite():
    assert collected("--tests", "fifo", *suite.shard_options("1/1")) == collected("--tests", "fifo")


def test_the_longest_tests_are_apart():
    """Those whose time is stored exist, and three parts share it evenly."""
    times = json.loads(suite.DURATIONS.read_text())
    files = " ".join({name.split("::")[0] for name in times})
    parts = [collected("--tests", files, *suite.shard_options(f"{part}/3")) for part in (1, 2, 3)]
    assert set(times) <= set(sum(parts, []))
    sums = [sum(times.get(name, 0) for name in part) for part in parts]
    assert max(sums) < 1.15 * min(sums)


@pytest.mark.parametrize(
    "text", ["0/3", "4/3", "3", "1/0", "1/3/2", "-1/3", "1 / 3", "a/b", "1/3x", "1/²", "/"]
)
def test_a_bad_part_is_refused_before_anything_runs(text, monkeypatch, capfd):
    monkeypatch.setattr(suite.subprocess, "run", None)
    monkeypatch.setattr(suite, "lint", None)
    with pytest.raises(InputError) as refused:
        suite.main({"SHARD": text})
    said = "expected i/n, the i-th of n parts, such as 1/3, 2/3 or 3/3"
    assert str(refused.value) == f"SHARD={text}: {said}"
    assert main.main(["test", f"--shard={text}"]) == 2
    assert capfd.readouterr() == ("", f"macrame test: --shard {text}: {said}\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--jobs", "-1"], "--jobs -1: expected an integer from 0 to 1024"),
        (["--seeds", "0"], "--seeds 0: expected an integer from 1 to 1000000"),
        (["--seed", "x"], "--seed x: expected an integer from 0 to 2147483647"),
        (["--sim", "foo"], "--sim foo: expected one of icarus, verilator"),
        (["nightlyy"], "nightlyy: expected nightly, or nothing"),
        (["nightly", "nightly"], "nightly nightly: expected nightly, or nothing"),
    ],
)
def test_bad_input_is_refused_before_anything_runs(words, said, monkeypatch, capfd):
    """Lint takes minutes."""
    monkeypatch.setenv("SIM", os.environ.get("SIM", ""))  # the command line sets it
    monkeypatch.setattr(suite.subprocess, "run", None)
    monkeypatch.setattr(suite, "lint", None)
    assert main.main(["test", *words]) == 2
    assert capfd.readouterr() == ("", f"macrame test: {said}\n")


@pytest.mark.thorough
def test_make_runs_a_part_without_lint():
    done = make("JOBS=2", "TESTS=tests/test_link.py::test_stall_values skid/[0-9]", "SHARD=2/2")
    assert done.returncode == 0, done.stdout + done.stderr
    said = done.stdout.splitlines()
    assert "part 2 of 2 of the suite, without lint" in said
    assert "= 1 passed" in said[-1]
    done = make("SHARD=3/2")
    assert done.returncode == 2
    assert done.stderr.splitlines()[0].startswith("test: SHARD=3/2: expected i/n")


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["TESTS=skid/[0-9]", "SHARD=9/9"],
            "test: TESTS=skid/[0-9]: part 9 of 9 has no test, expected fewer parts",
        ),
        (
            ["TESTS=unheard"],
            "test: TESTS=unheard: selects no test, expected benches, cases or files of tests/",
        ),
    ],
    ids=["part", "all"],  # or -k would find this test by its name
)
def test_make_says_why_no_test_ran(words, said):
    done = make("JOBS=0", *words)
    assert done.returncode == 2
    assert done.stderr.splitlines()[0].startswith(said)


def test_each_run_of_a_job_has_its_report():
    def report(**values):
        return next(word for word in suite.pytest_command(values) if word.startswith("--junitxml="))

    runs = [{}, {"SIM": "verilator"}, {"SHARD": "1/2"}, {"SIM": "verilator", "SHARD": "1/2"}]
    assert len({report(**values) for values in runs}) == len(runs)
    assert report(SIM="icarus") == report()


# --- what a failure shows -----------------------------------------------------------------------------------

FAILING = """
from macrame.sim import simulate

def run(bench):
    \"\"\"Lines that explain nothing.\"\"\"
    raise simulate.Failed("test", "fifo/4x8: 1 of 10 tests failed\\n  replay  SEED=1 pytest ...", ".")

def test_bench():
    run("fifo")

def test_other():
    assert run, "an assertion of the test's own"
    assert not run
"""


def failure(tmp_path, *words):
    """What pytest prints of a failed simulation, in a file that the suite's own conftest.py serves."""
    (tmp_path / "test_failing.py").write_text(FAILING)
    config = ["-p", "tests.conftest", "-p", "no:cacheprovider", "-c", ROOT / "pyproject.toml"]
    command = [sys.executable, "-m", "pytest", *config, *words, tmp_path / "test_failing.py"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout


def test_a_failed_simulation_shows_its_message_alone(tmp_path):
    said = failure(tmp_path)
    assert "\nfifo/4x8: 1 of 10 tests failed\n  replay  SEED=1 pytest ...\n" in said
    assert re.search(r"^  test    \S*test_failing\.py:6$", said, re.MULTILINE)
    assert "Lines that explain nothing" not in said
    assert "raise simulate.Failed" not in said
    assert ">       assert not run" in said  # other failures show where they came from
    assert "raise simulate.Failed" in failure(tmp_path, "--tb=long")  # as does this one when asked to


def test_the_command_that_replays_a_bench_runs_it_alone(monkeypatch):
    """As the message of a failure has it: through a shell, with the seed in the environment and the id."""
    test = "tests/test_benches.py::test_bench[seed7-mac_array/3x2x3,lut]"
    monkeypatch.setenv("PYTEST_CURRENT_TEST", f"{test} (call)")
    command = simulate.replay_command(7)
    env = {name: value for name, value in os.environ.items() if name != "SEED"}
    done = subprocess.run(
        f"{command} --collect-only -q", shell=True, cwd=ROOT, env=env, capture_output=True, text=True
    )
    assert done.stdout.splitlines()[0] == test, done.stdout + done.stderr
    assert "1 test collected" in done.stdout
