# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Golden model of the network engine: runs a program image on a memory, job by job.

docs/engine.md defines the program. This model knows nothing of networks: a *job* reads words of the memory by
six nested loops, multiplies them with the panels of weights that follow in the program, or sends them through
the tables of the elementwise unit, and writes one word of results per iteration of the outer three loops.

    panel, row, column                        an output word
      kernel row, kernel column, kernel word  a slice of its window

The hardware overlaps reading and writing, so a job must not read a word after it may have been written by the
same job, nor by an earlier one without `WAIT` between them: `Engine.run` rejects a program that does.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from macrame.golden import elementwise
from macrame.golden.elementwise import Scaling
from macrame.golden.gemm import layer

VERSION = 1

END, BEGIN, PRODUCT, ELEMENTWISE, FUSED, TABLES = range(6)
#: Bits of `flags`.
WAIT, SPLIT, TURN_COLUMN, TURN_PANEL, FIRST_HALF, EDGE_LEFT, EDGE_RIGHT, SPARSE = (1 << n for n in range(8))

DESCRIPTOR_BYTES = 128
DESCRIPTOR = np.dtype(
    {
        "names": [
            *("kind", "flags", "mode", "fill", "panels", "rows", "columns"),
            *("kernel_rows", "kernel_columns", "kernel_words", "chunks", "chunk_slices", "last_slices"),
            *("height", "width", "top", "left", "y_step", "x_step", "source", "source_step"),
            *("target", "target_step", "target_split", "second", "second_step", "record"),
        ],
        "formats": [
            *("u1", "u1", "u1", "i1", "<u2", "<u2", "<u2", "<u2", "<u2", "<u2", "<u2", "<u2", "<u2"),
            *("<u2", "<u2", "<i2", "<i2", ("<i2", 3), ("<i2", 3), "<i4", ("<i4", 6)),
            *("<i4", ("<i4", 3), "<i4", "<i4", ("<i4", 3), ("u1", 9)),
        ],
        "offsets": [
            *(0, 1, 2, 3, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30, 36, 44, 48),
            *(72, 76, 88, 92, 96, 108),
        ],
        "itemsize": DESCRIPTOR_BYTES,
    }
)
BEGIN_DESCRIPTOR = np.dtype(
    {
        "names": ["kind", "version", "depth", "cols", "words", "slices"],
        "formats": ["u1", "u1", "u1", "u1", "<u4", "<u2"],
        "offsets": [0, 1, 2, 3, 4, 8],
        "itemsize": DESCRIPTOR_BYTES,
    }
)
END_DESCRIPTOR = np.dtype(
    {"names": ["kind", "check"], "formats": ["u1", "<u4"], "offsets": [0, 4], "itemsize": DESCRIPTOR_BYTES}
)

#: Errors that the hardware detects, by their bit in STATUS.
ERRORS = (
    "program_illegal",
    "program_short",
    "program_stall",
    "program_corrupt",
    "length_mismatch",
    "address_range",
)

RECORD_BYTES = 12
TABLE_BYTES = 1024
#: Fields that count something, and are at least 1 in every job.
_COUNTS = ("panels", "rows", "columns", "kernel_rows", "kernel_columns", "kernel_words")

Words = NDArray[np.int8]
Indices = NDArray[np.int64]
#: Returns the next bytes of the program.
Take = Callable[[int], NDArray[np.uint8]]


class ProgramError(ValueError):
    """An error in a program, at which the engine stops.

    Parameters
    ----------
    name : str
        The bit of STATUS, or ``hazard``, which the hardware does not detect.
    text : str
    """

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        super().__init__(f"{name}: {text}")


def checksum(program: NDArray[np.uint8]) -> int:
    """The check of an image up to its last descriptor: 32-bit words, rotated by their distance from the end.

    Parameters
    ----------
    program : ndarray of uint8, shape (n,)
        n is a multiple of 4.

    Returns
    -------
    int

    Notes
    -----
    The words are XORed, the last as it is, the one before it rotated left by 1, and so on modulo 32.
    """
    words = program.view("<u4").astype(np.uint64)
    turn = np.arange(len(words), dtype=np.uint64)[::-1] % np.uint64(32)
    rotated = ((words << turn) | (words >> (np.uint64(32) - turn))) & np.uint64(0xFFFFFFFF)
    return int(np.bitwise_xor.reduce(rotated)) if len(words) else 0


def strides(steps: NDArray[np.integer], counts: tuple[int, ...]) -> list[int]:
    """What an index of each loop adds, from the steps between successive values; innermost loop first.

    Parameters
    ----------
    steps : ndarray of int, shape (n,)
        Added when a loop advances and all loops within it start again.
    counts : tuple of int
        Iterations of each loop.

    Returns
    -------
    list of int
    """
    found: list[int] = []
    inner = 0
    for step, count in zip(steps, counts):
        found.append(int(step) + inner)
        inner += (count - 1) * found[-1]
    return found


@dataclass
class Engine:
    """An engine with its memory.

    Attributes
    ----------
    words : int
        Words of the memory.
    depth : int
        DEPTH, bytes of a word: 2, 4 or 8. COLS is the same, ROWS is 1.
    slices : int
        Slices of the longest panel: K_MAX / DEPTH.
    memory : ndarray of int8, shape (words, depth)
        Written in place. -1 until it is written.
    job : int
        Jobs done.
    read, writes : int
        Slices read; words or halves of words written.
    """

    words: int
    depth: int = 8
    slices: int = 128
    job: int = 0
    read: int = 0
    writes: int = 0
    memory: Words = field(init=False)

    def __post_init__(self) -> None:
        self.memory = np.full((self.words, self.depth), -1, np.int8)

    @property
    def beat(self) -> int:
        """Bytes of a beat of the program."""
        return self.depth * self.depth

    def run(self, program: bytes) -> Iterator[int]:
        """Run a program.

        Parameters
        ----------
        program : bytes
            A multiple of the beat's.

        Yields
        ------
        int
            The number of each job once its results are in the memory, from 0 on.

        Raises
        ------
        ProgramError
            The hardware would stop, or might give other results.
        """
        image = np.frombuffer(program, np.uint8)
        if len(image) % self.beat:
            raise ValueError(f"program has {len(image)} bytes, expected a multiple of {self.beat}")
        self.job = self.read = self.writes = position = 0
        begun = False
        tables = [np.zeros(256, np.int32)] * 2
        dirty = np.zeros(self.words, bool)  # written since the latest wait

        def take(count: int) -> NDArray[np.uint8]:
            nonlocal position
            # a descriptor or panel ends with its beat; the program must not end within it
            if position + count > len(image):
                raise ProgramError("program_short", f"it ends at byte {len(image)}, within an item")
            position += count
            return image[position - count : position]

        while True:
            start = position
            raw = take(DESCRIPTOR_BYTES)
            kind = int(raw[0])
            if begun == (kind == BEGIN) or kind > TABLES:
                raise ProgramError("program_illegal", f"an item of kind {kind} at byte {start}")
            if kind == BEGIN:
                self._begin(raw)
                begun = True
            elif kind == END:
                if position != len(image):
                    raise ProgramError("program_illegal", f"{len(image) - position} bytes follow its end")
                check = int(raw.view(END_DESCRIPTOR)["check"][0])
                if check != checksum(image[:start]):
                    raise ProgramError(
                        "program_corrupt", f"its check is {check:#x}, not {checksum(image[:start]):#x}"
                    )
                return
            elif kind == TABLES:
                # a word of A and one of B lie in a beat like a sparse slice: in the halves of its columns
                pairs = self._portions(take(2 * TABLE_BYTES))
                tables = [
                    np.roll(np.ascontiguousarray(pairs[:, :, t]).reshape(-1).view("<i4"), 128).astype(
                        np.int32
                    )
                    for t in (0, 1)
                ]
            else:
                item = raw.view(DESCRIPTOR)[0]
                self._check(item, start)
                if item["flags"] & WAIT:
                    dirty[:] = False
                self._job(item, take, tables, dirty)
                yield self.job
                self.job += 1

    def _begin(self, raw: NDArray[np.uint8]) -> None:
        item = raw.view(BEGIN_DESCRIPTOR)[0]
        for name, got, wanted in (
            ("version", item["version"], VERSION),
            ("depth", item["depth"], self.depth),
            ("cols", item["cols"], self.depth),
        ):
            if got != wanted:
                raise ProgramError("program_illegal", f"{name} is {got}, not {wanted}")
        for name, got, most in (
            ("words", item["words"], self.words),
            ("slices", item["slices"], self.slices),
        ):
            if got > most:
                raise ProgramError("program_illegal", f"it needs {got} {name}, expected at most {most}")

    def _check(self, item: np.void, start: int) -> None:
        """Reject what the decoder rejects."""
        product = item["kind"] in (PRODUCT, FUSED)
        counts = [*_COUNTS, *(("chunks", "chunk_slices", "last_slices") if product else ())]
        for name in counts:
            if item[name] == 0:
                raise ProgramError("program_illegal", f"{name} is 0 at byte {start}")
        turns = int(item["flags"]) & (TURN_COLUMN | TURN_PANEL)
        if turns == TURN_COLUMN | TURN_PANEL or (turns and not item["flags"] & SPLIT):
            raise ProgramError("program_illegal", f"flags are {item['flags']:#x} at byte {start}")
        if product and not 1 <= item["mode"] <= 3:
            raise ProgramError("program_illegal", f"mode is {item['mode']} at byte {start}")
        if product and max(item["chunk_slices"], item["last_slices"]) > self.slices:
            raise ProgramError(
                "program_illegal", f"a panel of more than {self.slices} slices at byte {start}"
            )
        if product and item["chunks"] > 1 and (item["rows"], item["columns"]) != (1, 1):
            raise ProgramError("program_illegal", f"several chunks and several tiles at byte {start}")
        if item["kind"] != PRODUCT and item["record"][0] > 4:
            raise ProgramError("program_illegal", f"command {item['record'][0]:#x} at byte {start}")

    def _addresses(self, base: int, steps: NDArray[np.integer], counts: tuple[int, ...]) -> Indices:
        """Addresses of all iterations of nested loops, innermost first in `counts`; shape (panel, row, ...).

        The last step is that of the panels: it is added to the address at which a panel starts.
        """
        found: Indices = np.full((1,) * len(counts), base, np.int64)
        by_loop = [*strides(steps[:-1], counts[:-1]), int(steps[-1])]
        for axis, (stride, count) in enumerate(zip(by_loop[::-1], counts[::-1])):
            turns: Indices = np.arange(count, dtype=np.int64) * stride
            found = found + turns.reshape([-1 if other == axis else 1 for other in range(len(counts))])
        return found & self._mask()

    def _mask(self) -> int:
        """Addresses are computed modulo four times the memory's size, rounded up to a power of two."""
        return (1 << (max(1, (self.words - 1).bit_length()) + 2)) - 1

    def _in_range(self, name: str, addresses: Indices) -> None:
        wrong = addresses[addresses >= self.words]
        if wrong.size:
            raise ProgramError(
                "address_range", f"{name} word {wrong[0]} in job {self.job}, there are {self.words}"
            )

    def _windows(self, item: np.void) -> tuple[Words, Indices]:
        """The slices of every output word and their addresses, -1 for those outside of the image."""
        n = {name: int(item[name]) for name in _COUNTS}
        kernel = n["kernel_words"], n["kernel_columns"], n["kernel_rows"]
        outer = n["columns"], n["rows"], n["panels"]
        addresses = self._addresses(int(item["source"]), item["source_step"], (*kernel, *outer))
        y_counts = n["kernel_rows"], n["columns"], n["rows"]
        ky, yc, yr = strides(item["y_step"], y_counts)
        kx, xr, xc = strides(item["x_step"], (n["kernel_columns"], n["kernel_rows"], n["columns"]))
        row, column, krow, kcolumn = (
            np.arange(n[name], dtype=np.int64)
            for name in ("rows", "columns", "kernel_rows", "kernel_columns")
        )
        y = int(item["top"]) + np.add.outer(np.add.outer(row * yr, column * yc), krow * ky)
        x = int(item["left"]) + np.add.outer(np.add.outer(column * xc, krow * xr), kcolumn * kx)
        y, x = y & 0xFFFF, x & 0xFFFF
        inside = (y < int(item["height"]))[:, :, :, None] & (x < int(item["width"]))[None]
        shape = (*outer[::-1], *kernel[::-1])
        inside = np.broadcast_to(inside[None, ..., None], shape)
        addresses = np.where(inside, addresses, -1)
        self._in_range("source", addresses)
        fill = np.int8(item["fill"])
        data = np.where(inside[..., None], self.memory[addresses], fill)
        half = self.depth // 2
        at = np.broadcast_to(x[None, None, :, :, :, None], shape)
        if item["flags"] & EDGE_LEFT:
            data[..., :half] = np.where((at == 0)[..., None], fill, data[..., :half])
        if item["flags"] & EDGE_RIGHT:
            last = at == int(item["width"]) - 1
            data[..., half:] = np.where(last[..., None], fill, data[..., half:])
        tiles = int(np.prod(outer))
        return data.reshape(tiles, -1, self.depth), addresses.reshape(tiles, -1)

    def _job(
        self, item: np.void, take: Take, tables: list[NDArray[np.int32]], dirty: NDArray[np.bool_]
    ) -> None:
        kind, flags = int(item["kind"]), int(item["flags"])
        panels, rows, columns = (int(item[name]) for name in ("panels", "rows", "columns"))
        counts = columns, rows, panels
        x, read = self._windows(item)
        self.read += read.size
        if kind != ELEMENTWISE:
            x = self._product(item, take, x)
        elif x.shape[1] != 1:
            raise ProgramError("length_mismatch", f"{x.shape[1]} slices for a word in job {self.job}")
        else:
            x = x[:, 0]
        second = None
        if kind != PRODUCT:
            op = next(name for name, code in elementwise.OPERATIONS.items() if code == item["record"][0])
            if op in elementwise.TAKES_Y:
                second = self._addresses(int(item["second"]), item["second_step"], counts).reshape(-1)
                self._in_range("second", second)
            y = None if second is None else self.memory[second]
            record = item["record"].tobytes()
            low, high, zero = (int(np.int8(np.uint8(record[i]))) for i in (3, 4, 2))
            scaling = Scaling(
                int.from_bytes(record[5:9], "little", signed=True), record[1] & 31, zero, low, high
            )
            table_b = tables[1] if op in ("add", "mul") else None
            x = elementwise.elementwise(op, x, y, tables[0], table_b, scaling)
        self._write(item, flags, counts, x, [read, second], dirty)

    def _product(self, item: np.void, take: Take, x: Words) -> Words:
        """Results of all panels, in order, shape (tiles, depth)."""
        panels, chunks = int(item["panels"]), int(item["chunks"])
        cut = [int(item["chunk_slices"])] * (chunks - 1) + [int(item["last_slices"])]
        tiles = len(x) // panels
        record_bytes = -(-RECORD_BYTES // self.depth) * self.beat
        results = []
        if sum(cut) != x.shape[1]:
            raise ProgramError(
                "length_mismatch", f"{x.shape[1]} slices for panels of {sum(cut)} in job {self.job}"
            )
        for panel in range(panels):
            weights = []
            for count in cut:
                head = take(record_bytes).reshape(-1, self.depth, self.depth)
                # a column's bytes lie on its own lane
                records = head.transpose(1, 0, 2).reshape(self.depth, -1)[:, :RECORD_BYTES]
                weights.append(self._slices(take, count, bool(item["flags"] & SPARSE)))
            fields = np.ascontiguousarray(records)
            bias, multiplier = (fields[:, i : i + 4].copy().view("<i4")[:, 0] for i in (0, 4))
            shift, zero, low, high = (fields[:, i].copy().view(np.int8) for i in range(8, 12))
            a = np.ascontiguousarray(x[panel * tiles : (panel + 1) * tiles]).reshape(tiles, -1)
            w = np.concatenate(weights)
            results.append(layer(a, w, bias, multiplier, shift, zero, low, high, int(item["mode"])))
        return np.concatenate(results).astype(np.int8)

    def _portions(self, data: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """What shares beats, DEPTH / 2 portions each; shape (n, depth, 2).

        A column of a beat has DEPTH bytes in two halves. Of column j, portion s has byte (j + s) modulo
        DEPTH / 2 of each half.
        """
        half = self.depth // 2
        beats = data.reshape(-1, self.depth, 2, half)
        found = np.empty((len(beats), half, self.depth, 2), np.uint8)
        for portion in range(half):
            for column in range(self.depth):
                found[:, portion, column] = beats[:, column, :, (column + portion) % half]
        return found.reshape(-1, self.depth, 2)

    def _slices(self, take: Take, count: int, sparse: bool) -> Words:
        """Weights of a panel, shape (K, depth)."""
        depth, half = self.depth, self.depth // 2
        if not sparse:
            slices = take(count * self.beat).reshape(count, depth, depth)
            return slices.transpose(0, 2, 1).reshape(-1, depth).view(np.int8)
        beats = -(-count // half)
        given = self._portions(take(beats * self.beat))[:count].view(np.int8)
        found = np.zeros((count, depth, depth), np.int8)
        column = np.arange(depth)
        found[:, column % half, column] = given[:, :, 0]
        found[:, half + column % half, column] = given[:, :, 1]
        return found.reshape(-1, depth)

    def _write(
        self,
        item: np.void,
        flags: int,
        counts: tuple[int, ...],
        results: Words,
        reads: list[Indices | None],
        dirty: NDArray[np.bool_],
    ) -> None:
        """Write the results, after checking that nothing is read that may have been written."""
        columns, rows, panels = counts
        half = self.depth // 2
        if not flags & SPLIT:
            lanes = None
            addresses = self._addresses(int(item["target"]), item["target_step"], counts).reshape(-1)
            targets = [addresses]
        else:
            addresses, lanes = self._halves(item, flags, counts)
            targets = [addresses, (addresses + int(item["target_split"])) & self._mask()]
        for addresses in targets:
            self._in_range("target", addresses)

        turn = np.arange(len(results))
        written = np.full(self.words, len(results))  # the first turn that writes a word
        for addresses in targets:
            np.minimum.at(written, addresses, turn)
        for read in reads:
            if read is None:
                continue
            read = read.reshape(len(results), -1)
            late = (written[read] < turn[:, None]) & (read >= 0)
            if late.any() or dirty[read[read >= 0]].any():
                raise ProgramError("hazard", f"job {self.job} reads a word that may have been written")

        if lanes is None:
            self.memory[targets[0]] = results
        else:
            # one after the other, as a later half may overwrite an earlier one
            for i, lane in enumerate(lanes):
                for part, addresses in enumerate(targets):
                    at = slice(lane * half, (lane + 1) * half)
                    self.memory[addresses[i], at] = results[i, part * half : (part + 1) * half]
        for addresses in targets:
            dirty[addresses] = True
            self.writes += len(addresses)

    def _halves(self, item: np.void, flags: int, counts: tuple[int, ...]) -> tuple[Indices, list[int]]:
        """Address and half of the first part of every result."""
        columns, rows, panels = counts
        column_step, row_step, panel_step = (int(step) for step in item["target_step"])
        addresses, lanes = [], []
        base, lane = int(item["target"]), int(bool(flags & FIRST_HALF))
        first = lane
        for _ in range(panels):
            address = base
            for _ in range(rows):
                if flags & TURN_COLUMN:
                    lane = first
                for column in range(columns):
                    addresses.append(address)
                    lanes.append(lane)
                    last = column == columns - 1
                    if flags & TURN_COLUMN:
                        address += 0 if last else column_step * lane
                        lane ^= 1
                    else:
                        address += 0 if last else column_step
                address += row_step
            if flags & TURN_PANEL:
                base += panel_step * lane
                lane ^= 1
            else:
                base += panel_step
        return np.array(addresses, np.int64) & self._mask(), lanes
