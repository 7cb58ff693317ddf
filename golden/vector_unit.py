# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Golden model of the vector unit: the operations of training other than products, in fp32.

====  =============  ==============================================================================
code  operation      result
====  =============  ==============================================================================
0     add            float32(x + y)
1     sub            float32(x - y)
2     mul            float32(x * y)
3     axpy           float32(x + float32(s * y)): the product is rounded, then the sum
4     relu           x where x > 0 or x is NaN, else +0
5     relu_gradient  x where y > 0, else +0
====  =============  ==============================================================================

Rounded to nearest even, subnormals kept, every NaN result 0x7FC00000; bfloat16 operands are widened first,
and the fp32 result may leave as bfloat16.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from macrame.golden.arith.bf16_to_fp32 import bf16_to_fp32
from macrame.golden.gemm_bf16 import Bits, output_stage

OPERATIONS = {"add": 0, "sub": 1, "mul": 2, "axpy": 3, "relu": 4, "relu_gradient": 5}


def vector_unit_plain(
    op: str, x: float | np.floating, y: float | np.floating = 0.0, s: float | np.floating = 0.0
) -> np.float32:
    """One fp32 result.

    Parameters
    ----------
    op : str
        A key of `OPERATIONS`.
    x, y, s : float
        Values of float32.

    Returns
    -------
    numpy.float32
    """
    x, y, s = np.float32(x), np.float32(y), np.float32(s)
    with np.errstate(all="ignore"):
        if op == "axpy":
            product = np.float32(s * y)
            return np.float32(x + product)
        if op == "relu":
            return x if x > 0 or np.isnan(x) else np.float32(0)
        if op == "relu_gradient":
            return x if y > 0 else np.float32(0)
        return np.float32({"add": x + y, "sub": x - y, "mul": x * y}[op])


def vector_unit(
    op: str,
    x: ArrayLike,
    y: ArrayLike | None = None,
    s: float | np.floating | None = None,
    out: str | int = "fp32",
    random: ArrayLike | None = None,
) -> Bits:
    """`vector_unit_plain` on arrays.

    Parameters
    ----------
    op : str
        A key of `OPERATIONS`.
    x, y : array_like of float32, uint32 (bits of fp32) or uint16 (bits of bfloat16), of one shape
        Operands; `y` is not taken by "relu".
    s : float
        Scalar of "axpy", rounded to float32.
    out : str or int
        See `macrame.golden.gemm_bf16.OUTPUTS`.
    random : array_like of uint16
        Random operands, for out = "stochastic" only.

    Returns
    -------
    ndarray, of the shape of x
        uint32 bits of fp32, or uint16 bits of bfloat16.

    Raises
    ------
    ValueError
        The operation is unknown, an operand is missing or superfluous, or the shapes differ.
    """
    if op not in OPERATIONS:
        raise ValueError(f"op is {op!r}, expected one of {', '.join(OPERATIONS)}")
    if (y is None) != (op == "relu"):
        raise ValueError(
            f"y is {'missing' if y is None else 'given'}, expected "
            f"{'none' if op == 'relu' else 'one'} for {op}"
        )
    if (s is None) == (op == "axpy"):
        raise ValueError(f"s is {s}, expected {'a number' if op == 'axpy' else 'None'} for {op}")
    x = numbers("x", x)
    y = x if y is None else numbers("y", y)  # "relu" has no y
    if y.shape != x.shape:
        raise ValueError(f"y has shape {y.shape}, expected that of x, {x.shape}")
    with np.errstate(all="ignore"):
        if op == "axpy":
            result = x + np.float32(0 if s is None else s) * y
        elif op == "relu":
            result = np.where((x > 0) | np.isnan(x), x, np.float32(0))
        elif op == "relu_gradient":
            result = np.where(y > 0, x, np.float32(0))
        else:
            result = {"add": np.add, "sub": np.subtract, "mul": np.multiply}[op](x, y)
    return output_stage(result, out=out, random=random)


def numbers(name: str, x: ArrayLike) -> NDArray[np.float32]:
    """An operand as float32 numbers, from any of its three types.

    Parameters
    ----------
    name : str
        For the error.
    x : array_like of float32, uint32 (bits of fp32) or uint16 (bits of bfloat16)

    Returns
    -------
    ndarray of float32

    Raises
    ------
    ValueError
        If its dtype is another.
    """
    x = np.asarray(x)
    if x.dtype == np.uint16:
        return bf16_to_fp32(x)
    if x.dtype == np.uint32:
        return x.view(np.float32)
    if x.dtype != np.float32:
        raise ValueError(
            f"{name} has dtype {x.dtype}, expected float32, uint32 (bits of it) or uint16 (bits of bfloat16)"
        )
    return x
