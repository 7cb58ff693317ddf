# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Definitions that the host, the simulation and the tools share with the RTL.

The configuration of a core, the modes of a weight panel, the flags of an activation panel and the layout of a
record. docs/streams.md describes them; golden and the benches' models have their own definitions, so that
each checks the other. The registers are in `macrame.registers`, generated from the SystemRDL files.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np

from macrame.errors import InputError, shown

#: Number formats of a core's processing elements.
FORMATS = ("INT8", "BF16", "DUAL")

#: int8 modes of a weight panel, by the number in tuser of its first beat.
MODES = {"raw": 0, "gemmlowp": 1, "ruy": 2, "fp32": 3}
#: Added to `OUTPUTS` in the mode of a bfloat16 panel.
BF16 = 4
#: And this where the output stage applies ReLU.
RELU = 8
#: Outputs of a bfloat16 panel: float32, or bfloat16 by one of three roundings.
OUTPUTS = {"fp32": 0, "even": 1, "toward_zero": 2, "stochastic": 3}
#: float32 sums interleaved in a bfloat16 cell, hence beats of activations per slice.
PHASES = 4

#: tuser of an activation panel's last beat: the weight panel is no longer needed.
RELEASE = 1
#: And: leave the accumulators open, more K follows.
KEEP = 2

#: A column's record at the head of a weight panel, sent down the column's own lane, first field first.
RECORD = np.dtype(
    [
        ("bias", "<i4"),
        ("multiplier", "<i4"),
        ("shift", "i1"),
        ("zero_point", "i1"),
        ("low", "i1"),
        ("high", "i1"),
    ]
)
RECORD_BYTES = RECORD.itemsize


@dataclass(frozen=True)
class CoreConfig:
    """The parameters of a core.

    Attributes
    ----------
    rows, cols : int
        ROWS and COLS of the array, 1 to 32.
    depth : int
        DEPTH, int8 products per cell per cycle, 1 to 8; 1 with bfloat16.
    k_max : int
        K_MAX, values of K that a panel may have, `depth` to 65536.
    post_lanes : int
        POST_LANES, requantisers or float units that the columns share; no more than `cols` are built.
    formats : {"INT8", "BF16", "DUAL"}
        FORMATS.
    fifo_depth : int
        FIFO_DEPTH, rows of the result FIFO: a power of two that holds the tallest tile. 0 stands for the
        core's own default, which leaves no bubbles.
    post_cycles : int
        POST_CYCLES, cycles per result of a requantiser: 1; or 33 to 64, without bfloat16.
    pack_results : int
        PACK_RESULTS: 1 if int8 and bfloat16 rows share result beats, 0 for one row per beat.

    Raises
    ------
    macrame.errors.InputError
        A value is out of its range.

    Examples
    --------
    >>> CoreConfig(4, 4, 4).parameters()
    {'ROWS': 4, 'COLS': 4, 'DEPTH': 4, 'K_MAX': 1024, 'POST_LANES': 2}
    >>> str(CoreConfig(4, 4, 4))
    '4x4x4'
    """

    rows: int = 8
    cols: int = 8
    depth: int = 1
    k_max: int = 1024
    post_lanes: int = 2
    formats: str = "INT8"
    fifo_depth: int = 0
    post_cycles: int = 1
    pack_results: int = 0

    #: Ranges of the integers that have one; the upper end of None is open.
    RANGES: ClassVar[dict[str, tuple[int, int]]] = {
        "rows": (1, 32),
        "cols": (1, 32),
        "depth": (1, 8),
        "k_max": (1, 65536),
        "post_lanes": (1, 32),
        "fifo_depth": (0, 65536),
        "post_cycles": (1, 64),
        "pack_results": (0, 1),
    }

    def __post_init__(self) -> None:
        for name, (low, high) in self.RANGES.items():
            value = getattr(self, name)
            whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
            if not whole or not low <= value <= high:
                raise InputError(f"{name} is {shown(value)}, expected an integer from {low} to {high}")
            object.__setattr__(self, name, int(value))
        if not isinstance(self.formats, str) or self.formats not in FORMATS:
            raise InputError(f"formats is {shown(self.formats)}, expected one of {', '.join(FORMATS)}")
        if self.bf16 and self.depth != 1:
            raise InputError(f"depth is {self.depth}, expected 1 with formats {self.formats}")
        if self.k_max < self.depth:
            raise InputError(f"k_max is {self.k_max}, expected at least depth, which is {self.depth}")
        if self.post_cycles != 1 and (self.bf16 or self.post_cycles < 33):
            expected = f"1 with formats {self.formats}" if self.bf16 else "1, or 33 to 64"
            raise InputError(f"post_cycles is {self.post_cycles}, expected {expected}")
        least = max(2, self.height(BF16 if self.bf16 else 0))
        if self.fifo_depth and (self.fifo_depth < least or self.fifo_depth & (self.fifo_depth - 1)):
            raise InputError(
                f"fifo_depth is {self.fifo_depth}, expected 0, or a power of two of at least {least}"
            )
        object.__setattr__(self, "post_lanes", min(self.post_lanes, self.cols))

    @classmethod
    def of_parameters(cls, parameters: dict[str, Any]) -> CoreConfig:
        """The configuration that Verilog parameters give.

        Parameters
        ----------
        parameters : dict
            As `parameters` returns them; others are ignored.

        Returns
        -------
        CoreConfig
        """
        names = {field.name.upper(): field.name for field in fields(cls)}
        given = {names[name]: value for name, value in parameters.items() if name in names}
        if "formats" in given:
            given["formats"] = given["formats"].strip('"')
        return cls(**given)

    def parameters(self) -> dict[str, int | str]:
        """Parameters of ``macrame.v``: the shape always, the others only if they differ from its defaults.

        Returns
        -------
        dict of str to int or str
            A string is quoted, as a simulator's command line requires.
        """
        found: dict[str, int | str] = {
            "ROWS": self.rows,
            "COLS": self.cols,
            "DEPTH": self.depth,
            "K_MAX": self.k_max,
            "POST_LANES": self.post_lanes,
        }
        if self.formats != "INT8":
            found["FORMATS"] = f'"{self.formats}"'
        if self.fifo_depth:
            found["FIFO_DEPTH"] = self.fifo_depth
        if self.post_cycles != 1:
            found["POST_CYCLES"] = self.post_cycles
        if self.pack_results:
            found["PACK_RESULTS"] = self.pack_results
        return found

    def __str__(self) -> str:
        return f"{self.rows}x{self.cols}x{self.depth}"

    @property
    def int8(self) -> bool:
        """Whether the core multiplies int8."""
        return self.formats != "BF16"

    @property
    def bf16(self) -> bool:
        """Whether the core multiplies bfloat16; its lanes are then two bytes wide."""
        return self.formats != "INT8"

    @property
    def macs(self) -> int:
        """Multiply-accumulates the array does per cycle."""
        return self.rows * self.cols * self.depth

    @property
    def lane_bytes(self) -> int:
        """Bytes of an operand lane."""
        return 2 if self.bf16 else self.depth

    def height(self, mode: int) -> int:
        """Rows of a tile: ROWS, or four times as many in a bfloat16 mode."""
        return self.rows * (PHASES if mode & BF16 else 1)

    def lanes(self, matrix: np.ndarray) -> np.ndarray:
        """Widen a matrix of int8 to the lanes' width; bits of bfloat16 have it already.

        Parameters
        ----------
        matrix : ndarray of int8 or uint16

        Returns
        -------
        ndarray of int8 or uint16, the same shape
        """
        return matrix.view(np.uint8).astype(np.uint16) if self.bf16 and matrix.dtype == np.int8 else matrix
