# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Some inputs of a network on the simulated hardware, without a report: what each gave, and what differs."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from macrame.errors import amount, differ
from macrame.nets.command import Engine, Job, differs, elementwise_unit
from macrame.nets.run import CORE, ELEMENTWISE, CoreBackend, Difference, Network
from macrame.progress import Progress


@dataclass(frozen=True)
class Outcome:
    """What an input gave.

    Attributes
    ----------
    output : ndarray
        The first output of the network.
    values, wrong : int
        Values that the hardware computed, and how many of them differ from the golden model. For an engine,
        the values of the outputs and the words of the memory.
    referenced, other : int
        Values that the reference has, and how many differ from them.
    cycles, predicted : int
        Of the hardware, counted and predicted.
    text : str
        What is wrong, in words; empty if nothing is.
    """

    output: NDArray[Any]
    values: int
    wrong: int
    referenced: int
    other: int
    cycles: int
    predicted: int
    text: str


def part(job: Job, first: int, count: int) -> Job:
    """A job with some of the inputs of another.

    Parameters
    ----------
    job : Job
    first, count : int
        The first input, counted from 0, and how many.

    Returns
    -------
    Job
    """
    some = slice(first, first + count)
    labels = None
    if job.labels is not None:
        rows = len(job.labels) // len(job.inputs)
        labels = job.labels[first * rows : (first + count) * rows]
    return replace(job, inputs=job.inputs[some], references=job.references[some], labels=labels)


def on_core(job: Job, progress: Progress) -> Iterator[Outcome]:
    """Run every input of a job on the simulated core, layer by layer.

    Parameters
    ----------
    job : Job
        With `sim`.
    progress : macrame.progress.Progress

    Yields
    ------
    Outcome
    """
    from macrame.host.core import Core
    from macrame.sim.link import SimLink

    network = Network(job.graph, job.config)
    with contextlib.ExitStack() as stack:
        link = stack.enter_context(SimLink(job.config, seed=job.seed, name="net", sim=job.sim))
        unit = functools.cache(lambda: elementwise_unit(job, job.sim, progress, stack))
        backend = CoreBackend(Core(link), unit)
        for inputs, reference in zip(job.inputs, job.references):
            layers, values = network.run(inputs, backend, reference=reference)
            computed = [layer for layer in layers if layer.where in (CORE, ELEMENTWISE)]
            yield Outcome(
                values[job.graph.outputs[0]],
                sum(int(np.prod(layer.shape)) for layer in computed),
                sum(layer.golden.count for layer in layers if layer.golden),
                sum(expected.size for expected in reference.values()),
                sum(layer.reference.count for layer in layers if layer.reference),
                sum(layer.cycles or 0 for layer in computed),
                sum(layer.predicted or 0 for layer in computed),
                "; ".join(
                    [
                        *_said([layer.golden for layer in layers], "the golden model"),
                        *_said([layer.reference for layer in layers], "the reference"),
                        *(
                            f"{layer.name}: {layer.cycles:,} cycles, expected {layer.predicted:,}"
                            for layer in computed
                            if layer.cycles != layer.predicted
                        ),
                    ]
                ),
            )


def _said(found: list[Difference | None], against: str) -> list[str]:
    return [str(differs(difference, against)) for difference in found if difference][:1]


def on_engine(job: Job, engine: Engine, progress: Progress) -> Iterator[Outcome]:
    """Run every input of a job on the simulated network engine.

    Parameters
    ----------
    job : Job
        With `sim`.
    engine : Engine
    progress : macrame.progress.Progress

    Yields
    ------
    Outcome
    """
    from macrame.nets.engine import command

    plan = command.Plan.of(job.graph, engine.config, lanes=engine.lanes, words=engine.words)
    words, tensors = engine.words or max(2, plan.program.words), plan.program.graph.tensors
    with command.simulated(plan, words, sim=job.sim, seed=job.seed, progress=progress) as (host, model):
        runs = [command.infer(plan, host, model, *pair) for pair in zip(job.inputs, job.references)]
        # only then step by step, each step as a program of its own
        for found, inputs, reference in zip(runs, job.inputs, job.references):
            wrong = [(found.wrong, "value", "the output", "the golden model")]
            wrong += [(found.words, "word", "the memory", "the golden model")]
            wrong += [(found.other, "value", "the output", "the reference")]
            referenced = sum(
                reference[t].size for t in {*plan.program.outputs, *job.graph.outputs} if t in reference
            )
            for tensor, values in command.inner(plan, host, inputs, reference):
                referenced += values.size
                count = int((values != reference[tensor]).sum())
                wrong += [(count, "value", tensors[tensor].name, "the reference")]
            cycles, predicted = found.report.cycles, plan.counters.cycles
            text = [
                f"{amount(count, what)} of {where} {differ(count)} from {against}"
                for count, what, where, against in wrong
                if count
            ]
            text += [f"{cycles:,} cycles, expected {predicted:,}"] if cycles != predicted else []
            yield Outcome(
                found.outputs[0],
                words + sum(output.size for output in found.outputs),
                found.wrong + found.words,
                referenced,
                sum(count for count, _, _, against in wrong if against == "the reference"),
                cycles,
                predicted,
                "; ".join(text),
            )
