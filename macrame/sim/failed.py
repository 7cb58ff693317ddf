# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""A simulation that did not pass, and why."""

from collections.abc import Iterable
from dataclasses import dataclass
from os import PathLike
from pathlib import Path


@dataclass(frozen=True)
class TestFailure:
    """One failing cocotb test: its full name, the exception's type and text."""

    test: str
    type: str
    text: str


class Failed(AssertionError):
    """A run that failed: a test failed, or no test passed.

    Attributes
    ----------
    kind : str
        ``"build"`` (the sources do not compile), ``"test"`` (a test failed), ``"none-run"`` (no test ran),
        ``"crash"`` (the simulator ended without results) or ``"timeout"`` (killed for taking too long).
    work_dir : pathlib.Path
        Folder of the log, the results and the waves, if any.
    failures : tuple of TestFailure
        The failing tests; empty unless `kind` is ``"test"``.
    seed : int or None
        The seed of the run.
    waves : pathlib.Path or None
        Of the failing tests, if they were rerun with waves.
    """

    exit_status = 1

    def __init__(
        self,
        kind: str,
        message: str,
        work_dir: str | PathLike[str],
        failures: Iterable[TestFailure] = (),
        seed: int | None = None,
        waves: Path | None = None,
    ) -> None:
        super().__init__(message)
        self.waves = waves
        self.kind, self.work_dir, self.failures, self.seed = kind, Path(work_dir), tuple(failures), seed
