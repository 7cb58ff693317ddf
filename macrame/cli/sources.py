# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Print the Verilog files of the core, one path per line, in an order that every tool accepts.

    iverilog -g2005 -s top -o top.vvp top.v $(macrame sources)

With a family, its modules replace the portable multipliers. They instantiate vendor cells, which
synthesis knows and a simulator needs models for: --models adds those of ecp5. The list has all units, the
vector unit and the serial line too, so name the top module. --folder prints where rtl/, boards/, examples/
and the data files of the problem sheet, homework/*.toml, are.
"""

from macrame.cli.command import Option

OPTIONS = (
    Option("family", "ecp5 or ice40: with the family's modules from rtl/vendor"),
    Option("board", "icebreaker or ulx3s: with the board's top level and its family's modules"),
    Option("models", "with models of the ecp5 cells, for a simulator", flag=True),
    Option("folder", "print the folder that holds them instead", flag=True),
)


def run(values: dict[str, str], words: list[str]) -> int:
    """Print them; returns the exit code."""
    from macrame import paths

    if "FOLDER" in values:
        print(paths.PACKAGE)
        return 0
    found = paths.sources(values.get("FAMILY"), values.get("BOARD"))
    if "MODELS" in values:
        found += paths.models(found)
    for path in found:
        print(path)
    return 0
