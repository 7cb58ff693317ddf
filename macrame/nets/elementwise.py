# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Operators of a network as passes of the elementwise unit.

==================  =======================================================================
operator            passes
==================  =======================================================================
ADD, SUB, MUL       one; operands of other shapes are broadcast by the host
MAXIMUM, MINIMUM    one
MAX_POOL            one less than a window has cells, each the maximum of two tensors; cells
                    outside the image are -128; the last pass has the clamp
a function of one   one, through a table of 256 values
int8
==================  =======================================================================
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from macrame.golden.elementwise import predict
from macrame.host import elementwise_rules as rules
from macrame.host.elementwise import ElementwiseUnit
from macrame.nets import operators
from macrame.nets.graph import Graph, Op, Tensor

Int8 = NDArray[np.int8]

#: The largest factor of a MUL that the unit computes: left shifts are part of its tables.
LARGEST_FACTOR = 2.0**14


@dataclass(frozen=True)
class Passes:
    """An operator as passes of the unit.

    Attributes
    ----------
    rules : tuple of Rule
        One for each pass.
    form : str
        For the report.
    """

    rules: tuple[rules.Rule, ...]
    form: str


def _scale(tensor: Tensor) -> rules.Scale:
    grid = operators.grid(tensor)
    return rules.Scale(float(grid.scale), grid.zero_point)


def lower(graph: Graph, op: Op) -> Passes | None:
    """An operator as passes.

    Parameters
    ----------
    graph : Graph
    op : Op

    Returns
    -------
    Passes or None
        None if the unit does not compute it.
    """
    out = graph.output(op)
    if graph.runtime != "tflm" or out.dtype != np.int8:
        return None
    if op.kind in ("add", "sub", "mul"):
        a, b = _scale(graph.input(op)), _scale(graph.input(op, 1))
        clamp = operators.clamp_of(graph, op)
        if op.kind == "mul":
            if a.scale * b.scale / _scale(out).scale >= LARGEST_FACTOR:
                return None
            return Passes((rules.mul(a, b, _scale(out), clamp),), "product")
        return Passes((rules.add(a, b, _scale(out), clamp, subtract=op.kind == "sub"),), "sum")
    if op.kind in ("maximum", "minimum"):
        return Passes(((rules.maximum if op.kind == "maximum" else rules.minimum)(),), op.kind)
    if op.kind == "max_pool":
        low, high = operators.clamp_of(graph, op)
        cells = int(np.prod(op.attributes["kernel"]))
        last = replace(rules.maximum(), clamp_low=low, clamp_high=high)
        return Passes((*[rules.maximum()] * (cells - 2), last), f"{max(1, cells - 1)} maxima")
    table = operators.table_of(graph, op)
    return None if table is None else Passes((rules.table(table),), "table")


def _operands(graph: Graph, op: Op, values: Sequence[NDArray[Any]]) -> Iterator[Int8]:
    """The tensors that the passes combine, one after the other, each of the output's shape."""
    shape = graph.output(op).shape
    if op.kind != "max_pool":
        yield from (np.broadcast_to(value, shape) for value in values)
        return
    cells = operators.windows_of(graph, op).gather(values[0], -128)
    cells = cells.reshape(*cells.shape[:3], -1, cells.shape[-1])
    for i in range(cells.shape[3]):
        yield cells[:, :, :, i]
    if cells.shape[3] == 1:
        yield cells[:, :, :, 0]


def run(
    unit: ElementwiseUnit,
    fifo_depth: int,
    graph: Graph,
    op: Op,
    passes: Passes,
    values: Sequence[NDArray[Any]],
) -> tuple[Int8, int, int]:
    """Compute an operator.

    Parameters
    ----------
    unit : ElementwiseUnit
    fifo_depth : int
        FIFO_DEPTH of the unit.
    graph : Graph
    op : Op
    passes : Passes
    values : sequence of ndarray of int8
        Of the operator's inputs.

    Returns
    -------
    result : ndarray of int8
    cycles, predicted : int
        Of all passes.
    """
    operands = [np.ascontiguousarray(part) for part in _operands(graph, op, values)]
    result = operands[0]
    cycles = predicted = 0
    for number, rule in enumerate(passes.rules, 1):
        second = operands[number] if rule.op in rules.TAKES_Y else None
        result, report = unit.run(rule, result, second)
        cycles += report.cycles
        predicted += predict(unit.lanes, fifo_depth, unit.sent).cycles
    return result, cycles, predicted
