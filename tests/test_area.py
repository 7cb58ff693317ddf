# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""docs/area.md against Yosys, and the promised size of a cell."""

import tomllib

import pytest

from macrame.homework import p7_bfloat16
from macrame.synth import area


@pytest.mark.thorough
def test_the_document_has_todays_numbers(capsys):
    assert area.main(check=True) == 0, capsys.readouterr().err


@pytest.mark.thorough
def test_the_document_has_todays_cells():
    """The first table: three cells, and multipliers. The second is of whole cores."""
    assert set(area.table()) <= set(area.DOCUMENT.read_text().splitlines())


def test_a_stale_row_is_noticed(tmp_path, monkeypatch, capsys):
    stale = tmp_path / "area.md"
    rows = ["| one | 1 |", "| two | 2 |", "| three | 3 |"]
    stale.write_text(rows[0])
    monkeypatch.setattr(area, "DOCUMENT", stale)
    monkeypatch.setattr(area, "ROOT", tmp_path)
    monkeypatch.setattr(area, "SIGNIFICANDS", tmp_path / "significand_mul.toml")
    area.SIGNIFICANDS.write_text("width = 9\n")
    monkeypatch.setattr(area, "significands", lambda: {"width": 8})
    monkeypatch.setattr(area, "table", lambda say: rows[:1])
    monkeypatch.setattr(area, "parts_table", lambda say: rows[1:2])
    monkeypatch.setattr(area, "engine_table", lambda say: rows[2:])
    assert area.main(check=True) == 1
    said = capsys.readouterr().err
    assert "does not contain the row | two | 2 |" in said
    assert "does not contain the row | three | 3 |" in said
    assert 'significand_mul.toml: expected {"width": 8}' in said


@pytest.mark.thorough
def test_problem_7_shows_what_yosys_says():
    assert tomllib.loads(area.SIGNIFICANDS.read_text()) == area.significands()
    assert p7_bfloat16.GATES == area.SIGNIFICANDS


#: Where bfloat16 is computed, stochastic rounding included.
FLOAT = ("pe_bf16", "pe_dual", "bf16_", "fp32_add", "fp32_to_bf16", "float_post", "lfsr32")


#: The core of that claim.
SHAPE = (("ROWS", 2), ("COLS", 2), ("DEPTH", 1), ("K_MAX", 64))


def test_an_int8_core_has_no_floats():
    used = area.modules("macrame", SHAPE)
    assert {"macrame", "mac_array", "pe_int8", "requantize", "axil_regs"} <= used
    assert not [name for name in used if name.startswith(FLOAT)]
    floats = area.modules("macrame", (*SHAPE, ("FORMATS", '"DUAL"')))
    assert {"pe_dual", "fp32_add", "float_post", "lfsr32"} <= floats


@pytest.mark.thorough
def test_bfloat16_costs_an_int8_core_nothing():
    """As many flip-flops as docs/area.md says: no register SEED."""
    luts, registers, blocks = area.summary(area.cells("macrame", SHAPE, "ecp5", True), "ecp5")
    assert f"{luts:,} LUT, {registers:,} FF and {blocks} DSP" in " ".join(area.DOCUMENT.read_text().split())


@pytest.mark.thorough
def test_one_multiplier_per_cell():
    """The dual cell shares it between the formats."""
    for module in ("pe_int8", "pe_bf16", "pe_dual"):
        parameters = (("DEPTH", 1),) if module == "pe_int8" else ()
        assert area.summary(area.cells(module, parameters, "ecp5", True), "ecp5")[2] == 1
