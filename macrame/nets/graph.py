# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The graph of a quantised network: tensors and operators in the order of execution.

A reader of files produces a `Graph`, and everything else works on it. Its conventions are TFLite's: images
are NHWC, a convolution's weights OHWI (output channel, row, column, input channel of the group), a fully
connected layer's (outputs, inputs). A reader of another format converts constants and shapes, and keeps
in `Tensor.axes` how the file has them.

The operators, their inputs in order, and their attributes:

=================  ==================================  ====================================================
kind               inputs                              attributes
=================  ==================================  ====================================================
conv               x, weights, bias or None            stride, dilation, padding, groups, activation
depthwise          x, weights (1, H, W, C M), bias     stride, dilation, padding, multiplier, activation
fully_connected    x, weights, bias or None            activation, keep_dims
average_pool       x                                   kernel, stride, padding, activation
max_pool           x                                   kernel, stride, padding, activation
mean               x                                   axes, keep_dims
add, sub, mul      a, b                                activation
maximum, minimum   a, b
quantize           x
dequantize         x
relu, relu6        x
leaky_relu         x                                   alpha
clip               x                                   low, high: of ONNX
hard_sigmoid       x                                   alpha, beta: of ONNX
logistic, tanh,    x
hard_swish
softmax            x                                   beta
pad                x                                   padding: (before, after) of each axis; value, if it
                                                       is not the zero point: the integer to pad with
reshape            x                                   shape
transpose          x                                   axes
concatenation      x, ...                              axis, activation
split              x                                   axis, parts
strided_slice      x                                   begin, end, strides; shrink: axes to remove
pack               x, ...                              axis
=================  ==================================  ====================================================

stride, dilation and kernel are pairs (rows, columns). The padding of a window operator is ((top, bottom),
(left, right)). activation is "none", "relu", "relu6" or "relu_n1_to_1"; with ONNX Runtime it is "none", since
its clamps are those of the output's type. There average_pool may have count_padding, which divides by all
cells of the window, and mean has the axes of the pixels.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from macrame.errors import InputError, amount, shown

#: Runtimes whose rules a graph follows.
RUNTIMES = ("tflm", "onnxruntime")

#: Values of a tensor, of an image with its padding, and of all windows of an image.
LARGEST = 1 << 28

#: Cells of a window.
LARGEST_WINDOW = 1 << 16

ACTIVATIONS = ("none", "relu", "relu6", "relu_n1_to_1")


@dataclass(frozen=True)
class Tensor:
    """A tensor of a network: real = scale * (integer - zero point).

    Attributes
    ----------
    name : str
        As in the file, for messages and reports.
    shape : tuple of int
    dtype : numpy.dtype
        int8, uint8, int32 or float32; for shapes and indices also int64.
    scale : ndarray of float32, shape (C,), optional
        One for the tensor, or one per channel; None if the tensor is not quantised.
    zero_point : ndarray of int64, shape (C,), optional
    axis : int
        Axis of the channels, where `scale` has more than one entry.
    data : ndarray, optional
        The values of a constant.
    axes : tuple of int, optional
        Where the file has another order of axes: ``values.transpose(axes)`` is in the file's order.
    number : int
        Its number in the file; -1 if it has none.
    """

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    scale: NDArray[np.float32] | None = None
    zero_point: NDArray[np.int64] | None = None
    axis: int = 0
    data: NDArray[Any] | None = None
    axes: tuple[int, ...] | None = None
    number: int = -1

    @property
    def file_shape(self) -> tuple[int, ...]:
        """The shape in the file's order of axes."""
        return self.shape if self.axes is None else tuple(self.shape[axis] for axis in self.axes)

    def to_file(self, values: NDArray[Any]) -> NDArray[Any]:
        """Values in the file's order of axes."""
        return values if self.axes is None else np.ascontiguousarray(values.transpose(self.axes))

    def from_file(self, values: NDArray[Any]) -> NDArray[Any]:
        """Values in the graph's order, from the file's."""
        if self.axes is None:
            return values
        return np.ascontiguousarray(
            values.transpose([self.axes.index(axis) for axis in range(len(self.axes))])
        )


@dataclass(frozen=True)
class Op:
    """An operator.

    Attributes
    ----------
    kind : str
        One of the table above.
    name : str
        For messages and reports: the operator's own name, or that of its output.
    inputs : tuple of int or None
        Indices of tensors; None for an optional input that is missing.
    outputs : tuple of int
    attributes : mapping of str to object
    """

    kind: str
    name: str
    inputs: tuple[int | None, ...]
    outputs: tuple[int, ...]
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Graph:
    """A network.

    Attributes
    ----------
    name : str
    runtime : {"tflm", "onnxruntime"}
        Whose rules the operators follow.
    tensors : tuple of Tensor
    ops : tuple of Op
        In an order in which each input exists before it is used.
    inputs, outputs : tuple of int
        Indices of tensors.
    """

    name: str
    runtime: str
    tensors: tuple[Tensor, ...]
    ops: tuple[Op, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]

    def input(self, op: Op, number: int = 0) -> Tensor:
        """An input of an operator that is not missing."""
        index = op.inputs[number]
        assert index is not None
        return self.tensors[index]

    def output(self, op: Op, number: int = 0) -> Tensor:
        """An output of an operator."""
        return self.tensors[op.outputs[number]]

    def check_inputs(self, values: Sequence[NDArray[Any]]) -> None:
        """Check the values of the inputs.

        Parameters
        ----------
        values : sequence of ndarray

        Raises
        ------
        macrame.errors.InputError
            There are too few or too many, or one has another dtype or shape than its tensor.
        """
        if not isinstance(values, (list, tuple)):
            raise InputError(f"inputs is {shown(values)}, expected a list of {len(self.inputs)}")
        if len(values) != len(self.inputs):
            raise InputError(f"inputs has {amount(len(values), 'array')}, expected {len(self.inputs)}")
        for index, value in zip(self.inputs, values):
            tensor = self.tensors[index]
            expected = f"expected {tensor.dtype} of shape {tensor.shape}"
            if not isinstance(value, np.ndarray) or isinstance(value, np.ma.MaskedArray):
                raise InputError(f"input {tensor.name} has type {type(value).__name__}, {expected}")
            if value.dtype != tensor.dtype or value.shape != tensor.shape:
                raise InputError(f"input {tensor.name} is {value.dtype} of shape {value.shape}, {expected}")


def window_limit(
    image: Sequence[int], kernel: Sequence[int], padding: Sequence[Sequence[int]], sides: Sequence[int]
) -> str | None:
    """What is too large about windows: padding and pooling windows take no bytes in a file.

    Parameters
    ----------
    image : sequence of int
        Its shape, NHWC.
    kernel : sequence of int
        Rows and columns of a window.
    padding : sequence of (int, int)
        Before and after, in rows and columns.
    sides : sequence of int
        Rows and columns of the output.

    Returns
    -------
    str or None
        None if nothing is.
    """
    cells = math.prod(kernel)
    if cells > LARGEST_WINDOW:
        return f"has a window of {cells:,} cells, expected at most {LARGEST_WINDOW:,}"
    values = image[0] * image[3]
    padded = values * math.prod(n + sum(more) for n, more in zip(image[1:3], padding))
    for found, what in ((padded, "a padded image"), (values * math.prod(sides) * cells, "windows")):
        if found > LARGEST:
            return f"has {what} of {found:,} values, expected at most {LARGEST:,}"
    return None
