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
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from macrame import cores, environment
from macrame.contract import CoreConfig
from macrame.errors import InputError, shown
from macrame.files import atomic, npy, parse, write
from macrame.files.contents import contents
from macrame.files.read import LARGEST
from macrame.nets import digits, onnx_reader, plan, tflite
from macrame.nets.graph import Graph
from macrame.nets.run import CORE, ELEMENTWISE, Difference, LayerRun, Network
from macrame.progress import Progress
from macrame.sim.recording import Recording

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
    "IMAGES",
    "LABELS",
)
RUNS = tuple(name for name in NAMES if name not in ("MODEL", "PLAN"))

#: Held-out digits that run by default.
IMAGES = "10"

#: Predicted cycles of all inferences from which on Verilator is the default.
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
    labels : ndarray or None
        The class of each output.
    floats : ndarray or None
        The classes that the digits' network predicted before quantisation.
    trace : macrame.sim.recording.Recording or None
        A trace of the core to be recorded; its spans are the layers.
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
    labels: Values | None = None
    floats: Values | None = None
    trace: Recording | None = None


#: What reads a file, by its suffix.
READERS: dict[str, Callable[[str], Graph]] = {".tflite": tflite.read, ".onnx": onnx_reader.read}


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
    macrame.errors.SetupError
        A .onnx file, and the package `onnx` is not installed.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in READERS:
        raise InputError(f"MODEL={path}: expected a {' or '.join(READERS)} file")
    return READERS[suffix](path)


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
    graph = read_model(given.get("MODEL", str(digits.MODEL)))
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
    sources = [given[name] for name in ("MODEL", "INPUT", "REFERENCE", "LABELS") if name in given]
    if out is not None:
        if out.suffix.lower() != ".npy":
            raise InputError(f"OUT={out}: expected a .npy file")
        write.check_output("OUT", str(out), sources)
    stored = _archive(given["REFERENCE"]) if "REFERENCE" in given else {}
    inputs, labels, floats = _held_out(given, stored) or (_inputs(graph, given, stored, seed), None, None)
    if "LABELS" in given:
        labels = _labels(graph, given, len(inputs))
    references = [_reference(graph, stored, number) for number in range(len(inputs))]
    config = CoreConfig(rows, cols, depth, post_lanes=post_lanes)
    lanes = parse.integer("LANES", given.get("LANES", "4"), 1, 32)
    return Job(graph, config, inputs, references, out, sim, stop, seed, lanes, labels, floats)


_SHAPE = (("ROWS", "8", 32), ("COLS", "8", 32), ("DEPTH", "1", 8))


def _archive(path: str) -> dict[str, Values]:
    """All arrays of an .npz file."""
    data = contents(f"REFERENCE={path}", path, "a .npz file", LARGEST)
    names = npy.names(f"REFERENCE={path}", data)
    return {name: npy.npz(f"REFERENCE={path}", "REFERENCE", data, name)[0] for name in names}


def _from_reference(stored: Mapping[str, Values]) -> list[str]:
    """Names of the inputs in a reference."""
    return sorted((name for name in stored if re.fullmatch(r"x_?\d*", name)), key=lambda n: (len(n), n))


def _own(given: Mapping[str, str]) -> bool:
    """Whether MODEL is the digits' network in one of its formats, or missing."""
    model = Path(given.get("MODEL", digits.MODEL))
    return any(path.exists() and model.samefile(path) for path in (digits.MODEL, digits.ONNX))


def _held_out(
    given: Mapping[str, str], stored: Mapping[str, Values]
) -> tuple[list[list[Values]], Values | None, Values | None] | None:
    """Held-out digits, their labels, and the predictions before quantisation; None for other inputs."""
    if not _own(given) or "INPUT" in given or _from_reference(stored):
        if "IMAGES" in given:
            raise InputError(
                f"IMAGES={shown(given['IMAGES'])}: does not apply to your own MODEL or inputs, only to the "
                "digits"
            )
        return None
    images, labels = digits.held_out()
    count = parse.integer("IMAGES", given.get("IMAGES", IMAGES), 1, len(images))
    inputs: list[list[Values]] = [[image] for image in images[:count]]
    if "STOP" in given or "LABELS" in given:
        return inputs, None, None
    return inputs, labels[:count], digits.predicted()["float"][:count]


def _labels(graph: Graph, given: Mapping[str, str], inputs: int) -> Values:
    """The classes in LABELS, one for each row of the outputs."""
    label = f"LABELS={given['LABELS']}"
    if "STOP" in given:
        raise InputError(f"{label}: does not apply with STOP, which runs no further than that layer")
    shape = graph.tensors[graph.outputs[0]].shape
    count, classes = inputs * int(np.prod(shape[:-1])), shape[-1]
    found = npy.npy(label, contents(label, given["LABELS"], "a .npy file", LARGEST))[0]
    if found.dtype.kind not in "iu" or found.shape != (count,):
        raise InputError(
            f"{label}: has type {found.dtype} and shape {found.shape}, expected integers of shape ({count},)"
        )
    if not ((found >= 0) & (found < classes)).all():
        wrong = found[(found < 0) | (found >= classes)][0]
        raise InputError(f"{label}: has the class {wrong}, expected 0 to {classes - 1}")
    return found


def _inputs(
    graph: Graph, given: Mapping[str, str], stored: Mapping[str, Values], seed: int
) -> list[list[Values]]:
    """The inputs of each inference: from INPUT, from the reference, or random."""
    tensors = [graph.tensors[i] for i in graph.inputs]
    if "INPUT" in given or _from_reference(stored):
        if len(tensors) != 1:
            model = given.get("MODEL", digits.MODEL)
            raise InputError(f"MODEL={model} has {len(tensors)} inputs, expected one with INPUT")
        (tensor,) = tensors
        if "INPUT" in given:
            path = given["INPUT"]
            label = f"INPUT={path}"
            array = npy.npy(label, contents(label, path, "a .npy file", LARGEST))[0]
            found = [array] if array.shape == tensor.file_shape else list(array) if array.ndim else []
            if array.ndim and found and array.shape[1:] == tensor.file_shape[1:] and tensor.shape[0] == 1:
                found = [part[np.newaxis] for part in array]
        else:
            label = f"REFERENCE={given['REFERENCE']}"
            found = [stored[name] for name in _from_reference(stored)]
        for array in found:
            if array.shape != tensor.file_shape or array.dtype != tensor.dtype:
                raise InputError(
                    f"{label}: an input has type {array.dtype} and shape {array.shape}, expected "
                    f"{tensor.dtype} and {tensor.file_shape}"
                )
        if not found:
            raise InputError(f"{label}: contains no input, expected one or more of shape {tensor.file_shape}")
        return [[tensor.from_file(array)] for array in found]
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
        if values.shape != tensor.file_shape or values.dtype != tensor.dtype:
            raise InputError(
                f"REFERENCE: tensor {tensor.name} has type {values.dtype} and shape {values.shape}, expected "
                f"{tensor.dtype} and {tensor.file_shape}"
            )
        found[i] = tensor.from_file(values)
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
    note = [f"    on the host: {layer.note}"] if layer.note else []
    return "\n".join(
        [
            text.rstrip(),
            *note,
            *_told(layer.golden, "the golden model"),
            *_told(layer.reference, "the reference"),
        ]
    )


HEADER = (
    f"  {'':3} {'operator':<15} {'output':<13} {'runs on':<11} {'as':<12} {'MACs':>12} {'cycles':>10} "
    f"{'predicted':>10} {'used':>7} {'bytes':>11}"
)


def run(job: Job) -> int:
    """Simulate, compare, report; returns the exit code."""
    network = Network(job.graph, job.config)
    sim = job.sim or ("verilator" if network.predicted * len(job.inputs) > LARGE else "icarus")
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
            trace=job.trace,
            compiling=lambda: progress.expect(f"compiling the {job.config} core, needed only once"),
        )
        progress.done()
        runs, outputs, seconds = [], [], []
        with contextlib.ExitStack() as stack:
            backend = CoreBackend(
                Core(stack.enter_context(link)), functools.cache(lambda: _unit(job, sim, progress, stack))
            )
            for number, (inputs, reference) in enumerate(zip(job.inputs, job.references)):
                # with labels the answers matter: of later inputs only what is wrong is shown
                brief = job.labels is not None and number > 0
                if len(job.inputs) > 1 and not brief:
                    print(f"input {number}")
                if not brief:
                    print(HEADER, flush=True)
                count = [0]

                def told(
                    layer: LayerRun, count: list[int] = count, number: int = number, brief: bool = brief
                ) -> None:
                    link.mark(layer.name, kind=layer.kind, input=number)
                    if not brief:
                        print(line(count[0], layer), flush=True)
                    elif layer.golden or layer.reference:
                        print(f"input {number}\n{line(count[0], layer)}", flush=True)
                    count[0] += 1
                    progress(number * len(job.graph.ops) + count[0], len(job.inputs) * len(job.graph.ops))

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


def accuracy(outputs: Values, labels: Values, floats: Values | None, runtime: str = "tflm") -> list[str]:
    """How many outputs are largest at their label, as lines of the report.

    Parameters
    ----------
    outputs : ndarray, shape (n, classes)
    labels : ndarray, shape (n,)
    floats : ndarray or None
        The predictions of the digits' network before quantisation.
    runtime : {"tflm", "onnxruntime"}
        Of the digits' network.

    Returns
    -------
    list of str
    """

    def part(correct: Values) -> str:
        return f"{int(correct.sum())} of {len(correct)} correct, {correct.mean():.1%}"

    lines = [f"  accuracy: {part(outputs.argmax(axis=1) == labels)}"]
    if floats is not None:
        lines[0] += f"; before quantisation {part(floats == labels)}"
        every = digits.held_out()[1]
        whole = {name: part(classes == every) for name, classes in digits.predicted().items()}
        found = f"{digits.MODEL.name} {whole['int8']}" if runtime != "tflm" else whole["int8"]
        if runtime != "tflm":
            found = f"{digits.ONNX.name} {whole['onnx']}, {found}"
        lines.append(
            f"  of all held-out images, by the golden model: {found}; before quantisation {whole['float']}"
        )
    return lines


def speed(config: CoreConfig, cycles: int) -> list[str]:
    """Inferences per second at the clock rates that a core reached, as lines of the report.

    Parameters
    ----------
    config : CoreConfig
    cycles : int
        Of the products of one inference.

    Returns
    -------
    list of str
    """
    if not cycles:
        return []
    lines = []
    for core in cores.figures(config):
        assert core.mhz is not None
        lines.append(
            f"  {1e6 * core.mhz.median / cycles:,.0f} inferences per second at {core.mhz.median} MHz on "
            f"{core.device}, counting products only"
        )
    name = f"{config}, {config.post_lanes} requantisers"
    return lines or [f"  no figure for the clock of a core of {name}: it was never placed"]


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
    for text in speed(job.config, taken // len(runs)):
        print(text)
    print(f"  {wrong:,} values differ from the golden model")
    if compared:
        print(f"  {other:,} values of {compared:,} tensors differ from the reference")
    for layer in unexpected:
        print(f"  {layer.name}: {layer.cycles:,} cycles, expected {layer.predicted:,}")
    correct = None
    if job.labels is not None:
        found = np.concatenate([values for values in outputs if values is not None])
        found = found.reshape(len(job.labels), -1)
        correct = int((found.argmax(axis=1) == job.labels).sum())
        print("\n".join(accuracy(found, job.labels, job.floats, job.graph.runtime)))
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
        "mhz": {core.device: core.mhz.median for core in cores.figures(job.config) if core.mhz},
        "seconds": [round(part, 3) for part in seconds],
        "mismatches_golden": wrong,
        "mismatches_reference": other,
        "labels": None if job.labels is None else len(job.labels),
        "correct": correct,
        "inferences": [[asdict(layer) for layer in layers] for layers in runs],
    }
    encoded = (json.dumps(report, indent=2) + "\n").encode()
    failed = bool(wrong or other or unexpected)
    if job.out is None:
        folder = environment.build_dir() / "net"
        folder.mkdir(parents=True, exist_ok=True)
        atomic.write(folder / "net.json", encoded)
        print(f"  wrote {folder / 'net.json'}")
    else:
        files: dict[str | PathLike[str], bytes] = {write.report_path(job.out): encoded}
        last = job.graph.tensors[job.graph.outputs[0]]
        results = [last.to_file(values) for values in outputs if values is not None]
        if not failed and results:
            files[job.out] = write.encode(job.out, np.concatenate(results))
        atomic.write_files(files)
        print(f"  wrote {' and '.join(map(str, files))}")
    if failed:
        print("net: the results differ from the expected ones", file=sys.stderr)
    return int(failed)


def main(given: Mapping[str, str]) -> int:
    """The command; returns the exit code."""
    given = {name: given[name] for name in NAMES if given.get(name)}
    if given.get("PLAN", "0") not in ("0", "1"):
        raise InputError(f"PLAN={shown(given['PLAN'])}: expected 0 or 1")
    if given.get("PLAN") == "1":
        for name in RUNS:
            if name in given:
                raise InputError(f"{name}={given[name]}: does not apply to PLAN=1, which runs nothing")
        print("\n".join(plan.table(read_model(given.get("MODEL", str(digits.MODEL))))))
        return 0
    return run(prepare(given))
