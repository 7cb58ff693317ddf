# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The windows of a convolution or a pooling operator as rows of a matrix (im2col).

Images are NHWC. A row holds a window's values by kernel row, kernel column and channel, as the weights in
OHWI do; rows are the output's pixels in NHWC order.
"""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Pair = tuple[int, int]
Number = TypeVar("Number", bound=np.integer)


@dataclass(frozen=True)
class Windows:
    """How windows slide over an image.

    Attributes
    ----------
    kernel, stride, dilation : (int, int)
        Rows and columns.
    padding : ((int, int), (int, int))
        (top, bottom), (left, right).
    """

    kernel: Pair
    stride: Pair = (1, 1)
    dilation: Pair = (1, 1)
    padding: tuple[Pair, Pair] = ((0, 0), (0, 0))

    def output(self, height: int, width: int) -> Pair:
        """Rows and columns of the output for an image of that size."""
        sizes = []
        for size, kernel, stride, dilation, (before, after) in zip(
            (height, width), self.kernel, self.stride, self.dilation, self.padding
        ):
            sizes.append((size + before + after - (kernel - 1) * dilation - 1) // stride + 1)
        return sizes[0], sizes[1]

    def gather(self, x: NDArray[Number], fill: int) -> NDArray[Number]:
        """The windows of an image, with cells outside it set to `fill`.

        Parameters
        ----------
        x : ndarray, shape (N, H, W, C)
        fill : int

        Returns
        -------
        ndarray, shape (N, OH, OW, KH, KW, C), of the type of `x`
        """
        padded = np.pad(x, ((0, 0), *self.padding, (0, 0)), constant_values=fill)
        rows, cols = self.output(*x.shape[1:3])
        n, _, _, c = padded.shape
        out: NDArray[Number] = np.empty((n, rows, cols, *self.kernel, c), x.dtype)
        for i in range(self.kernel[0]):
            for j in range(self.kernel[1]):
                top, left = i * self.dilation[0], j * self.dilation[1]
                out[:, :, :, i, j] = padded[
                    :,
                    top : top + (rows - 1) * self.stride[0] + 1 : self.stride[0],
                    left : left + (cols - 1) * self.stride[1] + 1 : self.stride[1],
                ]
        return out
