# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Asks PyTorch, in float64, what training does, and stores its answers.

    pip install -r requirements-oracles.txt
    python -m tests.oracles.make_training_vectors

Small multilayer perceptrons with every activation, loss and optimizer of macrame.golden.nn, each trained for
EPOCHS epochs, the last batch of each being smaller. Gradients are autograd's, updates torch.optim's; nothing
of macrame is used. tests/oracles/pytorch.npz keeps, under the name of each case, the data (x, t), the first
parameters (w0, b0, w1, ...), the first batch's output, loss and gradients (output, loss, dw0, db0, ...),
every batch's loss (losses) and the last parameters (after/w0, ...). The case "straight-through" has instead
the ranges and the gradients of a network with rounding in it; "cases" is the table of all of them as JSON.
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
            return torch.nn.functional.cross_entropy(output, t)
        if case["objective"] == "mse_mean":
            return torch.nn.functional.mse_loss(output, t)
        total = torch.nn.functional.mse_loss(output, t, reduction="sum") / len(batch)
        return total / 2 if case["objective"] == "mse_half_sum" else total

    return weights, biases, forward, loss


def train(torch, case, stored):
    """PyTorch's answers for one case."""
    weights, biases, forward, loss = model(torch, case, stored)
    options = dict(case["optimizer"])
    kind, l2 = options.pop("kind"), options.pop("l2", 0.0)
    groups = [{"params": weights, "weight_decay": l2}, {"params": biases, "weight_decay": 0.0}]
    if kind == "sgd":
        optimizer = torch.optim.SGD(groups, lr=options["rate"], momentum=options.get("momentum", 0.0))
    else:
        optimizer = torch.optim.Adam(
            groups,
            lr=options["rate"],
            eps=options.get("epsilon", 1e-8),
            betas=(options.get("beta1", 0.9), options.get("beta2", 0.999)),
        )
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


def make(seed=1):
    """Ask PyTorch about every case and store its answers; returns how many numbers those are."""
    import torch

    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)
    arrays, count = {}, 0
    for i, (name, case) in enumerate(CASES.items()):
        stored = draw(case, np.random.default_rng([seed, i]))
        answers = (train if "optimizer" in case else straight_through)(torch, case, stored)
        count += sum(np.size(v) for v in answers.values())
        arrays |= {f"{name}/{key}": value for key, value in (stored | answers).items()}
    np.savez_compressed(
        HERE / "pytorch.npz",
        cases=json.dumps(CASES),
        version=torch.__version__,
        shape=[BATCH, SAMPLES, EPOCHS],
        **arrays,
    )
    return count


if __name__ == "__main__":
    if len(sys.argv) > 1:
        sys.exit(f"{sys.argv[1]}: expected no arguments")
    print(f"pytorch: {make()} numbers, {(HERE / 'pytorch.npz').stat().st_size:,} bytes")
