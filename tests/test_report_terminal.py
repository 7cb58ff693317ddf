# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The terminal's writers: the layout of each kind of block, byte for byte, and progress."""

import io

import numpy as np
import pytest
from rich.console import Console

from macrame.report.blocks import (
    Check,
    Column,
    Command,
    Component,
    Heading,
    Matrix,
    Metadata,
    Plot,
    Table,
    equation,
    phrase,
    table,
    text,
)
from macrame.report.numbers import formatter
from macrame.report.terminal import Markdown, Plain, Terminal

WRONG = Check(
    "a product",
    30,
    2,
    phrase("MISMATCH in {}: {:,} of {:,}", "a product", 2, 30),
    (phrase("  row {}: expected {}, got {}", 1, 3, 4), phrase("  and {:,} more", 1)),
)


def written(*blocks, width=110, encoding="utf-8"):
    """What `Terminal` writes, as lines."""
    file = io.TextIOWrapper(io.BytesIO(), encoding)
    writer = Terminal(Console(file=file, width=width, highlight=False, soft_wrap=False))
    for block in blocks:
        writer.write(block)
    file.flush()
    return file.buffer.getvalue().decode(encoding).splitlines()


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1.0, -2.5], ["1.0", "-2.5"]),
        ([0.125, 100.0], ["0.1", "100.0"]),
        ([-1e-9, 1.5], ["0.0", "1.5"]),
        ([1e-7, 0.0], ["1.000e-07", "0.000e+00"]),
        ([0.0], ["0.0"]),
        ([np.nan, 1.0], ["nan", "1.0"]),
    ],
)
def test_numbers_of_a_matrix_share_their_decimals(values, expected):
    values = np.array(values)
    write = formatter(values)
    assert [write(v) for v in values] == expected


@pytest.mark.parametrize(
    ("top", "expected"), [(1.0, "1.000000"), (1e-20, "1.000e-20"), (1e25, "1.000e+25"), (0.0, "0.000000")]
)
def test_fixed_decimals_give_way_to_an_exponent(top, expected):
    assert formatter(np.array([top, 0.0]), 6)(top) == expected


def test_headings():
    problem, part = written(Heading("Problem 4: x", level=1), width=20), written(Heading("Step 1"))
    assert problem == ["", "Problem 4: x \u2550\u2550\u2550\u2550\u2550\u2550\u2550"]
    assert part == ["", "Step 1"]
    assert written(Heading("A", level=1), width=5, encoding="ascii") == ["", "A ==="]


def test_a_paragraph_is_wrapped_with_its_values_in_it():
    assert written(text("loss {:.3f} after {:,} steps of {!r}", 0.12345, 1000, 0.1), width=20) == [
        "  loss 0.123 after",
        "  1,000 steps of 0.1",
    ]


def test_braces_in_a_value_are_no_fields():
    assert written(text("{}: {:d}", "{0}", 3), Heading("{}")) == ["  {0}: 3", "", "{}"]
    with pytest.raises(ValueError, match="2 values, expected one for each"):
        text("{:d}", 1, 2)
    with pytest.raises(ValueError, match="expected one for each"):
        text("{x}", 1)


def test_columns_of_numbers_are_at_the_right():
    rows = [("one", 1000, 0.5, phrase("{} x {}", 2, 3)), ("ten", 7, None, "")]
    assert written(table(("", ("count", ","), ("share", ".0%"), "size"), rows)) == [
        "",
        "       count  share  size",
        "  one  1,000    50%  2 x 3",
        "  ten      7      -",
    ]
    with pytest.raises(ValueError, match="a row of 1 cells, expected 2"):
        table(("a", "b"), [(1,)])


def test_an_equation_has_names_above_and_operators_in_the_middle():
    w, x = np.array([[1, -2], [3, 4]], np.int8), np.array([5, 6])
    assert written(equation("z =", Matrix("W", w), ".", Matrix("x", x))) == [
        "",
        "          W           x",
        "  z =  \u23a1 1 -2 \u23a4  .  \u23a1 5 \u23a4",
        "       \u23a3 3  4 \u23a6     \u23a3 6 \u23a6",
    ]
    assert written(equation(Matrix("x", x)), encoding="ascii")[2:] == ["  [ 5 ]", "  [ 6 ]"]


def test_long_equations_are_broken_before_an_operator():
    wide = np.full((3, 12), -1.2345)
    lines = written(equation(Matrix("A", wide), "+", Matrix("B", wide), "=", Matrix("C", 2 * wide)))
    assert all(len(line) <= 110 for line in lines)
    assert sum(line.lstrip().startswith(("+", "=")) for line in lines) == 2


def test_large_matrices_are_shown_by_their_edges():
    lines = written(equation(Matrix("A", np.arange(64 * 64).reshape(64, 64))))
    assert any("4095" in line for line in lines)
    assert any("..." in line for line in lines)
    assert len(lines) < 20


def test_a_check_that_failed_lists_its_differences():
    assert written(WRONG) == [
        "  MISMATCH in a product: 2 of 30",
        "    row 1: expected 3, got 4",
        "    and 1 more",
    ]


def test_a_plot_is_its_files_and_a_command_is_never_wrapped():
    line = "make sim " + "X=1 " * 40 + "Y=2"
    assert written(Plot("p", "a plot", "<svg/>", ("a.png", "a.svg")), Command("replay", line)) == [
        "  plot: a.png",
        "  plot: a.svg",
        f"  replay  {line}",
    ]


@pytest.mark.parametrize("block", [Metadata({"seed": 1}), Component("grid", [1, 2], phrase("a grid"))])
def test_what_a_terminal_does_not_show(block, capsys):
    assert written(block) == []
    for writer in (Plain(), Markdown()):
        writer.write(block)
    assert capsys.readouterr() == ("", "")


def test_a_log_hears_of_long_work_now_and_then(capsys, monkeypatch):
    clock = iter([0.0, 0.0, 1.0, 6.0, 7.0, 12.0, 13.0])
    monkeypatch.setattr("macrame.report.terminal.time.monotonic", lambda: next(clock))
    with Terminal().progress("training", 30) as tick:
        for done in (3, 10, 12, 20):
            tick(done)
    assert capsys.readouterr().out.splitlines() == [
        "  training: 10 of 30, about 12 s left",
        "  training: 20 of 30, about 6 s left",
        "  training: 13.0 s",
    ]


def test_the_report_of_a_run_says_on_stderr_why_it_failed(capsys):
    columns = (Column("", width=3), Column("kind", width=5, left=True), Column("MACs", ",", 6))
    for block in (
        Heading("a run"),
        text("{:,} cycles", 1234),
        Table(columns, ()),
        Table(columns, ((0, "conv", 4096),), continued=True),
        Table(columns, ((1, "mean", ""),), continued=True),
        text("gemm: {} is not written", "c.npy", kind="error"),
        WRONG,
        Command("replay", "make gemm"),
        Plot("p", "a plot", "<svg/>", ("a.svg",)),
    ):
        Plain().write(block)
    out, err = capsys.readouterr()
    assert out.splitlines() == [
        "a run",
        "  1,234 cycles",
        "      kind    MACs",
        "    0 conv   4,096",
        "    1 mean",
        "  MISMATCH in a product: 2 of 30",
        "  plot: a.svg",
    ]
    assert err.splitlines() == [
        "gemm: c.npy is not written",
        "  row 1: expected 3, got 4",
        "  and 1 more",
        "  replay  make gemm",
    ]
    with pytest.raises(TypeError, match="Terminal"):
        Plain().write(equation("x"))


def test_a_document_has_an_empty_line_between_blocks(capsys):
    writer = Markdown()
    for block in (Heading("ECP5:"), table(("unit", ("LUT", ",")), [("core", 1234)]), text("a note")):
        writer.write(block)
    assert capsys.readouterr().out == "ECP5:\n\n| unit | LUT |\n|---|---|\n| core | 1,234 |\n\na note\n"
