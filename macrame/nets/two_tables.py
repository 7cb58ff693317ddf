# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Rules of the elementwise unit that give the results of another arithmetic, for all pairs of two bytes.

ONNX Runtime computes sums and products of bytes in float32, and rounds ties to even. The unit adds two table
entries, or multiplies them, and rounds ties away from zero. Its tables and its factor are therefore searched
for: they exist unless the float32 results themselves contradict each other, as ties of simple scales do.
Every rule that is returned has been tried with the unit's golden model on all 65,536 pairs.

Bytes are numbered 0 to 255 from the lowest of their type on. Results are int8; from results of uint8, 128 is
subtracted.
"""

import math

import numpy as np
from numpy.typing import NDArray

from macrame.golden.arith.requantize import quantize_multiplier_plain
from macrame.golden.elementwise import Scaling, elementwise
from macrame.host.elementwise_rules import PRODUCT_SHIFT, Rule

Reals = NDArray[np.float64]
Results = NDArray[np.int8]

LOW, HIGH = -128, 127
INT32 = np.iinfo(np.int32)
_HALF = 1 << 30  # in Q31
#: The most bits after the binary point with which 128 fits int32.
FINEST = 23
_VALUES = np.arange(LOW, HIGH + 1).astype(np.int8)


def agrees(rule: Rule, wanted: Results) -> bool:
    """Whether the unit computes these results.

    Parameters
    ----------
    rule : Rule
    wanted : ndarray of int8, shape (256, 256)
        Of each x and y.

    Returns
    -------
    bool
    """
    x, y = np.meshgrid(_VALUES, _VALUES, indexing="ij")
    scaling = Scaling(rule.multiplier, rule.right, rule.zero_point, rule.clamp_low, rule.clamp_high)
    return bool((elementwise(rule.op, x, y, rule.table_a, rule.table_b, scaling) == wanted).all())


def addition(wanted: Results, x: Reals, y: Reals) -> Rule | None:
    """Tables whose sums round to the results.

    With b bits after the binary point, a result q needs A[x] + B[y] within half of q, ties excluded; the
    least and the greatest int8 stand for everything beyond them too. These are bounds on the differences of
    512 numbers, A[x] and -B[y], so the Bellman-Ford algorithm finds integers that keep them, or shows that
    there are none: it converges within as many rounds as there are numbers, or not at all. It starts at `x`
    and `y` and changes no more than it must.

    Parameters
    ----------
    wanted : ndarray of int8, shape (256, 256)
        Of each x and y.
    x, y : ndarray of float64, shape (256,)
        Real numbers whose sums are close to the results before they are rounded.

    Returns
    -------
    Rule or None
        None if there are no such tables with as many bits as int32 has room for.
    """
    largest = float(np.abs(x).max() + np.abs(y).max()) + 1
    bits = min(FINEST, 30 - math.ceil(math.log2(largest)))
    if bits < 2:
        return None
    unit, half = 1 << bits, 1 << (bits - 1)
    q = wanted.astype(np.int64) * unit
    least = np.where(wanted == LOW, INT32.min, q - half + 1)
    most = np.where(wanted == HIGH, INT32.max, q + half - 2)
    a, minus_b = np.rint(x * unit).astype(np.int64), np.rint(-y * unit).astype(np.int64)
    for _ in range(len(a) + len(minus_b)):
        lowered_b = np.minimum(minus_b, (a[:, np.newaxis] - least).min(axis=0))
        lowered_a = np.minimum(a, (lowered_b + most).min(axis=1))
        if (lowered_a == a).all() and (lowered_b == minus_b).all():
            break
        a, minus_b = lowered_a, lowered_b
    else:
        return None
    if min(a.min(), -minus_b.max()) < INT32.min or max(a.max(), -minus_b.min()) > INT32.max:
        return None
    rule = Rule("add", a.astype(np.int32), (-minus_b).astype(np.int32), _HALF, bits - 1)
    return rule if agrees(rule, wanted) else None


def multiplication(wanted: Results, x: int, y: int, factor: float, zero_point: int) -> Rule | None:
    """A factor with which the products of two bytes round to the results.

    Parameters
    ----------
    wanted : ndarray of int8, shape (256, 256)
        Of each x and y.
    x, y : int
        The numbers of the bytes that stand for 0.
    factor : float
        Close to the real one, above 0.
    zero_point : int
        int8.

    Returns
    -------
    Rule or None
        None if there is no such factor.
    """
    first, second = np.arange(256) - x, np.arange(256) - y
    product = np.multiply.outer(first, second)
    size, q = np.abs(product), wanted.astype(np.int64) - zero_point
    # negative products are compared with the negated result
    nearer = np.where(product > 0, q, -q) - 0.5
    end = np.where(product > 0, (wanted == LOW), (wanted == HIGH))
    start = np.where(product > 0, (wanted == HIGH), (wanted == LOW))
    counts = size > 0
    least = max(0.0, float((nearer[counts & ~end] / size[counts & ~end]).max(initial=0.0)))
    most = float(((nearer + 1)[counts & ~start] / size[counts & ~start]).min(initial=np.inf))
    inside = [factor] if least < factor < most else []
    if least < most < np.inf:
        inside.append((least + most) / 2)
    for candidate in inside:
        rule = _product(first, second, candidate, zero_point)
        if rule is not None and agrees(rule, wanted):
            return rule
    return None


def _product(
    first: NDArray[np.integer], second: NDArray[np.integer], factor: float, zero: int
) -> Rule | None:
    """A product whose operands are shifted left as far as possible, so that only the last step rounds."""
    multiplier, shift = quantize_multiplier_plain(factor)
    left = min(PRODUCT_SHIFT, 31 + shift)
    if shift > left:
        return None
    shifts = left // 2, left - left // 2
    a, b = ((part << n + 16).astype(np.int32) for part, n in zip((first, second), shifts))
    return Rule("mul", a, b, multiplier, left - shift, zero)
