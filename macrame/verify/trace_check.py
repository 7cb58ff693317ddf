# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""A trace against the golden model: each number is computed again from the recorded ones before it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from macrame.contract import BF16, PHASES, RECORD, RECORD_BYTES, RELU
from macrame.files.trace_file import FLAGS
from macrame.golden.arith.bf16_mul import bf16_mul
from macrame.golden.arith.fp32_add import fp32_add
from macrame.golden.arith.fp32_to_bf16 import fp32_to_bf16
from macrame.golden.arith.mul34x32 import mul34x32
from macrame.golden.arith.requantize import FP32, MODES, requantize
from macrame.golden.arith.round_product import round_product
from macrame.golden.arith.rounding import rounding
from macrame.golden.arith.shift_right_narrow import shift_right_narrow
from macrame.verify.trace_events import paired
from macrame.verify.trace_recorded import Recorded, signed


@dataclass(frozen=True, order=True)
class Mismatch:
    """A number of a trace that does not follow from those before it.

    Attributes
    ----------
    cycle : int
        Cycle in which it was recorded; of a step in the output stage, in which the row left it.
    what : str
        "operand a", "operand w", "product", "sum", "row", "result", or a step of the output stage.
    tile, row, col : int
        The result it belongs to; -1 where it belongs to several: `row` of an operand w, `col` of an operand
        a and of a result beat.
    k : int
        Place in the sum, -1 after the array. Of a sum, the last one of its slice.
    pe : (int, int, int)
        Row, column and multiplier of the array; -1 where it is not one.
    got, expected : int
        Of bfloat16 bits; of a result beat a byte.
    """

    cycle: int
    what: str
    tile: int
    row: int
    col: int
    k: int
    pe: tuple[int, int, int]
    got: int
    expected: int

    def __str__(self) -> str:
        place = ", ".join(
            f"{name} {value}"
            for name, value in (("row", self.row), ("column", self.col), ("k", self.k))
            if value >= 0
        )
        return (
            f"cycle {self.cycle}: {self.what} of tile {self.tile}, {place} is {self.got}, expected "
            f"{self.expected}"
        )


def check(trace: Recorded, most: int) -> list[Mismatch]:
    """Compare a trace with the golden model, see `macrame.verify.trace.Trace.check`.

    Parameters
    ----------
    trace : macrame.verify.trace_recorded.Recorded
    most : int
        Mismatches to return.

    Returns
    -------
    list of Mismatch
        The first ones by cycle.
    """
    found: list[Mismatch] = []
    for part in (_operands, _products, _sums, _rows, _int8, _float, _results):
        found += part(trace, most)
    return sorted(found)[:most]


def _compared(
    what: str,
    got: NDArray[Any],
    expected: ArrayLike,
    most: int,
    place: dict[str, ArrayLike],
) -> list[Mismatch]:
    """Mismatches of two arrays of one shape; `place` has cycle, tile, row, col, k and pe, which broadcast."""
    wrong = got != expected
    if not wrong.any():
        return []
    where = np.nonzero(wrong)
    order = np.argsort(np.broadcast_to(place["cycle"], got.shape)[where], kind="stable")[:most]
    where = tuple(axis[order] for axis in where)
    names = ("cycle", "tile", "row", "col", "k", "pe_row", "pe_col", "multiplier")
    at = {name: np.broadcast_to(place.get(name, -1), got.shape)[where] for name in names}
    expected = np.broadcast_to(expected, got.shape)[where]
    return [
        Mismatch(
            int(at["cycle"][i]),
            what,
            int(at["tile"][i]),
            int(at["row"][i]),
            int(at["col"][i]),
            int(at["k"][i]),
            (int(at["pe_row"][i]), int(at["pe_col"][i]), int(at["multiplier"][i])),
            int(got[where][i]),
            int(expected[i]),
        )
        for i in range(len(order))
    ]


def _parts(
    trace: Recorded, mask: NDArray[np.bool_] | None = None
) -> Iterator[tuple[bool, NDArray[np.int64]]]:
    """Whether beats are bfloat16, and the indices of those that are or are not, where there are any."""
    mask = np.ones(len(trace.beats), bool) if mask is None else mask
    float_ = trace.beats["mode"] & BF16 != 0
    for bf16 in (False, True):
        here = np.flatnonzero(mask & (float_ == bf16))
        if len(here):
            yield bf16, here


def _rows_of(trace: Recorded, bf16: bool, phase: NDArray[Any]) -> NDArray[Any]:
    """Row in the tile of each row of the array: shape (len(phase), ROWS)."""
    rows = np.arange(trace.config.rows)
    return rows * PHASES + phase[:, None] if bf16 else rows + 0 * phase[:, None]


# --- the array --------------------------------------------------------------------------------------------


def _operands(trace: Recorded, most: int) -> list[Mismatch]:
    """Operands are those of the streams' beats, where these are in the window."""
    config, found = trace.config, []
    depth, lane = config.depth, config.lane_bytes
    for stream, count in (("a", config.rows), ("w", config.cols)):
        cycles, sessions = trace.stream_events(stream)
        beat = _source(trace, stream, cycles, sessions)[trace.inside]
        known = beat >= 0
        inside = (cycles >= trace.window.start) & (cycles < trace.window.stop)
        known[known] = inside[beat[known]]
        column = np.cumsum(inside) - 1
        data = trace.file.columns[f"{stream}_data"]
        values = data.view(np.int8) if lane == depth and not config.bf16 else data.view("<u2")
        values = values.reshape(len(data), count, depth)
        for bf16, here in _parts(trace, known):
            expected = values[column[beat[here]]]
            if config.bf16 and not bf16:  # int8 is in the low byte of its lane
                expected = (expected & 0xFF).astype(np.uint8).view(np.int8).astype(np.int16).view(np.uint16)
            beats = trace.beats[here]
            lanes = np.arange(count)[:, None]
            place: dict[str, ArrayLike] = {
                "cycle": beats["operand_cycle"][:, None, None],
                "tile": beats["tile"][:, None, None],
                "k": beats["slice"][:, None, None] * depth + np.arange(depth),
                "multiplier": np.arange(depth),
            }
            if stream == "a":
                place |= {"row": _rows_of(trace, bf16, beats["phase"])[:, :, None], "pe_row": lanes}
            else:
                place |= {"col": lanes, "pe_col": lanes}
            got = (trace.a if stream == "a" else trace.w)[here]
            found += _compared(f"operand {stream}", got, expected, most, place)
    return found


def _source(
    trace: Recorded, stream: str, cycles: NDArray[np.int64], sessions: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The beat of a stream that holds each issue's operands; -1 where it is not certain.

    After a reset within a packet the core discards the rest of it, so such sessions are left out.
    """
    issues, of_issue = trace.issues, trace.issue_sessions
    last = trace.last_flags(stream, cycles)
    if stream == "a":
        beat = paired(of_issue, sessions)
    else:
        panel_begins = np.r_[True, last[:-1]] if len(last) else last
        starts = np.flatnonzero(panel_begins)
        beats = -(-RECORD_BYTES // trace.config.lane_bytes)
        # panels count from the session's first one, which is the first that begins in it
        first_panel = np.searchsorted(sessions[starts], of_issue)
        first_issue = np.searchsorted(of_issue, of_issue)
        number = first_panel + issues["panel"] - issues["panel"][first_issue]
        known = number < len(starts)
        beat = np.full(len(issues), -1)
        beat[known] = starts[number[known]] + beats + issues["panel_slice"][known]
        beat[beat >= len(cycles)] = -1
    before = np.searchsorted(sessions, of_issue) - 1  # the latest beat of an earlier session
    cut = (before >= 0) & ~last[np.maximum(before, 0)] if len(last) else np.ones(len(issues), bool)
    return np.where(cut, -1, beat)


def _products(trace: Recorded, most: int) -> list[Mismatch]:
    found = []
    for bf16, here in _parts(trace, trace.beats["product_cycle"] >= 0):
        beats = trace.beats[here]
        got = trace.products[here]
        if bf16:
            a, w = trace.a[here], trace.w[here]
            expected: NDArray[Any] = bf16_mul(a[:, :, None], w[:, None])
        else:
            narrow = trace.config.bf16
            a, w = (signed(x[here], narrow).astype(np.int32) for x in (trace.a, trace.w))
            got, expected = signed(got, narrow), a[:, :, None] * w[:, None]
        found += _compared("product", got, expected, most, _cells(trace, bf16, beats, "product_cycle"))
    return found


def _cells(trace: Recorded, bf16: bool, beats: NDArray[np.void], cycle: str) -> dict[str, ArrayLike]:
    """The place of each product: shape (n, ROWS, COLS, DEPTH)."""
    depth = trace.config.depth
    return {
        "cycle": beats[cycle][:, None, None, None],
        "tile": beats["tile"][:, None, None, None],
        "row": _rows_of(trace, bf16, beats["phase"])[:, :, None, None],
        "col": np.arange(trace.config.cols)[:, None],
        "k": beats["slice"][:, None, None, None] * depth + np.arange(depth),
        "pe_row": np.arange(trace.config.rows)[:, None, None],
        "pe_col": np.arange(trace.config.cols)[:, None],
        "multiplier": np.arange(depth),
    }


def _positions(trace: Recorded) -> dict[tuple[int, int, int], int]:
    """Index into `beats` of each tile, slice and phase."""
    beats = trace.beats
    keys = zip(beats["tile"].tolist(), beats["slice"].tolist(), beats["phase"].tolist())
    return {key: at for at, key in enumerate(keys)}


def _sums(trace: Recorded, most: int) -> list[Mismatch]:
    beats, found, positions = trace.beats, [], _positions(trace)
    before = np.array(
        [positions.get((tile, number - 1, phase), -1) if number else -2 for tile, number, phase in positions],
        np.int64,
    )
    known = (beats["sum_cycle"] >= 0) & (before != -1)
    for bf16, here in _parts(trace, known):
        previous = trace.sums[np.maximum(before[here], 0)]
        previous = np.where((before[here] == -2)[:, None, None], previous.dtype.type(0), previous)
        got, products = trace.sums[here], trace.products[here]
        if bf16:
            expected: NDArray[Any] = fp32_add(previous, products[..., 0])
        else:
            narrow = trace.config.bf16
            got = signed(got, narrow)
            addends = signed(products, narrow).sum(axis=-1, dtype=np.int64)
            expected = _wrapped(signed(previous, narrow) + addends)
        place = _cells(trace, bf16, beats[here], "sum_cycle")
        place = {name: np.asarray(value)[..., -1] for name, value in place.items() if name != "multiplier"}
        place["pe_row"], place["pe_col"] = np.arange(trace.config.rows)[:, None], np.arange(trace.config.cols)
        place["col"] = place["pe_col"]
        found += _compared("sum", got, expected, most, place)
    return found


def _wrapped(values: NDArray[np.int64]) -> NDArray[np.int32]:
    return (values & 0xFFFFFFFF).astype(np.uint32).view(np.int32)


def _rows(trace: Recorded, most: int) -> list[Mismatch]:
    """Rows that left the array are the tile's last sums."""
    positions = _positions(trace)
    rows, tiles = trace.rows, trace.tiles
    bf16 = tiles["mode"][rows["tile"]] & BF16 != 0
    turns = np.where(bf16, PHASES, 1)
    keys = zip(
        rows["tile"].tolist(),
        (tiles["slices"][rows["tile"]] - 1).tolist(),
        (rows["row"] % turns).tolist(),
    )
    at = np.array([positions.get(key, -1) for key in keys], np.int64)
    known = at >= 0
    known[known] = trace.beats["sum_cycle"][at[known]] >= 0
    expected = trace.sums[at[known], (rows["row"] // turns)[known]]
    return _compared("row", trace.row_values[known], expected, most, _columns(trace, np.flatnonzero(known)))


def _columns(trace: Recorded, rows: NDArray[np.int64], cycle: str = "cycle") -> dict[str, ArrayLike]:
    """The place of each value of some rows: shape (n, COLS)."""
    found = trace.rows[rows]
    return {
        "cycle": found[cycle][:, None],
        "tile": found["tile"][:, None],
        "row": found["row"][:, None],
        "col": np.arange(trace.config.cols),
    }


# --- the output stage -------------------------------------------------------------------------------------


def _int8(trace: Recorded, most: int) -> list[Mismatch]:
    """Each step of requantize.v and scale_to_int8.v from the one before; the result from x alone, too."""
    s, rows = trace.int8_steps, trace.int8_rows
    if not len(rows):
        return []
    place = _columns(trace, rows, "left")
    mode = (trace.tiles["mode"][trace.rows["tile"][rows]] & 3)[:, None] + 0 * s["x"]
    fp, flag = mode == FP32, {name: s["flags"] & bit != 0 for name, bit in FLAGS.items()}
    narrow = trace.config.bf16
    values, bias = (signed(x[rows], narrow).astype(np.int64) for x in (trace.row_values, trace.row_bias))
    shift = np.clip(s["shift"].astype(np.int64), -31, 31)
    found = _compared("x", s["x"], _wrapped(values + bias), most, place)
    found += _compared("rule", s["rule"], mode, most, place)

    def integer(name: str, got: NDArray[Any], expected: NDArray[Any]) -> None:
        """A step that fp32 does in another way, and of which only the result is compared."""
        found.extend(_compared(name, np.where(fp, 0, got), np.where(fp, 0, expected), most, place))

    factor = s["a_high"].astype(np.int64) * 2**16 + s["a_low"]
    integer("first factor", factor, _wrapped(s["x"].astype(np.int64) << np.maximum(shift, 0)))
    integer("second factor", s["b"], s["multiplier"])
    integer("places to shift right", s["right"], np.maximum(-shift, 0))
    integer("negate", s["negate"], np.zeros(fp.shape, bool))

    def step(name: str, got: NDArray[Any], expected: ArrayLike) -> None:
        found.extend(_compared(name, got, expected, most, place))

    step("product", s["product"], mul34x32(s["a_high"], s["a_low"], s["b"]))
    y = s["y"].astype(np.int64) - flag["y_negative"] * 2**32
    up = flag["up"].astype(np.int64)
    expected_y, expected_up = round_product(fp, s["product"])
    step("y", y, expected_y)
    step("up", up, expected_up)
    v, guard, extra, sticky = shift_right_narrow(y, up, s["right"])
    negate = s["negate"]
    step("v", s["v"], np.where(negate, ~v, v))
    exact = (y >> s["right"] >= -256) & (y >> s["right"] <= 255)  # else v and its remainder only saturate
    step("guard", flag["guard"] & exact, (guard ^ negate) & exact)
    step("extra", flag["extra"] & exact, (extra ^ negate) & exact)
    step("sticky", flag["sticky"] & exact, sticky & exact)
    tie = rounding(mode, v < 0, v & 1, True, False)
    step("tie", flag["tie"] & exact, (tie ^ negate) & exact)
    up_by_one = np.where(~sticky & (guard != extra), tie, guard)  # of v, before it is negated
    step("increment", flag["increment"] & exact, np.where(negate, ~up_by_one, up_by_one) & exact)
    step("sum", s["sum"], s["v"].astype(np.int64) + flag["increment"] + s["zero_point"])
    low = np.where(s["sum"] < s["low"], s["low"], s["sum"].astype(np.int8))
    step("at_least_low", s["at_least_low"], low)
    step("over_127", flag["over_127"], s["sum"] > 127)
    final = np.zeros(s.shape, np.int8)
    for rule in sorted(set(MODES.values()) - {MODES["raw"]}):
        here = mode == rule
        fields = (s[name][here] for name in ("x", "multiplier", "shift", "zero_point", "low", "high"))
        x, multiplier, shift_, zero_point, low_, high = fields
        final[here] = requantize(x, multiplier, shift_, zero_point, low_, high, rule)
    step("q", s["q"], final)
    return found + _records(trace, rows, most)


def _records(trace: Recorded, rows: NDArray[np.int64], most: int) -> list[Mismatch]:
    """The fields are those of the panel's record, where its beats are in the window."""
    config = trace.config
    cycles, sessions = trace.stream_events("w")
    last = trace.last_flags("w", cycles)
    inside = (cycles >= trace.window.start) & (cycles < trace.window.stop)
    column = np.cumsum(inside) - 1
    first_slice = _source(trace, "w", cycles, sessions) - trace.issues["panel_slice"]
    ends = np.searchsorted(trace.issues["cycle"], trace.tiles["last"])
    count = -(-RECORD_BYTES // config.lane_bytes)
    found: list[Mismatch] = []
    data = trace.file.columns["w_data"].reshape(-1, config.cols, config.lane_bytes)
    for tile in np.unique(trace.rows["tile"][rows]):
        start = first_slice[ends[tile]] - count
        beats = np.arange(start, start + count)
        if start < 0 or beats[-1] >= len(cycles) or not inside[beats].all() or last[beats].any():
            continue
        lanes = data[column[beats]].transpose(1, 0, 2).reshape(config.cols, -1)[:, :RECORD_BYTES]
        record = np.ascontiguousarray(lanes).view(RECORD)[:, 0]
        here = np.flatnonzero(trace.rows["tile"][rows] == tile)
        place = _columns(trace, rows[here])
        bias = trace.row_bias[rows[here]].view("<i4")
        found += _compared("bias", bias, record["bias"], most, place)
        for name in ("multiplier", "shift", "zero_point", "low", "high"):
            found += _compared(name, trace.int8_steps[name][here], record[name], most, place)
    return found


def _float(trace: Recorded, most: int) -> list[Mismatch]:
    """Each step of float_post.v from the one before."""
    s, rows = trace.float_steps, trace.float_rows
    if not len(rows):
        return []
    place = _columns(trace, rows, "left")
    mode = (trace.tiles["mode"][trace.rows["tile"][rows]])[:, None] + 0 * s["mode"]
    found = _compared("x", s["x"], trace.row_values[rows], most, place)
    found += _compared("bias", s["bias"], trace.row_bias[rows], most, place)
    found += _compared("mode", s["mode"], mode, most, place)
    found += _compared("biased", s["biased"], fp32_add(s["x"], s["bias"]), most, place)
    value = s["biased"]
    negative = (value >> 31 == 1) & (value & 0x7FFFFFFF <= 0x7F800000) & (mode & RELU != 0)
    found += _compared("rectified", s["rectified"], np.where(negative, 0, value), most, place)
    final = s["rectified"].copy()
    for kind in (1, 2, 3):
        here = mode & 3 == kind
        final[here] = fp32_to_bf16(s["rectified"][here], kind - 1, s["random"][here])
    return found + _compared("y", s["y"], final, most, place)


# --- the result stream ------------------------------------------------------------------------------------


def _results(trace: Recorded, most: int) -> list[Mismatch]:
    """Result beats are the tile's rows."""
    config = trace.config
    cycles, sessions = trace.stream_events("m")
    inside = (cycles >= trace.window.start) & (cycles < trace.window.stop)
    column = np.cumsum(inside) - 1
    last = trace.last_flags("m", cycles)
    data, keep = trace.file.columns["m_data"], trace.file.columns["m_keep"]
    values = _row_bytes(trace)
    row_numbers = np.full((len(trace.tiles), config.rows * PHASES), -1)
    row_numbers[trace.rows["tile"], trace.rows["row"]] = np.arange(len(trace.rows))
    starts = np.flatnonzero(np.r_[True, last[:-1]]) if len(last) else np.zeros(0, np.int64)
    complete = np.flatnonzero(trace.tiles["complete"])
    found: list[Mismatch] = []
    for packet, tile in zip(starts, _tile_of_packet(trace, starts, sessions, last, complete)):
        end = packet + np.flatnonzero(last[packet:])[:1] + 1
        beats = np.arange(packet, end[0]) if len(end) else np.zeros(0, np.int64)
        if tile < 0 or not len(beats) or not inside[beats].all():
            continue
        numbers = row_numbers[tile, : config.height(int(trace.tiles["mode"][tile]))]
        if (numbers < 0).any() or any(int(number) not in values for number in numbers):
            continue
        expected = np.concatenate([values[int(number)] for number in numbers])
        kept = keep[column[beats]]
        got = data[column[beats]][kept]
        beat_of = np.nonzero(kept)[0]
        if len(got) != len(expected):
            found.append(
                Mismatch(
                    int(cycles[packet]),
                    "bytes of the result",
                    tile,
                    -1,
                    -1,
                    -1,
                    (-1, -1, -1),
                    len(got),
                    len(expected),
                )
            )
            continue
        width = len(values[int(numbers[0])])
        found += _compared(
            "result",
            got,
            expected,
            most,
            {"cycle": cycles[beats][beat_of], "tile": tile, "row": np.arange(len(got)) // width},
        )
    return found


def _tile_of_packet(
    trace: Recorded,
    starts: NDArray[np.int64],
    sessions: NDArray[np.int64],
    last: NDArray[np.bool_],
    complete: NDArray[np.int64],
) -> NDArray[np.int64]:
    """The tile of each packet of results; -1 where it is not certain, after a reset within a packet."""
    of = sessions[starts]
    tile = paired(of, trace.tile_sessions[complete])
    before = np.searchsorted(sessions, of) - 1
    cut = (before >= 0) & ~last[np.maximum(before, 0)] if len(last) else np.zeros(len(starts), bool)
    return np.where(cut | (tile < 0), -1, complete[np.maximum(tile, 0)] if len(complete) else -1)


def _row_bytes(trace: Recorded) -> dict[int, NDArray[np.uint8]]:
    """The bytes of each row as a result, by index into `rows`."""
    out = {}
    modes = trace.tiles["mode"][trace.rows["tile"]]
    for at in np.flatnonzero(modes & (BF16 | 3) == 0):
        total = trace.row_values[at].astype(np.int64) + trace.row_bias[at].astype(np.int64)
        out[int(at)] = (total & 0xFFFFFFFF).astype("<u4").view(np.uint8)
    for at, steps in zip(trace.int8_rows, trace.int8_steps):
        out[int(at)] = np.ascontiguousarray(steps["q"]).view(np.uint8)
    for at, steps in zip(trace.float_rows, trace.float_steps):
        out[int(at)] = np.ascontiguousarray(steps["y"].astype("<u4" if modes[at] & 3 == 0 else "<u2")).view(
            np.uint8
        )
    return out
