# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""What `make sim` prints for each problem, stored in said/p<number>.out.

    .venv/bin/python -m macrame homework | .venv/bin/python -m tests.homework.said

stores the output of a run, after a change that is meant. Times are left out, with the lines that report
nothing else. The numbers of networks that were trained depend on the machine's BLAS in their last digits, and
so on its processor: of those problems, each number counts as "#", any list of bit widths as its first entry,
and any space as one, since lines may break elsewhere.
"""

import re
import sys
import textwrap
from pathlib import Path

FOLDER = Path(__file__).with_name("said")
TRAINED = (5, 6, 8, 9)
WIDTH = "# bits of weights(?: and activations)?"
NUMBER = r"[-+]?\d[\d,.]*(?:e[-+]\d+)?%?"


def problems(out):
    """The output of each problem, by number.

    Parameters
    ----------
    out : str
        Of a whole run.
    """
    starts = list(re.finditer(r"\nProblem (\d+): ", out))
    ends = [*(start.start() for start in starts[1:]), out.index("\nSummary (")]
    return {int(start[1]): said(int(start[1]), out[start.start() : end]) for start, end in zip(starts, ends)}


def said(number, text):
    """A problem's output without what differs from run to run."""
    lines = []
    for line in text.splitlines(keepends=True):
        if re.fullmatch(r"  .*: (\d+\.\d s|[\d,]+ of [\d,]+, about \d+ s left)\n", line):
            continue
        lines.append(re.sub(r"(plot: ).*/", r"\1", line))
    found = "".join(lines)
    if number not in TRAINED:
        return found
    found = " ".join(re.sub(NUMBER, "#", found).split())
    found = re.sub(f"{WIDTH}(?:, {WIDTH})*", "# bits of weights", found)
    return textwrap.fill(found, 110, break_on_hyphens=False) + "\n"


def stored(number):
    """What a problem is expected to print."""
    return (FOLDER / f"p{number}.out").read_text()


if __name__ == "__main__":
    for number, text in problems(sys.stdin.read()).items():
        (FOLDER / f"p{number}.out").write_text(text)
