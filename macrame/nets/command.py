# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""`macrame net`: run a network on a simulated core and report each layer, or plan it for several cores."""

from __future__ import annotations

import contextlib
import functools
import json
import re
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from macrame import environment
from macrame.contract import CoreConfig
from macrame.errors import InputError, shown
from macrame.files import atomic, npy, parse, write
from macrame.nets import plan, tflite
from macrame.nets.graph import Graph
from macrame.nets.run import CORE, ELEMENTWISE, Difference, LayerRun, Network
from macrame.progress import Progress

if TYPE_CHECKING:
    from macrame.host.elementwise import ElementwiseUnit

NAMES = (
    "MODEL",
    "INPUT",
    "OUT",
    "REFERENCE",
    "ROWS",
    "COLS",
    "DEPTH",
    "POST_LANES",
    "LANES",
    "SIM",
    "STOP",
    "PLAN",
    "SEED",
)
RUNS = ("INPUT", "OUT", "REFERENCE", "ROWS", "COLS", "DEPTH", "POST_LANES", "LANES", "SIM", "STOP", "SEED")

#: Predicted cycles from which on Verilator is the default.
LARGE = 20_000

Values = NDArray[Any]


@dataclass(frozen=True)
class Job:
    """A checked call.

    Attributes
    ----------
    graph : Graph
    config : CoreConfig
    inputs : list of list of ndarray
        Of each inference, those of the graph.
    references : list of dict
        Of each inference, expected values by number of the tensor.
    out : Path or None
    sim : str
        Empty: chosen by the predicted cycles.
    stop : str
        Empty: the whole network.
    seed : int
    lanes : int
        Of the elementwise unit.
    """

    graph: Graph
    config: CoreConfig
    inputs: list[list[Values]]
    references: list[dict[int, Values]]
    out: Path | None
    sim: str
    stop: str
    seed: int
    lanes: int


def read_model(path: str) -> Graph:
    """The graph of a file.

    Parameters
    ----------
    path : str

    Returns
    -------
    Graph

    Raises
    ------
    macrame.errors.InputError
    """
    if Path(path).suffix.lower() != ".tflite":
        raise InputError(f"MODEL={path}: expected a .tflite file")
    return tflite.read(path)


def prepare(given: Mapping[str, str]) -> Job:
    """Check all user input before anything is simulated.

    Parameters
    ----------
    given : mapping of str to str
        Values by name, see `NAMES`.

    Returns
    -------
    Job

    Raises
    ------
    macrame.errors.InputError
    """
    graph = read_model(given["MODEL"])
    rows, cols, depth = (parse.integer(n, given.get(n, d), 1, m) for n, d, m in _SHAPE)
    post_lanes = parse.integer("POST_LANES", given.get("POST_LANES", str(cols)), 1, cols)
    seed = parse.integer("SEED", given.get("SEED", "1"), 0, 2**32 - 1)
    sim = given.get("SIM", "")
    if sim not in ("", "icarus", "verilator"):
        raise InputError(f"SIM={sim}: expected one of icarus, verilator")
    names = [op.name for op in graph.ops]
    stop = given.get("STOP", "")
    if stop and stop not in names:
        raise InputError(f"STOP={stop}: no layer of that name; the first is {names[0]}, the last {names[-1]}")
    out = Path(given["OUT"]) if "OUT" in given else None
    sources = [given[name] for name in ("MODEL", "INPUT", "REFERENCE") if name in given]
    if out is not None:
        if out.suffix.lower() != ".npy":
            raise InputError(f"OUT={out}: expected a .npy file")
        write.check_output("OUT", str(out), sources)
    stored = _archive(given["REFERENCE"]) if "REFERENCE" in given else {}
    inputs = _inputs(graph, given, stored, seed)
    references = [_reference(graph, stored, number) for number in range(len(inputs))]
    config = CoreConfig(rows, cols, depth, post_lanes=post_lanes)
    lanes = parse.integer("LANES", given.get("LANES", "4"), 1, 32)
    return Job(graph, config, inputs, references, out, sim, stop, seed, lanes)


_SHAPE = (("ROWS", "8", 32), ("COLS", "8", 32), ("DEPTH", "1", 8))


def _bytes(name: str, path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"{name}={path}: {error.strerror or error}") from None


def _archive(path: str) -> dict[str, Values]:
    """All arrays of an .npz file."""
    data = _bytes("REFERENCE", path)
    names = npy.names(f"REFERENCE={path}", data)
    return {name: npy.npz(f"REFERENCE={path}", "REFERENCE", data, name)[0] for name in names}


def _inputs(
    graph: Graph, given: Mapping[str, str], stored: Mapping[str, Values], seed: int
) -> list[list[Values]]:
    """The inputs of each inference: from INPUT, from the reference, or random."""
    tensors = [graph.tensors[i] for i in graph.inputs]
    if "INPUT" in given or any(re.fullmatch(r"x_?\d*", name) for name in stored):
        if len(tensors) != 1:
            raise InputError(f"MODEL={given['MODEL']} has {len(tensors)} inputs, expected one with INPUT")
        (tensor,) = tensors
        if "INPUT" in given:
            path = given["INPUT"]
            label = f"INPUT={path}"
            array = npy.npy(label, _bytes("INPUT", path))[0]
            found = [array] if array.shape == tensor.shape else list(array) if array.ndim else []
            if array.ndim and found and array.shape[1:] == tensor.shape[1:] and tensor.shape[0] == 1:
                found = [part[np.newaxis] for part in array]
        else:
            label = f"REFERENCE={given['REFERENCE']}"
            names = sorted((n for n in stored if re.fullmatch(r"x_?\d*", n)), key=lambda n: (len(n), n))
            found = [stored[name] for name in names]
        for array in found:
            if array.shape != tensor.shape or array.dtype != tensor.dtype:
                raise InputError(
                    f"{label}: an input has type {array.dtype} and shape {array.shape}, expected "
                    f"{tensor.dtype} and {tensor.shape}"
                )
        if not found:
            raise InputError(f"{label}: no input in it, expected shape {tensor.shape}")
        return [[array] for array in found]
    rng = np.random.default_rng(seed)
    random = []
    for tensor in tensors:
        if tensor.dtype == np.float32:
            random.append(rng.uniform(-1, 1, tensor.shape).astype(np.float32))
        else:
            limits = np.iinfo(tensor.dtype)
            random.append(rng.integers(limits.min, limits.max + 1, tensor.shape).astype(tensor.dtype))
    return [random]


def _reference(graph: Graph, stored: Mapping[str, Values], number: int) -> dict[int, Values]:
    """Expected values of one inference, by number of the tensor."""
    found: dict[int, Values] = {}
    for i, tensor in enumerate(graph.tensors):
        for name in (f"t{tensor.number}", tensor.name):
            for key in (f"{name}_{number}", *([name] if number == 0 else [])):
                if key in stored:
                    found[i] = stored[key]
    for key in (f"y{number}", f"y_{number}", *(["y"] if number == 0 else [])):
        if key in stored:
            found[graph.outputs[0]] = stored[key]
    for i, values in found.items():
        tensor = graph.tensors[i]
        if values.shape != tensor.shape or values.dtype != tensor.dtype:
            raise InputError(
                f"REFERENCE: tensor {tensor.name} has type {values.dtype} and shape {values.shape}, expected "
                f"{tensor.dtype} and {tensor.shape}"
            )
    return found


# --- running ------------------------------------------------------------------------------------------------


def _told(difference: Difference | None, against: str) -> Iterator[str]:
    if difference is not None:
        yield (
            f"    {difference.count:,} of {difference.of:,} values of {difference.tensor} differ from "
            f"{against}, first at {list(difference.index)}: expected {difference.expected}, got "
            f"{difference.got}"
        )


def line(number: int, layer: LayerRun) -> str:
    """A layer as a line of the report.

    Parameters
    ----------
    number : int
        Of the operator, from 0 on.
    layer : LayerRun

    Returns
    -------
    str
    """
    shape = "x".join(map(str, layer.shape))
    text = f"  {number:3} {layer.kind:<15} {shape:<13} {layer.where:<11} {layer.form:<12}"
    if layer.cycles is not None:
        macs = f"{layer.macs:,}" if layer.macs else ""
        text += f" {macs:>12} {layer.cycles:>10,} {layer.predicted or 0:>10,}"
    if layer.utilisation is not None:
        text += f" {layer.utilisation:>7.1%} {layer.stream_bytes:>11,}"
    return "\n".join(
        [text.rstrip(), *_told(layer.golden, "golden"), *_told(layer.reference, "the reference")]
    )


HEADER = (
    f"  {'':3} {'operator':<15} {'output':<13} {'runs on':<11} {'as':<12} {'MACs':>12} {'cycles':>10} "
    f"{'predicted':>10} {'used':>7} {'bytes':>11}"
)


def run(job: Job) -> int:
    """Simulate, compare, report; returns the exit code."""
    network = Network(job.graph, job.config)
    sim = job.sim or ("verilator" if network.predicted > LARGE else "icarus")
    from macrame.host.core import Core
    from macrame.nets.run import CoreBackend
    from macrame.sim.link import SimLink

    if job.out is not None:
        atomic.discard(job.out, write.report_path(job.out))
    began = time.monotonic()
    print(f"{job.graph.name} on a core of {job.config}, {job.config.post_lanes} requantisers, {sim}")
    with Progress("net", "layers") as progress:
        link = SimLink(
            job.config,
            seed=job.seed,
            name="net",
            sim=sim,
            compiling=lambda: progress.expect(f"compiling the {job.config} core, needed only once"),
        )
        progress.done()
        runs, outputs, seconds = [], [], []
        with contextlib.ExitStack() as stack:
            backend = CoreBackend(
                Core(stack.enter_context(link)), functools.cache(lambda: _unit(job, sim, progress, stack))
            )
            for number, (inputs, reference) in enumerate(zip(job.inputs, job.references)):
                count = [0]
                if len(job.inputs) > 1:
                    print(f"input {number}")
                print(HEADER, flush=True)

                def told(layer: LayerRun, count: list[int] = count) -> None:
                    print(line(count[0], layer), flush=True)
                    count[0] += 1
                    progress(count[0], len(job.graph.ops))

                start = time.monotonic()
                layers, values = network.run(
                    inputs, backend, reference=reference, told=told, stop=job.stop or None
                )
                seconds.append(time.monotonic() - start)
                runs.append(layers)
                outputs.append(values.get(job.graph.outputs[0]))
    return _finish(job, network, sim, runs, outputs, seconds, time.monotonic() - began)


def _unit(job: Job, sim: str, progress: Progress, stack: contextlib.ExitStack) -> ElementwiseUnit:
    """Start the elementwise unit."""
    from macrame.host.elementwise import ElementwiseUnit
    from macrame.sim.link import ElementwiseSimLink

    link = ElementwiseSimLink(
        job.lanes,
        seed=job.seed,
        name="net-elementwise",
        sim=sim,
        compiling=lambda: progress.expect("compiling the elementwise unit, needed only once"),
    )
    progress.done()
    return ElementwiseUnit(stack.enter_context(link))


def _finish(
    job: Job,
    network: Network,
    sim: str,
    runs: list[list[LayerRun]],
    outputs: list[Values | None],
    seconds: list[float],
    total: float,
) -> int:
    """Print the totals and write the files; returns the exit code."""
    every = [layer for layers in runs for layer in layers]
    on_core = [layer for layer in every if layer.where == CORE]
    macs, taken = sum(layer.macs for layer in on_core), sum(layer.cycles or 0 for layer in on_core)
    wrong = sum(layer.golden.count for layer in every if layer.golden)
    other = sum(layer.reference.count for layer in every if layer.reference)
    unexpected = [layer for layer in every if layer.cycles != layer.predicted]
    passes = sum(layer.cycles or 0 for layer in every if layer.where == ELEMENTWISE)
    compared = sum(len(reference) for reference in job.references)
    used = macs / (taken * job.config.macs) if taken else 0.0
    print(
        f"  total per inference: {macs // len(runs):,} MACs, {taken // len(runs):,} cycles, "
        f"{used:.1%} of the array used"
    )
    if passes:
        print(f"  and {passes // len(runs):,} cycles of the elementwise unit, {job.lanes} lanes")
    print(f"  {wrong:,} values differ from the golden model")
    if compared:
        print(f"  {other:,} values of {compared:,} tensors differ from the reference")
    for layer in unexpected:
        print(f"  {layer.name}: {layer.cycles:,} cycles, expected {layer.predicted:,}")
    print(f"  {min(seconds):.2f} s per inference, {total:.1f} s in all")
    report = {
        "model": job.graph.name,
        "array": str(job.config),
        "post_lanes": job.config.post_lanes,
        "simulator": sim,
        "seed": job.seed,
        "predicted_cycles": network.predicted,
        "cycles": taken // len(runs),
        "lanes": job.lanes,
        "elementwise_cycles": passes // len(runs),
        "macs": macs // len(runs),
        "utilisation": used,
        "seconds": [round(part, 3) for part in seconds],
        "mismatches_golden": wrong,
        "mismatches_reference": other,
        "inferences": [[asdict(layer) for layer in layers] for layers in runs],
    }
    text = (json.dumps(report, indent=2) + "\n").encode()
    failed = bool(wrong or other or unexpected)
    if job.out is None:
        folder = environment.build_dir() / "net"
        folder.mkdir(parents=True, exist_ok=True)
        atomic.write(folder / "net.json", text)
        print(f"  wrote {folder / 'net.json'}")
    else:
        files: dict[str | PathLike[str], bytes] = {write.report_path(job.out): text}
        results = [values for values in outputs if values is not None]
        if not failed and results:
            files[job.out] = write.encode(job.out, np.concatenate(results))
        atomic.write_files(files)
        print(f"  wrote {' and '.join(map(str, files))}")
    if failed:
        print("net: the results differ from those expected", file=sys.stderr)
    return int(failed)


def main(given: Mapping[str, str]) -> int:
    """The command; returns the exit code."""
    given = {name: given[name] for name in NAMES if given.get(name)}
    if "MODEL" not in given:
        raise InputError("MODEL is not given, expected a .tflite file")
    if given.get("PLAN", "0") not in ("0", "1"):
        raise InputError(f"PLAN={shown(given['PLAN'])}: expected 0 or 1")
    if given.get("PLAN") == "1":
        for name in RUNS:
            if name in given:
                raise InputError(f"{name}={given[name]}: does not apply to PLAN=1, which runs nothing")
        print("\n".join(plan.table(read_model(given["MODEL"]))))
        return 0
    return run(prepare(given))
