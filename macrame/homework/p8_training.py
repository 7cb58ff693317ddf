# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Problem 8, training: in fp32, bf16 and int8; post-training and quantisation-aware."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, TypedDict

import numpy as np
from numpy.typing import NDArray

from macrame.golden.nn.bf16 import NetworkBf16, SGDBf16
from macrame.golden.nn.int8_training import NetworkOnGrid
from macrame.golden.nn.network import Network
from macrame.golden.nn.qat import QuantizationAware
from macrame.golden.nn.quantization import NetworkInt8, quantize_network
from macrame.golden.nn.train import Trainable
from macrame.homework import digits
from macrame.homework.data import File
from macrame.homework.digits import Split, Training
from macrame.homework.plots.curves import Curve, Panel, curves_figure, losses_figure
from macrame.homework.problem import Answer, Blocks, Run
from macrame.report.blocks import Heading, answer, phrase, table, text

KEYS = (
    *digits.KEYS,
    "learning_rate",
    "headroom",
    "bits",
    "aware_epochs",
    "aware_rate",
    "aware_runs",
)
CALIBRATION = 256
MODE = "fp32"  # rounds once; rounding twice loses too much with few bits


@dataclass(frozen=True)
class Problem:
    """The settings of the data file."""

    training: Training
    learning_rate: float
    headroom: float
    bits: list[int]
    aware_epochs: int
    aware_rate: float
    aware_runs: int


AnyNetwork: TypeAlias = Network | NetworkBf16 | NetworkOnGrid
Judged: TypeAlias = Literal["after_training", "plain", "aware"]


class Point(TypedDict):
    """Integer networks of a number of bits: correct labels, of each run and on average."""

    bits: int
    activation_bits: int
    what: str
    after_training: float
    plain: float
    plain_runs: list[float]
    aware: float
    aware_runs: list[float]
    gained: float


def read(file: File) -> Problem:
    """All settings, in ranges that keep the run within a minute or so."""
    bits = file.integers("bits", 2, 8, most=7)
    if len(set(bits)) < len(bits):
        raise file.error("bits", "different numbers")
    return Problem(
        Training.read(file),
        file.number("learning_rate", 0, 100, above=True),
        file.number("headroom", 1, 1000),
        bits,
        file.integer("aware_epochs", 1, 1000),
        file.number("aware_rate", 0, 100, above=True),
        file.integer("aware_runs", 1, 100),
    )


def solve(problem: Problem, run: Run) -> Blocks[Answer]:
    """Parts (c) and (d)."""
    train, test = problem.training.load()
    three_formats = yield from _three_formats(problem, run, train, test)
    few_bits = yield from _few_bits(problem, run, train, test)
    return {"three_formats": three_formats, "few_bits": few_bits}


def _three_formats(problem: Problem, run: Run, train: Split, test: Split) -> Blocks[Answer]:
    yield Heading("(c) Why not train in int8: the same network in fp32, bf16 and int8")
    training, (x, labels) = problem.training, train
    start = Network.random(training.sizes, training.rng(), uniform=True)
    bf16 = NetworkBf16.of(start)
    nearest = NetworkOnGrid.of(start, problem.headroom)
    stochastic = NetworkOnGrid.of(start, problem.headroom, training.rng(1))
    rate = {"rate": problem.learning_rate}
    ways: dict[str, tuple[AnyNetwork, NDArray[np.floating], dict[str, Any]]] = {
        "fp32": (digits.fp32(start), x.astype(np.float32), rate),
        "bf16": (bf16, x, {"optimizer": SGDBf16(bf16.parameters(), problem.learning_rate)}),
        "int8": (nearest, x, {**rate, "project": nearest.project}),
        "int8, stochastic": (stochastic, x, {**rate, "project": stochastic.project}),
    }
    out: dict[str, Answer] = {}
    rows = []
    for name, (network, inputs, options) in ways.items():
        epochs = digits.train(
            run,
            f"training in {name}",
            training.file,
            "learning_rate",
            network,
            inputs,
            labels,
            training.epochs,
            batch_size=training.batch_size,
            rng=training.rng(),
            validation=test,
            **options,
        )
        lost = network.lost / max(network.updates, 1) if isinstance(network, NetworkOnGrid) else None
        out[name] = {
            "loss": [e.loss for e in epochs],
            "test_loss": [e.validation for e in epochs],
            "accuracy": digits.accuracy(network.predict(test[0]), test[1]),
            "lost_updates": lost,
        }
        rows.append(
            (
                name,
                *(digits.short(epochs[i].loss) for i in (0, -1)),
                digits.short(out[name]["test_loss"][-1]),
                out[name]["accuracy"],
                lost,
            )
        )
    digest = hashlib.sha256(b"".join(p.astype("<f4").tobytes() for p in bf16.parameters())).hexdigest()
    out["bf16"]["sha256"] = digest
    yield table(
        (
            "trained in",
            "loss, epoch 1",
            f"epoch {training.epochs}",
            "test loss",
            ("test set", ".2%"),
            ("updates lost", ".1%"),
        ),
        rows,
    )
    step, lost = nearest.scales[0], out["int8"]["lost_updates"]
    yield text(
        "Same start, same batches, gradient descent without momentum. fp32: float32 throughout. bf16: "
        "operands bfloat16, sums and master weights fp32, every operation as in the core. int8: "
        "operands int8, sums int32, weights on a grid of 255 steps (layer 1: {:.5f} per step).",
        step,
    )
    yield text(
        "An update of less than half a step, {:.5f}, is rounded away: {:.1%} of all updates of single "
        "weights had no effect. The smaller the gradients become, the more updates are lost, so the "
        "loss falls more and more slowly. Stochastic rounding preserves the mean of the updates and "
        "avoids most of the loss; bf16 with fp32 master weights has no such limit.",
        step / 2,
        lost,
    )
    yield text("SHA-256 of the bf16 network's final weights: {}", digest)
    yield text(
        "This bf16 run is computed by the golden model. make train runs the same steps on the RTL, "
        "every product and every vector operation, and must give the same SHA-256."
    )
    with run.progress("drawing the losses"):
        yield run.plot(
            "p8_training", "losses over the epochs in each number format", formats_figure(problem, out)
        )
    return out


def formats_figure(problem: Problem, formats: Mapping[str, Answer]) -> dict[str, bytes]:
    """The losses of the same network trained in each format."""
    panels = [
        (title, [(name, r[key]) for name, r in formats.items()])
        for title, key in (("training loss", "loss"), ("test loss", "test_loss"))
    ]
    title = f"Problem 8: training in fp32, bf16 and int8, {problem.training.name} network"
    return losses_figure(title, panels, under=("fp32",))


def _few_bits(problem: Problem, run: Run, train: Split, test: Split) -> Blocks[Answer]:
    yield Heading(f"(d) Post-training versus quantisation-aware training (golden, mode {MODE})")
    training = problem.training
    network = Network.random(training.sizes, training.rng())
    training.train(run, "training in float64", network, train, problem.learning_rate, rng=training.rng())
    full = digits.accuracy(network.predict(test[0]), test[1])
    calibration = train[0][:CALIBRATION]
    further = [_further(problem, run, network, train, number) for number in range(problem.aware_runs)]
    points: list[Point] = []
    out: Answer = {
        "float": full,
        "further_epochs": problem.aware_epochs,
        "float_further": [digits.accuracy(net.predict(test[0]), test[1]) for net in further],
        "points": points,
    }
    for what, same in (("weights", False), ("weights and activations", True)):
        for bits in problem.bits:
            activation_bits = bits if same else 8
            try:
                after, *plain = [
                    quantize_network(net, calibration, MODE, True, bits, activation_bits)
                    for net in (network, *further)
                ]
                aware = [
                    _aware(problem, run, network, calibration, train, bits, activation_bits, run_number)
                    for run_number in range(problem.aware_runs)
                ]
            except ValueError as error:
                raise training.file.refused(f"the network cannot be quantised: {error}") from None
            at_once, *right = [
                digits.accuracy(net.predict(net.input.quantize(test[0])), test[1])
                for net in (after, *plain, *aware)
            ]
            plainly, knowing = right[: len(plain)], right[len(plain) :]
            points.append(
                {
                    "bits": bits,
                    "activation_bits": activation_bits,
                    "what": what,
                    "after_training": at_once,
                    "plain": float(np.mean(plainly)),
                    "plain_runs": plainly,
                    "aware": float(np.mean(knowing)),
                    "aware_runs": knowing,
                    "gained": float(np.mean(knowing) - np.mean(plainly)),
                }
            )
    epochs = problem.aware_epochs
    yield table(
        (
            "quantised",
            "bits",
            ("post-training", ".2%"),
            (f"{epochs} more epochs", ".2%"),
            (f"{epochs} aware, mean", ".2%"),
            ("lowest", ".2%"),
            ("highest", ".2%"),
            "gain",
        ),
        [
            (
                p["what"],
                p["bits"],
                p["after_training"],
                p["plain"],
                p["aware"],
                min(p["aware_runs"]),
                max(p["aware_runs"]),
                phrase("{:+.2f} points", 100 * p["gained"]),
            )
            for p in points
        ],
    )
    yield text(
        "float64: {:.2%}, {:.2%} after {} more epochs. All figures in the table are of integer "
        "networks. Post-training: weights rounded to their grid, a scale for each output, ranges "
        "calibrated, no further training. More epochs: the same after {} more epochs without "
        "quantisation. Aware: the same number of epochs on the same batches at the same rate, with a "
        "forward pass that rounds as the integer network does; gradients pass straight through the "
        "rounding, and are 0 where a value saturates. Both are run {} times from the same network with "
        "different batches, and their means are compared, since single runs differ by a few images, and "
        "between machines with different BLAS. Gain is the difference between aware training and plain "
        "further training.",
        full,
        np.mean(out["float_further"]),
        epochs,
        epochs,
        problem.aware_runs,
    )
    yield text("{}", _verdict(points, len(test[1]), problem.aware_runs))
    with run.progress("drawing the accuracy"):
        yield run.plot("p8_bits", "accuracy over the number of bits", bits_figure(problem, points, full))
    worst = min(points, key=lambda p: p["after_training"])
    yield answer(
        "Answer: train in bf16, infer in int8. With {} bits for {} the accuracy is {:.2%} "
        "post-training, {:.2%} after {} more epochs, {:.2%} after as many quantisation-aware epochs, on "
        "average.",
        worst["bits"],
        worst["what"],
        worst["after_training"],
        worst["plain"],
        epochs,
        worst["aware"],
    )
    return out


def bits_figure(problem: Problem, points: Sequence[Point], full: float) -> dict[str, bytes]:
    """Accuracy over the bits of weights, and of weights and activations; `full` is the float network's."""
    epochs = problem.aware_epochs
    titles: dict[Judged, str] = {
        "after_training": "quantised after training",
        "plain": f"{epochs} more epochs, plain",
        "aware": f"{epochs} more epochs, quantisation-aware",
    }
    panels: list[Panel] = []
    for what, title in (
        ("weights", "weights with few bits, 8-bit activations"),
        ("weights and activations", "weights and activations with few bits"),
    ):
        some = sorted((p for p in points if p["what"] == what), key=lambda p: p["bits"])
        bits = [p["bits"] for p in some]
        curves: list[Curve] = [("float64 network", bits, [100 * full] * len(bits))]
        curves += [(name, bits, [100 * p[key] for p in some]) for key, name in titles.items()]
        panels.append(
            Panel(
                title,
                "bits",
                "accuracy on the test images, %",
                curves,
                under=("float64 network",),
                integers=True,
            )
        )
    name = problem.training.name
    return curves_figure(f"Problem 8: integer networks with few bits, {name} network", panels)


def _verdict(points: Sequence[Point], pictures: int, runs: int) -> str:
    """Where quantisation-aware training gains more than the spread of the runs, and where it does not."""

    def named(some: Iterable[Point]) -> str:
        return ", ".join(f"{p['bits']} bits of {p['what']}" for p in some)

    def doubt(p: Point) -> float:
        """Twice the standard error of `gained`, at least one image."""
        spread = [np.var(p[key], ddof=1) / runs if runs > 1 else 0.0 for key in ("plain_runs", "aware_runs")]
        return max(2 * np.sqrt(sum(spread)), 1 / pictures)

    gains = [p for p in points if p["gained"] > doubt(p)]
    rest = [p for p in points if p not in gains]
    said = []
    if rest:
        said.append(
            f"With {named(rest)} there is no gain: the means differ no more than single runs, or "
            "aware training is worse."
        )
    if gains:
        said.append(
            f"With {named(gains)} it helps to train on the grid: the other weights compensate for the "
            "rounding of one."
        )
    return " ".join(said)


def _train_on(problem: Problem, run: Run, what: str, network: Trainable, train: Split, number: int) -> None:
    """Train a network further, on batches in the order of run `number`."""
    problem.training.train(
        run,
        what,
        network,
        train,
        problem.aware_rate,
        "aware_rate",
        epochs=problem.aware_epochs,
        rng=problem.training.rng(number),
    )


def _further(problem: Problem, run: Run, network: Network, train: Split, number: int) -> Network:
    """A copy of the network trained further on the same batches as `_aware`, without quantisation."""
    plain = network.copy()
    _train_on(problem, run, "further training without quantisation", plain, train, number)
    return plain


def _aware(
    problem: Problem,
    run: Run,
    network: Network,
    calibration: NDArray[np.floating],
    train: Split,
    bits: int,
    activation_bits: int,
    number: int,
) -> NetworkInt8:
    """A copy of the network trained further with quantisation, on batches in the order of run `number`."""
    aware = QuantizationAware.of(network.copy(), calibration, bits=bits, activation_bits=activation_bits)
    _train_on(problem, run, f"training aware of quantisation to {bits} bits", aware, train, number)
    return aware.quantized(MODE)
