# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Layers: forward and backward products."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def dense(x: ArrayLike, w: ArrayLike, b: ArrayLike) -> NDArray[np.floating]:
    """Fully connected layer z = W x + b, for a batch of samples held as rows: z = x W^T + b.

    Parameters
    ----------
    x : array_like, shape (samples, inputs)
        One sample per row.
    w : array_like, shape (outputs, inputs)
        Weights; row j holds the weights of output j, as W is written in textbooks.
    b : array_like, shape (outputs,)
        Biases.

    Returns
    -------
    numpy.ndarray, shape (samples, outputs)
        Pre-activations.

    Raises
    ------
    ValueError
        If the shapes do not match.
    """
    x, w, b = np.asarray(x), np.asarray(w), np.asarray(b)
    if x.ndim != 2 or w.ndim != 2 or x.shape[1] != w.shape[1]:
        raise ValueError(f"x {x.shape} and w {w.shape}: expected (samples, inputs) and (outputs, inputs)")
    if b.shape != w.shape[:1]:
        raise ValueError(f"b {b.shape}: expected {w.shape[:1]}, one bias for each row of w {w.shape}")
    return x @ w.T + b


def dense_backward(
    x: ArrayLike, w: ArrayLike, dz: ArrayLike
) -> tuple[NDArray[np.floating], NDArray[np.floating], NDArray[np.floating]]:
    """Gradients of a loss through `dense`.

    Parameters
    ----------
    x : array_like, shape (samples, inputs)
        The layer's input in the forward pass.
    w : array_like, shape (outputs, inputs)
        The layer's weights.
    dz : array_like, shape (samples, outputs)
        Gradient of the loss with respect to the layer's output.

    Returns
    -------
    dx : numpy.ndarray, shape (samples, inputs)
        dz W.
    dw : numpy.ndarray, shape (outputs, inputs)
        dz^T x.
    db : numpy.ndarray, shape (outputs,)
        Sum of dz over the samples.
    """
    x, w, dz = np.asarray(x), np.asarray(w), np.asarray(dz)
    return dz @ w, dz.T @ x, dz.sum(axis=0)
