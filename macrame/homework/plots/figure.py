# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Common settings of all figures: size, text and colours, and writing them to files.

Every figure is WIDTH inches wide and no text is smaller than SMALLEST points, so that it is legible at a
width of 400 pixels.
"""

import contextlib
import io
import logging
import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

WIDTH = 6.0  # inches
SMALLEST = 9.0  # points
#: From dark to light in even steps, suitable for readers with red-green colour blindness.
PALETTE = ("#000000", "#143176", "#822678", "#AC3F2C", "#1E82AF", "#CA7C1B", "#96AD3D")
BAND = "0.72"  # of elements below others
GRID = "0.87"
#: Ticks in each decade of a logarithmic axis, by the maximum number of decades.
SUBDIVISIONS = (
    (0.4, (1, 1.2, 1.4, 1.6, 1.8, 2, 2.5, 3, 3.5, 4, 5, 6, 7, 8, 9)),
    (0.8, (1, 1.5, 2, 3, 4, 5, 7)),
    (1.4, (1, 2, 3, 5, 7)),
    (3.5, (1, 2, 5)),
)
SETTINGS: dict[Any, Any] = {  # the stubs know each key
    "font.size": 10,
    "axes.unicode_minus": False,
    "axes.titlesize": 10.5,
    "axes.labelsize": 10,
    "figure.titlesize": 11.5,
    "legend.fontsize": SMALLEST,
    "xtick.labelsize": SMALLEST,
    "ytick.labelsize": SMALLEST,
}


def files(draw: Callable[[], "Figure"]) -> dict[str, bytes]:
    """Draw a figure by Matplotlib's own defaults and SETTINGS, and save it.

    Parameters
    ----------
    draw : callable
        Makes the figure, with `new`.

    Returns
    -------
    dict of str to bytes
        The files' contents, by extension: "png" and "svg".
    """
    with _defaults():
        figure = draw()
        if figure.get_layout_engine() is not None:
            figure.draw_without_rendering()  # lays it out, once for both
            figure.set_layout_engine("none")
        return {kind: _saved(figure, kind) for kind in ("png", "svg")}


def new(title: str, height: float, by_hand: bool = False) -> "Figure":
    """An empty figure.

    Parameters
    ----------
    title : str
        Names the problem, and the network where there is one.
    height : float
        In inches.
    by_hand : bool
        All axes come from `place`, which takes half the time of the automatic layout.

    Returns
    -------
    matplotlib.figure.Figure
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, height), layout=None if by_hand else "constrained")
    if by_hand:
        figure.suptitle(title, y=1 - 0.08 / height)
    else:
        figure.suptitle(title)
    return figure


def place(figure: "Figure", left: float, top: float, right: float, bottom: float) -> "Axes":
    """Axes at a given place.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    left, top, right, bottom : float
        Inches between the axes and these sides of the figure, without ticks and labels.

    Returns
    -------
    matplotlib.axes.Axes
    """
    width, height = figure.get_size_inches()
    return figure.add_axes(
        (left / width, bottom / height, (width - left - right) / width, (height - top - bottom) / height)
    )


def canvas(figure: "Figure", top: float = 0.4) -> "Axes":
    """Axes that fill a figure below its title, without a frame, whose units are inches from the lower left.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    top : float
        Inches that the title takes.

    Returns
    -------
    matplotlib.axes.Axes
    """
    axes = place(figure, 0, top, 0, 0)
    width, height = figure.get_size_inches()
    axes.set(xlim=(0, width), ylim=(0, height - top))
    axes.set_axis_off()
    return axes


def colours(count: int) -> list[str]:
    """A number of colours, far apart in lightness, the darkest first.

    Parameters
    ----------
    count : int

    Returns
    -------
    list of str
        Beyond the length of PALETTE they repeat.
    """
    last = len(PALETTE) - 1
    if count > len(PALETTE):
        return [PALETTE[i % len(PALETTE)] for i in range(count)]
    return [PALETTE[round(i * last / max(count - 1, 3))] for i in range(count)]


def number(value: float) -> str:
    """A tick's number: without an exponent if that takes at most seven digits.

    Parameters
    ----------
    value : float

    Returns
    -------
    str
    """
    if value and not 1e-5 <= abs(value) < 1e7:
        return f"{value:g}"
    text = f"{value:,.10f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def plain_ticks(axes: "Axes") -> None:
    """Number the ticks of both axes by `number`, a short logarithmic one between the powers of ten as well.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        With its limits set or its curves drawn.
    """
    for axis, limits in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
        _plain_ticks(axis, limits)


def _plain_ticks(axis: "Axis", limits: tuple[float, float]) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    axis.set_major_formatter(FuncFormatter(lambda value, _: number(float(value))))
    if axis.get_scale() == "log":
        decades = abs(np.log10(limits[1] / limits[0]))
        for most, subs in SUBDIVISIONS:
            if decades < most:
                axis.set_major_locator(LogLocator(subs=subs))
                break
        axis.set_minor_locator(NullLocator())


@contextlib.contextmanager
def _defaults() -> Iterator[None]:
    """Matplotlib by its own defaults: neither a matplotlibrc nor MPLBACKEND counts."""
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # it reports building its font cache
    os.environ["MPLBACKEND"] = "agg"  # a notebook exports its own backend, which may not be installed here
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(SETTINGS)
        yield


def _saved(figure: "Figure", kind: str) -> bytes:
    import matplotlib

    out = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "macrame"}):  # reproducible bytes
        figure.savefig(
            out, format=kind, dpi=150, metadata={"Date": None} if kind == "svg" else {"Software": None}
        )
    return out.getvalue()
