# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The file of a trace of the core: columns of numbers, compressed. docs/trace.md describes it.

::

    16 bytes   "macrame trace 1" and a line feed; 1 is the format's version
    4          length of the header, little-endian
               header: JSON, UTF-8
               the columns' bytes, each compressed by zlib, in the header's order
    32         SHA-256 of everything before

`macrame.sim.recording` writes one, `macrame.verify.trace.Trace` reads and interprets it.
"""

import hashlib
import json
import os
import struct
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from macrame.contract import CoreConfig
from macrame.errors import InputError, short, shown
from macrame.files.contents import contents

#: The version that this module reads and writes.
VERSION = 1
EXPECTED = "a trace that --trace wrote"
LARGEST = 1 << 30  # bytes of a file
MOST_CYCLES = 1 << 28

_NAME = b"macrame trace "
_MAGIC = b"%s%d\n" % (_NAME, VERSION)
_LEVEL = 1  # of zlib: level 6 takes four times as long, and sums of random operands get no smaller
_DIGEST = hashlib.sha256().digest_size

#: A lane's steps in the output stage, of an int8 tile that is requantised; names as in scale_to_int8.v.
INT8_STEPS = np.dtype(
    [
        ("x", "<i4"),  # the sum with its bias
        ("multiplier", "<i4"),
        ("shift", "i1"),
        ("zero_point", "i1"),
        ("low", "i1"),
        ("high", "i1"),
        ("a_low", "<i4"),  # the first factor is a_high * 2^16 + a_low
        ("a_high", "<i4"),
        ("b", "<i4"),  # the second factor
        ("right", "u1"),  # places to shift right
        ("negate", "?"),
        ("rule", "u1"),
        ("pad_0", "u1"),
        ("product", "<i8"),
        ("y", "<u4"),  # the product without its low half, bits 31 to 0
        ("v", "<i2"),  # y shifted right, and negated
        ("flags", "u1"),  # see FLAGS
        ("pad_1", "u1"),
        ("sum", "<i2"),  # rounded, and moved by the zero point
        ("at_least_low", "i1"),
        ("q", "i1"),  # the result
    ]
)
#: Bits of `INT8_STEPS`' flags.
FLAGS = {
    "guard": 1,
    "extra": 2,
    "sticky": 4,
    "tie": 8,
    "increment": 16,
    "up": 32,
    "y_negative": 64,
    "over_127": 128,
}
#: The same of a bfloat16 tile; bits of float32, or of bfloat16 in the low half of y.
FLOAT_STEPS = np.dtype(
    [
        ("x", "<u4"),  # the sum
        ("bias", "<u4"),
        ("biased", "<u4"),
        ("rectified", "<u4"),  # the same if the panel has no ReLU
        ("y", "<u4"),  # the result
        ("random", "<u2"),
        ("mode", "u1"),
        ("pad_0", "u1"),
    ]
)


def layout(config: CoreConfig) -> dict[str, tuple[np.dtype[Any], tuple[int, ...]]]:
    """Type of each column, and the shape of one of its items.

    Parameters
    ----------
    config : macrame.contract.CoreConfig

    Returns
    -------
    dict of str to (dtype, shape)
    """
    rows, cols, depth, lanes = config.rows, config.cols, config.depth, config.post_lanes
    lane = config.lane_bytes
    operand, product, number = ("<u2", "<u4", "<u4") if config.bf16 else ("i1", "<i2", "<i4")
    return {
        name: (np.dtype(kind), shape)
        for name, kind, shape in (
            ("runs", "<u4", (2,)),
            ("w_data", "u1", (cols * lane,)),
            ("w_user", "u1", ()),
            ("a_data", "u1", (rows * lane,)),
            ("a_user", "u1", ()),
            ("m_data", "u1", (4 * cols,)),
            ("m_keep", "?", (4 * cols,)),
            ("a", operand, (rows, depth)),
            ("w", operand, (cols, depth)),
            ("products", product, (rows, cols, depth)),
            ("sums", number, (rows, cols)),
            ("rows", number, (cols,)),
            ("bias", number, (cols,)),
            ("int8", INT8_STEPS, (lanes,)),
            ("float", FLOAT_STEPS, (lanes,)),
        )
    }


@dataclass(frozen=True)
class Span:
    """Some work of the host, such as a product or a layer of a network.

    Attributes
    ----------
    name : str
    first, last : int
        Cycles: after the work before it, and of its last result beat.
    details : dict
        Of simple values; for a product at least "m", "k", "n", "mode" (a name or, of bfloat16, "bf16").
    """

    name: str
    first: int
    last: int
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class TraceFile:
    """The contents of a trace.

    Attributes
    ----------
    config : macrame.contract.CoreConfig
        The core.
    window : (int, int)
        First cycle of the window, and the first one after it.
    spans : tuple of Span
    columns : dict of str to ndarray
        See `layout`; docs/trace.md says what they are.
    """

    config: CoreConfig
    window: tuple[int, int]
    spans: tuple[Span, ...]
    columns: Mapping[str, NDArray[Any]]

    def encode(self) -> bytes:
        """The bytes of the file: the same ones for the same contents."""
        header: dict[str, Any] = {
            "core": asdict(self.config),
            "window": list(self.window),
            "spans": [asdict(span) for span in self.spans],
            "columns": [],
        }
        blocks = []
        for name, (dtype, shape) in layout(self.config).items():
            column = np.ascontiguousarray(self.columns[name], dtype)
            if column.shape[1:] != shape:
                raise ValueError(f"column {name} has items of shape {column.shape[1:]}, expected {shape}")
            blocks.append(zlib.compress(column.tobytes(), _LEVEL))
            header["columns"].append({"name": name, "items": len(column), "bytes": len(blocks[-1])})
        text = json.dumps(header, separators=(",", ":")).encode()
        body = b"".join([_MAGIC, struct.pack("<I", len(text)), text, *blocks])
        return body + hashlib.sha256(body).digest()


def read(path: str | os.PathLike[str], label: str | None = None) -> TraceFile:
    """Read a trace.

    Parameters
    ----------
    path : path
    label : str, optional
        Name of the file for the user, which begins each message; by default its path.

    Returns
    -------
    TraceFile

    Raises
    ------
    macrame.errors.InputError
        The file cannot be read, is no trace, has another version, is truncated or damaged.
    """
    label = label or short(os.fspath(path), 200)
    return decode(contents(label, path, EXPECTED, LARGEST), label)


def decode(data: bytes, label: str = "trace") -> TraceFile:
    """The contents of a trace's bytes; parameters and errors as for :func:`read`."""
    if not data.startswith(_MAGIC):
        if data.startswith(_NAME) and (version := data[len(_NAME) :].split(b"\n")[0]).isdigit():
            raise InputError(
                f"{label}: is a trace of version {short(version.decode())}, expected version {VERSION}"
            )
        if _MAGIC.startswith(data) and data:
            raise InputError(f"{label}: is truncated: {len(data)} bytes")
        raise InputError(f"{label}: is not a trace, expected {EXPECTED}")
    if hashlib.sha256(data[:-_DIGEST]).digest() != data[-_DIGEST:]:
        try:
            expected = _parsed(data, label)[-1]
        except InputError:
            expected = 0
        if len(data) < expected:
            raise InputError(f"{label}: is truncated: {len(data):,} bytes, expected {expected:,}")
        raise InputError(f"{label}: is damaged: its SHA-256 is not the one at its end")
    config, window, spans, sizes, offset, expected = _parsed(data, label)
    if len(data) != expected:
        raise InputError(f"{label}: has {len(data):,} bytes, expected {expected:,}")
    columns = {}
    for (name, (dtype, shape)), (items, size) in zip(layout(config).items(), sizes):
        length = items * int(np.prod(shape)) * dtype.itemsize
        unpacker = zlib.decompressobj()
        try:
            column = unpacker.decompress(data[offset : offset + size], length + 1)
        except zlib.error as error:
            raise InputError(f"{label}: column {name} cannot be decompressed: {error}") from None
        if len(column) != length or not unpacker.eof:
            raise InputError(f"{label}: column {name} does not have {length:,} bytes as its header says")
        columns[name] = np.frombuffer(column, dtype).reshape(items, *shape)
        offset += size
    cycles = int(columns["runs"][:, 1].sum(dtype=np.int64))
    if cycles > MOST_CYCLES:
        raise InputError(f"{label}: has {cycles:,} cycles, expected at most {MOST_CYCLES:,}")
    return TraceFile(config, window, spans, columns)


def _part(value: object, name: str) -> Any:
    """A part of an object of the header; InputError where it is missing."""
    if not isinstance(value, dict) or name not in value:
        raise InputError(f"{shown(value)}: expected an object with {name}")
    return value[name]


def _object(value: object, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InputError(f"{name} is {shown(value)}, expected an object")
    return value


def _listed(value: object, name: str, length: int | None = None) -> list[Any]:
    if not isinstance(value, list) or length not in (None, len(value)):
        raise InputError(f"{name} is {shown(value)}, expected a list{f' of {length}' if length else ''}")
    return value


def _count(value: object, name: str) -> int:
    if type(value) is not int or value < 0:
        raise InputError(f"{name} contains {shown(value)}, expected an integer from 0 on")
    return value


def _parsed(
    data: bytes, label: str
) -> tuple[CoreConfig, tuple[int, int], tuple[Span, ...], list[tuple[int, int]], int, int]:
    """Configuration, window, spans, items and bytes of each column, where these begin; the file's length."""
    start = len(_MAGIC) + 4
    try:
        (length,) = struct.unpack("<I", data[start - 4 : start])
        header = json.loads(data[start : start + length])
        window = _listed(_part(header, "window"), "window", 2)
        first, end = (_count(value, "window") for value in window)
        spans = tuple(
            Span(
                str(_part(span, "name")),
                _count(_part(span, "first"), "first"),
                _count(_part(span, "last"), "last"),
                _object(_part(span, "details"), "details"),
            )
            for span in _listed(_part(header, "spans"), "spans")
        )
        core, known = _object(_part(header, "core"), "core"), [field.name for field in fields(CoreConfig)]
        for name in core:
            if name not in known:
                raise InputError(f"core has {shown(name)}, expected any of {', '.join(known)}")
        config = CoreConfig(**core)
        columns = _listed(_part(header, "columns"), "columns")
        sizes = [(_count(_part(c, "items"), "items"), _count(_part(c, "bytes"), "bytes")) for c in columns]
        if [_part(c, "name") for c in columns] != list(layout(config)):
            raise InputError("its columns are not those of its core")
    except InputError as error:
        raise InputError(f"{label}: its header is invalid: {short(error, 120)}") from None
    except (struct.error, ValueError, RecursionError):
        raise InputError(f"{label}: its header is invalid: not JSON") from None
    offset = start + length
    return config, (first, end), spans, sizes, offset, offset + sum(size for _, size in sizes) + _DIGEST
