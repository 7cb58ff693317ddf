# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The settings of `make synth`: environment variables, checked before anything is built."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from macrame.board import BOARDS
from macrame.contract import FORMATS, CoreConfig
from macrame.errors import InputError, amount
from macrame.files import parse
from macrame.synth import flow
from macrame.synth.targets import TARGETS

UNITS = ("core", "array", "requantize", "elementwise", "engine", "textbook")
#: Units whose results are not multiply-accumulates, with the number of them per cycle.
RESULTS = {"requantize": 1, "elementwise": 2}
#: Bytes of the engine's memory: the five networks of MLPerf Tiny fit. Lanes of its elementwise unit.
ENGINE_BYTES, ENGINE_LANES = 65536, 2
MULTIPLIERS = ("vendor", "plain")
PLACERS = ("heap", "sa", "static")
LARGEST = {**{name: CoreConfig.RANGES[name.lower()][1] for name in ("ROWS", "COLS", "DEPTH")}, "SEEDS": 99}
#: Variables that do not apply to a unit.
IDLE = {
    **dict.fromkeys(RESULTS, ("ROWS", "COLS", "DEPTH", "FORMATS")),
    "engine": ("ROWS", "COLS", "FORMATS"),
    "textbook": ("DEPTH", "FORMATS", "MULTIPLIER"),
}
NAMES = (
    "TARGET",
    "UNIT",
    "ROWS",
    "COLS",
    "DEPTH",
    "POST_LANES",
    "FORMATS",
    "MULTIPLIER",
    "PLACER",
    "SEEDS",
    "PAGE",
)


@dataclass(frozen=True)
class Job:
    """A unit to synthesise.

    Attributes
    ----------
    target : str
        One of `TARGETS`.
    unit : str
        One of UNITS.
    rows, cols, depth : int
        Shape of the array.
    formats : str
        One of FORMATS.
    multiplier : str
        "vendor" if the family has vendor modules, else "plain".
    placer : str
        One of `macrame.synth.targets.Target.placers`, by default the first; "" if nextpnr has no choice.
    seeds : int
        Number of placements, with seeds 1, 2, ...
    post_lanes : int
        Requantisers of a core or an engine; 0 stands for the core's default, or one for a core on iCE40.
    """

    target: str = "ecp5"
    unit: str = "core"
    rows: int = 8
    cols: int = 8
    depth: int = 1
    formats: str = "INT8"
    multiplier: str = "vendor"
    placer: str = ""
    seeds: int = 1
    post_lanes: int = 0

    def __post_init__(self) -> None:
        if not self.placer:
            object.__setattr__(self, "placer", next(iter(TARGETS[self.target].placers), ""))

    @property
    def shape(self) -> str:
        """Shape as a word: 8x8x1."""
        return f"{self.rows}x{self.cols}x{self.depth}"

    @property
    def macs(self) -> int:
        """Multiply-accumulates per cycle; results of a requantiser or an elementwise unit."""
        return {**RESULTS, "textbook": self.rows * self.cols}.get(
            self.unit, self.rows * self.cols * self.depth
        )

    @property
    def lut_rows(self) -> int:
        """Number of rows whose products are built from LUTs, since the device has too few DSP blocks."""
        target = TARGETS[self.target]
        if self.unit not in ("array", "core") or self.formats != "INT8":
            return 0
        if self.target == "ice40" and self.multiplier == "plain":
            return 0  # all of them are anyway: Yosys does not infer blocks there
        blocks = self.cols * (-(-self.depth // 2) if target.paired else self.depth)
        left = target.dsps - (target.post_dsps * self.core.post_lanes if self.unit == "core" else 0)
        return max(0, self.rows - left // blocks)

    @property
    def core(self) -> CoreConfig:
        """Configuration of the core; iCE40 has space for one serial requantiser, as on the iCEBreaker."""
        more: dict[str, int] = {}
        if self.target == "ice40" and self.unit != "engine":
            board = BOARDS["icebreaker"].core
            more = {"post_lanes": board.post_lanes}
            if self.formats == "INT8":
                more |= {"k_max": board.k_max, "post_cycles": board.post_cycles}
        if self.post_lanes:
            more["post_lanes"] = self.post_lanes
        return CoreConfig(self.rows, self.cols, self.depth, formats=self.formats, **more)

    @property
    def label(self) -> str:
        """Its label in a table."""
        if self.unit in RESULTS:
            name = "requantize" if self.unit == "requantize" else f"elementwise, {RESULTS[self.unit]} lanes"
            return name + ("" if self.multiplier == "vendor" else ", plain `*`")
        if self.unit == "textbook":
            return f"textbook {self.rows}x{self.cols}"
        words = [f"{self.unit} {self.shape}"]
        words += [self.formats] if self.formats != "INT8" else []
        if self.post_lanes:
            words.append(amount(self.post_lanes, "requantiser"))
        words += ["plain `*`"] if self.multiplier == "plain" else []
        words += [f"{self.lut_rows} of its rows in LUTs"] if self.lut_rows else []
        return ", ".join(words)

    def of_flow(self) -> flow.Unit:
        """The module and its parameters, as `flow.Unit`."""
        portable = self.multiplier == "plain"
        if self.unit == "requantize":
            return flow.Unit("requantize", "requantize", (), portable)
        if self.unit == "elementwise":
            lanes = (("LANES", RESULTS["elementwise"]),)
            return flow.Unit("elementwise", "elementwise_unit", lanes, portable)
        if self.unit == "textbook":
            sides = (("ROWS", self.rows), ("COLS", self.cols))
            return flow.Unit(f"textbook-{self.rows}x{self.cols}", "textbook_array", sides, True)
        name = f"{self.unit}-{self.shape}"
        name += "" if self.formats == "INT8" else f"-{self.formats.lower()}"
        name += f"-{self.post_lanes}-requantisers" if self.post_lanes else ""
        if self.unit == "engine":
            module = "macrame_engine"
            parameters: dict[str, int | str] = {
                "DEPTH": self.depth,
                "WORDS": ENGINE_BYTES // self.depth,
                "K_MAX": self.core.k_max,
                "POST_LANES": self.core.post_lanes,
                "LANES": ENGINE_LANES,
                "RECORD_RAM": '"block"',  # as its other memories are
            }
        elif self.unit == "core":
            module, parameters = "macrame", self.core.parameters()
            if self.core.post_cycles > 1:  # as on the iCEBreaker
                parameters["RECORD_RAM"] = '"block"'
        else:
            module, parameters = "mac_array", array_parameters(self.core)
        if self.lut_rows:
            parameters["LUT_ROWS"] = self.lut_rows
        return flow.Unit(name, module, tuple(parameters.items()), portable)


def array_parameters(core: CoreConfig) -> dict[str, int | str]:
    """Parameters of ``mac_array.v`` for the array of a core.

    Parameters
    ----------
    core : CoreConfig

    Returns
    -------
    dict of str to int or str
    """
    found: dict[str, int | str] = {"ROWS": core.rows, "COLS": core.cols, "DEPTH": core.depth}
    if core.bf16:
        found |= {"LANE_W": 8 * core.lane_bytes, "INT8": int(core.int8), "BF16": 1}
    return found


def one_of(given: Mapping[str, str], name: str, default: str, allowed: Sequence[str]) -> str:
    """The value of a variable, one of `allowed`; InputError."""
    value = given.get(name, default)
    if value not in allowed:
        raise InputError(f"{name}={value}: expected one of {', '.join(allowed)}")
    return value


def whole(given: Mapping[str, str], name: str, default: int, largest: int) -> int:
    """The value of a variable, an integer from 1 on; InputError."""
    return parse.integer(name, given.get(name, str(default)), 1, largest)


def refuse_idle(given: Mapping[str, str], unit: str, idle: Mapping[str, Sequence[str]]) -> None:
    """InputError for a variable that does not apply to the unit."""
    for name in idle.get(unit, ()):
        if name in given:
            raise InputError(f"{name}={given[name]}: does not apply to UNIT={unit}")


def refuse_depth(depth: int, formats: str) -> None:
    """InputError for a depth that a core of these formats does not have."""
    if formats != "INT8" and depth != 1:
        raise InputError(f"DEPTH={depth}: expected 1 with FORMATS={formats}")


def from_environment(environ: Mapping[str, str]) -> Job:
    """Read and check the variables; an empty one counts as not given.

    Parameters
    ----------
    environ : mapping of str to str

    Returns
    -------
    Job

    Raises
    ------
    InputError
        For the first variable that is wrong.
    """
    given = {name: environ[name] for name in NAMES if environ.get(name)}

    def choice(name: str, default: str, allowed: Sequence[str]) -> str:
        return one_of(given, name, default, allowed)

    def integer(name: str, default: int) -> int:
        return whole(given, name, default, LARGEST[name])

    target, unit = choice("TARGET", "ecp5", tuple(TARGETS)), choice("UNIT", "core", UNITS)
    refuse_idle(given, unit, IDLE)
    rows, cols, depth = TARGETS[target].shape
    if unit == "textbook":
        rows = cols = TARGETS[target].textbook
    if given.get("FORMATS", "INT8") != "INT8" or unit in IDLE:
        depth = 1
    if unit == "engine":
        rows, cols = 1, int(choice("DEPTH", "8", ("2", "4", "8")))
        depth = cols
    cols = integer("COLS", cols)
    if "POST_LANES" in given and unit not in ("core", "engine"):
        raise InputError(f"POST_LANES={given['POST_LANES']}: does not apply to UNIT={unit}")
    job = Job(
        target,
        unit,
        integer("ROWS", rows),
        cols,
        integer("DEPTH", depth),
        choice("FORMATS", "INT8", FORMATS),
        choice("MULTIPLIER", "vendor", MULTIPLIERS),
        choice("PLACER", "heap", PLACERS) if "PLACER" in given else "",
        integer("SEEDS", 1),
        parse.integer("POST_LANES", given["POST_LANES"], 1, cols) if "POST_LANES" in given else 0,
    )
    refuse_depth(job.depth, job.formats)
    if not TARGETS[target].placers and "PLACER" in given:
        raise InputError(f"PLACER={given['PLACER']}: does not apply to TARGET={target}")
    if not TARGETS[target].nextpnr and "SEEDS" in given:
        raise InputError(f"SEEDS={given['SEEDS']}: does not apply to TARGET={target}, which is not placed")
    return job
