# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Plots: which there are, the same bytes each time, curves that are told apart."""

import numpy as np
import pytest

from macrame.homework.plots import Panel, activations_figure, curves_figure

PLOTS = ("p1_activations", "p5_overfitting", "p6_pruning", "p8_training", "p8_bits", "p9_losses")


@pytest.mark.parametrize("name", PLOTS)
def test_plots(whole, name):
    assert (whole.folder / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    assert b"<svg" in (whole.folder / f"{name}.svg").read_bytes()
    assert f"{name}.svg" in whole.out


def test_there_are_no_other_plots(whole):
    assert sorted(p.stem for p in whole.folder.glob("*.svg")) == sorted(PLOTS)


def test_plots_are_the_same_bytes_each_time(whole):
    assert activations_figure()["svg"] == (whole.folder / "p1_activations.svg").read_bytes()
    panel = Panel("t", "x", "y", [("a", [1, 2, 3], [1, np.nan, 2]), ("b", [1, 2, 3], [3, 2, 1])])
    assert curves_figure([panel]) == curves_figure([panel])


def test_curves_are_told_apart_without_colours():
    """Seven curves, more than anyone should draw: style and marker differ from each to each, all are grey."""
    from matplotlib.figure import Figure

    drawn, kept = [], Figure.savefig

    def savefig(self, *arguments, **keywords):
        drawn.append(self)
        return kept(self, *arguments, **keywords)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Figure, "savefig", savefig)
        curves_figure([Panel("t", "x", "y", [(str(i), range(30), np.arange(30) + i) for i in range(7)])])
    lines = drawn[0].axes[0].lines
    assert len({(line.get_linestyle(), line.get_marker()) for line in lines}) == 7
    assert len({line.get_linewidth() for line in lines}) == 1
    assert all(line.get_color() == "black" or 0 <= float(line.get_color()) < 0.6 for line in lines)
    assert [text.get_text() for text in drawn[0].axes[0].get_legend().get_texts()] == list("0123456")


def test_a_curve_that_another_one_covers_is_a_band_under_it():
    from matplotlib.figure import Figure

    drawn, kept = [], Figure.savefig
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Figure, "savefig", lambda self, *a, **k: drawn.append(self) or kept(self, *a, **k))
        curves_figure(
            [
                Panel(
                    "t",
                    "x",
                    "y",
                    [("fp32", range(9), range(9)), ("bf16", range(9), range(9))],
                    under=("fp32",),
                )
            ]
        )
    band, line = drawn[0].axes[0].lines
    assert band.get_zorder() < line.get_zorder()
    assert band.get_linewidth() > 2.5 * line.get_linewidth()
    assert band.get_markersize() > 2 * line.get_markersize()
    assert float(band.get_color()) > 0.6 > float(line.get_color())
