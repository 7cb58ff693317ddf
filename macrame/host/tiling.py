# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Tiling of an arbitrary M x K by K x N product into panels for one core.

The result is divided into tiles of ROWS x COLS. Sending weights twice costs the most, so while K fits in the
panel buffer each weight panel is sent once and reused for every row of tiles:

    for n in column tiles:  send W[:, n];  for m in row tiles: send A[m]     (the last one releases W[:, n])

Longer K is divided into chunks, and the accumulators stay open from one chunk to the next:

    for n:  for m:  for c in chunks: send W[c, n], A[m, c]                   (kept open until the last c)

Chunks are as equal as possible: a short last chunk would leave the array waiting for its weights.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from macrame.contract import BF16, KEEP, RELEASE, CoreConfig
from macrame.host import packets
from macrame.host.link import Beats


@dataclass
class Batch:
    """One transfer: the panels to send, and the positions of the tiles that come back.

    Attributes
    ----------
    weights, activations : macrame.host.link.Beats
    tiles : list of (int, int)
        Row tile and column tile of each result, in order of arrival.
    """

    weights: Beats
    activations: Beats
    tiles: list[tuple[int, int]]


def chunks(k: int, config: CoreConfig) -> list[tuple[int, int]]:
    """Divide K into the fewest panels that fit in the core, with slice counts that differ by at most one.

    Parameters
    ----------
    k : int
        Length of the inner dimension, >= 1.
    config : macrame.contract.CoreConfig

    Returns
    -------
    list of (int, int)
        Start and stop of each chunk in k; all but the last stop on a slice boundary.
    """
    total = packets.slices(k, config.depth)
    count = -(-total // packets.slices(config.k_max, config.depth))
    edges = [total * i // count * config.depth for i in range(count + 1)]
    return [(start, min(stop, k)) for start, stop in zip(edges, edges[1:])]


def _join(parts: Sequence[packets.Panels]) -> Beats:
    """Concatenate lists of (data, last, user) panels into one run of beats."""
    return Beats(
        *(np.concatenate([field.reshape(-1, *field.shape[2:]) for field in fields]) for fields in zip(*parts))
    )


def _empty(width: int) -> Beats:
    return Beats(np.empty((0, width), np.uint8), np.empty(0, bool), np.empty(0, np.uint8))


def batches(
    a: NDArray[Any],
    w: NDArray[Any],
    record: NDArray[np.uint8],
    mode: int,
    config: CoreConfig,
    limit: int = 1 << 18,
) -> Iterator[Batch]:
    """Yield the transfers that multiply a by w, in order.

    Parameters
    ----------
    a : ndarray of int8, shape (M, K), or bits of bfloat16, uint16
    w : ndarray of the same type, shape (K, N)
    record : ndarray of uint8, shape (N, 12)
        From :func:`macrame.host.packets.records`.
    mode : int
        One of the values of :data:`macrame.host.packets.MODES`, or :func:`macrame.host.packets.bf16_mode`.
    config : macrame.contract.CoreConfig
    limit : int
        Target number of activation beats per transfer, which bounds memory; a batch holds at least one panel.
        The array drains between transfers, so a small limit costs cycles.

    Yields
    ------
    Batch
    """
    cut = chunks(a.shape[1], config)
    a, w = config.lanes(np.ascontiguousarray(a)), config.lanes(np.ascontiguousarray(w))
    return (_replayed if len(cut) == 1 else _chained)(a, w, record, mode, config, limit, cut)


def _replayed(
    a: NDArray[Any],
    w: NDArray[Any],
    record: NDArray[np.uint8],
    mode: int,
    config: CoreConfig,
    limit: int,
    cut: list[tuple[int, int]],
) -> Iterator[Batch]:
    data, last, user = packets.activation_panels(a, config.rows, config.depth, bf16=bool(mode & BF16))
    row_tiles, beats = data.shape[:2]
    column_tiles = packets.slices(w.shape[1], config.cols)
    per_batch = max(1, limit // beats)
    if per_batch >= row_tiles:  # whole columns of tiles, several per batch
        user = user.copy()
        user[-1, -1] = RELEASE
        group = per_batch // row_tiles
        for first in range(0, column_tiles, group):
            stop = min(first + group, column_tiles)
            columns = slice(first * config.cols, stop * config.cols)
            panel = packets.weight_panels(w[:, columns], record[columns], config.cols, config.depth, mode)
            yield Batch(
                packets.flatten(*panel),
                _join([(data, last, user)] * (stop - first)),
                [(m, n) for n in range(first, stop) for m in range(row_tiles)],
            )
        return
    for n in range(column_tiles):  # one column of tiles exceeds the limit: keep its weights
        columns = slice(n * config.cols, (n + 1) * config.cols)
        for first in range(0, row_tiles, per_batch):
            stop = min(first + per_batch, row_tiles)
            weights = _empty(config.cols * config.lane_bytes)
            if first == 0:
                weights = packets.flatten(
                    *packets.weight_panels(w[:, columns], record[columns], config.cols, config.depth, mode)
                )
            flags = user[first:stop].copy()
            if stop == row_tiles:
                flags[-1, -1] = RELEASE
            yield Batch(
                weights,
                packets.flatten(data[first:stop], last[first:stop], flags),
                [(m, n) for m in range(first, stop)],
            )


def _chained(
    a: NDArray[Any],
    w: NDArray[Any],
    record: NDArray[np.uint8],
    mode: int,
    config: CoreConfig,
    limit: int,
    cut: list[tuple[int, int]],
) -> Iterator[Batch]:
    final = len(cut) - 1
    activations = [
        packets.activation_panels(
            a[:, start:stop],
            config.rows,
            config.depth,
            RELEASE | (KEEP if i < final else 0),
            bf16=bool(mode & BF16),
        )
        for i, (start, stop) in enumerate(cut)
    ]
    row_tiles = activations[0][0].shape[0]
    column_tiles = packets.slices(w.shape[1], config.cols)
    per_batch = max(1, limit // sum(panel[0].shape[1] for panel in activations))
    tiles = [(m, n) for n in range(column_tiles) for m in range(row_tiles)]
    for first in range(0, len(tiles), per_batch):
        group = tiles[first : first + per_batch]
        weights, column = [], None
        sent_w, sent_a = [], []
        for m, n in group:
            if n != column:
                column, columns = n, slice(n * config.cols, (n + 1) * config.cols)
                weights = [
                    packets.weight_panels(
                        w[start:stop, columns], record[columns], config.cols, config.depth, mode
                    )
                    for start, stop in cut
                ]
            sent_w += weights
            tile = slice(m, m + 1)
            sent_a += [(data[tile], last[tile], user[tile]) for data, last, user in activations]
        yield Batch(_join(sent_w), _join(sent_a), group)


def joined(
    products: Sequence[tuple[NDArray[Any], NDArray[Any], NDArray[np.uint8]]], mode: int, config: CoreConfig
) -> tuple[Batch, list[int]]:
    """Return one transfer for several products, and the number of tiles of each.

    Parameters
    ----------
    products : sequence of (a, w, record)
        As for :func:`batches`.
    mode : int
        Of all of them.
    config : macrame.contract.CoreConfig

    Returns
    -------
    Batch
        Its `tiles` are those of the products, one after the other.
    list of int
    """
    parts = [list(batches(a, w, record, mode, config, limit=1 << 62)) for a, w, record in products]
    every = [batch for part in parts for batch in part]
    return (
        Batch(
            Beats(*(np.concatenate([getattr(b.weights, f.name) for b in every]) for f in fields(Beats))),
            Beats(*(np.concatenate([getattr(b.activations, f.name) for b in every]) for f in fields(Beats))),
            [tile for batch in every for tile in batch.tiles],
        ),
        [sum(len(batch.tiles) for batch in part) for part in parts],
    )


def order(m: int, n: int, height: int, cols: int) -> list[tuple[int, int]]:
    """Return row and column tile of every tile of an M x N result, in the core's order.

    Parameters
    ----------
    m, n : int
    height, cols : int
        Dimensions of a tile.

    Returns
    -------
    list of (int, int)
    """
    return [
        (row, column) for column in range(packets.slices(n, cols)) for row in range(packets.slices(m, height))
    ]


def place(out: NDArray[Any], tiles: NDArray[Any], where: Sequence[tuple[int, int]]) -> None:
    """Place result tiles in the product, without the padding.

    Parameters
    ----------
    out : ndarray, shape (M, N)
        Written in place.
    tiles : ndarray, shape (count, rows of a tile, COLS)
    where : list of (int, int)
        From :attr:`Batch.tiles`.
    """
    rows, cols = tiles.shape[1:]
    for tile, (m, n) in zip(tiles, where):
        spot = out[m * rows : (m + 1) * rows, n * cols : (n + 1) * cols]
        spot[:] = tile[: spot.shape[0], : spot.shape[1]]
