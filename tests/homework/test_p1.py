# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Problem 1: forward pass and loss against plain arithmetic, for networks of any depth."""

import json
import math

import numpy as np
import pytest

from tests.homework.common import own


def test_problem_1(whole):
    answer = whole.report(1)["answer"]
    # the placeholder by plain arithmetic, as on paper
    w1 = [[0.5, -0.2, 0.3, 0.8], [-0.6, 0.9, 0.1, -0.4], [0.7, 0.4, -0.5, 0.6]]
    w2 = [[-0.3, 0.8, 0.2], [0.9, -0.4, 0.7], [-0.5, 0.6, -0.2]]
    x, b1, b2 = [0.9, 0.2, 0.4, 0.7], [0.1, -0.1, 0.05], [0.05, 0.1, -0.15]
    a1 = [max(0, sum(w * v for w, v in zip(row, x)) + b) for row, b in zip(w1, b1)]
    z2 = [sum(w * v for w, v in zip(row, a1)) + b for row, b in zip(w2, b2)]
    loss = -math.log(math.exp(z2[1]) / sum(map(math.exp, z2)))
    assert answer["label"] == "dog"
    assert answer["float"]["a1"] == pytest.approx([1.19, 0, 0.98])
    assert answer["float"]["z2"] == pytest.approx(z2)
    assert answer["float"]["loss"] == pytest.approx(loss)
    assert answer["float"]["loss"] == pytest.approx(0.182878, abs=5e-7)
    # int8: ReLU zeroes the second unit on the RTL, and the loss is close
    tensors = answer["int8"]["tensors"]
    assert tensors["a1"]["accumulators"] == [47627, -27940, 39243]
    assert tensors["a1"]["int8"] == [127, -128, 82]
    assert tensors["a1"]["int8"][1] == tensors["a1"]["zero_point"]
    assert abs(answer["int8"]["loss"] - loss) < 0.01
    chain = answer["relu_against_sigmoid"]["chain"]
    assert chain["relu"]["product"][-1] == 1
    assert 0 < chain["sigmoid"]["product"][9] < 0.25**10
    assert "Placeholder: network and image are ours" in whole.out
    assert whole.report(1)["mismatches"] == 0
    assert len(whole.report(1)["checks"]) == 7

    # bf16: close to float, a1 is a bfloat16, from the RTL
    bf16 = answer["bf16"]
    assert bf16["a1"] == [1.1875, 0, 0.98046875]
    assert bf16["bits"]["a1"] == [0x3F98, 0, 0x3F7B]
    assert 0 < abs(bf16["loss"] - loss) < 0.002
    assert bf16["source"] == "RTL"


def test_a_larger_network_of_the_students_own(solve, tmp_path):
    rng = np.random.default_rng(8)

    def toml(*shape):
        return json.dumps(rng.standard_normal(shape).round(3).tolist())

    folder = own(
        tmp_path,
        "p1_forward.toml",
        "\n".join(
            [
                f"picture = {toml(4, 5)}",
                'classes = ["a", "b", "c", "d"]',
                'label = "c"',
                f"w1 = {toml(17, 20)}",
                f"b1 = {toml(17)}",
                f"w2 = {toml(4, 17)}",
                f"b2 = {toml(4)}",
                'mode = "ruy"',
                "layers = 30",
                "chain_weight = -2",
                "chain_input = 0",
            ]
        ),
    )
    code, reports, out, _ = solve(PROBLEM=1, HOMEWORK=folder)
    assert code == 0
    assert len(reports["p1.json"]["answer"]["int8"]["tensors"]["a1"]["int8"]) == 17
    assert "Placeholder" not in out  # these are the student's numbers


@pytest.mark.sampled(4)
@pytest.mark.parametrize("activation", ["relu", "sigmoid"])
@pytest.mark.parametrize("sizes", [(6, 3), (6, 5, 4, 3), (6, 4, 4, 4, 4, 4, 4, 4, 3)], ids=str)
def test_problem_1_with_networks_of_any_depth(solve, tmp_path, activation, sizes):
    """Against plain arithmetic; every layer on the RTL, in int8 and in bf16."""
    rng = np.random.default_rng(len(sizes))
    weights = [rng.standard_normal((n, k)).round(3) for k, n in zip(sizes, sizes[1:])]
    biases = [rng.standard_normal(n).round(3) for n in sizes[1:]]
    picture = rng.random((2, 3)).round(3)
    layers = [
        f"{letter}{i} = {json.dumps(values.tolist())}"
        for letter, all_ in (("w", weights), ("b", biases))
        for i, values in enumerate(all_, 1)
    ]
    text = "\n".join(
        [
            f"picture = {json.dumps(picture.tolist())}",
            'classes = ["a", "b", "c"]',
            'label = "b"',
            f'activation = "{activation}"',
            'mode = "fp32"',
            "layers = 3",
            "chain_weight = 1",
            "chain_input = 1",
            *layers,
        ]
    )
    code, reports, out, _ = solve(PROBLEM=1, HOMEWORK=own(tmp_path, "p1_forward.toml", text))
    assert code == 0
    answer, depth = reports["p1.json"]["answer"], len(weights)
    h = picture.ravel()
    for i, (w, b) in enumerate(zip(weights, biases), 1):
        z = [sum(p * q for p, q in zip(row, h)) + c for row, c in zip(w, b)]
        assert answer["float"][f"z{i}"] == pytest.approx(z)
        if i < depth:
            h = [max(0, v) if activation == "relu" else 1 / (1 + math.exp(-v)) for v in z]
            assert answer["float"][f"a{i}"] == pytest.approx(h)
            tensor = answer["int8"]["tensors"][f"a{i}"]
            assert np.abs(np.subtract(tensor["real"], h)).max() < 0.1 * max(1, np.abs(h).max())
            assert np.abs(np.subtract(answer["bf16"][f"a{i}"], h)).max() < 0.05 * max(1, np.abs(h).max())
    loss = math.log(sum(map(math.exp, z))) - z[1]
    assert answer["float"]["loss"] == pytest.approx(loss)
    assert answer["int8"]["loss"] == pytest.approx(loss, abs=0.2)
    assert answer["bf16"]["loss"] == pytest.approx(loss, abs=0.1)
    assert len(reports["p1.json"]["checks"]) == 2 * depth + 1 + depth
    assert "table of 256 bytes on the host" in out or activation == "relu" or depth == 1
    for values in (answer["int8"]["softmax"], answer["bf16"]["softmax"]):
        assert sum(values) == pytest.approx(1)


def test_a_dead_network_still_has_a_loss(solve, tmp_path):
    zeros = {"picture": "[[0, 0], [0, 0]]", "b1": "[0, 0, 0]", "b2": "[0, 0, 0]"}
    code, reports, _, _ = solve(PROBLEM=1, HOMEWORK=own(tmp_path, "p1_forward.toml", **zeros))
    assert code == 0
    assert reports["p1.json"]["answer"]["float"]["loss"] == pytest.approx(math.log(3))
    assert reports["p1.json"]["answer"]["int8"]["loss"] == pytest.approx(math.log(3))


def test_a_bias_far_above_its_weights_fits(solve, tmp_path):
    """Weight scales are raised until the bias fits int32; the answer then depends only on the bias."""
    own_file = own(tmp_path, "p1_forward.toml", b1="[1e15, 0, 0]", w1="[" + "[1e-15, 0, 0, 0], " * 3 + "]")
    code, reports, _, _ = solve(PROBLEM=1, HOMEWORK=own_file)
    assert code == 0
    answer = reports["p1.json"]["answer"]
    assert answer["float"]["loss"] == 0
    assert answer["int8"]["loss"] < 1e-9
    assert answer["int8"]["tensors"]["a1"]["int8"] == [127, -128, -128]
