# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Build a board's bitstream with Yosys, nextpnr and the packer, all installed as wheels."""

import json
import shutil
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from macrame import environment, paths
from macrame.board import BOARDS
from macrame.errors import InputError
from macrame.files import atomic
from macrame.synth import floorplan, tools, verilog
from macrame.synth.settings import one_of, whole
from macrame.synth.targets import TARGETS


@dataclass(frozen=True)
class Packing:
    """How a family's bitstream is generated from nextpnr's output.

    Attributes
    ----------
    pins : str
        Suffix of the pin constraints, and nextpnr's option for them.
    written : str
        nextpnr's option for its output file.
    command : tuple of str
        The packer's command, with names in braces for its input and output.
    suffix : str
        Of the bitstream.
    counted : tuple of (str, str)
        Resources of the device: name in the table, name in nextpnr's report.
    """

    pins: str
    written: str
    command: tuple[str, ...]
    suffix: str
    counted: tuple[tuple[str, str], ...]


#: By family.
PACKING = {
    "ice40": Packing(
        "pcf",
        "--asc",
        ("yowasp-icepack", "{placed}", "{packed}"),
        "bin",
        (("logic cells", "ICESTORM_LC"), ("block RAMs", "ICESTORM_RAM"), ("DSPs", "ICESTORM_DSP")),
    ),
    "ecp5": Packing(
        "lpf",
        "--textcfg",
        ("yowasp-ecppack", "--compress", "--input", "{placed}", "--bit", "{packed}"),
        "bit",
        (
            ("LUT4 in slices", "TRELLIS_COMB"),
            ("flip-flops", "TRELLIS_FF"),
            ("block RAMs", "DP16KD"),
            ("multipliers", "MULT18X18D"),
        ),
    ),
}

#: By board: buses whose block RAMs are placed in the order of their bits.
BUSES = {"ulx3s-engine": ("u_uart_bridge.w_tdata", "u_program_decoder.weights_q")}

#: By board: nextpnr's options besides the device. Its default, router1, fails where wires are scarce.
METHOD = {"ulx3s-engine": ("--router", "router2")}


class Failed(RuntimeError):
    """A tool failed; the text is one line."""

    exit_status = 1


class Report(TypedDict):
    """The contents of build/boards/<board>/report.json: rates in MHz, used and available cells by name."""

    board: str
    baud: float
    clock_mhz: float
    fmax_mhz: float
    seed: int
    seconds: float
    cells: dict[str, dict[str, int]]


def clocks_a_bit(clock: int, baud: int) -> int:
    """Cycles per bit, if the resulting speed is close enough.

    Parameters
    ----------
    clock : int
        Hz.
    baud : int
        Bits per second.

    Returns
    -------
    int

    Raises
    ------
    InputError
    """
    clocks = round(clock / baud)
    error = abs(clock / clocks / baud - 1) if clocks else 1
    if not 4 <= clocks <= 65535 or error > 0.015:
        raise InputError(
            f"BAUD={baud}: expected {clock:,} divided by an integer from 4 to 65535, within 1.5 %"
        )
    return clocks


def run(folder: Path, name: str, *command: str) -> None:
    """Run a tool of the virtual environment, with its output in a log.

    Parameters
    ----------
    folder : Path
        It runs there.
    name : str
        Of the log.
    *command : str

    Raises
    ------
    Failed
    """
    program = Path(sys.executable).parent / command[0]  # an absolute path stays as it is
    if not program.exists():
        raise Failed(f"{command[0]} is not installed: {environment.install('synth', 'synth')}")
    log = folder / name
    try:
        status, printed = tools.tool(log.stem, [program, *command[1:]], folder)
    except tools.FlowError as error:
        raise Failed(str(error)) from None
    log.write_text(printed)
    if status:
        lines = [line for line in printed.splitlines() if "ERROR" in line]
        raise Failed(
            f"{log.stem} exited with status {status}"
            f"{': ' + lines[-1].strip() if lines else ''}; its log is {environment.shown(log)}"
        )


def make(
    name: str, baud: int = 1_000_000, seed: int = 1, say: Callable[[str], None] = lambda text: None
) -> tuple[Report, Path]:
    """Make a board's bitstream.

    Parameters
    ----------
    name : str
        A key of `macrame.board.BOARDS`.
    baud : int
        Bits per second.
    seed : int
        Of nextpnr.
    say : callable
        Called with progress messages.

    Returns
    -------
    report : Report
    bitstream : Path

    Raises
    ------
    Failed
    """
    board = BOARDS[name]
    packing = PACKING[board.family]
    clocks = clocks_a_bit(board.clock, baud)
    folder = environment.writable(environment.build_dir()) / "boards" / name
    shutil.rmtree(folder, ignore_errors=True)  # an old bitstream must not be mistaken for a new one
    folder.mkdir(parents=True)
    packed = folder / f"{name}.{packing.suffix}"
    # The tools are WebAssembly, with their own /tmp: all paths are relative to their folder.
    pins = f"{name}.{packing.pins}"
    shutil.copy(paths.BOARDS / board.pins, folder / pins)
    fill = dict(placed="placed.txt", packed=packed.name)
    began = time.monotonic()
    say("synthesis")
    target = TARGETS[board.family]
    files = verilog.written(map(Path, paths.sources(board=name)), folder)
    verilog.written(target.maps, folder)
    try:
        tools.yosys(
            [
                f"read_verilog -defer {' '.join(files)}",
                f"chparam -set CLOCKS {clocks} {board.top}",
                *target.passes(board.top),
                "write_json netlist.json",
            ],
            folder,
        )
        if name in BUSES:
            netlist = json.loads((folder / "netlist.json").read_text())
            count = floorplan.place(netlist["modules"][board.top], BUSES[name])
            (folder / "netlist.json").write_text(json.dumps(netlist))
            say(f"floorplan of {count} block RAMs")
    except tools.FlowError as error:
        raise Failed(str(error)) from None
    say("place and route, which takes minutes")
    run(
        folder,
        "nextpnr.log",
        f"yowasp-nextpnr-{board.family}",
        "--json",
        "netlist.json",
        "--seed",
        str(seed),
        "--freq",
        str(board.clock / 1e6),
        "--timing-allow-fail",
        "--report",
        "nextpnr.json",
        *board.options,
        *METHOD.get(name, ()),
        f"--{packing.pins}",
        pins,
        packing.written,
        fill["placed"],
    )
    found = json.loads((folder / "nextpnr.json").read_text())
    fmax = min(clock["achieved"] for clock in found["fmax"].values())
    report: Report = {
        "board": name,
        "baud": board.clock / clocks,
        "clock_mhz": board.clock / 1e6,
        "fmax_mhz": round(fmax, 2),
        "seed": seed,
        "seconds": round(time.monotonic() - began, 1),
        "cells": {title: found["utilization"][kind] for title, kind in packing.counted},
    }
    atomic.write(folder / "report.json", json.dumps(report, indent=2) + "\n")
    if fmax * 1e6 < board.clock:
        raise Failed(
            f"{board.title}, {board.device}: reaches {fmax:.2f} MHz, expected {board.clock / 1e6:g} or more: "
            f"no bitstream written; another SEED may suffice"
        )
    say("packing")
    run(folder, "pack.log", *(word.format(**fill) for word in packing.command))
    return report, packed


def main(environ: Mapping[str, str]) -> int:
    """Make the bitstream that the variables select, and print its area and clock rate.

    Parameters
    ----------
    environ : mapping of str to str
        BOARD, BAUD and SEED.

    Returns
    -------
    int
        0.

    Raises
    ------
    InputError
        A variable is wrong.
    Failed
        A tool failed, or the clock is not reached.
    """
    if not environ.get("BOARD"):
        raise InputError(f"BOARD is not given, expected one of {', '.join(BOARDS)}")
    name = one_of(environ, "BOARD", "", tuple(BOARDS))
    baud, seed = whole(environ, "BAUD", 1_000_000, 999_999_999), whole(environ, "SEED", 1, 999_999_999)
    made, bitstream = make(
        name, baud, seed, lambda text: print(f"bitstream: {text}", file=sys.stderr, flush=True)
    )
    board = BOARDS[name]
    print(f"{board.title}, {board.device}, {made['baud']:,.0f} baud, seed {seed}, {made['seconds']:.0f} s")
    for title, count in made["cells"].items():
        print(f"  {title:<16} {count['used']:>7,} of {count['available']:>7,}")
    print(f"  {'clock':<16} {made['fmax_mhz']:>7.2f} MHz reached, {made['clock_mhz']:g} MHz required")
    path = environment.shown(bitstream)
    print(f"  wrote {path}; to load it, run {board.program.format(path)}")
    return 0
