# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Trainings that were done before: the same bits as doing them again, and only if nothing has changed."""

import contextlib
import pickle
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from macrame.golden.nn.network import Network
from macrame.golden.nn.optimizers import Adam
from macrame.golden.nn.pruning import Pruner
from macrame.golden.nn.qat import QuantizationAware
from macrame.golden.nn.regularization import EarlyStopping
from macrame.homework import digits, trained

RNG = np.random.default_rng(5)
X, LABELS = RNG.normal(size=(60, 12)), RNG.integers(0, 10, 60)


class Silent:
    """A display that shows nothing."""

    @contextlib.contextmanager
    def progress(self, what, total=None):
        yield lambda done: None


def plain(rng):
    return Network.random([12, 9, 10], rng, dropout=0.2), {"rate": 0.1, "momentum": 0.5}


def stopped(rng):
    stopping = EarlyStopping(1)
    return plain(rng)[0], {"rate": 3.0, "validation": (X[:9], LABELS[:9]), "stopping": stopping}


def aware(rng):
    network = Network.random([12, 9, 10], rng)
    return QuantizationAware.of(network, X, bits=3), {"rate": 0.05}


def pruned(rng):
    network = Network.random([12, 9, 10], rng)
    masks = [w > 0 for w in network.weights]
    return network, {"rate": 0.1, "project": Pruner(network.weights, masks)}


def adam(rng):
    network = Network.random([12, 9, 10], rng)
    return network, {"optimizer": Adam(network.parameters(), rate=0.01)}


@pytest.fixture(autouse=True)
def build(tmp_path, monkeypatch):
    monkeypatch.setenv("BUILD_DIR", str(tmp_path))
    return tmp_path / "trained"


def train(kind, seed=1, **changed):
    """Train; all that the training may have changed, and the epochs."""
    rng = np.random.default_rng(seed)
    network, options = kind(rng)
    held = network.parameters()
    arguments = {"x": X, "labels": LABELS, "epochs": 6, "batch_size": 8, "rng": rng, **options, **changed}
    epochs, error = digits.fitted(Silent(), "training", network, **arguments)
    assert error is None
    assert all(a is b for a, b in zip(held, network.parameters()))  # in place
    stopping = options.get("stopping")
    return epochs, state(network), rng.bit_generator.state, stopping and state(stopping)


def state(thing):
    """All attributes, arrays as bytes."""
    if isinstance(thing, np.ndarray):
        return thing.dtype.str, thing.shape, thing.tobytes()
    if isinstance(thing, (list, tuple)):
        return [state(part) for part in thing]
    return {n: state(v) for n, v in vars(thing).items()} if hasattr(thing, "__dict__") else thing


KINDS = (plain, stopped, aware, pruned, adam)


@pytest.mark.parametrize("kind", KINDS)
def test_a_training_that_was_kept_is_the_same_bit_by_bit(kind, monkeypatch, build):
    first = train(kind)
    assert len(list(build.glob("*/*.pickle"))) == 1
    monkeypatch.setattr(digits, "fit", lambda *_, **__: pytest.fail("trained again"))
    assert train(kind) == first


@pytest.mark.parametrize(
    "changed",
    [
        {"seed": 2},
        {"epochs": 5},
        {"batch_size": 9},
        {"rate": 0.2},
        {"labels": LABELS[::-1].copy()},
        {"x": X + 1e-12},
        {"l2": 0.1},
        {"rng": np.random.default_rng(2)},
    ],
)
def test_a_training_with_anything_else_is_done(changed):
    before = train(plain)
    done = []
    real = digits.fit
    digits.fit = lambda *arguments, **options: done.append(1) or real(*arguments, **options)
    try:
        assert train(plain, **changed) != before
    finally:
        digits.fit = real
    assert done


def test_other_sources_forget_what_was_kept(monkeypatch, build):
    train(plain)
    (old,) = build.iterdir()
    monkeypatch.setattr(trained, "sources", lambda: "f" * 64)
    train(plain)
    assert [path.name for path in build.iterdir()] == ["f" * 20]
    assert old.name != "f" * 20


@pytest.mark.parametrize("name", ["nn/train.py", "nn/qat.py", "nn/optimizers.py", "arith/requantize.py"])
def test_a_change_of_the_golden_model_is_another_training(tmp_path, monkeypatch, name):
    """The folder of the modules that this process has imported, copied, with one more line in one of them."""
    here = Path(sys.modules[Network.__module__].__file__).resolve().parent.parent
    shutil.copytree(here, tmp_path / "golden", ignore=shutil.ignore_patterns("__pycache__"))
    before = trained.sources.__wrapped__()
    monkeypatch.setattr(trained.paths, "GOLDEN", tmp_path / "golden")
    assert trained.sources.__wrapped__() == before
    with open(tmp_path / "golden" / name, "a") as file:
        file.write("\n")
    assert trained.sources.__wrapped__() != before


@pytest.mark.parametrize("damage", [lambda data: data[:50], lambda data: b"", lambda data: b"nonsense"])
def test_a_damaged_file_is_as_none(build, damage):
    first = train(plain)
    (path,) = build.glob("*/*.pickle")
    path.write_bytes(damage(path.read_bytes()))
    assert train(plain) == first
    pickle.loads(path.read_bytes())  # and is replaced


def test_what_cannot_be_restored_is_not_kept(build):
    class Counting(Network):
        """Training changes an array that is no parameter."""

        def gradients(self, x, targets, rng=None):
            self.counts = getattr(self, "counts", np.zeros(1)) + 1
            return super().gradients(x, targets, rng)

    globals()["Counting"] = Counting
    Counting.__qualname__ = "Counting"

    def counting(rng):
        start = Network.random([12, 9, 10], rng)
        return Counting(start.weights, start.biases), {"rate": 0.1}

    train(counting)
    assert not list(build.glob("*/*.pickle"))


def test_what_cannot_be_compared_is_not_kept(build):
    train(plain, project=lambda: None)
    assert not build.exists()


def test_a_training_that_diverges_is_not_kept(build):
    network = Network.random([12, 9, 10], np.random.default_rng(1))
    _, error = digits.fitted(Silent(), "training", network, 1e200 * X, LABELS, 3, batch_size=8, rate=1e9)
    assert error is not None
    assert not build.exists()
