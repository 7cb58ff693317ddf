# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Options and fixtures of the suite: seeds, nightly tests, one line where the machine lacks a tool."""

import pytest

from macrame.sim import simulate


def pytest_addoption(parser):
    """--seeds, --nightly."""
    group = parser.getgroup("macrame")
    group.addoption(
        "--seeds",
        type=int,
        default=1,
        metavar="N",
        help="seeds each seeded test runs with, from SEED (default 1) on",
    )
    group.addoption("--nightly", action="store_true", help="run the tests marked nightly too")


def pytest_configure(config):
    """Refuse a machine that cannot simulate before 500 tests do, and a SEED that is none."""
    if not hasattr(config, "workerinput"):
        try:
            simulate.check_tools()
            simulate.default_seed()
        except simulate.SetupError as error:
            raise pytest.UsageError(str(error)) from None


def pytest_generate_tests(metafunc):
    """`seed`: one test a seed, its number in the test's name."""
    if "seed" in metafunc.fixturenames:
        first = simulate.default_seed()
        seeds = range(first, first + metafunc.config.getoption("--seeds"))
        metafunc.parametrize("seed", seeds, ids=[f"seed{s}" for s in seeds])


def pytest_collection_modifyitems(config, items):
    """Leave the nightly tests out unless asked for, together or by name."""
    by_name = any("::" in word for word in config.args)  # as the command that replays a failure does
    if not (by_name or config.getoption("--nightly") or "nightly" in config.getoption("-m")):
        nightly = [item for item in items if item.get_closest_marker("nightly")]
        if nightly:
            config.hook.pytest_deselected(items=nightly)
            items[:] = [item for item in items if item not in nightly]
