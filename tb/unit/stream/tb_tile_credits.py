# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""tile_credits in the simulator.

What could be wrong here, and which case would show it:
  a credit lost, or returned twice               `tiles`: rows leave at random, in the cycle of a start too
  a tile started without space for all its rows  `tiles`: the model counts rows; CREDITS just above a tile's
  the comparison of the cycle before, or the     `tiles`: both formats are queried in every cycle, around
  other format's                                 starts of both
  an open tile refused                           `tiles`: slices within tiles
  a reset that leaves credits used               `tiles`: resets at random
"""

import cocotb

from tb.lib.kit import Bench, Part


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def tiles(dut):
    """Random starts and rows; the answers for both formats against a count of rows."""
    tb = Bench(dut, issue=0, tile_open=0, bf16=0, row_sent=0)
    rows, credits, has_bf16 = (tb.parameter(name) for name in ("ROWS", "CREDITS", "BF16"))
    await tb.start()
    held, is_open = credits, False
    seen = set()
    answers = {}
    tb.parts.append(
        Part(
            sample=lambda: answers.update({n: tb.read(n) for n in ("credits_available", "credits_returned")})
        )
    )
    for _ in range(4000):
        reset = tb.rng.random() < 0.005
        bf16 = bool(has_bf16 and tb.rng.integers(2))
        need = rows * (4 if bf16 else 1)
        available = is_open or held >= need
        issue = bool(available and tb.rng.random() < 0.5)
        sent = bool(held < credits and tb.rng.random() < 0.7)
        tb.drive(rst=int(reset), issue=int(issue), tile_open=int(is_open), bf16=int(bf16), row_sent=int(sent))
        await tb.step()
        tb.equal(answers["credits_available"], int(available), f"credits_available, {held} held, bf16 {bf16}")
        tb.equal(answers["credits_returned"], int(held == credits), f"credits_returned, {held} held")
        seen.add((bool(available), issue and not is_open, sent))
        if reset:
            held, is_open = credits, False
            continue
        if issue:
            held -= 0 if is_open else need
            is_open = tb.rng.random() < 0.4
        held += sent
    assert {(False, False, True), (True, True, False), (True, False, True)} <= seen, seen
