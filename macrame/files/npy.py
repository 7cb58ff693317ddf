# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Arrays from .npy and .npz files: no pickles, and no more memory than the array in the header needs."""

import io
import math
import warnings
import zipfile
from dataclasses import dataclass

import numpy as np

from macrame.errors import InputError, amount, short

LARGEST = 1 << 28
"""Bytes that an array of an .npz file may unpack to: a thousand times as many as the file has."""

_DIMENSIONS = 64  # the most NumPy gives an array
_HEADER = 1 << 16  # more than NumPy reads of a header
_METHODS = (
    zipfile.ZIP_STORED,
    zipfile.ZIP_DEFLATED,
)  # those that NumPy writes; others may unpack to any size


@dataclass
class Header:
    """The description of the data in an .npy file.

    Attributes
    ----------
    shape : tuple of int
    fortran : bool
        Column-major.
    dtype : numpy.dtype
    bf16 : bool
        Bits of bfloat16, as saved by ml_dtypes; `dtype` is then uint16.
    start : int
        Byte where the data begin.
    """

    shape: tuple[int, ...]
    fortran: bool
    dtype: np.dtype
    bf16: bool
    start: int

    @property
    def size(self) -> int:
        """Bytes of data."""
        return math.prod(self.shape) * self.dtype.itemsize

    def array(self, data: bytes | bytearray, start: int = 0) -> np.ndarray:
        """The array from its data: all from a byte on."""
        values = np.frombuffer(data, self.dtype, offset=start) if self.size else np.empty(0, self.dtype)
        return values.reshape(self.shape, order="F" if self.fortran else "C")


def npy(label: str, data: bytes) -> tuple[np.ndarray, bool]:
    """The array of an .npy file.

    Parameters
    ----------
    label : str
        Name of the file for the user; each message starts with it.
    data : bytes

    Returns
    -------
    array : ndarray
        Of any type except Python objects.
    bf16 : bool
        Whether it contains bits of bfloat16.

    Raises
    ------
    macrame.errors.InputError
    """
    header = _header(label, data[:_HEADER])
    _check_size(label, header, len(data) - header.start)
    return header.array(data, header.start), header.bf16


def names(label: str, data: bytes) -> list[str]:
    """The names of the arrays of an .npz file; parameters and errors as for :func:`npz`."""
    if data[:2] != b"PK":
        raise InputError(f"{label}: not a .npz file: it starts with {data[:6]!r}")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            found = [info.filename for info in archive.infolist() if info.filename.endswith(".npy")]
    except Exception as error:  # any error of zipfile in a damaged file
        raise InputError(f"{label}: the .npz file is damaged: {short(error, 60)}") from None
    return [name.removesuffix(".npy") for name in found]


def npz(label: str, name: str, data: bytes, key: str | None = None) -> tuple[np.ndarray, bool]:
    """One array of an .npz file: the only one, or the one selected by a key.

    Parameters
    ----------
    label, data
        As for :func:`npy`.
    name : str
        Name of the file in KEY=.
    key : str, optional

    Returns
    -------
    array, bf16
        As from :func:`npy`.

    Raises
    ------
    macrame.errors.InputError
    """
    if data[:2] != b"PK":
        raise InputError(f"{label}: not a .npz file: it starts with {data[:6]!r}")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = {
                info.filename.removesuffix(".npy"): info
                for info in archive.infolist()
                if info.filename.endswith(".npy")
            }
            if not members:
                raise InputError(f"{label}: contains no arrays")
            wanted = f"expected KEY={name}:NAME, where NAME is one of {short(', '.join(members), 90)}"
            if key is not None and key not in members and not key.strip():
                raise InputError(f"{label}: KEY gives no name, {wanted}")
            if key is not None and key not in members:
                raise InputError(f"{label}: contains no array {short(key)}, {wanted}")
            if key is None and len(members) > 1:
                raise InputError(f"{label}: contains {len(members)} arrays, {wanted}")
            return _member(label, archive, members[next(iter(members)) if key is None else key])
    except InputError:
        raise
    except Exception as error:  # any error of zipfile and zlib in a damaged file
        raise InputError(f"{label}: the .npz file is damaged: {short(error, 60)}") from None


def _member(label: str, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> tuple[np.ndarray, bool]:
    if info.flag_bits & 1:
        raise InputError(f"{label}: is encrypted, expected a file that NumPy wrote")
    if info.compress_type not in _METHODS:
        raise InputError(f"{label}: unsupported compression, expected a file that NumPy wrote")
    with archive.open(info) as stream:
        head = stream.read(_HEADER)
        header = _header(label, head, f"{short(info.filename)} in it is ")
        if header.size > LARGEST:
            raise InputError(f"{label}: unpacks to {header.size:,} bytes, expected at most {LARGEST:,}")
        data = bytearray(head[header.start :])
        # one byte more than needed, since zipfile detects damage at the end
        while len(data) <= header.size and (part := stream.read(min(1 << 20, header.size + 1 - len(data)))):
            data += part
        _check_size(label, header, len(data))
    return header.array(data), header.bf16


def _header(label: str, head: bytes, member: str = "") -> Header:
    """The header of an .npy file, after all checks that do not need its data; `member` begins a message."""
    if head[:6] != b"\x93NUMPY":
        raise InputError(f"{label}: {member}not a .npy file: it starts with {head[:6]!r}")
    stream = io.BytesIO(head)
    try:
        version = np.lib.format.read_magic(stream)
        read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
        with warnings.catch_warnings(action="ignore"):  # about headers written by Python 2
            shape, fortran, dtype = read[version](stream)
    except KeyError:
        raise InputError(
            f"{label}: .npy format version {version[0]}.{version[1]}, expected 1.0 or 2.0"
        ) from None
    except Exception:  # a damaged header can raise any error of NumPy's parser
        raise InputError(f"{label}: the .npy header is damaged or truncated") from None
    start = stream.tell()
    if dtype.hasobject:
        raise InputError(f"{label}: contains pickled Python objects, expected numbers")
    bf16 = dtype == np.dtype("V2")
    if bf16:  # NumPy loses their byte order
        dtype = np.dtype(">u2" if b"'>V2'" in head[:start] else "<u2")
    if dtype.subdtype or not dtype.itemsize:
        raise InputError(f"{label}: contains {short(dtype)} values, expected numbers")
    # NumPy cannot create any of these arrays, whatever the data
    if (
        len(shape) > _DIMENSIONS
        or any(type(side) is not int or side < 0 for side in shape)
        or math.prod(side or 1 for side in shape) * dtype.itemsize > np.iinfo(np.intp).max
    ):
        raise InputError(f"{label}: the .npy header is damaged: its shape is {_shape(shape)}")
    return Header(shape, fortran, dtype, bf16, start)


def _shape(shape: tuple[object, ...]) -> str:
    """A shape for a message; an integer of thousands of digits is not even printed."""
    sides = ("huge" if type(side) is int and abs(side) >= 2**64 else str(side) for side in shape)
    return short(f"({', '.join(sides)})")


def _check_size(label: str, header: Header, there: int) -> None:
    if header.size > there:
        raise InputError(
            f"{label}: truncated, the header specifies {amount(header.size, 'byte')} of data, but only "
            f"{there:,} found"
        )
    if header.size < there:
        raise InputError(f"{label}: the header specifies {header.size} bytes of data and more were found")
