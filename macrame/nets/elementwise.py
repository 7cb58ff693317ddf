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
byte
==================  =======================================================================

The unit computes TFLite's sums and products by their own rules. Those of ONNX Runtime, in float32, need the
tables or the factor that `macrame.nets.two_tables` finds; where there are none, the host computes.

The unit has int8: uint8 operands and results have their top bit inverted, which subtracts or adds 128.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from macrame.golden.elementwise import predict
from macrame.host import elementwise_rules as rules
from macrame.host.elementwise import ElementwiseUnit
from macrame.nets import operators, two_tables
from macrame.nets.graph import Graph, Op, Tensor
from macrame.nets.lower import inverted

Bytes = NDArray[Any]

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


@dataclass(frozen=True)
class Unsuitable:
    """An operator on bytes that the unit does not compute.

    Attributes
    ----------
    reason : str
        For the report.
    """

    reason: str


def _scale(tensor: Tensor) -> rules.Scale:
    grid = operators.grid(tensor)
    return rules.Scale(float(grid.scale), grid.zero_point)


def lower(graph: Graph, op: Op) -> Passes | Unsuitable | None:
    """An operator as passes.

    Parameters
    ----------
    graph : Graph
    op : Op

    Returns
    -------
    Passes, Unsuitable or None
        None if it is no operator of the unit's kind.
    """
    out = graph.output(op)
    if any(
        i is not None and graph.tensors[i].dtype not in operators.BYTES for i in (*op.inputs, *op.outputs)
    ):
        return None
    if op.kind in operators.PAIRS and graph.runtime == "onnxruntime":
        return _pair(graph, op)
    if op.kind in operators.PAIRS:
        a, b = _scale(graph.input(op)), _scale(graph.input(op, 1))
        clamp = operators.clamp_of(graph, op)
        if op.kind == "mul":
            if a.scale * b.scale / _scale(out).scale >= LARGEST_FACTOR:
                return Unsuitable(f"its factor is {LARGEST_FACTOR:,.0f} or more")
            return Passes((rules.mul(a, b, _scale(out), clamp),), "product")
        return Passes((rules.add(a, b, _scale(out), clamp, subtract=op.kind == "sub"),), "sum")
    if op.kind in ("maximum", "minimum"):
        return Passes(((rules.maximum if op.kind == "maximum" else rules.minimum)(),), op.kind)
    if op.kind == "max_pool":
        low, high = (limit + _offset(out) for limit in operators.clamp_of(graph, op))
        cells = int(np.prod(op.attributes["kernel"]))
        last = replace(rules.maximum(), clamp_low=low, clamp_high=high)
        name = f"{cells - 1} maxima" if cells > 2 else "1 maximum"
        return Passes((*[rules.maximum()] * (cells - 2), last), name)
    table = operators.table_of(graph, op)
    return None if table is None else Passes((rules.table(_int8(table)),), "table")


def _int8(values: Bytes) -> Bytes:
    """int8 as they are, uint8 with their top bit inverted."""
    return inverted(values) if values.dtype == np.uint8 else values


def _offset(tensor: Tensor) -> int:
    """What makes int8 of the numbers of a tensor's type."""
    return -128 if tensor.dtype == np.uint8 else 0


def _pair(graph: Graph, op: Op) -> Passes | Unsuitable:
    """A sum, a difference or a product of ONNX Runtime."""
    first, second, target = graph.input(op), graph.input(op, 1), graph.output(op)
    a, b, out = (operators.grid(tensor) for tensor in (first, second, target))
    sa, sb, so = float(a.scale), float(b.scale), float(out.scale)
    wanted, zero = _int8(operators.pairs_of(graph, op)), out.zero_point + _offset(target)
    x, y = (operators.every(t.dtype).astype(np.float64) - g.zero_point for t, g in ((first, a), (second, b)))
    if op.kind == "mul":
        rule = two_tables.multiplication(wanted, int(-x[0]), int(-y[0]), sa * sb / so, zero)
        if rule is None:
            return Unsuitable("no factor of the unit rounds all products of two bytes as ONNX Runtime does")
        return Passes((rule,), "product")
    sign = -1 if op.kind == "sub" else 1
    rule = two_tables.addition(wanted, x * (sa / so) + zero, y * (sign * sb / so))
    if rule is None:
        return Unsuitable("no two tables round all sums of two bytes as ONNX Runtime does")
    return Passes((rule,), "sum")


def _operands(graph: Graph, op: Op, values: Sequence[Bytes]) -> Iterator[Bytes]:
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
    values: Sequence[Bytes],
) -> tuple[Bytes, int, int]:
    """Compute an operator.

    Parameters
    ----------
    unit : ElementwiseUnit
    fifo_depth : int
        FIFO_DEPTH of the unit.
    graph : Graph
    op : Op
    passes : Passes
    values : sequence of ndarray of int8 or uint8
        Of the operator's inputs.

    Returns
    -------
    result : ndarray of int8 or uint8
    cycles, predicted : int
        Of all passes.
    """
    given = [_int8(value) for value in values]
    operands = [np.asarray(part, order="C") for part in _operands(graph, op, given)]
    result = operands[0]
    cycles = predicted = 0
    for number, rule in enumerate(passes.rules, 1):
        second = operands[number] if rule.op in rules.TAKES_Y else None
        result, report = unit.run(rule, result, second)
        cycles += report.cycles
        predicted += predict(unit.lanes, fifo_depth, unit.sent).cycles
    unsigned = graph.output(op).dtype == np.uint8
    return inverted(result) if unsigned else result, cycles, predicted
