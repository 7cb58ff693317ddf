# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Mini-batches: how many updates, epochs, samples; and the batches themselves.

One pass over all samples is an epoch; every batch in it makes one update of the weights. Where the batch size
does not divide the samples, the left-over ones are either dropped or make one smaller batch:

    updates = epochs * floor(samples / batch_size)      leftover = "drop"
    updates = epochs * ceil(samples / batch_size)       leftover = "smaller"

All arithmetic is on integers. Given three of the four numbers, the fourth need not be unique: 512-sample
batches make 500 updates per epoch of 256,000 samples, and of 256,001 as well if the odd one is dropped.
`solve` therefore returns the range of all answers and selects one: the one with the fewest left-over samples
if they are dropped, and the one with the fullest last batch if they are kept.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

QUANTITIES = ("updates", "epochs", "batch_size", "samples")
LEFTOVER = ("drop", "smaller")


@dataclass(frozen=True)
class Schedule:
    """The four quantities of a training run, and how one of them was found.

    Attributes
    ----------
    updates, epochs, batch_size, samples : int
        The four quantities, each at least 1.
    leftover : str
        "drop" or "smaller", the handling of samples that do not fill a batch.
    solved : str
        The name of the quantity that was computed.
    lowest, highest : int or None
        Every value of the solved quantity from `lowest` to `highest` gives the same other three; None where
        there is no upper end.
    """

    updates: int
    epochs: int
    batch_size: int
    samples: int
    leftover: str
    solved: str
    lowest: int
    highest: int | None

    @property
    def updates_per_epoch(self) -> int:
        """Batches in one epoch, the smaller last one included where it is kept."""
        return self.updates // self.epochs

    @property
    def left_over(self) -> int:
        """Samples of an epoch that do not fill a batch."""
        return self.samples % self.batch_size


def updates_per_epoch(samples: int, batch_size: int, leftover: str) -> int:
    """Batches, and so updates, in one pass over the samples.

    Parameters
    ----------
    samples, batch_size : int
        At least 1.
    leftover : {"drop", "smaller"}
        The handling of samples that do not fill a batch.

    Returns
    -------
    int
        floor(samples / batch_size) for "drop", ceil(samples / batch_size) for "smaller".
    """
    _check_leftover(leftover)
    return samples // batch_size if leftover == "drop" else -(-samples // batch_size)


def solve(
    updates: int | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    samples: int | None = None,
    leftover: str = "smaller",
) -> Schedule:
    """Find the one quantity that is not given from the other three.

    Parameters
    ----------
    updates, epochs, batch_size, samples : int, optional
        Exactly three of them, each at least 1.
    leftover : {"drop", "smaller"}
        The handling of samples that do not fill a batch.

    Returns
    -------
    Schedule
        The four, with the range of the solved one. Of that range `samples` is the value that
        leaves nothing over. `batch_size` is the one that leaves least over where that is dropped, the
        largest; and the one whose last batch lacks least to be full where it is kept, the smallest: 11
        samples in two batches are 6 + 5, not 10 + 1.

    Raises
    ------
    ValueError
        Where not exactly three are given, one is below 1, or no whole number fits them.

    Examples
    --------
    >>> solve(updates=10_000, epochs=20, batch_size=512).samples
    256000
    """
    _check_leftover(leftover)
    given = {"updates": updates, "epochs": epochs, "batch_size": batch_size, "samples": samples}
    missing = [name for name in QUANTITIES if given[name] is None]
    if len(missing) != 1:
        raise ValueError(
            f"{4 - len(missing)} of updates, epochs, batch_size and samples are given: expected exactly three"
        )
    for name, number in given.items():
        if number is not None and number < 1:
            raise ValueError(f"{name} = {number}: expected at least 1")
    (solved,) = missing
    known = {name: value or 0 for name, value in given.items()}  # 0: not known yet
    updates, epochs, batch_size, samples = (known[name] for name in QUANTITIES)
    high: int | None
    if solved in ("updates", "epochs"):
        each = updates_per_epoch(samples, batch_size, leftover)
        if each == 0:
            raise ValueError(
                f"batch_size = {batch_size}: expected at most samples = {samples}, "
                "or every sample is left over and dropped"
            )
        if solved == "updates":
            value = epochs * each
        elif updates % each:
            raise ValueError(
                f"updates = {updates}: expected a multiple of the {each} updates in an epoch of "
                f"{samples} samples in batches of {batch_size}"
            )
        else:
            value = updates // each
        low = high = value
    else:
        if updates % epochs:
            raise ValueError(
                f"updates = {updates}: expected a multiple of epochs = {epochs}, "
                "as every epoch makes the same number of updates"
            )
        each = updates // epochs
        if solved == "samples":
            value = each * batch_size
            low, high = (
                (value, value + batch_size - 1) if leftover == "drop" else (value - batch_size + 1, value)
            )
        else:
            low, high = _batch_sizes(samples, each, leftover)
            if high is not None and low > high:
                raise ValueError(
                    f"samples = {samples}: no batch size divides them into {each} batches per epoch "
                    f"(leftover = {leftover!r})"
                )
            value = low if leftover == "smaller" or high is None else high
    known[solved] = value
    return Schedule(**known, leftover=leftover, solved=solved, lowest=low, highest=high)


def minibatches(
    samples: int, batch_size: int, leftover: str = "smaller", rng: np.random.Generator | None = None
) -> Iterator[NDArray[np.integer]]:
    """The batches of one epoch, as index arrays.

    Parameters
    ----------
    samples, batch_size : int
        At least 1.
    leftover : {"drop", "smaller"}
        The handling of samples that do not fill a batch.
    rng : numpy.random.Generator, optional
        Shuffles the samples; without one they are in order.

    Yields
    ------
    numpy.ndarray of int
        Indices of the samples of one batch; no index occurs twice.
    """
    count = updates_per_epoch(samples, batch_size, leftover)
    order = np.arange(samples) if rng is None else rng.permutation(samples)
    for i in range(count):
        yield order[i * batch_size : (i + 1) * batch_size]


def _batch_sizes(samples: int, each: int, leftover: str) -> tuple[int, int | None]:
    """Smallest and largest b with floor(samples / b) = each, or ceil(samples / b) = each."""
    if leftover == "drop":
        return samples // (each + 1) + 1, samples // each
    low = -(-samples // each)
    return low, (None if each == 1 else -(-samples // (each - 1)) - 1)


def _check_leftover(leftover: str) -> None:
    if leftover not in LEFTOVER:
        raise ValueError(f"leftover = {leftover!r}: expected 'drop' or 'smaller'")
