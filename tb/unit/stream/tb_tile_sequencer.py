# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""tile_sequencer in the simulator.

What could be wrong here, and which case would show it:
  a slice issued too early or too late     every cycle: issue must be exactly what the header's rules say;
                                           the model keeps dates, not counters that run down
  the gap after a raw tile, after a        `tiles`, `pairs`: all pairs of modes, K of 1
  requantised one, raw after requantised,
  a bfloat16 one
  a bfloat16 beat out of phase             `tiles` with stalls: the model counts from the tile's first beat
  a slice advanced before its fourth beat  `slice_advance` and `read` in every cycle
  int8 before the float sums have left     `pairs`
  the format changes in an open tile       `format_mismatch`
  a credit lost, or returned twice         `tiles`: rows leave at random, in the cycle of a start too; `brim`
  a tile started without enough space      `brim`: rows leave one by one
  an open tile (keep) ended or delayed     `tiles`: a third of the panels stay open
  the tag of another slice                 compared one cycle after issue
  stalls counted for the wrong side        at most one event per cycle, and it is the model's
  K shorter, longer, over SLICES_MAX       `errors`; one panel of exactly SLICES_MAX
  halt does not drain, or issues           `errors`
"""

import cocotb

from tb.lib.axis import STALLS, Source, pauses
from tb.lib.kit import Bench, Part

RELEASE, KEEP = 1, 2
EVENTS = ("issue", "stall_a", "stall_w", "stall_out", "pad", "error_k", "error_a_long", "error_format")
INT8, BF16 = (0, 1, 2, 3), (4, 5, 6, 7, 12, 13, 14, 15)


def beats_of(mode):
    """Beats of a slice, and rows of a tile over ROWS."""
    return 4 if mode in BF16 else 1


def kind_of(mode):
    """What the gap in front of a tile depends on."""
    return "bf16" if mode in BF16 else "requantised" if mode else "raw"


class TB(Bench):
    """Activations, weights (as panel_buffer would offer them), rows that leave; the model is the rules."""

    def __init__(self, dut, stalls="none"):
        super().__init__(dut, halted=0, row_sent=0)
        self.rows, self.slices_max, self.groups, self.post, self.all_credits, bf16 = (
            self.parameter(p) for p in ("ROWS", "SLICES_MAX", "ROW_CYCLES", "POST_LATENCY", "CREDITS", "BF16")
        )
        self.modes = (*INT8, *BF16) if bf16 else INT8
        before, after = STALLS[stalls]
        self.a = Source(self, "a_valid", "a_ready", ["a_user", "a_last"], pauses(before, self.rng))
        self.w = Source(
            self,
            "slice_ready",
            "slice_advance",
            ["slice_last", "slice_slot", "slice_mode"],
            pauses(before, self.rng),
        )
        self.leave_pause = pauses(after, self.rng)
        self.parts += [Part(self.rows_leave), Part(sample=self.check)]
        self.clear()

    def clear(self):
        """The model after a reset."""
        self.earliest = dict.fromkeys(
            ("raw", "requantised", "bf16"), self.cycle
        )  # when the next tile may end
        self.open, self.index, self.beat = False, 0, 0
        self.origin, self.tall = (
            None,
            None,
        )  # of the open tile: cycle of its first beat, whether it is bfloat16
        self.left_adders = self.cycle  # when float sums have
        self.reserved = 0  # rows of tiles begun, not yet left
        self.in_fifo = []  # cycle from which each row may leave
        self.op = None  # what the array is given in this cycle
        self.halted = False
        self.issued = self.tiles = 0
        self.seen = dict.fromkeys(EVENTS, 0)

    def panel(self, slices, mode, flags=RELEASE, slot=0, w_slices=None, beats=None):
        """An activation panel and the slices of its weight panel."""
        beats = slices * beats_of(mode) if beats is None else beats
        for i in range(beats):
            last = int(i == beats - 1)
            user = flags if last else int(self.rng.integers(4))  # counts on the last beat only
            self.a.send({"a_user": user, "a_last": last})
        count = slices if w_slices is None else w_slices
        self.w.send(
            *(
                {"slice_last": int(i == count - 1), "slice_slot": slot, "slice_mode": mode}
                for i in range(count)
            )
        )

    def rows_leave(self):
        self.left = int(bool(self.in_fifo) and self.in_fifo[0] <= self.cycle and not next(self.leave_pause))
        self.drive(row_sent=self.left, halted=int(self.halted))

    def check(self):
        """All outputs of this cycle. The sources sampled before: what was taken now is in `taken`."""
        now = self.cycle
        a, w = (s.taken[-1][1] if s.taken and s.taken[-1][0] == now else s.offered for s in (self.a, self.w))
        event = self.judge(a, w)
        for name in EVENTS:
            self.equal(self.read(name), int(name == event), f"{name} ({event or 'nothing'} expected)")
        issue = event == "issue"
        self.equal(self.read("slice_advance"), int(issue and self.whole(w)), "slice_advance")
        self.equal(self.read("a_ready"), int(issue or self.halted), "a_ready")
        self.equal(self.read("idle"), int(not self.open and not self.reserved), "idle")
        self.equal(self.read("op_valid"), int(self.op is not None), "op_valid")
        if self.op is not None:
            for name, value in self.op.items():
                self.equal(self.read(name), value, name)
        self.op = None
        if self.left:
            self.in_fifo.pop(0)
            self.reserved -= 1
        if event:
            self.seen[event] += 1
        if issue:
            self.advance(a, w)

    def judge(self, a, w):
        """Which event this cycle has, or None."""
        if self.halted or (a is None and w is None):
            return None
        if a is None or w is None:
            return "stall_a" if a is None else "stall_w"
        mode = w["slice_mode"]
        bf16 = mode in BF16
        if self.open and bf16 != self.tall:
            return "error_format"
        if self.whole(w) and not a["a_last"] and self.index == self.slices_max - 1:
            return "error_a_long"
        if a["a_last"] != (w["slice_last"] and self.whole(w)):
            return "error_k"
        if not self.open and self.reserved + self.rows * beats_of(mode) > self.all_credits:
            return "stall_out"
        ends = a["a_last"] and not a["a_user"] & KEEP
        if ends and self.cycle < self.earliest[kind_of(mode)]:
            return "pad"
        if bf16 and self.open and (self.cycle - self.origin) % 4 != self.beat:
            return "pad"
        if not bf16 and self.cycle < self.left_adders:
            return "pad"
        return "issue"

    def whole(self, w):
        """Does this beat complete its slice?"""
        return w["slice_mode"] not in BF16 or self.beat == 3

    def gaps(self, mode):
        """Cycles from the last beat of a tile of this mode to that of the next one, by its kind."""
        rows_take = self.rows * beats_of(mode) * (1 if kind_of(mode) == "raw" else self.groups)
        if mode in BF16:  # sums come 3 cycles later than int8's; the first of four no later than int8's
            early = 4 - self.groups if self.groups in (2, 3) else 0
            return {"bf16": rows_take + early, "requantised": rows_take + 3, "raw": rows_take + 3 + self.post}
        return {"bf16": rows_take, "requantised": rows_take, "raw": rows_take + (self.post if mode else 0)}

    def advance(self, a, w):
        last, mode = a["a_last"], w["slice_mode"]
        ends = last and not a["a_user"] & KEEP
        self.equal(self.read("panel_release"), a["a_user"] & RELEASE if last else 0, "panel_release")
        if not self.open:
            self.reserved += self.rows * beats_of(mode)
            self.origin, self.tall = self.cycle, mode in BF16
        self.open = not ends
        if self.whole(w):
            self.index = 0 if last else self.index + 1
        if mode in BF16:
            self.beat = (self.beat + 1) % 4
            self.left_adders = self.cycle + 4
        self.issued += 1
        self.op = {"op_last": int(ends), "op_slot": w["slice_slot"], "op_mode": mode}
        if ends:
            self.tiles += 1
            self.earliest = {kind: self.cycle + gap for kind, gap in self.gaps(mode).items()}
            each = 1 if kind_of(mode) == "raw" else self.groups
            self.in_fifo += [self.cycle + 8 + r * each for r in range(self.rows * beats_of(mode))]

    async def finish(self):
        """Everything issued, every row left."""
        await self.until(
            lambda: self.a.empty and self.w.empty and not self.reserved and not self.op, cycles=80_000
        )
        await self.step(3)
        self.equal(self.read("idle"), 1, "idle at the end")

    async def reset(self):
        self.drive(rst=1)
        self.a.clear()
        self.w.clear()
        parts, self.parts = self.parts, []
        self.drive(a_valid=0, slice_ready=0, row_sent=0, halted=0)
        await self.step()
        self.parts = parts
        self.drive(rst=0)
        self.clear()


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(stalls=["none", "random", "bursts", "slow_in", "late_out"])
async def tiles(dut, stalls):
    """Panels of 1 slice and more, all modes after each other, open tiles, rows that leave late."""
    tb = TB(dut, stalls)
    await tb.start()
    keep, modes = False, tb.modes
    for i in range(70):
        slices = 1 if i % 3 == 0 else int(tb.rng.integers(1, min(tb.slices_max, tb.rows * tb.groups + 2) + 1))
        mode = int(tb.rng.choice(modes))
        keep = tb.rng.random() < 0.3 and i < 69
        modes = (BF16 if mode in BF16 else INT8) if keep else tb.modes  # an open tile has one format
        tb.panel(
            slices,
            mode=mode,
            flags=int(tb.rng.integers(2)) * RELEASE + KEEP * keep,
            slot=int(tb.rng.integers(4)),
        )
    await tb.finish()
    assert stalls != "none" or tb.seen["pad"] > 5
    assert not any(tb.seen[name] for name in EVENTS if name.startswith("error"))


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def pairs(dut):
    """Every mode after every mode, K of 1: the second tile ends exactly as early as the rule allows."""
    tb = TB(dut)
    await tb.start()
    for first in tb.modes:
        for second in tb.modes:
            tb.panel(1, first)
            tb.panel(1, second)
            await tb.finish()
            await tb.step(4 * tb.rows * tb.groups + tb.post + 3)
            lasts = [cycle for cycle, beat in tb.a.taken if beat["a_last"]]
            one, two = lasts[-2:]
            distance = max(tb.gaps(first)[kind_of(second)], 4 if first in BF16 else 1)
            if second in BF16:  # its beats go in turns of four
                distance = -(-distance // 4) * 4
            if tb.all_credits >= tb.rows * (beats_of(first) + beats_of(second)):
                tb.equal(two - one, distance, f"cycles between last slices, mode {first} then {second}")


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def no_bubble(dut):
    """Tiles as long as their rows take: a slice in every cycle, for as long as rows leave."""
    tb = TB(dut)
    await tb.start()
    tiles = 0
    for mode in (0, 4)[: 1 + (4 in tb.modes)]:
        begin, length = tb.cycle, tb.rows * (tb.groups if mode else 1)
        if mode and tb.groups in (2, 3):
            length += 1  # the first sum of four would come too early
        if length <= tb.slices_max:
            before = len(tb.a.taken)
            for _ in range(20):
                tb.panel(length, mode)
            await tb.finish()
            cycles = [cycle for cycle, _ in tb.a.taken[before:]]
            if tb.all_credits >= (3 * tb.rows + 10) * beats_of(mode):
                tb.equal(cycles, list(range(begin, begin + 20 * length * beats_of(mode))), "cycles of issue")
            tiles += 20
    tb.equal(tb.tiles, tiles, "tiles")


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def brim(dut):
    """No row leaves: tiles start while there is space; then rows leave one by one, and each counts once."""
    tb = TB(dut)
    await tb.start()
    stop = True
    tb.leave_pause = iter(lambda: stop, None)  # reads the current value
    for _ in range(3 * tb.all_credits // tb.rows + 3):
        tb.panel(1, 0)
    await tb.step(tb.all_credits + tb.rows + 10)
    tb.equal(tb.tiles, tb.all_credits // tb.rows, "tiles begun with no row leaving")
    tb.equal(tb.read("stall_out"), 1, "stall_out")
    for _ in range(2 * tb.rows + 1):
        stop = False
        await tb.step()
        stop = True
        await tb.step(tb.rows + 2)
    stop = False
    await tb.finish()


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def errors(dut):
    """The activation panel too short, too long, longer than SLICES_MAX; not issued, and halt drains."""
    tb = TB(dut)
    await tb.start()
    most = tb.slices_max
    cases = [(most, most, None, 2), (most + 1, most, "error_a_long", 2)]
    if most > 1:
        cases += [(*k, "error_k", 2) for k in ((1, 2), (2, 1), (most - 1, most), (most, most - 1))]
    if 4 in tb.modes:
        cases += [(*case[:3], 5) for case in cases]
    for a_slices, w_slices, error, mode in cases:
        tb.panel(1, 1)
        tb.panel(a_slices, mode, w_slices=w_slices)
        tb.panel(1, 0)
        if error is None:
            await tb.finish()
        else:
            await tb.until(lambda name=error: tb.seen[name])
            tb.halted = True  # the register block does that, one cycle later
            await tb.until(lambda: tb.a.empty)
            tb.equal(
                tb.issued, 1 + min(a_slices, w_slices) * beats_of(mode) - 1, f"beats issued before {error}"
            )
            tb.equal(tb.seen[error], 1, f"cycles of {error}")
        await tb.reset()


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def format_mismatch(dut):
    """tlast within a bfloat16 slice; a panel of the other format while a tile is open."""
    tb = TB(dut)
    await tb.start()
    cut = [(dict(slices=2, mode=4, beats=n), "error_k") for n in (1, 2, 3, 5, 6, 7)]
    other = [(dict(slices=1, mode=mode), "error_format") for mode in (0, 3, 4, 15)]
    for panel, error in cut + other if 4 in tb.modes else []:
        if error == "error_format":
            tb.panel(1, 4 if panel["mode"] < 4 else 1, KEEP)
        before = 0 if error == "error_k" else 4 if panel["mode"] < 4 else 1
        tb.panel(**panel)
        await tb.until(lambda name=error: tb.seen[name], what=error)
        tb.halted = True
        await tb.until(lambda: tb.a.empty)
        tb.equal(tb.issued, before + panel.get("beats", 1) - 1, f"beats issued before {error}")
        await tb.reset()


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def reset(dut):
    """A reset in an open tile, gaps running and credits out: the next tile starts at once."""
    tb = TB(dut)
    await tb.start()
    for _ in range(4):
        tb.leave_pause = pauses("none", None)
        tb.panel(1, 3)
        tb.panel(1, 3, KEEP)
        await tb.step(tb.rows * tb.groups + 3)
        await tb.reset()
        start = tb.cycle
        tb.panel(1, 0)
        await tb.finish()
        tb.equal(tb.a.taken[-1][0], start, "cycle of the first slice after the reset")
        await tb.reset()
