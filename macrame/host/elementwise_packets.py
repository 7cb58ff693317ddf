# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Conversion of int8 arrays and tables to beats of the elementwise unit and back.

The registers are in ``rtl/elementwise_unit.rdl``. A beat has LANES int8, lane 0 in the low byte. An x packet
starts with a record of 9 bytes. An array whose length is not a multiple of LANES is padded with zeros; `user`
of an x packet's last beat is then the number of bytes with tkeep.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from macrame.errors import LinkError, amount
from macrame.host.elementwise_rules import OPERATIONS, TAKES_Y, Rule
from macrame.host.link import Beats, Results
from macrame.registers import ELEMENTWISE_COUNTERS, ELEMENTWISE_ID_RESET, ELEMENTWISE_STATUS_ERRORS

#: Commands that load tables: A and B, or A alone.
LOADS = {"load": 5, "load_a": 6}
SHORT = 1 << 3
RECORD_BYTES, ENTRY_BYTES = 9, 4

ID_VALUE = ELEMENTWISE_ID_RESET

#: Sticky error bits of STATUS, from bit 0 up; any of them halts the unit.
STATUS_ERRORS = ELEMENTWISE_STATUS_ERRORS

#: The counters, in the order of their addresses from CYCLES on.
COUNTERS = ELEMENTWISE_COUNTERS


def _packet(record: bytes, data: NDArray[np.uint8], kept: int = 0) -> Beats:
    """Beats of a packet, with the record's before the data's."""
    lanes = data.shape[1]
    first = np.zeros((-(-len(record) // lanes), lanes), np.uint8)
    first.reshape(-1)[: len(record)] = np.frombuffer(record, np.uint8)
    beats = np.concatenate([first, data])
    user = np.zeros(len(beats), np.uint8)
    user[-1] = kept
    return Beats(beats, np.arange(len(beats)) == len(beats) - 1, user)


def no_beats(lanes: int) -> Beats:
    """Nothing."""
    return Beats(np.zeros((0, lanes), np.uint8), np.zeros(0, bool), np.zeros(0, np.uint8))


def joined(packets: Sequence[Beats], lanes: int) -> Beats:
    """The beats of packets, one after the other."""
    packets = [no_beats(lanes), *packets]
    return Beats(
        np.concatenate([p.data for p in packets]),
        np.concatenate([p.last for p in packets]),
        np.concatenate([p.user for p in packets]),
    )


def _entries(table: NDArray[np.int32], lanes: int, short: bool) -> NDArray[np.uint8]:
    """The beats of a table in the order of bit patterns: an entry is the last four bytes of its beats."""
    width = min(lanes, ENTRY_BYTES)
    whole = np.roll(table, 128).astype("<i4").view(np.uint8).reshape(256, ENTRY_BYTES)
    if short:
        parts = whole[:, -width:]
    else:
        padding = -ENTRY_BYTES % width
        parts = np.pad(whole, ((0, 0), (padding, 0))).reshape(-1, width)
    data = np.zeros((len(parts), lanes), np.uint8)
    data[:, :width] = parts
    return data


def load(table_a: NDArray[np.int32], table_b: NDArray[np.int32] | None, *, lanes: int) -> tuple[Beats, Beats]:
    """Return the packets that load tables.

    Short entries are used where the bytes that they omit are 0 in every entry.

    Parameters
    ----------
    table_a, table_b : ndarray of int32, shape (256,)
        Entry n is that of n - 128. Without `table_b`, table B is unchanged.
    lanes : int
        LANES of the unit.

    Returns
    -------
    x, y : macrame.host.link.Beats
    """
    tables = [table_a] if table_b is None else [table_a, table_b]
    omitted = 8 * max(ENTRY_BYTES - lanes, 0)
    short = omitted > 0 and all(not (table & (1 << omitted) - 1).any() for table in tables)
    command = LOADS["load_a" if table_b is None else "load"] | SHORT * short
    record = bytes([command]) + bytes(RECORD_BYTES - 1)
    x = _packet(record, _entries(table_a, lanes, short))
    return x, no_beats(lanes) if table_b is None else _packet(b"", _entries(table_b, lanes, short))


def packets(
    rule: Rule, x: NDArray[np.int8], y: NDArray[np.int8] | None, *, lanes: int
) -> tuple[Beats, Beats]:
    """Return the packets of one operation on vectors.

    Parameters
    ----------
    rule : Rule
    x, y : ndarray of int8, shape (n,)
        Operands, at least one element; "table" takes no `y`.
    lanes : int
        LANES of the unit.

    Returns
    -------
    x, y : macrame.host.link.Beats
        Beats of the two streams; `y` has none if the operation takes no second operand.
    """
    fields = (rule.right, rule.zero_point & 255, rule.clamp_low & 255, rule.clamp_high & 255)
    record = bytes([OPERATIONS[rule.op], *fields]) + rule.multiplier.to_bytes(4, "little", signed=True)

    def data(values: NDArray[np.int8]) -> NDArray[np.uint8]:
        beats = np.zeros((-(-values.size // lanes), lanes), np.uint8)
        beats.reshape(-1)[: values.size] = values.view(np.uint8)
        return beats

    y_packet = _packet(b"", data(y)) if y is not None and rule.op in TAKES_Y else no_beats(lanes)
    return _packet(record, data(x), x.size % lanes), y_packet


def unpack(beats: Results, sizes: Sequence[int], *, lanes: int) -> NDArray[np.int8]:
    """Convert the result beats of packets to a vector.

    Parameters
    ----------
    beats : macrame.host.link.Results
    sizes : sequence of int
        Elements of each packet.
    lanes : int
        LANES of the unit.

    Returns
    -------
    ndarray of int8, shape (sum(sizes),)

    Raises
    ------
    macrame.errors.LinkError
        There are too few or too many beats, or tlast or tkeep is misplaced.
    """
    counts = np.array([-(-size // lanes) for size in sizes])
    if len(beats) != counts.sum():
        raise LinkError(f"received {amount(len(beats), 'result beat')}, expected {counts.sum()}")
    ends = np.cumsum(counts) - 1
    last = np.zeros(len(beats), bool)
    last[ends] = True
    keep = np.zeros(beats.keep.shape, bool)
    keep[:, :lanes] = True
    for end, size in zip(ends, sizes):
        keep[end] = np.arange(beats.data.shape[1]) < (size % lanes or lanes)
    for name, got, expected in (("tlast", beats.last, last), ("tkeep", beats.keep, keep)):
        wrong = np.flatnonzero((got != expected).reshape(len(beats), -1).any(axis=1))
        if wrong.size:
            raise LinkError(f"result beat {wrong[0]} of {len(beats)} has a wrong {name}")
    return beats.data[keep].view(np.int8)
