# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""macrame/dev/lint.py itself: what its tools reject, its time limits, and Ctrl-C.

What could be wrong with a lint: a tool whose messages are lost to a broad waiver or a filter; a limit
exceeded on a busy machine; an interrupt that waits for queued checks, or leaves processes behind.
"""

import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest

from macrame import environment
from macrame.dev import lint
from macrame.errors import amount

#: Ports, a body that every tool accepts, one with a fault, and the kinds of tools that must reject it.
FAULTS = {
    "used_before_declared": (
        "input wire a, output wire y",
        "wire b = a;\nassign y = b;",
        "assign y = b;\nwire b = a;",
        {"slang"},
    ),
    "undeclared": (
        "input wire a, output wire y",
        "assign y = a;",
        "assign y = a ^ b;",
        {"icarus", "slang", "verilator", "yosys"},
    ),
    "too_narrow": (
        "input wire [1:0] a, output wire y",
        "assign y = a[1] ^ a[0];",
        "assign y = a;",
        {"slang", "verilator"},
    ),
    "signed_and_unsigned": (
        "input wire signed [3:0] a, input wire [3:0] b, output wire [3:0] y",
        "assign y = a + $signed(b);",
        "assign y = a + b;",
        {"slang"},
    ),
    "latch": (
        "input wire a, input wire b, output reg y",
        "always @* y = a && b;",
        "always @* if (a) y = b;",
        {"verilator", "yosys"},
    ),
    "two_drivers": (
        "input wire a, input wire b, output wire y",
        "assign y = a ^ b;",
        "assign y = a;\nassign y = b;",
        {"yosys"},
    ),
    "systemverilog": (
        "input wire a, output wire y",
        "wire b = a;\nassign y = b;",
        "logic b;\nassign b = a;\nassign y = b;",
        {"icarus", "slang"},
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_are_refused(tmp_path, monkeypatch, fault):
    ports, good, bad, kinds = FAULTS[fault]
    source = tmp_path / "m.v"
    monkeypatch.setattr(lint, "rtl_sources", lambda family=None: [str(source)])
    for tool in lint.tools()[0]:
        for body in (good, bad) if tool.kind in kinds else (good,):
            source.write_text(
                f"`default_nettype none\nmodule m ({ports});\n{body}\nendmodule\n`default_nettype wire\n"
            )
            said = lint.clean(tool.elaborate("m", {}))
            assert bool(said) == (body is bad), f"{tool.name}: {body}\n{said}"


def test_a_bench_may_not_use_a_name_before_its_declaration(tmp_path):
    """Icarus 11 accepts that, Icarus 13 does not."""
    source = tmp_path / "m.v"
    source.write_text("module m;\nreg a = 0;\nwire c = b;\nwire b = a;\nendmodule\n")
    status, said = lint.slang("m", {}, sources=[str(source)], cwd=tmp_path)
    assert status == 1
    assert "'b' used before its declaration" in said


def test_tools_on_path(tmp_path, monkeypatch):
    """One on PATH runs besides the wheel, unless it is too old or newer than the wheel."""

    def program(name, text):
        (tmp_path / name).write_text(f"#!/bin/sh\necho '{text}'\n")
        (tmp_path / name).chmod(0o755)

    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    for verilator, yosys, used in (
        ("Verilator 5.006 2023-01-22 rev (Debian 5.006-3)", "Yosys 0.23 (git sha1 7ce5011c24b)", True),
        ("Verilator 4.038 2020-07-11", "Yosys 0.9 (git sha1 1979e0b)", False),
        ("Verilator 6.000 2029-01-01", "Yosys 1.0", False),
        ("Verilator rev", "", False),
    ):
        program("verilator", verilator)
        program("yosys", yosys)
        lint.tools.cache_clear()
        found, said = lint.tools()
        names = [tool.name for tool in found]
        assert names[:4] == ["icarus", "verilator", "slang", "yosys"]
        assert names[4:] == (["verilator 5.006", "yosys 0.23"] if used else []), said
        assert said.count("not used") == (0 if used else 2), said
    lint.tools.cache_clear()


# --- form ---------------------------------------------------------------------------------------------------

HEADER = """// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   Adds.
//
//     a, b ─► +
//
// Latency
//   Combinational.
//
// Numbers
//   Exact.
//
// Example
//   1 + 2 = 3.
`default_nettype none
"""


def test_a_header_has_its_sections():
    assert lint.header(HEADER, every=True) == []
    assert lint.sections(HEADER)["Purpose"] == ["Adds.", "a, b ─► +"]
    without = HEADER.replace("// Numbers\n//   Exact.\n//\n", "")
    assert lint.header(without, every=False) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("// Numbers\n//   Exact.\n//\n", "", "sections are Purpose, Latency, Example, expected"),
        ("// Latency", "// Numbers 1", "sections are Purpose, Numbers 1, Numbers, Example, expected"),
        ("//   Exact.\n", "", "section Numbers is empty"),
        ("//   1 + 2 = 3.", "// 1 + 2 = 3.", "section Example is empty"),
        ("// Purpose", "// adder: adds.\n//\n// Purpose", "sections are adder: adds., Purpose"),
    ],
)
def test_a_bad_header_is_refused(old, new, said):
    assert said in "; ".join(lint.header(HEADER.replace(old, new), every=True))


def test_sections_out_of_order_are_refused():
    swapped = HEADER.replace("Latency", "-").replace("Numbers", "Latency").replace("// -", "// Numbers")
    assert "sections are Purpose, Numbers, Latency, Example" in lint.header(swapped, every=True)[0]
    assert lint.header(swapped, every=False)


def test_a_long_line_is_refused():
    assert lint.too_long("x" * 100 + "\n" + "─" * 100) == []
    assert lint.too_long("\n" + "x" * 101) == ["line 2 has 101 columns, expected at most 100"]


PARENT = """
module parent (
    input  wire       clk,
    input  wire [7:0] data,
    output wire       done
);
    child u_child (
        .clk (clk),
        .data(data),
        .{}(done)
    );
endmodule
"""


def test_a_port_with_two_names_is_found():
    child = "module child (input wire clk);\nendmodule\n"
    assert lint.ports(PARENT) == ["clk", "data", "done"]
    assert lint.renamed_ports("parent", {"parent": PARENT.format("done"), "child": child}) == []
    found = lint.renamed_ports("parent", {"parent": PARENT.format("ready"), "child": child})
    assert found == ["u_child.ready (done)"]


def test_ports_have_one_name():
    assert lint.one_name() == ""


def test_all_verilog_is_in_form():
    assert lint.verilog_form() == ""


# --- limits -------------------------------------------------------------------------------------------------

BUSY = "import time\nend = time.process_time() + {}\nwhile time.process_time() < end:\n    pass\n"


def test_the_limit_is_cpu_time(monkeypatch):
    monkeypatch.setattr(lint, "CPU_SECONDS", 1)
    monkeypatch.delenv("TIME_FACTOR", raising=False)
    assert lint.command("sleep", "2") == (0, "")
    status, said = lint.command(sys.executable, "-c", BUSY.format(60))
    assert (status, "not finished after 1 s of CPU time; TIME_FACTOR=2" in said) == (124, True), said


def test_time_factor_scales_the_limit(monkeypatch):
    monkeypatch.setattr(lint, "CPU_SECONDS", 1)
    monkeypatch.setenv("TIME_FACTOR", "20")
    assert lint.command(sys.executable, "-c", BUSY.format(2)) == (0, "")


def test_a_command_that_waits_for_ever_is_killed(monkeypatch):
    monkeypatch.setattr(lint, "CPU_SECONDS", 1)
    monkeypatch.setattr(lint, "WALL_FACTOR", 1)
    monkeypatch.delenv("TIME_FACTOR", raising=False)
    assert lint.command("sleep", "600") == (
        124,
        "sleep: not finished after 1 s; TIME_FACTOR=2 doubles the limit",
    )


def test_a_missing_program_is_said():
    status, said = lint.command("no-such-tool")
    assert status == 127
    assert "no-such-tool" in said


def start(*words, **env):
    """`macrame lint`, in its own process group."""
    return subprocess.Popen(
        [sys.executable, "-m", "macrame", "lint", *words],
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
    said = f"macrame lint: TIME_FACTOR={factor}: expected a positive number up to 1,000,000, such as 4\n"
    assert process.communicate() == ("", said)
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


@pytest.mark.sampled(4)
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
        _, said = process.communicate(timeout=environment.limit(120))
        took = time.monotonic() - began
        assert process.returncode == 128 + number
        assert said == ""
        # it waits for at most a second of Python; the queued flows take minutes
        assert took < environment.limit(30)
        assert not marked(mark)
    finally:
        for left in marked(mark):
            os.kill(left, signal.SIGKILL)


def test_a_banned_word_is_named_with_its_place_and_what_to_write():
    text = "Each output is foretold.\nA dead reset\nIt stalls for ever\n"
    assert list(lint.banned(text, lint.CONFIG["words"])) == [
        (1, "foretold", "expected, or predicted"),
        (3, "for ever", "indefinitely"),
    ]


def test_a_misspelt_word_is_found(tmp_path):
    (tmp_path / "a.md").write_text("A synchronus reset.\n")  # codespell:ignore
    status, said = lint.command(sys.executable, "-m", "codespell_lib", "a.md", cwd=tmp_path)
    assert status == 65
    assert "==> synchronous" in said


def test_each_word_selects_all_checks_that_contain_it(monkeypatch, capsys):
    """Also of several words, and if the first check of a word is also its last."""
    ran = []
    names = ("form a", "ruff check", "ruff format", "mypy types")
    made = [lint.Check(name, lambda name=name: ran.append(name) or "") for name in names]
    monkeypatch.setattr(lint, "all_checks", lambda: iter(made))
    monkeypatch.setattr(lint, "tools", lambda: ([], "tools"))
    monkeypatch.setattr(lint, "COMMANDS", lint.Commands())  # which no command starts after a run
    for words, expected in ((["mypy"], names[3:]), (["ruff"], names[1:3]), (["ruff", "form a"], names[:3])):
        ran.clear()
        assert lint.run(words) == 0
        assert sorted(ran) == sorted(expected)
        assert f"lint: {amount(len(expected), 'check')}, 0 failed" in capsys.readouterr().out
