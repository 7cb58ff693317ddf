# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Run the RTL's benches on the netlist, comparing every result bit for bit."""

import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TypedDict

from macrame import environment
from macrame.contract import FORMATS, CoreConfig
from macrame.errors import InputError, amount
from macrame.files import parse
from macrame.progress import Steps
from macrame.sim import simulate
from macrame.sim.simulators import using
from macrame.synth import flow, shell, tools
from macrame.synth.measure import versions, write
from macrame.synth.settings import MULTIPLIERS, array_parameters, one_of, refuse_depth, refuse_idle, whole
from tb.lib import catalogue

TARGETS = tuple(shell.CELLS)
UNITS = ("all", "core", "array", "requantize", "modules")
NAMES = ("TARGET", "UNIT", "ROWS", "COLS", "DEPTH", "FORMATS", "POST_CYCLES", "MULTIPLIER", "SIM", "SEED")
#: Variables that do not apply to a unit.
IDLE = {
    "requantize": ("ROWS", "COLS", "DEPTH", "FORMATS", "POST_CYCLES"),
    "modules": ("ROWS", "COLS", "DEPTH", "FORMATS", "POST_CYCLES"),
    "array": ("POST_CYCLES",),
}
SIDE, DEEP = 8, 8
#: Benches of the core, and those that Icarus runs in addition to Verilator: the ones with unknown bits.
CORE = {
    "INT8": ("registers", "macrame", "gemm", "stalls", "macrame_faults", "macrame_resets", "fuzz"),
    "BF16": ("registers", "gemm_bf16", "stalls", "macrame_faults", "macrame_resets", "fuzz"),
}
CORE["DUAL"] = CORE["BF16"]
#: Benches for serial requantisers: the others expect results as early as pipelined ones deliver them.
SLOW = ("registers", "macrame", "gemm")
WITH_X = {"INT8": ("macrame", "unknowns"), "BF16": ("registers", None), "DUAL": ("registers", None)}
#: Benches whose module, of the same name, is simulated alone; a case if the first one is not suitable.
MODULES = (
    "mul8x8",
    "mul8x8_pair",
    "lead_zeros",
    "mul34x32",
    "mul34x32_serial",
    "rounding",
    "round_product",
    "shift_right_narrow",
    "scale_to_int8",
    "requantize",
    "mul9x9",
    "mul16x16",
    "shift_right_sticky",
    "bf16_product",
    "bf16_mul",
    "fp32_add",
    "fp32_mul",
    "float_post",
    "int32_to_fp32",
    "fp32_to_int8",
    "fp32_to_bf16",
    "bf16_to_fp32",
    "lfsr32",
    "pe_int8",
    "pe_bf16",
    "pe_dual",
    "result_chain",
    "fifo/64x34",
    "skid",
    "packet_gate",
    "packet_closer",
    "panel_buffer",
    "panel_record",
    "tile_sequencer",
    "release_watchdog",
    "output_stage",
    "perf_counters",
    "axil_regs",
)


@dataclass(frozen=True)
class Job:
    """The settings of a job; the attributes are those of `macrame.synth.settings.Job`."""

    target: str = "ecp5"
    unit: str = "all"
    rows: int = 2
    cols: int = 2
    depth: int = 1
    formats: str = "INT8"
    post_cycles: int = 1
    multiplier: str = "vendor"

    @property
    def core(self) -> CoreConfig:
        """Configuration of the core, for panels of 7 slices."""
        return CoreConfig(
            self.rows,
            self.cols,
            self.depth,
            k_max=7 * self.depth - (self.depth > 1),
            formats=self.formats,
            post_cycles=self.post_cycles,
        )


@dataclass(frozen=True)
class Run:
    """A bench on a unit: parameters of the bench's toplevel, and the cocotb tests, unless all."""

    unit: flow.Unit
    case: catalogue.Case
    testcase: tuple[str, ...] = ()
    simulator: str = "icarus"


def from_environment(environ: Mapping[str, str]) -> Job:
    """Read and check the variables; an empty one counts as not given.

    Parameters
    ----------
    environ : mapping of str to str

    Returns
    -------
    Job

    Raises
    ------
    InputError
        For the first variable that is wrong.
    """
    given = {name: environ[name] for name in NAMES if environ.get(name)}
    target, unit = one_of(given, "TARGET", "ecp5", TARGETS), one_of(given, "UNIT", "all", UNITS)
    refuse_idle(given, unit, IDLE)
    cycles = "1, or 33 to 64"
    job = Job(
        target,
        unit,
        whole(given, "ROWS", 2, SIDE),
        whole(given, "COLS", 2, SIDE),
        whole(given, "DEPTH", 1, DEEP),
        one_of(given, "FORMATS", "INT8", FORMATS),
        parse.integer(
            "POST_CYCLES", given.get("POST_CYCLES", "1"), *CoreConfig.RANGES["post_cycles"], cycles
        ),
        one_of(given, "MULTIPLIER", "vendor", MULTIPLIERS),
    )
    refuse_depth(job.depth, job.formats)
    if 1 < job.post_cycles < 33 or (job.post_cycles > 1 and job.formats != "INT8"):
        expected = cycles if job.formats == "INT8" else f"1 with FORMATS={job.formats}"
        raise InputError(f"POST_CYCLES={job.post_cycles}: expected {expected}")
    one_of(given, "SIM", "icarus", tuple(simulate.SIMULATORS))
    parse.integer("SEED", given.get("SEED", "1"), 0, 999_999_999)
    return job


# --- what runs on what --------------------------------------------------------------------------------------


def core(job: Job) -> flow.Unit:
    """The core as `flow.Unit`."""
    return unit("macrame", job.core.parameters(), job)


def array(job: Job) -> flow.Unit:
    """The array as `flow.Unit`."""
    return unit("mac_array", array_parameters(job.core), job)


def unit(module: str, parameters: Mapping[str, int | str], job: Job) -> flow.Unit:
    """A module as `flow.Unit`."""
    return flow.Unit(module, module, tuple(sorted(parameters.items())), job.multiplier == "plain")


class Row(TypedDict):
    """A run in the report: parameters, cells by type, how many tests passed and failed, seconds."""

    module: str
    parameters: dict[str, int | str]
    bench: str
    testcase: list[str]
    simulator: str
    passed: int
    failed: int
    cells: dict[str, int]
    seconds: float
    netlist: str


def first(bench: str, parameters: Iterable[tuple[str, int | str]] | None = None) -> catalogue.Case:
    """The first case of a bench, with other parameters if given; core_player gets a reset injector."""
    case = next(case for case in catalogue.CASES.values() if bench in (case.bench, case.name))
    if case.toplevel == "core_player":
        case = replace(case, toplevel="core_reset_injector", tb=(*case.tb, "tb/system/core_reset_injector.v"))
    return case if parameters is None else replace(case, parameters=dict(parameters))


def plan(job: Job, simulator: str | None = None) -> list[Run]:
    """The `Run`s of a job, in their order.

    Parameters
    ----------
    job : Job
    simulator : str, optional
        For all of them; by default Verilator, and Icarus for one more.

    Returns
    -------
    list of Run
    """
    runs: list[Run] = []
    main = simulator or "verilator"
    if job.unit in ("all", "core"):
        made = core(job)
        runs += [
            Run(made, first(bench, made.parameters), (), main)
            for bench in (SLOW if job.post_cycles > 1 else CORE[job.formats])
        ]
        if not simulator:
            bench, testcase = WITH_X[job.formats]
            runs.append(Run(made, first(bench, made.parameters), (testcase,) if testcase else (), "icarus"))
    if job.unit in ("all", "array"):
        made = array(job)
        runs.append(Run(made, first("mac_array", made.parameters), (), main))
    if job.unit in ("all", "requantize"):
        runs.append(Run(unit("requantize", {}, job), first("requantize"), (), main))
    if job.unit == "modules":
        for bench in MODULES:
            case = first(bench)
            parameters = (
                case.parameters if case.toplevel == case.bench else {}
            )  # otherwise a harness has its own
            runs.append(Run(unit(case.bench, parameters, job), case, (), main))
    return runs


# --- running ------------------------------------------------------------------------------------------------


def start(
    run: Run,
    made: shell.Design,
    name: str,
    seed: int | None = None,
    waves: bool = False,
    timeout: float = tools.TIMEOUT,
) -> simulate.Result:
    """Run a bench on a netlist.

    Parameters
    ----------
    run : Run
    made : shell.Design
        Of the run's unit.
    name : str
        Of the run's folder.
    seed : int, optional
        Of the bench.
    waves : bool
    timeout : float
        Seconds.

    Returns
    -------
    simulate.Result

    Raises
    ------
    simulate.Failed
        A test failed, or none ran.
    """
    case = run.case
    tb = case.harness()
    sources = [*made.sources, *tb]
    with using(run.simulator):
        if run.simulator == "verilator":
            sources.append(shell.public([made.sources[0], *tb], made.sources[0].parent))
        else:
            folder = simulate.build(
                toplevel=case.toplevel, sources=sources, parameters=case.parameters, defines=case.defines
            )
            shell.check_program(folder / f"{case.toplevel}.vvp", made)
        return simulate.run(
            name,
            toplevel=case.toplevel,
            module=case.module,
            sources=sources,
            parameters=case.parameters,
            seed=seed,
            plusargs=case.plusargs,
            testcase=run.testcase or case.testcase,
            defines=case.defines,
            waves=waves,
            timeout=timeout,
        )


def on_rtl(run: Run, failed: simulate.Failed, seed: int | None) -> str:
    """Whether the RTL passes the tests that failed on the netlist, as a line of text."""
    case = run.case
    tests = [failure.test for failure in failed.failures]
    try:
        with using("icarus"):
            simulate.run(
                f"gates/rtl/{case.bench}",
                toplevel=case.toplevel,
                module=case.module,
                sources=case.sources(),
                parameters=case.parameters,
                seed=seed,
                plusargs=case.plusargs,
                testcase=tests,
                defines=case.defines,
                waves=False,
            )
    except simulate.Failed:
        return "  The RTL with these parameters fails them too: the netlist is not the cause."
    return "  The RTL with these parameters passes them: the netlist differs from the RTL."


def measure(
    job: Job, run: Run, say: Callable[[str], None] = lambda text: None, seed: int | None = None
) -> tuple[Row, str | None]:
    """Synthesise and simulate: a row of the report, and the error or None."""
    label = f"{job.target} {run.unit.module}"
    say(f"{label}: Yosys")
    found = flow.synthesise(job.target, run.unit)
    made = shell.design(found)
    say(f"{label}: {run.case.bench}, {run.simulator}")
    wrong: str | None = None
    began, passed, failed = time.monotonic(), 0, 0
    try:
        passed = len(start(run, made, f"gates/{job.target}/{run.case.bench}", seed).passed)
    except simulate.Failed as error:
        failed = len(error.failures) or 1
        wrong = str(error)
        if error.kind == "test":
            wrong += "\n" + on_rtl(run, error, seed)
    row: Row = {
        "module": run.unit.module,
        "parameters": dict(run.unit.parameters),
        "bench": run.case.bench,
        "testcase": list(run.testcase),
        "simulator": run.simulator,
        "passed": passed,
        "failed": failed,
        "cells": made.cells,
        "seconds": round(time.monotonic() - began, 1),
        "netlist": environment.shown(found.verilog),
    }
    return row, wrong


def table(rows: Iterable[Row]) -> list[str]:
    """Lines of the table."""
    lines = ["| module | cells | bench | simulator | tests | seconds |", "|---|---|---|---|---|---|"]
    for row in rows:
        tests = f"{row['passed']} passed" if not row["failed"] else f"{row['failed']} FAILED"
        bench = row["bench"] + "".join(f", {name}" for name in row["testcase"])
        cells = sum(row["cells"].values())
        lines.append(
            f"| {row['module']} | {cells:,} | {bench} | {row['simulator']} | {tests} | {row['seconds']:.1f} |"
        )
    return lines


def main(environ: Mapping[str, str]) -> int:
    """Run the selected benches on the netlists; print and store the results.

    Parameters
    ----------
    environ : mapping of str to str
        See `NAMES`.

    Returns
    -------
    int
        1 if a test failed, else 0.

    Raises
    ------
    InputError
        A variable is wrong.
    tools.FlowError, simulate.SetupError
        A tool failed or is missing.
    """
    rows: list[Row] = []
    wrong: list[str] = []
    say = Steps()
    job = from_environment(environ)
    environment.writable(environment.build_dir())
    runs = plan(job, environ.get("SIM"))
    for name in sorted({"icarus", *(run.simulator for run in runs)}):  # iverilog -E reads the cells
        simulate.check_tools(name)
    path = shell.BUILD / f"{job.target}-{job.unit}.json"
    path.unlink(missing_ok=True)
    try:
        for run in runs:
            row, text = measure(job, run, say, int(environ.get("SEED") or 1))
            rows.append(row)
            wrong += [text] if text else []
        say(f"{job.target} {job.unit}: done", last=True)
    except BaseException:
        say.end()
        raise
    print("\n".join(table(rows)))
    kinds = {module: row["cells"] for row in rows for module in [row["module"]]}
    for module, cells in kinds.items():
        print(f"{module}: " + ", ".join(f"{count:,} {kind}" for kind, count in sorted(cells.items())))
    used = {"pyosys": versions(job.target)["pyosys"]}
    write(path, {"target": job.target, "unit": job.unit, "tools": used, "runs": rows})
    for text in wrong:
        print(f"gates: {text}", file=sys.stderr)
    passed = sum(row["passed"] for row in rows)
    print(
        f"{environment.shown(path)}: {amount(passed, 'test')} passed on the netlist"
        + (f", {sum(row['failed'] for row in rows)} failed" if wrong else "")
    )
    return 1 if wrong else 0
