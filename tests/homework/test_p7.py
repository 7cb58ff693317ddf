# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Problem 7: bfloat16, its conversions and the numbers beyond fp32."""

import re

import numpy as np
import pytest

from tests.homework.common import own


def test_problem_7(whole):
    answer = whole.report(7)["answer"]
    formats = answer["formats"]
    assert [formats[f]["bytes"] for f in ("fp32", "bf16", "fp16")] == [4, 2, 2]
    assert formats["fp16"]["largest"] == 65504
    assert formats["fp32"]["largest"] == float(np.finfo(np.float32).max)
    assert formats["bf16"]["epsilon"] == 2**-7
    assert formats["fp16"]["smallest_subnormal"] == 2**-24
    table = answer["conversions"]
    rows = dict(zip(table["fp32_bits"], zip(*table["bf16_bits"].values())))
    even, zero, never_less, _, never = range(5)
    assert rows[0x3F808000][even] == 0x3F80  # a tie, to the even one below
    assert rows[0x3F818000][even] == 0x3F82  # and above
    assert rows[0x3F808001][even] == 0x3F81
    assert rows[0x7F7FFFFF][even] == 0x7F80
    assert rows[0x7F7FFFFF][zero] == 0x7F7F
    assert rows[0x00000001][never_less] == 1  # r = 0: away from zero unless exact
    assert rows[0x7F7FFFFF][never] == 0x7F7F  # r = FFFF: never
    assert set(rows[0x7F800001]) == {0x7FC0}
    assert set(rows[0xFFC12345]) == {0xFFC0}
    for line in answer["stochastic"]:
        assert line["rounded_away"] == line["lower_half"]
        assert line["mean_over_all"] == line["value"]
    gates = answer["gates"]
    assert gates["version"].startswith("Yosys ")
    assert (gates["bf16"]["ecp5_luts"], gates["fp32"]["ecp5_luts"]) == (277, 3003)
    assert (gates["bf16"]["ecp5_dsps"], gates["fp32"]["ecp5_dsps"]) == (1, 4)
    assert re.search(r"ECP5, LUTs alone +277 +3,003 +10\.8\n", whole.out)
    assert answer["counting"]["even"]["mean"] == 256
    assert 900 < answer["counting"]["stochastic"]["mean"] < 1100
    assert "7F800001  7FC0" in whole.out


@pytest.mark.thorough
def test_numbers_beyond_fp32_are_told(solve, tmp_path):
    folder = own(tmp_path, "p7_bfloat16.toml", values="[1e300, -1e-300, 1.5, inf, 0.0]")
    code, reports, out, _ = solve(PROBLEM=7, HOMEWORK=folder)
    assert code == 0
    assert "1e+300 to inf, -1e-300 to -0." in " ".join(out.split())
    assert reports["p7.json"]["answer"]["conversions"]["beyond_fp32"] == [
        {"given": 1e300, "fp32": "inf"},
        {"given": -1e-300, "fp32": 0},
    ]
    folder = own(tmp_path, "p7_bfloat16.toml", values="[1e39, 1e-46]")
    assert "1e+39 to inf, 1e-46 to 0." in " ".join(solve(PROBLEM=7, HOMEWORK=folder)[2].split())
    assert "Beyond the range" not in solve(PROBLEM=7)[2]
