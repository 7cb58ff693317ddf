# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""``make test``: lint, then pytest. The tests run whatever lint finds, and either failure counts.

The output ends with the last line of each. SHARD=i/n runs the i-th of n parts of the suite, each test
in exactly one of them, without lint, which is a separate job in CI.
"""

import importlib
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence

from macrame import environment, paths
from macrame.errors import InputError, short
from macrame.files import parse
from macrame.sim.simulators import SIMULATORS

#: Durations of the longest tests; pytest-split distributes them over the parts, and the others by count.
DURATIONS = paths.ROOT / "tests" / "durations.json"


def shard(text: str) -> tuple[int, int] | None:
    """Read SHARD.

    Parameters
    ----------
    text : str
        ``i/n``: the i-th of n parts, i from 1 to n; empty for the whole suite.

    Returns
    -------
    tuple of two int, or None
        i and n.

    Raises
    ------
    InputError
    """
    if not text:
        return None
    found = re.fullmatch(r"([1-9]\d{0,3})/([1-9]\d{0,3})", text, re.ASCII)
    if not found or int(found[1]) > int(found[2]):
        raise InputError(f"SHARD={short(text)}: expected i/n, the i-th of n parts, such as 1/3, 2/3 or 3/3")
    return int(found[1]), int(found[2])


def shard_options(text: str) -> list[str]:
    """The options that make pytest run a part of the suite; SHARD as for `shard`."""
    part = shard(text)
    if part is None:
        return []
    options = ["--group", str(part[0]), "--splits", str(part[1])]
    return [*options, "--splitting-algorithm", "least_duration", "--durations-path", str(DURATIONS)]


def pytest_command(values: Mapping[str, str], nightly: bool = False) -> list[str]:
    """The command that runs the suite.

    Parameters
    ----------
    values : mapping of str to str
        TESTS, SHARD, JOBS, SEEDS and SIM.
    nightly : bool
        With the longest cases.

    Returns
    -------
    list of str
    """
    build = environment.build_dir()
    part = shard(values.get("SHARD", ""))
    name = "nightly" if nightly else "tests"
    if values.get("SIM", "icarus") != "icarus":
        name += f"-{values['SIM']}"
    name += f"-{part[0]}-of-{part[1]}" if part else ""
    report = build / "junit" / f"{name}.xml"
    command = [sys.executable, "-m", "pytest", "-n", values.get("JOBS", "auto"), "--dist", "worksteal"]
    # joined by =, because pytest would collect a separate word that is also a directory, such as docs
    command += [f"--seeds={values.get('SEEDS', '1')}", f"--tests={values.get('TESTS', '')}"]
    command += shard_options(values.get("SHARD", ""))
    command += [f"--junitxml={report}", "-o", f"cache_dir={build / 'pytest'}"]
    if nightly:
        return [*command, "--nightly"]
    return command if values.get("TESTS") else [*command, "--quick"]


#: What pytest's exit codes mean on the command line: interrupted, internal error, wrong usage, no test ran.
NO_TESTS = 5
EXIT_CODES = {2: 130, 3: 1, 4: 2, NO_TESTS: 2}

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
    return process.returncode, last or f"lint: exited with status {process.returncode}"


def _no_tests(values: Mapping[str, str], part: tuple[int, int] | None) -> str:
    """Why no test ran, for a user who selected some."""
    tests = f"TESTS={short(values['TESTS'])}" if values.get("TESTS") else "the suite"
    if part:
        return f"{tests}: part {part[0]} of {part[1]} has no test, expected fewer parts, or other tests"
    return f"{tests}: selects no test, expected benches, cases or files of tests/, or an expression for -k"


def _check_tests(text: str) -> None:
    """InputError for names of no test, which each of pytest's processes would report."""
    import pytest  # not at the top, nor the tests: most errors are found without them

    selection = importlib.import_module("tests.selection")  # by name: the tests are not typed
    try:
        selection.read(text)
    except pytest.UsageError as error:
        raise InputError(str(error)) from None


def check(values: Mapping[str, str], words: Sequence[str]) -> None:
    """InputError for a word or a value that is wrong, before anything runs."""
    if list(words) not in ([], ["nightly"]):
        raise InputError(f"{short(' '.join(words))}: expected nightly, or nothing")
    if "SEEDS" in values:
        parse.integer("SEEDS", values["SEEDS"], 1, 10**6)
    if values.get("JOBS", "auto") not in ("auto", "logical"):
        parse.integer("JOBS", values["JOBS"], 0, 1024)
    if "SEED" in values:
        parse.integer("SEED", values["SEED"], 0, 2**31 - 1)
    if values.get("SIM", "icarus") not in SIMULATORS:
        raise InputError(f"SIM={short(values['SIM'])}: expected one of {', '.join(SIMULATORS)}")
    if values.get("TESTS"):
        _check_tests(values["TESTS"])
    if values.get("WAVES", "0") not in ("0", "1"):
        raise InputError(f"WAVES={short(values['WAVES'])}: expected 0 or 1")


def main(values: Mapping[str, str], words: Sequence[str] = ()) -> int:
    """Run lint and the suite.

    Parameters
    ----------
    values : mapping of str to str
        TESTS, SHARD, JOBS, SEEDS, SEED, SIM and WAVES. With TESTS or SHARD, a part of the suite runs,
        and lint does not.
    words : sequence of str
        ``nightly``, or nothing.

    Returns
    -------
    int
        0 if all passed, 1 if a test or lint failed, 2 where nothing could run; 130 after Ctrl-C.

    Raises
    ------
    InputError
        A value is wrong, or selects no test.
    """
    check(values, words)
    nightly = bool(words)
    part = shard(values.get("SHARD", ""))
    if part:
        print(f"part {part[0]} of {part[1]} of the suite, without lint", flush=True)
    linted, last = (0, "") if nightly or part or values.get("TESTS") else lint()
    if linted == 130:
        return linted
    env = {**os.environ, **{name: values[name] for name in ("SEED", "SIM", "WAVES") if name in values}}
    # tests call make test too; exported options would change what runs; and with CI set, pytest
    # repeats the full text of each failure in its summary
    for name in ("SHARD", "PYTEST_ADDOPTS", "PYTEST_PLUGINS", "CI", "BUILD_NUMBER"):
        env.pop(name, None)
    tested = subprocess.run(pytest_command(values, nightly), cwd=paths.ROOT, env=env, check=False).returncode
    if tested == NO_TESTS:
        raise InputError(_no_tests(values, part))
    if last:
        print(last, flush=True)
    return EXIT_CODES.get(tested, tested) or linted
