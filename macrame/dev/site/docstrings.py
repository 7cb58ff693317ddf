# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Docstrings as Markdown: an extension of Griffe, which reads them for the site.

They are numpydoc, hence reStructuredText with simple tables, roles and literal blocks. Markdown shows these
unchanged, and reads the star of a product as emphasis.
"""

import re
from collections.abc import Iterator
from typing import Any

import griffe

BORDER = re.compile(r"\s*=+(?: +=+)+\s*")


class Markdown(griffe.Extension):
    """Rewrite the docstring of every object that Griffe has read."""

    def on_object(self, *, obj: griffe.Object, **kwargs: Any) -> None:
        """Called by Griffe, for each module, class, function and attribute."""
        if obj.docstring:
            obj.docstring.value = markdown(obj.docstring.value)


def markdown(text: str) -> str:
    """Convert the reStructuredText of a docstring to Markdown.

    Parameters
    ----------
    text : str
        Without its common indentation.

    Returns
    -------
    str

    Examples
    --------
    >>> markdown("The sum, a*b*c, see :func:`add`::")
    'The sum, a\\\\*b\\\\*c, see `add`:'
    """
    out: list[str] = []
    lines = iter(text.splitlines())
    session = literal = False
    for line in lines:
        if BORDER.fullmatch(line):
            out += table(line, lines)
            continue
        session = line.lstrip().startswith(">>>") or (session and bool(line.strip()))
        literal = literal and (not line.strip() or line.startswith("    "))
        if session or literal:
            out.append(line)
            continue
        literal = line.endswith("::")
        line = re.sub(r"::$", ":", line)
        line = re.sub(
            r"(^\s*(?:\w+ : )?\w+), shape \(", r"\1 of shape (", line
        )  # otherwise Griffe reads it as a tuple
        is_name = re.fullmatch(r"\s*\*{1,2}\w+(, \*{1,2}\w+)*( :.*)?", line)  # of parameters
        out.append(line if is_name else prose(line))
    return "\n".join(out)


def prose(line: str) -> str:
    """A line without roles, and with what is a sign in Markdown escaped outside of code."""
    line = re.sub(r":\w+:(`[^`]+`)", r"\1", line)
    parts = re.split(r"(``.+?``|`[^`]+`)", line)
    parts[::2] = [part.replace("*", r"\*").replace("<", "&lt;").replace("][", r"]\[") for part in parts[::2]]
    return "".join(parts)


def table(border: str, lines: Iterator[str]) -> list[str]:
    """The rest of a simple table, whose first border has been read: a table in Markdown.

    Parameters
    ----------
    border : str
    lines : iterator of str
        What follows it; taken up to the table's last border.

    Returns
    -------
    list of str
    """
    starts = [found.start() for found in re.finditer("=+", border)]
    stops = [*starts[1:], None]
    parts: list[list[list[str]]] = [[]]
    for line in lines:
        if BORDER.fullmatch(line):
            parts.append([])
            if len(parts) == 3 or not parts[0]:
                break
            continue
        if not line.strip():
            if len(parts) == 2:
                break
            continue
        cells = [line[start:stop].strip() for start, stop in zip(starts, stops)]
        if cells[0] or not parts[-1]:
            parts[-1].append(cells)
        else:  # a further line of the row above
            parts[-1][-1] = [f"{old} {new}".strip() for old, new in zip(parts[-1][-1], cells)]
    del parts[2:]
    header, rows = (parts[0], parts[1]) if len(parts) == 2 and parts[1] else ([], parts[0])
    first = header[0] if header else [""] * len(starts)
    made = [first, ["---"] * len(starts), *rows]
    indent = " " * starts[0]
    written = ["| " + " | ".join(prose(cell).replace("|", r"\|") for cell in row) + " |" for row in made]
    return ["", *(indent + line for line in written), ""]
