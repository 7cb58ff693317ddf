# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The speed of each simulator on a core for int8 and bfloat16, and the compile time.

    python -m macrame speed               an 8x8 core under both simulators
    python -m macrame speed 4 4 verilator
    python -m macrame speed digits        problem 8's test set in int8, Verilator's speed over Icarus's
    python -m macrame speed trace         an 8x8x1 core under Verilator, with and without a trace

Exit status: 0; 1 for a wrong result, or a speed below its goal; 2 for unknown words; 130 if interrupted.

Two products go through `macrame.host.core.Core`, and each result is compared with the golden model, bit for
bit. Cycles per second are simulated cycles over the CPU time of the simulator, without start-up, which a
short product measures; each is the minimum of three runs. Compiling is done twice, the first time with an
empty build folder, so that Verilator's own library is compiled too; the second is that after an RTL change.

``digits`` runs both layers of a 64-32-10 network over the 540 held-out images repeatedly, on int8 cores, and
compares the logits with the golden model each time. Seconds are CPU time of the simulator with its
Python, minus one pass for start-up; the minimum of three runs each.

``trace`` runs a product without a trace and with the default window, and a smaller one with all of its
cycles in the window. Speeds are cycles per second of CPU time of the simulator and of the program that
compresses the trace, without start-up, which a short product measures. Times is the speed without a trace
over the speed with it. Both are medians of five rounds, in each of which all three are measured.
"""

import os
import resource
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray

from macrame.contract import CoreConfig
from macrame.environment import exported
from macrame.errors import InputError, LinkError, short
from macrame.files import parse
from macrame.golden.gemm import gemm
from macrame.golden.gemm_bf16 import gemm_bf16
from macrame.golden.nn.network import Network
from macrame.golden.nn.quantization import NetworkInt8, quantize_network
from macrame.golden.nn.train import fit
from macrame.homework import digits as pictures
from macrame.host.core import Core
from macrame.sim import simulate
from macrame.sim.link import SimLink
from macrame.sim.recording import Recording

SHORT = (8, 8, 8)
LONG = {"icarus": (16, 128, 16), "verilator": (128, 512, 128)}  # M, K, N
ROUNDS = 3
GOALS = {(8, 8): 8, (16, 16): 15}  # Verilator's speed over Icarus's, at least
TRACED = (512, 512, 512)  # M, K, N
TRACED_WHOLE = (128, 128, 128)  # with all cycles in the window
TRACE_ROUNDS = 5
TRACE_GOAL = 2.0  # times the CPU seconds, at most
PASSES = {"icarus": 2, "verilator": 40}  # over the test set; one of them is start-up


def operands(
    kind: str, m: int, k: int, n: int
) -> tuple[NDArray[np.int8], NDArray[np.int8]] | tuple[NDArray[np.uint16], NDArray[np.uint16]]:
    """Two matrices: int8 of the full range, or bits of bfloat16 numbers around 1."""
    rng = np.random.default_rng([m, k, n])
    if kind == "int8":
        return rng.integers(-128, 128, (m, k), dtype=np.int8), rng.integers(-128, 128, (k, n), dtype=np.int8)

    def draw(rows: int, cols: int) -> NDArray[np.uint16]:
        single = rng.normal(size=(rows, cols)).astype(np.float32)
        return (single.view(np.uint32) >> 16).astype(np.uint16)

    return draw(m, k), draw(k, n)


def children() -> float:
    """CPU seconds of all child processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run(kind: str, rows: int, cols: int, size: tuple[int, int, int]) -> tuple[int, float]:
    """One product in its own simulator: (cycles, CPU seconds)."""
    a, w = operands(kind, *size)
    before = children()
    with SimLink(CoreConfig(rows, cols, formats="DUAL"), name="speed") as link:
        core = Core(link)
        product, report = core.matmul(a, w) if kind == "int8" else core.matmul_bf16(a, w)
    if not np.array_equal(product, gemm(a, w) if kind == "int8" else gemm_bf16(a, w)):
        raise LinkError(f"{simulate.simulator()}, {kind}: the product differs from the golden model")
    return report.cycles, children() - before


def compiling(rows: int, cols: int) -> Iterator[tuple[float, float]]:
    """Wall-clock and CPU seconds to compile the core: with an empty build folder, then after a change."""
    with tempfile.TemporaryDirectory(prefix="macrame-speed-") as folder, exported("BUILD_DIR", folder):
        for k_max in (1024, 1023):
            began, before = time.monotonic(), children()
            with SimLink(CoreConfig(rows, cols, formats="DUAL", k_max=k_max), name="speed"):
                pass
            yield time.monotonic() - began, children() - before


def network() -> tuple[NetworkInt8, NDArray[np.int8]]:
    """The digits network in integers, and the images of the test set, quantised for it."""
    train, test = pictures.load(0.3, 0)
    trained = Network.random([64, 32, 10], np.random.default_rng(1))
    list(fit(trained, *train, epochs=10, batch_size=32, rate=0.1, momentum=0.9, rng=np.random.default_rng(1)))
    quantized = quantize_network(trained, train[0][:256])
    return quantized, quantized.input.quantize(test[0])


def passes(
    quantized: NetworkInt8, x: NDArray[np.int8], rows: int, cols: int, count: int
) -> tuple[int, float]:
    """Passes over the test set in one simulator: (cycles per pass, CPU seconds of all passes)."""
    expected = quantized.forward(x)[-1]
    before = children()
    with SimLink(CoreConfig(rows, cols), name="speed") as link:
        core = Core(link)
        for _ in range(count):
            h, cycles = x, 0
            for layer in quantized.layers:
                h, report = core.matmul(
                    h,
                    np.ascontiguousarray(layer.weight.T),
                    layer.mode,
                    bias=layer.bias,
                    a_zero_point=layer.input.zero_point,
                    multiplier=layer.multiplier,
                    shift=layer.shift,
                    zero_point=layer.output.zero_point,
                    low=layer.low,
                    high=layer.high,
                )
                cycles += report.cycles
            if not np.array_equal(h, expected):
                raise LinkError(f"{simulate.simulator()}, {rows}x{cols}: logits differ from the golden model")
    return cycles, children() - before


def digits(say: Callable[[str], None] = print) -> bool:
    """Print the table of ``digits``; True if the speed of Verilator meets `GOALS`."""
    quantized, x = network()
    reached = True
    say(
        f"digits, {len(x)} images, 64-32-10 in int8\n"
        f"{'core':>8}  {'simulator':<10} {'cycles':>7} {'s/pass':>9} {'cycles/s':>10}  vs Icarus"
    )
    for (rows, cols), goal in GOALS.items():
        rates = {}
        for name, count in PASSES.items():
            os.environ["SIM"] = name
            simulate.check_tools(name)
            least = {n: min(passes(quantized, x, rows, cols, n) for _ in range(ROUNDS)) for n in (1, count)}
            seconds = (least[count][1] - least[1][1]) / (count - 1)
            rates[name] = least[1][0] / seconds
            ratio = rates[name] / rates["icarus"]
            line = f"{f'{rows}x{cols}x1':>8}  {name:<10} {least[1][0]:7,} {seconds:9.4f} {rates[name]:10,.0f}"
            say(line + ("" if name == "icarus" else f"  {ratio:.1f} (at least {goal})"))
            reached &= name == "icarus" or ratio >= goal
    return reached


def traced(size: tuple[int, int, int], trace: Recording | None) -> tuple[float, int]:
    """One product on an 8x8x1 core in its own simulator: (CPU seconds, cycles)."""
    a, w = operands("int8", *size)
    before, own = children(), time.process_time()
    with SimLink(CoreConfig(8, 8), trace=trace, name="speed") as link:
        product, report = Core(link).matmul(a, w)
    if not np.array_equal(product, gemm(a, w)):
        raise LinkError("the product differs from the golden model")
    return children() - before + time.process_time() - own, report.cycles


def trace(say: Callable[[str], None] = print) -> bool:
    """Print the table of ``trace``; True if tracing takes at most `TRACE_GOAL` times as long."""
    os.environ["SIM"] = "verilator"
    simulate.check_tools("verilator")
    with tempfile.TemporaryDirectory(prefix="macrame-speed-") as folder:
        path = Path(folder) / "trace"
        variants = {
            "none": (None, TRACED),
            "default window": (Recording(path), TRACED),
            "all cycles": (Recording(path, cycles=1 << 30), TRACED_WHOLE),
        }
        taken: dict[str, list[float]] = {name: [] for name in variants}
        cycles = {}
        for recording, _ in variants.values():
            traced(SHORT, recording)  # compiles
        for _ in range(TRACE_ROUNDS):
            for name, (recording, size) in variants.items():
                seconds, cycles[name] = traced(size, recording)
                taken[name].append((seconds - traced(SHORT, recording)[0]) / cycles[name])
    say(f"8x8x1 core, int8, Verilator, medians of {TRACE_ROUNDS} rounds")
    say(f"{'trace':<15} {'product':<12} {'cycles':>9} {'cycles/s':>10}  times")
    times = {
        name: median(ours / none for ours, none in zip(seconds, taken["none"]))
        for name, seconds in taken.items()
    }
    for name, (_, size) in variants.items():
        product, speed = "x".join(map(str, size)), 1 / median(taken[name])
        say(f"{name:<15} {product:<12} {cycles[name]:9,} {speed:10,.0f}  {times[name]:.2f}")
    return times["default window"] <= TRACE_GOAL


def main(words: Sequence[str]) -> int:
    """The command; returns its exit status."""
    words = list(words)
    if words in (["digits"], ["trace"]):
        return 0 if (digits if words == ["digits"] else trace)() else 1
    compare(words)
    return 0


def _side(name: str, word: str) -> int:
    """The rows or columns of a core; InputError."""
    try:
        return parse.integer(name, word, 1, 32)
    except InputError:
        raise InputError(f"{short(word)}: expected {name}, {parse.limits(1, 32)}") from None


def compare(words: list[str]) -> None:
    """Print the speed of both kinds of product under each simulator; InputError for an unknown word."""
    rows, cols, given = 8, 8, " ".join(words)
    if len(words) > 1 and words[0].isdigit() and words[1].isdigit():
        rows, cols = (_side(name, words.pop(0)) for name in ("ROWS", "COLS"))
    if not {*words} <= {*simulate.SIMULATORS}:
        names = ", ".join(simulate.SIMULATORS)
        raise InputError(f"{given}: expected digits, trace, or ROWS COLS and simulators ({names})")
    print(f"{rows}x{cols} core, FORMATS DUAL")
    print(f"{'simulator':>10}   {'product':<20} {'cycles':>9} {'cycles/s':>10}")
    for name in words or simulate.SIMULATORS:
        os.environ["SIM"] = name
        simulate.check_tools(name)
        times = [f"{wall:.1f} s, {cpu:.1f} s of CPU" for wall, cpu in compiling(rows, cols)]
        for kind in ("int8", "bf16"):
            (short, least), (long, most) = (
                min(run(kind, rows, cols, size) for _ in range(ROUNDS)) for size in (SHORT, LONG[name])
            )
            size = "x".join(map(str, LONG[name]))
            print(
                f"{name:>10}   {kind + ' ' + size:<20} {long:9,} {(long - short) / (most - least):10,.0f}",
                flush=True,
            )
        print(f"{name:>10}   compile and start: {times[0]}; after a change: {times[1]}", flush=True)
