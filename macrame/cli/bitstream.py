# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Build a board's bitstream and print the resources it uses.

Yosys, nextpnr and the packer are installed as wheels. Logs, the bitstream and report.json are written to
boards/<board> in the build directory. Exit code 1 if the design does not meet the board's clock.
"""

from macrame.cli.command import Option

INSTALLS = "synth"
EXTRA = "synth"
PROGRAM = "macrame.synth.bitstream"
OPTIONS = (
    Option("board", "board: icebreaker (iCE40 UP5K), ulx3s or ulx3s-engine (ECP5-85F)"),
    Option("baud", "baud rate of the serial line", "1000000"),
    Option("seed", "placement seed", "1"),
)


def run(values: dict[str, str], words: list[str]) -> int:
    """Make it; returns the exit code."""
    from macrame.synth import bitstream

    return bitstream.main(values)
