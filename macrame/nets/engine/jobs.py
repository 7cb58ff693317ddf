# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Operators as jobs of the engine: products of windows with panels of weights, and elementwise passes.

A depthwise convolution has panels that are a diagonal of DEPTH channels, one slice per cell of the kernel.
Where its input lies in pairs, a panel is two neighbouring outputs of half as many channels: a window of 3x3
then takes six slices for DEPTH outputs instead of nine.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from macrame.contract import MODES, CoreConfig
from macrame.golden.quantized.layers import QuantisedLayer
from macrame.golden.quantized.windows import Windows
from macrame.host import engine_program, packets
from macrame.host.elementwise_rules import Rule
from macrame.host.engine_program import Job, Place, Source
from macrame.nets.engine.layout import Layout

Weights = NDArray[np.integer]
Pair = tuple[int, int]


@dataclass(frozen=True)
class At:
    """A tensor in the memory.

    Attributes
    ----------
    layout : Layout
    base : int
        First word of its buffer.
    """

    layout: Layout
    base: int


@dataclass(frozen=True)
class Image:
    """What a window operator sees: sizes of input and output in pixels, and the windows between them.

    A single column on both sides is turned into a single row, as in `macrame.nets.engine.layout`.

    Attributes
    ----------
    size, out : (int, int)
        Rows and columns.
    windows : Windows
    """

    size: Pair
    out: Pair
    windows: Windows

    @classmethod
    def of(cls, x: tuple[int, ...], out: tuple[int, ...], windows: Windows) -> Image:
        """From the shapes of input and output, NHWC."""
        if x[2] == 1 and out[2] == 1:
            w = windows
            turned = Windows(w.kernel[::-1], w.stride[::-1], w.dilation[::-1], w.padding[::-1])
            return cls((1, x[1]), (1, out[1]), turned)
        return cls((x[1], x[2]), (out[1], out[2]), windows)


def chunks(slices: int, config: CoreConfig) -> tuple[int, ...]:
    """Slices of the panels of a K: as few panels as possible, all but the last of the same length."""
    most = config.k_max // config.depth
    count = -(-slices // most)
    each = -(-slices // count)
    return (*([each] * (count - 1)), slices - (count - 1) * each)


def _records(layer: QuantisedLayer, w: Weights, depth: int) -> NDArray[np.uint8]:
    """Records of DEPTH columns; the input's zero point is part of the bias."""
    bias = layer.bias.astype(np.int64) - layer.input_zero_point * w.sum(axis=0, dtype=np.int64)
    found = packets.records(
        len(bias),
        (bias + 2**31 & 0xFFFFFFFF) - 2**31,
        layer.multiplier,
        layer.shift,
        layer.zero_point,
        layer.low,
        layer.high,
    )
    return np.pad(found, ((0, depth - len(found)), (0, 0)))


def _panel(
    w: Weights, layer: QuantisedLayer, cut: tuple[int, ...], depth: int, sparse: bool
) -> NDArray[np.uint8]:
    """A panel of K x (at most DEPTH) weights."""
    padded = np.zeros((len(w), depth), np.int8)
    padded[:, : w.shape[1]] = w
    return engine_program.panel(padded, _records(layer, w, depth), cut, depth, sparse)


def _product(
    loops: tuple[int, int, int],
    source: Source,
    target: Place,
    panels: Callable[[int], tuple[Weights, QuantisedLayer]],
    config: CoreConfig,
) -> Iterator[Job]:
    """A product; one job per panel and pixel if K is longer than a panel."""
    count, rows, columns = loops
    mode = MODES[panels(0)[1].mode]
    cut = chunks(math.prod(source.kernel), config)
    every = [panels(p) for p in range(count)]
    sparse = all(engine_program.fits(w, config.depth) for w, _ in every)
    beats = [_panel(w, layer, cut, config.depth, sparse) for w, layer in every]
    if len(cut) == 1 or rows * columns == 1:
        yield Job(loops, source, target, np.concatenate(beats), mode, cut, sparse=sparse)
        return
    for p, row, column in np.ndindex(loops):
        part, to = _moved(source, p, row, column), _at(target, p, row, column)
        yield Job((1, 1, 1), part, to, beats[p], mode, cut, sparse=sparse)


def _moved(source: Source, panel: int, row: int, column: int) -> Source:
    """The windows from one of them on."""
    strides, (y, x) = source.strides, source.moves
    base = source.base + panel * strides[3] + row * strides[4] + column * strides[5]
    return replace(source, base=base, start=(source.start[0] + row * y[1], source.start[1] + column * x[1]))


def _at(place: Place, panel: int, row: int, column: int) -> Place:
    """The place from one word on."""
    turns = {"panel": panel, "column": column, "": 0}[place.turn] + place.first_half
    panels, columns = panel, column
    if place.turn == "panel":
        panels = turns // 2
    elif place.turn == "column":
        columns = turns // 2
    base = place.base + panels * place.strides[0] + row * place.strides[1] + columns * place.strides[2]
    return replace(place, base=base, first_half=turns % 2)


def source(
    x: At,
    size: Pair,
    windows: Windows,
    *,
    words: int,
    panel: int,
    fill: int,
    start: Pair | None = None,
) -> Source:
    """Windows over an image whose pixels are whole words.

    Parameters
    ----------
    x : At
    size : (int, int)
        Rows and columns of the image.
    windows : Windows
    words : int
        Words of a pixel that a window takes.
    panel : int
        Words from a panel's windows to those of the next.
    fill : int
    start : (int, int), optional
        Pixel at which the first window starts; otherwise by the padding.
    """
    pixel = x.layout.pixel
    row = size[1] * pixel
    (dy, dx), (sy, sx) = windows.dilation, windows.stride
    top, left = start if start is not None else (-windows.padding[0][0], -windows.padding[1][0])
    return Source(
        x.base + top * row + left * pixel,
        (*windows.kernel, words),
        (dy * row, dx * pixel, 1, panel, sy * row, sx * pixel),
        size,
        (top, left),
        ((dy, sy), (dx, sx)),
        fill,
    )


def target(out: At, columns: int, *, pixel: Pair = (0, 0), step: Pair = (1, 1)) -> Place:
    """Where results of DEPTH channels of a pixel go, panel by panel.

    Parameters
    ----------
    out : At
        Plain, or in pairs.
    columns : int
        Pixels of a row of the output.
    pixel : (int, int)
        Row and column of the first result.
    step : (int, int)
        Pixels from a result to the next, in rows and columns.
    """
    layout = out.layout
    if layout.kind == "pairs":
        assert step[0] == 1
        assert pixel[0] == 0
        pair, half = divmod(pixel[1] + layout.shift, 2)
        turn, advance = ("column", 1) if step[1] == 1 else ("", step[1] // 2)  # 1 or an even number
        strides = (2, layout.row, advance * layout.pixel)
        return Place(out.base + pair * layout.pixel, strides, 1, turn, half)
    row = columns * layout.pixel
    base = out.base + pixel[0] * row + pixel[1] * layout.pixel
    return Place(base, (1, step[0] * row, step[1] * layout.pixel))


# --- convolutions -------------------------------------------------------------------------------------------


def conv(
    x: At, out: At, image: Image, w: Weights, layer: QuantisedLayer, config: CoreConfig
) -> Iterator[Job]:
    """A convolution.

    Parameters
    ----------
    x, out : At
    image : Image
    w : ndarray of int, shape (O, KH, KW, C)
        Turned as `image` is.
    layer : QuantisedLayer
    config : CoreConfig

    Yields
    ------
    Job
    """
    depth = config.depth
    outputs = w.shape[0]

    def part(weights: Weights) -> Callable[[int], tuple[Weights, QuantisedLayer]]:
        """Panels of weights of shape (O, K)."""

        def made(p: int) -> tuple[Weights, QuantisedLayer]:
            own = slice(p * depth, (p + 1) * depth)
            return weights[own].T, layer[own]

        return made

    panels = -(-outputs // depth)
    fill = layer.input_zero_point
    if x.layout.kind == "thin":
        yield from _thin(x, out, image, w, part, panels, fill, config)
        return
    loops = (panels, *image.out)
    if x.layout.kind == "gathered":
        sy = image.windows.stride[0]
        high = -(-w.shape[1] // sy)
        padded = np.zeros((outputs, high * sy, *w.shape[2:]), np.int64)
        padded[:, : w.shape[1]] = w
        parts = padded.reshape(outputs, high, -1)
        full = np.zeros((outputs, high, x.layout.pixel * depth), np.int64)
        full[:, :, : parts.shape[2]] = parts
        size = (x.layout.height, x.layout.width)
        read = source(x, size, Windows((high, 1)), words=x.layout.pixel, panel=0, fill=fill)
        weights = full.reshape(outputs, -1)
    else:
        full = np.zeros((*w.shape[:3], x.layout.pixel * depth), np.int64)
        full[..., : w.shape[3]] = w
        read = source(x, image.size, image.windows, words=x.layout.pixel, panel=0, fill=fill)
        weights = full.reshape(outputs, -1)
    yield from _product(loops, read, target(out, image.out[1]), part(weights), config)


def _thin(
    x: At,
    out: At,
    image: Image,
    w: Weights,
    part: Callable[[Weights], Callable[[int], tuple[Weights, QuantisedLayer]]],
    panels: int,
    fill: int,
    config: CoreConfig,
) -> Iterator[Job]:
    """A convolution of several pixels per word: a job for each position of a window's start in its word."""
    depth, unit, windows = config.depth, x.layout.unit, image.windows
    per_word = depth // unit
    (sy, sx), (dy, dx) = windows.stride, windows.dilation
    top, left = -windows.padding[0][0], -windows.padding[1][0]
    classes = per_word // math.gcd(per_word, sx)
    for first in range(min(classes, image.out[1])):
        begins = first * sx + left
        word, lane = divmod(begins, per_word)
        wide = -(-(lane + (w.shape[2] - 1) * dx + 1) // per_word)
        full = np.zeros((w.shape[0], w.shape[1], wide * per_word, unit), np.int64)
        full[:, :, lane : lane + (w.shape[2] - 1) * dx + 1 : dx, : w.shape[3]] = w
        columns = -(-(image.out[1] - first) // classes)
        step = classes * sx // per_word
        read = Source(
            x.base + top * x.layout.row + word,
            (w.shape[1], wide, 1),
            (dy * x.layout.row, 1, 1, 0, sy * x.layout.row, step),
            (image.size[0], x.layout.row),
            (top, word),
            ((dy, sy), (1, step)),
            fill,
        )
        to = target(out, image.out[1], pixel=(0, first), step=(1, classes))
        weights = part(full.reshape(w.shape[0], -1))
        yield from _product((panels, image.out[0], columns), read, to, weights, config)


def depthwise(
    x: At,
    out: At,
    image: Image,
    w: Weights,
    layer: QuantisedLayer,
    config: CoreConfig,
    multiplier: int = 1,
    start: Pair | None = None,
    pixel: Pair = (0, 0),
    columns: int = 0,
) -> Iterator[Job]:
    """A depthwise convolution, or an average.

    Parameters
    ----------
    x, out : At
    image : Image
    w : ndarray of int, shape (KH, KW, C * multiplier)
    layer : QuantisedLayer
    config : CoreConfig
    multiplier : int
        Output channels per input channel.
    start : (int, int), optional
        Pixel at which the first window starts; otherwise by the padding.
    pixel : (int, int)
        Row and column of the first result in the output.
    columns : int
        Pixels of a row of the output, if they are more than `image` has.

    Yields
    ------
    Job
    """
    depth, kernel = config.depth, w.shape[:2]
    outputs = w.shape[2]
    fill = layer.input_zero_point
    if x.layout.kind == "pairs":
        yield from _paired(x, out, image, w, layer, config)
        return
    panels = -(-outputs // depth)
    # input words that the outputs of each panel need
    spans = []
    for p in range(panels):
        low, high = p * depth // multiplier, (min((p + 1) * depth, outputs) - 1) // multiplier
        spans.append((low // depth, high // depth - low // depth + 1))
    words = max(count for _, count in spans)

    def made(p: int) -> tuple[Weights, QuantisedLayer]:
        own = np.arange(p * depth, min((p + 1) * depth, outputs))
        full = np.zeros((*kernel, words * depth, len(own)), np.int64)
        full[:, :, own // multiplier - spans[p][0] * depth, np.arange(len(own))] = w[:, :, own]
        return full.reshape(-1, len(own)), layer[slice(int(own[0]), int(own[-1]) + 1)]

    starts = [first for first, _ in spans]
    advance = starts[1] - starts[0] if panels > 1 else 0
    windows = replace(image.windows, kernel=(kernel[0], kernel[1]))
    read = source(x, image.size, windows, words=words, panel=advance, fill=fill, start=start)
    to = target(out, columns or image.out[1], pixel=pixel)
    loops = (panels, *image.out)
    if starts == [advance * p for p in range(panels)]:
        yield from _product(loops, read, to, made, config)
        return
    for p, first in enumerate(starts):
        moved = replace(read, base=read.base + first)
        one = functools.partial(lambda own, _: made(own), p)
        yield from _product((1, *image.out), moved, _at(to, p, 0, 0), one, config)


def paired(image: Image, multiplier: int) -> bool:
    """Whether a depthwise convolution may have its input in pairs."""
    (_, sx), (_, dx) = image.windows.stride, image.windows.dilation
    return multiplier == 1 and sx == 1 and dx == 1 and image.out[1] > 1


def pair_slices(image: Image) -> int:
    """Slices of a window of a depthwise convolution whose input lies in pairs."""
    return image.windows.kernel[0] * -(-(image.windows.kernel[1] + 1) // 2)


def _paired(
    x: At, out: At, image: Image, w: Weights, layer: QuantisedLayer, config: CoreConfig
) -> Iterator[Job]:
    """A depthwise convolution of two outputs and half a word of channels at a time."""
    half, windows, layout = config.depth // 2, image.windows, x.layout
    (high, wide, channels), (top, left) = w.shape, (-windows.padding[0][0], -windows.padding[1][0])
    words = -(-(wide + 1) // 2)
    first = (left + layout.shift) // 2
    assert (left + layout.shift) % 2 == 0

    def made(p: int) -> tuple[Weights, QuantisedLayer]:
        own = np.arange(p * half, min((p + 1) * half, channels))
        full = np.zeros((high, 2 * words, half, 2, half), np.int64)
        for pixel in (0, 1):
            for c, channel in enumerate(own):
                full[:, pixel : pixel + wide, c, pixel, c] = w[:, :, channel]
        # padding of the channels takes the numbers of any
        numbers = np.tile(np.minimum(p * half + np.arange(half), channels - 1), 2)
        return full.reshape(-1, 2 * half), layer[numbers]

    (dy, _), (sy, _) = windows.dilation, windows.stride
    read = Source(
        x.base + top * layout.row + first * layout.pixel,
        (high, words, 1),
        (dy * layout.row, layout.pixel, 1, 1, sy * layout.row, layout.pixel),
        (image.size[0], layout.row // layout.pixel),
        (top, first),
        ((dy, sy), (1, 1)),
        layer.input_zero_point,
        (layout.shift == 1, (image.size[1] + layout.shift) % 2 == 1),
    )
    pixel = out.layout.pixel
    to = Place(out.base, (1, image.out[1] * pixel, 2 * pixel), pixel, "panel")
    loops = (-(-channels // half), image.out[0], -(-image.out[1] // 2))
    yield from _product(loops, read, to, made, config)


def fully_connected(x: At, out: At, w: Weights, layer: QuantisedLayer, config: CoreConfig) -> Iterator[Job]:
    """A fully connected layer.

    Parameters
    ----------
    x, out : At
    w : ndarray of int, shape (N, K)
        Where the input has K values they may lie anywhere in its words; otherwise it has rows of K values.
    layer : QuantisedLayer
    config : CoreConfig

    Yields
    ------
    Job
    """
    depth, layout = config.depth, x.layout
    outputs, inputs = w.shape
    rows = layout.offsets.size // inputs
    words = layout.words if rows == 1 else layout.pixel
    offsets = layout.offsets.reshape(rows, inputs)[0]
    full = np.zeros((outputs, words * depth), np.int64)
    full[:, offsets] = w

    def made(p: int) -> tuple[Weights, QuantisedLayer]:
        own = slice(p * depth, (p + 1) * depth)
        return full[own].T, layer[own]

    read = Source(
        x.base,
        (1, 1, words),
        (0, 0, 1, 0, 0, words),
        (1, rows),
        (0, 0),
        ((0, 0), (0, 1)),
        layer.input_zero_point,
    )
    to = Place(out.base, (1, 0, out.layout.pixel))
    yield from _product((-(-outputs // depth), 1, rows), read, to, made, config)


# --- elementwise passes -------------------------------------------------------------------------------------


def elementwise(x: At, second: At | None, out: At, rule: Rule) -> Iterator[Job]:
    """A pass over all words of tensors with the same layout."""
    words = out.layout.height * out.layout.row
    for first in range(0, words, 65535):
        count = min(65535, words - first)
        along = (0, 0, 1)
        read = Source(x.base + first, (1, 1, 1), (0, 0, 0, 0, 0, 1), (1, count), (0, 0), ((0, 0), (0, 1)))
        other = None if second is None else Place(second.base + first, along)
        yield Job((1, 1, count), read, Place(out.base + first, along), rule=rule, second=other)


def moved(
    x: At, out: At, image: Image, rule: Rule, fill: int, cell: Pair, second: At | Place | None, panels: int
) -> Job:
    """A pass over one cell of each window.

    Parameters
    ----------
    x, out : At
    image : Image
    rule : Rule
    fill : int
        For cells outside of the image.
    cell : (int, int)
        Row and column in the window.
    second : At, Place or None
        The second operand: a tensor with the layout of the output, or any words.
    panels : int
        Words of a pixel.
    """
    windows = image.windows
    start = (
        cell[0] * windows.dilation[0] - windows.padding[0][0],
        cell[1] * windows.dilation[1] - windows.padding[1][0],
    )
    one = replace(windows, kernel=(1, 1))
    read = source(x, image.size, one, words=1, panel=1, fill=fill, start=start)
    if isinstance(second, At):
        second = target(second, image.out[1])
    return Job((panels, *image.out), read, target(out, image.out[1]), rule=rule, second=second)


def copied(source: int, advance: int, target: int, step: int, rows: int, run: int, rule: Rule) -> Job:
    """A pass over runs of words.

    Parameters
    ----------
    source, advance : int
        Word of the first run, and words from a run to the next.
    target, step : int
        The same of the results.
    rows, run : int
        Runs, and words of a run.
    rule : Rule
    """
    read = Source(source, (1, 1, 1), (0, 0, 0, 0, advance, 1), (rows, run), (0, 0), ((0, 1), (0, 1)))
    return Job((1, rows, run), read, Place(target, (0, step, 1)), rule=rule)
