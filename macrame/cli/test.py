# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Run the suite: lint, then pytest. The last lines are the results of both, and either failure counts.

It needs a checkout. `macrame test nightly` adds the longest cases.
"""

from macrame.cli.command import SEED, SIM, WAVES, Option

INSTALLS = "test"
CHECKOUT = True
PROGRAM = "macrame.dev.suite"
OPTIONS = (
    Option(
        "tests",
        "only a part of the suite, without lint: names of benches, cases or files, as in fifo,gemm/4x4x4",
    ),
    Option("shard", "i/n: only the i-th of n parts of the suite, without lint, as in 1/3"),
    Option("jobs", "processes", "one per processor"),
    Option("seeds", "number of seeds for each seeded test", "1"),
    SEED,
    SIM,
    WAVES,
)
WORDS = ("nightly", "run the nightly tests as well, without lint")


def run(values: dict[str, str], words: list[str]) -> int:
    """Run it; returns the exit code."""
    from macrame.dev import suite

    return suite.main(values, words)
