# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Places of buffers in the engine's memory: those that live at the same time do not overlap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Buffer:
    """A buffer to place.

    Attributes
    ----------
    words : int
    first, last : int
        The steps between which its content counts, both included.
    """

    words: int
    first: int
    last: int


def place(buffers: Sequence[Buffer]) -> tuple[list[int], int]:
    """Place buffers, the largest first, each as low as it fits.

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
    bases = [0] * len(buffers)
    placed: list[int] = []
    order = sorted(range(len(buffers)), key=lambda i: (-buffers[i].words, buffers[i].first, i))
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
    return bases, max((bases[i] + one.words for i, one in enumerate(buffers)), default=0)
