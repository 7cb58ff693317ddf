# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The progress display: quiet at first, then lines in a log and a bar on a terminal."""

import io
import itertools
import time

import pytest
from rich.console import Console

from macrame import progress
from macrame.progress import Progress, Steps


@pytest.fixture
def clock(monkeypatch):
    """A clock that advances by a second at each read."""
    ticks = itertools.count()
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(ticks) * 1.0)


@pytest.fixture
def log(monkeypatch):
    """Standard error is no terminal."""
    monkeypatch.setattr(progress.sys.stderr, "isatty", lambda: False, raising=False)


@pytest.mark.usefixtures("clock", "log")
def test_a_log_has_nothing_at_first_and_then_a_line_at_times(capsys):
    with Progress("gemm", "result beats simulated") as tell:
        for done in range(30):
            tell(done, 30)
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "gemm: 1 of 30 result beats simulated, about 58 s left",
        "gemm: 11 of 30 result beats simulated, about 21 s left",
        "gemm: 21 of 30 result beats simulated, about 9 s left",
    ]


@pytest.mark.usefixtures("clock")
def test_lines_go_where_they_are_wanted():
    said = []
    with Progress("RTL", console=Console(file=io.StringIO()), say=said.append, quiet=0, every=5) as tell:
        for done in range(12):
            tell(done)
    assert said == ["RTL: 4", "RTL: 9"]


def test_a_bar_on_a_terminal_counts_and_goes(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")  # not dumb
    drawn = io.StringIO()
    console = Console(file=drawn, force_terminal=True, width=100)
    with Progress("computing", "beats", 7, console=console, quiet=0) as tell:
        tell(5, 7)
        tell._bar.refresh()
    assert "computing" in drawn.getvalue()
    assert "5/7" in drawn.getvalue()
    assert drawn.getvalue().endswith("\x1b[2K")  # the line is cleared at the end


def test_what_is_over_soon_is_not_announced(capsys):
    with Progress("gemm", quiet=0.05) as tell:
        tell.expect("compiling")
        tell.done()
        time.sleep(0.2)
        assert capsys.readouterr().err == ""
        tell.expect("compiling")
        time.sleep(0.2)
    assert capsys.readouterr().err == "gemm: compiling\n"


@pytest.mark.usefixtures("clock", "log")
def test_steps_are_lines_with_a_time(capsys):
    steps = Steps()
    steps("ecp5 core: Yosys")
    steps("ecp5 core: done", last=True)
    steps.end()
    assert capsys.readouterr().err == "[    1 s] ecp5 core: Yosys\n[    2 s] ecp5 core: done\n"
