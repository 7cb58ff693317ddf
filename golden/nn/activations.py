# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Activation functions and their derivatives."""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray


def relu(z: ArrayLike) -> NDArray[Any]:
    """Rectified linear unit, max(0, z).

    Parameters
    ----------
    z : array_like
        Pre-activations of any shape; a NaN stays a NaN.

    Returns
    -------
    numpy.ndarray
        Same shape and type as `z`.
    """
    return np.maximum(np.asarray(z), 0)


def relu_derivative(z: ArrayLike) -> NDArray[Any]:
    """Derivative of `relu`: 1 where z > 0, else 0.

    The derivative does not exist at z = 0; like PyTorch and TensorFlow, this function uses the left one, 0.

    Parameters
    ----------
    z : array_like
        Pre-activations of any shape.

    Returns
    -------
    numpy.ndarray
        Same shape and type as `z`.
    """
    z = np.asarray(z)
    return (z > 0).astype(z.dtype)


def sigmoid(z: ArrayLike) -> NDArray[np.floating]:
    """Logistic function 1 / (1 + exp(-z)), without overflow for any finite or infinite z.

    Only exp(-|z|), in [0, 1], is computed: for z < 0 the equivalent form exp(z) / (1 + exp(z)) is
    used.

    Parameters
    ----------
    z : array_like
        Pre-activations of any shape, floating point (integers are taken as float64).

    Returns
    -------
    numpy.ndarray
        Values in [0, 1], same shape as `z`.
    """
    z = _floating(z)
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


def sigmoid_derivative(z: ArrayLike) -> NDArray[np.floating]:
    """Derivative of `sigmoid`, s(z) (1 - s(z)): at most 1/4, at z = 0.

    Computed as e / (1 + e)^2 with e = exp(-|z|), which keeps its relative precision for large |z|, where 1 -
    s(z) would cancel to zero.

    Parameters
    ----------
    z : array_like
        Pre-activations of any shape.

    Returns
    -------
    numpy.ndarray
        Values in [0, 1/4], same shape as `z`.
    """
    e = np.exp(-np.abs(_floating(z)))
    return e / (1 + e) ** 2


def identity(z: ArrayLike) -> NDArray[Any]:
    """z itself: a layer without an activation.

    Parameters
    ----------
    z : array_like
        Pre-activations of any shape.

    Returns
    -------
    numpy.ndarray
    """
    return np.asarray(z)


def identity_derivative(z: ArrayLike) -> NDArray[Any]:
    """Derivative of `identity`, 1 everywhere; same shape and type as `z`."""
    return np.ones_like(z)


Function: TypeAlias = Callable[[ArrayLike], NDArray[Any]]

ACTIVATIONS: dict[str, tuple[Function, Function]] = {
    "relu": (relu, relu_derivative),
    "sigmoid": (sigmoid, sigmoid_derivative),
    "identity": (identity, identity_derivative),
}
"""Activation functions by name, each with its derivative."""


def log_softmax(z: ArrayLike, axis: int = -1) -> NDArray[np.floating]:
    """Logarithm of `softmax`, from the logits directly: z - max(z) - log(sum(exp(z - max(z)))).

    Parameters
    ----------
    z : array_like
        Logits, finite.
    axis : int
        The axis of the classes.

    Returns
    -------
    numpy.ndarray
        Values <= 0, same shape as `z`.
    """
    z = _floating(z)
    z = z - z.max(axis=axis, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=axis, keepdims=True))


def softmax(z: ArrayLike, axis: int = -1) -> NDArray[np.floating]:
    """Probabilities exp(z) / sum(exp(z)), with the largest logit subtracted first, so nothing overflows.

    Parameters
    ----------
    z : array_like
        Logits, finite.
    axis : int
        The axis of the classes, along which the result sums to 1.

    Returns
    -------
    numpy.ndarray
        Values in [0, 1], same shape as `z`.
    """
    z = _floating(z)
    e = np.exp(z - z.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def _floating(z: ArrayLike) -> NDArray[np.floating]:
    z = np.asarray(z)
    return z if np.issubdtype(z.dtype, np.floating) else z.astype(np.float64)
