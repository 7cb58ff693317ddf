# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Small networks of ONNX's operators: QOperator and QDQ, int8 and uint8, per tensor and per channel.

Each case is a model without the package `onnx`, and its input, the same in every run.
tests/oracles/make_onnx_answers.py runs them in ONNX Runtime and stores every integer tensor.

With uint8 activations, int8 weights are within -64..63: ONNX Runtime's kernels for processors without VNNI
saturate sums of two products to 16 bits, which larger weights can reach.

The single operators of `operators` have scales whose ratios are simple fractions, except "realmul", so that
many results are ties or close to them.
"""

import hashlib

import numpy as np

from macrame.nets.onnx_model import Model, Node, Value

CONTRIB = "com.microsoft"
F = np.float32


class Build:
    """A model under construction: `x` names the tensor that the next operator takes."""

    def __init__(self, name, dtype, weights, per_channel, qdq, seed):
        self.name, self.dtype, self.qdq = name, np.dtype(dtype), qdq
        self.weights, self.per_channel = np.dtype(weights), per_channel
        self.rng = np.random.default_rng(seed)
        self.nodes, self.constants, self.grids, self.shapes = [], {}, {}, {}
        self.inputs, self.count = [], 0
        self.integers = []  # names of the tensors that are compared

    # --- parts ---

    def fresh(self, what):
        self.count += 1
        return f"{what}{self.count}"

    def constant(self, what, values):
        name = self.fresh(what)
        self.constants[name] = np.asarray(values)
        return name

    def node(self, op, inputs, output, domain="", **attributes):
        self.nodes.append(Node(op, tuple(inputs), (output,), attributes, domain))
        return output

    def grid(self, low=0.02, high=0.1, zero=None):
        """Names of a random scale and zero point."""
        limits = np.iinfo(self.dtype)
        zero = int(self.rng.integers(limits.min + 60, limits.max - 60)) if zero is None else zero
        scale = self.constant("s", F(self.rng.uniform(low, high)))
        return scale, self.constant("z", self.dtype.type(zero))

    def lowest(self):
        """The zero point with which Relu is left out."""
        return int(np.iinfo(self.dtype).min)

    def input(self, shape, floats=False):
        if floats:
            self.inputs.append(Value("x", "float32", shape))
            return self.quantize("x", shape, self.grid(0.02, 0.03))
        self.inputs.append(Value("x", self.dtype.name, shape))
        self.grids["x"], self.shapes["x"] = self.grid(0.02, 0.03), shape
        return "x"

    def made(self, name, shape, grid):
        """Note an integer tensor."""
        self.shapes[name], self.grids[name] = shape, grid
        self.integers.append(name)
        return name

    def quantize(self, real, shape, grid):
        name = self.fresh("q")
        self.node("QuantizeLinear", [real, *grid], name)
        return self.made(name, shape, grid)

    def dequantize(self, name, grid=None, **attributes):
        return self.node(
            "DequantizeLinear", [name, *(grid or self.grids[name])], self.fresh("r"), **attributes
        )

    def drawn_weights(self, shape, axis, outputs):
        """Integer weights, their scales and zero points."""
        limits = np.iinfo(self.weights)
        low, high = limits.min, limits.max
        if self.dtype == np.uint8 and self.weights == np.int8:
            low, high = -64, 63
        count = outputs if self.per_channel else 1
        scale = self.rng.uniform(0.002, 0.01, count).astype(F)
        # per tensor, zero points that make the weights exceed int8
        zero = np.zeros(count, self.weights) if self.weights == np.int8 else None
        if zero is None:
            zero = self.rng.integers(90, 166, count).astype(self.weights)
        if not self.per_channel:
            scale, zero = scale.reshape(()), zero.reshape(())
        w = self.rng.integers(low, high + 1, shape).astype(self.weights)
        return self.constant("w", w), self.constant("s", scale), self.constant("z", zero)

    # --- operators ---

    def weighted(self, op, x, shape, w_shape, axis, outputs, relu=None, zero=None, bias=True, **attributes):
        """Conv, Gemm or MatMul; `relu` is the operator on float32 that follows."""
        w = self.drawn_weights(w_shape, axis, outputs)
        out = self.grid(0.03, 0.06, zero=self.lowest() if relu else zero)
        b = None
        if bias and op != "MatMul":
            b = self.constant("b", self.rng.integers(-3000, 3000, outputs).astype(np.int32))
        name = self.fresh("y")
        if not self.qdq:
            kind = {"Conv": "QLinearConv", "MatMul": "QLinearMatMul", "Gemm": "QGemm"}[op]
            given = [x, *self.grids[x], *w]
            given += [b or "", *out] if op == "Gemm" else [*out, b] if b else [*out]
            self.node(kind, given, name, CONTRIB if op == "Gemm" else "", **attributes)
            return self.made(name, shape, out)
        given = [self.dequantize(x), self.dequantize(w[0], w[1:], axis=axis)]
        if b:
            sx, sw = self.constants[self.grids[x][0]], self.constants[w[1]]
            sb = self.constant("s", (sx * sw).astype(F))
            zb = self.constant("z", np.zeros(np.shape(sw), np.int32))
            given.append(self.dequantize(b, (sb, zb), axis=0))
        self.node(op, given, name, **attributes)
        if relu == "Relu":
            name = self.node("Relu", [name], self.fresh("a"))
        if relu == "Clip":
            top = self.constants[out[0]] * F(255)
            limits = self.constant("low", F(0)), self.constant("high", F(max(6, top + 1)))
            name = self.node("Clip", [name, *limits], self.fresh("a"))
        return self.quantize(name, shape, out)

    def conv(self, x, outputs, kernel=(3, 3), group=1, dilation=1, stride=1, pad=1, **more):
        n, c, h, w = self.shapes[x]
        sides = [(s + 2 * pad - (k - 1) * dilation - 1) // stride + 1 for s, k in zip((h, w), kernel)]
        attributes = dict(group=group, kernel_shape=kernel, pads=(pad,) * 4, strides=(stride,) * 2)
        attributes["dilations"] = (dilation,) * 2
        shape = (outputs, c // group, *kernel)
        return self.weighted("Conv", x, (n, outputs, *sides), shape, 0, outputs, **attributes, **more)

    def gemm(self, x, outputs, op="Gemm", transposed=False, **more):
        *rest, k = self.shapes[x]
        shape = (outputs, k) if transposed else (k, outputs)
        attributes = {"transB": int(transposed), "alpha": 1.0} if op == "Gemm" else {}
        axis = 0 if transposed else 1
        return self.weighted(op, x, (*rest, outputs), shape, axis, outputs, **attributes, **more)

    def pair(self, op, a, b):
        shape = np.broadcast_shapes(self.shapes[a], self.shapes[b])
        out = self.grid(0.05, 0.2)
        if self.qdq:
            name = self.node(op, [self.dequantize(a), self.dequantize(b)], self.fresh("y"))
            return self.quantize(name, shape, out)
        given = [a, *self.grids[a], b, *self.grids[b], *out]
        return self.made(self.node(f"QLinear{op}", given, self.fresh("y"), CONTRIB), shape, out)

    def pool(self, op, x, **attributes):
        n, c, h, w = self.shapes[x]
        if op == "GlobalAveragePool":
            shape = (n, c, 1, 1)
        else:
            attributes = {"pads": (0, 0, 0, 0), **attributes}
            k, s, p = attributes["kernel_shape"], attributes["strides"], attributes["pads"]
            sides = [(v + p[i] + p[i + 2] - k[i]) // s[i] + 1 for i, v in enumerate((h, w))]
            shape = (n, c, *sides)
        out = self.grid(0.02, 0.06)
        if self.qdq:
            name = self.node(op, [self.dequantize(x)], self.fresh("y"), **attributes)
            return self.quantize(name, shape, out)
        given = [x, *self.grids[x], *out]
        name = self.node(f"QLinear{op}", given, self.fresh("y"), CONTRIB, channels_last=0, **attributes)
        return self.made(name, shape, out)

    def moved(self, op, x, shape, *more, bare=False, **attributes):
        """An operator that moves values; in QDQ between DequantizeLinear and QuantizeLinear."""
        grid = self.grids[x]
        if self.qdq and not bare:
            name = self.node(op, [self.dequantize(x), *more], self.fresh("y"), **attributes)
            return self.quantize(name, shape, grid)
        return self.made(self.node(op, [x, *more], self.fresh("y"), **attributes), shape, grid)

    def max_pool(self, x):
        n, c, h, w = self.shapes[x]
        return self.moved("MaxPool", x, (n, c, h // 2, w // 2), kernel_shape=(2, 2), strides=(2, 2))

    def function(self, op, x, low=0.02, high=0.06, **attributes):
        """A function of one value; QOperator has two of them."""
        shape, out = self.shapes[x], self.grid(low, high)
        if not self.qdq and op in ("Sigmoid", "LeakyRelu"):
            given = [x, *self.grids[x], *out]
            name = self.node(f"QLinear{op}", given, self.fresh("y"), CONTRIB, **attributes)
            return self.made(name, shape, out)
        real = self.dequantize(x)
        return self.quantize(self.node(op, [real], self.fresh("y"), **attributes), shape, out)

    def concat(self, a, b, axis=1):
        shape = list(self.shapes[a])
        shape[axis] += self.shapes[b][axis]
        out = self.grid()
        if self.qdq:
            name = self.node("Concat", [self.dequantize(a), self.dequantize(b)], self.fresh("y"), axis=axis)
            return self.quantize(name, tuple(shape), out)
        given = [*out, a, *self.grids[a], b, *self.grids[b]]
        name = self.node("QLinearConcat", given, self.fresh("y"), CONTRIB, axis=axis)
        return self.made(name, tuple(shape), out)

    def finish(self, x, floats=False):
        """The model and its input."""
        output = self.dequantize(x) if floats else x
        model = Model(self.name, tuple(self.nodes), self.constants, tuple(self.inputs), (output,))
        (value,) = self.inputs
        if value.type == "float32":
            given = self.rng.normal(0, 1.2, value.shape).astype(F)
        else:
            limits = np.iinfo(value.type)
            given = self.rng.integers(limits.min, limits.max + 1, value.shape).astype(value.type)
        return model, given, tuple(self.integers)


# --- the networks -------------------------------------------------------------------------------------------


def mlp(b):
    """Two fully connected layers and a product with a constant matrix."""
    x = b.gemm(b.input((3, 24), floats=True), 17, relu="Relu")
    x = b.gemm(x, 11, transposed=True)
    return b.finish(b.gemm(x, 9, op="MatMul"), floats=True)


def sequence(b):
    """A product on three axes, a transpose, and another."""
    x = b.gemm(b.input((2, 5, 12)), 7, op="MatMul")
    x = b.moved("Transpose", x, (2, 7, 5), perm=(0, 2, 1))
    return b.finish(b.gemm(x, 6, op="MatMul"))


def cnn(b):
    """Convolutions with dilation, groups and strides, the maximum, and a fully connected layer."""
    x = b.conv(b.input((1, 4, 12, 10), floats=True), 8, relu="Relu")
    x = b.conv(x, 8, group=2, dilation=2, pad=2)
    x = b.max_pool(x)
    x = b.conv(x, 6, kernel=(1, 3), stride=2, pad=1, relu="Clip", bias=False)
    n, c, h, w = b.shapes[x]
    x = b.moved("Flatten", x, (n, c * h * w))
    return b.finish(b.gemm(x, 10), floats=True)


def depthwise(b):
    """Depthwise convolutions, one with two outputs per channel, and a mean."""
    x = b.conv(b.input((1, 5, 9, 7)), 5, group=5, relu="Relu")
    x = b.conv(x, 10, group=5, stride=2)
    x = b.conv(x, 6, kernel=(1, 1), pad=0)
    x = b.pool("GlobalAveragePool", x)
    x = b.moved("Reshape", x, (1, 6), b.constant("shape", np.array([0, -1], np.int64)))
    return b.finish(b.gemm(x, 5, transposed=True))


def residual(b):
    """A sum of two branches, a product with one value per channel, and a concatenation."""
    x = b.conv(b.input((1, 6, 7, 9)), 6, relu="Relu")
    x = b.pair("Add", b.conv(x, 6), x)
    gate = b.conv(b.pool("GlobalAveragePool", x), 6, kernel=(1, 1), pad=0)
    x = b.pair("Mul", x, gate)
    x = b.concat(x, b.conv(x, 3))
    x = b.pool("AveragePool", x, kernel_shape=(3, 2), strides=(2, 2), pads=(1, 0, 1, 1))
    return b.finish(b.moved("Transpose", x, tuple(b.shapes[x][i] for i in (0, 2, 3, 1)), perm=(0, 2, 3, 1)))


def shapes(b):
    """Reshapes between four and three axes, averages with the padding counted and of a whole image."""
    x = b.conv(b.input((2, 4, 6, 6)), 4)
    x = b.moved("Reshape", x, (2, 8, 3, 6), b.constant("shape", np.array([0, 8, 3, -1], np.int64)))
    x = b.pool("AveragePool", x, kernel_shape=(2, 2), strides=(1, 1), pads=(1, 1, 0, 0), count_include_pad=1)
    x = b.pool("AveragePool", x, kernel_shape=(3, 6), strides=(1, 1))
    x = b.moved("Squeeze", x, (2, 8), b.constant("axes", np.array([2, 3], np.int64)))
    x = b.moved("Unsqueeze", x, (2, 1, 8), b.constant("axes", np.array([1], np.int64)))
    return b.finish(b.gemm(x, 5, op="MatMul"))


def gated(b):
    """Functions of one value, a difference, and channels weighted by a sigmoid."""
    x = b.function("LeakyRelu", b.conv(b.input((1, 5, 8, 6)), 6), alpha=0.1)
    x = b.function("HardSwish", b.conv(b.max_pool(x), 6))
    gate = b.conv(b.pool("GlobalAveragePool", x), 6, kernel=(1, 1), pad=0)
    x = b.pair("Mul", x, b.function("Sigmoid", gate, 0.004, 0.005))
    if b.qdq:
        x = b.pair("Sub", x, b.conv(x, 6))
    x = b.function("Relu", b.function("Tanh", x, 0.008, 0.01))
    n, c, h, w = b.shapes[x]
    return b.finish(b.gemm(b.moved("Flatten", x, (n, c * h * w)), 4))


NETWORKS = (mlp, sequence, cnn, depthwise, residual, shapes, gated)
#: Types of activations and of weights.
TYPES = (("int8", "int8"), ("uint8", "int8"), ("uint8", "uint8"))


def every():
    """Name, model, input and names of the integer tensors of every case."""
    seed = 0
    for make in NETWORKS:
        for dtype, weights in TYPES:
            for per_channel in (False, True):
                for qdq in (False, True):
                    seed += 1
                    parts = make.__name__, dtype, weights, "channel" if per_channel else "tensor"
                    name = "-".join((*parts, "qdq" if qdq else "qoperator"))
                    yield name, *make(Build(name, dtype, weights, per_channel, qdq, seed))


# --- single operators ---------------------------------------------------------------------------------------


def digest(values):
    """The hash that is stored."""
    return hashlib.sha256(np.ascontiguousarray(values).tobytes()).hexdigest()[:16]


def _grids(rng, dtype, count, ratios=1.0):
    """Scales that are fractions of the last one, and zero points."""
    limits = np.iinfo(dtype)
    last = F(2.0 ** rng.uniform(-3, 3))
    scales = [F(last * F(ratios * rng.integers(1, 64) / rng.integers(2, 64))) for _ in range(count - 1)]
    return [*scales, last], [dtype.type(rng.integers(limits.min, limits.max + 1)) for _ in range(count)]


def _model(name, node, constants, inputs):
    """A model of one operator, or of several."""
    nodes = node if isinstance(node, tuple) else (node,)
    values = tuple(Value(key, value.dtype.name, value.shape) for key, value in inputs.items())
    return name, Model(name, nodes, constants, values, nodes[-1].outputs), list(inputs.values())


def operators():
    """Name, model and inputs of every single operator."""
    for seed in range(36):
        rng = np.random.default_rng(seed)
        dtype = np.dtype(("int8", "uint8")[seed % 2])
        limits = np.iinfo(dtype)
        every = np.arange(limits.min, limits.max + 1).astype(dtype)
        both = {"a": np.repeat(every, 256), "b": np.tile(every, 256)}
        if seed % 3 == 1:  # a length that is no multiple of a vector's
            both = {key: value[:65533] for key, value in both.items()}
        scales, zeros = _grids(rng, dtype, 3)
        if seed % 6 > 3:
            zeros[2] = dtype.type(limits.min)
        numbers = dict(zip(("sa", "sb", "sy"), scales)) | dict(zip(("za", "zb", "zy"), zeros))
        names = ("a", "sa", "za", "b", "sb", "zb", "sy", "zy")
        yield _model(f"add-{seed}", Node("QLinearAdd", names, ("y",), {}, CONTRIB), numbers, both)
        fine = numbers | {"sy": F(2.0 ** rng.integers(6, 9) * numbers["sa"] * rng.integers(1, 9) / 8)}
        fine["sb"] = F(rng.integers(1, 64) / rng.integers(2, 16))
        yield _model(f"mul-{seed}", Node("QLinearMul", names, ("y",), {}, CONTRIB), fine, both)

        (sx, sy), (zx, zy) = _grids(rng, dtype, 2)
        grids = {"sx": sx, "sy": sy, "zx": zx, "zy": zy}
        ties = (np.arange(-700, 700).astype(F) * sy * F(0.5)).astype(F)
        more = np.array([0.0, -0.0, 1e30, -1e30, np.inf, -np.inf], F)
        real = {"x": np.concatenate([ties, rng.normal(0, 60 * sy, 5000).astype(F), more])}
        yield _model(f"quantize-{seed}", Node("QuantizeLinear", ("x", "sy", "zy"), ("y",)), grids, real)
        there = Node("DequantizeLinear", ("x", "sx", "zx"), ("r",))
        back = Node("QuantizeLinear", ("r", "sy", "zy"), ("y",))
        yield _model(f"requantize-{seed}", (there, back), grids, {"x": every})
        joined = Node("QLinearConcat", ("sy", "zy", "x", "sx", "zx"), ("y",), {"axis": 0}, CONTRIB)
        yield _model(f"concat-{seed}", joined, grids, {"x": every})

        side = tuple(int(v) for v in rng.integers(2, 8, 2))
        image = {"x": rng.integers(limits.min, limits.max + 1, (2, 96, *side)).astype(dtype)}
        names = ("x", "sx", "zx", "sy", "zy")
        whole = Node("QLinearGlobalAveragePool", names, ("y",), {"channels_last": 0}, CONTRIB)
        yield _model(f"mean-{seed}", whole, grids, image)
        kernel = tuple(int(v) for v in rng.integers(1, np.minimum(side, 3) + 1))
        if seed % 6 == 5:
            kernel = side
        pads = tuple(int(rng.integers(0, k)) if seed % 6 < 4 else 0 for k in (*kernel, *kernel))
        attributes = {"channels_last": 0, "kernel_shape": kernel, "pads": pads, "strides": (1, 1 + seed % 2)}
        attributes["count_include_pad"] = seed // 2 % 2
        pool = Node("QLinearAveragePool", names, ("y",), attributes, CONTRIB)
        yield _model(f"average-{seed}", pool, grids, image)

        real = (
            Node("DequantizeLinear", ("a", "sa", "za"), ("ra",)),
            Node("DequantizeLinear", ("b", "sb", "zb"), ("rb",)),
        )
        last = Node("QuantizeLinear", ("r", "sy", "zy"), ("y",))
        yield _model(f"sub-{seed}", (*real, Node("Sub", ("ra", "rb"), ("r",)), last), numbers, both)
        fine = {key: F(rng.uniform(0.01, 0.2)) for key in ("sa", "sb")}
        fine["sy"] = F(fine["sa"] * fine["sb"] * F(rng.uniform(20, 200)))
        names = ("a", "sa", "za", "b", "sb", "zb", "sy", "zy")
        node = Node("QLinearMul", names, ("y",), {}, CONTRIB)
        yield _model(f"realmul-{seed}", node, numbers | fine, both)  # without simple ratios
        yield from functions(seed, rng, grids, every)
        side = tuple(int(v) for v in rng.integers(3, 8, 2))
        image = {"x": rng.integers(limits.min, limits.max + 1, (1, 5, *side)).astype(dtype)}
        kernel = tuple(int(v) for v in rng.integers(1, 4, 2))
        pads = tuple(int(rng.integers(0, k)) for k in (*kernel, *kernel))
        attributes = {"kernel_shape": kernel, "pads": pads, "strides": (1 + seed % 2, 1)}
        there = Node("DequantizeLinear", ("x", "sx", "zx"), ("r",))
        pool = Node("MaxPool", ("r",), ("m",), attributes)
        back = Node("QuantizeLinear", ("m", "sx", "zx"), ("y",))
        yield _model(f"max-{seed}", (there, pool, back), {"sx": sx, "zx": zx}, image)


def _hard_sigmoid(x, alpha, beta):
    return np.clip(F(alpha) * x + F(beta), F(0), F(1))


#: Functions with real values, of a float32 number and the attributes.
REAL = {
    "sigmoid": lambda x, _: F(1 / (1 + np.exp(-float(x)))),
    "tanh": lambda x, _: F(np.tanh(float(x))),
    "hardsigmoid": lambda x, attributes: _hard_sigmoid(x, **attributes),
    "hardswish": lambda x, _: x * _hard_sigmoid(x, 1 / 6, 0.5),
}


def functions(seed, rng, grids, every):
    """Functions of one value on all bytes."""
    scale = F(10 ** rng.uniform(-2.5, -0.5))
    for name, op, attributes in (
        ("relu", "Relu", {}),
        ("clip", "Clip", {}),
        ("leaky", "LeakyRelu", {"alpha": float(F(rng.uniform(0.01, 0.9)))}),
        ("sigmoid", "Sigmoid", {}),
        ("tanh", "Tanh", {}),
        ("hardsigmoid", "HardSigmoid", {"alpha": float(F(rng.uniform(0.1, 0.4))), "beta": 0.5}),
        ("hardswish", "HardSwish", {}),
    ):
        fine = dict(grids)
        if name in REAL:
            # a result that is a tie, or next to one, and both it and its input in the range of the type
            low, zero = every[0], every[128]
            fine |= {"zx": zero, "zy": low} if seed % 4 > 1 else {}
            number = F(rng.integers(-120, 120))
            fine["sx"] = scale if name in ("sigmoid", "tanh") else F(rng.uniform(1, 2) / abs(number or 1))
            x = fine["sx"] * number
            fine["sy"] = F((abs(REAL[name](x, attributes)) or F(1)) / F(rng.integers(20, 100) + 0.5))
        limits = ()
        if name == "clip":
            ends = np.sort(rng.uniform(-100, 100, 2)) * grids["sy"]
            fine |= {"low": F(ends[0]), "high": F(ends[1])}
            limits = ("low", "high")
        if seed % 3 == 0 and name in ("leaky", "sigmoid"):
            names = ("x", "sx", "zx", "sy", "zy")
            kind = {"leaky": "QLinearLeakyRelu", "sigmoid": "QLinearSigmoid"}[name]
            nodes = (Node(kind, names, ("y",), attributes, CONTRIB),)
        else:
            nodes = (
                Node("DequantizeLinear", ("x", "sx", "zx"), ("r",)),
                Node(op, ("r", *limits), ("f",), attributes),
                Node("QuantizeLinear", ("f", "sy", "zy"), ("y",)),
            )
        yield _model(f"{name}-{seed}", nodes, fine, {"x": every})
