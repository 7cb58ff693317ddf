# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Which cases of the suite test a module: those of its own bench, then wider ones, the narrowest first."""

import functools
import math
import re
from pathlib import Path

from macrame import paths
from macrame.campaign import content
from macrame.synth import verilog
from tb.lib.catalogue import CASES, Case

#: Cases of a module's own bench that are tried first, and cases of wider benches that are tried after them.
OWN, WIDER = 6, 4
#: Benches that do not run on their own: a test prepares the program that they play.
PREPARED = ("engine_network",)
#: What the verdict of every bench depends on, apart from files.
TOOLS = ("python", "icarus", "cocotb", "cocotbext-axi", "numpy")


@functools.cache
def words(path: Path) -> frozenset[str]:
    """The names in a Verilog file, outside comments."""
    return frozenset(re.findall(r"\w+", verilog.code(verilog.text(path))))


def files(case: Case) -> tuple[Path, ...]:
    """The files of rtl/ that a case instantiates, or may in another shape.

    A file that the case compiles and nothing below its toplevel names is left out.
    """
    return tuple(_instantiated(case.name).values())


@functools.cache
def _instantiated(name: str) -> dict[str, Path]:
    """The files of a case by module."""
    case = CASES[name]
    listed = {Path(path).stem: Path(path) for path in case.sources() if Path(path).is_relative_to(paths.RTL)}
    new = {case.toplevel.removeprefix("vec_")}
    for path in map(paths.locate, case.tb):
        new |= words(path) if path.suffix == ".v" else set()
    found: set[str] = set()
    while new := (new & set(listed)) - found:
        found |= new
        new = {word for module in new for word in words(listed[module])}
    return {module: path for module, path in listed.items() if module in found}


def top(case: Case) -> str:
    """The module of rtl/ at the top of a case, inside any harness: the one that no other instantiates."""
    return _top(case.name)


@functools.cache
def _top(name: str) -> str:
    case, here = CASES[name], _instantiated(name)
    own = case.played or case.toplevel
    if own in here:
        return own
    inner = {word for module, path in here.items() for word in words(path) if word != module}
    return next(module for module in here if module not in inner)


def size(case: Case) -> tuple[int, int, str]:
    """Sorts cases by what they are likely to cost."""
    counts = (value for value in case.parameters.values() if isinstance(value, int) and value > 0)
    return len(files(case)), math.prod(counts), case.name


@functools.cache
def ladder(path: Path) -> tuple[list[Case], list[Case]]:
    """The cases that test a file of rtl/, nightly ones left out.

    Parameters
    ----------
    path : Path

    Returns
    -------
    list of Case
        Those of its own bench, or the narrowest bench if it has none.
    list of Case
        Wider ones, each of another bench.
    """
    fitting = [c for c in _suite() if _instantiated(c.name).get(path.stem) == path]
    fitting.sort(key=lambda case: (top(case) != path.stem, size(case)))
    if not fitting:
        return [], []
    own = [case for case in fitting if top(case) == path.stem]
    own = own or [case for case in fitting if top(case) == top(fitting[0])]
    wider: dict[str, Case] = {}
    for case in fitting:
        if case not in own:
            wider.setdefault(case.bench, case)
    return _some(own), list(wider.values())[:WIDER]


@functools.cache
def _suite() -> list[Case]:
    """All but nightly and prepared cases, and those of the vendors' modules, which are proven equivalent."""
    listed = (c for c in CASES.values() if not c.nightly and c.bench not in PREPARED)
    return [c for c in listed if not any(str(path).startswith("vendor/") for path in c.rtl)]


def _kind(case: Case) -> frozenset[str]:
    """What tells the kinds of a module's shapes apart: parameters that are set, and named values."""
    return frozenset(case.parameters) | {
        value for value in case.parameters.values() if isinstance(value, str)
    }


def _some(cases: list[Case]) -> list[Case]:
    """`OWN` of some cases: one of middle size of each bench, one of each kind, then the smallest others."""
    by_bench: dict[str, list[Case]] = {}
    for case in cases:
        by_bench.setdefault(case.bench, []).append(case)
    chosen = [listed[len(listed) // 2] for listed in by_bench.values()]
    for case in cases:
        if _kind(case) not in map(_kind, chosen):
            chosen.append(case)
    chosen += [case for case in cases if case not in chosen]
    return sorted(chosen[:OWN], key=size)


def dependencies(case: Case) -> tuple[str, ...]:
    """The files that a case's result depends on, as seen from the project."""
    return _dependencies(case.name)


@functools.cache
def _dependencies(name: str) -> tuple[str, ...]:
    case = CASES[name]
    python = content.closure(case.module) | content.closure("tb.lib.catalogue")
    harness = [paths.locate(path) for path in case.tb]
    if case.played:
        harness += [paths.PACKAGE / "sim" / "hdl" / "vector_player.v"]
    found = {content.relative(path) for path in (*files(case), *harness, *python)}
    return tuple(sorted(found - {"tb/lib/catalogue.py"}))


def definition(case: Case) -> str:
    """All that the catalogue says of a case: it stands for the catalogue, in which other cases change."""
    return repr(case)
