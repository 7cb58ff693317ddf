# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""``macrame campaign suite``: the cases of the catalogue with many seeds, the nightly ones included."""

import os
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from macrame.campaign import benches, engine, summary
from macrame.campaign.store import Record, Store
from macrame.campaign.task import Task
from macrame.errors import InputError, short
from macrame.files import parse
from macrame.sim import simulate
from tb.lib import catalogue

SECONDS = 4 * 3600
VERDICTS = ("passed", "failed")


def case(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Run a case with a seed: the function of each task.

    Parameters
    ----------
    arguments : mapping
        ``case`` and ``seed``.

    Returns
    -------
    dict
        The verdict ``passed`` or ``failed``, and the message of a failure.
    """
    os.environ["SIM"] = "icarus"
    name, seed = arguments["case"], arguments["seed"]
    replay = f"make test TESTS={name} SEED={seed}"
    try:
        catalogue.run(name, seed=seed, waves=False, replay=replay)
    except simulate.Failed as failed:
        return {"verdict": "failed", "kind": failed.kind, "text": str(failed)[:4000]}
    return {"verdict": "passed"}


def tasks(tests: str, first: int, seeds: int) -> list[Task]:
    """A task for each case and seed.

    Parameters
    ----------
    tests : str
        Names of benches or cases, or patterns of them; empty for all.
    first, seeds : int
        The first seed, and how many.

    Returns
    -------
    list of Task

    Raises
    ------
    InputError
        A name fits no case.
    """
    listed = [c for c in catalogue.CASES.values() if c.bench not in benches.PREPARED]
    chosen: dict[str, catalogue.Case] = {}
    for word in tests.split() or ["*"]:
        fitting = [c for c in listed if fnmatchcase(c.name, word) or fnmatchcase(c.bench, word)]
        if not fitting:
            raise InputError(
                f"TESTS={short(word)}: no such case, expected benches or cases of tb/lib/catalogue.py"
            )
        chosen |= {c.name: c for c in fitting}
    return [
        Task(
            f"{c.name}, seed {seed}",
            c.bench,
            "macrame.campaign.suite:case",
            {"case": c.name, "seed": seed, "definition": benches.definition(c)},
            benches.dependencies(c),
            benches.TOOLS,
            SECONDS,
        )
        for c in chosen.values()
        for seed in range(first, first + seeds)
    ]


def main(
    values: Mapping[str, str],
    seed: int,
    store: Store,
    executor: engine.Executor,
    common: Record,
    folder: Path,
) -> int:
    """Run the campaign, and print its table; returns the exit code."""
    seeds = parse.integer("SEEDS", values.get("SEEDS", "1"), 1, 10**6)
    listed = tasks(values.get("TESTS", ""), seed, seeds)
    with store:
        found = engine.run("suite", listed, store, executor, common=common)
    print("\n".join(summary.table(listed, found, VERDICTS, "bench")))
    texts = {name: record.get("text", "") for name, record in found.records.items()}
    summary.write(folder, summary.View("suite", VERDICTS, "bench", ("passed",)), listed, found, texts)
    failed = summary.failed(found, texts)
    good = len(found.records) - len(failed)
    print(f"suite: {good:,} of {len(listed):,} passed, {found.ran:,} of them run now")
    return 1 if failed or found.errors else 0
