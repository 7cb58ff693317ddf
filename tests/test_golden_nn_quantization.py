# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""macrame.golden.nn.quantization: scales and zero points, and integer layers against loops and against
float."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from macrame.golden.arith.requantize import requantize_plain, wrap32
from macrame.golden.nn.affine import Affine, NotFinite, asymmetric, symmetric
from macrame.golden.nn.network import Network
from macrame.golden.nn.quantization import calibrate, quantize_dense, quantize_network

MODES = ("gemmlowp", "ruy", "fp32")


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


@pytest.mark.parametrize("ends", [(1, 0), (np.nan, 1), (0, np.inf), (-1e39, 0), (0, 3.5e38)])
def test_asymmetric_refuses_what_is_no_range(ends):
    with pytest.raises(ValueError, match="expected two finite numbers"):
        asymmetric(*ends)


def test_numbers_too_small_for_a_scale_are_zeros():
    """Of 5e-324 / 127 float64 has nothing but 0, by which nothing can be divided."""
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


def test_what_does_not_fit_is_named():
    small, unit = Affine(1e-6, 0), Affine(1.0, 0)
    with pytest.raises(ValueError, match="bias 1 of output 1 .* int32"):
        quantize_dense([[1e-6], [1e-6]], [0, 1], small, unit)
    with pytest.raises(ValueError, match="output 0 is to be scaled by"):
        quantize_dense([[127.0]], [0], unit, Affine(1e-12, 0))


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
