# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Examples in docstrings are correct, in every module of the package."""

import doctest
import importlib
import pkgutil

import pytest


def modules(*packages):
    """Names of all modules below some packages."""
    for package in packages:
        for module in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
            if not module.name.endswith("__main__"):
                yield module.name


@pytest.mark.parametrize("name", list(modules("macrame")))
def test_examples_run(name):
    said = []
    module = importlib.import_module(name)
    runner = doctest.DocTestRunner(verbose=False)
    for test in doctest.DocTestFinder().find(module, name):
        runner.run(test, out=said.append)
    assert not runner.failures, "".join(said)


def test_examples_are_found():
    """Otherwise the test above could pass without any example."""
    module = importlib.import_module("macrame.golden.arith.requantize")
    found = {test.name: len(test.examples) for test in doctest.DocTestFinder().find(module, "r")}
    assert found["r.quantize_multiplier_plain"] == 1
