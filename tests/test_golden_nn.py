# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""macrame.golden.nn in float: derivatives against finite differences, batches against brute force,
training."""

import itertools
import math

import numpy as np
import pytest

from macrame.golden.nn import batches
from macrame.golden.nn.activations import (
    log_softmax,
    relu,
    relu_derivative,
    sigmoid,
    sigmoid_derivative,
    softmax,
)
from macrame.golden.nn.bf16 import NetworkBf16, SGDBf16
from macrame.golden.nn.int8_training import NetworkOnGrid
from macrame.golden.nn.layers import dense, dense_backward
from macrame.golden.nn.losses import (
    LOSSES,
    cross_entropy,
    cross_entropy_gradient,
    cross_entropy_plain,
    mse,
    mse_gradient,
    nll,
    nll_gradient,
    nll_plain,
)
from macrame.golden.nn.network import Network
from macrame.golden.nn.optimizers import SGD, Adagrad, Adam, AdamW
from macrame.golden.nn.qat import QuantizationAware
from macrame.golden.nn.regularization import EarlyStopping, add_l2, dropout_masks, kfold, l2_penalty
from macrame.golden.nn.train import Diverged, fit


def numeric(f, array, step=1e-6):
    """Central differences of a scalar function of an array, which is changed in place and back."""
    out = np.zeros_like(array)
    for i in np.ndindex(array.shape):
        value = array[i]
        array[i] = value + step
        above = f()
        array[i] = value - step
        below = f()
        array[i] = value
        out[i] = (above - below) / (2 * step)
    return out


def assert_close(got, expected, relative=1e-6):
    """Difference within 1e-6 of the largest derivative: single ones may cancel to nearly nothing."""
    assert np.abs(got - expected).max() <= relative * np.abs(expected).max()


@pytest.fixture
def rng():
    return np.random.default_rng(20260101)


@pytest.mark.parametrize(("f", "derivative"), [(relu, relu_derivative), (sigmoid, sigmoid_derivative)])
def test_activation_derivatives(f, derivative):
    z = np.concatenate([np.linspace(-8, -0.01, 50), np.linspace(0.01, 8, 50)])
    assert_close((f(z + 1e-6) - f(z - 1e-6)) / 2e-6, derivative(z))


def test_activations_known_values():
    assert relu(np.array([-2.0, 0.0, 3.0])).tolist() == [0, 0, 3]
    assert relu_derivative(np.array([-2.0, 0.0, 3.0])).tolist() == [0, 0, 1]
    assert sigmoid(0.0) == 0.5
    assert sigmoid_derivative(0.0) == 0.25
    assert math.isclose(sigmoid(2.0), 1 / (1 + math.exp(-2)), rel_tol=1e-15)


def test_sigmoid_far_out_neither_overflows_nor_loses_its_tail():
    z = np.array([-700.0, -40.0, 40.0, 700.0])
    with np.errstate(all="raise"):
        s, d = sigmoid(z), sigmoid_derivative(z)
        ends = sigmoid(np.array([-np.inf, np.inf]))
    assert s.tolist() == pytest.approx([math.exp(-700), math.exp(-40), 1, 1], rel=1e-15, abs=0)
    assert d.tolist() == pytest.approx(np.exp(-np.abs(z)).tolist(), rel=1e-12, abs=0)
    assert ends.tolist() == [0, 1]


def test_softmax_is_stable_and_unmoved_by_a_shift(rng):
    z = rng.standard_normal((5, 7)) * 4
    p = softmax(z)
    assert np.allclose(p, np.exp(z) / np.exp(z).sum(axis=1, keepdims=True), rtol=1e-12)
    assert np.allclose(p.sum(axis=1), 1, rtol=1e-14)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        assert np.allclose(softmax(z + 1e4), p, rtol=1e-10)
        assert np.allclose(log_softmax(z), np.log(p), rtol=1e-12)
        assert softmax(np.array([0.0, -1e6])).tolist() == [1, 0]
    assert np.allclose(softmax(z, axis=0).sum(axis=0), 1)


def test_cross_entropy_known_values():
    assert math.isclose(cross_entropy(np.zeros((4, 10)), [0, 3, 5, 9]), math.log(10), rel_tol=1e-15)
    assert cross_entropy(np.array([[0.0, 1e5]]), [0]) == 1e5  # its probability would have rounded to 0
    assert cross_entropy(np.array([[0.0, 1e5]]), [1]) == 0


@pytest.mark.parametrize("labels", [[3], [-1], [0.0], [0, 1], []])
def test_cross_entropy_refuses_what_is_no_class(labels):
    with pytest.raises(ValueError, match="expected"):
        cross_entropy(np.zeros((1, 3)), np.array(labels))


def test_cross_entropy_gradient(rng):
    z, labels = rng.standard_normal((6, 4)), np.array([0, 1, 2, 3, 0, 1])
    got = cross_entropy_gradient(z, labels)
    assert_close(numeric(lambda: cross_entropy(z, labels), z), got)
    assert np.allclose(got.sum(axis=1), 0, atol=1e-16)


LOSS_OPTIONS = [
    {"weights": weights, "ignore_index": ignore, "smoothing": smoothing, "reduction": reduction}
    for weights, ignore, smoothing, reduction in itertools.product(
        (None, [0.3, 2.0, 0.0, 1.0]), (None, -100, 3), (0.0, 0.2, 1.0), ("mean", "sum", "none")
    )
]


def classes(rng, shape, ignore):
    """Labels for logits of a shape, some of them to be ignored; the first one counts."""
    labels = rng.integers(0, shape[1], (shape[0], *shape[2:]))
    labels = labels if ignore is None else np.where(rng.random(labels.shape) < 0.3, ignore, labels)
    labels.flat[0] = 1
    return labels


@pytest.mark.parametrize("shape", [(6, 4), (2, 4, 3), (2, 4, 1, 2)])
def test_loss_gradients_with_all_options(rng, shape):
    """Every combination by central differences; "none" has the gradient of its sum."""
    for options in LOSS_OPTIONS:
        z, labels = rng.standard_normal(shape), classes(rng, shape, options["ignore_index"])
        got = cross_entropy_gradient(z, labels, **options)
        assert got.shape == z.shape
        assert_close(numeric(lambda: np.sum(cross_entropy(z, labels, **options)), z), got)  # noqa: B023
        assert np.allclose(got.sum(axis=1), 0, atol=1e-15)
        if options["smoothing"] == 0:
            plain = {name: value for name, value in options.items() if name != "smoothing"}
            logs = log_softmax(z, axis=1)
            np.testing.assert_allclose(nll(logs, labels, **plain), cross_entropy(z, labels, **options))
            got = nll_gradient(logs, labels, **plain)
            assert_close(numeric(lambda: np.sum(nll(logs, labels, **plain)), logs), got)  # noqa: B023


def test_losses_equal_their_loops(rng):
    for options in LOSS_OPTIONS:
        for samples in (1, 9):
            z, labels = (
                5 * rng.standard_normal((samples, 4)),
                classes(rng, (samples, 4), options["ignore_index"]),
            )
            plain = cross_entropy_plain(z, labels, **options)
            np.testing.assert_allclose(cross_entropy(z, labels, **options), plain, rtol=1e-13, atol=1e-14)
            smoothing = {**options}.pop("smoothing")
            if not smoothing:
                rest = {name: value for name, value in options.items() if name != "smoothing"}
                logs = log_softmax(z)
                np.testing.assert_allclose(
                    nll(logs, labels, **rest), nll_plain(logs, labels, **rest), rtol=1e-13
                )


def test_loss_shapes(rng):
    """A position of an N-D input is a sample; a single sample needs no batch."""
    z = rng.standard_normal((2, 4, 3, 5))
    labels = rng.integers(0, 4, (2, 3, 5))
    each = cross_entropy(z, labels, reduction="none")
    assert each.shape == labels.shape
    for i, j, k in np.ndindex(labels.shape):
        assert each[i, j, k] == pytest.approx(cross_entropy(z[i, :, j, k], labels[i, j, k]), rel=1e-14)
    flat = np.moveaxis(z, 1, -1).reshape(-1, 4)
    assert cross_entropy(z, labels) == pytest.approx(cross_entropy(flat, labels.ravel()), rel=1e-14)
    one = cross_entropy_gradient(z[0, :, 0, 0], labels[0, 0, 0])
    assert one.shape == (4,)
    np.testing.assert_allclose(one, cross_entropy_gradient(z[:1, :, 0, 0], labels[:1, 0, 0])[0])


def test_what_is_ignored_counts_for_nothing(rng):
    z, labels = rng.standard_normal((5, 3)), np.array([0, 9, 2, 9, 1])
    kept = labels != 9
    assert cross_entropy(z, labels, ignore_index=9) == pytest.approx(cross_entropy(z[kept], labels[kept]))
    assert cross_entropy(z, labels, ignore_index=9, reduction="none")[~kept].tolist() == [0, 0]
    assert (cross_entropy_gradient(z, labels, ignore_index=9)[~kept] == 0).all()
    with pytest.raises(ValueError, match="at least one that is not ignored"):
        cross_entropy(z, np.full(5, 9), ignore_index=9)
    assert cross_entropy(z, np.full(5, 9), ignore_index=9, reduction="sum") == 0


def test_a_class_ruled_out_by_minus_infinity_is_no_target():
    z = np.array([[0.0, -np.inf, 1.0]])
    assert cross_entropy(z, [2]) == pytest.approx(math.log(1 + math.exp(-1)))
    assert np.isfinite(cross_entropy_gradient(z, [2])).all()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"weights": [1, 2]}, r"weights are \[1, 2\], expected 3 finite numbers, none below 0"),
        ({"weights": [1, -2, 1]}, "none below 0"),
        ({"weights": [1, np.nan, 1]}, "expected 3 finite numbers"),
        ({"weights": [1, 0, 1]}, "at least one that is not ignored and whose class has a weight"),
        ({"smoothing": 1.1}, "smoothing is 1.1, expected 0 to 1"),
        ({"smoothing": np.nan}, "smoothing is nan"),
        ({"reduction": "avg"}, "reduction is 'avg', expected one of mean, sum, none"),
        ({"ignore_index": 1}, "at least one that is not ignored"),
    ],
)
def test_loss_options_that_cannot_be(options, said):
    with pytest.raises(ValueError, match=said):
        cross_entropy(np.zeros((2, 3)), np.array([1, 1]), **options)
    with pytest.raises(
        ValueError, match="label 7: expected labels to be integers from 0 to 2 or 1, to be ign"
    ):
        cross_entropy(np.zeros((2, 3)), np.array([1, 7]), ignore_index=1)


@pytest.mark.parametrize(
    "shapes", [((2, 3), (3,)), ((2, 3, 4), (2,)), ((3,), (1,)), ((), ()), ((2, 0), (2,))]
)
def test_loss_shapes_that_do_not_fit(shapes):
    with pytest.raises(ValueError, match="expected"):
        nll(np.zeros(shapes[0]), np.zeros(shapes[1], int))


def test_networks_train_with_loss_options(rng):
    """Each kind of network passes them on; one in the core's own arithmetic has none."""
    options = {"weights": [0.2, 3.0, 1.0], "smoothing": 0.1, "ignore_index": -1}
    network = Network.random([4, 6, 3], rng, loss_options=options)
    x, labels = rng.standard_normal((8, 4)), np.array([0, 1, 2, -1, 1, 0, -1, 2])
    for parameter, got in zip(network.parameters(), network.gradients(x, labels)):
        assert_close(numeric(lambda: network.loss(x, labels), parameter), got)
    assert network.copy().loss(x, labels) == network.loss(x, labels)
    for rounded in (QuantizationAware.of(network.copy(), x), NetworkOnGrid.of(network, headroom=1.0)):
        assert rounded.loss(x, labels) == pytest.approx(network.loss(x, labels), rel=0.05)
        for got, exact in zip(rounded.gradients(x, labels), network.gradients(x, labels)):
            assert np.abs(got - exact).max() < 0.1 * np.abs(exact).max()
    with pytest.raises(ValueError, match="expected none in bf16"):
        NetworkBf16.of(network)


def test_dense_is_the_triple_loop(rng):
    x, w, b = rng.standard_normal((3, 5)), rng.standard_normal((2, 5)), rng.standard_normal(2)
    expected = [[sum(w[j, k] * x[i, k] for k in range(5)) + b[j] for j in range(2)] for i in range(3)]
    assert np.allclose(dense(x, w, b), expected, rtol=1e-13)


@pytest.mark.parametrize("shapes", [((3, 5), (2, 4), (2,)), ((3, 5), (2, 5), (3,)), ((5,), (2, 5), (2,))])
def test_dense_refuses_shapes_that_do_not_fit(shapes):
    with pytest.raises(ValueError, match="expected"):
        dense(*map(np.zeros, shapes))


def test_dense_backward(rng):
    x, w, b = rng.standard_normal((3, 5)), rng.standard_normal((2, 5)), rng.standard_normal(2)
    weight = rng.standard_normal((3, 2))
    dx, dw, db = dense_backward(x, w, weight)
    for array, got in ((x, dx), (w, dw), (b, db)):
        assert_close(numeric(lambda: (dense(x, w, b) * weight).sum(), array), got)


@pytest.mark.parametrize("dropped", [False, True])
@pytest.mark.parametrize("objective", LOSSES)
@pytest.mark.parametrize(
    "activations",
    [
        ["identity"],
        ["relu", "identity"],
        ["sigmoid", "sigmoid"],
        ["relu", "relu"],
        ["sigmoid", "relu", "identity"],
    ],
    ids="-".join,
)
def test_backpropagation(rng, activations, objective, dropped):
    """Every parameter of every kind of network by central differences in float64."""
    if objective == "cross_entropy":
        activations = [*activations[:-1], "identity"]
    sizes = (6, 8, 5, 4)[-len(activations) - 1 :]
    network = Network.random(sizes, rng, activations=activations, objective=objective)
    for b in network.biases:
        b += rng.standard_normal(b.shape)
    x = rng.standard_normal((7, sizes[0]))
    targets = rng.integers(0, 4, 7) if objective == "cross_entropy" else rng.standard_normal((7, 4))
    masks = dropout_masks([(7, n) for n in sizes[1:-1]], 0.4, rng) if dropped else None
    gradients = network.gradients(x, targets, masks=masks)
    for parameter, got in zip(network.parameters(), gradients):
        assert_close(numeric(lambda: network.loss(x, targets, masks), parameter), got)
    assert any(np.abs(g).max() > 1e-3 for g in gradients)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"activations": ["tanh", "identity"]}, "activation is 'tanh'"),
        ({"activations": ["relu"]}, "1 activations: expected one of each"),
        ({"activations": ["relu", "sigmoid"]}, "last activation is 'sigmoid'"),
        ({"objective": "mse"}, "objective is 'mse', expected one of cross_entropy, mse_sum"),
        (
            {"loss_options": {"weight": [1, 2]}},
            r"loss option weight is \[1, 2\]: expected weights, ignore_ind",
        ),
        ({"loss_options": {"reduction": "none"}}, "loss option reduction is 'none'"),
        ({"objective": "mse_sum", "loss_options": {"smoothing": 0.1}}, "for cross_entropy only"),
    ],
)
def test_networks_that_cannot_be_are_refused(rng, options, said):
    with pytest.raises(ValueError, match=said):
        Network.random([2, 3, 2], rng, **options)


def test_uniform_weights_have_the_variance_of_normal_ones(rng):
    for uniform in (False, True):
        w = Network.random([50, 2000], rng, uniform=uniform).weights[0]
        assert w.var() == pytest.approx(2 / 50, rel=0.02)
    assert np.abs(w).max() <= np.sqrt(6 / 50)


def test_squared_errors_of_two_outputs():
    """The placeholder network of problem 2: outputs 0.75 and 0.77, targets 0.01 and 0.99, loss 0.298371."""
    y, t = np.array([[0.75136507, 0.772928465]]), np.array([[0.01, 0.99]])
    assert mse(y, t, "half_sum") == pytest.approx(0.298371109, abs=1e-9)
    assert mse(y, t, "mean") == mse(y, t, "half_sum")
    assert mse(y, t, "sum") == 2 * mse(y, t, "half_sum")
    three = np.array([[1.0, 2.0, 3.0], [0.0, 0.0, 0.0]])
    losses = [mse(three, np.zeros((2, 3)), scaling) for scaling in ("sum", "half_sum", "mean")]
    assert losses == pytest.approx([7, 3.5, 7 / 3])
    assert mse_gradient(three, np.zeros((2, 3)), "half_sum").tolist() == (three / 2).tolist()


@pytest.mark.parametrize(
    ("y", "t", "scaling"),
    [
        ([[1.0]], [[1.0, 2.0]], "sum"),
        ([1.0], [1.0], "sum"),
        ([[1.0]], [[1.0]], "half"),
        (np.zeros((0, 2)), np.zeros((0, 2)), "sum"),
    ],
)
def test_squared_errors_that_are_none(y, t, scaling):
    for function in (mse, mse_gradient):
        with pytest.raises(ValueError, match="expected"):
            function(y, t, scaling)


# --- batches ------------------------------------------------------------------------------------------------


def test_the_sheets_answer_is_256_000_samples():
    found = batches.solve(updates=10_000, epochs=20, batch_size=512)
    assert (found.samples, found.updates_per_epoch, found.left_over) == (256_000, 500, 0)
    assert (found.lowest, found.highest) == (255_489, 256_000)
    assert batches.solve(updates=10_000, epochs=20, batch_size=512, leftover="drop").highest == 256_511


def test_each_of_the_four_from_the_other_three():
    four = {"updates": 10_000, "epochs": 20, "batch_size": 512, "samples": 256_000}
    for leftover in batches.LEFTOVER:
        for name, value in four.items():
            given = {k: v for k, v in four.items() if k != name}
            assert getattr(batches.solve(**given, leftover=leftover), name) == value


@pytest.mark.parametrize("leftover", batches.LEFTOVER)
def test_batches_hold_every_sample_once(leftover):
    for samples in range(1, 30):
        for size in range(1, 12):
            made = list(batches.minibatches(samples, size, leftover, np.random.default_rng(samples)))
            assert len(made) == batches.updates_per_epoch(samples, size, leftover)
            seen = np.concatenate([*made, []])
            assert len(set(seen)) == len(seen)
            assert len(seen) == (samples if leftover == "smaller" else samples - samples % size)
            assert all(len(b) == size for b in made[:-1])


@pytest.mark.parametrize("leftover", batches.LEFTOVER)
def test_solved_ranges_are_what_counting_finds(leftover):
    """Every answer and both ends of its range, against trying all numbers up to 60."""
    tried = range(1, 61)
    count = {(n, b): len(list(batches.minibatches(n, b, leftover))) for n in tried for b in tried}
    for each in range(1, 13):
        for b in range(1, 5):
            fits = [n for n in tried if count[n, b] == each]
            found = batches.solve(updates=3 * each, epochs=3, batch_size=b, leftover=leftover)
            assert (found.lowest, found.highest, found.samples) == (fits[0], fits[-1], each * b)
        for n in range(1, 41):
            fits = [b for b in tried if count[n, b] == each]
            if not fits:
                with pytest.raises(ValueError, match="no batch size"):
                    batches.solve(updates=3 * each, epochs=3, samples=n, leftover=leftover)
                continue
            found = batches.solve(updates=3 * each, epochs=3, samples=n, leftover=leftover)
            assert found.lowest == fits[0]
            assert found.highest == (None if fits[-1] == tried[-1] else fits[-1])
            lacking = {b: each * b - n for b in fits}  # below 0: left over
            assert abs(lacking[found.batch_size]) == min(abs(missing) for missing in lacking.values())


def test_left_over_samples_that_are_kept_fill_their_batch_as_far_as_they_can():
    found = batches.solve(updates=40, epochs=20, samples=11)
    assert (found.batch_size, found.lowest, found.highest, found.left_over) == (6, 6, 10, 5)
    assert [len(batch) for batch in batches.minibatches(11, found.batch_size)] == [6, 5]
    found = batches.solve(updates=40, epochs=20, samples=11, leftover="drop")
    assert (found.batch_size, found.lowest, found.highest, found.left_over) == (5, 4, 5, 1)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"updates": 10, "epochs": 3, "batch_size": 4}, "multiple of epochs"),
        ({"updates": 10, "samples": 30, "batch_size": 10}, "multiple of the 3 updates"),
        ({"updates": 10, "epochs": 2}, "exactly three"),
        ({"updates": 10, "epochs": 2, "batch_size": 4, "samples": 20}, "exactly three"),
        ({"updates": 10, "epochs": 0, "batch_size": 4}, "at least 1"),
        ({"epochs": 2, "samples": 3, "batch_size": 4, "leftover": "drop"}, "at most samples"),
        ({"updates": 10, "epochs": 2, "batch_size": 4, "leftover": "keep"}, "'drop' or 'smaller'"),
    ],
)
def test_inconsistent_schedules_are_refused(given, said):
    with pytest.raises(ValueError, match=said):
        batches.solve(**given)


# --- training -----------------------------------------------------------------------------------------------


def test_momentum_by_hand():
    p = np.array([1.0])
    optimizer = SGD([p], rate=0.1, momentum=0.9)
    optimizer.step([np.array([2.0])])  # v = 2,   p = 1 - 0.2
    assert p[0] == pytest.approx(0.8, rel=1e-15)
    optimizer.step([np.array([1.0])])  # v = 2.8, p = 0.8 - 0.28
    assert p[0] == pytest.approx(0.52, rel=1e-15)


def test_adam_by_hand():
    """The first step is the learning rate, whatever the gradient; uncorrected it is sqrt(10) times that."""
    for gradient in (1e-3, -50.0):
        p = np.array([1.0])
        optimizer = Adam([p], rate=0.1)
        optimizer.step([np.array([gradient])])
        assert p[0] == pytest.approx(1 - 0.1 * np.sign(gradient), rel=1e-5)
        assert optimizer.corrections() == pytest.approx((0.1, 0.001))
        assert optimizer.first[0] == pytest.approx(0.1 * gradient)
        assert optimizer.second[0] == pytest.approx(0.001 * gradient**2)
        p[0] = 1.0
        Adam([p], rate=0.1, correct=False).step([np.array([gradient])])
        assert p[0] == pytest.approx(1 - 0.1 * np.sign(gradient) * 0.1 / np.sqrt(0.001), rel=1e-3)


def test_nesterov_and_dampening_by_hand():
    p = np.array([1.0])
    optimizer = SGD([p], rate=0.1, momentum=0.5, nesterov=True)
    optimizer.step([np.array([2.0])])  # v = 2, step along 2 + 1
    assert p[0] == pytest.approx(0.7, rel=1e-15)
    optimizer.step([np.array([1.0])])  # v = 2, step along 1 + 1
    assert p[0] == pytest.approx(0.5, rel=1e-15)
    p = np.array([1.0])
    optimizer = SGD([p], rate=0.1, momentum=0.5, dampening=0.2)
    optimizer.step([np.array([2.0])])  # v = 2, the first one whole
    optimizer.step([np.array([1.0])])  # v = 1 + 0.8
    assert p[0] == pytest.approx(1 - 0.2 - 0.18, rel=1e-15)
    with_, without = np.array([1.0]), np.array([1.0])
    for q, options in ((with_, {"dampening": 0.7}), (without, {})):
        optimizer = SGD([q], rate=0.1, **options)
        for gradient in (1.0, 2.0, 3.0):
            optimizer.step([np.array([gradient])])
    assert with_[0] == without[0]  # nothing to dampen


def test_adamw_by_hand():
    """The decay is the same whatever the gradient, and biases have none unless asked."""
    for gradient in (1e-6, 1.0, 1e6):
        p, b = np.array([[2.0]]), np.array([2.0])
        AdamW([p, b], rate=0.1, decay=0.5).step([np.array([[gradient]]), np.array([gradient])])
        assert p[0, 0] == pytest.approx(2 * (1 - 0.1 * 0.5) - 0.1, rel=1e-2)
        assert b[0] == pytest.approx(2 - 0.1, rel=1e-2)
    b = np.array([2.0])
    AdamW([b], rate=0.1, decay=0.5, decay_biases=True).step([np.array([0.0])])
    assert b[0] == pytest.approx(2 * (1 - 0.1 * 0.5), rel=1e-15)
    one, two = (np.array([[2.0, -1.0]]) for _ in range(2))
    for q, optimizer in ((one, AdamW([one], decay=0.0)), (two, Adam([two]))):
        for _ in range(3):
            optimizer.step([q**2])
    assert np.array_equal(one, two)


def test_adagrad_by_hand():
    p = np.array([1.0])
    optimizer = Adagrad([p], rate=0.1, rate_decay=1.0, initial=7.0, epsilon=0.5)
    optimizer.step([np.array([3.0])])  # s = 16, step 0.1 * 3 / 4.5
    assert p[0] == pytest.approx(1 - 0.3 / 4.5, rel=1e-15)
    optimizer.step([np.array([-3.0])])  # s = 25, rate 0.05
    assert p[0] == pytest.approx(1 - 0.3 / 4.5 + 0.15 / 5.5, rel=1e-15)
    assert optimizer.squares[0].tolist() == [25.0]


@pytest.mark.parametrize(
    ("kind", "options", "said"),
    [
        (SGD, {"nesterov": True}, "momentum is 0.0 and dampening 0.0: nesterov expects momentum above 0"),
        (SGD, {"nesterov": True, "momentum": 0.9, "dampening": 0.1}, "and no dampening"),
        (SGD, {"dampening": 1.5}, "dampening is 1.5, expected 0 to 1"),
        (AdamW, {"decay": -0.1}, "decay is -0.1, expected at least 0"),
        (AdamW, {"decay": np.nan}, "decay is nan"),
        (Adagrad, {"rate_decay": -1}, "rate_decay is -1, expected at least 0"),
        (Adagrad, {"initial": np.inf}, "initial is inf"),
        (Adagrad, {"epsilon": -1}, "epsilon is -1"),
    ],
)
def test_optimizers_that_cannot_be(kind, options, said):
    with pytest.raises(ValueError, match=said):
        kind([np.zeros(1)], 0.1, **options)


@pytest.mark.parametrize("biases", [False, True])
def test_l2_is_the_gradient_of_its_penalty(rng, biases):
    parameters = [rng.standard_normal((3, 4)), rng.standard_normal(3)]
    got = add_l2([np.zeros((3, 4)), np.zeros(3)], parameters, 0.3, biases)
    for parameter, gradient in zip(parameters, got):
        found = numeric(lambda: l2_penalty(parameters, 0.3, biases), parameter)
        assert np.abs(found - gradient).max() < 1e-8
    assert (got[1].tolist() == [0, 0, 0]) != biases  # biases go free unless asked for
    for kind in (SGD, Adam, Adagrad):  # and the optimizers add it
        one, two = ([p.copy() for p in parameters] for _ in range(2))
        kind(one, 0.1, l2=0.3, l2_biases=biases).step([np.ones((3, 4)), np.ones(3)])
        kind(two, 0.1).step(add_l2([np.ones((3, 4)), np.ones(3)], two, 0.3, biases))
        assert all(np.array_equal(a, b) for a, b in zip(one, two))


def test_l2_of_biases_in_training_loops(rng):
    """`fit` passes it on, and the core's own SGD accepts it."""
    x, labels = rng.standard_normal((8, 3)), rng.integers(0, 2, 8)
    start = Network.random([3, 4, 2], rng)
    for b in start.biases:
        b += 1
    after = {}
    for biases in (False, True):
        network = start.copy()
        list(fit(network, x, labels, epochs=1, batch_size=8, rate=0.1, l2=0.5, l2_biases=biases))
        low = NetworkBf16.of(start)
        SGDBf16(low.parameters(), 0.1, l2=0.5, l2_biases=biases).step(low.gradients(x, labels))
        after[biases] = network.biases, low.biases
        np.testing.assert_allclose(low.biases[1], network.biases[1], atol=0.01)
    for without, with_ in zip(after[False], after[True]):
        for a, b in zip(without, with_):
            np.testing.assert_allclose(a - b, 0.1 * 0.5 * 1.0, rtol=1e-5)


def test_dropout_keeps_the_mean(rng):
    (mask,) = dropout_masks([(500, 400)], 0.3, rng)
    assert set(np.unique(mask)) == {0, 1 / 0.7}
    assert mask.mean() == pytest.approx(1, abs=0.01)
    assert (mask == 0).mean() == pytest.approx(0.3, abs=0.005)
    network = Network.random([5, 60, 3], rng, dropout=0.5)
    x, labels = rng.standard_normal((20, 5)), rng.integers(0, 3, 20)
    draws = [network.gradients(x, labels, np.random.default_rng(s))[0] for s in (1, 1, 2)]
    assert np.array_equal(draws[0], draws[1])
    assert not np.array_equal(draws[0], draws[2])
    assert np.array_equal(network.predict(x), network.copy().predict(x))  # inference drops nothing
    with pytest.raises(ValueError, match="rng is None"):
        network.gradients(x, labels)
    with pytest.raises(ValueError, match="dropout rate is 1"):
        dropout_masks([(2, 2)], 1, rng)


def test_early_stopping_goes_back_to_the_best_epoch():
    stopping, p = EarlyStopping(3), np.zeros(1)
    stops = []
    for epoch, loss in enumerate([5.0, 3.0, 4.0, 3.0, 2.9, 3.0, 2.9, 2.95, 1.0], 1):
        p[0] = epoch
        stops.append(stopping.update(epoch, loss, [p]))
        if stops[-1]:
            break
    assert stops == [False] * 7 + [True]  # three epochs without a new lowest one
    assert (stopping.best, stopping.loss) == (5, 2.9)
    stopping.restore([p])
    assert p[0] == 5
    with pytest.raises(ValueError, match="patience is 0"):
        EarlyStopping(0)


def test_fit_stops_early_and_restores():
    x, labels = blobs(np.random.default_rng(3), 60)
    noise = np.random.default_rng(4).integers(0, 3, 60)  # labels that cannot be learnt
    rng = np.random.default_rng(7)
    network, stopping = Network.random([2, 64, 3], rng), EarlyStopping(4)
    epochs = list(
        fit(
            network,
            x,
            labels,
            epochs=200,
            batch_size=16,
            rate=0.1,
            rng=rng,
            validation=(x, noise),
            stopping=stopping,
        )
    )
    held_out = [e.validation for e in epochs]
    assert len(epochs) < 200
    assert stopping.best == 1 + int(np.argmin(held_out)) == len(epochs) - 4
    assert network.loss(x, noise) == min(held_out)
    for wrong in ({"rate": 0.1, "stopping": stopping}, {}, {"rate": 0.1, "optimizer": SGD([], 0.1)}):
        with pytest.raises(ValueError, match="expected"):
            next(fit(network, x, labels, epochs=1, batch_size=16, **wrong))


@pytest.mark.parametrize(("samples", "folds"), [(10, 2), (10, 3), (7, 7), (1257, 5)])
def test_kfold_validates_every_sample_once(samples, folds):
    parts = list(kfold(samples, folds, np.random.default_rng(1)))
    assert len(parts) == folds
    assert sorted(np.concatenate([v for _, v in parts])) == list(range(samples))
    assert {len(v) for _, v in parts} <= {samples // folds, -(-samples // folds)}
    for train, validation in parts:
        assert sorted([*train, *validation]) == list(range(samples))


@pytest.mark.parametrize("folds", [1, 11])
def test_kfold_refuses(folds):
    with pytest.raises(ValueError, match=f"folds is {folds}, expected 2 to 10"):
        next(kfold(10, folds))


def blobs(rng, samples=300):
    labels = rng.integers(0, 3, samples)
    centres = np.array([[0, 0], [4, 0], [0, 4]])
    return centres[labels] + rng.standard_normal((samples, 2)) * 0.5, labels


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_training_learns_and_repeats_itself(dtype):
    x, labels = blobs(np.random.default_rng(3))
    losses = []
    for _ in range(2):
        rng = np.random.default_rng(7)
        network = Network.random([2, 8, 3], rng, dtype)
        epochs = list(
            fit(network, x.astype(dtype), labels, epochs=8, batch_size=32, rate=0.1, momentum=0.9, rng=rng)
        )
        losses.append([e.loss for e in epochs])
        assert (network.predict(x) == labels).mean() > 0.98
        assert epochs[-1].updates == 8 * 10  # 300 samples: nine batches of 32 and one of 12
        assert all(p.dtype == dtype for p in network.parameters())
    assert losses[0] == losses[1]
    assert losses[0][-1] < losses[0][0] < math.log(3)


def test_training_that_diverges_says_so():
    x, labels = blobs(np.random.default_rng(3))
    network = Network.random([2, 8, 3], np.random.default_rng(7))
    with pytest.raises(Diverged, match="after epoch"):
        list(fit(network, x * 1e3, labels, epochs=50, batch_size=32, rate=1e6, momentum=0.99))
