# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""A trace in the JSON format of Chrome's trace viewer, which Perfetto also reads; a cycle is 1 us."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from macrame.contract import BF16, MODES, OUTPUTS
from macrame.verify.trace_recorded import Cause, Recorded, Stream

#: Tracks, from the top.
TRACKS = ("work", "weight panels", "tiles", "array", "stream w", "stream a", "stream m")

STREAM_WORDS = {
    Stream.TRANSFER: "transfer",
    Stream.SOURCE: "stalled by its source",
    Stream.SINK: "stalled by its sink",
}
CAUSE_WORDS = {
    Cause.ISSUE: "slices",
    Cause.WEIGHTS: "waiting for weights",
    Cause.ACTIVATIONS: "waiting for activations",
    Cause.RESULTS: "waiting for space for results",
    Cause.CHAIN: "waiting for the result chain",
    Cause.TURN: "waiting for its turn",
    Cause.ERROR: "error",
    Cause.DRAIN: "draining",
    Cause.HALTED: "halted",
    Cause.RESET: "reset",
}


def mode_name(mode: int) -> str:
    """The mode of a weight panel in words: "gemmlowp", or "bf16 even" of bfloat16."""
    if not mode & BF16:
        return next(name for name, number in MODES.items() if number == mode & 3)
    return f"bf16 {next(name for name, number in OUTPUTS.items() if number == mode & 3)}"


def panels(trace: Recorded) -> list[tuple[int, int, int, int]]:
    """Number, first cycle, end and mode of the use of each weight panel by the array."""
    issues = trace.issues
    if not len(issues):
        return []
    firsts = np.flatnonzero(np.r_[True, issues["panel"][1:] != issues["panel"][:-1]])
    begins, lasts = issues[firsts], issues[np.r_[firsts[1:], len(issues)] - 1]
    return [
        (int(begin["panel"]), int(begin["cycle"]), int(last["cycle"]) + 1, int(begin["mode"]))
        for begin, last in zip(begins, lasts)
    ]


def chrome(trace: Recorded) -> dict[str, Any]:
    """The trace as a dict for `json.dump`, see `macrame.verify.trace.Trace.chrome`."""
    title = f"macrame {trace.config}"
    out: list[dict[str, Any]] = [
        {"ph": "M", "pid": 1, "tid": 0, "name": "process_name", "args": {"name": title}},
    ]
    for number, name in enumerate(TRACKS, 1):
        out.append({"ph": "M", "pid": 1, "tid": number, "name": "thread_name", "args": {"name": name}})
        out.append(
            {"ph": "M", "pid": 1, "tid": number, "name": "thread_sort_index", "args": {"sort_index": number}}
        )

    def event(track: str, name: str, first: int, stop: int, **details: Any) -> None:
        tid = TRACKS.index(track) + 1
        made = {"ph": "X", "pid": 1, "tid": tid, "name": name, "ts": first, "dur": stop - first}
        out.append({**made, "args": details} if details else made)

    for span in trace.spans:
        cycles = trace.active_in(span)
        if len(cycles):
            event("work", span.name, cycles.start, cycles.stop, **span.details)
    for number, first, stop, mode in panels(trace):
        event("weight panels", f"panel {number}", first, stop, mode=mode_name(mode))
    for number, tile in enumerate(trace.tiles):
        event(
            "tiles",
            f"tile {number}",
            int(tile["first"]),
            int(tile["last"]) + 1,
            slices=int(tile["slices"]),
            mode=mode_name(int(tile["mode"])),
            results_sent=int(tile["sent"]),
        )
    for first, stop, value in _blocks(trace, trace.run_causes):
        if value in CAUSE_WORDS:
            event("array", CAUSE_WORDS[Cause(value)], first, stop)
    for stream in "wam":
        for first, stop, value in _blocks(trace, trace.run_stream(stream)):
            if value in STREAM_WORDS:
                event(f"stream {stream}", STREAM_WORDS[Stream(value)], first, stop)
    return {"traceEvents": out, "displayTimeUnit": "ms", "otherData": {"unit": "1 us is one cycle"}}


def _blocks(trace: Recorded, values: NDArray[np.uint8]) -> list[tuple[int, int, int]]:
    """First cycle, end and value of each stretch of one value."""
    if not len(values):
        return []
    firsts = np.flatnonzero(np.r_[True, values[1:] != values[:-1]])
    starts = trace.runs.starts[firsts]
    return list(zip(starts.tolist(), [*starts[1:].tolist(), trace.cycles], values[firsts].tolist()))
