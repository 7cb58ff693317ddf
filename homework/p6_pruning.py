# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Problem 6: pruning against dropout; what sparsity saves in bytes, and in cycles of the core."""
from dataclasses import dataclass

import numpy as np

from golden.nn import pruning
from golden.nn.network import Network
from golden.nn.quantization import quantize_network
from homework import digits
from homework.plots import Panel, curves_figure

TITLE = "Pruning"
KEYS = ("hidden", "test_fraction", "split_seed", "epochs", "batch_size", "learning_rate", "momentum", "seed",
        "sparsities", "retrain_epochs", "retrain_rate", "dropout", "pictures", "mode")
WAYS = (("magnitude", "single weights"), ("blocks", "whole K slices of a panel"))
CALIBRATION = 256


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
    momentum: float
    seed: int
    sparsities: list
    retrain_epochs: int
    retrain_rate: float
    dropout: float
    pictures: int
    mode: str


def read(file):
    """All settings, in ranges that keep the simulation within minutes."""
    sparsities = file.vector("sparsities", most=12).tolist()
    for i, share in enumerate(sparsities):
        if not 0 <= share <= 0.99:
            raise file.error(f"sparsities[{i}]", "a number from 0 to 0.99", share)
    if sorted(set(sparsities)) != sparsities:
        raise file.error("sparsities", "rising numbers")
    return Problem(
        file, file.integer("hidden", 1, 1024), file.number("test_fraction", 0.05, 0.9),
        file.integer("split_seed", 0, 2**32 - 1), file.integer("epochs", 1, 1000),
        file.integer("batch_size", 1, digits.PICTURES), file.number("learning_rate", 0, 100, above=True),
        file.number("momentum", 0, 0.999), file.integer("seed", 0, 2**32 - 1), sparsities,
        file.integer("retrain_epochs", 1, 1000), file.number("retrain_rate", 0, 100, above=True),
        file.number("dropout", 0.01, 0.95), file.integer("pictures", 1, digits.PICTURES),
        file.choice("mode", ("gemmlowp", "ruy", "fp32")))


def solve(problem, run):
    """Train, prune in two ways with and without retraining, count bytes, run what is left on the core."""
    show, block = run.show, (run.rtl.cols, 1)
    with show.progress("loading scikit-learn's digits"):
        train, test = digits.load(problem.test_fraction, problem.split_seed)
    network = _train(problem, show, "training", train)
    weights = sum(w.size for w in network.weights)
    full = digits.accuracy(network.predict(test[0]), test[1])
    show.text(f"A {digits.PIXELS}-{problem.hidden}-{digits.CLASSES} network, {weights:,} weights, {full:.2%} "
              f"of {len(test[0])} held-out pictures right. Pruning takes the weakest weights out for good.")
    show.part("Accuracy over sparsity, without and with retraining (float64, golden)")
    points = [_point(problem, show, network, share, block, train, test) for share in problem.sparsities]
    show.table(("taken out", *(f"{title}: {part}" for _, title in (("m", "single"), ("b", "slices"))
                               for part in ("pruned", "retrained"))),
               [(f"{p['sparsity']:.0%}", *(f"{p[way][part]:.2%}" for way, _ in WAYS
                                           for part in ("pruned", "retrained"))) for p in points])
    show.text("Single: the weights of smallest magnitude, wherever they are. Slices: for each panel of "
              f"{block[0]} outputs (the columns of the array) all weights of one input at once, the blocks "
              "of smallest root mean square: coarser, so that more accuracy goes, but the core skips them. "
              f"Retrained: {problem.retrain_epochs} epochs with the pruned weights held at 0.")
    _bytes(show, points)
    cycles = _on_rtl(problem, run, points, train, test)
    dropped = _against_dropout(problem, show, train, test, points)
    with show.progress("drawing accuracy and cost"):
        for kind, data in curves_figure(_panels(points, cycles)).items():
            show.text(f"plot: {run.output(f'p6_pruning.{kind}', data)}")
    kept = [p for p in points if p["blocks"]["retrained"] >= full - 0.01]
    if kept:
        i = points.index(kept[-1])
        saved = 1 - cycles[i]["cycles"] / cycles[0]["cycles_dense"]
        show.good(f"Answer: with retraining {kept[-1]['sparsity']:.0%} of the K slices can go within one "
                  f"point of accuracy, and the core takes {saved:.0%} fewer cycles; dropout leaves every "
                  "weight in.")
    else:
        show.good("Answer: not even the smallest share of K slices can go within one point of accuracy.")
    for p in points:
        del p["network"]
    return {"network": [digits.PIXELS, problem.hidden, digits.CLASSES], "weights": weights, "accuracy": full,
            "block": list(block), "points": points, "rtl": cycles, "dropout": dropped}


def _train(problem, show, what, train, dropout=0.0):
    rng = np.random.default_rng(problem.seed)
    network = Network.random([digits.PIXELS, problem.hidden, digits.CLASSES], rng, dropout=dropout)
    digits.train(show, what, problem.file, "learning_rate", network, *train, problem.epochs,
                 batch_size=problem.batch_size, rate=problem.learning_rate, momentum=problem.momentum,
                 rng=rng)
    return network


def _retrained(problem, show, network, masks, train):
    """Prune a copy; accuracy's network before and after retraining."""
    pruned = network.copy()
    pruner = pruning.Pruner(pruned.weights, masks)
    before = pruned.copy()
    digits.train(show, "retraining", problem.file, "retrain_rate", pruned, *train, problem.retrain_epochs,
                 batch_size=problem.batch_size, rate=problem.retrain_rate, momentum=problem.momentum,
                 rng=np.random.default_rng(problem.seed), project=pruner)
    return before, pruned


def _point(problem, show, network, share, block, train, test):
    """Both ways of pruning at one sparsity."""
    masks = {"magnitude": pruning.magnitude_masks(network.weights, share),
             "blocks": pruning.block_masks(network.weights, share, block)}
    point = {"sparsity": share}
    for way, _ in WAYS:
        before, after = _retrained(problem, show, network, masks[way], train)
        dense, sparse = pruning.stored_bytes(after.weights, 1, block if way == "blocks" else None)
        point[way] = {"pruned": digits.accuracy(before.predict(test[0]), test[1]),
                      "retrained": digits.accuracy(after.predict(test[0]), test[1]),
                      "zeros": pruning.sparsity(after.weights), "bytes_dense": dense, "bytes": sparse}
        if way == "blocks":
            point["network"] = after
    return point


def _bytes(show, points):
    show.part("Bytes to store, int8 weights")
    show.table(("taken out", "all weights", "single, with a bit each", "slices, with a bit each"),
               [(f"{p['sparsity']:.0%}", f"{p['magnitude']['bytes_dense']:,}", f"{p['magnitude']['bytes']:,}",
                 f"{p['blocks']['bytes']:,}") for p in points])
    show.text("Sparse storage keeps the weights that are left, and a bit map of where they were: one bit a "
              "weight, which at int8 is worth it from 12.5 % sparsity on, or one a slice.")


def _on_rtl(problem, run, points, train, test):
    """The block-pruned networks in int8 on the core, slices without weights left out by the host."""
    show, x = run.show, test[0][:problem.pictures]
    show.part(f"Cycles: skipping K slices whose weights are all zero, on the RTL ({run.rtl.name})")
    show.text("The weights of a panel and the activations that meet them arrive as K slices. Where a slice "
              "of a panel holds nothing but zeros, the host sends neither: the sums stay the same to the "
              f"bit, and the array is busy for fewer cycles. {len(x)} pictures, retrained networks, int8:")
    out = []
    for p in points:
        try:
            quantized = quantize_network(p["network"], train[0][:CALIBRATION], problem.mode)
        except ValueError as error:
            raise problem.file.refused(f"the pruned network cannot be quantised: {error}") from None
        h = quantized.input.quantize(x)
        golden = quantized.forward(h)
        row = {"sparsity": p["sparsity"], "cycles": 0, "cycles_dense": 0, "slices": 0, "slices_dense": 0}
        for i, (layer, expected) in enumerate(zip(quantized.layers, golden), 1):
            name = f"{p['sparsity']:.0%} taken out, layer {i}"
            for key, skip in (("_dense", False), ("", True)):
                if key and out:                            # the same for every sparsity
                    row["cycles_dense"], row["slices_dense"] = out[0]["cycles_dense"], out[0]["slices_dense"]
                    continue
                got, cost = run.rtl.panels(f"{name}{'' if skip else ', nothing skipped'}", layer, h, expected,
                                           skip)
                row[f"cycles{key}"] += cost["cycles"]
                row[f"slices{key}"] += cost["slices"]
            h = got
        row["right"] = digits.accuracy(h.argmax(axis=1), test[1][:len(x)])
        out.append(row)
    show.table(("taken out", "K slices sent", "of", "cycles", "of", "saved", "right"),
               [(f"{r['sparsity']:.0%}", r["slices"], r["slices_dense"], f"{r['cycles']:,}",
                 f"{r['cycles_dense']:,}", f"{1 - r['cycles'] / r['cycles_dense']:.1%}", f"{r['right']:.2%}")
                for r in out])
    lanes = run.rtl.core().post_lanes
    least = run.rtl.rows * -(-run.rtl.cols // lanes)
    show.text(f"Counted by the core itself, panel by panel. A tile of {run.rtl.rows} x {run.rtl.cols} "
              f"results cannot leave in fewer than {least} cycles, as {lanes} of them are requantised a "
              "cycle: with fewer slices the array waits for its output, and skipping saves nothing.")
    show.text("Switching activity of the array, counted in the simulation: comes with the training release.")
    return out


def _against_dropout(problem, show, train, test, points):
    show.part("Dropout is not pruning")
    network = _train(problem, show, "training with dropout", train, problem.dropout)
    share = points[-1]["sparsity"]
    before, after = _retrained(problem, show, network, pruning.magnitude_masks(network.weights, share), train)
    out = {"accuracy": digits.accuracy(network.predict(test[0]), test[1]),
           "zeros": pruning.sparsity(network.weights), "sparsity": share,
           "pruned": digits.accuracy(before.predict(test[0]), test[1]),
           "retrained": digits.accuracy(after.predict(test[0]), test[1])}
    plain = points[-1]["magnitude"]
    show.table(("", "zero weights", "right"), [
        (f"trained with dropout {problem.dropout:g}", f"{out['zeros']:.2%}", f"{out['accuracy']:.2%}"),
        (f"the same, {share:.0%} pruned", f"{share:.2%}", f"{out['pruned']:.2%}"),
        ("the same, retrained", f"{share:.2%}", f"{out['retrained']:.2%}"),
        (f"trained without, {share:.0%} pruned", f"{plain['zeros']:.2%}", f"{plain['pruned']:.2%}"),
        ("the same, retrained", f"{plain['zeros']:.2%}", f"{plain['retrained']:.2%}")])
    show.text("Dropout leaves units out at random while training and another set each time; inference uses "
              "all of them, and not one multiplication or byte is saved. It is there against overfitting. "
              "Pruning is decided once, by size, and stays: the hardware profits.")
    return out


def _panels(points, cycles):
    share = [100 * p["sparsity"] for p in points]
    accuracy = [(f"{'single' if way == 'magnitude' else 'slices'}, {part}",
                 share, [100 * p[way][part] for p in points])
                for way, _ in WAYS for part in ("pruned", "retrained")]
    cost = [("cycles on the RTL, slices", share, [100 * r["cycles"] / r["cycles_dense"] for r in cycles])]
    cost += [(f"bytes, {name}", share, [100 * p[way]["bytes"] / p[way]["bytes_dense"] for p in points])
             for name, way in (("single", "magnitude"), ("slices", "blocks"))]
    return [Panel("accuracy", "weights taken out, %", "held-out pictures right, %", accuracy),
            Panel("cost", "weights taken out, %", "% of the unpruned network", cost, limits=(0, 120))]
