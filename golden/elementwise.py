# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Golden model of the elementwise unit: its five operations, its cycles, and TFLite's rules for ADD and MUL.

====  =========  ====================================================
code  operation  x, which is then requantised to int8
====  =========  ====================================================
0     add        A[a] + B[b], modulo 2^32
1     mul        (A[a] >> 16) * (B[b] >> 16)
2     maximum    A[max(a, b)]
3     minimum    A[min(a, b)]
4     table      A[a]
====  =========  ====================================================

A and B are tables of 256 int32, here in the order of the int8: entry n belongs to n - 128. Requantisation is
mode gemmlowp of `macrame.golden.arith.requantize`, with right shifts only.

`add_int8`, `sub_int8` and `mul_int8` define these operations for networks, as TFLite Micro's kernels compute
them, without any table: an operand's scaled value depends on that int8 alone, so the unit can look it up.
"""

import functools
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from macrame.golden.arith.requantize import (
    GEMMLOWP,
    divide_away,
    quantize_multiplier_plain,
    requantize,
    requantize_plain,
    srdhm_plain,
    wrap32,
)
from macrame.golden.quantized.grid import Grid

OPERATIONS = {"add": 0, "mul": 1, "maximum": 2, "minimum": 3, "table": 4}
#: Commands that load tables: A and B, or A alone.
LOADS = {"load": 5, "load_a": 6}
#: Operations and loads that take a packet of y.
TAKES_Y = ("add", "mul", "maximum", "minimum", "load")

RECORD_BYTES, ENTRY_BYTES, ENTRIES = 9, 4, 256
#: Cycles from issue to the result on m_axis: lanes 14, fifo 2, packet_closer 1.
_TO_RESULT = 17


@dataclass(frozen=True)
class Scaling:
    """The fields of a record that control requantisation.

    Attributes
    ----------
    multiplier : int
        int32, Q31.
    right : int
        0..31.
    zero_point, clamp_low, clamp_high : int
        int8.
    """

    multiplier: int
    right: int = 0
    zero_point: int = 0
    clamp_low: int = -128
    clamp_high: int = 127


def elementwise_plain(
    op: str, a: int, b: int, table_a: ArrayLike, table_b: ArrayLike | None, scaling: Scaling
) -> int:
    """One result.

    Parameters
    ----------
    op : str
        A key of `OPERATIONS`.
    a, b : int
        int8; `b` is ignored by "table".
    table_a, table_b : array_like of int32, shape (256,)
        `table_b` is read by "add" and "mul" only.
    scaling : Scaling

    Returns
    -------
    int
        int8.
    """

    def entry(table: ArrayLike | None, value: int) -> int:
        return int(np.asarray(table)[value + 128])

    if op == "add":
        x = wrap32(entry(table_a, a) + entry(table_b, b))
    elif op == "mul":
        x = (entry(table_a, a) >> 16) * (entry(table_b, b) >> 16)
    else:
        x = entry(table_a, {"maximum": max(a, b), "minimum": min(a, b), "table": a}[op])
    s = scaling
    return requantize_plain(x, s.multiplier, -s.right, s.zero_point, s.clamp_low, s.clamp_high, GEMMLOWP)


def elementwise(
    op: str,
    a: ArrayLike,
    b: ArrayLike | None,
    table_a: ArrayLike,
    table_b: ArrayLike | None,
    scaling: Scaling,
) -> NDArray[np.int8]:
    """`elementwise_plain` on arrays.

    Parameters
    ----------
    op : str
        A key of `OPERATIONS`.
    a, b : array_like of int8, of one shape
        "table" takes no `b`.
    table_a, table_b : array_like of int32, shape (256,)
        `table_b` is read by "add" and "mul" only.
    scaling : Scaling

    Returns
    -------
    ndarray of int8, of the shape of a

    Raises
    ------
    ValueError
        The operation is unknown, an operand is missing or superfluous, or a shape or type is wrong.
    """
    if op not in OPERATIONS:
        raise ValueError(f"op is {op!r}, expected one of {', '.join(OPERATIONS)}")
    if (b is None) != (op == "table"):
        given, expected = "missing" if b is None else "given", "none" if op == "table" else "one"
        raise ValueError(f"b is {given}, expected {expected} for {op}")
    a = np.asarray(a)
    b = a if b is None else np.asarray(b)
    for name, operand in (("a", a), ("b", b)):
        if operand.dtype != np.int8:
            raise ValueError(f"{name} has dtype {operand.dtype}, expected int8")
    if a.shape != b.shape:
        raise ValueError(f"b has shape {b.shape}, expected that of a, {a.shape}")
    table_a = _table("table_a", table_a)
    if op in ("add", "mul"):
        if table_b is None:
            raise ValueError(f"table_b is missing, expected one for {op}")
        left, right = table_a[a.astype(np.int64) + 128], _table("table_b", table_b)[b.astype(np.int64) + 128]
        x = left + right if op == "add" else (left >> 16) * (right >> 16)
    else:
        pick = np.maximum(a, b) if op == "maximum" else np.minimum(a, b)  # of a table both are a
        x = table_a[pick.astype(np.int64) + 128]
    s = scaling
    return requantize(x, s.multiplier, -s.right, s.zero_point, s.clamp_low, s.clamp_high, GEMMLOWP).astype(
        np.int8
    )


def _table(name: str, table: ArrayLike) -> NDArray[np.int32]:
    found = np.asarray(table)
    if found.shape != (ENTRIES,) or found.dtype != np.int32:
        raise ValueError(f"{name} is {found.dtype} of shape {found.shape}, expected 256 int32")
    return found


# --- what a network means -----------------------------------------------------------------------------------


_quantized = functools.cache(quantize_multiplier_plain)  # one scale, many numbers


def multiply_by_quantised(x: int, scale: float) -> int:
    """TFLite's MultiplyByQuantizedMultiplier: SRDHM by the Q31 multiplier, then a rounding right shift.

    Parameters
    ----------
    x : int
        int32; shifted left first where the scale is 1 or more.
    scale : float

    Returns
    -------
    int
    """
    multiplier, shift = _quantized(scale)
    return divide_away(srdhm_plain(wrap32(x << max(shift, 0)), multiplier), max(-shift, 0))


def _clamped(value: int, low: int, high: int) -> int:
    return min(high, max(value, low))


def add_int8(a: int, b: int, qa: Grid, qb: Grid, out: Grid, low: int = -128, high: int = 127) -> int:
    """a + b of two quantised tensors, as TFLite's kernel for int8 ADD computes it.

    Parameters
    ----------
    a, b : int
        int8.
    qa, qb, out : Grid
        Of the operands and of the result.
    low, high : int
        The activation's clamp.

    Returns
    -------
    int
        int8.
    """
    return _sum(a, b, qa, qb, out, low, high, 1)


def sub_int8(a: int, b: int, qa: Grid, qb: Grid, out: Grid, low: int = -128, high: int = 127) -> int:
    """a - b; parameters and result as for `add_int8`."""
    return _sum(a, b, qa, qb, out, low, high, -1)


def _sum(a: int, b: int, qa: Grid, qb: Grid, out: Grid, low: int, high: int, sign: int) -> int:
    twice = 2 * max(qa.scale, qb.scale)
    left = multiply_by_quantised((a - qa.zero_point) << 20, qa.scale / twice)
    right = multiply_by_quantised((b - qb.zero_point) << 20, qb.scale / twice)
    scaled = multiply_by_quantised(left + sign * right, twice / (2**20 * out.scale))
    return _clamped(scaled + out.zero_point, low, high)


def mul_int8(a: int, b: int, qa: Grid, qb: Grid, out: Grid, low: int = -128, high: int = 127) -> int:
    """a * b, as TFLite's kernel for int8 MUL; parameters and result as for `add_int8`."""
    product = (a - qa.zero_point) * (b - qb.zero_point)
    # scales are float32 in a file, their products float64 in the kernel
    scaled = multiply_by_quantised(product, qa.scale * qb.scale / out.scale)
    return _clamped(scaled + out.zero_point, low, high)


# --- cycles -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Counters:
    """The unit's counters; the stalls of x and y are 0 where neither stream stalls."""

    cycles: int
    busy: int
    packets: int
    stall_out: int


def beats(command: str, elements: int, lanes: int, short: bool = False) -> int:
    """Data beats of a packet.

    Parameters
    ----------
    command : str
        A key of `OPERATIONS` or `LOADS`.
    elements : int
        Of an operation.
    lanes : int
    short : bool
        Of a load: short entries.

    Returns
    -------
    int
    """
    if command in LOADS:
        return ENTRIES * (1 if short else -(-ENTRY_BYTES // lanes))
    return -(-elements // lanes)


def predict(lanes: int, fifo_depth: int, packets: Iterable[tuple[str, int]]) -> Counters:
    """Exact counters for packets sent without stalls, to a unit that was idle, with results always accepted.

    Both streams offer a beat in every cycle; a beat is issued when there is space for its result, and the
    space is free again 17 cycles later, when the result leaves the FIFO.

    Parameters
    ----------
    lanes, fifo_depth : int
        Of the unit.
    packets : iterable of (str, int)
        Command and data beats of each; at least one operation.

    Returns
    -------
    Counters
        `cycles` ends with the last result.
    """
    record = -(-RECORD_BYTES // lanes)
    now = stall = busy = count = 0  # the first beat is accepted in cycle 0 and seen in cycle 1
    issued: list[int] = []
    for command, length in packets:
        count += 1
        now += record
        for _ in range(length):
            now += 1
            busy += 1
            # beats of a table wait for a place too, but take none
            free = issued[-fifo_depth] + _TO_RESULT if len(issued) >= fifo_depth else 0
            stall += max(0, free - now)
            now = max(now, free)
            if command not in LOADS:
                issued.append(now)
    return Counters(issued[-1] + _TO_RESULT + 1, busy, count, stall)
