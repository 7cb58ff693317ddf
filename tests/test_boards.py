# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The description of a board in macrame/board.py is what its Verilog says."""

import re

import pytest

from macrame.board import BOARDS
from macrame.contract import CoreConfig
from macrame.paths import BOARDS as FOLDER


def defaults(name):
    """Parameters of a board's top and their defaults."""
    top = BOARDS[name].top
    text = (FOLDER / top / f"{top}.v").read_text()
    head = text[text.index(f"module {top} #(") : text.index(") (")]
    return {found: int(value) for found, value in re.findall(r"parameter integer (\w+) *= (\d+)", head)}


def test_every_board_is_described():
    assert {path.parent.name for path in FOLDER.glob("*/*.v")} - {"common"} == {
        board.top for board in BOARDS.values()
    }
    assert all(name == board.name for name, board in BOARDS.items())
    assert all((FOLDER / board.pins).exists() for board in BOARDS.values())


@pytest.mark.parametrize("name", BOARDS)
def test_the_tops_defaults_are_the_boards_core(name):
    board, found = BOARDS[name], defaults(name)
    if board.engine is None:
        assert CoreConfig.of_parameters(found) == board.core
    assert found == {"CLOCKS": board.clock // 1_000_000, "RESET": 4096, **board.parameters()}


@pytest.mark.parametrize("name", BOARDS)
def test_the_clock_is_the_one_the_top_writes_of(name):
    top = BOARDS[name].top
    text = (FOLDER / top / f"{top}.v").read_text()
    assert f"cycles of {BOARDS[name].clock / 1e6:g} MHz per bit: 1,000,000 baud" in text
