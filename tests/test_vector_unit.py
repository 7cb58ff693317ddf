# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The vector unit's register map and its host: against rtl/vector_unit.rdl, docs/streams.md and golden."""

import struct

import numpy as np
import pytest

from macrame.dev import registers
from macrame.errors import InputError, LinkError
from macrame.golden.gemm_bf16 import OUTPUTS
from macrame.golden.vector_unit import OPERATIONS
from macrame.host import vector
from macrame.host.link import Results
from tests.test_docs import table

# --- the map and the host -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def rdl():
    return registers.load(registers.VECTOR_RDL)


def test_host_has_the_same_registers(rdl):
    assert rdl["ID"].reset == vector.ID_VALUE == int.from_bytes(b"VECT", "big")
    assert tuple(r.name for r in rdl if 0x20 <= r.address < 0x3C) == vector.COUNTERS
    errors = [field for field in rdl["STATUS"].fields if field.high < 8]
    assert tuple(field.name for field in errors) == vector.STATUS_ERRORS
    assert [field.mask for field in errors] == [1 << bit for bit in range(len(errors))]


def test_map_has_the_places_of_the_core_s(rdl):
    """Common registers have the same address, so one driver serves both."""
    core = {register.name: register for register in registers.load()}
    for register in rdl:
        if register.name in core:
            assert register.address == core[register.name].address, register.name
    for name in ("halted", "busy", "counters_full"):
        (ours,), (theirs,) = ([f.mask for f in m["STATUS"].fields if f.name == name] for m in (rdl, core))
        assert ours == theirs, name
    assert [f.mask for f in rdl["CONTROL"].fields] == [f.mask for f in core["CONTROL"].fields]


def test_a_stale_document_is_noticed(tmp_path, monkeypatch, capsys):
    stale = tmp_path / "vector_registers.md"
    stale.write_text(registers.VECTOR_DOCUMENT.read_text().replace("0x56454354", "0x56454355"))
    monkeypatch.setattr(registers, "VECTOR_DOCUMENT", stale)
    assert registers.main(["--check"]) == 1
    assert "docs/vector_registers.md" in capsys.readouterr().err


def test_host_has_the_operations_of_golden():
    assert vector.OPERATIONS == OPERATIONS
    assert vector.OUTPUTS == OUTPUTS


def test_tables_of_the_document():
    rows = table("docs/streams.md", "op | name")
    found = {name.strip("`"): (int(code), takes) for code, name, _, takes in rows}
    assert found == {name: (code, "no" if name == "relu" else "yes") for name, code in OPERATIONS.items()}
    rows = table("docs/streams.md", "STATUS bit of the unit")
    assert [(int(bit), name.strip("`")) for bit, name, _ in rows] == list(enumerate(vector.STATUS_ERRORS))


@pytest.mark.parametrize(("x_type", "y_type"), [("f4", "u2"), ("u2", "u4"), ("u2", "u2"), ("u4", "f4")])
def test_packets_are_what_the_streams_say(x_type, y_type):
    """Decoded byte by byte; lengths that fill their last beat and that do not."""
    rng = np.random.default_rng(1)
    for count in (1, 3, 4, 9):
        x, y = (rng.integers(0, 2**16, count).astype(t) for t in (x_type, y_type))
        x_beats, y_beats = vector.packets("axpy", x, y, 0.5, "stochastic", lanes=4)
        assert x_beats.user[0] == 3 | (x_type == "u2") << 3 | (y_type == "u2") << 4 | 3 << 5
        assert bytes(x_beats.data[0]) == struct.pack("<f", 0.5) + bytes(12)
        for values, beats in ((x, x_beats.data[1:]), (y, y_beats.data)):
            size = values.itemsize
            rows = [bytes(row[: 4 * size]) for row in beats]
            assert b"".join(rows)[: size * count] == values.tobytes()
            assert not any(b"".join(rows)[size * count :])
            assert not beats[:, 4 * size :].any()
        for beats, length in ((x_beats, 1 + -(-count // 4)), (y_beats, -(-count // 4))):
            assert beats.last.tolist() == [False] * (length - 1) + [True]


def result(data, width, last):
    keep = np.arange(data.shape[1]) < np.full((len(data), 1), width)
    return Results(data=data, last=np.array(last, bool), keep=keep)


def test_results_are_unpacked():
    data = np.arange(32, dtype=np.uint8).reshape(2, 16)
    wide = vector.unpack(result(data, 16, [0, 1]), 7)
    assert wide.tolist() == [int.from_bytes(bytes(range(4 * n, 4 * n + 4)), "little") for n in range(7)]
    narrow = vector.unpack(result(data, 8, [0, 1]), 5, "even")
    assert narrow.tolist() == [0x0100, 0x0302, 0x0504, 0x0706, 0x1110]
    assert (wide.dtype, narrow.dtype) == (np.uint32, np.uint16)
    for width, last, count in ((16, [1, 1], 7), (16, [0, 1], 9), (8, [0, 1], 7)):
        bad = result(data, width, last)
        with pytest.raises(LinkError):
            vector.unpack(bad, count)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("div", [1], [1]), "op is 'div'"),
        (("add", [1]), "y is missing, expected one for add"),
        (("relu", [1], [1]), "y is given"),
        (("add", [1, 2], [1]), "y has 1 numbers, expected 2"),
        (("add", [[1]], [1]), "x has shape"),
        (("add", [], []), "x has shape"),
    ],
)
def test_bad_operands_are_named(arguments, says):
    op, *vectors = arguments
    with pytest.raises(InputError, match=says):
        vector.packets(op, *(np.float32(v) for v in vectors), lanes=2)
    with pytest.raises(InputError, match="x has dtype float64"):
        vector.packets("relu", np.ones(2), lanes=2)
