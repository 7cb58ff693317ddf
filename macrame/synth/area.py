# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""``python -m macrame area``: the area of cells, of significand multipliers and of the parts of a core.

Yosys maps each module by itself to ECP5 and to iCE40; the table counts cells of the netlist:

    LUT     LUT4 and two for each CCU2C (ECP5), SB_LUT4 (iCE40; each of its carry cells is next to a LUT)
    FF      flip-flops
    DSP     MULT18X18D (ECP5); the iCE40 column maps multipliers to LUTs

A second table shows where the LUTs of a 4x4x4 core on ECP5 go. Its modules are mapped one by one, so logic
does not move between them, and their sum exceeds the LUTs of the core as a whole, which follows, without and
with PACK_RESULTS. A third table does the same for the network engine of `make synth UNIT=engine`.

No placement and no timing: these are exact counts for one version of Yosys, named in the last line.
``--check`` compares the tables in docs/area.md, and the numbers in macrame/synth/hdl/significand_mul.toml
that problem 7 of the problem sheet shows, with the output of Yosys.
"""

import functools
import json
import sys
import tempfile
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from importlib import metadata
from pathlib import Path

from macrame import paths
from macrame.sim import simulate
from macrame.synth import flow, tools, verilog
from macrame.synth.settings import Job
from macrame.synth.targets import TARGETS

ROOT = paths.ROOT
DOCUMENT = ROOT / "docs" / "area.md"
MULTIPLIER = ROOT / "macrame" / "synth" / "hdl" / "significand_mul.v"
SIGNIFICANDS = MULTIPLIER.with_suffix(".toml")

#: Row of the table: name, module, parameters, whether a DSP block may be used.
ROWS = (
    ("`pe_int8`, DEPTH 1", "pe_int8", (("DEPTH", 1),), True),
    ("`pe_bf16`", "pe_bf16", (), True),
    ("`pe_dual`", "pe_dual", (), True),
    ("8 x 8 significands, bfloat16, in LUTs", "significand_mul", (("WIDTH", 8),), False),
    ("24 x 24 significands, float32, in LUTs", "significand_mul", (("WIDTH", 24),), False),
    ("8 x 8 significands, in DSPs", "significand_mul", (("WIDTH", 8),), True),
    ("24 x 24 significands, in DSPs", "significand_mul", (("WIDTH", 24),), True),
)


#: The core of the second table, and its parts: modules, each with the modules in it that are not parts.
CORE = (("ROWS", 4), ("COLS", 4), ("DEPTH", 4))
PARTS = {
    "cells of the array": ("pe",),
    "array, result chain": ("mac_array", "result_chain"),
    "requantisers": ("requantize",),
    "output stage": ("output_stage",),
    "records": ("panel_record",),
    "registers, counters, watchdog": ("core_control",),
    "weights": ("weight_path",),
    "activations": ("activation_path",),
    "sequencer": ("tile_sequencer",),
    "results": ("macrame",),
}

#: The parts of the network engine, likewise.
ENGINE_PARTS = {
    "array of the core": ("mac_array",),
    "requantisers": ("requantize",),
    "output stage": ("output_stage",),
    "records": ("panel_record",),
    "rest of the core": ("macrame",),
    "program decoder": ("program_decoder",),
    "window reader": ("window_reader",),
    "elementwise path": ("elementwise_path",),
    "second reader": ("second_reader",),
    "result writer": ("result_writer",),
    "memory": ("engine_memory",),
    "registers, counters, wiring": ("macrame_engine",),
}


def _report(
    sources: Iterable[Path], top: str, parameters: Iterable[tuple[str, int | str]], passes: str, report: str
) -> str:
    """What Yosys' command `report` prints about a module after `passes`."""
    set_ = " ".join(f"-set {name} {value}" for name, value in parameters)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        read = " ".join(verilog.written(sources, folder))
        commands = [
            f"read_verilog -defer {read}",
            *([f"chparam {set_} {top}"] if set_ else []),
            f"{passes} -top {top}",
            f"tee -q -o report {report}",
        ]
        tools.yosys(commands, folder)
        return (folder / "report").read_text()


@functools.cache
def cells(module: str, parameters: tuple[tuple[str, int], ...], target: str, dsp: bool) -> dict[str, int]:
    """Cells of one module's netlist.

    Parameters
    ----------
    module : str
    parameters : tuple of (str, int)
    target : {"ecp5", "ice40"}
    dsp : bool
        Whether multipliers may become DSP blocks; on iCE40 they never do.

    Returns
    -------
    dict of str to int
        Cell type and count.

    Raises
    ------
    macrame.synth.tools.FlowError
        Yosys fails.
    """
    option = {"ecp5": "" if dsp else "-nodsp", "ice40": ""}[target]
    sources = [*map(Path, simulate.core_sources()), MULTIPLIER]
    return flow.counted(_report(sources, module, parameters, f"synth_{target} {option}", "stat -json"))


def modules(top: str, parameters: tuple[tuple[str, int | str], ...] = ()) -> set[str]:
    """Names of all modules in a design, without their parameters.

    Parameters
    ----------
    top : str
    parameters : tuple of (str, int or str)

    Returns
    -------
    set of str
    """
    sources = map(Path, simulate.core_sources())
    listed = _report(sources, top, parameters, "hierarchy -check", "ls")
    lines = [word for word in listed.split() if word.isidentifier() or word[0] == "$"]
    return {line.removeprefix("$paramod").split("\\")[1 if "\\" in line else 0] for line in lines}


def summary(found: Mapping[str, int], target: str) -> tuple[int, int, int]:
    """LUTs, flip-flops and DSP blocks of `cells`."""
    area = TARGETS[target].area(found, target)
    return area["lut"], area["ff"], area["dsp"]


def table(say: Callable[[str], None] = lambda text: None) -> list[str]:
    """The table, as lines of Markdown."""
    lines = ["| module | ECP5 LUT | FF | DSP | iCE40 LUT | FF |", "|---|---|---|---|---|---|"]
    for name, module, parameters, dsp in ROWS:
        say(name)
        ecp5 = summary(cells(module, parameters, "ecp5", dsp), "ecp5")
        columns: list[int | str] = [*ecp5]
        if dsp and module == "significand_mul":
            columns += ["", ""]
        else:
            columns += summary(cells(module, parameters, "ice40", dsp), "ice40")[:2]
        lines.append(f"| {name} | " + " | ".join(f"{c:,}" if c != "" else "" for c in columns) + " |")
    return lines


def parts(
    top: str = "macrame",
    parameters: Iterable[tuple[str, int | str]] = CORE,
    groups: Mapping[str, tuple[str, ...]] = PARTS,
) -> dict[str, dict[str, int]]:
    """Area of the parts of a core or an engine on ECP5.

    Parameters
    ----------
    top : str
    parameters : iterable of (str, int or str)
    groups : mapping of str to tuple of str
        The modules of each part, as in PARTS.

    Returns
    -------
    dict of str to dict
        Part to what `Target.area` counts.

    Raises
    ------
    macrame.synth.tools.FlowError
        Yosys fails.
    """
    target = TARGETS["ecp5"]
    sources = verilog.sources("ecp5", top)
    text = _report(sources, top, parameters, f"{target.synthesis} -noflatten", "stat -json")
    found = json.loads(text[text.index("{") :])["modules"]
    kinds = {module.lstrip("\\"): stat["num_cells_by_type"] for module, stat in found.items()}
    counts: dict[str, Counter[str]] = {part: Counter() for part in groups}
    part_of = {module: part for part, names in groups.items() for module in names}

    def add(module: str, times: int, part: str) -> None:
        words = module.removeprefix("$paramod").split("\\")
        part = next((part_of[word] for word in words if word in part_of), part)
        for kind, count in kinds[module].items():
            name = kind.lstrip("\\")
            if name in kinds:
                add(name, times * count, part)
            elif not name.startswith("$"):
                counts[part][name] += times * count

    add(top, 1, part_of[top])
    return {part: target.area(count, part) for part, count in counts.items()}


def parts_table(say: Callable[[str], None] = lambda text: None) -> list[str]:
    """The table of a core's parts, as lines of Markdown."""
    say("4x4x4 core")
    found = with_sum(parts())
    for name, label, more in (
        ("area-core", "the core as a whole", ()),
        ("area-core-packed", "the same with PACK_RESULTS", (("PACK_RESULTS", 1),)),
    ):
        found[label] = flow.synthesise("ecp5", flow.Unit(name, "macrame", (*CORE, *more), False)).area()
    return part_lines("4x4x4 core", found)


def engine_table(say: Callable[[str], None] = lambda text: None) -> list[str]:
    """The table of the parts of `make synth UNIT=engine`, as lines of Markdown."""
    unit = Job(unit="engine", rows=1, cols=8, depth=8).of_flow()
    say("network engine")
    found = with_sum(parts(unit.module, unit.parameters, ENGINE_PARTS))
    found["the engine as a whole"] = flow.synthesise("ecp5", unit).area()
    parameters = tuple({**dict(unit.parameters), "RECORD_RAM": '"auto"'}.items())
    luts = flow.Unit("area-engine-lut-ram", unit.module, parameters, unit.portable)
    found["the same with records in LUT RAM"] = flow.synthesise("ecp5", luts).area()
    return part_lines("network engine", found)


def with_sum(found: Mapping[str, Mapping[str, int]]) -> dict[str, Mapping[str, int]]:
    """Parts, and the sum of each kind of cell."""
    kinds = ("lut", "ff", "dsp", "bram")
    return {**found, "sum": {kind: sum(area[kind] for area in found.values()) for kind in kinds}}


def part_lines(whole: str, found: Mapping[str, Mapping[str, int]]) -> list[str]:
    """A table of parts, as lines of Markdown."""
    return [
        f"| part of a {whole}, ECP5 | LUT | FF | DSP | BRAM |",
        "|---|---|---|---|---|",
        *(
            f"| {part} | {area['lut']:,} | {area['ff']:,} | {area['dsp']:,} | {area['bram']:,} |"
            for part, area in found.items()
        ),
    ]


def significands() -> dict[str, object]:
    """The expected contents of macrame/synth/hdl/significand_mul.toml."""
    out: dict[str, object] = {"measured_by": "python -m macrame area", "version": version()}
    for name, width in (("bf16", 8), ("fp32", 24)):

        def count(target: str, dsp: bool, width: int = width) -> tuple[int, int, int]:
            return summary(cells("significand_mul", (("WIDTH", width),), target, dsp), target)

        with_dsp = count("ecp5", True)
        out[name] = {
            "width": width,
            "ecp5_luts": count("ecp5", False)[0],
            "ice40_luts": count("ice40", False)[0],
            "ecp5_dsps": with_dsp[2],
            "ecp5_luts_beside": with_dsp[0],
        }
    return out


def version() -> str:
    """Yosys' version, from its wheel."""
    return f"Yosys {metadata.version('pyosys')}"


def main(check: bool = False) -> int:
    """Print the table, or compare the stored ones; returns 1 if they differ from Yosys' counts, else 0.

    Parameters
    ----------
    check : bool
        Compare docs/area.md and macrame/synth/hdl/significand_mul.toml instead of printing.
    """
    shown = sys.stderr.isatty()

    def say(name: str) -> None:
        if shown:
            print(f"\r{name:<60}", end="\r", file=sys.stderr, flush=True)

    lines, more, engine = table(say), parts_table(say), engine_table(say)
    if check:
        lines += more + engine
        missing = [line for line in lines if line not in DOCUMENT.read_text().splitlines()]
        for line in missing:
            print(f"area: {DOCUMENT.relative_to(ROOT)} does not contain the row {line}", file=sys.stderr)
        measured = significands()
        stale = tomllib.loads(SIGNIFICANDS.read_text()) != measured
        if stale:
            print(f"area: {SIGNIFICANDS.relative_to(ROOT)}: expected {json.dumps(measured)}", file=sys.stderr)
        return 1 if missing or stale else 0
    print("\n".join([*lines, "", *more, "", *engine]))
    print(version())
    return 0
