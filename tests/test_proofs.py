# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Proofs of the RTL's properties, and the faults that must break them; see macrame/dev/proofs.py."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from macrame import paths
from macrame.dev import proofs
from macrame.errors import InputError
from tb.lib.catalogue import CASES
from tests.verbs import call

PROOFS, TESTED = proofs.all_proofs()
BY_NAME = {proof.name: proof for proof in PROOFS}


def marks(proof):
    return [pytest.mark.nightly] if proof.nightly else []


def shapes():
    """The proofs in all their shapes; the default suite takes the first one."""
    return [
        pytest.param(
            proof,
            shape,
            id=",".join([proof.name, *proofs.shape_name(shape).split()]),
            marks=[pytest.mark.nightly] if number else marks(proof),
        )
        for proof in PROOFS
        for number, shape in enumerate(proof.shapes)
    ]


def properties():
    return [
        pytest.param(proof, prop, id=f"{proof.name}.{prop.name}", marks=marks(proof))
        for proof in PROOFS
        for prop in proof.properties
    ]


@pytest.mark.sampled(2)
@pytest.mark.parametrize(("proof", "shape"), shapes())
def test_proof(tmp_path, proof, shape):
    outcome = proofs.prove(proof, shape, tmp_path / "all")
    assert outcome.correct, outcome.text


@pytest.mark.sampled(8)
@pytest.mark.parametrize(("proof", "prop"), properties())
def test_fault_breaks_its_property(tmp_path, proof, prop):
    outcome = proofs.find(proof, prop, tmp_path / "fault")
    assert outcome.correct, outcome.text


@pytest.mark.parametrize(("proof", "prop"), [found.values[:2] for found in properties()])
def test_fault_can_be_applied(tmp_path, proof, prop):
    proofs.sources(proof, tmp_path, prop.fault)


def test_names_are_unique_and_claims_are_short():
    assert len(BY_NAME) == len(PROOFS)
    for proof in PROOFS:
        assert len({p.name for p in proof.properties}) == len(proof.properties)
        for prop in proof.properties:
            assert re.fullmatch(r"[a-z][a-z0-9_]*", prop.name)
            assert "|" not in prop.claim
            assert prop.claim
            assert not prop.claim.endswith(".")


def test_what_is_only_tested_has_a_bench():
    benches = {case.bench for case in CASES.values()}
    for tested in TESTED:
        assert tested.bench in benches, f"{tested.module}: {tested.bench}"
        assert tested.module not in {proof.module for proof in PROOFS}


def test_no_property_is_only_bounded():
    """As docs/proofs.md says."""
    assert all(proof.depth is None for proof in PROOFS)


def test_every_checker_is_used():
    used = {proof.checker for proof in PROOFS} | {
        proofs.FOLDER / "models" / name for proof in PROOFS for name in proof.models
    }
    assert set(proofs.FOLDER.rglob("*.sv")) == used


def test_the_document_has_the_whole_table():
    text = (paths.ROOT / "docs" / "proofs.md").read_text()
    assert "\n".join(proofs.rows(PROOFS, TESTED)) in text


def test_a_property_that_fails_is_named_with_its_waveform(tmp_path, monkeypatch):
    """A faulty skid loses beats: the proof fails, names the properties, and writes a waveform."""
    proof = BY_NAME["skid"]
    (prop,) = (p for p in proof.properties if p.name == "no_loss")
    sources = proofs.sources
    monkeypatch.setattr(proofs, "sources", lambda proof, folder, fault: sources(proof, folder, prop.fault))
    outcome = proofs.prove(proof, proof.shapes[0], tmp_path / "all")
    assert not outcome.correct
    found = re.search(r"no_loss fails in cycle \d+: ([^;]+)", outcome.text)
    assert found, outcome.text
    assert "u_dut.full_q" in Path(found[1]).read_text()


def test_a_split_proof_covers_every_case_and_names_the_one_that_fails(tmp_path, monkeypatch):
    proof = replace(BY_NAME["skid"], shapes=({"WIDTH": 3, "HEAD": 3},), split="HEAD")
    decide, seen = proofs.decide, []
    monkeypatch.setattr(
        proofs, "decide", lambda *values, **names: seen.append(values[1]) or decide(*values, **names)
    )
    outcome = proofs.prove(proof, proof.shapes[0], tmp_path / "all")
    assert outcome.correct
    assert outcome.text == "proven"
    assert seen == [{"WIDTH": 3, "HEAD": head} for head in range(3)]

    sources = proofs.sources
    (prop,) = (p for p in proof.properties if p.name == "no_loss")
    fault = {2: prop.fault}
    monkeypatch.setattr(
        proofs, "sources", lambda proof, folder, _: sources(proof, folder, fault.get(seen[-1]["HEAD"]))
    )
    outcome = proofs.prove(proof, proof.shapes[0], tmp_path / "all")
    assert not outcome.correct
    assert re.search(r"no_loss fails in cycle \d+ with HEAD=2: ", outcome.text), outcome.text


def test_an_assertion_that_no_list_names_is_refused(tmp_path):
    proof = BY_NAME["skid"]
    fewer = proofs.Proof(proof.name, proof.module, proof.checker, proof.shapes, proof.properties[1:])
    with pytest.raises(proofs.tools.FlowError, match="assertion|Assertion"):
        proofs.prove(fewer, proof.shapes[0], tmp_path / "all")


def test_the_command_names_what_is_too_long_for_the_default_suite(monkeypatch, capsys):
    """And ends with the total time."""
    seconds = dict.fromkeys(("rounding", "fp32_mul"), 61.0) | {"skid": 59.0}
    monkeypatch.setattr(
        proofs, "prove", lambda proof, shape: proofs.Outcome(proof.name, True, "proven", seconds[proof.name])
    )
    monkeypatch.setattr(proofs, "find", lambda proof, prop: proofs.Outcome(prop.name, True, "found", 1.0))
    chosen = [next(proof for proof in PROOFS if proof.name == name) for name in seconds]
    chosen = [replace(proof, nightly=proof.name == "fp32_mul") for proof in chosen]
    assert proofs.run(chosen, 1) == 0
    said = capsys.readouterr().out.splitlines()
    assert sorted({line for line in said if line.startswith("over 60 s")}) == [
        "over 60 s: fp32_mul, 61 s, nightly",
        "over 60 s: rounding, 61 s, expected nightly = true in its .toml file",
    ]
    assert re.fullmatch(
        r"proofs: passed, \d+ properties to prove, 0 bounded, \d+ faults, 0 failed, 0 s", said[-1]
    )


def test_a_harmless_fault_is_not_found(tmp_path):
    """The check itself: a change without effect breaks no property."""
    proof = BY_NAME["skid"]
    prop = proof.properties[0]
    harmless = proofs.Fault(prop.fault.file, prop.fault.find, f"{prop.fault.find} ")
    outcome = proofs.find(proof, proofs.Property(prop.name, prop.claim, harmless), tmp_path / "fault")
    assert (outcome.correct, outcome.text) == (False, f"not found within {proofs.FAULT_DEPTH} cycles")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"find": "no such text"}, "0 times in stream/skid.v, expected once"),
        ({"file": "stream/fifo.v"}, "stream/fifo.v: not a file of skid, expected one"),
    ],
)
def test_a_fault_that_cannot_be_applied_is_one_line(tmp_path, change, said):
    proof = BY_NAME["skid"]
    fault = {"file": "stream/skid.v", "find": "read_q ? odd_q[WIDTH", "replace": "", **change}
    with pytest.raises(InputError, match=re.escape(said)):
        proofs.sources(proof, tmp_path, proofs.Fault(**fault))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"PROOFS": "skidd"}, "PROOFS=skidd: expected one of "),
        ({"JOBS": "0"}, "JOBS=0: expected an integer from 1 to 1024"),
    ],
)
def test_bad_input_is_one_line(capsys, given, said):
    assert call("proofs", given) == 2
    assert capsys.readouterr().err.startswith(f"proofs: {said}")


def test_the_command_reports_each_proof(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(proofs, "BUILD", tmp_path)
    (first, *_), prop = BY_NAME["skid"].shapes, BY_NAME["skid"].properties[0]
    skid = BY_NAME["skid"]
    one = proofs.Proof(skid.name, skid.module, skid.checker, (first,), skid.properties)
    monkeypatch.setattr(
        proofs, "find", lambda proof, prop: proofs.Outcome(prop.name, prop.name != "order", "x")
    )
    assert proofs.run([one], 2) == 1
    out = capsys.readouterr().out
    assert f"skid {proofs.shape_name(first)}" in out
    assert re.search(r"^order +FAILED: x, 0\.0 s$", out, re.MULTILINE)
    assert re.search(rf"^{prop.name} +x, 0\.0 s$", out, re.MULTILINE)
    assert "proofs: FAILED, 4 properties to prove, 0 bounded, 4 faults, 1 failed" in out
