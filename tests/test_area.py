# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""docs/area.md against Yosys, and what the design promises of a cell's size."""
from tools import area


def test_the_document_has_todays_numbers(capsys):
    assert area.main(["--check"]) == 0, capsys.readouterr().err


def test_a_stale_row_is_noticed(tmp_path, monkeypatch, capsys):
    stale = tmp_path / "area.md"
    rows = ["| one | 1 |", "| two | 2 |"]
    stale.write_text(rows[0])
    monkeypatch.setattr(area, "DOCUMENT", stale)
    monkeypatch.setattr(area, "ROOT", tmp_path)
    monkeypatch.setattr(area, "table", lambda say: rows)
    assert area.main(["--check"]) == 1
    assert "lacks the row | two | 2 |" in capsys.readouterr().err


def test_one_multiplier_a_cell():
    """The dual cell shares it between the formats."""
    for module in ("pe_int8", "pe_bf16", "pe_dual"):
        parameters = (("DEPTH", 1),) if module == "pe_int8" else ()
        assert area.summary(area.cells(module, parameters, "ecp5", True), "ecp5")[2] == 1
