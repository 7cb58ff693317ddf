# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Training networks on the digits of `macrame.files.digits`, for the problems."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from macrame.files.digits import CLASSES as CLASSES
from macrame.files.digits import DATA as DATA
from macrame.files.digits import PICTURES as PICTURES
from macrame.files.digits import PIXELS as PIXELS
from macrame.files.digits import Split as Split
from macrame.files.digits import load as load
from macrame.golden.nn.network import Network
from macrame.golden.nn.train import Diverged, Epoch, Trainable, fit
from macrame.homework import trained
from macrame.homework.data import File
from macrame.report.blocks import Phrase, phrase
from macrame.report.report import Display

Item = TypeVar("Item")

#: Keys of a data file that `Training.read` reads.
KEYS = ("hidden", "test_fraction", "split_seed", "epochs", "batch_size", "momentum", "seed")


@dataclass(frozen=True)
class Training:
    """The settings of a data file for training a network on the digits.

    Attributes
    ----------
    file : macrame.homework.data.File
        Provides the error message if training diverges.
    hidden : int
        Units of the hidden layer.
    test_fraction : float
    split_seed : int
        Of `load`.
    epochs, batch_size : int
    momentum : float
    seed : int
        Of initial weights and shuffling.
    """

    file: File
    hidden: int
    test_fraction: float
    split_seed: int
    epochs: int
    batch_size: int
    momentum: float
    seed: int

    @classmethod
    def read(cls, file: File, samples: int | None = None) -> Self:
        """The settings of the data file, in ranges that keep the simulation within minutes.

        Parameters
        ----------
        file : macrame.homework.data.File
        samples : int, optional
            Number of images to train on, by default all but the file's test_fraction. A network that is not
            simulated may be larger.

        Returns
        -------
        Training
        """
        return cls(
            file,
            file.integer("hidden", 1, 1024 if samples is None else 2048),
            file.number("test_fraction", 0.05, 0.9) if samples is None else 1 - samples / PICTURES,
            file.integer("split_seed", 0, 2**32 - 1),
            file.integer("epochs", 1, 1000),
            file.integer("batch_size", 1, samples or PICTURES),
            file.number("momentum", 0, 0.999),
            file.integer("seed", 0, 2**32 - 1),
        )

    @property
    def sizes(self) -> list[int]:
        """Values of the input, units of the hidden layer, classes."""
        return [PIXELS, self.hidden, CLASSES]

    @property
    def name(self) -> str:
        """The layers' sizes, as in 64-32-10."""
        return "-".join(map(str, self.sizes))

    def load(self) -> tuple[Split, Split]:
        """The images to train on and those held out, see the function `load`."""
        return load(self.test_fraction, self.split_seed)

    def rng(self, *more: int) -> np.random.Generator:
        """A generator from the seed, and from further numbers."""
        return np.random.default_rng([self.seed, *more] if more else self.seed)

    def train(
        self,
        display: Display,
        what: str,
        network: Trainable,
        pictures: Split,
        rate: float,
        key: str = "learning_rate",
        **options: Any,
    ) -> list[Epoch]:
        """Train a network with the settings of the data file.

        Parameters
        ----------
        display : macrame.report.report.Display
        what : str
            Named in the progress.
        network : macrame.golden.nn.train.Trainable
        pictures : (numpy.ndarray, numpy.ndarray)
            Images and their labels.
        rate : float
            The learning rate.
        key : str
            Its key, for the error.
        **options
            As `macrame.golden.nn.train.fit`; by default with the file's epochs, batch size and
            momentum.

        Returns
        -------
        list of macrame.golden.nn.train.Epoch
        """
        given = {"epochs": self.epochs, "batch_size": self.batch_size, "momentum": self.momentum}
        return train(display, what, self.file, key, network, *pictures, rate=rate, **{**given, **options})


def fp32(network: Network) -> Network:
    """The same ReLU network in float32."""
    return Network(
        [w.astype(np.float32) for w in network.weights], [b.astype(np.float32) for b in network.biases]
    )


def train(
    display: Display,
    what: str,
    file: File,
    key: str,
    network: Trainable,
    x: NDArray[np.floating],
    labels: NDArray[np.integer],
    epochs: int,
    **options: Any,
) -> list[Epoch]:
    """Train, showing progress; too large a rate is an error in the data file.

    Parameters
    ----------
    display : macrame.report.report.Display
    what : str
        Named in the progress.
    file : macrame.homework.data.File
    key : str
        The learning rate's, for the error.
    network, x, labels, epochs, **options
        As `macrame.golden.nn.train.fit`.

    Returns
    -------
    list of macrame.golden.nn.train.Epoch
    """
    done, diverged = fitted(display, what, network, x, labels, epochs, **options)
    if diverged is not None:
        raise file.error(key, f"a rate at which training does not diverge, but {diverged}")
    return done


def fitted(
    display: Display,
    what: str,
    network: Trainable,
    x: NDArray[np.floating],
    labels: NDArray[np.integer],
    epochs: int,
    **options: Any,
) -> tuple[list[Epoch], Diverged | None]:
    """Train as far as it goes, showing progress, unless it was done before.

    Parameters
    ----------
    display, what
        As `train`.
    network, x, labels, epochs, **options
        As `macrame.golden.nn.train.fit`.

    Returns
    -------
    list of macrame.golden.nn.train.Epoch
    macrame.golden.nn.train.Diverged, or None
        The error after the last of them.
    """
    training = trained.Training(network, {"x": x, "labels": labels, "epochs": epochs, **options})
    if (done := training.recall()) is not None:
        return done, None
    done = []
    with display.progress(what, epochs) as tick:
        try:
            for epoch in fit(network, x, labels, epochs=epochs, **options):
                done.append(epoch)
                tick(epoch.number)
        except Diverged as error:
            return done, error
    training.keep(done)
    return done, None


def accuracy(predicted: NDArray[np.integer], labels: NDArray[np.integer]) -> float:
    """Fraction of correct labels."""
    return float(np.mean(predicted == labels))


def short(value: float | np.floating, decimals: int = 4) -> Phrase:
    """A number for a table: with this many decimals, or with an exponent if it is large.

    Parameters
    ----------
    value : float
    decimals : int

    Returns
    -------
    macrame.report.blocks.Phrase
    """
    plain = abs(float(value)) < 1e5 or not np.isfinite(value)
    return phrase(f"{{:.{decimals}f}}" if plain else "{:.3e}", value)


def some(items: Sequence[Item], most: int = 8) -> list[Item]:
    """About this many elements of a sequence, including the first and the last."""
    step = max(1, len(items) // (most - 1))
    chosen = list(items[::step])
    return chosen if chosen[-1] is items[-1] else [*chosen, items[-1]]
