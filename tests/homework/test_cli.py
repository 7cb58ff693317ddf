# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The command: its variables, its output folder, the terminal it is called from."""

import os
import re
import subprocess

import pytest

from macrame.environment import limit, limited
from macrame.homework import (
    sheet,
)
from macrame.sim import simulate
from tests.homework.common import ROOT, command, own, refused
from tests.terminal import open_terminal


@pytest.mark.parametrize(
    ("variable", "value", "named"),
    [
        ("PROBLEM", "0", "expected any of 1, 2, 3"),
        ("PROBLEM", "10", "expected any of 1, 2, 3"),
        ("PROBLEM", "four", "PROBLEM=4"),
        ("PROBLEM", "-4", "expected any of"),
        ("ROWS", "0", "1 to 32"),
        ("ROWS", "33", "1 to 32"),
        ("COLS", "8.0", "1 to 32"),
        ("COLS", "-1", "1 to 32"),
        ("DEPTH", "9", "1 to 8"),
        ("DEPTH", "x", "1 to 8"),
        ("SEED", "today", "an integer"),
        ("WAVES", "maybe", "0 or 1"),
    ],
)
def test_bad_variables(solve, tmp_path, variable, value, named):
    refused(solve(**{variable: value}), tmp_path, f"{variable}={value}", named)


def test_bad_simulator(solve, tmp_path, monkeypatch):
    monkeypatch.setenv("SIM", "modelsim")
    refused(solve(PROBLEM=4), tmp_path, "SIM=modelsim", "icarus")


def test_output_that_cannot_be_written(solve, tmp_path):
    (tmp_path / "file").write_text("")
    code, _, out, err = solve(PROBLEM=3, OUT=tmp_path / "file" / "deeper")
    assert (code, out) == (2, "")
    assert "not a directory" in err
    assert len(err.splitlines()) == 1


def test_a_folder_that_takes_no_files_is_refused_before_solving(solve, monkeypatch, tmp_path):
    """/proc says that root may write to it."""
    monkeypatch.setattr(sheet, "_solve", lambda *arguments: pytest.fail("solved all the same"))
    code, _, out, err = solve(PROBLEM=3, OUT="/proc/x")
    assert (code, out) == (2, "")
    assert re.fullmatch(
        r"macrame: OUT=/proc/x: /proc is not writable \(.+\), expected a writable directory\n", err
    )
    monkeypatch.setattr(sheet, "_solve", lambda *arguments: 0)
    assert solve(PROBLEM=3, OUT=tmp_path / "new" / "deep")[0] == 0
    assert list(tmp_path.iterdir()) == []


def test_reports_that_cannot_be_written_are_found_before_solving(solve, monkeypatch, tmp_path):
    monkeypatch.setattr(sheet, "_solve", lambda *arguments: pytest.fail("solved all the same"))
    (tmp_path / "reports" / "p3.json").mkdir(parents=True)
    code, _, out, err = solve(PROBLEM=3, OUT=tmp_path / "reports")
    said = (
        f"macrame: OUT={tmp_path}/reports: its report would be {tmp_path}/reports/p3.json, which is a "
        "directory, expected a file to write\n"
    )
    assert (code, out, err) == (2, "", said)
    (tmp_path / "loop").symlink_to("loop")
    code, _, out, err = solve(PROBLEM=3, OUT=tmp_path / "loop")
    said = f"macrame: OUT={tmp_path}/loop: is a symbolic link to itself, expected a directory\n"
    assert (code, out, err) == (2, "", said)


def test_bad_input_to_the_command_itself(tmp_path):
    """From the user's view: a process, its exit code, one line, no traceback."""
    folder = own(tmp_path, "p4_int8.toml", matrix="[[1, nan]]")
    argv, env = command(tmp_path, HOMEWORK=str(folder))
    done = subprocess.run(argv, env=env, cwd=ROOT, capture_output=True, text=True, **limited(60))
    refused((done.returncode, {}, done.stdout, done.stderr), tmp_path, "matrix[0][1] = nan")


def test_a_simulation_that_fails_gives_no_traceback(solve, monkeypatch):
    def failing(*arguments, **keywords):
        raise simulate.Failed("crash", "homework/core: the simulator exited with status 1", ROOT)

    monkeypatch.setattr(simulate, "prepare", failing)
    code, reports, _, err = solve(PROBLEM=4)
    assert code == 1
    assert reports == {}
    assert err == "macrame: homework/core: the simulator exited with status 1\n"


def test_a_terminal_gets_live_progress(tmp_path):
    argv, env = command(tmp_path, PROBLEM="4", TERM="xterm-256color", COLUMNS="100", LINES="40")
    parent, child = open_terminal()
    process = subprocess.Popen(argv, env=env, cwd=ROOT, stdin=child, stdout=child, stderr=child)
    os.close(child)
    seen = b""
    while True:
        try:
            part = os.read(parent, 4096)
        except OSError:  # the other side is closed
            break
        if not part:
            break
        seen += part
    os.close(parent)
    assert process.wait(limit(60)) == 0
    assert b"\x1b[?25l" in seen  # rich hides the cursor while a display is live ...
    assert b"\x1b[?25h" in seen  # ... and brings it back
    assert b"starting the simulated 8x8x1 core" in seen


@pytest.mark.thorough
def test_a_terminal_of_ascii_is_served(tmp_path):
    argv, env = command(tmp_path, PROBLEM="3,4", PYTHONIOENCODING="ascii")
    done = subprocess.run(argv, env=env, cwd=ROOT, capture_output=True, **limited(60))
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"[ 127 26 -59 ]" in done.stdout
    done.stdout.decode("ascii")


def test_a_reader_that_leaves_early_gets_no_traceback(tmp_path):
    argv, env = command(tmp_path, PROBLEM="3")
    process = subprocess.Popen(argv, env=env, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    assert b"Traceback" not in process.stderr.read()
    process.stderr.close()
    assert process.wait(limit(60)) == 1  # rich's handling of a broken pipe


def test_waves_are_left_when_asked_for(solve):
    code, _, out, _ = solve(PROBLEM=4, WAVES=1)
    assert code == 0
    (path,) = (line.split("waves: ")[1] for line in out.splitlines() if "waves: " in line)
    assert (ROOT / path).stat().st_size > 1000
