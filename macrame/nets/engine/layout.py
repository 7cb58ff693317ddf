# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Where the values of a tensor lie in the words of the engine's memory.

A *word* has DEPTH bytes. A tensor is an image of rows, columns and channels: the last axis is the channels,
the axis before it the columns, all others together the rows.

========  ===========================================================================  ====================
layout    a word                                                                       read by
========  ===========================================================================  ====================
plain     DEPTH channels of a pixel; words of a pixel are neighbours, as are pixels    everything
pairs     DEPTH / 2 channels of two neighbouring pixels                                depthwise
thin      several pixels of few channels, each with a power of two of them             the first convolution
gathered  the values of a window's columns, of as many rows as the stride              the first convolution
========  ===========================================================================  ====================

Channels are padded to whole words. What is in the padding does not matter, because its weights are 0; only
that of the network's inputs is defined, as the zero point.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from macrame.golden.quantized.windows import Windows

Indices = NDArray[np.int64]
#: In a map of an input: a byte that holds no value but the zero point.
NONE = -1


@dataclass(frozen=True)
class Layout:
    """How a tensor lies in its buffer.

    Attributes
    ----------
    kind : {"plain", "pairs", "thin", "gathered"}
    height, width, channels : int
        Of the image.
    row, pixel : int
        Words from a row to the next, and from a word's column to the next.
    words : int
        Of the buffer; two layouts that differ only in what follows the image are equal.
    offsets : ndarray of int, of the tensor's shape
        Byte of each value; in "gathered", where a value lies several times, that of one of them.
    unit : int
        Channels that a pixel takes in a word.
    shift : int
        In "pairs", the pixels that the first pair lacks: 0 or 1.
    map : ndarray of int, shape (bytes,), optional
        In "gathered", the number of the value in each byte of the buffer, or `NONE`.
    """

    kind: str
    height: int
    width: int
    channels: int
    row: int
    pixel: int
    words: int = field(compare=False)
    offsets: Indices = field(repr=False, compare=False)
    unit: int = 0
    shift: int = 0
    map: Indices | None = field(default=None, repr=False, compare=False)

    def values(self, memory: NDArray[np.int8], base: int) -> NDArray[np.int8]:
        """The tensor in a memory.

        Parameters
        ----------
        memory : ndarray of int8, shape (words, depth)
        base : int
            Word at which the buffer starts.

        Returns
        -------
        ndarray of int8, of the tensor's shape
        """
        return memory.reshape(-1)[base * memory.shape[1] + self.offsets]

    def bytes_of(self, values: NDArray[np.int8], depth: int, fill: int) -> NDArray[np.int8]:
        """The buffer that holds a tensor.

        Parameters
        ----------
        values : ndarray of int8, of the tensor's shape
        depth : int
        fill : int
            int8 for all other bytes.

        Returns
        -------
        ndarray of int8, shape (words, depth)
        """
        found = np.full(self.words * depth, fill, np.int8)
        if self.map is None:
            found[self.offsets] = values
        else:
            found[self.map != NONE] = values.reshape(-1)[self.map[self.map != NONE]]
        return found.reshape(self.words, depth)


def image(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """Height, width and channels of a tensor; a single column is turned into a single row."""
    sides = (1, 1, 1, *shape)
    height, width, channels = int(np.prod(sides[:-2])), sides[-2], sides[-1]
    return (1, height, channels) if width == 1 else (height, width, channels)


def plain(shape: tuple[int, ...], depth: int, slack: int = 0) -> Layout:
    """DEPTH channels of a pixel in a word.

    Parameters
    ----------
    shape : tuple of int
    depth : int
    slack : int
        Pixels after the last that may be overwritten.

    Returns
    -------
    Layout
    """
    height, width, channels = image(shape)
    pixel = -(-channels // depth)
    pixels, channel = np.arange(height * width)[:, None], np.arange(channels)[None]
    offsets = pixels * pixel * depth + channel
    words = (height * width + slack) * pixel
    return Layout(
        "plain", height, width, channels, width * pixel, pixel, words, offsets.reshape(shape), depth
    )


def pairs(shape: tuple[int, ...], depth: int, shift: int) -> Layout:
    """Half a word of channels of two pixels in a word; parameters as for `Layout` and `plain`."""
    height, width, channels = image(shape)
    half = depth // 2
    groups = 2 * -(-channels // depth)
    columns = -(-(width + shift) // 2)
    y, x, c = np.ogrid[:height, :width, :channels]
    word = (y * columns + (x + shift) // 2) * groups + c // half
    offsets = word * depth + (x + shift) % 2 * half + c % half
    words = height * columns * groups
    row = columns * groups
    return Layout("pairs", height, width, channels, row, groups, words, offsets.reshape(shape), half, shift)


def thin(shape: tuple[int, ...], depth: int) -> Layout:
    """Several pixels in a word, each with the channels rounded up to a power of two; at most half a word."""
    height, width, channels = image(shape)
    unit = 1 << (channels - 1).bit_length()
    columns = -(-width * unit // depth)
    y, x, c = np.ogrid[:height, :width, :channels]
    offsets = y * columns * depth + x * unit + c
    return Layout("thin", height, width, channels, columns, 1, height * columns, offsets.reshape(shape), unit)


def gathered(shape: tuple[int, ...], depth: int, windows: Windows, out: tuple[int, int]) -> Layout:
    """For each column of the output the columns of its window, in as many rows as the vertical stride.

    Parameters
    ----------
    shape : tuple of int
    depth : int
    windows : Windows
        Without vertical dilation.
    out : (int, int)
        Rows and columns of the output.

    Returns
    -------
    Layout
        Its rows are groups of `stride` rows, its columns those of the output.
    """
    height, width, channels = (1, *shape)[-3:]
    kernel, stride, dilation = windows.kernel, windows.stride, windows.dilation
    top, left = windows.padding[0][0], windows.padding[1][0]
    rows = out[0] - 1 + -(-kernel[0] // stride[0])
    used = stride[0] * kernel[1] * channels
    pixel = -(-used // depth)
    group, column, part, tap, channel = np.ogrid[:rows, : out[1], : stride[0], : kernel[1], :channels]
    y = group * stride[0] + part - top
    x = column * stride[1] + tap * dilation[1] - left
    inside = (y >= 0) & (y < height) & (x >= 0) & (x < width)
    number = np.where(inside, (y * width + x) * channels + channel, NONE)
    found = np.full((rows * out[1], pixel * depth), NONE, np.int64)
    found[:, :used] = number.reshape(rows * out[1], used)
    flat = found.reshape(-1)
    offsets = np.zeros(height * width * channels, np.int64)
    offsets[flat[flat != NONE]] = np.flatnonzero(flat != NONE)
    words = rows * out[1] * pixel
    return Layout(
        "gathered", rows, out[1], used, out[1] * pixel, pixel, words, offsets.reshape(shape), depth, map=flat
    )
