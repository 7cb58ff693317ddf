# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Atomic writing of files: written under another name, then renamed.

If the path is a symbolic link, its target is replaced; the link stays.
"""

import contextlib
import os
import secrets
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO


def real_path(path: str | os.PathLike[str]) -> Path:
    """The target of a path, which need not exist."""
    return Path(os.path.realpath(path))


@contextlib.contextmanager
def _beside(path: Path) -> Iterator[tuple[BinaryIO, Path]]:
    """A temporary file in the folder of `path`, and its name; removed at the end unless renamed."""
    # not tempfile, whose files only the owner may read: this one gets the permissions of any new file. And
    # not derived from path's name, which may already have the maximum length
    temporary = path.parent / f".macrame-{secrets.token_hex(8)}"
    try:
        with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), "wb") as file:
            yield file, temporary
    finally:
        temporary.unlink(missing_ok=True)


def write_files(contents: Mapping[str | os.PathLike[str], bytes]) -> None:
    """Write several files: all of them completely, or none.

    Parameters
    ----------
    contents : mapping of path to bytes

    Raises
    ------
    OSError
        One cannot be written; `filename` is its path. Existing files stay unchanged, unless renaming fails
        after the first: then those renamed are removed.
    """
    path: str | os.PathLike[str] = ""
    try:
        with contextlib.ExitStack() as stack:
            ready: list[tuple[str | os.PathLike[str], Path, Path]] = []
            done: list[Path] = []
            for path, data in contents.items():
                real = real_path(path)
                file, temporary = stack.enter_context(_beside(real))
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
                ready.append((path, temporary, real))
            try:
                for path, temporary, real in ready:  # noqa: B007 (named by an error)
                    os.replace(temporary, real)
                    done.append(real)
            except BaseException:  # Ctrl-C as well
                discard(*done)
                raise
    except OSError as error:
        error.filename = os.fspath(path)  # not the temporary file, nor none
        raise


def write(path: str | os.PathLike[str], data: bytes | str) -> None:
    """Write one file atomically; create its folder if it is missing.

    Parameters
    ----------
    path : path
    data : bytes or str
        A text is written as UTF-8, with its line ends unchanged; bytes of a path that are not UTF-8 are
        escaped.

    Raises
    ------
    OSError
    """
    real_path(path).parent.mkdir(parents=True, exist_ok=True)
    write_files({path: data.encode(errors="backslashreplace") if isinstance(data, str) else data})


def discard(*paths: str | os.PathLike[str]) -> None:
    """Remove files of an earlier run, so that they cannot be mistaken for this run's; links stay."""
    for path in paths:
        real_path(path).unlink(missing_ok=True)


def unwritable(path: str | os.PathLike[str], inputs: Iterable[str | os.PathLike[str]] = ()) -> str | None:
    """The reason why a file cannot be written, without touching it.

    Parameters
    ----------
    path : path
    inputs : iterable of path
        Files that must not be replaced; they exist.

    Returns
    -------
    str or None
        To follow the file's name in a message; None if it can be written.
    """
    path = Path(path)
    try:
        real = real_path(path)
        if real.is_dir():
            return "is a directory, expected a file to write"
        if not real.parent.is_dir():
            parent = (real if path.is_symlink() else path).parent
            missing = f"the directory {parent} does not exist"
            return f"{parent} is not a directory" if parent.exists() else missing
        if real.is_symlink():
            return "is a symbolic link to itself"
        if real.exists():
            if not real.is_file():
                return "is not a regular file"
            if any(real.samefile(other) for other in inputs):
                return "is also an input, expected another file"
            if not real.stat().st_mode & 0o222 or not os.access(real, os.W_OK):  # root too
                return "is write-protected"
        with _beside(real):
            return None
    except OSError as error:
        return f"cannot be written: {error.strerror}"
