# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Quantisation-aware training: the forward pass rounds as the integer network, gradients ignore rounding.

Rounding has derivative 0 almost everywhere, so its true gradient is useless. The straight-through
estimator (Bengio et al., 2013) takes the derivative of the clamp alone: 1 where a value is inside its range,
0 where it saturates. Weights stay real numbers between steps; the loss depends on their rounded values
and biases rounded to whole steps of the accumulator.
"""

from dataclasses import dataclass
from typing import Self, TypeAlias, TypedDict, Unpack

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from macrame.golden.nn.affine import Affine, NotFinite
from macrame.golden.nn.layers import dense, dense_backward
from macrame.golden.nn.losses import LOSSES
from macrame.golden.nn.network import Network
from macrame.golden.nn.quantization import (
    NetworkInt8,
    activation_ends,
    activation_grids,
    check_parameters,
    quantize_network,
    weight_grid,
)


def fake_quantize(x: ArrayLike, affine: Affine) -> tuple[NDArray[np.floating], NDArray[np.bool_]]:
    """x rounded to the real numbers on its integer grid.

    Parameters
    ----------
    x : array_like
    affine : macrame.golden.nn.affine.Affine

    Returns
    -------
    values : numpy.ndarray
        Of the dtype of x.
    inside : numpy.ndarray of bool
        Where x does not saturate: the straight-through derivative.
    """
    x = np.asarray(x)
    q = np.rint(x / affine.scale) + affine.zero_point
    kept = np.clip(q, affine.low, affine.high)
    return (affine.scale * (kept - affine.zero_point)).astype(x.dtype), q == kept


Step: TypeAlias = tuple[NDArray[np.floating], NDArray[np.floating], NDArray[np.bool_]]
"""A tensor before rounding, the same rounded, and where it is inside its range."""


class Options(TypedDict, total=False):
    """Optional attributes of a `QuantizationAware`."""

    bits: int
    activation_bits: int
    per_channel: bool
    decay: float


@dataclass
class QuantizationAware:
    """A network trained with the rounding of its integer form, for `macrame.golden.nn.train.fit`.

    Attributes
    ----------
    network : macrame.golden.nn.network.Network
        ReLU between the layers, none after the last; its parameters are trained.
    ends : list of (float, float)
        Range of the network's input, then of each layer's output.
    bits, activation_bits : int
        Of weights and of activations, 2 to 8.
    per_channel : bool
        One weight scale per output; without it one per layer.
    decay : float
        Decay of the ranges' running mean over training batches, in [0, 1]; 1 freezes the ranges.

    Raises
    ------
    ValueError
        If a hidden layer has an activation other than ReLU, or the last layer has any.
    """

    network: Network
    ends: list[tuple[float, float]]
    bits: int = 8
    activation_bits: int = 8
    per_channel: bool = True
    decay: float = 0.99

    def __post_init__(self) -> None:
        if self.network.activations != ["relu"] * (len(self.network.weights) - 1) + ["identity"]:
            raise ValueError(
                f"activations are {', '.join(self.network.activations)}: expected relu after each layer but "
                "the last, whose rounding is that of the clamp"
            )

    @classmethod
    def of(cls, network: Network, x: ArrayLike, **options: Unpack[Options]) -> Self:
        """From a network, its ranges calibrated on samples.

        Parameters
        ----------
        network : macrame.golden.nn.network.Network
        x : array_like, shape (samples, inputs)
        **options
            Further attributes.

        Returns
        -------
        QuantizationAware
        """
        return cls(network, activation_ends(network, x), **options)

    def ranges(self) -> list[Affine]:
        """Quantisation of the input and of each layer's output, with scales of the parameters' type.

        The integer network has float32 scales, whatever the type of the parameters.
        """
        return self._ranges(self.network.weights[0].dtype)

    def _ranges(self, dtype: DTypeLike) -> list[Affine]:
        return activation_grids(self.network, self.ends, self.activation_bits, self.bits, dtype)

    def parameters(self) -> list[NDArray[np.floating]]:
        """The network's own, real numbers."""
        return self.network.parameters()

    def forward(self, x: ArrayLike) -> tuple[list[Step], list[NDArray[np.floating]]]:
        """Run the network with the rounding of its integer form.

        Parameters
        ----------
        x : array_like, shape (samples, inputs)

        Returns
        -------
        list of tuple
            For the input and then for each layer: real activations before rounding, rounded ones, and where
            they are inside their range; of a layer these include its ReLU.
        list of numpy.ndarray
            The rounded weights.

        Raises
        ------
        NotFinite
            If a parameter, or an end of a range, is a NaN or infinite.
        """
        x, ranges = np.asarray(x), self.ranges()
        steps: list[Step] = [(x, *fake_quantize(x, ranges[0]))]
        weights: list[NDArray[np.floating]] = []
        last = len(self.network.weights) - 1
        for layer, (w, b) in enumerate(zip(self.network.weights, self.network.biases)):
            try:
                scales, bias = weight_grid(
                    w, b, ranges[layer], ranges[layer + 1], self.per_channel, self.bits
                )
            except NotFinite:
                check_parameters(self.network)  # the message names the layer
                raise
            weights.append(fake_quantize(w, scales)[0])
            step = float(ranges[layer].scale) * np.ravel(scales.scale)  # of the accumulator
            z = dense(steps[-1][1], weights[-1], (step * bias).astype(b.dtype))
            a = z if layer == last else np.maximum(z, 0)
            value, inside = fake_quantize(a, ranges[layer + 1])
            steps.append((a, value, inside if layer == last else inside & (z > 0)))
        return steps, weights

    def gradients(
        self, x: ArrayLike, targets: ArrayLike, rng: np.random.Generator | None = None
    ) -> list[NDArray[np.floating]]:
        """Straight-through gradients of the mean loss; also updates the ranges.

        Parameters
        ----------
        x, targets
            As in `Network.gradients`.
        rng : numpy.random.Generator, optional
            Not used: nothing is dropped.

        Returns
        -------
        list of numpy.ndarray
            In the order of `parameters`.
        """
        steps, weights = self.forward(x)
        da = LOSSES[self.network.objective][1](steps[-1][1], targets, **self.network.loss_options)
        dw: list[NDArray[np.floating]] = []
        db: list[NDArray[np.floating]] = []
        for layer in reversed(range(len(weights))):
            dz = da * steps[layer + 1][2]
            da, dw_layer, db_layer = dense_backward(steps[layer][1], weights[layer], dz)
            dw.insert(0, dw_layer)
            db.insert(0, db_layer)
        keep, move = self.decay, 1 - self.decay
        self.ends = [
            (keep * low + move * float(a.min()), keep * high + move * float(a.max()))
            for (low, high), (a, _, _) in zip(self.ends, steps)
        ]
        return dw + db

    def loss(self, x: ArrayLike, targets: ArrayLike) -> float:
        """Mean loss of the rounded network."""
        outputs = self.forward(x)[0][-1][1]
        return float(LOSSES[self.network.objective][0](outputs, targets, **self.network.loss_options))

    def predict(self, x: ArrayLike) -> NDArray[np.intp]:
        """Class with the largest rounded output, the first of equals."""
        return self.forward(x)[0][-1][1].argmax(axis=1)

    def quantized(self, mode: str = "fp32") -> NetworkInt8:
        """The resulting integer network, which may differ for values halfway between two integers.

        Mode fp32 is the closest, as it rounds once. Its scale is a float32 and its sums are integers, while
        `forward` computes in the dtype of the parameters: an output this close to a tie may round to the
        next integer. The other modes round twice.

        Parameters
        ----------
        mode : {"gemmlowp", "ruy", "fp32"}

        Returns
        -------
        macrame.golden.nn.quantization.NetworkInt8
        """
        return quantize_network(
            self.network,
            None,
            mode,
            self.per_channel,
            self.bits,
            self.activation_bits,
            self._ranges(np.float32),
        )
