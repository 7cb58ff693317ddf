# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Losses and their gradients."""
import numpy as np

from golden.nn.activations import log_softmax, softmax


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


def _checked(logits, labels):
    logits, labels = np.asarray(logits), np.asarray(labels)
    if logits.ndim != 2 or labels.shape != logits.shape[:1] or not len(labels):
        raise ValueError(f"logits {logits.shape} and labels {labels.shape}: "
                         "expected (samples, classes) and (samples,), at least one sample")
    if not np.issubdtype(labels.dtype, np.integer) or labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError(f"labels: expected integers from 0 to {logits.shape[1] - 1}")
    return logits, labels
