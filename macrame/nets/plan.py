# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Which core to build for a network: cycles and utilisation on cores of several shapes, without simulation.

The cycles are exact for a core that is fed without pauses: those of `macrame.golden.cycles`. Times are given
for cores that were placed, at the clock rate they reached, and for the boards whose device they fit.
"""

from collections.abc import Iterable, Iterator

from macrame import cores
from macrame.contract import CoreConfig
from macrame.nets import lower
from macrame.nets.graph import Graph

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


def milliseconds(cycles: int, mhz: float) -> str:
    """The time of so many cycles, to three significant digits."""
    return f"{cycles / mhz / 1000:.3g} ms"


def row(graph: Graph, config: CoreConfig, cycles: int, macs: int) -> str:
    """A core as a line of the table.

    Parameters
    ----------
    graph : Graph
    config : CoreConfig
    cycles, macs : int
        Of one inference.

    Returns
    -------
    str
    """
    used = macs / (cycles * config.macs) if cycles else 0.0
    text = f"  {config!s:<9} {config.post_lanes:>12} {cycles:>10,} {used:>7.1%}  "
    told = []
    for core in cores.figures(config):
        assert core.mhz is not None
        told.append(f"{core.device}: {core.mhz.median} MHz, {milliseconds(cycles, core.mhz.median)}")
        told += [
            f"{board.title} at {board.clock / 1e6:g} MHz, {milliseconds(cycles, board.clock / 1e6)}"
            for board in core.boards
        ]
    return text + ("; ".join(told) or "no figure")


def table(graph: Graph, multipliers: Iterable[int] = MULTIPLIERS) -> list[str]:
    """The best shapes for each number of multipliers, then the cores that were placed.

    Parameters
    ----------
    graph : Graph
    multipliers : iterable of int

    Returns
    -------
    list of str
        Lines.
    """
    lines = [
        f"{graph.name}: products of one inference",
        f"  {'array':<9} {'requantisers':>12} {'cycles':>10} {'used':>7}  clock and time per inference",
    ]
    for count in multipliers:
        ranked = sorted((total(graph, config)[::-1], str(config), config) for config in shapes(count))
        lines += [row(graph, config, *found) for found, _, config in ranked[:BEST]]
    lines.append("  cores that were placed, see docs/fpga.md:")
    for core in cores.placed():
        if core.mhz is not None:
            macs, cycles = total(graph, core.config)
            lines.append(row(graph, core.config, cycles, macs))
    return lines
