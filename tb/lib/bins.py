# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Functional coverage: crosses of bins that the core's benches hit.

Code coverage shows which lines ran. It does not show whether a soft reset ever interrupted a chained tile, or
whether a negative tie was ever rounded into saturation. The benches count such combinations here, from the
packets and the model's outcome, and `macrame campaign coverage` compares the counts with all combinations of
`CROSSES`.

A bin counts only after the comparison with the model has passed.
"""

import atexit
import itertools
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from macrame.golden.gemm_bf16 import OUTPUTS
from tb.models.core_model import BF16 as BF16_BIT
from tb.models.core_model import INT8_MODES, KEEP, RELEASE, RELU, Packet, Shape

#: Where a simulation leaves its counts, in its own folder.
FILE = "bins.json"

Axes = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Cross:
    """Combinations of values, each a bin.

    Attributes
    ----------
    axes : dict of str to tuple of str
        The values of each axis.
    possible : callable
        Called with a dict of values by axis: whether that combination can occur.
    """

    axes: Axes
    possible: Callable[[Mapping[str, str]], bool] = lambda values: True

    def bins(self) -> list[tuple[str, ...]]:
        """All combinations that can occur."""
        every = itertools.product(*self.axes.values())
        return [values for values in every if self.possible(dict(zip(self.axes, values)))]


INT8 = ("raw", "gemmlowp", "ruy", "fp32")
BF16 = tuple(f"bf16 to {out}{relu}" for relu in ("", ", ReLU") for out in OUTPUTS)
MODES = (*INT8, *BF16)
FORMATS = ("int8", "bf16")
CORES = ("INT8", "BF16", "DUAL")
CHAIN = ("alone", "first", "middle", "last")
STALLS = ("none", "random", "bursts", "block")
ERRORS = ("k_mismatch", "w_too_long", "a_too_long", "record_short", "mode_illegal", "panel_stuck")
TIES = ("exact", "below half", "half", "above half")
SIGNS = ("negative", "not negative")
CLAMPS = ("unclamped", "clamped low", "clamped high")
SHIFTS = ("left", "none", "right 1 to 7", "right 8 to 31")


def _rounding_possible(values: Mapping[str, str]) -> bool:
    if values["step"] == "shift" and not values["shift"].startswith("right"):
        return values["tie"] == "exact"  # nothing is dropped
    return True


CROSSES = {
    # a panel of activations in a finished tile
    "tile": Cross(
        {
            "mode": MODES,
            "rows": ("one row", "rows"),
            "depth": ("depth 1", "deep"),
            "chain": CHAIN,
            "release": ("released", "kept"),
        },
        lambda values: values["mode"] in INT8 or values["depth"] == "depth 1",
    ),
    # the same panels: how long, and whether their weights were used before
    "panel": Cross(
        {
            "format": FORMATS,
            "slices": ("one", "some", "the most"),
            "use": ("first use", "used again"),
            "chain": CHAIN,
            "release": ("released", "kept"),
        }
    ),
    # a transfer that was compared to its end
    "stall": Cross(
        {"format": FORMATS, "weights": STALLS, "activations": STALLS, "results": STALLS},
    ),
    # an error, and what cleared it
    "error": Cross(
        {"error": ERRORS, "core": CORES, "cleared by": ("soft reset", "reset in a transfer", "hard reset")}
    ),
    # a soft reset within a transfer: what it cut
    "reset": Cross(
        {
            "format": FORMATS,
            "weights": ("between packets", "in a packet"),
            "activations": ("between packets", "in a packet"),
            "results": ("between packets", "in a packet"),
        }
    ),
    # one result of gemmlowp and ruy: what each of its two roundings dropped
    "rounding": Cross(
        {
            "mode": ("gemmlowp", "ruy"),
            "step": ("product", "shift"),
            "tie": TIES,
            "sign": SIGNS,
            "shift": SHIFTS,
            "clamp": CLAMPS,
        },
        _rounding_possible,
    ),
    # one result of fp32, which rounds three times
    "float rounding": Cross(
        {"step": ("convert", "product", "integer"), "tie": TIES, "sign": SIGNS, "clamp": CLAMPS}
    ),
}

counts: dict[str, Counter[tuple[str, ...]]] = {name: Counter() for name in CROSSES}


def count(cross: str, *values: str, times: int = 1) -> None:
    """Count a bin.

    Parameters
    ----------
    cross : str
        A key of `CROSSES`.
    *values : str
        A value of each of its axes.
    times : int
    """
    for axis, value in zip(CROSSES[cross].axes.items(), values, strict=True):
        assert value in axis[1], f"{cross}, {axis[0]}: {value!r}, expected one of {', '.join(axis[1])}"
    counts[cross][values] += times


def missing(cross: str) -> list[tuple[str, ...]]:
    """The bins of a cross that were not counted in this simulation."""
    return [values for values in CROSSES[cross].bins() if not counts[cross][values]]


def save_at_exit() -> None:
    """Write the counts to `FILE` when the simulation ends."""
    atexit.register(lambda: Path(FILE).write_text(json.dumps(as_json())))


def as_json() -> dict[str, list[list[str]]]:
    """The bins that were counted, as JSON."""
    return {name: sorted(map(list, found)) for name, found in counts.items() if found}


# --- tiles --------------------------------------------------------------------------------------------------


def format_of(mode: int) -> str:
    """One of `FORMATS`."""
    return FORMATS[1] if mode & BF16_BIT else FORMATS[0]


def formats(packets: Iterable[Packet]) -> set[str]:
    """The formats of weight packets."""
    return {format_of(packet.user) for packet in packets}


def mode_name(mode: int) -> str:
    """One of `MODES`, of the code in a weight packet."""
    return INT8[mode] if mode in INT8_MODES else BF16[mode % 4 + len(OUTPUTS) * bool(mode & RELU)]


def rows_name(shape: Shape) -> str:
    """The value of a shape on the axis ``rows``."""
    return "rows" if shape.rows > 1 else "one row"


def depth_name(shape: Shape) -> str:
    """The value of a shape on the axis ``depth``."""
    return "deep" if shape.depth > 1 else "depth 1"


def tiles(shape: Shape, w: Sequence[Packet], a: Sequence[Packet], finished: int) -> None:
    """Count the panels of tiles that were received.

    Parameters
    ----------
    shape : core_model.Shape
    w, a : sequence of core_model.Packet
        Sent since the latest reset.
    finished : int
        Tiles received of them.
    """
    panel, uses, chain = 0, 0, []
    for packet in a:
        if not finished:
            return
        chain.append((w[panel], packet, uses))
        uses += 1
        if packet.user & RELEASE:
            panel, uses = panel + 1, 0
        if packet.user & KEEP:
            continue
        mode = chain[-1][0].user
        for place, (weights, activations, before) in enumerate(chain):
            where = "alone" if len(chain) == 1 else "first" if not place else "middle"
            where = "last" if len(chain) > 1 and place == len(chain) - 1 else where
            released = "released" if activations.user & RELEASE else "kept"
            count("tile", mode_name(mode), rows_name(shape), depth_name(shape), where, released)
            slices = len(weights) - shape.record_beats
            length = "one" if slices == 1 else "the most" if slices == shape.slices_max else "some"
            again = "used again" if before else "first use"
            count("panel", format_of(mode), length, again, where, released)
        finished, chain = finished - 1, []


# --- one result's roundings ---------------------------------------------------------------------------------


def _ties(dropped: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Index into `TIES` of a dropped part, in units of which `whole` is one."""
    return np.where(dropped == 0, 0, np.where(2 * dropped < whole, 1, np.where(2 * dropped == whole, 2, 3)))


def _count_columns(cross: str, *columns: Iterable[str] | np.ndarray | str) -> None:
    rows = np.broadcast_arrays(*(np.asarray(column, object) for column in columns))
    for values, times in Counter(zip(*(row.tolist() for row in rows))).items():
        count(cross, *values, times=times)


def requantized(mode: str, columns: Mapping[str, np.ndarray]) -> None:
    """Count the roundings of requantised results; the arithmetic is exact and not the golden model's.

    Parameters
    ----------
    mode : {"gemmlowp", "ruy", "fp32"}
    columns : dict of str to ndarray
        The operands, as in `macrame.golden.arith.requantize.requantize`.
    """
    x, bits = columns["x"].astype(np.int64), columns["multiplier"].astype(np.int32)
    zero, low, high = (columns[name].astype(np.int64) for name in ("zero_point", "clamp_low", "clamp_high"))
    ties, clamps = np.array(TIES, object), np.array(CLAMPS, object)
    signs = np.array(SIGNS[::-1], object)
    if mode == "fp32":
        _float(x, bits, zero, low, high)
        return
    shift = np.clip(columns["shift"].astype(np.int64), -31, 31)
    left, right = np.maximum(shift, 0), np.maximum(-shift, 0)
    product = (x << left).astype(np.int32).astype(np.int64) * bits.astype(np.int64)
    doubled = np.minimum((product + 2**30) >> 31, 2**31 - 1)
    # of the magnitude where ties go away from zero, so that "above half" is always rounded outwards
    size = np.abs(doubled) if mode == "gemmlowp" else doubled
    kinds = {
        "product": _ties(product & (2**31 - 1), np.full(len(x), 2**31)),
        "shift": _ties(size & ((1 << right) - 1), 1 << right),
    }
    rounded = (2 * size + (1 << right)) >> (right + 1)
    y = (np.where(doubled < 0, -rounded, rounded) if mode == "gemmlowp" else rounded) + zero
    clamp = np.where(y > high, 2, np.where(y < low, 1, 0))
    which = np.array(SHIFTS, object)[
        np.where(shift > 0, 0, np.where(shift == 0, 1, np.where(right < 8, 2, 3)))
    ]
    for step, kind in kinds.items():
        negative = (doubled if step == "shift" else product) < 0
        _count_columns("rounding", mode, step, ties[kind], signs[negative.astype(int)], which, clamps[clamp])


def _float(x: np.ndarray, bits: np.ndarray, zero: np.ndarray, low: np.ndarray, high: np.ndarray) -> None:
    """`requantized` in mode fp32, for scales and products that are normal numbers."""
    scale = bits.view(np.float32).astype(np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        size = np.abs(x)
        converted = size.astype(np.float32).astype(np.float64)
        product = converted * np.abs(scale)  # exact: 48 bits
        usual = np.isfinite(scale) & (product > 2.0**-100) & (product < 2.0**100)
    x, size, scale, product = x[usual], size[usual], scale[usual], product[usual]
    zero, low, high = zero[usual], low[usual], high[usual]
    dropped = np.maximum(np.frexp(size.astype(np.float64))[1] - 24, 0)
    fraction, exponent = np.frexp(product)
    units = fraction * 2.0**24
    float32 = np.ldexp(np.rint(units), exponent - 24)
    whole = np.minimum(float32, 2.0**40)
    kinds = {
        "convert": _ties(size & ((1 << dropped) - 1), 1 << dropped),
        "product": _ties(units - np.floor(units), np.ones(len(x))),
        "integer": _ties(whole - np.floor(whole), np.ones(len(x))),
    }
    negative = (x < 0) != (scale < 0)
    y = np.where(negative, -np.rint(whole), np.rint(whole)) + zero
    clamp = np.where(y > high, 2, np.where(y < low, 1, 0))
    ties, clamps, signs = np.array(TIES, object), np.array(CLAMPS, object), np.array(SIGNS[::-1], object)
    for step, kind in kinds.items():
        _count_columns("float rounding", step, ties[kind], signs[negative.astype(int)], clamps[clamp])
