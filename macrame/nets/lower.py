# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Operators as products on the core.

A `Job` is one product A x W and where its results go. A is not stored: an `Operand` says how it is gathered
from the operator's input, by the windows of a convolution over some channels. The jobs of an operator have
one of these forms:

=======  ====================================  ==============================  ==================
form     rows of A                             W                               columns
=======  ====================================  ==============================  ==================
matrix   the rows of the input                 the weights                     outputs
windows  windows over the channels of a group  the weights of the group        output channels
blocks   windows over some channels            the weights of each channel in  output channels
                                               its own rows, zero elsewhere
patches  windows around several output pixels  the same for each of the        output pixels and
                                               pixels, at its place            channels
image    one row of constants                  the image                       channels
=======  ====================================  ==============================  ==================

A depthwise convolution and an average have little to do per channel: blocks and patches keep only a part of
the array busy. `lower` picks the form with the fewest cycles, by the exact model of `macrame.golden.cycles`.

The core multiplies int8. uint8 activations are sent with their top bit inverted, which subtracts 128, and the
zero points are 128 less. Weights less their zero point may need nine bits: what exceeds int8 is in rows of
its own below the others, and the columns of A that belong to them are sent again.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from macrame.contract import CoreConfig
from macrame.golden import cycles
from macrame.golden.arith.requantize import quantize_multiplier, scale_bits
from macrame.golden.quantized import onnxruntime, pooling
from macrame.golden.quantized.layers import QuantisedLayer
from macrame.golden.quantized.ranges import activation_range
from macrame.golden.quantized.windows import Windows
from macrame.host import tiling
from macrame.nets import operators
from macrame.nets.graph import Graph, Op

Int8 = NDArray[np.int8]
Bytes = NDArray[Any]
Shape: TypeAlias = tuple[int, ...]
Sizes: TypeAlias = tuple[tuple[int, int, int], ...]
#: A form, the sizes of its products, and a function that makes them.
Candidate: TypeAlias = tuple[str, Sizes, Callable[[], list["Job"]]]

EVERYTHING = slice(None)
NONE = np.zeros(0, np.intp)

#: Estimated cycles of an operator below which the exact model is asked about every form.
SMALL = 2000


@dataclass(frozen=True)
class Operand:
    """How the rows of A are gathered from an image.

    Attributes
    ----------
    windows : Windows
    fill : int
        Value of the cells outside the image.
    """

    windows: Windows
    fill: int

    def gather(self, x: Int8) -> Int8:
        """A, shape (windows, values per window), from an image (N, H, W, C)."""
        cells = self.windows.gather(x, self.fill)
        return cells.reshape(-1, int(np.prod(cells.shape[3:])))


@dataclass(frozen=True)
class Job:
    """A product, and where its results go.

    Attributes
    ----------
    sizes : (int, int, int)
        M, K and N.
    operand : Operand or None
        None if no windows are gathered.
    weights : ndarray of int8, shape (K, N)
        In the form image the constants, shape (M, K).
    layer : QuantisedLayer
        Of the N columns.
    source : tuple of slice
        The part of the input that is used.
    target : tuple of slice
        The part of the output that is computed.
    tile : (int, int)
        Rows and columns of output pixels in a row of results.
    image : bool
        The input is W, one column per channel.
    again : ndarray of int
        Columns of A that follow the others once more, for the rest of their weights.
    """

    sizes: tuple[int, int, int]
    operand: Operand | None
    weights: Int8
    layer: QuantisedLayer
    source: tuple[slice, ...] = ()
    target: tuple[slice, ...] = ()
    tile: tuple[int, int] = (1, 1)
    image: bool = False
    again: NDArray[np.intp] = field(default_factory=lambda: NONE)

    def matrices(self, x: Bytes) -> tuple[Int8, Int8]:
        """A and W for the values of the operator's input, int8 or uint8."""
        part = inverted(x[self.source]) if x.dtype == np.uint8 else x[self.source]
        if self.image:
            return self.weights, np.ascontiguousarray(part.reshape(-1, part.shape[-1]))
        if self.operand is None:
            a = part.reshape(-1, len(self.weights) - len(self.again))
        else:
            a = self.operand.gather(part)
        return (np.concatenate([a, a[:, self.again]], axis=1) if len(self.again) else a), self.weights

    def place(self, out: Bytes, result: Int8) -> None:
        """Write the results, shape (M, N), to the operator's output, int8 or uint8."""
        if out.dtype == np.uint8:
            result = inverted(result)
        part = out[self.target]
        if self.operand is None:
            part[...] = result.reshape(part.shape)
            return
        n, height, width = part.shape[:3]
        rows, cols = self.tile
        tall, wide = -(-height // rows), -(-width // cols)
        pixels = result.reshape(n, tall, wide, rows, cols, -1).transpose(0, 1, 3, 2, 4, 5)
        part[...] = pixels.reshape(n, tall * rows, wide * cols, -1)[:, :height, :width]


def inverted(values: Bytes) -> Bytes:
    """uint8 less 128 as int8, or int8 plus 128 as uint8: the top bit inverted."""
    return (values.view(np.uint8) ^ np.uint8(128)).view(np.int8 if values.dtype == np.uint8 else np.uint8)


@dataclass(frozen=True)
class Lowered:
    """An operator as products.

    Attributes
    ----------
    form : str
        One of the table above; patches with the pixels of a row.
    jobs : tuple of Job
    macs : int
        Multiply-accumulates that the operator itself needs.
    cycles : int
        Predicted for all jobs in one transfer.
    stream_bytes : int
        Of all jobs, see the function of that name.
    """

    form: str
    jobs: tuple[Job, ...]
    macs: int
    cycles: int
    stream_bytes: int


# --- cycles -------------------------------------------------------------------------------------------------


def panels(
    sizes: Sequence[tuple[int, int, int]], config: CoreConfig
) -> tuple[list[cycles.WeightPanel], list[cycles.ActivationPanel]]:
    """The panels that `macrame.host.tiling` sends for products of these sizes, none of them raw.

    Parameters
    ----------
    sizes : sequence of (int, int, int)
        M, K and N of each product.
    config : CoreConfig

    Returns
    -------
    list of WeightPanel, list of ActivationPanel
    """
    weights: list[cycles.WeightPanel] = []
    activations: list[cycles.ActivationPanel] = []
    for m, k, n in sizes:
        cut = [-(-(stop - start) // config.depth) for start, stop in tiling.chunks(k, config)]
        rows, columns = -(-m // config.rows), -(-n // config.cols)
        if len(cut) == 1:
            weights += [cycles.WeightPanel(cut[0], raw=False)] * columns
            use = [cycles.ActivationPanel()] * (rows - 1) + [cycles.ActivationPanel(release=True)]
            activations += use * columns
        else:
            weights += [cycles.WeightPanel(part, raw=False) for part in cut] * (rows * columns)
            use = [cycles.ActivationPanel(release=True, keep=True)] * (len(cut) - 1)
            activations += [*use, cycles.ActivationPanel(release=True)] * (rows * columns)
    return weights, activations


def stream_bytes(sizes: Sequence[tuple[int, int, int]], config: CoreConfig) -> int:
    """Bytes of weights, activations and results on the streams for products of these sizes, none of them raw.

    Parameters
    ----------
    sizes : sequence of (int, int, int)
        M, K and N of each product.
    config : CoreConfig

    Returns
    -------
    int
        Padding included; of results, the bytes with tkeep set.
    """
    total = 0
    for m, k, n in sizes:
        weights, activations = panels([(m, k, n)], config)
        tiles = -(-m // config.rows) * -(-n // config.cols)
        chunks = len(activations) // tiles  # activation panels of a tile
        slices = sum(panel.slices for panel in weights[:chunks])
        beats = sum(panel.slices + geometry(config).record_beats for panel in weights)
        total += config.lane_bytes * (config.cols * beats + config.rows * tiles * slices)
        total += tiles * config.rows * config.cols
    return total


def geometry(config: CoreConfig) -> cycles.Geometry:
    """The parameters of a core that determine its timing."""
    return cycles.Geometry(
        config.rows,
        config.cols,
        config.depth,
        config.post_lanes,
        config.fifo_depth,
        config.formats,
        config.post_cycles,
    )


@functools.lru_cache(maxsize=4096)
def predict(sizes: tuple[tuple[int, int, int], ...], config: CoreConfig) -> int:
    """Cycles of products of these sizes in one transfer.

    Parameters
    ----------
    sizes : tuple of (int, int, int)
        M, K and N of each product.
    config : CoreConfig

    Returns
    -------
    int
    """
    return cycles.predict(geometry(config), *panels(sizes, config)).cycles


def estimate(sizes: Sequence[tuple[int, int, int]], config: CoreConfig) -> float:
    """Roughly the same, in a fraction of the time: to drop candidates that are far from the best."""
    total = 0.0
    for m, k, n in sizes:
        slices, rows, columns = -(-k // config.depth), -(-m // config.rows), -(-n // config.cols)
        record = geometry(config).record_beats
        tile = max(slices, config.rows * -(-config.cols // config.post_lanes))
        total += columns * max(rows * tile, record + slices)
    return total


# --- operators ----------------------------------------------------------------------------------------------


def lower(graph: Graph, op: Op, config: CoreConfig) -> Lowered | None:
    """An operator as products on a core.

    Parameters
    ----------
    graph : Graph
    op : Op
    config : CoreConfig

    Returns
    -------
    Lowered or None
        None if the operator is not a product.
    """
    found = list(candidates(graph, op, config))
    ranked = sorted((estimate(sizes, config), sizes, i) for i, (_, sizes, _) in enumerate(found))
    if not ranked:
        return None
    likely = ranked if ranked[0][0] < SMALL else [c for c in ranked[:8] if c[0] <= 1.5 * ranked[0][0]]
    close = [(predict(sizes, config), i) for _, sizes, i in likely]
    taken, index = min(close)
    form, sizes, make = found[index]
    return Lowered(form, tuple(make()), macs(graph, op), taken, stream_bytes(sizes, config))


def macs(graph: Graph, op: Op) -> int:
    """Multiply-accumulates of an operator, or additions of an average; 0 for any other."""
    out = graph.output(op).shape
    if op.kind == "mean":
        return int(np.prod(graph.input(op).shape))
    if op.kind == "average_pool":
        return int(np.prod(out)) * int(np.prod(op.attributes["kernel"]))
    if op.kind not in operators.WEIGHTED:
        return 0
    weights = graph.input(op, 1).shape
    return int(np.prod(out)) * int(np.prod(weights[1:3] if op.kind == "depthwise" else weights[1:]))


def candidates(graph: Graph, op: Op, config: CoreConfig) -> Iterator[Candidate]:
    """Every form that an operator has on a core; none if it is not a product."""
    if op.kind not in (*operators.WEIGHTED, "average_pool", "mean"):
        return
    x = graph.input(op).shape
    out = graph.output(op).shape
    if op.kind == "fully_connected":
        layer = int8_layer(graph, op)
        matrix, again = _split(operators.weights_of(graph, op).T)
        size = (int(np.prod(x)) // (len(matrix) - len(again)), matrix.shape[0], matrix.shape[1])
        yield "matrix", (size,), lambda: [Job(size, None, matrix, layer, again=again)]
    elif op.kind == "conv":
        yield _windows(graph, op, out)
    elif op.kind == "depthwise":
        layer, windows = int8_layer(graph, op), operators.windows_of(graph, op)
        w = operators.weights_of(graph, op)
        yield from _per_channel(windows, w[0], layer, x, out, op.attributes["multiplier"], config)
    elif op.kind == "average_pool":
        if graph.runtime == "tflm":  # ONNX Runtime adds float32 numbers
            yield from _average(graph, op, x, out, config)
    else:
        yield from _mean(graph, op, x)


def int8_layer(graph: Graph, op: Op) -> QuantisedLayer:
    """The layer of an operator, on int8."""
    return operators.layer_of(graph, op).as_int8(graph.input(op).dtype == np.uint8)


def _fits(w: NDArray[np.integer]) -> bool:
    return bool(w.min(initial=0) >= -128 and w.max(initial=0) <= 127)


def _split(w: NDArray[np.integer]) -> tuple[Int8, NDArray[np.intp]]:
    """Weights as int8, with rows below them that add what exceeds int8.

    Parameters
    ----------
    w : ndarray of int, shape (K, N)
        In -255..255.

    Returns
    -------
    weights : ndarray of int8, shape (K + R, N)
    again : ndarray of int, shape (R,)
        The rows that the last R rows belong to.
    """
    parts: list[NDArray[np.integer]] = [np.clip(w, -128, 127)]
    again = [NONE]
    rest = w - parts[0]
    while rest.any():
        rows = np.flatnonzero(rest.any(axis=1))
        parts.append(np.clip(rest[rows], -128, 127))
        again.append(rows)
        rest[rows] -= parts[-1]
    return np.ascontiguousarray(np.concatenate(parts).astype(np.int8)), np.concatenate(again)


def _windows(graph: Graph, op: Op, out: Shape) -> Candidate:
    """A convolution: one product per group."""
    w, layer = operators.weights_of(graph, op), int8_layer(graph, op)
    windows, groups = operators.windows_of(graph, op), op.attributes.get("groups", 1)
    inputs, outputs = w.shape[3], w.shape[0] // groups
    own = [slice(g * outputs, (g + 1) * outputs) for g in range(groups)]
    split = [_split(w[part].reshape(outputs, -1).T) for part in own]
    sizes = tuple((int(np.prod(out[:3])), *weights.shape) for weights, _ in split)

    def make() -> list[Job]:
        return [
            Job(
                sizes[g],
                Operand(windows, layer.input_zero_point),
                split[g][0],
                layer[own[g]],
                (EVERYTHING, EVERYTHING, EVERYTHING, slice(g * inputs, (g + 1) * inputs)),
                (EVERYTHING, EVERYTHING, EVERYTHING, own[g]),
                again=split[g][1],
            )
            for g in range(groups)
        ]

    return "windows", sizes, make


def _per_channel(
    windows: Windows,
    w: NDArray[np.integer],
    layer: QuantisedLayer,
    x: Shape,
    out: Shape,
    multiplier: int,
    config: CoreConfig,
    source: tuple[slice, ...] = (),
    target: tuple[slice, ...] = (),
) -> Iterator[Candidate]:
    """blocks and patches, for every shape of patch that the columns hold.

    Parameters
    ----------
    windows : Windows
    w : ndarray of int, shape (KH, KW, outputs)
    layer : QuantisedLayer
    x, out : tuple of int
        Shapes of the parts of input and output.
    multiplier : int
        Output channels per input channel.
    config : CoreConfig
    source, target : tuple of slice
        These parts.
    """
    for rows in range(1, min(out[1], config.cols) + 1):
        for wide in range(1, min(out[2], config.cols // rows) + 1):
            tile = rows, wide
            share = max(1, config.cols // (rows * wide * multiplier))  # channels of a product
            patch = _patch(windows, x, out, tile)
            m = out[0] * -(-out[1] // rows) * -(-out[2] // wide)
            cells = patch.kernel[0] * patch.kernel[1]
            parts = [slice(first, min(first + share, x[3])) for first in range(0, x[3], share)]
            counts = [part.stop - part.start for part in parts]
            more = [0] * len(parts)
            if not _fits(w):
                blocks = (_weights(windows, patch, w, multiplier, tile, part) for part in parts)
                more = [len(_split(block)[1]) for block in blocks]
            sizes = tuple(
                (m, cells * count + extra, rows * wide * count * multiplier)
                for count, extra in zip(counts, more)
            )

            def make(
                patch: Windows = patch,
                tile: tuple[int, int] = tile,
                parts: Sequence[slice] = parts,
                sizes: Sizes = sizes,
            ) -> list[Job]:
                return [
                    _block(size, windows, patch, w, layer, multiplier, tile, part, source, target)
                    for size, part in zip(sizes, parts)
                ]

            yield "blocks" if tile == (1, 1) else f"patches {rows}x{wide}", sizes, make


def _patch(windows: Windows, x: Shape, out: Shape, tile: tuple[int, int]) -> Windows:
    """Windows that hold the windows of `tile` output pixels each."""
    if tile == (1, 1):
        return windows
    kernel, stride, padding = [], [], []
    for axis in (0, 1):
        reach = (windows.kernel[axis] - 1) * windows.dilation[axis] + 1
        size = reach + (tile[axis] - 1) * windows.stride[axis]
        step = tile[axis] * windows.stride[axis]
        before = windows.padding[axis][0]
        count = -(-out[1 + axis] // tile[axis])
        kernel.append(size)
        stride.append(step)
        padding.append((before, max(0, (count - 1) * step + size - before - x[1 + axis])))
    return Windows((kernel[0], kernel[1]), (stride[0], stride[1]), (1, 1), (padding[0], padding[1]))


def _weights(
    windows: Windows,
    patch: Windows,
    w: NDArray[np.integer],
    multiplier: int,
    tile: tuple[int, int],
    channels: slice,
) -> NDArray[np.int64]:
    """The weights of some input channels, each in its own rows and columns."""
    count = channels.stop - channels.start
    own = slice(channels.start * multiplier, channels.stop * multiplier)
    stride, dilation = (windows.stride, windows.dilation) if tile != (1, 1) else ((1, 1), (1, 1))
    matrix = np.zeros((*patch.kernel, count, *tile, count * multiplier), np.int64)
    outputs = np.arange(count * multiplier)
    for r, c, i, j in np.ndindex(*tile, *windows.kernel):
        down, right = r * stride[0] + i * dilation[0], c * stride[1] + j * dilation[1]
        matrix[down, right, outputs // multiplier, r, c, outputs] = w[i, j, own]
    return matrix.reshape(int(np.prod(matrix.shape[:3])), -1)


def _block(
    size: tuple[int, int, int],
    windows: Windows,
    patch: Windows,
    w: NDArray[np.integer],
    layer: QuantisedLayer,
    multiplier: int,
    tile: tuple[int, int],
    channels: slice,
    source: tuple[slice, ...],
    target: tuple[slice, ...],
) -> Job:
    """The product of some input channels."""
    own = slice(channels.start * multiplier, channels.stop * multiplier)
    weights, again = _split(_weights(windows, patch, w, multiplier, tile, channels))
    columns = np.tile(np.arange(own.start, own.stop), tile[0] * tile[1])
    source, target = (source or (EVERYTHING,) * 3), (target or (EVERYTHING,) * 3)
    return Job(
        size,
        Operand(patch, layer.input_zero_point),
        weights,
        layer[columns],
        (*source, channels),
        (*target, own),
        tile,
        again=again,
    )


def runs(
    size: int, kernel: int, stride: int, padding: tuple[int, int], out: int
) -> Iterator[tuple[slice, slice, int]]:
    """Runs of outputs along an axis whose windows have the same number of cells inside the image.

    Yields
    ------
    slice, slice, int
        Outputs, their inputs, and the cells of a window. A window at the edge is a run of its own.
    """
    position = 0
    while position < out:
        first = position * stride - padding[0]
        low, high = max(0, first), min(size, first + kernel)
        end = position + 1
        if high - low == kernel:
            while end < out and end * stride - padding[0] + kernel <= size:
                end += 1
            high = (end - 1) * stride - padding[0] + kernel
            yield slice(position, end), slice(low, high), kernel
        else:
            yield slice(position, end), slice(low, high), high - low
        position = end


def _average(graph: Graph, op: Op, x: Shape, out: Shape, config: CoreConfig) -> Iterator[Candidate]:
    """An average: weights of 2 and a factor of 1 / (2 n).

    The mode gemmlowp then rounds as TFLite Micro does, ties away from zero; with weights of 1 it would not
    for many numbers of cells. Windows that reach beyond the image have fewer cells and a factor of their own.
    """
    whole = operators.windows_of(graph, op)
    low, high = operators.clamp_of(graph, op)
    best: list[Candidate] = []
    for rows in runs(x[1], whole.kernel[0], whole.stride[0], whole.padding[0], out[1]):
        for columns in runs(x[2], whole.kernel[1], whole.stride[1], whole.padding[1], out[2]):
            cells = rows[2] * columns[2]
            multiplier, shift = quantize_multiplier(np.full(out[3], 1 / (2 * cells)))
            layer = QuantisedLayer(np.zeros(out[3], np.int32), multiplier, shift, 0, 0, low, high, "gemmlowp")
            source = (EVERYTHING, rows[1], columns[1])
            target = (EVERYTHING, rows[0], columns[0])
            part = (x[0], rows[1].stop - rows[1].start, columns[1].stop - columns[1].start, x[3])
            to = (out[0], rows[0].stop - rows[0].start, columns[0].stop - columns[0].start, out[3])
            windows = Windows((rows[2], columns[2]), whole.stride)
            w = np.full((rows[2], columns[2], x[3]), 2)
            found = list(_per_channel(windows, w, layer, part, to, 1, config, source, target))
            if to[:3] == (1, 1, 1):
                found.append(_image(layer, np.full((1, cells), 2, np.int8), source, target, x[3]))
            guesses = [estimate(sizes, config) for _, sizes, _ in found]
            best.append(found[guesses.index(min(guesses))])
    forms = dict.fromkeys(form for form, _, _ in best)
    yield (
        ", ".join(forms),
        tuple(size for _, sizes, _ in best for size in sizes),
        lambda: [job for _, _, make in best for job in make()],
    )


def _image(
    layer: QuantisedLayer,
    constants: Int8,
    source: tuple[slice, ...],
    target: tuple[slice, ...],
    channels: int,
) -> Candidate:
    size = (constants.shape[0], constants.shape[1], channels)
    return "image", (size,), lambda: [Job(size, None, constants, layer, source, target, image=True)]


def mean_layer(graph: Graph, op: Op) -> QuantisedLayer | None:
    """The layer that is a mean over everything but the channels, and a batch of 1: all weights are 1.

    None for a mean over other axes. The zero point is part of the bias, and that of its input is 0.
    """
    x = graph.input(op).shape
    if x[0] != 1 or tuple(sorted(op.attributes["axes"])) != tuple(range(1, len(x) - 1)):
        return None
    a, b = operators.grid(graph.input(op)), operators.grid(graph.output(op))
    cells, channels = int(np.prod(x[1:-1])), x[-1]
    out = graph.output(op).dtype
    low, high = activation_range("none", b.scale, b.zero_point, out)
    if graph.runtime == "tflm":
        factor, shift = pooling.mean_multiplier(a.scale, b.scale, cells)
    else:
        factor, shift = int(scale_bits(onnxruntime.mean_factor(a.scale, b.scale, cells))), 0
    whole = QuantisedLayer(
        np.zeros(channels, np.int32),
        np.full(channels, factor, np.int32),
        np.full(channels, shift, np.int8),
        a.zero_point,
        b.zero_point,
        low,
        high,
        {"tflm": "gemmlowp", "onnxruntime": "fp32"}[graph.runtime],
        out,
    ).as_int8(graph.input(op).dtype == np.uint8)
    bias = np.full(channels, -cells * whole.input_zero_point, np.int32)
    return replace(whole, bias=bias, input_zero_point=0)


def _mean(graph: Graph, op: Op, x: Shape) -> Iterator[Candidate]:
    """The image is W, and the row of ones A, which has no zero point."""
    layer = mean_layer(graph, op)
    if layer is not None:
        yield _image(layer, np.ones((1, int(np.prod(x[1:-1]))), np.int8), (), (), x[-1])
