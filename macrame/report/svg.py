# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Figures inside a page: one must not change another, or the page around it."""

import re
from xml.etree import ElementTree

#: Attributes whose numbers are lengths; of a transform only the translation is.
LENGTHS = ("d", "x", "y", "points")
TRANSLATION = re.compile(r"translate\([^)]*\)")
SVG, XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"


def inline(svg: str, prefix: str, description: str) -> str:
    """An SVG file as an element of a page.

    Parameters
    ----------
    svg : str
        The file's text.
    prefix : str
        Put before every id, since those of several figures are alike.
    description : str
        Read out in its place.

    Returns
    -------
    str
    """
    ElementTree.register_namespace("", SVG)
    ElementTree.register_namespace("xlink", XLINK)
    root = ElementTree.fromstring(svg)
    style = []
    for parent in root.iter():
        for child in list(parent):
            if child.tag == f"{{{SVG}}}metadata":
                parent.remove(child)
            elif child.tag == f"{{{SVG}}}style":
                style += re.findall(r"\*\s*\{([^}]*)\}", child.text or "")  # would apply to the whole page
                parent.remove(child)
    for element in root.iter():
        for part in ("text", "tail"):  # line breaks and indentation
            if (getattr(element, part) or "").isspace():
                setattr(element, part, None)
        for name, value in list(element.attrib.items()):
            if name == "id":
                element.set(name, prefix + value)
            elif name in ("href", f"{{{XLINK}}}href") and value.startswith("#"):
                element.set(name, f"#{prefix}{value[1:]}")
            elif name in LENGTHS:
                element.set(name, _rounded(value))
            elif name == "transform":
                element.set(name, TRANSLATION.sub(lambda part: _rounded(part[0]), value))
            elif "url(#" in value:
                element.set(name, value.replace("url(#", f"url(#{prefix}"))
    for name in ("width", "height"):  # the page sets them, viewBox the shape
        root.attrib.pop(name, None)
    root.set("role", "img")
    root.set("aria-label", description)
    if style:
        root.set("style", "; ".join(style))
    return ElementTree.tostring(root, encoding="unicode")


def _rounded(lengths: str) -> str:
    """Lengths with two decimals, which is finer than a screen."""
    return re.sub(r"-?\d+\.\d{3,}", lambda found: f"{float(found[0]):.2f}".rstrip("0").rstrip("."), lengths)
