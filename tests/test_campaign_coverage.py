# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Coverage: points are read and merged as Verilator means them, and the gate stops what is not covered."""

import itertools
from pathlib import Path

import pytest

from macrame import paths
from macrame.campaign import benches, coverage, coverage_case, engine, evidence, suite
from macrame.campaign.coverage import Waiver
from macrame.campaign.coverage_case import Point
from macrame.campaign.store import Store
from macrame.errors import InputError
from tb.lib import bins
from tb.lib.catalogue import CASES


def entry(file, line, kind, text, count, column=5, hierarchy="top.skid"):
    """A line of Verilator's file."""
    fields = {
        "f": file,
        "l": line,
        "n": column,
        "t": kind,
        "page": f"v_{kind}/skid",
        "o": text,
        "h": hierarchy,
    }
    return "C '" + "".join(f"\1{name}\2{value}" for name, value in fields.items()) + f"' {count}"


SKID = "/x/rtl/stream/skid.v"
DATA = "\n".join(
    [
        "# SystemC::Coverage-3",
        entry(SKID, 45, "line", "block", 9),
        entry(SKID, 46, "branch", "if", 0, hierarchy="top.a"),
        entry(SKID, 46, "branch", "if", 2, hierarchy="top.b"),
        entry("../link-rtl/stream/skid.v", 42, "toggle", "odd_q[1]:0->1", 0),
        entry(SKID, 56, "expr", "(full_q==0) => 1", 0),
        entry("/x/macrame/sim/hdl/player.v", 1, "line", "block", 0),
        entry("/x/rtl/vendor/ecp5/mul9x9.v", 1, "line", "block", 0),
    ]
)
LINE = Point("stream/skid.v", 45, "line", 5, "block")
BRANCH = Point("stream/skid.v", 46, "branch", 5, "if")
TOGGLE = Point("stream/skid.v", 42, "toggle", 5, "odd_q[1]:0->1")
EXPRESSION = Point("stream/skid.v", 56, "expression", 5, "(full_q==0) => 1")
LIMITS = {"line": 100, "branch": 100, "expression": 100, "toggle": 50}


def test_points_are_those_of_the_rtl_and_instances_are_added():
    assert coverage_case.points(DATA) == {LINE: 9, BRANCH: 2, TOGGLE: 0, EXPRESSION: 0}


def test_points_survive_the_store():
    assert coverage_case.unpacked(coverage_case.packed(coverage_case.points(DATA))) == {
        LINE: True,
        BRANCH: True,
        TOGGLE: False,
        EXPRESSION: False,
    }


def merged(*listed, more=()):
    """The points of DATA, of which further cases reach `more`."""
    records = [{"points": coverage_case.packed(coverage_case.points(DATA))}]
    records += [{"points": coverage_case.packed({point: 1})} for point in more]
    return coverage.merge(records, listed)


def test_no_task_runs_a_bench_whose_program_a_test_prepares():
    sources = {
        case.bench: (paths.ROOT / f"{case.module.replace('.', '/')}.py").read_text()
        for case in CASES.values()
    }
    assert {bench for bench, text in sources.items() if 'plusargs["program"]' in text} == set(
        benches.PREPARED
    )
    for task in (*coverage.tasks(1), *suite.tasks("", 1, 1)):
        assert CASES[task.arguments["case"]].bench not in benches.PREPARED
    for path in paths.sources():
        for case in itertools.chain(*benches.ladder(Path(path))):
            assert case.bench not in benches.PREPARED


def test_a_point_that_any_case_reaches_is_covered():
    assert merged().share("toggle") == (0, 1)
    assert merged(more=[TOGGLE]).share("toggle") == (1, 1)


def test_an_expression_is_the_same_in_every_shape():
    narrow, wide = (
        Point("stream/skid.v", 56, "expression", 5, f"(full_q==0 && (at_q == END[{width}:0])==1) => 1")
        for width in (3, 8)
    )
    records = [{"points": coverage_case.packed(points)} for points in ({narrow: 0, LINE: 1}, {wide: 1})]
    found = coverage.merge(records, ())
    assert found.share("expression") == (1, 1)
    # a bit is a point of its own
    bits = [Point("stream/skid.v", 42, "toggle", 5, f"odd_q[{bit}]:0->1") for bit in (0, 1)]
    found = coverage.merge([{"points": coverage_case.packed({bits[0]: 1, bits[1]: 0})}], ())
    assert found.share("toggle") == (1, 2)


def test_a_waiver_takes_its_open_points_out():
    by_text = Waiver("stream/skid.v", "expression", r"\(full_q==0\).*", "a reason")
    by_line = Waiver("stream/skid.v", "toggle", r"reg \[WIDTH-1:0\] even_q, odd_q;", "a reason")
    found = merged(by_text, by_line)
    assert set(found.waived) == {EXPRESSION, TOGGLE}
    everywhere = Waiver("*", "expression", r"\(full_q==0\).*", "a reason")
    assert set(merged(everywhere).waived) == {EXPRESSION}
    assert not merged(Waiver("arith/*", "expression", r"\(full_q==0\).*", "a reason")).waived
    assert (found.share("expression"), found.share("expression", waived=False)) == ((0, 0), (0, 1))
    assert coverage.gate(found, LIMITS) == []
    assert "waived: a reason" in coverage.page(found)


def test_the_gate_names_what_is_below_its_limit():
    assert coverage.gate(merged(), LIMITS) == [
        "expression coverage 0.0 %, expected at least 100 %",
        "toggle coverage 0.0 %, expected at least 50 %",
    ]


@pytest.mark.parametrize(
    "waiver",
    [
        Waiver("stream/skid.v", "line", ".*", "covered"),
        Waiver("stream/skid.v", "expression", "full_q", "a part of the text"),
        Waiver("stream/fifo.v", "expression", ".*", "another file"),
    ],
)
def test_a_waiver_of_nothing_is_an_error(waiver):
    assert f"waiver matches no uncovered point: {waiver.file} {waiver.kind} {waiver.match}" in coverage.gate(
        merged(waiver), {}
    )


def test_a_waiver_without_a_reason_is_refused(tmp_path):
    path = tmp_path / "coverage.toml"
    path.write_text('[[waiver]]\nfile = "a.v"\nkind = "line"\nmatch = ".*"\nreason = ""\n[limits]\n')
    with pytest.raises(InputError, match="waiver 1: expected file, kind, match and reason"):
        coverage.waivers(path)


def test_the_table_has_each_module_before_and_after_waivers():
    waiver = Waiver("stream/skid.v", "expression", ".*", "a reason")
    assert coverage.table(merged(waiver))[2:] == [
        "| skid | 100.0 | 100.0 | - | 0.0 | 4 | 1 |",
        "| all, before waivers | 100.0 | 100.0 | 0.0 | 0.0 | 4 | 1 |",
        "| all | 100.0 | 100.0 | - | 0.0 | 4 | 1 |",
    ]


def test_bins_of_all_cases_are_merged():
    """A cross with all its bins is complete; the others are named, with a bin that is missing."""
    every = {name: list(map(list, cross.bins())) for name, cross in bins.CROSSES.items()}
    one, *others = every["reset"]
    records = [{"bins": {**every, "reset": [one]}}, {"bins": {"reset": others[1:]}}, {}]
    found = coverage.reached_bins(records)
    table = coverage.bins_table(found)
    assert "| reset | format x weights x activations x results | 16 | 15 | 93.7 |" in table
    assert all(line.endswith("| 100.0 |") for line in table[2:-1] if not line.startswith("| reset"))
    missed = ", ".join(others[0])
    assert coverage.bins_gate(found) == [f"reset: 1 of 16 bins not reached, such as {missed}"]
    assert coverage.bins_gate(coverage.reached_bins([{"bins": every}])) == []
    assert len(coverage.bins_gate(coverage.reached_bins([]))) == len(every)


def test_bins_are_different_and_possible():
    for name, cross in bins.CROSSES.items():
        listed = cross.bins()
        assert len(set(listed)) == len(listed) > 10, name
    assert len(bins.CROSSES["tile"].bins()) == 4 * 2 * 2 * 8 + 8 * 2 * 8


def test_an_unknown_bin_is_an_error():
    with pytest.raises(AssertionError, match="error, core: 'FP8', expected one of INT8, BF16, DUAL"):
        bins.count("error", "k_mismatch", "FP8", "soft reset")


def test_every_waiver_is_complete():
    coverage.waivers()


@pytest.mark.thorough
def test_lead_zeros_is_covered(tmp_path, capsys):
    store = Store(tmp_path / "store")
    assert coverage.main(["lead_zeros"], 1, store, engine.Local(1), {}, tmp_path) == 0
    said = capsys.readouterr().out
    assert "coverage: 1 of 1 cases" in said
    assert "| lead_zeros | 100.0 | 100.0 | 100.0 | 100.0 | 103 | 3 |" in said
    assert "| all, before waivers | 100.0 | 100.0 | 94.7 | 97.3 | 103 | 3 |" in said
    assert "lead_zeros.v" in (tmp_path / "coverage.html").read_text()


# --- docs/evidence.md ---------------------------------------------------------------------------------------


def test_the_page_of_evidence_is_as_generated():
    """macrame campaign evidence"""
    for path, text in evidence.files().items():
        assert path.read_text() == text, path


def test_a_later_verdict_replaces_an_earlier_one():
    one = {"task": "skid source 0", "seed": 1, "verdict": "survived"}
    two, other = {**one, "verdict": "killed"}, {**one, "seed": 2}
    assert evidence.newest([one, other, two]) == [two, other]


def test_mutants_of_python_are_counted_apart():
    """By file and for all; a kill by a run that fails without a mutant does not count."""
    common = {"seed": 1, "commit": "abc", "cpu": 2.0, "date": "2026-11-29"}
    by = {"run": ["tests/test_a.py"], "test": "test_a"}
    killed = {**common, "task": "golden/x.py 0", "group": "golden/x.py", "verdict": "killed", "by": by}
    survived = {**common, "task": "golden/x.py 1", "group": "golden/x.py", "verdict": "survived"}
    plain = {**common, "task": "tests/test_a.py unmutated", "group": "unmutated", "verdict": "passed"}
    assert not evidence.confirmed([killed, survived, plain])
    text = "\n".join(evidence.python_lines([killed, survived, plain]))
    assert "1 of 2\nmutants were killed, 50.0 %" in text
    assert "| golden/x.py | 2 | 1 | 1 | 0 | 0 | 4 |" in text
    assert "| all | 2 | 1 | 1 | 0 | 0 | 4 |" in text
    assert "- `golden/x.py 1`: survived" in text
    text = "\n".join(evidence.python_lines([killed, survived, {**plain, "verdict": "failed"}]))
    assert "| all | 2 | 0 | 1 | 0 | 1 | 4 |" in text


def test_a_kill_without_its_unmutated_case_is_not_evidence():
    by = {"case": "skid/1", "step": "own", "how": "AssertionError"}
    kill = {"task": "skid source 0: stuck, line 1", "group": "skid", "verdict": "killed", "by": by, "seed": 1}
    passed = {"task": "skid/1 on the RTL", "group": "unmutated", "verdict": "passed", "seed": 1}
    assert [r["verdict"] for r in evidence.confirmed([kill, passed])] == ["killed"]
    for other in ({"seed": 2}, {"verdict": "failed"}, {"task": "skid/1 on the netlist"}):
        assert [r["verdict"] for r in evidence.confirmed([kill, passed | other])] == ["unconfirmed"]


def test_every_defect_has_its_commit_and_a_word():
    text = (paths.ROOT / "docs" / "evidence.md").read_text()
    assert len(evidence.defect_lines()) > 5
    for line in evidence.defect_lines():
        assert line in text
