# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""A link to a core or a network engine over a serial line, on a board or a simulated board behind a
pseudo-terminal.

    SerialLink ── frames ──► /dev/ttyUSB0 ── uart_line, uart_bridge ──► macrame     docs/boards.md

The host may have as many unanswered bytes in flight as the bridge's buffer holds; the bridge reports the
size. Results arrive as they are ready, and the host reads continuously. Whatever is lost or damaged on the
way raises a LinkError: each frame has a checksum, and each is answered.

After an abandoned call, its answers and results may still arrive. A reset of the bridge discards what bridge
and core hold, but not the bytes on the line, and its answer may belong to an earlier, abandoned reset. So a
random number is then written to a register and read back: whatever arrives before that number is stale.
"""

import errno
import os
import re
import secrets
import select
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from macrame.errors import InputError, LinkError, SetupError, amount
from macrame.host import frames, packets, registers
from macrame.host.link import Beats, LinkBase, Results, Told
from macrame.registers import ENGINE_ID_RESET, ENGINE_WATCHDOG_RESET

if TYPE_CHECKING:
    from serial import Serial

BAUD = 1_000_000  # the default of the designs in boards/

LARGEST_CREDIT = 1 << 10

#: Reset values of WATCHDOG, by ID, of units that have another one than the core.
_WATCHDOGS = {ENGINE_ID_RESET: ENGINE_WATCHDOG_RESET}

TIMEOUT = 5.0  # seconds of silence after which the bridge counts as absent


def parse(text: str) -> tuple[str, int]:
    """Parse device and speed from LINK as the user gave it.

    Parameters
    ----------
    text : str
        ``serial:DEVICE`` or ``serial:DEVICE@BAUD``.

    Returns
    -------
    device : str
    baud : int

    Raises
    ------
    macrame.errors.InputError

    Examples
    --------
    >>> parse("serial:/dev/ttyUSB0@115200")
    ('/dev/ttyUSB0', 115200)
    """
    scheme, colon, rest = text.partition(":")
    if scheme != "serial" or not colon:
        raise InputError(
            f"LINK={text}: expected serial:DEVICE or serial:DEVICE@BAUD, such as serial:/dev/ttyUSB0"
        )
    device, _, baud = rest.partition("@")
    if not device:
        raise InputError(f"LINK={text}: no device, expected serial:DEVICE, such as serial:/dev/ttyUSB0")
    if "@" in rest and not re.fullmatch(r"[1-9][0-9]{2,7}", baud):
        raise InputError(
            f"LINK={text}: baud rate {baud or '(none)'}, expected an integer from 100 to 99999999"
        )
    return device, int(baud or BAUD)


def _schedule(weights: Beats, activations: Beats) -> Iterator[tuple[int, slice]]:
    """Order the packets of both streams so that the core can accept them one after the other.

    A weight panel comes first, then the activation panels that use it, up to the one that releases it; so no
    beat waits for a later one.

    Yields
    ------
    (int, slice)
        Frame type, and the beats of one packet; the last packet of a stream may be incomplete.
    """
    w_packets, a_packets = deque(_packets(weights)), deque(_packets(activations))
    while w_packets or a_packets:
        if w_packets:
            yield frames.WEIGHTS, w_packets.popleft()
        while a_packets:
            beats = a_packets.popleft()
            yield frames.ACTIVATIONS, beats
            if activations.user[beats.stop - 1] & packets.RELEASE:
                break


def _packets(beats: Beats) -> Iterator[slice]:
    start = 0
    for end in np.flatnonzero(beats.last) + 1:
        yield slice(start, int(end))
        start = int(end)
    if start < len(beats):
        yield slice(start, len(beats))


def frame_beats(credit: int, width: int) -> int:
    """Beats of a stream in one frame: several frames per credit, so that the line need not wait for answers.

    Parameters
    ----------
    credit : int
        Bytes.
    width : int
        Bytes per beat.

    Returns
    -------
    int
    """
    return max(1, min(255, (credit // 4 - 8) // width))


def transfer_bytes(
    packets: Iterable[tuple[int, int]], results: Iterable[int], credit: int
) -> tuple[int, int]:
    """Bytes of a transfer on the line, without escapes, which depend on the data.

    Parameters
    ----------
    packets : iterable of (int, int)
        Beats of each packet, and bytes per beat.
    results : iterable of int
        Bytes of each result beat.
    credit : int
        Bytes.

    Returns
    -------
    sent, received : int

    Examples
    --------
    >>> transfer_bytes([(2, 8)], [8], 512)
    (22, 18)
    """
    sent = received = 0
    for beats, width in packets:
        count = -(-beats // frame_beats(credit, width))
        sent += beats * width + count * len(frames.encode(frames.ACTIVATIONS, bytes(2)))
        received += count * len(frames.encode(frames.ACTIVATIONS, bytes(1)))
    empty = len(frames.encode(frames.RESULT, bytes(1)))
    return sent, received + sum(size + empty for size in results)


def access_bytes(reads: int, writes: int) -> tuple[int, int]:
    """Bytes of register accesses on the line, without escapes.

    Parameters
    ----------
    reads, writes : int

    Returns
    -------
    sent, received : int

    Examples
    --------
    >>> access_bytes(1, 1)
    (14, 16)
    """
    kinds = ((frames.READ, reads, 1), (frames.WRITE, writes, 5))
    sent = sum(count * len(frames.encode(kind, bytes(size))) for kind, count, size in kinds)
    received = sum(
        count * len(frames.encode(kind, bytes(frames.ANSWER_BYTES[kind]))) for kind, count, _ in kinds
    )
    return sent, received


class PortError(LinkError):
    """The serial port cannot be opened, so nothing has been sent."""


class SerialLink(LinkBase):
    """Open a serial port and reset the bridge at the other end.

    Parameters
    ----------
    device : str
    baud : int
    timeout : float
        Seconds of silence after which the bridge counts as absent.

    Attributes
    ----------
    seconds : float
        Time spent in transfers.
    credit : int
        Bytes that the bridge accepts without an answer.
    sent, received : int
        Bytes sent and received so far.

    Raises
    ------
    PortError
        There is no such port, or it is in use.
    macrame.errors.LinkError
        Nothing answers on it, or the device that answers is not the bridge.
    macrame.errors.SetupError
        pyserial is not installed.
    """

    def __init__(self, device: str, baud: int = BAUD, timeout: float = TIMEOUT) -> None:
        super().__init__()
        try:
            import serial  # imported here so that pyserial is needed only with a board
        except ImportError:
            raise SetupError("pyserial is not installed: pip install 'macrame[board]'") from None
        self.device, self.baud, self.timeout = device, baud, timeout
        self.seconds, self.sent, self.received = 0.0, 0, 0
        self.credit = 0
        self._decoder = frames.Decoder()
        self._results: list[tuple[int, bytes]] = []
        self._port: Serial | None = None
        try:
            self._port = serial.Serial(device, baud, timeout=0, write_timeout=0, exclusive=True)
            self._port.reset_input_buffer()
        except (OSError, ValueError) as error:  # SerialException is an OSError
            self.close()
            number = getattr(error, "errno", None)
            why = os.strerror(number) if number else _first_line(error)
            if "exclusively lock" in str(error):
                why = "another program is using it"
            elif os.strerror(errno.ENOTTY) in str(error):
                why = "it is not a serial port"
            raise PortError(f"{device} cannot be opened: {why}") from None
        try:
            self.reset()
            shape = registers.unpack_shape(self.read(registers.SHAPE))
        except BaseException:
            self.close()
            raise
        self._cols = shape[1]

    def _reset(self) -> None:
        """Reset bridge and core, whatever state an earlier host left them in, and read the identification."""
        self._decoder, self._results = frames.Decoder(), []
        first = min(1.0, self.timeout / 2)
        if self._first_answer(frames.RESET, limit=first) is None:
            # the bridge may wait for the core to accept a beat: an overrun of frame starts aborts the wait
            self._push(bytes([frames.FLAG]) * LARGEST_CREDIT)
            if self._first_answer(frames.RESET, limit=self.timeout + 10 * LARGEST_CREDIT / self.baud) is None:
                damaged = self._decoder.damaged
                raise LinkError(
                    f"no answer from {self.device} at {self.baud:,} baud within {self.timeout:g} s"
                    + (
                        f", only {amount(damaged, 'damaged frame')}: check the baud rate"
                        if damaged
                        else f", only {amount(self.received, 'byte')} without a frame: check the baud rate"
                        if self.received
                        else ": check that the board is configured and that this is its port"
                    )
                )
        body = self._first_answer(frames.HELLO)
        if body is None:
            raise self._silent()
        if body[1:3] != frames.MAGIC:
            raise LinkError(
                f"{self.device} answered {body[1:3].hex(' ')}, expected {frames.MAGIC.hex(' ')}: "
                f"not a macrame bridge"
            )
        if body[3] != frames.VERSION:
            raise LinkError(
                f"{self.device} uses version {body[3]} of the serial protocol, expected {frames.VERSION}"
            )
        self.credit = 1 << body[4]
        self._synchronise()

    def _synchronise(self) -> None:
        """Read until the line holds nothing that was sent earlier."""
        mark, address = secrets.token_bytes(4), bytes([registers.WATCHDOG])
        self._first_answer(frames.WRITE, address + mark)
        if self._first_answer(frames.READ, address, lambda answer: answer[2:6] == mark) is None:
            raise self._silent()
        answer = self._call(frames.READ, bytes([registers.ID]))
        value = _WATCHDOGS.get(int.from_bytes(answer[2:6], "little"), registers.WATCHDOG_RESET)
        self._call(frames.WRITE, address + value.to_bytes(4, "little"))

    # --- bytes ----------------------------------------------------------------------------------------------

    def _io(self, waiting: bytes, seconds: float) -> tuple[bytes, list[tuple[int, bytes]]]:
        """Write what the port accepts of `waiting` and read what is there; return the rest to write and the
        frames read."""
        self._refuse_if_closed()  # closed by a progress callback
        assert self._port is not None
        try:
            port = self._port.fileno()
            readable, writable, _ = select.select([port], [port] if waiting else [], [], seconds)
            if writable:
                count = os.write(port, waiting[:4096])
                self.sent += count
                waiting = waiting[count:]
            data = os.read(port, 65536) if readable else b""
            if readable and not data:
                raise OSError("disconnected")
        except BlockingIOError:
            return waiting, []
        except OSError as error:
            raise LinkError(f"{self.device}: {error.strerror or error}; open a new link") from None
        self.received += len(data)
        return waiting, self._decoder.feed(data)

    def _push(self, data: bytes) -> None:
        """Write bytes that cause no answer, for as long as the line accepts them."""
        limit = time.monotonic() + self.timeout
        while data and time.monotonic() < limit:
            data, _ = self._io(data, 0.1)

    def _call(self, kind: int, body: bytes = b"") -> bytes:
        """Send a command and wait for its answer."""
        waiting, last = frames.encode(kind, body), time.monotonic()
        answer: bytes | None = None
        while time.monotonic() < last + self.timeout:
            before = self.received
            waiting, found = self._io(waiting, 0.05)
            if self.received != before:
                last = time.monotonic()
            for got, inner in found:  # drain all frames: results may follow the answer
                if got == kind and answer is None:
                    answer = inner
                elif got & ~frames.LAST == frames.RESULT:
                    self._came(got, inner)
                else:
                    self._unexpected(got, inner)
            if answer is not None:
                if kind != frames.HELLO:
                    self._check_status(answer[0])
                return answer
        raise self._silent()

    def _first_answer(
        self,
        kind: int,
        body: bytes = b"",
        is_answer: Callable[[bytes], bool] | None = None,
        limit: float | None = None,
    ) -> bytes | None:
        """Send a command and discard whatever precedes its answer; return None on a timeout.

        Without `is_answer`, a predicate on answers, an abandoned command's answer may be mistaken for it.
        """
        limit = time.monotonic() + (limit or self.timeout)
        waiting, status = frames.encode(kind, body), 0
        while time.monotonic() < limit:
            waiting, found = self._io(waiting, 0.05)
            for got, answer in found:
                if got == kind:
                    if is_answer is None or is_answer(answer):
                        return answer
                    status = answer[0]
        self._check_status(status)
        return None

    def _silent(self) -> LinkError:
        count = self._decoder.damaged
        damaged = f", {amount(count, 'damaged frame')} received" if count else ""
        return LinkError(
            f"no answer from {self.device} at {self.baud:,} baud within {self.timeout:g} s{damaged}"
        )

    def _check_status(self, status: int) -> None:
        names = registers.error_names(status, frames.STATUS_ERRORS)
        if names:
            raise LinkError(
                f"the serial line failed: {', '.join(names)} (status 0x{status:02x}); the bridge accepts "
                f"no more data until reset() of the link"
            )

    def _unexpected(self, kind: int, answer: bytes) -> None:
        if kind == frames.NOTE:
            self._check_status(answer[0])
        raise LinkError(f"{self.device} sent an unexpected frame of kind 0x{kind:02x}")

    # --- the link -------------------------------------------------------------------------------------------

    def _read(self, address: int) -> tuple[int, int]:
        answer = self._call(frames.READ, bytes([address]))
        return int.from_bytes(answer[2:6], "little"), answer[1]

    def _write(self, address: int, value: int) -> int:
        return self._call(frames.WRITE, bytes([address]) + value.to_bytes(4, "little"))[1]

    def _frames(self, weights: Beats, activations: Beats) -> Iterator[tuple[int, bytes]]:
        """Return all frames of a transfer, in order: (type, bytes on the line)."""
        for kind, beats in _schedule(weights, activations):
            stream = weights if kind == frames.WEIGHTS else activations
            most = frame_beats(self.credit, stream.data.shape[1])
            for start in range(beats.start, beats.stop, most):
                stop = min(start + most, beats.stop)
                # tuser is significant on a weight packet's first beat and on an activation packet's last beat
                user = stream.user[start if kind == frames.WEIGHTS else stop - 1]
                flagged = kind | (frames.LAST if stream.last[stop - 1] else 0)
                yield (
                    flagged,
                    frames.encode(flagged, bytes([user, stop - start]) + stream.data[start:stop].tobytes()),
                )

    def _transfer(self, weights: Beats, activations: Beats, results: int, progress: Told | None) -> Results:
        begun = time.monotonic()
        to_send = self._frames(weights, activations)
        under_way: deque[tuple[int, int]] = deque()
        frame, waiting, moved = next(to_send, None), b"", time.monotonic()
        halted_at = None  # result beats received when the bridge last reported that the core has halted
        while frame or under_way or len(self._results) < results:
            # One frame may exceed the credit: the bridge takes its bytes as they arrive.
            while frame and (
                not under_way or sum(size for _, size in under_way) + len(frame[1]) <= self.credit
            ):
                waiting += frame[1]
                under_way.append((frame[0], len(frame[1])))
                frame = next(to_send, None)
            before = self.sent, self.received
            waiting, found = self._io(waiting, 0.05)
            for kind, answer in found:
                if kind & ~frames.LAST == frames.RESULT:
                    self._came(kind, answer)
                elif under_way and kind == under_way[0][0]:
                    under_way.popleft()
                    self._check_status(answer[0])
                else:
                    self._unexpected(kind, answer)
            if found and progress:
                progress(len(self._results))
            now = time.monotonic()
            if before != (self.sent, self.received):
                moved = now
            elif not frame and not under_way:
                # Everything is accepted and results are missing: has the core halted, or are there no more?
                # What was complete at the halt still arrives. A result that is pending at one answer is sent
                # before the next, so if none arrived between two answers, none is left.
                status = self._call(frames.HELLO)[0]
                self._check_status(status)
                count = len(self._results)
                if now > moved + self.timeout or (status & frames.STATUS_IRQ and count == halted_at):
                    break
                halted_at = count if status & frames.STATUS_IRQ else None
            elif now > moved + self.timeout:
                raise self._silent()
        self.seconds += time.monotonic() - begun
        return self._take()

    def _came(self, kind: int, body: bytes) -> None:
        """Store a result; the closing beat of a soft reset has no data and is not a result."""
        if body[0]:
            self._results.append((kind, body[1:]))

    def _take(self) -> Results:
        """Return the results received so far, as beats."""
        taken, self._results = self._results, []
        width = 4 * self._cols
        out = Results(
            np.zeros((len(taken), width), np.uint8),
            np.zeros(len(taken), bool),
            np.zeros((len(taken), width), bool),
        )
        for i, (kind, data) in enumerate(taken):
            if len(data) > width:
                raise LinkError(f"result beat {i} has {amount(len(data), 'byte')}, expected at most {width}")
            out.data[i, : len(data)] = np.frombuffer(data, np.uint8)
            out.keep[i, : len(data)] = True
            out.last[i] = bool(kind & frames.LAST)
        return out

    @property
    def closed(self) -> bool:
        return self._port is None

    def close(self) -> None:
        if self._port is not None:
            self._port.close()
            self._port = None


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
