# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Stores the answers of released int8 runtimes to layers chosen to produce ties.

    pip install --pre -r requirements-oracles.txt
    python -m tests.oracles.make_vectors [tflite_micro] [litert] [onnxruntime]

Each runtime gets small fully connected and 1x1 convolution layers, built here without any framework, through
its own model format and its public API. tests/oracles/<runtime>.npz keeps the layers' operands and the
runtime's outputs; tests/test_oracles.py compares golden, and the RTL, with them. No rounding of macrame is
used here, only QuantizeMultiplier, to know where the ties are.

A layer of N outputs is one row of K activations times K x N weights, plus a bias for each output, which moves
the accumulator to a corner case. Input and output scale are 1, so the weight scales, float32 numbers, are
the scales of the requantisation, exactly.

Arrays of a file: a (layers, K) int8; zero_point, low, high (layers) int8; op (layers) names; layer (outputs)
index; w (outputs, K) int8; bias (outputs) int32; scale (outputs) float32; q (outputs) int8, the answers;
runtime, version.
"""

import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np

from macrame.golden.arith.requantize import quantize_multiplier
from tb.lib import stimuli

HERE = Path(__file__).parent
K = 4
ACTIVATIONS = ("none", "relu", "relu6")


def limits(activation, zero_point):
    """Clamp of a fused activation at output scale 1."""
    low = -128 if activation == "none" else zero_point
    return low, min(127, zero_point + 6) if activation == "relu6" else 127


# --- corner-case layers ---------------------------------------------------------------------------------


def integer_accumulators(rng, scale):
    """An accumulator for each scale: a tie of the right shift or of SRDHM, or anywhere in reach of int8."""
    m, s = (v.astype(np.int64) for v in quantize_multiplier(scale.astype(np.float64)))
    e = np.maximum(-s, 0)
    room = np.minimum(200, 2.0 ** (29 - np.minimum(e, 29)))
    y = np.floor(rng.uniform(-room, room)).astype(np.int64) * 2**e + 2**e // 2
    shift_tie = np.rint(y * 2.0**31 / np.maximum(m, 1))
    zeros = np.log2(np.maximum(m & -m, 1)).astype(np.int64)  # trailing zeros of m
    product_tie = (2 * rng.integers(-8, 8, scale.size) + 1) * 2.0 ** (30 - zeros)
    anywhere = rng.uniform(-200, 200, scale.size) / scale
    kind = rng.random(scale.size)
    x = np.where(kind < 0.6, shift_tie, np.where((kind < 0.75) & (zeros > 6), product_tie, anywhere))
    # x << s must not overflow, which C leaves undefined
    reach = np.minimum(2.0**31 - 2**17, 2.0 ** (30 - np.maximum(s, 0)))
    return np.clip(np.rint(x), -reach, reach).astype(np.int64)


def integer_scales(rng, n):
    """2^-31..2, most with 24 significant bits, some with few."""
    scale = np.exp2(rng.uniform(-31, 1, n))
    few = np.exp2(rng.integers(-30, 0, n)) * rng.integers(1, 16, n) / 8
    return np.where(rng.random(n) < 0.3, few, scale).astype(np.float32)


def float_accumulators(rng, n):
    """(accumulators, positive scales): ties of float32(x), of the product, of the integer, and anything."""
    parts = [
        stimuli.float_integer_ties(rng, n),
        stimuli.float_conversion_ties(rng, n),
        stimuli.float_product_ties(rng, n),
        stimuli.float_random(rng, n),
    ]
    x = np.concatenate([p["x"] for p in parts]).astype(np.int64)
    scale = np.abs(np.concatenate([p["multiplier"] for p in parts]).view(np.float32))
    some = rng.permutation(x.size)[:n]
    return np.clip(x[some], -(2**31) + 2**17, 2**31 - 2**17), scale[some]


def draw(rng, op, n, accumulators):
    """One layer; `accumulators(rng, n)` gives (x, scale)."""
    x, scale = accumulators(rng, n)
    a = rng.integers(-128, 128, K).astype(np.int8)
    w = rng.integers(-127, 128, (n, K)).astype(np.int8)  # TFLite's weights leave -128 out
    bias = (x - w.astype(np.int64) @ a.astype(np.int64)).astype(np.int32)
    zero_point = int(rng.integers(-128, 128))
    return {"op": op, "a": a, "w": w, "bias": bias, "scale": scale, "zero_point": zero_point}


# --- TFLite: a model of one operator ----------------------------------------------------------------------


def tflite_model(layer, activation):
    """A .tflite file as bytes: FULLY_CONNECTED with one weight scale, or 1x1 CONV_2D with one per channel."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    conv = layer["op"] == "conv"
    n = len(layer["w"])
    scale = layer["scale"] if conv else layer["scale"][:1]

    def tensor(name, shape, kind, buffer, scales, zero=0):
        t = schema.TensorT()
        t.name, t.shape, t.type, t.buffer = name, list(shape), kind, buffer
        t.quantization = schema.QuantizationParametersT()
        t.quantization.scale = np.asarray(scales, np.float32)
        t.quantization.zeroPoint = np.full(len(t.quantization.scale), zero, np.int64)
        t.quantization.quantizedDimension = 0
        return t

    def buffer(data=None):
        b = schema.BufferT()
        b.data = None if data is None else np.frombuffer(data.tobytes(), np.uint8)
        return b

    kinds = schema.TensorType
    lead = [1, 1, 1] if conv else [1]
    weights = [n, 1, 1, K] if conv else [n, K]
    graph = schema.SubGraphT()
    graph.tensors = [
        tensor("a", [*lead, K], kinds.INT8, 0, [1.0]),
        tensor("w", weights, kinds.INT8, 1, scale),
        tensor("bias", [n], kinds.INT32, 2, scale),
        tensor("q", [*lead, n], kinds.INT8, 0, [1.0], layer["zero_point"]),
    ]
    graph.inputs, graph.outputs = [0], [3]
    operator, code = schema.OperatorT(), schema.OperatorCodeT()
    operator.opcodeIndex, operator.inputs, operator.outputs = 0, [0, 1, 2], [3]
    fused = getattr(schema.ActivationFunctionType, activation.upper())
    if conv:
        code.builtinCode, code.version = schema.BuiltinOperator.CONV_2D, 3
        operator.builtinOptionsType = schema.BuiltinOptions.Conv2DOptions
        options = schema.Conv2DOptionsT()
        options.padding = schema.Padding.VALID
        options.strideW = options.strideH = options.dilationWFactor = options.dilationHFactor = 1
    else:
        code.builtinCode, code.version = schema.BuiltinOperator.FULLY_CONNECTED, 4
        operator.builtinOptionsType = schema.BuiltinOptions.FullyConnectedOptions
        options = schema.FullyConnectedOptionsT()
    code.deprecatedBuiltinCode = code.builtinCode
    options.fusedActivationFunction = fused
    operator.builtinOptions = options
    graph.operators = [operator]
    model = schema.ModelT()
    model.version, model.operatorCodes, model.subgraphs = 3, [code], [graph]
    model.buffers = [buffer(), buffer(layer["w"]), buffer(layer["bias"])]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def ask_tflite_micro(layer, activation):
    """TFLite Micro's reference kernels."""
    from tflite_micro.python.tflite_micro import runtime

    interpreter = runtime.Interpreter.from_bytes(tflite_model(layer, activation), arena_size=2**20)
    interpreter.set_input(layer["a"].reshape((1, 1, 1, K) if layer["op"] == "conv" else (1, K)), 0)
    interpreter.invoke()
    return interpreter.get_output(0).reshape(-1)


def ask_litert(layer, activation):
    """TFLite's optimised int8 kernels (ruy), no delegate."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    interpreter = Interpreter(
        model_content=tflite_model(layer, activation),
        num_threads=1,
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    interpreter.allocate_tensors()
    given, asked = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    interpreter.set_tensor(given["index"], layer["a"].reshape(given["shape"]))
    interpreter.invoke()
    return interpreter.get_tensor(asked["index"]).reshape(-1)


# --- ONNX Runtime -----------------------------------------------------------------------------------------


def ask_onnxruntime(layer, activation):
    """ONNX Runtime's QLinearConv and QGemm on its CPU provider, one scale per channel."""
    import onnxruntime
    from onnx import TensorProto, checker, helper, numpy_helper

    assert activation == "none", "clamping there is a separate operator"
    conv = layer["op"] == "conv"
    n = len(layer["w"])
    one, zero = np.float32(1), np.int8(0)
    weights = layer["w"].reshape(n, K, 1, 1) if conv else layer["w"].T
    constants = {
        "a_scale": one,
        "a_zero": zero,
        "w": weights,
        "w_scale": layer["scale"],
        "w_zero": np.zeros(n, np.int8),
        "bias": layer["bias"],
        "q_scale": one,
        "q_zero": np.int8(layer["zero_point"]),
    }
    names = ["a", "a_scale", "a_zero", "w", "w_scale", "w_zero"]
    if conv:
        names += ["q_scale", "q_zero", "bias"]
        node = helper.make_node("QLinearConv", names, ["q"], kernel_shape=[1, 1])
    else:
        names += ["bias", "q_scale", "q_zero"]
        node = helper.make_node("QGemm", names, ["q"], domain="com.microsoft")
    shape_in, shape_out = ([1, K, 1, 1], [1, n, 1, 1]) if conv else ([1, K], [1, n])
    graph = helper.make_graph(
        [node],
        "layer",
        [helper.make_tensor_value_info("a", TensorProto.INT8, shape_in)],
        [helper.make_tensor_value_info("q", TensorProto.INT8, shape_out)],
        [numpy_helper.from_array(np.ascontiguousarray(v), k) for k, v in constants.items()],
    )
    model = helper.make_model(
        graph,
        ir_version=9,
        opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)],
    )
    checker.check_model(model)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"a": layer["a"].reshape(shape_in)})[0].reshape(-1)


# --- making the files -------------------------------------------------------------------------------------


def integer_layers(rng):
    """8 convolutions with a scale per channel, 24 fully connected layers with one for all."""

    def each(rng, n):
        scale = integer_scales(rng, n)
        return integer_accumulators(rng, scale), scale

    def shared(rng, n):
        scale = np.repeat(integer_scales(rng, 1), n)
        return integer_accumulators(rng, scale), scale

    for i in range(8):
        yield draw(rng, "conv", 1024, each), ACTIVATIONS[max(0, i - 5)]
    for i in range(24):
        yield draw(rng, "fully_connected", 128, shared), ACTIVATIONS[max(0, i - 21)]


def float_layers(rng):
    """Convolutions and products, a scale per channel."""
    for i in range(12):
        yield draw(rng, "conv" if i % 2 else "gemm", 1024, float_accumulators), "none"


RUNTIMES = {
    "tflite_micro": (ask_tflite_micro, integer_layers, "tflite_micro"),
    "litert": (ask_litert, integer_layers, "ai-edge-litert"),
    "onnxruntime": (ask_onnxruntime, float_layers, "onnxruntime"),
}


def make(name, seed=1):
    """Run one runtime and store its answers; returns the number of outputs."""
    ask, layers, package = RUNTIMES[name]
    rng = np.random.default_rng(seed)
    rows = []
    for layer, activation in layers(rng):
        q = ask(layer, activation)
        assert q.dtype == np.int8, q.dtype
        assert q.shape == layer["bias"].shape, q.shape
        low, high = limits(activation, layer["zero_point"])
        rows.append({**layer, "low": low, "high": high, "q": q})
    stack = {k: np.array([r[k] for r in rows], np.int8) for k in ("a", "zero_point", "low", "high")}
    stack |= {k: np.concatenate([r[k] for r in rows]) for k in ("w", "bias", "scale", "q")}
    np.savez_compressed(
        HERE / f"{name}.npz",
        op=[r["op"] for r in rows],
        layer=np.repeat(np.arange(len(rows), dtype=np.uint16), [r["q"].size for r in rows]),
        runtime=package,
        version=version(package),
        **stack,
    )
    return stack["q"].size


if __name__ == "__main__":
    for chosen in sys.argv[1:] or RUNTIMES:
        if chosen not in RUNTIMES:
            sys.exit(f"{chosen}: expected one of {', '.join(RUNTIMES)}")
        print(f"{chosen}: {make(chosen)} outputs, {(HERE / f'{chosen}.npz').stat().st_size:,} bytes")
