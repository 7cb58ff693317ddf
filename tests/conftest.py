# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The suite's options (seeds, nightly, tests), and one line where the machine lacks a tool."""

import os

import pytest

from macrame.sim import simulate
from tests import selection

SELECTION = pytest.StashKey[selection.Selection]()


def pytest_addoption(parser):
    """--seeds, --nightly, --tests."""
    group = parser.getgroup("macrame")
    group.addoption(
        "--seeds",
        type=int,
        default=1,
        metavar="N",
        help="seeds each seeded test runs with, from SEED (default 1) on",
    )
    group.addoption("--nightly", action="store_true", help="run the tests marked nightly too")
    group.addoption(
        "--tests",
        default="",
        metavar="TESTS",
        help="benches, cases, files, tests, or an expression for -k: see tests/selection.py",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config):
    """Turn --tests into what pytest collects, or into its -k."""
    config.stash[SELECTION] = chosen = selection.read(config.getoption("--tests"))
    config.args = chosen.collect() or config.args
    if chosen.keyword:
        config.option.keyword = chosen.keyword


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
    """Keep the tests that --tests asks for, and leave the nightly ones out unless asked for."""
    chosen = config.stash[SELECTION]
    by_id = any("::" in word for word in config.args)  # as the command that replays a failure does
    nightly = by_id or config.getoption("--nightly") or "nightly" in config.getoption("-m")

    def kept(item):
        return chosen.holds(item) and (
            nightly or not item.get_closest_marker("nightly") or chosen.in_full(item)
        )

    left = [item for item in items if not kept(item)]
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if kept(item)]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Show a failed simulation's message alone, and the line of the test: what lies between says nothing."""
    report = yield
    if call.excinfo and call.excinfo.errisinstance(simulate.Failed) and item.config.option.tbstyle == "auto":
        report.longrepr = call.excinfo.getrepr(style="value", chain=False)
        lines = [frame.lineno + 1 for frame in call.excinfo.traceback if frame.path == item.path]
        if lines:
            where = f"  test    {os.path.relpath(item.path, selection.ROOT)}:{lines[-1]}"
            report.longrepr.reprtraceback.reprentries[-1].lines.append(where)
    return report
