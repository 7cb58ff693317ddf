# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""``make test``: lint, then pytest. The tests run whatever lint finds, and either failure counts.

The last two lines are those that both ended with.
"""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence

from macrame import environment, paths


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
    build = environment.build_dir()
    report = build / "junit" / ("nightly.xml" if nightly else "tests.xml")
    command = [sys.executable, "-m", "pytest", "-n", values.get("JOBS", "auto"), "--dist", "worksteal"]
    command += ["--seeds", values.get("SEEDS", "1"), "--tests", values.get("TESTS", "")]
    command += [f"--junitxml={report}", "-o", f"cache_dir={build / 'pytest'}"]
    return command + (["--nightly"] if nightly else [])


#: The command that lints.
LINT = [sys.executable, "-u", "-m", "macrame", "lint"]


def lint() -> tuple[int, str]:
    """Run lint: its exit code and its last line."""
    last = ""
    with subprocess.Popen(
        LINT, cwd=paths.ROOT, stdout=subprocess.PIPE, text=True, errors="replace"
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            sys.stdout.write(line)
            sys.stdout.flush()
            last = line.strip() or last
    return process.returncode, last or f"lint: ended with status {process.returncode}"


def main(values: Mapping[str, str], words: Sequence[str] = ()) -> int:
    """Run lint and the suite.

    Parameters
    ----------
    values : mapping of str to str
        TESTS, JOBS, SEEDS, SEED, SIM and WAVES. With TESTS, a part of the suite runs, and lint does not.
    words : sequence of str
        ``nightly``, or nothing.

    Returns
    -------
    int
        pytest's exit code, or lint's where all tests passed.
    """
    nightly = "nightly" in words
    linted, last = (0, "") if nightly or values.get("TESTS") else lint()
    if linted == 130:
        return linted
    env = {**os.environ, **{name: values[name] for name in ("SEED", "SIM", "WAVES") if name in values}}
    tested = subprocess.run(pytest_command(values, nightly), cwd=paths.ROOT, env=env, check=False).returncode
    if last:
        print(last, flush=True)
    return tested or linted
