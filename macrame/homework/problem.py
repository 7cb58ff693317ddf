# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The interface of every problem's script."""

from collections.abc import Generator, Mapping
from typing import Any, Protocol, TypeAlias, TypeVar

from macrame.homework.data import File
from macrame.report.blocks import Block, Plot
from macrame.report.report import Display
from macrame.verify.session import Session

Answer: TypeAlias = dict[str, Any]
"""Numbers, text and arrays by name, and lists and dicts of these: what
`macrame.report.numbers.to_json` writes."""

T = TypeVar("T")
Blocks: TypeAlias = Generator[Block, None, T]
"""Yields the blocks of a report as they are found; returns a result."""


class Run(Display, Protocol):
    """The interface of one run of the problem sheet: `macrame.homework.sheet.Run`.

    Attributes
    ----------
    rtl : macrame.verify.session.Session
        Session on the RTL.
    """

    rtl: Session

    def plot(self, name: str, description: str, figure: Mapping[str, bytes]) -> Plot:
        """Keep a figure's files, contents by extension, to be written when all problems are done."""


class Part(Protocol):
    """A module that solves a problem, or a further part of one.

    Its name is that of its data file. A problem is the result of the module's `read`.
    """

    __name__: str

    @property
    def KEYS(self) -> tuple[str, ...]:
        """Every key that the data file may have."""

    def read(self, file: File) -> Any:
        """The problem, checked."""

    def solve(self, problem: Any, run: Run) -> Blocks[Answer]:
        """Solve it, block by block; returns every number of the answer."""


class Problem(Part, Protocol):
    """A module that solves a problem."""

    @property
    def TITLE(self) -> str:
        """Title of the problem."""
