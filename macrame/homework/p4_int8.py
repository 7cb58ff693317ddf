# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Problem 4: a matrix quantised to int8 on the RTL quantiser, and multiplied on the array."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from macrame.errors import amount
from macrame.golden.arith.fp32_to_int8 import fp32_to_int8
from macrame.golden.gemm import gemm
from macrame.golden.nn.affine import asymmetric
from macrame.homework.data import File
from macrame.homework.plots.quantizer import quantizer_figure
from macrame.homework.problem import Answer, Blocks, Run
from macrame.report.blocks import Heading, Matrix, Phrase, equation, phrase, table, text

TITLE = "int8 quantisation with zero point 0"
KEYS = ("matrix", "times")


Scale: TypeAlias = np.float32 | NDArray[np.float32]
"""One for a matrix, or one for each row of it, as a column."""
Scheme: TypeAlias = tuple[Scale, np.int64]
"""Scale and zero point."""


@dataclass(frozen=True)
class Problem:
    """The matrix and its second factor, float32; `times` None means its own transpose."""

    matrix: NDArray[np.float32]
    times: NDArray[np.float32] | None


def read(file: File) -> Problem:
    """The matrix, which must not be all zeros, and the second factor."""
    matrix = file.matrix("matrix")
    if not matrix.any():
        raise file.error("matrix", "at least one number other than 0, since the scale would be 0")
    times: NDArray[np.float32] | None = None
    if file.table.get("times") != "transposed":
        expected = f'"transposed" or a matrix of {amount(matrix.shape[1], "row")} of numbers'
        if not isinstance(file.value("times", expected), list):
            raise file.error("times", expected)
        given = file.matrix("times", rows=matrix.shape[1])
        if not given.any():
            raise file.error("times", "at least one number other than 0, since the scale would be 0")
        times = given.astype(np.float32)
    return Problem(matrix.astype(np.float32), times)


def solve(problem: Problem, run: Run) -> Blocks[Answer]:
    """Scale, integers, product, errors; then the same with other choices of scale and zero point."""
    x = problem.matrix
    yield Heading("Step 1: the scale")
    scale = _scale(x)
    yield text(
        "zero point 0, so scale s = max |X| / 127 = {:.9g} / 127 = {:.9g} (float32); the quantiser "
        "multiplies by 1 / s = {:.9g} (float32) and rounds to nearest, ties to even.",
        np.abs(x).max(),
        scale,
        _inverse(scale),
    )

    yield Heading("Step 2: the integers, on the RTL quantiser")
    schemes: dict[str, Scheme] = {
        "symmetric": (scale, np.int64(0)),
        "per_row": _per_row(x),
        "asymmetric": _asymmetric(x),
    }
    factors = {"symmetric": x}
    if problem.times is not None:
        schemes["times"], factors["times"] = (_scale(problem.times), np.int64(0)), problem.times
    q = _quantise(run, {name: (factors.get(name, x), *pair) for name, pair in schemes.items()})
    yield equation("Q = round(1/s *", Matrix("X", x), ") =", Matrix("Q (int8, RTL)", q["symmetric"]))
    back = scale * q["symmetric"].astype(np.float64)
    error = back - x
    yield Heading("Step 3: the error")
    yield equation(Matrix("s Q", back, 6), "-", Matrix("X", x, 6), "=", Matrix("E", error, 6))
    yield text(
        "largest |E| = {:.6g}, mean |E| = {:.6g}; rounding alone allows up to s / 2 = {:.6g}.",
        np.abs(error).max(),
        np.abs(error).mean(),
        scale / 2,
    )
    with run.progress("drawing the number line"):
        yield run.plot(
            "p4_quantizer",
            "the numbers of the matrix on the grid of the integers, and their rounding errors",
            quantizer_figure(x, q["symmetric"], float(scale)),
        )

    yield Heading(f"Step 4: the quantised matrix through the array ({run.rtl.name})")
    other_scale: Scale
    if problem.times is None:
        name, right, other, other_scale = "Q^T", q["symmetric"].T.copy(), x.T, scale
        yield text("Q times its own transpose: int8 in, int32 out, no rounding anywhere.")
    else:
        name, right, other, other_scale = "R", q["times"], problem.times, schemes["times"][0]
        yield text("Q times R, the matrix of the data file quantised with its own scale {:.9g}.", other_scale)
    product, report = run.rtl.matmul(f"Q {name}", q["symmetric"], right, gemm(q["symmetric"], right))
    yield equation(
        Matrix("Q", q["symmetric"]),
        ".",
        Matrix(name, right),
        "=",
        Matrix(f"Q {name} (int32, RTL)", product, product=run.rtl.product_name(f"Q {name}")),
    )
    real = product * (float(scale) * float(other_scale))
    exact = x.astype(np.float64) @ other.astype(np.float64)
    yield equation(
        Matrix(f"s s' Q {name}", real, 4),
        "versus",
        Matrix("exact", exact, 4),
        "error",
        Matrix("", real - exact, 4),
    )
    yield text(
        "largest error {:.6g}, mean {:.6g}; the core's counters: {} cycles, {} MACs.",
        np.abs(real - exact).max(),
        np.abs(real - exact).mean(),
        report.cycles,
        report.macs,
    )

    yield Heading("Step 5: other choices, on the same quantiser")
    rows, results = [], {}
    for key, title in (
        ("symmetric", "one scale, zero point 0"),
        ("per_row", "a scale for each row, zero point 0"),
        ("asymmetric", "one scale, asymmetric"),
    ):
        s, z = schemes[key]
        e = s.astype(np.float64) * (q[key].astype(np.float64) - z) - x
        rows.append((title, _few(np.ravel(s)), int(z), np.abs(e).max(), np.abs(e).mean()))
        results[key] = {
            "scale": np.ravel(s),
            "zero_point": int(z),
            "integers": q[key],
            "error": e,
            "max_error": np.abs(e).max(),
            "mean_error": np.abs(e).mean(),
        }
    yield table(("choice", "scale", "zero point", ("largest error", ".6g"), ("mean error", ".6g")), rows)
    yield equation(Matrix("Q per row", q["per_row"]), "  ", Matrix("Q asymmetric", q["asymmetric"]))
    steps = float(scale), float(schemes["asymmetric"][0])
    yield text(
        "Per row: each row uses all of [-127, 127], so a row of small numbers keeps more precision; it "
        "costs a scale for every row and, in a product, a multiplier for every output row, which is why "
        "weights are scaled per output channel. Asymmetric: the step is (max - min) / 255 instead of 2 "
        "max|X| / 254, here {:.6g} instead of {:.6g} ({:.0%} finer); the zero point then enters every "
        "product as a correction (macrame's host folds it into the bias).",
        steps[1],
        steps[0],
        1 - steps[1] / steps[0],
    )
    return {
        "scale": scale,
        "inverse": _inverse(scale),
        "matrix": x,
        "integers": q["symmetric"],
        "dequantised": back,
        "error": error,
        "max_error": np.abs(error).max(),
        "mean_error": np.abs(error).mean(),
        "product": {
            "right": right,
            "right_scale": other_scale,
            "int32": product,
            "real": real,
            "exact": exact,
            "error": real - exact,
            "max_error": np.abs(real - exact).max(),
            "mean_error": np.abs(real - exact).mean(),
        },
        "choices": results,
    }


def _few(scales: NDArray[np.float32], most: int = 4) -> Phrase:
    """The first scales."""
    more = ", ..." if len(scales) > most else ""
    return phrase(", ".join(["{:.6g}"] * min(len(scales), most)) + more, *scales[:most])


def _scale(x: NDArray[np.float32]) -> np.float32:
    return (np.abs(x).max() / np.float32(127)).astype(np.float32)


def _inverse(scale: Scale) -> Scale:
    return np.float32(1) / scale


def _per_row(x: NDArray[np.float32]) -> Scheme:
    top = np.abs(x).max(axis=1, keepdims=True)
    return np.where(top > 0, top / np.float32(127), np.float32(1)).astype(np.float32), np.int64(0)


def _asymmetric(x: NDArray[np.float32]) -> Scheme:
    affine = asymmetric(x.min(), x.max())
    return np.asarray(affine.scale, np.float32), np.int64(affine.zero_point)


def _quantise(
    run: Run, jobs: dict[str, tuple[NDArray[np.float32], Scale, np.int64]]
) -> dict[str, NDArray[np.int8]]:
    """All matrices through the quantiser at once: {name: (x, scale, zero point)} to {name: int8}."""
    parts = [
        [np.broadcast_to(v, x.shape).ravel() for v in (x, _inverse(scale), zero_point)]
        for x, scale, zero_point in jobs.values()
    ]
    x, inverse, zero_point = (np.concatenate(columns) for columns in zip(*parts))
    got = run.rtl.play("fp32_to_int8", x=x, inv_scale=inverse, zero_point=zero_point)
    ends = np.cumsum([job[0].size for job in jobs.values()])
    out = {}
    for (name, (x, scale, zero)), values in zip(jobs.items(), np.split(got, ends[:-1])):
        out[name] = values.reshape(x.shape)
        run.rtl.compare(
            f"quantised matrix ({name.replace('_', ' ')})",
            out[name],
            fp32_to_int8(x, _inverse(scale), zero),
        )
    return out
