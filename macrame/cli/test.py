# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Run lint and the test suite.

The last lines are the results of the suite and of lint; the verb fails if either does. Without --tests this
is a quick run, with a share of the random vectors, cases and faults. `macrame test nightly` runs everything.
Requires a checkout of the project.
"""

from macrame.cli.command import SEED, SIM, WAVES, Option

INSTALLS = "test"
CHECKOUT = True
PROGRAM = "macrame.dev.suite"
OPTIONS = (
    Option(
        "tests",
        "run only a part of the suite, without lint: names of benches, cases or files, such as "
        "'fifo gemm/4x4x4'",
    ),
    Option("shard", "i/n: run only the i-th of n parts of the suite, without lint, such as 1/3"),
    Option("jobs", "number of processes", "one per processor"),
    Option("seeds", "number of seeds for each seeded test", "1"),
    SEED,
    SIM,
    WAVES,
)
WORD = ("nightly", "run every test, the longest included, without lint")


def run(values: dict[str, str], words: list[str]) -> int:
    """Run it; returns the exit code."""
    from macrame.dev import suite

    return suite.main(values, words)
