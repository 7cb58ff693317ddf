# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""scikit-learn's digits, which the problems on training share: 1,797 pictures of 8 x 8 pixels."""

from functools import lru_cache

import numpy as np

from macrame.golden.nn.train import Diverged, fit

CLASSES = 10
PIXELS = 64
PICTURES = 1797


@lru_cache(maxsize=4)
def load(test_fraction, split_seed):
    """The pictures, shuffled and split; pixels of 0 to 16 scaled to [0, 1], which bfloat16 holds exactly.

    Parameters
    ----------
    test_fraction : float
        Share that is held out.
    split_seed : int

    Returns
    -------
    (x, labels) to train on, (x, labels) held out : tuples of numpy.ndarray
        float64 of shape (pictures, 64), and int.
    """
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    pictures, labels = load_digits(return_X_y=True)
    x_train, x_test, y_train, y_test = train_test_split(
        pictures / 16, labels, test_size=test_fraction, random_state=split_seed
    )
    return (x_train, y_train), (x_test, y_test)


def train(show, what, file, key, network, x, labels, epochs, **options):
    """Train, with progress shown; a rate too large is the data file's mistake.

    Parameters
    ----------
    show : macrame.homework.show.Show
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
    done = []
    with show.progress(what, epochs) as tick:
        try:
            for epoch in fit(network, x, labels, epochs=epochs, **options):
                done.append(epoch)
                tick(epoch.number)
        except Diverged as error:
            raise file.error(key, f"one that training survives, but {error}") from None
    return done


def accuracy(predicted, labels):
    """Share of labels that are right."""
    return float(np.mean(predicted == labels))


def short(value, decimals=4):
    """A number for a table: with so many decimals, or with an exponent where it is large.

    Parameters
    ----------
    value : float
    decimals : int

    Returns
    -------
    str
    """
    return f"{value:.{decimals}f}" if abs(value) < 1e5 or not np.isfinite(value) else f"{value:.3e}"


def some(items, most=8):
    """About so many of a sequence, the first and the last among them."""
    step = max(1, len(items) // (most - 1))
    chosen = list(items[::step])
    return chosen if chosen[-1] is items[-1] else [*chosen, items[-1]]
