# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Figures inside a page: one must not change another, or the page around it."""

import re
from xml.etree import ElementTree

#: Attributes whose numbers are lengths; of a transform only the translation is.
LENGTHS = ("d", "x", "y", "points")
TRANSLATION = re.compile(r"translate\([^)]*\)")
#: Ids of matplotlib's glyphs: the font, and the number of the glyph in it.
GLYPH = re.compile(r"(?:DejaVu|STIX)[\w-]*-[0-9a-f]+")
SVG, XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"


def inline(svg: str, prefix: str, description: str, glyphs: set[str] | None = None) -> str:
    """An SVG file as an element of a page.

    Parameters
    ----------
    svg : str
        The file's text.
    prefix : str
        Put before every id, since those of several figures are alike.
    description : str
        Read out in its place.
    glyphs : set of str, optional
        Ids of the glyphs that figures of the page have drawn so far, to which the figure's are added: all
        figures have the same, and only the first defines them.

    Returns
    -------
    str
    """

    def named(identifier: str) -> str:
        return identifier if glyphs and identifier in glyphs else prefix + identifier

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
            elif glyphs is not None and GLYPH.fullmatch(child.get("id", "")):
                if child.attrib["id"] in glyphs:
                    parent.remove(child)
                glyphs.add(child.attrib["id"])
    for element in root.iter():
        for part in ("text", "tail"):  # line breaks and indentation
            if (getattr(element, part) or "").isspace():
                setattr(element, part, None)
        for name, value in list(element.attrib.items()):
            if name == "id":
                element.set(name, named(value))
            elif name in ("href", f"{{{XLINK}}}href") and value.startswith("#"):
                element.set(name, f"#{named(value[1:])}")
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
    """Lengths with two decimals, which is finer than a screen, and single spaces."""
    lengths = re.sub(r"\s+", " ", lengths).strip()
    return re.sub(r"-?\d+\.\d{3,}", lambda found: f"{float(found[0]):.2f}".rstrip("0").rstrip("."), lengths)
