# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The cases of tb/lib/catalogue.py as pytest parameters, and the file that runs each bench."""

import pytest

from tb.lib.catalogue import CASES, Case

#: Benches that need more than `tb.lib.catalogue.run`, and the files that run them instead of test_benches.py.
ELSEWHERE = {
    "block_ram": "test_gates.py",
    "engine_network": "nets/test_engine.py",
    "fuzz": "test_fuzz.py",
}

BENCHES = tuple(dict.fromkeys(case.bench for case in CASES.values()))


def cases(*benches: str) -> list:
    """Parameters of a test that runs the cases of these benches, with their names as ids and their marks.

    Raises
    ------
    ValueError
        If there is no such bench.
    """
    unknown = sorted(set(benches) - set(BENCHES))
    if unknown:
        raise ValueError(f"no such bench: {', '.join(unknown)}")
    return [parameter(case) for case in CASES.values() if case.bench in benches]


def parameter(case: Case):
    """A case as a parameter."""
    marks = {"thorough": pytest.mark.thorough, "nightly": pytest.mark.nightly}
    return pytest.param(
        case.name, id=case.name, marks=[mark for n, mark in marks.items() if getattr(case, n)]
    )


def file_of(bench: str) -> str:
    """Name of the file under tests/ that runs a bench."""
    return ELSEWHERE.get(bench, "test_benches.py")
