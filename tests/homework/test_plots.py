# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Plots: their list, that they show the report's numbers, and that they are legible.

Every plot of the sheet is drawn again from the numbers in its report; it must give the files that the sheet
wrote, and the drawing is checked.
"""

import functools
import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from macrame.golden.arith.bf16_to_fp32 import bf16_to_fp32
from macrame.golden.nn import batches
from macrame.homework import (
    data,
    digits,
    p2_backprop,
    p3_batches,
    p5_overfitting,
    p6_pruning,
    p8_inference,
    p8_training,
    p9_optimizers,
)
from macrame.homework.plots import figure as style
from macrame.homework.plots.batches import batches_figure
from macrame.homework.plots.curves import Mark, Panel, activations_figure, curves_figure
from macrame.homework.plots.formats import drawn as of_grids
from macrame.homework.plots.formats import grids_figure
from macrame.homework.plots.graph import Node, Step, graph_figure
from macrame.homework.plots.labels import confusion, confusion_figure, misclassified_figure
from macrame.homework.plots.quantizer import quantizer_figure
from macrame.homework.sheet import name_of

#: Every plot, and what its title says after "Problem N: ".
PLOTS = {
    "p1_activations": "ReLU and sigmoid, with their derivatives",
    "p2_graph": "one step of backpropagation, 2-2-2 network",
    "p3_batches": "256,000 samples in batches of 512",
    "p4_quantizer": "int8 quantisation with zero point 0",
    "p5_overfitting": "overfitting, 64-256-10 network",
    "p6_pruning": "pruning, 64-32-10 network",
    "p7_grids": "bfloat16's grid and that of fp32",
    "p8_misclassified": "misclassified digits, 64-32-10 network in int8",
    "p8_confusion": "confusion matrix, 64-32-10 network in int8",
    "p8_training": "training in fp32, bf16 and int8, 64-32-10 network",
    "p8_bits": "integer networks with few bits, 64-32-10 network",
    "p9_losses": "fixed rates versus Adam, 64-32-10 network",
}


@dataclass
class Drawn:
    """A figure and its files."""

    files: dict[str, bytes]
    figure: Any

    @property
    def axes(self):
        return self.figure.axes

    @property
    def texts(self):
        """All text in the figure."""
        from matplotlib.text import Text

        return [text for text in self.figure.findobj(Text) if text.get_text().strip() and text.get_visible()]

    @property
    def words(self):
        return [text.get_text() for text in self.texts]

    def curve(self, axes, label):
        """x and y of a labelled line."""
        (line,) = (line for line in self.axes[axes].lines if line.get_label() == label)
        return [list(map(float, numbers)) for numbers in line.get_data()]


def watched(draw, *arguments, **keywords):
    """Call a function that draws one figure, and return that figure."""
    from matplotlib.figure import Figure

    seen, kept = [], Figure.savefig
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Figure, "savefig", lambda self, *a, **k: seen.append(self) or kept(self, *a, **k))
        files = draw(*arguments, **keywords)
    assert len({id(figure) for figure in seen}) == 1
    return Drawn(files, seen[0])


def shipped(module):
    """The problem of the shipped data file."""
    return module.read(data.File(data.find(name_of(module), None), module.KEYS))


def _numbers(value):
    """A report's numbers: its "inf" and "nan" are numbers again."""
    if isinstance(value, dict):
        return {k: _numbers(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_numbers(v) for v in value]
    return float(value) if value in ("inf", "-inf", "nan") else value


def _p2(answer):
    problem = shipped(p2_backprop)
    return watched(p2_backprop.figure, problem, p2_backprop._exact(problem))


def _p4(answer):
    x, q = np.array(answer["matrix"], np.float32), np.array(answer["integers"], np.int8)
    return watched(quantizer_figure, x, q, answer["scale"])


def _p7(answer):
    answer = answer["conversions"]
    rounded = [np.array(answer["bf16_bits"][name], np.uint16) for name in ("nearest even", "toward zero")]
    return watched(grids_figure, np.array(answer["fp32_bits"], np.uint32), *rounded)


def _p8(draw, name):
    def redraw(answer):
        _, (x, labels) = shipped(p8_inference).training.load()
        title = f"Problem 8: {PLOTS[name]}"
        if draw is confusion_figure:
            return watched(draw, title, labels, np.array(answer["rtl_labels"]), digits.CLASSES)
        return watched(draw, title, x, labels, np.array(answer["rtl_labels"]))

    return redraw


#: The function that draws each from its problem's answer.
REDRAW = {
    "p1_activations": lambda answer: watched(activations_figure),
    "p2_graph": _p2,
    "p3_batches": lambda answer: watched(batches_figure, shipped(p3_batches)),
    "p4_quantizer": _p4,
    "p5_overfitting": lambda a: watched(p5_overfitting.figure, shipped(p5_overfitting), a["runs"]),
    "p6_pruning": lambda a: watched(p6_pruning.figure, shipped(p6_pruning), a["points"], a["rtl"]),
    "p7_grids": _p7,
    "p8_misclassified": _p8(misclassified_figure, "p8_misclassified"),
    "p8_confusion": _p8(confusion_figure, "p8_confusion"),
    "p8_training": lambda a: watched(p8_training.formats_figure, shipped(p8_training), a["three_formats"]),
    "p8_bits": lambda a: watched(
        p8_training.bits_figure, shipped(p8_training), a["few_bits"]["points"], a["few_bits"]["float"]
    ),
    "p9_losses": lambda a: watched(p9_optimizers.figure, shipped(p9_optimizers), a["runs"]),
}


@pytest.fixture(scope="module")
def redrawn(whole):
    """Draws a plot of the sheet again, once: redrawn(name)."""
    done: dict[str, Drawn] = {}

    def redraw(name):
        if name not in done:
            done[name] = REDRAW[name](_numbers(whole.report(name[1])["answer"]))
        return done[name]

    return redraw


# --- all of them --------------------------------------------------------------------------------------------


@pytest.mark.sampled(3)
@pytest.mark.parametrize("name", PLOTS)
def test_plots_show_the_numbers_of_the_report(whole, redrawn, name):
    for ending, content in redrawn(name).files.items():
        assert content == (whole.folder / f"{name}.{ending}").read_bytes()
        assert f"{name}.{ending}" in whole.out
    assert redrawn(name).files["png"].startswith(b"\x89PNG")
    assert b"<svg" in redrawn(name).files["svg"]


def test_there_are_no_other_plots(whole):
    for ending in ("svg", "png"):
        assert sorted(p.stem for p in whole.folder.glob(f"*.{ending}")) == sorted(PLOTS)


@pytest.mark.sampled(3)
@pytest.mark.parametrize("name", PLOTS)
def test_titles_name_the_problem_and_axes_are_labelled(redrawn, name):
    seen = redrawn(name)
    assert seen.figure.get_suptitle() == f"Problem {name[1]}: {PLOTS[name]}"
    for i, axes in enumerate(seen.axes):
        if axes.axison:  # else a drawing, not a diagram
            assert axes.get_xlabel()
            rows = (name, i) in (("p3_batches", 0), ("p4_quantizer", 1), ("p7_grids", 0))  # each with a name
            assert rows or axes.get_ylabel() or not axes.get_yticks().size


@pytest.mark.parametrize("name", PLOTS)
def test_plots_can_be_read_400_pixels_wide_and_no_words_overlap(redrawn, name):
    check_legible(redrawn(name))


def check_legible(seen):
    """Every text is large enough, inside the figure, and overlaps no other; ticks are plain numbers."""
    seen.figure.draw_without_rendering()
    assert seen.figure.get_figwidth() == style.WIDTH
    whole, boxes, hidden = seen.figure.bbox, {}, list(_hidden(seen.figure))
    for text in seen.texts:
        assert text.get_fontsize() * 400 / 72 / style.WIDTH >= 8, text
        assert "$" not in text.get_text()
        if text not in hidden:
            if "e-0" in text.get_text():
                pytest.fail(f"{text} for a number that is not small")
            boxes[text] = box = text.get_window_extent()
            assert whole.x0 <= box.x0 < box.x1 <= whole.x1, text
            assert whole.y0 <= box.y0 < box.y1 <= whole.y1, text
    for (a, one), (b, other) in itertools.combinations(boxes.items(), 2):
        apart = one.x1 <= other.x0 or other.x1 <= one.x0 or one.y1 <= other.y0 or other.y1 <= one.y0
        assert apart, (a, b)
    for axes in seen.axes:
        assert not axes.xaxis.get_offset_text().get_text()
        assert not axes.yaxis.get_offset_text().get_text()


def _hidden(figure):
    """Elements that are not drawn: tick labels beyond the end of their axis, and hidden axes."""
    for axes in figure.axes:
        for i, (axis, limits) in enumerate(((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim()))):
            for text in axis.get_ticklabels():
                if not (axes.axison and min(limits) <= text.get_position()[i] <= max(limits)):
                    yield text
            if not axes.axison:
                yield axis.label


# --- curves -------------------------------------------------------------------------------------------------


def _lightness(colour):
    """CIE L* of a colour: 0 black, 100 white."""
    from matplotlib.colors import to_rgb

    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    return 116 * float(np.dot(linear, (0.2126, 0.7152, 0.0722))) ** (1 / 3) - 16 if any(linear) else 0.0


@pytest.mark.parametrize("count", [2, 3, 4, 6, 7])
def test_curves_are_told_apart_in_greyscale_and_without_colours(count):
    """For every sensible number of curves: lightness, style and marker differ, none is pale."""
    curves = [(str(i), range(30), np.arange(30) + i) for i in range(count)]
    seen = watched(curves_figure, "title", [Panel("t", "x", "y", curves)])
    lines = seen.axes[0].lines
    assert len({(line.get_linestyle(), line.get_marker()) for line in lines}) == count
    assert len({line.get_linewidth() for line in lines}) == 1
    light = sorted(_lightness(line.get_color()) for line in lines)
    assert min(np.diff(light)) > (17 if count < 4 else 15 if count == 4 else 7)
    assert light[-1] < 68
    (legend,) = seen.figure.legends if count > 4 else [seen.axes[0].get_legend()]
    assert [text.get_text() for text in legend.get_texts()] == list("0123456"[:count])


def test_a_curve_that_another_one_covers_is_a_band_under_it():
    curves = [("fp32", range(9), range(9)), ("bf16", range(9), range(9))]
    seen = watched(curves_figure, "title", [Panel("t", "x", "y", curves, under=("fp32",))])
    band, line = seen.axes[0].lines
    assert band.get_zorder() < line.get_zorder()
    assert band.get_linewidth() > 2.5 * line.get_linewidth()
    assert band.get_markersize() > 1.5 * line.get_markersize()
    assert _lightness(band.get_color()) > 70 > 10 > _lightness(line.get_color())


def test_a_gap_in_a_curve_and_the_same_bytes_each_time():
    panel = Panel("t", "x", "y", [("a", [1, 2, 3], [1, np.nan, 2]), ("b", [1, 2, 3], [3, 2, 1])])
    assert curves_figure("title", [panel]) == curves_figure("title", [panel])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.1, "0.1"),
        (0.02, "0.02"),
        (256000.0, "256,000"),
        (0.0, "0"),
        (-0.75, "-0.75"),
        (1e-40, "1e-40"),
        (-0.0, "0"),
    ],
)
def test_ticks_are_plain_numbers(value, text):
    assert style.number(value) == text


@pytest.mark.parametrize("low", [1e-4, 0.02, 0.25, 0.9])
def test_a_logarithmic_axis_has_plain_ticks_and_enough_of_them(low):
    panel = Panel("t", "x", "y", [("a", [1, 2], [low, 1.7])], log="y")
    seen = watched(curves_figure, "title", [panel])
    bottom, top = seen.axes[0].get_ylim()
    ticks = [tick for tick in seen.axes[0].get_yticks() if bottom <= tick <= top]
    assert 3 <= len(ticks) <= 8
    check_legible(seen)


@pytest.mark.parametrize("x", [1, 79])
def test_marks_are_labelled_on_the_side_where_there_is_room(x):
    marks = [Mark("a line with a long label", x), Mark("a point with a long label", x, 5)]
    seen = watched(curves_figure, "title", [Panel("t", "x", "y", [("a", range(81), range(81))], marks=marks)])
    check_legible(seen)
    assert [line.get_xdata()[0] for line in seen.axes[0].lines[1:]] == [x, x]
    inside = seen.axes[0].get_window_extent()
    for box in (text.get_bbox_patch().get_window_extent() for text in seen.axes[0].texts):
        assert inside.x0 < box.x0 < box.x1 < inside.x1


# --- each problem's -----------------------------------------------------------------------------------------


def test_problem_1_has_both_functions_and_their_derivatives(redrawn):
    seen = redrawn("p1_activations")
    for axes, label, at_two in (
        (0, "ReLU", 2),
        (0, "sigmoid", 0.8808),
        (1, "ReLU'", 1),
        (1, "sigmoid'", 0.105),
    ):
        x, y = seen.curve(axes, label)
        assert y[x.index(2)] == pytest.approx(at_two, abs=1e-4)
    assert [axes.get_ylabel() for axes in seen.axes] == ["value f(z) (no unit)", "derivative f'(z) (no unit)"]


def test_problem_2_shows_every_value_and_gradient(whole, redrawn):
    """Each number of the report, to four digits, the requested weight in bold and its update."""
    answer, seen = whole.report(2)["answer"], redrawn("p2_graph")
    exact, words = answer["exact"], seen.words
    shown = [*("x", "t", "E"), *(f"{kind}{i}" for i in (1, 2) for kind in ("W", "b", "z")), "a1", "y"]
    shown += [f"dE/d{name}" for name in shown[3:]]
    numbers = [f"{v:.4g}" for name in shown for v in np.ravel(exact[name])] + ["1"]
    in_boxes = [text.get_text() for text in seen.texts if text.get_family() == ["monospace"]]
    assert sorted(in_boxes) == sorted(numbers)
    for heading in (*(name for name in shown if name.startswith("dE/d")), "z1 = W1 x + b1", "a1 = relu(z1)"):
        assert words.count(heading) == 1
    bold = [text.get_text() for text in seen.texts if text.get_weight() == "bold"]
    assert bold == ["0.55", f"{exact['dE/dW2'][1][1]:.4g}"]
    assert f"{answer['answer']['exact_float']:.8g}" in next(text for text in words if text.startswith("w8"))
    arrows = [text for text in seen.axes[0].texts if getattr(text, "arrow_patch", None)]
    assert len(arrows) == 5 + 5  # x, z1, a1, z2, y, E one after the other; W1, b1, W2, b2, t into them


def test_problem_2s_graph_of_a_large_network_says_how_large():
    big, column = np.full((16, 3), -1.5e-7), np.arange(16.0)
    steps = [
        Step(Node("x", "", np.ones(3))),
        Step(Node("z1", "W1 x", column, column), (Node("W1", "", big, big),)),
    ]
    seen = watched(graph_figure, "title", steps * 8, "note")
    assert seen.words.count("16 x 3, to 1.5e-07") == 16
    assert seen.words.count("16, to 15") == 16


def test_problem_3_counts_updates(redrawn):
    schedule, seen = shipped(p3_batches), redrawn("p3_batches")
    boxes = [text.split("\n") for text in seen.words if text.startswith("update ")]
    assert [box[0] for box in boxes] == [
        f"update {n:,}" for n in (1, 2, 500, 501, 502, 1000, 9501, 9502, schedule.updates)
    ]
    assert {box[1] for box in boxes} == {"512 samples"}
    assert [label.get_text() for label in seen.axes[0].get_yticklabels()] == [
        "epoch 1",
        "epoch 2",
        "epoch 20",
    ]
    sizes, updates = seen.axes[1].lines[0].get_data()
    assert [batches.updates_per_epoch(schedule.samples, int(b), "smaller") for b in sizes] == list(updates)
    marked = [values[0] for values in seen.axes[1].lines[1].get_data()]
    assert marked == [512, 500] == [schedule.batch_size, schedule.updates_per_epoch]
    assert "512 samples: 500 updates" in seen.words


@pytest.mark.parametrize(
    ("given", "last"),
    [
        ({"samples": 1000, "batch_size": 300, "leftover": "smaller"}, "update 8\n100 samples"),
        ({"samples": 1000, "batch_size": 300, "leftover": "drop"}, "100\nleft out"),
        ({"samples": 7, "batch_size": 7, "leftover": "smaller"}, "update 2\n7 samples"),
        ({"samples": 10**12, "batch_size": 3, "leftover": "drop"}, "1\nleft out"),
    ],
)
def test_problem_3_with_samples_left_over(given, last):
    seen = watched(batches_figure, batches.solve(epochs=2, **given))
    assert [text.get_text() for text in seen.axes[0].texts][-1] == last
    check_legible(seen)


def test_problem_4_shows_the_grid_and_every_rounding_error(whole, redrawn):
    answer, seen = whole.report(4)["answer"], redrawn("p4_quantizer")
    grid = [path.vertices[0][0] for path in seen.axes[0].collections[0].get_paths()]
    assert grid == pytest.approx([answer["scale"] * i for i in range(-127, 128)])
    matrix = np.array(answer["matrix"], np.float32).ravel()
    assert list(seen.axes[0].lines[0].get_xdata()) == list(matrix)
    order = np.argsort(matrix)
    error, integers = np.ravel(answer["error"])[order], np.ravel(answer["integers"])[order]
    assert seen.axes[1].lines[0].get_xdata() == pytest.approx(error)
    rows = [label.get_text() for label in seen.axes[1].get_yticklabels()]
    assert rows == [f"{v:.6g} \u2192 {q}" for v, q in zip(matrix[order], integers)]
    limits = sorted(line.get_xdata()[0] for line in seen.axes[1].lines[1:3])
    assert limits == pytest.approx([-answer["scale"] / 2, answer["scale"] / 2])


def test_problem_4_of_a_large_matrix_draws_errors_over_values():
    x = np.linspace(-1, 1, 4096, dtype=np.float32)
    q = np.rint(x * 127).astype(np.int8)
    seen = watched(quantizer_figure, x, q, 1 / 127)
    assert len(seen.axes[1].lines[0].get_xdata()) == 4096
    assert np.abs(seen.axes[1].lines[0].get_ydata()).max() <= 0.5 / 127 + 1e-6
    check_legible(seen)


def test_problem_5_marks_early_stopping_and_shows_fall_and_rise(whole, redrawn):
    runs, seen = whole.report(5)["answer"]["runs"], redrawn("p5_overfitting")
    losses = runs["early stopping"]["validation"]
    stop, best = len(losses), int(np.argmin(losses))
    patience = shipped(p5_overfitting).patience
    assert stop == best + 1 + patience < len(runs["plain"]["validation"])
    for axes, key in enumerate(("training", "validation")):
        for name, r in runs.items():
            assert seen.curve(axes, name) == [[*range(1, len(r[key]) + 1)], r[key]]
        line = seen.axes[axes].lines[4]
        assert list(line.get_xdata()) == [stop, stop]
        assert [t.get_text() for t in seen.axes[axes].texts][
            0
        ] == f"early stopping: stopped after epoch {stop}"
    assert [values[0] for values in seen.axes[1].lines[5].get_data()] == [best + 1, losses[best]]
    assert f"its lowest: {losses[best]:.4f} in epoch {best + 1}" in seen.words
    low, high = seen.axes[1].get_ylim()
    plain = runs["plain"]["validation"]
    assert seen.axes[1].get_yscale() == "linear"
    assert (max(plain[best:]) - min(plain)) / (high - low) > 0.15  # the rise
    assert sum(low < loss < high for loss in plain[: best + 1]) > best / 2  # the fall
    above = max(sum(loss > high for loss in r["validation"]) for r in runs.values())
    assert f"({above} epochs above the axis)" in seen.axes[1].get_title()
    assert all(low < min(r["validation"]) for r in runs.values())


def test_problem_5_that_never_stops_early(redrawn, whole):
    """All losses fall, and a single epoch: nothing rises, and the axes still contain everything."""
    for epochs in (1, 30):
        course = {key: [2 / (1 + i) for i in range(epochs)] for key in ("training", "validation")}
        runs = dict.fromkeys(("plain", "dropout", "L2", "early stopping"), course)
        seen = watched(p5_overfitting.figure, shipped(p5_overfitting), runs)
        assert "early stopping: not needed" in seen.words
        low, high = seen.axes[1].get_ylim()
        assert low < min(course["validation"]) <= max(course["validation"]) < high
        check_legible(seen)


def test_problem_6_draws_accuracy_and_cost(whole, redrawn):
    answer, seen = whole.report(6)["answer"], redrawn("p6_pruning")
    share = [100 * p["sparsity"] for p in answer["points"]]
    assert seen.curve(0, "slices, retrained") == [
        share,
        [100 * p["blocks"]["retrained"] for p in answer["points"]],
    ]
    assert seen.curve(1, "cycles on the RTL, slices")[1] == [
        100 * r["cycles"] / r["cycles_dense"] for r in answer["rtl"]
    ]


def test_problem_7_places_numbers_between_their_neighbours(whole, redrawn):
    answer, seen = whole.report(7)["answer"]["conversions"], redrawn("p7_grids")
    bits = np.array(answer["fp32_bits"], np.uint32)
    some = of_grids(bits)
    values = bits.view(np.float32)[some]
    assert len(some) == 9
    assert np.isfinite(values).all()
    below = (bits[some] >> 16).astype(np.uint16)
    low, high = (bf16_to_fp32(below + np.uint16(i)).astype(float) for i in (0, 1))
    position = (values - low) / (high - low)
    assert seen.curve(0, "the number") == [pytest.approx(position), list(range(9))]
    for name, label in (("nearest even", "to nearest even"), ("toward zero", "toward zero")):
        to = bf16_to_fp32(np.array(answer["bf16_bits"][name], np.uint16)[some])
        assert seen.curve(0, label)[0] == pytest.approx((to - low) / (high - low))
    exactly = functools.partial(pytest.approx, rel=1e-9, abs=0)  # steps of subnormals are small
    for name, step in (("bf16", np.abs(high - low)), ("fp32", np.spacing(np.abs(values)))):
        assert seen.curve(1, f"step of {name}") == [exactly(np.abs(values)), exactly(step)]
    ends = {text.get_text() for text in seen.axes[0].texts}
    assert {"1", "1.0078125", "3.140625", "3.15625", "65280", "65536"} <= ends


@pytest.mark.parametrize("bits", [[], [0, 0x80000000, 0x7F800000, 0x7FC00000, 0x7F7FFFFF]])
def test_problem_7_without_a_number_between_finite_ones(bits):
    bits = np.array(bits, np.uint32)
    assert not len(of_grids(bits))
    check_legible(watched(grids_figure, bits, *[np.zeros(len(bits), np.uint16)] * 2))


def test_problem_8_draws_every_misclassified_digit(whole, redrawn):
    answer, seen = whole.report(8)["answer"], redrawn("p8_misclassified")
    _, (x, labels) = shipped(p8_inference).training.load()
    got = np.array(answer["rtl_labels"])
    assert answer["true_labels"] == labels.tolist()
    wrong = np.flatnonzero(got != labels)
    assert len(wrong) == round((1 - answer["accuracy"]["int8 RTL"]) * len(labels))
    assert [t for t in seen.words if t.startswith("true ")] == [
        f"true {labels[i]}\nlabel {got[i]}" for i in wrong
    ]
    images = seen.axes[0].images
    assert len(images) == len(wrong)
    for image, i in zip(images, wrong):
        assert np.array_equal(image.get_array(), x[i].reshape(8, 8))
    assert f"{len(wrong)} of {len(labels)} images are misclassified" in seen.words


@pytest.mark.parametrize("wrong", [0, 1, 100])
def test_problem_8_with_none_or_many_misclassified(wrong):
    x, labels = np.zeros((100, 64)), np.zeros(100, int)
    seen = watched(misclassified_figure, "title", x, labels, np.repeat([1, 0], [wrong, 100 - wrong]))
    assert len(seen.axes[0].images) == min(wrong, 24)
    assert ("no image is misclassified" in seen.words) == (not wrong)
    assert any("the first 24 here" in text for text in seen.words) == (wrong > 24)
    check_legible(seen)


def test_problem_8s_confusion_matrix_counts_the_rtls_labels(whole, redrawn):
    answer, seen = whole.report(8)["answer"], redrawn("p8_confusion")
    counts = np.zeros((10, 10), int)
    for true, got in zip(answer["true_labels"], answer["rtl_labels"]):
        counts[true, got] += 1
    assert np.array_equal(
        confusion(*(np.array(answer[k]) for k in ("true_labels", "rtl_labels")), 10), counts
    )
    shown = {(t.get_position()[1], t.get_position()[0]): int(t.get_text()) for t in seen.axes[0].texts}
    assert shown == {place: n for place, n in np.ndenumerate(counts) if n}
    right = round(answer["accuracy"]["int8 RTL"] * counts.sum())
    assert f"{right} of {counts.sum()} correct" in seen.axes[0].get_title()
    assert (seen.axes[0].get_xlabel(), seen.axes[0].get_ylabel()) == ("predicted digit", "true digit")


def test_problem_8s_accuracy_by_bits_has_all_six_lines(whole, redrawn):
    answer, seen = whole.report(8)["answer"]["few_bits"], redrawn("p8_bits")
    for axes, what in enumerate(("weights", "weights and activations")):
        points = sorted((p for p in answer["points"] if p["what"] == what), key=lambda p: p["bits"])
        bits = [p["bits"] for p in points]
        names = ("quantised after training", "10 more epochs, plain", "10 more epochs, quantisation-aware")
        for label, key in zip(names, ("after_training", "plain", "aware")):
            assert seen.curve(axes, label) == [bits, [100 * p[key] for p in points]]
        assert seen.curve(axes, "float64 network") == [bits, [100 * answer["float"]] * len(bits)]
    (legend,) = seen.figure.legends
    assert len(legend.get_texts()) == 4
    seen.figure.draw_without_rendering()
    assert all(legend.get_window_extent().y1 < axes.get_window_extent().y0 for axes in seen.axes)


def test_problem_8_and_9_draw_their_losses(whole, redrawn):
    formats, seen = whole.report(8)["answer"]["three_formats"], redrawn("p8_training")
    for axes, key in enumerate(("loss", "test_loss")):
        for name, r in formats.items():
            assert seen.curve(axes, name)[1] == r[key]
    seen = redrawn("p9_losses")
    for name, r in whole.report(9)["answer"]["runs"].items():
        assert seen.curve(0, name)[1] == pytest.approx(_numbers(r["loss"]), nan_ok=True)
