# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Register map of the core (AXI4-Lite, 32-bit, byte addresses). ``rtl/macrame.rdl`` describes every field."""

import numpy as np

from macrame.errors import InputError, shown

ID = 0x00
VERSION = 0x04
SHAPE = 0x08
K_MAX = 0x0C
FORMAT = 0x10
CONTROL = 0x14
STATUS = 0x18
WATCHDOG = 0x1C
CYCLES = 0x20
BUSY = 0x24
TILES = 0x28
STALL_A = 0x2C
STALL_W = 0x30
STALL_OUT = 0x34
PAD = 0x38
SEED = 0x3C

#: Every register by its name, as the SystemRDL file spells it.
ADDRESSES = {
    "ID": ID,
    "VERSION": VERSION,
    "SHAPE": SHAPE,
    "K_MAX": K_MAX,
    "FORMAT": FORMAT,
    "CONTROL": CONTROL,
    "STATUS": STATUS,
    "WATCHDOG": WATCHDOG,
    "CYCLES": CYCLES,
    "BUSY": BUSY,
    "TILES": TILES,
    "STALL_A": STALL_A,
    "STALL_W": STALL_W,
    "STALL_OUT": STALL_OUT,
    "PAD": PAD,
    "SEED": SEED,
}

ID_VALUE = 0x4D414352  # "MACR"
VERSION_VALUE = 0x00010001
WATCHDOG_RESET = 0x00100000

FORMAT_INT8 = 1 << 0
FORMAT_BF16 = 1 << 1

CONTROL_SOFT_RESET = 1 << 0
CONTROL_IRQ_ENABLE = 1 << 1
CONTROL_COUNTERS_CLEAR = 1 << 2

#: Sticky error bits of STATUS, from bit 0 up; any of them halts the core.
STATUS_ERRORS = ("k_mismatch", "w_too_long", "a_too_long", "record_short", "mode_illegal", "panel_stuck")
STATUS_HALTED = 1 << 8
STATUS_BUSY = 1 << 9
STATUS_COUNTERS_FULL = 1 << 10

#: The event counters, in the order of their addresses.
COUNTERS = ("CYCLES", "BUSY", "TILES", "STALL_A", "STALL_W", "STALL_OUT", "PAD")


def seed_word(value):
    """What goes into SEED, checked.

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
        It is no whole number, or not of 32 bits.
    """
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or not 0 <= value < 2**32:
        raise InputError(f"seed is {shown(value)}, expected an integer from 0 to {2**32 - 1}")
    return int(value)


def error_names(status, errors=STATUS_ERRORS):
    """Names of the sticky error bits set in a STATUS word.

    Parameters
    ----------
    status : int
    errors : sequence of str
        Names of the error bits, from bit 0 up; those of another unit where it is not the core's STATUS.

    Returns
    -------
    tuple of str
    """
    return tuple(name for bit, name in enumerate(errors) if status >> bit & 1)


def describe_status(status, errors=STATUS_ERRORS):
    """A STATUS word in hexadecimal and in words, for messages.

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


def unpack_shape(word):
    """Split the SHAPE register.

    Parameters
    ----------
    word : int

    Returns
    -------
    rows, cols, depth, post_lanes : int
    """
    return word & 0xFF, word >> 8 & 0xFF, word >> 16 & 0xFF, word >> 24 & 0xFF
