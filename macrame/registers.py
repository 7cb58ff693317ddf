# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Registers of the core and, prefixed with VECTOR_, of the vector unit: 32 bits, byte addresses.

Generated from rtl/macrame.rdl and rtl/vector_unit.rdl by `macrame registers`: edit those files.
"""

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

#: Every register by its name.
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

ID_RESET = 0x4D414352
VERSION_RESET = 0x00010002
WATCHDOG_RESET = 0x00100000
SEED_RESET = 0x00000001
FORMAT_INT8 = 0x1
FORMAT_BF16 = 0x2
FORMAT_PACKED_RESULTS = 0x100
CONTROL_SOFT_RESET = 0x1
CONTROL_IRQ_ENABLE = 0x2
CONTROL_COUNTERS_CLEAR = 0x4

#: Sticky error bits of STATUS, from bit 0 up; any of them halts the unit.
STATUS_ERRORS = (
    "k_mismatch",
    "w_too_long",
    "a_too_long",
    "record_short",
    "mode_illegal",
    "panel_stuck",
)
STATUS_HALTED = 0x100
STATUS_BUSY = 0x200
STATUS_COUNTERS_FULL = 0x400

#: The event counters, in the order of their addresses.
COUNTERS = (
    "CYCLES",
    "BUSY",
    "TILES",
    "STALL_A",
    "STALL_W",
    "STALL_OUT",
    "PAD",
)

VECTOR_ID = 0x00
VECTOR_VERSION = 0x04
VECTOR_LANES = 0x08
VECTOR_FIFO_DEPTH = 0x0C
VECTOR_FORMAT = 0x10
VECTOR_CONTROL = 0x14
VECTOR_STATUS = 0x18
VECTOR_WATCHDOG = 0x1C
VECTOR_CYCLES = 0x20
VECTOR_BUSY = 0x24
VECTOR_PACKETS = 0x28
VECTOR_STALL_X = 0x2C
VECTOR_STALL_Y = 0x30
VECTOR_STALL_OUT = 0x34
VECTOR_STARVED = 0x38
VECTOR_SEED = 0x3C

#: Every register by its name.
VECTOR_ADDRESSES = {
    "ID": VECTOR_ID,
    "VERSION": VECTOR_VERSION,
    "LANES": VECTOR_LANES,
    "FIFO_DEPTH": VECTOR_FIFO_DEPTH,
    "FORMAT": VECTOR_FORMAT,
    "CONTROL": VECTOR_CONTROL,
    "STATUS": VECTOR_STATUS,
    "WATCHDOG": VECTOR_WATCHDOG,
    "CYCLES": VECTOR_CYCLES,
    "BUSY": VECTOR_BUSY,
    "PACKETS": VECTOR_PACKETS,
    "STALL_X": VECTOR_STALL_X,
    "STALL_Y": VECTOR_STALL_Y,
    "STALL_OUT": VECTOR_STALL_OUT,
    "STARVED": VECTOR_STARVED,
    "SEED": VECTOR_SEED,
}

VECTOR_ID_RESET = 0x56454354
VECTOR_VERSION_RESET = 0x00010000
VECTOR_WATCHDOG_RESET = 0x00000000
VECTOR_SEED_RESET = 0x00000001
VECTOR_FORMAT_FP32 = 0x1
VECTOR_FORMAT_BF16 = 0x2
VECTOR_CONTROL_SOFT_RESET = 0x1
VECTOR_CONTROL_IRQ_ENABLE = 0x2
VECTOR_CONTROL_COUNTERS_CLEAR = 0x4

#: Sticky error bits of STATUS, from bit 0 up; any of them halts the unit.
VECTOR_STATUS_ERRORS = (
    "command_illegal",
    "packet_empty",
    "length_mismatch",
    "y_missing",
)
VECTOR_STATUS_HALTED = 0x100
VECTOR_STATUS_BUSY = 0x200
VECTOR_STATUS_COUNTERS_FULL = 0x400

#: The event counters, in the order of their addresses.
VECTOR_COUNTERS = (
    "CYCLES",
    "BUSY",
    "PACKETS",
    "STALL_X",
    "STALL_Y",
    "STALL_OUT",
    "STARVED",
)
