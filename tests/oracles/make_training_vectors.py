# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Stores PyTorch's training results in float64.

    pip install -r requirements-oracles.txt
    python -m tests.oracles.make_training_vectors

Small multilayer perceptrons with every activation, loss and optimizer of macrame.golden.nn, each trained for
EPOCHS epochs, the last batch of each being smaller. Gradients are autograd's, updates torch.optim's; nothing
of macrame is used. tests/oracles/pytorch.npz keeps, under the name of each case, the data (x, t), the first
parameters (w0, b0, w1, ...), the first batch's output, loss and gradients (output, loss, dw0, db0, ...),
every batch's loss (losses) and the last parameters (after/w0, ...). The case "straight-through" has instead
the ranges and the gradients of a network with rounding in it; "cases" is the table of all of them as JSON.

"losses" is the table LOSSES. For each of them, one after the other, losses/numbers has the loss's operand,
its value and its gradient, flattened, and losses/labels its labels; their shapes follow from the table.
mask/weight and mask/kept are a matrix and its 2:4 mask.

A new case goes to the end of its table: the place in it seeds the data.
"""

import json
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
BATCH, SAMPLES, EPOCHS = 8, 21, 4  # batches of 8, 8 and 5
CASES = {
    "relu-cross_entropy-sgd": {"sizes": [6, 9, 4], "optimizer": {"kind": "sgd", "rate": 0.1}},
    "relu-cross_entropy-momentum-l2": {
        "sizes": [6, 9, 7, 4],
        "optimizer": {"kind": "sgd", "rate": 0.05, "momentum": 0.9, "l2": 0.01},
    },
    "relu-cross_entropy-adam": {"sizes": [6, 9, 7, 4], "optimizer": {"kind": "adam", "rate": 0.01}},
    "relu-cross_entropy-adam-l2": {
        "sizes": [6, 9, 4],
        "optimizer": {"kind": "adam", "rate": 0.02, "beta1": 0.8, "beta2": 0.99, "epsilon": 1e-4, "l2": 0.05},
    },
    "sigmoid-mse_sum-sgd": {
        "sizes": [3, 5, 2],
        "activations": ["sigmoid", "sigmoid"],
        "objective": "mse_sum",
        "optimizer": {"kind": "sgd", "rate": 0.5},
    },
    "relu-mse_half_sum-sgd": {
        "sizes": [2, 8, 2],
        "activations": ["relu", "relu"],
        "objective": "mse_half_sum",
        "optimizer": {"kind": "sgd", "rate": 0.05},
    },
    "mixed-mse_mean-momentum": {
        "sizes": [5, 6, 6, 3],
        "activations": ["sigmoid", "relu", "identity"],
        "objective": "mse_mean",
        "optimizer": {"kind": "sgd", "rate": 0.1, "momentum": 0.7},
    },
    "sigmoid-cross_entropy-adam": {
        "sizes": [6, 8, 4],
        "activations": ["sigmoid", "identity"],
        "optimizer": {"kind": "adam", "rate": 0.03},
    },
    "dropout-cross_entropy-sgd": {
        "sizes": [6, 12, 10, 4],
        "dropout": 0.4,
        "optimizer": {"kind": "sgd", "rate": 0.1},
    },
    "straight-through": {"sizes": [6, 9, 4], "bits": 5, "activation_bits": 7, "per_channel": True},
    "relu-cross_entropy-nesterov": {
        "sizes": [6, 9, 4],
        "optimizer": {"kind": "sgd", "rate": 0.05, "momentum": 0.9, "nesterov": True},
    },
    "sigmoid-mse_half_sum-dampening-l2_biases": {
        "sizes": [4, 6, 2],
        "activations": ["sigmoid", "identity"],
        "objective": "mse_half_sum",
        "optimizer": {
            "kind": "sgd",
            "rate": 0.1,
            "momentum": 0.8,
            "dampening": 0.3,
            "l2": 0.05,
            "l2_biases": True,
        },
    },
    "relu-cross_entropy-adam-l2_biases": {
        "sizes": [6, 7, 4],
        "optimizer": {"kind": "adam", "rate": 0.02, "l2": 0.1, "l2_biases": True},
    },
    "relu-cross_entropy-adamw": {
        "sizes": [6, 9, 4],
        "optimizer": {"kind": "adamw", "rate": 0.02, "beta1": 0.8, "beta2": 0.99, "decay": 0.3},
    },
    "relu-mse_mean-adamw-biases": {
        "sizes": [3, 8, 2],
        "objective": "mse_mean",
        "optimizer": {"kind": "adamw", "rate": 0.05, "epsilon": 1e-4, "decay": 0.1, "decay_biases": True},
    },
    "relu-cross_entropy-adagrad": {"sizes": [6, 9, 4], "optimizer": {"kind": "adagrad", "rate": 0.1}},
    "relu-cross_entropy-adagrad-l2": {
        "sizes": [6, 7, 4],
        "optimizer": {
            "kind": "adagrad",
            "rate": 0.2,
            "rate_decay": 0.1,
            "initial": 0.5,
            "epsilon": 1e-3,
            "l2": 0.05,
        },
    },
    "weighted-cross_entropy-sgd": {
        "sizes": [6, 9, 4],
        "loss_options": {"weights": [0.2, 1.5, 0.7, 3.0], "ignore_index": 2, "smoothing": 0.2},
        "optimizer": {"kind": "sgd", "rate": 0.1},
    },
    "summed-cross_entropy-sgd": {
        "sizes": [6, 9, 4],
        "loss_options": {"reduction": "sum", "smoothing": 0.1},
        "optimizer": {"kind": "sgd", "rate": 0.01},
    },
}
WEIGHTS, IGNORED = [0.5, 0.0, 2.0, 1.25, 0.3], -100
LOSSES = {
    f"{kind}{shape}{'-weights' * weighted}{'-ignored' * ignored}-{smoothing}-{reduction}": {
        "kind": kind,
        "shape": shape,
        "weights": WEIGHTS if weighted else None,
        "ignore_index": IGNORED if ignored else None,
        "reduction": reduction,
        **({"smoothing": smoothing} if kind == "cross_entropy" else {}),
    }
    for kind, shape, weighted, ignored, smoothing in (
        ("cross_entropy", [7, 5], False, False, 0.0),
        ("cross_entropy", [7, 5], True, False, 0.0),
        ("cross_entropy", [7, 5], False, True, 0.0),
        ("cross_entropy", [7, 5], False, True, 0.3),
        ("cross_entropy", [7, 5], True, True, 0.25),
        ("cross_entropy", [5], True, False, 0.1),
        ("cross_entropy", [3, 5, 4], True, True, 0.1),
        ("cross_entropy", [2, 5, 2, 3], False, True, 1.0),
        ("nll", [7, 5], False, False, 0.0),
        ("nll", [7, 5], True, True, 0.0),
        ("nll", [5], True, False, 0.0),
        ("nll", [2, 5, 2, 3], True, True, 0.0),
    )
    for reduction in ("mean", "sum", "none")
}


def draw(case, rng):
    """Data and first parameters of a case."""
    sizes = case["sizes"]
    stored = {"x": rng.standard_normal((SAMPLES, sizes[0]))}
    mse = case.get("objective", "cross_entropy") != "cross_entropy"
    stored["t"] = rng.random((SAMPLES, sizes[-1])) if mse else rng.integers(0, sizes[-1], SAMPLES)
    for i, (k, n) in enumerate(zip(sizes, sizes[1:])):
        stored[f"w{i}"] = rng.standard_normal((n, k)) / np.sqrt(k)
        stored[f"b{i}"] = 0.3 * rng.standard_normal(n)
        if i == len(sizes) - 2 and case.get("activations", ["identity"])[-1] == "relu":
            stored[f"b{i}"] += 1  # or there may be nothing but zeros
        if "dropout" in case and i < len(sizes) - 2:
            stored[f"mask{i}"] = (rng.random((SAMPLES, n)) >= case["dropout"]) / (1 - case["dropout"])
    return stored


def model(torch, case, stored):
    """Parameters as leaves, and the loss of some samples as a function of their indices."""
    layers = len(case["sizes"]) - 1
    names = case.get("activations") or ["relu"] * (layers - 1) + ["identity"]
    weights = [torch.tensor(stored[f"w{i}"], requires_grad=True) for i in range(layers)]
    biases = [torch.tensor(stored[f"b{i}"], requires_grad=True) for i in range(layers)]
    activation = {"relu": torch.relu, "sigmoid": torch.sigmoid, "identity": lambda z: z}

    def forward(batch):
        h = torch.tensor(stored["x"])[batch]
        for i in range(layers):
            h = activation[names[i]](torch.nn.functional.linear(h, weights[i], biases[i]))
            if f"mask{i}" in stored:
                h = h * torch.tensor(stored[f"mask{i}"])[batch]
        return h

    def loss(output, batch):
        t = torch.tensor(stored["t"])[batch]
        if case.get("objective", "cross_entropy") == "cross_entropy":
            return torch.nn.functional.cross_entropy(
                output, t, **options(torch, case.get("loss_options", {}))
            )
        if case["objective"] == "mse_mean":
            return torch.nn.functional.mse_loss(output, t)
        total = torch.nn.functional.mse_loss(output, t, reduction="sum") / len(batch)
        return total / 2 if case["objective"] == "mse_half_sum" else total

    return weights, biases, forward, loss


def options(torch, given):
    """Options of a loss by PyTorch's names; what is not given is PyTorch's default."""
    names = {"weights": "weight", "smoothing": "label_smoothing"}
    found = {names.get(name, name): value for name, value in given.items() if value is not None}
    if "weight" in found:
        found["weight"] = torch.tensor(found["weight"])
    return found


def make_optimizer(torch, case, weights, biases):
    """The case's optimizer; weights and biases are separate groups because of weight decay."""
    given = dict(case["optimizer"])
    kind, decay = given.pop("kind"), given.pop("l2", 0.0) or given.pop("decay", 0.0)
    of_biases = decay if given.pop("l2_biases", False) or given.pop("decay_biases", False) else 0.0
    groups = [{"params": weights, "weight_decay": decay}, {"params": biases, "weight_decay": of_biases}]
    betas = given.pop("beta1", 0.9), given.pop("beta2", 0.999)
    names = {
        "rate": "lr",
        "epsilon": "eps",
        "rate_decay": "lr_decay",
        "initial": "initial_accumulator_value",
    }
    given = {names.get(name, name): value for name, value in given.items()}
    if kind in ("adam", "adamw"):
        given["betas"] = betas
    kinds = {"sgd": "SGD", "adam": "Adam", "adamw": "AdamW", "adagrad": "Adagrad"}
    return getattr(torch.optim, kinds[kind])(groups, **given)


def train(torch, case, stored):
    """PyTorch's answers for one case."""
    weights, biases, forward, loss = model(torch, case, stored)
    optimizer = make_optimizer(torch, case, weights, biases)
    answers, losses = {}, []
    for _ in range(EPOCHS):
        for start in range(0, SAMPLES, BATCH):
            batch = list(range(start, min(start + BATCH, SAMPLES)))
            optimizer.zero_grad()
            output = forward(batch)
            value = loss(output, batch)
            value.backward()
            if not losses:
                answers |= {"output": output.detach().numpy(), "loss": value.item()}
                answers |= gradients(weights, biases)
            losses.append(value.item())
            optimizer.step()
    answers["losses"] = np.array(losses)
    for i, (w, b) in enumerate(zip(weights, biases)):
        answers |= {f"after/w{i}": w.detach().numpy(), f"after/b{i}": b.detach().numpy()}
    return answers


def gradients(weights, biases):
    """Copies of autograd's gradients by name."""
    return {
        f"d{letter}{i}": p.grad.numpy().copy()
        for letter, group in (("w", weights), ("b", biases))
        for i, p in enumerate(group)
    }


def straight_through(torch, case, stored):
    """Gradients of a network with rounding in it: autograd sees the saturation, and not the rounding."""

    def fake(x, scale, zero, bits):
        low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
        q = torch.round(x / scale) + zero
        seen = torch.where((q >= low) & (q <= high), x, x.detach())
        return seen + (scale * (torch.clamp(q, low, high) - zero) - seen).detach()

    weights, biases, _, loss = model(torch, case, stored)
    levels, most = 2 ** case["activation_bits"] - 1, 2 ** (case["bits"] - 1) - 1
    h, ends, scale = torch.tensor(stored["x"]), [], None
    scales = [abs(w).amax(dim=1, keepdim=True).detach() / most for w in weights]
    for i in range(len(weights) + 1):
        if i:
            w = fake(weights[i - 1], scales[i - 1], 0, case["bits"])
            step, b = scale * scales[i - 1][:, 0], biases[i - 1]  # of the integer sums
            b = b + (step * torch.round(b / step) - b).detach()
            h = torch.nn.functional.linear(h, w, b)
            assert abs(h).min() > 1e-9, "a sum of 0 but for rounding, where ReLU has no derivative"
            h = torch.relu(h) if i < len(weights) else h
        ends.append((0.6 * min(h.min().item(), 0.0), 0.6 * h.max().item()))  # so that some saturate
        scale = (ends[-1][1] - ends[-1][0]) / levels
        zero = round(-(2 ** (case["activation_bits"] - 1)) - ends[-1][0] / scale)
        h = fake(h, scale, zero, case["activation_bits"])
    value = loss(h, list(range(SAMPLES)))
    value.backward()
    return {
        "output": h.detach().numpy(),
        "loss": value.item(),
        "ends": np.array(ends),
        **gradients(weights, biases),
    }


def losses(torch, case, rng):
    """Operand, value and gradient of a loss, flattened, and its labels; of "none" the gradient of the sum."""
    shape = case["shape"]
    axis = min(1, len(shape) - 1)
    labels = rng.integers(0, shape[axis], shape[:axis] + shape[axis + 1 :])
    if case["ignore_index"] is not None:
        labels = np.where(rng.random(labels.shape) < 0.3, case["ignore_index"], labels)
        labels.flat[1] = case["ignore_index"]
    labels.flat[0] = 0  # or none might count
    values = torch.tensor(3 * rng.standard_normal(shape))
    if case["kind"] == "nll":
        values = torch.log_softmax(values, axis)
    values.requires_grad_()
    function = {"nll": torch.nn.functional.nll_loss, "cross_entropy": torch.nn.functional.cross_entropy}
    given = {name: value for name, value in case.items() if name not in ("kind", "shape")}
    value = function[case["kind"]](values, torch.tensor(labels), **options(torch, given))
    value.sum().backward()
    numbers = (values.detach().numpy(), value.detach().numpy(), values.grad.numpy())
    return np.concatenate([part.ravel() for part in numbers]), labels.ravel()


def mask(torch, rng):
    """A matrix and the half of it that a 2:4 sparsifier keeps."""
    from torch.ao.pruning import WeightNormSparsifier

    weight = rng.standard_normal((9, 24))
    layer = torch.nn.Sequential(torch.nn.Linear(24, 9, bias=False))
    with torch.no_grad():
        layer[0].weight.copy_(torch.tensor(weight))
    sparsifier = WeightNormSparsifier(sparsity_level=1.0, sparse_block_shape=(1, 4), zeros_per_block=2)
    sparsifier.prepare(layer, [{"tensor_fqn": "0.weight"}])
    sparsifier.step()
    return {"weight": weight, "kept": layer[0].parametrizations.weight[0].mask.numpy()}


def make(seed=1):
    """Run every case in PyTorch and store the answers; returns their number."""
    import torch

    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)
    arrays, count = {}, 0
    for i, (name, case) in enumerate(CASES.items()):
        stored = draw(case, np.random.default_rng([seed, i]))
        answers = (train if "optimizer" in case else straight_through)(torch, case, stored)
        count += sum(np.size(v) for v in answers.values())
        arrays |= {f"{name}/{key}": value for key, value in (stored | answers).items()}
    parts = [
        losses(torch, case, np.random.default_rng([seed, 1, i])) for i, case in enumerate(LOSSES.values())
    ]
    for name, column in zip(("numbers", "labels"), zip(*parts)):
        arrays[f"losses/{name}"] = np.concatenate(column)
        count += arrays[f"losses/{name}"].size
    arrays |= {f"mask/{key}": value for key, value in mask(torch, np.random.default_rng([seed, 2])).items()}
    np.savez_compressed(
        HERE / "pytorch.npz",
        cases=json.dumps(CASES),
        losses=json.dumps(LOSSES),
        version=torch.__version__,
        shape=[BATCH, SAMPLES, EPOCHS],
        **arrays,
    )
    return count


if __name__ == "__main__":
    if len(sys.argv) > 1:
        sys.exit(f"{sys.argv[1]}: expected no arguments")
    print(f"pytorch: {make()} numbers, {(HERE / 'pytorch.npz').stat().st_size:,} bytes")
