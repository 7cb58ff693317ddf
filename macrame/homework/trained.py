# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Networks that were trained before, kept in the build folder: the same training is not repeated.

Half of the time of a warm ``make sim`` was training in the golden model, which always gives the same
numbers. A training is stored under a digest of all that it depends on: the golden model's sources, the
versions of Python and NumPy, the processor, whose BLAS may round differently, the network, the data, the
options and the state of the random numbers. No result of the RTL is stored, and ``make clean`` removes
everything.

joblib.Memory would look at the source of one function only, not at what it calls.
"""

import contextlib
import functools
import hashlib
import pickle
import platform
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from macrame import environment, paths
from macrame.files import atomic
from macrame.golden.nn.train import Epoch, Trainable


@functools.cache
def sources() -> str:
    """Digest of the golden model's sources and of this file, of the versions and of the processor.

    Returns
    -------
    str
        Hexadecimal.
    """
    digest = hashlib.sha256(f"{platform.python_version()} {np.__version__} {platform.machine()}".encode())
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        digest.update("\n".join(sorted({x for x in lines if x.startswith(("model name", "flags"))})).encode())
    for path in (*sorted(paths.GOLDEN.rglob("*.py")), Path(__file__)):
        digest.update(path.read_bytes())
    return digest.hexdigest()


class Training:
    """One training, before it is done.

    Parameters
    ----------
    network : macrame.golden.nn.train.Trainable
    options : mapping of str to object
        All other arguments of `macrame.golden.nn.train.fit`.
    """

    def __init__(self, network: Trainable, options: Mapping[str, Any]) -> None:
        self.network = network
        self.rng, self.stopping = options.get("rng"), options.get("stopping")
        self._path: Path | None = None
        others = {name: value for name, value in options.items() if name != "rng"}
        with contextlib.suppress(pickle.PicklingError, AttributeError, TypeError):  # then nothing is kept
            self._before = pickle.dumps(network)
            given = pickle.dumps((self._before, others, self._state()))
            folder = environment.build_dir() / "trained" / sources()[:20]
            self._path = folder / f"{hashlib.sha256(given).hexdigest()[:32]}.pickle"

    def _state(self) -> object:
        """State of what training changes, other than the network."""
        return self.rng and self.rng.bit_generator.state, self.stopping and vars(self.stopping)

    def recall(self) -> list[Epoch] | None:
        """Leave the network, the random numbers and the stopping as the training would.

        Returns
        -------
        list of macrame.golden.nn.train.Epoch, or None
            None if it must be done.
        """
        if self._path is None:
            return None
        try:
            after, (numbers, stopped), epochs = pickle.loads(self._path.read_bytes())
        except (OSError, EOFError, pickle.UnpicklingError, ValueError):
            return None  # not there, or not complete
        _restore(self.network, after)
        if self.rng is not None:
            self.rng.bit_generator.state = numbers
        if self.stopping is not None:
            vars(self.stopping).update(stopped)
        return list(epochs)

    def keep(self, epochs: Sequence[Epoch]) -> None:
        """Keep what the training did, if it can be restored completely.

        Parameters
        ----------
        epochs : sequence of macrame.golden.nn.train.Epoch
        """
        if self._path is None:
            return
        again = pickle.loads(self._before)
        _restore(again, self.network)
        if not _same(again, self.network):
            return
        folder = self._path.parent
        with contextlib.suppress(OSError):  # a full disk must not stop the sheet
            if not folder.exists():
                for old in folder.parent.glob("*"):  # of other sources
                    shutil.rmtree(old, ignore_errors=True)
            atomic.write(self._path, pickle.dumps((self.network, self._state(), list(epochs))))


def _restore(network: Trainable, after: Trainable) -> None:
    """Give a network the parameters, in place, and the plain attributes of another."""
    for old, new in zip(network.parameters(), after.parameters()):
        old[...] = new
    vars(network).update({name: value for name, value in vars(after).items() if _plain(value)})


def _plain(value: object) -> bool:
    """Whether a value consists of numbers and text only."""
    if isinstance(value, (list, tuple)):
        return all(map(_plain, value))
    return value is None or isinstance(value, (bool, int, float, str, np.number))


def _same(a: object, b: object) -> bool:
    """Whether two networks have the same attributes, bit by bit."""
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return len(a) == len(b) and all(map(_same, a, b))
    if hasattr(a, "__dict__") and type(a) is type(b):
        return vars(a).keys() == vars(b).keys() and all(_same(vars(a)[n], vars(b)[n]) for n in vars(a))
    return type(a) is type(b) and pickle.dumps(a) == pickle.dumps(b)
