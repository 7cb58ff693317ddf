# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Parts in several processes: output in order, an error is that of its part, nothing is left behind."""

import io
import multiprocessing
import os
import re
import signal
import time

import pytest
from rich.console import Console

from macrame.errors import CoreError, InputError
from macrame.homework import p3_batches, p7_bfloat16, sheet
from macrame.homework.parallel import Parallel, Stopped
from macrame.report.blocks import text
from macrame.report.report import LiveReport
from macrame.report.terminal import Terminal


@pytest.fixture
def report():
    """A report, and what its terminal shows."""
    file = io.StringIO()
    return LiveReport(Terminal(Console(file=file, width=110, highlight=False)), "x"), file


class Slow:
    """A solver whose parts 1 and 2 wait for a file that part 4 writes."""

    def __init__(self, folder):
        self.folder = folder

    def solve(self, key, display):
        display.write(text("{} begins", key))
        with display.progress(f"part {key}", 10) as tick:
            tick(5)
            if key == 1:
                while not (self.folder / "4").exists():
                    time.sleep(0.01)
        display.write(text("{} ends", key))
        (self.folder / str(key)).write_text(str(os.getpid()))
        return 10 * key

    def close(self, display):
        display.write(text("{} closed", (self.folder / "closed").exists()))


def test_the_output_is_in_order_whatever_is_solved_first(report, tmp_path):
    live, file = report
    with Parallel(lambda: Slow(tmp_path), [[1, 2], [3], [4]], 2) as parallel:
        results = [parallel.show(key, live) for key in (1, 2, 3, 4)]
        parallel.rest(live)
    assert results == [10, 20, 30, 40]
    lines = [line.strip() for line in file.getvalue().splitlines() if not re.search(r"part \d: ", line)]
    said = [f"{key} {what}" for key in (1, 2, 3, 4) for what in ("begins", "ends")]
    assert lines == [*said, *["False closed"] * 3]
    pids = {(tmp_path / str(key)).read_text() for key in (1, 2, 3, 4)}
    assert len(pids) == 2
    assert str(os.getpid()) not in pids
    assert multiprocessing.active_children() == []


class Failing:
    """A solver whose part 2 fails, while part 1 takes a while."""

    def __init__(self, fail):
        self.fail = fail

    def solve(self, key, display):
        display.write(text("part {}", key))
        if key == 2:
            self.fail()
        time.sleep(0.2)

    def close(self, display):
        pass


def failure(error):
    """A function that raises an error."""

    def fail():
        raise error

    return fail


@pytest.mark.parametrize(
    ("fail", "kind", "message", "status"),
    [
        (failure(InputError("X=1: expected 2")), InputError, "X=1: expected 2", 2),
        (failure(CoreError(("LENGTH",), 4)), Stopped, r"the core halted: LENGTH \(STATUS 0x00000004\)", 1),
        (failure(ModuleNotFoundError("none", name="some")), ModuleNotFoundError, "none", None),
        (failure(KeyError("a mistake")), RuntimeError, r"(?s)Traceback .*a mistake", None),
        (lambda: time.sleep(0.5) or os._exit(3), Stopped, "a process ended with status 3", 1),
    ],
)
def test_an_error_comes_after_the_parts_before_it(report, fail, kind, message, status):
    live, file = report
    with Parallel(lambda: Failing(fail), [[1], [2], [3]], 2) as parallel:
        parallel.show(1, live)
        with pytest.raises(kind, match=message) as caught:
            parallel.show(2, live)
    assert getattr(caught.value, "exit_status", None) == status
    assert getattr(caught.value, "name", "some") == "some"
    assert "part 1" in file.getvalue()
    assert "part 3" not in file.getvalue()
    assert multiprocessing.active_children() == []


class Waiting:
    """A solver that waits indefinitely, and notes that it was closed."""

    def __init__(self, folder):
        self.folder = folder

    def solve(self, key, display):
        display.write(text("part {}", key))
        time.sleep(600)

    def close(self, display):
        (self.folder / "closed").write_text("")


def test_an_interrupt_closes_the_simulators(report, tmp_path):
    live, _ = report

    class Interrupted(LiveReport):
        def write(self, block):
            raise KeyboardInterrupt

    began = time.monotonic()
    with Parallel(lambda: Waiting(tmp_path), [[1], [2]], 2) as parallel:
        with pytest.raises(KeyboardInterrupt):
            parallel.show(1, Interrupted(live.screen, "x"))
    assert (tmp_path / "closed").exists()
    assert multiprocessing.active_children() == []
    assert time.monotonic() - began < 60


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_of_a_new_process_ends_it(report, monkeypatch, number):
    """Whatever handler it inherits, it must not go on as a copy of this process."""
    live, _ = report
    fork, first = os.fork, os.getpid()
    before = signal.signal(number, signal.default_int_handler)

    def interrupted():
        if (pid := fork()) == 0:
            os.kill(os.getpid(), number)
            time.sleep(0.01)  # runs the handler, if the signal is not blocked
        return pid

    monkeypatch.setattr(os, "fork", interrupted)
    try:
        with Parallel(lambda: Failing(int), [[1], [3]], 2) as parallel:
            with pytest.raises(Stopped, match="a process ended with status 0"):
                parallel.show(1, live)
    finally:
        signal.signal(number, before)
        if os.getpid() != first:
            os._exit(7)
    assert multiprocessing.active_children() == []


def test_parts_that_share_a_simulator_are_one_group():
    every = sheet._groups(sheet.PROBLEMS)
    assert every[0] == [(1, 0), (2, 0), (4, 0), (8, 0)]
    assert every[1] == [(8, 1)]  # the longest
    assert all(len(group) == 1 for group in every[1:])
    parts = [key for group in every for key in group]
    assert sorted(parts) == [(n, i) for n in sheet.PROBLEMS for i in range(len(sheet.parts(n)))]
    assert sheet._groups([3, 6]) == [[(6, 0)], [(3, 0)]]


@pytest.mark.parametrize("processors", [1, 2])
def test_the_sheet_is_the_same_on_any_number_of_processors(solve, monkeypatch, processors):
    monkeypatch.setattr(sheet.os, "sched_getaffinity", lambda process: set(range(processors)))
    began = []
    monkeypatch.setattr(
        sheet, "Parallel", lambda *arguments: began.append(1) or Parallel(*arguments), raising=True
    )
    code, reports, out, _ = solve(PROBLEM="3,7")
    assert code == 0
    assert bool(began) == (processors > 1)
    assert sorted(reports) == ["p3.json", "p7.json"]
    assert reports["p7.json"]["rtl_numbers"] == 196_713
    places = [out.index(f"Problem {n}: {module.TITLE}") for n, module in ((3, p3_batches), (7, p7_bfloat16))]
    assert places == sorted(places)
    assert out.index("Summary") > out.index("1 added 1,000 times")
    assert len(re.findall("drawing the", out)) <= 2
