# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""tile_spacing in the simulator.

What could be wrong here, and which case would show it:
  a distance too short or too long, or of another pair  `pairs`: each next format is queried in every cycle,
                                                        the model keeps the cycle from which on it may end
  a slice within a tile held back                       `pairs`: slices without tile_end
  a slice that is not issued starts the count           `pairs`: last slices wait at random
  a reset that leaves a distance behind                 `pairs`: resets at random
"""

import cocotb

from tb.lib.kit import Bench, Part

RAW, REQUANTISED, FLOAT = range(3)


def distances(this, rows, row_cycles, latency):
    """Cycles from a last slice of this format to one of raw, requantised and bfloat16, by the header."""
    if this == RAW:
        return rows, rows, rows
    if this == REQUANTISED:
        return rows * row_cycles + latency, rows * row_cycles, rows * row_cycles
    early = 0 if row_cycles == 1 or row_cycles > 3 else 4 - row_cycles
    tall = 4 * rows * row_cycles
    return tall + 3 + latency, tall + 3, tall + early


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def pairs(dut):
    """Random slices; some wait although they may be issued, and all pairs of formats occur."""
    tb = Bench(dut, issue=0, tile_end=0, bf16=0, raw=0)
    rows, row_cycles, latency, has_bf16 = (
        tb.parameter(name) for name in ("ROWS", "ROW_CYCLES", "POST_LATENCY", "BF16")
    )
    await tb.start()
    earliest = [0, 0, 0]
    before, seen, answers = None, set(), {}
    tb.parts.append(Part(sample=lambda: answers.update(available=tb.read("chain_available"))))
    for _ in range(6000):
        reset = tb.rng.random() < 0.002
        kind = int(tb.rng.integers(3 if has_bf16 else 2))
        ends = bool(tb.rng.random() < 0.9)
        available = not ends or tb.cycle >= earliest[kind]
        issue = bool(available and tb.rng.random() < 0.5)
        tb.drive(
            rst=int(reset),
            issue=int(issue),
            tile_end=int(ends),
            bf16=int(kind == FLOAT),
            raw=int(kind == RAW),
        )
        now = tb.cycle
        await tb.step()
        tb.equal(answers["available"], int(available), f"chain_available for {kind} after {before}")
        if reset:
            earliest, before = [0, 0, 0], None
        elif issue and ends:
            seen.add((before, kind))
            before = kind
            earliest = [now + distance for distance in distances(kind, rows, row_cycles, latency)]
    kinds = range(3 if has_bf16 else 2)
    assert {(a, b) for a in kinds for b in kinds} <= seen | {(REQUANTISED, RAW), (FLOAT, RAW)}, seen
