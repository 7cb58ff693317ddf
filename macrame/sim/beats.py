# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The files that ``player.v`` reads and writes, and its settings. No cocotb: used outside too."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, TypeAlias

import numpy as np

from macrame.errors import InputError, LinkError, amount
from macrame.host.link import Beats, Results

STREAMS = ("w", "a", "m")
KINDS = ("none", "random", "bursts", "block")

_NIBBLES = np.full(256, 255, np.uint8)
_NIBBLES[np.frombuffer(b"0123456789abcdef", np.uint8)] = np.arange(16)


@dataclass(frozen=True)
class Stall:
    """The stalls of a stream; ``macrame/sim/hdl/stall.v`` describes the kinds.

    Attributes
    ----------
    kind : {"none", "random", "bursts", "block"}
    chance : float
        Of kind random: probability of a pause in each cycle.
    length : int
        Of kind bursts: longest run; of kind block: cycles blocked at the start of each transfer. Up to 65535.
    """

    kind: str = "none"
    chance: float = 0.5
    length: int = 16

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"stall kind is {self.kind!r}, expected one of {', '.join(KINDS)}")
        if not 0 <= self.chance < 1:
            raise ValueError(f"stall chance is {self.chance}, expected 0 <= chance < 1")
        if not 1 <= self.length <= 0xFFFF:
            raise ValueError(f"stall length is {self.length}, expected 1 to 65535")


#: Stalls of all streams, or of each by name; a kind alone means a Stall of that kind.
Stalls: TypeAlias = None | str | Stall | Mapping[str, None | str | Stall]


def stall_values(stalls: Stalls, seed: int) -> dict[str, int]:
    """The settings of the harness that stall its streams.

    Parameters
    ----------
    stalls : None, str, Stall or dict of them by stream ("w", "a", "m")
        A kind alone means a Stall of that kind.
    seed : int

    Returns
    -------
    dict of str to int
        By signal name.
    """
    by_stream = stalls if isinstance(stalls, Mapping) else dict.fromkeys(STREAMS, stalls)
    unknown = set(by_stream) - set(STREAMS)
    if unknown:
        raise ValueError(f"stalls of stream {sorted(unknown)[0]!r}, expected some of {', '.join(STREAMS)}")
    values = {"stall_seed": seed & 0xFFFFFFFF}
    for stream in STREAMS:
        stall = by_stream.get(stream)
        stall = stall if isinstance(stall, Stall) else Stall(stall or "none")
        values.update(
            {
                f"{stream}_stall": KINDS.index(stall.kind),
                f"{stream}_chance": int(stall.chance * 65536),
                f"{stream}_length": stall.length,
            }
        )
    return values


def pack_beats(beats: Beats) -> bytes:
    """Beats in the format of ``stream_source.v``.

    Parameters
    ----------
    beats : macrame.host.link.Beats

    Returns
    -------
    bytes
    """
    out = np.empty((len(beats), 2 + beats.data.shape[1]), np.uint8)
    out[:, 0] = beats.user
    out[:, 1] = beats.last
    out[:, 2:] = beats.data[:, ::-1]
    return out.tobytes()


def result_line(cols: int) -> int:
    """Bytes of a line of results: tdata, a digit of tkeep for each column, tlast."""
    return 8 * cols + 1 + cols + 1 + 1 + 1


def parse_results(text: bytes, cols: int) -> Results:
    """Beats from the lines that ``player.v`` writes.

    Parameters
    ----------
    text : bytes
        Complete lines.
    cols : int
        COLS of the core.

    Returns
    -------
    macrame.host.link.Results

    Raises
    ------
    macrame.errors.LinkError
        tlast, tkeep or a byte marked by tkeep has an unknown bit, or the text has another format.
    """
    digits = 8 * cols  # of tdata
    line = result_line(cols)
    if len(text) % line:
        raise LinkError(
            f"the harness wrote {amount(len(text), 'byte')} of results, expected a multiple of {line}"
        )
    raw = np.frombuffer(text, np.uint8).reshape(-1, line)
    nibbles = _NIBBLES[raw]
    keep_digits = nibbles[:, digits + 1 : digits + 1 + cols][:, ::-1]
    keep = (keep_digits[:, :, None] >> np.arange(4) & 1).reshape(len(raw), 4 * cols).astype(bool)
    high, low = nibbles[:, 0:digits:2][:, ::-1], nibbles[:, 1:digits:2][:, ::-1]
    unknown_byte = ((high == 255) | (low == 255)) & keep
    unknown = unknown_byte.any(axis=1) | (keep_digits == 255).any(axis=1) | (nibbles[:, -2] > 1)
    if unknown.any():
        bad = int(np.flatnonzero(unknown)[0])
        raise LinkError(f"result beat {bad} has unknown bits (x): {raw[bad].tobytes().decode().strip()}")
    return Results(np.where(keep, high << 4 | low & 15, 0).astype(np.uint8), nibbles[:, -2] == 1, keep)


class BeatFiles:
    """The files of one harness: operand beats that ``player.v`` reads, result beats that it writes.

    Parameters
    ----------
    folder : pathlib.Path
    widths : (int, int)
        Bytes in a beat of the operand streams w and a.
    cols : int
        Words of 32 bits in a result beat.
    operands : tuple of str
        Names of the beats of the two operand streams, for messages.

    Attributes
    ----------
    sent : dict of str to int
        Beats in the files of "w" and "a".
    received : int
        Result beats read.
    """

    def __init__(
        self,
        folder: Path,
        widths: tuple[int, int],
        cols: int,
        operands: tuple[str, str] = ("weight", "activation"),
    ) -> None:
        self.cols, self.operands = cols, operands
        self.sent, self.received = {"w": 0, "a": 0}, 0
        self._widths = dict(zip(self.sent, widths))
        self._open: list[IO[bytes]] = []
        # unbuffered: an interrupted write must not leave data that a later write would output first
        self._files = {stream: self._opened(folder / f"{stream}.bin", "wb", 0) for stream in self.sent}
        (folder / "m.txt").touch()
        self._results = self._opened(folder / "m.txt", "rb")

    def _opened(self, path: Path, mode: str, buffering: int = -1) -> IO[bytes]:
        self._open.append(open(path, mode, buffering))
        return self._open[-1]

    def append(self, weights: Beats, activations: Beats) -> None:
        """Add operand beats to the files.

        Parameters
        ----------
        weights, activations : macrame.host.link.Beats

        Raises
        ------
        macrame.errors.InputError
            A beat is not as wide as the unit's stream.
        """
        streams = list(zip(self.sent, (weights, activations), self.operands))
        for stream, beats, name in streams:
            if len(beats) and beats.data.shape[1] != self._widths[stream]:
                raise InputError(
                    f"{name} beats have {beats.data.shape[1]} bytes, expected {self._widths[stream]}"
                )
        for stream, beats, _ in streams:
            data = memoryview(pack_beats(beats))
            while data:
                data = data[self._files[stream].write(data) :]
            self.sent[stream] += len(beats)

    def results(self, state: Mapping[str, Any]) -> Results:
        """Result beats received since the latest call, after checking the harness for errors.

        Parameters
        ----------
        state : dict
            From :meth:`player.Player.transfer`.

        Returns
        -------
        macrame.host.link.Results

        Raises
        ------
        macrame.errors.LinkError
            See :func:`checked_results`.
        """
        text = self._results.read()
        self.received = state["results"]
        return checked_results(state, text, self.cols, self.operands)

    def restart(self, state: Mapping[str, Any]) -> None:
        """Continue after a reset of the harness; beats not yet announced to it are dropped.

        Parameters
        ----------
        state : dict
            From :meth:`player.Player.reset`.
        """
        for stream, file in self._files.items():
            self.sent[stream] = state[stream]
            file.seek(state[stream] * (2 + self._widths[stream]))
            file.truncate()
        self.received = state["results"]
        self._results.seek(self.received * result_line(self.cols))

    def close(self) -> None:
        """Close all of them."""
        for file in self._open:
            file.close()


def checked_results(
    state: Mapping[str, Any], text: bytes, cols: int, operands: tuple[str, str] = ("weight", "activation")
) -> Results:
    """The results of a transfer, after checking the harness for errors.

    Parameters
    ----------
    state : dict
        From :meth:`player.Player.transfer`.
    text, cols
        As for :func:`parse_results`.
    operands : tuple of str
        Names of the beats of the two operand streams.

    Returns
    -------
    macrame.host.link.Results

    Raises
    ------
    macrame.errors.LinkError
    """
    if state["unknown"]:
        raise LinkError("a handshake signal of the unit was unknown (x)")
    if state["rule_broken"]:
        raise LinkError("m_axis dropped or changed a beat before it was accepted")
    if state["weights_left"] or state["activations_left"]:
        raise LinkError(
            f"no progress: {amount(state['weights_left'], operands[0] + ' beat')} and "
            f"{amount(state['activations_left'], operands[1] + ' beat')} not accepted, "
            f"{amount(state['missing'], 'result beat')} missing"
        )
    return parse_results(text, cols)
