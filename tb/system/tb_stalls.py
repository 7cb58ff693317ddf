# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Every stream of the core under every kind of stall: the same bits, no beat lost, no deadlock.

What could be wrong here, and which case would show it:
  a beat is lost or doubled where ready follows valid late   `random`, `dense`, one-sided ones
  a credit too many: the FIFO overflows                      `blocked`: nothing leaves for 3,000 cycles
  a credit lost: the core stops after a while                `m_only`, over many tiles
  slices pair wrongly when one operand comes late            `w_late`, `a_late`, `w_only`, `a_only`
  a record is overwritten while it is in use                 `short_panels`: as fast as they can change
  a raw row overtakes a requantised one                      modes change from panel to panel
The result FIFO is small, so that credits limit the core. The model predicts the result bits and the counters
of slices and tiles, and every beat must be accepted.
"""

import os

import cocotb
import numpy as np

from macrame.sim.beats import Stall
from tb.lib import reset_injection
from tb.lib.random_packets import activation_packet, modes_alike, weight_packet
from tb.models.core_model import KEEP, RELEASE

BLOCKED = 3000

STALLS = {
    "none": {},
    "random": dict.fromkeys("wam", Stall("random", chance=0.5)),
    "dense": dict.fromkeys("wam", Stall("random", chance=0.85)),
    "bursts": dict.fromkeys("wam", Stall("bursts", length=40)),
    "w_only": {"w": Stall("random", chance=0.7)},
    "a_only": {"a": Stall("random", chance=0.7)},
    "m_only": {"m": Stall("random", chance=0.9)},
    "w_late": {"w": Stall("block", length=300), "m": Stall("bursts")},
    "a_late": {"a": Stall("block", length=300), "m": Stall("bursts")},
    "blocked": {"w": Stall("bursts"), "a": Stall("bursts", length=5), "m": Stall("block", length=BLOCKED)},
}


def workload(rng, shape):
    """Panels of one slice and of many, all modes, used one to four times, tiles open over uses and panels."""
    w, a = [], []
    longest, modes = shape.slices_max, shape.modes
    for slices in (1, 1, longest, 1, *rng.integers(2, longest, 2).tolist(), longest, 1, 1):
        mode = int(rng.choice(modes))
        w.append(weight_packet(rng, shape, slices, mode))
        uses = int(rng.integers(1, 5)) if slices > 1 else 1
        for use in range(uses):
            keep = rng.random() < 0.2
            a.append(activation_packet(rng, shape, slices, RELEASE * (use == uses - 1) | KEEP * keep, mode))
        modes = modes_alike(shape, mode) if keep else shape.modes
    return w, a


@cocotb.test(timeout_time=2, timeout_unit="ms")
@cocotb.parametrize(stall=list(STALLS))
async def stalls(dut, stall):
    """A workload with one kind of stall, then a check for surplus results."""
    core = await reset_injection.core(dut)
    seed = int(os.environ["COCOTB_RANDOM_SEED"])
    rng = np.random.default_rng([seed, list(STALLS).index(stall)])
    await core.send(
        *workload(rng, core.shape), stalls=STALLS[stall], seed=seed, quiet=BLOCKED + 1000, patient=False
    )
    await core.send(quiet=64)


@cocotb.test(timeout_time=2, timeout_unit="ms")
@cocotb.parametrize(stall=["none", "random", "w_only", "a_only", "a_late"])
async def short_panels(dut, stall):
    """Panels of one slice, released immediately, many without their own tile: the fastest possible change."""
    core = await reset_injection.core(dut)
    seed = int(os.environ["COCOTB_RANDOM_SEED"])
    rng = np.random.default_rng([seed, 1, list(STALLS).index(stall)])
    w, a, modes = [], [], core.shape.modes
    for _ in range(72):
        w.append(weight_packet(rng, core.shape, 1, int(rng.choice(modes))))
        keep = rng.random() < 0.6
        a.append(activation_packet(rng, core.shape, 1, RELEASE | KEEP * keep, w[-1].user))
        modes = modes_alike(core.shape, w[-1].user) if keep else core.shape.modes
    await core.send(w, a, stalls=STALLS[stall], seed=seed, quiet=400, patient=False)


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def rest(dut):
    """When the model is idle, so is the core: streams keep waiting with the predicted beats."""
    core = await reset_injection.core(dut)
    rng = np.random.default_rng(int(os.environ["COCOTB_RANDOM_SEED"]))
    w = [weight_packet(rng, core.shape, core.shape.slices_max) for _ in range(4)]
    a = [
        activation_packet(rng, core.shape, core.shape.slices_max, RELEASE, w[at % 4].user) for at in range(6)
    ]
    await core.send(w, [], quiet=BLOCKED)  # two panels, and the record of a third
    await core.send([], a[:2], quiet=64)  # two released, the other two are accepted
    await core.send([], a[2:], quiet=500)  # activations for two missing panels
    await core.send(w[:2], [], quiet=64)
