# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""A page for each Verilog module: its header, parameters and ports.

The files have a fixed form: one module per file, a comment above it, ANSI ports, one declaration per line,
comments after them or on a line above a group. A line of another form is an error.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from macrame import paths
from macrame.errors import InputError


@dataclass(frozen=True)
class Port:
    """A port or a parameter.

    Attributes
    ----------
    name : str
    what : str
        Of a port its direction, of a parameter its default.
    bits : str
        Width of a port, an expression of the parameters.
    comment : str
    group : str
        The comment above its group, on the first of a group.
    """

    name: str
    what: str
    bits: str
    comment: str
    group: str


@dataclass(frozen=True)
class Module:
    """A Verilog module.

    Attributes
    ----------
    name : str
    path : pathlib.Path
        Relative to the project.
    header : str
        The comment above it, without slashes and licence.
    parameters, ports : tuple of Port
    """

    name: str
    path: Path
    header: str
    parameters: tuple[Port, ...]
    ports: tuple[Port, ...]

    @property
    def purpose(self) -> str:
        """The first sentence of its Purpose."""
        first = "\n".join(self.sections["Purpose"]).partition("\n\n")[0]
        sentence = re.split(r"(?<=[\w)])\.(?:\s|$)", " ".join(first.split()))[0].rstrip(".:")
        return f"{sentence}."

    @property
    def sections(self) -> dict[str, list[str]]:
        """The lines of each section of its header, by the section's name."""
        found: dict[str, list[str]] = {}
        for line in self.header.splitlines():
            if line and not line.startswith(" "):
                found[line] = lines = []
            else:
                lines.append(line[2:])
        return found


PARAMETER = re.compile(r"parameter\s+(?:integer\s+|\[[^]]*\]\s*)?(\w+)\s*=\s*(.*?),?\s*(?://\s*(.*))?")
PORT = re.compile(
    r"(input|output|inout)\s+(?:wire|reg)\s+(?:signed\s+)?(?:\[(.*)\]\s*)?(\w+),?\s*(?://\s*(.*))?"
)


def modules(root: Path = paths.ROOT) -> list[Module]:
    """All modules of rtl/, by folder and name; those of rtl/vendor come last."""
    found = (root / "rtl").rglob("*.v")
    order = sorted(
        found,
        key=lambda path: (
            "vendor" in path.parts,
            path.parent != root / "rtl",
            path.parent.as_posix(),
            path.stem,
        ),
    )
    return [read(path, root) for path in order]


def read(path: Path, root: Path = paths.ROOT) -> Module:
    """Read the file of a module.

    Parameters
    ----------
    path : pathlib.Path
    root : pathlib.Path
        Of the project.

    Returns
    -------
    Module

    Raises
    ------
    macrame.errors.InputError
        A line of its declaration has another form.
    """
    text = path.read_text()
    above, _, below = text.partition("`default_nettype none\n")
    comment = [re.sub("^// ?", "", line) for line in above.splitlines()[2:]]
    declared = re.search(rf"^module {path.stem}\b(.*?)^\);", below, re.MULTILINE | re.DOTALL)
    if declared is None:
        raise InputError(f"{path}: expected module {path.stem}")
    parameters: list[Port] = []
    ports: list[Port] = []
    group: list[str] = []
    for line in map(str.strip, declared[1].splitlines()):
        if not line or line in ("#(", "(", ") ("):
            group = []
        elif line.startswith("//"):
            group.append(line.removeprefix("//").strip())
        elif match := PARAMETER.fullmatch(line):
            parameters.append(Port(match[1], match[2], "", match[3] or "", " ".join(group)))
            group = []
        elif match := PORT.fullmatch(line):
            ports.append(Port(match[3], match[1], width(match[2]), match[4] or "", " ".join(group)))
            group = []
        else:
            raise InputError(f"{path}: {line!r}: expected a parameter or a port")
    relative = path.relative_to(root)
    return Module(path.stem, relative, "\n".join(comment).strip("\n"), tuple(parameters), tuple(ports))


def width(bounds: str | None) -> str:
    """Number of bits of a vector.

    Examples
    --------
    >>> width("32*COLS-1:0"), width("7:0"), width(None), width("ADDR_W:0")
    ('32*COLS', '8', '1', 'ADDR_W+1')
    """
    if bounds is None:
        return "1"
    high, _, low = bounds.rpartition(":")
    if low.strip() != "0":
        return f"[{bounds}]"
    if high.isdecimal():
        return str(int(high) + 1)
    return high.removesuffix("-1") if high.endswith("-1") else f"{high}+1"


# --- as Markdown --------------------------------------------------------------------------------------------


def page(module: Module, sources: str) -> str:
    """The page of a module.

    Parameters
    ----------
    module : Module
    sources : str
        Address of its source's page.

    Returns
    -------
    str
    """
    out = [f"# {module.name}", "", f"[{module.path}]({sources})", "", *described(module)]
    if module.parameters:
        out += ["", "## Parameters", "", "| parameter | default | meaning |", "|---|---|---|"]
        for each in module.parameters:
            meaning = text(f"{each.group} {each.comment}".strip())
            out.append(f"| `{each.name}` | `{cell(each.what)}` | {meaning} |")
    out += ["", "## Ports", "", "| port | direction | bits | meaning |", "|---|---|---|---|"]
    for port in module.ports:
        if port.group:
            out.append(f"| **{text(port.group)}** | | | |")
        out.append(f"| `{port.name}` | {port.what} | `{cell(port.bits)}` | {text(port.comment)} |")
    return "\n".join(out) + "\n"


def cell(code: str) -> str:
    """Code for a cell of a table."""
    return code.replace("|", r"\|")


def text(words: str) -> str:
    """The prose of a comment, with all Markdown characters escaped except backticks."""
    parts = re.split(r"(`[^`]+`)", words)
    parts[::2] = [re.sub(r"([\\*_<|\[\]#])", r"\\\1", part).replace(r"\<", "&lt;") for part in parts[::2]]
    return "".join(parts)


def described(module: Module) -> Iterator[str]:
    """A header as Markdown: its Purpose, then the other sections, each under its name."""
    for name, lines in module.sections.items():
        if name != "Purpose":
            yield from ("", f"**{name}**", "")
        yield from paragraphs(lines)


def drawn(line: str) -> bool:
    """Whether the blanks of a line matter: a drawing, a table, a separate formula."""
    return bool(re.search(r"^ {2,}|\S {2,}\S|[─►▼▲│┐┘└┌┬┴┤├‾]", line.rstrip()))


def paragraphs(lines: list[str]) -> Iterator[str]:
    """Lines as prose, and drawings as blocks of text."""
    block: list[str] = []
    for line in [*lines, ""]:
        if line.strip() and drawn(line):
            block.append(line)
            continue
        if block:
            yield from ("", "```text", *block, "```", "")
            block = []
        yield text(line.strip())
