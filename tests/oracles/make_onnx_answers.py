# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Run the networks of tests/nets/onnx_cases.py in ONNX Runtime, and store every integer tensor.

    pip install -r requirements-oracles.txt && python -m tests.oracles.make_onnx_answers

Each network runs twice: with its own outputs, and with every integer tensor as an output too; both runs must
agree. Level of optimisation: extended, with session.qdqisint8allowed, on one thread. onnx_networks.npz has
the tensors, `<network>/<tensor>`; `about` has versions and the processor's features; `file/<network>` the
.onnx file of some networks; `operators` the SHA-256 of the outputs of the single operators.
"""

import json
import platform
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

from macrame.nets import onnx_model
from tests.nets import onnx_cases

OUT = Path(__file__).with_name("onnx_networks.npz")
LEVEL = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
FILES = ("mlp-int8-int8-channel-qdq", "cnn-uint8-uint8-tensor-qoperator", "residual-uint8-int8-channel-qdq")


def run(model, given, more=()):
    """The values of the outputs, by name, for the values of the inputs."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = LEVEL
    options.intra_op_num_threads = 1
    options.add_session_config_entry("session.qdqisint8allowed", "1")
    outputs = tuple(dict.fromkeys((*model.outputs, *more)))
    data = onnx_model.encode(replace(model, outputs=outputs))
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    names = [value.name for value in session.get_outputs()]
    return dict(zip(names, session.run(names, dict(zip((value.name for value in model.inputs), given)))))


def features():
    """The processor's vector instructions."""
    flags = next(line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("flags"))
    wanted = ("avx", "avx2", "fma", "avx512f", "avx512_vnni", "avx_vnni", "amx_int8")
    return [flag for flag in wanted if flag in flags.split()]


def main():
    """Write the file."""
    about = {
        "onnxruntime": onnxruntime.__version__,
        "onnx": onnx.__version__,
        "level": "extended",
        "machine": platform.machine(),
        "features": features(),
    }
    arrays = {"about": np.array(json.dumps(about))}
    for name, model, given, integers in onnx_cases.every():
        alone, answers = run(model, [given]), run(model, [given], integers)
        for key, value in alone.items():
            np.testing.assert_array_equal(answers[key], value, err_msg=f"{name} {key}")
        arrays |= {f"{name}/{key}": value for key, value in answers.items()}
        if name in FILES:
            arrays[f"file/{name}"] = np.frombuffer(onnx_model.encode(model), np.uint8)
    digests = {}
    for name, model, given in onnx_cases.operators():
        (value,) = run(model, given).values()
        digests[name] = onnx_cases.digest(value)
    arrays["operators"] = np.array(json.dumps(digests))
    np.savez_compressed(OUT, **arrays)
    print(f"{len(arrays)} arrays, {len(digests)} operators, {OUT.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
