# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The core as a user connects it: AXI4-Stream and AXI4-Lite, driven by cocotbext-axi.

What could be wrong here, and which case would show it:
  a byte in another lane or beat than streams.md says      `modes`: fields differ in every column; packets are
                                                           put together here, byte by byte
  a mode needs the panel before it to have the same        `modes`: each follows each
  K that does not fill the last slice, K of 1 and K_MAX    `modes`, `corners`
  -128 * -128 summed in too narrow a place                 `corners`
  K beyond K_MAX                                           `chained`
  beats lost, doubled, changed, withdrawn under pauses     `paused`, `output_blocked`; a monitor on m_axis
  an output depends on tdata while tvalid is low, or on    `unknowns`: X there, in every tuser that does not
  a tuser that does not count                              count and in the padding of records
  registers and streams in each other's way                `registers_meanwhile`
  an error, a soft or hard reset as software sees it       `error`, `soft_reset`, `hard_reset`
  a driver that understands tuser in another way           `tuser_by_byte`
The sweeps over errors and resets are in tb_macrame_faults and tb_macrame_resets.
"""

import itertools
import logging
import random

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, FallingEdge, ReadOnly, RisingEdge, with_timeout
from cocotbext.axi import (
    AxiLiteBus,
    AxiLiteMaster,
    AxiStreamBus,
    AxiStreamFrame,
    AxiStreamSink,
    AxiStreamSource,
)

from macrame.golden import gemm
from tb.lib.axis import STALLS, Sink, Source, pauses
from tb.lib.kit import Bench, full_int8

RAW, GEMMLOWP, RUY, FP32 = range(4)
RELEASE, KEEP = 1, 2
CONTROL, STATUS, TILES = 0x14, 0x18, 0x28
SHORT_NS = 200_000


class Panel:
    """Weights of one panel with their record, and the packets that carry them.

    The layout is docs/streams.md's, written out byte by byte.
    """

    def __init__(self, rng, shape, k, mode):
        self.rows, self.cols, self.depth = shape
        self.k, self.mode = k, mode
        self.w = full_int8(rng, (k, self.cols))
        self.fields = {
            "bias": rng.integers(-40000, 40000, self.cols),
            "multiplier": rng.integers(2**30, 2**31, self.cols)
            if mode != FP32
            else (2.0 ** rng.uniform(-10, 0, self.cols)).astype(np.float32).view(np.int32).astype(np.int64),
            "shift": rng.integers(-9, 1, self.cols),
            "zero_point": rng.integers(-20, 20, self.cols),
            "clamp_low": rng.integers(-128, -90, self.cols),
            "clamp_high": rng.integers(90, 128, self.cols),
        }

    def beats(self, unknown=None):
        """(tdata bytes, tuser) of each beat of the weight packet; `unknown` marks unused bits."""
        records = []
        for column in range(self.cols):
            field = {name: int(values[column]) for name, values in self.fields.items()}
            records.append(
                [
                    *field["bias"].to_bytes(4, "little", signed=True),
                    *field["multiplier"].to_bytes(4, "little", signed=True),
                    field["shift"] & 255,
                    field["zero_point"] & 255,
                    field["clamp_low"] & 255,
                    field["clamp_high"] & 255,
                ]
            )
        out = []
        for start in range(0, 12, self.depth):
            out.append(
                [
                    records[column][at] if at < 12 else unknown
                    for column in range(self.cols)
                    for at in range(start, start + self.depth)
                ]
            )
        for start in range(0, self.k, self.depth):
            out.append(
                [
                    int(self.w[k, column]) & 255 if k < self.k else 0
                    for column in range(self.cols)
                    for k in range(start, start + self.depth)
                ]
            )
        return [(data, self.mode if index == 0 else unknown) for index, data in enumerate(out)]

    def activation_beats(self, a, flags, unknown=None):
        """The same for an activation packet: a of shape (ROWS, K)."""
        out = []
        for start in range(0, self.k, self.depth):
            out.append(
                [
                    int(a[row, k]) & 255 if k < self.k else 0
                    for row in range(self.rows)
                    for k in range(start, start + self.depth)
                ]
            )
        return [(data, flags if index == len(out) - 1 else unknown) for index, data in enumerate(out)]

    def tile(self, products, packed):
        """Bytes and tkeep of the result packet for the sum of these products; `packed` is PACK_RESULTS."""
        total = np.zeros((self.rows, self.cols), np.int32)
        for product in products:
            total = total + product
        fields = dict(self.fields)
        x = gemm.add_bias(total, fields.pop("bias"))
        if self.mode == RAW:
            return x.astype("<i4").tobytes(), [1] * (4 * self.cols * self.rows)
        q = gemm.requantize(x, mode=self.mode, **fields)
        width = 4 * self.cols
        beats = [q.tobytes()] if packed else [row.tobytes() for row in q]
        data, keep = b"", []
        for beat in beats:
            unused = -len(beat) % width
            data += beat + bytes(unused)
            keep += [1] * len(beat) + [0] * unused
        return data, keep


def frame(beats):
    """Beats for cocotbext-axi: unused bits are random."""
    data = bytes(byte if byte is not None else random.getrandbits(8) for beat, _ in beats for byte in beat)
    user = [u if u is not None else random.getrandbits(2) for beat, u in beats for _ in beat]
    return AxiStreamFrame(data, tuser=user)


class TB:
    """Drivers on every port, a monitor on the result stream, and the expected results."""

    def __init__(self, dut):
        self.dut = dut
        self.rng = np.random.default_rng(random.getrandbits(64))
        self.shape = tuple(int(getattr(dut, name).value) for name in ("ROWS", "COLS", "DEPTH"))
        self.k_max, self.packed = int(dut.K_MAX.value), int(dut.PACK_RESULTS.value)
        dut.rst.value = 1
        for name in (
            "cocotb.macrame.s_axis_w",
            "cocotb.macrame.s_axis_a",
            "cocotb.macrame.m_axis",
            "cocotb.macrame.s_axil",
        ):
            logging.getLogger(name).setLevel(logging.ERROR)
        self.w = AxiStreamSource(AxiStreamBus.from_prefix(dut, "s_axis_w"), dut.clk, dut.rst)
        self.a = AxiStreamSource(AxiStreamBus.from_prefix(dut, "s_axis_a"), dut.clk, dut.rst)
        self.m = AxiStreamSink(AxiStreamBus.from_prefix(dut, "m_axis"), dut.clk, dut.rst)
        self.axil = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axil"), dut.clk, dut.rst)
        self.expected, self.open, self.panel = [], [], None

    async def start(self):
        """Reset over the first edges."""
        Clock(self.dut.clk, 10, "ns").start(start_high=False)
        cocotb.start_soon(self._watch())
        await ClockCycles(self.dut.clk, 3)
        self.dut.rst.value = 0
        await RisingEdge(self.dut.clk)

    async def _watch(self):
        """m_axis: an offered beat is stable until it is accepted; no handshake signal is ever unknown."""
        dut, held = self.dut, None
        names = (
            "s_axis_w_tready",
            "s_axis_a_tready",
            "m_axis_tvalid",
            "irq",
            "s_axil_awready",
            "s_axil_wready",
            "s_axil_bvalid",
            "s_axil_arready",
            "s_axil_rvalid",
        )
        while True:
            await FallingEdge(dut.clk)
            await ReadOnly()
            if dut.rst.value == 1:
                held = None
                continue
            for name in names:
                assert getattr(dut, name).value.is_resolvable, f"{name} is unknown"
            offer = None
            if dut.m_axis_tvalid.value == 1:
                offer = [str(getattr(dut, f"m_axis_{name}").value) for name in ("tdata", "tkeep", "tlast")]
            assert held is None or offer == held, f"m_axis: {held} became {offer} before it was taken"
            held = offer if dut.m_axis_tready.value == 0 else None

    def weights(self, k, mode):
        """Send a weight panel."""
        self.panel = Panel(self.rng, self.shape, k, mode)
        self.w.send_nowait(frame(self.panel.beats()))
        return self.panel

    def activations(self, flags, panel=None, a=None):
        """Send an activation panel, and expect its tile if that ends."""
        panel = panel or self.panel
        a = full_int8(self.rng, (self.shape[0], panel.k)) if a is None else a
        self.a.send_nowait(frame(panel.activation_beats(a, flags)))
        self.open.append(gemm.gemm(a, panel.w))
        if not flags & KEEP:
            self.expected.append(panel.tile(self.open, self.packed))
            self.open = []

    async def results(self):
        """Receive and compare all expected packets, then check that no more arrive."""
        for index, (data, keep) in enumerate(self.expected):
            got = await with_timeout(self.m.recv(compact=False), SHORT_NS, "ns")
            assert len(got.tdata) == len(data), (
                f"tile {index}: tlast after {len(got.tdata)} bytes, expected {len(data)}"
            )
            assert got.tkeep == keep, f"tile {index}: tkeep {got.tkeep}, expected {keep}"
            used = bytes(byte if kept else 0 for byte, kept in zip(got.tdata, keep))
            assert used == data, f"tile {index}: got {used.hex()}, expected {data.hex()}"
        self.expected.clear()
        for _ in range(50):
            await ClockCycles(self.dut.clk, 60)
            if self.w.idle() and self.a.idle():
                break
        assert self.m.empty(), "more results than expected"
        assert self.m.idle(), "an unexpected packet has begun"
        assert self.w.empty(), "weights were not taken"
        assert self.a.empty(), "activations were not taken"

    async def read(self, address):
        """A register."""
        return await with_timeout(self.axil.read_dword(address), SHORT_NS, "ns")

    async def write(self, address, value):
        """Write a register."""
        await with_timeout(self.axil.write_dword(address, value), SHORT_NS, "ns")

    def work(self, panels=4, longest=None):
        """Panels of all modes, ragged, some used more than once."""
        longest = longest or self.k_max
        for mode in itertools.islice(itertools.cycle((RAW, FP32, GEMMLOWP, RUY)), panels):
            self.weights(int(self.rng.integers(1, longest + 1)), mode)
            for flags in ([RELEASE], [0, RELEASE], [0, KEEP, RELEASE])[self.rng.integers(3)]:
                self.activations(flags)


async def made(dut):
    """A TB out of reset."""
    tb = TB(dut)
    await tb.start()
    return tb


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def modes(dut):
    """Every mode after every mode, all kinds of K: no state is carried over from panel to panel."""
    tb = await made(dut)
    depth = tb.shape[2]
    ks = itertools.cycle((1, depth, depth + 1, 3 * depth - 1, tb.k_max))
    order = [
        RAW,
        RAW,
        GEMMLOWP,
        GEMMLOWP,
        RUY,
        RUY,
        FP32,
        FP32,
        RAW,
        RUY,
        RAW,
        FP32,
        RUY,
        GEMMLOWP,
        FP32,
        GEMMLOWP,
        RAW,
    ]
    assert len(set(zip(order, order[1:]))) == 16
    for mode in order:
        tb.weights(next(ks), mode)
        tb.activations(RELEASE)
    await tb.results()
    assert await tb.read(STATUS) == 0
    assert await tb.read(TILES) == len(order)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def corners(dut):
    """-128 * -128 and its neighbours over the whole of K_MAX, one panel used many times, then K of 1."""
    tb = await made(dut)
    for k in (tb.k_max, 1):
        panel = Panel(tb.rng, tb.shape, k, RAW)
        panel.w[:] = -128
        tb.w.send_nowait(frame(panel.beats()))
        values = (-128, 127, -1, 0, 1)
        for value in values:
            tb.activations(RELEASE * (value == values[-1]), panel, np.full((tb.shape[0], k), value, np.int8))
    await tb.results()


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def chained(dut):
    """Tiles kept open over weight panels: K beyond K_MAX; bias and mode are the last panel's."""
    tb = await made(dut)
    for _ in range(2):
        for mode, flags in ((RAW, KEEP | RELEASE), (RUY, KEEP | RELEASE), (GEMMLOWP, KEEP), (None, RELEASE)):
            if mode is not None:
                tb.weights(tb.k_max if mode == RAW else 3, mode)
            tb.activations(flags)
    assert len(tb.expected) == 2
    await tb.results()


@cocotb.test(timeout_time=2, timeout_unit="ms")
@cocotb.parametrize(stalls=["random", "bursts", "w_late", "a_late", "m_slow"])
async def paused(dut, stalls):
    """Each stream paused by its own generator, or one side only."""
    tb = await made(dut)
    kinds = {
        "random": ("random",) * 3,
        "bursts": ("bursts",) * 3,
        "w_late": ("late", "none", "none"),
        "a_late": ("none", "late", "none"),
        "m_slow": ("none", "none", "bursts"),
    }[stalls]
    for driver, kind in zip((tb.w, tb.a, tb.m), kinds):
        driver.set_pause_generator(pauses(kind, np.random.default_rng(random.getrandbits(64))))
    tb.work(6, 3 * tb.shape[2])
    await tb.results()


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def output_blocked(dut):
    """No result is accepted for 2,000 cycles: the offer stays, the inputs stop, and nothing is lost."""
    tb = await made(dut)
    tb.m.pause = True
    tb.weights(2, RAW)
    tb.activations(0)
    await ClockCycles(dut.clk, 100)
    assert await tb.read(STATUS) == 0x200, "not busy, while a result waits"
    for _ in range(120):
        tb.activations(0)
    await ClockCycles(dut.clk, 2000)
    assert dut.m_axis_tvalid.value == 1
    assert dut.s_axis_a_tready.value == 0
    assert not tb.a.empty(), "the core accepted more than it has space for"
    tb.m.pause = False
    await tb.results()
    assert await tb.read(STATUS) == 0


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(stalls=["none", "random", "bursts"])
async def unknowns(dut, stalls):
    """X on all unused bits: tdata and tuser between beats, idle tusers, the padding of a record."""
    bench = Bench(
        dut,
        s_axis_w_tlast=None,
        s_axis_a_tlast=None,
        **{
            f"s_axil_{name}": 0
            for name in (
                "awaddr",
                "awprot",
                "awvalid",
                "wdata",
                "wstrb",
                "wvalid",
                "bready",
                "araddr",
                "arprot",
                "arvalid",
                "rready",
            )
        },
    )
    shape = tuple(bench.parameter(name) for name in ("ROWS", "COLS", "DEPTH"))
    rows, cols, depth = shape
    kinds = STALLS[stalls]

    def port(kind, prefix, pause, *user):
        payload = [f"{prefix}_{name}" for name in ("tdata", *user, "tlast")]
        return kind(bench, f"{prefix}_tvalid", f"{prefix}_tready", payload, pauses(pause, bench.rng))

    w, a = (port(Source, prefix, kinds[0], "tuser") for prefix in ("s_axis_w", "s_axis_a"))
    m = port(Sink, "m_axis", kinds[1], "tkeep")
    await bench.start()

    def vector(data):
        text = "".join("X" * 8 if byte is None else f"{byte:08b}" for byte in reversed(data))
        return cocotb.types.LogicArray(text)

    def send(source, prefix, beats):
        for index, (data, user) in enumerate(beats):
            source.send(
                {
                    f"{prefix}_tdata": vector(data),
                    f"{prefix}_tuser": user,
                    f"{prefix}_tlast": int(index == len(beats) - 1),
                }
            )

    expected, width = [], 4 * cols

    def arrived():
        return len(m.beats) == sum(len(data) for data, _ in expected) // width

    for mode in (RAW, GEMMLOWP, RUY, FP32, None, RAW):
        if mode is None:
            # a soft reset between packets, tlast X meanwhile: no packet was open, so none may be discarded
            await bench.until(arrived, what=f"{len(expected)} tiles")
            bench.drive(
                s_axil_awaddr=CONTROL,
                s_axil_wdata=1,
                s_axil_wstrb=15,
                s_axil_awvalid=1,
                s_axil_wvalid=1,
                s_axil_bready=1,
            )
            await bench.step()
            bench.drive(s_axil_awvalid=0, s_axil_wvalid=0)
            await bench.step(4)
            continue
        panel = Panel(bench.rng, shape, int(bench.rng.integers(1, 4 * depth)), mode)
        send(w, "s_axis_w", panel.beats())
        for flags in (0, RELEASE):
            operand = full_int8(bench.rng, (rows, panel.k))
            send(a, "s_axis_a", panel.activation_beats(operand, flags))
            expected.append(panel.tile([gemm.gemm(operand, panel.w)], bench.parameter("PACK_RESULTS")))
    await bench.until(arrived, what=f"{len(expected)} tiles")
    got = iter(m.values)
    for tile, (wanted, kept) in enumerate(expected):
        for beat, start in enumerate(range(0, len(wanted), width)):
            data, keep, last = next(got)
            marks = kept[start : start + width]
            what = f"tile {tile}, beat {beat}"
            bench.equal(keep, int("".join(map(str, reversed(marks))), 2), f"tkeep of {what}")
            bench.equal(last, int(start + width == len(wanted)), f"tlast of {what}")
            used = bytes(byte if bit else 0 for byte, bit in zip(data.to_bytes(width, "little"), marks))
            bench.equal(used, wanted[start : start + width], what)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def tuser_by_byte(dut):
    """cocotbext-axi's tuser, as examples/README.md explains it."""
    tb = await made(dut)
    _, cols, depth = tb.shape
    width = cols * depth  # bytes of a beat
    k = min(3 * depth, tb.k_max)
    beats = len(Panel(tb.rng, tb.shape, k, RUY).beats())
    for user, mode in (
        (RUY, RUY),  # for all bytes
        ([RUY], RUY),  # a short list continues with its last value
        ([RUY] * width + [RAW] * width * (beats - 1), RUY),
        (
            [RAW] * (width - 1) + [RUY] + [RAW] * width * (beats - 1),
            RUY,
        ),  # the last byte of a beat is significant
        ([RUY] + [RAW] * (beats - 1), RAW if width > 1 else RUY),  # one value per beat: the mistake
    ):
        panel = Panel(tb.rng, tb.shape, k, RUY)
        sent = frame(panel.beats())
        sent.tuser = user
        tb.w.send_nowait(sent)
        panel.mode = mode
        tb.activations(RELEASE, panel)
    await tb.results()
    assert await tb.read(STATUS) == 0


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def registers_meanwhile(dut):
    """Reads and writes of registers while tiles run have no side effects."""
    tb = await made(dut)
    tb.work(5)
    count = len(tb.expected)
    results = cocotb.start_soon(tb.results())
    await ClockCycles(dut.clk, 40)
    assert await tb.read(STATUS) & ~0x200 == 0
    while not results.done():
        await tb.write(CONTROL, 2)
        assert await tb.read(CONTROL) == 2
        assert await tb.read(TILES) <= count
    await results
    assert await tb.read(STATUS) == 0
    assert await tb.read(TILES) == count


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(error=["k_mismatch", "mode"])
async def error(dut, error):
    """Good tiles leave, the faulty one does not, irq rises, STATUS has the error, a soft reset clears it."""
    tb = await made(dut)
    await tb.write(CONTROL, 2)
    tb.work(3)
    await tb.results()
    assert dut.irq.value == 0
    if error == "k_mismatch":
        panel = tb.weights(tb.k_max, RAW)
        tb.activations(0)
        short = Panel(tb.rng, tb.shape, max(1, tb.k_max - tb.shape[2]), RAW)
        tb.a.send_nowait(frame(short.activation_beats(full_int8(tb.rng, (tb.shape[0], short.k)), RELEASE)))
        whole = full_int8(tb.rng, (tb.shape[0], panel.k))
        tb.a.send_nowait(frame(panel.activation_beats(whole, RELEASE)))
    else:
        tb.weights(2, 4)
    await tb.results()  # which also checks that both inputs drain
    assert dut.irq.value == 1
    # slices of the faulty tile have entered the array: it stays open, so the core is busy
    assert await tb.read(STATUS) == {"k_mismatch": 0x301, "mode": 0x110}[error]
    tb.expected, tb.open = [], []
    tb.work(2)
    tb.expected = []
    await tb.results()
    await tb.write(CONTROL, 3)
    await ClockCycles(dut.clk, 2)
    assert dut.irq.value == 0
    assert await tb.read(STATUS) == 0
    tb.open = []
    tb.work(4)
    await tb.results()


@cocotb.test(timeout_time=2, timeout_unit="ms")
@cocotb.parametrize(which=["w", "a", "m"])
async def soft_reset(dut, which):
    """A soft reset in the middle of a packet of each stream: the rest is discarded, the next is complete."""
    tb = await made(dut)
    driver = {"w": tb.w, "a": tb.a, "m": tb.m}[which]
    k, width = tb.k_max, 4 * tb.shape[1]
    if which == "w":
        tb.w.send_nowait(frame(Panel(tb.rng, tb.shape, k, RAW).beats()))
        await ClockCycles(dut.clk, 4)
        driver.pause = True
    elif which == "a":
        tb.weights(k, RAW)
        await ClockCycles(dut.clk, 14 + k)
        tb.activations(0)
        await ClockCycles(dut.clk, 3)
        driver.pause = True
    else:
        driver.pause = True
        tb.weights(k, RAW)
        tb.activations(0)
        while dut.m_axis_tvalid.value != 1:
            await RisingEdge(dut.clk)
    await ClockCycles(dut.clk, 5)
    await tb.write(CONTROL, 1)
    await ClockCycles(dut.clk, 5)
    driver.pause = False
    if which == "m":
        # the row on offer stays; if it was not the tile's only one, a beat without bytes closes the packet
        cut = await with_timeout(tb.m.recv(compact=False), SHORT_NS, "ns")
        closing = tb.shape[0] > 1
        assert cut.tkeep == [1] * width + [0] * width * closing
        assert cut.tdata[:width] == tb.expected[0][0][:width]
    tb.expected, tb.open = [], []
    await ClockCycles(dut.clk, 10 + k)
    tb.work(4)
    await tb.results()
    assert await tb.read(STATUS) == 0


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def hard_reset(dut):
    """rst in the middle of packets of all three streams; the bench's drivers restart with it."""
    tb = await made(dut)
    tb.weights(tb.k_max, RAW)
    tb.activations(0)
    tb.activations(0)
    while dut.m_axis_tvalid.value != 1:
        await RisingEdge(dut.clk)
    tb.weights(tb.k_max, RAW)
    await ClockCycles(dut.clk, 3)
    dut.rst.value = 1
    await ClockCycles(dut.clk, 2)
    for driver in (tb.w, tb.a, tb.m):
        driver.clear()
    tb.expected, tb.open = [], []
    dut.rst.value = 0
    await RisingEdge(dut.clk)
    tb.work(4)
    await tb.results()
    assert await tb.read(STATUS) == 0
