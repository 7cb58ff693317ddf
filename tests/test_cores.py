# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The table of placed cores agrees with docs/fpga.md, with `make synth-table` and with the boards."""

import re

import pytest

from macrame import cores, paths
from macrame.board import BOARDS
from macrame.contract import CoreConfig
from macrame.synth import tables
from macrame.synth.settings import Job
from macrame.synth.targets import TARGETS

CELLS = tables.HEAD.index("GMAC/s")
DOCUMENT = paths.ROOT / "docs" / "fpga.md"


def job_of(core):
    """The `make synth` of a core."""
    c = core.config
    return Job(core.target, "core", c.rows, c.cols, c.depth, placer=core.placer, seeds=core.seeds)


def row_of(core):
    """The cells of docs/fpga.md up to the clock rates; what follows is calculated from them."""
    job = job_of(core)
    result = {"label": job.label, "unit": "core", "macs": job.macs, "placer": core.placer}
    result |= {name: getattr(core, name) for name in ("lut", "ff", "carry", "dsp", "bram")}
    if core.mhz is None:
        return written(tables.row({**result, "failed": ""}, None))
    rate = core.mhz
    result["fmax"] = {"seeds": range(core.seeds), "median": rate.median, "min": rate.min, "max": rate.max}
    return written(tables.row({**result, "gmacs": 0.0, "gmacs_per_lut": 0.0}, None))


def written(row):
    """The cells as text, up to the clock rates."""
    return [column.written(cell) for column, cell in zip(tables.COLUMNS, row)][:CELLS]


def rows(target):
    """The rows of cores in the table of a target."""
    text = DOCUMENT.read_text().split(f"\n{TARGETS[target].title}:\n")[1]
    table = re.split(r"\n\n(?!\|)", text)[0].splitlines()
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in table if line.startswith("| core ")]


@pytest.mark.parametrize("target", cores.DEVICES)
def test_the_document_has_the_same_figures(target):
    found = [row_of(core) for core in cores.placed() if core.target == target]
    assert len(found) >= 4
    assert found == [row[:CELLS] for row in rows(target)]


def test_they_are_cores_that_synth_builds():
    """With the requantisers, the memories and the rows in LUTs of these."""
    for core in cores.placed():
        job = job_of(core)
        assert job.core == core.config
        assert job.lut_rows == core.lut_rows
        assert TARGETS[core.target].title.startswith(core.device)


def test_boards():
    """The own core of each board without an engine fits it."""
    assert {board.device for board in BOARDS.values()} <= set(cores.DEVICES.values())
    for board in (board for board in BOARDS.values() if board.engine is None):
        own = [core for core in cores.figures(board.core) if core.device == board.device]
        assert [core.boards for core in own] == [[board]]


def test_figures():
    (core,) = cores.figures(CoreConfig(8, 8, 1, k_max=64))
    assert core.mhz == cores.Rates(130.1, 128.0, 131.1)
    assert cores.figures(CoreConfig(8, 8, 1, post_lanes=8)) == []
    assert cores.figures(CoreConfig(8, 8, 1, post_lanes=1, post_cycles=33)) == []  # does not fit
