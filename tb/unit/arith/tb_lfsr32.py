# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""lfsr32 in the simulator.

What could be wrong here, and which case would show it:
  another sequence, a word lost or doubled at a step     every word is compared, steps with pauses between
  lanes in another order                                 the sequence does not depend on LANES
  a seed not loaded, or loaded and stepped at once       `load` and `step` together; seed 0
"""

import cocotb
import numpy as np

from macrame.golden.arith.lfsr32 import Lfsr32
from tb.lib.kit import Bench, Part, lanes


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def words(dut):
    """Seeds of all kinds, and many words from each."""
    tb = Bench(dut, reset=None, load=1, seed=1, step=0)
    count, expected = tb.parameter("LANES"), None

    def check():
        if expected is not None:
            got = lanes(tb.read("bits"), np.uint16, count)
            tb.equal(got.tolist(), expected.tolist(), f"words from seed {seed:#x}")

    tb.parts.append(Part(sample=check))
    await tb.start()
    for seed in (1, 0, 0xFFFFFFFF, 0x80000000, *tb.rng.integers(0, 2**32, 4).tolist()):
        tb.drive(load=1, seed=int(seed), step=1)
        await tb.step()
        golden = Lfsr32(int(seed))
        expected = golden.take(count)
        for _ in range(200):
            step = int(tb.rng.random() < 0.7)
            tb.drive(load=0, seed=None, step=step)
            await tb.step()
            expected = golden.take(count) if step else expected
