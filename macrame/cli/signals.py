# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Ctrl-C, from a command's first line to its last: one line on stderr, exit code 130.

A command's imports, NumPy, SciPy, cocotb or Yosys, take a second or more, and an exception raised within an
import may be lost or printed there. So an interrupt ends the process at once until the verb runs, raises
KeyboardInterrupt while it runs, and is ignored afterwards, when only cleaning up is left. SIGTERM
counts as one.
"""

import codecs
import io
import os
import signal
import sys
from collections.abc import Callable
from types import FrameType

_Handler = Callable[[int, FrameType | None], object] | int


def _leave(number: int, frame: FrameType | None) -> None:
    os.write(2, b"macrame: interrupted\n")
    os._exit(130)


def _handle(handler: _Handler) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) != signal.SIG_IGN:  # as in a shell's background
            signal.signal(number, handler)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])  # tools/run starts Python with it blocked


def open_null(number: int, flags: int) -> None:
    """Open /dev/null as a standard stream, which may be closed or open, by its number."""
    opened = os.open("/dev/null", flags)
    if opened == number:
        os.set_inheritable(number, True)
    else:
        os.dup2(opened, number)
        os.close(opened)


def _reopen() -> None:
    """Open the standard streams that the caller closed, as with >&-; the next files would get their numbers.

    Writing to stdout fails as on a full disk. What is written to stderr is lost; print() would write it to
    stdout.
    """
    if sys.stdin is None:
        open_null(0, os.O_RDONLY)
        sys.stdin = open(0, closefd=False)
    if sys.stdout is None:
        open_null(1, os.O_RDONLY)
        sys.stdout = open(1, "w", closefd=False)
    if sys.stderr is None:
        open_null(2, os.O_WRONLY)
        sys.stderr = open(2, "w", closefd=False)


def early() -> None:
    """From here on an interrupt ends the process at once."""
    _handle(_leave)


def starting() -> None:
    """From here on an interrupt ends the process at once, and the output accepts every text.

    A text with a character that the output's encoding lacks gets its escape; a path with a byte that is not
    UTF-8 is written as it is.
    """
    _reopen()
    if isinstance(sys.stdout, io.TextIOWrapper):
        utf8 = codecs.lookup(sys.stdout.encoding).name == "utf-8"
        sys.stdout.reconfigure(errors="surrogateescape" if utf8 else "backslashreplace")
    _handle(_leave)


def working() -> None:
    """From here on an interrupt raises KeyboardInterrupt."""
    _handle(signal.default_int_handler)


def leave(status: int) -> None:
    """End the process with an exit code; from here on an interrupt is ignored."""
    _handle(signal.SIG_IGN)
    # After an interrupt within exec() of a string, as dataclasses use it, Python would end itself by SIGINT
    # and not with this status, unless another exec() has run since.
    exec("")
    sys.exit(status)
