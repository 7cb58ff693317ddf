# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Problem 3: updates, epochs, mini-batches and samples."""

from typing import Any

from macrame.golden.nn import batches
from macrame.homework.data import File
from macrame.homework.plots.batches import batches_figure
from macrame.homework.problem import Answer, Run
from macrame.homework.show import Show

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


def solve(schedule: batches.Schedule, run: Run) -> Answer:
    """Show the arithmetic, and what happens to samples left over."""
    show, s, each = run.show, schedule, schedule.updates_per_epoch
    show.text(
        "One epoch uses every sample once, and each mini-batch gives one update of the weights. Exact "
        "integer arithmetic; nothing here runs on the RTL."
    )
    show.part("Step by step")
    if s.solved in ("samples", "batch_size"):
        show.text(f"updates per epoch = updates / epochs = {s.updates:,} / {s.epochs:,} = {each:,}")
    else:
        show.text(
            f"updates per epoch = samples / batch size, "
            f"{'rounded down' if s.leftover == 'drop' else 'rounded up'} = "
            f"{s.samples:,} / {s.batch_size:,} -> {each:,}"
        )
    show.text(
        {
            "samples": f"samples = updates per epoch x batch size = {each:,} x {s.batch_size:,} = "
            f"{s.samples:,}",
            "batch_size": f"batch size = samples / updates per epoch = {s.samples:,} / {each:,} -> "
            f"{s.batch_size:,}",
            "updates": f"updates = epochs x updates per epoch = {s.epochs:,} x {each:,} = {s.updates:,}",
            "epochs": f"epochs = updates / updates per epoch = {s.updates:,} / {each:,} = {s.epochs:,}",
        }[s.solved]
    )
    show.table(
        ("quantity", "value", ""),
        [
            (NAMES[q], f"{getattr(s, q):,}", "solved" if q == s.solved else "given")
            for q in batches.QUANTITIES
        ],
    )
    show.good(f"Answer: {getattr(s, s.solved):,} {NAMES[s.solved]}.")
    _solved_range(show, s)
    with show.progress("drawing the batches"):
        run.plots("p3_batches", batches_figure(s))

    show.part("When a batch is left over")
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
                f"{samples:,}",
                f"{extra:,}",
                f"{case['drop']['updates']:,}",
                f"{extra * s.epochs:,}",
                f"{case['smaller']['updates']:,}",
                extra or s.batch_size,
            )
        )
    show.table(
        ("samples", "left over", "updates if dropped", "samples skipped", "updates if kept", "last batch"),
        rows,
    )
    show.text(
        "Dropped: every update averages a full batch, and the left-over samples are not used in that "
        "epoch; shuffling makes them different ones in each epoch. Kept as a smaller batch: every "
        "sample counts once per epoch, at the cost of one more update whose gradient averages fewer "
        "samples: with n of B samples its standard deviation is sqrt(B / n) times that of a full "
        "batch."
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


def _solved_range(show: Show, s: batches.Schedule) -> None:
    name = NAMES[s.solved]
    if s.highest is None:
        show.text(
            f"Any batch size from {s.lowest:,} up gives the same result: one batch contains all samples."
        )
    elif s.lowest < s.highest:
        what = "dropped" if s.leftover == "drop" else "put into a smaller batch"
        left = (
            f"leaves {s.left_over:,} over"
            if s.leftover == "drop" or not s.left_over
            else f"makes the last batch fullest, {s.left_over:,} of {s.batch_size:,}"
        )
        show.text(
            f"With left-over samples {what}, any number of {name} from {s.lowest:,} to {s.highest:,} "
            f"gives the same number of updates; {getattr(s, s.solved):,} {left}."
        )
