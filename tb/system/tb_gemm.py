# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The core end to end: the host packs and unpacks, core_player.v plays, and every value is compared.

What could be wrong, and what would show it: a lane, row or slice mixed up (full-range random operands, where
no two products are alike); padding that leaks (ragged sides); a record used for the wrong tile (each column
has its own bias and scale, products of different modes follow each other); a carry or sign lost (-128
throughout, sums that wrap); an accumulator not cleared or cleared too early (chained K, short K); a beat lost
or taken twice under pressure (every stall pattern on every stream, output blocked for thousands of cycles).
core_player.v checks m_axis for unknown bits and for beats that change while they wait.
"""

import os
from pathlib import Path

import cocotb
import numpy as np
import pytest
from cocotb.task import bridge, resume

from macrame.errors import CoreError
from macrame.golden.arith.requantize import MODES
from macrame.golden.gemm import gemm, layer
from macrame.host import packets
from macrame.host.core import Core
from macrame.host.link import LinkBase
from macrame.host.quantize import float32_bits, quantize_multiplier
from macrame.sim.beats import BeatFiles, Stall, stall_values
from macrame.sim.inside.player import Player
from tb.lib import vectors

LIMIT_NS = 20_000_000  # two million cycles: more than any test takes


class PlayerLink(LinkBase):
    """A link from within the simulator; to be used in functions that `cocotb.task.bridge` has wrapped."""

    def __init__(self, dut):
        super().__init__()
        self.player = Player(getattr(dut, "u", dut))  # core_reset_injector is a core_player and more
        harness = self.player.dut
        widths = len(harness.w_tdata) // 8, len(harness.a_tdata) // 8
        self.files = BeatFiles(Path("."), widths, int(dut.COLS.value))
        self.cycles = 0
        for name in ("ready", "read", "write", "set", "reset", "transfer"):
            setattr(self, f"_player_{name}", resume(getattr(self.player, name)))
        self._player_ready()

    def restart(self):
        """Return core and harness to the state at the start of a simulation."""
        self._player_set({**stall_values(None, 1), "rule_broken": 0, "unknown": 0, "drop_closing": 1})
        self.reset()

    def _reset(self):
        self.files.restart(self._player_reset())

    def _read(self, address):
        return self._player_read(address)

    def _write(self, address, value):
        return self._player_write(address, value)

    def stall(self, stalls, seed):
        """Change the stalls of the streams."""
        self._player_set(stall_values(stalls, seed))

    def _transfer(self, weights, activations, results, progress):
        files = self.files
        files.append(weights, activations)
        state = self._player_transfer(files.sent["w"], files.sent["a"], files.received + results)
        self.cycles = state["cycles"]
        return files.results(state)


class Bench:
    """One core, its host, and the comparison with the golden model."""

    link = None  # of this simulation: its tests continue the same files

    def __init__(self, dut, seed):
        Bench.link = Bench.link or PlayerLink(dut)
        self.link.restart()
        self.core = Core(self.link)
        self.rng = np.random.default_rng(seed)
        shape = self.core.config
        assert (shape.rows, shape.cols, shape.depth, shape.k_max, shape.post_lanes) == tuple(
            int(getattr(dut, name).value) for name in ("ROWS", "COLS", "DEPTH", "K_MAX", "POST_LANES")
        )

    def stall(self, stalls):
        """Change the stalls of the streams."""
        self.link.stall(stalls, int(self.rng.integers(2**32)))

    def matrix(self, rows, cols):
        """int8, full range, with occasional rows and columns of -128."""
        values = self.rng.integers(-128, 128, (rows, cols), dtype=np.int8)
        kind = self.rng.random()
        if kind < 0.1:
            values[:] = -128
        elif kind < 0.4:
            values[self.rng.integers(rows)] = -128
            values[:, self.rng.integers(cols)] = -128
        return values

    def output(self, mode, n, k):
        """Random records for n columns; most scales use the range of int8, some are random."""
        rng = self.rng
        bias = rng.integers(-(2**31), 2**31, n) if rng.random() < 0.3 else rng.integers(-50_000, 50_000, n)
        if mode == "raw":
            return dict(bias=bias)
        scale = 2.0 ** rng.uniform(-31, 1, n)
        some = rng.random(n) < 0.8
        scale[some] = np.minimum(rng.uniform(0.2, 3, n) / (74 * np.sqrt(k)), 2)[some]
        power = rng.random(n) < 0.3  # powers of two: every other sum is a tie
        scale[power] = 2.0 ** np.round(np.log2(scale[power]))
        multiplier, shift = (float32_bits(scale), 0) if mode == "fp32" else quantize_multiplier(scale)
        low, high = np.sort(rng.integers(-128, 128, (2, n)), axis=0)
        low[rng.random(n) < 0.5], high[rng.random(n) < 0.5] = -128, 127
        return dict(
            bias=bias,
            multiplier=multiplier,
            shift=shift,
            zero_point=rng.integers(-128, 128, n),
            low=low,
            high=high,
        )

    def multiply(self, m, k, n, mode):
        """One random product, compared."""
        self.compare(self.matrix(m, k), self.matrix(k, n), mode, self.output(mode, n, k))

    def compare(self, a, w, mode="raw", output=None, limit=1 << 18):
        """One product on the core, compared with the golden model."""
        output = dict(output or {})
        got, report = self.core.matmul(a, w, mode, limit=limit, **output)
        for name in ("low", "high"):
            if name in output:
                output[f"clamp_{name}"] = output.pop(name)
        expected = layer(a, w, mode=mode, **output)
        assert got.dtype == expected.dtype
        wrong = np.argwhere(got != expected)
        if len(wrong):
            i, j = wrong[0]
            sums = gemm(a, w)
            record = {name: int(np.broadcast_to(v, w.shape[1])[j]) for name, v in output.items()}
            raise AssertionError(
                f"{len(wrong)} of {got.size} values wrong in {a.shape} x {w.shape}, mode {mode}; "
                f"row {i}, column {j}: expected {expected[i, j]}, got {got[i, j]}; "
                f"sum {sums[i, j]}, record {record}; "
                f"row of A {a[i, :16].tolist()}..., column of W {w[:16, j].tolist()}..."
            )
        assert report.macs == a.size * w.shape[1]
        return report


def bench_test(function):
    """A cocotb test from a blocking function of a `Bench`."""

    async def test(dut):
        await bridge(lambda: function(Bench(dut, cocotb.RANDOM_SEED)))()

    test.__name__ = test.__qualname__ = function.__name__
    test.__doc__ = function.__doc__
    test.__module__ = function.__module__
    return cocotb.test(timeout_time=LIMIT_NS, timeout_unit="ns")(test)


def sides(bench, budget):
    """Random shapes that together take about `budget` cycles."""
    shape = bench.core.config

    def cost(m, k, n):
        slices = max(-(-k // shape.depth), shape.rows)
        return -(-m // shape.rows) * -(-n // shape.cols) * slices

    while True:
        m, n = (int(v) for v in bench.rng.integers(1, 41, 2))
        k = int(600 ** bench.rng.random())
        while cost(m, k, n) > budget and k > 1:
            k //= 2
        budget -= cost(m, k, n)
        if budget < 0:
            return
        yield m, k, n


def budget(bench, part=1.0):
    """Cycles that a test may take: an array four times as large simulates about four times as slowly."""
    cells = bench.core.config.rows * bench.core.config.cols * bench.core.config.depth
    return int(part * vectors.share(int(os.environ.get("GEMM_BUDGET", "500000")), of=6) / (cells + 16))


@bench_test
def random_products(bench):
    """Random sides from 1 to 40, K to 600, including the limits, all modes in turn, no stalls."""
    rows, cols = bench.core.config.rows, bench.core.config.cols
    extremes = [(1, 1, 1), (rows, 1, cols), (40, 3, 40), (rows + 1, 600, cols)]
    for index, (m, k, n) in enumerate([*extremes, *sides(bench, budget(bench))]):
        bench.multiply(m, k, n, list(MODES)[index % 4])


@bench_test
def counters_agree_with_the_bench(bench):
    """CYCLES equals the harness's count, BUSY and TILES match the product, and no stream starves."""
    shape = bench.core.config
    m, k, n = 3 * shape.rows, max(shape.k_max // 2, 2 * shape.rows * shape.depth), 2 * shape.cols
    if k > shape.k_max:
        return
    report = bench.compare(bench.matrix(m, k), bench.matrix(k, n))
    assert report.cycles == bench.link.cycles
    assert report.tiles == 6
    assert report.busy == 6 * -(-k // shape.depth)
    assert report.stall_a == report.stall_out == report.pad == 0


@bench_test
def stalls(bench):
    """Every pattern on every stream, alone and together."""
    shape = bench.core.config
    kinds = [
        {stream: Stall(kind, chance, length)}
        for stream in "wam"
        for kind, chance, length in (("random", 0.3, 1), ("random", 0.9, 1), ("bursts", 0, 60))
    ]
    kinds += ["random", "bursts", {"w": "bursts", "a": "random", "m": "random"}]
    bench.rng.shuffle(kinds)
    for index, kind in enumerate(kinds):
        bench.stall(kind)
        for most in (1, 3):
            m, k, n = (
                int(bench.rng.integers(1, most * side + 1))
                for side in (shape.rows, 5 * shape.depth, shape.cols)
            )
            bench.multiply(m, k, n, list(MODES)[index % 4])


@bench_test
def blocked_output(bench):
    """No result is accepted for thousands of cycles: inputs wait, and no beat is lost."""
    shape = bench.core.config
    for mode, cycles in zip(MODES, (2000, 40, 300, 1)):
        bench.stall({"m": Stall("block", length=cycles)})
        bench.multiply(14 * shape.rows, 3 * shape.depth, 2 * shape.cols, mode)
        assert bench.link.cycles >= cycles


@bench_test
def chained(bench):
    """K beyond K_MAX, in two chunks and in many."""
    shape = bench.core.config
    many = 2 if shape.k_max > 100 else 9
    for mode, k in zip(
        MODES, (shape.k_max + 1, 2 * shape.k_max, many * shape.k_max - 1, shape.k_max + shape.depth)
    ):
        bench.multiply(shape.rows + (k < 600), k, shape.cols, mode)


@bench_test
def batches(bench):
    """A product sent in many transfers, with the weights staying in the core between them."""
    shape = bench.core.config
    k = 2 * shape.depth + 1
    a, w = bench.matrix(5 * shape.rows + 1, k), bench.matrix(k, 2 * shape.cols)
    for limit in (1, 7, 40):
        bench.compare(a, w, limit=limit)


@bench_test
def all_pairs(bench):
    """Each of the 256 x 256 pairs of int8, at every depth of the cells, each seen in an output."""
    depth = bench.core.config.depth
    every = np.arange(-128, 128).astype(np.int8)
    a = np.stack([every] * depth, axis=1)
    w = np.stack([np.roll(every, 37 * d) for d in range(depth)])
    bench.compare(a, w)


@bench_test
def sums_wrap(bench):
    """A bias at the edge of int32 wraps, in mode raw and before requantisation."""
    shape = bench.core.config
    a, w = np.full((shape.rows, 9), -128, np.int8), np.full((9, shape.cols), -128, np.int8)
    for bias in (2**31 - 1, 2**31 - 9 * 2**14, 2**31 - 9 * 2**14 - 1, -(2**31)):
        bench.compare(a, w, output=dict(bias=bias))
        for mode in ("gemmlowp", "ruy"):
            bench.compare(a, w, mode, dict(bias=bias, multiplier=2**30, shift=-24))
        bench.compare(a, w, "fp32", dict(bias=bias, multiplier=int(float32_bits(2.0**-25))))


@bench_test
def a_halted_core_says_why_and_comes_back(bench):
    """An activation panel of the wrong K stops the core; after a soft reset the next product is right."""
    shape, core = bench.core.config, bench.core
    a, w = bench.matrix(2 * shape.rows, 3 * shape.depth), bench.matrix(3 * shape.depth, shape.cols)
    panel = packets.weight_panels(w, packets.records(shape.cols), shape.cols, shape.depth, MODES["raw"])
    short = packets.activation_panels(a[:, : 2 * shape.depth], shape.rows, shape.depth)
    for _ in range(2):
        results = bench.link.transfer(packets.flatten(*panel), packets.flatten(*short), 2 * shape.rows)
        assert len(results) == 0
        with pytest.raises(CoreError) as caught:
            core.matmul(a, w)
        assert caught.value.names == ("k_mismatch",)
        core.soft_reset()
        bench.compare(a, w)


@bench_test
def an_abandoned_product_is_not_taken_for_the_next(bench):
    """An exception before and after each step of a transfer, some while weights stay for the next."""
    shape, link = bench.core.config, bench.link
    m, k, n = 3 * shape.rows, min(shape.k_max, 3 * shape.depth), shape.cols + 1
    steps = [
        (link.files, "append"),
        (link, "_player_transfer"),
        (link.files, "results"),
        (link, "_player_read"),
    ]
    for owner, name in steps:
        for after in (False, True):
            for at in range(3):
                step = getattr(owner, name)
                setattr(owner, name, failing(step, at, after))
                try:
                    with pytest.raises(ZeroDivisionError):
                        bench.compare(bench.matrix(m, k), bench.matrix(k, n), limit=1)
                finally:
                    setattr(owner, name, step)
                bench.compare(bench.matrix(m, k), bench.matrix(k, n), limit=1)


def failing(step, at, after):
    """A function whose at-th call fails, before or after its work."""
    calls = iter(range(at + 1))

    def call(*arguments):
        fails = next(calls, None) == at
        if fails and not after:
            raise ZeroDivisionError
        result = step(*arguments)
        if fails:
            raise ZeroDivisionError
        return result

    return call
