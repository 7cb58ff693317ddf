# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Problem 2: a step of backpropagation against answers in print, differences and float64."""

import json
import math
import re
from fractions import Fraction

import numpy as np
import pytest

from macrame.golden.nn.network import Network
from macrame.homework import (
    p2_backprop,
)
from tests.homework.common import own


def test_problem_2(whole):
    """w8 of the sheet: exactly, and in bf16 to the precision of eight significant bits of the gradient."""
    answer = whole.report(2)["answer"]
    assert answer["answer"]["exact"] == "0.549942596875"
    assert answer["scalings"] == {
        "half_sum": "0.549942596875",
        "sum": "0.54988519375",
        "mean": "0.549942596875",
    }
    golden = answer["answer"]["golden_bf16"]
    assert golden == float(np.float32(golden))
    gradient = (0.55 - 0.549942596875) / 0.01
    assert 0 < abs(golden - 0.549942596875) < 0.01 * gradient * 2**-6
    assert answer["bf16_rtl"] == answer["bf16_golden"]
    assert answer["answer"]["RTL_bf16"] == golden
    checks = {check["name"]: check["values"] for check in whole.report(2)["checks"] if not check["again"]}
    assert set(checks) == {"bf16 operations, one by one"}
    assert sum(checks.values()) == whole.report(2)["rtl_numbers"] == 48
    assert len(whole.report(2)["checks"]) == 1 + 15  # each step again, against the golden model's own
    assert "on the RTL." in whole.out
    # the textbook's intermediate results
    assert answer["exact"]["z1"] == [0.3775, 0.3925]
    assert answer["exact"]["y"] == [0.927625, 1.004625]
    assert answer["exact"]["E"] == [0.421124765625]
    assert "Answer: w8 = 0.549942596875 in exact arithmetic" in whole.out
    # bf16 by hand: a1 is the bfloat16 nearest to 0.3925 (0.39257812), dz2 that of the error
    bf16 = answer["bf16_golden"]
    assert bf16["a1"]["bits"] == [0x3EC1, 0x3EC9]
    assert bf16["dE/dz2"]["bits"][0] == 0x3F6B
    for name in ("a1", "y", "dE/dW1", "dE/dW2", "W1 new", "b2 new"):
        value = np.array(bf16[name]["bits"], np.uint32 if name != "a1" else np.uint16)
        real = value.view(np.float32) if name != "a1" else (value.astype(np.uint32) << 16).view(np.float32)
        np.testing.assert_allclose(real, answer["exact"][name], rtol=0.02)
        assert bf16[name]["value"] == answer["bf16_rtl"][name]["value"] == real.tolist()
    assert bf16["a1"]["value"] == [0.376953125, 0.392578125]


@pytest.mark.parametrize(
    ("number", "decimal", "rounded"),
    [
        ("0.549942596875", "0.549942596875", "0.5499425969"),
        ("1/3", "0.33333333333333333...", "0.3333333333"),
        ("-2/3", "-0.66666666666666666...", "-0.6666666667"),
        ("0", "0", "0.0000000000"),
        ("70", "70", "70.0000000000"),
        ("1e25", "1e+25", "1.000000000e+25"),
        ("12.5e-40", "1.25e-39", "1.250000000e-39"),
        ("100000000000000000001/3", "33333333333333333333.6...", "3.333333333e+19"),
        ("1e30/7", "1.4285714285714285...e+29", "1.428571429e+29"),
        ("1e-9/7", "1.4285714285714285...e-10", "1.428571429e-10"),
        ("0.1234567890123456789012345678901234567", "0.12345678901234567...", "0.1234567890"),
        ("2e-6/3", "6.6666666666666666...e-7", "6.666666667e-7"),
        ("1.00000000000000000000000000000001", "1.0000000000000000...", "1.0000000000"),
    ],
)
def test_digits_that_are_shown_are_digits_that_are_there(number, decimal, rounded):
    """Exact to the last digit, or truncated with dots: not computed in float64."""
    top, _, bottom = number.partition("/")
    value = Fraction(top) / Fraction(bottom or 1)
    assert p2_backprop._decimal(value) == decimal
    assert str(p2_backprop._rounded(value)) == rounded
    assert abs(Fraction(decimal.replace("...", "")) - value) <= abs(value) * Fraction(1, 10**16)


def test_numbers_of_problem_2_stay_narrow(solve, tmp_path):
    """A large and a small target: no column of a hundred digits."""
    folder = own(tmp_path, "p2_backprop.toml", target="[1e15, 1e-15]", learning_rate="1e-3")
    code, _, out, _ = solve(PROBLEM=2, HOMEWORK=folder)
    assert code == 0
    assert not re.search(r"\d{31}", out)
    worked = out.split("\nSummary")[0]  # paths follow, whose length depends on the machine
    assert max(map(len, worked.splitlines())) <= 150


def test_another_network_backwards(solve, tmp_path):
    """Three outputs, the plain sum, no ReLU at the end: against central differences."""
    folder = own(
        tmp_path,
        "p2_backprop.toml",
        """
        input = [1, -2, 0.5, 3]
        target = [1, 0, -1]
        hidden_weights = [[0.1, 0.2, -0.3, 0.4], [-0.5, 0.25, 0.125, -0.75]]
        hidden_bias = [0.1, -0.1]
        output_weights = [[1, 2], [-1, 0.5], [0, 3]]
        output_bias = [0, 0.5, -0.5]
        output_activation = "identity"
        error = "sum"
        learning_rate = 0.1
        asked = "w3"
    """,
    )
    code, reports, out, _ = solve(PROBLEM=2, HOMEWORK=folder)
    assert code == 0
    assert "Placeholder" not in out

    def error(w3):
        w1 = np.array([[0.1, 0.2, w3, 0.4], [-0.5, 0.25, 0.125, -0.75]])
        a1 = np.maximum(w1 @ [1, -2, 0.5, 3] + [0.1, -0.1], 0)
        return np.square(np.array([[1, 2], [-1, 0.5], [0, 3]]) @ a1 + [0, 0.5, -0.5] - [1, 0, -1]).sum()

    expected = -0.3 - 0.1 * (error(-0.3 + 1e-6) - error(-0.3 - 1e-6)) / 2e-6
    answer = reports["p2.json"]["answer"]["answer"]
    assert answer["exact_float"] == pytest.approx(expected, rel=1e-8)
    assert answer["golden_bf16"] == pytest.approx(expected, rel=0.02)
    assert expected != -0.3


def test_thirds_are_shown_as_far_as_they_go(solve, tmp_path):
    folder = own(
        tmp_path,
        "p2_backprop.toml",
        target="[0.01, 0.99, 0.5]",
        error='"mean"',
        output_weights="[[0.4, 0.45], [0.5, 0.55], [0.1, 0.2]]",
        output_bias="[0.6, 0.6, 0.6]",
    )
    code, reports, _, _ = solve(PROBLEM=2, HOMEWORK=folder)
    assert code == 0
    shown = reports["p2.json"]["answer"]["answer"]["exact"]
    expected = 0.55 - 0.01 * 2 / 3 * 0.014625 * 0.3925
    assert float(shown.removesuffix("...")) == pytest.approx(expected, rel=1e-15)


def deep_backprop(kinds, sizes, rng):
    """TOML of problem 2 for a network of any depth, and the network."""
    weights = [rng.standard_normal((n, k)).round(2) for k, n in zip(sizes, sizes[1:])]
    biases = [rng.standard_normal(n).round(2) for n in sizes[1:]]
    x, target = rng.standard_normal(sizes[0]).round(2), rng.random(sizes[-1]).round(2)
    hidden = []
    if len(weights) > 1:
        hidden = [
            f"hidden_weights = {json.dumps([w.tolist() for w in weights[:-1]])}",
            f"hidden_bias = {json.dumps([b.tolist() for b in biases[:-1]])}",
            f'hidden_activation = "{kinds[0]}"',
        ]
    lines = [
        f"input = {json.dumps(x.tolist())}",
        f"target = {json.dumps(target.tolist())}",
        *hidden,
        f"output_weights = {json.dumps(weights[-1].tolist())}",
        f"output_bias = {json.dumps(biases[-1].tolist())}",
        f'output_activation = "{kinds[-1]}"',
        'error = "mean"',
        "learning_rate = 0.25",
        'asked = "w2"',
    ]
    return "\n".join(lines), Network(weights, biases, kinds, "mse_mean"), x, target


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("kinds", "sizes"),
    [
        (["sigmoid"], (3, 2)),
        (["identity"], (2, 3)),
        (["sigmoid", "identity"], (3, 4, 2)),
        (["relu", "relu", "sigmoid"], (3, 5, 4, 2)),
        (["sigmoid", "sigmoid", "sigmoid", "relu"], (2, 3, 3, 4, 3)),
    ],
    ids=str,
)
def test_problem_2_with_networks_of_any_depth(solve, tmp_path, kinds, sizes):
    """Every gradient against backpropagation in float64, itself checked by differences and PyTorch."""
    text, network, x, target = deep_backprop(kinds, sizes, np.random.default_rng(sum(sizes)))
    code, reports, out, _ = solve(PROBLEM=2, HOMEWORK=own(tmp_path, "p2_backprop.toml", text))
    assert code == 0
    report, depth = reports["p2.json"], len(kinds)
    exact = report["answer"]["exact"]
    gradients = network.gradients(x[None], target[None])
    names = [f"{letter}{i}" for letter in "Wb" for i in range(1, depth + 1)]
    for name, parameter, gradient in zip(names, network.parameters(), gradients):
        np.testing.assert_allclose(exact[f"dE/d{name}"], gradient, rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose(exact[f"{name} new"], parameter - 0.25 * gradient, rtol=1e-12)
        bf16 = report["answer"]["bf16_golden"][f"{name} new"]["value"]
        np.testing.assert_allclose(bf16, exact[f"{name} new"], atol=0.02)
    assert exact["E"] == pytest.approx([network.loss(x[None], target[None])], rel=1e-12)
    assert report["answer"]["bf16_rtl"] == report["answer"]["bf16_golden"]
    steps = depth + 2 + (depth - 1) + 3 * depth + 2 * depth  # activations, error, back, gradients, update
    assert len(report["checks"]) == 1 + steps
    assert ("in exact arithmetic" in out) == ("sigmoid" not in kinds)


def test_problem_2_of_the_textbook_with_sigmoids(solve, tmp_path):
    """The widely used 2-2-2 example, whose answers are in print: E = 0.298371109, w5 = 0.35891648, ..."""
    folder = own(
        tmp_path,
        "p2_backprop.toml",
        hidden_activation='"sigmoid"',
        output_activation='"sigmoid"',
        learning_rate="0.5",
        asked='"w5"',
    )
    code, reports, out, _ = solve(PROBLEM=2, HOMEWORK=folder)
    assert code == 0
    answer = reports["p2.json"]["answer"]
    assert answer["exact"]["E"] == pytest.approx([0.298371109], abs=5e-10)
    new = [*np.ravel(answer["exact"]["W1 new"]), *np.ravel(answer["exact"]["W2 new"])]
    printed = [
        0.149780716,
        0.19956143,
        0.24975114,
        0.29950229,
        0.35891648,
        0.408666186,
        0.511301270,
        0.561370121,
    ]
    assert new == pytest.approx(printed, abs=6e-9)
    assert answer["answer"]["exact"] == "0.35891647971788461..."
    assert answer["answer"]["RTL_bf16"] == pytest.approx(0.35891648, abs=2e-4)
    assert "Answer: w5 = 0.35891647971788461... in arithmetic of 60 digits" in " ".join(out.split())


def test_digits_of_a_sigmoid():
    """Sixty digits, also for large |z|, where 1 - a would cancel; and 0 beyond any exponent."""
    far = [Fraction(v) for v in (0, 1, -1, 200, -200, 10**30, -(10**30))]
    values, slopes = p2_backprop._sigmoid(np.array(far, object))
    e = Fraction(
        "0.36787944117144232159552377016146086744581113103176783450783680169746149574489980335714727"
    )
    close = Fraction(1, 10**59)
    assert values[0] == Fraction(1, 2)
    assert slopes[0] == Fraction(1, 4)
    assert abs(values[1] * (1 + e) - 1) < close
    assert abs(values[2] * (1 + e) - e) < close
    assert abs(slopes[1] * (1 + e) ** 2 / e - 1) < close
    assert slopes[1] == slopes[2]
    assert slopes[3] == slopes[4]
    assert float(slopes[3]) == pytest.approx(math.exp(-200), rel=1e-14)
    assert [float(v) for v in values[5:]] == [1, 0]
    assert slopes[5] == slopes[6] == 0
