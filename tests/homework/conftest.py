# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the problem sheet: problems solved in this process, and the whole sheet solved once."""

import json
import subprocess

import pytest
from filelock import FileLock

from macrame.environment import limited
from tests.homework.common import ROOT, VARIABLES, Whole, command
from tests.verbs import call


@pytest.fixture
def solve(tmp_path, capsys, monkeypatch):
    """Solve problems in this process: solve(PROBLEM="4", ...) gives exit code, reports, stdout and stderr."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)

    def run(**variables):
        values = {"OUT": str(tmp_path / "out"), **{k: str(v) for k, v in variables.items()}}
        code = call("homework", values, name="macrame")
        said = capsys.readouterr()
        reports = {p.name: json.loads(p.read_text()) for p in (tmp_path / "out").glob("*.json")}
        return code, reports, said.out, said.err

    return run


@pytest.fixture(scope="session")
def whole(tmp_path_factory, worker_id):
    """The complete sheet solved once, in a separate process: the finished process and its files."""
    shared = tmp_path_factory.getbasetemp()
    shared = shared if worker_id == "master" else shared.parent  # one for all of pytest-xdist's workers
    with FileLock(shared / "homework.lock"):
        if not (shared / "homework.json").exists():
            (shared / "homework").mkdir(exist_ok=True)
            argv, env = command(shared / "homework", PAGE=str(shared / "homework" / "sheet.html"))
            done = subprocess.run(argv, env=env, cwd=ROOT, capture_output=True, text=True, **limited(300))
            (shared / "homework.json").write_text(json.dumps([done.returncode, done.stdout, done.stderr]))
    code, out, err = json.loads((shared / "homework.json").read_text())
    return Whole(code, out, err, shared / "homework" / "out")
