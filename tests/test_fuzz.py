# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""2,000 and more random packet sequences through the core, an eighth of them in a quick run; see
tb/system/tb_fuzz.py.

A failure names its sequence and the command that plays only that one, and writes its waves.
SEQUENCE=n plays one, SEQUENCES=n this many per shape.
"""

import os
import re

import pytest

from macrame.sim import simulate
from tb.lib.catalogue import run
from tests.cases import cases

SEQUENCES = {
    "fuzz/1x1x1": 900,
    "fuzz/3x5x2": 550,
    "fuzz/4x4x4": 550,
    "fuzz/2x3x1,dual": 250,
    "fuzz/2x3x1,dual,packed": 250,
    "fuzz/1x2x1,bf16": 300,
}


@pytest.mark.sampled(3)
@pytest.mark.parametrize("case", cases("fuzz"))
def test_fuzz(case, seed, quick):
    """All sequences match the model."""
    only = os.environ.get("SEQUENCE")
    if only:
        _one(case, seed, int(only))
        return
    try:
        count = int(os.environ.get("SEQUENCES", SEQUENCES[case] // (8 if quick else 1)))
        run(case, seed=seed, waves=False, plusargs=[f"sequences={count}"])
    except simulate.Failed as failed:
        found = re.search(r"sequence (\d+) of seed", str(failed))
        if found:
            _one(case, seed, int(found.group(1)))
        raise


def _one(case, seed, number):
    """Play one sequence; if it fails, its waves are kept."""
    command = f"SEQUENCE={number} {simulate.replay_command(seed)}"
    run(
        case,
        seed=seed,
        plusargs=[f"sequence={number}"],
        run_name=f"{case},seed{seed},sequence{number}",
        replay=command,
    )
