# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""``make docs``: build the site with MkDocs in site/ of the build folder. Warnings are errors."""

import logging
import os
import shutil
import tempfile
from pathlib import Path

from mkdocs.commands.build import build as mkdocs_build
from mkdocs.config import load_config
from mkdocs.exceptions import MkDocsException

from macrame import environment, paths
from macrame.dev.site import pages
from macrame.errors import SetupError

CONFIG = paths.ROOT / "docs" / "site" / "mkdocs.yml"


class Failed(Exception):
    """The site could not be built; the text gives the reason, one line per warning."""

    exit_status = 1


class _Warnings(logging.Handler):
    """Keeps the warnings of MkDocs."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.found.append(record.getMessage())


def build(folder: Path) -> None:
    """Build the site.

    Parameters
    ----------
    folder : pathlib.Path
        Emptied first.

    Raises
    ------
    Failed
        A link is broken, or MkDocs gives another warning.
    """
    os.environ.setdefault("NO_MKDOCS_2_WARNING", "1")  # which the theme prints: the versions are pinned
    warnings = _Warnings()
    logger = logging.getLogger("mkdocs")
    logger.addHandler(warnings)
    logger.propagate = False
    try:
        with tempfile.TemporaryDirectory(prefix="macrame-site-") as made:
            pages.write(Path(made))
            config = load_config(str(CONFIG), docs_dir=made, site_dir=str(folder))
            generated = {
                "Verilog modules": pages.verilog_navigation(),
                "Python modules": pages.python_navigation(),
            }
            config.nav = [
                {title: generated.get(title, below) for title, below in entry.items()}
                for entry in config.nav or []
            ]
            config.plugins.on_startup(command="build", dirty=False)
            mkdocs_build(config)
            config.plugins.on_shutdown()
        (folder / "404.html").unlink()  # of servers, with addresses that begin at their root
    except MkDocsException as error:
        warnings.found.append(str(error))
    finally:
        logger.removeHandler(warnings)
        logger.propagate = True
    if warnings.found:
        raise Failed("\n".join(warnings.found))


def main() -> int:
    """Build the site in the build folder, and print its path; returns 0.

    Raises
    ------
    macrame.errors.SetupError
        The target folder contains something else.
    Failed
        As from `build`.
    """
    folder = environment.build_dir() / "site"
    if folder.exists() and any(folder.iterdir()) and not (folder / "search").is_dir():
        raise SetupError(f"{folder}: contains other files, expected an empty directory or a site")
    shutil.rmtree(folder, ignore_errors=True)
    build(folder)
    pages_ = len(list(folder.rglob("*.html")))
    print(f"{pages_} pages: open {environment.shown(folder / 'index.html')}")
    return 0
