# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""One run's report: every block goes to the terminal at once, and to a page if the user wants one."""

import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from macrame.errors import InputError, short
from macrame.files import atomic
from macrame.report.blocks import Block, failed, text
from macrame.report.html_writer import Assets, Html
from macrame.report.json_writer import Json
from macrame.report.terminal import Terminal

SUFFIXES = (".html", ".json")


class Writer(Protocol):
    """Anything that accepts blocks."""

    def write(self, block: Block) -> None:
        """Take a block."""


class Display(Writer, Protocol):
    """A writer that also shows the progress of the work between blocks; progress is not a block."""

    def progress(self, what: str, total: int | None = None) -> AbstractContextManager[Callable[[int], None]]:
        """As `macrame.report.terminal.Terminal.progress`."""


class Report:
    """A report, written as its blocks come.

    Parameters
    ----------
    terminal : Writer
        Shows each block at once.
    title : str
        Of the page.
    page : pathlib.Path, optional
        A file that `save` writes: a page (.html), or the blocks as data (.json).
    components : mapping of str to Assets, optional
        Interactive parts that the page can show, by name.

    Attributes
    ----------
    failed : bool
        Whether a block so far says that the run failed.
    """

    def __init__(
        self,
        terminal: Writer,
        title: str,
        page: Path | None = None,
        components: Mapping[str, Assets] | None = None,
    ) -> None:
        self.terminal, self.page, self.failed = terminal, page, False
        self._writer: Html | Json | None = None
        if page is not None:
            self._writer = Json(title) if page.suffix.lower() == ".json" else Html(title, components)
            atomic.discard(page)  # of an earlier run; an interrupted run must not leave it

    def write(self, block: Block) -> None:
        """Write a block."""
        self.terminal.write(block)
        self.failed |= failed(block)
        if self._writer is not None:
            self._writer.write(block)

    def write_all(self, blocks: Iterable[Block]) -> None:
        """Write blocks, each as soon as it comes."""
        for block in blocks:
            self.write(block)

    def save(self) -> None:
        """Write the page, if there is one, and say so on the terminal."""
        if self.page is not None and self._writer is not None:
            atomic.write(self.page, self._writer.text())
            self.terminal.write(text("wrote {}", str(self.page)))


class LiveReport(Report):
    """A report of work that takes a while: its terminal shows progress.

    Parameters
    ----------
    terminal : macrame.report.terminal.Terminal
    title, page, components
        As of `Report`.
    """

    def __init__(
        self,
        terminal: Terminal,
        title: str,
        page: Path | None = None,
        components: Mapping[str, Assets] | None = None,
    ) -> None:
        super().__init__(terminal, title, page, components)
        self.screen = terminal

    def progress(self, what: str, total: int | None = None) -> AbstractContextManager[Callable[[int], None]]:
        """As `macrame.report.terminal.Terminal.progress`."""
        return self.screen.progress(what, total)


def page_of(
    given: Mapping[str, str], inputs: Iterable[str] = (), outputs: Iterable[Path] = ()
) -> Path | None:
    """The page that the user wants: the variable PAGE, checked before the work begins.

    Parameters
    ----------
    given : mapping of str to str
        Values of variables by name; an empty one counts as not given.
    inputs : iterable of str
        Files that must not be replaced.
    outputs : iterable of pathlib.Path
        Other files that the run writes.

    Returns
    -------
    pathlib.Path or None

    Raises
    ------
    macrame.errors.InputError
        It has another suffix, or cannot be written.
    """
    if not given.get("PAGE", "").strip():
        return None
    page = Path(given["PAGE"].strip())
    label = f"PAGE={short(page, 200)}"
    wrong = atomic.unwritable(page, inputs)
    if os.path.isdir(page):  # unlike Path.is_dir, raises nothing where a directory cannot be read
        wrong = "is a directory, expected a .html or .json file to write"
    elif page.suffix.lower() not in SUFFIXES:
        wrong = f"unknown extension {short(page.suffix) or '(none)'}, expected .html or .json"
    if atomic.real_path(page) in map(atomic.real_path, outputs):
        wrong = "is also another output, expected another file"
    if wrong:
        raise InputError(f"{label}: {wrong}")
    return page
