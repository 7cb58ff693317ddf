# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The vector unit's driver over a simulated link: each operation and format matches the golden model."""

import numpy as np
import pytest

from macrame.contract import CoreConfig
from macrame.errors import CoreError, InputError, LinkError
from macrame.golden.arith.lfsr32 import Lfsr32
from macrame.golden.vector_unit import OPERATIONS, vector_unit
from macrame.host import registers, vector
from macrame.host.core import Core
from macrame.host.link import Beats
from macrame.host.packets import OUTPUTS
from macrame.host.vector_unit import VectorUnit
from macrame.sim.beats import KINDS, Stall
from macrame.sim.link import SimLink, VectorSimLink

LANES = 5  # not a power of two: nothing may depend on one


@pytest.fixture(scope="module")
def link():
    with VectorSimLink(LANES) as link:
        yield link


@pytest.fixture
def unit(link):
    """A unit as after power-up, streams unstalled."""
    link.set_stalls(None)
    link.reset()
    return VectorUnit(link)


def numbers(rng, shape, bf16):
    """Random bits, half of the exponents near 1 so that sums and products are rarely out of range."""
    bits = rng.integers(0, 1 << 32, shape, dtype=np.uint32)
    tame = bits & 0x807FFFFF | rng.integers(120, 136, shape).astype(np.uint32) << 23
    bits = np.where(rng.integers(0, 2, shape) == 0, bits, tame)
    return (bits >> 16).astype(np.uint16) if bf16 else bits


def check(unit, rng, op, x_bf16, y_bf16, out, shape):
    """One operation against the golden model."""
    x = numbers(rng, shape, x_bf16)
    y = None if op == "relu" else numbers(rng, shape, y_bf16)
    s = np.float32(rng.normal()) if op == "axpy" else None
    seed = words = None
    if out == "stochastic":
        seed = int(rng.integers(0, 1 << 32))
        words = Lfsr32(seed).take(x.size).reshape(shape)
    got, report = unit.run(op, x, y, s, out, seed)
    expected = vector_unit(op, x, y, s, out, words)
    assert got.dtype == expected.dtype
    np.testing.assert_array_equal(got, expected)
    assert (report.packets, report.busy) == (1, -(-x.size // LANES))
    return report


def test_the_unit_introduces_itself(unit):
    assert unit.lanes == LANES
    assert unit.status() == 0


@pytest.mark.sampled(3)
@pytest.mark.parametrize("op", OPERATIONS)
def test_every_format_equals_golden(unit, op, seed):
    rng = np.random.default_rng([seed, OPERATIONS[op]])
    for x_bf16 in (False, True):
        for y_bf16 in (False, True):
            for out in OUTPUTS:
                check(unit, rng, op, x_bf16, y_bf16, out, int(rng.integers(1, 1001)))


@pytest.mark.parametrize("size", [1, LANES - 1, LANES, LANES + 1])
def test_ragged_last_beats(unit, size):
    check(unit, np.random.default_rng(size), "sub", False, True, "fp32", size)


def test_shapes_and_float32(unit):
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(2, 7, 6, 5)).astype(np.float32)
    got, _ = unit.run("axpy", x.T, y.T, s=-0.1)
    np.testing.assert_array_equal(got.view(np.float32), x.T + np.float32(-0.1) * y.T)


@pytest.mark.parametrize("kind", KINDS)
def test_stalls_change_the_cycles_and_not_the_result(unit, link, kind):
    quick = check(unit, np.random.default_rng(3), "axpy", False, True, "stochastic", 700)
    assert quick.cycles <= 1 + 140 + 21, "a record, a beat per cycle, and the latency at most"
    link.set_stalls(Stall(kind, chance=0.7, length=300), seed=5)
    report = check(unit, np.random.default_rng(3), "axpy", False, True, "stochastic", 700)
    assert report.cycles == link.cycles
    # a block of all streams at once only begins later
    assert (report.cycles > quick.cycles) == (kind in ("random", "bursts"))


def test_the_random_bits_go_on_without_a_seed(unit):
    rng = np.random.default_rng(4)
    x, y = numbers(rng, 23, False), numbers(rng, 23, False)
    unit.run("add", x, y, out="stochastic", seed=9)
    got, _ = unit.run("add", x, y, out="stochastic")
    source = Lfsr32(9)
    source.take(25)  # with the padding of the last beat
    np.testing.assert_array_equal(got, vector_unit("add", x, y, out="stochastic", random=source.take(23)))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(op="div", x=np.ones(3, np.float32)), "op is 'div', expected one of add"),
        (dict(op="relu", x=np.ones(3)), "x has dtype float64, expected float32"),
        (dict(op="relu", x=np.ones(0, np.float32)), r"x has shape \(0,\), expected at least one number"),
        (dict(op="relu", x=np.ones(3, np.float32), y=np.ones(3, np.float32)), "y is given, expected none"),
        (dict(op="add", x=np.ones(3, np.float32)), "y is missing, expected one for add"),
        (dict(op="add", x=np.ones(3, np.float32), y=np.ones((1, 3), np.float32)), "y has shape"),
        (dict(op="add", x=np.ones(3, np.float32), y=np.ones(3, np.float32), s=2), "s is 2, expected None"),
        (dict(op="axpy", x=np.ones(3, np.float32), y=np.ones(3, np.float32)), "s is None, expected a number"),
        (dict(op="relu", x=np.ones(3, np.float32), out="int8"), "out is 'int8', expected one of fp32"),
        *(
            (
                dict(op="axpy", x=np.ones(3, np.float32), y=np.ones(3, np.float32), s=s),
                f"^s is {said}, expected a number",
            )
            for s, said in (
                ("a", "'a'"),
                (np.zeros(3), r"array\(\[0., 0., 0.\]\)"),
                (True, "True"),
                (1j, "1j"),
                ([2.0], r"\[2.0\]"),
                (10**400, "10+[.]{3}"),
                (np.ma.masked, "masked"),
                (np.ma.array(2.0), r"masked_array\(data=2., .*"),
            )
        ),
        *(
            (
                dict(op="relu", x=np.ones(3, np.float32), seed=seed),
                f"^seed is {seed}, expected an integer from 0 to 4294967295$",
            )
            for seed in (2**40, -1, 1.7)
        ),
    ],
)
def test_arguments_are_checked(unit, arguments, message):
    with pytest.raises(InputError, match=message) as caught:
        unit.run(**arguments)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("s", [2, -0.5, np.float64(3), np.int32(-7), np.array(1.5), np.inf])
def test_scalars_of_any_real_type(unit, s):
    x, y = np.ones(4, np.float32), np.full(4, 2, np.float32)
    got, _ = unit.run("axpy", x, y, s)
    np.testing.assert_array_equal(got.view(np.float32), np.float32(1) + np.float32(s) * y)


def test_a_halt_is_raised_by_name_and_reset(unit, link):
    data = np.zeros((2, 4 * LANES), np.uint8)
    illegal = Beats(data, np.array([False, True]), np.array([7, 0], np.uint8))
    assert len(link.transfer(illegal, Beats(data[:0], np.zeros(0, bool), np.zeros(0, np.uint8)), 1)) == 0
    with pytest.raises(CoreError, match="the vector unit halted: command_illegal"):
        unit.run("relu", np.ones(3, np.float32))
    unit.soft_reset()
    check(unit, np.random.default_rng(6), "mul", True, True, "even", 12)


def test_a_packet_that_a_halt_cut_off_is_not_the_next_ones(unit, link):
    """Its closing beat comes with the soft reset."""
    ones = np.ones(6 * LANES, np.float32)
    x, y = vector.packets("add", ones, ones, lanes=LANES)
    short = Beats(y.data[:3], np.arange(3) == 2, y.user[:3])
    assert len(link.transfer(x, short, 6)) == 2
    with pytest.raises(CoreError, match="length_mismatch"):
        unit.check()
    unit.soft_reset()
    check(unit, np.random.default_rng(7), "add", False, False, "fp32", 6 * LANES)


JUNK = [
    *("x", b"x", 1j, True, 0, -1, 1.5, np.inf, 10**400, object(), {}, {1, 2}, [], [1, [2, 3]], ["a"] * 4),
    *(np.ones(4), np.ones(4, np.int8), np.ones(4, ">f4"), np.ones(4, bool), np.ones(4, complex)),
    *(np.ones(0, np.float32), np.ones((2, 2), np.float32), np.array([None] * 4), np.array("x")),
    *(np.ma.array(np.ones(4, np.float32), mask=[0, 1, 0, 0]), np.ma.masked, np.zeros(4, [("x", "f4")])),
    *(np.longdouble("1e4000"), np.datetime64("2020-01-01"), None, print),
]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", ["op", "x", "y", "s", "out", "seed", "progress"])
def test_whatever_is_given_is_taken_or_refused_by_name(unit, name):
    one = np.ones(4, np.float32)
    given, refused = dict(op="axpy", x=one, y=one, s=1, out="fp32", seed=None, progress=None), 0
    for junk in JUNK:
        try:
            unit.run(**given | {name: junk})
        except InputError as error:
            said, refused = str(error), refused + 1
            if "\n" in said or len(said) > 200 or name not in said:
                raise
    assert refused > 15


@pytest.mark.parametrize("given", [None, "serial:/dev/ttyUSB0", VectorSimLink])
def test_a_link_that_is_none_is_refused(given):
    with pytest.raises(InputError, match="^link is .*, expected a Link$"):
        VectorUnit(given)


def test_the_wrong_unit_is_refused(link):
    with pytest.raises(LinkError, match="ID register reads 0x56454354, expected 0x4d414352: not a macrame"):
        Core(link)
    with (
        SimLink(CoreConfig(1, 1, 1, k_max=4)) as core,
        pytest.raises(LinkError, match="not a macrame vector unit"),
    ):
        VectorUnit(core)


def test_beats_that_are_not_taken_are_named(unit, link):
    data = np.zeros((40, 4 * LANES), np.uint8)
    lonely = Beats(data, np.arange(40) == 39, np.zeros(40, np.uint8))
    with pytest.raises(LinkError, match=r"no progress: 0 x beats and \d+ y beats not accepted"):
        link.transfer(Beats(data[:0], np.zeros(0, bool), np.zeros(0, np.uint8)), lonely, 0)
    link.reset()
    assert VectorUnit(link).status() & registers.STATUS_HALTED == 0
