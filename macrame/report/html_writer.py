# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Blocks as HTML: a fragment for each block, and one page that needs no other file and no network.

Each number carries its value in full: ``<data value="...">``, and ``data-value`` in a matrix.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from macrame.report import mathml, svg
from macrame.report.blocks import (
    Block,
    Cell,
    Check,
    Column,
    Command,
    Component,
    Equation,
    Heading,
    Metadata,
    Phrase,
    Plot,
    Table,
    Text,
    Value,
    Words,
    Written,
    failed,
    joined,
    phrase_of,
)
from macrame.report.numbers import exact, plain

STYLE = Path(__file__).with_name("page.css")
#: Only what the page itself contains: a browser loads nothing else, whatever a block holds.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"
#: Starts each component with its element and its data.
START = """
for (const element of document.querySelectorAll("[data-component]")) {
  const start = macrame[element.dataset.component];
  if (start) start(element, JSON.parse(element.querySelector("script").textContent));
}
"""


@dataclass(frozen=True)
class Assets:
    """The script and the style of an interactive component.

    Attributes
    ----------
    script : str
        Sets ``macrame["name"]`` to a function of the component's element and its data, which replaces the
        element's content.
    style : str
        CSS.
    """

    script: str
    style: str = ""


class Html:
    """Writer of a page.

    Parameters
    ----------
    title : str
        Of the page.
    components : mapping of str to Assets, optional
        By name, those that the page can show; it contains those that its blocks use.
    """

    def __init__(self, title: str, components: Mapping[str, Assets] | None = None) -> None:
        self.title, self.components = title, components or {}
        self.blocks: list[Block] = []

    def write(self, block: Block) -> None:
        """Take a block."""
        self.blocks.append(block)

    def text(self) -> str:
        """The whole page."""
        wrong = any(map(failed, self.blocks))
        used = [
            self.components[name]
            for name in dict.fromkeys(block.name for block in self.blocks if isinstance(block, Component))
            if name in self.components
        ]
        verdict = '<p class="verdict failed">failed</p>' if wrong else '<p class="verdict passed">passed</p>'
        scripts = [f"<script>{_script(assets.script)}</script>\n" for assets in used]
        if used:
            scripts = ["<script>const macrame = {};</script>\n", *scripts, f"<script>{START}</script>\n"]
        style = STYLE.read_text() + "".join(assets.style for assets in used)
        glyphs: set[str] = set()
        blocks = list(_once(joined(self.blocks)))
        ranks = _ranks(blocks)
        written = [fragment(block, number, glyphs, ranks) for number, block in enumerate(blocks)]
        body = "\n".join(_together(blocks, written))
        return (
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f"<title>{escape(self.title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n"
            f"<h1>{escape(self.title)}</h1>\n{verdict}\n{body}\n{''.join(scripts)}</body>\n</html>\n"
        )


def fragment(block: Block, number: int, glyphs: set[str], ranks: Mapping[int, int]) -> str:
    """A block as HTML.

    Parameters
    ----------
    block : Block
    number : int
        Different for each block of a page.
    glyphs : set of str
        As of `macrame.report.svg.inline`.
    ranks : mapping of int to int
        Of the headings of each level: 2 for h2.

    Returns
    -------
    str
    """
    match block:
        case Heading():
            return f"<h{ranks[block.level]}>{_words(block.text)}</h{ranks[block.level]}>"
        case Text():
            return f'<p class="{block.kind}">{_words(block.text)}</p>'
        case Equation():
            return f'<div class="equation">{"".join(mathml.formulas(block))}</div>'
        case Table():
            return _table(block)
        case Plot():
            drawn = svg.inline(block.svg, f"plot{number}-", block.description, glyphs)
            return (
                f'<figure class="plot">{drawn}<figcaption>{escape(block.description)}</figcaption></figure>'
            )
        case Check():
            said = f'<p class="{"failed" if block.wrong else "passed"}">{_words(block.text)}</p>'
            lines = "".join(f"<li>{_words(line)}</li>" for line in block.differences)
            return f"{said}<ul>{lines}</ul>" if lines else said
        case Command():
            return f"<p>{escape(block.name)}:</p><pre>{escape(block.line)}</pre>"
        case Metadata():
            entries = [
                f"<dt>{escape(name)}</dt><dd>{escape(_entry(value))}</dd>"
                for name, value in block.entries.items()
            ]
            return f"<dl>{''.join(entries)}</dl>"
        case Component():
            data = json.dumps(plain(block.data), allow_nan=False).replace("<", "\\u003c")
            return (
                f'<div data-component="{escape(block.name)}">{_words(block.fallback)}'
                f'<script type="application/json">{data}</script></div>'
            )


def _ranks(blocks: Iterable[Block]) -> dict[int, int]:
    """The rank of each level of headings: those that the page uses, from h2 on, without a gap."""
    levels = sorted({block.level for block in blocks if isinstance(block, Heading)})
    return {level: rank for rank, level in enumerate(levels, 2)}


def _together(blocks: Sequence[Block], written: Sequence[str]) -> Iterator[str]:
    """The fragments of blocks; headings in one box with what follows, which is printed on one page.

    Firefox knows of no other way to keep a heading from the end of a page.
    """
    headings: list[str] = []
    for block, text in zip(blocks, written):
        if isinstance(block, Heading):
            headings.append(text)
        elif headings and (isinstance(block, Component) or isinstance(block, Table) and not _is_short(block)):
            yield from (*headings, text)
            headings = []
        elif headings:
            yield f'<div class="kept">{"".join(headings)}\n{text}</div>'
            headings = []
        else:
            yield text
    yield from headings


def _is_short(table: Table) -> bool:
    """Whether a table should be printed on one page."""
    return len(table.rows) <= 15


def _once(blocks: Iterable[Block]) -> Iterator[Block]:
    """The blocks without commands that the facts about the run have already named."""
    named: set[object] = set()
    for block in blocks:
        if isinstance(block, Metadata):
            named.update(value for value in block.entries.values() if isinstance(value, str))
        if not (isinstance(block, Command) and block.line in named):
            yield block


def _script(text: str) -> str:
    """A script inside its element, which its text must not end: in a string these escapes mean the same."""
    return text.replace("</script", "<\\/script").replace("<!--", "<\\!--")


def _words(words: Words) -> str:
    return "".join(
        escape(piece) if isinstance(piece, str) else _written(piece) for piece in phrase_of(words).pieces()
    )


def _written(piece: Written) -> str:
    """A value: text as it is, a number with its exact value."""
    if isinstance(piece.value, str) or piece.value is None:
        return escape(piece.text)
    return f'<data value="{escape(exact(piece.value))}">{escape(piece.text)}</data>'


def _table(block: Table) -> str:
    numeric = [_is_numeric([row[i] for row in block.rows]) for i in range(len(block.columns))]
    marks = [' class="number"' if number else "" for number in numeric]
    head = "".join(
        f'<th scope="col"{mark}>{escape(column.header)}</th>' for column, mark in zip(block.columns, marks)
    )
    rows = [
        "<tr>"
        + "".join(
            f"<td{mark}>{_cell(column, cell)}</td>" for column, mark, cell in zip(block.columns, marks, row)
        )
        + "</tr>\n"
        for row in block.rows
    ]
    return (
        f'<div class="scroll{" kept" if _is_short(block) else ""}"><table>\n<thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{''.join(rows)}</tbody>\n</table></div>"
    )


def _is_numeric(cells: list[Cell]) -> bool:
    """Whether a column has numbers only, except for cells without a value."""
    values = [value for cell in cells if (value := single(cell)) is not None and not _empty(value)]
    return bool(values) and not any(isinstance(value, str) for value in values)


def _empty(value: Value) -> bool:
    return isinstance(value, str) and not value


def single(cell: Cell) -> Value:
    """The value of a cell; a phrase of more than one value counts as text."""
    if not isinstance(cell, Phrase):
        return cell
    return cell.values[0] if len(cell.values) == 1 else str(cell)


def _cell(column: Column, cell: Cell) -> str:
    if isinstance(cell, Phrase):
        return _words(cell)
    return _written(Written(cell, column.written(cell)))


def _entry(value: object) -> str:
    found = plain(value)
    return found if isinstance(found, str) else json.dumps(found)
