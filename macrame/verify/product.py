# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Multiply a user's matrices on a core, and compare every value with the golden model."""

import contextlib
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from macrame import __version__, environment
from macrame.errors import CoreError, InputError, LinkError, differ
from macrame.files import atomic, failures, write
from macrame.golden.arith.bf16_to_fp32 import bf16_to_fp32
from macrame.golden.arith.lfsr32 import Lfsr32
from macrame.golden.gemm_bf16 import gemm_bf16
from macrame.host import packets, serial_link
from macrame.host.core import Core, Report
from macrame.progress import Progress
from macrame.report import run_page
from macrame.report.blocks import Block, Check, Command, Heading, Metadata, Text, counted, phrase, text
from macrame.report.report import Report as Written
from macrame.report.terminal import Plain, Silent
from macrame.verify.compare import MOST_SHOWN, Difference, listed, mismatches
from macrame.verify.job import Job, prepare
from macrame.verify.trace import Trace
from macrame.verify.trace_page import Work, component, counted_by_core

COMPILING = {"icarus": "", "verilator": ", which takes a minute or two"}
WORTH_CHANGING = 60  # seconds of simulation above which a faster simulator is suggested


def multiply(core: Core, job: Job, progress: Progress | None = None) -> tuple[NDArray[Any], Report]:
    """Multiply on a core. In mode bf16 also compute the golden model's result, which depends on the shape.

    Parameters
    ----------
    core : macrame.host.core.Core
    job : Job
    progress : callable, optional

    Returns
    -------
    product : ndarray
    report : macrame.host.core.Report
    """
    if job.mode != "bf16":
        job.fields = packets.fields(core.records(job.w, job.mode, **job.output))
        return core.matmul(job.a, job.w, job.mode, progress=progress, **job.output)
    seed = random = None
    if job.output["out"] == "stochastic":
        seed = job.seed
        random = core.random_operands(Lfsr32(seed).rows, job.a.shape[0], job.w.shape[1])
    job.expected = gemm_bf16(job.a, job.w, random=random, **job.output)
    n = job.w.shape[1]
    bias = np.broadcast_to(np.asarray(job.output.get("bias", 0), np.float32), n)
    job.fields = packets.fields(packets.records(n, np.ascontiguousarray(bias).view(np.int32)))
    return core.matmul_bf16(job.a, job.w, seed=seed, progress=progress, **job.output)


def stored(path: Path, product: NDArray[Any]) -> NDArray[Any]:
    """A product in the format of its file.

    Parameters
    ----------
    path : pathlib.Path
        Path of the file.
    product : ndarray
        Integers, or bits of float32 (uint32) or bfloat16 (uint16).

    Returns
    -------
    ndarray
        int8 or int32; float32; or, into a .npy file, uint16, the bits of bfloat16.
    """
    if product.dtype == np.uint32:
        return product.view(np.float32)
    if product.dtype == np.uint16 and path.suffix.lower() == ".csv":
        return bf16_to_fp32(product)
    return product


def begin(job: Job) -> None:
    """Remove the results of an earlier run, once the input is valid."""
    atomic.discard(job.out, write.report_path(job.out), *filter(None, (job.trace, job.page)))
    failures.forget("gemm")


def _check_simulator() -> None:
    """SetupError if the environment, or a missing simulator, allows no simulation."""
    from macrame.sim import simulate  # not at the top: a board needs no simulator

    simulate.check_environment()


def board_job(job: Job) -> tuple[NDArray[Any], Report, dict[str, Any]]:
    """Run a job on a board's core; parameters and results as of :func:`simulate_job`."""
    device, baud = serial_link.parse(job.link)
    # the board may be simulated, and silent while its simulator waits for a processor
    silence = environment.limit(serial_link.TIMEOUT)
    with Progress("gemm", "result beats multiplied") as progress, contextlib.ExitStack() as stack:
        try:
            link = stack.enter_context(serial_link.SerialLink(device, baud, silence))
            core = Core(link)
        except serial_link.PortError:
            raise
        except LinkError:
            begin(job)
            raise
        if job.mode == "bf16" and not core.config.bf16:
            raise InputError(
                f"MODE=bf16: the core at {job.link} does not support bfloat16, expected another MODE or LINK"
            )
        begin(job)
        job.config = core.config
        product, report = multiply(core, job, progress)
        details = {
            "simulator": None,
            "link": job.link,
            "seconds": round(link.seconds, 3),
            "bytes_sent": link.sent,
            "bytes_received": link.received,
            "waves": None,
            "trace": None,
        }
    return product, report, details


def cycles(job: Job) -> int:
    """Estimate the cycles of a product: those of the array or of the output stage, whichever takes longer.

    The estimate leaves out the time to fill and drain the core; `macrame.golden.cycles` has the exact model.
    """
    config, mode = job.config, packets.BF16 if job.mode == "bf16" else 0
    (m, k), n = job.a.shape, job.w.shape[1]
    tiles = packets.slices(m, config.height(mode)) * packets.slices(n, config.cols)
    phases = packets.PHASES if mode else 1
    requantised = 1 if job.mode == "raw" else packets.slices(config.cols, config.post_lanes)
    return tiles * max(packets.slices(k, config.depth) * phases, config.height(mode) * requantised)


def slow(job: Job) -> str:
    """Return a hint for a large product on the slower simulator; an empty string otherwise."""
    from macrame.sim.simulators import SIMULATORS, simulator

    count, seconds = cycles(job), {}
    for name, known in SIMULATORS.items():
        seconds[name] = count * known.seconds_per_cycle(job.config.macs)
    name = simulator()
    best = min(seconds, key=lambda known: seconds[known])
    if name == best or seconds[name] < WORTH_CHANGING:
        return ""
    this, other = environment.typed("SIM", name), environment.typed("SIM", best)
    return (
        f"about {count:,} cycles, about {max(1, round(seconds[name] / 60)):,} min with {this}; "
        f"{other} is about {float(f'{seconds[name] / seconds[best]:.1g}'):.0f} times as fast"
    )


def simulate_job(job: Job) -> tuple[NDArray[Any], Report, dict[str, Any]]:
    """Run a job on the simulated core.

    Parameters
    ----------
    job : Job

    Returns
    -------
    product : ndarray
    report : macrame.host.core.Report
    details : dict
        Of the simulation, for the JSON report.
    """
    from macrame.sim import simulate
    from macrame.sim.link import SimLink
    from macrame.sim.recording import Recording

    with Progress("gemm", "result beats simulated") as progress:
        hint = slow(job)
        if hint:
            print(f"gemm: {hint}", file=sys.stderr, flush=True)
        link = SimLink(
            job.config,
            seed=job.seed,
            waves=job.waves,
            trace=Recording(job.recorded, *job.trace_window) if job.recorded else None,
            name="make-gemm",
            rtl_root=job.rtl_root,
            compiling=lambda: progress.expect(
                f"compiling the {job.config} core, once{COMPILING[simulate.simulator()]}"
            ),
        )
        progress.done()
        (m, k), n = job.a.shape, job.w.shape[1]
        with link, link.span("product", m=m, k=k, n=n, mode=job.mode):
            product, report = multiply(Core(link), job, progress)
    details = {
        "simulator": simulate.simulator(),
        "seconds": round(link.seconds, 3),
        "cycles_per_second": round(report.cycles / link.seconds),
        "waves": link.waves and str(link.waves),
        "trace": job.trace and str(job.trace),
    }
    return product, report, details


def _plain(value: np.integer[Any]) -> int | str:
    """A value for the report: an integer, or bits as a text like "0x3f80"."""
    return f"0x{int(value):0{2 * value.dtype.itemsize}x}" if value.dtype.kind == "u" else int(value)


def picture(job: Job, title: str = "", counters: Report | None = None) -> Block | None:
    """The run for the page, if there is one; the title as of `component`; the counters of a complete run."""
    if not (job.shows_run and job.recorded and job.recorded.exists()):
        return None
    work = Work(job.a, job.w, job.fields, job.expected)
    trace = Trace.read(job.recorded, "the run's trace")
    known = None if counters is None or counters.counters_full else counted_by_core(counters, work, trace)
    return component(trace, [work], title=title, counted=known)


def halted(job: Job, error: CoreError) -> None:
    """Write the page of a run that ended because the core halted."""
    report = Written(Silent(), "Product of two matrices", job.page, {run_page.NAME: run_page.assets()})
    report.write_all(_heading(job))
    report.write(text("{}", str(error), kind="error"))
    shown = picture(job)
    if shown is not None:
        report.write(shown)
    report.save()


def examine(job: Job, report: Written) -> Block | None:
    """Shrink a wrong product, and report it; its run for the page."""
    from macrame.verify import failure, shrink

    found = failure.investigate(
        shrink.Product(job.a, job.w, job.mode, job.output, job.seed),
        job.config,
        name="gemm",
        seed=job.seed,
        rtl_root=job.rtl_root,
    )
    if found is None:
        report.write(text("the product does not differ when it is repeated on a core after a reset"))
        return None
    report.write_all(found.blocks())
    return found.run if job.shows_run else None


def run(job: Job) -> int:
    """Simulate, compare, write; returns the exit status."""
    for note in job.notes:
        print(f"gemm: {environment.spelt(note)}", file=sys.stderr, flush=True)
    begun, beside = time.monotonic(), write.report_path(job.out)
    if not job.link:  # otherwise once the board's configuration is known
        _check_simulator()
        begin(job)
    report = Written(Plain(), "Product of two matrices", job.page, {run_page.NAME: run_page.assets()})
    shown: Block | None = None
    with tempfile.TemporaryDirectory(prefix="macrame-") as folder:
        job.recorded = job.trace
        if job.shows_run:
            job.recorded = job.trace or Path(folder) / "run.trace"
        try:
            product, counters, details = (board_job if job.link else simulate_job)(job)
        except CoreError as error:
            if job.shows_run:
                halted(job, error)
            raise
        assert job.expected is not None
        wrong = mismatches(job.expected, product, _plain)
        (m, k), n = job.a.shape, job.w.shape[1]
        shown = picture(job, f"the whole product, {m} x {k} times {k} x {n}" if wrong else "", counters)
    summary = {
        "m": m,
        "k": k,
        "n": n,
        "array": str(job.config),
        "mode": job.mode,
        **({"result": job.output["out"], "relu": job.output["relu"]} if job.mode == "bf16" else {}),
        **({"quantized": job.quantized} if job.quantized else {}),
        "seed": job.seed,
        **details,
        **counters.as_dict(),
        "values": product.size,
        "mismatches": len(wrong),
        "first_mismatches": wrong[:MOST_SHOWN],
    }
    files: dict[str | PathLike[str], bytes] = {beside: (json.dumps(summary, indent=2) + "\n").encode()}
    if not wrong:
        files[job.out] = write.encode(job.out, stored(job.out, product))
    atomic.write_files(files)
    report.write_all(blocks(job, summary, wrong, time.monotonic() - begun))
    smallest = examine(job, report) if wrong and not job.link else None
    report.write_all(filter(None, (smallest, shown)))
    report.save()
    return int(report.failed)


def _replay(job: Job) -> str:
    """The command that repeats a simulated run."""
    if job.link:
        return ""
    from macrame.sim import simulate  # already loaded by the simulation

    return simulate.replay_command(job.seed)


def _heading(job: Job) -> Iterator[Block]:
    """What was computed, and how to repeat it."""
    (m, k), n, replay = job.a.shape, job.w.shape[1], _replay(job)
    facts: dict[str, object] = {"macrame": __version__, "seed": job.seed}
    if job.link:
        facts["link"], where = job.link, job.link
    else:
        from macrame.sim import simulate

        facts["simulator"] = where = simulate.simulator()
        facts["versions"] = simulate.versions()
    if job.quantized is not None:
        facts["quantized"] = job.quantized
    if replay:
        facts["command"] = replay
    yield Heading(
        phrase(
            "{} x {} times {} x {} on the {} core, mode {}, {}", m, k, k, n, str(job.config), job.mode, where
        )
    )
    yield Metadata(facts)


def blocks(
    job: Job, summary: Mapping[str, Any], wrong: Sequence[Difference], seconds: float
) -> Iterator[Block]:
    """The report of a product.

    Parameters
    ----------
    job : Job
    summary : mapping of str to object
        The JSON report.
    wrong : sequence of macrame.verify.compare.Difference
    seconds : float
        Of the whole run.

    Yields
    ------
    macrame.report.blocks.Block
    """
    beside, replay = write.report_path(job.out), _replay(job)
    yield from _heading(job)
    yield Text(
        phrase("{:,} cycles, ", summary["cycles"])
        + counted(summary["macs"], "MAC")
        + phrase(", {:.2%} of the array used", summary["utilisation"])
    )
    if job.link:
        line = summary["bytes_sent"] + summary["bytes_received"]
        speed = phrase("{:,} bytes on the line in {:.1f} s", line, summary["seconds"])
    else:
        speed = phrase("{:,} cycles/s simulated", summary["cycles_per_second"])
    yield Text(speed + phrase(", {:.1f} s in total", seconds))
    if wrong:
        yield text(
            "gemm: the result differs from the golden model, {} is not written; rows and columns count from "
            "0",
            str(job.out),
            kind="error",
        )
    said = phrase(
        f"{{:,}} of {{:,}} values {differ(len(wrong))} from the golden model", len(wrong), summary["values"]
    )
    yield Check("product", summary["values"], len(wrong), said, listed(wrong))
    if summary["waves"]:
        yield text("waveforms in {}", summary["waves"])
    if summary["trace"]:
        yield text("trace in {}", summary["trace"])
    if wrong and replay:
        yield Command("replay", replay)
    yield text("wrote {}", str(beside) if wrong else f"{job.out} and {beside}")


def main(given: Mapping[str, str]) -> int:
    """Check the input, multiply, compare, write.

    Parameters
    ----------
    given : dict of str to str
        Values by name, see `NAMES`.

    Returns
    -------
    int
        0 if every value matches the golden model, else 1.

    Raises
    ------
    macrame.errors.InputError
        Some input is invalid.
    macrame.errors.CoreError, macrame.errors.LinkError
        The core halted, or does not answer.
    macrame.sim.simulate.SetupError, macrame.sim.simulate.Failed
        The core cannot be simulated.
    """
    return run(prepare(given))
