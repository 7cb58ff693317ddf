# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Losses and their gradients: cross-entropy and negative log-likelihood, and the squared error.

Cross-entropy and negative log-likelihood are those of PyTorch. Class y of a sample is a target vector t over
the classes, and the sample's loss is -sum_c t_c log p_c:

    t_c = (1 - smoothing) w_y [c = y] + smoothing / classes w_c        0 for a sample that is ignored

with class weights w, 1 unless given. The mean over samples divides by sum w_y of those that are not ignored,
which without class weights is their number.

The squared error of one sample is c * sum_j (y_j - t_j)^2 over its outputs, and books differ in c:

==========  ===========  ==========================================  ====================
scaling     c            called                                      gradient of a sample
==========  ===========  ==========================================  ====================
sum         1            total squared error                         2 (y - t)
half_sum    1/2          total error of many lectures                y - t
mean        1 / outputs  mean squared error (PyTorch's MSELoss)      2 (y - t) / outputs
==========  ===========  ==========================================  ====================

For two outputs half_sum and mean are the same. The loss of a batch is the mean over its samples.

All is computed in the dtype of the outputs, integers as float64.
"""

import math
from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from macrame.golden.nn.activations import log_softmax, softmax

Weights: TypeAlias = Sequence[float] | NDArray[np.floating]
"""One a class."""

Loss: TypeAlias = Callable[..., float | NDArray[np.floating]]
"""Arguments are outputs, targets and options; returns a number, or with reduction "none" one per sample."""

Gradient: TypeAlias = Callable[..., NDArray[np.floating]]
"""Same arguments as its loss; has the shape of the outputs."""

REDUCTIONS = ("mean", "sum", "none")


def nll_plain(
    log_probabilities: ArrayLike,
    labels: ArrayLike,
    weights: Weights | None = None,
    ignore_index: int | None = None,
    reduction: str = "mean",
) -> float | list[float]:
    """`nll` of a plain batch, sample by sample.

    Parameters
    ----------
    log_probabilities : array_like, shape (samples, classes)
    labels : array_like of int, shape (samples,)
    weights, ignore_index, reduction
        As `cross_entropy`.

    Returns
    -------
    float, or list of float with reduction "none"
    """
    losses, total = [], 0.0
    for row, label in zip(np.asarray(log_probabilities).tolist(), np.asarray(labels).tolist()):
        if label == ignore_index:
            losses.append(0.0)
            continue
        weight = 1.0 if weights is None else float(weights[label])
        losses.append(-weight * row[label])
        total += weight
    return _reduced_plain(losses, total, reduction)


def cross_entropy_plain(
    logits: ArrayLike,
    labels: ArrayLike,
    weights: Weights | None = None,
    ignore_index: int | None = None,
    smoothing: float = 0.0,
    reduction: str = "mean",
) -> float | list[float]:
    """`cross_entropy` of a plain batch, sample by sample and class by class.

    Parameters
    ----------
    logits : array_like, shape (samples, classes)
    labels : array_like of int, shape (samples,)
    weights, ignore_index, smoothing, reduction
        As `cross_entropy`.

    Returns
    -------
    float, or list of float with reduction "none"
    """
    losses, total = [], 0.0
    for row, label in zip(np.asarray(logits).tolist(), np.asarray(labels).tolist()):
        if label == ignore_index:
            losses.append(0.0)
            continue
        top = max(row)
        log_sum = top + math.log(sum(math.exp(z - top) for z in row))
        loss = 0.0
        for c, z in enumerate(row):
            weight = 1.0 if weights is None else float(weights[c])
            target = smoothing / len(row) * weight + ((1 - smoothing) * weight if c == label else 0.0)
            loss -= target * (z - log_sum)
        losses.append(loss)
        total += 1.0 if weights is None else float(weights[label])
    return _reduced_plain(losses, total, reduction)


def nll(
    log_probabilities: ArrayLike,
    labels: ArrayLike,
    weights: Weights | None = None,
    ignore_index: int | None = None,
    reduction: str = "mean",
) -> float | NDArray[np.floating]:
    """Negative log-likelihood: minus the log probability of each sample's class, weighted by class.

    Parameters
    ----------
    log_probabilities : array_like, shape (samples, classes, ...) or (classes,)
        As `macrame.golden.nn.activations.log_softmax` gives them (there with axis=1).
    labels, weights, ignore_index, reduction
        As `cross_entropy`.

    Returns
    -------
    float, or numpy.ndarray of the shape of the labels with reduction "none"

    Raises
    ------
    ValueError
        As `cross_entropy`.
    """
    rows, flat, _ = _rows(log_probabilities, labels, "log_probabilities")
    targets, total = _targets(rows, flat, weights, ignore_index, 0.0, reduction)
    return _reduced(_weighted(targets, rows), total, reduction, np.shape(labels))


def nll_gradient(
    log_probabilities: ArrayLike,
    labels: ArrayLike,
    weights: Weights | None = None,
    ignore_index: int | None = None,
    reduction: str = "mean",
) -> NDArray[np.floating]:
    """Gradient of `nll` with respect to the log probabilities: -w_y at each sample's class.

    Parameters
    ----------
    log_probabilities, labels, weights, ignore_index, reduction
        As `nll`. With "none" it is the gradient of each sample's own loss, which is that of "sum".

    Returns
    -------
    numpy.ndarray, of the shape of `log_probabilities`
    """
    rows, flat, shape = _rows(log_probabilities, labels, "log_probabilities")
    targets, total = _targets(rows, flat, weights, ignore_index, 0.0, reduction)
    return _unrows(-targets / total, shape)


def cross_entropy(
    logits: ArrayLike,
    labels: ArrayLike,
    weights: Weights | None = None,
    ignore_index: int | None = None,
    smoothing: float = 0.0,
    reduction: str = "mean",
) -> float | NDArray[np.floating]:
    """Cross-entropy -log softmax(logits)[label], in nats.

    It is taken from the logits, not from probabilities: a probability that rounds to 0 would make the loss
    infinite where it is only large.

    Parameters
    ----------
    logits : array_like, shape (samples, classes), (samples, classes, ...) or (classes,)
        Scores before softmax. With further dimensions, as those of an image, every position is a sample.
    labels : array_like of int, shape (samples,), (samples, ...) or ()
        The true class of each sample, 0 <= label < classes, or `ignore_index`.
    weights : array_like of float, shape (classes,), optional
        A weight for each class, finite and not negative.
    ignore_index : int, optional
        A label that does not count: neither in the sum nor in what the mean divides by.
    smoothing : float
        Share of the target that is spread over all classes, 0 to 1.
    reduction : {"mean", "sum", "none"}
        The reduction of the samples' losses.

    Returns
    -------
    float, or numpy.ndarray of the shape of the labels with reduction "none"
        A sample that is ignored has 0.

    Raises
    ------
    ValueError
        If a label is not a class, the shapes do not match, an option is out of range, or no sample counts in
        a mean.
    """
    rows, flat, _ = _rows(logits, labels, "logits")
    if _is_plain(weights, ignore_index, smoothing, reduction):
        _check_labels(flat, None, rows.shape[1])
        return float(-log_softmax(rows)[np.arange(len(flat)), flat].mean())
    targets, total = _targets(rows, flat, weights, ignore_index, smoothing, reduction)
    return _reduced(_weighted(targets, log_softmax(rows)), total, reduction, np.shape(labels))


def cross_entropy_gradient(
    logits: ArrayLike,
    labels: ArrayLike,
    weights: Weights | None = None,
    ignore_index: int | None = None,
    smoothing: float = 0.0,
    reduction: str = "mean",
) -> NDArray[np.floating]:
    """Gradient of `cross_entropy` with respect to the logits: sum(t) softmax - t, reduced as the loss.

    Parameters
    ----------
    logits, labels, weights, ignore_index, smoothing, reduction
        As `cross_entropy`. With "none" it is the gradient of each sample's own loss, which is that of "sum".

    Returns
    -------
    numpy.ndarray, of the shape of `logits`
        Over the classes it sums to 0.
    """
    rows, flat, shape = _rows(logits, labels, "logits")
    if _is_plain(weights, ignore_index, smoothing, reduction):
        _check_labels(flat, None, rows.shape[1])
        gradient = softmax(rows)
        gradient[np.arange(len(flat)), flat] -= 1
        return _unrows(gradient / len(flat), shape)
    targets, total = _targets(rows, flat, weights, ignore_index, smoothing, reduction)
    gradient = softmax(rows) * targets.sum(axis=1, keepdims=True) - targets
    return _unrows(gradient / total, shape)


def mse(outputs: ArrayLike, targets: ArrayLike, scaling: str = "mean") -> float:
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


def mse_gradient(outputs: ArrayLike, targets: ArrayLike, scaling: str = "mean") -> NDArray[np.floating]:
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


def mse_factor(scaling: str, outputs: int) -> float:
    """The factor c of a scaling, for a number of outputs.

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
        If the scaling is unknown.
    """
    factors = {"sum": 1.0, "half_sum": 0.5, "mean": 1 / outputs}
    if scaling not in factors:
        raise ValueError(f"scaling is {scaling!r}, expected one of {', '.join(factors)}")
    return factors[scaling]


def _mse_pair(scaling: str) -> tuple[Loss, Gradient]:
    return (lambda y, t: mse(y, t, scaling)), (lambda y, t: mse_gradient(y, t, scaling))


LOSSES: dict[str, tuple[Loss, Gradient]] = {
    "cross_entropy": (cross_entropy, cross_entropy_gradient),
    "mse_sum": _mse_pair("sum"),
    "mse_half_sum": _mse_pair("half_sum"),
    "mse_mean": _mse_pair("mean"),
}
"""Losses by name, each with its gradient with respect to the network's outputs."""


def _paired(outputs: ArrayLike, targets: ArrayLike) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    y, t = np.asarray(outputs), np.asarray(targets)
    if y.ndim != 2 or y.shape != t.shape or not y.size:
        raise ValueError(
            f"outputs {y.shape} and targets {t.shape}: expected the same (samples, outputs), "
            "at least one of each"
        )
    return y, t


def _rows(
    values: ArrayLike, labels: ArrayLike, name: str
) -> tuple[NDArray[np.floating], NDArray[np.integer], tuple[tuple[int, ...], int]]:
    """Reshape to (samples, classes); also returns the labels and the shape for `_unrows`."""
    values, labels = np.asarray(values), np.asarray(labels)
    if not np.issubdtype(values.dtype, np.floating):
        values = values.astype(np.float64)
    axis = min(1, values.ndim - 1)
    if not values.ndim or labels.shape != values.shape[:axis] + values.shape[axis + 1 :] or not values.size:
        raise ValueError(
            f"{name} {values.shape} and labels {labels.shape}: expected (samples, classes) and (samples,), "
            "or (samples, classes, ...) and (samples, ...), at least one sample"
        )
    if not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(f"labels hold {labels.dtype} values, expected integers")
    moved = np.moveaxis(values, axis, -1)
    return moved.reshape(-1, moved.shape[-1]), labels.ravel(), (moved.shape, axis)


def _unrows(rows: NDArray[np.floating], shape: tuple[tuple[int, ...], int]) -> NDArray[np.floating]:
    return np.moveaxis(rows.reshape(shape[0]), -1, shape[1])


def _is_plain(weights: Weights | None, ignore_index: int | None, smoothing: float, reduction: str) -> bool:
    """Whether a cross-entropy is the plain mean over all samples, the usual case in training."""
    return weights is None and ignore_index is None and smoothing == 0 and reduction == "mean"


def _check_labels(labels: NDArray[np.integer], ignore_index: int | None, classes: int) -> None:
    if labels.size and (labels.min() < 0 or labels.max() >= classes):
        wrong = labels[(labels < 0) | (labels >= classes)][0]
        but = "" if ignore_index is None else f" or {ignore_index}, to be ignored"
        raise ValueError(f"label {wrong}: expected labels to be integers from 0 to {classes - 1}{but}")


def _targets(
    rows: NDArray[np.floating],
    labels: NDArray[np.integer],
    weights: Weights | None,
    ignore_index: int | None,
    smoothing: float,
    reduction: str,
) -> tuple[NDArray[np.floating], int | np.floating]:
    """The target vectors, in the dtype of the rows, and the divisor of the reduction."""
    classes = rows.shape[1]
    if reduction not in REDUCTIONS:
        raise ValueError(f"reduction is {reduction!r}, expected one of {', '.join(REDUCTIONS)}")
    if not 0 <= smoothing <= 1:
        raise ValueError(f"smoothing is {smoothing}, expected 0 to 1")
    counted = np.full(labels.shape, True) if ignore_index is None else labels != ignore_index
    _check_labels(labels[counted], ignore_index, classes)
    w = np.ones(classes, rows.dtype) if weights is None else np.asarray(weights, rows.dtype)
    if w.shape != (classes,) or not (np.isfinite(w) & (w >= 0)).all():
        raise ValueError(f"weights are {weights}, expected {classes} finite numbers, none below 0")
    targets = np.where(counted[:, None], (smoothing / classes * w).astype(rows.dtype), 0).astype(rows.dtype)
    at, of = np.flatnonzero(counted), labels[counted]
    targets[at, of] += ((1 - smoothing) * w[of]).astype(rows.dtype)
    if reduction != "mean":
        return targets, 1
    total = len(of) if weights is None else w[of].sum()
    if not total:
        raise ValueError("labels: expected at least one that is not ignored and whose class has a weight")
    return targets, total


def _weighted(targets: NDArray[np.floating], log_probabilities: NDArray[np.floating]) -> NDArray[np.floating]:
    """-sum_c t_c log p_c of each row; a class that is not a target may have log probability -inf."""
    with np.errstate(invalid="ignore"):
        return -np.where(targets == 0, 0, targets * log_probabilities).sum(axis=1)


def _reduced(
    losses: NDArray[np.floating], total: int | np.floating, reduction: str, shape: tuple[int, ...]
) -> float | NDArray[np.floating]:
    return losses.reshape(shape) if reduction == "none" else float(losses.sum() / total)


def _reduced_plain(losses: list[float], total: float, reduction: str) -> float | list[float]:
    if reduction == "none":
        return losses
    return sum(losses) / (total if reduction == "mean" else 1)
