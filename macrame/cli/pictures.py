# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Draw the generated diagrams of the documents, in docs/img.

Requires a checkout of the project.
"""

from macrame.cli.command import Option

CHECKOUT = True
PROGRAM = "macrame.dev.pictures"
INSTALLS = "docs"
OPTIONS = (Option("check", "compare with the files instead of writing them", flag=True, make=False),)


def run(values: dict[str, str], words: list[str]) -> int:
    """Draw them; returns the exit code."""
    from macrame.dev import pictures

    return pictures.main(check="CHECK" in values)
