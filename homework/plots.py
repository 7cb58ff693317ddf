# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Figures, as bytes of PNG and SVG; told apart by line style, so that they read in black and white."""
import io
import logging

import numpy as np

from golden.nn.activations import relu, relu_derivative, sigmoid, sigmoid_derivative


def activations_figure():
    """ReLU and sigmoid beside their derivatives.

    Returns
    -------
    dict of str to bytes
        The files' contents, by ending: "png" and "svg".
    """
    logging.getLogger("matplotlib").setLevel(logging.ERROR)   # it announces building its font cache
    from matplotlib.figure import Figure
    z = np.linspace(-6, 6, 601)
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    for axes, title, curves in zip(figure.subplots(1, 2), ("value", "derivative"),
                                   (((relu, "ReLU"), (sigmoid, "sigmoid")),
                                    ((relu_derivative, "ReLU'"), (sigmoid_derivative, "sigmoid'")))):
        for (function, label), style in zip(curves, ("-", "--")):
            axes.plot(z, function(z), style, color="black", label=label)
        axes.set(title=title, xlabel="z")
        axes.grid(color="0.85")
        axes.legend(frameon=False, loc="upper left")
    figure.axes[0].set_ylim(-0.25, 3)
    figure.axes[1].set_ylim(-0.05, 1.1)
    return {kind: _render(figure, kind) for kind in ("png", "svg")}


def _render(figure, kind):
    import matplotlib
    out = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "macrame"}):   # the same bytes each time
        figure.savefig(out, format=kind, dpi=150,
                       metadata={"Date": None} if kind == "svg" else {"Software": None})
    return out.getvalue()
