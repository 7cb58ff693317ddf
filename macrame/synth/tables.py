# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Results as tables."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from macrame.report.blocks import Block, Cell, Column, Heading, Table, phrase, text
from macrame.synth.settings import RESULTS, Job
from macrame.synth.targets import TARGETS

Result: TypeAlias = Mapping[str, Any]
"""What `macrame.synth.measure.measure` returns: text, counts and rates by name."""

COLUMNS = (
    Column("unit"),
    *(Column(name, ",") for name in ("LUT", "FF", "carry", "DSP", "BRAM")),
    Column("placer"),
    Column("seeds"),
    *(Column(name, ".1f") for name in ("Fmax, MHz", "min", "max")),
    Column("MACs per cycle"),
    *(Column(name, ".2f") for name in ("GMAC/s", "MMAC/s per LUT", "ratio to textbook")),
)
HEAD = tuple(column.header for column in COLUMNS)


def row(result: Result, textbook: Result | None) -> tuple[Cell, ...]:
    """Cells of a result's row; the last is its GMAC/s per LUT, relative to the textbook array."""
    area = (*(result[name] for name in ("lut", "ff", "carry", "dsp", "bram")), result["placer"])
    ratio: Cell = ""
    if "failed" in result:
        macs: Cell = "" if result["unit"] in RESULTS else result["macs"]
        return (result["label"], *area, "does not fit", "", "", "", macs, "", "", "")
    if not result["fmax"]:
        per_lut = result["lut"] / result["macs"]
        if textbook is not None and "lut" in textbook and result["unit"] not in RESULTS:
            ratio = phrase("{:.2f} LUT", per_lut / (textbook["lut"] / textbook["macs"]))
        return (result["label"], *area, "", "", "", "", result["macs"], "", "", ratio)
    rate = result["fmax"]
    speed = (len(rate["seeds"]), *(rate[name] for name in ("median", "min", "max")))
    if result["unit"] in RESULTS:  # not MACs
        return (result["label"], *area, *speed, "", "", "", "")
    if textbook and textbook.get("gmacs_per_lut"):
        ratio = result["gmacs_per_lut"] / textbook["gmacs_per_lut"]
    return (
        result["label"],
        *area,
        *speed,
        result["macs"],
        result["gmacs"],
        1000 * result["gmacs_per_lut"],
        ratio,
    )


def blocks(target: str, results: Sequence[Result]) -> Iterator[Block]:
    """The table of a target, and the note below it.

    Parameters
    ----------
    target : str
        One of TARGETS.
    results : sequence of Result

    Yields
    ------
    macrame.report.blocks.Block
    """
    textbooks = {r["placer"]: r for r in results if r["unit"] == "textbook"}
    yield Heading(f"{TARGETS[target].title}:")
    yield Table(COLUMNS, tuple(row(result, textbooks.get(result["placer"])) for result in results))
    why = TARGETS[target].untimed
    if why:
        yield text("No Fmax: {}. The last column compares LUTs per MAC.", why)


def jobs(target: str, seeds: int) -> list[Job]:
    """The rows of `make synth-table` for a target; each placer's units are followed by its textbook array.

    Arrays are placed by simulated annealing. Annealing is worse for a requantiser, takes many minutes for a
    core on ECP5, and fails on UP5K for designs that fill two thirds of it. HeAP places these, and a textbook
    array to compare them with. The static placer is better for the engine, for the 8x8x1 core, and for cores
    on UP5K. 16x16 is placed with one seed.
    """

    def job(
        unit: str, rows: int = Job.rows, cols: int = Job.cols, depth: int = Job.depth, **more: Any
    ) -> Job:
        return Job(target, unit, rows, cols, depth, seeds=seeds, **more)

    if TARGETS[target].untimed:
        seeds = 1  # only to check that it fits
    if target == "ice40":
        return [
            job("array", 1, 2, 8, placer="sa"),
            job("array", 2, 2, 4, placer="sa"),
            textbook(target, "sa", seeds),
            job("core", 1, 2, 8, placer="static"),
            job("core", 2, 2, 4, placer="static"),
            textbook(target, "static", seeds),
            job("array", 4, 4, 1),
            job("core", 4, 4, 1),
            job("core", 8, 8, 1),
            job("elementwise"),
            textbook(target, "heap", seeds),
        ]
    if target != "ecp5":
        return [
            *(job(unit, side, side, 1) for unit in ("array", "core") for side in (4, 8)),
            job("core", 4, 4, 4),
            job("requantize"),
            textbook(target, "", seeds),
        ]
    best, square = (2, 4, 8), (8, 8, 1)
    return [
        *(job("array", *shape, placer="sa") for shape in (best, square, (4, 4, 8), (4, 4, 4), (4, 4, 1))),
        *(job("array", *shape, placer="sa", multiplier="plain") for shape in (best, square)),
        textbook(target, "sa", seeds),
        job("engine", 1, 8, 8, placer="static"),
        job("core", *square, placer="static"),
        textbook(target, "static", seeds),
        job("requantize"),
        job("elementwise"),
        *(job("core", *shape) for shape in ((4, 4, 4), (4, 4, 1))),
        *(Job(target, unit, 16, 16, 1) for unit in ("array", "core")),
        textbook(target, "heap", seeds),
    ]


def textbook(target: str, placer: str, seeds: int) -> Job:
    """The array to compare with: 8x8 cells, or 3x3 where more multipliers built from LUTs do not fit."""
    side = TARGETS[target].textbook
    return Job(target, "textbook", side, side, placer=placer, seeds=seeds)
