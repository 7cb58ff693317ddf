# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The folder of a command's failure: a product that differed from the golden model, until the next run."""

import contextlib
from pathlib import Path

from macrame import environment

#: What such a folder contains; the waves of Icarus or those of Verilator.
PAGE, OPERANDS, TRACE = "failure.html", "product.npz", "run.trace"
FILES = (PAGE, OPERANDS, TRACE, "waves.fst", "waves.vcd")


def folder(name: str) -> Path:
    """The folder for the failures of a command, which may not exist.

    Parameters
    ----------
    name : str
        Of the command: "gemm", "homework" or "net".

    Returns
    -------
    pathlib.Path
    """
    return environment.build_dir() / "failures" / name


def forget(name: str) -> None:
    """Remove what an earlier run of a command found, so that it is not mistaken for this run's.

    Parameters
    ----------
    name : str
        As of :func:`folder`.
    """
    found = folder(name)
    for file in FILES:
        found.joinpath(file).unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # it does not exist, or has a file of the user
        found.rmdir()
