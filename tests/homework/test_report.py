# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The sheet's report: what the terminal shows, byte for byte; the same numbers on the page and as JSON."""

import json
import re

import pytest

from macrame.homework import sheet
from tests.homework import said
from tests.homework.test_plots import PLOTS
from tests.test_report import Page, of_json, phrases


@pytest.mark.parametrize("number", sheet.PROBLEMS)
def test_the_terminal_shows_what_is_stored(whole, number):
    assert said.problems(whole.out)[number] == said.stored(number)


def test_the_page_of_the_whole_sheet(whole):
    page = Page(whole.page)
    headings = [tag for tag, _ in page.elements if tag == "h2"]
    assert len(headings) == len(sheet.PROBLEMS)
    assert ("p", {"class": "verdict passed"}) in page.elements
    figures = [attributes["aria-label"] for tag, attributes in page.elements if tag == "svg"]
    assert len(figures) == len(set(figures)) == len(PLOTS)
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert not [tag for tag, _ in page.elements if tag in ("link", "img")]
    assert not [tag for tag, attributes in page.elements if tag == "script" and "src" in attributes]
    assert len(whole.page) < 1_000_000
    answer = whole.report(1)["answer"]
    assert {repr(answer["float"]["loss"]), repr(answer["int8"]["loss"])} <= set(page.values)
    *_, last, wrote = whole.out.rstrip().splitlines()
    assert last.strip() in page.text
    assert re.search(r"wrote \S+sheet\.html$", " ".join([last, wrote]))


def test_a_problem_has_the_same_numbers_in_every_writer(solve, tmp_path):
    code, _, out, _ = solve(PROBLEM=4, PAGE=tmp_path / "page.html")
    again, _, _, _ = solve(PROBLEM=4, PAGE=tmp_path / "page.json")
    assert (code, again) == (0, 0)
    page, document = (
        Page((tmp_path / "page.html").read_text()),
        json.loads((tmp_path / "page.json").read_text()),
    )
    blocks = document["blocks"]
    assert [block["words"]["text"] for block in blocks if block["block"] == "heading"][-1].startswith(
        "Summary"
    )
    timed = [i for i, block in enumerate(blocks) if block["block"] == "heading"][-1]
    values = list(of_json({"blocks": blocks[:timed]}))  # the summary's seconds differ
    assert len(values) > 100
    assert page.values[: len(values)] == values
    terminal = " ".join(out.split())
    for block in blocks[:timed]:
        for words in phrases(block):
            if "text" in words and block["block"] != "equation":
                assert " ".join(words["text"].split()) in terminal
        for row in block.get("rows", ()):
            for cell in row:
                assert cell["text"] in terminal


def test_a_mismatch_is_on_the_page(solve, tmp_path, monkeypatch):
    from macrame.homework import p4_int8

    right = p4_int8.gemm

    def wrong(a, w):
        product = right(a, w)
        product[1, 2] += 1
        return product

    monkeypatch.setattr(p4_int8, "gemm", wrong)
    code, _, _, _ = solve(PROBLEM="3,4", PAGE=tmp_path / "page.html")
    page = Page((tmp_path / "page.html").read_text())
    assert code == 1
    assert ("p", {"class": "verdict failed"}) in page.elements
    assert "row 1, column 2: expected -590, got -591" in page.text
    assert re.search(r"command ?SEED=\d+ ", page.text)


@pytest.mark.parametrize("page", ["page.txt", "none/page.html"])
def test_a_page_that_cannot_be_written_is_refused_before_solving(solve, tmp_path, monkeypatch, page):
    monkeypatch.setattr(sheet, "_solve", lambda *arguments: pytest.fail("solved all the same"))
    code, _, out, err = solve(PROBLEM=3, PAGE=tmp_path / page)
    assert (code, out) == (2, "")
    assert err.startswith(f"macrame: PAGE={tmp_path / page}: ")
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize("number", [2, 7])
def test_the_page_names_the_hardware_that_the_problem_uses(solve, tmp_path, number):
    """As its summary lists it."""
    assert solve(PROBLEM=number, PAGE=tmp_path / "page.json")[0] == 0
    blocks = json.loads((tmp_path / "page.json").read_text())["blocks"]
    (facts,) = [block["entries"] for block in blocks if block["block"] == "metadata"]
    tables = [block for block in blocks if block["block"] == "table"]
    (used,) = [found["rows"] for found in tables if found["columns"][0]["header"] == "simulated"]
    named = [row[0]["text"] for row in used]
    assert (facts.get("bf16 hardware") in named) == (number == 2)
    assert "int8 core" not in facts
    assert "8x8x1 core" not in named


def test_the_whole_sheet_names_all_of_its_hardware(whole):
    page, summary = Page(whole.page).text, whole.out[whole.out.index("\nSummary (") :]
    for name, hardware in (
        ("int8 core", "8x8x1"),
        ("bf16 hardware", "1x4 dual-format core and a vector unit"),
    ):
        assert re.search(rf"{name} ?{hardware}", page)
        assert hardware in summary
