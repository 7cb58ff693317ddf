# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Print the Verilog files of the core, a path per line, in an order that every tool takes.

With a family, its own multipliers stand in place of the portable ones: iverilog $(macrame sources), or in a
Makefile SOURCES := $(shell macrame sources --family ecp5).
"""

from macrame.cli.command import Option

OPTIONS = (
    Option("family", "ecp5 or ice40: with the family's own modules of rtl/vendor"),
    Option("board", "icebreaker or ulx3s: with the board's top, and its family's modules"),
)


def run(values: dict[str, str], words: list[str]) -> int:
    """Print them; returns the exit code."""
    from macrame import paths

    for path in paths.sources(values.get("FAMILY"), values.get("BOARD")):
        print(path)
    return 0
