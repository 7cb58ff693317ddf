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
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from macrame.contract import CoreConfig
from macrame.golden import cycles
from macrame.golden.arith.requantize import quantize_multiplier
from macrame.golden.quantized import pooling
from macrame.golden.quantized.layers import QuantisedLayer
from macrame.golden.quantized.windows import Windows
from macrame.host import tiling
from macrame.nets import operators
from macrame.nets.graph import Graph, Op

Int8 = NDArray[np.int8]
Shape: TypeAlias = tuple[int, ...]
Sizes: TypeAlias = tuple[tuple[int, int, int], ...]
#: A form, the sizes of its products, and a function that makes them.
Candidate: TypeAlias = tuple[str, Sizes, Callable[[], list["Job"]]]

EVERYTHING = slice(None)

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
    """

    sizes: tuple[int, int, int]
    operand: Operand | None
    weights: Int8
    layer: QuantisedLayer
    source: tuple[slice, ...] = ()
    target: tuple[slice, ...] = ()
    tile: tuple[int, int] = (1, 1)
    image: bool = False

    def matrices(self, x: Int8) -> tuple[Int8, Int8]:
        """A and W for the values of the operator's input."""
        part = x[self.source]
        if self.image:
            return self.weights, np.ascontiguousarray(part.reshape(-1, part.shape[-1]))
        if self.operand is None:
            return part.reshape(-1, len(self.weights)), self.weights
        return self.operand.gather(part), self.weights

    def place(self, out: Int8, result: Int8) -> None:
        """Write the results, shape (M, N), to the operator's output."""
        part = out[self.target]
        if self.operand is None:
            part[...] = result.reshape(part.shape)
            return
        n, height, width = part.shape[:3]
        rows, cols = self.tile
        tall, wide = -(-height // rows), -(-width // cols)
        pixels = result.reshape(n, tall, wide, rows, cols, -1).transpose(0, 1, 3, 2, 4, 5)
        part[...] = pixels.reshape(n, tall * rows, wide * cols, -1)[:, :height, :width]


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
    """

    form: str
    jobs: tuple[Job, ...]
    macs: int
    cycles: int


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
        record = -(-12 // config.lane_bytes)
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
        None if the operator is no product.
    """
    found = list(candidates(graph, op, config))
    ranked = sorted((estimate(sizes, config), sizes, i) for i, (_, sizes, _) in enumerate(found))
    if not ranked:
        return None
    likely = ranked if ranked[0][0] < SMALL else [c for c in ranked[:8] if c[0] <= 1.5 * ranked[0][0]]
    close = [(predict(sizes, config), i) for _, sizes, i in likely]
    taken, index = min(close)
    form, _, make = found[index]
    return Lowered(form, tuple(make()), macs(graph, op), taken)


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
    """Every form that an operator has on a core; none if it is no product."""
    if op.kind not in (*operators.WEIGHTED, "average_pool", "mean"):
        return
    x = graph.input(op).shape
    out = graph.output(op).shape
    if op.kind == "fully_connected":
        w, layer = operators.weights_of(graph, op), operators.layer_of(graph, op)
        size = int(np.prod(x)) // w.shape[1], w.shape[1], w.shape[0]
        yield "matrix", (size,), lambda: [Job(size, None, _int8(w.T), layer)]
    elif op.kind == "conv":
        yield _windows(graph, op, out)
    elif op.kind == "depthwise":
        w, layer = operators.weights_of(graph, op), operators.layer_of(graph, op)
        windows = operators.windows_of(graph, op)
        yield from _per_channel(windows, w[0], layer, x, out, op.attributes["multiplier"], config)
    elif op.kind == "average_pool":
        yield from _average(graph, op, x, out, config)
    else:
        yield from _mean(graph, op, x)


def _int8(w: NDArray[np.integer]) -> Int8:
    assert w.min(initial=0) >= -128
    assert w.max(initial=0) <= 127
    return np.ascontiguousarray(w.astype(np.int8))


def _windows(graph: Graph, op: Op, out: Shape) -> Candidate:
    """A convolution: one product per group."""
    w, layer = operators.weights_of(graph, op), operators.layer_of(graph, op)
    windows, groups = operators.windows_of(graph, op), op.attributes.get("groups", 1)
    inputs, outputs = w.shape[3], w.shape[0] // groups
    size = int(np.prod(out[:3])), int(np.prod(w.shape[1:])), outputs

    def make() -> list[Job]:
        jobs = []
        for g in range(groups):
            own = slice(g * outputs, (g + 1) * outputs)
            source = slice(g * inputs, (g + 1) * inputs)
            jobs.append(
                Job(
                    size,
                    Operand(windows, layer.input_zero_point),
                    _int8(w[own].reshape(outputs, -1).T),
                    layer[own],
                    (EVERYTHING, EVERYTHING, EVERYTHING, source),
                    (EVERYTHING, EVERYTHING, EVERYTHING, own),
                )
            )
        return jobs

    return "windows", (size,) * groups, make


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
            starts = range(0, x[3], share)
            counts = [min(share, x[3] - first) for first in starts]
            sizes = tuple((m, cells * count, rows * wide * count * multiplier) for count in counts)

            def make(
                patch: Windows = patch,
                tile: tuple[int, int] = tile,
                share: int = share,
                sizes: Sizes = sizes,
            ) -> list[Job]:
                firsts = range(0, x[3], share)
                parts = [slice(first, min(first + share, x[3])) for first in firsts]
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
    count = channels.stop - channels.start
    own = slice(channels.start * multiplier, channels.stop * multiplier)
    stride, dilation = (windows.stride, windows.dilation) if tile != (1, 1) else ((1, 1), (1, 1))
    matrix = np.zeros((*patch.kernel, count, *tile, count * multiplier), np.int64)
    outputs = np.arange(count * multiplier)
    for r, c, i, j in np.ndindex(*tile, *windows.kernel):
        down, right = r * stride[0] + i * dilation[0], c * stride[1] + j * dilation[1]
        matrix[down, right, outputs // multiplier, r, c, outputs] = w[i, j, own]
    columns = np.tile(np.arange(own.start, own.stop), tile[0] * tile[1])
    source, target = (source or (EVERYTHING,) * 3), (target or (EVERYTHING,) * 3)
    return Job(
        size,
        Operand(patch, layer.input_zero_point),
        _int8(matrix.reshape(size[1], size[2])),
        layer[columns],
        (*source, channels),
        (*target, own),
        tile,
    )


def _runs(
    size: int, kernel: int, stride: int, padding: tuple[int, int], out: int
) -> Iterator[tuple[slice, slice, int]]:
    """Runs of outputs along an axis whose windows have the same number of cells inside the image.

    Yields
    ------
    slice, slice, int
        Outputs, their inputs, and the cells of a window. A window that is cut is a run of its own.
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
    for rows in _runs(x[1], whole.kernel[0], whole.stride[0], whole.padding[0], out[1]):
        for columns in _runs(x[2], whole.kernel[1], whole.stride[1], whole.padding[1], out[2]):
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


def _mean(graph: Graph, op: Op, x: Shape) -> Iterator[Candidate]:
    """A mean over everything but the batch, which is 1, and the channels."""
    if x[0] != 1 or tuple(sorted(op.attributes["axes"])) != tuple(range(1, len(x) - 1)):
        return
    a, b = operators.grid(graph.input(op)), operators.grid(graph.output(op))
    cells, channels = int(np.prod(x[1:-1])), x[-1]
    multiplier, shift = pooling.mean_multiplier(a.scale, b.scale, cells)
    layer = QuantisedLayer(
        np.full(channels, -cells * a.zero_point, np.int32),
        np.full(channels, multiplier, np.int32),
        np.full(channels, shift, np.int8),
        0,
        b.zero_point,
        -128,
        127,
        "gemmlowp",
    )
    yield _image(layer, np.ones((1, cells), np.int8), (), (), channels)
