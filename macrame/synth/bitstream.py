# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""A board's top to the file its programmer takes: Yosys, nextpnr and the packer, all of them wheels."""

import json
import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from macrame import environment, paths
from macrame.files import atomic
from macrame.sim import simulate
from macrame.synth import tools, verilog
from macrame.synth.settings import InputError, one_of, whole
from macrame.synth.targets import TARGETS

ROOT = simulate.ROOT


@dataclass(frozen=True)
class Board:
    """How one board's bitstream is made."""

    title: str
    family: str  # of Yosys' and nextpnr's command
    clock: int  # Hz at the core
    constraints: str
    place: tuple  # options of nextpnr
    pack: tuple  # command, with {} for its input and output
    suffix: str
    counted: tuple  # what is used of the device: name in the table, name in nextpnr's report
    program: str


BOARDS = {
    "icebreaker": Board(
        "iCEBreaker, iCE40 UP5K",
        "ice40",
        24_000_000,
        "boards/icebreaker/icebreaker.pcf",
        ("--up5k", "--package", "sg48", "--pcf", "{constraints}", "--asc", "{placed}"),
        ("yowasp-icepack", "{placed}", "{packed}"),
        "bin",
        (("logic cells", "ICESTORM_LC"), ("block RAMs", "ICESTORM_RAM"), ("DSPs", "ICESTORM_DSP")),
        "iceprog {}",
    ),
    "ulx3s": Board(
        "ULX3S, ECP5-85F",
        "ecp5",
        25_000_000,
        "boards/ulx3s/ulx3s.lpf",
        ("--85k", "--package", "CABGA381", "--speed", "6", "--lpf", "{constraints}", "--textcfg", "{placed}"),
        ("yowasp-ecppack", "--compress", "--input", "{placed}", "--bit", "{packed}"),
        "bit",
        (
            ("LUT4 in slices", "TRELLIS_COMB"),
            ("flip-flops", "TRELLIS_FF"),
            ("block RAMs", "DP16KD"),
            ("multipliers", "MULT18X18D"),
        ),
        "openFPGALoader -b ulx3s {}",
    ),
}


class Failed(RuntimeError):
    """A tool did not do its work; the text is one line."""

    exit_status = 1


def sources(board):
    """Verilog of a board's top and of all below it, the family's own multipliers where there are some."""
    own = {path.name: str(path) for path in verilog.vendor_files(BOARDS[board].family)}
    return [
        *(own.pop(Path(path).name, path) for path in simulate.core_sources()),
        *own.values(),
        *(str(paths.BOARDS / path) for path in ("common/power_on_reset.v", f"{board}/{board}.v")),
    ]


def clocks_a_bit(clock, baud):
    """Cycles a bit, where they come near enough to the speed.

    Raises
    ------
    InputError
    """
    clocks = round(clock / baud)
    error = abs(clock / clocks / baud - 1) if clocks else 1
    if not 4 <= clocks <= 65535 or error > 0.015:
        raise InputError(
            f"BAUD={baud}: expected a speed that {clock:,} Hz divided by 4 to 65535 meets within 1.5 %"
        )
    return clocks


def run(folder, log, *command):
    """Run a tool of the virtual environment, its output into a log."""
    program = Path(sys.executable).parent / command[0]  # an absolute path stays as it is
    if not program.exists():
        raise Failed(f"{command[0]} is not installed: tools/bootstrap synth")
    log = folder / log
    try:
        status, printed = tools.tool(log.stem, [program, *command[1:]], folder)
    except tools.FlowError as error:
        raise Failed(str(error)) from None
    log.write_text(printed)
    if status:
        lines = [line for line in printed.splitlines() if "ERROR" in line]
        raise Failed(
            f"{log.stem} ended with status {status}"
            f"{': ' + lines[-1].strip() if lines else ''}; its log is {environment.shown(log)}"
        )


def make(name, baud=1_000_000, seed=1, say=lambda text: None):
    """Make a board's bitstream.

    Parameters
    ----------
    name : str
        A key of `BOARDS`.
    baud, seed : int
    say : callable
        Told what goes on.

    Returns
    -------
    dict
        Board, baud, bitstream, clock, fmax in MHz, and used and available cells by name.

    Raises
    ------
    Failed
    """
    board = BOARDS[name]
    clocks = clocks_a_bit(board.clock, baud)
    folder = environment.writable(simulate.BUILD) / "boards" / name
    shutil.rmtree(folder, ignore_errors=True)  # no old bitstream may be taken for a new one
    folder.mkdir(parents=True)
    packed = folder / f"{name}.{board.suffix}"
    # The tools are WebAssembly, with a /tmp of their own: they get names in their folder, and nothing else.
    constraints = shutil.copy(paths.locate(board.constraints), folder)
    fill = dict(constraints=Path(constraints).name, placed="placed.txt", packed=packed.name)
    began = time.monotonic()
    say("synthesis")
    target = TARGETS[board.family]
    files = verilog.written([*map(Path, sources(name))], folder)
    verilog.written(target.maps, folder)
    try:
        tools.yosys(
            [
                f"read_verilog -defer {' '.join(files)}",
                f"chparam -set CLOCKS {clocks} {name}",
                *target.passes(name),
                "write_json netlist.json",
            ],
            folder,
        )
    except tools.FlowError as error:
        raise Failed(str(error)) from None
    say("place and route")
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
        *(word.format(**fill) for word in board.place),
    )
    found = json.loads((folder / "nextpnr.json").read_text())
    fmax = min(clock["achieved"] for clock in found["fmax"].values())
    report = {
        "board": name,
        "baud": board.clock / clocks,
        "clock_mhz": board.clock / 1e6,
        "fmax_mhz": round(fmax, 2),
        "seed": seed,
        "seconds": round(time.monotonic() - began, 1),
        "cells": {title: found["utilization"][kind] for title, kind in board.counted},
    }
    atomic.write(folder / "report.json", json.dumps(report, indent=2) + "\n")
    if fmax * 1e6 < board.clock:
        raise Failed(
            f"{board.title} reaches {fmax:.2f} MHz and its clock is {board.clock / 1e6:g}: no bitstream; "
            f"another SEED may do"
        )
    say("packing")
    run(folder, "pack.log", *(word.format(**fill) for word in board.pack))
    return {**report, "bitstream": packed}


def main(environ):
    """Make the bitstream that the variables ask for, and print its area and clock rate.

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
    name = one_of(environ, "BOARD", "", tuple(BOARDS))
    baud, seed = whole(environ, "BAUD", 1_000_000, 999_999_999), whole(environ, "SEED", 1, 999_999_999)
    made = make(name, baud, seed, lambda text: print(f"bitstream: {text}", file=sys.stderr, flush=True))
    board = BOARDS[name]
    print(f"{board.title}, {made['baud']:,.0f} baud, seed {seed}, {made['seconds']:.0f} s")
    for title, count in made["cells"].items():
        print(f"  {title:<16} {count['used']:>7,} of {count['available']:>7,}")
    print(f"  {'clock':<16} {made['fmax_mhz']:>7.2f} MHz reached, {made['clock_mhz']:g} MHz needed")
    path = environment.shown(made["bitstream"])
    print(f"  wrote {path}; to the board: {board.program.format(path)}")
    return 0
