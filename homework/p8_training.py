# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Problem 8, training: in fp32, bf16 and int8; quantised after training, or trained aware of it."""
import hashlib
from dataclasses import dataclass

import numpy as np

from golden.nn.bf16 import NetworkBf16, SGDBf16
from golden.nn.int8_training import NetworkOnGrid
from golden.nn.network import Network
from golden.nn.qat import QuantizationAware
from golden.nn.quantization import quantize_network
from homework import digits
from homework.plots import Panel, curves_figure

KEYS = ("hidden", "test_fraction", "split_seed", "epochs", "batch_size", "learning_rate", "seed", "headroom",
        "bits", "momentum", "aware_epochs", "aware_rate", "aware_runs")
CALIBRATION = 256
MODE = "fp32"                                  # rounds once; few bits do not survive being rounded twice


@dataclass(frozen=True)
class Problem:
    """What the data file says; `file` words the error if training diverges."""

    file: object
    hidden: int
    test_fraction: float
    split_seed: int
    epochs: int
    batch_size: int
    learning_rate: float
    seed: int
    headroom: float
    bits: list
    momentum: float
    aware_epochs: int
    aware_rate: float
    aware_runs: int


def read(file):
    """All settings, in ranges that keep the run within a minute or so."""
    bits = file.integers("bits", 2, 8, most=7)
    if len(set(bits)) < len(bits):
        raise file.error("bits", "different numbers")
    return Problem(
        file, file.integer("hidden", 1, 1024), file.number("test_fraction", 0.05, 0.9),
        file.integer("split_seed", 0, 2**32 - 1), file.integer("epochs", 1, 1000),
        file.integer("batch_size", 1, digits.PICTURES), file.number("learning_rate", 0, 100, above=True),
        file.integer("seed", 0, 2**32 - 1), file.number("headroom", 1, 1000), bits,
        file.number("momentum", 0, 0.999), file.integer("aware_epochs", 1, 1000),
        file.number("aware_rate", 0, 100, above=True), file.integer("aware_runs", 1, 100))


def solve(problem, run):
    """Parts (c) and (d)."""
    train, test = digits.load(problem.test_fraction, problem.split_seed)
    return {"three_formats": _three_formats(problem, run, train, test),
            "few_bits": _few_bits(problem, run, train, test)}


def _sizes(problem):
    return [digits.PIXELS, problem.hidden, digits.CLASSES]


def _three_formats(problem, run, train, test):
    show = run.show
    show.part("(c) Why not to train in int8: the same network in fp32, bf16 and int8")
    x, labels = train
    sizes, seed = _sizes(problem), problem.seed
    start = Network.random(sizes, np.random.default_rng(seed), uniform=True)
    single = Network(*([p.astype(np.float32) for p in group] for group in (start.weights, start.biases)))
    bf16 = NetworkBf16.of(start)
    nearest = NetworkOnGrid.of(start, problem.headroom)
    stochastic = NetworkOnGrid.of(start, problem.headroom, np.random.default_rng([seed, 1]))
    rate = {"rate": problem.learning_rate}
    ways = {"fp32": (single, x.astype(np.float32), rate),
            "bf16": (bf16, x, {"optimizer": SGDBf16(bf16.parameters(), problem.learning_rate)}),
            "int8": (nearest, x, {**rate, "project": nearest.project}),
            "int8, stochastic": (stochastic, x, {**rate, "project": stochastic.project})}
    out, rows = {}, []
    for name, (network, inputs, options) in ways.items():
        epochs = digits.train(show, f"training in {name}", problem.file, "learning_rate", network, inputs,
                              labels, problem.epochs, batch_size=problem.batch_size,
                              rng=np.random.default_rng(seed), validation=test, **options)
        lost = network.lost / max(network.updates, 1) if isinstance(network, NetworkOnGrid) else None
        out[name] = {"loss": [e.loss for e in epochs], "test_loss": [e.validation for e in epochs],
                     "accuracy": digits.accuracy(network.predict(test[0]), test[1]), "lost_updates": lost}
        rows.append((name, *(digits.short(epochs[i].loss) for i in (0, -1)),
                     digits.short(epochs[-1].validation), f"{out[name]['accuracy']:.2%}",
                     "-" if lost is None else f"{lost:.1%}"))
    digest = hashlib.sha256(b"".join(p.astype("<f4").tobytes() for p in bf16.parameters())).hexdigest()
    out["bf16"]["sha256"] = digest
    show.table(("trained in", "loss, epoch 1", f"epoch {problem.epochs}", "test loss", "test set",
                "updates lost"), rows)
    step, lost = nearest.scales[0], out["int8"]["lost_updates"]
    show.text("Same start, same batches, gradient descent without momentum. fp32: float32 throughout. bf16: "
              "operands bfloat16, sums and master weights fp32, every operation as the core makes it. int8: "
              f"operands int8, sums int32, weights on a grid of 255 steps (layer 1: {step:.5f} a step).")
    show.text(f"An update of less than half a step, {step / 2:.5f}, is rounded away: {lost:.1%} of all "
              "updates of single weights changed nothing, and the smaller the gradients become the more are "
              "lost, so that the loss falls ever more slowly. Rounding up or down at random keeps the "
              "updates' mean, and most of the damage away; bf16 with fp32 master weights has no such floor.")
    show.text(f"SHA-256 of the bf16 network's final weights: {digest}")
    show.text("The bf16 run is golden's here. make train does the same steps on the RTL, every "
              "product and every vector operation, and must come to the same SHA-256.")
    with show.progress("drawing the losses"):
        figure = curves_figure([
            Panel(title, "epoch", "cross-entropy", [(name, range(1, problem.epochs + 1), r[key])
                                                    for name, r in out.items()], log="y", integers=True)
            for title, key in (("training loss", "loss"), ("test loss", "test_loss"))])
        for kind, data in figure.items():
            show.text(f"plot: {run.output(f'p8_training.{kind}', data)}")
    return out


def _few_bits(problem, run, train, test):
    show = run.show
    show.part(f"(d) Quantised after training against training aware of it (golden, mode {MODE})")
    network = Network.random(_sizes(problem), np.random.default_rng(problem.seed))
    digits.train(show, "training in float64", problem.file, "learning_rate", network, *train,
                 problem.epochs, batch_size=problem.batch_size, rate=problem.learning_rate,
                 momentum=problem.momentum, rng=np.random.default_rng(problem.seed))
    full = digits.accuracy(network.predict(test[0]), test[1])
    calibration = train[0][:CALIBRATION]
    out = {"float": full, "points": []}
    for what, same in (("weights", False), ("weights and activations", True)):
        for bits in problem.bits:
            activation_bits = bits if same else 8
            try:
                after = quantize_network(network, calibration, MODE, True, bits, activation_bits)
                aware = [_aware(problem, show, network, calibration, train, bits, activation_bits, run_number)
                         for run_number in range(problem.aware_runs)]
            except ValueError as error:
                raise problem.file.refused(f"the network cannot be quantised: {error}") from None
            right = [digits.accuracy(net.predict(net.input.quantize(test[0])), test[1])
                     for net in (after, *aware)]
            out["points"].append({"bits": bits, "activation_bits": activation_bits, "what": what,
                                  "after_training": right[0], "aware": float(np.mean(right[1:])),
                                  "aware_runs": right[1:]})
    show.table(("of so many bits", "bits", "after training", "aware, mean", "lowest", "highest", "gained"),
               [(p["what"], p["bits"], f"{p['after_training']:.2%}", f"{p['aware']:.2%}",
                 f"{min(p['aware_runs']):.2%}", f"{max(p['aware_runs']):.2%}",
                 f"{100 * (p['aware'] - p['after_training']):+.2f} points") for p in out["points"]])
    show.text(f"float64: {full:.2%}. All figures are of integer networks. After training: weights rounded to "
              "their grid, a scale for each output, ranges calibrated; nothing is learnt. Aware: "
              f"{problem.aware_epochs} further epochs whose forward pass rounds as the integers will, "
              f"{problem.aware_runs} times from the same network with other batches, as single runs differ "
              "by some pictures, and from one machine's BLAS to another's too; "
              "gradients pass straight through the rounding, and are 0 where a value saturates. At 8 bits "
              "there is little to gain; the coarser the grid, the more it helps that the other weights can "
              "make up for what one was rounded by.")
    with show.progress("drawing the accuracy"):
        curves = [(f"{title}, {what}", [p["bits"] for p in out["points"] if p["what"] == what],
                   [100 * p[key] for p in out["points"] if p["what"] == what])
                  for what in ("weights", "weights and activations")
                  for key, title in (("after_training", "after training"), ("aware", "aware"))]
        for kind, data in curves_figure([Panel("integer networks", "bits", "test pictures right, %", curves,
                                               integers=True)]).items():
            show.text(f"plot: {run.output(f'p8_bits.{kind}', data)}")
    worst = min(out["points"], key=lambda p: p["after_training"])
    show.good(f"Answer: train in bf16, infer in int8. With {worst['bits']} bits for {worst['what']} "
              f"{worst['after_training']:.2%} are right after plain quantisation, {worst['aware']:.2%} after "
              "training aware of it, on average.")
    return out


def _aware(problem, show, network, calibration, train, bits, activation_bits, number):
    """A copy of the network trained on, aware of its quantisation, batches in the order of run `number`."""
    aware = QuantizationAware.of(network.copy(), calibration, bits=bits, activation_bits=activation_bits)
    digits.train(show, f"training aware of {bits} bits", problem.file, "aware_rate", aware, *train,
                 problem.aware_epochs, batch_size=problem.batch_size, rate=problem.aware_rate,
                 momentum=problem.momentum, rng=np.random.default_rng([problem.seed, number]))
    return aware.quantized(MODE)
