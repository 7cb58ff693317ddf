# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""exp and log of float64 by additions, multiplications and one division, the same bits on every machine.

NumPy's functions use the machine's vector instructions or C library, and differ between machines in the last
bit, so training would give different weights. Here every step is one IEEE 754 operation that NumPy rounds the
same way everywhere. exp is within 2 units in the last place of float64 and log within 4; rounded to float32
they are within one unit of the nearest float32, and nearly always equal to it. They are used by softmax, its
loss and the sigmoid, the parts of training that run on the host.
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

_LOG2E = 1.4426950408889634
_LN2_HIGH = float.fromhex("0x1.62e42fee00000p-1")  # 32 bits: exact times any exponent of float64
_LN2_LOW = float.fromhex("0x1.a39ef35793c76p-33")  # ln 2 less the above
_EXP = [1 / math.factorial(n) for n in range(14)]  # |r| <= ln(2) / 2: the next term is below 2^-58
_LOG = [2 / n for n in range(1, 24, 2)]  # |s| <= 0.1716: the next is below 2^-60 of the first


def exp(x: ArrayLike) -> NDArray[np.float64]:
    """e^x. Cody and Waite: x = k ln 2 + r with whole k, so that e^x = 2^k e^r; e^r by its Taylor polynomial.

    k ln 2 is subtracted in two parts, the first of which is exact, so that r keeps its bits.

    Parameters
    ----------
    x : array_like of float64
        Any value; a NaN stays NaN. Below -745.2 the result is 0, above 709.79 infinite.

    Returns
    -------
    numpy.ndarray of float64
    """
    x = np.asarray(x, np.float64)
    inside = np.clip(np.where(np.isnan(x), 0.0, x), -750.0, 710.0)
    k = np.rint(inside * _LOG2E)
    r = (inside - k * _LN2_HIGH) - k * _LN2_LOW
    value = np.full(r.shape, _EXP[-1])
    for coefficient in _EXP[-2::-1]:
        value = value * r + coefficient
    half = np.floor(k / 2)  # 2^k may be outside float64 even if the result is not
    with np.errstate(over="ignore", under="ignore"):
        value = np.ldexp(np.ldexp(value, half.astype(np.int64)), (k - half).astype(np.int64))
    return np.where(np.isnan(x), x, value)


def log(x: ArrayLike) -> NDArray[np.float64]:
    """Natural logarithm: x = 2^k m, m in [0.707, 1.414]; ln m = 2 (s + s^3 / 3 + ...), s = (m - 1) / (m + 1).

    Parameters
    ----------
    x : array_like of float64
        Finite and above 0.

    Returns
    -------
    numpy.ndarray of float64

    Raises
    ------
    ValueError
        If a number is not.
    """
    x = np.asarray(x, np.float64)
    if not (np.isfinite(x) & (x > 0)).all():
        raise ValueError("x: expected finite numbers above 0")
    m, k = np.frexp(x)
    low = m < math.sqrt(0.5)
    m, k = np.where(low, 2 * m, m), np.where(low, k - 1, k).astype(np.float64)
    s = (m - 1) / (m + 1)
    square = s * s
    series = np.full(s.shape, _LOG[-1])
    for coefficient in _LOG[-2::-1]:
        series = series * square + coefficient
    return k * _LN2_HIGH + (s * series + k * _LN2_LOW)


def sigmoid(z: ArrayLike) -> NDArray[np.float64]:
    """Logistic function 1 / (1 + e^-z), from e^-|z| only, which is in [0, 1].

    Parameters
    ----------
    z : array_like of float64
        Any value; a NaN stays NaN.

    Returns
    -------
    numpy.ndarray of float64
        Within 4 units in the last place, in [0, 1].
    """
    z = np.asarray(z, np.float64)
    e = exp(-np.abs(z))
    return np.where(z >= 0, 1.0, e) / (1 + e)


def softmax(z: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Probabilities of logits, class after class: exp(z - max z) over the sum of these, added in order.

    Parameters
    ----------
    z : array_like, shape (samples, classes)
        Finite logits.

    Returns
    -------
    probabilities : numpy.ndarray of float64, shape (samples, classes)
    log_sum : numpy.ndarray of float64, shape (samples,)
        log(sum(exp(z))): the cross-entropy of a sample is this less the logit of its class.
    """
    z = np.asarray(z, np.float64)
    top = z.max(axis=1)
    e = exp(z - top[:, None])
    total = np.zeros(len(z))
    for column in e.T:
        total = total + column
    return e / total[:, None], log(total) + top


def mean(values: ArrayLike) -> float:
    """The mean, from a sum that is rounded once: the same bits in any order.

    Parameters
    ----------
    values : array_like of float64, not empty

    Returns
    -------
    float
    """
    values = np.ravel(np.asarray(values, np.float64))
    return math.fsum(values.tolist()) / values.size
