# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Programs of the network engine: descriptors, panels of weights and tables as the bytes of docs/engine.md.

A `Job` has strides: what an index of each of its loops adds to an address. The image has steps instead, what
the hardware adds from one iteration to the next, because a step needs no multiplier.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from macrame.contract import RECORD_BYTES
from macrame.errors import InputError
from macrame.host import elementwise_rules, packets
from macrame.host.elementwise_rules import Rule

VERSION = 1

END, BEGIN, PRODUCT, ELEMENTWISE, FUSED, TABLES = range(6)

#: Bits of a job's flags: wait for all earlier results; write a result in two halves, to the half of a word
#: that alternates with the column, or with the panel, and starts with the upper one; the lower half of the
#: words in the image's first column, or the upper half of those in its last, lies outside the image; the
#: slices of panels are sparse.
WAIT, SPLIT, TURN_COLUMN, TURN_PANEL, FIRST_HALF, EDGE_LEFT, EDGE_RIGHT, SPARSE = (1 << n for n in range(8))

DESCRIPTOR_BYTES = 128
_FIELDS: tuple[tuple[str, int, object], ...] = (
    ("kind", 0, "u1"),
    ("flags", 1, "u1"),
    ("mode", 2, "u1"),
    ("fill", 3, "i1"),
    ("panels", 4, "<u2"),
    ("rows", 6, "<u2"),
    ("columns", 8, "<u2"),
    ("kernel_rows", 10, "<u2"),
    ("kernel_columns", 12, "<u2"),
    ("kernel_words", 14, "<u2"),
    ("chunks", 16, "<u2"),
    ("chunk_slices", 18, "<u2"),
    ("last_slices", 20, "<u2"),
    ("height", 22, "<u2"),
    ("width", 24, "<u2"),
    ("top", 26, "<i2"),
    ("left", 28, "<i2"),
    ("y_step", 30, ("<i2", 3)),
    ("x_step", 36, ("<i2", 3)),
    ("source", 44, "<i4"),
    ("source_step", 48, ("<i4", 6)),
    ("target", 72, "<i4"),
    ("target_step", 76, ("<i4", 3)),
    ("target_split", 88, "<i4"),
    ("second", 92, "<i4"),
    ("second_step", 96, ("<i4", 3)),
    ("record", 108, ("u1", 9)),
)
DESCRIPTOR: np.dtype[np.void] = np.dtype(
    {
        "names": [name for name, _, _ in _FIELDS],
        "formats": [form for _, _, form in _FIELDS],
        "offsets": [offset for _, offset, _ in _FIELDS],
        "itemsize": DESCRIPTOR_BYTES,
    }
)


@dataclass(frozen=True)
class Source:
    """The words that a job reads, by six loops.

    Attributes
    ----------
    base : int
        Address of the first word of the first window; it may lie outside of the image.
    kernel : (int, int, int)
        Rows, columns and words of a window.
    strides : tuple of int
        What an index of kernel row, kernel column, word, panel, row and column adds to the address.
    image : (int, int)
        Height and width, for padding.
    start : (int, int)
        Row and column of the first word in the image.
    moves : ((int, int), (int, int))
        What an index of kernel row and row adds to the row, and kernel column and column to the column.
    fill : int
        int8 for everything outside the image.
    edges : (bool, bool)
        The lower half of the words in the image's first column, and the upper half of those in its last,
        lie outside the image.
    """

    base: int
    kernel: tuple[int, int, int] = (1, 1, 1)
    strides: tuple[int, int, int, int, int, int] = (0, 0, 0, 0, 0, 0)
    image: tuple[int, int] = (1, 1)
    start: tuple[int, int] = (0, 0)
    moves: tuple[tuple[int, int], tuple[int, int]] = ((0, 0), (0, 0))
    fill: int = 0
    edges: tuple[bool, bool] = (False, False)


@dataclass(frozen=True)
class Place:
    """The words that a job writes, or those of its second operand, by the loops panel, row and column.

    Attributes
    ----------
    base : int
    strides : (int, int, int)
        What an index of panel, row and column adds to the address.
    split : int or None
        Distance of the word that takes the upper half of a result from that of the lower half; None: both
        halves are one word.
    turn : {"", "panel", "column"}
        The loop in which the half of the words that is written alternates; its stride is for two
        iterations.
    first_half : int
        The half of the words that is written first: 0 or 1.
    """

    base: int
    strides: tuple[int, int, int] = (0, 0, 0)
    split: int | None = None
    turn: str = ""
    first_half: int = 0


@dataclass(frozen=True)
class Job:
    """One job of a program.

    Attributes
    ----------
    loops : (int, int, int)
        Panels, rows and columns.
    source : Source
    target : Place
    weights : NDArray of uint8 or None
        What follows the descriptor of a product: beats of records and slices of all panels.
    mode : int
        Mode of the panels.
    chunks : tuple of int
        Slices of a panel, or of the several panels of a longer K.
    rule : Rule or None
        Of an elementwise job, or of a product whose results go through the elementwise unit.
    second : Place or None
        Its second operand.
    sparse : bool
        The slices of `weights` are sparse: see `panel`.
    wait : bool
        Read nothing before all earlier results are in the memory.
    """

    loops: tuple[int, int, int]
    source: Source
    target: Place
    weights: NDArray[np.uint8] | None = None
    mode: int = 0
    chunks: tuple[int, ...] = ()
    rule: Rule | None = None
    second: Place | None = None
    sparse: bool = False
    wait: bool = True


def _steps(strides: Sequence[int], counts: Sequence[int]) -> list[int]:
    """What to add when a loop advances and those within it start again; innermost first."""
    steps, inner = [], 0
    for stride, count in zip(strides, counts):
        steps.append(stride - inner)
        inner += (count - 1) * stride
    return steps


def _place_steps(place: Place, loops: tuple[int, int, int]) -> list[int]:
    """Steps of column, row and panel."""
    _, _, columns = loops
    panel, row, column = place.strides
    advances = columns - 1
    if place.turn == "column":
        advances = (columns - 1 + place.first_half) // 2
    return [column, row - advances * column, panel]


def _check_axis(name: str, size: int, start: int, loops: Sequence[tuple[int, int]]) -> None:
    """Refuse rows or columns that are read as others modulo 2^16."""
    spans = [move * (count - 1) for move, count in loops]
    first, last = start + sum(min(0, span) for span in spans), start + sum(max(0, span) for span in spans)
    if first < size - 65536 or last > 65535:
        raise InputError(
            f"{name} {first:,} to {last:,} of an image with {size:,}: expected {size - 65536:,} to 65,535"
        )


def descriptor(job: Job) -> NDArray[np.uint8]:
    """The descriptor of a job.

    Parameters
    ----------
    job : Job

    Returns
    -------
    ndarray of uint8, shape (128,)

    Raises
    ------
    macrame.errors.InputError
        A number does not fit its field, or an image and its padding have more than 65,536 rows or columns.
    """
    panels, rows, columns = job.loops
    source, target = job.source, job.target
    krows, kcolumns, words = source.kernel
    krow, kcolumn, word, panel, row, column = source.strides
    (y_kernel, y_row), (x_kernel, x_column) = source.moves
    _check_axis("rows", source.image[0], source.start[0], ((y_kernel, krows), (y_row, rows)))
    _check_axis("columns", source.image[1], source.start[1], ((x_kernel, kcolumns), (x_column, columns)))
    kind = PRODUCT if job.rule is None else ELEMENTWISE if job.weights is None else FUSED
    flags = WAIT * job.wait | SPARSE * job.sparse | EDGE_LEFT * source.edges[0] | EDGE_RIGHT * source.edges[1]
    if target.split is not None:
        turn = {"": 0, "column": TURN_COLUMN, "panel": TURN_PANEL}[target.turn]
        flags |= SPLIT | turn | FIRST_HALF * target.first_half
    values: dict[str, object] = {
        "kind": kind,
        "flags": flags,
        "mode": job.mode,
        "fill": source.fill,
        "panels": panels,
        "rows": rows,
        "columns": columns,
        "kernel_rows": krows,
        "kernel_columns": kcolumns,
        "kernel_words": words,
        "height": source.image[0],
        "width": source.image[1],
        "top": source.start[0],
        "left": source.start[1],
        "y_step": _steps((y_kernel, 0, y_row), (krows, columns, rows)),
        "x_step": _steps((x_kernel, 0, x_column), (kcolumns, krows, columns)),
        "source": source.base,
        "source_step": [
            *_steps((word, kcolumn, krow, column, row), (words, kcolumns, krows, columns, rows)),
            panel,
        ],
        "target": target.base,
        "target_step": _place_steps(target, job.loops),
        "target_split": target.split or 0,
    }
    if job.chunks:
        values |= {"chunks": len(job.chunks), "chunk_slices": job.chunks[0], "last_slices": job.chunks[-1]}
    if job.second is not None:
        values |= {"second": job.second.base, "second_step": _place_steps(job.second, job.loops)}
    if job.rule is not None:
        rule = job.rule
        record = bytes([elementwise_rules.OPERATIONS[rule.op], rule.right])
        record += bytes([rule.zero_point & 255, rule.clamp_low & 255, rule.clamp_high & 255])
        record += rule.multiplier.to_bytes(4, "little", signed=True)
        values["record"] = np.frombuffer(record, np.uint8)
    found = np.zeros(1, DESCRIPTOR)
    for name, value in values.items():
        given = np.asarray(value)
        found[name] = given.astype(found.dtype[name].base)
        if not np.array_equal(found[name][0], given):
            most = np.iinfo(found.dtype[name].base)
            raise InputError(f"{name} is {given.tolist()}, expected {most.min} to {most.max}")
    return found.view(np.uint8)


def panel(
    w: NDArray[np.int8], record: NDArray[np.uint8], chunks: Sequence[int], depth: int, sparse: bool
) -> NDArray[np.uint8]:
    """The beats of one panel of weights, or of those of a longer K.

    Parameters
    ----------
    w : ndarray of int8, shape (K, depth)
        K is a multiple of `depth`.
    record : ndarray of uint8, shape (depth, 12)
        From :func:`macrame.host.packets.records`.
    chunks : sequence of int
        Slices of each panel.
    depth : int
    sparse : bool
        A column takes two bytes of a slice instead of DEPTH; the other weights are 0, as `fits` has tested.

    Returns
    -------
    ndarray of uint8, shape (n,)
    """
    parts, first = [], 0
    for count in chunks:
        part = w[first * depth : (first + count) * depth]
        data, _, _ = packets.weight_panels(part, record, depth, depth, 0)
        if not sparse:
            parts.append(data.reshape(-1))
        else:
            slices = part.reshape(count, depth, depth)
            found = np.zeros((-(-count // (depth // 2)) * (depth // 2), depth, 2), np.int8)
            column = np.arange(depth)
            for number, row in enumerate(_rows(depth)):
                found[:count, :, number] = slices[:, row, column]
            parts += [data[0, : record_beats(depth)].reshape(-1), _beats(found.view(np.uint8))]
        first += count
    return np.concatenate(parts)


def _beats(portions: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Sparse slices, or pairs of words of the tables, DEPTH / 2 to a beat.

    Portion s of a beat has two bytes of column j, at (j + s) modulo DEPTH / 2 in the halves of the column.

    Parameters
    ----------
    portions : ndarray of uint8, shape (n, depth, 2)
        n is a multiple of DEPTH / 2.

    Returns
    -------
    ndarray of uint8, shape (n * depth * 2,)
    """
    depth = portions.shape[1]
    half = depth // 2
    portion, column = np.arange(half)[:, None], np.arange(depth)
    given = portions.reshape(-1, half, depth, 2)
    found = np.empty((len(given), depth, 2, half), np.uint8)
    found[:, column, :, (column + portion) % half] = given.transpose(1, 2, 0, 3)
    return found.reshape(-1)


def _rows(depth: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The two depths of a column that a sparse slice has."""
    low = np.arange(depth) % (depth // 2)
    return low, low + depth // 2


def fits(w: NDArray[np.integer], depth: int) -> bool:
    """Whether the slices of a panel may be sparse, and are shorter for it.

    Parameters
    ----------
    w : ndarray of int, shape (K, n)
        K is a multiple of `depth`, n at most `depth`.
    depth : int

    Returns
    -------
    bool
        True where column j has weights at depth j modulo DEPTH / 2 and, DEPTH / 2 further, at no other.
    """
    if depth == 2:
        return False
    slices = w.reshape(-1, depth, w.shape[1])
    kept = slices.copy()
    for row in _rows(depth):
        kept[:, row[: w.shape[1]], np.arange(w.shape[1])] = 0
    return not kept.any()


def record_beats(depth: int) -> int:
    """Beats of a panel's records."""
    return -(-RECORD_BYTES // depth)


def checksum(image: NDArray[np.uint8]) -> int:
    """The check of the bytes before the end's descriptor: each word rotates what came before it by one bit.

    Parameters
    ----------
    image : ndarray of uint8, shape (n,)
        n is a multiple of 4.

    Returns
    -------
    int
    """
    words = image.view("<u4")
    padded = np.zeros(-(-len(words) // 32) * 32, np.uint32)
    if len(words):
        padded[-len(words) :] = words
    check = 0
    for word in np.bitwise_xor.reduce(padded.reshape(-1, 32), axis=0).tolist():
        check = (check << 1 & 0xFFFFFFFF | check >> 31) ^ word
    return check


def _tables(rule: Rule, depth: int) -> NDArray[np.uint8]:
    """Tables A and B in the order of bit patterns; a word of each is a portion of a beat."""
    both = [
        np.roll(np.zeros(256, np.int32) if table is None else table, 128).astype("<i4").view(np.uint8)
        for table in (rule.table_a, rule.table_b)
    ]
    return _beats(np.stack([table.reshape(-1, depth) for table in both], axis=2))


def needs(image: bytes) -> tuple[int, int, int, int]:
    """What a program requires of an engine, from its begin item.

    Parameters
    ----------
    image : bytes

    Returns
    -------
    version, depth, words, slices : int
    """
    words, slices = image[4:8], image[8:10]
    return image[1], image[2], int.from_bytes(words, "little"), int.from_bytes(slices, "little")


def image(jobs: Sequence[Job], *, depth: int, words: int, slices: int) -> bytes:
    """A program.

    Parameters
    ----------
    jobs : sequence of Job
        In order. Tables are sent where a rule's differ from those of the previous rule.
    depth : int
        DEPTH and COLS of the core.
    words : int
        Words of memory that it needs.
    slices : int
        Slices of the longest panel.

    Returns
    -------
    bytes
    """
    begin = np.zeros(DESCRIPTOR_BYTES, np.uint8)
    begin[:4] = BEGIN, VERSION, depth, depth
    begin[4:10] = np.frombuffer(words.to_bytes(4, "little") + slices.to_bytes(2, "little"), np.uint8)
    parts, loaded = [begin], b""
    for job in jobs:
        if job.rule is not None:
            tables = _tables(job.rule, depth)
            if tables.tobytes() != loaded:
                loaded = tables.tobytes()
                head = np.zeros(DESCRIPTOR_BYTES, np.uint8)
                head[0] = TABLES
                parts += [head, tables]
        parts.append(descriptor(job))
        if job.weights is not None:
            parts.append(job.weights)
    body = np.concatenate(parts)
    end = np.zeros(DESCRIPTOR_BYTES, np.uint8)
    end[0] = END
    end[4:8] = np.frombuffer(checksum(body).to_bytes(4, "little"), np.uint8)
    return np.concatenate([body, end]).tobytes()
