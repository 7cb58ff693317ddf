# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Record what TFLite Micro answers for ADD, SUB and MUL of int8 tensors, in elementwise.npz.

    pip install tflite_micro flatbuffers
    python -m tests.oracles.make_elementwise_vectors

Scales of every ratio, zero points over the full range, and pairs of operands that repeat corners; so the
suite compares golden and the host's tables with a released runtime without installing it.
"""

from importlib.metadata import version
from pathlib import Path

import numpy as np

OPS = ("add", "sub", "mul")
SETS, PAIRS = 24, 2048
#: Limits of results by fused activation, as real numbers; the kernel quantises them with the result's scale.
ACTIVATIONS = ("NONE", "RELU", "RELU6")


def scales(rng, op):
    """Scales of x, y and the result, and their zero points."""
    a, b = np.exp(rng.uniform(-7, 3, 2))
    size = a * b * 100 if op == "mul" else a + b
    out = size * np.exp(rng.uniform(-2, 2))
    if op == "mul" and rng.random() < 0.2:  # a left shift
        out = a * b / 2 ** rng.uniform(0, 6)
    return np.float32([a, b, out]), rng.integers(-128, 128, 3)


def model(op, scale, zero_point, shape, activation):
    """A .tflite file as bytes: one operator."""
    import flatbuffers
    from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

    def tensor(name, n):
        t = schema.TensorT()
        t.name, t.shape, t.type, t.buffer = name, list(shape), schema.TensorType.INT8, 0
        t.quantization = schema.QuantizationParametersT()
        t.quantization.scale = scale[n : n + 1]
        t.quantization.zeroPoint = np.int64(zero_point[n : n + 1])
        return t

    graph = schema.SubGraphT()
    graph.tensors = [tensor(name, n) for n, name in enumerate(("x", "y", "q"))]
    graph.inputs, graph.outputs = [0, 1], [2]
    operator, code = schema.OperatorT(), schema.OperatorCodeT()
    operator.opcodeIndex, operator.inputs, operator.outputs = 0, [0, 1], [2]
    code.builtinCode, code.version = getattr(schema.BuiltinOperator, op.upper()), 2
    code.deprecatedBuiltinCode = code.builtinCode
    name = f"{op.capitalize()}Options"
    operator.builtinOptionsType = getattr(schema.BuiltinOptions, name)
    operator.builtinOptions = getattr(schema, f"{name}T")()
    operator.builtinOptions.fusedActivationFunction = getattr(schema.ActivationFunctionType, activation)
    graph.operators = [operator]
    whole = schema.ModelT()
    whole.version, whole.operatorCodes, whole.subgraphs = 3, [code], [graph]
    whole.buffers = [schema.BufferT()]
    builder = flatbuffers.Builder(1024)
    builder.Finish(whole.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def ask(op, scale, zero_point, x, y, activation):
    """TFLite Micro's reference kernel."""
    from tflite_micro.python.tflite_micro import runtime

    content = model(op, scale, zero_point, (1, x.size), activation)
    interpreter = runtime.Interpreter.from_bytes(content, arena_size=2**20)
    for n, values in enumerate((x, y)):
        interpreter.set_input(values.reshape(1, -1), n)
    interpreter.invoke()
    return interpreter.get_output(0).reshape(-1)


def make(seed=1):
    """All answers, as the arrays of elementwise.npz."""
    rng = np.random.default_rng(seed)
    found = {name: [] for name in ("scale", "zero_point", "activation", "x", "y", "q")}
    for op in OPS:
        for n in range(SETS):
            scale, zero_point = scales(rng, op)
            x, y = rng.integers(-128, 128, (2, PAIRS)).astype(np.int8)
            corners = np.int8([-128, -127, -1, 0, 1, 127])
            x[: corners.size**2], y[: corners.size**2] = np.repeat(corners, 6), np.tile(corners, 6)
            activation = ACTIVATIONS[n % len(ACTIVATIONS)]
            q = ask(op, scale, zero_point, x, y, activation)
            values = scale, zero_point, n % len(ACTIVATIONS), x, y, q
            for name, value in zip(found, values):
                found[name].append(value)
    return {name: np.array(values) for name, values in found.items()}


def main():
    """Write elementwise.npz."""
    path = Path(__file__).with_name("elementwise.npz")
    np.savez_compressed(path, runtime=f"tflite_micro {version('tflite_micro')}", **make())
    print(path.name, path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
