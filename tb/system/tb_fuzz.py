# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Random packets, errors, stalls and resets, in any order, compared with ``core_model``.

What could be wrong here: cases not considered elsewhere. A sequence starts with a hard reset and is one to
three transfers long. A transfer holds up to four weight panels and the activation panels that use them, with
lengths that favour one slice and the longest, all modes, records of random bits, panels used again, tiles
left open. Most sequences carry an error: a panel that is shorter, longer, too long, never released, lost or
sent twice; a record cut short; an illegal mode. Every stream pauses in its own way, and a reset falls into
one transfer in three. The packets after an error or a reset check that the core works normally.

Sequences do not depend on each other. The plusarg `sequences` says how many are played, `sequence` picks a
single one.
"""

import os

import cocotb
import numpy as np

from tb.lib import reset_injection
from tb.lib.random_packets import activation_packet, modes_alike, resized, weight_packet
from tb.lib.reset_injection import HARD, SOFT, random_stalls
from tb.models.core_model import HALVES, KEEP, RELEASE, Packet, phases

WATCHDOG = 40
SEQUENCES = 300


def _length(rng, longest):
    """Slices of a panel: one, the maximum, or random."""
    return int(rng.choice([1, longest, rng.integers(1, longest + 1)]))


def packets(rng, shape, faulty):
    """Two matching streams of packets, optionally with an error."""
    w, a, turns = [], [], []
    longest, modes = shape.slices_max, shape.modes
    count = int(rng.integers(1, 5))
    for _ in range(count):
        slices, mode = _length(rng, longest), int(rng.choice(modes))
        w.append(weight_packet(rng, shape, slices, mode))
        uses = int(rng.choice([1, 1, 2, 3]))
        for use in range(uses):
            keep = rng.random() < 0.2
            a.append(activation_packet(rng, shape, slices, RELEASE * (use == uses - 1) | KEEP * keep, mode))
            turns.append(phases(mode))
        # an open tile of one format met by the other is a separate error: one in ten
        modes = modes_alike(shape, mode) if keep and rng.random() < 0.9 else shape.modes
    if faulty:
        _spoil(rng, shape, w, a, turns)
    return w, a


def _spoil(rng, shape, w, a, turns):
    """Inject one error, or a legal irregularity, into the streams; `turns`: beats per slice of each panel."""
    longest, head = shape.slices_max, shape.record_beats
    which, user = int(rng.integers(len(w))), int(rng.integers(len(a)))
    kind = rng.choice(
        [
            "w_length",
            "a_length",
            "w_too_long",
            "a_too_long",
            "record",
            "mode",
            "release",
            "flags",
            "lost",
            "twice",
        ]
    )
    if kind == "w_length":
        w[which] = resized(rng, w[which], head + _length(rng, longest))
    elif kind == "a_length":
        beats = _length(rng, longest + 2) * turns[user] + int(rng.integers(turns[user]))
        a[user] = resized(rng, a[user], beats)
    elif kind == "w_too_long":
        w[which] = resized(rng, w[which], head + longest + int(rng.integers(1, 5)))
    elif kind == "a_too_long":
        w[:] = [resized(rng, w[0], head + longest), *w[1:]]
        a[:] = [resized(rng, a[0], longest * turns[0] + int(rng.integers(1, 5))), *a]
    elif kind == "record":
        w[which] = Packet(w[which].data[: int(rng.integers(1, head + 1))], w[which].user)
    elif kind == "mode":
        illegal = [mode for mode in (4, 5, 7, 8, 11, 16, 20, 128, 252, 255) if mode not in shape.modes]
        w[which] = Packet(w[which].data, int(rng.choice([*illegal, rng.integers(256)])))
    elif kind == "release":
        first = next(index for index, packet in enumerate(a) if packet.user & RELEASE)
        a[:] = [Packet(packet.data, packet.user & ~RELEASE) for packet in a[: first + 1]]
        w += w[-1:] * (HALVES if rng.random() < 0.7 else 0)
    elif kind == "flags":
        a[user] = Packet(a[user].data, int(rng.integers(4)))
    elif kind == "lost":
        del (w if rng.random() < 0.5 else a)[0]
    else:
        stream, index = (w, which) if rng.random() < 0.5 else (a, user)
        stream.insert(index, stream[index])


async def play(core, rng):
    """One sequence."""
    await core.reset()
    await core.set_watchdog(WATCHDOG if rng.random() < 0.7 else 0)
    transfers = int(rng.choice([1, 2, 2, 3]))
    fault_in = int(rng.integers(0, transfers)) if rng.random() < 0.6 else None
    for transfer in range(transfers):
        w, a = packets(rng, core.shape, transfer == fault_in)
        inject, at = None, 0
        if rng.random() < 0.33:
            inject = HARD if rng.random() < 0.15 else SOFT
            at = int(rng.integers(0, 2 * max(sum(map(len, w)), sum(map(len, a))) + 30))
        if core.halted or rng.random() < 0.1:
            if rng.random() < 0.6:
                await (
                    core.soft_reset()
                )  # while idle; otherwise in the middle of the next transfer, or not at all
            elif inject is None:
                inject, at = SOFT, int(rng.integers(0, 20))
        hit = await core.send(
            w,
            a,
            stalls=random_stalls(rng),
            seed=int(rng.integers(1, 2**31)),
            patient=rng.random() < 0.3,
            inject=inject,
            at=at,
            times=at % 4 + 1 if inject == HARD else 1,
        )
        if hit and inject == HARD:
            await core.set_watchdog(WATCHDOG)


@cocotb.test(timeout_time=200, timeout_unit="ms")
async def fuzz(dut):
    """Play sequences of packets until one differs from the model."""
    seed = int(os.environ["COCOTB_RANDOM_SEED"])
    core = await reset_injection.core(dut)
    only = cocotb.plusargs.get("sequence")
    chosen = [int(only)] if only is not None else range(int(cocotb.plusargs.get("sequences", SEQUENCES)))
    shape = core.shape
    for number in chosen:
        rng = np.random.default_rng([seed, shape.rows, shape.cols, shape.depth, number])
        try:
            await play(core, rng)
        except AssertionError as error:
            raise AssertionError(f"sequence {number} of seed {seed}: {error}") from error
    dut._log.info(
        "%d sequences, %d transfers, %d lives, %d errors, %d cycles",
        len(chosen),
        core.transfers,
        core.lives,
        core.errors,
        int(core.u.cycle.value),
    )
    if only is None and len(chosen) >= SEQUENCES:
        assert core.errors > len(chosen) // 8, "the sequences have too few errors"
        assert core.seen == 0x3F, f"the sequences raise only these of the errors: {core.seen:06b}"
        assert core.lives > len(chosen) * 3 // 2, "the sequences have too few resets"
