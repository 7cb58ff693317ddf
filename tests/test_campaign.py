# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Campaigns: whatever is killed, every task has one verdict, none runs again, and no process is left."""

import contextlib
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from macrame import environment, paths
from macrame.campaign import command, content, engine, process, store, summary
from macrame.campaign.task import Task
from macrame.errors import InputError, SetupError
from tests import campaign_tasks, kill_check, slurm
from tests.kill_check import WAIT, ran, until, verdicts
from tests.verbs import call


@pytest.fixture
def runs(tmp_path):
    """A folder in which each run of a task leaves a file."""
    folder = tmp_path / "runs"
    folder.mkdir()
    return folder


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


@pytest.mark.parametrize(
    "content", [None, b'{\n  "key": "a"\n}\n', b'{"a": 1}\n'], ids=["npy", "json", "line"]
)
@pytest.mark.parametrize("kind", ["suite", "evidence"])
def test_another_file_is_no_store(tmp_path, capsys, kind, content):
    """A campaign would append to it, and evidence would write empty tables."""
    path = tmp_path / "a.npy"
    np.save(path, np.zeros(3))
    if content is not None:
        path.write_bytes(content)
    before = path.read_bytes()
    given = {"STORE": str(path)} | ({"TESTS": "rounding"} if kind == "suite" else {})
    assert call("campaign", given, [kind]) == 2
    other = " or a new path" if kind == "suite" else ""
    said = f"campaign: STORE={path}: contains no verdicts, expected a file of verdicts{other}\n"
    assert capsys.readouterr() == ("", said)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["a.npy"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "contains no verdicts, expected a file of verdicts"),
        (b"{", "contains no verdicts, expected a file of verdicts"),
        (
            b'{"key": "x", "task": "t"}\n',
            "{'key': 'x', 'task': 't'} has no group, expected verdicts of campaigns",
        ),
    ],
)
def test_evidence_needs_whole_verdicts(tmp_path, capsys, content, said):
    """It would write empty tables."""
    path = tmp_path / "store"
    path.write_bytes(content)
    assert call("campaign", {"STORE": str(path)}, ["evidence"]) == 2
    assert capsys.readouterr() == ("", f"campaign: STORE={path}: {said}\n")


@pytest.mark.parametrize("content", [b"", b"{", b'{"a', b'{"a": 1, "key": "x"', b'{"a": 1, "key": "x"}\n'])
def test_a_store_may_begin_with_a_part_of_a_verdict(tmp_path, content):
    path = tmp_path / "store"
    path.write_bytes(content)
    with store.Store(path) as opened:
        assert len(opened.records) == content.endswith(b"}\n")


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


def test_comments_and_docstrings_change_no_key_but_code_and_examples_do(tmp_path):
    path = tmp_path / "m.py"

    def digest(text):
        path.write_text(text)
        content.digest.cache_clear()
        return content.digest(path)

    plain = digest('"""A module."""\n\n\ndef f(x):\n    """Twice x."""\n    return 2 * x\n')
    assert digest('"""Another."""\n\n\ndef f(x):\n    return 2 * x  # doubled\n') == plain
    assert digest('"""A module."""\n\n\ndef f(x):\n    """Twice x."""\n    return 3 * x\n') != plain
    assert digest('"""A module."""\n\n\ndef f(x):\n    """>>> f(1)\n    2"""\n    return 2 * x\n') != plain


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


@pytest.fixture
def cluster(tmp_path):
    """A scheduler."""
    pytest.importorskip("distributed")
    made = kill_check.Plain(tmp_path)
    yield made
    made.end()


@pytest.mark.parametrize(
    "count",
    [
        pytest.param(12, id="12", marks=pytest.mark.thorough),
        pytest.param(200, id="200", marks=pytest.mark.nightly),
    ],
)
def test_kills_on_a_cluster_lose_and_repeat_no_verdict(tmp_path, cluster, count):
    """A worker is killed, then the client; a new client finishes. The line that it prints has the figures."""
    kill_check.check(cluster, tmp_path, count)


@pytest.mark.nightly
def test_kills_of_slurm_jobs_lose_and_repeat_no_verdict(capsys):
    """The same, with the job script of docs/scale.md."""
    pytest.importorskip("distributed")
    if os.getuid() or slurm.missing():
        pytest.skip("needs root, slurm-wlm and munge")
    slurm.main([])
    assert "200 verdicts, none twice, none lost" in capsys.readouterr().out


@pytest.mark.thorough
def test_a_scheduler_that_is_killed_is_one_line(tmp_path, runs, cluster):
    path = tmp_path / "store"
    cluster.worker()
    words = [sys.executable, "-m", "tests.campaign_tasks", "40", path, runs, cluster.address]
    env = cluster.env
    with subprocess.Popen(words, cwd=paths.ROOT, stderr=subprocess.PIPE, text=True, env=env) as client:
        until(lambda: path.exists() and path.read_bytes().count(b"\n") >= 1, "a verdict")
        cluster.scheduler.kill()
        _, said = client.communicate(timeout=environment.limit(WAIT))
    assert f"CLUSTER={cluster.address}: connection lost" in said
    cluster.end()
    until(lambda: not kill_check.processes(cluster.mark), "the end of all processes")


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
    view = summary.View("x", ("odd", "even"), "group", ("odd",), ("left",))
    summary.write(tmp_path, view, tasks, found, {"task 1": "a < b"})
    assert (tmp_path / "x.xml").read_text() == text.replace("even</failure>", "a &lt; b</failure>").replace(
        'message="even"', 'message="a &lt; b"'
    )
    page = (tmp_path / "x.html").read_text()
    assert '<p class="verdict failed">failed</p>' in page
    assert "a &lt; b" in page
    assert "no such luck" in page
    assert "2 of 4 tasks did not pass" in re.sub("<[^>]*>", "", page)


def test_the_page_of_a_campaign_that_passed(tmp_path, runs):
    tasks = campaign_tasks.tasks(2, runs)
    found = engine.Results({task.name: {"verdict": "odd", "commit": "abc", "seed": 7} for task in tasks})
    summary.write(tmp_path, summary.View("x", ("odd",), "group", ("odd",)), tasks, found)
    page = (tmp_path / "x.html").read_text()
    assert '<p class="verdict passed">passed</p>' in page
    assert "did not pass" not in page
    assert "abc" in page


ALL_KINDS = "mutants, python, coverage, suite, networks, synth, speedup or evidence"


@pytest.mark.parametrize(
    ("given", "words", "said"),
    [
        ({}, [], f"campaign: no kind given, expected {ALL_KINDS}"),
        ({}, ["suite", "synth"], f"campaign: suite synth: expected {ALL_KINDS}"),
        ({"JOBS": "2"}, ["evidence"], "JOBS=2: applies to mutants, python, coverage, suite, networks, synth"),
        (
            {"SEED": "2"},
            ["synth"],
            "SEED=2: applies to mutants, python, coverage, suite, networks",
        ),
        ({"STORE": "no.jsonl"}, ["evidence"], "no.jsonl: no such file, expected a file of verdicts"),
        ({"SIZE": "0"}, ["networks"], "SIZE=0: expected an integer from 1 to 1000000"),
        ({"IMAGES": "541"}, ["networks"], "IMAGES=541: expected an integer from 1 to 540"),
        ({"MODEL": "x.pt"}, ["networks"], "MODEL=x.pt: expected a .tflite or .onnx file"),
        ({"ENGINE": "1", "ROWS": "2"}, ["networks"], "ROWS=2: does not apply to the engine"),
        ({"MEM": "8"}, ["networks"], "MEM=8: applies only with ENGINE=1"),
        ({"IMAGES": "2"}, ["suite"], "IMAGES=2: applies to networks, not to suite"),
        (
            {"STORE": "x"},
            ["speedup"],
            "STORE=x: applies to mutants, python, coverage, suite, networks, synth",
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
            "MODULES=skid: applies to mutants, python, coverage and speedup, not to suite",
        ),
        ({"TESTS": "fifoo"}, ["suite"], "TESTS=fifoo: no such case"),
        ({"STORE": "."}, ["suite"], "a directory, expected a file of verdicts"),
        (
            {"STORE": "/dev/full"},
            ["suite"],
            "STORE=/dev/full: not a regular file, expected a file of verdicts",
        ),
        ({"STORE": "/nowhere/x"}, ["suite"], "STORE=/nowhere/x: the directory /nowhere does not exist"),
        *(
            ({"CLUSTER": text}, ["suite"], f"CLUSTER={text}: expected an address such as tcp://host:8786")
            for text in ("host", "http://host:1", "tcp://host:", "tcp://", "tcp://host:65536", "tcp://host:0")
        ),
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


# --- one job and several ------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", [False, True])
def test_speedup_compares_the_verdicts(tmp_path, monkeypatch, capsys, runs, wrong):
    """A verdict that depends on the number of jobs is found."""
    tasks = campaign_tasks.tasks(4, runs)

    def judged(listed, seed, kept, executor, common):
        found = engine.run("x", listed, kept, lambda new: answers(new, executor.jobs), common=common)
        return found, engine.Results()

    def answers(new, jobs):
        for task in new:
            verdict = "survived" if wrong and jobs == 2 and task.name == "task 3" else "killed"
            yield (
                task,
                {"key": task.key, "verdict": verdict, "cpu": jobs, "seconds": jobs, "host": f"h{jobs}"},
            )

    monkeypatch.setattr("macrame.campaign.mutants.sample", lambda total, seed, modules: tasks)
    monkeypatch.setattr("macrame.campaign.mutants.run", judged)
    for _ in range(2):  # the second time the stores of the first are replaced
        values = {"JOBS": "2", "BUILD_DIR": str(tmp_path)}
        assert call("campaign", values, ["speedup"]) == int(wrong)
        said = capsys.readouterr()
        told = "1 differs" if wrong else "0 differ"
        assert f"speedup: 4 verdicts of 4 mutants and the cases without one, {told};" in said.out
        assert ("task 3: another verdict with 2 jobs" in said.err) == wrong
