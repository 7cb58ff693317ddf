# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""`macrame pictures`: the pictures of the documents that show a run, as SVG.

three_tiles.svg is drawn by WaveDrom from the chart in docs/architecture.md, which the suite compares with the
simulated core; packets.svg and broadcast.svg from the beats that the host sends for a small product;
units.svg from the table below.
"""

import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np

from macrame import environment, paths
from macrame.contract import RECORD, RECORD_BYTES, CoreConfig
from macrame.files import atomic
from macrame.golden.gemm import gemm
from macrame.host import packets, tiling

FOLDER = paths.ROOT / "docs" / "img"
HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<!-- SPDX-FileCopyrightText: 2026 macrame contributors -->
<!-- SPDX-License-Identifier: Apache-2.0 -->
<!-- Written by `macrame pictures`. -->
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-labelledby="title desc"
     font-family="Helvetica, Arial, 'Liberation Sans', sans-serif" font-size="13">
  <title id="title">{title}</title>
  <desc id="desc">{description}</desc>
  <style>
    .page {{ fill: #ffffff; stroke: #d0d7de; }}
    text {{ fill: #1f2328; }} .note {{ fill: #57606a; }}
    .mono {{ font-family: 'DejaVu Sans Mono', Menlo, monospace; }}
    .middle {{ text-anchor: middle; }} .right {{ text-anchor: end; }}
    .grid {{ stroke: #d0d7de; }} .box {{ stroke: #57606a; fill: #ffffff; }} .low {{ stroke: #57606a; }}
    .tip {{ fill: #57606a; }} .wave {{ fill: none; stroke: #57606a; }}
    .c0 {{ fill: #ddf4ff; }} .c1 {{ fill: #fff8c5; }} .c2 {{ fill: #dafbe1; }} .c3 {{ fill: #eaeef2; }}
    @media (prefers-color-scheme: dark) {{
      .page {{ fill: #0d1117; stroke: #30363d; }}
      text {{ fill: #e6edf3; }} .note {{ fill: #9da7b1; }}
      .grid {{ stroke: #30363d; }} .box {{ stroke: #8b949e; fill: #0d1117; }} .low {{ stroke: #8b949e; }}
      .tip {{ fill: #8b949e; }} .wave {{ stroke: #8b949e; }}
      .c0 {{ fill: #0c2d6b; }} .c1 {{ fill: #4b2900; }} .c2 {{ fill: #033a16; }} .c3 {{ fill: #30363d; }}
    }}
  </style>
  <rect x="1" y="1" width="{inner}" height="{high}" rx="10" class="page"/>
"""


class Drawing:
    """An SVG, element by element, in both colour schemes.

    Parameters
    ----------
    width, height : int
    title, description : str
        For readers who do not see it.
    """

    def __init__(self, width: int, height: int, title: str, description: str) -> None:
        self.parts = [
            HEAD.format(
                width=width,
                height=height,
                inner=width - 2,
                high=height - 2,
                title=escape(title),
                description=escape(description),
            )
        ]

    def text(self, x: float, y: float, words: str, kind: str = "") -> None:
        """Words; `kind` has the classes."""
        self.parts.append(f'  <text x="{x:g}" y="{y:g}"{_kind(kind)}>{escape(words)}</text>\n')

    def line(self, x: float, y: float, to_x: float, to_y: float, kind: str) -> None:
        """A line."""
        self.parts.append(f'  <line x1="{x:g}" y1="{y:g}" x2="{to_x:g}" y2="{to_y:g}"{_kind(kind)}/>\n')

    def box(self, x: float, y: float, width: float, height: float, words: str = "", kind: str = "") -> None:
        """A box with words in its middle."""
        self.parts.append(
            f'  <rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="3"'
            f"{_kind(f'box {kind}')}/>\n"
        )
        if words:
            self.text(x + width / 2, y + height / 2 + 4.5, words, "middle")

    def arrow(self, x: float, y: float, to_x: float, to_y: float) -> None:
        """A line with a tip, horizontal or vertical."""
        self.line(x, y, to_x, to_y, "low")
        across = 4 if to_y == y else 0
        back_x, back_y = (8 if to_x > x else 0), (8 if to_y > y else 0)
        points = [
            (to_x, to_y),
            (to_x - back_x - (4 - across), to_y - back_y - across),
            (to_x - back_x + (4 - across), to_y - back_y + across),
        ]
        made = " ".join(f"{px:g},{py:g}" for px, py in points)
        self.parts.append(f'  <polygon points="{made}" class="tip"/>\n')

    def svg(self) -> str:
        """The file."""
        return "".join(self.parts) + "</svg>\n"


def _kind(kind: str) -> str:
    return f' class="{kind.strip()}"' if kind.strip() else ""


# --- three tiles --------------------------------------------------------------------------------------------

#: What the marks of a line stand for, and the colour that WaveDrom gives each, by its number.
MARKS = {"r": "record", "1": "panel 1", "2": "panel 2", "A": "A", "B": "B", "C": "C"}
KINDS = {"r": "2", "1": "3", "2": "4", "A": "3", "B": "4", "C": "5"}
#: WaveDrom's styles, which are made for white paper, in those of the other pictures.
STYLES = {"s1": "wave", "s7": "c3", "s8": "c0", "s9": "c1", "s10": "c2", "info": "mono", "muted": "note"}
#: Around its drawing.
PADDING = 14


def chart() -> dict[str, str]:
    """The lines of the chart in docs/architecture.md, by signal."""
    text = (paths.ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    return dict(re.findall(r"^(\w+) +([.\w]{30})$", text, re.MULTILINE))


def waves(lines: Mapping[str, str]) -> dict[str, Any]:
    """The chart as WaveDrom reads it: its clock, and a lane for each signal.

    Parameters
    ----------
    lines : mapping of str to str
        A mark for each cycle, "." where nothing happens, by signal.

    Returns
    -------
    dict
    """
    lanes: list[dict[str, Any]] = []
    for signal, marks in lines.items():
        wave, words = "", []
        for mark, before in zip(marks, f" {marks}"):
            if mark == before:
                wave += "."
            elif mark == ".":
                wave += "0"
            else:
                wave += KINDS[mark]
                words.append(MARKS[mark])
        lanes.append({"name": signal, "wave": wave, "data": words})
    cycles = len(next(iter(lines.values())))
    clock = {"name": "clk", "wave": "p" + "." * (cycles - 1)}
    return {"signal": [clock, *lanes], "head": {"tock": 1}, "config": {"skin": "narrow", "hscale": 1}}


def three_tiles(lines: Mapping[str, str]) -> str:
    """The chart as a picture.

    Parameters
    ----------
    lines : mapping of str to str
        As of `waves`.

    Returns
    -------
    str
    """
    import wavedrom  # only here: nothing else needs it

    drawn = ElementTree.fromstring(wavedrom.render(json.dumps(waves(lines))).tostring())
    lanes = _restyled(drawn)
    width, height = (int(drawn.attrib[name]) + 2 * PADDING for name in ("width", "height"))
    drawing = Drawing(
        width,
        height,
        "Three tiles, cycle by cycle",
        "For each signal of the core, the cycles in which it belongs to tile A, B or C. Slices of all three "
        "tiles enter the array in consecutive cycles.",
    )
    drawing.parts.append("  <!-- Waves drawn by WaveDrom, https://wavedrom.com, licensed under MIT. -->\n")
    drawing.parts.append(f'  <g transform="translate({PADDING} {PADDING})">\n{lanes}  </g>\n')
    return drawing.svg()


def _restyled(drawn: ElementTree.Element) -> str:
    """What WaveDrom has drawn, in the style of the other pictures, and without shapes it does not use."""
    space, href = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}href"
    used = {use.attrib[href][1:] for use in drawn.iter(f"{space}use")}
    for parent in list(drawn.iter()):
        if any(child.get("class") == "muted" for child in parent):  # above the cycles
            axis = ElementTree.SubElement(parent, "text", {"x": "-10", "y": "-5", "class": "right note"})
            axis.text = "cycle"
        for child in list(parent):
            unused = parent.tag == f"{space}defs" and child.get("id") not in used
            empty = child.tag == f"{space}g" and not len(child)
            if unused or empty or child.tag == f"{space}style":
                parent.remove(child)
    for text in drawn.iter(f"{space}text"):
        words = "".join(text.itertext())
        text[:], text.text = [], words
    for element in drawn.iter():
        element.tag = element.tag.removeprefix(space)
        grid = "stroke-dasharray" in element.attrib.pop("style", "")
        kind = "grid" if grid else STYLES.get(element.get("class", ""), element.get("class"))
        given = {name: value for name, value in element.attrib.items() if not name.startswith("{")}
        if element.get("id") not in used:
            given.pop("id", None)
        if kind:
            given["class"] = kind
        if element.tag == "use":
            given["href"] = element.attrib[href]
        element.attrib.clear()
        element.attrib.update(given)
    ElementTree.indent(drawn)
    return "".join(ElementTree.tostring(part, encoding="unicode").rstrip() + "\n" for part in drawn)


# --- packets ------------------------------------------------------------------------------------------------

FIELDS = {
    "bias": "bias",
    "multiplier": "mult",
    "shift": "shift",
    "zero_point": "zp",
    "low": "low",
    "high": "high",
}


def record_byte(number: int) -> str:
    """The name of a byte of a record."""
    if number >= RECORD_BYTES:
        return "–"
    for name, (dtype, offset, *_) in (RECORD.fields or {}).items():
        if offset <= number < offset + dtype.itemsize:
            part = f".{number - offset}" if dtype.itemsize > 1 else ""
            return FIELDS[name] + part
    raise ValueError(number)


def packet_beats() -> dict[str, tuple[list[list[str]], list[str]]]:
    """Names of the bytes in each beat of each stream, lowest byte first, and each beat's tuser or tkeep.

    The product is 2 x 3 by 3 x 2 on a 2x2x2 core, raw. Each operand is unlike all others, so the bytes that
    the host sends say which they are.
    """
    config = CoreConfig(2, 2, 2)
    a = np.arange(1, 7, dtype=np.int8).reshape(2, 3)
    w = np.arange(-1, -7, -1, dtype=np.int8).reshape(3, 2)
    names = {0: "0"}
    names.update({int(a[i, k]): f"A[{i},{k}]" for i in range(2) for k in range(3)})
    names.update({int(w[k, j]): f"W[{k},{j}]" for k in range(3) for j in range(2)})
    (batch,) = tiling.batches(a, w, packets.records(2), packets.MODES["raw"], config)
    lane, head = config.lane_bytes, -(-RECORD_BYTES // config.lane_bytes)
    weights = [
        [record_byte(beat * lane + d) for _ in range(config.cols) for d in range(lane)]
        for beat in range(head)
    ]
    weights += [[names[int(value)] for value in row.view(np.int8)] for row in batch.weights.data[head:]]
    activations = [[names[int(value)] for value in row.view(np.int8)] for row in batch.activations.data]
    results = [[f"C[{i},{j}].{part}" for j in range(2) for part in range(4)] for i in range(len(gemm(a, w)))]
    return {
        "s_axis_w": (weights, _marks(batch.weights.user, batch.weights.last, "mode")),
        "s_axis_a": (activations, _marks(batch.activations.user, batch.activations.last, "tuser")),
        "m_axis": (results, _marks([0] * len(results), [False] * (len(results) - 1) + [True], "")),
    }


def _marks(user: Iterable[int], last: Iterable[bool], name: str) -> list[str]:
    """What accompanies each beat."""
    found = []
    for number, (value, end) in enumerate(zip(user, last)):
        said = (
            [f"{name} {int(value)}"] if (name == "mode" and not number) or (name == "tuser" and end) else []
        )
        found.append(", ".join([*said, *(["tlast"] if end else [])]))
    return found


def packet_picture(streams: Mapping[str, tuple[Sequence[Sequence[str]], Sequence[str]]]) -> str:
    """A packet of each stream: a row for each beat, a box for each byte of tdata, the highest at the left.

    Parameters
    ----------
    streams : mapping of str to (list of list of str, list of str)
        From `packet_beats`.

    Returns
    -------
    str
    """
    left, cell, row, top = 116, 74, 28, 34
    width = left + cell * max(len(beat) for beats, _ in streams.values() for beat in beats) + 130
    height = top + sum(row * len(beats) + 62 for beats, _ in streams.values()) - 20
    drawing = Drawing(
        width,
        height,
        "A packet of each stream",
        "The bytes of each beat for a product of 2 x 3 by 3 x 2 on a 2x2x2 core: a weight panel with its "
        "records, an activation panel, a result tile.",
    )
    y = top
    for name, (beats, marks) in streams.items():
        count = len(beats[0])
        drawing.text(16, y, name, "mono")
        for byte in range(count):
            drawing.text(
                left + cell * (count - 1 - byte) + cell / 2, y, f"{8 * byte + 7}:{8 * byte}", "middle note"
            )
        y += 10
        for number, (beat, mark) in enumerate(zip(beats, marks)):
            drawing.text(left - 12, y + 19, f"beat {number}", "right note")
            for byte, words in enumerate(beat):
                lane = byte * (2 if name != "m_axis" else 1) // (4 if name != "m_axis" else 4)
                kind = "c3" if not re.match(r"[AWC]\[", words) else f"c{lane % 3}"
                drawing.box(left + cell * (count - 1 - byte), y, cell, row - 4, words, kind)
            if mark:
                drawing.text(left + cell * count + 10, y + 17, mark)
            y += row
        y += 52
    return drawing.svg()


# --- operands on their way ----------------------------------------------------------------------------------


def slices(depth: int) -> list[tuple[list[list[str]], list[list[str]]]]:
    """Names of the operands that enter a 2 x 2 array in each slice of K = 4: by row and by column.

    Parameters
    ----------
    depth : int

    Returns
    -------
    list of (list of list of str, list of list of str)
        DEPTH operands for each row, and for each column.
    """
    config = CoreConfig(2, 2, depth)
    a = np.arange(1, 9, dtype=np.int8).reshape(2, 4)
    w = np.arange(-1, -9, -1, dtype=np.int8).reshape(4, 2)
    names = {int(a[i, k]): f"A[{i},{k}]" for i in range(2) for k in range(4)}
    names.update({int(w[k, j]): f"W[{k},{j}]" for k in range(4) for j in range(2)})
    (batch,) = tiling.batches(a, w, packets.records(2), packets.MODES["raw"], config)
    head = -(-RECORD_BYTES // config.lane_bytes)

    def lanes(beat: Sequence[int]) -> list[list[str]]:
        named = [names[int(value)] for value in np.asarray(beat, np.uint8).view(np.int8)]
        return [named[at : at + depth] for at in range(0, len(named), depth)]

    return [(lanes(x), lanes(y)) for x, y in zip(batch.activations.data, batch.weights.data[head:])]


def broadcast() -> str:
    """Two slices on cores of DEPTH 1 and 2: which operands reach which cell in the same cycle."""
    cell, step, left, top = 150, 490, 150, 96
    drawing = Drawing(
        960,
        660,
        "How operands reach the cells",
        "In each cycle a slice reaches all cells: each row's activations go to every cell of the row, each "
        "column's weights to every cell of the column. With DEPTH 2 a cell multiplies two pairs, and K takes "
        "half the cycles.",
    )
    for part, depth in enumerate((1, 2)):
        y0 = top + part * 330
        drawing.text(20, y0 - 62, f"DEPTH {depth}", "mono")
        for number, (rows, cols) in enumerate(slices(depth)[:2]):
            x0 = left + number * step
            drawing.text(x0 + cell, y0 - 62, f"slice {number}, in one cycle", "middle note")
            for j, weights in enumerate(cols):
                x = x0 + j * cell + cell / 2
                drawing.box(x - 58, y0 - 48, 116, 24, ", ".join(weights), "c1")
                drawing.arrow(x - 40, y0 - 24, x - 40, y0 + 2 * 104 - 10)
            for i, operands in enumerate(rows):
                y = y0 + i * 104 + 20
                drawing.box(x0 - 126, y - 2, 112, 24, ", ".join(operands), "c0")
                drawing.arrow(x0 - 14, y + 10, x0 + 2 * cell - 14, y + 10)
            for i, operands in enumerate(rows):
                for j, weights in enumerate(cols):
                    x, y = x0 + j * cell + 4, y0 + i * 104
                    drawing.box(x, y + 38, cell - 16, 12 + 18 * depth, "", "c2")
                    for d, (one, other) in enumerate(zip(operands, weights)):
                        words = f"{'+ ' if d else '+= '}{one}·{other}"
                        drawing.text(x + (cell - 16) / 2, y + 57 + 18 * d, words, "middle")
    return drawing.svg()


# --- the other units ----------------------------------------------------------------------------------------

UNITS = {
    "vector_unit": (
        "32 × LANES",
        "LANES numbers per cycle, float32 or bfloat16",
        "x + y,  x − y,  x · y,  x + s · y,  ReLU(x),  x where y > 0",
    ),
    "elementwise_unit": (
        "8 × LANES",
        "LANES int8 per cycle, requantised as in the core",
        "x + y,  x · y,  max(x, y),  min(x, y),  any function of x",
    ),
}


def units() -> str:
    """The vector and the elementwise unit with their ports."""
    drawing = Drawing(
        950,
        430,
        "The vector unit and the elementwise unit",
        "Both have two operand streams, x and y, one result stream, AXI4-Lite registers and an interrupt.",
    )
    for number, (name, (width, does, operations)) in enumerate(UNITS.items()):
        y = 30 + 200 * number
        drawing.box(230, y, 490, 170, "", "c3")
        drawing.text(475, y + 34, name, "middle mono")
        drawing.text(475, y + 64, does, "middle")
        drawing.text(475, y + 92, operations, "middle")
        drawing.text(475, y + 140, "registers, counters and errors as in the core", "middle note")
        for port, bits, at in (("s_axis_x", width, 40), ("s_axis_y", width, 92), ("s_axil", "32", 144)):
            drawing.text(20, y + at - 6, port, "mono")
            drawing.text(224, y + at - 6, bits, "right note")
            drawing.arrow(20, y + at, 230, y + at)
        for port, bits, at in (("m_axis", width, 66), ("irq", "1", 144)):
            drawing.text(930, y + at - 6, port, "right mono")
            drawing.text(728, y + at - 6, bits, "note")
            drawing.arrow(720, y + at, 930, y + at)
    return drawing.svg()


# --- the command --------------------------------------------------------------------------------------------


def pictures() -> dict[Path, str]:
    """The pictures' text by path."""
    return {
        FOLDER / "three_tiles.svg": three_tiles(chart()),
        FOLDER / "packets.svg": packet_picture(packet_beats()),
        FOLDER / "broadcast.svg": broadcast(),
        FOLDER / "units.svg": units(),
    }


def main(check: bool = False) -> int:
    """Write the pictures, or compare them with the files.

    Parameters
    ----------
    check : bool
        Write nothing.

    Returns
    -------
    int
        1 if a picture differs from its file.
    """
    status = 0
    for path, text in pictures().items():
        if not check:
            atomic.write(path, text)
            print(f"wrote {environment.shown(path)}")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            print(f"{environment.shown(path)} is not current: make pictures", file=sys.stderr)
            status = 1
    return status
