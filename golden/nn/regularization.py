# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Remedies against overfitting: dropout, the L2 penalty, early stopping; cross-validation."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import DTypeLike, NDArray


def dropout_masks(
    shapes: Sequence[tuple[int, ...]],
    rate: float,
    rng: np.random.Generator | None,
    dtype: DTypeLike = np.float64,
) -> list[NDArray[np.floating]]:
    """Inverted dropout: 0 with probability `rate`, else 1 / (1 - rate), so that the mean is unchanged.

    Only training uses them; inference uses all units unchanged.

    Parameters
    ----------
    shapes : list of tuple of int
        (samples, units) of each hidden layer.
    rate : float
        In [0, 1).
    rng : numpy.random.Generator
        Source of the choice.
    dtype : numpy dtype
        Of the masks.

    Returns
    -------
    list of numpy.ndarray

    Raises
    ------
    ValueError
        Where the rate is out of range, or there is no generator.
    """
    if not 0 <= rate < 1:
        raise ValueError(f"dropout rate is {rate}, expected 0 <= rate < 1")
    if rng is None:
        raise ValueError("rng is None: expected a generator, as dropout draws from it")
    return [np.where(rng.random(shape) < rate, 0, 1 / (1 - rate)).astype(dtype) for shape in shapes]


def l2_penalty(parameters: Sequence[NDArray[np.floating]], strength: float, biases: bool = False) -> float:
    """strength / 2 times the sum of squares of all weights, in float64.

    Biases, the parameters of one dimension, are not penalised by default: they are few, they multiply no
    input, and penalising them shifts the output. PyTorch's ``weight_decay`` applies to every parameter of its
    group, including biases, as does `biases=True`.

    Parameters
    ----------
    parameters : list of numpy.ndarray
    strength : float
        Weight decay as PyTorch counts it: the gradient of the penalty is strength * w.
    biases : bool
        Count the biases too.

    Returns
    -------
    float
    """
    squares = [np.square(p, dtype=np.float64).sum() for p in parameters if is_penalised(p, biases)]
    return 0.5 * strength * float(sum(squares))


def add_l2(
    gradients: Sequence[NDArray[np.floating]],
    parameters: Sequence[NDArray[np.floating]],
    strength: float,
    biases: bool = False,
) -> list[NDArray[np.floating]]:
    """Gradients with those of `l2_penalty` added, in the type of gradients and parameters.

    Parameters
    ----------
    gradients, parameters : list of numpy.ndarray
    strength : float
    biases : bool
        Penalise the biases too.

    Returns
    -------
    list of numpy.ndarray
    """
    return [
        g + strength * p if strength and is_penalised(p, biases) else g for g, p in zip(gradients, parameters)
    ]


def is_penalised(parameter: NDArray[np.floating], biases: bool = False) -> bool:
    """Whether a penalty includes a parameter: weights, which have two dimensions, and biases if selected.

    Parameters
    ----------
    parameter : numpy.ndarray
    biases : bool

    Returns
    -------
    bool
    """
    return biases or parameter.ndim > 1


class EarlyStopping:
    """Stop when the validation loss has not fallen for some epochs, and return to its minimum.

    Parameters
    ----------
    patience : int
        Epochs without a new lowest loss after which training stops, at least 1.

    Attributes
    ----------
    best : int
        Epoch of the lowest loss so far, 0 before the first.
    loss : float
        That loss.
    """

    def __init__(self, patience: int) -> None:
        if patience < 1:
            raise ValueError(f"patience is {patience}, expected at least 1")
        self.patience = patience
        self.best, self.loss = 0, float("inf")
        self._kept: list[NDArray[np.floating]] = []

    def update(self, epoch: int, loss: float, parameters: Sequence[NDArray[np.floating]]) -> bool:
        """Record one epoch.

        Parameters
        ----------
        epoch : int
            Its number.
        loss : float
            Validation loss after it.
        parameters : list of numpy.ndarray
            Copied where the loss is the lowest so far.

        Returns
        -------
        bool
            True if training should stop.
        """
        if loss < self.loss:
            self.best, self.loss = epoch, loss
            self._kept = [p.copy() for p in parameters]
        return epoch - self.best >= self.patience

    def restore(self, parameters: Sequence[NDArray[np.floating]]) -> None:
        """Write the parameters of the best epoch back, in place; does nothing before the first epoch.

        Parameters
        ----------
        parameters : list of numpy.ndarray
        """
        for p, kept in zip(parameters, self._kept):
            p[...] = kept


def kfold(
    samples: int, folds: int, rng: np.random.Generator | None = None
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """k-fold cross-validation: every sample is used once for validation and k - 1 times for training.

    Parameters
    ----------
    samples : int
    folds : int
        2 to `samples`; their sizes differ by one at most.
    rng : numpy.random.Generator, optional
        Shuffles the samples first.

    Yields
    ------
    train, validation : numpy.ndarray of int
        Indices.

    Raises
    ------
    ValueError
        Where there are fewer than 2 folds or more than samples.
    """
    if not 2 <= folds <= samples:
        raise ValueError(f"folds is {folds}, expected 2 to {samples}, the number of samples")
    parts = np.array_split(np.arange(samples) if rng is None else rng.permutation(samples), folds)
    for i, part in enumerate(parts):
        yield np.concatenate(parts[:i] + parts[i + 1 :]), part
