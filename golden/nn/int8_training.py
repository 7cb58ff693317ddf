# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Training entirely in int8: weights on an int8 grid, int8 operands, int32 sums; shows why it fails.

255 steps suffice for inference because each number is used once. Training adds thousands of small updates to
the same weight: an update of less than half a grid step is rounded away, and in a gradient whose largest
value is far above the others, the others round to 0. Stochastic rounding, with the probability that preserves
the mean of an update, is the known remedy for the first problem.
"""

from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from macrame.golden.gemm import gemm
from macrame.golden.nn.affine import Affine, symmetric
from macrame.golden.nn.losses import LOSSES
from macrame.golden.nn.network import Network


@dataclass
class NetworkOnGrid:
    """A network of ReLU layers whose weights are int8 multiples of a scale fixed at the start.

    It implements the network interface of `macrame.golden.nn.train.fit`; pass its `project` too.

    Attributes
    ----------
    weights : list of numpy.ndarray
        Real numbers, always scale times an integer of [-127, 127].
    biases : list of numpy.ndarray
        Real numbers, since int32 biases are nearly exact.
    scales : list of float
        One per layer.
    objective : str
        Of `macrame.golden.nn.losses.LOSSES`.
    rng : numpy.random.Generator or None
        Draws for stochastic rounding of the updates; without one they go to the nearest step.
    updates, lost : int
        Number of non-zero updates of single weights, and how many of these had no effect.
    loss_options : dict
        As in `macrame.golden.nn.network.Network`.
    """

    weights: list[NDArray[np.floating]]
    biases: list[NDArray[np.floating]]
    scales: list[float]
    objective: str = "cross_entropy"
    rng: np.random.Generator | None = None
    updates: int = 0
    lost: int = 0
    loss_options: dict[str, Any] = field(default_factory=dict)
    _before: list[NDArray[np.floating]] = field(init=False, repr=False)

    @classmethod
    def of(cls, network: Network, headroom: float = 2.0, rng: np.random.Generator | None = None) -> Self:
        """From a float network of ReLU layers; biases are copied, weights rounded to the grid.

        Parameters
        ----------
        network : macrame.golden.nn.network.Network
        headroom : float
            Ratio of the grid's range to the largest initial weight.
        rng : numpy.random.Generator, optional
            For stochastic rounding.

        Returns
        -------
        NetworkOnGrid
        """
        scales = [headroom * float(symmetric(w).scale) for w in network.weights]
        out = cls(
            [w.copy() for w in network.weights],
            [b.copy() for b in network.biases],
            scales,
            network.objective,
            rng,
            loss_options=dict(network.loss_options),
        )
        for w, scale in zip(out.weights, scales):
            w[...] = _to_grid(w, scale)
        out._before = [w.copy() for w in out.weights]
        return out

    def parameters(self) -> list[NDArray[np.floating]]:
        """All weight matrices, then all bias vectors; the arrays themselves, to be updated in place."""
        return self.weights + self.biases

    def forward(self, x: ArrayLike) -> list[NDArray[np.floating]]:
        """Run the network: inputs of each layer rounded to int8, products in int32.

        Parameters
        ----------
        x : array_like, shape (samples, inputs)

        Returns
        -------
        list of numpy.ndarray
            Real input of each layer, and last the output.
        """
        h: list[NDArray[np.floating]] = [np.asarray(x, np.float64)]
        last = len(self.weights) - 1
        for layer, (w, b, scale) in enumerate(zip(self.weights, self.biases, self.scales)):
            z = _product(h[-1], w.T, scale) + b
            h.append(z if layer == last else np.maximum(z, 0))
        return h

    def gradients(
        self, x: ArrayLike, targets: ArrayLike, rng: np.random.Generator | None = None
    ) -> list[NDArray[np.floating]]:
        """Backpropagation with int8 operands.

        Parameters
        ----------
        x, targets
            As in `Network.gradients`.
        rng : object
            Not used: nothing is dropped.

        Returns
        -------
        list of numpy.ndarray
            In the order of `parameters`.
        """
        h = self.forward(x)
        dz = LOSSES[self.objective][1](h[-1], targets, **self.loss_options)
        dw: list[NDArray[np.floating]] = []
        db: list[NDArray[np.floating]] = []
        for layer in reversed(range(len(self.weights))):
            dw.insert(0, _product(dz.T, h[layer]))
            db.insert(0, dz.sum(axis=0))
            if layer:
                dz = _product(dz, self.weights[layer], self.scales[layer]) * (h[layer] > 0)
        return dw + db

    def project(self) -> None:
        """Round updated weights to the grid, and count the updates that this undoes."""
        for w, before, scale in zip(self.weights, self._before, self.scales):
            moved = w != before
            w[...] = _to_grid(w, scale, self.rng)
            self.updates += int(moved.sum())
            self.lost += int((moved & (w == before)).sum())
            before[...] = w

    def loss(self, x: ArrayLike, targets: ArrayLike) -> float:
        """Mean loss over the samples."""
        return float(LOSSES[self.objective][0](self.forward(x)[-1], targets, **self.loss_options))

    def predict(self, x: ArrayLike) -> NDArray[np.intp]:
        """Class with the largest output, the first of equals."""
        return self.forward(x)[-1].argmax(axis=1)


def _to_grid(
    w: NDArray[np.floating], scale: float, rng: np.random.Generator | None = None
) -> NDArray[np.floating]:
    steps = w / scale
    steps = np.rint(steps) if rng is None else np.floor(steps + rng.random(steps.shape))
    return scale * np.clip(steps, -127, 127)


def _product(
    a: NDArray[np.floating], w: NDArray[np.floating], w_scale: float | None = None
) -> NDArray[np.floating]:
    """A product of int8 operands in real numbers, each with a scale; `w_scale` if w is on a grid already."""
    left = symmetric(a)
    right_scale = symmetric(w).scale if w_scale is None else w_scale
    return gemm(left.quantize(a), Affine(right_scale).quantize(w)) * (left.scale * right_scale)
