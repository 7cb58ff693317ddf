# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The command ``macrame campaign``: read its values, run a campaign, print what it found."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from macrame import environment, paths
from macrame.campaign import (
    coverage,
    engine,
    evidence,
    mutants,
    networks,
    python_mutants,
    speedup,
    suite,
    summary,
    synthesis,
)
from macrame.campaign.store import Store
from macrame.errors import InputError, short
from macrame.files import atomic, parse

KINDS = ("mutants", "python", "coverage", "suite", "networks", "synth", "speedup", "evidence")
#: Variables of some kinds only.
TAKES = {
    "SAMPLE": ("mutants", "python", "speedup"),
    "MODULES": ("mutants", "python", "coverage", "speedup"),
    "SEEDS": ("suite", "synth"),
    "TESTS": ("suite",),
    "TARGET": ("synth",),
    "SIZE": ("networks",),
    **dict.fromkeys(networks.GIVEN, ("networks",)),
    "STORE": tuple(kind for kind in KINDS if kind != "speedup"),
    **dict.fromkeys(("JOBS", "CLUSTER"), tuple(kind for kind in KINDS if kind != "evidence")),
    "SEED": tuple(kind for kind in KINDS if kind not in ("synth", "evidence")),
}


def store(values: Mapping[str, str]) -> Store:
    """The store that STORE names; by default build/campaign/verdicts.jsonl.

    Raises
    ------
    InputError
        The directory of STORE does not exist: it may be misspelt, and the verdicts of days elsewhere.
    """
    if "STORE" not in values:
        return Store(environment.build_dir() / "campaign" / "verdicts.jsonl")
    path = Path(values["STORE"]).absolute()
    if not os.path.isdir(path.parent):
        raise InputError(f"STORE={path}: the directory {path.parent} does not exist")
    return Store(path)


def executor(values: Mapping[str, str]) -> engine.Executor:
    """Where tasks run: CLUSTER, or JOBS processes of this machine, by default one.

    Raises
    ------
    InputError
        Both are given, or JOBS is not a count.
    """
    if values.get("CLUSTER"):
        if "JOBS" in values:
            raise InputError(
                f"JOBS={values['JOBS']}: does not apply with CLUSTER, whose workers determine it"
            )
        return engine.Cluster(values["CLUSTER"], lambda line: print(line, file=sys.stderr, flush=True))
    return engine.Local(parse.integer("JOBS", values.get("JOBS", "1"), 1, 1024))


def commit() -> str:
    """The commit of the checkout, with ``-dirty`` if files differ from it; empty where git is missing."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=10", "--exclude=*"]
    try:
        done = subprocess.run(command, cwd=paths.ROOT, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip()


def main(values: Mapping[str, str], words: Sequence[str]) -> int:
    """Run a campaign.

    Parameters
    ----------
    values : mapping of str to str
        JOBS, CLUSTER, STORE, SEED and those of `TAKES`.
    words : sequence of str
        The kind, one of `KINDS`.

    Returns
    -------
    int
        0 if all tasks have a verdict and none is a failure, else 1.

    Raises
    ------
    InputError
        A value is invalid.
    """
    if list(words) not in [[kind] for kind in KINDS]:
        given = f"{short(' '.join(words))}:" if words else "no kind given,"
        raise InputError(f"{given} expected {', '.join(KINDS[:-1])} or {KINDS[-1]}")
    for name, kinds in TAKES.items():
        if name in values and words[0] not in kinds:
            *others, last = kinds
            applies = f"{', '.join(others)} and {last}" if others else last
            raise InputError(f"{name}={values[name]}: applies to {applies}, not to {words[0]}")
    if words[0] == "evidence":
        files = evidence.files(Path(values["STORE"]).absolute() if "STORE" in values else None)
        atomic.write_files({path: text.encode() for path, text in files.items()})
        for path in files:
            print(f"{environment.shown(path)}: written")
        return 0
    seed = parse.integer("SEED", values.get("SEED", "1"), 0, 999_999_999)
    if words[0] == "speedup" and not values.get("CLUSTER"):
        values = {"JOBS": str(os.cpu_count() or 1), **values}
    run = executor(values)
    kept = store(values)
    common = {"seed": seed, "commit": commit()}
    folder = environment.build_dir() / "campaign"
    if words[0] == "suite":
        return suite.main(values, seed, kept, run, common, folder)
    if words[0] == "synth":
        return synthesis.main(values, kept, run, common, folder)
    if words[0] == "python":
        return python_mutants.main(values, seed, kept, run, common, folder)
    if words[0] == "networks":
        return networks.main(values, seed, kept, run, common, folder)
    names_ = mutants.selected(values.get("MODULES", ""))
    if words[0] == "speedup":
        return speedup.main(values, names_, seed, run, common, folder)
    if words[0] == "coverage":
        return coverage.main(names_, seed, kept, run, common, folder)
    total = parse.integer("SAMPLE", values.get("SAMPLE", str(mutants.SAMPLE)), 1, 100_000)
    with kept:
        tasks = mutants.sample(total, seed, names_)
        found, unmutated = mutants.run(tasks, seed, kept, run, common)
    print("\n".join(mutants.report(tasks, found, folder)))
    wrong = [record["task"] for record in unmutated.records.values() if record["verdict"] != "passed"]
    for name in wrong:
        print(f"campaign: {name} fails without a mutant: its kills do not count", file=sys.stderr)
    return summary.errors([found, unmutated]) or (1 if wrong or _failed(found) else 0)


def _failed(found: engine.Results) -> bool:
    """Whether a mutant is alive, explained or not."""
    good = ("killed", "equivalent", "stillborn")
    return any(record["verdict"] not in good for record in found.records.values())
