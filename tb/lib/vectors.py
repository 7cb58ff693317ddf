# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The bench of every arithmetic module: columns in, results compared with the golden model, one report.

macrame/sim/modules.py makes the toplevel. Python runs before and after a play, not during it: the simulator
takes its words from a file (macrame/sim/hdl/vector_player.v).
"""

import os
import random

import cocotb
import numpy as np

from macrame.sim.inside.vectors import RESULTS, VECTORS, play
from macrame.sim.modules import MODULES
from macrame.sim.vectors import narrow, pack, parse


def share(count, of=4):
    """How many random vectors to play: `count`, or in a quick run (`make test`) one in `of`.

    Parameters
    ----------
    count : int
        A plusarg ``count`` comes first.
    of : int
    """
    if "count" in cocotb.plusargs:
        return int(cocotb.plusargs["count"])
    return count // of if "quick" in cocotb.plusargs else count


def stride(quick):
    """The step of a loop over the cycles of a reset: 1, or `quick` in a quick run."""
    return quick if "quick" in cocotb.plusargs else 1


class TB:
    """A module driven by vectors: `check` plays columns and compares bit patterns.

    Parameters
    ----------
    dut : cocotb handle
        A vec_<module> toplevel.
    """

    def __init__(self, dut):
        self.dut = dut
        self.name = dut._name.removeprefix("vec_")
        self.module = MODULES[self.name]
        self.rng = np.random.default_rng(random.getrandbits(64))  # cocotb seeds `random` for each test

    async def run(self, **columns):
        """Bit patterns of the results (uint64), and where they are unknown."""
        words = pack(self.name, columns)
        words.tofile(VECTORS)
        count = await play(self.dut)
        assert count == len(words), f"the player accepted {count} of {len(words)} words"
        return parse(RESULTS, len(words))

    async def results(self, **columns):
        """Results in the module's own type; none may be unknown."""
        values, unknown = await self.run(**columns)
        if unknown.any():
            raise AssertionError(report(self.name, columns, values, values, unknown))
        return narrow(self.name, values)

    async def check(self, expected, **columns):
        """Play `columns` and compare with `expected`, an array of the module's result type, bit for bit.

        A twentieth is played first, so that a completely wrong module fails early.
        """
        expected = np.asarray(expected)
        assert expected.dtype == self.module.result, f"expected values are {expected.dtype}"
        *columns_, expected = np.broadcast_arrays(*columns.values(), expected)
        rows = [c.ravel() for c in (*columns_, expected)]
        for part in (slice(rows[0].size // 20), slice(rows[0].size // 20, None)):
            *columns_, expected = (row[part] for row in rows)
            if len(expected):
                await self.check_at_once(np.ascontiguousarray(expected), **dict(zip(columns, columns_)))

    async def check_at_once(self, expected, **columns):
        """`check` without the first part, for columns that form a sequence, all of the same length."""
        values, unknown = await self.run(**columns)
        patterns = expected.view(f"u{expected.dtype.itemsize}").astype(np.uint64)
        wrong = (values != patterns) | unknown
        if wrong.any():
            raise AssertionError(report(self.name, columns, values, patterns, unknown, wrong))
        self.dut._log.info("%d vectors match the golden model", len(values))


async def check_enable(tb, results, latency, **columns):
    """Play `columns` with a random `enable`: while it is low, nothing may change or be accepted.

    Parameters
    ----------
    tb : TB
        Its module has a column ``enable``.
    results : ndarray
        Results of the operands, as if each was accepted.
    latency : int
        Cycles from operands to result, counted while `enable` is high.
    **columns : ndarray
        The operands.
    """
    enable = tb.rng.random(len(results)) < tb.rng.choice([0.2, 0.5, 0.9], len(results))
    enable[:latency] = True
    # A result is read `latency` edges after its word was put on. Past the last word enable is X, hence high.
    taken = np.cumsum(np.concatenate([enable, np.ones(latency - 1, bool)]))
    expected = results[np.flatnonzero(enable)[taken[latency - 1 :] - latency]]
    await tb.check_at_once(expected, enable=enable, **columns)


def report(name, columns, values, expected, unknown, wrong=None, limit=5):
    """The mismatches: their number; for the first few the index, all operands, expected and got, in hex."""
    wrong = unknown if wrong is None else wrong
    words = pack(name, columns)
    sizes = MODULES[name].columns
    digits = 2 * MODULES[name].result.itemsize
    seed = os.environ.get("COCOTB_RANDOM_SEED", "?")
    lines = [f"{name}: {int(wrong.sum())} of {len(words)} vectors differ, seed {seed}"]
    for i in np.flatnonzero(wrong)[:limit]:
        at, operands = 0, []
        for column, size in sizes.items():
            operands.append(f"{column}={words[i, at : at + size].tobytes().hex()}")
            at += size
        got = "unknown (X)" if unknown[i] else f"{int(values[i]):0{digits}x}"
        want = "no X" if wrong is unknown else f"{int(expected[i]):0{digits}x}"
        lines.append(f"[{i}] {' '.join(operands)}: expected {want}, got {got}")
    return "\n".join(lines)
