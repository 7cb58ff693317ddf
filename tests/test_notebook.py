# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The notebook runs in a new kernel, and says what its text says; the container's description is valid."""

import html
import json
import re
import shutil

import nbformat
from nbclient import NotebookClient

from macrame import paths

NOTEBOOK = paths.ROOT / "docs" / "notebooks" / "first_product.ipynb"


def printed(cell):
    """What a cell wrote."""
    return "".join(output.get("text", "") for output in cell.outputs)


def test_the_notebook_runs(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(paths.ROOT))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    NotebookClient(notebook, timeout=1800, resources={"metadata": {"path": str(tmp_path)}}).execute()
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert re.search(r"\d+ cycles, \d+\.\d% of the array used", printed(cells[1]))
    assert "0 of 30 values differ from the golden model" in printed(cells[2])
    rounded = re.findall(r"(-?\d+) / 4 = \S+: gemmlowp (-?\d+), ruy (-?\d+)", printed(cells[3]))
    assert rounded
    for total, away, up in (map(int, found) for found in rounded):
        half = (total + 1) // 2
        assert half < 0
        assert half % 2 == 1
        assert (away, up) == ((half - 1) // 2, (half + 1) // 2)
    found = re.search(r"first wrong number: cycle \d+, product, PE row 0, column 0, k 0: ", printed(cells[4]))
    assert found, printed(cells[4])
    for name, cell in (("run.html", cells[2]), ("failure.html", cells[5])):
        inline = cell.outputs[-1]["data"]["text/html"]  # VS Code shows no linked file
        assert html.escape((tmp_path / name).read_text()) in inline


def test_the_notebook_is_stored_without_outputs():
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    assert not any(cell.outputs for cell in notebook.cells if cell.cell_type == "code")


def test_the_container_s_commands_exist():
    described = json.loads((paths.ROOT / ".devcontainer" / "devcontainer.json").read_text())
    assert (paths.ROOT / ".devcontainer" / described["build"]["dockerfile"]).resolve().exists()
    assert described["containerEnv"]["PYTHONPATH"] == described["workspaceFolder"]  # as above, for its kernel
    program, _ = described["postCreateCommand"].split()
    assert shutil.which(str(paths.ROOT / program))
