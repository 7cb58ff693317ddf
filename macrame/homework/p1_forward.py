# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Problem 1: forward pass and loss of a small ReLU network in float, int8 (RTL) and bf16; sigmoid."""

from dataclasses import dataclass

import numpy as np

from macrame.golden.arith.bf16_to_fp32 import bf16_to_fp32
from macrame.golden.nn.activations import relu, relu_derivative, sigmoid, sigmoid_derivative, softmax
from macrame.golden.nn.bf16 import Golden, NetworkBf16
from macrame.golden.nn.losses import cross_entropy
from macrame.golden.nn.network import Network
from macrame.golden.nn.quantization import NetworkInt8, quantize_network
from macrame.homework.plots import activations_figure
from macrame.homework.show import Matrix

TITLE = "Forward pass and loss; ReLU against sigmoid"
KEYS = (
    "stand_in",
    "picture",
    "classes",
    "label",
    "w1",
    "b1",
    "w2",
    "b2",
    "mode",
    "layers",
    "chain_weight",
    "chain_input",
)


@dataclass(frozen=True)
class Problem:
    """The network, its input and what it should say, and the chain of part (b)."""

    stand_in: str
    picture: np.ndarray
    classes: list
    label: int
    network: Network
    quantized: NetworkInt8
    layers: int
    chain_weight: float
    chain_input: float

    @property
    def x(self):
        """The picture as one sample, shape (1, pixels)."""
        return self.picture.reshape(1, -1)


def read(file):
    """All of the network's numbers, their shapes checked against each other, and its int8 form."""
    picture = file.matrix("picture", most=16)
    classes = file.texts("classes", least=2)
    label = file.choice("label", classes)
    w1 = file.matrix("w1", cols=picture.size)
    b1 = file.vector("b1", len(w1))
    w2 = file.matrix("w2", len(classes), len(w1))
    b2 = file.vector("b2", len(classes))
    mode = file.choice("mode", ("gemmlowp", "ruy", "fp32"))
    network = Network([w1, w2], [b1, b2])
    try:
        quantized = quantize_network(network, picture.reshape(1, -1), mode, per_channel=False)
    except ValueError as error:
        raise file.refused(error) from None
    return Problem(
        file.text("stand_in") if "stand_in" in file else None,
        picture,
        classes,
        classes.index(label),
        network,
        quantized,
        file.integer("layers", 1, 1000),
        file.number("chain_weight", -100, 100),
        file.number("chain_input", -100, 100),
    )


def solve(problem, run):
    """Part (a) in float and in int8, part (b)."""
    if problem.stand_in:
        run.show.stand_in(problem.stand_in)
    exact = _forward_float(problem, run.show)
    integer = _forward_int8(problem, run, exact)
    narrow = _forward_bf16(problem, run, exact)
    return {
        "stand_in": problem.stand_in,
        "classes": problem.classes,
        "label": problem.classes[problem.label],
        "float": exact,
        "int8": integer,
        "bf16": narrow,
        "relu_against_sigmoid": _relu_against_sigmoid(problem, run),
    }


def _forward_float(problem, show):
    (w1, w2), (b1, b2) = problem.network.weights, problem.network.biases
    trace = problem.network.forward(problem.x)
    z1, a1, z2 = trace.pre[0][0], trace.inputs[1][0], trace.logits[0]
    p, loss = softmax(z2), cross_entropy(trace.logits, [problem.label])

    show.part("(a) Step by step, in float64 (golden)")
    show.equation(Matrix("picture", problem.picture), "-> row by row ->", Matrix("x", problem.x[0]))
    show.equation(
        "z1 =",
        Matrix("W1", w1),
        ".",
        Matrix("x", problem.x[0]),
        "+",
        Matrix("b1", b1),
        "=",
        Matrix("z1", z1, 4),
    )
    show.equation("a1 = relu(z1) = max(0,", Matrix("z1", z1, 4), ") =", Matrix("a1", a1, 4))
    show.equation(
        "z2 =", Matrix("W2", w2), ".", Matrix("a1", a1, 4), "+", Matrix("b2", b2), "=", Matrix("z2", z2, 4)
    )
    e = np.exp(z2 - z2.max())
    show.equation(
        "softmax: exp(z2 - max z2) =",
        Matrix("e", e, 4),
        f"  / their sum {e.sum():.4f} =",
        Matrix("p", p, 4),
        Matrix("", np.array(problem.classes)),
    )
    show.text(
        f"true class: {problem.classes[problem.label]}, so the loss is -ln "
        f"p[{problem.classes[problem.label]}] = -ln {p[problem.label]:.6f} = {loss:.6f}; the network "
        f"says {problem.classes[int(p.argmax())]}."
    )
    return {
        "x": problem.x[0],
        "w1": w1,
        "b1": b1,
        "z1": z1,
        "a1": a1,
        "w2": w2,
        "b2": b2,
        "z2": z2,
        "softmax": p,
        "loss": loss,
    }


def _forward_int8(problem, run, exact):
    show, net = run.show, problem.quantized
    show.part(f"(a) The same in int8, on the RTL ({run.rtl.name}, mode {net.layers[0].mode})")
    show.text(
        "Real number = scale * (integer - zero point). Weights: zero point 0, scale = max |W| / 127. "
        "Activations: all of [-128, 127] for the range they take on this one picture, widened to hold "
        "0."
    )
    names = ("x", "a1", "z2")
    ranges = [net.input] + [layer.output for layer in net.layers]
    show.table(
        ("tensor", "scale", "zero point"),
        [(n, f"{r.scale:.9f}", r.zero_point) for n, r in zip(names, ranges)]
        + [(f"W{i + 1}", f"{layer.weight_scale[0]:.9f}", 0) for i, layer in enumerate(net.layers)],
    )
    x = net.input.quantize(problem.x)
    out, record, h, golden = {"x": x[0]}, [], x, x
    for i, layer in enumerate(net.layers, 1):
        sums, _ = run.rtl.dense(f"layer {i}, accumulators", layer, h, layer.accumulate(golden), "raw")
        golden = layer.forward(golden)
        q, report = run.rtl.dense(f"layer {i}, int8 outputs", layer, h, golden)
        multiplier, shift = int(layer.multiplier[0]), int(layer.shift[0])
        show.equation(
            "acc =",
            Matrix(f"Q(W{i})", layer.weight),
            ". (",
            Matrix(f"Q({names[i - 1]})", h[0]),
            f"- {_signed(layer.input.zero_point)} ) +",
            Matrix(f"Q(b{i})", layer.bias),
            "=",
            Matrix("acc (RTL)", sums[0]),
        )
        scaling = (
            f"times the float32 {layer.scale[0]:.9f}"
            if layer.mode == "fp32"
            else f"times {multiplier} / 2^31 * 2^{shift}"
        )
        relu_note = f", clamped to [{layer.low}, {layer.high}]" + (
            ": low = zero point is the ReLU" if i < len(net.layers) else ""
        )
        show.text(
            f"requantised: {scaling} (= {layer.scale[0]:.9f}), "
            f"+ zero point {layer.output.zero_point}{relu_note}"
        )
        real = layer.output.dequantize(q[0])
        show.equation(
            Matrix(f"Q({names[i]}) (RTL)", q[0]),
            "stands for",
            Matrix("", real, 4),
            "float says",
            Matrix(names[i], exact[names[i]], 4),
        )
        out[names[i]] = {
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
        h = q
    logits = net.output.dequantize(h)
    p, loss = softmax(logits[0]), cross_entropy(logits, [problem.label])
    show.part("(a) Softmax and loss (golden) from the RTL's int8 outputs")
    show.table(
        ("class", "p, float", "p, int8", "difference"),
        [
            (c, f"{a:.6f}", f"{b:.6f}", f"{b - a:+.6f}")
            for c, a, b in zip(problem.classes, exact["softmax"], p)
        ],
    )
    show.good(
        f"Answer: loss {exact['loss']:.6f} in float, {loss:.6f} from int8 (difference "
        f"{loss - exact['loss']:+.6f})."
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


def _forward_bf16(problem, run, exact):
    """The layers in the core's bf16 arithmetic: operands bfloat16, sums and biases fp32."""
    show = run.show
    show.part("(a) The same in bf16")
    show.text(
        "Operands of products rounded to bfloat16 (8 significant bits), sums rounded to fp32 one by "
        "one, bias fp32; a1 leaves through the ReLU as bfloat16, z2 as fp32. No scales are needed. "
        f"On the RTL: a {run.rtl.bf16_name}."
    )
    _, bits = _bf16(problem, Golden())
    trace, got = _bf16(problem, run.rtl.bf16())
    for name, expected in bits.items():
        run.rtl.compare(f"{name}, bf16", got[name], expected, again=True)
    w1, w2 = (bf16_to_fp32(w).astype(np.float64) for w in trace.weights)
    a1, z2 = bf16_to_fp32(trace.inputs[1][0]).astype(np.float64), trace.output[0].astype(np.float64)
    b1, b2 = problem.network.biases
    x = bf16_to_fp32(trace.inputs[0][0])
    show.equation(
        "a1 = relu(",
        Matrix("bf16(W1)", w1, 6),
        ".",
        Matrix("bf16(x)", x, 6),
        "+",
        Matrix("b1", b1),
        ") =",
        Matrix("a1 (RTL)", a1, 6),
        "float says",
        Matrix("a1", exact["a1"], 6),
    )
    show.equation(
        "z2 =",
        Matrix("bf16(W2)", w2, 6),
        ".",
        Matrix("a1", a1, 6),
        "+",
        Matrix("b2", b2),
        "=",
        Matrix("z2 (RTL)", z2, 6),
        "float says",
        Matrix("z2", exact["z2"], 6),
    )
    p, loss = softmax(z2), cross_entropy(z2[None], [problem.label])
    show.table(
        ("class", "p, float", "p, bf16", "difference"),
        [
            (c, f"{a:.6f}", f"{b:.6f}", f"{b - a:+.6f}")
            for c, a, b in zip(problem.classes, exact["softmax"], p)
        ],
    )
    show.good(f"Answer: loss {loss:.6f} in bf16 (RTL), difference {loss - exact['loss']:+.6f}.")
    return {
        "source": "RTL",
        "bits": bits,
        "a1": a1,
        "z2": z2,
        "softmax": p,
        "loss": loss,
        "loss_difference": loss - exact["loss"],
    }


def _bf16(problem, backend):
    """A forward pass and what the layers gave, as bits."""
    trace = NetworkBf16.of(problem.network, backend).forward(problem.x)
    return trace, {"a1": trace.inputs[1][0], "z2": trace.output[0].view(np.uint32)}


def _relu_against_sigmoid(problem, run):
    show = run.show
    show.part("(b) ReLU against sigmoid (golden)")
    z = np.array([-4.0, -2.0, -1.0, 0.0, 1.0, 2.0, 4.0])
    values = {
        "z": z,
        "relu": relu(z),
        "relu_derivative": relu_derivative(z),
        "sigmoid": sigmoid(z),
        "sigmoid_derivative": sigmoid_derivative(z),
    }
    show.table(
        ("z", "relu", "relu'", "sigmoid", "sigmoid'"),
        [[f"{v:.4f}" for v in row] for row in zip(*values.values())],
    )
    with show.progress("drawing both with their derivatives"):
        for kind, data in activations_figure().items():
            show.text(f"plot: {run.output(f'p1_activations.{kind}', data)}")
    chains = {
        name: _chain(problem, f, df)
        for name, f, df in (("relu", relu, relu_derivative), ("sigmoid", sigmoid, sigmoid_derivative))
    }
    n, w = problem.layers, problem.chain_weight
    show.text(
        f"Vanishing gradient: {n} layers of one unit, z = w a, w = {w:g}, first input "
        f"{problem.chain_input:g}. By the chain rule the gradient at the first layer is the product of "
        "w f'(z) over all layers."
    )
    keep = [i for i in range(n) if n <= 12 or i < 6 or i >= n - 6]
    show.table(
        ("layer", "relu: z", "f'(z)", "product", "sigmoid: z", "f'(z)", "product"),
        [
            (
                i + 1,
                *(
                    f"{chain[k][i]:{f}}"
                    for chain in chains.values()
                    for k, f in (("z", ".4f"), ("derivative", ".4f"), ("product", ".3e"))
                ),
            )
            for i in keep
        ],
    )
    best = 0.25**n
    show.text(
        f"Sigmoid's derivative is 1/4 at best (z = 0), so with w = 1 at most 4^-{n} = {best:.3e} of "
        f"the gradient is left after {n} layers; here {chains['sigmoid']['product'][-1]:.3e}. ReLU's "
        f"derivative is 1 wherever the unit is active: {chains['relu']['product'][-1]:.3e} is left "
        "(and 0 where one is not)."
    )
    cost = _cost()
    show.text("In hardware:")
    show.table(
        ("", "ReLU", "sigmoid, int8 table", "sigmoid, fp32 arithmetic"),
        [
            ("comparators", "1 (8 bits)", "0", "0"),
            ("table bits a lane", 0, cost["table_bits"], 0),
            ("multiplications", 0, 0, cost["multiplications"]),
            ("additions", 0, 0, cost["additions"]),
            ("divisions", 0, 0, cost["divisions"]),
        ],
    )
    show.text(
        "macrame's ReLU is the lower clamp of the output stage set to the zero point: the comparator "
        "is there already and takes no extra cycle. A sigmoid needs exp(-z) = 2^i 2^f: one product "
        f"with log2(e), a polynomial of degree {cost['degree']} for 2^f (the lowest whose relative "
        f"error {cost['error']:.1e} is below 2^-24), one addition and one division; with 8-bit input a "
        "table of 256 bytes does instead."
    )
    return {
        "values": values,
        "chain": {"layers": n, "weight": w, "input": problem.chain_input, **chains},
        "best_sigmoid_product": best,
        "cost": cost,
    }


def _chain(problem, f, derivative):
    a, product, rows = problem.chain_input, 1.0, []
    for _ in range(problem.layers):
        z = problem.chain_weight * a
        a, d = float(f(z)), float(derivative(z))
        product *= problem.chain_weight * d
        rows.append((z, a, d, product))
    return dict(zip(("z", "a", "derivative", "product"), (list(column) for column in zip(*rows))))


def _cost():
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


def _signed(number):
    return f"({number})" if number < 0 else str(number)
