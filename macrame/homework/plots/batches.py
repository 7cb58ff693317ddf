# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Problem 3's plot: the batches of an epoch, and the updates per epoch over the batch size."""

from typing import TYPE_CHECKING

from macrame.errors import plural
from macrame.golden.nn import batches
from macrame.homework.plots.figure import GRID, PALETTE, SMALLEST, files, new, place, plain_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_BATCHES = 4  # of an epoch that are drawn individually
MOST_EPOCHS = 3


def batches_figure(schedule: batches.Schedule) -> dict[str, bytes]:
    """The update of each batch, the handling of left-over samples, and the updates by batch size.

    Parameters
    ----------
    schedule : macrame.golden.nn.batches.Schedule

    Returns
    -------
    dict of str to bytes
        The files' contents, by extension: "png" and "svg".
    """
    return files(lambda: _batches(schedule))


def _batches(s: batches.Schedule) -> "Figure":
    figure = new(
        f"Problem 3: {_count(s.samples)} samples in batches of {_count(s.batch_size)}", 5.6, by_hand=True
    )
    _epochs(place(figure, 0.95, 0.7, 0.15, 3.25), s)
    _sizes(place(figure, 0.95, 3.0, 0.15, 0.5), s)
    return figure


def _epochs(axes: "Axes", s: batches.Schedule) -> None:
    """One row per epoch, one box per batch; epochs between the second and the last are omitted."""
    epochs = range(1, s.epochs + 1) if s.epochs <= MOST_EPOCHS else (1, 2, s.epochs)
    each = s.updates_per_epoch
    shown: list[int | None] = (
        list(range(1, each + 1)) if each <= MOST_BATCHES else [1, 2, None, each]
    )  # None: those between
    for row, epoch in enumerate(epochs):
        left = 0.0
        for batch in shown:
            if batch is None:
                axes.text(left + 0.25, row, "...", horizontalalignment="center", verticalalignment="center")
                left += 0.5
                continue
            small = batch == each and s.left_over and s.leftover == "smaller"
            samples = s.left_over if small else s.batch_size
            update = (epoch - 1) * each + batch
            text = f"update {_count(update)}\n{_count(samples)} {plural(samples, 'sample')}"
            left = _box(axes, left, row, 0.8 if small else 1.0, text, "0.8" if small else "0.93")
        if s.left_over and s.leftover == "drop":
            left = _box(axes, left, row, 0.8, f"{_count(s.left_over)}\nleft out", "white", dashed=True)
    axes.set(
        xlim=(-0.05, left + 0.05),
        ylim=(len(epochs) - 0.5, -0.5),
        yticks=range(len(epochs)),
        yticklabels=[f"epoch {_count(e)}" for e in epochs],
        xticks=[],
        xlabel="batches of the epoch, in order",
        title=f"{_count(each)} updates per epoch, {_count(s.updates)} in {_count(s.epochs)} epochs",
    )
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def _box(
    axes: "Axes", left: float, row: int, width: float, text: str, colour: str, dashed: bool = False
) -> float:
    """A labelled box; returns where the next one begins."""
    from matplotlib.patches import Rectangle

    axes.add_patch(
        Rectangle(
            (left + 0.02, row - 0.4),
            width - 0.04,
            0.8,
            facecolor=colour,
            edgecolor="black",
            linestyle="--" if dashed else "-",
        )
    )
    axes.text(left + width / 2, row, text, ha="center", va="center", fontsize=SMALLEST, linespacing=1.3)
    return left + width


def _sizes(axes: "Axes", s: batches.Schedule) -> None:
    """Updates per epoch over batch sizes that are powers of two, and over that of the sheet."""
    powers = [2**i for i in range(s.samples.bit_length()) if 2**i <= s.samples]
    sizes = sorted({*powers, s.batch_size})
    updates = [max(1, batches.updates_per_epoch(s.samples, size, s.leftover)) for size in sizes]
    axes.plot(sizes, updates, "-o", color=PALETTE[4], markersize=4)
    axes.plot([s.batch_size], [s.updates_per_epoch], "o", color="black", markersize=11, fillstyle="none")
    axes.set(
        xscale="log",
        yscale="log",
        xlabel="samples in a batch",
        ylabel="updates per epoch",
        title=f"samples / batch size, rounded {'down' if s.leftover == 'drop' else 'up'}",
    )
    updates_here = f"{_count(s.updates_per_epoch)} {plural(s.updates_per_epoch, 'update')}"
    axes.annotate(
        f"{_count(s.batch_size)} {plural(s.batch_size, 'sample')}: {updates_here}",
        (s.batch_size, s.updates_per_epoch),
        (0.96, 0.88),  # away from the falling curve
        textcoords="axes fraction",
        horizontalalignment="right",
        verticalalignment="center",
        fontsize=SMALLEST,
        arrowprops={"arrowstyle": "-", "linewidth": 0.8, "shrinkB": 6, "relpos": (0.5, 0)},
    )
    plain_ticks(axes)
    axes.grid(color=GRID)


def _count(number: int) -> str:
    """A count of at most seven characters."""
    return f"{number:,}" if number < 10**6 else f"{number:.2g}"
