# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Problem 2: one step of backpropagation, in exact fractions and in the core's bf16 arithmetic."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal, localcontext
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from macrame.errors import plural
from macrame.golden.nn.bf16 import Backend, Golden, NetworkBf16, Numbers, SGDBf16
from macrame.golden.nn.losses import mse_factor
from macrame.golden.nn.network import Network
from macrame.homework.data import File
from macrame.homework.plots.graph import Node, Step, graph_figure
from macrame.homework.problem import Answer, Blocks, Run
from macrame.report.blocks import Equation, Heading, Matrix, Phrase, answer, equation, phrase, table, text
from macrame.verify.compare import bits

TITLE = "One step of backpropagation"
KEYS = (
    "placeholder",
    "input",
    "target",
    "hidden_weights",
    "hidden_bias",
    "hidden_activation",
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
DEEPEST = 8  # layers
#: Digits of a sigmoid, which is not a fraction, and the smallest power of ten that does not count as 0.
DIGITS, SMALLEST = 60, -9999
#: dE/dz from dE/da, or from dE/dy.
BACK = {"relu": "{1} where {0} > 0", "sigmoid": "{1} {0} (1 - {0})", "identity": "{1}"}

Fractions: TypeAlias = NDArray[np.object_]
"""Each element a `fractions.Fraction`."""


@dataclass(frozen=True)
class Problem:
    """The network, one sample, the error and the rate; `weight` is the requested (layer, row, column)."""

    placeholder: str | None
    x: NDArray[np.float64]
    target: NDArray[np.float64]
    network: Network
    error: str
    rate: float
    asked: str
    weight: tuple[int, int, int]

    @property
    def depth(self) -> int:
        """Layers of the network."""
        return len(self.network.weights)

    @property
    def activations(self) -> list[str]:
        """Names of the layers' activations, in order: a1, a2, ..., y."""
        return [f"a{i}" for i in range(1, self.depth)] + ["y"]

    @property
    def arithmetic(self) -> str:
        """The kind of numbers in the exact column: fractions, or the digits of a sigmoid."""
        if "sigmoid" in self.network.activations:
            return f"arithmetic of {DIGITS} digits"
        return "exact arithmetic"

    def steps(self) -> list[tuple[str, str]]:
        """The parts of a step, in order: name and formula."""
        n, kinds, names = self.depth, self.network.activations, self.activations
        forward = [
            (name, f"{'f' if name == 'y' else kind}(W{i} {'x' if i == 1 else names[i - 2]} + b{i})")
            for i, (name, kind) in enumerate(zip(names, kinds), 1)
        ]
        backward = [("e", "y - t"), ("dE/dy", "c e")]
        for i in range(n, 0, -1):
            name, da = names[i - 1], "dE/dy" if i == n else f"dE/da{i}"
            if i < n:
                backward.append((da, f"W{i + 1}^T dE/dz{i + 1}"))
            backward += [
                (f"dE/dz{i}", BACK[kinds[i - 1]].format(name, da)),
                (f"dE/dW{i}", f"dE/dz{i} {'x' if i == 1 else names[i - 2]}^T"),
                (f"dE/db{i}", f"dE/dz{i}"),
            ]
        update = [
            (f"{letter}{i} new", f"{letter}{i} - rate dE/d{letter}{i}")
            for i in range(1, n + 1)
            for letter in "Wb"
        ]
        return [*forward, *backward, *update]


def read(file: File) -> Problem:
    """All numbers, their shapes checked against each other."""
    x, target = file.vector("input", most=MOST), file.vector("target", most=MOST)
    hidden = {key for key in KEYS if key.startswith("hidden_") and key in file}
    weights: list[NDArray[np.floating]] = []
    biases: list[NDArray[np.floating]] = []
    kind = "relu"
    if hidden:
        weights += file.matrices("hidden_weights", len(x), MOST, DEEPEST - 1)
        biases += file.vectors("hidden_bias", [len(w) for w in weights])
        kind = (
            file.choice("hidden_activation", ("relu", "sigmoid")) if "hidden_activation" in hidden else kind
        )
    weights.append(file.matrix("output_weights", len(target), len(weights[-1]) if weights else len(x)))
    biases.append(file.vector("output_bias", len(target)))
    activation = file.choice("output_activation", ("relu", "sigmoid", "identity"))
    error = file.choice("error", tuple(ERRORS))
    places = [(layer, *divmod(i, w.shape[1])) for layer, w in enumerate(weights) for i in range(w.size)]
    names = {f"w{i}": place for i, place in enumerate(places, 1)}
    asked = file.text("asked")
    if asked not in names:
        raise file.error("asked", f"one of w1 to w{len(names)}")
    network = Network(weights, biases, [kind] * (len(weights) - 1) + [activation], f"mse_{error}")
    return Problem(
        file.text("placeholder") if "placeholder" in file else None,
        x,
        target,
        network,
        error,
        file.number("learning_rate", 0, 1000, above=True),
        asked,
        names[asked],
    )


def solve(problem: Problem, run: Run) -> Blocks[Answer]:
    """Exactly, in matrix form; in bf16; side by side."""
    if problem.placeholder:
        yield text("Placeholder: {}", problem.placeholder, kind="placeholder")
    called = {"relu": "ReLU", "sigmoid": "sigmoid", "identity": "nothing"}
    *hidden, output = (called[name] for name in problem.network.activations)
    layers = f"{hidden[0]} in the hidden {plural(len(hidden), 'layer')}, " if hidden else ""
    yield text(
        "The total error is {} (set in the data file), the learning rate {:g}; one sample, {}{} at the "
        "output, no softmax.",
        ERRORS[problem.error],
        problem.rate,
        layers,
        output,
    )
    exact = _exact(problem)
    yield from _worked(problem, exact)
    with run.progress("drawing the computation graph"):
        yield run.plot(
            "p2_graph", "the computation graph with all values and gradients", figure(problem, exact)
        )
    golden = _bf16(problem, Golden())
    backend = run.rtl.bf16()
    rtl = _bf16(problem, backend)
    for name, _ in problem.steps():
        run.rtl.compare(f"{name}, bf16", bits(rtl[name]), bits(golden[name]), again=True)
    found = yield from _side_by_side(problem, run, exact, golden, rtl, backend.products)
    return {
        "placeholder": problem.placeholder,
        "error": problem.error,
        "learning_rate": problem.rate,
        "asked": problem.asked,
        "activations": problem.network.activations,
        **found,
        "exact": {k: _reals(v) for k, v in exact.items()},
        "bf16_golden": {k: {"value": _reals(v), "bits": bits(v)} for k, v in golden.items()},
        "bf16_rtl": {k: {"value": _reals(v), "bits": bits(v)} for k, v in rtl.items()},
    }


def _exact(problem: Problem, error: str | None = None) -> dict[str, Fractions]:
    """The step in fractions: decimal numbers have exactly the value written."""

    def fractions(values: ArrayLike) -> Fractions:
        values = np.asarray(values)
        out = np.array([Fraction(repr(v)) for v in values.ravel().tolist()], object)
        return out.reshape(values.shape)

    network, rate, n = problem.network, Fraction(repr(problem.rate)), problem.depth
    x, t = fractions(problem.x), fractions(problem.target)
    found = {"x": x, "t": t}
    weights, biases = map(fractions, network.weights), map(fractions, network.biases)
    for i, (w, b) in enumerate(zip(weights, biases), 1):
        found |= {f"W{i}": w, f"b{i}": b}
    h = x
    slopes: list[Fractions] = []
    for i, (name, kind) in enumerate(zip(problem.activations, network.activations), 1):
        z = found[f"W{i}"] @ h + found[f"b{i}"]
        h, slope = ACTIVATIONS[kind](z)
        slopes.append(slope)
        found |= {f"z{i}": z, name: h}
    e = h - t
    factor = {"half_sum": Fraction(1, 2), "sum": Fraction(1), "mean": Fraction(1, len(t))}[
        error or problem.error
    ]
    da = 2 * factor * e
    found |= {"e": e, "E": np.array([factor * (e @ e)], object), "dE/dy": da}
    inputs = [x, *(found[name] for name in problem.activations[:-1])]
    for i in range(n, 0, -1):
        if i < n:
            da = found[f"W{i + 1}"].T @ found[f"dE/dz{i + 1}"]
            found[f"dE/da{i}"] = da
        dz = da * slopes[i - 1]
        found |= {f"dE/dz{i}": dz, f"dE/dW{i}": np.outer(dz, inputs[i - 1]), f"dE/db{i}": dz}
    for i in range(1, n + 1):
        for letter in "Wb":
            found[f"{letter}{i} new"] = found[f"{letter}{i}"] - rate * found[f"dE/d{letter}{i}"]
    return found


def _relu(z: Fractions) -> tuple[Fractions, Fractions]:
    return np.maximum(z, 0), np.array([Fraction(int(value > 0)) for value in z], object)


def _identity(z: Fractions) -> tuple[Fractions, Fractions]:
    return z, np.full(z.shape, Fraction(1), object)


def _sigmoid(z: Fractions) -> tuple[Fractions, Fractions]:
    """The sigmoid of fractions, and its derivative e^-|z| / (1 + e^-|z|)^2, to DIGITS digits each."""

    def one(value: Fraction) -> list[Fraction]:
        # no traps: a result below the exponent range becomes 0
        with localcontext(Context(prec=DIGITS + 10, Emin=SMALLEST, Emax=-SMALLEST, clamp=0, traps=[])):
            e = (-abs(Decimal(value.numerator) / Decimal(value.denominator))).exp()
            high, low, slope = 1 / (1 + e), e / (1 + e), e / (1 + e) ** 2
            result = (high if value >= 0 else low), slope
        with localcontext(Context(prec=DIGITS, Emin=2 * SMALLEST, Emax=-SMALLEST, traps=[])):
            return [Fraction(+number) for number in result]

    pairs = [one(Fraction(value)) for value in z]
    values, slopes = (np.array(column, object) for column in zip(*pairs))
    return values, slopes


ACTIVATIONS = {"relu": _relu, "sigmoid": _sigmoid, "identity": _identity}


def _bf16(problem: Problem, backend: Backend) -> dict[str, Numbers]:
    """The same step by the backend's products and vector operations; arrays as the hardware holds them."""
    network = NetworkBf16.of(problem.network, backend)
    target = problem.target[None]
    trace = network.forward(problem.x[None])
    back = network.backward(trace, target)
    SGDBf16(network.parameters(), problem.rate, backend=backend).step(back.dw + back.db)
    found: dict[str, Numbers] = {f"a{i}": h[0] for i, h in enumerate(trace.inputs) if i}
    found |= {"y": trace.output[0], "e": back.error[0], "dE/dy": back.da[-1][0]}
    for i in range(problem.depth, 0, -1):
        if i < problem.depth:
            found[f"dE/da{i}"] = back.da[i - 1][0]
        found |= {
            f"dE/dz{i}": back.dz[i - 1][0],
            f"dE/dW{i}": back.dw[i - 1],
            f"dE/db{i}": back.db[i - 1],
        }
    for i, (w, b) in enumerate(zip(network.weights, network.biases), 1):
        found |= {f"W{i} new": w, f"b{i} new": b}
    return found


def _worked(problem: Problem, exact: Mapping[str, Fractions]) -> Blocks[None]:
    def matrix(name: str, decimals: int | None = None) -> Matrix:
        return Matrix(name, _reals(exact[name]), decimals)

    def back(i: int) -> str:
        """dE/dz of a layer from dE/da, by its activation."""
        name, kind = problem.activations[i - 1], problem.network.activations[i - 1]
        da = "dE/dy" if i == n else f"dE/da{i}"
        how = "{1} where {0} > 0, else 0" if kind == "relu" else BACK[kind]
        return f"dE/dz{i} = {how.format(f'z{i}' if kind == 'relu' else name, da)} ="

    n, kinds = problem.depth, problem.network.activations
    inputs = ["x", *problem.activations[:-1]]
    factor = 2 * mse_factor(problem.error, len(problem.target))
    yield Heading(f"Step 1: forward ({problem.arithmetic})")
    for i in range(1, n + 1):
        yield equation(
            f"z{i} =",
            matrix(f"W{i}"),
            ".",
            matrix(inputs[i - 1], None if i == 1 else 6),
            "+",
            matrix(f"b{i}"),
            "=",
            matrix(f"z{i}", 8 if i == n else 6),
        )
        if i < n:
            yield equation(f"a{i} = {kinds[i - 1]}(z{i}) =", matrix(f"a{i}", 6))
    yield equation(
        "y =" if kinds[-1] == "identity" else f"y = {kinds[-1]}(z{n}) =",
        matrix("y", 8),
    )
    yield equation("e = y - t =", matrix("y", 8), "-", matrix("t"), "=", matrix("e", 8))
    yield text("total error E = {}", _decimal(exact["E"][0]))
    yield Heading("Step 2: the gradient of the error, and back through the output layer")
    yield equation(phrase("dE/dy = {:g} e =", factor), matrix("dE/dy", 8))
    yield equation(back(n), matrix(f"dE/dz{n}", 8))
    yield equation(
        f"dE/dW{n} = dE/dz{n} . {inputs[n - 1]}^T =",
        matrix(f"dE/dz{n}", 8),
        ".",
        Matrix(f"{inputs[n - 1]}^T", _reals(exact[inputs[n - 1]])[None], 6),
        "=",
        matrix(f"dE/dW{n}", 10),
    )
    if n > 1:
        yield Heading(f"Step 3: back to the hidden {plural(n - 1, 'layer')}")
    for i in range(n - 1, 0, -1):
        yield equation(
            f"dE/da{i} = W{i + 1}^T . dE/dz{i + 1} =",
            Matrix(f"W{i + 1}^T", _reals(exact[f"W{i + 1}"]).T),
            ".",
            matrix(f"dE/dz{i + 1}", 8),
            "=",
            matrix(f"dE/da{i}", 10),
        )
        yield equation(back(i), matrix(f"dE/dz{i}", 10))
        yield equation(f"dE/dW{i} = dE/dz{i} . {inputs[i - 1]}^T =", matrix(f"dE/dW{i}", 10))
    yield Heading("Step 4: the update")
    for layer in range(n, 0, -1):
        yield equation(
            f"W{layer} - rate dE/dW{layer} =",
            matrix(f"W{layer}"),
            phrase("- {:g}", problem.rate),
            matrix(f"dE/dW{layer}", 10),
            "=",
            matrix(f"W{layer} new", 12),
        )
        yield equation(f"b{layer} - rate dE/db{layer} =", matrix(f"b{layer} new", 12))


def figure(problem: Problem, exact: Mapping[str, Fractions]) -> dict[str, bytes]:
    """The computation graph, with values and gradients."""

    def node(name: str, how: str = "", gradient: bool = True, marked: tuple[int, ...] | None = None) -> Node:
        by = _reals(exact[f"dE/d{name}"]) if gradient else None
        return Node(name, how, _reals(exact[name]), by, marked)

    names = problem.activations
    layer, i, j = problem.weight
    steps = [Step(node("x", gradient=False))]
    for number, (name, kind) in enumerate(zip(names, problem.network.activations), 1):
        source = "x" if number == 1 else names[number - 2]
        weights = node(f"W{number}", marked=(i, j) if number == layer + 1 else None)
        steps += [
            Step(node(f"z{number}", f"W{number} {source} + b{number}"), (weights, node(f"b{number}"))),
            Step(node(name, f"z{number}" if kind == "identity" else f"{kind}(z{number})")),
        ]
    how = {"half_sum": "sum (y - t)^2 / 2", "sum": "sum (y - t)^2", "mean": "mean (y - t)^2"}[problem.error]
    steps.append(Step(Node("E", how, _reals(exact["E"]), np.ones(1)), (node("t", gradient=False),)))
    before, by, after = (
        float(_reals(exact[f"{name.format(layer + 1)}"])[i, j]) for name in ("W{}", "dE/dW{}", "W{} new")
    )
    sizes = "-".join(str(len(values)) for values in (problem.x, *problem.network.biases))
    return graph_figure(
        f"Problem 2: one step of backpropagation, {sizes} network",
        steps,
        f"{problem.asked} (bold) - rate x its gradient = "
        f"{before:.6g} - {problem.rate:g} x {by:.6g} = {after:.8g}",
    )


def _side_by_side(
    problem: Problem,
    run: Run,
    exact: Mapping[str, Fractions],
    golden: Mapping[str, Numbers],
    rtl: Mapping[str, Numbers],
    products: Sequence[str],
) -> Blocks[Answer]:
    yield Heading("Step 5: the same step in bf16, every operation as the core computes it")
    kinds = problem.network.activations
    masks = "the ReLU masks, " if "relu" in kinds else ""
    masks += "the sigmoids' derivatives a (1 - a), " if "sigmoid" in kinds else ""
    yield text(
        "Operands of products are bfloat16, sums fp32 in the order of k, weights and biases fp32: "
        "forward products with bias{}, the error, the backward products, {}the update w + (-rate) dE/dw "
        "with the product rounded and then the sum. {}On the RTL: the {}.",
        " and ReLU" if "relu" in kinds else "",
        masks,
        "The sigmoid itself runs on the host. " if "sigmoid" in kinds else "",
        run.rtl.bf16_name,
    )
    yield from _products(problem, rtl, products)
    columns = [("golden bf16", golden), ("RTL bf16", rtl)]
    rows = []
    for name, how in problem.steps():
        place = np.unravel_index(np.abs(_reals(golden[name])).argmax(), golden[name].shape)
        value = exact[name][place]
        at = ",".join(str(k + 1) for k in place)
        rows.append(
            (
                f"{name}[{at}]",
                how,
                _rounded(value),
                *(_rounded(float(_reals(g[name])[place])) for _, g in columns),
                *(_hex(bits(g[name])[place]) for _, g in columns),
                float(_reals(golden[name])[place]) - float(value),
            )
        )
    yield table(
        (
            "largest element",
            "computed as",
            "exact" if problem.arithmetic.startswith("exact") else f"{DIGITS} digits",
            *(name for name, _ in columns),
            *("bits" for _ in columns),
            ("error", "+.1e"),
        ),
        rows,
    )
    layer, i, j = problem.weight
    name = f"W{layer + 1} new"
    value = exact[name][i, j]
    got = {key: float(g[name][i, j]) for key, g in columns}
    yield table(
        (problem.asked, "after one step", ("", "+.3e"), "bits"),
        [
            ("before", phrase("{!r}", float(problem.network.weights[layer][i, j])), "", ""),
            (
                "exact" if problem.arithmetic.startswith("exact") else f"{DIGITS} digits",
                _decimal(value),
                "",
                "",
            ),
            *(
                (key, phrase("{!r}", got[key]), got[key] - float(value), _hex(bits(g[name])[i, j]))
                for key, g in columns
            ),
        ],
    )
    scalings = {error: _exact(problem, error)[name][i, j] for error in ERRORS}
    yield table(("if the error is", problem.asked), [(ERRORS[k], _decimal(v)) for k, v in scalings.items()])
    yield answer(
        "Answer: {} = {} in {}, {!r} in bf16 (golden), {!r} on the RTL.",
        problem.asked,
        _decimal(value),
        problem.arithmetic,
        got["golden bf16"],
        got["RTL bf16"],
    )
    return {
        "answer": {
            "exact": _decimal(value),
            "exact_float": float(value),
            **{key.replace(" ", "_"): v for key, v in got.items()},
        },
        "scalings": {k: _decimal(v) for k, v in scalings.items()},
    }


def _products(problem: Problem, rtl: Mapping[str, Numbers], products: Sequence[str]) -> Iterator[Equation]:
    """The results of the products on the RTL, in the order in which they were computed."""
    n, kinds = problem.depth, problem.network.activations
    backward = [name for i in range(n, 0, -1) for name in (f"dE/dW{i}", f"dE/db{i}", f"dE/da{i - 1}")][:-1]
    names = [*problem.activations, *backward]
    assert len(names) == len(products)
    for i, (name, product) in enumerate(zip(names, products)):
        if i < n and kinds[i] == "sigmoid":
            continue  # the product is z, whose sigmoid runs on the host
        decimals = 8 if i < n else 10
        yield equation(f"{name} =", Matrix(f"{name} (RTL)", _reals(rtl[name]), decimals, product))


def _reals(values: NDArray[Any]) -> NDArray[np.float64]:
    """float64 of fractions, fp32 numbers or bf16 bits."""
    if values.dtype == np.uint16:
        return (values.astype(np.uint32) << np.uint32(16)).view(np.float32).astype(np.float64)
    return values.astype(np.float64)


def _hex(value: np.unsignedinteger) -> Phrase:
    """The bits of a number, all of its digits."""
    return phrase(f"{{:0{2 * value.itemsize}X}}", int(value))


def _rounded(value: Fraction | float) -> Phrase:
    """A number with ten digits after the point; large and small ones with an exponent."""
    if isinstance(value, float) and not math.isfinite(value):
        return phrase("{}", value)
    exact = Fraction(value)
    with localcontext(prec=60):
        number = Decimal(exact.numerator) / Decimal(exact.denominator)
    plain = exact == 0 or Fraction(1, 10**4) <= abs(exact) < 10**6
    return phrase("{:.10f}" if plain else "{:.9e}", number)


def _decimal(value: Fraction, most: int = 30, first: int = 17) -> str:
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
    point = exponent + 1 if plain else 1  # digits before the point
    if point < 1:
        digits, point = "0" * (1 - point) + digits, 1
    digits = digits.ljust(point, "0")
    text = f"{sign}{digits[:point]}" + (f".{digits[point:]}{more}" if digits[point:] else "")
    return text if plain else f"{text}e{exponent:+d}"
