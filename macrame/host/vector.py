# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Conversion of vectors to beats of the vector unit and back; the registers are in ``rtl/vector_unit.rdl``.

A beat has LANES numbers, lane 0 in the low bytes: 4 bytes each as float32, or 2 bytes each as bfloat16, in
the low half of the beat. An x packet starts with a record: the command in tuser, the scalar in lane 0. A
vector whose length is not a multiple of LANES is padded with zeros, whose results are discarded.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from macrame.errors import InputError, LinkError, amount, shown
from macrame.host import arguments
from macrame.host.link import Beats, Results
from macrame.host.packets import OUTPUTS
from macrame.registers import VECTOR_COUNTERS, VECTOR_ID_RESET, VECTOR_STATUS_ERRORS

#: Operations by their number in the low bits of the command.
OPERATIONS = {"add": 0, "sub": 1, "mul": 2, "axpy": 3, "relu": 4, "relu_gradient": 5}

X_BF16 = 1 << 3
Y_BF16 = 1 << 4
OUTPUT_SHIFT = 5

#: Accepted element types of a vector.
DTYPES = "float32, uint32 (its bits) or uint16 (bits of bfloat16)"

ID_VALUE = VECTOR_ID_RESET

#: Sticky error bits of STATUS, from bit 0 up; any of them halts the unit.
STATUS_ERRORS = VECTOR_STATUS_ERRORS

#: The counters, in the order of their addresses from CYCLES on.
COUNTERS = VECTOR_COUNTERS


def command(op: str, x_bf16: bool = False, y_bf16: bool = False, out: str = "fp32") -> int:
    """Return the command of an x packet.

    Parameters
    ----------
    op : str
        A key of :data:`OPERATIONS`.
    x_bf16, y_bf16 : bool
        Operands are bfloat16, not float32.
    out : str
        A key of `macrame.host.packets.OUTPUTS`: float32, or bfloat16 in one of three rounding modes.

    Returns
    -------
    int
        tuser of the record.

    Raises
    ------
    InputError
        There is no such operation or output.
    """
    for name, value, known in (("op", op, OPERATIONS), ("out", out, OUTPUTS)):
        arguments.choice(name, value, known)
    return OPERATIONS[op] | X_BF16 * bool(x_bf16) | Y_BF16 * bool(y_bf16) | OUTPUTS[out] << OUTPUT_SHIFT


def _data(name: str, values: ArrayLike, lanes: int) -> tuple[NDArray[np.uint8], bool]:
    """Return the beats of a vector, (n, 4 * lanes) bytes, and whether it is bfloat16."""
    bits: NDArray[Any] = np.asarray(values)
    if bits.dtype == np.float32:
        bits = bits.view(np.uint32)
    if bits.dtype not in (np.uint32, np.uint16):
        raise InputError(f"{name} has dtype {bits.dtype}, expected {DTYPES}")
    if bits.ndim != 1 or not bits.size:
        raise InputError(f"{name} has shape {bits.shape}, expected a vector of 1 number or more")
    beats = np.zeros((-(-bits.size // lanes), lanes), bits.dtype.newbyteorder("<"))
    beats.reshape(-1)[: bits.size] = bits
    data = np.zeros((len(beats), 4 * lanes), np.uint8)
    data[:, : bits.itemsize * lanes] = beats.view(np.uint8)
    return data, bits.dtype == np.uint16


def scalar(s: object) -> np.float32:
    """Check the scalar of "axpy" and round it to float32.

    Parameters
    ----------
    s : float
        A number of any real type, including infinities and NaN.

    Returns
    -------
    numpy.float32

    Raises
    ------
    InputError
        It is not a number.
    """
    number = s.item() if type(s) is np.ndarray and s.shape == () else s  # a masked array is not accepted
    if isinstance(number, (bool, np.bool_)) or not isinstance(number, (int, float, np.integer, np.floating)):
        raise InputError(f"s is {shown(s)}, expected a number")
    try:
        with np.errstate(over="ignore"):
            return np.float32(number)
    except OverflowError:  # an int out of float range
        raise InputError(f"s is {shown(s)}, expected a number that float64 can represent") from None


def packets(
    op: str, x: ArrayLike, y: ArrayLike | None = None, s: object = 0.0, out: str = "fp32", *, lanes: int
) -> tuple[Beats, Beats]:
    """Return the packets of one operation on vectors.

    Parameters
    ----------
    op : str
        A key of :data:`OPERATIONS`.
    x, y : ndarray of float32, uint32 (bits of float32) or uint16 (bits of bfloat16), shape (n,)
        Operands; "relu" takes no `y`.
    s : float
        The scalar of "axpy", rounded to float32.
    out : str
        A key of `macrame.host.packets.OUTPUTS`.
    lanes : int
        LANES of the unit.

    Returns
    -------
    x, y : macrame.host.link.Beats
        Beats of the two streams; `y` has none if the operation takes no second operand.

    Raises
    ------
    InputError
        An operand is missing, superfluous, or has another length or type.
    """
    takes_y = op != "relu"
    if (y is None) == takes_y:
        raise InputError(
            f"y is {'missing' if y is None else 'given'}, expected {'one' if takes_y else 'none'} for {op}"
        )
    x_data, x_bf16 = _data("x", x, lanes)
    y_data, y_bf16 = (np.zeros((0, 4 * lanes), np.uint8), False) if y is None else _data("y", y, lanes)
    if y is not None and np.size(y) != np.size(x):
        raise InputError(f"y has {np.size(y)} numbers, expected {np.size(x)}, as many as x")
    record = np.zeros((1, 4 * lanes), np.uint8)
    record[0, :4] = np.array([scalar(s)], "<f4").view(np.uint8)
    user = np.zeros(len(x_data) + 1, np.uint8)
    user[0] = command(op, x_bf16, y_bf16, out)
    return (
        Beats(np.concatenate([record, x_data]), np.arange(len(x_data) + 1) == len(x_data), user),
        Beats(y_data, np.arange(len(y_data)) == len(y_data) - 1, np.zeros(len(y_data), np.uint8)),
    )


def unpack(beats: Results, count: int, out: str = "fp32") -> NDArray[Any]:
    """Convert the result beats of one packet to a vector.

    Parameters
    ----------
    beats : macrame.host.link.Results
    count : int
        Number of elements of the vector.
    out : str
        A key of `macrame.host.packets.OUTPUTS`, as in the command.

    Returns
    -------
    ndarray, shape (count,)
        uint32, the bits of float32, or uint16, the bits of bfloat16.

    Raises
    ------
    LinkError
        There are too few or too many beats, or tlast or tkeep is misplaced.
    """
    lanes, dtype = beats.data.shape[1] // 4, np.dtype("<u4" if out == "fp32" else "<u2")
    expected = -(-count // lanes)
    if not np.array_equal(beats.last, np.arange(expected) == expected - 1):
        raise LinkError(
            f"received {amount(len(beats), 'result beat')} with tlast in beats "
            f"{np.flatnonzero(beats.last).tolist()}, expected {expected} with tlast in the last"
        )
    width = lanes * dtype.itemsize
    if (beats.keep != (np.arange(4 * lanes) < width)).any():
        raise LinkError(f"a result beat has tkeep set for the wrong bytes, expected the low {width}")
    used = np.ascontiguousarray(beats.data[:, :width]).view(dtype).reshape(-1)[:count]
    return used.astype(dtype.newbyteorder("="))
