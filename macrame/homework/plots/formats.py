# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Problem 7's plot: numbers between their bfloat16 neighbours, and the step sizes of both formats."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from macrame.golden.arith.bf16_to_fp32 import bf16_to_fp32
from macrame.homework.plots.figure import GRID, PALETTE, SMALLEST, files, new, number, place

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST = 9  # numbers that are drawn
ROW = 0.5  # inches
TICKS = (1e-40, 1e-20, 1.0, 1e20, 1e40)


def grids_figure(
    bits: NDArray[np.uint32], even: NDArray[np.uint16], toward_zero: NDArray[np.uint16]
) -> dict[str, bytes]:
    """The fp32 numbers between two bfloat16 numbers, and the distances between the numbers of both formats.

    Parameters
    ----------
    bits : numpy.ndarray of uint32
        Numbers as fp32. The first MOST are drawn that are not 0, finite, and between finite bfloat16 numbers.
    even, toward_zero : numpy.ndarray of uint16
        Their rounded values.

    Returns
    -------
    dict of str to bytes
        The files' contents, by ending: "png" and "svg".
    """
    return files(lambda: _grids(bits, even, toward_zero))


def drawn(bits: NDArray[np.uint32]) -> NDArray[np.intp]:
    """Which of some numbers `grids_figure` draws.

    Parameters
    ----------
    bits : numpy.ndarray of uint32

    Returns
    -------
    numpy.ndarray of int
        Their indices, ascending.
    """
    high = bits >> np.uint32(16) & np.uint32(0x7FFF)
    _, first = np.unique(bits, return_index=True)
    known = np.isin(np.arange(len(bits)), first)
    return np.flatnonzero(known & (bits << np.uint32(1) != 0) & (high + 1 < 0x7F80))[:MOST]


def _grids(bits: NDArray[np.uint32], even: NDArray[np.uint16], toward_zero: NDArray[np.uint16]) -> "Figure":
    some = drawn(bits)
    height = ROW * max(len(some), 1)
    figure = new("Problem 7: bfloat16's grid and that of fp32", height + 4.7, by_hand=True)
    _between(place(figure, 1.15, 0.85, 0.15, 3.85), bits[some], even[some], toward_zero[some])
    _steps(place(figure, 0.95, height + 1.9, 0.15, 0.5), bits[some])
    return figure


def _between(
    axes: "Axes", bits: NDArray[np.uint32], even: NDArray[np.uint16], toward_zero: NDArray[np.uint16]
) -> None:
    """One row per number: the bfloat16 below and above it in magnitude, and its position between them."""
    below = (bits >> np.uint32(16)).astype(np.uint16)
    place_of = (bits & np.uint32(0xFFFF)) / 65536
    rows = np.arange(len(bits))
    axes.hlines(rows, 0, 1, color="0.8", linewidth=6, label="65,535 fp32 numbers between two of bf16")
    for end in (0, 1):
        axes.vlines(np.full(len(rows), end), rows - 0.2, rows + 0.2, color="black", linewidth=2)
        for row, value in zip(rows, bf16_to_fp32(below + np.uint16(end))):
            axes.text(end, row - 0.25, _name(value), ha="center", va="bottom", fontsize=SMALLEST)
    axes.plot(place_of, rows, "|", color="black", markersize=12, markeredgewidth=1.5, label="the number")
    for got, marker, label, colour, size in (
        (even, "o", "to nearest even", "none", 10),
        (toward_zero, "x", "toward zero", PALETTE[3], 7),
    ):
        away = got.astype(int) - below.astype(int)
        axes.plot(
            away,
            rows,
            marker,
            label=label,
            color="black" if colour == "none" else colour,
            markerfacecolor=colour,
            markersize=size,
            markeredgewidth=1.8,
            linestyle="none",
        )
    axes.set(
        xlim=(-0.15, 1.15),
        ylim=(max(len(rows), 1) - 0.5, -0.75),
        yticks=rows,
        yticklabels=[_name(v) for v in bits.view(np.float32)],
        xticks=[0, 0.25, 0.5, 0.75, 1],
        xlabel="bfloat16 steps from the neighbour nearer to 0",
    )
    plain = axes.get_xticks()
    axes.set_xticks(plain, [f"{tick:g}" for tick in plain])
    axes.legend(loc="lower center", bbox_to_anchor=(0.4, 1), ncols=2, frameon=False)


def _name(value: np.float32) -> str:
    """A number with all its digits, or fewer if it has an exponent."""
    text = f"{value:.9g}"
    return f"{value:.4g}" if "e" in text else text


def _steps(axes: "Axes", bits: NDArray[np.uint32]) -> None:
    """The distance to the next number over the magnitude."""
    from matplotlib.ticker import NullLocator

    exponents = np.arange(-149, 128)
    for name, fraction, colour, style, marker in (
        ("bf16", 7, "black", "-", "s"),
        ("fp32", 23, PALETTE[4], "--", "o"),
    ):
        magnitude = 2.0 ** exponents[exponents >= -126 - fraction]
        axes.plot(magnitude, _step(magnitude, fraction), style, color=colour)
        values = np.abs(bits.view(np.float32).astype(np.float64))
        axes.plot(
            values, _step(values, fraction), marker, color=colour, markersize=5, label=f"step of {name}"
        )
    axes.set(
        xscale="log",
        yscale="log",
        xlabel="magnitude (numbers above: marked)",
        ylabel="distance to the next",
        title="step of each format: bf16's is 65,536 times that of fp32",
    )
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_ticks(TICKS, [number(tick) for tick in TICKS])
        axis.set_minor_locator(NullLocator())
    axes.grid(color=GRID)
    axes.legend(loc="upper left", framealpha=0.9, edgecolor="none")


def _step(magnitude: NDArray[np.floating], fraction: int) -> NDArray[np.float64]:
    """Distance from a number to the next larger one, of a format with 8 bits of exponent; subnormals too."""
    exponent = np.maximum(np.frexp(magnitude)[1] - 1, -126)
    return np.ldexp(1.0, exponent - fraction)
