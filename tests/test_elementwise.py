# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The elementwise unit without a simulator: golden against fractions, the register map, the host's packets.

What could be wrong: a rounding that is not gemmlowp's, a sum that does not wrap, an entry of the wrong int8;
a table of the host that is not what TFLite computes; a byte of a packet in another place than docs/streams.md
says.
"""

import re
from fractions import Fraction

import numpy as np
import pytest

from macrame import paths
from macrame.dev import registers
from macrame.errors import InputError, LinkError
from macrame.golden import elementwise as golden
from macrame.golden.arith.mul16x16 import mul16x16, mul16x16_plain
from macrame.golden.elementwise import LOADS, OPERATIONS, Scaling, elementwise, elementwise_plain
from macrame.golden.quantized.grid import Grid
from macrame.host import elementwise_packets as packets
from macrame.host import elementwise_rules as rules
from macrame.host.elementwise_rules import Rule, Scale
from macrame.host.link import Results
from tests.test_docs import table

VALUES = np.arange(-128, 128).astype(np.int8)


@pytest.fixture
def rng(seed):
    return np.random.default_rng(seed)


# --- golden -------------------------------------------------------------------------------------------------


def test_mul16x16_golden(rng):
    a, b = rng.integers(-(2**15), 2**15, (2, 3000)).astype(np.int16)
    a[:4], b[:4] = [-(2**15), -(2**15), 2**15 - 1, 0], [-(2**15), 2**15 - 1, 2**15 - 1, -1]
    np.testing.assert_array_equal(mul16x16(a, b), a.astype(np.int64) * b)
    np.testing.assert_array_equal(mul16x16(a, b), [mul16x16_plain(int(p), int(q)) for p, q in zip(a, b)])


def half_away(value):
    """A fraction to the nearest integer, ties away from zero."""
    whole = abs(value) + Fraction(1, 2)
    return int(whole) if value >= 0 else -int(whole)


def half_up(value):
    """A fraction to the nearest integer, ties up."""
    return (value + Fraction(1, 2)).__floor__()


def by_fractions(op, a, b, table_a, table_b, scaling):
    """One result by the definition of its roundings, in fractions."""
    if op == "add":
        x = (int(table_a[a + 128]) + int(table_b[b + 128]) + 2**31) % 2**32 - 2**31
    elif op == "mul":
        x = int(Fraction(int(table_a[a + 128]), 2**16).__floor__())
        x *= int(Fraction(int(table_b[b + 128]), 2**16).__floor__())
    else:
        x = int(table_a[{"maximum": max, "minimum": min}.get(op, lambda a, b: a)(a, b) + 128])
    y = half_up(Fraction(x * scaling.multiplier, 2**31))
    y = half_away(Fraction(min(y, 2**31 - 1), 2**scaling.right)) + scaling.zero_point
    return min(scaling.clamp_high, max(scaling.clamp_low, y))


def some(rng):
    """Tables and a scaling."""
    table_a, table_b = (rng.integers(-(2**31), 2**31, 256) >> rng.integers(0, 28, 256) for _ in range(2))
    low, high = rng.integers(-128, 128, 2).tolist() if rng.random() < 0.3 else (-128, 127)
    multiplier = int(rng.choice([int(rng.integers(2**30, 2**31)), -(2**31), 2**30, 2**31 - 1]))
    scaling = Scaling(multiplier, int(rng.integers(32)), int(rng.integers(-128, 128)), low, high)
    return table_a.astype(np.int32), table_b.astype(np.int32), scaling


@pytest.mark.parametrize("op", OPERATIONS)
def test_golden_equals_plain_and_fractions(rng, op):
    for _ in range(20):
        tables_and_scaling = some(rng)
        a, b = rng.integers(-128, 128, (2, 60)).astype(np.int8)
        got = elementwise(op, a, None if op == "table" else b, *tables_and_scaling)
        assert got.dtype == np.int8
        pairs = list(zip(a.tolist(), b.tolist()))
        np.testing.assert_array_equal(got, [elementwise_plain(op, *p, *tables_and_scaling) for p in pairs])
        np.testing.assert_array_equal(got, [by_fractions(op, *p, *tables_and_scaling) for p in pairs])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (("div", VALUES, VALUES), "op is 'div', expected one of add"),
        (("add", VALUES, None), "b is missing, expected one for add"),
        (("table", VALUES, VALUES), "b is given, expected none for table"),
        (("add", VALUES, VALUES.astype(int)), "b has dtype int64, expected int8"),
        (("add", VALUES, VALUES[:3]), r"b has shape \(3,\), expected that of a"),
    ],
)
def test_golden_refuses(given, message):
    zeros = np.zeros(256, np.int32)
    with pytest.raises(ValueError, match=message):
        elementwise(*given, zeros, zeros, Scaling(2**30))
    with pytest.raises(ValueError, match="table_a is float64"):
        elementwise("table", VALUES, None, np.zeros(256), None, Scaling(2**30))
    with pytest.raises(ValueError, match="table_b is missing"):
        elementwise("mul", VALUES, VALUES, zeros, None, Scaling(2**30))


def test_sums_approximate_the_real_ones(rng):
    """TFLite's rules by their purpose: within one step of the exact result."""
    for _ in range(300):
        qa, qb = (Grid(float(np.exp(rng.uniform(-5, 1))), int(rng.integers(-128, 128))) for _ in range(2))
        a, b = rng.integers(-128, 128, 2).tolist()
        real_a, real_b = qa.scale * (a - qa.zero_point), qb.scale * (b - qb.zero_point)
        for rule, real, size in (
            (golden.add_int8, real_a + real_b, qa.scale + qb.scale),
            (golden.sub_int8, real_a - real_b, qa.scale + qb.scale),
            (golden.mul_int8, real_a * real_b, qa.scale * qb.scale * 200),
        ):
            out = Grid(size, int(rng.integers(-50, 50)))
            exact = min(127, max(-128, real / out.scale + out.zero_point))
            assert abs(rule(a, b, qa, qb, out) - exact) < 1.01


def test_cycles_of_an_example():
    """By hand: 5 beats of record, 2 of data; the second issued in cycle 7, its result 17 later."""
    assert golden.predict(2, 32, [("table", 2)]) == golden.Counters(25, 2, 1, 0)
    # places for two results: the third waits until the first has left, 17 cycles after it was issued
    assert golden.predict(2, 2, [("table", 3)]) == golden.Counters(6 + 17 + 17 + 1, 3, 1, 15)
    assert golden.beats("load", 0, 3) == 512
    assert golden.beats("load_a", 0, 3, short=True) == golden.beats("load", 0, 4) == 256
    assert golden.beats("add", 7, 2) == 4


# --- the host's rules ---------------------------------------------------------------------------------------


def scales(rng):
    a, b, out = np.exp(rng.uniform(-7, 3, 3))
    return tuple(Scale(float(s), int(z)) for s, z in zip((a, b, out * (a + b)), rng.integers(-128, 128, 3)))


def applied(rule, x, y):
    scaling = Scaling(rule.multiplier, rule.right, rule.zero_point, rule.clamp_low, rule.clamp_high)
    return elementwise(rule.op, x, y, rule.table_a, rule.table_b, scaling)


@pytest.mark.parametrize("op", ["add", "sub", "mul"])
def test_rules_are_tflite_s(rng, op):
    make = {"add": rules.add, "sub": lambda *a: rules.add(*a, subtract=True), "mul": rules.mul}[op]
    plain = {"add": golden.add_int8, "sub": golden.sub_int8, "mul": golden.mul_int8}[op]
    for n in range(40):
        three = scales(rng)
        if op == "mul" and n % 2:  # a scale of 1 or more: a left shift
            three = *three[:2], Scale(three[0].scale * three[1].scale / 2 ** rng.uniform(0, 13), 5)
        rule = rules.checked(make(*three, (-100, 90)))
        x, y = rng.integers(-128, 128, (2, 200)).astype(np.int8)
        x[:2], y[:2] = [-128, 127], [127, -128]
        quantised = [Grid(s.scale, s.zero_point) for s in three]
        expected = [plain(a, b, *quantised, -100, 90) for a, b in zip(x.tolist(), y.tolist())]
        np.testing.assert_array_equal(applied(rule, x, y), expected)


def test_tables_of_a_sum_are_exact(rng):
    """Entry by entry, since a result shows little of an entry's lowest bits."""
    for _ in range(20):
        x, y, out = scales(rng)
        twice = 2 * max(x.scale, y.scale)
        for subtract in (False, True):
            rule = rules.add(x, y, out, subtract=subtract)
            for entries, s, sign in ((rule.table_a, x, 1), (rule.table_b, y, 1 - 2 * subtract)):
                moved = [(v - s.zero_point) << 20 for v in VALUES.tolist()]
                expected = [sign * golden.multiply_by_quantised(v, s.scale / twice) for v in moved]
                np.testing.assert_array_equal(entries, expected)


@pytest.fixture(scope="module")
def answers():
    return np.load(paths.ROOT / "tests" / "oracles" / "elementwise.npz")


@pytest.mark.parametrize("op", ["add", "sub", "mul"])
def test_golden_and_rules_answer_as_tflite_micro(answers, op):
    """Stored answers of its kernels; scales are float32 there, and so are their values here."""
    make = {"add": rules.add, "sub": lambda *a: rules.add(*a, subtract=True), "mul": rules.mul}[op]
    plain = {"add": golden.add_int8, "sub": golden.sub_int8, "mul": golden.mul_int8}[op]
    sets = len(answers["q"]) // 3
    first = ["add", "sub", "mul"].index(op) * sets
    clamped = 0
    for n in range(first, first + sets):
        scale, zero = (answers[name][n].tolist() for name in ("scale", "zero_point"))
        low = -128 if answers["activation"][n] == 0 else zero[2]
        six = zero[2] + int(np.rint(np.float32(6) / answers["scale"][n][2]))
        high = min(127, six) if answers["activation"][n] == 2 else 127
        x, y, q = (answers[name][n] for name in ("x", "y", "q"))
        three = list(zip(scale, zero))
        got = applied(rules.checked(make(*(Scale(*s) for s in three), (low, high))), x, y)
        np.testing.assert_array_equal(got, q, f"set {n}")
        pairs = zip(x.tolist(), y.tolist())
        np.testing.assert_array_equal([plain(*p, *(Grid(*s) for s in three), low, high) for p in pairs], q)
        clamped += int(low > -128 or high < 127)
    assert clamped > sets // 2


def test_rules_without_requantisation():
    x, y = np.repeat(VALUES, 256), np.tile(VALUES, 256)
    np.testing.assert_array_equal(applied(rules.maximum(), x, y), np.maximum(x, y))
    np.testing.assert_array_equal(applied(rules.minimum(), x, y), np.minimum(x, y))
    np.testing.assert_array_equal(applied(rules.table(VALUES[::-1].copy()), VALUES, None), VALUES[::-1])


def test_a_product_s_scale_has_limits():
    rules.mul(Scale(1), Scale(1), Scale(2.0**-13.999))
    with pytest.raises(InputError, match="out.scale is"):
        rules.mul(Scale(1), Scale(1), Scale(2.0**-14))


# --- the map and the packets --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def rdl():
    return registers.load(registers.ELEMENTWISE_RDL)


def test_host_has_the_same_registers(rdl):
    assert rdl["ID"].reset == packets.ID_VALUE == int.from_bytes(b"ELEM", "big")
    assert tuple(r.name for r in rdl if 0x20 <= r.address < 0x3C) == packets.COUNTERS
    errors = [field for field in rdl["STATUS"].fields if field.high < 8]
    assert tuple(field.name for field in errors) == packets.STATUS_ERRORS
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
    stale = tmp_path / "elementwise_registers.md"
    stale.write_text(registers.ELEMENTWISE_DOCUMENT.read_text().replace("0x454C454D", "0x454C454E"))
    monkeypatch.setattr(registers, "ELEMENTWISE_DOCUMENT", stale)
    assert registers.main(["--check"]) == 1
    assert "docs/elementwise_registers.md" in capsys.readouterr().err


def test_host_has_the_operations_of_golden():
    assert rules.OPERATIONS == OPERATIONS
    assert packets.LOADS == LOADS
    assert (*rules.TAKES_Y, "load") == golden.TAKES_Y


def test_tables_of_the_document():
    rows = table("docs/streams.md", "op | command")
    found = {name.strip("`"): (int(code), takes) for code, name, _, takes in rows}
    codes = {**OPERATIONS, **LOADS}
    assert found == {name: (code, "yes" if name in golden.TAKES_Y else "no") for name, code in codes.items()}
    rows = table("docs/streams.md", "STATUS bit of the elementwise unit")
    assert [(int(bit), name.strip("`")) for bit, name, _ in rows] == list(enumerate(packets.STATUS_ERRORS))


def test_parameters_of_the_document():
    """Defaults as in the modules."""
    rows = table("docs/architecture.md", "unit | parameter")
    assert len(rows) == 4
    for unit, parameter, default, _, _ in rows:
        unit, parameter = unit.strip("`"), parameter.strip("`")
        text = (paths.RTL / unit.removesuffix("_unit") / f"{unit}.v").read_text()
        assert re.search(rf"parameter integer {parameter} += {default}\b", text), (unit, parameter)


@pytest.mark.parametrize("lanes", [1, 2, 3, 4, 5, 9, 16])
def test_packets_are_what_the_streams_say(rng, lanes):
    """Decoded byte by byte; lengths that fill their last beat and that do not."""
    rule = Rule("mul", np.zeros(256, np.int32), np.zeros(256, np.int32), -2, 31, -3, -4, 5)
    for count in (1, 3, lanes, 4 * lanes + 1):
        x, y = rng.integers(-128, 128, (2, count)).astype(np.int8)
        x_beats, y_beats = packets.packets(rule, x, y, lanes=lanes)
        records = -(-9 // lanes)
        record = x_beats.data[:records].tobytes()
        assert record[:9] == bytes([1, 31, 253, 252, 5, 254, 255, 255, 255])
        assert not any(record[9:])
        for values, beats in ((x, x_beats.data[records:]), (y, y_beats.data)):
            assert beats.tobytes()[:count] == values.tobytes()
            assert not any(beats.tobytes()[count:])
            assert len(beats) == -(-count // lanes)
        for beats in (x_beats, y_beats):
            assert beats.last.tolist() == [False] * (len(beats) - 1) + [True]
        assert x_beats.user.tolist() == [0] * (len(x_beats) - 1) + [count % lanes]


@pytest.mark.parametrize("lanes", [1, 2, 3, 4, 7])
def test_loads_are_what_the_streams_say(rng, lanes):
    """Entry 0 first, in the order of bit patterns; short where the lower bytes are zeros."""
    width = min(lanes, 4)
    whole = rng.integers(-(2**31), 2**31, 256).astype(np.int32)
    short = (whole.astype(np.int64) >> 8 * (4 - width) << 8 * (4 - width)).astype(np.int32)
    for tables in ((whole, short), (short, whole), (short, short), (whole, None), (short, None)):
        x, y = packets.load(*tables, lanes=lanes)
        one_beat = lanes < 4 and all(t is None or t is short for t in tables)
        assert x.data[0, 0] == (6 if tables[1] is None else 5) | 8 * one_beat
        records, per_entry = -(-9 // lanes), 1 if one_beat else -(-4 // width)
        assert len(x) == records + 256 * per_entry
        for entries, beats in zip(tables, (x.data[records:], y.data)):
            if entries is None:
                assert len(beats) == 0
                continue
            for pattern, rows in enumerate(beats.reshape(256, per_entry, lanes)):
                found = rows[:, :width].tobytes()[-4:].rjust(4, b"\0")
                value = (pattern + 128) % 256 - 128
                assert int.from_bytes(found, "little", signed=True) == entries[value + 128]
        assert x.last.tolist() == [False] * (len(x) - 1) + [True]


def test_results_are_unpacked():
    data = np.arange(24, dtype=np.uint8).reshape(3, 8)
    keep = np.zeros((3, 8), bool)
    keep[:, :5] = True
    keep[1, 2:] = keep[2, 4:] = False
    last = np.array([False, True, True])
    good = Results(data, last, keep)
    assert packets.unpack(good, [7, 4], lanes=5).tolist() == [0, 1, 2, 3, 4, 8, 9, 16, 17, 18, 19]
    for sizes, message in (
        ([7], "received 3 result beats, expected 2"),
        ([7, 5], "2 of 3 has a wrong tkeep"),
    ):
        with pytest.raises(LinkError, match=message):
            packets.unpack(good, sizes, lanes=5)
    with pytest.raises(LinkError, match="0 of 3 has a wrong tlast"):
        packets.unpack(Results(data, ~last, keep), [7, 4], lanes=5)
