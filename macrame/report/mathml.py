# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Equations as MathML, which browsers typeset without any script.

Each part of an equation is a formula of its own, so that a narrow page can break the line between two parts.
Each number carries its value in full as data-value.
"""

import re
from html import escape

import numpy as np

from macrame.report.blocks import Equation, Matrix, Words, phrase_of
from macrame.report.numbers import as_matrix, exact, formatter, shown

#: A symbol, as in W1, a2', x^T or dE/dz1; a number; an operator; or a word.
TOKEN = re.compile(
    r"(?P<d>(?<!\w)d(?=[A-Za-z]\d*(?!\w)))?"
    r"(?P<symbol>(?<![\w.])(?:[A-Za-z]|acc|max)|(?<=(?<!\w)d)[A-Za-z])(?P<index>\d*)(?!\w)(?P<prime>'*)"
    r"(?P<transposed>\^T)?"
    r"|(?P<number>\d+(?:\.\d+)?(?:e[+-]?\d+)?(?!\w))"
    r"|(?P<operator>->|[-+=.,;:/*|()<>^'])"
    r"|(?P<word>\w+)"
)
#: An operator that keeps no distance, as the stroke of a derivative.
TIGHT = 'lspace="0" rspace="0"'
OPERATORS = {".": "\u22c5", "*": "\u22c5", "-": "\u2212", "->": "\u2192"}


def formulas(equation: Equation) -> list[str]:
    """An equation as formulas side by side.

    Parameters
    ----------
    equation : Equation

    Returns
    -------
    list of str
        A ``math`` element for each part.
    """
    return [
        f'<math display="block"{_product(part)}>{matrix(part)}</math>'
        if isinstance(part, Matrix)
        else f'<math display="block">{_words(part)}</math>'
        for part in equation.parts
    ]


def _product(part: Matrix) -> str:
    return f' data-product="{escape(part.product)}"' if part.product else ""


def matrix(part: Matrix) -> str:
    """A matrix in brackets, its name above it.

    Parameters
    ----------
    part : Matrix

    Returns
    -------
    str
    """
    values = as_matrix(part.values)
    text = formatter(values, part.decimals)
    rows, columns = shown(values)
    number = values.dtype.kind in "iufb"

    def cell(i: int | None, j: int | None) -> str:
        if i is None or j is None:
            return f"<mo>{chr(0x22F1 if i is None and j is None else 0x22EE if i is None else 0x22EF)}</mo>"
        written = text(values[i, j])
        if not number:
            return f"<mtext>{escape(written)}</mtext>"
        return _number(written, values[i, j])

    column = np.ndim(part.values) == 1  # shown as one, but the first row of its product

    def place(i: int | None, j: int | None) -> str:
        if not part.product or i is None or j is None:
            return ""
        return f' data-result="{j if column else i} {i if column else j}"'

    body = "".join(
        "<mtr>" + "".join(f"<mtd{place(i, j)}>{cell(i, j)}</mtd>" for j in columns) + "</mtr>" for i in rows
    )
    align = ' columnalign="right"' if number else ""
    found = f"<mrow><mo>[</mo><mtable{align}>{body}</mtable><mo>]</mo></mrow>"
    return f"<mover>{found}{expression(part.name)}</mover>" if part.name else found


def expression(text: str) -> str:
    """Words and symbols between matrices.

    Parameters
    ----------
    text : str
        Such as ``dE/dW2 = dE/dz2 . a1^T =``.

    Returns
    -------
    str
        An ``mrow`` element.
    """
    out, end = [], 0
    for found in TOKEN.finditer(text):
        if found.start() > end:
            out.append(_gap(text[end : found.start()]))
        end = found.end()
        if found["symbol"]:
            out.append(_symbol(found))
        elif found["number"]:
            out.append(f"<mn>{found[0]}</mn>")
        elif found["operator"]:
            # else a parenthesis would become as high as the matrix next to it
            fixed = ' stretchy="false"' if found[0] in "()|" else f" {TIGHT}" if found[0] == "/" else ""
            out.append(f"<mo{fixed}>{escape(OPERATORS.get(found[0], found[0]))}</mo>")
        else:
            out.append(f"<mtext>{escape(found[0])}</mtext>")
    if end < len(text):
        out.append(_gap(text[end:]))
    return f"<mrow>{''.join(out)}</mrow>"


def _words(words: Words) -> str:
    return "".join(
        expression(piece)
        if isinstance(piece, str)
        else f"<mtext>{escape(piece.text)}</mtext>"
        if isinstance(piece.value, str)
        else _number(piece.text, piece.value)
        for piece in phrase_of(words).pieces()
    )


def _number(written: str, value: object) -> str:
    return f'<mn data-value="{escape(exact(value))}">{escape(_minus(written))}</mn>'


def _symbol(found: re.Match[str]) -> str:
    made = f"<mi>{found['symbol']}</mi>"
    if found["prime"]:  # no superscript, which would be too small: the character itself is raised
        prime = f'<mo form="postfix" {TIGHT}>\u2032</mo>'
        made = f"<mrow>{made}{prime * len(found['prime'])}</mrow>"
    below, above = f"<mn>{found['index']}</mn>", "<mi>T</mi>"
    if found["index"] and found["transposed"]:
        made = f"<msubsup>{made}{below}{above}</msubsup>"
    elif found["index"]:
        made = f"<msub>{made}{below}</msub>"
    elif found["transposed"]:
        made = f"<msup>{made}{above}</msup>"
    return f"<mi>d</mi>{made}" if found["d"] else made


def _gap(text: str) -> str:
    """The text between two tokens: spaces, or characters that belong to no token."""
    if text.isspace():
        return '<mspace width="0.3em"></mspace>'
    return f"<mtext>{escape(text)}</mtext>"


def _minus(written: str) -> str:
    """A number with a true minus sign (U+2212) before it."""
    return f"\u2212{written[1:]}" if written.startswith("-") else written
