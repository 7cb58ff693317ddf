# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Training, epoch by epoch: one loop for every network, arithmetic and optimizer."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from macrame.golden.nn.affine import NotFinite
from macrame.golden.nn.batches import minibatches
from macrame.golden.nn.optimizers import SGD
from macrame.golden.nn.regularization import EarlyStopping


class Diverged(ArithmeticError):
    """The loss or a weight is no longer a finite number; the learning rate is too large."""


@dataclass(frozen=True)
class Epoch:
    """The state of training after one epoch.

    Attributes
    ----------
    number : int
        1 for the first.
    updates : int
        Updates so far, over all epochs.
    loss : float
        Mean loss over the training samples, without penalty and with no unit dropped.
    validation : float or None
        The same over the validation samples, if any.
    """

    number: int
    updates: int
    loss: float
    validation: float | None = None


class Trainable(Protocol):
    """The network interface of `fit`; its arithmetic, structure and loss are its own."""

    def parameters(self) -> Sequence[NDArray[np.floating]]:
        """The arrays to be trained, updated in place."""

    def gradients(
        self, x: NDArray[np.floating], targets: NDArray[Any], rng: np.random.Generator | None = None
    ) -> Sequence[NDArray[np.floating]]:
        """Gradients of the mean loss, in the order of `parameters`; `rng` draws the dropout."""

    def loss(self, x: NDArray[np.floating], targets: NDArray[Any]) -> float:
        """Mean loss over the samples, with no unit dropped."""


class Optimizer(Protocol):
    """The optimizer interface of `fit`; it holds the parameters."""

    def step(self, gradients: Sequence[NDArray[np.floating]]) -> None:
        """Update every parameter once; `gradients` in their order."""


def fit(
    network: Trainable,
    x: NDArray[np.floating],
    targets: NDArray[Any],
    *,
    epochs: int,
    batch_size: int,
    rate: float | None = None,
    momentum: float = 0.0,
    l2: float = 0.0,
    l2_biases: bool = False,
    optimizer: Optimizer | None = None,
    leftover: str = "smaller",
    rng: np.random.Generator | None = None,
    validation: tuple[NDArray[np.floating], NDArray[Any]] | None = None,
    stopping: EarlyStopping | None = None,
    project: Callable[[], None] | None = None,
) -> Iterator[Epoch]:
    """Train a network on mini-batches, in place.

    Parameters
    ----------
    network : Trainable
        Such as a `macrame.golden.nn.network.Network`.
    x : numpy.ndarray, shape (samples, inputs)
    targets : numpy.ndarray, shape (samples,) or (samples, outputs)
    epochs, batch_size : int
        At least 1.
    rate, momentum, l2, l2_biases : float, bool
        Of the default optimizer, `SGD`. `l2` applies to biases only with
        `l2_biases`.
    optimizer : Optimizer, optional
    leftover : {"drop", "smaller"}
        The handling of samples that do not fill a batch.
    rng : numpy.random.Generator, optional
        Shuffles the samples in each epoch, and draws the dropout.
    validation : (numpy.ndarray, numpy.ndarray), optional
        Samples and targets not trained on.
    stopping : macrame.golden.nn.regularization.EarlyStopping, optional
        Called after each epoch; when training ends, the best epoch's parameters are restored.
    project : callable, optional
        Called after each update to project the parameters: pruned weights to 0,
        integers onto their grid.

    Yields
    ------
    Epoch
        After each epoch.

    Raises
    ------
    ValueError
        If there is neither rate nor optimizer, or early stopping without validation samples.
    Diverged
        As soon as the loss after an epoch is not finite, or a network that rounds to integers gets a number
        that is not.
    """
    if (rate is None) == (optimizer is None):
        raise ValueError(f"rate is {rate} and optimizer {optimizer}: expected one of them")
    if stopping is not None and validation is None:
        raise ValueError("validation is None: expected samples, since early stopping uses their loss")
    if optimizer is None:
        assert rate is not None
        optimizer = SGD(network.parameters(), rate, momentum, l2, l2_biases=l2_biases)
    updates = 0
    try:
        for number in range(1, epochs + 1):
            with np.errstate(over="ignore", invalid="ignore"):
                for batch in minibatches(len(x), batch_size, leftover, rng):
                    optimizer.step(network.gradients(x[batch], targets[batch], rng))
                    updates += 1
                    if project is not None:
                        project()
                loss = network.loss(x, targets)
                held_out = None if validation is None else network.loss(*validation)
            if not np.isfinite(loss):
                raise Diverged(f"the loss is {loss} after epoch {number}")
            stop = False
            if stopping is not None and held_out is not None:
                stop = stopping.update(number, held_out, network.parameters())
            yield Epoch(number, updates, loss, held_out)
            if stop:
                break
    except NotFinite as error:
        raise Diverged(f"{error}, in epoch {number}") from None
    finally:
        if stopping is not None:
            stopping.restore(network.parameters())
