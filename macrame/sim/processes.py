# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Start processes that an interrupt cannot leave behind.

An interrupt may arrive while `subprocess.Popen` waits for the new process to start. The exception then leaves
the constructor, and the process runs on, unknown to its parent. `started` keeps the signal back meanwhile:

>>> with started(lambda: subprocess.Popen(["sleep", "600"], start_new_session=True)) as process:
...     process.poll()
>>> process.returncode
-9
"""

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any, AnyStr


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Let Ctrl-C and SIGTERM wait for the end of the block. The block must be short.

    Signals that are ignored, or that end the process without Python's help, stay as they are: a new process
    inherits that.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # Python runs signal handlers in the main thread
        return
    pending: list[int] = []

    def remember(number: int, frame: FrameType | None) -> None:
        pending.append(number)

    before = {int(number): signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    held = [number for number, handler in before.items() if callable(handler)]
    try:
        for number in held:
            signal.signal(number, remember)
        yield
    finally:
        for number in held:
            signal.signal(number, before[number])
        for number in dict.fromkeys(pending):
            signal.raise_signal(number)


@contextlib.contextmanager
def started(start: Callable[[], subprocess.Popen[AnyStr]]) -> Iterator[subprocess.Popen[AnyStr]]:
    """Call `start`, and `stop` the process it returns when the block ends, however it ends."""
    process = None
    try:
        with uninterrupted():
            process = start()
        yield process
    finally:
        if process:
            stop(process)


def stop(process: subprocess.Popen[Any]) -> None:
    """Kill a process that was started with ``start_new_session=True``, and all its children."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
