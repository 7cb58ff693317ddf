# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Problem 4's plot: the number line of the int8 quantiser, and the rounding error of each number."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from macrame.homework.plots.figure import GRID, PALETTE, files, new, number, place, plain_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_NAMED = 12  # numbers with separate rows


def quantizer_figure(x: NDArray[np.float32], q: NDArray[np.int8], scale: float) -> dict[str, bytes]:
    """Numbers on the line of all 255 multiples of the scale, and their rounding errors.

    Parameters
    ----------
    x : numpy.ndarray of float32
        The numbers, of any shape.
    q : numpy.ndarray of int8
        Their integers, with zero point 0.
    scale : float

    Returns
    -------
    dict of str to bytes
        The files' contents, by extension: "png" and "svg".
    """
    return files(lambda: _quantizer(np.ravel(x).astype(float), np.ravel(q).astype(int), float(scale)))


def _quantizer(x: NDArray[np.float64], q: NDArray[np.int_], scale: float) -> "Figure":
    few = len(x) <= MOST_NAMED
    height = 0.24 * len(x) + 0.2 if few else 2.4
    figure = new("Problem 4: int8 quantisation with zero point 0", height + 2.9, by_hand=True)
    _line(place(figure, 0.95, 0.85, 0.25, height + 1.45), x, scale)
    _errors(place(figure, 1.15 if few else 0.95, 2.25, 0.25, 0.65), x, q, scale, few)
    return figure


def _line(axes: "Axes", x: NDArray[np.float64], scale: float) -> None:
    grid = scale * np.arange(-127, 128)
    axes.vlines(grid, 0, 0.45, color="0.55", linewidth=0.5, label="grid")
    axes.plot(x, np.full(len(x), 0.7), "v", color="black", markersize=5, label="numbers")
    axes.set(xlim=(-131 * scale, 131 * scale), ylim=(0, 1), yticks=[], xlabel="real value")

    def to_integer(real: ArrayLike) -> NDArray[np.float64]:
        return np.asarray(real, np.float64) / scale

    def to_real(integer: ArrayLike) -> NDArray[np.float64]:
        return np.asarray(integer, np.float64) * scale

    integers = axes.secondary_xaxis("top", functions=(to_integer, to_real))
    integers.set_xticks([-127, -64, 0, 64, 127])
    integers.set_xlabel(f"int8, steps of {scale:.5g}")
    plain_ticks(axes)


def _errors(axes: "Axes", x: NDArray[np.float64], q: NDArray[np.int_], scale: float, few: bool) -> None:
    """Errors s q - x: one row per number, or over the numbers if there are many."""
    error = scale * q - x
    title = f"rounding error s q - x; at most half a step, {scale / 2:.5g}"
    if few:
        rows = np.arange(len(x))
        order = np.argsort(x, kind="stable")
        error = error[order]
        axes.hlines(rows, 0, error, color=PALETTE[4], linewidth=3)
        axes.plot(error, rows, "o", color="black", markersize=5)
        axes.set(yticks=rows, yticklabels=[f"{x[i]:.6g} \N{RIGHTWARDS ARROW} {q[i]}" for i in order])
        axes.set(xlim=(-0.62 * scale, 0.62 * scale), ylim=(-0.6, len(x) - 0.4), xlabel="error", title=title)
        for side in (-0.5, 0.5):
            axes.axvline(side * scale, color="black", linestyle="--", linewidth=1)
        axes.axvline(0, color="0.4", linewidth=0.8)
        axes.set_xticks([-scale / 2, -scale / 4, 0, scale / 4, scale / 2])
        axes.set_xticklabels([number(float(f"{tick:.3g}")) for tick in axes.get_xticks()])
        axes.grid(color=GRID, axis="x")
        return
    axes.plot(x, error, ".", color="black", markersize=3)
    axes.set(ylim=(-0.62 * scale, 0.62 * scale), xlabel="real value", ylabel="error", title=title)
    for side in (-0.5, 0.5):
        axes.axhline(side * scale, color="black", linestyle="--", linewidth=1)
    plain_ticks(axes)
    axes.grid(color=GRID)
