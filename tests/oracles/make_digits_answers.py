# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Run macrame/nets/digits.tflite in TFLite Micro, and store its answers for the held-out images.

    pip install --pre -r requirements-oracles.txt && python -m tests.oracles.make_digits_answers

digits.npz has the output for every image, "outputs", and "t<number>" with every other activation for the
first `IMAGES`.
"""

from importlib import metadata
from pathlib import Path

import numpy as np
from tflite_micro.python.tflite_micro import runtime

from macrame.nets import digits, tflite

OUT = Path(__file__).with_name("digits.npz")
IMAGES = 20


def main():
    """Write the file."""
    graph = tflite.read(digits.MODEL)
    inner = [graph.tensors[op.outputs[0]] for op in graph.ops]
    # the runtime gives the inner tensors only if asked to keep them; its argument is spelled so
    keep = runtime.InterpreterConfig.kPreserveAllTensors
    interpreter = runtime.Interpreter.from_file(
        str(digits.MODEL), arena_size=1 << 20, intrepreter_config=keep
    )
    outputs, tensors = [], {f"t{tensor.number}": [] for tensor in inner}
    for number, image in enumerate(digits.held_out()[0]):
        interpreter.set_input(image, 0)
        interpreter.invoke()
        outputs.append(np.array(interpreter.get_output(0)))
        if number < IMAGES:
            for tensor in inner:
                found = interpreter.GetTensor(tensor.number, 0)
                found = found if isinstance(found, np.ndarray) else found["tensor_data"]
                tensors[f"t{tensor.number}"].append(np.array(found).reshape(tensor.shape))
    stored = {"outputs": np.concatenate(outputs)}
    stored |= {name: np.stack(values) for name, values in tensors.items()}
    np.savez_compressed(OUT, tflite_micro=np.array(metadata.version("tflite_micro")), **stored)
    print(f"{len(outputs)} images, {len(inner)} tensors of the first {IMAGES}")


if __name__ == "__main__":
    main()
