# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Conversion of matrices to stream beats and back.

A beat is a row of bytes: lane j, depth d is byte ``j*DEPTH + d``, and value k of the inner dimension travels
in slice ``k // DEPTH`` at depth ``k % DEPTH``. A weight panel starts with a record of 12 bytes per column,
sent on that column's own lane:

    byte   0..3        4..7          8       9            10          11
           bias        multiplier    shift   zero point   clamp low   clamp high
           int32 LE    int32 LE      int8    int8         int8        int8

``multiplier`` is a Q31 integer, or the bits of a float32 scale in mode fp32.

A core with bfloat16 has lanes of two bytes and DEPTH 1; an int8 uses the lower byte. Matrices of bfloat16 are
held as their bits, uint16. A slice of activations takes four beats: lane r of beat i is row 4*r + i of a tile
of 4*ROWS rows. The record holds the float32 bits of the bias; its other fields are ignored.
"""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from macrame.contract import (
    BF16,
    KEEP,
    MODES,
    OUTPUTS,
    PHASES,
    RECORD,
    RECORD_BYTES,
    RELEASE,
    RELU,
)
from macrame.errors import LinkError, amount
from macrame.host import arguments
from macrame.host.link import Beats, Results

__all__ = [
    "BF16",
    "KEEP",
    "MODES",
    "OUTPUTS",
    "PHASES",
    "RECORD",
    "RECORD_BYTES",
    "RELEASE",
    "RELU",
    "Panels",
    "activation_panels",
    "bf16_mode",
    "fields",
    "flatten",
    "pad",
    "record_beats",
    "records",
    "result_type",
    "slices",
    "tile_beats",
    "unpack_tiles",
    "weight_panels",
]


#: Bytes of a result beat per column.
BEAT_LANE = 4
#: Panels of beats: data, shape (panels, beats, bytes per beat); last and user, shape (panels, beats).
Panels: TypeAlias = tuple[NDArray[np.uint8], NDArray[np.bool_], NDArray[np.uint8]]


def bf16_mode(out: str = "fp32", relu: bool = False) -> int:
    """Return the mode of a bfloat16 panel.

    Parameters
    ----------
    out : str
        A key of `OUTPUTS`: float32, or bfloat16 in one of three rounding modes.
    relu : bool

    Returns
    -------
    int

    Raises
    ------
    macrame.errors.InputError
        There is no such output.
    """
    return BF16 + OUTPUTS[arguments.choice("out", out, OUTPUTS)] + RELU * bool(relu)


def result_type(mode: int) -> np.dtype[Any]:
    """Return the type of a result in memory: int32, int8, or bits of float32 (uint32) or bfloat16 (uint16).

    Parameters
    ----------
    mode : int
        Mode of the weight panel.

    Returns
    -------
    numpy.dtype
    """
    if mode & BF16:
        return np.dtype("<u2" if mode % 4 else "<u4")
    return np.dtype("<i4" if mode == MODES["raw"] else "i1")


def slices(k: int, depth: int) -> int:
    """Return the number of slices for K values, DEPTH per slice."""
    return -(-k // depth)


def record_beats(lane_bytes: int) -> int:
    """Return the number of beats of a weight panel's record for the given bytes per lane."""
    return -(-RECORD_BYTES // lane_bytes)


def records(
    n: int,
    bias: ArrayLike = 0,
    multiplier: ArrayLike = 0,
    shift: ArrayLike = 0,
    zero_point: ArrayLike = 0,
    low: ArrayLike = -128,
    high: ArrayLike = 127,
) -> NDArray[np.uint8]:
    """Return the 12-byte records of n columns.

    Parameters
    ----------
    n : int
        Number of columns.
    bias, multiplier : int or array of int32, scalar or shape (n,)
    shift, zero_point, low, high : int or array of int8, scalar or shape (n,)

    Returns
    -------
    ndarray of uint8, shape (n, 12)
    """
    found = np.zeros(n, RECORD)
    for name, value in (
        ("bias", bias),
        ("multiplier", multiplier),
        ("shift", shift),
        ("zero_point", zero_point),
        ("low", low),
        ("high", high),
    ):
        found[name] = value
    return found.view(np.uint8).reshape(n, RECORD_BYTES)


def fields(record: NDArray[np.uint8]) -> NDArray[np.void]:
    """Return the fields of some records, by name.

    Parameters
    ----------
    record : ndarray of uint8, shape (N, 12)
        From :func:`records`.

    Returns
    -------
    structured ndarray, shape (N,)
        With "bias", "multiplier", "shift", "zero_point", "low" and "high".
    """
    return np.ascontiguousarray(record).view(RECORD).reshape(-1)


def _panels(matrix: NDArray[Any], lanes: int, depth: int) -> NDArray[np.uint8]:
    """Convert (K, lanes*P), K a multiple of depth, to (P, K/depth, bytes of lanes*depth) uint8, a panel for
    each P."""
    (k, width), size = matrix.shape, matrix.itemsize
    panels = width // lanes
    return (
        np.ascontiguousarray(matrix)
        .view(np.uint8)
        .reshape(k // depth, depth, panels, lanes, size)
        .transpose(2, 0, 3, 1, 4)
        .reshape(panels, k // depth, lanes * depth * size)
    )


def pad(matrix: NDArray[Any], rows: int, cols: int) -> NDArray[Any]:
    """Pad a matrix with zeros to (rows, cols)."""
    if matrix.shape == (rows, cols):
        return matrix
    out = np.zeros((rows, cols), matrix.dtype)
    out[: matrix.shape[0], : matrix.shape[1]] = matrix
    return out


def weight_panels(w: NDArray[Any], record: NDArray[np.uint8], cols: int, depth: int, mode: int) -> Panels:
    """Return every weight panel of a K x N matrix, N padded to whole panels and K to whole slices.

    Parameters
    ----------
    w : ndarray of int8 or uint16, shape (K, N)
        As wide as the core's lanes: uint16 with bfloat16, where an int8 uses the lower byte.
    record : ndarray of uint8, shape (N, 12)
        From :func:`records`.
    cols, depth : int
        The core's COLS and DEPTH.
    mode : int
        One of the values of :data:`MODES`, or :func:`bf16_mode`.

    Returns
    -------
    data : ndarray of uint8, shape (panels, record beats + slices, bytes of cols*depth values)
    last : ndarray of bool, shape (panels, record beats + slices)
    user : ndarray of uint8, same shape as last
    """
    k, n = w.shape
    lane = depth * w.itemsize
    panels, head = slices(n, cols), record_beats(lane)
    body = _panels(pad(w, slices(k, depth) * depth, panels * cols), cols, depth)
    lanes = np.zeros((panels * cols, head * lane), np.uint8)
    lanes[:n, :RECORD_BYTES] = record
    front = lanes.reshape(panels, cols, head, lane).transpose(0, 2, 1, 3).reshape(panels, head, cols * lane)
    data = np.concatenate([front, body], axis=1)
    last = np.zeros(data.shape[:2], bool)
    last[:, -1] = True
    user = np.zeros(data.shape[:2], np.uint8)
    user[:, 0] = mode
    return data, last, user


def activation_panels(
    a: NDArray[Any], rows: int, depth: int, flags: ArrayLike = 0, bf16: bool = False
) -> Panels:
    """Return every activation panel of an M x K matrix, M padded to whole panels and K to whole slices.

    Parameters
    ----------
    a : ndarray of int8 or uint16, shape (M, K)
        As wide as the core's lanes, see :func:`weight_panels`.
    rows, depth : int
        The core's ROWS and DEPTH.
    bf16 : bool
        Bfloat16 format, four beats per slice.
    flags : int or array of int, scalar or shape (panels,)
        :data:`RELEASE` and :data:`KEEP`, for tuser of each panel's last beat.

    Returns
    -------
    data, last, user : ndarray
        As from :func:`weight_panels`, with one beat per slice, or four.
    """
    m, k = a.shape
    height = rows * PHASES if bf16 else rows
    panels = slices(m, height)
    a = pad(a, panels * height, slices(k, depth) * depth)
    if bf16:  # row 4*r + i of a panel becomes slice 4*k + i of row r
        a = a.reshape(panels * rows, PHASES, k).transpose(0, 2, 1).reshape(panels * rows, k * PHASES)
    data = _panels(a.T, rows, depth)
    last = np.zeros(data.shape[:2], bool)
    last[:, -1] = True
    user = np.zeros(data.shape[:2], np.uint8)
    user[:, -1] = flags
    return data, last, user


def flatten(data: NDArray[np.uint8], last: NDArray[np.bool_], user: NDArray[np.uint8]) -> Beats:
    """Concatenate panels: (panels, beats, bytes) to :class:`macrame.host.link.Beats`."""
    return Beats(data.reshape(-1, data.shape[-1]), last.reshape(-1), user.reshape(-1))


def tile_beats(rows: int, mode: int, packed: int = 0) -> int:
    """Return the number of result beats of a tile.

    Parameters
    ----------
    rows : int
        Rows of the tile: the core's ROWS, times four in bfloat16.
    mode : int
        One of the values of :data:`MODES`, or :func:`bf16_mode`.
    packed : int
        The core's PACK_RESULTS.

    Returns
    -------
    int
    """
    return -(-rows * result_type(mode).itemsize // BEAT_LANE) if packed else rows


def unpack_tiles(beats: Results, rows: int, cols: int, mode: int, packed: int = 0) -> NDArray[Any]:
    """Convert result beats to tiles.

    Parameters
    ----------
    beats : macrame.host.link.Results
        Whole tiles; tlast and tkeep are checked against the mode.
    rows, cols : int
        Dimensions of a tile: the core's COLS, and its ROWS, times four in bfloat16.
    mode : int
        One of the values of :data:`MODES`, or :func:`bf16_mode`.
    packed : int
        The core's PACK_RESULTS.

    Returns
    -------
    ndarray, shape (tiles, rows, cols)
        Type as from :func:`result_type`.

    Raises
    ------
    macrame.errors.LinkError
        A tile is truncated, or tlast or tkeep is misplaced.
    """
    dtype, count = result_type(mode), tile_beats(rows, mode, packed)
    if len(beats) % count:
        raise LinkError(
            f"received {amount(len(beats), 'result beat')}, expected a multiple of {count}, the beats of a "
            "tile"
        )
    place = np.arange(len(beats)) % count  # of a beat in its tile
    ends = place == count - 1
    if not np.array_equal(beats.last, ends):
        bad = int(np.flatnonzero(beats.last != ends)[0])
        raise LinkError(
            f"result beat {bad} ({place[bad]} of {count}) has tlast={int(beats.last[bad])}, "
            f"expected {int(not beats.last[bad])}"
        )
    width = BEAT_LANE * cols
    tile = rows * cols * dtype.itemsize  # bytes
    used = np.minimum(tile - place * width, width) if packed else np.full(len(beats), cols * dtype.itemsize)
    wrong = (beats.keep != (np.arange(width) < used[:, None])).any(axis=1)
    if wrong.any():
        bad = int(np.flatnonzero(wrong)[0])
        raise LinkError(
            f"result beat {bad} has tkeep set for bytes {np.flatnonzero(beats.keep[bad]).tolist()}, "
            f"expected the low {used[bad]}"
        )
    data = beats.data[:, : cols * dtype.itemsize] if not packed else beats.data
    tiles = np.ascontiguousarray(data.reshape(len(beats) // count, -1)[:, :tile])
    return tiles.view(dtype).astype(dtype.newbyteorder("="), copy=False).reshape(-1, rows, cols)
