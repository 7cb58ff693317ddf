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

from macrame import environment
from macrame.contract import CoreConfig
from macrame.errors import InputError, LinkError, short
from macrame.files import atomic, parse, read, write
from macrame.golden.arith.bf16_to_fp32 import bf16_to_fp32
from macrame.golden.arith.lfsr32 import Lfsr32
from macrame.golden.arith.requantize import requantize
from macrame.golden.gemm import add_bias, gemm
from macrame.golden.gemm_bf16 import gemm_bf16
from macrame.host import packets, quantize, serial_link
from macrame.verify import operands

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
    "QUANTIZE",
    "RESULT",
    "RELU",
    "ROWS",
    "COLS",
    "DEPTH",
    "SIM",
    "SEED",
    "WAVES",
    "LINK",
)
FILES = ("A", "W", "BIAS", "SCALE")  # what may come from a file
MODES = (*packets.MODES, "bf16")
REQUANTISED = ("SCALE", "ZERO_POINT", "LOW", "HIGH")  # what only an int8 output has
FLOAT = ("RESULT", "RELU")  # what only MODE=bf16 has
SIMULATED = ("ROWS", "COLS", "DEPTH", "SIM", "SEED", "WAVES")  # what only a simulated core has
SHOWN = 10  # mismatches that are printed


@dataclass
class Job:
    """What is asked for, checked."""

    a: np.ndarray
    w: np.ndarray
    out: Path
    mode: str
    output: dict  # keywords for Core.matmul or, in mode bf16, Core.matmul_bf16
    expected: np.ndarray | None  # in mode bf16 none until the core has said how it is built
    config: CoreConfig  # of the simulated core, or, once it has said so, of the board's
    seed: int
    waves: bool
    link: str = ""  # how to come to a board's core; a simulated one without
    quantized: dict | None = None  # for the report: what integers stand for
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

    mode = given.get("MODE", "gemmlowp" if "SCALE" in given else "raw")
    if mode not in MODES:
        raise InputError(f"MODE={short(mode)}: expected one of {', '.join(MODES)}")
    if "LINK" in given:
        serial_link.parse(given["LINK"])
        for name in SIMULATED:
            if name in given and not (name == "SEED" and given.get("RESULT") == "stochastic"):
                raise InputError(
                    f"{name}={short(given[name])}: the core at the end of a LINK is "
                    f"not simulated, expected no {name}"
                )

    config = _config(given, mode)
    seed, waves = _integer(given, "SEED", 1, 0, 2**32 - 1), bool(_integer(given, "WAVES", 0, 0, 1))
    if "SIM" in given:
        _check_simulator(given["SIM"])
    _check_mode(given, mode)
    sources = sources_of(given)
    a, w, output, expected, quantized = (_bf16 if mode == "bf16" else _int8)(given, mode, sources)
    inputs = [source.text for source in sources.values() if source.is_path]
    write.check_output("OUT", given["OUT"], inputs)
    return Job(
        a,
        w,
        Path(given["OUT"]),
        mode,
        output,
        expected,
        config,
        seed,
        waves,
        given.get("LINK", ""),
        quantized,
        tuple(f"{source.label}: {'; '.join(source.notes)}" for source in sources.values() if source.notes),
    )


def _config(given, mode):
    """The core that ROWS, COLS, DEPTH and the mode ask for."""
    shape = {
        name: _integer(given, name.upper(), getattr(CoreConfig, name), *CoreConfig.RANGES[name])
        for name in ("rows", "cols", "depth")
    }
    if mode == "bf16" and shape["depth"] != 1:
        raise InputError(f"DEPTH={given['DEPTH']}: expected 1 with MODE=bf16")
    return CoreConfig(**shape, formats="BF16" if mode == "bf16" else "INT8")


def _integer(given, name, default, low, high):
    return parse.integer(name, given[name], low, high) if name in given else default


def _one_of(given, name, default, allowed):
    value = given.get(name, default)
    if value is not None and value not in allowed:
        raise InputError(f"{name}={short(value)}: expected one of {', '.join(allowed)}")
    return value


def _check_mode(given, mode):
    """Refuse variables that say nothing in this mode."""
    if mode == "raw":
        for name in REQUANTISED:
            if name in given:
                cure = "another MODE" if "MODE" in given else "SCALE as well"
                raise InputError(
                    f"{name}={short(given[name])}: MODE=raw puts out int32 and takes no {name}, "
                    f"expected {cure}"
                )
    elif mode == "bf16":
        for name in (*REQUANTISED, "A_ZERO_POINT"):
            if name in given:
                raise InputError(
                    f"{name}={short(given[name])}: MODE=bf16 has no integers and takes no {name}, "
                    "expected none"
                )
    elif "SCALE" not in given:
        raise InputError(f"MODE={mode}: SCALE is not given, expected a number, or {read.EXPECTED}")
    if mode != "bf16":
        for name in FLOAT:
            if name in given:
                raise InputError(
                    f"{name}={short(given[name])}: MODE={mode} takes no {name}, expected MODE=bf16"
                )
    if "QUANTIZE" in given and "A_ZERO_POINT" in given:
        raise InputError(
            f"A_ZERO_POINT={short(given['A_ZERO_POINT'])}: QUANTIZE finds the zero point, expected no "
            "A_ZERO_POINT"
        )


def _int8(given, mode, sources):
    """Operands, output, golden's result and what the integers stand for, of an int8 product."""
    rule = _one_of(given, "QUANTIZE", None, operands.INT8_RULES)
    found = operands.int8(sources["A"], sources["W"], sources.get("BIAS"), rule)
    n = found.w.shape[1]
    output = {"a_zero_point": _integer(given, "A_ZERO_POINT", found.a_zero_point, -128, 127)}
    if "BIAS" in given:
        output["bias"] = found.bias
    step, zero_point = found.step, 0  # of the output
    if mode != "raw":
        zero_point = _integer(given, "ZERO_POINT", 0, -128, 127)
        output.update(
            zero_point=zero_point,
            low=_integer(given, "LOW", -128, -128, 127),
            high=_integer(given, "HIGH", 127, -128, 127),
        )
        if output["low"] > output["high"]:
            raise InputError(f"LOW={output['low']}: expected no more than HIGH, which is {output['high']}")
        scale = read.scales(sources["SCALE"], n)
        try:
            output["multiplier"], output["shift"] = fields(mode, scale if rule is None else scale * step)
        except InputError as error:
            raise InputError(f"{sources['SCALE'].label}: {error}") from None
        with np.errstate(over="ignore"):
            step = np.broadcast_to(1 / scale, n)
        if rule and np.isinf(step).any():
            raise InputError(
                f"{sources['SCALE'].label}: the steps of the output overflow, expected a larger scale"
            )
    expected = golden(found.a, found.w, mode, given.get("SCALE"), **output)
    quantized = rule and {
        "rule": rule,
        "A": {"scale": found.a_scale, "zero_point": found.a_zero_point},
        "W": {"scale": found.w_scale.tolist(), "zero_point": 0},
        "OUT": {"scale": step.tolist(), "zero_point": zero_point},
        "BIAS": found.bias.tolist(),
    }
    return found.a, found.w, output, expected, quantized


def _bf16(given, mode, sources):
    """The same of a bfloat16 product, whose result golden cannot give before the core has said its shape."""
    rule = _one_of(given, "QUANTIZE", None, operands.BF16_RULES)
    output = {
        "out": _one_of(given, "RESULT", "fp32", tuple(packets.OUTPUTS)),
        "relu": bool(_integer(given, "RELU", 0, 0, 1)),
    }
    a, w = (operands.bf16(sources[name], rule) for name in ("A", "W"))
    operands.check_sides(sources["A"], sources["W"], a, w)
    if "BIAS" in given:
        output["bias"] = operands.float32_bias(sources["BIAS"], w.shape[1])
    return a, w, output, None, None


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
    if mode in quantize.SHIFTING:
        try:
            quantize.refuse_overflow(x, shift)
        except InputError as error:
            raise InputError(f"SCALE={scale}: {error}") from None
    return requantize(x, multiplier, shift, zero_point, low, high, mode)


def multiply(core, job, progress=None):
    """Multiply on a core; in mode bf16 golden's result comes into the job here.

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
        return core.matmul(job.a, job.w, job.mode, progress=progress, **job.output)
    seed = random = None
    if job.output["out"] == "stochastic":
        seed = job.seed
        random = core.random_operands(Lfsr32(seed).rows, job.a.shape[0], job.w.shape[1])
    job.expected = gemm_bf16(job.a, job.w, random=random, **job.output)
    return core.matmul_bf16(job.a, job.w, seed=seed, progress=progress, **job.output)


def stored(path, product):
    """A product as it is written.

    Parameters
    ----------
    path : pathlib.Path
        Where it goes.
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


def begin(job):
    """Remove the results of an earlier run: the input is good, and this one's are to come."""
    atomic.discard(job.out, write.report_path(job.out))


def board_job(job):
    """Run a job on a board's core; parameters and results as of :func:`simulate_job`."""
    from macrame.host.core import Core

    device, baud = serial_link.parse(job.link)
    progress = Progress("multiplied")
    # the board may be a simulated one, and silent while its simulator waits for a processor
    silence = environment.limit(serial_link.TIMEOUT)
    with contextlib.closing(progress), contextlib.ExitStack() as stack:
        try:
            link = stack.enter_context(serial_link.SerialLink(device, baud, silence))
            core = Core(link)
        except LinkError:
            begin(job)
            raise
        if job.mode == "bf16" and not core.config.bf16:
            raise InputError(
                f"MODE=bf16: the core at {job.link} has no bfloat16, expected another MODE or LINK"
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

    slow_build = threading.Timer(
        Progress.QUIET,
        print,
        [f"gemm: compiling a {job.config} core, once"],
        dict(file=sys.stderr, flush=True),
    )
    slow_build.start()
    try:
        link = SimLink(
            job.config,
            seed=job.seed,
            waves=job.waves,
            name="make-gemm",
        )
    finally:
        slow_build.cancel()
    progress = Progress()
    with contextlib.closing(progress), link:
        product, report = multiply(Core(link), job, progress)
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
        row and column, counted from 0, expected and got: integers, or bits as a text like "0x3f80".
    """

    def plain(value):
        bits = value.dtype.kind == "u"
        return f"0x{int(value):0{2 * value.dtype.itemsize}x}" if bits else int(value)

    return [
        {"row": int(i), "column": int(j), "expected": plain(expected[i, j]), "got": plain(got[i, j])}
        for i, j in np.argwhere(expected != got)
    ]


def run(job):
    """Simulate, compare, write; returns the exit status."""
    for note in job.notes:
        print(f"gemm: {note}", file=sys.stderr, flush=True)
    begun, beside = time.monotonic(), write.report_path(job.out)
    if not job.link:  # else once the board has said what it is
        begin(job)
    product, report, details = (board_job if job.link else simulate_job)(job)
    wrong = differences(job.expected, product)
    (m, k), n = job.a.shape, job.w.shape[1]
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
        **report.as_dict(),
        "values": product.size,
        "mismatches": len(wrong),
        "first_mismatches": wrong[:SHOWN],
    }
    files = {beside: (json.dumps(summary, indent=2) + "\n").encode()}
    if not wrong:
        files[job.out] = write.encode(job.out, stored(job.out, product))
    atomic.write_files(files)
    if job.link:
        line = details["bytes_sent"] + details["bytes_received"]
        speed = f"{line:,} bytes on the line in {details['seconds']:.1f} s"
    else:
        speed = f"{details['cycles_per_second']:,} cycles/s simulated"
    where = job.link or details["simulator"]
    print(
        f"{m} x {k} times {k} x {n} on a {job.config} core, mode {job.mode}, {where}\n"
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
