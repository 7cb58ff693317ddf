# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Traces of the core: every number against golden, every cycle against the counters, damaged files.

What could be wrong: a register read a cycle early or late, which the first slices of a tile would show; a
number recorded for another cell, row, k or tile, which needs operands that differ everywhere; an event lost
at the edge of the window or at a reset, after which all later ones would be one off; a cause that covers
another. The reader's own checks could be blind: so each kind of number is changed once, and has to be found.
"""

import dataclasses
import json
import re
import shutil

import numpy as np
import pytest

from macrame import paths
from macrame.contract import CoreConfig
from macrame.errors import InputError
from macrame.files import trace_file
from macrame.files.trace_file import FLOAT_STEPS, INT8_STEPS, Span, TraceFile
from macrame.golden import cycles as golden_cycles
from macrame.golden.arith.bf16_mul import bf16_mul
from macrame.golden.arith.fp32_add import fp32_add
from macrame.golden.arith.lfsr32 import Lfsr32
from macrame.golden.arith.requantize import requantize
from macrame.golden.gemm import gemm
from macrame.golden.gemm_bf16 import gemm_bf16
from macrame.host import packets
from macrame.host.core import Core
from macrame.sim.beats import Stall
from macrame.sim.link import SimLink
from macrame.sim.recording import Recording
from macrame.verify.trace import Cause, Stream, Trace
from tests.test_cycles import random_workload
from tests.verbs import call

MODES = ("raw", "gemmlowp", "ruy", "fp32")


class Traced:
    """A link that records, and its trace once it is closed."""

    def __init__(self, path, config, first=0, cycles=None, **options):
        self.path = path / "core.trace"
        name = f"trace-{config}-{config.formats.lower()}"
        self.link = SimLink(config, trace=Recording(self.path, first, cycles), name=name, **options)

    def __enter__(self):
        return self.link.__enter__()

    def __exit__(self, *error):
        return self.link.__exit__(*error)

    def trace(self):
        return Trace.read(self.path)


def int8(rng, *shape):
    return rng.integers(-128, 128, shape, dtype=np.int8)


def bf16(rng, *shape):
    """Numbers of similar size, with some of every kind."""
    special = np.array([0, 0x8000, 0x7F80, 0xFF80, 0x7FC1, 1, 0x807F, 0x7F7F], np.uint16)
    bits = (rng.integers(0, 2, shape) << 15 | rng.integers(0x3E00, 0x4200, shape)).astype(np.uint16)
    return np.where(rng.random(shape) < 0.05, rng.choice(special, shape), bits)


def chains_match(trace, span, a, w, product, accumulate):
    """Every product and sum of a span, compared with those of the matrices; returns how many there were."""
    depth, count = trace.config.depth, 0
    (m, k), n = a.shape, w.shape[1]
    for i in range(m):
        for j in range(n):
            tile, row, col = trace.locate(span, i, j)
            chain = trace.chain(tile, row, col)
            assert chain.complete
            assert (chain.tile, chain.row, chain.col) == (tile, row, col)
            padding = -k % depth
            operands = np.pad(a[i], (0, padding)), np.pad(w[:, j], (0, padding))
            np.testing.assert_array_equal(chain.k.ravel(), np.arange(k + padding))
            np.testing.assert_array_equal(chain.a.ravel(), operands[0])
            np.testing.assert_array_equal(chain.w.ravel(), operands[1])
            products = product(*operands)
            np.testing.assert_array_equal(chain.products.ravel(), products)
            np.testing.assert_array_equal(chain.sums, accumulate(products.reshape(-1, depth)))
            assert (np.diff(chain.operand_cycles) > 0).all()
            assert (chain.operand_cycles < chain.product_cycles).all()
            assert (chain.product_cycles < chain.sum_cycles).all()
            count += k
    return count


def int8_product(a, w):
    return a.astype(np.int32) * w


def int8_sums(products):
    return np.cumsum(products.sum(axis=1))


def bf16_sums(products):
    total, sums = np.uint32(0), []
    for product in products[:, 0]:
        total = fp32_add(np.array([total], np.uint32), np.array([product]))[0]
        sums.append(total)
    return sums


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("shape", "k", "m", "n", "k_max"),
    [
        ((1, 1, 1), 7, 2, 2, 64),
        ((4, 4, 4), 16, 16, 8, 64),
        ((4, 4, 4), 1, 5, 5, 64),
        ((2, 3, 2), 9, 1, 7, 4),  # one row, chained panels, padding in every direction
        ((8, 8, 1), 11, 9, 8, 4),
        ((3, 2, 5), 21, 4, 3, 10),
    ],
    ids=lambda value: "x".join(map(str, value)) if isinstance(value, tuple) else str(value),
)
def test_every_int8_product(shape, k, m, n, k_max, tmp_path, seed):
    rng = np.random.default_rng([seed, *shape, k])
    a, w, bias = int8(rng, m, k), int8(rng, k, n), rng.integers(-1000, 1000, n)
    traced = Traced(tmp_path, CoreConfig(*shape, k_max=k_max))
    with traced as link:
        core = Core(link)
        for mode in MODES:
            scale = {} if mode == "raw" else {"scale": 0.01, "zero_point": 3, "low": -100, "high": 90}
            with link.span(mode, m=m, k=k, n=n, mode=mode):
                got, report = core.matmul(a, w, mode, bias=bias, **scale)
            expected = gemm(a, w) + bias.astype(np.int32)
            if mode == "raw":
                np.testing.assert_array_equal(got, expected)
    trace = traced.trace()
    assert trace.check() == []
    assert [span.name for span in trace.spans] == list(MODES)
    for span in trace.spans:
        assert chains_match(trace, span, a, w, int8_product, int8_sums) == m * k * n
        for i in range(m):
            for j in range(n):
                out = trace.output(*trace.locate(span, i, j))
                assert (out.sum, out.bias, out.x) == (expected[i, j] - bias[j], bias[j], expected[i, j])
                if out.mode:
                    fields = [
                        out.steps[name] for name in ("multiplier", "shift", "zero_point", "low", "high")
                    ]
                    assert fields[2:] == [3, -100, 90]
                    assert out.result == out.steps["q"] == requantize(out.x, *fields, mode=out.mode)
                    assert out.steps["v"] + out.steps["increment"] + 3 == out.steps["sum"]
                else:
                    assert out.result == out.x
                assert out.left_cycle == -1 if out.mode == 0 else out.left_cycle > out.row_cycle
    cycles = trace.active_in(trace.spans[-1])
    assert dataclasses.asdict(trace.counters(cycles)) == counters(report)


def counters(report):
    """The core's counters, as golden names them."""
    return {field.name: getattr(report, field.name) for field in dataclasses.fields(golden_cycles.Counters)}


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    ("shape", "formats", "k", "m", "n", "k_max"),
    [
        ((1, 1, 1), "BF16", 5, 3, 2, 64),
        ((2, 3, 1), "BF16", 9, 9, 4, 4),
        ((2, 3, 1), "DUAL", 6, 1, 7, 64),
        ((4, 4, 1), "BF16", 1, 17, 4, 64),
    ],
    ids=lambda value: "x".join(map(str, value)) if isinstance(value, tuple) else str(value),
)
def test_every_bf16_product(shape, formats, k, m, n, k_max, tmp_path, seed):
    rng = np.random.default_rng([seed, *shape, k])
    a, w, bias = bf16(rng, m, k), bf16(rng, k, n), rng.normal(size=n).astype(np.float32)
    traced = Traced(tmp_path, CoreConfig(*shape, k_max=k_max, formats=formats))
    with traced as link:
        core = Core(link)
        for number, out in enumerate(("fp32", "even", "toward_zero", "stochastic")):
            random = core.random_operands(Lfsr32(5).rows, m, n) if out == "stochastic" else None
            with link.span(out, m=m, k=k, n=n, mode="bf16"):
                got, report = core.matmul_bf16(
                    a, w, bias=bias, relu=number % 2 == 1, out=out, seed=5 if out == "stochastic" else None
                )
            np.testing.assert_array_equal(got, gemm_bf16(a, w, bias, number % 2 == 1, out, random))
        if formats == "DUAL":  # next to int8 in the same trace
            x, y = int8(rng, m, k), int8(rng, k, n)
            with link.span("int8", m=m, k=k, n=n, mode="ruy"):
                core.matmul(x, y, "ruy", scale=0.02)
    trace = traced.trace()
    assert trace.check() == []
    for span in trace.spans[:4]:
        assert chains_match(trace, span, a, w, bf16_mul, bf16_sums) == m * k * n
    if formats == "DUAL":
        assert chains_match(trace, trace.spans[4], x, y, int8_product, int8_sums) == m * k * n
    else:
        assert dataclasses.asdict(trace.counters(trace.active_in(trace.spans[-1]))) == counters(report)
    for i in range(m):
        for j in range(n):
            assert trace.output(*trace.locate(trace.spans[3], i, j)).result == got[i, j]


def test_a_product_by_hand(tmp_path):
    """1 * 2 + 3 * 4 on one cell: each register in its cycle, as in the headers of macrame.v and pe_int8.v."""
    traced = Traced(tmp_path, CoreConfig(1, 1, 1, k_max=4))
    with traced as link, link.span("product", m=1, k=2, n=1, mode="raw"):
        Core(link).matmul(np.array([[1, 3]], np.int8), np.array([[2], [4]], np.int8), bias=100)
    trace = traced.trace()
    first, second = (trace.mac(0, 0, 0, k) for k in range(2))
    issued = int(trace.issues["cycle"][0])
    assert (first.a, first.w, first.product, first.sum) == (1, 2, 2, 2)
    assert (second.a, second.w, second.product, second.sum) == (3, 4, 12, 14)
    assert (first.operand_cycle, first.product_cycle, first.sum_cycle) == (issued + 2, issued + 4, issued + 6)
    assert second.sum_cycle == first.sum_cycle + 1
    assert first.pe == (0, 0, 0)
    out = trace.output(0, 0, 0)
    assert (out.sum, out.bias, out.result) == (14, 100, 114)
    # row 0 of the tile is on `row` in the cycle after `load`, when the result register holds it
    assert trace.tiles["load"][0] == second.sum_cycle - 1
    assert out.row_cycle == second.sum_cycle
    at = trace.frame(first.product_cycle)
    assert (at.operands, at.products, at.sums) == (None, 0, None)
    at = trace.frame(second.sum_cycle)
    assert (at.cause, at.sums, int(trace.sums[1, 0, 0])) == (Cause.DRAIN, 1, 14)
    # 11 cycles from the last activation beat accepted, if its weights are there: 10 from its slice
    assert trace.stream_cycles("m").tolist() == [issued + 1 + 10]


STALLS = {
    "none": None,
    "w": {"w": Stall("random", 0.8)},
    "a": {"a": Stall("random", 0.8)},
    "m": {"m": Stall("random", 0.9)},
    "all": {"w": "bursts", "a": "random", "m": "bursts"},
}


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    "config",
    [
        CoreConfig(3, 5, 2, k_max=80, post_lanes=2),
        CoreConfig(4, 4, 4, k_max=160, post_lanes=4, fifo_depth=4),
        CoreConfig(3, 5, 1, k_max=40, fifo_depth=16, formats="DUAL", pack_results=1),
        CoreConfig(2, 2, 4, k_max=160, post_lanes=1, post_cycles=33),
        CoreConfig(2, 3, 1, k_max=40, post_lanes=1, fifo_depth=8, formats="BF16"),
    ],
    ids=lambda c: f"{c}-{c.formats.lower()}-{c.fifo_depth}-{c.post_cycles}",
)
def test_causes_are_those_that_core_and_model_count(config, tmp_path, seed):
    """Random panels of all modes, with resets between some transfers and stalls of each stream."""
    rng = np.random.default_rng([seed, config.rows])
    geometry = golden_cycles.Geometry(
        config.rows,
        config.cols,
        config.depth,
        config.post_lanes,
        config.fifo_depth,
        config.formats,
        config.post_cycles,
    )
    traced, runs = Traced(tmp_path, config, cycles=1 << 20), []
    with traced as link:
        core = Core(link)
        for stalls in STALLS:
            for _ in range(2):
                weights, activations, beats = random_workload(
                    rng, config.rows, config.cols, config.depth, config.formats, False, config.pack_results
                )
                if rng.random() < 0.3:
                    link.reset()
                link.set_stalls(STALLS[stalls], int(rng.integers(1 << 32)))
                for _ in range(config.post_cycles if config.post_cycles > 1 else 0):
                    core.status()
                core.clear_counters()
                with link.span(stalls):
                    link.transfer(weights, activations, beats)
                panels = golden_cycles.panels(
                    weights.last, weights.user, activations.last, activations.user, config.lane_bytes
                )
                predicted = golden_cycles.predict(geometry, *panels, link.since_reset)
                runs.append((core.counters(), dataclasses.asdict(predicted), weights, activations))
    trace = traced.trace()
    assert trace.check() == []
    assert len(trace.spans) == len(runs)
    for span, (counted, predicted, weights, activations) in zip(trace.spans, runs):
        active = trace.active_in(span)
        assert dataclasses.asdict(trace.counters(active)) == counted
        if span.name == "none":
            assert dataclasses.asdict(trace.counters(active)) == predicted
        used = trace.utilisation(active)
        assert sum(used.values()) == len(active) == counted["cycles"]
        assert used[Cause.RESET] == used[Cause.HALTED] == used[Cause.ERROR] == 0
        traffic = trace.traffic(active)
        assert all(sum(traffic[stream].values()) == len(active) for stream in "wam")
        assert traffic["w"][Stream.TRANSFER] == len(weights)
        assert traffic["a"][Stream.TRANSFER] == len(activations)
        for stream, state in (("w", Stream.SOURCE), ("a", Stream.SOURCE), ("m", Stream.SINK)):
            stalled = span.name in (stream, "all")
            assert stalled or not traffic[stream][state], f"{stream} in span {span.name}"
    assert len(trace.tiles) == sum(counted["tiles"] for counted, *_ in runs)
    assert trace.tiles["complete"].all()
    assert (trace.tiles["load"] >= 0).all()


@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    ("stalls", "cause", "stream", "state"),
    [
        ({"w": Stall("block", length=300)}, Cause.WEIGHTS, "w", Stream.SOURCE),
        ({"a": Stall("block", length=300)}, Cause.ACTIVATIONS, "a", Stream.SOURCE),
        ({"m": Stall("block", length=300)}, Cause.RESULTS, "m", Stream.SINK),
        (None, Cause.CHAIN, "m", Stream.TRANSFER),
    ],
    ids=["weights", "activations", "results", "chain"],
)
def test_one_blocked_stream_is_the_cause(stalls, cause, stream, state, tmp_path):
    rng = np.random.default_rng(1)
    slices = 2 if cause == Cause.CHAIN else 8
    traced = Traced(tmp_path, CoreConfig(4, 4, 1, k_max=8, fifo_depth=8 if "m" in (stalls or {}) else 0))
    with traced as link:
        core = Core(link)
        link.set_stalls(stalls)
        with link.span("product", m=24, k=slices, n=4, mode="raw"):
            core.matmul(int8(rng, 24, slices), int8(rng, slices, 4))
    trace = traced.trace()
    used, traffic = trace.utilisation(), trace.traffic()
    if stalls:
        waits = {c: n for c, n in used.items() if c not in (Cause.ISSUE, Cause.DRAIN, Cause.IDLE)}
        assert max(waits, key=lambda c: waits[c]) == cause, used
        assert used[cause] > 200
        assert traffic[stream][state] > 200
    else:
        assert used[cause] == 2 * 5  # ROWS - 2 before the ends of all tiles but the first
    # a cycle without a slice is one of the next slice
    waiting = np.flatnonzero(trace.causes == cause)
    following = trace.issues[np.searchsorted(trace.issues["cycle"], waiting)]
    np.testing.assert_array_equal(trace.tile_of_cycle[waiting], following["tile"])
    np.testing.assert_array_equal(trace.slice_of_cycle[waiting], following["slice"])


def test_an_abandoned_tile_and_an_error(tmp_path):
    """A tile that a reset ends, one whose error halts the core; later tiles are found all the same."""
    rng = np.random.default_rng(2)
    config = CoreConfig(2, 2, 1, k_max=8)
    a, w = int8(rng, 2, 4), int8(rng, 4, 2)
    weights = packets.flatten(*packets.weight_panels(w, packets.records(2), 2, 1, packets.MODES["raw"]))
    kept = packets.activation_panels(a, 2, 1, packets.RELEASE | packets.KEEP)
    short = packets.activation_panels(a[:, :3], 2, 1, packets.RELEASE)
    traced = Traced(tmp_path, config)
    with traced as link:
        core = Core(link)
        link.transfer(weights, packets.flatten(*kept), 0)
        link.reset()
        with link.span("product", m=2, k=4, n=2, mode="raw"):
            core.matmul(a, w)
        link.transfer(weights, packets.flatten(*short), 0)
        for _ in range(4):
            core.status()
        core.soft_reset()
        with link.span("product", m=2, k=4, n=2, mode="raw"):
            core.matmul(a, w)
    trace = traced.trace()
    assert trace.check() == []
    assert trace.tiles["complete"].tolist() == [False, True, False, True]
    assert trace.utilisation(range(trace.cycles))[Cause.HALTED] > 0
    assert trace.utilisation(range(trace.cycles))[Cause.ERROR] == 1
    for span in trace.spans:
        assert chains_match(trace, span, a, w, int8_product, int8_sums) == 2 * 4 * 2


def test_a_window_is_a_part_of_the_whole(tmp_path):
    rng = np.random.default_rng(3)
    a, w = int8(rng, 12, 9), int8(rng, 9, 6)

    def run(folder, **window):
        folder.mkdir()
        traced = Traced(folder, CoreConfig(2, 3, 2, k_max=16), **window)
        with traced as link, link.span("product", m=12, k=9, n=6, mode="fp32"):
            Core(link).matmul(a, w, "fp32", scale=0.003)
        return traced.trace()

    whole = run(tmp_path / "whole")
    part = run(tmp_path / "part", first=60, cycles=25)
    none = run(tmp_path / "none", cycles=0)
    for trace in (part, none):
        assert trace.check() == []
        np.testing.assert_array_equal(trace.causes, whole.causes)
        np.testing.assert_array_equal(trace.tiles, whole.tiles)
    assert len(none.beats) == len(none.rows) == 0
    assert part.window == range(60, 85)
    inside = np.flatnonzero((whole.beats["operand_cycle"] >= 60) & (whole.beats["operand_cycle"] < 85))
    assert 10 < len(inside) == len(part.beats) < len(whole.beats)
    for name in ("beats", "a", "w", "products", "sums"):
        np.testing.assert_array_equal(getattr(part, name), getattr(whole, name)[inside])
    rows = np.flatnonzero((whole.rows["cycle"] >= 60) & (whole.rows["cycle"] < 85))
    np.testing.assert_array_equal(part.row_values, whole.row_values[rows])
    np.testing.assert_array_equal(part.int8_steps, whole.int8_steps[np.isin(whole.int8_rows, rows)])
    with pytest.raises(InputError, match="k 0 of tile 0 is outside of the window, cycles 60 to 84"):
        part.mac(0, 0, 0, 0)
    with pytest.raises(InputError, match="row 0 of tile 0 is outside of the window"):
        part.output(0, 0, 0)


# --- a wrong number is found ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """A trace with both formats, every step and result beats of each size."""
    rng = np.random.default_rng(4)
    traced = Traced(tmp_path_factory.mktemp("trace"), CoreConfig(2, 3, 1, k_max=16, formats="DUAL"))
    with traced as link:
        core = Core(link)
        for mode in MODES:
            with link.span(mode, m=4, k=5, n=3, mode=mode):
                core.matmul(
                    int8(rng, 4, 5), int8(rng, 5, 3), mode, **({} if mode == "raw" else {"scale": 0.004})
                )
        for out in ("fp32", "stochastic"):
            a = rng.integers(0x3F00, 0x4100, (8, 5), dtype=np.uint16)
            with link.span(out, m=8, k=5, n=3, mode="bf16"):
                core.matmul_bf16(a, a.T[:, :3].copy(), relu=True, out=out)
    return traced.trace()


def changed(trace, name, at, field=None, mask=1):
    """The trace with some bits of one number inverted."""
    column = trace.file.columns[name].copy()
    where = column[field] if field else column
    bits = where.view(f"u{where.dtype.itemsize}") if where.dtype != bool else where.view(np.uint8)
    bits[at] ^= bits.dtype.type(mask)
    columns = {**trace.file.columns, name: column}
    return Trace(dataclasses.replace(trace.file, columns=columns))


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("a", "operand a"),
        ("w", "operand w"),
        ("products", "product"),
        ("sums", "sum"),
        ("a_data", "operand a"),
        ("rows", "row"),
        ("m_data", "result"),
    ],
)
def test_a_changed_number_is_found(recorded, name, what):
    assert recorded.check() == []
    rng = np.random.default_rng(5)
    column = recorded.file.columns[name]
    for _ in range(12):
        at = tuple(int(rng.integers(size)) for size in column.shape)
        if name == "m_data" and not recorded.file.columns["m_keep"][at]:
            continue
        if name == "a_data" and at[1] % 2:  # of int8 the high byte of a lane is not used
            at = (at[0], at[1] - 1)
        found = changed(recorded, name, at).check()
        assert found, f"{name}{list(at)}"
        first = min(found, key=lambda m: (m.cycle, m.what != what))
        assert any(m.what == what for m in found), [str(m) for m in found]
        beat = recorded.beats[at[0]] if name in ("a", "w", "products", "sums") else None
        if name in ("products", "sums"):
            here = next(m for m in found if m.what == what)
            phases = 4 if beat["mode"] & 4 else 1
            assert here.pe[:2] == at[1:3]
            assert (here.tile, here.k) == (beat["tile"], beat["slice"])
            assert (here.row, here.col) == (at[1] * phases + beat["phase"], at[2])
            assert here.cycle == first.cycle == beat[f"{what}_cycle"]
        if name in ("a", "w"):
            assert any(m.cycle == beat["operand_cycle"] and m.tile == beat["tile"] for m in found)


INT8_FIELDS = [name for name in INT8_STEPS.names if not name.startswith(("pad", "flags"))]


@pytest.mark.parametrize("name", [*INT8_FIELDS, *trace_file.FLAGS])
def test_a_changed_step_of_requantisation_is_found(recorded, name):
    field, masks = (name, [1]) if name in INT8_FIELDS else ("flags", [trace_file.FLAGS[name]])
    found = 0
    for at in list(np.ndindex(recorded.file.columns["int8"].shape))[::5]:
        lanes = recorded.config.post_lanes
        row, col = divmod(at[0], -(-recorded.config.cols // lanes))
        col = col * lanes + at[1]
        if col >= recorded.config.cols:
            continue  # a lane without a column
        mismatches = changed(recorded, "int8", at, field, masks[0]).check()
        for mismatch in mismatches:
            event = recorded.rows[recorded.int8_rows[row]]
            assert (mismatch.tile, mismatch.row) == (event["tile"], event["row"])
            assert mismatch.col in (col, -1)
        found += bool(mismatches)
    assert found >= 3, f"{found} changes of {name} were found"


@pytest.mark.parametrize("name", [name for name in FLOAT_STEPS.names if not name.startswith("pad")])
def test_a_changed_step_of_a_float_result_is_found(recorded, name):
    steps = recorded.file.columns["float"]
    mask = 1 << (8 * FLOAT_STEPS[name].itemsize - 1) if name == "random" else 1
    found = [bool(changed(recorded, "float", (at, 0), name, mask).check()) for at in range(0, len(steps), 4)]
    assert sum(found) >= 3, f"{sum(found)} changes of {name} were found"


def test_a_wrong_cell_is_located(tmp_path, seed):
    """A cell whose weights differ in one bit: the first mismatch is the first product it gets wrong."""
    root = tmp_path / "rtl"
    shutil.copytree(paths.RTL, root)
    source = root / "array/mac_array.v"
    text = source.read_text()
    connection = ".w           (g_lane[c].w_col),"
    assert text.count(connection) == 1
    wrong = ".w           ((r == 1 && c == 2) ? g_lane[c].w_col ^ 2 : g_lane[c].w_col),"
    source.write_text(text.replace(connection, wrong))
    rng = np.random.default_rng(seed)
    a, w = int8(rng, 4, 6), int8(rng, 6, 6)
    a[1, :2] = 0  # hides the fault in the first two products
    traced = Traced(tmp_path, CoreConfig(2, 3, 1, k_max=8), rtl_root=root)
    with traced as link, link.span("product", m=4, k=6, n=6, mode="raw"):
        got, _ = Core(link).matmul(a, w)
    trace = traced.trace()
    assert (got != gemm(a, w)).any()
    first = trace.check()[0]
    k = int(np.flatnonzero(a[1])[0])
    assert (first.what, first.tile, first.row, first.col, first.k) == ("product", 0, 1, 2, k)
    assert first.pe == (1, 2, 0)
    mac = trace.mac(0, 1, 2, k)
    assert (first.cycle, first.got) == (mac.product_cycle, mac.product)
    assert (mac.a, mac.w) == (a[1, k], w[k, 2])
    assert first.expected == int(a[1, k]) * int(w[k, 2])
    assert {m.pe for m in trace.check() if m.what == "product"} == {(1, 2, 0)}


# --- the file ---------------------------------------------------------------------------------------------


def test_a_written_trace_reads_as_it_was(recorded):
    again = trace_file.decode(recorded.file.encode())
    assert (again.config, again.window, again.spans) == (
        recorded.config,
        recorded.file.window,
        recorded.spans,
    )
    for name, column in recorded.file.columns.items():
        np.testing.assert_array_equal(again.columns[name], column)
    assert again.encode() == recorded.file.encode()


def test_a_flipped_bit_of_the_file_is_detected(recorded, tmp_path):
    data, path = recorded.file.encode(), tmp_path / "damaged.trace"
    for position in {*range(120), *range(0, len(data), 37), *range(len(data) - 40, len(data))}:
        bad = bytearray(data)
        bad[position] ^= 1 << position % 8
        path.write_bytes(bad)
        with pytest.raises(InputError) as caught:
            Trace.read(path, "TRACE=damaged.trace")
        assert str(caught.value).startswith("TRACE=damaged.trace: ")
        assert "\n" not in str(caught.value)


def test_a_truncated_file_is_detected(recorded, tmp_path):
    data, path = recorded.file.encode(), tmp_path / "short.trace"
    for length in (1, 10, 16, 18, 20, 100, 500, *range(600, len(data), 501), len(data) - 1):
        path.write_bytes(data[:length])
        with pytest.raises(InputError, match=rf"^{path}: is (truncated|damaged)"):
            Trace.read(path)
    with pytest.raises(InputError, match=rf"is truncated: {len(data) - 1:,} bytes, expected {len(data):,}$"):
        Trace.read(path)
    path.write_bytes(data + b"\0")
    with pytest.raises(InputError, match="is damaged"):
        Trace.read(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"text", "is not a trace, expected a trace that --trace wrote"),
        (b"\x93NUMPY\x01\0", "is not a trace"),
        (b"macrame trace 2\n" + bytes(99), "is a trace of version 2, expected version 1"),
        (b"macrame trace 1\n" + bytes(99), "is damaged"),
    ],
    ids=["empty", "text", "npy", "version", "zeros"],
)
def test_another_file_is_refused(content, message, tmp_path):
    path = tmp_path / "other"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        Trace.read(path)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        Trace.read(tmp_path / "none")
    with pytest.raises(InputError, match="is a directory, expected a trace"):
        Trace.read(tmp_path)


@pytest.mark.parametrize(
    "header",
    [
        {"core": {"rows": 0}},
        {"core": {"rows": 2, "colour": 3}},
        {"window": [1]},
        {"window": [float("inf"), 1]},
        {"window": [0.5, 1]},
        {"spans": {}},
        {"spans": [{"name": "x", "first": -1, "last": 1, "details": {}}]},
        {"spans": [{"name": "x", "first": 0, "last": 1, "details": [1]}]},
        {"columns": []},
        {"spans": [{"name": "x"}]},
        {"core": None},
    ],
    ids=str,
)
def test_an_invalid_header_is_refused(recorded, header):
    """Even with the right digest."""
    with pytest.raises(InputError, match="^trace: its header is invalid: ") as caught:
        trace_file.decode(rewritten(recorded.file, lambda parsed: parsed | header))
    assert not re.search("NoneType|argument|float|object is not", str(caught.value))


def test_a_trace_has_a_limited_number_of_cycles(recorded):
    """A word that lasts for billions of cycles would fill the memory."""
    runs = recorded.file.columns["runs"].copy()
    runs[0, 1] = 2**32 - 1
    columns = {**recorded.file.columns, "runs": runs}
    data = dataclasses.replace(recorded.file, columns=columns).encode()
    with pytest.raises(InputError, match="^trace: has 4,294,.* cycles, expected at most 268,435,456$"):
        trace_file.decode(data)


def rewritten(file: TraceFile, change):
    """The bytes of a trace with another header, and the right digest."""
    import hashlib
    import struct

    data = file.encode()
    (length,) = struct.unpack("<I", data[16:20])
    header = json.dumps(change(json.loads(data[20 : 20 + length]))).encode()
    body = data[:16] + struct.pack("<I", len(header)) + header + data[20 + length : -32]
    return body + hashlib.sha256(body).digest()


def test_columns_that_contradict_the_runs_are_refused(recorded):
    for name in set(recorded.file.columns) - {"runs"}:
        column = recorded.file.columns[name]
        if len(column):
            columns = {**recorded.file.columns, name: column[1:]}
            with pytest.raises(InputError, match=f"column {name} has .* items, its runs mark"):
                Trace(dataclasses.replace(recorded.file, columns=columns))

    def fewer(header):
        header["columns"][6]["items"] -= 1
        return header

    with pytest.raises(InputError, match="column m_keep does not have"):
        trace_file.decode(rewritten(recorded.file, fewer))


# --- questions --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "message"),
    [
        (lambda t: t.mac(99, 0, 0, 0), "tile is 99, expected 0 to "),
        (lambda t: t.mac(0, 2, 0, 0), "row is 2, expected 0 to 1"),
        (lambda t: t.mac(0, 0, 3, 0), "col is 3, expected 0 to 2"),
        (lambda t: t.mac(0, 0, 0, 5), "k is 5, expected 0 to 4"),
        (lambda t: t.output(0, 0, -1), "col is -1, expected 0 to 2"),
        (lambda t: t.frame(1 << 30), "cycle is 1073741824, expected 0 to "),
        (lambda t: t.stream("x"), "stream is 'x', expected w, a or m"),
        (lambda t: t.locate(t.spans[0], 4, 0), "i is 4, expected 0 to 3"),
        (lambda t: t.locate(Span("layer", 0, 9), 0, 0), "span 'layer' is not a product"),
        (
            lambda t: t.locate(dataclasses.replace(t.spans[0], last=t.cycles), 0, 0),
            "span 'raw' has 10 tiles, its product has 2",
        ),
    ],
)
def test_a_question_without_an_answer(recorded, question, message):
    with pytest.raises(InputError, match=message):
        question(recorded)


def test_every_frame_of_the_window(recorded):
    """Seen cycle by cycle, each beat passes through all three kinds of registers, in order."""
    seen = {"operands": [], "products": [], "sums": []}
    for cycle in range(recorded.cycles):
        frame = recorded.frame(cycle)
        assert frame.cause == recorded.causes[cycle]
        for name in seen:
            if getattr(frame, name) is not None:
                seen[name].append(getattr(frame, name))
    assert all(found == list(range(len(recorded.beats))) for found in seen.values())


@pytest.fixture(scope="module")
def stalled(tmp_path_factory):
    """A trace with stalls of all streams, several panels and tiles in a product, and cycles without work."""
    rng = np.random.default_rng(11)
    traced = Traced(tmp_path_factory.mktemp("stalled"), CoreConfig(2, 2, 1, k_max=16))
    with traced as link:
        core = Core(link)
        for name, stalls in (("first", "random"), ("second", None), ("third", "random")):
            link.set_stalls(stalls)
            with link.span(name, m=5, k=7, n=5, mode="raw"):
                core.matmul(int8(rng, 5, 7), int8(rng, 7, 5), "raw")
    return traced.trace()


def chrome_tracks(trace):
    """Events of the Chrome trace by the name of their track, as JSON has them."""
    found = json.loads(json.dumps(trace.chrome()))
    names = {e["tid"]: e["args"]["name"] for e in found["traceEvents"] if e["name"] == "thread_name"}
    tracks = {name: [] for name in names.values()}
    for event in found["traceEvents"]:
        if event["ph"] == "X":
            tracks[names[event["tid"]]].append(event)
    return tracks


@pytest.fixture(params=["recorded", "stalled"])
def chrome_trace(request):
    trace = request.getfixturevalue(request.param)
    return trace, chrome_tracks(trace)


#: Names of events, by what a cycle was spent on, and by what a stream did in it.
CAUSES = {
    Cause.IDLE: "",
    Cause.ISSUE: "slices",
    Cause.WEIGHTS: "waiting for weights",
    Cause.ACTIVATIONS: "waiting for activations",
    Cause.RESULTS: "waiting for space for results",
    Cause.CHAIN: "waiting for the result chain",
    Cause.TURN: "waiting for its turn",
    Cause.DRAIN: "draining",
    Cause.RESET: "reset",
}
STREAMS = {
    Stream.IDLE: "",
    Stream.TRANSFER: "transfer",
    Stream.SOURCE: "stalled by its source",
    Stream.SINK: "stalled by its sink",
}


def painted(events, cycles):
    """The name of the event in each cycle, "" without one; no two may overlap."""
    found = [""] * cycles
    for event in events:
        assert event["dur"] > 0
        for cycle in range(event["ts"], event["ts"] + event["dur"]):
            assert found[cycle] == "", f"{found[cycle]} and {event['name']} overlap in cycle {cycle}"
            found[cycle] = event["name"]
    return found


def test_chrome_trace_has_what_each_cycle_was_spent_on(chrome_trace):
    trace, tracks = chrome_trace
    assert painted(tracks["array"], trace.cycles) == [CAUSES[Cause(cause)] for cause in trace.causes]


@pytest.mark.parametrize("stream", list("wam"))
def test_chrome_trace_has_what_each_stream_did(chrome_trace, stream):
    trace, tracks = chrome_trace
    found = painted(tracks[f"stream {stream}"], trace.cycles)
    assert found == [STREAMS[Stream(value)] for value in trace.stream(stream)]


def test_chrome_trace_has_stalls_of_all_kinds(stalled):
    """Else the two tests above would compare little."""
    tracks = chrome_tracks(stalled)
    for stream in "wam":
        named = {event["name"] for event in tracks[f"stream {stream}"]}
        assert named >= {"transfer", "stalled by its sink" if stream == "m" else "stalled by its source"}
    named = {event["name"] for event in tracks["array"]}
    assert named >= {"slices", "waiting for weights", "waiting for activations", "draining"}


def test_chrome_trace_has_the_cycles_of_each_panel_and_tile(chrome_trace):
    """From first to last of the slices that were issued."""
    trace, tracks = chrome_trace
    for name, column in (("weight panels", "panel"), ("tiles", "tile")):
        cycles = {}
        for issue in trace.issues:
            cycles.setdefault(int(issue[column]), []).append(issue)
        expected = [
            (f"{column} {number}", int(issues[0]["cycle"]), int(issues[-1]["cycle"]) + 1)
            for number, issues in sorted(cycles.items())
        ]
        assert [(e["name"], e["ts"], e["ts"] + e["dur"]) for e in tracks[name]] == expected
        modes = [int(issues[-1]["mode"]) for _, issues in sorted(cycles.items())]
        words = {0: "raw", 1: "gemmlowp", 2: "ruy", 3: "fp32"}
        words |= {packets.BF16 | packets.RELU | at: f"bf16 {name}" for name, at in packets.OUTPUTS.items()}
        assert [e["args"]["mode"] for e in tracks[name]] == [words[mode] for mode in modes]
    slices = [len({int(i["slice"]) for i in trace.issues if i["tile"] == t}) for t in range(len(trace.tiles))]
    assert [e["args"]["slices"] for e in tracks["tiles"]] == slices
    sent = [cycle for cycle, did in enumerate(trace.stream("m")) if did == Stream.TRANSFER]
    for event in tracks["tiles"]:
        assert event["args"]["results_sent"] in sent
    assert tracks["tiles"][-1]["args"]["results_sent"] == sent[-1]


def test_chrome_trace_has_the_cycles_of_each_span(chrome_trace):
    """From the first beat that came in after its start, to the last one that went out before its end."""
    trace, tracks = chrome_trace
    w, a, m = (trace.stream(name) == Stream.TRANSFER for name in "wam")
    assert len(tracks["work"]) == len(trace.spans) > 1
    for span, event in zip(trace.spans, tracks["work"]):
        first = next(cycle for cycle in range(span.first + 1, trace.cycles) if w[cycle] or a[cycle])
        last = next(cycle for cycle in range(span.last, 0, -1) if m[cycle])
        assert (event["name"], event["ts"], event["ts"] + event["dur"]) == (span.name, first, last + 1)
        assert event["args"] == span.details


@pytest.mark.thorough
@pytest.mark.parametrize("config", [CoreConfig(1, 2, 1, k_max=8, formats="DUAL")], ids=str)
def test_both_simulators_write_the_same_bytes(config, tmp_path):
    same_bytes(config, tmp_path)


@pytest.mark.nightly
@pytest.mark.parametrize(
    "config",
    [
        CoreConfig(3, 5, 3, k_max=24),
        CoreConfig(2, 3, 1, k_max=8, formats="BF16", pack_results=1),
        CoreConfig(2, 2, 4, k_max=16, post_lanes=1, post_cycles=34),
    ],
    ids=lambda c: f"{c}-{c.formats}",
)
def test_both_simulators_write_the_same_bytes_more(config, tmp_path):
    same_bytes(config, tmp_path)


def same_bytes(config, tmp_path):
    files = []
    for sim in ("icarus", "verilator"):
        rng = np.random.default_rng(6)
        folder = tmp_path / sim
        folder.mkdir()
        traced = Traced(folder, config, sim=sim, seed=7)
        with traced as link:
            core = Core(link)
            for stalls in (None, "random"):
                link.set_stalls(stalls)
                if config.int8:
                    core.matmul(int8(rng, 7, 11), int8(rng, 11, 3), "raw")
                    core.matmul(int8(rng, 7, 11), int8(rng, 11, 3), "fp32", scale=0.01)
                if config.bf16:
                    core.matmul_bf16(bf16(rng, 7, 11), bf16(rng, 11, 3), out="even")
        assert traced.trace().check() == []
        files.append(traced.path.read_bytes())
    assert files[0] == files[1]


# --- the command ------------------------------------------------------------------------------------------


@pytest.fixture
def operands(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(8)
    a, w = int8(rng, 6, 9), int8(rng, 9, 5)
    np.save("a.npy", a)
    np.save("w.npy", w)
    return a, w


GIVEN = {"A": "a.npy", "W": "w.npy", "OUT": "c.npy", "ROWS": "2", "COLS": "3", "DEPTH": "2"}


def test_gemm_writes_a_trace(operands, tmp_path, capsys):
    a, w = operands
    assert call("gemm", {**GIVEN, "TRACE": "run.trace"}) == 0
    assert "  trace in run.trace\n" in capsys.readouterr().out
    assert json.loads((tmp_path / "c.npy.json").read_text())["trace"] == "run.trace"
    trace = Trace.read("run.trace")
    assert trace.check() == []
    (span,) = trace.spans
    assert span.details == {"m": 6, "k": 9, "n": 5, "mode": "raw"}
    assert chains_match(trace, span, a, w, int8_product, int8_sums) == a.size * w.shape[1]
    assert trace.output(*trace.locate(span, 5, 4)).result == np.load("c.npy")[5, 4]
    assert call("gemm", {**GIVEN, "TRACE": "run.trace", "TRACE_WINDOW": "50:59"}) == 0
    assert Trace.read("run.trace").window == range(50, 60)
    assert call("gemm", GIVEN) == 0
    assert json.loads((tmp_path / "c.npy.json").read_text())["trace"] is None


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"TRACE": "c.npy"}, "TRACE=c.npy: is also written for OUT=c.npy, expected another file"),
        ({"TRACE": "c.npy.json"}, "TRACE=c.npy.json: is also written for OUT=c.npy, expected another file"),
        ({"TRACE": "a.npy"}, "TRACE=a.npy: is also an input, expected another file"),
        ({"TRACE": "none/x"}, "TRACE=none/x: the directory none does not exist"),
        ({"TRACE": "."}, "TRACE=.: is a directory, expected a file to write"),
        *(
            (
                {"TRACE_WINDOW": "0:9", **page},
                "TRACE_WINDOW=0:9: neither TRACE nor a page is given, expected TRACE=FILE or PAGE=FILE.html",
            )
            for page in ({}, {"PAGE": "x.json"})
        ),
        *(
            (
                {"TRACE": "x", "TRACE_WINDOW": text},
                f"TRACE_WINDOW={text}: expected first and last cycle, from 0 to 999999999, such as 0:4095",
            )
            for text in ("", "9", "0:x", "-1:5", "0:12345678901")
        ),
        (
            {"TRACE": "x", "TRACE_WINDOW": "9:8"},
            "TRACE_WINDOW=9:8: ends before it begins, expected first and last cycle, such as 8:9",
        ),
        ({"TRACE": "x", "LINK": "serial:/dev/none"}, "TRACE=x: does not apply with LINK"),
    ],
    ids=str,
)
def test_gemm_refuses_a_trace_that_cannot_be(given, message, operands, tmp_path, capsys):
    before = sorted(tmp_path.iterdir())
    bare = {name: text for name, text in GIVEN.items() if "LINK" not in given or name in ("A", "W", "OUT")}
    assert call("gemm", {**bare, **given}) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"gemm: {message}")
    assert said.count("\n") == 1
    assert sorted(tmp_path.iterdir()) == before


def test_a_link_without_a_trace_runs_no_monitor(tmp_path):
    with SimLink(CoreConfig(1, 1, 1, k_max=4), name="trace-none") as link:
        with link.span("nothing"):
            pass
        assert not list(link.folder.glob("*.trace"))
        assert link.spans == []


@pytest.mark.parametrize(("name", "value"), [("first", -1), ("cycles", True), ("first", 1 << 32)])
def test_a_window_that_cannot_be(name, value, tmp_path):
    with pytest.raises(InputError, match=f"{name} is {value}, expected an integer from 0 to 4294967295"):
        Recording(tmp_path / "x", **{name: value})


def test_the_window_of_a_large_core_is_shorter():
    assert Recording("x").length(CoreConfig(8, 8, 1)) == 4096
    assert 1000 < Recording("x").length(CoreConfig(32, 32, 8)) < 4096
    assert Recording("x", 5, 7).length(CoreConfig(32, 32, 8)) == 7
