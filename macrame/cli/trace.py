# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Show where the cycles of a recorded trace went, or convert it for Perfetto.

FILE is a trace written with --trace by another verb, see docs/trace.md. The verb prints the cycles by cause.
Exit code: 0 if every recorded number matches the golden model, 1 if not, 2 for invalid
input.
"""

from macrame.cli.command import PAGE, Option

PROGRAM = "macrame.verify.trace_report"
OPTIONS = (
    Option("file", "the trace", positional=True),
    Option("perfetto", "also write it as Chrome-trace JSON, which ui.perfetto.dev opens: OUT.json"),
    PAGE,
)


def run(values: dict[str, str], words: list[str]) -> int:
    """Read, check, convert; returns the exit code."""
    from macrame.verify import trace_report

    return trace_report.main(values)
