# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Modules without handshakes, driven with arrays: the format of their words, and `run`, which plays them.

A *word* is the operands of one evaluation, a *column* one operand over all words.
macrame/sim/hdl/vector_player.v streams the words of a file through the module, one per cycle, and writes the
results; macrame/sim/modules.py lists and connects the modules.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from macrame import paths
from macrame.sim import simulate
from macrame.sim.modules import MODULES, harness


def bits(name: str, values: ArrayLike, size: int) -> NDArray[np.uint64]:
    """A column's bit patterns.

    Parameters
    ----------
    name : str
        For the message.
    values : array_like
        float32 (4 bytes) or integers that fit `size` bytes, signed or not.
    size : int
        Bytes.

    Returns
    -------
    ndarray of uint64

    Raises
    ------
    ValueError
        For another kind of number, or an integer that does not fit.
    """
    array: NDArray[Any] = np.asarray(values)
    if array.dtype == np.float32 and size == 4:
        return array.view(np.uint32).astype(np.uint64)
    if array.dtype.kind not in "iub":
        raise ValueError(
            f"{name} has dtype {array.dtype}, expected integers{' or float32' if size == 4 else ''}"
        )
    if array.size and array.dtype.itemsize > size:
        low, high = int(array.min()), int(array.max())
        if low < -(2 ** (8 * size - 1)) or high >= 2 ** (8 * size - (low < 0)):
            raise ValueError(f"{name} contains {low}..{high}, expected integers of {size} bytes")
    return array.astype(np.uint64) & np.uint64(2 ** (8 * size) - 1)


def pack(m: str, columns: Mapping[str, ArrayLike]) -> NDArray[np.uint8]:
    """The words of a module as bytes.

    Parameters
    ----------
    m : str
        A key of `MODULES`.
    columns : dict of str to array_like
        Every operand; they broadcast against each other and are flattened.

    Returns
    -------
    ndarray of uint8, shape (words, bytes of a word)
    """
    expected = MODULES[m].columns
    if set(columns) != set(expected):
        raise ValueError(f"{m}: operands {', '.join(columns)} are given, expected {', '.join(expected)}")
    patterns = np.broadcast_arrays(*(bits(c, columns[c], size) for c, size in expected.items()))
    fields = [
        p.reshape(-1, 1).astype(">u8").view(np.uint8)[:, 8 - size :]
        for p, size in zip(patterns, expected.values())
    ]
    return np.ascontiguousarray(np.hstack(fields))


_DIGIT = np.full(256, 255, np.uint8)
_DIGIT[np.frombuffer(b"0123456789abcdefABCDEF", np.uint8)] = [*range(16), *range(10, 16)]
_DIGIT[np.frombuffer(b"xXzZ", np.uint8)] = 254


def parse(path: Path, words: int) -> tuple[NDArray[np.uint64], NDArray[np.bool_]]:
    """The results in a file of vector_player.v.

    Parameters
    ----------
    path : path
        Hexadecimal, one line per word.
    words : int
        Expected number of results.

    Returns
    -------
    values : ndarray of uint64
        Results; unknown digits read as 0.
    unknown : ndarray of bool
        Where a result has a bit X or Z.

    Raises
    ------
    ValueError
        If the file holds another number of results, or anything but hexadecimal lines of one length.
    """
    text = np.fromfile(path, np.uint8)
    width = int(np.argmax(text == ord("\n"))) + 1 if text.size else 1
    if text.size != words * width:
        raise ValueError(
            f"{path} contains {text.size / width:g} results of {width - 1} digits, expected {words}"
        )
    lines = text.reshape(words, width)
    digits = _DIGIT[lines[:, :-1]]
    if (digits == 255).any() or (lines[:, -1] != ord("\n")).any():
        raise ValueError(f"{path} is not hexadecimal")
    unknown = (digits == 254).any(axis=1)
    values = np.zeros(words, np.uint64)
    for column in np.where(digits == 254, 0, digits).T:
        values = (values << np.uint64(4)) | column.astype(np.uint64)
    return values, unknown


def narrow(m: str, values: NDArray[np.uint64]) -> NDArray[Any]:
    """Results as the module's own type."""
    dtype = MODULES[m].result
    return values.astype(f"u{dtype.itemsize}").view(dtype)


def run(m: str, *, name: str | None = None, **columns: ArrayLike) -> NDArray[Any]:
    """Evaluate a module in the simulator, word by word.

    Parameters
    ----------
    m : str
        A key of `MODULES`, say ``"fp32_to_int8"``.
    name : str, optional
        Names the run's folder; ``vectors/<m>`` by default.
    **columns : array_like
        The module's operands; they broadcast against each other.

    Returns
    -------
    ndarray
        The module's results, in the broadcast shape.

    Raises
    ------
    ValueError
        If an operand is missing, unknown or does not fit.
    macrame.sim.simulate.Failed
        If the simulation fails, or a result is unknown (X).
    """
    shape = np.broadcast_shapes(*(np.shape(c) for c in columns.values()))
    words = pack(m, columns)
    if not len(words):
        return np.zeros(shape, MODULES[m].result)
    launch = simulate.prepare(
        name or f"vectors/{m}",
        toplevel=f"vec_{m}",
        module="macrame.sim.inside.vectors",
        sources=sources(m),
        waves=False,
    )
    try:
        words.tofile(launch.cwd / "vectors.bin")
        launch.run()
        values, unknown = parse(launch.cwd / "results.hex", len(words))
        if unknown.any():
            what = f"{m}: result {int(np.argmax(unknown))} of {len(words)} is unknown (X)"
            raise simulate.Failed("test", what, launch.cwd, (), launch.seed)
    finally:
        launch.release()
    return narrow(m, values).reshape(shape)


def sources(m: str) -> list[Path]:
    """Paths of the Verilog of a module and of its player."""
    return [*(paths.RTL / path for path in MODULES[m].rtl), *harness(m)]
