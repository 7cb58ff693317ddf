# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""`make gemm` from the user's view: bad calls through the real command line, then good ones.

A bad call has to end with status 2 and one line that names what is wrong, leave the folder as it was, and not
start a simulation.
"""

import contextlib
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path
from types import SimpleNamespace

import ml_dtypes
import numpy as np
import pytest

from macrame import environment, paths
from macrame import progress as shown_progress
from macrame.cli import command
from macrame.contract import CoreConfig
from macrame.errors import InputError, LinkError
from macrame.golden import cycles as golden_cycles
from macrame.host import serial_link
from macrame.host.core import Report
from macrame.sim import simulate
from macrame.verify import job as jobs
from macrame.verify import product as gemm
from tests.damaged import damage, whole_files

#: Not inherited by the calls: a user's shell does not have them. SIM is, the suite's is the command's too,
#: but where a LINK leads to a core that is not simulated.
OURS = {*jobs.NAMES, "MACRAME_REPLAY", "PYTEST_CURRENT_TEST", "MAKEFLAGS", "MAKELEVEL", "MFLAGS"} - {"SIM"}


def call(folder, command=None, **environ):
    """Run the target in a folder; the variables go through the environment, as make passes them."""
    clean = {
        name: value
        for name, value in os.environ.items()
        if name not in OURS and not (name == "SIM" and "LINK" in environ)
    }
    clean.update(environ, PYTHONPATH=str(paths.ROOT), OPENBLAS_NUM_THREADS="1")
    return subprocess.run(
        command or [sys.executable, "-m", "macrame.cli.make", "run", "gemm"],
        cwd=folder,
        env=clean,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        **environment.limited(120),
    )


def npy(array, keep=None):
    """The bytes of an .npy file, cut to `keep`."""
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()[:keep]


def npz(**arrays):
    """The bytes of an .npz file."""
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)
    return stream.getvalue()


def headed(shape, descr="|i1"):
    """An .npy file with four bytes of data under a header that NumPy itself would not write."""
    header = f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + b"\1\2\3\4"


def matrix(rows, cols, dtype=np.int8, fill=1):
    return np.full((rows, cols), fill, dtype)


GOOD = {
    "a.npy": npy(matrix(3, 4)),
    "w.npy": npy(matrix(4, 2)),
    "a.csv": b"1,2,3,4\n5,6,7,8\n-128,127,0,1\n",
    "w.csv": b"1,2\n3,4\n5,6\n7,8\n",
}
CALL = {"A": "a.npy", "W": "w.npy", "OUT": "c.npy"}

RULES = {
    "even": "QUANTIZE=even: does not apply to MODE=raw, expected symmetric or asymmetric, or MODE=bf16\n",
    "symmetric": "QUANTIZE=symmetric: does not apply to MODE=bf16, expected even or toward_zero, or another "
    "MODE\n",
}
NO_INT8 = "; QUANTIZE=symmetric would quantise it, MODE=bf16 takes bfloat16\n"

#: The error, the variables, the expected line; and a file, if one is wrong.
BAD = [
    # variables
    ("no A", dict(A=""), "A is not given, expected all of A, W and OUT"),
    ("no W", dict(W=""), "W is not given"),
    ("no OUT", dict(OUT=""), "OUT is not given"),
    ("no rows", dict(ROWS="0"), "ROWS=0: expected an integer from 1 to 32"),
    ("too many rows", dict(ROWS="33"), "ROWS=33: expected an integer from 1 to 32"),
    ("rows in words", dict(ROWS="eight"), "ROWS=eight: expected an integer from 1 to 32"),
    ("half a row", dict(ROWS="4.5"), "ROWS=4.5: expected an integer from 1 to 32"),
    ("an endless row count", dict(ROWS="9" * 5000), "ROWS=9999"),
    ("negative columns", dict(COLS="-1"), "COLS=-1: expected an integer from 1 to 32"),
    ("columns in hex", dict(COLS="0x8"), "COLS=0x8: expected an integer from 1 to 32"),
    ("too deep", dict(DEPTH="9"), "DEPTH=9: expected an integer from 1 to 8"),
    ("no depth", dict(DEPTH="0"), "DEPTH=0: expected an integer from 1 to 8"),
    ("an unknown simulator", dict(SIM="modelsim"), "SIM=modelsim: expected one of icarus"),
    ("an unknown mode", dict(MODE="tflite"), "MODE=tflite: expected one of raw, gemmlowp, ruy, fp32"),
    ("a mode in capitals", dict(MODE="RAW"), "MODE=RAW: expected one of raw"),
    ("a seed in words", dict(SEED="lucky"), "SEED=lucky: expected an integer from 0 to 4294967295"),
    ("waves in words", dict(WAVES="yes"), "WAVES=yes: expected 0 or 1"),
    ("a mode without its scale", dict(MODE="ruy"), "MODE=ruy: SCALE is not given"),
    (
        "a scale for mode raw",
        dict(MODE="raw", SCALE="0.5"),
        "SCALE=0.5: does not apply to MODE=raw, which outputs int32",
    ),
    (
        "a clamp without a scale",
        dict(LOW="0"),
        "LOW=0: does not apply to MODE=raw, which outputs int32; expected SCALE",
    ),
    (
        "a zero point out of range",
        dict(SCALE="0.5", ZERO_POINT="128"),
        "ZERO_POINT=128: expected an integer from",
    ),
    (
        "A's zero point out of range",
        dict(A_ZERO_POINT="-129"),
        "A_ZERO_POINT=-129: expected an integer from -128",
    ),
    (
        "a clamp upside down",
        dict(SCALE="0.5", LOW="5", HIGH="4"),
        "LOW=5: expected at most HIGH, which is 4",
    ),
    # scale
    ("a negative scale", dict(SCALE="-0.5"), "SCALE=-0.5: expected a finite number above 0"),
    ("a scale of zero", dict(SCALE="0"), "SCALE=0: expected a finite number above 0"),
    ("an invalid scale", dict(SCALE="nan"), "SCALE=nan: expected a finite number above 0"),
    ("an infinite scale", dict(SCALE="inf"), "SCALE=inf: expected a finite number above 0"),
    ("a scale past float64", dict(SCALE="1e999"), "SCALE=1e999: expected a finite number above 0"),
    (
        "a scale for huge steps",
        dict(SCALE="1", QUANTIZE="symmetric", BIAS="1e300"),
        "SCALE=1: times the step of the sums with QUANTIZE, 9.31323e+290, scale is 9.313225746154786e+290",
    ),
    (
        "an integer past float64",
        dict(A="t.npy"),
        "A=t.npy: element [0, 0] is 9223372036854775808, expected an integer from -128 to 127\n",
        {"t.npy": npy(matrix(3, 4, np.uint64, 2**63))},
    ),
    ("a huge scale", dict(SCALE="1e12"), "SCALE=1e12: scale is 1000000000000.0, expected less than 2^31"),
    (
        "a scale past float32",
        dict(SCALE="1e39", MODE="fp32"),
        "SCALE=1e39: scale is 1e+39, expected a normal",
    ),
    (
        "a scale below float32",
        dict(SCALE="1e-39", MODE="fp32"),
        "SCALE=1e-39: scale is 1e-39, expected a normal",
    ),
    (
        "a scale in words",
        dict(SCALE="small"),
        "SCALE=small: expected a finite number above 0, or a .npy, .npz, .csv or .tsv file",
    ),
    ("a scale whose shift loses bits", dict(SCALE="2e9"), "SCALE=2e9: the sum at [0, 0], 4, overflows int32"),
    ("no such scale", dict(SCALE="s.npy"), "SCALE=s.npy: no such file"),
    (
        "too few scales",
        dict(SCALE="s.npy", A="a.csv", W="w3.npy"),
        "SCALE=s.npy: has 2 values, expected one value or 3, one for each column",
        {"s.npy": npy(np.array([0.5, 0.5])), "w3.npy": npy(matrix(4, 3))},
    ),
    (
        "a square of scales",
        dict(SCALE="s.csv"),
        "SCALE=s.csv: is 2 x 2, expected",
        {"s.csv": b".5,.5\n.5,.5\n"},
    ),
    (
        "a negative one among scales",
        dict(SCALE="s.csv"),
        "SCALE=s.csv: line 1, column 2 is -1.0, expected a finite",
        {"s.csv": b"0.5,-1\n"},
    ),
    (
        "NaN among scales",
        dict(SCALE="s.npy"),
        "SCALE=s.npy: element [1] is nan, expected a finite number above 0",
        {"s.npy": npy(np.array([0.5, np.nan], np.float32))},
    ),
    (
        "text among scales",
        dict(SCALE="s.csv"),
        "SCALE=s.csv: line 1, column 2 is 'half', expected",
        {"s.csv": b"0.5,half\n"},
    ),
    (
        "complex scales",
        dict(SCALE="s.npy"),
        "SCALE=s.npy: contains complex128 values, expected numbers",
        {"s.npy": npy(np.array([0.5, 1j]))},
    ),
    # bias
    ("half a bias", dict(BIAS="0.5"), "BIAS=0.5: expected an int32, or a .npy, .npz, .csv or .tsv file"),
    ("a bias past int32", dict(BIAS="2147483648"), "BIAS=2147483648: expected an int32"),
    (
        "a bias past int32 in a file",
        dict(BIAS="b.npy"),
        "BIAS=b.npy: element [1] is -2147483649, expected",
        {"b.npy": npy(np.array([1, -(2**31) - 1]))},
    ),
    (
        "half a bias in a file",
        dict(BIAS="b.npy"),
        "BIAS=b.npy: element [1] is 2.5, expected an integer from -2147483648 to 2147483647\n",
        {"b.npy": npy(np.array([1.0, 2.5]))},
    ),
    (
        "too many biases",
        dict(BIAS="b.csv"),
        "BIAS=b.csv: is 3 x 1, expected one value or 2",
        {"b.csv": b"1\n2\n3\n"},
    ),
    # files that cannot be read
    ("no such A", dict(A="b.npy"), "A=b.npy: no such file"),
    ("A in no such folder", dict(A="no/a.npy"), "A=no/a.npy: no such file"),
    (
        "W is a folder",
        dict(W="d.npy"),
        "W=d.npy: is a directory, expected a .npy, .npz, .csv or .tsv file",
        {"d.npy": None},
    ),
    (
        "W is a text",
        dict(W="w.txt"),
        "W=w.txt: unknown extension .txt, expected .npy, .npz, .csv or .tsv",
        {"w.txt": b"1\n"},
    ),
    (
        "A has no extension",
        dict(A="a"),
        "A=a: unknown extension (none), expected .npy, .npz, .csv or .tsv",
        {"a": b"1\n"},
    ),
    ("A cannot be read", dict(A="m.npy"), "A=m.npy: ", {"m.npy": Path("/proc/self/mem")}),
    ("A leads nowhere", dict(A="l.npy"), "A=l.npy: no such file", {"l.npy": Path("/nowhere/a.npy")}),
    ("A is a device", dict(A="z.npy"), "A=z.npy: is not a regular file", {"z.npy": Path("/dev/zero")}),
    ("an empty .npy", dict(A="e.npy"), "A=e.npy: the file is empty", {"e.npy": b""}),
    ("an empty .csv", dict(W="e.csv"), "W=e.csv: the file is empty", {"e.csv": b""}),
    ("blank lines", dict(W="e.csv"), "W=e.csv: contains no numbers", {"e.csv": b"\n  \n\n"}),
    # .npy
    (
        "not .npy inside",
        dict(A="t.npy"),
        "A=t.npy: not a .npy file: it starts with b'1,2,3,'",
        {"t.npy": b"1,2,3,4\n"},
    ),
    (".npz inside", dict(A="t.npy"), "A=t.npy: not a .npy file", {"t.npy": b"PK\3\4 and so on"}),
    (
        "data cut short",
        dict(A="t.npy"),
        "A=t.npy: truncated, the header specifies 12 bytes of data, but only 11 found",
        {"t.npy": npy(matrix(3, 4), -1)},
    ),
    (
        "header cut short",
        dict(A="t.npy"),
        "A=t.npy: the .npy header is damaged",
        {"t.npy": npy(matrix(3, 4), 40)},
    ),
    (
        "magic cut short",
        dict(A="t.npy"),
        "A=t.npy: the .npy header is damaged",
        {"t.npy": npy(matrix(3, 4), 7)},
    ),
    (
        "a false header",
        dict(A="t.npy"),
        "A=t.npy: truncated, the header specifies 1,000,000,000,000 bytes of data, but only 12 found",
        {"t.npy": npy(matrix(3, 4)).replace(b"(3, 4), }" + b" " * 12, b"(1000000, 1000000), }")},
    ),
    (
        "pickled objects",
        dict(A="t.npy"),
        "A=t.npy: contains pickled Python objects, expected numbers",
        {"t.npy": npy(np.array([[1, "a"]], object))},
    ),
    (
        "a vector",
        dict(A="t.npy"),
        "A=t.npy: has shape (4,), expected two dimensions",
        {"t.npy": npy(np.ones(4, "i1"))},
    ),
    (
        "a stack",
        dict(W="t.npy"),
        "W=t.npy: has shape (1, 4, 2), expected two",
        {"t.npy": npy(np.ones((1, 4, 2), "i1"))},
    ),
    (
        "a scalar",
        dict(W="t.npy"),
        "W=t.npy: has shape (), expected two dimensions",
        {"t.npy": npy(np.int8(3))},
    ),
    (
        "no rows in A",
        dict(A="t.npy"),
        "A=t.npy: is 0 x 4, expected at least 1 x 1",
        {"t.npy": npy(matrix(0, 4))},
    ),
    (
        "no K",
        dict(A="t.npy", W="u.npy"),
        "A=t.npy: is 3 x 0, expected at least 1 x 1",
        {"t.npy": npy(matrix(3, 0)), "u.npy": npy(matrix(0, 2))},
    ),
    (
        "fractions",
        dict(A="t.npy"),
        "A=t.npy: element [0, 0] is 0.5, expected an integer from -128 to 127" + NO_INT8,
        {"t.npy": npy(matrix(3, 4, np.float32, 0.5))},
    ),
    (
        "fractions of bfloat16",
        dict(W="t.npy"),
        "W=t.npy: element [0, 0] is 0.5, expected an integer from -128 to 127" + NO_INT8,
        {"t.npy": npy(matrix(4, 2, ml_dtypes.bfloat16, 0.5))},
    ),
    (
        "whole floats past int8",
        dict(A="t.npy"),
        "A=t.npy: element [0, 0] is 128.0, expected an integer from -128 to 127; QUANTIZE=symmetric would",
        {"t.npy": npy(matrix(3, 4, np.float32, 128))},
    ),
    (
        "several arrays",
        dict(A="t.npz"),
        "A=t.npz: contains 2 arrays, expected KEY=A:NAME, where NAME is one of x, y\n",
        {"t.npz": npz(x=matrix(3, 4), y=matrix(4, 2))},
    ),
    (
        "an array that is not there",
        dict(A="t.npz", KEY="A:z"),
        "A=t.npz: contains no array z, expected KEY=A:NAME, where NAME is one of x, y\n",
        {"t.npz": npz(x=matrix(3, 4), y=matrix(4, 2))},
    ),
    (
        "pickled objects in .npz",
        dict(A="t.npz"),
        "A=t.npz: contains pickled Python objects, expected numbers\n",
        {"t.npz": npz(x=np.array([[1, "a"]], object))},
    ),
    (
        "NaN",
        dict(A="t.npy"),
        "A=t.npy: element [0, 0] is nan, expected an integer from -128 to 127",
        {"t.npy": npy(matrix(3, 4, np.float64, np.nan))},
    ),
    (
        "infinity",
        dict(A="t.npy"),
        "A=t.npy: element [0, 0] is -inf, expected an integer",
        {"t.npy": npy(matrix(3, 4, np.float16, -np.inf))},
    ),
    ("strings", dict(A="t.npy"), "A=t.npy: contains <U1 values", {"t.npy": npy(matrix(3, 4, "<U1"))}),
    (
        "records",
        dict(A="t.npy"),
        "A=t.npy: contains [('x', 'i1')] values",
        {"t.npy": npy(matrix(3, 4, [("x", "i1")]))},
    ),
    (
        "dates",
        dict(A="t.npy"),
        "A=t.npy: contains datetime64[D] values",
        {"t.npy": npy(matrix(3, 4, "M8[D]"))},
    ),
    (
        "128 for int8",
        dict(A="t.npy"),
        "A=t.npy: element [2, 1] is 128, expected an integer from -128 to 127",
        {"t.npy": npy(np.array([[1, 2, 3, 4], [5, 6, 7, 8], [9, 128, 1, 2]]))},
    ),
    (
        "-129 for int8",
        dict(W="t.npy"),
        "W=t.npy: element [0, 0] is -129, expected",
        {"t.npy": npy(matrix(4, 2, "i2", -129))},
    ),
    (
        "2^64 - 1 for int8",
        dict(W="t.npy"),
        "W=t.npy: element [0, 0] is 18446744073709551615, expected",
        {"t.npy": npy(matrix(4, 2, np.uint64, 2**64 - 1))},
    ),
    # .csv
    (
        "a fraction in .csv",
        dict(A="t.csv"),
        "A=t.csv: line 2, column 3 is 1.5, expected an integer from -128 to 127" + NO_INT8,
        {"t.csv": b"1,2,3,4\n1,2,1.5,4\n"},
    ),
    (
        "an exponent in .csv",
        dict(A="t.csv"),
        "A=t.csv: line 1, column 1 is 1e-1, expected an integer",
        {"t.csv": b"1e-1,2,3,4\n"},
    ),
    (
        "NaN in .csv",
        dict(A="t.csv"),
        "A=t.csv: line 1, column 2 is 'nan', expected an integer",
        {"t.csv": b"1,nan,3,4\n"},
    ),
    (
        "text in a number column",
        dict(A="t.csv"),
        "A=t.csv: line 2, column 1 is 'two', expected an integer",
        {"t.csv": b"1,2,3,4\ntwo,2,3,4\n"},
    ),
    (
        "a header twice",
        dict(A="t.csv"),
        "A=t.csv: line 2, column 2 is 'y', expected an integer from -128 to 127; if line 2 is a header: HEAD",
        {"t.csv": b"x,y,z,u\nx,y,z,u\n1,2,3,4\n"},
    ),
    (
        "a header or a row",
        dict(A="t.csv"),
        "A=t.csv: line 1 may be a header or numbers after a name, expected HEADER=A:1 to skip it or",
        {"t.csv": b"who,0,1,2,3\nann,5,6,7,8\n"},
    ),
    (
        "an index that does not count",
        dict(A="t.csv"),
        "A=t.csv: line 3, column 1 is '7', which may be part of an index, expected INDEX=A:1 to skip it or",
        {"t.csv": b",x,y,z,u\n0,1,2,3,4\n7,1,2,3,4\n"},
    ),
    (
        "thousands",
        dict(BIAS="t.csv"),
        "BIAS=t.csv: line 1, column 1 is 1,000, with decimals or a thousands separator; expected commas",
        {"t.csv": b"1,000;2,000\n"},
    ),
    (
        "semicolons and commas",
        dict(A="t.csv"),
        "A=t.csv: line 1, column 2 is '2,3,4', expected",
        {"t.csv": b"1;2,3,4\n"},
    ),
    (
        "an empty cell",
        dict(A="t.csv"),
        "A=t.csv: line 1, column 3 is '', expected an integer",
        {"t.csv": b"1,2,,4\n"},
    ),
    (
        "a trailing comma at times",
        dict(A="t.csv"),
        "A=t.csv: line 2 has 5 columns, expected 4 as in the lines before",
        {"t.csv": b"1,2,3,4\n1,2,3,4,\n"},
    ),
    (
        "an underscore",
        dict(A="t.csv"),
        "A=t.csv: line 1, column 1 is '1_0', expected",
        {"t.csv": b"1_0,2,3,4\n"},
    ),
    (
        "other digits",
        dict(A="t.csv"),
        "A=t.csv: line 1, column 1 is '\u0663', expected",
        {"t.csv": "\u0663,2,3,4\n".encode()},
    ),
    (
        "rows of different length",
        dict(A="t.csv"),
        "A=t.csv: line 2 has 3 columns, expected 4 as in the lines before",
        {"t.csv": b"1,2,3,4\n1,2,3\n"},
    ),
    (
        "200 in .csv",
        dict(A="t.csv"),
        "A=t.csv: line 2, column 4 is 200, expected an integer from -128 to 127",
        {"t.csv": b"1,2,3,4\n1,2,3,200\n"},
    ),
    (
        "a number of 5,000 digits",
        dict(A="t.csv"),
        "A=t.csv: line 1, column 1 is 1111",
        {"t.csv": b"1" * 5000 + b",2,3,4\n"},
    ),
    (
        "200 after blank lines",
        dict(A="t.csv"),
        "A=t.csv: line 5, column 4 is 200, expected an integer from",
        {"t.csv": b"\n\n1,2,3,4\r\n\r\n1,2,3,200\n"},
    ),
    (
        "text after blank lines",
        dict(A="t.csv"),
        "A=t.csv: line 4, column 2 is 'x', expected an integer",
        {"t.csv": b"1,2,3,4\r\r \r5,x,7,8\r"},
    ),
    (
        "a bias past int32 in a column",
        dict(BIAS="b.csv"),
        "BIAS=b.csv: line 3, column 1 is 2147483648,",
        {"b.csv": b"1\n\n2147483648\n"},
    ),
    (
        "a scale of zero in a column",
        dict(SCALE="s.csv"),
        "SCALE=s.csv: line 3, column 1 is 0.0, expected",
        {"s.csv": b"1\n\n0\n"},
    ),
    (
        "one bias past int32",
        dict(BIAS="b.csv"),
        "BIAS=b.csv: line 2, column 1 is 2147483648,",
        {"b.csv": b"\n2147483648\n"},
    ),
    ("bytes in .csv", dict(A="t.csv"), "A=t.csv: not a text file, byte 2 is 0xff", {"t.csv": b"1,\xff\n"}),
    # options of files
    ("a header in words", dict(A="a.csv", HEADER="yes"), "HEADER=yes: expected an integer from 0 to 1000"),
    ("a header of nothing", dict(A="a.csv", HEADER="A:"), "HEADER=A:: expected an integer from 0 to 1000"),
    (
        "a header of an unknown file",
        dict(A="a.csv", HEADER="X:1"),
        "HEADER=X:1: expected an integer from 0 to 1000, or one for each file, such as A:1",
    ),
    ("a header of an .npy", dict(HEADER="1"), "HEADER=1: expected one of A, W to be a .csv or .tsv file"),
    ("an index of an .npy", dict(A="a.csv", INDEX="W:1"), "INDEX=W:1: expected W to be a .csv or .tsv file"),
    ("a key of an .npy", dict(KEY="x"), "KEY=x: expected one of A, W to be a .npz file"),
    (
        "a header of what is not given",
        dict(A="a.csv", HEADER="BIAS:1"),
        "HEADER=BIAS:1: expected BIAS to be a",
    ),
    (
        "a header told twice",
        dict(A="a.csv", HEADER="A:1,A:2"),
        "HEADER=A:1,A:2: A is named twice, expected once",
    ),
    ("too much header", dict(A="a.csv", HEADER="3"), "A=a.csv: contains no numbers below 3 header rows"),
    ("too much index", dict(A="a.csv", INDEX="4"), "A=a.csv: line 1 has 4 columns, expected more than the 4"),
    # quantisation
    ("an unknown rule", dict(QUANTIZE="yes"), "QUANTIZE=yes: expected one of symmetric, asymmetric\n"),
    ("a rule of bf16", dict(QUANTIZE="even"), RULES["even"]),
    (
        "a rule of int8",
        dict(QUANTIZE="symmetric", MODE="bf16"),
        RULES["symmetric"],
    ),
    (
        "a zero point that is found",
        dict(QUANTIZE="symmetric", A_ZERO_POINT="3"),
        "A_ZERO_POINT=3: does not apply with QUANTIZE, which determines the zero point\n",
    ),
    (
        "NaN to quantise",
        dict(QUANTIZE="symmetric", A="t.npy"),
        "A=t.npy: element [0, 0] is nan, expected a finite number\n",
        {"t.npy": npy(matrix(3, 4, np.float32, np.nan))},
    ),
    (
        "infinity to quantise",
        dict(QUANTIZE="asymmetric", A="t.csv"),
        "A=t.csv: line 1, column 2 is -inf, expected a finite number\n",
        {"t.csv": b"1,-inf,2,3\n"},
    ),
    (
        "scales whose product is 0",
        dict(QUANTIZE="symmetric", A="t.npy", W="u.npy"),
        "A=t.npy has scale 7.87402e-203 and column 0 of W=u.npy 7.87402e-203, expected a product",
        {"t.npy": npy(matrix(3, 4, float, 1e-200)), "u.npy": npy(matrix(4, 2, float, 1e-200))},
    ),
    (
        "a scale without a reciprocal",
        dict(QUANTIZE="symmetric", SCALE="1e-310"),
        "SCALE=1e-310: the steps of the output overflow, expected a larger scale\n",
    ),
    (
        "an integer past float64",
        dict(QUANTIZE="symmetric", A="t.npy"),
        "A=t.npy: element [0, 0] is 9007199254740993, expected at most 2^53 in magnitude\n",
        {"t.npy": npy(matrix(3, 4, int, 2**53 + 1))},
    ),
    # bfloat16
    (
        "a result of int8",
        dict(RESULT="even"),
        "RESULT=even: does not apply to MODE=raw, expected MODE=bf16\n",
    ),
    (
        "ReLU of int8",
        dict(RELU="1", SCALE="1"),
        "RELU=1: does not apply to MODE=gemmlowp, expected MODE=bf16\n",
    ),
    (
        "an unknown result",
        dict(MODE="bf16", RESULT="bf16"),
        "RESULT=bf16: expected one of fp32, even, toward_zero, stochastic\n",
    ),
    ("ReLU in words", dict(MODE="bf16", RELU="yes"), "RELU=yes: expected 0 or 1\n"),
    ("bf16 that is deep", dict(MODE="bf16", DEPTH="2"), "DEPTH=2: expected 1 with MODE=bf16\n"),
    *(
        (
            f"bf16 with {name}",
            dict(MODE="bf16") | {name: "1"},
            f"{name}=1: does not apply to MODE=bf16, which has no integers\n",
        )
        for name in ("SCALE", "ZERO_POINT", "LOW", "HIGH", "A_ZERO_POINT")
    ),
    (
        "what bfloat16 does not hold",
        dict(MODE="bf16", A="t.npy"),
        "A=t.npy: element [0, 0] is 0.1, expected a number that bfloat16 can represent; QUANTIZE=even would",
        {"t.npy": npy(matrix(3, 4, float, 0.1))},
    ),
    (
        "what bfloat16 does not hold in .csv",
        dict(MODE="bf16", A="t.csv"),
        "A=t.csv: line 2, column 2 is 257.0, expected a number that bfloat16 can represent; QUANTIZE=even",
        {"t.csv": b"a,b,c,d\n1,257,nan,-inf\n"},
    ),
    (
        "a bias past float32",
        dict(MODE="bf16", BIAS="1e39"),
        "BIAS=1e39: 1e+39 overflows float32, expected at most 3.4e38 in magnitude",
    ),
    ("a bias in words", dict(MODE="bf16", BIAS="none"), "BIAS=none: expected a finite number, or a .npy"),
    (
        "a bias that is infinite",
        dict(MODE="bf16", BIAS="b.npy"),
        "BIAS=b.npy: element [1] is inf, expected a finite number\n",
        {"b.npy": npy(np.array([1, np.inf]))},
    ),
    # shapes that do not fit, and the way out
    (
        "inner sides that differ",
        dict(W="t.npy"),
        "A=a.npy is 3 x 4 and W=t.npy is 5 x 2, expected W to have as many rows",
        {"t.npy": npy(matrix(5, 2))},
    ),
    ("OUT in no folder", dict(OUT="no/c.npy"), "OUT=no/c.npy: the directory no does not exist"),
    ("OUT in a file", dict(OUT="a.npy/c.npy"), "OUT=a.npy/c.npy: a.npy is not a directory"),
    (
        "OUT is a folder",
        dict(OUT="d.npy"),
        "OUT=d.npy: is a directory, expected a file to write",
        {"d.npy": None},
    ),
    ("OUT is A", dict(OUT="./a.npy"), "OUT=a.npy: is also an input, expected another file"),
    (
        "OUT's report is a folder",
        dict(OUT="c.csv"),
        "OUT=c.csv: its report would be c.csv.json, which is a directory",
        {"c.csv.json": None},
    ),
    (
        "OUT ends in a slash",
        dict(OUT="c.csv/"),
        "OUT=c.csv: its report would be c.csv.json, which is a directory",
        {"c.csv.json": None},
    ),
    (
        "OUT's report leads into no folder",
        dict(OUT="c.csv"),
        "OUT=c.csv: its report would be c.csv.json: the directory /no/where does not exist",
        {"c.csv.json": Path("/no/where/x.json")},
    ),
    (
        "OUT's report is OUT",
        dict(OUT="c.csv"),
        "OUT=c.csv: its report would be c.csv.json, which is the same file as c.csv",
        {"c.csv.json": Path("c.csv")},
    ),
    (
        "OUT's report is A",
        dict(OUT="c.csv"),
        "OUT=c.csv: its report would be c.csv.json, which is also an input",
        {"c.csv.json": Path("a.npy")},
    ),
    (
        "OUT is a circle",
        dict(OUT="c.csv"),
        "OUT=c.csv: is a symbolic link to itself",
        {"c.csv": Path("c.csv")},
    ),
    (
        "OUT leads into no folder",
        dict(OUT="c.csv"),
        "OUT=c.csv: the directory /no/where does not exist",
        {"c.csv": Path("/no/where/c.csv")},
    ),
    ("OUT is a device", dict(OUT="c.csv"), "OUT=c.csv: is not a regular file", {"c.csv": Path("/dev/null")}),
    (
        "OUT is A by another name",
        dict(OUT="l.npy"),
        "OUT=l.npy: is also an input",
        {"l.npy": Path("a.npy")},
    ),
    ("OUT is SCALE", dict(SCALE="s.csv", OUT="s.csv"), "OUT=s.csv: is also an input", {"s.csv": b"0.5\n"}),
    ("OUT is a text", dict(OUT="c.txt"), "OUT=c.txt: unknown extension .txt, expected .npy or .csv"),
    ("OUT cannot be written", dict(OUT="/proc/c.npy"), "OUT=/proc/c.npy: cannot be written: "),
]


def contents(folder):
    return {
        path.name: path.is_file() and not path.is_symlink() and path.read_bytes() for path in folder.iterdir()
    }


def fill(folder, files):
    for name, data in files.items():
        if data is None:
            (folder / name).mkdir()
        elif isinstance(data, Path):
            (folder / name).symlink_to(data)
        else:
            (folder / name).write_bytes(data)


@pytest.mark.parametrize(
    ("variables", "message", "files"),
    [
        pytest.param(*case[1:3], case[3] if len(case) > 3 else {}, id=case[0].replace(" ", "-"))
        for case in BAD
    ],
)
def test_bad_input_is_one_line(tmp_path, here, capsys, variables, message, files):
    fill(tmp_path, GOOD | files)
    before = contents(tmp_path)
    status = here(**{name: value for name, value in (CALL | variables).items() if value})
    said = capsys.readouterr()
    assert said.err.startswith(f"gemm: {message}")
    assert said.err.count("\n") == 1
    assert len(said.err) < 300
    assert said.out == ""
    assert status == 2
    assert contents(tmp_path) == before


@pytest.mark.parametrize("name", ["A", "ROWS", "OUT"])
def test_bad_input_from_the_environment(tmp_path, name):
    """The same in a separate process, which gets its variables as make passes them."""
    fill(tmp_path, GOOD)
    done = call(tmp_path, **CALL | {name: "a.jpg"})
    assert done.stderr.startswith(f"gemm: {name}=a.jpg: ")
    assert done.stderr.count("\n") == 1
    assert (done.stdout, done.returncode) == ("", 2)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """The command called in this process, in the test's folder, with these variables and no others."""
    monkeypatch.chdir(tmp_path)
    for name in OURS & set(jobs.NAMES):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SIM", os.environ.get("SIM", ""))  # the command sets it, for good

    def run(**variables):
        values = {name: str(value) for name, value in variables.items() if value != ""}
        return command.call("gemm", values, [], lambda text: text, "gemm")

    return run


@pytest.mark.parametrize("name", ["A", "W", "BIAS", "SCALE"])
@pytest.mark.parametrize(
    ("shape", "descr", "message"),
    [
        ((1,) * 70, "|i1", "the .npy header is damaged: its shape is (1, 1, 1, "),
        ((0, 2**63 - 1), "<i8", "the .npy header is damaged: its shape is (0, 9223372036854775807)"),
        ((0, 99223372036854775807), "|i1", "the .npy header is damaged: its shape is (0, huge)"),
        ((True, 2), "|i1", "the .npy header is damaged: its shape is (True, 2)"),
        ((-1, 2), "|i1", "the .npy header is damaged: its shape is (-1, 2)"),
        ((10**2500, 10**2500), "|i1", "the .npy header is damaged: its shape is (huge, huge)"),
        ("(2L, 3L)", "|i1", "truncated, the header specifies 6 bytes of data, but only 4 found"),
        ((2, 2), ("|i1", (2,)), "contains ('i1', (2,)) values, expected numbers"),
        ((2, 2), "|V0", "contains |V0 values, expected numbers"),
        ((2, 2), "|S0", "contains |S0 values, expected numbers"),
    ],
    ids=lambda value: str(value)[:20] if isinstance(value, tuple | str) else None,
)
def test_a_damaged_npy_is_one_line(tmp_path, here, capsys, name, shape, descr, message):
    fill(tmp_path, GOOD | {"t.npy": headed(shape, descr)})
    before = contents(tmp_path)
    status, said = here(**CALL | {name: "t.npy"}), capsys.readouterr()
    assert said.err.startswith(f"gemm: {name}=t.npy: {message}"), said.err
    assert said.err.count("\n") == 1
    assert (status, said.out, contents(tmp_path)) == (2, "", before)


DAMAGED = 520


@pytest.mark.filterwarnings("error")
def test_damaged_files_are_refused_in_a_line_or_read(tmp_path, here, monkeypatch, capsys, seed):
    """No other exception, no second line, nothing written, in little time and memory."""
    rng = np.random.default_rng(seed)
    files = whole_files()
    names, others = list(files), list(files.values())
    monkeypatch.setattr(gemm, "run", lambda job: 0)
    fill(tmp_path, GOOD)
    before, ends = contents(tmp_path), []
    tracemalloc.start()
    try:
        for i in range(DAMAGED):
            name = names[i % len(names)]
            path = tmp_path / f"t{i}{Path(name).suffix}"
            path.write_bytes(damage(rng, files[name], others))
            variables = CALL | {str(rng.choice(["A", "A", "W", "BIAS", "SCALE"])): path.name}
            variables |= [{}, {}, {"MODE": "bf16"}, {"QUANTIZE": "asymmetric"}][int(rng.integers(0, 4))]
            variables |= {"KEY": "a"} if path.suffix == ".npz" and rng.random() < 0.5 else {}
            if "SCALE" in variables:
                variables.pop("MODE", None)
            tracemalloc.reset_peak()
            begun = time.process_time()
            ends.append(here(**variables))
            assert time.process_time() - begun < 5, path
            assert tracemalloc.get_traced_memory()[1] < 16 << 20, path
            said = capsys.readouterr()
            assert said.out == "", path
            if ends[-1]:
                assert said.err.startswith("gemm: "), said.err
                assert path.name in said.err
                assert said.err[:-1].isprintable(), said.err
                assert len(said.err) < 320, said.err
            path.unlink()
            assert contents(tmp_path) == before
    finally:
        tracemalloc.stop()
    assert set(ends) == {0, 2}
    assert ends.count(2) > DAMAGED / 2


@pytest.mark.parametrize("protected", ["c.csv", "c.csv.json"])
def test_a_write_protected_file_is_not_replaced(tmp_path, here, capsys, protected):
    fill(tmp_path, GOOD | {protected: b"keep\n"})
    (tmp_path / protected).chmod(0o444)
    assert here(**CALL | {"OUT": "c.csv"}) == 2
    assert capsys.readouterr().err.endswith("is write-protected\n")
    assert (tmp_path / protected).read_bytes() == b"keep\n"
    assert (tmp_path / protected).stat().st_mode & 0o777 == 0o444


def test_a_missing_simulator_is_one_line(tmp_path):
    fill(tmp_path, GOOD)
    done = call(tmp_path, **CALL, PATH="/nowhere")
    tool = next(iter(simulate.SIMULATORS[simulate.simulator()].tools))
    assert done.stderr == f"gemm: {tool} is not on PATH: {environment.apt(tool)}\n"
    assert done.returncode == 2
    assert not (tmp_path / "c.npy").exists()


def make(folder, **variables):
    """The command a user types, without any setup."""
    return call(
        folder,
        command=[
            "make",
            "-s",
            "-C",
            str(paths.ROOT),
            "gemm",
            *(f"{name}={value}" for name, value in variables.items()),
        ],
    )


@pytest.mark.parametrize(
    "variables", [dict(ROWS="0"), dict(SIM="vcs"), dict(MODE="round"), dict(A="none.npy")]
)
def test_bad_input_through_make(tmp_path, variables):
    fill(tmp_path, GOOD)
    paths = {name: str(tmp_path / value) for name, value in (CALL | variables).items() if name in CALL}
    done = make(tmp_path, **(variables | paths))
    said = [line for line in done.stderr.splitlines() if not line.startswith("make")]
    assert len(said) == 1
    assert said[0].startswith("gemm: " + next(iter(variables)))
    assert done.returncode == 2
    assert not (tmp_path / "c.npy").exists()


# --- good calls -------------------------------------------------------------------------------------------


def test_through_make_on_names_with_dollars_and_blanks(tmp_path):
    rng = np.random.default_rng(1)
    a, w = rng.integers(-128, 128, (7, 9)), rng.integers(-128, 128, (9, 5)).astype(np.int16)
    np.save(tmp_path / "a $x.npy", a)
    np.savetxt(tmp_path / "w.csv", w, "%d", delimiter=",")
    done = make(
        tmp_path, A=tmp_path / "a $x.npy", W=tmp_path / "w.csv", OUT=tmp_path / "c.npy", ROWS=4, COLS=2
    )
    assert done.returncode == 0, done.stderr
    product = np.load(tmp_path / "c.npy")
    assert product.dtype == np.int32
    np.testing.assert_array_equal(product, a @ w)
    report = json.loads((tmp_path / "c.npy.json").read_text())
    assert (report["m"], report["k"], report["n"], report["array"]) == (7, 9, 5, "4x2x1")
    assert (report["mismatches"], report["values"], report["macs"]) == (0, 35, 7 * 9 * 5)
    assert report["cycles"] > report["busy"] == 2 * 3 * 9
    assert report["utilisation"] == pytest.approx(7 * 9 * 5 / report["cycles"] / 8)
    assert "0 of 35 values differ from the golden model" in done.stdout


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    ("mode", "scale"), [("gemmlowp", "s.csv"), ("ruy", "s.npy"), ("fp32", "0.001"), (None, "0.5")]
)
def test_requantised_to_csv(tmp_path, mode, scale):
    rng = np.random.default_rng(2)
    a, w = (rng.integers(-128, 128, shape, dtype=np.int8) for shape in ((5, 40), (40, 3)))
    np.save(tmp_path / "a.npy", a)
    np.save(tmp_path / "w.npy", w)
    np.save(tmp_path / "s.npy", np.array([0.001, 0.002, 0.0005]))
    (tmp_path / "s.csv").write_text("0.001\n0.002\n5e-4\n")
    (tmp_path / "b.csv").write_text("\ufeff1000, -2000, +3000\r\n")
    given = dict(
        A="a.npy",
        W="w.npy",
        OUT="c.csv",
        SCALE=scale,
        BIAS="b.csv",
        ZERO_POINT="3",
        LOW="-100",
        HIGH="90",
        A_ZERO_POINT="-7",
        ROWS="2",
        COLS="3",
        DEPTH="2",
        MODE=mode or "",
    )
    done = call(tmp_path, **given)
    assert done.returncode == 0, done.stderr
    got = np.loadtxt(tmp_path / "c.csv", delimiter=",", dtype=int)
    scales = np.array([0.001, 0.002, 0.0005] if scale[0] == "s" else float(scale))
    exact = ((a.astype(int) + 7) @ w + [1000, -2000, 3000]) * scales
    assert np.abs(got - np.clip(np.rint(exact) + 3, -100, 90)).max() <= 1
    assert json.loads((tmp_path / "c.csv.json").read_text())["mode"] == (mode or "gemmlowp")


@pytest.mark.parametrize(
    ("mode", "scale", "bias", "legal"),
    [
        ("gemmlowp", 0.5, -(2**31), True),
        ("ruy", 1, -(2**30), True),
        ("ruy", 1, -(2**30) - 1, False),
        ("gemmlowp", 1, 2**30 - 1, True),
        ("gemmlowp", 1, 2**30, False),
    ],
)
def test_a_left_shift_may_reach_both_ends_of_int32(mode, scale, bias, legal):
    zero = matrix(1, 1, fill=0)
    multiplier, shift = jobs.fields(mode, scale)
    output = dict(bias=bias, multiplier=multiplier, shift=shift)
    if legal:
        assert jobs.golden(zero, zero, mode, str(scale), **output) == (-128 if bias < 0 else 127)
    else:
        with pytest.raises(InputError, match=r"the sum at \[0, 0\]"):
            jobs.golden(zero, zero, mode, str(scale), **output)


def test_fortran_order_and_big_endian_are_read_right(tmp_path):
    a = np.arange(-6, 6).reshape(3, 4)
    np.save(tmp_path / "a.npy", np.asfortranarray(a.astype(">i4")))
    (tmp_path / "w.csv").write_text("\n 1 , 2\n-3,+4\n\n5,6\n7,-128\n")
    done = call(tmp_path, A="a.npy", W="w.csv", OUT="c.csv", ROWS="2", COLS="2")
    assert done.returncode == 0, done.stderr
    expected = a @ [[1, 2], [-3, 4], [5, 6], [7, -128]]
    assert (tmp_path / "c.csv").read_text() == "".join(f"{x},{y}\n" for x, y in expected)


def test_files_as_programs_export_them(tmp_path):
    a, w = np.arange(-6, 6).reshape(3, 4), np.array([[1, 2], [-3, 4], [5, 6], [7, -128]])
    rows = "".join(f"{i},{','.join(map(str, row))}\n" for i, row in enumerate(a))
    (tmp_path / "a.csv").write_text(",0,1,2,3\n" + rows)  # pandas
    (tmp_path / "w.csv").write_text("\ufeffx;größe\r\n" + "".join(f"{x},0;{y},0\r\n" for x, y in w))  # Excel
    np.savetxt(tmp_path / "b.csv", [10, -20], header="biases")
    (tmp_path / "c.npy.json").write_text("of an earlier run")
    done = call(tmp_path, A="a.csv", W="w.csv", BIAS="b.csv", OUT="c.npy", ROWS="2", COLS="2")
    assert done.returncode == 0, done.stderr
    said = done.stderr.splitlines()  # on a busy machine also progress
    assert [line for line in said if not re.search("compiling|simulated$", line)] == [
        "gemm: A=a.csv: skipped 1 header row and 1 index column",
        "gemm: W=w.csv: skipped 1 header row; read decimal commas",
        "gemm: BIAS=b.csv: skipped 1 comment",
    ]
    np.testing.assert_array_equal(np.load(tmp_path / "c.npy"), a @ w + [10, -20])


def test_options_of_files(tmp_path, here, capsys):
    """Two arrays of one .npz, and files for which the user must give the start of the numbers."""
    a, w = np.arange(6).reshape(2, 3), np.array([[1], [2], [3]])
    np.savez(tmp_path / "both.npz", a=a, w=w)
    both = {"A": "both.npz", "W": "both.npz", "OUT": "c.csv", "ROWS": 2, "COLS": 1}
    assert here(**both, KEY="A:a,W:w") == 0
    assert (tmp_path / "c.csv").read_text() == "8\n26\n"
    (tmp_path / "a.csv").write_text("2024,7,7,7\n17,0,1,2\n18,3,4,5\n")
    (tmp_path / "w.csv").write_text("1\n2\n3\n")
    capsys.readouterr()
    assert here(**both | {"A": "a.csv", "W": "w.csv"}, HEADER="A:1", INDEX="A:1,W:0") == 0
    assert capsys.readouterr().err.startswith("gemm: A=a.csv: skipped 1 header row and 1 index column\n")
    assert (tmp_path / "c.csv").read_text() == "8\n26\n"


@pytest.mark.sampled(4)
@pytest.mark.parametrize("relu", [False, True])
@pytest.mark.parametrize("result", ["fp32", "even", "toward_zero", "stochastic"])
def test_bf16(tmp_path, here, result, relu):
    """All results, from each kind of file, compared with NumPy's float32 and ml_dtypes."""
    rng = np.random.default_rng(3)
    a, w = rng.normal(size=(9, 5)).astype(ml_dtypes.bfloat16), rng.normal(size=(5, 3)).astype(np.float32)
    bias = np.array([0.1, -0.2, 0.3], np.float32)
    np.save(tmp_path / "a.npy", a.view(np.uint16) if relu else a)
    np.save(tmp_path / "w.npy", w)
    (tmp_path / "b.csv").write_text("x,y,z\n0.1,-0.2,0.3\n")
    rounded = w.astype(ml_dtypes.bfloat16).astype(np.float32)
    sums = np.zeros((9, 3), np.float32)
    for k in range(5):
        sums += a[:, k : k + 1].astype(np.float32) * rounded[k]
    sums += bias
    if relu:
        sums = np.where(sums > 0, sums, np.float32(0))
    given = dict(
        A="a.npy", W="w.npy", BIAS="b.csv", MODE="bf16", RESULT=result, RELU=int(relu), ROWS=2, COLS=2
    )
    given |= dict(QUANTIZE="even", SEED=7)
    assert here(**given, OUT="c.npy") == 0
    assert here(**given, OUT="c.csv") == 0
    got, values = np.load(tmp_path / "c.npy"), np.loadtxt(tmp_path / "c.csv", delimiter=",")
    report = json.loads((tmp_path / "c.npy.json").read_text())
    assert (report["mode"], report["result"], report["relu"]) == ("bf16", result, relu)
    assert report["mismatches"] == 0
    bits = sums.view(np.uint32)
    if result == "fp32":
        assert got.dtype == np.float32
        np.testing.assert_array_equal(got.view(np.uint32), bits)
        np.testing.assert_array_equal(values, got)
        return
    assert got.dtype == np.uint16
    np.testing.assert_array_equal(values, got.view(ml_dtypes.bfloat16).astype(float))
    if result == "even":
        np.testing.assert_array_equal(got.view(ml_dtypes.bfloat16), sums.astype(ml_dtypes.bfloat16))
    elif result == "toward_zero":
        np.testing.assert_array_equal(got, bits >> 16)
    else:
        up = got - (bits >> 16)
        assert set(np.unique(up)) == {0, 1}
        assert not up[bits & 0xFFFF == 0].any()


def test_the_seed_decides_stochastic_rounding(tmp_path, here):
    np.save(tmp_path / "a.npy", np.full((8, 1), 0.75))
    np.save(tmp_path / "w.npy", np.full((1, 8), 1 + 2**-7))  # their product is halfway between two bfloat16
    results = []
    for seed in (0, 1, 1, 2**32 - 1):
        assert (
            here(A="a.npy", W="w.npy", OUT="c.npy", MODE="bf16", RESULT="stochastic", SEED=seed, ROWS=1) == 0
        )
        results.append(np.load(tmp_path / "c.npy").tolist())
    assert results[1] == results[2] != results[0] == results[3]  # 0 stands for the last


def test_a_board_takes_a_seed_for_stochastic_rounding_only(tmp_path):
    np.save(tmp_path / "a.npy", np.ones((2, 2)))
    given = dict(A=str(tmp_path / "a.npy"), W=str(tmp_path / "a.npy"), OUT=str(tmp_path / "c.npy"))
    given |= dict(MODE="bf16", LINK="serial:/dev/ttyUSB0", SEED="5")
    assert gemm.prepare(given | dict(RESULT="stochastic")).seed == 5
    for result in (dict(RESULT="even"), {}):
        with pytest.raises(
            InputError, match="^SEED=5: does not apply with LINK, whose core is not simulated"
        ):
            gemm.prepare(given | result)


@pytest.mark.parametrize("answers", [True, False])
def test_a_board_without_bfloat16_leaves_old_results(tmp_path, here, monkeypatch, capsys, answers):
    """It is input that cannot be used; a board that does not answer is a run that failed."""

    def core(link):
        if not answers:
            raise LinkError("no answer")
        return SimpleNamespace(config=CoreConfig())

    fill(tmp_path, GOOD | {"c.npy": b"old", "c.npy.json": b"old"})
    before = contents(tmp_path)
    monkeypatch.setattr(serial_link, "SerialLink", lambda device, baud, timeout: contextlib.nullcontext())
    monkeypatch.setattr(gemm, "Core", core)
    monkeypatch.delenv("SIM")
    status = here(**CALL | {"MODE": "bf16", "LINK": "serial:/dev/x"})
    said = capsys.readouterr().err
    if answers:
        expected = (
            "gemm: MODE=bf16: the core at serial:/dev/x does not support bfloat16, expected another MODE or "
            "LINK\n"
        )
        assert (status, said, contents(tmp_path)) == (2, expected, before)
    else:
        assert (status, said, contents(tmp_path)) == (1, "gemm: no answer\n", {n: before[n] for n in GOOD})


def test_a_wrong_bf16_product_is_told_in_bits(tmp_path, here, monkeypatch, capsys):
    fill(tmp_path, GOOD)
    real = gemm.simulate_job

    def faulty(job):
        product, report, details = real(job)
        product[2, 1] += 1
        return product, report, details

    monkeypatch.setattr(gemm, "simulate_job", faulty)
    assert here(**CALL | {"MODE": "bf16", "ROWS": 1, "COLS": 1}) == 1
    assert "row 2, column 1: expected 0x40800000, got 0x40800001" in capsys.readouterr().err
    assert not (tmp_path / "c.npy").exists()
    (wrong,) = json.loads((tmp_path / "c.npy.json").read_text())["first_mismatches"]
    assert wrong == {"row": 2, "column": 1, "expected": "0x40800000", "got": "0x40800001"}


@pytest.mark.sampled(3)
@pytest.mark.parametrize("rule", ["symmetric", "asymmetric"])
@pytest.mark.parametrize("mode", ["raw", "gemmlowp", "fp32"])
def test_quantised(tmp_path, here, rule, mode):
    """The report suffices to reproduce every integer, and they represent the product of real numbers."""
    rng = np.random.default_rng(4)
    a, w = rng.normal(1, 2, (5, 30)).astype(np.float32), rng.normal(0, [1, 5, 0.2], (30, 3))
    bias = np.array([3.5, -10, 0.25])
    np.save(tmp_path / "a.npy", a)
    np.savetxt(tmp_path / "w.csv", w, delimiter=";")
    np.save(tmp_path / "b.npy", bias)
    given = dict(A="a.npy", W="w.csv", BIAS="b.npy", OUT="c.npy", QUANTIZE=rule, ROWS=2, COLS=2)
    if mode != "raw":
        given |= dict(MODE=mode, SCALE=0.7, ZERO_POINT=-5)
    assert here(**given) == 0
    told = json.loads((tmp_path / "c.npy.json").read_text())["quantized"]
    assert told["rule"] == rule
    sa, za, sw = told["A"]["scale"], told["A"]["zero_point"], np.array(told["W"]["scale"])
    assert (za == 0) == (rule == "symmetric")
    qa, qw = np.clip(np.rint(a.astype(float) / sa) + za, -128, 127), np.clip(np.rint(w / sw), -128, 127)
    assert told["BIAS"] == np.rint(bias / (sa * sw)).tolist()
    sums = (qa - za) @ qw + told["BIAS"]
    out, scale = np.load(tmp_path / "c.npy"), np.array(told["OUT"]["scale"])
    real = a.astype(float) @ w + bias
    error = 30 * (sa * np.abs(w).max(0) + sw / 2 * (np.abs(a).max() + sa)) + sa * sw
    if mode == "raw":
        np.testing.assert_array_equal(out, sums)
        np.testing.assert_array_equal(scale, sa * sw)
        assert (np.abs(out * scale - real) <= error).all()
    else:
        assert told["OUT"]["zero_point"] == -5
        np.testing.assert_allclose(scale, 1 / 0.7)
        assert out.dtype == np.int8
        assert np.abs(out - np.clip(np.rint(sums * (0.7 * sa * sw)) - 5, -128, 127)).max() <= 1
        inside = (out > -128) & (out < 127)
        assert inside.any()
        assert (np.abs((out + 5.0) * scale - real) <= error + scale)[inside].all()


def test_what_int8_holds_is_not_quantised(tmp_path, here):
    fill(tmp_path, GOOD)
    products = []
    for rule in ("", "symmetric", "asymmetric"):
        assert here(A="a.csv", W="w.csv", OUT="c.csv", BIAS=3, QUANTIZE=rule, ROWS=1) == 0
        products.append((tmp_path / "c.csv").read_text())
        told = json.loads((tmp_path / "c.csv.json").read_text()).get("quantized")
    assert products[0] == products[1] == products[2]
    assert told == {
        "rule": "asymmetric",
        "A": {"scale": 1.0, "zero_point": 0},
        "W": {"scale": [1.0, 1.0], "zero_point": 0},
        "OUT": {"scale": [1.0, 1.0], "zero_point": 0},
        "BIAS": [3, 3],
    }


def test_a_link_is_written_through(tmp_path, here):
    fill(tmp_path, GOOD | {"c.npy": Path("there.npy"), "there.npy": b"old"})
    assert here(**CALL | {"ROWS": 1, "COLS": 1}) == 0
    assert (tmp_path / "c.npy").readlink() == Path("there.npy")
    assert np.load(tmp_path / "there.npy").shape == (3, 2)


@pytest.mark.parametrize("linked", [False, True])
def test_a_failed_run_leaves_no_old_product(tmp_path, here, monkeypatch, capsys, linked):
    fill(tmp_path, GOOD | {"c.npy.json": b"{}", "old.npy": b"old"})
    if linked:
        (tmp_path / "c.npy").symlink_to("old.npy")
    else:
        (tmp_path / "old.npy").rename(tmp_path / "c.npy")

    def fails(job):
        assert not (tmp_path / "c.npy").exists(), "not removed before computing"
        raise LinkError("no answer")

    monkeypatch.setattr(gemm, "simulate_job", fails)
    assert here(**CALL | {"ROWS": 0}) == 2
    assert (tmp_path / "c.npy").read_bytes() == b"old"
    assert here(**CALL) == 1
    assert not (tmp_path / "c.npy").exists()
    assert not (tmp_path / "c.npy.json").exists()


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"SIM": "vcs"}, "SIM=vcs: expected one of icarus, verilator"),
        ({"WAVES": "x"}, "WAVES=x: expected 0 or 1"),
        ({"PATH": "/nowhere"}, "iverilog is not on PATH"),
    ],
)
def test_a_machine_that_cannot_simulate_keeps_the_results(tmp_path, here, monkeypatch, capsys, environ, said):
    fill(tmp_path, GOOD | {"c.npy": b"old", "c.npy.json": b"old"})
    monkeypatch.delenv("SIM", raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    simulate.check_tools.cache_clear()
    assert here(**CALL) == 2
    assert f"gemm: {said}" in capsys.readouterr().err
    assert [(tmp_path / name).read_bytes() for name in ("c.npy", "c.npy.json")] == [b"old", b"old"]


def test_a_wrong_product_is_told_and_not_written(tmp_path, here, monkeypatch, capsys):
    fill(tmp_path, GOOD | {"c.npy": b"of an earlier run"})
    real = gemm.simulate_job

    def faulty(job):
        product, report, details = real(job)
        product[2, 1] += 5
        product[:, 0] -= 1
        return product, report, details

    monkeypatch.setattr(gemm, "simulate_job", faulty)
    assert here(**CALL | {"ROWS": 2, "COLS": 1, "SEED": 7}) == 1
    said = capsys.readouterr()
    assert "  replay  SEED=7 " in said.err
    assert "row 2, column 1: expected 4, got 9" in said.err
    assert "row 0, column 0: expected 4, got 3" in said.err
    assert "4 of 6 values differ from the golden model" in said.out
    assert "the product does not differ when it is repeated on a core after a reset" in said.out
    assert not (tmp_path / "c.npy").exists()
    report = json.loads((tmp_path / "c.npy.json").read_text())
    assert report["mismatches"] == 4
    assert report["first_mismatches"][0] == {"row": 0, "column": 0, "expected": 4, "got": 3}


def test_at_most_ten_mismatches_are_printed(tmp_path, monkeypatch, capsys):
    job = jobs.Job(
        matrix(4, 4),
        matrix(4, 4),
        tmp_path / "c.npy",
        "raw",
        {},
        matrix(4, 4, np.int32),
        CoreConfig(),
        seed=1,
        waves=False,
    )
    monkeypatch.setattr(
        gemm,
        "simulate_job",
        lambda job: (
            job.expected + 1,
            Report(9, 1, 1, 0, 0, 0, 0, 64, 64),
            {"simulator": "none", "seconds": 1, "cycles_per_second": 9, "waves": None, "trace": None},
        ),
    )
    monkeypatch.setattr(gemm, "examine", lambda job, report: None)
    assert gemm.run(job) == 1
    said = capsys.readouterr().err
    assert said.count("expected 1, got 2") == 10
    assert "and 6 more" in said


def large(size, **variables):
    """A job of size x size matrices."""
    one = np.ones((size, size), np.int8)
    config = CoreConfig(**variables)
    return jobs.Job(one, one, Path("c.npy"), "raw", {}, None, config, seed=1, waves=False)


def test_a_large_product_names_the_faster_simulator(monkeypatch):
    monkeypatch.delenv("SIM", raising=False)
    monkeypatch.delenv("MACRAME_REPLAY", raising=False)
    said = gemm.slow(large(1000))
    assert re.fullmatch(
        r"about 15,625,000 cycles, about \d+ min with SIM=icarus; SIM=verilator is about \d+ times as fast",
        said,
    )
    assert gemm.slow(large(64)) == ""
    monkeypatch.setenv("MACRAME_REPLAY", "macrame gemm a.npy w.npy")
    assert " min with --sim icarus; --sim verilator is about " in gemm.slow(large(1000))
    monkeypatch.setenv("SIM", "verilator")
    assert gemm.slow(large(1000)) == ""


@pytest.mark.parametrize("shape", [(8, 8, 1), (4, 4, 4), (2, 4, 2)])
@pytest.mark.parametrize("mode", ["raw", "ruy"])
def test_the_cycles_announced_are_close(shape, mode):
    """Against the cycle model, which includes the start and the end."""
    config = CoreConfig(*shape)
    job = large(96, rows=config.rows, cols=config.cols, depth=config.depth)
    job.mode = mode
    geometry = golden_cycles.Geometry(*shape, config.post_lanes)
    tiles, panels = 96 // config.rows, 96 // config.cols
    weights = [golden_cycles.WeightPanel(96 // config.depth, raw=mode == "raw")] * panels
    activations = [
        golden_cycles.ActivationPanel(release=i == tiles - 1) for _ in weights for i in range(tiles)
    ]
    exact = golden_cycles.predict(geometry, weights, activations).cycles
    assert 0.97 * exact < gemm.cycles(job) <= exact


def test_compiling_is_mentioned_only_when_it_is_done(tmp_path, monkeypatch):
    fill(tmp_path, GOOD)
    monkeypatch.setenv("BUILD_DIR", str(tmp_path / "build"))
    seen = []
    monkeypatch.setattr(shown_progress.Progress, "expect", lambda self, text: seen.append(text))
    monkeypatch.chdir(tmp_path)
    job = jobs.prepare(CALL | {"ROWS": "2", "COLS": "2"})
    assert gemm.run(job) == 0
    assert [text[:30] for text in seen] == ["compiling the 2x2x1 core, once"]
    assert gemm.run(job) == 0
    assert len(seen) == 1


def test_an_interrupt_leaves_nothing_behind(tmp_path):
    for name in ("a", "w"):
        np.save(tmp_path / f"{name}.npy", matrix(1000, 1000))  # some ten seconds even for Verilator
    (tmp_path / "tmp").mkdir()
    clean = {name: value for name, value in os.environ.items() if name not in OURS}
    process = subprocess.Popen(
        [sys.executable, "-m", "macrame.cli.make", "run", "gemm"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=clean | CALL | {"PYTHONPATH": str(paths.ROOT), "TMPDIR": str(tmp_path / "tmp")},
        text=True,
        # a suite in a shell's background ignores interrupts, and so would what it starts
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    try:
        first = process.stderr.readline()
        while first.startswith(("gemm: about ", "gemm: compiling ")):
            first = process.stderr.readline()
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=environment.limit(60))
    finally:
        process.kill()
    assert re.fullmatch(r"gemm: [0-9,]+ of 125,000 result beats simulated(, about \d+ s left)?\n", first)
    assert said == ("", "gemm: interrupted\n")
    assert process.returncode == 130
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.npy", "tmp", "w.npy"]
    assert not any((tmp_path / "tmp").iterdir())  # the simulator's files, which go after the simulator
