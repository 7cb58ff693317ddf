# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Run a network: layer by layer on the core, each result compared with the golden model and a reference."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from macrame.contract import CoreConfig
from macrame.errors import InputError, shown
from macrame.host.core import Core, Product, Report
from macrame.host.elementwise import ElementwiseUnit
from macrame.nets import elementwise, lower, operators
from macrame.nets.elementwise import Passes, Unsuitable
from macrame.nets.graph import Graph, Op
from macrame.nets.lower import Lowered

Values = NDArray[Any]

CORE, ELEMENTWISE, HOST, GOLDEN = "core", "elementwise", "host", "golden"


class Backend(Protocol):
    """Where the operators of a network are computed."""

    def products(self, lowered: Lowered, x: Values, out: Values) -> Report:
        """Compute the products of an operator into `out`; the core's counters."""

    def elementwise(
        self, graph: Graph, op: Op, passes: Passes, values: Sequence[Values]
    ) -> tuple[Values, int, int] | None:
        """Compute an elementwise operator: its result, its cycles, those predicted; None: the host does."""


@dataclass(frozen=True)
class Difference:
    """Values that differ from those expected.

    Attributes
    ----------
    tensor : str
    count, of : int
        How many differ, of how many.
    index : tuple of int
        The first of them, counted from 0.
    expected, got : int or float
    """

    tensor: str
    count: int
    of: int
    index: tuple[int, ...]
    expected: float
    got: float


@dataclass(frozen=True)
class LayerRun:
    """What happened to an operator.

    Attributes
    ----------
    name, kind : str
    shape : tuple of int
        Of its output.
    where : {"core", "elementwise", "host"}
    form : str
        How it was lowered.
    note : str
        Why the elementwise unit did not compute it.
    macs : int
    cycles, predicted : int or None
        Counted by the hardware, and predicted.
    utilisation : float or None
        `macs` over the multiplications that the core could have done.
    stream_bytes : int
        Bytes of operands and results on the streams.
    seconds : float
    golden, reference : Difference or None
        The first difference from the golden model and from the reference.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    where: str
    form: str = ""
    note: str = ""
    macs: int = 0
    cycles: int | None = None
    predicted: int | None = None
    utilisation: float | None = None
    stream_bytes: int = 0
    seconds: float = 0.0
    golden: Difference | None = None
    reference: Difference | None = None


@dataclass
class CoreBackend:
    """Products on a core, and elementwise operators on a unit, each at the end of a link.

    Attributes
    ----------
    core : macrame.host.core.Core
    unit : callable, optional
        Returns the elementwise unit, when one is first needed; without it the host computes.
    fifo_depth : int
        FIFO_DEPTH of that unit.
    latest : list of (macrame.host.core.Product, ndarray)
        The products of the latest operator on the core, and their results.
    """

    core: Core
    unit: Callable[[], ElementwiseUnit] | None = None
    fifo_depth: int = 32
    latest: list[tuple[Product, Values]] = field(default_factory=list)

    def products(self, lowered: Lowered, x: Values, out: Values) -> Report:
        """Compute the products in one transfer."""
        matrices = [job.matrices(x) for job in lowered.jobs]
        products = [Product(a, w, job.layer) for (a, w), job in zip(matrices, lowered.jobs)]
        results, report = self.core.layer(products)
        self.latest = list(zip(products, results))
        for job, result in zip(lowered.jobs, results):
            job.place(out, result)
        return report

    def elementwise(
        self, graph: Graph, op: Op, passes: Passes, values: Sequence[Values]
    ) -> tuple[Values, int, int] | None:
        """Compute the passes, if there is a unit."""
        if self.unit is None:
            return None
        return elementwise.run(self.unit(), self.fifo_depth, graph, op, passes, values)


@dataclass
class Network:
    """A network on one core: its operators are lowered once, and run as often as wanted.

    Attributes
    ----------
    graph : Graph
    config : CoreConfig
    lowered : list of Lowered or None
        Products, by operator.
    passes : list of Passes, Unsuitable or None
        Passes of the elementwise unit, by operator.
    constants : list of Constants or None
        Layers and weights of the golden model, by operator.
    """

    graph: Graph
    config: CoreConfig
    lowered: list[Lowered | None] = field(default_factory=list)
    passes: list[Passes | Unsuitable | None] = field(default_factory=list)
    constants: list[operators.Constants | None] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.lowered = [lower.lower(self.graph, op, self.config) for op in self.graph.ops]
        self.passes = [elementwise.lower(self.graph, op) for op in self.graph.ops]
        self.constants = [operators.constants_of(self.graph, op) for op in self.graph.ops]

    @property
    def predicted(self) -> int:
        """Cycles of all products of one inference."""
        return sum(part.cycles for part in self.lowered if part is not None)

    def run(
        self,
        inputs: Sequence[Values],
        backend: Backend | None,
        *,
        reference: Mapping[int, Values] | None = None,
        told: Callable[[LayerRun], object] | None = None,
        stop: str | None = None,
    ) -> tuple[list[LayerRun], dict[int, Values]]:
        """Run one inference.

        Parameters
        ----------
        inputs : sequence of ndarray
            Of the graph's inputs.
        backend : Backend or None
            None: the golden model only.
        reference : mapping of int to ndarray, optional
            Expected values of some tensors, by number.
        told : callable, optional
            Called with each layer as it is done.
        stop : str, optional
            Name of the last operator to run.

        Returns
        -------
        list of LayerRun
        dict of int to ndarray
            The values of every tensor computed, by number.

        Raises
        ------
        macrame.errors.InputError
            An input has another dtype or shape than its tensor, or the runtime itself cannot compute an
            operator with these values.
        """
        graph = self.graph
        graph.check_inputs(inputs)
        if stop is not None and stop not in (op.name for op in graph.ops):
            raise InputError(f"stop is {shown(stop)}, expected the name of an operator")
        values: dict[int, Values] = {
            i: tensor.data for i, tensor in enumerate(graph.tensors) if tensor.data is not None
        }
        values.update(zip(graph.inputs, inputs))
        layers = []
        prepared = zip(graph.ops, self.lowered, self.passes, self.constants)
        for op, lowered, passes, constants in prepared:
            began = time.monotonic()
            given = [None if i is None else values[i] for i in op.inputs]
            expected = operators.evaluate(graph, op, given, constants)
            results, facts = self._compute(op, lowered, passes, given, expected, backend)
            values.update(zip(op.outputs, results))
            layer = LayerRun(
                op.name,
                op.kind,
                graph.tensors[op.outputs[0]].shape,
                seconds=time.monotonic() - began,
                golden=_first(graph, op, results, dict(zip(op.outputs, expected))),
                reference=_first(graph, op, results, reference or {}),
                **facts,
            )
            layers.append(layer)
            if told is not None:
                told(layer)
            if op.name == stop:
                break
        return layers, values

    def _compute(
        self,
        op: Op,
        lowered: Lowered | None,
        passes: Passes | Unsuitable | None,
        given: list[Values | None],
        expected: list[Values],
        backend: Backend | None,
    ) -> tuple[list[Values], dict[str, Any]]:
        """The results of an operator, and the attributes of its `LayerRun`."""
        if backend is None:
            return expected, {"where": GOLDEN, "macs": lowered.macs if lowered else 0}
        if lowered is not None:
            x = given[0]
            assert x is not None
            out = np.empty_like(expected[0])
            report = backend.products(lowered, x, out)
            return [out], {
                "where": CORE,
                "form": lowered.form,
                "macs": lowered.macs,
                "cycles": report.cycles,
                "predicted": lowered.cycles,
                "utilisation": lowered.macs / (report.cycles * self.config.macs),
                "stream_bytes": lowered.stream_bytes,
            }
        if isinstance(passes, Passes):
            done = backend.elementwise(self.graph, op, passes, [v for v in given if v is not None])
            if done is not None:
                result, cycles, predicted = done
                facts = {"where": ELEMENTWISE, "form": passes.form, "cycles": cycles, "predicted": predicted}
                return [result], facts
        return expected, {"where": HOST, "note": passes.reason if isinstance(passes, Unsuitable) else ""}


def _first(
    graph: Graph, op: Op, results: Sequence[Values], expected: Mapping[int, Values]
) -> Difference | None:
    """The first difference of an operator's results."""
    for index, got in zip(op.outputs, results):
        wanted = expected.get(index)
        if wanted is None:
            continue
        tensor = graph.tensors[index]
        if wanted.shape != got.shape:
            wanted = wanted.reshape(got.shape)
        # NaN equals NaN
        wrong = (got != wanted) & ~((got != got) & (wanted != wanted))
        if wrong.any():
            first = tuple(int(i) for i in np.argwhere(wrong)[0])
            return Difference(
                tensor.name, int(wrong.sum()), got.size, first, wanted[first].item(), got[first].item()
            )
    return None
