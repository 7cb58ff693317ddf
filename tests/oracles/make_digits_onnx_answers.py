# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Run macrame/nets/digits.onnx in ONNX Runtime, and store its answers for the held-out images.

    pip install -r requirements-oracles.txt && python -m tests.oracles.make_digits_onnx_answers

digits_onnx.npz has the output for every image, "outputs"; in `about` the SHA-256 of every tensor of all
images; and "<tensor>" every tensor of the first `IMAGES`. All operators are on integers, so that the level of
optimisation does not matter: the script checks that.
"""

import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

from macrame.nets import digits
from tests.nets.onnx_cases import digest
from tests.oracles.make_onnx_answers import features

OUT = Path(__file__).with_name("digits_onnx.npz")
IMAGES = 3
LEVELS = onnxruntime.GraphOptimizationLevel


def session(proto, level):
    """A session on one thread."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level, options.intra_op_num_threads = level, 1
    return onnxruntime.InferenceSession(proto.SerializeToString(), options, ["CPUExecutionProvider"])


def main():
    """Write the file."""
    proto = onnx.load(digits.ONNX)
    images = digits.held_out()[0].transpose(0, 1, 4, 2, 3)  # (n, 1, 1, 8, 8)
    given = proto.graph.input[0].name
    alone = [session(proto, level) for level in (LEVELS.ORT_DISABLE_ALL, LEVELS.ORT_ENABLE_ALL)]
    outputs = [np.concatenate([s.run(None, {given: image})[0] for image in images]) for s in alone]
    np.testing.assert_array_equal(*outputs)
    names = [node.output[0] for node in proto.graph.node]
    del proto.graph.output[:]
    proto.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
    every = session(proto, LEVELS.ORT_ENABLE_ALL)
    found = [every.run(names, {given: image}) for image in images]
    tensors = {name: np.concatenate(parts) for name, parts in zip(names, zip(*found))}
    np.testing.assert_array_equal(tensors[names[-1]], outputs[0])
    about = {"onnxruntime": onnxruntime.__version__, "features": features()}
    about["digests"] = {name: digest(values) for name, values in tensors.items()}
    stored = {name: values[:IMAGES] for name, values in tensors.items()}
    np.savez_compressed(OUT, about=np.array(json.dumps(about)), outputs=outputs[0], **stored)
    print(f"{len(images)} images, {len(names)} tensors, {OUT.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
