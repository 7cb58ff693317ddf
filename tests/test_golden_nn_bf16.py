# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""macrame.golden.nn.bf16 and macrame.golden.nn.elementary: training in the core's arithmetic, the same bits
on every machine.

What could be wrong: a product or update that bypasses the backend, and so would not run on the RTL; an extra
or misplaced rounding, which would still train; an exp of the machine.
"""

import hashlib
import math

import numpy as np
import pytest

from macrame.golden.arith.bf16_to_fp32 import bf16_to_fp32
from macrame.golden.arith.fp32_to_bf16 import fp32_to_bf16, fp32_to_bf16_plain
from macrame.golden.gemm_bf16 import gemm_bf16_plain
from macrame.golden.nn import elementary
from macrame.golden.nn.bf16 import Golden, NetworkBf16, SGDBf16
from macrame.golden.nn.losses import cross_entropy, mse
from macrame.golden.nn.network import Network
from macrame.golden.nn.regularization import dropout_masks
from macrame.golden.nn.train import Diverged, fit
from macrame.golden.vector_unit import vector_unit_plain

# --- exp, log, softmax --------------------------------------------------------------------------------------


def ulps(a, b):
    """Distance in units in the last place, of finite numbers of one sign."""
    integers = np.int64 if np.asarray(a).dtype == np.float64 else np.int32
    return np.abs(a.view(integers).astype(np.int64) - b.view(integers)).max()


def test_exp_is_within_two_units_of_numpys(seed):
    rng = np.random.default_rng(seed)
    x = np.concatenate(
        [
            *(rng.uniform(low, high, 20_000) for low, high in ((-708, 709), (-20, 0), (-1, 1))),
            np.arange(-1000, 1000) * math.log(2) / 2,
            np.ldexp(1.0, -np.arange(60)),
        ]
    )
    assert ulps(elementary.exp(x), np.exp(x)) <= 2
    x = x[x < 88]
    assert ulps(elementary.exp(x).astype(np.float32), np.exp(x).astype(np.float32)) <= 1


def test_exp_at_its_ends():
    got = elementary.exp([0.0, -np.inf, -746.0, -745.0, 709.7, 711.0, np.inf])
    expected = [1, 0, 0, 5e-324, math.exp(709.7), math.inf, math.inf]
    assert got.tolist() == pytest.approx(expected, rel=1e-15)
    assert np.isnan(elementary.exp(np.nan))
    assert elementary.exp(np.zeros((2, 3))).shape == (2, 3)


def test_log_is_within_four_units_of_numpys(seed):
    rng = np.random.default_rng(seed)
    x = np.concatenate(
        [
            np.exp2(rng.uniform(-1070, 1023, 20_000)),
            rng.uniform(0.5, 2, 20_000),
            1 + rng.uniform(-1e-6, 1e-6, 5_000),
            rng.uniform(1, 11, 20_000),
        ]
    )
    x = x[x != 1]
    assert ulps(elementary.log(x), np.log(x)) <= 4
    assert elementary.log([1.0, 2.0]).tolist() == [0, math.log(2)]
    for wrong in (0.0, -1.0, np.inf, np.nan):
        with pytest.raises(ValueError, match="above 0"):
            elementary.log([1.0, wrong])


def test_sigmoid_of_its_own(seed):
    rng = np.random.default_rng(seed)
    z = np.concatenate([rng.uniform(-700, 700, 5_000), rng.uniform(-20, 20, 20_000), [0.0, -0.0]])
    assert (
        ulps(elementary.sigmoid(z), np.where(z >= 0, 1, np.exp(-np.abs(z))) / (1 + np.exp(-np.abs(z)))) <= 4
    )
    assert elementary.sigmoid([0.0, np.inf, -np.inf, 800.0, -800.0]).tolist() == [0.5, 1, 0, 1, 0]
    assert np.isnan(elementary.sigmoid(np.nan))


def test_softmax_of_its_own(seed):
    z = np.random.default_rng(seed).standard_normal((50, 7)) * 10
    p, log_sum = elementary.softmax(z + 1e3)
    e = np.exp(z - z.max(axis=1, keepdims=True))
    np.testing.assert_allclose(p, e / e.sum(axis=1, keepdims=True), rtol=1e-11)
    loss = elementary.mean(log_sum - z[:, 3] - 1e3)
    assert loss == pytest.approx(cross_entropy(z, np.full(50, 3)), rel=1e-11)


def test_elementary_functions_hash_the_same_everywhere():
    """Computed once; another figure means a step that is not the one IEEE operation it should be."""
    x = np.random.default_rng(1).random(100_000) * 1000 - 700
    y = np.random.default_rng(2).random(100_000) * 100 + 1e-9
    both = np.concatenate([elementary.exp(x), elementary.log(y)])
    digest = hashlib.sha256(both.astype("<f8").tobytes()).hexdigest()
    assert digest == "16ecbb96f9ea60f4ec8a021f4ae7db2b8414f44db08ac3a9645009a3bb6b8489"


# --- one step, by its equations -----------------------------------------------------------------------------


class Plain:
    """A backend of Python loops, independent of the golden model's NumPy; an RTL backend looks like it."""

    def __init__(self):
        self.called = []

    def matmul(self, a, w, bias=None, relu=False, out="fp32"):
        self.called.append(("matmul", a.shape, w.shape, bias is not None, relu, out))
        bits = gemm_bf16_plain(a, w, bias, relu, out)
        return bits if out == "even" else bits.view(np.float32)

    def vector(self, op, x, y=None, s=None, out="fp32"):
        self.called.append((op, x.shape, x.dtype.name, y.dtype.name, out))
        x, y = (bf16_to_fp32(v) if v.dtype == np.uint16 else v for v in (x, y))
        flat = [vector_unit_plain(op, a, b, 0 if s is None else s) for a, b in zip(x.ravel(), y.ravel())]
        result = np.array(flat, np.float32).reshape(x.shape)
        return result if out == "fp32" else self._round(result)

    def to_bf16(self, x):
        self.called.append(("to_bf16", x.shape))
        return self._round(x)

    def _round(self, x):
        bits = [fp32_to_bf16_plain(int(b)) for b in np.ascontiguousarray(x).view(np.uint32).ravel()]
        return np.array(bits, np.uint16).reshape(x.shape)


def bf16(x):
    return bf16_to_fp32(fp32_to_bf16(np.asarray(x, np.float32)))


def product(a, w):
    """fp32 sums of bf16 numbers in the order of k."""
    out = np.zeros((a.shape[0], w.shape[1]), np.float32)
    for k in range(a.shape[1]):
        out = out + np.outer(a[:, k], w[k]).astype(np.float32)
    return out


def some(objective, activations, samples=5, sizes=(6, 7, 4), seed=3):
    """A network with biases, and data for it."""
    rng = np.random.default_rng(seed)
    network = Network.random(sizes, rng, activations=activations, objective=objective)
    for b in network.biases:
        b += rng.standard_normal(b.shape)
    x = rng.standard_normal((samples, sizes[0]))
    if objective == "cross_entropy":
        return network, x, rng.integers(0, sizes[-1], samples)
    return network, x, rng.standard_normal((samples, sizes[-1]))


def test_one_step_is_its_equations():
    """A complete step of two layers written out again, with every rounding of the hardware."""
    network, x, t = some("mse_half_sum", ["relu", "relu"])
    w1, w2, b1, b2 = (p.astype(np.float32) for p in network.parameters())
    mine = NetworkBf16.of(network)
    rate, n = np.float32(0.1), np.float32(1 / 5)

    h1 = bf16(np.maximum(product(bf16(x), bf16(w1).T) + b1, 0))
    y = np.maximum(product(h1, bf16(w2).T) + b2, 0)
    da2 = n * (y - t.astype(np.float32))
    dz2 = bf16(np.where(y > 0, da2, 0))
    dw2, db2 = product(dz2.T, h1), product(np.ones((1, 5), np.float32), dz2)[0]
    da1 = product(dz2, bf16(w2))
    dz1 = bf16(np.where(h1 > 0, da1, 0))
    dw1, db1 = product(dz1.T, bf16(x)), product(np.ones((1, 5), np.float32), dz1)[0]
    assert 0 < (y > 0).mean() < 1
    assert 0 < (h1 > 0).mean() < 1

    SGDBf16(mine.parameters(), float(rate)).step(mine.gradients(x, t))
    for got, p, g in zip(mine.parameters(), (w1, w2, b1, b2), (dw1, dw2, db1, db2)):
        np.testing.assert_array_equal(got, p + (-rate) * g)
    error = np.square(y.astype(np.float64) - t)
    assert NetworkBf16.of(network).loss(x, t) == pytest.approx(0.5 * error.sum() / 5, rel=1e-12)


def test_one_step_with_sigmoids_is_its_equations():
    network, x, t = some("mse_half_sum", ["sigmoid", "sigmoid"])
    w1, w2, b1, b2 = (p.astype(np.float32) for p in network.parameters())
    one, n = np.float32(1), np.float32(1 / 5)
    a1 = bf16(elementary.sigmoid(product(bf16(x), bf16(w1).T) + b1))
    y = elementary.sigmoid(product(a1, bf16(w2).T) + b2).astype(np.float32)
    da2 = n * (y - t.astype(np.float32))
    dz2 = bf16(da2 * (y * (one - y)))
    da1 = product(dz2, bf16(w2))
    dz1 = bf16(da1 * (a1 * (one - a1)))
    expected = (
        product(dz1.T, bf16(x)),
        product(dz2.T, a1),
        *(product(np.ones((1, 5)), d)[0] for d in (dz1, dz2)),
    )
    calls = Plain()
    for got in (NetworkBf16.of(network).gradients(x, t), NetworkBf16.of(network, calls).gradients(x, t)):
        for mine, exact in zip(got, expected):
            np.testing.assert_array_equal(mine, exact)
    assert [call[0] for call in calls.called].count("mul") == 4
    assert [call for call in calls.called if call[0] == "relu_gradient"] == []


def test_the_loss_gradient_of_cross_entropy():
    network, x, labels = some("cross_entropy", ["relu", "identity"], samples=7)
    mine = NetworkBf16.of(network)
    trace = mine.forward(x)
    back = mine.backward(trace, labels)
    p = elementary.softmax(trace.output)[0].astype(np.float32)
    error = p - np.eye(4, dtype=np.float32)[labels]
    np.testing.assert_array_equal(back.error, error)
    np.testing.assert_array_equal(back.da[1], np.float32(1 / 7) * error)
    np.testing.assert_array_equal(back.dz[1], fp32_to_bf16(back.da[1]))
    assert mine.loss(x, labels) == pytest.approx(cross_entropy(trace.output.astype(float), labels), rel=1e-12)


@pytest.mark.parametrize(
    ("objective", "activations"),
    [
        ("cross_entropy", ["relu", "identity"]),
        ("cross_entropy", ["relu", "relu", "identity"]),
        ("mse_sum", ["relu", "relu"]),
        ("mse_half_sum", ["relu", "relu"]),
        ("mse_mean", ["identity"] * 2),
        ("cross_entropy", ["sigmoid", "relu", "identity"]),
        ("mse_half_sum", ["sigmoid", "sigmoid"]),
        ("mse_sum", ["sigmoid"]),
    ],
)
@pytest.mark.parametrize("dropped", [False, True])
def test_gradients_are_near_those_of_float64(objective, activations, dropped):
    sizes = (20, 30, 25, 4)[-len(activations) - 1 :]
    network, x, t = some(objective, activations, 40, sizes)
    masks = dropout_masks([(40, k) for k in sizes[1:-1]], 0.3, np.random.default_rng(1)) if dropped else None
    got = NetworkBf16.of(network).gradients(x, t, masks=masks)
    for mine, exact in zip(got, network.gradients(x, t, masks=masks)):
        assert mine.dtype == np.float32
        assert mine.shape == exact.shape
        # about 2^-8 for each rounding, and occasionally a different mask
        assert np.linalg.norm(mine - exact) < 0.06 * np.linalg.norm(exact)
    if objective != "cross_entropy":
        y = NetworkBf16.of(network).forward(x).output
        assert NetworkBf16.of(network).loss(x, t) == pytest.approx(
            mse(y.astype(float), t, objective.removeprefix("mse_")), rel=1e-12
        )


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("l2", [0.0, 0.01])
@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_the_same_loop_trains_on_another_backend(momentum, l2, dropout):
    """Loops instead of vectors: the same bits after every step, and nothing but the three operations."""
    start, x, labels = some("cross_entropy", ["relu", "identity"], samples=9)
    start.dropout = dropout
    ends = []
    for backend in (Golden(), Plain()):
        network = NetworkBf16.of(start, backend)
        optimizer = SGDBf16(network.parameters(), 0.1, momentum, l2, backend)
        losses = [
            e.loss
            for e in fit(
                network, x, labels, epochs=2, batch_size=4, optimizer=optimizer, rng=np.random.default_rng(5)
            )
        ]
        ends.append((losses, [p.view(np.uint32).tolist() for p in network.parameters()]))
    assert ends[0] == ends[1]
    products = [c for c in backend.called if c[0] == "matmul"]
    steps, evaluations = 2 * 3, 2
    assert len(products) == steps * (2 + 1 + 2 + 2) + evaluations * 2  # forward, dx, dW, db
    updates = [c for c in backend.called if c[0] == "axpy" and c[2:] == ("float32", "float32", "fp32")]
    of_loss, of_parameters = 1, 4 + (4 if momentum else 0) + (2 if l2 else 0)
    assert len(updates) == steps * (of_loss + of_parameters)
    masks = [c for c in backend.called if c[0] == "relu_gradient"]
    assert {c[2:] for c in masks} == {("float32", "uint16", "even")}
    assert len(masks) == steps


def test_a_backend_that_errs_by_one_bit_is_noticed():
    class Wrong(Golden):
        def vector(self, op, x, y=None, s=None, out="fp32"):
            result = super().vector(op, x, y, s, out)
            if op == "axpy" and result.shape == (7, 6):
                result[3, 2] = np.nextafter(result[3, 2], np.float32(9))
            return result

    start, x, labels = some("cross_entropy", ["relu", "identity"])
    ends = []
    for backend in (Golden(), Wrong()):
        network = NetworkBf16.of(start, backend)
        list(
            fit(
                network,
                x,
                labels,
                epochs=1,
                batch_size=5,
                optimizer=SGDBf16(network.parameters(), 0.1, backend=backend),
            )
        )
        ends.append(network.weights[0])
    assert np.argwhere(ends[0] != ends[1]).tolist() == [[3, 2]]


def test_evaluation_may_be_golden_while_training_is_not():
    start, x, labels = some("cross_entropy", ["relu", "identity"])
    backend = Plain()
    network = NetworkBf16.of(start, backend, Golden())
    network.loss(x, labels)
    network.predict(x)
    assert backend.called == []
    network.gradients(x, labels)
    assert backend.called


# --- training -----------------------------------------------------------------------------------------------


def blobs(samples):
    """Three clouds on the grid of sixteenths, drawn without a logarithm."""
    rng = np.random.default_rng(3)
    labels = rng.integers(0, 3, samples)
    centres = np.array([[0, 0], [4, 0], [0, 4]])
    return centres[labels] + rng.integers(-20, 21, (samples, 2)) / 16, labels


def test_training_learns_and_its_weights_hash_the_same_everywhere():
    """Computed once; where the hash differs, some step is not the IEEE operation that the hardware makes."""
    x, labels = blobs(300)
    rng = np.random.default_rng(7)
    network = NetworkBf16.of(Network.random([2, 16, 3], rng, uniform=True))
    optimizer = SGDBf16(network.parameters(), 0.05, 0.9, 1e-3)
    epochs = list(fit(network, x, labels, epochs=6, batch_size=32, optimizer=optimizer, rng=rng))
    assert (network.predict(x) == labels).mean() > 0.98
    assert epochs[-1].loss < 0.2 * epochs[0].loss
    bits = np.concatenate([p.ravel() for p in network.parameters()])
    assert bits.dtype == np.float32
    digest = hashlib.sha256(bits.astype("<f4").tobytes()).hexdigest()
    assert digest == "8d9b5d3ab5f94e13a62a2dcf02e77f78c15288c81fa6396c7878c60efc3f2c3e"


def test_bf16_trains_as_float_does():
    x, labels = blobs(300)
    losses = {}
    for name in ("float64", "float32", "bf16"):
        rng = np.random.default_rng(7)
        dtype = np.float32 if name == "float32" else np.float64
        network = Network.random([2, 16, 3], rng, dtype, uniform=True)
        optimizer = None
        if name == "bf16":
            network = NetworkBf16.of(network)
            optimizer = SGDBf16(network.parameters(), 0.1)
        epochs = fit(
            network,
            x.astype(dtype),
            labels,
            epochs=4,
            batch_size=32,
            rng=rng,
            optimizer=optimizer,
            rate=None if optimizer else 0.1,
        )
        losses[name] = [e.loss for e in epochs]
    np.testing.assert_allclose(losses["float32"], losses["float64"], rtol=1e-5)
    np.testing.assert_allclose(losses["bf16"], losses["float64"], rtol=0.03)
    assert losses["bf16"] != losses["float32"]


def test_training_that_diverges_says_so():
    x, labels = blobs(60)
    network = NetworkBf16.of(Network.random([2, 8, 3], np.random.default_rng(7)))
    with pytest.raises(Diverged, match="loss is nan after epoch"):
        list(
            fit(
                network,
                x * 1e30,
                labels,
                epochs=9,
                batch_size=32,
                optimizer=SGDBf16(network.parameters(), 1e30),
            )
        )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"activations": ["tanh", "identity"]}, "activation is 'tanh', expected 'relu', 'sigmoid' or 'iden"),
        ({"activations": ["relu", "relu"]}, "last activation is 'relu'"),
        ({"objective": "mse"}, "objective is 'mse'"),
    ],
)
def test_what_the_core_does_not_have_is_refused(options, said):
    with pytest.raises(ValueError, match=said):
        NetworkBf16([np.zeros((2, 2))] * 2, [np.zeros(2)] * 2, **options)
