# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Blocks as JSON: every value in full, next to how it is written. docs/report.md describes the format."""

from macrame.report.blocks import (
    Block,
    Cell,
    Check,
    Column,
    Command,
    Component,
    Equation,
    Heading,
    Matrix,
    Metadata,
    Phrase,
    Plot,
    Table,
    Text,
    Words,
    failed,
    joined,
    phrase_of,
)
from macrame.report.numbers import as_matrix, plain, to_json

FORMAT = 1
"""Version of the format, counted up when a reader would have to change."""


class Json:
    """Writer of JSON.

    Parameters
    ----------
    title : str
        Of the report.
    """

    def __init__(self, title: str) -> None:
        self.title = title
        self.blocks: list[Block] = []

    def write(self, block: Block) -> None:
        """Take a block."""
        self.blocks.append(block)

    def text(self) -> str:
        """The whole report."""
        return to_json(
            {
                "format": FORMAT,
                "title": self.title,
                "passed": not any(map(failed, self.blocks)),
                "blocks": [as_dict(block) for block in joined(self.blocks)],
            }
        )


def as_dict(block: Block) -> dict[str, object]:
    """A block as JSON has it.

    Parameters
    ----------
    block : Block

    Returns
    -------
    dict of str to object
        "block" names its kind.
    """
    match block:
        case Heading():
            return {"block": "heading", "level": block.level, "words": _words(block.text)}
        case Text():
            return {"block": "text", "kind": block.kind, "words": _words(block.text)}
        case Equation():
            return {"block": "equation", "parts": [_part(part) for part in block.parts]}
        case Table():
            return {
                "block": "table",
                "columns": [{"header": column.header, "format": column.spec} for column in block.columns],
                "rows": [
                    [_cell(column, cell) for column, cell in zip(block.columns, row)] for row in block.rows
                ],
            }
        case Plot():
            return {
                "block": "plot",
                "name": block.name,
                "description": block.description,
                "files": block.files,
            }
        case Check():
            return {
                "block": "check",
                "name": block.name,
                "count": block.count,
                "wrong": block.wrong,
                "words": _words(block.text),
                "differences": [_words(line) for line in block.differences],
            }
        case Command():
            return {"block": "command", "name": block.name, "line": block.line}
        case Metadata():
            return {"block": "metadata", "entries": block.entries}
        case Component():
            return {
                "block": "component",
                "name": block.name,
                "data": block.data,
                "fallback": _words(block.fallback),
            }


def _words(words: Words) -> dict[str, object]:
    """A phrase: as it is written, and its values with their formats."""
    found = phrase_of(words)
    return {"text": str(found), "template": found.template, "values": found.values}


def _part(part: Matrix | Words) -> dict[str, object]:
    if isinstance(part, Matrix):
        return {"matrix": part.name, "decimals": part.decimals, "values": as_matrix(part.values)}
    return {"words": _words(part)}


def _cell(column: Column, cell: Cell) -> dict[str, object]:
    """What is written, and the value, or the values of a phrase."""
    text = column.written(cell)
    if isinstance(cell, Phrase):
        return {"text": text, "values": cell.values}
    return {"text": text, "value": plain(cell)}
