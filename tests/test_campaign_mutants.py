# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Mutants: the operators change what they say, verdicts are right, and a sample of the RTL's is killed."""

import os
import re
from dataclasses import asdict
from pathlib import Path

import pytest

from macrame import paths
from macrame.campaign import (
    benches,
    content,
    engine,
    equivalence,
    evidence,
    judge,
    mutants,
    netlist,
    operators,
)
from macrame.campaign.store import Store
from tb.lib.catalogue import CASES

#: Modules whose mutants cost a second or two each.
CHEAP = ("bf16_phase", "crc16", "fifo", "frame_tx", "lead_zeros", "lfsr32", "row_packer", "skid", "uart_tx")

SOURCE = """
module m #(parameter W = 4) (input wire clk, input wire rst, input wire signed [3:0] a, output reg [3:0] q);
    localparam integer N = 3;
    generate if (W < 1) begin : g_illegal ERROR_m_W_must_be_positive u_e (); end endgenerate
    reg signed [W-1:0] d;
    always @(posedge clk)
        if (rst) q <= 4'd5;
        else if (a >= 2 && !d[1]) q <= d[N:1] + $signed(a);
        else q <= a[0] ? {d >>> 1} : ~d;
endmodule
"""
#: Each change in SOURCE: operator, what it replaces, by what.
CHANGES = {
    ("constant", "3", "4"),
    ("constant", "3", "2"),
    ("sign", "signed", ""),
    ("reset", "rst", "!(rst)"),
    ("dropped", "q <= 4'd5;", ";"),
    ("stuck", "4'd5", "0"),
    ("stuck", "4'd5", "-1"),
    ("constant", "4'd5", "4'd4"),
    ("constant", "4'd5", "4'd13"),
    ("negation", "a >= 2 && !d[1]", "!(a >= 2 && !d[1])"),
    ("relational", ">=", "<"),
    ("boundary", ">=", ">"),
    ("constant", "2", "1"),
    ("constant", "2", "3"),
    ("logical", "&&", "||"),
    ("negation", "!", ""),
    ("slice", "1", "(1) + 1"),
    ("slice", "1", "(1) - 1"),
    ("slice", "N", "(N) - 1"),
    ("arithmetic", "+", "-"),
    ("sign", "$signed(a)", "(a)"),
    ("ternary", "a[0] ? {d >>> 1} : ~d", "({d >>> 1})"),
    ("ternary", "a[0] ? {d >>> 1} : ~d", "(~d)"),
    ("negation", "a[0]", "!(a[0])"),
    ("slice", "0", "(0) + 1"),
    ("slice", "0", "(0) - 1"),
    ("arithmetic", ">>>", ">>"),
    ("constant", "1", "2"),
    ("constant", "1", "0"),
    ("negation", "~", ""),
}


# --- mutants of the source ----------------------------------------------------------------------------------


def test_operators_change_what_they_say(tmp_path):
    path = tmp_path / "m.v"
    path.write_text(SOURCE)
    found = operators.edits(path)
    changes = {(e.operator, e.before, e.text) for e in found}
    stuck_or_dropped = {c for c in changes - CHANGES if c[0] in ("stuck", "dropped")}
    assert changes - stuck_or_dropped == CHANGES
    assert len(stuck_or_dropped) == 6
    code = operators.code(path)
    for edit in found:
        assert edit.before.split("\n")[0] in edit.line
        mutated = edit.apply(code)
        end = edit.start + len(edit.text)
        assert mutated[: edit.start] + edit.before.encode() + mutated[end:] == code


def test_a_comment_changes_no_mutant(tmp_path):
    plain, commented = tmp_path / "plain.v", tmp_path / "commented.v"
    plain.write_text(SOURCE)
    lines = SOURCE.splitlines()
    commented.write_text("".join(f"{line}  // \u00e9\n\n" for line in lines))
    assert operators.edits(commented) == operators.edits(plain)
    assert content.digest(commented) == content.digest(plain)
    commented.write_text(SOURCE.replace("+", "-", 1))
    content.digest.cache_clear()
    assert content.digest(commented) != content.digest(plain)


def test_equal_lines_are_told_apart(tmp_path):
    path = tmp_path / "m.v"
    path.write_text(
        "module m(output a, output b);\n  assign a = 0;\n  assign b = 1;\n  assign a = 0;\nendmodule\n"
    )
    found = {edit.line for edit in operators.edits(path) if edit.before == "0"}
    assert found == {"assign a = 0;", "assign a = 0; #2"}


def test_the_document_lists_every_operator():
    text = (paths.ROOT / "docs" / "mutants.md").read_text()
    assert tuple(re.findall(r"^\| `(\w+)` \| (?!.*\| )", text, re.MULTILINE)) == operators.OPERATORS
    assert set(re.findall(r"^\| `(\w+)` \| .*\|.*\|$", text, re.MULTILINE)) == {
        *judge.VERDICTS,
        "unconfirmed",
    }


@pytest.mark.parametrize(
    ("text", "flipped"),
    [
        ("1'b0", ["1'b1"]),
        ("4'hA", ["4'hb", "4'h2"]),
        ("3'o7", ["3'o6", "3'o3"]),
        ("8'sd200", ["8'sd201", "8'sd72"]),
        ("'d4", ["'d5", "'d2147483652"]),
        ("2'b1x", []),
    ],
)
def test_literals_have_one_bit_inverted(text, flipped):
    assert operators.literals(text) == flipped


def test_positions_are_bytes(tmp_path):
    """Of strings with characters of several bytes, before and after each change."""
    path = tmp_path / "m.v"
    path.write_text('module m;\n  initial $display("\u00e9", 1 + 2, "\u20ac", 3 - 4);\nendmodule\n')
    found = operators.edits(path)
    assert len(found) > 5
    for edit in found:
        assert operators.code(path)[edit.start : edit.end].decode() == edit.before


# --- the sample ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sizes", "total", "expected"),
    [([5, 5], 4, [2, 2]), ([1, 5, 9], 9, [1, 4, 4]), ([1, 1], 9, [1, 1]), ([], 3, []), ([0, 2], 1, [0, 1])],
)
def test_quotas(sizes, total, expected):
    assert mutants.quotas(sizes, total) == expected


def test_a_smaller_sample_is_part_of_a_larger_one():
    small, large = (mutants.sample(count, 1, ["skid", "lead_zeros"]) for count in (8, 20))
    assert len(small) == 8
    assert len(large) == 20
    assert {task.key for task in small} < {task.key for task in large}
    assert {"edit" in task.arguments for task in small} == {True, False}
    other = mutants.sample(8, 2, ["skid", "lead_zeros"])
    assert not {task.key for task in small} & {task.key for task in other}


def test_every_module_has_mutants_and_a_ladder():
    known = mutants.modules()
    assert set(known) == {Path(path).stem for path in paths.sources()}
    for name, path in known.items():
        own, wider = benches.ladder(path)
        assert own, name
        assert not {case.name for case in own} & {case.name for case in wider}
        for case in (*own, *wider):
            assert path in benches.files(case)
            assert not case.nightly


def test_the_ladder_of_a_leaf_ends_in_units():
    own, wider = benches.ladder(paths.RTL / "stream" / "skid.v")
    assert {case.bench for case in own} == {"skid"}
    assert "vector_unit" in {case.bench for case in wider}


# --- equivalence --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "before", "after", "case", "verdict", "text"),
    [
        # the entries' own registers have the same next state
        (
            "stream/skid.v",
            "!full_q && !write_q",
            "!write_q && !full_q",
            "skid/67",
            "equivalent",
            "from any state",
        ),
        # only where both entries are full and out_valid_q is low, which does not happen after a reset
        (
            "stream/skid.v",
            "out_ready || !out_valid_q",
            "out_ready || !(out_valid_q || full_q)",
            "skid/5,head5",
            "equivalent",
            "after a reset",
        ),
        ("stream/skid.v", "write_q <= !write_q", "write_q <= write_q", "skid/67", "different", "in cycle"),
        ("arith/lead_zeros.v", "", "", "lead_zeros", "equivalent", "from any state"),
        # an array, whose registers of equal values are to be kept
        (
            "array/pe.v",
            "&{1'b0, sum_bf16, chain_bf16, operand_bf16}",
            "&{1'b1, sum_bf16, chain_bf16, operand_bf16}",
            "mac_array/3x2x3,lut",
            "equivalent",
            "from any state, the module alone",
        ),
        # with the tables of the lane as they are: as registers they take minutes to compare
        (
            "elementwise/elementwise_lane.v",
            "($signed({x5[31], x5[31:16]}))",
            "({x5[31], x5[31:16]})",
            "elementwise_unit/1lanes,8",
            "equivalent",
            "from any state, the module alone",
        ),
        # an instance of the same name and ports, but of another type
        (
            "uart/uart_line.v",
            "uart_tx #(\n        .CLOCKS(CLOCKS)",
            "uart_tx #(\n        .CLOCKS(CLOCKS + 1)",
            "uart_line/4clocks",
            "different",
            "in cycle",
        ),
    ],
)
def test_equivalence(tmp_path, file, before, after, case, verdict, text):
    path = paths.RTL / file
    mutated = tmp_path / path.name
    source = path.read_text()
    assert not before or source.count(before) == 1
    mutated.write_text(source.replace(before, after) if before else source)
    plain = benches.files(CASES[case])
    other = [mutated if p == path else p for p in plain]
    top = benches.top(CASES[case])
    given = CASES[case].parameters
    found = equivalence.decide((plain, other), top, given, tmp_path / "work", module=path.stem)
    assert found.verdict == verdict, found
    assert text in found.text


def test_a_mutated_netlist_is_different(tmp_path):
    case = CASES["lead_zeros"]
    plain = benches.files(case)
    (command, *_) = netlist.mutations(plain, "lead_zeros", {}, "lead_zeros", 3, 1)
    found = equivalence.decide((plain, plain), "lead_zeros", {}, tmp_path / "work", ("", command))
    assert found.verdict == "different"


@pytest.mark.parametrize("module", ["elementwise_unit", "fifo", "macrame", "macrame_engine", "vector_unit"])
def test_a_netlist_is_tried_by_the_bench_of_its_module(module):
    """Not by one of its registers alone."""
    case = mutants.shape(mutants.modules()[module])
    assert case is not None
    assert case.bench == module


def test_a_netlist_has_the_defaults_of_parameters_that_a_case_leaves_out(tmp_path):
    case = CASES["output_stage/5over2"]
    assert "POST_STAGES" not in case.parameters
    made = netlist.write(benches.files(case), "output_stage", case.parameters, tmp_path)
    (heading,) = re.findall(r"^module \\?output_stage\s*#\((.*?)\) \(", made.read_text(), re.MULTILINE)
    assert "parameter COLS = 5, parameter POST_LANES = 2," in heading
    assert "parameter POST_STAGES = 11" in heading


# --- verdicts -----------------------------------------------------------------------------------------------


def task(name, file, before, after, case="skid/1", wider=()):
    """A mutant of choice."""
    path = paths.RTL / file
    source = operators.code(path)
    assert source.count(before.encode()) == 1
    start = source.index(before.encode())
    edit = operators.Edit("arithmetic", start, start + len(before.encode()), after, "the line", before)
    found = {"edit": asdict(edit)}
    return mutants._task(name, path.stem, path, found, [CASES[case]], [CASES[w] for w in wider], 1)


@pytest.mark.thorough
def test_what_compiles_only_where_it_is_equivalent_is_stillborn(tmp_path):
    one = task("half", "stream/skid.v", "if (HEAD > 0) begin", "if (HEAD >= 0) begin")
    one.arguments["own"][:] = ["skid/1", "skid/67,head3"]
    one.arguments["cases"].append(benches.definition(CASES["skid/67,head3"]))
    with Store(tmp_path / "store") as store:
        found = engine.run("half", [one], store, engine.Local(1))
    assert not found.errors
    assert found.records["half"]["verdict"] == "stillborn"
    assert found.records["half"]["by"] == "does not compile in skid/1, and is equivalent elsewhere"


@pytest.mark.thorough
def test_verdicts(tmp_path):
    """One mutant of each kind; a kill is confirmed by the unmutated case."""
    tasks = [
        task("killed", "stream/skid.v", "write_q <= !write_q", "write_q <= write_q"),
        task("equivalent", "stream/skid.v", "!full_q && !write_q", "!write_q && !full_q"),
        task("stillborn", "stream/skid.v", "write_q <= !write_q", "write_q <= no_such"),
    ]
    with Store(tmp_path / "store") as store:
        found, unmutated = mutants.run(tasks, 1, store, engine.Local(1), {})
        again, _ = mutants.run(tasks, 1, store, engine.Local(1), {})
    assert not found.errors
    assert {name: record["verdict"] for name, record in found.records.items()} == {
        name: name for name in ("killed", "equivalent", "stillborn")
    }
    assert again.ran == 0
    assert found.records["killed"]["by"]["how"] == "AssertionError"
    assert [record["verdict"] for record in unmutated.records.values()] == ["passed"]
    assert mutants.score(found.records.values()) == (1, 1)
    lines = mutants.report(tasks, found, tmp_path)
    assert lines[-1] == "mutants: 1 of 1 killed, 100.0 %"


def test_a_kill_without_a_passing_case_does_not_count():
    record = {"verdict": "killed", "by": {"case": "skid/1", "step": "own"}}
    killer = mutants.baseline(CASES["skid/1"], 1, False, True)
    found = engine.Results()
    for verdict, counts_as in (("passed", "killed"), ("failed", "unconfirmed"), (None, "unconfirmed")):
        found.records = {"m": record}
        mutants.confirm(found, {"m": killer}, {killer.name: {"verdict": verdict}} if verdict else {})
        assert found.records["m"]["verdict"] == counts_as
    assert mutants.score(found.records.values()) == (0, 1)


def test_a_survivor_is_listed_until_it_is_explained(tmp_path, monkeypatch):
    one = task("alive", "stream/skid.v", "write_q <= !write_q", "write_q <= write_q")
    found = engine.Results({"alive": {"verdict": "survived", "proof": "different, in cycle 3 after a reset"}})
    lines = mutants.report([one], found, tmp_path)
    assert lines[-1] == "mutants: 0 of 1 killed, 0.0 %, 1 not explained"
    said = (tmp_path / "survivors.txt").read_text()
    assert "write_q <= !write_q -> write_q <= write_q in: the line" in said
    assert "proof: different, in cycle 3 after a reset" in said
    listed = tmp_path / "survivors.toml"
    change = "write_q <= !write_q -> write_q <= write_q in: the line"
    listed.write_text(f'[[survivor]]\nmodule = "skid"\nchange = "{change}"\nwhy = "a reason"\n')
    monkeypatch.setattr(mutants, "EXPLAINED", listed)
    assert mutants.report([one], found, tmp_path)[-1] == "mutants: 0 of 1 killed, 0.0 %"
    assert "explained: a reason" in (tmp_path / "survivors.txt").read_text()


def test_evidence_explains_each_survivor(monkeypatch):
    change = "0 -> 1 in: the line"
    record = {"task": "skid source 0: constant, the line", "group": "skid", "verdict": "survived", "cpu": 1}
    record |= {"seed": 1, "date": "2026-11-30", "commit": "c", "change": change}
    monkeypatch.setattr(mutants, "explanations", dict)
    assert evidence.mutant_lines([record])[-1] == "    - `0 -> 1 in: the line`: not explained"
    monkeypatch.setattr(mutants, "explanations", lambda: {("skid", change): "a reason"})
    assert evidence.mutant_lines([record])[-1] == "    - `0 -> 1 in: the line`: a reason"


def test_recorded_survivors_are_explained():
    assert "not explained" not in (paths.ROOT / "docs" / "evidence.md").read_text()


def test_a_record_says_what_its_mutant_changes():
    (one,) = mutants.sample(1, 1, ["skid"])
    assert one.facts == {"change": mutants.change(one.arguments)}
    assert "facts" not in one.payload()


def test_the_benches_of_a_module_include_each_kind_of_shape():
    """mac_array with int8, with bfloat16, with both, and with products from LUTs."""
    own, _ = benches.ladder(paths.RTL / "array" / "mac_array.v")
    assert len(own) == benches.OWN
    formats = {(case.parameters.get("INT8", 1), case.parameters.get("BF16", 0)) for case in own}
    assert formats == {(1, 0), (0, 1), (1, 1)}
    assert any("LUT_ROWS" in case.parameters for case in own)


# --- a sample of the RTL's mutants --------------------------------------------------------------------------


def check(tmp_path, count, modules, jobs=1):
    """All mutants of a sample are killed, or equivalent, or explained."""
    tasks = mutants.sample(count, 1, modules)
    with Store(tmp_path / "store") as store:
        found, _ = mutants.run(tasks, 1, store, engine.Local(jobs), {})
    assert not found.errors
    assert len(found.records) == count
    lines = mutants.report(tasks, found, tmp_path)
    assert "not explained" not in lines[-1], (tmp_path / "survivors.txt").read_text()
    killed, of = mutants.score(found.records.values())
    assert killed >= 0.98 * of, "\n".join(lines)


def test_two_mutants(tmp_path):
    check(tmp_path, 2, ["skid"])


@pytest.mark.thorough
def test_forty_mutants(tmp_path):
    check(tmp_path, 40, CHEAP, len(os.sched_getaffinity(0)))
