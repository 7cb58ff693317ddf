# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Random networks for the engine: layers with branches, of odd sizes, few channels, every stride."""

import numpy as np

from tests.nets.small import Net

NONE = ((0, 0), (0, 0))


class Chain(Net):
    """A network that grows at its end."""

    def __init__(self, seed, shape):
        super().__init__(seed)
        self.last = self.tensor("x", shape)

    @property
    def shape(self):
        """Of the latest tensor."""
        return self.tensors[self.last].shape

    def draw(self, *choices):
        """One of some numbers."""
        return choices[int(self.rng.integers(len(choices)))]

    def add_op(self, kind, sides, inputs=None, same=False, **attributes):
        """An operator on the latest tensor; its output is the latest from now on."""
        inputs = (self.last,) if inputs is None else inputs
        more = (
            {} if same else dict(scale=0.3 + 0.4 * self.rng.random(), zero_point=self.rng.integers(-20, 21))
        )
        if same:
            old = self.tensors[inputs[0]]
            more = dict(scale=old.scale[0], zero_point=old.zero_point[0])
        y = self.tensor(f"{kind}{len(self.ops)}", sides, **more)
        self.op(kind, inputs, (y,), **attributes)
        self.last = y
        return y

    def windows(self, kernel=None, stride=None, padding=None):
        """Attributes of a window operator and the sides of its output."""
        sides = self.shape[1:3]
        kernel = kernel or tuple(int(self.rng.integers(1, min(4, side) + 1)) for side in sides)
        stride = stride or (self.draw(1, 1, 1, 2, 3), self.draw(1, 1, 1, 2, 3))
        pads, outs = [], []
        for axis, (side, k, s) in enumerate(zip(sides, kernel, stride)):
            before, after = padding[axis] if padding else (int(self.rng.integers(0, k)) for _ in range(2))
            pads.append((before, after))
            outs.append((side + before + after - k) // s + 1)
        return kernel, tuple(outs), dict(stride=stride, padding=tuple(pads))

    def conv(self, outputs, *windows):
        """A convolution."""
        x, (kernel, outs, more) = self.last, self.windows(*windows)
        w = self.weights((outputs, *kernel, self.shape[3]))
        b = self.bias(outputs, x, w)
        more |= dict(dilation=(1, 1), groups=1, activation=self.draw("none", "relu"))
        return self.add_op("conv", (1, *outs, outputs), (x, w, b), **more)

    def depthwise(self, *windows):
        """A depthwise convolution."""
        x, (kernel, outs, more) = self.last, self.windows(*windows)
        channels = self.shape[3]
        w = self.weights((1, *kernel, channels), 3)
        b = self.bias(channels, x, w)
        more |= dict(dilation=(1, 1), multiplier=1, activation="none")
        return self.add_op("depthwise", (1, *outs, channels), (x, w, b), **more)

    def residual(self):
        """A branch of a convolution, and the sum or the maximum of both."""
        x, channels = self.last, self.shape[3]
        w = self.weights((channels, 1, 1, channels))
        more = dict(stride=(1, 1), padding=NONE, dilation=(1, 1), groups=1, activation="none")
        y = self.add_op("conv", self.shape, (x, w, self.bias(channels, x, w)), **more)
        kind = self.draw("add", "sub", "mul")
        return self.add_op(kind, self.shape, self.draw((x, y), (y, x)), activation="relu")

    def step(self):
        """A random layer."""
        kind = self.draw("conv", "conv", "depthwise", "depthwise", "residual", "pool", "unary")
        if kind == "conv":
            self.conv(self.draw(1, 3, 4, 8, 9, 16))
        elif kind == "depthwise":
            self.depthwise(None, self.draw((1, 1), (1, 1), (2, 2), (1, 2)))
        elif kind == "residual":
            self.residual()
        elif kind == "pool":
            kind = self.draw("average_pool", "max_pool")
            kernel, outs, more = self.windows()
            shape = (1, *outs, self.shape[3])
            self.add_op(kind, shape, same=True, kernel=kernel, activation="none", **more)
        else:
            kind, attributes = self.draw(("relu", {}), ("leaky_relu", {"alpha": 0.25}), ("hard_swish", {}))
            self.add_op(kind, self.shape, **attributes)

    def head(self):
        """A mean or a reshape, and a fully connected layer."""
        height, width, channels = self.shape[1:]
        if self.draw(True, False):
            self.add_op("mean", (1, channels), axes=(1, 2), keep_dims=False)
        else:
            flat = height * width * channels
            self.add_op("reshape", (1, flat), same=True, shape=(1, flat))
        x = self.last
        w = self.weights((5, self.shape[1]), channels=False)
        return self.add_op("fully_connected", (1, 5), (x, w, None), activation="none", keep_dims=False)


def network(seed):
    """A random network, and values for its input."""
    rng = np.random.default_rng(seed)
    shape = (1, int(rng.integers(1, 9)), int(rng.integers(1, 9)), int(rng.choice([1, 2, 3, 5, 8, 12])))
    net = Chain(seed, shape)
    for _ in range(int(rng.integers(2, 6))):
        net.step()
    if seed % 3:
        net.head()
    return net.graph(), rng.integers(-128, 128, shape).astype(np.int8)


def separable():
    """Layers whose tensors lie in pairs, of an odd width, and a sum of two branches."""
    net = Chain(5, (1, 6, 7, 3))
    one, same, left = (
        ((1, 1), (1, 1), NONE),
        ((3, 3), (1, 1), ((1, 1), (1, 1))),
        ((1, 2), (1, 1), ((0, 0), (1, 0))),
    )
    net.conv(12, *same)
    net.depthwise(*same)
    x = net.conv(12, *one)
    net.depthwise(*left)
    first = net.conv(9, *one)
    net.last = x
    net.depthwise((3, 2), (1, 1), ((2, 0), (1, 0)))
    second = net.conv(9, *same)
    net.add_op("add", net.shape, (first, second), activation="none")
    return net.graph()
