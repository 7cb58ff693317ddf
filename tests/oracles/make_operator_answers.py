# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Run the networks of tests/nets/cases.py in TFLite Micro, and store the SHA-256 of each output.

    pip install --pre tflite-micro && python -m tests.oracles.make_operator_answers

tflm_operators.json has the version of the runtime, and for each case the first 16 digits of the hash, or null
if the runtime rejects the network; "rows" the same for a million rows of softmax.
"""

import hashlib
import json
from importlib import metadata
from pathlib import Path

from tflite_micro.python.tflite_micro import runtime

from macrame.nets import tflite_writer
from tests.nets import cases

OUT = Path(__file__).with_name("tflm_operators.json")


def answer(graph, inputs):
    """The hash of the output, or None."""
    try:
        interpreter = runtime.Interpreter.from_bytes(
            tflite_writer.encode(tflite_writer.lower(graph)), arena_size=1 << 24
        )
        for number, values in enumerate(inputs):
            interpreter.set_input(values, number)
        interpreter.invoke()
    except RuntimeError:
        return None
    return hashlib.sha256(interpreter.get_output(0).tobytes()).hexdigest()[:16]


def main():
    """Write the file."""
    answers = {name: answer(graph, inputs) for name, graph, inputs in cases.every()}
    rows = {name: answer(graph, inputs) for name, graph, inputs in cases.many_rows()}
    found = {"tflite_micro": metadata.version("tflite_micro"), "answers": answers, "rows": rows}
    OUT.write_text(json.dumps(found, indent=0) + "\n")
    print(f"{len(answers)} cases, {sum(a is None for a in answers.values())} rejected by the runtime")


if __name__ == "__main__":
    main()
