# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""A command whose output cannot be written: one line on stderr, or nothing after `| head`; exit code 1."""

import os
import sys
from collections.abc import Callable

from macrame.cli import signals


def written(work: Callable[[], int], name: str) -> int:
    """Call a function that writes to stdout.

    Parameters
    ----------
    work : callable
        Returns an exit code.
    name : str
        Prefix of the message.

    Returns
    -------
    int
        The exit code, or 1 if the output cannot be written: the disk is full, stdout is closed, or what reads
        it has ended.
    """
    try:
        status = work()
    except BrokenPipeError:
        return _left()
    except OSError as error:  # of `macrame --help > /dev/full`
        return _unwritten(error, name)
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        return _left()
    except OSError as error:
        return _unwritten(error, name, status)
    return status


def _left() -> int:
    """Of `macrame sources | head`: nothing to say."""
    sys.stderr.close()
    return 1


def _unwritten(error: OSError, name: str, status: int = 0) -> int:
    """Say that the output cannot be written, unless an error has been told; returns the exit code."""
    # Python flushes once more when it ends, and 3.13 reports a failure even of a stream that was replaced
    signals.open_null(1, os.O_WRONLY)
    if not status:
        print(f"{name}: output: {error.strerror}", file=sys.stderr)
    return status or 1
