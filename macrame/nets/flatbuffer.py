# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""FlatBuffers: a reader that checks every offset, and a writer.

A table has a vtable, which gives the place of each field, by its slot: the number of the field in the
schema. The reader never follows an offset, and never allocates memory for a length, before comparing it with
the size of the file. Vectors and tables may overlap in a damaged file: the reader also limits the sum of what
it reads.
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from macrame.errors import InputError

#: Bytes of a string.
LONGEST = 1 << 14

_FIELDS = 64  # of a table; others are ignored


class Source:
    """The bytes of a file.

    Parameters
    ----------
    label : str
        Name of the file for the user; each message starts with it.
    data : bytes
    """

    def __init__(self, label: str, data: bytes) -> None:
        self.label = label
        self.data = data
        self._left = 4 * len(data) + (1 << 16)

    def fail(self, text: str) -> InputError:
        """An error about the file."""
        return InputError(f"{self.label}: {text}")

    def check(self, what: str, start: int, size: int) -> None:
        """Check that bytes are in the file, and count them.

        Raises
        ------
        macrame.errors.InputError
        """
        if start < 0 or start + size > len(self.data):
            raise self.fail(
                f"damaged or truncated: {what} would be at bytes {start} to {start + size} "
                f"of {len(self.data)}"
            )
        self._left -= size
        if self._left < 0:
            raise self.fail(f"damaged: {what} overlaps other parts of the file")

    def number(self, what: str, layout: str, start: int) -> Any:
        """One number, little-endian, of a layout of `struct`."""
        self.check(what, start, struct.calcsize(layout))
        return struct.unpack_from("<" + layout, self.data, start)[0]

    def root(self, what: str) -> "Table":
        """The table that the file's first offset leads to."""
        return Table(self, self.number("the file's header", "I", 0), what)


class Table:
    """A table of a file.

    Parameters
    ----------
    source : Source
    start : int
        Its first byte.
    what : str
        Its name for messages.

    Raises
    ------
    macrame.errors.InputError
        The table, its vtable, or a field is outside the file; all methods raise it.
    """

    def __init__(self, source: Source, start: int, what: str) -> None:
        self.source, self.start, self.what = source, start, what
        self.vtable = start - source.number(what, "i", start)
        length = source.number(f"the vtable of {what}", "H", self.vtable)
        self.size = source.number(f"the vtable of {what}", "H", self.vtable + 2)
        if length < 4 or length % 2 or self.size < 4:
            raise source.fail(f"damaged: the vtable of {what} has {length} bytes for a table of {self.size}")
        source.check(f"the vtable of {what}", self.vtable, length)
        source.check(what, start, self.size)
        fields = min(length // 2 - 2, _FIELDS)
        self.fields = struct.unpack_from(f"<{fields}H", source.data, self.vtable + 4)

    def at(self, slot: int, size: int) -> int | None:
        """First byte of a field of some size; None if the table does not have it."""
        offset = self.fields[slot] if slot < len(self.fields) else 0
        if not offset:
            return None
        if offset < 4 or offset + size > self.size:
            raise self.source.fail(
                f"damaged: field {slot} of {self.what} would be at bytes {offset} to {offset + size} "
                f"of {self.size}"
            )
        return self.start + offset

    def number(self, slot: int, layout: str, default: float = 0) -> Any:
        """A number, of a layout of `struct`."""
        start = self.at(slot, struct.calcsize(layout))
        return default if start is None else struct.unpack_from("<" + layout, self.source.data, start)[0]

    def follow(self, slot: int, what: str) -> int | None:
        """The byte that an offset leads to."""
        start = self.at(slot, 4)
        return None if start is None else start + self.source.number(what, "I", start)

    def table(self, slot: int, what: str) -> "Table | None":
        """A table."""
        start = self.follow(slot, what)
        return None if start is None else Table(self.source, start, what)

    def vector(self, slot: int, dtype: str, what: str, most: int | None = None) -> NDArray[Any] | None:
        """A vector of numbers, as a read-only view of the file; None if there is none.

        Parameters
        ----------
        slot : int
        dtype : str
        what : str
            Its name for messages.
        most : int, optional
            Numbers.

        Returns
        -------
        ndarray, optional
        """
        start = self.follow(slot, what)
        if start is None:
            return None
        length = self.source.number(what, "I", start)
        kind = np.dtype(dtype)
        self.source.check(what, start + 4, length * kind.itemsize)
        if most is not None and length > most:
            raise self.source.fail(f"{what}: {length} values, expected at most {most}")
        if not length:
            return np.empty(0, kind)
        return np.frombuffer(self.source.data, kind, length, start + 4)

    def tables(self, slot: int, what: str, most: int) -> "list[Table]":
        """A vector of tables; empty if there is none.

        Parameters
        ----------
        most : int
            Tables.
        """
        start = self.follow(slot, f"the vector of {what}s")
        offsets = self.vector(slot, "<u4", f"the vector of {what}s", most)
        if start is None or offsets is None:
            return []
        return [
            Table(self.source, start + 4 + 4 * i + int(offset), f"{what} {i}")
            for i, offset in enumerate(offsets)
        ]

    def text(self, slot: int, what: str) -> str:
        """A string, empty if there is none."""
        vector = self.vector(slot, "u1", what, LONGEST)
        if vector is None:
            return ""
        try:
            return vector.tobytes().decode()
        except UnicodeDecodeError:
            raise self.source.fail(f"damaged: {what} is not UTF-8") from None


# --- writing ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Number:
    """A number in a table, of a layout of `struct`."""

    layout: str
    value: float


@dataclass(frozen=True)
class Vector:
    """A vector of numbers.

    Attributes
    ----------
    values : ndarray, one dimension
    align : int
        Bytes.
    """

    values: NDArray[Any]
    align: int = 4


#: A field of a table: a number, a string, a vector, a table by its slots, or several tables.
Field = Number | str | Vector | Mapping[int, Any] | Sequence[Mapping[int, Any]]


def encode(root: Mapping[int, Field], identifier: bytes) -> bytes:
    """A file, with its parts in the order of the tables.

    Parameters
    ----------
    root : mapping of int to Field
        The root table: its fields by slot.
    identifier : bytes
        Four.

    Returns
    -------
    bytes
        Always the same for equal tables.
    """
    data = bytearray(4) + identifier
    waiting: list[tuple[int, Any]] = [(0, root)]  # places of offsets, and where they lead
    for place, part in waiting:
        start = _append(data, part, waiting)
        struct.pack_into("<I", data, place, start - place)
    return bytes(data)


def _align(data: bytearray, align: int, after: int = 0) -> None:
    """Zeros, until a byte that comes some bytes later is aligned."""
    data.extend(bytes(-(len(data) + after) % align))


def _append(data: bytearray, part: Any, waiting: list[tuple[int, Any]]) -> int:
    """Append a part; returns its first byte."""
    if isinstance(part, str):
        text = part.encode()
        _align(data, 4)
        start = len(data)
        data += struct.pack("<I", len(text)) + text + b"\0"
    elif isinstance(part, Vector):
        values = part.values.astype(part.values.dtype.newbyteorder("<"))
        _align(data, max(part.align, values.itemsize), 4)
        start = len(data)
        data += struct.pack("<I", values.size) + values.tobytes()
    elif isinstance(part, Mapping):
        start = _append_table(data, part, waiting)
    else:
        _align(data, 4)
        start = len(data)
        data += struct.pack("<I", len(part)) + bytes(4 * len(part))
        waiting.extend((start + 4 + 4 * i, table) for i, table in enumerate(part))
    return start


def _append_table(data: bytearray, fields: Mapping[int, Field], waiting: list[tuple[int, Any]]) -> int:
    vtable = [0] * (max(fields, default=-1) + 1)
    body = bytearray(4)
    offsets: list[tuple[int, Field]] = []
    for slot, value in sorted(fields.items()):
        layout = value.layout if isinstance(value, Number) else "I"
        _align(body, struct.calcsize(layout))
        vtable[slot] = len(body)
        if isinstance(value, Number):
            body += struct.pack("<" + layout, value.value)
        else:
            offsets.append((len(body), value))
            body += bytes(4)
    length = 4 + 2 * len(vtable)
    _align(data, 8, length)
    struct.pack_into("<i", body, 0, length)
    data += struct.pack(f"<{2 + len(vtable)}H", length, len(body), *vtable)
    start = len(data)
    data += body
    waiting.extend((start + offset, value) for offset, value in offsets)
    return start
