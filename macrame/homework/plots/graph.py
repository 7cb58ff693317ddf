# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Problem 2's plot: the computation graph, with each node's value and the error's gradient."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from macrame.homework.plots.figure import PALETTE, SMALLEST, canvas, files, new

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LINE = 0.17  # inches from a line to the next
PADDING = 0.06
GAP = 0.24  # between stacked boxes
BOX = 2.8  # inches wide
LEFTS = (0.1, 3.1)  # of the boxes of parameters, and of the others
MOST_ROWS, MOST_COLUMNS = 4, 2  # of a matrix that is shown in full
GRADIENT = PALETTE[1]


@dataclass(frozen=True)
class Node:
    """One box of the graph.

    Attributes
    ----------
    name, how : str
        Its name, and its formula ("" for inputs).
    value : numpy.ndarray
        One dimension, shown as a column, or two.
    gradient : numpy.ndarray, optional
        The error's gradient by it, of the same shape.
    marked : tuple of int, optional
        Index of a number in bold.
    """

    name: str
    how: str
    value: NDArray[np.float64]
    gradient: NDArray[np.float64] | None = None
    marked: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Step:
    """A computed node, and the parameters that enter it in addition to the previous step."""

    node: Node
    parameters: Sequence[Node] = ()


def graph_figure(title: str, steps: Sequence[Step], note: str) -> dict[str, bytes]:
    """The computation graph of a network and its error; values flow down, gradients up.

    Parameters
    ----------
    title : str
        Names the problem and the network.
    steps : sequence of Step
        From the input to the error.
    note : str
        Below the graph.

    Returns
    -------
    dict of str to bytes
        The files' contents, by extension: "png" and "svg".
    """
    return files(lambda: _graph(title, steps, note))


def _graph(title: str, steps: Sequence[Step], note: str) -> "Figure":
    # The left column must not run into that of the next step with parameters: right boxes wait for it.
    tops: list[float] = []
    right = left = 0.0  # inches from the top that each column is filled to
    for step in steps:
        top = max(right, left) if step.parameters else right
        tops.append(top)
        right = top + _height(step.node) + GAP
        if step.parameters:
            left = top + sum(_height(p) + GAP for p in step.parameters)
    height = max(right, left) + 0.35
    figure = new(title, height + 0.75, by_hand=True)
    axes = canvas(figure)
    axes.text(3, height + 0.25, "values (left in each box) flow down,", ha="right", fontsize=SMALLEST)
    axes.text(3.06, height + 0.25, "gradients of E (right) flow up", color=GRADIENT, fontsize=SMALLEST)
    axes.text(3, 0.12, note, horizontalalignment="center", fontsize=SMALLEST)
    for i, (step, top) in enumerate(zip(steps, tops)):
        y = height + 0.1 - top
        _box(axes, step.node, LEFTS[1], y)
        if i:
            x, before = LEFTS[1] + BOX / 2, height + 0.1 - tops[i - 1] - _height(steps[i - 1].node)
            _arrow(axes, (x, before), (x, y))
        middle = y - _height(step.node) / 2
        for parameter in step.parameters:
            _box(axes, parameter, LEFTS[0], y)
            _arrow(
                axes,
                (LEFTS[0] + BOX, y - min(_height(parameter), _height(step.node)) / 2),
                (LEFTS[1], middle),
            )
            y -= _height(parameter) + GAP
    return figure


def _arrow(axes: "Axes", start: tuple[float, float], end: tuple[float, float]) -> None:
    axes.annotate(
        "", end, start, arrowprops={"arrowstyle": "-|>", "shrinkA": 0, "shrinkB": 0, "color": "black"}
    )


def _height(node: Node) -> float:
    return LINE * (2 + len(_rows(node.value))) + 2 * PADDING


def _box(axes: "Axes", node: Node, left: float, top: float) -> None:
    from matplotlib.patches import Rectangle

    height, middle = _height(node), left + BOX / 2
    given = not node.how
    axes.add_patch(
        Rectangle(
            (left, top - height), BOX, height, facecolor="0.94" if given else "white", edgecolor="black"
        )
    )
    y = top - PADDING - LINE * 0.75
    axes.text(left + 0.08, y, f"{node.name} = {node.how}" if node.how else node.name, fontsize=10)
    halves = [(node.value, middle - 0.12, "black", "value" if given else node.name)]
    if node.gradient is not None:
        halves.append((node.gradient, left + BOX - 0.1, GRADIENT, f"dE/d{node.name}"))
        axes.plot([middle] * 2, [top - height + PADDING, y - LINE * 0.2], color="0.6", linewidth=0.8)
    for numbers, right, colour, heading in halves:
        axes.text(right, y - LINE, heading, horizontalalignment="right", fontsize=SMALLEST, color=colour)
        for i, row in enumerate(_rows(numbers)):
            for j, text in enumerate(reversed(row)):
                column = len(row) - 1 - j
                index = (i, column) if numbers.ndim == 2 else (i,)
                axes.text(
                    right - 0.66 * j,
                    y - LINE * (2 + i),
                    text,
                    horizontalalignment="right",
                    family="monospace",
                    weight="bold" if index == node.marked else "normal",
                    fontsize=SMALLEST,
                    color=colour,
                )


def _rows(numbers: NDArray[np.float64]) -> list[list[str]]:
    """The numbers of a column or matrix, or, if it is too large, its shape and largest magnitude."""
    table = numbers.reshape(len(numbers), -1)
    if table.shape[0] > MOST_ROWS or table.shape[1] > MOST_COLUMNS:
        return [[f"{' x '.join(map(str, numbers.shape))}, to {_short(float(np.abs(table).max()))}"]]
    return [[_short(v) for v in row] for row in table.tolist()]


def _short(value: float) -> str:
    """At most eight characters."""
    texts = [f"{value:.{digits}g}" for digits in (4, 3, 2, 1)]
    return next((text for text in texts if len(text) <= 8), texts[-1])
