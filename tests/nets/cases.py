# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Small networks of one operator that tell the rules of TFLite Micro from others that real networks hide.

Each case is a graph and its inputs, the same in every run. tests/oracles/make_operator_answers.py runs them
in TFLite Micro and stores the SHA-256 of each output; test_operators.py compares the golden model with it.

Scales are powers of two in half of the cases, so that many results are ties.
"""

from collections.abc import Iterator

import numpy as np

from macrame.nets.graph import Graph, Op, Tensor

ALL = np.arange(-128, 128, dtype=np.int8).reshape(1, 256)
FIRST = np.repeat(ALL[0], 256).reshape(1, -1)
SECOND = np.tile(ALL[0], 256).reshape(1, -1)

Case = tuple[str, Graph, list[np.ndarray]]


def int8(name: str, shape: tuple[int, ...], scale: float, zero_point: int, data=None) -> Tensor:
    """A tensor with one scale."""
    return Tensor(
        name,
        tuple(shape),
        np.dtype(np.int8),
        np.array([scale], np.float32),
        np.array([zero_point], np.int64),
        data=data,
    )


def one(kind: str, tensors: list[Tensor], inputs: int, constants: int = 0, **attributes: object) -> Graph:
    """A graph of one operator: its inputs, its constants, its output."""
    op = Op(kind, kind, tuple(range(inputs + constants)), (inputs + constants,), attributes)
    return Graph(kind, "tflm", tuple(tensors), (op,), tuple(range(inputs)), (inputs + constants,))


class Draw:
    """Random parameters of a case."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.ties = bool(seed % 2)

    def scale(self, low: float, high: float) -> np.float32:
        """A scale between powers of two; one of them in half of the cases."""
        power = self.rng.uniform(low, high)
        return np.float32(2.0 ** (round(power) if self.ties else power))

    def zero(self) -> int:
        """A zero point."""
        return int(self.rng.integers(-128, 128))

    def values(self, *shape: int) -> np.ndarray:
        """int8 of the full range."""
        return self.rng.integers(-128, 128, shape, dtype=np.int8)

    def one_of(self, *choices):
        """One of them."""
        return choices[int(self.rng.integers(len(choices)))]


def unary(count: int) -> Iterator[Case]:
    """All 256 inputs of every function of one int8."""
    for seed in range(count):
        draw = Draw(seed)
        x, out = (draw.scale(-9, 2), draw.zero()), (draw.scale(-9, 2), draw.zero())
        fine = (draw.scale(-4, 4) * x[0], draw.zero())
        for kind, target, attributes in (
            ("quantize", out, {}),
            ("relu", out, {}),
            ("relu6", x, {}),
            ("leaky_relu", out, {"alpha": float(np.float32(draw.rng.uniform(0.01, 0.9)))}),
            ("logistic", (1 / 256, -128), {}),
            ("tanh", (1 / 128, 0), {}),
            ("hard_swish", fine, {}),
        ):
            tensors = [int8("x", ALL.shape, *x), int8("y", ALL.shape, *target)]
            yield f"{kind}-{seed}", one(kind, tensors, 1, **attributes), [ALL]
        values = np.float32(out[0]) * (
            draw.rng.integers(-140, 140, (1, 256)) + draw.one_of(0.5, 0.25)
        ).astype(np.float32)
        tensors = [Tensor("x", (1, 256), np.dtype(np.float32)), int8("y", (1, 256), *out)]
        yield f"quantize_float-{seed}", one("quantize", tensors, 1), [values.astype(np.float32)]
        tensors = [int8("x", (1, 256), *out), Tensor("y", (1, 256), np.dtype(np.float32))]
        yield f"dequantize-{seed}", one("dequantize", tensors, 1), [ALL]


def pairs(count: int) -> Iterator[Case]:
    """All 65,536 pairs of int8."""
    for seed in range(count):
        draw = Draw(seed)
        a, b = (draw.scale(-6, 0), draw.zero()), (draw.scale(-6, 0), draw.zero())
        for kind in ("add", "sub", "mul"):
            factor = 2 * max(a[0], b[0]) if kind != "mul" else 64 * a[0] * b[0]
            out = (np.float32(factor * draw.scale(-4, 1)), draw.zero())
            activations = ("none", "relu", "relu6") + (("relu_n1_to_1",) if kind != "mul" else ())
            tensors = [int8("a", FIRST.shape, *a), int8("b", FIRST.shape, *b), int8("y", FIRST.shape, *out)]
            graph = one(kind, tensors, 2, activation=draw.one_of(*activations))
            yield f"{kind}-{seed}", graph, [FIRST, SECOND]
        for kind in ("maximum", "minimum"):
            tensors = [int8(name, FIRST.shape, *a) for name in "aby"]
            yield f"{kind}-{seed}", one(kind, tensors, 2), [FIRST, SECOND]


def rows(count: int) -> Iterator[Case]:
    """Softmax of rows with close and distant values, short and long."""
    for seed in range(count):
        draw = Draw(seed)
        columns = draw.one_of(2, 3, 10, 100)
        x = draw.values(16, columns)
        x[8:] = np.clip(x[8:, :1].astype(int) + draw.rng.integers(-6, 7, (8, columns)), -128, 127)
        tensors = [int8("x", x.shape, draw.scale(-7, 0), draw.zero()), int8("y", x.shape, 1 / 256, -128)]
        yield f"softmax-{seed}", one("softmax", tensors, 1, beta=1.0), [x]


def many_rows(networks: int = 20, count: int = 50_000) -> Iterator[Case]:
    """A million rows for softmax; the differences within a row from small to the whole range."""
    for seed in range(networks):
        draw = Draw(1000 + seed)
        columns = draw.one_of(2, 3, 5, 10, 30)
        spread = draw.rng.integers(1, 128, (count, 1))
        middle = draw.rng.integers(-128, 128, (count, 1))
        x = np.clip(middle + draw.rng.integers(-spread, spread + 1, (count, columns)), -128, 127)
        x = x.astype(np.int8)
        tensors = [int8("x", x.shape, draw.scale(-7, 0), draw.zero()), int8("y", x.shape, 1 / 256, -128)]
        yield f"rows-{seed}", one("softmax", tensors, 1, beta=1.0), [x]


def same(size: int, kernel: int, stride: int, dilation: int = 1) -> tuple[int, tuple[int, int]]:
    """Output size and padding of TensorFlow's SAME."""
    out = -(-size // stride)
    total = max(0, (out - 1) * stride + (kernel - 1) * dilation + 1 - size)
    return out, (total // 2, total - total // 2)


def window(draw: Draw, sizes: tuple[int, int], dilate: bool):
    """Output size and attributes of a random window operator."""
    kernel = tuple(int(draw.rng.integers(1, min(size, 5) + 1)) for size in sizes)
    stride = tuple(int(draw.rng.integers(1, 4)) for _ in sizes)
    dilation = (1, 1)
    if dilate and draw.rng.random() < 0.4:
        stride = (1, 1)
        dilation = tuple(
            1 if k == 1 else int(min(3, (size - 1) // (k - 1))) for k, size in zip(kernel, sizes)
        )
        dilation = tuple(max(1, d) for d in dilation)
    if draw.rng.random() < 0.5:
        outs, padding = zip(*(same(*part) for part in zip(sizes, kernel, stride, dilation)))
    else:
        padding = ((0, 0), (0, 0))
        outs = tuple(
            (size - (k - 1) * d - 1) // s + 1 for size, k, s, d in zip(sizes, kernel, stride, dilation)
        )
    return kernel, outs, {"stride": stride, "padding": padding} | ({"dilation": dilation} if dilate else {})


def weighted(count: int) -> Iterator[Case]:
    """Convolutions and fully connected layers: odd pads, clamps in the range, left shifts, lost factors."""
    for seed in range(count):
        draw = Draw(seed)
        height, width, channels = (int(draw.rng.integers(1, high)) for high in (10, 10, 6))
        x = draw.values(1, height, width, channels)
        source = draw.scale(-8, 0), draw.zero()
        target = draw.scale(-4, 2), draw.zero()
        # factors of a left shift, ordinary ones, and one that counts as 0
        span = draw.one_of((0, 3), (-9, -1), (-9, -1), (-40, -30))

        def constants(
            outputs: int,
            axis: int,
            shape: tuple[int, ...],
            draw=draw,
            span=span,
            target=target,
            source=source,
        ):
            scales = np.array([draw.scale(*span) for _ in range(outputs)], np.float32) * target[0] / source[0]
            weights = Tensor(
                "w",
                shape,
                np.dtype(np.int8),
                scales.astype(np.float32),
                np.zeros(outputs, np.int64),
                axis,
                np.maximum(draw.values(*shape), -127),
            )
            bias = Tensor(
                "b",
                (outputs,),
                np.dtype(np.int32),
                (scales * source[0]).astype(np.float32),
                np.zeros(outputs, np.int64),
                0,
                draw.rng.integers(-3000, 3000, outputs).astype(np.int32),
            )
            return weights, bias

        activation = draw.one_of("none", "relu", "relu6", "relu_n1_to_1")
        kernel, outs, attributes = window(draw, (height, width), True)
        outputs = int(draw.rng.integers(1, 7))
        w, b = constants(outputs, 0, (outputs, *kernel, channels))
        tensors = [int8("x", x.shape, *source), w, b, int8("y", (1, *outs, outputs), *target)]
        yield (
            f"conv-{seed}",
            one("conv", tensors, 1, 2, groups=1, activation=activation, **attributes),
            [x],
        )
        multiplier = draw.one_of(1, 1, 2, 8)
        w, b = constants(channels * multiplier, 3, (1, *kernel, channels * multiplier))
        tensors = [int8("x", x.shape, *source), w, b, int8("y", (1, *outs, channels * multiplier), *target)]
        graph = one("depthwise", tensors, 1, 2, multiplier=multiplier, activation=activation, **attributes)
        yield f"depthwise-{seed}", graph, [x]
        flat = draw.values(1, int(draw.rng.integers(1, 40)))
        w, b = constants(1, 0, (outputs, flat.shape[1]))
        b = Tensor(
            b.name,
            (outputs,),
            b.dtype,
            b.scale,
            b.zero_point,
            0,
            draw.rng.integers(-3000, 3000, outputs).astype(np.int32),
        )
        tensors = [int8("x", flat.shape, *source), w, b, int8("y", (1, outputs), *target)]
        graph = one("fully_connected", tensors, 1, 2, activation=activation, keep_dims=False)
        yield f"fully_connected-{seed}", graph, [flat]


def tied(count: int) -> Iterator[Case]:
    """Layers and slopes whose results are so close to a tie that the last bit of a factor decides.

    A factor near (k + 1/2) / a takes the sum a to a tie. The sums are biases: the input is its zero point.
    """
    for seed in range(count):
        draw = Draw(2 * seed)
        outputs = 64
        source, target = (draw.scale(-8, 0), draw.zero()), (draw.scale(-4, 2), 0)
        sums = draw.rng.integers(100, 250, outputs)
        halves = np.array([draw.rng.integers(s // 2 + 1, min(s, 127)) + 0.5 for s in sums])
        scales = (halves / sums * np.float64(target[0]) / np.float64(source[0])).astype(np.float32)
        signs = draw.rng.choice([-1, 1], outputs)
        x = np.full((1, 3), source[1], np.int8)
        weights = draw.values(outputs, 3)
        none = np.zeros(outputs, np.int64)
        w = Tensor("w", weights.shape, np.dtype(np.int8), scales, none, 0, np.maximum(weights, -127))
        bias = (sums * signs).astype(np.int32)
        b = Tensor("b", (outputs,), np.dtype(np.int32), scales * source[0], none, 0, bias)
        tensors = [int8("x", x.shape, *source), w, b, int8("y", (1, outputs), *target)]
        graph = one("fully_connected", tensors, 1, 2, activation="none", keep_dims=False)
        yield f"tied_fully_connected-{seed}", graph, [x]
        # factors that count as 0, and sums that are large enough to show it
        scales = np.array([2.0 ** draw.rng.uniform(-34, -31) for _ in range(outputs)])
        scales = (scales * np.float64(target[0]) / np.float64(source[0])).astype(np.float32)
        bias = (signs * draw.rng.integers(2**31 - 2**20, 2**31, outputs)).astype(np.int32)
        w = Tensor("w", weights.shape, np.dtype(np.int8), scales, none, 0, np.maximum(weights, -127))
        b = Tensor("b", (outputs,), np.dtype(np.int32), scales * source[0], none, 0, bias)
        tensors = [int8("x", x.shape, *source), w, b, int8("y", (1, outputs), *target)]
        graph = one("fully_connected", tensors, 1, 2, activation="none", keep_dims=False)
        yield f"lost_fully_connected-{seed}", graph, [x]
        value = int(draw.rng.integers(20, 120))
        half = int(draw.rng.integers(value // 4, value)) + 0.5
        grid, out = (draw.scale(-6, 0), 0), (draw.scale(-6, 0), 0)
        tied_out = np.float32(value / half * np.float64(grid[0])), 0
        if seed % 2:
            out = tied_out
        alpha = float(np.float32(half / value * np.float64(out[0]) / np.float64(grid[0])))
        tensors = [int8("x", ALL.shape, *grid), int8("y", ALL.shape, *out)]
        yield f"tied_leaky_relu-{seed}", one("leaky_relu", tensors, 1, alpha=alpha), [ALL]
        tensors = [int8("x", ALL.shape, *grid), int8("y", ALL.shape, *tied_out)]
        yield f"tied_quantize-{seed}", one("quantize", tensors, 1), [ALL]
        yield f"tied_mean-{seed}", *tied_mean(draw)


def tied_mean(draw: Draw) -> tuple[Graph, list[np.ndarray]]:
    """A mean whose sums tell a factor that is truncated after the division from one that is rounded."""
    while True:
        height, width = (int(draw.rng.integers(3, 40)) for _ in range(2))
        ratio = draw.scale(-1, 1)
        count = height * width
        fraction, exponent = np.frexp(np.float64(ratio))
        factor, bits = round(float(fraction) * 2**31), min(count.bit_length() - 1, 31 + int(exponent))
        right, last = bits - int(exponent), 127 * count - 1

        def means(factor: int, sums: np.ndarray, right: int = right) -> np.ndarray:
            high = (sums * factor + 2**30) >> 31
            return np.sign(high) * ((np.abs(high) + (1 << right >> 1)) >> right)

        if bits < exponent or factor == 2**31:
            continue
        truncated, rounded = (factor << bits) // count, ((factor << bits) + count // 2) // count
        if truncated == rounded:
            continue
        # the first sum of each result: if the factors agree on those, they agree on all
        highs = (np.arange(1, means(rounded, np.int64(last)) + 2) << right) - (1 << right >> 1)
        above = -((2**30 - (highs << 31)) // rounded)
        below = -((2**30 - (1 - highs << 31)) // rounded) - 1
        first = np.concatenate([above[above <= last], below[below >= -last - 1]])
        if np.array_equal(means(truncated, first), means(rounded, first)):
            continue
        sums = np.arange(-last - 1, last + 1, dtype=np.int64)
        told = sums[means(truncated, sums) != means(rounded, sums)]
        break
    chosen = told[np.linspace(0, len(told) - 1, min(16, len(told))).astype(int)]
    image = np.empty((count, len(chosen)), np.int8)
    for column, total in enumerate(chosen.tolist()):
        image[:, column] = total // count
        image[: total % count, column] += 1
    image = image.reshape(1, height, width, -1)
    tensors = [int8("x", image.shape, ratio, 0), int8("y", (1, 1, 1, image.shape[3]), 1.0, 0)]
    return one("mean", tensors, 1, axes=(1, 2), keep_dims=True), [image]


def pools(count: int) -> Iterator[Case]:
    """Averages, maxima and means: padded windows, ties of either sign, clamps."""
    for seed in range(count):
        draw = Draw(seed)
        height, width, channels = (int(draw.rng.integers(1, 16)) for _ in range(3))
        x = draw.values(1, height, width, channels)
        grid = draw.scale(-7, 0), draw.zero()
        kernel, outs, attributes = window(draw, (height, width), False)
        for kind in ("average_pool", "max_pool"):
            tensors = [int8("x", x.shape, *grid), int8("y", (1, *outs, channels), *grid)]
            activation = draw.one_of("none", "relu", "relu6")
            yield (
                f"{kind}-{seed}",
                one(kind, tensors, 1, kernel=kernel, activation=activation, **attributes),
                [x],
            )
        target = grid[0] * draw.scale(-2, 2), draw.zero()
        tensors = [int8("x", x.shape, *grid), int8("y", (1, 1, 1, channels), *target)]
        yield f"mean-{seed}", one("mean", tensors, 1, axes=(1, 2), keep_dims=True), [x]


def every() -> Iterator[Case]:
    """All cases whose answers are stored."""
    yield from unary(300)
    yield from pairs(24)
    yield from rows(100)
    yield from weighted(150)
    yield from pools(100)
    yield from tied(60)
