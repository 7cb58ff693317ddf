# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""vector_control in the simulator: every output in every cycle, against the rules of its header.

What could be wrong here, and which case would show it:
  an issue without a credit, or a credit lost       credits come back at random, and rarely enough to run out
  x or y accepted without the other, or stuck       ready is predicted, with gaps on both sides
  y taken for ReLU                                  all commands are drawn
  an error missed, doubled, seen as another         packets of one beat, of unequal lengths, of every command
  an issue of wrong beats, or while halted          the model halts like the register block; both inputs drain
  events that overlap or omit a cycle               each is predicted
"""

import cocotb

from tb.lib.kit import Bench, Part

RELU = 4
EVENTS = (
    "issue",
    "error_command",
    "error_empty",
    "error_length",
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
            **dict.fromkeys(("x_scalar", "x_user", "x_last", "y_last")),
        )
        self.chances = {"x": x_chance, "y": y_chance, "left": left_chance}
        self.wrong, self.all = wrong, self.parameter("CREDITS")
        self.seen = dict.fromkeys(EVENTS, 0)
        self.x = self.y = None
        self.x_queue, self.y_queue = [], []
        self.begin()
        self.parts.append(Part(self.offer, self.check))

    def begin(self):
        """After a reset."""
        self.command = self.scalar = None
        self.credits, self.halted = self.all, False

    def fill(self):
        """Another packet of x, and one of y if it takes one; some are wrong."""
        rng, beats = self.rng, int(self.rng.integers(1, 5))
        user = int(rng.integers(6)) | int(rng.integers(16)) << 3
        if rng.random() < self.wrong:
            user = int(rng.integers(256))
        scalar = int(rng.integers(2**32))
        alone = rng.random() < self.wrong
        self.x_queue.append((scalar, user, int(alone)))
        self.x_queue += [] if alone else [(None, None, int(n == beats - 1)) for n in range(beats)]
        if user & 7 != RELU:
            beats += int(rng.integers(-1, 2)) * (rng.random() < self.wrong)
            self.y_queue += [int(n == max(beats, 1) - 1) for n in range(max(beats, 1))]

    def offer(self):
        """Beats that stay until they are accepted; credits return while some are in use."""
        rng = self.rng
        while len(self.x_queue) < 3 or len(self.y_queue) < 3:
            self.fill()
        if self.x is None and rng.random() < self.chances["x"]:
            self.x = self.x_queue.pop(0)
        if self.y is None and rng.random() < self.chances["y"]:
            self.y = self.y_queue.pop(0)
        scalar, user, last = self.x or (None, None, None)
        self.left = int(self.credits < self.all and rng.random() < self.chances["left"])
        self.drive(
            x_valid=int(self.x is not None),
            x_scalar=scalar,
            x_user=user,
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
        want["idle"] = int(not data and self.credits == self.all)
        if not data:
            if there_x:
                _, user, last = self.x
                want["error_command"] = int(user >> 7 or user & 7 > 5)
                want["error_empty"] = last
                want["packet"] = int(not want["error_command"] and not last)
        elif not self.halted:
            takes_y = self.command & 7 != RELU
            if there_x and (there_y or not takes_y):
                want["error_length"] = int(takes_y and self.x[2] != self.y)
                want["issue"] = int(self.credits > 0 and not want["error_length"])
                want["stall_out"] = int(self.credits == 0)
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
        takes_y = data and self.command & 7 != RELU
        free = self.credits > 0
        want["x_ready"] = int(self.halted or not data or (free and (not takes_y or self.y is not None)))
        want["y_ready"] = int(self.halted or bool(data and free and takes_y and self.x is not None))
        for name in EVENTS:
            self.equal(self.read(name), want[name], name)
            self.seen[name] += want[name]
        if want["issue"]:
            kind = [self.read(name) for name in ("op", "x_bf16", "y_bf16", "out_format")]
            self.equal(kind[0] | kind[1] << 3 | kind[2] << 4 | kind[3] << 5, self.command, "the command")
            self.equal(self.read("s"), self.scalar, "s")
            self.equal(self.read("issue_last"), self.x[2], "issue_last")
        self.credits += self.left - want["issue"]
        if self.x is not None and not data:
            self.scalar, self.command = self.x[0], self.x[1] & 127
        elif want["issue"] and self.x[2]:
            self.command = None
        self.halted |= bool(want["error_command"] or want["error_empty"] or want["error_length"])
        self.x = None if want["x_ready"] else self.x
        self.y = None if want["y_ready"] else self.y


@cocotb.test(timeout_time=2, timeout_unit="ms")
@cocotb.parametrize(x_chance=[1.0, 0.4], y_chance=[1.0, 0.4], left_chance=[1.0, 0.15])
async def good(dut, x_chance, y_chance, left_chance):
    """Packets without errors, at every pace: all possible events occur."""
    tb = TB(dut, x_chance, y_chance, left_chance, wrong=0)
    await tb.start()
    await tb.step(3000)
    assert not tb.halted
    assert tb.seen["issue"] > 250, tb.seen
    assert tb.seen["packet"] > 60, tb.seen
    never = {"error_command", "error_empty", "error_length"}
    rare = {"stall_out", "stall_x", "stall_y", "starved", "waiting_for_y", "idle"}
    for name, count in tb.seen.items():
        assert name in rare or (count > 0) == (name not in never), tb.seen
    if (x_chance, y_chance, left_chance) == (0.4, 0.4, 0.15):
        assert all(tb.seen[name] for name in rare - {"idle"}), tb.seen


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def wrong(dut):
    """Errors of every kind; then both inputs drain until a reset."""
    tb = TB(dut, 0.7, 0.7, 0.5, wrong=0.15)
    await tb.start()
    for _ in range(60):
        await tb.until(lambda: tb.halted, 2000, "an error")
        await tb.step(int(tb.rng.integers(1, 30)))
        tb.drive(rst=1)
        await tb.step()
        tb.drive(rst=0)
        tb.begin()
        tb.x_queue.clear()
        tb.y_queue.clear()
        tb.x = tb.y = None
    errors = [tb.seen[name] for name in ("error_command", "error_empty", "error_length")]
    assert min(errors) >= 3, tb.seen
    assert sum(errors) >= 60, tb.seen
