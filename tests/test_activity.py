# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The toggles that macrame/sim/hdl/activity.v counts, against a paper example and against a model of the
registers.

What could be wrong: a register of some cell missing or counted twice (shapes with ROWS != COLS, and a tree
that is not a power of two), a bit missing or one too many counted (full range, both signs, vectors of partial
words), unknown bits counted (the first transfer starts from X), an edge missed where a register changes in
every cycle, a total read one clock too early (each transfer is compared on its own), a shift or a clear
forgotten (several tiles).
"""

import numpy as np
import pytest

from macrame.contract import CoreConfig
from macrame.errors import LinkError
from macrame.host import packets
from macrame.host.core import Core
from macrame.sim import simulate
from macrame.sim.link import SimLink


class Pipeline:
    """The array's registers, cell by cell as described in its header, stepped clock by clock.

    Registers are integers or None (unknown). Idle cycles between two tiles make no difference to the count,
    since operands hold their values then; so the model uses one fixed schedule.
    """

    KINDS = ("a", "w", "products", "sums", "accumulators", "results")

    def __init__(self, rows, cols, depth):
        self.shape = rows, cols, depth
        self.toggles = dict.fromkeys(self.KINDS, 0)
        # (kind, place): value; of all registers, reset sets the accumulators alone
        self.registers = {("accumulators", r, c): 0 for r in range(rows) for c in range(cols)}
        self.levels = max(1, (depth - 1).bit_length())

    def put(self, kind, place, bits, value):
        """Write one register, and count the bits that differ, one by one."""
        old = self.registers.get((kind, *place))
        if old is not None:
            self.toggles[kind] += sum((old >> b & 1) != (int(value) >> b & 1) for b in range(bits))
        self.registers[kind, *place] = int(value)

    def tile(self, a, w):
        """A tile through the pipeline: a of shape (ROWS, K), w of shape (K, COLS), K a multiple of DEPTH."""
        rows, cols, depth = self.shape
        a, w = a.astype(np.int64), w.astype(np.int64)
        slices = a.shape[1] // depth
        latency = 2 + self.levels  # from the operand registers to the tree's last one
        acc = np.zeros((rows, cols), np.int64)
        for cycle in range(slices + latency + 1):
            for k in range(depth):
                if cycle < slices:
                    for r in range(rows):
                        self.put("a", (r, k), 8, a[r, cycle * depth + k])
                    for c in range(cols):
                        self.put("w", (c, k), 8, w[cycle * depth + k, c])
            for r in range(rows):
                for c in range(cols):
                    self.cell(r, c, cycle, slices, a[r].reshape(-1, depth), w[:, c].reshape(-1, depth))
                    done = cycle - latency  # the slice that stands in the tree's last register
                    if 0 <= done < slices:
                        acc[r, c] += int(
                            np.dot(
                                a[r, done * depth : (done + 1) * depth],
                                w[done * depth : (done + 1) * depth, c],
                            )
                        )
                        last = done == slices - 1
                        self.put("accumulators", (r, c), 32, 0 if last else acc[r, c])
                        if last:
                            self.put("results", (r, c), 32, acc[r, c])
        for _ in range(rows - 1):  # the chain: towards row 0, zeros after the last row
            for c in range(cols):
                for r in range(rows):
                    below = self.registers["results", r + 1, c] if r + 1 < rows else 0
                    self.put("results", (r, c), 32, below)

    def cell(self, r, c, cycle, slices, a, w):
        """Products and sums of a cell: after the operands one register each cycle."""
        depth = a.shape[1]
        for stage in (1, 2):
            if 0 <= cycle - stage < slices:
                for k in range(depth):
                    self.put("products", (r, c, stage, k), 16, a[cycle - stage, k] * w[cycle - stage, k])
        for level in range(1, self.levels + 1):
            if 0 <= cycle - 2 - level < slices:
                products = a[cycle - 2 - level] * w[cycle - 2 - level]
                for n, first in enumerate(range(0, depth, 1 << level)):
                    self.put(
                        "sums", (r, c, level, n), 16 + level, products[first : first + (1 << level)].sum()
                    )


def play(link, depth, tiles, w):
    """Tiles on one panel of weights, raw; the toggles of just this transfer."""
    rows = tiles.shape[1]
    weights = packets.weight_panels(w, packets.records(w.shape[1]), w.shape[1], depth, packets.MODES["raw"])
    flags = [packets.RELEASE if tile == len(tiles) - 1 else 0 for tile in range(len(tiles))]
    parts = [packets.activation_panels(a, rows, depth, flag) for a, flag in zip(tiles, flags)]
    link.clear_activity()
    activations = packets.flatten(*(np.concatenate(part) for part in zip(*parts)))
    results = link.transfer(packets.flatten(*weights), activations, len(tiles) * rows)
    got = np.ascontiguousarray(results.data).view("<i4").reshape(len(tiles), rows, w.shape[1])
    np.testing.assert_array_equal(got, tiles.astype(np.int64) @ w.astype(np.int64))
    toggles = link.activity()
    assert toggles.pop("cycles") >= len(tiles) * len(w) // depth
    return toggles


def test_three_slices_by_hand():
    """1, 3, -1 times 2, 2, 1 in a core of one cell, twice; each line has the contents of the registers."""
    a, w = np.array([[[1, 3, -1]]], np.int8), np.array([[2], [2], [1]], np.int8)
    with SimLink(CoreConfig(1, 1, 1, k_max=4), activity=True, name="activity-1x1x1") as link:
        first, again = play(link, 1, a, w), play(link, 1, a, w)
    assert knows_x(
        first,
        {
            "a": 1 + 6,  # X -> 01 -> 03 -> FF
            "w": 0 + 2,  # X -> 02 -> 02 -> 01
            "products": 2 * (1 + 14),  # X -> 0002 -> 0006 -> FFFF, in two registers
            "sums": 1 + 15,  # X -> 00002 -> 00006 -> 1FFFF
            "accumulators": 1 + 2 + 1,  # 0 -> 2 -> 8, cleared by the last slice
            "results": 0,  # X -> 7
        },
    )
    assert again == {
        "a": 7 + 1 + 6,  # FF -> 01 -> 03 -> FF
        "w": 2 + 0 + 2,  # 01 -> 02 -> 02 -> 01
        "products": 2 * (15 + 1 + 14),
        "sums": 16 + 1 + 15,
        "accumulators": 1 + 2 + 1,
        "results": 0,  # 7 -> 7
    }
    model = Pipeline(1, 1, 1)
    model.tile(a[0], w)
    assert knows_x(first, model.toggles)
    before = dict(model.toggles)
    model.tile(a[0], w)
    assert again == {kind: model.toggles[kind] - before[kind] for kind in again}


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("shape", "stalls"),
    [((1, 1, 1), None), ((2, 3, 1), None), ((2, 3, 1), "random"), ((3, 2, 2), None), ((2, 1, 3), None)],
    ids=lambda value: "x".join(map(str, value)) if isinstance(value, tuple) else value,
)
def test_random_products_toggle_what_the_model_says(shape, stalls, seed):
    rng = np.random.default_rng(seed)
    model, (rows, cols, depth) = Pipeline(*shape), shape
    with SimLink(
        CoreConfig(*shape, k_max=16 * depth, post_lanes=1),
        activity=True,
        stalls=stalls,
        seed=seed,
        name=f"activity-{'x'.join(map(str, shape))}-{stalls}",
    ) as link:
        for number in range(6):
            slices, tiles = rng.integers(1, (17, 6))
            draw = corners if rng.random() < 0.3 else full_range
            a, w = draw(rng, (tiles, rows, slices * depth)), draw(rng, (slices * depth, cols))
            before = dict(model.toggles)
            for tile in a:
                model.tile(tile, w)
            expected = {kind: model.toggles[kind] - before[kind] for kind in before}
            got = play(link, depth, a, w)
            assert got == expected or number == 0 and knows_x(got, expected), (
                f"{tiles} tiles of {slices} slices, seed {seed}"
            )
        assert all(model.toggles.values())
        rest = link.activity()
        again = link.activity()
    del rest["cycles"], again["cycles"]
    assert rest == again, "an array without work toggled"


def knows_x(first, expected):
    """Whether the first transfer has these toggles: a two-state simulator starts with random bits."""
    if simulate.simulator() == "icarus":
        return first == expected
    return all(count >= expected[kind] for kind, count in first.items())


def full_range(rng, shape):
    return rng.integers(-128, 128, shape, dtype=np.int8)


def corners(rng, shape):
    return rng.choice(np.array([-128, -1, 0, 1, 127], np.int8), shape)


def test_a_reset_clears_what_an_open_tile_left():
    """One open tile of 1 * 7 stays in the accumulator; the reset clears its three bits."""
    with SimLink(CoreConfig(1, 1, 1, k_max=4), activity=True, name="activity-reset") as link:
        one, seven = np.array([[1]], np.int8), np.array([[7]], np.int8)
        link.clear_activity()
        weights = packets.weight_panels(seven, packets.records(1), 1, 1, packets.MODES["raw"])
        open_tile = packets.activation_panels(one, 1, 1, packets.RELEASE | packets.KEEP)
        link.transfer(packets.flatten(*weights), packets.flatten(*open_tile), 0)
        for _ in range(8):
            link.read(0)  # time for the product to reach the accumulator
        assert link.activity()["accumulators"] == 3
        link.reset()
        assert link.activity()["accumulators"] == 6


def test_cycles_are_those_of_the_clock():
    with SimLink(CoreConfig(1, 1, 1, k_max=4), activity=True, name="activity-cycles") as link:
        a, w = np.ones((2, 1), np.int8), np.ones((1, 2), np.int8)
        core = Core(link)
        core.matmul(a, w)
        clock = link.clock
        link.clear_activity()
        core.matmul(a, w)
        assert 0 <= link.activity()["cycles"] - (link.clock - clock) < 20


def test_a_link_that_does_not_count_says_so():
    with SimLink(CoreConfig(1, 1, 1, k_max=4), name="activity-none") as link:
        for call in (link.activity, link.clear_activity):
            with pytest.raises(LinkError, match="create the link with activity=True"):
                call()


@pytest.mark.parametrize("formats", ["BF16", "DUAL"])
def test_float_cells_are_not_counted(formats):
    with pytest.raises(ValueError, match=f"activity is True, expected False with formats '{formats}'"):
        SimLink(CoreConfig(1, 1, 1, formats=formats), activity=True)
