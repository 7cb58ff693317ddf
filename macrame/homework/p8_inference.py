# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Problem 8, inference: comparison with training; digits trained in float, quantised, tested on the RTL."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from macrame.golden.nn.network import Network
from macrame.golden.nn.quantization import NetworkInt8, quantize_network
from macrame.homework.data import File
from macrame.homework.digits import CLASSES, PICTURES, PIXELS, Split, Training, some
from macrame.homework.digits import KEYS as DIGITS_KEYS
from macrame.homework.digits import accuracy as measured
from macrame.homework.plots.labels import confusion_figure, misclassified_figure
from macrame.homework.problem import Answer, Blocks, Run
from macrame.report.blocks import Block, Heading, Matrix, answer, equation, phrase, table, text

TITLE = "Training and inference; int8"
KEYS = (
    *DIGITS_KEYS,
    "learning_rate",
    "mode",
    "per_channel",
    "calibration",
)


@dataclass(frozen=True)
class Problem:
    """The settings of the data file."""

    training: Training
    learning_rate: float
    mode: str
    per_channel: bool
    calibration: int


def read(file: File) -> Problem:
    """All settings, in ranges that keep the simulation within minutes."""
    return Problem(
        Training.read(file),
        file.number("learning_rate", 0, 100, above=True),
        file.choice("mode", ("gemmlowp", "ruy", "fp32")),
        file.boolean("per_channel"),
        file.integer("calibration", 1, PICTURES),
    )


def solve(problem: Problem, run: Run) -> Blocks[Answer]:
    """Train, quantise, infer on the RTL, compare."""
    costs = yield from _against_inference(problem)
    with run.progress("loading scikit-learn's digits"):
        train, test = problem.training.load()
    yield text(
        "{} images for training, {} held out; 64 pixels of 0 to 16, scaled to [0, 1].",
        len(train[0]),
        len(test[0]),
    )
    yield Heading("(b) Step 1: training in float64 (golden)")
    training, rng = problem.training, problem.training.rng()
    network = Network.random(training.sizes, rng)
    what = f"training {PIXELS}-{training.hidden}-{CLASSES}, {training.epochs} epochs"
    epochs = training.train(run, what, network, train, problem.learning_rate, rng=rng)
    accuracy = {
        "train": measured(network.predict(train[0]), train[1]),
        "test": measured(network.predict(test[0]), test[1]),
    }
    yield table(
        ("epoch", "updates", ("training loss", ".6f")), [(e.number, e.updates, e.loss) for e in some(epochs)]
    )
    yield text(
        "float accuracy: {:.2%} on the training set, {:.2%} on the test set",
        accuracy["train"],
        accuracy["test"],
    )

    yield Heading(f"(b) Step 2: quantisation after training (mode {problem.mode})")
    calibration = train[0][: problem.calibration]
    try:
        quantized = quantize_network(network, calibration, problem.mode, problem.per_channel)
    except ValueError as error:
        raise training.file.refused(f"the trained network cannot be quantised: {error}") from None
    yield text(
        "Weights: zero point 0, {}; activations: ranges over {} training images; biases int32.",
        "a scale for each output" if problem.per_channel else "one scale per layer",
        len(calibration),
    )
    yield table(
        (
            "layer",
            "weights",
            "weight scales",
            ("input scale", ".6f"),
            "zero",
            ("output scale", ".6f"),
            "zero",
            "clamp",
        ),
        [
            (
                i,
                phrase("{} x {}", *layer.weight.shape),
                phrase("{:.5f} .. {:.5f}", layer.weight_scale.min(), layer.weight_scale.max()),
                layer.input.scale,
                layer.input.zero_point,
                layer.output.scale,
                layer.output.zero_point,
                phrase("[{}, {}]", layer.low, layer.high),
            )
            for i, layer in enumerate(quantized.layers, 1)
        ],
    )
    size = sum(w.size + b.size for w, b in zip(network.weights, network.biases))
    small = sum(layer.weight.size + 4 * layer.bias.size for layer in quantized.layers)
    yield text("{:,} parameters: {:,} bytes in fp32, {:,} in int8 with int32 biases.", size, 4 * size, small)

    yield Heading(f"(b) Step 3: inference over the whole test set, on the RTL ({run.rtl.name})")
    x = quantized.input.quantize(test[0])
    golden = quantized.forward(x)
    h, layers = x, []
    for i, (layer, expected) in enumerate(zip(quantized.layers, golden), 1):
        h, report = run.rtl.dense(f"layer {i}, int8 outputs", layer, h, expected)
        layers.append({**report.as_dict(), "cycle_model": run.rtl.predicted_cycles(layer, len(x))})
    labels = h.argmax(axis=1)
    run.rtl.compare("labels", labels, quantized.predict(x), again=True)
    accuracy["int8 golden"] = measured(golden[-1].argmax(axis=1), test[1])
    accuracy["int8 RTL"] = measured(labels, test[1])
    yield table(
        (
            "layer",
            ("MACs", ","),
            ("cycles", ","),
            ("cycle model", ","),
            ("array busy", ".2%"),
            ("utilisation", ".2%"),
            "stalls a / w / out",
        ),
        [
            (
                i,
                c["macs"],
                c["cycles"],
                c["cycle_model"],
                c["occupancy"],
                c["utilisation"],
                phrase("{} / {} / {}", c["stall_a"], c["stall_w"], c["stall_out"]),
            )
            for i, c in enumerate(layers, 1)
        ],
    )
    yield text(
        "Counted by the core. Busy: cycles in which the array had work; utilisation: useful MACs over "
        "cycles times cells, reduced by padding to full tiles."
    )
    yield from _one(quantized, test, x, h)
    float_labels = network.predict(test[0])
    yield table(
        ("test set", ("accuracy", ".2%"), "correct", "of"),
        [
            (name, accuracy[key], round(accuracy[key] * len(labels)), len(labels))
            for name, key in (
                ("float64, golden", "test"),
                ("int8, golden", "int8 golden"),
                ("int8, RTL", "int8 RTL"),
            )
        ],
    )
    with run.progress("drawing the labels"):
        name = f"{training.name} network in int8"
        yield run.plot(
            "p8_misclassified",
            "the misclassified digits",
            misclassified_figure(f"Problem 8: misclassified digits, {name}", test[0], test[1], labels),
        )
        yield run.plot(
            "p8_confusion",
            "true digits and those predicted",
            confusion_figure(f"Problem 8: confusion matrix, {name}", test[1], labels, CLASSES),
        )
    yield answer(
        "Answer: {:.2%} in int8 on the RTL, {:.2%} in float; {} of {} images are labelled differently "
        "from float.",
        accuracy["int8 RTL"],
        accuracy["test"],
        int((labels != float_labels).sum()),
        len(labels),
    )
    return {
        "training_against_inference": costs,
        "network": training.sizes,
        "samples": {"train": len(train[0]), "test": len(test[0])},
        "training": [{"epoch": e.number, "updates": e.updates, "loss": e.loss} for e in epochs],
        "accuracy": accuracy,
        "mode": problem.mode,
        "layers": [
            {
                "weight": layer.weight,
                "bias": layer.bias,
                "multiplier": layer.multiplier,
                "shift": layer.shift,
                "weight_scale": layer.weight_scale,
                "input_scale": layer.input.scale,
                "input_zero_point": layer.input.zero_point,
                "output_scale": layer.output.scale,
                "output_zero_point": layer.output.zero_point,
                "clamp": [layer.low, layer.high],
                **cost,
            }
            for layer, cost in zip(quantized.layers, layers)
        ],
        "true_labels": test[1],
        "float_labels": float_labels,
        "rtl_labels": labels,
        "rtl_logits": h,
    }


def _against_inference(problem: Problem) -> Blocks[dict[str, dict[str, int]]]:
    yield Heading("(a) Training versus inference")
    sizes, n = problem.training.sizes, problem.training.batch_size
    layers = list(zip(sizes, sizes[1:]))
    macs = sum(k * m for k, m in layers)
    weights = sum((k + 1) * m for k, m in layers)
    kept = sum(sizes[:-1])
    out = {
        "inference": {
            "macs_forward": macs,
            "macs_backward": 0,
            "bytes_weights": sum(k * m + 4 * m for k, m in layers),
            "bytes_gradients": 0,
            "bytes_optimizer": 0,
            "bytes_activations": max(k + m for k, m in layers),
        },
        "training": {
            "macs_forward": macs,
            "macs_backward": macs + sum(k * m for k, m in layers[1:]),
            "bytes_weights": 4 * weights,
            "bytes_gradients": 4 * weights,
            "bytes_optimizer": 4 * weights,
            "bytes_activations": 2 * kept * n,
        },
    }
    titles = (
        ("macs_forward", "MACs per sample, forward"),
        ("macs_backward", "MACs per sample, backward"),
        ("bytes_weights", "bytes of weights and biases"),
        ("bytes_gradients", "bytes of gradients"),
        ("bytes_optimizer", "bytes of momentum"),
        ("bytes_activations", "bytes of activations kept"),
    )
    yield table(
        ("", ("inference, int8", ","), (f"training, bf16 and fp32, batches of {n}", ",")),
        [(title, out["inference"][key], out["training"][key]) for key, title in titles],
    )
    yield text(
        "Inference runs forward once and stores nothing; its weights never change, and rounding errors "
        "do not accumulate. Training also runs backward (one product for the weights' gradients, one "
        "for the layer before), must keep every layer's activations until then, and adds thousands of "
        "small updates to the same weights, whose errors add up."
    )
    return out


def _one(
    quantized: NetworkInt8, test: Split, x: NDArray[np.int8], logits: NDArray[np.int8]
) -> Iterator[Block]:
    """The first image, its pixels and its int8 logits."""
    yield equation(
        Matrix("first image (0 to 16)", (test[0][0].reshape(8, 8) * 16).astype(int)),
        "quantised",
        Matrix("int8 input", x[0].reshape(8, 8)),
    )
    real = quantized.output.dequantize(logits[0])
    yield table(
        ("digit", *map(str, range(CLASSES))),
        [("int8 logit (RTL)", *logits[0]), ("represents", *(phrase("{:.2f}", v) for v in real))],
    )
    yield text("true digit {}, largest logit at {}", test[1][0], logits[0].argmax())
