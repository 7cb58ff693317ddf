# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The Makefile's side of the command line: each target is a verb, each NAME=value one of its options.

    python3 -m macrame.cli.make help            what `make help` prints
    python3 -m macrame.cli.make installs sim    check the variables; print the set tools/bootstrap installs
    python -m macrame.cli.make run sim          run the verb

The Makefile passes what was given on its command line: MACRAME_GIVEN has the names of the variables,
MACRAME_GOALS the targets, and the variables themselves are in the environment, unexpanded. The first two
commands need nothing but the standard library.
"""

import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from macrame.cli import command, output, signals


@dataclass(frozen=True)
class Target:
    """A target of the Makefile.

    Attributes
    ----------
    verb : str
        What it runs.
    help : str
    words : tuple of str
        Words given to the verb.
    only : tuple of str
        The variables it takes; by default all options of the verb.
    """

    verb: str
    help: str
    words: tuple[str, ...] = ()
    only: tuple[str, ...] = ()

    def variables(self) -> tuple[str, ...]:
        """Names of the variables it takes."""
        all_ = tuple(option.variable for option in command.options(self.verb) if option.make)
        return self.only or all_


TARGETS = {
    "sim": Target(
        "homework", "solve the problem sheet on the RTL (PROBLEM=4 for one, HOMEWORK=dir for your own data)"
    ),
    "train": Target(
        "train",
        "train a network in bf16 on the RTL, and compare each step with the golden model (EPOCHS=, STEPS=)",
    ),
    "net": Target(
        "net",
        "run a quantised network, one for digits or MODEL=x.tflite, and compare each tensor (PLAN=1)",
    ),
    "gemm": Target(
        "gemm", "multiply your matrices: A=a.npy W=w.npy OUT=c.npy, optionally BIAS= SCALE= MODE="
    ),
    "test": Target(
        "test",
        "run lint and a quick run of the test suite (TESTS= for some tests in full, SHARD=, JOBS=, SEEDS=)",
    ),
    "lint": Target("lint", "check the Verilog with every tool, and the Python; warnings are errors"),
    "bench": Target("bench", "measure simulation speed"),
    "synth": Target(
        "synth", "measure a unit's area and Fmax on an FPGA (TARGET=, UNIT=, ROWS=, SEEDS=); takes minutes"
    ),
    "synth-table": Target(
        "synth",
        "print tables of arrays and cores for every target, or for one; takes hours the first time",
        ("table",),
        ("TARGET", "SEEDS", "PAGE", "BUILD_DIR", "TIME_FACTOR"),
    ),
    "gates": Target("gates", "run the RTL's benches on the netlist (TARGET=, UNIT=, SIM=)"),
    "waves": Target("waves", "simulate a small product with waveforms, and print the commands to view them"),
    "bitstream": Target(
        "bitstream",
        "build a board's bitstream and print its area and clock rate (BOARD=icebreaker, ulx3s, ulx3s-engine)",
    ),
    "exhaustive": Target(
        "exhaustive", "convert all 2^32 fp32 values to bf16 with the RTL, and compare them with ml_dtypes"
    ),
    "proofs": Target(
        "proofs", "prove properties of the RTL for all inputs, and break each with a fault (PROOFS=, JOBS=)"
    ),
    "mutants": Target(
        "campaign",
        "change the RTL in many small ways, and count what the benches detect (SAMPLE=, MODULES=, CLUSTER=)",
        ("mutants",),
        ("SAMPLE", "MODULES", "SEED", "JOBS", "CLUSTER", "STORE", "BUILD_DIR", "TIME_FACTOR"),
    ),
    "coverage": Target(
        "campaign",
        "measure which lines, branches, expressions and bits of the RTL the benches exercise (MODULES=)",
        ("coverage",),
        ("MODULES", "SEED", "JOBS", "CLUSTER", "STORE", "BUILD_DIR", "TIME_FACTOR"),
    ),
    "pictures": Target("pictures", "draw the generated diagrams of the documents"),
    "docs": Target("docs", "build the documentation site, in build/site"),
    "nightly": Target(
        "test", "run the whole suite, including the longest cases (SEEDS= for more seeds)", ("nightly",)
    ),
}


def given(environ: Mapping[str, str]) -> list[str]:
    """Names of the variables given on make's command line."""
    return environ.get("MACRAME_GIVEN", "").split()


def refused(target: str, environ: Mapping[str, str]) -> str:
    """What is wrong with the variables given, or nothing.

    A variable of another target in the same call is accepted.
    """
    goals = [goal for goal in environ.get("MACRAME_GOALS", target).split() if goal in TARGETS] or [target]
    taken = {name for goal in goals for name in TARGETS[goal].variables()}
    for name in given(environ):
        if name not in taken:
            words = " ".join(TARGETS[target].variables())
            return f"{name} is not a variable of make {target}, expected one of {words}"
    return ""


def values(target: str, environ: Mapping[str, str]) -> dict[str, str]:
    """The values of a target's variables; an empty or blank one counts as not given."""
    return {name: environ[name] for name in TARGETS[target].variables() if environ.get(name, "").strip()}


def installs(target: str) -> str:
    """The set that tools/bootstrap installs for a target."""
    return str(getattr(command.load(TARGETS[target].verb), "INSTALLS", "sim"))


def replay(target: str, environ: Mapping[str, str]) -> str:
    """The command that repeats this run, with {seed} in place of its seed."""
    kept = [
        f"{name}={shlex.quote(value)}"
        for name, value in values(target, environ).items()
        if name not in ("SEED", "WAVES")
    ]
    seed = ["SEED={seed}"] if "SEED" in TARGETS[target].variables() else []
    return " ".join(["make", target, *kept, *seed])


def usage() -> str:
    """What ``make help`` prints."""
    lines = ["targets:"]
    lines += [f"  make {name:<11} {target.help}" for name, target in TARGETS.items()]
    lines += [f"  make {'clean':<11} remove everything built except .venv", "", "variables:"]
    lines += [f"  {name:<11} {' '.join(target.variables())}" for name, target in TARGETS.items()]
    lines += [
        "",
        "Example: make gemm A=a.npy W=w.npy OUT=c.npy ROWS=4. python3 -m macrame VERB --help explains the",
        "variables as options. Each target runs the verb of the same name, except sim (homework),",
        "synth-table (synth table), mutants and coverage (campaign), and nightly (test nightly). make exits",
        "with status 2 for any error; macrame itself with 1 for a wrong result and 2 for invalid input.",
    ]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None, environ: Mapping[str, str] = os.environ) -> int:
    """The command; returns its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments) or ["help"]
    return output.written(lambda: _main(words, environ), "make")


def _main(words: Sequence[str], environ: Mapping[str, str]) -> int:
    action, *rest = words
    if action == "help":
        wrong = given(environ)
        if wrong:
            print(f"make: {wrong[0]}: does not apply to make help, which takes no variables", file=sys.stderr)
            return 2
        print(usage())
        return 0
    (target,) = rest
    if action == "installs":
        wrong_ = refused(target, environ)
        if wrong_:
            print(f"make: {wrong_}", file=sys.stderr)
            return 2
        print(installs(target))
        return 0
    os.environ["MACRAME_REPLAY"] = replay(target, environ)
    chosen = TARGETS[target]
    return command.call(chosen.verb, values(target, environ), chosen.words, lambda text: text, target)


if __name__ == "__main__":
    signals.starting()
    signals.leave(main())
