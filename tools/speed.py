# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""How fast each simulator runs a core for int8 and bfloat16, and what it takes to compile.

    python -m tools.speed               an 8x8 core under both simulators
    python -m tools.speed 4 4 verilator

Two products go through `host.core.Core`, and each result is compared with golden, bit for bit. Cycles a
second are simulated cycles over the CPU time of the simulator, start-up taken off by running a short product
too, the least of three runs each. Compiling is done twice, the first time with nothing at hand, so that
Verilator's own library is compiled too; a change of the RTL costs what the second time does.
"""
import os
import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from golden.gemm import gemm
from golden.gemm_bf16 import gemm_bf16
from host.core import Core
from host.errors import LinkError
from sim import simulate
from sim.link import SimLink

SHORT = (8, 8, 8)
LONG = {"icarus": (16, 128, 16), "verilator": (128, 512, 128)}  # M, K, N
ROUNDS = 3


def operands(kind, m, k, n):
    """Two matrices: int8 of the full range, or bits of bfloat16 numbers around 1."""
    rng = np.random.default_rng([m, k, n])
    if kind == "int8":
        return rng.integers(-128, 128, (m, k), dtype=np.int8), rng.integers(-128, 128, (k, n), dtype=np.int8)
    draw = lambda shape: rng.normal(size=shape).astype(np.float32).view(np.uint32) >> 16  # noqa: E731
    return draw((m, k)).astype(np.uint16), draw((k, n)).astype(np.uint16)


def children():
    """CPU seconds of all processes this one has started and seen end."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run(kind, rows, cols, size):
    """One product in a simulator of its own: (cycles, CPU seconds)."""
    a, w = operands(kind, *size)
    before = children()
    with SimLink(rows, cols, formats="DUAL", name="speed") as link:
        core = Core(link)
        product, report = core.matmul(a, w) if kind == "int8" else core.matmul_bf16(a, w)
    if not np.array_equal(product, gemm(a, w) if kind == "int8" else gemm_bf16(a, w)):
        raise LinkError(f"{simulate.simulator()}, {kind}: the core's product is wrong")
    return report.cycles, children() - before


def compiling(rows, cols):
    """Seconds of wall clock and of CPU to compile the core, with nothing at hand and after a change."""
    kept, simulate.BUILD = simulate.BUILD, Path(tempfile.mkdtemp(prefix="macrame-speed-"))
    try:
        for k_max in (1024, 1023):
            began, before = time.monotonic(), children()
            with SimLink(rows, cols, formats="DUAL", k_max=k_max, name="speed"):
                pass
            yield time.monotonic() - began, children() - before
    finally:
        shutil.rmtree(simulate.BUILD)
        simulate.BUILD = kept


def main(words=None):
    """The command; returns its exit status."""
    words = list(sys.argv[1:] if words is None else words)
    rows, cols = (int(words.pop(0)), int(words.pop(0))) if words and words[0].isdigit() else (8, 8)
    print(f"{rows}x{cols} core, FORMATS DUAL")
    print(f"{'simulator':>10}   {'product':<20} {'cycles':>9} {'cycles/s':>10}")
    try:
        for name in words or simulate.SIMULATORS:
            os.environ["SIM"] = name
            simulate.check_tools(name)
            times = [f"{wall:.1f} s, {cpu:.1f} s of CPU" for wall, cpu in compiling(rows, cols)]
            for kind in ("int8", "bf16"):
                (short, least), (long, most) = (min(run(kind, rows, cols, size) for _ in range(ROUNDS))
                                                for size in (SHORT, LONG[name]))
                size = "x".join(map(str, LONG[name]))
                print(f"{name:>10}   {kind + ' ' + size:<20} {long:9,} "
                      f"{(long - short) / (most - least):10,.0f}", flush=True)
            print(f"{name:>10}   compile and start: {times[0]}; after a change: {times[1]}", flush=True)
    except (simulate.SetupError, simulate.Failed, LinkError) as error:
        print(f"speed: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
