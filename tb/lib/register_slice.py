# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""What the benches of register slices share: a source, a sink, and the list of what was sent between them."""

from cocotb.triggers import FallingEdge, RisingEdge, Timer

from tb.lib.axis import STALLS, Sink, Source, pauses
from tb.lib.kit import Bench


class SliceBench(Bench):
    """A register slice for one valid/ready stream; the model is the list of what was sent.

    Parameters
    ----------
    dut : cocotb handle
    stalls : str
        One of STALLS: pauses of the source and of the sink.
    given : dict of str to int
        Inputs that make up a beat, and their widths.
    taken : str
        The output that shows the last of these inputs.
    behind : str, optional
        An output that shows the first of them one cycle after the beat was accepted.
    """

    def __init__(self, dut, stalls, given, taken, behind=None):
        super().__init__(dut)
        self.given, self.taken, self.behind = given, taken, behind
        before, after = STALLS[stalls]
        self.source = Source(self, "in_valid", "in_ready", list(given), pauses(before, self.rng))
        self.sink = Sink(self, "out_valid", "out_ready", [taken], pauses(after, self.rng))
        self.expected = []

    def send(self, count):
        """Queue random beats."""
        for _ in range(count):
            beat = {
                name: int.from_bytes(self.rng.bytes(width // 8 + 1), "little") % 2**width
                for name, width in self.given.items()
            }
            self.source.send(beat)
            self.expected.append(list(beat.values()))

    def forget(self):
        """Start over, after a reset."""
        self.sink.forget()
        self.sink.blocked = False
        self.expected.clear()
        self.sink.beats.clear()

    async def finish(self):
        """All that was sent has come, in order, and nothing after it."""
        await self.until(lambda: len(self.sink.beats) >= len(self.expected))
        await self.step(50)
        for i, (got, want) in enumerate(zip(self.sink.values, self.expected)):
            self.equal(got, want[-1], f"beat {i}")
        self.equal(len(self.sink.beats), len(self.expected), "beats")
        assert self.source.empty
        self.equal((self.read("out_valid"), self.read("in_ready")), (0, 1), "valid and ready at the end")

    async def stream(self, stalls):
        """A thousand beats, nothing lost, doubled or changed; without stalls, one per cycle."""
        self.send(1000 if stalls == "none" else 400)
        await self.start()
        await self.finish()
        if stalls == "none":
            for i, ((accepted, _), (taken, _)) in enumerate(zip(self.source.taken, self.sink.beats)):
                self.equal((accepted, taken), (i, i + 1), f"cycles of beat {i}, in and out")

    async def ready_is_a_register(self):
        """in_ready and the outputs keep their values while the inputs change within a cycle."""
        self.parts.clear()
        await self.start()
        held, before = [], None  # beats held; the beat taken in the previous cycle
        for _ in range(300):
            ready, valid = len(held) < 2, len(held) > 0
            for _ in range(3):
                offer, take = (int(bit) for bit in self.rng.integers(2, size=2))
                beat = {name: int(self.rng.integers(2 ** min(w, 30))) for name, w in self.given.items()}
                self.drive(in_valid=offer, out_ready=take, **beat)
                await Timer(1, "ns")
                self.equal(self.read("in_ready"), int(ready), f"in_ready, {len(held)} held")
                self.equal(self.read("out_valid"), int(valid), f"out_valid, {len(held)} held")
                if valid:
                    self.equal(self.read(self.taken), held[0][-1], self.taken)
                if self.behind and before:
                    self.equal(self.read(self.behind), before[0], self.behind)
            before = held.pop(0) if valid and take else None
            if offer and ready:
                held.append(list(beat.values()))
            await RisingEdge(self.dut.clk)
            await FallingEdge(self.dut.clk)

    async def reset_empties(self):
        """A reset while one and while two entries are held, for up to three cycles: neither is sent."""
        await self.start()
        for entries in (1, 2):
            for waited in range(3):
                self.sink.blocked = True
                self.send(entries)
                await self.step(entries + 1 + waited)
                assert self.source.empty
                flags = (self.read("out_valid"), self.read("in_ready"))
                self.equal(flags, (1, int(entries < 2)), f"flags, {entries} held")
                self.drive(rst=1)
                await self.step()
                self.drive(rst=0)
                self.forget()
                self.send(5)
                await self.finish()
                self.forget()
