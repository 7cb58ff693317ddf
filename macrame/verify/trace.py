# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""A recorded trace of the core: what it did in every cycle, and every number of a window of cycles.

>>> trace = Trace.read("product.trace")                                        # doctest: +SKIP
>>> trace.utilisation()                                                        # doctest: +SKIP
>>> trace.mac(tile=0, row=2, col=1, k=5)                                       # doctest: +SKIP
>>> assert not trace.check()                                                   # doctest: +SKIP

docs/trace.md describes the file and how to record one.
"""

import functools
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from macrame.contract import BF16, PHASES
from macrame.errors import InputError
from macrame.files import trace_file
from macrame.files.trace_file import Span
from macrame.golden.cycles import Counters
from macrame.host import tiling
from macrame.verify import trace_check, trace_chrome
from macrame.verify.trace_check import Mismatch
from macrame.verify.trace_recorded import PAD, Cause, Recorded, Stream, signed

__all__ = ["PAD", "Cause", "Chain", "Frame", "Mac", "Mismatch", "Output", "Stream", "Trace"]


@dataclass(frozen=True)
class Mac:
    """One multiply-accumulate.

    Attributes
    ----------
    tile, row, col, k : int
        Which one: tile, row and column in the tile, place in the sum.
    pe : (int, int, int)
        Row, column and multiplier (0 to DEPTH - 1) of the array.
    operand_cycle, product_cycle, sum_cycle : int
        Cycles in which the registers hold its operands, its product, the sum with it.
    a, w, product, sum : int
        Values; of bfloat16 bits: uint16 operands, the others float32. `sum` includes the whole slice, and the
        DEPTH products of it are added in one cycle.
    """

    tile: int
    row: int
    col: int
    k: int
    pe: tuple[int, int, int]
    operand_cycle: int
    product_cycle: int
    sum_cycle: int
    a: int
    w: int
    product: int
    sum: int


@dataclass(frozen=True)
class Chain:
    """The sum of one result, step by step; n slices of d products each.

    Attributes
    ----------
    tile, row, col : int
    bf16 : bool
        Values are bits of bfloat16 and float32.
    complete : bool
        All of the tile's slices are in the window.
    k : ndarray of int, shape (n, d)
    a, w, products : ndarray, shape (n, d)
        Padding of the last slice included.
    sums : ndarray, shape (n,)
        After each slice.
    operand_cycles, product_cycles, sum_cycles : ndarray of int, shape (n,)
    """

    tile: int
    row: int
    col: int
    bf16: bool
    complete: bool
    k: NDArray[np.int64]
    a: NDArray[Any]
    w: NDArray[Any]
    products: NDArray[Any]
    sums: NDArray[Any]
    operand_cycles: NDArray[np.int64]
    product_cycles: NDArray[np.int64]
    sum_cycles: NDArray[np.int64]


@dataclass(frozen=True)
class Output:
    """One result, from the array to the output stage's end.

    Attributes
    ----------
    tile, row, col : int
    mode : int
        Of the weight panel, see `macrame.contract.MODES` and `OUTPUTS`.
    row_cycle : int
        Cycle in which its row left the array.
    left_cycle : int
        Cycle in which it left the output stage, -1 if it is raw.
    sum, bias, x : int
        What left the array, its column's bias, and both added; of bfloat16 bits of float32.
    steps : dict of str to int
        Steps of the rounding in their order, by the names of `macrame.files.trace_file.INT8_STEPS` or
        `FLOAT_STEPS`, with the flags one by one. Empty for a raw result.
    result : int
        int32, int8, or bits of float32 or bfloat16.
    """

    tile: int
    row: int
    col: int
    mode: int
    row_cycle: int
    left_cycle: int
    sum: int
    bias: int
    x: int
    steps: Mapping[str, int]
    result: int


@dataclass(frozen=True)
class Frame:
    """What the registers of the array hold in one cycle of the window.

    Each of the three is None if the registers hold nothing that counts: no slice was issued so many cycles
    before.

    Attributes
    ----------
    cycle : int
    cause : Cause
        What the cycle was spent on, at the array's input.
    operands, products, sums : int or None
        Index into :attr:`Trace.beats`, :attr:`Trace.a` and :attr:`Trace.w`, :attr:`Trace.products`, and
        :attr:`Trace.sums`.
    """

    cycle: int
    cause: Cause
    operands: int | None
    products: int | None
    sums: int | None


class Trace(Recorded):
    """A trace, and queries on it.

    Parameters and attributes are those of `macrame.verify.trace_recorded.Recorded`; :meth:`read` reads a
    file.
    """

    @classmethod
    def read(cls, path: str | os.PathLike[str], label: str | None = None) -> "Trace":
        """Read a trace.

        Parameters
        ----------
        path : path
        label : str, optional
            Name of the file for the user, which begins each message; by default its path.

        Returns
        -------
        Trace

        Raises
        ------
        macrame.errors.InputError
            The file cannot be read, is no trace, is truncated or damaged.
        """
        label = label or os.fspath(path)
        return cls(trace_file.read(path, label), label)

    # --- cycles -----------------------------------------------------------------------------------------

    @functools.cached_property
    def _next_issue(self) -> NDArray[np.int64]:
        return np.searchsorted(self.issues["cycle"], np.arange(self.cycles))

    def _of_next(self, name: str) -> NDArray[np.int32]:
        values = np.r_[self.issues[name], -1].astype(np.int32)
        return values[self._next_issue]

    @functools.cached_property
    def tile_of_cycle(self) -> NDArray[np.int32]:
        """Tile of the slice issued in each cycle or, where none is, of the next one; -1 after the last."""
        return self._of_next("tile")

    @functools.cached_property
    def slice_of_cycle(self) -> NDArray[np.int32]:
        """Number of that slice in its tile; -1 after the last."""
        return self._of_next("slice")

    @property
    def active(self) -> range:
        """From the first input beat to the last result beat, as the core's counter `cycles`; may be empty."""
        moved = self.run_stream("w") == Stream.TRANSFER
        moved |= self.run_stream("a") == Stream.TRANSFER
        inputs = np.flatnonzero(moved)
        outputs = np.flatnonzero(self.run_stream("m") == Stream.TRANSFER)
        if not len(inputs) or not len(outputs):
            return range(0)
        last = outputs[-1]
        first, stop = self.runs.starts[inputs[0]], self.runs.starts[last] + self.runs.lengths[last]
        return range(int(first), max(int(first), int(stop)))

    def utilisation(self, cycles: range | None = None) -> dict[Cause, int]:
        """Cycles by cause.

        Parameters
        ----------
        cycles : range, optional
            By default :attr:`active`.

        Returns
        -------
        dict of Cause to int
            All causes; their sum is the number of cycles.
        """
        cycles = self.active if cycles is None else cycles
        found = np.bincount(self.run_causes, self._overlap(cycles), len(Cause))
        return {cause: int(found[cause]) for cause in Cause}

    def traffic(self, cycles: range | None = None) -> dict[str, dict[Stream, int]]:
        """Cycles of each stream by what it did; parameters as for :meth:`utilisation`."""
        overlap = self._overlap(self.active if cycles is None else cycles)
        return {
            name: {
                state: int(count)
                for state, count in zip(Stream, np.bincount(self.run_stream(name), overlap, len(Stream)))
            }
            for name in ("w", "a", "m")
        }

    def _overlap(self, cycles: range) -> NDArray[np.int64]:
        """Cycles that each run has in a range."""
        starts, ends = self.runs.starts, self.runs.starts + self.runs.lengths
        return np.maximum(np.minimum(ends, cycles.stop) - np.maximum(starts, cycles.start), 0)

    def counters(self, cycles: range | None = None) -> Counters:
        """What the core's counters count in these cycles; parameters as for :meth:`utilisation`."""
        cycles = self.active if cycles is None else cycles
        found = self.utilisation(cycles)
        loads = self.tiles["load"]
        return Counters(
            len(cycles),
            found[Cause.ISSUE],
            int(((loads >= cycles.start) & (loads < cycles.stop)).sum()),
            found[Cause.ACTIVATIONS],
            found[Cause.WEIGHTS],
            found[Cause.RESULTS],
            sum(found[cause] for cause in PAD),
        )

    # --- numbers ----------------------------------------------------------------------------------------

    def frame(self, cycle: int) -> Frame:
        """What the array's registers hold in a cycle.

        Parameters
        ----------
        cycle : int
            One of the trace; outside of the window the registers are not recorded.

        Returns
        -------
        Frame

        Raises
        ------
        macrame.errors.InputError
            There is no such cycle.
        """
        if not 0 <= cycle < self.cycles:
            raise InputError(f"cycle is {cycle}, expected 0 to {self.cycles - 1}")
        held = []
        for name in ("operand_cycle", "product_cycle", "sum_cycle"):
            found = np.flatnonzero(self.beats[name] == cycle)
            held.append(int(found[0]) if len(found) else None)
        return Frame(cycle, Cause(int(self.run_causes[self.runs.run_of(cycle)])), *held)

    def height(self, tile: int) -> int:
        """Rows of a tile."""
        return self.config.height(int(self._tile(tile)["mode"]))

    def _tile(self, tile: int) -> np.void:
        if not 0 <= tile < len(self.tiles):
            raise InputError(f"tile is {tile}, expected 0 to {len(self.tiles) - 1}")
        found: np.void = self.tiles[tile]
        return found

    def _cell(self, tile: int, row: int, col: int) -> tuple[int, int]:
        """Row of the array, and phase, of a result."""
        height = self.height(tile)
        for name, value, count in (("row", row, height), ("col", col, self.config.cols)):
            if not 0 <= value < count:
                raise InputError(f"{name} is {value}, expected 0 to {count - 1}")
        return divmod(row, height // self.config.rows)

    def chain(self, tile: int, row: int, col: int) -> Chain:
        """The sum of one result, as far as it is in the window.

        Parameters
        ----------
        tile, row, col : int

        Returns
        -------
        Chain

        Raises
        ------
        macrame.errors.InputError
            There is no such result.
        """
        pe_row, phase = self._cell(tile, row, col)
        here = np.flatnonzero((self.beats["tile"] == tile) & (self.beats["phase"] == phase))
        beats = self.beats[here]
        bf16 = bool(self.tiles[tile]["mode"] & BF16)
        depth = self.config.depth
        narrow = self.config.bf16 and not bf16  # int8 in the wider columns of a core with both
        return Chain(
            tile,
            row,
            col,
            bf16,
            len(beats) == self.tiles[tile]["slices"] and bool((beats["sum_cycle"] >= 0).all()),
            beats["slice"].astype(np.int64)[:, None] * depth + np.arange(depth),
            signed(self.a[here, pe_row], narrow),
            signed(self.w[here, col], narrow),
            signed(self.products[here, pe_row, col], narrow),
            signed(self.sums[here, pe_row, col], narrow),
            beats["operand_cycle"],
            beats["product_cycle"],
            beats["sum_cycle"],
        )

    def mac(self, tile: int, row: int, col: int, k: int) -> Mac:
        """Where and when one product was computed and added.

        Parameters
        ----------
        tile, row, col, k : int

        Returns
        -------
        Mac

        Raises
        ------
        macrame.errors.InputError
            There is no such product, or it is not in the window.
        """
        chain = self.chain(tile, row, col)
        number, multiplier = divmod(k, self.config.depth)
        slices = int(self.tiles[tile]["slices"])
        if not 0 <= number < slices:
            raise InputError(f"k is {k}, expected 0 to {slices * self.config.depth - 1}")
        found = np.flatnonzero(chain.k[:, 0] == number * self.config.depth)
        if not len(found):
            raise InputError(
                f"k {k} of tile {tile} is outside of the window, cycles {self.window.start} to "
                f"{self.window.stop - 1}"
            )
        at = int(found[0])
        return Mac(
            tile,
            row,
            col,
            k,
            (self._cell(tile, row, col)[0], col, multiplier),
            int(chain.operand_cycles[at]),
            int(chain.product_cycles[at]),
            int(chain.sum_cycles[at]),
            int(chain.a[at, multiplier]),
            int(chain.w[at, multiplier]),
            int(chain.products[at, multiplier]),
            int(chain.sums[at]),
        )

    def output(self, tile: int, row: int, col: int) -> Output:
        """What became of one sum after it left the array.

        Parameters
        ----------
        tile, row, col : int

        Returns
        -------
        Output

        Raises
        ------
        macrame.errors.InputError
            There is no such result, or its row did not leave the array in the window.
        """
        self._cell(tile, row, col)
        found = np.flatnonzero((self.rows["tile"] == tile) & (self.rows["row"] == row))
        mode = int(self.tiles[tile]["mode"])
        raw, bf16 = mode & (BF16 | 3) == 0, bool(mode & BF16)
        at = int(found[0]) if len(found) else -1
        of, steps = (self.float_rows, self.float_steps) if bf16 else (self.int8_rows, self.int8_steps)
        place = np.flatnonzero(of == at)
        if at < 0 or not (raw or len(place)):
            raise InputError(
                f"row {row} of tile {tile} is outside of the window, cycles {self.window.start} to "
                f"{self.window.stop - 1}"
            )
        narrow = self.config.bf16 and not bf16
        value = int(signed(self.row_values[at, col], narrow))
        bias = int(signed(self.row_bias[at, col], narrow))
        if raw:
            x = (value + bias + 2**31) % 2**32 - 2**31
            return Output(tile, row, col, mode, int(self.rows[at]["cycle"]), -1, value, bias, x, {}, x)
        step = steps[place[0], col]
        names = [name for name in steps.dtype.names or () if not name.startswith(("flags", "pad"))]
        values = {name: int(step[name]) for name in names}
        if not bf16:
            flags = int(step["flags"])
            values |= {name: int(bool(flags & bit)) for name, bit in trace_file.FLAGS.items()}
            result, x = values["q"], values["x"]
        else:
            result, x = values["y"], values["biased"]
        cycle, left = int(self.rows[at]["cycle"]), int(self.rows[at]["left"])
        return Output(tile, row, col, mode, cycle, left, value, bias, x, values, result)

    def locate(self, span: Span, i: int, j: int) -> tuple[int, int, int]:
        """Tile, row and column of one result of a product.

        Parameters
        ----------
        span : macrame.files.trace_file.Span
            Of one product: its details have "m", "n" and "mode".
        i, j : int
            Row and column of the result.

        Returns
        -------
        tile, row, col : int

        Raises
        ------
        macrame.errors.InputError
            The span is not that of a product, has no such result, or another number of tiles.
        """
        try:
            m, n, mode = int(span.details["m"]), int(span.details["n"]), str(span.details["mode"])
        except (KeyError, TypeError, ValueError):
            raise InputError(f"span {span.name!r} is not a product: expected details m, n and mode") from None
        for name, value, count in (("i", i, m), ("j", j, n)):
            if not 0 <= value < count:
                raise InputError(f"{name} is {value}, expected 0 to {count - 1}")
        height, cols = self.config.rows * (PHASES if mode == "bf16" else 1), self.config.cols
        tiles = self.tiles_in(span)
        order = tiling.order(m, n, height, cols)
        if len(tiles) != len(order):
            raise InputError(f"span {span.name!r} has {len(tiles)} tiles, its product has {len(order)}")
        return int(tiles[order.index((i // height, j // cols))]), i % height, j % cols

    def tiles_in(self, span: Span) -> NDArray[np.int64]:
        """Numbers of the tiles that began in a span."""
        first = self.tiles["first"]
        return np.flatnonzero((first > span.first) & (first <= span.last))

    # --- the whole --------------------------------------------------------------------------------------

    def check(self, most: int = 20) -> list[Mismatch]:
        """Compare every number of the window with the golden model, computed from those before it.

        Products from operands, sums from products and the sums before them, rows from sums, each step of the
        output stage from the one before, result beats from rows; operands with the beats of the streams. So
        the first mismatch by cycle is where something went wrong, and later ones follow only where a wrong
        number was also used wrongly.

        Parameters
        ----------
        most : int
            Stop after so many.

        Returns
        -------
        list of Mismatch
            By cycle; empty if all match.
        """
        return trace_check.check(self, most)

    def chrome(self) -> dict[str, Any]:
        """The trace in the JSON format of Chrome's trace viewer, for Perfetto; a cycle is a microsecond.

        Returns
        -------
        dict
            For `json.dump`: spans, tiles, weight panels, what the array did, and the three streams.
        """
        return trace_chrome.chrome(self)
