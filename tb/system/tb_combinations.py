# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Every bin of functional coverage that a shape of the core can reach, one packet sequence for each.

What could be wrong here: a combination that random packets rarely contain, such as a tile whose middle panel
is used a second time and then kept, or a reset that falls into a packet of weights and one of results, but
between two of activations. `tb.lib.bins` lists the combinations. Each test plays those of one cross until
none is missing, and fails if one is.
"""

import os

import cocotb
import numpy as np

from macrame.sim.beats import Stall
from tb.lib import bins, reset_injection
from tb.lib.random_packets import activation_packet, resized, weight_packet
from tb.lib.reset_injection import SOFT
from tb.models.core_model import HALVES, KEEP, RELEASE, Packet

WATCHDOG = 40
#: Transfers for one bin of `reset`, each with the reset a cycle later.
CYCLES = 400


async def begin(dut):
    """The core, and random numbers."""
    core = await reset_injection.core(dut)
    await core.set_watchdog(WATCHDOG)
    return core, np.random.default_rng(int(os.environ["COCOTB_RANDOM_SEED"]))


def reachable(cross, shape):
    """The bins of a cross that a core of this shape can reach."""
    modes = {bins.mode_name(mode) for mode in shape.modes}
    fixed = {
        "mode": modes,
        "format": bins.formats(Packet(None, mode) for mode in shape.modes),
        "rows": {bins.rows_name(shape)},
        "depth": {bins.depth_name(shape)},
        "core": {shape.formats},
    }
    if cross == "reset" and shape.rows == 1 and shape.formats == "INT8":
        fixed["results"] = {"between packets"}  # a tile is one beat
    axes = list(bins.CROSSES[cross].axes)
    found = bins.CROSSES[cross].bins()
    return [b for b in found if all(value in fixed.get(axis, {value}) for axis, value in zip(axes, b))]


def missing(cross, shape):
    """The bins of a cross that no test of this simulation has reached."""
    return [values for values in reachable(cross, shape) if not bins.counts[cross][values]]


def check(cross, shape):
    """Fail if a bin is missing."""
    left = missing(cross, shape)
    assert not left, f"{cross}: {len(left)} bins missing: {'; '.join(', '.join(b) for b in left[:5])}"


def mode_of(shape, values):
    """A mode of a shape with the name or the format of a bin."""
    name = values.get("mode")
    fitting = [m for m in shape.modes if name in (None, bins.mode_name(m))]
    return next(m for m in fitting if values.get("format") in (None, bins.format_of(m)))


def tile(rng, shape, values):
    """Packets with a panel in the place, of the length and with the use that a bin asks for.

    Parameters
    ----------
    rng : numpy.random.Generator
    shape : core_model.Shape
    values : dict of str to str
        Of a bin of ``tile`` or ``panel``.

    Returns
    -------
    w, a : list of core_model.Packet
    """
    mode, longest = mode_of(shape, values), shape.slices_max
    slices = {"one": 1, "the most": longest}.get(values.get("slices"), max(2, longest - 1))
    count = {"alone": 1, "first": 2, "last": 2, "middle": 3}[values["chain"]]
    place = {"alone": 0, "first": 0, "middle": 1, "last": count - 1}[values["chain"]]
    again, released = values.get("use") == "used again", values["release"] == "released"
    w, a = [], []

    def use(panel, keep, release):
        size = len(panel) - shape.record_beats
        a.append(activation_packet(rng, shape, size, RELEASE * release | KEEP * keep, mode))

    def load(size):
        w.append(weight_packet(rng, shape, size, mode))
        return w[-1]

    wanted = None
    if again and place == 0:
        wanted = load(slices)
        use(wanted, keep=False, release=False)
    for number in range(count):
        keep = number < count - 1
        if number == place:
            wanted = wanted or load(slices)
            use(wanted, keep, released)
        elif number == place - 1 and again:
            wanted = load(slices)
            use(wanted, keep, release=False)
        elif number > place and not released:
            use(wanted, keep, release=number == count - 1)
        else:
            use(load(1), keep, release=True)
    if not released and place == count - 1:
        use(wanted, keep=False, release=True)
    return w, a


@cocotb.test(timeout_time=20, timeout_unit="ms")
@cocotb.parametrize(cross=["tile", "panel"])
async def tiles(dut, cross):
    """Each place of a panel in a tile, in each mode, released or kept, used once or again, of each length."""
    core, rng = await begin(dut)
    axes = list(bins.CROSSES[cross].axes)
    for values in missing(cross, core.shape):
        w, a = tile(rng, core.shape, dict(zip(axes, values)))
        await core.send(w, a, patient=False)
        assert not core.error
        assert bins.counts[cross][values], f"{cross}: {', '.join(values)}: not what was played"
    check(cross, core.shape)


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def stalls(dut):
    """Each kind of stall of each stream with each of the others."""
    core, rng = await begin(dut)
    await core.set_watchdog(0)
    axes = list(bins.CROSSES["stall"].axes)
    for number, values in enumerate(missing("stall", core.shape)):
        wanted = dict(zip(axes, values))
        mode, length = mode_of(core.shape, wanted), core.shape.slices_max
        w = [weight_packet(rng, core.shape, size, mode) for size in (1, length, 1)]
        a = [activation_packet(rng, core.shape, size, RELEASE, mode) for size in (1, length, 1)]
        kinds = {stream: Stall(kind, length=24) for stream, kind in zip("wam", values[1:])}
        await core.send(w, a, stalls=kinds, seed=number + 1, quiet=120, patient=False)
    check("stall", core.shape)


def mistake(rng, shape, error):
    """Packets that raise an error."""
    mode, head, longest = int(rng.choice(shape.modes)), shape.record_beats, shape.slices_max
    w = [weight_packet(rng, shape, longest, mode)]
    a = [activation_packet(rng, shape, longest, RELEASE, mode)]
    if error == "k_mismatch":
        a = [activation_packet(rng, shape, longest - 1, RELEASE, mode)]
    elif error == "w_too_long":
        w = [resized(rng, w[0], head + longest + 1)]
    elif error == "a_too_long":
        a = [activation_packet(rng, shape, longest + 1, RELEASE, mode)]
    elif error == "record_short":
        w = [Packet(w[0].data[:head], mode)]
    elif error == "mode_illegal":
        w = [Packet(w[0].data, 0xFF)]
    else:  # never released
        w = w * (HALVES + 1)
        a = [Packet(a[0].data, 0)]
    return w, a


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def errors(dut):
    """Each error, cleared by a soft reset, by one while packets arrive, and by a hard reset."""
    core, rng = await begin(dut)
    for error, _, by in reachable("error", core.shape):
        await core.set_watchdog(WATCHDOG)
        w, a = mistake(rng, core.shape, error)
        await core.send(w, a)
        assert core.error == 1 << bins.ERRORS.index(error), f"{error}: STATUS has {core.error:#x}"
        if by == "hard reset":
            await core.reset()
        elif by == "soft reset":
            await core.soft_reset()
        else:
            w, a = tile(rng, core.shape, {"chain": "alone", "release": "released"})
            assert await core.send(w, a, inject=SOFT, at=2)
            while core.halted or core.waiting:
                await core.soft_reset()
            await core.soft_reset()
    check("error", core.shape)


@cocotb.test(timeout_time=100, timeout_unit="ms")
async def resets(dut):
    """A soft reset at each cycle of slow streams, until it has cut every combination of their packets."""
    core, rng = await begin(dut)
    await core.set_watchdog(0)
    shape = core.shape
    slow = {
        "w": {"w": Stall("random", chance=0.9), "m": Stall("random", chance=0.7)},
        "m": {"m": Stall("random", chance=0.9)},
        "a": {"a": Stall("random", chance=0.8), "m": Stall("random", chance=0.8)},
    }
    for at in range(1, CYCLES):
        if not missing("reset", shape):
            break
        for number in sorted({values[0] for values in missing("reset", shape)}):
            mode = mode_of(shape, {"format": number})
            for stalls_ in slow.values():
                w = [weight_packet(rng, shape, size, mode) for size in (1, 1, shape.slices_max, 1)]
                a = [activation_packet(rng, shape, size, RELEASE, mode) for size in (1, 1, shape.slices_max)]
                await core.send(w, a, stalls=stalls_, seed=at, inject=SOFT, at=at, quiet=120)
                while core.halted or core.waiting:
                    await core.soft_reset()
                await core.soft_reset()
    check("reset", shape)
