# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""`macrame net --engine` and `--compile`: a network as one program, on a simulated network engine."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from macrame import environment
from macrame.contract import CoreConfig
from macrame.errors import differ
from macrame.files import atomic
from macrame.golden import engine as golden
from macrame.golden.engine_cycles import Counters, Timing, predict
from macrame.host import serial_link
from macrame.host.engine import HEAD_BYTES, EngineReport, NetworkEngine
from macrame.nets import operators
from macrame.nets.engine.compile import Program, compile_graph, inputs_of
from macrame.nets.graph import Graph
from macrame.progress import Progress
from macrame.report.blocks import Block, Check, Heading, counted, phrase, table, text
from macrame.report.report import Report

Values = NDArray[Any]

#: Bits per second of the serial line of the boards, bits that a byte takes on it, and the bytes that the
#: boards with an engine accept ahead.
BAUD, BYTE_BITS, CREDIT = 1_000_000, 10, 1024


@dataclass(frozen=True)
class Plan:
    """A network compiled for an engine, and its cycles.

    Attributes
    ----------
    program : Program
    counters : Counters
        Predicted.
    lanes : int
        LANES of the elementwise unit.
    period : int
        Cycles per beat of the program, at best.
    """

    program: Program
    counters: Counters
    lanes: int
    period: int = 1

    @classmethod
    def of(
        cls, graph: Graph, config: CoreConfig, *, lanes: int, words: int | None = None, period: int = 1
    ) -> Plan:
        """Compile a network.

        Parameters
        ----------
        graph : Graph
        config : CoreConfig
        lanes : int
        words : int, optional
            Words of the engine's memory; as many as it takes, if left out.
        period : int

        Returns
        -------
        Plan

        Raises
        ------
        macrame.errors.InputError
            The engine cannot run the network, or the memory is too small.
        """
        program = compile_graph(graph, config, words)
        timing = Timing(config.depth, config.post_lanes, lanes)
        return cls(program, predict(program.image, timing, period), lanes, period)

    @property
    def traffic(self) -> tuple[int, int]:
        """Bytes of an inference once the program is there: the commands with the inputs, and the outputs."""
        depth = self.program.config.depth
        return sum(self._commands()) * depth, sum(self._results()) * depth

    def _commands(self) -> list[int]:
        """Words of the commands of an inference: write the inputs, run, read the outputs."""
        program = self.program
        head = HEAD_BYTES // program.config.depth
        writes = [head + program.places[t].layout.words for t in program.inputs]
        return [*writes, head, *[head] * len(program.outputs)]

    def _results(self) -> list[int]:
        """Words of each output."""
        return [self.program.places[t].layout.words for t in self.program.outputs]

    @property
    def line(self) -> tuple[int, int]:
        """Bytes sent and received on a serial line per inference, without the escapes in the data."""
        depth = self.program.config.depth
        sent, received = serial_link.transfer_bytes(
            [(words, depth) for words in self._commands()], [depth] * sum(self._results()), CREDIT
        )
        more = serial_link.access_bytes(NetworkEngine.READS, NetworkEngine.WRITES)
        return sent + more[0], received + more[1]

    @property
    def loading(self) -> int:
        """Bytes sent on a serial line to load the program, without the escapes in the data."""
        beat = self.program.config.depth**2
        return serial_link.transfer_bytes([(len(self.program.image) // beat, beat)], [], CREDIT)[0]

    def blocks(self) -> Iterator[Block]:
        """The plan as blocks of a report."""
        program, counters = self.program, self.counters
        graph, depth = program.graph, program.config.depth
        yield Heading(
            phrase("{} on a {} network engine, ", graph.name, str(program.config))
            + counted(program.config.post_lanes, "requantiser")
            + ", "
            + counted(self.lanes, "lane")
        )
        rows: list[tuple[Any, ...]] = []
        done = job = 0
        for number, step in enumerate(program.steps):
            names = " + ".join(graph.ops[i].kind for i in step.ops)
            shape = "x".join(map(str, graph.tensors[graph.ops[step.ops[-1]].outputs[0]].shape))
            job += len(step.jobs)
            end = counters.ends[job - 1] if step.jobs else done
            slices = sum(int(np.prod(one.loops)) * int(np.prod(one.source.kernel)) for one in step.jobs)
            rows.append((number, names, shape, len(step.jobs), slices, end - done, end))
            done = end
        counts = [(name, ",") for name in ("jobs", "slices", "cycles", "until")]
        yield table(["step", "operators", "output", *counts], rows)
        host = [graph.ops[i].kind for i in (*program.before, *program.after)]
        if host:
            yield text("on the host: {}", ", ".join(host))
        sent, received = self.traffic
        yield text(
            "memory {:,} bytes, program {:,} bytes, sent once; per inference {:,} bytes in and {:,} out",
            program.words * depth,
            len(program.image),
            sent,
            received,
        )
        sent, received = self.line
        yield text(
            "on a serial line, with frames and registers: {:,} bytes in and {:,} out, {:.3g} ms at {:,} "
            "baud; the program takes {:.2g} s",
            sent,
            received,
            1e3 * line_seconds(sent + received),
            BAUD,
            line_seconds(self.loading),
        )
        yield text(
            "{:,} cycles with a beat of the program {}: {:,} slices, {:,} without a job, {:,} waiting while "
            "no weights were offered, {:,} waiting during jobs of the elementwise unit",
            counters.cycles,
            "every cycle" if self.period == 1 else f"every {self.period} cycles",
            counters.busy,
            counters.stall_job,
            counters.stall_w,
            counters.stall_out,
        )


def line_seconds(count: int) -> float:
    """The time that some bytes take on the boards' serial line, in seconds."""
    return count * BYTE_BITS / BAUD


@dataclass(frozen=True)
class Inference:
    """One inference on the engine.

    Attributes
    ----------
    report : EngineReport
    outputs : list of ndarray
        Of the graph.
    wrong : int
        Values that differ from the formulas of the operators.
    other : int
        Values that differ from the reference, if there is one.
    words : int
        Words of the memory that differ from the golden engine's, if it was compared.
    """

    report: EngineReport
    outputs: list[Values]
    wrong: int
    other: int
    words: int = 0


def infer(
    plan: Plan,
    engine: NetworkEngine,
    model: golden.Engine | None,
    inputs: Sequence[Values],
    reference: Mapping[int, Values],
) -> Inference:
    """Run an inference, and compare outputs and memory.

    Parameters
    ----------
    plan : Plan
    engine : NetworkEngine
        The plan's program is loaded.
    model : golden.Engine or None
        Its memory is that of the engine. Without a model the memory is not compared: reading it takes longer
        than an inference over a serial line.
    inputs : sequence of ndarray
        Of the graph.
    reference : mapping of int to ndarray
        Expected values of tensors; those of the engine's and of the network's outputs count.

    Returns
    -------
    Inference
    """
    program, graph = plan.program, plan.program.graph
    given = inputs_of(program, [np.asarray(x) for x in inputs])
    places = program.places
    outputs = [(places[t].base, places[t].layout.words) for t in program.outputs]
    found, report = engine.run([(places[t].base, program.load(t, given[t])) for t in program.inputs], outputs)
    values: dict[int, Values] = dict(zip(graph.inputs, inputs))
    memory = np.zeros((engine.words, engine.depth), np.int8)
    for (base, count), words in zip(outputs, found):
        memory[base : base + count] = words
    for t in program.outputs:
        values[t] = program.values(t, memory).reshape(graph.tensors[t].shape)
    operators.evaluate_all(graph, (graph.ops[i] for i in program.after), values)
    exact: dict[int, Values] = dict(zip(graph.inputs, inputs))
    operators.evaluate_all(graph, graph.ops, exact)
    watched = {*program.outputs, *graph.outputs}
    wrong = sum(int((values[t] != exact[t]).sum()) for t in watched)
    other = sum(int((values[t] != reference[t]).sum()) for t in watched if t in reference)
    results = [values[t] for t in graph.outputs]
    if model is None:
        return Inference(report, results, wrong, other)
    for t in program.inputs:
        at = program.load(t, given[t])
        model.memory[places[t].base : places[t].base + len(at)] = at
    for _ in model.run(program.image):
        pass
    differ = int((engine.read(0, engine.words) != model.memory).any(axis=1).sum())
    return Inference(report, results, wrong, other, differ)


def layers(
    plan: Plan,
    engine: NetworkEngine,
    inputs: Sequence[Values],
    reference: Mapping[int, Values],
) -> Iterator[tuple[int, Values]]:
    """Run the steps of the network as programs of their own, and read what each leaves in the memory.

    Parameters
    ----------
    plan : Plan
    engine : NetworkEngine
        Its program is replaced.
    inputs : sequence of ndarray
        Of the graph.
    reference : mapping of int to ndarray
        Expected values of tensors.

    Yields
    ------
    tensor : int
        One of the reference's, from the engine's memory.
    values : ndarray
    """
    program, graph, places = plan.program, plan.program.graph, plan.program.places
    given = inputs_of(program, [np.asarray(x) for x in inputs])
    memory = np.zeros((engine.words, engine.depth), np.int8)
    for t in program.inputs:
        engine.write(places[t].base, program.load(t, given[t]))
    for step in program.steps:
        outputs = graph.ops[step.ops[-1]].outputs
        spans = [(places[t].base, places[t].layout.words) for t in outputs]
        if step.jobs:
            engine.load(program.step_image(step))
            found, _ = engine.run([], spans)
        else:
            found = [engine.read(base, count) for base, count in spans]
        for t, (base, count), words in zip(outputs, spans, found):
            memory[base : base + count] = words
            if t in reference:
                yield t, program.values(t, memory).reshape(graph.tensors[t].shape)


def conclude(
    plan: Plan,
    found: Sequence[Inference],
    facts: Mapping[str, object],
    report: Report,
    *,
    memory: bool,
) -> None:
    """Compare the cycles with the model, write build/net/engine.json, and end the report.

    Parameters
    ----------
    plan : Plan
    found : sequence of Inference
    facts : mapping of str to object
        What else the file has: JSON.
    report : Report
        It has failed if anything differs from what was expected.
    memory : bool
        Whether the memory was compared.
    """
    program, cycles = plan.program, plan.counters.cycles
    for inference in found:
        if inference.report.cycles != cycles:
            said = phrase("{:,} cycles, expected {:,}", inference.report.cycles, cycles)
            report.write(Check("cycles", 1, 1, said))
    folder = environment.build_dir() / "net"
    folder.mkdir(parents=True, exist_ok=True)
    data = {
        "model": program.graph.name,
        "core": str(program.config),
        "post_lanes": program.config.post_lanes,
        "lanes": plan.lanes,
        "program_bytes": len(program.image),
        "predicted_cycles": cycles,
        **facts,
        "inferences": [
            {
                **one.report.as_dict(),
                "mismatches_golden": one.wrong,
                "mismatches_reference": one.other,
                **({"mismatches_memory": one.words} if memory else {}),
            }
            for one in found
        ],
    }
    atomic.write(folder / "engine.json", (json.dumps(data, indent=2) + "\n").encode())
    report.write(text("wrote {}", str(folder / "engine.json")))
    if report.failed:
        report.write(text("net: the results differ from the expected ones", kind="error"))


@contextlib.contextmanager
def simulated(
    plan: Plan, words: int, *, sim: str, seed: int, progress: Progress
) -> Iterator[tuple[NetworkEngine, golden.Engine]]:
    """Simulate an engine whose program is loaded.

    Parameters
    ----------
    plan : Plan
    words : int
        Words of the memory.
    sim : str
    seed : int
    progress : macrame.progress.Progress

    Yields
    ------
    NetworkEngine
    golden.Engine
        With the same memory.
    """
    from macrame.sim.link import EngineSimLink

    program = plan.program
    link = EngineSimLink(
        program.config,
        words=words,
        beats=max(2, len(program.image) // program.config.depth**2),
        lanes=plan.lanes,
        seed=seed,
        name="net-engine",
        sim=sim,
        compiling=lambda: progress.expect("compiling the network engine, needed only once"),
    )
    progress.done()
    with link:
        engine = NetworkEngine(link)
        engine.load(program.image)
        model = golden.Engine(words, engine.depth, engine.slices)
        engine.write(0, model.memory)
        yield engine, model


def inner(
    plan: Plan, engine: NetworkEngine, inputs: Sequence[Values], reference: Mapping[int, Values]
) -> Iterator[tuple[int, Values]]:
    """As `layers`, if the reference has tensors that the engine computes and does not return."""
    program = plan.program
    steps = {t for step in program.steps for t in program.graph.ops[step.ops[-1]].outputs}
    if (steps - {*program.outputs}) & set(reference):
        yield from layers(plan, engine, inputs, reference)


def run(
    plan: Plan,
    inputs: Sequence[Sequence[Values]],
    references: Sequence[Mapping[int, Values]],
    *,
    sim: str,
    seed: int,
    words: int,
    report: Report,
) -> list[Inference]:
    """Simulate the engine, run every inference, and report.

    Parameters
    ----------
    plan : Plan
    inputs, references : sequence
        Of each inference.
    sim : str
    seed : int
    words : int
        Words of the memory.
    report : Report
        It has failed if anything differs from what was expected.

    Returns
    -------
    list of Inference
    """
    program = plan.program
    found = []
    compared: list[tuple[str, int, int]] = []  # tensor, values, those that differ
    with Progress("net", "inferences") as progress:
        with simulated(plan, words, sim=sim, seed=seed, progress=progress) as (engine, model):
            for number, (one, reference) in enumerate(zip(inputs, references)):
                found.append(infer(plan, engine, model, one, reference))
                progress(number + 1, len(inputs))
            for one, reference in zip(inputs, references):
                for t, stored in inner(plan, engine, one, reference):
                    count = int((stored != reference[t]).sum())
                    compared.append((program.graph.tensors[t].name, stored.size, count))
    report.write(text("{:,} cycles per inference on the simulated engine, {}", found[0].report.cycles, sim))
    values = sum(output.size for one in found for output in one.outputs)
    wrong = sum(one.wrong for one in found)
    said = counted(wrong, "value") + f" {differ(wrong)} from the golden model"
    report.write(Check("golden model", values, wrong, said))
    wrong = sum(one.words for one in found)
    said = counted(wrong, "word") + f" of the memory {differ(wrong)} from the golden model"
    report.write(Check("memory", words * len(found), wrong, said))
    if any(references):
        wrong = sum(one.other for one in found)
        said = counted(wrong, "value") + f" {differ(wrong)} from the reference"
        report.write(Check("reference", values, wrong, said))
    if compared:
        wrong = sum(count for _, _, count in compared)
        said = counted(wrong, "value") + " of " + counted(len(compared), "tensor")
        said += f" {differ(wrong)} from the reference, step by step"
        report.write(Check("tensors", sum(size for _, size, _ in compared), wrong, said))
        for name in [name for name, _, count in compared if count][:1]:
            report.write(text("the first that differs is {}", name, kind="error"))
    facts = {
        "simulator": sim,
        "seed": seed,
        "memory_bytes": words * program.config.depth,
        "tensors_compared": len(compared),
        "mismatches_tensors": sum(count for _, _, count in compared),
    }
    conclude(plan, found, facts, report, memory=True)
    return found
