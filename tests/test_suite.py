# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""TESTS= selects what it names: by exact name, by pattern, by path, and by an expression for pytest's -k."""

import os
import subprocess
import sys

import pytest

from macrame.sim.simulate import ROOT
from tests import selection
from tests.cases import BENCHES, ELSEWHERE


class Recorder:
    """A plugin that notes the ids of the tests to run."""

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


def test_a_bench_and_a_file_of_one_name_both_run():
    files = [line.split("::")[0] for line in collected("--tests", "requantize")]
    assert set(files) == {"tests/test_benches.py", "tests/test_requantize.py"}
    assert files.count("tests/test_benches.py") == 1


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
    ("text", "unknown"),
    [
        ("fifo skdi", "skdi"),
        ("fifo*x", "fifo*x"),
        ("tests/test_nothing.py", "tests/test_nothing.py"),
        ("rtl/stream", None),  # looks like part of a name, and is none: pytest finds nothing
        ("../outside.py", "../outside.py"),
        ("fifo 'skid", "No closing quotation"),
    ],
)
def test_what_is_the_name_of_nothing_is_refused(text, unknown):
    if unknown is None:
        assert selection.read(text).keyword == text
        return
    with pytest.raises(pytest.UsageError) as refused:
        selection.read(text)
    assert str(refused.value).startswith(f"TESTS={text}: {unknown}")


def test_every_bench_runs_somewhere():
    """By the whole suite, nightly included: each case once, and by the name of its bench."""
    ids = collected("--nightly", "--tests", " ".join(BENCHES))
    assert len(ids) == len(set(ids))
    for bench in BENCHES:
        here = f"tests/{ELSEWHERE.get(bench, 'test_benches.py')}::"
        assert [line for line in ids if line.startswith(here) and f"-{bench}" in line], bench


def make(*words):
    """``make test`` with these variables, and none of an outer make."""
    command = ["make", "--no-print-directory", "-o", "ready-test", f"PY={sys.executable}", "test", *words]
    env = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "TESTS")}
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)


def test_make_hands_the_words_over():
    """Quotes, stars and brackets reach pytest as they are."""
    done = make("JOBS=0", "TESTS='skid/[0-9]' tests/test_link.py::test_stall_values")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout


def test_make_says_in_one_line_what_it_does_not_know():
    done = make("TESTS=fifo skdi")
    assert done.returncode == 2
    assert done.stderr.splitlines()[0].startswith(
        "ERROR: TESTS=fifo skdi: skdi is no bench, case, file or test"
    )
