# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Which core to build for a network: cycles and utilisation on cores of several shapes, without simulation.

The cycles are exact for a core that is fed without pauses: those of `macrame.golden.cycles`.
"""

from collections.abc import Iterable, Iterator

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


def table(graph: Graph, multipliers: Iterable[int] = MULTIPLIERS) -> list[str]:
    """The best shapes for each number of multipliers.

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
        f"  {'array':<9} {'requantisers':>12} {'cycles':>10} {'used':>7}",
    ]
    for count in multipliers:
        ranked = sorted((total(graph, config)[::-1], str(config), config) for config in shapes(count))
        for (cycles, macs), name, config in ranked[:BEST]:
            lines.append(f"  {name:<9} {config.post_lanes:>12} {cycles:>10,} {macs / (cycles * count):>7.1%}")
    return lines
