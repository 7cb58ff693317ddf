# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The interface of every problem's script."""

from collections.abc import Mapping
from typing import Any, Protocol, TypeAlias

from macrame.homework.data import File
from macrame.homework.show import Show
from macrame.verify.session import Session

Answer: TypeAlias = dict[str, Any]
"""Numbers, text and arrays by name, and lists and dicts of these: what
`macrame.homework.report.to_json` writes."""


class Run(Protocol):
    """The interface of one run of the problem sheet: `macrame.homework.sheet.Run`.

    Attributes
    ----------
    show : macrame.homework.show.Show
        Display for the answers.
    rtl : macrame.verify.session.Session
        Session on the RTL.
    """

    show: Show
    rtl: Session

    def output(self, name: str, content: bytes) -> str:
        """Keep a file to be written when all problems are done; returns its path, to be shown."""

    def plots(self, name: str, figure: Mapping[str, bytes]) -> None:
        """Keep a figure's files, contents by extension, and show their paths."""


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

    def solve(self, problem: Any, run: Run) -> Answer:
        """Solve and show it."""


class Problem(Part, Protocol):
    """A module that solves a problem."""

    @property
    def TITLE(self) -> str:
        """Title of the problem."""
