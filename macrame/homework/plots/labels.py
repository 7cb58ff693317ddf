# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Problem 8's plots of the labels: misclassified digits, and the confusion matrix."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from macrame.homework.plots.figure import SMALLEST, canvas, files, new, place

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMNS = 6
MOST = 24  # images that are drawn
CELL = 1.0  # inches for an image and its label
PICTURE = 0.72


def misclassified_figure(
    title: str, x: NDArray[np.floating], labels: NDArray[np.integer], predicted: NDArray[np.integer]
) -> dict[str, bytes]:
    """Images whose predicted label is wrong, with both labels.

    Parameters
    ----------
    title : str
        Names the problem and the network.
    x : numpy.ndarray, shape (images, pixels)
        Square images, pixels from 0 to 1.
    labels, predicted : numpy.ndarray of int, shape (images,)

    Returns
    -------
    dict of str to bytes
        The files' contents, by extension: "png" and "svg".
    """
    return files(lambda: _misclassified(title, x, labels, predicted))


def confusion_figure(
    title: str, labels: NDArray[np.integer], predicted: NDArray[np.integer], classes: int
) -> dict[str, bytes]:
    """Number of images of each class with each predicted label.

    Parameters
    ----------
    title : str
        Names the problem and the network.
    labels, predicted : numpy.ndarray of int, shape (images,)
        From 0 to classes - 1.
    classes : int

    Returns
    -------
    dict of str to bytes
        The files' contents, by extension: "png" and "svg".
    """
    return files(lambda: _confusion(title, confusion(labels, predicted, classes)))


def confusion(labels: NDArray[np.integer], predicted: NDArray[np.integer], classes: int) -> NDArray[np.int64]:
    """The confusion matrix.

    Parameters
    ----------
    labels, predicted : numpy.ndarray of int, shape (images,)
        From 0 to classes - 1.
    classes : int

    Returns
    -------
    numpy.ndarray of int64, shape (classes, classes)
        Element [i, j]: the number of images of class i that were labelled j.
    """
    return np.bincount(labels * classes + predicted, minlength=classes**2).reshape(classes, classes)


def _misclassified(
    title: str, x: NDArray[np.floating], labels: NDArray[np.integer], predicted: NDArray[np.integer]
) -> "Figure":
    from matplotlib.patches import Rectangle

    wrong = np.flatnonzero(labels != predicted)
    some = wrong[:MOST]
    rows = max(1, -(-len(some) // COLUMNS))
    side = int(np.sqrt(x.shape[1]))
    figure = new(title, rows * (CELL + 0.12) + 0.75, by_hand=True)
    axes = canvas(figure)
    top = rows * (CELL + 0.12)
    more = f", the first {len(some)} here" if len(some) < len(wrong) else ""
    said = (
        f"{len(wrong)} of {len(labels)} images are misclassified{more}"
        if len(wrong)
        else "no image is misclassified"
    )
    axes.text(3, top + 0.12, said, horizontalalignment="center", fontsize=10)
    for i, index in enumerate(some):
        row, column = divmod(i, COLUMNS)
        left, bottom = column * CELL + (CELL - PICTURE) / 2, top - row * (CELL + 0.12) - PICTURE
        axes.imshow(
            x[index].reshape(side, side),
            cmap="gray_r",
            vmin=0,
            vmax=1,
            extent=(left, left + PICTURE, bottom, bottom + PICTURE),
            interpolation="nearest",
            aspect="auto",
        )
        axes.add_patch(
            Rectangle((left, bottom), PICTURE, PICTURE, fill=False, edgecolor="0.6", linewidth=0.8)
        )
        axes.text(
            left + PICTURE / 2,
            bottom - 0.05,
            f"true {labels[index]}\nlabel {predicted[index]}",
            horizontalalignment="center",
            verticalalignment="top",
            fontsize=SMALLEST,
            linespacing=1.1,
        )
    axes.set(xlim=(0, 6), ylim=(0, top + 0.35))  # imshow moves them
    return figure


def _confusion(title: str, matrix: NDArray[np.int64]) -> "Figure":
    figure = new(title, 5.6, by_hand=True)
    axes = place(figure, 0.9, 0.75, 0.3, 0.6)
    share = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    shade = np.sqrt(share)  # so that single images are visible
    axes.imshow(shade, cmap="gray_r", vmin=0, vmax=1.25, aspect="auto", interpolation="nearest")
    for (i, j), count in np.ndenumerate(matrix):
        if count:
            axes.text(
                j,
                i,
                str(count),
                horizontalalignment="center",
                verticalalignment="center",
                color="white" if shade[i, j] > 0.6 else "black",
                fontsize=10,
            )
    ticks = range(len(matrix))
    right, total = int(np.trace(matrix)), int(matrix.sum())
    axes.set(
        xticks=ticks,
        yticks=ticks,
        xlabel="predicted digit",
        ylabel="true digit",
        title=f"number of images; {right} of {total} correct (on the diagonal)",
    )
    axes.set_xticks(np.arange(0.5, len(matrix) - 1), minor=True)
    axes.set_yticks(np.arange(0.5, len(matrix) - 1), minor=True)
    axes.grid(which="minor", color="0.85", linewidth=0.5)
    axes.tick_params(which="minor", length=0)
    return figure
