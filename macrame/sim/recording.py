# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Recording a trace of the simulated core: what `hdl/trace.v` writes becomes a file of `trace_file`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from macrame.contract import CoreConfig
from macrame.errors import InputError, LinkError
from macrame.files.trace_file import FLOAT_STEPS, INT8_STEPS, Span, TraceFile

MONITOR = "macrame/sim/hdl/trace.v"
#: Cycles of the window, unless the user says otherwise: fewer where a cycle takes many bytes.
CYCLES = 4096
BYTES = 32 << 20


@dataclass(frozen=True)
class Recording:
    """A trace to be recorded.

    Attributes
    ----------
    path : pathlib.Path
        The file, written when the link is closed.
    first : int
        First cycle of the window in which all cells are recorded; cycles count from the simulation's start.
    cycles : int, optional
        Length of the window; by default 4096, or as many as fit in 32 MB before compression. 0: no window,
        only what each cycle was spent on.

    Raises
    ------
    macrame.errors.InputError
        `first` or `cycles` is not an integer from 0 to 2^32 - 1.
    """

    path: Path
    first: int = 0
    cycles: int | None = None

    def __post_init__(self) -> None:
        for name in ("first", "cycles"):
            value = getattr(self, name)
            if value is None and name == "cycles":
                continue
            if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 32:
                raise InputError(f"{name} is {value!r}, expected an integer from 0 to 4294967295")

    def length(self, config: CoreConfig) -> int:
        """Cycles of the window on a core."""
        if self.cycles is not None:
            return self.cycles
        return min(CYCLES, max(1, BYTES // sum(_sizes(config).values())))


def _words(bits: int) -> int:
    """Bytes of the whole words that hold so many bits."""
    return -(-bits // 32) * 4


def _sizes(config: CoreConfig) -> dict[str, int]:
    """Bytes of a record in each of the monitor's files but the first."""
    lane, cells = 8 * config.lane_bytes, config.rows * config.cols
    return {
        "w": _words(lane * config.cols + 8),
        "a": _words(lane * config.rows + 8),
        "m": _words(36 * config.cols),
        "operands": _words(lane * (config.rows + config.cols)),
        "products": _words((32 if config.bf16 else 16 * config.depth) * cells),
        "sums": 4 * cells,
        "rows": 8 * config.cols,
        "int8": INT8_STEPS.itemsize * config.post_lanes,
        "float": FLOAT_STEPS.itemsize * config.post_lanes,
    }


def collect(folder: Path, config: CoreConfig, window: tuple[int, int], spans: Sequence[Span]) -> TraceFile:
    """Read the files of the monitor.

    Parameters
    ----------
    folder : pathlib.Path
        Where the monitor wrote them.
    config : macrame.contract.CoreConfig
    window : (int, int)
        First cycle of the window, and the first one after it.
    spans : sequence of macrame.files.trace_file.Span

    Returns
    -------
    macrame.files.trace_file.TraceFile

    Raises
    ------
    macrame.errors.LinkError
        A file does not consist of whole records.
    """
    raw = {name: _records(folder / f"{name}.trace", size) for name, size in _sizes(config).items()}
    lane, rows, cols, depth = config.lane_bytes, config.rows, config.cols, config.depth
    number, product = ("<u4", "<u4") if config.bf16 else ("<i4", "<i2")
    count = cols * lane
    keep = raw["m"][:, 4 * cols : 4 * cols + -(-4 * cols // 8)]
    results = _typed(raw["rows"], 0, number, (2, cols))
    columns = {
        "runs": _typed(_records(folder / "runs.trace", 8), 0, "<u4", (2,)),
        "w_data": raw["w"][:, :count],
        "w_user": raw["w"][:, count],
        "a_data": raw["a"][:, : rows * lane],
        "a_user": raw["a"][:, rows * lane],
        "m_data": raw["m"][:, : 4 * cols],
        "m_keep": np.unpackbits(keep, axis=1, count=4 * cols, bitorder="little").astype(bool),
        "a": _typed(raw["operands"], 0, "<u2" if config.bf16 else "i1", (rows, depth)),
        "w": _typed(raw["operands"], rows * lane, "<u2" if config.bf16 else "i1", (cols, depth)),
        "products": _typed(raw["products"], 0, product, (rows, cols, depth)),
        "sums": _typed(raw["sums"], 0, number, (rows, cols)),
        "rows": results[:, 0],
        "bias": results[:, 1],
        "int8": _typed(raw["int8"], 0, INT8_STEPS, (config.post_lanes,)),
        "float": _typed(raw["float"], 0, FLOAT_STEPS, (config.post_lanes,)),
    }
    return TraceFile(config, window, tuple(spans), columns)


def _records(path: Path, size: int) -> NDArray[np.uint8]:
    data = path.read_bytes()
    if len(data) % size:
        raise LinkError(f"the monitor wrote {len(data)} bytes to {path.name}, expected a multiple of {size}")
    return np.frombuffer(data, np.uint8).reshape(-1, size)


def _typed(
    records: NDArray[np.uint8], first: int, kind: str | np.dtype[Any], shape: tuple[int, ...]
) -> NDArray[Any]:
    """A field of each record."""
    dtype = np.dtype(kind)
    stop = first + int(np.prod(shape)) * dtype.itemsize
    return np.ascontiguousarray(records[:, first:stop]).view(dtype).reshape(len(records), *shape)
