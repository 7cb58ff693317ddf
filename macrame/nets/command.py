# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""`macrame net`: run a network on a simulated core and report each layer, or plan it for several cores."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from macrame import __version__, cores, environment
from macrame.contract import CoreConfig
from macrame.errors import InputError, differ, short
from macrame.files import atomic, failures, npy, parse, write
from macrame.files.contents import contents
from macrame.files.read import LARGEST
from macrame.host import serial_link
from macrame.nets import digits, onnx_reader, plan, tflite
from macrame.nets.graph import Graph, Tensor
from macrame.nets.run import CORE, ELEMENTWISE, Difference, LayerRun, Network
from macrame.progress import Progress
from macrame.report import run_page
from macrame.report.blocks import (
    Block,
    Cell,
    Check,
    Column,
    Command,
    Component,
    Heading,
    Metadata,
    Phrase,
    Table,
    Text,
    counted,
    phrase,
    text,
)
from macrame.report.report import Report, page_of
from macrame.report.terminal import Plain
from macrame.sim.recording import Recording

if TYPE_CHECKING:
    from macrame.host.core import Product
    from macrame.host.elementwise import ElementwiseUnit
    from macrame.nets.engine.command import Inference, Plan

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
    "PAGE",
    "ENGINE",
    "COMPILE",
    "MEM",
    "PROGRAM_RATE",
    "LINK",
)
RUNS = tuple(
    name for name in NAMES if name not in ("MODEL", "PLAN", "PAGE", "ENGINE", "MEM", "PROGRAM_RATE", "LINK")
)

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
    page : Path or None
        Where the report goes in addition to the terminal.
    rtl_root : Path or None
        Another copy of rtl/.
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
    page: Path | None = None
    rtl_root: Path | None = None


class Examine(Protocol):
    """Finds out what is wrong with the products of a layer; an interactive block is for a page only."""

    def __call__(
        self,
        products: Sequence[tuple[Product, Values]],
        config: CoreConfig,
        *,
        seed: int,
        sim: str,
        rtl_root: Path | None,
    ) -> Iterator[Block]: ...


#: What reads a file, by its suffix.
READERS: dict[str, Callable[[str, str], Graph]] = {".tflite": tflite.read, ".onnx": onnx_reader.read}


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
    return READERS[suffix](path, f"MODEL={short(path, 200)}")


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
    sources = [given[name] for name in ("MODEL", "REFERENCE", "LABELS") if name in given]
    sources += input_files(given["INPUT"]) if "INPUT" in given else []
    if out is not None:
        if out.suffix.lower() != ".npy":
            raise InputError(f"OUT={out}: expected a .npy file")
        write.check_output("OUT", str(out), sources)
    stored = _archive(given["REFERENCE"]) if "REFERENCE" in given else {}
    inputs, labels, floats = _held_out(given, stored) or (_inputs(graph, given, stored, seed), None, None)
    if "LABELS" in given:
        labels = _labels(graph, given, len(inputs))
    label = f"REFERENCE={short(given.get('REFERENCE', ''), 200)}"
    references = [_reference(label, graph, stored, number) for number in range(len(inputs))]
    if "REFERENCE" in given and not any(references) and ("INPUT" in given or not _from_reference(stored)):
        raise InputError(
            f"REFERENCE={given['REFERENCE']}: contains {short(', '.join(stored), 90) or 'nothing'}, expected "
            "names of the network's tensors, such as t0 or y"
        )
    config = CoreConfig(rows, cols, depth, post_lanes=post_lanes)
    lanes = parse.integer("LANES", given.get("LANES", "4"), 1, 32)
    outputs = [] if out is None else [out, write.report_path(out)]
    page = page_of(given, sources, outputs)
    return Job(graph, config, inputs, references, out, sim, stop, seed, lanes, labels, floats, page=page)


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
    try:
        return model.exists() and any(
            path.exists() and model.samefile(path) for path in (digits.MODEL, digits.ONNX)
        )
    except OSError:  # reading it will say why
        return False


def takes_held_out(given: Mapping[str, str]) -> bool:
    """Whether the inputs are held-out digits, of which IMAGES is the number."""
    return _takes_held_out(given, _archive(given["REFERENCE"]) if "REFERENCE" in given else {})


def _takes_held_out(given: Mapping[str, str], stored: Mapping[str, Values]) -> bool:
    return _own(given) and "INPUT" not in given and not _from_reference(stored)


def _held_out(
    given: Mapping[str, str], stored: Mapping[str, Values]
) -> tuple[list[list[Values]], Values | None, Values | None] | None:
    """Held-out digits, their labels, and the predictions before quantisation; None for other inputs."""
    if not _takes_held_out(given, stored):
        if "IMAGES" in given:
            raise InputError(
                f"IMAGES={given['IMAGES']}: does not apply to your own MODEL or inputs, only to the digits"
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
        raise InputError(f"{label}: does not apply with STOP, which ends the run at that layer")
    shape = graph.tensors[graph.outputs[0]].shape
    if not shape:
        raise InputError(f"{label}: does not apply: the output of the network is a single value")
    count, classes = inputs * int(np.prod(shape[:-1])), shape[-1]
    found = npy.npy(label, contents(label, given["LABELS"], "a .npy file", LARGEST))[0]
    if found.dtype.kind not in "iu" or found.shape != (count,):
        raise InputError(
            f"{label}: has type {found.dtype} and shape {found.shape}, expected integers of shape ({count},)"
        )
    if not ((found >= 0) & (found < classes)).all():
        wrong = found[(found < 0) | (found >= classes)][0]
        raise InputError(f"{label}: contains class {wrong}, expected 0 to {classes - 1}")
    return found


def input_files(path: str) -> list[str]:
    """A file, or the .npy files in a directory, in the order of their names."""
    try:
        if not Path(path).is_dir():
            return [path]
        files = sorted(str(file) for file in Path(path).iterdir() if file.suffix.lower() == ".npy")
    except (OSError, ValueError) as error:
        raise InputError(f"INPUT={path}: cannot be read: {getattr(error, 'strerror', error)}") from None
    if not files:
        raise InputError(f"INPUT={path}: contains no .npy file")
    return files


def _stacked(label: str, path: str, tensor: Tensor) -> list[Values]:
    """The inputs in a file: one, or several stacked."""
    array = npy.npy(label, contents(label, path, "a .npy file", LARGEST))[0]
    if array.shape == tensor.file_shape or not array.ndim:
        return [array]
    if array.shape[1:] == tensor.file_shape[1:] and tensor.shape[:1] == (1,):
        return [part[np.newaxis] for part in array]
    if array.ndim != len(tensor.file_shape) + 1:  # no stack: the message names the shape of the file
        return [array]
    return [np.asarray(part) for part in array]


def _inputs(
    graph: Graph, given: Mapping[str, str], stored: Mapping[str, Values], seed: int
) -> list[list[Values]]:
    """The inputs of each inference: from INPUT, from the reference, or random."""
    tensors = [graph.tensors[i] for i in graph.inputs]
    if "INPUT" in given or _from_reference(stored):
        if len(tensors) != 1:
            model = given.get("MODEL", digits.MODEL)
            raise InputError(f"MODEL={model}: has {len(tensors)} inputs, expected one if inputs are given")
        (tensor,) = tensors
        if "INPUT" in given:
            label = f"INPUT={given['INPUT']}"
            found = [
                (f"INPUT={path}", array)
                for path in input_files(given["INPUT"])
                for array in _stacked(f"INPUT={path}", path, tensor)
            ]
        else:
            label = f"REFERENCE={given['REFERENCE']}"
            names = _from_reference(stored)
            if [int(name.strip("x_") or 0) for name in names] != list(range(len(names))):
                raise InputError(
                    f"{label}: its inputs are {short(', '.join(names), 90)}, "
                    "expected x0, x1, ... without a gap"
                )
            found = [(label, stored[name]) for name in names]
        for where, array in found:
            if array.shape != tensor.file_shape or array.dtype != tensor.dtype:
                raise InputError(
                    f"{where}: an input has type {array.dtype} and shape {array.shape}, expected "
                    f"{tensor.dtype} and {tensor.file_shape}"
                )
        if not found:
            raise InputError(f"{label}: contains no input, expected one or more of shape {tensor.file_shape}")
        return [[tensor.from_file(array)] for _, array in found]
    rng = np.random.default_rng(seed)
    random = []
    for tensor in tensors:
        if tensor.dtype == np.float32:
            random.append(rng.uniform(-1, 1, tensor.shape).astype(np.float32))
        else:
            limits = np.iinfo(tensor.dtype)
            random.append(rng.integers(limits.min, limits.max + 1, tensor.shape).astype(tensor.dtype))
    return [random]


def _reference(label: str, graph: Graph, stored: Mapping[str, Values], number: int) -> dict[int, Values]:
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
                f"{label}: tensor {tensor.name} has type {values.dtype} and shape {values.shape}, expected "
                f"{tensor.dtype} and {tensor.file_shape}"
            )
        found[i] = tensor.from_file(values)
    return found


# --- running ------------------------------------------------------------------------------------------------


COLUMNS = (
    Column("", width=3),
    Column("operator", width=15, left=True),
    Column("output", width=13, left=True),
    Column("runs on", width=11, left=True),
    Column("as", width=12, left=True),
    Column("MACs", ",", 12),
    Column("cycles", ",", 10),
    Column("predicted", ",", 10),
    Column("used", ".1%", 7),
    Column("bytes", ",", 11),
)


def row(number: int, layer: LayerRun) -> Table:
    """A layer as a row of the table.

    Parameters
    ----------
    number : int
        Of the operator, from 0 on.
    layer : LayerRun

    Returns
    -------
    macrame.report.blocks.Table
    """
    known = layer.cycles is not None
    used = layer.utilisation is not None
    cells: tuple[Cell, ...] = (
        number,
        layer.kind,
        "x".join(map(str, layer.shape)),
        layer.where,
        layer.form,
        layer.macs if known and layer.macs else "",
        layer.cycles if known else "",
        (layer.predicted or 0) if known else "",
        layer.utilisation if used else "",
        layer.stream_bytes if used else "",
    )
    return Table(COLUMNS, (cells,), continued=True)


def remarks(number: int, layer: LayerRun) -> Iterator[Block]:
    """What is to be said about a layer below the table.

    Parameters
    ----------
    number : int
        Of the operator, from 0 on.
    layer : LayerRun

    Yields
    ------
    macrame.report.blocks.Block
    """
    if layer.note:
        yield text("{} {} on the host: {}", number, layer.name, layer.note)
    for found, against in ((layer.golden, "the golden model"), (layer.reference, "the reference")):
        if found is not None:
            said = phrase("{} {}: ", number, layer.name) + differs(found, against)
            yield Check(f"{layer.name}, {against}", found.of, found.count, said)


def differs(found: Difference, against: str) -> Phrase:
    """A difference in words; `against` says from what."""
    return phrase(
        f"{{:,}} of {{:,}} values of {{}} {differ(found.count)} from {{}}, "
        "first at {}: expected {}, got {}",
        found.count,
        found.of,
        found.tensor,
        against,
        str(list(found.index)),
        found.expected,
        found.got,
    )


def run(job: Job, picture_of: Callable[[Path], Block] | None = None, examine: Examine | None = None) -> int:
    """Simulate, compare, report.

    Parameters
    ----------
    job : Job
    picture_of : callable, optional
        Makes a block for the page of the trace in a file.
    examine : Examine, optional
        Called with the products of the first layer on the core that differs from the golden model.

    Returns
    -------
    int
        The exit code.
    """
    network = Network(job.graph, job.config)
    sim = job.sim or ("verilator" if network.predicted * len(job.inputs) > LARGE else "icarus")
    from macrame.host.core import Core
    from macrame.nets.run import CoreBackend
    from macrame.sim.launch import replay_command
    from macrame.sim.link import SimLink
    from macrame.sim.simulators import versions

    if job.out is not None:
        atomic.discard(job.out, write.report_path(job.out))
    failures.forget("net")
    began = time.monotonic()
    report = Report(Plain(), "Network", job.page, {run_page.NAME: run_page.assets()})
    report.write(
        Heading(
            phrase("{} on a core of {}, ", job.graph.name, str(job.config))
            + counted(job.config.post_lanes, "requantiser")
            + phrase(", {}", sim)
        )
    )
    report.write(
        Metadata(
            {
                "macrame": __version__,
                "simulator": sim,
                "versions": versions(sim),
                "seed": job.seed,
                "command": replay_command(job.seed),
            }
        )
    )
    with contextlib.ExitStack() as kept, Progress("net", "layers") as progress:
        trace = job.trace
        if picture_of is not None and run_page.shows_run(job.page) and trace is None:
            folder = kept.enter_context(tempfile.TemporaryDirectory(prefix="macrame-"))
            trace = Recording(Path(folder) / "run.trace")
        link = SimLink(
            job.config,
            seed=job.seed,
            name="net",
            sim=sim,
            trace=trace,
            rtl_root=job.rtl_root,
            compiling=lambda: progress.expect(f"compiling the {job.config} core, needed only once"),
        )
        progress.done()
        runs, outputs, seconds = [], [], []
        suspects: list[tuple[Product, Values]] = []
        with contextlib.ExitStack() as stack:
            backend = CoreBackend(
                Core(stack.enter_context(link)),
                functools.cache(lambda: elementwise_unit(job, sim, progress, stack)),
            )
            for number, (inputs, reference) in enumerate(zip(job.inputs, job.references)):
                listed = _Layers(report, number, len(job.inputs), job.labels is not None)

                def told(layer: LayerRun, number: int = number, listed: _Layers = listed) -> None:
                    link.mark(layer.name, kind=layer.kind, input=number, macs=layer.macs)
                    if layer.golden and layer.where == CORE and not suspects:
                        suspects.extend(backend.latest)
                    listed.add(layer)
                    done = number * len(job.graph.ops) + listed.count
                    progress(done, len(job.inputs) * len(job.graph.ops))

                start = time.monotonic()
                try:
                    layers, values = network.run(
                        inputs, backend, reference=reference, told=told, stop=job.stop or None
                    )
                finally:
                    listed.end()
                seconds.append(time.monotonic() - start)
                runs.append(layers)
                outputs.append(values.get(job.graph.outputs[0]))
        pictures: list[Block] = []
        if suspects and examine is not None:
            for block in examine(suspects, job.config, seed=job.seed, sim=sim, rtl_root=job.rtl_root):
                if isinstance(block, Component):
                    pictures.append(block)
                else:
                    report.write(block)
        if picture_of and trace:
            pictures.append(picture_of(trace.path))
    shown = pictures if run_page.shows_run(job.page) else []
    return _finish(job, network, sim, report, runs, outputs, seconds, time.monotonic() - began, shown)


class _Layers:
    """The table of an inference's layers, row by row; below it, what is to be said about them.

    Parameters
    ----------
    report : Report
    number, inputs : int
        Of the inference, from 0 on, and of all.
    brief : bool
        The answers matter: of inferences after the first, only layers that differ are shown.
    """

    def __init__(self, report: Report, number: int, inputs: int, brief: bool) -> None:
        self.report, self.wrong_only, self.count = report, brief and number > 0, 0
        title = f"input {number}"
        if brief and inputs > 1 and not number:
            title += f" of {inputs}; of the others, only layers that differ are listed"
        headings = [Heading(title, level=3)] if inputs > 1 else []
        self._begin: list[Block] = [*headings, Table(COLUMNS, ())]
        self._remarks: list[Block] = []

    def add(self, layer: LayerRun) -> None:
        """Show a layer."""
        if not self.wrong_only or layer.golden or layer.reference:
            self.report.write_all(self._begin)
            self._begin = []
            self.report.write(row(self.count, layer))
            self._remarks += remarks(self.count, layer)
        self.count += 1

    def end(self) -> None:
        """Show the rest."""
        self.report.write_all(self._remarks)


def elementwise_unit(job: Job, sim: str, progress: Progress, stack: contextlib.ExitStack) -> ElementwiseUnit:
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


def accuracy(outputs: Values, labels: Values, floats: Values | None, runtime: str = "tflm") -> Iterator[Text]:
    """How many outputs are largest at their label.

    Parameters
    ----------
    outputs : ndarray, shape (n, classes)
    labels : ndarray, shape (n,)
    floats : ndarray or None
        The predictions of the digits' network before quantisation.
    runtime : {"tflm", "onnxruntime"}
        Of the digits' network.

    Yields
    ------
    macrame.report.blocks.Text
    """

    def part(correct: Values) -> Phrase:
        return phrase("{} of {} correct, {:.1%}", int(correct.sum()), len(correct), correct.mean())

    found = phrase("accuracy: ") + part(outputs.argmax(axis=1) == labels)
    if floats is None:
        yield Text(found)
        return
    yield Text(found + "; before quantisation " + part(floats == labels))
    every = digits.held_out()[1]
    whole = {name: part(classes == every) for name, classes in digits.predicted().items()}
    found = phrase("of all held-out images, by the golden model: ")
    if runtime == "tflm":
        found += whole["int8"]
    else:
        found += phrase("{} ", digits.ONNX.name) + whole["onnx"]
        found += phrase(", {} ", digits.MODEL.name) + whole["int8"]
    yield Text(found + "; before quantisation " + whole["float"])


def speed(config: CoreConfig, cycles: int) -> Iterator[Text]:
    """Inferences per second at the clock rates that a core reached.

    Parameters
    ----------
    config : CoreConfig
    cycles : int
        Of the products of one inference.

    Yields
    ------
    macrame.report.blocks.Text
    """
    if not cycles:
        return
    placed = cores.figures(config)
    for core in placed:
        assert core.mhz is not None
        yield text(
            "{:,.0f} inferences per second at {} MHz on {}, counting products only",
            1e6 * core.mhz.median / cycles,
            core.mhz.median,
            core.device,
        )
    if not placed:
        yield Text(
            phrase("no clock rate for the {} core with ", str(config))
            + counted(config.post_lanes, "requantiser")
            + ": it has not been placed"
        )


def _finish(
    job: Job,
    network: Network,
    sim: str,
    report: Report,
    runs: list[list[LayerRun]],
    outputs: list[Values | None],
    seconds: list[float],
    total: float,
    pictures: Sequence[Block],
) -> int:
    """Show the totals and write the files; returns the exit code."""
    from macrame.sim.launch import replay_command

    every = [layer for layers in runs for layer in layers]
    on_core = [layer for layer in every if layer.where == CORE]
    macs, taken = sum(layer.macs for layer in on_core), sum(layer.cycles or 0 for layer in on_core)
    wrong = sum(layer.golden.count for layer in every if layer.golden)
    other = sum(layer.reference.count for layer in every if layer.reference)
    unexpected = [layer for layer in every if layer.cycles != layer.predicted]
    passes = sum(layer.cycles or 0 for layer in every if layer.where == ELEMENTWISE)
    compared = sum(len(reference) for reference in job.references)
    used = macs / (taken * job.config.macs) if taken else 0.0
    report.write(
        Text(
            phrase("total per inference: ")
            + counted(macs // len(runs), "MAC")
            + phrase(", {:,} cycles, {:.1%} of the array used", taken // len(runs), used)
        )
    )
    if passes:
        report.write(
            Text(
                phrase("and {:,} cycles of the elementwise unit, ", passes // len(runs))
                + counted(job.lanes, "lane")
            )
        )
    report.write_all(speed(job.config, taken // len(runs)))
    values = sum(int(np.prod(layer.shape)) for layer in every)
    said = counted(wrong, "value") + f" {differ(wrong)} from the golden model"
    report.write(Check("golden model", values, wrong, said))
    if compared:
        values = sum(tensor.size for reference in job.references for tensor in reference.values())
        said = counted(other, "value") + " of " + counted(compared, "tensor")
        said += f" {differ(other)} from the reference"
        report.write(Check("reference", values, other, said))
    for layer in unexpected:
        said = phrase("{}: {:,} cycles, expected {:,}", layer.name, layer.cycles, layer.predicted)
        report.write(Check(f"{layer.name}, cycles", 1, 1, said))
    correct = None
    if job.labels is not None:
        found = np.concatenate([values for values in outputs if values is not None])
        found = found.reshape(len(job.labels), -1)
        correct = int((found.argmax(axis=1) == job.labels).sum())
        report.write_all(accuracy(found, job.labels, job.floats, job.graph.runtime))
    report.write(text("{:.2f} s per inference, {:.1f} s in total", min(seconds), total))
    summary = {
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
    encoded = (json.dumps(summary, indent=2) + "\n").encode()
    if job.out is None:
        folder = environment.build_dir() / "net"
        folder.mkdir(parents=True, exist_ok=True)
        atomic.write(folder / "net.json", encoded)
        report.write(text("wrote {}", str(folder / "net.json")))
    else:
        files: dict[str | PathLike[str], bytes] = {write.report_path(job.out): encoded}
        last = job.graph.tensors[job.graph.outputs[0]]
        results = [last.to_file(values) for values in outputs if values is not None]
        if not report.failed and results:
            files[job.out] = write.encode(job.out, np.concatenate([np.atleast_1d(part) for part in results]))
        atomic.write_files(files)
        report.write(text("wrote {}", " and ".join(map(str, files))))
    if report.failed:
        report.write(text("net: the results differ from the expected ones", kind="error"))
        report.write(Command("replay", replay_command(job.seed)))
    report.write_all(pictures)
    report.save()
    return int(report.failed)


#: Variables that the engine does without: its shape follows from DEPTH, and its report has one place.
_NO_ENGINE = ("ROWS", "COLS", "STOP", "OUT", "LABELS")

#: Where PROGRAM_RATE applies, for a message.
_OF_A_PLAN = "applies only to a plan of the engine, expected COMPILE, or ENGINE=1 and PLAN=1"

#: Variables of a simulated engine: those of a board are its own.
_NO_BOARD = ("DEPTH", "POST_LANES", "LANES", "MEM", "SIM")


@dataclass(frozen=True)
class Engine:
    """A simulated network engine.

    Attributes
    ----------
    config : CoreConfig
        Of its core.
    lanes : int
        Of its elementwise unit.
    words : int or None
        Of its memory; None: as many as the network needs.
    """

    config: CoreConfig
    lanes: int
    words: int | None


def engine_of(given: Mapping[str, str]) -> Engine:
    """The engine that DEPTH, POST_LANES, LANES and MEM describe.

    Parameters
    ----------
    given : mapping of str to str

    Returns
    -------
    Engine

    Raises
    ------
    macrame.errors.InputError
    """
    sides = "2, 4 or 8 for the engine"
    depth = parse.integer("DEPTH", given.get("DEPTH", "8"), 2, 8, sides)
    if depth not in (2, 4, 8):
        raise InputError(f"DEPTH={depth}: expected {sides}")
    post_lanes = parse.integer("POST_LANES", given.get("POST_LANES", str(depth)), 1, depth)
    counts = "1 or 2 for the engine with DEPTH=2" if depth == 2 else "1, 2 or 4 for the engine"
    lanes = parse.integer("LANES", given.get("LANES", "2"), 1, min(4, depth), counts)
    if lanes == 3:
        raise InputError(f"LANES={lanes}: expected {counts}")
    kilobytes = parse.integer("MEM", given["MEM"], 1, 1 << 16) if "MEM" in given else None
    words = None if kilobytes is None else kilobytes * 1024 // depth
    return Engine(CoreConfig(1, depth, depth, post_lanes=post_lanes), lanes, words)


def prepare_engine(given: Mapping[str, str], shape: Engine) -> Job:
    """As `prepare`, for a network engine."""
    kept = {name: value for name, value in given.items() if name != "LANES"}
    return prepare({**kept, "ROWS": "1", "COLS": str(shape.config.depth)})


def plan_of(given: Mapping[str, str], graph: Graph, shape: Engine, period: int = 1) -> Plan:
    """The network as a program of a simulated engine.

    Parameters
    ----------
    given : mapping of str to str
        Values of variables, of which `shape` was made.
    graph : Graph
    shape : Engine
    period : int
        As of :meth:`macrame.nets.engine.command.Plan.of`.

    Returns
    -------
    macrame.nets.engine.command.Plan

    Raises
    ------
    macrame.errors.InputError
        The engine cannot run the network; the message names MEM if its memory is too small.
    """
    from macrame.nets.engine.command import Plan
    from macrame.nets.engine.compile import TooSmall

    try:
        return Plan.of(graph, shape.config, lanes=shape.lanes, words=shape.words, period=period)
    except TooSmall as error:  # MEM is given, else the memory is as large as it has to be
        raise InputError(f"MEM={given['MEM']}: {error}") from None


def run_engine(given: Mapping[str, str]) -> int:
    """The network as one program of the network engine; returns the exit code."""
    from macrame.nets.engine import board
    from macrame.nets.engine import command as engine

    only = "COMPILE" in given or given.get("PLAN") == "1"
    if "PROGRAM_RATE" in given and not only:
        raise InputError(f"PROGRAM_RATE={given['PROGRAM_RATE']}: {_OF_A_PLAN}")
    simulated = ("INPUT", "REFERENCE", "IMAGES", "SIM", "SEED", "LINK") if only else ()
    for name in (*_NO_ENGINE, *simulated):
        if name in given:
            reason = "if nothing is simulated" if only and name not in _NO_ENGINE else "to the engine"
            raise InputError(f"{name}={given[name]}: does not apply {reason}")
    if "LINK" in given:
        return run_engine_on_board(given)
    shape = engine_of(given)
    period = parse.integer("PROGRAM_RATE", given.get("PROGRAM_RATE", "1"), 1, 1 << 16)
    if only:
        model = given.get("MODEL", str(digits.MODEL))
        programs = [Path(given["COMPILE"])] if "COMPILE" in given else []
        graph, page = read_model(model), page_of(given, [model], programs)
        if "COMPILE" in given:
            wrong = atomic.unwritable(given["COMPILE"], [model])
            (program,) = programs
            if program.suffix.lower() != ".bin" and not os.path.isdir(program):
                wrong = f"unknown extension {short(program.suffix) or '(none)'}, expected .bin"
            if wrong:
                raise InputError(f"COMPILE={given['COMPILE']}: {wrong}")
        planned = plan_of(given, graph, shape, period)
        report = Report(Plain(), "A program of the network engine", page)
        report.write_all(planned.blocks())
        if period == 1:
            report.write_all(board.boards(graph))
        if "COMPILE" in given:
            atomic.write(given["COMPILE"], planned.program.image)
            report.write(text("wrote {}", given["COMPILE"]))
        report.save()
        return 0
    job = prepare_engine(given, shape)
    planned = plan_of(given, job.graph, shape)
    report = Report(Plain(), "Network engine", job.page)
    report.write_all(planned.blocks())
    sim = job.sim or ("verilator" if planned.counters.cycles * len(job.inputs) > LARGE else "icarus")
    found = engine.run(
        planned,
        job.inputs,
        job.references,
        sim=sim,
        seed=job.seed,
        words=shape.words or max(2, planned.program.words),
        report=report,
    )
    return _ended(job, found, report)


def run_engine_on_board(given: Mapping[str, str]) -> int:
    """The network as one program of the network engine on a board; returns the exit code."""
    from macrame.nets.engine import board

    serial_link.parse(given["LINK"])
    for name in _NO_BOARD:
        if name in given:
            raise InputError(f"{name}={given[name]}: does not apply with LINK, whose engine is not simulated")
    job = prepare({**given, "ROWS": "1", "COLS": "8"})
    report = Report(Plain(), "Network engine", job.page)
    found = board.run_on_board(job.graph, job.inputs, job.references, link=given["LINK"], report=report)
    return _ended(job, found, report)


def _ended(job: Job, found: Sequence[Inference], report: Report) -> int:
    """Print the accuracy, and write the page; returns the exit code."""
    from macrame.sim.launch import replay_command

    if job.labels is not None:
        outputs = np.concatenate([one.outputs[0] for one in found]).reshape(len(job.labels), -1)
        report.write_all(accuracy(outputs, job.labels, job.floats, job.graph.runtime))
    if report.failed:
        report.write(Command("replay", replay_command(job.seed)))
    report.save()
    return int(report.failed)


def main(
    given: Mapping[str, str],
    picture_of: Callable[[Path], Block] | None = None,
    examine: Examine | None = None,
) -> int:
    """The command; returns the exit code. `picture_of` and `examine` as of :func:`run`."""
    given = {name: given[name] for name in NAMES if given.get(name)}
    for name in ("PLAN", "ENGINE"):
        if given.get(name, "0") not in ("0", "1"):
            raise InputError(f"{name}={given[name]}: expected 0 or 1")
    if given.get("ENGINE") == "1" or "COMPILE" in given:
        return run_engine(given)
    if "PROGRAM_RATE" in given:
        raise InputError(f"PROGRAM_RATE={given['PROGRAM_RATE']}: {_OF_A_PLAN}")
    if "MEM" in given:
        raise InputError(f"MEM={given['MEM']}: applies only with ENGINE=1 or COMPILE")
    if "LINK" in given:
        raise InputError(f"LINK={given['LINK']}: applies only with ENGINE=1")
    if given.get("PLAN") == "1":
        for name in RUNS:
            if name in given:
                raise InputError(f"{name}={given[name]}: does not apply with PLAN=1, which runs nothing")
        model = given.get("MODEL", str(digits.MODEL))
        graph, page = read_model(model), page_of(given, [model])
        report = Report(Plain(), "Cores for a network", page)
        report.write_all(plan.blocks(graph))
        report.save()
        return 0
    return run(prepare(given), picture_of, examine)
