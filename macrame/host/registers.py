# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The core's registers, from `macrame.registers`, generated from SystemRDL, and the meaning of their
values."""

from collections.abc import Sequence

import numpy as np

from macrame.errors import InputError, shown
from macrame.registers import (
    ADDRESSES,
    BUSY,
    CONTROL,
    CONTROL_COUNTERS_CLEAR,
    CONTROL_IRQ_ENABLE,
    CONTROL_SOFT_RESET,
    COUNTERS,
    CYCLES,
    FORMAT,
    FORMAT_BF16,
    FORMAT_INT8,
    FORMAT_PACKED_RESULTS,
    ID,
    ID_RESET,
    K_MAX,
    PAD,
    SEED,
    SHAPE,
    STALL_A,
    STALL_OUT,
    STALL_W,
    STATUS,
    STATUS_BUSY,
    STATUS_COUNTERS_FULL,
    STATUS_ERRORS,
    STATUS_HALTED,
    TILES,
    VERSION,
    VERSION_RESET,
    WATCHDOG,
    WATCHDOG_RESET,
)

__all__ = [
    "ADDRESSES",
    "BUSY",
    "CONTROL",
    "CONTROL_COUNTERS_CLEAR",
    "CONTROL_IRQ_ENABLE",
    "CONTROL_SOFT_RESET",
    "COUNTERS",
    "CYCLES",
    "FORMAT",
    "FORMAT_BF16",
    "FORMAT_INT8",
    "FORMAT_PACKED_RESULTS",
    "ID",
    "ID_RESET",
    "ID_VALUE",
    "K_MAX",
    "PAD",
    "SEED",
    "SHAPE",
    "STALL_A",
    "STALL_OUT",
    "STALL_W",
    "STATUS",
    "STATUS_BUSY",
    "STATUS_COUNTERS_FULL",
    "STATUS_ERRORS",
    "STATUS_HALTED",
    "TILES",
    "VERSION",
    "VERSION_RESET",
    "VERSION_VALUE",
    "WATCHDOG",
    "WATCHDOG_RESET",
    "describe_status",
    "error_names",
    "seed_word",
    "unpack_shape",
]

ID_VALUE, VERSION_VALUE = ID_RESET, VERSION_RESET  # constant for the life of the core


def seed_word(value: object) -> int:
    """Check a value for SEED.

    Parameters
    ----------
    value : int
        Of any integer type.

    Returns
    -------
    int

    Raises
    ------
    InputError
        It is not an integer, or does not fit in 32 bits.
    """
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or not 0 <= value < 2**32:
        raise InputError(f"seed is {shown(value)}, expected an integer from 0 to {2**32 - 1}")
    return int(value)


def error_names(status: int, errors: Sequence[str] = STATUS_ERRORS) -> tuple[str, ...]:
    """Return the names of the sticky error bits set in a STATUS word.

    Parameters
    ----------
    status : int
    errors : sequence of str
        Names of the error bits, from bit 0 up; those of another unit if the word is not the core's STATUS.

    Returns
    -------
    tuple of str
    """
    return tuple(name for bit, name in enumerate(errors) if status >> bit & 1)


def describe_status(status: int, errors: Sequence[str] = STATUS_ERRORS) -> str:
    """Describe a STATUS word in hexadecimal and in words, for messages.

    Parameters
    ----------
    status : int
    errors : sequence of str
        As for :func:`error_names`.

    Returns
    -------
    str
    """
    flags = ((STATUS_HALTED, "halted"), (STATUS_BUSY, "busy"), (STATUS_COUNTERS_FULL, "counters full"))
    words = [name for bit, name in flags if status & bit] or ["idle"]
    names = error_names(status, errors)
    return f"0x{status:08x}: {', '.join([*words, *names])}" + ("" if names else ", no error")


def unpack_shape(word: int) -> tuple[int, int, int, int]:
    """Split the SHAPE register.

    Parameters
    ----------
    word : int

    Returns
    -------
    rows, cols, depth, post_lanes : int
    """
    return word & 0xFF, word >> 8 & 0xFF, word >> 16 & 0xFF, word >> 24 & 0xFF
