# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Train the digits network of problem 8 in bf16 on the RTL.

Every product of the forward and backward pass and every vector operation, including the update, is computed
by a simulated core and a simulated vector unit. Each result is compared with the golden model immediately;
after each step all weights and biases are compared with an independent run of the golden model, and at the
end their SHA-256 hashes. An fp32 network trains alongside from the same start on the same batches. The
network, the split, the batch size and the learning rate are those of p8_training.toml; the report is
train/train.json in the build directory.
"""

from macrame.cli.command import PAGE, SEED, SIM, Option

INSTALLS = "train"
EXTRA = "homework,verilator"
PROGRAM = "macrame.homework.train"
OPTIONS = (
    Option("epochs", "passes over the training images, 1 to 1000", "as in p8_training.toml"),
    Option("steps", "number of updates, 1 to 1000000", "those of all epochs"),
    Option("homework", "directory with your own p8_training.toml"),
    Option(SIM.name, "simulator: verilator, or icarus, which is much slower", "verilator"),
    Option(SEED.name, "seed of the initial weights and of shuffling", "as in p8_training.toml"),
    PAGE,
)


def run(values: dict[str, str], words: list[str]) -> int:
    """Train; returns the exit code."""
    from macrame.homework import train

    return train.main(values)
