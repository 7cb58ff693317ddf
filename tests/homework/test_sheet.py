# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The sheet as a whole: exit code, reports, what ran, and training that diverges."""

import re

import pytest

from macrame.golden.nn.train import Diverged
from macrame.homework import digits, sheet
from macrame.homework.data import SHIPPED
from tests.homework.common import own


def test_the_whole_sheet(whole):
    """One exit code, a report per problem, a note about make train, and plain text without a terminal."""
    assert (whole.code, whole.err) == (0, "")
    assert sorted(p.name for p in whole.folder.glob("*.json")) == [f"p{n}.json" for n in range(1, 10)]
    assert "Problem 8's training on the RTL takes minutes and has its own command, make train" in (
        " ".join(whole.out.split())
    )
    assert "\x1b" not in whole.out
    assert all(line == line.rstrip() for line in whole.out.splitlines())
    *_, said, wrote = whole.out.splitlines()
    assert said.endswith("RTL results match the golden model bit for bit.")
    assert wrote.startswith("  wrote ")


def test_what_ran_is_named(whole, solve):
    """Problem 2 runs on a separate dual core, whatever ROWS and COLS are."""
    bf16 = "1x4 dual-format core and a vector unit with 4 lanes"
    assert whole.report(1)["hardware"] == ["8x8x1 core", bf16]
    assert whole.report(2)["hardware"] == [bf16]
    assert whole.report(3)["hardware"] == []
    assert whole.report(7)["hardware"] == ["module fp32_to_bf16", "module bf16_to_fp32"]
    assert re.search(rf"\n  {bf16} +1, 2\n", whole.out)
    code, reports, out, _ = solve(PROBLEM=2, ROWS=3, COLS=5)
    assert code == 0
    assert "3x5x1" not in out
    assert "ROWS, COLS and DEPTH shape the int8 core only." in out
    assert "All 48 RTL results match the golden model bit for bit." in out


def test_shipped_files_are_all_read():
    for number, module in sheet.PROBLEMS.items():
        assert (SHIPPED / f"{module.__name__.split('.')[-1]}.toml").is_file(), number
    for module in sheet.FURTHER.values():
        assert (SHIPPED / f"{module.__name__.split('.')[-1]}.toml").is_file()
    assert len(list(SHIPPED.glob("*.toml"))) == len(sheet.PROBLEMS) + len(sheet.FURTHER)


def test_training_that_diverges_writes_nothing(solve, tmp_path, monkeypatch):
    def diverging(*arguments, **keywords):
        raise Diverged("the loss is nan after epoch 3")
        yield

    monkeypatch.setattr(digits, "fit", diverging)
    folder = own(tmp_path, "p8_inference.toml", learning_rate="90.0")
    code, _, _, err = solve(PROBLEM="3,8", HOMEWORK=folder)
    assert code == 2
    assert len(err.splitlines()) == 1
    assert "learning_rate = 90.0" in err
    assert "the loss is nan after epoch 3" in err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("problem", "name", "key"),
    [
        (5, "p5_overfitting.toml", "learning_rate"),
        (6, "p6_pruning.toml", "retrain_rate"),
        (8, "p8_training.toml", "learning_rate"),
    ],
)
def test_training_that_diverges_is_one_line(solve, tmp_path, monkeypatch, problem, name, key):
    def diverging(network, *arguments, **keywords):
        if keywords.get("rate") == 90:
            raise Diverged("the loss is nan after epoch 3")
        yield from right(network, *arguments, **keywords)

    right = digits.fit
    monkeypatch.setattr(digits, "fit", diverging)
    small = {"hidden": "8", "epochs": "2"}
    folder = own(tmp_path, name, **{**small, key: "90.0"})
    if problem == 8:
        own(tmp_path, "p8_inference.toml", **small, test_fraction="0.05")
    code, _, _, err = solve(PROBLEM=problem, HOMEWORK=folder)
    assert code == 2
    assert err == (
        f"macrame: {folder / name}: {key} = 90.0: expected a rate at which training does not diverge, "
        "but the loss is nan after epoch 3\n"
    )
    assert not (tmp_path / "out").exists()
