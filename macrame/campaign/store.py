# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The verdicts of campaigns: one line of JSON each, only ever appended, by one campaign at a time.

A line is written at once and forced to disk before the task counts as done. A machine that stops in between
leaves at most a part of a line, which is ignored: the task runs again. Where a key occurs twice, the first
line counts.
"""

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

from filelock import FileLock, Timeout

from macrame import environment
from macrame.errors import InputError, SetupError

Record = dict[str, Any]


class Store:
    """A file of verdicts; as a context manager it keeps other campaigns from writing.

    Parameters
    ----------
    path : Path
        Created when the first verdict is written.
    existing : bool
        It must exist.

    Raises
    ------
    InputError
        The path is a folder or another special file, or cannot be looked up.
    """

    def __init__(self, path: Path, existing: bool = False) -> None:
        self.path = path
        self._expected = f"expected a file of verdicts{'' if existing else ' or a new path'}"
        try:
            if path.is_dir():
                raise InputError(f"STORE={path}: a directory, {self._expected}")
            if path.exists() and not path.is_file():
                raise InputError(f"STORE={path}: not a regular file, {self._expected}")
            if existing and not path.exists():
                raise InputError(f"STORE={path}: no such file, {self._expected}")
        except OSError as error:
            raise InputError(f"STORE={path}: {error.strerror}, {self._expected}") from None
        self._lock = FileLock(f"{path}.lock")
        self._file: int | None = None
        self.records: dict[str, Record] = {}

    def __iter__(self) -> Iterator[Record]:
        return iter(self.records.values())

    def read(self) -> None:
        """Read the verdicts written so far into `records`, by key; InputError for another file."""
        self.records = {}
        if not self.path.exists():
            return
        self._refuse_another_kind()
        for line in self.path.read_bytes().split(b"\n"):
            try:
                record = json.loads(line)
                self.records.setdefault(record["key"], record)
            except (ValueError, KeyError, TypeError):
                continue  # a part of a line, or an empty one

    def _refuse_another_kind(self) -> None:
        """InputError for a file that does not begin with a verdict, or with a part of one."""
        try:
            with contextlib.suppress(FileNotFoundError), self.path.open("rb") as file:
                line = file.readline(1 << 20)
                if not _begins_like_verdict(line):
                    raise InputError(f"STORE={self.path}: contains no verdicts, {self._expected}")
        except OSError as error:
            raise InputError(f"STORE={self.path}: {error.strerror}, {self._expected}") from None

    def append(self, record: Record) -> None:
        """Write a verdict, and force it to disk.

        Parameters
        ----------
        record : dict
            JSON; its ``"key"`` is the task's.

        Raises
        ------
        ValueError
            The task has a verdict, or the store is not open.
        """
        if self._file is None:
            raise ValueError("the store is not open")
        if record["key"] in self.records:
            raise ValueError(f"{record['key']} has a verdict")
        os.write(self._file, json.dumps(record, sort_keys=True).encode() + b"\n")
        os.fsync(self._file)
        self.records[record["key"]] = record

    def __enter__(self) -> Self:
        self._refuse_another_kind()  # before the lock, so that none is left next to such a file
        try:
            environment.probe(self.path.parent)
            self._lock.acquire(blocking=False)
        except Timeout:
            raise SetupError(
                f"STORE={self.path}: in use by another campaign, expected a file that no campaign is using"
            ) from None
        except OSError as error:
            raise InputError(
                f"STORE={self.path}: not writable ({error.strerror}), expected a file in a writable directory"
            ) from None
        self.read()
        self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        size = os.fstat(self._file).st_size
        if size and os.pread(self._file, 1, size - 1) != b"\n":
            os.write(self._file, b"\n")  # after a part of a line
        return self

    def __exit__(self, *exc: object) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None
        self._lock.release()


def _begins_like_verdict(line: bytes) -> bool:
    """Whether a first line may be a verdict, or the part of one that a machine wrote before it stopped."""
    if line in (b"", b"{"):
        return True
    if not line.startswith(b'{"'):  # an indented JSON file has a line feed here
        return False
    try:
        return "key" in json.loads(line)
    except ValueError:
        return True  # a part of a line
