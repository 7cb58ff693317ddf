# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""What the tests of the problem sheet share: a process, a student's directory, a rejection."""

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from macrame.homework.data import SHIPPED

ROOT = Path(__file__).resolve().parents[2]
VARIABLES = ("PROBLEM", "HOMEWORK", "OUT", "ROWS", "COLS", "DEPTH", "SEED", "WAVES", "PAGE")


def command(tmp_path, **variables):
    """Command and environment of a separate process."""
    env = {k: v for k, v in os.environ.items() if k not in VARIABLES}
    return [sys.executable, "-m", "macrame.cli.make", "run", "sim"], {
        **env,
        "OUT": str(tmp_path / "out"),
        **variables,
    }


@dataclass
class Whole:
    """One run of the complete sheet."""

    code: int
    out: str
    err: str
    folder: Path

    @property
    def page(self):
        """The page of the whole sheet."""
        return (self.folder.parent / "sheet.html").read_text()

    def report(self, number):
        """The JSON report of one problem."""
        return json.loads((self.folder / f"p{number}.json").read_text())


def own(tmp_path, name, text=None, **changes):
    """A student's directory with one file, the shipped one with some lines replaced, or any text."""
    folder = tmp_path / "mine"
    folder.mkdir(exist_ok=True)
    if text is None:
        text = (SHIPPED / name).read_text()
        for key, value in changes.items():
            text = replaced(text, key, value)
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def replaced(text, key, value):
    """TOML text with the value of one key replaced (None: without the key), over any number of lines."""
    out, depth = [], 0
    for line in text.splitlines():
        if depth or line.startswith(f"{key} ="):
            code = line.split("#")[0]
            if not depth and value is not None:
                out.append(f"{key} = {value}")
            depth += code.count("[") - code.count("]")
        else:
            out.append(line)
    return "\n".join(out) + "\n"


def refused(result, tmp_path, *named):
    """One line on stderr that contains all of `named`, exit code 2, nothing on stdout, nothing written."""
    code, _, out, err = result
    assert code == 2
    assert out == ""
    assert len(err.splitlines()) == 1, err
    assert "Traceback" not in err
    for text in named:
        assert text in err
    assert not (tmp_path / "out").exists()
