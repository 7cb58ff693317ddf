# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""scikit-learn's digits, 1,797 images of 8 x 8 pixels.

``digits.csv.gz`` is the file of that name in scikit-learn 1.9.1, byte for byte, a copy of the test set of
"Optical Recognition of Handwritten Digits" by E. Alpaydin and C. Kaynak (UCI Machine Learning Repository,
1998, https://doi.org/10.24432/C50P49), under CC BY 4.0. scikit-learn itself, with SciPy, would be almost half
of what ``make sim`` installs.
"""

import gzip
import math
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from macrame.paths import PACKAGE

CLASSES = 10
PIXELS = 64
PICTURES = 1797
#: One image per line: its pixels, row by row, and its label.
DATA = PACKAGE / "homework" / "digits.csv.gz"

Split: TypeAlias = tuple[NDArray[np.floating], NDArray[np.integer]]
"""Images, (images, 64), and their labels."""


@lru_cache(maxsize=4)
def load(test_fraction: float, split_seed: int) -> tuple[Split, Split]:
    """The images, shuffled and split; pixels from 0 to 16 scaled to [0, 1], exact in bfloat16.

    The split is that of scikit-learn's ``train_test_split``, image by image.

    Parameters
    ----------
    test_fraction : float
        Fraction that is held out.
    split_seed : int
        0 to 2^32 - 1.

    Returns
    -------
    (x, labels) to train on, (x, labels) held out : tuples of numpy.ndarray
        float64 of shape (images, 64), and int.
    """
    with gzip.open(DATA, "rt", encoding="ascii") as file:
        table = np.loadtxt(file, dtype=np.int64, delimiter=",")
    x, labels = table[:, :PIXELS] / 16, table[:, PIXELS]
    order = np.random.RandomState(split_seed).permutation(PICTURES)
    count = math.ceil(test_fraction * PICTURES)
    held_out, rest = order[:count], order[count:]
    return (x[rest], labels[rest]), (x[held_out], labels[held_out])
