# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Problem 3: updates, epochs, mini-batches and samples."""

from collections.abc import Iterator
from typing import Any

from macrame.golden.nn import batches
from macrame.homework.data import File
from macrame.homework.plots.batches import batches_figure
from macrame.homework.problem import Answer, Blocks, Run
from macrame.report.blocks import Heading, Text, answer, phrase, table, text

TITLE = "Epochs and mini-batches"
KEYS = (*batches.QUANTITIES, "leftover")
NAMES = {
    "updates": "weight updates",
    "epochs": "epochs",
    "batch_size": "samples in a mini-batch",
    "samples": "training samples",
}


def read(file: File) -> batches.Schedule:
    """Three of the four quantities, and the fourth: solving also checks that they are consistent."""
    given = {key: file.integer(key, 1, 10**12) for key in batches.QUANTITIES if key in file}
    leftover = file.choice("leftover", batches.LEFTOVER)
    try:
        return batches.solve(**given, leftover=leftover)
    except ValueError as error:
        raise file.refused(error) from None


def solve(schedule: batches.Schedule, run: Run) -> Blocks[Answer]:
    """The arithmetic, and what happens to samples left over."""
    s, each = schedule, schedule.updates_per_epoch
    yield text(
        "One epoch uses every sample once, and each mini-batch gives one update of the weights. Exact "
        "integer arithmetic; nothing here runs on the RTL."
    )
    yield Heading("Step by step")
    if s.solved in ("samples", "batch_size"):
        yield text("updates per epoch = updates / epochs = {:,} / {:,} = {:,}", s.updates, s.epochs, each)
    else:
        yield text(
            "updates per epoch = samples / batch size, {} = {:,} / {:,} -> {:,}",
            "rounded down" if s.leftover == "drop" else "rounded up",
            s.samples,
            s.batch_size,
            each,
        )
    formulas = {
        "samples": ("samples = updates per epoch x batch size = {:,} x {:,} = {:,}", each, s.batch_size),
        "batch_size": ("batch size = samples / updates per epoch = {:,} / {:,} -> {:,}", s.samples, each),
        "updates": ("updates = epochs x updates per epoch = {:,} x {:,} = {:,}", s.epochs, each),
        "epochs": ("epochs = updates / updates per epoch = {:,} / {:,} = {:,}", s.updates, each),
    }
    yield text(*formulas[s.solved], getattr(s, s.solved))
    yield table(
        ("quantity", ("value", ","), ""),
        [(NAMES[q], getattr(s, q), "solved" if q == s.solved else "given") for q in batches.QUANTITIES],
    )
    yield answer("Answer: {:,} {}.", getattr(s, s.solved), NAMES[s.solved])
    yield from _solved_range(s)
    with run.progress("drawing the batches"):
        yield run.plot("p3_batches", "the mini-batches of an epoch", batches_figure(s))

    yield Heading("When a batch is left over")
    rows, cases = [], []
    for extra in dict.fromkeys((0, 1, s.batch_size // 2, s.batch_size - 1)):
        samples = each * s.batch_size + extra
        case: dict[str, Any] = {"samples": samples, "left_over": extra}
        for leftover in batches.LEFTOVER:
            per_epoch = batches.updates_per_epoch(samples, s.batch_size, leftover)
            case[leftover] = {"updates_per_epoch": per_epoch, "updates": s.epochs * per_epoch}
        cases.append(case)
        rows.append(
            (
                samples,
                extra,
                case["drop"]["updates"],
                extra * s.epochs,
                case["smaller"]["updates"],
                extra or s.batch_size,
            )
        )
    yield table(
        (
            ("samples", ","),
            ("left over", ","),
            ("updates if dropped", ","),
            ("samples skipped", ","),
            ("updates if kept", ","),
            "last batch",
        ),
        rows,
    )
    yield text(
        "Dropped: every update averages a full batch, and the left-over samples are not used in that "
        "epoch; shuffling makes them different ones in each epoch. Kept as a smaller batch: every "
        "sample counts once per epoch, at the cost of one more update whose gradient averages fewer "
        "samples: with n of B samples its standard deviation is sqrt(B / n) times that of a full batch."
    )
    return {
        "given": {q: getattr(s, q) for q in batches.QUANTITIES if q != s.solved},
        "leftover": s.leftover,
        "solved": s.solved,
        "answer": getattr(s, s.solved),
        "lowest": s.lowest,
        "highest": s.highest,
        "updates_per_epoch": each,
        "left_over": s.left_over,
        "left_over_cases": cases,
    }


def _solved_range(s: batches.Schedule) -> Iterator[Text]:
    name = NAMES[s.solved]
    if s.highest is None:
        yield text(
            "Any batch size from {:,} up gives the same result: one batch contains all samples.", s.lowest
        )
    elif s.lowest < s.highest:
        what = "dropped" if s.leftover == "drop" else "put into a smaller batch"
        left = (
            phrase("leaves {:,} over.", s.left_over)
            if s.leftover == "drop" or not s.left_over
            else phrase("makes the last batch fullest, {:,} of {:,}.", s.left_over, s.batch_size)
        )
        said = phrase(
            "With left-over samples {}, any number of {} from {:,} to {:,} gives the same number of "
            "updates; {:,} ",
            what,
            name,
            s.lowest,
            s.highest,
            getattr(s, s.solved),
        )
        yield Text(said + left)
