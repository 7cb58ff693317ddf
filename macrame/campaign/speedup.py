# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""``macrame campaign speedup``: the same mutants one at a time and several at a time; verdicts and times.

Both runs start without stored verdicts. What they found is compared task by task, apart from the times.
"""

import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from macrame.campaign import engine, judge, mutants, summary
from macrame.campaign.store import Record, Store
from macrame.errors import amount, differ
from macrame.files import parse

#: Mutants, by default.
SAMPLE = 24
#: What differs between two runs of a task.
TIMES = ("date", "seconds", "cpu", "host")


def different(one: Store, other: Store) -> list[str]:
    """Names of tasks that only one store has, or whose records differ in more than times.

    Parameters
    ----------
    one, other : Store

    Returns
    -------
    list of str
    """
    found = []
    first, second = ({str(record["task"]): _kept(record) for record in store} for store in (one, other))
    for name in sorted({*first, *second}):
        if first.get(name) != second.get(name):
            found.append(name)
    return found


def _kept(record: Record) -> Record:
    return {name: value for name, value in record.items() if name not in TIMES}


def main(
    values: Mapping[str, str],
    modules: Sequence[str] | None,
    seed: int,
    executor: engine.Executor,
    common: Record,
    folder: Path,
) -> int:
    """Run both, and print what differs; returns the exit code."""
    total = parse.integer("SAMPLE", values.get("SAMPLE", str(SAMPLE)), 1, 100_000)
    tasks = mutants.sample(total, seed, modules)
    many = f"{executor.jobs} jobs" if isinstance(executor, engine.Local) else "the cluster"
    stores: list[Store] = []
    seconds: list[float] = []
    results: list[engine.Results] = []
    for name, run in (("one", engine.Local(1)), ("many", executor)):
        path = folder / f"speedup-{name}.jsonl"
        path.unlink(missing_ok=True)
        store, began = Store(path), time.monotonic()
        with store:
            results += mutants.run(tasks, seed, store, run, common)
        seconds.append(time.monotonic() - began)
        stores.append(store)
    print("\n".join(summary.table(tasks, results[2], judge.VERDICTS, "module")))
    wrong = different(*stores)
    for name in wrong:
        print(f"campaign: {name}: another verdict with {many}", file=sys.stderr)
    print(
        f"speedup: {amount(len(stores[0].records), 'verdict')} of {amount(len(tasks), 'mutant')} and the "
        f"cases without one, {len(wrong):,} {differ(len(wrong))}; {seconds[0]:.0f} s with one job, "
        f"{seconds[1]:.0f} s with {many}: "
        f"{seconds[0] / seconds[1]:.2f} times as fast"
    )
    return summary.errors(results) or (1 if wrong else 0)
