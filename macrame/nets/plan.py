# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Which core to build for a network: cycles and utilisation on cores of several shapes, without simulation.

The cycles are exact for a core that is fed without pauses: those of `macrame.golden.cycles`. Times are given
for cores that were placed, at the clock rate they reached, and for the boards whose device they fit.
"""

import functools
from collections.abc import Iterable, Iterator

from macrame import cores
from macrame.contract import CoreConfig
from macrame.nets import lower
from macrame.nets.graph import Graph
from macrame.report.blocks import Block, Cell, Column, Heading, Phrase, Table, phrase, text

#: Numbers of multipliers in the table.
MULTIPLIERS = (64, 128, 256)
#: Rows of the table for each of them.
BEST = 4


def shapes(multipliers: int) -> Iterator[CoreConfig]:
    """Cores with that many multipliers and a requantiser for each column.

    Parameters
    ----------
    multipliers : int

    Yields
    ------
    CoreConfig
    """
    for depth in (1, 2, 4, 8):
        for rows in (1, 2, 4, 8, 16, 32):
            cols, rest = divmod(multipliers, rows * depth)
            if not rest and 1 <= cols <= 32:
                yield CoreConfig(rows, cols, depth, post_lanes=cols)


def total(graph: Graph, config: CoreConfig) -> tuple[int, int]:
    """Multiply-accumulates and cycles of one inference.

    Parameters
    ----------
    graph : Graph
    config : CoreConfig

    Returns
    -------
    macs, cycles : int
    """
    parts = [part for op in graph.ops if (part := lower.lower(graph, op, config))]
    return sum(part.macs for part in parts), sum(part.cycles for part in parts)


COLUMNS = (
    Column("array", width=9, left=True),
    Column("requantisers", width=12),
    Column("cycles", ",", 10),
    Column("used", ".1%", 7),
    Column("clock and time per inference", width=0, left=True, gap=2),
)


def clocks(config: CoreConfig, cycles: int) -> Phrase:
    """Clock rates of a core on the devices where it was placed and on their boards, with times.

    Parameters
    ----------
    config : CoreConfig
    cycles : int
        Of one inference.

    Returns
    -------
    macrame.report.blocks.Phrase
    """
    found = []
    for core in cores.figures(config):
        assert core.mhz is not None
        mhz = core.mhz.median
        found.append(phrase("{}: {} MHz, {:.3g} ms", core.device, mhz, cycles / mhz / 1000))
        for board in core.boards:
            mhz = board.clock / 1e6
            found.append(phrase("{} at {:g} MHz, {:.3g} ms", board.title, mhz, cycles / mhz / 1000))
    return functools.reduce(lambda one, other: one + "; " + other, found) if found else phrase("no figure")


def row(config: CoreConfig, cycles: int, macs: int) -> tuple[Cell, ...]:
    """A core as a row of the table.

    Parameters
    ----------
    config : CoreConfig
    cycles, macs : int
        Of one inference.

    Returns
    -------
    tuple of macrame.report.blocks.Cell
    """
    used = macs / (cycles * config.macs) if cycles else 0.0
    return str(config), config.post_lanes, cycles, used, clocks(config, cycles)


def blocks(graph: Graph, multipliers: Iterable[int] = MULTIPLIERS) -> Iterator[Block]:
    """The best shapes for each number of multipliers, then the cores that were placed.

    Parameters
    ----------
    graph : Graph
    multipliers : iterable of int

    Yields
    ------
    macrame.report.blocks.Block
    """
    yield Heading(f"{graph.name}: products of one inference")
    yield Table(COLUMNS, ())
    for count in multipliers:
        ranked = sorted((total(graph, config)[::-1], str(config), config) for config in shapes(count))
        rows = tuple(row(config, *found) for found, _, config in ranked[:BEST])
        yield Table(COLUMNS, rows, continued=True)
    yield text("cores that were placed, see docs/fpga.md:")
    rows = ()
    for core in cores.placed():
        if core.mhz is not None:
            macs, cycles = total(graph, core.config)
            rows += (row(core.config, cycles, macs),)
    yield Table(COLUMNS, rows, continued=True)
