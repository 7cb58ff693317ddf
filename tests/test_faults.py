# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The benches can fail: a case of the suite detects every deliberate fault of tests/faults/*.toml.

A fault is one replacement in a copy of rtl/::

    [[fault]]
    name = "chain-stuck-at-row-0"         # letters, digits and hyphens; unique
    file = "array/result_chain.v"         # under rtl/
    find = "chain_in"                     # occurs in the file exactly once
    replace = "result_q"
    why = "the rows of a tile are copies of row 0"
    case = "result_chain/3rows"           # of tb/lib/catalogue.py: detects the fault
    testcase = "tiles"                    # optional: only these cocotb tests of the case, to save time

The case runs with the suite's seed on the copy, and one of its tests must fail on an assertion or on running
out of simulated time: a fault that does not compile, crashes the bench or hangs it is not *detected*. The
rest of the suite checks that the case passes without the fault. A plain ``make test`` injects one in 24 of
the faults in each file, ``make test TESTS=faults`` all of them.
"""

import itertools
import re
import shutil
import tomllib

import pytest

from macrame import environment, paths
from macrame.sim import simulate
from tb.lib.catalogue import CASES, run

FOLDER = paths.ROOT / "tests" / "faults"
FAULTS = [
    (path.name, fault)
    for path in sorted(FOLDER.glob("*.toml"))
    for fault in tomllib.loads(path.read_text())["fault"]
]
KEYS = {"name", "file", "find", "replace", "why", "case"}
#: Exceptions of a bench that detects an error.
CAUGHT = {"AssertionError", "SimTimeoutError"}


def faults(quick=1):
    """pytest parameters, one per fault. All but the first of each `quick` faults in a file are thorough."""
    found = []
    for _, group in itertools.groupby(FAULTS, key=lambda entry: entry[0]):
        for number, (_, fault) in enumerate(group):
            marks = [pytest.mark.thorough] if number % quick else []
            found.append(pytest.param(fault, id=fault.get("name", "nameless"), marks=marks))
    return found


def once(text, fault):
    """The text that a fault replaces occurs in its file exactly once."""
    assert text.count(fault["find"]) == 1, f"{fault['find']!r} must occur in {fault['file']} once"


def mutated_rtl(fault):
    """A copy of rtl/ with the injected fault."""
    root = environment.build_dir() / "faults" / fault["name"] / "rtl"
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(paths.RTL, root)
    path = root / fault["file"]
    text = path.read_text()
    once(text, fault)
    path.write_text(text.replace(fault["find"], fault["replace"]))
    return root


@pytest.mark.parametrize("fault", faults(quick=24))
def test_fault(fault, seed):
    with pytest.raises(simulate.Failed) as caught:
        run(
            fault["case"],
            seed=seed,
            rtl_root=mutated_rtl(fault),
            testcase=fault.get("testcase"),
            run_name=f"faults/{fault['name']},seed{seed}",
            waves=False,
            timeout=120,
            env={"COCOTB_MAX_FAILURES": "1"},
        )
    failed = caught.value
    assert failed.kind == "test", f"not caught by a test but ended in {failed.kind}: {failed}"
    assert {f.type for f in failed.failures} <= CAUGHT, f"the bench broke instead of catching it: {failed}"


@pytest.mark.parametrize("fault", faults())
def test_fault_is_well_formed(fault):
    assert set(fault) - {"testcase"} == KEYS
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", fault["name"])
    assert fault["why"]
    case = CASES[fault["case"]]
    assert not case.nightly, f"{case.name} is not in the default suite"
    path = paths.RTL / fault["file"]
    assert str(path) in case.sources(), f"{case.name} does not compile {fault['file']}"
    once(path.read_text(), fault)


def test_faults_are_many_and_unique():
    names = [fault["name"] for _, fault in FAULTS]
    assert len(names) >= 20
    assert len(set(names)) == len(names)


def test_a_harmless_change_is_not_caught():
    """The check itself: a change without effect lets the case pass, so a failure is due to the fault."""
    fault = dict(FAULTS[0][1], name="harmless", replace=FAULTS[0][1]["find"])
    run(fault["case"], rtl_root=mutated_rtl(fault), seed=1, run_name="faults/harmless", waves=False)
