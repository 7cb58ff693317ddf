# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""A user's own matrices, multiplied on a core, every value compared with golden's."""

import contextlib
import json
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from macrame.errors import InputError, short
from macrame.files import atomic, parse, read, write
from macrame.golden.arith.requantize import requantize
from macrame.golden.gemm import add_bias, gemm
from macrame.host import packets, quantize, serial_link

NAMES = (
    "A",
    "W",
    "OUT",
    "HEADER",
    "INDEX",
    "KEY",
    "MODE",
    "SCALE",
    "BIAS",
    "A_ZERO_POINT",
    "ZERO_POINT",
    "LOW",
    "HIGH",
    "ROWS",
    "COLS",
    "DEPTH",
    "SIM",
    "SEED",
    "WAVES",
    "LINK",
)
FILES = ("A", "W", "BIAS", "SCALE")  # what may come from a file
REQUANTISED = ("SCALE", "ZERO_POINT", "LOW", "HIGH")  # what only an int8 output has
SIMULATED = ("ROWS", "COLS", "DEPTH", "SIM", "SEED", "WAVES")  # what only a simulated core has
SHOWN = 10  # mismatches that are printed


@dataclass
class Job:
    """What is asked for, checked."""

    a: np.ndarray
    w: np.ndarray
    out: Path
    mode: str
    output: dict  # keywords for Core.matmul
    expected: np.ndarray
    rows: int
    cols: int
    depth: int
    seed: int
    waves: bool
    link: str = ""  # how to come to a board's core; a simulated one without
    notes: tuple = ()  # lines for the user: what was skipped in reading


def prepare(given):
    """Check everything a user gave, before any simulation starts.

    Parameters
    ----------
    given : dict of str to str
        Values by name, see `NAMES`.

    Returns
    -------
    Job

    Raises
    ------
    macrame.errors.InputError
    """
    for name in ("A", "W", "OUT"):
        if name not in given:
            raise InputError(f"{name} is not given, expected all of A, W and OUT")

    if "LINK" in given:
        serial_link.parse(given["LINK"])
        for name in SIMULATED:
            if name in given:
                raise InputError(
                    f"{name}={short(given[name])}: the core at the end of a LINK is "
                    f"not simulated, expected no {name}"
                )

    def integer(name, default, low, high):
        return parse.integer(name, given[name], low, high) if name in given else default

    rows, cols = integer("ROWS", 8, 1, 32), integer("COLS", 8, 1, 32)
    depth = integer("DEPTH", 1, 1, 8)
    seed, waves = integer("SEED", 1, 0, 2**32 - 1), bool(integer("WAVES", 0, 0, 1))
    if "SIM" in given:
        _check_simulator(given["SIM"])
    mode = given.get("MODE", "gemmlowp" if "SCALE" in given else "raw")
    if mode not in packets.MODES:
        raise InputError(f"MODE={short(mode)}: expected one of {', '.join(packets.MODES)}")
    if mode == "raw":
        for name in REQUANTISED:
            if name in given:
                cure = "another MODE" if "MODE" in given else "SCALE as well"
                raise InputError(
                    f"{name}={short(given[name])}: MODE=raw puts out int32 and takes "
                    f"no {name}, expected {cure}"
                )
    elif "SCALE" not in given:
        raise InputError(f"MODE={mode}: SCALE is not given, expected a number, or {read.EXPECTED}")

    sources = sources_of(given)
    a, w = (read.int8_matrix(sources[name]) for name in ("A", "W"))
    if a.shape[1] != w.shape[0]:
        raise InputError(
            f"{sources['A'].label} is {a.shape[0]} x {a.shape[1]} and {sources['W'].label} is {w.shape[0]} "
            f"x {w.shape[1]}, expected as many rows of W as columns of A"
        )
    n = w.shape[1]
    output = {"a_zero_point": integer("A_ZERO_POINT", 0, -128, 127)}
    if "BIAS" in given:
        output["bias"] = read.int32s(sources["BIAS"], n)
    if mode != "raw":
        output.update(
            zero_point=integer("ZERO_POINT", 0, -128, 127),
            low=integer("LOW", -128, -128, 127),
            high=integer("HIGH", 127, -128, 127),
        )
        if output["low"] > output["high"]:
            raise InputError(f"LOW={output['low']}: expected no more than HIGH, which is {output['high']}")
        scale = read.scales(sources["SCALE"], n)
        try:
            output["multiplier"], output["shift"] = fields(mode, scale)
        except InputError as error:
            raise InputError(f"{sources['SCALE'].label}: {error}") from None
    inputs = [source.text for source in sources.values() if source.is_path]
    write.check_output("OUT", given["OUT"], inputs)
    expected = golden(a, w, mode, given.get("SCALE"), **output)
    return Job(
        a,
        w,
        Path(given["OUT"]),
        mode,
        output,
        expected,
        rows,
        cols,
        depth,
        seed,
        waves,
        given.get("LINK", ""),
        tuple(f"{source.label}: {'; '.join(source.notes)}" for source in sources.values() if source.notes),
    )


def sources_of(given):
    """Where the numbers come from, and what HEADER, INDEX and KEY say about each.

    Parameters
    ----------
    given : dict of str to str
        From :func:`variables`.

    Returns
    -------
    dict of str to macrame.files.read.Source
        Of those of FILES that are given.

    Raises
    ------
    macrame.errors.InputError
        An option is wrong, or about a file that has no use for it.
    """
    sources = {name: read.Source(name, given[name]) for name in FILES if name in given}
    for option, suffixes in (("HEADER", read.TEXTS), ("INDEX", read.TEXTS), ("KEY", (".npz",))):
        if option not in given:
            continue
        text = given[option]
        said = parse.by_file(option, text, FILES)
        able = [name for name, source in sources.items() if source.suffix in suffixes]
        wrong = next((name for name in said if name and name not in able), None)
        if wrong or not able:
            which = wrong or f"one of {', '.join(sources)}"
            raise InputError(f"{option}={short(text)}: expected {which} to be a {' or '.join(suffixes)} file")
        for name in able:
            value = said.get(name, said.get(""))
            if value is not None:
                if option != "KEY":
                    value = parse.integer(option, value, 0, 1000)
                setattr(sources[name], option.lower(), value)
    return sources


def _check_simulator(name):
    from macrame.sim import (
        simulate,  # not at the top: cocotb is slow to import, and most mistakes show without it
    )

    if name not in simulate.SIMULATORS:
        raise InputError(f"SIM={short(name)}: expected one of {', '.join(simulate.SIMULATORS)}")


def fields(mode, scale):
    """Multiplier and shift of a record for real scales."""
    return (quantize.float32_bits(scale), 0) if mode == "fp32" else quantize.quantize_multiplier(scale)


def golden(
    a, w, mode, scale, *, bias=0, a_zero_point=0, multiplier=0, shift=0, zero_point=0, low=-128, high=127
):
    """What the core has to put out, and a refusal of scales whose left shift would lose bits on the way.

    Parameters
    ----------
    scale : str
        As the user gave it, for the message; other parameters as for :meth:`macrame.host.core.Core.matmul`.

    Returns
    -------
    ndarray, shape (M, N)
    """
    x = gemm(a, w)
    if a_zero_point:
        x = add_bias(x, -a_zero_point * w.sum(axis=0, dtype=np.int64))
    x = add_bias(x, bias)
    if mode in ("gemmlowp", "ruy"):
        left = np.maximum(np.broadcast_to(shift, x.shape[1]), 0)
        shifted, limits = x.astype(np.int64) << left, np.iinfo(np.int32)
        lost = (shifted < limits.min) | (shifted > limits.max)
        if lost.any():
            i, j = (int(v) for v in np.argwhere(lost)[0])
            raise InputError(
                f"SCALE={scale}: the sum at [{i}, {j}], {x[i, j]}, overflows int32 when shifted "
                f"left by {left[j]}, expected a smaller scale or MODE=fp32"
            )
    return requantize(x, multiplier, shift, zero_point, low, high, mode)


class Progress:
    """How far the simulation is: a bar on a terminal, a line now and then in a log; nothing at first."""

    QUIET = 2.0
    EVERY = 10.0

    def __init__(self, done="simulated"):
        self.done = done
        self.begun = time.monotonic()
        self.next_line = self.begun + self.QUIET
        self.bar = self.task = None

    def __call__(self, done, total):
        now = time.monotonic()
        if now < self.begun + self.QUIET:
            return
        if sys.stderr.isatty():
            if self.bar is None:
                from rich.console import Console
                from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
                from rich.progress import Progress as Bar

                self.bar = Bar(
                    TextColumn("computing"),
                    BarColumn(),
                    MofNCompleteColumn(),
                    TextColumn("result beats"),
                    TimeRemainingColumn(),
                    console=Console(stderr=True),
                    transient=True,
                )
                self.task = self.bar.add_task("", total=total)
                self.bar.start()
            self.bar.update(self.task, completed=done)
        elif now >= self.next_line:
            self.next_line = now + self.EVERY
            left = (now - self.begun) * (total - done) / done if done else 0
            print(
                f"gemm: {done:,} of {total:,} result beats {self.done}"
                + (f", about {left:.0f} s left" if done else ""),
                file=sys.stderr,
                flush=True,
            )

    def close(self):
        """Take the bar away."""
        if self.bar:
            self.bar.stop()


def board_job(job):
    """Run a job on a board's core; parameters and results as of :func:`simulate_job`."""
    from macrame.host.core import Core

    device, baud = serial_link.parse(job.link)
    progress = Progress("multiplied")
    with contextlib.closing(progress), serial_link.SerialLink(device, baud) as link:
        core = Core(link)
        job.rows, job.cols, job.depth = core.shape.rows, core.shape.cols, core.shape.depth
        product, report = core.matmul(job.a, job.w, job.mode, progress=progress, **job.output)
        details = {
            "simulator": None,
            "link": job.link,
            "seconds": round(link.seconds, 3),
            "bytes_sent": link.sent,
            "bytes_received": link.received,
            "waves": None,
        }
    return product, report, details


def simulate_job(job):
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
    from macrame.host.core import Core
    from macrame.sim import simulate
    from macrame.sim.link import SimLink

    shape = f"{job.rows}x{job.cols}x{job.depth}"
    slow_build = threading.Timer(
        Progress.QUIET, print, [f"gemm: compiling a {shape} core, once"], dict(file=sys.stderr, flush=True)
    )
    slow_build.start()
    try:
        link = SimLink(job.rows, job.cols, job.depth, seed=job.seed, waves=job.waves, name="make-gemm")
    finally:
        slow_build.cancel()
    progress = Progress()
    with contextlib.closing(progress), link:
        product, report = Core(link).matmul(job.a, job.w, job.mode, progress=progress, **job.output)
    details = {
        "simulator": simulate.simulator(),
        "seconds": round(link.seconds, 3),
        "cycles_per_second": round(report.cycles / link.seconds),
        "waves": link.waves and str(link.waves),
    }
    return product, report, details


def differences(expected, got):
    """Where two matrices differ.

    Parameters
    ----------
    expected, got : ndarray, the same shape

    Returns
    -------
    list of dict
        row and column, counted from 0, expected and got.
    """
    return [
        {"row": int(i), "column": int(j), "expected": int(expected[i, j]), "got": int(got[i, j])}
        for i, j in np.argwhere(expected != got)
    ]


def run(job):
    """Simulate, compare, write; returns the exit status."""
    for note in job.notes:
        print(f"gemm: {note}", file=sys.stderr, flush=True)
    begun, beside = time.monotonic(), write.report_path(job.out)
    atomic.discard(job.out, beside)
    product, report, details = (board_job if job.link else simulate_job)(job)
    wrong = differences(job.expected, product)
    (m, k), n = job.a.shape, job.w.shape[1]
    array = f"{job.rows}x{job.cols}x{job.depth}"
    summary = {
        "m": m,
        "k": k,
        "n": n,
        "array": array,
        "mode": job.mode,
        "seed": job.seed,
        **details,
        **report.as_dict(),
        "values": product.size,
        "mismatches": len(wrong),
        "first_mismatches": wrong[:SHOWN],
    }
    files = {beside: (json.dumps(summary, indent=2) + "\n").encode()}
    if not wrong:
        files[job.out] = write.encode(job.out, product)
    atomic.write_files(files)
    if job.link:
        line = details["bytes_sent"] + details["bytes_received"]
        speed = f"{line:,} bytes on the line in {details['seconds']:.1f} s"
    else:
        speed = f"{details['cycles_per_second']:,} cycles/s simulated"
    where = job.link or details["simulator"]
    print(
        f"{m} x {k} times {k} x {n} on a {array} core, mode {job.mode}, {where}\n"
        f"  {report.cycles:,} cycles, {report.macs:,} MACs, {report.utilisation:.2%} of the array used\n"
        f"  {speed}, {time.monotonic() - begun:.1f} s in all\n"
        f"  {len(wrong):,} of {product.size:,} values differ from golden"
    )
    if details["waves"]:
        print(f"  waves in {details['waves']}")
    if wrong:
        print(
            f"gemm: the core's result is wrong, {job.out} is not written; row and column count from 0",
            file=sys.stderr,
        )
        for one in wrong[:SHOWN]:
            print(
                "  row {row}, column {column}: expected {expected}, got {got}".format(**one), file=sys.stderr
            )
        if len(wrong) > SHOWN:
            print(f"  and {len(wrong) - SHOWN} more", file=sys.stderr)
        if not job.link:
            from macrame.sim import simulate  # it is loaded already, by the simulation

            print(f"  replay  {simulate.replay_command(job.seed)}", file=sys.stderr)
    print(f"  wrote {beside if wrong else f'{job.out} and {beside}'}")
    return 1 if wrong else 0


def main(given):
    """Check what was given, multiply, compare, write.

    Parameters
    ----------
    given : dict of str to str
        Values by name, see `NAMES`.

    Returns
    -------
    int
        0 if every value equals golden's, else 1.

    Raises
    ------
    macrame.errors.InputError
        Something that was given cannot be used.
    macrame.errors.CoreError, macrame.errors.LinkError
        The core halted, or does not answer.
    macrame.sim.simulate.SetupError, macrame.sim.simulate.Failed
        The core cannot be simulated.
    """
    return run(prepare(given))
