# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The cycle model against the counters of the core, and the promised throughput of the array.

What could be wrong: a bubble between tiles (busy would not be cycles less fill and drain), a counter that
misses an event, a model that only knows long tiles. So the workloads mix panels of 1 slice with long ones,
all four modes from panel to panel, panels used once and often, open tiles, and a result FIFO too small for
back-to-back tiles.
"""

import dataclasses

import numpy as np
import pytest

from macrame.contract import CoreConfig
from macrame.golden import cycles, gemm, gemm_bf16
from macrame.host import packets
from macrame.host.core import Core
from macrame.host.link import Beats
from macrame.sim.link import SimLink

K_SLICES = 40
WORKLOADS = 25  # a shape and FIFO
SLOW_WORKLOADS = 10  # with POST_CYCLES above 1

#        rows cols depth post_lanes fifo_depth formats post_cycles pack_results
SHAPES = [
    (1, 1, 1, 1, None),
    (1, 4, 4, 1, None),
    (4, 1, 1, 1, 4),
    (3, 5, 2, 2, None),
    (3, 5, 3, 5, 4),
    (4, 4, 4, 2, 8),
    (8, 8, 1, 2, None),
    (8, 8, 1, 3, 8),
    (2, 3, 8, 1, 2),
    (16, 16, 1, 4, None),
    (1, 1, 1, 1, None, "BF16"),
    (2, 3, 1, 1, 8, "BF16"),
    (2, 2, 1, 2, None, "DUAL"),
    (3, 5, 1, 2, 16, "DUAL"),
    (2, 4, 1, 2, None, "DUAL"),
    (4, 4, 1, 1, None, "DUAL"),
    (1, 1, 1, 1, None, "INT8", 64),
    (2, 2, 4, 1, None, "INT8", 34),
    (2, 2, 4, 1, 4, "INT8", 33),
    (3, 5, 2, 2, None, "INT8", 40),
    (4, 4, 1, 4, 4, "INT8", 33),
    (3, 5, 2, 2, 4, "INT8", 33, 1),
    (6, 2, 4, 1, None, "INT8", 1, 1),
    (3, 5, 1, 2, 16, "DUAL", 1, 1),
]
MODES = {"INT8": range(4), "BF16": [4, 5, 6, 7, 12, 15], "DUAL": [*range(4), 4, 5, 6, 15]}


def workloads(shape):
    """Number of workloads for a shape: rows take many cycles if POST_CYCLES is above 1."""
    return SLOW_WORKLOADS if max(shape[6:], default=1) > 1 else WORKLOADS


def random_workload(rng, rows, cols, depth, formats, slow, packed):
    """Two matching operand streams, and the number of their result beats."""
    longest = int(rng.choice([1, 2, 5, K_SLICES]))
    most_uses = int(rng.choice([1, 3, 5 if slow else 20]))
    streams = [], []
    beats = 0
    panels = int(rng.integers(1, 10))
    modes = MODES[formats]
    dtype = np.int8 if formats == "INT8" else np.uint16

    def matrix(*shape):
        return rng.integers(0, 256, shape, np.uint8).view(np.int8).astype(dtype)

    for panel in range(panels):
        k = int(rng.integers(1, longest + 1)) * depth
        record = packets.records(cols, 0, 2**30, 0)
        mode = int(rng.choice(modes))
        streams[0].append(packets.weight_panels(matrix(k, cols), record, cols, depth, mode))
        height = rows * (4 if mode & 4 else 1)
        uses = int(rng.integers(1, most_uses + 1))
        for use in range(uses):
            released = use == uses - 1
            keep = rng.random() < 0.2 and not (released and panel == panels - 1)
            flags = packets.RELEASE * released | packets.KEEP * keep
            streams[1].append(
                packets.activation_panels(matrix(height, k), rows, depth, flags, bf16=bool(mode & 4))
            )
            beats += 0 if keep else packets.tile_beats(height, mode, packed)
        # an open tile has one format
        modes = [other for other in MODES[formats] if not (other ^ mode) & 4] if keep else MODES[formats]
    return *(
        Beats(*(np.concatenate([part[field][0] for part in stream]) for field in range(3)))
        for stream in streams
    ), beats


@pytest.mark.sampled(8)
@pytest.mark.parametrize(
    "shape",
    SHAPES,
    ids=lambda s: "x".join(map(str, s[:3])) + f"-fifo{s[4] or ''}" + "".join(f"-{m}".lower() for m in s[5:]),
)
def test_model_equals_counters(shape, seed):
    rows, cols, depth, post_lanes, fifo_depth, formats, post_cycles, packed = (
        *shape,
        *("INT8", 1, 0)[len(shape) - 5 :],
    )
    geometry = cycles.Geometry(rows, cols, depth, post_lanes, fifo_depth or 0, formats, post_cycles)
    slow = post_cycles > 1
    moved = 0  # workloads that would have taken another time at another distance from the reset
    rng = np.random.default_rng([seed, *shape[:4]])
    total = dict.fromkeys((field.name for field in dataclasses.fields(cycles.Counters)), 0)
    with SimLink(
        CoreConfig(
            rows,
            cols,
            depth,
            k_max=K_SLICES * depth,
            post_lanes=post_lanes,
            fifo_depth=fifo_depth or 0,
            formats=formats,
            post_cycles=post_cycles,
            pack_results=packed,
        ),
        name=f"cycles-{'x'.join(map(str, shape))}",
        seed=seed,
    ) as link:
        core = Core(link)
        for workload in range(workloads(shape)):
            weights, activations, beats = random_workload(rng, rows, cols, depth, formats, slow, packed)
            if rng.random() < 0.2:
                link.reset()
            for _ in range(post_cycles if slow else 0):
                core.status()  # 2 cycles at least, until the core is idle
            core.clear_counters()
            results = link.transfer(weights, activations, beats)
            assert len(results) == beats
            lane_bytes = depth if formats == "INT8" else 2
            panels = cycles.panels(weights.last, weights.user, activations.last, activations.user, lane_bytes)
            expected = cycles.predict(geometry, *panels, link.since_reset)
            moved += expected != cycles.predict(geometry, *panels, link.since_reset + post_cycles // 2)
            got = core.counters()
            assert got == dataclasses.asdict(expected), f"workload {workload}, seed {seed}"
            assert got["cycles"] == link.cycles, "the harness counts the same cycles from outside"
            total = {name: total[name] + count for name, count in got.items()}
    # the sweep reached all cases of the model
    # (a small FIFO makes short tiles wait for space, before they could wait for the chain)
    assert total["pad"] or fifo_depth or rows * geometry.pace == 1
    assert total["stall_w"]
    assert bool(total["stall_out"]) == (fifo_depth is not None)
    assert moved > SLOW_WORKLOADS // 4 if slow else not moved


def test_a_soft_reset_starts_the_requantisers_tick():
    """The cycle of the reset is not observable, only that one distance explains all later products."""
    geometry = cycles.Geometry(2, 2, 4, 1, post_cycles=34)
    rng = np.random.default_rng(34)
    with SimLink(
        CoreConfig(2, 2, 4, k_max=160, post_lanes=1, post_cycles=34), name="cycles-soft-reset"
    ) as link:
        core = Core(link)

        def explained():
            """Distances of the latest reset from the one the harness knows that fit the next transfers."""
            fit = set(range(34))
            for _ in range(6):
                weights, activations, beats = random_workload(rng, 2, 2, 4, "INT8", True, 0)
                for _ in range(34 + int(rng.integers(34))):
                    core.status()
                core.clear_counters()
                link.transfer(weights, activations, beats)
                panels = cycles.panels(weights.last, weights.user, activations.last, activations.user, 4)
                got = core.counters()
                fit = {
                    late
                    for late in fit
                    if got == dataclasses.asdict(cycles.predict(geometry, *panels, link.since_reset - late))
                }
            return fit

        before = explained()
        core.soft_reset()
        after = explained()
    assert 0 in before
    assert after
    assert not before & after


@pytest.mark.parametrize("shape", [(8, 8, 1), (4, 4, 4)], ids=["8x8x1", "4x4x4"])
def test_32_cubed_within_580_cycles(shape):
    rng = np.random.default_rng(32)
    a, w = rng.integers(-128, 128, (2, 32, 32), dtype=np.int8)
    with SimLink(CoreConfig(*shape), name=f"cycles-32-{'x'.join(map(str, shape))}") as link:
        product, report = Core(link).matmul(a, w)
    assert np.array_equal(product, gemm.gemm(a, w))
    assert report.busy == 32**3 // 64
    assert report.cycles <= 580


@pytest.mark.sampled(4)
@pytest.mark.parametrize("mode", ["raw", "gemmlowp"])
@pytest.mark.parametrize(
    "shape", [(8, 8, 1), (4, 4, 4), (3, 5, 2), (1, 4, 4)], ids=lambda shape: "x".join(map(str, shape))
)
def test_no_idle_cycle_between_tiles(shape, mode):
    """K as short as the rule allows: the array is given a slice in every cycle from the first to the last."""
    rows, cols, depth = shape
    geometry = cycles.Geometry(rows, cols, depth, min(2, cols))
    slices = max(rows * (1 if mode == "raw" else geometry.groups), geometry.record_beats)
    rng = np.random.default_rng(rows)
    a = rng.integers(-128, 128, (rows * 40, slices * depth), dtype=np.int8)
    w = rng.integers(-128, 128, (slices * depth, cols * 3), dtype=np.int8)
    with SimLink(
        CoreConfig(rows, cols, depth), name=f"cycles-tight-{mode}-{'x'.join(map(str, shape))}"
    ) as link:
        core = Core(link)
        scaling = {} if mode == "raw" else {"scale": 0.001}
        product, report = core.matmul(a, w, mode, **scaling)
    if mode == "raw":
        assert np.array_equal(product, gemm.gemm(a, w))
    assert report.busy == 120 * slices
    # stall_w: before the first slice only, while the first record arrives
    assert (report.stall_a, report.stall_w, report.stall_out, report.pad) == (0, geometry.record_beats, 0, 0)
    fill_and_drain = report.cycles - report.busy
    assert fill_and_drain <= geometry.record_beats + rows * geometry.groups + 40


@pytest.mark.sampled(4)
@pytest.mark.parametrize(("rows", "cols", "post_lanes"), [(4, 4, 4), (2, 4, 1), (3, 4, 2), (1, 1, 1)])
def test_no_idle_cycle_between_bfloat16_tiles(rows, cols, post_lanes):
    """Every fourth cycle a product for each of a cell's four sums: 4 K cycles per tile, and not one more."""
    geometry = cycles.Geometry(rows, cols, 1, post_lanes, formats="DUAL")
    k = max(rows * geometry.groups + (geometry.groups in (2, 3)), geometry.record_beats)
    rng = np.random.default_rng(rows)
    a, w = (
        rng.integers(0x3C00, 0x4200, size).astype(np.uint16) for size in ((4 * rows * 10, k), (k, cols * 3))
    )
    with SimLink(
        CoreConfig(rows, cols, 1, post_lanes=post_lanes, formats="DUAL"),
        name=f"cycles-tight-bf16-{rows}x{cols}",
    ) as link:
        product, report = Core(link).matmul_bf16(a, w)
    assert np.array_equal(product, gemm_bf16.gemm_bf16(a, w))
    assert report.busy == 30 * 4 * k
    assert (report.stall_a, report.stall_w, report.stall_out, report.pad) == (0, geometry.record_beats, 0, 0)


@pytest.mark.parametrize(
    "shape",
    [pytest.param((8, 8, 1), id="8x8x1", marks=pytest.mark.nightly), pytest.param((4, 4, 4), id="4x4x4")],
)
@pytest.mark.thorough
def test_256_cubed_utilisation(shape):
    rng = np.random.default_rng(256)
    a, w = rng.integers(-128, 128, (2, 256, 256), dtype=np.int8)
    geometry = cycles.Geometry(*shape, 2)
    with SimLink(CoreConfig(*shape), name=f"cycles-256-{'x'.join(map(str, shape))}") as link:
        product, report = Core(link).matmul(a, w)
    assert np.array_equal(product, gemm.gemm(a, w))
    assert report.utilisation >= 0.998
    uses = 256 // shape[0]
    weights = [cycles.WeightPanel(256 // shape[2])] * (256 // shape[1])
    activations = [cycles.ActivationPanel(release=use == uses - 1) for _ in weights for use in range(uses)]
    predicted = cycles.predict(geometry, weights, activations)
    assert dataclasses.asdict(predicted).items() <= report.as_dict().items()


@pytest.mark.parametrize(
    ("weights", "activations"),
    [
        ([cycles.WeightPanel(3)], [cycles.ActivationPanel()]),
        ([cycles.WeightPanel(3)], [cycles.ActivationPanel(True), cycles.ActivationPanel(True)]),
        ([cycles.WeightPanel(3)], [cycles.ActivationPanel(True), cycles.ActivationPanel()]),
    ],
)
def test_endless_sequences_are_refused(weights, activations):
    with pytest.raises(ValueError, match="release"):
        cycles.predict(cycles.Geometry(4, 4, 1, 2), weights, activations)
