# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Quantisation to int8 or fewer bits: a trained network as integer layers.

A real number x is held as an integer q with x = scale * (q - zero_point). Weights are symmetric (zero point
0, in [-127, 127]), one scale a tensor or one a channel; activations are asymmetric, their range measured on
calibration samples. With b bits, 2 to 8, integers are those of b bits, held in int8: [-2^(b-1), 2^(b-1) - 1],
and the core needs nothing but other clamps. (Sums are then so small that gemmlowp and ruy, which round twice,
often end a step away: 1 times 0.344 becomes 1. Mode fp32 rounds once and is the one for few bits.) A dense
layer then needs only integers:

    acc = sum_k (qx_k - zx) qw_jk + bias_j         bias_j = round(b_j / (sx sw_j)), int32
    qy  = clamp(requantize(acc, sx sw_j / sy) + zy)
"""

from dataclasses import dataclass

import numpy as np

from macrame.golden.arith.requantize import quantize_multiplier, requantize, scale_bits
from macrame.golden.nn.affine import Affine, asymmetric, symmetric

INT8_MIN, INT8_MAX = -128, 127
INT32_MIN, INT32_MAX = -(2**31), 2**31 - 1


@dataclass(frozen=True)
class DenseInt8:
    """A dense layer in integers.

    Attributes
    ----------
    weight : numpy.ndarray of int8, shape (outputs, inputs)
        Zero point 0.
    bias : numpy.ndarray of int32, shape (outputs,)
        In steps of the accumulator, without the input's zero point.
    input, output : Affine
        Scale and zero point of the activations before and after.
    weight_scale : numpy.ndarray of float64, shape (outputs,)
        One a channel (all equal where the tensor shares one).
    mode : {"gemmlowp", "ruy", "fp32"}
        Rounding rule of the requantisation.
    low, high : int
        Clamp of the output; ReLU is low = output zero point.
    """

    weight: np.ndarray
    bias: np.ndarray
    input: Affine
    output: Affine
    weight_scale: np.ndarray
    mode: str
    low: int = INT8_MIN
    high: int = INT8_MAX

    @property
    def scale(self):
        """What takes an accumulator to output steps: sx sw / sy, float64, shape (outputs,)."""
        return self.input.scale * self.weight_scale / self.output.scale

    @property
    def multiplier(self):
        """The multiplier field a channel, int32: Q31, or the bits of the float32 scale in mode fp32."""
        if self.mode == "fp32":
            return scale_bits(self.scale)
        return quantize_multiplier(self.scale)[0]

    @property
    def shift(self):
        """The shift field a channel, left if positive; 0 in mode fp32; int8."""
        if self.mode == "fp32":
            return np.zeros(len(self.bias), np.int8)
        return quantize_multiplier(self.scale)[1]

    def accumulate(self, x):
        """The int32 accumulators, bias included, wrapping.

        Parameters
        ----------
        x : array_like of int8, shape (samples, inputs)

        Returns
        -------
        numpy.ndarray of int32, shape (samples, outputs)
        """
        x = np.asarray(x).astype(np.int64) - self.input.zero_point
        return (x @ self.weight.T.astype(np.int64) + self.bias).astype(np.int32)

    def forward(self, x):
        """The int8 outputs.

        Parameters
        ----------
        x : array_like of int8, shape (samples, inputs)

        Returns
        -------
        numpy.ndarray of int8, shape (samples, outputs)
        """
        return requantize(
            self.accumulate(x),
            self.multiplier,
            self.shift,
            self.output.zero_point,
            self.low,
            self.high,
            self.mode,
        )


@dataclass(frozen=True)
class NetworkInt8:
    """A multilayer perceptron in integers.

    Attributes
    ----------
    layers : list of DenseInt8
        The output quantisation of each is the input quantisation of the next.
    """

    layers: list

    @property
    def input(self):
        """Quantisation of the network's input."""
        return self.layers[0].input

    @property
    def output(self):
        """Quantisation of the logits."""
        return self.layers[-1].output

    def forward(self, x):
        """Run int8 inputs through every layer.

        Parameters
        ----------
        x : array_like of int8, shape (samples, inputs)

        Returns
        -------
        list of numpy.ndarray of int8
            The outputs of each layer; the last are the logits.
        """
        outputs = []
        for layer in self.layers:
            outputs.append(layer.forward(outputs[-1] if outputs else x))
        return outputs

    def predict(self, x):
        """Class with the largest int8 logit for each sample, the first of equals.

        Parameters
        ----------
        x : array_like of int8, shape (samples, inputs)

        Returns
        -------
        numpy.ndarray of int
        """
        return self.forward(x)[-1].argmax(axis=1)


def calibrate(network, x, bits=8):
    """Ranges of all activations of a network over calibration samples, as quantisations.

    Parameters
    ----------
    network : macrame.golden.nn.network.Network
    x : array_like, shape (samples, inputs)
        The samples to measure on; what lies outside their range later saturates.
    bits : int
        2 to 8.

    Returns
    -------
    list of Affine
        For the network's input, then for the output of each layer (after ReLU, where there is one).

    Raises
    ------
    ValueError
        Where a hidden layer has another activation than ReLU, or the last one any.
    """
    if network.activations != ["relu"] * (len(network.weights) - 1) + ["identity"]:
        raise ValueError(
            f"activations are {', '.join(network.activations)}: expected relu after each layer "
            "but the last, which integer layers fold into their clamp"
        )
    trace = network.forward(x)
    tensors = [*trace.inputs, trace.logits]
    return [asymmetric(t.min(), t.max(), bits) for t in tensors]


def quantize_dense(w, b, before, after, mode="gemmlowp", per_channel=True, relu_after=False, bits=8):
    """A trained dense layer as integers.

    Parameters
    ----------
    w : array_like, shape (outputs, inputs)
    b : array_like, shape (outputs,)
    before, after : Affine
        Quantisation of its input and output.
    mode : {"gemmlowp", "ruy", "fp32"}
        Rounding rule of the requantisation.
    per_channel : bool
        One weight scale an output; without it one for the whole matrix.
    relu_after : bool
        Fold a ReLU into the clamp.
    bits : int
        Of the weights, 2 to 8.

    Returns
    -------
    DenseInt8

    Raises
    ------
    ValueError
        Where a bias does not fit int32, or a scale cannot be represented; the message names the channel.
    """
    w, b = np.asarray(w, np.float64), np.asarray(b, np.float64)
    weights = symmetric(w, axis=1 if per_channel else None, bits=bits)
    weight_scale = np.broadcast_to(np.ravel(weights.scale), b.shape).astype(np.float64)
    bias = np.rint(b / (before.scale * weight_scale))
    for j in np.flatnonzero((bias < INT32_MIN) | (bias > INT32_MAX)):
        raise ValueError(
            f"bias {b[j]:g} of output {j} is {bias[j]:g} steps of its accumulator: expected it to fit int32"
        )
    scale = before.scale * weight_scale / after.scale
    for j in np.flatnonzero((scale < 2.0**-126) | (scale >= 2.0**31)):
        raise ValueError(
            f"output {j} is to be scaled by {scale[j]:g}: expected at least 2^-126 and less than 2^31"
        )
    return DenseInt8(
        weights.quantize(w),
        bias.astype(np.int32),
        before,
        after,
        weight_scale,
        mode,
        low=after.zero_point if relu_after else after.low,
        high=after.high,
    )


def quantize_network(network, x, mode="gemmlowp", per_channel=True, bits=8, activation_bits=8, ranges=None):
    """A trained float network as integers, its ranges calibrated on samples.

    Parameters
    ----------
    network : macrame.golden.nn.network.Network
    x : array_like, shape (samples, inputs)
        Calibration samples.
    mode : {"gemmlowp", "ruy", "fp32"}
        Rounding rule of the requantisation.
    per_channel : bool
        One weight scale an output; without it one a layer.
    bits, activation_bits : int
        Of weights and of activations, 2 to 8.
    ranges : list of Affine, optional
        Quantisations of the activations, in place of calibration on `x`.

    Returns
    -------
    NetworkInt8

    Raises
    ------
    ValueError
        As `quantize_dense`.
    """
    ranges = ranges or calibrate(network, x, activation_bits)
    last = len(network.weights) - 1
    return NetworkInt8(
        [
            quantize_dense(w, b, ranges[i], ranges[i + 1], mode, per_channel, i < last, bits)
            for i, (w, b) in enumerate(zip(network.weights, network.biases))
        ]
    )
