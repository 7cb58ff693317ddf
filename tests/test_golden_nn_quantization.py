# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""macrame.golden.nn.quantization: scales and zero points, and integer layers against loops, float and ONNX
Runtime.

ONNX Runtime's answers are stored (by tests/oracles/make_quantization_vectors.py).
"""

import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from macrame.golden.arith.requantize import requantize_plain, wrap32
from macrame.golden.nn.activations import sigmoid
from macrame.golden.nn.affine import Affine, NotFinite, asymmetric, symmetric
from macrame.golden.nn.network import Network
from macrame.golden.nn.qat import QuantizationAware
from macrame.golden.nn.quantization import calibrate, quantize_dense, quantize_network, sigmoid_table

MODES = ("gemmlowp", "ruy", "fp32")
each_mode = pytest.mark.parametrize("mode", MODES)
each_kind = pytest.mark.parametrize("per_channel", [True, False])


def test_symmetric_known_values():
    q = symmetric([[2.9, -1.35], [1.5, 1.47]])
    assert q.scale == 2.9 / 127
    assert q.quantize([[2.9, -1.35], [1.5, 1.47]]).tolist() == [[127, -59], [66, 64]]
    rows = symmetric([[2.9, -1.35], [0, 0]], axis=1)
    assert rows.scale.tolist() == [[2.9 / 127], [1.0]]


def test_asymmetric_known_values():
    assert asymmetric(0, 255) == Affine(1.0, -128)
    assert asymmetric(-255, 0) == Affine(1.0, 127)
    assert asymmetric(-128, 127) == Affine(1.0, 0)
    assert asymmetric(5, 255) == Affine(1.0, -128)  # widened down to 0
    assert asymmetric(0, 0) == Affine(1.0, 0)
    ties_and_ends = [0, 255, 256, -1, 0.5, 1.5]
    assert Affine(1.0, -128).quantize(ties_and_ends).tolist() == [-128, 127, 127, -128, -128, -126]


# ONNX's examples of DynamicQuantizeLinear (onnx/backend/test/case/node/dynamicquantizelinear.py), uint8
ONNX = {
    "": ([0, 2, -3, -2.5, 1.34, 0.5], 153, [153, 255, 0, 26, 221, 179]),
    "max-adjusted": ([-1.0, -2.1, -1.3, -2.5, -3.34, -4.0], 255, [191, 121, 172, 96, 42, 0]),
    "min-adjusted": (
        [1, 2.1, 1.3, 2.5, 3.34, 4.0, 1.5, 2.6, 3.9, 4.0, 3.0, 2.345],
        0,
        [64, 134, 83, 159, 213, 255, 96, 166, 249, 255, 191, 149],
    ),
}


@pytest.mark.parametrize("name", ONNX)
def test_activations_are_quantised_as_onnx_says(name):
    """float32 scale and float32 division: in float64 the first example has a tie that ONNX does not have."""
    x, zero_point, expected = ONNX[name]
    grid = asymmetric(min(x), max(x))
    assert isinstance(grid.scale, np.float32)
    assert grid.scale == np.float32(max(max(x), 0) - min(min(x), 0)) / np.float32(255)
    assert grid.zero_point == zero_point - 128
    assert (grid.quantize(x).astype(int) + 128).tolist() == expected
    assert (grid.quantize(np.array(x, np.float32)).astype(int) + 128).tolist() == expected


def test_the_type_of_the_scale_is_that_of_the_division():
    x = [0, 2, -3, -2.5, 1.34, 0.5]
    for grid in (asymmetric(-3, 2, dtype=np.float64), Affine(5 / 255, 25)):
        assert (grid.quantize(x).astype(int) + 128).tolist() == [153, 255, 0, 25, 221, 179]
    channels = Affine(np.array([[5 / 255], [1.0]], np.float32))
    assert channels.quantize([[-2.5], [-2.5]]).tolist() == [[-127], [-2]]


NO_NUMBERS = (np.nan, np.inf, -np.inf)


@pytest.mark.parametrize("wrong", NO_NUMBERS)
def test_what_is_no_number_is_not_quantised(wrong):
    with pytest.raises(NotFinite, match=rf"x\[1\]\[0\] is {wrong}, expected a finite number"):
        symmetric([[1.0, 2.0], [wrong, 3.0]], axis=1)
    with pytest.raises(NotFinite, match=rf"x\[2\] is {wrong}, expected a finite number"):
        Affine(1.0).quantize([0, 1, wrong])
    with pytest.raises(NotFinite, match=f"x is {wrong}"):
        symmetric(wrong)
    with pytest.raises(ValueError, match=f"scale is {wrong}, expected a finite number above 0"):
        Affine(np.array([1.0, wrong]))


@pytest.mark.parametrize("scale", [0.0, -1.0])
def test_scales_are_above_zero(scale):
    with pytest.raises(ValueError, match=f"scale is {scale}, expected a finite number above 0"):
        Affine(scale)


@pytest.mark.parametrize("ends", [(np.nan, 1), (0, np.inf), (-1e39, 0), (0, 3.5e38)])
def test_asymmetric_refuses_what_is_no_range(ends):
    with pytest.raises(NotFinite, match="expected two numbers that are finite as float32"):
        asymmetric(*ends)
    with pytest.raises(ValueError, match="expected two finite numbers, the smaller one first"):
        asymmetric(1, 0)


def test_numbers_too_small_for_a_scale_are_zeros():
    """5e-324 / 127 is 0 in float64, and nothing can be divided by 0."""
    tiny = symmetric([5e-324, 0])
    assert tiny == Affine(1.0, 0)
    assert tiny.quantize([5e-324, 0]).tolist() == [0, 0]
    assert symmetric([[5e-324, 0], [1.27, 0]], axis=1).scale.tolist() == [[1.0], [0.01]]
    assert asymmetric(0, 5e-324) == asymmetric(-1e-310, 0) == asymmetric(0, 1e-45) == Affine(1.0, 0)
    assert asymmetric(0, 5e-324, dtype=np.float64) == Affine(1.0, 0)
    least = 127 * 2.0**-1022
    assert symmetric([least]).quantize([least, least / 2]).tolist() == [127, 64]
    least = 255 * 2.0**-126
    assert asymmetric(0, least).quantize([least, least / 2]).tolist() == [127, 0]


def test_an_empty_tensor_is_all_zeros():
    assert symmetric(np.zeros((0,))) == Affine(1.0, 0)
    assert symmetric(np.zeros((2, 0)), axis=1).scale.tolist() == [[1.0], [1.0]]
    assert symmetric(np.zeros((2, 0)), axis=1).quantize(np.zeros((2, 0))).shape == (2, 0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_ranges_up_to_the_largest_float(dtype):
    largest = float(np.finfo(dtype).max)
    for low, high in ((-0.95 * largest, 0.95 * largest), (-largest, largest), (-largest, 0), (0, largest)):
        q = asymmetric(low, high, dtype=dtype)
        assert np.isfinite(q.scale)
        assert q.quantize(0.0) == q.zero_point
        ends = q.quantize([low, high]).astype(int)
        assert ends.tolist() == [-128, 127] or abs(q.zero_point) < 2  # 0 is between two integers
        assert (np.abs(ends - [-128, 127]) <= 1).all()
    assert symmetric([largest]).quantize([largest, -largest]).tolist() == [127, -127]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@settings(max_examples=300, deadline=None)
@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6), st.floats(0, 1))
def test_any_range_holds_zero_exactly_and_all_else_to_half_a_step(dtype, a, b, where):
    """The zero point is rounded, so within a step of either end a value may saturate half a step early."""
    low, high = min(a, b, 0), max(a, b, 0)
    assume(high - low > 1e-30)
    q = asymmetric(low, high, dtype=dtype)
    assert -128 <= q.zero_point <= 127
    assert q.quantize(0.0) == q.zero_point
    assert q.dequantize(q.zero_point) == 0
    x = low + where * (high - low)
    near_an_end = min(x - low, high - x) < q.scale
    rounding = 256 * 3 * float(np.finfo(dtype).eps)  # in steps: of x, of the scale, of the quotient
    error = abs(q.dequantize(q.quantize(x)) - x)
    assert error <= float(q.scale) * ((1 if near_an_end else 0.5) + rounding)


def layer_of(rng, mode, per_channel=True, relu_after=False, outputs=6, inputs=9):
    w, b = rng.standard_normal((outputs, inputs)), rng.standard_normal(outputs)
    w[2] *= 0.01  # a channel that one common scale would starve
    return w, b, quantize_dense(w, b, asymmetric(-1, 3), asymmetric(-8, 8), mode, per_channel, relu_after)


@pytest.mark.parametrize("relu_after", [False, True])
@pytest.mark.parametrize("mode", MODES)
def test_integer_layer_is_its_equation(mode, relu_after, seed):
    rng = np.random.default_rng(seed)
    _, _, layer = layer_of(rng, mode, relu_after=relu_after)
    x = rng.integers(-128, 128, (50, 9)).astype(np.int8)
    sums, outputs = layer.accumulate(x), layer.forward(x)
    assert sums.dtype == np.int32
    assert outputs.dtype == np.int8
    for i in range(len(x)):
        for j in range(6):
            acc = int(layer.bias[j])
            for k in range(9):
                acc = wrap32(acc + (int(x[i, k]) - layer.input.zero_point) * int(layer.weight[j, k]))
            assert sums[i, j] == acc
            assert outputs[i, j] == requantize_plain(
                acc,
                int(layer.multiplier[j]),
                int(layer.shift[j]),
                layer.output.zero_point,
                layer.low,
                layer.high,
                mode,
            )


@pytest.mark.parametrize("per_channel", [False, True])
@pytest.mark.parametrize("mode", MODES)
def test_integer_layer_is_near_float(mode, per_channel, seed):
    """Half a step of the output, and what half steps of weights and bias can add up to."""
    rng = np.random.default_rng(seed)
    w, b, layer = layer_of(rng, mode, per_channel)
    q = rng.integers(-128, 128, (200, 9)).astype(np.int8)
    x = layer.input.dequantize(q)
    z = x @ w.T + b
    slack = (np.abs(x).sum(axis=1)[:, None] + layer.input.scale) * layer.weight_scale / 2
    lowest, highest = layer.output.dequantize(-128), layer.output.dequantize(127)
    got = layer.output.dequantize(layer.forward(q))
    assert (np.abs(got - np.clip(z, lowest, highest)) <= slack + layer.output.scale * 0.51).all()


def test_a_scale_each_channel_keeps_small_channels(seed):
    rng = np.random.default_rng(seed)
    w, _, fine = layer_of(rng, "gemmlowp", per_channel=True)
    coarse = quantize_dense(w, np.zeros(6), fine.input, fine.output, per_channel=False)
    error = [np.abs(layer.weight[2] * layer.weight_scale[2] - w[2]).max() for layer in (fine, coarse)]
    assert error[0] < error[1] / 10
    assert (np.abs(fine.weight).max(axis=1) == 127).all()
    assert np.abs(coarse.weight).max() == 127


def test_relu_is_the_lower_clamp(seed):
    rng = np.random.default_rng(seed)
    w, b, with_relu = layer_of(rng, "gemmlowp", relu_after=True)
    plain = quantize_dense(w, b, with_relu.input, with_relu.output)
    x = rng.integers(-128, 128, (100, 9)).astype(np.int8)
    assert np.array_equal(with_relu.forward(x), np.maximum(plain.forward(x), with_relu.output.zero_point))
    assert (with_relu.forward(x) == with_relu.output.zero_point).any()


@pytest.mark.parametrize("bits", [8, 5, 2])
def test_a_table_is_the_sigmoid_of_its_integers(bits):
    for before in (asymmetric(-8, 8, bits), asymmetric(-0.1, 3, bits), Affine(100.0, 0, bits)):
        table = sigmoid_table(before)
        assert table.dtype == np.int8
        assert len(table) == 2**bits
        for entry, q in zip(table.tolist(), range(before.low, before.high + 1)):
            z = float(before.scale) * (q - before.zero_point)
            exact = Fraction(2**bits) / (1 + Fraction(math.exp(-z))) if z > -700 else Fraction(0)
            wanted = min(round(exact) - 2 ** (bits - 1), 2 ** (bits - 1) - 1)  # round() takes ties to even
            assert entry == wanted
    assert sigmoid_table(Affine(1.0, 3))[3 + 128] == 0  # sigmoid(0) = 1/2 is exact


@pytest.mark.parametrize("bits", [8, 6])
@pytest.mark.parametrize("activations", [["sigmoid", "identity"], ["relu", "sigmoid", "sigmoid"], ["relu"]])
@each_mode
def test_networks_with_sigmoids(mode, activations, bits, seed):
    """Layer by layer: the core's output, the table after it, and the next layer's input."""
    rng = np.random.default_rng(seed)
    sizes = [5, 9, 7, 3][: len(activations)] + [4]
    network = Network.random(sizes, rng, activations=activations, objective="mse_mean")
    x = rng.standard_normal((60, 5))
    quantized = quantize_network(network, x, mode, bits=bits, activation_bits=bits)
    q = quantized.input.quantize(x)
    outputs = quantized.forward(q)
    for layer, name, got in zip(quantized.layers, activations, outputs):
        assert (layer.table is not None) == (name == "sigmoid")
        sums = layer.forward(q)
        assert layer.low == (layer.output.zero_point if name == "relu" else layer.output.low)
        if name == "sigmoid":
            real = layer.activated.dequantize(got)
            assert np.abs(real - sigmoid(layer.output.dequantize(sums))).max() <= 2.0**-bits
            assert real.min() >= 0
        else:
            assert np.array_equal(got, sums)
        q = got
    exact = network.forward(x).output
    error = np.abs(quantized.output.dequantize(outputs[-1]) - exact).max()
    assert error < (0.06 if bits == 8 else 0.25) * max(1, np.abs(exact).max())


# --- channels without their own scale -----------------------------------------------------------------------


def assert_near_float(layer, w, b, x):
    """Outputs within the rounding of weights, bias and output of the real ones, clamped; no sum wraps."""
    w, b = np.asarray(w, float), np.asarray(b, float)
    sx, sy = float(layer.input.scale), float(layer.output.scale)
    q = layer.input.quantize(x)
    sums = (q.astype(np.int64) - layer.input.zero_point) @ layer.weight.T.astype(np.int64) + layer.bias
    assert np.array_equal(layer.accumulate(q), sums), "a sum wrapped"
    real = layer.input.dequantize(q)
    slack = (np.abs(real).sum(axis=1)[:, None] + sx) * layer.weight_scale / 2 + 0.51 * sy
    lowest, highest = layer.output.dequantize(layer.low), layer.output.dequantize(layer.high)
    exact = np.clip(real @ w.T + b, lowest, highest)
    assert (np.abs(layer.output.dequantize(layer.forward(q)) - exact) <= slack).all()


@each_kind
@each_mode
def test_a_pruned_channel_keeps_its_bias(mode, per_channel):
    before, after = asymmetric(0, 255), asymmetric(0, 1)
    w, b = [[1 / 255, 0], [0, 0]], [0.3, 0.4]
    layer = quantize_dense(w, b, before, after, mode, per_channel)
    x = np.array([[0, 0], [100, 0], [127, 255]])
    got = after.dequantize(layer.forward(before.quantize(x)))
    assert np.abs(got[:, 1] - 0.4).max() <= after.scale / 2
    assert np.abs(got[:, 0] - (0.3 + x[:, 0] / 255)).max() <= after.scale
    assert (layer.weight[1] == 0).all()


@each_kind
@each_mode
@pytest.mark.parametrize("bias", [0.0, 1e-300, 5e-324, 0.1, -0.9, 1.0, -3e7, 1e30, -1e300])
@pytest.mark.parametrize("weight", [0.0, 5e-324, 1e-310, 1e-200, 1e-30, 1e-9, 1e-3])
def test_any_bias_goes_with_any_small_weights(mode, per_channel, bias, weight):
    """Zeros, subnormals, biases beyond the output's range: each output is near the real one, or saturates."""
    w = np.array([[weight, -weight / 2, 0], [weight, weight, weight], [0, 0, 0]])
    b = np.array([bias, -bias, bias])
    x = np.array([[0, 0, 0], [-1, 2, 1], [3, 3, 3], [-1, -1, -1.0]])
    for relu_after in (False, True):
        layer = quantize_dense(w, b, asymmetric(-1, 3), asymmetric(-1, 1), mode, per_channel, relu_after)
        assert_near_float(layer, w, b, x)
        if not per_channel:
            continue
        constant = layer.output.dequantize(layer.forward(layer.input.quantize(x))[:, 2])
        floor = layer.output.dequantize(layer.low)
        expected = np.clip(bias, floor, layer.output.dequantize(layer.high))
        assert np.abs(constant - expected).max() <= float(layer.output.scale) * 0.5001


@each_mode
def test_an_idle_channel_has_scale_one(mode):
    layer = quantize_dense(np.zeros((2, 3)), [0, 0.5], asymmetric(-1, 1), asymmetric(-1, 1), mode)
    assert layer.weight_scale[0] == 1
    assert layer.bias[0] == 0
    assert abs(layer.bias[1]) == pytest.approx((2**31 - 1) / 1.0001)  # as fine as int32 can
    for before, after in ((1e30, 1e-30), (1e-30, 1e30)):  # where 1 would be beyond a multiplier
        layer = quantize_dense([[0.0]], [0.0], Affine(before), Affine(after), mode)
        assert layer.forward([[3]]).tolist() == [[0]]


@each_mode
@pytest.mark.parametrize("inputs", [1, 7, 64, 1000])
def test_no_sum_wraps(mode, inputs):
    """ONNX Runtime's rule leaves 214,748 steps between the bias and int32's end; products can take more."""
    before = asymmetric(-1, 1)
    for times in (0.3, 0.99, 0.9999, 1.0, 1.01, 2.0):
        b = np.array([times, -times]) * (2**31 - 1) * float(before.scale) / 127
        w = np.ones((2, inputs)) * [[1], [-1]]
        after = asymmetric(-2 * b[0], 2 * b[0])
        for per_channel in (True, False):
            layer = quantize_dense(w, b, before, after, mode, per_channel)
            ends = np.vstack([np.ones(inputs), -np.ones(inputs), np.linspace(-1, 1, inputs)])
            assert_near_float(layer, w, b, ends)
            assert np.abs(layer.weight).min() > 100 / max(times, 1)  # and are not coarser than they must be


@each_kind
@each_mode
def test_a_layer_without_inputs_is_its_bias(mode, per_channel):
    after = asymmetric(-1, 1)
    layer = quantize_dense(np.zeros((3, 0)), [0.5, -0.25, 0], Affine(1.0), after, mode, per_channel)
    got = after.dequantize(layer.forward(np.zeros((2, 0), np.int8)))
    assert np.abs(got - [0.5, -0.25, 0]).max() <= after.scale * 0.5001


def test_weights_too_large_for_a_mode_are_named():
    unit = Affine(1.0, 0)
    with pytest.raises(ValueError, match="the scale of output 0 is 1e\\+12"):
        quantize_dense([[127.0]], [0], unit, Affine(1e-12, 0))
    for mode in ("gemmlowp", "ruy"):
        with pytest.raises(
            ValueError, match="the scale of output 1 is 1e\\+06 and its sums reach 16256, exp"
        ):
            quantize_dense([[1e-3], [127.0]], [0, 0], unit, Affine(1e-6, 0), mode)
    layer = quantize_dense([[1e-3], [127.0]], [0, 0], unit, Affine(1e-6, 0), "fp32")
    assert layer.forward([[1], [-1], [0]]).tolist() == [[127, 127], [-128, -128], [0, 0]]
    with pytest.raises(ValueError, match="the scale of output 0 is 1e\\+60, .* less than 3.4e38"):
        quantize_dense([[127.0]], [0], Affine(1e30), Affine(1e-30), "fp32")
    with pytest.raises(ValueError, match="weights of output 0 would have the scale"):
        quantize_dense([[0.0]], [1e300], Affine(1e-300), Affine(1e200))


@pytest.mark.parametrize("wrong", NO_NUMBERS)
def test_parameters_that_are_no_numbers_are_named(wrong):
    unit = asymmetric(-1, 1)
    with pytest.raises(NotFinite, match=rf"w\[1\]\[0\] is {wrong}, expected a finite number"):
        quantize_dense([[1.0, 2.0], [wrong, 1.0]], [0, 0], unit, unit)
    with pytest.raises(NotFinite, match=rf"b\[1\] is {wrong}, expected a finite number"):
        quantize_dense([[1.0, 2.0], [3.0, 1.0]], [0, wrong], unit, unit)
    x = np.zeros((3, 2))
    for name, index in (("weights", (1, 0)), ("biases", (0,))):
        network = Network([np.ones((2, 2)), np.ones((2, 2))], [np.zeros(2), np.zeros(2)])
        getattr(network, name)[1][index] = wrong
        shown = "".join(rf"\[{i}\]" for i in (1, *index))
        for use in (
            lambda network=network: calibrate(network, x),
            lambda network=network: quantize_network(network, x),
            lambda network=network: quantize_network(network, None, ranges=[unit] * 3),
            lambda network=network: QuantizationAware.of(network, x),
            lambda network=network: QuantizationAware(network, [(-1, 1)] * 3).loss(x, [0, 0, 0]),
            lambda network=network: QuantizationAware(network, [(-1, 1)] * 3).quantized(),
        ):
            with pytest.raises(NotFinite, match=rf"{name}{shown} is {wrong}"):
                use()
    with pytest.raises(NotFinite, match="expected two numbers that are finite as float"):
        calibrate(Network([np.ones((1, 2))], [np.zeros(1)]), [[0, wrong]])


def test_shapes_that_do_not_fit():
    for w, b in (([[1.0, 2.0]], [1.0, 2.0]), ([1.0], [1.0]), (np.zeros((0, 2)), [])):
        with pytest.raises(ValueError, match="expected \\(outputs, inputs\\)"):
            quantize_dense(w, b, Affine(1.0), Affine(1.0))


def degenerate_network(rng):
    """Pruned channels with and without bias, tiny weights, a dead layer in the middle."""
    w1, b1 = rng.standard_normal((6, 4)), rng.standard_normal(6)
    w1[1:3] = 0
    w1[3] *= 1e-12
    b1[2] = 0
    w2, b2 = rng.standard_normal((3, 6)), np.full(3, -100.0)  # ReLU leaves nothing
    w3, b3 = 10 * rng.standard_normal((4, 3)), np.array([0.3, 0.04, -0.2, 0.0])
    w3[3] = 0
    return Network([w1, w2, w3], [b1, b2, b3])


@each_kind
@each_mode
def test_a_dead_layer_leaves_the_next_one_its_biases(mode, per_channel, seed):
    """A tensor of zeros has any scale; with 1, biases after it were in steps as coarse as the weights."""
    rng = np.random.default_rng(seed)
    network, x = degenerate_network(rng), rng.standard_normal((50, 4))
    quantized = quantize_network(network, x, mode, per_channel)
    logits = quantized.output.dequantize(quantized.forward(quantized.input.quantize(x))[-1])
    exact = network.forward(x).logits
    assert np.ptp(exact, axis=0).max() == 0
    assert np.abs(logits - exact).max() <= quantized.output.scale * 0.51
    first = quantized.layers[0]
    assert_near_float(first, network.weights[0], network.biases[0], x)


def test_a_network_of_zeros_puts_out_zeros():
    network = Network([np.zeros((3, 2)), np.zeros((2, 3))], [np.zeros(3), np.zeros(2)])
    for x in (np.zeros((2, 2)), np.ones((2, 2))):
        for mode in MODES:
            quantized = quantize_network(network, x, mode)
            assert (
                quantized.output.dequantize(quantized.forward(quantized.input.quantize(x))[-1]) == 0
            ).all()


def test_a_constant_tensor_is_exact():
    """Its range is widened to hold 0, and its one value is an end of it."""
    network = Network([np.array([[2.0]]), np.array([[1.0]])], [np.zeros(1), np.zeros(1)])
    for value in (3.0, -3.0):
        x = np.full((5, 1), value)
        quantized = quantize_network(network, x)
        assert quantized.input.dequantize(quantized.input.quantize(x)).ravel().tolist() == pytest.approx(
            [value] * 5
        )
        logits = quantized.output.dequantize(quantized.forward(quantized.input.quantize(x))[-1])
        np.testing.assert_allclose(logits, network.forward(x).logits, rtol=1e-6)


@each_kind
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_training_aware_of_it_knows_the_same_rules(per_channel, dtype, seed):
    """What the straight-through network computes is what its integers do, degenerate channels included."""
    rng = np.random.default_rng(seed)
    network, x = degenerate_network(rng), rng.standard_normal((50, 4)).astype(dtype)
    network.biases[1][:] = rng.standard_normal(3)  # alive again, and once more dead
    for _ in range(2):
        copy = Network([w.astype(dtype) for w in network.weights], [b.astype(dtype) for b in network.biases])
        aware = QuantizationAware.of(copy, x, per_channel=per_channel)
        quantized = aware.quantized()
        logits = quantized.forward(quantized.input.quantize(x))[-1]
        mine = aware.ranges()[-1].quantize(aware.forward(x)[0][-1][1])
        assert np.abs(logits.astype(int) - mine).max() <= 1
        assert (logits == mine).mean() > 0.98
        for gradient in aware.gradients(x, rng.integers(0, 4, 50)):
            assert np.isfinite(gradient).all()
        network.biases[1][:] = -100


# --- against ONNX Runtime -----------------------------------------------------------------------------------

with np.load(Path(__file__).parent / "oracles" / "quantization.npz") as _stored:
    STORED = dict(_stored)


def test_dynamic_quantisation_equals_onnx_runtime():
    """Rows of near ties; float64, as golden once had it, is wrong on many."""
    wrong = {np.float32: 0, np.float64: 0}
    for i, x in enumerate(STORED["dynamic/x"]):
        for dtype in wrong:
            grid = asymmetric(x.min(), x.max(), dtype=dtype)
            wrong[dtype] += int((grid.quantize(x).astype(int) + 128 != STORED["dynamic/y"][i]).sum())
        grid = asymmetric(x.min(), x.max())
        assert grid.scale == STORED["dynamic/scale"][i]
        assert grid.zero_point + 128 == STORED["dynamic/zero_point"][i]
    assert wrong[np.float32] == 0
    assert wrong[np.float64] > 100


@pytest.mark.parametrize("name", STORED["layers"].tolist())
def test_weight_scales_are_those_of_onnx_runtime(name):
    """All but those of channels without weights, which ONNX Runtime gives scale 1 whatever the bias.

    ONNX Runtime rounds 1.0001 times 2 |b| to float32, which may move a raised scale by a float32 step.
    """
    w, b, x, per_channel = (STORED[f"{name}/{key}"] for key in ("w", "b", "x", "per_channel"))
    before, after = (
        Affine(np.float32(STORED[f"{name}/{t}_scale"]), int(STORED[f"{name}/{t}_zero_point"])) for t in "xy"
    )
    layer = quantize_dense(w, b, before, after, "fp32", bool(per_channel))
    q = before.quantize(x)
    has_weights = (w != 0).any(axis=1) if per_channel else np.full(len(b), w.any())
    theirs = np.broadcast_to(STORED[f"{name}/weight_scale"], len(b)).astype(float)
    mine, theirs = layer.weight_scale[has_weights], theirs[has_weights]
    assert (np.abs(mine / theirs - 1) <= 2.0**-23).all()
    assert np.array_equal(layer.weight, STORED[f"{name}/q_weight"])
    own = np.abs(w).max(axis=1 if per_channel else None) * np.ones(len(b)) / 127
    raised = mine > 1.5 * own[has_weights]
    assert raised.any() == ("tiny channel, a" in name or "just too small, a" in name or "all tiny" in name)
    outputs, answers = layer.forward(q), STORED[f"{name}/q"]
    differ = (outputs != answers)[:, has_weights]
    assert differ.sum() <= 1  # their requantisation scale is a product of float32, so a tie may go elsewhere
    if not has_weights.all():  # right to half a step, which theirs need not be
        error = [np.abs(after.dequantize(v) - b)[:, ~has_weights] for v in (outputs, answers)]
        assert (error[0] <= float(after.scale) * 0.5001).all()
        assert (error[0] <= error[1] + 1e-6).all()


@pytest.mark.parametrize("per_channel", [False, True])
@pytest.mark.parametrize("mode", MODES)
def test_network_keeps_its_labels(mode, per_channel):
    rng = np.random.default_rng(5)
    network = Network.random([12, 16, 10, 4], rng)
    x = rng.standard_normal((400, 12))
    quantized = quantize_network(network, x[:200], mode, per_channel)
    assert [layer.low for layer in quantized.layers] == [
        quantized.layers[0].output.zero_point,
        quantized.layers[1].output.zero_point,
        -128,
    ]
    assert quantized.layers[1].input is quantized.layers[0].output
    outputs = quantized.forward(quantized.input.quantize(x))
    logits = quantized.output.dequantize(outputs[-1])
    exact = network.forward(x).logits
    assert np.abs(logits - exact)[:200].max() < 0.1 * np.abs(exact).max()
    assert (quantized.predict(quantized.input.quantize(x)) == network.predict(x)).mean() > 0.93


def test_calibration_measures_after_relu():
    network = Network([np.array([[1.0], [-1.0]]), np.array([[1.0, 1.0]])], [np.zeros(2), np.array([-3.0])])
    ranges = calibrate(network, np.array([[-2.0], [1.0]]))
    assert ranges[0] == asymmetric(-2, 1)
    assert ranges[1] == asymmetric(0, 2)
    assert ranges[2] == asymmetric(-2, -1)
