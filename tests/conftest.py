# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The suite's options (seeds, quick, nightly, tests), and a one-line error if a tool is missing."""

import collections
import os
import re
import sys
from importlib import metadata

import pytest

from macrame import environment  # and nothing that needs a package: missing ones are reported below

SELECTION = pytest.StashKey()


def pytest_addoption(parser):
    """--seeds, --quick, --nightly, --tests."""
    group = parser.getgroup("macrame")
    group.addoption(
        "--seeds",
        type=int,
        default=1,
        metavar="N",
        help="number of seeds for each seeded test, from SEED (default 1) on",
    )
    group.addoption(
        "--quick",
        action="store_true",
        help="what `make test` runs: a share of the random vectors and cases, and no test marked thorough",
    )
    group.addoption("--nightly", action="store_true", help="also run the tests marked nightly")
    group.addoption(
        "--tests",
        default="",
        metavar="TESTS",
        help="benches, cases, files, tests, or an expression for -k: see tests/selection.py",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config):
    """Convert --tests to the paths that pytest collects, or to its -k."""
    if not config.getoption("--tests"):
        return
    from tests import selection

    config.stash[SELECTION] = chosen = selection.read(config.getoption("--tests"))
    config.args = chosen.collect() or config.args
    if chosen.keyword:
        config.option.keyword = chosen.keyword


def pinned(requirements="requirements-test.txt"):
    """Distributions that a requirements file and those it includes pin."""
    for line in (environment.ROOT / requirements).read_text(encoding="utf-8").splitlines():
        if line.startswith("-r "):
            yield from pinned(line[3:].strip())
        elif found := re.match(r"[\w.-]+(?===)", line):
            yield found[0]


def not_installed():
    """Pinned distributions missing in this Python; `make sim` installs only some."""
    here = {re.sub(r"[-_.]+", "-", found.name).lower() for found in metadata.distributions()}
    return [name for name in pinned() if re.sub(r"[-_.]+", "-", name).lower() not in here]


def pytest_configure(config):
    """Fail early on a machine that cannot run the suite, and on bad variables."""
    # the commands that tests start have to find the project's modules, and to share one build folder
    for name in ("PYTHONSAFEPATH", "PYTHONOPTIMIZE", "PYTHONINSPECT", "PYTHONSTARTUP"):
        os.environ.pop(name, None)
    if os.environ.get("BUILD_DIR"):
        os.environ["BUILD_DIR"] = str(environment.build_dir())
    os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = str(environment.build_dir() / "hypothesis")
    if hasattr(config, "workerinput"):
        return
    missing = not_installed()
    if missing:
        more = f" and {len(missing) - 1} more of the suite's packages are" if missing[1:] else " is"
        raise pytest.UsageError(f"{missing[0]}{more} not installed: tools/bootstrap test")
    from macrame.sim import simulate

    try:
        simulate.check_tools()
        simulate.default_seed()
        simulate.default_waves()
        environment.time_factor()
        environment.writable(environment.build_dir())
    except environment.SetupError as error:
        raise pytest.UsageError(str(error)) from None


@pytest.fixture
def quick(request) -> bool:
    """Whether a share of the random vectors is enough."""
    return request.config.getoption("--quick")


def pytest_generate_tests(metafunc):
    """`seed`: one test per seed, with its number in the test's name."""
    if "seed" in metafunc.fixturenames:
        from macrame.sim import simulate

        first = simulate.default_seed()
        seeds = range(first, first + metafunc.config.getoption("--seeds"))
        metafunc.parametrize("seed", seeds, ids=[f"seed{s}" for s in seeds])


def sampled(items):
    """Without the cases that the mark `sampled` drops: of each test, the first and every n-th remain."""
    seen = collections.Counter()
    keep = []
    for item in items:
        mark = item.get_closest_marker("sampled")
        if mark is None:
            keep.append(item)
            continue
        test = item.nodeid.partition("[")[0]
        if seen[test] % mark.args[0] == 0:
            keep.append(item)
        seen[test] += 1
    return keep


def pytest_collection_modifyitems(config, items):
    """Keep the tests that --tests selects, without those that are too long for this run."""
    from tests import selection

    chosen = config.stash.get(SELECTION, None) or selection.read("")
    by_id = any("::" in word for word in config.args)  # as in the command that replays a failure
    nightly = by_id or config.getoption("--nightly") or "nightly" in config.getoption("-m")
    quick = config.getoption("--quick") and not by_id

    def kept(item):
        if quick and item.get_closest_marker("thorough"):
            return False
        return chosen.holds(item) and (
            nightly or not item.get_closest_marker("nightly") or chosen.in_full(item)
        )

    keep = [item for item in items if kept(item)]
    if quick:
        keep = sampled(keep)
    if len(keep) < len(items):
        here = set(keep)
        config.hook.pytest_deselected(items=[item for item in items if item not in here])
        items[:] = keep


def files_of(error):
    """Names and paths of the files about a failed test, for its properties in the JUnit report."""
    from macrame.sim import simulate

    if isinstance(error, simulate.Failed):
        yield "log", error.work_dir / "sim.log"
        if error.waves is not None:
            yield "waves", error.waves
    failure = sys.modules.get("macrame.verify.failure")
    for found in failure.WRITTEN if failure else ():
        yield "page", found.page
        yield "trace", found.trace
        if found.waves is not None:
            yield "waves", found.waves


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item):
    """Forget what earlier tests found, and which command they ran: messages spell options as it does."""
    os.environ.pop("MACRAME_REPLAY", None)
    failure = sys.modules.get("macrame.verify.failure")
    if failure:
        failure.WRITTEN.clear()
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Show only the message of a failed simulation and the line of the test, not the frames between them.

    A reason to skip tests has one line for all tests of a file.
    """
    report = yield
    from macrame.sim import simulate

    if report.skipped and report.when == "setup" and isinstance(report.longrepr, tuple):
        path, _, reason = report.longrepr
        report.longrepr = (path, None, reason)

    if report.failed:
        item.user_properties += [(name, str(path)) for name, path in files_of(call.excinfo.value)]

    if call.excinfo and call.excinfo.errisinstance(simulate.Failed) and item.config.option.tbstyle == "auto":
        report.longrepr = call.excinfo.getrepr(style="value", chain=False)
        lines = [frame.lineno + 1 for frame in call.excinfo.traceback if frame.path == item.path]
        if lines:
            where = f"  test    {environment.shown(item.path)}:{lines[-1]}"
            report.longrepr.reprtraceback.reprentries[-1].lines.append(where)
    return report
