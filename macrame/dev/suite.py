# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""``make test``: lint, then pytest. Both run whatever becomes of the first, and either failure counts."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence

from macrame.dev import lint
from macrame.sim import simulate


def pytest_command(values: Mapping[str, str], nightly: bool = False) -> list[str]:
    """The command that runs the suite.

    Parameters
    ----------
    values : mapping of str to str
        TESTS, JOBS and SEEDS.
    nightly : bool
        With the longest cases.

    Returns
    -------
    list of str
    """
    report = simulate.BUILD / "junit" / ("nightly.xml" if nightly else "tests.xml")
    command = [sys.executable, "-m", "pytest", "-n", values.get("JOBS", "auto"), "--dist", "worksteal"]
    command += [
        "--seeds",
        values.get("SEEDS", "1"),
        f"--junitxml={report}",
        "--tests",
        values.get("TESTS", ""),
    ]
    return command + (["--nightly"] if nightly else [])


def main(values: Mapping[str, str], words: Sequence[str] = ()) -> int:
    """Run lint and the suite.

    Parameters
    ----------
    values : mapping of str to str
        TESTS, JOBS, SEEDS, SEED, SIM and WAVES.
    words : sequence of str
        ``nightly``, or nothing.

    Returns
    -------
    int
        1 if lint or a test failed, 2 if pytest was called wrongly, else 0.
    """
    nightly = "nightly" in words
    wrong = 0 if nightly or values.get("TESTS") else lint.main([])
    env = {**os.environ, **{name: values[name] for name in ("SEED", "SIM", "WAVES") if name in values}}
    done = subprocess.run(pytest_command(values, nightly), cwd=simulate.ROOT, env=env, check=False)
    if wrong:
        print("lint failed, see above", file=sys.stderr)
    return max(wrong, {0: 0, 1: 1}.get(done.returncode, 2))
