# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Cores that were placed on a device: their area and clock rates, from synth/cores.toml."""

from __future__ import annotations

import functools
import tomllib
from dataclasses import dataclass
from typing import Any

from macrame import paths
from macrame.board import BOARDS, Board
from macrame.contract import CoreConfig

TABLE = paths.PACKAGE / "synth" / "cores.toml"

#: Name of each target's device, as boards have it.
DEVICES = {"ecp5": "ECP5-85F", "ice40": "iCE40 UP5K"}


@dataclass(frozen=True)
class Rates:
    """Clock rates in MHz that placements with different seeds reached."""

    median: float
    min: float
    max: float


@dataclass(frozen=True)
class PlacedCore:
    """A core placed on a device: its area and clock rates.

    Attributes
    ----------
    target : str
        Family, a key of `DEVICES`.
    config : CoreConfig
    lut_rows : int
        Rows whose products are built from LUTs.
    lut, ff, carry, dsp, bram : int
        Cells.
    placer : str
    seeds : int
        Number of placements.
    mhz : Rates or None
        None if the core does not fit.
    """

    target: str
    config: CoreConfig
    lut_rows: int
    lut: int
    ff: int
    carry: int
    dsp: int
    bram: int
    placer: str
    seeds: int
    mhz: Rates | None

    @property
    def device(self) -> str:
        """Name of the device."""
        return DEVICES[self.target]

    @property
    def boards(self) -> list[Board]:
        """The boards with this device whose clock the core reaches."""
        if self.mhz is None:
            return []
        alone = [board for board in BOARDS.values() if board.engine is None]
        return [b for b in alone if b.device == self.device and b.clock <= self.mhz.median * 1e6]

    def serves(self, config: CoreConfig) -> bool:
        """Whether these are the figures of a core of that configuration; its memories may differ."""
        return _timing(self.config) == _timing(config)


def _timing(config: CoreConfig) -> tuple[str, int, int, str, int]:
    return str(config), config.post_lanes, config.post_cycles, config.formats, config.pack_results


@functools.cache
def placed() -> tuple[PlacedCore, ...]:
    """The cores of the table, in its order."""
    return tuple(_core(row) for row in tomllib.loads(TABLE.read_text())["core"])


def _core(row: dict[str, Any]) -> PlacedCore:
    rows, cols, depth = row["array"]
    more = {name: row[name] for name in ("k_max", "post_cycles") if name in row}
    return PlacedCore(
        target=row["target"],
        config=CoreConfig(rows, cols, depth, post_lanes=row["requantisers"], **more),
        lut_rows=row.get("lut_rows", 0),
        lut=row["lut"],
        ff=row["ff"],
        carry=row["carry"],
        dsp=row["dsp"],
        bram=row["bram"],
        placer=row["placer"],
        seeds=row.get("seeds", 0),
        mhz=Rates(**row["mhz"]) if "mhz" in row else None,
    )


def figures(config: CoreConfig) -> list[PlacedCore]:
    """The placed cores of a configuration, one per device; none if it was never placed, or does not fit.

    Parameters
    ----------
    config : CoreConfig

    Returns
    -------
    list of PlacedCore
    """
    return [core for core in placed() if core.mhz is not None and core.serves(config)]
