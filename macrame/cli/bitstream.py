# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Make a board's bitstream, and say what it takes of the device.

Yosys, nextpnr and the packer come as wheels. Logs, the bitstream and report.json go to boards/<board> in the
build directory. Exit code 1 if the clock does not reach what the board needs.
"""

from macrame.cli.command import Option

INSTALLS = "synth"
EXTRA = "synth"
PROGRAM = "macrame.synth.bitstream"
OPTIONS = (
    Option("board", "icebreaker (iCE40 UP5K) or ulx3s (ECP5-85F)"),
    Option("baud", "speed of the serial line", "1000000"),
    Option("seed", "seed of placement", "1"),
)


def run(values: dict[str, str], words: list[str]) -> int:
    """Make it; returns the exit code."""
    from macrame.synth import bitstream

    return bitstream.main(values)
