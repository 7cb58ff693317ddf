# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""A board and its serial line without hardware, threads or time: docs/boards.md read byte by byte.

The line transfers a byte in each direction per tick of its clock, so every run of a host against it is the
same and waiting for seconds takes no time. As on a real line, bytes are in flight: what a host has written
reaches the board whether or not the host continues, and what the board sends is kept until a host reads it.

Written from the document alone, not from host/, so that mistakes in framing do not cancel out.
"""

import errno
from collections import deque

import numpy as np

from tests.plain_core import PlainCore

BYTE_SECONDS = 10e-6
CREDIT = 9  # log2 of the bytes in the bridge's buffer
RESULT_TICKS = 6  # between two result beats
WAITING_BEATS = 2  # activation beats the core takes without weights

ERRORS = FRAMING, OVERRUN, CHECKSUM, CUT_SHORT, UNKNOWN, STRAY = [1 << bit for bit in range(6)]


def checksum(data):
    """CRC-16/MCRF4XX, bit by bit."""
    total = 0xFFFF
    for byte in data:
        total ^= byte
        for _ in range(8):
            total = total >> 1 ^ (0x8408 if total & 1 else 0)
    return total.to_bytes(2, "little")


class PlainBoard:
    """The board's side: frames in, frames out, a core in between.

    Parameters
    ----------
    rows, cols, depth, k_max : int
        Of the core.

    Attributes
    ----------
    irq : bool
        The core's interrupt; nothing here raises it.
    """

    def __init__(self, rows, cols, depth, k_max):
        self.core = PlainCore(rows, cols, depth, k_max)
        self.registers = dict(self.core.registers)
        self.incoming, self.outgoing = deque(), deque()  # bytes in the buffer; of the message being sent
        self.open = None  # the incoming frame, unescaped: a bytearray after its 7E
        self.escaped = False
        self.status, self.note, self.answer, self.irq = 0, False, None, False
        self._restart()

    def _restart(self):
        self.core._reset()
        self.registers = dict(self.core.registers) | {0x1C: 0x00100000}
        self.weights, self.activations = [], []  # beats of the packet that has not ended
        self.results, self.wait = deque(), RESULT_TICKS

    def tick(self, byte):
        """Take one byte from the line or None; return the one for the line, or None."""
        if byte is not None:
            if len(self.incoming) == 1 << CREDIT:
                self._fail(OVERRUN)
            else:
                self.incoming.append(byte)
        if self.incoming and self.answer is None and not self._blocked():
            self._take(self.incoming.popleft())
        self.wait = max(0, self.wait - 1)
        if not self.outgoing:
            self._next_message()
        return self.outgoing.popleft() if self.outgoing else None

    @property
    def idle(self):
        """Whether nothing will happen before the next byte."""
        stopped = not self.incoming or self._blocked()
        return stopped and not (self.outgoing or self.answer or self.note or self.results)

    def _fail(self, error):
        self.note |= not self.status
        self.status |= error

    def _blocked(self):
        """Whether the core does not take the beat that the open frame has in it."""
        return (
            not self.status
            and self.open is not None
            and len(self.open) > 3
            and self.open[0] & 0xFE == 0x20
            and not self.core.panels
            and len(self.activations) >= WAITING_BEATS
        )

    def _take(self, byte):
        if byte == 0x7E:
            if self.open:
                self._fail(CUT_SHORT)
            self.open, self.escaped = bytearray(), False
        elif self.open is None:
            if not self.status:
                self._fail(STRAY)
        elif byte == 0x7D and not self.escaped:
            self.escaped = True
        else:
            self.open.append(byte ^ 0x20 if self.escaped else byte)
            self.escaped = False
            self._look()

    def _look(self):
        """In an open frame: beats go to the core as they arrive, commands when they are complete."""
        frame, kind = self.open, self.open[0]
        stream = {0x10: "weights", 0x20: "activations"}.get(kind & 0xFE)
        if stream:
            width = self.core.depth * (self.core.cols if stream == "weights" else self.core.rows)
            size = 3 + (frame[2] or 256) * width if len(frame) > 2 else None
        elif kind in (1, 2, 3, 4):
            size = {1: 1, 2: 1, 3: 2, 4: 6}[kind]
        else:
            self._fail(UNKNOWN)
            self.open = None
            return
        if stream and size and 3 < len(frame) < size and (len(frame) - 3) % width == 0:
            self._beat(stream, frame[1], frame[-width:], False)
        if size is None or len(frame) < size + 2:
            return
        self.open = None
        if checksum(frame[:size]) != bytes(frame[size:]):
            self._fail(CHECKSUM)
            return
        if kind == 2:
            self._restart()
            self.status, self.note = 0, False
        elif stream:
            self._beat(stream, frame[1], frame[size - width : size], bool(kind & 1))
        body = b""
        if kind == 1:
            body = b"MU\x01" + bytes([CREDIT])
        elif kind == 3:
            body = b"\0" + self.registers.get(frame[1], 0).to_bytes(4, "little")
        elif kind == 4:
            self.registers[frame[1]] = int.from_bytes(frame[2:6], "little")
            body = b"\0"
        self.answer = kind, body

    def _beat(self, stream, user, data, last):
        if self.status:
            return
        beats = getattr(self, stream)
        beats.append((np.frombuffer(bytes(data), np.uint8), user))
        if not last:
            return
        packet, users = [beat for beat, _ in beats], [user for _, user in beats]
        if stream == "weights":
            self.core._load(packet, users[0])
        else:
            self.results.extend(self.core._multiply(packet, users[-1]))
        setattr(self, stream, [])

    def _next_message(self):
        if self.status:
            self.results.clear()
        if self.note:
            self.note, inner = False, bytes([0, self.status | self.irq << 7])
        elif self.answer is not None:
            (kind, body), self.answer = self.answer, None
            inner = bytes([kind, self.status | self.irq << 7]) + (b"" if self.status and kind > 2 else body)
        elif self.results and not self.wait:
            data, last, keep = self.results.popleft()
            used = bytes(byte for byte, kept in zip(data, keep) if kept)
            inner, self.wait = bytes([0x80 | last, len(used)]) + used, RESULT_TICKS
        else:
            return
        inner += checksum(inner)
        self.outgoing.append(0x7E)
        for byte in inner:
            self.outgoing.extend((0x7D, byte ^ 0x20) if byte in (0x7D, 0x7E) else (byte,))


class PlainLine:
    """A board's line instead of the operating system calls of a host.

    Attributes
    ----------
    board : PlainBoard
    ticks : int
        The time.
    asleep : int
        Ticks for which the board does nothing, like a simulator without a processor.
    latency : int
        Ticks after which a byte of the board can be read, as those of a USB cable.
    """

    def __init__(self, board):
        self.board, self.ticks, self.asleep, self.latency = board, 0, 0, 0
        self.to_board, self.to_host = deque(), deque()
        self.fd = object()

    def _tick(self):
        self.ticks += 1
        if self.asleep:
            self.asleep -= 1
            return
        byte = self.board.tick(self.to_board.popleft() if self.to_board else None)
        if byte is not None:
            self.to_host.append((self.ticks + self.latency, byte))

    def _readable(self):
        return bool(self.to_host) and self.to_host[0][0] <= self.ticks

    # as serial.Serial, in os, select and time

    def open(self, *_, **__):
        """Open the port again; like a port's driver, it drops unread bytes."""
        self.to_host.clear()
        return self

    def fileno(self):
        return self.fd

    def reset_input_buffer(self):
        self.to_host.clear()

    def close(self):
        pass

    def monotonic(self):
        return self.ticks * BYTE_SECONDS

    def write(self, fd, data):
        assert fd is self.fd
        self._tick()
        if len(self.to_board) >= 4096:
            raise BlockingIOError(errno.EAGAIN, "full")
        self.to_board.extend(data)
        return len(data)

    def read(self, fd, count):
        assert fd is self.fd
        data = bytearray()
        while self._readable() and len(data) < count:
            data.append(self.to_host.popleft()[1])
        self._tick()
        return bytes(data)

    def select(self, readers, writers, _, seconds):
        for left in range(max(1, int(seconds / BYTE_SECONDS)), 0, -1):
            self._tick()
            if self._readable() or writers:
                break
            if self.board.idle and not (self.to_board or self.to_host or self.asleep):
                self.ticks += left
                break
        return list(readers) if self._readable() else [], list(writers), []
