# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Files that are whole or not there: written under another name, then renamed.

What is replaced is the file a symbolic link leads to; the link stays.
"""

import contextlib
import os
import secrets
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO


def real_path(path: str | os.PathLike[str]) -> Path:
    """The file behind a path, which need not exist."""
    return Path(os.path.realpath(path))


@contextlib.contextmanager
def _beside(path: Path) -> Iterator[tuple[BinaryIO, Path]]:
    """A temporary file in path's folder and its name; gone at the end unless renamed."""
    # not tempfile, whose files are their owner's alone: this one gets the rights any new file has. And not
    # after path's name, which may already be as long as a name can be
    temporary = path.parent / f".macrame-{secrets.token_hex(8)}"
    try:
        with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), "wb") as file:
            yield file, temporary
    finally:
        temporary.unlink(missing_ok=True)


def write_files(contents: Mapping[str | os.PathLike[str], bytes]) -> None:
    """Write files, all of them whole or none at all.

    Parameters
    ----------
    contents : mapping of path to bytes

    Raises
    ------
    OSError
        One cannot be written. Those that were there stay as they were, unless renaming fails after the first:
        then those renamed are removed.
    """
    with contextlib.ExitStack() as stack:
        ready: list[tuple[Path, Path]] = []
        done: list[Path] = []
        for path, data in contents.items():
            real = real_path(path)
            file, temporary = stack.enter_context(_beside(real))
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            ready.append((temporary, real))
        try:
            for temporary, real in ready:
                os.replace(temporary, real)
                done.append(real)
        except BaseException:  # Ctrl-C as well
            discard(*done)
            raise


def write(path: str | os.PathLike[str], data: bytes | str) -> None:
    """Write one file, whole or not at all; its folder is made where it is missing.

    Parameters
    ----------
    path : path
    data : bytes or str
        A text is written as UTF-8, its line ends as they are.

    Raises
    ------
    OSError
    """
    real_path(path).parent.mkdir(parents=True, exist_ok=True)
    write_files({path: data.encode() if isinstance(data, str) else data})


def discard(*paths: str | os.PathLike[str]) -> None:
    """Remove files of an earlier run, so that nobody takes them for this run's; links stay."""
    for path in paths:
        real_path(path).unlink(missing_ok=True)


def unwritable(path: str | os.PathLike[str], inputs: Iterable[str | os.PathLike[str]] = ()) -> str | None:
    """Why a file cannot be written, found out without touching it.

    Parameters
    ----------
    path : path
    inputs : iterable of path
        Files that must not be replaced; they exist.

    Returns
    -------
    str or None
        To follow the file's name in a message; None where nothing is in the way.
    """
    path = Path(path)
    try:
        real = real_path(path)
        if real.is_dir():
            return "is a directory, expected a file to write"
        if not real.parent.is_dir():
            return f"the directory {(real if path.is_symlink() else path).parent} does not exist"
        if real.is_symlink():
            return "is a link that leads to itself"
        if real.exists():
            if not real.is_file():
                return "is not a regular file"
            if any(real.samefile(other) for other in inputs):
                return "is an input as well, expected another file"
            if not real.stat().st_mode & 0o222 or not os.access(real, os.W_OK):  # root too
                return "is write-protected"
        with _beside(real):
            return None
    except OSError as error:
        return f"cannot be written: {error.strerror}"
