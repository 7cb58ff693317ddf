# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""``make proofs``: properties of modules of the RTL, proven for all inputs; each has a fault that breaks it.

``formal/<area>/<name>.sv`` instantiates a module of rtl/ in ``<name>_properties``, with assumptions and
labelled assertions; ``<name>.toml`` next to it lists them::

    [[proof]]
    name = "skid"                           # the checker is skid_properties, in skid.sv or in `checker`
    module = "skid"                         # of rtl/
    shapes = [{ WIDTH = 3, HEAD = 2 }]      # parameters of skid_properties; faults are tried in the first

    [[proof.property]]
    name = "stable"                         # label of the assertion
    claim = "a beat offered stays offered, unchanged, until accepted"
    find = "if (out_ready || !out_valid_q)" # the fault: one replacement in the module's file, or in `file`, a
    replace = "if (1'b1)"                   # path below rtl/, where the text occurs once

How a proof is made, with Yosys and ABC, both in the wheel pyosys:

(default)        for any number of cycles: property-directed reachability (IC3) finds an inductive invariant
                 that implies all assertions, and verifies it
``steps = k``    for any number of cycles, by k-induction: all assertions hold in the first k + 1 cycles, and
                 in any cycle after k in which they do; where invariants are arithmetic, IC3 does not end
``cycles = n``   the assertions concern cycle n of the checker, counted from a start in any state, so they
                 hold in every cycle: for pipelines without feedback, and with 1 for combinational modules
``depth = n``    bounded: the assertions hold in the first n cycles after the start; nothing is known of
                 later ones

``probes = { count_q = "u_dut.count_q" }`` connects an undriven wire of the checker to a signal of the design,
and ``helpers`` lists assertions that only strengthen an induction.

``split = "CASE"``, with a shape's ``CASE = 27``, proves the assertions once for each value of the checker's
parameter CASE, 0 to 26, where that makes the solver's work possible: the checker assumes one case for each
value, and all of them together are all cases. The default value of CASE stands for all at once; there, the
faults must be found.

``also`` lists further modules of rtl/ that the checker instantiates.

Registers without an initial value start with any value, as do memories. ``models = ["mul34x32.sv"]`` adds
files of formal/models; one that has the name of a module of rtl/ replaces it, which the file must justify.
``nightly = true`` marks what takes more than a few seconds; ``seconds`` limits the time of one solver run.

A fault must make its own property fail, with a counterexample: so a property that cannot fail is noticed,
and so are assumptions that nothing satisfies.
"""

import os
import re
import shutil
import time
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import as_completed
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pyosys

from macrame import environment, paths
from macrame.errors import InputError, amount, short
from macrame.files import parse
from macrame.synth import tools, verilog

FOLDER = paths.ROOT / "formal"
BUILD = environment.build_dir() / "proofs"
ABC = Path(pyosys.__file__).parent / "yosys-abc"
#: How the proofs build multipliers.
ROWS = FOLDER / "models" / "mul_rows.v"
#: Time limit of one solver run, in seconds.
SECONDS = 300
#: Seconds from which on a proof is too long for the default suite: it should be nightly.
LONG = 60
#: Cycles from the start in which a fault must show.
FAULT_DEPTH = 100


@dataclass(frozen=True)
class Fault:
    """A deliberate fault: one replacement in a file of rtl/, where `find` occurs once."""

    file: str
    find: str
    replace: str


@dataclass(frozen=True)
class Property:
    """A labelled assertion, what it claims, and the fault that breaks it."""

    name: str
    claim: str
    fault: Fault


@dataclass(frozen=True)
class Proof:
    """A module's assertions and how they are proven.

    Attributes
    ----------
    name, module : str
        The checker is the module ``<name>_properties``.
    also : tuple of str
        Further modules of rtl/ that it instantiates.
    checker : Path
        Its file.
    shapes : tuple of dict
        Parameters of the checker.
    properties : tuple of Property
    cycles : int or None
        The cycle that the assertions concern, counted from a start in any state.
    steps : int or None
        The k of a k-induction.
    depth : int or None
        The cycles that a bounded proof covers.
    models : tuple of str
        Files of formal/models; one with the name of a module of rtl/ replaces it.
    probes : dict of str to str
        Wires of the checker, and the signals of the flattened design to connect them to.
    helpers : tuple of str
        Further assertions, which only strengthen the induction.
    split : str
        A parameter of the checker each of whose values is proven on its own; a shape has their number.
    seconds : int
        Time limit of one solver run.
    nightly : bool
        Not in the default suite.
    """

    name: str
    module: str
    checker: Path
    shapes: tuple[Mapping[str, int], ...]
    properties: tuple[Property, ...]
    cycles: int | None = None
    steps: int | None = None
    depth: int | None = None
    also: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    probes: Mapping[str, str] = field(default_factory=dict)
    helpers: tuple[str, ...] = ()
    split: str = ""
    seconds: int = SECONDS
    nightly: bool = False

    def whole(self, shape: Mapping[str, int]) -> dict[str, int]:
        """The parameters of a shape, for all its cases at once."""
        return {name: value for name, value in shape.items() if name != self.split}

    def cases(self, shape: Mapping[str, int]) -> list[dict[str, int]]:
        """What to add to `whole` in each run of a shape."""
        return [{self.split: value} for value in range(shape.get(self.split, 0))] or [{}]

    @property
    def status(self) -> str:
        """What the table says of its properties."""
        return "proven" if self.depth is None else f"bounded to {self.depth} cycles"


@dataclass(frozen=True)
class Tested:
    """What is not proven, and the bench that tests it."""

    module: str
    claim: str
    bench: str


@dataclass(frozen=True)
class Verdict:
    """The result of one solver run.

    Attributes
    ----------
    holds : bool or None
        None if the solver gave up.
    cycle : int or None
        Where an assertion fails, counted from the start.
    seconds : float
        Wall-clock time.
    """

    holds: bool | None
    cycle: int | None
    seconds: float


@dataclass
class Outcome:
    """One line of the report: a proof in a shape, or a fault."""

    label: str
    correct: bool
    text: str
    seconds: float = field(default=0.0)


def read(path: Path) -> tuple[list[Proof], list[Tested]]:
    """The proofs and the untested rest of one TOML file.

    Parameters
    ----------
    path : Path

    Returns
    -------
    list of Proof
    list of Tested
    """
    found = tomllib.loads(path.read_text())
    proofs = []
    for entry in found.get("proof", []):
        values = dict(entry)
        module = values["module"]
        home = _home(module)
        properties = tuple(
            Property(p["name"], p["claim"], Fault(p.get("file", home), p["find"], p["replace"]))
            for p in values.pop("property")
        )
        values["shapes"] = tuple(values.get("shapes", [{}]))
        values["models"] = tuple(values.get("models", ()))
        values["also"] = tuple(values.get("also", ()))
        values["helpers"] = tuple(values.get("helpers", ()))
        values["checker"] = path.with_name(values.get("checker", f"{values['name']}.sv"))
        proofs.append(Proof(properties=properties, **values))
    return proofs, [Tested(**entry) for entry in found.get("tested", [])]


def _home(module: str) -> str:
    """The file of a module, below rtl/."""
    (path,) = (Path(p) for p in paths.sources() if Path(p).stem == module)
    return str(path.relative_to(paths.RTL))


def all_proofs() -> tuple[list[Proof], list[Tested]]:
    """Everything in formal/, in the order of the files' names."""
    found = [read(path) for path in sorted(FOLDER.rglob("*.toml"))]
    return [p for proofs, _ in found for p in proofs], [t for _, tested in found for t in tested]


# --- one solver run -----------------------------------------------------------------------------------------


def sources(proof: Proof, folder: Path, fault: Fault | None = None) -> list[str]:
    """Write the Verilog of a proof to a folder.

    Parameters
    ----------
    proof : Proof
    folder : Path
    fault : Fault, optional
        Applied to its file.

    Returns
    -------
    list of str
        Names in the folder, the checker's last.
    """
    models = [FOLDER / "models" / name for name in proof.models]
    replaced = {path.stem for path in models}
    needed = {path: None for name in (proof.module, *proof.also) for path in verilog.sources("", name)}
    files = [path for path in needed if path.stem not in replaced]
    done = fault is None
    for path in files:
        text = verilog.text(path)
        if fault and path == paths.RTL / fault.file:
            if text.count(fault.find) != 1:
                count = text.count(fault.find)
                raise InputError(
                    f"{proof.name}: {short(fault.find)!r} occurs {count} times in {fault.file}, expected once"
                )
            text, done = text.replace(fault.find, fault.replace), True
        (folder / path.name).write_text(text)
    if not done and fault:
        raise InputError(f"{proof.name}: {fault.file}: not a file of {proof.module}, expected one")
    for path in [*models, proof.checker]:
        shutil.copy(path, folder)
    return [path.name for path in [*files, *models, proof.checker]]


def model(
    proof: Proof,
    shape: Mapping[str, int],
    folder: Path,
    only: Property | None = None,
    fault: Fault | None = None,
) -> None:
    """Write the proof as an and-inverter graph, x.aig in a folder.

    Parameters
    ----------
    proof : Proof
    shape : dict of str to int
    folder : Path
    only : Property, optional
        Leave the other assertions out.
    fault : Fault, optional
    """
    *rtl, checker = sources(proof, folder, fault)
    top = f"{proof.name}_properties"
    set_ = " ".join(f"-set {name} {value}" for name, value in shape.items())
    passes = [f"read_verilog -sv {' '.join(rtl)}", f"read_verilog -formal -sv {checker}"]
    passes += [f"chparam {set_} {top}"] if set_ else []
    passes += [f"hierarchy -check -top {top}", "proc", "flatten", "chformal -lower"]
    passes += [f"connect -set {wire} {signal}" for wire, signal in proof.probes.items()]
    passes += ["opt_clean"]
    # a register is initialised or free; so is what nothing drives, instead of being whatever suits Yosys
    passes += ["memory_collect", "memory_map -formal", "async2sync", "formalff -clk2ff -ff2anyinit"]
    passes += ["setundef -undriven -anyseq", "setundef -anyseq"]
    names = [*(p.name for p in proof.properties), *proof.helpers]
    passes += [f"select -assert-count 1 n:{name}" for name in names]
    passes += [f"select -assert-count {len(names)} t:$assert"]
    passes += [f"delete t:$assert n:{only.name} %d"] if only else []
    shutil.copy(ROWS, folder)
    passes += [
        "opt -full",
        f"techmap -map {ROWS.name}",
        "techmap",
        "opt -full",
        "dffunmap",
        "aigmap",
        "opt_clean",
    ]
    passes += ["write_aiger -zinit -map x.aim x.aig", "write_rtlil x.il"]
    tools.yosys(passes, folder)


def decide(
    proof: Proof,
    shape: Mapping[str, int],
    folder: Path,
    only: Property | None = None,
    fault: Fault | None = None,
    depth: int | None = None,
) -> Verdict:
    """Let the solver decide whether assertions hold.

    Parameters
    ----------
    proof : Proof
    shape : dict of str to int
    folder : Path
        Emptied first; it keeps the files of the run, and those of a counterexample.
    only : Property, optional
        Decide this one alone.
    fault : Fault, optional
    depth : int, optional
        Look only for a counterexample, in this many cycles.

    Returns
    -------
    Verdict

    Raises
    ------
    macrame.synth.tools.FlowError
        Yosys rejects the Verilog.
    """
    began = time.monotonic()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    model(proof, shape, folder, only, fault)
    limit = int(environment.limit(proof.seconds))
    if depth is None:
        depth = proof.depth if proof.cycles is None else proof.cycles + 1
    if depth is not None:
        solve = f"bmc3 -F {depth} -T {limit}"
    elif proof.steps is not None:
        frames = proof.steps + 1
        solve = f"bmc3 -F {frames} -T {limit}; print_status; ind -F {frames} -T {limit}"
    else:
        solve = f"pdr -T {limit}"
    script = f"read_aiger x.aig; fold; orpos; {solve}; print_status; write_cex -a x.aiw"
    _, said = tools.tool("ABC", [str(ABC), "-c", script], folder)
    (folder / "abc.log").write_text(said)
    seconds = time.monotonic() - began
    failed = re.search(r"was asserted in frame (\d+)", said)
    if failed:
        return Verdict(False, int(failed[1]), seconds)
    # 1 for proven; or else the last cycle in which nothing fails
    statuses = re.findall(r"^Status = +(-?\d)  Frames = (-?\d+)", said, re.MULTILINE)
    proven = bool(statuses) and statuses[-1][0] == "1"
    if depth is not None:
        proven = proven or (bool(statuses) and int(statuses[0][1]) >= depth - 1)
    elif proof.steps is not None:
        proven = proven and len(statuses) == 2 and int(statuses[0][1]) >= proof.steps
    return Verdict(True if proven else None, None, seconds)


# --- everything ---------------------------------------------------------------------------------------------


def shape_name(shape: Mapping[str, int]) -> str:
    """A shape for a report: ``WIDTH=3 HEAD=2``."""
    return " ".join(f"{name}={value}" for name, value in shape.items())


def prove(proof: Proof, shape: Mapping[str, int], folder: Path | None = None) -> Outcome:
    """Prove all assertions of a proof in one shape.

    Parameters
    ----------
    proof : Proof
    shape : dict of str to int
    folder : Path, optional
        Keeps the solver's files; one in the build folder by default.

    Returns
    -------
    Outcome
        If an assertion fails, its text names it, and the waveform of a counterexample.
    """
    whole = proof.whole(shape)
    label = f"{proof.name} {shape_name(whole)}".strip()
    folder = folder or BUILD / label.replace(" ", ",") / "all"
    began = time.monotonic()
    for case in proof.cases(shape):
        chosen = {**whole, **case}
        verdict = decide(proof, chosen, folder)
        if not verdict.holds:
            break
    else:
        return Outcome(label, True, proof.status, time.monotonic() - began)
    where = f" with {shape_name(case)}" if case else ""
    if verdict.holds is None:
        text = f"undecided after {environment.limit(proof.seconds):.0f} s{where}"
        return Outcome(label, False, text, time.monotonic() - began)
    failed = []
    for prop in proof.properties:
        own = folder.with_name(prop.name)
        found = decide(proof, chosen, own, prop, depth=(verdict.cycle or 0) + 1)
        if found.holds is False:
            failed.append(f"{prop.name} fails in cycle {found.cycle}{where}: {waveform(proof, own)}")
    if not failed:
        failed = [f"a helper fails in cycle {verdict.cycle}{where}: {waveform(proof, folder)}"]
    return Outcome(label, False, "; ".join(failed), time.monotonic() - began)


def waveform(proof: Proof, folder: Path) -> str:
    """Replay a counterexample; returns the path of its waveform."""
    top = f"{proof.name}_properties"
    try:
        tools.yosys(
            ["read_rtlil x.il", f"sim -zinit -r x.aiw -map x.aim -clock clk -vcd x.vcd {top}"], folder
        )
    except tools.FlowError as error:
        return str(error)
    return environment.shown(folder / "x.vcd")


def find(proof: Proof, prop: Property, folder: Path | None = None) -> Outcome:
    """Apply a property's fault, and let the solver find a counterexample to that property.

    Parameters
    ----------
    proof : Proof
    prop : Property
    folder : Path, optional
        As for `prove`.

    Returns
    -------
    Outcome
    """
    label = f"{proof.name} {prop.name}, fault"
    folder = folder or BUILD / proof.name / f"{prop.name}-fault"
    found = decide(proof, proof.whole(proof.shapes[0]), folder, prop, prop.fault, fault_depth(proof))
    if found.holds is False:
        return Outcome(label, True, f"found in cycle {found.cycle}", found.seconds)
    text = f"not found within {fault_depth(proof)} cycles" if found.holds else "undecided"
    return Outcome(label, False, text, found.seconds)


def fault_depth(proof: Proof) -> int:
    """The cycles in which a proof's faults must show."""
    return FAULT_DEPTH if proof.cycles is None else proof.cycles + 1


def rows(proofs: Iterable[Proof], tested: Iterable[Tested]) -> list[str]:
    """The table of docs/proofs.md.

    Parameters
    ----------
    proofs : iterable of Proof
    tested : iterable of Tested

    Returns
    -------
    list of str
        Lines of Markdown.
    """
    lines = ["| module | property | status | shapes |", "|---|---|---|---|"]
    for proof in proofs:
        shapes = (
            "; ".join(filter(None, (shape_name(proof.whole(shape)) for shape in proof.shapes)))
            or "all inputs"
        )
        lines += [
            f"| `{proof.module}` | `{proof.name}.{p.name}`: {p.claim} | {proof.status} | {shapes} |"
            for p in proof.properties
        ]
    lines += [f"| `{t.module}` | {t.claim} | tested only | bench `{t.bench}` |" for t in tested]
    return lines


def selected(text: str) -> list[Proof]:
    """The proofs that PROOFS names, all for an empty text.

    Raises
    ------
    InputError
        There is no such proof.
    """
    proofs, _ = all_proofs()
    for name in text.split():
        if not any(name in (proof.name, proof.module) for proof in proofs):
            known = ", ".join(sorted({proof.name for proof in proofs}))
            raise InputError(f"PROOFS={short(name)}: expected one of {known}")
    return [p for p in proofs if not text or {p.name, p.module} & set(text.split())]


def run(proofs: Sequence[Proof], jobs: int) -> int:
    """Prove, and apply the faults; prints a line each.

    Parameters
    ----------
    proofs : sequence of Proof
    jobs : int
        Number of threads; at most one solver per processor runs at a time.

    Returns
    -------
    int
        0 if all is proven and every fault found, else 1.
    """
    began = time.monotonic()
    work: list[tuple[bool, Callable[[], Outcome]]] = []
    for proof in sorted(proofs, key=lambda proof: not proof.nightly):  # the longest start first
        # the suite runs the first shape only, unless it is nightly
        work += [
            (proof.nightly or number > 0, partial(prove, proof, shape))
            for number, shape in enumerate(proof.shapes)
        ]
        work += [(proof.nightly, partial(find, proof, prop)) for prop in proof.properties]
    wrong = 0
    long: list[tuple[bool, Outcome]] = []
    with tools.threads(jobs) as pool:
        futures = {pool.submit(job): nightly for nightly, job in work}
        for done in as_completed(futures):
            outcome = done.result()
            wrong += not outcome.correct
            long += [(futures[done], outcome)] if outcome.seconds > environment.limit(LONG) else []
            mark = "" if outcome.correct else "FAILED: "
            print(f"{outcome.label:<48} {mark}{outcome.text}, {outcome.seconds:.1f} s", flush=True)
    for nightly, outcome in long:
        should = "nightly" if nightly else "expected nightly = true in its .toml file"
        print(f"over {LONG} s: {outcome.label}, {outcome.seconds:.0f} s, {should}")
    bounded = sum(len(proof.properties) for proof in proofs if proof.depth is not None)
    proven = sum(len(proof.properties) for proof in proofs) - bounded
    print(
        f"proofs: {'FAILED' if wrong else 'passed'}, {amount(proven, 'property')} to prove, "
        f"{bounded} bounded, {amount(proven + bounded, 'fault')}, {wrong} failed, "
        f"{time.monotonic() - began:.0f} s"
    )
    return 1 if wrong else 0


def main(values: Mapping[str, str], table: bool = False) -> int:
    """The command.

    Parameters
    ----------
    values : mapping of str to str
        PROOFS and JOBS.
    table : bool
        Print the table instead.

    Returns
    -------
    int
        0 if all is as claimed, else 1.

    Raises
    ------
    InputError
        A value is invalid.
    """
    if table:
        for name in values:
            if name in ("PROOFS", "JOBS"):
                raise InputError(f"{name}={values[name]}: does not apply to the table, which proves nothing")
        print("\n".join(rows(*all_proofs())))
        return 0
    jobs = parse.integer("JOBS", values["JOBS"], 1, 1024) if "JOBS" in values else os.cpu_count() or 1
    return run(selected(values.get("PROOFS", "")), jobs)
