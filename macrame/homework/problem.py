# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""What every problem's script is given, and what it returns."""

from typing import Any, Protocol, TypeAlias

from macrame.homework.rtl import Rtl
from macrame.homework.show import Show

Answer: TypeAlias = dict[str, Any]
"""Numbers, text and arrays by name, and lists and dicts of these: what
`macrame.homework.report.to_json` writes."""


class Run(Protocol):
    """One run of the problem sheet, as a problem sees it: `macrame.homework.sheet.Run`.

    Attributes
    ----------
    show : macrame.homework.show.Show
        Where to show.
    rtl : macrame.homework.rtl.Rtl
        Where to compute.
    """

    show: Show
    rtl: Rtl

    def output(self, name: str, content: bytes) -> str:
        """Keep a file to be written when all problems are done; returns its path, to be shown."""
