# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""macrame.golden.nn.pruning: what goes and what stays, exactly; blocks, bytes, retraining."""

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


def test_dead_blocks_change_no_sum(seed):
    """What the host may leave out: a product without the dead blocks of each panel is the product."""
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
