# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Losses and their gradients: softmax cross-entropy, and the squared error in its three scalings.

The squared error of one sample is c * sum_j (y_j - t_j)^2 over its outputs, and books differ in c:

==========  ===========  ==========================================  ====================
scaling     c            called                                      gradient of a sample
==========  ===========  ==========================================  ====================
sum         1            total squared error                         2 (y - t)
half_sum    1/2          total error of many lectures                y - t
mean        1 / outputs  mean squared error (PyTorch's MSELoss)      2 (y - t) / outputs
==========  ===========  ==========================================  ====================

For two outputs half_sum and mean are the same. Over a batch each loss is the mean over its samples.
"""

import numpy as np

from macrame.golden.nn.activations import log_softmax, softmax


def cross_entropy(logits, labels):
    """Mean cross-entropy -log softmax(logits)[label], in nats.

    It is taken from the logits, not from probabilities: a probability that rounds to 0 would make the loss
    infinite where it is only large.

    Parameters
    ----------
    logits : array_like, shape (samples, classes)
        Finite scores before softmax.
    labels : array_like of int, shape (samples,)
        The true class of each sample, 0 <= label < classes.

    Returns
    -------
    float
        The mean over the samples.

    Raises
    ------
    ValueError
        Where a label is not a class, or the shapes do not fit.
    """
    logits, labels = _checked(logits, labels)
    return float(-log_softmax(logits)[np.arange(len(labels)), labels].mean())


def cross_entropy_gradient(logits, labels):
    """Gradient of `cross_entropy` with respect to the logits: (softmax - onehot) / samples.

    Parameters
    ----------
    logits : array_like, shape (samples, classes)
        Finite scores before softmax.
    labels : array_like of int, shape (samples,)
        The true class of each sample.

    Returns
    -------
    numpy.ndarray, shape (samples, classes)
        Each row sums to 0.
    """
    logits, labels = _checked(logits, labels)
    gradient = softmax(logits)
    gradient[np.arange(len(labels)), labels] -= 1
    return gradient / len(labels)


def mse(outputs, targets, scaling="mean"):
    """Squared error, the mean over the samples of c * sum_j (y_j - t_j)^2.

    Parameters
    ----------
    outputs, targets : array_like of float, shape (samples, outputs)
    scaling : {"sum", "half_sum", "mean"}
        See the table at the top.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        Where the scaling is unknown or the shapes do not fit.
    """
    y, t = _paired(outputs, targets)
    return float(mse_factor(scaling, y.shape[1]) * np.square(y - t).sum() / len(y))


def mse_gradient(outputs, targets, scaling="mean"):
    """Gradient of `mse` with respect to the outputs: 2 c (y - t) / samples.

    Parameters
    ----------
    outputs, targets : array_like of float, shape (samples, outputs)
    scaling : {"sum", "half_sum", "mean"}

    Returns
    -------
    numpy.ndarray, shape (samples, outputs)
    """
    y, t = _paired(outputs, targets)
    return (2 * mse_factor(scaling, y.shape[1]) / len(y)) * (y - t)


def mse_factor(scaling, outputs):
    """The factor c of a scaling, for so many outputs.

    Parameters
    ----------
    scaling : {"sum", "half_sum", "mean"}
    outputs : int

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If the scaling is none of them.
    """
    factors = {"sum": 1.0, "half_sum": 0.5, "mean": 1 / outputs}
    if scaling not in factors:
        raise ValueError(f"scaling is {scaling!r}, expected one of {', '.join(factors)}")
    return factors[scaling]


def _mse_pair(scaling):
    return (lambda y, t: mse(y, t, scaling)), (lambda y, t: mse_gradient(y, t, scaling))


LOSSES = {
    "cross_entropy": (cross_entropy, cross_entropy_gradient),
    "mse_sum": _mse_pair("sum"),
    "mse_half_sum": _mse_pair("half_sum"),
    "mse_mean": _mse_pair("mean"),
}
"""Losses by name, each with its gradient with respect to the network's outputs."""


def _paired(outputs, targets):
    y, t = np.asarray(outputs), np.asarray(targets)
    if y.ndim != 2 or y.shape != t.shape or not y.size:
        raise ValueError(
            f"outputs {y.shape} and targets {t.shape}: expected the same (samples, outputs), "
            "at least one of each"
        )
    return y, t


def _checked(logits, labels):
    logits, labels = np.asarray(logits), np.asarray(labels)
    if logits.ndim != 2 or labels.shape != logits.shape[:1] or not len(labels):
        raise ValueError(
            f"logits {logits.shape} and labels {labels.shape}: "
            "expected (samples, classes) and (samples,), at least one sample"
        )
    if not np.issubdtype(labels.dtype, np.integer) or labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError(f"labels: expected integers from 0 to {logits.shape[1] - 1}")
    return logits, labels
