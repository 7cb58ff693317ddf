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
from macrame.errors import InputError
from macrame.files import atomic
from macrame.progress import Steps
from macrame.report.blocks import Metadata, text
from macrame.report.report import Report, page_of
from macrame.report.terminal import Markdown
from macrame.synth import flow, tables, tools
from macrame.synth.settings import NAMES, Job, from_environment
from macrame.synth.targets import TARGETS

#: Seeds of `make synth-table`, unless SEEDS is given.
TABLE_SEEDS = 3
#: The variables that the tables take.
TABLE_NAMES = ("TARGET", "SEEDS", "PAGE")

T = TypeVar("T")


def synthesised(job: Job) -> tuple[flow.Netlist, dict[str, Any]]:
    """The netlist of a unit, and the part of its result that needs no placement.

    Raises
    ------
    tools.FlowError
        Yosys failed.
    """
    found = flow.synthesise(job.target, job.of_flow())
    return found, {
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


def refuse_too_large(job: Job, result: tables.Result) -> None:
    """Raise if the device has fewer cells than Yosys counted.

    Raises
    ------
    tools.TooLarge
    """
    target = TARGETS[job.target]
    for name, what, most in (("lut", "LUTs", target.luts), ("dsp", "DSP blocks", target.dsps)):
        if result[name] > most:
            raise tools.TooLarge(
                f"{job.label}: {result[name]:,} {what}, expected at most {most:,}, as in {target.title}"
            )


def with_rates(job: Job, result: tables.Result, rates: Mapping[int, float]) -> tables.Result:
    """A result with the clock rates of its placements.

    Parameters
    ----------
    job : Job
    result : dict
        Of `synthesised`.
    rates : dict of int to float
        MHz, by seed.

    Returns
    -------
    dict
        Its entry in build/synth/<target>-<unit>.json.
    """
    target = TARGETS[job.target]
    if target.untimed:
        placed = {"placed": job.seeds} if target.nextpnr else {}
        return {**result, "fmax": None, **placed, "untimed": target.untimed}
    middle = statistics.median(rates.values())
    return {
        **result,
        "fmax": {
            "median": middle,
            "min": min(rates.values()),
            "max": max(rates.values()),
            "seeds": {str(seed): rates[seed] for seed in sorted(rates)},
        },
        "gmacs": job.macs * middle / 1000,
        "gmacs_per_lut": job.macs * middle / 1000 / result["lut"],
    }


def without_placement(job: Job, result: tables.Result, why: str) -> tables.Result:
    """The entry of a unit that does not fit."""
    kept = ("label", "unit", "placer", "macs", "lut", "ff", "carry", "dsp", "bram")
    return {**{name: result[name] for name in kept}, "failed": why}


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
    found, result = synthesised(job)
    if not target.nextpnr:
        return with_rates(job, result, {})
    refuse_too_large(job, result)
    rates: dict[int, float] = {}
    seeds = range(1, job.seeds + 1)
    flow.wrapped(found)  # once, before the placements need it
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
    return with_rates(job, result, rates)


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


def table_path(target: str) -> Path:
    """The file of a target's table."""
    return flow.BUILD / f"table-{target}.json"


def show_table(target: str, seeds: int, say: Steps, report: Report) -> None:
    """Measure all units of a target's table, show and store it.

    A unit that does not fit has a row with this result.
    """
    path = table_path(target)
    path.unlink(missing_ok=True)

    def result(job: Job) -> tables.Result:
        try:
            return measure(job, say)
        except tools.TooLarge as error:
            return without_placement(job, synthesised(job)[1], str(error))

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
    if table:
        for name in NAMES:
            if environ.get(name) and name not in TABLE_NAMES:
                raise InputError(f"{name}={environ[name]}: does not apply to the tables of fixed units")
    say = Steps()
    job = from_environment(environ)
    path = flow.BUILD / f"{job.target}-{job.unit}.json"
    targets = [job.target] if environ.get("TARGET") else list(TARGETS)
    page = page_of(environ, outputs=[table_path(target) for target in targets] if table else [path])
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
            for target in targets:
                show_table(target, job.seeds if environ.get("SEEDS") else TABLE_SEEDS, say, report)
            report.save()
            return 0
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
