# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Area and Fmax of a unit, next to those of the textbook array; tables of several units."""

import json
import os
import statistics
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from importlib import metadata
from pathlib import Path
from typing import Any, TypeVar

from macrame import __version__, environment
from macrame.files import atomic
from macrame.progress import Steps
from macrame.report.blocks import Metadata, text
from macrame.report.report import Report, page_of
from macrame.report.terminal import Markdown
from macrame.synth import flow, tables, tools
from macrame.synth.settings import Job, from_environment
from macrame.synth.targets import TARGETS

#: Seeds of `make synth-table`, unless SEEDS is given.
TABLE_SEEDS = 3

T = TypeVar("T")


def measure(job: Job, say: Callable[[str], None] = lambda text: None) -> tables.Result:
    """Synthesise a unit, and place it with every seed.

    Parameters
    ----------
    job : Job
    say : callable
        Called with progress messages.

    Returns
    -------
    dict
        Its entry in build/synth/<target>-<unit>.json.

    Raises
    ------
    tools.TooLarge
        The device is too small.
    tools.FlowError
        A tool failed.
    """
    target = TARGETS[job.target]
    say(f"{job.target} {job.label}: Yosys")
    found = flow.synthesise(job.target, job.of_flow())
    result: dict[str, Any] = {
        "label": job.label,
        "unit": job.unit,
        "rows": job.rows,
        "cols": job.cols,
        "depth": job.depth,
        "formats": job.formats,
        "multiplier": job.multiplier,
        "placer": job.placer,
        "macs": job.macs,
        **found.area(),
        "cells": found.cells,
        "netlist": environment.shown(found.verilog),
    }
    if not target.nextpnr:
        return {**result, "fmax": None, "untimed": target.untimed}
    if result["lut"] > target.luts:
        raise tools.TooLarge(
            f"{job.label}: {result['lut']:,} LUTs, expected at most {target.luts:,}, as in {target.title}"
        )
    if result["dsp"] > target.dsps:
        raise tools.TooLarge(
            f"{job.label}: {result['dsp']} DSP blocks, expected at most {target.dsps}, as in {target.title}"
        )
    rates: dict[int, float] = {}
    seeds = range(1, job.seeds + 1)
    flow.framed(found)  # once, before the placements need it
    # as many threads as parallel tools, so that waiting jobs can be cancelled
    with ThreadPoolExecutor(min(job.seeds, len(os.sched_getaffinity(0)))) as pool:
        say(f"{job.target} {job.label}: nextpnr, seed 1" + (f" to {job.seeds}" if job.seeds > 1 else ""))
        futures = {pool.submit(flow.place, found, seed, job.placer): seed for seed in seeds}
        try:
            for future in as_completed(futures):
                seed, rate = futures[future], future.result()
                if target.untimed or rate is None:
                    say(f"{job.target} {job.label}: seed {seed} placed")
                else:
                    rates[seed] = rate
                    say(f"{job.target} {job.label}: seed {seed}, {rate:.1f} MHz")
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    if target.untimed:
        return {**result, "fmax": None, "placed": job.seeds, "untimed": target.untimed}
    middle = statistics.median(rates.values())
    return {
        **result,
        "fmax": {
            "median": middle,
            "min": min(rates.values()),
            "max": max(rates.values()),
            "seeds": {str(seed): rates[seed] for seed in seeds},
        },
        "gmacs": job.macs * middle / 1000,
        "gmacs_per_lut": job.macs * middle / 1000 / result["lut"],
    }


def versions(target: str) -> dict[str, str]:
    """Tools and their versions."""
    names = ["pyosys", *([TARGETS[target].nextpnr] if TARGETS[target].nextpnr else [])]
    return {name: metadata.version(name) for name in names}


def write(path: Path, results: object) -> None:
    """Write JSON atomically."""
    atomic.write(path, json.dumps(results, indent=1) + "\n")


def run(job: Job, say: Callable[[str], None]) -> list[tables.Result]:
    """Measure a unit and the textbook array in parallel.

    Returns
    -------
    list of dict
        The unit's result and the textbook's.
    """
    jobs = [job] if job.unit == "textbook" else [job, tables.textbook(job.target, job.placer, job.seeds)]
    with tools.threads(len(jobs)) as pool:
        return finished([pool.submit(measure, job, say) for job in jobs])


def finished(futures: Sequence[Future[T]]) -> list[T]:
    """Results of futures in their order; the first failure raises immediately."""
    for future in as_completed(futures):
        future.result()
    return [future.result() for future in futures]


def show_table(target: str, seeds: int, say: Steps, report: Report) -> None:
    """Measure all units of a target's table, show and store it.

    A unit that does not fit has a row with this result.
    """
    path = flow.BUILD / f"table-{target}.json"
    path.unlink(missing_ok=True)

    def result(job: Job) -> tables.Result:
        try:
            return measure(job, say)
        except tools.TooLarge as error:
            area = flow.synthesise(job.target, job.of_flow()).area()
            return {
                "label": job.label,
                "unit": job.unit,
                "placer": job.placer,
                "macs": job.macs,
                **area,
                "failed": str(error),
            }

    with tools.threads(len(os.sched_getaffinity(0)) + 1) as pool:  # one more, so that no processor is idle
        results = finished([pool.submit(result, job) for job in tables.jobs(target, seeds)])
    say(f"{target}: done", last=True)
    report.write_all(tables.blocks(target, results))
    write(
        path,
        {
            "target": target,
            "device": TARGETS[target].title,
            "tools": versions(target),
            "results": results,
        },
    )


def main(environ: Mapping[str, str], table: bool = False) -> int:
    """Measure the selected unit, show and store the result.

    Parameters
    ----------
    environ : mapping of str to str
        See `settings.NAMES`.
    table : bool
        Show the tables of several units instead.

    Returns
    -------
    int
        0.

    Raises
    ------
    InputError
        A variable is wrong.
    tools.FlowError
        A tool failed, or the unit does not fit.
    """
    say = Steps()
    job, page = from_environment(environ), page_of(environ)
    environment.writable(environment.build_dir())
    try:
        versions(job.target)
    except metadata.PackageNotFoundError as error:
        raise tools.FlowError(
            f"{error.name} is not installed: {environment.install('synth', 'synth')}"
        ) from None
    report = Report(Markdown(), "Area and clock rate", page)
    report.write(Metadata({"macrame": __version__, **versions(job.target)}))
    try:
        if table:
            for target in [job.target] if environ.get("TARGET") else TARGETS:
                show_table(target, job.seeds if environ.get("SEEDS") else TABLE_SEEDS, say, report)
            report.save()
            return 0
        path = flow.BUILD / f"{job.target}-{job.unit}.json"
        path.unlink(missing_ok=True)
        results = run(job, say)
        say(f"{job.target} {job.label}: done", last=True)
    except BaseException:
        say.end()
        raise
    report.write_all(tables.blocks(job.target, results))
    used = versions(job.target)
    write(
        path,
        {"target": job.target, "device": TARGETS[job.target].title, "tools": used, "results": results},
    )
    report.write(
        text(
            "{}\n{}; netlist: {}",
            ", ".join(f"{name} {version}" for name, version in used.items()),
            environment.shown(path),
            results[0]["netlist"],
        )
    )
    report.save()
    return 0
