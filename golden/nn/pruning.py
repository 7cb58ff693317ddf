# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Pruning: permanent removal of single weights, n of m, or blocks that the hardware can skip.

A mask is a bool array of the shape of the weights, True where a weight stays. Single weights are chosen by
their magnitude. A block is `outputs` x `inputs` weights of one layer, smaller at the edges. With outputs the
columns of the core's array and inputs its DEPTH, a block is one weight beat: if all of it is 0, the host
omits the beat and the matching activations, and the sums do not change.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


def magnitude_masks(
    weights: Sequence[ArrayLike], sparsity: float, everywhere: bool = True
) -> list[NDArray[np.bool_]]:
    """Masks that remove the smallest magnitudes.

    Parameters
    ----------
    weights : list of array_like
    sparsity : float
        Share to remove, 0 to 1: exactly round(sparsity n) of n weights, the first ones among equals.
    everywhere : bool
        Rank the weights of all layers together; otherwise the same share of every layer is removed.

    Returns
    -------
    list of numpy.ndarray of bool

    Raises
    ------
    ValueError
        If the sparsity is out of range.
    """
    return _masks([np.abs(np.asarray(w, np.float64)) for w in weights], sparsity, everywhere)


def block_masks(
    weights: Sequence[NDArray[Any]], sparsity: float, block: tuple[int, int], everywhere: bool = True
) -> list[NDArray[np.bool_]]:
    """Masks that remove whole blocks, those with the smallest root mean square.

    Parameters
    ----------
    weights : list of numpy.ndarray, each of shape (outputs, inputs)
    sparsity : float
        Share of the blocks to remove.
    block : tuple of int
        (outputs, inputs) of a block.
    everywhere : bool
        As `magnitude_masks`.

    Returns
    -------
    list of numpy.ndarray of bool, shaped as the weights

    Raises
    ------
    ValueError
        If the sparsity is out of range or a side of the block is below 1.
    """
    strength = [
        block_sums(np.square(w, dtype=np.float64), block) / block_sums(np.ones(w.shape), block)
        for w in weights
    ]
    kept = _masks(strength, sparsity, everywhere)
    return [
        np.kron(k, np.ones(block, bool))[: w.shape[0], : w.shape[1]].astype(bool)
        for k, w in zip(kept, weights)
    ]


def structured_mask_plain(weight: NDArray[Any], keep: int = 2, of: int = 4) -> NDArray[np.bool_]:
    """`structured_masks` of one matrix, group by group.

    Parameters
    ----------
    weight : numpy.ndarray, shape (outputs, inputs)
    keep, of : int
        As `structured_masks`.

    Returns
    -------
    numpy.ndarray of bool, shape (outputs, inputs)
    """
    mask = np.zeros(weight.shape, bool)
    for i, row in enumerate(weight.tolist()):
        for start in range(0, len(row), of):
            group = [(abs(w), j) for j, w in enumerate(row[start : start + of], start)]
            for _, j in sorted(group)[max(len(group) - keep, 0) :]:
                mask[i, j] = True
    return mask


def structured_masks(weights: Sequence[NDArray[Any]], keep: int = 2, of: int = 4) -> list[NDArray[np.bool_]]:
    """Masks that keep the largest magnitudes of each group of neighbouring inputs: 2 of 4, or n of m.

    2:4 is the pattern of sparse tensor cores: half of the weights, and two bits with the position of each
    weight kept. This core does not use it; it skips blocks.

    Parameters
    ----------
    weights : list of numpy.ndarray, each of shape (outputs, inputs)
        Groups are `of` inputs of one output, counted from the first; a shorter group at the end keeps up to
        `keep` as well.
    keep, of : int
        Weights to keep, and the group size, 1 <= keep <= of. Of equal magnitudes the first are removed.

    Returns
    -------
    list of numpy.ndarray of bool, shaped as the weights

    Raises
    ------
    ValueError
        If `keep` is out of range.
    """
    if not 1 <= keep <= of:
        raise ValueError(f"keep is {keep} of {of}, expected 1 to {of}")
    masks = []
    for w in weights:
        outputs, inputs = w.shape
        groups = -(-inputs // of)
        size = np.full((outputs, groups * of), -1.0)  # missing weights are removed
        size[:, :inputs] = np.abs(w.astype(np.float64))  # int8 has no 128
        order = np.argsort(size.reshape(outputs, groups, of), axis=2, kind="stable")
        kept = np.ones(order.shape, bool)
        np.put_along_axis(kept, order[:, :, : of - keep], False, axis=2)
        masks.append(kept.reshape(outputs, -1)[:, :inputs])
    return masks


def block_sums(values: NDArray[Any], block: tuple[int, int]) -> NDArray[Any]:
    """Sums over the blocks of a matrix.

    Parameters
    ----------
    values : numpy.ndarray, shape (outputs, inputs)
    block : tuple of int
        (outputs, inputs) of a block.

    Returns
    -------
    numpy.ndarray, shape (ceil(outputs / block[0]), ceil(inputs / block[1]))
        Of the type of the values.

    Raises
    ------
    ValueError
        If a side of the block is below 1.
    """
    if min(block) < 1:
        raise ValueError(f"block is {tuple(block)}, expected two sides of at least 1")
    for axis, step in enumerate(block):
        values = np.add.reduceat(values, np.arange(0, values.shape[axis], step), axis=axis)
    return values


def live_blocks(weight: ArrayLike, block: tuple[int, int]) -> NDArray[np.bool_]:
    """Whether each block has a non-zero weight.

    Parameters
    ----------
    weight : array_like, shape (outputs, inputs)
    block : tuple of int

    Returns
    -------
    numpy.ndarray of bool, one per element of `block_sums`
    """
    return block_sums((np.asarray(weight) != 0).astype(int), block) > 0


def sparsity(weights: Sequence[NDArray[Any]]) -> float:
    """Share of weights that are 0.

    Parameters
    ----------
    weights : list of numpy.ndarray

    Returns
    -------
    float
    """
    return sum(int((w == 0).sum()) for w in weights) / sum(w.size for w in weights)


class Pruner:
    """Keeps pruned weights at 0: the `project` of `macrame.golden.nn.train.fit`, for retraining.

    Parameters
    ----------
    weights : list of numpy.ndarray
        Set to 0 in place where the mask is False, immediately and at every call.
    masks : list of numpy.ndarray of bool
    """

    def __init__(self, weights: Sequence[NDArray[Any]], masks: Sequence[NDArray[np.bool_]]) -> None:
        self.weights, self.masks = weights, masks
        self()

    def __call__(self) -> None:
        """Set all pruned weights to 0."""
        for w, mask in zip(self.weights, self.masks):
            w[~mask] = 0


def stored_bytes(
    weights: Sequence[NDArray[Any]], width: int, block: tuple[int, int] | None = None
) -> tuple[int, int]:
    """Bytes to store weights: all of them, or the non-zero ones with a bit map of one bit per weight.

    Parameters
    ----------
    weights : list of numpy.ndarray
    width : int
        Bytes per weight.
    block : tuple of int, optional
        One bit per block, and whole blocks stored; without it one bit per weight.

    Returns
    -------
    dense, sparse : int
    """
    dense, sparse = 0, 0
    for w in weights:
        dense += w.size * width
        live = live_blocks(w, block or (1, 1))
        sizes = block_sums(np.ones(w.shape, int), block or (1, 1))
        sparse += int(sizes[live].sum()) * width + -(-live.size // 8)
    return dense, sparse


def _masks(
    strength: Sequence[NDArray[np.float64]], share: float, everywhere: bool
) -> list[NDArray[np.bool_]]:
    if not 0 <= share <= 1:
        raise ValueError(f"sparsity is {share}, expected 0 to 1")
    if not everywhere:
        return [_masks([s], share, True)[0] for s in strength]
    ranked = np.concatenate([s.ravel() for s in strength])
    kept = np.ones(ranked.size, bool)
    kept[np.argsort(ranked, kind="stable")[: round(share * ranked.size)]] = False
    ends = np.cumsum([s.size for s in strength])[:-1]
    return [part.reshape(s.shape) for part, s in zip(np.split(kept, ends), strength)]
