# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""macrame.golden.nn with few bits: quantisation after training at 2 to 8, aware of it, and training in
int8."""

import numpy as np
import pytest

from macrame.golden.arith.requantize import requantize_plain
from macrame.golden.nn.affine import Affine, asymmetric, integer_range, symmetric
from macrame.golden.nn.int8_training import NetworkOnGrid
from macrame.golden.nn.network import Network
from macrame.golden.nn.qat import QuantizationAware, fake_quantize
from macrame.golden.nn.quantization import quantize_network
from macrame.golden.nn.train import Diverged, fit

BITS = range(2, 9)


def task(samples=400):
    """A network trained to tell the four quadrants of the first two of eight inputs apart."""
    rng = np.random.default_rng(11)
    x = rng.standard_normal((samples, 8))
    labels = 2 * (x[:, 0] > 0) + (x[:, 1] > 0)
    network = Network.random([8, 20, 12, 4], rng)
    list(fit(network, x, labels, epochs=40, batch_size=20, rate=0.02, momentum=0.9, rng=rng))
    return network, x, labels


TASK = task()


@pytest.mark.parametrize("bits", BITS)
def test_integers_of_so_many_bits(bits, seed):
    low, high = integer_range(bits)
    assert (low, high) == (-(2**bits) // 2, 2**bits // 2 - 1)
    x = np.random.default_rng(seed).standard_normal(1000)
    for affine in (symmetric(x, bits=bits), asymmetric(x.min(), x.max(), bits)):
        q = affine.quantize(np.concatenate([x, 10 * x]))
        assert q.dtype == np.int8
        assert (q.min(), q.max()) == (low, high)
        back = affine.dequantize(q[:1000])
        if affine.zero_point == 0:
            assert np.abs(x).max() / affine.scale == pytest.approx(high)
        assert np.abs(back - x).max() <= affine.scale * (1 + 1e-9)
        assert affine.dequantize(affine.quantize(0.0)) == 0
        value, inside = fake_quantize(x, affine)
        assert np.array_equal(value, back)
        assert np.array_equal(
            inside,
            np.abs(np.rint(x / affine.scale) + affine.zero_point - (low + high) / 2) <= (high - low) / 2,
        )


@pytest.mark.parametrize("bits", [1, 9])
def test_other_bits_are_refused(bits):
    for wrong in (
        lambda: symmetric([1.0], bits=bits),
        lambda: asymmetric(0, 1, bits),
        lambda: Affine(1.0, 0, bits).quantize(1.0),
    ):
        with pytest.raises(ValueError, match=f"bits is {bits}, expected 2 to 8"):
            wrong()


@pytest.mark.parametrize("per_channel", [True, False])
def test_fewer_bits_are_coarser(per_channel):
    network, x, _ = TASK
    exact, errors = network.forward(x).logits, []
    for bits in BITS:
        quantized = quantize_network(network, x, "gemmlowp", per_channel, bits, bits)
        for layer in quantized.layers:
            assert np.abs(layer.weight).max() <= integer_range(bits)[1]
            assert (layer.low, layer.high)[1] == integer_range(bits)[1]
        logits = quantized.output.dequantize(quantized.forward(quantized.input.quantize(x))[-1])
        errors.append(np.sqrt(np.mean((logits - exact) ** 2)))
    assert all(a > 1.5 * b for a, b in zip(errors[1:], errors[2:])), errors
    assert errors[0] > 0.8 * errors[1]  # 2 bits: the outputs are almost meaningless


def test_a_layer_of_few_bits_is_its_equation():
    network, x, _ = TASK
    quantized = quantize_network(network, x, "ruy", True, bits=3, activation_bits=4)
    q = quantized.input.quantize(x[:20])
    for layer, got in zip(quantized.layers, quantized.forward(q)):
        for i in range(20):
            for j in range(len(layer.bias)):
                acc = int(layer.bias[j]) + sum(
                    (int(v) - layer.input.zero_point) * int(w) for v, w in zip(q[i], layer.weight[j])
                )
                y = requantize_plain(
                    acc,
                    int(layer.multiplier[j]),
                    int(layer.shift[j]),
                    layer.output.zero_point,
                    layer.low,
                    layer.high,
                    "ruy",
                )
                assert got[i, j] == y
        assert -8 <= got.min() < got.max() <= 7
        q = got
    assert len(np.unique(got)) > 6


def test_only_relu_networks_are_trained_aware_of_rounding():
    network = Network.random([2, 3, 2], np.random.default_rng(1), activations=["sigmoid", "identity"])
    with pytest.raises(ValueError, match="activations are sigmoid, identity: expected relu"):
        QuantizationAware.of(network, np.zeros((1, 2)))


# --- quantisation-aware training ----------------------------------------------------------------------------


@pytest.mark.parametrize("per_channel", [True, False])
@pytest.mark.parametrize("bits", [8, 3])
def test_what_is_trained_is_what_the_integers_do(bits, per_channel):
    """Rounded network and integer network differ by an inexact tie of the requantisation now and then."""
    network, x, _ = TASK
    aware = QuantizationAware.of(network.copy(), x, bits=bits, activation_bits=bits, per_channel=per_channel)
    quantized = aware.quantized()
    logits = quantized.forward(quantized.input.quantize(x))[-1]
    mine = aware.ranges()[-1].quantize(aware.forward(x)[0][-1][1])
    assert np.abs(logits.astype(int) - mine).max() <= 1
    assert (logits == mine).mean() > 0.999


def test_training_aware_of_rounding_recovers_accuracy():
    """On average over five orders of the batches: one run's accuracy depends on the last bits of BLAS."""
    network, x, labels = TASK
    ptq = quantize_network(network, x, "fp32", True, 3, 3)
    before = (ptq.predict(ptq.input.quantize(x)) == labels).mean()
    after = []
    for order in range(5):
        aware = QuantizationAware.of(network.copy(), x, bits=3, activation_bits=3)
        list(
            fit(
                aware,
                x,
                labels,
                epochs=20,
                batch_size=20,
                rate=0.01,
                momentum=0.9,
                rng=np.random.default_rng(order),
            )
        )
        quantized = aware.quantized()
        after.append((quantized.predict(quantized.input.quantize(x)) == labels).mean())
        assert aware.loss(x, labels) > network.loss(x, labels)
    assert before < 0.7
    assert np.mean(after) > before + 0.02, after


def test_straight_through_is_the_gradient_where_nothing_saturates():
    """Only weights and biases rounded: the gradients are those of an ordinary network that holds them."""
    network, x, labels = TASK
    aware = QuantizationAware.of(network.copy(), x, bits=4, decay=1.0)
    ends = list(aware.ends)
    scales = [symmetric(w, axis=1, bits=4) for w in network.weights]
    rounded = [fake_quantize(w, scale)[0] for w, scale in zip(network.weights, scales)]
    steps = [before.scale * np.ravel(scale.scale) for before, scale in zip(aware.ranges(), scales)]
    biases = [step * np.rint(b / step) for b, step in zip(network.biases, steps)]
    with pytest.MonkeyPatch.context() as patch:  # of the activations, which have one scale, none
        patch.setattr(
            "macrame.golden.nn.qat.fake_quantize",
            lambda t, affine: (
                fake_quantize(t, affine)
                if affine.scale.__class__ is np.ndarray
                else (t, np.ones(t.shape, bool))
            ),
        )
        got = aware.gradients(x, labels)
    plain = Network(rounded, biases)
    for a, b in zip(got, plain.gradients(x, labels)):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)
    assert aware.ends == ends  # decay 1 freezes the ranges


def test_ranges_follow_the_batches():
    network, x, labels = TASK
    aware = QuantizationAware.of(network.copy(), x, decay=0.5)
    before = aware.ends
    aware.gradients(3 * x[:20], labels[:20])
    assert aware.ends[0] == pytest.approx(
        (0.5 * before[0][0] + 1.5 * x[:20].min(), 0.5 * before[0][1] + 1.5 * x[:20].max())
    )


@pytest.mark.parametrize("rate", [1e150, 1e300, np.inf])
def test_training_with_rounding_that_diverges_says_so(rate):
    """Infinite weights have no integers; that must not end as another error, nor go on with some int8."""
    network, x, labels = TASK
    networks = [QuantizationAware.of(network.copy(), x)]
    if rate == np.inf:  # any other ends at the rim of the grid
        networks.append(NetworkOnGrid.of(network.copy()))
    for rounded in networks:
        with pytest.raises(Diverged):
            list(fit(rounded, x, labels, epochs=30, batch_size=20, rate=rate))


# --- training in int8 ---------------------------------------------------------------------------------------


def test_weights_stay_on_their_grid_and_small_updates_are_lost():
    network, x, labels = TASK
    start = Network.random([8, 20, 12, 4], np.random.default_rng(3))
    lost = {}
    for rate in (0.1, 0.001):
        grid = NetworkOnGrid.of(start)
        list(
            fit(
                grid,
                x,
                labels,
                epochs=3,
                batch_size=20,
                rate=rate,
                rng=np.random.default_rng(1),
                project=grid.project,
            )
        )
        for w, scale in zip(grid.weights, grid.scales):
            steps = w / scale
            np.testing.assert_allclose(steps, np.rint(steps), atol=1e-9)
            assert np.abs(steps).max() <= 127.0001
        lost[rate] = grid.lost / grid.updates
    assert 0.3 < lost[0.1] < 0.99
    assert lost[0.001] > 0.999
    assert grid.updates > 0


def test_stochastic_rounding_of_updates_keeps_their_mean():
    start = Network([np.zeros((1, 4000))], [np.zeros(1)])
    start.weights[0][0, 0] = 1.0  # sets the scale: 2 / 127
    grid = NetworkOnGrid.of(start, rng=np.random.default_rng(1))
    step = grid.scales[0]
    grid.weights[0][0, 1:] += 0.2 * step
    grid.project()
    assert set(np.rint(grid.weights[0][0, 1:] / step)) == {0, 1}
    assert grid.weights[0][0, 1:].mean() / step == pytest.approx(0.2, abs=0.03)
    assert grid.lost / grid.updates == pytest.approx(0.8, abs=0.03)


def test_int8_gradients_are_near_the_float_ones():
    _, x, labels = TASK
    grid = NetworkOnGrid.of(Network.random([8, 20, 12, 4], np.random.default_rng(3)))
    plain = Network(grid.weights, grid.biases)
    for got, expected in zip(grid.gradients(x, labels), plain.gradients(x, labels)):
        assert np.abs(got - expected).max() < 0.1 * np.abs(expected).max()
        assert not np.array_equal(got, expected)
