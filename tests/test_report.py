# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The HTML and JSON writers, the values that all writers share, and the report of a run."""

import html.parser
import io
import json
import math
import re
from decimal import Decimal
from xml.etree import ElementTree

import numpy as np
import pytest
from rich.console import Console

from macrame.errors import InputError, amount
from macrame.nets import command, run
from macrame.report import mathml
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
    counted,
    equation,
    phrase,
    table,
    text,
)
from macrame.report.html_writer import Assets, Html
from macrame.report.json_writer import Json
from macrame.report.numbers import to_json
from macrame.report.report import Report, page_of
from macrame.report.terminal import Plain, Terminal
from macrame.verify import compare

HOSTILE = "<b>&\"'</script><!--"
SVG = """<?xml version="1.0"?>
<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">
<svg xmlns:xlink="http://www.w3.org/1999/xlink" width="9pt" viewBox="0 0 9 9" xmlns="http://www.w3.org/2000/svg">
 <metadata>x</metadata><defs><style type="text/css">*{stroke-linejoin: round}</style></defs>
 <g id="a"><path id="b" clip-path="url(#c)"
 d="M 1.23456 -0.5 L 2.0001 3" transform="translate(1.0049 2) scale(0.015625)"/>
 <use xlink:href="#b"/></g><clipPath id="c"/></svg>"""
#: Every kind of block, with every kind of value.
BLOCKS = [
    Heading(phrase("Problem {}: all kinds", 4), level=1),
    Metadata({"seed": 7, "rate": float("nan"), "file": HOSTILE}),
    text("loss {:.3f} of {:,} in {}, exactly {:.4f}", 0.123456, 1000, HOSTILE, Decimal("0.33335")),
    text("not finite: {:.1f} {:.1f} {:.1f}", math.nan, math.inf, -math.inf, kind="warning"),
    equation(
        "z1 =",
        Matrix("W1", np.array([[1.25, -2.0], [np.nan, np.inf]])),
        phrase("- {:g} .", 0.5),
        Matrix("", np.array([3, -4], np.int8)),
        "=",
        Matrix("class", np.array(["<cat>", "dog"])),
    ),
    table(
        ("name", ("count", ","), ("share", ".1%"), "size"),
        [("one", 1234, 0.123456, phrase("{} x {}", 2, 3)), (HOSTILE, np.int64(7), None, "")],
    ),
    Plot("p", f"a plot of {HOSTILE}", SVG, ("a.png",)),
    Check("good", 9, 0, phrase("all {:,} numbers of {}", 9, HOSTILE)),
    Check("bad", 30, 2, phrase("{} of {} differ", 2, 30), (phrase("row {}: {} and {}", 1, -3, "0x3f80"),)),
    Command("replay", f"make gemm A={HOSTILE}"),
    Component("grid", {"file": HOSTILE, "a": np.array([1.5, np.nan])}, phrase("a grid of {}", 12)),
]


class Page(html.parser.HTMLParser):
    """What a page contains: the exact values of its numbers, its text, its elements and their attributes."""

    def __init__(self, page):
        super().__init__()
        self.values, self.elements, self.words, self.data = [], [], [], []
        self._raw = ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.elements.append((tag, attributes))
        self._raw = tag if tag in ("script", "style", "title") else ""
        for name in ("value",) if tag == "data" else ("data-value",):
            if name in attributes:
                self.values.append(attributes[name])

    def handle_endtag(self, tag):
        self._raw = ""

    def handle_data(self, data):
        (self.data if self._raw else self.words).append(data)

    @property
    def text(self):
        """Its words, with single spaces."""
        return " ".join("".join(self.words).split())


def of_json(document):
    """The numbers of a JSON document in their order, as an HTML page has them."""

    def numbers(values):
        for value in values:
            if isinstance(value, list):
                yield from numbers(value)
            elif value is not None and (not isinstance(value, str) or value in ("nan", "inf", "-inf")):
                yield value if isinstance(value, str) else json.dumps(value)

    for block in document["blocks"]:
        for words in phrases(block):
            yield from numbers(words["values"])
        for row in block.get("rows", ()):
            yield from numbers(v for cell in row for v in cell.get("values", [cell.get("value")]))


def phrases(block):
    """What a block of a JSON document says, and its matrices."""
    yield from [block["words"]] if "words" in block else []
    yield from (part.get("words", part) for part in block.get("parts", ()))
    yield from block.get("differences", ())
    yield from [block["fallback"]] if "fallback" in block else []


def written(writer, blocks=BLOCKS):
    """The text of a writer of files."""
    for block in blocks:
        writer.write(block)
    return writer.text()


def on_terminal(blocks=BLOCKS):
    """What `Terminal` writes, with single spaces."""
    file = io.StringIO()
    terminal = Terminal(Console(file=file, width=110, highlight=False))
    for block in blocks:
        terminal.write(block)
    return " ".join(file.getvalue().split())


def test_the_three_writers_carry_the_same_values():
    page, document = Page(written(Html("all"))), json.loads(written(Json("all")))
    found = list(of_json(document))
    assert page.values == found
    for value in ("0.123456", "1000", "0.33335", "nan", "-inf", "1.25", "-4", "1234", "30", "-3", "4"):
        assert value in found
    said = on_terminal()
    for block in document["blocks"]:
        for words in phrases(block):
            if "text" in words and block["block"] not in ("equation", "component"):
                assert " ".join(words["text"].split()) in said
                assert " ".join(words["text"].split()) in page.text
        for row in block.get("rows", ()):
            for cell in row:
                assert cell["text"] in said
                assert cell["text"] in page.text


def test_json_has_each_value_and_how_it_is_written():
    document = json.loads(written(Json("all")), parse_constant=lambda name: pytest.fail(name))
    assert (document["format"], document["title"], document["passed"]) == (1, "all", False)
    blocks = {block["block"]: block for block in document["blocks"]}
    assert list(blocks) == [
        *("heading", "metadata", "text", "equation", "table", "plot", "check", "command", "component"),
    ]
    assert blocks["heading"] == {
        "block": "heading",
        "level": 1,
        "words": {"text": "Problem 4: all kinds", "template": "Problem {}: all kinds", "values": [4]},
    }
    assert blocks["metadata"]["entries"] == {"seed": 7, "rate": "nan", "file": HOSTILE}
    assert blocks["text"]["kind"] == "warning"
    assert blocks["text"]["words"]["values"] == ["nan", "inf", "-inf"]
    assert blocks["equation"]["parts"][1] == {
        "matrix": "W1",
        "decimals": None,
        "values": [[1.25, -2.0], ["nan", "inf"]],
    }
    assert blocks["equation"]["parts"][5]["values"] == [["<cat>"], ["dog"]]
    assert blocks["table"]["columns"][1] == {"header": "count", "format": ","}
    assert blocks["table"]["rows"][0][2:] == [
        {"text": "12.3%", "value": 0.123456},
        {"text": "2 x 3", "values": [2, 3]},
    ]
    assert blocks["table"]["rows"][1][2] == {"text": "-", "value": None}
    assert blocks["plot"] == {
        "block": "plot",
        "name": "p",
        "description": f"a plot of {HOSTILE}",
        "files": ["a.png"],
    }
    assert (blocks["check"]["count"], blocks["check"]["wrong"]) == (30, 2)
    assert blocks["check"]["differences"][0]["values"] == [1, -3, "0x3f80"]
    assert blocks["command"]["line"] == f"make gemm A={HOSTILE}"
    assert blocks["component"]["data"] == {"file": HOSTILE, "a": [1.5, "nan"]}


def test_reports_are_strict_json():
    found = {"a": np.array([1.5, np.nan, -np.inf]), "b": np.int8(-3), "c": (np.bool_(True), None)}
    assert json.loads(to_json(found)) == {"a": [1.5, "nan", "-inf"], "b": -3, "c": [True, None]}


def test_html_escapes_whatever_a_value_holds():
    page = Page(written(Html(HOSTILE)))
    assert "b" not in [tag for tag, _ in page.elements]
    assert page.text.count(HOSTILE) >= 6
    (title,) = [data for data in page.data if data == HOSTILE]
    figure = next(attributes for tag, attributes in page.elements if tag == "svg")
    assert figure["aria-label"] == f"a plot of {HOSTILE}"
    (carried,) = [data for data in page.data if data.startswith("{")]
    assert json.loads(carried) == {"file": HOSTILE, "a": [1.5, "nan"]}
    assert f"<title>{HOSTILE}" not in written(Html(HOSTILE))


def test_a_page_needs_no_network_and_no_script():
    source = written(Html("all"))
    page = Page(source)
    assert not [tag for tag, _ in page.elements if tag in ("link", "img", "iframe", "object", "base")]
    assert [a for tag, a in page.elements if tag == "script"] == [{"type": "application/json"}]
    for _, attributes in page.elements:
        for name in ("src", "href", "xlink:href", "action", "style"):
            assert not re.search(r"//|url\((?!#)", attributes.get(name) or "")
    assert "@import" not in source
    assert "default-src 'none'" in source
    assert "color-scheme: light dark" in source
    assert {"charset": "utf-8"} in [a for tag, a in page.elements if tag == "meta"]


def test_a_page_says_whether_the_run_passed():
    good = [block for block in BLOCKS if not isinstance(block, Check) or not block.wrong]
    for blocks, verdict in ((good, "passed"), (BLOCKS, "failed"), ([text("x", kind="error")], "failed")):
        page = Page(written(Html("all"), blocks))
        assert ("p", {"class": f"verdict {verdict}"}) in page.elements
        assert json.loads(written(Json("all"), blocks))["passed"] == (verdict == "passed")


def test_two_figures_of_a_page_share_no_ids():
    page = Page(written(Html("all"), [Plot(name, name, SVG) for name in "pq"]))
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids)) == 6
    used = [a["clip-path"][5:-1] for _, a in page.elements if "clip-path" in a]
    used += [a["xlink:href"][1:] for _, a in page.elements if "xlink:href" in a]
    assert len(used) == 4
    assert set(used) <= set(ids)
    paths = [a for tag, a in page.elements if tag == "path"]
    assert {(a["d"], a["transform"]) for a in paths} == {
        ("M 1.23 -0.5 L 2 3", "translate(1 2) scale(0.015625)")
    }
    styles = [a["style"] for tag, a in page.elements if tag == "svg"]
    assert styles == ["stroke-linejoin: round"] * 2
    assert [tag for tag, _ in page.elements].count("style") == 1  # the page's own


def test_matrices_are_mathml():
    (first, second) = mathml.formulas(equation("a1^T =", Matrix("dE/dW2", np.array([[0.5, -1.25]]))))
    assert ElementTree.fromstring(first).find("mrow/msubsup/mi").text == "a"
    tree = ElementTree.fromstring(second)
    assert [cell.get("data-value") for cell in tree.iter("mn") if cell.get("data-value")] == ["0.5", "-1.25"]
    assert [cell.text for cell in tree.findall(".//mtd/mn")] == ["0.50", "\u22121.25"]
    assert [name.text for name in tree.findall("mover/mrow[2]//mi")] == ["d", "E", "d", "W"]
    assert tree.find("mover/mrow[2]/msub/mn").text == "2"
    assert tree.find(".//mtable").get("columnalign") == "right"
    (formula,) = mathml.formulas(equation("max(0,"))
    assert [part.get("stretchy") for part in ElementTree.fromstring(formula).iter("mo")] == ["false", None]


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("-> row by row ->", "\u2192rowbyrow\u2192"),
        ("s s' Q", "ss\u2032Q"),
        ("max(0,", "max(0,"),
        ("<x> & y_2", "<x> & y_2"),
        ("a - 2.5e-3", "a\u22122.5e-3"),
    ],
)
def test_words_of_an_equation(words, shown):
    tree = ElementTree.fromstring(mathml.expression(words))
    assert "".join(tree.itertext()) == shown


def test_large_matrices_are_shown_by_their_edges():
    (formula,) = mathml.formulas(equation(Matrix("A", np.arange(64 * 64).reshape(64, 64))))
    tree = ElementTree.fromstring(formula)
    assert len(tree.findall(".//mtr")) == 12
    assert [cell.text for cell in tree.findall(".//mtd/mn")][-1] == "4095"
    assert {cell.text for cell in tree.findall(".//mtd/mo")} == {"\u22ee", "\u22ef", "\u22f1"}


def test_an_interactive_component_gets_its_script_and_its_data():
    grid, other = Assets("macrame.grid = (element, data) => {};", ".grid {}"), Assets("macrame.other = 1;")
    source = written(Html("all", {"grid": grid, "other": other}))
    assert grid.script in source
    assert grid.style in source
    assert other.script not in source  # no block uses it
    order = [source.index(part) for part in ("const macrame = {}", grid.script, "document.querySelectorAll")]
    assert order == sorted(order)
    (element,) = [a for _, a in Page(source).elements if "data-component" in a]
    assert element["data-component"] == "grid"


def test_rows_that_came_one_by_one_are_one_table():
    columns = (Column("x", width=3),)
    rows = [Table(columns, ()), *(Table(columns, ((i,),), continued=True) for i in range(3))]
    blocks = [*rows, BLOCKS[7], Table(columns, ((3,),), continued=True)]
    tables = [b for b in json.loads(written(Json("x"), blocks))["blocks"] if b["block"] == "table"]
    assert [[cell["value"] for (cell,) in one["rows"]] for one in tables] == [[0, 1, 2], [3]]
    page = Page(written(Html("x"), blocks))
    assert [tag for tag, _ in page.elements].count("table") == 2
    assert page.values == ["0", "1", "2", "9", "3"]


def test_numbers_of_a_table_are_at_the_right():
    page = Page(written(Html("all"), [BLOCKS[5]]))
    assert [a.get("class") for tag, a in page.elements if tag == "th"] == [None, "number", "number", None]


# --- the report of a run ------------------------------------------------------------------------------------


class Said:
    """A writer that keeps the blocks."""

    def __init__(self):
        self.blocks = []

    def write(self, block):
        self.blocks.append(block)


@pytest.mark.parametrize("block", BLOCKS)
def test_a_failed_check_is_a_failed_report(block):
    report = Report(Said(), "x")
    report.write(block)
    assert report.failed == (block is BLOCKS[8])
    report.write(text("it failed", kind="error"))
    assert report.failed
    report.write(BLOCKS[7])
    assert report.failed


def test_blocks_are_shown_as_they_come_and_the_page_is_written_at_the_end(tmp_path):
    page, said = tmp_path / "page.html", Said()
    page.write_text("of an earlier run")
    report = Report(said, "a run", page)
    assert not page.exists()

    def blocks():
        for count, block in enumerate(BLOCKS):
            assert len(said.blocks) == count
            yield block

    report.write_all(blocks())
    assert not page.exists()
    report.save()
    assert page.read_text() == written(Html("a run"))
    assert str(said.blocks[-1].text) == f"wrote {page}"
    other = Report(Plain(io.StringIO(), io.StringIO()), "a run", tmp_path / "page.JSON")
    other.write_all(block for block in BLOCKS if "parts" not in vars(block))
    other.save()
    assert json.loads((tmp_path / "page.JSON").read_text())["title"] == "a run"


@pytest.mark.parametrize(
    ("page", "message"),
    [
        ("page.pdf", "PAGE=page.pdf: unknown extension .pdf, expected .html or .json"),
        ("page", "PAGE=page: unknown extension (none), expected .html or .json"),
        ("pages", "PAGE=pages: is a directory, expected a .html or .json file to write"),
        ("none/page.html", "PAGE=none/page.html: the directory none does not exist"),
        ("in.json", "PAGE=in.json: is also an input, expected another file"),
        ("out.json", "PAGE=out.json: is also another output, expected another file"),
    ],
)
def test_a_page_that_cannot_be_written_is_refused(tmp_path, monkeypatch, page, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in.json").write_text("{}")
    (tmp_path / "pages").mkdir()
    with pytest.raises(InputError, match=re.escape(message)):
        page_of({"PAGE": page}, ["in.json"], [tmp_path / "out.json"])
    assert page_of({"PAGE": ""}) is None
    assert page_of({"PAGE": " page.html "}).name == "page.html"


def test_headings_have_ranks_without_a_gap():
    """Whatever levels the blocks use; h1 is the title."""
    for levels in ((1, 2, 3), (2,), (2, 3), (1, 3, 1)):
        html = Html("a run")
        for level in levels:
            html.write(Heading("a heading", level))
        ranks = [int(rank) for rank in re.findall(r"<h(\d)>", html.text())]
        order = sorted(set(levels))
        assert ranks == [1, *(order.index(level) + 2 for level in levels)]


def test_the_command_of_a_run_is_on_its_page_once():
    html = Html("a run")
    for block in (Metadata({"command": "make it"}), Command("replay", "make it"), Command("waves", "more")):
        html.write(block)
    text = html.text()
    assert text.count("make it") == 1
    assert "more" in text


@pytest.mark.parametrize(
    ("count", "noun", "said"),
    [
        (0, "byte", "0 bytes"),
        (1, "byte", "1 byte"),
        (2000, "byte", "2,000 bytes"),
        (1, "axis", "1 axis"),
        (3, "axis", "3 axes"),
        (1, "property", "1 property"),
        (2, "property", "2 properties"),
    ],
)
def test_messages_and_reports_have_the_same_plurals(count, noun, said):
    assert amount(count, noun) == said
    assert str(counted(count, noun)) == said
    assert counted(count, noun).values == (count,)


def test_one_value_differs_and_two_values_differ():
    where = (0, 1)
    for wrong, verb in ((1, "differs"), (2, "differ")):
        found = run.Difference("y", wrong, 9, where, 3, 4)
        said = f"{wrong} of 9 values of y {verb} from the reference, first at [0, 1]: expected 3, got 4"
        assert str(command.differs(found, "the reference")) == said
        numbers = [{"row": 0, "column": i, "expected": 1, "got": 2} for i in range(wrong)]
        said = f"MISMATCH in A W: {wrong} of 9 numbers {verb} from the golden model"
        assert str(compare.block(compare.Check("A W", 9, 0.1, numbers)).text) == said
