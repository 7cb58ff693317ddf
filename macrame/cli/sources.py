# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Print the Verilog files of the core, one path per line, in an order that every tool accepts.

    iverilog -g2005 -s top -o top.vvp top.v $(macrame sources)

With --family, that family's modules replace the portable multipliers. They instantiate vendor cells, for
which a simulator needs models: --models adds those of ecp5. The list contains all units, including the vector
unit and the serial line, so name the top module. --folder prints the directory that contains rtl/, boards/,
examples/ and the data files of the problem sheet, homework/*.toml.
"""

from macrame.cli.command import Option

OPTIONS = (
    Option("family", "ecp5 or ice40: use the family's modules from rtl/vendor"),
    Option(
        "board", "icebreaker, ulx3s or ulx3s-engine: add the board's top level and use its family's modules"
    ),
    Option("models", "add simulation models of the ecp5 cells", flag=True),
    Option("folder", "print the directory that contains them instead", flag=True),
)


def run(values: dict[str, str], words: list[str]) -> int:
    """Print them; returns the exit code."""
    from macrame import paths
    from macrame.errors import InputError

    if "FOLDER" in values:
        for name in ("FAMILY", "BOARD", "MODELS"):
            if name in values:
                raise InputError(f"{name}={values[name]}: does not apply with FOLDER=1, which lists no files")
        print(paths.PACKAGE)
        return 0
    found = paths.sources(values.get("FAMILY"), values.get("BOARD"))
    if "MODELS" in values:
        found += paths.models(found)
    for path in found:
        print(path)
    return 0
