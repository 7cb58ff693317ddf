# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""``macrame campaign networks``: the inputs of a network's test set on the simulated RTL, some in each task.

Every value that the hardware computes is compared with the golden model, and with a reference if there is
one; so are its cycles. With labels the summary has the accuracy.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from macrame import environment, paths
from macrame.campaign import content, engine, summary
from macrame.campaign.store import Record, Store
from macrame.campaign.task import Task
from macrame.errors import InputError
from macrame.files import digits as data
from macrame.files import parse
from macrame.nets import batch, command, digits
from macrame.progress import Progress
from macrame.report.blocks import Table, table
from macrame.report.terminal import Markdown
from macrame.sim import link
from macrame.synth import verilog

#: Inputs of a task, by default.
SIZE = 20
SECONDS = 4 * 3600
#: Variables that describe the network, its inputs and the hardware; as of `macrame net`.
GIVEN = (
    "MODEL",
    "INPUT",
    "LABELS",
    "REFERENCE",
    "IMAGES",
    "ROWS",
    "COLS",
    "DEPTH",
    "POST_LANES",
    "LANES",
    "ENGINE",
    "MEM",
    "SIM",
)
VERDICTS = ("passed", "failed")
FILES = ("MODEL", "INPUT", "LABELS", "REFERENCE")
#: Counts that a record has, and the summary adds up.
COUNTS = ("inputs", "values", "wrong", "referenced", "other", "labels", "correct")


def prepared(given: Mapping[str, str]) -> tuple[command.Job, command.Engine | None]:
    """The checked job of all inputs, and the engine if it runs on one.

    Parameters
    ----------
    given : mapping of str to str
        Of `GIVEN`, and SEED.

    Returns
    -------
    Job
    Engine or None

    Raises
    ------
    InputError
    """
    if given.get("ENGINE", "0") not in ("0", "1"):
        raise InputError(f"ENGINE={given['ENGINE']}: expected 0 or 1")
    if given.get("ENGINE") != "1":
        if "MEM" in given:
            raise InputError(f"MEM={given['MEM']}: applies only with ENGINE=1")
        return command.prepare(given), None
    for name in ("ROWS", "COLS"):
        if name in given:
            raise InputError(f"{name}={given[name]}: does not apply to the engine")
    shape = command.engine_of(given)
    job = command.prepare_engine(given, shape)
    command.plan_of(given, job.graph, shape)  # what the engine cannot run is rejected before any task
    return job, shape


def judge(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Run some inputs and compare: the function of each task.

    Parameters
    ----------
    arguments : mapping
        ``given``, the variables; ``first`` and ``count``, the inputs.

    Returns
    -------
    dict
        The verdict ``passed`` or ``failed``, what is wrong as ``text``, the sums of `COUNTS`, and ``cycles``
        and ``predicted`` of all inputs together.
    """
    os.environ["BUILD_DIR"] = os.environ["MACRAME_SHARED_BUILD"]  # the harness is compiled once for all tasks
    given, first = dict(arguments["given"]), arguments["first"]
    given |= {name: str(paths.locate(given[name])) for name in FILES if name in given}
    whole, shape = prepared(given)
    job = batch.part(whole, first, arguments["count"])
    with Progress("networks", "inputs") as progress:
        if shape is None:
            outcomes = list(batch.on_core(job, progress))
        else:
            outcomes = list(batch.on_engine(job, shape, progress))
    texts = [f"input {first + number}: {one.text}" for number, one in enumerate(outcomes) if one.text]
    found: dict[str, Any] = {
        "verdict": "failed" if texts else "passed",
        **{name: sum(getattr(one, name) for one in outcomes) for name in ("values", "wrong", "referenced")},
        **{name: sum(getattr(one, name) for one in outcomes) for name in ("other", "cycles", "predicted")},
        "inputs": len(outcomes),
    }
    if job.labels is not None:
        rows = np.concatenate([one.output for one in outcomes]).reshape(len(job.labels), -1)
        found["labels"] = len(job.labels)
        found["correct"] = int((rows.argmax(axis=1) == job.labels).sum())
    return {**found, "text": "\n".join(texts)[:4000]} if texts else found


def tasks(values: Mapping[str, str], seed: int) -> list[Task]:
    """A task for each group of inputs.

    Parameters
    ----------
    values : mapping of str to str
        Of `GIVEN`, and SIZE.
    seed : int
        Of the simulation, and of the inputs if there are none.

    Returns
    -------
    list of Task

    Raises
    ------
    InputError
        A value is invalid.
    """
    given = {name: values[name] for name in GIVEN if values.get(name)}
    given |= {"SEED": str(seed), "SIM": given.get("SIM", "verilator")}
    size = parse.integer("SIZE", values.get("SIZE", str(SIZE)), 1, 10**6)
    if "IMAGES" not in given and command.takes_held_out(given):
        given["IMAGES"] = str(len(digits.held_out()[0]))
    job, shape = prepared(given)
    config = job.config if shape is None else shape.config
    name = Path(given.get("MODEL", str(digits.MODEL))).name
    group = f"{name}, {config} {'core' if shape is None else 'engine'}"
    more = {"onnx"} if name.endswith(".onnx") else set()
    files = tuple(sorted({*_code(shape is not None), *_data(given)}))
    tools = ("python", given["SIM"], "cocotb", "numpy", *more)
    last = len(job.inputs)
    named = {name: content.relative(Path(given[name]).absolute()) for name in FILES if name in given}
    return [
        Task(
            f"{group}, inputs {first} to {min(first + size, last) - 1}",
            group,
            "macrame.campaign.networks:judge",
            {"given": given | named, "first": first, "count": min(size, last - first)},
            files,
            tools,
            SECONDS,
        )
        for first in range(0, last, size)
    ]


def _code(on_engine: bool) -> Iterator[str]:
    """The Python and the Verilog that a verdict depends on."""
    modules = {"macrame.nets.batch", "macrame.nets.engine.command", "macrame.sim.inside.link", link.__name__}
    for module in modules:
        yield from map(content.relative, content.closure(module))
    tops = ["macrame_engine"] if on_engine else ["macrame", "elementwise_unit"]
    for top in tops:
        yield from map(content.relative, verilog.sources("", top))
    for path in (paths.PACKAGE / "sim" / "hdl").iterdir():
        yield content.relative(path)
    yield content.relative(Path(__file__))


def _data(given: Mapping[str, str]) -> Iterator[str]:
    """The model, and the files of the inputs and of what is expected."""
    named = {name: given[name] for name in FILES if name in given}
    if "INPUT" in named:
        yield from map(content.relative, command.input_files(named.pop("INPUT")))
    yield content.relative(named.pop("MODEL", digits.MODEL))
    yield from map(content.relative, named.values())
    if "IMAGES" in given:
        yield from map(content.relative, (data.DATA, digits.PREDICTED))


def totals(records: Iterable[Record]) -> Table:
    """A row per network and core: inputs, differences, accuracy, cycles."""
    rows: dict[str, list[Record]] = {}
    for record in records:
        rows.setdefault(record["group"], []).append(record)
    lines: list[tuple[str | int | float | None, ...]] = []
    for group, mine in sorted(rows.items()):
        count = {name: sum(record.get(name, 0) for record in mine) for name in COUNTS}
        accuracy = count["correct"] / count["labels"] if count["labels"] else None
        lines.append(
            (
                group,
                count["inputs"],
                count["values"],
                count["wrong"],
                count["referenced"] or None,
                count["other"] if count["referenced"] else None,
                count["correct"] if count["labels"] else None,
                accuracy,
                sum(record["cycles"] for record in mine) / count["inputs"],
                sum(record["predicted"] for record in mine) / count["inputs"],
            )
        )
    columns: list[str | tuple[str, str]] = [
        "network",
        ("inputs", ","),
        ("values", ","),
        ("differ", ","),
        ("in the reference", ","),
        ("differ from it", ","),
        ("correct", ","),
        ("accuracy", ".1%"),
        ("cycles per input", ",.0f"),
        ("predicted", ",.0f"),
    ]
    return table(columns, lines)


def main(
    values: Mapping[str, str],
    seed: int,
    store: Store,
    executor: engine.Executor,
    common: Record,
    folder: Path,
) -> int:
    """Run the campaign, and print its tables; returns the exit code."""
    listed = tasks(values, seed)
    with store:
        found = engine.run("networks", listed, store, executor, common=common)
    texts = {name: record.get("text", "") for name, record in found.records.items()}
    more = [totals(found.records.values())] if found.records else []
    view = summary.View("networks", VERDICTS, "network", good=("passed",))
    summary.write(folder, view, listed, found, texts, more)
    print("\n".join([*summary.table(listed, found, VERDICTS, "network"), ""]))
    for block in more:
        Markdown().write(block)
    failed = summary.failed(found, texts)
    good, shown = len(found.records) - len(failed), environment.shown(folder / "networks.html")
    print(f"\nnetworks: {good:,} of {len(listed):,} passed, {found.ran:,} of them run now, page {shown}")
    return 1 if failed or found.errors else 0
