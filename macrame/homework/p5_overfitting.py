# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Problem 5: overfitting on real data, its remedies (dropout, L2, early stopping), and cross-validation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from macrame.errors import amount
from macrame.golden.nn.network import Network
from macrame.golden.nn.regularization import EarlyStopping, kfold
from macrame.homework import digits
from macrame.homework.data import File
from macrame.homework.digits import Split, Training
from macrame.homework.plots.curves import Mark, curves_figure, losses
from macrame.homework.problem import Answer, Blocks, Run
from macrame.report.blocks import Heading, answer, table, text

TITLE = "Overfitting"
KEYS = (
    "train_samples",
    "wrong_labels",
    *(key for key in digits.KEYS if key != "test_fraction"),
    "learning_rate",
    "dropout",
    "l2",
    "patience",
    "folds",
    "strengths",
    "fold_epochs",
)


@dataclass(frozen=True)
class Problem:
    """The settings of the data file."""

    training: Training
    wrong_labels: float
    learning_rate: float
    dropout: float
    l2: float
    patience: int
    folds: int
    strengths: list[float]
    fold_epochs: int


class Course(TypedDict):
    """One training: losses after each epoch, and how it ended."""

    training: list[float]
    validation: list[float]
    end_training: float
    end_validation: float
    training_accuracy: float
    validation_accuracy: float
    largest_weight: float


class Settings(TypedDict, total=False):
    """The remedies against overfitting in one training run."""

    dropout: float
    l2: float
    stop: bool


def read(file: File) -> Problem:
    """All settings, in ranges that keep the run within a minute or so."""
    samples = file.integer("train_samples", 10, 1500)
    strengths = file.vector("strengths", most=8, limits=(0, 10)).tolist()
    return Problem(
        Training.read(file, samples),
        file.number("wrong_labels", 0, 0.5),
        file.number("learning_rate", 0, 100, above=True),
        file.number("dropout", 0, 0.95),
        file.number("l2", 0, 10),
        file.integer("patience", 1, 1000),
        file.integer("folds", 2, min(samples, 50)),
        strengths,
        file.integer("fold_epochs", 1, 1000),
    )


def solve(problem: Problem, run: Run) -> Blocks[Answer]:
    """The gap, four ways to train, cross-validation."""
    with run.progress("loading scikit-learn's digits"):
        train, held_out = problem.training.load()
    train, wrong = _mislabelled(problem, *train)
    hidden = problem.training.hidden
    parameters = (digits.PIXELS + 1) * hidden + (hidden + 1) * digits.CLASSES
    yield text(
        "A network overfits when it memorises its training samples: their loss keeps falling, while the "
        "loss on unseen samples stops falling and rises again. This requires more parameters than the "
        "data can determine; here {:,} parameters and {} images ({:,} others for validation). {} of the "
        "training labels are deliberately wrong. Nothing here runs on the RTL.",
        parameters,
        len(train[0]),
        len(held_out[0]),
        wrong,
    )
    yield Heading("Training versus validation loss (float64, golden)")
    ways: dict[str, Settings] = {
        "plain": {},
        "dropout": {"dropout": problem.dropout},
        "L2": {"l2": problem.l2},
        "early stopping": {"stop": True},
    }
    runs = {name: _train(problem, run, name, train, held_out, **settings) for name, settings in ways.items()}
    rows = []
    for name, r in runs.items():
        lowest = int(np.argmin(r["validation"]))
        rows.append(
            (
                name,
                len(r["training"]),
                digits.short(r["end_training"]),
                digits.short(r["end_validation"]),
                digits.short(r["validation"][lowest]),
                lowest + 1,
                r["training_accuracy"],
                r["validation_accuracy"],
                digits.short(r["largest_weight"], 2),
            )
        )
    yield text("Loss and share of correct labels, on the training and validation images:")
    yield table(
        (
            "",
            "epochs",
            "training",
            "validation",
            "lowest",
            "in epoch",
            ("correct, tr.", ".2%"),
            ("correct, val.", ".2%"),
            "largest weight",
        ),
        rows,
    )
    plain = runs["plain"]
    gap = plain["end_validation"] - plain["end_training"]
    yield text(
        "Plain: the training loss ends at {:.4f}, the validation loss at {:.4f}, a gap of {:.4f}; the "
        "validation loss was lowest in epoch {}. Remedies:",
        plain["end_training"],
        plain["end_validation"],
        gap,
        int(np.argmin(plain["validation"])) + 1,
    )
    yield text(
        "Dropout omits a random {:.0%} of the hidden units in every update, so that no unit can rely on "
        "another; inference uses all of them.",
        problem.dropout,
    )
    yield text(
        "L2 adds {:g} / 2 times the sum of all squared weights to the loss: it penalises the large "
        "weights that are needed to fit single images.",
        problem.l2,
    )
    yield text(
        "Early stopping ends training {} epochs after the lowest validation loss and returns to it: it "
        "costs nothing and saves time. More data, if available, helps most.",
        problem.patience,
    )
    with run.progress("drawing the losses"):
        yield run.plot(
            "p5_overfitting",
            "training and validation loss over the epochs, without and with remedies",
            figure(problem, runs),
        )
    folds = yield from _cross_validation(problem, run, *train)
    best = min(runs, key=lambda name: runs[name]["end_validation"])
    yield answer(
        "Answer: overfitting is a falling training loss with a rising validation loss; here {:.4f} at "
        "the end compared with {:.4f} at its lowest. The best remedy is {}, with {:.4f} at the end.",
        plain["end_validation"],
        min(plain["validation"]),
        best,
        runs[best]["end_validation"],
    )
    return {
        "samples": {"train": len(train[0]), "validation": len(held_out[0])},
        "wrong_labels": wrong,
        "parameters": parameters,
        "hidden": hidden,
        "runs": runs,
        "cross_validation": folds,
    }


def figure(problem: Problem, runs: Mapping[str, Course]) -> dict[str, bytes]:
    """Both losses; the validation loss around its minimum, with early stopping marked."""
    order = sorted(runs, key=lambda name: name != "early stopping")  # the most important curve
    training, validation = ([(name, runs[name][key]) for name in order] for key in ("training", "validation"))
    stopped = runs["early stopping"]["validation"]
    best = int(np.argmin(stopped))
    ended = len(stopped) < len(runs["plain"]["validation"])
    stop = Mark(
        f"early stopping: stopped after epoch {len(stopped)}" if ended else "early stopping: not needed",
        len(stopped),
    )
    lowest = Mark(f"its lowest: {stopped[best]:.4f} in epoch {best + 1}", best + 1, stopped[best])
    bottom, top = _range([losses for _, losses in validation])
    above = max(sum(loss > top for loss in losses) for _, losses in validation)
    title = "validation loss" + (f" ({amount(above, 'epoch')} above the axis)" if above else "")
    return curves_figure(
        f"Problem 5: overfitting, {problem.training.name} network",
        [
            losses("training loss", training, log="y", under=("plain",), marks=(stop,)),
            losses(title, validation, limits=(bottom, top), under=("plain",), marks=(stop, lowest)),
        ],
    )


def _range(curves: Sequence[Sequence[float]]) -> tuple[float, float]:
    """An axis on which the part after each curve's minimum takes half the height, if possible."""
    low = min(min(losses) for losses in curves)
    after = max(max(losses[int(np.argmin(losses)) :]) for losses in curves)
    high = max(max(losses) for losses in curves)
    top = min(high, low + 2 * (after - low)) if after > low else high
    margin = 0.05 * (top - low) or 0.05
    return low - margin, top + margin


def _mislabelled(problem: Problem, x: NDArray[np.floating], labels: NDArray[np.integer]) -> tuple[Split, int]:
    """The training set with some labels replaced by another digit, and how many."""
    rng = np.random.default_rng(problem.training.split_seed)
    labels, count = labels.copy(), round(problem.wrong_labels * len(labels))
    chosen = rng.permutation(len(labels))[:count]
    labels[chosen] = (labels[chosen] + rng.integers(1, digits.CLASSES, count)) % digits.CLASSES
    return (x, labels), count


def _train(
    problem: Problem,
    run: Run,
    name: str,
    train: Split,
    held_out: Split,
    dropout: float = 0.0,
    l2: float = 0.0,
    stop: bool = False,
) -> Course:
    rng = problem.training.rng()
    network = Network.random(problem.training.sizes, rng, dropout=dropout)
    epochs = problem.training.train(
        run,
        f"training, {name}",
        network,
        train,
        problem.learning_rate,
        l2=l2,
        rng=rng,
        validation=held_out,
        stopping=EarlyStopping(problem.patience) if stop else None,
    )
    return {
        "training": [e.loss for e in epochs],
        "validation": [e.validation for e in epochs if e.validation is not None],
        "end_training": network.loss(*train),
        "end_validation": network.loss(*held_out),
        "training_accuracy": digits.accuracy(network.predict(train[0]), train[1]),
        "validation_accuracy": digits.accuracy(network.predict(held_out[0]), held_out[1]),
        "largest_weight": max(float(np.abs(w).max()) for w in network.weights),
    }


def _cross_validation(
    problem: Problem, run: Run, x: NDArray[np.floating], labels: NDArray[np.integer]
) -> Blocks[Answer]:
    yield Heading(f"{problem.folds}-fold cross-validation: choosing the strength of the L2 penalty")
    yield text(
        "The {} training images are divided into {} parts; each part is used once to validate a network "
        "trained on the others. The mean over the parts rates a setting without using the validation set, "
        "and its spread shows how reliable it is.",
        len(x),
        problem.folds,
    )
    out: list[Answer] = []
    rows = []
    for strength in problem.strengths:
        losses, right = [], []
        parts = kfold(len(x), problem.folds, problem.training.rng())
        for number, (some, others) in enumerate(parts, 1):
            rng = problem.training.rng(number)
            network = Network.random(problem.training.sizes, rng)
            problem.training.train(
                run,
                f"L2 {strength:g}, fold {number}",
                network,
                (x[some], labels[some]),
                problem.learning_rate,
                epochs=problem.fold_epochs,
                batch_size=min(problem.training.batch_size, len(some)),
                l2=strength,
                rng=rng,
            )
            losses.append(network.loss(x[others], labels[others]))
            right.append(digits.accuracy(network.predict(x[others]), labels[others]))
        out.append({"l2": strength, "loss": losses, "accuracy": right})
        rows.append(
            (
                strength,
                *map(digits.short, losses[:6]),
                digits.short(np.mean(losses)),
                digits.short(np.std(losses)),
                np.mean(right),
            )
        )
    shown = min(problem.folds, 6)
    folds = [f"fold {i + 1}" for i in range(shown)]
    yield table((("L2", "g"), *folds, "mean loss", "spread", ("correct", ".2%")), rows)
    best = min(out, key=lambda r: np.mean(r["loss"]))
    yield text("Lowest mean loss: L2 {:g}.", best["l2"])
    return {"folds": problem.folds, "settings": out, "best": best["l2"]}
