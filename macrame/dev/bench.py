# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""``make bench``: the simulation speed of the core, and the cost of driving it.

int8 products (mode raw) go through the same core in three ways:

player  `macrame.sim.link.SimLink`: beats in files, played by player.v, Python called once per transfer
pure    tb/speed/bench_pure.v: memories in Verilog, no Python at all
poke    tb/speed/tb_bench_poke.py: Python awaits each clock edge, sets each int8 lane, reads each result lane

Each result is compared with the golden model, bit for bit, in every run. What counts is the simulator's CPU
time, including its Python, not the wall clock, because other programs may be running. Start-up is subtracted
by also running a short product, and dividing differences:

    cycles/s = (cycles of the long run - of the short one) / (CPU time of the long run - of the short one)

The three are interleaved in rounds, and the minimum time of each run counts, since other load on the machine
only adds to it. Each ratio is printed with its range over the single rounds.
The poked product uses each weight panel once, so that every lane has a new value to write in each cycle.
``python -m macrame bench 8x8x1`` measures one core only. All figures go to build/bench.json too.

``python -m macrame bench --instructions`` counts the simulator's instructions per simulated cycle instead,
in the pure bench under valgrind. That number hardly depends on machine load, so it shows whether a change to
the RTL makes simulation faster. Compare counts of one machine only.
"""

import json
import os
import platform
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias, TypedDict

import numpy as np
from numpy.typing import NDArray

from macrame import __version__, environment
from macrame.contract import CoreConfig
from macrame.errors import InputError, LinkError, differ, short
from macrame.files import atomic
from macrame.golden.gemm import gemm
from macrame.host import packets, tiling
from macrame.host.link import Beats, Results
from macrame.report.blocks import Block, Cell, Metadata, Phrase, Text, phrase, text
from macrame.report.blocks import table as make_table
from macrame.report.report import Report, page_of
from macrame.report.terminal import Plain
from macrame.sim import simulate
from macrame.sim.link import SimLink

SHAPES = ("8x8x1", "4x4x4", "16x16x1")
WAYS = ("player", "pure", "poke")
FLOORS = {"pure": 0.9}
"""The player's speed over that of another way must be at least this, or the bench fails."""
GOALS = {**FLOORS, "poke": 4.0}
"""Goals, printed next to the measurements; docs/simulation.md explains what limits them. Both
are about Icarus. Under Verilator the array costs so little that files and calls into Python are most of it.
"""
K_MAX = 1024
POST_LANES = 2
BEATS = {"icarus": 1 << 16, "verilator": 1 << 18}  # room in the memories of the pure bench
SECONDS = 60  # of wall clock, after which no further round starts
ROUNDS = (3, 9)  # fewest and most
SHORT = (1, 1, 16)

Size: TypeAlias = tuple[int, int, int]
"""Of a product: tiles down, tiles across, slices of K."""
Round: TypeAlias = dict[str, dict[str, float]]
"""A `Run` by length, "long" or "short", each as a dict."""
Found: TypeAlias = dict[str, dict[str, list[Round]]]
"""All rounds, by shape and then by way."""


class Row(TypedDict):
    """A core's rates, see `summary`."""

    cycles_per_s: dict[str, float]
    mac_per_s: dict[str, float]
    ratios: dict[str, float]
    range: dict[str, tuple[float, float]]


def sizes(way: str, rows: int, cols: int, depth: int) -> Size:
    """Tiles down, tiles across and slices of K of the long product: about a second's work at most."""
    tiles = max(2, 40 * 64 // (rows * cols * depth))
    if way == "poke":
        return 1, max(2, tiles // 2), 256
    if simulate.simulator() == "icarus":
        return 4, max(1, tiles // 4), 256
    return 80 * max(1, rows * cols * depth // 64), max(1, tiles // 4), 256


@dataclass
class Work:
    """A product for one core, as beats, and the expected results."""

    config: CoreConfig
    a: NDArray[np.int8]
    w: NDArray[np.int8]
    batch: tiling.Batch

    @property
    def macs(self) -> int:
        """Multiply-accumulates of the product."""
        return self.a.shape[0] * self.a.shape[1] * self.w.shape[1]

    @property
    def results(self) -> int:
        """Result beats."""
        return len(self.batch.tiles) * self.config.rows

    def check(self, way: str, results: Results) -> None:
        """Compare result beats with the golden model; LinkError names the first difference."""
        tiles = packets.unpack_tiles(results, self.config.rows, self.config.cols, packets.MODES["raw"])
        expected = gemm(self.a, self.w)
        found = np.full_like(expected, -1)
        if len(tiles) != len(self.batch.tiles):
            raise LinkError(f"{way}: {len(tiles)} result tiles, expected {len(self.batch.tiles)}")
        tiling.place(found, tiles, self.batch.tiles)
        wrong = np.argwhere(found != expected)
        if len(wrong):
            row, column = wrong[0]
            raise LinkError(
                f"{way}: {len(wrong)} of {found.size} results {differ(len(wrong))} from the golden model, "
                f"the first in row {row}, column {column}: expected {expected[row, column]}, "
                f"got {found[row, column]}"
            )


def workload(rows: int, cols: int, depth: int, size: Size, seed: int = 1) -> Work:
    """A random full-range product of whole tiles.

    Parameters
    ----------
    rows, cols, depth : int
        Of the core.
    size : (int, int, int)
        Tiles down, tiles across, slices of K.
    seed : int

    Returns
    -------
    Work
    """
    rng = np.random.default_rng([seed, rows, cols, depth, *size])
    m, n, k = size[0] * rows, size[1] * cols, size[2] * depth
    a = rng.integers(-128, 128, (m, k), dtype=np.int8)
    w = rng.integers(-128, 128, (k, n), dtype=np.int8)
    config = CoreConfig(rows, cols, depth, K_MAX, POST_LANES)
    (batch,) = tiling.batches(a, w, packets.records(n), packets.MODES["raw"], config)
    return Work(config, a, w, batch)


# --- the three ways: each returns (cycles, results) ---------------------------------------------------------


def player(work: Work, folder: Path) -> tuple[int, Results]:
    """Through the link that the rest of the project uses."""
    batch = work.batch
    with SimLink(
        work.config,
        name=f"bench/{folder.name}-link",
    ) as link:
        results = link.transfer(batch.weights, batch.activations, work.results)
        return link.clock, results


def _hex(beats: Beats) -> str:
    return "".join(
        f"{user:02x}{last:02x}{bytes(data).hex()}\n"
        for data, last, user in zip(beats.data[:, ::-1], beats.last.astype(int).tolist(), beats.user.tolist())
    )


def prepare_pure(work: Work, folder: Path) -> list[str]:
    """Write the contents of the memories, and compile the bench."""
    for name, beats in (("w", work.batch.weights), ("a", work.batch.activations)):
        (folder / f"{name}.hex").write_text(_hex(beats))
    run = simulate.standalone(
        toplevel="bench_pure",
        sources=[*simulate.core_sources(), "tb/speed/bench_pure.v"],
        parameters={**work.config.parameters(), "BEATS": BEATS[simulate.simulator()]},
    )
    return [
        *run,
        "+dir=.",
        f"+w={len(work.batch.weights)}",
        f"+a={len(work.batch.activations)}",
        f"+m={work.results}",
    ]


def pure(work: Work, folder: Path, command: Sequence[str]) -> tuple[int, Results]:
    """In Verilog only."""
    (folder / "m.hex").unlink(missing_ok=True)
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment.cleaned(os.environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    found = re.search(r"^(\d+) cycles$", done.stdout, re.MULTILINE)
    if done.returncode or not found or not (folder / "m.hex").exists():
        raise LinkError(
            f"{folder.name}: the simulator exited with status {done.returncode}: {done.stdout.strip()}"
        )
    return int(found[1]), _read_hex(folder / "m.hex", work.config.cols)


def _read_hex(path: Path, cols: int) -> Results:
    """The output of $writememh: {tlast, tkeep, tdata} per line, with // comments in between."""
    lines = [line for line in path.read_text().splitlines() if not line.startswith("//")]
    try:
        numbers = [int(line, 16) for line in lines]
    except ValueError:
        unknown = next(line for line in lines if not re.fullmatch(r"[0-9a-f]+", line))
        raise LinkError(f"{path.name}: a result has unknown bits (x): {unknown}") from None
    wide = np.frombuffer(b"".join(n.to_bytes(5 * cols + 8, "little") for n in numbers), np.uint8).reshape(
        len(lines), -1
    )
    flags = np.unpackbits(wide[:, 4 * cols :], axis=1, bitorder="little")
    return Results(wide[:, : 4 * cols].copy(), flags[:, 4 * cols] == 1, flags[:, : 4 * cols] == 1)


def prepare_poke(work: Work, folder: Path) -> list[str]:
    """Save the beats as arrays, and compile the bench; it needs no command."""
    streams = {"w": work.batch.weights, "a": work.batch.activations}
    np.savez(
        folder / "beats.npz",
        cols=work.config.cols,
        results=work.results,
        **{
            f"{name}_{part}": getattr(beats, part)
            for name, beats in streams.items()
            for part in ("data", "last", "user")
        },
    )
    simulate.build(
        toplevel="bench_poke",
        sources=[*simulate.core_sources(), "tb/speed/bench_poke.v"],
        parameters=work.config.parameters(),
    )
    return []


def poke(work: Work, folder: Path, _: Sequence[str]) -> tuple[int, Results]:
    """With Python at every clock edge and every lane."""
    launch = simulate.prepare(
        f"bench/{folder.name}-poke",
        toplevel="bench_poke",
        module="tb.speed.tb_bench_poke",
        sources=[*simulate.core_sources(), "tb/speed/bench_poke.v"],
        parameters=work.config.parameters(),
        plusargs=[f"dir={folder}"],
        waves=False,
    )
    try:
        launch.run(300)
    finally:
        launch.release()
    with np.load(folder / "results.npz") as file:
        data = file["data"].view(np.uint8).reshape(len(file["data"]), -1)
        return int(file["cycles"]), Results(data, file["last"] == 1, np.ones(data.shape, bool))


# --- instructions -------------------------------------------------------------------------------------------


def instructions(shape: str, long: Size = (2, 3, 64), short: Size = (2, 1, 64)) -> float:
    """Instructions that the simulator executes a simulated cycle of the pure bench, without start-up.

    Parameters
    ----------
    shape : str
        ROWSxCOLSxDEPTH.
    long, short : (int, int, int)
        Sizes of the two products, see `workload`.

    Returns
    -------
    float

    Raises
    ------
    macrame.sim.simulate.SetupError
        valgrind is not installed.
    """
    tool = shutil.which("valgrind")
    if tool is None:
        raise simulate.SetupError(f"valgrind is not on PATH: {environment.apt('valgrind')}")
    counted = []
    for size in (long, short):
        with tempfile.TemporaryDirectory(prefix="bench-", dir=environment.build_dir()) as name:
            folder = Path(name)
            rows, cols, depth = map(int, shape.split("x"))
            work = workload(rows, cols, depth, size)
            log = folder / "valgrind.log"
            cycles, results = pure(
                work,
                folder,
                [
                    tool,
                    "--tool=cachegrind",
                    "--cache-sim=no",
                    "--cachegrind-out-file=/dev/null",
                    f"--log-file={log}",
                    *prepare_pure(work, folder),
                ],
            )
            work.check("pure", results)
            total = re.search(r"I\s+refs:\s+([\d,]+)", log.read_text())
            assert total, f"{log}: cachegrind counted nothing"
            counted.append((int(total[1].replace(",", "")), cycles))
    (long_total, long_cycles), (short_total, short_cycles) = counted
    return (long_total - short_total) / (long_cycles - short_cycles)


# --- measuring ----------------------------------------------------------------------------------------------


def cpu_seconds() -> float:
    """CPU time of all simulators that have ended."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


@dataclass
class Run:
    """One run: simulated cycles, multiply-accumulates, CPU seconds."""

    cycles: int
    macs: int
    seconds: float


class Contender:
    """One way to drive one core, with a long and a short product."""

    def __init__(self, way: str, label: str, folder: Path, long: Size | None = None) -> None:
        self.way = way
        self.jobs: list[tuple[Work, Path, list[str]]] = []
        rows, cols, depth = map(int, label.split("x"))
        for length, size in (("long", long or sizes(way, rows, cols, depth)), ("short", SHORT)):
            work, at = workload(rows, cols, depth, size), folder / f"{label}-{way}-{length}"
            at.mkdir(parents=True)
            prepare = {"pure": prepare_pure, "poke": prepare_poke}.get(way, lambda work, folder: [])
            self.jobs.append((work, at, prepare(work, at)))

    def run(self, work: Work, folder: Path, prepared: Sequence[str]) -> Run:
        """Run one product, compare it, and return its cost."""
        before = cpu_seconds()
        if self.way == "player":
            cycles, results = player(work, folder)
        else:
            cycles, results = {"pure": pure, "poke": poke}[self.way](work, folder, prepared)
        seconds = cpu_seconds() - before
        work.check(folder.name, results)
        return Run(cycles, work.macs, seconds)

    def round(self) -> Round:
        """The long run and the short one."""
        return {length: vars(self.run(*job)) for length, job in zip(("long", "short"), self.jobs)}


def measure(
    shapes: Sequence[str],
    rounds: tuple[int, int] = ROUNDS,
    seconds: float = SECONDS,
    long: Size | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> Found:
    """Run all ways on all shapes, interleaved.

    Parameters
    ----------
    shapes : sequence of str
        ROWSxCOLSxDEPTH.
    rounds : (int, int)
        Fewest and most rounds.
    seconds : float
        Wall clock after which no round beyond the minimum starts.
    long : (int, int, int), optional
        Size of the long product, see `workload`; by default `sizes` says.
    say : callable
        Called with progress messages.

    Returns
    -------
    dict
        shape -> way -> list of rounds, see `Contender.round`.
    """
    began = time.monotonic()
    environment.writable(environment.build_dir())
    with tempfile.TemporaryDirectory(prefix="bench-", dir=environment.build_dir()) as folder:
        say("compiling")
        contenders = {shape: [Contender(way, shape, Path(folder), long) for way in WAYS] for shape in shapes}
        for several in contenders.values():
            several[0].run(*several[0].jobs[1])  # builds the player
        found: Found = {shape: {way: [] for way in WAYS} for shape in shapes}
        last = 0.0
        for number in range(rounds[1]):
            start = time.monotonic()
            if number >= rounds[0] and start + last > began + seconds:
                break
            for shape, several in contenders.items():
                say(f"round {number + 1}: {shape}")
                for contender in several:
                    found[shape][contender.way].append(contender.round())
            last = time.monotonic() - start
    return found


def rates(rounds: Sequence[Round]) -> tuple[float, float]:
    """(cycles per second, MAC per second) from the least times of some rounds, see `Contender.round`."""
    long, short = rounds[0]["long"], rounds[0]["short"]
    seconds = min(one["long"]["seconds"] for one in rounds) - min(one["short"]["seconds"] for one in rounds)
    return (long["cycles"] - short["cycles"]) / seconds, (long["macs"] - short["macs"]) / seconds


def summary(found: Found) -> dict[str, Row]:
    """Rates, and ratios of them.

    Parameters
    ----------
    found : dict
        From `measure`.

    Returns
    -------
    dict
        shape -> {"cycles_per_s", "mac_per_s": way -> rate, "ratios": other way -> the player's rate over its,
        "range": other way -> (least, largest) of this ratio in a single round}.
    """
    table: dict[str, Row] = {}
    for shape, ways in found.items():
        best = {way: rates(rounds) for way, rounds in ways.items()}
        single = {way: [rates([one])[0] for one in rounds] for way, rounds in ways.items()}
        ratios = {
            other: [mine / its for mine, its in zip(single["player"], single[other])] for other in GOALS
        }
        table[shape] = {
            "cycles_per_s": {way: cycles for way, (cycles, macs) in best.items()},
            "mac_per_s": {way: macs for way, (cycles, macs) in best.items()},
            "ratios": {other: best["player"][0] / best[other][0] for other in GOALS},
            "range": {other: (min(values), max(values)) for other, values in ratios.items()},
        }
    return table


def misses(table: Mapping[str, Row]) -> list[Phrase]:
    """A line for each ratio below its floor."""
    if simulate.simulator() != "icarus":
        return []
    return [
        phrase(
            "{}: the player runs at {:.2f} of {}'s speed, expected at least {}", shape, ratio, other, floor
        )
        for shape, row in table.items()
        for other, floor in FLOORS.items()
        if (ratio := row["ratios"][other]) < floor
    ]


def blocks(table: Mapping[str, Row], rounds: int) -> Iterator[Block]:
    """The table, and what it means.

    Parameters
    ----------
    table : mapping of str to Row
        From `summary`.
    rounds : int
        Number of rounds.

    Yields
    ------
    macrame.report.blocks.Block
    """
    rows: list[tuple[Cell, ...]] = []
    for shape, row in table.items():
        for way in WAYS:
            relative: Phrase | str = ""
            if way in GOALS:
                (low, high), ratio = row["range"][way], row["ratios"][way]
                relative = phrase("{:.2f}, {:.2f} .. {:.2f}", ratio, low, high)
                if simulate.simulator() == "icarus":
                    relative += phrase("; goal {}", GOALS[way]) + (", missed" if ratio < GOALS[way] else "")
            rows.append((shape, way, row["cycles_per_s"][way], row["mac_per_s"][way] / 1e6, relative))
    yield make_table(
        (
            "core",
            "fed by",
            ("cycles/s", ",.0f"),
            ("MMAC/s", ".3f"),
            "player's speed relative to it, and range",
        ),
        rows,
    )
    yield text("CPU time of the simulator without start-up, the minimum of {} rounds;", rounds)
    yield text("every result of every run matches the golden model bit for bit")


def main(
    shapes: Sequence[str] = (), instructions_only: bool = False, given: Mapping[str, str] | None = None
) -> int:
    """Measure, report, write bench.json.

    Parameters
    ----------
    shapes : sequence of str
        ``8x8x1`` and the like; `SHAPES` by default.
    instructions_only : bool
        Count the simulator's instructions per cycle instead, under valgrind.
    given : mapping of str to str, optional
        The variable PAGE.

    Returns
    -------
    int
        1 if it is slower than required, else 0.

    Raises
    ------
    macrame.errors.InputError
        A shape is invalid.
    macrame.sim.simulate.SetupError, macrame.sim.simulate.Failed
        It cannot run, or a result is wrong.
    """
    shapes = list(dict.fromkeys(shapes)) or list(SHAPES)
    for shape in shapes:
        if not re.fullmatch(r"[0-9]{1,9}x[0-9]{1,9}x[0-9]{1,9}", shape):
            raise InputError(f"{short(shape)}: expected ROWSxCOLSxDEPTH, such as 8x8x1")
        try:
            rows, cols, depth = map(int, shape.split("x"))
            CoreConfig(rows, cols, depth)
        except InputError as error:
            raise InputError(f"{shape}: {error}") from None
    path = environment.build_dir() / "bench.json"
    report = Report(Plain(), "Simulation speed", page_of(given or {}, outputs=[path]))
    report.write(
        Metadata(
            {
                "macrame": __version__,
                "simulator": simulate.simulator(),
                "versions": simulate.versions(),
            }
        )
    )
    shown = sys.stderr.isatty()

    def say(text: str) -> None:
        if shown:
            print(f"\r{text:<40}", end="\r", file=sys.stderr, flush=True)

    began = time.monotonic()
    if instructions_only:
        if simulate.simulator() != "icarus":
            raise simulate.SetupError(f"SIM={simulate.simulator()}: expected icarus with --instructions")
        environment.writable(environment.build_dir())
        for shape in shapes:
            report.write(text("{}: {:,.0f} instructions per cycle", shape, instructions(shape)))
        report.save()
        return 0
    found = measure(shapes, say=say)
    say("")
    table = summary(found)
    rounds = len(found[shapes[0]]["player"])
    report.write_all(blocks(table, rounds))
    atomic.write(
        path,
        json.dumps(
            {
                "machine": {
                    "processor": platform.processor() or platform.machine(),
                    "cpus": os.cpu_count(),
                    "load": os.getloadavg(),
                    "python": platform.python_version(),
                    "simulator": simulate.check_tools(),
                },
                "seconds": time.monotonic() - began,
                "rounds": rounds,
                "floors": FLOORS,
                "goals": GOALS,
                "table": table,
                "runs": found,
            },
            indent=2,
        )
        + "\n",
    )
    report.write(
        text(
            "{:.0f} s; the figures of every run are in {}",
            time.monotonic() - began,
            environment.shown(path),
        )
    )
    for line in misses(table):
        report.write(Text(phrase("bench: ") + line, "error"))
    report.save()
    return int(report.failed)
