# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""RTL that differs from the golden model: printed, reported, and exit code 1."""

import re

import pytest

from macrame.golden.nn.bf16 import Golden
from macrame.homework import (
    p4_int8,
    p7_bfloat16,
)
from macrame.verify.session import Compared, Session


def test_a_mismatch_is_printed_and_fails(solve, monkeypatch):
    def wrong(a, w):
        product = right(a, w)
        product[1, 2] += 1
        return product

    right = p4_int8.gemm
    monkeypatch.setattr(p4_int8, "gemm", wrong)
    monkeypatch.delenv("MACRAME_REPLAY", raising=False)
    code, reports, out, _ = solve(PROBLEM="3,4")
    assert code == 1
    assert "MISMATCH in Q Q^T: 1 of 9" in out
    assert "row 1, column 2: expected -590, got -591" in out
    assert "1 RTL result differs from the golden model, in problem 4." in out
    assert re.search(r"\n  replay  SEED=\d+ .*-m pytest .*test_a_mismatch_is_printed_and_fails\n", out)
    assert "\n  waves   the same command with WAVES=1\n" in out
    assert reports["p4.json"]["mismatches"] == 1
    assert [c["mismatches"] for c in reports["p4.json"]["checks"] if c["mismatches"]] == [
        [{"row": 1, "column": 2, "expected": -590, "got": -591}]
    ]


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("module", "function", "problem"),
    [(p7_bfloat16, "fp32_to_bf16", 7), (p7_bfloat16, "bf16_to_fp32", 7), (p4_int8, "fp32_to_int8", 4)],
)
def test_every_arithmetic_result_is_compared(solve, monkeypatch, module, function, problem):
    right = getattr(module, function)

    def wrong(x, *arguments):
        out = right(x, *arguments)
        flat = out.reshape(-1).view(f"u{out.dtype.itemsize}")
        flat[-1] ^= 1
        return out

    monkeypatch.setattr(module, function, wrong)
    code, _, out, _ = solve(PROBLEM=problem)
    assert code == 1
    assert "MISMATCH" in out


def test_numbers_of_a_bf16_backend_are_shown_and_compared(solve, monkeypatch):
    """The RTL's numbers have a separate column, each compared with the golden model's."""
    monkeypatch.setattr(Session, "bf16", lambda self: Compared(Golden(), lambda *found: None))
    code, reports, out, _ = solve(PROBLEM="1,2")
    assert code == 0
    assert "RTL matches the golden model: W2 new, bf16: all 4 numbers" in out
    assert "RTL matches the golden model: z2, bf16: all 3 numbers" in out
    assert len(reports["p2.json"]["checks"]) == 15
    assert reports["p2.json"]["answer"]["bf16_rtl"]["W2 new"]["bits"][1][1] == 0x3F0CC904
    assert reports["p1.json"]["answer"]["bf16"]["source"] == "RTL"


@pytest.mark.parametrize("method", ["matmul", "vector"])
def test_a_bf16_backend_that_errs_is_found(solve, monkeypatch, method):
    class Wrong(Golden):
        products = [""] * 7  # no trace has them

    def wrong(self, *arguments, **keywords):
        out = getattr(Golden, method)(self, *arguments, **keywords)
        out.reshape(-1).view(f"u{out.dtype.itemsize}")[-1] ^= 1
        return out

    setattr(Wrong, method, wrong)
    monkeypatch.setattr(Session, "bf16", lambda self: Wrong())
    code, _, out, _ = solve(PROBLEM=2)
    assert code == 1
    assert "MISMATCH in W2 new, bf16" in out


def test_an_operation_in_bf16_that_errs_is_named(solve, monkeypatch):
    """Each operation is compared immediately, so a wrong one is distinguished from its consequences."""
    from macrame.host.training import Hardware

    right = Hardware.to_bf16

    def wrong(self, x):
        out = right(self, x)
        out[0, -1] ^= x.shape == (2, 2)
        return out

    monkeypatch.setattr(Hardware, "to_bf16", wrong)
    code, reports, out, _ = solve(PROBLEM=2)
    assert code == 1
    assert "MISMATCH in 4 numbers to bf16: 1 of 4 numbers differ" in out
    assert "row 0, column 1: expected" in out
    on_the_spot, *steps = reports["p2.json"]["checks"]
    assert [m["row"] for m in on_the_spot["mismatches"]] == [0, 0]  # both layers' weights, nothing else
    assert any(check["mismatches"] for check in steps)
