# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Curves in stacked panels, distinguished by colours, line styles and markers, also in greyscale."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from macrame.golden.nn.activations import relu, relu_derivative, sigmoid, sigmoid_derivative
from macrame.homework.plots.figure import BAND, GRID, SMALLEST, colours, files, new, plain_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

STYLES = ("-", "--", "-.", ":")
MARKERS = ("o", "s", "^", "x", "D", "v", "+")
MOST_INSIDE = 4  # curves whose names fit between them
MARKS = 7  # approximate number of markers per curve
UNDER = 4.5  # width in points of a curve drawn below another one
HEIGHT = 2.8  # inches per panel


Curve: TypeAlias = tuple[str, Sequence[float] | NDArray[np.floating], Sequence[float] | NDArray[np.floating]]
"""A label, x and y; a y that is not finite leaves a gap."""


@dataclass(frozen=True)
class Mark:
    """A point or position marked in a panel.

    Attributes
    ----------
    label : str
    x : float
        Position of a vertical line, if there is no y.
    y : float, optional
        Of a point, which is circled.
    """

    label: str
    x: float
    y: float | None = None


@dataclass(frozen=True)
class Panel:
    """One set of axes.

    Attributes
    ----------
    title, x, y : str
        Above the axes, and along them, with the unit.
    curves : sequence of Curve
    under : tuple of str
        Labels of curves that others may cover: drawn first, as broad pale bands, so that both are visible.
    log : str
        "x", "y", "xy" or "": which axes are logarithmic.
    limits : (float, float), optional
        Of y.
    integers : bool
        x takes whole numbers only.
    marks : sequence of Mark
    """

    title: str
    x: str
    y: str
    curves: Sequence[Curve] = ()
    log: str = ""
    limits: tuple[float, float] | None = None
    under: tuple[str, ...] = ()
    integers: bool = False
    marks: Sequence[Mark] = ()


def curves_figure(title: str, panels: Sequence[Panel]) -> dict[str, bytes]:
    """Curves, one panel below the other.

    A legend of a few curves is in their panel; one of many curves, or the same one for all panels, is below.

    Parameters
    ----------
    title : str
        Names the problem and the network.
    panels : list of Panel

    Returns
    -------
    dict of str to bytes
        The files' contents, by extension: "png" and "svg".
    """
    return files(lambda: _curves(title, panels))


def losses_figure(
    title: str,
    panels: Sequence[tuple[str, Sequence[tuple[str, Sequence[float]]]]],
    under: tuple[str, ...] = (),
) -> dict[str, bytes]:
    """Losses after each epoch, on logarithmic axes.

    Parameters
    ----------
    title : str
        Names the problem and the network.
    panels : sequence of (str, sequence of (str, sequence of float))
        A title, and each curve's label and losses from epoch 1 on.
    under : tuple of str
        Of `Panel`.

    Returns
    -------
    dict of str to bytes
        The files' contents, by extension: "png" and "svg".
    """
    return curves_figure(title, [losses(name, curves, under=under, log="y") for name, curves in panels])


def losses(
    title: str,
    curves: Sequence[tuple[str, Sequence[float]]],
    log: str = "",
    limits: tuple[float, float] | None = None,
    under: tuple[str, ...] = (),
    marks: Sequence[Mark] = (),
) -> Panel:
    """A panel of losses after each epoch.

    Parameters
    ----------
    title : str
    curves : sequence of (str, sequence of float)
        Labels, and cross-entropies (natural logarithm) from epoch 1 on.
    log, limits, under, marks
        Of `Panel`.

    Returns
    -------
    Panel
    """
    lines = [(label, range(1, len(values) + 1), values) for label, values in curves]
    return Panel(title, "epoch", "cross-entropy, nats", lines, log, limits, under, True, marks)


def _curves(title: str, panels: Sequence[Panel]) -> "Figure":
    names = [[label for label, _, _ in panel.curves] for panel in panels]
    below = len(names[0]) > MOST_INSIDE or len(panels) > 1 and all(some == names[0] for some in names)
    height = HEIGHT * len(panels) if len(panels) > 1 else 1.3 * HEIGHT
    figure = new(title, 0.4 + height + 0.2 * below * len(names[0]) / 2)
    for axes, panel in zip(np.ravel(figure.subplots(len(panels), 1)), panels):
        _panel(axes, panel)
        if not below:
            axes.legend(framealpha=0.9, edgecolor="none")
    if below:
        handles, labels = figure.axes[0].get_legend_handles_labels()
        columns = 2 if max(map(len, labels)) > 14 else min(len(labels), 4)
        figure.legend(handles, labels, loc="outside lower center", ncols=columns, frameon=False)
    return figure


def _panel(axes: "Axes", panel: Panel) -> None:
    from matplotlib.ticker import MaxNLocator

    over = [label for label, _, _ in panel.curves if label not in panel.under]
    palette = dict(zip(over, colours(len(over))))
    for i, (label, x, y) in enumerate(panel.curves):
        under, every = label in panel.under, max(1, len(x) // MARKS)
        axes.plot(
            x,
            np.asarray(y, float),
            "-" if under else STYLES[over.index(label) % 4],
            color=BAND if under else palette[label],
            label=label,
            linewidth=UNDER if under else 1.5,
            zorder=1.5 if under else 2,
            marker=MARKERS[i % 7],
            markersize=9 if under else 5,
            markevery=(i * every // 3 % every, every),
        )
    axes.set(title=panel.title, xlabel=panel.x, ylabel=panel.y)
    if "x" in panel.log:
        axes.set_xscale("log")
    if "y" in panel.log:
        axes.set_yscale("log")
    if panel.limits is not None:
        axes.set_ylim(*panel.limits)
    if panel.integers:
        axes.xaxis.set_major_locator(MaxNLocator(9, integer=True, steps=[1, 2, 5, 10]))
    plain_ticks(axes)
    axes.grid(color=GRID)
    for i, mark in enumerate(panel.marks):
        _mark(axes, mark, 0.93 - 0.12 * i)


def _mark(axes: "Axes", mark: Mark, height: float) -> None:
    """Draw a mark, its label at a share of the height of the axes, away from the nearer side."""
    left, right = axes.get_xlim()
    before = mark.x > (left + right) / 2
    if mark.y is None:
        axes.axvline(mark.x, color="black", linewidth=1, linestyle=(0, (6, 2)), zorder=1.8)
    else:
        axes.plot([mark.x], [mark.y], "o", color="black", markersize=11, fillstyle="none", zorder=3)
    axes.annotate(
        mark.label,
        (mark.x, 1 if mark.y is None else mark.y),
        xycoords=axes.get_xaxis_transform() if mark.y is None else "data",
        xytext=(mark.x + (right - left) * (-0.03 if before else 0.03), height),
        textcoords=axes.get_xaxis_transform(),
        horizontalalignment="right" if before else "left",
        verticalalignment="center",
        fontsize=SMALLEST,
        arrowprops=None
        if mark.y is None
        else {"arrowstyle": "-", "linewidth": 0.8, "shrinkB": 6, "relpos": (float(before), 0.5)},
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 1},
        zorder=4,
    )


def activations_figure() -> dict[str, bytes]:
    """ReLU and sigmoid above their derivatives.

    Returns
    -------
    dict of str to bytes
        The files' contents, by extension: "png" and "svg".
    """
    z = np.linspace(-6, 6, 601)
    panels = [
        Panel(
            title,
            "pre-activation z (no unit)",
            f"{title} (no unit)",
            [(f"ReLU{prime}", z, first(z)), (f"sigmoid{prime}", z, second(z))],
            limits=limits,
        )
        for title, prime, first, second, limits in (
            ("value f(z)", "", relu, sigmoid, (-0.25, 3)),
            ("derivative f'(z)", "'", relu_derivative, sigmoid_derivative, (-0.05, 1.1)),
        )
    ]
    return curves_figure("Problem 1: ReLU and sigmoid, with their derivatives", panels)
