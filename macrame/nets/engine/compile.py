# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""A graph as a program of the network engine: what runs there, where its tensors lie, its jobs.

The engine runs one stretch of the network; what comes before it, as QUANTIZE of float32, and after it, as
SOFTMAX, is left to the host. A network with any other operator in between is rejected.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from macrame.contract import CoreConfig
from macrame.errors import InputError
from macrame.golden.arith.requantize import quantize_multiplier
from macrame.golden.quantized.layers import QuantisedLayer
from macrame.golden.quantized.windows import Windows
from macrame.host import arguments, elementwise_rules, engine_program
from macrame.host.engine_program import Job
from macrame.nets import elementwise, lower, operators
from macrame.nets.elementwise import Passes
from macrame.nets.engine import jobs, layout, memory
from macrame.nets.engine.jobs import At, Image
from macrame.nets.engine.layout import Layout
from macrame.nets.graph import Graph, Op

#: Operators that a host runs before or after the engine.
HOST = ("quantize", "dequantize", "softmax", "reshape")
WEIGHTED = ("conv", "depthwise", "fully_connected")
#: Operators that only rename the values of their input.
RENAMING = ("reshape",)
#: Operators that are products.
PRODUCTS = (*WEIGHTED, "average_pool", "mean")
#: Operators that read the words of their input in another order than they write those of the output.
MOVING = ("max_pool", "pad", "concatenation")


@dataclass(frozen=True)
class Step:
    """An operator of the engine, or a product and the elementwise operator that its results go through.

    Attributes
    ----------
    ops : tuple of int
        Their numbers in the graph; the last one's output is in the memory.
    jobs : tuple of Job
        None for one that only renames.
    """

    ops: tuple[int, ...]
    jobs: tuple[Job, ...] = ()


@dataclass(frozen=True)
class Program:
    """A network for one engine.

    Attributes
    ----------
    graph : Graph
    config : CoreConfig
    before, steps, after : tuple
        Numbers of the operators that the host runs first, the operators of the engine, and the host's last.
    inputs, outputs : tuple of int
        Tensors that the host writes to the memory, and those that it reads.
    places : mapping of int to At
        Where each tensor of the engine lies, while it does.
    words : int
        Words of memory used.
    image : bytes
        The program.
    """

    graph: Graph
    config: CoreConfig
    before: tuple[int, ...]
    steps: tuple[Step, ...]
    after: tuple[int, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    places: Mapping[int, At]
    words: int
    image: bytes = field(repr=False)

    def load(self, tensor: int, values: NDArray[np.int8]) -> NDArray[np.int8]:
        """The words of an input, shape (words, depth); the padding has the zero point."""
        return self.places[tensor].layout.bytes_of(
            values, self.config.depth, operators.grid(self.graph.tensors[tensor]).zero_point
        )

    def step_image(self, step: Step) -> bytes:
        """A program of one step with jobs, for an engine whose memory is as the steps before left it."""
        slices = max((count for job in step.jobs for count in job.chunks), default=0)
        return engine_program.image(step.jobs, depth=self.config.depth, words=self.words, slices=slices)

    def values(self, tensor: int, words: NDArray[np.int8]) -> NDArray[np.int8]:
        """A tensor from the memory, shape (words, depth)."""
        at = self.places[tensor]
        return at.layout.values(words, at.base)


class TooSmall(InputError):
    """The engine's memory is too small for a network."""


def compile_graph(
    graph: Graph, config: CoreConfig, words: int | None = None, *, fuse: bool = True
) -> Program:
    """A program for a network.

    Parameters
    ----------
    graph : Graph
    config : CoreConfig
        ROWS is 1 and COLS is DEPTH, an even number.
    words : int, optional
        Words of the engine's memory.
    fuse : bool
        Send the results of a product through the elementwise unit on their way to the memory, where an
        elementwise operator is the only one to use them. Otherwise every tensor is in the memory at a time.

    Returns
    -------
    Program

    Raises
    ------
    macrame.errors.InputError
        The engine cannot run the network, or it needs more memory; the message names the layer.
    """
    depth = config.depth
    if config.rows != 1 or config.cols != depth or depth not in (2, 4, 8):
        raise InputError(
            f"the engine's core is {config}, expected 1 row and 2, 4 or 8 columns, as many as depth"
        )
    words = None if words is None else arguments.count("words", words)
    return _Compiler(graph, config, words, fuse).program()


class _Compiler:
    """State of a compilation."""

    def __init__(self, graph: Graph, config: CoreConfig, words: int | None, fuse: bool) -> None:
        self.graph, self.config, self.words = graph, config, words
        self.depth = config.depth
        self.before, self.own, self.after = self._split()
        made = {t for i in self.own for t in graph.ops[i].outputs}
        used = {t for i in self.own for t in self._inputs(graph.ops[i])}
        wanted = {t for i in self.after for t in self._inputs(graph.ops[i])} | set(graph.outputs)
        self.inputs = tuple(sorted(used - made))
        self.outputs = tuple(sorted(wanted & made))
        self.roots: dict[int, int] = {}  # the tensor whose buffer each one uses
        self.layouts: dict[int, Layout] = {}
        self.fuse = fuse
        self.parts: list[Step] = []

    def _inputs(self, op: Op) -> list[int]:
        """Its inputs that are no constants."""
        return [i for i in op.inputs if i is not None and self.graph.tensors[i].data is None]

    def _refuse(self, op: Op, why: str) -> InputError:
        return InputError(f"{op.name}: {why}")

    def _split(self) -> tuple[tuple[int, ...], list[int], tuple[int, ...]]:
        """Operators before, of and after the engine."""
        ops = self.graph.ops
        known, before = set(self.graph.inputs), []
        for i, op in enumerate(ops):
            floats = any(self.graph.tensors[t].dtype != np.int8 for t in self._inputs(op))
            if op.kind in HOST and floats and set(self._inputs(op)) <= known:
                before.append(i)
                known |= set(op.outputs)
        needed: set[int] = set()
        after = []
        for i in reversed(range(len(ops))):
            op = ops[i]
            last = not any(t in needed for t in op.outputs)
            if i not in before and op.kind in HOST and last and op.kind != "quantize":
                after.append(i)
            elif i not in before:
                needed |= set(self._inputs(op))
        own = [i for i in range(len(ops)) if i not in before and i not in after]
        # a reshape at the very end has no buffer of its own, and may as well be the host's
        return tuple(before), own, tuple(reversed(after))

    # --- what the engine can do ---------------------------------------------------------------------------

    def _check(self, op: Op) -> None:
        graph = self.graph
        for t in (*self._inputs(op), *op.outputs):
            tensor = graph.tensors[t]
            if tensor.dtype != np.int8:
                raise self._refuse(op, f"{tensor.name} is {tensor.dtype}, which the engine does not support")
        if op.kind in WEIGHTED:
            w = operators.weights_of(graph, op)
            if w.min(initial=0) < -128 or w.max(initial=0) > 127:
                raise self._refuse(op, "weights minus their zero point exceed int8")
        if op.kind in ("conv", "depthwise", "average_pool", "max_pool") and graph.input(op).shape[0] != 1:
            raise self._refuse(op, f"a batch of {graph.input(op).shape[0]}, expected 1")
        if op.kind in (*PRODUCTS, *RENAMING, "pad", "concatenation"):
            if op.kind == "average_pool" and graph.runtime != "tflm":
                raise self._refuse(op, f"{op.kind} of {graph.runtime} does not run on the engine")
            return
        self._passes(op)
        if op.kind != "max_pool":
            shapes = {graph.tensors[t].shape for t in self._inputs(op)}
            if len(shapes) != 1 or len(self._inputs(op)) != len([i for i in op.inputs if i is not None]):
                raise self._refuse(
                    op, "its operands differ in shape or one is constant, which the engine does not support"
                )

    def _passes(self, op: Op) -> Passes:
        """An operator of the elementwise unit."""
        passes = elementwise.lower(self.graph, op)
        if isinstance(passes, Passes):
            return passes
        why = "" if passes is None else f": {passes.reason}"
        raise self._refuse(op, f"{op.kind} does not run on the engine{why}")

    # --- layouts ------------------------------------------------------------------------------------------

    def _consumers(self, tensor: int) -> list[Op]:
        return [self.graph.ops[i] for i in self.own if tensor in self._inputs(self.graph.ops[i])]

    def _image(self, op: Op) -> Image:
        out = self.graph.output(op).shape
        return Image.of(self.graph.input(op).shape, out, operators.windows_of(self.graph, op))

    def _groups(self) -> int:
        return -(-self.config.cols // self.config.post_lanes)

    def _lay_out(self, tensor: int) -> Layout:
        """The layout of a tensor that has a buffer of its own."""
        shape = self.graph.tensors[tensor].shape
        consumers = self._consumers(tensor)
        outside = tensor in self.outputs
        if consumers and not outside and all(self._pairable(op) for op in consumers):
            shifts = {self._image(op).windows.padding[1][0] % 2 for op in consumers}
            if len(shifts) == 1 and self._makes_pairs(tensor):
                return layout.pairs(shape, self.depth, shifts.pop())
        if tensor in self.inputs and len(consumers) == 1 and consumers[0].kind == "conv":
            return self._first(consumers[0])
        slack = 1 if any(self._is_paired(op) for op in self.graph.ops if tensor in op.outputs) else 0
        return layout.plain(shape, self.depth, slack)

    def _pairable(self, op: Op) -> bool:
        """Whether an operator is faster where its input lies in pairs."""
        if op.kind != "depthwise":
            return False
        image = self._image(op)
        if not jobs.paired(image, op.attributes["multiplier"]):
            return False
        channels, wide = self.graph.input(op).shape[3], image.out[1]
        kernel = image.windows.kernel[0] * image.windows.kernel[1]
        plain = -(-channels // self.depth) * wide * max(kernel, self._groups())
        half = -(-channels // (self.depth // 2))
        return half * -(-wide // 2) * max(jobs.pair_slices(image), self._groups()) < plain

    def _is_paired(self, op: Op) -> bool:
        return op.kind == "depthwise" and self.layouts[self._root(self._inputs(op)[0])].kind == "pairs"

    def _makes_pairs(self, tensor: int) -> bool:
        """Whether a tensor may be written in pairs: by a convolution, pixel by pixel, or by the host."""
        if tensor in self.inputs:
            return True
        (op,) = [op for op in self.graph.ops if tensor in op.outputs]
        if op.kind not in ("conv", "depthwise", "average_pool") or self._whole(op) is None:
            return False
        source = self.layouts[self._root(self._inputs(op)[0])]
        # not from pairs to pairs, nor a column from several
        single = self.graph.output(op).shape[2] == 1
        return source.kind != "pairs" and (not single or self.graph.input(op).shape[2] == 1)

    def _whole(self, op: Op) -> Windows | None:
        """The windows of an operator if one job computes all of its pixels."""
        windows = operators.windows_of(self.graph, op)
        if op.kind == "average_pool" and any(any(side) for side in windows.padding):
            return None
        limit = self.config.k_max // self.depth
        x = self.graph.input(op).shape
        words = -(-x[3] // self.depth) if op.kind == "conv" else 1
        return windows if windows.kernel[0] * windows.kernel[1] * words <= limit else None

    def _first(self, op: Op) -> Layout:
        """The layout of the network's input, where a convolution reads it: that of the fewest cycles."""
        graph, image = self.graph, self._image(op)
        shape = graph.input(op).shape
        found = [layout.plain(shape, self.depth)]
        if shape[3] <= self.depth // 2:
            found.append(layout.thin(shape, self.depth))
        if image.windows.dilation[0] == 1 and image.size == (shape[1], shape[2]):
            found.append(layout.gathered(shape, self.depth, image.windows, image.out))
        return min(found, key=lambda one: (self._conv_cycles(op, one), one.words))

    def _conv_cycles(self, op: Op, one: Layout) -> int:
        """About the cycles of a convolution of one of the network's inputs."""
        w, layer = operators.weights_of(self.graph, op), lower.int8_layer(self.graph, op)
        image = self._image(op)
        out = At(layout.plain(self.graph.output(op).shape, self.depth), 0)
        total = 0
        for job in jobs.conv(At(one, 0), out, image, _turned(w, self.graph, op), layer, self.config):
            panels, rows, columns = job.loops
            slices = sum(job.chunks)
            beats = slices + engine_program.record_beats(self.depth) * len(job.chunks)
            total += panels * max(rows * columns * max(slices, self._groups()), beats)
        return total

    # --- places -------------------------------------------------------------------------------------------

    def _root(self, tensor: int) -> int:
        while tensor in self.roots:
            tensor = self.roots[tensor]
        return tensor

    def program(self) -> Program:
        """The program."""
        graph = self.graph
        for i in self.own:
            self._check(graph.ops[i])
        for t in self.inputs:
            self.layouts[t] = self._lay_out(t)
        for i in self.own:
            op = graph.ops[i]
            for t in op.outputs:
                if op.kind in RENAMING:
                    self.roots[t] = self._inputs(op)[0]
                    source = self.layouts[self._inputs(op)[0]]
                    if source.kind != "plain":
                        raise self._refuse(op, f"{op.kind} of a tensor that is not in the plain layout")
                    self.layouts[t] = self._renamed(op, source, graph.tensors[t].shape)
                else:
                    self.layouts[t] = self._lay_out(t)
        self.parts = list(self._fused())
        places, words = self._place()
        steps = []
        written: set[int] = set()  # since the latest wait
        for part in self.parts:
            made = list(self._part(part, places))
            if made:
                wait = any(self._root(t) in written for t in self._reads(part))
                made[0] = replace(made[0], wait=wait)
                if any(job.wait for job in made):
                    written.clear()
                written.add(self._root(self._made(part)))
            steps.append(replace(part, jobs=tuple(made)))
        every = [job for step in steps for job in step.jobs]
        if not every:
            raise InputError(f"{graph.name}: none of its operators runs on the engine")
        slices = max((count for job in every for count in job.chunks), default=0)
        image = engine_program.image(every, depth=self.depth, words=words, slices=slices)
        return Program(
            graph,
            self.config,
            self.before,
            tuple(steps),
            self.after,
            self.inputs,
            self.outputs,
            places,
            words,
            image,
        )

    # --- products whose results go through the elementwise unit -------------------------------------------

    def _reads(self, part: Step) -> list[int]:
        """Tensors that a step reads."""
        made = {t for i in part.ops for t in self.graph.ops[i].outputs}
        return [t for i in part.ops for t in self._inputs(self.graph.ops[i]) if t not in made]

    def _made(self, part: Step) -> int:
        """The tensor that it leaves in the memory."""
        return self.graph.ops[part.ops[-1]].outputs[0]

    def _fused(self) -> Iterator[Step]:
        """The steps: each operator, or two of them, in the place of the second."""
        producer: dict[int, int] = {}
        for i in self.own:
            op = self.graph.ops[i]
            if self.fuse and self._elementwise(op):
                found = [own for t in self._inputs(op) if (own := self._product_of(t, op)) is not None]
                if found:
                    producer[i] = max(found, key=self._slices)
        for i in self.own:
            if i in producer:
                yield Step((producer[i], i))
            elif i not in producer.values():
                yield Step((i,))

    def _elementwise(self, op: Op) -> bool:
        """Whether an operator is one pass over words of one layout."""
        if op.kind in (*PRODUCTS, *RENAMING, *MOVING):
            return False
        return len({self.layouts[t] for t in (*self._inputs(op), *op.outputs)}) == 1

    def _product_of(self, tensor: int, user: Op) -> int | None:
        """The operator that makes a tensor if that is a product, and only `user` reads the tensor, once."""
        graph = self.graph
        makers = [i for i in self.own if tensor in graph.ops[i].outputs]
        if not makers or graph.ops[makers[0]].kind not in PRODUCTS or tensor in self.outputs:
            return None
        if len(self._consumers(tensor)) != 1 or self._inputs(user).count(tensor) != 1:
            return None
        # a second operand is read in whole words
        halves = self._is_paired(graph.ops[makers[0]]) or self.layouts[tensor].kind == "pairs"
        return None if halves and len(self._inputs(user)) > 1 else makers[0]

    def _slices(self, i: int) -> int:
        """Slices of a product's windows: the more there are, the more time the elementwise unit has."""
        op = self.graph.ops[i]
        if op.kind not in WEIGHTED:
            return int(np.prod(self.graph.input(op).shape[1:3]))
        return int(np.prod(self.graph.input(op, 1).shape[1:]))

    def _part(self, part: Step, places: Mapping[int, At]) -> Iterator[Job]:
        graph = self.graph
        if len(part.ops) == 1:
            yield from self._jobs(graph.ops[part.ops[0]], places)
            return
        product, op = (graph.ops[i] for i in part.ops)
        (rule,) = self._passes(op).rules
        out, (middle,) = places[op.outputs[0]], product.outputs
        if self._inputs(op)[0] != middle and rule.table_b is not None:
            rule = replace(rule, table_a=rule.table_b, table_b=rule.table_a)
        others = [places[t] for t in self._inputs(op) if t != middle]
        for job in self._jobs(product, {**places, middle: out}):
            second = None
            if others:
                second = replace(job.target, base=job.target.base - out.base + others[0].base)
            yield replace(job, rule=rule, second=second)

    # --- places of buffers --------------------------------------------------------------------------------

    def _renamed(self, op: Op, source: Layout, shape: tuple[int, ...]) -> Layout:
        """The layout of other axes of the same values."""
        plain = layout.plain(shape, self.depth)
        offsets = source.offsets.reshape(shape)
        if np.array_equal(plain.offsets, offsets):
            return replace(plain, words=source.words)
        consumers = self._consumers(op.outputs[0])
        flat = all(
            c.kind == "fully_connected" and self.graph.input(c, 1).shape[1] == offsets.size for c in consumers
        )
        if not flat:
            raise self._refuse(op, "its channels do not fill whole words in the new shape")
        return replace(plain, words=source.words, offsets=offsets)

    def _place(self) -> tuple[dict[int, At], int]:
        """Buffers by the steps in which they live; an elementwise result takes the place of an operand."""
        graph, parts = self.graph, self.parts
        end = len(parts)
        tensors = [*self.inputs, *(self._made(part) for part in parts)]
        first = dict.fromkeys(self.inputs, -1)
        last = dict.fromkeys(self.outputs, end)
        for step, part in enumerate(parts):
            first.setdefault(self._made(part), step)
            last.setdefault(self._made(part), step)
            for t in self._reads(part):
                last[t] = max(last.get(t, step), step)
        root = {t: self._root(t) for t in tensors}
        for step, part in enumerate(parts):
            op = graph.ops[part.ops[-1]]
            if not self._elementwise(op):
                continue
            for t in self._inputs(op):
                shared = [u for u in tensors if t in root and root[u] == root[t]]
                if shared and all(last[u] <= step for u in shared) and self._alone(part, shared):
                    old = root[op.outputs[0]]
                    for u in tensors:
                        if root[u] == old:
                            root[u] = root[t]
                    break
        chosen = sorted(set(root.values()))
        buffers = []
        for r in chosen:
            members = [t for t in tensors if root[t] == r]
            size = max(self.layouts[t].words for t in members)
            buffers.append(memory.Buffer(size, min(first[t] for t in members), max(last[t] for t in members)))
        bases, words = memory.place(buffers)
        if self.words is not None and words > self.words:
            step = max(
                range(-1, end + 1), key=lambda s: sum(b.words for b in buffers if b.first <= s <= b.last)
            )
            name = graph.ops[parts[min(max(step, 0), end - 1)].ops[-1]].name
            raise TooSmall(
                f"{name}: needs {words * self.depth} bytes of memory, "
                f"but the engine has {self.words * self.depth}"
            )
        base = dict(zip(chosen, bases))
        return {t: At(self.layouts[t], base[root[t]]) for t in tensors}, words

    def _alone(self, part: Step, shared: Sequence[int]) -> bool:
        """Whether a step reads a buffer only as an elementwise operand, not in windows."""
        if len(part.ops) == 1:
            return True
        return not set(shared) & set(self._inputs(self.graph.ops[part.ops[0]]))

    # --- jobs ---------------------------------------------------------------------------------------------

    def _jobs(self, op: Op, places: Mapping[int, At]) -> Iterator[Job]:
        graph, config = self.graph, self.config
        if op.kind in RENAMING:
            return
        x, out = places[self._inputs(op)[0]], places[op.outputs[0]]
        if op.kind in WEIGHTED:
            layer, w = lower.int8_layer(graph, op), operators.weights_of(graph, op)
            if op.kind == "fully_connected":
                found = jobs.fully_connected(x, out, w, layer, config)
            elif op.kind == "conv":
                dense = _ungrouped(_turned(w, graph, op), op.attributes.get("groups", 1))
                found = jobs.conv(x, out, self._image(op), dense, layer, config)
            else:
                turned = _turned(w, graph, op)[0]
                multiplier = op.attributes["multiplier"]
                found = jobs.depthwise(x, out, self._image(op), turned, layer, config, multiplier)
            yield from _without_wait(found)
        elif op.kind == "average_pool":
            yield from _without_wait(self._average(op, x, out))
        elif op.kind == "mean":
            yield from _without_wait(self._mean(op, x, out))
        elif op.kind == "max_pool":
            yield from self._max_pool(op, x, out)
        elif op.kind == "pad":
            yield self._pad(op, x, out)
        elif op.kind == "concatenation":
            yield from _without_wait(self._concatenation(op, places))
        else:
            (rule,) = self._passes(op).rules
            second = places[self._inputs(op)[-1]] if rule.op in elementwise_rules.TAKES_Y else None
            if len({places[t].layout for t in (*self._inputs(op), op.outputs[0])}) > 1:
                raise self._refuse(op, "its operands have different layouts")
            yield from _without_wait(jobs.elementwise(x, second, out, rule))

    def _average(self, op: Op, x: At, out: At) -> Iterator[Job]:
        """A product per region whose windows have the same number of cells inside the image."""
        graph = self.graph
        shape, to = graph.input(op).shape, graph.output(op).shape
        windows = operators.windows_of(graph, op)
        low, high = operators.clamp_of(graph, op)
        for rows in lower.runs(shape[1], windows.kernel[0], windows.stride[0], windows.padding[0], to[1]):
            for columns in lower.runs(
                shape[2], windows.kernel[1], windows.stride[1], windows.padding[1], to[2]
            ):
                cells = rows[2] * columns[2]
                multiplier, shift = quantize_multiplier(np.full(to[3], 1 / (2 * cells)))
                layer = QuantisedLayer(
                    np.zeros(to[3], np.int32), multiplier, shift, 0, 0, low, high, "gemmlowp"
                )
                region = (rows[0].stop - rows[0].start, columns[0].stop - columns[0].start)
                part = Image((shape[1], shape[2]), region, Windows((rows[2], columns[2]), windows.stride))
                yield from jobs.depthwise(
                    x,
                    out,
                    part,
                    np.full((rows[2], columns[2], shape[3]), 2),
                    layer,
                    self.config,
                    start=(rows[1].start, columns[1].start),
                    pixel=(rows[0].start, columns[0].start),
                    columns=to[2],
                )

    def _mean(self, op: Op, x: At, out: At) -> Iterator[Job]:
        graph = self.graph
        shape = graph.input(op).shape
        layer = lower.mean_layer(graph, op)
        if layer is None:
            raise self._refuse(op, "a mean over axes other than the pixels does not run on the engine")
        size = (x.layout.height, x.layout.width)
        w = np.ones((*size, shape[-1]), np.int64)
        yield from jobs.depthwise(x, out, Image(size, (1, 1), Windows(size)), w, layer, self.config)

    def _max_pool(self, op: Op, x: At, out: At) -> Iterator[Job]:
        """A pass per cell of a window: the first copies it, the others take the maximum with the result."""
        passes = self._passes(op)
        windows = operators.windows_of(self.graph, op)
        shape = self.graph.input(op).shape
        image = Image((shape[1], shape[2]), _sides(self.graph.output(op).shape), windows)
        cells = [(i, j) for i in range(windows.kernel[0]) for j in range(windows.kernel[1])]
        for number, cell in enumerate(cells):
            rule = elementwise_rules.maximum() if number else _copy()
            if number == len(cells) - 1:
                limits = passes.rules[-1]
                rule = replace(rule, clamp_low=limits.clamp_low, clamp_high=limits.clamp_high)
            second = out if number else None
            yield jobs.moved(x, out, image, rule, -128, cell, second, x.layout.pixel)

    def _pad(self, op: Op, x: At, out: At) -> Job:
        graph = self.graph
        shape, padding = graph.input(op).shape, op.attributes["padding"]
        if len(shape) != 4 or shape[0] != 1 or any(padding[0]) or any(padding[3]):
            raise self._refuse(op, "padding of axes other than rows and columns does not run on the engine")
        zero = operators.grid(graph.output(op)).zero_point
        windows = Windows((1, 1), padding=(padding[1], padding[2]))
        image = Image((shape[1], shape[2]), _sides(graph.output(op).shape), windows)
        fill = int(op.attributes.get("value", zero))
        return jobs.moved(x, out, image, _copy(), fill, (0, 0), None, x.layout.pixel)

    def _concatenation(self, op: Op, places: Mapping[int, At]) -> Iterator[Job]:
        graph = self.graph
        out = places[op.outputs[0]]
        shape = graph.output(op).shape
        axis = op.attributes["axis"] % len(shape)
        position = 0
        for t in self._inputs(op):
            x, own = places[t], graph.tensors[t].shape
            lead = int(np.prod(shape[:axis]))
            if axis == len(shape) - 1:
                if position % self.depth:
                    raise self._refuse(op, f"the channels from {position} on do not start on a whole word")
                run, to, step = x.layout.pixel, position // self.depth, out.layout.pixel
            else:
                inner = int(np.prod(shape[axis + 1 : -1])) * out.layout.pixel
                run, to, step = own[axis] * inner, position * inner, shape[axis] * inner
            yield jobs.copied(x.base, run, out.base + to, step, lead, run, _copy())
            position += own[axis]


def _copy() -> elementwise_rules.Rule:
    """Its operand, by the tables of a maximum."""
    return replace(elementwise_rules.maximum(), op="table")


def _sides(shape: tuple[int, ...]) -> tuple[int, int]:
    """Rows and columns of a tensor NHWC."""
    return shape[1], shape[2]


def _without_wait(found: Iterator[Job]) -> Iterator[Job]:
    for job in found:
        yield replace(job, wait=False)


def _turned(w: NDArray[np.int64], graph: Graph, op: Op) -> NDArray[np.int64]:
    """Weights OHWI with the axes of the image: a single column is a single row."""
    one = graph.input(op).shape[2] == 1 and graph.output(op).shape[2] == 1
    return w.transpose(0, 2, 1, 3) if one else w


def _ungrouped(w: NDArray[np.int64], groups: int) -> NDArray[np.int64]:
    """Weights over all input channels, 0 outside of a group's own."""
    if groups == 1:
        return w
    outputs, inputs = w.shape[0] // groups, w.shape[3]
    full = np.zeros((*w.shape[:3], inputs * groups), np.int64)
    for g in range(groups):
        own = slice(g * outputs, (g + 1) * outputs)
        full[own, ..., g * inputs : (g + 1) * inputs] = w[own]
    return full


def inputs_of(program: Program, values: Sequence[NDArray[np.int8]]) -> dict[int, NDArray[np.int8]]:
    """The values of the tensors that the host writes, from those of the network's inputs.

    Parameters
    ----------
    program : Program
    values : sequence of ndarray
        Of the graph's inputs.

    Returns
    -------
    dict of int to ndarray

    Raises
    ------
    macrame.errors.InputError
        An input has another dtype or shape than its tensor.
    """
    graph = program.graph
    graph.check_inputs(values)
    known = dict(zip(graph.inputs, values))
    operators.evaluate_all(graph, (graph.ops[i] for i in program.before), known)
    return {t: known[t] for t in program.inputs}
