# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The settings of `make sim`: environment variables, checked."""

import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from macrame import environment
from macrame.contract import CoreConfig
from macrame.files import atomic, parse
from macrame.files.write import unwritten_report
from macrame.homework.data import HomeworkError
from macrame.report.report import page_of

#: The core, unless ROWS, COLS and DEPTH are given.
DEFAULT = CoreConfig()


@dataclass(frozen=True)
class Settings:
    """One run of the problem sheet.

    Attributes
    ----------
    problems : list of int
        Which to solve, in order.
    homework : pathlib.Path or None
        The student's own data files.
    out : pathlib.Path
        Where reports and plots go.
    core : macrame.contract.CoreConfig
        The int8 core.
    seed : int
        Of the simulator.
    waves : bool
        Write an FST of the core.
    page : pathlib.Path or None
        Where the report goes in addition to the terminal.
    """

    problems: list[int]
    homework: Path | None
    out: Path
    core: CoreConfig
    seed: int
    waves: bool
    page: Path | None = None


def from_environment(environ: Mapping[str, str], solved: Sequence[int]) -> Settings:
    """Read and check PROBLEM, HOMEWORK, OUT, ROWS, COLS, DEPTH, SEED, WAVES and PAGE;
    empty counts as not set.

    Parameters
    ----------
    environ : mapping of str to str
    solved : sequence of int
        The existing problems.

    Returns
    -------
    Settings

    Raises
    ------
    macrame.errors.InputError
        For the first variable that is wrong.
    macrame.errors.SetupError
        OUT is not given, and the build folder cannot be written to.
    """

    def get(name: str, default: str = "") -> str:
        return environ.get(name, "").strip() or default

    def size(name: str) -> int:
        """A parameter of the core."""
        low, high = CoreConfig.RANGES[name]
        return parse.integer(name.upper(), get(name.upper(), str(getattr(DEFAULT, name))), low, high)

    core = CoreConfig(size("rows"), size("cols"), size("depth"))
    waves = get("WAVES", "0")
    if waves not in ("0", "1"):
        raise HomeworkError(f"WAVES={waves}: expected 0 or 1")
    homework = Path(get("HOMEWORK")) if get("HOMEWORK") else None
    if get("OUT"):
        out = Path(get("OUT"))
        _check_folder(out)
    else:
        out = environment.writable(environment.build_dir()) / "homework"
    problems = _problems(get("PROBLEM"), solved)
    if get("OUT") and out.exists():
        _check_reports(report_path(out, number) for number in problems)
    return Settings(
        problems,
        homework,
        out,
        core,
        parse.integer("SEED", get("SEED", "1"), 0, 2**31 - 1),
        waves == "1",
        page_of(environ, outputs=[out, *(report_path(out, number) for number in problems)]),
    )


def report_path(out: Path, number: int) -> Path:
    """The JSON report of a problem, in the folder of all reports."""
    return out / f"p{number}.json"


def _check_reports(paths: Iterable[Path]) -> None:
    """Reject reports that cannot be written."""
    for path in paths:
        wrong = atomic.unwritable(path)
        if wrong:
            raise HomeworkError(f"OUT={path.parent}: {unwritten_report(path, wrong)}")


def _check_folder(out: Path) -> None:
    """Reject a folder that cannot be written to; leave nothing in it."""
    real = atomic.real_path(out)
    if os.path.islink(real):
        raise HomeworkError(f"OUT={out}: is a symbolic link to itself, expected a directory")
    try:
        there = next(folder for folder in (real, *real.parents) if folder.exists())
        if not there.is_dir():
            raise HomeworkError(f"OUT={out}: {there} is not a directory, expected one")
    except OSError as error:
        raise HomeworkError(f"OUT={out}: {error.strerror}, expected a directory") from None
    try:
        with tempfile.TemporaryDirectory(dir=there):  # /proc says it may be written to
            pass
    except OSError as error:
        raise HomeworkError(
            f"OUT={out}: {there} is not writable ({error.strerror}), expected a writable directory"
        ) from None


def _problems(text: str, solved: Sequence[int]) -> list[int]:
    wrong = HomeworkError(
        f"PROBLEM={text}: expected any of {', '.join(map(str, solved))}, such as PROBLEM=4 or PROBLEM=1,3"
    )
    chosen: list[int] = []
    for word in text.replace(",", " ").split():
        number = int(word) if word.isascii() and word.isdigit() and len(word) < 3 else None
        if number is None or number not in solved:
            raise wrong
        if number not in chosen:
            chosen.append(number)
    if text and not chosen:
        raise wrong
    return sorted(chosen) or list(solved)
