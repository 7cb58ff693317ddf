# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""rtl/macrame.rdl against macrame/host/registers.py and docs/registers.md."""

import re

import pytest

from macrame.dev import registers
from macrame.errors import InputError
from macrame.host import registers as host


@pytest.fixture(scope="module")
def rdl():
    """The map of a core with bfloat16, which has every register."""
    return registers.load(BF16=1)


def test_host_has_the_same_addresses(rdl):
    assert {register.name: register.address for register in rdl} == host.ADDRESSES
    assert host.COUNTERS == tuple(
        register.name for register in rdl if host.CYCLES <= register.address <= host.PAD
    )
    for name, address in host.ADDRESSES.items():
        assert getattr(host, name) == address


def test_seed_is_there_with_bfloat16_only():
    """Without, nothing is rounded stochastically: the address is unmapped, as the bench `registers` finds."""
    without, both = ({register.name for register in registers.load(BF16=n)} for n in (0, 1))
    assert both - without == {"SEED"}
    assert "does not have this register: its address is unmapped" in registers.DOCUMENT.read_text()


def test_host_has_the_same_constants(rdl):
    assert rdl["ID"].reset == host.ID_VALUE == int.from_bytes(b"MACR", "big")
    assert rdl["VERSION"].reset == host.VERSION_VALUE
    assert rdl["WATCHDOG"].reset == host.WATCHDOG_RESET


@pytest.mark.parametrize(("register", "prefix"), [("FORMAT", "FORMAT_"), ("CONTROL", "CONTROL_")])
def test_host_has_the_same_bits(rdl, register, prefix):
    fields = {f"{prefix}{field.name.upper()}": field.mask for field in rdl[register].fields}
    assert fields == {name: value for name, value in vars(host).items() if name.startswith(prefix)}


def test_host_has_the_same_status(rdl):
    fields = {field.name: field.mask for field in rdl["STATUS"].fields}
    errors = {name: 1 << bit for bit, name in enumerate(host.STATUS_ERRORS)}
    live = {
        name.removeprefix("STATUS_").lower(): value
        for name, value in vars(host).items()
        if name.startswith("STATUS_") and name != "STATUS_ERRORS"
    }
    assert fields == {**errors, **live}
    for name, mask in errors.items():
        assert host.error_names(mask | host.STATUS_HALTED) == (name,)


def test_host_unpacks_the_shape():
    shape = registers.load(ROWS=3, COLS=5, DEPTH=2, POST_LANES=4)["SHAPE"]
    assert host.unpack_shape(shape.reset) == (3, 5, 2, 4)
    assert [field.name for field in shape.fields] == ["rows", "cols", "depth", "post_lanes"]


def test_document_is_what_the_map_says():
    assert registers.main(check=True) == 0


def test_a_stale_document_is_noticed(tmp_path, monkeypatch, capsys):
    stale = tmp_path / "registers.md"
    stale.write_text(registers.DOCUMENT.read_text().replace("0x00100000", "0x00200000"))
    monkeypatch.setattr(registers, "DOCUMENT", stale)
    assert registers.main(check=True) == 1
    assert "docs/registers.md" in capsys.readouterr().err


def test_header_names_every_field(rdl):
    text = registers.c_header(rdl)
    defined = dict(re.findall(r"^#define (\w+) (\w+)$", text, re.M))
    for register in rdl:
        assert int(defined[f"MACRAME_{register.name}"].rstrip("u"), 16) == register.address
        for field in register.fields:
            part = f"MACRAME_{register.name}_{field.name.upper()}"
            assert int(defined[f"{part}_MASK"].rstrip("u"), 16) == field.mask
            assert int(defined[f"{part}_SHIFT"]) == field.low


def test_fields_do_not_overlap(rdl):
    for register in rdl:
        total = 0
        for field in register.fields:
            assert not total & field.mask, f"{register.name}.{field.name}"
            total |= field.mask


def test_an_access_without_meaning_is_refused(tmp_path):
    path = tmp_path / "bad.rdl"
    path.write_text("addrmap bad { reg { field { sw = w; } x[0:0]; } R @ 0; };")
    with pytest.raises(InputError, match="expected sw = r"):
        registers.load(path)
