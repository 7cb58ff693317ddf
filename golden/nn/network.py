# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""A multilayer perceptron: dense layers, an activation after each, a loss at the end, backpropagation."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Self, TypedDict, Unpack

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from macrame.golden.nn.activations import ACTIVATIONS
from macrame.golden.nn.layers import dense, dense_backward
from macrame.golden.nn.losses import LOSSES
from macrame.golden.nn.regularization import dropout_masks


@dataclass
class Trace:
    """The intermediate results of a forward pass.

    Attributes
    ----------
    inputs : list of numpy.ndarray
        Input of each layer; the first is the network's own.
    pre : list of numpy.ndarray
        Pre-activations z of each layer; the last are the logits, where the loss is cross-entropy.
    output : numpy.ndarray
        The last layer's activation.
    """

    inputs: list[NDArray[np.floating]]
    pre: list[NDArray[np.floating]]
    output: NDArray[np.floating] = field(init=False)

    @property
    def logits(self) -> NDArray[np.floating]:
        """Pre-activations of the last layer."""
        return self.pre[-1]


class Options(TypedDict, total=False):
    """Optional attributes of a `Network`."""

    activations: list[str]
    objective: str
    dropout: float
    loss_options: dict[str, Any]


@dataclass
class Network:
    """Dense layers, by default with ReLU after each but the last, under a softmax cross-entropy.

    Attributes
    ----------
    weights : list of numpy.ndarray, each of shape (outputs, inputs)
        One matrix per layer.
    biases : list of numpy.ndarray, each of shape (outputs,)
        One vector per layer.
    activations : list of str
        One per layer, of `macrame.golden.nn.activations.ACTIVATIONS`.
    objective : str
        The loss, of `macrame.golden.nn.losses.LOSSES`. Cross-entropy includes the softmax, so the last
        layer then has no activation.
    dropout : float
        Probability with which `gradients` drops each hidden unit, in [0, 1).
    loss_options : dict
        Options of cross-entropy: `weights`, `ignore_index`, `smoothing`, and `reduction`, "mean" or "sum".

    Raises
    ------
    ValueError
        If a name is unknown, or the numbers of names and layers differ.
    """

    weights: list[NDArray[np.floating]]
    biases: list[NDArray[np.floating]]
    activations: list[str] = None  # type: ignore[assignment]  # __post_init__ makes the default
    objective: str = "cross_entropy"
    dropout: float = 0.0
    loss_options: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.activations is None:
            self.activations = ["relu"] * (len(self.weights) - 1) + ["identity"]
        for name in self.activations:
            if name not in ACTIVATIONS:
                raise ValueError(f"activation is {name!r}, expected one of {', '.join(ACTIVATIONS)}")
        if self.objective not in LOSSES:
            raise ValueError(f"objective is {self.objective!r}, expected one of {', '.join(LOSSES)}")
        if not len(self.activations) == len(self.weights) == len(self.biases):
            raise ValueError(
                f"{len(self.weights)} weight matrices, {len(self.biases)} bias vectors and "
                f"{len(self.activations)} activations: expected one of each per layer"
            )
        if self.objective == "cross_entropy" and self.activations[-1] != "identity":
            raise ValueError(
                f"last activation is {self.activations[-1]!r}: expected 'identity' with "
                "cross_entropy, which includes the softmax"
            )
        known = ("weights", "ignore_index", "smoothing", "reduction") * (self.objective == "cross_entropy")
        for name, value in self.loss_options.items():
            if name not in known or (name == "reduction" and value == "none"):
                raise ValueError(
                    f"loss option {name} is {value!r}: expected weights, ignore_index, smoothing or a "
                    "reduction to one number, and these for cross_entropy only"
                )

    @classmethod
    def random(
        cls,
        sizes: Sequence[int],
        rng: np.random.Generator,
        dtype: DTypeLike = np.float64,
        uniform: bool = False,
        **options: Unpack[Options],
    ) -> Self:
        """He initialisation: weights with mean 0 and variance 2 / inputs, biases 0.

        Parameters
        ----------
        sizes : sequence of int
            Inputs, hidden units, ..., outputs.
        rng : numpy.random.Generator
            Source of the weights.
        dtype : numpy dtype
            Type of all parameters, and so of all training arithmetic.
        uniform : bool
            Draw from U(-sqrt(6 / inputs), sqrt(6 / inputs)), whose bits are the same on every machine; a
            normal number in the tail comes from the machine's own logarithm.
        **options
            Further attributes.

        Returns
        -------
        Network
        """

        def draw(outputs: int, inputs: int) -> NDArray[np.float64]:
            if uniform:
                return (2 * rng.random((outputs, inputs)) - 1) * np.sqrt(6 / inputs)
            return rng.standard_normal((outputs, inputs)) * np.sqrt(2 / inputs)

        pairs = list(zip(sizes, sizes[1:]))
        return cls(
            [draw(n, k).astype(dtype) for k, n in pairs], [np.zeros(n, dtype) for _, n in pairs], **options
        )

    def copy(self) -> Self:
        """A copy of the network with the same parameters and options."""
        return type(self)(
            [w.copy() for w in self.weights],
            [b.copy() for b in self.biases],
            list(self.activations),
            self.objective,
            self.dropout,
            dict(self.loss_options),
        )

    def forward(self, x: ArrayLike, masks: Sequence[NDArray[np.floating]] | None = None) -> Trace:
        """Run the network and keep the values needed by backpropagation.

        Parameters
        ----------
        x : array_like, shape (samples, inputs)
            One sample per row.
        masks : list of numpy.ndarray, optional
            Factors of each hidden layer's activations, as drawn by `dropout_masks`.

        Returns
        -------
        Trace
        """
        h, trace = np.asarray(x), Trace([], [])
        for layer, (w, b, name) in enumerate(zip(self.weights, self.biases, self.activations)):
            trace.inputs.append(h)
            trace.pre.append(dense(h, w, b))
            h = ACTIVATIONS[name][0](trace.pre[-1])
            if masks is not None and layer < len(self.weights) - 1:
                h = h * masks[layer]
        trace.output = h
        return trace

    def predict(self, x: ArrayLike) -> NDArray[np.intp]:
        """Class with the largest output for each sample, the first of equals.

        Parameters
        ----------
        x : array_like, shape (samples, inputs)

        Returns
        -------
        numpy.ndarray of int, shape (samples,)
        """
        return self.forward(x).logits.argmax(axis=1)

    def loss(
        self, x: ArrayLike, targets: ArrayLike, masks: Sequence[NDArray[np.floating]] | None = None
    ) -> float:
        """Mean loss over the samples, or their sum if `loss_options` select it.

        Parameters
        ----------
        x : array_like, shape (samples, inputs)
        targets : array_like
            Labels, int of shape (samples,), for cross-entropy; else real numbers, shape (samples, outputs).
        masks : list of numpy.ndarray, optional
            As `forward`; without them no unit is dropped.

        Returns
        -------
        float
        """
        output = self.forward(x, masks).output
        return float(LOSSES[self.objective][0](output, targets, **self.loss_options))

    def gradients(
        self,
        x: NDArray[np.floating],
        targets: ArrayLike,
        rng: np.random.Generator | None = None,
        masks: Sequence[NDArray[np.floating]] | None = None,
    ) -> list[NDArray[np.floating]]:
        """Backpropagation of the mean loss.

        Parameters
        ----------
        x : array_like, shape (samples, inputs)
        targets : array_like
            As `loss`.
        rng : numpy.random.Generator, optional
            Draws the units to drop, where `dropout` is not 0.
        masks : list of numpy.ndarray, optional
            The masks themselves, in place of `rng`.

        Returns
        -------
        list of numpy.ndarray
            In the order of `parameters`.

        Raises
        ------
        ValueError
            If units must be dropped and neither `rng` nor masks are given.
        """
        if masks is None and self.dropout:
            masks = dropout_masks(
                [(len(x), w.shape[0]) for w in self.weights[:-1]], self.dropout, rng, self.weights[0].dtype
            )
        trace = self.forward(x, masks)
        da = LOSSES[self.objective][1](trace.output, targets, **self.loss_options)
        dw: list[NDArray[np.floating]] = []
        db: list[NDArray[np.floating]] = []
        for layer in reversed(range(len(self.weights))):
            dz = da * ACTIVATIONS[self.activations[layer]][1](trace.pre[layer])
            da, dw_layer, db_layer = dense_backward(trace.inputs[layer], self.weights[layer], dz)
            dw.insert(0, dw_layer)
            db.insert(0, db_layer)
            if layer and masks is not None:
                da = da * masks[layer - 1]
        return dw + db

    def parameters(self) -> list[NDArray[np.floating]]:
        """All weight matrices, then all bias vectors; the arrays themselves, to be updated in place."""
        return self.weights + self.biases
