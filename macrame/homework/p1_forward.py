# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Problem 1: forward pass and loss of a network of ReLU or sigmoid layers in float, int8 (RTL) and bf16."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, TypedDict

import numpy as np
from numpy.typing import ArrayLike, NDArray

from macrame.golden.arith.bf16_to_fp32 import bf16_to_fp32
from macrame.golden.nn.activations import relu, relu_derivative, sigmoid, sigmoid_derivative, softmax
from macrame.golden.nn.bf16 import Backend, Forward, Golden, NetworkBf16
from macrame.golden.nn.losses import cross_entropy
from macrame.golden.nn.network import Network
from macrame.golden.nn.quantization import NetworkInt8, quantize_network
from macrame.homework.data import File
from macrame.homework.plots.curves import activations_figure
from macrame.homework.problem import Answer, Blocks, Run
from macrame.report.blocks import Heading, Matrix, Table, Text, answer, equation, phrase, table, text

TITLE = "Forward pass and loss; ReLU versus sigmoid"
DEEPEST = 8  # layers
KEYS = (
    "placeholder",
    "picture",
    "classes",
    "label",
    *(f"{letter}{i}" for i in range(1, DEEPEST + 1) for letter in "wb"),
    "activation",
    "mode",
    "layers",
    "chain_weight",
    "chain_input",
)
FORMULAS = {"relu": ("max(0,", ")"), "sigmoid": ("1 / (1 + exp(-", "))")}


@dataclass(frozen=True)
class Problem:
    """The network, its input and expected label, and the chain of part (b)."""

    placeholder: str | None
    picture: NDArray[np.float64]
    classes: list[str]
    label: int
    network: Network
    quantized: NetworkInt8
    layers: int
    chain_weight: float
    chain_input: float

    @property
    def x(self) -> NDArray[np.float64]:
        """The image as one sample, shape (1, pixels)."""
        return self.picture.reshape(1, -1)

    @property
    def depth(self) -> int:
        """Number of layers of the network."""
        return len(self.network.weights)


class Chain(TypedDict):
    """Layers of one unit each, from the first: pre-activation, activation, derivative, product so far."""

    z: list[float]
    a: list[float]
    derivative: list[float]
    product: list[float]


class Cost(TypedDict):
    """Operations of a float32 sigmoid, by a polynomial with a relative error; bits of an int8 one's table."""

    degree: int
    error: float
    multiplications: int
    additions: int
    divisions: int
    table_bits: int


#: Columns of a chain's table, their titles and formats.
SHOWN: tuple[tuple[Literal["z", "derivative", "product"], str, str], ...] = (
    ("z", "{}: z", ".4f"),
    ("derivative", "f'(z)", ".4f"),
    ("product", "product", ".3e"),
)

Function: TypeAlias = Callable[[ArrayLike], NDArray[np.floating]]


def read(file: File) -> Problem:
    """All of the network's numbers, their shapes checked against each other, and its int8 form."""
    picture = file.matrix("picture", most=16)
    classes = file.texts("classes", least=2)
    label = file.choice("label", classes)
    depth = max([1, *(i for i in range(1, DEEPEST + 1) if f"w{i}" in file or f"b{i}" in file)])
    weights: list[NDArray[np.floating]] = []
    biases: list[NDArray[np.floating]] = []
    width = picture.size
    for i in range(1, depth + 1):
        weights.append(file.matrix(f"w{i}", len(classes) if i == depth else None, width))
        width = len(weights[-1])
        biases.append(file.vector(f"b{i}", width))
    activation = file.choice("activation", tuple(FORMULAS)) if "activation" in file else "relu"
    mode = file.choice("mode", ("gemmlowp", "ruy", "fp32"))
    network = Network(weights, biases, [activation] * (depth - 1) + ["identity"])
    try:
        quantized = quantize_network(network, picture.reshape(1, -1), mode, per_channel=False)
    except ValueError as error:
        raise file.refused(error) from None
    return Problem(
        file.text("placeholder") if "placeholder" in file else None,
        picture,
        classes,
        classes.index(label),
        network,
        quantized,
        file.integer("layers", 1, 1000),
        file.number("chain_weight", -100, 100),
        file.number("chain_input", -100, 100),
    )


def solve(problem: Problem, run: Run) -> Blocks[Answer]:
    """Part (a) in float and in int8, part (b)."""
    if problem.placeholder:
        yield text("Placeholder: {}", problem.placeholder, kind="placeholder")
    exact = yield from _forward_float(problem)
    integer = yield from _forward_int8(problem, run, exact)
    narrow = yield from _forward_bf16(problem, run, exact)
    compared = yield from _relu_against_sigmoid(problem, run)
    return {
        "placeholder": problem.placeholder,
        "classes": problem.classes,
        "label": problem.classes[problem.label],
        "activations": problem.network.activations,
        "float": exact,
        "int8": integer,
        "bf16": narrow,
        "relu_against_sigmoid": compared,
    }


def _forward_float(problem: Problem) -> Blocks[Answer]:
    network, n = problem.network, problem.depth
    trace = network.forward(problem.x)
    values: Answer = {"x": problem.x[0]}
    yield Heading("(a) Step by step, in float64 (golden)")
    yield equation(Matrix("image", problem.picture), "-> row by row ->", Matrix("x", problem.x[0]))
    h = "x"
    for i, (w, b, pre, name) in enumerate(
        zip(network.weights, network.biases, trace.pre, network.activations), 1
    ):
        values |= {f"w{i}": w, f"b{i}": b, f"z{i}": pre[0]}
        yield equation(
            f"z{i} =",
            Matrix(f"W{i}", w),
            ".",
            Matrix(h, values[h], None if i == 1 else 4),
            "+",
            Matrix(f"b{i}", b),
            "=",
            Matrix(f"z{i}", pre[0], 4),
        )
        if i < n:
            h = f"a{i}"
            values[h] = trace.inputs[i][0]
            before, after = FORMULAS[name]
            yield equation(
                f"{h} = {name}(z{i}) = {before}",
                Matrix(f"z{i}", pre[0], 4),
                f"{after} =",
                Matrix(h, values[h], 4),
            )
    z = trace.logits[0]
    p, loss = softmax(z), cross_entropy(trace.logits, np.array([problem.label]))
    e = np.exp(z - z.max())
    yield equation(
        f"softmax: exp(z{n} - max z{n}) =",
        Matrix("e", e, 4),
        phrase("  / their sum {:.4f} =", e.sum()),
        Matrix("p", p, 4),
        "for",
        Matrix("", np.array(problem.classes)),
    )
    yield text(
        "true class: {}, so the loss is -ln p[{}] = -ln {:.6f} = {:.6f}; the network predicts {}.",
        problem.classes[problem.label],
        problem.classes[problem.label],
        p[problem.label],
        loss,
        problem.classes[int(p.argmax())],
    )
    return {**values, "softmax": p, "loss": loss}


def _forward_int8(problem: Problem, run: Run, exact: Answer) -> Blocks[Answer]:
    net = problem.quantized
    yield Heading(f"(a) The same in int8, on the RTL ({run.rtl.name}, mode {net.layers[0].mode})")
    yield text(
        "Real number = scale * (integer - zero point). Weights: zero point 0, scale = max |W| / 127. "
        "Activations: all of [-128, 127] for the range they take on this one image, widened to contain "
        "0."
    )
    names = [f"a{i}" if name == "relu" else f"z{i}" for i, name in enumerate(problem.network.activations, 1)]
    ranges = [("x", net.input)]
    for i, (name, layer) in enumerate(zip(names, net.layers), 1):
        ranges += [(name, layer.output)] + [(f"a{i}", layer.activated)] * (layer.table is not None)
    yield table(
        ("tensor", ("scale", ".9f"), "zero point"),
        [(n, r.scale, r.zero_point) for n, r in ranges]
        + [(f"W{i + 1}", layer.weight_scale[0], 0) for i, layer in enumerate(net.layers)],
    )
    x = net.input.quantize(problem.x)
    out: Answer = {"x": x[0]}
    record, h, golden, taken = [], x, x, "x"
    for i, (name, layer) in enumerate(zip(names, net.layers), 1):
        sums, _ = run.rtl.dense(f"layer {i}, accumulators", layer, h, layer.accumulate(golden), "raw")
        golden = layer.forward(golden)
        q, report = run.rtl.dense(f"layer {i}, int8 outputs", layer, h, golden)
        multiplier, shift = int(layer.multiplier[0]), int(layer.shift[0])
        yield equation(
            "acc =",
            Matrix(f"Q(W{i})", layer.weight),
            ". (",
            Matrix(f"Q({taken})", h[0]),
            f"- {_signed(layer.input.zero_point)} ) +",
            Matrix(f"Q(b{i})", layer.bias),
            "=",
            Matrix("acc (RTL)", sums[0], product=run.rtl.product_name(f"layer {i}, accumulators")),
        )
        scaling = (
            phrase("times the float32 {:.9f}", layer.scale[0])
            if layer.mode == "fp32"
            else phrase("times {} / 2^31 * 2^{}", multiplier, shift)
        )
        clamp = phrase(
            ", + zero point {}, clamped to [{}, {}]", layer.output.zero_point, layer.low, layer.high
        )
        relu_note = ": low = zero point is the ReLU" if name == f"a{i}" else ""
        yield Text(
            phrase("requantised: ") + scaling + phrase(" (= {:.9f})", layer.scale[0]) + clamp + relu_note
        )
        real = layer.output.dequantize(q[0])
        yield equation(
            Matrix(f"Q({name}) (RTL)", q[0], product=run.rtl.product_name(f"layer {i}, int8 outputs")),
            "represents",
            Matrix("", real, 4),
            "in float:",
            Matrix(name, exact[name], 4),
        )
        out[name] = {
            "weight": layer.weight,
            "bias": layer.bias,
            "accumulators": sums[0],
            "scale": layer.scale[0],
            "multiplier": multiplier,
            "shift": shift,
            "zero_point": layer.output.zero_point,
            "clamp": [layer.low, layer.high],
            "int8": q[0],
            "real": real,
        }
        record.append(report)
        h, golden, taken = layer.activate(q), layer.activate(golden), f"a{i}"
        if layer.table is not None:
            real = layer.activated.dequantize(h[0])
            yield equation(
                f"Q(a{i}) = table[Q(z{i})] =",
                Matrix(f"Q(a{i})", h[0]),
                "represents",
                Matrix("", real, 4),
                "in float:",
                Matrix(f"a{i}", exact[f"a{i}"], 4),
            )
            out[f"a{i}"] = {
                "scale": layer.activated.scale,
                "zero_point": layer.activated.zero_point,
                "int8": h[0],
                "real": real,
            }
    if any(layer.table is not None for layer in net.layers):
        yield text(
            "The sigmoid is a table of 256 bytes on the host, looked up with the RTL's integers: its "
            "values have scale 1/256 and zero point -128, so that [-128, 127] represents 0 to 255/256."
        )
    logits = net.output.dequantize(h)
    p, loss = softmax(logits[0]), cross_entropy(logits, np.array([problem.label]))
    yield Heading("(a) Softmax and loss (golden) from the RTL's int8 outputs")
    yield _compare_classes(problem, "int8", exact, p)
    yield answer(
        "Answer: loss {:.6f} in float, {:.6f} from int8 (difference {:+.6f}).",
        exact["loss"],
        loss,
        loss - exact["loss"],
    )
    return {
        "mode": net.layers[0].mode,
        "input": {"scale": net.input.scale, "zero_point": net.input.zero_point},
        "tensors": out,
        "softmax": p,
        "loss": loss,
        "loss_difference": loss - exact["loss"],
        "cycles": [report.cycles for report in record],
    }


def _forward_bf16(problem: Problem, run: Run, exact: Answer) -> Blocks[Answer]:
    """The layers in the core's bf16 arithmetic: operands bfloat16, sums and biases fp32."""
    yield Heading("(a) The same in bf16")
    n, network = problem.depth, problem.network
    hidden = [f"a{i}" for i in range(1, n)]
    leaves = ""
    if hidden and network.activations[0] == "relu":
        verb = "are" if n > 2 else "is"
        leaves = f"{_listed(hidden)} {verb} output through the ReLU as bfloat16, z{n} as fp32. "
    elif hidden:
        leaves = (
            f"z1 to z{n} are output as fp32; the sigmoid runs on the host, as softmax does, and is rounded "
            "to bfloat16. "
        )
    yield text(
        "Operands of products rounded to bfloat16 (8 significant bits), sums rounded to fp32 one by "
        "one, bias fp32; {}No scales are needed. On the RTL: the {}.",
        leaves,
        run.rtl.bf16_name,
    )
    _, bits = _bf16(problem, Golden())
    backend = run.rtl.bf16()
    trace, got = _bf16(problem, backend)
    for name, expected in bits.items():
        run.rtl.compare(f"{name}, bf16", got[name], expected, again=True)
    values, h = {}, Matrix("bf16(x)", bf16_to_fp32(trace.inputs[0][0]), 6)
    for i, (w, b) in enumerate(zip(trace.weights, network.biases), 1):
        name = f"a{i}" if i < n else f"z{n}"
        values[name] = bf16_to_fp32(trace.inputs[i][0]) if i < n else trace.output[0]
        values[name] = values[name].astype(np.float64)
        before, after = (f"{name} = {network.activations[i - 1]}(", ") =") if i < n else (f"{name} =", "=")
        source, product = "RTL", backend.products[i - 1]
        if network.activations[i - 1] == "sigmoid":
            source, product = f"of the RTL's z{i}", ""
        yield equation(
            before,
            Matrix(f"bf16(W{i})", bf16_to_fp32(w).astype(np.float64), 6),
            ".",
            h,
            "+",
            Matrix(f"b{i}", b),
            after,
            Matrix(f"{name} ({source})", values[name], 6, product),
            "in float:",
            Matrix(name, exact[name], 6),
        )
        h = Matrix(name, values[name], 6)
    z = values[f"z{n}"]
    p, loss = softmax(z), cross_entropy(z[None], np.array([problem.label]))
    yield _compare_classes(problem, "bf16", exact, p)
    yield answer("Answer: loss {:.6f} in bf16 (RTL), difference {:+.6f}.", loss, loss - exact["loss"])
    return {
        "source": "RTL",
        "bits": bits,
        **values,
        "softmax": p,
        "loss": loss,
        "loss_difference": loss - exact["loss"],
    }


def _compare_classes(problem: Problem, name: str, exact: Answer, p: NDArray[np.floating]) -> Table:
    """The probabilities of a format next to those of float."""
    return table(
        ("class", ("p, float", ".6f"), (f"p, {name}", ".6f"), ("difference", "+.6f")),
        [(c, a, b, b - a) for c, a, b in zip(problem.classes, exact["softmax"], p)],
    )


def _bf16(problem: Problem, backend: Backend) -> tuple[Forward, dict[str, NDArray[np.unsignedinteger]]]:
    """A forward pass: the outputs of the layers, as bits."""
    trace = NetworkBf16.of(problem.network, backend).forward(problem.x)
    hidden = {f"a{i}": h[0] for i, h in enumerate(trace.inputs) if i}
    return trace, {**hidden, f"z{problem.depth}": trace.output[0].view(np.uint32)}


def _relu_against_sigmoid(problem: Problem, run: Run) -> Blocks[Answer]:
    yield Heading("(b) ReLU versus sigmoid (golden)")
    z = np.array([-4.0, -2.0, -1.0, 0.0, 1.0, 2.0, 4.0])
    values = {
        "z": z,
        "relu": relu(z),
        "relu_derivative": relu_derivative(z),
        "sigmoid": sigmoid(z),
        "sigmoid_derivative": sigmoid_derivative(z),
    }
    yield table(
        [(name, ".4f") for name in ("z", "relu", "relu'", "sigmoid", "sigmoid'")],
        zip(*values.values()),
    )
    with run.progress("drawing both with their derivatives"):
        yield run.plot(
            "p1_activations", "ReLU and sigmoid with their derivatives, over z", activations_figure()
        )
    chains = {
        name: _chain(problem, f, df)
        for name, f, df in (("relu", relu, relu_derivative), ("sigmoid", sigmoid, sigmoid_derivative))
    }
    n, w = problem.layers, problem.chain_weight
    yield text(
        "Vanishing gradient: {} layers of one unit, z = w a, w = {:g}, first input {:g}. By the chain "
        "rule the gradient at the first layer is the product of w f'(z) over all layers.",
        n,
        w,
        problem.chain_input,
    )
    keep = [i for i in range(n) if n <= 12 or i < 6 or i >= n - 6]
    yield table(
        ("layer", *((title.format(name), spec) for name in chains for _, title, spec in SHOWN)),
        [(i + 1, *(chain[key][i] for chain in chains.values() for key, _, _ in SHOWN)) for i in keep],
    )
    best = 0.25**n
    yield text(
        "The derivative of the sigmoid is at most 1/4 (at z = 0), so with w = 1 at most 4^-{} = {:.3e} "
        "of the gradient remains after {} layers; here {:.3e}. The derivative of ReLU is 1 where the "
        "unit is active and 0 elsewhere: {:.3e} remains.",
        n,
        best,
        n,
        chains["sigmoid"]["product"][-1],
        chains["relu"]["product"][-1],
    )
    cost = _cost()
    yield text("In hardware:")
    yield table(
        ("", "ReLU", "sigmoid, int8 table", "sigmoid, fp32 arithmetic"),
        [
            ("comparators", "1 (8 bits)", 0, 0),
            ("table bits per lane", 0, cost["table_bits"], 0),
            ("multiplications", 0, 0, cost["multiplications"]),
            ("additions", 0, 0, cost["additions"]),
            ("divisions", 0, 0, cost["divisions"]),
        ],
    )
    yield text(
        "macrame's ReLU is the lower clamp of the output stage set to the zero point: the comparator "
        "already exists and takes no extra cycle. A sigmoid needs exp(-z) = 2^i 2^f: one product with "
        "log2(e), a polynomial of degree {} for 2^f (the lowest whose relative error {:.1e} is below "
        "2^-24), one addition and one division; with 8-bit input a table of 256 bytes is enough.",
        cost["degree"],
        cost["error"],
    )
    return {
        "values": values,
        "chain": {"layers": n, "weight": w, "input": problem.chain_input, **chains},
        "best_sigmoid_product": best,
        "cost": cost,
    }


def _chain(problem: Problem, f: Function, derivative: Function) -> Chain:
    a, product = problem.chain_input, 1.0
    chain: Chain = {"z": [], "a": [], "derivative": [], "product": []}
    for _ in range(problem.layers):
        z = problem.chain_weight * a
        a, d = float(f(z)), float(derivative(z))
        product *= problem.chain_weight * d
        chain["z"].append(z)
        chain["a"].append(a)
        chain["derivative"].append(d)
        chain["product"].append(product)
    return chain


def _cost() -> Cost:
    """Operations of a float32 sigmoid: the polynomial's degree is found by fitting 2^f over |f| <= 1/2."""
    f = np.linspace(-0.5, 0.5, 2001)
    for degree in range(1, 16):
        fit = np.polynomial.Chebyshev.interpolate(lambda t: 2 ** (t / 2), degree)
        error = float(np.abs(fit(2 * f) / 2**f - 1).max())
        if error < 2.0**-24:
            break
    return {
        "degree": degree,
        "error": error,
        "multiplications": degree + 1,
        "additions": degree + 1,
        "divisions": 1,
        "table_bits": 256 * 8,
    }


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _signed(number: int) -> str:
    return f"({number})" if number < 0 else str(number)
