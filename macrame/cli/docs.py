# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Build the documentation site: the documents and a reference of all Verilog and Python modules.

The site is written to site/ in the build directory. Open its index.html from disk; neither the pages nor
their search need a server or a network. Requires a checkout of the project.
"""

from macrame.cli.command import Option

INSTALLS = "docs"
CHECKOUT = True
PROGRAM = "macrame.dev.site.build"
OPTIONS: tuple[Option, ...] = ()


def run(values: dict[str, str], words: list[str]) -> int:
    """Build it; returns the exit code."""
    from macrame.dev.site import build

    return build.main()
