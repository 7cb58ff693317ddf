# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Run a long list of independent tasks, on this machine or on a cluster, and resume it after a stop.

`macrame campaign mutants` changes the RTL in many small ways, and counts which changes the benches detect.
`macrame campaign python` changes the golden model, the host software and the lowering of networks, and counts
which changes the tests detect.
`macrame campaign coverage` measures which lines, branches, expressions and bits the benches exercise.
`macrame campaign suite` runs the benches in all shapes with many seeds.
`macrame campaign networks` runs the inputs of a network's test set, by default all 540 held-out digits, and
compares every value with the golden model; network and core are described as for `macrame net`.
`macrame campaign synth` synthesises and places what `make synth-table` does, and prints the same tables.
`macrame campaign speedup` judges the same mutants one at a time and several at a time, and compares verdicts
and times.
Verdicts are stored under a digest of everything they depend on, so tasks that have not changed do not run
again. docs/scale.md explains clusters. Requires a checkout of the project.
"""

from dataclasses import replace

from macrame.cli import net
from macrame.cli.command import SEED, Option

INSTALLS = "test"
CHECKOUT = True
PROGRAM = "macrame.campaign.command"
#: Options that describe the network, its inputs and the hardware, as of `macrame net`.
NETWORKS = (
    "model",
    "input",
    "images",
    "labels",
    "reference",
    "rows",
    "cols",
    "depth",
    "post-lanes",
    "lanes",
    "sim",
    "engine",
    "mem",
)


def _of_networks(option: Option) -> Option:
    default = {"images": "540", "sim": "verilator"}.get(option.name, option.default)
    text = option.help.partition("; prints")[0]
    return replace(option, help=f"networks: {text}", default=default, positional=False, make=False)


OPTIONS = (
    Option("jobs", "number of tasks at a time on this machine", "1; speedup: one per processor"),
    Option("cluster", "address of a Dask scheduler whose workers run the tasks, such as tcp://host:8786"),
    Option(
        "store",
        "file that stores the verdicts, in an existing directory; evidence: by default tests/evidence.jsonl",
        "verdicts.jsonl in campaign/ of the build directory",
    ),
    SEED,
    Option("sample", "how many mutants to judge, by default 1000; python: 400; speedup: 24"),
    Option(
        "modules",
        "mutants, coverage, speedup: only of these modules of rtl/, such as 'skid fifo'; python: only of "
        "these files",
        "all",
    ),
    Option(
        "seeds",
        "suite: number of seeds for each case, by default 1; synth: number of placements, by default 3",
    ),
    Option("tests", "suite: only these benches or cases, such as 'fifo gemm/4x4x4'", "all"),
    Option("target", "synth: only this target, such as ecp5", "all"),
    Option("size", "networks: number of inputs of a task", "20"),
    *(_of_networks(option) for option in net.OPTIONS if option.name in NETWORKS),
)
WORD = (
    "kind",
    "mutants, python, coverage, suite, networks, synth, speedup, or evidence, which writes docs/evidence.md",
)


def run(values: dict[str, str], words: list[str]) -> int:
    """Run it; returns the exit code."""
    from macrame.campaign import command

    return command.main(values, words)
