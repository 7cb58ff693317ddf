# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Problem 6: pruning against dropout; the bytes and core cycles that sparsity saves."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NotRequired, TypeAlias, TypedDict

import numpy as np
from numpy.typing import NDArray

from macrame.golden.nn import pruning
from macrame.golden.nn.network import Network
from macrame.golden.nn.quantization import quantize_network
from macrame.homework import digits
from macrame.homework.data import File
from macrame.homework.digits import Split, Training
from macrame.homework.plots.curves import Panel, curves_figure
from macrame.homework.problem import Answer, Blocks, Run
from macrame.report.blocks import Block, Cell, Heading, answer, table, text
from macrame.verify.session import PanelCost

TITLE = "Pruning"
KEYS = (
    *digits.KEYS,
    "learning_rate",
    "sparsities",
    "retrain_epochs",
    "retrain_rate",
    "dropout",
    "pictures",
    "mode",
)
Way: TypeAlias = Literal["magnitude", "blocks"]
WAYS: tuple[tuple[Way, str], ...] = (("magnitude", "single weights"), ("blocks", "whole K slices of a panel"))
CALIBRATION = 256
LEARNT = 2 / digits.CLASSES  # share of correct labels: less is little better than guessing
REGISTERS = {
    "a": "activation operands",
    "w": "weight operands",
    "products": "products",
    "sums": "adder trees",
    "accumulators": "accumulators",
    "results": "results",
}


@dataclass(frozen=True)
class Problem:
    """The settings of the data file."""

    training: Training
    learning_rate: float
    sparsities: list[float]
    retrain_epochs: int
    retrain_rate: float
    dropout: float
    pictures: int
    mode: str


class Pruned(TypedDict):
    """A network pruned in one way: correct labels without and with retraining, zeros, bytes."""

    pruned: float
    retrained: float
    zeros: float
    bytes_dense: int
    bytes: int
    network: NotRequired[Network]  # until the answer is complete


class Point(TypedDict):
    """Both ways of pruning at one sparsity."""

    sparsity: float
    magnitude: Pruned
    blocks: Pruned


class Cost(PanelCost):
    """The cost of a network on the core, and the number of multiplications with a weight other than 0."""

    macs: int


class Activity(TypedDict):
    """The activity of the array's registers, see `_activity`."""

    cycles: int
    macs: int
    registers: dict[str, int]
    toggles: int
    toggles_a_mac: float | None


class Row(TypedDict):
    """The cost on the core at one sparsity, see `_on_rtl`."""

    sparsity: float
    cycles: int
    cycles_dense: int
    slices: int
    slices_dense: int
    right: float
    activity: dict[Way, Activity]


def read(file: File) -> Problem:
    """All settings, in ranges that keep the simulation within minutes."""
    sparsities = file.vector("sparsities", most=12, limits=(0, 0.99)).tolist()
    if sorted(set(sparsities)) != sparsities:
        raise file.error("sparsities", "different numbers in ascending order")
    return Problem(
        Training.read(file),
        file.number("learning_rate", 0, 100, above=True),
        sparsities,
        file.integer("retrain_epochs", 1, 1000),
        file.number("retrain_rate", 0, 100, above=True),
        file.number("dropout", 0.01, 0.95),
        file.integer("pictures", 1, digits.PICTURES),
        file.choice("mode", ("gemmlowp", "ruy", "fp32")),
    )


def solve(problem: Problem, run: Run) -> Blocks[Answer]:
    """Train, prune in two ways with and without retraining, count bytes, run the results on the core."""
    block = (run.rtl.config.cols, 1)
    with run.progress("loading scikit-learn's digits"):
        train, test = problem.training.load()
    network = _train(problem, run, "training", train)
    weights = sum(w.size for w in network.weights)
    full = digits.accuracy(network.predict(test[0]), test[1])
    yield text(
        "A {}-{}-{} network, {:,} weights, {:.2%} of {} held-out images are classified correctly. "
        "Pruning permanently removes the smallest weights.",
        digits.PIXELS,
        problem.training.hidden,
        digits.CLASSES,
        weights,
        full,
        len(test[0]),
    )
    if full < LEARNT:
        yield text(
            "This network has learnt almost nothing: guessing alone gives {:.0%} correct labels. The "
            "results below are not meaningful; try another learning_rate or more epochs.",
            1 / digits.CLASSES,
            kind="warning",
        )
    yield Heading("Accuracy over sparsity, without and with retraining (float64, golden)")
    points = [_point(problem, run, network, share, block, train, test) for share in problem.sparsities]
    yield table(
        (
            ("removed", ".0%"),
            *(
                (f"{title}: {part}", ".2%")
                for title in ("single", "slices")
                for part in ("pruned", "retrained")
            ),
        ),
        [
            (p["sparsity"], *(p[way][part] for way, _ in WAYS for part in ("pruned", "retrained")))
            for p in points
        ],
    )
    yield text(
        "Single: the weights of smallest magnitude, anywhere. Slices: for each panel of {} outputs (the "
        "columns of the array) all weights of one input at once, the blocks of smallest root mean "
        "square: coarser, so it costs more accuracy, but the core skips them. Retrained: {} epochs with "
        "the pruned weights held at 0.",
        block[0],
        problem.retrain_epochs,
    )
    yield from _bytes(points)
    cycles = yield from _on_rtl(problem, run, points, train, test)
    dropped = yield from _against_dropout(problem, run, train, test, points)
    with run.progress("drawing accuracy and cost"):
        yield run.plot(
            "p6_pruning",
            "accuracy and cost over the share of weights removed",
            figure(problem, points, cycles),
        )
    kept = [p for p in points if p["blocks"]["retrained"] >= full - 0.01]
    if kept:
        i = points.index(kept[-1])
        saved = 1 - cycles[i]["cycles"] / cycles[0]["cycles_dense"]
        toggles = [cycles[n]["activity"]["blocks"]["toggles"] for n in (i, 0)]
        yield answer(
            "Answer: with retraining, {:.0%} of the K slices can be removed for one percentage point of "
            "accuracy; the core then takes {:.0%} fewer cycles, and its array's registers toggle {:.0%} "
            "less; dropout removes no weights.",
            kept[-1]["sparsity"],
            saved,
            1 - toggles[0] / toggles[1],
        )
    else:
        yield answer(
            "Answer: even the smallest share of K slices costs more than one percentage point of accuracy."
        )
    for p in points:
        for way, _ in WAYS:
            del p[way]["network"]
    return {
        "network": problem.training.sizes,
        "weights": weights,
        "accuracy": full,
        "block": list(block),
        "points": points,
        "rtl": cycles,
        "dropout": dropped,
    }


def _train(problem: Problem, run: Run, what: str, train: Split, dropout: float = 0.0) -> Network:
    rng = problem.training.rng()
    network = Network.random(problem.training.sizes, rng, dropout=dropout)
    problem.training.train(run, what, network, train, problem.learning_rate, rng=rng)
    return network


def _retrained(
    problem: Problem, run: Run, network: Network, masks: Sequence[NDArray[np.bool_]], train: Split
) -> tuple[Network, Network]:
    """Prune a copy; accuracy's network before and after retraining."""
    pruned = network.copy()
    pruner = pruning.Pruner(pruned.weights, masks)
    before = pruned.copy()
    problem.training.train(
        run,
        "retraining",
        pruned,
        train,
        problem.retrain_rate,
        "retrain_rate",
        epochs=problem.retrain_epochs,
        rng=problem.training.rng(),
        project=pruner,
    )
    return before, pruned


def _point(
    problem: Problem,
    run: Run,
    network: Network,
    share: float,
    block: tuple[int, int],
    train: Split,
    test: Split,
) -> Point:
    """Both ways of pruning at one sparsity."""
    masks = {
        "magnitude": pruning.magnitude_masks(network.weights, share),
        "blocks": pruning.block_masks(network.weights, share, block),
    }

    def pruned(way: Way) -> Pruned:
        before, after = _retrained(problem, run, network, masks[way], train)
        dense, sparse = pruning.stored_bytes(after.weights, 1, block if way == "blocks" else None)
        return {
            "pruned": digits.accuracy(before.predict(test[0]), test[1]),
            "retrained": digits.accuracy(after.predict(test[0]), test[1]),
            "zeros": pruning.sparsity(after.weights),
            "bytes_dense": dense,
            "bytes": sparse,
            "network": after,
        }

    return {"sparsity": share, "magnitude": pruned("magnitude"), "blocks": pruned("blocks")}


def _bytes(points: Sequence[Point]) -> Iterator[Block]:
    yield Heading("Storage of the int8 weights in bytes")
    yield table(
        (
            ("removed", ".0%"),
            ("all weights", ","),
            ("single, with bit map", ","),
            ("slices, with bit map", ","),
        ),
        [
            (p["sparsity"], p["magnitude"]["bytes_dense"], p["magnitude"]["bytes"], p["blocks"]["bytes"])
            for p in points
        ],
    )
    yield text(
        "Sparse storage keeps the remaining weights and a bit map of their positions: one bit per "
        "weight, which pays off from 12.5 % sparsity at int8, or one bit per slice."
    )


def _on_rtl(
    problem: Problem, run: Run, points: Sequence[Point], train: Split, test: Split
) -> Blocks[list[Row]]:
    """The pruned networks in int8 on the core; the host omits slices without weights.

    One row per sparsity: cycles and slices with skipping and without ("_dense", of the first network),
    correct labels, and under "activity" the toggles of the array's registers.
    """
    x = test[0][: problem.pictures]
    yield Heading(f"Cycles: skipping K slices whose weights are all zero, on the RTL ({run.rtl.name})")
    yield text(
        "The weights of a panel and the activations to multiply them with arrive as K slices. If a "
        "slice of a panel is all zeros, the host sends neither: the sums are bit-identical, and the "
        "array is busy for fewer cycles. {} images, retrained networks, int8:",
        len(x),
    )
    out: list[Row] = []
    right = test[1][: len(x)]
    for p in points:
        share, network = f"{p['sparsity']:.0%}", p["blocks"]["network"]
        if not out:  # takes as long for every sparsity
            dense, logits = _infer(problem, run, network, train, x, f"{share} removed", skip=False)
        blocks = single = dense
        if p["sparsity"]:  # else both are the same network
            blocks, logits = _infer(problem, run, network, train, x, f"{share} removed", skip=True)
            single, _ = _infer(
                problem,
                run,
                p["magnitude"]["network"],
                train,
                x,
                f"{share} of single weights removed",
                skip=False,
            )
        out.append(
            {
                "sparsity": p["sparsity"],
                "cycles": blocks["cycles"],
                "cycles_dense": dense["cycles"],
                "slices": blocks["slices"],
                "slices_dense": dense["slices"],
                "right": digits.accuracy(logits.argmax(axis=1), right),
                "activity": {"magnitude": _activity(single), "blocks": _activity(blocks)},
            }
        )
    yield table(
        (
            ("removed", ".0%"),
            "K slices sent",
            "of",
            ("cycles", ","),
            ("of", ","),
            ("saved", ".1%"),
            ("correct", ".2%"),
        ),
        [
            (
                r["sparsity"],
                r["slices"],
                r["slices_dense"],
                r["cycles"],
                r["cycles_dense"],
                1 - r["cycles"] / r["cycles_dense"],
                r["right"],
            )
            for r in out
        ],
    )
    config = run.rtl.config
    least = config.rows * -(-config.cols // config.post_lanes)
    yield text(
        "Counted by the core, panel by panel. A tile of {} x {} results takes at least {} cycles to "
        "output, as {} of them are requantised per cycle: with fewer slices the array waits for its "
        "output, and skipping saves nothing.",
        config.rows,
        config.cols,
        least,
        config.post_lanes,
    )
    yield from _switching(out)
    return out


def _infer(
    problem: Problem, run: Run, network: Network, train: Split, x: NDArray[np.floating], what: str, skip: bool
) -> tuple[Cost, NDArray[np.int8]]:
    """A network in int8 on the core: cost of all layers, among it "macs" whose weight is not 0; logits."""
    try:
        quantized = quantize_network(network, train[0][:CALIBRATION], problem.mode)
    except ValueError as error:
        raise problem.training.file.refused(f"the pruned network cannot be quantised: {error}") from None
    h = quantized.input.quantize(x)
    total: Cost = {"cycles": 0, "slices": 0, "macs": 0, "toggles": {}}
    for i, (layer, expected) in enumerate(zip(quantized.layers, quantized.forward(h)), 1):
        name = f"{what}, layer {i}{'' if skip else ', nothing skipped'}"
        h, cost = run.rtl.panels(name, layer, h, expected, skip)
        total["cycles"] += cost["cycles"]
        total["slices"] += cost["slices"]
        total["macs"] += len(x) * int(np.count_nonzero(layer.weight))
        for kind, count in cost["toggles"].items():
            total["toggles"][kind] = total["toggles"].get(kind, 0) + count
    return total, h


def _activity(cost: Cost) -> Activity:
    """The reported figures of a network: cycles, useful MACs, toggles by register, in total and per MAC."""
    toggles = sum(cost["toggles"].values())
    return {
        "cycles": cost["cycles"],
        "macs": cost["macs"],
        "registers": cost["toggles"],
        "toggles": toggles,
        "toggles_a_mac": toggles / cost["macs"] if cost["macs"] else None,
    }


def _switching(rows: Sequence[Row]) -> Iterator[Block]:
    yield Heading("Switching activity of the array, counted in the simulation")
    dense = rows[0]["activity"]["magnitude"]
    lines: list[tuple[Cell, ...]] = []
    titles: dict[Way, str] = {"magnitude": "single, nothing skipped", "blocks": "slices, skipped"}
    for way, title in titles.items():
        for r in rows:
            a = r["activity"][way]
            if way == "magnitude" or r["sparsity"]:
                name = "nothing pruned" if not r["sparsity"] else title
                lines.append(
                    (
                        r["sparsity"],
                        name,
                        a["cycles"],
                        a["macs"],
                        a["toggles"],
                        a["toggles"] / dense["toggles"],
                        a["toggles_a_mac"],
                    )
                )
    yield table(
        (
            ("removed", ".0%"),
            "network",
            ("cycles", ","),
            ("useful MACs", ","),
            ("toggles", ","),
            ("relative to first row", ".1%"),
            ("toggles per MAC", ".1f"),
        ),
        lines,
    )
    yield text(
        "A toggle is a register bit that changes in a clock cycle; the toggles of every operand, "
        "product, sum, accumulator and result register of all cells are counted in every cycle. A "
        "useful MAC has a weight other than 0. Toggles indicate dynamic power but are not power: wires, "
        "logic and the clock are not included."
    )
    first = f"{rows[0]['sparsity']:.0%} single" if rows[0]["sparsity"] else "nothing pruned"
    most = f"{rows[-1]['sparsity']:.0%}"
    yield table(
        ("toggles of", (first, ","), (f"{most} single", ","), (f"{most} slices", ",")),
        [
            (
                REGISTERS[kind],
                *(a["registers"][kind] for a in (dense, *(rows[-1]["activity"][way] for way, _ in WAYS))),
            )
            for kind in REGISTERS
        ],
    )
    yield text(
        "A zero weight does not toggle the accumulator, but a single zero among other weights makes the "
        "product registers change to 0 and back; activations and results toggle as before. There are "
        "fewer toggles, but more per useful MAC, and no cycle is saved. A skipped slice toggles "
        "nothing."
    )


def _against_dropout(
    problem: Problem, run: Run, train: Split, test: Split, points: Sequence[Point]
) -> Blocks[Answer]:
    yield Heading("Dropout is not pruning")
    network = _train(problem, run, "training with dropout", train, problem.dropout)
    share = points[-1]["sparsity"]
    before, after = _retrained(problem, run, network, pruning.magnitude_masks(network.weights, share), train)
    out = {
        "accuracy": digits.accuracy(network.predict(test[0]), test[1]),
        "zeros": pruning.sparsity(network.weights),
        "sparsity": share,
        "pruned": digits.accuracy(before.predict(test[0]), test[1]),
        "retrained": digits.accuracy(after.predict(test[0]), test[1]),
    }
    plain = points[-1]["magnitude"]
    yield table(
        ("", ("zero weights", ".2%"), ("correct", ".2%")),
        [
            (f"trained with dropout {problem.dropout:g}", out["zeros"], out["accuracy"]),
            (f"the same, {share:.0%} pruned", share, out["pruned"]),
            ("the same, retrained", share, out["retrained"]),
            (f"trained without, {share:.0%} pruned", plain["zeros"], plain["pruned"]),
            ("the same, retrained", plain["zeros"], plain["retrained"]),
        ],
    )
    yield text(
        "Dropout omits a different random set of units in each training step; inference uses all of "
        "them, so it saves no multiplications and no bytes. It prevents overfitting. Pruning is decided "
        "once, by magnitude, and is permanent: it saves hardware work."
    )
    return out


def figure(problem: Problem, points: Sequence[Point], cycles: Sequence[Row]) -> dict[str, bytes]:
    """Accuracy and cost over the fraction of weights removed."""
    share = [100 * p["sparsity"] for p in points]
    accuracy = [
        (
            f"{'single' if way == 'magnitude' else 'slices'}, {part}",
            share,
            [100 * p[way][part] for p in points],
        )
        for way, _ in WAYS
        for part in ("pruned", "retrained")
    ]
    cost = [("cycles on the RTL, slices", share, [100 * r["cycles"] / r["cycles_dense"] for r in cycles])]
    cost += [
        (
            f"bytes, {'single' if way == 'magnitude' else 'slices'}",
            share,
            [100 * p[way]["bytes"] / p[way]["bytes_dense"] for p in points],
        )
        for way, _ in WAYS
    ]
    title, x = f"Problem 6: pruning, {problem.training.name} network", "weights removed, %"
    return curves_figure(
        title,
        [
            Panel("accuracy (float64)", x, "accuracy on held-out images, %", accuracy),
            Panel("cost", x, "share of the unpruned network, %", cost, limits=(0, 120)),
        ],
    )
