# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""``macrame campaign synth``: the placements of `make synth-table`, one task for each unit and seed.

A placement depends on the unit's Verilog without its comments, and on Yosys' passes, nextpnr's options and
their versions. Its key is a digest of these, so a placement is repeated only where its netlist may differ.
"""

import dataclasses
import io
import os
from collections.abc import Iterable, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from macrame import environment, paths
from macrame.campaign import engine, summary
from macrame.campaign.store import Record, Store
from macrame.campaign.task import Task
from macrame.contract import CoreConfig
from macrame.cores import DEVICES
from macrame.errors import InputError, SetupError
from macrame.files import parse
from macrame.report.blocks import Table
from macrame.report.terminal import Markdown
from macrame.synth import flow, measure, tables, tools
from macrame.synth.settings import Job
from macrame.synth.targets import TARGETS

SECONDS = 4 * 3600
#: Not placed; placed and routed; the device has too few cells.
VERDICTS = ("synthesised", "placed", "too large")
AREA = ("lut", "ff", "carry", "dsp", "bram")


def placement(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Synthesise a unit, and place it with one seed: the function of each task.

    Parameters
    ----------
    arguments : mapping
        ``job``, the attributes of a `Job` with one seed; ``seed``, or 0 to place nothing; ``recipe``, the
        digest of the unit's sources and passes.

    Returns
    -------
    dict
        The verdict, the counts of `AREA`, and the clock rate ``mhz`` where nextpnr knows it.

    Raises
    ------
    SetupError
        The sources here are not the client's.
    """
    flow.BUILD = Path(os.environ["MACRAME_SHARED_BUILD"]) / "synth"  # its netlists serve all seeds of a unit
    job, seed = Job(**arguments["job"]), arguments["seed"]
    if flow.recipe(job.target, job.of_flow()).key != arguments["recipe"]:
        raise SetupError(f"the sources of {job.label} differ from the client's")
    found, result = measure.synthesised(job)
    kept = {"job": arguments["job"], "place_seed": seed, **{name: result[name] for name in AREA}}
    if not seed:
        return {"verdict": "synthesised", **kept}
    try:
        measure.refuse_too_large(job, result)
        rate = flow.place(found, seed, job.placer)
    except tools.TooLarge as error:
        return {"verdict": "too large", **kept, "why": str(error)}
    return {"verdict": "placed", **kept, **({} if rate is None else {"mhz": rate})}


def seeds_of(job: Job) -> range:
    """The seeds of a row; 0 alone where nothing is placed."""
    return range(1, job.seeds + 1) if TARGETS[job.target].nextpnr else range(1)


def as_arguments(job: Job) -> dict[str, Any]:
    """A row as JSON; its number of seeds is not a part of any of its tasks."""
    return dataclasses.asdict(dataclasses.replace(job, seeds=1))


def tasks(jobs: Iterable[Job]) -> list[Task]:
    """A task for each row and seed.

    Parameters
    ----------
    jobs : iterable of Job

    Returns
    -------
    list of Task
    """
    return [
        Task(
            ", ".join(
                [
                    f"{job.target} {job.label}",
                    *([job.placer] if job.placer else []),
                    *([f"seed {seed}"] if seed else []),
                ]
            ),
            job.target,
            "macrame.campaign.synthesis:placement",
            {
                "job": as_arguments(job),
                "seed": seed,
                "recipe": flow.recipe(job.target, job.of_flow()).key,
                "options": [*TARGETS[job.target].options, *map(str, TARGETS[job.target].pins)],
            },
            ("macrame/synth/harness.py",),
            tuple(measure.versions(job.target)),
            SECONDS,
        )
        for job in jobs
        for seed in seeds_of(job)
    ]


def result(job: Job, records: Sequence[Record]) -> tables.Result | None:
    """A row, made of the records of its placements; None if one is missing.

    Parameters
    ----------
    job : Job
    records : sequence of dict
        Of a store, in its order: of two records of a seed, the later one counts.

    Returns
    -------
    dict or None
        As `macrame.synth.measure.measure` returns it.
    """
    mine = {r["place_seed"]: r for r in records if r.get("job") == as_arguments(job)}
    if any(seed not in mine for seed in seeds_of(job)):
        return None
    of_seeds = [mine[seed] for seed in seeds_of(job)]
    newest = of_seeds[-1]
    if any(record[name] != newest[name] for record in of_seeds for name in AREA):
        return None  # the seeds are of two netlists
    shown = {
        "label": job.label,
        "unit": job.unit,
        "placer": job.placer,
        "macs": job.macs,
        **{name: newest[name] for name in AREA},
    }
    for record in of_seeds:
        if record["verdict"] == "too large":
            return measure.without_placement(job, shown, record["why"])
    return measure.with_rates(job, shown, {r["place_seed"]: r["mhz"] for r in of_seeds if "mhz" in r})


def results(target: str, seeds: int, records: Sequence[Record]) -> list[tables.Result]:
    """The rows of a target's table that have all their records.

    Parameters
    ----------
    target : str
        One of TARGETS.
    seeds : int
        Number of placements in a row.
    records : sequence of dict

    Returns
    -------
    list of dict
    """
    rows = (result(job, records) for job in tables.jobs(target, seeds))
    return [row for row in rows if row is not None]


# --- the figures of the documents ---------------------------------------------------------------------------

#: Both have the figures of placed units: one for readers, one for `macrame.cores`.
DOCUMENT = paths.ROOT / "docs" / "fpga.md"
CORES = paths.PACKAGE / "synth" / "cores.toml"


def complete(records: Sequence[Record]) -> dict[str, list[tables.Result]]:
    """The tables of which all placements are recorded, by target."""
    found = {target: results(target, measure.TABLE_SEEDS, records) for target in TARGETS}
    return {
        target: rows
        for target, rows in found.items()
        if len(rows) == len(tables.jobs(target, measure.TABLE_SEEDS))
    }


def written(target: str, rows: Sequence[tables.Result]) -> list[str]:
    """A table as lines of Markdown, without its title."""
    out = io.StringIO()
    writer = Markdown(out)
    for block in tables.blocks(target, rows):
        if isinstance(block, Table):
            writer.write(block)
    return out.getvalue().strip().splitlines()


def document(text: str, records: Sequence[Record]) -> str:
    """The text of docs/fpga.md with its tables as recorded; an incomplete table stays as it is.

    Parameters
    ----------
    text : str
        Of the document.
    records : sequence of dict

    Returns
    -------
    str
    """
    lines = text.splitlines()
    for target, rows in complete(records).items():
        first = lines.index(f"{TARGETS[target].title}:") + 2
        last = next(n for n in range(first, len(lines)) if not lines[n].startswith("|"))
        lines[first:last] = written(target, rows)
    return "\n".join([*lines, ""])


def cores(text: str, records: Sequence[Record]) -> str:
    """The text of cores.toml with the cores of all complete tables; those of other targets stay.

    Parameters
    ----------
    text : str
    records : sequence of dict

    Returns
    -------
    str
    """
    new = {target: rows for target, rows in complete(records).items() if target in DEVICES}
    head, *entries = text.rstrip("\n").split("\n\n[[core]]\n")
    listed = {
        target: [entry for entry in entries if entry.startswith(f'target = "{target}"')] for target in DEVICES
    }
    for target, rows in new.items():
        pairs = zip(tables.jobs(target, measure.TABLE_SEEDS), rows, strict=True)
        listed[target] = [_core(job, row) for job, row in pairs if job.unit == "core"]
    return "\n\n[[core]]\n".join([head, *(entry for entries in listed.values() for entry in entries)]) + "\n"


def _core(job: Job, row: tables.Result) -> str:
    core = job.core
    array = f"{core.rows}, {core.cols}, {core.depth}"
    lines = [f'target = "{job.target}"', f"array = [{array}]", f"requantisers = {core.post_lanes}"]
    usual = CoreConfig(core.rows, core.cols, core.depth)
    lines += [
        f"{n} = {getattr(core, n)}" for n in ("post_cycles", "k_max") if getattr(core, n) != getattr(usual, n)
    ]
    lines += [f"lut_rows = {job.lut_rows}"] if job.lut_rows else []
    lines += [f"{name} = {row[name]}" for name in AREA]
    lines += [f'placer = "{job.placer}"']
    if "failed" not in row:
        rate = {name: f"{row['fmax'][name]:.1f}" for name in ("median", "min", "max")}
        lines += [f"seeds = {job.seeds}", f"mhz = {{ {', '.join(f'{n} = {v}' for n, v in rate.items())} }}"]
    return "\n".join(lines)


# --- the command --------------------------------------------------------------------------------------------


def main(
    values: Mapping[str, str], store: Store, executor: engine.Executor, common: Record, folder: Path
) -> int:
    """Run the campaign, and print its tables; returns the exit code."""
    seeds = parse.integer("SEEDS", values.get("SEEDS", str(measure.TABLE_SEEDS)), 1, 99)
    if values.get("TARGET", "ecp5") not in TARGETS:
        raise InputError(f"TARGET={values['TARGET']}: expected one of {', '.join(TARGETS)}")
    targets = [values["TARGET"]] if values.get("TARGET") else list(TARGETS)
    jobs = [job for target in targets for job in tables.jobs(target, seeds)]
    try:
        listed = tasks(jobs)
    except metadata.PackageNotFoundError as error:
        raise SetupError(f"{error.name} is not installed: {environment.install('synth', 'synth')}") from None
    with store:
        found = engine.run("synth", listed, store, executor, common=common)
    records = [found.records[task.name] for task in listed if task.name in found.records]
    writer = Markdown()
    for target in targets:
        for block in tables.blocks(target, results(target, seeds, records)):
            writer.write(block)
    print("\n".join(summary.table(listed, found, VERDICTS, "target")))
    summary.write(folder, summary.View("synth", VERDICTS, "target", VERDICTS), listed, found)
    print(f"synth: {len(found.records):,} of {len(listed):,} done, {found.ran:,} of them run now")
    return summary.errors([found])
