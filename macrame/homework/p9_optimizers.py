# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Problem 9: fixed learning rates, momentum and Adam on real data; bias correction by numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from macrame.golden.nn.network import Network
from macrame.golden.nn.optimizers import SGD, Adam
from macrame.homework import digits
from macrame.homework.data import File
from macrame.homework.digits import Split, Training
from macrame.homework.plots.curves import losses_figure
from macrame.homework.problem import Answer, Blocks, Run
from macrame.report.blocks import Heading, Phrase, Text, phrase, table, text

TITLE = "Fixed learning rate versus Adam"
KEYS = (
    *digits.KEYS,
    "rates",
    "momentum_rate",
    "adam_rates",
    "beta1",
    "beta2",
    "epsilon",
    "start",
    "wanted",
    "steps",
    "parabola_rates",
    "step_rate",
)


Way: TypeAlias = tuple[str, type[SGD] | type[Adam], dict[str, float]]
"""A name, an optimizer and its options."""


@dataclass(frozen=True)
class Problem:
    """The settings of the data file."""

    training: Training
    rates: list[float]
    momentum_rate: float
    adam_rates: list[float]
    betas: tuple[float, float]
    epsilon: float
    start: float
    wanted: float
    steps: int
    parabola_rates: list[float]
    step_rate: float


def read(file: File) -> Problem:
    """All settings; any rate is allowed, to see its effect."""
    return Problem(
        Training.read(file),
        _rates(file, "rates"),
        file.number("momentum_rate", 0, 1e6, above=True),
        _rates(file, "adam_rates"),
        (file.number("beta1", 0, 0.9999), file.number("beta2", 0, 0.999999)),
        file.number("epsilon", 0, 1, above=True),
        file.number("start", -1e6, 1e6),
        file.number("wanted", -1e6, 1e6),
        file.integer("steps", 1, 1000),
        _rates(file, "parabola_rates"),
        file.number("step_rate", 0, 1e6, above=True),
    )


def _rates(file: File, key: str) -> list[float]:
    rates = file.vector(key, most=6).tolist()
    for i, rate in enumerate(rates):
        if not 0 < rate <= 1e6:
            raise file.error(f"{key}[{i}]", "a number above 0 and at most 1e+06", rate)
    if len(set(rates)) < len(rates):
        raise file.error(key, "different rates")
    return rates


def solve(problem: Problem, run: Run) -> Blocks[Answer]:
    """The curves, then Adam's first steps."""
    training = problem.training
    with run.progress("loading scikit-learn's digits"):
        train, test = problem.training.load()
    yield Heading(
        f"The same {digits.PIXELS}-{training.hidden}-{digits.CLASSES} network, trained in "
        f"{2 + len(problem.rates) + len(problem.adam_rates) - 1} ways (float64, golden)"
    )
    beta1, beta2 = problem.betas
    ways: list[Way] = [(f"SGD, rate {r:g}", SGD, {"rate": r}) for r in problem.rates]
    ways += [
        (
            f"momentum {training.momentum:g}, rate {problem.momentum_rate:g}",
            SGD,
            {"rate": problem.momentum_rate, "momentum": training.momentum},
        )
    ]
    ways += [
        (f"Adam, rate {r:g}", Adam, {"rate": r, "beta1": beta1, "beta2": beta2, "epsilon": problem.epsilon})
        for r in problem.adam_rates
    ]
    runs = {name: _train(problem, run, name, kind, options, train, test) for name, kind, options in ways}
    yield table(
        (
            "optimizer",
            "loss, epoch 1",
            f"epoch {training.epochs}",
            "halved in epoch",
            ("test set", ".2%"),
            "",
        ),
        [
            (
                name,
                *(_loss(r["loss"][i]) for i in (0, -1)),
                _halved(r["loss"]),
                r["accuracy"],
                _verdict(r),
            )
            for name, r in runs.items()
        ],
    )
    yield text(
        "With too small a rate, every step goes in the right direction but makes little progress. With "
        "too large a rate, each step overshoots the minimum by more: the loss rises or becomes NaN. The "
        "best fixed rate between them must be found by trial. Momentum adds up steps in the same "
        "direction. Adam divides every weight's step by a running average of its gradient's magnitude, "
        "so that one rate suits weights with large and with small gradients."
    )
    with run.progress("drawing the losses"):
        yield run.plot("p9_losses", "training loss over the epochs, each way to train", figure(problem, runs))
    parabola = yield from _parabola(problem)
    rows = yield from _first_steps(problem)
    finished = [name for name, r in runs.items() if not r["diverged"]]
    best = min(finished, key=lambda name: runs[name]["loss"][-1]) if finished else None
    said = phrase("Answer: a fixed rate must be found by trial, Adam adapts it for each weight; ")
    lowest = phrase("lowest loss here: {}, {:.4f}.", best, runs[best]["loss"][-1]) if best else None
    yield Text(said + (lowest or "here all diverged."), "answer")
    return {
        "samples": {"train": len(train[0]), "test": len(test[0])},
        "runs": runs,
        "parabola": parabola,
        "first_steps": rows,
    }


def figure(problem: Problem, runs: Mapping[str, Answer]) -> dict[str, bytes]:
    """The training losses of all ways to train."""
    curves = [(name, r["loss"]) for name, r in runs.items()]
    title = f"Problem 9: fixed rates versus Adam, {problem.training.name} network"
    return losses_figure(title, [("training loss", curves)])


def _train(
    problem: Problem,
    run: Run,
    name: str,
    kind: type[SGD] | type[Adam],
    options: dict[str, Any],
    train: Split,
    test: Split,
) -> Answer:
    training, rng = problem.training, problem.training.rng()
    network = Network.random(training.sizes, rng)
    epochs, diverged = digits.fitted(
        run,
        f"training, {name}",
        network,
        *train,
        epochs=training.epochs,
        batch_size=training.batch_size,
        rng=rng,
        optimizer=kind(network.parameters(), **options),
    )
    said = str(diverged) if diverged else None
    losses = [epoch.loss for epoch in epochs] + [float("nan")] * bool(diverged)
    right = None if said else digits.accuracy(network.predict(test[0]), test[1])
    return {"loss": losses, "accuracy": right, "diverged": said, **options}


def _loss(value: float) -> Phrase | str:
    return digits.short(value) if np.isfinite(value) else "none"


def _halved(losses: Sequence[float]) -> int | None:
    """The first epoch whose loss is half that of the first one."""
    below = [i for i, loss in enumerate(losses, 1) if loss <= losses[0] / 2]
    return below[0] if below else None


def _verdict(r: Answer) -> str:
    if r["diverged"]:
        return "diverges"
    if r["loss"][-1] > np.log(digits.CLASSES):
        return "worse than guessing"
    return "slow" if r["loss"][-1] > r["loss"][0] / 2 else ""


def _parabola(problem: Problem) -> Blocks[list[Answer]]:
    """Gradient descent at fixed rates, with steps that can be checked by hand."""
    yield Heading(
        f"Fixed rates in numbers: E(w) = (w - {problem.wanted:g})^2 / 2, from w = {problem.start:g}"
    )
    columns: list[Answer] = []
    for rate in problem.parabola_rates:
        w = [problem.start]
        for _ in range(problem.steps):
            w.append(w[-1] - rate * (w[-1] - problem.wanted))
        columns.append({"rate": rate, "w": w})
    rows = [(t, *(c["w"][t] for c in columns)) for t in range(problem.steps + 1)]
    yield table(("t", *((f"rate {c['rate']:g}", ".5g") for c in columns)), digits.some(rows, 12))
    yield text(
        "Each step multiplies the distance to the minimum by 1 - rate: below 1 w approaches it, at 1 it "
        "arrives in one step, above 1 it lands on the other side, above 2 further away. With curvature "
        "c the limit is 2 / c, and a network has directions of very different curvature: the steepest "
        "one limits the rate, and the flattest one then makes little progress."
    )
    return columns


def _first_steps(problem: Problem) -> Blocks[list[dict[str, float]]]:
    """Adam on a parabola, with bias correction and without."""
    yield Heading(
        f"Bias correction: Adam's first {problem.steps} steps, E(w) = (w - {problem.wanted:g})^2 / 2"
    )
    beta1, beta2 = problem.betas
    yield text(
        "m and v are running means of the gradient g and of g^2 that begin at 0: after one step m is "
        "only {:.3g} g and v only {:.3g} g^2. Dividing by 1 - beta^t corrects the bias: after one "
        "gradient, m' is g itself. Without it the step would be m / sqrt(v), at first {:.3g} / "
        "sqrt({:.3g}) = {:.3g} times the learning rate, whatever the gradient.",
        1 - beta1,
        1 - beta2,
        1 - beta1,
        1 - beta2,
        (1 - beta1) / np.sqrt(1 - beta2),
    )
    options: dict[str, Any] = {
        "rate": problem.step_rate,
        "beta1": beta1,
        "beta2": beta2,
        "epsilon": problem.epsilon,
    }
    with_, without = (np.array([problem.start]) for _ in range(2))
    adam, uncorrected = Adam([with_], **options), Adam([without], **options, correct=False)
    rows, shown = [], []
    for t in range(1, problem.steps + 1):
        before, before_without = with_[0], without[0]
        gradient = before - problem.wanted
        adam.step([np.array([gradient])])
        uncorrected.step([np.array([before_without - problem.wanted])])
        one, two = adam.corrections()
        m, v = adam.first[0][0], adam.second[0][0]
        row = {
            "t": t,
            "w": before,
            "gradient": gradient,
            "m": m,
            "v": v,
            "one_minus_beta1_t": one,
            "one_minus_beta2_t": two,
            "m_corrected": m / one,
            "v_corrected": v / two,
            "step": with_[0] - before,
            "w_after": with_[0],
            "step_uncorrected": without[0] - before_without,
            "w_after_uncorrected": without[0],
        }
        rows.append({k: float(x) if k != "t" else x for k, x in row.items()})
        shown.append(
            (
                t,
                *(
                    digits.short(row[k], 5)
                    for k in (
                        "gradient",
                        "m",
                        "v",
                        "one_minus_beta1_t",
                        "one_minus_beta2_t",
                        "m_corrected",
                        "v_corrected",
                        "step",
                        "w_after",
                        "step_uncorrected",
                    )
                ),
            )
        )
    yield table(
        ("t", "g", "m", "v", "1 - b1^t", "1 - b2^t", "m'", "v'", "step", "w", "uncorrected step"),
        digits.some(shown, 12),
    )
    return rows
