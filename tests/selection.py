# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Which tests to run: TESTS= of ``make test``, which pytest takes as --tests.

TESTS is one or more words, each of them

* a bench of tb/lib/catalogue.py or one of its cases: ``fifo``, ``fifo/4x8``;
* a file of tests/, without ``test_`` and ``.py``: ``link``;
* a folder of tests/, for all of its files, or one of them: ``homework``, ``homework/p6``;
* a pattern of such names: ``'mac_array*'``, ``'*/3x5x2'``;
* a path, or a test's id as pytest prints it: ``tests/test_link.py``;

or the whole is an expression for pytest's -k, which looks for parts of names: ``'stalls and not bf16'``.

A name selects only what is called exactly that: ``mac_array`` does not select ``mac_array_largest``. Where a
bench and a file have the same name, both run. A nightly test runs without --nightly if its case or its id is
named in full, or its bench where all of its cases are nightly.
"""

import re
import shlex
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from _pytest.mark.expression import Expression

from macrame.paths import ROOT
from tb.lib.catalogue import CASES
from tests.cases import BENCHES, file_of

FOLDER = ROOT / "tests"


@dataclass(frozen=True)
class Selection:
    """What --tests asks for.

    Attributes
    ----------
    names : tuple of str
        Names and patterns of benches, cases and files.
    paths : tuple of str
        Paths and test ids, relative to the project.
    keyword : str
        An expression for -k, instead of both.
    """

    names: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    keyword: str = ""

    def collect(self) -> list[str]:
        """What pytest has to collect: paths, test ids and the files of the names; empty for everything."""
        files = {
            file_of(case.bench)
            for case in CASES.values()
            if self._named(case.bench) or self._named(case.name)
        } | {path for path, names in FILES.items() if any(map(self._named, names))}
        return [*(str(ROOT / path) for path in self.paths), *(str(FOLDER / name) for name in sorted(files))]

    def holds(self, item: pytest.Item) -> bool:
        """Whether a collected test is selected."""
        if not self.names:
            return True
        case = case_of(item)
        return (
            any(map(self._named, names_of(item.path)))
            or (case is not None and (self._named(case.bench) or self._named(case.name)))
            or any(re.match(rf"{re.escape(path)}($|::|\[|/)", item.nodeid) for path in self.paths)
        )

    def in_full(self, item: pytest.Item) -> bool:
        """Whether a nightly test is named so that it is certainly meant."""
        case = case_of(item)
        if case is None:
            return item.nodeid in self.paths
        all_nightly = all(other.nightly for other in CASES.values() if other.bench == case.bench)
        return case.name in self.names or (all_nightly and case.bench in self.names)

    def _named(self, name: str) -> bool:
        return any(fnmatchcase(name, pattern) for pattern in self.names)


def names_of(path: Path) -> tuple[str, ...]:
    """The names that select a file of tests/: its own, and that of the folder that it is in."""
    if not path.is_relative_to(FOLDER):
        return ()
    *folders, file = path.relative_to(FOLDER).with_suffix("").parts
    return ("/".join([*folders, file.removeprefix("test_")]), *folders)


#: Every file of tests/ that has tests, relative to it, and the names that select it.
FILES = {str(path.relative_to(FOLDER)): names_of(path) for path in FOLDER.rglob("test_*.py")}


def case_of(item: pytest.Item):
    """The case of the catalogue that a test runs, or None."""
    callspec = getattr(item, "callspec", None)
    name = callspec.params.get("case") if callspec else None
    return CASES.get(name) if isinstance(name, str) else None


def read(text: str) -> Selection:
    """Understand --tests.

    Raises
    ------
    pytest.UsageError
        A word is the name of nothing, and the whole is no expression either.
    """
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise pytest.UsageError(f"TESTS={text}: {error}") from None
    names, paths, unknown = [], [], []
    known = {*BENCHES, *CASES, *(name for names in FILES.values() for name in names)}
    for word in words:
        path = (ROOT / word.split("::")[0]).resolve()
        if any(fnmatchcase(name, word) for name in known):
            names.append(word)
        elif path.is_relative_to(FOLDER) and path.exists():
            paths.append(word.replace(word.split("::")[0], str(path.relative_to(ROOT)), 1))
        else:
            unknown.append(word)
    if not unknown:
        return Selection(tuple(names), tuple(paths))
    part_of_a_name = len(words) == 1 and re.fullmatch(r"[\w/.+-]+", text) and not text.endswith(".py")
    if part_of_a_name or set(words) & {"and", "or", "not"}:
        try:
            Expression.compile(text)
        except SyntaxError as error:  # each of pytest's processes would end with a traceback
            raise pytest.UsageError(f"TESTS={text}: not an expression for -k, {error}") from None
        return Selection(keyword=text)
    which = f"{unknown[0]}: " if len(words) > 1 else ""
    raise pytest.UsageError(
        f"TESTS={text}: {which}expected benches, cases, files or tests, see tests/selection.py"
    )
