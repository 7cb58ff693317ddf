# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""One network engine with its program store at the end of a link.

The program is loaded once. An inference is then one transfer of commands on the second operand stream: the
words of the inputs, a run, and reads of the outputs. A command is a packet of words whose first 8 bytes are
its code, a count of three bytes and an address of four; rtl/engine/host_port.v has the codes.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from macrame.errors import CoreError, InputError, LinkError, shown
from macrame.host import arguments, engine_program, registers
from macrame.host.link import Beats, Link, Results
from macrame.host.unit import Unit
from macrame.registers import (
    ENGINE_ADDRESSES,
    ENGINE_BEATS,
    ENGINE_COUNTERS,
    ENGINE_FORMAT,
    ENGINE_FORMAT_INT8,
    ENGINE_FORMAT_LANES,
    ENGINE_ID_RESET,
    ENGINE_SHAPE,
    ENGINE_STATUS_BUSY,
    ENGINE_STATUS_COUNTERS_FULL,
    ENGINE_STATUS_ERRORS,
    ENGINE_VERSION_RESET,
    ENGINE_WORDS,
)

WRITE, READ, RUN = range(3)
HEAD_BYTES = 8
#: Words of one read at most: the count has three bytes.
LONGEST = (1 << 24) - 1

Words = NDArray[np.int8]
T = TypeVar("T")


@dataclass(frozen=True)
class EngineReport:
    """The engine's own counters for one program, and the bytes on its streams.

    Attributes
    ----------
    cycles : int
        From the first beat of the program to the last write of a result.
    busy : int
        Slices and operands read.
    jobs : int
    stall_job, stall_w, stall_out, starved : int
        Cycles without a job; in which a slice waits while the core has room for weights and none are
        offered; in which one waits during a job of the elementwise unit; in which the decoder waits for a
        beat of the program.
    sent, received : int
        Bytes of commands with their data, and of the words read.
    counters_full : bool
        The counters overflowed and stopped, so the figures above are too low.
    """

    cycles: int
    busy: int
    jobs: int
    stall_job: int
    stall_w: int
    stall_out: int
    starved: int
    sent: int
    received: int
    counters_full: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Return all fields, for a JSON report."""
        return asdict(self)


class NetworkEngine(Unit):
    """Drive one network engine.

    If an exception ended an operation early, the next one, :meth:`soft_reset` or a new NetworkEngine resets
    link and engine first, as :class:`macrame.host.core.Core` does. A reset of the link discards the program.

    Parameters
    ----------
    link : macrame.host.link.Link

    Attributes
    ----------
    depth : int
        Bytes of a word.
    post_lanes : int
        Requantisers of its core.
    words : int
        Words of the memory.
    slices : int
        Slices of the longest panel of weights.
    beats : int
        Beats of the longest program, DEPTH * DEPTH bytes each.
    lanes : int
        Lanes of its elementwise unit.

    Raises
    ------
    macrame.errors.InputError
        `link` is not a link.
    macrame.errors.LinkError
        The device that answers is not a network engine this driver supports.

    Examples
    --------
    >>> with EngineSimLink(words=512, beats=1024) as link:                   # doctest: +SKIP
    ...     engine = NetworkEngine(link)
    ...     engine.load(program)
    ...     (scores,), report = engine.run([(0, image)], [(96, 2)])
    """

    NAME = "network engine"
    ID, VERSION, ERRORS = ENGINE_ID_RESET, ENGINE_VERSION_RESET, ENGINE_STATUS_ERRORS
    COUNTERS = {name: ENGINE_ADDRESSES[name] for name in ENGINE_COUNTERS}
    #: Register accesses of :meth:`run`: STATUS three times and the counters; they are cleared by a write.
    READS, WRITES = 3 + len(ENGINE_COUNTERS), 1

    def __init__(self, link: Link) -> None:
        super().__init__(link)
        shape, formats = link.read(ENGINE_SHAPE), link.read(ENGINE_FORMAT)
        self.depth, self.post_lanes = shape >> 16 & 255, shape >> 24
        if shape & 0xFFFF != self.depth << 8 | 1 or self.depth not in (2, 4, 8):
            raise LinkError(f"SHAPE register reads 0x{shape:08x}, expected 1 row, DEPTH columns of 2, 4 or 8")
        if not formats & ENGINE_FORMAT_INT8:
            raise LinkError(f"FORMAT register reads 0x{formats:08x}, expected int8 (bit 0)")
        self.slices, self.words = formats >> 16, link.read(ENGINE_WORDS)
        self.lanes, self.beats = (formats & ENGINE_FORMAT_LANES) >> 8, link.read(ENGINE_BEATS)
        self._loaded_at: int | None = None  # resets of the link when the program was loaded
        link.write(registers.CONTROL, registers.CONTROL_IRQ_ENABLE)

    def load(self, program: bytes) -> None:
        """Send a program to the store; it stays until the next one, or a reset of the link.

        Parameters
        ----------
        program : bytes
            A whole number of beats of DEPTH * DEPTH bytes.

        Raises
        ------
        macrame.errors.InputError
            The program is not of type bytes, not a whole number of beats, too large, or for another engine.
        macrame.errors.CoreError
            The engine has halted.
        macrame.errors.LinkError
        """
        beat = self.depth * self.depth
        if not isinstance(program, (bytes, bytearray)):
            raise InputError(f"program is {shown(program)}, expected bytes")
        if not program or len(program) % beat:
            raise InputError(f"program has {len(program)} bytes, expected a multiple of {beat} above 0")
        self._refuse(program)
        data = np.frombuffer(program, np.uint8).reshape(-1, beat)
        self._loaded_at = None
        self._sequence("load", lambda: self._transfer(_beats([data]), [], 0), False)
        self._loaded_at = self.link.resets

    def _refuse(self, program: bytes) -> None:
        """Refuse a program that does not fit, or is for another engine."""
        store = self.beats * self.depth**2
        if len(program) > store:
            raise InputError(f"program has {len(program)} bytes, but the engine's program store has {store}")
        if program[0] != engine_program.BEGIN:
            return  # the engine refuses it
        version, depth, words, slices = engine_program.needs(program)
        if version != engine_program.VERSION:
            raise InputError(f"program has version {version}, expected {engine_program.VERSION}")
        if depth != self.depth:
            raise InputError(
                f"program is for words of {depth} bytes, but the engine's words have {self.depth}"
            )
        if words > self.words:
            raise InputError(
                f"program needs {words * depth} bytes of memory, but the engine has {self.words * depth}"
            )
        if slices > self.slices:
            raise InputError(
                f"program has a panel of {slices} slices, but the engine's panels have at most {self.slices}"
            )

    def write(self, address: int, words: Words) -> None:
        """Write words of the memory, shape (n, depth), from a word on; errors as for :meth:`run`."""
        commands = [self._write(address, words)]
        self._sequence("write", lambda: self._transfer(_beats([], self.depth**2), commands, 0), False)

    def read(self, address: int, count: int) -> Words:
        """Words of the memory, shape (count, depth), from a word on; errors as for :meth:`run`."""
        address, count = self._range(address, count)
        commands = [self._command(READ, count, address)]
        found = self._sequence(
            "read", lambda: self._transfer(_beats([], self.depth**2), commands, count), False
        )
        return found.data[:, : self.depth].view(np.int8)

    def run(
        self, inputs: Sequence[tuple[int, Words]], outputs: Sequence[tuple[int, int]]
    ) -> tuple[list[Words], EngineReport]:
        """One inference: write inputs, run the program, read outputs.

        Parameters
        ----------
        inputs : sequence of (int, ndarray of int8, shape (n, depth))
            First word, and the words.
        outputs : sequence of (int, int)
            First word, and how many to read; at least one word in all.

        Returns
        -------
        list of ndarray of int8, shape (n, depth)
        EngineReport

        Raises
        ------
        macrame.errors.InputError
            Words lie outside of the memory, or there is no output.
        macrame.errors.CoreError
            The engine has halted: the program has an error.
        macrame.errors.LinkError
            No program was loaded since the latest reset of the link, or the link failed.
        """
        commands = [self._write(address, words) for address, words in _pairs("inputs", inputs)]
        outputs = [self._range(address, count) for address, count in _pairs("outputs", outputs)]
        results = sum(count for _, count in outputs)
        if not results:
            raise InputError("outputs have 0 words, expected 1 or more")
        commands.append(self._command(RUN))
        commands += [self._command(READ, count, address) for address, count in outputs]

        def run() -> tuple[Results, dict[str, int]] | CoreError:
            if self._loaded_at != self.link.resets:
                raise LinkError("no program has been loaded since the last reset of the link")
            self.clear_counters()
            found = self._transfer(_beats([], self.depth**2), commands, results)
            return found if isinstance(found, CoreError) else (found, self.counters())

        found, counters = self._sequence("run", run, False)
        words = found.data[:, : self.depth].view(np.int8)
        ends = np.cumsum([count for _, count in outputs])
        sent = sum(command.size for command in commands)
        full = bool(self.status() & ENGINE_STATUS_COUNTERS_FULL)
        report = EngineReport(**counters, sent=sent, received=words.size, counters_full=full)
        return np.split(words, ends[:-1]), report

    def _transfer(
        self, program: Beats, commands: Sequence[NDArray[np.uint8]], results: int
    ) -> Results | CoreError:
        """Send commands, and wait for words."""
        found = self.link.transfer(program, _beats(commands, self.depth), results, lambda _: None)
        status = self.status()
        halt = self._halt(status)
        if halt is not None:
            return halt
        if len(found) != results or status & ENGINE_STATUS_BUSY:
            raise LinkError(
                f"{len(found)} of {results} words arrived; STATUS reads {self._described(status)}"
            )
        return found

    def _command(self, code: int, count: int = 0, address: int = 0) -> NDArray[np.uint8]:
        """The words of a command, shape (n, depth)."""
        head = bytes([code]) + count.to_bytes(3, "little") + address.to_bytes(4, "little")
        return np.frombuffer(head, np.uint8).reshape(-1, self.depth)

    def _write(self, address: int, words: Words) -> NDArray[np.uint8]:
        words = arguments.array("words", words, "int8")
        if words.dtype != np.int8 or words.ndim != 2 or words.shape[1] != self.depth:
            raise InputError(
                f"words have type {words.dtype} and shape {words.shape}, expected int8 and (n, {self.depth})"
            )
        if not len(words):
            raise InputError(f"words have shape {words.shape}, expected at least one word")
        address, _ = self._range(address, len(words))
        return np.concatenate([self._command(WRITE, 0, address), words.view(np.uint8)])

    def _range(self, address: int, count: int) -> tuple[int, int]:
        """Both as plain integers; words outside of the memory are refused, and none at all."""
        count = arguments.count("count", count)
        address = arguments.integer("address", address)
        if not 0 <= address <= self.words - count or count > LONGEST:
            raise InputError(
                f"words {address} to {address + count - 1}, expected words from 0 to {self.words - 1}"
            )
        return address, count


def _pairs(name: str, value: Sequence[tuple[int, T]]) -> list[tuple[int, T]]:
    """Check a sequence of pairs."""
    expected = "expected a list of pairs: first word, and the words or their count"
    if not isinstance(value, (list, tuple)):
        raise InputError(f"{name} is {shown(value)}, {expected}")
    for number, pair in enumerate(value):
        if not isinstance(pair, (list, tuple)) or len(pair) != 2:
            raise InputError(f"{name}[{number}] is {shown(pair)}, {expected}")
    return list(value)


def _beats(packets: Sequence[NDArray[np.uint8]], width: int = 0) -> Beats:
    """Packets, one after the other; without any, nothing of that width."""
    if not packets:
        return Beats(np.zeros((0, width), np.uint8), np.zeros(0, bool), np.zeros(0, np.uint8))
    data = np.concatenate(packets)
    last = np.zeros(len(data), bool)
    last[np.cumsum([len(packet) for packet in packets]) - 1] = True
    return Beats(np.ascontiguousarray(data), last, np.zeros(len(data), np.uint8))
