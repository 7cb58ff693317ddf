# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Quantisation to int8 or fewer bits: a trained network as integer layers.

A real number x is represented by an integer q with x = scale * (q - zero_point). Weights are symmetric (zero
point 0, in [-127, 127]), one scale per tensor or per channel; activations are asymmetric, their range
measured on calibration samples. With b bits, 2 to 8, integers are those of b bits, stored as int8: [-2^(b-1),
2^(b-1) - 1], and the core only needs other clamps. (Sums are then so small that gemmlowp and ruy, which round
twice, are often one step off: 1 times 0.344 becomes 1. Mode fp32 rounds once, so use it for few bits.) A
dense layer then needs only integers:

    acc = sum_k (qx_k - zx) qw_jk + bias_j         bias_j = round(b_j / (sx sw_j)), int32
    qy  = clamp(requantize(acc, sx sw_j / sy) + zy)

Scales of activations are float32, those of weights float64, and their products are taken in float64
(`macrame.golden.nn.affine` gives the reason). The usual rule gives some channels no scale, or one too small
for their bias; `weight_grid` has the rules for them.

ReLU is the clamp. A sigmoid is a table of integers after the layer, on the host: its input takes the
range it has on the calibration samples, its output the steps 2^-b from 0 on, with zero point -2^(b-1), as in
TFLite.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from macrame.golden.arith.requantize import SCALE_LIMIT, quantize_multiplier, requantize, scale_bits
from macrame.golden.nn import elementary
from macrame.golden.nn.affine import (
    SMALLEST_SCALE,
    Affine,
    NotFinite,
    asymmetric,
    check_finite,
    integer_range,
)

if TYPE_CHECKING:
    from macrame.golden.nn.network import Network

INT8_MIN, INT8_MAX = -128, 127
INT32_MIN, INT32_MAX = -(2**31), 2**31 - 1

MARGIN = 1.0001
"""Factor by which a scale is raised beyond the minimum, as in ONNX Runtime: room for later rounding."""

SATURATED = 2.0**24
"""Output steps. A bias this far beyond the reach of the products gives the same int8 as any larger one."""

LEAST_SCALE = 2.0**-125
"""Smallest requantisation scale in use: a normal float32. Any sum times it rounds to 0."""


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
        Scale and zero point of the core's input and output, before a table.
    weight_scale : numpy.ndarray of float64, shape (outputs,)
        One per channel (all equal if the tensor has one).
    mode : {"gemmlowp", "ruy", "fp32"}
        Rounding rule of the requantisation.
    low, high : int
        Clamp of the output; ReLU is low = output zero point.
    table : numpy.ndarray of int8, optional
        Activation of each output, the lowest first; without it the outputs are the activations.
    """

    weight: NDArray[np.int8]
    bias: NDArray[np.int32]
    input: Affine
    output: Affine
    weight_scale: NDArray[np.float64]
    mode: str
    low: int = INT8_MIN
    high: int = INT8_MAX
    table: NDArray[np.int8] | None = None

    @property
    def activated(self) -> Affine:
        """Quantisation of the activations: that of the output, or of the table's values."""
        return self.output if self.table is None else sigmoid_grid(self.output.bits)

    @property
    def scale(self) -> NDArray[np.float64]:
        """The scale from accumulator to output steps: sx sw / sy, float64, shape (outputs,)."""
        return float(self.input.scale) * self.weight_scale / float(self.output.scale)

    @property
    def multiplier(self) -> NDArray[np.int32]:
        """The multiplier field per channel, int32: Q31, or the bits of the float32 scale in mode fp32."""
        if self.mode == "fp32":
            return scale_bits(self.scale)
        return quantize_multiplier(self.scale)[0]

    @property
    def shift(self) -> NDArray[np.int8]:
        """The shift field per channel, left if positive; 0 in mode fp32; int8."""
        if self.mode == "fp32":
            return np.zeros(len(self.bias), np.int8)
        return quantize_multiplier(self.scale)[1]

    def accumulate(self, x: ArrayLike) -> NDArray[np.int32]:
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

    def activate(self, q: NDArray[np.int8]) -> NDArray[np.int8]:
        """The int8 activations of outputs: looked up in the table, if there is one.

        Parameters
        ----------
        q : numpy.ndarray of int8

        Returns
        -------
        numpy.ndarray of int8
        """
        return q if self.table is None else self.table[np.asarray(q, np.int64) - self.output.low]

    def forward(self, x: ArrayLike) -> NDArray[np.int8]:
        """The int8 outputs of the core.

        Parameters
        ----------
        x : array_like of int8, shape (samples, inputs)

        Returns
        -------
        numpy.ndarray of int8, shape (samples, outputs)
        """
        q = requantize(
            self.accumulate(x),
            self.multiplier,
            self.shift,
            self.output.zero_point,
            self.low,
            self.high,
            self.mode,
        )
        return np.asarray(q, np.int8)  # which it is: the mode is not raw


@dataclass(frozen=True)
class NetworkInt8:
    """A multilayer perceptron in integers.

    Attributes
    ----------
    layers : list of DenseInt8
        The quantisation of each one's activations is the input quantisation of the next.
    """

    layers: list[DenseInt8]

    @property
    def input(self) -> Affine:
        """Quantisation of the network's input."""
        return self.layers[0].input

    @property
    def output(self) -> Affine:
        """Quantisation of the last layer's activations, most often the logits."""
        return self.layers[-1].activated

    def forward(self, x: ArrayLike) -> list[NDArray[np.int8]]:
        """Run int8 inputs through every layer.

        Parameters
        ----------
        x : array_like of int8, shape (samples, inputs)

        Returns
        -------
        list of numpy.ndarray of int8
            The activations of each layer; the last are most often the logits.
        """
        outputs: list[NDArray[np.int8]] = []
        for layer in self.layers:
            outputs.append(layer.activate(layer.forward(outputs[-1] if outputs else x)))
        return outputs

    def predict(self, x: ArrayLike) -> NDArray[np.intp]:
        """Class with the largest int8 logit for each sample, the first of equals.

        Parameters
        ----------
        x : array_like of int8, shape (samples, inputs)

        Returns
        -------
        numpy.ndarray of int
        """
        return self.forward(x)[-1].argmax(axis=1)


def calibrate(network: Network, x: ArrayLike, bits: int = 8, weight_bits: int = 8) -> list[Affine]:
    """Ranges of all activations of a network over calibration samples, as quantisations.

    Parameters
    ----------
    network : macrame.golden.nn.network.Network
    x : array_like, shape (samples, inputs)
        The samples to measure; values outside their range saturate later.
    bits, weight_bits : int
        Of activations and of weights, 2 to 8.

    Returns
    -------
    list of Affine
        For the network's input, then for the output of each layer from the core: after ReLU, if there
        is one, and before a sigmoid. See `activation_grids`.

    Raises
    ------
    NotFinite
        If a parameter or an activation is a NaN or infinite.
    """
    return activation_grids(network, activation_ends(network, x), bits, weight_bits)


def activation_ends(network: Network, x: ArrayLike) -> list[tuple[float, float]]:
    """Smallest and largest value of each input and output tensor of the core in a network, over samples.

    Parameters
    ----------
    network : macrame.golden.nn.network.Network
    x : array_like, shape (samples, inputs)

    Returns
    -------
    list of (float, float)
        For the network's input, then for the output of each layer: after ReLU, before a sigmoid.

    Raises
    ------
    NotFinite
        As `calibrate`.
    """
    check_parameters(network)
    trace = network.forward(x)
    outputs = [np.maximum(z, 0) if a == "relu" else z for z, a in zip(trace.pre, network.activations)]
    return [(float(t.min()), float(t.max())) for t in (trace.inputs[0], *outputs)]


def activation_grids(
    network: Network,
    ends: list[tuple[float, float]],
    bits: int = 8,
    weight_bits: int = 8,
    dtype: DTypeLike = np.float32,
) -> list[Affine]:
    """Quantisations for measured ranges.

    A tensor that is 0 in every sample, such as the output of a dead layer, has a range that does not
    determine its scale. The scale is free, but it is a factor of the next layer's accumulator step, the unit
    of that layer's biases. So it is chosen such that the coarsest step is 1/256 of the next layer's output
    step; it is at least 2^-24 of the largest possible output of the layer before it, so that the
    requantisation scale of that layer stays small.

    Parameters
    ----------
    network : macrame.golden.nn.network.Network
    ends : list of (float, float)
        As `activation_ends` gives them.
    bits, weight_bits : int
        Of activations and of weights, 2 to 8.
    dtype : numpy dtype
        Of the scales.

    Returns
    -------
    list of Affine
        One per range.
    """
    grids: list[Affine] = []
    for i, (low, high) in reversed(list(enumerate(ends))):
        empty = _scale_of_zeros(network, ends, i, weight_bits, grids) if max(-low, high) < 1e-30 else 1.0
        grids.insert(0, asymmetric(low, high, bits, dtype, empty))
    return grids


def _scale_of_zeros(
    network: Network, ends: list[tuple[float, float]], i: int, weight_bits: int, later: list[Affine]
) -> float:
    """Scale of the i-th tensor, 0 in all samples; `later` are the quantisations of the tensors after it."""
    scale = 1.0
    if i < len(network.weights) and (i == 0 or network.activations[i - 1] != "sigmoid"):
        coarsest = _largest(network.weights[i]) / integer_range(weight_bits)[1]
        if coarsest >= SMALLEST_SCALE:
            scale = float(later[0].scale) / 256 / coarsest
        if i:
            weights = np.abs(np.asarray(network.weights[i - 1], np.float64)).sum(axis=1).max(initial=0)
            reach = weights * max(map(abs, ends[i - 1])) + _largest(network.biases[i - 1])
            scale = max(scale, reach / 2**24)
    return min(max(scale, 2.0**-100), 2.0**100)


def sigmoid_grid(bits: int = 8) -> Affine:
    """Quantisation of a sigmoid's values, [0, 1): scale 2^-bits, zero point at the lowest integer.

    Parameters
    ----------
    bits : int
        2 to 8.

    Returns
    -------
    Affine
        Its scale is float32, as that of every activation.
    """
    return Affine(np.float32(2.0**-bits), integer_range(bits)[0], bits)


def sigmoid_table(before: Affine) -> NDArray[np.int8]:
    """The sigmoid of every integer, as integers: round(2^bits / (1 + e^-z)), ties to even, saturated.

    Parameters
    ----------
    before : Affine
        Quantisation of z.

    Returns
    -------
    numpy.ndarray of int8, shape (2^bits,)
        Starting with the lowest integer. In float64 of `macrame.golden.nn.elementary`: the same on every
        machine.

    Examples
    --------
    Of -1, 0 and 1; the steps are 1/256, and 0 means 1/2:

    >>> sigmoid_table(Affine(1.0, 0))[127:130].tolist()
    [-59, 0, 59]
    """
    z = before.dequantize(np.arange(before.low, before.high + 1))
    return sigmoid_grid(before.bits).quantize(elementary.sigmoid(z))


def check_parameters(network: Network) -> None:
    """Reject a network with a weight or bias that is NaN or infinite.

    Parameters
    ----------
    network : macrame.golden.nn.network.Network

    Raises
    ------
    NotFinite
        Naming the parameter, as ``weights[1][0][2]``.
    """
    for name in ("weights", "biases"):
        for i, parameter in enumerate(getattr(network, name)):
            check_finite(f"{name}[{i}]", parameter)


def weight_grid(
    w: ArrayLike,
    b: ArrayLike,
    before: Affine,
    after: Affine,
    per_channel: bool = True,
    bits: int = 8,
) -> tuple[Affine, NDArray[np.int64]]:
    """The grid of a layer's weights, and its biases in steps of the accumulator.

    A weight scale is max |w| / (2^(bits-1) - 1), of a channel or of all, unless

    1. the bias does not fit int32 in steps of sx sw. As in ONNX Runtime's static quantisation
       (``_adjust_weight_scale_for_int32_bias``), sw is raised until it does: to
       sw = 1.0001 |b| / ((2^31 - 1) sx), with the largest |b| where all channels share a scale;
    2. a sum of products and bias could overflow int32 for some input: sw is raised until none can. ONNX
       Runtime lets them wrap;
    3. sx sw / sy is below `LEAST_SCALE`, and so not a normal float32: sw is raised until it is. The output is
       0 either way;
    4. there are no weights (all 0, or below 2^-1022), so only the bias needs a scale: sw is what
       rule 1 gives, which represents the bias as finely as int32 can. Without bias sw is 1, clamped to the
       scales that the requantisation supports.

    Weights whose scale was raised may all round to 0 if they are small compared with the bias. A bias so far
    beyond the output's range that the output always saturates is reduced to one that also saturates;
    otherwise its requantisation scale would exceed a Q31 multiplier.

    Parameters
    ----------
    w : array_like, shape (outputs, inputs)
    b : array_like, shape (outputs,)
    before, after : Affine
        Quantisation of the layer's input and output.
    per_channel : bool
        One scale per output; without it one for the matrix.
    bits : int
        Of the weights, 2 to 8.

    Returns
    -------
    weights : Affine
        Scale float64, of shape (outputs, 1), or a float.
    bias : numpy.ndarray of int64, shape (outputs,)
        round(b / (sx sw)), within int32.

    Raises
    ------
    NotFinite
        If a weight or bias is a NaN or infinite, or a scale would be.
    ValueError
        If the shapes do not fit, or a scale would not be a normal float64.
    """
    check_finite("b", b)
    w, b = np.asarray(w, np.float64), np.asarray(b, np.float64)
    if w.ndim != 2 or not len(w) or b.shape != w.shape[:1]:
        raise ValueError(f"w {w.shape} and b {b.shape}: expected (outputs, inputs) and (outputs,)")
    sx, sy = float(before.scale), float(after.scale)
    most = integer_range(bits)[1]
    reach = max(before.zero_point - before.low, before.high - before.zero_point)
    with np.errstate(over="ignore", invalid="ignore"):
        biases = np.abs(b)
        if biases.max() > SATURATED * sy:
            limit = sx * reach * np.abs(w).sum(axis=1) + SATURATED * sy
            cut: NDArray[np.float64] = np.clip(b, -limit, limit)
            b, biases = cut, np.abs(cut)
        own = np.abs(w).max(axis=1, initial=0) / most
        if not per_channel:
            own, biases = np.full(b.shape, own.max()), np.full(b.shape, biases.max())
        needed = np.maximum(MARGIN * biases / INT32_MAX, LEAST_SCALE * sy) / sx
        scale = np.maximum(own, needed)
        if own.min() < SMALLEST_SCALE:
            idle = (own < SMALLEST_SCALE) & (biases == 0)
            scale[idle] = min(max(1.0, LEAST_SCALE * sy / sx), 2.0**30 * sy / sx)
    while True:
        step = sx * scale
        if not (min(step.min(), scale.min()) >= SMALLEST_SCALE and step.max() < np.inf):
            check_finite("w", w)  # only now, since training computes a grid for every batch
            j = np.flatnonzero(~((np.minimum(step, scale) >= SMALLEST_SCALE) & (step < np.inf)))[0]
            raise (ValueError if np.isfinite(step[j]) else NotFinite)(
                f"weights of output {j} would have the scale {scale[j]:g} after an input scale of {sx:g}: "
                "expected both, and their product, to be normal float64 numbers"
            )
        bias = np.rint(b / step)
        if np.abs(bias).max() + float(w.shape[1]) * most * reach <= INT32_MAX:
            break  # the weights themselves are not needed
        over = largest_sums(np.clip(np.rint(w / scale[:, None]), -most, most), bias, before) / INT32_MAX
        if (over <= 1).all():
            break
        over = over if per_channel else np.full(over.shape, over.max())
        scale = np.where(over > 1, MARGIN * over * scale, scale)
    return Affine(scale[:, None] if per_channel else float(scale[0]), 0, bits), bias.astype(np.int64)


def largest_sums(q: NDArray[np.number], bias: NDArray[np.number], before: Affine) -> NDArray[np.float64]:
    """The largest magnitude that each sum of products and bias can have.

    Parameters
    ----------
    q : numpy.ndarray of integers, shape (outputs, inputs)
        Weights.
    bias : numpy.ndarray of integers, shape (outputs,)
    before : Affine
        Quantisation of the input; all of its integers are possible.

    Returns
    -------
    numpy.ndarray of float64, shape (outputs,)
        Exact.
    """
    low, high = before.low - before.zero_point, before.high - before.zero_point
    plus = np.maximum(q, 0).sum(axis=1, dtype=np.float64)
    minus = np.minimum(q, 0).sum(axis=1, dtype=np.float64)
    return np.maximum(np.abs(high * plus + low * minus + bias), np.abs(low * plus + high * minus + bias))


def quantize_dense(
    w: ArrayLike,
    b: ArrayLike,
    before: Affine,
    after: Affine,
    mode: str = "gemmlowp",
    per_channel: bool = True,
    relu_after: bool = False,
    bits: int = 8,
    sigmoid_after: bool = False,
) -> DenseInt8:
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
        One weight scale per output; without it one for the matrix. See `weight_grid`.
    relu_after : bool
        Fold a ReLU into the clamp.
    bits : int
        Of the weights, 2 to 8.
    sigmoid_after : bool
        Add the table of a sigmoid after the layer.

    Returns
    -------
    DenseInt8

    Raises
    ------
    NotFinite
        If a weight or bias is a NaN or infinite.
    ValueError
        If weights are so large compared with the output's scale that the mode cannot requantise their sums:
        sx sw / sy of 2^31 - 0.5 and more, or a left shift that would overflow int32, for gemmlowp and ruy;
        beyond float32 for fp32. The message names the channel.
    """
    weights, bias = weight_grid(w, b, before, after, per_channel, bits)
    weight_scale = np.broadcast_to(np.ravel(weights.scale), bias.shape).astype(np.float64)
    layer = DenseInt8(
        weights.quantize(w),
        bias.astype(np.int32),
        before,
        after,
        weight_scale,
        mode,
        low=after.zero_point if relu_after else after.low,
        high=after.high,
        table=sigmoid_table(after) if sigmoid_after else None,
    )
    limit = float(np.finfo(np.float32).max) if mode == "fp32" else SCALE_LIMIT
    for j in np.flatnonzero(~((layer.scale >= 2.0**-126) & (layer.scale < limit))):
        raise ValueError(
            f"the scale of output {j} is {layer.scale[j]:g}, expected at least 2^-126 and less "
            f"than {'3.4e38' if mode == 'fp32' else '2^31 - 0.5'}"
        )
    left = np.maximum(layer.shift, 0).astype(np.int64)
    largest = largest_sums(layer.weight, layer.bias, before).astype(np.int64)
    for j in np.flatnonzero(largest << left > INT32_MAX):
        raise ValueError(
            f"the scale of output {j} is {layer.scale[j]:g} and its sums reach {largest[j]}, expected sums "
            f"that fit int32 when shifted left by {left[j]}, or mode fp32"
        )
    return layer


def quantize_network(
    network: Network,
    x: ArrayLike | None,
    mode: str = "gemmlowp",
    per_channel: bool = True,
    bits: int = 8,
    activation_bits: int = 8,
    ranges: list[Affine] | None = None,
) -> NetworkInt8:
    """A trained float network in integers, with ranges calibrated on samples.

    Parameters
    ----------
    network : macrame.golden.nn.network.Network
    x : array_like, shape (samples, inputs)
        Calibration samples; None if `ranges` are given.
    mode : {"gemmlowp", "ruy", "fp32"}
        Rounding rule of the requantisation.
    per_channel : bool
        One weight scale per output; without it one per layer.
    bits, activation_bits : int
        Of weights and of activations, 2 to 8.
    ranges : list of Affine, optional
        Quantisations of the activations, instead of calibration on `x`.

    Returns
    -------
    NetworkInt8

    Raises
    ------
    NotFinite, ValueError
        As `calibrate` and `quantize_dense`.
    """
    check_parameters(network)
    if not ranges:
        if x is None:
            raise ValueError("x is None: expected calibration samples, as there are no ranges")
        ranges = calibrate(network, x, activation_bits, bits)
    layers: list[DenseInt8] = []
    before = ranges[0]
    for w, b, after, name in zip(network.weights, network.biases, ranges[1:], network.activations):
        layer = quantize_dense(
            w, b, before, after, mode, per_channel, name == "relu", bits, name == "sigmoid"
        )
        layers.append(layer)
        before = layer.activated
    return NetworkInt8(layers)


def _largest(values: ArrayLike) -> float:
    """The largest magnitude, 0 if empty; float."""
    return float(np.abs(np.asarray(values, np.float64)).max(initial=0))
