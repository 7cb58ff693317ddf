# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""macrame.golden.nn.pruning: the exact weights removed and kept; blocks, bytes, retraining."""

import numpy as np
import pytest

from macrame.golden.nn import pruning
from macrame.golden.nn.network import Network
from macrame.golden.nn.train import fit


def weights(seed):
    rng = np.random.default_rng(seed)
    return [rng.standard_normal((5, 7)), 10 * rng.standard_normal((3, 5))]


@pytest.mark.parametrize("share", [0, 0.1, 0.5, 0.77, 1])
@pytest.mark.parametrize("everywhere", [True, False])
def test_the_smallest_magnitudes_go(share, everywhere, seed):
    layers = weights(seed)
    masks = pruning.magnitude_masks(layers, share, everywhere)
    groups = [list(range(len(layers)))] if everywhere else [[i] for i in range(len(layers))]
    for group in groups:
        size = np.concatenate([np.abs(layers[i]).ravel() for i in group])
        kept = np.concatenate([masks[i].ravel() for i in group])
        assert (~kept).sum() == round(share * size.size)
        assert size[~kept].max(initial=0) <= size[kept].min(initial=np.inf)
    if everywhere and share == 0.5:
        assert masks[0].mean() < masks[1].mean()  # the larger weights of the second layer stay


def test_equal_weights_go_in_order():
    assert pruning.magnitude_masks([np.ones((2, 4))], 0.25)[0].ravel().tolist() == [False] * 2 + [True] * 6


@pytest.mark.parametrize("block", [(1, 1), (2, 3), (5, 7), (8, 1), (1, 2)])
def test_blocks_go_whole(block, seed):
    layers = weights(seed)
    masks = pruning.block_masks(layers, 0.4, block)
    strength, gone = [], []
    for w, mask in zip(layers, masks):
        for i in range(0, w.shape[0], block[0]):
            for j in range(0, w.shape[1], block[1]):
                part = mask[i : i + block[0], j : j + block[1]]
                assert part.all() or not part.any()
                strength.append(np.sqrt(np.mean(w[i : i + block[0], j : j + block[1]] ** 2)))
                gone.append(not part.any())
    strength, gone = np.array(strength), np.array(gone)
    assert gone.sum() == round(0.4 * gone.size)
    assert strength[gone].max(initial=0) <= strength[~gone].min()
    if block == (1, 1):
        assert all(np.array_equal(a, b) for a, b in zip(masks, pruning.magnitude_masks(layers, 0.4)))


def test_a_small_block_at_the_edge_counts_by_its_mean():
    (mask,) = pruning.block_masks([np.array([[1.0, 1.0, 1.2]])], 0.5, (1, 2))
    assert mask.tolist() == [[False, False, True]]


@pytest.mark.parametrize(("keep", "of"), [(2, 4), (1, 4), (1, 2), (4, 8), (3, 3), (1, 1), (2, 5)])
@pytest.mark.parametrize("inputs", [0, 1, 3, 4, 7, 24])
def test_n_of_m(keep, of, inputs, seed):
    """At most n of each m, the largest ones; loop and vector agree, also on equal magnitudes."""
    rng = np.random.default_rng(seed)
    for w in (rng.standard_normal((5, inputs)), rng.integers(-2, 3, (5, inputs)).astype(np.int8)):
        (mask,) = pruning.structured_masks([w], keep, of)
        assert mask.dtype == bool
        assert np.array_equal(mask, pruning.structured_mask_plain(w, keep, of))
        for row, kept in zip(w, mask):
            for start in range(0, inputs, of):
                group, stays = np.abs(row[start : start + of].astype(float)), kept[start : start + of]
                assert stays.sum() == min(keep, len(group))
                assert group[~stays].max(initial=0) <= group[stays].min(initial=np.inf)


def test_n_of_m_of_equals_the_first_go():
    assert pruning.structured_masks([np.ones((1, 6))])[0].astype(int).tolist() == [[0, 0, 1, 1, 1, 1]]
    lowest = np.array([[-128, 1, 2, 3]], np.int8)  # whose magnitude int8 does not have
    assert pruning.structured_masks([lowest])[0].tolist() == [[True, False, False, True]]
    assert pruning.structured_mask_plain(lowest).tolist() == [[True, False, False, True]]
    assert pruning.magnitude_masks([lowest], 0.5)[0].tolist() == [[True, False, False, True]]


@pytest.mark.parametrize(("keep", "of"), [(0, 4), (5, 4), (-1, 2)])
def test_n_of_m_that_cannot_be(keep, of):
    with pytest.raises(ValueError, match=f"keep is {keep} of {of}, expected 1 to {of}"):
        pruning.structured_masks([np.ones((2, 2))], keep, of)


def test_dead_blocks_change_no_sum(seed):
    """What the host may omit: a product without the zero blocks of each panel is the same."""
    rng = np.random.default_rng(seed)
    w = rng.integers(-9, 10, (11, 13))
    (mask,) = pruning.block_masks([w], 0.5, (4, 2))
    w[~mask] = 0
    live = pruning.live_blocks(w, (4, 2))
    assert live.shape == (3, 7)
    assert 0.3 < live.mean() < 0.7
    x = rng.integers(-9, 10, (6, 13))
    for panel, alive in enumerate(live):
        kept = np.flatnonzero(np.repeat(alive, 2)[:13])
        rows = slice(4 * panel, 4 * panel + 4)
        assert np.array_equal(x[:, kept] @ w[rows, kept].T, x @ w[rows].T)


def test_bytes():
    w = np.zeros((4, 6))
    w[0, :3] = 1
    assert pruning.stored_bytes([w], 1) == (24, 3 + 3)  # 24 bits say where
    assert pruning.stored_bytes([w], 4) == (96, 12 + 3)
    assert pruning.stored_bytes([w], 1, (4, 1)) == (24, 12 + 1)  # three columns whole, 6 bits
    assert pruning.stored_bytes([w, w], 2, (3, 4)) == (96, 2 * (12 * 2 + 1))
    assert pruning.sparsity([w, np.ones((2, 3))]) == 21 / 30


def test_retraining_keeps_what_is_pruned_at_zero():
    rng = np.random.default_rng(2)
    x = rng.standard_normal((200, 6))
    labels = (x[:, 0] * x[:, 1] > 0).astype(int)
    network = Network.random([6, 24, 2], rng)
    list(fit(network, x, labels, epochs=20, batch_size=20, rate=0.1, momentum=0.9, rng=rng))
    masks = pruning.magnitude_masks(network.weights, 0.8)
    pruner = pruning.Pruner(network.weights, masks)
    pruned = network.loss(x, labels)
    list(fit(network, x, labels, epochs=20, batch_size=20, rate=0.05, momentum=0.9, rng=rng, project=pruner))
    assert network.loss(x, labels) < 0.7 * pruned
    for w, mask in zip(network.weights, masks):
        assert (w[~mask] == 0).all()
        assert (w[mask] != 0).all()


@pytest.mark.parametrize("share", [-0.1, 1.1, np.nan])
def test_no_share(share):
    with pytest.raises(ValueError, match="expected 0 to 1"):
        pruning.magnitude_masks([np.ones((2, 2))], share)
    with pytest.raises(ValueError, match="two sides of at least 1"):
        pruning.block_masks([np.ones((2, 2))], 0.5, (0, 1))
