# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""macrame.golden.nn in float64 against PyTorch's answers, to 1e-12; in float32 to its precision.

The answers are stored (tests/oracles/make_training_vectors.py asked for them); PyTorch is not needed here.
What could be wrong in a network that still learns: a loss scaled by something, a penalty on biases too,
momentum that damps the gradient from its first step, Adam's epsilon inside the root, decay that the running
means see, a smaller batch averaged as a full one, a weighted mean divided by the number of samples.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from macrame.golden.nn import losses
from macrame.golden.nn.batches import minibatches
from macrame.golden.nn.network import Network
from macrame.golden.nn.optimizers import SGD, Adagrad, Adam, AdamW
from macrame.golden.nn.pruning import structured_mask_plain, structured_masks
from macrame.golden.nn.qat import QuantizationAware

with np.load(Path(__file__).parent / "oracles" / "pytorch.npz") as _stored:
    STORED = dict(_stored)
CASES = json.loads(str(STORED["cases"]))
BATCH, SAMPLES, EPOCHS = STORED["shape"].tolist()
TRAINED = [name for name, case in CASES.items() if "optimizer" in case]
OPTIMIZERS = {"sgd": SGD, "adam": Adam, "adamw": AdamW, "adagrad": Adagrad}
LOSSES = json.loads(str(STORED["losses"]))


def answers(name):
    """What is stored under one case."""
    return {
        key.removeprefix(f"{name}/"): value for key, value in STORED.items() if key.startswith(f"{name}/")
    }


def network(name, dtype=np.float64):
    """The case's network, with its first parameters."""
    case, stored = CASES[name], answers(name)
    layers = range(len(case["sizes"]) - 1)
    return Network(
        [stored[f"w{i}"].astype(dtype) for i in layers],
        [stored[f"b{i}"].astype(dtype) for i in layers],
        case.get("activations"),
        case.get("objective", "cross_entropy"),
        loss_options=case.get("loss_options", {}),
    )


def masks(stored, batch):
    """Dropout's masks of a batch, None where the case has none."""
    found = [stored[f"mask{i}"][batch] for i in range(9) if f"mask{i}" in stored]
    return found or None


def assert_close(got, expected, what, tolerance=1e-12):
    """Within the tolerance of the largest magnitude."""
    assert np.shape(got) == np.shape(expected), what
    error = np.abs(np.asarray(got, np.float64) - expected).max() / np.abs(expected).max()
    assert error <= tolerance, f"{what}: {error:.2e}"


@pytest.mark.parametrize("name", TRAINED)
def test_forward_and_backward(name):
    stored, net, batch = answers(name), network(name), slice(0, BATCH)
    x, t = stored["x"][batch], stored["t"][batch]
    assert_close(net.forward(x, masks(stored, batch)).output, stored["output"], "output")
    assert_close(net.loss(x, t, masks(stored, batch)), stored["loss"], "loss")
    layers = range(len(net.weights))
    names = [f"dw{i}" for i in layers] + [f"db{i}" for i in layers]
    for key, got in zip(names, net.gradients(x, t, masks=masks(stored, batch))):
        assert_close(got, stored[key], key)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", TRAINED)
def test_training(name, dtype):
    stored, net, options = answers(name), network(name, dtype), dict(CASES[name]["optimizer"])
    optimizer = OPTIMIZERS[options.pop("kind")](net.parameters(), **options)
    measured = []
    for _ in range(EPOCHS):
        for batch in minibatches(SAMPLES, BATCH):
            x, t = stored["x"][batch].astype(dtype), stored["t"][batch]
            t = t if t.ndim == 1 else t.astype(dtype)
            measured.append(net.loss(x, t, masks(stored, batch)))
            optimizer.step(net.gradients(x, t, masks=masks(stored, batch)))
    tolerance = 1e-12 if dtype == np.float64 else 1e-4
    assert_close(measured, stored["losses"], "losses", tolerance)
    for i, (w, b) in enumerate(zip(net.weights, net.biases)):
        assert_close(w, stored[f"after/w{i}"], f"w{i}", tolerance)
        assert_close(b, stored[f"after/b{i}"], f"b{i}", tolerance)
        assert w.dtype == b.dtype == dtype


def test_straight_through_gradients():
    name = "straight-through"
    stored, case, net = answers(name), CASES[name], network(name)
    aware = QuantizationAware(
        net,
        [tuple(ends) for ends in stored["ends"]],
        case["bits"],
        case["activation_bits"],
        case["per_channel"],
    )
    steps, _ = aware.forward(stored["x"])
    inside = [step[2].mean() for step in steps]
    assert max(inside) < 1, "nothing saturates: the clamp's derivative would go untested"
    assert_close(steps[-1][1], stored["output"], "output")
    assert_close(aware.loss(stored["x"], stored["t"]), stored["loss"], "loss")
    for key, got in zip(("dw0", "dw1", "db0", "db1"), aware.gradients(stored["x"], stored["t"])):
        assert_close(got, stored[key], key)


def loss_answers():
    """Operand, labels, value and gradient of each stored loss, by name; from the flat arrays."""
    numbers, labels, found = STORED["losses/numbers"], STORED["losses/labels"], {}
    for name, case in LOSSES.items():
        shape = case["shape"]
        axis = min(1, len(shape) - 1)
        outer = shape[:axis] + shape[axis + 1 :]
        taken = []
        for size in (shape, outer if case["reduction"] == "none" else [], shape):
            taken.append(numbers[: int(np.prod(size))].reshape(size))
            numbers = numbers[taken[-1].size :]
        count = int(np.prod(outer))
        found[name] = (taken[0], labels[:count].reshape(outer), *taken[1:])
        labels = labels[count:]
    assert not numbers.size
    assert not labels.size
    return found


LOSS_ANSWERS = loss_answers()


@pytest.mark.parametrize("name", LOSSES)
def test_losses_and_their_gradients(name):
    case = dict(LOSSES[name])
    kind, shape = case.pop("kind"), case.pop("shape")
    values, labels, value, gradient = LOSS_ANSWERS[name]
    function, derivative = getattr(losses, kind), getattr(losses, f"{kind}_gradient")
    if case["ignore_index"] is not None:
        assert (labels == case["ignore_index"]).any()
    assert_close(function(values, labels, **case), value, "loss")
    assert_close(derivative(values, labels, **case), gradient, "gradient")
    if len(shape) == 2:
        assert_close(getattr(losses, f"{kind}_plain")(values, labels, **case), value, "plain loss")
    single = function(values.astype(np.float32), labels, **case)
    assert_close(single, value, "in float32", 1e-6)
    assert derivative(values.astype(np.float32), labels, **case).dtype == np.float32


def test_a_2_4_mask():
    weight, kept = STORED["mask/weight"], STORED["mask/kept"]
    assert kept.mean() == 0.5
    assert np.array_equal(structured_masks([weight])[0], kept)
    assert np.array_equal(structured_mask_plain(weight), kept)


def test_the_cases_cover_every_name():
    """All activations, losses and optimizers of macrame.golden.nn have a stored answer."""
    from macrame.golden.nn.activations import ACTIVATIONS

    assert {a for case in CASES.values() for a in case.get("activations", ["relu"])} == set(ACTIVATIONS)
    assert {case.get("objective", "cross_entropy") for case in CASES.values()} == set(losses.LOSSES)
    assert {CASES[name]["optimizer"]["kind"] for name in TRAINED} == set(OPTIMIZERS)
    assert {case["reduction"] for case in LOSSES.values()} == set(losses.REDUCTIONS)
