# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Training: stochastic gradient descent with momentum, epoch by epoch."""
from dataclasses import dataclass

import numpy as np

from golden.nn.batches import minibatches


class Diverged(ArithmeticError):
    """The loss or a weight is no longer a finite number; the learning rate is too large."""


class SGD:
    """Stochastic gradient descent with classical momentum, as in PyTorch: v = momentum v + g, p = p - rate v.

    Parameters
    ----------
    parameters : list of numpy.ndarray
        Updated in place.
    rate : float
        Learning rate.
    momentum : float
        In [0, 1); 0 is plain gradient descent.
    """

    def __init__(self, parameters, rate, momentum=0.0):
        self.parameters = parameters
        self.rate = rate
        self.momentum = momentum
        self.velocity = [np.zeros_like(p) for p in parameters]

    def step(self, gradients):
        """Update every parameter once.

        Parameters
        ----------
        gradients : list of numpy.ndarray
            In the order of the parameters.
        """
        for p, v, g in zip(self.parameters, self.velocity, gradients):
            v *= self.momentum
            v += g
            p -= (self.rate * v).astype(p.dtype)


@dataclass(frozen=True)
class Epoch:
    """How training stands after one epoch.

    Attributes
    ----------
    number : int
        1 for the first.
    updates : int
        Updates so far, over all epochs.
    loss : float
        Mean cross-entropy over the training samples.
    """

    number: int
    updates: int
    loss: float


def fit(network, x, labels, *, epochs, batch_size, rate, momentum=0.0, leftover="smaller", rng=None):
    """Train a network on mini-batches, in place.

    Parameters
    ----------
    network : golden.nn.network.Network
        Anything with `parameters`, `gradients` and `loss`.
    x : numpy.ndarray, shape (samples, inputs)
    labels : numpy.ndarray of int, shape (samples,)
    epochs, batch_size : int
        At least 1.
    rate, momentum : float
        As in `SGD`.
    leftover : {"drop", "smaller"}
        What becomes of the samples that do not fill a batch.
    rng : numpy.random.Generator, optional
        Shuffles the samples anew each epoch.

    Yields
    ------
    Epoch
        After each epoch.

    Raises
    ------
    Diverged
        As soon as the loss after an epoch is not finite.
    """
    optimizer = SGD(network.parameters(), rate, momentum)
    updates = 0
    for number in range(1, epochs + 1):
        with np.errstate(over="ignore", invalid="ignore"):
            for batch in minibatches(len(x), batch_size, leftover, rng):
                optimizer.step(network.gradients(x[batch], labels[batch]))
                updates += 1
            loss = network.loss(x, labels)
        if not np.isfinite(loss):
            raise Diverged(f"the loss is {loss} after epoch {number}")
        yield Epoch(number, updates, loss)
