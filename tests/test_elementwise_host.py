# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The elementwise unit's driver over a simulated link: all pairs of operands, every operation.

The results are compared with TFLite's rules as golden states them, one pair at a time and without tables: so
neither the host's tables nor the unit's arithmetic are taken from what they are compared with.
"""

import numpy as np
import pytest

from macrame.contract import CoreConfig
from macrame.errors import CoreError, InputError, LinkError
from macrame.golden.elementwise import Scaling, add_int8, elementwise, mul_int8, predict, sub_int8
from macrame.golden.quantized.grid import Grid
from macrame.host import elementwise_packets as packets
from macrame.host import elementwise_rules as rules
from macrame.host.core import Core
from macrame.host.elementwise import ElementwiseUnit, Rule, Scale
from macrame.host.link import Beats
from macrame.sim.beats import KINDS, Stall
from macrame.sim.link import ElementwiseSimLink, SimLink

LANES = 6  # not a power of two, nor whole words: nothing may depend on one
VALUES = np.arange(-128, 128).astype(np.int8)
PLAIN = {"add": add_int8, "sub": sub_int8, "mul": mul_int8}
INT8 = np.iinfo(np.int8)


@pytest.fixture(scope="module")
def link():
    with ElementwiseSimLink(LANES) as link:
        yield link


@pytest.fixture
def unit(link):
    """A unit as after power-up, streams unstalled."""
    link.set_stalls(None)
    link.reset()
    return ElementwiseUnit(link)


def scale_sets(rng, count, op):
    """Scales and zero points of operands and result: common ones, some that clamp, coarse ones."""
    found = [
        (Scale(0.0234375, 0), Scale(0.0234375, 0), Scale(0.046875, 0)),
        (Scale(0.1, -128), Scale(0.003, 127), Scale(0.1, 3)),
        (Scale(2.0**-7, 1), Scale(2.0**-4, -1), Scale(2.0**-5, -128)),
    ]
    if op == "mul":  # scales of 1 and more shift left
        found.append((Scale(1.5, 3), Scale(2.25, -5), Scale(0.01, 7)))
    while len(found) < count:
        a, b = np.exp(rng.uniform(-7, 3, 2))
        size = a * b * 100 if op == "mul" else a + b
        out = size * np.exp(rng.uniform(-2, 2))
        zeros = rng.integers(-128, 128, 3)
        found.append(tuple(Scale(float(s), int(z)) for s, z in zip((a, b, out), zeros)))
    return found[:count]


def every_pair(op, scales, clamp):
    """The golden results of all 65,536 pairs: golden's rule for one pair at a time."""
    qa, qb, out = (Grid(s.scale, s.zero_point) for s in scales)
    return np.array(
        [[PLAIN[op](int(a), int(b), qa, qb, out, *clamp) for b in VALUES] for a in VALUES], np.int8
    )


def check_pairs(unit, op, scales, clamp=(-128, 127)):
    """All 65,536 pairs through the unit."""
    x, y = np.repeat(VALUES, 256), np.tile(VALUES, 256)
    got, report = getattr(unit, op)(x, y, *scales, clamp=clamp)
    assert got.dtype == np.int8
    np.testing.assert_array_equal(got.reshape(256, 256), every_pair(op, scales, clamp))
    return report


@pytest.mark.sampled(3)
@pytest.mark.parametrize("op", PLAIN)
def test_all_pairs(unit, op, seed):
    rng = np.random.default_rng([seed, len(op)])
    for n, scales in enumerate(scale_sets(rng, 5, op)[seed % 2 :: 3]):
        check_pairs(unit, op, scales, (-128, 127) if n else (-20, 100))


@pytest.mark.nightly
@pytest.mark.parametrize("op", PLAIN)
def test_all_pairs_of_twenty_scales(op, seed):
    rng = np.random.default_rng([seed, 20, len(op)])
    with ElementwiseSimLink(16) as link:
        unit = ElementwiseUnit(link)
        for scales in scale_sets(rng, 20, op):
            low, high = sorted(rng.integers(-128, 128, 2).tolist())
            check_pairs(unit, op, scales, (low, high) if rng.random() < 0.3 else (-128, 127))


def test_maxima_minima_and_functions_of_all_values(unit, seed):
    rng = np.random.default_rng(seed)
    x, y = np.repeat(VALUES, 256), np.tile(VALUES, 256)
    np.testing.assert_array_equal(unit.maximum(x, y)[0], np.maximum(x, y))
    np.testing.assert_array_equal(unit.minimum(x, y)[0], np.minimum(x, y))
    for results in (rng.permutation(VALUES), -1 - VALUES, np.maximum(VALUES, 0)):
        np.testing.assert_array_equal(
            unit.table(VALUES, results)[0], results[VALUES.astype(int) + 128].astype(np.int8)
        )


def random_rule(rng, op):
    """Tables, multiplier and limits of no operator in particular."""
    table_a, table_b = (rng.integers(-(2**31), 2**31, 256) >> rng.integers(0, 28, 256) for _ in range(2))
    low, high = rng.integers(-128, 128, 2).tolist()
    return Rule(
        op,
        table_a.astype(np.int32),
        table_b.astype(np.int32) if op in rules.READS_B else None,
        int(rng.integers(-(2**31), 2**31)),
        int(rng.integers(32)),
        int(rng.integers(-128, 128)),
        low,
        high,
    )


def golden(rule, x, y):
    scaling = Scaling(rule.multiplier, rule.right, rule.zero_point, rule.clamp_low, rule.clamp_high)
    return elementwise(rule.op, x, y, rule.table_a, rule.table_b, scaling)


@pytest.mark.parametrize("op", rules.OPERATIONS)
def test_any_rule_equals_golden(unit, op, seed):
    rng = np.random.default_rng([seed, rules.OPERATIONS[op]])
    for _ in range(8):
        rule = random_rule(rng, op)
        shape = tuple(rng.integers(1, 12, rng.integers(1, 4)))
        x, y = rng.integers(-128, 128, (2, *shape)).astype(np.int8)
        y = y if op in rules.TAKES_Y else None
        got, _ = unit.run(rule, x, y)
        assert got.shape == shape
        np.testing.assert_array_equal(got, golden(rule, x, y))


@pytest.mark.sampled(3)
@pytest.mark.parametrize("lanes", [1, 2, 3])
def test_lanes_that_take_several_beats_for_an_entry(lanes, seed):
    rng = np.random.default_rng([seed, lanes])
    with ElementwiseSimLink(lanes, fifo_depth=4) as link:
        unit = ElementwiseUnit(link)
        for op in rules.OPERATIONS:
            rule = random_rule(rng, op)
            x, y = rng.integers(-128, 128, (2, 53)).astype(np.int8)
            y = y if op in rules.TAKES_Y else None
            np.testing.assert_array_equal(unit.run(rule, x, y)[0], golden(rule, x, y))
        scales = Scale(0.01, 3), Scale(0.02, -4), Scale(0.0002, 5)
        x, y = rng.integers(-128, 128, (2, 500)).astype(np.int8)
        expected = [
            mul_int8(int(a), int(b), *(Grid(s.scale, s.zero_point) for s in scales)) for a, b in zip(x, y)
        ]
        np.testing.assert_array_equal(unit.mul(x, y, *scales)[0], expected)


@pytest.mark.parametrize("size", [1, LANES - 1, LANES, LANES + 1, 4 * LANES, 10 * LANES - 1])
def test_long_arrays_are_split_into_packets(link, size):
    rng = np.random.default_rng(size)
    unit = ElementwiseUnit(link, packet_beats=3)
    unit.soft_reset()
    x, y = rng.integers(-128, 128, (2, size)).astype(np.int8)
    said = []
    got, report = unit.maximum(x, y, progress=lambda done, total: said.append((done, total)))
    np.testing.assert_array_equal(got, np.maximum(x, y))
    beats = -(-size // LANES)
    assert said[-1] == (beats, beats)
    assert report.packets == 1 + -(-beats // 3)  # and the table


def test_tables_are_loaded_only_when_they_change(unit, link):
    rng = np.random.default_rng(1)
    x, y = rng.integers(-128, 128, (2, 40)).astype(np.int8)
    scales = Scale(0.1), Scale(0.2), Scale(0.3)

    def loads(call, *arguments):
        return call(x, *arguments)[1].packets - 1

    assert loads(unit.add, y, *scales) == 1
    assert loads(unit.add, y, *scales) == 0
    assert loads(unit.add, y, *scales[:2], Scale(0.31)) == 0  # the record is another, the tables are not
    assert loads(unit.sub, y, *scales) == 1
    assert loads(unit.maximum, y) == 1
    assert loads(unit.minimum, y) == 0
    sent = link._files.sent["a"]
    assert loads(unit.sub, y, *scales) == 1  # table A is another now
    assert link._files.sent["a"] == sent + -(-40 // LANES)  # but not table B
    link.reset()
    assert loads(unit.sub, y, *scales) == 1
    unit.soft_reset()
    assert loads(unit.sub, y, *scales) == 1


def test_cycles_are_those_of_the_model(unit):
    rng = np.random.default_rng(2)
    x, y = rng.integers(-128, 128, (2, 333)).astype(np.int8)
    for load in (True, False):
        _, report = unit.mul(x, y, Scale(0.1), Scale(0.2), Scale(0.3))
        model = predict(LANES, 32, [*[("load", 256)] * load, ("mul", -(-333 // LANES))])
        assert (report.cycles, report.busy, report.packets, report.stall_out) == (
            model.cycles,
            model.busy,
            model.packets,
            model.stall_out,
        )


@pytest.mark.parametrize("kind", KINDS)
def test_stalls_change_the_cycles_and_not_the_result(unit, link, kind):
    rng = np.random.default_rng(3)
    rule = random_rule(rng, "mul")
    x, y = rng.integers(-128, 128, (2, 700)).astype(np.int8)
    _, quick = unit.run(rule, x, y)
    unit.soft_reset()
    link.set_stalls(Stall(kind, chance=0.7, length=300), seed=5)
    got, report = unit.run(rule, x, y)
    np.testing.assert_array_equal(got, golden(rule, x, y))
    assert report.cycles == link.cycles
    # a block of all streams at once only begins later
    assert (report.cycles > quick.cycles) == (kind in ("random", "bursts"))


ONES, S = np.ones(3, np.int8), Scale(0.1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda u: u.add(ONES, ONES[:2], S, S, S), r"^y has shape \(2,\), expected that of x, \(3,\)"),
        (lambda u: u.add(ONES, np.ones(3), S, S, S), "^y has dtype float64, expected int8"),
        (lambda u: u.maximum(ONES[:0], ONES[:0]), r"^x has shape \(0,\), expected at least one number"),
        (lambda u: u.add(ONES, ONES, 0.1, S, S), "^x_scale is 0.1, expected a Scale"),
        (lambda u: u.add(ONES, ONES, Scale(-1), S, S), "^x.scale is -1.0, expected a finite number above 0"),
        (lambda u: u.add(ONES, ONES, S, S, Scale(0.1, 128)), "^out.zero_point has 128, expected -128 to 127"),
        (lambda u: u.add(ONES, ONES, S, S, Scale(1e-9)), "^out.scale is 1e-09, expected more than"),
        (
            lambda u: u.add(ONES, ONES, Scale(1e-200), Scale(1e200), Scale(1e200)),
            "^the scales of x, y and out",
        ),
        (
            lambda u: u.mul(ONES, ONES, Scale(1e-200), Scale(1e-200), S),
            "^the scales of x, y and out are 1e-200",
        ),
        (lambda u: u.mul(ONES, ONES, S, S, Scale(1e-9)), "^out.scale is 1e-09, expected more than"),
        (lambda u: u.mul(ONES, ONES, S, S, S, (0, 200)), "^clamp has 200, expected -128 to 127"),
        (lambda u: u.mul(ONES, ONES, S, S, S, 5), "^clamp is 5, expected two integers$"),
        (lambda u: u.mul(ONES, ONES, S, S, S, [5]), r"^clamp is \[5\], expected two integers$"),
        (
            lambda u: u.mul(ONES, ONES, S, S, S, (9, -9)),
            r"^clamp is \(9, -9\), expected the lower limit first",
        ),
        (lambda u: rules.add(0.5, S, S), "^x is 0.5, expected a Scale"),
        (lambda u: rules.mul(S, S, None), "^out is None, expected a Scale"),
        (lambda u: rules.add(S, S, S, subtract="no"), "^subtract is 'no', expected True or False"),
        (lambda u: u.table(ONES, ONES), r"^results is int8 of shape \(3,\), expected 256 int8"),
        (lambda u: u.maximum(ONES, ONES, progress=3), "^progress is 3, expected a callable"),
        (lambda u: u.run("add", ONES, ONES), "^rule is 'add', expected a Rule"),
        (lambda u: u.run(rules.table(VALUES), ONES, ONES), "^y is given, expected none for table"),
        (lambda u: u.run(rules.maximum(), ONES), "^y is missing, expected one for maximum"),
        (lambda u: u.run(Rule("add", np.zeros(256, np.int32)), ONES, ONES), "^rule.table_b is missing"),
        (lambda u: u.run(Rule("table", np.zeros(9, np.int32)), ONES), "^rule.table_a is int32 of shape"),
        (
            lambda u: u.run(Rule("table", np.zeros(256, np.int32), right=32), ONES),
            "^rule.right is 32, expected 0 to 31",
        ),
        (lambda u: ElementwiseUnit(u.link, 0), "^packet_beats is 0, expected an integer of 1 or more"),
        (lambda u: ElementwiseUnit("serial"), "^link is 'serial', expected a Link"),
    ],
)
def test_arguments_are_checked(unit, call, message):
    with pytest.raises(InputError, match=message) as caught:
        call(unit)
    assert len(str(caught.value).splitlines()) == 1


def test_a_halt_is_raised_by_name_and_reset(unit, link):
    data = np.zeros((4, LANES), np.uint8)
    data[0, 0] = 7
    illegal = Beats(data, np.arange(4) == 3, np.zeros(4, np.uint8))
    assert len(link.transfer(illegal, packets.no_beats(LANES), 1)) == 0
    with pytest.raises(CoreError, match="the elementwise unit halted: command_illegal"):
        unit.maximum(ONES, ONES)
    unit.soft_reset()
    np.testing.assert_array_equal(unit.maximum(ONES, -ONES)[0], ONES)


def test_a_packet_that_a_halt_cut_off_is_not_the_next_ones(unit, link):
    """Its closing beat comes with the soft reset."""
    unit.maximum(ONES, ONES)
    many = np.ones(6 * LANES, np.int8)
    x, y = packets.packets(rules.maximum(), many, many, lanes=LANES)
    short = Beats(y.data[:3], np.arange(3) == 2, y.user[:3])
    assert len(link.transfer(x, short, 6)) == 2
    with pytest.raises(CoreError, match="length_mismatch"):
        unit.check()
    unit.soft_reset()
    np.testing.assert_array_equal(unit.minimum(many, -many)[0], -many)


def test_an_interrupted_operation_leaves_nothing_behind(unit, link):
    """The next one resets the link, and loads its tables again."""

    def give_up(done, total):
        raise KeyboardInterrupt

    many = np.ones(3000, np.int8)
    with pytest.raises(KeyboardInterrupt):
        unit.maximum(many, many, progress=give_up)
    assert link.abandoned
    got, report = unit.maximum(many, -many)
    np.testing.assert_array_equal(got, many)
    assert report.packets == 2


def test_the_wrong_unit_is_refused(link):
    with pytest.raises(LinkError, match="ID register reads 0x454c454d, expected 0x4d414352: not a macrame"):
        Core(link)
    with (
        SimLink(CoreConfig(1, 1, 1, k_max=4)) as core,
        pytest.raises(LinkError, match="not a macrame elementwise unit"),
    ):
        ElementwiseUnit(core)
