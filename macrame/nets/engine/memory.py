# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Places of buffers in the engine's memory: those that live at the same time do not overlap."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Buffer:
    """A buffer to place.

    Attributes
    ----------
    words : int
    first, last : int
        The steps between which it is live, both included.
    """

    words: int
    first: int
    last: int


#: Orders that `place` tries; a network's buffers need a few of them.
TRIES = 300


def _placed(buffers: Sequence[Buffer], order: Sequence[int]) -> list[int]:
    """Bases of buffers that are placed in this order, each as low as it fits."""
    bases = [0] * len(buffers)
    placed: list[int] = []
    for i in order:
        one = buffers[i]
        base = 0
        others = [j for j in placed if buffers[j].first <= one.last and one.first <= buffers[j].last]
        for j in sorted(others, key=lambda j: bases[j]):
            if base + one.words <= bases[j]:
                break
            base = max(base, bases[j] + buffers[j].words)
        bases[i] = base
        placed.append(i)
    return bases


def most_alive(buffers: Sequence[Buffer]) -> int:
    """Words of the buffers that live at the same time, at most: no placement needs fewer."""
    steps = {step for one in buffers for step in (one.first, one.last)}
    return max((sum(b.words for b in buffers if b.first <= s <= b.last) for s in steps), default=0)


def place(buffers: Sequence[Buffer]) -> tuple[list[int], int]:
    """Place buffers one after the other, each as low as it fits.

    The order decides how much they need. The largest first, and by the time, are tried first; then the best
    order so far with one buffer earlier, at random from a fixed seed, until no space is lost.

    Parameters
    ----------
    buffers : sequence of Buffer

    Returns
    -------
    bases : list of int
        The first word of each.
    words : int
        Of the memory that they need.
    """

    def words(bases: list[int]) -> int:
        return max((base + one.words for base, one in zip(bases, buffers)), default=0)

    numbers = range(len(buffers))
    orders = [
        sorted(numbers, key=lambda i: (-buffers[i].words, buffers[i].first, i)),
        sorted(numbers, key=lambda i: (buffers[i].first, -buffers[i].words, i)),
    ]
    order, bases = min(((o, _placed(buffers, o)) for o in orders), key=lambda found: words(found[1]))
    least, rng = most_alive(buffers), random.Random(1)
    for _ in range(TRIES):
        if words(bases) == least:
            break
        other = list(order)
        other.insert(rng.randrange(len(other)), other.pop(rng.randrange(len(other))))
        found = _placed(buffers, other)
        if words(found) <= words(bases):
            order, bases = other, found
    return bases, words(bases)
