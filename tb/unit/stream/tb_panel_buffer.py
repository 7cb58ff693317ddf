# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""panel_buffer in the simulator.

What could be wrong here, and which case would show it:
  a slice read before it is written, or later than necessary   `panels`: slice_ready is predicted, the reader
                                                               follows directly after the writer
  replay does not begin at slice 0, or ends early              panels are used 1 to 4 times, K from 1 slice
  a release frees the wrong half, or none                      random data in each panel; in_ready predicted
  the writer overwrites a panel in use                         the reader pauses, in bursts and late
  a record is not accepted while both halves are full          `panels` with a late reader; `prefetch`
  it is accepted too early after a release (SETTLE)            in_ready predicted; `prefetch` to the cycle
  slot, mode or record beat of another panel                   compared with each slice, with each beat
  tuser or tlast sampled in the wrong beat                     tuser is random in all beats but the first
  SLICES_MAX itself rejected, one more accepted                `errors`
  an error strobe missing, doubled or of the wrong name        `errors`: all strobes in every cycle
  halt does not drain, or still writes                         `halted`, `errors`
  a panel cut by a reset leaves something behind               `reset`
"""

import cocotb
import numpy as np

from tb.lib.axis import STALLS, Source, pauses
from tb.lib.kit import Bench, Part, word

ERRORS = ("error_mode", "error_record", "error_w_long")


class Panel:
    """A weight panel: mode, record beats and slices, and how often it is used."""

    def __init__(self, mode, record, slices, uses):
        self.mode, self.record, self.slices, self.uses = mode, record, slices, uses
        self.written = 0  # slices written before this cycle


class TB(Bench):
    """A source of panels, a reader instead of the sequencer; the model tracks the contents of both halves."""

    def __init__(self, dut, stalls="none"):
        super().__init__(dut, halted=0, slice_advance=0, panel_release=None)
        self.cols, self.depth, self.slices_max, self.settle, int8, bf16 = (
            self.parameter(p) for p in ("COLS", "LANE_BYTES", "SLICES_MAX", "SETTLE", "INT8", "BF16")
        )
        self.modes = [*range(4)] * int8 + [4, 5, 6, 7, 12, 13, 14, 15] * bf16
        self.record_beats = -(-12 // self.depth)
        before, after = STALLS[stalls]
        self.source = Source(
            self, "in_valid", "in_ready", ["in_data", "in_user", "in_last"], pauses(before, self.rng)
        )
        self.read_pause = pauses(after, self.rng)
        self.parts += [Part(self.read_slice), Part(sample=self.check)]
        self.halted = False
        self.clear()

    def clear(self):
        """The model after a reset."""
        self.panels = []
        self.n = self.beat = 0  # the panel being written, and the beat of it that comes next
        self.p = self.i = self.use = 0  # the panel being read, its slice, how often it was used
        self.settled = self.cycle  # first cycle in which a record may begin
        self.data = None  # expected w_data in this cycle
        self.reading, self.taking = None, False
        self.reads = 0  # of the slice available
        self.seen = dict.fromkeys(ERRORS, 0)

    def send(self, slices, mode=None, uses=1, cut=None, user=None):
        """A panel; `cut`: with tlast at that beat already; `user`: tuser of its first beat."""
        shape = (self.record_beats + slices, self.cols, self.depth)
        beats = self.rng.integers(0, 256, shape, np.uint8)
        mode = int(self.rng.choice(self.modes)) if mode is None else mode
        panel = Panel(mode, beats[: self.record_beats], beats[self.record_beats :], uses)
        self.panels.append(panel)
        end = len(beats) - 1 if cut is None else cut
        for b, beat in enumerate(beats[: end + 1]):
            first = mode if user is None else user
            self.source.send(
                {
                    "in_data": word(beat),
                    "in_last": int(b == end),
                    "in_user": first if b == 0 else int(self.rng.integers(256)),
                }
            )

    @property
    def readable(self):
        """The slice that may be taken in this cycle, or None."""
        panel = self.panels[self.p] if self.p < len(self.panels) else None
        return panel if panel and self.i < panel.written and not self.halted else None

    def read_slice(self):
        """Read the predicted slice, bfloat16 four times, and take it; release with the last slice of the
        last use."""
        panel, self.reading, self.taking = self.readable, None, False
        drop = None
        if panel and not next(self.read_pause):
            self.reading = panel
            self.taking = panel.mode < 4 or self.reads == 3
            last = self.i == len(panel.slices) - 1
            drop = int(last and self.use == panel.uses - 1)
        self.drive(slice_advance=int(self.taking), panel_release=drop, halted=int(self.halted))

    def check(self):
        """Compare all outputs of this cycle, then update the model."""
        now = self.cycle
        taken = bool(self.source.taken) and self.source.taken[-1][0] == now
        beat = self.source.taken[-1][1] if taken else self.source.offered
        record = self.beat < self.record_beats
        ready = (self.beat > 0 or now >= self.settled) if record else self.n - self.p < 2
        where = f"beat {self.beat} of panel {self.n}, panel {self.p} in use"
        self.equal(self.read("in_ready"), int(ready or self.halted), f"in_ready at {where}")
        accepted = taken and not self.halted
        if not self.halted:
            self.equal(
                self.read("in_blocked"),
                int(beat is not None and not record and not ready),
                f"in_blocked at {where}",
            )
        self.equal(self.read("record_write"), int(accepted and record), f"record_write at {where}")
        if accepted and record:
            self.equal(self.read("record_slot"), self.n % 4, f"record_slot at {where}")
            self.equal(self.read("record_beat"), self.beat, "record_beat")
        self.check_errors(beat if accepted else None, record)
        self.check_reader()
        if accepted:
            self.wrote(beat, record)
        if self.reading:
            self.took()

    def check_errors(self, beat, record):
        expected = dict.fromkeys(ERRORS, False)
        if beat is not None:
            expected["error_mode"] = self.beat == 0 and beat["in_user"] not in self.modes
            expected["error_record"] = record and bool(beat["in_last"])
            expected["error_w_long"] = (
                self.beat - self.record_beats == self.slices_max - 1 and not beat["in_last"]
            )
        for name, value in expected.items():
            self.equal(self.read(name), int(value), f"{name} at beat {self.beat} of panel {self.n}")
            self.seen[name] += value

    def check_reader(self):
        panel = self.readable
        where = f"panel {self.p}, use {self.use}, slice {self.i}"
        if not self.halted:
            self.equal(self.read("slice_ready"), int(panel is not None), f"slice_ready, {where}")
        if panel:
            self.equal(self.read("slice_last"), int(self.i == len(panel.slices) - 1), f"slice_last, {where}")
            self.equal(self.read("slice_slot"), self.p % 4, f"slice_slot, {where}")
            self.equal(self.read("slice_mode"), panel.mode, f"slice_mode, {where}")
        if self.data is not None:
            data, text = self.data
            self.equal(self.read("op_w"), data, f"op_w, {text}")
            self.data = None

    def wrote(self, beat, record):
        self.beat += 1
        if not record and not self.seen["error_w_long"]:
            self.panels[self.n].written += 1
        if beat["in_last"]:
            self.n += 1
            self.beat = 0

    def took(self):
        panel = self.reading
        self.data = (word(panel.slices[self.i]), f"panel {self.p}, use {self.use}, slice {self.i}")
        self.reads += 1
        if not self.taking:
            return
        self.reads = 0
        self.i += 1
        if self.i == len(panel.slices):
            self.i = 0
            self.use += 1
            if self.use == panel.uses:
                self.p, self.use = self.p + 1, 0
                self.settled = self.cycle + 1 + self.settle

    async def finish(self):
        """Whether all panels were written, used and released."""
        await self.until(lambda: self.source.empty and self.p == len(self.panels), cycles=40_000)
        await self.step(self.settle + 3)

    async def reset(self):
        self.source.clear()
        parts, self.parts = self.parts, []
        self.drive(rst=1, in_valid=0, slice_advance=0, halted=0)
        await self.step()
        self.parts = parts
        self.drive(rst=0)
        self.halted = False
        self.clear()


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(stalls=list(STALLS))
async def panels(dut, stalls):
    """Panels of every length, used once and often."""
    tb = TB(dut, stalls)
    await tb.start()
    for i in range(16):
        slices = tb.slices_max if i % 5 == 0 else int(tb.rng.integers(1, tb.slices_max + 1))
        tb.send(slices, uses=int(tb.rng.integers(1, 5)))
    await tb.finish()
    assert not any(tb.seen.values())


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def prefetch(dut):
    """Both halves full: the third panel's record is taken, its slices wait; a release lets them in."""
    tb = TB(dut)
    await tb.start()
    for uses in (1, 2):
        tb.read_pause = pauses("late", None, late=5 * (tb.record_beats + tb.slices_max))
        for _ in range(4):
            tb.send(tb.slices_max, uses=uses)
        await tb.step(4 * (tb.record_beats + tb.slices_max))
        tb.equal((tb.n - tb.p, tb.beat), (2, tb.record_beats), "panel and beat at which the writer waits")
        tb.equal(tb.read("in_blocked"), 1, "in_blocked")
        await tb.finish()


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def errors(dut):
    """An illegal mode, tlast in each beat of the record, a panel too long; then halt drains what follows."""
    tb = TB(dut)
    await tb.start()
    bad = [
        ("error_mode", dict(slices=1, user=user))
        for user in (*{0, 3, 4, 7, 8, 12, 15} - {*tb.modes}, 0x10, 0x24, 0x80, 0xFF)
    ]
    bad += [("error_record", dict(slices=1, cut=beat)) for beat in range(tb.record_beats)]
    bad += [("error_w_long", dict(slices=tb.slices_max + extra)) for extra in (1, 2)]
    for name, panel in bad:
        tb.send(tb.slices_max, uses=1)
        tb.send(**panel)
        for _ in range(4):  # more than both halves and a record
            tb.send(1)
        await tb.until(lambda name=name: tb.seen[name], what=name)
        tb.halted = True  # the register block does that, one cycle later
        began = tb.cycle
        left = len(tb.source.queue) + (tb.source.offered is not None)
        await tb.until(lambda: tb.source.empty)
        tb.equal(tb.cycle - began, left, f"cycles to drain the beats left after {name}")
        tb.equal(sum(tb.seen.values()), 1, "error strobes")
        await tb.reset()
        tb.send(tb.slices_max, uses=2)
        tb.send(1)
        await tb.finish()


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def halt(dut):
    """Halted by another module's error, writer blocked or after a release: one beat per cycle drains."""
    tb = TB(dut)
    await tb.start()
    for blocked in (True, False):
        tb.read_pause = pauses("late", None, late=10_000) if blocked else pauses("none", None)
        for _ in range(8):
            tb.send(tb.slices_max)
        if blocked:
            await tb.step(4 * (tb.record_beats + tb.slices_max))
            tb.equal(tb.read("in_blocked"), 1, "in_blocked")
        else:
            await tb.until(lambda: tb.beat == 0 and tb.cycle < tb.settled, what="a record that must wait")
        tb.halted = True
        began, left = tb.cycle, len(tb.source.queue) + (tb.source.offered is not None)
        await tb.until(lambda: tb.source.empty)
        tb.equal(tb.cycle - began, left, "cycles to drain the beats left")
        await tb.reset()
        tb.send(tb.slices_max)
        tb.read_pause = pauses("none", None)
        await tb.finish()
        await tb.reset()


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def reset(dut):
    """A reset at any point, with panels loaded, in use and half written: normal work immediately."""
    tb = TB(dut)
    await tb.start()
    for _ in range(12):
        for _ in range(4):
            tb.send(int(tb.rng.integers(1, tb.slices_max + 1)), uses=int(tb.rng.integers(1, 3)))
        await tb.step(int(tb.rng.integers(1, 5 * (tb.record_beats + tb.slices_max))))
        await tb.reset()
        tb.send(1)
        tb.send(tb.slices_max)
        await tb.finish()
        await tb.reset()
