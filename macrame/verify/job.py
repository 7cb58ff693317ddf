# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""A job of `macrame gemm`: all input is checked here, before anything is simulated."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from macrame.contract import CoreConfig
from macrame.errors import InputError, short
from macrame.files import atomic, parse, read, write
from macrame.golden.arith.requantize import requantize
from macrame.golden.gemm import add_bias, gemm
from macrame.host import packets, quantize, serial_link
from macrame.report import run_page
from macrame.report.report import page_of
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
    "TRACE",
    "TRACE_WINDOW",
    "LINK",
    "PAGE",
)
FILES = ("A", "W", "BIAS", "SCALE")  # inputs that may be files
MODES = (*packets.MODES, "bf16")
REQUANTISED = ("SCALE", "ZERO_POINT", "LOW", "HIGH")  # options of an int8 output only
FLOAT = ("RESULT", "RELU")  # options of MODE=bf16 only
SIMULATED = (
    "ROWS",
    "COLS",
    "DEPTH",
    "SIM",
    "SEED",
    "WAVES",
    "TRACE",
    "TRACE_WINDOW",
)  # options of a simulated core only


@dataclass
class Job:
    """A checked job."""

    a: NDArray[Any]
    w: NDArray[Any]
    out: Path
    mode: str
    output: dict[str, Any]  # keywords for Core.matmul or, in mode bf16, Core.matmul_bf16
    expected: NDArray[Any] | None  # in mode bf16 none until the core's configuration is known
    config: CoreConfig  # of the simulated core, or of the board's once it is known
    seed: int
    waves: bool
    link: str = ""  # link to a board's core; a simulated core if empty
    quantized: dict[str, Any] | None = None  # for the report: the meaning of the integers
    trace: Path | None = None  # file for a trace of the core
    trace_window: tuple[int, int | None] = (0, None)  # first cycle and number of cycles
    notes: tuple[str, ...] = ()  # lines for the user: what was skipped while reading
    page: Path | None = None  # the report, in addition to the terminal
    recorded: Path | None = None  # file for the trace that the page shows, if it is not the user's
    rtl_root: Path | None = None  # another copy of rtl/
    fields: NDArray[np.void] | None = None  # of the columns' records, once the product was computed

    @property
    def shows_run(self) -> bool:
        """Whether the page shows the run, cycle by cycle."""
        return run_page.shows_run(self.page) and not self.link


def prepare(given: Mapping[str, str]) -> Job:
    """Check all user input before any simulation starts.

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
                    f"{name}={short(given[name])}: does not apply with LINK, whose core is not simulated"
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
    out = Path(given["OUT"])
    others = (out, write.report_path(out), *([Path(given["TRACE"])] if "TRACE" in given else []))
    page = page_of(given, inputs, others)
    trace = _trace(given, inputs)
    return Job(
        a,
        w,
        out,
        mode,
        output,
        expected,
        config,
        seed,
        waves,
        given.get("LINK", ""),
        quantized,
        trace,
        _window(given, page),
        tuple(f"{source.label}: {'; '.join(source.notes)}" for source in sources.values() if source.notes),
        page,
    )


def _config(given: Mapping[str, str], mode: str) -> CoreConfig:
    """The core selected by ROWS, COLS, DEPTH and the mode."""
    shape = {
        name: _integer(given, name.upper(), getattr(CoreConfig, name), *CoreConfig.RANGES[name])
        for name in ("rows", "cols", "depth")
    }
    if mode == "bf16" and shape["depth"] != 1:
        raise InputError(f"DEPTH={given['DEPTH']}: expected 1 with MODE=bf16")
    return CoreConfig(**shape, formats="BF16" if mode == "bf16" else "INT8")


def _trace(given: Mapping[str, str], inputs: Sequence[str]) -> Path | None:
    """The file for the trace, which is none of the others."""
    if "TRACE" not in given:
        return None
    path, out = Path(given["TRACE"]), Path(given["OUT"])
    wrong = atomic.unwritable(path, inputs)
    for other in (out, write.report_path(out)):
        if not wrong and atomic.real_path(path) == atomic.real_path(other):
            wrong = f"is also written for OUT={short(out, 200)}, expected another file"
    if wrong:
        raise InputError(f"TRACE={short(path, 200)}: {wrong}")
    return path


def _window(given: Mapping[str, str], page: Path | None) -> tuple[int, int | None]:
    """First cycle and length of the trace's window, which a page shows too."""
    text = given.get("TRACE_WINDOW")
    if text is None:
        return 0, None
    if "TRACE" not in given and not run_page.shows_run(page):
        raise InputError(
            f"TRACE_WINDOW={short(text)}: neither TRACE nor a page is given, expected TRACE=FILE or "
            "PAGE=FILE.html as well"
        )
    found = re.fullmatch(r"([0-9]{1,9}):([0-9]{1,9})", text)
    if not found:
        raise InputError(
            f"TRACE_WINDOW={short(text)}: expected first and last cycle, from 0 to 999999999, such as 0:4095"
        )
    if int(found[1]) > int(found[2]):
        raise InputError(
            f"TRACE_WINDOW={text}: ends before it begins, expected first and last cycle, such as "
            f"{found[2]}:{found[1]}"
        )
    return int(found[1]), int(found[2]) - int(found[1]) + 1


def _integer(given: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    return parse.integer(name, given[name], low, high) if name in given else default


def _one_of(given: Mapping[str, str], name: str, allowed: Sequence[str]) -> str | None:
    value = given.get(name)
    if value is not None and value not in allowed:
        raise InputError(f"{name}={short(value)}: expected one of {', '.join(allowed)}")
    return value


def _check_mode(given: Mapping[str, str], mode: str) -> None:
    """Reject variables that do not apply in this mode."""
    if mode == "raw":
        for name in REQUANTISED:
            if name in given:
                cure = "another MODE" if "MODE" in given else "SCALE as well"
                raise InputError(
                    f"{name}={short(given[name])}: does not apply to MODE=raw, which outputs int32; "
                    f"expected {cure}"
                )
    elif mode == "bf16":
        for name in (*REQUANTISED, "A_ZERO_POINT"):
            if name in given:
                raise InputError(
                    f"{name}={short(given[name])}: does not apply to MODE=bf16, which has no integers"
                )
    elif "SCALE" not in given:
        raise InputError(f"MODE={mode}: SCALE is not given, expected a number, or {read.EXPECTED}")
    if mode != "bf16":
        for name in FLOAT:
            if name in given:
                raise InputError(
                    f"{name}={short(given[name])}: does not apply to MODE={mode}, expected MODE=bf16"
                )
    if "QUANTIZE" in given and "A_ZERO_POINT" in given:
        raise InputError(
            f"A_ZERO_POINT={short(given['A_ZERO_POINT'])}: does not apply with QUANTIZE, which determines "
            "the zero point"
        )


def _quantize(given: Mapping[str, str], mode: str) -> str | None:
    """The value of QUANTIZE, one of the rules of a mode; None if it is not given."""
    bf16 = mode == "bf16"
    rules, others = operands.INT8_RULES, operands.BF16_RULES
    if bf16:
        rules, others = others, rules
    if given.get("QUANTIZE") in others:
        applies = f"does not apply to MODE={mode}, expected {' or '.join(rules)}"
        cure = "another MODE" if bf16 else "MODE=bf16"
        raise InputError(f"QUANTIZE={given['QUANTIZE']}: {applies}, or {cure}")
    return _one_of(given, "QUANTIZE", rules)


#: Operands, keywords for the core, the golden model's result and the meaning of the integers.
Checked: TypeAlias = tuple[
    NDArray[Any], NDArray[Any], dict[str, Any], NDArray[Any] | None, dict[str, Any] | None
]


def _int8(given: Mapping[str, str], mode: str, sources: Mapping[str, read.Source]) -> Checked:
    """Operands, output, the golden model's result and the meaning of the integers, of an int8 product."""
    rule = _quantize(given, mode)
    found = operands.int8(sources["A"], sources["W"], sources.get("BIAS"), rule)
    n = found.w.shape[1]
    output: dict[str, Any] = {"a_zero_point": _integer(given, "A_ZERO_POINT", found.a_zero_point, -128, 127)}
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
            raise InputError(f"LOW={output['low']}: expected at most HIGH, which is {output['high']}")
        scale = read.scales(sources["SCALE"], n)
        try:
            output["multiplier"], output["shift"] = fields(mode, scale if rule is None else scale * step)
        except InputError as error:
            of = "" if rule is None else f"times the step of the sums with QUANTIZE, {np.max(step):g}, "
            raise InputError(f"{sources['SCALE'].label}: {of}{error}") from None
        with np.errstate(over="ignore"):
            step = np.broadcast_to(1 / scale, n)
        if rule and np.isinf(step).any():
            raise InputError(
                f"{sources['SCALE'].label}: the steps of the output overflow, expected a larger scale"
            )
    expected = golden(found.a, found.w, mode, given.get("SCALE"), **output)
    quantized = (
        None
        if rule is None
        else {
            "rule": rule,
            "A": {"scale": found.a_scale, "zero_point": found.a_zero_point},
            "W": {"scale": found.w_scale.tolist(), "zero_point": 0},
            "OUT": {"scale": step.tolist(), "zero_point": zero_point},
            "BIAS": found.bias.tolist(),
        }
    )
    return found.a, found.w, output, expected, quantized


def _bf16(given: Mapping[str, str], mode: str, sources: Mapping[str, read.Source]) -> Checked:
    """The same for a bfloat16 product; the golden result needs the shape of the core."""
    rule = _quantize(given, mode)
    output = {
        "out": _one_of(given, "RESULT", tuple(packets.OUTPUTS)) or "fp32",
        "relu": bool(_integer(given, "RELU", 0, 0, 1)),
    }
    a, w = (operands.bf16(sources[name], rule) for name in ("A", "W"))
    operands.check_sides(sources["A"], sources["W"], a, w)
    if "BIAS" in given:
        output["bias"] = operands.float32_bias(sources["BIAS"], w.shape[1])
    return a, w, output, None, None


def sources_of(given: Mapping[str, str]) -> dict[str, read.Source]:
    """The sources of the numbers, with the values of HEADER, INDEX and KEY for each.

    Parameters
    ----------
    given : dict of str to str
        From :func:`variables`.

    Returns
    -------
    dict of str to macrame.files.read.Source
        For each of FILES that is given.

    Raises
    ------
    macrame.errors.InputError
        An option is wrong, or does not apply to its file.
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
                number = value if option == "KEY" else _lines(option, text, value, name)
                setattr(sources[name], option.lower(), number)
    return sources


def _lines(option: str, text: str, value: str, file: str) -> int:
    """The rows or columns to skip in a file; an error has the text of the option, not only its part."""
    try:
        return parse.integer(option, value, 0, 1000)
    except InputError:
        expected = f"{parse.limits(0, 1000)}, or one for each file, such as {file}:1"
        raise InputError(f"{option}={short(text)}: expected {expected}") from None


def _check_simulator(name: str) -> None:
    # not at the top: cocotb is slow to import, and most errors are found without it
    from macrame.sim.simulators import SIMULATORS

    if name not in SIMULATORS:
        raise InputError(f"SIM={short(name)}: expected one of {', '.join(SIMULATORS)}")


def fields(mode: str, scale: ArrayLike) -> tuple[ArrayLike, ArrayLike]:
    """Multiplier and shift of a record for real scales."""
    return (quantize.float32_bits(scale), 0) if mode == "fp32" else quantize.quantize_multiplier(scale)


def golden(
    a: NDArray[np.int8],
    w: NDArray[np.int8],
    mode: str,
    scale: str | None,
    *,
    bias: ArrayLike = 0,
    a_zero_point: int = 0,
    multiplier: ArrayLike = 0,
    shift: ArrayLike = 0,
    zero_point: int = 0,
    low: int = -128,
    high: int = 127,
) -> NDArray[Any]:
    """The expected output of the core; rejects scales whose left shift would overflow.

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
