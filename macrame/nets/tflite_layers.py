# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The checks that the layers of a .tflite file share: options, types, quantisation, constants and shapes."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from macrame.errors import InputError, amount, shown
from macrame.nets.flatbuffer import Source, Table
from macrame.nets.graph import ACTIVATIONS, Tensor, window_limit
from macrame.nets.tflite_schema import ACTIVATIONS as FUSED
from macrame.nets.tflite_schema import OPTIONS, PADDINGS, OperatorSlots

MOST_AXES = 6

MOST_INPUTS = 1 << 8
"""Inputs, and outputs, of an operator or of the network."""

LONGEST_STEP = 1 << 12
"""The largest stride, dilation and side of a pooling window."""

FOLDED = 64
"""Values of the arithmetic on shapes."""

INT8, UINT8, INT32, INT64, FLOAT32 = (
    np.dtype(name) for name in ("int8", "uint8", "int32", "int64", "float32")
)
BYTES = (INT8, UINT8)
INTEGERS = (INT32, INT64)

#: Operators that TensorFlow Lite Micro has for uint8 too.
UNSIGNED = ("QUANTIZE", "DEQUANTIZE", "RESHAPE", "SQUEEZE", "EXPAND_DIMS")

Shape = tuple[int, ...]
Fail = Callable[[str], InputError]


def named(names: Sequence[str], number: int, what: str) -> str:
    """The name of a number, or a text with an unknown one."""
    return names[number] if 0 <= number < len(names) else f"{what} {number}"


def as_tuple(vector: NDArray[Any] | None) -> Shape:
    """A vector of integers, which may be missing."""
    return () if vector is None else tuple(vector.tolist())


def scale_of(tensor: Tensor) -> tuple[float, int] | None:
    """The scale and the zero point of a tensor that has one."""
    if tensor.scale is None or tensor.zero_point is None:
        return None
    return float(tensor.scale[0]), int(tensor.zero_point[0])


def _either(dtypes: Sequence[np.dtype[Any]]) -> str:
    """Types for a message."""
    return " or ".join(dtype.name.upper() for dtype in dtypes)


class Named(Protocol):
    """A tensor of the file that may not have been used yet."""

    @property
    def name(self) -> str: ...


class Network(Protocol):
    """What a layer needs of its file; `macrame.nets.tflite.Network` documents it."""

    source: Source
    inputs: list[int]
    outputs: list[int]
    written: set[int]
    folded: dict[int, NDArray[Any]]

    @property
    def stored(self) -> Sequence[Named]: ...

    def indices(self, table: Table, slot: int, what: str, fail: Fail) -> list[int]: ...

    def tensor(self, index: int, what: str, fail: Fail, expected: str = ...) -> Tensor: ...


class Layer:
    """An operator of the file, while it is checked.

    Parameters
    ----------
    net : Network
    index : int
    table : Table
    operator : str
    """

    def __init__(self, net: Network, index: int, table: Table, operator: str) -> None:
        self.net, self.operator, self.table = net, operator, table
        self.name = ""
        self.where = f"op {index}"
        self.outputs = net.indices(table, OperatorSlots.OUTPUTS, f"the outputs of op {index}", self.fail)
        self.inputs = net.indices(table, OperatorSlots.INPUTS, f"the inputs of op {index}", self.fail)
        if self.outputs and self.outputs[0] >= 0:
            self.name = net.stored[self.outputs[0]].name
        self.where = f"op {index} {shown(self.name)}"
        if operator not in OPTIONS:
            raise self.fail(f"is not supported, expected one of {', '.join(OPTIONS)}")
        options = OPTIONS[operator]
        found = table.number(OperatorSlots.BUILTIN_OPTIONS_TYPE, "B")
        # some writers give an operator without options an empty table
        if found not in (0, options.number) and options.number:
            raise self.fail(f"has options of type {found}, expected {options.number}")
        self._options = table.table(OperatorSlots.BUILTIN_OPTIONS, "the options") if found else None

    def fail(self, text: str) -> InputError:
        """An error about this layer."""
        return self.net.source.fail(f"{self.where} ({self.operator}): {text}")

    # --- options ---

    def option(self, name: str) -> Any:
        """The value of an option, not a vector."""
        fields = OPTIONS[self.operator].fields
        layout, default = fields[name]
        if self._options is None:
            return default
        return self._options.number(list(fields).index(name), layout, default)

    def vector_option(self, name: str) -> Shape | None:
        """The value of an option that is a vector of int32."""
        if self._options is None:
            return None
        slot = list(OPTIONS[self.operator].fields).index(name)
        vector = self._options.vector(slot, "<i4", f"the option {name}", MOST_INPUTS)
        return None if vector is None else as_tuple(vector)

    def activation(self) -> str:
        """The fused activation."""
        name = named(FUSED, self.option("activation"), "number")
        if name.lower() not in ACTIVATIONS:
            raise self.fail(f"has the fused activation {name}, expected {', '.join(FUSED[:4])}")
        return name.lower()

    def pair(self, rows: str, columns: str, what: str) -> tuple[int, int]:
        """Two options that are sizes of steps."""
        found = self.option(rows), self.option(columns)
        if not all(1 <= step <= LONGEST_STEP for step in found):
            raise self.fail(f"has the {what} {shown(found)}, expected 1 to {LONGEST_STEP}")
        return found

    # --- tensors ---

    def count(self, inputs: int, optional: int = 0, outputs: int = 1) -> None:
        """Check the number of inputs and outputs."""
        if not inputs <= len(self.inputs) <= inputs + optional:
            most = inputs + optional
            expected = f"{inputs} {'or' if optional == 1 else 'to'} {most}" if optional else f"{inputs}"
            raise self.fail(f"has {amount(len(self.inputs), 'input')}, expected {expected}")
        if len(self.outputs) != outputs:
            raise self.fail(f"has {amount(len(self.outputs), 'output')}, expected {outputs}")

    def tensor(
        self, at: int, what: str = "input", dtypes: Sequence[np.dtype[Any]] = (), exists: bool = True
    ) -> Tensor:
        """An input.

        Parameters
        ----------
        at : int
        what : str
            Its role, for messages.
        dtypes : sequence of dtype
            Those it may have; empty for any.
        exists : bool
            Check that it exists when the operator runs.

        Returns
        -------
        Tensor
        """
        index = self.inputs[at]
        if index < 0:
            raise self.fail(f"{what} is missing")
        if dtypes:
            tensor = self.net.tensor(index, what, self.fail, _either(dtypes))
            self.typed(tensor, what, dtypes)
        else:
            tensor = self.net.tensor(index, what, self.fail)
        known = tensor.data is not None or index in self.net.written or index in self.net.folded
        if exists and not known:
            raise self.fail(f"reads {shown(tensor.name)}, which no earlier operator writes")
        return tensor

    def typed(self, tensor: Tensor, what: str, dtypes: Sequence[np.dtype[Any]]) -> None:
        """Check a type."""
        if tensor.dtype not in dtypes:
            kind = tensor.dtype.name.upper()
            raise self.fail(f"{what} {shown(tensor.name)} has type {kind}, expected {_either(dtypes)}")

    def scaled(self, tensor: Tensor, what: str) -> None:
        """Check that a tensor has one scale."""
        if tensor.scale is None or tensor.scale.size != 1:
            scales = 0 if tensor.scale is None else tensor.scale.size
            raise self.fail(f"{what} {shown(tensor.name)} has {scales} scales, expected 1")

    def operand(self, at: int, constant: bool = False) -> Tensor:
        """An input that is an activation, or a constant of the same kind if these are allowed."""
        tensor = self.tensor(at, "input", BYTES if self.operator in UNSIGNED else (INT8,))
        self.scaled(tensor, "input")
        if tensor.data is not None and not constant:
            raise self.fail(f"input {shown(tensor.name)} is a constant, expected an activation")
        return tensor

    def operands(self) -> list[Tensor]:
        """All inputs: activations or constants of int8, not only constants."""
        tensors = [self.operand(at, constant=True) for at in range(len(self.inputs))]
        if all(tensor.data is not None for tensor in tensors):
            raise self.fail("has only constant inputs, expected an activation")
        return tensors

    def constant(self, at: int, what: str, dtypes: Sequence[np.dtype[Any]]) -> Tensor:
        """An input that is a constant in the file."""
        tensor = self.tensor(at, what, dtypes, exists=False)
        if tensor.data is None:
            raise self.fail(f"{what} {shown(tensor.name)} is not a constant")
        return tensor

    def values(self, at: int, what: str) -> NDArray[Any] | None:
        """An input of integers whose values are known; None if it is something else."""
        tensor = self.tensor(at, what, exists=False)
        if tensor.dtype not in INTEGERS:
            return None
        return self.net.folded.get(self.inputs[at], tensor.data)

    def integers(self, at: int, what: str, shape: Shape | None = None) -> list[int]:
        """An input of known integers: a vector, or of a given shape."""
        tensor = self.tensor(at, what, INTEGERS, exists=False)
        values = self.values(at, what)
        if values is None:
            raise self.fail(f"{what} {shown(tensor.name)} is not a constant")
        if values.shape != shape and not (shape is None and values.ndim <= 1 and values.size <= MOST_AXES):
            expected = f"at most {MOST_AXES} values" if shape is None else shown(shape)
            raise self.fail(
                f"{what} {shown(tensor.name)} has shape {shown(tensor.shape)}, expected {expected}"
            )
        return [int(value) for value in values.flat]

    def result(self, shape: Shape, dtypes: Sequence[np.dtype[Any]], at: int = 0) -> Tensor:
        """An output: checked, and from now on written."""
        index = self.outputs[at]
        if index < 0:
            raise self.fail("output is missing")
        tensor = self.net.tensor(index, "output", self.fail)
        if tensor.data is not None:
            raise self.fail(f"output {shown(tensor.name)} is a constant")
        if index in self.net.written or index in self.net.folded:
            raise self.fail(f"output {shown(tensor.name)} is already written")
        self.typed(tensor, "output", dtypes)
        if dtypes[0] in BYTES:
            self.scaled(tensor, "output")
        if tensor.shape != shape:
            raise self.fail(
                f"output {shown(tensor.name)} has shape {shown(tensor.shape)}, expected {shown(shape)} "
                "from its inputs"
            )
        self.net.written.add(index)
        return tensor

    def moved(self, x: Tensor, shape: Shape, at: int = 0) -> Tensor:
        """An output whose values are those of an input, quantised in the same way."""
        y = self.result(shape, (x.dtype,), at)
        self.same(x, y, "output")
        return y

    def same(self, x: Tensor, y: Tensor, what: str) -> None:
        """Check that two tensors are quantised in the same way."""
        if scale_of(x) != scale_of(y):
            raise self.fail(
                f"{what} {shown(y.name)} has scale and zero point {scale_of(y)}, expected {scale_of(x)}, "
                f"as for {shown(x.name)}"
            )

    def axis(self, value: int, axes: int) -> int:
        """An axis, which may be counted from the end."""
        if not -axes <= value < axes:
            raise self.fail(f"has axis {value}, expected {-axes} to {axes - 1}")
        return value % axes

    def ranked(self, tensor: Tensor, what: str, axes: int) -> None:
        """Check the number of axes."""
        if len(tensor.shape) != axes:
            raise self.fail(
                f"{what} {shown(tensor.name)} has shape {shown(tensor.shape)}, expected "
                f"{amount(axes, 'axis')}"
            )

    def limited(self, tensor: Tensor, what: str, most: int) -> None:
        """Check that the operator is there for so many axes."""
        if len(tensor.shape) > most:
            axes = len(tensor.shape)
            raise self.fail(f"{what} {shown(tensor.name)} has {axes} axes, expected at most {most}")

    def fold(self, values: NDArray[Any]) -> None:
        """Compute the output here: arithmetic on shapes."""
        if values.size > FOLDED:
            raise self.fail(f"computes {values.size} integers, expected at most {FOLDED}")
        tensor = self.result(values.shape, (values.dtype,))
        self.net.written.remove(self.outputs[0])
        self.net.folded[self.outputs[0]] = values
        assert tensor.shape == values.shape

    # --- weights ---

    def weights(self, axes: int, axis: int) -> Tensor:
        """Input 1: int8, with scales for the tensor or along an axis, and no zero point."""
        w = self.constant(1, "weights tensor", (INT8,))
        self.ranked(w, "weights tensor", axes)
        if w.scale is None or w.zero_point is None:
            raise self.fail(f"weights tensor {shown(w.name)} has no scales")
        if w.scale.size > 1 and w.axis != axis:
            raise self.fail(f"weights tensor {shown(w.name)} has scales along axis {w.axis}, expected {axis}")
        if w.zero_point.any():
            wrong = w.zero_point[w.zero_point != 0][0]
            raise self.fail(f"weights tensor {shown(w.name)} has the zero point {wrong}, expected 0")
        return w

    def bias(self, channels: int) -> int | None:
        """Input 2, which may be missing: int32, without zero point."""
        if len(self.inputs) < 3 or self.inputs[2] < 0:
            return None
        bias = self.constant(2, "bias", (INT32,))
        if bias.shape != (channels,):
            raise self.fail(
                f"bias {shown(bias.name)} has shape {shown(bias.shape)}, expected {shown((channels,))}"
            )
        if bias.zero_point is not None and bias.zero_point.any():
            wrong = bias.zero_point[bias.zero_point != 0][0]
            raise self.fail(f"bias {shown(bias.name)} has the zero point {wrong}, expected 0")
        return self.inputs[2]

    def window(
        self, x: Tensor, kernel: Shape, stride: Shape, dilation: Shape
    ) -> tuple[tuple[tuple[int, int], ...], Shape]:
        """The padding in rows and columns, and the size of the output, as TensorFlow defines them."""
        name = named(PADDINGS, self.option("padding"), "padding")
        if name not in PADDINGS:
            raise self.fail(f"has {name}, expected SAME or VALID")
        padding, sides = [], []
        for size, k, step, spread in zip(x.shape[1:3], kernel, stride, dilation):
            reach = (k - 1) * spread + 1
            if name == "SAME":
                side = -(-size // step)
                total = max((side - 1) * step + reach - size, 0)
            else:
                side, total = (size - reach) // step + 1, 0
                if size < reach:
                    raise self.fail(f"has a window of {reach}, larger than the image side of {size}")
            padding.append((total // 2, total - total // 2))
            sides.append(side)
        too_large = window_limit(x.shape, kernel, padding, sides)
        if too_large:
            raise self.fail(too_large)
        return tuple(padding), tuple(sides)
