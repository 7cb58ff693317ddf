# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Resets at every cycle of a run: in the middle of packets, of results, of an error.

What could be wrong here, and which case would show it:
  the rest of a truncated packet is taken for a new one    `soft`: the next results must be correct
  so is the beginning of the next one, or it is dropped    `soft`: the model knows which packets had begun
  a result packet stays open, or an offered beat changes   `soft` with a slow output
  state of the old life survives in some register          the rest of the packets, and work after it
  a second reset closes twice, or does not discard         `soft` with two and three consecutive resets
  a reset leaves the status, a register or a counter       STATUS, TILES and BUSY are read after each
The workload ends in an error, so that resets occur in every state of a core.
"""

import os

import cocotb
import numpy as np

from macrame.host import registers
from macrame.sim.beats import Stall
from tb.lib import reset_injection
from tb.lib.random_packets import activation_packet, resized, weight_packet
from tb.lib.reset_injection import HARD, SOFT
from tb.lib.vectors import stride
from tb.models.core_model import KEEP, RELEASE


def patience(core):
    """Idle cycles that mark the end: the latency of a tile and a long stall of m_axis."""
    return 48 if core.shape.formats == "INT8" else 128


def four_modes(shape):
    """Modes of every kind that the core has."""
    return [shape.modes[at * len(shape.modes) // 4] for at in range(4)]


def workload(rng, shape):
    """Panels in all modes; the last activation panel is an error."""
    lengths = 2, 3, 1, shape.slices_max
    w = [weight_packet(rng, shape, slices, mode) for mode, slices in zip(four_modes(shape), lengths)]
    a = [
        activation_packet(rng, shape, lengths[panel], flags, w[panel].user)
        for panel, flags in ((0, 0), (0, RELEASE), (1, KEEP), (1, RELEASE), (2, RELEASE), (3, 0))
    ]
    return w, [*a, resized(rng, a[-1], 1)]


async def clean(core, rng):
    """Work after a reset, in every mode."""
    w = [weight_packet(rng, core.shape, 2, mode) for mode in four_modes(core.shape)]
    a = [activation_packet(rng, core.shape, 2, RELEASE, panel.user) for panel in w]
    await core.send(w, a, quiet=patience(core))
    assert (core.error, core.tiles) == (0, 4)


def stalls(slow):
    """Stalls: none, or such that result beats wait and inputs have gaps."""
    return {"m": Stall("random", chance=0.8), "a": Stall("random", chance=0.3)} if slow else None


@cocotb.test(timeout_time=10, timeout_unit="ms")
@cocotb.parametrize(slow=[False, True], times=[1, 2, 3])
async def soft(dut, slow, times):
    """One or more soft resets at cycles throughout the workload; then its remainder, then normal work."""
    core = await reset_injection.core(dut)
    rng = np.random.default_rng([int(os.environ["COCOTB_RANDOM_SEED"]), slow, times])
    w, a = workload(rng, core.shape)
    core.cuts.clear()
    length = 2 * max(sum(map(len, w)), sum(map(len, a))) + core.shape.height(core.shape.modes[-1]) * 10
    step = (4 if times == 1 else 15) * (1 + slow)
    for at in range(int(rng.integers(step)), length * (1 + slow), step):
        await core.send(
            w, a, stalls=stalls(slow), seed=at + 1, inject=SOFT, at=at, times=times, quiet=patience(core)
        )
        while core.halted or core.waiting:  # packets that wait for others, which the reset discarded
            await core.soft_reset()
        await core.soft_reset()
        await clean(core, rng)
    if times == 1:
        wanted = {"w", "a"} | ({"m"} if core.shape.rows > 1 else set()) | ({"offered"} if slow else set())
        missed = {cut for cut in wanted if not core.cuts[cut]}
        assert not missed, f"no reset fell into: {', '.join(sorted(missed))}"


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def hard(dut):
    """rst at every cycle of the workload, mostly for one cycle; the upstream restarts with the core."""
    core = await reset_injection.core(dut)
    rng = np.random.default_rng(int(os.environ["COCOTB_RANDOM_SEED"]))
    w, a = workload(rng, core.shape)
    length = 2 * max(sum(map(len, w)), sum(map(len, a))) + core.shape.rows * 10
    for at in range(int(rng.integers(stride(8))), length, stride(8)):
        times = int(rng.choice([1, 1, 1, 2, 3, 4]))
        await core.set_watchdog(99)
        if await core.send(w, a, seed=at + 1, inject=HARD, at=at, times=times):
            assert await core.read(registers.WATCHDOG) == registers.WATCHDOG_RESET
            await clean(core, rng)
        await core.reset()


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def idle(dut):
    """Soft resets of an idle core, once or many times, before and after work."""
    core = await reset_injection.core(dut)
    rng = np.random.default_rng(int(os.environ["COCOTB_RANDOM_SEED"]))
    for times in (1, 2, 5, 15):
        await core.soft_reset(times)
        await clean(core, rng)


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def panels_are_forgotten(dut):
    """A soft reset empties the panel buffer and closes an open tile, without truncating a packet."""
    core = await reset_injection.core(dut)
    rng = np.random.default_rng(int(os.environ["COCOTB_RANDOM_SEED"]))
    shape = core.shape
    w = [weight_packet(rng, shape, 2, shape.modes[-1]) for _ in range(3)]
    for sent in (1, 2, 3):
        # 3: the third panel's record is accepted, its slices wait and are discarded
        await core.send(w[:sent], [activation_packet(rng, shape, 2, KEEP, shape.modes[-1])], quiet=24)
        await core.soft_reset()
        await clean(core, rng)
        await core.soft_reset()
