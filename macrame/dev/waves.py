# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""`make waves`: two consecutive tiles on a 4 x 4 core: FST, views for GTKWave and Surfer.

A is 8 x 8, W is 8 x 4: two tiles of eight slices with one weight panel. The output explains what to look for.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from macrame import __version__, environment
from macrame.contract import CoreConfig
from macrame.errors import CoreError, LinkError, differ
from macrame.golden.gemm import gemm
from macrame.host.core import Core
from macrame.host.core import Report as Counters
from macrame.report import run_page
from macrame.report.blocks import Block, Check, Metadata, Text, phrase, text
from macrame.report.report import Report, page_of
from macrame.report.terminal import Silent
from macrame.sim import simulate
from macrame.sim.link import SimLink
from macrame.sim.recording import Recording
from macrame.verify.compare import listed, mismatches
from macrame.verify.trace import Trace
from macrame.verify.trace_page import Work, component

ROWS = COLS = 4
SLICES = 8
TILES = 2
PERIOD_PS = 10_000
FOLDER = environment.build_dir() / "waves"
DUT = "core_player.dut"

#: Signals to show, in groups from input to output: names in the core, with the width of each vector,
#: and the width of its lanes if they are shown separately as signed numbers.
Signal: TypeAlias = tuple[str, *tuple[int, ...]]

VIEW: list[tuple[str, list[Signal]]] = [
    ("clock", [("clk",)]),
    (
        "weights in: a record of 12 beats, then 8 slices",
        [("s_axis_w_tvalid",), ("s_axis_w_tready",), ("s_axis_w_tlast",), ("s_axis_w_tdata", 8 * COLS)],
    ),
    (
        "activations in: 8 slices per tile",
        [
            ("s_axis_a_tvalid",),
            ("s_axis_a_tready",),
            ("s_axis_a_tlast",),
            ("s_axis_a_tuser", 2),
            ("s_axis_a_tdata", 8 * ROWS),
        ],
    ),
    (
        "slices into the array: the second tile follows the first without a gap",
        [("op_valid",), ("op_last",), ("op_a", 8 * ROWS, 8), ("op_w", 8 * COLS, 8)],
    ),
    (
        "result chain: loaded by a last slice, shifts out while the next tile runs",
        [
            ("load",),
            ("chain_shift",),
            ("u_result_path.row_valid",),
            ("u_result_path.row_last",),
            ("row", 32 * COLS, 32),
        ],
    ),
    (
        "results out",
        [
            ("m_axis_tvalid",),
            ("m_axis_tready",),
            ("m_axis_tlast",),
            ("m_axis_tkeep", 4 * COLS),
            ("m_axis_tdata", 32 * COLS, 32),
        ],
    ),
    ("counters", [("stall_w",), ("stall_a",), ("pad",), ("u_core_control.u_perf_counters.timer_q", 32)]),
]

BINARY, HEX, SIGNED, COMMENT = "@28", "@22", "@420", "@200"  # GTKWave's display formats


def operands() -> tuple[NDArray[np.int8], NDArray[np.int8]]:
    """Small numbers that are easy to follow.

    Returns
    -------
    a : ndarray of int8, shape (TILES * ROWS, SLICES)
        Row i contains i + 1, except for one 0 at a different place in each row.
    w : ndarray of int8, shape (SLICES, COLS)
        Row k holds k + 1 in column 0, its negative in column 1, 1 in column 2 and -128 in column 3.
    """
    a = np.repeat(np.arange(1, TILES * ROWS + 1, dtype=np.int8)[:, None], SLICES, axis=1)
    a[np.arange(TILES * ROWS), np.arange(TILES * ROWS) % SLICES] = 0
    k = np.arange(1, SLICES + 1, dtype=np.int8)
    return a, np.stack([k, -k, np.ones_like(k), np.full_like(k, -128)], axis=1)


def signal(name: str, width: int = 1) -> str:
    """A signal as GTKWave names it in an FST of Icarus."""
    return f"{DUT}.{name}" + (f"[{width - 1}:0]" if width > 1 else "")


def gtkwave(fst: Path, start_ps: int, stop_ps: int) -> str:
    """A GTKWave save file.

    Parameters
    ----------
    fst : pathlib.Path
    start_ps, stop_ps : int
        What is in view, and where the markers A and B are.

    Returns
    -------
    str
    """
    zoom = np.log2((stop_ps - start_ps) / 1200)  # of a window 1200 points wide
    lines = [
        f'[dumpfile] "{fst}"',
        f"[timestart] {start_ps}",
        "[size] 1600 900",
        "[pos] -1 -1",
        f"*-{zoom:f} {start_ps} {start_ps} {stop_ps}" + " -1" * 24,
        "[sst_width] 200",
        "[signals_width] 320",
        "[sst_expanded] 0",
    ]
    for title, signals in VIEW:
        lines += [COMMENT, f"-{title}"]
        for name, *width in signals:
            lines += [HEX if width else BINARY, signal(name, *width[:1])]
            if len(width) == 2:  # a lane is a list of bits, highest first, and bits are counted from there
                total, lane = width
                for j in range(total // lane):
                    top = total - lane * (j + 1)
                    bits = " ".join(f"({top + bit}){signal(name, total)}" for bit in range(lane))
                    lines += [SIGNED, f"#{{{name} lane {j}}} {bits}"]
    return "\n".join(lines) + "\n"


def surfer(fst: Path, start_ps: int, stop_ps: int) -> str:
    """A Surfer command file; parameters and result as for :func:`gtkwave`."""
    lines = [f"load_file {fst}"]
    for title, signals in VIEW:
        lines.append(f"divider_add {title}")
        lines += [f"variable_add {DUT}.{name}" for name, *_ in signals]
    for number, time_ps in enumerate((start_ps, stop_ps), 1):
        lines += [f"cursor_set {time_ps}ps", f"marker_set #{number}"]
    lines.append("zoom_fit")
    return "\n".join(lines) + "\n"


def make(
    folder: Path = FOLDER, trace: Recording | None = None, rtl_root: Path | None = None
) -> tuple[dict[str, Path], Counters, NDArray[np.int32]]:
    """Simulate, and write the three files.

    Parameters
    ----------
    folder : pathlib.Path
    trace : macrame.sim.recording.Recording, optional
        Record a trace, too.
    rtl_root : pathlib.Path, optional
        Another copy of rtl/.

    Returns
    -------
    dict of str to pathlib.Path
        The files, by extension.
    report : macrame.host.core.Report
    product : ndarray
    """
    a, w = operands()
    config = CoreConfig(ROWS, COLS, 1, k_max=SLICES, post_lanes=1)
    with SimLink(config, waves=True, name="make-waves", trace=trace, rtl_root=rtl_root) as link:
        core = Core(link)
        with link.span("product", m=len(a), k=SLICES, n=COLS, mode="raw"):
            product, report = core.matmul(a, w)
    assert link.waves is not None
    folder.mkdir(parents=True, exist_ok=True)
    files = {suffix: folder / f"two_tiles.{suffix}" for suffix in ("fst", "gtkw", "sucl")}
    shutil.copyfile(link.waves, files["fst"])
    stop = (link.clock + 2) * PERIOD_PS
    start = stop - (report.cycles + 6) * PERIOD_PS
    files["gtkw"].write_text(gtkwave(files["fst"].resolve(), start, stop))
    files["sucl"].write_text(surfer(files["fst"].resolve(), start, stop))
    return files, report, product


def _page(trace: Trace, product: NDArray[np.int32] | None, error: str = "") -> Iterator[Block]:
    """The page of the run; without a product, of one that ended with an error."""
    a, w = operands()
    expected = gemm(a, w)
    yield Metadata(
        {
            "macrame": __version__,
            "simulator": simulate.simulator(),
            "versions": simulate.versions(),
            "command": simulate.replay_command(seed=1),
        }
    )
    yield Text(phrase("Two tiles of {} slices on a {}x{}x1 core.", SLICES, ROWS, COLS))
    if error:
        yield text("{}", error, kind="error")
    if product is not None:
        wrong = mismatches(expected, product, int)
        said = phrase(
            f"{{}} of {{}} values {differ(len(wrong))} from the golden model", len(wrong), expected.size
        )
        yield Check("product", expected.size, len(wrong), said, listed(wrong))
    yield component(trace, [Work(a, w, None, expected)])


def main(given: Mapping[str, str], rtl_root: Path | None = None) -> int:
    """Simulate, write the files, print how to open them.

    Parameters
    ----------
    given : mapping of str to str
        PAGE, a page to write as well, also of a run that fails.
    rtl_root : pathlib.Path, optional
        Another copy of rtl/.

    Returns
    -------
    int
        0.

    Raises
    ------
    macrame.errors.InputError
        PAGE is not a page.
    macrame.sim.simulate.SetupError
        The simulator writes no FST, or this machine cannot simulate.
    macrame.errors.CoreError, macrame.errors.LinkError, macrame.sim.simulate.Failed
        The simulation failed, or the product is wrong.
    """
    page = page_of(given)
    sim = given.get("SIM", "").strip() or os.environ.get("SIM", "").strip() or "icarus"
    if sim != "icarus":
        raise simulate.SetupError(f"SIM={sim}: expected icarus, which writes an FST")
    written = Report(Silent(), "Two tiles on a core", page, {run_page.NAME: run_page.assets()})
    with tempfile.TemporaryDirectory(prefix="macrame-") as temporary:
        trace = Recording(Path(temporary) / "trace") if page else None
        try:
            files, report, product = make(trace=trace, rtl_root=rtl_root)
        except CoreError as error:
            if trace and trace.path.exists():
                written.write_all(_page(Trace.read(trace.path), None, str(error)))
                written.save()
            raise
        if trace:
            written.write_all(_page(Trace.read(trace.path), product))
            written.save()
    if not np.array_equal(product, gemm(*operands())):
        also = f", the page is {page}" if page else ""
        dump = environment.shown(files["fst"])
        raise LinkError(f"the product differs from the golden model; the waveforms are {dump}{also}")
    table = "\n".join("    " + " ".join(f"{value:6d}" for value in row) for row in product)
    print(f"""two tiles of {SLICES} slices on a {ROWS}x{COLS}x1 core: {report.cycles} cycles, bit-exact

  A x W =
{table}

  op_valid stays high for {TILES * SLICES} cycles: no cycle is idle where op_last ends the first tile.
  load copies a tile's sums; its {ROWS} rows are shifted out through row while the next tile runs.

  gtkwave {environment.shown(files["gtkw"])}
  surfer --command-file {environment.shown(files["sucl"])}""")
    if page:
        print(f"  wrote {page}")
    return 0
