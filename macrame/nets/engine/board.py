# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The boards with a network engine: `macrame net --engine --link`, and which networks fit them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from macrame import environment
from macrame.board import BOARDS, Board
from macrame.contract import CoreConfig
from macrame.errors import differ
from macrame.host import serial_link
from macrame.host.engine import NetworkEngine
from macrame.nets.engine.command import Inference, Plan, Values, conclude, infer, line_seconds
from macrame.nets.graph import Graph
from macrame.progress import Progress
from macrame.report.blocks import Block, Check, counted, table, text
from macrame.report.report import Report


def board_row(graph: Graph, board: Board) -> tuple[Any, ...]:
    """What a network needs of a board with an engine, and how fast it is there.

    Parameters
    ----------
    graph : Graph
    board : Board
        It has an engine.

    Returns
    -------
    tuple
        A row of the table of `boards`.
    """
    assert board.engine is not None
    engine, depth = board.engine, board.core.depth
    plan = Plan.of(graph, board.core, lanes=engine.lanes)
    memory, store = engine.words * depth, engine.beats * depth**2
    used, size = plan.program.words * depth, len(plan.program.image)
    seconds = plan.counters.cycles / board.clock
    line = line_seconds(sum(plan.line))
    fits = used <= memory and size <= store
    return (
        board.name,
        f"{used:,} of {memory:,}",
        f"{size:,} of {store:,}",
        f"{1e3 * seconds:.3g} at {board.clock / 1e6:g} MHz",
        f"{1e3 * line:.3g}",
        f"{1 / (seconds + line):.3g}" if fits else "does not fit",
    )


def boards(graph: Graph) -> Iterator[Block]:
    """The boards with an engine, as blocks of a report.

    Parameters
    ----------
    graph : Graph

    Yields
    ------
    Block
    """
    columns = ("board", "memory, bytes", "program, bytes", "engine, ms", "line, ms", "inferences per second")
    rows = [board_row(graph, board) for board in BOARDS.values() if board.engine is not None]
    yield table([(name, "") for name in columns], rows)


def run_on_board(
    graph: Graph,
    inputs: Sequence[Sequence[Values]],
    references: Sequence[Mapping[int, Values]],
    *,
    link: str,
    report: Report,
) -> list[Inference]:
    """Run every inference on the engine at the other end of a serial line, and report.

    Parameters
    ----------
    graph : Graph
        It is compiled for that engine.
    inputs, references : sequence
        Of each inference.
    link : str
        ``serial:DEVICE`` or ``serial:DEVICE@BAUD``.
    report : Report
        It has failed if anything differs from what was expected.

    Returns
    -------
    list of Inference

    Raises
    ------
    macrame.errors.InputError
        The network does not fit that engine.
    macrame.errors.LinkError
        The device does not answer, or is not a network engine.
    """
    device, baud = serial_link.parse(link)
    found, seconds = [], []
    # the board may be simulated, and silent while its simulator waits for a processor
    with (
        Progress("net", "inferences") as progress,
        serial_link.SerialLink(device, baud, environment.limit(serial_link.TIMEOUT)) as line,
    ):
        engine = NetworkEngine(line)
        depth = engine.depth
        config = CoreConfig(1, depth, depth, k_max=engine.slices * depth, post_lanes=engine.post_lanes)
        plan = Plan.of(graph, config, lanes=engine.lanes, words=engine.words)
        report.write_all(plan.blocks())
        progress.expect("loading the program, needed only once")
        loaded = line.sent
        engine.load(plan.program.image)
        loaded, before = line.sent - loaded, (line.sent, line.received)
        for number, (one, reference) in enumerate(zip(inputs, references)):
            begun = line.seconds
            found.append(infer(plan, engine, None, one, reference))
            seconds.append(line.seconds - begun)
            progress(number + 1, len(inputs))
        sent, received = line.sent - before[0], line.received - before[1]
    report.write(text("{:,} cycles per inference on the engine at {}", found[0].report.cycles, link))
    report.write(
        text(
            "on the line: {:,} bytes for the program; per inference {:,} in and {:,} out, {:.3g} s",
            loaded,
            sent // len(found),
            received // len(found),
            min(seconds),
        )
    )
    values = sum(output.size for one in found for output in one.outputs)
    for name, wrong, shown in (
        ("golden model", sum(one.wrong for one in found), True),
        ("reference", sum(one.other for one in found), any(references)),
    ):
        if shown:
            said = counted(wrong, "value") + f" {differ(wrong)} from the {name}"
            report.write(Check(name, values, wrong, said))
    facts = {
        "simulator": None,
        "link": link,
        "memory_bytes": engine.words * depth,
        "line_program_bytes": loaded,
        "line_sent": sent,
        "line_received": received,
        "seconds": [round(part, 3) for part in seconds],
    }
    conclude(plan, found, facts, report, memory=False)
    return found
