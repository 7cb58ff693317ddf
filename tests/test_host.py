# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The host against a core that reads packets byte by byte, in plain Python.

What could be wrong: lanes or depths in the wrong order, padding that reaches a result, K split at the wrong
place, a weight panel released too early or never, tiles returned to the wrong place, a field of the record in
the wrong byte. Random matrices of odd shapes show each of them: every product is compared completely.
"""

import math
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from macrame.contract import CoreConfig
from macrame.errors import CoreError, InputError, LinkError
from macrame.host import packets, quantize, registers, tiling
from macrame.host.core import Core, Product
from macrame.host.link import Results
from tests.plain_core import PlainCore, mock_requantize

ROOT = Path(__file__).resolve().parents[1]
SHAPES = [(1, 1, 1), (1, 4, 4), (4, 1, 1), (3, 5, 2), (4, 4, 4), (8, 8, 1), (2, 3, 8), (5, 2, 7)]


def int8(rng, *shape):
    """Full range, and -128 often."""
    values = rng.integers(-128, 128, shape, dtype=np.int8)
    values[rng.random(shape) < 0.1] = -128
    return values


@settings(deadline=None, max_examples=150)
@given(
    st.sampled_from(SHAPES),
    st.integers(1, 20),
    st.integers(1, 40),
    st.integers(1, 20),
    st.integers(1, 50),
    st.integers(1, 200),
    st.integers(0, 2**32 - 1),
)
def test_raw_products_of_every_shape(shape, m, k, n, k_max, limit, seed):
    rng = np.random.default_rng(seed)
    a, w = int8(rng, m, k), int8(rng, k, n)
    bias = rng.integers(-(2**31), 2**31, n)
    link = PlainCore(*shape, max(k_max, shape[2]))
    product, report = Core(link).matmul(a, w, bias=bias, limit=limit)
    expected = (a.astype(np.int64) @ w + bias).astype(np.int32)
    assert product.dtype == np.int32
    np.testing.assert_array_equal(product, expected)
    assert report.macs == m * k * n
    assert not link.panels, "a weight panel was never released"
    assert not link.open.any()


@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from(SHAPES),
    st.sampled_from(["gemmlowp", "ruy", "fp32"]),
    st.integers(1, 12),
    st.integers(1, 30),
    st.integers(1, 12),
    st.integers(0, 2**32 - 1),
)
def test_every_field_of_the_record_reaches_its_column(shape, mode, m, k, n, seed):
    rng = np.random.default_rng(seed)
    a, w = int8(rng, m, k), int8(rng, k, n)
    output = dict(
        bias=rng.integers(-(2**31), 2**31, n),
        multiplier=rng.integers(-(2**31), 2**31, n),
        shift=rng.integers(-128, 31, n),
        zero_point=rng.integers(-128, 128, n),
        low=rng.integers(-128, 0, n),
        high=rng.integers(0, 128, n),
    )
    link = PlainCore(*shape, 16)
    product, _ = Core(link).matmul(a, w, mode, **output)
    x = (a.astype(np.int64) @ w + output["bias"]).astype(np.int32)
    fields = [{name: int(value[j]) for name, value in output.items()} for j in range(n)]
    expected = [[mock_requantize(int(x[i, j]), **fields[j]) for j in range(n)] for i in range(m)]
    assert product.dtype == np.int8
    np.testing.assert_array_equal(product, expected)


def test_weights_are_sent_once_when_k_fits_and_a_panel_for_each_chunk_when_not():
    a, w = np.ones((20, 64), np.int8), np.ones((64, 12), np.int8)
    fits, chained = PlainCore(4, 4, 2, 64), PlainCore(4, 4, 2, 30)
    for link in (fits, chained):
        assert (Core(link).matmul(a, w)[0] == 64).all()
    assert (fits.weight_packets, fits.activation_packets) == (3, 3 * 5)
    assert (chained.weight_packets, chained.activation_packets) == (3 * 5 * 3, 3 * 5 * 3)


@settings(deadline=None)
@given(st.integers(1, 5000), st.integers(1, 8), st.integers(1, 300))
def test_chunks_cover_k_in_equal_parts(k, depth, k_max):
    config = CoreConfig(4, 4, depth, max(k_max, depth))
    cut = tiling.chunks(k, config)
    assert cut[0][0] == 0
    assert cut[-1][1] == k
    assert all(stop == start for (_, stop), (start, _) in zip(cut, cut[1:]))
    sizes = [math.ceil((stop - start) / depth) for start, stop in cut]
    most = math.ceil(config.k_max / depth)
    assert max(sizes) <= most
    assert max(sizes) - min(sizes) <= 1
    assert len(cut) == math.ceil(math.ceil(k / depth) / most)


@given(st.integers(-128, 127), st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=40)
def test_activation_zero_point_is_folded_into_the_bias(zero_point, seed):
    rng = np.random.default_rng(seed)
    a, w = int8(rng, 5, 23), int8(rng, 23, 7)
    bias = rng.integers(-(2**31), 2**31, 7)
    product, _ = Core(PlainCore(3, 2, 2, 8)).matmul(a, w, bias=bias, a_zero_point=zero_point)
    expected = ((a.astype(np.int64) - zero_point) @ w + bias).astype(np.int32)
    np.testing.assert_array_equal(product, expected)


def test_folding_the_zero_point_wraps_as_the_core_does():
    a, w = np.full((1, 4), -128, np.int8), np.full((4, 1), 127, np.int8)
    product, _ = Core(PlainCore(1, 1, 1, 8)).matmul(a, w, bias=-(2**31), a_zero_point=127)
    assert product[0, 0] == ((-128 - 127) * 127 * 4 - 2**31 + 2**31) % 2**32 - 2**31


def test_progress_counts_up_to_the_total():
    seen = []
    Core(PlainCore(2, 2, 1, 64)).matmul(
        np.ones((9, 9), np.int8),
        np.ones((9, 9), np.int8),
        limit=20,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert len(seen) > 3
    assert seen == sorted(seen)
    assert seen[-1] == (5 * 5 * 2, 5 * 5 * 2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(a=np.ones(4, np.int8)), "a has shape (4,), expected a matrix of at least 1 x 1"),
        (dict(a=np.ones((0, 4), np.int8)), "a has shape (0, 4), expected a matrix of at least 1 x 1"),
        (
            dict(a=np.ones((2, 0), np.int8), w=np.ones((0, 3), np.int8)),
            "a has shape (2, 0), expected a matrix of at least 1 x 1",
        ),
        (dict(w=np.ones((4, 3), np.int16)), "w has dtype int16, expected int8"),
        (
            dict(w=np.ones((5, 3), np.int8)),
            "a is 2 x 4 and w is 5 x 3, expected w to have as many rows as a has columns",
        ),
        (dict(mode="tflite"), "mode is 'tflite', expected one of raw, gemmlowp, ruy, fp32"),
        (dict(scale=0.5), "scale is 0.5: does not apply to mode raw, which outputs int32"),
        (dict(zero_point=0), "zero_point is 0: does not apply to mode raw, which outputs int32"),
        (dict(low=5), "low is 5: does not apply to mode raw, which outputs int32"),
        (dict(high=5), "high is 5: does not apply to mode raw, which outputs int32"),
        (dict(mode="ruy", scale="x"), "scale is 'x', expected one number or 3 of them"),
        (dict(mode="fp32", scale=[[1], [1, 2]]), "scale is [[1], [1, 2]], expected one number or 3 of them"),
        (dict(mode="ruy"), "mode ruy requires scale, or multiplier and shift"),
        (
            dict(mode="ruy", scale=0.5, shift=1),
            "scale is given with multiplier or shift, expected scale, or multiplier and shift",
        ),
        (dict(mode="ruy", scale=[0.5, 0.5]), "scale has shape (2,), expected one number or 3 of them"),
        (dict(mode="ruy", scale=-0.5), "scale is -0.5, expected a finite number above 0"),
        (dict(mode="fp32", scale=1e39), "scale is 1e+39, expected a normal float32 (1.18e-38 to 3.4e+38)"),
        (dict(bias=2**31), "bias has 2147483648, expected -2147483648 to 2147483647"),
        (dict(bias=1.5), "bias is 1.5, expected one integer or 3 of them"),
        (dict(bias=[1.0, 2.0, 3.0]), "bias has dtype float64, expected integers"),
        (dict(bias=[1, 2]), "bias has shape (2,), expected one integer or 3 of them"),
        (dict(bias=[1, [2, 3], 4]), "bias is [1, [2, 3], 4], expected one integer or 3 of them"),
        (dict(bias=True), "bias is True, expected one integer or 3 of them"),
        (dict(bias="7"), "bias is '7', expected one integer or 3 of them"),
        (dict(bias=10**30), f"bias has {10**30}, expected -2147483648 to 2147483647"),
        (dict(bias=np.uint64(2**63)), "bias has 9223372036854775808, expected -2147483648 to 2147483647"),
        (
            dict(bias=np.ma.array([1, 2, 3], mask=[0, 1, 0])),
            "bias is a masked array, expected one integer or 3 of them without a mask: fill it first",
        ),
        (
            dict(a=np.ma.array(np.ones((2, 4), np.int8), mask=False)),
            "a is a masked array, expected a matrix of int8 without a mask: fill it first",
        ),
        (dict(a=[[1, 2], [3]]), "a is [[1, 2], [3]], expected a matrix of int8"),
        (dict(w="weights"), "w has shape (), expected a matrix of at least 1 x 1"),
        (dict(mode=["ruy"]), "mode is ['ruy'], expected one of raw, gemmlowp, ruy, fp32"),
        (dict(mode=None), "mode is None, expected one of raw, gemmlowp, ruy, fp32"),
        (dict(mode="ruy", scale=math.nan), "scale is nan, expected a finite number above 0"),
        (dict(mode="ruy", scale=[1, math.nan, 1]), "scale is nan, expected a finite number above 0"),
        (dict(mode="ruy", scale=1j), "scale is 1j, expected one number or 3 of them"),
        (dict(mode="ruy", scale=[1j, 1, 1]), "scale has dtype complex128, expected numbers"),
        (dict(mode="ruy", scale=[True] * 3), "scale has dtype bool, expected numbers"),
        (dict(mode="ruy", multiplier=1, shift=128), "shift has 128, expected -128 to 127"),
        (dict(mode="ruy", multiplier=0.5), "multiplier is 0.5, expected one integer or 3 of them"),
        (
            dict(mode="ruy", scale=0.5, low=[0, 5, 0], high=[9, 4, 3]),
            "low is 5 and high is 4, expected low <= high",
        ),
        (dict(progress=3), "progress is 3, expected a callable"),
        (dict(progress=False), "progress is False, expected a callable"),
        (dict(limit=0), "limit is 0, expected an integer of 1 or more"),
        (dict(limit=np.timedelta64(3)), "limit is np.timedelta64(3), expected an integer of 1 or more"),
        (dict(limit=7.5), "limit is 7.5, expected an integer of 1 or more"),
        (dict(check_overflow="no"), "check_overflow is 'no', expected True or False"),
        (dict(a_zero_point=128), "a_zero_point has 128, expected -128 to 127"),
        (dict(a_zero_point=[1, 2, 3]), "a_zero_point has shape (3,), expected one integer"),
        (dict(mode="ruy", scale=0.5, zero_point=200), "zero_point has 200, expected -128 to 127"),
        (dict(mode="ruy", scale=0.5, low=5, high=4), "low is 5 and high is 4, expected low <= high"),
    ],
)
def test_arguments_that_are_refused(arguments, message):
    call = dict(a=np.ones((2, 4), np.int8), w=np.ones((4, 3), np.int8)) | arguments
    with pytest.raises(InputError) as caught:
        Core(PlainCore(2, 2, 1, 8)).matmul(**call)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("products", "message"),
    [
        (None, "products is None, expected a list of Product"),
        ((product for product in ()), "products is <generator object"),
        (np.ones(3), "products is array([1., 1., 1.]), expected a list of Product"),
        ([], "products is empty, expected one or more"),
        ([(1, 2)], "products[0] is (1, 2), expected a Product"),
        ([Product(np.ones((2, 4), np.int8), np.ones((4, 3), np.int8), None)], "products[0].output is None"),
    ],
)
def test_products_of_a_layer_that_are_refused(products, message):
    with pytest.raises(InputError, match=f"^{re.escape(message)}"):
        Core(PlainCore(2, 2, 1, 8)).layer(products)


def test_a_mode_of_bf16_that_is_none_is_refused():
    for out in ("bf16", 1, ["even"]):
        with pytest.raises(InputError, match=r"^out is .*, expected one of fp32, even, toward_zero"):
            packets.bf16_mode(out)


def test_bf16_products_without_k_are_refused():
    a, w = np.zeros((2, 0), np.uint16), np.zeros((0, 3), np.uint16)
    with pytest.raises(InputError, match=r"a has shape \(2, 0\), expected a matrix of at least 1 x 1"):
        Core(PlainCore(2, 2, 1, 8)).matmul_bf16(a, w)


class Reached(Exception):
    """All input was accepted: it would now go to the core."""


class OnlyRegisters(PlainCore):
    """A core with both formats, with registers only."""

    def __init__(self):
        super().__init__(2, 2, 1, 8)
        self.registers[registers.FORMAT] = 3

    def _transfer(self, weights, activations, results, progress):
        raise Reached


class Unhelpful:
    """NumPy asks it for an array, and it raises."""

    def __array__(self, *_, **__):
        raise RuntimeError("no")


JUNK = [
    None,
    "x",
    b"x",
    1j,
    1.5,
    -1,
    0,
    10**400,
    -(10**400),
    math.nan,
    math.inf,
    True,
    object(),
    Unhelpful(),
    [],
    [1, [2, 3]],
    [[1, 2], [3]],
    {"a": 1},
    {1, 2, 3},
    ["a", "b", "c"],
    [None] * 3,
    [10**30] * 3,
    lambda *_: None,
    lambda *_: [[1, 2], [3]],
    np.array("x"),
    np.array([1, None, "x"], object),
    np.array([1j, 2, 3]),
    np.array([True, False, True]),
    np.array([1.0, math.nan, 3.0]),
    np.array([2**63] * 3, np.uint64),
    np.array(["2020-01-01"] * 3, "datetime64[D]"),
    np.array([1, 2, 3], "timedelta64[s]"),
    np.zeros(3, [("x", "i4")]),
    np.zeros(0, np.int8),
    np.zeros((2, 0), np.int8),
    np.zeros((1, 1, 1), np.int8),
    np.ones((2, 4), bool),
    np.ones((2, 4), np.float16),
    np.ones((2, 4), ">u2"),
    np.full(3, np.longdouble("1e4000")),
    np.ma.array([1, 2, 3], mask=[0, 1, 0]),
    np.ma.array(np.ones((2, 4), np.int8), mask=True),
    np.ma.masked,
]
INT8, BF16 = np.ones((2, 4), np.int8), np.ones((2, 4), np.uint16)
COLUMNS = dict(bias=0, zero_point=0, low=-1, high=1, a_zero_point=1)
SENT = dict(progress=None, limit=4)
PUBLIC = {
    "matmul": COLUMNS
    | SENT
    | dict(a=INT8, w=INT8.T, mode="ruy", scale=0.5, multiplier=None, shift=None, check_overflow=False),
    "records": COLUMNS | dict(w=INT8, mode="fp32", multiplier=1, shift=0),
    "matmul_bf16": SENT | dict(a=BF16, w=BF16.T, bias=None, relu=False, out="fp32", seed=None),
    "random_operands": dict(words=lambda rows, cols, lanes: np.zeros((rows, cols), np.uint16), m=3, n=3),
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("method", "name"), [(m, name) for m, given in PUBLIC.items() for name in given])
def test_whatever_is_given_is_taken_or_refused_by_name(method, name):
    """Each argument of each method with each kind of invalid value: InputError, or success."""
    for mode in [{}] if method in ("matmul_bf16", "random_operands") else [{}, {"mode": "raw"}]:
        refused = 0
        for junk in JUNK:
            try:
                getattr(Core(OnlyRegisters()), method)(**PUBLIC[method] | mode | {name: junk})
            except Reached:
                pass
            except InputError as error:
                said, refused = str(error), refused + 1
                if "\n" in said or len(said) > 200 or (not mode and name not in said):
                    raise
        assert refused > 20


@pytest.mark.parametrize("link", [None, "serial:/dev/ttyUSB0", PlainCore])
def test_a_link_that_is_none_is_refused(link):
    with pytest.raises(InputError, match="^link is .*, expected a Link$"):
        Core(link)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (lambda rows, cols, lanes: np.zeros(cols, np.uint16), r"uint16 values of shape \(2,\)"),
        (lambda rows, cols, lanes: np.zeros((rows, cols)), r"float64 values of shape \(16, 2\)"),
    ],
)
def test_random_words_that_do_not_fit_are_refused(words, said):
    with pytest.raises(InputError, match=f"^words returned {said}, expected uint16 of shape \\(16, 2\\)$"):
        Core(OnlyRegisters()).random_operands(words, 3, 3)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (2**32, "4294967296"),
        (2**40, "1099511627776"),
        (-1, "-1"),
        (1.7, "1.7"),
        (True, "True"),
        ("7", "'7'"),
        (np.int64(-5), repr(np.int64(-5))),
        (np.zeros(3), "array([0., 0., 0.])"),
        (10**400, "1" + "0" * 56 + "..."),
    ],
)
def test_seeds_that_are_refused(given, said):
    """Before anything is sent to the core: a value too large for SEED would end the simulator."""
    link = PlainCore(2, 2, 1, 8)
    link.registers[registers.FORMAT] = 3
    with pytest.raises(InputError) as caught:
        Core(link).matmul_bf16(np.ones((2, 4), np.uint16), np.ones((4, 3), np.uint16), seed=given)
    assert str(caught.value) == f"seed is {said}, expected an integer from 0 to 4294967295"
    assert registers.seed_word(np.uint32(2**32 - 1)) == 2**32 - 1


def test_a_core_that_is_none_is_refused():
    for address, value, message in (
        (registers.ID, 1, "not a macrame core"),
        (registers.VERSION, 0x00020000, "expected major version 1"),
        (registers.FORMAT, 0, "FORMAT register reads 0x00000000, expected int8"),
        (registers.SHAPE, 0, "0 x 0 x 0"),
    ):
        link = PlainCore(2, 2, 1, 8)
        link.registers[address] = value
        with pytest.raises(LinkError, match=message):
            Core(link)


def test_halts_are_named_and_missing_results_noticed():
    link = PlainCore(2, 2, 1, 8)
    core = Core(link)
    one = np.ones((1, 1), np.int8)
    link.drop = 1
    with pytest.raises(
        LinkError, match="received 1 result beat, expected 2; STATUS reads 0x00000000: idle, no error"
    ):
        core.matmul(one, one)
    link.registers[registers.STATUS] = registers.STATUS_BUSY
    with pytest.raises(LinkError, match="0x00000200: busy, no error"):
        core.matmul(one, one)
    link.registers[registers.STATUS] = registers.STATUS_HALTED | 0b1001
    with pytest.raises(CoreError, match="k_mismatch, record_short") as caught:
        core.matmul(one, one)
    assert caught.value.names == ("k_mismatch", "record_short")
    with pytest.raises(LinkError, match="reset still reads 0x00000109: halted, k_mismatch, record_short"):
        core.soft_reset()
    link.registers[registers.STATUS] = 0
    core.soft_reset()
    assert link.writes[-1] == (registers.CONTROL, registers.CONTROL_SOFT_RESET | registers.CONTROL_IRQ_ENABLE)


def test_malformed_tiles_are_refused():
    def tile(rows=2, cols=2, mode=0):
        return Results(
            np.zeros((rows, 4 * cols), np.uint8),
            np.arange(rows) == rows - 1,
            np.tile(np.arange(4 * cols) < cols * (1 if mode else 4), (rows, 1)),
        )

    assert packets.unpack_tiles(tile(), 2, 2, 0).shape == (1, 2, 2)
    with pytest.raises(LinkError, match="expected a multiple of 2, the beats of a tile"):
        packets.unpack_tiles(tile(rows=3), 2, 2, 0)
    late = tile()
    late.last[:] = False
    with pytest.raises(LinkError, match=r"beat 1 \(1 of 2\) has tlast=0"):
        packets.unpack_tiles(late, 2, 2, 0)
    with pytest.raises(LinkError, match="tkeep set for bytes .*, expected the low 2"):
        packets.unpack_tiles(tile(), 2, 2, 1)


@pytest.mark.parametrize("mode", [0, 1, 4, 5])
@pytest.mark.parametrize("rows", [1, 2, 3, 4, 5, 8])
def test_packed_tiles(rows, mode):
    """Bytes of rows one after the other; only a tile's last beat may be partial."""
    rng, cols, dtype = np.random.default_rng(rows), 3, packets.result_type(mode)
    tiles = rng.integers(0, 256, (4, rows * cols * dtype.itemsize), np.uint8)
    count = -(-tiles.shape[1] // (4 * cols))
    assert packets.tile_beats(rows, mode, 1) == count
    padded = np.zeros((4, count * 4 * cols), np.uint8)
    padded[:, : tiles.shape[1]] = tiles
    data = padded.reshape(-1, 4 * cols)
    keep = np.tile(np.arange(padded.shape[1]) < tiles.shape[1], (4, 1)).reshape(-1, 4 * cols)
    last = np.tile(np.arange(count) == count - 1, 4)

    def unpacked(data, last, keep):
        return packets.unpack_tiles(Results(data, last, keep), rows, cols, mode, 1)

    np.testing.assert_array_equal(unpacked(data, last, keep), tiles.view(dtype).reshape(4, rows, cols))
    other = keep.copy()
    other[-1] ^= True
    with pytest.raises(LinkError, match=f"beat {4 * count - 1} has tkeep set"):
        unpacked(data, last, other)
    with pytest.raises(LinkError, match="has tlast="):
        unpacked(data, ~last, keep)
    if count > 1:
        with pytest.raises(LinkError, match=f"expected a multiple of {count}, the beats of a tile"):
            unpacked(data[1:], last[1:], keep[1:])


# --- scales -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scale", "multiplier", "shift"),
    [
        (1.0, 2**30, 1),
        (0.5, 2**30, 0),
        (0.25, 2**30, -1),
        (2.0**-31, 2**30, -30),
        (2.0**-32, 2**30, -31),
        (2.0**-33, 0, 0),
        (0.75, 3 * 2**29, 0),
        (2.0**30, 2**30, 31),
        (1 - 2.0**-33, 2**30, 1),  # rounds up to 2^31, which becomes 2^30 with the shift one up
        (0.5 + 2.0**-32, 2**30 + 1, 0),  # a half, away from zero
        (0.5 + 2.0**-33, 2**30, 0),
    ],
)
def test_quantize_multiplier(scale, multiplier, shift):
    got = quantize.quantize_multiplier(scale)
    assert (int(got[0]), int(got[1])) == (multiplier, shift)


@given(st.floats(2.0**-31, 2.0**30))
def test_quantized_multipliers_are_within_half_a_bit(scale):
    multiplier, shift = (int(v) for v in quantize.quantize_multiplier(scale))
    assert 2**30 <= multiplier < 2**31
    assert abs(multiplier * 2.0 ** (shift - 31) / scale - 1) <= 2.0**-31


@pytest.mark.parametrize("scale", [0, -1, math.nan, math.inf, 2.0**31 - 0.5, 2.0**31, 1e300])
def test_scales_out_of_reach_are_refused(scale):
    with pytest.raises(InputError, match="scale is"):
        quantize.quantize_multiplier(scale)


@pytest.mark.parametrize("convert", [quantize.quantize_multiplier, quantize.float32_bits])
@pytest.mark.parametrize(
    ("scale", "message"),
    [
        ("1", "scale is '1', expected numbers"),
        (None, "scale is None, expected numbers"),
        (True, "scale is True, expected numbers"),
        (1j, "scale is 1j, expected numbers"),
        (["1", "2"], "scale has dtype <U1, expected numbers"),
        (np.array([0.5, 1], object), "scale has dtype object, expected numbers"),
        (np.array([1], "m8[s]"), "scale has dtype timedelta64[s], expected numbers"),
        (np.ma.array([0.5, 1], mask=[0, 1]), "scale is a masked array, expected numbers without a mask"),
        (10**400, "scale is 1000"),
    ],
)
def test_scales_that_are_no_numbers_are_refused(convert, scale, message):
    with pytest.raises(InputError, match=f"^{re.escape(message)}"):
        convert(scale)


# --- left shifts --------------------------------------------------------------------------------------


def overflows(a, w, bias, shift):
    """Row, column, sum and shift of the first sum that leaves int32 when shifted, in Python's integers."""
    for i, row in enumerate(a.tolist()):
        for j, column in enumerate(w.T.tolist()):
            total = sum(x * y for x, y in zip(row, column)) + int(bias[j])
            total = (total + 2**31) % 2**32 - 2**31
            left = min(max(int(shift[j]), 0), 31)
            if not -(2**31) <= total << left < 2**31:
                return i, j, total, left
    return None


@settings(deadline=None, max_examples=150)
@given(st.sampled_from(["gemmlowp", "ruy"]), st.integers(0, 2**32 - 1), st.integers(-3, 31))
def test_left_shifts_that_overflow_are_refused_if_asked_for(mode, seed, shift):
    rng = np.random.default_rng(seed)
    a, w = int8(rng, 4, 5), int8(rng, 5, 3)
    bias = rng.integers(-(2**31), 2**31, 3) >> rng.integers(0, 32, 3)
    shift = np.maximum(shift + rng.integers(-30, 1, 3), -31)
    core = Core(PlainCore(2, 2, 1, 8))
    output = dict(bias=bias, multiplier=2**30, shift=shift)
    wrapped, _ = core.matmul(a, w, mode, **output)
    expected = overflows(a, w, bias, shift)
    try:
        product, _ = core.matmul(a, w, mode, check_overflow=True, **output)
    except InputError as error:
        i, j, total, left = expected
        said = f"the sum at [{i}, {j}], {total}, overflows int32 when shifted left by {left}, expected"
        assert str(error) == f"{said} a smaller scale or mode fp32"  # noqa: PT017 - it need not be raised
    else:
        assert expected is None
        np.testing.assert_array_equal(product, wrapped)


@pytest.mark.parametrize(("shift", "fits"), [(1, True), (2, False), (31, False), (40, False), (127, False)])
def test_left_shifts_at_the_edge(shift, fits):
    """Sums that a shift by 1 leaves just within int32."""
    sums = np.array([[2**30 - 1, -(2**30)]], np.int32)
    if fits:
        quantize.refuse_overflow(sums, shift)
        return
    with pytest.raises(
        InputError, match=rf"^the sum at \[0, 0\], {2**30 - 1}, overflows .* by {min(shift, 31)},"
    ):
        quantize.refuse_overflow(sums, shift)
    quantize.refuse_overflow(np.array([[0, -1]]), min(shift, 31))
    quantize.refuse_overflow(sums, -shift)


def test_modes_without_a_shift_have_nothing_to_check():
    core = Core(PlainCore(2, 2, 1, 8))
    one = np.ones((1, 1), np.int8)
    big = dict(bias=2**31 - 1, check_overflow=True)
    core.matmul(one, one, **big)
    core.matmul(one, one, "fp32", scale=2.0, **big)
    with pytest.raises(InputError, match="overflows int32 when shifted left by 2"):
        core.matmul(one, one, "ruy", scale=2.0, bias=2**30, check_overflow=True)


def test_float32_bits():
    got = quantize.float32_bits([1.0, 0.1])
    assert got.view(np.float32).tolist() == [1.0, np.float32(0.1)]
    for scale in (1e-40, 1e39, 0, -1, math.nan):
        with pytest.raises(InputError):
            quantize.float32_bits(scale)


def test_the_host_stands_alone():
    """A board's driver must not import a simulator, nor the model it is checked against."""
    program = (
        "import pkgutil, sys, macrame.host as host\n"
        "for module in pkgutil.iter_modules(host.__path__): __import__('macrame.host.' + module.name)\n"
        "print(*sorted(sys.modules))"
    )
    loaded = set(subprocess.check_output([sys.executable, "-c", program], cwd=ROOT, text=True).split())
    assert "macrame.host.core" in loaded
    others = {"cocotb", "cocotb_test", "macrame.golden", "macrame.sim", "tb", "tests", "rich", "filelock"}
    assert not loaded & others
