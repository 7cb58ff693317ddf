# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Campaigns: whatever is killed, every task has one verdict, none runs again, and no process is left."""

import contextlib
import json
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from macrame import environment, paths
from macrame.campaign import command, content, engine, process, store, summary
from macrame.campaign.task import Task
from macrame.errors import InputError, SetupError
from tests import campaign_tasks
from tests.verbs import call

WAIT = 600


@pytest.fixture
def runs(tmp_path):
    """A folder in which each run of a task leaves a file."""
    folder = tmp_path / "runs"
    folder.mkdir()
    return folder


def ran(runs):
    """How often each task ran, by its number."""
    return Counter(int(path.name.split("-")[0]) for path in runs.iterdir())


def verdicts(path):
    """Verdicts by task, and how many lines the store has."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return {line["task"]: line["verdict"] for line in lines}, len(lines)


def until(condition, what):
    """Wait for a condition."""
    deadline = time.monotonic() + environment.limit(WAIT)
    while not (found := condition()):
        assert time.monotonic() < deadline, f"{what}: not within {WAIT} s"
        time.sleep(0.05)
    return found


def left(runs):
    """Processes that mention the test's folder, other than this one."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with contextlib.suppress(OSError):
                if os.fsencode(runs) in (entry / "cmdline").read_bytes():
                    found.append(int(entry.name))
    return found


def serial(count):
    """The verdicts of `count` tasks, without any engine."""
    return {
        task.name: "odd" if campaign_tasks.odd(task.arguments["number"]) else "even"
        for task in campaign_tasks.tasks(count, "")
    }


# --- on this machine ----------------------------------------------------------------------------------------


def test_a_campaign_resumes_and_runs_nothing_twice(tmp_path, runs):
    path = tmp_path / "store"
    first = campaign_tasks.main(3, path, runs)
    assert (first.ran, len(first.records)) == (3, 3)
    again = campaign_tasks.main(5, path, runs)
    assert (again.ran, len(again.records)) == (2, 5)
    assert verdicts(path) == (serial(5), 5)
    assert ran(runs) == Counter(range(5))


def test_a_client_that_is_killed_leaves_no_process_and_no_lost_verdict(tmp_path, runs):
    path = tmp_path / "store"
    words = [sys.executable, "-m", "tests.campaign_tasks", "6", path, runs]
    with subprocess.Popen(words, cwd=paths.ROOT, stderr=subprocess.DEVNULL) as client:
        until(lambda: path.exists() and path.read_bytes().count(b"\n") >= 2, "two verdicts")
        client.kill()
    until(lambda: not left(runs), "the end of the task's processes")
    kept = verdicts(path)[1]
    found = campaign_tasks.main(6, path, runs)
    assert found.ran == 6 - kept
    assert verdicts(path) == (serial(6), 6)
    assert sum(ran(runs).values()) <= 7  # the task that the kill met may have run twice


def test_a_client_that_is_killed_ends_a_task_that_would_go_on(tmp_path, runs):
    words = [sys.executable, "-m", "tests.campaign_tasks", "1", tmp_path / "store", runs, "", "600"]
    with subprocess.Popen(words, cwd=paths.ROOT, stderr=subprocess.DEVNULL) as client:
        until(lambda: set(left(runs)) - {client.pid}, "the task's child")
        client.kill()
    until(lambda: not left(runs), "the end of the task's processes")
    assert not ran(runs)


def test_a_part_of_a_line_is_ignored(tmp_path, runs):
    path = tmp_path / "store"
    campaign_tasks.main(2, path, runs)
    text = path.read_text()
    path.write_text(text[:-20])
    assert campaign_tasks.main(2, path, runs).ran == 1
    with store.Store(path) as opened:
        assert {record["task"] for record in opened} == {"task 0", "task 1"}


def test_a_store_has_one_writer(tmp_path):
    with store.Store(tmp_path / "store"), pytest.raises(SetupError, match="in use by another campaign"):
        store.Store(tmp_path / "store").__enter__()


def test_a_key_has_one_verdict(tmp_path):
    with store.Store(tmp_path / "store") as opened:
        opened.append({"key": "a"})
        with pytest.raises(ValueError, match="has a verdict"):
            opened.append({"key": "a"})
    with pytest.raises(ValueError, match="not open"):
        opened.append({"key": "b"})


@pytest.mark.parametrize(
    ("function", "seconds", "said"),
    [
        ("orphan", 600, {"verdict": "left"}),
        ("orphan", 1, {"verdict": "timeout"}),
        ("kill_parent", 600, {"error": "the process of the task was killed"}),
        ("broken", 600, {"error": "ValueError: no such luck"}),
        ("wordless", 600, {"error": "tests.campaign_tasks:wordless returned no verdict"}),
    ],
)
def test_whatever_ends_a_task_ends_its_processes(runs, function, seconds, said):
    rest = 60 if said == {"verdict": "timeout"} else 0
    task = Task(
        "t", "g", f"tests.campaign_tasks:{function}", {"runs": str(runs), "seconds": rest}, seconds=seconds
    )
    found = process.answer(task.payload())
    assert said.items() <= found.items(), found
    assert not left(runs)
    assert not list((environment.build_dir() / "campaign").glob(f"task-*-{task.key[:16]}"))


def test_a_worker_with_other_files_refuses(runs):
    (task,) = campaign_tasks.tasks(1, runs)
    payload = task.payload()
    payload["ingredients"] = {**payload["ingredients"], "tests/campaign_tasks.py": "of another checkout"}
    assert "tests/campaign_tasks.py differs, expected the client's files" in process.answer(payload)["error"]
    assert not ran(runs)


def test_keys_depend_on_what_verdicts_depend_on(runs, monkeypatch):
    one, two = campaign_tasks.tasks(2, runs)
    assert one.key != two.key
    assert one.key == campaign_tasks.tasks(1, runs)[0].key
    before = one.key
    content.ingredients.cache_clear()
    monkeypatch.setattr(content, "digest", lambda path: "other bytes")
    assert campaign_tasks.tasks(1, runs)[0].key != before
    content.ingredients.cache_clear()


def test_the_closure_of_a_module_follows_every_import():
    found = {content.relative(path) for path in content.closure("tb.unit.stream.tb_skid")}
    assert "tb/lib/axis.py" in found
    assert "tb/unit/stream/tb_skid.py" in found
    assert not any(name.startswith("macrame/cli/") for name in found)


def test_equal_tasks_are_refused(tmp_path, runs):
    twice = campaign_tasks.tasks(1, runs) * 2
    with store.Store(tmp_path / "store") as opened, pytest.raises(InputError, match="the same as task 0"):
        engine.run("x", twice, opened, engine.Local(1))


# --- a cluster ----------------------------------------------------------------------------------------------


class Cluster:
    """A scheduler and workers, each a process of its own."""

    def __init__(self, folder):
        self.folder, self.processes = folder, []
        self.file = folder / "scheduler.json"
        words = [
            "scheduler",
            "--scheduler-file",
            self.file,
            "--host",
            "127.0.0.1",
            "--port",
            "0",
            "--no-dashboard",
        ]
        self.scheduler = self.start(*words)
        self.address = until(lambda: self.file.exists() and self._address(), "the scheduler")

    def _address(self):
        with contextlib.suppress(ValueError):
            return json.loads(self.file.read_text())["address"]

    def start(self, *words):
        """Run a Dask command."""
        log = self.folder / f"{words[0]}{len(self.processes)}.log"
        with open(log, "wb") as out:
            started = subprocess.Popen(
                [sys.executable, "-m", "dask", *words],
                cwd=paths.ROOT,
                stdout=out,
                stderr=subprocess.STDOUT,
                env={**os.environ, "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "120s"},
            )
        self.processes.append(started)
        return started

    def worker(self):
        """Start a worker."""
        scratch = [
            "--local-directory",
            self.folder / "dask",
            "--nthreads",
            "1",
            "--no-nanny",
            "--no-dashboard",
        ]
        return self.start("worker", self.address, "--death-timeout", "300", *scratch)

    def end(self):
        """End all."""
        for started in self.processes:
            started.kill()
            started.wait()


@pytest.fixture
def cluster(tmp_path):
    """A scheduler."""
    pytest.importorskip("distributed")
    made = Cluster(tmp_path)
    yield made
    made.end()


@pytest.mark.parametrize(
    ("count", "first", "second"),
    [
        pytest.param(12, 3, 6, id="12", marks=pytest.mark.thorough),
        pytest.param(200, 40, 100, id="200", marks=pytest.mark.nightly),
    ],
)
def test_kills_on_a_cluster_lose_and_repeat_no_verdict(tmp_path, runs, cluster, count, first, second):
    """A worker is killed after `first` verdicts, the client after `second`; a new client finishes."""
    path = tmp_path / "store"
    doomed, _ = cluster.worker(), cluster.worker()
    words = [sys.executable, "-m", "tests.campaign_tasks", str(count), path, runs, cluster.address]
    with subprocess.Popen(words, cwd=paths.ROOT, stderr=subprocess.DEVNULL) as client:
        until(lambda: path.exists() and path.read_bytes().count(b"\n") >= first, "the first verdicts")
        doomed.kill()
        until(lambda: path.read_bytes().count(b"\n") >= second, "more verdicts")
        client.kill()
    kept = verdicts(path)[1]
    assert second <= kept < count
    until(lambda: not left(runs), "the end of the tasks' processes")
    found = campaign_tasks.main(count, path, runs, cluster.address)
    assert (found.ran, found.errors) == (count - kept, {})
    assert verdicts(path) == (serial(count), count)
    assert campaign_tasks.main(count, path, runs).ran == 0
    assert set(ran(runs)) == set(range(count))
    # what the two kills met ran again
    assert sum(ran(runs).values()) <= count + 4
    cluster.end()
    until(lambda: not left(runs), "the end of all processes")


@pytest.mark.thorough
def test_a_scheduler_that_is_killed_is_one_line(tmp_path, runs, cluster):
    path = tmp_path / "store"
    cluster.worker()
    words = [sys.executable, "-m", "tests.campaign_tasks", "40", path, runs, cluster.address]
    with subprocess.Popen(words, cwd=paths.ROOT, stderr=subprocess.PIPE, text=True) as client:
        until(lambda: path.exists() and path.read_bytes().count(b"\n") >= 1, "a verdict")
        cluster.scheduler.kill()
        _, said = client.communicate(timeout=environment.limit(WAIT))
    assert f"CLUSTER={cluster.address}: connection lost" in said
    cluster.end()
    until(lambda: not left(runs), "the end of the task's processes")


def test_a_cluster_that_is_not_there_is_one_line(monkeypatch, tmp_path, runs):
    pytest.importorskip("distributed")
    monkeypatch.setattr(engine, "CONNECT", 1)
    with pytest.raises(SetupError, match="CLUSTER=tcp://127.0.0.1:1: no scheduler answers"):
        campaign_tasks.main(1, tmp_path / "store", runs, "tcp://127.0.0.1:1")


# --- results and the command --------------------------------------------------------------------------------


def test_the_table_and_junit_agree(tmp_path, runs):
    tasks = campaign_tasks.tasks(4, runs)
    verdict = {"task 0": "odd", "task 1": "even", "task 2": "left"}
    found = engine.Results({name: {"verdict": v, "cpu": 1.25, "seconds": 2} for name, v in verdict.items()})
    found.errors["task 3"] = "no such luck\nlog"
    lines = summary.table(tasks, found, ("odd", "even"), "group")
    assert lines == [
        "| group | tasks | odd | even | error | left | CPU s |",
        "|---|---|---|---|---|---|---|",
        "| group 0 | 2 | 1 | 0 | 1 | 0 | 1 |",
        "| group 1 | 1 | 0 | 1 | 0 | 0 | 1 |",
        "| group 2 | 1 | 0 | 0 | 0 | 1 | 1 |",
        "| all | 4 | 1 | 1 | 1 | 1 | 4 |",
    ]
    summary.junit(tmp_path / "x.xml", "x", tasks, found, ("odd",), ("left",))
    text = (tmp_path / "x.xml").read_text()
    assert '<testsuite name="x" tests="4" failures="1" errors="1" skipped="1" time="6.00">' in text
    assert '<error message="no such luck">no such luck\nlog</error>' in text


@pytest.mark.parametrize(
    ("given", "words", "said"),
    [
        ({}, [], "KIND=nothing: expected mutants, python, coverage, suite, synth or evidence"),
        (
            {},
            ["suite", "synth"],
            "KIND=suite synth: expected mutants, python, coverage, suite, synth or evidence",
        ),
        ({"TARGET": "artix"}, ["synth"], "TARGET=artix: expected one of ecp5, ice40, gowin, xilinx"),
        ({"SEEDS": "0"}, ["synth"], "SEEDS=0: expected an integer from 1 to 99"),
        ({"TARGET": "ecp5"}, ["suite"], "TARGET=ecp5: applies to synth, not to suite"),
        ({"JOBS": "0"}, ["suite"], "JOBS=0: expected an integer from 1 to 1024"),
        ({"JOBS": "2", "CLUSTER": "tcp://x:1"}, ["suite"], "JOBS=2: does not apply with CLUSTER"),
        ({"SAMPLE": "x"}, ["mutants"], "SAMPLE=x: expected an integer from 1 to 100000"),
        ({"MODULES": "skidd"}, ["mutants"], "MODULES=skidd: expected one of accumulator, "),
        ({"TESTS": "fifo"}, ["mutants"], "TESTS=fifo: applies to suite, not to mutants"),
        (
            {"MODULES": "skid"},
            ["suite"],
            "MODULES=skid: applies to mutants, python and coverage, not to suite",
        ),
        ({"TESTS": "fifoo"}, ["suite"], "TESTS=fifoo: no such case"),
        ({"STORE": "."}, ["suite"], "a directory, expected a file of verdicts"),
    ],
)
def test_bad_input_is_one_line(capsys, given, words, said):
    assert call("campaign", given, words) == 2
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1


def test_a_failing_bench_is_a_failing_campaign(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("macrame.campaign.benches.definition", lambda case: "x")
    failed = {"verdict": "failed", "text": "rounding: 1 of 1 tests failed", "cpu": 1, "seconds": 1}

    def executor(tasks):
        for task in tasks:
            yield task, {"key": task.key, **failed}

    monkeypatch.setattr(command, "executor", lambda values: executor)
    values = {"TESTS": "rounding", "STORE": str(tmp_path / "store"), "BUILD_DIR": str(tmp_path)}
    assert command.main(values, ["suite"]) == 1
    said = capsys.readouterr()
    assert "campaign: rounding, seed 1: rounding: 1 of 1 tests failed" in said.err
    assert "suite: 0 of 1 passed, 1 of them run now" in said.out
