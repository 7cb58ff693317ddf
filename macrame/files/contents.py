# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The bytes of a file that the user named, or one line that says why not."""

import os
import stat
from pathlib import Path

from macrame.errors import InputError


def contents(label: str, path: str | os.PathLike[str], expected: str, largest: int) -> bytes:
    """The bytes of a regular file.

    Parameters
    ----------
    label : str
        Name of the file for the user; each message starts with it.
    path : path
    expected : str
        What the file should be, for messages: "a .npy file".
    largest : int
        Bytes.

    Returns
    -------
    bytes

    Raises
    ------
    macrame.errors.InputError
        The file is missing, not a regular file, empty, too large, or cannot be read.
    """
    if "\0" in os.fspath(path):
        raise InputError(f"{label}: no such file")
    try:
        found = os.stat(path)
        if stat.S_ISDIR(found.st_mode):
            raise InputError(f"{label}: is a directory, expected {expected}")
        if not stat.S_ISREG(found.st_mode):  # reading a pipe could wait indefinitely
            raise InputError(f"{label}: is not a regular file")
        if found.st_size > largest:
            raise InputError(f"{label}: is {found.st_size:,} bytes long, expected at most {largest:,}")
        data = Path(path).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(f"{label}: no such file") from None
    except OSError as error:
        raise InputError(f"{label}: cannot be read: {error.strerror}") from None
    if not data:
        raise InputError(f"{label}: the file is empty")
    return data
