# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""axil_regs in the simulator.

What could be wrong here, and which case would show it:
  an address, a reset value, an access, a mask      `walk`, `unmapped`: every register of rtl/macrame.rdl
  byte strobes                                      `walk`: runs of bytes; `protocol`: all 16 patterns
  address before data, data before address          `protocol`, every pair of pauses on all five channels
  an answer withdrawn, changed, doubled, lost       `protocol`: the sinks watch, every answer is compared
  a write answered OKAY that did nothing            the model of `protocol` follows both writable registers
  a command lasts, or comes unasked                 pulses are counted in every test
  SEED in a core without bfloat16, or kept by it    `walk`, `unmapped`, `protocol`: FORMAT with and without
  an error forgotten, shown as another, not sticky  `status`: each alone, all together, one-cycle strobes
  irq without enable, or not deasserted             `status`
  a soft reset that clears too little or too much   `status`: errors go, watchdog and enable stay
  a counter read in another's place, or too soon    `counters`, `latency`, `protocol`
  the seed not loaded, or loaded unasked            `protocol`, `status`: pulses are counted; after each `rst`
  a cycle more or less to the effect or the answer  `latency`: to the cycle, together and one half late
"""

import cocotb

from tb.lib.axis import STALLS, Sink, Source, pauses
from tb.lib.kit import Bench, Part
from tb.lib.register_walk import OKAY, SLVERR, Walk

ERRORS = ("k_mismatch", "w_too_long", "a_too_long", "record_short", "mode_illegal", "panel_stuck")
CONTROL, STATUS, WATCHDOG, COUNTERS, SEED = 0x14, 0x18, 0x1C, range(0x20, 0x3C, 4), 0x3C
SOFT_RESET, IRQ_ENABLE, CLEAR = 1, 2, 4


class TB(Bench):
    """The block with its core's side driven here; pulses are counted, halted and irq compared."""

    def __init__(self, dut):
        super().__init__(dut, error=0, busy=0, counters_full=0, counter_done=0, counter_value=None)
        self.words = [0] * len(COUNTERS)  # the counters; read as from perf_counters, after a while
        self.resets = 0
        self.shape = self.parameter("SHAPE")
        self.seeded = bool(self.parameter("FORMAT") & 2)
        self.pulses = {"soft_reset": 0, "clear_counters": 0, "seed_load": 0}

    async def start(self, cycles=2):
        await super().start(cycles)
        cocotb.start_soon(self.answer_counters())

    async def answer_counters(self):
        """What perf_counters does: counter_done comes 2 to 9 cycles after the first of counter_read."""
        while True:
            await cocotb.triggers.FallingEdge(self.dut.clk)
            if not self.read("counter_read"):
                continue
            index = self.read("counter_index")
            resets = self.resets
            for _ in range(int(self.rng.integers(2, 10))):
                await cocotb.triggers.RisingEdge(self.dut.clk)
            if resets != self.resets:  # the read is given up
                continue
            self.drive(counter_done=1, counter_value=self.words[index])
            await cocotb.triggers.FallingEdge(self.dut.clk)
            asked = (self.read("counter_read"), self.read("counter_index"))
            self.equal(asked, (1, index), "counter_read and counter_index until counter_done")
            await cocotb.triggers.RisingEdge(self.dut.clk)
            self.drive(counter_done=0, counter_value=None)

    def walk(self):
        rows, cols, depth, post_lanes = self.shape.to_bytes(4, "little")
        return Walk(
            self,
            ROWS=rows,
            COLS=cols,
            DEPTH=depth,
            POST_LANES=post_lanes,
            LONGEST=self.parameter("K_MAX"),
            INT8=self.parameter("FORMAT") & 1,
            BF16=int(self.seeded),
            PACK=self.parameter("FORMAT") >> 8,
        )

    async def begin(self):
        await self.start()
        await cocotb.triggers.FallingEdge(self.dut.clk)
        self.equal(self.read("seed_load"), 1, "seed_load after rst: the reset may have been one cycle long")
        cocotb.start_soon(self.count())

    async def count(self):
        while True:
            await cocotb.triggers.FallingEdge(self.dut.clk)
            for name in self.pulses:
                self.pulses[name] += self.read(name)


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def walk(dut):
    """Every register of the map, twice: the second time after a reset that found everything changed."""
    tb = TB(dut)
    walk = tb.walk()
    await tb.begin()
    await walk.mapped()
    assert tb.pulses["soft_reset"] > 2
    assert tb.pulses["clear_counters"] > 2
    for register in walk.map:
        if register.mask("RW"):
            await walk.write_register(register, 0, b"\x5a" * 4)
    tb.drive(rst=1)
    await tb.step(2)
    tb.drive(rst=0)
    await tb.step()
    walk.value = {register.name: register.reset for register in walk.map}
    await walk.all_as_expected()


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def unmapped(dut):
    """Every address without a register."""
    tb = TB(dut)
    walk = tb.walk()
    await tb.begin()
    await walk.unmapped()
    assert not any(tb.pulses.values())


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def status(dut):
    """Errors are sticky, halt, raise irq, and are cleared by a soft reset; the other bits are not sticky."""
    tb = TB(dut)
    walk = tb.walk()
    await tb.begin()
    assert [field.name for field in walk.map["STATUS"].fields[:6]] == list(ERRORS)
    live = {field.name: field.mask for field in walk.map["STATUS"].fields[6:]}
    await walk.write(WATCHDOG, (1234).to_bytes(4, "little"))
    for enable in (0, IRQ_ENABLE):
        for errors in [1 << i for i in range(6)] + [0b101010, 0b111111]:
            await walk.write(CONTROL, [enable])
            tb.equal((tb.read("halted"), tb.read("irq")), (0, 0), "halted and irq before an error")
            bits = [1 << i for i in range(6) if errors >> i & 1]
            for bit in bits:
                tb.drive(error=bit)
                await tb.step()
                tb.drive(error=0)
                await tb.step(3)
            tb.equal(tb.read("halted"), 1, f"halted after errors {errors:#b}")
            tb.equal(tb.read("irq"), int(bool(enable)), f"irq after errors {errors:#b}, enable {enable}")
            tb.equal(await walk.read(STATUS), (errors | live["halted"], OKAY), "STATUS")
            before = dict(tb.pulses)
            await walk.write(CONTROL, [0, 0xFF, 0xFF, 0xFF])  # the enable bit is 0 now: the interrupt goes
            await tb.step(2)
            tb.equal((tb.read("halted"), tb.read("irq")), (1, 0), "halted and irq, not enabled")
            await walk.write(CONTROL + 1, b"\xff")  # not the byte of the commands
            tb.equal(tb.pulses, before, "commands given by bytes that hold none")
            await walk.write(CONTROL, [SOFT_RESET | enable])
            await tb.step(2)
            tb.equal(
                tb.pulses,
                {**before, "soft_reset": before["soft_reset"] + 1, "seed_load": before["seed_load"] + 1},
                "commands",
            )
            tb.equal((tb.read("halted"), tb.read("irq")), (0, 0), "halted and irq after a soft reset")
            tb.equal(await walk.read(STATUS), (0, OKAY), "STATUS after a soft reset")
            tb.equal(await walk.read(CONTROL), (enable, OKAY), "CONTROL after a soft reset")
    tb.equal(await walk.read(WATCHDOG), (1234, OKAY), "WATCHDOG after soft resets")
    tb.equal(tb.read("watchdog"), 1234, "watchdog")
    for name in ("busy", "counters_full"):
        tb.drive(**{name: 1})
        tb.equal(await walk.read(STATUS), (live[name], OKAY), f"STATUS with {name}")
        tb.drive(**{name: 0})
        tb.equal(await walk.read(STATUS), (0, OKAY), f"STATUS without {name}")
    tb.drive(error=1)
    await tb.step()
    tb.drive(error=0)
    await walk.write(CONTROL, [CLEAR])
    tb.equal(await walk.read(STATUS), (1 | live["halted"], OKAY), "STATUS: clearing counters keeps errors")


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def counters(dut):
    """Each counter has its own word."""
    tb = TB(dut)
    walk = tb.walk()
    await tb.begin()
    names = [register.name for register in walk.map if register.address in COUNTERS]
    assert names == ["CYCLES", "BUSY", "TILES", "STALL_A", "STALL_W", "STALL_OUT", "PAD"]
    for _ in range(5):
        tb.words = [int(word) for word in tb.rng.integers(0, 2**32, len(names))]
        for address, name, word in zip(COUNTERS, names, tb.words):
            tb.equal(await walk.read(address), (word, OKAY), name)


@cocotb.test(timeout_time=10, timeout_unit="us")
@cocotb.parametrize(late=["", "aw", "w"])
async def latency(dut, late):
    """A write takes effect and is answered 2 cycles after its second half; read data arrive after 1."""
    tb = Port(dut, "none")
    await tb.start()
    for address, output in ((WATCHDOG, "watchdog"), (CONTROL, "soft_reset"), (CONTROL, "clear_counters")):
        halves = {
            "aw": {"s_axil_awaddr": address, "s_axil_awprot": 0},
            "w": {"s_axil_wdata": 0xFFFFFFFF, "s_axil_wstrb": 15},
        }
        before = tb.read(output)
        if late:
            (early,) = set(halves) - {late}
            getattr(tb, early).send(halves.pop(early))
            await tb.step(5)
        for channel, beat in halves.items():
            getattr(tb, channel).send(beat)
        seen = await tb.watched(output, "s_axil_bvalid")
        changed = [(value != before, answered) for value, answered in seen]
        tb.equal(changed, [(False, 0), (False, 0), (True, 1)], f"{output} changed and bvalid, by cycle")
        await tb.step(3)
    tb.ar.send({"s_axil_araddr": WATCHDOG, "s_axil_arprot": 0})
    seen = await tb.watched("s_axil_rvalid", "s_axil_rdata")
    tb.equal([valid for valid, _ in seen], [0, 1, 0], "rvalid, by cycle")
    tb.equal(seen[1][1], 0xFFFFFFFF, "rdata after 1 cycle")
    if not late:
        for index, address in enumerate(COUNTERS):
            tb.words[index] = 0x01010101 * (index + 1)
            tb.ar.send({"s_axil_araddr": address, "s_axil_arprot": 0})
            seen = await tb.watched(
                "s_axil_rvalid", "s_axil_rdata", "counter_read", "counter_done", cycles=14
            )
            done = [done for _, _, _, done in seen].index(1)
            asked = [int(1 <= cycle <= done) for cycle in range(14)]
            tb.equal([read for _, _, read, _ in seen], asked, "counter_read, by cycle")
            tb.equal([valid for valid, *_ in seen].index(1), done + 1, "rvalid after counter_done")
            tb.equal(seen[done + 1][1], tb.words[index], "rdata of a counter")


class Port(TB):
    """The five channels with separate sources and sinks, each with its stalls."""

    def __init__(self, dut, stalls):
        super().__init__(dut)
        give, take = STALLS[stalls]
        send = [("aw", ["awaddr", "awprot"]), ("w", ["wdata", "wstrb"]), ("ar", ["araddr", "arprot"])]
        self.aw, self.w, self.ar = (
            Source(
                self,
                f"s_axil_{c}valid",
                f"s_axil_{c}ready",
                [f"s_axil_{p}" for p in payload],
                pauses("none" if stalls == "late_in" and c == "w" else give, self.rng),
            )
            for c, payload in send
        )
        self.b = Sink(self, "s_axil_bvalid", "s_axil_bready", ["s_axil_bresp"], pauses(take, self.rng))
        self.r = Sink(
            self, "s_axil_rvalid", "s_axil_rready", ["s_axil_rdata", "s_axil_rresp"], pauses(take, self.rng)
        )
        self.parts.append(Part(sample=self.count_now))

    async def watched(self, *names, cycles=3):
        """The outputs in each of the next cycles."""
        seen = []
        part = Part(sample=lambda: seen.append(tuple(self.handle(name).value for name in names)))
        self.parts.append(part)
        await self.step(cycles)
        self.parts.remove(part)
        return seen

    def count_now(self):
        for name in self.pulses:
            self.pulses[name] += self.read(name)


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(stalls=list(STALLS))
async def protocol(dut, stalls):
    """Writes with all strobes to all kinds of registers, reads meanwhile; every answer compared."""
    tb = Port(dut, stalls)
    await tb.start()
    model = {CONTROL: 0, WATCHDOG: tb.parameter("WATCHDOG"), **({SEED: 1} if tb.seeded else {})}
    answers, commands = [], {"soft_reset": 0, "clear_counters": 0, "seed_load": 1}  # one by rst
    for i in range(96):
        address = int(tb.rng.choice([WATCHDOG, WATCHDOG, SEED, CONTROL, STATUS, 0x00, 0x40, 0xFC]))
        data, strobe = int(tb.rng.integers(2**32)), i % 16
        low, prot = int(tb.rng.integers(4)), int(tb.rng.integers(8))
        tb.aw.send({"s_axil_awaddr": address + low, "s_axil_awprot": prot})
        tb.w.send({"s_axil_wdata": data, "s_axil_wstrb": strobe})
        answers.append(OKAY if address in model else SLVERR)
        mask = sum(0xFF << 8 * b for b in range(4) if strobe >> b & 1)
        if address in model and address != CONTROL:
            model[address] = model[address] & ~mask | data & mask
            commands["seed_load"] += address == SEED
        if address == CONTROL and strobe & 1:
            model[CONTROL] = data & IRQ_ENABLE
            commands["soft_reset"] += data & SOFT_RESET
            commands["seed_load"] += data & SOFT_RESET
            commands["clear_counters"] += (data & CLEAR) // CLEAR
    tb.words = [int(word) for word in tb.rng.integers(0, 2**32, len(COUNTERS))]
    constant = [(0x00, 0x4D414352), (0x08, tb.shape), (STATUS, 0), (0x40, None)]
    constant += zip(COUNTERS, tb.words)
    reads = []
    for _ in range(96):
        address, value = constant[int(tb.rng.integers(len(constant)))]
        tb.ar.send({"s_axil_araddr": address, "s_axil_arprot": 0})
        reads.append((0, SLVERR) if value is None else (value, OKAY))
    await tb.until(lambda: len(tb.b.beats) == 96 and len(tb.r.beats) == 96)
    await tb.step(5)
    tb.equal(tb.b.values, answers, "responses to writes")
    tb.equal(tb.r.values, reads, "answers to reads")
    tb.equal(tb.pulses, commands, "commands")
    for address, value in model.items():
        tb.ar.send({"s_axil_araddr": address, "s_axil_arprot": 0})
        await tb.until(lambda: tb.ar.empty and len(tb.r.beats) > len(reads))
        reads.append((value, OKAY))
        tb.equal(tb.r.values[-1], (value, OKAY), f"register {address:#x} at the end")
    tb.equal((len(tb.b.beats), len(tb.r.beats)), (96, 96 + len(model)), "answers")


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(held=["aw", "w", "aw w", "ar", "counter"])
async def reset(dut, held):
    """A reset with a stored address, with stored data, with a pending answer: none of them survives."""
    tb = Port(dut, "none")
    await tb.start()
    tb.b.blocked = tb.r.blocked = True
    if "aw" in held.split():
        tb.aw.send({"s_axil_awaddr": CONTROL, "s_axil_awprot": 0})
    if "w" in held.split():
        tb.w.send({"s_axil_wdata": 7, "s_axil_wstrb": 15})
    if "ar" in held.split():
        tb.ar.send({"s_axil_araddr": 0, "s_axil_arprot": 0})
    if held == "counter":
        tb.ar.send({"s_axil_araddr": COUNTERS[0], "s_axil_arprot": 0})
    await tb.step(2 if held == "counter" else 4)
    before = len(tb.b.beats) + len(tb.r.beats)
    tb.resets += 1
    tb.drive(rst=1)
    await tb.step()
    tb.drive(rst=0)
    for sink in (tb.b, tb.r):
        sink.forget()
        sink.blocked = False
    await tb.step(3)
    tb.equal((before, len(tb.b.beats) + len(tb.r.beats)), (0, 0), "answers")
    tb.aw.send({"s_axil_awaddr": WATCHDOG, "s_axil_awprot": 0})
    await tb.step(3)
    tb.equal(len(tb.b.beats), 0, "answers to an address without its data")
    tb.w.send({"s_axil_wdata": 9, "s_axil_wstrb": 1})
    await tb.until(lambda: tb.b.beats)
    tb.ar.send({"s_axil_araddr": WATCHDOG, "s_axil_arprot": 0})
    await tb.until(lambda: tb.r.beats)
    tb.equal(tb.r.values, [(tb.parameter("WATCHDOG") & ~0xFF | 9, OKAY)], "WATCHDOG")
