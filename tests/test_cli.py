# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The command line and the Makefile: every option reaches its program, a misspelt one is rejected."""

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from macrame import paths
from macrame.cli import command, main, make
from macrame.cli.command import VERBS
from macrame.homework import settings, train
from macrame.sim import simulate
from macrame.synth import gates
from macrame.synth import settings as synth_settings
from macrame.verify import job

ROOT = paths.ROOT
#: A program that an interrupt ends with a traceback.
INTERRUPTED = "import os, signal; os.kill(os.getpid(), signal.SIGINT)"
MAKE_VARIABLES = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MACRAME_GIVEN", "MACRAME_GOALS", "MACRAME_REPLAY")


def run_make(*words, **env):
    """The call a user types."""
    clean = {name: value for name, value in os.environ.items() if name not in MAKE_VARIABLES}
    return subprocess.run(
        ["make", "--no-print-directory", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={**clean, **env},
    )


def said(function, *arguments, capsys):
    """Exit code, stdout and stderr of a call."""
    status = function(*arguments)
    captured = capsys.readouterr()
    return status, captured.out, captured.err


# --- macrame VERB -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("program", [["-m", "macrame"], ["-S", "-m", "macrame"]], ids=["all", "bare"])
def test_help_needs_nothing_but_the_standard_library(program):
    for words in (["--help"], *([verb, "--help"] for verb in VERBS[:: 1 if program[0] == "-m" else 5])):
        done = subprocess.run([sys.executable, *program, *words], cwd=ROOT, capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith(f"usage: macrame {words[0] if len(words) > 1 else 'VERB'}")


def test_the_help_lists_every_verb_and_every_verb_every_option(capsys):
    status, out, _ = said(main.main, ["--help"], capsys=capsys)
    assert status == 0
    assert re.findall(r"^  (\w+) ", out, re.MULTILINE) == [
        verb for needed in (False, True) for verb in VERBS if command.in_checkout(verb) == needed
    ]
    for verb in VERBS:
        text = command.parser(verb).format_help()
        for option in command.options(verb):
            assert (option.variable if option.positional else f"--{option.name}") in text


def test_help_of_a_verb_is_its_help(capsys):
    for words in (["help", "trace"], ["trace", "--help"]):
        with pytest.raises(SystemExit) as caught:
            main.main(words)
        assert caught.value.code == 0
    out = capsys.readouterr().out
    assert out[: len(out) // 2] == out[len(out) // 2 :]
    assert out.startswith("usage: macrame trace")


@pytest.mark.parametrize(
    ("env", "written"),
    [
        ({"LC_ALL": "C.UTF-8"}, b"wrote \xff.bin\n"),
        ({"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"}, rb"wrote \udcff.bin" + b"\n"),
    ],
    ids=["UTF-8", "ASCII"],
)
def test_a_path_and_a_locale_that_are_not_utf8_are_written(tmp_path, env, written):
    """The output and the page name the file; the page's scripts, which are UTF-8, are read as such."""
    words = [b"net", b"--compile", b"\xff.bin", b"--page", b"p.html"]
    done = subprocess.run(
        [sys.executable, "-m", "macrame", *words],
        cwd=tmp_path,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "0", **env},
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert written in done.stdout
    assert (tmp_path / "p.html").read_text(encoding="utf-8").count(r"\udcff.bin") == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "macrame: no verb given, expected one of gemm, homework"),
        (["gem"], "macrame: 'gem' is not a verb; did you mean gemm?"),
        (["xyzzy"], "macrame: 'xyzzy' is not a verb, expected one of gemm"),
        (["gemm", "--row", "4"], "macrame gemm: unknown argument --row"),
        (["gemm", "--rows"], "macrame gemm: --rows: no value given, expected one"),
        (["gemm", "--rows", ""], "macrame gemm: --rows: the value is empty, see macrame gemm --help"),
        (["gemm", "a.npy", "w.npy", "--page="], "macrame gemm: --page: the value is empty"),
        (["net", ""], "macrame net: MODEL: the value is empty"),
        (["proofs", "--proofs", " "], "macrame proofs: --proofs: the value is empty"),
        (["synth", ""], "macrame synth: a word is empty"),
        (["lint", " "], "macrame lint: a word is empty"),
        (
            ["gemm", "--rows", "4", "--rows=5"],
            "macrame gemm: --rows is given twice, with 4 and 5, expected once",
        ),
        (["gemm", "--low", "-5x"], "macrame gemm: A is not given, expected"),
        (["synth", "--rows", "-2x"], "macrame synth: --rows -2x: expected an integer from 1 to 32"),
        (["homework", "--problem", ","], "macrame homework: --problem ,: expected any of 1, 2, 3"),
        (["gemm", "--help=3"], "macrame gemm: --help=3: expected no value"),
        (["gemm", "a", "b", "c"], "macrame gemm: unknown argument c, see macrame gemm --help"),
        (["gemm", "a.npy"], "macrame gemm: W is not given"),
        (["homework", "--rows", "0"], "macrame homework: --rows 0: expected an integer from 1 to 32"),
        (["waves", "--sim", "vcs"], "macrame waves: --sim vcs: expected icarus, which writes an FST"),
        (["homework", "--sim", "vcs"], "macrame homework: --sim vcs: expected one of icarus, verilator"),
        (
            ["synth", "--depth", "2", "--formats", "BF16"],
            "macrame synth: --depth 2: expected 1 with --formats",
        ),
        (
            ["synth", "table", "--rows", "4"],
            "macrame synth: --rows 4: does not apply to the tables of fixed units",
        ),
        (["proofs", "table", "--jobs", "2"], "macrame proofs: --jobs 2: does not apply to the table"),
        (
            ["lint", "nosuch"],
            "macrame lint: nosuch: not in the name of any check, expected a part of one",
        ),
        (["lint", "ruff", "nosuch"], "macrame lint: nosuch: not in the name of any check, expected a part"),
        (["exhaustive", "--rtl", "docs"], "macrame exhaustive: --rtl docs: contains no arith/fp32_to_bf16.v"),
        (["bench", "0x8x1"], "macrame bench: 0x8x1: rows is 0, expected an integer from 1 to 32"),
        (["bench", "1000x8x8"], "macrame bench: 1000x8x8: rows is 1000, expected an integer from 1 to 32"),
        *(
            ([*verb, "x" * 300 + end], f"macrame {verb[0]}: {verb[-1]} ")
            for verb, end in (
                (["waves", "--page"], ".html"),
                (["homework", "--homework"], ""),
                (["homework", "--out"], ""),
                (["train", "--homework"], ""),
                (["exhaustive", "--rtl"], ""),
                (["campaign", "mutants", "--store"], ""),
                (["campaign", "evidence", "--store"], ""),
                (["campaign", "networks", "--model"], ".tflite"),
                (["net", "--compile"], ".bin"),
            )
        ),
        (["test", "--tests", "test_nosuch.py"], "macrame test: --tests test_nosuch.py: expected benches,"),
        (["bench", "8x8x²"], "macrame bench: 8x8x²: expected ROWSxCOLSxDEPTH"),
        (["synth", "--target", "a\nb"], "macrame synth: --target a\\nb: expected one of ecp5"),
        (["gemm", "a", "b\nc", "d\ne"], "macrame gemm: unknown argument d\\ne, see macrame gemm --help"),
        (
            ["gemm", "--build-dir", "/dev/null/a\nb"],
            "macrame gemm: --build-dir /dev/null/a\\nb: not writable",
        ),
        (["gemm", "--time-factor", "1\n2"], "macrame gemm: --time-factor 1\\n2: expected a positive number"),
        (["synth", "tables"], "macrame synth: tables: expected table, or nothing"),
        (["synth", "table", "x"], "macrame synth: table x: expected table, or nothing"),
        (["proofs", "table", "x"], "macrame proofs: table x: expected table, or nothing"),
        (["test", "nightly", "x"], "macrame test: nightly x: expected nightly, or nothing"),
        (["speed", "digits", "trace"], "macrame speed: digits trace: expected digits, trace, or ROWS COLS"),
        (["speed", "4", "0"], "macrame speed: 0: expected COLS, an integer from 1 to 32"),
        (["gemm", "--row", "4", "a", "w"], "macrame gemm: unknown argument --row, see macrame gemm --help"),
        (["help", "xyzzy"], "macrame: 'xyzzy' is not a verb, expected one of gemm"),
        (["exhaustive", "--rtl", "README.md"], "macrame exhaustive: --rtl README.md: not a directory"),
        (
            ["exhaustive", "--first", "0xffffffff", "--count", "2"],
            "macrame exhaustive: --count 2: expected 1\n",
        ),
        (["net", "--cols", "1", "--post-lanes", "2"], "macrame net: --post-lanes 2: expected 1\n"),
        (
            ["bitstream", "--board", "x"],
            "macrame bitstream: --board x: expected one of icebreaker, ulx3s, ulx3s-engine",
        ),
        (["board", "ulx3s", ""], "macrame board: unknown argument '', see macrame board --help"),
        (["board", "x"], "macrame board: BOARD x: expected one of icebreaker, ulx3s, ulx3s-engine"),
        (["sources", "--family", "x"], "macrame sources: --family x: expected one of ecp5, ice40"),
        (
            ["sources", "--folder", "--models"],
            "macrame sources: --models: does not apply with --folder, which lists no files",
        ),
        (["train", "--steps", "0"], "macrame train: --steps 0: expected an integer from 1 to 1000000"),
        (["bench", "8x8"], "macrame bench: 8x8: expected ROWSxCOLSxDEPTH, such as 8x8x1"),
    ],
)
def test_bad_input_is_one_line_that_names_what_was_typed(monkeypatch, capsys, words, message):
    for name in ("SIM", "BUILD_DIR", "TIME_FACTOR"):  # the command line sets them
        monkeypatch.setenv(name, os.environ.get(name, ""))
    status, out, err = said(main.main, words, capsys=capsys)
    assert (status, out) == (2, "")
    assert err.startswith(message)
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("verb", "name", "value", "message"),
    [
        ("waves", "TIME_FACTOR", "x", "TIME_FACTOR=x: expected a positive number"),
        ("waves", "BUILD_DIR", "/dev/null/x", "BUILD_DIR=/dev/null/x: not writable"),
        ("waves", "SIM", "vcs", "SIM=vcs: expected icarus, which writes an FST"),
        ("homework", "SIM", "vcs", "SIM=vcs: expected one of icarus, verilator"),
    ],
)
def test_a_bad_value_of_the_environment_is_named_as_such(monkeypatch, capsys, verb, name, value, message):
    monkeypatch.setenv(name, value)
    status, out, err = said(main.main, [verb], capsys=capsys)
    assert (status, out) == (2, "")
    assert err.startswith(f"macrame {verb}: {message}")


def test_an_option_replaces_the_variable_of_the_environment(monkeypatch, capsys, tmp_path):
    """For this run only; and notes name what was typed."""
    (tmp_path / "a.csv").write_text("x,y\n1,2\n3,4\n")
    monkeypatch.chdir(tmp_path)
    environ = {"SEED": "x", "WAVES": "x", "SIM": "vcs", "TIME_FACTOR": "x"}
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    words = ["gemm", "a.csv", "a.csv", "--out", "c.csv"]
    words += ["--rows", "2", "--cols", "2", "--seed", "3", "--waves", "--sim", "icarus", "--time-factor", "2"]
    status, out, err = said(main.main, words, capsys=capsys)
    assert (status, [line for line in err.splitlines() if "skipped" in line]) == (
        0,
        ["gemm: A a.csv: skipped 1 header row", "gemm: W a.csv: skipped 1 header row"],
    )
    assert {name: os.environ[name] for name in environ} == environ


@pytest.mark.parametrize("value", ["-5", "-1e-3", "-.5", "-inf", "-file.npy"])
def test_a_value_may_begin_with_a_dash(value):
    for words in (["--bias", value, "a.npy"], ["a.npy", f"--bias={value}"]):
        assert command.parse("gemm", words) == ({"A": "a.npy", "BIAS": value}, [])
    for word in ("--relu", "-h", "--"):
        with pytest.raises(command.UsageError, match="--bias: no value given, expected one"):
            command.parse("gemm", ["--bias", word])
    assert command.parse("gemm", ["--", "--bias", "-x"]) == ({"A": "--bias", "W": "-x"}, [])


def test_an_interrupt_is_one_line(monkeypatch, capsys):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "load", interrupted)
    assert said(main.main, ["gemm"], capsys=capsys) == (130, "", "macrame: interrupted\n")


def test_values_that_look_like_variables_stay_as_they_are():
    message = "A=/data/A=1/W.npy: no such file, expected W=w.npy"
    assert command.as_options("gemm", message) == "A /data/A=1/W.npy: no such file, expected W w.npy"


def test_a_file_of_an_option_is_named_as_the_option_takes_it():
    message = "SCALE=s.npz: contains 2 arrays, expected KEY=SCALE:NAME"
    assert (
        command.as_options("gemm", message) == "--scale s.npz: contains 2 arrays, expected --key SCALE:NAME"
    )
    message = "HEADER=A:1,BIAS:1,BIAS:0: BIAS is named twice, expected once"
    assert command.as_options("gemm", message).startswith("--header A:1,BIAS:1,BIAS:0: --bias is named twice")


def test_a_hint_is_an_option_that_works(tmp_path, monkeypatch, capsys):
    """The header of a BIAS or SCALE is skipped by --header BIAS:1, and not by --header --bias:1."""
    monkeypatch.chdir(tmp_path)
    for name in ("SIM", "BUILD_DIR", "TIME_FACTOR", "MACRAME_REPLAY"):  # the command line sets them
        monkeypatch.setenv(name, os.environ.get(name, ""))
    Path("a.csv").write_text("1,2\n3,4\n")
    Path("b.csv").write_text("1,x\n5,6\n")
    for option in ("bias", "scale"):
        words = ["gemm", "a.csv", "a.csv", "--out", "a.csv", f"--{option}", "b.csv"]
        _, _, err = said(main.main, words, capsys=capsys)
        hint = re.search("if line 1 is a header: (.*)\n$", err)[1]
        assert hint == f"--header {option.upper()}:1"
        status, _, err = said(main.main, [*words, *hint.split()], capsys=capsys)
        assert (status, err) == (2, "macrame gemm: --out a.csv: is also an input, expected another file\n")


@pytest.mark.parametrize("words", [["--help"], ["gemm", "--help"], ["sources"], ["foo"]])
def test_an_output_that_takes_nothing_is_one_line(words):
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    for target in (">/dev/full", ">&-"):
        command_line = f'"$0" -m macrame "$@" {target}'
        done = subprocess.run(
            ["sh", "-c", command_line, sys.executable, *words],
            cwd=ROOT,
            env=clean,
            capture_output=True,
            text=True,
        )
        assert done.returncode == (2 if words == ["foo"] else 1)
        assert re.fullmatch(r"macrame: (output: |'foo' is not a verb).*\n", done.stderr)


def test_an_error_is_not_written_to_stdout():
    """Not even where stderr is closed: stdout may be a file of a list, as of `macrame sources`."""
    command_line = '"$0" -m macrame foo 2>&-'
    done = subprocess.run(["sh", "-c", command_line, sys.executable], cwd=ROOT, stdout=subprocess.PIPE)
    assert (done.returncode, done.stdout) == (2, b"")


def test_what_a_closed_stream_was_is_no_file(tmp_path):
    """Files and sockets opened later do not get its number, so that nothing is printed into them."""
    program = (
        "import os\n"
        "from macrame.cli import signals\n"
        "signals.starting()\n"
        "os.write(3, str(os.open('/dev/null', os.O_RDONLY)).encode())\n"
    )
    command_line = f'"$0" -c "$1" 3>{tmp_path}/number <&- >&- 2>&-'
    subprocess.run(["sh", "-c", command_line, sys.executable, program], cwd=ROOT, check=True)
    assert (tmp_path / "number").read_text() == "4"


@pytest.mark.parametrize("words", [["help"], ["net", "PLAN=1"]])
@pytest.mark.parametrize("target", ["| true", ">&-", ">/dev/full"])
def test_an_output_that_takes_nothing_is_one_line_under_make_too(words, target):
    """Before make's own line; after a pipe, nothing: who closed it knows."""
    without = (*MAKE_VARIABLES, "SIM")
    environ = {name: value for name, value in os.environ.items() if name not in without}
    command_line = f'set -o pipefail; make --no-print-directory "$@" {target}'
    done = subprocess.run(
        ["bash", "-c", command_line, "bash", *words], cwd=ROOT, env=environ, capture_output=True, text=True
    )
    assert done.returncode == 2
    *said, last = done.stderr.splitlines()
    assert last.startswith("make: *** [")
    assert len(said) == (target != "| true")
    assert all(re.match(r"(make|net): output: ", line) for line in said)


def test_an_interrupt_of_the_first_imports_is_one_line(tmp_path):
    """One that comes before the command line is read."""
    (tmp_path / "difflib.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n")
    done = subprocess.run(
        [sys.executable, "-m", "macrame", "--help"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "macrame: interrupted\n")


def test_a_missing_interpreter_is_one_line(tmp_path):
    """Only the default one is a package to install."""
    for tool in ("bash", "dirname"):
        (tmp_path / tool).symlink_to(shutil.which(tool))
    for python, message in (
        ("python3", "python3 is not on PATH: sudo apt-get install python3"),
        ("python3.99", "PYTHON=python3.99: no such command, expected Python 3.11 or newer, such as python3"),
    ):
        done = subprocess.run(
            [tmp_path / "bash", "tools/run", "gemm"],
            cwd=ROOT,
            env={"PATH": str(tmp_path), "PYTHON": python},
            capture_output=True,
            text=True,
        )
        assert (done.returncode, done.stdout, done.stderr) == (1, "", f"macrame: {message}\n")


def test_an_interrupt_of_make_is_one_line_from_its_start(tmp_path):
    """While the variables are checked, before anything is installed."""
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nkill -INT $PPID\nexec {sys.executable} -c "{INTERRUPTED}"\n')
    python.chmod(0o755)
    done = subprocess.run(
        ["tools/run", "gemm"],
        cwd=ROOT,
        env={**os.environ, "PYTHON": str(python)},
        capture_output=True,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "macrame: interrupted\n")


def test_a_flag_is_named_without_a_value():
    assert command.as_options("gemm", "RELU=1: does not apply, ROWS=1") == "--relu: does not apply, --rows 1"
    assert command.as_options("net", "OUT=1: does not apply with PLAN=1, LANES=1.5") == (
        "--out 1: does not apply with --plan, --lanes 1.5"
    )


def test_sources_with_models_of_the_cells(tmp_path, capsys):
    """A simulator needs models of vendor cells: the files are then complete."""
    _, out, _ = said(main.main, ["sources", "--family", "ecp5", "--models"], capsys=capsys)
    command_line = ["iverilog", "-g2005", "-s", "macrame", "-o", tmp_path / "x.vvp", *out.splitlines()]
    done = subprocess.run(command_line, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    status, out, err = said(main.main, ["sources", "--family", "ice40", "--models"], capsys=capsys)
    assert (status, out) == (2, "")
    assert err.startswith("macrame sources: --models: macrame has no model of SB_MAC16")
    _, portable, _ = said(main.main, ["sources"], capsys=capsys)
    _, models, _ = said(main.main, ["sources", "--models"], capsys=capsys)
    assert models == portable


def test_the_folder_of_the_sources(capsys):
    _, out, _ = said(main.main, ["sources", "--folder"], capsys=capsys)
    folder = Path(out.strip())
    for name in ("rtl/macrame.v", "boards/ulx3s/ulx3s.v", "examples/README.md", "homework/p1_forward.toml"):
        assert (folder / name).is_file()


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("OUT=c.npy", "--out c.npy"),
        ("A=a.npy", "a.npy"),
        ("RELU=1", "--relu"),
        ("A_ZERO_POINT=3", "--a-zero-point 3"),
    ],
)
def test_a_variable_of_make_is_told_from_an_option(word, expected, capsys):
    status, _, err = said(main.main, ["gemm", "a.npy", word], capsys=capsys)
    assert status == 2
    assert err == f"macrame gemm: {word}: NAME=value is for make, expected {expected}\n"


def test_what_needs_a_checkout_is_listed_apart(capsys):
    _, out, _ = said(main.main, ["--help"], capsys=capsys)
    anywhere, checkout = out.split("In a checkout of the project only:")
    for verb in VERBS:
        assert f"\n  {verb} " in (checkout if command.in_checkout(verb) else anywhere)


def test_sources_are_files_in_the_order_of_the_list(capsys):
    status, out, _ = said(main.main, ["sources"], capsys=capsys)
    assert status == 0
    assert out.splitlines() == simulate.core_sources()
    _, vendor, _ = said(main.main, ["sources", "--family", "ecp5"], capsys=capsys)
    names = [line.rsplit("/", 1)[-1] for line in vendor.splitlines()]
    assert len(set(names)) == len(names)
    assert f"{ROOT}/rtl/vendor/ecp5/mul8x8.v" in vendor.splitlines()
    assert f"{ROOT}/rtl/array/mul8x8.v" not in vendor.splitlines()
    _, board, _ = said(main.main, ["sources", "--board", "icebreaker"], capsys=capsys)
    assert board.splitlines()[-1] == f"{ROOT}/boards/icebreaker/icebreaker.v"
    assert f"{ROOT}/rtl/vendor/ice40/accumulator.v" in board.splitlines()


def test_programs_read_what_their_verbs_take():
    read = set()

    class Environment(dict):
        def get(self, name, default=None):
            read.add(name)
            return default

        def __contains__(self, name):
            read.add(name)
            return False

    def taken(verb):
        return {option.variable for option in command.load(verb).OPTIONS}

    settings.from_environment(Environment(), [1])
    assert taken("homework") == read | {"SIM"}
    read.clear()
    train.read(Environment())
    assert taken("train") == read | {"SIM"}
    assert taken("gemm") == set(job.NAMES)
    assert taken("synth") == set(synth_settings.NAMES)
    assert taken("gates") == set(gates.NAMES)


# --- make TARGET --------------------------------------------------------------------------------------------


def test_make_help_lists_every_target_and_its_variables():
    done = run_make("help")
    assert (done.returncode, done.stderr) == (0, "")
    assert re.findall(r"^  make ([\w-]+)", done.stdout, re.MULTILINE) == [*make.TARGETS, "clean"]
    takes = dict(re.findall(r"^  ([\w-]+) +([A-Z][A-Z_ ]+)$", done.stdout, re.MULTILINE))
    assert takes == {name: " ".join(target.variables()) for name, target in make.TARGETS.items()}
    assert run_make().stdout == run_make("help", PYTHON="").stdout == done.stdout


def test_the_makefile_knows_every_target_and_variable():
    text = (ROOT / "Makefile").read_text().replace("\\\n", " ")
    listed = {
        name: re.search(rf"^{name} *:= (.*)$", text, re.MULTILINE)[1].split()
        for name in ("TARGETS", "VARIABLES")
    }
    assert listed["TARGETS"] == list(make.TARGETS)
    assert listed["VARIABLES"] == sorted({v for target in make.TARGETS.values() for v in target.variables()})


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("gemm BIASS=3", "BIASS is not a variable of make gemm, expected one of A W OUT HEADER INDEX KEY"),
        ("gemm bias=3", "bias is not a variable of make gemm, expected one of A"),
        ("sim K_MAX=3", "K_MAX is not a variable of make sim, expected one of PROBLEM HOMEWORK"),
        ("train EPOCH=2", "EPOCH is not a variable of make train, expected one of EPOCHS STEPS HOMEWORK"),
        ("waves ROWS=2", "ROWS is not a variable of make waves, expected one of SIM"),
        ("bitstream BORD=ulx3s", "BORD is not a variable of make bitstream, expected one of BOARD BAUD SEED"),
        ("lint JOBS=2", "JOBS is not a variable of make lint, expected one of BUILD_DIR TIME_FACTOR"),
        ("synth SEED=1", "SEED is not a variable of make synth, expected one of TARGET UNIT ROWS COLS DEPTH"),
        ("synth-table ROWS=1", "ROWS is not a variable of make synth-table, expected one of TARGET SEEDS"),
        ("JOBBS=2", "JOBBS: does not apply to make help, which takes no variables"),
    ],
)
def test_a_misspelt_variable_is_refused_before_anything_is_installed(words, message):
    done = run_make(*words.split())
    assert (done.returncode, done.stdout) == (2, "")
    said, *rest = done.stderr.splitlines()
    assert said.startswith(f"make: {message}")
    assert all(line.startswith("make: *** [") for line in rest)


@pytest.mark.parametrize(
    "words",
    [
        "test JOBS=2 SEEDS=3 SEED=4",
        "nightly SEED=100 SEEDS=2",
        "lint test JOBS=1",
        "sim PROBLEM=4 ROWS=2",
        "bench SIM=icarus",
        "train STEPS=2 SIM=icarus",
        "bitstream BOARD=ulx3s BAUD=115200 SEED=2",
        "gemm LINK=serial:/dev/ttyUSB0@115200",
        "synth TARGET=ice40 UNIT=array ROWS=1 COLS=2 DEPTH=8 SEEDS=1",
        "synth-table",
    ],
)
def test_documented_variables_are_taken(words):
    goals = [word for word in words.split() if "=" not in word]
    given = [word.split("=")[0] for word in words.split() if "=" in word]
    environ = {"MACRAME_GIVEN": " ".join(given), "MACRAME_GOALS": " ".join(goals)}
    assert [make.refused(goal, environ) for goal in goals] == [""] * len(goals)


@pytest.mark.parametrize(
    ("target", "needed"),
    [
        ("sim", "sim sim"),
        ("gemm", "sim gemm"),
        ("train", "train"),
        ("waves", "sim"),
        ("synth", "synth"),
        ("lint", "lint"),
        ("docs", "docs"),
        ("pictures", "docs"),
    ],
)
def test_a_target_installs_no_more_than_it_needs(target, needed):
    assert make.installs(target) == needed


@pytest.mark.sampled(5)
@pytest.mark.parametrize("target", ["sim", "train", "gemm", "waves", "bench"])
def test_an_unknown_simulator_is_refused_before_anything_else(tmp_path, target):
    given = [] if target != "gemm" else [f"A={tmp_path / 'a.npy'}", f"W={tmp_path / 'w.npy'}", "OUT=c.npy"]
    given += ["PROBLEM=3"] if target == "sim" else []
    done = run_make(target, "SIM=foo", *given)
    assert (done.returncode, done.stdout) == (2, "")
    assert "SIM=foo: " in done.stderr.splitlines()[0]


def test_the_command_that_replays_is_one_that_can_be_typed(monkeypatch):
    monkeypatch.delenv("PYTEST_CURRENT_TEST")
    environ = {"ROWS": "2", "LOW": "-5", "A": "a b.npy", "WAVES": "1", "SEED": "3"}
    monkeypatch.setenv("MACRAME_REPLAY", make.replay("gemm", environ))
    assert simulate.replay_command(7) == "make gemm A='a b.npy' LOW=-5 ROWS=2 SEED=7"
    monkeypatch.setenv("MACRAME_REPLAY", make.replay("waves", environ))
    assert simulate.replay_command(7) == "make waves"
    words = ["a b.npy", "w.npy", "--seed", "3", "--low=-5"]
    monkeypatch.setenv("MACRAME_REPLAY", main.replay("gemm", words))
    assert simulate.replay_command(7) == "macrame gemm 'a b.npy' w.npy --low=-5 --seed 7"


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    "name",
    [
        "plain.npy",
        "two words.npy",
        "pay $HOME $(shell id) 100%.csv",
        'it\'s "quoted"; true #no',
        "größe\\n.npy",
        "*",
    ],
)
def test_file_names_reach_the_programs_unchanged(tmp_path, name):
    for words, env in (([f"A={name}"], {}), ([], {"A": name})):
        done = run_make("gemm", *words, W="none.npy", OUT="c.npy", **env)
        assert done.stderr.startswith(f"gemm: A={name}: "), done.stderr


def test_a_blank_variable_counts_as_not_given():
    """A blank TESTS would select the whole suite, in full."""
    assert make.values("test", {"TESTS": " ", "JOBS": "", "SEED": "3"}) == {"SEED": "3"}


def test_documents_name_targets_that_exist():
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / ".github").rglob("*.yml")]:
        for target in re.findall(r"(?:^\s*|`|run: )make ([a-z-]+)", path.read_text(), re.MULTILINE):
            assert target in {*make.TARGETS, "help", "clean"}, f"{path.relative_to(ROOT)}: make {target}"
