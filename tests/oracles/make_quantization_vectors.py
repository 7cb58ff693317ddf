# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Stores ONNX Runtime's quantisation of activations and of layers with degenerate channels.

    pip install onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
    python -m tests.oracles.make_quantization_vectors

Two questions, two groups of arrays in tests/oracles/quantization.npz:

dynamic/*   DynamicQuantizeLinear of rows x (float32), many elements near a tie: y (uint8), scale (float32)
            and zero_point (uint8) of each row.
<layer>/*   Static quantisation (QDQ, int8, min-max calibration on x) of a dense layer w, b (float32):
            x_scale, x_zero_point, y_scale, y_zero_point, weight_scale (float32) of each channel, or one, the
            integers q_weight and q_bias, and q, the int8 outputs of the quantised model for x.

tests/test_golden_nn_quantization.py compares macrame.golden.nn with them; nothing of macrame is used here.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
SAMPLES, INPUTS, OUTPUTS = 24, 8, 5


def dynamic_rows(rng):
    """Rows of numbers halfway between two steps of the row's scale, as nearly as float32 has them."""
    rows = []
    for _ in range(48):
        low, high = np.float32(-rng.uniform(0, 5)), np.float32(rng.uniform(0, 5))
        if rng.random() < 0.3:
            low, high = rng.permutation([np.float32(0), low if rng.random() < 0.5 else high])
            low, high = min(low, high), max(low, high)
        scale = (float(high) - float(low)) / 255
        halves = (np.floor(rng.uniform(low / scale, high / scale, 14)) + 0.5) * scale
        rows.append(np.concatenate([[low, high], halves]).astype(np.float32))
    return np.array(rows)


def layers(rng):
    """(w, b) by name: ordinary layers, and channels whose bias needs another scale than their weights."""
    w = rng.standard_normal((OUTPUTS, INPUTS))
    b = rng.standard_normal(OUTPUTS)
    by_name = {"ordinary": (w, b)}
    by_name["tiny channel"] = (w * [[1], [1e-9], [1], [1e-12], [1]], b)
    by_name["just too small"] = (w * [[1e-6], [1], [3e-7], [1], [1]], np.array([40.0, 0.1, -30.0, 0.2, 9.0]))
    by_name["all tiny"] = (1e-11 * w, b)
    by_name["pruned channel"] = (w * [[1], [0], [1], [0], [1]], np.array([0.3, 0.4, -0.2, 0.0, 0.1]))
    by_name["no weights"] = (0 * w, b)
    return {name: (w.astype(np.float32), b.astype(np.float32)) for name, (w, b) in by_name.items()}


def dynamic(rows):
    """ONNX Runtime's DynamicQuantizeLinear, row by row."""
    import onnxruntime
    from onnx import TensorProto, helper

    graph = helper.make_graph(
        [helper.make_node("DynamicQuantizeLinear", ["x"], ["y", "scale", "zero_point"])],
        "dynamic",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None])],
        [
            helper.make_tensor_value_info(name, kind, None)
            for name, kind in (
                ("y", TensorProto.UINT8),
                ("scale", TensorProto.FLOAT),
                ("zero_point", TensorProto.UINT8),
            )
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    answers = [session.run(None, {"x": row}) for row in rows]
    return {name: np.array(column) for name, column in zip(("y", "scale", "zero_point"), zip(*answers))}


def static(w, b, x, per_channel):
    """ONNX Runtime's static quantisation of one layer, and the outputs of the quantised model."""
    import onnx
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

    class Reader(CalibrationDataReader):
        def __init__(self):
            self.rest = iter([{"x": x}])

        def get_next(self):
            return next(self.rest, None)

    graph = helper.make_graph(
        [helper.make_node("Gemm", ["x", "w", "b"], ["y"], transB=1)],
        "layer",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, w.shape[1]])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, w.shape[0]])],
        [numpy_helper.from_array(w, "w"), numpy_helper.from_array(b, "b")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    with tempfile.TemporaryDirectory() as folder:
        source, result = Path(folder) / "float.onnx", Path(folder) / "int8.onnx"
        onnx.save(model, source)
        quantize_static(
            source,
            result,
            Reader(),
            quant_format=QuantFormat.QDQ,
            per_channel=per_channel,
            activation_type=QuantType.QInt8,
            weight_type=QuantType.QInt8,
        )
        quantized = onnx.load(result)
        session = onnxruntime.InferenceSession(str(result))
        y = session.run(None, {"x": x})[0]
    found = {t.name: numpy_helper.to_array(t) for t in quantized.graph.initializer}
    q = np.rint(y.astype(np.float64) / found["y_scale"]) + found["y_zero_point"]
    return {
        "x_scale": found["x_scale"],
        "x_zero_point": found["x_zero_point"],
        "y_scale": found["y_scale"],
        "y_zero_point": found["y_zero_point"],
        "weight_scale": found["w_scale"],
        "q_weight": found["w_quantized"],
        "q_bias": found["b_quantized"],
        "q": q.astype(np.int8),
    }


def make(seed=1):
    """Run ONNX Runtime, and store its answers; returns their number."""
    import onnxruntime

    rng = np.random.default_rng(seed)
    rows = dynamic_rows(rng)
    arrays = {"dynamic/x": rows, **{f"dynamic/{key}": v for key, v in dynamic(rows).items()}}
    names = []
    for name, (w, b) in layers(rng).items():
        x = rng.standard_normal((SAMPLES, INPUTS)).astype(np.float32)
        for per_channel in (True, False):
            names.append(f"{name}, {'a scale each' if per_channel else 'one scale'}")
            stored = {"w": w, "b": b, "x": x, "per_channel": per_channel}
            stored |= static(w, b, x, per_channel)
            arrays |= {f"{names[-1]}/{key}": value for key, value in stored.items()}
    np.savez_compressed(HERE / "quantization.npz", layers=names, version=onnxruntime.__version__, **arrays)
    return sum(np.size(v) for v in arrays.values())


if __name__ == "__main__":
    if len(sys.argv) > 1:
        sys.exit(f"{sys.argv[1]}: expected no arguments")
    print(f"onnxruntime: {make()} numbers, {(HERE / 'quantization.npz').stat().st_size:,} bytes")
