# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""What a verdict depends on: the code in files, and the versions of tools.

A campaign runs for hours, over which most files of the project may change. A task names the files that its
verdict depends on, so that a change elsewhere does not run it again: the Verilog that a bench compiles, and
the Python that it imports, found by reading the import statements. Comments do not count, nor do docstrings
without examples, so that better wording does not run a campaign again.
"""

import ast
import functools
import hashlib
import importlib.metadata
import platform
from collections.abc import Callable
from pathlib import Path

from macrame import paths
from macrame.errors import SetupError
from macrame.synth import verilog

#: The project's own packages, and their folders.
PACKAGES = {"macrame": paths.PACKAGE, "tb": paths.ROOT / "tb", "tests": paths.ROOT / "tests"}


@functools.cache
def digest(path: Path) -> str:
    """SHA-256 of a file's code; each is read once per process.

    Parameters
    ----------
    path : Path

    Returns
    -------
    str

    Raises
    ------
    SetupError
        It cannot be read.
    """
    try:
        found = path.read_bytes()
    except OSError as error:
        raise SetupError(f"{path}: {error.strerror}, expected a file that a task depends on") from None
    if path.suffix in (".v", ".vh"):
        found = verilog.code(found.decode()).encode()
    elif path.suffix == ".py":
        found = _python(found)
    return hashlib.sha256(found).hexdigest()


def _python(source: bytes) -> bytes:
    """The syntax tree of Python code, without docstrings that have no examples to run."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if ">>>" not in (ast.get_docstring(node) or ">>>"):
            del node.body[0]
    return ast.dump(tree).encode()


@functools.cache
def relative(path: Path | str) -> str:
    """A path as seen from the project, which is the same on every machine."""
    path = Path(path).resolve()
    for name, folder in (("rtl", paths.RTL), ("boards", paths.BOARDS)):
        if path.is_relative_to(folder):
            return f"{name}/{path.relative_to(folder)}"
    return str(path.relative_to(paths.ROOT)) if path.is_relative_to(paths.ROOT) else str(path)


# --- Python -------------------------------------------------------------------------------------------------


def source(module: str) -> Path | None:
    """The file of a module of the project, or None for other modules and names."""
    first, *rest = module.split(".")
    if first not in PACKAGES:
        return None
    folder = PACKAGES[first].joinpath(*rest)
    for path in (folder.with_name(f"{folder.name}.py"), folder / "__init__.py"):
        if path.is_file():
            return path
    return None


@functools.cache
def imports(path: Path) -> tuple[str, ...]:
    """Names that a file may import from the project, at its top or within a function."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return tuple(name for name in found if name.split(".")[0] in PACKAGES)


@functools.cache
def closure(module: str) -> frozenset[Path]:
    """A module's file, and those of all modules of the project that it imports, directly or not.

    Parameters
    ----------
    module : str
        Dotted.

    Returns
    -------
    frozenset of Path
    """
    found: set[Path] = set()
    seen: set[str] = set()
    new = {module}
    while new:
        name = new.pop()
        seen.add(name)
        path = source(name)
        if path is None or path in found:
            continue
        found.add(path)
        packages = name.split(".")
        new |= {".".join(packages[:count]) for count in range(1, len(packages))}
        new = (new | set(imports(path))) - seen
    return frozenset(found)


# --- tools --------------------------------------------------------------------------------------------------


def _simulator(name: str) -> str:
    from macrame.sim.simulators import check_tools

    return check_tools(name)


#: How the version of a tool is found; the others are Python packages.
VERSIONS: dict[str, Callable[[], str]] = {
    "python": platform.python_version,
    "icarus": functools.partial(_simulator, "icarus"),
    "verilator": functools.partial(_simulator, "verilator"),
}


@functools.cache
def version(tool: str) -> str:
    """The version of a tool.

    Parameters
    ----------
    tool : str
        ``python``, a simulator, or a Python package.

    Returns
    -------
    str

    Raises
    ------
    SetupError
        It is not installed.
    """
    if tool in VERSIONS:
        return VERSIONS[tool]()
    try:
        return importlib.metadata.version(tool)
    except importlib.metadata.PackageNotFoundError:
        raise SetupError(f"the Python package {tool} is not installed: tools/bootstrap test") from None


@functools.cache
def ingredients(files: tuple[str, ...], tools: tuple[str, ...]) -> dict[str, str]:
    """Digests of files and versions of tools, by name.

    Parameters
    ----------
    files : tuple of str
        As `relative` gives them.
    tools : tuple of str

    Returns
    -------
    dict of str to str
    """
    found = {name: digest(paths.locate(name)) for name in sorted(set(files))}
    return found | {f"version of {tool}": version(tool) for tool in sorted(set(tools))}
