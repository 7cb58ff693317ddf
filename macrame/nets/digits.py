# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""A small convolutional network for the digits: trained in NumPy, quantised to int8, stored in two formats.

    python -m macrame.nets.digits      train it again, and write digits.tflite, digits.onnx and digits.json

digits.onnx has the same integers, without the last layer, and needs the package `onnx` to be read or written.

=====================  ============  ========================================================
layer                  output        operator
=====================  ============  ========================================================
features               1x8x8x8       3x3 convolution, ReLU
depthwise              1x8x8x8       3x3 depthwise convolution, ReLU
pointwise              1x8x8x8       1x1 convolution
residual               1x8x8x8       features + pointwise, ReLU
strided                1x4x4x16      3x3 convolution of stride 2, ReLU
pool                   1x2x2x16      2x2 average
flat                   1x64          reshape
scores                 1x10          fully connected
odds                   1x10          softmax
=====================  ============  ========================================================

Training gives the same bits on every machine, whatever the order in which its BLAS adds: both operands of a
product are rounded to a grid of powers of two, coarse enough that every sum is exact in float64. All other
steps are single IEEE 754 operations.

digits.json has the classes that three networks predict for the held-out images, one digit per image: that
before quantisation ("float"), digits.tflite ("int8") and digits.onnx ("onnx").
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from macrame.errors import InputError
from macrame.files import atomic, digits
from macrame.golden.nn import elementary
from macrame.golden.quantized.windows import Windows
from macrame.host import arguments
from macrame.nets import onnx_model, onnx_reader, onnx_writer, operators, tflite, tflite_writer
from macrame.nets.graph import Graph, Op, Tensor

Real: TypeAlias = NDArray[np.float64]
Weights: TypeAlias = dict[str, Real]

MODEL = Path(__file__).with_name("digits.tflite")
ONNX = MODEL.with_suffix(".onnx")
PREDICTED = MODEL.with_suffix(".json")

TEST_FRACTION, SPLIT_SEED = 0.3, 0  # the split of the problems on training
SEED = 1
EPOCHS = 40
BATCH = 64
RATE = 0.005  # of Adam; falls linearly to 0
DECAY = 0.9, 0.99  # Adam's
TINY = 1e-8

#: Sides, input channels and output channels; depthwise has one input channel per output channel.
SHAPES = {
    "features": (3, 3, 1, 8),
    "depthwise": (3, 3, 1, 8),
    "pointwise": (1, 1, 8, 8),
    "strided": (3, 3, 8, 16),
    "scores": (1, 1, 64, 10),
}
#: Activations whose range is measured; pool and flat have the range of strided.
MEASURED = ("features", "depthwise", "pointwise", "residual", "strided", "scores")

SAME = ((1, 1), (1, 1))
HALF = ((0, 1), (0, 1))  # TFLite's SAME for stride 2 and an even side

#: Bits after the binary point of the operands of products.
_ACTIVATION, _WEIGHT, _GRADIENT = 13, 15, 19


# --- the data -----------------------------------------------------------------------------------------------


def images(pixels: Real) -> NDArray[np.int8]:
    """Pixels in [0, 1], multiples of 1/16, as inputs of the network.

    Parameters
    ----------
    pixels : ndarray, shape (n, 64)

    Returns
    -------
    ndarray of int8, shape (n, 1, 8, 8, 1)
        From -120 (white) to 120: real = (integer + 120) / 240, without any error.

    Raises
    ------
    macrame.errors.InputError
        `pixels` has another shape, or a value that is not a multiple of 1/16 from 0 to 1.
    """
    pixels = np.asarray(pixels)
    if pixels.dtype.kind not in "iuf" or pixels.ndim != 2 or pixels.shape[1] != 64:
        raise InputError(
            f"pixels is {pixels.dtype} of shape {pixels.shape}, expected real numbers of shape (n, 64)"
        )
    bad = pixels[~np.isin(pixels * 16, np.arange(17))]
    if bad.size:
        raise InputError(f"pixels has {bad[0]}, expected multiples of 1/16 from 0 to 1")
    return np.rint(pixels * 240 - 120).astype(np.int8).reshape(-1, 1, 8, 8, 1)


@lru_cache(maxsize=1)
def held_out() -> tuple[NDArray[np.int8], NDArray[np.integer]]:
    """The images that were not used for training, as inputs, and their labels.

    Returns
    -------
    x : ndarray of int8, shape (540, 1, 8, 8, 1)
    labels : ndarray of int, shape (540,)
    """
    pixels, labels = digits.load(TEST_FRACTION, SPLIT_SEED)[1]
    return images(np.asarray(pixels, np.float64)), labels


def predicted() -> dict[str, NDArray[np.int64]]:
    """The stored predictions for the held-out images, by "float", "int8" and "onnx"."""
    stored = json.loads(PREDICTED.read_text())
    return {name: np.array([int(digit) for digit in text]) for name, text in stored.items()}


# --- the network before quantisation ------------------------------------------------------------------------


def _exact(values: Real, bits: int) -> Real:
    """Round to multiples of 2^-bits."""
    return np.rint(values * 2.0**bits) * 2.0**-bits


def _checked(a: Real, b: Real, terms: int, bits: int) -> None:
    """Check that sums of that many products of multiples of 2^-bits are exact in any order."""
    largest = float(np.abs(a).max()) * float(np.abs(b).max()) * terms
    assert largest * 2.0**bits <= 2.0**53, (largest, terms, bits)


def _product(a: Real, b: Real, bits: int) -> Real:
    """A product of matrices on such grids."""
    _checked(a, b, a.shape[1], bits)
    return a @ b


def _windows(kernel: int, stride: int = 1) -> Windows:
    padding = ((0, 0), (0, 0)) if kernel == 1 else SAME if stride == 1 else HALF
    return Windows((kernel, kernel), (stride, stride), (1, 1), padding)


def _scatter(cells: Real, shape: tuple[int, ...], kernel: int, stride: int) -> Real:
    """The gradient of an image from that of its 3 x 3 windows, (N, H, W, 3, 3, C)."""
    n, height, width, channels = shape
    (top, bottom), (left, right) = _windows(kernel, stride).padding
    padded = np.zeros((n, height + top + bottom, width + left + right, channels))
    rows, cols = (stride * side for side in cells.shape[1:3])
    for i in range(kernel):
        for j in range(kernel):
            padded[:, i : i + rows : stride, j : j + cols : stride] += cells[:, :, :, i, j]
    return padded[:, top : top + height, left : left + width]


def _gather(x: Real, kernel: int, stride: int) -> Real:
    """Windows of an image, (N, H, W, kernel, kernel, C)."""
    (top, bottom), (left, right) = _windows(kernel, stride).padding
    padded = np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)))
    found = np.lib.stride_tricks.sliding_window_view(padded, (kernel, kernel), (1, 2))
    return found[:, ::stride, ::stride].transpose(0, 1, 2, 4, 5, 3)


class _Conv:
    """A convolution, and what it remembers of its input."""

    def __init__(self, name: str, weights: Weights, stride: int = 1) -> None:
        self.name, self.stride, self.kernel = name, stride, SHAPES[name][0]
        self.w, self.b = _exact(weights[name], _WEIGHT), weights[f"{name} bias"]

    def forward(self, x: Real) -> Real:
        self.shape = x.shape
        cells = _gather(_exact(x, _ACTIVATION), self.kernel, self.stride)
        self.sides = cells.shape[:3]
        self.rows = np.ascontiguousarray(cells).reshape(int(np.prod(self.sides)), -1)
        w = self.w.reshape(-1, self.w.shape[3])
        return _product(self.rows, w, _ACTIVATION + _WEIGHT).reshape(*self.sides, -1) + self.b

    def backward(self, dz: Real, gradients: Weights) -> Real:
        dz = _exact(dz, _GRADIENT).reshape(len(self.rows), -1)
        gradients[f"{self.name} bias"] = dz.sum(axis=0)
        products = _product(self.rows.T, dz, _ACTIVATION + _GRADIENT)
        gradients[self.name] = products.reshape(self.w.shape)
        cells = _product(dz, self.w.reshape(-1, self.w.shape[3]).T, _GRADIENT + _WEIGHT)
        cells = cells.reshape(*self.sides, self.kernel, self.kernel, -1)
        return _scatter(cells, self.shape, self.kernel, self.stride)


class _Depthwise(_Conv):
    """A depthwise convolution."""

    def forward(self, x: Real) -> Real:
        self.shape = x.shape
        self.cells = _gather(_exact(x, _ACTIVATION), self.kernel, self.stride)
        _checked(self.cells, self.w, self.kernel**2, _ACTIVATION + _WEIGHT)
        return (self.cells * self.w[:, :, 0]).sum(axis=(3, 4)) + self.b

    def backward(self, dz: Real, gradients: Weights) -> Real:
        dz = _exact(dz, _GRADIENT)
        gradients[f"{self.name} bias"] = dz.sum(axis=(0, 1, 2))
        _checked(self.cells, dz, dz[..., 0].size, _ACTIVATION + _GRADIENT)
        spread = dz[:, :, :, np.newaxis, np.newaxis]
        gradients[self.name] = (self.cells * spread).sum(axis=(0, 1, 2))[:, :, np.newaxis]
        return _scatter(spread * self.w[:, :, 0], self.shape, self.kernel, self.stride)


class _Float:
    """The network before quantisation."""

    def __init__(self, weights: Weights) -> None:
        self.features = _Conv("features", weights)
        self.depthwise = _Depthwise("depthwise", weights)
        self.pointwise = _Conv("pointwise", weights)
        self.strided = _Conv("strided", weights, 2)
        self.scores = _Conv("scores", weights)

    def forward(self, pixels: Real) -> dict[str, Real]:
        """All activations, by name."""
        y = {"features": np.maximum(self.features.forward(pixels.reshape(-1, 8, 8, 1)), 0)}
        y["depthwise"] = np.maximum(self.depthwise.forward(y["features"]), 0)
        y["pointwise"] = self.pointwise.forward(y["depthwise"])
        y["residual"] = np.maximum(y["features"] + y["pointwise"], 0)
        y["strided"] = np.maximum(self.strided.forward(y["residual"]), 0)
        s = y["strided"]
        pool = (s[:, ::2, ::2] + s[:, ::2, 1::2] + s[:, 1::2, ::2] + s[:, 1::2, 1::2]) / 4
        y["scores"] = self.scores.forward(pool.reshape(-1, 1, 1, 64))[:, 0, 0]
        return y

    def backward(self, y: Mapping[str, Real], dz: Real) -> Weights:
        """The gradients of all weights, from that of the scores."""
        found: Weights = {}
        d = self.scores.backward(dz, found).reshape(-1, 2, 2, 16) / 4
        d = d.repeat(2, axis=1).repeat(2, axis=2) * (y["strided"] > 0)
        residual = self.strided.backward(d, found) * (y["residual"] > 0)
        d = self.pointwise.backward(residual, found) * (y["depthwise"] > 0)
        d = self.depthwise.backward(d, found) + residual
        self.features.backward(d * (y["features"] > 0), found)
        return found


def start(random: np.random.RandomState) -> Weights:
    """Uniform weights with the variance 2 / inputs, and no bias."""
    found: Weights = {}
    for name, shape in SHAPES.items():
        limit = np.sqrt(6 / (shape[0] * shape[1] * shape[2]))
        found[name] = (2 * random.random_sample(shape) - 1) * limit
        found[f"{name} bias"] = np.zeros(shape[3])
    return found


def train(epochs: int = EPOCHS) -> Weights:
    """Train with Adam on the cross-entropy, and an image shifted by up to a pixel in each batch.

    Parameters
    ----------
    epochs : int

    Returns
    -------
    dict of str to ndarray
        Weights and biases by layer.
    """
    (x, labels), _ = digits.load(TEST_FRACTION, SPLIT_SEED)
    pixels = np.asarray(x, np.float64).reshape(-1, 8, 8)
    random = np.random.RandomState(SEED)
    weights = start(random)
    first = {name: np.zeros_like(w) for name, w in weights.items()}
    second = {name: np.zeros_like(w) for name, w in weights.items()}
    steps, step, powers = epochs * (len(pixels) // BATCH), 0, [1.0, 1.0]
    for _ in range(epochs):
        order = random.permutation(len(pixels))
        for at in range(0, len(pixels) - BATCH + 1, BATCH):
            batch = order[at : at + BATCH]
            network = _Float(weights)
            y = network.forward(_shifted(pixels[batch], random))
            dz = elementary.softmax(y["scores"])[0]
            dz[np.arange(BATCH), labels[batch]] -= 1
            gradients = network.backward(y, dz)
            powers = [power * decay for power, decay in zip(powers, DECAY)]
            rate = RATE * (1 - step / steps)
            for name, gradient in gradients.items():
                g = gradient / BATCH
                first[name] = DECAY[0] * first[name] + (1 - DECAY[0]) * g
                second[name] = DECAY[1] * second[name] + (1 - DECAY[1]) * (g * g)
                size = np.sqrt(second[name] / (1 - powers[1])) + TINY
                weights[name] = weights[name] - rate * (first[name] / (1 - powers[0])) / size
            step += 1
    return {name: _exact(w, _WEIGHT) for name, w in weights.items()}


def _shifted(pixels: Real, random: np.random.RandomState) -> Real:
    """Half of the images, each moved by up to one pixel in both directions."""
    moved = pixels.copy()
    for i, (row, col, keep) in enumerate(random.randint(0, (3, 3, 2), (len(pixels), 3))):
        if not keep:
            moved[i] = np.pad(pixels[i], 1)[row : row + 8, col : col + 8]
    return moved


# --- quantisation -------------------------------------------------------------------------------------------


class _Quantised:
    """A graph under construction."""

    def __init__(self, weights: Weights, ranges: Mapping[str, tuple[float, float]]) -> None:
        self.weights = weights
        self.tensors: list[Tensor] = []
        self.ops: list[Op] = []
        self.grids: dict[str, tuple[float, int]] = {"image": (1 / 240, -120), "odds": (1 / 256, -128)}
        for name, (low, high) in ranges.items():
            low, high = min(low, 0.0), max(high, 0.0)
            scale = float(np.float32((high - low) / 255))
            self.grids[name] = scale, int(np.rint(-128 - low / scale))
        self.grids["pool"] = self.grids["flat"] = self.grids["strided"]

    def tensor(self, name: str, shape: tuple[int, ...]) -> int:
        """Add an activation; returns its index."""
        scale, zero = self.grids[name]
        return self._add(name, shape, np.array([scale]), zero)

    def _add(
        self,
        name: str,
        shape: tuple[int, ...],
        scale: Real,
        zero: int = 0,
        data: NDArray[Any] | None = None,
        axis: int = 0,
    ) -> int:
        dtype = np.dtype(np.int8) if data is None else data.dtype
        zeros = np.full(len(scale), zero, np.int64)
        self.tensors.append(Tensor(name, shape, dtype, scale.astype(np.float32), zeros, axis, data))
        return len(self.tensors) - 1

    def op(self, kind: str, inputs: tuple[int, ...], output: int, **attributes: Any) -> int:
        """Add an operator; returns the index of its output."""
        self.ops.append(Op(kind, self.tensors[output].name, inputs, (output,), attributes))
        return output

    def layer(
        self, kind: str, name: str, x: int, shape: tuple[int, ...], activation: str = "none", stride: int = 1
    ) -> int:
        """Add a layer with weights."""
        w, b = self.weights[name], self.weights[f"{name} bias"]
        if kind == "fully_connected":
            w, axis = w[0, 0].T, 0
        elif kind == "conv":
            w, axis = w.transpose(3, 0, 1, 2), 0
        else:
            w, axis = w.transpose(2, 0, 1, 3), 3
        others = tuple(i for i in range(w.ndim) if i != axis or kind == "fully_connected")
        largest = np.abs(w).max(axis=others, keepdims=True)
        scale = (largest / 127).astype(np.float32).astype(np.float64)
        data = np.clip(np.rint(w / scale), -127, 127).astype(np.int8)
        filters = self._add(f"{name} weights", data.shape, scale.reshape(-1), 0, data, axis)
        units = (scale.reshape(-1).astype(np.float32) * self.tensors[x].scale).astype(np.float64)
        bias = np.rint(b / units).astype(np.int32)
        biases = self._add(f"{name} bias", bias.shape, units, 0, bias)
        y = self.tensor(name, shape)
        if kind == "fully_connected":
            more: dict[str, Any] = {"keep_dims": False}
        else:
            windows = _windows(SHAPES[name][0], stride)
            more = {"stride": windows.stride, "dilation": (1, 1), "padding": windows.padding}
            more |= {"groups": 1} if kind == "conv" else {"multiplier": 1}
        return self.op(kind, (x, filters, biases), y, activation=activation, **more)

    def graph(self) -> Graph:
        """The network."""
        wide, half, quarter = (1, 8, 8, 8), (1, 4, 4, 16), (1, 2, 2, 16)
        image = self.tensor("image", (1, 8, 8, 1))
        features = self.layer("conv", "features", image, wide, "relu")
        y = self.layer("depthwise", "depthwise", features, wide, "relu")
        y = self.layer("conv", "pointwise", y, wide)
        y = self.op("add", (features, y), self.tensor("residual", wide), activation="relu")
        y = self.layer("conv", "strided", y, half, "relu", 2)
        pool = {"kernel": (2, 2), "stride": (2, 2), "padding": ((0, 0), (0, 0)), "activation": "none"}
        y = self.op("average_pool", (y,), self.tensor("pool", quarter), **pool)
        y = self.op("reshape", (y,), self.tensor("flat", (1, 64)), shape=(1, 64))
        y = self.layer("fully_connected", "scores", y, (1, 10))
        y = self.op("softmax", (y,), self.tensor("odds", (1, 10)), beta=1.0)
        return Graph("digits", "tflm", tuple(self.tensors), tuple(self.ops), (image,), (y,))


def quantised(weights: Weights) -> Graph:
    """The network in int8, with the ranges that its activations have on the training images.

    The convolutions have a scale per output channel, the fully connected layer has one.

    Parameters
    ----------
    weights : dict of str to ndarray
        See `train`.

    Returns
    -------
    Graph
    """
    (x, _), _ = digits.load(TEST_FRACTION, SPLIT_SEED)
    y = _Float(weights).forward(np.asarray(x, np.float64))
    return _Quantised(weights, {n: (float(y[n].min()), float(y[n].max())) for n in MEASURED}).graph()


def batch(graph: Graph, count: int) -> Graph:
    """The network for several images at once.

    Parameters
    ----------
    graph : Graph
    count : int

    Returns
    -------
    Graph
        With `count` as the first dimension of all activations.
    """
    count = arguments.count("count", count)
    tensors = (t if t.data is not None else replace(t, shape=(count, *t.shape[1:])) for t in graph.tensors)
    return replace(graph, tensors=tuple(tensors))


def golden(graph: Graph, image: NDArray[np.int8]) -> dict[int, NDArray[Any]]:
    """Every tensor of the network for an image, by the golden model.

    Parameters
    ----------
    graph : Graph
    image : ndarray of int8, shape (1, 8, 8, 1)
        Or (n, 8, 8, 1), with the graph of a `batch`.

    Returns
    -------
    dict of int to ndarray
        By index of the tensor; constants included.

    Raises
    ------
    macrame.errors.InputError
        `image` has another dtype or shape.
    """
    graph.check_inputs([image])
    values = {i: t.data for i, t in enumerate(graph.tensors) if t.data is not None}
    values[graph.inputs[0]] = image
    operators.evaluate_all(graph, graph.ops, values)
    return values


def classes(graph: Graph) -> NDArray[np.integer]:
    """The classes that a network predicts for the held-out images, by the golden model."""
    images = held_out()[0][:, 0]
    return golden(batch(graph, len(images)), images)[graph.outputs[0]].argmax(axis=1)


def model(graph: Graph) -> onnx_model.Model:
    """digits.onnx, from the graph of digits.tflite."""
    return onnx_writer.lower(graph)


def made() -> tuple[bytes, str]:
    """Train and quantise the network, and predict the held-out images.

    Returns
    -------
    bytes
        Of digits.tflite.
    str
        digits.json.
    """
    weights = train()
    data = tflite_writer.encode(tflite_writer.lower(quantised(weights)))
    graph = tflite.parse(MODEL.name, data, "digits")
    pixels = np.asarray(digits.load(TEST_FRACTION, SPLIT_SEED)[1][0], np.float64)
    found = {
        "float": _Float(weights).forward(pixels)["scores"].argmax(axis=1),
        "int8": classes(graph),
        "onnx": classes(onnx_reader.parse(ONNX.name, model(graph))),
    }
    text = {name: "".join(map(str, predictions)) for name, predictions in found.items()}
    return data, json.dumps(text, indent=0) + "\n"


def main() -> None:
    """Write digits.tflite, digits.onnx and digits.json."""
    onnx_model.encode(model(tflite.read(MODEL)))  # first, since it needs the package
    data, text = made()
    other = onnx_model.encode(model(tflite.parse(MODEL.name, data, "digits")))
    atomic.write_files({MODEL: data, ONNX: other, PREDICTED: text.encode()})
    labels = held_out()[1]
    correct = {name: int((found == labels).sum()) for name, found in predicted().items()}
    print(
        f"{len(data):,} and {len(other):,} bytes; of {len(labels)} held-out images {correct['float']} are "
        f"correct before quantisation, {correct['int8']} and {correct['onnx']} after it"
    )


if __name__ == "__main__":
    main()
