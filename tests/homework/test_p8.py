# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Problem 8: inference in int8 on the RTL, training in three formats and with few bits."""

import numpy as np
import pytest

from macrame.homework import (
    p8_inference,
    p8_training,
)
from tests.homework.common import own


def test_problem_8(whole):
    """All held-out images on the RTL: labels match the logits and golden, accuracy is close to float's."""
    answer = whole.report(8)["answer"]
    assert answer["samples"] == {"train": 1257, "test": 540}
    assert [c["values"] for c in whole.report(8)["checks"]] == [540 * 32, 540 * 10, 540]
    assert whole.report(8)["mismatches"] == 0
    logits = np.array(answer["rtl_logits"])
    assert logits.shape == (540, 10)
    assert answer["rtl_labels"] == logits.argmax(axis=1).tolist()
    accuracy = answer["accuracy"]
    assert accuracy["test"] > 0.95
    assert accuracy["int8 RTL"] == np.mean(logits.argmax(axis=1) == answer["true_labels"])
    assert accuracy["int8 RTL"] == accuracy["int8 golden"]
    assert abs(accuracy["int8 RTL"] - accuracy["test"]) < 0.01
    for layer in answer["layers"]:
        assert layer["cycles"] == layer["cycle_model"]
    assert [layer["macs"] for layer in answer["layers"]] == [540 * 64 * 32, 540 * 32 * 10]


@pytest.mark.thorough
@pytest.mark.parametrize("mode", ["ruy", "fp32"])
def test_problem_8_in_other_modes_and_another_shape(solve, tmp_path, mode):
    folder = own(
        tmp_path,
        "p8_inference.toml",
        mode=f'"{mode}"',
        hidden="9",
        test_fraction="0.05",
        epochs="3",
        per_channel="false",
    )
    code, reports, _, _ = solve(PROBLEM=8, HOMEWORK=folder, ROWS=4, COLS=4, DEPTH=4)
    assert code == 0
    assert reports["p8.json"]["answer"]["mode"] == mode
    assert len(reports["p8.json"]["answer"]["rtl_labels"]) == 90
    assert len(set(np.ravel(reports["p8.json"]["answer"]["layers"][0]["weight_scale"]))) == 1


@pytest.mark.thorough
def test_one_wrong_logit_of_the_test_set_is_found(solve, tmp_path, monkeypatch):
    right = p8_inference.quantize_network

    def wrong(*arguments):
        network = right(*arguments)
        network.layers[-1].bias[7] += 1 << 12
        tainted = right(*arguments)
        monkeypatch.setattr(type(network), "forward", lambda self, x: _forward(tainted, x))
        return network

    def _forward(network, x):
        first = network.layers[0].forward(x)
        return [first, network.layers[1].forward(first)]

    monkeypatch.setattr(p8_inference, "quantize_network", wrong)
    folder = own(tmp_path, "p8_inference.toml", hidden="8", test_fraction="0.05", epochs="2")
    code, _, out, _ = solve(PROBLEM=8, HOMEWORK=folder)
    assert code == 1
    assert "MISMATCH in layer 2" in out
    assert "column 7" in out


def test_problem_8_training(whole):
    answer = whole.report(8)["answer"]
    costs = answer["training_against_inference"]
    assert costs["inference"]["macs_forward"] == 64 * 32 + 32 * 10
    assert costs["training"]["macs_backward"] == 64 * 32 + 2 * 32 * 10
    runs = answer["three_formats"]
    assert runs["bf16"]["loss"] == pytest.approx(runs["fp32"]["loss"], rel=0.01)
    assert runs["bf16"]["loss"] != runs["fp32"]["loss"]
    assert runs["int8"]["loss"][-1] > 1.5 * runs["fp32"]["loss"][-1]
    assert runs["int8"]["lost_updates"] > 0.9
    assert runs["int8, stochastic"]["loss"][-1] < 1.2 * runs["fp32"]["loss"][-1]
    few = {(p["bits"], p["activation_bits"]): p for p in answer["few_bits"]["points"]}
    assert few[8, 8]["after_training"] == pytest.approx(answer["few_bits"]["float"], abs=0.01)
    assert few[3, 3]["after_training"] < few[4, 4]["after_training"] < few[8, 8]["after_training"]
    for point in few.values():  # compared with as much further training without quantisation
        assert point["plain"] == np.mean(point["plain_runs"])
        assert point["aware"] == np.mean(point["aware_runs"])
        assert point["gained"] == pytest.approx(point["aware"] - point["plain"])
        assert len(point["plain_runs"]) == len(point["aware_runs"]) == 5
    assert few[3, 3]["gained"] > 0.01
    assert abs(few[8, 8]["gained"]) < 0.01
    assert abs(few[4, 8]["gained"]) < 0.01
    assert few[8, 8]["plain"] == pytest.approx(np.mean(answer["few_bits"]["float_further"]), abs=0.005)
    assert "Gain is the difference between aware training and plain further training." in " ".join(
        whole.out.split()
    )


def test_the_verdict_on_few_bits_follows_the_numbers():
    def point(bits, gained, spread):
        runs = 0.9 + spread * np.array([-1.0, 0, 1])
        return {
            "bits": bits,
            "what": "weights",
            "gained": gained,
            "plain_runs": runs,
            "aware_runs": runs + gained,
        }

    points = [point(8, 0.004, 0.01), point(4, -0.02, 0.001), point(3, 0.02, 0.001), point(2, 0.001, 0.0)]
    said = p8_training._verdict(points, 540, 3)
    assert said.startswith("With 8 bits of weights, 4 bits of weights, 2 bits of weights there is no gain")
    assert "With 3 bits of weights it helps" in said
    assert p8_training._verdict(points[2:3], 540, 1).startswith("With 3 bits of weights it helps")


def test_bf16_training_on_digits_hashes_the_same_everywhere(whole):
    """The weights of problem 8's bf16 run use no BLAS and no exp or logarithm of the machine."""
    digest = whole.report(8)["answer"]["three_formats"]["bf16"]["sha256"]
    assert digest == "86846230ebeca7322e76ec87c3c0aafcbc8f3d195541dc8aa26bed9e827b57cd"
    assert digest in whole.out
