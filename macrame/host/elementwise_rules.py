# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Rules of the elementwise unit: the tables and the requantisation that make it an operator of a network.

The unit computes requantise(A[x] + B[y]), requantise(A[x] * B[y]) or requantise(A[x]), where A and B are
tables of 256 int32, one entry per int8. TFLite's integer kernels fit that exactly: everything that a kernel
does to one operand before combining it with the other depends on that int8 alone.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from macrame.errors import InputError, shown
from macrame.host import arguments
from macrame.host.quantize import quantize_multiplier

#: Operations by their number in a command.
OPERATIONS = {"add": 0, "mul": 1, "maximum": 2, "minimum": 3, "table": 4}
#: Those that take a second operand, and those that read table B.
TAKES_Y = ("add", "mul", "maximum", "minimum")
READS_B = ("add", "mul")

#: Bits by which TFLite's kernels for ADD and SUB move an operand up, for precision.
SUM_SHIFT = 20
#: The largest left shift of a product: with it 255 * 255 still fits int32.
PRODUCT_SHIFT = 14

_VALUES = np.arange(-128, 128, dtype=np.int64)
_ONE = 1 << 30  # 0.5 in Q31


@dataclass(frozen=True)
class Scale:
    """What an int8 stands for: scale * (value - zero_point).

    Attributes
    ----------
    scale : float
        Above 0.
    zero_point : int
        int8.
    """

    scale: float
    zero_point: int = 0

    def checked(self, name: str) -> "Scale":
        """The same with plain numbers; InputError names `name` if one is out of its range."""
        scale = float(arguments.reals(f"{name}.scale", self.scale, 1).reshape(-1)[0])
        if not (np.isfinite(scale) and scale > 0):
            raise InputError(f"{name}.scale is {scale}, expected a finite number above 0")
        return Scale(scale, int(arguments.integers(f"{name}.zero_point", self.zero_point, arguments.INT8)))


@dataclass(frozen=True, eq=False)
class Rule:
    """An operator as the unit runs it.

    Attributes
    ----------
    op : str
        A key of :data:`OPERATIONS`.
    table_a, table_b : ndarray of int32, shape (256,)
        Entry n is that of n - 128; `table_b` is None where the operation does not read it.
    multiplier : int
        int32, Q31.
    right : int
        Right shift, 0 to 31.
    zero_point, clamp_low, clamp_high : int
        int8.
    """

    op: str
    table_a: NDArray[np.int32]
    table_b: NDArray[np.int32] | None = None
    multiplier: int = _ONE
    right: int = 0
    zero_point: int = 0
    clamp_low: int = -128
    clamp_high: int = 127


def checked(rule: Rule) -> Rule:
    """Check a rule.

    Parameters
    ----------
    rule : Rule

    Returns
    -------
    Rule
        With plain arrays and numbers.

    Raises
    ------
    macrame.errors.InputError
        A field is wrong; the message names it.
    """
    arguments.instance("rule", rule, Rule)
    op = arguments.choice("rule.op", rule.op, OPERATIONS)
    if (rule.table_b is None) == (op in READS_B):
        given = "missing" if rule.table_b is None else "given"
        raise InputError(f"rule.table_b is {given}, expected {'one' if op in READS_B else 'none'} for {op}")

    def int8(name: str, value: int) -> int:
        return int(arguments.integers(f"rule.{name}", value, arguments.INT8))

    right = int(arguments.integers("rule.right", rule.right, arguments.INT8))
    if not 0 <= right <= 31:
        raise InputError(f"rule.right is {right}, expected 0 to 31")
    return Rule(
        op,
        _table("rule.table_a", rule.table_a),
        None if rule.table_b is None else _table("rule.table_b", rule.table_b),
        int(arguments.integers("rule.multiplier", rule.multiplier, arguments.INT32)),
        right,
        int8("zero_point", rule.zero_point),
        int8("clamp_low", rule.clamp_low),
        int8("clamp_high", rule.clamp_high),
    )


def _table(name: str, table: ArrayLike) -> NDArray[np.int32]:
    found = arguments.array(name, table, "256 int32")
    if found.dtype != np.int32 or found.shape != (256,):
        raise InputError(f"{name} is {found.dtype} of shape {found.shape}, expected 256 int32")
    return found


def _clamp(clamp: tuple[int, int]) -> tuple[int, int]:
    pair = arguments.array("clamp", clamp, "two integers")
    if pair.shape != (2,):
        raise InputError(f"clamp is {shown(clamp)}, expected two integers")
    low, high = (int(v) for v in arguments.integers("clamp", pair, arguments.INT8, 2))
    if low > high:
        raise InputError(f"clamp is {shown(clamp)}, expected the lower limit first")
    return low, high


def _operands(x: Scale, y: Scale, out: Scale) -> tuple[Scale, Scale, Scale]:
    """Check three scales."""
    for name, scale in (("x", x), ("y", y), ("out", out)):
        arguments.instance(name, scale, Scale)
    return x.checked("x"), y.checked("y"), out.checked("out")


def _refuse_extremes(x: Scale, y: Scale, out: Scale, *ratios: float) -> None:
    """InputError where a ratio of three scales is not a float64 above 0."""
    if not all(0 < ratio < math.inf for ratio in ratios):
        raise InputError(
            f"the scales of x, y and out are {x.scale}, {y.scale} and {out.scale}, expected ratios that a "
            "float64 can represent"
        )


def _scaled(values: NDArray[np.int64], scale: float) -> NDArray[np.int64]:
    """TFLite's MultiplyByQuantizedMultiplierSmallerThanOneExp of int32 values."""
    multiplier, shift = (int(v) for v in quantize_multiplier(scale))
    product = (values * multiplier + 2**30) >> 31
    magnitude = np.abs(product)
    return np.sign(product) * ((magnitude + ((1 << -shift) >> 1)) >> -shift)


def add(x: Scale, y: Scale, out: Scale, clamp: tuple[int, int] = (-128, 127), subtract: bool = False) -> Rule:
    """TFLite's ADD or SUB of two int8 tensors.

    Parameters
    ----------
    x, y, out : Scale
        Of the operands and of the result.
    clamp : (int, int)
        The activation's limits, int8.
    subtract : bool
        x - y.

    Returns
    -------
    Rule

    Raises
    ------
    macrame.errors.InputError
        An argument is wrong, or the result's scale is so small that TFLite rejects it too.
    """
    x, y, out = _operands(x, y, out)
    subtract = arguments.flag("subtract", subtract)
    twice = 2 * max(x.scale, y.scale)
    scale = twice / ((1 << SUM_SHIFT) * out.scale)
    _refuse_extremes(x, y, out, min(x.scale, y.scale) / twice, scale)
    if not 0 < scale < 1:
        raise InputError(
            f"out.scale is {out.scale}, expected more than {twice / (1 << SUM_SHIFT)} for these operands"
        )
    multiplier, shift = (int(v) for v in quantize_multiplier(scale))
    if shift > 0:  # the multiplier was rounded up to 1
        multiplier, shift = 2**31 - 1, 0
    tables = [_scaled((_VALUES - s.zero_point) << SUM_SHIFT, s.scale / twice) for s in (x, y)]
    if subtract:
        tables[1] = -tables[1]
    a, b = (table.astype(np.int32) for table in tables)
    return Rule("add", a, b, multiplier, -shift, out.zero_point, *_clamp(clamp))


def mul(x: Scale, y: Scale, out: Scale, clamp: tuple[int, int] = (-128, 127)) -> Rule:
    """TFLite's MUL of two int8 tensors; parameters, result and errors as for `add`."""
    x, y, out = _operands(x, y, out)
    scale = x.scale * y.scale / out.scale
    _refuse_extremes(x, y, out, scale)
    if not 0 < scale < 2**PRODUCT_SHIFT:
        raise InputError(
            f"out.scale is {out.scale}, expected more than {x.scale * y.scale / 2**PRODUCT_SHIFT}"
        )
    multiplier, shift = (int(v) for v in quantize_multiplier(scale))
    left = max(shift, 0)
    # a product's left shift, as its factors'; the factors are the entries' upper halves
    shifts = min(left, PRODUCT_SHIFT // 2), max(left - PRODUCT_SHIFT // 2, 0)
    a, b = ((_VALUES - s.zero_point << n + 16).astype(np.int32) for s, n in zip((x, y), shifts))
    return Rule("mul", a, b, multiplier, max(-shift, 0), out.zero_point, *_clamp(clamp))


def table(results: ArrayLike) -> Rule:
    """Any function of an int8.

    Parameters
    ----------
    results : ndarray of int8, shape (256,)
        Entry n is the result for n - 128.

    Returns
    -------
    Rule

    Raises
    ------
    macrame.errors.InputError
        `results` has another type or shape.
    """
    return _exact("table", results)


def maximum() -> Rule:
    """The greater of two int8."""
    return _exact("maximum", _VALUES.astype(np.int8))


def minimum() -> Rule:
    """The lesser of two int8."""
    return _exact("minimum", _VALUES.astype(np.int8))


def _exact(op: str, results: ArrayLike) -> Rule:
    """v * 2^24, times 0.5, shifted right by 23 is v, without rounding; and it is a short entry."""
    found = arguments.array("results", results, "256 int8")
    if found.dtype != np.int8 or found.shape != (256,):
        raise InputError(f"results is {found.dtype} of shape {found.shape}, expected 256 int8")
    return Rule(op, found.astype(np.int32) << 24, None, _ONE, 23)
