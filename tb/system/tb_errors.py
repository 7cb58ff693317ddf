# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Every error of the core, one by one: only the named STATUS bit is set, and the core stops.

What could be wrong here, and which case would show it:
  an error raises no bit, another one, or two        every case names its own bit
  a tile of wrong sums leaves before the core stops  the model: complete tiles up to the error, none after
  an upstream hangs at a core that has stopped       packets after the error are accepted, see `recover`
  state of the error survives the soft reset         `recover`: normal operation immediately
  the error is only seen in one half of the buffer   each is put into the first panel, the second and so on
  the error is only handled while the output is free `blocked`
  the interrupt ignores its enable                   `interrupt`
  the watchdog fires on a core that only waits       `patience`
"""

import os

import cocotb
import numpy as np

from macrame.host import registers
from macrame.sim.beats import Stall
from tb.lib import reset_injection
from tb.lib.random_packets import activation_packet, resized, weight_packet
from tb.models.core_model import (
    A_TOO_LONG,
    K_MISMATCH,
    KEEP,
    MODE_ILLEGAL,
    PANEL_STUCK,
    RECORD_SHORT,
    RELEASE,
    W_TOO_LONG,
    Packet,
    phases,
)

MODES = (*range(16), 16, 20, 32, 64, 127, 128, 129, 132, 252, 255)


def panels(rng, shape, lengths, mode=None):
    """Weight panels of these lengths, in any mode unless one is given, and two activation panels for each."""
    w = [weight_packet(rng, shape, slices, mode) for slices in lengths]
    a = [
        activation_packet(rng, shape, slices, flags, panel.user)
        for panel, slices in zip(w, lengths)
        for flags in (0, RELEASE)
    ]
    return w, a


async def recover(core, rng):
    """All input of a halted core is discarded; after a soft reset it works immediately."""
    lengths = (2, 1)
    error, tiles = core.error, core.tiles
    assert error, "no error to recover from"
    w, a = panels(rng, core.shape, lengths)
    await core.send([*w, resized(rng, w[0], 1)], a, quiet=32)
    assert (core.error, core.tiles) == (error, tiles)
    await core.soft_reset()
    assert (core.error, core.tiles) == (0, 0)
    await core.send(*panels(rng, core.shape, lengths), quiet=48)
    assert (core.error, core.tiles) == (0, 2 * len(lengths))
    await core.soft_reset()


async def begin(dut):
    """The core, and random numbers."""
    return await reset_injection.core(dut), np.random.default_rng(int(os.environ["COCOTB_RANDOM_SEED"]))


def expect(core, error, tiles=None):
    """Check the error bit and the number of tiles."""
    names = registers.error_names
    assert core.error == error, f"STATUS says {names(core.error)}, expected {names(error)}"
    assert tiles is None or core.tiles == tiles, f"{core.tiles} tiles, expected {tiles}"


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(at=[0, 1, 4], difference=[-1, 1, 0])
async def k_mismatch(dut, at, difference):
    """An activation panel is one slice shorter or longer than its weights, or half as long (0)."""
    core, rng = await begin(dut)
    shape = core.shape
    for slices in (2, shape.slices_max):
        if difference == 1 and slices == shape.slices_max:
            continue
        w, a = panels(rng, shape, [slices] * 3)
        turns = phases(w[at // 2].user)
        for count in (
            {difference, difference * turns} if difference else {-slices * turns + slices * turns // 2}
        ):
            wrong = [*a[:at], resized(rng, a[at], slices * turns + count), *a[at + 1 :]]
            await core.send(w, wrong)
            expect(core, K_MISMATCH, at)
            await recover(core, rng)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def k_mismatch_in_open_tile(dut):
    """Earlier panels that left the tile open give no result either."""
    core, rng = await begin(dut)
    w, a = panels(rng, core.shape, [2, 3, 2], core.shape.modes[-1])
    a[3], a[4] = (Packet(a[index].data, a[index].user | KEEP) for index in (3, 4))
    a[5] = resized(rng, a[5], 1)
    await core.send(w, a)
    expect(core, K_MISMATCH, 3)
    await recover(core, rng)


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(at=[0, 1, 3], excess=[1, 5])
async def w_too_long(dut, at, excess):
    """A weight panel of more than the maximum slices, without activations, or with matching ones."""
    core, rng = await begin(dut)
    longest = core.shape.slices_max
    for served in (False, True):
        w, a = panels(rng, core.shape, [longest] * 4)
        w[at] = resized(rng, w[at], core.shape.record_beats + longest + excess)
        await core.send(w, a[: 2 * at + 2 * served])
        expect(core, W_TOO_LONG)
        await recover(core, rng)


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(at=[0, 3], excess=[1, 5])
async def a_too_long(dut, at, excess):
    """An activation panel of more than the maximum slices, on a weight panel of the maximum."""
    core, rng = await begin(dut)
    longest = core.shape.slices_max
    w, a = panels(rng, core.shape, [longest] * 3)
    a[at] = resized(rng, a[at], len(a[at]) + excess)
    await core.send(w, a)
    expect(core, A_TOO_LONG, at)
    await recover(core, rng)


@cocotb.test(timeout_time=2, timeout_unit="ms")
@cocotb.parametrize(at=[0, 1, 3])
async def record_short(dut, at):
    """tlast on each beat of a record; after the last of them no slice follows."""
    core, rng = await begin(dut)
    for beats in range(1, core.shape.record_beats + 1):
        w, a = panels(rng, core.shape, [2] * 4)
        w[at] = resized(rng, w[at], beats)
        await core.send(w, a[: 2 * at])
        expect(core, RECORD_SHORT)
        await recover(core, rng)


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def mode_illegal(dut):
    """Modes with every bit, in each panel; legal ones are never an error."""
    core, rng = await begin(dut)
    for number, mode in enumerate(mode for mode in MODES if mode not in core.shape.modes):
        at = number % 4
        w, a = panels(rng, core.shape, [2] * 4)
        w[at] = Packet(w[at].data, mode)
        await core.send(w, a[: 2 * at])
        expect(core, MODE_ILLEGAL)
        await recover(core, rng)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def format_mismatch(dut):
    """A tile is open, and the next weight panel has the other format: the same bit, and none of its sums."""
    core, rng = await begin(dut)
    formats = [
        modes
        for modes in ([m for m in core.shape.modes if m < 4], [m for m in core.shape.modes if m > 3])
        if modes
    ]
    for first, second in zip(formats, formats[::-1]) if len(formats) == 2 else ():
        for slices in (1, 3):
            w = [
                weight_packet(rng, core.shape, slices, int(rng.choice(modes)))
                for modes in (first, first, second)
            ]
            a = [
                activation_packet(rng, core.shape, slices, flags, panel.user)
                for panel, flags in zip(w, (RELEASE, RELEASE | KEEP, RELEASE))
            ]
            await core.send(w, a)
            expect(core, MODE_ILLEGAL, 1)
            await recover(core, rng)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def two_errors_in_one_beat(dut):
    """An illegal mode on a packet of a single beat is both errors at once."""
    core, rng = await begin(dut)
    w = resized(rng, weight_packet(rng, core.shape, 1, mode=9 + 16), 1)
    await core.send([w], [])
    expect(core, MODE_ILLEGAL | RECORD_SHORT, 0)
    await recover(core, rng)


@cocotb.test(timeout_time=2, timeout_unit="ms")
@cocotb.parametrize(error=["mode", "record", "length"])
async def prefetched(dut, error):
    """A faulty weight panel arrives while a good one is in use: tiles stop, and only complete ones leave."""
    core, rng = await begin(dut)
    shape = core.shape
    seen = set()
    for number, chance in enumerate((0.3, 0.3, 0.5, 0.7, 0.8, 0.9, 0.93, 0.95)):
        bad = weight_packet(rng, shape, shape.slices_max)
        bad = {
            "mode": Packet(bad.data, 77),
            "record": resized(rng, bad, 1),
            "length": resized(rng, bad, len(bad) + 1),
        }[error]
        w = [weight_packet(rng, shape, 3, mode=shape.modes[0]), bad]
        a = [activation_packet(rng, shape, 3, mode=shape.modes[0]) for _ in range(30)]
        pauses = {"w": Stall("random", chance=chance)}
        if number == 0:
            pauses["a"] = Stall("block", length=200)
        await core.send(w, a, stalls=pauses, seed=number + 1, quiet=400)
        expect(core, {"mode": MODE_ILLEGAL, "record": RECORD_SHORT, "length": W_TOO_LONG}[error])
        seen.add(core.tiles)
        await recover(core, rng)
    assert 0 in seen, "in no run did the error come before the first tile"
    assert len(seen) > 2, f"the error always came at the same time: {seen}"


@cocotb.test(timeout_time=2, timeout_unit="ms")
@cocotb.parametrize(length=[60, 2000])
async def blocked(dut, length):
    """The output is blocked at the time of the error: the good tiles wait, and leave afterwards."""
    core, rng = await begin(dut)
    await core.write(registers.CONTROL, 0)  # the player ends a transfer early on an interrupt
    core.interrupts = False
    w, a = panels(rng, core.shape, [2, 2, 2])
    a[2] = resized(rng, a[2], 1)
    await core.send(w, a, stalls={"m": Stall("block", length=length)}, quiet=length + 64)
    expect(core, K_MISMATCH, 2)
    await recover(core, rng)
    w[1] = Packet(w[1].data, 200)
    await core.send(w[:2], [], quiet=24)
    expect(core, MODE_ILLEGAL, 0)
    await recover(core, rng)


@cocotb.test(timeout_time=2, timeout_unit="ms")
@cocotb.parametrize(limit=[1, 30, 300])
async def panel_stuck(dut, limit):
    """Three panels, the first never released: the watchdog fires after its limit."""
    core, rng = await begin(dut)
    await core.set_watchdog(limit)
    w, a = panels(rng, core.shape, [2, 2, 2])
    await core.send(w, [a[0], a[0]], quiet=limit + 64)
    expect(core, PANEL_STUCK)
    await recover(core, rng)
    # a soft reset keeps the values of registers, including the watchdog's limit
    assert await core.read(registers.WATCHDOG) == limit
    await core.send(w, [a[0], a[1], a[2]], quiet=limit + 64)  # released, used, the second not released
    expect(core, 0, 3)
    await core.send([w[0]], [], quiet=limit + 64)
    expect(core, PANEL_STUCK, 3)
    await recover(core, rng)


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def patience(dut):
    """The watchdog does not fire if it is off, if only the output blocks, or while activations arrive."""
    core, rng = await begin(dut)
    w, a = panels(rng, core.shape, [2, 3, 2, 2])
    await core.set_watchdog(0)
    await core.send(w, [a[0]], quiet=1000)
    expect(core, 0, 1)
    await core.soft_reset()
    await core.reset()
    await core.set_watchdog(60)
    # many tiles, so that the result FIFO is full and weights and activations wait for it
    many = [*(activation_packet(rng, core.shape, 2, mode=w[0].user) for _ in range(120)), *a[1:]]
    await core.send(w, many, stalls={"m": Stall("block", length=3000)}, quiet=3100, patient=False)
    expect(core, 0, len(many))
    # the weights wait for many times the limit, but a beat is accepted now and then
    many = [*(activation_packet(rng, core.shape, 2, mode=w[0].user) for _ in range(60)), *a[1:]]
    await core.send(w, many, stalls={"a": Stall("bursts", length=50)}, quiet=128)
    expect(core, 0)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def interrupt(dut):
    """irq follows STATUS when it is enabled, and only then."""
    core, rng = await begin(dut)
    await core.write(registers.CONTROL, 0)
    core.interrupts = False
    await core.send([weight_packet(rng, core.shape, 1, mode=16)], [])
    expect(core, MODE_ILLEGAL)
    for enabled in (True, False, True):
        await core.write(registers.CONTROL, registers.CONTROL_IRQ_ENABLE * enabled)
        core.interrupts = enabled
        await core.send(quiet=20)
    await recover(core, rng)
