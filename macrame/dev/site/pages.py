# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The pages of the site, as Markdown files in a folder that MkDocs reads.

The project's documents are in the folders that they have in the project, so their links to each other hold. A
link to another file of the project leads to a page with its text, or to the page of a Verilog module.
"""

import posixpath
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from macrame import paths
from macrame.dev.site import verilog

ROOT = paths.ROOT
#: In addition to docs/*.md.
DOCUMENTS = (
    "README.md",
    "CHANGELOG.md",
    "CODE_OF_CONDUCT.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "examples/README.md",
)
#: Python packages, with all their modules, and modules that have a page.
PYTHON = {
    "Arithmetic and cycles": ("macrame.golden", "macrame.golden.arith"),
    "Networks and training": ("macrame.golden.nn",),
    "Host": ("macrame.host", "macrame.contract", "macrame.registers"),
    "Simulation": ("macrame.sim.link", "macrame.sim.simulate"),
    "Comparison with golden": ("macrame.verify",),
    "Files and errors": ("macrame.files", "macrame.errors", "macrame.paths"),
}
LANGUAGES = {
    ".py": "python",
    ".v": "verilog",
    ".toml": "toml",
    ".yml": "yaml",
    ".json": "json",
    ".core": "yaml",
}

#: A badge, whose picture is on another server; the site works without a network.
BADGE = re.compile(r"^\[!\[[^\]]*\]\(https?://[^)]*\)\]\([^)]*\)\n", re.MULTILINE)

#: An entry of the navigation: a page, or a section by its title.
Entry = str | dict[str, "str | list[Entry]"]


def slug(heading: str, separator: str = "-") -> str:
    """The anchor of a heading, as GitHub makes it.

    Examples
    --------
    >>> slug("What `tuser` is: K, and more")
    'what-tuser-is-k-and-more'
    """
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", separator)


def documents() -> list[str]:
    """Paths of the project's documents, relative to it."""
    return [*DOCUMENTS, *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").glob("*.md"))]


def outside_code(text: str, change: Callable[[str], str]) -> str:
    """Change a document outside of code and fenced blocks."""
    parts = re.split(r"(^```.*?^```$|`[^`\n]+`)", text, flags=re.MULTILINE | re.DOTALL)
    parts[::2] = map(change, parts[::2])
    return "".join(parts)


def address(path: str) -> str:
    """The page of a file of the project, both relative to the top."""
    if path in documents() or path.startswith("docs/img/"):
        return path
    if re.fullmatch(r"rtl/.*\.v", path):
        return path.removesuffix(".v") + ".md"
    return source(path)


def source(path: str) -> str:
    """The page with the text of a file; MkDocs ignores names that begin with a dot."""
    return f"source/{path.lstrip('.')}.md"


def relinked(name: str) -> tuple[str, set[str]]:
    """A document with its links as the site has them, without badges, and the files that it links to.

    Parameters
    ----------
    name : str
        Its path, relative to the project.

    Returns
    -------
    text : str
    files : set of str
        Those that are not documents, relative to the project.
    """
    folder, files = posixpath.dirname(name), set()

    def relink(match: re.Match[str]) -> str:
        target, anchor = match[1], match[2] or ""
        if re.match(r"\w+:", target):
            return match[0]
        path = posixpath.normpath(posixpath.join(folder, target))
        page = address(path)
        if page != path:
            files.add(path)
        return f"]({posixpath.relpath(page, folder or '.')}{anchor})"

    text = BADGE.sub("", (ROOT / name).read_text())
    return outside_code(text, lambda part: re.sub(r"\]\(([^)#\s]+)(#[^)\s]*)?\)", relink, part)), files


def source_page(path: str) -> str:
    """The page with the text of a file."""
    text = (ROOT / path).read_text()
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    language = LANGUAGES.get(Path(path).suffix, "text")
    return f"---\nsearch:\n  exclude: true\n---\n\n# {path}\n\n{fence}{language}\n{text.rstrip()}\n{fence}\n"


# --- Verilog and Python -------------------------------------------------------------------------------------


def verilog_pages() -> Iterator[tuple[str, str]]:
    """(address, text) of each module's page."""
    for module in verilog.modules():
        page = address(str(module.path))
        source_from_here = posixpath.relpath(source(str(module.path)), posixpath.dirname(page))
        yield page, verilog.page(module, source_from_here)


def verilog_index() -> str:
    """The page that lists all modules."""
    out = [
        "# Verilog modules",
        "",
        "Each page shows the header, the parameters and the ports from the module's file.",
    ]
    folder = None
    for module in verilog.modules():
        if module.path.parent != folder:
            folder = module.path.parent
            out += ["", f"## {folder}", "", "| module | purpose |", "|---|---|"]
        name = posixpath.relpath(address(str(module.path)), "rtl")
        out.append(f"| [{module.name}]({name}) | {verilog.text(module.purpose)} |")
    return "\n".join(out) + "\n"


def verilog_navigation() -> list[Entry]:
    """The navigation's section of all modules."""
    out: list[Entry] = ["rtl/index.md"]
    folders: dict[str, list[Entry]] = {}
    for module in verilog.modules():
        entry: Entry = {module.name: address(str(module.path))}
        folders.setdefault(module.path.parent.as_posix(), []).append(entry)
    for folder, entries in folders.items():
        out += entries if folder == "rtl" else [{folder.removeprefix("rtl/"): entries}]
    return out


def python_modules(name: str) -> list[str]:
    """The public modules of a package, itself first; of a module, the module."""
    path = ROOT / name.replace(".", "/")
    if not path.is_dir():
        return [name]
    return [
        name,
        *sorted(f"{name}.{each.stem}" for each in path.glob("*.py") if not each.stem.startswith("_")),
    ]


def python_page(name: str) -> str:
    """Address of a Python module's page."""
    return f"python/{name}.md"


def summary(name: str) -> str:
    """The first line of a Python module's docstring."""
    path = ROOT / name.replace(".", "/")
    text = (path / "__init__.py" if path.is_dir() else path.with_suffix(".py")).read_text()
    return re.search(r'^"""(.*?)(?:"""|\n)', text, re.MULTILINE)[1]  # type: ignore[index]  # lint wants one


def python_index() -> str:
    """The page that lists the Python modules."""
    out = ["# Python modules", "", "Each page shows the docstrings of a module."]
    for title, names in PYTHON.items():
        out += ["", f"## {title}", "", "| module | purpose |", "|---|---|"]
        for module in (module for name in names for module in python_modules(name)):
            out.append(f"| [{module}]({module}.md) | {verilog.text(summary(module))} |")
    return "\n".join(out) + "\n"


def python_navigation() -> list[Entry]:
    """The navigation's section of all Python modules."""
    out: list[Entry] = ["python/index.md"]
    for title, names in PYTHON.items():
        pages: list[Entry] = [
            {module.removeprefix("macrame."): python_page(module)}
            for name in names
            for module in python_modules(name)
        ]
        out.append({title: pages})
    return out


# --- all of them --------------------------------------------------------------------------------------------


def write(folder: Path) -> None:
    """Write all pages, and the files they show, into an empty folder.

    Parameters
    ----------
    folder : pathlib.Path
    """
    made = dict(verilog_pages())
    sources = {str(module.path) for module in verilog.modules()}
    for name in documents():
        made[name], linked = relinked(name)
        sources |= linked
    made |= {source(path): source_page(path) for path in sources}
    made["rtl/index.md"], made["python/index.md"] = verilog_index(), python_index()
    for names in PYTHON.values():
        for module in (module for name in names for module in python_modules(name)):
            made[python_page(module)] = f"::: {module}\n"
    for name, text in made.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    shutil.copytree(ROOT / "docs" / "img", folder / "docs" / "img")
    (folder / "assets").mkdir()
    for name in ("iframe-worker.js", "site.css"):
        shutil.copy(ROOT / "docs" / "site" / name, folder / "assets" / name)
