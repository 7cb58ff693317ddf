# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The pictures of the documents are those that `make pictures` draws, and show what they are drawn from."""

import re
from xml.etree import ElementTree

import pytest

from macrame import paths
from macrame.dev import pictures


@pytest.fixture(scope="module")
def drawn():
    return {path.name: text for path, text in pictures.pictures().items()}


def test_the_files_are_current(drawn, capsys):
    for path, text in pictures.pictures().items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name}: make pictures"
    assert pictures.main(check=True) == 0


def test_a_file_that_is_not_current_is_named(tmp_path, monkeypatch, capsys):
    path = tmp_path / "units.svg"
    path.write_text(pictures.units().replace("vector_unit", "vector unit"))
    monkeypatch.setattr(pictures, "pictures", lambda: {path: pictures.units()})
    assert pictures.main(check=True) == 1
    assert "units.svg is not current: make pictures" in capsys.readouterr().err


def test_every_picture_is_shown_and_can_be_read_out(drawn):
    documents = "".join(path.read_text() for path in (paths.ROOT / "docs").glob("*.md"))
    for name, text in drawn.items():
        assert f"](img/{name})" in documents
        root = ElementTree.fromstring(text)
        assert root.find("{*}title").text
        assert root.find("{*}desc").text


def test_words_stay_inside_of_their_boxes(drawn):
    """By an upper bound of the width of a character: pictures must not depend on one font."""
    for name, text in drawn.items():
        for width, words in re.findall(
            r'<rect [^>]*?width="([\d.]+)"[^>]*/>\n  <text [^>]*>([^<]+)</text>', text
        ):
            if float(width) < 400:
                assert 6.9 * len(words) <= float(width), f"{name}: {words}"


def test_the_waves_say_what_the_chart_says(drawn):
    """Signal by signal and cycle by cycle, from WaveDrom's shapes, of which a cycle takes two."""
    chart = pictures.chart()
    assert len(chart) == 9
    root = ElementTree.fromstring(drawn["three_tiles.svg"])
    lanes = [group for group in root.iterfind(".//{*}g") if group.find("{*}text[@class='mono']") is not None]
    names = ["".join(lane.find("{*}text").itertext()) for lane in lanes]
    assert names == ["clk", *chart]
    for lane, marks in zip(lanes[1:], chart.values()):
        shapes = [use.get("href").split("-") for use in lane.iterfind(".//{*}use")]
        assert len(shapes) == 2 * len(marks)
        # #0mv-3: from low to colour 3; #vm0-3: from colour 3 to low
        ends = [rest[-1] if lines[-1] != "0" else "." for lines, *rest in shapes]
        assert ends[::2] == ends[1::2]
        assert ends[::2] == [pictures.KINDS.get(mark, ".") for mark in marks]
        words = ["".join(text.itertext()) for text in lane.find("{*}g").iterfind("{*}text")]
        assert words == [pictures.MARKS[run[0]] for run in re.findall(r"(?:([^.])\1*)", marks)]
    cycles = [text.text for text in root.iterfind(".//{*}text") if text.get("class") == "note"]
    assert cycles == [str(cycle) for cycle in range(1, 31)]


def test_a_packet_has_every_operand_and_result_once():
    beats = pictures.packet_beats()
    names = [name for lanes, _ in beats.values() for beat in lanes for name in beat]
    for matrix, rows, cols in (("A", 2, 3), ("W", 3, 2)):
        for i in range(rows):
            for j in range(cols):
                assert names.count(f"{matrix}[{i},{j}]") == 1
    assert beats["s_axis_a"][1][-1] == "tuser 1, tlast"
    assert beats["s_axis_w"][1][0] == "mode 0"
