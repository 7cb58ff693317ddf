# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""elementwise_control in the simulator: every output in every cycle, against the rules of its header.

What could be wrong here, and which case would show it:
  an issue without a credit, or a credit lost       credits come back at random, and rarely enough to run out
  a credit for a beat of a table                    loads among the operations, with few credits
  x or y accepted without the other, or stuck       ready is predicted, with gaps on both sides
  y taken where the operation takes none            all commands are drawn
  an entry too early, too late, at a wrong index    loads of 256 entries, whole and short
  an error missed, doubled, seen as another         records cut off, packets of unequal lengths, every command
  an issue of wrong beats, or while halted          the model halts like the register block; both inputs drain
  events that overlap or omit a cycle               each is predicted
"""

import cocotb

from tb.lib.kit import Bench, Part

LOADS, ALONE, ILLEGAL, SHORT = (5, 6), (4, 6), 7, 8
EVENTS = (
    "record",
    "load",
    "issue",
    "data_accepted",
    "error_command",
    "error_record",
    "error_length",
    "error_table",
    "waiting_for_y",
    "packet",
    "stall_x",
    "stall_y",
    "stall_out",
    "starved",
    "idle",
    "x_ready",
    "y_ready",
)


class TB(Bench):
    """Streams of random beats, and a model of the header's rules."""

    def __init__(self, dut, x_chance, y_chance, left_chance, wrong):
        super().__init__(
            dut,
            halted=0,
            x_valid=0,
            y_valid=0,
            result_sent=0,
            **dict.fromkeys(("x_command", "x_last", "y_last")),
        )
        self.chances = {"x": x_chance, "y": y_chance, "left": left_chance}
        self.wrong, self.all = wrong, self.parameter("CREDITS")
        self.records, self.entry = self.parameter("RECORD_BEATS"), self.parameter("ENTRY_BEATS")
        self.seen = dict.fromkeys(EVENTS, 0)
        self.x = self.y = None
        self.x_queue, self.y_queue, self.filled = [], [], 0
        self.begin()
        self.parts.append(Part(self.offer, self.check))

    def begin(self):
        """After a reset."""
        self.command = None  # of the packet whose data come
        self.first, self.recorded, self.beat = None, 0, 0
        self.credits, self.halted = self.all, False

    def fill(self):
        """Another packet of x, and one of y if it takes one; some are wrong."""
        rng = self.rng
        self.filled += 1
        op = int(rng.choice(LOADS)) if self.filled % 16 == 1 else int(rng.integers(5))
        command = op | int(rng.integers(2)) * SHORT
        if rng.random() < self.wrong:
            command = int(rng.integers(256))
        beats = int(rng.integers(1, 5))
        if op in LOADS:
            beats = 256 * (1 if command & SHORT else self.entry) + int(rng.random() < self.wrong)
        # the end of the record, or of a beat of it if that is wrong
        cut = int(rng.integers(1, self.records + 1)) if rng.random() < self.wrong else 0
        record = [(command, 0), *((None, 0) for _ in range(self.records - 1))][: cut or None]
        if cut:
            record[-1] = record[-1][0], 1
        self.x_queue += record
        self.x_queue += [] if cut else [(None, int(n == beats - 1)) for n in range(beats)]
        if command & 7 not in ALONE:
            beats += int(rng.integers(-1, 2)) * (rng.random() < self.wrong)
            self.y_queue += [int(n == max(beats, 1) - 1) for n in range(max(beats, 1))]

    def offer(self):
        """Beats that stay until they are accepted; credits return while some are in use."""
        rng = self.rng
        while len(self.x_queue) < 20 or len(self.y_queue) < 3:
            self.fill()
        if self.x is None and rng.random() < self.chances["x"]:
            self.x = self.x_queue.pop(0)
        if self.y is None and rng.random() < self.chances["y"]:
            self.y = self.y_queue.pop(0)
        command, last = self.x or (None, None)
        self.left = int(self.credits < self.all and rng.random() < self.chances["left"])
        self.drive(
            x_valid=int(self.x is not None),
            x_command=command,
            x_last=last,
            y_valid=int(self.y is not None),
            y_last=self.y,
            result_sent=self.left,
            halted=int(self.halted),
        )

    def rules(self):
        """The expected outputs of this cycle, from the header's rules."""
        there_x, there_y, data = self.x is not None, self.y is not None, self.command is not None
        want = dict.fromkeys(EVENTS, 0)
        want["idle"] = int(not data and not self.recorded and self.credits == self.all)
        if not data:
            if there_x:
                want["record"] = 1
                want["error_record"] = self.x[1]
                want["packet"] = int(self.recorded == self.records - 1 and not self.x[1])
        elif not self.halted:
            op, takes_y = self.command & 7, self.command & 7 not in ALONE
            illegal = self.command >> 4 or op == ILLEGAL
            want["error_command"] = int(bool(illegal))
            if there_x and (there_y or not takes_y):
                last = self.x[1]
                ends = 256 * (1 if self.command & SHORT else self.entry)
                if not illegal:
                    want["error_length"] = int(takes_y and last != self.y)
                    want["error_table"] = int(op in LOADS and last != (self.beat == ends - 1))
                    want["stall_out"] = int(self.credits == 0)
                    good = not want["error_length"] and not want["error_table"]
                    want["data_accepted"] = int(self.credits > 0 and good)
                    want["load"] = int(want["data_accepted"] and op in LOADS)
                    want["issue"] = int(want["data_accepted"] and op not in LOADS)
            elif there_x:
                want["waiting_for_y"] = want["stall_y"] = 1
            elif there_y and takes_y:
                want["stall_x"] = 1
            else:
                want["starved"] = 1
        return want

    def check(self):
        """Compare the outputs with the rules; beats are accepted when ready is high, as predicted."""
        want, data = self.rules(), self.command is not None
        takes_y = data and self.command & 7 not in ALONE
        free = self.credits > 0
        want["x_ready"] = int(self.halted or not data or (free and (not takes_y or self.y is not None)))
        want["y_ready"] = int(self.halted or bool(data and free and takes_y and self.x is not None))
        for name in EVENTS:
            self.equal(self.read(name), want[name], name)
            self.seen[name] += want[name]
        if want["issue"]:
            op = self.command & 7
            self.equal(self.read("issue_last"), self.x[1], "issue_last")
            self.equal(self.read("pick"), {2: 2, 3: 3}.get(op, self.read("pick") & 1), "pick")
            self.equal(self.read("use_table_b"), int(op in (0, 1)), "use_table_b")
            self.equal(self.read("product"), int(op == 1), "product")
        if want["load"]:
            per_entry = 1 if self.command & SHORT else self.entry
            self.equal(self.read("load_b"), int(self.command & 7 == 5), "load_b")
            self.equal(self.read("short_entry"), self.command >> 3 & 1, "short_entry")
            self.equal(self.read("load_entry"), int(self.beat % per_entry == per_entry - 1), "load_entry")
            self.equal(self.read("load_index"), self.beat // per_entry, "load_index")
        self.credits += self.left - want["issue"]
        if want["record"]:
            self.first = self.first if self.recorded else self.x[0]
            self.recorded += 1
            if self.recorded == self.records or self.x[1]:
                self.command, self.recorded, self.beat = self.first, 0, 0
        elif want["data_accepted"]:
            self.beat += 1
            if self.x[1]:
                self.command = None
        self.halted |= any(want[name] for name in EVENTS if name.startswith("error"))
        if want["x_ready"]:
            self.x = None
        if want["y_ready"]:
            self.y = None


async def restart(tb):
    """A reset; streams start again with a packet."""
    tb.drive(rst=1)
    tb.parts.clear()
    await tb.step()
    tb.drive(rst=0)
    tb.x = tb.y = None
    tb.x_queue.clear()
    tb.y_queue.clear()
    tb.begin()
    tb.parts.append(Part(tb.offer, tb.check))


@cocotb.test(timeout_time=10, timeout_unit="ms")
@cocotb.parametrize(chances=[(1.0, 1.0, 1.0), (0.5, 0.8, 0.9), (0.9, 0.4, 0.9), (0.9, 0.9, 0.2)])
async def right(dut, chances):
    """Packets without mistakes."""
    tb = TB(dut, *chances, wrong=0.0)
    await tb.start()
    await tb.step(6000)
    assert not tb.halted
    assert tb.seen["load"] > 0, tb.seen
    assert tb.seen["issue"] > 50, tb.seen


@cocotb.test(timeout_time=10, timeout_unit="ms")
@cocotb.parametrize(chances=[(1.0, 1.0, 1.0), (0.6, 0.6, 0.6)])
async def wrong(dut, chances):
    """Packets with mistakes: the error and the halt, then a reset."""
    tb = TB(dut, *chances, wrong=0.2)
    await tb.start()
    for _ in range(120):
        for _ in range(700):
            await tb.step()
            if tb.halted:
                break
        await tb.step(20)
        await restart(tb)
    for name in ("error_command", "error_record", "error_length"):
        assert tb.seen[name] > 5, tb.seen
