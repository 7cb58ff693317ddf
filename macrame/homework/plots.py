# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Figures, as bytes of PNG and SVG; line styles and markers tell curves apart, in black and white as well."""

import contextlib
import io
import logging
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from macrame.golden.nn.activations import relu, relu_derivative, sigmoid, sigmoid_derivative

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STYLES = ("-", "--", "-.", ":")
MARKERS = ("o", "s", "^", "x", "D", "v", "+")
SHADES = ("black", "0.35", "0.55")
BAND = "0.7"
MOST_INSIDE = 5  # curves whose names fit between them
MARKS = 7  # about so many markers a curve
UNDER = 4.5  # points wide is a curve that another one lies upon


Curve: TypeAlias = tuple[str, Sequence[float], Sequence[float]]
"""A label, x and y; a y that is not finite leaves a gap."""


@dataclass(frozen=True)
class Panel:
    """One set of axes.

    Attributes
    ----------
    title, x, y : str
        Above the axes, and along them.
    curves : sequence of Curve
    under : tuple of str
        Labels of curves that others may cover: drawn first, as broad pale bands, so that both are seen.
    log : str
        "x", "y", "xy" or "": which axes are logarithmic.
    limits : (float, float), optional
        Of y.
    integers : bool
        x takes whole numbers only.
    """

    title: str
    x: str
    y: str
    curves: Sequence[Curve] = ()
    log: str = ""
    limits: tuple[float, float] | None = None
    under: tuple[str, ...] = ()
    integers: bool = False


def curves_figure(panels: Sequence[Panel]) -> dict[str, bytes]:
    """Curves side by side, one panel beside the other.

    Parameters
    ----------
    panels : list of Panel

    Returns
    -------
    dict of str to bytes
        The files' contents, by ending: "png" and "svg".
    """
    with _defaults():
        return _rendered(_curves(panels))


def _curves(panels: Sequence[Panel]) -> "Figure":
    figure = _figure((sum(4.5 + 2 * (len(p.curves) > MOST_INSIDE) for p in panels), 3.6))
    for axes, panel in zip(np.ravel(figure.subplots(1, len(panels))), panels):
        for i, (label, x, y) in enumerate(panel.curves):
            every = max(1, len(x) // MARKS)
            start = i * every // 3 % every
            if label in panel.under:
                axes.plot(
                    x,
                    np.asarray(y, float),
                    "-",
                    color=BAND,
                    label=label,
                    linewidth=UNDER,
                    zorder=1.5,
                    marker=MARKERS[i % 7],
                    markersize=9,
                    markevery=(start, every),
                )
                continue
            axes.plot(
                x,
                np.asarray(y, float),
                STYLES[i % 4],
                color=SHADES[i % 3],
                label=label,
                marker=MARKERS[i % 7],
                markersize=4,
                markevery=(start, every),
            )
        axes.set(title=panel.title, xlabel=panel.x, ylabel=panel.y)
        if "x" in panel.log:
            axes.set_xscale("log")
        if "y" in panel.log:
            axes.set_yscale("log")
        if panel.limits is not None:
            axes.set_ylim(*panel.limits)
        if panel.integers:
            axes.xaxis.get_major_locator().set_params(integer=True)
        axes.grid(color="0.85")
        if len(panel.curves) > MOST_INSIDE:
            axes.legend(frameon=False, fontsize="small", loc="upper left", bbox_to_anchor=(1, 1))
        else:
            axes.legend(frameon=False, fontsize="small")
    return figure


def activations_figure() -> dict[str, bytes]:
    """ReLU and sigmoid beside their derivatives.

    Returns
    -------
    dict of str to bytes
        The files' contents, by ending: "png" and "svg".
    """
    with _defaults():
        return _rendered(_activations())


def _activations() -> "Figure":
    z = np.linspace(-6, 6, 601)
    figure = _figure((9, 3.6))
    for axes, title, curves in zip(
        figure.subplots(1, 2),
        ("value", "derivative"),
        (
            ((relu, "ReLU"), (sigmoid, "sigmoid")),
            ((relu_derivative, "ReLU'"), (sigmoid_derivative, "sigmoid'")),
        ),
    ):
        for (function, label), style in zip(curves, ("-", "--")):
            axes.plot(z, function(z), style, color="black", label=label)
        axes.set(title=title, xlabel="z")
        axes.grid(color="0.85")
        axes.legend(frameon=False, loc="upper left")
    figure.axes[0].set_ylim(-0.25, 3)
    figure.axes[1].set_ylim(-0.05, 1.1)
    return figure


@contextlib.contextmanager
def _defaults() -> Iterator[None]:
    """Matplotlib by its own defaults: neither a matplotlibrc nor MPLBACKEND counts."""
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # it announces building its font cache
    os.environ["MPLBACKEND"] = "agg"  # a notebook exports its own, which need not be installed here
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        yield


def _figure(size: tuple[float, float]) -> "Figure":
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # it announces building its font cache
    from matplotlib.figure import Figure

    return Figure(figsize=size, layout="constrained")


def _rendered(figure: "Figure") -> dict[str, bytes]:
    return {kind: _render(figure, kind) for kind in ("png", "svg")}


def _render(figure: "Figure", kind: str) -> bytes:
    import matplotlib

    out = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "macrame"}):  # the same bytes each time
        figure.savefig(
            out, format=kind, dpi=150, metadata={"Date": None} if kind == "svg" else {"Software": None}
        )
    return out.getvalue()
