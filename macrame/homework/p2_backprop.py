# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Problem 2: one step of backpropagation, in exact fractions and in the core's bf16 arithmetic."""

import math
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np

from macrame.golden.nn.bf16 import Golden, NetworkBf16, SGDBf16
from macrame.golden.nn.losses import mse_factor
from macrame.golden.nn.network import Network
from macrame.homework.rtl import bits as _bits
from macrame.homework.show import Matrix

TITLE = "One step of backpropagation"
KEYS = (
    "stand_in",
    "input",
    "target",
    "hidden_weights",
    "hidden_bias",
    "output_weights",
    "output_bias",
    "output_activation",
    "error",
    "learning_rate",
    "asked",
)
ERRORS = {
    "half_sum": "half the sum of the squares",
    "sum": "the plain sum of the squares",
    "mean": "the mean of the squares over the outputs",
}
MOST = 16
#: What a step is made of, in order: name, how it is computed.
STEPS = (
    ("a1", "relu(W1 x + b1)"),
    ("y", "f(W2 a1 + b2)"),
    ("e", "y - t"),
    ("dE/dy", "c e"),
    ("dE/dz2", "dE/dy where y > 0"),
    ("dE/dW2", "dE/dz2 a1^T"),
    ("dE/db2", "dE/dz2"),
    ("dE/da1", "W2^T dE/dz2"),
    ("dE/dz1", "dE/da1 where a1 > 0"),
    ("dE/dW1", "dE/dz1 x^T"),
    ("dE/db1", "dE/dz1"),
    ("W1 new", "W1 - rate dE/dW1"),
    ("b1 new", "b1 - rate dE/db1"),
    ("W2 new", "W2 - rate dE/dW2"),
    ("b2 new", "b2 - rate dE/db2"),
)


@dataclass(frozen=True)
class Problem:
    """The network, one sample, the error and the rate; `weight` is (layer, row, column) of the asked one."""

    stand_in: str
    x: np.ndarray
    target: np.ndarray
    network: Network
    error: str
    rate: float
    asked: str
    weight: tuple

    @property
    def masked(self):
        """Whether the output has a ReLU."""
        return self.network.activations[1] == "relu"


def read(file):
    """All numbers, their shapes checked against each other."""
    x, target = file.vector("input", most=MOST), file.vector("target", most=MOST)
    w1 = file.matrix("hidden_weights", cols=len(x), most=MOST)
    b1 = file.vector("hidden_bias", len(w1))
    w2 = file.matrix("output_weights", len(target), len(w1))
    b2 = file.vector("output_bias", len(target))
    activation = file.choice("output_activation", ("relu", "identity"))
    error = file.choice("error", tuple(ERRORS))
    names = {
        f"w{i + 1}": (layer, *position)
        for i, (layer, position) in enumerate(
            (layer, position) for layer, w in enumerate((w1, w2)) for position in np.ndindex(w.shape)
        )
    }
    asked = file.text("asked")
    if asked not in names:
        raise file.error("asked", f"one of w1 to w{len(names)}")
    network = Network([w1, w2], [b1, b2], ["relu", activation], f"mse_{error}")
    return Problem(
        file.text("stand_in") if "stand_in" in file else None,
        x,
        target,
        network,
        error,
        file.number("learning_rate", 0, 1000, above=True),
        asked,
        names[asked],
    )


def solve(problem, run):
    """Exactly, in matrix form; in bf16; side by side."""
    show = run.show
    if problem.stand_in:
        show.stand_in(problem.stand_in)
    output = "ReLU" if problem.masked else "nothing"
    show.text(
        f"The total error is {ERRORS[problem.error]} (the data file says which), the learning rate "
        f"{problem.rate:g}; one sample, ReLU in the hidden layer, {output} at the output, no softmax."
    )
    exact = _exact(problem)
    _worked(problem, show, exact)
    golden = _bf16(problem, Golden())
    rtl = _bf16(problem, run.rtl.bf16())
    for name, _ in STEPS:
        run.rtl.compare(f"{name}, bf16", _bits(rtl[name]), _bits(golden[name]), again=True)
    answer = _side_by_side(problem, run, exact, golden, rtl)
    return {
        "stand_in": problem.stand_in,
        "error": problem.error,
        "learning_rate": problem.rate,
        "asked": problem.asked,
        **answer,
        "exact": {k: _reals(v) for k, v in exact.items()},
        "bf16_golden": {k: {"value": _reals(v), "bits": _bits(v)} for k, v in golden.items()},
        "bf16_rtl": {k: {"value": _reals(v), "bits": _bits(v)} for k, v in rtl.items()},
    }


def _exact(problem, error=None):
    """The step in fractions: decimal numbers are meant exactly as they are written."""

    def fractions(values):
        values = np.asarray(values)
        out = np.array([Fraction(repr(v)) for v in values.ravel().tolist()], object)
        return out.reshape(values.shape)

    network, rate = problem.network, Fraction(repr(problem.rate))
    (w1, w2), (b1, b2) = map(fractions, network.weights), map(fractions, network.biases)
    x, t = fractions(problem.x), fractions(problem.target)
    z1 = w1 @ x + b1
    a1 = np.maximum(z1, 0)
    z2 = w2 @ a1 + b2
    y = np.maximum(z2, 0) if problem.masked else z2
    e = y - t
    squares = {"half_sum": Fraction(1, 2), "sum": Fraction(1), "mean": Fraction(1, len(t))}
    dy = 2 * squares[error or problem.error] * e
    dz2 = np.where(y > 0, dy, Fraction(0)) if problem.masked else dy
    da1 = w2.T @ dz2
    dz1 = np.where(a1 > 0, da1, Fraction(0))
    dw2, dw1 = np.outer(dz2, a1), np.outer(dz1, x)
    total = squares[error or problem.error] * (e @ e)
    return {
        "x": x,
        "t": t,
        "W1": w1,
        "b1": b1,
        "W2": w2,
        "b2": b2,
        "z1": z1,
        "a1": a1,
        "z2": z2,
        "y": y,
        "e": e,
        "E": np.array([total], object),
        "dE/dy": dy,
        "dE/dz2": dz2,
        "dE/dW2": dw2,
        "dE/db2": dz2,
        "dE/da1": da1,
        "dE/dz1": dz1,
        "dE/dW1": dw1,
        "dE/db1": dz1,
        "W1 new": w1 - rate * dw1,
        "b1 new": b1 - rate * dz1,
        "W2 new": w2 - rate * dw2,
        "b2 new": b2 - rate * dz2,
    }


def _bf16(problem, backend):
    """The same step by the backend's products and vector operations; arrays as the hardware holds them."""
    network = NetworkBf16.of(problem.network, backend)
    target = problem.target[None]
    trace = network.forward(problem.x[None])
    back = network.backward(trace, target)
    SGDBf16(network.parameters(), problem.rate, backend=backend).step(back.dw + back.db)
    return {
        "a1": trace.inputs[1][0],
        "y": trace.output[0],
        "e": back.error[0],
        "dE/dy": back.da[1][0],
        "dE/dz2": back.dz[1][0],
        "dE/dW2": back.dw[1],
        "dE/db2": back.db[1],
        "dE/da1": back.da[0][0],
        "dE/dz1": back.dz[0][0],
        "dE/dW1": back.dw[0],
        "dE/db1": back.db[0],
        "W1 new": network.weights[0],
        "b1 new": network.biases[0],
        "W2 new": network.weights[1],
        "b2 new": network.biases[1],
    }


def _worked(problem, show, exact):
    def matrix(name, decimals=None):
        return Matrix(name, _reals(exact[name]), decimals)

    factor = 2 * mse_factor(problem.error, len(problem.target))
    show.part("Step 1: forward (exact arithmetic)")
    show.equation("z1 =", matrix("W1"), ".", matrix("x"), "+", matrix("b1"), "=", matrix("z1", 6))
    show.equation("a1 = relu(z1) =", matrix("a1", 6))
    show.equation("z2 =", matrix("W2"), ".", matrix("a1", 6), "+", matrix("b2"), "=", matrix("z2", 8))
    show.equation("y =", matrix("y", 8), "target t =", matrix("t"), "e = y - t =", matrix("e", 8))
    show.text(f"total error E = {_decimal(exact['E'][0])}")
    show.part("Step 2: the gradient of the error, and back through the output layer")
    mask = "mask: z2 > 0" if problem.masked else "no mask"
    show.equation(f"dE/dy = {factor:g} e =", matrix("dE/dy", 8), mask, "dE/dz2 =", matrix("dE/dz2", 8))
    show.equation(
        "dE/dW2 = dE/dz2 . a1^T =",
        matrix("dE/dz2", 8),
        ".",
        Matrix("a1^T", _reals(exact["a1"])[None], 6),
        "=",
        matrix("dE/dW2", 10),
    )
    show.part("Step 3: back to the hidden layer")
    show.equation(
        "dE/da1 = W2^T . dE/dz2 =",
        Matrix("W2^T", _reals(exact["W2"]).T),
        ".",
        matrix("dE/dz2", 8),
        "=",
        matrix("dE/da1", 10),
    )
    show.equation(
        "mask: z1 > 0", "dE/dz1 =", matrix("dE/dz1", 10), "dE/dW1 = dE/dz1 . x^T =", matrix("dE/dW1", 10)
    )
    show.part("Step 4: the update")
    for layer in (2, 1):
        show.equation(
            f"W{layer} - rate dE/dW{layer} =",
            matrix(f"W{layer}"),
            f"- {problem.rate:g}",
            matrix(f"dE/dW{layer}", 10),
            "=",
            matrix(f"W{layer} new", 12),
        )
    show.equation("biases:", matrix("b1 new", 12), matrix("b2 new", 12))


def _side_by_side(problem, run, exact, golden, rtl):
    show = run.show
    show.part("Step 5: the same step in bf16, every operation as the core makes it")
    show.text(
        "Operands of products are bfloat16, sums fp32 in the order of k, weights and biases fp32: "
        "forward products with bias and ReLU, the error, both backward products, the ReLU masks, the "
        "update w + (-rate) dE/dw with the product rounded and then the sum. On the RTL: a "
        f"{run.rtl.bf16_name}."
    )
    columns = [("golden bf16", golden), ("RTL bf16", rtl)]
    rows = []
    for name, how in STEPS:
        how = "dE/dy" if name == "dE/dz2" and not problem.masked else how
        i = np.unravel_index(np.abs(_reals(golden[name])).argmax(), golden[name].shape)
        value = exact[name][i]
        at = ",".join(str(k + 1) for k in i)
        rows.append(
            (
                f"{name}[{at}]",
                how,
                _rounded(value),
                *(_rounded(float(_reals(g[name])[i])) for _, g in columns),
                *(f"{int(_bits(g[name])[i]):0{2 * g[name].itemsize}X}" for _, g in columns),
                f"{float(_reals(golden[name])[i]) - float(value):+.1e}",
            )
        )
    show.table(
        (
            "largest element",
            "computed as",
            "exact",
            *(name for name, _ in columns),
            *("bits" for _ in columns),
            "error",
        ),
        rows,
    )
    layer, i, j = problem.weight
    name = f"W{layer + 1} new"
    value = exact[name][i, j]
    got = {key: float(g[name][i, j]) for key, g in columns}
    show.table(
        (problem.asked, "after one step", "", "bits"),
        [
            ("before", repr(float(problem.network.weights[layer][i, j])), "", ""),
            ("exact", _decimal(value), "", ""),
            *(
                (key, repr(got[key]), f"{got[key] - float(value):+.3e}", f"{int(_bits(g[name])[i, j]):08X}")
                for key, g in columns
            ),
        ],
    )
    scalings = {error: _exact(problem, error)[name][i, j] for error in ERRORS}
    show.table(("if the error is", problem.asked), [(ERRORS[k], _decimal(v)) for k, v in scalings.items()])
    show.good(
        f"Answer: {problem.asked} = {_decimal(value)} in exact arithmetic, "
        f"{got['golden bf16']!r} in golden bf16, {got['RTL bf16']!r} on the RTL."
    )
    return {
        "answer": {
            "exact": _decimal(value),
            "exact_float": float(value),
            **{key.replace(" ", "_"): v for key, v in got.items()},
        },
        "scalings": {k: _decimal(v) for k, v in scalings.items()},
    }


def _reals(values):
    """float64 of fractions, fp32 numbers or bf16 bits."""
    if values.dtype == np.uint16:
        return (values.astype(np.uint32) << np.uint32(16)).view(np.float32).astype(np.float64)
    return values.astype(np.float64)


def _rounded(value):
    """A number with ten digits after the point; large and small ones with an exponent."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    exact = Fraction(value)
    with localcontext(prec=60):
        number = Decimal(exact.numerator) / Decimal(exact.denominator)
    plain = exact == 0 or Fraction(1, 10**4) <= abs(exact) < 10**6
    return f"{number:.10f}" if plain else f"{number:.9e}"


def _decimal(value, most=30, first=17):
    """A fraction as a decimal.

    Parameters
    ----------
    value : fractions.Fraction
    most : int
        Digits that are written if the decimal ends there.
    first : int
        Digits that are written of one that is longer or does not end.

    Returns
    -------
    str
        All digits, or the first ones and "...": cut off, not rounded. Numbers from 1e21 on and those below
        1e-6 have an exponent.
    """
    if not value:
        return "0"
    sign, size, exponent = "-" if value < 0 else "", abs(value), 0
    while size >= 10:
        size, exponent = size / 10, exponent + 1
    while size < 1:
        size, exponent = size * 10, exponent - 1
    ends, plain = (size * 10 ** (most - 1)).denominator == 1, -6 <= exponent < 21
    length = most if ends else max(first, exponent + 2 if plain else 0)
    digits = str(int(size * 10 ** (length - 1)))
    digits, more = (digits.rstrip("0"), "") if ends else (digits, "...")
    point = exponent + 1 if plain else 1  # digits before it
    if point < 1:
        digits, point = "0" * (1 - point) + digits, 1
    digits = digits.ljust(point, "0")
    text = f"{sign}{digits[:point]}" + (f".{digits[point:]}{more}" if digits[point:] else "")
    return text if plain else f"{text}e{exponent:+d}"
