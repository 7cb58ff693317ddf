# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""macrame/dev/lint.py itself: its time limits, and how Ctrl-C ends it.

What could be wrong with a lint: a limit that a busy machine runs into; an interrupt that waits for what is
still queued, or leaves processes behind.
"""

import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest

from macrame.dev import lint

# --- limits -------------------------------------------------------------------------------------------------

BUSY = "import time\nend = time.process_time() + {}\nwhile time.process_time() < end:\n    pass\n"


def test_the_limit_is_cpu_time(monkeypatch):
    monkeypatch.setattr(lint, "CPU_SECONDS", 1)
    monkeypatch.delenv("TIME_FACTOR", raising=False)
    assert lint.command("sleep", "2") == (0, "")
    status, said = lint.command(sys.executable, "-c", BUSY.format(60))
    assert (status, "no end after 1 s of CPU time; TIME_FACTOR=2" in said) == (124, True), said


def test_time_factor_scales_the_limit(monkeypatch):
    monkeypatch.setattr(lint, "CPU_SECONDS", 1)
    monkeypatch.setenv("TIME_FACTOR", "20")
    assert lint.command(sys.executable, "-c", BUSY.format(2)) == (0, "")


def test_a_command_that_waits_for_ever_is_killed(monkeypatch):
    monkeypatch.setattr(lint, "CPU_SECONDS", 1)
    monkeypatch.setattr(lint, "WALL_FACTOR", 1)
    monkeypatch.delenv("TIME_FACTOR", raising=False)
    assert lint.command("sleep", "600") == (124, "sleep: no end after 1 s")


def test_a_missing_program_is_said():
    status, said = lint.command("no-such-tool")
    assert status == 127
    assert "no-such-tool" in said


def start(*words, **env):
    """`python -m macrame.dev.lint`, in a process group of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "macrame.dev.lint", *words],
        cwd=lint.ROOT,
        env={**os.environ, **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@pytest.mark.parametrize("factor", ["abc", "0", "-1", "inf", "nan"])
def test_a_bad_time_factor_is_refused(factor):
    process = start("form", TIME_FACTOR=factor)
    assert process.communicate() == ("", f"lint: TIME_FACTOR={factor}: expected a positive number\n")
    assert process.returncode == 2


# --- Ctrl-C -------------------------------------------------------------------------------------------------


def marked(mark):
    """Processes whose environment holds `mark`."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if mark.encode() in path.read_bytes():
                found.append(int(path.parent.name))
        except OSError:  # it has ended, or is somebody else's
            pass
    return found


@pytest.mark.parametrize("whole_group", [True, False], ids=["terminal", "kill"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_it_at_once(number, whole_group):
    """A terminal sends Ctrl-C to the whole group, `kill` to one process; neither leaves anything running."""
    mark = f"MARK={uuid.uuid4()}"
    process = start("ecp5 ", "ice40 ", MARK=mark[5:])
    try:
        while len(marked(mark)) < 2:  # lint and a tool
            assert process.poll() is None
            time.sleep(0.05)
        time.sleep(1)
        began = time.monotonic()
        (os.killpg if whole_group else os.kill)(process.pid, number)
        _, said = process.communicate(timeout=60)
        took = time.monotonic() - began
        assert process.returncode == 128 + number
        assert said == ""
        # what it waits for is a second of Python at most; a flow of Yosys' takes many times as long
        assert took < 10 * lint.time_factor()
        assert not marked(mark)
    finally:
        for left in marked(mark):
            os.kill(left, signal.SIGKILL)
