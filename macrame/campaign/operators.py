# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Mutation operators on Verilog source: small changes of the kind that a designer makes by mistake.

slang parses a file, and its syntax tree gives the position of every operator, constant, statement and select.

=================  =========================================================================================
``arithmetic``     ``+`` and ``-``, ``*`` to ``+``, left and right shifts, arithmetic shift to logical
``relational``     a comparison becomes its opposite
``boundary``       ``<`` and ``<=``, ``>`` and ``>=``
``logical``        and with or, bitwise or logical, reductions too; exclusive or to or
``negation``       a condition negated, or a ``!`` or ``~`` dropped
``reset``          the reset's polarity
``constant``       the lowest or the highest bit of a literal inverted; an integer one more or one less
``ternary``        always the first or the second arm
``dropped``        an assignment in a procedure dropped
``stuck``          the right-hand side of an assignment all zeros or all ones
``slice``          a bound or an index off by one
``sign``           ``$signed`` or ``signed`` dropped
=================  =========================================================================================

Left alone are ports and parameters' defaults, which every instance and bench sets, widths in declarations,
the checks of illegal parameters, which lint tests, attributes, which guide synthesis, and the headers of
loops, whose mutants do not elaborate.
"""

import collections
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyslang import syntax

from macrame.synth import verilog

OPERATORS = (
    *("arithmetic", "relational", "boundary", "logical", "negation", "reset"),
    *("constant", "ternary", "dropped", "stuck", "slice", "sign"),
)
#: Binary operators: what each becomes, and by which operator.
BINARY = {
    "+": [("arithmetic", "-")],
    "-": [("arithmetic", "+")],
    "*": [("arithmetic", "+")],
    "<<": [("arithmetic", ">>")],
    ">>": [("arithmetic", "<<")],
    ">>>": [("arithmetic", ">>")],
    "==": [("relational", "!=")],
    "!=": [("relational", "==")],
    "<": [("relational", ">="), ("boundary", "<=")],
    "<=": [("relational", ">"), ("boundary", "<")],
    ">": [("relational", "<="), ("boundary", ">=")],
    ">=": [("relational", "<"), ("boundary", ">")],
    "&": [("logical", "|")],
    "|": [("logical", "&")],
    "^": [("logical", "|")],
    "&&": [("logical", "||")],
    "||": [("logical", "&&")],
}
#: Unary operators: negations are dropped, reductions swapped.
UNARY = {
    "!": ("negation", ""),
    "~": ("negation", ""),
    "&": ("logical", "|"),
    "|": ("logical", "&"),
    "-": ("arithmetic", ""),
}
#: Kinds of nodes with nothing to mutate inside.
SKIPPED = {
    *("ParameterPortList", "AnsiPortList", "AttributeInstance", "EventControlWithExpression"),
    *("VariableDimension", "NamedBlockClause"),
}
#: Children of a loop that are its header.
HEADER = {"ForLoopStatement": "statement", "LoopGenerate": "block"}


@dataclass(frozen=True)
class Edit:
    """A mutant of a file's code: bytes `start` to `end` become `text`.

    Attributes
    ----------
    operator : str
        One of `OPERATORS`.
    start, end : int
        Bytes of the code.
    text : str
        What replaces them.
    line : str
        The line where it begins; if not the first with this text, with its number among those.
    before : str
        What is replaced.
    """

    operator: str
    start: int
    end: int
    text: str
    line: str
    before: str

    def apply(self, source: bytes) -> bytes:
        """The mutated code."""
        return source[: self.start] + self.text.encode() + source[self.end :]


def code(path: Path) -> bytes:
    """The code that mutants are made of: a file without its comments, whose wording changes no mutant."""
    return verilog.code(path.read_text()).encode()


def edits(path: Path) -> list[Edit]:
    """All mutants of a file's code, without its comments, in the order of its text.

    Parameters
    ----------
    path : Path

    Returns
    -------
    list of Edit
        No two with the same text.
    """
    source = code(path)
    tree = syntax.SyntaxTree.fromText(source.decode())
    lines, seen = [], collections.Counter[str]()
    for text in source.decode().splitlines():
        seen[line := text.strip()] += 1
        lines.append(f"{line} #{seen[line]}" if seen[line] > 1 else line)
    found = {}
    for operator, start, end, text in _walk(tree.root, source, False):
        before = source[start:end].decode()
        if text == before or (start, end, text) in found:
            continue
        line = lines[source.count(b"\n", 0, start)]
        found[start, end, text] = Edit(operator, start, end, text, line, before)
    return sorted(found.values(), key=lambda edit: (edit.start, edit.end, edit.text))


_Change = tuple[str, int, int, str]


def _span(node: Any) -> tuple[int, int]:
    """Bytes of a node, or of a token."""
    found = node.range if hasattr(node, "range") else node.sourceRange
    return found.start.offset, found.end.offset


def _text(node: Any, source: bytes) -> str:
    start, end = _span(node)
    return source[start:end].decode()


def _children(node: Any) -> Iterator[Any]:
    for child in node:
        if isinstance(child, syntax.SyntaxNode):
            yield child


def _walk(node: Any, source: bytes, selecting: bool) -> Iterator[_Change]:
    """The changes in a node; `selecting` within an index or the bounds of a slice."""
    kind = node.kind.name
    if kind in SKIPPED:
        return
    if kind == "IfGenerate" and "ERROR_" in _text(node.block, source):
        if node.elseClause is not None:
            yield from _walk(node.elseClause, source, selecting)
        return
    if kind in HEADER:
        yield from _walk(getattr(node, HEADER[kind]), source, selecting)
        return
    if selecting:
        pass
    elif kind in ("ElementSelect",):
        yield from _select(node, source)
        selecting = True
    else:
        yield from _change(node, kind, source)
    for child in _children(node):
        yield from _walk(child, source, selecting)


def _change(node: Any, kind: str, source: bytes) -> Iterator[_Change]:
    """The changes of one node, without those of its children."""
    start, end = _span(node)
    if isinstance(node, syntax.BinaryExpressionSyntax) and not kind.endswith("AssignmentExpression"):
        for operator, text in BINARY.get(node.operatorToken.rawText, []):
            yield operator, *_span(node.operatorToken), text
    elif isinstance(node, syntax.PrefixUnaryExpressionSyntax):
        if node.operatorToken.rawText in UNARY:
            operator, text = UNARY[node.operatorToken.rawText]
            yield operator, *_span(node.operatorToken), text
    elif kind == "ConditionalPredicate":
        condition = _text(node, source)
        yield "reset" if re.search(r"\brst\b", condition) else "negation", start, end, f"!({condition})"
    elif kind == "ConditionalExpression":
        for arm in (node.left, node.right):
            yield "ternary", start, end, f"({_text(arm, source)})"
    elif kind == "IntegerLiteralExpression":
        number = int(source[start:end].replace(b"_", b""))
        for other in (number + 1, number - 1):
            if other >= 0:
                yield "constant", start, end, str(other)
    elif kind == "IntegerVectorExpression":
        yield from (("constant", start, end, text) for text in literals(_text(node, source)))
    elif kind == "ExpressionStatement":
        yield "dropped", start, end, ";"
    elif kind in ("NonblockingAssignmentExpression", "AssignmentExpression"):
        for text in ("0", "-1"):
            yield "stuck", *_span(node.right), text
    elif kind == "InvocationExpression" and _text(node.left, source) == "$signed":
        yield "sign", start, end, _text(node.arguments, source)
    elif getattr(getattr(node, "signing", None), "rawText", "") == "signed":
        yield "sign", *_span(node.signing), ""


def _select(node: Any, source: bytes) -> Iterator[_Change]:
    """An index, or a bound of a slice, off by one."""
    selector = node.selector
    if selector is None:
        return
    kind = selector.kind.name
    if kind == "BitSelect":
        for sign in "+-":
            yield "slice", *_span(selector.expr), f"({_text(selector.expr, source)}) {sign} 1"
    elif kind == "SimpleRangeSelect":
        for bound, sign in ((selector.left, "-"), (selector.right, "+")):
            yield "slice", *_span(bound), f"({_text(bound, source)}) {sign} 1"
    else:  # [start +: width]
        for sign in "+-":
            yield "slice", *_span(selector.left), f"({_text(selector.left, source)}) {sign} 1"


def literals(text: str) -> list[str]:
    """A based literal with its lowest and its highest bit inverted: ``4'd5`` gives ``4'd4`` and ``4'd13``.

    Parameters
    ----------
    text : str

    Returns
    -------
    list of str
        Empty for a literal with unknown bits.
    """
    found = re.fullmatch(r"(\d*)\s*'\s*(s?)([bdohBDOH])\s*([\da-fA-F_]+)", text)
    if not found:
        return []
    size, signed, base, digits = found.groups()
    number = int(digits.replace("_", ""), {"b": 2, "o": 8, "d": 10, "h": 16}[base.lower()])
    width = int(size) if size else 32
    form = {"b": "b", "o": "o", "d": "d", "h": "x"}[base.lower()]
    flips = sorted({1, 1 << (width - 1)})
    return [f"{size}'{signed}{base}{number ^ flip:{form}}" for flip in flips]
