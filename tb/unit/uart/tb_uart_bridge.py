# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""uart_bridge in the simulator, its core a model.

What could be wrong here, and which case would show it:
  a beat lost, doubled, of the wrong bytes, tuser or tlast   `streams`: frames of both in turn, all pauses
  tlast, or a tile's end, out of a damaged frame             `damaged`: the last beat must not be offered
  a register access of the wrong address, data or strobe     `registers`, late answers, error responses
  a result of the wrong length, its bytes mixed              `results`, every tkeep, between answers
  an answer out of order, missing or of the wrong length     the frames sent are compared one by one
  an error not reported, reported twice, cleared too early   `errors`: each of the six, alone: a note, then
                                                             nothing but its status until the reset
  a crashed host leaves half a frame                         `resynchronised`: truncated after every byte
  a wait for the core survives a reset                       `unstuck`: overrun ends it
  an error in a message changes its length, or its status    `any_cycle`: from a command to its answer's end
  a reset changes the length of a result, or its n           `reset_in_result`: in each cycle of its frame
"""

import cocotb

from macrame.host import frames
from tb.lib.axis import STALLS, Sink, Source, pauses
from tb.lib.kit import Bench, Part


class TB(Bench):
    """A host that sends frames on one side, a core on the other."""

    def __init__(self, dut, stalls="none"):
        super().__init__(
            dut,
            framing=0,
            overrun=0,
            irq=0,
            axil_bresp=0,
            axil_rresp=0,
            axil_bvalid=0,
            axil_rvalid=0,
            axil_awready=1,
            axil_wready=1,
            axil_arready=1,
            axil_rdata=None,
        )
        before, after = STALLS[stalls]
        self.bytes_ = {"w": self.parameter("W_W") // 8, "a": self.parameter("A_W") // 8}
        self.cols = self.parameter("COLS")
        self.host = Source(self, "in_valid", "in_ready", ["in_data"], pauses(before, self.rng))
        self.line = Sink(self, "out_valid", "out_ready", ["out_data"], pauses(after, self.rng))
        self.streams = {
            s: Sink(
                self,
                f"{s}_tvalid",
                f"{s}_tready",
                [f"{s}_tdata", f"{s}_tuser", f"{s}_tlast"],
                pauses(after, self.rng),
            )
            for s in "wa"
        }
        self.results = Source(
            self, "m_tvalid", "m_tready", ["m_tdata", "m_tkeep", "m_tlast"], pauses(before, self.rng)
        )
        self.decoder, self.fed, self.frames = frames.Decoder(), 0, []
        self.accesses, self.answers, self.resets = [], [], 0
        self.parts += [Part(self.answer), Part(sample=self.watch)]

    def watch(self):
        """The frames received, the accesses started, the core's resets."""
        new = list(self.line.values[self.fed :])
        self.fed += len(new)
        self.frames += self.decoder.feed(bytes(new))
        assert not self.decoder.damaged
        self.resets += self.read("core_rst")
        write = self.read("axil_awvalid") & self.read("axil_wvalid")
        if write:
            self.accesses.append(("write", self.read("axil_addr"), self.read("axil_wdata")))
        if self.read("axil_arvalid"):
            self.accesses.append(("read", self.read("axil_addr")))
        if (
            self.read("axil_rready") & self._driven["axil_rvalid"]
            or self.read("axil_bready") & self._driven["axil_bvalid"]
        ):
            self.answers.append("taken")

    def answer(self):
        """The register block: it answers 1 to 4 cycles later and holds the answer until it is accepted."""
        if self.answers:
            self.answers.clear()
            self.drive(axil_rvalid=0, axil_bvalid=0, axil_rdata=None)
        if self.accesses and not (self._driven["axil_rvalid"] or self._driven["axil_bvalid"]):
            if self.rng.random() < 0.4:
                access = self.accesses.pop(0)
                self.done.append(access)
                response = 2 if access[1] >= 0x80 else 0
                if access[0] == "read":
                    self.drive(axil_rvalid=1, axil_rresp=response, axil_rdata=self.register(access[1]))
                else:
                    self.drive(axil_bvalid=1, axil_bresp=response)

    done = None

    @staticmethod
    def register(address):
        """The value of a register; some need escapes."""
        return (address * 0x01030507 ^ 0x7D7E0000) & 0xFFFFFFFF

    async def expect(self, *wanted, cycles=30_000):
        """Exactly these frames come next."""
        await self.until(lambda: len(self.frames) >= len(wanted), cycles, f"{len(wanted)} frames")
        await self.step(60)
        self.equal(self.frames, list(wanted), "frames")
        self.frames = []

    def send(self, kind, body=b""):
        self.host.send(*frames.encode(kind, body))

    def packet(self, stream, beats, last):
        """Queue a frame of random beats; returns them as the sink will show them."""
        size = self.bytes_[stream]
        data = [
            self.rng.choice([0x7D, 0x7E, 0x00, 0xFF, 0x5E, 0x80], size).astype("uint8").tobytes()
            for _ in range(beats)
        ]
        user = int(self.rng.integers(256 if stream == "w" else 4))
        kind = (frames.WEIGHTS if stream == "w" else frames.ACTIVATIONS) + last
        self.send(kind, bytes([user, beats & 255]) + b"".join(data))
        return kind, [
            (int.from_bytes(d, "little"), user, int(last and i == beats - 1)) for i, d in enumerate(data)
        ]

    async def begin(self):
        self.done = []
        await self.start()
        await self.step(2)
        self.resets = 0

    async def reset(self, cycles=30_000):
        """A reset command from the host restores normal operation."""
        before = self.resets
        self.send(frames.RESET)
        await self.until(
            lambda: any(kind == frames.RESET for kind, _ in self.frames), cycles, "a reset's answer"
        )
        self.equal(self.frames[-1], (frames.RESET, b"\0"), "answer to the reset")
        self.equal(self.resets - before, 1, "cycles of reset")
        self.frames = []
        self.equal(self.read("failed"), 0, "failed")


@cocotb.test(timeout_time=4, timeout_unit="ms")
@cocotb.parametrize(stalls=list(STALLS))
async def streams(dut, stalls):
    """Frames of both streams in turn; 256 beats among them; 1 beat with tlast, as of K = 1."""
    tb = TB(dut, stalls)
    await tb.begin()
    expected, answers = {"w": [], "a": []}, []
    for i, beats in enumerate([1, 1, 2, 5, 1, 9, 3, *([256] if stalls == "none" else [])]):
        stream = "wa"[i % 2]
        kind, data = tb.packet(stream, beats, i % 3 != 2)
        expected[stream] += data
        answers.append((kind, b"\0"))
    await tb.expect(*answers)
    for stream in "wa":
        tb.equal(tb.streams[stream].values, expected[stream], f"beats of {stream}")


@cocotb.test(timeout_time=4, timeout_unit="ms")
@cocotb.parametrize(stalls=["none", "random"])
async def registers(dut, stalls):
    """Reads and writes in turn, error responses among them; irq shows in the status."""
    tb = TB(dut, stalls)
    await tb.begin()
    wanted, answers = [], []
    for _i in range(24):
        address, value = int(tb.rng.integers(64)) * 4, int(tb.rng.integers(2**32))
        response = 2 if address >= 0x80 else 0
        if tb.rng.random() < 0.5:
            tb.send(frames.READ, bytes([address]))
            wanted.append(("read", address))
            answers.append((frames.READ, bytes([0, response]) + tb.register(address).to_bytes(4, "little")))
        else:
            tb.send(frames.WRITE, bytes([address]) + value.to_bytes(4, "little"))
            wanted.append(("write", address, value))
            answers.append((frames.WRITE, bytes([0, response])))
    await tb.expect(*answers)
    tb.equal(tb.done, wanted, "accesses")
    tb.drive(irq=1)
    tb.send(frames.HELLO)
    await tb.expect(
        (frames.HELLO, bytes([0x80]) + b"MU" + bytes([frames.VERSION, tb.parameter("CREDIT_LOG2")]))
    )


@cocotb.test(timeout_time=4, timeout_unit="ms")
@cocotb.parametrize(stalls=list(STALLS))
async def results(dut, stalls):
    """Beats of every tkeep, and the answers to commands between them."""
    tb = TB(dut, stalls)
    await tb.begin()
    expected = []
    for i in range(10):
        count = tb.cols * [4, 2, 1, 3, 0][i % 5]
        data = tb.rng.choice([0x7D, 0x7E, 0x11, 0xEE], 4 * tb.cols).astype("uint8").tobytes()
        tb.results.send(
            {"m_tdata": int.from_bytes(data, "little"), "m_tkeep": (1 << count) - 1, "m_tlast": i % 2}
        )
        expected.append((frames.RESULT + i % 2, bytes([count]) + data[:count]))
    for i in range(4):
        tb.send(frames.READ, bytes([4 * i]))
    await tb.until(lambda: len(tb.frames) >= 14, 30_000, "14 frames")
    tb.equal([f for f in tb.frames if f[0] & 0x80], expected, "results")
    tb.equal([f[0] for f in tb.frames if not f[0] & 0x80], [frames.READ] * 4, "answers")


FRAME_ERRORS = {
    "checksum": lambda tb: frames.encode(frames.HELLO)[:-1] + b"\x55",
    "cut_short": lambda tb: frames.encode(frames.READ, b"\4")[:-2] + bytes([frames.FLAG]),
    "unknown_command": lambda tb: frames.encode(0x77),
    "stray_byte": lambda tb: frames.encode(frames.HELLO) + b"\x01",
}


@cocotb.test(timeout_time=4, timeout_unit="ms")
@cocotb.parametrize(error=list(frames.STATUS_ERRORS))
async def errors(dut, error):
    """Reported at once; then only hello and reset have an effect, and no beat, access or result passes."""
    tb = TB(dut)
    await tb.begin()
    bit = 1 << frames.STATUS_ERRORS.index(error)
    tb.send(frames.READ, b"\x08")
    if error in FRAME_ERRORS:
        tb.host.send(*FRAME_ERRORS[error](tb))
    else:
        # in the middle of an answer's frame, which must end as it began
        await tb.until(lambda: len(tb.line.beats) == 5)
        tb.drive(**{error: 1})
        await tb.step()
        tb.drive(**{error: 0})
    await tb.until(lambda: any(kind == frames.NOTE for kind, _ in tb.frames), 3000, "a note")
    notes = [body for kind, body in tb.frames if kind == frames.NOTE]
    tb.equal(notes, [bytes([bit])], "notes")
    tb.equal(
        tb.frames[0], (frames.READ, bytes([0, 0]) + tb.register(8).to_bytes(4, "little")), "answer before"
    )
    tb.frames, tb.done = [], []
    tb.equal(tb.read("failed"), 1, "failed")
    tb.results.send({"m_tdata": 1, "m_tkeep": 1, "m_tlast": 1})
    tb.packet("w", 3, True)
    tb.packet("a", 2, True)
    tb.send(frames.READ, b"\4")
    tb.send(frames.WRITE, b"\4\1\2\3\4")
    tb.send(frames.HELLO)
    await tb.expect(
        *((kind, bytes([bit])) for kind in (0x11, 0x21, frames.READ, frames.WRITE)),
        (frames.HELLO, bytes([bit]) + b"MU" + bytes([1, tb.parameter("CREDIT_LOG2")])),
    )
    assert tb.results.empty, "the result was not thrown away"
    assert not tb.done
    assert not (tb.streams["w"].beats)
    assert not (tb.streams["a"].beats)
    await tb.reset()
    kind, data = tb.packet("w", 2, True)
    await tb.expect((kind, b"\0"))
    tb.equal(tb.streams["w"].values, data, "beats after the reset")


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def any_cycle(dut):
    """An error in each cycle from a command's first byte to the end of its answer: the answer is complete and
    without an error, or it is the status alone; the note is sent in any case."""
    tb = TB(dut)
    await tb.begin()
    bit = bytes([1 << frames.STATUS_ERRORS.index("overrun")])
    note = (frames.NOTE, bit)
    complete = [(frames.READ, bytes([0, 0]) + tb.register(8).to_bytes(4, "little")), note]
    found, answer_end = [], None
    for delay in range(120):
        tb.send(frames.READ, b"\x08")
        await tb.step(delay)
        answered = len(tb.frames) == 1
        tb.drive(overrun=1)
        await tb.step()
        tb.drive(overrun=0)
        await tb.until(lambda: len(tb.frames) == 2, 3000, "an answer and a note")
        found.append(tb.frames == complete)
        if not found[-1]:
            tb.equal(tb.frames, [note, (frames.READ, bit)], f"frames, error in cycle {delay}")
        await tb.reset()
        if answered:
            answer_end = delay
            break
    assert answer_end is not None, "no error came after the answer"
    first = found.index(True)
    tb.equal(found, [False] * first + [True] * (len(found) - first), "complete answers, by the error's cycle")
    assert first > 5, "no error came before the answer"
    assert len(found) - first > 5, "no error came during the answer"


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def reset_in_result(dut):
    """A reset in each cycle of a result's frame, which withdraws the result: the frame keeps its length."""
    tb = TB(dut)
    await tb.begin()
    size = 4 * tb.cols
    beat = {"m_tdata": 0x11, "m_tkeep": (1 << size) - 1, "m_tlast": 0}

    def withdraw():
        if tb.read("core_rst") and not tb.results.empty:
            withdrawn.append(bool(tb.line.beats) and not tb.frames)
            tb.results.clear()

    tb.parts.append(Part(sample=withdraw))
    # what the core offers after the reset is not a result, but not unknown either
    tb.results._idle |= {"m_tdata": 0, "m_tkeep": 0, "m_tlast": 0}
    during = 0
    for delay in range(60):
        tb.line.beats.clear()
        tb.fed, withdrawn = 0, []
        tb.send(frames.RESET)
        await tb.step(delay)
        tb.results.send(dict(beat))
        await tb.until(lambda: any(kind == frames.RESET for kind, _ in tb.frames), 3000, "the reset's answer")
        await tb.step(100)
        for kind, body in tb.frames:
            if kind != frames.RESET:
                tb.equal((kind, len(body) - 1, body[0]), (frames.RESULT, size, size), "type, bytes and n")
        during += withdrawn == [True]
        tb.frames = []
    assert during >= 5, f"{during} of the resets came within a frame"


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def damaged(dut):
    """A wrong bit anywhere in the frame: its last beat is not offered, so no panel is complete."""
    tb = TB(dut)
    await tb.begin()
    for at in (1, 2, 4, -3, -2, -1):
        for sink in tb.streams.values():
            sink.beats.clear()
        frame = bytearray(
            frames.encode(frames.WEIGHTS + 1, bytes([1, 2]) + bytes(range(1, 2 * tb.bytes_["w"] + 1)))
        )
        frame[at] ^= 0x40 if at != 1 else 0x01
        tb.host.send(*frame)
        await tb.step(600)
        assert not any(last and at != 1 for _, _, last in tb.streams["w"].values)
        assert len(tb.streams["w"].beats) <= 1
        tb.equal(tb.read("failed"), int(at not in (3,)), f"failed, byte {at} damaged")
        await tb.reset()


@cocotb.test(timeout_time=8, timeout_unit="ms")
async def resynchronised(dut):
    """A frame truncated after each byte, then a new host's reset."""
    tb = TB(dut)
    await tb.begin()
    frame = frames.encode(frames.WEIGHTS + 1, bytes([1, 2]) + b"\x7d" * (2 * tb.bytes_["w"]))
    for length in range(1, len(frame)):
        tb.host.send(*frame[:length])
        await tb.reset()
        tb.streams["w"].beats.clear()
    kind, data = tb.packet("w", 2, True)
    await tb.expect((kind, b"\0"))
    tb.equal(tb.streams["w"].values, data, "beats")


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def unstuck(dut):
    """The core takes no beat while a reset waits: the resulting overrun unblocks the bridge."""
    tb = TB(dut)
    await tb.begin()
    for sink in tb.streams.values():
        sink.blocked = True
    tb.packet("a", 3, True)
    tb.send(frames.RESET)
    await tb.step(2000)
    tb.equal(tb.frames, [], "frames")
    tb.drive(overrun=1)
    tb.streams["a"].held = None  # the offer goes: the core is reset anyway
    await tb.step()
    tb.streams["a"].held = None
    tb.drive(overrun=0)
    for _ in range(3):
        tb.streams["a"].held = None
        await tb.step()
    await tb.until(lambda: any(kind == frames.RESET for kind, _ in tb.frames), 3000, "the reset's answer")
    tb.equal(tb.read("failed"), 0, "failed")
