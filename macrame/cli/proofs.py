# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Prove properties of the RTL's modules for all inputs, and check that each proof can fail.

The properties are in formal/: stream rules, no loss, credits, and arithmetic against independent formulas.
Each has a deliberate fault that must break it. `macrame proofs table` prints the table of docs/proofs.md:
what is proven, what only for a number of cycles, and what is only tested. Requires a checkout of the project.
"""

from macrame.cli.command import Option

INSTALLS = "synth"
EXTRA = "synth"
CHECKOUT = True
PROGRAM = "macrame.dev.proofs"
OPTIONS = (
    Option("proofs", "only these: names of proofs or modules, such as 'skid fifo'", "all"),
    Option("jobs", "number of solvers at a time, at most one per processor", "one per processor"),
)
WORD = ("table", "print the table of all properties instead of proving them")


def run(values: dict[str, str], words: list[str]) -> int:
    """Prove and apply the faults, or print the table; returns the exit code."""
    from macrame.cli.command import UsageError
    from macrame.errors import short

    if words not in ([], ["table"]):
        raise UsageError(f"{short(' '.join(words))}: expected table, or nothing")
    from macrame.dev import proofs

    return proofs.main(values, table=bool(words))
