# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""A trace as the component of a page that shows the run: macrame/report/page/ has its script."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from macrame.contract import BF16, OUTPUTS, CoreConfig
from macrame.files.trace_file import FLOAT_STEPS, INT8_STEPS, Span
from macrame.golden.cycles import REQUANTIZE_LATENCY, Geometry
from macrame.host import packets, tiling
from macrame.host.core import Report
from macrame.report import run_page
from macrame.report.blocks import Component, Phrase, phrase
from macrame.verify.trace import Trace
from macrame.verify.trace_chrome import CAUSE_WORDS, STREAM_WORDS, mode_name, panels
from macrame.verify.trace_recorded import Cause, Stream

#: Bytes of a page that the numbers of the cells may take; the window becomes shorter until they do.
LARGEST = 600_000
#: Fields of a record that the page compares.
FIELDS = ("bias", "multiplier", "shift", "zero_point", "low", "high")
#: Cycles of the reset with which a simulation starts, see macrame/sim/hdl/player.v.
RESET_CYCLES = 4
#: Spans that have a row of their own in the page.
MOST_PARTS = 200


@dataclass(frozen=True)
class Work:
    """A product whose operands the page has, from which it computes the golden result.

    Attributes
    ----------
    a : ndarray of int8, shape (M, K), or uint16, bits of bfloat16
    w : ndarray of the same type, shape (K, N)
    fields : structured ndarray, shape (N,), optional
        Of the columns' records, see `macrame.host.packets.fields`.
    expected : ndarray, shape (M, N), optional
        The golden model's result: int8 or int32; uint16 or uint32, bits of bfloat16 or float32.
    """

    a: NDArray[Any]
    w: NDArray[Any]
    fields: NDArray[np.void] | None = None
    expected: NDArray[Any] | None = None


def component(
    trace: Trace,
    works: Sequence[Work] = (),
    largest: int = LARGEST,
    title: str = "",
    start: tuple[int, int, int] | None = None,
    counted: Mapping[str, int] | None = None,
) -> Component:
    """The component for a run.

    Parameters
    ----------
    trace : macrame.verify.trace.Trace
    works : sequence of Work
        Of the trace's first spans, in the same order; each must be a product of these operands.
    largest : int
        Bytes that the numbers of the cells may take.
    title : str
        By default the core's shape.
    start : (int, int, int), optional
        Cycle, and row and column of the array, at which the page opens; -1: any. By default at the first
        number that its self-check finds wrong, or at the first sums.
    counted : mapping of str to int, optional
        What the run's only product took by other counts than the trace's, see `counted_by_core`.

    Returns
    -------
    macrame.report.blocks.Component
    """
    config, active = trace.config, trace.active
    if not len(active):
        active = range(max(1, trace.cycles))
    cycles, runs = _runs(trace)
    window, cells = _window(trace, largest)
    spans = [span for span, _ in zip(trace.spans, works)]
    modes = np.unique([*trace.tiles["mode"], *(mode for *_, mode in panels(trace))]).astype(int).tolist()
    data = {
        "core": {
            "rows": config.rows,
            "cols": config.cols,
            "depth": config.depth,
            "wide": config.bf16,
            "shape": str(config),
            "name": title or f"{config} core",
        },
        "cycles": cycles,
        "window": [window.start, window.stop],
        "start": start and list(start),
        "counted": counted and dict(counted),
        "timing": _timing(config),
        "active": [active.start, active.stop],
        "causes": [cause.name for cause in Cause],
        "modes": {str(mode): mode_name(mode) for mode in modes},
        "words": {
            "causes": [CAUSE_WORDS.get(cause) for cause in Cause],
            "streams": [STREAM_WORDS.get(stream) for stream in Stream],
        },
        "parts": _parts(trace),
        "roofline": _roofline(trace, active),
        "products": [_product(span, work, config) for span, work in zip(spans, works)],
        "columns": {**runs, **_tiles(trace, spans), **_panels(trace), **cells},
    }
    return Component(run_page.NAME, data, _fallback(trace, active))


def _timing(config: CoreConfig) -> dict[str, Any]:
    """When a slice and a row pass the stages of the core, in cycles, as in `macrame.golden.cycles`."""
    core = Geometry(config.rows, config.cols, config.depth, config.post_lanes, formats=config.formats)
    return {
        "reset": RESET_CYCLES,  # at the start
        "operands": 2,  # after the issue of a slice
        "products": 6 if config.bf16 else 4,
        # and the first row leaves so long after the issue of the last slice
        "sums": [3 + core.sum_latency(bf16) for bf16 in (False, True)],
        "pace": core.groups * config.post_cycles,  # of the rows of a tile
        "output": core.groups + REQUANTIZE_LATENCY if config.post_cycles == 1 else None,  # after the row
        "sent": None if config.pack_results else 3,  # after the last row's results
    }


def counted_by_core(report: Report, work: Work, trace: Trace) -> dict[str, int]:
    """What a product took, as the core's own counters and the host count it, by the names of check.js.

    Parameters
    ----------
    report : macrame.host.core.Report
    work : Work
    trace : macrame.verify.trace.Trace

    Returns
    -------
    dict of str to int
    """
    config, n = trace.config, work.w.shape[1]
    mode = BF16 if work.a.dtype == np.uint16 else 0
    sent = list(tiling.batches(work.a, work.w, packets.records(n), mode, config))
    return {
        "cycles": report.cycles,
        "slices issued": report.busy,
        "cycles waiting for weights": report.stall_w,
        "cycles waiting for activations": report.stall_a,
        "cycles waiting for space for results": report.stall_out,
        "cycles of padding": report.pad,
        "cycles halted, in error or in reset": 0,
        "beats of weights": sum(len(batch.weights.last) for batch in sent),
        "beats of activations": sum(len(batch.activations.last) for batch in sent),
        "cycles in which the host withheld weights": 0,
        "cycles in which the host withheld activations": 0,
        "cycles in which the host accepted no results": 0,
    }


def recorded(path: Path) -> Component:
    """The component for the run of a trace's file, without operands of the host."""
    return component(Trace.read(path, "the run's trace"))


def _fallback(trace: Trace, active: range) -> Phrase:
    """What the page says where its script does not run."""
    spent = {cause: cycles for cause, cycles in trace.utilisation(active).items() if cycles}
    words = ", ".join(f"{cause.name.lower()} {{:,}}" for cause in spent)
    return phrase(f"Cycles {{}} to {{}}: {words}.", active.start, active.stop - 1, *spent.values())


# --- the whole run ----------------------------------------------------------------------------------------


def _runs(trace: Trace) -> tuple[int, dict[str, Any]]:
    """Cycles, and what the array and each stream did in them, run-length encoded.

    The idle cycles at the end of the simulation count as one.
    """
    kinds = np.stack([trace.run_causes, *(trace.run_stream(name) for name in "wam")])
    changed = np.ones(kinds.shape[1], bool)
    changed[1:] = (kinds[:, 1:] != kinds[:, :-1]).any(axis=0)
    cause, w, a, m = kinds[:, changed]
    starts = trace.runs.starts[changed]
    idle = [Cause.IDLE, *3 * [Stream.IDLE]]
    ends = len(starts) and kinds[:, -1].tolist() == idle
    return int(starts[-1]) + 1 if ends else trace.cycles, {
        "run_start": run_page.column(starts, "i4", differences=True),
        "run_cause": run_page.column(cause, "u1"),
        "run_w": run_page.column(w, "u1"),
        "run_a": run_page.column(a, "u1"),
        "run_m": run_page.column(m, "u1"),
    }


def _tiles(trace: Trace, spans: Sequence[Span]) -> dict[str, Any]:
    tiles, config = trace.tiles, trace.config
    product, i, j = (np.full(len(tiles), -1) for _ in range(3))
    for number, span in enumerate(spans):
        height = config.height(BF16 if span.details["mode"] == "bf16" else 0)
        here = trace.tiles_in(span)
        places = tiling.order(span.details["m"], span.details["n"], height, config.cols)[: len(here)]
        here = here[: len(places)]  # a run that failed may have fewer, or more
        product[here] = number
        i[here], j[here] = (np.array(places, int).reshape(-1, 2) * (height, config.cols)).T
    return {
        "tile_first": run_page.column(tiles["first"], "i4", differences=True),
        "tile_last": run_page.column(tiles["last"], "i4", differences=True),
        "tile_slices": run_page.column(tiles["slices"], "i4"),
        "tile_sent": run_page.column(tiles["sent"], "i4", differences=True),
        "tile_mode": run_page.column(tiles["mode"], "u1"),
        "tile_product": run_page.column(product, "i4"),
        "tile_i": run_page.column(i, "i4"),
        "tile_j": run_page.column(j, "i4"),
    }


def _panels(trace: Trace) -> dict[str, Any]:
    number, first, stop, mode = np.array(panels(trace), int).reshape(-1, 4).T
    return {
        "panel_number": run_page.column(number, "i4", differences=True),
        "panel_first": run_page.column(first, "i4", differences=True),
        "panel_stop": run_page.column(stop, "i4", differences=True),
        "panel_mode": run_page.column(mode, "u1"),
    }


def _product(span: Span, work: Work, config: CoreConfig) -> dict[str, Any]:
    (m, k), n = work.a.shape, work.w.shape[1]
    operand = "i1" if work.a.dtype == np.int8 else "u2"
    columns = {"a": run_page.column(work.a, operand), "w": run_page.column(work.w, operand)}
    if work.expected is not None:
        kind = work.expected.dtype
        columns["expected"] = run_page.column(work.expected, f"{kind.kind}{kind.itemsize}")
    fields = None
    if work.fields is not None:
        names = work.fields.dtype.names or ()
        fields = {name: run_page.column(work.fields[name], "i4") for name in names if name in FIELDS}
    return {
        "name": span.name,
        "m": m,
        "k": k,
        "n": n,
        "mode": str(span.details["mode"]),
        "chunks": len(tiling.chunks(k, config)),
        "columns": columns,
        "fields": fields,
    }


def _sizes(trace: Trace) -> tuple[int, int, NDArray[np.int64]]:
    """Bytes of a weight beat, of an activation beat, and of each tile's results."""
    config = trace.config
    modes = trace.tiles["mode"]
    floats = modes & BF16 != 0
    width = np.where(floats, np.where(modes & 3 == OUTPUTS["fp32"], 4, 2), np.where(modes & 3 == 0, 4, 1))
    heights = np.array([config.height(int(mode)) for mode in modes], np.int64)
    return config.cols * config.lane_bytes, config.rows * config.lane_bytes, heights * config.cols * width


def _work_of(trace: Trace, cycles: range) -> tuple[int, int]:
    """Multiply-accumulates of a range of cycles, padding included, and bytes on the streams."""
    config = trace.config

    def inside(found: NDArray[Any]) -> NDArray[np.bool_]:
        return (found >= cycles.start) & (found < cycles.stop)

    weights, activations, results = _sizes(trace)
    macs = int(inside(trace.issues["cycle"]).sum()) * config.macs
    moved = weights * int(inside(trace.stream_cycles("w")).sum())
    moved += activations * int(inside(trace.stream_cycles("a")).sum())
    return macs, moved + int(results[inside(trace.tiles["sent"])].sum())


def _macs(span: Span) -> int | None:
    """Multiply-accumulates that a product needs."""
    if isinstance(macs := span.details.get("macs"), int):
        return macs
    sizes = [span.details.get(name, "") for name in "mkn"]
    return math.prod(map(int, sizes)) if all(isinstance(value, int) for value in sizes) else None


def _points(trace: Trace) -> list[tuple[Span, range, int, int]]:
    """Cycles, multiply-accumulates and bytes of each span."""
    found = []
    for span in trace.spans[:MOST_PARTS]:
        cycles = trace.active_in(span)
        if len(cycles):
            macs, moved = _work_of(trace, cycles)
            found.append((span, cycles, _macs(span) or macs, moved))
    return found


def _parts(trace: Trace) -> list[dict[str, Any]]:
    def described(span: Span) -> str:
        sizes = span.details
        if "k" in sizes and _macs(span) is not None:
            product = f"({sizes['m']} x {sizes['k']}) . ({sizes['k']} x {sizes['n']})"
            return ("" if product in span.name else f"{product}, ") + str(sizes.get("mode", ""))
        return str(sizes.get("kind", ""))

    return [
        {
            "name": span.name,
            "details": described(span),
            "first": cycles.start,
            "stop": cycles.stop,
            "last": span.last,
            "macs": macs,
            "args": dict(span.details),
        }
        for span, cycles, macs, _ in _points(trace)
    ]


def _roofline(trace: Trace, active: range) -> dict[str, Any]:
    config = trace.config
    weights, activations, _ = _sizes(trace)
    macs, moved = _work_of(trace, active)
    points = _points(trace)
    known = sum(macs for _, _, macs, _ in points)
    if len(points) == len(trace.spans) > 0:
        macs = known  # without padding
    whole = {"name": "the whole run", "macs": macs, "bytes": moved, "cycles": len(active)}
    parts = [
        {"name": span.name, "macs": macs, "bytes": moved, "cycles": len(cycles)}
        for span, cycles, macs, moved in points
    ]
    return {
        "peak": config.macs,
        "bandwidth": weights + activations + 4 * config.cols,
        "points": [whole, *(parts if len(parts) > 1 else [])] if macs and moved else [],
    }


# --- the window ------------------------------------------------------------------------------------------


def _window(trace: Trace, largest: int) -> tuple[range, dict[str, Any]]:
    """As much of the trace's window as fits in a page, around the first mismatch if there is one."""
    work = trace.active or range(1)
    window = range(
        max(trace.window.start, work.start - 1), min(trace.window.stop, work.stop + 1, trace.cycles)
    )
    if not len(window):
        return range(0), _cells(trace, range(0))
    wrong = trace.check(1)
    centre = wrong[0].cycle if wrong else window.start
    while True:
        columns = _cells(trace, window)
        excess = run_page.size(columns) / largest
        if excess <= 1 or len(window) <= 1:
            return window, columns
        length = max(1, int(len(window) / max(excess * 1.05, 1.2)))
        start = min(max(window.start, centre - length // 2), window.stop - length)
        window = range(start, start + length)


def _cells(trace: Trace, window: range) -> dict[str, Any]:
    """The numbers of a window."""
    config = trace.config

    def inside(cycles: NDArray[Any]) -> NDArray[np.bool_]:
        return (cycles >= window.start) & (cycles < window.stop)

    operand, product, number = ("u2", "u4", "u4") if config.bf16 else ("i1", "i2", "i4")
    here, rows = inside(trace.beats["operand_cycle"]), inside(trace.rows["cycle"])
    beats, numbers = trace.beats[here], np.cumsum(rows) - 1
    columns = {
        "beat_tile": run_page.column(beats["tile"], "i4", differences=True),
        "beat_slice": run_page.column(beats["slice"], "i4", differences=True),
        "beat_phase": run_page.column(beats["phase"], "u1"),
        **{
            f"beat_{name}": run_page.column(beats[name], "i4", differences=True)
            for name in ("operand_cycle", "product_cycle", "sum_cycle")
        },
        "a": run_page.column(trace.a[here], operand),
        "w": run_page.column(trace.w[here], operand),
        "products": run_page.column(trace.products[here], product),
        "sums": run_page.column(trace.sums[here], number),
        **{
            f"row_{name}": run_page.column(trace.rows[name][rows], "i4", differences=True)
            for name in ("cycle", "tile", "row", "left")
        },
        "row_values": run_page.column(trace.row_values[rows], number),
        "row_bias": run_page.column(trace.row_bias[rows], number),
    }
    for kind, dtype, of, steps in (
        ("int8", INT8_STEPS, trace.int8_rows, trace.int8_steps),
        ("float", FLOAT_STEPS, trace.float_rows, trace.float_steps),
    ):
        kept = rows[of]
        columns[f"{kind}_rows"] = run_page.column(numbers[of[kept]], "i4", differences=True)
        for name in dtype.names or ():
            field = dtype[name]
            if name and not name.startswith("pad_"):
                code = "u1" if field.kind == "b" else f"{field.kind}{field.itemsize}"
                columns[f"{kind}_{name}"] = run_page.column(steps[name][kept], code)
    return columns
