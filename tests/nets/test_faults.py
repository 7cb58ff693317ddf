# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The stored answers and the tests of the lowering detect every wrong rule of tests/nets/faults.toml.

A fault is one replacement in a module, which is then imported anew, with everything that uses it.
"""

import contextlib
import importlib
import importlib.abc
import importlib.util
import itertools
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

from macrame import paths
from macrame.contract import CoreConfig
from macrame.nets import onnx_reader
from tests.nets import cases, test_operators

FAULTS = tomllib.loads((Path(__file__).with_name("faults.toml")).read_text())["fault"]
#: Modules that are imported anew.
OURS = ("macrame.golden", "macrame.nets.operators", "macrame.nets.lower")


class Mutated(importlib.abc.MetaPathFinder, importlib.abc.SourceLoader):
    """Loads one module from a text."""

    def __init__(self, name, path, text):
        self.name, self.path, self.text = name, str(path), text

    def find_spec(self, name, path, target=None):
        if name == self.name:
            return importlib.util.spec_from_loader(name, self)
        return None

    def get_filename(self, name):
        return self.path

    def get_data(self, path):
        return self.text.encode()


@contextlib.contextmanager
def mutated(fault):
    """The modules operators and lower, with the fault in them."""
    path = paths.ROOT / fault["file"]
    text = path.read_text()
    assert text.count(fault["find"]) == 1, f"{fault['find']!r} must occur in {fault['file']} once"
    name = fault["file"].removesuffix(".py").replace("/", ".")
    name = name if name.startswith("macrame.") else f"macrame.{name}"
    finder = Mutated(name, path, text.replace(fault["find"], fault["replace"]))
    before = {n: m for n, m in sys.modules.items() if n.startswith(OURS)}
    for n in before:
        del sys.modules[n]
    sys.meta_path.insert(0, finder)
    try:
        yield (
            importlib.import_module("macrame.nets.operators"),
            importlib.import_module("macrame.nets.lower"),
        )
    finally:
        sys.meta_path.remove(finder)
        for n in [n for n in sys.modules if n.startswith(OURS)]:
            del sys.modules[n]
        sys.modules.update(before)
        for n, module in before.items():  # the imports above have also changed what the packages refer to
            parent, _, child = n.rpartition(".")
            setattr(sys.modules[parent], child, module)


def differs(operators, kind):
    """Whether a stored answer detects the fault."""
    for name, graph, inputs in test_operators.by_kind()[kind]:
        given = [*inputs, *(tensor.data for tensor in graph.tensors[len(inputs) : -1])]
        (found,) = operators.evaluate(graph, graph.ops[0], given)
        if test_operators.digest(found) != test_operators.ANSWERS[name]:
            return True
    return False


def lowers_wrongly(operators, lower):
    """Whether a lowered operator computes something else, or cannot be computed."""
    from tests.nets.test_lower import computed, values_of

    for _, graph, inputs in [*cases.weighted(60), *cases.pools(40)]:
        (op,) = graph.ops
        (expected,) = operators.evaluate(graph, op, values_of(graph, inputs))
        for _, _, make in lower.candidates(graph, op, CoreConfig(4, 8, 1, post_lanes=8)):
            try:
                found = computed(make(), inputs[0], np.empty_like(expected))
            except (AssertionError, ValueError, IndexError):
                return True
            if not np.array_equal(found, expected):
                return True
    return False


def lowers_uint8_wrongly(operators, lower):
    """The same for uint8 and weights of nine bits."""
    from tests.nets.test_lower import computed, weights_of_nine_bits

    for kind, seed in itertools.product(operators.WEIGHTED, range(5)):
        graph, x = weights_of_nine_bits(kind, seed)
        (op,) = graph.ops
        (expected,) = operators.evaluate(graph, op, [x, graph.tensors[1].data, None])
        for _, _, make in lower.candidates(graph, op, CoreConfig(2, 4, 2)):
            if not np.array_equal(computed(make(), x, np.empty_like(expected)), expected):
                return True
    return False


def onnx_differs(operators, kind):
    """Whether a stored answer of ONNX Runtime detects the fault."""
    from tests.nets import onnx_cases
    from tests.nets.test_onnx import DIGESTS

    for name, model, given in onnx_cases.operators():
        if name.split("-")[0] != kind:
            continue
        graph = onnx_reader.parse(name, model)
        values = {i: tensor.data for i, tensor in enumerate(graph.tensors)}
        values |= {i: graph.tensors[i].from_file(value) for i, value in zip(graph.inputs, given)}
        for op in graph.ops:
            values.update(zip(op.outputs, operators.evaluate(graph, op, [values[i] for i in op.inputs])))
        output = graph.outputs[0]
        if onnx_cases.digest(graph.tensors[output].to_file(values[output])) != DIGESTS[name]:
            return True
    return False


def found_by(kind, operators, lower):
    """Whether the answers or tests of a kind find a fault."""
    if kind == "lower":
        return lowers_wrongly(operators, lower)
    if kind == "lower_uint8":
        return lowers_uint8_wrongly(operators, lower)
    if kind.startswith("onnx_"):
        return onnx_differs(operators, kind.removeprefix("onnx_"))
    return differs(operators, kind)


def test_there_are_enough():
    assert len(FAULTS) >= 50
    assert len({fault["name"] for fault in FAULTS}) == len(FAULTS)


@pytest.mark.sampled(8)
@pytest.mark.parametrize("fault", [pytest.param(fault, id=fault["name"]) for fault in FAULTS])
def test_fault(fault):
    with mutated(fault) as (operators, lower):
        found = found_by(fault["kind"], operators, lower)
    assert found, fault["name"]


def test_nothing_is_left_behind():
    operators = importlib.import_module("macrame.nets.operators")
    assert not differs(operators, "conv")
    assert not onnx_differs(operators, "add")
